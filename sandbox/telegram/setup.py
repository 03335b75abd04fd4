"""The Bot API's methods about the bot itself: who it is, how it gets its updates, its files.

https://core.telegram.org/bots/api#getting-updates
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from sandbox.telegram.delivery import webhook_info
from sandbox.telegram.errors import BotApiError, bad_request
from sandbox.telegram.params import Params
from sandbox.telegram.world import World

# The longest that a getUpdates call is held open, in seconds.
_LONGEST_POLL_S = 50
_LARGEST_DOWNLOAD = 20 * 1024 * 1024

Outcome = tuple[Any, str]


class SetupMethods:
    """Each returns its result and a description ("" for none)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.table: dict[str, Callable[[Params], Awaitable[Outcome]]] = {
            "getme": self.get_me,
            "getupdates": self.get_updates,
            "setwebhook": self.set_webhook,
            "deletewebhook": self.delete_webhook,
            "getwebhookinfo": self.get_webhook_info,
            "getfile": self.get_file,
        }

    async def get_me(self, _: Params) -> Outcome:
        """https://core.telegram.org/bots/api#getme"""
        rights = {
            "can_join_groups": True,
            "can_read_all_group_messages": True,
            "supports_inline_queries": False,
            "can_connect_to_business": False,
            "has_main_web_app": False,
        }
        return {**self._world.bot.to_api(), **rights}, ""

    async def get_updates(self, params: Params) -> Outcome:
        """https://core.telegram.org/bots/api#getupdates"""
        self._allow(params)
        if self._world.delivery.webhook.url:
            raise BotApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first",
            )
        limit = min(max(params.integer("limit", 100), 1), 100)
        seconds = min(max(params.integer("timeout", 0), 0), _LONGEST_POLL_S)
        return await self._world.updates.poll(params.integer("offset", 0), limit, seconds), ""

    async def set_webhook(self, params: Params) -> Outcome:
        """https://core.telegram.org/bots/api#setwebhook

        Unlike api.telegram.org, plain HTTP and any port are taken, as a Bot API server of one's own does
        (https://core.telegram.org/bots/api#using-a-local-bot-api-server).
        """
        url, secret = params.text("url"), params.text("secret_token")
        if not url:
            return await self.delete_webhook(params)
        if not re.fullmatch(r"https?://[^\s/?#]+\S*", url):
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if len(secret) > 256:
            raise bad_request("secret token is too long")
        if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
            raise bad_request("secret token contains unallowed characters")
        self._allow(params)
        if params.flag("drop_pending_updates"):
            self._world.updates.pending.clear()
        known = self._world.delivery.webhook.url == url
        connections = min(max(params.integer("max_connections", 40), 1), 100)
        self._world.delivery.set_webhook(url, secret, connections)
        return True, "Webhook is already set" if known else "Webhook was set"

    async def delete_webhook(self, params: Params) -> Outcome:
        """https://core.telegram.org/bots/api#deletewebhook"""
        was_set = bool(self._world.delivery.webhook.url)
        self._world.delivery.delete_webhook()
        if params.flag("drop_pending_updates"):
            self._world.updates.pending.clear()
        return True, "Webhook was deleted" if was_set else "Webhook is already deleted"

    async def get_webhook_info(self, _: Params) -> Outcome:
        """https://core.telegram.org/bots/api#getwebhookinfo"""
        return webhook_info(self._world.delivery, self._world.updates), ""

    async def get_file(self, params: Params) -> Outcome:
        """https://core.telegram.org/bots/api#getfile"""
        file_id = params.text("file_id")
        stored = self._world.files.by_id(file_id)
        if stored is None:
            raise bad_request("invalid file_id")
        if len(stored.body) > _LARGEST_DOWNLOAD:
            raise bad_request("file is too big")
        return {
            "file_id": file_id,
            "file_unique_id": file_id[-12:],
            "file_size": len(stored.body),
            "file_path": stored.path,
        }, ""

    def _allow(self, params: Params) -> None:
        allowed = params.json("allowed_updates")
        if allowed is None:
            return
        if not isinstance(allowed, list) or not all(isinstance(kind, str) for kind in allowed):
            raise bad_request("can't parse allowed updates JSON object")
        # An empty list means "all but the ones that must be asked for".
        self._world.updates.allowed = allowed or None
