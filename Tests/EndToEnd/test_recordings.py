"""What the SDKs see of each recorded exchange, at both front doors, is what an independent reading of it says.

Every recording of the providers that are served is asked for by the unmodified `openai` package at `/v1/chat/completions`
(or `/v1/embeddings`) and by the unmodified `anthropic` package at `/v1/messages`, however the provider's bytes were cut. At
the front door of the recording's own words the recorded request is sent, at the other one a simple request.
"""

from __future__ import annotations

import collections
import copy
import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import anthropic
import openai
import pytest

from Harness import sdk_views
from Harness.comparison import ANTHROPIC, OPENAI, differences, shortened
from Harness.gateway import Gateway, base_config, once, openai_provider
from Harness.reading import Reading, events, read
from Harness.recordings import PROVIDERS, Recording, recordings
from Harness.shared import ReplayProvider, shared
from Harness.wire import Reply

SHORT, LONG = ("whole", "random"), ("event", "1")
RECORDINGS = recordings()
AT_ONCE = 12


@dataclass
class Outcome:
    seen: Reading | None
    differences: list[str]


def entry(dialect: str, port: int) -> dict:
    """The provider entry of a dialect before the replaying provider. No breaker: many recordings are failures."""
    base = f"http://127.0.0.1:{port}" + ("" if dialect == "azure" else "/v1")
    version = {"api_version": "2024-10-21"} if dialect == "azure" else {}
    return openai_provider(base, dialect=dialect, breaker=False) | version


def refuser(recording: Recording, door: str, split: str) -> str:
    """The provider of a recorded refusal: one for each client, as the key of one that has refused rests."""
    return f"{recording.id}-{'chat' if door == OPENAI else 'messages'}-{split}"


@pytest.fixture(scope="module")
def splits(request: pytest.FixtureRequest) -> tuple[str, ...]:
    return SHORT + LONG if request.config.getoption("--verify") else SHORT


@pytest.fixture(scope="module")
def gateway(splits: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory):
    """A gateway with one provider of each dialect for each split: `groq-whole`, `groq-random` … Each is asked once."""
    shared("exchanges")
    folder = tmp_path_factory.mktemp("recordings")
    with ExitStack() as stack:
        ports = {split: stack.enter_context(ReplayProvider(split, folder / f"{split}.log")).port for split in splits}
        providers = {
            f"{dialect}-{split}": entry(dialect, port) for split, port in ports.items() for dialect in PROVIDERS
        }
        providers |= {
            refuser(one, door, split): entry(one.dialect, port)
            for split, port in ports.items()
            for one in RECORDINGS
            if one.is_refusal
            for door in doors(one)
        }
        config = base_config(folder / "sluice-state", providers=providers, models=once(*providers))
        yield stack.enter_context(Gateway(config, folder=folder))


@pytest.fixture(scope="module")
def outcomes(gateway: Gateway, splits: tuple[str, ...]) -> dict[tuple[str, str, str], Outcome]:
    """All of them, by front door, split and recording: many at once, then judged one by one."""
    options = {"api_key": gateway.key, "max_retries": 0, "timeout": 120}
    clients = openai.OpenAI(base_url=f"{gateway.url}/v1", **options), anthropic.Anthropic(
        base_url=gateway.url, **options
    )
    jobs = [(door, split, one) for split in splits for one in RECORDINGS for door in doors(one)]
    with clients[0], clients[1], ThreadPoolExecutor(AT_ONCE) as pool:
        seen = pool.map(lambda job: attempt(clients, *job), jobs)
        return {(door, split, one.id): outcome for (door, split, one), outcome in zip(jobs, seen)}


def doors(recording: Recording) -> tuple[str, ...]:
    return (OPENAI,) if recording.api == "embeddings" else (OPENAI, ANTHROPIC)


def attempt(clients: tuple, door: str, split: str, recording: Recording) -> Outcome:
    expected = read(
        recording.body,
        recording.status,
        recording.stream,
        recording.api == "messages",
        recording.api == "embeddings",
    )
    provider = refuser(recording, door, split) if recording.is_refusal else f"{recording.dialect}-{split}"
    try:
        seen = ask(clients, door, f"{provider}:{recording.id}", recording)
    except Exception as error:  # whatever an SDK cannot cope with is a difference
        return Outcome(None, [f"{type(error).__name__}: {error}"])
    return Outcome(seen, differences(recording, expected, seen, door))


def ask(clients: tuple, door: str, model: str, recording: Recording) -> Reading:
    is_own = (recording.api == "messages") == (door == ANTHROPIC)
    body = recording.own() if is_own else recording.simple()
    if recording.api == "embeddings":
        return sdk_views.embeddings(clients[0], model, body if recording.request else {"input": "x"})
    if door == OPENAI:
        if recording.stream:
            body["stream_options"] = {"include_usage": True}
        return sdk_views.chat(clients[0], model, body)
    betas = None
    if is_own and "beta" in recording.query:
        named = recording.request_headers.get("anthropic-beta", "")
        betas = [one.strip() for one in named.split(",") if one.strip() and one != "REDACTED"]
    return sdk_views.messages(clients[1], model, body, betas)


CASES = [
    pytest.param(
        door, split, one, id=f"{door.replace('/', '-')}-{split}-{one.id}", marks=[pytest.mark.verify] * (split in LONG)
    )
    for split in SHORT + LONG
    for one in RECORDINGS
    for door in doors(one)
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("door", "split", "recording"), CASES or [(None, None, None)])
def test_recorded(outcomes: dict, door: str, split: str, recording: Recording) -> None:
    outcome = outcomes[door, split, recording.id]
    assert not outcome.differences, "; ".join(outcome.differences)


@pytest.mark.timeout(900)
def test_splits_are_not_seen(outcomes: dict, splits: tuple[str, ...]) -> None:
    """Not even where the comparison with the recording leaves a choice."""
    bodies = {one.id: one.body for one in RECORDINGS}
    for (door, split, name), outcome in outcomes.items():
        one, other = (
            without_minted_names(seen, bodies[name]) for seen in (outcome.seen, outcomes[door, splits[0], name].seen)
        )
        assert one == other, (door, split, name)


def without_minted_names(seen: Reading | None, recorded: bytes) -> Reading | None:
    """Names of calls that the gateway gives differ each time."""
    copied = copy.deepcopy(seen)
    for choice in copied.choices.values() if copied else ():
        for call in choice.calls:
            call.id = call.id if call.id.encode() in recorded else ""
    return copied


STREAMS = [one for one in RECORDINGS if one.stream and one.status == 200]


@pytest.mark.parametrize("usage", [False, True])
def test_recorded_streams_keep_openais_grammar(gateway: Gateway, usage: bool) -> None:
    """Whatever the provider does: one name, a role once, an end of each choice once, usage only where it was asked for."""
    wrong = {}
    for one in STREAMS:
        if one.dialect == "openai":
            continue
        body = one.simple() | {"model": f"{one.dialect}-random:{one.id}"}
        if usage:
            body["stream_options"] = {"include_usage": True}
        reply = gateway.request("POST", "/v1/chat/completions", body)
        assert (reply.header("content-type") or "").startswith("text/event-stream"), (one.id, reply)
        if found := faults_of(reply, usage):
            wrong[one.id] = found
    assert not wrong, wrong


def faults_of(reply: Reply, usage: bool) -> list[str]:
    values = events(reply.body)
    ended = values.count("[DONE]")
    chunks = [json.loads(one) for one in values if one != "[DONE]"]
    if "error" in chunks[-1]:
        return [] if not ended and not reply.complete else ["an error, and an end in order"]
    found = []
    if not reply.complete or ended != 1 or values[-1] != "[DONE]":
        found.append(f"{ended} times [DONE], complete {reply.complete}")
    for name in ("id", "created", "model", "object"):
        if len(seen := {one.get(name) for one in chunks}) != 1 or seen & {"", None, 0}:
            found.append(f"{name}: {seen}")
    choices = [choice for one in chunks for choice in one["choices"]]
    if not isinstance(chunks[0]["id"], str) or chunks[0]["object"] != "chat.completion.chunk":
        found.append(f"a chunk {chunks[0]}")
    for index in {choice["index"] for choice in choices}:
        own = [choice for choice in choices if choice["index"] == index]
        if [choice["delta"].get("role") for choice in own if choice["delta"].get("role")] != ["assistant"]:
            found.append(f"roles of {index}")
        ends = [at for at, choice in enumerate(own) if choice["finish_reason"]]
        if len(ends) != 1 or any(choice["delta"].get("content") for choice in own[ends[0] + 1 :]):
            found.append(f"ends of {index}: {ends} of {len(own)}")
    empty = [at for at, one in enumerate(chunks) if not one["choices"]]
    if empty != ([len(chunks) - 1] if usage else []) or [one for one in chunks[:-1] if one.get("usage")]:
        found.append(f"chunks without choices: {empty} of {len(chunks)}")
    return found


# Members that no answer depends on, and those that the gateway sets itself.
HOUSEKEEPING = {"store", "metadata", "service_tier", "safety_identifier", "verbosity", "prompt_cache_key", "user"}
OWN = {"model", "stream_options"}
LIMITS = {"max_tokens", "max_completion_tokens"}


@pytest.mark.timeout(900)
def test_recorded_requests_arrive(outcomes: dict, gateway: Gateway) -> None:
    """What a provider has answered before gets to it again: in its own words nothing is lost but the name of a limit."""
    arrived = collections.defaultdict(list)
    for line in (gateway.folder / "whole.log").read_text().splitlines():
        entry = json.loads(line)
        arrived[entry["id"]].append(entry["body"])
    lost = {}
    for one in RECORDINGS:
        if one.request is None or one.status != 200:
            continue
        found = min((changes(one.own(), body) for body in arrived[one.id]), key=len, default=["not asked"])
        if found:
            lost[one.id] = found
    assert not lost, "\n".join(f"{name}: {found}" for name, found in lost.items())


def with_one_name_of_thoughts(body: dict) -> dict:
    """Some clients give thoughts back under two names; one is enough."""
    messages = []
    for message in body.get("messages") or []:
        rest = {key: value for key, value in message.items() if key not in ("reasoning", "reasoning_content")}
        thoughts = message.get("reasoning_content") or message.get("reasoning")
        messages.append(rest | ({"thoughts": thoughts} if thoughts else {}))
    return body | ({"messages": messages} if messages else {})


def changes(recorded: dict, sent: dict) -> list[str]:
    recorded, sent = with_one_name_of_thoughts(recorded), with_one_name_of_thoughts(sent)
    found = []
    for name in sorted((recorded.keys() | sent.keys()) - OWN - LIMITS - ({"encoding_format"} - recorded.keys())):
        if name not in sent and (name in HOUSEKEEPING or recorded[name] in (None, [], False, 1)):
            continue
        if recorded.get(name) != sent.get(name):
            found.append(f"{name} {shortened(recorded.get(name))} became {shortened(sent.get(name))}")
    limits = [{value[name] for name in LIMITS if value.get(name)} for value in (recorded, sent)]
    if limits[0] != limits[1]:
        found.append(f"limit {limits[0]} became {limits[1]}")
    return found


def test_recorded_completions(gateway: Gateway) -> None:
    """OpenAI's old endpoint, at the split of each."""
    for one in recordings(("completions",)):
        body = one.own() | {"model": f"{one.dialect}-whole:{one.id}"}
        reply = gateway.request("POST", "/v1/completions", body)
        assert reply.status == one.status, (one.id, reply)
        if one.status != 200:
            assert reply.error["message"] == json.loads(one.body)["error"]["message"]
            continue
        values = [[json.loads(one) for one in events(raw) if one != "[DONE]"] for raw in (one.body, reply.body)]
        texts = ["".join(choice["text"] for chunk in chunks for choice in chunk["choices"]) for chunks in values]
        assert texts[0] == texts[1], one.id


def test_recorded_counts_of_tokens(gateway: Gateway) -> None:
    for one in recordings(("messages.count_tokens",)):
        body = one.own() | {"model": f"anthropic-whole:{one.id}"}
        reply = gateway.request("POST", "/v1/messages/count_tokens", body)
        assert (reply.status, reply.body) == (one.status, one.body), one.id


@pytest.mark.timeout(900)
def test_report(outcomes: dict, splits: tuple[str, ...], capsys: pytest.CaptureFixture) -> None:
    """Prints how many passed, by front door and provider, and what was not asked and why."""
    passed, asked = collections.Counter(), collections.Counter()
    provider = {one.id: one.provider for one in RECORDINGS}
    for (door, _, name), outcome in outcomes.items():
        asked[door, provider[name]] += 1
        passed[door, provider[name]] += not outcome.differences
    lines = [f"recordings at {len(splits)} splits ({', '.join(splits)}), passed of asked:"]
    for name in sorted(set(provider.values())):
        cells = [
            f"{door} {passed[door, name]} of {asked[door, name]}" for door in (OPENAI, ANTHROPIC) if asked[door, name]
        ]
        lines.append(f"  {name:12} {', '.join(cells)}")
    skipped = [one.id for one in RECORDINGS if one.api == "embeddings"]
    lines.append(f"  in all       {passed.total()} of {asked.total()}; {len(RECORDINGS)} recordings")
    lines.append(f"  not asked at {ANTHROPIC}, which has no embeddings: {', '.join(skipped)}")
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert asked


def test_nothing_crashed(gateway: Gateway, outcomes: dict) -> None:
    assert len(gateway.children("edge")) == 1
    assert gateway.ready_count("edge") == 1 and gateway.ready_count("upstream") == 1
    assert json.loads(gateway.request("GET", "/v1/models").body)["object"] == "list"
