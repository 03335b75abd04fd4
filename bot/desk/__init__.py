"""The agents' desk at /desk: pages, a small JSON interface and a live feed over server-sent events."""
