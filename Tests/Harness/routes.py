"""Gateways in front of several faulty providers, and what their records say of how a request was routed."""

from __future__ import annotations

import json

from .gateway import Gateway, openai_provider
from .operators import call
from .processes import wait_until

QUICK = {"connect": "500ms", "first_token": "1s", "idle": "1s", "total": "5s"}


def faulty_provider(base_url: str, **changes) -> dict:
    """A provider entry with short deadlines."""
    return openai_provider(base_url, timeouts=QUICK) | changes


def pool(*names: str, **changes) -> list[dict]:
    """A pool of keys; the value of each is its name with `sk-` before it."""
    return [{"name": name, "value": f"sk-{name}"} | changes for name in names]


def explanation(gateway: Gateway, record: str | None) -> dict:
    """What `sluice explain` is told of a request, once it is settled and its calls have ended."""
    assert record is not None
    found: dict = {}

    def is_known() -> bool:
        try:
            found.update(call(gateway, "GET", f"/api/v1/requests/{record}"))
        except (AssertionError, OSError):  # not yet there, or more ask than are answered at once
            return False
        return found["request"]["settled_by"] == "edge" and all(
            attempt["status"] is not None for attempt in found["attempts"]
        )

    wait_until(is_known, 10, lambda: f"{record} is settled: {json.dumps(found)[:2000]}")
    return found


def steps(found: dict) -> list[str]:
    """The words of the trail's steps."""
    return [step["what"] for step in (found["routing"] or {"steps": []})["steps"]]
