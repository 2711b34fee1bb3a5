"""Tables, summary, files: exact columns, strict JSON, whole files or none."""

import csv
import inspect
import json
import math
import os
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic
import xarray
from synthetic import DAYS

from minsim._version import __version__
from minsim.charts import style
from minsim.errors import MinsimError, OutputError
from minsim.results import files
from minsim.results.frames import VARIABLES
from minsim.results.run import INTERNALS, Run
from minsim.results.tables import trade_columns

FILES = {
    "daily.csv",
    "stockpiles.csv",
    "trade.csv",
    "events.csv",
    "summary.json",
    "manifest.json",
    "shortfall.png",
    "shortfall.svg",
}
TABLES = {
    "daily": (
        "date,material,region,sector,demand_t,consumed_t,shortfall_t,destroyed_t,from_stockpile_t,"
        "commercial_cover_days,price_usd_per_kg,spot_price_usd_per_kg"
    ),
    "stockpiles": "date,stockpile,material,stock_t,cover_days,bought_t,released_t,spent_usd",
    "trade": "month,material,stage,seller,buyer,shipped_t,leaked_t",
    "events": "date,event,what,whom",
}
TEXT = pd.Series(["a"], dtype="str").dtype
"""What pandas makes of texts: str from version 3 on, object before."""


@pytest.fixture(scope="module")
def run():
    return synthetic.finished(vault_t=300.0)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def strict(path: Path):
    return json.loads(path.read_text("utf-8"), parse_constant=lambda name: pytest.fail(f"{path.name} holds {name}"))


# ------------------------------------------------------------------------------------------------------------------ tables


@pytest.mark.parametrize("table", TABLES)
def test_tables_have_exactly_the_columns_of_the_format(run, table):
    assert ",".join(getattr(run, table).columns) == TABLES[table]


def test_daily_is_tidy_and_each_row_is_the_records(run):
    daily = run.daily
    assert len(daily) == DAYS * 9
    day = daily[(daily["date"] == "2027-05-01") & (daily["region"] == "United States")]
    assert list(day["sector"]) == ["defence", "vehicles", "other"]
    index = (pd.Timestamp("2027-05-01") - pd.Timestamp(synthetic.START)).days
    np.testing.assert_array_equal(day["shortfall_t"], run.record.sector[index, :3, 2])
    assert set(day["commercial_cover_days"]) == {run.record.consumer[index, 0, 0] / synthetic.USE_T}
    assert daily["price_usd_per_kg"].isna().all()


def test_frames_are_made_once(run):
    assert run.daily is run.daily


def test_stockpiles_cover_is_stock_in_days_of_use(run):
    stocks = run.stockpiles
    assert stocks["stock_t"].iloc[0] == 300.0
    assert stocks["cover_days"].iloc[0] == 30.0
    assert stocks["released_t"].sum() == pytest.approx(300.0)


def test_trade_leaves_out_lanes_that_never_carry_anything(run):
    assert set(run.trade["seller"]) == {"China"}
    assert list(run.trade["month"].unique()[10:12]) == [pd.Timestamp("2026-12-01"), pd.Timestamp("2027-01-01")]


def test_trade_keeps_lanes_of_baseline_trade_that_are_shut_all_along():
    record = synthetic.record()
    shut = synthetic.changed(record, trade=record.trade * 0.0)
    columns = trade_columns(shut)
    assert set(columns["seller"]) == {"China"}
    assert not columns["shipped_t"].any()


def test_events_are_the_log_with_dates(run):
    first = run.events.iloc[0]
    assert (first["date"].date().isoformat(), first["event"], first["whom"]) == ("2026-11-10", "ban", "United States")


def test_metrics_have_numbers_and_dates_in_columns_of_their_own(run):
    assert list(run.metrics.columns) == ["material", "region", "metric", "value", "date", "unit"]
    assert list(run.bracket.columns) == ["material", "region", "metric", "value", "date", "unit", "rerouting"]
    assert list(run.bracket["rerouting"].unique()) == ["none", "reference", "free"]
    for table in (run.metrics, run.bracket):
        assert table["value"].dtype == np.float64
        assert table["date"].dtype.kind == "M"
        assert {table[name].dtype for name in ("material", "region", "metric", "unit")} == {TEXT}
        assert not (table["value"].notna() & table["date"].notna()).any()


def test_metrics_hold_what_the_summary_holds(run):
    for table, rows in ((run.metrics, run.summary()["metrics"]), (run.bracket, run.summary()["bracket"])):
        assert len(table) == len(rows)
        for told, row in zip(table.itertuples(), rows, strict=True):
            date = None if pd.isna(told.date) else told.date.date().isoformat()
            assert (date if row["unit"] == "date" else none_if_nan(told.value)) == row["value"]
            assert (none_if_nan(told.material), told.metric, told.unit) == (row["material"], row["metric"], row["unit"])


def none_if_nan(cell):
    return None if pd.isna(cell) else cell


def test_metrics_that_do_not_apply_are_nan_and_nat(run):
    rows = run.metrics.set_index(["material", "region", "metric"])
    assert rows.loc[("magnets", "United States", "onset_date"), "date"] == pd.Timestamp("2027-02-13")
    assert rows.loc[("magnets", "European Union", "onset_date"), "date"] is pd.NaT
    assert math.isnan(rows.loc[("magnets", "European Union", "time_to_survive_days"), "value"])


@pytest.mark.parametrize("table", TABLES)
def test_columns_of_tables_are_dates_texts_and_numbers(run, table):
    kinds = {name: dtype.kind for name, dtype in getattr(run, table).dtypes.items() if dtype != TEXT}
    assert kinds == {
        name: "M" if name in ("date", "month") else "f"
        for name in TABLES[table].split(",")
        if name in ("date", "month") or name.endswith(("_t", "_days", "_usd", "_per_kg"))
    }


@pytest.mark.parametrize("table", [*TABLES, "licences", "metrics"])
def test_every_column_is_described_where_users_look(run, table):
    described = set(re.findall(r"`(\w+)`", inspect.getdoc(getattr(Run, table))))
    assert set(getattr(run, table).columns) <= described


def test_run_shows_results_and_hides_internals(run):
    shown = [name for name in dir(run) if not name.startswith("_")]
    assert shown == [
        "answer",
        "bracket",
        "daily",
        "events",
        "licences",
        "metrics",
        "plot",
        "plot_licences",
        "processes",
        "replication",
        "save",
        "scenario",
        "seed",
        "stockpiles",
        "summary",
        "to_xarray",
        "trade",
        "waterfall",
        "why",
    ]
    assert all(hasattr(run, name) for name in INTERNALS)


def test_more_rerouting_loses_less(run):
    lost = run.bracket[(run.bracket["metric"] == "shortfall_days") & (run.bracket["region"] == "United States")]
    assert list(lost["value"]) == sorted(lost["value"], reverse=True)


# ------------------------------------------------------------------------------------------------------------------ xarray


def test_dataset_holds_the_daily_table(run):
    found = run.to_xarray()
    daily = run.daily.set_index(["date", "material", "region", "sector"]).astype(float)
    dense = found.to_dataframe(dim_order=["date", "material", "region", "sector"])
    assert list(dense.columns) == list(daily.columns) == list(VARIABLES)
    pd.testing.assert_frame_equal(dense.loc[daily.index], daily, check_index_type=False)


def test_dataset_is_dense_and_nan_where_nothing_is_used():
    run = synthetic.finished(bracket=False)
    sectors = run.record.network.sectors
    sectors[-1].sector = "all"  # of the European Union, which then has no `other`
    found = run.to_xarray()
    assert dict(found.sizes) == {"date": DAYS, "material": 1, "region": 3, "sector": 4}
    assert list(found.sector.values) == ["defence", "vehicles", "other", "all"]
    use = found.demand_t.isel(date=0, material=0)
    assert use.sel(region="European Union", sector="all") == sectors[-1].daily_use_t
    assert use.sel(region="European Union", sector="other").isnull()
    assert float(use.sum()) == pytest.approx(sum(sector.daily_use_t for sector in sectors))
    assert found.commercial_cover_days.dims == ("date", "material", "region")


def test_dataset_says_units_names_and_what_was_run(run):
    found = run.to_xarray()
    assert {
        name: found[name].attrs["units"] for name in ("shortfall_t", "commercial_cover_days", "price_usd_per_kg")
    } == {
        "shortfall_t": "t",
        "commercial_cover_days": "days",
        "price_usd_per_kg": "USD/kg",
    }
    assert all(found[name].attrs["long_name"] for name in found)
    assert found.attrs == {
        "title": run.scenario.model.title,
        "scenario": "magnet-ban",
        "scenario_hash": "abc123",
        "seed": 7,
        "minsim_version": __version__,
    }


def test_dataset_can_be_kept_as_netcdf(run, tmp_path):
    run.to_xarray().to_netcdf(tmp_path / "run.nc", engine="scipy")
    with xarray.open_dataset(tmp_path / "run.nc", engine="scipy") as read:
        xarray.testing.assert_identical(read.load(), run.to_xarray())


def test_a_dataset_without_xarray_names_the_remedy(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(MinsimError, match=re.escape("to_xarray needs xarray: pip install 'minsim[xarray]'")):
        run.to_xarray()


# ----------------------------------------------------------------------------------------------------------------- reading


def test_summary_is_strict_json_and_complete(run):
    summary = json.loads(json.dumps(run.summary(), allow_nan=False))
    assert list(summary) == ["scenario", "as_of", "version", "metrics", "bracket"]
    assert (summary["scenario"], summary["as_of"], summary["version"]) == ("magnet-ban", "2026-02-05", __version__)
    share = [row for row in summary["metrics"] if row["metric"] == "assumption_share"]
    assert share == [
        {"material": None, "region": None, "metric": "assumption_share", "value": 0.25, "unit": "fraction"}
    ]
    assert len(summary["bracket"]) == 3 * (len(summary["metrics"]) - 1)


def test_repr_and_html_give_the_answer_and_escape_it():
    run = synthetic.finished()
    run.scenario.model.materials["magnets"].title = "<script>alert(1)</script> magnets"
    page = run._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "2027-02-13" in page
    assert "Japan" in page
    assert repr(synthetic.finished()).startswith("<Run of magnet-ban: The United States loses 172 days of NdFeB")


# ------------------------------------------------------------------------------------------------------------------- files


def test_every_file_of_the_format_is_written(run, tmp_path):
    folder = run.save(tmp_path / "new" / "results")
    assert folder == tmp_path / "new" / "results"
    assert names(folder) == FILES
    assert names(folder.parent) == {"results"}
    for table, header in TABLES.items():
        assert (folder / f"{table}.csv").read_text("utf-8").splitlines()[0] == header


def test_csv_holds_what_the_frames_hold(run, tmp_path):
    run.save(tmp_path, plot=False)
    for table in TABLES:
        read = pd.read_csv(tmp_path / f"{table}.csv", parse_dates=["month" if table == "trade" else "date"])
        pd.testing.assert_frame_equal(read, getattr(run, table), check_dtype=False, rtol=1e-11)


def test_csv_numbers_have_twelve_digits_no_negative_zero_and_nan_is_empty(tmp_path):
    columns = {
        "date": np.array(["2026-02-01"] * 4, dtype="datetime64[D]"),
        "name": np.array(['a "quoted", name', "b", "c", "d"], dtype=object),
        "value": np.array([1 / 3, math.nan, -0.0, 1e-7]),
    }
    files.write_csv(tmp_path / "t.csv", columns)
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    assert [row[2] for row in rows] == ["value", "0.333333333333", "", "0", "1e-07"]
    assert rows[1][:2] == ["2026-02-01", 'a "quoted", name']
    assert b"\r" not in (tmp_path / "t.csv").read_bytes()


def test_an_absent_stockpile_leaves_a_header(tmp_path):
    synthetic.finished().save(tmp_path, plot=False)
    assert (tmp_path / "stockpiles.csv").read_text("utf-8") == TABLES["stockpiles"] + "\n"
    assert synthetic.finished().stockpiles.empty


def test_parquet_holds_what_the_frame_holds_and_replaces_the_csv(run, tmp_path):
    run.save(tmp_path)
    run.save(tmp_path, format="parquet", plot=False)
    assert names(tmp_path) == FILES - {"daily.csv", "shortfall.png", "shortfall.svg"} | {"daily.parquet"}
    read = pd.read_parquet(tmp_path / "daily.parquet")
    read["date"] = pd.to_datetime(read["date"])
    pd.testing.assert_frame_equal(read, run.daily, check_dtype=False)
    run.save(tmp_path)
    assert names(tmp_path) == FILES


def test_json_files_are_strict_and_name_no_folder(run, tmp_path):
    run.save(
        tmp_path, plot=False, command="minsim run /home/me/my.yaml --out=/srv/x --set a.b=2 'C:\\Users\\me\\f.yaml'"
    )
    summary, manifest = strict(tmp_path / "summary.json"), strict(tmp_path / "manifest.json")
    assert summary == json.loads(json.dumps(run.summary()))
    assert manifest["command"] == "minsim run my.yaml --out=x --set a.b=2 f.yaml"
    assert (manifest["scenario_hash"], manifest["seed"], manifest["replication"]) == ("abc123", 7, None)
    assert manifest["resolved_scenario"] == run.scenario.resolved
    assert {"minsim", "python", "numpy", "numba", "pandas", "simpy"} <= set(manifest["versions"])
    text = (tmp_path / "manifest.json").read_text("utf-8")
    assert str(tmp_path) not in text
    assert os.path.expanduser("~") + "/" not in text


def test_the_same_run_writes_the_same_bytes(tmp_path):
    synthetic.finished(vault_t=300.0).save(tmp_path / "a", command="minsim run x")
    synthetic.finished(vault_t=300.0).save(tmp_path / "b", command="minsim run x")
    for name in FILES:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes(), name


def test_an_unknown_format_is_refused_before_anything_is_made(run, tmp_path):
    with pytest.raises(ValueError, match="expected format csv or parquet, got 'xlsx'"):
        run.save(tmp_path / "x", format="xlsx")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt()])
def test_a_failure_while_writing_leaves_an_earlier_result_untouched(run, tmp_path, monkeypatch, error):
    folder = run.save(tmp_path / "results", plot=False)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}

    def fail(*args, **kwargs):
        raise error

    monkeypatch.setattr(style, "save_figure", fail)
    with pytest.raises(type(error)):
        run.save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert names(tmp_path) == {"results"}


def test_a_failure_while_writing_for_the_first_time_leaves_nothing(run, tmp_path, monkeypatch):
    def full(path, columns):
        path.write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(files.WRITERS, ".csv", full)
    with pytest.raises(OutputError, match=r"cannot write results to .*results: no space left on device"):
        run.save(tmp_path / "results")
    assert names(tmp_path) == set()


def test_a_failure_while_moving_leaves_whole_files_and_no_manifest(run, tmp_path, monkeypatch):
    folder = run.save(tmp_path / "results", plot=False)
    real, moved = os.replace, []

    def replace(source, target):
        if len(moved) == 2:
            raise PermissionError(13, "Permission denied")
        moved.append(target)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(OutputError, match="permission denied"):
        run.save(folder, plot=False)
    assert "manifest.json" not in names(folder)
    assert names(tmp_path) == {"results"}


def test_a_file_in_the_way_is_an_output_error(run, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(OutputError, match="cannot write results to"):
            run.save(folder, plot=False)
    assert names(tmp_path) == {"file"}


def test_saving_needs_no_pandas(tmp_path):
    import subprocess
    import sys

    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parents[1])!r}); import synthetic; "
        f"synthetic.finished().save({str(tmp_path)!r}, plot=False); "
        "sys.exit(bool({'pandas', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
