"""Commands on the reference data: `minsim data`, `minsim screen`, `minsim new`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from minsim.cli.common import print_page, say
from minsim.cli.options import (
    StudyOptions,
    collected,
    file_option,
    out_option,
    replications_option,
    worker_options,
)
from minsim.errors import ScenarioError

if TYPE_CHECKING:
    from minsim.reference.screening import Screen

SCREEN_COLUMNS = (
    "rank", "material", "tier", "stage", "hhi", "largest_supplier", "largest_share", "n_minus_1",
    "net_import_reliance", "reliance_is_lower_bound", "cover_days", "cover_is_assumed", "supplier", "exposure",
    "exposure_basis", "survive_days", "survive_basis",
)  # fmt: skip


@click.group()
def data() -> None:
    """Look at the reference data and their sources.

    Who makes, buys, uses and holds how much, at what price; what is published and what is assumed.

    \b
    Examples:
      minsim data list
      minsim data show gallium
      minsim data check
    """


@data.command("list")
def list_command() -> None:
    """List the materials of the reference data.

    Deep ones have a chain that may carry a conclusion; the others are for screening only.
    """
    from minsim.cli import reference_tables

    print_page(reference_tables.list_page())


@data.command()
@click.argument("material")
def show(material: str) -> None:
    """Show everything known of MATERIAL, with sources: what is published, and what makes a chain of it.

    \b
    Examples:
      minsim data show antimony
    """
    from minsim.cli import reference_tables

    _known(material)
    print_page(reference_tables.material_page(material))


@data.command()
@click.argument("material", nargs=-1)
def check(material: tuple[str, ...]) -> None:
    """Hold the baselines against what is published: net import reliance and known trade.

    Says by how much each figure is off. Figures the baseline is fitted to agree by construction and are marked.

    \b
    Examples:
      minsim data check
      minsim data check cobalt lithium
    """
    from minsim.cli import reference_tables
    from minsim.reference.check import checkable, compare_with_published

    for key in material:
        _known(key)
        if key not in checkable():
            raise ScenarioError.single(f"{key} is for screening only: it has no chain, so there is nothing to check")
    compared = [found for key in material or checkable() for found in compare_with_published(key)]
    print_page(reference_tables.check_page(compared))


@click.command()
@file_option("--csv", "table", text="Also write the table.")
@file_option("--plot", text="Also draw a heat map, PNG or SVG.")
@click.option("--quick", is_flag=True, help="Simulate nothing: closed forms on direct purchases for all materials.")
@click.option(
    "--dynamic", is_flag=True, help="Stop every producer country of every material for a year, again and again."
)
@click.option(
    "--region", metavar="REGION", default="United States", show_default=True, help="Who is hit, with --dynamic."
)
@replications_option(200, "Replications of each stop, with --dynamic.")
@worker_options
@out_option("results/screen-dynamic, with --dynamic; nowhere without")
@collected(StudyOptions)
def screen(
    table: Path | None,
    plot: Path | None,
    quick: bool,
    dynamic: bool,
    region: str,
    replications: int,
    options: StudyOptions,
) -> None:
    """Rank the materials by concentration and reliance.

    Least left without the largest supplier first. For each: concentration by stage, the largest supplier, net import
    reliance and cover of the United States, and for how long they would last if that supplier stopped altogether.

    With --dynamic, every country with producers in a chain stops for a year, in each of many replications: days of use lost,
    and how likely a shortage is. Materials without a chain stand beside them in closed form, marked as for screening only.
    An interrupted command goes on where it stopped.

    \b
    Examples:
      minsim screen
      minsim screen --csv screen.csv --plot screen.png
      minsim screen --dynamic --jobs 2
      minsim screen --dynamic --region Japan -n 50 --out results/japan
    """
    if dynamic:
        if table or plot or quick:
            raise click.UsageError("--dynamic writes its table and picture into --out; leave --csv, --plot and --quick")
        _screen_dynamic(region, replications, options)
        return
    from minsim.cli import reference_tables
    from minsim.reference import screening

    if plot is not None and plot.suffix not in (".png", ".svg"):
        raise click.BadParameter(f"expected a name that ends in .png or .svg, got {plot.name}", param_hint="--plot")
    screens = screening.screen_materials(simulate=not quick)
    if table is not None:
        _write_screen(table, screens)
    if plot is not None:
        from minsim.charts.screening import save_screen

        save_screen(screens, plot)
    print_page(reference_tables.screen_page(screens))
    for done, file in (("wrote", table), ("drew", plot)):
        if file is not None:
            say(f"{done} {file}", err=True)


def _screen_dynamic(region: str, replications: int, options: StudyOptions) -> None:
    folder = options.folder("screen-dynamic")
    with options.computing("Replications") as crew:
        from minsim import studies
        from minsim.cli import reference_tables

        found = studies.stop_each_producer(region=region, replications=replications, out=folder, **crew)
    print_page(reference_tables.stops_page(found))
    options.conclude(found, folder)


@click.command()
@click.argument("name")
@click.option(
    "--materials", required=True, metavar="LIST", help="Materials with commas between them; see `minsim data list`."
)
@file_option("--out", text="File to write.  [default: NAME.yaml]")
@click.option("--force", is_flag=True, help="Replace a file that is there already.")
def new(name: str, materials: str, out: Path | None, force: bool) -> None:
    """Write a scenario from the reference data.

    NAME is what it is called. Every number comes with its source. Nothing happens in it: it is balanced, runs without
    a shortfall, and waits for your events.

    \b
    Examples:
      minsim new chips --materials gallium,germanium
      minsim run chips.yaml
    """
    from minsim.reference import new_scenario

    if not new_scenario.is_name(name):
        raise click.BadParameter(f"expected letters, digits, - and _, got {name!r}", param_hint="NAME")
    path = out or Path(f"{name}.yaml")
    keys = [key.strip() for key in materials.split(",") if key.strip()]
    scenario = new_scenario.write_scenario(path, keys, name=name, force=force)
    for warning in scenario.warnings:
        say(f"warning: {warning}", err=True)
    say(f"wrote {path}: {', '.join(scenario.model.materials)}; balanced, nothing happens yet")


def _known(material: str) -> None:
    from minsim.data.reference import materials
    from minsim.text.messages import unknown

    if material not in materials():
        raise ScenarioError.single(unknown("material", material, materials()))


def _write_screen(path: Path, screens: list[Screen]) -> None:
    """One row a material and stage; what holds of the material is repeated, an infinite time is empty."""
    from minsim.results.atomic import write_text
    from minsim.results.files import csv_text

    rows = []
    for rank, s in enumerate(screens, 1):
        survive = "" if math.isinf(s.survive_days) else f"{s.survive_days:g}"
        reliance = "" if s.reliance is None else f"{s.reliance:.6g}"
        rows += [
            [
                rank, s.material, s.tier, x.stage, f"{x.hhi:.6g}", x.largest_supplier,
                f"{x.largest_share:.6g}", f"{x.n_minus_1:.6g}", reliance, s.reliance_is_bound,
                f"{s.cover_days:g}", s.cover_is_assumed, s.supplier, f"{s.exposure:.6g}",
                s.exposure_basis, survive, s.survive_basis,
            ]
            for x in s.stages
        ]  # fmt: skip
    write_text(path, csv_text(SCREEN_COLUMNS, rows))
