"""What is printed never costs a result: streams that are not UTF-8, full or closed."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

import minsim
from minsim.cli import common
from minsim.cli.main import EXIT_FAILED, main

FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device")
TOLD = "Ministère — 5 × 3 ≤ 15 → … ± 1 €"


def minsim_in(folder, *arguments, encoding=None, **streams):
    """A command in a process of its own."""
    settings = {"PYTHONIOENCODING": encoding} if encoding else {}
    environment = {**os.environ, **settings}
    if encoding == "C":
        del environment["PYTHONIOENCODING"]
        environment |= {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    command = [sys.executable, "-m", "minsim", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=False, **streams)


@pytest.fixture(scope="module")
def titled(tmp_path_factory):
    """A scenario whose title needs letters that few encodings have, and its baseline."""
    folder = tmp_path_factory.mktemp("titled")
    told = minsim.load_scenario("magnet-ban").resolved
    (folder / "titled.yaml").write_text(json.dumps({**told, "title": TOLD, "description": TOLD}), "utf-8")
    made = minsim_in(folder, "regress", "titled.yaml", "--baselines", "baselines", "--update")
    assert made.returncode == 0, made.stderr
    return folder


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "gbk", "C"])
@pytest.mark.parametrize("command", [("show", "titled.yaml"), ("sources", "titled.yaml", "--format", "md"), ("list",)])
def test_letters_that_a_stream_lacks_are_replaced(titled, encoding, command):
    done = minsim_in(titled, *command, encoding=encoding)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    text = done.stdout.decode("ascii" if encoding == "C" else encoding)
    if command[0] == "show" and encoding in ("ascii", "C"):
        assert "Ministere - 5 x 3 <= 15 -> ... +/- 1 EUR" in text


def test_what_another_program_reads_is_escaped_not_replaced(titled):
    done = minsim_in(titled, "show", "titled.yaml", "--resolved", encoding="cp1252")
    (titled / "again.yaml").write_bytes(done.stdout)
    assert minsim.load_scenario(titled / "again.yaml").model.title == TOLD


@pytest.mark.parametrize("encoding", ["cp1252", "gbk"])
def test_drifts_reach_their_reports_whatever_the_stream(titled, encoding):
    shorter = ("--set", "events.ban.duration_days=100")
    reports = ("--junit", f"{encoding}.xml", "--markdown", f"{encoding}.md")
    done = minsim_in(titled, "regress", "--baselines", "baselines", *shorter, *reports, encoding=encoding)
    assert done.returncode == EXIT_FAILED
    assert b"Traceback" not in done.stderr
    assert b"drifts" in done.stdout
    assert "drifted" in (titled / f"{encoding}.md").read_text("utf-8")
    assert "<failure" in (titled / f"{encoding}.xml").read_text("utf-8")


@FULL
def test_results_are_kept_where_nothing_can_be_printed(titled):
    with open("/dev/full", "w") as full:
        done = minsim_in(titled, "run", "titled.yaml", "--no-plot", "--no-bracket", "--out", "full", stdout=full)
    assert done.returncode == EXIT_FAILED
    assert done.stderr.decode().splitlines()[-1].startswith("Error: cannot print: no space left on device")
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr
    assert (titled / "full" / "manifest.json").exists()
    with open("/dev/full", "w") as full:
        done = minsim_in(
            titled, "run", "titled.yaml", "--no-plot", "--no-bracket", "--out", "both", stdout=full, stderr=full
        )
    assert done.returncode == EXIT_FAILED
    assert (titled / "both" / "manifest.json").exists()


@FULL
@pytest.mark.parametrize("command", [("--help",), ("--version",), ("list",), ("schema",), ("validate", "magnet-ban")])
def test_every_command_says_that_it_cannot_print(tmp_path, command):
    with open("/dev/full", "w") as full:
        done = minsim_in(tmp_path, *command, stdout=full)
    assert done.returncode == EXIT_FAILED
    assert b"cannot print: no space left on device" in done.stderr
    assert b"Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes differ")
def test_a_closed_pipe_costs_no_result_and_is_passed_over_in_silence(titled):
    reader, writer = os.pipe()
    os.close(reader)
    done = minsim_in(titled, "run", "titled.yaml", "--no-plot", "--no-bracket", "--out", "closed", stdout=writer)
    os.close(writer)
    assert done.returncode == EXIT_FAILED
    assert not [line for line in done.stderr.decode().splitlines() if not line.startswith("warning: ")]
    assert (titled / "closed" / "manifest.json").exists()


def test_signs_without_a_near_one_become_question_marks():
    assert "a \u2603 \u00e9 \udc80 \u2026".encode("ascii", errors="minsim.plainer") == b"a ? e ? ..."
    assert all(text.isascii() for text in common.PLAIN.values())


@pytest.mark.parametrize(
    "command",
    [
        ("run", "magnet-ban"),
        ("attribute", "magnet-ban"),
        ("ensemble", "magnet-ban"),
        ("sweep", "magnet-ban", "--over", "seed=1"),
    ],
    ids=lambda command: command[0],
)
def test_a_folder_of_somebody_elses_is_refused_before_anything_is_simulated(tmp_path, command, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "summary.json").write_text("mine", "utf-8")
    outcome = CliRunner().invoke(main, [*command, "--out", "."])
    assert outcome.exit_code == EXIT_FAILED
    assert "summary.json, which minsim did not write" in outcome.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"summary.json"}
