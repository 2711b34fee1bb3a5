"""`minsim report`, by name and by results folder."""

import json
import re

import pytest
import yaml
from click.testing import CliRunner
from report_pages import salt

from minsim.cli.main import EXIT_INVALID, main

QUICK = ("--draws", "3", "--jobs", "1")


def invoke(*arguments):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A scenario file, the folder of its run, and its page."""
    folder = tmp_path_factory.mktemp("salt")
    scenario = folder / "salt.yaml"
    scenario.write_text(yaml.safe_dump(salt().resolved, allow_unicode=True), "utf-8")
    ran = invoke("run", scenario, "--no-plot", "--out", folder / "results")
    assert ran.exit_code == 0, ran.output
    told = invoke("report", scenario, "-o", folder / "by-name.html", *QUICK)
    assert told.exit_code == 0, told.output
    return folder, told


def without_command(text):
    shorter, count = re.subn(r'<div id="command">.*?</div>', "", text)
    assert count == 1
    return shorter


def test_by_name_it_writes_the_page_and_says_what_it_does(written):
    folder, told = written
    assert (folder / "by-name.html").read_text("utf-8").lstrip().startswith("<!doctype html>")
    assert [line.split(" (")[0] for line in told.stderr.splitlines() if not line.startswith("warning: /")] == [
        "Simulating salt",
        "3 draws of the uncertain numbers",
        "2 runs with one number moved",
        "3 stocks to buy",
        f"Wrote {folder / 'by-name.html'}",
    ]
    assert told.stdout == ""


def test_a_folder_gives_the_page_of_its_scenario(written):
    folder, _ = written
    told = invoke("report", folder / "results", *QUICK)
    assert told.exit_code == 0, told.output
    assert "warning" not in told.stderr
    by_folder = (folder / "results" / "report.html").read_text("utf-8")
    assert without_command(by_folder) == without_command((folder / "by-name.html").read_text("utf-8"))
    # The footer names both commands: the one that made the folder, and the one that made the page of it.
    (commands,) = re.findall(r'<div id="command">.*?<code>(.*?)</code>', by_folder)
    assert re.fullmatch(r"minsim run salt.yaml .* &amp;&amp; minsim report results .*", commands)
    assert (folder / "results" / "manifest.json").exists()


def test_a_drawn_run_is_drawn_again(written, tmp_path):
    folder, _ = written
    for target in (("run", folder / "salt.yaml", "--no-plot", "--replication", 2, "--out", tmp_path / "drawn"),
                   ("report", folder / "salt.yaml", "--replication", 2, "-o", tmp_path / "named.html", *QUICK),
                   ("report", tmp_path / "drawn", "-o", tmp_path / "folder.html", *QUICK)):  # fmt: skip
        done = invoke(*target)
        assert done.exit_code == 0, done.output
        assert "has changed" not in done.stderr
    pages = [without_command((tmp_path / f"{name}.html").read_text("utf-8")) for name in ("named", "folder")]
    assert pages[0] == pages[1]
    assert pages[0] != without_command((folder / "by-name.html").read_text("utf-8"))


def test_changed_figures_are_said_on_the_page_and_in_the_terminal(written, tmp_path):
    folder, _ = written
    for name in ("manifest.json", "summary.json"):
        (tmp_path / name).write_bytes((folder / "results" / name).read_bytes())
    summary = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    row = next(row for row in summary["metrics"] if row["metric"] == "shortfall_days" and row["value"])
    row["value"] += 1.0
    (tmp_path / "summary.json").write_text(json.dumps(summary), "utf-8")
    told = invoke("report", tmp_path, "-o", tmp_path / "page.html", *QUICK)
    assert told.exit_code == 0, told.output
    assert "1 figure of" in told.stderr
    assert "shortfall_days (salt, " in told.stderr
    assert "The package has changed since the folder was written" in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("manifest", "summary", "said"),
    [
        (None, None, "manifest.json is missing"),
        ("{", "{}", "manifest.json cannot be read"),
        ("[]", "{}", "expected a mapping, got list"),
        ("{}", "{}", "manifest.json: no resolved_scenario"),
        ("{}", "{}", "summary.json: no metrics"),
    ],
)
def test_another_folder_is_refused_and_nothing_written(tmp_path, manifest, summary, said):
    for name, text in (("manifest.json", manifest), ("summary.json", summary)):
        if text is not None:
            (tmp_path / name).write_text(text, "utf-8")
    before = sorted(tmp_path.iterdir())
    done = invoke("report", tmp_path, *QUICK)
    assert done.exit_code == EXIT_INVALID
    assert said in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_a_folder_cannot_be_changed_by_options(written):
    done = invoke("report", written[0] / "results", "--set", "events.ban.duration_days=5", *QUICK)
    assert done.exit_code == 2
    assert "give the scenario's name to change it" in done.stderr


def test_an_unknown_scenario_is_refused(tmp_path):
    done = invoke("report", "no-such-scenario", "-o", tmp_path / "page.html")
    assert done.exit_code == EXIT_INVALID
    assert not (tmp_path / "page.html").exists()
