"""Numbers, dates and names as prose; messages about wrong names."""
