"""What takes a while to build and is built when first needed: a worker asks for it before its first customer comes."""

from actions import calls, language


async def warm() -> None:
    """Build it. Calls no service."""
    language.warm()
    await calls.warm()
