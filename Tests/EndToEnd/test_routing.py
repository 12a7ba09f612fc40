"""From a name to a target: aliases, wildcards, tiers, strategies, allow-lists; what the reply and the record say of it."""

from __future__ import annotations

import collections
import json
import pathlib

import pytest

from Harness import wire
from Harness.faulty import FaultyProvider
from Harness.gateway import CLIENT_KEY, Gateway, base_config
from Harness.operators import ask, call
from Harness.processes import wait_until
from Harness.routes import explanation, faulty_provider

PRICES = {
    "one:*": {"input": 10, "output": 30},
    "two:*": {"input": 1, "output": 3},
    "one:cheap-here": {"input": 0.1, "output": 0.3},
}


@pytest.fixture(scope="module")
def provider():
    with FaultyProvider("chat") as running:
        yield running


def configured(provider: FaultyProvider, **changes) -> dict:
    """Providers that are all the same server: which one it was the reply says, and the model that came."""
    names = ("one", "two", "three")
    options = {
        "providers": {name: faulty_provider(provider.base_url) for name in names},
        "pricing": PRICES,
        "models": {
            "plain": {"targets": ["one:gpt"]},
            "gpt-*": {"targets": ["two:gpt-*"]},
            "gpt-4*": {"targets": ["three:new-*-x"]},
            "gpt-4o": {"targets": ["one:exactly"]},
            "*-latest": {"targets": ["one:*"]},
            "weighted": {"targets": [{"target": "one:w", "weight": 3}, {"target": "two:w", "weight": 1}]},
            "by-user": {
                "targets": ["one:w", "two:w", "three:w"],
                "strategy": "weighted",
                "sticky": "user",
            },
            "by-key": {"targets": ["one:w", "two:w", "three:w"], "strategy": "weighted", "sticky": "key"},
            "cheapest": {"targets": ["one:dear", "three:unpriced", "two:any"], "strategy": "least_cost"},
            "cheapest-here": {"targets": ["two:any", "one:cheap-here"], "strategy": "least_cost"},
            "quick": {"tier": "fast", "targets": ["one:small", "two:small"]},
            "thorough": {"tier": "deep", "targets": ["two:large", "one:large"]},
            "auto": {"route": {"by": "tier", "threshold_characters": 1000, "header": "x-sluice-tier"}},
        },
        "default_provider": "three",
    }
    options["models"]["weighted"]["strategy"] = "weighted"
    return options | changes


@pytest.fixture(scope="module")
def gateway(provider: FaultyProvider, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("routing")
    config = base_config(folder / "sluice-state", **configured(provider))
    with Gateway(config, folder=folder) as running:
        running.wait_for_tree()
        yield running


def went(reply: wire.Reply) -> tuple[str | None, str | None]:
    assert reply.status == 200, (reply.status, reply.body[:400])
    return reply.header("x-sluice-provider"), reply.header("x-sluice-model")


# Names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", ("one", "gpt")),
        ("gpt-4o", ("one", "exactly")),
        ("gpt-4-turbo", ("three", "new--turbo-x")),
        ("gpt-4", ("three", "new--x")),
        ("gpt-3.5", ("two", "gpt-3.5")),
        ("claude-latest", ("one", "claude")),
        # The longest fixed part: `*-latest` has seven bytes, `gpt-` four.
        ("gpt-latest", ("one", "gpt")),
        ("two:some/model:tag", ("two", "some/model:tag")),
        ("two/some/model", ("two", "some/model")),
        ("cheap-here", ("one", "cheap-here")),
        ("never-heard-of", ("three", "never-heard-of")),
        ("Plain", ("three", "Plain")),
        ("nobody:thing", ("three", "nobody:thing")),
    ],
)
def test_names(gateway: Gateway, provider: FaultyProvider, name: str, expected: tuple) -> None:
    provider.clear()
    reply = gateway.chat(name)
    assert went(reply) == expected
    assert json.loads(provider.calls[0].body)["model"] == expected[1]
    assert reply.header("x-sluice-attempts") == "1" and reply.header("x-sluice-tier") is None


def test_every_endpoint_is_routed(gateway: Gateway) -> None:
    for target, body in (
        ("/v1/embeddings", {"model": "gpt-embed", "input": "a"}),
        ("/v1/messages", {"model": "gpt-4-m", "max_tokens": 5, "messages": [{"role": "user", "content": "a"}]}),
    ):
        reply = gateway.request("POST", target, body)
        assert reply.status == 200, reply
        assert reply.header("x-sluice-provider") in ("two", "three")


# Strategies


def test_weights(gateway: Gateway) -> None:
    found = collections.Counter(went(gateway.chat("weighted"))[0] for _ in range(400))
    # 300 expected, with a standard deviation of nine.
    assert 255 <= found["one"] <= 345 and found["one"] + found["two"] == 400, found


def test_sticky_by_user(gateway: Gateway) -> None:
    places = {}
    for number in range(60):
        user = f"user-{number}"
        first = went(gateway.chat("by-user", user=user))
        assert all(went(gateway.chat("by-user", user=user)) == first for _ in range(3))
        places[user] = first[0]
    assert set(places.values()) == {"one", "two", "three"}, collections.Counter(places.values())
    # Another body, another temperature: the same user.
    assert went(gateway.chat("by-user", user="user-1", temperature=0.3))[0] == places["user-1"]
    # Anthropic's clients name users elsewhere.
    body = {
        "model": "by-user",
        "max_tokens": 5,
        "messages": [{"role": "user", "content": "a"}],
        "metadata": {"user_id": "user-2"},
    }
    assert gateway.request("POST", "/v1/messages", body).header("x-sluice-provider") == places["user-2"]


def test_sticky_by_key(gateway: Gateway) -> None:
    assert len({went(gateway.chat("by-key", user=f"u{number}")) for number in range(30)}) == 1
    seen = set()
    for number in range(12):
        key = ask(gateway, "keys", "create", "--name", f"sticky-{number}")["key"]
        found = {went(chat(gateway, key, "by-key"))[0] for _ in range(3)}
        assert len(found) == 1
        seen |= found
    assert len(seen) >= 2, seen


def test_the_cheapest(gateway: Gateway) -> None:
    reply = gateway.chat("cheapest")
    assert went(reply) == ("two", "any")
    routing = explanation(gateway, reply.header("x-sluice-record"))["routing"]
    # An unknown price is not zero: it comes last.
    assert [one["provider"] for one in routing["targets"]] == ["two", "one", "three"]
    assert routing["strategy"] == "least_cost" and routing["alias"] == "cheapest"
    assert went(gateway.chat("cheapest-here")) == ("one", "cheap-here")


@pytest.mark.parametrize("upstreams", [1, 4])
def test_the_quickest_and_the_least_busy(tmp_path: pathlib.Path, provider: FaultyProvider, upstreams: int) -> None:
    with FaultyProvider("slow-300") as slow:
        options = {
            "workers": {"edge": 1, "upstream": upstreams},
            "providers": {
                "slow": faulty_provider(slow.base_url),
                "swift": faulty_provider(provider.base_url),
            },
            "models": {
                "quickest": {"targets": ["slow:m", "swift:m"], "strategy": "least_latency"},
                "idlest": {"targets": ["slow:m", "swift:m"], "strategy": "least_busy"},
            },
            "default_provider": "swift",
        }
        with Gateway(base_config(tmp_path / "state", **options), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            for _ in range(6):
                went(gateway.chat("quickest", stream=True))
            found = collections.Counter(went(gateway.chat("quickest", stream=True))[0] for _ in range(40))
            # Now and then the other one is looked at again.
            assert found["swift"] >= 34, found
            # While one is busy the other is chosen: two at a time, of which the slow one takes as long as six of the other.
            connections = []
            for _ in range(8):
                one = gateway.connect()
                one.send(gateway.chat_bytes({"model": "idlest", "stream": True, "messages": []}))
                connections.append(one)
            asked = collections.Counter(one.reply().header("x-sluice-provider") for one in connections)
            assert asked["slow"] <= 4 and asked["swift"] >= 4, asked
            for one in connections:
                one.close()


# Tiers


def test_tiers(gateway: Gateway) -> None:
    small = gateway.chat("auto")
    assert went(small) == ("one", "small") and small.header("x-sluice-tier") == "fast"
    long = [{"role": "user", "content": "é" * 1001}]
    large = gateway.chat("auto", messages=long)
    assert went(large) == ("two", "large") and large.header("x-sluice-tier") == "deep"
    # Characters, not bytes.
    assert gateway.chat("auto", messages=[{"role": "user", "content": "é" * 900}]).header("x-sluice-tier") == "fast"
    asked = gateway.chat("auto", headers={"X-Sluice-Tier": "deep"})
    assert went(asked) == ("two", "large") and asked.header("x-sluice-tier") == "deep"
    assert gateway.chat("auto", messages=long, headers={"x-sluice-tier": "fast"}).header("x-sluice-tier") == "fast"
    assert gateway.chat("auto", headers={"x-sluice-tier": "huge"}).status == 400
    # An alias of a tier says so, too.
    assert gateway.chat("thorough").header("x-sluice-tier") == "deep"
    found = explanation(gateway, asked.header("x-sluice-record"))["routing"]
    assert found["tier"] == "deep" and {one["model"] for one in found["targets"]} == {"large"}


def test_failover_stays_inside_the_tier(tmp_path: pathlib.Path) -> None:
    with FaultyProvider("status-500") as broken:
        options = configured(broken)
        with Gateway(base_config(tmp_path / "state", **options), folder=tmp_path) as gateway:
            for tier, model in (("fast", "small"), ("deep", "large")):
                broken.clear()
                reply = gateway.chat("auto", headers={"x-sluice-tier": tier})
                assert reply.status == 500, reply
                assert len(broken.calls) >= 2
                assert {json.loads(seen.body)["model"] for seen in broken.calls} == {model}


# Allow-lists


def chat(gateway: Gateway, key: str, model: str, **members) -> wire.Reply:
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}]} | members
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    return wire.request(gateway.address, "POST", "/v1/chat/completions", headers, json.dumps(body).encode())


def listed(gateway: Gateway, key: str) -> set[str]:
    reply = wire.request(gateway.address, "GET", "/v1/models", {"Authorization": f"Bearer {key}"})
    assert reply.status == 200, reply
    return {one["id"] for one in reply.json()["data"]}


def make_key(gateway: Gateway, name: str, models: list[str] | None, **members) -> str:
    body = {"name": name} | ({} if models is None else {"models": models}) | members
    return call(gateway, "POST", "/api/v1/keys", body)["key"]


def test_allow_lists_of_keys(gateway: Gateway, provider: FaultyProvider) -> None:
    # An alias by name allows all its targets.
    key = make_key(gateway, "one-alias", ["quick"])
    assert went(chat(gateway, key, "quick"))[0] == "one"
    for name in ("plain", "one:small", "gpt-4o", "auto", "whatever", "one/small"):
        refused = chat(gateway, key, name)
        assert (refused.status, refused.error["code"]) == (403, "model_not_allowed"), (name, refused)
    assert listed(gateway, key) == {"quick"}
    # Else what is really sent counts: of an alias's targets those remain that are allowed.
    provider.clear()
    key = make_key(gateway, "one-provider", ["two:*"])
    reply = chat(gateway, key, "weighted")
    assert went(reply)[0] == "two"
    routing = explanation(gateway, reply.header("x-sluice-record"))["routing"]
    assert [(one["provider"], one["model"]) for one in routing["targets"]] == [("two", "w")]
    assert [(one["provider"], one["why"]) for one in routing["left_out"]] == [("one", "allow_list")]
    assert {went(chat(gateway, key, "weighted"))[0] for _ in range(20)} == {"two"}
    assert went(chat(gateway, key, "two/anything")) == ("two", "anything")
    assert chat(gateway, key, "plain").status == 403
    # A name may not be had under another spelling.
    key = make_key(gateway, "one-model", ["one:gpt"])
    assert went(chat(gateway, key, "plain")) == ("one", "gpt")
    assert went(chat(gateway, key, "one:gpt")) == ("one", "gpt")
    for name in ("one:gpt ", "one:gpt-4", "one:GPT", "two:gpt", "gpt"):
        assert chat(gateway, key, name).status in (403, 404), name


def test_allow_lists_of_projects(gateway: Gateway) -> None:
    call(gateway, "POST", "/api/v1/projects", {"name": "narrow", "models": ["one:*"]})
    wide = make_key(gateway, "wide", None, project="narrow")
    both = make_key(gateway, "both", ["plain", "two:*"], project="narrow")
    assert went(chat(gateway, wide, "plain"))[0] == "one"
    assert chat(gateway, wide, "gpt-3.5").status == 403
    assert {went(chat(gateway, wide, "weighted"))[0] for _ in range(10)} == {"one"}
    # Both lists hold.
    assert went(chat(gateway, both, "plain"))[0] == "one"
    for name in ("two:any", "one:other", "gpt-3.5"):
        assert chat(gateway, both, name).status == 403, name
    assert listed(gateway, both) == {"plain"}


def test_a_changed_list_holds_at_once(gateway: Gateway) -> None:
    made = call(gateway, "POST", "/api/v1/keys", {"name": "changing", "models": ["plain"]})
    key = made["key"]
    assert chat(gateway, key, "two:any").status == 403
    call(gateway, "PATCH", f"/api/v1/keys/{made['id']}", {"models": ["two:*"]})
    wait_until(lambda: chat(gateway, key, "two:any").status == 200, 3, "the new list holds")
    assert chat(gateway, key, "plain").status == 403
    call(gateway, "PATCH", f"/api/v1/keys/{made['id']}", {"models": None})
    wait_until(lambda: chat(gateway, key, "plain").status == 200, 3, "no list holds")


def test_failover_never_leaves_the_list(tmp_path: pathlib.Path) -> None:
    """No target outside the list, not even when all inside fail."""
    with FaultyProvider("status-500") as broken, FaultyProvider("chat") as good:
        options = {
            "providers": {"bad": faulty_provider(broken.base_url), "good": faulty_provider(good.base_url)},
            "models": {"m": {"targets": ["bad:m", "good:m"]}},
            "default_provider": "bad",
        }
        with Gateway(base_config(tmp_path / "state", **options), folder=tmp_path) as gateway:
            gateway.wait_for_tree()
            key = make_key(gateway, "k", ["bad:*"])
            assert chat(gateway, key, "m").status == 500
            assert not good.calls and broken.calls
            assert went(chat(gateway, gateway.key, "m"))[0] == "good"


def test_anonymous_callers(tmp_path: pathlib.Path, provider: FaultyProvider) -> None:
    options = configured(provider) | {
        "auth": {"static_key": CLIENT_KEY, "anonymous": {"models": ["plain"]}}
    }
    with Gateway(base_config(tmp_path / "state", **options), folder=tmp_path) as gateway:
        for name, status in (("plain", 200), ("two:any", 403), ("one:gpt", 403)):
            body = json.dumps({"model": name, "messages": []}).encode()
            headers = {"Content-Type": "application/json"}
            reply = wire.request(gateway.address, "POST", "/v1/chat/completions", headers, body)
            assert reply.status == status, (name, reply)
        assert gateway.chat("two:any").status == 200
        reply = wire.request(gateway.address, "GET", "/v1/models")
        assert {one["id"] for one in reply.json()["data"]} == {"plain"}
