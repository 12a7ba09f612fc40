"""Many streams at once: byte-exact, bounded memory, and slow readers that hold up nobody but themselves."""

from __future__ import annotations

import asyncio
import time

import pytest

from Harness.gateway import Gateway, base_config
from Harness.load import AsyncConnection, MockProvider, Outcome, dump, need_files, percentile, stream_once
from Harness.processes import pss_bytes, wait_until


def one_of_each(mock: MockProvider) -> dict:
    return base_config(None, state_directory=None, providers={"load": mock.entry})


async def many(gateway: Gateway, count: int, model: str) -> tuple[list[Outcome], int]:
    """`count` streams at once. (outcomes, peak Pss of the tree while they ran)"""
    tasks = []
    for number in range(count):
        tasks.append(asyncio.create_task(stream_once(gateway, f"{model}-{number}", number)))
        if number % 20 == 19:
            await asyncio.sleep(0.01)  # a backlog's worth at a time
    peak = 0
    while not all(task.done() for task in tasks):
        peak = max(peak, await asyncio.to_thread(pss_bytes, gateway.tree()))
        await asyncio.sleep(0.5)
    return [task.result() for task in tasks], peak


def check_streams(mock: MockProvider, count: int, model: str, limit: int | None) -> None:
    need_files(count + 200)
    with Gateway(one_of_each(mock)) as gateway:
        for number in range(20):
            assert gateway.chat(f"load:load-1-0-0-{number}").status == 200
        idle = pss_bytes(gateway.tree())
        outcomes, peak = asyncio.run(asyncio.wait_for(many(gateway, count, model), 150))
        bad = [one for one in outcomes if one.kind != "complete"]
        assert not bad, f"{len(bad)} of {count}:\n{dump(bad)}"
        each = (peak - idle) / count
        print(f"\n{count} streams: idle {idle / 1e6:.1f} MB, peak {peak / 1e6:.1f} MB, {each / 1024:.1f} KB a stream")
        if limit is not None:
            overlap = min(one.ended for one in outcomes) - max(one.began for one in outcomes)
            assert overlap > 0, "the streams did not all run at once: the figure means nothing"
            assert each < limit


def test_two_hundred_streams(mock: MockProvider) -> None:
    check_streams(mock, 200, "load-30-50-20", None)


@pytest.mark.verify
@pytest.mark.timeout(300)
def test_a_thousand_streams(mock: MockProvider) -> None:
    check_streams(mock, 1000, "load-80-150-20", 64 * 1024)


async def first_bytes(gateway: Gateway, clients: int, rounds: int, tag: str) -> list[float]:
    """Times to first byte of `clients` users that each take `rounds` short streams."""

    async def user(index: int) -> list[float]:
        times = []
        await asyncio.sleep(index * 0.005)
        for number in range(rounds):
            outcome = await stream_once(gateway, f"load-10-20-0-{tag}-{index}-{number}")
            assert outcome.kind == "complete", outcome
            times.append(outcome.first - outcome.began)
        return times

    return [one for times in await asyncio.gather(*(user(index) for index in range(clients))) for one in times]


async def slow_readers(gateway: Gateway, mock: MockProvider, count: int, rounds: int) -> dict:
    await first_bytes(gateway, 50, 2, "warm")
    before = await first_bytes(gateway, 50, rounds, "before")
    idle = pss_bytes(gateway.tree())
    slow = []
    try:
        for number in range(count):
            connection = await AsyncConnection.open(gateway.address, receive_buffer=4096)
            connection.hold_after = 1
            # 4 MB that nobody reads; far more than all buffers on the way.
            connection.send(
                gateway.chat_bytes({"model": f"load:load-4000-0-900-s{number}", "stream": True, "messages": []})
            )
            slow.append(connection)
            if number % 20 == 19:
                await asyncio.sleep(0.02)
        await asyncio.wait_for(asyncio.gather(*(connection.until_held() for connection in slow)), 120)
        settled, last = time.monotonic(), 0
        while time.monotonic() - settled < 5:  # until it no longer grows
            now = await asyncio.to_thread(pss_bytes, gateway.tree())
            if now > last * 1.01:
                settled = time.monotonic()
            last = max(last, now)
            await asyncio.sleep(0.5)
        during = await first_bytes(gateway, 50, rounds, "during")
        last = max(last, pss_bytes(gateway.tree()))
        ended = [connection for connection in slow if connection.ended]
        open_calls = mock.stats()["open"]
    finally:
        for connection in slow:
            connection.close()
    return {"idle": idle, "loaded": last, "before": before, "during": during, "ended": len(ended), "calls": open_calls}


def check_slow(mock: MockProvider, count: int, rounds: int, timing: bool) -> None:
    need_files(count + 300)
    with Gateway(one_of_each(mock)) as gateway:
        figures = asyncio.run(slow_readers(gateway, mock, count, rounds))
        before, during = percentile(figures["before"], 0.99), percentile(figures["during"], 0.99)
        extra = figures["loaded"] - figures["idle"]
        print(
            f"\n{count} slow readers: {extra / 1e6:.1f} MB over idle ({extra / count / 1024:.1f} KB each); "
            f"TTFT p99 {before * 1000:.1f} ms alone, {during * 1000:.1f} ms beside them"
        )
        assert figures["ended"] == 0, "a slow reader was cut off"
        assert figures["calls"] >= count, "the provider is not held back: its calls have ended"
        assert extra <= count * 128 * 1024
        if timing:
            # Below 5 ms the scheduler of a busy machine decides.
            assert during <= 2 * max(before, 0.005)
        # When they leave, their calls end and the rest goes on.
        wait_until(lambda: mock.stats()["open"] < 200, 10, "the provider's connections are closed")
        assert gateway.chat("load:load-1-0-0-after").status == 200


def test_two_hundred_slow_readers(mock: MockProvider) -> None:
    check_slow(mock, 200, 2, timing=False)


@pytest.mark.verify
@pytest.mark.timeout(600)
def test_two_thousand_slow_readers(mock: MockProvider) -> None:
    check_slow(mock, 2000, 10, timing=True)


@pytest.mark.verify
@pytest.mark.timeout(300)
def test_memory_comes_back_and_stays(mock: MockProvider) -> None:
    need_files(800)
    with Gateway(one_of_each(mock)) as gateway:
        asyncio.run(many(gateway, 300, "load-20-20-200"))
        first = pss_bytes(gateway.tree())
        for _ in range(5):
            outcomes, _ = asyncio.run(many(gateway, 300, "load-20-20-200"))
            assert all(one.kind == "complete" for one in outcomes)
        assert pss_bytes(gateway.tree()) <= first + 16 * 2**20, "memory grows from round to round"
