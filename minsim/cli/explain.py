"""Commands that say what a shortage comes from: `attribute`, `why`."""

from __future__ import annotations

import click

from minsim.cli.common import json_text, print_page, progress, say, tell_written
from minsim.cli.options import (
    RunOptions,
    collected,
    json_option,
    no_plot_option,
    out_option,
    scenario_options,
)


@click.command()
@click.argument("scenario")
@out_option("results/NAME/attribution")
@scenario_options
@no_plot_option("Draw nothing.")
@json_option("result")
@collected(RunOptions)
def attribute(scenario: str, options: RunOptions) -> None:
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
    loaded = options.load(scenario)
    folder = options.folder(loaded.name, "attribution")
    finished = options.simulate(loaded)
    with progress(f"Simulating {loaded.name} with subsets of its events"):
        from minsim.explain import attribution

        found = attribution.attribute(finished)
    options.save(found, folder)
    if options.as_json:
        say(json_text(found.summary()))
        return
    from minsim.cli import explain_tables

    print_page(explain_tables.attribution_page(found))
    tell_written(folder)


@click.command()
@click.argument("scenario")
@click.option("--region", required=True, metavar="REGION", help="The region that is short.")
@click.option("--date", required=True, metavar="YYYY-MM-DD", help="The day to explain.")
@click.option(
    "--material", metavar="ID", help="The material it is short of.  [default: the one it lacks most of that day]"
)
@scenario_options
@json_option("explanation")
@collected(RunOptions)
def why(scenario: str, region: str, date: str, material: str | None, options: RunOptions) -> None:
    """Explain why a region is short on a day of SCENARIO.

    How much was missing, who sent less than usual and since when, and what held that back: a curb, licences waiting, a
    slow passage, or a seller that had nothing to ship, which is followed upstream to its cause.

    \b
    Examples:
      minsim why magnet-ban --region "United States" --date 2027-03-03
    """
    from minsim.explain import tracing

    loaded = options.load(scenario)
    if complaint := tracing.objection(loaded, region, date, material):
        raise click.UsageError(complaint)
    finished = options.simulate(loaded, bracket=False)
    explanation = tracing.why(finished, region, date, material)
    if options.as_json:
        told = {"scenario": loaded.name, "as_of": loaded.model.as_of.isoformat(), **explanation.as_dict()}
        say(json_text(told))
        return
    from minsim.cli import explain_tables

    print_page(explain_tables.explanation_page(explanation))
