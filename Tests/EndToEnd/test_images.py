"""Images that a request names by an https URL, for providers that fetch none: fetched by the gateway, or refused by name."""

from __future__ import annotations

import base64
import collections
import time

import pytest

from Harness.gateway import Gateway, base_config, openai_provider
from Harness.openai_script import OpenAIScript
from Harness.threaded_server import ThreadedServer
from Harness.wire import Reply

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
DOORS = pytest.mark.parametrize("door", [CHAT, MESSAGES])
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\10\6\0\0\0\x1f\x15\xc4\x89\0\0\0\0IEND\xaeB`\x82"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0" + b"\0" * 40 + b"\xff\xd9"


class ImageServer(ThreadedServer):
    """`/cat.png` and `/dog.jpg` are images, `/page` is none, `/huge` does not end, `/gone` is not there, `/hang` says nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: collections.Counter = collections.Counter()
        self.heads: list[str] = []

    async def _connection(self, reader, writer) -> None:
        import asyncio

        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            path = head.split(" ")[1]
            self.seen[path] += 1
            if path == "/hang":
                await asyncio.sleep(3600)
            if path == "/huge":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: image/png\r\nconnection: close\r\n\r\n" + PNG)
                while True:
                    writer.write(b"\0" * 65536)
                    await writer.drain()
            found = {"/cat.png": PNG, "/dog.jpg": JPEG, "/page": b"<html>no image</html>"}.get(path)
            if path == "/moved":
                writer.write(
                    b"HTTP/1.1 302 Found\r\nlocation: /cat.png\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                )
            elif found is None:
                writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            else:
                # The type is a lie: what counts are the bytes.
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: %d\r\n\r\n" % len(found))
                writer.write(found)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()


def gateways(tmp_path_factory: pytest.TempPathFactory, environment: dict):
    folder = tmp_path_factory.mktemp("images")
    with OpenAIScript() as provider, ImageServer() as images:
        providers = {
            "bare": openai_provider(provider.base_url, dialect="ollama"),
            "fetching": openai_provider(provider.base_url, dialect="ollama", fetch_images=True),
            "able": openai_provider(provider.base_url),
        }
        config = base_config(folder / "sluice-state", providers=providers)
        with Gateway(config, folder=folder, environment=environment) as gateway:
            yield gateway, provider, images


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory):
    """A gateway that may fetch from this machine, which only programs with test hooks can be told."""
    yield from gateways(tmp_path_factory, {"SLUICE_IMAGES": "loopback"})


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory):
    """One as it is shipped."""
    yield from gateways(tmp_path_factory, {})


def ask(gateway: Gateway, door: str, model: str, *urls: str) -> Reply:
    if door == CHAT:
        parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    else:
        parts = [{"type": "image", "source": {"type": "url", "url": url}} for url in urls]
    content = [{"type": "text", "text": "What is it?"}, *parts]
    body = {"model": f"{model}:picture", "max_tokens": 9, "messages": [{"role": "user", "content": content}]}
    return gateway.request("POST", door, body, timeout=60)


def text_of(reply: Reply, door: str) -> str:
    assert reply.status == 200, reply
    value = reply.json()
    return value["choices"][0]["message"]["content"] if door == CHAT else value["content"][0]["text"]


def data_url(kind: str, raw: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(raw).decode()}"


@DOORS
def test_fetched(near, door: str) -> None:
    gateway, provider, images = near
    images.seen.clear()
    root = f"http://127.0.0.1:{images.port}"
    reply = ask(gateway, door, "fetching", f"{root}/cat.png", f"{root}/dog.jpg", f"{root}/cat.png")
    cat, dog = data_url("png", PNG), data_url("jpeg", JPEG)
    assert text_of(reply, door) == f"I see {cat}, {dog}, {cat}"
    assert images.seen == {"/cat.png": 1, "/dog.jpg": 1}
    assert text_of(ask(gateway, door, "fetching", f"{root}/moved"), door) == f"I see {cat}"
    assert not provider.problems, provider.problems
    # Nothing of the gateway's or the client's goes along.
    assert not any("authorization" in head.lower() or gateway.key in head for head in images.heads)


@DOORS
@pytest.mark.parametrize("path", ["/page", "/gone", "/huge"])
def test_what_cannot_be_fetched(near, door: str, path: str) -> None:
    gateway, provider, images = near
    provider.clear()
    began = time.monotonic()
    reply = ask(gateway, door, "fetching", f"http://127.0.0.1:{images.port}{path}")
    assert 400 <= reply.status < 500, reply
    assert reply.json()["error"]["message"]
    assert not provider.log, "the provider was called"
    assert time.monotonic() - began < 30


@DOORS
def test_refused_where_nobody_fetches(near, door: str) -> None:
    gateway, provider, images = near
    provider.clear()
    images.seen.clear()
    reply = ask(gateway, door, "bare", f"http://127.0.0.1:{images.port}/cat.png")
    assert reply.status == 400, reply
    error = reply.json()["error"]
    assert "'bare'" in error["message"] and "fetch_images" in error["message"], error
    if door == CHAT:
        assert error["param"].startswith("messages[0].content[1]"), error
    assert not provider.log and not images.seen


@DOORS
def test_urls_pass_to_who_can_fetch(near, door: str) -> None:
    gateway, _, images = near
    images.seen.clear()
    url = "https://example.com/cat.png"
    assert text_of(ask(gateway, door, "able", url), door) == f"I see {url}"
    assert not images.seen


@DOORS
@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "10.0.0.1", "169.254.169.254", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"],
)
def test_never_from_private_addresses(far, door: str, host: str) -> None:
    """As shipped: whatever form the address has, no connection is made."""
    gateway, provider, images = far
    provider.clear()
    for url in (f"https://{host}:{images.port}/cat.png", f"http://{host}:{images.port}/cat.png"):
        began = time.monotonic()
        reply = ask(gateway, door, "fetching", url)
        assert reply.status == 400, (url, reply)
        assert time.monotonic() - began < 5, "it was tried"
    assert not images.seen and not provider.log
