"""The dashboard, the rules and the alerts name only what is there, and Prometheus' own tools understand them and /metrics."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import time

import pytest
import yaml

from Harness.gateway import NO_LIMITS, ROOT, Gateway, base_config, once
from Harness.processes import wait_until
from Harness.prometheus import Prometheus

RULES = ROOT / "deploy" / "prometheus"
FILES = [RULES / "sluice-rules.yaml", RULES / "sluice-alerts.yaml"]
DASHBOARD = ROOT / "deploy" / "grafana" / "sluice.json"
SCENARIOS = ROOT / "Tests" / "Deploy" / "sluice-alerts.test.yaml"
DOCUMENTATION = (ROOT / "docs" / "metrics.md").read_text()
# Of the target and of buckets; the rest is the metric's own.
COMMON_LABELS = {"job", "instance", "le"}


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: run scripts/install-packages --verify")
    return found


def run(*line: object, folder: pathlib.Path | None = None, text: bytes | None = None) -> str:
    done = subprocess.run([str(part) for part in line], input=text, capture_output=True, timeout=120, cwd=folder)
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said


def catalogue() -> dict[str, set[str]]:
    """The labels of each metric. A unit test holds the documentation to `MetricCatalogue`."""
    rows = re.findall(r"^\| `(sluice_\w+)` \| (\w+) \| ([^|]*) \|", DOCUMENTATION, re.MULTILINE)
    metrics = {}
    for name, kind, labels in rows:
        found = set(re.findall(r"`(\w+)`", labels))
        for suffix in ["_bucket", "_sum", "_count"] if kind == "histogram" else [""]:
            metrics[name + suffix] = found
    return metrics


def rules() -> list[dict]:
    return [
        rule for path in FILES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]
    ]


def dashboard() -> dict:
    return json.loads(DASHBOARD.read_text())


def panels() -> list[dict]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def dashboard_expressions() -> list[str]:
    annotations = [one["expr"] for one in dashboard()["annotations"]["list"] if "expr" in one]
    return [target["expr"] for panel in panels() for target in panel["targets"]] + annotations


def documented_expressions() -> list[str]:
    table = DOCUMENTATION.split("## Useful queries")[1]
    return re.findall(r"\| `([^`]+)` \|$", table, re.MULTILINE)


def filled_in(expression: str) -> str:
    """As the dashboard would ask it."""
    values = {"$__rate_interval": "10s", "$__range": "5m", "$job": ".*", "$instance": ".*"}
    for name, value in values.items():
        expression = expression.replace(name, value)
    assert "$" not in expression, expression
    return expression


@pytest.mark.parametrize("expression", dashboard_expressions() + documented_expressions() + [r["expr"] for r in rules()])
def test_expressions_name_only_what_there_is(expression: str) -> None:
    metrics, recorded = catalogue(), {rule["record"] for rule in rules() if "record" in rule}
    names = re.findall(r"\b(sluice_\w+)(?:\{([^}]*)\})?", expression)
    own = re.findall(r"\bsluice:[\w:]+", expression)
    assert names or own or expression.startswith("up{"), "it asks for nothing"
    assert set(own) <= recorded
    for name, matchers in names:
        assert name in metrics, f"there is no metric {name}"
        used = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers or ""))
        assert used <= metrics[name] | COMMON_LABELS, f"{name} has no label {used - metrics[name]}"
    # What is grouped by must be a label of some metric in the expression.
    labels = set().union(*[metrics[name] for name, _ in names]) | COMMON_LABELS
    grouped = {one for group in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression) for one in re.findall(r"\w+", group)}
    assert own or grouped <= labels, grouped - labels


def test_every_alert_is_documented_and_has_a_scenario() -> None:
    alerts = [rule for rule in rules() if "alert" in rule]
    names = [rule["alert"] for rule in alerts]
    assert len(names) == len(set(names)) >= 20
    rows = dict(re.findall(r"^\| `(Sluice\w+)` \| (\w+) \|", DOCUMENTATION, re.MULTILINE))
    assert rows == {rule["alert"]: rule["labels"]["severity"] for rule in alerts}
    scenarios = [one["name"] for one in yaml.safe_load(SCENARIOS.read_text())["tests"]]
    assert sorted(scenarios) == sorted([*names, "nothing"])
    for rule in alerts:
        assert set(rule["annotations"]) == {"summary", "description"}


def test_the_dashboard_is_whole() -> None:
    board = dashboard()
    assert board["uid"] == "sluice" and board["schemaVersion"] >= 36
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        assert 0 <= place["x"] and place["x"] + place["w"] <= 24 and place["h"] > 0, panel["title"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, f"{panel['title']} lies on another panel"
        taken |= cells
    known = {"datasource", "job", "instance"}
    assert {variable["name"] for variable in board["templating"]["list"]} == known
    for panel in panels():
        assert panel["title"] and panel["type"] in {"timeseries", "stat", "heatmap", "table"}
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert [target["refId"] for target in panel["targets"]] == [chr(65 + n) for n in range(len(panel["targets"]))]
        assert all('job=~"$job",instance=~"$instance"' in target["expr"] for target in panel["targets"])


def test_promtool_understands_the_rules(tmp_path: pathlib.Path) -> None:
    promtool = tool("promtool")
    run(promtool, "check", "config", RULES / "prometheus.yaml")
    run(promtool, "check", "rules", *FILES)
    for path in [*FILES, SCENARIOS]:
        shutil.copy(path, tmp_path)
    run(promtool, "test", "rules", SCENARIOS.name, folder=tmp_path)


def simulated() -> dict:
    provider = {"simulated": {"dialect": "simulated", "delay": "0ms", "tokens_per_second": 100000}}
    return base_config(
        None, state_directory=None, providers=provider, models=once("simulated"),
        telemetry={"metrics": {"per_project": True}}, limits=NO_LIMITS | {"table_slots": 1024},
    )  # fmt: skip


def test_promtool_understands_what_the_gateway_says() -> None:
    promtool = tool("promtool")
    with Gateway(simulated()) as gateway:
        for number in range(4):
            assert gateway.chat("simulated:m", stream=number % 2 == 0).status == 200
        text = gateway.request("GET", "/metrics").body
        assert run(promtool, "check", "metrics", text=text) == ""
        names = set(re.findall(r"^# TYPE (\w+)", text.decode(), re.MULTILINE))
        assert names <= {re.sub(r"_(bucket|sum|count)$", "", name) for name in catalogue()}
        project = re.findall(r'^sluice_project_requests_total\{project="(\w+)",status="2xx"\} (\d+)$', text.decode(), re.M)
        assert len(project) == 1 and project[0][0].startswith("proj_") and project[0][1] == "4"


@pytest.mark.verify
def test_a_real_prometheus_answers_every_question(tmp_path: pathlib.Path) -> None:
    tool("prometheus")
    with Gateway(simulated()) as gateway:
        host, port = gateway.address
        with Prometheus(tmp_path, [f"{host}:{port}"], FILES) as prometheus:
            until = time.monotonic() + 8
            while time.monotonic() < until:
                assert gateway.chat("simulated:m", stream=True).status == 200
                time.sleep(0.05)
            gateway.chat("simulated:m", max_tokens="x")
            asked = [filled_in(one) for one in dashboard_expressions()] + documented_expressions()
            asked += [rule["expr"] for rule in rules()]
            answered = {one: prometheus.query(one) for one in asked}
            wait_until(lambda: prometheus.query("sluice:requests:rate5m"), 10, "rules are evaluated", 0.5)
            # The common questions have answers; what never happened has none.
            for text in [
                "sum(rate(sluice_requests_total{job", "sum(rate(sluice_tokens_total", "sum by (class)", "sum(sluice_journal_bytes",
                "sum by (role, slot) (rate(sluice_process_cpu_seconds_total", "sum by (role) (sluice_process_up",
            ]:  # fmt: skip
                found = [one for one in asked if one.startswith(text)]
                assert found and all(answered[one] for one in found), text
            groups = prometheus.get("rules")["groups"]
            assert {rule["health"] for group in groups for rule in group["rules"]} == {"ok"}, groups
            targets = prometheus.get("targets")["activeTargets"]
            assert [target["health"] for target in targets] == ["up"], targets
            firing = {alert["labels"]["alertname"] for alert in prometheus.get("alerts")["alerts"]}
            assert not firing, firing
