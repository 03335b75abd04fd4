"""The HTTP side, described in `openapi.yml`, which it also serves."""

import asyncio
import json
import logging
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, raw
from sanic.response import json as json_response
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from sandbox.backoffice import contacts, once, reads, writes
from sandbox.backoffice.dials import Dials
from sandbox.backoffice.store import IN_MEMORY, Store

blueprint = Blueprint("backoffice", url_prefix="/backoffice")

OPENAPI_FILE = Path(__file__).with_name("openapi.yml")
_LONGEST_KEY = 255

logger = logging.getLogger(__name__)
Body = dict[str, Any]


class Office:
    """What one app's back office has: its data and its dials. Raises ValueError for a bad `database_url`."""

    def __init__(self, database_url: str) -> None:
        self.store = Store(database_url)
        self.dials = Dials()


def office_of(app: Sanic) -> Office:
    """The back office of an app, opened when it is first asked for.

    Its database is the one in the app's config, BACKOFFICE_DATABASE_URL, or one in memory.
    """
    if not hasattr(app.ctx, "backoffice"):
        app.ctx.backoffice = Office(app.config.get("BACKOFFICE_DATABASE_URL") or IN_MEMORY)
    office: Office = app.ctx.backoffice
    return office


@blueprint.listener("before_server_start")
async def open_office(app: Sanic, _: object) -> None:
    """Prepare the database early. One that is away is tried again at each request; a wrong address stops the start."""
    try:
        await asyncio.to_thread(office_of(app).store.prepare)
    except SQLAlchemyError as error:
        logger.warning("the back office's database can't be reached: %s", type(error).__name__)


@blueprint.listener("after_server_stop")
async def close_office(app: Sanic, _: object) -> None:
    """Let the database's connections go."""
    office_of(app).store.close()


@blueprint.get("/orders/<ref:str>")
async def get_order(request: Request, ref: str) -> HTTPResponse:
    """One order, without its refund."""
    return await _read(request, lambda connection: reads.order(connection, ref))


@blueprint.get("/orders/<ref:str>/refund")
async def get_refund(request: Request, ref: str) -> HTTPResponse:
    """The refund for one order; its status is "none" where there is none."""
    return await _read(request, lambda connection: reads.refund(connection, ref))


@blueprint.post("/orders/<ref:str>/cancellation")
async def cancel_order(request: Request, ref: str) -> HTTPResponse:
    """Cancel an order, for whoever knows the last four digits of its telephone number."""

    def prepare(body: Body) -> Callable[[Connection, datetime], once.Answer] | str:
        digits = body.get("phone_last4")
        if not isinstance(digits, str) or not re.fullmatch("[0-9]{4}", digits):
            return "malformed_phone_last4"
        return lambda connection, now: writes.cancel(connection, ref, digits, now)

    return await _write(request, prepare)


@blueprint.get("/cards/deliveries/<ref:str>")
async def get_card_delivery(request: Request, ref: str) -> HTTPResponse:
    """One card on its way."""
    return await _read(request, lambda connection: reads.card_delivery(connection, ref))


@blueprint.get("/transfers/<ref:str>")
async def get_transfer(request: Request, ref: str) -> HTTPResponse:
    """One transfer to another bank."""
    return await _read(request, lambda connection: reads.transfer(connection, ref))


@blueprint.get("/fees")
async def get_fees(request: Request) -> HTTPResponse:
    """What services cost, in rupiah."""
    return await _read(request, lambda connection: reads.document(connection, "fees"))


@blueprint.get("/rates/deposits")
async def get_deposit_rates(request: Request) -> HTTPResponse:
    """What deposits and savings earn, in percent a year."""
    return await _read(request, lambda connection: reads.document(connection, "deposit_rates"))


@blueprint.get("/rates/exchange/<currency:str>")
async def get_exchange_rate(request: Request, currency: str) -> HTTPResponse:
    """What a foreign currency costs in rupiah."""
    now = datetime.now(UTC)
    return await _read(
        request, lambda connection: reads.exchange_rate(connection, currency, now), missing="unknown_currency"
    )


@blueprint.get("/branches")
async def get_branches(request: Request) -> HTTPResponse:
    """The branches, of one city or all, and the public holidays."""
    city = request.args.get("city")
    return await _read(request, lambda connection: reads.branches(connection, city))


@blueprint.post("/links")
async def send_link(request: Request) -> HTTPResponse:
    """Send a link to a registered contact. The answer does not tell whether it is one."""

    def prepare(body: Body) -> Callable[[Connection, datetime], once.Answer] | str:
        kind, contact = body.get("kind"), body.get("contact")
        if kind not in writes.LINK_KINDS:
            return "unknown_kind"
        known_as = contacts.normalised(contact) if isinstance(contact, str) else None
        if known_as is None:
            return "malformed_contact"
        return lambda connection, now: writes.send_link(connection, kind, known_as, now)

    return await _write(request, prepare)


@blueprint.get("/outbox")
async def get_outbox(request: Request) -> HTTPResponse:
    """The links that were sent. Only a sandbox shows them; the dials do not touch it."""
    try:
        return json_response(await asyncio.to_thread(office_of(request.app).store.read, reads.outbox))
    except SQLAlchemyError as error:
        return _unavailable(error)


@blueprint.get("/dials")
async def get_dials(request: Request) -> HTTPResponse:
    """The dials as they stand."""
    return json_response(office_of(request.app).dials.as_json())


@blueprint.post("/dials")
async def set_dials(request: Request) -> HTTPResponse:
    """Turn one or both dials. 400 for what makes no sense. It repeats safely, and needs no key."""
    dials = office_of(request.app).dials
    try:
        dials.turn(request.json)
    except ValueError as error:
        return _error(400, str(error))
    return json_response(dials.as_json())


@blueprint.get("/openapi.yml")
async def get_openapi(request: Request) -> HTTPResponse:
    """The description of all this, OpenAPI 3.1."""
    return raw(_openapi(), content_type="application/yaml")


@cache
def _openapi() -> bytes:
    return OPENAPI_FILE.read_bytes()


async def _read(
    request: Request, query: Callable[[Connection], Body | None], *, missing: str = "unknown_reference"
) -> HTTPResponse:
    office = office_of(request.app)
    await asyncio.sleep(office.dials.delay_s)
    if random.random() < office.dials.fail_share:
        return _unavailable()
    try:
        found = await asyncio.to_thread(office.store.read, query)
    except SQLAlchemyError as error:
        return _unavailable(error)
    return _error(404, missing) if found is None else json_response(found)


async def _write(
    request: Request, prepare: Callable[[Body], Callable[[Connection, datetime], once.Answer] | str]
) -> HTTPResponse:
    """`prepare` makes a deed out of the body, or tells the error in it (422)."""
    office = office_of(request.app)
    if random.random() < office.dials.fail_share:
        await asyncio.sleep(office.dials.delay_s)
        return _unavailable()
    answered = await _written(request, office.store, prepare)
    # Last, because it is the harder case: the deed is done, and whoever asked does not hear of it in time.
    await asyncio.sleep(office.dials.delay_s)
    return answered


async def _written(
    request: Request, store: Store, prepare: Callable[[Body], Callable[[Connection, datetime], once.Answer] | str]
) -> HTTPResponse:
    key = request.headers.get("idempotency-key", "")
    if not key:
        return _error(400, "idempotency_key_missing")
    if len(key) > _LONGEST_KEY:
        return _error(400, "idempotency_key_too_long")
    try:
        body = json.loads(request.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return _error(400, "not_a_json_object")
    deed = prepare(body)
    if isinstance(deed, str):
        return _error(422, deed)
    try:
        answer = await asyncio.to_thread(store.write, key, once.fingerprint(request.path, body), deed)
    except SQLAlchemyError as error:
        return _unavailable(error)
    return json_response(answer.body, status=answer.status)


def _unavailable(error: SQLAlchemyError | None = None) -> HTTPResponse:
    if error:
        # Its text would quote the statement with what was asked for.
        logger.warning("the back office's database failed: %s", type(error).__name__)
    return _error(503, "unavailable")


def _error(status: int, code: str) -> HTTPResponse:
    return json_response({"error": code}, status=status)
