"""The scenario format: every field, its unit and its meaning, written once."""
