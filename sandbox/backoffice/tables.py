"""The tables. Their names begin with `backoffice_`, so that they may share a database with others.

Amounts are whole rupiah. Moments are seconds since 1970 (UTC), because SQLite keeps no time zone.
"""

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, Float, Integer, MetaData, String, Table, Text

metadata = MetaData()

orders = Table(
    "backoffice_orders",
    metadata,
    Column("ref", String(20), primary_key=True),
    Column("status", String(20), nullable=False),
    Column("item", String(200), nullable=False),
    Column("placed_on", Date, nullable=False),
    Column("carrier", String(100)),
    Column("tracking_number", String(100)),
    Column("eta", Date),
    Column("delivered_on", Date),
    Column("amount_idr", BigInteger, nullable=False),
    Column("paid", Boolean, nullable=False),  # False: cash on delivery
    Column("phone_last4", String(4), nullable=False),
    Column("refund_status", String(20), nullable=False, default="none"),
    Column("refund_amount_idr", BigInteger),
    Column("refund_expected_by", Date),
    Column("refund_paid_on", Date),
)
card_deliveries = Table(
    "backoffice_card_deliveries",
    metadata,
    Column("ref", String(20), primary_key=True),
    Column("status", String(20), nullable=False),
    Column("carrier", String(100)),
    Column("eta", Date),
    Column("delivered_on", Date),
)
transfers = Table(
    "backoffice_transfers",
    metadata,
    Column("ref", String(20), primary_key=True),
    Column("status", String(20), nullable=False),
    Column("amount_idr", BigInteger, nullable=False),
    Column("bank", String(100), nullable=False),
    Column("sent_on", Date, nullable=False),
    Column("expected_by", Date),
    Column("completed_on", Date),
    Column("returned_on", Date),
)
exchange_rates = Table(
    "backoffice_exchange_rates",
    metadata,
    Column("currency", String(3), primary_key=True),
    Column("buy_idr", BigInteger, nullable=False),
    Column("sell_idr", BigInteger, nullable=False),
    Column("unit", Integer, nullable=False),  # how much of the currency the two prices are for
)
branches = Table(
    "backoffice_branches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("city", String(100), nullable=False),
    Column("name", String(100), nullable=False),
    Column("address", Text, nullable=False),
    Column("opens", String(5), nullable=False),
    Column("closes", String(5), nullable=False),
    Column("days", JSON, nullable=False),  # 1 is Monday
)
holidays = Table("backoffice_holidays", metadata, Column("day", Date, primary_key=True))
# Price lists, which are only ever read whole: `fees` and `deposit_rates`.
documents = Table(
    "backoffice_documents",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("body", JSON, nullable=False),
)
customers = Table(
    "backoffice_customers",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("email", String(254), nullable=False, unique=True),
    Column("phone", String(20), nullable=False, unique=True),  # E.164
)
# What would have been sent to customers. A contact that nobody has leaves nothing here.
links = Table(
    "backoffice_links",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("contact", String(254), nullable=False),
    Column("customer", String(200), nullable=False),
    Column("sent_at", Float, nullable=False),
)
# Digits that were wrong for an order: whoever guesses runs out of tries.
wrong_digits = Table(
    "backoffice_wrong_digits",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ref", String(20), nullable=False, index=True),
    Column("at", Float, nullable=False),
)
# Idempotency keys with the first answer. The primary key decides between two requests at the same time.
answers = Table(
    "backoffice_answers",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("at", Float, nullable=False, index=True),
    Column("status", Integer, nullable=False),
    Column("body", JSON, nullable=False),
)
# One row once the seed data is in, so that two processes that start together seed it once.
seeded = Table(
    "backoffice_seeded",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("day", Date, nullable=False),
)

SEEDED = (orders, card_deliveries, transfers, exchange_rates, branches, holidays, documents, customers)
