"""credentials.yml → channels, and the guard that no channel goes without its conformance tests."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from channels.errors import SettingsError
from channels.registry import (
    CHANNELS,
    channel_class,
    class_name,
    foreign_sections,
    load_channels,
    read_credentials,
    section_of,
)
from tests.channels.conformance import cases

ROOT = Path(__file__).parents[2]
TELEGRAM = "channels.rasa_connector.Telegram"


def write(folder: Path, text: str) -> Path:
    path = folder / "credentials.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_registered_channel_passes_the_conformance_suite_and_no_other() -> None:
    for path in Path(__file__).parent.glob("test_*.py"):
        importlib.import_module(f"tests.channels.{path.stem}")
    tested = {case.channel_class.name for case in cases() if "channel_class" in vars(case)}
    assert tested
    assert tested == set(CHANNELS)


def test_a_registered_name_is_the_class_own() -> None:
    assert {name: channel_class(name).name for name in CHANNELS} == {name: name for name in CHANNELS}


def test_reading_the_registry_loads_no_library_of_a_platform_nor_rasa() -> None:
    heavy = {"telegram", "httpx", "rasa", "sanic", "redis"}
    code = f"import sys, channels.registry; print({heavy} & set(sys.modules))"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_section_names_are_what_rasa_resolves() -> None:
    assert section_of("telegram") == TELEGRAM
    assert class_name("facebook_comments") == "FacebookComments"


def test_a_file_in_rasas_format_becomes_channels(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        f"rest:\nsocketio:\n  user_message_evt: ${{NOT_OURS}}\n{TELEGRAM}:\n"
        "  token: ${BOT_ID}:${BOT_KEY}\n  secret_token: abc\n  max_connections: ${MANY}\n",
    )
    credentials = read_credentials(path, {"BOT_ID": "12", "BOT_KEY": "key", "MANY": "7"})
    channels = load_channels(credentials)
    assert list(channels) == ["telegram"]
    assert channels["telegram"].settings.token == "12:key"
    assert channels["telegram"].settings.max_connections == 7
    assert foreign_sections(credentials) == ("rest", "socketio")


def test_reading_does_not_change_when_rasa_is_loaded(tmp_path: Path) -> None:
    importlib.import_module("rasa.shared.utils.io")
    path = write(tmp_path, f"socketio:\n  key: ${{NOT_OURS}}\n{TELEGRAM}:\n  token: ${{T}}\n  mode: polling\n")
    assert load_channels(read_credentials(path, {"T": "1:from-the-mapping"}))["telegram"].settings.token == (
        "1:from-the-mapping"
    )


def test_an_unset_variable_names_key_and_variable(tmp_path: Path) -> None:
    path = write(tmp_path, f"{TELEGRAM}:\n  token: ${{TELEGRAM_TOKEN}}\n")
    with pytest.raises(SettingsError) as caught:
        read_credentials(path, {})
    assert caught.value.key == f"{TELEGRAM}.token"
    assert "TELEGRAM_TOKEN" in str(caught.value)


def test_an_unknown_channel_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    credentials = read_credentials(write(tmp_path, "channels.rasa_connector.Telegrm:\n  token: x\n"), {})
    with pytest.raises(SettingsError) as caught:
        load_channels(credentials)
    assert caught.value.key == "channels.rasa_connector.Telegrm"
    assert TELEGRAM in caught.value.fix


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"{TELEGRAM}:\n  token: [unclosed\n", "credentials.yml:3"),
        (f"{TELEGRAM}:\n  token: a\n  token: b\n", "credentials.yml:3"),
        ("- a\n- b\n", "credentials.yml"),
        ("\ud83d".encode("utf-8", "surrogatepass").decode("latin-1") + "\x00", "credentials.yml"),
    ],
)
def test_what_is_not_a_list_of_sections_says_where(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_credentials(write(tmp_path, text), {})
    assert caught.value.key == key


@pytest.mark.parametrize(("text", "key"), [(f"{TELEGRAM}: yes\n", TELEGRAM), (f"{TELEGRAM}:\n", "telegram.token")])
def test_a_section_without_settings_says_what_is_missing(tmp_path: Path, text: str, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_channels(read_credentials(write(tmp_path, text), {}))
    assert caught.value.key == key


def test_no_file_is_no_channels(tmp_path: Path) -> None:
    assert read_credentials(tmp_path / "credentials.yml", {}) == {}
    assert read_credentials(write(tmp_path, "# nothing yet\n"), {}) == {}


def test_the_projects_own_file_is_readable() -> None:
    credentials = read_credentials(ROOT / "credentials.yml", {"SIGAP_SECRET": "x" * 40})
    assert section_of("webchat") in credentials
