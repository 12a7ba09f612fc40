"""The end of the tree while it works: TERM lets requests finish, and the death of the supervisor too."""

from __future__ import annotations

import asyncio
import signal
import socket
import time

import pytest

from Harness.gateway import Gateway, base_config
from Harness.load import MockProvider, Outcome, dump, streams_at_once
from Harness.processes import alive, wait_until


def test_term_lets_streams_finish_and_tells_those_that_do_not(mock: MockProvider) -> None:
    drain = 3.0
    workers = {"edge": 2, "upstream": 1}
    config = base_config(
        None, state_directory=None, workers=workers, drain_timeout="3s", providers={"load": mock.entry}
    )

    async def run(gateway: Gateway) -> tuple[list[Outcome], list[Outcome], float]:
        started = mock.stats()["requests"]
        short = asyncio.create_task(streams_at_once(gateway, 50, "load-40-50-0"))
        long = asyncio.create_task(streams_at_once(gateway, 50, "load-400-50-0"))
        while mock.stats()["requests"] < started + 100:
            await asyncio.sleep(0.02)
        gateway.send_signal(signal.SIGTERM)
        began = time.monotonic()
        return await short, await long, time.monotonic() - began

    with Gateway(config) as gateway:
        gateway.wait_for_tree()
        short, long, lasted = asyncio.run(run(gateway))
        assert all(one.kind == "complete" for one in short), dump(short)
        assert all(one.kind == "sse error" and "gateway_draining" in one.detail for one in long), dump(long)
        assert drain - 0.2 <= lasted <= drain + 2
        assert gateway.wait(10) == 0
        assert time.monotonic() - max(one.ended for one in long) < 5


@pytest.mark.timeout(90)
def test_without_a_supervisor_workers_finish_and_leave(mock: MockProvider) -> None:
    config = base_config(None, state_directory=None, providers={"load": mock.entry})

    async def run(gateway: Gateway) -> list[Outcome]:
        started = mock.stats()["requests"]
        streams = asyncio.create_task(streams_at_once(gateway, 30, "load-40-50-0"))
        while mock.stats()["requests"] < started + 30:
            await asyncio.sleep(0.02)
        gateway.send_signal(signal.SIGKILL)
        return await streams

    gateway = Gateway(config).start()
    try:
        gateway.wait_for_tree()
        address, children = gateway.address, gateway.children()
        assert len(children) == 4
        outcomes = asyncio.run(run(gateway))
        assert all(one.kind == "complete" for one in outcomes), dump(outcomes)
        wait_until(lambda: not any(alive(pid) for pid in children), 10, lambda: f"left: {gateway.log_text()[-2000:]}")
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, 1)
        assert gateway.wait(1) == -signal.SIGKILL
    finally:
        gateway.destroy()
