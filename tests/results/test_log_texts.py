"""The log in words: every kind has its text, a user's own words stay as they are."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from minsim.results.log_texts import WHAT, to_whom, what_happened
from minsim.simulation.log import LogEntry, LogKind
from minsim.simulation.world import World

FULL = {
    "actor": "China",
    "whom": ("Japan", "United States"),
    "count": 3,
    "share": 0.25,
    "factor": 1.5,
    "tonnes": 1234.5,
    "t_per_year": 20000.0,
    "price_usd_per_kg": 60.0,
    "days": 14,
    "text": "a deal",
}
NETWORK = SimpleNamespace(holdings=[SimpleNamespace(owner="Japan", material="magnets", stage="fabricate")])


def test_every_kind_has_its_text() -> None:
    """A kind without a text, or a text with a field that no entry has, fails here."""
    texts = [what_happened(LogEntry(5, "event", kind, **FULL)) for kind in LogKind]
    assert set(WHAT) == set(LogKind)
    assert len(set(texts)) == len(LogKind)


@pytest.mark.parametrize(
    ("entry", "what", "whom"),
    [
        (
            LogEntry(0, "ban", LogKind.CUT_BEGINS, actor="China", share=1.0),
            "curb begins: 100% of China's baseline trade is held back",
            "nobody",
        ),
        (
            LogEntry(0, "shock", LogKind.DEMAND_MOVES, factor=1.5, count=6),
            "demand moves to 1.5 times itself",
            "6 end uses",
        ),
        (LogEntry(0, "flu", LogKind.PANDEMIC_BEGINS), "pandemic begins", "everywhere"),
        (LogEntry(0, "flu", LogKind.PANDEMIC_BEGINS, whom=("Japan", "Peru")), "pandemic begins", "Japan, Peru"),
        (
            LogEntry(0, "vault", LogKind.RELEASE_ENDS, holding=0),
            "commercial stocks are restored; release ends",
            "Japan: magnets/fabricate",
        ),
        (
            LogEntry(0, "board", LogKind.MOTHBALLED, whom=("Old",), price_usd_per_kg=40.0, days=91),
            "mothballed: below cash cost of 40 USD/kg for 91 days",
            "Old",
        ),
    ],
)
def test_what_happened_and_to_whom(entry: LogEntry, what: str, whom: str) -> None:
    assert (what_happened(entry), to_whom(entry, NETWORK)) == (what, whom)


def test_words_of_a_user_s_own_stay_as_they_are() -> None:
    """Braces, commas and percent signs included; on today, or on the day given."""
    entries: list[LogEntry] = []
    world = SimpleNamespace(day=7, entries=entries)
    World.log(world, "deal", "half {of} 50% passes", "Japan, Peru")
    World.log(world, "deal", "signed", day=3)
    assert [entry.kind for entry in entries] == [LogKind.NOTE, LogKind.NOTE]
    assert [(e.day, what_happened(e), to_whom(e, NETWORK)) for e in entries] == [
        (7, "half {of} 50% passes", "Japan, Peru"),
        (3, "signed", ""),
    ]
