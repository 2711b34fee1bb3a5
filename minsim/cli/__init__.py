"""Commands of `minsim` by family, and what they share; `minsim.cli.main` puts them together."""
