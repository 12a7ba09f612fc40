"""Peculiar replies, made up in the shapes that providers have: the SDKs see at both front doors what they say."""

from __future__ import annotations

import anthropic
import openai
import pytest

from Harness import anthropic_quirks, openai_quirks, sdk_views
from Harness.canned import CannedProvider, chunked_reply, length_reply, split_every
from Harness.comparison import ANTHROPIC, OPENAI, differences
from Harness.gateway import Gateway, base_config, once, openai_provider
from Harness.reading import read
from Harness.recordings import Recording

QUIRKS = openai_quirks.QUIRKS | anthropic_quirks.QUIRKS


def recording(name: str) -> Recording:
    dialect, is_stream, body = QUIRKS[name]
    api = "messages" if dialect == "anthropic" else "chat.completions"
    return Recording(name, dialect, api, is_stream, 200, body, {}, None)


def replies() -> dict[str, bytes]:
    found = {}
    for name, (_, is_stream, body) in QUIRKS.items():
        found[f"{name}.whole"] = chunked_reply([body]) if is_stream else length_reply(body)
        kind = "text/event-stream" if is_stream else "application/json"
        found[f"{name}.bytes"] = chunked_reply(split_every(body, 1), kind)
    return found


def own(name: str, door: str, split: str) -> str:
    """The provider of one test."""
    return f"{name}.{'o' if door == OPENAI else 'a'}.{split}"


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("quirks")
    with CannedProvider(replies()) as provider:
        # One each: some replies are errors after which a key rests.
        providers = {
            own(name, door, split): openai_provider(provider.base_url, dialect=dialect, breaker=False)
            for name, (dialect, _, _) in QUIRKS.items()
            for door in (OPENAI, ANTHROPIC)
            for split in ("whole", "bytes")
        }
        config = base_config(folder / "sluice-state", providers=providers, models=once(*providers))
        with Gateway(config, folder=folder) as gateway:
            options = {"api_key": gateway.key, "max_retries": 0, "timeout": 20}
            with (
                openai.OpenAI(base_url=f"{gateway.url}/v1", **options) as first,
                anthropic.Anthropic(base_url=gateway.url, **options) as second,
            ):
                yield first, second


@pytest.mark.parametrize("split", ["whole", "bytes"])
@pytest.mark.parametrize("door", [OPENAI, ANTHROPIC])
@pytest.mark.parametrize("name", list(QUIRKS))
def test_quirk(clients: tuple[openai.OpenAI, anthropic.Anthropic], name: str, door: str, split: str) -> None:
    one = recording(name)
    body, model = one.simple(), f"{own(name, door, split)}:{name}.{split}"
    if door == OPENAI:
        seen = sdk_views.chat(
            clients[0], model, body | ({"stream_options": {"include_usage": True}} if one.stream else {})
        )
    else:
        seen = sdk_views.messages(clients[1], model, body)
    found = differences(one, read(one.body, one.status, one.stream, one.api == "messages"), seen, door)
    assert not found, "; ".join(found)
