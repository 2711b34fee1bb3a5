"""Rich tables of the library: what is there, and who runs short in what."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from minsim.cli.tables import ABSENT, material_title, table_of
from minsim.scenario import Scenario, grouped
from minsim.studies.library_runs import Entry, days_text

MATERIALS_WIDTH = 28
"""Width of a column in the table of scenarios."""


def library_table(scenarios: Iterable[Scenario]) -> RenderableType:
    """Table of scenarios by group: name, question, date of knowledge, materials that somebody uses."""
    groups = grouped(scenarios)
    names = [len(scenario.name) for _, members in groups for scenario in members]
    parts: list[RenderableType] = []
    for group, members in groups:
        table = table_of(group, "name", "question", "as of", "materials")
        table.columns[0].width, table.columns[3].width = max(names), MATERIALS_WIDTH  # so that the groups line up
        table.columns[2].no_wrap = True
        for scenario in members:
            model = scenario.model
            table.add_row(
                Text(scenario.name, style="bold"),
                Text(scenario.question),
                model.as_of.isoformat(),
                Text(", ".join(material_title(key, m) for key, m in model.materials.items() if m.consumers)),
            )
        parts += [table, ""]
    return Group(*parts[:-1])


def catalogue_page(entries: Iterable[Entry]) -> RenderableType:
    """Answers of many scenarios, by group: who loses how many days of use, from when."""
    groups: dict[str, Table] = {}
    for entry in entries:
        columns = ("scenario", "material", "region", "days of use lost", "short from")
        table = groups.setdefault(entry.group, table_of(entry.group, *columns, numeric=columns[3:4]))
        if not entry.losses:
            said = "failed" if entry.failure is not None else "nobody runs short"
            table.add_row(Text(entry.name, style="bold"), Text(said, style="dim"))
        for loss in entry.losses:
            cells = (loss.material, loss.region, days_text(loss), loss.short_from or ABSENT)
            table.add_row(Text(entry.name, style="bold"), *map(Text, cells))
    foot = Text("In brackets: without, and with free, rerouting of trade.", style="dim")
    return Group(*(part for table in groups.values() for part in (table, "")), foot)
