"""How much of Meta's limits is used: https://developers.facebook.com/docs/graph-api/overview/rate-limiting"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from channels.capabilities import Usage
from channels.messages import ApiResponse

_APP_HEADER = "x-app-usage"
_PAGE_HEADER = "x-business-use-case-usage"
_PERCENTAGES = ("call_count", "total_time", "total_cputime")
_MOST = 1e6  # beyond every sensible percentage or number of minutes


def usage(response: ApiResponse, scopes: Mapping[str, str] | None = None) -> tuple[Usage, ...]:
    """What the headers tell. The app's own is scope "app"; that of an account is scope "page", or what `scopes` has
    for the use case's type ("messenger", "pages", "instagram", "whatsapp" …). Never raises.
    """
    found: dict[str, Usage] = {}
    app = _decoded(response, _APP_HEADER)
    if isinstance(app, Mapping):
        found["app"] = Usage(scope="app", used=_used(app))
    accounts = _decoded(response, _PAGE_HEADER)
    for cases in accounts.values() if isinstance(accounts, Mapping) else ():
        for case in cases if isinstance(cases, list) else ():
            if not isinstance(case, Mapping):
                continue
            scope = (scopes or {}).get(str(case.get("type")), "page")
            before = found.get(scope, Usage(scope=scope, used=0.0))
            minutes = _number(case.get("estimated_time_to_regain_access"))
            found[scope] = Usage(
                scope=scope, used=max(before.used, _used(case)), wait_s=max(before.wait_s, minutes * 60.0)
            )
    return tuple(found.values())


def _decoded(response: ApiResponse, header: str) -> Any:
    try:
        return msgspec.json.decode(response.headers.get(header, "null"))
    except (msgspec.DecodeError, RecursionError):
        return None


def _used(values: Mapping[str, Any]) -> float:
    return max(_number(values.get(name)) for name in _PERCENTAGES) / 100.0


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    return float(min(max(value, 0), _MOST))
