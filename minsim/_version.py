"""The version of minsim, apart from the package's face so that any module may read it."""

__version__ = "0.1.0"
