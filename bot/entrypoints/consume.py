"""The loop of everything that works mailboxes off: lease, handle, keep the lease alive, survive what goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from bot.core.ports import Lease, LeaseLost, Mailbox, StoreUnavailable, VersionConflict

log = structlog.get_logger(__name__)

LEASE_WAIT_S = 2.0  # also how long a stopping process waits for an idle slot
EXTEND_EVERY_S = 5.0  # a third of the lease's term

GIVEN_UP_AGAIN_S = 60.0

Handle = Callable[[Lease], Awaitable[Lease | None]]
Failed = Callable[[Lease, Exception], Awaitable[Lease | None]]
Gate = Callable[[], Awaitable[None]]


async def consume(
    mailbox: Mailbox, owner: str, slots: int, stopping: asyncio.Event, handle: Handle, failed: Failed,
    gate: Gate | None = None,
) -> None:  # fmt: skip
    """Work a mailbox off in `slots` conversations at a time until `stopping`.

    `failed` decides about an entry whose handling raised; `gate` holds new leases back (a platform's limits).
    """
    while not stopping.is_set():
        try:
            freed = await mailbox.reclaim(owner)
        except StoreUnavailable:
            await asyncio.sleep(0.5)
        else:
            if freed:
                log.info("took up what an earlier life left", mailbox=mailbox.name, conversations=freed)
            break
    await asyncio.gather(*(_slot(number, mailbox, owner, stopping, handle, failed, gate) for number in range(slots)))


async def _slot(
    number: int,
    mailbox: Mailbox,
    owner: str,
    stopping: asyncio.Event,
    handle: Handle,
    failed: Failed,
    gate: Gate | None,
) -> None:
    while not stopping.is_set():
        try:
            if gate is not None:
                await gate()
            lease = await mailbox.lease(owner, LEASE_WAIT_S)
        except StoreUnavailable:
            if number == 0:  # once is enough
                log.warning("store unavailable", mailbox=mailbox.name)
            await asyncio.sleep(0.5)
            continue
        while lease is not None:
            lease = await _one(mailbox, lease, handle, failed)
            if lease is not None and stopping.is_set():
                with suppress(LeaseLost, StoreUnavailable):
                    await mailbox.release(lease)
                return


async def _one(mailbox: Mailbox, lease: Lease, handle: Handle, failed: Failed) -> Lease | None:
    extending = asyncio.create_task(_extend(mailbox, lease))
    try:
        try:
            return await handle(lease)
        except (LeaseLost, StoreUnavailable, VersionConflict):
            raise
        except Exception as error:
            return await _fail(mailbox, lease, failed, error)
    except LeaseLost:
        # Another consumer has it, or what we did was committed and only the answer got lost. If the lease is still
        # ours, the next entry must not wait for its end.
        await _give_back(mailbox, lease)
    except (StoreUnavailable, VersionConflict) as error:
        log.warning("put back", mailbox=mailbox.name, why=type(error).__name__)
        await _give_back(mailbox, lease)
    finally:
        extending.cancel()
    return None


async def _fail(mailbox: Mailbox, lease: Lease, failed: Failed, error: Exception) -> Lease | None:
    """Let `failed` decide; when even that breaks, the conversation waits a while and the others go on."""
    try:
        return await failed(lease, error)
    except (LeaseLost, StoreUnavailable, VersionConflict):
        raise
    except Exception as second:
        log.error("could not even be given up", mailbox=mailbox.name, error=type(second).__name__)
        await mailbox.fail(lease, GIVEN_UP_AGAIN_S)
        return None


async def _give_back(mailbox: Mailbox, lease: Lease) -> None:
    while True:
        try:
            await mailbox.release(lease)
        except LeaseLost:
            return
        except StoreUnavailable:
            await asyncio.sleep(0.2)
        else:
            return


async def _extend(mailbox: Mailbox, lease: Lease) -> None:
    while True:
        await asyncio.sleep(EXTEND_EVERY_S)
        with suppress(LeaseLost, StoreUnavailable):
            await mailbox.extend(lease)
