"""/metrics: Prometheus text, to loopback peers or with the key, and numbers that add up."""

from __future__ import annotations

import re

from Harness import wire
from Harness.gateway import Gateway, base_config, once, openai_provider
from Harness.processes import wait_until
from Harness.provider import OwnProvider

LINE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\.)*",?)*)\})? (-?[0-9.e+-]+|\+Inf|NaN)$')


def scrape(gateway: Gateway) -> dict[tuple[str, tuple], float]:
    reply = wire.request(gateway.address, "GET", "/metrics")
    assert reply.status == 200
    assert (reply.header("content-type") or "").startswith("text/plain")
    found = {}
    for line in reply.body.decode().splitlines():
        if not line or line.startswith("#"):
            continue
        match = LINE.match(line)
        assert match, f"no Prometheus line: {line!r}"
        labels = tuple(sorted(re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', match[2] or "")))
        assert (match[1], labels) not in found, f"twice: {line}"
        found[match[1], labels] = float(match[3])
    return found


def total(values: dict[tuple[str, tuple], float], name: str, **labels: str) -> float:
    return sum(v for (n, ls), v in values.items() if n == name and set(labels.items()) <= set(ls))


def test_counts(provider: OwnProvider) -> None:
    own = {"own": openai_provider(provider.base_url)}
    with Gateway(base_config(None, state_directory=None, providers=own, models=once("own"))) as gateway:
        for _ in range(4):
            assert gateway.chat("own:chat").status == 200
        for _ in range(3):
            assert gateway.chat("own:stream-5-0", stream=True).complete
        assert gateway.chat("own:status-500").status == 500
        assert gateway.chat("own:reset").status == 502
        assert gateway.request("POST", "/v1/embeddings", {"model": "own:embed", "input": "x"}).status == 200
        wire.request(gateway.address, "GET", "/v1/models")  # 401

        def counted() -> dict | None:
            values = scrape(gateway)
            return values if total(values, "sluice_requests_total", provider="own") >= 10 else None

        values = wait_until(counted, 5, "ten requests are counted", 0.2)
        assert total(values, "sluice_requests_total", provider="own", status="200") == 8
        assert total(values, "sluice_requests_total", status="500") == 1
        assert total(values, "sluice_requests_total", status="502") == 1
        assert total(values, "sluice_errors_total", code="provider_connection_reset") == 1
        # Each chat reply reports 7 + 5 tokens, each stream 7 + 5, the embedding 3; usage of streams was asked for by us.
        assert total(values, "sluice_tokens_total", provider="own") >= 7 * 12 + 3
        assert total(values, "sluice_requests_in_flight") == 0
        assert total(values, "sluice_request_duration_seconds_count") >= 10
        assert total(values, "sluice_time_to_first_token_seconds_count") >= 3
        for role in ("edge", "upstream", "control", "aggregator"):
            assert total(values, "sluice_process_up", role=role) >= 1, role
            assert total(values, "sluice_process_restarts_total", role=role) == 0, role


def test_histograms_are_cumulative(gateway: Gateway) -> None:
    gateway.chat("own:chat")
    values = wait_until(
        lambda: (found := scrape(gateway)) and total(found, "sluice_request_duration_seconds_count") and found,
        5,
        "counted",
    )
    series: dict[tuple, list[tuple[float, float]]] = {}
    for (name, labels), value in values.items():
        if name.endswith("_bucket"):
            rest = tuple(item for item in labels if item[0] != "le")
            edge = dict(labels)["le"]
            series.setdefault((name, rest), []).append((float("inf") if edge == "+Inf" else float(edge), value))
    assert series
    for (name, rest), buckets in series.items():
        counts = [count for _, count in sorted(buckets)]
        assert counts == sorted(counts), (name, rest)
        assert sorted(buckets)[-1][0] == float("inf")
        assert counts[-1] == values[name.removesuffix("_bucket") + "_count", rest]


def test_in_flight(gateway: Gateway, provider: OwnProvider) -> None:
    with gateway.connect() as connection:
        connection.send(gateway.chat_bytes({"model": "own:stream-400-50", "stream": True}))
        connection.wait_for_body(100)
        wait_until(lambda: total(scrape(gateway), "sluice_requests_in_flight") == 1, 5, "one in flight", 0.2)
    wait_until(lambda: total(scrape(gateway), "sluice_requests_in_flight") == 0, 5, "none in flight", 0.2)


def models_when_counted(gateway: Gateway, status: str, count: float) -> set[str]:
    """The models requests are counted under, as soon as there are `count` of that status."""
    values = wait_until(
        lambda: (found := scrape(gateway)) and total(found, "sluice_requests_total", status=status) >= count and found,
        5,
        f"{count} requests with status {status} counted",
        0.2,
    )
    return {dict(labels)["model"] for name, labels in values if name == "sluice_requests_total"}


def test_unknown_names_make_no_series(undecided: Gateway) -> None:
    before = total(scrape(undecided), "sluice_requests_total", status="404")
    for index in range(100):
        assert undecided.chat(f"nobody:unknown-{index}").status == 404
    models = models_when_counted(undecided, "404", before + 100)
    assert not any("unknown-" in model for model in models), "a client makes up series"


def test_labels_cannot_be_flooded_or_forged(provider: OwnProvider) -> None:
    # The only provider is the default one and serves whatever name it is asked for.
    own = {"own": openai_provider(provider.base_url)}
    with Gateway(base_config(None, state_directory=None, providers=own)) as gateway:
        odd = ['a"b', "a\\b", 'a"} 1 #', "a\u00e9"]
        for name in odd:
            assert gateway.chat(name).status == 200
        assert gateway.chat("a\nb").status == 400
        for index in range(300):
            assert gateway.chat(f"name-{index}").status == 200
        # Every line still parses, each odd name is a label value in full, and the rest share one series.
        models = models_when_counted(gateway, "200", 300 + len(odd))
        assert {name.replace("\\", "\\\\").replace('"', '\\"') for name in odd} <= models
        assert "other" in models
        assert 150 <= sum(model.startswith("name-") for model in models) <= 200


def test_a_wrong_key_is_refused_even_from_loopback(gateway: Gateway) -> None:
    assert wire.request(gateway.address, "GET", "/metrics", {"Authorization": "Bearer wrong"}).status == 401
    assert gateway.request("GET", "/metrics").status == 200
