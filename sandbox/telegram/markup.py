"""Checks on `reply_markup`. https://core.telegram.org/bots/api#inlinekeyboardmarkup"""

from __future__ import annotations

from typing import Any

from sandbox.telegram.errors import BotApiError, bad_request

# Not in the documentation; observed, see python-telegram-bot's constants.
_MOST_BUTTONS = 100
_MOST_CALLBACK_BYTES = 64
_INLINE_ACTIONS = frozenset(
    (
        "callback_data",
        "callback_game",
        "copy_text",
        "login_url",
        "pay",
        "switch_inline_query",
        "switch_inline_query_chosen_chat",
        "switch_inline_query_current_chat",
        "url",
        "web_app",
    )
)


def check_markup(markup: object) -> dict[str, Any] | None:
    """The markup, checked, or None when there is none. Raises the 400 that Telegram answers."""
    if markup is None or markup == "":
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in markup:
        buttons = _buttons(markup["inline_keyboard"], _check_inline)
        return {"inline_keyboard": buttons} if buttons else None
    if "keyboard" in markup:
        return {**markup, "keyboard": _buttons(markup["keyboard"], _check_reply)}
    if markup.get("remove_keyboard") or markup.get("force_reply"):
        return dict(markup)
    return None


def check_inline_markup(markup: object) -> dict[str, Any] | None:
    """Like `check_markup`, for the edits, which take an inline keyboard only."""
    checked = check_markup(markup)
    if checked is not None and "inline_keyboard" not in checked:
        raise bad_request("inline keyboard expected")
    return checked


def _buttons(rows: object, check: Any) -> list[list[dict[str, Any]]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("can't parse reply keyboard markup JSON object")
    checked = [[check(button) for button in row] for row in rows if row]
    if sum(len(row) for row in checked) > _MOST_BUTTONS:
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return checked


def _check_inline(button: object) -> dict[str, Any]:
    if not isinstance(button, dict):
        raise _button_error("expected an Object")
    text = button.get("text")
    if not isinstance(text, str) or not text.strip():
        raise _button_error('field "text" must be of type String and not empty')
    actions = _INLINE_ACTIONS.intersection(button)
    if not actions:
        raise _button_error("text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        raise _button_error("exactly one action must be used")
    if "callback_data" in button:
        data = button["callback_data"]
        size = len(data.encode("utf-8", "surrogatepass")) if isinstance(data, str) else 0
        if not 1 <= size <= _MOST_CALLBACK_BYTES:
            raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button:
        url = button["url"]
        if not isinstance(url, str) or not url.startswith(("https://", "http://", "tg://")):
            raise bad_request("inline keyboard button URL is invalid: Wrong HTTP URL")
    return dict(button)


def _check_reply(button: object) -> dict[str, Any]:
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict) or not isinstance(button.get("text"), str) or not button["text"].strip():
        raise bad_request('can\'t parse keyboard button: field "text" must be of type String and not empty')
    return dict(button)


def _button_error(why: str) -> BotApiError:
    return bad_request(f"can't parse inline keyboard button: {why}")
