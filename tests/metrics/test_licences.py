"""The licence queue by week: against the applications one by one, in a table, a file and a picture."""

import csv
import datetime as dt

import networks
import numpy as np
import pytest
import synthetic
from networks import START

from minsim.charts.licences import plot_licences
from minsim.metrics.licences import licence_columns, licence_weeks
from minsim.results import run as results
from minsim.simulation.log import Application

COLUMNS = ["week", "event", "importer", "applied_t", "approved_t", "refused_t", "waiting_t", "mean_wait_days"]
LICENCE = {"review_days": 20, "decisions_per_day": 5, "approval_rate": 0.75, "reapply_after_days": 30}


def licensed(begin=100, **curb):
    """China licenses what the United States and Japan buy."""
    mapping = networks.closed_form(days=400)
    curb = {"measure": {"licence": LICENCE}, "importers": ["United States", "Japan"], **curb}
    mapping["events"] = {"licences": networks.ban(begin, 200, title="China licenses", **curb)}
    return networks.scenario(mapping)


@pytest.fixture(scope="module")
def run():
    return results.run(licensed())


def by_hand(*filed):
    """A record with applications under the synthetic ban, which starts on day 282."""
    return synthetic.changed(synthetic.record(), applications=filed)


def filed(day, tonnes, decided=None, approved=0.0, importer="United States"):
    refused = tonnes - approved if decided is not None else 0.0
    return Application("ban", importer, day, tonnes, decided, approved, refused)


def test_weeks_by_hand():
    record = by_hand(
        filed(289, 70.0, 296, 60.0), filed(296, 30.0, 297, 30.0), filed(303, 5.0), filed(289, 1.0, importer="Japan")
    )
    weeks = [week for week in licence_weeks(record) if week.importer == "United States"]
    assert [week.first_day for week in weeks[:5]] == [282, 289, 296, 303, 310]
    told = [(w.applied_t, w.approved_t, w.refused_t, w.waiting_t) for w in weeks[:5]]
    assert told == [(0, 0, 0, 0), (70, 0, 0, 70), (30, 90, 10, 0), (5, 0, 0, 5), (0, 0, 0, 5)]
    assert weeks[2].mean_wait_days == 4.0
    assert np.isnan([week.mean_wait_days for week in weeks[:5] if week is not weeks[2]]).all()
    # Until the run ends, for somebody waits until then; every importer has the same weeks.
    assert weeks[-1].first_day + 7 >= record.network.days
    assert len(licence_weeks(record)) == 2 * len(weeks)


def test_weeks_end_with_the_curb_or_the_last_decision():
    assert licence_weeks(by_hand(filed(289, 1.0, 290, 1.0)))[-1].first_day + 7 >= synthetic.UNTIL
    late = licence_weeks(by_hand(filed(289, 1.0, 700, 1.0)))[-1]
    assert late.first_day <= 700 < late.first_day + 7


def test_weeks_of_a_curb_that_began_before_the_run_are_counted_from_its_first_day():
    record = by_hand(filed(7, 1.0, 9, 1.0))
    record.network.events = [synthetic.ScheduledEvent("ban", "Ban", "export_curb", -10, 20)]
    assert [week.first_day for week in licence_weeks(record)] == [-3, 4, 11, 18]


def test_table_is_made_of_the_applications(run):
    table, applications = run.licences, run.record.applications
    assert list(table.columns) == COLUMNS
    assert {a.importer for a in applications} == {"United States", "Japan"}
    assert table["applied_t"].sum() == pytest.approx(sum(a.tonnes for a in applications))
    assert table["approved_t"].sum() == pytest.approx(sum(a.approved_t for a in applications))
    assert table["refused_t"].sum() == pytest.approx(0.25 * sum(a.tonnes for a in applications if a.decided_day))
    # What was applied for was decided, or waits, at the end of every week.
    for _, own in table.groupby("importer"):
        open_t = (own["applied_t"] - own["approved_t"] - own["refused_t"]).cumsum()
        np.testing.assert_allclose(own["waiting_t"], open_t, atol=1e-9)
    assert set(table["mean_wait_days"].dropna()) == {20.0}


def test_weeks_are_dates_from_the_curbs_first_day(run):
    first = run.licences["week"].iloc[0]
    assert first.date() == START + dt.timedelta(days=100)
    assert set(run.licences["week"].diff().dropna().dt.days.abs()) >= {7}


def test_a_file_and_a_picture_where_there_are_any(run, tmp_path):
    run.save(tmp_path / "with")
    with (tmp_path / "with" / "licences.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == COLUMNS
    assert rows[0]["week"] == (START + dt.timedelta(days=100)).isoformat()
    assert rows[0]["mean_wait_days"] == ""
    assert (tmp_path / "with" / "licences.png").stat().st_size > 0
    run.save(tmp_path / "undrawn", plot=False)
    assert not (tmp_path / "undrawn" / "licences.png").exists()


def test_neither_where_there_are_none(tmp_path):
    run = synthetic.finished()
    assert run.licences.empty
    assert list(run.licences.columns) == COLUMNS
    run.save(tmp_path / "out")
    assert not list((tmp_path / "out").glob("licences*"))
    assert len(licence_columns(run.record)["week"]) == 0


def test_picture_stacks_importers_and_says_how_long_they_wait(run):
    figure = plot_licences(run)
    title = " ".join(text.get_text().replace("\u00a0", " ") for text in figure.texts)
    assert "a decision takes 20 days on average" in title
    names = {text.get_text() for text in figure.axes[0].texts}
    assert {"United States", "Japan"} <= names
    assert run.plot_licences("licences").figure.axes
    waiting = sum(bar.get_height() for bar in figure.axes[0].patches)
    assert waiting == pytest.approx(run.licences["waiting_t"].sum())


def test_picture_of_nothing_is_an_error(run):
    with pytest.raises(ValueError, match="nobody applied"):
        synthetic.finished().plot_licences()
    with pytest.raises(ValueError, match="under 'bans'"):
        run.plot_licences("bans")
