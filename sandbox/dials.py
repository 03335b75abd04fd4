"""The dials: how unkind the platform is to the bot. Everything is gentle until somebody turns a dial."""

from __future__ import annotations

from typing import Annotated

import msgspec

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Rate = Annotated[float, msgspec.Meta(ge=0, le=100_000)]
Count = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=120)]


class Dials(msgspec.Struct, forbid_unknown_fields=True):
    """Shares are between 0 and 1; rates are messages a second (0 switches the limit off); times are seconds.

    The flood limits follow https://core.telegram.org/bots/faq (about one message a second to a chat, 30 a
    second over all, 20 a minute to a group). Telegram tolerates short bursts without saying how long: the
    bursts here are a guess.
    """

    # Webhook delivery
    in_order: bool = True
    duplicate_share: Share = 0.0
    reorder_share: Share = 0.0
    # The bot's calls
    error_share: Share = 0.0
    timeout_after_send_share: Share = 0.0
    hang_s: Seconds = 0.0
    latency_s: Seconds = 0.0
    # Flood limits
    per_chat_per_second: Rate = 1.0
    per_chat_burst: Count = 5
    overall_per_second: Rate = 30.0
    overall_burst: Count = 30
    per_group_per_minute: Rate = 20.0

    def turn(self, changes: dict[str, object]) -> None:
        """Set the dials named in `changes`, all or none.

        Raises msgspec.ValidationError, naming the dial, for an unknown dial or a bad value.
        """
        wanted = msgspec.convert({**msgspec.structs.asdict(self), **changes}, Dials)
        for name in self.__struct_fields__:
            setattr(self, name, getattr(wanted, name))
