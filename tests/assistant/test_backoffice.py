"""The demo back office itself, over HTTP."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from actions import backoffice as client_side
from sandbox.backoffice import seed


@pytest.fixture
async def http(backoffice: str) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=backoffice, trust_env=False) as client:
        yield client


async def test_an_order_answers_without_its_refund_or_anything_personal(http: httpx.AsyncClient) -> None:
    answer = await http.get("/orders/AR-20309")
    assert answer.status_code == 200
    assert answer.json().keys() == {"ref", "status", "item", "placed_on"}


async def test_a_refund_that_nobody_asked_for(http: httpx.AsyncClient) -> None:
    assert (await http.get("/orders/AR-20301/refund")).json() == {"ref": "AR-20301", "status": "none"}


@pytest.mark.parametrize("path", ["/orders/AR-1", "/orders/AR-1/refund", "/cards/deliveries/KD-1"])
async def test_an_unknown_reference_is_404(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.json()) == (404, {"error": "unknown_reference"})


async def test_the_dials_turn_and_show_how_they_stand(http: httpx.AsyncClient) -> None:
    await http.post("/dials", json={"fail_share": 1})
    assert (await http.get("/dials")).json() == {"delay_s": 0.0, "fail_share": 1.0}
    assert (await http.get("/orders/AR-20301")).status_code == 503
    await http.post("/dials", json={"fail_share": 0})
    assert (await http.get("/orders/AR-20301")).status_code == 200


@pytest.mark.parametrize(
    "body", [{}, [], {"speed": 1}, {"fail_share": 1.5}, {"delay_s": -1}, {"delay_s": "1"}, {"fail_share": True}]
)
async def test_dials_refuse_what_makes_no_sense(http: httpx.AsyncClient, body: Any) -> None:
    assert (await http.post("/dials", json=body)).status_code == 400
    assert (await http.get("/dials")).json() == {"delay_s": 0.0, "fail_share": 0.0}


def test_the_seed_is_varied_and_dated_from_today() -> None:
    today = date(2030, 5, 31)
    tables = seed.load(today)
    assert len(tables["orders"]) == 30
    assert len(tables["card_deliveries"]) == 15
    assert {order["status"] for order in tables["orders"].values()} == set(client_side.ORDER_FACTS)
    assert {card["status"] for card in tables["card_deliveries"].values()} == set(client_side.CARD_FACTS)
    refunds = Counter(order.get("refund", {"status": "none"})["status"] for order in tables["orders"].values())
    assert set(refunds) == set(client_side.REFUND_FACTS)
    assert tables["orders"]["AR-20311"]["eta"] == (today + timedelta(days=2)).isoformat()
    assert tables["orders"]["AR-20309"]["refund"]["expected_by"] == (today + timedelta(days=2)).isoformat()
    assert all(re.fullmatch(r"AR-\d{5}", ref) for ref in tables["orders"])


def test_a_reference_given_twice_is_refused(tmp_path: Any) -> None:
    path = tmp_path / "seed.json"
    path.write_text('{"orders": [{"ref": "AR-1"}, {"ref": "AR-1"}]}')
    with pytest.raises(ValueError, match="AR-1 twice"):
        seed.load(date(2030, 1, 1), path)


@pytest.mark.parametrize(
    "answer",
    [
        {"ref": "AR-20301", "status": "teleported", "item": "x"},
        {"ref": "AR-20301", "status": "shipped", "item": "x"},
        {"ref": "AR-20301", "status": "delivered", "item": "x", "carrier": "y", "delivered_on": "soon"},
        ["AR-20301"],
    ],
    ids=["unknown status", "facts missing", "no date", "no object"],
)
async def test_an_answer_that_makes_no_sense_counts_as_unavailable(
    monkeypatch: pytest.MonkeyPatch, answer: Any
) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    real = httpx.AsyncClient
    monkeypatch.setattr(httpx, "AsyncClient", lambda **arguments: real(**{**arguments, "transport": transport}))
    with pytest.raises(client_side.BackofficeUnavailable):
        await client_side.order("AR-20301")
