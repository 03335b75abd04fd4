"""What is written about the channels is what they are: docs/channels.md, their READMEs, credentials.yml."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest

from channels import describe
from channels.base import Channel, ChannelSettings
from channels.capabilities import Capabilities, Hiding, Limit, PrivateReply, Rules
from channels.messages import OutboundMessage, Surface
from channels.registry import CHANNELS, channel_class, load_channels, read_credentials, section_of
from tests.channels.conformance import cases

ROOT = Path(__file__).parents[2]
SOURCE = "https://pigeon.example/rules"


class PigeonSettings(ChannelSettings, frozen=True, kw_only=True):
    token: str = ""
    pace: int = 7
    ways: tuple[str, ...] = ("north", "south")

    def problems(self) -> list[tuple[str, str, str]]:
        return [] if self.token else [("token", "missing", "Get one")]


class PigeonChannel(Channel[PigeonSettings]):
    """A platform with every rule that there is."""

    name: ClassVar[str] = "pigeon"
    settings_class = PigeonSettings
    surfaces: ClassVar[Mapping[Surface, Capabilities]] = {
        Surface.PRIVATE: Capabilities(
            text_limit=1234,
            measure=len,
            unit="feathers",
            rules=Rules(
                window=timedelta(hours=24),
                window_source=f"{SOURCE}#window",
                human_window=timedelta(days=7),
                human_tag="PERSON",
                human_source=f"{SOURCE}#people",
                templates=True,
                templates_source=f"{SOURCE}#templates",
            ),
        ),
        Surface.PUBLIC: Capabilities(
            text_limit=99,
            measure=len,
            parts=1,
            hiding=Hiding(source=f"{SOURCE}#hide", own_threads_only=True, answerable=False),
            rules=Rules(
                private_reply=PrivateReply(within=timedelta(days=3), source=f"{SOURCE}#reply"),
                summoned_only=True,
                summoned_source=f"{SOURCE}#summoned",
                automatic_replies=2,
                automatic_source=f"{SOURCE}#automatic",
                drafts_only=True,
                drafts_source=f"{SOURCE}#drafts",
            ),
        ),
    }

    def __init__(self, settings: PigeonSettings, transport: Any = None) -> None:
        raise AssertionError("describing a channel must not need what its constructor needs")

    def limits(self, message: OutboundMessage) -> list[Limit]:
        if message.surface is Surface.PUBLIC:
            return [Limit(scope="roof", count=self.settings.pace, window_s=90.0)]
        extra = [Limit(scope="reply", count=1, window_s=86_400.0)] if message.entry else []
        return [Limit(scope=f"pair:{message.thread_id}", count=2000, window_s=60.0), *extra]

    def verify(self, request: Any) -> None: ...

    def parse(self, request: Any) -> list[Any]:
        return []

    def render(self, message: OutboundMessage) -> list[Any]:
        return []

    def classify(self, response: Any) -> str:
        return ""

    def open_transport(self) -> Any:
        raise NotImplementedError


@pytest.fixture
def pigeon(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(describe, "CHANNELS", {"pigeon": "nowhere"})
    monkeypatch.setattr(describe, "channel_class", lambda name: PigeonChannel)
    return describe.page()


def test_the_page_in_docs_is_up_to_date() -> None:
    assert describe.main(["--check"]) == 0, describe.STALE


def test_a_stale_page_fails_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = tmp_path / "channels.md"
    monkeypatch.setattr(describe, "PAGE", stale)
    assert describe.main(["--check"]) == 1
    assert "make docs" in capsys.readouterr().err
    stale.write_text(describe.page() + "\n", encoding="utf-8")
    assert describe.main(["--check"]) == 1
    stale.write_text(describe.page(), encoding="utf-8")
    assert describe.main(["--check"]) == 0


def test_the_page_does_not_depend_on_the_order_of_the_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    page = describe.page()
    monkeypatch.setattr(describe, "CHANNELS", dict(reversed(CHANNELS.items())))
    assert describe.page() == page


def test_the_command_prints_the_page() -> None:
    ran = subprocess.run([sys.executable, "-m", "channels.describe"], cwd=ROOT, capture_output=True, check=True)
    assert ran.stdout.decode() == describe.page()


def test_every_rule_is_told_with_its_source(pigeon: str) -> None:
    for told, anchor in (
        ("Reply window: 24 h", "window"),
        ("7 days, tagged `PERSON`", "people"),
        ("templates", "templates"),
        ("One private reply to each public message, within 3 days", "reply"),
        ("Only who mentioned or quoted the brand", "summoned"),
        ("At most 2 automatic answers", "automatic"),
        ("Nothing is posted without a person", "drafts"),
        ("answers in threads that the brand began, what is hidden takes no public answer", "hide"),
    ):
        line = next(line for line in pigeon.splitlines() if f"({SOURCE}#{anchor})" in line)
        assert told in line


def test_numbers_are_told_as_declared(pigeon: str) -> None:
    assert "| Pigeon, private | 1,234 | feathers | as many as needed |" in pigeon
    assert "| Pigeon, public | 99 | characters | 1 |" in pigeon
    assert "| `pair:CUSTOMER` | 2,000 | 1 min | private messages, private replies |" in pigeon
    assert "| `reply` | 1 | 1 day | private replies |" in pigeon
    assert "| `roof` | 7 | 90 s | public answers, hiding |" in pigeon


def test_settings_are_told_with_what_is_needed_and_what_is_secret(pigeon: str) -> None:
    assert "| `token` | – | needed, secret |" in pigeon
    assert "| `pace` | `7` |  |" in pigeon
    assert "| `ways` | `north`, `south` |  |" in pigeon


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_everything_that_a_channel_declares_is_on_the_page(name: str) -> None:
    channel, page = describe.bare(channel_class(name)), describe.page()
    section = page.partition(f"\n## {describe.title(channel)}\n")[2].partition("\n## ")[0]
    fields = msgspec.structs.fields(channel.settings_class)
    assert fields
    assert not [field.name for field in fields if f"| `{field.name}` |" not in section]
    for surface in channel.surfaces:
        rows = [line for line in page.splitlines() if line.startswith(f"| {describe.title(channel)}, {surface} |")]
        assert len(rows) >= 2
        assert f"{channel.can(surface).text_limit:,}" in rows[0]


def test_what_would_let_others_speak_for_a_platform_is_marked_secret() -> None:
    for path in Path(__file__).parent.glob("test_*.py"):
        importlib.import_module(f"tests.channels.{path.stem}")
    asked = 0
    for case in cases():
        for field in msgspec.structs.fields(case.channel_class.settings_class):
            if field.name in case.secrets:
                assert describe.secret(field), f"{case.channel_class.name}.{field.name}"
                asked += 1
    assert asked >= len(CHANNELS)


@pytest.mark.parametrize("name", sorted(CHANNELS))
def test_every_setting_is_explained_in_the_channels_readme(name: str) -> None:
    readme = (ROOT / "channels" / name / "README.md").read_text(encoding="utf-8")
    fields = msgspec.structs.fields(channel_class(name).settings_class)
    assert not [field.name for field in fields if f"`{field.name}`" not in readme]


def test_every_channel_has_a_section_in_credentials_that_works_without_its_marks(tmp_path: Path) -> None:
    text = (ROOT / "credentials.yml").read_text(encoding="utf-8")
    bare = tmp_path / "credentials.yml"
    bare.write_text(re.sub(r"^# (?=channels\.|  )", "", text, flags=re.MULTILINE), encoding="utf-8")
    named = set(re.findall(r"\$\{(\w+)\}", text))
    values = {name: "12:key" if name == "TELEGRAM_TOKEN" else "1234567" for name in named}
    credentials = read_credentials(bare, values)
    webchat = section_of("webchat")
    channels = load_channels({**credentials, webchat: {**credentials[webchat], "secret": "x" * 32}})
    assert set(channels) == set(CHANNELS)
