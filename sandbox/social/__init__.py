"""What the stand-ins of facebook, instagram, whatsapp, x and linkedin have in common.

A platform (`platform.Platform`) keeps people, posts and entries, and its subclass turns what happens into that
vendor's webhook payloads. `customers` acts for the people, `door` for the network between the brand's program and
the platform's API, `delivery` takes the webhooks to the program, `routes` is the customers' side over HTTP.
"""
