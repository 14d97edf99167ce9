"""The pages as a browser gets them, and the invitation's script in a real one."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import async_playwright

from ezp2p.base.clock import SystemClock
from ezp2p.rendezvous.admin import open_admin
from ezp2p.rendezvous.pages import TEXTS, choose_language
from tests.support.rendezvous import RunningRendezvous, running_rendezvous

SECRET = "k=AAAAAAAAAAAAAAAAAAAAAA"
PIN = "&p=" + "B" * 43
KOREAN = {"Accept-Language": "ko-KR,ko;q=0.9,en;q=0.8"}


@pytest.fixture
async def server() -> AsyncIterator[RunningRendezvous]:
    async with running_rendezvous(company="한빛 <b>전자</b>") as running:
        yield running


async def page(server: RunningRendezvous, path: str, **headers: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as http,
        http.get(server.url + path, headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status, await answer.text()


class Parts(HTMLParser):
    """Collects the tags and attributes of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_only_site_is_where_the_first_page_leads(server: RunningRendezvous) -> None:
    async with (
        aiohttp.ClientSession() as http,
        http.get(server.url, headers={"Host": "evil.example"}, allow_redirects=False) as answer,
    ):
        assert (answer.status, answer.headers["Location"]) == (302, "/main")


async def test_several_sites_are_listed(server: RunningRendezvous) -> None:
    async with open_admin(server.config, SystemClock()) as admin:
        await admin.create_site("second", "Second Company")
    status, html = await page(server, "/")
    assert status == 200
    assert {"/main", "/second"} <= {a.get("href") for tag, a in Parts(html).tags if tag == "a"}
    assert "Second Company" in html


async def test_page_is_in_the_readers_language(server: RunningRendezvous) -> None:
    _, korean = await page(server, "/main", **KOREAN)
    _, english = await page(server, "/main", **{"Accept-Language": "de"})
    _, asked = await page(server, "/main?lang=ko", **{"Accept-Language": "en"})
    assert '<html lang="ko">' in korean
    assert "접속코드를 입력합니다" in korean
    assert '<html lang="en">' in english
    assert '<html lang="ko">' in asked


async def test_companys_name_is_text_never_markup(server: RunningRendezvous) -> None:
    for path in ("/main", "/main/123"):
        _, html = await page(server, path)
        assert "<b>" not in html
        assert "한빛 <b>전자</b>" in Parts(html).text


async def test_links_carry_the_public_url_never_the_requests_host() -> None:
    async with running_rendezvous(public_url="https://help.company.kr") as server:
        for path in ("/main", "/main/123"):
            _, html = await page(server, path, Host="evil.example")
            assert "evil.example" not in html
            assert f"ezp2p://help.company.kr{path}" in html
            assert f"https://help.company.kr{path}" in html


async def test_page_tells_whether_a_counselor_waits(server: RunningRendezvous) -> None:
    _, before = await page(server, "/main")
    assert "No counselor is waiting" in before
    headers = {"Authorization": f"Bearer {(await server.login()).token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.ws_connect(f"{server.url}/api/v1/signal") as ws,
    ):
        await ws.send_json({"type": "OpenSlot"})
        await ws.receive_json()
        _, after = await page(server, "/main")
        assert "A counselor is waiting" in after


@pytest.mark.parametrize(
    "path",
    [
        "/nobody",
        "/nobody/123",
        "/main/12",
        "/main/1234",
        "/main/123/4",
        "/Main",
        "/%00",
        "/" + "a" * 5000,
    ],
)
async def test_address_where_nothing_is_gets_a_plain_page(
    server: RunningRendezvous, path: str
) -> None:
    status, html = await page(server, path)
    assert status == 404
    assert "There is no such page" in html


async def test_pages_have_no_inline_script_or_style_and_load_only_from_here(
    server: RunningRendezvous,
) -> None:
    for path in ("/main", "/main/123", "/nothing/here"):
        _, html = await page(server, path)
        for tag, attributes in Parts(html).tags:
            assert tag != "style"
            assert tag != "script" or (attributes.get("src") or "").startswith("/static/")
            assert not [name for name in attributes if name.startswith("on") or name == "style"]
            if tag in ("link", "img"):
                assert (attributes.get("href") or attributes.get("src") or "").startswith(
                    "/static/"
                )


async def test_access_page_is_small(server: RunningRendezvous) -> None:
    total = 0
    for path in ("/main", "/static/page.css", "/static/copy.js", "/static/icon.svg"):
        total += len((await page(server, path))[1].encode())
    assert total < 60_000


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    korean, english = (
        json.loads((TEXTS / f"{name}.json").read_text(encoding="utf-8")) for name in ("ko", "en")
    )
    assert korean.keys() == english.keys()
    for key in korean:
        names = [sorted(re.findall(r"{\w+}", texts[key])) for texts in (korean, english)]
        assert names[0] == names[1], key


def test_every_text_is_used_and_every_used_text_exists() -> None:
    templates = TEXTS.parent / "templates"
    used = set()
    for template in templates.glob("*.html"):
        used |= set(
            re.findall(
                r"'((?:page|scam|site|sites|invitation|error)\.[\w.]+)'",
                template.read_text(encoding="utf-8"),
            )
        )
    used = {name for name in used if not name.endswith(".")}
    used |= {f"error.{kind}.{part}" for kind in ("404", "400", "500") for part in ("title", "text")}
    assert used == set(json.loads((TEXTS / "en.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("", "", "en"),
        ("ko", "en", "ko"),
        ("xx", "ko", "ko"),
        ("", "fr,ko;q=0.5,en;q=0.4", "ko"),
        ("", "en;q=0.2,ko;q=0.9", "ko"),
        ("", "ko;q=0,en;q=0.1", "en"),
        ("", "ko;q=nan,en", "en"),
        ("", ";;;,,,q=1", "en"),
        ("", "x" * 100_000, "en"),
        ("../../etc", "ko", "ko"),
    ],
)
def test_language_is_chosen_from_any_header(asked: str, accepted: str, language: str) -> None:
    assert choose_language(asked, accepted, ["en", "ko"]) == language


async def test_browser_keeps_the_invitations_secret_to_itself(server: RunningRendezvous) -> None:
    asked: list[str] = []
    problems: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        tab = await browser.new_page(locale="en-US")
        tab.on("request", lambda request: asked.append(request.url + str(request.post_data)))
        tab.on("console", lambda message: problems.append(message.text))
        await tab.goto(f"{server.url}/main/123#{SECRET}{PIN}")
        assert tab.url == f"{server.url}/main/123"
        link = await tab.get_attribute("#open", "href")
        assert link == f"ezp2p://127.0.0.1:{server.port}/main/123#{SECRET}{PIN}"
        assert await tab.is_visible("#open")
        await tab.click("a.language")
        assert await tab.get_attribute("html", "lang") == "ko"
        assert await tab.get_attribute("#open", "href") == link
        # The network log shows fragments the browser itself keeps back; paths must hold none.
        assert all(SECRET not in url.split("#")[0] for url in asked)
        assert problems == []
        await browser.close()


async def test_browser_tells_that_a_link_is_incomplete(server: RunningRendezvous) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        tab = await browser.new_page(locale="en-US")
        for fragment in (
            "",
            "#k=short",
            f"#{SECRET}&x=1",
            f"#{SECRET}x",
            f"#{SECRET}&p=short",
            "#javascript:alert(1)",
        ):
            await tab.goto("about:blank")
            await tab.goto(f"{server.url}/main/123{fragment}")
            assert await tab.is_visible("#incomplete")
            assert not await tab.is_visible("#open")
        await browser.close()


def test_static_files_are_those_in_the_folder() -> None:
    assert {path.name for path in (Path(TEXTS).parent / "static").iterdir()} == {
        "page.css",
        "copy.js",
        "invitation.js",
        "icon.svg",
    }
