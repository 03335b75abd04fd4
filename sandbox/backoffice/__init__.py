"""The demo brand's back office: orders, refunds and card deliveries over HTTP, with made-up data.

A stand-in for the brand's own systems, for trying the product and for tests. It shares no code with the
assistant, which knows it only by its HTTP answers.
"""

from sandbox.backoffice.api import blueprint

__all__ = ["blueprint"]
