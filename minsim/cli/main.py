"""The command line; with `minsim.cli` the only place that prints or exits.

Each command calls one function of the Python API. Heavy modules are imported inside the commands, so that `--help`
answers at once.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import click

from minsim._version import __version__
from minsim.cli import explain, library, plots, reference, report, studies
from minsim.cli.common import (
    COMMAND_LINE,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_INVALID,
    Commands,
    console,
    load,
    load_aloud,
    out_option,
    override_option,
    progress,
    scenario_options,
    simulate,
    warn,
)
from minsim.errors import BaselineError, OutputError, ScenarioError

ALL = "all"
"""What `minsim run` takes for every scenario of the library."""

__all__ = ["EXIT_FAILED", "EXIT_INTERRUPTED", "EXIT_INVALID", "main"]


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "--version", "-V", message="minsim %(version)s")
def main() -> None:
    """Simulate supply-chain risk in critical minerals.

    A scenario is a file that says who makes, trades and uses a material, and what goes wrong. minsim follows the tonnes
    day by day and answers: who runs short of what, from when, and how many days of use are lost.

    \b
    Examples:
      minsim list                        which scenarios come with minsim
      minsim show magnet-ban             what one of them says
      minsim run magnet-ban              what happens in it
      minsim attribute truce-lapses      which event costs whom how much
      minsim why magnet-ban --region "United States" --date 2027-03-03
      minsim sources magnet-ban          what its numbers rest on
      minsim report magnet-ban           one page for the board

    Results are simulations of stated assumptions, not forecasts.
    """


@main.command("list")
def list_command() -> None:
    """List the scenarios that come with minsim.

    For each: its name, the question it answers, the date whose knowledge it rests on, and its materials.

    \b
    Examples:
      minsim list
    """
    from minsim import scenario as loading
    from minsim.cli import library_tables

    console().print(library_tables.library_table([loading.load_scenario(name) for name in loading.library()]))


@main.command()
@click.argument("scenario")
@click.option("--resolved", is_flag=True, help="Print the whole scenario as YAML, with what it inherits merged in.")
def show(scenario: str, resolved: bool) -> None:
    """Show what SCENARIO says, without running it.

    The question it asks, its period, materials with their leading producers, consumers, stockpiles and events. SCENARIO
    is a name from `minsim list`, or the path of a scenario file.

    \b
    Examples:
      minsim show magnet-ban
      minsim show my-scenario.yaml --resolved > merged.yaml
    """
    loaded = load(scenario)
    if resolved:
        import yaml

        click.echo(yaml.safe_dump(loaded.resolved, sort_keys=False, allow_unicode=True, width=120), nl=False)
        return
    from minsim.cli import tables

    warn(loaded)
    console().print(tables.scenario_page(loaded))


@main.command()
@click.argument("scenario", nargs=-1, required=True)
def validate(scenario: tuple[str, ...]) -> None:
    """Check each SCENARIO and report every problem in it.

    SCENARIO is a name from `minsim list`, or the path of a scenario file; several may be given. Each problem is printed
    with its file, line and column, and how to mend it. The exit code is 2 when any scenario has a problem, else 0.

    \b
    Examples:
      minsim validate my-scenario.yaml
      minsim validate scenarios/*.yaml
    """
    invalid = 0
    for target in scenario:
        try:
            loaded = load(target)
        except ScenarioError as error:
            invalid += 1
            click.echo(f"{target}: not valid", err=True)
            click.echo(str(error), err=True)
        else:
            warn(loaded)
            click.echo(f"{target}: ok")
    if invalid:
        click.get_current_context().exit(EXIT_INVALID)


@main.command()
@click.argument("scenario")
@out_option("results/NAME; of a company: results/NAME-FILE")
@scenario_options
@click.option(
    "--company",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Answer for a company as well: its own use, stock and suppliers, laid over SCENARIO. Nothing is sent anywhere. "
    "[results: in results/NAME-FILE]",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    metavar="J",
    help="With `all`: worker processes.  [default: as many as there are cores]",
)
@click.option(
    "--format",
    "file_format",
    type=click.Choice(["csv", "parquet"]),
    default="csv",
    show_default=True,
    help="Format of the tables written.",
)
@click.option("--no-plot", is_flag=True, help="Draw nothing: no shortfall.png, shortfall.svg, licences.png.")
@click.option(
    "--no-bracket",
    is_flag=True,
    help="Skip the extra runs: those without and with free rerouting of trade, and the waterfall of days lost.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print the summary as JSON, and nothing else; files are written as usual."
)
@click.pass_context
def run(
    ctx: click.Context,
    scenario: str,
    out: Path | None,
    overrides: tuple[str, ...],
    without: tuple[str, ...],
    only: tuple[str, ...],
    seed: int | None,
    replication: int | None,
    company: Path | None,
    jobs: int | None,
    file_format: Literal["csv", "parquet"],
    no_plot: bool,
    no_bracket: bool,
    as_json: bool,
) -> None:
    """Simulate SCENARIO, print the answer and write the results.

    SCENARIO is a name from `minsim list`, or the path of a scenario file. The answer comes first: who runs short of
    what, from which day, and how many days of use are lost; then the figures by material and region, and the files
    written.

    SCENARIO `all` runs every scenario of the library, each into a folder of its own, and writes an index of the answers
    and a heat map of days lost beside them. One that fails stops no other; the exit code is then 1.

    Without --seed and --replication the central case is computed: each uncertain number stands at the value its author
    gave as most likely. With either, the numbers are drawn from their distributions; the same seed and K always give
    the same run.

    \b
    Examples:
      minsim run magnet-ban
      minsim run magnet-ban --set events.ban.duration_days=180 --out results/half-a-year
      minsim run magnet-ban --without ban
      minsim run magnet-ban --replication 7
      minsim run magnet-ban --company my-company.yaml
      minsim run my-scenario.yaml --format parquet --no-plot
      minsim run magnet-ban --json > summary.json
      minsim run all --out results/all --jobs 4

    A problem in the scenario stops everything before anything is written, with exit code 2.
    """
    if scenario == ALL:
        library.refuse(set=overrides, without=without, only=only, company=company, json=as_json)
        library.run_all(ctx, out, jobs, seed=seed, replication=replication, bracket=not no_bracket, plot=not no_plot,
                        format=file_format)  # fmt: skip
        return
    if jobs is not None:
        raise click.UsageError("--jobs goes with `all`; one scenario is one run")
    loaded = load_aloud(scenario, overrides, without, only, company)
    folder = out or Path("results") / (loaded.name if company is None else f"{loaded.name}-{company.stem}")
    finished = simulate(loaded, seed, replication, bracket=not no_bracket)
    if not as_json:
        from minsim.cli import tables

        console().print(tables.answer_page(loaded, finished.answer(), finished.summary()["metrics"]))
    with progress(f"Writing {folder}"):
        finished.save(folder, format=file_format, plot=not no_plot, command=ctx.meta[COMMAND_LINE])
    if as_json:
        click.echo(json.dumps(finished.summary(), indent=2, allow_nan=False))
    else:
        console().print(tables.files_written(folder))


main.add_command(explain.attribute)
main.add_command(explain.why)
main.add_command(plots.plot)
main.add_command(report.report)


@main.command()
@click.argument("scenario", nargs=-1)
@click.option(
    "--baselines",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Folder of the baselines, one file a scenario.",
)
@click.option("--update", is_flag=True, help="Rewrite the baselines that differ, and make those that are missing.")
@override_option
@click.option(
    "--junit", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write JUnit XML, for a CI server."
)
@click.option(
    "--markdown",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a table in Markdown, for a pull request's comment.",
)
@click.option(
    "--plots",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Draw what drifted, old against new.",
)
@click.pass_context
def regress(
    ctx: click.Context,
    scenario: tuple[str, ...],
    baselines: Path,
    update: bool,
    overrides: tuple[str, ...],
    junit: Path | None,
    markdown: Path | None,
    plots: Path | None,
) -> None:
    """Run each SCENARIO and compare it with its baseline.

    A baseline is a small text file that says how a scenario came out: metrics, monthly sums, yearly trade, and how far
    each number may be off. Keep it under version control. SCENARIO is a name from `minsim list`, or the path of a
    scenario file; without any, every scenario that has a baseline is run.

    \b
    Examples:
      minsim regress magnet-ban --baselines baselines --update
      minsim regress --baselines baselines
      minsim regress scenarios/*.yaml --baselines baselines --junit regress.xml --markdown regress.md

    The exit code is 0 when everything is as it was (or has been updated), 1 when something drifted, and 2 when a
    scenario or a baseline is missing or wrong.
    """
    from minsim import regression
    from minsim.charts import drifts
    from minsim.regression import reports

    verdicts = []
    try:
        tasks = regression.plan(scenario, baselines, overrides, update=update)
        for task in tasks:
            warn(task.scenario)
        for verdict in regression.regress(tasks, update=update):
            click.echo("\n".join([verdict.headline, *(f"  {line}" for line in verdict.lines)]))
            verdicts.append(verdict)
    except BaselineError as error:
        click.echo(f"Error: {error}", err=True)
        ctx.exit(EXIT_INVALID)
    if plots is not None:
        for verdict in verdicts:
            for path in drifts.draw_all(verdict, plots):
                click.echo(f"drew {path}", err=True)
    for file, text_of in ((junit, reports.junit_xml), (markdown, reports.markdown)):
        if file is not None:
            reports.write_report(file, text_of(verdicts))
    if any(verdict.status == "drift" for verdict in verdicts):
        click.echo("A wanted change? Accept it with --update, and commit the baselines with it.", err=True)
        ctx.exit(EXIT_FAILED)


@main.command()
@click.argument("scenario")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "md", "bibtex", "csl"]),
    default="table",
    show_default=True,
    help="A table for the terminal, or a bibliography: Markdown, BibTeX or CSL-JSON.",
)
def sources(scenario: str, form: str) -> None:
    """List what the numbers of SCENARIO rest on.

    Every source with the inputs taken from it; then the assumptions, each with its reason; then the counts.

    \b
    Examples:
      minsim sources magnet-ban
      minsim sources magnet-ban --format bibtex > magnet-ban.bib
    """
    from minsim.cli import tables
    from minsim.scenario import bibliography

    loaded = load_aloud(scenario)
    if form != "table":
        click.echo(bibliography.bibliography(loaded, form), nl=False)
        return
    console().print(tables.sources_page(loaded))


@main.command()
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the schema to FILE instead of printing it.",
)
def schema(out: Path | None) -> None:
    """Print the JSON Schema of the scenario format.

    Editors complete and check scenario files with it, given this first line in the file:

    \b
      # yaml-language-server: $schema=scenario.schema.json

    \b
    Examples:
      minsim schema --out scenario.schema.json
    """
    from minsim import scenario as loading

    text = json.dumps(loading.json_schema(), indent=2, allow_nan=False)
    if out is None:
        click.echo(text)
        return
    try:
        out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror}") from error
    click.echo(f"wrote {out}", err=True)


main.add_command(reference.data)
main.add_command(reference.screen)
main.add_command(reference.new)
for command in studies.COMMANDS:
    main.add_command(command)
