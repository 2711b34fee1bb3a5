"""Style of every chart: colours, sizes, text on the page; and files with reproducible bytes.

matplotlib is imported by the functions that draw, and only its object interface is used, in a notebook too: no global
state is read or left behind. Colours are those of Okabe and Ito, distinct for every kind of colour vision; widths
and dashes distinguish lines in grey.
"""

from __future__ import annotations

import base64
import contextlib
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minsim.results.atomic import whole_file
from minsim.text.formatting import MONTHS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH_IN, HEIGHT_IN, MARGIN_IN = 9.0, 6.5, 0.35
PNG_DPI = 200
SCREEN_DPI = 100

INK, GREY, LIGHT_GREY = "#1a1a1a", "#5c5c5c", "#d4d4d4"
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
"""The four of Okabe and Ito (2008) that are dark enough for lines and text on white."""
WIDE_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#B3B3B3")
"""For areas: six of Okabe and Ito, neighbours far apart in lightness, and a grey for the remainder."""
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))
WIDTHS_PT = (2.6, 2.2, 2.2, 1.8)
"""Line of the hardest hit region first, in colours, dashes and widths."""

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "text.parse_math": False,  # a title may hold dollar signs
    "text.hinting": "none",  # letters as wide at every resolution: what fits the page on screen fits it in a file
    "axes.facecolor": "white",
    "figure.facecolor": "white",
    "svg.hashsalt": "minsim",
    "svg.fonttype": "path",
    "path.simplify": False,
}


@contextlib.contextmanager
def drawing_style() -> Iterator[None]:
    """Draw in minsim's style, independent of the user's settings, which stay unchanged."""
    import matplotlib

    screen = ("backend", "interactive")  # the user's choice, which setting it would load
    settings: Any = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith(screen)}
    settings.update(STYLE)
    with matplotlib.rc_context(settings):
        yield


def save_figure(figure: Figure, *paths: Path) -> None:
    """Write a figure to files, PNG or SVG by their names, each whole or not at all; the same figure gives the same bytes.

    Raises
    ------
    OutputError
        A file cannot be written.
    """
    with drawing_style():
        for path in paths:
            metadata = {"Date": None, "Creator": None} if path.suffix.lower() == ".svg" else {"Software": None}
            with whole_file(path) as draft:
                figure.savefig(draft, dpi=PNG_DPI, metadata=metadata)
    if figure in _unshown:
        _unshown.remove(figure)  # it went to a file; the cell need not show it


def darker(colour: str) -> tuple[float, float, float]:
    """The colour of a line, dark enough for text on white."""
    from matplotlib.colors import to_rgb

    red, green, blue = (0.72 * part for part in to_rgb(colour))
    return red, green, blue


def paler(colour: str) -> tuple[float, float, float]:
    """The colour as an area that stands back; without transparency, which versions of matplotlib lay on hatches or not."""
    from matplotlib.colors import to_rgb

    red, green, blue = (1.0 - 0.35 * (1.0 - part) for part in to_rgb(colour))
    return red, green, blue


def text_on(colour: str) -> str:
    """Black or white, whichever is more legible on a colour (relative luminance of WCAG 2)."""
    from matplotlib.colors import to_rgb

    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "white" if luminance < 0.24 else INK


def new_figure(height_in: float = HEIGHT_IN) -> Figure:
    """An empty page, drawn without a screen; in a notebook the cell shows it once it has run."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH_IN, height_in), dpi=SCREEN_DPI)
    FigureCanvasAgg(figure)
    if in_notebook():
        if not _unshown:
            sys.modules["IPython"].get_ipython().events.register("post_execute", show_figures)
        _unshown.append(figure)
    return figure


_unshown: list[Figure] = []
"""Figures that the running cell of a notebook has drawn. pyplot would keep each until somebody closes it."""


def show_figures() -> None:
    """Show what a cell has drawn, in that order, and let go of it."""
    ipython = sys.modules["IPython"]
    ipython.get_ipython().events.unregister("post_execute", show_figures)
    figures = _unshown.copy()
    _unshown.clear()
    for figure in figures:
        picture = io.BytesIO()
        with drawing_style():
            figure.savefig(picture, format="png", dpi=SCREEN_DPI)
        shown = {"image/png": base64.b64encode(picture.getvalue()).decode(), "text/plain": repr(figure)}
        ipython.display.display(shown, raw=True)


def in_notebook() -> bool:
    """Whether a Jupyter kernel runs this process."""
    ipython = sys.modules.get("IPython")
    return ipython is not None and getattr(ipython.get_ipython(), "kernel", None) is not None


def panels(figure: Figure, bottom_in: float, top_in: float, heights: tuple[float, ...]) -> list[Axes]:
    """Axes stacked between head and foot, with room for headings, dates and the values on the right."""
    heading_in, dates_in, values_in = 0.36, 0.30, 0.40
    room_in = top_in - bottom_in - dates_in - heading_in * len(heights)
    axes, upper_in, tall_in = [], top_in, figure.get_figheight()
    for share in heights:
        height_in = share * room_in
        lower_in = upper_in - heading_in - height_in
        width_in = WIDTH_IN - 2 * MARGIN_IN - values_in
        box = (MARGIN_IN / WIDTH_IN, lower_in / tall_in, width_in / WIDTH_IN, height_in / tall_in)
        axes.append(figure.add_axes(box))
        upper_in = lower_in
    return axes


def write_text(figure: Figure, text: str, top_in: float, size_pt: float, colour: str, *, bold: bool = False) -> float:
    """Write wrapped text from `top_in` down; returns its lower end [inches from the bottom]."""
    spacing_in = 1.35 * size_pt / 72
    for line in wrapped(figure, text, size_pt, bold=bold):
        weight = "bold" if bold else "normal"
        figure.text(
            MARGIN_IN / WIDTH_IN, top_in / figure.get_figheight(), line,
            va="top", fontsize=size_pt, color=colour, fontweight=weight,
        )  # fmt: skip
        top_in -= spacing_in
    return top_in


def wrapped(figure: Figure, text: str, size_pt: float, *, bold: bool) -> list[str]:
    """Break text into lines that fit the figure, by their drawn width; a title into lines of similar width."""
    width_px = (WIDTH_IN - 2 * MARGIN_IN) * figure.dpi
    lines = _broken(figure, text, size_pt, bold, width_px)
    while bold and len(narrower := _broken(figure, text, size_pt, bold, 0.96 * width_px)) == len(lines) > 1:
        lines, width_px = narrower, 0.96 * width_px
    return lines


def _broken(figure: Figure, text: str, size_pt: float, bold: bool, width_px: float) -> list[str]:
    probe = figure.text(0, 0, "", fontsize=size_pt, fontweight="bold" if bold else "normal")
    lines: list[str] = []
    for word in _UNBROKEN.sub(lambda found: found[0].replace(" ", "\u00a0"), text).split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        probe.set_text(longer)
        if lines and probe.get_window_extent().width <= width_px:
            lines[-1] = longer
        else:
            lines.append(word)
    probe.remove()
    return lines


_UNBROKEN = re.compile(rf"\d (?=days|{'|'.join(MONTHS)})|({'|'.join(MONTHS)}) (?=\d)")
"""Spaces that never end a line: inside dates, and between a number and its days."""
