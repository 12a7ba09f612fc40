"""HTTP/2 over TLS: ordinary clients, and the ends of streams and connections frame by frame."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess

import httpx
import openai
import pytest

from Harness import http2
from Harness.certificates import Authority
from Harness.gateway import Gateway, base_config, once, openai_provider
from Harness.http2 import HTTP2Connection
from Harness.processes import wait_until
from Harness.provider import OwnProvider

MESSAGES = [{"role": "user", "content": "Say hello."}]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def config(provider: OwnProvider, files: dict, **changes) -> dict:
    return base_config(
        None,
        state_directory=None,
        listen=[{"address": "127.0.0.1:0"}, {"address": "127.0.0.2:0", "tls": files}],
        providers={name: openai_provider(provider.base_url, breaker=False) for name in ("own", "spare")},
        models=once("own", "spare"),
        default_provider="own",
        **changes,
    )


@pytest.fixture(scope="module")
def gateway(own_provider: OwnProvider, authority: Authority, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("http2")
    with Gateway(config(own_provider, authority.write(folder)), folder=folder, crashes_expected=True) as running:
        running.wait_for_tree()
        yield running


@pytest.fixture
def leaving(own_provider: OwnProvider, authority: Authority, tmp_path):
    """A gateway that the test stops by itself."""
    with Gateway(config(own_provider, authority.write(tmp_path), drain_timeout="3s"), folder=tmp_path) as running:
        running.wait_for_tree()
        yield running


def connect(gateway: Gateway, authority: Authority, acknowledges: bool = True) -> HTTP2Connection:
    return HTTP2Connection(gateway.addresses[1], authority.context("h2"), acknowledges)


def url(gateway: Gateway) -> str:
    return "https://%s:%d" % gateway.addresses[1]


# Clients


def test_many_requests_on_one_connection(gateway: Gateway, authority: Authority) -> None:
    async def ask() -> None:
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(verify=authority.context(), http2=True, limits=limits, timeout=30) as transport:
            client = openai.AsyncOpenAI(
                base_url=f"{url(gateway)}/v1", api_key=gateway.key, max_retries=0, http_client=transport
            )

            async def one(number: int) -> int:
                if number % 2:
                    reply = await client.chat.completions.create(model="own:chat", messages=MESSAGES)
                    return len(reply.choices)
                count = 0
                stream = await client.chat.completions.create(
                    model="own:stream-10-10", messages=MESSAGES, stream=True
                )
                async for event in stream:
                    count += bool(event.choices and event.choices[0].delta.content)
                return count

            counts = await asyncio.gather(*(one(number) for number in range(60)))
            assert counts == [1 if number % 2 else 10 for number in range(60)]

    asyncio.run(asyncio.wait_for(ask(), 60))


def test_curl(gateway: Gateway, authority: Authority, tmp_path) -> None:
    trusted = authority.trust(tmp_path / "authority.pem")
    done = subprocess.run(
        [
            *("curl", "-sS", "--http2", "--cacert", str(trusted), "-w", "\n%{http_version} %{http_code}"),
            *("-H", f"Authorization: Bearer {gateway.key}", "-H", "Content-Type: application/json"),
            *("-d", json.dumps({"model": "own:stream-5-5", "stream": True, "messages": MESSAGES})),
            f"{url(gateway)}/v1/chat/completions",
        ],
        capture_output=True,
        text=True,
        timeout=30,
        env={"PATH": os.environ["PATH"]},
    )
    assert done.returncode == 0, done.stderr
    body, _, last = done.stdout.rpartition("\n")
    assert last == "2 200" and body.rstrip().endswith("data: [DONE]")


def test_large_bodies_both_ways(gateway: Gateway, authority: Authority) -> None:
    with httpx.Client(verify=authority.context(), http2=True, timeout=30) as client:
        body = {"model": "own:huge-3000000", "messages": [{"role": "user", "content": "x" * 2_000_000}]}
        headers = {"Authorization": f"Bearer {gateway.key}"}
        reply = client.post(f"{url(gateway)}/v1/chat/completions", json=body, headers=headers)
        assert (reply.status_code, reply.http_version) == (200, "HTTP/2")
        assert reply.json()["choices"][0]["message"]["content"] == "x" * 3_000_000


# Streams


def test_what_the_server_says_of_itself(gateway: Gateway, authority: Authority) -> None:
    with connect(gateway, authority) as connection:
        assert connection.reply(connection.request("GET", "/health", {})).status == 200
        assert connection.settings[3] == 100  # MAX_CONCURRENT_STREAMS


def test_errors_are_replies(gateway: Gateway, authority: Authority) -> None:
    with connect(gateway, authority) as connection:
        for model, status in (("spare:status-429", 429), ("own:reset", 502), ("own:garbage", 502)):
            reply = connection.reply(connection.chat(gateway.key, model))
            assert reply.status == status and reply.ended and reply.reset is None
            assert json.loads(reply.body)["error"]["message"]
        wrong = connection.reply(connection.chat("sk-wrong", "own:chat"))
        assert wrong.status == 401 and wrong.headers["www-authenticate"] == "Bearer"


def test_heads_have_their_bounds(gateway: Gateway, authority: Authority) -> None:
    key = {"authorization": f"Bearer {gateway.key}"}
    with connect(gateway, authority) as connection:
        # The server's settings are in force once they are acknowledged.
        assert connection.reply(connection.request("GET", "/health", {})).status == 200
        for size, status in ((65_000, 200), (66_000, 431), (65_000, 200)):
            reply = connection.reply(connection.request("GET", "/v1/models", key | {"x-large": "~" * size}))
            assert (reply.status, reply.ended) == (status, True)
        many = {f"x-{number}": "1" for number in range(99)}
        assert connection.reply(connection.request("GET", "/v1/models", key | many)).status == 431
        # Beyond that nobody is answered.
        connection.request("GET", "/v1/models", key | {"x-large": "~" * 1_000_000})
        assert connection.until(lambda: connection.closed)
        assert connection.goaways and connection.goaways[-1][1] != http2.NO_ERROR
    assert gateway.ready_count("edge") == 1


def test_a_stream_that_breaks_never_ends_clean(gateway: Gateway, authority: Authority) -> None:
    with connect(gateway, authority) as connection:
        reply = connection.reply(connection.chat(gateway.key, "own:cut-600", stream=True))
        assert reply.status == 200 and not reply.ended and reply.reset == http2.INTERNAL_ERROR
        assert b'data: {"error":' in reply.body and b"[DONE]" not in reply.body
        # The connection lives on.
        assert connection.reply(connection.chat(gateway.key, "own:chat")).status == 200


def test_an_upstream_that_dies_ends_its_streams_so_too(gateway: Gateway, authority: Authority) -> None:
    with connect(gateway, authority) as connection:
        stream = connection.chat(gateway.key, "own:stream-500-20", stream=True)
        assert connection.until(lambda: b"data:" in connection.replies[stream].body)
        gateway.kill_child(gateway.child("upstream"), signal.SIGKILL)
        reply = connection.reply(stream)
        assert not reply.ended and reply.reset == http2.INTERNAL_ERROR and b"upstream_lost" in reply.body
        assert connection.reply(connection.chat(gateway.key, "own:chat")).status == 200


def test_a_reset_cancels_the_call(gateway: Gateway, authority: Authority, provider: OwnProvider) -> None:
    with connect(gateway, authority) as connection:
        stream = connection.chat(gateway.key, "own:stream-2000-20", stream=True)
        assert connection.until(lambda: b"data:" in connection.replies[stream].body)
        connection.reset(stream)
        metrics = "sluice_requests_in_flight 0"
        wait_until(lambda: metrics in gateway.request("GET", "/metrics").body.decode(), 10, "the request is over")
        assert connection.reply(connection.chat(gateway.key, "own:chat")).status == 200
        assert [seen.model for seen in provider.requests()][:1] == ["stream-2000-20"]


def test_a_client_that_takes_nothing_stops_its_stream_only(gateway: Gateway, authority: Authority) -> None:
    with connect(gateway, authority, acknowledges=False) as slow, connect(gateway, authority) as fast:
        stream = slow.chat(gateway.key, "own:stream-3000-0-2000", stream=True)
        assert slow.until(lambda: len(slow.replies[stream].body) == http2.WINDOW)
        assert not slow.until(lambda: len(slow.replies[stream].body) > http2.WINDOW, 1)
        assert fast.reply(fast.chat(gateway.key, "own:chat")).status == 200


def test_rapid_reset_ends_its_connection_only(gateway: Gateway, authority: Authority) -> None:
    with connect(gateway, authority) as other, connect(gateway, authority) as attacker:
        for _ in range(400):
            attacker.reset(attacker.chat(gateway.key, "own:chat"))
            if attacker.closed:
                break
        assert attacker.until(lambda: attacker.closed)
        assert not attacker.goaways or attacker.goaways[-1][1] == http2.ENHANCE_YOUR_CALM
        assert other.reply(other.chat(gateway.key, "own:chat")).status == 200
    assert gateway.ready_count("edge") == 1


# Draining


def test_what_runs_ends_before_the_connection_goes(leaving: Gateway, authority: Authority) -> None:
    with connect(leaving, authority) as connection:
        stream = connection.chat(leaving.key, "own:stream-40-40", stream=True)
        assert connection.until(lambda: b"data:" in connection.replies[stream].body)
        leaving.send_signal(signal.SIGTERM)
        assert connection.until(lambda: len(connection.goaways) == 2), connection.goaways
        assert connection.goaways == [(2**31 - 1, http2.NO_ERROR), (stream, http2.NO_ERROR)]
        reply = connection.reply(stream)
        assert reply.ended and reply.reset is None and reply.body.rstrip().endswith(b"data: [DONE]")
        assert connection.until(lambda: connection.closed)
    assert leaving.wait(15) == 0


def test_what_runs_too_long_ends_with_an_error(leaving: Gateway, authority: Authority) -> None:
    with connect(leaving, authority) as connection, connect(leaving, authority) as idle:
        idle.reply(idle.request("GET", "/health", {}))
        stream = connection.chat(leaving.key, "own:stream-4000-20", stream=True)
        assert connection.until(lambda: b"data:" in connection.replies[stream].body)
        leaving.send_signal(signal.SIGTERM)
        assert idle.until(lambda: idle.closed, 3) and len(idle.goaways) == 2
        reply = connection.reply(stream)
        assert not reply.ended and reply.reset == http2.INTERNAL_ERROR and b"gateway_draining" in reply.body
    assert leaving.wait(15) == 0
