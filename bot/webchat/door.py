"""What the web chat needs from the rest of the system."""

from __future__ import annotations

from dataclasses import dataclass

from bot.core.ports import Clock, VisitorFeed
from bot.services.receive import Receive
from channels.webchat.channel import WebchatChannel

# For `app.config` of the app that serves the blueprint: Sanic reads these when it opens a connection.
SANIC_CONFIG = {
    "WEBSOCKET_MAX_SIZE": 64 * 1024,  # bytes of one frame; a larger one closes the socket with 1009
    "WEBSOCKET_PING_INTERVAL": 25,  # seconds; the browser answers these by itself, also in a sleeping tab
    "WEBSOCKET_PING_TIMEOUT": 35,  # seconds; with the interval, a dead connection is dropped after 60
}


@dataclass(frozen=True)
class WebchatDoor:
    """`receive` is where visitors' messages go, `feed` where the brand's answers come from."""

    channel: WebchatChannel
    receive: Receive
    feed: VisitorFeed
    clock: Clock
