"""schemathesis asks what `/openapi.json` promises: every operation, in sequences, valid and not, on both databases."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

from Harness.administered import DATABASES, Administered, administered, household

PROGRAM = pathlib.Path(sys.executable).with_name("schemathesis")
HOOKS = pathlib.Path(__file__).with_name("schemathesis_hooks.py")
SEED = "20261122"
# All checks are on, as they are where none is named: one that is named on the command line cannot be taken back here. What is taken back of them,
# each with its reason:
CONFIGURATION = """
[warnings]
enabled = false

[output.sanitization]
enabled = false

[auth.openapi]
administration = {{ bearer = "{token}" }}
client = {{ bearer = "{key}" }}

# Which time zones there are, that a period begins before it ends, that a limit is given by one of its two names, what may stand in the
# configuration and which keys a provider has no schema says: 422 names the member.
[[operations]]
include-operation-id = [
    "createProject", "updateProject", "createProvider", "updateProvider", "testProvider", "createAlias", "updateAlias",
    "createPrice", "updatePrice", "getDailyUsage", "getHourlyUsage", "getUsageSummary",
]
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 422]

# Where nothing happens, an answer comes that much later.
[[operations]]
include-path-regex = "^/api/v1/events$"
parameters = {{ wait_ms = 0 }}
# `after` and `since` exclude each other.
checks.positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 422]

# What one provider cannot do another one can: 400 says so, and `schemathesis_hooks.py` sees that it says nothing else. Limits of the client's key,
# of its project and of everybody are set by the run itself, among other things.
[[operations]]
include-operation-id = [
    "chat_completions", "embeddings", "messages", "count_tokens", "completions", "moderations", "image_generations",
]
checks.positive_data_acceptance.expected-statuses = ["2xx", 400, 401, 404, 429]

# What is revoked can still be looked at.
[[operations]]
include-operation-id = ["getKey", "updateKey", "revokeKey", "regenerateKey", "getToken", "updateToken", "revokeToken"]
checks.use_after_free.enabled = false
"""


def run(running: Administered, folder: pathlib.Path, *arguments: str, timeout: float) -> str:
    """One run with all checks; what it reports. A failure shows how to repeat each request."""
    (folder / "schemathesis.toml").write_text(CONFIGURATION.format(token=running.owner.token, key=running.gateway.key))
    variables = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "SCHEMATHESIS_HOOKS": HOOKS.stem,
        "PYTHONPATH": str(HOOKS.parent),
        "OWN_TOKEN": running.owner.token or "",
    }
    line = [
        PROGRAM, "--config-file", folder / "schemathesis.toml", "run", f"{running.gateway.url}/openapi.json", "--no-color",
        "--url", running.gateway.url, "--seed", SEED, "--continue-on-failure", "--request-timeout", "15",
        *arguments,
    ]  # fmt: skip
    done = subprocess.run(line, cwd=folder, env=variables, capture_output=True, text=True, timeout=timeout)
    (folder / "report.txt").write_text(done.stdout + done.stderr)
    assert done.returncode == 0, f"{done.stdout[-20_000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def count(report: str) -> int:
    """How many test cases the report says were passed or judged."""
    found = re.search(r"([\d,]+) generated", report)
    return int(found[1].replace(",", "")) if found else 0


@pytest.fixture(params=DATABASES)
def running(request: pytest.FixtureRequest, tmp_path: pathlib.Path):
    server = request.getfixturevalue("postgres_server") if request.param == "postgresql" else None
    with administered(tmp_path, server, http={"trusted_proxies": ["127.0.0.0/8"]}) as one:
        # Something of every kind, so that sequences have where to begin.
        household(one.owner, "there from the start")
        yield one


def test_what_the_document_promises(running: Administered, tmp_path: pathlib.Path) -> None:
    # A request or two of each operation, valid and not: as long as that takes.
    report = run(
        running, tmp_path, "--generation-deterministic", "--phases", "fuzzing", "--max-examples", "1", "--no-shrink", timeout=160
    )
    print(report[-1500:])
    assert count(report) > 100, report[-3000:]
    assert running.owner.request("GET", "orgs").status == 200, "the token that asked is still good"


@pytest.mark.verify
@pytest.mark.timeout(1500)
def test_what_the_document_promises_at_length(running: Administered, tmp_path: pathlib.Path) -> None:
    report = run(running, tmp_path, "--generation-database", "none", "--max-examples", "60", "--max-time", "600", timeout=1400)
    print(report[-3000:])
    assert count(report) > 5000, report[-3000:]


def test_the_document_says_what_it_is(running: Administered) -> None:
    document = running.owner.as_token(None).ask("GET", "/openapi.json")
    assert document["openapi"].startswith("3.1.")
    identifiers = [one["operationId"] for path in document["paths"].values() for one in path.values() if "operationId" in one]
    assert len(identifiers) == len(set(identifiers)) > 30
    for path in ("/v1/chat/completions", "/v1/models", "/v1/messages"):
        assert path in document["paths"], "front doors are part of it"
    assert "sluice-admin-" not in str(document["servers"] if "servers" in document else "")
