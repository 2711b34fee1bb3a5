"""Rich tables of the reference data, its check and the screening; returned, not printed.

Materials without a chain of their own are badged `screening only` wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from minsim.cli.tables import ABSENT
from minsim.data.reference import AS_OF, Fact, chain_values, facts, materials
from minsim.reference.check import UNITED_STATES, PublishedComparison, baseline_flows, net_import_reliance
from minsim.reference.screening import HIGHLY_CONCENTRATED, Screen, survival_text
from minsim.text.formatting import with_article

if TYPE_CHECKING:
    from minsim.studies.producer_outages import ProducerOutages

SCREENING_BADGE = "screening only"
LEAST_DAYS = 0.5
"""Days of use below which the stop of a country is only counted."""


def list_page() -> RenderableType:
    """The materials of the tables: tier, stages, and how much is published of each."""
    table = _table(
        f"Reference data, as of {AS_OF}", "material", "tier", "stages", "figures", "latest", numeric={"figures"}
    )
    for entry in materials().values():
        known = facts(entry.key)
        latest = max((fact.year for fact in known if fact.year.isdigit()), default=ABSENT)
        tier = "deep" if entry.tier == "deep" else SCREENING_BADGE
        table.add_row(entry.key, tier, " → ".join(entry.stages), str(len(known)), latest)
    foot = "deep: a chain that may carry a conclusion. screening only: concentration and reliance, no chain."
    return Group(table, Text(), Text(foot, style="dim"))


def material_page(key: str) -> RenderableType:
    """Everything the tables hold on one material, published figures and assumptions apart."""
    entry = materials()[key]
    badge = "" if entry.tier == "deep" else f"  [{SCREENING_BADGE}]"
    parts: list[RenderableType] = [Text(f"{entry.title}{badge}", style="bold")]
    if entry.note:
        parts.append(Text(entry.note))
    if entry.scenario:
        parts.append(Text(f"Its chain is that of the library scenario {entry.scenario}."))
    parts += [Text(), _facts_table(facts(key))]
    stated = chain_values(key)
    if stated:
        table = _table(
            "What makes a chain of them", "measure", "stage", "where", "value", "range", "unit", "source", "note"
        )
        for v in stated:
            where = f"{v.country} → {v.partner}" if v.partner else v.country
            bounds = ABSENT if v.low is None or v.high is None else f"{_digits(v.low)} to {_digits(v.high)}"
            table.add_row(v.measure, v.stage, where, _digits(v.value), bounds, v.unit, v.source, v.note)
        parts += [Text(), table]
    return Group(*parts)


def _facts_table(known: Iterable[Fact]) -> Table:
    table = _table("Published", "measure", "stage", "where", "year", "value", "unit", "share", "source", "note")
    for fact in known:
        where = f"{fact.partner} → {fact.country}" if fact.partner else fact.country
        value = ABSENT if fact.value is None else _digits(fact.value)
        share = "" if fact.share is None else _percent(fact.share)
        table.add_row(fact.measure, fact.stage, where, fact.year, value, fact.unit, share, fact.source, fact.note)
    return table


def check_page(comparisons: Sequence[PublishedComparison]) -> RenderableType:
    """Published beside simulated, what comes out and what is fitted apart; then the largest errors."""
    table = _table(
        "Baseline against what is published", "material", "figure", "published", "baseline", "error", "", "note"
    )
    for c in comparisons:
        kind = "fitted" if c.held else "other forms" if c.partial else ""
        bound = "≥ " if c.lower_bound else ""
        table.add_row(
            c.material,
            c.figure,
            bound + _percent(c.published),
            _percent(c.simulated),
            f"{100 * c.error:+.1f}",
            kind,
            c.note,
        )
    parts: list[RenderableType] = [table, Text()]
    free = [c for c in comparisons if not c.held and not c.partial]
    reliance = [c for c in free if c.figure.startswith("net import reliance")]
    for title, group in (
        ("net import reliance", reliance),
        ("bilateral trade", [c for c in free if c not in reliance]),
    ):
        if group:
            worst = max(group, key=lambda c: abs(c.error))
            parts.append(
                Text(f"Largest error of {title}: {100 * worst.error:+.1f} points ({worst.material}, {worst.figure}).")
            )
    parts += [Text(line) for line in _unpublished(comparisons)]
    foot = (
        "Error: percentage points. fitted: agrees by construction, within what is held elsewhere. other forms: the "
        "published figure counts some forms of the material only, or others too; a hint, no measure."
    )
    parts.append(Text(foot, style="dim"))
    return Group(*parts)


def _unpublished(comparisons: Sequence[PublishedComparison]) -> Iterable[str]:
    """Materials of which no net import reliance is published, with the baseline's."""
    compared = {c.material for c in comparisons if c.figure.startswith("net import reliance")}
    for material in dict.fromkeys(c.material for c in comparisons):
        if material not in compared:
            reliance = net_import_reliance(baseline_flows(material), UNITED_STATES)
            yield f"No net import reliance is published of {material}; the baseline has {_percent(reliance)}."


def screen_page(screens: Sequence[Screen]) -> RenderableType:
    """The ranked screening table: least left without the largest supplier first."""
    table = _table(
        "Screening for the United States", "", "material", "HHI by stage", "most concentrated", "left without it",
        "net imports", "cover", "bought from", "survives",
        numeric={"", "left without it", "net imports", "cover", "survives"},
    )  # fmt: skip
    for rank, s in enumerate(screens, 1):
        badge = "" if s.tier == "deep" else f"  [{SCREENING_BADGE}]"
        worst = s.worst
        reliance = ABSENT if s.reliance is None else ("≥ " if s.reliance_is_bound else "") + _percent(s.reliance)
        table.add_row(
            str(rank), Text(s.title + badge), "  ".join(f"{x.stage} {x.hhi:,.0f}" for x in s.stages),
            f"{worst.stage}: {worst.largest_supplier} {_percent(worst.largest_share)}", _percent(worst.n_minus_1),
            reliance, f"{s.cover_days:.0f}{'*' if s.cover_is_assumed else ''} d",
            f"{s.supplier} {'≤ ' if s.exposure_basis == 'at most' else ''}{_percent(s.exposure)}", survival_text(s),
        )  # fmt: skip
    how = "in closed form on direct purchases (~)"
    if any(s.survive_basis == "simulated" for s in screens):
        how = "simulated through all stages for deep chains, ~ for a closed form on direct purchases"
    foot = (
        f"HHI above {HIGHLY_CONCENTRATED:,.0f}: highly concentrated. Left without it: world output without the largest "
        "supplier / demand, at the stage named. Bought from: part of American use that comes directly from the largest "
        "supplier of the last stage. Survives: days from its full stop to the first short day, nobody finding another "
        f"supplier; {how}, which knows nothing of stages behind. * an assumption."
    )
    return Group(table, Text(), Text(foot, style="dim"))


def stops_page(found: ProducerOutages) -> RenderableType:
    """Stops of a country that cost a region anything, most days of use lost first."""
    table = _table(
        f"Stops for {found.stop_days} days, and what they cost {with_article(found.region)}", "material", "without",
        "days of use lost", "in the worst 5%", "short in", "first short after",
        numeric={"days of use lost", "in the worst 5%", "short in", "first short after"},
    )  # fmt: skip
    costly = [cell for cell in found.cells if cell.lost.value >= LEAST_DAYS]
    for cell in costly:
        badge = "" if cell.tier == "deep" else f"  [{SCREENING_BADGE}]"
        error = f" ± {cell.lost.se:.2g}" if cell.lost.se > 0.0 else ""
        is_simulated = cell.basis == "simulated"
        table.add_row(
            Text(cell.title + badge), cell.country, cell.text + error,
            f"{cell.worst.value:,.0f}" if is_simulated else ABSENT,
            _percent(cell.probability.value) if is_simulated else ABSENT, f"{cell.onset_days:,.0f} d",
        )  # fmt: skip
    foot = f"{len(found.cells) - len(costly)} more stops cost less than {LEAST_DAYS:g} days, or nothing."
    return Group(table, Text(), Text(foot, style="dim"), Text())


def _table(title: str, *columns: str, numeric: Iterable[str] = ()) -> Table:
    table = Table(title=Text(title, style="bold"), title_justify="left", box=None, pad_edge=False, header_style="dim")
    for column in columns:
        table.add_column(
            column, justify="right" if column in numeric else "left", no_wrap=column in ("material", "measure")
        )
    return table


def _digits(value: float) -> str:
    return f"{value:,.6g}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g}%"
