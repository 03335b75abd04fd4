"""Stand-ins for the platforms and the demo brand's back office, for trying Sigap without accounts.

Written from the platforms' public API documentation. It shares no code with `channels`, `bot` or `actions`:
a mistake made there must not be made here a second time.
"""
