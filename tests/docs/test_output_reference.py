"""The page on output files against files that were really written: every file, column, key and metric."""

from __future__ import annotations

import csv
import json
import re

import pytest
from click.testing import CliRunner
from docs.snippets import TREE
from pyarrow import parquet

from minsim.cli.main import main
from minsim.explain.attribution import ATTRIBUTION_FILES
from minsim.metrics import consumers
from minsim.metrics.prices import PRICE_UNITS
from minsim.metrics.stockpiles import STOCKPILE_UNITS
from minsim.results.saving import OWN_FILES
from minsim.results.waterfall import STEPS
from minsim.studies import library_runs
from minsim.studies.monte_carlo.replications import METRICS
from minsim.studies.producer_outages import stop_each_producer

pytestmark = pytest.mark.slow  # every command writes its files

PAGE = (TREE / "docs" / "output.md").read_text("utf-8")
SCENARIOS = TREE / "tests" / "regression_scenarios" / "scenarios"
UNITS = {
    **consumers.CONSUMER_UNITS,
    **STOCKPILE_UNITS,
    **PRICE_UNITS,
    **{f"waterfall_{step}_days": "days" for step in STEPS},
    "leakage_premium_usd": "usd",
    "assumption_share": "fraction",
}


def cells(section: str) -> list[list[str]]:
    """Rows of the tables of a section, without heads, as texts."""
    body = re.search(rf"^## `?{re.escape(section)}`?\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert body, f"docs/output.md has no section {section}"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in body[1].splitlines() if line[:1] == "|"]
    return [row for row in rows if row[0].startswith("`")]


def documented(section: str) -> list[str]:
    return [row[0].strip("`") for row in cells(section)]


def overview() -> set[str]:
    table = re.search(r"^\| file \| written by.*?(?=\n\n)", PAGE, re.MULTILINE | re.DOTALL)
    assert table
    return {name for row in table[0].splitlines()[2:] for name in re.findall(r"`([^`]+)`", row.split("|")[1])}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder with what every command writes, each into a folder of its own."""
    folder = tmp_path_factory.mktemp("written")
    several = ["-n", "4", "-j", "1"]
    permits, ban, piles = (str(SCENARIOS / f"{name}.yaml") for name in ("permits", "ban", "stockpiles"))
    pile = ["--stockpile", "allied-store", "--region", "Japan", "--most", "30"]
    commands = {
        "run": ["run", permits],
        "parquet": ["run", permits, "--format", "parquet", "--no-plot", "--no-bracket"],
        "attribute": ["attribute", permits],
        "ensemble": ["ensemble", ban, *several],
        "compare": ["compare", permits, piles, *several],
        "sweep": ["sweep", ban, "--over", "seed=1,2"],
        "size": ["size", piles, *pile, *several],
        "spend": ["spend", piles, "--region", "Japan", "--budget-usd", "1e6", "-j", "1"],
        "morris": ["sensitivity", "magnet-ban", "--region", "United States", "--samples", "2", "-j", "1"],
        "sobol": ["sensitivity", "magnet-ban", "--region", "United States", "--samples", "2", "-j", "1", "--no-plot",
                  "--method", "sobol"],
    }  # fmt: skip
    for name, command in commands.items():
        done = CliRunner().invoke(main, [*command, "--out", str(folder / name)], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    screen = ["screen", "--quick", "--csv", str(folder / "screen.csv")]
    assert CliRunner().invoke(main, screen, catch_exceptions=False).exit_code == 0
    stop_each_producer(["gallium"], replications=1).save(folder / "stops")
    entries = library_runs.run_all([library_runs.Request(ban, folder / "all", plot=False)])
    library_runs.save_index(entries, folder / "all")
    quick = ["report", ban, "--draws", "0", "--seconds", "0", "-j", "1", "-o", str(folder / "run" / "report.html")]
    assert CliRunner().invoke(main, quick, catch_exceptions=False).exit_code == 0
    return folder


def header(path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


@pytest.mark.parametrize(
    ("path", "section"),
    [
        *((f"run/{name}.csv", f"{name}.csv") for name in ("daily", "stockpiles", "trade", "licences", "events")),
        *((f"attribute/{name}.csv", f"{name}.csv") for name in ("attribution", "waterfall")),
        ("ensemble/fan.csv", "fan.csv"),
        ("compare/comparison.csv", "comparison.csv"),
        ("size/size.csv", "size.csv"),
        *((f"spend/{name}.csv", f"{name}.csv") for name in ("spend", "curves", "mix")),
        ("screen.csv", "screen.csv"),
        ("stops/stops.csv", "stops.csv"),
        ("all/index.csv", "index.csv"),
    ],
)
def test_columns(written, path, section):
    assert header(written / path) == documented(section)


def test_columns_of_a_sweep(written):
    assert ["PATH", *header(written / "sweep" / "sweep.csv")[1:]] == documented("sweep.csv")


def test_columns_of_sensitivities(written):
    by_method = [header(written / method / "sensitivity.csv") for method in ("morris", "sobol")]
    assert [*by_method[0], *by_method[1]] == documented("sensitivity.csv")


def test_parquet_holds_the_columns_of_the_csv(written):
    assert parquet.read_schema(written / "parquet" / "daily.parquet").names == documented("daily.csv")


def test_columns_of_replications(written):
    columns = parquet.read_schema(written / "ensemble" / "replications.parquet").names
    own = documented("replications.parquet")
    assert columns == [*own, *METRICS]
    # "from `onset_date` to `value_of_shortfall_usd`, and of stockpiles up to `stockpile_money_bound_days`"
    assert list(METRICS) == [*consumers.CONSUMER_UNITS, *STOCKPILE_UNITS]
    assert METRICS[0] == "onset_date"
    assert list(consumers.CONSUMER_UNITS)[-1] == "value_of_shortfall_usd"
    assert METRICS[-1] == "stockpile_money_bound_days"


def test_metrics_and_their_units():
    assert {row[0].strip("`"): row[1] for row in cells("Metrics")} == UNITS


def test_every_metric_is_written(tmp_path):
    """The small scenarios of the regression together write every metric on the page, and no other."""
    found = set()
    for path in sorted(SCENARIOS.glob("*.yaml")):
        premium = ["--set", "events.ban.leakage.premium=0.3"] if path.stem == "ban" else []
        command = ["run", str(path), *premium, "--no-plot", "--json", "--out", str(tmp_path / path.stem)]
        done = CliRunner().invoke(main, command, catch_exceptions=False)
        found |= {row["metric"] for row in json.loads(done.stdout)["metrics"]}
    assert found == set(documented("Metrics"))


def test_manifest(written):
    assert list(json.loads((written / "run" / "manifest.json").read_text("utf-8"))) == documented("manifest.json")
    of_many = json.loads((written / "ensemble" / "manifest.json").read_text("utf-8"))
    assert set(of_many) - set(documented("manifest.json")) == {"replications", "sampler"}


def test_every_file_is_on_the_page(written):
    files = [path for pattern in ("*", "*/*") for path in written.glob(pattern) if path.is_file()]
    assert {path.name for path in files if not path.name.startswith(".")} == overview()
    assert {path.name for path in (written / "ensemble").iterdir() if path.is_dir()} == {"parts"}
    assert {*OWN_FILES, *ATTRIBUTION_FILES} <= overview()
