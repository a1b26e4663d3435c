"""Administration: what the nodes say, and how to change it safely. Knows no terminal."""
