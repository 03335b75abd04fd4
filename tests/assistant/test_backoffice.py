"""The demo back office and its one client, over HTTP."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from actions import backoffice as client_side
from actions import calls
from actions.breaker import Breaker
from sandbox.backoffice import seed


@pytest.fixture(autouse=True)
def unknown_to_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test begins with the breaker or the kept answers of another one, whose port may be the same.

    And only tests that are about time have so little of it that a busy machine could use it up.
    """
    monkeypatch.setattr(client_side, "TIMEOUT_S", 30.0)
    client_side._service.cache_clear()
    client_side._shelf.clear()


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


READS: dict[str, Callable[[], Awaitable[Any]]] = {
    "order": lambda: client_side.order("AR-20301"),
    "refund": lambda: client_side.refund("AR-20301"),
    "card_delivery": lambda: client_side.card_delivery("KD-4801"),
    "transfer": lambda: client_side.transfer("TF-500101"),
    "fees": client_side.fees,
    "deposit_rates": client_side.deposit_rates,
    "exchange_rate": lambda: client_side.exchange_rate("USD"),
    "branches": client_side.branches,
}
WRITES: dict[str, Callable[[], Awaitable[Any]]] = {
    "cancel_order": lambda: client_side.cancel_order("AR-20301", "4417", "key"),
    "send_link": lambda: client_side.send_link("password_reset", "sari.wulandari@example.com", "key"),
}


class Answers:
    """Stands for the network: what each request gets, in order, the last one for ever; and which requests there were.

    An answer is a response, an exception to raise, or None for one that never comes.
    """

    def __init__(self) -> None:
        self.given: list[httpx.Response | Exception | None] = []
        self.requests: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.given[min(len(self.requests), len(self.given) - 1)]
        self.requests.append(request)
        if answer is None:
            await asyncio.sleep(60)
        if isinstance(answer, Exception):
            raise answer
        assert answer is not None
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """A network of the test's own."""
    given = Answers()
    real = httpx.AsyncClient
    monkeypatch.setattr(
        httpx, "AsyncClient", lambda **arguments: real(**{**arguments, "transport": httpx.MockTransport(given)})
    )
    monkeypatch.setenv("BACKOFFICE_URL", "http://backoffice.example")
    return given


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that the client really asks for, over the real network."""
    paths: list[str] = []
    send = httpx.AsyncClient.send

    async def counting(self: httpx.AsyncClient, request: httpx.Request, **arguments: Any) -> httpx.Response:
        paths.append(request.url.path)
        return await send(self, request, **arguments)

    monkeypatch.setattr(httpx.AsyncClient, "send", counting)
    return paths


@contextmanager
def raises_unavailable() -> Iterator[None]:
    with pytest.raises(client_side.BackofficeUnavailable) as caught:
        yield
    # It may end in a log, which must not tell whose order it was.
    assert not re.search(r"20301|4417|sari|500101|example", str(caught.value))


def test_a_key_is_the_same_for_the_same_parts_only() -> None:
    key = client_side.idempotency_key("webchat:1", "cancel", "AR-20301")
    assert re.fullmatch(r"[0-9a-f]{64}", key)
    assert key == client_side.idempotency_key("webchat:1", "cancel", "AR-20301")
    others = [("webchat:2", "cancel", "AR-20301"), ("webchat:1", "cancelAR", "-20301"), ("webchat:1", "cancel")]
    assert len({key, *(client_side.idempotency_key(*other) for other in others)}) == 4


async def test_cancelling_as_the_assistant_sees_it(backoffice: str) -> None:
    cancel = client_side.cancel_order
    assert await cancel("AR-20301", "0000", "a") == client_side.Cancellation("AR-20301", "not_matching")
    assert await cancel("AR-20301", "12", "b") == client_side.Cancellation("AR-20301", "not_matching")
    assert await cancel("AR-99999", "4417", "c") is None
    assert await cancel("AR-20301", "4417", "d") == client_side.Cancellation("AR-20301", "cancelled")
    assert await cancel("AR-20301", "4417", "d") == client_side.Cancellation("AR-20301", "cancelled")
    assert await cancel("AR-20301", "4417", "e") == client_side.Cancellation("AR-20301", "already_cancelled")
    with raises_unavailable():  # the key is for other digits
        await cancel("AR-20301", "4418", "d")
    refund = await client_side.refund("AR-20301")
    assert refund is not None
    assert (refund.status, refund.amount_idr) == ("requested", 4999000)


async def test_a_transfer_as_the_assistant_sees_it(backoffice: str) -> None:
    today = date.today()
    assert await client_side.transfer("TF-500101") == client_side.Transfer(
        ref="TF-500101",
        status="processing",
        sent_on=today,
        expected_by=today + timedelta(days=1),
        completed_on=None,
        returned_on=None,
    )
    assert await client_side.transfer("TF-999999") is None
    statuses = [(await client_side.transfer(f"TF-50010{ref}")).status for ref in range(1, 9)]  # type: ignore[union-attr]
    assert set(statuses) == set(client_side.TRANSFER_FACTS)


async def test_prices_as_the_assistant_sees_them(backoffice: str) -> None:
    fees = await client_side.fees()
    assert (fees.bifast_idr, fees.bifast_free_a_month, fees.atm_other_bank_idr) == (2500, 10, 7500)
    rates = await client_side.deposit_rates()
    assert rates.terms[-1] == client_side.DepositTerm(12, Decimal("5.25"))
    assert (rates.savings_percent, rates.tax_percent, rates.minimum_idr) == (Decimal("2.5"), Decimal(20), 1000000)
    yen = await client_side.exchange_rate("JPY")
    assert yen is not None
    assert (yen.currency, yen.unit) == ("JPY", 100)
    assert datetime.now(UTC) - yen.at < timedelta(minutes=1)
    assert await client_side.exchange_rate("XXX") is None
    assert await client_side.exchange_rate("../../fees") is None


async def test_branches_as_the_assistant_sees_them(backoffice: str) -> None:
    everywhere = await client_side.branches()
    assert len(everywhere.branches) == 5
    assert date(2026, 12, 25) in everywhere.holidays
    (bandung,) = (each for each in everywhere.branches if each.city == "Bandung")
    assert (bandung.city, bandung.opens, bandung.closes) == ("Bandung", "08:30", "15:30")
    assert bandung.days == (1, 2, 3, 4, 5)


async def test_a_link_is_sent_once_and_a_malformed_contact_is_told(backoffice: str, http: httpx.AsyncClient) -> None:
    contact = "sari.wulandari@example.com"
    assert await client_side.send_link("password_reset", contact, "a") is True
    assert await client_side.send_link("password_reset", contact, "a") is True
    assert await client_side.send_link("password_reset", "stranger@example.com", "b") is True
    assert await client_side.send_link("password_reset", "sari", "c") is False
    with raises_unavailable():
        await client_side.send_link("gift", contact, "d")
    with raises_unavailable():  # not taken for a malformed contact
        await client_side.send_link("card_freeze", contact, "a")
    assert [link["contact"] for link in (await http.get("/outbox")).json()["links"]] == [contact]


async def test_price_lists_and_branches_are_kept_for_a_minute_and_nothing_else(
    backoffice: str, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(client_side, "_clock", lambda: now[0])
    for _ in range(2):
        for read in READS.values():
            await read()
    asked = Counter(path.removeprefix("/backoffice/") for path in counted)
    assert {path for path, times in asked.items() if times == 1} == {"fees", "rates/deposits", "branches"}
    assert len(asked) == 8
    now[0] += 60
    counted.clear()
    await client_side.fees()
    assert len(counted) == 1


async def test_an_outage_is_not_kept(backoffice: str, http: httpx.AsyncClient) -> None:
    await http.post("/dials", json={"fail_share": 1})
    with raises_unavailable():
        await client_side.fees()
    await http.post("/dials", json={"fail_share": 0})
    assert (await client_side.fees()).bifast_idr == 2500


@pytest.mark.parametrize("call", [*READS, *WRITES])
async def test_an_outage_by_the_dials(backoffice: str, http: httpx.AsyncClient, call: str) -> None:
    await http.post("/dials", json={"fail_share": 1})
    with raises_unavailable():
        await {**READS, **WRITES}[call]()


@pytest.mark.parametrize("call", [*READS, *WRITES])
async def test_a_back_office_that_is_down(nowhere: None, call: str) -> None:
    with raises_unavailable():
        await {**READS, **WRITES}[call]()


@pytest.mark.parametrize("call", ["order", "fees", "cancel_order", "send_link"])
async def test_a_slow_back_office_costs_one_timeout_in_all(
    backoffice: str, http: httpx.AsyncClient, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_side, "TIMEOUT_S", 1.0)
    await http.get("/orders/AR-20301")  # the database is there
    await http.post("/dials", json={"delay_s": 30})
    began = time.monotonic()
    with raises_unavailable():
        await {**READS, **WRITES}[call]()
    assert 0.9 < time.monotonic() - began < 1.9


@pytest.mark.parametrize("call", READS)
@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={}),
        httpx.Response(200, json={"error": "unknown_reference"}),
        httpx.Response(404, json={"error": "no such page"}),
        httpx.Response(301, headers={"location": "https://elsewhere.example"}),
        httpx.Response(401, json={"error": "who are you"}),
    ],
    ids=["no JSON", "a list", "nothing in it", "an error in a 200", "another 404", "a redirect", "refused"],
)
async def test_an_answer_that_can_not_be_read(answers: Answers, call: str, answer: httpx.Response) -> None:
    answers.given = [answer]
    with raises_unavailable():
        await READS[call]()


@pytest.mark.parametrize("call", WRITES)
@pytest.mark.parametrize("body", [{}, [], {"ref": "AR-20301", "outcome": "eaten"}, {"accepted": "yes"}])
async def test_a_deed_whose_end_can_not_be_read(answers: Answers, call: str, body: Any) -> None:
    answers.given = [httpx.Response(200, json=body)]
    with raises_unavailable():
        await WRITES[call]()


BRANCH = {"city": "Bandung", "name": "Dago", "address": "Jl. Dago", "opens": "08:30", "closes": "15:30", "days": [1]}


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("transfer", {"ref": "TF-500101", "status": "processing", "sent_on": "2026-01-01"}),
        ("transfer", {"ref": "TF-500101", "status": "failed", "sent_on": "01/02/2026"}),
        ("exchange_rate", {"currency": "USD", "buy_idr": 1, "sell_idr": 0, "unit": 1, "at": "2026-01-01T00:00:00Z"}),
        ("exchange_rate", {"currency": "USD", "buy_idr": 1, "sell_idr": 2, "unit": 1, "at": "2026-01-01T00:00:00"}),
        ("exchange_rate", {"currency": "USD", "buy_idr": 1, "sell_idr": 2, "unit": 1, "at": "now"}),
        ("deposit_rates", {"terms": [1], "savings_percent": 1, "tax_percent": 1, "minimum_idr": 1}),
        ("branches", {"branches": [], "holidays": ["soon"]}),
        ("branches", {"branches": [{"city": "Bandung"}], "holidays": []}),
        ("branches", {"branches": [BRANCH | {"days": []}], "holidays": []}),
        ("branches", {"branches": [BRANCH | {"days": [0, 1]}], "holidays": []}),
    ],
)
async def test_facts_that_make_no_sense(answers: Answers, call: str, body: Any) -> None:
    answers.given = [httpx.Response(200, json=body)]
    with raises_unavailable():
        await READS[call]()


FEES = httpx.Response(200, json=dict.fromkeys(client_side.Fees.__slots__, 1))


@pytest.mark.parametrize(
    "first",
    [
        httpx.Response(503, json={"error": "unavailable"}),
        httpx.Response(429),
        httpx.Response(200, text="<html>"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("closed"),
        httpx.ReadTimeout("slow"),
        None,
    ],
    ids=["503", "429", "no JSON", "refused", "closed", "slow", "never"],
)
async def test_a_reading_is_tried_once_more(answers: Answers, first: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_side, "TIMEOUT_S", 1.0)
    answers.given = [first, FEES]
    assert (await client_side.fees()).bifast_idr == 1
    assert len(answers.requests) == 2


async def test_a_reading_is_not_tried_a_third_time(answers: Answers) -> None:
    answers.given = [httpx.Response(503), httpx.Response(503), FEES]
    with raises_unavailable():
        await client_side.fees()
    assert len(answers.requests) == 2


@pytest.mark.parametrize("first", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), None])
async def test_a_deed_without_an_answer_is_tried_once_more_with_the_same_key(
    answers: Answers, first: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_side, "TIMEOUT_S", 1.0)
    answers.given = [first, httpx.Response(202, json={"accepted": True})]
    assert await client_side.send_link("password_reset", "sari.wulandari@example.com", "one")
    assert [request.headers["idempotency-key"] for request in answers.requests] == ["one", "one"]
    assert answers.requests[0].content == answers.requests[1].content


@pytest.mark.parametrize("first", [httpx.Response(503), httpx.Response(200, text="?"), httpx.ReadError("closed")])
async def test_a_deed_with_an_answer_is_not_tried_again(answers: Answers, first: Any) -> None:
    answers.given = [first, httpx.Response(202, json={"accepted": True})]
    with raises_unavailable():
        await client_side.send_link("password_reset", "sari.wulandari@example.com", "one")
    assert len(answers.requests) == 1


async def test_a_deed_that_was_done_in_silence_is_not_done_twice(
    backoffice: str, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_side, "TIMEOUT_S", 3.0)
    await http.post("/dials", json={"delay_s": 2.5})  # longer than the first try, 2 s
    call = asyncio.create_task(client_side.cancel_order("AR-20301", "4417", "one"))
    await asyncio.sleep(1)
    await http.post("/dials", json={"delay_s": 0})  # what is under way stays slow
    assert await call == client_side.Cancellation("AR-20301", "cancelled")


async def test_in_an_outage_nobody_waits_and_afterwards_one_call_finds_out(
    backoffice: str, http: httpx.AsyncClient, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    service = calls.Service(backoffice, Breaker("the back office", clock=lambda: now[0]))
    monkeypatch.setattr(client_side, "_service", lambda _: service)
    monkeypatch.setattr(client_side, "TIMEOUT_S", 0.3)
    await http.post("/dials", json={"delay_s": 30})
    for call in (*READS.values(),)[:5]:
        with raises_unavailable():
            await call()
    counted.clear()
    began = time.monotonic()
    for call in (*READS.values(), *WRITES.values()):
        with raises_unavailable():
            await call()
    assert time.monotonic() - began < 1
    assert counted == []
    now[0] += 10
    monkeypatch.setattr(client_side, "TIMEOUT_S", 30.0)
    await http.post("/dials", json={"delay_s": 0})
    counted.clear()
    at_once = await asyncio.gather(*(client_side.order("AR-20301") for _ in range(5)), return_exceptions=True)
    assert sum(isinstance(each, client_side.Order) for each in at_once) == 1
    assert len(counted) == 1
    assert await client_side.order("AR-20302")


async def test_an_unknown_reference_is_an_answer_and_opens_nothing(backoffice: str) -> None:
    for _ in range(10):
        assert await client_side.transfer("TF-999999") is None
    assert await client_side.transfer("TF-500101")


async def test_one_record_that_makes_no_sense_opens_nothing_for_the_others(answers: Answers) -> None:
    answers.given = [*[httpx.Response(200, json={"status": "teleported"})] * 10, FEES]
    for _ in range(10):
        with raises_unavailable():
            await client_side.order("AR-20301")
    assert (await client_side.fees()).bifast_idr == 1


async def test_an_outage_is_logged_without_whose_it_was(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        monkeypatch.setenv("BACKOFFICE_URL", f"http://127.0.0.1:{listener.getsockname()[1]}/backoffice")
    with caplog.at_level(logging.INFO):
        for call in (*READS.values(), *WRITES.values()):
            with raises_unavailable():
                await call()
    told = [record.getMessage() for record in caplog.records]
    assert told == ["the back office fails: it is not called for 10 s"]


async def test_calls_share_their_connections(backoffice: str) -> None:
    for ref in range(20301, 20310):
        await client_side.order(f"AR-{ref}")
    pool = calls._clients[asyncio.get_running_loop()]
    assert len(pool._transport._pool.connections) == 1  # type: ignore[attr-defined]


def test_each_event_loop_has_a_pool_of_its_own_and_closed_ones_go() -> None:
    async def pool() -> httpx.AsyncClient:
        assert calls._client() is calls._client()
        return calls._client()

    first, second = asyncio.run(pool()), asyncio.run(pool())
    assert first is not second
    assert first not in calls._clients.values()
