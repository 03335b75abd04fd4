"""`rasa`, with its Facebook channel's calls going to STOCK_RASA_GRAPH_URL instead of graph.facebook.com.

Rasa has no setting for that address: fbmessenger, the library that it sends with, writes it into every client. Only
that attribute is replaced, and only in this process; what Rasa does with a webhook is untouched.
"""

from __future__ import annotations

import os
from typing import Any

import fbmessenger  # type: ignore[import-untyped]
from rasa.__main__ import main

_made = fbmessenger.MessengerClient.__init__


def _aimed(client: Any, *arguments: Any, **named: Any) -> None:
    _made(client, *arguments, **named)
    client.graph_url = os.environ["STOCK_RASA_GRAPH_URL"]


if __name__ == "__main__":
    fbmessenger.MessengerClient.__init__ = _aimed
    main()
