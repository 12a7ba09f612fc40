"""A provider's key passes an edge on its way to control: however such a request ends, the edge has forgotten it."""

from __future__ import annotations

import contextlib
import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from Harness import wire
from Harness.administration import Administration
from Harness.certificates import Authority
from Harness.gateway import Gateway, base_config, openai_provider
from Harness.processes import memory_counts, wait_until
from Harness.provider import OwnProvider

PATH = "/api/v1/providers"
# How a record of TLS 1.3 goes on behind a body: BoringSSL decrypts it in place and frees that memory without overwriting it, so that the last
# records stay until others come to lie there (docs/security.md).
END_OF_RECORD = b'"}\x17'


@dataclass
class Scene:
    gateway: Gateway
    authority: Authority
    token: str
    # Where it came from, by what was sent.
    secrets: dict[bytes, str] = field(default_factory=dict)

    def secret(self, name: str) -> str:
        """One of its own for each way, unlike everything else."""
        text = f"sk-passing-{len(self.secrets):04}-Wq8Zt5Rn2Kd7Hb4Lx9Pv{len(name):02}"
        self.secrets[text.encode()] = name
        return text

    def body(self, name: str) -> bytes:
        # No dialect is called so: it is refused when control has seen it.
        body = {"name": "x", "dialect": "none", "base_url": "https://provider.invalid/v1", "api_key": self.secret(name)}
        return json.dumps(body).encode()

    def head(self, length: int | None, token: str | None = None) -> bytes:
        framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        lines = (f"POST {PATH} HTTP/1.1", "Host: x", f"Authorization: Bearer {token or self.token}", framing)
        return "\r\n".join((*lines, "Content-Type: application/json", "", "")).encode()

    def secure(self) -> ssl.SSLSocket:
        """A connection over TLS, by HTTP/1.1."""
        address = self.gateway.addresses[1]
        plain = wire.Connection(address).socket
        return self.authority.context("http/1.1").wrap_socket(plain, server_hostname=address[0])


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("passing")
    authority = Authority()
    with OwnProvider() as provider:
        config = base_config(
            None,
            state_directory=None,
            listen=[{"address": "127.0.0.1:0"}, {"address": "127.0.0.2:0", "tls": authority.write(folder)}],
            providers={"own": openai_provider(provider.base_url)},
            default_provider="own",
        )
        with Gateway(config, folder=folder) as gateway:
            gateway.wait_for_tree()
            yield Scene(gateway, authority, Administration.owner(gateway).token or "")


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def whole(scene: Scene) -> None:
    body = scene.body("a body in one")
    with scene.gateway.connect() as connection:
        connection.send(scene.head(len(body)) + body)
        assert connection.reply().status == 422


def in_pieces(scene: Scene) -> None:
    body = scene.body("a body in pieces")
    with scene.gateway.connect() as connection:
        connection.send(scene.head(len(body)) + body[:-30])
        connection.pump(0.05)
        connection.send(body[-30:])
        assert connection.reply().status == 422


def in_chunks(scene: Scene) -> None:
    with scene.gateway.connect() as connection:
        connection.send(scene.head(None) + chunked(scene.body("a body in chunks"), 60))
        assert connection.reply().status == 422
        connection.send(scene.head(None) + chunked(scene.body("a body in large chunks"), 10_000))
        assert connection.reply().status == 422


def half(scene: Scene) -> None:
    for name in ("half a body, closed", "half a body, reset"):
        body = scene.body(name)
        with scene.gateway.connect() as connection:
            connection.send(scene.head(len(body) + 50) + body)
            assert not connection.pump(0.1)
            connection.close() if name.endswith("closed") else connection.reset()


def sent_ahead(scene: Scene) -> None:
    body = scene.body("behind a request that hangs")
    with scene.gateway.connect() as connection:
        message = {"model": "own:hang", "messages": [{"role": "user", "content": "x"}]}
        connection.send(scene.gateway.chat_bytes(message) + scene.head(len(body)) + body)
        assert not connection.pump(0.2)


def unreadable(scene: Scene) -> None:
    first, second = scene.body("before what is no chunk"), scene.body("no chunk")
    with scene.gateway.connect() as connection:
        connection.send(scene.head(None) + b"%x\r\n%s\r\n" % (len(first), first))
        assert not connection.pump(0.05)
        connection.send(b"nothing: " + second + b"\r\n\r\n" + second)
        assert connection.reply().status == 400


def too_long(scene: Scene) -> None:
    body = scene.body("a body that is too long")
    with scene.gateway.connect() as connection:
        connection.send(scene.head(3 << 20) + body * 20)
        assert connection.reply().status == 413
        with contextlib.suppress(ConnectionError):
            connection.send(scene.body("behind a final reply") * 20)
    with scene.gateway.connect() as connection:
        long = scene.body("a body that becomes too long") * 20_000
        with contextlib.suppress(ConnectionError):
            connection.send(scene.head(None) + chunked(long, 50_000))
        assert connection.reply().status == 413


def refused(scene: Scene) -> None:
    body = scene.body("without a good token")
    with scene.gateway.connect() as connection:
        connection.send(scene.head(len(body), token="sluice-admin-wrong") + body)
        assert connection.reply().status == 401
    body = scene.body("with a key twice")
    with scene.gateway.connect() as connection:
        head = scene.head(len(body)).removesuffix(b"\r\n") + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n"
        connection.send(head + body)
        assert connection.reply().status == 400


def over_tls(scene: Scene) -> None:
    body = scene.body("a body over TLS")
    with scene.secure() as connection:
        connection.sendall(scene.head(len(body)) + body[:-30])
        connection.sendall(body[-30:])
        assert connection.recv(1000).startswith(b"HTTP/1.1 422")
    body = scene.body("half a body over TLS")
    with scene.secure() as connection:
        connection.sendall(scene.head(len(body) + 50) + body)


WAYS: list[Callable[[Scene], None]] = [
    whole, in_pieces, in_chunks, half, sent_ahead, unreadable, too_long, refused, over_tls,
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_an_edge_forgets_what_has_passed(scene: Scene, way: Callable[[Scene], None]) -> None:
    scene.secrets.clear()
    way(scene)
    assert scene.secrets

    def found() -> list[str]:
        needles = list(scene.secrets)
        if way is over_tls:
            needles += [secret + END_OF_RECORD for secret in scene.secrets]
        counts = [memory_counts(pid, needles) for pid in scene.gateway.children("edge")]
        return [
            name
            for secret, name in scene.secrets.items()
            if any(one[secret] > one.get(secret + END_OF_RECORD, 0) for one in counts)
        ]

    # That a client has gone an edge hears a little later.
    wait_until(lambda: not found(), 5, lambda: f"in the memory of an edge: {found()}", 0.1)


def test_the_search_would_find_it(scene: Scene) -> None:
    """A body that is under way has to be somewhere."""
    body = scene.body("under way")
    with scene.gateway.connect() as connection:
        connection.send(scene.head(len(body) + 50) + body)
        secret = next(reversed(scene.secrets))
        edges = scene.gateway.children("edge")
        wait_until(lambda: any(memory_counts(pid, [secret])[secret] for pid in edges), 5, "it is in an edge")
