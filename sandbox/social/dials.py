"""The dials of one platform: gentle until somebody turns one."""

from __future__ import annotations

from typing import Annotated

import msgspec

from sandbox.dials import Rate, Seconds, Share

Batch = Annotated[int, msgspec.Meta(ge=1, le=1_000)]
Code = Annotated[int, msgspec.Meta(ge=0, le=100_000_000)]
Hours = Annotated[float, msgspec.Meta(ge=-24 * 365, le=24 * 365)]


class SocialDials(msgspec.Struct, forbid_unknown_fields=True):
    """Shares are between 0 and 1, `…_s` are seconds, `…_h` hours.

    - `batch_max`: events that one webhook call may carry when several wait.
    - `error_share`: calls answered with a 5xx before they did anything.
    - `timeout_after_send_share`: sends that are carried out and then hang for `hang_s` without an answer.
    - `echo_delay_s`: how long the platform takes to echo what the program sent; `echo_first_share`: sends whose echo
      is delivered before the answer.
    - `limit_per_second`: sends a second that the platform takes (0: no limit), of which `limit_burst` may come at once
      (0: those of one second; Meta counts over longer times); `fail_code`: answer every send with
      this error of the platform (0: none).
    - `late_failure_share`: broken rules that the platform reports afterwards, by a failed receipt (WhatsApp).
    - `window_check`: the platform refuses what breaks its rules. Broken rules are counted either way.
    - `inbox_takes_control`: a person who answers in the brand's inbox takes the thread (Messenger, Instagram).
    - `clock_offset_h`: the platform's clock is ahead by so much.
    """

    # Webhook delivery
    in_order: bool = True
    batch_max: Batch = 1
    duplicate_share: Share = 0.0
    reorder_share: Share = 0.0
    # The program's calls
    error_share: Share = 0.0
    timeout_after_send_share: Share = 0.0
    hang_s: Seconds = 15.0
    echo_delay_s: Seconds = 0.0
    echo_first_share: Share = 0.0
    latency_s: Seconds = 0.0
    limit_per_second: Rate = 0.0
    limit_burst: Rate = 0.0
    fail_code: Code = 0
    late_failure_share: Share = 0.0
    # The platform's rules
    window_check: bool = True
    inbox_takes_control: bool = False
    clock_offset_h: Hours = 0.0

    def turn(self, changes: dict[str, object]) -> None:
        """Set the dials named in `changes`, all or none.

        Raises msgspec.ValidationError, naming the dial, for an unknown dial or a bad value.
        """
        wanted = msgspec.convert({**msgspec.structs.asdict(self), **changes}, SocialDials)
        for name in self.__struct_fields__:
            setattr(self, name, getattr(wanted, name))
