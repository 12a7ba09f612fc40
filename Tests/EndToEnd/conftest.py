"""Fixtures: an own provider for the whole session, and gateways in front of it."""

from __future__ import annotations

import pytest

from Harness.gateway import Gateway, base_config, openai_provider
from Harness.provider import OwnProvider


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
    """The gateway most tests use: providers `own` (the default) and `simulated`, an alias that renames, one edge."""
    folder = tmp_path_factory.mktemp("gateway")
    config = base_config(
        folder / "sluice-state",
        providers={
            "own": openai_provider(own_provider.base_url, headers={"X-Configured": "yes"}),
            "simulated": {"dialect": "simulated", "delay": "0ms", "tokens_per_second": 100000},
            "refusing": openai_provider("http://127.0.0.1:1/v1"),
        },
        default_provider="own",
        models={
            "renamed": {"targets": ["own:chat"]},
            "renamed-stream": {"targets": ["own:stream-4-0"]},
            "fast": {"targets": ["simulated:fast"]},
            "unreachable": {"targets": ["refusing:any"]},
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
        providers={"own": openai_provider(own_provider.base_url, timeouts=timeouts)},
    )
    with Gateway(config, folder=folder) as running:
        yield running
