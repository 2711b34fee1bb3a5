"""The compiled daily step: the only code that changes a stock.

`advance` moves the whole network from the start of day `a` to the start of day `b` and returns early, at the end of the
first day on which a watched trigger became true. The phases are short functions in the order of the model's day:
arrive, produce, consume (and release), order and ship product by product, buy for stockpiles, record and check the books.

The state is packed in a few two-dimensional arrays, one row a field, one column a node; the row constants below are the
field names and units. The file is one compilation unit on purpose: Numba's cache does not see edits to a callee that
lives in another file. With NUMBA_DISABLE_JIT=1 the same source runs as plain Python, to the same bits.
"""

from __future__ import annotations

import contextlib
import getpass
import math
import os
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.uint32]
Index = int | np.integer[Any]
"""Number of a node: what loops count, and what index arrays hold."""
F = TypeVar("F", bound=Callable[..., Any])


OPTIONS = {"error_model": "numpy", "_nrt": False}
"""Zero divided is infinite or nan, as in numpy; and no function allocates, which spares the counting of references."""


def phase(function: F) -> F:
    """Compile a part of the daily step into its caller; callable from compiled code only.

    A call would copy the packed state, some forty words, onto the stack: that took a third of the time.
    """
    return numba.njit(no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True, **OPTIONS)(function)


def compiled(function: F) -> F:
    """Compile an entry point, with a cache on disk wherever one can be written."""
    try:
        return numba.njit(cache=True, **OPTIONS)(function)
    except RuntimeError:  # neither the package folder nor the home folder can be written
        numba.config.CACHE_DIR = temporary_cache()
        return numba.njit(cache=True, **OPTIONS)(function)


def temporary_cache() -> str:
    """A cache folder of this user's own in the temporary folder; a fresh one if somebody else sits on its name.

    The cache is code that will be run: a folder that others can write to must never serve.
    """
    folder = Path(tempfile.gettempdir()) / f"minsim-numba-{getpass.getuser()}"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.stat(follow_symlinks=False)
        mine = not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o077)
        if mine and stat.S_ISDIR(status.st_mode):
            return str(folder)
    return tempfile.mkdtemp(prefix="minsim-numba-")


# Rows of `State.seller`: one column a producer.
(
    SELLER_STOCK,  # product in store [t]
    SELLER_TARGET,  # product stock target on day 0 [t]
    SELLER_STORE,  # room for product on day 0 [t]
    SELLER_CAPACITY,  # capacity on day 0 [t/day]
    SELLER_PROJECT,  # capacity added by projects [t/day]
    SELLER_AVAILABILITY,  # usable fraction of capacity
    SELLER_GROWTH,  # capacity / capacity on day 0
    SELLER_GROWTH_DAILY,  # factor on growth a day
    SELLER_ORDERS,  # orders expected from buyers: 14-day mean [t/day]
    SELLER_PILE_ORDERS,  # orders expected from stockpiles: 14-day mean [t/day]
    SELLER_CALLED,  # calls of buyers today, before policy caps [t]
    SELLER_SPOT,  # spot tonnes shipped today [t]
    SELLER_PILE_CALLED,  # calls of stockpiles today [t]
    SELLER_OUTPUT,  # output into the store today [t]
    SELLER_WORKED_UP,  # output from released intermediates today, which goes straight to use [t]
    SELLER_SHIPPED,  # shipped today [t]
    SELLER_OPENING,  # stock at the start of the day [t]
    SELLER_CLAIMS,  # scratch: claims in one round [t]
    SELLER_SURPLUS,  # scratch: what stockpiles may call today [t]
    SELLER_SUPPLY_LIMIT,  # supply at today's price [t/day]; infinite when prices are off
) = range(0, 20)

# Rows of `State.buyer`: one column a buyer of one product: a consumer region, one input of a producer, or a stockpile.
(
    BUYER_STOCK,  # commercial (or strategic) stock [t]
    BUYER_TARGET,  # stock target on day 0 [t]
    BUYER_TARGET_FACTOR,  # factor on the target after an announcement
    BUYER_BASE_NEED,  # need on day 0 [t/day]
    BUYER_NEED,  # need at today's wanted activity [t/day]
    BUYER_COEFFICIENT,  # t of this input per t of the producer's output
    BUYER_GROWTH,  # growth of demand, or of the producer's capacity, since day 0
    BUYER_GROWTH_DAILY,  # factor on growth a day
    BUYER_FLEX,  # how far above need contracts stretch
    BUYER_SPOT,  # share of an order that may be bought spot in a day
    BUYER_SWITCHING,  # time constant of re-sourcing [days]
    BUYER_ADJUSTMENT,  # time constant of stock corrections [days]
    BUYER_QUALIFICATION,  # days until new suppliers are approved
    BUYER_CLOCK,  # day on which qualification began; negative: not yet
    BUYER_ASK,  # today's order [t]
    BUYER_GOT,  # shipped to it today [t]
    BUYER_CLAIM,  # scratch: what it may still claim spot today [t]
    BUYER_ARRIVED,  # arrived today [t]
    BUYER_USED,  # used today [t]
    BUYER_OPENING,  # stock at the start of the day [t]
    BUYER_MOVED,  # 1 while its shares are away from the baseline
) = range(20, 41)

# Rows of `State.arc`: one column a seller-buyer pair; sorted by buyer.
(
    ARC_SHARE,  # share of the buyer's order called here
    ARC_BASE_SHARE,  # the same in the baseline
    ARC_BASE_FLOW,  # baseline flow [t/day]
    ARC_CAP,  # policy cap [t/day]; infinite without one
    ARC_ROOM_CAP,  # today's cap with permits counted in [t]
    ARC_CALL,  # scratch: call or claim [t]
    ARC_WISH,  # scratch: the same before permits were shared; at the end, what is at sea beyond the ring [t]
    ARC_BLOCKED,  # part of today's call that policy holds back [t]
    ARC_LEAK_SHARE,  # share of the blocked call that leaks today
    ARC_LEAKED,  # leaked today [t]
    ARC_SHIPPED,  # shipped openly today [t]
    ARC_TRANSIT,  # at sea [t]
    ARC_AIR_COVER,  # cover below which the buyer flies goods in [days]; 0: never
) = range(41, 54)

# Rows of `State.sector`: one column an end use of a region; sorted by consumer, then priority.
(
    SECTOR_BASE,  # demand on day 0 [t/day]
    SECTOR_PRIORITY,  # 1 is served first
    SECTOR_DEFERRED,  # 1 while a curb on this sector makes it bear the shortage
    SECTOR_FACTOR,  # factor of demand shocks
    SECTOR_RESPONSE,  # factor of the price
    SECTOR_SUBSTITUTED,  # factor of substitution, never rising
    SECTOR_SHORT_DAYS,  # short days so far
    SECTOR_DEMAND,  # today's demand, before the price [t]
    SECTOR_WANTED,  # today's demand at today's price [t]
    SECTOR_GAP,  # what the commercial stock left uncovered [t]
    SECTOR_FIRST_GAP,  # the same before any release [t]
    SECTOR_RELEASED,  # drawn from stockpiles [t]
    SECTOR_ELASTICITY,  # fall of demand, in %, when price rises by 1%; 0 when prices are off
    SECTOR_ESSENTIAL,  # share of demand that no price destroys
) = range(54, 68)

# Rows of `State.holding`: one column a material held in a stockpile.
(
    HOLDING_STATE,  # 0 filling, 1 triggered, 2 authorised
    HOLDING_TARGET,  # target [t]
    HOLDING_RATE,  # most it buys a day [t]
    HOLDING_RELEASE_RATE,  # most it releases a day [t]
    HOLDING_PRICE,  # price it pays [USD/t]
    HOLDING_CEILING,  # no buying above this price [USD/t]
    HOLDING_ALWAYS,  # 1: competes as a buyer; 0: takes the surplus only; -1: never buys
    HOLDING_COVER_TRIGGER,  # commercial cover that starts authorisation [days]; negative: a gap does
    HOLDING_AT_ONCE,  # 1 when no authorisation is needed
    HOLDING_DECLARED,  # 1 while release is permitted by declaration
    HOLDING_WANT,  # wants to buy today [t]
    HOLDING_BOUGHT,  # shipped to it today [t]
    HOLDING_RELEASED,  # released today [t]
    HOLDING_SPENT,  # spent today [USD]
    HOLDING_NOTICE,  # for the calendar: 0 nothing, 1 triggered, 2 restored
) = range(68, 83)

# Rows of `State.pool`: one column a purse of permits (a quota, or an importer's licences).
(
    POOL_ACTIVE,  # 1 while the curb is on
    POOL_BALANCE,  # unused permits [t]
    POOL_CALLED,  # tonnes called that need permits, since the office last looked [t]
) = range(83, 86)

NOTHING = np.uint32(0xFFFFFFFF)
"""Index that stands for none."""

# Rows of one column a product, a consumer region, a stockpile, a price zone.
(
    PRODUCT_TOTAL,  # tonnes in stores, at sea and in buyers' hands [t]
    CONSUMER_PRICE,  # volume-weighted price a region pays [USD/kg]; nan when prices are off
    CONSUMER_SPOT,  # spot price it pays, floor and duty included [USD/kg]; nan when prices are off
    CONSUMER_MARKET,  # spot price of its zone [USD/kg]; nan when prices are off
    CONSUMER_REFERENCE,  # price of the steady state [USD/kg]
    CONSUMER_FLOOR,  # least price inside its bloc [USD/kg]
    CONSUMER_DUTY,  # duty as a fraction of the price
    CONSUMER_CONTRACTED,  # share of its volume under contract
    PILE_BUDGET,  # money left [USD]
    ZONE_LOG_PRICE,  # log of spot price / reference
    ZONE_LOG_TARGET,  # log of the clearing price / reference, found once a week
    ZONE_ADJUSTMENT,  # time constant with which price follows its target [days]
    ZONE_CONTRACT,  # contract price / reference
    ZONE_CONTRACT_LAG,  # lag of contract prices [days]
) = range(86, 100)

# Rows of compressed lists whose entries are numbers, and scratch.
(
    SERVE_ENTITLEMENT,  # share of a sector's gap that the stockpile may serve
    TITLE_USED,  # served today under a stockpile's entitlement in a sector [t]
    SCRAP_RATE,  # t of scrap per t of output
    POOL_FREE,  # tonnes a day on that arc that need no permit
    LIMITS,  # scratch: spare output of a step's producers [t]
    FAULT,  # kind, node, day, tonnes off, throughput
) = range(100, 106)
VALUE_ROWS = 106

# Rows of `State.index`: counts, indices a node has, starts of its compressed lists, and the entries of these.
(
    COUNT,  # how many of each there are, in the order of the next constants; last, the ring's row of today
    ARC_SELLER,
    ARC_BUYER,
    LEAD,  # lead time of goods shipped today on an arc [days]
    LEAK_LEAD,  # lead time of leaked goods [days]
    AIR_LEAD,  # lead time by air [days]
    RANK,  # class in which a seller short of product serves the arc; 0 first
    SELLER_FIRST,  # product -> sellers
    BUYER_FIRST,  # product -> buyers
    MARKET_END,  # product -> first of its buyers that is a stockpile
    RANKED,  # product -> 1 while some of its arcs have a class
    LEAKS,  # product -> 1 while some of its arcs leak
    ARC_FIRST,  # buyer -> arcs
    OUTGOING_FIRST,  # seller -> entries of OUTGOING
    INPUT_FIRST,  # seller -> entries of INPUT_BUYER
    BUYER_PRODUCER,  # buyer -> the producer it feeds; NOTHING for consumers and stockpiles
    BUYER_HOLDING,  # buyer -> holding; NOTHING for others
    CONSUMER_BUYER,  # consumer -> buyer
    CONSUMER_ZONE,  # consumer -> price zone; NOTHING when prices are off
    SECTOR_FIRST,  # consumer -> sectors
    HOLDING_BUYER,  # holding -> buyer
    HOLDING_PILE,  # holding -> stockpile, which has one budget
    OUTLET_FIRST,  # holding -> outlets: ways its product can reach a gap
    SERVE_FIRST,  # outlet -> entries of SERVE_*
    WATCH_FIRST,  # holding -> entries of WATCH_CONSUMER
    STEP_FIRST,  # outlet -> steps that work the product up; none where it is used as it is
    STEP_SELLER_FIRST,  # step -> entries of STEP_*; the step nearest the consumer first
    SCRAP_FIRST,  # seller -> entries of SCRAP_*
    SIBLING_FIRST,  # arc -> entries of SIBLING (stockpiles' arcs only)
    POOL_FIRST,  # pool -> entries of POOL_*
    MONTH,  # day -> month since the start
    OUTGOING,  # a seller's arcs
    INPUT_BUYER,  # a producer's input stocks
    SERVE_SECTOR,  # sectors an outlet may serve
    SERVE_CLASS,  # order in which they are served
    SERVE_TITLE,  # entitlement they draw on: one a stockpile and sector
    WATCH_CONSUMER,  # consumers whose cover a holding watches
    STEP_SELLER,  # domestic producers of a step
    STEP_INPUT,  # the input stock that the released product by-passes
    SCRAP_BUYER,  # input stock that new scrap of this seller's output falls into
    SIBLING,  # buyers' arcs on the same lane
    LANE_FIRST,  # arc -> entries of LANE_PILE (stockpiles' arcs only)
    LANE_PILE,  # stockpiles' arcs on the same lane, itself included
    POOL_ARC,  # arcs a purse covers
) = range(44)
INDEX_ROWS = 44

SELLERS, BUYERS, ARCS, SECTORS, HOLDINGS, POOLS, PRODUCTS, CONSUMERS, PILES, ZONES, TITLES, SLOT = range(12)

DEMAND, CONSUMED, SHORTFALL, DESTROYED, FROM_STOCKPILE = range(5)
CLOSING_STOCK, PRICE, SPOT_PRICE, MARKET_PRICE = range(4)
PILE_STOCK, PILE_BOUGHT, PILE_RELEASED, PILE_SPENT = range(4)
SECTOR_FIELDS, CONSUMER_FIELDS, HOLDING_FIELDS = 5, 4, 4
OPENLY, LEAKING = range(2)

NEGLIGIBLE = 1e-9
"""A day is short when shortfall > 1e-9 x demand; the books close within 1e-9 x throughput (model, sections 3.4, 3.8)."""
LAST_GRAIN = 1e-300
"""Tonnes below which floats lose their precision: an emptied store may round there."""
HAIR = 1e-12
"""Relative size below which an amount is rounding noise, not a wish."""
WHOLE = 1.0 - 1e-6
"""A buyer is whole with this fraction of min(ask, need) (model, section 4)."""
RESTORED = 0.99
"""Authority ends when commercial stock is back at this fraction of its target (model, section 11)."""
MEMORY_DAYS = 14.0
"""Days of the running mean of orders (model, section 4)."""
SPOT_ROUNDS = 3
RANKS = 3
"""Classes of buyers: home, bloc, others."""


class State(NamedTuple):
    """Everything the daily step reads and writes, packed.

    Two-dimensional arrays have one row a field (constants above) and one column a node. Rows called `*_FIRST` are starts of
    compressed lists: the items of node `n` are `first[n] ... first[n + 1]`. Few arrays, because every one of them costs
    compile time in every function it is passed to.
    """

    value: Floats  # (rows, columns) amounts, padded to the longest row
    index: Indices  # type: ignore[assignment]  # shadows tuple.index, which nobody needs; padded to the longest row
    ring: Floats  # (ring days, arcs): tonnes due on day d stand in row d % ring days
    daily: Floats  # (days, columns): the record, sectors' fields, then consumers', then holdings'
    monthly: Floats  # (openly or leaking, months, arcs): shipped [t]


FAULT_NONE, FAULT_SELLER, FAULT_BUYER, FAULT_PRODUCT, FAULT_TRANSIT = range(5)


# ------------------------------------------------------------------------------------------------------------ small rules


@phase
def capacity_now(st: State, i: Index) -> float:
    """Usable capacity of seller `i` today [t/day]."""
    full = st.value[SELLER_CAPACITY, i] * st.value[SELLER_GROWTH, i] + st.value[SELLER_PROJECT, i]
    return full * st.value[SELLER_AVAILABILITY, i]


@phase
def stock_above_target(st: State, i: Index) -> float:
    """Product of seller `i` in store beyond its target [t]; negative when below."""
    return st.value[SELLER_STOCK, i] - st.value[SELLER_TARGET, i] * st.value[SELLER_GROWTH, i]


@phase
def orders_expected(st: State, i: Index) -> float:
    """What drives the production of seller `i` [t/day]."""
    return st.value[SELLER_ORDERS, i] + st.value[SELLER_PILE_ORDERS, i]


@phase
def buyer_target(st: State, v: Index) -> float:
    """Stock target of buyer `v` today [t]."""
    return st.value[BUYER_TARGET, v] * st.value[BUYER_TARGET_FACTOR, v] * st.value[BUYER_GROWTH, v]


@phase
def approved(st: State, v: Index, day: Index) -> bool:
    """Whether buyer `v` may take new suppliers today."""
    wait = st.value[BUYER_QUALIFICATION, v]
    clock = st.value[BUYER_CLOCK, v]
    return wait <= 0.0 or (clock >= 0.0 and day >= clock + wait)


@phase
def lead_today(st: State, a: Index) -> int:
    """Lead time of goods shipped on arc `a` today [days]: by air when the buyer's cover is low and there is a flight."""
    threshold = st.value[ARC_AIR_COVER, a]
    if threshold > 0.0:
        v = st.index[ARC_BUYER, a]
        if st.value[BUYER_STOCK, v] < threshold * st.value[BUYER_BASE_NEED, v] * st.value[BUYER_GROWTH, v]:
            return min(st.index[AIR_LEAD, a], st.index[LEAD, a])
    return st.index[LEAD, a]


@phase
def send(st: State, a: Index, tonnes: float, lead: Index) -> None:
    """Move `tonnes` from the seller's store onto arc `a`, to arrive in `lead` days."""
    slot = np.int64(st.index[COUNT, SLOT]) + np.int64(lead)
    if slot >= st.ring.shape[0]:
        slot -= st.ring.shape[0]
    st.ring[slot, a] += tonnes
    st.value[ARC_TRANSIT, a] += tonnes
    i = st.index[ARC_SELLER, a]
    st.value[SELLER_STOCK, i] = max(0.0, st.value[SELLER_STOCK, i] - tonnes)
    st.value[SELLER_SHIPPED, i] += tonnes
    st.value[BUYER_GOT, st.index[ARC_BUYER, a]] += tonnes


@phase
def ship(st: State, a: Index, tonnes: float, day: Index) -> None:
    """Ship openly on arc `a`."""
    if tonnes > 0.0:
        st.value[ARC_SHIPPED, a] += tonnes
        st.monthly[OPENLY, st.index[MONTH, day], a] += tonnes
        send(st, a, tonnes, lead_today(st, a))


@phase
def leak(st: State, a: Index, tonnes: float, day: Index) -> None:
    """Ship round a curb, through third countries."""
    if tonnes > 0.0:
        st.value[ARC_LEAKED, a] += tonnes
        st.monthly[LEAKING, st.index[MONTH, day], a] += tonnes
        send(st, a, tonnes, st.index[LEAK_LEAD, a])


# -------------------------------------------------------------------------------------------------- 2 arrive, 3 produce


@phase
def open_day(st: State) -> None:
    """Remember opening stocks and clear the day's counters."""
    for i in range(st.index[COUNT, SELLERS]):
        st.value[SELLER_OPENING, i] = st.value[SELLER_STOCK, i]
        st.value[SELLER_CALLED, i] = 0.0
        st.value[SELLER_SPOT, i] = 0.0
        st.value[SELLER_PILE_CALLED, i] = 0.0
        st.value[SELLER_WORKED_UP, i] = 0.0
        st.value[SELLER_SHIPPED, i] = 0.0
    for v in range(st.index[COUNT, BUYERS]):
        st.value[BUYER_OPENING, v] = st.value[BUYER_STOCK, v]
        st.value[BUYER_ARRIVED, v] = 0.0
        st.value[BUYER_USED, v] = 0.0
        st.value[BUYER_GOT, v] = 0.0
    for a in range(st.index[COUNT, ARCS]):
        st.value[ARC_SHIPPED, a] = 0.0
        st.value[ARC_LEAKED, a] = 0.0
    for h in range(st.index[COUNT, HOLDINGS]):
        st.value[HOLDING_RELEASED, h] = 0.0


@phase
def arrive(st: State, day: Index) -> None:
    """Phase 2: shipments due today join the buyer's stock."""
    slot = day % st.ring.shape[0]
    st.index[COUNT, SLOT] = slot
    for a in range(st.index[COUNT, ARCS]):
        tonnes = st.ring[slot, a]
        if tonnes > 0.0:
            v = st.index[ARC_BUYER, a]
            st.ring[slot, a] = 0.0
            st.value[ARC_TRANSIT, a] = max(0.0, st.value[ARC_TRANSIT, a] - tonnes)
            st.value[BUYER_STOCK, v] += tonnes
            st.value[BUYER_ARRIVED, v] += tonnes


@phase
def use_inputs(st: State, i: Index, output: float, bypassed: Index) -> None:
    """Draw the inputs of `output` tonnes from producer `i`'s stocks, but for the one a released product by-passes."""
    for j in range(st.index[INPUT_FIRST, i], st.index[INPUT_FIRST, i + 1]):
        v = st.index[INPUT_BUYER, j]
        if v != bypassed:
            needed = output * st.value[BUYER_COEFFICIENT, v]
            st.value[BUYER_STOCK, v] = max(0.0, st.value[BUYER_STOCK, v] - needed)
            st.value[BUYER_USED, v] += needed


@phase
def inputs_allow(st: State, i: Index, bypassed: Index) -> float:
    """Output that producer `i`'s input stocks allow today [t]."""
    most = np.inf
    for j in range(st.index[INPUT_FIRST, i], st.index[INPUT_FIRST, i + 1]):
        v = st.index[INPUT_BUYER, j]
        if v != bypassed:
            most = min(most, st.value[BUYER_STOCK, v] / st.value[BUYER_COEFFICIENT, v])
    return most


@phase
def drop_scrap(st: State, i: Index, output: float) -> None:
    """New scrap of `output` tonnes falls into the scrap processors' stocks."""
    for j in range(st.index[SCRAP_FIRST, i], st.index[SCRAP_FIRST, i + 1]):
        tonnes = output * st.value[SCRAP_RATE, j]
        st.value[BUYER_STOCK, st.index[SCRAP_BUYER, j]] += tonnes
        st.value[BUYER_ARRIVED, st.index[SCRAP_BUYER, j]] += tonnes


@phase
def produce(st: State) -> None:
    """Phase 3: output = min(orders expected + stock correction, capacity, inputs, room in the store), never negative."""
    for p in range(st.index[COUNT, PRODUCTS]):
        for i in range(st.index[SELLER_FIRST, p], st.index[SELLER_FIRST, p + 1]):
            adjustment = st.value[BUYER_ADJUSTMENT, st.index[BUYER_FIRST, p]]
            wanted = orders_expected(st, i) - stock_above_target(st, i) / adjustment
            room = st.value[SELLER_STORE, i] * st.value[SELLER_GROWTH, i] - st.value[SELLER_STOCK, i]
            output = min(min(wanted, capacity_now(st, i)), min(inputs_allow(st, i, np.uint64(NOTHING)), room))
            output = max(0.0, min(output, st.value[SELLER_SUPPLY_LIMIT, i]))
            st.value[SELLER_OUTPUT, i] = output
            st.value[SELLER_STOCK, i] += output
            use_inputs(st, i, output, np.uint64(NOTHING))
    for i in range(st.index[COUNT, SELLERS]):
        drop_scrap(st, i, st.value[SELLER_OUTPUT, i])


# ----------------------------------------------------------------------------------------------------------- 4 consume


@phase
def want(st: State) -> None:
    """Today's demand by sector and need by region."""
    for c in range(st.index[COUNT, CONSUMERS]):
        v = st.index[CONSUMER_BUYER, c]
        need = 0.0
        for k in range(st.index[SECTOR_FIRST, c], st.index[SECTOR_FIRST, c + 1]):
            lasting = st.value[SECTOR_BASE, k] * st.value[BUYER_GROWTH, v] * st.value[SECTOR_SUBSTITUTED, k]
            st.value[SECTOR_DEMAND, k] = lasting * st.value[SECTOR_FACTOR, k]
            st.value[SECTOR_WANTED, k] = st.value[SECTOR_DEMAND, k] * st.value[SECTOR_RESPONSE, k]
            st.value[SECTOR_GAP, k] = st.value[SECTOR_WANTED, k]
            st.value[SECTOR_RELEASED, k] = 0.0
            need += st.value[SECTOR_WANTED, k]
        st.value[BUYER_NEED, v] = need


@phase
def serve_group(st: State, v: Index, first: Index, end: Index, deferred: float) -> None:
    """Serve sectors of one priority from commercial stock, alike when it does not suffice."""
    wanted = 0.0
    for k in range(first, end):
        if st.value[SECTOR_DEFERRED, k] == deferred:
            wanted += st.value[SECTOR_WANTED, k]
    stock = st.value[BUYER_STOCK, v]
    if wanted <= 0.0 or stock <= 0.0:
        return
    served = min(1.0, stock / wanted)
    for k in range(first, end):
        if st.value[SECTOR_DEFERRED, k] == deferred:
            st.value[SECTOR_GAP, k] = st.value[SECTOR_WANTED, k] * (1.0 - served)
    used = min(stock, wanted)
    st.value[BUYER_STOCK, v] = max(0.0, stock - used)
    st.value[BUYER_USED, v] += used


@phase
def consume(st: State) -> None:
    """Phase 4: each region's sectors, in priority order, draw on the commercial stock."""
    for c in range(st.index[COUNT, CONSUMERS]):
        end = st.index[SECTOR_FIRST, c + 1]
        for deferred in range(2):
            k = np.int64(st.index[SECTOR_FIRST, c])
            while k < end:
                last = k + 1
                while last < end and st.value[SECTOR_PRIORITY, last] == st.value[SECTOR_PRIORITY, k]:
                    last += 1
                serve_group(st, st.index[CONSUMER_BUYER, c], k, last, float(deferred))
                k = last


@phase
def entitled_gap(st: State, j: Index) -> float:
    """What entry `j` may serve now [t]: its entitlement to the gap before any release, less what the pile served of it."""
    k = st.index[SERVE_SECTOR, j]
    title = st.value[SERVE_ENTITLEMENT, j] * st.value[SECTOR_FIRST_GAP, k]
    return max(0.0, min(st.value[SECTOR_GAP, k], title - st.value[TITLE_USED, st.index[SERVE_TITLE, j]]))


@phase
def outlet_gap(st: State, o: Index, rank: Index) -> float:
    """Gap that outlet `o` may serve in the sectors of one class [t]."""
    gap = 0.0
    for j in range(st.index[SERVE_FIRST, o], st.index[SERVE_FIRST, o + 1]):
        if st.index[SERVE_CLASS, j] == rank:
            gap += entitled_gap(st, j)
    return gap


@phase
def gap_noticed(st: State, h: Index) -> bool:
    """Whether the sectors that holding `h` serves have a gap today, before any release."""
    gap = 0.0
    demand = 0.0
    for j in range(
        st.index[SERVE_FIRST, st.index[OUTLET_FIRST, h]], st.index[SERVE_FIRST, st.index[OUTLET_FIRST, h + 1]]
    ):
        gap += st.value[SECTOR_FIRST_GAP, st.index[SERVE_SECTOR, j]]
        demand += st.value[SECTOR_DEMAND, st.index[SERVE_SECTOR, j]]
    return gap > NEGLIGIBLE * demand


@phase
def lowest_cover(st: State, h: Index) -> float:
    """Lowest commercial cover among the regions that holding `h` watches [days of day-0 use, with growth]."""
    lowest = np.inf
    for j in range(st.index[WATCH_FIRST, h], st.index[WATCH_FIRST, h + 1]):
        v = st.index[CONSUMER_BUYER, st.index[WATCH_CONSUMER, j]]
        use = st.value[BUYER_BASE_NEED, v] * st.value[BUYER_GROWTH, v]
        if use > 0.0:
            lowest = min(lowest, st.value[BUYER_STOCK, v] / use)
    return lowest


@phase
def step_limits(st: State, s: Index) -> float:
    """Spare output of each domestic producer of step `s` today, noted [t]; returns the sum."""
    total = 0.0
    for j in range(st.index[STEP_SELLER_FIRST, s], st.index[STEP_SELLER_FIRST, s + 1]):
        i = np.uint64(st.index[STEP_SELLER, j])
        made = st.value[SELLER_OUTPUT, i] + st.value[SELLER_WORKED_UP, i]
        spare = max(0.0, capacity_now(st, i) - made)
        st.value[LIMITS, j] = min(spare, inputs_allow(st, i, np.uint64(st.index[STEP_INPUT, j])))
        total += st.value[LIMITS, j]
    return total


@phase
def feed_per_tonne(st: State, s: Index, total: float) -> float:
    """Tonnes of the by-passed input per tonne made in step `s`, producers taking part by their spare output."""
    needed = 0.0
    for j in range(st.index[STEP_SELLER_FIRST, s], st.index[STEP_SELLER_FIRST, s + 1]):
        needed += st.value[LIMITS, j] / total * st.value[BUYER_COEFFICIENT, st.index[STEP_INPUT, j]]
    return needed


@phase
def work_up_limit(st: State, o: Index) -> tuple[float, float]:
    """Most of the final product that outlet `o` can deliver today [t], and t held per t of it."""
    most = np.inf
    held_per_tonne = 1.0
    for s in range(st.index[STEP_FIRST, o], st.index[STEP_FIRST, o + 1]):
        total = step_limits(st, s)
        if total <= 0.0:
            return 0.0, 1.0
        most = min(most, total / held_per_tonne)
        held_per_tonne *= feed_per_tonne(st, s, total)
    return most, held_per_tonne


@phase
def work_up(st: State, o: Index, tonnes: float) -> None:
    """Make `tonnes` of the final product along outlet `o`, in domestic producers' unused capacity."""
    through = tonnes
    for s in range(st.index[STEP_FIRST, o], st.index[STEP_FIRST, o + 1]):
        total = step_limits(st, s)
        feed = feed_per_tonne(st, s, total)
        for j in range(st.index[STEP_SELLER_FIRST, s], st.index[STEP_SELLER_FIRST, s + 1]):
            i = np.uint64(st.index[STEP_SELLER, j])
            made = through * st.value[LIMITS, j] / total
            st.value[SELLER_WORKED_UP, i] += made
            use_inputs(st, i, made, np.uint64(st.index[STEP_INPUT, j]))
            drop_scrap(st, i, made)
        through *= feed


@phase
def give(st: State, o: Index, rank: Index, share: float) -> None:
    """Serve `share` of the gap that outlet `o` may serve in one class."""
    for j in range(st.index[SERVE_FIRST, o], st.index[SERVE_FIRST, o + 1]):
        if st.index[SERVE_CLASS, j] == rank:
            k = st.index[SERVE_SECTOR, j]
            served = entitled_gap(st, j) * share
            st.value[TITLE_USED, st.index[SERVE_TITLE, j]] += served
            st.value[SECTOR_RELEASED, k] += served
            st.value[SECTOR_GAP, k] = max(0.0, st.value[SECTOR_GAP, k] - served)


@phase
def release_class(st: State, h: Index, o: Index, rank: Index) -> None:
    """Release what holding `h` may and can, by outlet `o`, for the sectors of one class."""
    gap = outlet_gap(st, o, rank)
    v = st.index[HOLDING_BUYER, h]
    left = min(st.value[BUYER_STOCK, v], st.value[HOLDING_RELEASE_RATE, h] - st.value[HOLDING_RELEASED, h])
    if gap <= 0.0 or left <= 0.0:
        return
    most, held_per_tonne = work_up_limit(st, o)
    tonnes = min(min(gap, most), left / held_per_tonne)
    if tonnes <= 0.0:
        return
    if st.index[STEP_FIRST, o] < st.index[STEP_FIRST, o + 1]:
        work_up(st, o, tonnes)
    give(st, o, rank, tonnes / gap)
    held = tonnes * held_per_tonne
    st.value[BUYER_STOCK, v] = max(0.0, st.value[BUYER_STOCK, v] - held)
    st.value[BUYER_USED, v] += held
    st.value[HOLDING_RELEASED, h] += held


@phase
def release_holding(st: State, h: Index) -> None:
    """Release holding `h`: the sectors in the order listed, by each outlet that reaches them, ready goods first."""
    first, end = st.index[OUTLET_FIRST, h], st.index[OUTLET_FIRST, h + 1]
    ranks = np.int64(0)
    for j in range(st.index[SERVE_FIRST, first], st.index[SERVE_FIRST, end]):
        ranks = max(ranks, np.int64(st.index[SERVE_CLASS, j]) + 1)
    for rank in range(ranks):
        for o in range(first, end):
            release_class(st, h, o, rank)


@phase
def notice(st: State, h: Index) -> bool:
    """Whether the trigger of holding `h` becomes true today."""
    if st.value[HOLDING_STATE, h] != 0.0 or st.value[HOLDING_DECLARED, h] <= 0.0:
        return False
    threshold = st.value[HOLDING_COVER_TRIGGER, h]
    return lowest_cover(st, h) < threshold if threshold >= 0.0 else gap_noticed(st, h)


@phase
def release(st: State) -> bool:
    """Phase 4, strategic stockpiles: notice gaps, then release under authority. Returns whether a trigger became true."""
    noticed = False
    for k in range(st.index[COUNT, SECTORS]):
        st.value[SECTOR_FIRST_GAP, k] = st.value[SECTOR_GAP, k]
    for j in range(st.index[COUNT, TITLES]):
        st.value[TITLE_USED, j] = 0.0
    for h in range(st.index[COUNT, HOLDINGS]):  # every trigger looks at the gap before any release
        if notice(st, h):
            st.value[HOLDING_STATE, h] = 2.0 if st.value[HOLDING_AT_ONCE, h] > 0.0 else 1.0
            st.value[HOLDING_NOTICE, h] = 1.0
            noticed = True
    for h in range(st.index[COUNT, HOLDINGS]):
        if st.value[HOLDING_STATE, h] == 2.0 and st.value[HOLDING_DECLARED, h] > 0.0:
            release_holding(st, h)
    return noticed


@phase
def restored(st: State, h: Index) -> bool:
    """Whether authority over holding `h` may end: no gap today and commercial stocks back at 99% of target."""
    for o in range(st.index[OUTLET_FIRST, h], st.index[OUTLET_FIRST, h + 1]):
        for j in range(st.index[SERVE_FIRST, o], st.index[SERVE_FIRST, o + 1]):
            k = st.index[SERVE_SECTOR, j]
            if st.value[SECTOR_GAP, k] + st.value[SECTOR_RELEASED, k] > NEGLIGIBLE * st.value[SECTOR_DEMAND, k]:
                return False
    for j in range(st.index[WATCH_FIRST, h], st.index[WATCH_FIRST, h + 1]):
        v = np.uint64(st.index[CONSUMER_BUYER, st.index[WATCH_CONSUMER, j]])
        if st.value[BUYER_STOCK, v] < RESTORED * buyer_target(st, v):
            return False
    return True


# ---------------------------------------------------------------------------------------------------- 5 order and ship


@phase
def count_permits(st: State) -> None:
    """Today's cap of each arc: its policy cap, and its unused permits with what needs none."""
    if st.index[COUNT, POOLS] == 0:
        return  # the calendar keeps the caps themselves
    for a in range(st.index[COUNT, ARCS]):
        st.value[ARC_ROOM_CAP, a] = st.value[ARC_CAP, a]
    for g in range(st.index[COUNT, POOLS]):
        if st.value[POOL_ACTIVE, g] > 0.0:
            for j in range(st.index[POOL_FIRST, g], st.index[POOL_FIRST, g + 1]):
                a = st.index[POOL_ARC, j]
                permitted = st.value[POOL_FREE, j] + st.value[POOL_BALANCE, g]
                st.value[ARC_ROOM_CAP, a] = min(st.value[ARC_ROOM_CAP, a], permitted)


@phase
def permits_needed(st: State, j: Index, more: float) -> float:
    """Permits that `more` tonnes on entry `j` of a pool need, after what the arc already carries today [t]."""
    carried = st.value[ARC_SHIPPED, st.index[POOL_ARC, j]]
    return max(0.0, carried + more - st.value[POOL_FREE, j]) - max(0.0, carried - st.value[POOL_FREE, j])


@phase
def share_permits(st: State, first_buyer: Index, end_buyer: Index) -> None:
    """Scale the calls of these buyers so that no purse is overdrawn, pro rata to the tonnes that need permits.

    All factors come from the calls as they stood, and an arc in two purses takes the smaller: no order matters.
    """
    if st.index[COUNT, POOLS] == 0:
        return
    for a in range(st.index[ARC_FIRST, first_buyer], st.index[ARC_FIRST, end_buyer]):
        st.value[ARC_WISH, a] = st.value[ARC_CALL, a]
    for g in range(st.index[COUNT, POOLS]):
        if st.value[POOL_ACTIVE, g] > 0.0:
            share_purse(st, g, first_buyer, end_buyer)


@phase
def share_purse(st: State, g: Index, first_buyer: Index, end_buyer: Index) -> None:
    """Cut the calls on one purse to what it holds, pro rata."""
    needed = 0.0
    for j in range(st.index[POOL_FIRST, g], st.index[POOL_FIRST, g + 1]):
        a = st.index[POOL_ARC, j]
        if first_buyer <= st.index[ARC_BUYER, a] < end_buyer:
            needed += permits_needed(st, j, st.value[ARC_WISH, a])
    if needed <= st.value[POOL_BALANCE, g]:
        return
    factor = st.value[POOL_BALANCE, g] / needed
    for j in range(st.index[POOL_FIRST, g], st.index[POOL_FIRST, g + 1]):
        a = st.index[POOL_ARC, j]
        if first_buyer <= st.index[ARC_BUYER, a] < end_buyer:
            free = max(0.0, st.value[POOL_FREE, j] - st.value[ARC_SHIPPED, a])
            allowed = free + max(0.0, st.value[ARC_WISH, a] - free) * factor
            st.value[ARC_CALL, a] = min(st.value[ARC_CALL, a], allowed)


@phase
def spend_permits(st: State, g: Index, j: Index, tonnes: float) -> None:
    """Take the permits for `tonnes` about to be shipped on entry `j`."""
    needed = permits_needed(st, j, tonnes)
    st.value[POOL_BALANCE, g] = max(0.0, st.value[POOL_BALANCE, g] - needed)


@phase
def ship_calls(st: State, first_buyer: Index, end_buyer: Index, day: Index) -> None:
    """Ship what stands in ARC_CALL for these buyers, spending permits."""
    for g in range(st.index[COUNT, POOLS]):
        if st.value[POOL_ACTIVE, g] > 0.0:
            for j in range(st.index[POOL_FIRST, g], st.index[POOL_FIRST, g + 1]):
                a = st.index[POOL_ARC, j]
                v = st.index[ARC_BUYER, a]
                if first_buyer <= v < end_buyer:
                    spend_permits(st, g, j, st.value[ARC_CALL, a])
    for a in range(st.index[ARC_FIRST, first_buyer], st.index[ARC_FIRST, end_buyer]):
        ship(st, a, st.value[ARC_CALL, a], day)


@phase
def order(st: State, v: Index, day: Index) -> None:
    """Buyer `v` places today's order: need, stock and pipeline corrections (model, section 4)."""
    i = np.uint64(st.index[BUYER_PRODUCER, v])
    if i != NOTHING:
        st.value[BUYER_NEED, v] = orders_expected(st, i) * st.value[BUYER_COEFFICIENT, v]
    need = st.value[BUYER_NEED, v]
    in_transit = 0.0
    pipeline_days = 0.0
    for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
        in_transit += st.value[ARC_TRANSIT, a]
        pipeline_days += st.value[ARC_SHARE, a] * (lead_today(st, a) - 1.0)
    missing = buyer_target(st, v) - st.value[BUYER_STOCK, v] + pipeline_days * need - in_transit
    st.value[BUYER_ASK, v] = max(0.0, need + missing / st.value[BUYER_ADJUSTMENT, v])


@phase
def call(st: State, v: Index, day: Index) -> None:
    """Buyer `v` calls on its contracts; policy caps cut the call, and part of what they block may leak."""
    stretch = 1.0 + st.value[BUYER_FLEX, v]
    wanted = min(st.value[BUYER_ASK, v], st.value[BUYER_NEED, v] * stretch)
    free = approved(st, v, day)
    for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
        tonnes = st.value[ARC_SHARE, a] * wanted
        if not free:
            tonnes = min(tonnes, st.value[ARC_BASE_FLOW, a] * st.value[BUYER_GROWTH, v] * stretch)
        st.value[SELLER_CALLED, st.index[ARC_SELLER, a]] += tonnes
        st.value[ARC_BLOCKED, a] = tonnes
        st.value[ARC_CALL, a] = min(tonnes, st.value[ARC_CAP, a])  # permits are shared later, pro rata


@phase
def note_licensed_calls(st: State, p: Index) -> None:
    """Tell each office how many tonnes were called that need its permits, before policy caps."""
    first, end = st.index[BUYER_FIRST, p], st.index[BUYER_FIRST, p + 1]
    for g in range(st.index[COUNT, POOLS]):
        if st.value[POOL_ACTIVE, g] > 0.0:
            for j in range(st.index[POOL_FIRST, g], st.index[POOL_FIRST, g + 1]):
                v = st.index[ARC_BUYER, st.index[POOL_ARC, j]]
                if first <= v < end:
                    st.value[POOL_CALLED, g] += max(
                        0.0, st.value[ARC_BLOCKED, st.index[POOL_ARC, j]] - st.value[POOL_FREE, j]
                    )


@phase
def let_leak(st: State, first_arc: Index, end_arc: Index) -> None:
    """From here on ARC_BLOCKED holds the part of the blocked calls that leaks."""
    for a in range(first_arc, end_arc):
        blocked = max(0.0, st.value[ARC_BLOCKED, a] - st.value[ARC_CALL, a])
        st.value[ARC_BLOCKED, a] = blocked * st.value[ARC_LEAK_SHARE, a]


@phase
def any_short(st: State, p: Index) -> bool:
    """Whether more is claimed from any seller of product `p` than it has."""
    for i in range(st.index[SELLER_FIRST, p], st.index[SELLER_FIRST, p + 1]):
        if st.value[SELLER_CLAIMS, i] > st.value[SELLER_STOCK, i]:
            return True
    return False


@phase
def ration_alike(st: State, p: Index, first_arc: Index, end_arc: Index) -> None:
    """A seller short of product serves all calls, open and leaking, pro rata."""
    for i in range(st.index[SELLER_FIRST, p], st.index[SELLER_FIRST, p + 1]):
        st.value[SELLER_CLAIMS, i] = 0.0
    for a in range(first_arc, end_arc):
        st.value[SELLER_CLAIMS, st.index[ARC_SELLER, a]] += st.value[ARC_CALL, a] + st.value[ARC_BLOCKED, a]
    if not any_short(st, p):
        return
    for a in range(first_arc, end_arc):
        i = st.index[ARC_SELLER, a]
        if st.value[SELLER_CLAIMS, i] > st.value[SELLER_STOCK, i]:
            factor = st.value[SELLER_STOCK, i] / st.value[SELLER_CLAIMS, i]
            st.value[ARC_CALL, a] *= factor
            st.value[ARC_BLOCKED, a] *= factor


@phase
def ration_by_class(st: State, i: Index) -> None:
    """A seller short of product serves class after class, pro rata within one."""
    left = st.value[SELLER_STOCK, i]
    for r in range(RANKS):
        called = 0.0
        for j in range(st.index[OUTGOING_FIRST, i], st.index[OUTGOING_FIRST, i + 1]):
            a = st.index[OUTGOING, j]
            if st.index[RANK, a] == r:
                called += st.value[ARC_CALL, a] + st.value[ARC_BLOCKED, a]
        if called > left:
            for j in range(st.index[OUTGOING_FIRST, i], st.index[OUTGOING_FIRST, i + 1]):
                a = st.index[OUTGOING, j]
                if st.index[RANK, a] == r:
                    st.value[ARC_CALL, a] *= left / called
                    st.value[ARC_BLOCKED, a] *= left / called
        left = max(0.0, left - called)


@phase
def contract_pass(st: State, p: Index, day: Index) -> None:
    """Contracts: every buyer calls its shares; sellers short of product ration."""
    first, end = st.index[BUYER_FIRST, p], st.index[BUYER_FIRST, p + 1]
    first_arc, end_arc = st.index[ARC_FIRST, first], st.index[ARC_FIRST, end]
    for v in range(first, st.index[MARKET_END, p]):
        order(st, v, day)
        call(st, v, day)
    for v in range(st.index[MARKET_END, p], end):
        call_for_pile(st, v)
    note_licensed_calls(st, p)
    share_permits(st, first, end)
    let_leak(st, first_arc, end_arc)
    if st.index[RANKED, p] > 0:
        for i in range(st.index[SELLER_FIRST, p], st.index[SELLER_FIRST, p + 1]):
            ration_by_class(st, i)
    else:
        ration_alike(st, p, first_arc, end_arc)
    ship_calls(st, first, end, day)
    if st.index[LEAKS, p] > 0:
        for a in range(first_arc, end_arc):
            leak(st, a, st.value[ARC_BLOCKED, a], day)


@phase
def open_room(st: State, a: Index, scale: float) -> float:
    """What arc `a` may still carry today [t]; 0 when it is closed."""
    room = st.value[ARC_ROOM_CAP, a] - st.value[ARC_SHIPPED, a]
    return room if room > HAIR * scale else 0.0


@phase
def spot_wishes(st: State, p: Index, day: Index) -> bool:
    """What each buyer may still claim on the spot market today; whether anyone may."""
    anyone = False
    for v in range(st.index[BUYER_FIRST, p], st.index[MARKET_END, p]):
        ask = st.value[BUYER_ASK, v]
        wish = 0.0
        if approved(st, v, day):
            wish = min(ask - st.value[BUYER_GOT, v], st.value[BUYER_SPOT, v] * ask)
        st.value[BUYER_CLAIM, v] = wish if wish > HAIR * ask else 0.0
        anyone = anyone or st.value[BUYER_CLAIM, v] > 0.0
    return anyone


@phase
def claim(st: State, v: Index) -> None:
    """Buyer `v` spreads its claim over open arcs in proportion to what each seller has left."""
    ask, wished = st.value[BUYER_ASK, v], st.value[BUYER_CLAIM, v]
    on_offer = 0.0
    for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
        st.value[ARC_CALL, a] = 0.0
        if wished > 0.0 and open_room(st, a, ask) > 0.0:
            on_offer += st.value[SELLER_STOCK, st.index[ARC_SELLER, a]]
    if wished <= 0.0 or on_offer <= 0.0:
        return
    fraction = min(wished, on_offer) / on_offer
    for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
        st.value[ARC_CALL, a] = min(open_room(st, a, ask), st.value[SELLER_STOCK, st.index[ARC_SELLER, a]] * fraction)


@phase
def scale_claims(st: State, p: Index, first: Index, end: Index) -> None:
    """Each seller scales all claims on it by one factor."""
    for i in range(st.index[SELLER_FIRST, p], st.index[SELLER_FIRST, p + 1]):
        st.value[SELLER_CLAIMS, i] = 0.0
    for v in range(first, end):
        if st.value[BUYER_CLAIM, v] > 0.0:
            for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
                st.value[SELLER_CLAIMS, st.index[ARC_SELLER, a]] += st.value[ARC_CALL, a]
    if not any_short(st, p):
        return
    for v in range(first, end):
        if st.value[BUYER_CLAIM, v] > 0.0:
            for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
                i = st.index[ARC_SELLER, a]
                if st.value[SELLER_CLAIMS, i] > st.value[SELLER_STOCK, i]:
                    st.value[ARC_CALL, a] *= st.value[SELLER_STOCK, i] / st.value[SELLER_CLAIMS, i]


@phase
def spot_round(st: State, p: Index, day: Index) -> bool:
    """One symmetric round: all claims are made on the same offer, then each seller scales its claims by one factor.

    Returns whether another round could bring anything.
    """
    first, end = st.index[BUYER_FIRST, p], st.index[MARKET_END, p]
    for v in range(first, end):
        claim(st, v)
    share_permits(st, first, end)
    scale_claims(st, p, first, end)
    served = False
    wishing = False
    for v in range(first, end):
        if st.value[BUYER_CLAIM, v] > 0.0:
            got = 0.0
            for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
                got += st.value[ARC_CALL, a]
                st.value[SELLER_SPOT, st.index[ARC_SELLER, a]] += st.value[ARC_CALL, a]
            left = st.value[BUYER_CLAIM, v] - got
            st.value[BUYER_CLAIM, v] = left if left > HAIR * st.value[BUYER_ASK, v] else 0.0
            served = served or got > 0.0
            wishing = wishing or st.value[BUYER_CLAIM, v] > 0.0
    if served:
        ship_calls(st, first, end, day)
    return served and wishing


@phase
def spot_pass(st: State, p: Index, day: Index) -> None:
    """Spot: three rounds; no buyer is served before another."""
    if spot_wishes(st, p, day):
        for _ in range(SPOT_ROUNDS):
            if not spot_round(st, p, day):
                break


@phase
def learn_orders(st: State, p: Index) -> None:
    """Sellers update the orders they expect: calls before policy caps, and spot tonnes shipped."""
    for i in range(st.index[SELLER_FIRST, p], st.index[SELLER_FIRST, p + 1]):
        today = st.value[SELLER_CALLED, i] + st.value[SELLER_SPOT, i]
        st.value[SELLER_ORDERS, i] += (today - st.value[SELLER_ORDERS, i]) / MEMORY_DAYS


@phase
def measure_spare(st: State, p: Index) -> None:
    """What each seller could supply a day beyond what it ships: product above target, and unused capacity [t]."""
    for i in range(st.index[SELLER_FIRST, p], st.index[SELLER_FIRST, p + 1]):
        stored = max(0.0, stock_above_target(st, i)) / st.value[BUYER_ADJUSTMENT, st.index[BUYER_FIRST, p]]
        st.value[SELLER_SURPLUS, i] = stored + max(0.0, capacity_now(st, i) - orders_expected(st, i))


@phase
def seek_suppliers(st: State, v: Index) -> None:
    """A buyer that is not whole moves its shares towards who could supply it, within each arc's cap."""
    total = 0.0
    for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
        could = st.value[ARC_SHIPPED, a] + st.value[SELLER_SURPLUS, st.index[ARC_SELLER, a]]
        st.value[ARC_CALL, a] = min(st.value[ARC_ROOM_CAP, a], could)
        total += st.value[ARC_CALL, a]
    if total <= 0.0:
        return
    st.value[BUYER_MOVED, v] = 1.0
    for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
        away = st.value[ARC_CALL, a] / total - st.value[ARC_SHARE, a]
        st.value[ARC_SHARE, a] += away / st.value[BUYER_SWITCHING, v]


@phase
def return_to_baseline(st: State, v: Index) -> None:
    """A whole buyer drifts back to its baseline shares, unless a policy cap would bind there."""
    need = st.value[BUYER_NEED, v]
    for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
        wanted = st.value[ARC_BASE_SHARE, a] * need
        if st.value[ARC_ROOM_CAP, a] < wanted * (1.0 - HAIR):
            return
    for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
        away = st.value[ARC_BASE_SHARE, a] - st.value[ARC_SHARE, a]
        st.value[ARC_SHARE, a] += away / st.value[BUYER_SWITCHING, v]


@phase
def re_source(st: State, p: Index, day: Index) -> None:
    """Buyers move their contract shares; the first day short starts the qualification clock."""
    measured = False
    for v in range(st.index[BUYER_FIRST, p], st.index[MARKET_END, p]):
        due = min(st.value[BUYER_ASK, v], st.value[BUYER_NEED, v])
        whole = st.value[BUYER_GOT, v] >= WHOLE * due
        free = approved(st, v, day)
        if not whole and st.value[BUYER_CLOCK, v] < 0.0:
            st.value[BUYER_CLOCK, v] = day
        if free and st.value[BUYER_SWITCHING, v] < np.inf:
            if not whole:
                if not measured:
                    measure_spare(st, p)
                    measured = True
                seek_suppliers(st, v)
            elif st.value[BUYER_MOVED, v] > 0.0:
                return_to_baseline(st, v)


# --------------------------------------------------------------------------------------------------- 6 stockpiles buy


@phase
def plan_purchases(st: State) -> None:
    """What each holding wants today: up to target, rate and price ceiling; one budget a stockpile, shared by value."""
    for h in range(st.index[COUNT, HOLDINGS]):
        v = st.index[HOLDING_BUYER, h]
        in_transit = 0.0
        for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
            in_transit += st.value[ARC_TRANSIT, a]
        missing = st.value[HOLDING_TARGET, h] - st.value[BUYER_STOCK, v] - in_transit
        wanted = max(0.0, min(missing, st.value[HOLDING_RATE, h]))
        buys = st.value[HOLDING_ALWAYS, h] >= 0.0 and st.value[HOLDING_STATE, h] == 0.0
        if not buys or st.value[HOLDING_PRICE, h] > st.value[HOLDING_CEILING, h]:
            wanted = 0.0
        st.value[HOLDING_WANT, h] = wanted if wanted > HAIR * st.value[HOLDING_TARGET, h] else 0.0
    for s in range(st.index[COUNT, PILES]):
        cost = 0.0
        for h in range(st.index[COUNT, HOLDINGS]):
            if st.index[HOLDING_PILE, h] == s and st.value[HOLDING_WANT, h] > 0.0:
                cost += st.value[HOLDING_WANT, h] * st.value[HOLDING_PRICE, h]
        if cost > st.value[PILE_BUDGET, s]:
            for h in range(st.index[COUNT, HOLDINGS]):
                if st.index[HOLDING_PILE, h] == s:
                    st.value[HOLDING_WANT, h] *= st.value[PILE_BUDGET, s] / cost


@phase
def call_for_pile(st: State, v: Index) -> None:
    """A stockpile that competes as a buyer calls its shares in the contract pass, spread over its open arcs."""
    h = st.index[BUYER_HOLDING, v]
    competes = st.value[HOLDING_ALWAYS, h] > 0.0
    open_share = 0.0
    for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
        st.value[ARC_CALL, a] = 0.0
        st.value[ARC_BLOCKED, a] = 0.0
        if st.value[ARC_ROOM_CAP, a] > 0.0:
            open_share += st.value[ARC_SHARE, a]
    if not competes or open_share <= 0.0:
        return
    for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
        if st.value[ARC_ROOM_CAP, a] > 0.0:
            tonnes = st.value[HOLDING_WANT, h] * st.value[ARC_SHARE, a] / open_share
            st.value[SELLER_PILE_CALLED, st.index[ARC_SELLER, a]] += tonnes
            st.value[ARC_BLOCKED, a] = tonnes
            st.value[ARC_CALL, a] = min(tonnes, st.value[ARC_CAP, a])


@phase
def lane_room(st: State, a: Index) -> float:
    """What policy leaves on the lane of a stockpile's arc after buyers were served [t]."""
    room = st.value[ARC_ROOM_CAP, a] - st.value[ARC_SHIPPED, a]
    if room == np.inf:
        return room
    for j in range(st.index[SIBLING_FIRST, a], st.index[SIBLING_FIRST, a + 1]):
        b = st.index[SIBLING, j]
        room += max(0.0, st.value[ARC_ROOM_CAP, b] - st.value[ARC_SHIPPED, b])
    return max(0.0, room)


@phase
def call_for_surplus(st: State, v: Index) -> None:
    """A stockpile calls on the surplus of every open seller, scaled to what it wants."""
    h = st.index[BUYER_HOLDING, v]
    on_offer = 0.0
    for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
        st.value[ARC_CALL, a] = 0.0
        if lane_room(st, a) > 0.0:
            on_offer += st.value[SELLER_SURPLUS, st.index[ARC_SELLER, a]]
    if st.value[HOLDING_ALWAYS, h] != 0.0 or on_offer <= 0.0:
        return
    fraction = min(1.0, st.value[HOLDING_WANT, h] / on_offer)
    for a in range(st.index[ARC_FIRST, v], st.index[ARC_FIRST, v + 1]):
        surplus = st.value[SELLER_SURPLUS, st.index[ARC_SELLER, a]]
        st.value[ARC_CALL, a] = min(surplus * fraction, lane_room(st, a))


@phase
def share_lanes(st: State, first: Index, end: Index) -> None:
    """Stockpiles on one lane share what policy leaves of it pro rata."""
    for a in range(st.index[ARC_FIRST, first], st.index[ARC_FIRST, end]):
        st.value[ARC_WISH, a] = st.value[ARC_CALL, a]
    for a in range(st.index[ARC_FIRST, first], st.index[ARC_FIRST, end]):
        room = lane_room(st, a)
        together = 0.0
        for j in range(st.index[LANE_FIRST, a], st.index[LANE_FIRST, a + 1]):
            together += st.value[ARC_WISH, st.index[LANE_PILE, j]]
        if together > room:
            st.value[ARC_CALL, a] *= room / together


@phase
def measure_surplus(st: State, p: Index) -> None:
    """Surplus of each seller: unused capacity, and product beyond target over the adjustment time."""
    for i in range(st.index[SELLER_FIRST, p], st.index[SELLER_FIRST, p + 1]):
        adjustment = st.value[BUYER_ADJUSTMENT, st.index[BUYER_FIRST, p]]
        unused = max(0.0, capacity_now(st, i) - st.value[SELLER_ORDERS, i])
        st.value[SELLER_SURPLUS, i] = unused + max(0.0, stock_above_target(st, i)) / adjustment
        st.value[SELLER_CLAIMS, i] = 0.0


@phase
def buy_surplus(st: State, p: Index, day: Index) -> None:
    """Stockpiles are served after all buyers; several share one seller's surplus pro rata."""
    first, end = st.index[MARKET_END, p], st.index[BUYER_FIRST, p + 1]
    measure_surplus(st, p)
    for v in range(first, end):
        call_for_surplus(st, v)
    share_lanes(st, first, end)
    share_permits(st, first, end)
    for a in range(st.index[ARC_FIRST, first], st.index[ARC_FIRST, end]):
        st.value[SELLER_CLAIMS, st.index[ARC_SELLER, a]] += st.value[ARC_CALL, a]
    for a in range(st.index[ARC_FIRST, first], st.index[ARC_FIRST, end]):
        i = st.index[ARC_SELLER, a]
        claims = st.value[SELLER_CLAIMS, i]
        if claims > st.value[SELLER_SURPLUS, i]:
            st.value[ARC_CALL, a] *= st.value[SELLER_SURPLUS, i] / claims
        st.value[SELLER_PILE_CALLED, i] += st.value[ARC_CALL, a]
        on_hand = min(claims, st.value[SELLER_SURPLUS, i])
        if on_hand > st.value[SELLER_STOCK, i]:
            st.value[ARC_CALL, a] *= st.value[SELLER_STOCK, i] / on_hand
    ship_calls(st, first, end, day)


@phase
def buy_for_stockpiles(st: State, day: Index) -> None:
    """Phase 6: surplus purchases, the bills, and the orders that production will see."""
    for p in range(st.index[COUNT, PRODUCTS]):
        if st.index[MARKET_END, p] < st.index[BUYER_FIRST, p + 1]:
            buy_surplus(st, p, day)
        for i in range(st.index[SELLER_FIRST, p], st.index[SELLER_FIRST, p + 1]):
            today = st.value[SELLER_PILE_CALLED, i]
            st.value[SELLER_PILE_ORDERS, i] += (today - st.value[SELLER_PILE_ORDERS, i]) / MEMORY_DAYS
    for h in range(st.index[COUNT, HOLDINGS]):
        bought = st.value[BUYER_GOT, st.index[HOLDING_BUYER, h]]
        st.value[HOLDING_BOUGHT, h] = bought
        spent = bought * st.value[HOLDING_PRICE, h] if bought > 0.0 else 0.0
        st.value[HOLDING_SPENT, h] = spent
        s = st.index[HOLDING_PILE, h]
        st.value[PILE_BUDGET, s] = max(0.0, st.value[PILE_BUDGET, s] - spent)


# ------------------------------------------------------------------------------------------------------------ 7 prices


@phase
def price_region(st: State, c: Index, z: Index) -> None:
    """What region `c` of zone `z` pays, and how its end uses answer."""
    reference, contracted = st.value[CONSUMER_REFERENCE, c], st.value[CONSUMER_CONTRACTED, c]
    floor, duty = st.value[CONSUMER_FLOOR, c], 1.0 + st.value[CONSUMER_DUTY, c]
    market = math.exp(st.value[ZONE_LOG_PRICE, z]) * reference
    spot = max(market, floor) * duty
    contract = max(st.value[ZONE_CONTRACT, z] * reference, floor) * duty
    st.value[CONSUMER_MARKET, c] = market
    st.value[CONSUMER_SPOT, c] = spot
    st.value[CONSUMER_PRICE, c] = contracted * contract + (1.0 - contracted) * spot
    for k in range(st.index[SECTOR_FIRST, c], st.index[SECTOR_FIRST, c + 1]):
        response = math.pow(spot / reference, -st.value[SECTOR_ELASTICITY, k])
        st.value[SECTOR_RESPONSE, k] = max(st.value[SECTOR_ESSENTIAL, k], response)


@phase
def set_prices(st: State) -> None:
    """Phase 7: spot prices follow their weekly targets in logs, contract prices lag behind; tomorrow's demand answers."""
    for z in range(st.index[COUNT, ZONES]):
        away = st.value[ZONE_LOG_TARGET, z] - st.value[ZONE_LOG_PRICE, z]
        st.value[ZONE_LOG_PRICE, z] += away / st.value[ZONE_ADJUSTMENT, z]
        lag = math.exp(st.value[ZONE_LOG_PRICE, z]) - st.value[ZONE_CONTRACT, z]
        st.value[ZONE_CONTRACT, z] += lag / st.value[ZONE_CONTRACT_LAG, z]
    if st.index[COUNT, ZONES] > 0:
        for c in range(st.index[COUNT, CONSUMERS]):
            if st.index[CONSUMER_ZONE, c] != NOTHING:
                price_region(st, c, st.index[CONSUMER_ZONE, c])


# ------------------------------------------------------------------------------------------------- 8 record and books


@phase
def record_sectors(st: State, day: Index) -> None:
    """Write the day of every sector; count short days."""
    for k in range(st.index[COUNT, SECTORS]):
        demand, wanted = st.value[SECTOR_DEMAND, k], st.value[SECTOR_WANTED, k]
        short = st.value[SECTOR_GAP, k]
        if short <= NEGLIGIBLE * demand:
            short = 0.0
        st.daily[day, SECTOR_FIELDS * k + DEMAND] = max(demand, wanted)  # a low price adds to demand
        st.daily[day, SECTOR_FIELDS * k + CONSUMED] = wanted - short
        st.daily[day, SECTOR_FIELDS * k + SHORTFALL] = short
        st.daily[day, SECTOR_FIELDS * k + DESTROYED] = max(0.0, demand - wanted)
        st.daily[day, SECTOR_FIELDS * k + FROM_STOCKPILE] = st.value[SECTOR_RELEASED, k]
        if short > 0.0:
            st.value[SECTOR_SHORT_DAYS, k] += 1.0


@phase
def record(st: State, day: Index) -> None:
    """Phase 8: write the day."""
    sectors = SECTOR_FIELDS * st.index[COUNT, SECTORS]
    consumers = sectors + CONSUMER_FIELDS * st.index[COUNT, CONSUMERS]
    record_sectors(st, day)
    for c in range(st.index[COUNT, CONSUMERS]):
        st.daily[day, sectors + CONSUMER_FIELDS * c + CLOSING_STOCK] = st.value[
            BUYER_STOCK, st.index[CONSUMER_BUYER, c]
        ]
        st.daily[day, sectors + CONSUMER_FIELDS * c + PRICE] = st.value[CONSUMER_PRICE, c]
        st.daily[day, sectors + CONSUMER_FIELDS * c + SPOT_PRICE] = st.value[CONSUMER_SPOT, c]
        st.daily[day, sectors + CONSUMER_FIELDS * c + MARKET_PRICE] = st.value[CONSUMER_MARKET, c]
    for h in range(st.index[COUNT, HOLDINGS]):
        st.daily[day, consumers + HOLDING_FIELDS * h + PILE_STOCK] = st.value[BUYER_STOCK, st.index[HOLDING_BUYER, h]]
        st.daily[day, consumers + HOLDING_FIELDS * h + PILE_BOUGHT] = st.value[HOLDING_BOUGHT, h]
        st.daily[day, consumers + HOLDING_FIELDS * h + PILE_RELEASED] = st.value[HOLDING_RELEASED, h]
        st.daily[day, consumers + HOLDING_FIELDS * h + PILE_SPENT] = st.value[HOLDING_SPENT, h]


@phase
def report(st: State, kind: Index, node: Index, day: Index, off: float, throughput: float) -> bool:
    """Note a fault in the books; whether there is one."""
    if abs(off) <= NEGLIGIBLE * throughput + LAST_GRAIN:
        return False
    st.value[FAULT, 0], st.value[FAULT, 1], st.value[FAULT, 2], st.value[FAULT, 3], st.value[FAULT, 4] = (
        kind,
        node,
        day,
        off,
        throughput,
    )
    return True


@phase
def check_nodes(st: State, day: Index) -> bool:
    """Opening + produced + arrived - used - shipped = closing, for every node."""
    broken = False
    for i in range(st.index[COUNT, SELLERS]):
        opening, output = st.value[SELLER_OPENING, i], st.value[SELLER_OUTPUT, i]
        off = st.value[SELLER_STOCK, i] - (opening + output - st.value[SELLER_SHIPPED, i])
        broken = report(st, np.int64(FAULT_SELLER), i, day, off, opening + output) or broken
    for v in range(st.index[COUNT, BUYERS]):
        opening, arrived = st.value[BUYER_OPENING, v], st.value[BUYER_ARRIVED, v]
        off = st.value[BUYER_STOCK, v] - (opening + arrived - st.value[BUYER_USED, v])
        broken = report(st, np.int64(FAULT_BUYER), v, day, off, opening + arrived) or broken
    return broken


@phase
def product_total(st: State, p: Index) -> float:
    """Tonnes of product `p` in stores, at sea and in buyers' hands."""
    total = 0.0
    for i in range(st.index[SELLER_FIRST, p], st.index[SELLER_FIRST, p + 1]):
        total += st.value[SELLER_STOCK, i]
    first, end = st.index[BUYER_FIRST, p], st.index[BUYER_FIRST, p + 1]
    for v in range(first, end):
        total += st.value[BUYER_STOCK, v]
    for a in range(st.index[ARC_FIRST, first], st.index[ARC_FIRST, end]):
        total += st.value[ARC_TRANSIT, a]
    return total


@phase
def check_world(st: State, day: Index) -> bool:
    """World totals by product, from stocks alone: what is there now = what was there + made (or fell as scrap) - used."""
    broken = False
    for p in range(st.index[COUNT, PRODUCTS]):
        gone = 0.0
        come = 0.0
        for v in range(st.index[BUYER_FIRST, p], st.index[BUYER_FIRST, p + 1]):
            gone += st.value[BUYER_USED, v]
        for i in range(st.index[SELLER_FIRST, p], st.index[SELLER_FIRST, p + 1]):
            come += st.value[SELLER_OUTPUT, i]
        for j in range(st.index[SCRAP_FIRST, st.index[COUNT, SELLERS]]):
            if st.index[BUYER_FIRST, p] <= st.index[SCRAP_BUYER, j] < st.index[BUYER_FIRST, p + 1]:
                come += st.value[BUYER_ARRIVED, st.index[SCRAP_BUYER, j]]
        now = product_total(st, p)
        broken = (
            report(
                st,
                np.int64(FAULT_PRODUCT),
                p,
                day,
                now - (st.value[PRODUCT_TOTAL, p] + come - gone),
                st.value[PRODUCT_TOTAL, p] + come,
            )
            or broken
        )
        st.value[PRODUCT_TOTAL, p] = now
    return broken


@phase
def check_transit(st: State, day: Index) -> None:
    """What arcs say is at sea is what the ring of arrivals holds, within rounding of the product's world total."""
    for a in range(st.index[COUNT, ARCS]):
        st.value[ARC_WISH, a] = st.value[ARC_TRANSIT, a]
    for d in range(st.ring.shape[0]):
        for a in range(st.index[COUNT, ARCS]):
            st.value[ARC_WISH, a] -= st.ring[d, a]
    for p in range(st.index[COUNT, PRODUCTS]):
        first, end = st.index[BUYER_FIRST, p], st.index[BUYER_FIRST, p + 1]
        for a in range(st.index[ARC_FIRST, first], st.index[ARC_FIRST, end]):
            report(st, np.int64(FAULT_TRANSIT), a, day, st.value[ARC_WISH, a], st.value[PRODUCT_TOTAL, p])


@phase
def grow(st: State) -> None:
    """Demand and capacity take tomorrow's size."""
    for i in range(st.index[COUNT, SELLERS]):
        st.value[SELLER_GROWTH, i] *= st.value[SELLER_GROWTH_DAILY, i]
    for v in range(st.index[COUNT, BUYERS]):
        st.value[BUYER_GROWTH, v] *= st.value[BUYER_GROWTH_DAILY, v]


# ------------------------------------------------------------------------------------------------------------ the day


@phase
def close_authorities(st: State) -> bool:
    """Authority over a stockpile ends where stocks are restored; whether the calendar must be told."""
    noticed = False
    for h in range(st.index[COUNT, HOLDINGS]):
        if st.value[HOLDING_STATE, h] == 2.0 and restored(st, h):
            st.value[HOLDING_STATE, h] = 0.0
            st.value[HOLDING_NOTICE, h] = 2.0 if st.value[HOLDING_NOTICE, h] == 0.0 else 3.0
            noticed = True
    return noticed


@phase
def market(st: State, day: Index) -> None:
    """Phases 5 and 6, downstream products first."""
    plan_purchases(st)
    count_permits(st)
    for p in range(st.index[COUNT, PRODUCTS]):
        contract_pass(st, p, day)
        spot_pass(st, p, day)
        learn_orders(st, p)
        re_source(st, p, day)
    buy_for_stockpiles(st, day)


@compiled
def advance(st: State, a: int, b: int) -> int:
    """Advance the network from the start of day `a` to the start of day `b`.

    Parameters
    ----------
    st : State
        The whole network; changed in place.
    a, b : int
        First day to simulate, and first day not to.

    Returns
    -------
    int
        The day reached: `b`, or the day after one on which a watched trigger became true, or on which the books failed
        to close (`st.value[FAULT, 0]` is then not 0).
    """
    for p in range(st.index[COUNT, PRODUCTS]):
        st.value[PRODUCT_TOTAL, p] = product_total(st, p)
    day = a
    while day < b:
        open_day(st)
        arrive(st, day)
        produce(st)
        want(st)
        consume(st)
        noticed = release(st)
        market(st, day)
        set_prices(st)
        noticed = close_authorities(st) or noticed
        record(st, day)
        broken = check_nodes(st, day)
        broken = check_world(st, day) or broken
        grow(st)
        day += 1
        if noticed or broken:
            break
    check_transit(st, day - 1)
    return day
