"""TLS at the listeners: who is let in, who is not, and what becomes of certificates."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import ssl
import threading
import time

import httpx
import openai
import pytest

from Harness import wire
from Harness.certificates import Authority
from Harness.gateway import Gateway, base_config, openai_provider, run_until_exit
from Harness.operators import run
from Harness.processes import wait_until
from Harness.provider import OwnProvider

MESSAGES = [{"role": "user", "content": "Say hello."}]


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def secure_config(own_provider: OwnProvider, files: dict, **changes) -> dict:
    """A plain listener, which the harness uses, and one with TLS."""
    return base_config(
        None,
        state_directory=None,
        listen=[{"address": "127.0.0.1:0"}, {"address": "127.0.0.2:0", "tls": files}],
        providers={"own": openai_provider(own_provider.base_url)},
        default_provider="own",
        **changes,
    )


@pytest.fixture(scope="module")
def secure(own_provider: OwnProvider, authority: Authority, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("secure")
    config = secure_config(own_provider, authority.write(folder), http={"header_timeout": "1s", "idle_timeout": "5s"})
    with Gateway(config, folder=folder) as running:
        running.wait_for_tree()
        yield running


def address(gateway: Gateway) -> tuple[str, int]:
    return gateway.addresses[1]


def url(gateway: Gateway) -> str:
    return "https://%s:%d" % address(gateway)


def connect(gateway: Gateway, context: ssl.SSLContext) -> ssl.SSLSocket:
    host, _ = address(gateway)
    return context.wrap_socket(socket.create_connection(address(gateway), 10), server_hostname=host)


def handshakes(gateway: Gateway, result: str) -> int:
    text = gateway.request("GET", "/metrics").body.decode()
    name = f'sluice_tls_handshakes_total{{result="{result}"}} '
    return sum(int(line[len(name) :]) for line in text.splitlines() if line.startswith(name))


# Clients


@pytest.mark.parametrize("http2", [False, True], ids=["http1", "http2"])
def test_the_openai_package(secure: Gateway, authority: Authority, http2: bool) -> None:
    versions = []
    hooks = {"response": [lambda response: versions.append(response.http_version)]}
    with httpx.Client(verify=authority.context(), http2=http2, event_hooks=hooks) as transport:
        with openai.OpenAI(
            base_url=f"{url(secure)}/v1", api_key=secure.key, max_retries=0, timeout=20, http_client=transport
        ) as client:
            reply = client.chat.completions.create(model="own:chat", messages=MESSAGES)
            assert reply.choices[0].message.content
            events = list(client.chat.completions.create(model="own:stream-20-5", messages=MESSAGES, stream=True))
            assert len([event for event in events if event.choices and event.choices[0].delta.content]) == 20
            with pytest.raises(openai.NotFoundError):
                client.models.retrieve("nowhere")
            with pytest.raises(openai.AuthenticationError):
                client.with_options(api_key="sk-wrong").models.list()
    assert set(versions) == {"HTTP/2" if http2 else "HTTP/1.1"}


@pytest.mark.parametrize(
    "offered, expected", [((), None), (("http/1.1",), "http/1.1"), (("h2", "http/1.1"), "h2"), (("spdy/3",), None)]
)
def test_what_is_negotiated(secure: Gateway, authority: Authority, offered: tuple, expected: str | None) -> None:
    with connect(secure, authority.context(*offered)) as client:
        assert client.selected_alpn_protocol() == expected
        assert client.version() == "TLSv1.3"


def test_a_large_body_and_a_large_reply(secure: Gateway, authority: Authority) -> None:
    with httpx.Client(verify=authority.context(), timeout=30) as client:
        body = {"model": "own:huge-3000000", "messages": [{"role": "user", "content": "x" * 2_000_000}]}
        headers = {"Authorization": f"Bearer {secure.key}"}
        reply = client.post(f"{url(secure)}/v1/chat/completions", json=body, headers=headers)
        assert reply.status_code == 200
        assert reply.json()["choices"][0]["message"]["content"] == "x" * 3_000_000


# Who is not let in


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=["1.0", "1.1"])
def test_old_versions_are_refused(secure: Gateway, version: ssl.TLSVersion) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        context.minimum_version = version
        context.maximum_version = version
    before = handshakes(secure, "failed")
    with pytest.raises(ssl.SSLError) as refused:
        connect(secure, context)
    assert "ALERT" in str(refused.value).upper()
    wait_until(lambda: handshakes(secure, "failed") > before, 5, "the failure is counted")


def test_tls_1_2_is_let_in(secure: Gateway, authority: Authority) -> None:
    context = authority.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with connect(secure, context) as client:
        assert client.version() == "TLSv1.2"
        assert "GCM" in client.cipher()[0] or "CHACHA20" in client.cipher()[0]


@pytest.mark.parametrize("first", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["silent", "half a hello"])
def test_a_handshake_that_stalls_is_closed(secure: Gateway, first: bytes) -> None:
    before = handshakes(secure, "timed_out")
    with socket.create_connection(address(secure), 10) as client:
        client.sendall(first)
        began = time.monotonic()
        try:
            assert client.recv(100) == b""
        except ConnectionResetError:
            pass
        assert 0.5 < time.monotonic() - began < 5
    wait_until(lambda: handshakes(secure, "timed_out") > before, 5, "the timeout is counted")


def test_what_is_no_tls_harms_nobody(secure: Gateway, authority: Authority) -> None:
    for sent in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x00" * 100, os.urandom(300), b"\x16\x03\x01\x00\x05hello"):
        with socket.create_connection(address(secure), 10) as client:
            client.sendall(sent)
            try:
                while client.recv(1000):
                    pass
            except ConnectionResetError:
                pass
    with connect(secure, authority.context()):
        pass
    assert len(secure.children("edge")) == 1 and secure.ready_count("edge") == 1


# Files that cannot be used


def test_a_key_of_another_certificate_is_refused(own_provider, authority: Authority, tmp_path) -> None:
    files = authority.write(tmp_path) | {"key": authority.write(tmp_path, name="other")["key"]}
    code, said = run_until_exit(secure_config(own_provider, files), folder=tmp_path)
    assert 70 <= code <= 79, said
    assert "listen[1].tls.key: expected the private key of the first certificate" in said, said
    assert "Fatal error" not in said


@pytest.mark.parametrize("part, word", [("certificate", "certificate"), ("key", "key")])
def test_what_is_no_pem_is_refused(own_provider, authority: Authority, tmp_path, part: str, word: str) -> None:
    files = authority.write(tmp_path)
    with open(files[part], "w") as broken:
        broken.write("no PEM\n")
    code, said = run_until_exit(secure_config(own_provider, files), folder=tmp_path)
    assert 70 <= code <= 79 and word in said, said
    assert "Fatal error" not in said


def test_a_missing_file_is_refused(own_provider, authority: Authority, tmp_path) -> None:
    files = authority.write(tmp_path)
    os.unlink(files["key"])
    code, said = run_until_exit(secure_config(own_provider, files), folder=tmp_path)
    assert 70 <= code <= 79 and "listen[1].tls.key: expected a readable PEM file" in said, said


# Reload


def seen(gateway: Gateway, authority: Authority) -> str:
    with connect(gateway, authority.context()) as client:
        return hashlib.sha256(client.getpeercert(binary_form=True)).hexdigest()


@pytest.fixture
def rotating(own_provider: OwnProvider, authority: Authority, tmp_path):
    config = secure_config(own_provider, authority.write(tmp_path), workers={"edge": 2, "upstream": 1})
    with Gateway(config, folder=tmp_path) as running:
        running.wait_for_tree()
        yield running


def test_certificates_are_replaced_and_streams_live_on(rotating: Gateway, authority: Authority, tmp_path) -> None:
    old = seen(rotating, authority)
    failures, stop = [], threading.Event()

    def load() -> None:
        with httpx.Client(verify=authority.context(), timeout=20) as client:
            while not stop.is_set():
                try:
                    reply = client.get(f"{url(rotating)}/health", headers={"Connection": "close"})
                    if reply.status_code != 200:
                        failures.append(reply.status_code)
                except httpx.HTTPError as error:
                    failures.append(repr(error))

    loader = threading.Thread(target=load)
    with httpx.Client(verify=authority.context(), http2=True, timeout=20) as transport:
        client = openai.OpenAI(
            base_url=f"{url(rotating)}/v1", api_key=rotating.key, max_retries=0, http_client=transport
        )
        stream = client.chat.completions.create(model="own:stream-60-50", messages=MESSAGES, stream=True)
        events = iter(stream)
        next(events)
        loader.start()
        try:
            authority.write(tmp_path)
            done = run(rotating, "reload", "--wait")
            assert done.returncode == 0, done.stderr
            assert all(seen(rotating, authority) != old for _ in range(20))
            text = [event for event in events if event.choices and event.choices[0].delta.content]
            assert len(text) >= 58
        finally:
            stop.set()
            loader.join(20)
    assert failures == []


@pytest.mark.parametrize("fault", ["mismatched", "expired", "broken"])
def test_a_reload_with_bad_files_changes_nothing(
    rotating: Gateway, authority: Authority, tmp_path, fault: str
) -> None:
    old = seen(rotating, authority)
    if fault == "mismatched":
        os.replace(authority.write(tmp_path, name="other")["key"], tmp_path / "server.key")
    elif fault == "expired":
        authority.write(tmp_path, valid=False)
    else:
        (tmp_path / "server.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    done = run(rotating, "reload", "--wait")
    assert done.returncode == 1, (done.stdout, done.stderr)
    word = {"mismatched": "key", "expired": "expired", "broken": "certificate"}[fault]
    assert word in done.stderr and ("127.0.0.2" in done.stderr or "listen[1].tls" in done.stderr), done.stderr
    assert all(seen(rotating, authority) == old for _ in range(5))
    assert wire.request(rotating.address, "GET", "/health/ready", timeout=5).status == 200


def test_an_edge_comes_back_with_an_expired_certificate(
    own_provider: OwnProvider, authority: Authority, tmp_path
) -> None:
    config = secure_config(own_provider, authority.write(tmp_path, valid=False))
    with Gateway(config, folder=tmp_path, crashes_expected=True) as running:
        running.wait_for_tree()
        assert "clients will refuse a certificate" in running.log_text()
        running.kill_child(running.child("edge"), signal.SIGKILL)
        wait_until(lambda: running.ready_count("edge") == 2, 20, "the edge is back")
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        with connect(running, context) as client:
            assert client.version() == "TLSv1.3"
