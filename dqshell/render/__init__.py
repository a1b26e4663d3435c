"""Result formats: rows in, text out, streaming. Knows no database and no terminal."""
