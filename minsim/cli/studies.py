"""Commands about risk: `minsim ensemble`, `compare`, `sweep`, `size`, `spend` and `sensitivity`."""

from __future__ import annotations

from typing import Literal

import click

from minsim.cli.common import EXIT_FAILED, leave, say
from minsim.cli.options import StudyOptions, collected, no_plot_option, replications_option, study_options

_no_plot = no_plot_option("Do not draw the picture.")


def _parse_days(ctx: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    if text is None:
        return None
    number = text.removesuffix("days").removesuffix("day").strip()
    try:
        days = float(number)
    except ValueError:
        days = -1.0
    if not 0 < days < float("inf"):
        raise click.BadParameter(f"expected days > 0, such as 0.5days, got {text}")
    return days


@click.command()
@click.argument("scenario")
@study_options("ensemble", replications_option(1000, "Replications; with --until-se, the most there may be."))
@click.option(
    "--until-se", callback=_parse_days, metavar="DAYS",
    help="Stop once the mean of days of use lost is known to this standard error in every region, such as 0.5days.",
)  # fmt: skip
@click.option(
    "--sampler", type=click.Choice(["random", "sobol"]), default="random", show_default=True,
    help="Draws from random streams, or from 16 independent scramblings of Sobol points.",
)  # fmt: skip
@_no_plot
@collected(StudyOptions)
def ensemble(
    scenario: str,
    replications: int,
    options: StudyOptions,
    until_se: float | None,
    sampler: Literal["random", "sobol"],
) -> None:
    """Say how likely, and how large, a shortfall is.

    Replication K has the draws of `minsim run SCENARIO --replication K`; the results are the same for any number of
    workers. They are kept as they come: a command that was interrupted, or killed, goes on where it stopped when it is
    given again. Numbers after ± are standard errors.

    \b
    Examples:
      minsim ensemble magnet-ban -n 1000
      minsim ensemble magnet-ban -n 10000 --jobs 2 --out results/ban
      minsim ensemble magnet-ban -n 100000 --until-se 0.5days
      minsim ensemble magnet-ban -n 1024 --sampler sobol
      minsim ensemble magnet-ban --set stockpiles.project-vault.target_days=60

    Where replications fail, the others are finished and written, each failure is told with the command that runs it
    again, and the exit code is 1.
    """
    loaded = options.load(scenario)
    folder = options.folder(f"{loaded.name}-ensemble")
    with options.computing("Replications") as crew:
        from minsim import studies

        found = studies.ensemble(
            loaded, replications, seed=options.seed, sampler=sampler, until_se_days=until_se, out=folder,
            **crew,
        )  # fmt: skip
    options.conclude(found, folder, scenario)


@click.command()
@click.argument("first", metavar="SCENARIO")
@click.argument("others", metavar="SCENARIO...", nargs=-1, required=True)
@study_options("comparison", replications_option(200, "Replications of each."))
@_no_plot
@collected(StudyOptions)
def compare(
    first: str,
    others: tuple[str, ...],
    replications: int,
    options: StudyOptions,
) -> None:
    """Compare scenarios with the first SCENARIO, draw by draw.

    All share their random numbers, so that a difference is the scenarios' own; it comes with its standard error. The
    picture lays the central cases over each other.

    \b
    Examples:
      minsim compare magnet-ban truce-lapses
      minsim compare magnet-ban mine.yaml yours.yaml -n 1000 --jobs 2
    """
    loaded = [options.load(name) for name in (first, *others)]
    folder = options.folder(f"{loaded[0].name}-comparison")
    with options.computing("Replications") as crew:
        from minsim import studies

        found = studies.compare(*loaded, replications=replications, seed=options.seed, out=folder, **crew)
    options.conclude(found, folder, first, *others)


@click.command()
@click.argument("scenario")
@click.option(
    "--over", "grid", multiple=True, required=True, metavar="PATH=VALUES",
    help="Values of one number: low:high:step, or a,b,c; given several times, all combinations.",
)  # fmt: skip
@study_options("sweep", replications_option(None, "Replications at every point.  [default: the central case alone]"))
@_no_plot
@collected(StudyOptions)
def sweep(
    scenario: str,
    grid: tuple[str, ...],
    replications: int | None,
    options: StudyOptions,
) -> None:
    """Simulate SCENARIO on a grid of values of its numbers.

    Every point of the grid has the same random numbers. Writes a tidy table, and draws lines or a heat map.

    \b
    Examples:
      minsim sweep magnet-ban --over stockpiles.project-vault.target_days=0:180:15
      minsim sweep magnet-ban --over events.ban.duration_days=90,180,365 -n 200
    """
    from minsim.studies.sweeps import parse_over

    loaded = options.load(scenario)
    folder = options.folder(f"{loaded.name}-sweep")
    over = dict(map(parse_over, grid))
    with options.computing("Runs") as crew:
        from minsim import studies

        found = studies.sweep(loaded, over, replications, seed=options.seed, out=folder, **crew)
    options.conclude(found, folder, scenario)


@click.command()
@click.argument("scenario")
@click.option("--stockpile", required=True, metavar="NAME", help="Key of the stockpile in the scenario.")
@click.option("--region", required=True, metavar="REGION", help="Region that is to be served.")
@click.option(
    "--service", type=click.FloatRange(0, 1, min_open=True), default=0.95, show_default=True, metavar="SHARE",
    help="Share of replications in which it must be served.",
)  # fmt: skip
@click.option(
    "--at-most", type=click.FloatRange(min=0), default=0.0, metavar="DAYS",
    help="Days of use that may be lost in a replication that counts as served.  [default: none]",
)  # fmt: skip
@click.option("--full", is_flag=True, help="Full on the first day, instead of filled as the scenario says.")
@click.option(
    "--most", type=click.FloatRange(min=1), default=720.0, show_default=True, metavar="DAYS",
    help="Largest target looked at.",
)  # fmt: skip
@study_options("size", replications_option(200, "Replications of each size."))
@_no_plot
@collected(StudyOptions)
def size(
    scenario: str,
    stockpile: str,
    region: str,
    service: float,
    at_most: float,
    full: bool,
    most: float,
    replications: int,
    options: StudyOptions,
) -> None:
    """Find the smallest stockpile that serves a region.

    Served is a replication without any shortfall, or with no more days of use lost than --at-most. All sizes have the same
    random numbers. Also says whether the size of the scenario is enough.

    \b
    Examples:
      minsim size magnet-ban --stockpile project-vault --region "United States" --full --at-most 15
      minsim size mine.yaml --stockpile reserve --region Japan --service 0.9 -n 1000
    """
    loaded = options.load(scenario)
    folder = options.folder(f"{loaded.name}-size")
    with options.computing("Replications") as crew:
        from minsim import studies

        found = studies.size(
            loaded, stockpile, region, service, at_most_days=at_most, full=full, most_days=most,
            replications=replications, seed=options.seed, out=folder, **crew,
        )  # fmt: skip
    options.conclude(found, folder, scenario)


@click.command()
@click.argument("scenario")
@click.option("--metric", default="shortfall_days", show_default=True, metavar="NAME", help="A metric of `minsim run`.")
@click.option("--region", metavar="REGION", help="Whose metric.  [default: that of the region in which it varies most]")
@click.option("--material", metavar="NAME", help="Of which material.  [default: that of which it varies most]")
@click.option(
    "--method", type=click.Choice(["morris", "sobol"]), default="morris", show_default=True,
    help="Screening, a dozen runs a number; or shares of the variance, hundreds.",
)  # fmt: skip
@click.option(
    "--samples", type=click.IntRange(min=2), metavar="N",
    help="Trajectories of Morris, or base points of Sobol, a power of two.  [default: 10, or 64]",
)  # fmt: skip
@click.option(
    "--spread", type=click.FloatRange(0, 1), default=0.0, metavar="SHARE",
    help="Also move all numbers without a distribution by this share to either side.",
)  # fmt: skip
@study_options("sensitivity")
@_no_plot
@collected(StudyOptions)
def sensitivity(
    scenario: str,
    metric: str,
    region: str | None,
    material: str | None,
    method: Literal["morris", "sobol"],
    samples: int | None,
    spread: float,
    options: StudyOptions,
) -> None:
    """Find which numbers of SCENARIO drive an answer.

    Each is moved through its range; assumptions are marked.

    \b
    Examples:
      minsim sensitivity magnet-ban --region "United States"
      minsim sensitivity mine.yaml --spread 0.1
      minsim sensitivity magnet-ban --method sobol --samples 128 --jobs 2

    Needs SALib: pip install 'minsim[sensitivity]'.
    """
    loaded = options.load(scenario)
    folder = options.folder(f"{loaded.name}-sensitivity")
    with options.computing("Runs") as crew:
        from minsim import studies

        found = studies.sensitivity(
            loaded, metric, region, material, method=method, samples=samples, spread=spread, seed=options.seed,
            out=folder, **crew,
        )  # fmt: skip
    options.conclude(found, folder)
    if found.failures:
        say(f"Error: {len(found.failures)} runs of the design failed, all named in summary.json", err=True)
        leave(EXIT_FAILED)


def _parse_dollars(ctx: click.Context, parameter: click.Parameter, text: str) -> float:
    try:
        usd = float(text.replace("_", "").replace(",", ""))
    except ValueError:
        usd = -1.0
    if not 0 < usd < float("inf"):
        raise click.BadParameter(f"expected dollars > 0, such as 50e6, got {text}")
    return usd


def _parse_costs(ctx: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, float]:
    pairs = [text.partition("=") for text in given]
    return {name.strip(): _parse_dollars(ctx, parameter, usd) for name, _, usd in pairs}


@click.command()
@click.argument("scenario")
@click.option("--region", required=True, metavar="REGION", help="Region whose days of use are to be saved.")
@click.option(
    "--budget-usd",
    required=True,
    callback=_parse_dollars,
    metavar="USD",
    help="What may be spent, such as 50e6.",
)
@click.option(
    "--material",
    metavar="NAME",
    help="Save days of this material alone.  [default: of all that the region uses, alike]",
)
@click.option(
    "--over",
    multiple=True,
    metavar="PURCHASE",
    help="Choose from these only: stock, capacity, recycling, or one such as stock.magnets; may be given several times.",
)
@click.option(
    "--cost", "costs", multiple=True, callback=_parse_costs, metavar="PURCHASE=USD",
    help="Cost of a tonne held, or of a tonne a year of capacity, in place of the reference; may be given several times.",
)  # fmt: skip
@study_options("spend", replications_option(None, "Replications of each spending.  [default: the central case alone]"))
@_no_plot
@collected(StudyOptions)
def spend(
    scenario: str,
    region: str,
    budget_usd: float,
    material: str | None,
    over: tuple[str, ...],
    costs: dict[str, float],
    replications: int | None,
    options: StudyOptions,
) -> None:
    """Find what a dollar buys best against the shortages of a region.

    On offer are stocks of every material in the region's chain, in its last form and in those its stockpiles hold; more
    capacity of its plants; more recycling. Each is tried alone, then the best mix is sought. Bought things stand on the
    first day: what they need to be built is another matter. The region's stockpiles of these materials are left out, and
    stock is bought under their rules. Oxide and metal help as far as plants in the region have capacity to spare.

    Stock costs its value at the scenario's prices, and holding it; plants cost years of their sales, an assumption with a
    range, which --cost replaces. Prices are changed with --set materials.NAME.price_usd_per_kg=USD.

    \b
    Examples:
      minsim spend magnet-ban --region "United States" --budget-usd 200e6
      minsim spend magnet-ban --region "United States" --budget-usd 20e6 --over stock -n 100
      minsim spend magnet-ban --region "United States" --budget-usd 1e9 --cost capacity.magnets.fabricate=100000
    """
    loaded = options.load(scenario)
    folder = options.folder(f"{loaded.name}-spend")
    with options.computing("Runs") as crew:
        from minsim import studies

        found = studies.spend(
            loaded, region, budget_usd, material=material, over=over, costs=costs, replications=replications,
            seed=options.seed, out=folder, **crew,
        )  # fmt: skip
    options.conclude(found, folder, scenario)


COMMANDS = (ensemble, compare, sweep, size, spend, sensitivity)
"""In the order in which a newcomer needs them."""
