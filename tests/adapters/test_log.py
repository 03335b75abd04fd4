"""The last line of defence: what is personal never stands in a log, whoever put it there."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from bot.core.personal import MASK
from bot.log import case_mark, without_personal

SCRIPT = """
import logging, structlog
from bot import log
log.configure("worker", as_json={as_json})
structlog.get_logger().error(
    "sent to ani@example.com", why="card 4111 1111 1111 1111", attempts=3, key="telegram:123456789",
    path="/desk/api/conversations/whatsapp%3A6281234567890/reply",
    deep={{"said": ["kode OTP saya 482913"]}}, error=ValueError("my password is hunter2"), body=b"pin gue 1234",
)
try:
    raise RuntimeError("hubungi 0812-3456-7890")
except RuntimeError:
    logging.getLogger("some.library").exception("NIK 3171011708450001")
"""


def logged(as_json: bool) -> str:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(as_json=as_json)], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stderr


@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_personal_is_written(as_json: bool) -> None:
    text = logged(as_json)
    for secret in (
        "ani@",
        "4111 1111",
        "123456789",
        "81234567890",
        "482913",
        "hunter2",
        '1234"',
        "0812-3456",
        "317101",
    ):
        assert secret not in text
    assert "RuntimeError" in text
    assert f"{MASK * 4}0001" in text or "\\u2022" in text


def test_what_is_not_personal_stays() -> None:
    first = json.loads(logged(True).splitlines()[0])
    assert first["attempts"] == 3
    assert first["level"] == "error"
    assert first["process"] == "worker"
    assert first["key"] == case_mark("telegram:123456789")
    assert first["path"] == f"/desk/api/conversations/{case_mark('whatsapp:6281234567890')}/reply"


def test_a_conversation_has_the_same_mark_everywhere_and_another_one_another() -> None:
    entry: dict[str, Any] = {"key": "telegram:1", "conversation": "telegram:2", "mailbox": "in"}
    without_personal(None, "", entry)
    assert entry == {"key": case_mark("telegram:1"), "conversation": case_mark("telegram:2"), "mailbox": "in"}
    assert case_mark("telegram:1") != case_mark("telegram:2")
    assert case_mark("telegram:1").startswith("telegram:#")
