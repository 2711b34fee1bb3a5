"""Rows of the packed state, as named groups with units.

`State.value` and `State.index` hold one quantity a row and one node a column. Every group below names the rows of one kind
of node; rows are numbered in the order in which they stand here, over all groups of one array.
"""

from __future__ import annotations

from enum import IntEnum, auto
from itertools import count

_VALUE_ROWS = count()
_INDEX_ROWS = count(1)

COUNT = 0
"""Row of `State.index` that says how many nodes of each kind there are; its columns are `Count`."""


class ValueRow(IntEnum):
    """A row of `State.value`: amounts."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[int]) -> int:
        return next(_VALUE_ROWS)


class IndexRow(IntEnum):
    """A row of `State.index`: node numbers, whole days, codes and starts of lists."""

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[int]) -> int:
        return next(_INDEX_ROWS)


# ---------------------------------------------------------------------------------------------------------- amounts


class SellerRow(ValueRow):
    """Amounts of a producer, as seller of its product."""

    STOCK = auto()
    """Product in store [t]."""
    TARGET = auto()
    """Product stock target on day 0; it grows with capacity [t]."""
    STORE = auto()
    """Room for product on day 0; it grows with capacity [t]."""
    CAPACITY = auto()
    """Capacity on day 0 [t/day]."""
    PROJECT_CAPACITY = auto()
    """Capacity added by projects [t/day]."""
    AVAILABILITY = auto()
    """Usable fraction of capacity, 0 to 1."""
    GROWTH = auto()
    """Capacity today / capacity on day 0, by growth alone."""
    GROWTH_DAILY = auto()
    """Factor on `GROWTH` a day."""
    EXPECTED_ORDERS = auto()
    """Orders expected from buyers: a 14-day running mean [t/day]."""
    EXPECTED_STOCKPILE_ORDERS = auto()
    """Orders expected from stockpiles: a 14-day running mean [t/day]."""
    CALLED = auto()
    """What buyers called on contracts today, before policy caps [t]."""
    SPOT_SHIPPED = auto()
    """What was sold on the spot market today [t]."""
    STOCKPILE_CALLED = auto()
    """What stockpiles called today [t]."""
    OUTPUT = auto()
    """Output of today, which goes into the store [t]."""
    OUTPUT_FROM_RELEASES = auto()
    """Output of today from released intermediates, which goes straight to use [t]."""
    SHIPPED = auto()
    """Shipped today, openly or round a curb [t]."""
    OPENING_STOCK = auto()
    """Stock at the start of the day [t]."""
    CLAIMS = auto()
    """Claims on the store in the round of trade under way [t]."""
    SPARE = auto()
    """What it could supply a day beyond its orders, as buyers in search of suppliers see it [t/day]."""
    SURPLUS = auto()
    """What stockpiles may call on today after all buyers were served [t]."""
    SUPPLY_LIMIT = auto()
    """What it offers at today's price [t/day]; infinite when prices are off."""


class BuyerRow(ValueRow):
    """Amounts of a buyer of one product: a consumer, one input of a producer, or a stockpile."""

    STOCK = auto()
    """Stock: commercial, or strategic in a stockpile [t]."""
    TARGET = auto()
    """Stock target on day 0; it grows with need [t]."""
    TARGET_FACTOR = auto()
    """Factor on the target while an announced curb has not begun."""
    BASE_NEED = auto()
    """Need on day 0 [t/day]."""
    NEED = auto()
    """Need today [t/day]."""
    COEFFICIENT = auto()
    """Tonnes of this input per tonne of the producer's output [t/t]."""
    GROWTH = auto()
    """Need today / need on day 0, by the growth of demand or of the producer's capacity."""
    GROWTH_DAILY = auto()
    """Factor on `GROWTH` a day."""
    FLEX = auto()
    """How far contracts stretch beyond need, as a fraction of need."""
    SPOT_SHARE = auto()
    """Share of a day's order that may be bought on the spot market."""
    SWITCHING_DAYS = auto()
    """Time constant with which contract shares move [days]; infinite: never."""
    ADJUSTMENT_DAYS = auto()
    """Time constant of stock corrections [days]."""
    QUALIFICATION_DAYS = auto()
    """Days from the start of qualification until new suppliers are approved [days]."""
    QUALIFICATION_START = auto()
    """Day on which the qualification of new suppliers began; negative: not yet."""
    ORDER = auto()
    """Order of today: need, and corrections of stock and goods at sea [t]."""
    SHIPPED = auto()
    """Shipped to it today, openly or round a curb [t]."""
    SPOT_CLAIM = auto()
    """What it may still claim on the spot market today [t]."""
    ARRIVED = auto()
    """Arrived today [t]."""
    USED = auto()
    """Used, or released, today [t]."""
    OPENING_STOCK = auto()
    """Stock at the start of the day [t]."""
    SHARES_DEVIATE = auto()
    """1 once its contract shares have moved away from the baseline; 0 before."""


class ArcRow(ValueRow):
    """Amounts of a trade route between one seller and one buyer; arcs are sorted by buyer."""

    SHARE = auto()
    """Share of the buyer's contract calls that goes to this seller."""
    BASE_SHARE = auto()
    """The same in the baseline."""
    BASE_FLOW = auto()
    """Baseline flow [t/day]."""
    CAP = auto()
    """Policy cap [t/day]; infinite without one."""
    CAP_TODAY = auto()
    """Most that may be shipped openly today: the policy cap and the unused permits [t]."""
    CALLED = auto()
    """What the buyer called on its contract today, before policy caps and permits [t]."""
    CALL = auto()
    """What is about to be shipped openly: a call or claim, cut by cap, permits and the seller's store in turn [t]."""
    CALL_BEFORE_PERMITS = auto()
    """`CALL` as it stood before permits were shared [t]."""
    CALL_BEFORE_ROUTE = auto()
    """A stockpile's `CALL` as it stood before stockpiles shared what policy leaves of their trade route [t]."""
    LEAK_CALL = auto()
    """What is about to be shipped round a curb: a share of what the curb cut from the call [t]."""
    SOURCING_LIMIT = auto()
    """Most that a buyer in search of suppliers could get here, within today's cap [t/day]."""
    LEAK_SHARE = auto()
    """Share of what a curb cuts from the call that is shipped round it today."""
    LEAKED = auto()
    """Shipped round a curb today [t]."""
    SHIPPED = auto()
    """Shipped openly today [t]."""
    IN_TRANSIT = auto()
    """Goods at sea [t]."""
    TRANSIT_MISMATCH = auto()
    """Goods at sea beyond what the ring of arrivals holds, 0 but for rounding [t]."""
    AIR_COVER_DAYS = auto()
    """Stock cover below which the buyer flies goods in [days]; 0: never."""


class SectorRow(ValueRow):
    """Amounts of an end use of a region; sectors are sorted by consumer, then priority."""

    BASE_DEMAND = auto()
    """Demand on day 0 [t/day]."""
    PRIORITY = auto()
    """Order in which sectors are served, 1 first; equals share alike."""
    DEFERRED = auto()
    """1 while a curb on this sector makes it bear the shortage, after all others; else 0."""
    SHOCK_FACTOR = auto()
    """Factor of demand shocks on demand."""
    PRICE_FACTOR = auto()
    """Factor of the price on demand."""
    SUBSTITUTION_FACTOR = auto()
    """Factor of substitution on demand; it never rises."""
    SHORT_DAYS = auto()
    """Short days so far [days]."""
    DEMAND = auto()
    """Demand of today at the reference price [t]."""
    WANTED = auto()
    """Demand of today at today's price [t]."""
    GAP = auto()
    """What stocks have left uncovered so far today [t]."""
    GAP_BEFORE_RELEASE = auto()
    """What the commercial stock left uncovered today, before any release [t]."""
    RELEASED = auto()
    """What came from stockpiles today [t]."""
    ELASTICITY = auto()
    """Fall of demand, in %, when the price rises by 1%; 0 when prices are off."""
    ESSENTIAL_SHARE = auto()
    """Share of demand that no price destroys."""


class HoldingRow(ValueRow):
    """Amounts of a material held in a stockpile."""

    TARGET = auto()
    """Stock up to which it buys [t]."""
    BUYING_RATE = auto()
    """Most it buys a day [t/day]."""
    RELEASE_RATE = auto()
    """Most it releases a day [t/day]."""
    PRICE = auto()
    """Price it pays [USD/t]."""
    PRICE_CEILING = auto()
    """Highest price at which it buys [USD/t]."""
    COVER_TRIGGER_DAYS = auto()
    """Commercial cover below which release is triggered [days]; negative: a gap triggers it."""
    AT_ONCE = auto()
    """1 when release needs no days of authorisation; else 0."""
    DECLARED = auto()
    """1 while release is permitted: a disruption is declared, or none needs to be; else 0."""
    WANTED = auto()
    """What it wants to buy today [t]."""
    BOUGHT = auto()
    """Bought and shipped to it today [t]."""
    RELEASED = auto()
    """Released today [t]."""
    SPENT = auto()
    """Spent today [USD]."""


class PermitRow(ValueRow):
    """Amounts of a permit balance: the permits of a quota, or of one importer's licences."""

    ACTIVE = auto()
    """1 while the curb is on; else 0."""
    BALANCE = auto()
    """Unused permits [t]."""
    CALLED = auto()
    """Tonnes called that need permits, since the importer last applied [t]."""


class ProductRow(ValueRow):
    """Amounts of a product."""

    TOTAL = auto()
    """Tonnes in stores, at sea and in buyers' stocks [t]."""


class ConsumerRow(ValueRow):
    """Prices of a consumer region."""

    PRICE = auto()
    """Volume-weighted price it pays, contracts and spot [USD/kg]; nan when prices are off."""
    SPOT_PRICE = auto()
    """Spot price it pays, floor and duty included [USD/kg]; nan when prices are off."""
    MARKET_PRICE = auto()
    """Spot price of its zone [USD/kg]; nan when prices are off."""
    REFERENCE_PRICE = auto()
    """Price of the steady state [USD/kg]."""
    PRICE_FLOOR = auto()
    """Lowest price inside its bloc [USD/kg]."""
    DUTY = auto()
    """Duty as a fraction of the price."""
    CONTRACTED_SHARE = auto()
    """Share of its volume that is paid at the contract price."""


class StockpileRow(ValueRow):
    """Amounts of a stockpile, over everything it holds."""

    BUDGET = auto()
    """Money left [USD]; infinite without a limit."""


class ZoneRow(ValueRow):
    """Prices of a zone."""

    LOG_PRICE = auto()
    """Natural logarithm of spot price / reference price."""
    LOG_TARGET = auto()
    """Natural logarithm of clearing price / reference price, as found once a week."""
    ADJUSTMENT_DAYS = auto()
    """Time constant with which the spot price follows its target [days]."""
    CONTRACT_PRICE = auto()
    """Contract price / reference price."""
    CONTRACT_LAG_DAYS = auto()
    """Time constant with which the contract price follows spot [days]."""


class ItemRow(ValueRow):
    """Amounts of the entries of lists (see `minsim.kernel.lists`), and the fault found in the books."""

    ENTITLEMENT = auto()
    """By entry of a release route: share of the sector's gap that the stockpile may serve."""
    ENTITLEMENT_USED = auto()
    """By entitlement, one a stockpile and sector: served under it today [t]."""
    SCRAP_RATE = auto()
    """By entry of a producer's scrap: tonnes of scrap per tonne of output [t/t]."""
    PERMIT_FREE = auto()
    """By entry of a permit balance: tonnes a day on the arc that need no permit [t/day]."""
    STEP_SPARE = auto()
    """By entry of a processing step: spare output of the producer [t]."""
    FAULT = auto()
    """Kind (`Fault`), node, day, tonnes off and throughput of a fault in the books, in five columns."""


VALUE_ROWS = next(_VALUE_ROWS)
"""Rows of `State.value`."""


# ---------------------------------------------------------------------------------------- node numbers, days and codes


class ArcIndex(IndexRow):
    """Ends, lead times and lists of an arc."""

    SELLER = auto()
    """Its seller."""
    BUYER = auto()
    """Its buyer."""
    LEAD_DAYS = auto()
    """Lead time of goods shipped today [days]."""
    LEAK_LEAD_DAYS = auto()
    """Lead time of goods shipped round a curb today [days]."""
    AIR_LEAD_DAYS = auto()
    """Lead time by air [days]."""
    SUPPLY_CLASS = auto()
    """`SupplyClass` in which a seller short of product serves the arc."""
    FIRST_SIBLING = auto()
    """Start of its entries of `SIBLING_ARC`; only a stockpile's arc has any."""
    FIRST_STOCKPILE_ARC = auto()
    """Start of its entries of `STOCKPILE_ARC`; only a stockpile's arc has any."""


class ProductIndex(IndexRow):
    """Lists and flags of a product."""

    FIRST_SELLER = auto()
    """Start of its sellers."""
    FIRST_BUYER = auto()
    """Start of its buyers: users first, then stockpiles."""
    FIRST_STOCKPILE = auto()
    """First of its buyers that is a stockpile; the next product's first buyer where none is."""
    HAS_SUPPLY_CLASSES = auto()
    """1 while some of its arcs are served before others; else 0."""
    LEAKS = auto()
    """1 while goods are shipped round a curb on some of its arcs; else 0."""


class BuyerIndex(IndexRow):
    """Lists and nodes of a buyer."""

    FIRST_ARC = auto()
    """Start of its arcs."""
    PRODUCER = auto()
    """The producer whose input it is; `NOTHING` for consumers and stockpiles."""
    HOLDING = auto()
    """The holding it is; `NOTHING` for consumers and producers."""


class SellerIndex(IndexRow):
    """Lists of a seller."""

    FIRST_OUTGOING = auto()
    """Start of its entries of `OUTGOING_ARC`."""
    FIRST_INPUT = auto()
    """Start of its entries of `INPUT_BUYER`."""
    FIRST_SCRAP = auto()
    """Start of its entries of `SCRAP_BUYER` and `ItemRow.SCRAP_RATE`."""


class ConsumerIndex(IndexRow):
    """Nodes and lists of a consumer region."""

    BUYER = auto()
    """Its buyer."""
    ZONE = auto()
    """Its price zone; `NOTHING` when prices are off."""
    FIRST_SECTOR = auto()
    """Start of its sectors."""


class HoldingIndex(IndexRow):
    """Nodes, lists and codes of a holding."""

    BUYER = auto()
    """Its buyer."""
    STOCKPILE = auto()
    """The stockpile it belongs to, which has one budget."""
    FIRST_ROUTE = auto()
    """Start of its release routes: the ways its product can reach a gap."""
    FIRST_WATCHED = auto()
    """Start of its entries of `WATCHED_CONSUMER`."""
    STATE = auto()
    """`HoldingState`."""
    NOTICE = auto()
    """`Notice` for the calendar, which clears it."""
    BUYING_MODE = auto()
    """`BuyingMode`."""


class RouteIndex(IndexRow):
    """Lists of a release route: one way in which a held product can reach a gap."""

    FIRST_SERVED = auto()
    """Start of its entries of `SERVED_*` and `ItemRow.ENTITLEMENT`."""
    FIRST_STEP = auto()
    """Start of the steps that process the product; it has none where the product is used as it is."""


class StepIndex(IndexRow):
    """Lists of a processing step of a release route; the step nearest the consumer comes first."""

    FIRST_PRODUCER = auto()
    """Start of its entries of `STEP_*`."""


class PermitIndex(IndexRow):
    """Lists of a permit balance."""

    FIRST_ARC = auto()
    """Start of its entries of `PERMIT_ARC` and `ItemRow.PERMIT_FREE`."""


class DayIndex(IndexRow):
    """The calendar, by day."""

    MONTH = auto()
    """Months since the start."""


class ItemIndex(IndexRow):
    """Entries of lists (see `minsim.kernel.lists`)."""

    OUTGOING_ARC = auto()
    """An arc of a seller."""
    INPUT_BUYER = auto()
    """A buyer that holds an input of a producer."""
    SERVED_SECTOR = auto()
    """A sector that a release route may serve."""
    SERVED_CLASS = auto()
    """Class of that sector: classes are served one after the other, 0 first."""
    SERVED_ENTITLEMENT = auto()
    """Entitlement under which it is served: one a stockpile and sector."""
    WATCHED_CONSUMER = auto()
    """A consumer whose cover a holding watches."""
    STEP_PRODUCER = auto()
    """A domestic producer that can take a step."""
    STEP_INPUT = auto()
    """The producer's input for which the released product stands in."""
    SCRAP_BUYER = auto()
    """A buyer into whose stock new scrap of a producer's output falls."""
    SIBLING_ARC = auto()
    """A user's arc on the same trade route as a stockpile's: from the same seller to the same region."""
    STOCKPILE_ARC = auto()
    """A stockpile's arc on that trade route, itself included."""
    PERMIT_ARC = auto()
    """An arc that a permit balance covers."""


INDEX_ROWS = next(_INDEX_ROWS)
"""Rows of `State.index`."""


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
