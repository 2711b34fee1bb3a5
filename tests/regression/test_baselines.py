"""The regression: baselines as text, drifts within and beyond tolerances, and `minsim regress`."""

import re
import shutil
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner

import minsim
from minsim import regression
from minsim.charts import drifts as chart
from minsim.cli.main import main
from minsim.errors import BaselineError
from minsim.regression import files, reports, tables
from minsim.regression.drifts import Drift, change_text, pair_text, sentences, settled
from minsim.regression.tables import Tolerance

FIXTURES = Path(__file__).parents[1] / "regression_scenarios"
SCENARIOS = sorted((FIXTURES / "scenarios").glob("*.yaml"))


@pytest.fixture(scope="module")
def ban_run():
    return minsim.run(FIXTURES / "scenarios" / "ban.yaml")


@pytest.fixture(scope="module")
def baseline(ban_run):
    return regression.baseline_of(ban_run)


def changed(baseline, table, key, column, value):
    """The same baseline with another cell."""
    whole = baseline.tables[table]
    row = list(whole.rows[key])
    row[whole.columns.index(column)] = value
    return with_table(baseline, table, replace(whole, rows={**whole.rows, key: tuple(row)}))


def with_table(baseline, name, table):
    return replace(baseline, tables={**baseline.tables, name: table})


def cell(baseline, table, key, column):
    return baseline.tables[table].rows[key][baseline.tables[table].columns.index(column)]


ONSET = ("magnets", "United States", "onset_date", "date")
SHORTFALL = ("magnets", "United States", "shortfall_t", "t")
APRIL = ("2026-04", "magnets", "United States")


# ------------------------------------------------------------------------------------------------------------- the baseline


def test_holds_the_bracket_the_months_and_the_lanes(ban_run, baseline):
    assert baseline.tables["metrics"].columns == ("none", "reference", "free")
    for row in ban_run.bracket_rows:
        key = (row["material"], row["region"], row["metric"], row["unit"])
        assert cell(baseline, "metrics", key, row["rerouting"]) == tables.rounded(row["value"])
    daily = ban_run.daily.query("region == 'United States' and date >= '2026-04-01' and date < '2026-05-01'")
    for column in ("demand_t", "consumed_t", "shortfall_t", "destroyed_t", "from_stockpile_t"):
        assert cell(baseline, "monthly", APRIL, column) == pytest.approx(daily[column].sum(), rel=1e-8)
    assert cell(baseline, "monthly", APRIL, "month_end_cover_days") == pytest.approx(
        daily["commercial_cover_days"].iloc[-1], rel=1e-8
    )
    trade = ban_run.trade
    total = trade["shipped_t"].sum()
    rows = baseline.tables["trade"].rows.values()
    assert sum(row[0] for row in rows) == pytest.approx(total, rel=1e-6)
    assert baseline.tables["trade"].columns == ("shipped_t", "leaked_t")
    piles = ban_run.stockpiles
    march = piles[(piles["date"] >= "2026-03-01") & (piles["date"] < "2026-04-01")]
    row = dict(
        zip(
            baseline.tables["stockpiles"].columns,
            baseline.tables["stockpiles"].rows["2026-03", "vault", "magnets"],
            strict=True,
        )
    )
    assert row["month_end_stock_t"] == pytest.approx(march["stock_t"].iloc[-1], rel=1e-8)
    assert row["bought_t"] == pytest.approx(march["bought_t"].sum(), rel=1e-8)


def test_names_what_was_asked_and_who_answered(ban_run, baseline):
    assert (baseline.scenario, baseline.scenario_hash) == ("ban", ban_run.scenario.hash)
    assert (baseline.version, baseline.seed) == (minsim.__version__, 11)


def test_without_a_bracket_holds_the_reference_alone():
    made = regression.baseline_of(minsim.run(FIXTURES / "scenarios" / "chain.yaml", bracket=False))
    assert made.tables["metrics"].columns == ("reference",)


def test_written_and_read_back_is_the_same(baseline, tmp_path):
    regression.write(baseline, tmp_path / "made" / "ban.yaml")
    assert regression.read(tmp_path / "made" / "ban.yaml") == baseline
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["ban.yaml"]


def test_is_small_plain_text_with_one_line_a_row(baseline):
    text = files.to_text(baseline)
    assert len(text) < 20_000
    assert text.isascii()
    assert "\n  magnets,United States,onset_date,date,2026-04-" in text
    head = yaml.safe_load(text)
    assert head["tolerances"]["t"] == {"relative": 1e-6, "of_demand": 1e-9}
    assert not re.search(r"/home|/tmp|/work|[A-Z]:\\", text)


def test_an_absolute_path_leaves_no_trace():
    assert regression.session.portable("/home/somebody/scenarios/mine.yaml") == "mine.yaml"
    assert regression.session.portable("scenarios/mine.yaml") == "scenarios/mine.yaml"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("baseline: 1", "baseline: 2", r"expected `baseline: 1`, got 2"),
        ("metrics: |", "metric: |", r"expected text in `metrics`, got null"),
        ("seed: 11", "seed: eleven", r"whole number in `seed`"),
        ("relative: 1.0e-06", "relativ: 1.0e-06", r"expected relative, absolute, of_demand in `tolerances.days`"),
        ("relative: 1.0e-06", "relative: 1e-6", r"`tolerances.days.relative`, got text \"1e-6\"; write 1.0e-6"),
        (
            "month,material,region",
            "month,region,material",
            r"expected columns month, material, region first in `monthly`",
        ),
        ("  2026-02,magnets,China,", "  2026-01,magnets,China,", r"line 3 of `monthly` stands there twice"),
        ("  2026-01,magnets,China,", "  2026-01,magnets,China,nan,", r"line 2 of `monthly` has 10 cells, not 9"),
    ],
)
def test_says_what_is_wrong_with_a_file(baseline, tmp_path, old, new, message):
    path = tmp_path / "ban.yaml"
    text = files.to_text(baseline)
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(BaselineError, match=message) as caught:
        regression.read(path)
    assert str(path) in str(caught.value)
    assert "restore it, or delete it and --update" in str(caught.value)


@pytest.mark.parametrize("text", ["", "- 1\n", "a: [\n", "\t", "baseline: 1\n"])
def test_what_is_no_baseline_is_refused(tmp_path, text):
    (tmp_path / "x.yaml").write_text(text, "utf-8")
    with pytest.raises(BaselineError, match="is not a baseline"):
        regression.read(tmp_path / "x.yaml")


def test_binary_and_missing_files_are_refused(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BaselineError, match="cannot read"):
        regression.read(tmp_path / "x.yaml")
    with pytest.raises(BaselineError, match=r"there is no baseline .*; --update makes one"):
        regression.read(tmp_path / "y.yaml")


def test_eight_digits_are_a_number_and_not_a_date():
    assert files._cell("monthly", 1, "20260101") == 20260101.0
    assert files._cell("monthly", 1, "2026-01-01") == "2026-01-01"


# -------------------------------------------------------------------------------------------------------------- comparing


def test_equal_baselines_have_no_drifts(baseline):
    assert regression.find_drifts(baseline, baseline) == []


def test_rounding_of_another_processor_passes_and_a_changed_model_does_not(baseline):
    demand = cell(baseline, "monthly", APRIL, "demand_t")
    within = changed(baseline, "monthly", APRIL, "demand_t", demand * (1 + 9e-7))
    assert regression.find_drifts(baseline, within) == []
    beyond = changed(baseline, "monthly", APRIL, "demand_t", demand * (1 + 2e-6))
    (drift,) = regression.find_drifts(baseline, beyond)
    assert (drift.table, drift.subject, drift.column, drift.at) == (
        "monthly",
        ("magnets", "United States"),
        "demand_t",
        "2026-04",
    )


def test_zeros_are_measured_by_demand(baseline):
    key = ("2026-02", "magnets", "China")
    demand = cell(baseline, "monthly", key, "demand_t")
    assert cell(baseline, "monthly", key, "shortfall_t") == 0.0
    assert not regression.find_drifts(baseline, changed(baseline, "monthly", key, "shortfall_t", 0.9e-9 * demand))
    assert regression.find_drifts(baseline, changed(baseline, "monthly", key, "shortfall_t", 1.1e-9 * demand))


def test_dates_are_exact_and_said_with_the_days_between(baseline):
    onset = cell(baseline, "metrics", ONSET, "none")
    assert onset
    later = changed(
        changed(baseline, "metrics", ONSET, "none", "2026-04-01"), "metrics", ONSET, "reference", "2026-01-31"
    )
    before = changed(
        changed(baseline, "metrics", ONSET, "none", "2026-04-02"), "metrics", ONSET, "reference", "2026-01-25"
    )
    assert list(map(str, regression.find_drifts(before, later))) == [
        "United States magnets: onset 2026-01-25 → 2026-01-31, +6 days",
        "United States magnets, without rerouting: onset 2026-04-02 → 2026-04-01, −1 day",
    ]


def test_absent_against_a_value_is_a_drift_whatever_the_tolerance(baseline):
    loose = replace(baseline, tolerances={"date": Tolerance(absolute=1e9), "onset_date": Tolerance(absolute=1e9)})
    appeared = changed(loose, "metrics", ONSET, "reference", "2026-05-01")
    vanished = changed(loose, "metrics", ONSET, "reference", None)
    assert [str(drift) for drift in regression.find_drifts(vanished, appeared)] == [
        "United States magnets: onset never → 2026-05-01"
    ]
    assert len(regression.find_drifts(appeared, vanished)) == 1


def test_tolerances_go_by_metric_before_unit_and_none_means_exact(baseline):
    tonnes = cell(baseline, "metrics", SHORTFALL, "none")
    other = changed(baseline, "metrics", SHORTFALL, "none", tonnes * 1.04)
    assert regression.find_drifts(baseline, other)
    tolerant = replace(baseline, tolerances={**baseline.tolerances, "shortfall_t": Tolerance(relative=0.05)})
    assert not regression.find_drifts(tolerant, other)
    bare = replace(baseline, tolerances={})
    assert not regression.find_drifts(bare, baseline)
    assert regression.find_drifts(bare, changed(bare, "metrics", SHORTFALL, "none", tonnes * (1 + 1e-8)))


def test_dates_may_be_given_days_of_grace(baseline):
    old = replace(
        changed(baseline, "metrics", ONSET, "none", "2026-04-10"), tolerances={"onset_date": Tolerance(absolute=2)}
    )
    assert not regression.find_drifts(old, changed(old, "metrics", ONSET, "none", "2026-04-12"))
    assert regression.find_drifts(old, changed(old, "metrics", ONSET, "none", "2026-04-13"))


def test_months_of_one_series_are_one_drift_that_names_the_worst(baseline):
    other = baseline
    for month, tonnes in (("2026-04", 1.0), ("2026-05", 40.0), ("2026-06", 2.0)):
        key = (month, "magnets", "United States")
        other = changed(other, "monthly", key, "demand_t", cell(baseline, "monthly", key, "demand_t") + tonnes)
    (drift,) = regression.find_drifts(baseline, other)
    assert (drift.at, drift.cells, drift.of) == ("2026-05", 3, 12)
    assert re.fullmatch(
        r"United States magnets: demand in 2026-05 \d+ t → \d+ t, \+40 t \(\+\d+%\); 3 of 12 months differ", str(drift)
    )


def test_a_lane_that_one_side_lacks_carried_nothing(baseline):
    trade = baseline.tables["trade"]
    gone = ("2026", "magnets", "fabricate", "Japan", "United States")
    other = with_table(baseline, "trade", replace(trade, rows={k: v for k, v in trade.rows.items() if k != gone}))
    (drift,) = regression.find_drifts(baseline, other)
    assert str(drift).startswith("magnets/fabricate from Japan to United States: shipped in 2026 ")
    assert drift.new == 0.0
    (drift,) = regression.find_drifts(other, baseline)
    assert drift.old == 0.0


def test_other_rows_and_columns_that_one_side_lacks_are_structure(baseline):
    metrics = baseline.tables["metrics"]
    fewer = with_table(
        baseline, "metrics", replace(metrics, rows={k: v for k, v in metrics.rows.items() if k != ONSET})
    )
    assert [str(drift) for drift in regression.find_drifts(baseline, fewer)] == [
        "United States magnets: onset is no longer there"
    ]
    assert [str(drift) for drift in regression.find_drifts(fewer, baseline)] == ["United States magnets: onset is new"]
    narrow = with_table(
        baseline,
        "metrics",
        replace(metrics, columns=metrics.columns[:2], rows={k: v[:2] for k, v in metrics.rows.items()}),
    )
    assert [str(drift) for drift in regression.find_drifts(baseline, narrow)] == ["metrics: free is no longer there"]
    monthly = baseline.tables["monthly"]
    short = with_table(
        baseline, "monthly", replace(monthly, rows={k: v for k, v in monthly.rows.items() if k[2] != "Japan"})
    )
    assert [str(drift) for drift in regression.find_drifts(baseline, short)] == [
        "Japan magnets: the months of monthly is no longer there"
    ]


def test_lanes_of_one_product_fold_into_a_line():
    lanes = [
        Drift("trade", ("x", "mine", "A", buyer), "shipped_t", "t", 10.0, new, at="2026")
        for buyer, new in (("B", 11.0), ("C", 20.0))
    ]
    assert sentences(lanes) == [
        "x/mine from A to C: shipped in 2026 10 t → 20 t, +10 t (+100%); 1 of 1 years differ; 2 lanes differ"
    ]


@pytest.mark.parametrize(
    ("old", "new", "unit", "said"),
    [
        (1234.5, 1250.0, "t", "1,234 t → 1,250 t, +15.5 t (+1.3%)"),
        (0.0, 2.0, "t", "0 t → 2 t, +2 t"),
        (0.692, 0.5, "fraction", "69.2% → 50%, −19.2 points"),
        (1.0, 2.0, "days", "1 day → 2 days, +1 day (+100%)"),
        (41.8e6, 40.0e6, "usd", "$41,800,000 → $40,000,000, −$1,800,000 (−4.3%)"),
        (100.0, 100.00012, "t", "100 t → 100.00012 t, +0.00012 t (+0.00012%)"),
        (None, 3.0, "days", "none → 3 days"),
        ("2026-01-01", None, "date", "2026-01-01 → never"),
        (1.5, 1.25, "ratio", "1.5 → 1.25, −0.25 (−17%)"),
    ],
)
def test_numbers_in_words(old, new, unit, said):
    assert pair_text(old, new, unit) + change_text(old, new, unit) == said


def test_an_update_changes_only_the_lines_that_drifted(baseline):
    demand, key = cell(baseline, "monthly", APRIL, "demand_t"), ("2026-05", "magnets", "Japan")
    noisy = changed(baseline, "monthly", APRIL, "demand_t", demand * (1 + 1e-8))
    new = changed(noisy, "monthly", key, "shortfall_t", 5.0)
    kept = replace(baseline, tolerances={**baseline.tolerances, "demand_t": Tolerance(relative=1e-3)})
    written = files.to_text(settled(kept, new)).splitlines()
    differing = [line for old, line in zip(files.to_text(kept).splitlines(), written, strict=True) if old != line]
    assert len(differing) == 1
    assert differing[0].startswith("  2026-05,magnets,Japan,")


# ---------------------------------------------------------------------------------------------------------------- command


def regress(*arguments):
    return CliRunner().invoke(main, ["regress", *map(str, arguments)], catch_exceptions=False)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A user's folder with a scenario and the one it extends."""
    (tmp_path / "scenarios").mkdir()
    for name in ("ban", "chain"):
        shutil.copy(FIXTURES / "scenarios" / f"{name}.yaml", tmp_path / "scenarios")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_small_scenarios_come_out_as_their_baselines_say(monkeypatch):
    monkeypatch.chdir(FIXTURES)
    done = regress(*(path.relative_to(FIXTURES) for path in SCENARIOS), "--baselines", "baselines")
    assert done.output.splitlines() == [f"{path.stem}: same" for path in SCENARIOS]
    assert done.exit_code == 0


def test_every_small_scenario_has_a_baseline_and_the_reverse():
    assert [path.name for path in SCENARIOS] == sorted(path.name for path in (FIXTURES / "baselines").iterdir())


def test_small_scenarios_use_every_event_type():
    from minsim.simulation.events import PROCESSES

    used = {type(event) for path in SCENARIOS for event in minsim.load_scenario(path).model.events.values()}
    assert used == set(PROCESSES)


def test_first_makes_then_compares_then_updates(project):
    made = regress("scenarios/ban.yaml", "--baselines", "baselines", "--update")
    assert (made.exit_code, made.output) == (0, f"ban: new baseline {Path('baselines/ban.yaml')}\n")
    assert regress("--baselines", "baselines").output == "ban: same\n"
    before = (project / "baselines" / "ban.yaml").read_bytes()
    assert regress("--baselines", "baselines", "--update").output == "ban: unchanged\n"
    assert (project / "baselines" / "ban.yaml").read_bytes() == before
    drifted = regress("--baselines", "baselines", "--set", "events.ban.duration_days=120")
    assert drifted.exit_code == 1
    assert (
        "the question changed: the baseline was made with nothing set, this run with events.ban.duration_days=120"
        in drifted.output
    )
    assert "  United States magnets, without rerouting: days of use lost " in drifted.output
    assert (project / "baselines" / "ban.yaml").read_bytes() == before
    updated = regress("--baselines", "baselines", "--set", "events.ban.duration_days=120", "--update")
    assert updated.exit_code == 0
    assert "ban: updated " in updated.output
    assert "without rerouting: days of use lost " in updated.output
    assert regress("--baselines", "baselines", "--set", "events.ban.duration_days=120").exit_code == 0
    assert regress("--baselines", "baselines").exit_code == 1


def test_an_edited_scenario_with_the_same_numbers_is_the_same_and_says_so(project):
    regress("scenarios/ban.yaml", "--baselines", "baselines", "--update")
    path = project / "scenarios" / "ban.yaml"
    path.write_text(path.read_text("utf-8").replace("title: An announced ban", "title: The announced ban"), "utf-8")
    done = regress("--baselines", "baselines")
    assert done.exit_code == 0
    assert done.output.splitlines()[0] == "ban: same"
    assert "edited since its baseline was made, without any effect on the numbers" in done.output
    assert regress("--baselines", "baselines", "--update").output.startswith("ban: updated ")
    assert regress("--baselines", "baselines").output == "ban: same\n"


def test_an_edited_scenario_with_other_numbers_blames_the_question(project):
    regress("scenarios/ban.yaml", "--baselines", "baselines", "--update")
    path = project / "scenarios" / "ban.yaml"
    path.write_text(path.read_text("utf-8").replace("duration_days: 100", "duration_days: 101"), "utf-8")
    done = regress("--baselines", "baselines")
    assert done.exit_code == 1
    assert "the question changed: the scenario is not the baseline's" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scenarios/ban.yaml", "--baselines", "nowhere"], "no baseline in nowhere for ban; --update makes them"),
        (["--baselines", "nowhere"], "no baselines in nowhere; name some scenarios, with --update"),
        (["magnet-bann", "--baselines", "nowhere"], 'did you mean "magnet-ban"?'),
        (["scenarios/ban.yaml", "--baselines", "nowhere", "--set", "x"], "expected PATH=VALUE"),
        (["scenarios/ban.yaml", "scenarios/ban.yaml", "--baselines", "nowhere"], "would share the baseline ban.yaml"),
        (["scenarios/ban.yaml"], "Missing option '--baselines'"),
    ],
)
def test_bad_input_ends_with_2_before_anything_runs(project, arguments, message):
    done = regress(*arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert not (project / "nowhere").exists()


def test_a_broken_baseline_is_bad_input(project):
    (project / "baselines").mkdir()
    (project / "baselines" / "ban.yaml").write_text("nonsense", "utf-8")
    done = regress("scenarios/ban.yaml", "--baselines", "baselines")
    assert done.exit_code == 2
    assert "is not a baseline: expected `baseline: 1`" in done.output


def test_reports_for_ci_and_pictures(project):
    regress("scenarios/ban.yaml", "scenarios/chain.yaml", "--baselines", "baselines", "--update")
    options = ("--junit", "out/regress.xml", "--markdown", "out/regress.md", "--plots", "drifts")
    cut = ("--set", "materials.magnets.consumers.Japan.stock_days=3")
    done = regress("--baselines", "baselines", *cut, *options)
    assert done.exit_code == 1
    root = ElementTree.parse(project / "out" / "regress.xml").getroot()
    assert root.tag == "testsuites"
    suite = root.find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("2", "2")
    assert [case.get("name") for case in suite.iter("testcase")] == ["ban", "chain"]
    assert "Japan magnets" in suite.find("testcase/failure").text
    text = (project / "out" / "regress.md").read_text("utf-8")
    assert text.startswith("### minsim regress: 2 of 2 scenarios drifted\n")
    assert "| ban | " in text
    names = [path.name for path in (project / "drifts").iterdir()]
    assert "ban-monthly-magnets-japan.png" in names
    assert all((project / "drifts" / name).read_bytes().startswith(b"\x89PNG") for name in names)


def test_reports_of_equal_runs(project):
    regress("scenarios/chain.yaml", "--baselines", "baselines", "--update")
    done = regress("--baselines", "baselines", "--junit", "j.xml", "--markdown", "m.md", "--plots", "drifts")
    assert done.exit_code == 0
    assert ElementTree.parse(project / "j.xml").getroot().get("failures") == "0"
    assert "the scenario is as its baseline says" in (project / "m.md").read_text("utf-8")
    assert list((project / "drifts").iterdir()) == []


def test_reports_stay_well_formed_whatever_the_names():
    drift = Drift("metrics", ("x|y\x00", "<b>&"), "onset_date", "date", None, "2026-01-01")
    verdict = type("Verdict", (), {})()
    verdict.name, verdict.headline, verdict.remarks = "a|b\x01<i>", "a|b: 1 drift", ()
    verdict.status, verdict.drifts, verdict.seconds, verdict.question_changed = "drift", (drift,), 1.0, False
    verdict.lines = (str(drift),)
    assert ElementTree.fromstring(reports.junit_xml([verdict]).encode()).find(".//failure") is not None
    rows = [line for line in reports.markdown([verdict]).splitlines() if line.startswith("| a")]
    assert len(re.split(r"(?<!\\)\|", rows[0])) == 5
    assert "<b>" not in rows[0]
    assert "<i>" not in rows[0]


def test_one_picture_a_subject(baseline):
    drifts = [
        Drift("metrics", ("magnets", "Japan"), "onset_date", "date", None, "2026-01-01"),
        Drift("monthly", ("magnets", "Japan"), "shortfall_t", "t", 0.0, 1.0, at="2026-01"),
        Drift("trade", ("magnets", "fabricate", "China", "Japan"), "shipped_t", "t", 0.0, 1.0, at="2026"),
        Drift("stockpiles", ("vault", "magnets"), "bought_t", "t", 0.0, 1.0, at="2026-01"),
        Drift("structure", ("metrics",), "free", "", None, None, kind="gone"),
    ]
    stems = [topic.stem for topic in chart.topics(drifts)]
    assert stems == ["monthly-magnets-japan", "trade-magnets-fabricate", "stockpiles-vault-magnets"]
