"""One finished run: tables, answer, files."""
