"""Reload after reload under an open-loop load and with live streams: nobody notices."""

from __future__ import annotations

import json
import signal
import time

import pytest

from Harness.gateway import Gateway
from Harness.openloop import streams, wait_for
from Harness.processes import pss_bytes, wait_until
from Harness.scene import SceneMaker


def write(gateway: Gateway, number: int) -> None:
    """The file with another alias and another price, moved into its place whole."""
    models = {"alias": {"targets": [f"load:target-{number}"]}}
    pricing = {"load:*": {"input": 1, "output": 2}, "load:other": {"input": number, "output": 1}}
    path = gateway.folder / "sluice.yaml"
    new = path.with_suffix(".new")
    new.write_text(json.dumps(gateway.config | {"models": models, "pricing": pricing}))
    new.rename(path)


def in_force(gateway: Gateway) -> int:
    """The version of the configuration in force, by the supervisor's log."""
    lines = [line for line in gateway.log() if line["role"] == "supervisor"]
    return max((line["version"] for line in lines if line["message"] == "configuration in force"), default=0)


def snapshots(gateway: Gateway) -> dict[str, float]:
    text = gateway.request("GET", "/metrics").body.decode()
    lines = [line for line in text.splitlines() if line.startswith("sluice_snapshots{")]
    return {line.partition('role="')[2].partition('"')[0]: float(line.rpartition(" ")[2]) for line in lines}


def reload_many(scene: SceneMaker, count: int, live: int) -> None:
    with scene() as one:
        gateway = one.gateway
        before, roles = gateway.children(), len(gateway.children("edge"))
        seconds = count / 10 + 4
        one.start(one.load(seconds), streams(live, f"load-{int(seconds * 20)}-50-20", within=1.0))
        wait_for(one.client, 2.0)
        memory = pss_bytes(before)
        began = time.monotonic()
        for number in range(count):
            write(gateway, number)
            gateway.send_signal(signal.SIGHUP)
            time.sleep(max(0.0, began + (number + 1) / 10 - time.monotonic()))
        arrivals = one.wait()
        assert [x for x in arrivals if x.kind != "complete"] == [], one.failed()[:5]
        assert gateway.children() == before
        failed = [line for line in gateway.log() if line["message"].startswith("reload failed")]
        assert not failed, failed[:3]
        # Those that came while one ran are done together: fewer than asked for, and the last one counts.
        done = in_force(gateway)
        assert count / 4 < done <= count + 2, done
        wait_until(
            lambda: all(number <= 2 * roles for number in snapshots(gateway).values()) and snapshots(gateway), 20,
            lambda: f"at most two snapshots in each process: {snapshots(gateway)}",
        )
        wait_until(
            lambda: pss_bytes(before) < memory + (24 << 20), 20,
            lambda: f"memory as before: {pss_bytes(before) >> 20} MiB after {memory >> 20} MiB",
        )
        print(f"{count} reloads, {done} done, memory {memory >> 20} MiB, then {pss_bytes(before) >> 20} MiB")


@pytest.mark.timeout(120)
def test_f8_twenty_reloads_in_two_seconds(scene: SceneMaker) -> None:
    reload_many(scene, 20, 20)


@pytest.mark.verify
@pytest.mark.timeout(300)
def test_f8_a_hundred_reloads_in_ten_seconds(scene: SceneMaker) -> None:
    reload_many(scene, 100, 100)
