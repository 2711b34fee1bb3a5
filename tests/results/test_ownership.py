"""Only folders that minsim made are used again, and no file is touched that it did not write."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import synthetic

from minsim.errors import OutputError
from minsim.results import files, ownership
from minsim.results.atomic import whole_file, write_text


@pytest.fixture(scope="module")
def run():
    return synthetic.finished(vault_t=300.0)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def refused(run, folder, *said):
    before = content(folder)
    with pytest.raises(OutputError) as caught:
        run.save(folder, plot=False)
    assert content(folder) == before
    for part in said:
        assert part in str(caught.value)


def test_a_folder_of_somebody_elses_is_refused_by_the_names_of_its_files(run, tmp_path):
    for name in ("notes.txt", "events.csv", "manifest.json"):
        (tmp_path / name).write_text("mine", "utf-8")
        refused(run, tmp_path, name, "which minsim did not write", "Give another folder")
    (tmp_path / "notes.txt").unlink()
    refused(run, tmp_path, "events.csv, manifest.json")


def test_a_manifest_of_another_program_makes_no_folder_of_ours(run, tmp_path):
    (tmp_path / "manifest.json").write_text(json.dumps({"name": "an app", "files": ["events.csv"]}), "utf-8")
    refused(run, tmp_path, "manifest.json, which minsim did not write")


def test_folders_hidden_files_and_the_page_of_a_report_are_in_nobodys_way(run, tmp_path):
    (tmp_path / "attribution").mkdir()
    (tmp_path / ".gitignore").write_text("*", "utf-8")
    (tmp_path / "report.html").write_text("<p>", "utf-8")
    run.save(tmp_path, plot=False)
    assert (tmp_path / "report.html").read_text("utf-8") == "<p>"


def test_files_added_to_a_result_are_left_alone_unless_they_are_in_the_way(run, tmp_path):
    run.save(tmp_path, plot=False)
    (tmp_path / "notes.txt").write_text("mine", "utf-8")
    run.save(tmp_path, plot=False)
    assert (tmp_path / "notes.txt").read_text("utf-8") == "mine"
    (tmp_path / "shortfall.png").write_text("mine", "utf-8")  # a run may draw it
    refused(run, tmp_path, "shortfall.png, which minsim did not write")


def test_a_file_changed_since_is_not_overwritten(run, tmp_path):
    run.save(tmp_path, plot=False)
    (tmp_path / "daily.csv").write_text("mine", "utf-8")
    refused(run, tmp_path, "daily.csv, changed since minsim wrote it", "move it away")
    (tmp_path / "daily.csv").unlink()
    run.save(tmp_path, plot=False)


def test_a_folder_where_a_file_is_to_be_is_refused(run, tmp_path):
    (tmp_path / "events.csv").mkdir()
    with pytest.raises(OutputError, match=r"events\.csv, a folder where a file is to be"):
        run.save(tmp_path, plot=False)


def test_the_result_of_another_command_is_refused_and_kept(run, tmp_path):
    other = files.ResultFiles(
        {"sweep.csv": {"x": np.array([1.0])}, "summary.json": {}, "manifest.json": {"command": "a b"}}, {}
    )
    other.save(tmp_path)
    refused(run, tmp_path, "sweep.csv", "the result of `a b`", "remove that result")
    assert other.save(tmp_path) == tmp_path


def test_the_manifest_lists_the_files_with_their_checksums(run, tmp_path):
    run.save(tmp_path)
    listed = json.loads((tmp_path / "manifest.json").read_text("utf-8"))["files"]
    assert listed == {
        path.name: ownership.checksum(path) for path in sorted(tmp_path.iterdir()) if path.name != "manifest.json"
    }


def test_a_command_killed_while_files_were_moved_can_be_given_again(run, tmp_path, monkeypatch):
    run.save(tmp_path, plot=False)
    real, moved = os.replace, []

    def replace(source, target):
        moved.append(target)
        if len(moved) == 4:
            raise KeyboardInterrupt
        real(source, target)

    changed = synthetic.finished(vault_t=200.0)
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            changed.save(tmp_path, plot=False)
    assert not (tmp_path / "manifest.json").exists()
    changed.save(tmp_path)
    assert not (tmp_path / ownership.JOURNAL).exists()
    changed.save(tmp_path / "anew")
    assert content_of_files(tmp_path) == content_of_files(tmp_path / "anew")


def content_of_files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_two_processes_never_mix_their_files(run, tmp_path):
    with ownership.alone_in(tmp_path / "out"):
        code = (
            "import sys; from pathlib import Path; from minsim.results import ownership; ownership.LONGEST_WAIT_S = 0.1\n"
            f"with ownership.alone_in(Path({str(tmp_path / 'out')!r})): pass"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "another minsim is writing to" in done.stderr


# -------------------------------------------------------------------------------------------------------------- one file


@pytest.mark.parametrize("fault", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_file_is_whole_or_as_it_was(tmp_path, fault):
    path = tmp_path / "deep" / "page.html"
    write_text(path, "before")

    def write():
        with whole_file(path) as draft:
            draft.write_text("half", "utf-8")
            raise fault

    with pytest.raises(OutputError if isinstance(fault, OSError) else KeyboardInterrupt) as caught:
        write()
    if isinstance(fault, OSError):
        assert str(caught.value) == f"cannot write {path}: no space left on device"
    assert content(path.parent) == {"page.html": b"before"}


@pytest.mark.skipif(os.name == "nt", reason="links and modes differ")
def test_a_link_stays_a_link_and_a_mode_a_mode(tmp_path):
    write_text(tmp_path / "real.txt", "before")
    (tmp_path / "real.txt").chmod(0o640)
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_text(tmp_path / "link.txt", "after")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text("utf-8") == "after"
    assert (tmp_path / "real.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no such device")
def test_a_device_is_written_to_and_never_replaced():
    write_text(Path("/dev/null"), "x")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(OutputError, match="cannot write /dev/full: no space left on device"):
        write_text(Path("/dev/full"), "x")


# ------------------------------------------------------------------------------------------------------------ spreadsheets


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1+1)", "\t=1", "\r=1", "\uff1d1+1"])
def test_texts_are_no_formulas(tmp_path, text):
    files.write_csv(tmp_path / "t.csv", {text: np.array([text, "Japan"], dtype=object)})
    assert (tmp_path / "t.csv").read_bytes().count(f"'{text}".encode()) == 2
    assert files.csv_text([text], [[text]]).count(f"'{text}") == 2


@pytest.mark.parametrize("number", ["-40", "+1e5", "-0.5"])
def test_numbers_stay_numbers(tmp_path, number):
    files.write_csv(tmp_path / "t.csv", {"a": np.array([number], dtype=object), "b": np.array([float(number)])})
    assert (tmp_path / "t.csv").read_text("utf-8").splitlines()[1].startswith(f"{number},")
