"""Result files: tables as plain columns, written so that each file appears whole or not at all.

pandas takes longer to import than a run takes to compute, so the files are written from numpy columns. Everything is
first written into a temporary folder beside the target, then moved file by file; the manifest comes last, so a folder
that has one is complete. The manifest lists the files, so that only what minsim wrote is ever replaced (`ownership`).
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import platform
import re
import secrets
import shlex
import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, Final, TextIO

import numpy as np
from numpy.typing import NDArray

from minsim._version import __version__
from minsim.errors import OutputError
from minsim.results import plotting
from minsim.results.atomic import reason
from minsim.results.ownership import MANIFEST, alone_in, checksum, refuse_foreign, write_journal
from minsim.results.tables import Columns

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from minsim.scenario import Scenario

    Contents = Mapping[str, Mapping[str, Any] | str | Callable[[Path], object]]
    Pictures = Mapping[tuple[str, ...], Callable[[], Figure]]

DEPENDENCIES = ("matplotlib", "numba", "numpy", "pandas", "pyarrow", "pydantic", "PyYAML", "scipy", "simpy")
FLOAT_FORMAT = "%.12g"
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet read a cell as a formula; the last four are the full-width forms of the first."""


# ------------------------------------------------------------------------------------------------------------ whole or not


@contextlib.contextmanager
def whole_files(out: Path, own_files: Sequence[str]) -> Iterator[Path]:
    """Folder to write files into, which then appear in `out` together; of an error nothing is left.

    Parameters
    ----------
    out : Path
        The folder; made with its parents if absent.
    own_files : sequence of str
        Files that may be written; those of an earlier time that are not written now are removed.

    Raises
    ------
    OutputError
        The folder cannot be written, or holds what minsim did not write.
    """
    try:
        refuse_foreign(out, own_files)
        with _staging_folder(out) as staging:
            yield staging
            _publish(staging, out, own_files)
    except (OSError, OutputError) as error:
        cause = error if isinstance(error, OSError) else error.__cause__
        if not isinstance(cause, OSError):
            raise
        raise OutputError(f"cannot write results to {out}: {reason(cause)}") from cause


@contextlib.contextmanager
def _staging_folder(out: Path) -> Iterator[Path]:
    """Temporary folder beside `out`, on the same file system so that moving is atomic; gone afterwards."""
    out = out.resolve()
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = out.parent / f".{out.name}-{secrets.token_hex(6)}"
    staging.mkdir()
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _publish(staging: Path, out: Path, own_files: Sequence[str]) -> None:
    """Move every file into `out`, the manifest last, and remove what an earlier result left under our names."""
    written = {path.name: checksum(path) for path in staging.iterdir() if path.name != MANIFEST}
    _list_files(staging / MANIFEST, written)
    out.mkdir(exist_ok=True)
    with alone_in(out):
        owned = refuse_foreign(out, own_files)
        journal = write_journal(out, owned, written)
        # Until the new manifest stands, the folder must not look complete.
        for name in (MANIFEST, *(owned.checksums.keys() - written.keys())):
            (out / name).unlink(missing_ok=True)
        for name in sorted(written):
            os.replace(staging / name, out / name)
        os.replace(staging / MANIFEST, out / MANIFEST)
        journal.unlink()


def _list_files(path: Path, written: Mapping[str, str]) -> None:
    """Add the files and their checksums to a manifest; make one where the result has none."""
    told = json.loads(path.read_text("utf-8")) if path.exists() else {"command": None, "versions": versions()}
    write_json(path, {**told, "files": dict(sorted(written.items()))})


# ---------------------------------------------------------------------------------------------------------- one result


@dataclass(frozen=True)
class ResultFiles:
    """The files that a result is saved as.

    Parameters
    ----------
    contents : mapping of str to Columns, mapping, str or callable
        By file name, whose ending names the format: a table, a JSON object, a text; or what writes the file, given its path.
    pictures : mapping of tuple of str to callable
        By the names of the files that show it: what draws the picture.
    others : tuple of str
        Names of files that an earlier result may have left and this one does not write.
    """

    contents: Contents
    pictures: Pictures
    others: tuple[str, ...] = ()

    def save(self, out: Path, *, plot: bool = True) -> Path:
        """Write the files into a folder, with `plot` the pictures too; they appear together or not at all.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        drawn = [name for names in self.pictures for name in names]
        with whole_files(out, (*self.contents, *drawn, *self.others)) as folder:
            for name, content in self.contents.items():
                path = folder / name
                content(path) if callable(content) else WRITERS[path.suffix](path, content)
            for names, draw in self.pictures.items() if plot else ():
                plotting.save(draw(), *(folder / name for name in names))
        return out


class SavedResult(ABC):
    """A result that can be saved: it names its files, and all results write them alike."""

    @abstractmethod
    def _files(self, command: str | None) -> ResultFiles:
        """What is written, and what is drawn; `command` goes into the manifest."""

    def save(self, out: str | Path, *, plot: bool = True, command: str | None = None) -> Path:
        """Write tables, summary, manifest and pictures into a folder; `docs/output.md` describes every file.

        Parameters
        ----------
        out : str or Path
            The folder; made with its parents if absent.
        plot : bool
            Also draw the pictures.
        command : str, optional
            What the user typed, kept in the manifest without folders.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        return self._files(command).save(Path(out), plot=plot)


# ----------------------------------------------------------------------------------------------------------------- formats


def write_csv(path: Path, columns: Columns) -> None:
    """Write columns as CSV: ISO dates and months, 12 significant digits, `nan` empty, texts never formulas."""
    texts = [_as_texts(column) for column in columns.values()]
    with path.open("w", encoding="utf-8", newline="") as file:
        _write_rows(file, columns, zip(*texts, strict=True))


def csv_text(columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> str:
    """Rows as the text of a CSV file."""
    buffer = io.StringIO()
    _write_rows(buffer, columns, ([spreadsheet_text(cell) for cell in row] for row in rows))
    return buffer.getvalue()


def _write_rows(file: TextIO, columns: Iterable[str], rows: Iterable[Sequence[Any]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(map(spreadsheet_text, columns))
    writer.writerows(rows)


def _as_texts(column: NDArray[Any]) -> list[str]:
    if column.dtype.kind == "M":
        days, which = np.unique(column, return_inverse=True)
        return np.datetime_as_string(days).astype(object)[which].tolist()  # type: ignore[no-any-return]
    if column.dtype == object:
        known_texts = {text: spreadsheet_text(text) for text in set(column.tolist())}
        return [known_texts[text] for text in column.tolist()]
    # Many values repeat from day to day (demand, zero shortfall), and formatting is what takes the time.
    known: dict[float, str] = {}
    texts = []
    for value in (column + 0.0).tolist():  # + 0.0 turns -0.0 into 0.0
        if value != value:
            texts.append("")
            continue
        text = known.get(value)
        if text is None:
            text = known[value] = FLOAT_FORMAT % value
        texts.append(text)
    return texts


def spreadsheet_text(text: Any) -> Any:
    """A text as a cell that no spreadsheet runs: an apostrophe before what begins like a formula, as OWASP advises.

    A number stays a number, signs and all.

    >>> spreadsheet_text("=1+1"), spreadsheet_text("-40"), spreadsheet_text("Japan")
    ("'=1+1", '-40', 'Japan')
    """
    if not isinstance(text, str) or not text.startswith(FORMULA_STARTS):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def write_parquet(path: Path, columns: Columns) -> None:
    """Write columns as Parquet: dates as dates, texts dictionary-encoded, `nan` as null."""
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({name: pa.array(column, from_pandas=True) for name, column in columns.items()})
    parquet.write_table(table, path)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write strict JSON: no NaN, no infinity."""
    path.write_text(json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")


def write_text(path: Path, text: str) -> None:
    """Write a text."""
    path.write_text(text, encoding="utf-8")


WRITERS: Final[dict[str, Callable[[Path, Any], None]]] = {
    ".csv": write_csv,
    ".json": write_json,
    ".md": write_text,
    ".parquet": write_parquet,
}
"""What writes a file, by the ending of its name."""


# ---------------------------------------------------------------------------------------------------------------- manifest


def manifest(scenario: Scenario, seed: int, replication: int | None, command: str | None = None) -> dict[str, Any]:
    """What it takes to compute a run again; no folder, user or time of day, so that equal runs have equal manifests."""
    return {
        "scenario": scenario.name,
        "scenario_hash": scenario.hash,
        "seed": seed,
        "replication": replication,
        "command": None if command is None else _without_folders(command),
        "versions": versions(),
        "resolved_scenario": scenario.resolved,
    }


def versions() -> dict[str, str]:
    """Of minsim, Python and the packages that decide numbers."""
    known = {name: version for name in DEPENDENCIES if (version := _version(name)) is not None}
    return {"minsim": __version__, "python": platform.python_version(), **known}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _without_folders(command: str) -> str:
    return shlex.join(re.sub(r"^([^=]*=)?(.+)$", _last_part, word) for word in shlex.split(command))


def _last_part(match: re.Match[str]) -> str:
    option, value = match.group(1) or "", match.group(2)
    for path in (PurePosixPath(value), PureWindowsPath(value)):
        if path.is_absolute() or value.startswith("~"):
            return option + path.name
    return option + value
