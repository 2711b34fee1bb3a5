"""The command that draws: `plot`."""

from __future__ import annotations

from pathlib import Path

import click

from minsim.charts import KINDS
from minsim.cli.common import progress, say
from minsim.cli.options import RunOptions, collected, file_option, scenario_options

_KINDS = "\n      ".join(f"{name:<12} {kind.shows}" for name, kind in KINDS.items())


@click.command(
    help=f"""Draw a picture of SCENARIO.

    SCENARIO is a name from `minsim list`, the path of a scenario file, or a folder that `minsim run` has written: what
    its manifest records is then simulated again, to the same numbers.

    \b
    Kinds of pictures:
      {_KINDS}

    Ensembles, comparisons, sweeps, sizes and sensitivities are drawn by the commands that compute them, the screening
    by `minsim screen --plot`.

    \b
    Examples:
      minsim plot magnet-ban --kind supply --region "United States" -o supply.png
      minsim plot magnet-ban --kind flows --event ban -o flows.svg
      minsim plot results/magnet-ban --kind cover -o cover.png -o cover.svg
    """
)
@click.argument("scenario")
@click.option(
    "--kind", type=click.Choice(list(KINDS)), default="shortfall", show_default=True, help="What the picture shows."
)
@file_option(
    "--out",
    "-o",
    "files",
    text="Picture to write, PNG or SVG by its name; may be given several times.",
    required=True,
    multiple=True,
)
@click.option("--material", metavar="ID", help="Draw this material.  [default: the one of which most days are lost]")
@click.option("--region", metavar="REGION", help="Draw this region.  [default: the hardest hit]")
@click.option("--event", metavar="EVENT", help="Draw what this event does, named by its id.  [default: the gravest]")
@scenario_options
@collected(RunOptions)
def plot(
    scenario: str,
    kind: str,
    files: tuple[Path, ...],
    material: str | None,
    region: str | None,
    event: str | None,
    options: RunOptions,
) -> None:
    """Draw a picture of SCENARIO."""
    wrong = [path for path in files if path.suffix.lower() not in (".png", ".svg")]
    if wrong:
        raise click.UsageError(f"--out: expected a file that ends in .png or .svg, got {', '.join(map(str, wrong))}")
    run = options.run_named(scenario)
    with progress(f"Drawing {kind}"):
        from minsim import charts
        from minsim.charts import style

        figure = charts.draw(run, kind, material=material, region=region, event=event)
        style.save_figure(figure, *files)
    say(f"drew {', '.join(map(str, files))}", err=True)
