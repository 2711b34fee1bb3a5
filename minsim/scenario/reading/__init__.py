"""From YAML to one merged tree in which every value keeps its position in the file."""
