"""What the assistant wants to know from a back office, whichever it is. Amounts are whole rupiah."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


class BackofficeUnavailable(Exception):
    """The back office could not be reached in time, or answered with something that can't be read."""


@dataclass(frozen=True, slots=True)
class Order:
    """One shop order. `carrier`, `tracking` and `eta` are known once it has been sent."""

    ref: str
    status: str
    item: str
    carrier: str | None
    tracking: str | None
    eta: date | None
    delivered_on: date | None


@dataclass(frozen=True, slots=True)
class Refund:
    """The refund for one order. `status` is "none" where no refund was asked for."""

    ref: str
    status: str
    amount_idr: int | None
    expected_by: date | None
    paid_on: date | None


@dataclass(frozen=True, slots=True)
class CardDelivery:
    """One card on its way to a customer."""

    ref: str
    status: str
    carrier: str | None
    eta: date | None
    delivered_on: date | None


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What became of the wish to cancel: "cancelled", "already_cancelled", "too_late" or "not_matching"."""

    ref: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer. `status` is "processing" (with `expected_by`), "completed" (with `completed_on`), "failed" or
    "returned" (with `returned_on`)."""

    ref: str
    status: str
    sent_on: date
    expected_by: date | None
    completed_on: date | None
    returned_on: date | None


@dataclass(frozen=True, slots=True)
class Fees:
    """What each transfer costs, and cash from another bank's machine. BI-FAST goes up to `bifast_to_idr`, RTGS begins
    at `rtgs_from_idr`, `international_idr` is for transfers abroad."""

    bifast_idr: int
    bifast_free_a_month: int
    rtgs_idr: int
    rtgs_from_idr: int
    bifast_to_idr: int
    ewallet_idr: int
    international_idr: int
    atm_other_bank_idr: int


@dataclass(frozen=True, slots=True)
class DepositTerm:
    """The interest on a deposit for so many months, in percent a year."""

    months: int
    percent: Decimal


@dataclass(frozen=True, slots=True)
class DepositRates:
    """Interest in percent a year. `tax_percent` is the tax on it, `minimum_idr` the smallest deposit."""

    terms: tuple[DepositTerm, ...]
    savings_percent: Decimal
    tax_percent: Decimal
    minimum_idr: int


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """What the bank pays (`buy_idr`) and asks (`sell_idr`) for `unit` of a currency (ISO 4217), as of `at`."""

    currency: str
    buy_idr: int
    sell_idr: int
    unit: int
    at: datetime  # with a time zone


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch. `opens` and `closes` are local times (`08:30`), `days` ISO weekdays (1 is Monday)."""

    city: str
    name: str
    address: str
    opens: str
    closes: str
    days: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Branches:
    """Branches, and the days on which all of them are closed."""

    branches: tuple[Branch, ...]
    holidays: tuple[date, ...]
