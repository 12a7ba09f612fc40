"""Configurations of LiteLLM are carried over: written, checked, served, and what could not be carried over is named."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest

from Harness.gateway import PROGRAMS, Gateway
from Harness.provider import OwnProvider

FOLDER = pathlib.Path(__file__).parent / "litellm_configurations"
ENVIRONMENT = {
    name: f"sk-{name.lower().replace('_', '-')}-0123456789"
    for name in (
        "OPENAI_API_KEY", "FIRST_KEY", "SECOND_KEY", "ANTHROPIC_API_KEY", "AZURE_API_KEY_EU", "GROQ_API_KEY", "HOUSE_KEY",
        "CUSTOM_AWS_ACCESS_KEY_ID", "CUSTOM_AWS_SECRET_ACCESS_KEY", "REDIS_HOST", "REDIS_PASSWORD", "LITELLM_MASTER_KEY",
    )
}  # fmt: skip

# What is asked by each name that must be served, and which model and key the provider must see then.
SERVED: dict[str, list[tuple[str, str, str | None]]] = {
    "quick_start": [("gpt-4o", "chat", "OPENAI_API_KEY")],
    "balanced": [("gpt-4o", "", None)],
    "fallbacks": [("gpt-4o-mini", "chat", None), ("claude-opus", "stream-2-0", None), ("zephyr-beta", "chat", None)],
    "providers": [("house", "chat", "HOUSE_KEY")],
    "wildcards": [("house/chat", "chat", "HOUSE_KEY"), ("anything at all", "chat", "HOUSE_KEY")],
    "prices": [("fine-tuned", "chat", "HOUSE_KEY")],
    "aliases": [("gpt-4", "chat", "HOUSE_KEY"), ("gpt-4-turbo", "chat", "HOUSE_KEY")],
    "credentials": [("by-credential", "chat", "HOUSE_KEY"), ("by-environment", "chat", "HOUSE_KEY"), ("in-clear", "chat", None)],
    "tiers": [("chat-model", "chat", "HOUSE_KEY"), ("o-series", "chat", "HOUSE_KEY")],
}
# Words that must be among what could not be carried over.
NAMED: dict[str, tuple[str, ...]] = {
    "balanced": ("redis",),
    "fallbacks": ("content_policy_fallbacks",),
    "providers": ("bedrock", "vertex"),
    "aliases": ("success_callback", "alerting", "database_url"),
    "tiers": ("tag",),
}


def imported(folder: pathlib.Path, text: str) -> subprocess.CompletedProcess:
    path = folder / "litellm.yaml"
    path.write_text(text)
    return subprocess.run(
        [PROGRAMS / "sluice", "import", "litellm", path],
        cwd=folder, env=environment(""), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def environment(base_url: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOUSE_BASE": base_url} | ENVIRONMENT


def test_every_configuration_is_judged() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(SERVED)


@pytest.mark.parametrize("name", SERVED)
def test_a_configuration_is_imported_checked_and_served(
    name: str, provider: OwnProvider, tmp_path: pathlib.Path
) -> None:
    text = (FOLDER / f"{name}.yaml").read_text().replace("@PROVIDER@", provider.base_url)
    done = imported(tmp_path, text)
    assert done.returncode == 0, done.stderr
    for word in NAMED.get(name, ()):
        assert word in done.stdout + done.stderr, f"{word} is not named:\n{done.stderr}\n{done.stdout}"
    # Keys stay where they are, in the environment.
    for value in ENVIRONMENT.values():
        assert value not in done.stdout + done.stderr

    variables = environment(provider.base_url)
    path = tmp_path / "sluice.yaml"
    state = tmp_path / "sluice-state"
    own = {"listen": [{"address": "127.0.0.1:0"}], "state_directory": str(state)}
    path.write_text(done.stdout + "\n" + "\n".join(f"{key}: {json.dumps(value)}" for key, value in own.items()) + "\n")
    check = subprocess.run(
        [PROGRAMS / "sluice", "check", "--config", path], env=variables, capture_output=True, text=True, timeout=60
    )
    assert check.returncode == 0, f"{check.stderr}\n{done.stdout}"

    with Gateway(path.read_text(), folder=tmp_path, environment=variables) as gateway:
        gateway.wait_for_tree()
        # The master key is the static one; without it the first start makes a key.
        made = state / "static_key"
        gateway.key = made.read_text().strip() if made.exists() else ENVIRONMENT["LITELLM_MASTER_KEY"]
        for model, asked, key in SERVED[name]:
            provider.clear()
            reply = gateway.chat(model)
            assert reply.status == 200, f"{model}: {reply.status} {reply.body!r}\n{done.stdout}"
            last = provider.log[-1]
            assert not asked or last.model == asked, f"{model}: {[one.model for one in provider.log]}"
            if key:
                assert last.header("authorization") == f"Bearer {ENVIRONMENT[key]}"
        if name == "fallbacks":
            assert provider.log[0].model == "status-503", "the first of the models was not tried"
        if name == "providers":
            assert last.header("x-team") == "platform" and last.header("openai-organization") == "org-house"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "model_list"),
        ("model_list: 7\n", "model_list"),
        ("model_list: [{model_name: a}]\n", "litellm_params"),
        ("model_list: [{litellm_params: {model: openai/x}}]\n", "model_name"),
        ("model_list: [\n", ""),
        ("a: &a [*a]\n", ""),
        ("model_list: [{model_name: a, litellm_params: {model: nobody-knows/x}}]\n", "nobody-knows"),
    ],
)
def test_what_is_no_configuration_is_named(text: str, words: str, tmp_path: pathlib.Path) -> None:
    done = imported(tmp_path, text)
    # Of a list with nothing usable in it each entry is named, and a file without models is left; what is no YAML is refused.
    assert 0 <= done.returncode < 128 and done.stderr, done
    assert words in done.stderr, done
    assert words or (done.returncode != 0 and done.stdout == ""), done


def test_files_that_are_not_there_or_not_text(tmp_path: pathlib.Path) -> None:
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 10)
    for path in (tmp_path / "nothing", tmp_path, tmp_path / "binary", "/dev/zero"):
        done = subprocess.run([PROGRAMS / "sluice", "import", "litellm", path], capture_output=True, text=True, timeout=60)
        assert 0 < done.returncode < 128 and done.stderr and not done.stdout, (path, done)
