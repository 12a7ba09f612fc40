"""Whether what a client saw at a front door is what a recording says: the differences, in words."""

from __future__ import annotations

from .reading import FINISH, Choice, Reading, Usage
from .recordings import Recording

OPENAI, ANTHROPIC = "chat/completions", "messages"

# Anthropic's words for OpenAI's reasons, and its types of errors by their status.
STOP = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
ERROR_TYPES = {
    400: {"invalid_request_error"},
    404: {"not_found_error"},
    413: {"request_too_large"},
    422: {"invalid_request_error"},
    429: {"rate_limit_error"},
    503: {"overloaded_error", "api_error"},
    529: {"overloaded_error"},
}


def differences(recording: Recording, read: Reading, seen: Reading, door: str) -> list[str]:
    is_exact = recording.is_exact and (recording.dialect == "anthropic") == (door == ANTHROPIC)
    if read.failure:
        return failure(recording, read, seen, door, is_exact)
    if seen.failure:
        return [f"an error: {seen.failure}"]
    found = []
    if (read.broken is None) != (seen.broken is None):
        found.append(f"broken off: {seen.broken}, not {read.broken}")
    elif read.broken and seen.broken and read.broken.message not in seen.broken.message:
        found.append(f"broken off with {seen.broken.message!r}, not {read.broken.message!r}")
    if recording.api == "embeddings":
        if seen.vectors != read.vectors:
            found.append("other vectors")
    else:
        indexes = [0] if door == ANTHROPIC else sorted(read.choices.keys() | seen.choices.keys())
        for index in indexes:
            found += choice(recording, read.choices.get(index), seen.choices.get(index), door, is_exact, read)
    if seen.disorder and not is_exact:
        found.append(seen.disorder)
    if not read.broken:
        found += usage(read.usage, seen.usage, is_exact, door)
    return found


def choice(
    recording: Recording, read: Choice | None, seen: Choice | None, door: str, is_exact: bool, reading: Reading
) -> list[str]:
    if read is None or seen is None:
        return [f"choice {'missing' if seen is None else 'too many'}"]
    found = []

    def same(what: str, got: object, *expected: object) -> None:
        if got not in expected:
            found.append(f"{what} {shortened(got)}, not {' or '.join(shortened(one) for one in expected)}")

    if door == ANTHROPIC and not is_exact:
        # There is no block of refused text; a transcript may be given as text.
        same("text", seen.text, read.text + read.refusal, *([read.transcript] if not read.text else []))
    else:
        same("text", seen.text, read.text)
        same("refusal", seen.refusal, read.refusal, *([read.explanation] if not is_exact else []))
    if not is_exact or door == ANTHROPIC:
        same("reasoning", seen.reasoning, read.reasoning)
        if read.signature:
            same("signature", seen.signature, read.signature)
    same("calls", [(one.name, one.arguments) for one in seen.calls], [(one.name, one.arguments) for one in read.calls])
    for got, one in zip(seen.calls, read.calls):
        if one.id:
            same("id of a call", got.id, one.id)
        elif not got.id and not (door == OPENAI and is_exact):
            found.append("a call without id")
    if not reading.broken:
        same("finish", seen.finish, *finish(read, door, recording.dialect == "anthropic"))
    return found


def finish(read: Choice, door: str, is_anthropic: bool) -> list[str | None]:
    if door == OPENAI:
        return [FINISH.get(read.finish, read.finish)]
    if is_anthropic:
        return [read.finish]
    found = [STOP.get(read.finish, read.finish)]
    if read.calls:
        return ["tool_use"] + (found if read.finish == "length" else [])
    return found + (["refusal"] if read.refusal else [])


def usage(read: Usage | None, seen: Usage | None, is_exact: bool, door: str) -> list[str]:
    if read is None:
        if is_exact:
            return [] if seen is None or door == ANTHROPIC else [f"usage {seen}, none was recorded"]
        return [] if seen and seen.is_estimated else [f"usage {seen}, not an estimated one"]
    if seen is None:
        return ["no usage"]
    found = []
    prompts = {read.prompt, read.or_prompt if read.or_prompt is not None else read.prompt}
    cached = {read.cached, read.or_cached if read.or_cached is not None else read.cached}
    if read.cached > read.prompt:
        # Nonsense of some providers: a part that is greater than the whole.
        cached.add(read.prompt)
        if door == ANTHROPIC:
            prompts.add(read.cached)
    totals = {read.prompt + read.completion, read.total} if read.total is not None else {seen.total}
    for what, got, expected in (
        ("prompt", seen.prompt, prompts),
        ("completion", seen.completion, {read.completion}),
        ("cached", seen.cached, cached),
        ("written to the cache", seen.written, {read.written}),
        ("total", seen.total, totals | {seen.prompt + read.completion}),
        ("estimated", seen.is_estimated, {False}),
    ):
        if got not in expected:
            found.append(f"usage: {what} {got}, not {' or '.join(map(str, sorted(expected)))}")
    return found


def failure(recording: Recording, read: Reading, seen: Reading, door: str, is_exact: bool) -> list[str]:
    expected, got = read.failure, seen.failure or seen.broken
    if got is None:
        return ["no error"]
    found = []
    if recording.status in (401, 403):
        if got.status != 502 or (door == OPENAI and got.code != "provider_authentication"):
            found.append(f"{got}, not 502 provider_authentication")
        return found
    if recording.status == 200 and is_exact:
        return [] if expected.message in got.message else [f"message {got.message!r}, not {expected.message!r}"]
    status = expected.status or 502
    statuses = {status, 503} if status == 529 and door == OPENAI else {status}
    if got.status not in statuses:
        found.append(f"status {got.status}, not {status}")
    if expected.message not in got.message:
        found.append(f"message {shortened(got.message)}, not {shortened(expected.message)}")
    if door == ANTHROPIC:
        if got.type not in ERROR_TYPES.get(status, {"api_error"}):
            found.append(f"type {got.type} for a {status}")
        return found
    if not got.type and not is_exact:
        found.append("an error without a type")
    if recording.dialect != "anthropic":
        if expected.type and got.type != expected.type:
            found.append(f"type {got.type}, not {expected.type}")
        # Too long a prompt has OpenAI's code, whatever the provider's.
        if expected.code and got.code not in (expected.code, "context_length_exceeded"):
            found.append(f"code {got.code}, not {expected.code}")
    elif "prompt is too long" in expected.message and got.code != "context_length_exceeded":
        found.append(f"code {got.code}, not context_length_exceeded")
    return found


def shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:80]} … {text[-60:]} ({len(text)})"
