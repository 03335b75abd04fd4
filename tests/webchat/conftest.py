"""Fixtures for web chat's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.webchat.serving import Gateway, gateway


@pytest.fixture
async def chat() -> AsyncIterator[Gateway]:
    """A gateway over memory."""
    async with gateway() as running:
        yield running
