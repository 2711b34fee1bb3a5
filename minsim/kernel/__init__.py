"""The daily step over packed arrays: the only code that changes a stock. It knows no scenario."""
