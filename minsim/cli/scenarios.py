"""Commands that read scenarios and run none: `list`, `show`, `validate`, `sources`, `schema`."""

from __future__ import annotations

from pathlib import Path

import click

from minsim.cli.common import EXIT_INVALID, json_text, leave, print_page, say, shows_any_letter, warn
from minsim.cli.options import RunOptions, file_option
from minsim.errors import ScenarioError


@click.command("list")
def list_command() -> None:
    """List the scenarios that come with minsim.

    For each: its name, the question it answers, the date whose knowledge it rests on, and its materials.

    \b
    Examples:
      minsim list
    """
    from minsim.cli import library_tables
    from minsim.scenario import library, load_scenario

    print_page(library_tables.library_table(map(load_scenario, library())))


@click.command()
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
    from minsim.scenario import load_scenario

    loaded = load_scenario(scenario)
    if resolved:
        import yaml

        say(yaml.safe_dump(loaded.resolved, sort_keys=False, allow_unicode=shows_any_letter(), width=120), nl=False)
        return
    from minsim.cli import tables

    warn(loaded)
    print_page(tables.scenario_page(loaded))


@click.command()
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
    from minsim.scenario import load_scenario

    invalid = 0
    for target in scenario:
        try:
            loaded = load_scenario(target)
        except ScenarioError as error:
            invalid += 1
            say(f"{target}: not valid", err=True)
            say(str(error), err=True)
        else:
            warn(loaded)
            say(f"{target}: ok")
    if invalid:
        leave(EXIT_INVALID)


@click.command()
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

    loaded = RunOptions().load(scenario)
    if form != "table":
        say(bibliography.bibliography(loaded, form), nl=False)
        return
    print_page(tables.sources_page(loaded))


@click.command()
@file_option("--out", text="Write the schema to FILE instead of printing it.")
def schema(out: Path | None) -> None:
    """Print the JSON Schema of the scenario format.

    Editors complete and check scenario files with it, given this first line in the file:

    \b
      # yaml-language-server: $schema=scenario.schema.json

    \b
    Examples:
      minsim schema --out scenario.schema.json
    """
    from minsim.scenario import json_schema

    text = json_text(json_schema())
    if out is None:
        say(text)
        return
    from minsim.results.atomic import write_text

    write_text(out, text + "\n")
    say(f"wrote {out}", err=True)
