from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from bot.adapters.prometheus_meter import PrometheusMeter, exposition


def samples(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


def test_all_processes_are_shown_with_their_names() -> None:
    one, two = PrometheusMeter(), PrometheusMeter()
    one.count("sends", channel="chat", outcome="sent")
    one.count("sends", 2, channel="chat", outcome="sent")
    two.count("sends", channel="chat", outcome="sent")
    two.count("handoffs", reason="urgent")
    one.observe("answer", 0.3, channel="chat")
    two.observe("answer", 40.0, channel="chat")
    text = exposition([("a/courier", one.text()), ("b/courier", two.text())], [], 0, 0)
    found = samples(text)
    sent = {"channel": "chat", "outcome": "sent"}
    assert found[key("sigap_sends_total", process="a/courier", **sent)] == 3
    assert found[key("sigap_sends_total", process="b/courier", **sent)] == 1
    assert found[key("sigap_handoffs_total", process="b/courier", reason="urgent")] == 1
    buckets = {"channel": "chat", "process": "a/courier"}
    assert found[key("sigap_answer_seconds_bucket", le="0.25", **buckets)] == 0
    assert found[key("sigap_answer_seconds_bucket", le="0.5", **buckets)] == 1
    assert found[key("sigap_answer_seconds_count", channel="chat", process="b/courier")] == 1
    assert found[key("sigap_answer_seconds_sum", channel="chat", process="b/courier")] == 40


def test_each_family_is_declared_once_with_its_type() -> None:
    meters = [PrometheusMeter(), PrometheusMeter()]
    for meter in meters:
        meter.count("turns", channel="chat")
    text = exposition([(str(n), meter.text()) for n, meter in enumerate(meters)], [("in", 1, 0.5)], 0, 0).decode()
    types = [line.split()[2:] for line in text.splitlines() if line.startswith("# TYPE")]
    assert len(types) == len({name for name, _ in types})
    assert ["sigap_turns_total", "counter"] in types
    assert ["sigap_answer_seconds", "histogram"] in types
    assert ["sigap_queue_messages", "gauge"] in types


def test_queues_and_what_waits_for_people() -> None:
    found = samples(exposition([], [("in", 12, 3.5), ("out.chat", 0, 0.0)], 2, 4))
    assert found[key("sigap_queue_messages", queue="in")] == 12
    assert found[key("sigap_queue_age_seconds", queue="in")] == 3.5
    assert found[key("sigap_queue_messages", queue="out.chat")] == 0
    assert found[key("sigap_dead_letters")] == 2
    assert found[key("sigap_handoffs_waiting")] == 4


def test_odd_label_values_survive() -> None:
    meter = PrometheusMeter()
    meter.count("handoffs", reason='a "quoted" \\ reason\nof two lines')
    found = samples(exposition([('host "x"\\/worker', meter.text())], [], 0, 0))
    wanted = key("sigap_handoffs_total", reason='a "quoted" \\ reason\nof two lines', process='host "x"\\/worker')
    assert found[wanted] == 1


def test_a_label_never_tells_what_is_personal() -> None:
    meter = PrometheusMeter()
    meter.count("handoffs", reason="call 0812-3456-7890")
    assert "0812" not in meter.text()
    assert "handoffs_total{reason=" in meter.text()
