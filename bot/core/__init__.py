"""The pure core: what a conversation is, who owns it, what may happen next. No I/O, no clock, only msgspec."""
