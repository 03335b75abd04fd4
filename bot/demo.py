"""What `SIGAP_DEMO=1` adds: people who can log in at the desk at once. Never on in production."""

from __future__ import annotations

from collections.abc import Sequence

from bot.services.people import People

DEMO_PASSWORD = "arunika-demo"  # noqa: S105 - printed on the log-in page, for a laptop only
DEMO_PEOPLE: Sequence[tuple[str, str, str, tuple[str, ...]]] = (
    ("dina", "Dina Lestari", "agent", ("care", "complaints", "fraud", "health", "retention", "security")),
    (
        "budi",
        "Budi Santoso",
        "agent",
        ("approver", "complaints", "legal", "press", "privacy", "regulated"),
    ),
    ("sari", "Sari Wijaya", "supervisor", ()),
)
DEMO_LOGINS: Sequence[tuple[str, str]] = tuple((login, DEMO_PASSWORD) for login, *_ in DEMO_PEOPLE)


async def seed(people: People) -> None:
    """Add the demo's people where they are missing; a changed or disabled one stays as it is."""
    known = {agent.agent_id for agent in await people.list()}
    for login, name, role, skills in DEMO_PEOPLE:
        if login not in known:
            await people.add(login, name, DEMO_PASSWORD, role, skills=skills)
