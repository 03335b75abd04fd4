"""What we may honestly promise a waiting customer, computed from the real queue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil
from statistics import median

import msgspec

USUAL_WAIT_S = 300.0  # assumed until there are real waits to learn from: five minutes
WAITS_KEPT = 20  # how many of the latest waits count as recent
LONGEST_PROMISE_MIN = 60  # beyond this a number of minutes is no longer honest


class QueueState(msgspec.Struct, frozen=True, kw_only=True):
    """The desk at this moment, for one conversation. `recent_waits_s`: seconds from handoff to first human answer,
    newest last. `able`: how many people could deal with it at all; `opens_at`: when the desk opens, None while it is
    open."""

    ahead: int
    agents_present: int
    recent_waits_s: Sequence[float] = ()
    able: int | None = None
    opens_at: datetime | None = None


def promise_minutes(queue: QueueState) -> int | None:
    """Whole minutes within which a person should answer; None when no honest number exists.

    The usual wait is the median of the recent ones; everyone already waiting is shared among those present.
    """
    if queue.agents_present == 0 or queue.opens_at is not None:
        return None
    usual = median(queue.recent_waits_s) if queue.recent_waits_s else USUAL_WAIT_S
    minutes = max(1, ceil(usual * (1 + queue.ahead / queue.agents_present) / 60))
    return minutes if minutes <= LONGEST_PROMISE_MIN else None
