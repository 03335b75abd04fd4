"""Figures for the operator. Each process keeps its own and leaves a copy in Redis; the gateway shows them all.

So `GET /metrics` of any gateway tells about every process of the deployment, on whichever machine it runs; the
label `process` says which one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families

from bot.core.personal import mask

COUNTERS = {
    "events_in": ("Events accepted from platforms (new ones, after deduplication)", ("channel",)),
    "events_refused": (
        "Requests refused: bad signature, unreadable body, store unavailable",
        ("channel", "why"),
    ),
    "turns": ("Messages that the assistant answered or handed over", ("channel",)),
    "turns_failed": ("Turns that broke and were tried again or given up", ("outcome",)),
    "sends": ("Messages to customers by what became of them", ("channel", "outcome")),
    "findings": ("What triage found in customers' messages", ("label",)),
    "ratings": ("Points that customers gave, 1 to 5", ("score", "of")),
    "handoffs": ("Handoffs to a person", ("reason",)),
    "channel_alarms": ("Channels that fell ill: credentials, subscription, clock", ("channel",)),
}
SECONDS = {
    "acknowledge": ("From a webhook's arrival to its acknowledgement", ("channel",),
                    (0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5)),
    "answer": ("From the customer's message being stored to the answer having left", ("channel",),
               (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300)),
}  # fmt: skip


class PrometheusMeter:
    """Implements ports.Meter."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._counters = {
            name: Counter(f"sigap_{name}", text, labels, registry=self.registry)
            for name, (text, labels) in COUNTERS.items()
        }
        self._seconds = {
            name: Histogram(f"sigap_{name}_seconds", text, labels, registry=self.registry, buckets=buckets)
            for name, (text, labels, buckets) in SECONDS.items()
        }

    def count(self, name: str, amount: int = 1, /, **labels: str) -> None:
        self._counters[name].labels(**_masked(labels)).inc(amount)

    def observe(self, name: str, seconds: float, /, **labels: str) -> None:
        self._seconds[name].labels(**_masked(labels)).observe(seconds)

    def text(self) -> str:
        return generate_latest(self.registry).decode()


def _masked(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels are ours, short and few. Should a customer's words ever get into one, what is personal stays out."""
    return {name: _mask(value) for name, value in labels.items()}


_mask = lru_cache(1024)(mask)


class _Snapshots:
    """A collector over the texts that processes left: the same families, with `process` as one more label."""

    def __init__(self, texts: Iterable[tuple[str, str]]) -> None:
        self._texts = list(texts)

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for process, text in self._texts:
            for family in text_string_to_metric_families(text):
                merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    labels = {**sample.labels, "process": process}
                    merged.add_sample(sample.name, labels, sample.value, timestamp=sample.timestamp)
        yield from families.values()


def exposition(
    snapshots: Iterable[tuple[str, str]], depths: Iterable[tuple[str, int, float]], dead: int, waiting: int
) -> bytes:
    """The whole deployment's metrics. `depths`: (mailbox, messages, oldest age in seconds)."""
    registry = CollectorRegistry()
    registry.register(_Snapshots(snapshots))
    messages = Gauge("sigap_queue_messages", "Messages in mailboxes", ("queue",), registry=registry)
    age = Gauge("sigap_queue_age_seconds", "How long the longest-ready mailbox waits", ("queue",), registry=registry)
    for queue, count, oldest_s in depths:
        messages.labels(queue=queue).set(count)
        age.labels(queue=queue).set(oldest_s)
    Gauge("sigap_dead_letters", "Letters that need a person", registry=registry).set(dead)
    Gauge("sigap_handoffs_waiting", "Conversations waiting for a person", registry=registry).set(waiting)
    return generate_latest(registry)
