"""The command line, from a scenario file to exit codes, printed words and files."""

import json
import os
import re
import signal
import subprocess
import sys

import click
import pytest
import yaml
from click.testing import CliRunner

import minsim
from minsim.cli.main import EXIT_FAILED, EXIT_INTERRUPTED, EXIT_INVALID, main
from minsim.errors import OutputError

SMALL = """\
format: 1
title: A year without Northern salt [test]
description: Northland sells most of the salt. What does Southland do without it for a year?
as_of: 2026-01-01
start: 2026-01-01
end: 2027-12-31
seed: 7
source: survey

sources:
  survey:
    title: Survey of salt
    publisher: Salt Board
    date: 2025
    url: https://example.org/survey

materials:
  salt:
    title: Rock salt
    basis: product
    stages:
      mine:
        utilisation: {value: 0.9, source: assumption, note: no figure is published}
        producers:
          Northland: {share: 0.75, source: survey}
          Southland: {share: 0.25, source: survey}
    trade:
      lead_time_days: {default: 30, home: 5, source: survey}
    consumers:
      Northland: {demand_t_per_year: 1000, stock_days: 30, source: survey}
      Southland: {demand_t_per_year: 4000, stock_days: {value: 40, source: assumption, note: as in pepper}}

stockpiles:
  reserve:
    title: Salt reserve
    owner: Southland
    holds: {salt: mine}
    target_days: {value: 20, source: survey}
    source: assumption
    note: a reserve like any other

events:
  ban:
    type: export_curb
    title: Northland stops selling
    exporter: Northland
    importers: [Southland]
    materials: [salt]
    start: 2026-03-01
    duration_days: 365
    measure: {ban: true}
    source: assumption
    note: the worst case
"""

BROKEN = (
    SMALL.replace("Northland: {share: 0.75", "Northland: {share: 0.80")
    .replace("stock_days: 30", "stock_days: -30")
    .replace("utilisation:", "utilization:")
    .replace("basis: product", "basis: bags")
)

COMMANDS = [
    "list", "show", "validate", "run", "attribute", "why", "plot", "report", "regress", "sources", "schema", "data",
    "screen", "new", "ensemble", "compare", "sweep", "size", "spend", "sensitivity",
]  # fmt: skip


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """An empty folder to stand in, with a good and a broken scenario file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL, "utf-8")
    (tmp_path / "broken.yaml").write_text(BROKEN, "utf-8")
    return tmp_path


def command(*arguments):
    """Outcome of one command; an exception that the command line let through is raised here."""
    outcome = CliRunner().invoke(main, list(arguments))
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


def words(text):
    """Text on one line with single blanks, so that a test does not depend on where a line was broken."""
    return " ".join(text.split())


def strict_json(text):
    def refuse(constant):
        raise AssertionError(f"not JSON: {constant}")

    return json.loads(text, parse_constant=refuse)


# ------------------------------------------------------------------------------------------------------------------- help


@pytest.mark.parametrize("name", COMMANDS)
def test_help_documents_every_option_and_gives_an_example(name):
    text = command(name, "--help").stdout
    assert "Examples:" in text
    for parameter in main.commands[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.help
            assert max(parameter.opts, key=len) in text


def test_help_lists_the_commands_in_the_order_a_newcomer_needs_them():
    text = command("--help").stdout
    assert [line.split()[0] for line in text[text.index("Commands:") :].splitlines()[1:]] == COMMANDS
    assert "..." not in text[text.index("Commands:") :]  # every one-line description fits


def test_run_help_says_which_numbers_a_run_uses():
    text = words(command("run", "--help").stdout)
    assert "each uncertain number stands at the value its author gave as most likely" in text
    assert "[default: results/NAME; of a company: results/NAME-FILE]" in text


def test_version():
    assert command("--version").stdout == f"minsim {minsim.__version__}\n"


def test_module_runs_like_the_command():
    done = subprocess.run([sys.executable, "-m", "minsim", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == f"minsim {minsim.__version__}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ["simulate"],
        ["run"],
        ["run", "small.yaml", "--format", "xls"],
        ["run", "small.yaml", "--seed", "-1"],
        ["validate"],
    ],
)
def test_bad_usage_exits_with_2(workplace, arguments):
    outcome = command(*arguments)
    assert outcome.exit_code == EXIT_INVALID
    assert outcome.stdout == ""
    assert not (workplace / "results").exists()


# ------------------------------------------------------------------------------------------------------- list, show, sources


def test_list_names_every_library_scenario_with_its_question_and_date():
    text = command("list").stdout
    for name in minsim.library():
        assert name in text
        assert minsim.load_scenario(name).model.as_of.isoformat() in text
    groups = {minsim.load_scenario(name).model.group for name in minsim.library()}
    headings = [line.strip() for line in text.splitlines() if line.strip() in groups]
    assert headings == sorted(groups, key=lambda group: (group == "Other", group))


def test_show_says_what_the_scenario_says(workplace):
    text = words(command("show", "small.yaml").stdout)
    for told in (
        "A year without Northern salt [test]",
        "What does Southland do without it for a year?",
        "2026-01-01 to 2027-12-31",
        "Rock salt (salt; tonnes of product)",
        "Northland 75%, Southland 25%",
        "4,000",
        "Salt reserve",
        "Northland stops selling (ban)",
        "from 2026-03-01, 365 days",
        "measure ban yes",
    ):
        assert told in text


def test_show_resolved_is_a_scenario_of_its_own(workplace):
    merged = command("show", "small.yaml", "--resolved").stdout
    (workplace / "merged.yaml").write_text(merged, "utf-8")
    assert yaml.safe_load(merged)["materials"]["salt"]["title"] == "Rock salt"
    assert minsim.load_scenario("merged.yaml").model == minsim.load_scenario("small.yaml").model


@pytest.mark.parametrize("name", ["magnet-ban", "rare-earth-magnets-2026"])
def test_every_library_scenario_can_be_shown_and_its_sources_listed(name):
    assert minsim.load_scenario(name).model.title in words(command("show", name).stdout)
    assert "assumption" in command("sources", name).stdout


def test_sources_lists_documents_with_their_inputs_and_assumptions_with_their_notes(workplace):
    text = words(command("sources", "small.yaml").stdout)
    for told in (
        "Survey of salt",
        "Salt Board",
        "https://example.org/survey",
        "no figure is published",
        "as in pepper",
    ):
        assert told in text
    sourced, assumed = text.split("Assumptions", 1)
    assert "materials.salt.stages.mine.producers.Northland.share" in sourced
    assert "materials.salt.stages.mine.utilisation" in assumed
    inputs = minsim.load_scenario("small.yaml").inputs()
    count = sum(entry.kind == "assumption" for entry in inputs)
    assert f"{count} of {len(inputs)} inputs are assumptions" in assumed


# --------------------------------------------------------------------------------------------------------------- validate


def test_validate_says_ok(workplace):
    outcome = command("validate", "small.yaml", "magnet-ban")
    assert outcome.exit_code == 0
    assert outcome.stdout.splitlines() == ["small.yaml: ok", "magnet-ban: ok"]


def test_warnings_are_printed_apart(workplace):
    warnings = minsim.load_scenario("small.yaml").warnings
    assert warnings  # Northland is no country
    outcome = command("validate", "small.yaml")
    assert outcome.stdout == "small.yaml: ok\n"
    assert outcome.stderr.splitlines() == [f"warning: {warning}" for warning in warnings]


def test_validate_reports_every_problem_of_every_file_and_goes_on(workplace):
    outcome = command("validate", "broken.yaml", "small.yaml", "nowhere.yaml")
    assert outcome.exit_code == EXIT_INVALID
    assert outcome.stdout.splitlines() == ["small.yaml: ok"]
    for told in ("utilization", "stock_days", "bags", "nowhere.yaml: not valid"):
        assert told in outcome.stderr
    assert len(re.findall(r"^broken\.yaml:\d+:\d+", outcome.stderr, re.MULTILINE)) >= 3


# -------------------------------------------------------------------------------------------------------------------- run


def test_run_answers_first_and_writes_below_results(workplace):
    outcome = command("run", "small.yaml", "--no-plot")
    assert outcome.exit_code == 0
    answer = minsim.run(minsim.load_scenario("small.yaml")).answer()
    assert words(outcome.stdout).startswith(words(answer.headline))
    assert all(words(line) in words(outcome.stdout.replace("•", "")) for line in answer.lines)
    assert "Written to results/small: " in outcome.stdout
    written = {path.name for path in (workplace / "results" / "small").iterdir()}
    assert written == {"daily.csv", "stockpiles.csv", "trade.csv", "events.csv", "summary.json", "manifest.json"}


def test_run_draws_unless_told_not_to(workplace):
    assert command("run", "small.yaml", "--out", "drawn", "--no-bracket").exit_code == 0
    assert (workplace / "drawn" / "shortfall.png").stat().st_size > 0
    assert (workplace / "drawn" / "shortfall.svg").stat().st_size > 0


def test_json_is_strict_and_alone_on_standard_output(workplace):
    outcome = command("run", "small.yaml", "--json", "--no-plot", "--out", "here")
    summary = strict_json(outcome.stdout)
    assert summary["scenario"] == "small"
    assert summary == strict_json((workplace / "here" / "summary.json").read_text("utf-8"))


def shortfall_t(*options):
    rows = strict_json(command("run", "small.yaml", "--json", "--no-plot", "--no-bracket", *options).stdout)["metrics"]
    return sum(row["value"] for row in rows if row["metric"] == "shortfall_t")


def test_set_replaces_values(workplace):
    assert shortfall_t() > shortfall_t("--set", "events.ban.duration_days=200") > 0
    assert shortfall_t("--set", "events.ban=null", "--set", "stockpiles=null") == 0


def test_no_bracket_leaves_the_reference_alone(workplace):
    outcome = command("run", "small.yaml", "--json", "--no-plot", "--no-bracket")
    assert {row["rerouting"] for row in strict_json(outcome.stdout)["bracket"]} <= {"reference"}


def test_seed_and_replication_decide_the_draws(workplace):
    draw = ["--set", "events.ban.duration_days={dist: uniform, low: 100, high: 400}"]
    central = shortfall_t(*draw)
    assert shortfall_t(*draw, "--seed", "7") == shortfall_t(*draw, "--replication", "0") != central
    assert shortfall_t(*draw, "--seed", "8") != shortfall_t(*draw, "--seed", "7")
    assert shortfall_t(*draw, "--replication", "1") != shortfall_t(*draw, "--replication", "0")


def test_manifest_keeps_the_command(workplace):
    command("run", "small.yaml", "--no-plot", "--no-bracket", "--set", "seed=9")
    manifest = strict_json((workplace / "results" / "small" / "manifest.json").read_text("utf-8"))
    assert manifest["command"] == "minsim run small.yaml --no-plot --no-bracket --set seed=9"


def test_parquet(workplace):
    command("run", "small.yaml", "--no-plot", "--no-bracket", "--format", "parquet", "--out", "here")
    assert (workplace / "here" / "daily.parquet").read_bytes().startswith(b"PAR1")


def test_an_invalid_scenario_prints_every_problem_and_writes_nothing(workplace):
    outcome = command("run", "broken.yaml", "--out", "here")
    assert outcome.exit_code == EXIT_INVALID
    assert outcome.stdout == ""
    for told in ("utilization", "stock_days", "bags", "nothing was run."):
        assert told in outcome.stderr
    assert "Traceback" not in outcome.stderr
    assert sorted(path.name for path in workplace.iterdir()) == ["broken.yaml", "small.yaml"]


@pytest.mark.parametrize("name", ["show", "sources", "validate", "run"])
def test_an_unknown_name_is_answered_with_a_near_one(workplace, name):
    outcome = command(name, "magnet-bam")
    assert outcome.exit_code == EXIT_INVALID
    assert "magnet-ban" in outcome.stderr
    assert not (workplace / "results").exists()


@pytest.mark.parametrize(
    "override", ["events.bam.duration_days=3", "events.ban.duration_days", "materials.salt.basis=bags"]
)
def test_a_wrong_override_is_a_problem(workplace, override):
    outcome = command("run", "small.yaml", "--set", override)
    assert outcome.exit_code == EXIT_INVALID
    assert outcome.stderr
    assert not (workplace / "results").exists()


def test_a_folder_that_cannot_be_written_fails_with_1(workplace):
    outcome = command("run", "small.yaml", "--no-plot", "--no-bracket", "--out", "small.yaml/inside")
    assert outcome.exit_code == EXIT_FAILED
    assert "cannot write" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_events_are_left_out_by_their_ids(workplace):
    assert shortfall_t("--without", "ban") == 0
    assert shortfall_t("--only", "ban") == shortfall_t()
    lull = "  lull: {type: demand_shock, materials: [salt], regions: all, factor: 0.5}\n"
    twice = SMALL.replace("events:\n", f"events:\n{lull}")
    (workplace / "small.yaml").write_text(twice, "utf-8")
    both, ban = shortfall_t(), shortfall_t("--only", "ban")
    assert ban > both
    assert shortfall_t("--without", "lull") == ban
    assert shortfall_t("--only", "ban, lull") == shortfall_t("--only", "ban", "--only", "lull") == both
    assert shortfall_t("--without", "lull,ban") == 0


@pytest.mark.parametrize("option", ["--without", "--only"])
def test_an_unknown_event_is_answered_with_a_near_one(workplace, option):
    outcome = command("run", "small.yaml", option, "bam")
    assert outcome.exit_code == EXIT_INVALID
    assert 'did you mean "ban"?' in outcome.stderr
    assert not (workplace / "results").exists()
    assert "expected the id of an event" in command("run", "small.yaml", option, " , ").stderr


# ---------------------------------------------------------------------------------------------------- attribute and why


def test_attribute_prints_both_tables_and_writes_them(workplace):
    outcome = command("attribute", "small.yaml")
    assert outcome.exit_code == 0
    text = words(outcome.stdout)
    assert "Which event costs whom how much" in text
    assert "Northland stops selling (ban)" in text
    assert "Waterfall of days of use lost" in text
    written = {path.name for path in (workplace / "results" / "small" / "attribution").iterdir()}
    assert written >= {"attribution.csv", "attribution.png", "attribution.json", "waterfall.csv", "waterfall.png"}
    assert "Written to results/small/attribution: " in text


def test_attribute_as_json_is_strict_and_alone(workplace):
    outcome = command("attribute", "small.yaml", "--json", "--no-plot", "--out", "here")
    told = strict_json(outcome.stdout)
    assert told == strict_json((workplace / "here" / "attribution.json").read_text("utf-8"))
    parts = {row["event"]: row["shortfall_t"] for row in told["attribution"] if row["region"] == "Southland"}
    assert parts == {"ban": pytest.approx(shortfall_t())}
    assert strict_json((workplace / "here" / "manifest.json").read_text("utf-8"))["command"].startswith(
        "minsim attribute"
    )


def test_attribute_of_nothing_says_so(workplace):
    text = command("attribute", "small.yaml", "--without", "ban", "--no-plot").stdout
    assert "No event leaves anybody short." in text
    assert "Nobody loses a day of use" in text


def test_why_explains_a_day(workplace):
    outcome = command("why", "small.yaml", "--region", "Southland", "--date", "2026-08-01")
    assert outcome.exit_code == 0
    text = words(outcome.stdout)
    assert text.startswith("On 1 August 2026 Southland lacked")
    assert "«Northland stops selling» held the lane to 0 t a day (since 1 March 2026)" in text
    assert "Salt reserve is empty since" in text
    assert not (workplace / "results").exists()


def test_why_as_json_is_strict(workplace):
    asked = ["why", "small.yaml", "--region", "Southland", "--date", "2026-08-01", "--material", "salt", "--json"]
    told = strict_json(command(*asked).stdout)
    assert (told["scenario"], told["region"], told["causes"]) == ("small", "Southland", ["ban"])


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (["--region", "Sothland", "--date", "2026-08-01"], 'did you mean "Southland"?'),
        (["--region", "Southland", "--date", "2028-08-01"], "expected a day of the run"),
        (["--region", "Southland", "--date", "August"], "expected a date as YYYY-MM-DD"),
        (["--region", "Southland", "--date", "2026-08-01", "--material", "sal"], 'did you mean "salt"?'),
    ],
)
def test_why_answers_wrong_questions_with_the_mend(workplace, asked, complaint):
    outcome = command("why", "small.yaml", *asked)
    assert outcome.exit_code == EXIT_INVALID
    assert complaint in outcome.stderr


# ----------------------------------------------------------------------------------------------------------------- schema


def test_schema_prints_a_json_schema():
    printed = strict_json(command("schema").stdout)
    assert {"format", "title", "materials", "events"} <= set(printed["properties"])


def test_schema_writes_a_file(workplace):
    outcome = command("schema", "--out", "scenario.schema.json")
    assert outcome.stdout == ""
    assert strict_json((workplace / "scenario.schema.json").read_text("utf-8")) == strict_json(command("schema").stdout)


def test_schema_that_cannot_be_written_fails_with_1(workplace):
    (workplace / "file").touch()
    outcome = command("schema", "--out", "file/scenario.schema.json")
    assert outcome.exit_code == EXIT_FAILED
    assert "file/scenario.schema.json" in outcome.stderr


# ------------------------------------------------------------------------------------------------- how commands end


def ending(monkeypatch, error):
    """Outcome of `minsim list` when the library raises `error`."""

    def fail():
        raise error

    monkeypatch.setattr("minsim.scenario.library", fail)
    return CliRunner().invoke(main, ["list"])


def test_an_error_raised_on_purpose_is_a_message(monkeypatch):
    outcome = ending(monkeypatch, OutputError("disk full"))
    assert (outcome.exit_code, outcome.stderr) == (EXIT_FAILED, "Error: disk full\n")


def test_a_bug_keeps_its_traceback(monkeypatch):
    outcome = ending(monkeypatch, ZeroDivisionError("a bug"))
    assert isinstance(outcome.exception, ZeroDivisionError)


def test_an_interrupt_is_told_in_one_line(monkeypatch):
    outcome = ending(monkeypatch, KeyboardInterrupt())
    assert (outcome.exit_code, outcome.stdout) == (EXIT_INTERRUPTED, "")
    assert outcome.stderr.startswith("Interrupted. ")
    assert outcome.stderr.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="signals differ")
def test_an_interrupt_from_the_keyboard_leaves_no_traceback():
    code = """
import signal, time
import minsim.scenario
from minsim.cli.main import main

def wait():
    print(flush=True)
    while True:  # in short sleeps: a signal just before a long one would be noticed only after it
        time.sleep(0.05)

signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored
minsim.scenario.library = wait
main(["list"])
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=300)
    assert process.returncode == EXIT_INTERRUPTED
    assert complaint.startswith(b"Interrupted. ")
    assert complaint.count(b"\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="pipes differ")
def test_a_reader_that_stops_reading_is_not_an_error():
    code = "import sys; from minsim.cli.main import main; sys.stdin.readline(); main(['schema'])"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.close()  # as `| head` does once it has seen enough
        process.stdin.write("\n")
        process.stdin.close()
        assert "Traceback" not in process.stderr.read()
