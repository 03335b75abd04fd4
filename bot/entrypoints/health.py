"""What the gateway tells operators: /health and /metrics."""

from __future__ import annotations

import asyncio
from importlib.metadata import version
from typing import Any

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, json, raw

from bot.adapters.prometheus_meter import exposition
from bot.bootstrap import System
from bot.core.conversation import Owner
from bot.core.ports import StoreUnavailable

NEEDED = ("gateway", "worker", "courier", "recorder")


def blueprint(system: System) -> Blueprint:
    """`/health`: JSON, 200 while Redis answers, 503 when not. `/metrics`: Prometheus text."""
    pages = Blueprint("health")
    queues = {box.name: box for box in (system.inbound, *(system.outbox(name) for name in system.channels))}

    @pages.route("/health", methods=["GET", "HEAD"])
    async def health(request: Request) -> HTTPResponse:
        report: dict[str, Any] = {"version": version("sigap"), "status": "ok"}
        try:
            beats = await system.presence.alive()
            depths = await asyncio.gather(*(box.depth() for box in queues.values()))
            report["redis"] = "ok"
            report["processes"] = [
                {"process": b.process, "pid": b.pid, "ready": b.ready, "started_at": b.started_at.isoformat(),
                 "last_beat": b.at.isoformat(), "rss_mb": b.rss_mb} for b in beats
            ]  # fmt: skip
            report["queues"] = {
                name: {"messages": d.messages, "conversations": d.conversations, "in_work": d.leased,
                       "delayed": d.delayed, "oldest_s": round(d.oldest_s, 3)}
                for name, d in zip(queues, depths, strict=True)
            }  # fmt: skip
            report["dead_letters"] = await system.dead.count()
            report["waiting_handoffs"] = len(await system.store.owned(Owner.WAITING))
        except StoreUnavailable as error:
            return json({**report, "status": "down", "redis": str(error)}, status=503)
        running = {beat.process.split("/")[-1].split("-")[0] for beat in beats if beat.ready}
        missing = [name for name in NEEDED if name not in running]
        if missing:
            report.update(status="degraded", missing=missing)
        return json(report)

    @pages.get("/metrics")
    async def metrics(request: Request) -> HTTPResponse:
        try:
            snapshots = await system.presence.metrics()
            depths = await asyncio.gather(*(box.depth() for box in queues.values()))
            dead = await system.dead.count()
            waiting = len(await system.store.owned(Owner.WAITING))
        except StoreUnavailable:
            return raw(system.meter.text().encode(), status=503, content_type="text/plain")
        lines = [(name, d.messages, d.oldest_s) for name, d in zip(queues, depths, strict=True)]
        return raw(exposition(snapshots, lines, dead, waiting), content_type="text/plain; version=0.0.4")

    return pages
