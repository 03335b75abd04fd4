"""Plays recorded conversations as customers, over a channel's own door, and says what became of every message."""
