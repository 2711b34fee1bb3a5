"""Commands of `minsim` by family, and what they share; `minsim.cli` puts them together."""
