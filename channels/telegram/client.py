"""The way to the Bot API, with python-telegram-bot as the client.

python-telegram-bot turns answers into exceptions and loses the status of some. Here an answer stays an
answer, so that one pure function (`outbound.classify`) holds the whole error table; only "there was no
answer" is an exception.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import httpx
import msgspec
from telegram import Bot
from telegram.error import NetworkError, TelegramError
from telegram.request import HTTPXRequest
from telegram.warnings import PTBUserWarning

from channels.errors import Ambiguous, Unavailable
from channels.messages import ApiCall, ApiResponse
from channels.telegram.settings import TelegramSettings

CONNECT_S = 5.0
# Telegram answers a send within a second. Not longer, because a person's claim waits for what is on its way.
READ_S = 10.0
# On top of the time for which getUpdates was asked to wait.
POLL_MARGIN_S = 10.0

# Nothing had left when these happened. (A proxy that refuses has not passed anything on either.)
_BEFORE_LEAVING = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
)


class TelegramTransport:
    """Carries an ApiCall to the Bot API. Raises Unavailable when it did not leave, else Ambiguous."""

    def __init__(self, settings: TelegramSettings) -> None:
        _keep_quiet(settings.token)
        self._secret = settings.secret_token
        poll_read_s = settings.poll_timeout_s + POLL_MARGIN_S
        self._requests = (
            _AnsweringRequest(connection_pool_size=64, connect_timeout=CONNECT_S, read_timeout=READ_S),
            _AnsweringRequest(connection_pool_size=1, connect_timeout=CONNECT_S, read_timeout=poll_read_s),
        )
        self._bot = Bot(
            settings.token,
            base_url=settings.base_url,
            request=self._requests[0],
            get_updates_request=self._requests[1],
        )

    async def call(self, call: ApiCall, *, idempotency_key: str) -> ApiResponse:
        """`idempotency_key` goes unused: the Bot API knows none."""
        parameters = dict(call.json)
        if call.path == "setWebhook" and self._secret:
            parameters["secret_token"] = self._secret  # added here, because an ApiCall never holds a secret
        try:
            result = await self._bot.do_api_request(call.path, api_kwargs=parameters)
        except _Refusal as refusal:
            return ApiResponse(status=refusal.status, body=refusal.body)
        except TelegramError as error:
            cause = error.__cause__
            what = f"{call.path}: {type(cause or error).__name__}"
            if isinstance(error, NetworkError) and isinstance(cause, _BEFORE_LEAVING):
                raise Unavailable(what) from None
            raise Ambiguous(what) from None
        return ApiResponse(status=200, body={"ok": True, "result": result})

    async def close(self) -> None:
        for request in self._requests:
            await request.shutdown()


class _Refusal(TelegramError):
    """An answer other than a result, with everything it said."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.body = body


class _AnsweringRequest(HTTPXRequest):
    """Passes results on to python-telegram-bot and keeps every other answer whole."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        status, payload = await super().do_request(*args, **kwargs)
        try:
            body = msgspec.json.decode(payload, type=dict[str, Any])
        except (msgspec.DecodeError, RecursionError):
            body = {}  # a proxy's error page; its status says enough
        if not 200 <= status <= 299 or "result" not in body:
            raise _Refusal(status, body)
        return status, payload


class _WithoutToken(logging.Filter):
    """Takes the token out of httpx's log lines, which quote the address of every request."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.getMessage()
        if self._token in line:
            record.msg, record.args = line.replace(self._token, "<token>"), ()
        return True


def _keep_quiet(token: str) -> None:
    logging.getLogger("httpx").addFilter(_WithoutToken(token))
    # Its debug lines quote what is sent and received.
    logging.getLogger("telegram").setLevel(logging.INFO)
    # It would rather see its typed methods used. We have the calls ready, and one door for all of them.
    warnings.filterwarnings("ignore", message="Please use 'Bot", category=PTBUserWarning)
