"""The dials that simulate a back office in trouble."""

from typing import Any

_LIMITS = {"delay_s": 60.0, "fail_share": 1.0}


class Dials:
    """How badly the back office behaves right now: seconds of delay, and the share of requests that fail."""

    def __init__(self) -> None:
        self.delay_s = 0.0
        self.fail_share = 0.0

    def as_json(self) -> dict[str, float]:
        """The dials as they stand."""
        return {"delay_s": self.delay_s, "fail_share": self.fail_share}

    def turn(self, body: Any) -> None:
        """Turn one or both dials: `{"delay_s": 0…60, "fail_share": 0…1}`, all or none.

        Raises ValueError, with a sentence for the caller, for anything else.
        """
        if not isinstance(body, dict) or not body or not body.keys() <= _LIMITS.keys():
            raise ValueError("expected delay_s and/or fail_share")
        for name, value in body.items():
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LIMITS[name]:
                raise ValueError(f"{name} must be a number from 0 to {_LIMITS[name]:g}")
        for name, value in body.items():
            setattr(self, name, float(value))
