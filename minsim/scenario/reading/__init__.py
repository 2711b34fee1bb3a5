"""From YAML to one merged tree in which every value knows where it was written."""
