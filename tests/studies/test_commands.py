"""The commands about risk: words, files, exit codes; and pictures that are drawn without warnings."""

import json
import shlex

import click
import pytest
import yaml
from click.testing import CliRunner

from minsim import studies
from minsim.charts import style
from minsim.cli.main import main
from minsim.cli.studies import COMMANDS


def command(*arguments):
    outcome = CliRunner().invoke(main, list(map(str, arguments)))
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


@pytest.fixture
def file(uncertain_events, tmp_path):
    path = tmp_path / "salt.yaml"
    path.write_text(yaml.safe_dump(uncertain_events.resolved), "utf-8")
    return path


@pytest.mark.parametrize("made", COMMANDS, ids=lambda made: made.name)
def test_help_documents_every_option_and_gives_an_example(made):
    text = command(made.name, "--help").stdout
    assert "Examples:" in text
    for parameter in made.params:
        if isinstance(parameter, click.Option):
            assert parameter.help
            assert max(parameter.opts, key=len) in text


def test_ensemble_answers_and_writes(file, tmp_path):
    out = tmp_path / "out"
    outcome = command("ensemble", file, "-n", 20, "--jobs", 1, "--out", out, "--until-se", "500days")
    assert outcome.exit_code == 0
    assert "In 90% of replications Southland loses" in outcome.stdout
    assert "Probability that Southland runs short: " in outcome.stdout
    names = {path.name for path in out.iterdir()}
    assert names == {"fan.csv", "fan.png", "manifest.json", "parts", "replications.parquet", "summary.json"}
    again = command("ensemble", file, "-n", 20, "--jobs", 1, "--out", out)
    assert again.stdout == outcome.stdout
    other = command("ensemble", file, "-n", 20, "--jobs", 1, "--out", out, "--seed", 9)
    assert other.exit_code == 1
    assert "give another folder" in other.stderr


def test_failures_end_with_the_command_that_runs_one_again(failing, tmp_path):
    path = tmp_path / "salt.yaml"
    path.write_text(yaml.safe_dump(failing.resolved), "utf-8")
    outcome = command("ensemble", path, "-n", 8, "--jobs", 1, "--out", tmp_path / "out", "--no-plot")
    assert outcome.exit_code == 1
    summary = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    first = summary["failures"][0]
    again = f"minsim run {path} --seed 7 --replication {first['replication']}"
    assert again in outcome.stderr
    rerun = command(*again.split()[1:], "--out", tmp_path / "rerun")
    assert rerun.exit_code == 2
    assert "availability" in rerun.stderr


@pytest.mark.parametrize(
    "question",
    [
        ("size", "--stockpile", "reserve", "--region", "Southland", "--at-most", 400, "-n", 8),
        ("sweep", "--over", "stockpiles.reserve.target_days=5,9", "-n", 8),
    ],
    ids=lambda question: question[0],
)
def test_a_question_with_failures_says_how_to_run_one_again(failing, tmp_path, question):
    path = tmp_path / "salt.yaml"
    path.write_text(yaml.safe_dump(failing.resolved), "utf-8")
    name, *more = question
    outcome = command(name, path, *more, "--jobs", 1, "--out", tmp_path / "out", "--no-plot")
    assert outcome.exit_code == 1
    again = next(line for line in outcome.stderr.splitlines() if "minsim run" in line)
    assert "--set stockpiles.reserve.target_days=" in again
    rerun = command(*shlex.split(again)[1:], "--out", tmp_path / "rerun")
    assert rerun.exit_code == 2
    assert "availability" in rerun.stderr
    cause = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))["failures"][0]
    assert {"replication", "cause", "seed", "changes"} == set(cause)


def test_compare_sweep_size_and_sensitivity(file, tmp_path):
    other = tmp_path / "pepper.yaml"
    other.write_text(file.read_text("utf-8").replace("target_days: 20", "target_days: 40"), "utf-8")
    cases = {
        "comparison": ("compare", file, other, "-n", 4),
        "sweep": ("sweep", file, "--over", "stockpiles.reserve.target_days=0:40:20", "-n", 3),
        "size": ("size", file, "--stockpile", "reserve", "--region", "Southland", "-n", 3, "--most", 60),
        "sensitivity": ("sensitivity", file, "--samples", 2),
    }
    for name, arguments in cases.items():
        out = tmp_path / name
        outcome = command(*arguments, "--jobs", 1, "--out", out)
        assert outcome.exit_code == 0, outcome.stderr
        written = {path.name for path in out.iterdir()}
        assert written == {f"{name}.csv", f"{name}.png", "summary.json", "manifest.json", "parts"}
        assert str(out) not in (out / "manifest.json").read_text("utf-8")


@pytest.mark.parametrize(
    "arguments",
    [("ensemble", "-n", "0"), ("ensemble", "--until-se", "0days"), ("ensemble", "--until-se", "soon"), ("sweep",)],
)
def test_wrong_options_are_usage_errors(file, arguments):
    assert command(arguments[0], file, *arguments[1:]).exit_code == 2


def test_pictures_are_drawn_into_axes_of_ones_own_too(uncertain_events):
    from matplotlib.figure import Figure

    found = studies.ensemble(uncertain_events, 6)
    ax = found.plot(Figure().add_subplot(), place=("salt", "Southland"))
    assert "Southland" in ax.texts[0].get_text()
    calm = studies.ensemble(uncertain_events.with_overrides({"events.ban": None, "events.flood": None}), 2)
    assert calm.answer().headline == "Nobody runs short in any of 2 replications"
    assert calm.plot().figure is not None


def test_sweeps_draw_lines_by_words_and_maps_by_numbers(uncertain_events, tmp_path):
    words = studies.sweep(uncertain_events, {"stockpiles.reserve.fill.rule": ("surplus_only", "always")})
    grid = studies.sweep(
        uncertain_events,
        {
            "stockpiles.reserve.target_days": tuple(range(0, 50, 10)),
            "events.ban.duration_days": tuple(range(50, 100, 10)),
        },
    )
    for found in (words, grid):
        style.save_figure(found.plot().figure, tmp_path / "sweep.png")
    assert grid.plot().images
    assert not words.plot().images
