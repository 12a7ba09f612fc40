"""Fixtures: an own provider for the whole session, and gateways in front of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from Harness.gateway import Gateway, base_config, once, openai_provider
from Harness.provider import OwnProvider


# Providers of `gateway` whose keys are there to be refused or cooled: each by one call only.
SPARES = [f"spare-{number}" for number in range(64)]


@pytest.fixture(scope="session")
def unused_spares() -> Callable[[], str]:
    unused = iter(SPARES)
    return lambda: next(unused)


@pytest.fixture
def spare(unused_spares: Callable[[], str]) -> Callable[[str], str]:
    """Names a model for `gateway` whose provider nobody has used yet: after 401, 403 or 429 its key is no good any more."""
    return lambda model: f"{unused_spares()}:{model}"


@pytest.fixture(scope="session")
def own_provider():
    with OwnProvider() as provider:
        yield provider


@pytest.fixture
def provider(own_provider: OwnProvider) -> OwnProvider:
    """The own provider with an empty log."""
    own_provider.clear()
    return own_provider


@pytest.fixture(scope="session")
def gateway(own_provider: OwnProvider, tmp_path_factory: pytest.TempPathFactory):
    """The gateway most tests use: providers `own` (the default) and `simulated`, an alias that renames, one edge.

    Each call is made once, and no breaker opens: what the provider says is to be seen."""
    own = openai_provider(own_provider.base_url, headers={"X-Configured": "yes"}, breaker=False)
    refusing = openai_provider("http://127.0.0.1:1/v1", breaker=False)
    spares = {name: openai_provider(own_provider.base_url, breaker=False) for name in SPARES}
    folder = tmp_path_factory.mktemp("gateway")
    config = base_config(
        folder / "sluice-state",
        providers={
            "own": own,
            "simulated": {"dialect": "simulated", "delay": "0ms", "tokens_per_second": 100000},
            "refusing": refusing,
        }
        | spares,
        default_provider="own",
        models=once("own", "refusing", *SPARES)
        | {
            "renamed": {"targets": ["own:chat"]},
            "renamed-stream": {"targets": ["own:stream-4-0"]},
            "fast": {"targets": ["simulated:fast"]},
            "unreachable": {"targets": ["refusing:any"], "retries": 0},
        },
    )
    with Gateway(config, folder=folder) as running:
        yield running


@pytest.fixture(scope="session")
def undecided(own_provider: OwnProvider, tmp_path_factory: pytest.TempPathFactory):
    """A gateway with two providers and no default one: a name that nobody claims is 404."""
    folder = tmp_path_factory.mktemp("undecided")
    config = base_config(
        folder / "sluice-state",
        providers={
            "own": openai_provider(own_provider.base_url),
            "simulated": {"dialect": "simulated", "delay": "0ms", "tokens_per_second": 100000},
        },
        models={"renamed": {"targets": ["own:chat"]}},
    )
    with Gateway(config, folder=folder) as running:
        yield running


@pytest.fixture(scope="session")
def impatient(own_provider: OwnProvider, tmp_path_factory: pytest.TempPathFactory):
    """A gateway with short deadlines and small limits."""
    folder = tmp_path_factory.mktemp("impatient")
    timeouts = {"connect": "500ms", "first_token": "1s", "idle": "1s", "total": "4s"}
    config = base_config(
        folder / "sluice-state",
        http={
            "max_request_line": "2KB",
            "max_headers": "8KB",
            "max_body": "64KB",
            "header_timeout": "1s",
            "idle_timeout": "3s",
            "cors": {"origins": ["https://app.example"]},
        },
        providers={"own": openai_provider(own_provider.base_url, timeouts=timeouts, breaker=False)},
        models=once("own"),
    )
    with Gateway(config, folder=folder) as running:
        yield running
