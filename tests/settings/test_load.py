from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.settings import KNOWN, Settings, load
from channels.errors import SettingsError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def read(home: Path, tmp_path: Path):
    def read(values: Mapping[str, str] | None = None, dotenv: str = "") -> Settings:
        file = tmp_path / ".env"
        file.write_text(dotenv, encoding="utf-8")
        return load({"SIGAP_HOME": str(home), **(values or {})}, file)

    return read


def test_everything_has_a_default(read, home: Path) -> None:
    settings = read()
    assert (settings.host, settings.port, settings.sandbox_port, settings.workers) == ("127.0.0.1", 8080, 8081, 1)
    assert settings.base_url == "http://127.0.0.1:8080"
    assert (settings.redis_url, settings.public_url, settings.demo) == ("", "", False)
    assert settings.database_url == f"sqlite:///{home / 'archive.db'}"
    assert settings.backoffice_url == "http://127.0.0.1:8081/backoffice"
    assert settings.backoffice_database_url == ""
    assert settings.models == home / "models"


def unread(settings: Settings) -> Settings:
    """The settings alone, without the variables that they were read from."""
    return replace(settings, variables={})


def test_an_empty_value_is_no_value(read) -> None:
    empty = dict.fromkeys(KNOWN - {"SIGAP_HOME"}, "") | {"REDIS_URL": "", "DATABASE_URL": "", "BACKOFFICE_URL": ""}
    assert unread(read(empty)) == unread(read())


def test_the_sandbox_follows_the_gateways_port(read) -> None:
    assert read({"SIGAP_PORT": "9000"}).sandbox_port == 9001
    assert read({"SIGAP_PORT": "9000"}).backoffice_url == "http://127.0.0.1:9001/backoffice"


def test_dotenv_is_read_and_the_environment_wins(read) -> None:
    dotenv = "SIGAP_PORT=9000\nSIGAP_BRAND='Toko Kita'\n# a comment\nOTHER=x\n"
    assert read(dotenv=dotenv).port == 9000
    assert read(dotenv=dotenv).brand == "Toko Kita"
    assert read({"SIGAP_PORT": "9100"}, dotenv).port == 9100


def test_what_credentials_may_name_comes_from_both_and_the_environment_wins(read) -> None:
    dotenv = "TELEGRAM_TOKEN=1:file\nTELEGRAM_SECRET=file\n"
    variables = read({"TELEGRAM_SECRET": "environment"}, dotenv).variables
    assert (variables["TELEGRAM_TOKEN"], variables["TELEGRAM_SECRET"]) == ("1:file", "environment")


def test_settings_show_no_secret(read) -> None:
    shown = repr(read({"SIGAP_SECRET": "hunter2" * 8, "REDIS_URL": "redis://:hunter2@h", "TELEGRAM_TOKEN": "hunter2"}))
    assert "hunter2" not in shown


def test_a_trailing_slash_does_not_double(read) -> None:
    assert read({"SIGAP_PUBLIC_URL": "https://chat.example/"}).base_url == "https://chat.example"


@pytest.mark.parametrize("url", ["redis://localhost", "rediss://u:p@h:6380/1", "unix:///run/valkey.sock"])
def test_redis_urls(read, url: str) -> None:
    assert read({"REDIS_URL": url}).redis_url == url


@pytest.mark.parametrize("url", ["postgresql://u:p@h/db", "postgresql+psycopg2://u:p@h:5432/db", "sqlite:////a/b.db"])
def test_database_urls(read, url: str) -> None:
    assert read({"DATABASE_URL": url}).database_url == url


WRONG = [
    ("SIGAP_PORT", "http", "1 to 65534"),
    ("SIGAP_PORT", "0", "1 to 65534"),
    ("SIGAP_PORT", "65535", "1 to 65534"),
    ("SIGAP_PORT", "-1", "1 to 65534"),
    ("SIGAP_PORT", "80.5", "1 to 65534"),
    ("SIGAP_SANDBOX_PORT", "99999", "1 to 65535"),
    ("SIGAP_SANDBOX_PORT", "8080", "Choose another"),
    ("SIGAP_WORKERS", "0", "1 to 64"),
    ("SIGAP_WORKERS", "two", "1 to 64"),
    ("SIGAP_ANSWER_MINUTES", "0", "1 to 1440"),
    ("SIGAP_DEMO", "yes", "1 (on) or 0 (off)"),
    ("SIGAP_LOG_JSON", "true", "1 (on) or 0 (off)"),
    ("SIGAP_SECRET", "short", "openssl rand -hex 32"),
    ("SIGAP_PUBLIC_URL", "chat.example", "http://"),
    ("SIGAP_PUBLIC_URL", "ftp://chat.example", "http://"),
    ("SIGAP_PUBLIC_URL", "https://", "host"),
    ("REDIS_URL", "localhost:6379", "redis://"),
    ("REDIS_URL", "http://localhost:6379", "redis://"),
    ("REDIS_URL", "redis://localhost:port/0", "redis://host:port"),
    ("REDIS_URL", "redis://", "redis://host:port"),
    ("DATABASE_URL", "mysql://h/db", "postgresql://"),
    ("DATABASE_URL", "postgres://h/db", "postgresql://"),
    ("BACKOFFICE_URL", "10.0.0.1:80", "http://"),
    ("SIGAP_PROT", "9000", "Did you mean SIGAP_PORT?"),
    ("SIGAP_QQQQQQQQ", "1", "SIGAP_PORT"),
]


@pytest.mark.parametrize(("key", "value", "fix"), WRONG, ids=[f"{key}={value}" for key, value, _ in WRONG])
def test_a_wrong_setting_is_refused_with_its_key_and_the_fix(read, key: str, value: str, fix: str) -> None:
    with pytest.raises(SettingsError) as refused:
        read({key: value})
    assert refused.value.key == key
    assert fix in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_misspelt_key_in_dotenv_is_refused_too(read) -> None:
    with pytest.raises(SettingsError, match=r"SIGAP_PROT: .*Did you mean SIGAP_PORT\?"):
        read(dotenv="SIGAP_PROT=1")


@pytest.mark.parametrize("key", ["REDIS_URL", "DATABASE_URL", "BACKOFFICE_URL", "SIGAP_PUBLIC_URL"])
def test_a_password_in_a_wrong_url_is_not_repeated(read, key: str) -> None:
    for url in ("foo://user:hunter2@h/db", "redis://user:hunter2@h:x/0", "http://user:hunter2@h:x/0"):
        with pytest.raises(SettingsError) as refused:
            read({key: url})
        assert "hunter2" not in str(refused.value)


def test_home_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SettingsError) as refused:
            load({"SIGAP_HOME": str(home)}, tmp_path / "no.env")
        assert refused.value.key == "SIGAP_HOME"


class TestSecret:
    def test_is_made_once_and_only_we_may_read_it(self, read, home: Path) -> None:
        made = read().secret
        assert len(made) == 64
        assert read().secret == made
        assert stat.S_IMODE((home / "secret").stat().st_mode) == 0o600

    def test_two_installations_have_two(self, tmp_path: Path) -> None:
        one, two = (load({"SIGAP_HOME": str(tmp_path / name)}, tmp_path / "x").secret for name in "ab")
        assert one != two

    def test_a_given_one_is_used_and_not_written_down(self, read, home: Path) -> None:
        assert read({"SIGAP_SECRET": "s" * 32}).secret == "s" * 32
        assert not (home / "secret").exists()


def test_a_child_process_gets_the_same_settings(read, tmp_path: Path) -> None:
    settings = read({"SIGAP_PORT": "9000", "SIGAP_DEMO": "1", "SIGAP_BRAND": "Toko", "REDIS_URL": "redis://h/1"})
    assert unread(load(settings.environment(), tmp_path / "no.env")) == unread(settings)
    assert {key for key in settings.environment() if key.startswith("SIGAP_")} == KNOWN
