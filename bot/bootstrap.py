"""The one place that chooses implementations. Everything else speaks to ports."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from redis.asyncio import Redis

from bot.adapters import redis_link
from bot.adapters.argon2_passwords import Argon2Passwords
from bot.adapters.embedded_valkey import EmbeddedValkey
from bot.adapters.home_files import HomeFiles
from bot.adapters.prometheus_meter import PrometheusMeter
from bot.adapters.redis_audit import RedisAuditHead, RedisAuditTrail
from bot.adapters.redis_channel_states import RedisChannelStates
from bot.adapters.redis_customers import RedisCustomers
from bot.adapters.redis_events import RedisDeadLetters, RedisEventStream, RedisSignals
from bot.adapters.redis_limits import RedisLimits
from bot.adapters.redis_links import RedisLinks
from bot.adapters.redis_mailbox import RedisMailbox
from bot.adapters.redis_people import RedisAgents, RedisSessions
from bot.adapters.redis_polls import RedisPolls
from bot.adapters.redis_presence import RedisPresence
from bot.adapters.redis_send_log import RedisSendLog
from bot.adapters.redis_store import RedisStore
from bot.adapters.redis_threads import RedisThreads
from bot.adapters.redis_visitor_feed import RedisVisitorFeed
from bot.adapters.sql_archive import SqlArchive
from bot.adapters.sql_customers import SqlCustomers
from bot.adapters.visitor_feed_transport import FeedTransport
from bot.adapters.yaml_desk import read_desk, skills_of
from bot.adapters.yaml_house import read_house
from bot.adapters.yaml_notices import YamlNotices
from bot.adapters.yaml_replies import read_replies
from bot.adapters.yaml_retention import read_retention
from bot.adapters.yaml_wordings import YamlWordings
from bot.core.audit import Seals
from bot.core.house import House
from bot.core.packet import Knowledge
from bot.core.policy import Surfaces
from bot.core.ports import Dialogue, Triage
from bot.core.risk import Policy
from bot.core.routing import DeskRules
from bot.services.approve import Approvals
from bot.services.compose import Speech
from bot.services.converse import Converse
from bot.services.customer import Customers
from bot.services.deliver import Deliver
from bot.services.forget import Forget
from bot.services.handoff import DeskService
from bot.services.people import People
from bot.services.receive import Receive
from bot.services.record import Record
from bot.services.route import Floor
from bot.settings import Settings
from bot.triage.lists import read_labels, read_policy
from channels.base import Channel
from channels.messages import ApprovedTemplate, InboundEvent
from channels.registry import CHANNELS, channel_class, load_channels, read_credentials, section_of

INBOUND = "in"
SANDBOX_CREDENTIALS = "sandbox/credentials.yml"


class SystemClock:
    """Implements ports.Clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class System:
    """Everything over one connection pool. Parts are made when first asked for."""

    settings: Settings
    redis: Redis[bytes]

    @cached_property
    def inbound(self) -> RedisMailbox:
        return RedisMailbox(self.redis, INBOUND)

    def outbox(self, channel: str) -> RedisMailbox:
        return RedisMailbox(self.redis, f"out.{channel}")

    @cached_property
    def store(self) -> RedisStore:
        return RedisStore(self.redis, inbound=INBOUND)

    @cached_property
    def sends(self) -> RedisSendLog:
        return RedisSendLog(self.redis)

    @cached_property
    def dead(self) -> RedisDeadLetters:
        return RedisDeadLetters(self.redis)

    @cached_property
    def events(self) -> RedisEventStream:
        return RedisEventStream(self.redis)

    @cached_property
    def signals(self) -> RedisSignals:
        return RedisSignals(self.redis)

    @cached_property
    def polls(self) -> RedisPolls:
        return RedisPolls(self.redis)

    @cached_property
    def presence(self) -> RedisPresence:
        return RedisPresence(self.redis)

    @cached_property
    def feed(self) -> RedisVisitorFeed:
        return RedisVisitorFeed(self.redis)

    @cached_property
    def sessions(self) -> RedisSessions:
        return RedisSessions(self.redis)

    @cached_property
    def agents(self) -> RedisAgents:
        return RedisAgents(self.redis)

    @cached_property
    def people(self) -> People:
        return People(self.agents, self.sessions, Argon2Passwords(), frozenset(self.desk_rules.skills))

    @cached_property
    def policy(self) -> Policy:
        """What the bot may do about each risk."""
        folder = self.settings.project / "data" / "triage"
        return read_policy(folder, read_labels(folder), self.wordings.names)

    @cached_property
    def desk_rules(self) -> DeskRules:
        return read_desk(self.settings.project / "data" / "desk.yml", CHANNELS, skills_of(self.policy))

    @cached_property
    def floor(self) -> Floor:
        return Floor(self.store, self.agents, self.sessions, self.desk_rules, self.clock)

    @cached_property
    def approvals(self) -> Approvals:
        return Approvals(self.store, self.speech, self.clock)

    @cached_property
    def notices(self) -> YamlNotices:
        return YamlNotices(self.settings.project / "data" / "notices.yml")

    @cached_property
    def wordings(self) -> YamlWordings:
        return YamlWordings(self.settings.project / "data" / "triage" / "wording.yml")

    @cached_property
    def house(self) -> House:
        return read_house(self.settings.project / "data" / "policy.yml")

    @cached_property
    def threads(self) -> RedisThreads:
        return RedisThreads(self.redis)

    @cached_property
    def links(self) -> RedisLinks:
        return RedisLinks(self.redis)

    @cached_property
    def limits(self) -> RedisLimits:
        return RedisLimits(self.redis)

    @cached_property
    def states(self) -> RedisChannelStates:
        return RedisChannelStates(self.redis)

    @cached_property
    def receive(self) -> Receive:
        return Receive(self.inbound, self.threads, self.sends, self.dead, self.states)

    @cached_property
    def speech(self) -> Speech:
        return Speech(self.notices, self.wordings, self.house, self._surfaces, self._private_link, self._templates)

    def _surfaces(self, name: str) -> Surfaces:
        channel = self.channels.get(name)
        return {surface: channel.can(surface) for surface in channel.surfaces} if channel else {}

    def _private_link(self, name: str) -> str:
        channel = self.channels.get(name)
        return channel.private_link() if channel else ""

    def _templates(self, name: str) -> Sequence[ApprovedTemplate]:
        channel = self.channels.get(name)
        return channel.templates() if channel else ()

    async def complete(self, event: InboundEvent) -> InboundEvent:
        """Fetch what a webhook only points at. Raises a SendError."""
        channel = self.channels.get(event.channel)
        return await channel.complete(event) if channel else event

    @cached_property
    def seals(self) -> Seals:
        return Seals(self.settings.secret)

    @cached_property
    def audit_head(self) -> RedisAuditHead:
        return RedisAuditHead(self.redis)

    @cached_property
    def trail(self) -> RedisAuditTrail:
        return RedisAuditTrail(self.redis, self.clock)

    @cached_property
    def archive(self) -> SqlArchive:
        return SqlArchive(self.settings.database_url, self.seals)

    @cached_property
    def live_customers(self) -> RedisCustomers:
        return RedisCustomers(self.redis, inbound=INBOUND)

    @cached_property
    def customers(self) -> Customers:
        files = HomeFiles(self.settings.home)
        kept = SqlCustomers(self.archive)
        return Customers(self.live_customers, kept, files, self.links, self.trail, self.clock)

    @cached_property
    def forget(self) -> Forget:
        retention = read_retention(self.settings.project / "data" / "retention.yml", CHANNELS)
        return Forget(self.live_customers, SqlCustomers(self.archive), retention, self.clock)

    @cached_property
    def meter(self) -> PrometheusMeter:
        return PrometheusMeter()

    @cached_property
    def clock(self) -> SystemClock:
        return SystemClock()

    @property
    def answer_within(self) -> timedelta:
        return timedelta(minutes=self.settings.answer_minutes)

    @cached_property
    def channels(self) -> dict[str, Channel[Any]]:
        """Every channel that credentials.yml sets up; in demo mode also what the sandbox stands in for."""
        environ = {**self.settings.variables, **self.settings.environment()}
        own_feeds = {name: FeedTransport(self.feed) for name in CHANNELS if channel_class(name).delivery == "feed"}
        credentials = read_credentials(self.settings.credentials, environ)
        # Signs visitors' tokens. Not in the file, because stock Rasa reads the same one without our settings.
        defaults: dict[str, dict[str, Any]] = {section_of(name): {"secret": self.settings.secret} for name in own_feeds}
        if self.settings.demo:
            for section, values in read_credentials(self.settings.project / SANDBOX_CREDENTIALS, environ).items():
                if section in defaults:
                    defaults[section].update(values)
                else:  # a section that credentials.yml has itself is never mixed with the sandbox's
                    credentials.setdefault(section, values)
        for section, values in defaults.items():
            if isinstance(credentials.get(section), Mapping):
                credentials[section] = {**values, **credentials[section]}
        return load_channels(credentials, own_feeds)

    async def ill_channels(self) -> Sequence[tuple[str, str, str]]:
        """The channels that need a person: name, what is wrong, what to do."""
        ill = []
        for name in self.channels:
            state = await self.states.read(name, self.clock.now())
            if state.stopped:
                ill.append((name, state.stopped, "See `sigap check`"))
            elif state.health is not None and not state.health.ok:
                ill.append((name, state.health.detail, state.health.fix))
        return ill

    @property
    def set_up(self) -> frozenset[str]:
        """The channels that credentials.yml itself sets up, without those of the demo."""
        environ = {**self.settings.variables, **self.settings.environment()}
        sections = read_credentials(self.settings.credentials, environ)
        return frozenset(name for name in CHANNELS if section_of(name) in sections)

    def webhook_address(self, channel: str) -> str:
        """Where a platform should deliver; "" when this machine has no address that it could reach."""
        # The sandbox runs on this machine.
        base = self.settings.public_url or (self.settings.base_url if self.settings.demo else "")
        return f"{base}/webhooks/{channel}" if base else ""

    @cached_property
    def desk(self) -> DeskService:
        return DeskService(
            self.store, self.sends, self.speech, self.floor, self.signals, self.clock, self.meter,
            self.answer_within, self.settings.brand,
        )  # fmt: skip

    @cached_property
    def knowledge(self) -> Knowledge:
        labels = read_labels(self.settings.project / "data" / "triage")
        return Knowledge(
            house=self.house,
            labels={name: label.title for name, label in labels.items()},
            replies=read_replies(self.settings.project / "data" / "replies.yml", labels),
            badge=self._badge,
        )

    def _badge(self, name: str) -> timedelta | None:
        within = [can.rules.badge for can in self._surfaces(name).values() if can.rules.badge]
        return min(within, default=None)

    def converse(self, dialogue: Dialogue, triage: Triage) -> Converse:
        return Converse(
            self.store, self.sends, dialogue, triage, self.speech, self.floor, self.clock, self.meter,
            self.answer_within,
            self.complete,
        )  # fmt: skip

    def deliver(self, channel: Channel[Any], life: str) -> Deliver:
        return Deliver(
            channel, self.outbox(channel.name), self.store, self.sends, self.threads, self.limits, self.states,
            self.floor, self.speech, self.clock, self.meter, self.answer_within, life,
        )  # fmt: skip

    def record(self) -> Record:
        return Record(self.events, self.archive, self.audit_head)


def redis_url(settings: Settings) -> str:
    """REDIS_URL, or where this installation's embedded Valkey listens."""
    return settings.redis_url or EmbeddedValkey(settings.home).url


@asynccontextmanager
async def connect(settings: Settings) -> AsyncIterator[System]:
    """A System over a connection pool that is closed in the end. Connects on first use."""
    redis = redis_link.connect(redis_url(settings))
    system = System(settings, redis)
    try:
        yield system
    finally:
        for channel in system.__dict__.get("channels", {}).values():
            await channel.close()
        await redis.close()
        await redis.connection_pool.disconnect()
