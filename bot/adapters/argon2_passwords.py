"""Password hashes with Argon2id."""

from __future__ import annotations

import asyncio
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's smallest advised setting (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html):
# 19 MiB for each attempt, which leaves the gateway within its memory when several people log in at once.
_MEMORY_KIB, _ROUNDS, _LANES = 19_456, 2, 1


class Argon2Passwords:
    """Implements services.people.Passwords. Hashing runs beside the event loop, one at a time."""

    def __init__(self, *, memory_kib: int = _MEMORY_KIB) -> None:
        self._hasher = PasswordHasher(time_cost=_ROUNDS, memory_cost=memory_kib, parallelism=_LANES)
        self._turn = asyncio.Semaphore(1)

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password_hash: str, password: str) -> bool:
        """Whether it is the password. An empty hash is never right, and takes as long to say so."""
        async with self._turn:
            return await asyncio.to_thread(self._matches, password_hash, password)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash or self._nobody, password) and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash("the password of nobody")
