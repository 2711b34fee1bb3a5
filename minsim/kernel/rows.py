"""Rows of the packed state, as named groups with units."""

from __future__ import annotations

from enum import IntEnum


class SellerRow(IntEnum):
    """Rows of `State.value`. One column a producer."""

    STOCK = 0
    """Product in store [t]."""
    TARGET = 1
    """Product stock target on day 0 [t]."""
    STORE = 2
    """Room for product on day 0 [t]."""
    CAPACITY = 3
    """Capacity on day 0 [t/day]."""
    PROJECT_CAPACITY = 4
    """Capacity added by projects [t/day]."""
    AVAILABILITY = 5
    """Usable fraction of capacity."""
    GROWTH = 6
    """Capacity / capacity on day 0."""
    GROWTH_DAILY = 7
    """Factor on growth a day."""
    EXPECTED_ORDERS = 8
    """Orders expected from buyers: 14-day mean [t/day]."""
    EXPECTED_STOCKPILE_ORDERS = 9
    """Orders expected from stockpiles: 14-day mean [t/day]."""
    CALLED = 10
    """Calls of buyers today, before policy caps [t]."""
    SPOT_SHIPPED = 11
    """Spot tonnes shipped today [t]."""
    STOCKPILE_CALLED = 12
    """Calls of stockpiles today [t]."""
    OUTPUT = 13
    """Output into the store today [t]."""
    OUTPUT_FROM_RELEASES = 14
    """Output from released intermediates today, which goes straight to use [t]."""
    SHIPPED = 15
    """Shipped today [t]."""
    OPENING_STOCK = 16
    """Stock at the start of the day [t]."""
    CLAIMS = 17
    """Scratch: claims in one round [t]."""
    SURPLUS = 18
    """Scratch: what stockpiles may call today [t]."""
    SUPPLY_LIMIT = 19
    """Supply at today's price [t/day]; infinite when prices are off."""


class BuyerRow(IntEnum):
    """Rows of `State.value`. One column a buyer of one product: a consumer, one input of a producer, or a stockpile."""

    STOCK = 20
    """Commercial (or strategic) stock [t]."""
    TARGET = 21
    """Stock target on day 0 [t]."""
    TARGET_FACTOR = 22
    """Factor on the target after an announcement."""
    BASE_NEED = 23
    """Need on day 0 [t/day]."""
    NEED = 24
    """Need at today's wanted activity [t/day]."""
    COEFFICIENT = 25
    """T of this input per t of the producer's output."""
    GROWTH = 26
    """Growth of demand, or of the producer's capacity, since day 0."""
    GROWTH_DAILY = 27
    """Factor on growth a day."""
    FLEX = 28
    """How far above need contracts stretch."""
    SPOT_SHARE = 29
    """Share of an order that may be bought spot in a day."""
    SWITCHING_DAYS = 30
    """Time constant of re-sourcing [days]."""
    ADJUSTMENT_DAYS = 31
    """Time constant of stock corrections [days]."""
    QUALIFICATION_DAYS = 32
    """Days until new suppliers are approved."""
    QUALIFICATION_START = 33
    """Day on which qualification began; negative: not yet."""
    ORDER = 34
    """Today's order [t]."""
    SHIPPED = 35
    """Shipped to it today [t]."""
    SPOT_CLAIM = 36
    """Scratch: what it may still claim spot today [t]."""
    ARRIVED = 37
    """Arrived today [t]."""
    USED = 38
    """Used today [t]."""
    OPENING_STOCK = 39
    """Stock at the start of the day [t]."""
    SHARES_DEVIATE = 40
    """1 while its shares are away from the baseline."""


class ArcRow(IntEnum):
    """Rows of `State.value`. One column a seller-buyer pair; sorted by buyer."""

    SHARE = 41
    """Share of the buyer's order called here."""
    BASE_SHARE = 42
    """The same in the baseline."""
    BASE_FLOW = 43
    """Baseline flow [t/day]."""
    CAP = 44
    """Policy cap [t/day]; infinite without one."""
    CAP_TODAY = 45
    """Today's cap with permits counted in [t]."""
    CALL = 46
    """Scratch: call or claim [t]."""
    CALL_BEFORE_PERMITS = 47
    """Scratch: the same before permits were shared; at the end, what is at sea beyond the ring [t]."""
    BLOCKED = 48
    """Part of today's call that policy holds back [t]."""
    LEAK_SHARE = 49
    """Share of the blocked call that leaks today."""
    LEAKED = 50
    """Leaked today [t]."""
    SHIPPED = 51
    """Shipped openly today [t]."""
    IN_TRANSIT = 52
    """At sea [t]."""
    AIR_COVER_DAYS = 53
    """Cover below which the buyer flies goods in [days]; 0: never."""


class SectorRow(IntEnum):
    """Rows of `State.value`. One column an end use of a region; sorted by consumer, then priority."""

    BASE_DEMAND = 54
    """Demand on day 0 [t/day]."""
    PRIORITY = 55
    """1 is served first."""
    DEFERRED = 56
    """1 while a curb on this sector makes it bear the shortage."""
    SHOCK_FACTOR = 57
    """Factor of demand shocks."""
    PRICE_FACTOR = 58
    """Factor of the price."""
    SUBSTITUTION_FACTOR = 59
    """Factor of substitution, never rising."""
    SHORT_DAYS = 60
    """Short days so far."""
    DEMAND = 61
    """Today's demand, before the price [t]."""
    WANTED = 62
    """Today's demand at today's price [t]."""
    GAP = 63
    """What the commercial stock left uncovered [t]."""
    GAP_BEFORE_RELEASE = 64
    """The same before any release [t]."""
    RELEASED = 65
    """Drawn from stockpiles [t]."""
    ELASTICITY = 66
    """Fall of demand, in %, when price rises by 1%; 0 when prices are off."""
    ESSENTIAL_SHARE = 67
    """Share of demand that no price destroys."""


class HoldingRow(IntEnum):
    """Rows of `State.value`. One column a material held in a stockpile."""

    STATE = 68
    """0 filling, 1 triggered, 2 authorised."""
    TARGET = 69
    """Target [t]."""
    BUYING_RATE = 70
    """Most it buys a day [t]."""
    RELEASE_RATE = 71
    """Most it releases a day [t]."""
    PRICE = 72
    """Price it pays [USD/t]."""
    PRICE_CEILING = 73
    """No buying above this price [USD/t]."""
    BUYING_MODE = 74
    """1: competes as a buyer; 0: takes the surplus only; -1: never buys."""
    COVER_TRIGGER_DAYS = 75
    """Commercial cover that starts authorisation [days]; negative: a gap does."""
    AT_ONCE = 76
    """1 when no authorisation is needed."""
    DECLARED = 77
    """1 while release is permitted by declaration."""
    WANTED = 78
    """Wants to buy today [t]."""
    BOUGHT = 79
    """Shipped to it today [t]."""
    RELEASED = 80
    """Released today [t]."""
    SPENT = 81
    """Spent today [USD]."""
    NOTICE = 82
    """For the calendar: 0 nothing, 1 triggered, 2 restored."""


class PermitRow(IntEnum):
    """Rows of `State.value`. One column a permit balance: a quota, or an importer's licences."""

    ACTIVE = 83
    """1 while the curb is on."""
    BALANCE = 84
    """Unused permits [t]."""
    CALLED = 85
    """Tonnes called that need permits, since the office last looked [t]."""


class ProductRow(IntEnum):
    """Rows of `State.value`. One column a product."""

    TOTAL = 86
    """Tonnes in stores, at sea and in buyers' hands [t]."""


class ConsumerRow(IntEnum):
    """Rows of `State.value`. One column a consumer region."""

    PRICE = 87
    """Volume-weighted price a region pays [USD/kg]; nan when prices are off."""
    SPOT_PRICE = 88
    """Spot price it pays, floor and duty included [USD/kg]; nan when prices are off."""
    MARKET_PRICE = 89
    """Spot price of its zone [USD/kg]; nan when prices are off."""
    REFERENCE_PRICE = 90
    """Price of the steady state [USD/kg]."""
    PRICE_FLOOR = 91
    """Least price inside its bloc [USD/kg]."""
    DUTY = 92
    """Duty as a fraction of the price."""
    CONTRACTED_SHARE = 93
    """Share of its volume under contract."""


class StockpileRow(IntEnum):
    """Rows of `State.value`. One column a stockpile."""

    BUDGET = 94
    """Money left [USD]."""


class ZoneRow(IntEnum):
    """Rows of `State.value`. One column a price zone."""

    LOG_PRICE = 95
    """Log of spot price / reference."""
    LOG_TARGET = 96
    """Log of the clearing price / reference, found once a week."""
    ADJUSTMENT_DAYS = 97
    """Time constant with which price follows its target [days]."""
    CONTRACT_PRICE = 98
    """Contract price / reference."""
    CONTRACT_LAG_DAYS = 99
    """Lag of contract prices [days]."""


class ItemRow(IntEnum):
    """Rows of `State.value`. Values of the entries of compressed lists."""

    ENTITLEMENT = 100
    """Share of a sector's gap that the stockpile may serve."""
    ENTITLEMENT_USED = 101
    """Served today under a stockpile's entitlement in a sector [t]."""
    SCRAP_RATE = 102
    """T of scrap per t of output."""
    PERMIT_FREE = 103
    """Tonnes a day on that arc that need no permit."""
    STEP_SPARE = 104
    """Scratch: spare output of a step's producers [t]."""
    FAULT = 105
    """Kind, node, day, tonnes off, throughput."""


VALUE_ROWS = 106

COUNT = 0


class ArcIndex(IntEnum):
    """Rows of `State.index`. One column an arc."""

    SELLER = 1
    BUYER = 2
    LEAD_DAYS = 3
    """Lead time of goods shipped today on an arc [days]."""
    LEAK_LEAD_DAYS = 4
    """Lead time of leaked goods [days]."""
    AIR_LEAD_DAYS = 5
    """Lead time by air [days]."""
    SUPPLY_CLASS = 6
    """Class in which a seller short of product serves the arc; 0 first."""
    FIRST_SIBLING = 7
    """Arc -> entries of SIBLING (stockpiles' arcs only)."""
    FIRST_STOCKPILE_ARC = 8
    """Arc -> entries of LANE_PILE (stockpiles' arcs only)."""


class ProductIndex(IntEnum):
    """Rows of `State.index`. One column a product."""

    FIRST_SELLER = 9
    """Product -> sellers."""
    FIRST_BUYER = 10
    """Product -> buyers."""
    FIRST_STOCKPILE = 11
    """Product -> first of its buyers that is a stockpile."""
    HAS_SUPPLY_CLASSES = 12
    """Product -> 1 while some of its arcs have a class."""
    LEAKS = 13
    """Product -> 1 while some of its arcs leak."""


class BuyerIndex(IntEnum):
    """Rows of `State.index`. One column a buyer."""

    FIRST_ARC = 14
    """Buyer -> arcs."""
    PRODUCER = 15
    """Buyer -> the producer it feeds; NOTHING for consumers and stockpiles."""
    HOLDING = 16
    """Buyer -> holding; NOTHING for others."""


class SellerIndex(IntEnum):
    """Rows of `State.index`. One column a seller."""

    FIRST_OUTGOING = 17
    """Seller -> entries of OUTGOING."""
    FIRST_INPUT = 18
    """Seller -> entries of INPUT_BUYER."""
    FIRST_SCRAP = 19
    """Seller -> entries of SCRAP_*."""


class ConsumerIndex(IntEnum):
    """Rows of `State.index`. One column a consumer region."""

    BUYER = 20
    """Consumer -> buyer."""
    ZONE = 21
    """Consumer -> price zone; NOTHING when prices are off."""
    FIRST_SECTOR = 22
    """Consumer -> sectors."""


class HoldingIndex(IntEnum):
    """Rows of `State.index`. One column a holding."""

    BUYER = 23
    """Holding -> buyer."""
    STOCKPILE = 24
    """Holding -> stockpile, which has one budget."""
    FIRST_ROUTE = 25
    """Holding -> outlets: ways its product can reach a gap."""
    FIRST_WATCHED = 26
    """Holding -> entries of WATCH_CONSUMER."""


class RouteIndex(IntEnum):
    """Rows of `State.index`. One column a release route: a way a held product can reach a gap."""

    FIRST_SERVED = 27
    """Outlet -> entries of SERVE_*."""
    FIRST_STEP = 28
    """Outlet -> steps that work the product up; none where it is used as it is."""


class StepIndex(IntEnum):
    """Rows of `State.index`. One column a processing step of a release route."""

    FIRST_PRODUCER = 29
    """Step -> entries of STEP_*; the step nearest the consumer first."""


class PermitIndex(IntEnum):
    """Rows of `State.index`. One column a permit balance."""

    FIRST_ARC = 30
    """Pool -> entries of POOL_*."""


class DayIndex(IntEnum):
    """Rows of `State.index`. One column a day."""

    MONTH = 31
    """Day -> month since the start."""


class ItemIndex(IntEnum):
    """Rows of `State.index`. Entries of compressed lists."""

    OUTGOING_ARC = 32
    """A seller's arcs."""
    INPUT_BUYER = 33
    """A producer's input stocks."""
    SERVED_SECTOR = 34
    """Sectors an outlet may serve."""
    SERVED_CLASS = 35
    """Order in which they are served."""
    SERVED_ENTITLEMENT = 36
    """Entitlement they draw on: one a stockpile and sector."""
    WATCHED_CONSUMER = 37
    """Consumers whose cover a holding watches."""
    STEP_PRODUCER = 38
    """Domestic producers of a step."""
    STEP_INPUT = 39
    """The input stock that the released product by-passes."""
    SCRAP_BUYER = 40
    """Input stock that new scrap of this seller's output falls into."""
    SIBLING_ARC = 41
    """Buyers' arcs on the same lane."""
    STOCKPILE_ARC = 42
    """Stockpiles' arcs on the same lane, itself included."""
    PERMIT_ARC = 43
    """Arcs a purse covers."""


INDEX_ROWS = 44


class Count(IntEnum):
    """Columns of the row `COUNT` of `State.index`: how many of each there are; last, the ring's row of today."""

    SELLERS = 0
    BUYERS = 1
    ARCS = 2
    SECTORS = 3
    HOLDINGS = 4
    PERMITS = 5
    PRODUCTS = 6
    CONSUMERS = 7
    STOCKPILES = 8
    ZONES = 9
    ENTITLEMENTS = 10
    RING_ROW = 11


class SectorDay(IntEnum):
    """Fields of a sector's day in the record [t]."""

    DEMAND = 0
    CONSUMED = 1
    SHORTFALL = 2
    DESTROYED = 3
    FROM_STOCKPILE = 4


class ConsumerDay(IntEnum):
    """Fields of a consumer region's day in the record."""

    CLOSING_STOCK = 0
    PRICE = 1
    SPOT_PRICE = 2
    MARKET_PRICE = 3


class HoldingDay(IntEnum):
    """Fields of a holding's day in the record."""

    STOCK = 0
    BOUGHT = 1
    RELEASED = 2
    SPENT = 3


class Channel(IntEnum):
    """How goods are shipped."""

    OPENLY = 0
    LEAKING = 1


class Fault(IntEnum):
    """Which books failed to close."""

    NONE = 0
    SELLER = 1
    BUYER = 2
    PRODUCT = 3
    TRANSIT = 4
