"""The way in: what each outcome answers, and that a secret which was never set proves nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from channels.errors import SignatureError
from channels.messages import InboundEvent, RawRequest
from channels.signing import require_equal
from channels.telegram.channel import TelegramChannel
from channels.webhook import Unreadable, receive
from tests.channels.test_telegram import SETTINGS
from tests.channels.test_telegram import TestTelegram as Case


@pytest.mark.parametrize("given", [None, "", "guess", b"guess", "ſecret", "\udce9"])
@pytest.mark.parametrize("expected", ["", "secret", b""])
def test_only_the_secret_itself_is_accepted(given: str | bytes | None, expected: str | bytes) -> None:
    with pytest.raises(SignatureError) as caught:
        require_equal(given, expected, what="the secret")
    assert "guess" not in str(caught.value)


def test_the_secret_is_accepted_as_text_and_as_bytes() -> None:
    require_equal("secret", b"secret", what="the secret")


def test_a_mistake_in_an_adapter_keeps_the_request_and_tells_only_its_type() -> None:
    class Broken(TelegramChannel):
        def parse(self, request: RawRequest) -> Sequence[InboundEvent]:
            raise KeyError("my card number is 4111")

    outcome = receive(Broken.from_mapping(SETTINGS), Case().request(b"{}"))
    assert isinstance(outcome, Unreadable)
    assert outcome.response.status == 200
    assert outcome.request.body == b"{}"
    assert "KeyError" in outcome.reason
    assert "4111" not in outcome.reason
