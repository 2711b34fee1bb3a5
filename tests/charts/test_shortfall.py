"""Charts: the title states the finding, no label overlaps or is cut off, the same run gives the same picture."""

import matplotlib
import numpy as np
import pytest
import synthetic
from legible import assert_legible
from matplotlib.figure import Figure

from minsim.charts import shortfall, style

RUNS = {
    "two regions and a stockpile": {"vault_t": 300.0},
    "one region": {"losses": (0.72, 0.0, 0.0)},
    "three regions": {"losses": (0.72, 0.5, 0.2)},
    "close together": {"losses": (0.52, 0.5, 0.48)},
    "all alike": {"losses": (0.5, 0.5, 0.5)},
    "nobody short": {"losses": (0.05, 0.02, 0.0), "vault_t": 300.0},
    "undisturbed": {"losses": (0.0, 0.0, 0.0)},
    "no bracket": {"bracket": False},
}


def eventful():
    """A run with more and longer events than there is room for, and a title to match."""
    run = synthetic.finished(vault_t=300.0)
    run.scenario.model.title = "What happens when everything goes wrong at once, " * 4
    run.scenario.model.materials["magnets"].title = "Neodymium-praseodymium oxide, separated, 99.5% pure"
    spans = [
        synthetic.ScheduledEvent("a", "Ban", "export_curb", 282, 647),
        synthetic.ScheduledEvent("b", "Licences for everything, with a review " * 5, "export_curb", -30, None),
        synthetic.ScheduledEvent("c", "A plant fails at the very end of the run", "outage", 1000, 1040),
        synthetic.ScheduledEvent("d", "Pandemic", "demand_shock", 400, 520),
        synthetic.ScheduledEvent("e", "Typhoon", "chokepoint", 420, 460),
        synthetic.ScheduledEvent("f", "Relief, not drawn", "capacity_project", 0, None),
    ]
    for record in run.bracket_records.values():
        record.network.events[:] = spans
    return run


def lines_of(figure):
    return [text.get_text().replace("\u00a0", " ") for text in figure.texts]


@pytest.mark.parametrize("case", [*RUNS, "eventful"])
def test_no_label_overlaps_another_or_leaves_the_page(case):
    figure = shortfall.plot_shortfall(eventful() if case == "eventful" else synthetic.finished(**RUNS[case]))
    assert_legible(figure)


def test_the_title_states_the_finding_and_the_foot_says_what_it_rests_on():
    run = synthetic.finished()
    texts = " ".join(lines_of(shortfall.plot_shortfall(run)))
    assert texts.startswith(run.answer().headline)
    assert "A year without Chinese magnets for the United States, as of 5 February 2026." in texts
    assert "Not short: the European Union." in texts
    assert "Sources: International Energy Agency; USGS; Reuters/AFP." in texts
    assert "Nobody" not in texts
    assert "2 of 8 inputs are assumptions. minsim 0.1.0" in texts


def test_lines_and_events_are_labelled_where_they_run():
    upper, lower = shortfall.plot_shortfall(synthetic.finished(vault_t=300.0)).axes
    assert {text.get_text() for text in upper.texts} == {
        "Shortfall, % of daily demand",
        "Ban on magnets to the United States",
        "United States, 142 days of use lost",
        "Japan, 67 days",
        "without rerouting",
        "with free rerouting",
    }
    assert {text.get_text() for text in lower.texts} == {
        "Stocks, days of use",
        "United States, commercial stock",
        "Japan, commercial stock",
        "Project Vault",
    }
    assert upper.get_legend() is None


def test_the_line_is_the_reference_and_the_band_reaches_from_none_to_free():
    run = synthetic.finished(losses=(0.72, 0.0, 0.0))
    upper = shortfall.plot_shortfall(run).axes[0]
    drawn = upper.lines[1].get_ydata() if len(upper.lines[0].get_xdata()) == 2 else upper.lines[0].get_ydata()
    assert np.nanmax(drawn) == pytest.approx(100 * 0.72 * 0.8)
    (band,) = [c for c in upper.collections if c.get_alpha() == 0.16]
    heights = band.get_paths()[0].vertices[:, 1]
    assert heights.max() == pytest.approx(72.0)


def test_nobody_short_gives_a_calm_chart_of_stocks():
    figure = shortfall.plot_shortfall(synthetic.finished(losses=(0.05, 0.02, 0.0)))
    assert len(figure.axes) == 1
    assert lines_of(figure)[0] == "No region runs short of NdFeB magnets"
    assert "United States, commercial stock" in {text.get_text() for text in figure.axes[0].texts}


def test_regions_and_events_without_room_are_counted_below():
    texts = " ".join(lines_of(shortfall.plot_shortfall(eventful())))
    assert "1 more event shaded, not named." in texts


def test_an_unknown_material_is_refused():
    with pytest.raises(ValueError, match="no region of this run uses 'gold'"):
        shortfall.plot_shortfall(synthetic.finished(), "gold")


def test_run_plot_gives_the_axes_of_the_shortfall():
    axes = synthetic.finished().plot()
    assert axes is axes.figure.axes[0]
    assert axes.texts[0].get_text() == "Shortfall, % of daily demand"


@pytest.mark.parametrize("losses", [(0.72, 0.36, 0.0), (0.05, 0.0, 0.0)])
def test_axes_of_ones_own_are_drawn_into(losses):
    run = synthetic.finished(losses=losses)
    figure = Figure(figsize=(10, 4))
    axes = figure.add_subplot()
    assert run.plot(axes, material="magnets") is axes
    assert axes.get_title(loc="left") == run.answer().headline
    assert len(figure.axes) == 1


def test_files_are_deterministic_and_hold_no_date(tmp_path):
    for name in ("a", "b"):
        figure = shortfall.plot_shortfall(synthetic.finished(vault_t=300.0))
        style.save_figure(figure, tmp_path / f"{name}.svg", tmp_path / f"{name}.png")
    for kind in ("svg", "png"):
        assert (tmp_path / f"a.{kind}").read_bytes() == (tmp_path / f"b.{kind}").read_bytes()
    assert "<dc:date>" not in (tmp_path / "a.svg").read_text("utf-8")


def test_the_users_settings_neither_count_nor_change(tmp_path):
    plain = shortfall.plot_shortfall(synthetic.finished())
    style.save_figure(plain, tmp_path / "plain.svg")
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "lines.linewidth": 9, "figure.dpi": 300}):
        before = dict(matplotlib.rcParams)
        styled = shortfall.plot_shortfall(synthetic.finished())
        style.save_figure(styled, tmp_path / "styled.svg")
        assert dict(matplotlib.rcParams) == before
    assert (tmp_path / "plain.svg").read_bytes() == (tmp_path / "styled.svg").read_bytes()


def test_a_title_may_hold_dollar_signs():
    run = synthetic.finished()
    run.scenario.model.title = "From $12 to $60 a kg"
    figure = shortfall.plot_shortfall(run)
    assert "From $12 to $60 a kg, as of" in " ".join(lines_of(figure))
    assert_legible(figure)
