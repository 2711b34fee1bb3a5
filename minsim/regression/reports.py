"""Verdicts for other programs: JUnit XML for a CI server, Markdown for a pull request's comment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree import ElementTree

from minsim._version import __version__
from minsim.regression.session import Verdict

MOST_LINES = 20
"""Drifts of one scenario listed in Markdown; a comment has a limited length."""

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(verdicts: Sequence[Verdict]) -> str:
    """A test suite with one test case per scenario, in the format that CI servers read."""
    failures = sum(verdict.status == "drift" for verdict in verdicts)
    counts = {"tests": str(len(verdicts)), "failures": str(failures), "errors": "0", "skipped": "0"}
    seconds = f"{sum(verdict.seconds for verdict in verdicts):.3f}"
    root = ElementTree.Element("testsuites", {"name": "minsim regress", "time": seconds} | counts)
    suite = ElementTree.SubElement(root, "testsuite", {"name": "minsim regress", "time": seconds} | counts)
    for verdict in verdicts:
        names = {"classname": "minsim.regress", "name": verdict.name, "time": f"{verdict.seconds:.3f}"}
        case = ElementTree.SubElement(suite, "testcase", {key: _xml(text) for key, text in names.items()})
        lines = [*verdict.remarks, *map(str, verdict.drifts)]
        if verdict.status == "drift":
            failure = ElementTree.SubElement(
                case, "failure", {"type": "drift", "message": _xml(str(verdict.drifts[0]))}
            )
            failure.text = _xml("\n".join(lines))
        elif lines:
            ElementTree.SubElement(case, "system-out").text = _xml("\n".join(lines))
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _xml(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)


def markdown(verdicts: Sequence[Verdict]) -> str:
    """A table of verdicts and the drifts, for a comment."""
    drifted = [verdict for verdict in verdicts if verdict.drifts]
    title = f"{len(drifted)} of {len(verdicts)} scenarios drifted" if drifted else _all_same(len(verdicts))
    rows = [
        f"| {_table_cell(verdict.name)} | {_result(verdict)} | {_table_cell(_first(verdict))} |" for verdict in verdicts
    ]
    parts = [
        f"### minsim regress: {title}",
        "",
        "| scenario | result | first of what changed |",
        "|---|---|---|",
        *rows,
    ]
    for verdict in drifted:
        parts += ["", *_details(verdict)]
    parts += ["", f"minsim {__version__}; accept a drift with `minsim regress … --update`."]
    return "\n".join(parts) + "\n"


def _all_same(count: int) -> str:
    return "the scenario is as its baseline says" if count == 1 else f"all {count} scenarios are as their baselines say"


def _result(verdict: Verdict) -> str:
    count = len(verdict.drifts)
    text = f"{count} drift{'' if count == 1 else 's'}" if count else verdict.status
    return f"{text}, question changed" if verdict.question_changed else text


def _first(verdict: Verdict) -> str:
    return str(verdict.drifts[0]) if verdict.drifts else " ".join(verdict.remarks)


def _details(verdict: Verdict) -> list[str]:
    lines = [f"- {_table_cell(text)}" for text in verdict.lines]
    more = len(lines) - MOST_LINES
    if more > 0:
        lines = [*lines[:MOST_LINES], f"- … and {more} more"]
    return [f"<details><summary>{_table_cell(verdict.headline)}</summary>", "", *lines, "", "</details>"]


def _table_cell(text: str) -> str:
    """Text escaped so that it stays one cell without markup."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_|\[\]#])", r"\\\1", plain)
