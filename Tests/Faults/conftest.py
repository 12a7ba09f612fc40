"""Fixtures of the fault tests: one compiled mock provider for the session, which logs its calls, and a scene to break."""

from __future__ import annotations

import functools
import pathlib

import pytest

from Harness.load import MockProvider, build_mock
from Harness.scene import SceneMaker, make_scene


@pytest.fixture(scope="session")
def mock(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("mock")
    with MockProvider(build_mock(folder), folder / "calls") as provider:
        yield provider


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether the long variants run: 500 requests a second, against optimised programs."""
    return request.config.getoption("--verify")


@pytest.fixture
def scene(mock: MockProvider, tmp_path: pathlib.Path, full: bool) -> SceneMaker:
    return functools.partial(make_scene, mock, tmp_path, full)
