"""The HTTP side: `GET` one order, one refund or one card delivery, and the dials that simulate an outage.

An order number answers with the state of a parcel and never with a name, an address or a means of payment: a
number is no proof of who asks.
"""

import asyncio
import random
from datetime import date
from functools import lru_cache
from typing import Any

from sanic import Blueprint
from sanic.request import Request
from sanic.response import HTTPResponse, json

from sandbox.backoffice import seed

blueprint = Blueprint("backoffice", url_prefix="/backoffice")

_LONGEST_DELAY_S = 60.0


class Dials:
    """How badly the back office behaves right now: seconds of delay, and the share of requests that fail."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.fail_share = 0.0

    def as_json(self) -> dict[str, float]:
        return {"delay_s": self.delay_s, "fail_share": self.fail_share}


dials = Dials()


@lru_cache(maxsize=1)
def _tables(today: date) -> dict[str, dict[str, dict[str, Any]]]:
    return seed.load(today)


@blueprint.get("/orders/<ref:str>")
async def get_order(request: Request, ref: str) -> HTTPResponse:
    """One order, without its refund."""
    order = _tables(date.today())["orders"].get(ref)
    return await _answer({key: value for key, value in order.items() if key != "refund"} if order else None)


@blueprint.get("/orders/<ref:str>/refund")
async def get_refund(request: Request, ref: str) -> HTTPResponse:
    """The refund for one order; its status is "none" where there is none."""
    order = _tables(date.today())["orders"].get(ref)
    return await _answer({"ref": ref, **order.get("refund", {"status": "none"})} if order else None)


@blueprint.get("/cards/deliveries/<ref:str>")
async def get_card_delivery(request: Request, ref: str) -> HTTPResponse:
    """One card on its way."""
    return await _answer(_tables(date.today())["card_deliveries"].get(ref))


@blueprint.get("/dials")
async def get_dials(request: Request) -> HTTPResponse:
    """The dials as they stand."""
    return json(dials.as_json())


@blueprint.post("/dials")
async def set_dials(request: Request) -> HTTPResponse:
    """Turn one or both dials: `{"delay_s": 0…60, "fail_share": 0…1}`. 400 for anything else."""
    body = request.json
    limits = {"delay_s": _LONGEST_DELAY_S, "fail_share": 1.0}
    if not isinstance(body, dict) or not body or not body.keys() <= limits.keys():
        return json({"error": "expected delay_s and/or fail_share"}, status=400)
    for name, value in body.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= limits[name]:
            return json({"error": f"{name} must be a number from 0 to {limits[name]:g}"}, status=400)
    for name, value in body.items():
        setattr(dials, name, float(value))
    return json(dials.as_json())


async def _answer(row: dict[str, Any] | None) -> HTTPResponse:
    if dials.delay_s:
        await asyncio.sleep(dials.delay_s)
    if random.random() < dials.fail_share:
        return json({"error": "unavailable"}, status=503)
    if row is None:
        return json({"error": "unknown_reference"}, status=404)
    return json(row)
