"""Best use of a budget: days of use saved by stocks, capacity and recycling, alone and in the best mix."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minsim.errors import ScenarioError
from minsim.results import plotting
from minsim.results.answer import Answer
from minsim.results.files import ResultFiles, SavedResult
from minsim.scenario import Scenario
from minsim.studies.answers import days, material_name
from minsim.studies.budget_search import LEAST_SAVED_DAYS, Budget, Mix, Search, Yield
from minsim.studies.files import study_files
from minsim.studies.monte_carlo.batches import FailedRun, RunProgress, load, replication_runner
from minsim.studies.monte_carlo.estimates import Estimate, rounded
from minsim.studies.purchase_options import Purchase, PurchaseOptions, chosen, purchase_options, reference_cost
from minsim.text.formatting import capital, count, day_count, dollars, listing, three_figures, tonnes, with_article
from minsim.text.messages import unknown

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes


class Spending(SavedResult):
    """Days of use saved with a budget; made by `spend`.

    Attributes
    ----------
    question : Budget
    lost : Estimate
        Days of use lost without any purchase.
    yields : list of Yield
        Each purchase alone, by days saved per dollar.
    mix : Mix
        The best mix.
    failed_runs : list of FailedRun
        Replications that could not be computed.
    """

    def __init__(
        self, question: Budget, lost: Estimate, yields: Sequence[Yield], mix: Mix, failed_runs: Sequence[FailedRun] = ()
    ) -> None:
        self.question, self.lost, self.mix = question, lost, mix
        self.yields = sorted(yields, key=_most_useful_first)
        self.scenario, self.failed_runs = question.scenario, list(failed_runs)

    # ------------------------------------------------------------------------------------------------------------- tables

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row per purchase: days saved by it alone."""
        return [
            {
                **_named(y.purchase),
                "usd": y.best.usd,
                "amount": y.purchase.amount(y.best.usd),
                "unit": y.purchase.unit,
                "usd_per_unit": y.purchase.cost.usd,
                "days_saved": rounded(y.best.saved.value),
                "days_saved_se": self._se(y.best.saved),
                "days_saved_per_million_usd": rounded(y.per_million.value),
                "days_saved_per_million_usd_se": self._se(y.per_million),
                "per_million_usd_if_dear": rounded(y.range_per_million[0]),
                "per_million_usd_if_cheap": rounded(y.range_per_million[1]),
            }
            for y in self.yields
        ]

    @property
    def curve_rows(self) -> list[dict[str, Any]]:
        """Days saved by every simulated spending on one purchase alone."""
        return [
            {**_named(y.purchase), "usd": point.usd, "amount": y.purchase.amount(point.usd), "unit": y.purchase.unit,
             "days_saved": rounded(point.saved.value), "days_saved_se": self._se(point.saved)}
            for y in self.yields
            for point in y.curve
        ]  # fmt: skip

    @property
    def mix_rows(self) -> list[dict[str, Any]]:
        """Purchases of the best mix, step by step."""
        return [
            {"step": number, **_named(purchase), "usd": usd, "amount": purchase.amount(usd), "unit": purchase.unit,
             "usd_so_far": step.point.usd, "days_saved_so_far": rounded(step.point.saved.value),
             "days_saved_so_far_se": self._se(step.point.saved), "days_saved_by_step": rounded(step.gain.value),
             "days_saved_by_step_se": self._se(step.gain)}
            for number, step in enumerate(self.mix.steps, 1)
            for purchase, usd in zip(self.question.options.purchases, step.bought, strict=True)
            if usd > 0.0
        ]  # fmt: skip

    def _se(self, estimate: Estimate) -> float | None:
        return None if self.question.replications is None else rounded(estimate.se)

    @cached_property
    def table(self) -> pd.DataFrame:
        """Days saved by each purchase alone, as a table."""
        import pandas as pd

        return pd.DataFrame(self.rows)

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Days saved by every simulated spending, as a table."""
        import pandas as pd

        return pd.DataFrame(self.curve_rows)

    @cached_property
    def mix_table(self) -> pd.DataFrame:
        """The best mix, as a table."""
        import pandas as pd

        return pd.DataFrame(self.mix_rows)

    # ------------------------------------------------------------------------------------------------------------- reading

    def answer(self) -> Answer:
        """The best use of the budget, in plain words.

        Returns
        -------
        Answer
            A `headline` and the `lines` behind it; `print` shows both.
        """
        return Answer(self._headline(), (*self._lines(), *self._foot()))

    def _headline(self) -> str:
        if not self.lost.value > LEAST_SAVED_DAYS:
            return f"{capital(with_article(self.question.region))} loses nothing, so there is nothing to buy"
        if not self.mix.steps:
            return f"Nothing on offer saves {with_article(self.question.region)} a day of use"
        gains = self.gains
        main = max(gains, key=lambda name: gains[name])
        label = next(_inside(p) for p in self.question.options.purchases if p.name == main)
        share = gains[main] / math.fsum(gains.values())
        part = "all" if share > 0.999 else "nearly all" if share > 0.9 else "most" if share > 0.5 else "part"
        saved, of = self.mix.best.saved, three_figures(self.lost.value)
        budget = dollars(self.question.budget_usd)
        where = with_article(self.question.region)
        return f"{budget} saves {where} up to {_days(saved)} of the {of} it loses, {part} of them as {label}"

    @property
    def gains(self) -> dict[str, float]:
        """Days saved by each purchase within the mix; steps of two purchases are split by spending."""
        gains: dict[str, float] = {}
        for step in self.mix.steps:
            spent = math.fsum(step.bought)
            for purchase, usd in zip(self.question.options.purchases, step.bought, strict=True):
                if usd > 0.0:
                    gains[purchase.name] = gains.get(purchase.name, 0.0) + step.gain.value * usd / spent
        return gains

    def _lines(self) -> Iterator[str]:
        q = self.question
        used = listing([material_name(self.scenario, name) for name in q.materials])
        yield f"With nothing bought {with_article(q.region)} loses {days(self.lost)} of {used}."
        for y in self.yields:
            if y.is_useful:
                yield (
                    f"{y.purchase.label}: {_amount(y.purchase, y.best.usd)} for {dollars(y.best.usd)} saves "
                    f"{_days(y.best.saved)}, {three_figures(y.per_million.value)} per million dollars{self._range(y)}."
                )
        idle = [y.purchase for y in self.yields if y.is_computed and not y.is_useful]
        if idle and self.lost.value > LEAST_SAVED_DAYS:
            named = "; ".join(map(_inside, idle))
            yield f"Alone, at up to {dollars(q.budget_usd)}, these save next to nothing: {named}.{self._why_idle(idle)}"
        if self.mix.steps:
            yield self._mix_line()
        if unknown_yields := [y.purchase for y in self.yields if not y.is_computed]:
            named = "; ".join(map(_inside, unknown_yields))
            yield f"Not computed, at {dollars(q.budget_usd)} each: {named}. {self.failed_runs[0].failure.line}"

    def _range(self, y: Yield) -> str:
        low, high = map(three_figures, y.range_per_million)
        return "" if low == high else f" ({low} to {high} over the range of its cost)"

    def _why_idle(self, idle: Sequence[Purchase]) -> str:
        """The qualification time that keeps new plants from selling, if the scenario has one."""
        from minsim.network.network import build_network
        from minsim.scenario.distributions import Draws

        if all(purchase.kind == "stock" for purchase in idle):
            return " A form that must be worked up first needs spare capacity in the region."
        network = build_network(self.scenario, Draws.central())
        waits = {name: network.behaviour(name, "reference").qualification_days for name in self.question.materials}
        slow = max(waits, key=lambda name: waits[name])
        if waits[slow] <= 0.0:
            return ""
        return (
            f" Users of {material_name(self.scenario, slow)} take {day_count(waits[slow])} to approve a supplier, and until "
            "then more from their own than their contracts stretch to; oxide or metal needs spare capacity at home."
        )

    def _mix_line(self) -> str:
        q = self.question
        total = [
            f"{_inside(purchase)} ({_amount(purchase, usd)}, {dollars(usd)})"
            for purchase, usd in zip(q.options.purchases, self.mix.best.amounts, strict=True)
            if usd > 0.0
        ]
        spent = f"all of {dollars(q.budget_usd)}"
        if self.mix.best.usd < 0.999 * q.budget_usd:
            spent = f"{dollars(self.mix.best.usd)} of {dollars(q.budget_usd)}, since more buys nothing more"
        how = "the best of every mix in steps" if self.mix.is_exact else "step by step whatever saves most per dollar"
        return f"Best mix, {how}: {listing(total)}; it spends {spent} and saves {_days(self.mix.best.saved)}."

    def _foot(self) -> Iterator[str]:
        q = self.question
        replaced = listing(list(q.options.replaced_stockpiles)) if q.options.replaced_stockpiles else ""
        rules = "under the same rules"
        if any(self.scenario.model.stockpiles[name].members for name in q.options.replaced_stockpiles):
            rules += ", for their members' share of use alone"
        own = f" What {replaced} would hold is left out: the money buys from nothing, {rules}." if replaced else ""
        yield f"Everything bought stands on the first day, a full stock or a running plant.{own}"
        yield _cost_line(q.options)
        if self.failed_runs:
            yield f"{count(len(self.failed_runs), 'replication')} failed, of all purchases together, and are left out."
        runs = "the central case" if q.replications is None else f"{count(q.replications, 'replication')} each"
        errors = "" if q.replications is None else "; ± is one standard error"
        several = " A day of one material counts as much as a day of another." if len(q.materials) > 1 else ""
        yield f"{capital(runs)}, seed {q.seed}{errors}.{several}"

    def summary(self) -> dict[str, Any]:
        """The content of `summary.json`.

        Returns
        -------
        dict
            JSON-ready: dates as ISO text, None where not applicable.
        """
        q = self.question
        return {
            "scenario": self.scenario.name,
            "seed": q.seed,
            "region": q.region,
            "materials": list(q.materials),
            "budget_usd": q.budget_usd,
            "replications": q.replications,
            "stockpiles_left_out": list(q.options.replaced_stockpiles),
            "days_lost": rounded(self.lost.value),
            "days_lost_se": self._se(self.lost),
            "purchases": self.rows,
            "mix": self.mix_rows,
            "mix_usd": self.mix.best.usd,
            "mix_days_saved": rounded(self.mix.best.saved.value),
            "mix_days_saved_se": self._se(self.mix.best.saved),
            "mix_is_exact": self.mix.is_exact,
            "failures": [failed.as_dict() for failed in self.failed_runs],
            "answer": self.answer().as_dict(),
        }

    def plot(self) -> Axes:
        """Draw days saved per million dollars, and what more money saves.

        Returns
        -------
        Axes
            The first of the figure, which is its `.figure`.
        """
        return plotting.figure(self).axes[0]

    @property
    def seed(self) -> int:
        """Seed of the draws."""
        return self.question.seed

    def _files(self, command: str | None) -> ResultFiles:
        return study_files(self, {"spend": self.rows, "curves": self.curve_rows, "mix": self.mix_rows}, command)

    def __repr__(self) -> str:
        return f"<Spending in {self.scenario.name}: {self.answer().headline}>"


def _days(estimate: Estimate) -> str:
    """Days saved, which may be few: to three figures, or to the first digit of their standard error."""
    return days(estimate) if estimate.se > 0 else f"{three_figures(estimate.value)} days"


def _most_useful_first(y: Yield) -> tuple[float, str]:
    return (-y.per_million.value if y.is_computed else math.inf, y.purchase.name)


def _named(purchase: Purchase) -> dict[str, str]:
    return {"purchase": purchase.name, "kind": purchase.kind, "material": purchase.material, "stage": purchase.stage}


def _amount(purchase: Purchase, usd: float) -> str:
    return tonnes(purchase.amount(usd)) + ("" if purchase.kind == "stock" else " a year")


def _inside(purchase: Purchase) -> str:
    """The label of a purchase, as it stands inside a sentence."""
    return purchase.label[:1].lower() + purchase.label[1:]


def _cost_line(options: PurchaseOptions) -> str:
    """Basis of the costs, as text."""
    capacity, recycling = (reference_cost(kind).value for kind in ("capacity", "recycling"))
    return (
        f"Stock costs its value at reference prices, and holding it for {three_figures(options.years)} years; capacity "
        f"{capacity:g} and recycling {recycling:g} years of its sales, unless a cost is given: assumptions, with ranges."
    )


# ---------------------------------------------------------------------------------------------------------------- the search


def spend(
    scenario: Scenario | str | Path,
    region: str,
    budget_usd: float,
    *,
    material: str | None = None,
    over: Sequence[str] = (),
    costs: Mapping[str, float] | None = None,
    replications: int | None = None,
    seed: int | None = None,
    jobs: int | None = 1,
    executor: Executor | None = None,
    out: str | Path | None = None,
    progress: RunProgress | None = None,
) -> Spending:
    """Find the best use of a budget against the shortages of a region.

    Each purchase is first simulated alone: the budget is halved to find the least spending that saves nearly all it can.
    The mix is then built greedily by days saved per dollar; if the mixes of steps are few, all are simulated instead.

    Parameters
    ----------
    scenario : Scenario, str or Path
        A loaded scenario, the name of a library scenario, or the path of a scenario file.
    region : str
        The consumer region.
    budget_usd : float
        Budget [USD].
    material : str, optional
        Count days of this material alone; absent: of all that the region uses, with equal weight.
    over : sequence of str
        Purchases to choose from, by kind (`stock`, `capacity`, `recycling`) or name; absent: all.
    costs : mapping of str to float, optional
        Purchase → USD per tonne, or per tonne a year, instead of the reference cost.
    replications : int, optional
        Replications of each mix; absent: the central case alone.
    seed, jobs, executor, out, progress
        As of `ensemble`.

    Returns
    -------
    Spending
        Its `answer`, and the tables `table`, `curves` and `mix_table`.

    Raises
    ------
    ScenarioError
        There is no such region, material or purchase, or a price is missing.

    Examples
    --------
    >>> spend("magnet-ban", "United States", 50e6).answer().headline  # doctest: +SKIP
    """
    loaded = load(scenario)
    if not 0.0 < budget_usd < math.inf:
        raise ValueError(f"expected a budget > 0 USD, got {budget_usd}")
    materials = _materials(loaded, region, material)
    options = purchase_options(loaded, region, materials, costs)
    options = replace(options, purchases=chosen(options.purchases, over))
    seed = loaded.model.seed if seed is None else seed
    question = Budget(loaded, region, materials, float(budget_usd), options, seed, replications)
    with replication_runner(jobs=jobs, executor=executor, out=out, progress=progress) as runner:
        search = Search(question, runner)
        search.simulate([search.nothing])
        lost = search.lost(search.nothing)
        yields = search.alone()
        mix = search.mix(yields)
        return Spending(question, lost, yields, mix, search.failed_runs())


def _materials(scenario: Scenario, region: str, material: str | None) -> tuple[str, ...]:
    used = [name for name, model in sorted(scenario.model.materials.items()) if region in model.consumers]
    if not used:
        regions = {name: None for model in scenario.model.materials.values() for name in model.consumers}
        raise ScenarioError.single(unknown("region", region, regions))
    if material is not None and material not in used:
        raise ScenarioError.single(unknown("material", material, used) + f" (used in {region})")
    return tuple(used) if material is None else (material,)
