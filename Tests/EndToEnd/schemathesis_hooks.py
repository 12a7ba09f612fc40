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
