"""The page: it says what the run found, loads nothing, is accessible, and no scenario can break out of it."""

import html
import json
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from report_pages import REGION, findings, page

from minsim.metrics import consumers
from minsim.report.page import render

PAGES = (
    "magnet-ban",
    "truce-lapses",
    "truce-lapses-legal",
    "gallium-germanium-antimony-suspension-ends",
    "salt",
    "calm",
    "hostile",
)
VOID = {"meta", "link", "br", "img", "input"}


class Element:
    """An element of a page, with its text and what is inside."""

    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent = tag, dict(attributes), parent
        self.children, self.words = [], []

    @property
    def text(self):
        return " ".join("".join(self.pieces()).split())

    def pieces(self):
        for part in self.words:
            yield from part.pieces() if isinstance(part, Element) else [part]

    def every(self, tag):
        for child in self.children:
            if tag in ("*", child.tag):
                yield child
            yield from child.every(tag)


class Reader(HTMLParser):
    """Builds the tree, and insists that every element is closed where it should be."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("root", {}, None)
        self.feed(text)
        self.close()
        assert self.here is self.root

    def handle_starttag(self, tag, attrs):
        made = Element(tag, attrs, self.here)
        self.here.children.append(made)
        self.here.words.append(made)
        if tag not in VOID:
            self.here = made

    def handle_startendtag(self, tag, attrs):
        made = Element(tag, attrs, self.here)
        self.here.children.append(made)

    def handle_endtag(self, tag):
        assert self.here.tag == tag, f"</{tag}> inside <{self.here.tag}>"
        self.here = self.here.parent

    def handle_data(self, data):
        self.here.words.append(data)


def tree(name):
    return Reader(page(name)).root


def table_rows(root, caption):
    """Rows below the head of the table with this caption, as texts by column."""
    (table,) = [t for t in root.every("table") if next(t.every("caption")).text.startswith(caption)]
    heads = [head.text for head in next(table.every("thead")).every("th")]
    return [
        dict(zip(heads, [cell.text for cell in row.children], strict=True))
        for body in table.every("tbody")
        for row in body.every("tr")
    ]


# ------------------------------------------------------------------------------------------------------- what it says


def test_the_first_screen_of_the_magnet_ban():
    root = tree("magnet-ban")
    assert next(root.every("h1")).text == "The United States loses 199 days of NdFeB magnets from 3 February 2027"
    (row,) = table_rows(root, "Regions that run short")
    assert row["Who"] == "United States"
    assert row["Short from; in 9 of 10 draws"].startswith("3 Feb 2027")
    assert row["Days of use lost; in 9 of 10 draws"].startswith("199")
    assert row["If nobody reroutes"] == "205worst case, from 31 Jan 2027"
    assert row["If all reroute freely"] == "6.1from 7 Sep 2027"
    assert row["Last date to act"] == "21 Dec 2026"
    steps = {row["Step"]: row["Days"] for row in table_rows(root, "Days of use lost, as one")}
    assert steps == {
        "naively": "225 days", "rerouting": "−10", "leakage": "no change", "stockpiles": "−15",
        "lost in the end": "199 days",
    }  # fmt: skip
    bought = {row["Stock"]: row for row in table_rows(root, "Stocks that might be bought, with")}
    assert bought["30 days of NdFeB magnets"] == {
        "Stock": "30 days of NdFeB magnets", "Tonnes": "821", "Cost": "$40.2m", "Days saved": "30", "per $m": "0.745",
    }  # fmt: skip
    assert bought["60 days of neodymium-praseodymium oxide"]["Days saved"] == "0"
    assert table_rows(root, "Shortfall by region") == [{"Region": "United States", "Tonnes": "5,450", "Worth": "$267m"}]
    deciding = table_rows(root, "Numbers that decide most")
    assert len(deciding) == 5
    assert deciding[0]["Number and its range"] == "Share of purchases, China → United States: NdFeB magnets (67%–76%)"
    assert deciding[1]["Number and its range"].endswith("assumption")
    text = root.text
    assert "90 of 119 inputs are assumptions." in text
    assert "Value added at risk: not given in the scenario." in text


def test_every_region_stands_with_the_figures_of_the_run():
    found = findings("truce-lapses")
    rows = {
        (row["Material"], row["Region"]): row for row in table_rows(tree("truce-lapses"), "Days of use lost by region")
    }
    assert len(rows) == len(found.run.record.network.consumers)
    for i, consumer in enumerate(found.run.record.network.consumers):
        row = rows["NdFeB magnets", consumer.region]
        for column, rerouting in (
            ("Days lost", "reference"),
            ("Without rerouting", "none"),
            ("With free rerouting", "free"),
        ):
            days = found.run.measures[rerouting]["shortfall_days"][i]
            assert float(row[column].replace(",", "")) == pytest.approx(days, abs=0.5 if days > 9.9 else 0.05 + 1e-9)
    assert "worst case, from 17 Mar 2027" in tree("truce-lapses").text  # the United States, under free rerouting


def test_the_embedded_points_are_those_of_the_run():
    found, root = findings("magnet-ban"), tree("magnet-ban")
    (block,) = [s for s in root.every("script") if s.attributes.get("type") == "application/json"]
    told = json.loads("".join(block.pieces()))
    assert told["scenario_hash"] == found.run.scenario.hash
    chart = next(chart for chart in told["charts"] if chart["id"] == "shortfall-magnets")
    shares = 100 * consumers.shortfall_fraction(consumers.consumer_flows_t(found.run.record))[:, found.focus]
    np.testing.assert_allclose(chart["series"][0]["values"], shares, rtol=5e-4, atol=1e-9)
    months = table_rows(root, "Shortfall of NdFeB magnets, %")
    february = next(row for row in months if row["Month"] == "2027-02")
    assert float(february["United States"]) == pytest.approx(shares[92:120].mean(), abs=0.05)


def test_a_page_where_nobody_is_short_makes_sense():
    root = tree("truce-lapses-legal")
    assert next(root.every("h1")).text == "No region runs short of NdFeB magnets"
    (row,) = table_rows(root, "Materials, the thinnest")
    assert row["Thinnest stock"] == "United States"
    assert row["Falls to"] == "26 daysof use, from 38, on 17 Feb 2027"
    assert row["If nobody reroutes"] == "no day"
    titles = [head.text for head in root.every("h2")]
    assert "There is nothing to buy: no region loses a day" in titles
    assert "Nobody goes without: no end use loses a day" in titles
    assert "In none of these is anybody short." in tree("calm").text


def test_several_materials_each_have_a_row_and_a_chart():
    root = tree("gallium-germanium-antimony-suspension-ends")
    rows = table_rows(root, "Materials, the thinnest")
    assert [row["Material"] for row in rows] == ["Antimony", "Germanium", "Gallium"]
    assert rows[0]["If nobody reroutes"] == "United States: 50 days lost from 29 May 2027"
    assert rows[0]["Last date to act, in that case"] == "26 Apr 2027"
    charts = [figure.attributes["data-chart"] for figure in root.every("figure")]
    assert charts == ["cover-antimony", "cover-germanium", "cover-gallium"]


def test_value_added_is_told_where_it_is_given():
    found, rows = findings("salt"), table_rows(tree("salt"), "Shortfall by end use")
    roads = next(row for row in rows if row["End use"] == "roads")
    lost = found.run.record.sector[:, :, consumers.SHORTFALL].sum(axis=0)
    names = [sector.sector for sector in found.run.record.network.sectors]
    assert float(roads["Value added at risk"].removeprefix("$").replace(",", "")) == pytest.approx(
        100.0 * lost[names.index("roads")], rel=0.005
    )
    assert next(row for row in rows if row["End use"] == "food")["Value added at risk"] == "not given in the scenario"


def test_every_source_and_every_input_is_listed():
    found, root = findings("magnet-ban"), tree("magnet-ban")
    sources, inputs = table_rows(root, "Sources, how well"), table_rows(root, "Empirical inputs")
    assert len(sources) == len(found.run.scenario.model.sources)
    assert sum(int(row["Inputs"]) for row in sources) == 119 - 90
    assert [row["Key"] for row in inputs] == [entry.path for entry in found.run.scenario.inputs()]


def test_the_colophon_says_how_to_make_the_page_again():
    (footer,) = tree("magnet-ban").every("footer")
    run = findings("magnet-ban").run
    for fact in (run.scenario.hash, "20260201", "minsim report magnet-ban", "simpy", "4 draws", "minsim 0."):
        assert fact in footer.text


def test_the_same_findings_give_the_same_bytes():
    assert render(findings("salt"), command="minsim report salt") == page("salt")


# --------------------------------------------------------------------------------------------- one file, loading nothing


@pytest.mark.parametrize("name", PAGES)
def test_the_page_loads_nothing(name):
    root = tree(name)
    for element in root.every("*"):
        assert "src" not in element.attributes, element.tag
        assert element.tag not in ("iframe", "object", "embed", "base", "form", "img")
        if element.tag == "link":
            assert element.attributes["href"] == "data:,"
        if element.tag == "style":
            assert not re.search(r"url\(|@import", element.text)
    assert len(page(name).encode()) < 1_500_000


# -------------------------------------------------------------------------------------------------------- accessibility


@pytest.mark.parametrize("name", PAGES)
def test_landmarks_headings_tables_and_pictures_can_be_heard(name):
    root = tree(name)
    assert next(root.every("html")).attributes["lang"] == "en"
    for landmark in ("header", "main", "footer", "h1", "title"):
        assert len(list(root.every(landmark))) == 1, landmark
    levels = [int(element.tag[1]) for element in root.every("*") if re.fullmatch(r"h[1-6]", element.tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for table in root.every("table"):
        assert next(table.every("caption")).text
        assert all(head.attributes.get("scope") in ("col", "row") for head in table.every("th"))
    for svg in root.every("svg"):
        assert svg.attributes.get("aria-hidden") == "true" or svg.attributes.get("role") == "img"
    ids = [element.attributes["id"] for element in root.every("*") if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    for element in root.every("*"):
        assert set(element.attributes.get("aria-labelledby", "").split()) <= set(ids)
        if element.attributes.get("href", "").startswith("#"):
            assert element.attributes["href"][1:] in ids


def test_the_scheme_of_colours_has_contrast_in_light_and_dark():
    style = "".join(next(tree("salt").every("style")).pieces())
    light, dark = (
        dict(re.findall(r"--([a-z0-9]+): (#[0-9a-f]{3,6});", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.S)[:2]
    )
    for colours in (light, dark):
        for ink in ("ink", "soft", "accent", "worse"):
            for ground in ("paper", "wash"):
                assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)
        for line in ("s1", "s2", "s3"):
            assert contrast(colours[line], colours["paper"]) >= 3.0, line


def contrast(one, other):
    """Contrast of two colours (WCAG 2)."""
    above, below = sorted((luminance(one), luminance(other)), reverse=True)
    return (above + 0.05) / (below + 0.05)


def luminance(colour):
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[k : k + 2], 16) / 255 for k in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# ------------------------------------------------------------------------------------------------------------- escaping


def test_no_text_of_a_scenario_becomes_markup():
    """Every element and attribute of the attacked page is one that the harmless page has too."""
    plain, attacked = tree("salt"), tree("hostile")
    allowed = {(e.tag, name) for name_ in PAGES[:-1] for e in tree(name_).every("*") for name in e.attributes}
    assert {e.tag for e in attacked.every("*")} <= {e.tag for name in PAGES[:-1] for e in tree(name).every("*")}
    assert {(e.tag, name) for e in attacked.every("*") for name in e.attributes} <= allowed
    assert len(list(attacked.every("script"))) == len(list(plain.every("script"))) == 2
    assert len(list(attacked.every("style"))) == 1
    assert not any(name.startswith("on") for e in attacked.every("*") for name in e.attributes)


def test_a_hostile_text_is_shown_as_it_was_written():
    text = tree("hostile").text
    for attack in ("</script><script>hacked()</script>", "</style><style>body{display:none}</style>", REGION):
        assert " ".join(attack.split()) in text
    assert html.escape(REGION, quote=False) in page("hostile") or "South&#34;" in page("hostile")


def test_only_addresses_of_the_web_are_linked():
    links = [link.attributes["href"] for link in tree("hostile").every("a")]
    assert "javascript:hacked()" in tree("hostile").text
    assert all(link.startswith(("#", "https://")) for link in links)
    assert 'https://example.org/a?b=1&c="x' in links
