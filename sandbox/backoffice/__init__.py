"""The demo brand's back office over HTTP, with made-up data: orders, cards, transfers, prices, branches and links.

A stand-in for the brand's own systems, for trying the product and for tests. It shares no code with the
assistant, which knows it only by its HTTP answers; `openapi.yml` describes them.
"""

from sandbox.backoffice.api import blueprint

__all__ = ["blueprint"]
