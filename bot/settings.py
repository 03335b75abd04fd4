"""Every setting, read once from the environment and a `.env` file, and refused when wrong.

A wrong setting stops the start with one sentence that names the key and the fix.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from dotenv import dotenv_values

from channels.errors import SettingsError

PROJECT = Path(__file__).resolve().parent.parent
SHORTEST_SECRET = 32


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one process. Field comments say what each key is for; README.md has the table."""

    home: Path  # SIGAP_HOME: data of this installation
    project: Path = PROJECT  # SIGAP_PROJECT: the Rasa project (config.yml, domain.yml, data/)
    host: str = "127.0.0.1"  # SIGAP_HOST: address the gateway listens on
    port: int = 8080  # SIGAP_PORT
    sandbox_port: int = 8081  # SIGAP_SANDBOX_PORT: default is the gateway's port + 1
    public_url: str = ""  # SIGAP_PUBLIC_URL: how platforms and visitors reach the gateway
    redis_url: str = ""  # REDIS_URL; "" means the embedded Valkey
    database_url: str = ""  # DATABASE_URL; default is a SQLite file in SIGAP_HOME
    backoffice_url: str = ""  # BACKOFFICE_URL; default is the demo back office in the sandbox
    # BACKOFFICE_DATABASE_URL: of the demo back office; "" means in memory
    backoffice_database_url: str = ""
    credentials: Path = PROJECT / "credentials.yml"  # SIGAP_CREDENTIALS
    demo: bool = False  # SIGAP_DEMO=1: demo agents and the sandbox
    workers: int = 1  # SIGAP_WORKERS: how many workers `sigap up` starts
    answer_minutes: int = 15  # SIGAP_ANSWER_MINUTES: a person should answer a handoff within this
    brand: str = "Arunika"  # SIGAP_BRAND
    secret: str = ""  # SIGAP_SECRET: signs visitors' tokens; made and kept in SIGAP_HOME when not given
    proxies: int = 0  # SIGAP_PROXIES: how many reverse proxies stand in front and say whom they ask for
    log_json: bool = False  # SIGAP_LOG_JSON=1: one JSON object a line instead of text
    variables: Mapping[str, str] = {}  # environment and .env together, for `${VAR}` in credentials.yml

    def __repr__(self) -> str:
        return f"Settings(home={self.home})"  # the rest holds secrets

    @property
    def models(self) -> Path:
        return self.home / "models"

    @property
    def base_url(self) -> str:
        return self.public_url or f"http://{self.host}:{self.port}"

    def environment(self) -> dict[str, str]:
        """What a child process and `${VAR}` in credentials.yml see, defaults filled in."""
        return {
            "SIGAP_HOME": str(self.home),
            "SIGAP_PROJECT": str(self.project),
            "SIGAP_HOST": self.host,
            "SIGAP_PORT": str(self.port),
            "SIGAP_SANDBOX_PORT": str(self.sandbox_port),
            "SIGAP_PUBLIC_URL": self.public_url,
            "SIGAP_CREDENTIALS": str(self.credentials),
            "SIGAP_DEMO": "1" if self.demo else "0",
            "SIGAP_WORKERS": str(self.workers),
            "SIGAP_ANSWER_MINUTES": str(self.answer_minutes),
            "SIGAP_BRAND": self.brand,
            "SIGAP_SECRET": self.secret,
            "SIGAP_PROXIES": str(self.proxies),
            "SIGAP_LOG_JSON": "1" if self.log_json else "0",
            "REDIS_URL": self.redis_url,
            "DATABASE_URL": self.database_url,
            "BACKOFFICE_URL": self.backoffice_url,
            "BACKOFFICE_DATABASE_URL": self.backoffice_database_url,
        }


KNOWN = frozenset(
    {"SIGAP_HOME", "SIGAP_PROJECT", "SIGAP_HOST", "SIGAP_PORT", "SIGAP_SANDBOX_PORT", "SIGAP_PUBLIC_URL",
     "SIGAP_CREDENTIALS", "SIGAP_DEMO", "SIGAP_WORKERS", "SIGAP_ANSWER_MINUTES", "SIGAP_BRAND", "SIGAP_SECRET",
     "SIGAP_LOG_JSON", "SIGAP_PROXIES"}
)  # fmt: skip


def load(environ: Mapping[str, str] | None = None, dotenv: Path | None = None) -> Settings:
    """Settings from the environment, then `.env`. Raises SettingsError that names the key and the fix."""
    process = dict(os.environ if environ is None else environ)
    path = PROJECT / ".env" if dotenv is None else dotenv
    from_file = {key: value or "" for key, value in dotenv_values(path).items()} if path.is_file() else {}
    values = {**from_file, **process}
    for key in values:
        if key.startswith("SIGAP_") and key not in KNOWN:
            near = get_close_matches(key, KNOWN, n=1)
            fix = f"Did you mean {near[0]}?" if near else f"Remove it. Known: {', '.join(sorted(KNOWN))}"
            raise SettingsError(key, "unknown setting", fix)

    home = Path(values.get("SIGAP_HOME") or PROJECT / ".sigap").expanduser().resolve()
    port = _number(values, "SIGAP_PORT", 8080, 1, 65534)
    sandbox_port = _number(values, "SIGAP_SANDBOX_PORT", port + 1, 1, 65535)
    if sandbox_port == port:
        raise SettingsError("SIGAP_SANDBOX_PORT", "is the gateway's port", "Choose another")
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            "SIGAP_HOME", f"cannot be made ({error.strerror})", "Choose a folder you may write"
        ) from None
    return Settings(
        home=home,
        project=_existing(values, "SIGAP_PROJECT", PROJECT),
        host=values.get("SIGAP_HOST") or "127.0.0.1",
        port=port,
        sandbox_port=sandbox_port,
        public_url=_url(values, "SIGAP_PUBLIC_URL", ("http", "https")).rstrip("/"),
        redis_url=_url(values, "REDIS_URL", ("redis", "rediss", "unix")),
        database_url=_url(values, "DATABASE_URL", ("sqlite", "postgresql", "postgresql+psycopg2"))
        or f"sqlite:///{home / 'archive.db'}",
        backoffice_url=_url(values, "BACKOFFICE_URL", ("http", "https")).rstrip("/")
        or f"http://127.0.0.1:{sandbox_port}/backoffice",
        backoffice_database_url=_url(
            values, "BACKOFFICE_DATABASE_URL", ("sqlite", "postgresql", "postgresql+psycopg2")
        ),
        credentials=_existing(values, "SIGAP_CREDENTIALS", PROJECT / "credentials.yml"),
        demo=_switch(values, "SIGAP_DEMO"),
        workers=_number(values, "SIGAP_WORKERS", 1, 1, 64),
        answer_minutes=_number(values, "SIGAP_ANSWER_MINUTES", 15, 1, 1440),
        brand=values.get("SIGAP_BRAND") or "Arunika",
        secret=_secret(values, home),
        proxies=_number(values, "SIGAP_PROXIES", 0, 0, 10),
        log_json=_switch(values, "SIGAP_LOG_JSON"),
        variables=values,
    )


def _number(values: Mapping[str, str], key: str, default: int, least: int, most: int) -> int:
    text = values.get(key) or str(default)
    if not text.isdecimal() or not least <= int(text) <= most:
        raise SettingsError(key, f"“{text}” is not a whole number from {least} to {most}", "Correct it or remove it")
    return int(text)


def _existing(values: Mapping[str, str], key: str, default: Path) -> Path:
    path = Path(values.get(key) or default).expanduser().resolve()
    if not path.exists():
        raise SettingsError(key, f"{path} does not exist", "Correct the path or remove the key")
    return path


def _switch(values: Mapping[str, str], key: str) -> bool:
    text = values.get(key) or "0"
    if text not in ("0", "1"):
        raise SettingsError(key, f"“{text}” is neither 0 nor 1", "Set it to 1 (on) or 0 (off)")
    return text == "1"


def _url(values: Mapping[str, str], key: str, schemes: tuple[str, ...]) -> str:
    """The URL, or "" when it is not set. The value may hold a password, so the error does not repeat it."""
    text = values.get(key) or ""
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise SettingsError(key, "is not a URL", f"It looks like {schemes[0]}://host:port/…") from None
    if parts.scheme not in schemes:
        raise SettingsError(
            key, f"starts with “{parts.scheme}:”, which is not supported" if parts.scheme else "has no “://” in front",
            f"Use one of: {', '.join(f'{scheme}://' for scheme in schemes)}",
        )  # fmt: skip
    if not (parts.netloc or parts.path.strip("/")):
        raise SettingsError(key, "names no host", f"It looks like {schemes[0]}://host:port/…")
    return text


def _secret(values: Mapping[str, str], home: Path) -> str:
    """The given secret, or the one that this installation made for itself at its first start."""
    given = values.get("SIGAP_SECRET") or ""
    if given:
        if len(given) < SHORTEST_SECRET:
            raise SettingsError(
                "SIGAP_SECRET", f"is shorter than {SHORTEST_SECRET} characters",
                "Use `openssl rand -hex 32`, or remove it and one is made for you",
            )  # fmt: skip
        return given
    path = home / "secret"
    try:
        if not path.exists() or not path.read_text().strip():
            _write_secret(path)
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("SIGAP_SECRET", f"{path} cannot be used ({type(error).__name__})", "Remove it") from None


def _write_secret(path: Path) -> None:
    """Whole or not at all, and of two processes that start together one wins."""
    made = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(secrets.token_hex(32))
    if path.exists() and not path.read_text().strip():
        path.unlink()
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        made.unlink()
