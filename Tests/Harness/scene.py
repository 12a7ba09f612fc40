"""A gateway under an open-loop load, to be broken; afterwards the invariants L1 to L6 are checked."""

from __future__ import annotations

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .gateway import Gateway, base_config
from .invariants import Invariants, books_agree, mock_calls
from .load import MockProvider, dump
from .openloop import Arrival, Mix, OpenLoop, Planned, of_kind, steady, summary


@dataclass
class Scene:
    """A gateway before the mock provider, with an open-loop client; afterwards L1 to L6 are checked.

    `kills_concern` is how many requests may have a row without a call: those in flight when something was killed.
    """

    gateway: Gateway
    client: OpenLoop
    invariants: Invariants
    mock: MockProvider
    full: bool  # the long variant
    kills_concern: int = 0
    arrivals: list[Arrival] | None = None
    others: int = 0

    @property
    def rate(self) -> float:
        """Requests a second; programs that are not optimised on a busy machine want fewer than the long variants ask for."""
        return float(os.environ.get("SLUICE_RATE") or (500 if self.full else 100))

    def start(self, *plans: list[Planned]) -> OpenLoop:
        return self.client.start(self.gateway, [one for plan in plans for one in plan])

    def load(self, seconds: float, mix: Mix | None = None, seed: int = 1) -> list[Planned]:
        return steady(self.rate, seconds, mix=mix, seed=seed)

    def wait(self, timeout: float = 120) -> list[Arrival]:
        self.arrivals = self.client.wait(timeout)
        print(f"\n{len(self.arrivals)} requests: {summary(self.arrivals)}")
        return self.arrivals

    def failed(self) -> list[Arrival]:
        return [one for one in self.arrivals or [] if one.kind not in ("complete", "disconnected")]

    def assert_none(self, *kinds: str) -> None:
        assert self.arrivals is not None
        bad = of_kind(self.arrivals, *kinds)
        assert not bad, f"{kinds}: {len(bad)}\n{dump(bad)}"


@contextlib.contextmanager
def make_scene(
    mock: MockProvider,
    folder: pathlib.Path,
    full: bool,
    settle: float = 30.0,
    programs: pathlib.Path | None = None,
    **changes,
) -> Iterator[Scene]:
    """`changes` replace keys of the configuration: two edges and two upstreams before the mock provider, with prices."""
    options = {
        "workers": {"edge": 2, "upstream": 2},
        "providers": {"load": mock.entry},
        "pricing": {"load:*": {"input": 1, "output": 2}},
    }
    since = len(mock.calls())
    # A crash would print what is in memory, keys too; builds for production never do.
    quiet = {"SWIFT_BACKTRACE": "enable=no"}
    config = base_config(folder / "sluice-state", **(options | changes))
    gateway = Gateway(config, programs=programs, folder=folder, environment=quiet, crashes_expected=True)
    with gateway:
        gateway.wait_for_tree()
        warm = OpenLoop(folder / "client", prefix="warm").run(gateway, steady(100, 0.5))
        one = Scene(gateway, OpenLoop(folder / "client"), Invariants(gateway), mock, full)
        yield one
        assert one.arrivals is not None
        one.invariants.check(one.arrivals, settle)
        print(f"back to rest after {one.invariants.settled:.1f} s")
    sent = warm + one.arrivals
    calls = mock_calls(mock, since)
    print(books_agree(sent, calls, gateway.state, in_flight_at_kills=one.kills_concern, others=one.others))


SceneMaker = Callable[..., contextlib.AbstractContextManager[Scene]]
