"""What the charts of cover, supply, flows and days lost say, in numbers; and the command that draws them."""

import json

import numpy as np
import pytest
import synthetic
from charts.test_pictures import finished
from click.testing import CliRunner

from minsim import charts
from minsim.charts import heatmap
from minsim.charts.flows import plot_flows
from minsim.charts.supply import MONTH_DAYS, Months, Supply
from minsim.cli.main import main
from minsim.errors import MinsimError, NotInRunError
from minsim.results import run as results


def title_of(figure):
    """The finding, which stands in the first lines of the head, in bold."""
    return " ".join(text.get_text() for text in figure.texts if text.get_fontweight() == "bold").replace("\u00a0", " ")


def labels_of(ax):
    return {text.get_text() for text in ax.texts if text.get_text()}


# ------------------------------------------------------------------------------------------------------------------ supply


def test_months_are_put_on_one_length():
    months = Months.of(synthetic.network())
    assert months.days[:3].tolist() == [28, 31, 30]
    assert months.rate(np.full(synthetic.DAYS, 2.0)) == pytest.approx(np.full(35, 2 * MONTH_DAYS))
    assert months.put_on_month(months.days * 3.0) == pytest.approx(np.full(35, 3 * MONTH_DAYS))


def test_supply_adds_up_origins_leaks_and_releases():
    supply = Supply.of(finished(), None, None)
    assert supply.region == "United States"
    of_31 = MONTH_DAYS / 31
    march, december_2026, march_2027 = 1, 10, 13
    assert supply.shipped["China"][march] == pytest.approx(200 * of_31)
    assert supply.shipped["China"][december_2026] == 0.0
    assert supply.shipped["Iceland"][march_2027] == pytest.approx(135 * of_31)
    assert supply.leaked[march_2027] == pytest.approx(25 * of_31)
    assert supply.arriving[march_2027] == pytest.approx(160 * of_31)
    assert (supply.released * supply.months.days).sum() / MONTH_DAYS == pytest.approx(300.0)  # all of the vault
    assert supply.needed == pytest.approx(np.full(35, synthetic.USE_T * MONTH_DAYS))
    stacked = sum(supply.parts().values())
    assert stacked == pytest.approx(supply.arriving + supply.released)


def test_the_title_of_supply_gives_the_lowest_month_and_whose_shipments_fell():
    lowest = 90 * MONTH_DAYS / 31 / ((200 + 90) / 30.4 * MONTH_DAYS)
    assert title_of(charts.draw(finished(), "supply")) == (
        f"Shipments of NdFeB magnets to the United States fall to {100 * lowest:.0f}% of the usual in December 2026: "
        "China sends 0 t, usually 200 t"
    )


# ------------------------------------------------------------------------------------------------------------------- flows


def test_flows_compare_baseline_trade_with_the_whole_months_of_the_event():
    figure = plot_flows(finished())
    # The ban lasts from 10 November 2026 to 10 November 2027: December to October are whole, 335 days.
    china = 25.0 * 9 * MONTH_DAYS / 335
    iceland = (90.0 * 11 + 45.0 * 9) * MONTH_DAYS / 335
    assert {f"200 → {china:.1f}", f"90.1 → {iceland:.0f}"} <= labels_of(figure.axes[0])
    assert title_of(figure).endswith(f"China sells it {china:.1f} t a month, usually 200")
    assert "in December 2026 to October 2027" in " ".join(
        text.get_text().replace("\u00a0", " ") for text in figure.texts
    )


# --------------------------------------------------------------------------------------------------------- cover, heat map


def test_cover_draws_the_regions_whose_stocks_move_and_names_the_others():
    figure = charts.draw(finished(), "cover")
    assert len(figure.axes) == 2
    own, vault = figure.axes[0].lines[:2]
    assert own.get_ydata()[0] == pytest.approx(synthetic.STOCK)
    assert vault.get_ydata()[0] == pytest.approx(300.0 / synthetic.USE_T)
    assert "Hardly changing, not drawn: the European Union." in " ".join(text.get_text() for text in figure.texts)
    assert len(charts.draw(finished(), "cover", region="European Union").axes) == 1


def test_days_lost_are_those_of_the_metrics():
    run = finished()
    shown = labels_of(charts.draw(run, "days-lost").axes[0])
    lost = run.measures["reference"]["shortfall_days"]
    assert {f"{days:.0f}" for days in lost} <= shown


def test_a_heat_map_of_any_table_darkens_with_the_number_and_dashes_what_is_absent():
    table = {"row": ["a", "a", "b"], "column": ["x", "y", "x"], "value": [10.0, 0.2, float("nan")]}
    (ax,) = heatmap.plot_heat_map(table, "Finding", "What", "Foot").axes
    assert sorted(text.get_text() for text in ax.texts) == sorted(["10", "<1", "–", "–", "Days"])
    light = [sum(patch.get_facecolor()[:3]) for patch in ax.patches]
    assert light[0] < light[1]


# ---------------------------------------------------------------------------------------------------------------- by name


@pytest.mark.parametrize(
    ("kind", "choices", "message"),
    [
        ("pie", {}, "no picture of kind 'pie'; expected one of shortfall, cover"),
        ("cover", {"event": "ban"}, "leaves material and region to choose, got event"),
        ("cover", {"region": "Atlantis"}, "'Atlantis' does not use 'magnets'; expected one of European Union, Japan"),
        ("flows", {"event": "flood"}, "'flood' disturbs 'magnets' in this run; expected one of ban"),
        ("licences", {}, "nobody applied for licences"),
        ("supply", {"material": "gold"}, "no region of this run uses 'gold'"),
    ],
)
def test_what_a_run_does_not_hold_is_refused(kind, choices, message):
    with pytest.raises(NotInRunError, match=message):
        charts.draw(finished(), kind, **choices)


def test_a_run_draws_any_kind_and_only_the_shortfall_into_axes_of_ones_own():
    run = finished()
    assert run.plot(kind="cover", region="Japan").figure.axes[0].get_ylim()[0] == 0.0
    with pytest.raises(NotInRunError, match="only the shortfall"):
        run.plot(run.plot(), kind="cover")
    assert issubclass(NotInRunError, MinsimError)


# ------------------------------------------------------------------------------------------------------------ command line


def plot(*arguments):
    outcome = CliRunner().invoke(main, ["plot", *map(str, arguments)])
    if outcome.exception is not None and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    return outcome


@pytest.mark.parametrize("replication", [None, pytest.param(3, marks=pytest.mark.slow)])
def test_a_folder_of_results_is_drawn_from_the_same_numbers(tmp_path, replication):
    results.run("magnet-ban", replication=replication).save(tmp_path / "out")
    assert plot(tmp_path / "out", "-o", tmp_path / "again.svg").exit_code == 0
    assert (tmp_path / "again.svg").read_bytes() == (tmp_path / "out" / "shortfall.svg").read_bytes()
    told = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    told["versions"]["minsim"] = "0.0.1"
    (tmp_path / "out" / "manifest.json").write_text(json.dumps(told), "utf-8")
    late = plot(tmp_path / "out", "--kind", "cover", "-o", tmp_path / "deep" / "cover.png")
    assert "was written by minsim 0.0.1, this is minsim" in late.stderr
    assert (tmp_path / "deep" / "cover.png").read_bytes().startswith(b"\x89PNG")


def test_wrong_questions_end_with_exit_code_2_and_no_file(tmp_path):
    for arguments in (
        ("-o", tmp_path / "x.gif"),
        ("--kind", "supply", "--region", "Atlantis", "-o", tmp_path / "x.png"),
    ):
        assert plot("magnet-ban", *arguments).exit_code == 2
    (tmp_path / "manifest.json").write_text("{}", "utf-8")
    foreign = plot(tmp_path, "-o", tmp_path / "x.png")
    assert (foreign.exit_code, "expected a folder written by `minsim run`" in foreign.stderr) == (2, True)
    assert not list(tmp_path.glob("x.*"))


def test_help_names_every_kind():
    text = plot("--help").stdout
    assert all(f"{name} " in text and kind.shows in text for name, kind in charts.KINDS.items())
