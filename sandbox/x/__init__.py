"""A stand-in for X: posts, replies, quotes and direct messages over the X API v2 and the X Activity API.

https://docs.x.com/x-api/introduction
"""
