"""Tables of a run as pandas frames with typed columns, and its daily table as an xarray dataset.

pandas takes longer to import than a run takes to compute, and xarray is an extra: both are imported when asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from minsim._version import __version__
from minsim.errors import MinsimError
from minsim.results.outcome import Outcome
from minsim.results.tables import Columns, daily_columns

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

BY_SECTOR = ("material", "region", "sector")
BY_REGION = ("material", "region")
VARIABLES: Mapping[str, tuple[tuple[str, ...], str, str]] = {
    "demand_t": (BY_SECTOR, "demand", "t"),
    "consumed_t": (BY_SECTOR, "consumption", "t"),
    "shortfall_t": (BY_SECTOR, "shortfall", "t"),
    "destroyed_t": (BY_SECTOR, "demand given up to price", "t"),
    "from_stockpile_t": (BY_SECTOR, "consumption from strategic stockpiles", "t"),
    "commercial_cover_days": (BY_REGION, "commercial stock in days of use", "days"),
    "price_usd_per_kg": (BY_REGION, "price paid", "USD/kg"),
    "spot_price_usd_per_kg": (BY_REGION, "spot price paid", "USD/kg"),
}
"""Variables of the dataset: dimensions beside the date, long name, unit. All sectors of a region share stock and price."""


def frame(columns: Columns) -> pd.DataFrame:
    """Frame of plain columns.

    Parameters
    ----------
    columns : mapping of str to ndarray
        Columns of one length; dates may have any unit of time.

    Returns
    -------
    pandas.DataFrame
        Dates as datetime64 (a month is its first day), texts as str, numbers as float64.
    """
    import pandas as pd

    typed = {name: _seconds(column) if column.dtype.kind == "M" else column for name, column in columns.items()}
    return pd.DataFrame(typed).astype({name: "str" for name, column in columns.items() if column.dtype == object})


def metric_frame(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Frame of rows of metrics, in which numbers and dates have a column each.

    Parameters
    ----------
    rows : sequence of mappings
        With keys `material`, `region`, `metric`, `value`, `unit`, and perhaps `rerouting`; `value` is a number, an ISO
        date where the unit is `"date"`, or None.

    Returns
    -------
    pandas.DataFrame
        The same rows; `value` as float64, nan for dates and where not applicable; `date` as datetime64, NaT likewise.
    """
    import pandas as pd

    numbers = [None if row["unit"] == "date" else row["value"] for row in rows]
    dates = [row["value"] or "NaT" if row["unit"] == "date" else "NaT" for row in rows]
    typed = {"value": np.array(numbers, dtype=float), "date": _seconds(np.array(dates, dtype="datetime64[D]"))}
    columns: dict[str, Any] = {}
    for key in rows[0]:
        columns |= typed if key == "value" else {key: pd.Series([row[key] for row in rows], dtype="str")}
    return pd.DataFrame(columns)


def dataset(run: Outcome) -> xr.Dataset:
    """Daily table of a run as a dataset.

    Parameters
    ----------
    run : Outcome
        The finished run.

    Returns
    -------
    xarray.Dataset
        See `Run.to_xarray`.

    Raises
    ------
    MinsimError
        xarray is not installed.
    """
    try:
        import xarray as xr
    except ImportError as error:
        raise MinsimError("to_xarray needs xarray: pip install 'minsim[xarray]'") from error
    columns, sectors = daily_columns(run.record), run.record.network.sectors
    names = {dim: list(dict.fromkeys(getattr(s, dim) for s in sectors)) for dim in ("material", "region", "sector")}
    dates = columns["date"][:: len(sectors)].astype("datetime64[ns]")  # xarray warns of coarser units before 2025
    variables = {}
    for name, (dims, long_name, unit) in VARIABLES.items():
        dense = np.full((len(dates), *(len(names[dim]) for dim in dims)), np.nan)
        places = [np.array([names[dim].index(getattr(s, dim)) for s in sectors], dtype=np.intp) for dim in dims]
        at: tuple[Any, ...] = (slice(None), *places)
        dense[at] = columns[name].reshape(len(dates), len(sectors))
        variables[name] = (("date", *dims), dense, {"long_name": long_name, "units": unit})
    return xr.Dataset(variables, {"date": dates, **names}, _attributes(run))


def _attributes(run: Outcome) -> dict[str, str | int]:
    """What a dataset says of its run; netCDF has no None, so a run of central values has no replication."""
    replication = {} if run.replication is None else {"replication": run.replication}
    return {
        "title": run.scenario.model.title,
        "scenario": run.scenario.name,
        "scenario_hash": run.scenario.hash,
        "seed": run.seed,
        **replication,
        "minsim_version": __version__,
    }


def _seconds(dates: NDArray[Any]) -> NDArray[Any]:
    """Dates of any unit of time in one that pandas holds [s]."""
    return dates.astype("datetime64[s]")
