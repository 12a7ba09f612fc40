"""What schemathesis loads before it runs: it must not revoke the token it asks with, nor stop the gateway it asks.

Each request comes from an address of its own, since wrong tokens, which it tries everywhere, are slowed by address.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import os

import schemathesis

OWN = os.environ.get("OWN_TOKEN", "")
# Its id, which a listing may have told: learnt from the answers themselves.
protected: set[str] = set()
addresses = itertools.count(int(ipaddress.ip_address("10.0.0.1")))
# Of the simulated provider.
MOST_TOKENS = 1 << 31
# Orders after which there is another gateway, or none.
LAST_ORDERS = ("stop", "stop_now", "upgrade")


@schemathesis.hook
def before_call(context, case, kwargs) -> None:
    case.headers["X-Forwarded-For"] = str(ipaddress.ip_address(next(addresses)))


@schemathesis.hook
def after_call(context, case, response) -> None:
    """Remembers the ids of tokens that are shown with the beginning of our own."""
    if case.operation.path.endswith("/tokens") and case.method.upper() == "GET" and response.status_code == 200:
        for entry in json.loads(response.content).get("data", []):
            if OWN.startswith(str(entry.get("prefix") or entry.get("shown") or "-").rstrip("…")):
                protected.add(entry["id"])


@schemathesis.hook
def filter_case(context, case) -> bool:
    segments = dict(case.path_parameters or {}).values()
    if case.operation.path.startswith("/api/v1/tokens/") and case.method.upper() in ("DELETE", "PATCH"):
        return not any(str(one) in protected for one in segments)
    if case.operation.path == "/api/v1/orders" and isinstance(case.body, dict):
        return case.body.get("kind") not in LAST_ORDERS
    return True


@schemathesis.check
def doors_refuse_with_reason(ctx, response, case) -> None:
    """A request of clients that is as the document wants it is refused for what the provider cannot do, or what nobody should write into
    the room for other members: a routing member in other letters, or a number that would have to be rounded."""
    if not case.operation.path.startswith("/v1/") or response.status_code != 400:
        return
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    error = json.loads(response.content)["error"]
    code = str(error.get("code"))
    # A budget that the run itself has set may be strict.
    is_fine = code.startswith("unsupported_") or code in ("escaped_member", "unbounded_prompt")
    is_fine |= code == "invalid_json" and has_huge(case.body)
    # How many tokens there can be at the most is each provider's to say, by its own name for it.
    if code == "invalid_value" and error.get("param") in ("max_tokens", "max_completion_tokens"):
        is_fine = case.body["max_tokens"] > MOST_TOKENS
    # 5.0 is a whole number to JSON Schema and none to OpenAI, in whose words it is refused.
    is_fine |= code == "invalid_type" and isinstance(case.body.get(error.get("param")), float)
    assert is_fine, f"refused: {error}"


def has_huge(value: object) -> bool:
    """Whether a whole number beyond 64 bits is in it."""
    if isinstance(value, dict):
        return any(has_huge(one) for one in value.values())
    if isinstance(value, list):
        return any(has_huge(one) for one in value)
    return isinstance(value, int) and not -(1 << 63) <= value < 1 << 64
