"""`python -m dqshell`."""

from .cli.main import main

main()
