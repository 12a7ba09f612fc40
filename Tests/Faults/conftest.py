"""Fixtures of the fault tests: one compiled mock provider for the session."""

from __future__ import annotations

import pytest

from Harness.load import MockProvider, build_mock


@pytest.fixture(scope="session")
def mock(tmp_path_factory: pytest.TempPathFactory):
    with MockProvider(build_mock(tmp_path_factory.mktemp("mock"))) as provider:
        yield provider
