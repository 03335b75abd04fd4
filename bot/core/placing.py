"""Where the parts of an answer to a public message go: what everybody may read, what only the customer may."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from bot.core.house import House, personal_in
from bot.core.ports import Utterance
from channels import fit
from channels.capabilities import Capabilities
from channels.messages import Button


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """`public`: the one public answer, "" when there is none to give and the customer is pointed to the private
    thread instead. `private`: what to say there."""

    public: str = ""
    private: tuple[Utterance, ...] = ()


def place(
    utterances: Sequence[Utterance], slots: dict[str, str], can: Capabilities, house: House, prefix: str = ""
) -> Placement:
    """One public answer to everything, or a private one to everything: half an answer in each place helps nobody.

    In public goes only what its designer marked as public, what holds nothing personal, and what fits into one post.
    `prefix` will stand before it.
    """
    text = in_public(utterances)
    sayable = (
        bool(text)
        and all(utterance.response in house.public_responses for utterance in utterances)
        and can.measure(prefix + text) <= can.text_limit
        and not personal_in(text, slots, house)
    )
    return Placement(public=text) if sayable else Placement(private=tuple(utterances))


def in_public(utterances: Sequence[Utterance]) -> str:
    """The utterances as one text; choices become numbered lines, which a typed number answers."""
    return "\n\n".join(filter(None, written_out(utterances)))


def written_out(utterances: Sequence[Utterance]) -> list[str]:
    """Each utterance as text alone; the numbers of choices run on, so that each means one."""
    texts, first = [], 1
    for utterance in utterances:
        text = "\n".join(filter(None, (utterance.text, utterance.image)))
        titles = tuple(Button(key=str(number), title=title) for number, (title, _) in enumerate(utterance.buttons))
        texts.append(fit.numbered(text, titles, first) if titles else text)
        first += len(titles)
    return texts
