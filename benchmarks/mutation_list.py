"""The deliberate changes of benchmarks/mutations.py: what each does to the model, and the text it replaces."""

# ruff: noqa: E501

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """One change.

    Attributes
    ----------
    name, part, what : str
        Its id, the phase or event it belongs to, and what it does in words.
    file, old, new : str
        Where, and which text stands for which; `old` stands there exactly once.
    likely : tuple of str
        Scenarios to try first.
    """

    name: str
    part: str
    what: str
    file: str
    old: str
    new: str
    likely: tuple[str, ...] = ("ban",)

    def applied(self, source: str) -> str:
        """The source with the change."""
        assert source.count(self.old) == 1, f"{self.name} does not fit {self.file}"
        return source.replace(self.old, self.new)


def _phase(module: str, name: str, part: str, what: str, old: str, new: str, *likely: str) -> Mutation:
    """A change of a phase of the daily step, in a module of the kernel."""
    return Mutation(name, part, what, f"kernel/{module}.py", old, new, likely or ("ban",))


PHASES = (
    # arrive
    _phase("rules", "lead-minus-one", "2 arrive", "goods arrive a day early", "np.int64(st.index[COUNT, Count.RING_ROW]) + np.int64(lead_days)",
           "np.int64(st.index[COUNT, Count.RING_ROW]) + np.int64(lead_days) - 1"),
    _phase("rules", "leak-lead", "2 arrive", "leaked goods take no longer than others", "send(st, a, tonnes, st.index[ArcIndex.LEAK_LEAD_DAYS, a])",
           "send(st, a, tonnes, st.index[ArcIndex.LEAD_DAYS, a])"),
    _phase("rules", "always-fly", "2 arrive", "goods fly whatever the cover",
           "if st.value[BuyerRow.STOCK, v] < threshold * st.value[BuyerRow.BASE_NEED, v] * st.value[BuyerRow.GROWTH, v]:", "if True:", "lanes"),
    # produce
    _phase("production", "capacity-ignored", "3 produce", "producers exceed their capacity", "min(min(wanted, capacity_now(st, i)),",
           "min(wanted,", "supply"),
    _phase("production", "room-ignored", "3 produce", "stores have no walls",
           "min(inputs_allow(st, i, np.uint64(NOTHING)), room))", "inputs_allow(st, i, np.uint64(NOTHING)))", "permits"),
    _phase("rules", "availability-ignored", "3 produce", "availability does not count", "return full * st.value[SellerRow.AVAILABILITY, i]",
           "return full", "supply"),
    _phase("rules", "projects-ignored", "3 produce", "projects add no capacity",
           "st.value[SellerRow.CAPACITY, i] * st.value[SellerRow.GROWTH, i] + st.value[SellerRow.PROJECT_CAPACITY, i]",
           "st.value[SellerRow.CAPACITY, i] * st.value[SellerRow.GROWTH, i]", "supply"),
    _phase("rules", "stock-correction-sign", "3 produce", "producers make more when they have too much",
           "orders_expected(st, i) - stock_above_target(st, i) / adjustment_days", "orders_expected(st, i) + stock_above_target(st, i) / adjustment_days"),
    _phase("production", "inputs-one-to-one", "3 produce", "a tonne made uses a tonne of every input",
           "needed = output * st.value[BuyerRow.COEFFICIENT, v]", "needed = output"),
    _phase("production", "one-input-suffices", "3 produce", "producers may use twice the input they have",
           "most = min(most, st.value[BuyerRow.STOCK, v] / st.value[BuyerRow.COEFFICIENT, v])",
           "most = min(most, 2.0 * st.value[BuyerRow.STOCK, v] / st.value[BuyerRow.COEFFICIENT, v])", "supply"),
    _phase("production", "half-the-scrap", "3 produce", "half of the new scrap is lost", "tonnes = output * st.value[ItemRow.SCRAP_RATE, j]",
           "tonnes = 0.5 * output * st.value[ItemRow.SCRAP_RATE, j]", "supply"),
    _phase("production", "supply-limit-ignored", "3 produce", "producers do not look at the price",
           "output = max(0.0, min(output, st.value[SellerRow.SUPPLY_LIMIT, i]))", "output = max(0.0, output)", "prices"),
    # consume
    _phase("rules", "no-demand-growth", "4 consume", "demand does not grow",
           "st.value[SectorRow.BASE_DEMAND, k] * st.value[BuyerRow.GROWTH, v] * st.value[SectorRow.SUBSTITUTION_FACTOR, k]",
           "st.value[SectorRow.BASE_DEMAND, k] * st.value[SectorRow.SUBSTITUTION_FACTOR, k]"),
    _phase("consumption", "no-price-response", "4 consume", "demand does not answer the price",
           "st.value[SectorRow.WANTED, k] = st.value[SectorRow.DEMAND, k] * st.value[SectorRow.PRICE_FACTOR, k]",
           "st.value[SectorRow.WANTED, k] = st.value[SectorRow.DEMAND, k]", "prices"),
    _phase("consumption", "priorities-ignored", "4 consume", "all end uses are served alike",
           "st.value[SectorRow.PRIORITY, last] == st.value[SectorRow.PRIORITY, k]", "st.value[SectorRow.PRIORITY, last] >= 0.0"),
    _phase("consumption", "stock-shared-wrongly", "4 consume", "a stock that does not suffice serves nobody",
           "served = min(1.0, stock / wanted)", "served = 1.0 if stock >= wanted else 0.0", "lanes"),
    _phase("consumption", "deferral-ignored", "4 consume", "a curbed end use is served with the others",
           "if st.value[SectorRow.DEFERRED, k] == deferred:\n            wanted +=", "if deferred == 0.0:\n            wanted +=", "permits"),
    # release
    _phase("consumption", "release-rate-ignored", "4 release", "no daily rate of release",
           "st.value[HoldingRow.RELEASE_RATE, h] - st.value[HoldingRow.RELEASED, h])", "np.inf)"),
    _phase("consumption", "entitlement-ignored", "4 release", "members get more than they are entitled to",
           "entitlement = st.value[ItemRow.ENTITLEMENT, j] * st.value[SectorRow.GAP_BEFORE_RELEASE, k]",
           "entitlement = st.value[SectorRow.GAP_BEFORE_RELEASE, k]", "stockpiles"),
    _phase("consumption", "worked-up-one-to-one", "4 release", "a tonne held makes a tonne of the final product",
           "held_per_tonne *= feed_per_tonne(st, s, total)", "held_per_tonne *= 1.0", "stockpiles"),
    _phase("consumption", "spare-capacity-ignored", "4 release", "processing is not held to spare capacity",
           "spare = max(0.0, capacity_now(st, i) - made)", "spare = max(0.0, 10.0 * capacity_now(st, i) - made)", "stockpiles"),
    _phase("constants", "recovered-early", "4 release", "authority ends at 90% of the stock target", "RECOVERED_FRACTION = 0.99", "RECOVERED_FRACTION = 0.90",
           "stockpiles"),
    _phase("consumption", "cover-trigger", "4 release", "the cover trigger is two days late",
           "return lowest_cover(st, h) < threshold if", "return lowest_cover(st, h) < threshold - 2.0 if", "stockpiles"),
    _phase("consumption", "declaration-ignored", "4 release", "release without a declared disruption",
           "if st.index[HoldingIndex.STATE, h] == HoldingState.AUTHORISED and st.value[HoldingRow.DECLARED, h] > 0.0:",
           "if st.index[HoldingIndex.STATE, h] == HoldingState.AUTHORISED:", "stockpiles"),
    # permits
    _phase("permits", "free-part-ignored", "5 permits", "the part that needs no licence is held back too",
           "cap_under_permits(st.value[ArcRow.CAP_TODAY, a], free, permits)", "cap_under_permits(st.value[ArcRow.CAP_TODAY, a], 0.0, permits)", "permits"),
    _phase("permits", "permits-overdrawn", "5 permits", "more is called than the permit balance holds",
           "factor = st.value[PermitRow.BALANCE, g] / needed", "factor = 1.0", "permits"),
    _phase("permits", "permits-never-spent", "5 permits", "permits are not used up", "needed = permits_needed(st, j, tonnes)", "needed = 0.0", "permits"),
    _phase("permits", "permits-asked-after-caps", "5 permits", "importers apply for what the caps left of their calls",
           "licensed = st.value[ArcRow.CALLED, a] -", "licensed = st.value[ArcRow.CALL, a] -", "permits"),
    # order
    _phase("trading", "pipeline-lead", "5 order", "the pipeline is counted with lead for lead − 1", "(lead_today(st, a) - 1.0)", "lead_today(st, a)"),
    _phase("trading", "transit-ignored", "5 order", "buyers forget what is at sea", "+ pipeline_days * need - in_transit", "+ pipeline_days * need"),
    _phase("trading", "adjustment-ignored", "5 order", "stocks are corrected in a day",
           "need + missing / st.value[BuyerRow.ADJUSTMENT_DAYS, v]", "need + missing"),
    _phase("rules", "flex-ignored", "5 call", "contracts do not stretch", "min(st.value[BuyerRow.ORDER, v], st.value[BuyerRow.NEED, v] * (1.0 + st.value[BuyerRow.FLEX, v]))",
           "min(st.value[BuyerRow.ORDER, v], st.value[BuyerRow.NEED, v])"),
    _phase("trading", "caps-before-means", "5 call", "sellers hear of calls after the caps, not before",
           "st.value[SellerRow.CALLED, st.index[ArcIndex.SELLER, a]] += tonnes",
           "st.value[SellerRow.CALLED, st.index[ArcIndex.SELLER, a]] += min(tonnes, st.value[ArcRow.CAP_TODAY, a])"),
    _phase("rules", "approval-ignored", "5 call", "new suppliers need no qualification", "return tonnes if free else min(tonnes, contract_limit(st, a, v))", "return tonnes"),
    _phase("rules", "qualified-a-day-late", "5 call", "qualification takes a day longer", "day >= start + wait", "day > start + wait"),
    _phase("trading", "blocked-all-leaks", "5 leak", "everything that is blocked leaks", "blocked * st.value[ArcRow.LEAK_SHARE, a]",
           "blocked * float(st.value[ArcRow.LEAK_SHARE, a] > 0.0)"),
    # ration
    _phase("trading", "ration-half", "5 ration", "a seller short of product ships half of what it has",
           "factor = st.value[SellerRow.STOCK, i] / st.value[SellerRow.CLAIMS, i]", "factor = 0.5 * st.value[SellerRow.STOCK, i] / st.value[SellerRow.CLAIMS, i]", "supply"),
    _phase("trading", "classes-reversed", "5 ration", "strangers before the bloc, the bloc before home", "for supply_class in range(SUPPLY_CLASSES):",
           "for supply_class in range(SUPPLY_CLASSES - 1, -1, -1):", "lanes", "ban"),
    # spot
    _phase("constants", "one-spot-round", "5 spot", "one round in place of three", "SPOT_ROUNDS = 3", "SPOT_ROUNDS = 1"),
    _phase("trading", "spot-unlimited", "5 spot", "a whole order may be bought spot",
           "min(order - st.value[BuyerRow.SHIPPED, v], st.value[BuyerRow.SPOT_SHARE, v] * order)", "order - st.value[BuyerRow.SHIPPED, v]"),
    _phase("trading", "spot-without-approval", "5 spot", "spot purchases need no approved supplier", "if approved(st, v, day):", "if True:"),
    _phase("trading", "claims-not-scaled", "5 spot", "sellers promise more than they have",
           "st.value[ArcRow.CALL, a] *= st.value[SellerRow.STOCK, i] / st.value[SellerRow.CLAIMS, i]", "st.value[ArcRow.CALL, a] *= 1.0", "ban", "supply"),
    # learn, re-source
    _phase("constants", "week-of-memory", "5 learn", "orders are averaged over 7 days, not 14", "MEMORY_DAYS = 14.0", "MEMORY_DAYS = 7.0"),
    _phase("trading", "spot-not-learnt", "5 learn", "spot sales do not count as orders",
           "today = st.value[SellerRow.CALLED, i] + st.value[SellerRow.SPOT_SHIPPED, i]", "today = st.value[SellerRow.CALLED, i]"),
    _phase("constants", "whole-at-ninety", "5 re-source", "a buyer is whole with 90% of its order", "FILLED_FRACTION = 1.0 - 1e-6", "FILLED_FRACTION = 0.9"),
    _phase("trading", "seek-at-once", "5 re-source", "shares move in a day",
           "st.value[ArcRow.SOURCING_LIMIT, a] / total - st.value[ArcRow.SHARE, a]\n        st.value[ArcRow.SHARE, a] += away / st.value[BuyerRow.SWITCHING_DAYS, v]",
           "st.value[ArcRow.SOURCING_LIMIT, a] / total - st.value[ArcRow.SHARE, a]\n        st.value[ArcRow.SHARE, a] += away"),
    _phase("trading", "never-back", "5 re-source", "buyers never return to their baseline shares", "elif st.value[BuyerRow.SHARES_DEVIATE, v] > 0.0:", "elif False:"),
    _phase("trading", "back-under-a-cap", "5 re-source", "buyers return although a cap would bind",
           "if st.value[ArcRow.CAP_TODAY, a] < wanted * (1.0 - ROUNDING):", "if False:"),
    _phase("trading", "spare-output-ignored", "5 re-source", "suppliers are judged by stock alone",
           "st.value[SellerRow.SPARE, i] = stored + max(0.0, capacity_now(st, i) - orders_expected(st, i))", "st.value[SellerRow.SPARE, i] = stored"),
    # stockpiles buy
    _phase("stockpile_buying", "buying-rate-ignored", "6 buy", "no monthly rate of purchases", "min(missing, st.value[HoldingRow.BUYING_RATE, h])", "missing"),
    _phase("stockpile_buying", "ceiling-ignored", "6 buy", "the price ceiling does not count",
           "if not buys or st.value[HoldingRow.PRICE, h] > st.value[HoldingRow.PRICE_CEILING, h]:", "if not buys:", "stockpiles"),
    _phase("stockpile_buying", "budget-not-debited", "6 buy", "purchases cost nothing", "st.value[StockpileRow.BUDGET, s] - spent)", "st.value[StockpileRow.BUDGET, s])", "stockpiles"),
    _phase("stockpile_buying", "pile-transit-ignored", "6 buy", "a stockpile forgets what it has bought at sea",
           "st.value[HoldingRow.TARGET, h] - st.value[BuyerRow.STOCK, v] - in_transit", "st.value[HoldingRow.TARGET, h] - st.value[BuyerRow.STOCK, v]"),
    _phase("stockpile_buying", "surplus-without-capacity", "6 buy", "surplus is what stands in store, without unused capacity",
           "st.value[SellerRow.SURPLUS, i] = unused + max(0.0, stock_above_target(st, i)) / adjustment_days",
           "st.value[SellerRow.SURPLUS, i] = max(0.0, stock_above_target(st, i)) / adjustment_days"),
    _phase("rules", "pile-orders-forgotten", "6 buy", "stockpiles' purchases drive no production",
           "return st.value[SellerRow.EXPECTED_ORDERS, i] + st.value[SellerRow.EXPECTED_STOCKPILE_ORDERS, i]", "return st.value[SellerRow.EXPECTED_ORDERS, i]", "stockpiles"),
    # prices
    _phase("prices", "price-at-once", "7 prices", "prices jump to their target", "st.value[ZoneRow.LOG_PRICE, z] += away / st.value[ZoneRow.ADJUSTMENT_DAYS, z]",
           "st.value[ZoneRow.LOG_PRICE, z] += away", "prices"),
    _phase("prices", "contracts-ignored", "7 prices", "contracts are paid at the spot price", "contracted * contract + (1.0 - contracted) * spot", "spot", "prices"),
    _phase("prices", "essential-ignored", "7 prices", "no demand is essential", "max(st.value[SectorRow.ESSENTIAL_SHARE, k], response)", "response", "prices"),
    # record
    _phase("books", "record-before-use", "8 record", "from-stockpile tonnes are written as shortfall too",
           "st.daily[day, first + SectorDay.SHORTFALL] = short", "st.daily[day, first + SectorDay.SHORTFALL] = short + st.value[SectorRow.RELEASED, k]"),
    _phase("books", "capacity-does-not-grow", "8 record", "capacity does not grow",
           "st.value[SellerRow.GROWTH, i] *= st.value[SellerRow.GROWTH_DAILY, i]", "st.value[SellerRow.GROWTH, i] *= 1.0"),
)  # fmt: skip

BASELINE = (
    Mutation("yield-dropped", "baseline", "a stage loses nothing", "network/baseline.py", "feed: 1.0 / product_per_feed", "feed: 1.0"),
    Mutation("yield-upside-down", "baseline", "the yield divides where it should multiply", "network/baseline.py", "feed: 1.0 / product_per_feed", "feed: product_per_feed"),
    Mutation("swapped-lead-times", "baseline", "home goods take as long as foreign ones, and the reverse", "network/trade.py",
             'for kind in ("default", "home")', 'for kind in ("home", "default")'),
    Mutation("no-home-preference", "baseline", "buyers do not prefer home", "network/trade.py", "np.where(at_home(sellers, buyers), terms.preference, 1.0)", "1.0"),
    Mutation("known-shares-ignored", "baseline", "known shares of trade are not held", "network/trade.py", "held[rows, j] = share * needs[j]", "held[rows, j] = 0.5 * share * needs[j]"),
    Mutation("year-of-365-days", "baseline", "a year has 365 days", "network/trade.py", "DAYS_PER_YEAR = 365.25", "DAYS_PER_YEAR = 365.0"),
    Mutation("pipeline-a-day-long", "baseline", "the first days' arrivals last a day longer", "network/layout.py",
             "due = np.arange(days)[:, None] < np.array", "due = np.arange(days)[:, None] <= np.array"),
    Mutation("utilisation-ignored", "baseline", "capacity is output", "network/baseline.py", "seller.capacity = seller.output / utilisation", "seller.capacity = seller.output"),
    Mutation("month-of-30-days", "baseline", "stockpiles buy by months of 30 days", "network/stockpile_plans.py", "DAYS_PER_MONTH = 30.4375", "DAYS_PER_MONTH = 30.0"),
    Mutation("intermediate-counted-whole", "baseline", "an intermediate held counts as the final product", "network/stockpile_plans.py",
             "tonnes * _typical(user, product_key)", "tonnes", likely=("stockpiles",)),
    Mutation("rerouting-none-flexes", "bracket", "without rerouting, contracts still stretch", "data/bracket.csv", "none,contract_flex,0,", "none,contract_flex,0.1,"),
    Mutation("free-rerouting-slow", "bracket", "with free rerouting, suppliers change within a year", "data/bracket.csv", "free,switching_days,30,", "free,switching_days,365,"),
)  # fmt: skip

EVENTS = (
    Mutation("event-a-day-longer", "spans", "every event lasts a day longer", "scenario/event_dates.py",
             'end = day_of(first, start) + draws.whole(event.duration_days, f"{path}.duration_days")',
             'end = day_of(first, start) + draws.whole(event.duration_days, f"{path}.duration_days") + 1'),
    Mutation("ramp-a-day-early", "ramps", "ramps run a day ahead", "simulation/events/ramp.py", "yield from (k / days for k in", "yield from ((k + 1) / days for k in"),
    Mutation("ramp-skipped", "ramps", "there are no ramps", "simulation/events/ramp.py", "    yield from (k / days for k in range(first, days))\n", "", likely=("supply",)),
    Mutation("curb-lifts-late", "curb", "a curb is lifted a day late", "simulation/events/curbs.py",
             "yield world.until(scheduled.end_day, rank)\n        end_measure", "yield world.until(scheduled.end_day + 1, rank)\n        end_measure"),
    Mutation("cut-upside-down", "curb", "a cut lets pass what it should remove", "simulation/events/curbs.py",
             "((1.0 - fraction) * world.state.value[ArcRow.BASE_FLOW, arcs])[capped]", "(fraction * world.state.value[ArcRow.BASE_FLOW, arcs])[capped]", likely=("stockpiles",)),
    Mutation("importers-all", "curb", "a curb on one end use hits every use", "simulation/events/curbs.py",
             "fraction = removed_fraction(world, event, curb) * weight", "fraction = removed_fraction(world, event, curb) * np.ones(len(arcs))", likely=("permits",)),
    Mutation("home-first-ignored", "curb", "the exporter's own buyers have no precedence", "simulation/events/curbs.py", "if curb.home_first:", "if False:", likely=("supply",)),
    Mutation("announcement-lasts", "curb", "announced stock targets are never taken back", "simulation/events/curbs.py", "world.targets.drop(scheduled.event)", "pass"),
    Mutation("announcement-unheard", "curb", "nobody qualifies suppliers on an announcement", "simulation/events/curbs.py", "qualification_start[v] = world.day", "pass"),
    Mutation("leakage-without-delay", "curb", "leaked goods take no extra days", "simulation/events/curbs.py", "world.leak_extra_days.put(scheduled.event, arcs, extra)", "pass"),
    Mutation("leakage-outlives", "curb", "leakage goes on after the curb", "simulation/events/curbs.py", "(world.caps, world.ranks, world.leak_share, world.leak_extra_days)",
             "(world.ranks, world.leak_extra_days)"),
    Mutation("quota-a-year", "quota", "a period brings a whole year's quota", "simulation/events/curbs.py", "* quota.period_months / 12.0", "", likely=("permits",)),
    Mutation("quota-lapses", "quota", "unused quota is never carried over", "simulation/events/curbs.py", "left = balance_t[column] if quota.carry_over else 0.0", "left = 0.0", likely=("permits",)),
    Mutation("quota-outlives", "quota", "permits still count after the quota", "simulation/events/curbs.py", "world.state.value[PermitRow.ACTIVE, list(arcs_of)] = 0.0", "pass", likely=("permits",)),
    Mutation("review-a-day-longer", "licence", "each review takes a day longer", "simulation/events/licences.py",
             "self.reviews) + 0.5))", "self.reviews) + 1.5))", likely=("permits",)),
    Mutation("apply-every-six-days", "licence", "importers apply every 6 days", "simulation/events/licences.py", "DAYS_PER_WEEK = 7", "DAYS_PER_WEEK = 6", likely=("permits",)),
    Mutation("approval-rates-ignored", "licence", "approval rates by importer do not count", "simulation/events/licences.py", "return min(rates) if rates else", "return", likely=("permits",)),
    Mutation("no-reapplication", "licence", "what is refused is never applied for again", "simulation/events/licences.py", "self.to_apply_again += filed.refused_t", "pass", likely=("permits",)),
    Mutation("unlimited-desks", "licence", "the office decides in a day whatever comes", "simulation/events/licences.py", "math.ceil(1.0 / decisions_per_day - 1e-9)", "1", likely=("permits",)),
    Mutation("general-licences-ignored", "licence", "there are no general licences", "simulation/events/licences.py", "if licence.general is not None:", "if False:", likely=("permits",)),
    Mutation("outage-upside-down", "outage", "what is lost and what is left are swapped", "simulation/events/supply.py",
             "world.availability.put(scheduled.event, sellers, left)", "world.availability.put(scheduled.event, sellers, 1.0 - left)", likely=("supply",)),
    Mutation("hazard-rate", "outage", "hazards are counted a month, not a year", "simulation/events/supply.py",
             'f"{path}.rate_per_year") / DAYS_PER_YEAR', 'f"{path}.rate_per_year") / 30.0', likely=("supply",)),
    Mutation("one-hazard-stream", "outage", "all plants fail on one stream of draws", "simulation/events/supply.py",
             'world.network.draws.stream(name, "up time")', 'world.network.draws.stream(scheduled.event, "up time")', likely=("supply",)),
    Mutation("project-on-time", "project", "projects are never late", "simulation/events/supply.py", "first = scheduled.start_day + delay", "first = scheduled.start_day", likely=("supply",)),
    Mutation("project-without-incentive", "project", "projects do not wait for their price", "simulation/events/supply.py", "while above_days < days:", "while False:", likely=("prices",)),
    Mutation("by-product-unbound", "by-product", "a by-product needs no host", "simulation/events/supply.py",
             "made / usual if usual > 0.0 else 0.0", "1.0", likely=("prices",)),
    Mutation("pandemic-demand", "pandemic", "a pandemic leaves demand alone", "simulation/events/supply.py",
             'world.demand.put(scheduled.event, sectors, reader.number(event.demand_factor, f"{path}.demand_factor"))', "pass", likely=("supply",)),
    Mutation("pandemic-lanes", "pandemic", "a pandemic leaves lanes alone", "simulation/events/supply.py",
             "world.delay(scheduled.event, np.array(arcs, dtype=np.uint32), days)", "pass", likely=("supply",)),
    Mutation("factors-by-minimum", "levers", "two losses of availability count as the larger", "simulation/world.py",
             "self.availability = self._lever(SellerRow.AVAILABILITY, sellers, np.multiply)", "self.availability = self._lever(SellerRow.AVAILABILITY, sellers, np.minimum)", likely=("supply",)),
    Mutation("shock-twice", "demand shock", "a demand shock is applied twice", "simulation/events/demand.py", "1.0 + (factor - 1.0) * part", "(1.0 + (factor - 1.0) * part) ** 2", likely=("lanes",)),
    Mutation("shock-everywhere", "demand shock", "a demand shock hits every region", "simulation/events/demand.py", 'None if regions == "all" else', "None if True else", likely=("lanes",)),
    Mutation("substitution-a-day-late", "substitution", "substitution begins after one short day more", "simulation/events/demand.py", "hit] - short_before >= after", "hit] - short_before > after"),
    Mutation("substitution-a-day", "substitution", "a year's substitution happens in a day", "simulation/events/demand.py", "(days / DAYS_PER_YEAR)", "days"),
    Mutation("substitution-at-once", "substitution", "substitution does not wait", "simulation/events/demand.py", "hit] - short_before >= after", "hit] - short_before >= 0.0"),
    Mutation("throughput-upside-down", "chokepoint", "what passes and what is stopped are swapped", "simulation/events/chokepoints.py", "fraction=1.0 - passes", "fraction=passes", likely=("lanes",)),
    Mutation("nothing-held-at-sea", "chokepoint", "goods at sea pass", "simulation/events/chokepoints.py", "holds=event.holds_in_transit", "holds=False", likely=("lanes",)),
    Mutation("no-flights", "chokepoint", "nobody flies goods in", "simulation/events/chokepoints.py", "if event.expedite is not None:", "if False:", likely=("lanes",)),
    Mutation("detour-a-day-longer", "chokepoint", "the detour takes a day longer", "simulation/events/chokepoints.py",
             "world.delay(scheduled.event, arcs, days,", "world.delay(scheduled.event, arcs, days + 1,", likely=("lanes",)),
    Mutation("bloc-without-precedence", "trade bloc", "the bloc's members are served like others", "simulation/events/blocs.py", "float(SupplyClass.BLOC)", "2.0", likely=("lanes",)),
    Mutation("authorised-a-day-late", "stockpile", "authorisation takes a day longer", "simulation/events/stockpiles.py",
             "yield world.until(authorised_on, rank)", "yield world.until(authorised_on + 1, rank)"),
    Mutation("declared-for-ever", "stockpile", "a declared disruption is never revoked", "simulation/events/stockpiles.py", "world.revoke(scheduled.event)", "pass", likely=("stockpiles",)),
    Mutation("flood-half", "market flood", "a flood discounts by half of what it says", "simulation/events/prices.py", "self.excess(z, 1.0 - discount)", "self.excess(z, 1.0 - 0.5 * discount)", likely=("prices",)),
    Mutation("floor-for-nobody", "price floor", "buyers inside the bloc do not pay the floor", "simulation/events/prices.py", "world.floors.put(span.event, consumers, price)", "pass", likely=("prices",)),
    Mutation("duty-on-everything", "tariff", "a duty is paid on all purchases", "simulation/events/prices.py", "duties.append(rate * hit)", "duties.append(rate)", likely=("prices",)),
    Mutation("mothball-early", "prices", "boards mothball a week early", "simulation/events/prices.py", "if below_days < patience:", "if below_days + 7 < patience:", likely=("prices",)),
    Mutation("restart-at-once", "prices", "mothballed plants restart in a day", "simulation/events/prices.py", "yield world.wait(restart_days, rank)", "yield world.wait(1, rank)", likely=("prices",)),
    Mutation("clearing-without-elasticity", "prices", "supply does not answer the price", "network/price_zones.py",
             "reference[j] * max(price, floors[j]) ** elasticity", "reference[j]", likely=("prices",)),
    Mutation("week-of-prices", "prices", "supply and demand meet on means of 7 days", "simulation/events/prices.py", "MEAN_DAYS = 30.0", "MEAN_DAYS = 7.0", likely=("prices",)),
)  # fmt: skip

MUTATIONS: tuple[Mutation, ...] = (*PHASES, *BASELINE, *EVENTS)
