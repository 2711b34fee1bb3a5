"""Many scenarios at once: the same for any number of jobs, an index that agrees with the runs, failures that stop nobody."""

import csv
import datetime as dt
import shutil

import pytest
from click.testing import CliRunner

import minsim
from minsim.charts.library_runs import plot_catalogue
from minsim.cli.main import main
from minsim.studies import library_runs
from minsim.studies.library_runs import Entry, Loss, Request, index_page, index_rows

NAMES = ("european-magnets", "truce-lapses-legal")


@pytest.fixture
def small_library(tmp_path, monkeypatch):
    """A library of two scenarios, one of which is never short, and one that cannot be loaded."""
    folder = tmp_path / "library"
    folder.mkdir()
    for name in (*NAMES, "magnet-ban", "rare-earth-magnets-2026"):
        shutil.copy(minsim.library()[name], folder)
    (folder / "broken.yaml").write_text("format: 1\ntitle: no more than this\n", encoding="utf-8")
    known = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    monkeypatch.setattr("minsim.scenario.library", lambda: {name: known[name] for name in ("broken", *NAMES)})
    monkeypatch.setattr("minsim.scenario.reading.inheritance.library", lambda: known)
    return folder


@pytest.mark.slow
def test_all_writes_every_scenario_and_an_index_and_tells_of_failures(small_library, tmp_path):
    out = tmp_path / "out"
    done = CliRunner().invoke(main, ["run", "all", "--out", str(out), "--jobs", "1", "--no-bracket"])
    assert done.exit_code == 1
    assert "broken failed:" in done.output
    assert "Error: 1 of 3 scenarios failed; the others are written" in done.output
    assert {path.name for path in out.iterdir() if path.is_dir()} == set(NAMES)
    with (out / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    run = minsim.run("european-magnets", bracket=False)
    (days,) = (
        r["value"] for r in run.metric_rows if (r["region"], r["metric"]) == ("European Union", "shortfall_days")
    )
    assert [(row["scenario"], row["region"]) for row in rows] == [("european-magnets", "European Union")]
    assert float(rows[0]["days_lost"]) == pytest.approx(days, rel=1e-11)
    assert rows[0]["short_from"] == "2027-02-02"
    assert rows[0]["days_lost_without_rerouting"] == ""
    page = (out / "index.md").read_text("utf-8")
    assert "2 scenarios run; 1 failed. Somebody runs short in 1 of them." in page
    assert "- **broken**: " in page
    assert (out / "days-lost.svg").read_bytes().startswith(b"<?xml")


@pytest.mark.slow
def test_any_number_of_jobs_gives_the_same_files(tmp_path):
    texts = []
    for jobs in (1, 2):
        out = tmp_path / str(jobs)
        requests = [Request(name, out, bracket=False, plot=False) for name in NAMES]
        entries = library_runs.run_all(requests, jobs)
        library_runs.save_index(entries, out, plot=False)
        files = sorted(path for path in out.rglob("*") if path.is_file())
        texts.append({str(path.relative_to(out)): path.read_bytes() for path in files})
    assert len(texts[0]) == 3 + 6 + 7  # index and manifest, and one scenario has licences
    assert texts[0] == texts[1]


@pytest.mark.parametrize(
    "option", [["--set", "seed=1"], ["--without", "ban"], ["--only", "ban"], ["--company", "x.yaml"], ["--json"]]
)
def test_options_for_one_scenario_are_refused(option):
    done = CliRunner().invoke(main, ["run", "all", *option])
    assert done.exit_code == 2
    assert f"{option[0]} is for one scenario at a time" in done.output


def test_one_scenario_has_no_workers(tmp_path):
    done = CliRunner().invoke(main, ["run", "magnet-ban", "--jobs", "2", "--out", str(tmp_path / "out")])
    assert (done.exit_code, (tmp_path / "out").exists()) == (2, False)
    assert "--jobs goes with `all`" in done.output


AS_OF = dt.date(2026, 2, 5)
LOSS = Loss("Magnets", "Japan", 98.6, 120.2, 0.2, "2026-06-03", 200, 12.5, "2026-05-01")
ENTRIES = [
    Entry("ban", "Curbs", "What if?", AS_OF, headline="Japan loses", losses=(LOSS,), regions=("Japan", "China")),
    Entry("calm", "Curbs", "And else?", AS_OF, headline="Nobody does", regions=("China",)),
]


def test_the_index_gives_days_with_their_bracket():
    assert "| Magnets | Japan | 99 (120 → < 1) | 2026-06-03 | 2026-05-01 |" in index_page(ENTRIES)
    (row,) = index_rows(ENTRIES)
    assert (row["days_lost"], row["days_lost_without_rerouting"], row["days_lost_free_rerouting"]) == (98.6, 120.2, 0.2)


def test_the_heat_map_tells_none_lost_from_no_user():
    figure = plot_catalogue(ENTRIES)
    (axes,) = figure.axes
    cells = {text.get_position(): text.get_text() for text in axes.texts}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["Japan", "China"]
    assert cells == {(0.5, 0.5): "99", (1.5, 0.5): "0", (0.5, 1.5): "–", (1.5, 1.5): "0"}
    title = " ".join(text.get_text() for text in figure.texts).replace("\xa0", " ")
    assert "99 days of magnets; somebody runs short in 1 of 2 scenarios" in title
