"""The reference of the command line, written from the commands themselves: what `--help` says, as a page."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click
from cells import cell

from minsim.cli.main import main


def reference() -> str:
    """Every command with its arguments, options and examples, as Markdown."""
    return "\n".join(section(context) for context in contexts(click.Context(main, info_name="minsim")))


def contexts(context: click.Context) -> Iterator[click.Context]:
    """A command and all below it, in the order of `--help`."""
    yield context
    if isinstance(context.command, click.Group):
        for name in context.command.list_commands(context):
            command = context.command.get_command(context, name)
            assert command is not None
            yield from contexts(click.Context(command, info_name=name, parent=context))


def section(context: click.Context) -> str:
    """One command: usage, help, options."""
    command, path = context.command, context.command_path
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    level = "##" if context.parent is None or context.parent.parent is None else "###"
    head = f"{level} {path} {{ #{path.replace(' ', '-')} }}\n\n```text\n{usage}\n```\n"
    return "\n".join([head, *paragraphs(command.help or ""), *options(context), ""])


def paragraphs(text: str) -> Iterator[str]:
    """Help as Markdown; what click is told to leave as it is becomes a block of its own."""
    for paragraph in inspect.cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b"):
            title, _, lines = paragraph.removeprefix("\b").strip("\n").partition("\n")
            if title.startswith(" "):
                title, lines = "", f"{title}\n{lines}"
            yield f"{title}\n\n```text\n{inspect.cleandoc(lines)}\n```\n"
        else:
            yield f"{inspect.cleandoc(paragraph)}\n"


def options(context: click.Context) -> Iterator[str]:
    """Options as a table, as the terminal words them."""
    records = [
        record
        for parameter in context.command.params
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context)) is not None
    ]
    if records:
        yield "| option | meaning |\n|---|---|"
        for names, meaning in records:
            yield f"| `{names.replace('|', ' or ')}` | {cell(meaning)} |"
