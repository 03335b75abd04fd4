"""The section `channels.rasa_connector.Facebook` of credentials.yml."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from channels import fit
from channels.meta.settings import GraphSettings, Problem, empty, out_of_range

# How Messenger counts its 2000 is not documented, so that it can be changed without a new version.
UNITS: Mapping[str, Callable[[str], int]] = {
    "characters": len,
    "utf16": fit.utf16_length,
    "bytes": lambda text: len(text.encode("utf-8", "surrogatepass")),
}


class FacebookSettings(GraphSettings, frozen=True, kw_only=True):
    """One Page. The limits that Meta does not publish are settings; their defaults are what is commonly met."""

    page_id: str = ""
    page_token: str = ""  # a Page access token of somebody with the tasks MESSAGING, MODERATE and CREATE_CONTENT
    page_username: str = ""  # the Page's @name without @, so that a mention of ourselves is not taken for another's
    text_limit: int = 2000  # of one private message
    text_unit: str = "characters"  # how that is counted: characters, utf16 or bytes
    comment_limit: int = 8000  # characters of one comment
    comments_per_minute: int = 60  # our own pace, since Meta blocks Pages that comment like spam

    def problems(self) -> Sequence[Problem]:
        return [*super().problems(), *self._page(), *self._limits()]

    @property
    def measure(self) -> Callable[[str], int]:
        """Length of a private message in `text_unit`."""
        return UNITS[self.text_unit]

    def _page(self) -> Iterator[Problem]:
        yield from empty("page_id", self.page_id, "Copy it from the Page: About > Page transparency > Page ID")
        if self.page_id and not self.page_id.isdecimal():
            yield "page_id", "is not a Page's number", "It has digits only; the Page's @name goes into page_username"
        yield from empty("page_token", self.page_token, "Make one as channels/facebook/README.md tells")
        if self.page_username.startswith("@"):
            yield "page_username", "begins with @", "Leave the @ out"

    def _limits(self) -> Iterator[Problem]:
        yield from out_of_range("text_limit", self.text_limit, 100, 20_000)
        if self.text_unit not in UNITS:
            yield "text_unit", "is not a unit", f"Use one of: {', '.join(UNITS)}"
        yield from out_of_range("comment_limit", self.comment_limit, 100, 100_000)
        yield from out_of_range("comments_per_minute", self.comments_per_minute, 1, 6000)
