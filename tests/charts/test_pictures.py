"""One picture of each kind, held against the image kept in `tests/charts/images`.

The images hold what is drawn without its words, which stand in a text file beside each. A wanted change:
`MINSIM_UPDATE_IMAGES=1 python -m pytest tests/charts/test_pictures.py -k looked_at` makes both anew. Look at the
pictures that moved, whole (`PICTURES[name]()` gives the figure), and commit the files with the change.
"""

import datetime as dt
import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import synthetic
from legible import assert_legible, wordless, words_of
from matplotlib.testing.compare import compare_images

from minsim import charts
from minsim.charts import drifts, heatmap, library_runs, page, producer_outages, screening, studies, style
from minsim.charts.spending import plot_spending
from minsim.explain.attribution import Attribution
from minsim.reference.screening import Screen, StageScreen
from minsim.regression.drifts import Drift
from minsim.regression.tables import Baseline, Table
from minsim.results.answer import Answer
from minsim.simulation.log import Application
from minsim.studies.budget_search import Budget, Mix, Point, Step, Yield
from minsim.studies.comparison import CentralCase, Comparison
from minsim.studies.ensemble_estimates import Band
from minsim.studies.library_runs import Entry, Loss
from minsim.studies.monte_carlo.batches import Batch
from minsim.studies.monte_carlo.estimates import Estimate
from minsim.studies.monte_carlo.replications import METRICS, MaterialRegion, ResultSchema
from minsim.studies.producer_outages import ProducerOutage, ProducerOutages
from minsim.studies.purchase_options import Cost, Purchase, PurchaseOptions
from minsim.studies.sensitivities import Sensitivity
from minsim.studies.sizing import Level, Question, Sizing
from minsim.studies.spending import Spending
from minsim.studies.sweeps import Sweep

IMAGES = Path(__file__).parent / "images"
DPI = 80
TOLERANCE = 1.0
"""Root mean square of the differences of pixels, from 0 to 255.

Letters are set differently by every version of matplotlib and FreeType, so words are compared as words, to the letter, and
pixels without them. Between matplotlib 3.8 and 3.11 these then differ by 0.9 at most, and mostly not at all; a thin line
gone makes 1.2 or more.
"""
WEEKS = np.arange(153)


@pytest.fixture(autouse=True)
def _one_version(monkeypatch):
    """A new version is no new picture."""
    for module in (page, producer_outages, screening, library_runs):
        monkeypatch.setattr(module, "__version__", "0.0.0")


# ------------------------------------------------------------------------------------------------------- results, by hand


def shipments(record):
    """Monthly trade under the synthetic ban: none from China while it lasts, more from Iceland, some round the curb."""
    trade, leaks = record.trade[:35].copy(), np.zeros((35, len(record.network.arcs)))
    united_states = [arc.buyer for arc in record.network.arcs].index("United States")
    trade[:, united_states] = 200.0
    trade[9:21, united_states] = 0.0
    leaks[12:21, united_states] = 25.0
    record.network.arcs[united_states].base_flow_t_per_day = 200.0 / 30.4
    iceland = synthetic.ArcInfo("magnets", "fabricate", "Iceland", "Iceland", "United States", "United States",
                                 "consumer", 30, 90.0 / 30.4)  # fmt: skip
    record.network.arcs.append(iceland)
    trade = np.column_stack([trade, 90.0 + 45.0 * (np.arange(35) >= 12) * (np.arange(35) < 22)])
    return synthetic.changed(record, trade=trade, leaks=np.column_stack([leaks, np.zeros(35)]))


def finished(**given):
    """The synthetic ban, with its trade, the steps of the waterfall and an event that curbs."""
    run = synthetic.finished(vault_t=300.0, **given)
    run.bracket_records["reference"] = shipments(run.bracket_records["reference"])
    lost = {name: run.measures[name]["shortfall_days"] for name in ("none", "reference")}
    run.days_lost.update(
        naive=lost["none"], rerouting=0.8 * lost["none"], leakage=0.78 * lost["none"], stockpiles=lost["reference"]
    )
    return run


def queued():
    """Licences asked for in Japan and the United States, decided after nine weeks, in part."""
    filed = [
        Application("ban", importer, synthetic.FROM + 7 * week, tonnes, synthetic.FROM + 7 * week + 63, 0.8 * tonnes,
                    0.2 * tonnes)
        for week in range(20)
        for importer, tonnes in (("United States", 70.0 - week), ("Japan", 28.0), ("European Union", 5.0 + week))
    ]  # fmt: skip
    run = finished()
    run.bracket_records["reference"] = synthetic.changed(run.record, applications=tuple(filed))
    return run


def divided():
    run = finished()
    parts = np.array([[1500.0, 420.0, 0.0], [300.0, 30.0, 90.0], [-260.0, 0.0, 0.0]])
    return Attribution(
        run, ("ban", "flood", "relief"), ("ban", "flood", "relief"), parts, 0 * parts, np.zeros(3), None, 8
    )


PLACES = (
    MaterialRegion("magnets", "United States"),
    MaterialRegion("magnets", "Japan"),
    MaterialRegion("magnets", "European Union"),
)
SCHEMA = ResultSchema(PLACES, 3, synthetic.START, synthetic.DAYS)


def hump(height, middle, width):
    """A shortfall by week, as a fraction of demand, which begins and ends."""
    return np.clip(height * (1.0 - ((WEEKS - middle) / width) ** 2), 0.0, None)


def ensemble():
    levels = np.array([0.1, 0.3, 0.5, 0.65, 0.72])
    bands = [
        Band(k, np.array([hump(level, 65 + 4 * k, 10 + 20 * level) for level in levels / (k + 1)])) for k in range(3)
    ]
    answer = Answer("In 90% of replications the United States loses 40 to 190 days of NdFeB magnets", ())
    return SimpleNamespace(
        scenario=synthetic.scenario(), schema=SCHEMA, bands=bands, ranked=[0, 1], replications=np.arange(500),
        answer=lambda: answer,
    )  # fmt: skip


def batch(days):
    """As many replications as days given, which spread a little around them by region."""
    values = np.zeros((len(days), 3, len(METRICS)))
    values[:, :, METRICS.index("shortfall_days")] = np.outer(days, [1.0, 0.4, 0.0])
    return Batch(np.arange(len(days)), values, SCHEMA)


def comparison():
    names = ("magnet-ban", "magnet-ban-without-vault", "squeeze")
    scenarios = [synthetic.scenario(name=name) for name in names]
    days = np.linspace(60.0, 180.0, 30)
    batches = [batch(list(factor * days + 10 * np.sin(days))) for factor in (1.0, 1.2, 0.3)]
    looks = ((0.6, 25), (0.7, 28), (0.2, 9))
    curves = [CentralCase(SCHEMA, np.array([hump(high, 70, w), hump(high / 2, 72, w), 0 * WEEKS])) for high, w in looks]
    return Comparison(scenarios, 7, batches, curves)


def sweep(over, lost):
    points = [lost(*point) for point in np.ndindex(*(len(values) for values in over.values()))]
    return Sweep(synthetic.scenario(), 7, over, [batch([days]) for days in points], True)


def lines():
    over = {"events.ban.duration_days": (90, 180, 270, 365), "stockpiles.vault.target_days": (0, 30, 60)}
    return sweep(over, lambda ban, vault: max(0.0, 55.0 * ban + 8.0 - 28.0 * vault))


def grid():
    over = {
        "events.ban.duration_days": (30, 90, 180, 270, 365),
        "stockpiles.vault.target_days": (0, 15, 30, 45, 60, 75),
    }
    return sweep(over, lambda ban, vault: max(0.0, 50.0 * ban + 8.0 - 14.0 * vault))


def sizing():
    scenario = synthetic.scenario()
    scenario.model.stockpiles["vault"] = SimpleNamespace(
        title="Project Vault", target_days=60, holds={"magnets": "fabricate"}
    )
    question = Question(scenario, "vault", "United States", 0.9, 0.0, False, 365.0, 7, 200)
    question.scenario.model.materials["magnets"].consumers = {"United States": None}
    served = {0: 20, 30: 31, 60: 64, 90: 120, 120: 158, 150: 176, 165: 184, 180: 190, 240: 198, 365: 200}
    return Sizing(question, [Level(float(days), count, 200) for days, count in served.items()], 4.0e6)


def tornado():
    names = {
        "events.ban.duration_days": (61.0, 4.0, False),
        "materials.magnets.stages.process.producers.United States.share": (38.0, 3.0, True),
        "materials.magnets.consumers.United States.stock_days": (21.0, 2.0, True),
        "behaviour.magnets.contract_flex": (9.5, 1.2, True),
        "stockpiles.vault.target_days": (4.0, 0.8, False),
    }
    rows = [
        {"number": n, "mu_star": m, "mu_star_se": se, "is_assumption": assumed} for n, (m, se, assumed) in names.items()
    ]
    experiment = SimpleNamespace(seed=7)
    return Sensitivity(synthetic.scenario(), experiment, "shortfall_days", PLACES[0], "morris", rows, 320, 0)  # fmt: skip


def drifted():
    months = [f"2026-{month:02}" for month in range(1, 13)]
    sides = []
    for version, late in (("0.1.0", 0), ("0.2.0", 1)):
        rows = {
            (month, "magnets", "United States"): (float(max(0, k - 4 - late) * 40), float(max(0, 38 - 9 * k)))
            for k, month in enumerate(months)
        }
        monthly = Table(("month", "material", "region"), ("shortfall_t", "month_end_cover_days"), rows)
        sides.append(Baseline("magnet-ban", "abc", version, 7, "magnet-ban", {"monthly": monthly}))
    drift = Drift("monthly", ("magnets", "United States"), "shortfall_t", "t", 40.0, 0.0, at="2026-06", cells=7, of=12)
    return drifts.draw("magnet-ban", drifts.Topic("monthly", ("magnets", "United States"), (drift,)), *sides)


def screened():
    facts = {
        "Gallium": (9800.0, 0.01, 1.0, 392.0),
        "Magnets": (8800.0, 0.06, 0.9, 82.0),
        "Copper": (1036.0, 0.52, 0.57, 999.0),
    }
    screens = [
        Screen(
            title.lower(), title, "deep" if title != "Copper" else "screening",
            (StageScreen("mine", hhi / 2, "China", 0.6, left), StageScreen("refine", hhi, "China", 0.9, left)),
            reliance, False, 60.0, title != "Copper", "China", 0.4, "baseline", survive, "simulated",
        )
        for title, (hhi, left, reliance, survive) in facts.items()
    ]  # fmt: skip
    return screening.plot_screen(screens)


def stopped():
    days = {("Gallium", "China"): 252.0, ("Gallium", "Japan"): 0.0, ("Magnets", "China"): 250.0, ("Magnets", "Japan"): 1.2,
            ("Copper", "Chile"): 45.0, ("Copper", "China"): 0.0}  # fmt: skip
    cells = [
        ProducerOutage(
            title.lower(), title, "screening" if title == "Copper" else "deep", country, Estimate(lost, 0.4),
            Estimate(lost, 0.5), Estimate(float(lost > 0), 0.0), 100.0,
            "closed form" if title == "Copper" else "simulated", 200,
        )
        for (title, country), lost in days.items()
    ]  # fmt: skip
    return producer_outages.plot_producer_outages(ProducerOutages("United States", 365, 1, 200, cells))


def spending():
    cost = Cost(usd=100.0, low_usd=80.0, high_usd=130.0)
    kinds = {"stock": "Stock of magnets", "capacity": "Capacity for magnets", "recycling": "Recycling into magnets"}
    purchases = tuple(
        Purchase(f"{kind}.magnets", kind, "magnets", "fabricate", label, cost, {}, "path")
        for kind, label in kinds.items()
    )

    def point(days, *usd):
        return Point(usd, Estimate(days, 0.0))

    curves = (
        tuple(point(80.0 * (1 - np.exp(-m / 40)), 1e6 * m, 0.0, 0.0) for m in range(0, 201, 10)),
        tuple(point(0.2 * m, 0.0, 1e6 * m, 0.0) for m in range(0, 201, 10)),
        tuple(point(0.0, 0.0, 0.0, 1e6 * m) for m in (0, 200)),
    )
    yields = [Yield(p, curve[-1], curve) for p, curve in zip(purchases, curves, strict=True)]
    steps = [point(60.0, 60e6, 0.0, 0.0), point(75.0, 60e6, 70e6, 0.0), point(90.0, 120e6, 80e6, 0.0)]
    mix = Mix(tuple(Step(p.amounts, p, Estimate(15.0, 0.0)) for p in steps), steps[-1], False)
    question = Budget(
        synthetic.scenario(), "United States", ("magnets",), 200e6, PurchaseOptions(purchases, ("vault",), 2.0), 7, None
    )  # fmt: skip
    return plot_spending(Told(question, Estimate(199.0, 0.0), yields, mix))


class Told(Spending):
    """A finding whose answer needs no network."""

    def answer(self):
        return Answer(self._headline(), ())


def catalogued():
    def loss(material, region, days):
        return Loss(material, region, days, days, days, None, None, 0.0, 0.0)

    regions, known = ("European Union", "Japan", "United States"), dt.date(2026, 2, 5)
    entries = [
        Entry("magnet-ban", as_of=known, losses=(loss("Magnets", "United States", 199.0),), regions=regions),
        Entry("japan-ban", as_of=known, losses=(loss("Gallium", "Japan", 0.3),), regions=regions),
        Entry("calm", as_of=known, regions=regions[:2]),
    ]
    return library_runs.plot_catalogue(entries)


def table():
    days = {"magnet-ban": (199.0, None, 0.0), "truce-lapses": (6.0, 3.0, 10.0), "drc-cobalt-quota": (42.0, 84.0, 0.2)}
    regions = ("United States", "European Union", "South Korea")
    cells = [
        (name, region, value) for name, values in days.items() for region, value in zip(regions, values, strict=True)
    ]
    columns = dict(zip(("row", "column", "value"), zip(*cells, strict=True), strict=True))
    return heatmap.plot_heat_map(columns, "A ban costs the United States most", "Days of use lost", "Sources: none.")


PICTURES = {
    "shortfall": lambda: charts.draw(finished(), "shortfall"),
    "calm": lambda: charts.draw(finished(losses=(0.05, 0.02, 0.0)), "shortfall"),
    "cover": lambda: charts.draw(finished(), "cover"),
    "supply": lambda: charts.draw(finished(), "supply", region="United States"),
    "flows": lambda: charts.draw(finished(), "flows", event="ban"),
    "days-lost": lambda: charts.draw(finished(), "days-lost"),
    "waterfall": lambda: charts.draw(finished(), "waterfall"),
    "licences": lambda: charts.draw(queued(), "licences"),
    "attribution": lambda: divided().plot().figure,
    "fan": lambda: studies.plot_fan(ensemble()),
    "comparison": lambda: comparison().plot().figure,
    "sweep-lines": lambda: lines().plot().figure,
    "sweep-map": lambda: grid().plot().figure,
    "sizing": lambda: sizing().plot().figure,
    "tornado": lambda: tornado().plot().figure,
    "drift": drifted,
    "screening": screened,
    "heat-map": table,
    "stops": stopped,
    "spending": spending,
    "catalogue": catalogued,
}
"""Every kind of picture, drawn of results made by hand: a change of the model changes none."""


@pytest.mark.parametrize("name", PICTURES)
def test_the_picture_is_the_one_that_was_looked_at(name, tmp_path):
    figure = PICTURES[name]()
    kept, drawn, words = IMAGES / f"{name}.png", tmp_path / f"{name}.png", IMAGES / f"{name}.txt"
    written = "\n".join(words_of(figure)) + "\n"
    wordless(figure)
    with style.drawing_style():
        figure.savefig(drawn, dpi=DPI, metadata={"Software": None})
    if "MINSIM_UPDATE_IMAGES" in os.environ:
        kept.write_bytes(drawn.read_bytes())
        words.write_text(written, "utf-8")
        pytest.skip(f"{kept} and {words.name} made anew: look at the picture")
    assert written == words.read_text("utf-8")
    assert compare_images(str(kept), str(drawn), TOLERANCE) is None


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_overlaps_another_or_leaves_the_page(name):
    assert_legible(PICTURES[name]())


@pytest.mark.parametrize("name", PICTURES)
def test_drawn_twice_it_is_the_same_to_the_byte_and_holds_no_date(name, tmp_path):
    for stem in ("a", "b"):
        style.save_figure(PICTURES[name](), tmp_path / f"{stem}.svg")
    first = (tmp_path / "a.svg").read_bytes()
    assert first == (tmp_path / "b.svg").read_bytes()
    assert b"<dc:date>" not in first


def test_every_kind_of_picture_of_a_run_is_tested():
    assert set(charts.KINDS) <= PICTURES.keys()


def test_a_picture_that_changed_does_not_pass(tmp_path):
    """A line gone, another colour, a value 5% off: each moves more than the tolerance."""

    def gone(ax):
        ax.lines[-1].remove()

    def recoloured(ax):
        ax.lines[0].set_color("#777777")

    def stretched(ax):
        ax.set_ylim(0.0, 1.05 * ax.get_ylim()[1])

    for number, change in enumerate((gone, recoloured, stretched)):
        figure = PICTURES["cover"]()
        change(figure.axes[0])
        wordless(figure)
        drawn = tmp_path / f"{number}.png"
        with style.drawing_style():
            figure.savefig(drawn, dpi=DPI, metadata={"Software": None})
        assert compare_images(str(IMAGES / "cover.png"), str(drawn), TOLERANCE) is not None, change.__name__
