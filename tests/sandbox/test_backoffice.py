"""The demo back office over real HTTP, on each kind of database it can have."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sanic import Sanic
from sqlalchemy.exc import SQLAlchemyError

from sandbox.app import create_app
from sandbox.backoffice import blueprint, once, reads, writes
from sandbox.backoffice.contacts import normalised
from sandbox.backoffice.store import Store
from sandbox.serve import running

CANCEL = "/orders/AR-20301/cancellation"
DIGITS = {"phone_last4": "4417"}
RESET = {"kind": "password_reset", "contact": "sari.wulandari@example.com"}


@pytest.fixture(params=["memory", "file", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "memory":
        return "sqlite://"
    if request.param == "file":
        return f"sqlite:///{tmp_path / 'backoffice.db'}"
    return str(request.getfixturevalue("postgres_url"))


def app(url: str) -> Sanic:
    app = Sanic(f"backoffice-{uuid4().hex}", configure_logging=False)
    app.config.update(MOTD=False, AUTO_EXTEND=False, ACCESS_LOG=False, BACKOFFICE_DATABASE_URL=url)
    app.blueprint(blueprint)
    return app


def client(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/backoffice", timeout=30, trust_env=False)


@pytest.fixture
async def http(url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with running(app(url)) as port, client(port) as http:
        yield http


async def post(http: httpx.AsyncClient, path: str, body: Any, key: str | None = None) -> tuple[int, Any]:
    answer = await http.post(path, json=body, headers={"Idempotency-Key": key or uuid4().hex})
    return answer.status_code, answer.json()


async def test_cancelling_a_paid_order_asks_for_its_money(http: httpx.AsyncClient) -> None:
    assert await post(http, CANCEL, DIGITS) == (200, {"ref": "AR-20301", "outcome": "cancelled"})
    order = (await http.get("/orders/AR-20301")).json()
    assert order["status"] == "cancelled"
    refund = (await http.get("/orders/AR-20301/refund")).json()
    expected_by = (date.today() + timedelta(days=5)).isoformat()
    assert refund == {"ref": "AR-20301", "status": "requested", "amount_idr": 4999000, "expected_by": expected_by}
    assert await post(http, CANCEL, DIGITS) == (200, {"ref": "AR-20301", "outcome": "already_cancelled"})


async def test_a_packed_order_leaves_no_parcel_behind(http: httpx.AsyncClient) -> None:
    assert (await post(http, "/orders/AR-20320/cancellation", {"phone_last4": "1290"}))[1]["outcome"] == "cancelled"
    assert (await http.get("/orders/AR-20320")).json().keys() == {"ref", "status", "item", "placed_on"}


async def test_cancelling_what_was_to_be_paid_on_delivery_asks_for_nothing(url: str) -> None:
    store = Store(url)
    store.prepare()
    answer = store.read(
        lambda connection: writes.cancel(connection, "AR-20323", digits_of(connection), datetime.now(UTC))
    )
    assert answer == once.Answer(200, {"ref": "AR-20323", "outcome": "cancelled"})
    assert store.read(lambda connection: reads.refund(connection, "AR-20323")) == {"ref": "AR-20323", "status": "none"}
    store.close()


def digits_of(connection: Any, ref: str = "AR-20323") -> str:
    return str(connection.exec_driver_sql(f"SELECT phone_last4 FROM backoffice_orders WHERE ref = '{ref}'").scalar())


async def test_what_was_sent_is_too_late(http: httpx.AsyncClient, url: str) -> None:
    store = Store(url)
    digits = store.read(lambda connection: digits_of(connection, "AR-20305"))
    store.close()
    answer = await post(http, "/orders/AR-20305/cancellation", {"phone_last4": digits})
    assert answer == (200, {"ref": "AR-20305", "outcome": "too_late"})
    assert (await http.get("/orders/AR-20305")).json()["status"] == "shipped"


@pytest.mark.parametrize("ref", ["AR-20301", "AR-20305", "AR-20309"])  # whatever its state
async def test_wrong_digits_learn_nothing_and_change_nothing(http: httpx.AsyncClient, ref: str) -> None:
    before = (await http.get(f"/orders/{ref}")).json()
    answer = await post(http, f"/orders/{ref}/cancellation", {"phone_last4": "0000"})
    assert answer == (403, {"error": "not_matching"})
    assert (await http.get(f"/orders/{ref}")).json() == before


async def test_whoever_guesses_digits_runs_out_of_tries(http: httpx.AsyncClient) -> None:
    for number in range(5):
        assert await post(http, CANCEL, {"phone_last4": f"000{number}"}) == (403, {"error": "not_matching"})
    assert await post(http, CANCEL, DIGITS) == (403, {"error": "not_matching"})
    assert (await http.get("/orders/AR-20301")).json()["status"] == "processing"
    other = await post(http, "/orders/AR-20314/cancellation", {"phone_last4": "8802"})
    assert other == (200, {"ref": "AR-20314", "outcome": "cancelled"})


async def test_the_same_key_gets_the_first_answer_and_does_nothing(http: httpx.AsyncClient) -> None:
    first = await post(http, CANCEL, DIGITS, "one")
    assert first == await post(http, CANCEL, DIGITS, "one") == (200, {"ref": "AR-20301", "outcome": "cancelled"})
    unmatched = await post(http, CANCEL, {"phone_last4": "0000"}, "two")
    assert unmatched == await post(http, CANCEL, {"phone_last4": "0000"}, "two") == (403, {"error": "not_matching"})


@pytest.mark.parametrize(
    ("path", "body"),
    [(CANCEL, {"phone_last4": "4418"}), ("/orders/AR-20314/cancellation", DIGITS), ("/links", RESET)],
    ids=["digits", "order", "another deed"],
)
async def test_a_key_is_for_one_body_and_one_deed(http: httpx.AsyncClient, path: str, body: dict[str, str]) -> None:
    await post(http, CANCEL, DIGITS, "one")
    assert await post(http, path, body, "one") == (422, {"error": "idempotency_key_reused"})
    assert (await http.get("/orders/AR-20314")).json()["status"] == "processing"
    assert (await http.get("/outbox")).json() == {"links": []}


async def test_twenty_at_the_same_time_with_one_key_are_one(http: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(post(http, "/links", RESET, "one") for _ in range(20)))
    assert answers == [(202, {"accepted": True})] * 20
    assert len((await http.get("/outbox")).json()["links"]) == 1
    answers = await asyncio.gather(*(post(http, CANCEL, DIGITS, "two") for _ in range(20)))
    assert answers == [(200, {"ref": "AR-20301", "outcome": "cancelled"})] * 20


async def test_twenty_at_the_same_time_with_their_own_keys_cancel_once(http: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(post(http, CANCEL, DIGITS) for _ in range(20)))
    assert Counter(body["outcome"] for _, body in answers) == {"cancelled": 1, "already_cancelled": 19}


async def test_a_cancellation_waits_for_the_one_before_it(url: str) -> None:
    store = Store(url)
    store.prepare()
    begun = threading.Event()

    def first(connection: Any, now: datetime) -> once.Answer:
        answer = writes.cancel(connection, "AR-20301", "4417", now)
        begun.set()
        time.sleep(0.3)  # not yet committed
        return answer

    def second(connection: Any, now: datetime) -> once.Answer:
        return writes.cancel(connection, "AR-20301", "4417", now)

    under_way = asyncio.create_task(asyncio.to_thread(store.write, "one", "asked", first))
    await asyncio.to_thread(begun.wait, 5)
    assert (await asyncio.to_thread(store.write, "two", "asked", second)).body["outcome"] == "already_cancelled"
    assert (await under_way).body["outcome"] == "cancelled"
    store.close()


async def test_two_bodies_race_for_one_key_and_one_wins(http: httpx.AsyncClient) -> None:
    other = {**RESET, "kind": "address_change"}
    answers = await asyncio.gather(*(post(http, "/links", body, "one") for body in (RESET, other) * 5))
    assert Counter(status for status, _ in answers) == {202: 5, 422: 5}
    assert len((await http.get("/outbox")).json()["links"]) == 1


def test_a_key_is_kept_for_a_day(url: str) -> None:
    now = datetime.now(UTC)
    moments = [now, now + timedelta(hours=23), now + timedelta(hours=25)]
    store = Store(url, now=lambda: moments[0])
    done = []

    def deed(connection: Any, at: datetime) -> once.Answer:
        done.append(at)
        return once.Answer(200, {"times": len(done)})

    assert store.write("key", "asked", deed).body == {"times": 1}
    del moments[0]
    assert store.write("key", "asked", deed).body == {"times": 1}
    del moments[0]
    assert store.write("key", "asked", deed).body == {"times": 2}
    store.close()


def test_a_deed_that_breaks_uses_no_key_up(url: str) -> None:
    store = Store(url)

    def broken(connection: Any, at: datetime) -> once.Answer:
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        store.write("key", "asked", broken)
    assert store.write("key", "asked", lambda *_: once.Answer(200, {})) == once.Answer(200, {})
    store.close()


@pytest.mark.parametrize("path", [CANCEL, "/links"])
async def test_a_write_without_a_usable_key_or_body_is_refused(http: httpx.AsyncClient, path: str) -> None:
    body = DIGITS if path == CANCEL else RESET
    answer = await http.post(path, json=body)
    assert (answer.status_code, answer.json()) == (400, {"error": "idempotency_key_missing"})
    assert await post(http, path, body, "k" * 256) == (400, {"error": "idempotency_key_too_long"})
    assert await post(http, path, ["a list"]) == (400, {"error": "not_a_json_object"})
    answer = await http.post(path, content=b"{", headers={"Idempotency-Key": "k"})
    assert (answer.status_code, answer.json()) == (400, {"error": "not_a_json_object"})


@pytest.mark.parametrize("body", [{}, {"phone_last4": 4417}, {"phone_last4": "441"}, {"phone_last4": "٤٤١٧"}])
async def test_digits_that_are_none_are_refused(http: httpx.AsyncClient, body: dict[str, Any]) -> None:
    assert await post(http, CANCEL, body) == (422, {"error": "malformed_phone_last4"})


async def test_a_link_goes_to_a_known_contact_and_nobody_learns_which_is_known(http: httpx.AsyncClient) -> None:
    for contact in (
        "Sari.Wulandari@Example.com",
        "0812-001-002",
        "+62 812001003",
        "stranger@example.com",
        "+6281299998888",
    ):
        answer = await post(http, "/links", {"kind": "card_freeze", "contact": contact})
        assert answer == (202, {"accepted": True})
    links = (await http.get("/outbox")).json()["links"]
    assert [link["contact"] for link in links] == ["sari.wulandari@example.com", "+62812001002", "+62812001003"]
    assert {link["kind"] for link in links} == {"card_freeze"}


@pytest.mark.parametrize(
    "contact", ["", "sari", "sari@", "@example.com", "sari@example", "12", "a b@example.com", 7, None]
)
async def test_a_malformed_contact_is_refused(http: httpx.AsyncClient, contact: Any) -> None:
    answer = await post(http, "/links", {"kind": "password_reset", "contact": contact})
    assert answer == (422, {"error": "malformed_contact"})


async def test_a_kind_that_does_not_exist_is_refused(http: httpx.AsyncClient) -> None:
    assert await post(http, "/links", {**RESET, "kind": "gift"}) == (422, {"error": "unknown_kind"})


def test_a_contact_has_one_shape() -> None:
    assert normalised(" A@B.Example ") == "a@b.example"
    assert normalised("0812 001 001") == normalised("+62812001001") == "+62812001001"
    assert normalised(f"{'a' * 250}@example.com") is None


async def test_each_state_of_a_transfer_can_be_seen(http: httpx.AsyncClient) -> None:
    states = {ref: (await http.get(f"/transfers/TF-50010{ref}")).json()["status"] for ref in range(1, 9)}
    assert [states[ref] for ref in range(1, 5)] == ["processing", "completed", "failed", "returned"]
    completed = (await http.get("/transfers/TF-500102")).json()
    yesterday = (date.today() - timedelta(days=1)).isoformat()
    assert completed == {
        "ref": "TF-500102",
        "status": "completed",
        "sent_on": yesterday,
        "completed_on": yesterday,
    }


async def test_prices_and_rates(http: httpx.AsyncClient) -> None:
    assert (await http.get("/fees")).json() == {
        "bifast_idr": 2500,
        "bifast_free_a_month": 10,
        "rtgs_idr": 25000,
        "rtgs_from_idr": 100000000,
        "bifast_to_idr": 250000000,
        "ewallet_idr": 1000,
        "international_idr": 75000,
        "atm_other_bank_idr": 7500,
    }
    rates = (await http.get("/rates/deposits")).json()
    assert {term["months"]: term["percent"] for term in rates["terms"]} == {1: 4.0, 3: 4.5, 6: 5.0, 12: 5.25}
    for currency in "USD SGD MYR EUR JPY GBP AUD CNY SAR".split():
        rate = (await http.get(f"/rates/exchange/{currency.lower()}")).json()
        assert rate["currency"] == currency
        assert rate["buy_idr"] < rate["sell_idr"]
        assert rate["unit"] == (100 if currency == "JPY" else 1)
        assert datetime.now(UTC) - datetime.fromisoformat(rate["at"]) < timedelta(minutes=1)
    answer = await http.get("/rates/exchange/XXX")
    assert (answer.status_code, answer.json()) == (404, {"error": "unknown_currency"})


async def test_branches_of_a_city_or_all_and_the_holidays(http: httpx.AsyncClient) -> None:
    everywhere = (await http.get("/branches")).json()
    assert Counter(branch["city"] for branch in everywhere["branches"]) == {"Jakarta": 3, "Bandung": 1, "Surabaya": 1}
    in_jakarta = (await http.get("/branches", params={"city": "JAKARTA"})).json()
    assert len(in_jakarta["branches"]) == 3
    assert (await http.get("/branches", params={"city": "Medan"})).json()["branches"] == []
    assert in_jakarta["holidays"] == everywhere["holidays"] == sorted(everywhere["holidays"])
    assert {"2026-08-17", "2027-08-17", "2026-12-25"} <= set(everywhere["holidays"])


@pytest.mark.parametrize(
    "path", ["/transfers/TF-500101", "/fees", "/rates/deposits", "/rates/exchange/USD", "/branches"]
)
async def test_the_dials_turn_every_reading(http: httpx.AsyncClient, path: str) -> None:
    await http.post("/dials", json={"fail_share": 1})
    answer = await http.get(path)
    assert (answer.status_code, answer.json()) == (503, {"error": "unavailable"})


async def test_a_write_that_fails_by_the_dials_has_not_been_done(http: httpx.AsyncClient) -> None:
    await http.post("/dials", json={"fail_share": 1})
    assert await post(http, CANCEL, DIGITS, "one") == (503, {"error": "unavailable"})
    await http.post("/dials", json={"fail_share": 0})
    assert (await http.get("/orders/AR-20301")).json()["status"] == "processing"
    assert (await post(http, CANCEL, DIGITS, "one"))[1]["outcome"] == "cancelled"


async def test_a_write_whose_answer_is_late_has_been_done(http: httpx.AsyncClient) -> None:
    await http.post("/dials", json={"delay_s": 30})
    with pytest.raises(httpx.ReadTimeout):
        await http.post(CANCEL, json=DIGITS, headers={"Idempotency-Key": "one"}, timeout=1)
    await http.post("/dials", json={"delay_s": 0})
    assert (await http.get("/orders/AR-20301")).json()["status"] == "cancelled"
    assert await post(http, CANCEL, DIGITS, "one") == (200, {"ref": "AR-20301", "outcome": "cancelled"})


@pytest.mark.parametrize("url", ["file", "postgresql"], indirect=True)
async def test_a_database_keeps_what_was_done_and_is_seeded_once(url: str) -> None:
    async with running(app(url)) as port, client(port) as http:
        await post(http, CANCEL, DIGITS, "one")
        await post(http, "/links", RESET)
    async with running(app(url)) as port, client(port) as http:
        assert (await http.get("/orders/AR-20301")).json()["status"] == "cancelled"
        assert await post(http, CANCEL, DIGITS, "one") == (200, {"ref": "AR-20301", "outcome": "cancelled"})
        assert len((await http.get("/outbox")).json()["links"]) == 1


def test_what_is_in_memory_begins_anew_every_day_so_that_the_demo_never_ages() -> None:
    moments = [datetime(2030, 5, 30, 12, tzinfo=UTC)]
    store = Store(now=lambda: moments[0])
    order = lambda: store.read(lambda connection: reads.order(connection, "AR-20311"))  # noqa: E731
    assert order()["eta"] == "2030-06-01"
    store.read(lambda connection: writes.cancel(connection, "AR-20301", "4417", datetime(2030, 5, 30, tzinfo=UTC)))
    moments[0] += timedelta(days=1)
    assert order()["eta"] == "2030-06-02"
    assert store.read(lambda connection: reads.order(connection, "AR-20301"))["status"] == "processing"
    store.close()


async def test_a_database_that_is_away_is_an_outage_and_no_wrong_answer() -> None:
    async with running(app("postgresql://nobody@127.0.0.1:1/none")) as port, client(port) as http:
        for answer in (await http.get("/fees"), await http.get("/outbox")):
            assert (answer.status_code, answer.json()) == (503, {"error": "unavailable"})
        assert await post(http, CANCEL, DIGITS) == (503, {"error": "unavailable"})


@pytest.mark.parametrize("url", ["nonsense", "nosuch://h/db"], indirect=False)
async def test_an_address_that_is_none_stops_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="BACKOFFICE_DATABASE_URL"):
        async with running(app(url)):
            pass


def test_a_folder_that_does_not_exist_is_a_database_that_is_away() -> None:
    with pytest.raises(SQLAlchemyError):
        Store("sqlite:////no/such/folder/backoffice.db").prepare()


async def test_the_whole_sandbox_starts_with_nothing_configured() -> None:
    async with running(create_app()) as port, client(port) as http:
        assert (await http.get("/orders/AR-20301")).json()["status"] == "processing"
