"""The answer says who, what, from when, how long, and how sure; in sentences that are true."""

import datetime as dt
import json
from dataclasses import replace

import pytest
import synthetic
from synthetic import FROM, LEAD

from minsim.results.answer import LONGEST_HEADLINE
from minsim.text import formatting


def text(run):
    return str(run.answer())


def test_the_headline_states_the_finding():
    one = synthetic.finished(losses=(0.72, 0.0, 0.0)).answer().headline
    assert one == "The United States loses 172 days of NdFeB magnets from 13 February 2027"
    two = synthetic.finished().answer().headline
    assert two == "The United States loses 172 days of NdFeB magnets from 13 February 2027, Japan 67"
    three = synthetic.finished(losses=(0.72, 0.5, 0.2)).answer().headline
    assert three == "The United States, worst hit of 3, loses 172 days of NdFeB magnets from 13 February 2027"


@pytest.mark.parametrize(
    ("title", "ends"),
    [
        ("Gallium", "runs short of gallium from 13 February 2027 and loses 172 days of use"),
        ("Neodymium-praseodymium oxide", "loses 172 days of neodymium-praseodymium oxide from 13 February 2027"),
        ("Neodymium-praseodymium oxide, separated", "loses 172 days of neodymium-praseodymium oxide, separated"),
    ],
)
def test_a_long_name_makes_the_headline_leave_out_the_rest(title, ends):
    run = synthetic.finished(losses=(0.72, 0.0, 0.0))
    run.scenario.model.materials["magnets"].title = title
    headline = run.answer().headline
    assert headline == f"The United States {ends}"
    assert len(headline) <= LONGEST_HEADLINE


def test_the_lines_tell_amount_sectors_regions_bracket_date_stockpile_and_assumptions():
    lines = synthetic.finished(vault_t=300.0).answer().lines
    assert lines[0].startswith(
        "The United States is short of 1,420 t of NdFeB magnets, 142 days of use, on 248 days from 13 February 2027; "
        "on the worst day 58% of the need is missing"
    )
    assert lines[1] == "By end use, in days of that use: other 247 days and vehicles 87 days; defence loses none."
    assert lines[2] == "Japan loses 67 days of use, from 20 April 2027."
    assert lines[3] == "The European Union does not run short of NdFeB magnets."
    assert "without rerouting the United States would lose 195 days" in lines[4]
    assert "with free rerouting 50 days" in lines[4]
    assert lines[5] == (
        "The last date to act for the United States is 31 December 2026: delivery takes 30 days and the release of "
        "stockpiles 14 days."
    )
    assert lines[6] == (
        "Project Vault opens with 30 days of use, releases from 27 February 2027, serves 30 days of use and is empty "
        "on 20 April 2027."
    )
    assert lines[-1] == "2 of 8 inputs are assumptions."


def test_without_a_bracket_nothing_is_said_of_rerouting():
    assert "rerouting" not in text(synthetic.finished(bracket=False))


@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        (dt.date(2027, 1, 15), "It has passed: what is known here dates from 15 January 2027."),
        (dt.date(2027, 1, 14), ""),
    ],
)
def test_a_last_date_to_act_before_the_scenarios_date_has_passed(as_of, said):
    run = synthetic.finished()
    run.scenario.model.as_of = as_of
    (line,) = [line for line in run.answer().lines if line.startswith("The last date to act")]
    assert (
        line == f"The last date to act for the United States is 14 January 2027: delivery takes 30 days. {said}".strip()
    )


def test_a_last_date_to_act_before_the_run_has_passed():
    run = synthetic.finished()
    run.record.network.start = run.scenario.model.as_of = dt.date(2026, 2, 1)
    for label in run.record.network.consumers:
        label.import_lead_days = FROM + LEAD + 70
    run.scenario.model.as_of = dt.date(2025, 1, 1)
    assert "It has passed before the run begins." in text(run)


def test_nobody_short_is_said_with_the_thinnest_cover():
    found = synthetic.finished(losses=(0.05, 0.02, 0.0)).answer()
    assert found.headline == "No region runs short of NdFeB magnets"
    assert found.lines[0] == (
        "Nobody runs short of NdFeB magnets: the thinnest commercial stock, in the United States, falls from 38 days of "
        "use to 23 days on 9 December 2027."
    )


def test_an_undisturbed_run_stays_at_its_stock():
    assert "stays at 38 days of use." in text(synthetic.finished(losses=(0.0, 0.0, 0.0)))


def test_rerouting_that_prevents_a_shortfall_is_named():
    # 38 days of stock last against a loss of 0.12 with a fifth rerouted away, and do not without.
    run = synthetic.finished(losses=(0.12, 0.0, 0.0))
    assert run.answer().headline == "No region runs short of NdFeB magnets"
    assert "Without rerouting the United States would lose 6 days of use." in text(run)


def test_a_stockpile_that_is_not_needed_or_not_emptied():
    assert "Project Vault opens with 30 days of use and is never released." in text(
        synthetic.finished(vault_t=300.0, losses=(0.05, 0.0, 0.0))
    )
    assert "serves 165 days of use and closes with 735 days." in text(synthetic.finished(vault_t=9000.0))


def test_purchases_are_told_with_their_cost():
    run = synthetic.finished(vault_t=300.0)
    run.record.holding[5, 0] += 0.0, 50.0, 0.0, 3.0e6
    assert "opens with 30 days of use, buys 50 t for $3 million, holds 30 days on the eve of the first" in text(run)


def test_one_material_may_be_asked_for_and_an_unknown_one_is_refused():
    run = synthetic.finished()
    assert run.answer("magnets") == run.answer()
    with pytest.raises(ValueError, match="no region of this run uses 'gallium'; expected one of magnets"):
        run.answer("gallium")


def test_the_hardest_hit_material_comes_first_and_calm_ones_are_named():
    run = two_materials()
    found = run.answer()
    assert found.headline.startswith("The United States loses 172 days of NdFeB magnets")
    assert any(line.startswith("Nobody runs short of gallium") for line in found.lines)
    assert run.answer("gallium").headline == "No region runs short of gallium"


def two_materials():
    """The ban on magnets, and gallium that is used only where no magnets are missed."""
    run = synthetic.finished()
    model = run.scenario.model
    model.materials["gallium"] = type(model)(**{**vars(model.materials["magnets"]), "title": "Gallium"})
    for record in run.bracket_records.values():
        network = record.network
        network.consumers[2] = replace(network.consumers[2], material="gallium")
        network.sectors = [replace(s, material=network.consumers[s.consumer].material) for s in network.sectors]
        network.events[0].model.materials = ("magnets", "gallium")
        network.scenario.model.materials = model.materials
    return run


def test_the_answer_is_json():
    found = synthetic.finished().answer()
    assert json.loads(json.dumps(found.as_dict())) == {"headline": found.headline, "lines": list(found.lines)}


@pytest.mark.parametrize(
    ("function", "argument", "expected"),
    [
        (formatting.day_count, 0.0, "no day"),
        (formatting.day_count, 0.49, "less than a day"),
        (formatting.day_count, 0.6, "1 day"),
        (formatting.day_count, 1234.0, "1,234 days"),
        (formatting.day_count, float("nan"), "an unknown number of days"),
        (formatting.tonnes, 0.0, "0 t"),
        (formatting.tonnes, 123456.0, "123,000 t"),
        (formatting.tonnes, 12.0, "12 t"),
        (formatting.tonnes, 0.001234, "0.00123 t"),
        (formatting.dollars, 2.149e9, "$2.15 billion"),
        (formatting.dollars, 999.0, "$999"),
        (formatting.percent, 0.0, "0%"),
        (formatting.percent, 1.0, "100%"),
        (formatting.percent, 0.998, "more than 99%"),
        (formatting.percent, 0.004, "less than 1%"),
        (formatting.with_article, "Rest of world", "the rest of the world"),
        (formatting.inside_sentence, "Gallium", "gallium"),
        (formatting.inside_sentence, "NdFeB magnets", "NdFeB magnets"),
        (formatting.inside_sentence, "", ""),
    ],
)
def test_small_wordings(function, argument, expected):
    assert function(argument) == expected
