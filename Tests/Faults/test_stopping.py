"""The end of the tree while it works (F11): TERM lets requests finish, and the rest are told."""

from __future__ import annotations

import pathlib
import signal
import time

import pytest

from Harness.gateway import Gateway, base_config
from Harness.invariants import books_agree, mock_calls
from Harness.load import MockProvider, dump
from Harness.openloop import Arrival, OpenLoop, assert_definite, of_kind, steady, streams, summary
from Harness.processes import wait_until


def stop_with_streams(
    mock: MockProvider, folder: pathlib.Path, drain: int, count: int, number: int = signal.SIGTERM
) -> tuple[list[Arrival], list[Arrival], float, float]:
    """Half of `count` streams would end within the drain, half would not. (short, long, when signalled, when gone)"""
    config = base_config(
        folder / "sluice-state",
        workers={"edge": 2, "upstream": 1},
        drain_timeout=f"{drain}s",
        providers={"load": mock.entry},
    )
    since = len(mock.calls())
    with Gateway(config, folder=folder) as gateway:
        gateway.wait_for_tree()
        started = mock.stats()["requests"]
        short_client, long_client = (OpenLoop(folder / "client", prefix=name) for name in ("short", "long"))
        # 20 events 50 ms apart for each second; begun within half a second.
        short_client.start(gateway, streams(count // 2, f"load-{drain * 20 - 20}-50-20", within=0.5))
        long_client.start(gateway, streams(count // 2, f"load-{drain * 20 + 300}-50-20", within=0.5))
        wait_until(lambda: mock.stats()["requests"] >= started + count, 20, "all streams run")
        gateway.send_signal(number)
        at = time.monotonic()
        short, long = short_client.wait(), long_client.wait()
        code = gateway.wait(drain + 11 - (time.monotonic() - at))
        gone = time.monotonic()
        assert code == 0
    print(f"\n{count} streams, drain {drain} s: {summary(short)} and {summary(long)}, gone {gone - at:.1f} s after the signal")
    print(books_agree(short + long, mock_calls(mock, since), gateway.state))
    return short, long, at, gone


def judge_stop(short: list[Arrival], long: list[Arrival], at: float, gone: float, drain: int) -> None:
    assert_definite(short, "complete")
    assert_definite(long, "sse error")
    assert all(one.code == "gateway_draining" for one in long), dump(long)
    ended = [one.ended - at for one in long]
    assert drain - 0.2 <= min(ended) and max(ended) <= drain + 2, (min(ended), max(ended))
    assert gone - at <= drain + 11


def test_f11_term_lets_streams_finish_and_tells_those_that_do_not(mock: MockProvider, tmp_path: pathlib.Path) -> None:
    judge_stop(*stop_with_streams(mock, tmp_path, 3, 100), 3)


@pytest.mark.verify
@pytest.mark.timeout(200)
def test_f11_a_thousand_streams_and_a_long_drain(mock: MockProvider, tmp_path: pathlib.Path) -> None:
    judge_stop(*stop_with_streams(mock, tmp_path, 20, 1000), 20)


@pytest.mark.verify
@pytest.mark.timeout(90)
def test_f11_under_load_nothing_is_cut(mock: MockProvider, tmp_path: pathlib.Path) -> None:
    """TERM amid an open-loop load: what was accepted ends whole; later ones are refused, or told to come again."""
    config = base_config(tmp_path / "sluice-state", workers={"edge": 2, "upstream": 2}, providers={"load": mock.entry})
    since = len(mock.calls())
    with Gateway(config, folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        client = OpenLoop(tmp_path / "client").start(gateway, steady(100, 4))
        time.sleep(2)
        at = time.monotonic()
        gateway.send_signal(signal.SIGTERM)
        assert gateway.wait(21) == 0
        arrivals = client.wait()
    print(f"\n{summary(arrivals)}")
    early = [one for one in arrivals if one.began < at - 0.02]
    assert_definite(early, "complete")
    # A kept connection may be closed at the very moment when a request is sent over it.
    late = of_kind(arrivals, "reset")
    assert all(one.reused and one.status == 0 and one.began >= at - 0.02 for one in late), dump(late)
    assert_definite(arrivals, "complete", "refused", "reset", "json error")
    assert all(one.code == "gateway_draining" for one in of_kind(arrivals, "json error"))
    print(books_agree(arrivals, mock_calls(mock, since), gateway.state))
