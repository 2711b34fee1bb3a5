"""The sources of a scenario as a bibliography: Markdown for readers, BibTeX and CSL-JSON for reference managers.

The sources come first; the assumptions follow as one entry that lists every assumption with its reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from minsim.text.formatting import count
from minsim.text.links import web_address

if TYPE_CHECKING:
    from minsim.scenario.format.sources import Source
    from minsim.scenario.inputs import Input
    from minsim.scenario.scenario import Scenario

FORMATS = ("md", "bibtex", "csl")
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


def bibliography(scenario: Scenario, form: str) -> str:
    """The bibliography of a scenario, as text.

    Parameters
    ----------
    scenario : Scenario
    form : {"md", "bibtex", "csl"}

    Examples
    --------
    >>> bibliography(load_scenario("magnet-ban"), "bibtex")  # doctest: +SKIP
    """
    return {"md": _markdown, "bibtex": _bibtex, "csl": _csl}[form](scenario, scenario.inputs())


def inputs_by_note(entries: Iterable[Input]) -> dict[str, list[Input]]:
    """Inputs grouped by their note, on one line: a block's note applies to all its numbers, and is long."""
    groups: dict[str, list[Input]] = {}
    for entry in entries:
        groups.setdefault(" ".join((entry.note or "").split()), []).append(entry)
    return groups


def _assumed(inputs: Iterable[Input]) -> list[Input]:
    return [entry for entry in inputs if entry.kind == "assumption"]


def _tally(inputs: Sequence[Input]) -> str:
    return f"{len(_assumed(inputs))} of {count(len(inputs), 'input')} are assumptions."


def _remarks(source: Source) -> str:
    """Metadata for which reference managers have no field."""
    elsewhere = "" if web_address(source.url) else source.url  # an address that is no link, such as javascript:
    metadata = {
        "licence": source.licence,
        "document": source.document,
        "address": elsewhere,
        "figures": source.confidence,
    }
    return "; ".join(f"{name}: {text}" for name, text in metadata.items() if text)


def _date_parts(date: str | None) -> tuple[int, ...]:
    """Year, month, day as far as they are known; empty if the text is not a date."""
    found = _DATE.fullmatch(date or "")
    return tuple(int(part) for part in found.groups() if part is not None) if found else ()


# ---------------------------------------------------------------------------------------------------------------- Markdown


def _markdown(scenario: Scenario, inputs: Sequence[Input]) -> str:
    model = scenario.model
    lines = [
        f"# Sources of {_md(model.title)}",
        "",
        f"Rests on what was known on {model.as_of}. {_tally(inputs)}",
        "",
    ]
    lines += ["## Sources", ""]
    for key, source in model.sources.items():
        used = [entry for entry in inputs if entry.source == key and entry.kind != "assumption"]
        lines.append(f"- {_md_source(key, source)} {count(len(used), 'input')}.")
        lines += [
            f"  - {_md(note) or 'as published'}: {_md_inputs(entries)}"
            for note, entries in inputs_by_note(used).items()
        ]
    lines += ["", "## Assumptions", ""]
    lines += [
        f"- {_md(note) or 'no reason given'}: {_md_inputs(entries)}"
        for note, entries in inputs_by_note(_assumed(inputs)).items()
    ]
    return "\n".join([*lines, ""])


def _md_source(key: str, source: Source) -> str:
    parts = [
        f"{_md(source.publisher)}." if source.publisher else "",
        f"*{_md(source.title)}*.",
        f"{_md(source.date)}." if source.date else "",
        _md_place(source),
        f"Licence: {_md(source.licence)}." if source.licence else "",
        f"{source.confidence.capitalize()};" if source.confidence else "",
    ]
    return f"**{_md(key)}**: {' '.join(part for part in parts if part)}"


def _md_place(source: Source) -> str:
    """Where a source is found: a link only to the web, any other address as text."""
    if web_address(source.url):
        return f"<{source.url}>."
    place = source.url or source.document
    return f"{_md(place)}." if place else ""


def _md_inputs(entries: Iterable[Input]) -> str:
    return "; ".join(f"{_md_code(entry.path)} = {_md(entry.text)} {_md(entry.unit)}".rstrip() for entry in entries)


def _md_code(text: str) -> str:
    """Text as code, between more backticks than it holds in a row."""
    plain = " ".join(text.split())
    longest = max(map(len, re.findall("`+", plain)), default=0)
    fence, blank = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{blank}{plain}{blank}{fence}"


def _md(text: str) -> str:
    """Text with the special characters of Markdown escaped, also those that would begin a list."""
    escaped = re.sub(r"([\\`*_\[\]<>#|~&!])", r"\\\1", " ".join(text.split()))
    return re.sub(r"^([-+]|\d+[.)])(?= |$)", lambda found: f"{found[0][:-1]}\\{found[0][-1]}", escaped)


# ------------------------------------------------------------------------------------------------------------------ BibTeX


def _bibtex(scenario: Scenario, inputs: Sequence[Input]) -> str:
    entries = [_bibtex_source(key, source) for key, source in scenario.model.sources.items()]
    assumed = {
        "title": _tex_whole(f"Assumptions of the scenario {scenario.name}: {scenario.model.title}"),
        "author": "{minsim}",
        **_tex_date(scenario.model.as_of.isoformat()),
        "note": _tex(_tally(inputs)),
        "annote": _tex(_reasons(inputs)),
    }
    return "\n".join([*entries, _bibtex_entry("misc", f"{scenario.name}-assumptions", assumed)])


def _bibtex_source(key: str, source: Source) -> str:
    fields = {
        "title": _tex_whole(source.title),
        "author": _tex_whole(source.publisher or ""),
        **_tex_date(source.date),
        "url": _tex_url(web_address(source.url)),
        "note": _tex(_remarks(source)),
    }
    return _bibtex_entry("misc", key, fields)


def _bibtex_entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@{kind}{{{key},", *lines, "}", ""])


def _tex_date(date: str | None) -> dict[str, str]:
    parts = _date_parts(date)
    if not parts:
        return {"year": _tex(date or "")}
    return dict(zip(("year", "month", "day"), map(str, parts), strict=False))


def _tex_whole(text: str) -> str:
    """Text in extra braces: names of organisations are not parsed as persons, and titles keep their capitals."""
    return f"{{{_tex(text)}}}" if text else ""


_TEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    **{sign: f"\\{sign}" for sign in "&%$#_"},
}


def _tex(text: str) -> str:
    """Text with the special characters of TeX escaped."""
    return "".join(_TEX.get(sign, sign) for sign in " ".join(text.split()))


def _tex_url(url: str) -> str:
    """An address: verbatim except for braces, which must balance."""
    return url.replace("{", "%7B").replace("}", "%7D").replace("\\", "%5C")


def _reasons(inputs: Iterable[Input]) -> str:
    """Every assumption with its reason, in sentences."""
    return " ".join(
        f"{note or 'No reason given'}: {', '.join(f'{e.path} = {e.text} {e.unit}'.rstrip() for e in entries)}."
        for note, entries in inputs_by_note(_assumed(inputs)).items()
    )


# -------------------------------------------------------------------------------------------------------------------- CSL


def _csl(scenario: Scenario, inputs: Sequence[Input]) -> str:
    """CSL-JSON 1.0.2, as citeproc, Zotero and pandoc read it."""
    items = [_csl_source(key, source) for key, source in scenario.model.sources.items()]
    items.append(
        {
            "id": f"{scenario.name}-assumptions",
            "type": "dataset",
            "title": f"Assumptions of the scenario {scenario.name}: {scenario.model.title}",
            "author": [{"literal": "minsim"}],
            "issued": _csl_date(scenario.model.as_of.isoformat()),
            "note": _tally(inputs),
            "abstract": _reasons(inputs),
        }
    )
    return json.dumps(items, indent=2, ensure_ascii=False) + "\n"


def _csl_source(key: str, source: Source) -> dict[str, Any]:
    item = {
        "id": key,
        "type": "webpage" if web_address(source.url) else "document",
        "title": source.title,
        "author": [{"literal": source.publisher}] if source.publisher else None,
        "publisher": source.publisher,
        "issued": _csl_date(source.date),
        "URL": web_address(source.url),
        "note": _remarks(source),
    }
    return {name: value for name, value in item.items() if value}


def _csl_date(date: str | None) -> dict[str, Any] | None:
    if date is None:
        return None
    parts = _date_parts(date)
    return {"date-parts": [list(parts)]} if parts else {"literal": date}
