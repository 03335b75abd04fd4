"""Who gets in, who is refused, and what the desk never gives away."""

from __future__ import annotations

import dataclasses

import pytest

from bot.services import people as people_service
from tests.desk.room import PASSWORD, Room, serving

HOSTILE = '<script>alert(1)</script><img src=x onerror="alert(2)">'


async def test_a_right_login_opens_the_desk_and_a_log_out_closes_it(room: Room) -> None:
    async with room.browser("dina") as dina:
        assert "Dina Lestari" in (await dina.http.get("/desk/")).text
        answer = await dina.http.post("/desk/logout", data={"csrf": dina.csrf})
        assert answer.headers["location"] == "/desk/login"
        assert (await dina.http.get("/desk/")).headers["location"] == "/desk/login"
        assert (await dina.http.get("/desk/api/start")).status_code == 401


async def test_a_log_out_ends_the_session_itself_and_not_only_the_cookie(room: Room) -> None:
    async with room.browser("dina") as dina:
        cookie = dina.http.cookies["sigap_desk"]
        await dina.http.post("/desk/logout", data={"csrf": dina.csrf})
        answer = await dina.http.get("/desk/api/start", headers={"Cookie": f"sigap_desk={cookie}"})
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("login", "password"), [("dina", "wrong"), ("nobody", PASSWORD), ("", ""), ("DROP TABLE", "x")]
)
async def test_a_wrong_login_never_tells_which_part_was_wrong(room: Room, login: str, password: str) -> None:
    async with room.browser() as browser:
        answer = await browser.log_in(login, password)
        assert answer.status_code == 401
        assert "Check the login name and the password" in answer.text
        assert "sigap_desk" not in answer.cookies


async def test_guessing_is_braked_even_with_the_right_password(room: Room) -> None:
    async with room.browser() as guesser:
        for _ in range(people_service.PAIR_MAX):
            assert (await guesser.log_in("dina", "wrong")).status_code == 401
        assert (await guesser.log_in("dina")).status_code == 429
        assert "Too many attempts" in (await guesser.log_in("dina")).text
        assert (await guesser.log_in("budi")).status_code == 302  # a colleague at the same address still gets in


async def test_cookies_stay_away_from_scripts_and_other_sites(room: Room) -> None:
    async with room.browser() as browser:
        set_cookie = (await browser.log_in("dina")).headers.get_list("set-cookie")
        session = next(line for line in set_cookie if line.startswith("sigap_desk="))
        assert "HttpOnly" in session
        assert "samesite=strict" in session.lower()
        assert "secure" not in session.lower()  # plain http: the browser would drop it


async def test_cookies_are_secure_behind_https() -> None:
    room = Room()
    await room.staff()
    room.door = dataclasses.replace(room.door, secure_cookies=True)
    async with serving(room), room.browser() as browser:
        for line in (await browser.http.get("/desk/login")).headers.get_list("set-cookie"):
            assert "secure" in line.lower()


async def test_a_post_without_its_token_changes_nothing(room: Room) -> None:
    key = await room.customer("Dewi", "halo")
    async with room.browser("dina") as dina, room.browser("budi") as budi:
        for token in ("", "0" * 64, budi.csrf):
            answer = await dina.ask("claim", key, csrf=token)
            assert answer.status_code == 403
            assert answer.json()["error"] == "csrf"
        assert (await dina.http.post("/desk/logout", data={"csrf": "no"})).status_code == 403
        assert (await dina.http.post("/desk/login", data={"login": "dina", "password": PASSWORD})).status_code == 403
        assert (await room.conversation(key)).owner == "waiting"
        assert (await dina.http.get("/desk/api/start")).status_code == 200


@pytest.mark.parametrize("action", ["claim", "reply", "template", "note", "give_back", "close", "release", "typing"])
async def test_nobody_acts_without_logging_in(room: Room, action: str) -> None:
    key = await room.customer("Dewi", "halo")
    async with room.browser() as stranger:
        answer = await stranger.ask(action, key, text="hi", client_id="1")
        assert answer.status_code == 401
        assert (await stranger.http.get("/desk/events")).status_code == 401
        assert (await stranger.http.get("/desk/api/channels")).status_code == 401
        assert (await stranger.http.get("/desk/history")).headers["location"] == "/desk/login"
    assert (await room.conversation(key)).owner == "waiting"


async def test_a_disabled_agent_is_thrown_out_at_once(room: Room) -> None:
    async with room.browser("dina") as dina, dina.live() as feed:
        await feed.next("board")
        await room.people.disable("dina")
        assert (await dina.http.get("/desk/api/start")).status_code == 401
        assert (await dina.http.get("/desk/")).headers["location"] == "/desk/login"
        assert await feed.next("logged_out", within_s=3) == {}
        assert (await dina.log_in("dina")).status_code == 401


async def test_only_a_supervisor_frees_a_colleagues_conversation(room: Room) -> None:
    key = await room.customer("Dewi", "halo")
    async with room.browser("dina") as dina, room.browser("budi") as budi, room.browser("sari") as sari:
        assert (await dina.ask("claim", key)).status_code == 200
        assert "release" not in (await budi.read(key))["may"]
        refused = await budi.ask("release", key)
        assert (refused.status_code, refused.json()["error"]) == (403, "supervisors_only")
        assert (await room.conversation(key)).agent_id == "dina"
        assert "release" in (await sari.read(key))["may"]
        assert (await sari.ask("release", key)).status_code == 200
        assert (await room.conversation(key)).owner == "waiting"
        assert (await sari.ask("reply", key, text="hi", client_id="1")).status_code == 409


@pytest.mark.parametrize("path", ["/desk/login", "/desk/", "/desk/history", "/desk/api/start", "/desk/static/desk.js"])
async def test_every_answer_is_strict_about_where_code_comes_from(room: Room, path: str) -> None:
    async with room.browser("dina") as dina:
        headers = (await dina.http.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


async def test_no_page_has_inline_code(room: Room) -> None:
    room.archive.rows = [{"key": "web:1", "channel": "webchat", "customer": "A", "text": "b", "at": room.clock.now()}]
    async with room.browser("dina") as dina:
        for path in ("/desk/login", "/desk/", "/desk/history"):
            text = (await dina.http.get(path)).text.lower()
            assert " style=" not in text
            assert "<style" not in text
            assert "javascript:" not in text
            assert all("src=" in part.split(">")[0] for part in text.split("<script")[1:])


async def test_a_customers_markup_stays_text(room: Room) -> None:
    key = await room.customer(HOSTILE, HOSTILE)
    room.archive.rows = [
        {
            "key": f"web:{HOSTILE}",
            "channel": HOSTILE,
            "customer": HOSTILE,
            "text": HOSTILE,
            "at": room.clock.now(),
        }
    ]
    async with room.browser("dina") as dina:
        history = (await dina.http.get("/desk/history", params={"q": HOSTILE})).text
        assert "&lt;script&gt;" in history
        assert "<script>alert" not in history
        assert "<img src=x" not in history
        answer = await dina.http.get("/desk/api/conversation", params={"key": key})
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["customer"] == HOSTILE


async def test_the_language_switch_leads_nowhere_else(room: Room) -> None:
    async with room.browser("dina") as dina:
        answer = await dina.http.get("/desk/language", params={"to": "id", "back": "https://evil.example/"})
        assert answer.headers["location"] == "/desk/"
        answer = await dina.http.get("/desk/language", params={"to": "id", "back": "//evil.example/desk/"})
        assert answer.headers["location"] == "/desk/"
        assert "Riwayat" in (await dina.http.get("/desk/")).text
        await dina.http.get("/desk/language", params={"to": "xx"})
        assert "Riwayat" in (await dina.http.get("/desk/")).text
        answer = await dina.http.get("/desk/language", params={"to": "en", "back": "/desk/history?q=halo"})
        assert answer.headers["location"] == "/desk/history?q=halo"


async def test_demo_logins_show_only_where_they_are_given(room: Room) -> None:
    async with room.browser() as browser:
        assert "Demo logins" not in (await browser.http.get("/desk/login")).text
    demo = Room()
    demo.door = dataclasses.replace(demo.door, demo_logins=[("dina", "arunika-demo")])
    async with serving(demo), demo.browser() as browser:
        assert "arunika-demo" in (await browser.http.get("/desk/login")).text
