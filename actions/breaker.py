"""A circuit breaker: while a service fails, calls to it fail at once, so that nobody waits for each to time out.

Written here because none of the libraries that are installed has one, and a new dependency would cost more to
keep beside Rasa's pins than these lines: pybreaker and its relatives bring threads, storages and listeners that
one process with one event loop has no use for.
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

logger = logging.getLogger(__name__)


class BreakerOpen(Exception):
    """The service failed too often just now; it was not called."""


class Breaker:
    """Opens after `failures` in a row within `within_s` seconds; `open_s` seconds later it lets one call at a time try.

    The first trial that succeeds closes it, one that fails keeps it open for `open_s` more. `name` is for the log.
    `clock` returns seconds that never go back. For one process; its methods never wait, so calls of one event loop
    can't come between each other.
    """

    def __init__(
        self,
        name: str,
        *,
        failures: int = 5,
        within_s: float = 30.0,
        open_s: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._within_s = within_s
        self._open_s = open_s
        self._clock = clock
        self._failed: deque[float] = deque(maxlen=failures)
        self._opened_at: float | None = None
        self._trying = False
        # Rises whenever it opens or closes. A call that began before then says nothing about now.
        self._epoch = 0

    @property
    def is_open(self) -> bool:
        """Whether calls are refused, trials apart."""
        return self._opened_at is not None

    @contextmanager
    def call(self) -> Iterator[None]:
        """Around one call: an Exception is a failure, anything else that ends it early (a cancelled task) is neither.

        Raises BreakerOpen, without a call.
        """
        trial = self._admit()
        epoch = self._epoch
        try:
            yield
        except Exception:
            if epoch == self._epoch:
                self._count_failure()
            raise
        else:
            if epoch == self._epoch:
                self._count_success()
        finally:
            if trial:
                self._trying = False

    def _admit(self) -> bool:
        """Whether the call that is let through is a trial."""
        if self._opened_at is None:
            return False
        if self._trying or self._clock() - self._opened_at < self._open_s:
            raise BreakerOpen(self._name)
        self._trying = True
        return True

    def _count_failure(self) -> None:
        now = self._clock()
        if self._opened_at is not None:
            self._opened_at = now
            return
        self._failed.append(now)
        if len(self._failed) == self._failed.maxlen and now - self._failed[0] <= self._within_s:
            self._opened_at = now
            self._epoch += 1
            logger.warning("%s fails: it is not called for %g s", self._name, self._open_s)

    def _count_success(self) -> None:
        self._failed.clear()
        if self._opened_at is not None:
            self._opened_at = None
            self._epoch += 1
            logger.warning("%s answers again", self._name)
