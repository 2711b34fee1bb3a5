"""Write the files of an attribution."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minsim.explain.attribution import Attribution

from minsim.results import plotting
from minsim.results.files import manifest, whole_files, write_csv, write_json
from minsim.results.tables import columns_of

ATTRIBUTION_FILES = (
    "attribution.csv",
    "waterfall.csv",
    "attribution.json",
    "attribution.png",
    "attribution.svg",
    "waterfall.png",
    "waterfall.svg",
    "manifest.json",
)
"""Files an attribution may write."""


def save_attribution(attribution: Attribution, out: Path, *, plot: bool = True, command: str | None = None) -> Path:
    """Write an attribution and its waterfall into a folder.

    Parameters
    ----------
    attribution : Attribution
        The finished attribution.
    out : Path
        The folder; made with its parents if absent.
    plot : bool
        Also draw both, as PNG and SVG.
    command : str, optional
        What the user typed, kept in the manifest without folders.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    with whole_files(out, ATTRIBUTION_FILES) as folder:
        write_csv(folder / "attribution.csv", columns_of(attribution.rows, attribution.COLUMNS))
        if attribution.waterfall.rows:
            write_csv(folder / "waterfall.csv", columns_of(attribution.waterfall.rows, attribution.waterfall.COLUMNS))
        write_json(folder / "attribution.json", attribution.summary())
        if plot:
            figures = {"attribution": plotting.figure(attribution)}
            if attribution.waterfall.rows:
                figures["waterfall"] = plotting.figure(attribution.run, "waterfall")
            for name, figure in figures.items():
                plotting.save(figure, folder / f"{name}.png", folder / f"{name}.svg")
        write_json(folder / "manifest.json", manifest(attribution.run, command))
    return out
