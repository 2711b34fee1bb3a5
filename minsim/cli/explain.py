"""Commands that say what a shortage comes from: `attribute`, `why`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from minsim.cli.common import COMMAND_LINE, console, load_aloud, out_option, progress, scenario_options, simulate


@click.command()
@click.argument("scenario")
@out_option("results/NAME/attribution")
@scenario_options
@click.option("--no-plot", is_flag=True, help="Draw nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON, and nothing else.")
@click.pass_context
def attribute(
    ctx: click.Context,
    scenario: str,
    out: Path | None,
    overrides: tuple[str, ...],
    without: tuple[str, ...],
    only: tuple[str, ...],
    seed: int | None,
    replication: int | None,
    no_plot: bool,
    as_json: bool,
) -> None:
    """Say which event costs whom how much in SCENARIO.

    Divides the tonnes each region lacks among the events: each event's part is what it adds to the shortfall, averaged
    over every order of the events (its Shapley value). Parts are negative where an event saves tonnes, and sum to the
    whole. Up to 8 events every subset is simulated; above that, orders are sampled and standard errors given.

    Below stands the waterfall: days of use lost naively, and after rerouting, leakage and stockpiles.

    \b
    Examples:
      minsim attribute truce-lapses
      minsim attribute truce-lapses --without licences-dytb-oxide --json
    """
    loaded = load_aloud(scenario, overrides, without, only)
    folder = out or Path("results") / loaded.name / "attribution"
    finished = simulate(loaded, seed, replication)
    with progress(f"Simulating {loaded.name} with subsets of its events"):
        from minsim.explain import attribution

        found = attribution.attribute(finished)
    if not as_json:
        from minsim.cli import explain_tables, tables

        console().print(explain_tables.attribution_page(found))
    with progress(f"Writing {folder}"):
        found.save(folder, plot=not no_plot, command=ctx.meta[COMMAND_LINE])
    if as_json:
        click.echo(json.dumps(found.summary(), indent=2, allow_nan=False))
    else:
        console().print(tables.files_written(folder))


@click.command()
@click.argument("scenario")
@click.option("--region", required=True, metavar="REGION", help="The region that is short.")
@click.option("--date", required=True, metavar="YYYY-MM-DD", help="The day to explain.")
@click.option(
    "--material", metavar="ID", help="The material it is short of.  [default: the one it lacks most of that day]"
)
@scenario_options
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON, and nothing else.")
def why(
    scenario: str,
    region: str,
    date: str,
    material: str | None,
    overrides: tuple[str, ...],
    without: tuple[str, ...],
    only: tuple[str, ...],
    seed: int | None,
    replication: int | None,
    as_json: bool,
) -> None:
    """Explain why a region is short on a day of SCENARIO.

    How much was missing, who sent less than usual and since when, and what held that back: a curb, licences waiting, a
    slow passage, or a seller that had nothing to ship, which is followed upstream to its cause.

    \b
    Examples:
      minsim why magnet-ban --region "United States" --date 2027-03-03
    """
    from minsim.explain import tracing

    loaded = load_aloud(scenario, overrides, without, only)
    if complaint := tracing.objection(loaded, region, date, material):
        raise click.UsageError(complaint)
    finished = simulate(loaded, seed, replication, bracket=False)
    explanation = tracing.why(finished, region, date, material)
    if as_json:
        told = {"scenario": loaded.name, "as_of": loaded.model.as_of.isoformat(), **explanation.as_dict()}
        click.echo(json.dumps(told, indent=2, allow_nan=False))
        return
    from minsim.cli import explain_tables

    console().print(explain_tables.explanation_page(explanation))
