"""Numbers, dates, amounts and names of places as text, shared by answers, explanations and charts."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
WITH_ARTICLE = frozenset({"United States", "United Kingdom", "European Union", "Netherlands", "Philippines"})


def long_date(date: dt.date) -> str:
    """A date in words, independent of the locale.

    >>> long_date(dt.date(2027, 1, 31))
    '31 January 2027'
    """
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


def count(number: float, noun: str) -> str:
    """A whole number of things.

    >>> count(1, "day"), count(1234.4, "day")
    ('1 day', '1,234 days')
    """
    whole = round(number)
    return f"{whole:,} {noun}{'' if whole == 1 else 's'}"


def day_count(days: float) -> str:
    """Days rounded to whole ones, small amounts in words.

    >>> day_count(220.6), day_count(0.3), day_count(0)
    ('221 days', 'less than a day', 'no day')
    """
    if days <= 0:
        return "no day"
    if math.isnan(days):
        return "an unknown number of days"
    return count(days, "day") if round(days) else "less than a day"


def whole_days(days: float) -> str:
    """Days for a cell of a map.

    >>> whole_days(252.3), whole_days(0.3), whole_days(0.0)
    ('252', '<1', '0')
    """
    return "<1" if days > 0.0 and not round(days) else f"{days:,.0f}"


def three_figures(number: float) -> str:
    """A number to three significant figures, without an exponent.

    >>> three_figures(6049.3), three_figures(0.01234)
    ('6,050', '0.0123')
    """
    if number == 0:
        return "0"
    decimals = 2 - math.floor(math.log10(abs(number)))
    text = f"{round(number, decimals):,.{max(decimals, 0)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def tonnes(amount_t: float) -> str:
    """Tonnes to three figures.

    >>> tonnes(6049.3)
    '6,050 t'
    """
    return f"{three_figures(amount_t)} t"


def dollars(amount_usd: float) -> str:
    """Dollars to three figures, in words from a million on.

    >>> dollars(1.2e10), dollars(3.456e6), dollars(950)
    ('$12 billion', '$3.46 million', '$950')
    """
    for size, word in ((1e9, " billion"), (1e6, " million")):
        if amount_usd >= size:
            return f"${three_figures(amount_usd / size)}{word}"
    return f"${three_figures(amount_usd)}"


def percent(fraction: float) -> str:
    """A fraction in per cent, never rounded up to 100% or down to 0%.

    >>> percent(0.716), percent(0.001), percent(0.9999)
    ('72%', 'less than 1%', 'more than 99%')
    """
    if 0 < fraction < 0.005:
        return "less than 1%"
    return "more than 99%" if 0.995 <= fraction < 1 - 1e-9 else f"{100 * fraction:.0f}%"


def listing(names: Sequence[str]) -> str:
    """Names as an enumeration.

    >>> listing(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def with_article(place: str) -> str:
    """A place as used inside a sentence.

    >>> with_article("United States"), with_article("Japan"), with_article("Rest of world")
    ('the United States', 'Japan', 'the rest of the world')
    """
    if place.casefold() == "rest of world":
        return "the rest of the world"
    return f"the {place}" if place in WITH_ARTICLE else place


def inside_sentence(title: str) -> str:
    """A title with a small first letter, unless the first word has capitals of its own.

    >>> inside_sentence("Gallium metal"), inside_sentence("NdFeB magnets")
    ('gallium metal', 'NdFeB magnets')
    """
    first = title.split(maxsplit=1)[0] if title.strip() else ""
    return title[:1].lower() + title[1:] if first[1:].islower() else title


def capital(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]
