"""The administration over HTTP: through edges to control and back, with and without a listener of its own."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import socket
import threading

import httpx
import pytest

from Harness.certificates import Authority
from Harness.gateway import ROOT, Gateway, base_config
from Harness.operators import call
from Harness.processes import wait_until


def token(gateway: Gateway, role: str = "owner") -> str:
    return call(gateway, "POST", "/api/v1/tokens", {"name": f"t-{role}", "role": role})["token"]


def bearer(value: str) -> dict[str, str]:
    return {"authorization": f"Bearer {value}"}


def base(gateway: Gateway, number: int = 0, scheme: str = "http") -> str:
    host, port = gateway.addresses[number]
    return f"{scheme}://{host}:{port}"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    folder = tmp_path_factory.mktemp("administration")
    authority = Authority()
    config = base_config(
        None,
        state_directory=None,
        listen=[{"address": "127.0.0.1:0"}, {"address": "127.0.0.2:0", "tls": authority.write(folder)}],
        http={"cors": {"origins": ["https://a.example"]}},
    )
    with Gateway(config, folder=folder, crashes_expected=True) as running:
        running.wait_for_tree()
        running.authority = authority
        running.owner = token(running)
        yield running


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"])
def client(gateway: Gateway, request):
    if request.param == "HTTP/1.1":
        made = httpx.Client(base_url=base(gateway), headers=bearer(gateway.owner), timeout=30)
    else:
        made = httpx.Client(
            base_url=base(gateway, 1, "https"), headers=bearer(gateway.owner), timeout=30, http2=True,
            verify=gateway.authority.context("h2"),
        )
    with made:
        yield made


def test_a_key_is_made_used_changed_and_revoked(gateway: Gateway, client: httpx.Client) -> None:
    made = client.post("/api/v1/keys", json={"name": "over http"})
    assert made.status_code == 201, made.text
    key = made.json()
    assert made.headers["cache-control"] == "no-store" and made.headers["x-content-type-options"] == "nosniff"
    chat = {"model": "simulated", "messages": [{"role": "user", "content": "hi"}]}
    used = client.post("/v1/chat/completions", json=chat, headers=bearer(key["key"]))
    assert used.status_code == 200, used.text

    shown = client.get(f"/admin/keys/{key['id']}")
    assert shown.status_code == 200 and key["key"] not in shown.text
    assert client.head(f"/api/v1/keys/{key['id']}").headers["content-length"] == str(len(shown.content))
    if tag := shown.headers.get("etag"):
        same = client.get(f"/api/v1/keys/{key['id']}", headers={"if-none-match": tag})
        assert same.status_code == 304 and same.content == b""
        late = client.patch(f"/api/v1/keys/{key['id']}", json={"name": "x"}, headers={"if-match": '"0"'})
        assert late.status_code == 412
    assert client.delete(f"/api/v1/keys/{key['id']}").status_code in (200, 204)
    assert client.post("/v1/chat/completions", json=chat, headers=bearer(key["key"])).status_code == 401


def test_who_has_no_right_token_learns_nothing(gateway: Gateway, client: httpx.Client) -> None:
    wrong = ["sluice-admin-" + "a" * 43, gateway.key, "x"]
    replies = [client.get("/api/v1/keys", headers=bearer(each)) for each in wrong]
    replies.append(client.get("/api/v1/nothing", headers=bearer(wrong[0])))
    client.headers.pop("authorization")
    replies.append(client.post("/api/v1/keys", content=b"{"))
    assert {reply.status_code for reply in replies} == {401}
    assert len({reply.content for reply in replies}) == 1
    assert all(reply.headers["www-authenticate"] == "Bearer" for reply in replies)


def test_what_is_wrong_is_named(client: httpx.Client) -> None:
    for path in ("/api/v1/keys/a%2Fb", "/api/v1/keys/%00", "/api/v1/keys/%ff", "/api/v1//keys"):
        assert client.get(path).status_code in (400, 404), path
    assert client.post("/api/v1/keys", content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    assert client.post("/api/v1/keys", content=b"{", headers={"content-type": "application/json"}).status_code == 400
    allowed = client.request("TRACE", "/api/v1/keys")
    assert allowed.status_code == 405 and "GET" in allowed.headers["allow"]
    error = client.post("/api/v1/keys", json={"name": "x", "nonsense": 1}).json()["error"]
    assert error["type"] == "invalid_request_error" and error["param"] == "nonsense"


def test_bodies_up_to_a_mebibyte(client: httpx.Client) -> None:
    def post(size: int) -> httpx.Response:
        body = b'{"name":"' + b"x" * (size - 11) + b'"}'
        assert len(body) == size
        return client.post("/api/v1/keys", content=body, headers={"content-type": "application/json"})

    assert post(1 << 20).status_code in (400, 422)
    assert post((1 << 20) + 1).status_code == 413


def test_browsers_may_ask(gateway: Gateway, client: httpx.Client) -> None:
    asked = {"origin": "https://a.example", "access-control-request-method": "PATCH"}
    reply = client.options("/api/v1/keys/k", headers=asked)
    assert reply.status_code == 204 and "PATCH" in reply.headers["access-control-allow-methods"]
    assert client.get("/api/v1/keys", headers=asked).headers["access-control-allow-origin"] == "https://a.example"


def test_the_documents_are_there_for_everybody(client: httpx.Client) -> None:
    client.headers.pop("authorization")
    document = client.get("/openapi.json")
    assert document.status_code == 200 and document.json()["openapi"].startswith("3.1")
    assert "/api/v1/keys" in document.json()["paths"]
    page = client.get("/docs")
    assert page.status_code == 200 and "script-src 'self'" in page.headers["content-security-policy"]
    assert client.post("/docs").status_code == 405


def test_a_slow_reader_gets_all_of_it(gateway: Gateway) -> None:
    """The document is larger than a window; whoever reads it in small pieces keeps nobody waiting."""
    whole = httpx.get(base(gateway) + "/openapi.json", timeout=30).content
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(gateway.addresses[0])
        slow.settimeout(30)
        slow.sendall(b"GET /openapi.json HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert httpx.get(base(gateway) + "/api/v1/keys", headers=bearer(gateway.owner)).status_code == 200
        got = b""
        while piece := slow.recv(1500):
            got += piece
    assert got.partition(b"\r\n\r\n")[2] == whole


def test_the_log_and_the_metrics_know_it(gateway: Gateway) -> None:
    assert httpx.get(base(gateway) + "/api/v1/keys", headers=bearer(gateway.owner)).status_code == 200
    wait_until(lambda: any(line.get("endpoint") == "administration" for line in gateway.log()), 10, "an access line")
    assert gateway.owner not in gateway.log_text()

    def counted() -> bool:
        text = httpx.get(base(gateway) + "/metrics", headers=bearer(gateway.key)).text
        return 'endpoint="administration"' in text

    wait_until(counted, 10, "a metric")


def test_control_is_killed_again_and_again(gateway: Gateway) -> None:
    """What is answered is whole or says that it is not; traffic is unharmed; what was acknowledged is there."""
    answered: list[str] = []
    odd: list[object] = []
    over = threading.Event()

    def administrate() -> None:
        with httpx.Client(base_url=base(gateway), headers=bearer(gateway.owner), timeout=40) as mine:
            number = 0
            while not over.is_set():
                number += 1
                try:
                    reply = mine.post("/api/v1/keys", json={"name": f"kill-{threading.get_ident()}-{number}"})
                except httpx.HTTPError as error:
                    odd.append(error)
                    continue
                if reply.status_code == 201:
                    answered.append(reply.json()["id"])
                elif reply.status_code == 503:
                    assert reply.headers["retry-after"] and reply.json()["error"]["code"]
                else:
                    odd.append((reply.status_code, reply.text))

    threads = [threading.Thread(target=administrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        known = len(answered)
        wait_until(lambda: len(answered) >= known + 5, 30, "some keys are made")
        ready = gateway.ready_count("control")
        gateway.kill_child(gateway.child("control"), signal.SIGKILL)
        assert gateway.chat("simulated").status == 200
        wait_until(lambda: gateway.ready_count("control") > ready, 30, "control is back")
    over.set()
    for thread in threads:
        thread.join(60)
    assert not odd, odd[:5]
    for made in answered:
        reply = httpx.get(f"{base(gateway)}/api/v1/keys/{made}", headers=bearer(gateway.owner), timeout=30)
        assert reply.status_code == 200, made


def test_while_control_hangs_there_is_an_error(gateway: Gateway) -> None:
    """Control is stopped before the link is looked at; a request that it never answers ends at its client's wish, and harms nobody."""
    control = gateway.child("control")
    os.kill(control, signal.SIGSTOP)
    try:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(base(gateway) + "/api/v1/keys", headers=bearer(gateway.owner), timeout=1)
        assert gateway.chat("simulated").status == 200
    finally:
        os.kill(control, signal.SIGCONT)
    assert httpx.get(base(gateway) + "/api/v1/keys", headers=bearer(gateway.owner), timeout=30).status_code == 200


# A listener of its own

def test_a_listener_of_its_own(tmp_path: pathlib.Path) -> None:
    config = base_config(None, state_directory=None, admin={"listen": "127.0.0.3:0"})
    with Gateway(config, folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        owner = bearer(token(gateway))
        clients, own = base(gateway), base(gateway, 1)
        assert own.startswith("http://127.0.0.3:")
        assert httpx.get(own + "/api/v1/keys", headers=owner).status_code == 200
        for path in ("/docs", "/openapi.json", "/health", "/health/ready"):
            assert httpx.get(own + path).status_code == 200, path
        for path in ("/api/v1/keys", "/admin/keys", "/docs", "/openapi.json"):
            assert httpx.get(clients + path, headers=owner).status_code == 404, path
        key = bearer(gateway.key)
        for path in ("/v1/models", "/api/v1/models", "/", "/v1/chat/completions"):
            assert httpx.get(own + path, headers=key).status_code == 404, path
        assert httpx.get(clients + "/api/v1/models", headers=key).status_code == 200
        assert httpx.get(clients + "/health").status_code == 200

        # A reload takes it away, for connections that are open as well.
        with httpx.Client(base_url=clients) as kept:
            assert kept.get("/openapi.json").status_code == 404
            (tmp_path / "sluice.yaml").write_text(json.dumps(config | {"admin": {"listen": "same"}}))
            gateway.send_signal(signal.SIGHUP)
            wait_until(lambda: kept.get("/openapi.json").status_code == 200, 20, "it answers at the clients' address")
            assert kept.get("/v1/models", headers=key).status_code == 200
        with pytest.raises(httpx.HTTPError):
            httpx.get(own + "/health", timeout=5)


def test_swagger_ui_is_served(tmp_path: pathlib.Path) -> None:
    files = ROOT / ".cache" / "swagger-ui"
    if not (files / "swagger-ui-bundle.js").exists():
        pytest.skip("scripts/swagger-ui was not run")
    config = base_config(None, state_directory=None, admin={"swagger_ui": str(files)})
    with Gateway(config, folder=tmp_path) as gateway:
        gateway.wait_for_tree()
        page = httpx.get(base(gateway) + "/docs")
        assert "/docs/swagger-ui-bundle.js" in page.text and "<script>" not in page.text
        for name, kind in (
            ("swagger-ui-bundle.js", "text/javascript"), ("swagger-ui.css", "text/css"), ("favicon-32x32.png", "image/png"),
        ):
            reply = httpx.get(f"{base(gateway)}/docs/{name}", timeout=30)
            assert reply.status_code == 200 and reply.headers["content-type"].startswith(kind)
            assert reply.content == (files / name).read_bytes()
            again = httpx.get(f"{base(gateway)}/docs/{name}", headers={"if-none-match": reply.headers["etag"]})
            assert again.status_code == 304
        assert "persistAuthorization: false" in httpx.get(base(gateway) + "/docs/start.js").text
