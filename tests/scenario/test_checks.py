"""Malformed scenarios: each is refused with the place, the path and words that tell what to mend."""

import re

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from minsim.errors import ScenarioError
from minsim.scenario import checks, load_scenario, scenario_from_mapping
from minsim.scenario.format.materials import Material
from minsim.scenario.stages import chain

BASE = """\
format: 1
title: A year without magnets
as_of: 2026-02-05
start: 2026-02-01
end: 2028-12-31
seed: 5
sources:
  survey: {title: A survey, publisher: Someone, date: 2026-01-31, confidence: found}
regions:
  blocs:
    friends: [United States, Japan]
materials:
  oxide:
    basis: oxide
    price_usd_per_kg: {value: 69, source: survey}
    stages:
      mine:
        producers:
          source: survey
          China: {share: 0.7}
          Australia: {share: 0.3}
      process:
        yield: 0.9
        producers:
          China: {share: 0.9, source: survey}
          Perth: {share: 0.1, country: Australia, source: survey}
    trade:
      home_preference: 3
      forbidden: ["Australia -> China"]
      lead_time_days: {default: 35, home: 5, pairs: {"China -> Japan": 10}}
  magnets:
    basis: product
    source: survey
    stages:
      fabricate:
        inputs: {oxide: 0.35}
        producers:
          China: {share: 0.9}
          Japan: {share: 0.1}
    consumers:
      United States:
        demand_t_per_year: 10000
        stock_days: 38
        sectors:
          defence: {share: 0.25, priority: 1}
          vehicles: {share: 0.75, priority: 2}
      Japan: {demand_t_per_year: 5000, stock_days: {dist: uniform, low: 20, high: 40}}
    prices:
      reference_usd_per_kg: 60
      zones: {china: [China], world: rest}
behaviour:
  magnets: {qualification_days: 365, note: approval takes a year}
stockpiles:
  vault:
    owner: friends
    holds: {magnets: fabricate}
    target_days: {value: 60, source: survey}
    budget_usd: 1.2e9
    members: {defence: 0.5}
    release: {sectors: [defence]}
events:
  curb:
    type: export_curb
    exporter: China
    importers: [United States]
    materials: [magnets]
    stage: fabricate
    sectors: [vehicles]
    start: 2026-11-10
    duration_days: 365
    measure:
      licence: {review_days: 45, decisions_per_day: 3, approval_rates: {Japan: 0.9}}
    leakage: {share: 0.2, via: [Thailand]}
    source: assumption
    note: escalation
  fire:
    type: outage
    producer: {material: oxide, stage: process, country: Australia}
    availability: 0
    start: {earliest: 2026-05-01, latest: 2026-05-31}
    end: 2026-08-01
    source: survey
  strait:
    type: chokepoint
    lanes: ["China -> Japan"]
    extra_days: 12
    source: survey
  fever:
    type: pandemic
    countries: [China]
    stages: [mine, fabricate]
    availability: 0.5
    source: survey
"""


@pytest.fixture(autouse=True)
def everything_simulated(monkeypatch):
    """The rules are tested on the whole format, whatever this version simulates."""
    monkeypatch.setattr(checks, "NOT_YET", ())


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


JARGON = re.compile(r"pydantic|Input should|function-|tagged|union|literal\[|Value error|validat")


def problems_of(folder, text):
    (folder / "case.yaml").write_text(text, "utf-8")
    with pytest.raises(ScenarioError) as caught:
        load_scenario("case.yaml")
    return caught.value.problems


def edited(old, new, text=BASE):
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in the base"
    return text.replace(old, new)


def marked(text):
    """Text without its mark `¦`, and the line and column the mark stood at."""
    assert text.count("¦") == 1
    before, _, after = text.partition("¦")
    return before + after, (before.count("\n") + 1, len(before) - before.rfind("\n"))


def test_the_base_is_valid(folder):
    (folder / "case.yaml").write_text(BASE, "utf-8")
    assert load_scenario("case.yaml").warnings == ()


# old text, new text with ¦ at the place expected, path, a telling part of the message
MALFORMED = {
    # YAML itself
    "syntax": ("seed: 5", "seed: [5\nsources2¦: x", "", "cannot be read as YAML"),
    "tab": ("seed: 5", "seed:\n¦\t- 5", "", "never with tabs"),
    "colon in text": ("title: A year", "title: why¦: A year", "", "in quotes"),
    "duplicate key": ("seed: 5", "seed: 5\n¦seed: 6", "seed", 'duplicate key "seed", first on line 6'),
    "duplicate deep": (
        "stock_days: 38",
        "stock_days: 38\n        ¦stock_days: 39",
        "materials.magnets.consumers.United States.stock_days",
        "duplicate key",
    ),
    "python tag": (
        "seed: 5",
        "seed: ¦!!python/object/apply:os.getpid []",
        "seed",
        "the tag !!python/object/apply:os.getpid",
    ),
    "binary tag": ("title: A year", "title: ¦!!binary aGk=\n#", "title", "the tag !!binary is refused"),
    "number too large": ("1.2e9", "¦1e999", "stockpiles.vault.budget_usd", "not a number that can be computed with"),
    "two documents": ("seed: 5", "seed: 5\n¦---\nseed: 6", "", "cannot be read as YAML"),
    # keys
    "unknown key": (
        "stock_days: 38",
        "¦stok_days: 38",
        "materials.magnets.consumers.United States.stok_days",
        'unknown key "stok_days"; did you mean "stock_days"?',
    ),
    "unknown top key": ("seed: 5", "¦sed: 5", "sed", 'unknown key "sed"; did you mean "seed"?'),
    "unlike any key": (
        "yield: 0.9",
        "¦zzz: 0.9",
        "materials.oxide.stages.process.zzz",
        "expected some of after, feed_stock_days",
    ),
    "alias, not attribute": (
        "yield: 0.9",
        "¦yield_: 0.9",
        "materials.oxide.stages.process.yield_",
        'did you mean "yield"?',
    ),
    "unknown key of an event": (
        "exporter: China",
        "exporter: China\n    ¦importer: Japan",
        "events.curb.importer",
        'did you mean "importers"?',
    ),
    "missing key": (
        "        demand_t_per_year: 10000\n",
        "",
        "materials.magnets.consumers.United States.demand_t_per_year",
        'missing key "demand_t_per_year"',
    ),
    "missing top key": ("as_of: 2026-02-05\n", "", "as_of", 'missing key "as_of"'),
    "missing type": ("    type: outage\n", "", "events.fire.type", 'missing key "type"'),
    "bad id": ("  vault:\n", "  ¦the vault:\n", "stockpiles.the vault", "letters, digits, - and _"),
    "dotted place": (
        "          Australia: {share: 0.3}",
        "          ¦St. Lucia: {share: 0.3}",
        "materials.oxide.stages.mine.producers.St. Lucia",
        "no dots",
    ),
    "null of nothing": (
        "events:\n",
        "events:\n  ¦crub: null\n",
        "events.crub",
        'null deletes what is inherited, but there is no "crub" here; did you mean "curb"?',
    ),
    # types
    "number in quotes": (
        "stock_days: 38",
        'stock_days: ¦"38"',
        "materials.magnets.consumers.United States.stock_days",
        'expected a number, got text "38"; write it without quotes',
    ),
    "unit in value": (
        "stock_days: 38",
        "stock_days: ¦38 days",
        "materials.magnets.consumers.United States.stock_days",
        "without quotes, unit",
    ),
    "no is text": (
        "stock_days: 38",
        "stock_days: ¦no",
        "materials.magnets.consumers.United States.stock_days",
        'expected a number, got text "no"',
    ),
    "truth for number": (
        "stock_days: 38",
        "stock_days: ¦true",
        "materials.magnets.consumers.United States.stock_days",
        "expected a number, got true",
    ),
    "null for number": (
        "stock_days: 38",
        "stock_days: ¦~",
        "materials.magnets.consumers.United States.stock_days",
        "expected a number, got null",
    ),
    "no number": (
        "stock_days: 38",
        "¦stock_days: {low: 1, high: 3}",
        "materials.magnets.consumers.United States.stock_days",
        "expected a number, {value: ...} or {dist: ...}, got a mapping of low, high",
    ),
    "date as text": (
        "title: A year without magnets",
        "title: ¦2026-01-01",
        "title",
        "got the date 2026-01-01; put it in quotes",
    ),
    "impossible date": (
        "end: 2028-12-31",
        "end: ¦2028-02-30",
        "end",
        'expected a date such as 2026-11-10, got text "2028-02-30"',
    ),
    "list for mapping": (
        "        inputs: {oxide: 0.35}",
        "        ¦inputs: [oxide]",
        "materials.magnets.stages.fabricate.inputs",
        "expected a mapping, got a list",
    ),
    "text for block": (
        "    trade:\n      home_preference: 3\n      forbidden",
        "    trade: ¦free\n    unused:\n      forbidden",
        "materials.oxide.trade",
        'expected a mapping, got text "free"',
    ),
    "name for list": (
        "countries: [China]",
        "countries: ¦China",
        "events.fever.countries",
        'expected all or a list, got text "China"; did you mean [China]?',
    ),
    "empty list": (
        "countries: [China]",
        "¦countries: []",
        "events.fever.countries",
        "1 or more entries, got an empty list",
    ),
    "fractional seed": ("seed: 5", "seed: ¦5.5", "seed", "expected a whole number, got 5.5"),
    "priority": (
        "priority: 1}",
        "priority: ¦0}",
        "materials.magnets.consumers.United States.sectors.defence.priority",
        "expected a number >= 1, got 0",
    ),
    # values
    "format": ("format: 1", "format: ¦2", "format", "expected 1, got 2"),
    "basis": ("basis: oxide", "basis: ¦oxyde", "materials.oxide.basis", 'got text "oxyde"; did you mean "oxide"?'),
    "negative": ("value: 60, source", "value: -60, source", "stockpiles.vault.target_days", "got -60"),
    "share above one": (
        "Perth: {share: 0.1",
        "Perth: {share: ¦1.1",
        "materials.oxide.stages.process.producers.Perth.share",
        "expected a share >= 0 and <= 1, got 1.1",
    ),
    "half days": ("duration_days: 365", "duration_days: ¦36.5", "events.curb.duration_days", "whole days, got 36.5"),
    "distribution": (
        "dist: uniform",
        "dist: ¦unifrom",
        "materials.magnets.consumers.Japan.stock_days.dist",
        'unknown distribution "unifrom"; did you mean "uniform"?',
    ),
    "wrong way round": (
        "{dist: uniform, low: 20",
        "{dist: uniform, low: 50",
        "materials.magnets.consumers.Japan.stock_days",
        "expected low <= high, got 50.0, 40.0",
    ),
    "event type": (
        "type: export_curb",
        "type: ¦export_crub",
        "events.curb.type",
        'unknown event type "export_crub"; did you mean "export_curb"?',
    ),
    "two measures": (
        "    measure:\n",
        "    ¦measure:\n      ban: true\n",
        "events.curb.measure",
        "set it to null, as in `ban: null`",
    ),
    "two ends": (
        "    duration_days: 365\n",
        "    duration_days: 365\n    end: 2027-01-01\n",
        "events.curb",
        "got both; drop one",
    ),
    "lane": (
        '["China -> Japan"]',
        '[¦"China to Japan"]',
        "events.strait.lanes.0",
        'expected a lane such as "China -> United States"',
    ),
    "lane key": (
        'pairs: {"China -> Japan"',
        'pairs: {¦"China>Japan"',
        "materials.oxide.trade.lead_time_days.pairs.China>Japan",
        "expected a lane",
    ),
    "end before start": ("end: 2028-12-31", "end: 2025-12-31", "", "expected end on or after start"),
    "zone": ("world: rest", "world: ¦rst", "materials.magnets.prices.zones.world", "expected rest or a list, got"),
    # shares
    "stage shares": (
        "          Australia: {share: 0.3}",
        "          Australia: {share: 0.2}",
        "materials.oxide.stages.mine.producers",
        "got 0.9: 0.1 missing",
    ),
    "sector shares": (
        "share: 0.75, priority: 2",
        "share: 0.76, priority: 2",
        "materials.magnets.consumers.United States.sectors",
        "got 1.01: 0.01 too much",
    ),
    # chains and inputs
    "untold stage": ("      process:\n", "      ¦refine:\n", "materials.oxide.stages.refine", "say `after:`"),
    "after nothing known": (
        "      process:\n",
        "      refine:\n        after: ¦mien\n",
        "materials.oxide.stages.refine.after",
        'unknown stage "mien"; did you mean "mine"?',
    ),
    "two first": (
        "      process:\n",
        "      process:\n        after: none\n",
        "materials.oxide.stages",
        "mine and process both come first",
    ),
    "ring of stages": (
        "      mine:\n",
        "      mine:\n        after: process\n",
        "materials.oxide.stages",
        "go round in a ring",
    ),
    "unknown input": (
        "inputs: {oxide:",
        "inputs: {oxid:",
        "materials.magnets.stages.fabricate.inputs.oxid",
        'unknown material "oxid"; did you mean "oxide"?',
    ),
    "ring of inputs": (
        "        yield: 0.9\n",
        "        inputs: {magnets: 0.1}\n",
        "materials.magnets",
        "inputs go round in a ring",
    ),
    "unbought": ("        inputs: {oxide: 0.35}\n", "", "materials.oxide", "nothing buys oxide"),
    # places
    "misspelt producer": (
        "          China: {share: 0.9, source",
        "          ¦Chna: {share: 0.9, source",
        "materials.oxide.stages.process.producers.Chna",
        'unknown country "Chna"; did you mean "China"?',
    ),
    "misspelt country": (
        "country: Australia, source",
        "country: ¦Autralia, source",
        "materials.oxide.stages.process.producers.Perth.country",
        'did you mean "Australia"?',
    ),
    "abbreviated consumer": (
        "      United States:\n",
        "      ¦USA:\n",
        "materials.magnets.consumers.USA",
        'unknown country "USA"; did you mean "United States"?',
    ),
    "small letters": (
        "      Japan: {demand",
        "      ¦japan: {demand",
        "materials.magnets.consumers.japan",
        'did you mean "Japan"?',
    ),
    "unknown exporter": (
        "exporter: China",
        "exporter: ¦Chian",
        "events.curb.exporter",
        'unknown place "Chian"; did you mean "China"?',
    ),
    "unknown importer": (
        "importers: [United States]",
        "importers: [Japan, ¦freinds]",
        "events.curb.importers.1",
        'unknown place "freinds"; did you mean "friends"?',
    ),
    "unknown place unlike any": (
        "importers: [United States]",
        "importers: [¦Qqqqq]",
        "events.curb.importers.0",
        "no country, region or bloc is called so",
    ),
    "unknown lane end": (
        '["China -> Japan"]',
        '[¦"China -> Japn"]',
        "events.strait.lanes.0",
        'unknown place "Japn"; did you mean "Japan"?',
    ),
    "unknown forbidden lane": (
        '["Australia -> China"]',
        '[¦"Australa -> China"]',
        "materials.oxide.trade.forbidden.0",
        'did you mean "Australia"?',
    ),
    "unknown pair": (
        '{"China -> Japan": 10}',
        '{"China -> Japn": 10}',
        "materials.oxide.trade.lead_time_days.pairs.China -> Japn",
        'did you mean "Japan"?',
    ),
    "unknown owner": ("owner: friends", "owner: ¦friend", "stockpiles.vault.owner", 'did you mean "friends"?'),
    "unknown bloc member": (
        "friends: [United States,",
        "friends: [¦Untied States,",
        "regions.blocs.friends.0",
        'did you mean "United States"?',
    ),
    "unknown leak": ("via: [Thailand]", "via: [¦Tailand]", "events.curb.leakage.via.0", 'did you mean "Thailand"?'),
    "unknown approval": (
        "approval_rates: {Japan:",
        "approval_rates: {Jpan:",
        "events.curb.measure.licence.approval_rates.Jpan",
        'did you mean "Japan"?',
    ),
    "unknown zone member": (
        "china: [China]",
        "china: [¦Chnia]",
        "materials.magnets.prices.zones.china.0",
        'did you mean "China"?',
    ),
    "two rests": (
        "china: [China]",
        "china: rest",
        "materials.magnets.prices.zones",
        "one zone at most to take the rest, got china and world",
    ),
    "zones overlap": (
        "world: rest",
        "world: [China, Japan]",
        "materials.magnets.prices.zones",
        '"China" stands in more than one zone',
    ),
    # materials, stages, sectors
    "unknown material": (
        "materials: [magnets]",
        "materials: [¦magnet]",
        "events.curb.materials.0",
        'unknown material "magnet"; did you mean "magnets"?',
    ),
    "unknown behaviour": (
        "  magnets: {qualification",
        "  ¦magnet: {qualification",
        "behaviour.magnet",
        'did you mean "magnets"?',
    ),
    "unknown holding": (
        "holds: {magnets: fabricate}",
        "holds: {magnet: fabricate}",
        "stockpiles.vault.holds.magnet",
        'unknown material "magnet"',
    ),
    "unknown held stage": (
        "holds: {magnets: fabricate}",
        "holds: {magnets: ¦procces}",
        "stockpiles.vault.holds.magnets",
        'magnets has no stage "procces"',
    ),
    "unknown stage": (
        "stage: fabricate",
        "stage: ¦fabrciate",
        "events.curb.stage",
        'magnets has no stage "fabrciate"; did you mean "fabricate"?',
    ),
    "unknown stages": (
        "stages: [mine, fabricate]",
        "stages: [mine, ¦fabrik]",
        "events.fever.stages.1",
        'unknown stage "fabrik"; did you mean "fabricate"?',
    ),
    "no such producer": (
        "stage: process, country: Australia",
        "stage: process, country: ¦Malaysia",
        "events.fire.producer.country",
        'oxide/process has no producer "Malaysia"',
    ),
    "no such plant": (
        "stage: process, country: Australia",
        "stage: process, producer: ¦Pert",
        "events.fire.producer.producer",
        'did you mean "Perth"?',
    ),
    "unknown sector": (
        "sectors: [vehicles]",
        "sectors: [¦vehicle]",
        "events.curb.sectors.0",
        'unknown sector "vehicle"; did you mean "vehicles"?',
    ),
    "unknown released sector": (
        "release: {sectors: [defence]}",
        "release: {sectors: [¦defense]}",
        "stockpiles.vault.release.sectors.0",
        'did you mean "defence"?',
    ),
    "unknown entitled": (
        "members: {defence: 0.5}",
        "members: {defense: 0.5}",
        "stockpiles.vault.members.defense",
        'did you mean "defence"?',
    ),
    # sources
    "unknown source": (
        "value: 69, source: survey",
        "value: 69, source: ¦survy",
        "materials.oxide.price_usd_per_kg.source",
        'unknown source "survy"; did you mean "survey"?',
    ),
    "unsourced producer": (
        "          China: {share: 0.9, source: survey}",
        "          ¦China: {share: 0.9}",
        "materials.oxide.stages.process.producers.China",
        "no source for share",
    ),
    "unsourced price": (
        "price_usd_per_kg: {value: 69, source: survey}",
        "price_usd_per_kg: 69",
        "materials.oxide",
        "no source for price_usd_per_kg",
    ),
    "unsourced event": (
        "    extra_days: 12\n    source: survey\n",
        "    extra_days: 12\n",
        "events.strait",
        "no source for extra_days; add `source:` or `note:`",
    ),
    # prices and days
    "ends as it begins": (
        "    end: 2026-08-01\n",
        "    end: ¦2026-05-31\n",
        "events.fire.end",
        "`end` is the first free day",
    ),
}


@pytest.mark.parametrize(("old", "new", "path", "telling"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed(folder, old, new, path, telling):
    text = edited(old, new)
    place = None
    if "¦" in text:
        text, place = marked(text)
    problems = problems_of(folder, text)
    fitting = [problem for problem in problems if telling in problem.message]
    assert fitting, [str(problem) for problem in problems]
    assert path in [problem.path for problem in fitting]
    assert all(problem.file == "case.yaml" for problem in problems)
    if place is not None:
        assert place in [(problem.line, problem.column) for problem in fitting]
    for problem in problems:
        assert not JARGON.search(problem.message)
        assert not set(problem.path.split(".")) & {
            "plain",
            "given",
            "distribution",
            "list",
            "export_curb",
            "date",
            "window",
        }


def test_a_missing_key_is_placed_at_its_block(folder):
    [problem] = problems_of(folder, edited("        demand_t_per_year: 10000\n", ""))
    line = BASE[: BASE.index("      United States:\n")].count("\n") + 1
    assert (problem.line, problem.column) == (line, 7)


def test_one_slip_is_one_problem(folder):
    for slip in (
        ("stock_days: 38", "stok_days: 38"),
        ("stock_days: 38", "stock_days: {low: 1, high: 3, mode: 2}"),
        ("type: export_curb", "type: export_crub"),
        ("          China: {share: 0.9, source", "          Chna: {share: 0.9, source"),
        ("world: rest", "world: rst"),
    ):
        assert len(problems_of(folder, edited(*slip))) == 1


def test_problems_of_one_file_come_together_in_order(folder):
    text = BASE
    for old, new in (
        ("seed: 5", "seed: 5\nsed: 6"),
        ("stock_days: 38", "stock_days: -38"),
        ("type: outage", "type: outtage"),
        ("value: 69, source: survey", "value: 69, source: survy"),
        ("basis: oxide", "basis: oxide\n    basis: metal"),
        ("    extra_days: 12\n    source: survey\n", "    extra_days: 12\n"),
    ):
        text = edited(old, new, text)
    problems = problems_of(folder, text)
    assert [problem.path for problem in problems] == [
        "sed",
        "materials.oxide.basis",
        "materials.oxide.price_usd_per_kg.source",
        "materials.magnets.consumers.United States.stock_days",
        "events.fire.type",
        "events.strait",
    ]
    assert [problem.line for problem in problems] == sorted(problem.line for problem in problems)


def test_all_rules_report_together(folder):
    text = BASE
    for old, new in (
        ("share: 0.75, priority: 2", "share: 0.7, priority: 2"),
        ("exporter: China", "exporter: Chian"),
        ("stage: fabricate", "stage: fabrciate"),
        ("          Australia: {share: 0.3}", "          Australia: {share: 0.4}"),
    ):
        text = edited(old, new, text)
    assert len(problems_of(folder, text)) == 4


def test_the_message_as_printed(folder):
    text = edited("          China: {share: 0.9, source", "          Chna: {share: 0.9, source")
    [problem] = problems_of(folder, text)
    line = text[: text.index("Chna")].count("\n") + 1
    assert str(problem) == (
        f"case.yaml:{line}:11  materials.oxide.stages.process.producers.Chna\n"
        '    unknown country "Chna"; did you mean "China"?'
    )


def test_a_budget_needs_the_price_of_all_it_buys(folder):
    text = edited("holds: {magnets: fabricate}", "holds: {magnets: fabricate, oxide: process}")
    text = edited("    price_usd_per_kg: {value: 69, source: survey}\n", "", text)
    [problem] = problems_of(folder, text)
    assert problem.path == "stockpiles.vault.holds.oxide"
    assert "has no price, which a budget needs" in problem.message


def test_a_project_where_nobody_produces_is_told_what_to_do(folder):
    text = edited("type: outage", "type: capacity_project").replace("availability: 0\n", "capacity_t_per_year: 5\n")
    [problem] = problems_of(folder, text.replace("process, country: Australia", "process, country: Chile"))
    assert "of share 0" in problem.message


# --------------------------------------------------------------------------------------------------------------- warnings


WARNED = {
    "invented place": (
        "          Australia: {share: 0.3}",
        "          Zembla: {share: 0.3}",
        "materials.oxide.stages.mine.producers.Zembla",
        '"Zembla" is no country',
    ),
    "bare assumption": ("    note: escalation\n", "", "events.curb", "an assumption without a note"),
    "bare behaviour": (", note: approval takes a year", "", "behaviour.magnets", "say why"),
    "too late": ("start: 2026-11-10", "start: 2029-11-10", "events.curb", "after the last day simulated"),
    "over before": ("start: 2026-11-10", "start: 2024-11-10", "events.curb", "before the first day simulated"),
    "curb at home": (
        "importers: [United States]",
        "importers: [China]",
        "events.curb.importers",
        "China is both exporter and importer",
    ),
    "idle curb": ("exporter: China", "exporter: Brazil", "events.curb.exporter", "Brazil makes none of what is curbed"),
}


@pytest.mark.parametrize(("old", "new", "path", "telling"), WARNED.values(), ids=WARNED.keys())
def test_warnings_do_not_refuse(folder, old, new, path, telling):
    (folder / "case.yaml").write_text(edited(old, new), "utf-8")
    [warning] = load_scenario("case.yaml").warnings
    assert re.match(r"case\.yaml:\d+:\d+ ", warning)
    assert f"{path}: " in warning
    assert telling in warning


def test_an_inherited_note_explains_an_assumption(folder):
    text = edited("duration_days: 365", "duration_days: {value: 365, source: assumption}")
    (folder / "case.yaml").write_text(text, "utf-8")
    assert load_scenario("case.yaml").warnings == ()


@pytest.mark.parametrize(
    "names", [("A", "B"), ("Alpha", "Beta"), ("Mine A", "Mine B"), ("Alpha1", "Alpha2"), ("Importer", "Exporter")]
)
def test_invented_countries_are_welcome(names):
    one, other = names
    scenario = scenario_from_mapping(tiny(one, other))
    assert len(scenario.warnings) == 2


@pytest.mark.parametrize(("right", "wrong"), [("Exporter", "Exportr"), ("Zembla", "zembla")])
def test_invented_countries_can_be_misspelt_too(right, wrong):
    mapping = tiny(right, "Qatar")
    mapping["materials"]["salt"]["consumers"] |= {wrong: {"demand_t_per_year": 1, "stock_days": 1}}
    mapping["materials"]["salt"]["consumers"] |= {right: {"demand_t_per_year": 1, "stock_days": 1}}
    with pytest.raises(ScenarioError, match=f'unknown country "{wrong}"; did you mean "{right}"'):
        scenario_from_mapping(mapping)


def tiny(seller="Chile", buyer="Japan"):
    return {
        "format": 1,
        "title": "Salt",
        "as_of": "2026-01-01",
        "start": "2026-01-01",
        "end": "2026-12-31",
        "source": "assumption",
        "note": "a test",
        "materials": {
            "salt": {
                "basis": "product",
                "stages": {"mine": {"producers": {seller: {"share": 1}}}},
                "consumers": {buyer: {"demand_t_per_year": 10, "stock_days": 5}},
            }
        },
    }


# ------------------------------------------------------------------------------------------------------------------ chain


def material(**after):
    stages = {
        name: {"producers": {"Chile": {"share": 1}}} | ({"after": before} if before else {})
        for name, before in after.items()
    }
    return Material.model_validate({"basis": "metal", "stages": stages})


@pytest.mark.parametrize(
    ("stages", "ordered"),
    [
        ({"fabricate": None, "mine": None, "process": None}, ["mine", "process", "fabricate"]),
        ({"fabricate": None, "mine": None}, ["mine", "fabricate"]),
        ({"anything": None}, ["anything"]),
        ({"smelt": "mine", "process": "smelt", "mine": None}, ["mine", "smelt", "process"]),
        ({"leach": "dig", "dig": "none"}, ["dig", "leach"]),
    ],
)
def test_chain_is_told_by_names_not_by_order(stages, ordered):
    assert chain(material(**stages)) == ordered


@pytest.mark.parametrize(
    "stages", [{"a": "b", "b": "a"}, {"a": None, "mine": None}, {"a": "mine", "mine": None, "b": "mine"}]
)
def test_what_is_no_chain_is_refused(stages):
    with pytest.raises(ValueError, match="do not form one line"):
        chain(material(**stages))


# ------------------------------------------------------------------------------------------------------ not simulated yet


NOT_YET = {
    "events.outage": "events.fire.type",
    "events.export_curb.sectors": "events.curb.sectors",
    "events.export_curb.measure.licence": "events.curb.measure.licence",
    "events.export_curb.home_first": None,
    "events.demand_shock": None,
    "materials.*.prices": "materials.magnets.prices",
    "materials.*.stages.*.yield": "materials.oxide.stages.process.yield",
    "stockpiles.*.members": "stockpiles.vault.members",
    "stockpiles.*.release.drawdown": None,
}


@pytest.mark.parametrize(("pattern", "path"), NOT_YET.items())
def test_what_is_not_simulated_is_refused_where_it_says_something(folder, monkeypatch, pattern, path):
    monkeypatch.setattr(checks, "NOT_YET", (pattern,))
    if path is None:
        (folder / "case.yaml").write_text(BASE, "utf-8")
        load_scenario("case.yaml")
        return
    [problem] = problems_of(folder, BASE)
    assert problem.path == path
    assert problem.message == "not simulated yet in this version; remove it"
    assert problem.line > 0


def test_a_default_may_be_written_out(monkeypatch):
    monkeypatch.setattr(checks, "NOT_YET", ("materials.*.stages.*.yield", "materials.*.byproduct_of"))
    mapping = tiny()
    mapping["materials"]["salt"]["stages"]["mine"]["yield"] = 1.0
    assert scenario_from_mapping(mapping).model.materials["salt"].stages["mine"].yield_ == 1.0


# ------------------------------------------------------------------------------------------------------ anything at all


ANYTHING = [None, True, -1, 1.5, "x", "China", "all", "none", "", [], {}, [None], [[1]], {"a": 1}, {"value": 3}]
ANYTHING += [{"dist": "uniform"}, {"type": [1]}, {"source": 3}, {"value": {}}, float("inf"), 10**30, "2026-01-01"]


def places_in(value, path=()):
    """Paths of all that stands in a mapping."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inside:
        yield (*path, key)
        yield from places_in(child, (*path, key))


@settings(max_examples=100, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_whatever_is_written_is_taken_or_refused_in_plain_words(chance):
    mapping = yaml.safe_load(BASE)
    *above, key = chance.choice(list(places_in(mapping)))
    block = mapping
    for part in above:
        block = block[part]
    block[key] = chance.choice(ANYTHING)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(checks, "NOT_YET", ())
            scenario, refusal = scenario_from_mapping(mapping), None
    except ScenarioError as error:
        scenario, refusal = None, error
    if scenario is not None:
        assert len(scenario.inputs()) > 5
        return
    assert refusal.problems
    assert all(problem.path and problem.message for problem in refusal.problems)
    assert not any(JARGON.search(problem.message) for problem in refusal.problems)
    assert "not allowed here" not in str(refusal) or key == "format"


def test_a_table_of_nothing_but_a_source_is_empty():
    mapping = tiny()
    mapping["materials"]["salt"]["stages"]["mine"]["producers"] = {"source": "assumption"}
    with pytest.raises(ScenarioError, match="expected 1 or more entries, got a mapping of source"):
        scenario_from_mapping(mapping)
