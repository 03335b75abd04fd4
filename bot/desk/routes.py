"""The desk's addresses. Each handler reads the request, calls one thing and says what came of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
from sanic import Blueprint, HTTPResponse, Request, response

from bot.core.archive_ports import ArchiveUnavailable
from bot.core.conversation import Conversation, Owner
from bot.core.ports import Agent, StoreUnavailable
from bot.core.transcript import fold
from bot.desk.door import DeskDoor
from bot.desk.feed import Feed, frame
from bot.desk.packets import Packets
from bot.desk.pages import LANGUAGE_COOKIE, Pages, protect
from bot.desk.people import SESSION_COOKIE, VISIT_COOKIE, People, Refusal, csrf_token, new_visit
from bot.desk.views import View, conversation_view, may_free, ways_view
from bot.desk.words import CATALOGUE, LANGUAGES
from bot.services.approve import may_approve
from bot.services.people import TooManyAttempts, WrongLogin
from channels.messages import Surface

TEXT_MAX = 8_000  # characters of a reply or a note; the platform's own limit is kept where it is sent
HISTORY_SHOWN = 50
MOST_PARAMETERS = 10
RECHECK_S = 2.0  # a live feed looks this often whether its agent may still see it


class Ask(msgspec.Struct, forbid_unknown_fields=True):
    """What a page's script posts. `client_id` names one submit of a reply, so that a repeat does no harm."""

    key: str
    text: str = ""
    client_id: str = ""
    surface: Surface | None = None
    template: str = ""
    template_language: str = ""
    parameters: list[str] = []
    proposal: str = ""
    version: int = 0
    name: str = ""  # of a slot
    other: str = ""  # another conversation's key


def blueprint(door: DeskDoor) -> Blueprint:
    """The desk under /desk, ready to be given to a Sanic app."""
    desk = Desk(door)
    page, api, anybody = desk.people.page, desk.people.api, desk.people.anybody
    prints = Blueprint("desk", url_prefix="/desk")
    for path, methods, handler in (
        ("/", ["GET"], page(desk.home)),
        ("/login", ["GET"], anybody(desk.login_page)),
        ("/login", ["POST"], anybody(desk.log_in)),
        ("/logout", ["POST"], page(desk.log_out)),
        ("/language", ["GET"], anybody(desk.choose_language)),
        ("/history", ["GET"], page(desk.history)),
        ("/events", ["GET"], desk.people.stream(desk.events)),
        ("/api/start", ["GET"], api(desk.start)),
        ("/api/conversation", ["GET"], api(desk.conversation)),
        ("/api/claim", ["POST"], api(desk.claim)),
        ("/api/reply", ["POST"], api(desk.reply)),
        ("/api/template", ["POST"], api(desk.send_template)),
        ("/api/channels", ["GET"], api(desk.channels)),
        ("/api/note", ["POST"], api(desk.note)),
        ("/api/give_back", ["POST"], api(desk.give_back)),
        ("/api/close", ["POST"], api(desk.close)),
        ("/api/release", ["POST"], api(desk.release)),
        ("/api/typing", ["POST"], api(desk.typing)),
        ("/api/next", ["POST"], api(desk.claim_next)),
        ("/api/approve", ["POST"], api(desk.approve)),
        ("/api/override", ["POST"], api(desk.override)),
        ("/api/reject", ["POST"], api(desk.reject)),
        ("/api/more", ["GET"], api(desk.packets.more)),
        ("/api/reveal", ["POST"], api(desk.reveal)),
        ("/api/link", ["POST"], api(desk.link)),
        ("/api/unlink", ["POST"], api(desk.unlink)),
    ):
        prints.add_route(handler, path, methods=methods, name=f"{methods[0].lower()}{path.replace('/', '_')}")
    prints.static("/static", str(Path(__file__).parent / "static"), name="static")
    prints.middleware("response")(protect)
    return prints


class Desk:
    def __init__(self, door: DeskDoor) -> None:
        self.door = door
        self.pages = Pages()
        self.people = People(door, self.pages)
        self.feed = Feed(door.store, door.events, door.clock)
        self.packets = Packets(door)

    # ---- logging in and out ----

    async def login_page(self, request: Request) -> HTTPResponse:
        if await self.people.agent(request) is not None:
            return response.redirect("/desk/")
        return self._login_form(request)

    async def log_in(self, request: Request) -> HTTPResponse:
        try:
            self.people.check_csrf(request, request.cookies.get(VISIT_COOKIE, ""))
            form = request.form or {}
            login, password = form.get("login") or "", form.get("password") or ""
            address = request.remote_addr or request.ip
            token = await self.door.people.log_in(login, password, address)
            await self.door.trail.note(login.strip().lower(), "logged_in")
        except WrongLogin:
            return self._login_form(request, "login.wrong", 401)
        except TooManyAttempts:
            return self._login_form(request, "login.too_many", 429)
        except Refusal:
            return self._login_form(request, "login.expired", 403)  # an old tab, or a browser without cookies
        answer = response.redirect("/desk/")
        self.people.set_cookie(request, answer, SESSION_COOKIE, token)
        self.people.set_cookie(request, answer, VISIT_COOKIE, "")
        return answer

    def _login_form(self, request: Request, problem: str = "", status: int = 200) -> HTTPResponse:
        visit = request.cookies.get(VISIT_COOKIE) or new_visit()
        answer = self.pages.html(
            request, "login.html", status, problem=problem, csrf=csrf_token(visit),
            demo=self.door.demo_logins, login=((request.form or {}).get("login") or "") if problem else "",
        )  # fmt: skip
        self.people.set_cookie(request, answer, VISIT_COOKIE, visit)
        return answer

    async def log_out(self, request: Request, agent: Agent) -> HTTPResponse:
        await self.door.people.log_out(request.cookies.get(SESSION_COOKIE, ""))
        answer = response.redirect("/desk/login")
        self.people.set_cookie(request, answer, SESSION_COOKIE, "")
        return answer

    async def choose_language(self, request: Request) -> HTTPResponse:
        """Remembers the language and goes back to the page; only to a page of the desk."""
        back = request.args.get("back", "")
        answer = response.redirect(back if back.startswith("/desk/") else "/desk/")
        language = request.args.get("to", "")
        if language in LANGUAGES:
            self.people.set_cookie(request, answer, LANGUAGE_COOKIE, language)
            answer.cookies[LANGUAGE_COOKIE]["max-age"] = 365 * 24 * 3600
        return answer

    # ---- pages ----

    async def home(self, request: Request, agent: Agent) -> HTTPResponse:
        csrf = csrf_token(request.cookies[SESSION_COOKIE])
        return self.pages.html(request, "desk.html", agent=agent, csrf=csrf)

    async def history(self, request: Request, agent: Agent) -> HTTPResponse:
        words = request.args.get("q", "").strip()[:200]
        problem = ""
        await self.door.trail.note(agent.agent_id, "searched" if words else "saw_history")
        try:
            found = await asyncio.to_thread(self.door.archive.search, words, HISTORY_SHOWN)
            for row in found:
                await self.door.trail.note(agent.agent_id, "found", row["key"])
        except ArchiveUnavailable:  # its own database; the rest of the desk works without it
            found, problem = [], "history.unavailable"
        csrf = csrf_token(request.cookies[SESSION_COOKIE])
        return self.pages.html(
            request, "history.html", 503 if problem else 200,
            agent=agent, csrf=csrf, words=words, found=found, problem=problem,
        )  # fmt: skip

    # ---- the live feed ----

    async def events(self, request: Request, agent: Agent) -> None:
        token = request.cookies[SESSION_COOKIE]
        stream = await request.respond(
            content_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
        clock = asyncio.get_running_loop().time
        checked = seen = float("-inf")
        async with self.feed.open(request.args.get("open", "")) as desk:
            await stream.send(b"retry: 2000\n\n")
            while True:
                try:
                    message = await asyncio.wait_for(desk.frames.get(), self.door.heartbeat_s)
                except TimeoutError:
                    message = frame("alive", {})
                try:
                    if clock() - checked >= min(RECHECK_S, self.door.heartbeat_s):
                        checked = clock()
                        if await self.door.people.agent_for(token, active=False) is None:
                            await stream.send(frame("logged_out", {}))
                            return
                    if clock() - seen >= self.door.heartbeat_s:
                        seen = clock()
                        await self.door.people.seen(agent)
                except StoreUnavailable:
                    message = frame("trouble", {})
                await stream.send(message)

    # ---- what the page's scripts ask for ----

    async def start(self, request: Request, agent: Agent) -> View:
        language = self.pages.language(request)
        return {
            "me": {
                "id": agent.agent_id,
                "name": agent.name,
                "role": agent.role,
                "approves": may_approve(agent),
            },
            "language": language,
            "words": {**CATALOGUE[language], **self._label_words(language)},
        }

    def _label_words(self, language: str) -> View:
        """Labels and skills are the brand's own lists, so their titles come from there."""
        labels = {f"risk.{name}": titles[language] for name, titles in self.door.knowledge.labels.items()}
        skills = {f"skill.{name}": titles[language] for name, titles in self.door.floor.rules.skills.items()}
        return {**labels, **skills}

    async def conversation(self, request: Request, agent: Agent) -> View:
        key = request.args.get("key", "")
        conversation = await self._find(key)
        await self.packets.see(agent, key)
        lines = fold(await self.door.store.log(key))
        view = {
            **conversation_view(conversation, lines, agent),
            **await self.packets.view(conversation, lines, agent),
        }
        ways = ways_view(self.door.desk.outlook(conversation), self.door.desk.templates(conversation))
        return {**view, **ways, "now": self.door.clock.now()}

    async def claim(self, request: Request, agent: Agent) -> View:
        ask = await self._asked(request)
        await self.door.desk.claim(ask.key, agent)
        return {}

    async def reply(self, request: Request, agent: Agent) -> View:
        ask = await self._asked(request, text=True)
        if not 0 < len(ask.client_id) <= 64:
            raise Refusal(400, "request")
        desk = self.door.desk
        message_id = await desk.reply(ask.key, agent, ask.text, ask.client_id, surface=ask.surface)
        waiting = (await self._find(ask.key)).proposal
        return {"message_id": message_id, "proposed": waiting is not None and waiting.agent_id == agent.agent_id}

    async def send_template(self, request: Request, agent: Agent) -> View:
        """An approved template, where the reply window is closed."""
        ask = await self._asked(request)
        if not 0 < len(ask.client_id) <= 64 or len(ask.parameters) > MOST_PARAMETERS:
            raise Refusal(400, "request")
        message_id = await self.door.desk.send_template(
            ask.key, agent, ask.template, ask.template_language, ask.parameters, ask.client_id
        )
        return {"message_id": message_id}

    async def channels(self, request: Request, agent: Agent) -> View:
        """The channels that need somebody to look after them."""
        return {"ill": [{"channel": name, "detail": why, "fix": fix} for name, why, fix in await self.door.ill()]}

    async def claim_next(self, request: Request, agent: Agent) -> View:
        """The most urgent handoff that is for this person."""
        taken = await self.door.desk.claim_next(agent)
        if taken is None:
            raise Refusal(404, "nothing_waits")
        return {"key": taken.key}

    async def approve(self, request: Request, agent: Agent) -> View:
        ask = await self._asked(request)
        return {"message_id": await self.door.approvals.approve(ask.key, agent, ask.proposal, ask.version)}

    async def override(self, request: Request, agent: Agent) -> View:
        """A supervisor's urgent decision; `text` says why."""
        ask = await self._asked(request, text=True)
        decided = await self.door.approvals.override(ask.key, agent, ask.proposal, ask.version, ask.text)
        return {"message_id": decided}

    async def reject(self, request: Request, agent: Agent) -> View:
        """Not like this, or taken back by its author."""
        ask = await self._asked(request)
        await self.door.approvals.reject(ask.key, agent, ask.proposal, ask.version, ask.text)
        return {}

    async def reveal(self, request: Request, agent: Agent) -> View:
        ask = await self._asked(request)
        return await self.packets.reveal(agent, await self._find(ask.key), ask.name)

    async def link(self, request: Request, agent: Agent) -> View:
        ask = await self._asked(request)
        return await self.packets.link(agent, ask.key, ask.other, linked=True)

    async def unlink(self, request: Request, agent: Agent) -> View:
        ask = await self._asked(request)
        return await self.packets.link(agent, ask.key, ask.other, linked=False)

    async def note(self, request: Request, agent: Agent) -> View:
        ask = await self._asked(request, text=True)
        await self.door.desk.note(ask.key, agent, ask.text)
        return {}

    async def give_back(self, request: Request, agent: Agent) -> View:
        ask = await self._asked(request)
        await self.door.desk.give_back(ask.key, agent)
        return {}

    async def close(self, request: Request, agent: Agent) -> View:
        ask = await self._asked(request)
        await self.door.desk.close(ask.key, agent)
        return {}

    async def release(self, request: Request, agent: Agent) -> View:
        """Back into the queue. See views.may_free for whose."""
        ask = await self._asked(request)
        conversation = await self._find(ask.key)
        holder = None
        if conversation.owner is Owner.HUMAN and conversation.agent_id != agent.agent_id:
            if not may_free(conversation, agent):
                raise Refusal(403, "supervisors_only")
            holder = conversation.agent_id
        await self.door.desk.release(ask.key, agent, holder)
        return {}

    async def typing(self, request: Request, agent: Agent) -> View:
        ask = await self._asked(request)
        await self.door.desk.typing(ask.key, agent)
        return {}

    async def _asked(self, request: Request, *, text: bool = False) -> Ask:
        """The posted question about a conversation that exists, with words in it where `text` says so."""
        try:
            ask: Ask = msgspec.json.decode(request.body, type=Ask)
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise Refusal(400, "request") from None
        if text and not ask.text.strip():
            raise Refusal(400, "empty")
        if len(ask.text) > TEXT_MAX:
            raise Refusal(400, "too_long", limit=TEXT_MAX)
        await self._find(ask.key)
        return ask

    async def _find(self, key: str) -> Conversation:
        conversation = (await self.door.store.load(key)).conversation if key else None
        if conversation is None:
            raise Refusal(404, "not_found")
        return conversation
