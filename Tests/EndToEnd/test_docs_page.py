"""`/docs` in a browser: it shows every operation, takes a token, and a call that is tried from it is answered."""

from __future__ import annotations

import pathlib

import pytest

from Harness.administered import administered
from Harness.browser import Browser, chromium
from Harness.gateway import ROOT

SWAGGER_UI = ROOT / ".cache" / "swagger-ui"
pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="no Chromium: scripts/install-packages --verify"),
    pytest.mark.skipif(not (SWAGGER_UI / "version").is_file(), reason="no Swagger UI: scripts/swagger-ui"),
]

STATUS = "document.querySelector('.live-responses-table tr.response .response-col_status')"


def test_a_call_is_tried_from_the_page(tmp_path: pathlib.Path) -> None:
    files = {"swagger_ui": str(SWAGGER_UI)}
    with administered(tmp_path, admin=files) as running, Browser() as browser:
        running.owner.make("orgs", name="seen in the page")
        document = running.owner.ask("GET", "/openapi.json")
        operations = {one["operationId"]: one for path in document["paths"].values() for one in path.values() if "operationId" in one}
        base = running.gateway.url
        browser.open(f"{base}/docs")
        browser.wait_for("document.querySelectorAll('.opblock').length > 0", 60)
        shown = browser.run("document.querySelectorAll('.opblock').length")
        assert shown == len(operations), f"{shown} of {len(operations)}"

        browser.click(".btn.authorize")
        browser.wait_for("document.querySelector('.auth-container input')")
        place = browser.run(
            "[...document.querySelectorAll('.auth-container')].findIndex(e => e.innerText.includes('sluice-admin-') "
            "|| /admin|token/i.test(e.innerText))"
        )
        browser.run(f"document.querySelectorAll('.auth-container')[{max(place, 0)}].querySelector('input').id = 'the-token'")
        browser.type("#the-token", running.owner.token)
        browser.run(f"document.querySelectorAll('.auth-container')[{max(place, 0)}].querySelector('.authorize').click()")
        browser.wait_for("document.querySelector('.auth-container .btn-done')")
        browser.click(".auth-container .btn-done")

        listing = next(name for name, one in operations.items() if name == "listOrganizations")
        block = f".opblock[id$='-{listing}']"
        browser.run(f"document.querySelector(\"{block}\").scrollIntoView()")
        browser.click(f"{block} .opblock-summary-control")
        browser.wait_for(f"document.querySelector(\"{block} .try-out__btn\")")
        browser.click(f"{block} .try-out__btn")
        browser.wait_for(f"document.querySelector(\"{block} .execute\")")
        browser.click(f"{block} .execute")
        browser.wait_for(f"{STATUS} && {STATUS}.innerText.trim().length > 0")
        assert str(browser.run(f"{STATUS}.innerText")).strip().startswith("200")
        answer = str(browser.run("document.querySelector('.live-responses-table').innerText"))
        assert "seen in the page" in answer
        browser.screenshot(tmp_path / "docs.png")
        print(f"screenshot: {tmp_path / 'docs.png'}")
        assert browser.failures() == []
        # Nothing is fetched from anywhere else: the page works without the internet.
        assert {url for url in browser.addresses() if not url.startswith((base, "data:"))} == set()
