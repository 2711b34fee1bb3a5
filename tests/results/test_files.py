"""Tables, summary, files: exact columns, strict JSON, whole files or none."""

import csv
import json
import math
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import synthetic
from synthetic import DAYS

from minsim._version import __version__
from minsim.charts import style
from minsim.errors import OutputError
from minsim.results import files
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
    assert list(run.trade["month"].unique()[:12])[-2:] == ["2026-12", "2027-01"]


def test_trade_keeps_lanes_of_baseline_trade_that_are_shut_all_along():
    record = synthetic.record()
    shut = synthetic.changed(record, trade=record.trade * 0.0)
    columns = trade_columns(shut)
    assert set(columns["seller"]) == {"China"}
    assert not columns["shipped_t"].any()


def test_events_are_the_log_with_dates(run):
    first = run.events.iloc[0]
    assert (first["date"].date().isoformat(), first["event"], first["whom"]) == ("2026-11-10", "ban", "United States")


def test_metrics_and_bracket_keep_nulls_as_none(run):
    rows = run.metrics.set_index(["material", "region", "metric"])
    assert list(run.metrics.columns) == ["material", "region", "metric", "value", "unit"]
    assert rows.loc[("magnets", "European Union", "onset_date"), "value"] is None
    assert list(run.bracket.columns) == ["material", "region", "metric", "value", "unit", "rerouting"]
    assert list(run.bracket["rerouting"].unique()) == ["none", "reference", "free"]


def test_more_rerouting_loses_less(run):
    lost = run.bracket[(run.bracket["metric"] == "shortfall_days") & (run.bracket["region"] == "United States")]
    assert list(lost["value"]) == sorted(lost["value"], reverse=True)


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
        read = pd.read_csv(tmp_path / f"{table}.csv", parse_dates=["date"] if table != "trade" else None)
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


def test_files_of_others_are_left_alone(run, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    run.save(tmp_path, plot=False)
    assert (tmp_path / "notes.txt").read_text("utf-8") == "mine"


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

    monkeypatch.setattr(files, "write_csv", full)
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
