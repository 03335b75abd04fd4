"""The same signed webhooks of Facebook to a stock Rasa server and to Sigap, then as many as our gateway takes.

    make bench-webhooks

One request with 50 messages of 50 customers goes to `rasa run` with its own facebook channel, and to Sigap, both with
the same model; then the same request again, as Meta repeats what it was not sure of. Counted is what customers get.
Then our gateway, alone with its Valkey: how long it takes to store and acknowledge 500 events a second, and one request
with 1,000 events.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from threading import Lock, Thread
from typing import Any
from uuid import uuid4

import aiohttp
import httpx
import msgspec
from rich.console import Console
from rich.table import Table

from bot import bootstrap
from bot import settings as settings_module
from bot.adapters.embedded_valkey import EmbeddedValkey
from bot.settings import PROJECT
from tests.scenarios.harness import TRAINED, Sigap, free_port

PAGE, SECRET = "100200300", "sandbox-facebook-secret"  # as in sandbox/credentials.yml
TEXT = "what does a transfer to another bank cost?"
CUSTOMERS = 50
START_S, QUIET_S, AT_MOST_S = 180.0, 5.0, 120.0
LOAD_S, EVENTS_A_SECOND, EVENTS_A_REQUEST = 10.0, 500, 10
WHOLE = 1000


class Outcome(msgspec.Struct):
    """What became of one request that was sent twice. `acknowledged_ms`: until its answer came."""

    status: int
    acknowledged_ms: float
    answered: int
    duplicates: int


def main() -> int:
    with TemporaryDirectory(prefix="sigap") as folder:
        console = Console(stderr=True)
        with console.status("stock Rasa …"):
            stock = stock_rasa(Path(folder))
        with console.status("Sigap …"):
            ours = sigap(Path(folder) / "home")
        with console.status("load …"):
            waits, kept, whole_ms, whole = gateway_load(Path(folder) / "gateway")
    table = Table("", "answered", "acknowledged after", "duplicates after a retry", title="One request, 50 customers")
    for name, found in (("stock Rasa 3.6, facebook channel", stock), ("Sigap", ours)):
        ms = f"{found.acknowledged_ms:.0f} ms (HTTP {found.status})"
        table.add_row(name, f"{found.answered} of {CUSTOMERS}", ms, str(found.duplicates))
    p50, p99 = percentile(waits, 50), percentile(waits, 99)
    load = Table("our gateway", "measured", "to reach", title="Acknowledgement")
    load.add_row(f"{EVENTS_A_SECOND} events a second, {EVENTS_A_REQUEST} a request, p50", f"{p50:.1f} ms", "≤ 3 ms")
    load.add_row("the same, p99", f"{p99:.1f} ms", "≤ 20 ms")
    sent = round(LOAD_S * EVENTS_A_SECOND)
    load.add_row("stored of what was sent", f"{kept} of {sent}", "all")
    load.add_row(f"one request with {WHOLE} events", f"{whole} stored in {whole_ms:.0f} ms", "all")
    Console(width=120).print(table, load)
    print(
        f"figure: rasa_answered={stock.answered} rasa_ack_ms={stock.acknowledged_ms:.0f} "
        f"rasa_duplicates={stock.duplicates} answered={ours.answered} ack_ms={ours.acknowledged_ms:.0f} "
        f"duplicates={ours.duplicates} load_p50_ms={p50:.1f} load_p99_ms={p99:.1f} load_stored={kept}/{sent} "
        f"whole_stored={whole}/{WHOLE} whole_ms={whole_ms:.0f}"
    )
    return int(ours.answered != CUSTOMERS or bool(ours.duplicates) or kept != sent or whole != WHOLE)


# ---- what Meta would send ------------------------------------------------------------------------------


def batch(customers: Sequence[str]) -> bytes:
    """One request with a message of each customer. An entry holds one messaging item, as Meta documents it."""
    at = int(time.time() * 1000)
    entries = [
        {
            "id": PAGE,
            "time": at,
            "messaging": [
                {
                    "sender": {"id": customer},
                    "recipient": {"id": PAGE},
                    "timestamp": at,
                    "message": {"mid": f"m_{uuid4().hex}", "text": TEXT},
                }
            ],
        }
        for customer in customers
    ]
    return json.dumps({"object": "page", "entry": entries}, separators=(",", ":")).encode()


def signed(body: bytes) -> dict[str, str]:
    """Both of Meta's signatures: Rasa reads the older one, Sigap the newer."""
    new = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    old = hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()
    return {
        "content-type": "application/json",
        "x-hub-signature-256": f"sha256={new}",
        "x-hub-signature": f"sha1={old}",
    }


def put(url: str, customers: Sequence[str], answers: Callable[[], Counter[str]]) -> Outcome:
    """Send one request, wait for the answers, send it again. `answers`: messages that each customer has got."""
    body = batch(customers)
    began = time.monotonic()
    first = httpx.post(url, content=body, headers=signed(body), timeout=120, trust_env=False)
    acknowledged_ms = (time.monotonic() - began) * 1000
    before = settled(answers)
    httpx.post(url, content=body, headers=signed(body), timeout=120, trust_env=False)
    after = settled(answers)
    return Outcome(first.status_code, acknowledged_ms, len(before), (after - before).total())


def settled(answers: Callable[[], Counter[str]]) -> Counter[str]:
    """The answers, when nothing new has come for a while."""
    deadline = time.monotonic() + AT_MOST_S
    found, since = answers(), time.monotonic()
    while time.monotonic() < deadline and time.monotonic() - since < QUIET_S:
        time.sleep(0.3)
        if (now := answers()) != found:
            found, since = now, time.monotonic()
    return found


# ---- stock Rasa ----------------------------------------------------------------------------------------


def stock_rasa(folder: Path) -> Outcome:
    port, actions_port = free_port(), free_port()
    credentials, endpoints = folder / "stock.yml", folder / "endpoints.yml"
    credentials.write_text(json.dumps({"facebook": {"verify": "v", "secret": SECRET, "page-access-token": "t"}}))
    endpoints.write_text(json.dumps({"action_endpoint": {"url": f"http://127.0.0.1:{actions_port}/webhook"}}))
    home = folder / "stock"
    with Sigap(home) as backoffice, graph() as (graph_url, answers):
        # Its custom actions ask the same back office.
        environment = {**backoffice.environment, "STOCK_RASA_GRAPH_URL": graph_url}
        environment["BACKOFFICE_URL"] = f"{backoffice.sandbox_url}/backoffice"
        rasa = [sys.executable, "-W", "ignore", "-m", "benchmarks.stock_rasa"]
        actions = [*rasa, "run", "actions", "--actions", "actions", "--port", str(actions_port)]
        model = str(TRAINED / "assistant.tar.gz")
        server = [*rasa, "run", "--model", model, "--port", str(port), "--interface", "127.0.0.1"]
        server += ["--credentials", str(credentials), "--endpoints", str(endpoints)]
        with running(actions, environment, folder / "actions.log"), running(server, environment, folder / "rasa.log"):
            await_up(f"http://127.0.0.1:{actions_port}/health", folder / "actions.log")
            await_up(f"http://127.0.0.1:{port}/webhooks/facebook/", folder / "rasa.log")
            customers = [f"90000000000000{number:03}" for number in range(CUSTOMERS)]
            return put(f"http://127.0.0.1:{port}/webhooks/facebook/webhook", customers, answers)


@contextmanager
def graph() -> Iterator[tuple[str, Callable[[], Counter[str]]]]:
    """As much of the Graph API as Rasa calls: it takes messages, and counts them by recipient."""
    got: Counter[str] = Counter()
    lock = Lock()

    class Graph(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length", 0))) or b"{}")
            recipient = str(body.get("recipient", {}).get("id", ""))
            if body.get("message"):
                with lock:
                    got[recipient] += 1
            answer = json.dumps({"recipient_id": recipient, "message_id": f"m_{uuid4().hex}"}).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    def answers() -> Counter[str]:
        with lock:
            return Counter(got)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Graph)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", answers
    finally:
        server.shutdown()


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=out, stderr=out)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_up(url: str, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        try:
            if httpx.get(url, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.3)
    sys.exit(f"{url} never came up\n{log.read_text(errors='replace')[-2000:]}")


# ---- Sigap ---------------------------------------------------------------------------------------------


def sigap(home: Path) -> Outcome:
    with Sigap(home) as system, httpx.Client(trust_env=False, timeout=30) as client:
        social = f"{system.sandbox_url}/sandbox/api/social/facebook"
        # The stand-in knows nothing of messages that it did not deliver itself.
        client.post(f"{social}/dials", json={"window_check": False}).raise_for_status()
        joined = [client.post(f"{social}/join", json={}).json()["id"] for _ in range(CUSTOMERS)]

        def answers() -> Counter[str]:
            items: list[dict[str, Any]] = []
            while page := client.get(f"{social}/feed", params={"after": items[-1]["seq"] if items else 0}).json():
                items += page["items"]
                if not page["items"]:
                    break
            return Counter(item["customer"] for item in items if item["change"] == "new" and item["author"] == "brand")

        # In Messenger a person has another id than under the Page's posts.
        return put(f"{system.url}/webhooks/facebook", [f"7{person}" for person in joined], answers)


# ---- load ----------------------------------------------------------------------------------------------


def gateway_load(home: Path) -> tuple[list[float], int, float, int]:
    """Waits in ms, events stored of the load; ms and events stored of one big request."""
    home.mkdir()
    port = free_port()
    own = {"SIGAP_HOME": str(home), "SIGAP_PORT": str(port), "SIGAP_DEMO": "1", "REDIS_URL": ""}
    environment = {**{key: value for key, value in os.environ.items() if not key.startswith("SIGAP_")}, **own}
    valkey = EmbeddedValkey(home)
    valkey.prepare()
    server = subprocess.Popen(valkey.command())
    try:
        valkey.await_ready()
        with running([sys.executable, "-m", "bot.cli", "gateway"], environment, home / "gateway.log"):
            await_up(f"http://127.0.0.1:{port}/health", home / "gateway.log")
            return asyncio.run(_load(f"http://127.0.0.1:{port}/webhooks/facebook", environment))
    finally:
        server.terminate()
        server.wait()
        valkey.release()


async def _load(url: str, environment: dict[str, str]) -> tuple[list[float], int, float, int]:
    settings = settings_module.load(environment, dotenv=Path("none"))
    async with bootstrap.connect(settings) as system, aiohttp.ClientSession() as session:
        for warm in _bodies(EVENTS_A_SECOND, EVENTS_A_REQUEST):
            await _post(session, url, *warm)
        bodies = _bodies(round(LOAD_S * EVENTS_A_SECOND), EVENTS_A_REQUEST)
        before = (await system.inbound.depth()).messages
        pause = EVENTS_A_REQUEST / EVENTS_A_SECOND
        waits = await asyncio.gather(
            *(_at(number * pause, _post(session, url, *body)) for number, body in enumerate(bodies))
        )
        loaded = (await system.inbound.depth()).messages
        [whole] = _bodies(WHOLE, WHOLE)
        whole_ms = await _post(session, url, *whole)
        return waits, loaded - before, whole_ms, (await system.inbound.depth()).messages - loaded


def _bodies(events: int, each: int) -> list[tuple[bytes, dict[str, str]]]:
    bodies = [batch([f"8{uuid4().int % 10**16:016}" for _ in range(each)]) for _ in range(events // each)]
    return [(body, signed(body)) for body in bodies]


async def _at(seconds: float, post: Any) -> float:
    """At its time, however long the others take: a platform does not wait for us."""
    await asyncio.sleep(seconds)
    return float(await post)


async def _post(session: aiohttp.ClientSession, url: str, body: bytes, headers: dict[str, str]) -> float:
    """Milliseconds until it was acknowledged."""
    began = time.perf_counter()
    async with session.post(url, data=body, headers=headers) as answer:
        await answer.read()
        answer.raise_for_status()
    return (time.perf_counter() - began) * 1000


def percentile(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]


if __name__ == "__main__":
    sys.exit(main())
