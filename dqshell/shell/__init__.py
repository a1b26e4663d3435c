"""The interpreter: a line of input in, results and notices out. Knows no terminal."""
