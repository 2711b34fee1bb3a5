"""`python -m minsim`: the same as the `minsim` command."""

from minsim.cli.main import main

if __name__ == "__main__":
    main(prog_name="python -m minsim")
