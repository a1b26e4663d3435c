"""The prompt. The only room that knows prompt_toolkit and pygments."""
