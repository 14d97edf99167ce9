"""Every page in a real browser: what people do on it, by mouse, by keyboard, by screen reader."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Tab

from ezp2p.wire import bridge
from ezp2p.wire.bridge import ChatSaid, Notified, Page, ProblemView, State
from ezp2p.wire.keys import Grant
from tests.support.browser import opened
from tests.support.fake_program import FakeProgram, Stage
from tests.support.scenes import LINK, scenes

pytestmark = pytest.mark.asyncio(loop_scope="module")

AXE = Path(__file__).parent / "web" / "node_modules" / "axe-core" / "axe.min.js"
SCENES = list(scenes(0.0))
CODE = "417905387"


class Visit:
    """One person at the pages; the test is the program behind them."""

    def __init__(self, stage: Stage, tab: Tab) -> None:
        self.stage = stage
        self.tab = tab

    async def show(self, name: str, **fields: object) -> State:
        """Show a scene and wait for it."""
        state = msgspec.structs.replace(scenes(time.time() * 1000)[name], **fields)
        # By way of another page, so that nothing is left over from the test before.
        aside = Page.START if state.page is not Page.START else Page.JOINING
        for each in (msgspec.structs.replace(state, page=aside), state):
            self.stage.show(each)
            await self.tab.wait_for_selector(f"body.page-{each.page} :is(h1, .viewer)")
        self.stage.program.commands.clear()
        return state

    async def asked(self, kind: type[msgspec.Struct]) -> Any:
        return await self.stage.program.command(kind)

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.tab.keyboard.press(key)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    async with (
        Stage(FakeProgram()) as stage,
        opened(browser, stage.server.new_address()) as tab,
    ):
        await tab.wait_for_selector("h1")
        await tab.evaluate(AXE.read_text(encoding="utf-8"))
        yield Visit(stage, tab)


# ---- for everybody


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", SCENES)
async def test_page_has_nothing_that_keeps_people_out(visit: Visit, name: str, dark: bool) -> None:
    theme = "dark" if dark else "light"
    await visit.show(name, settings={"theme": theme})
    await expect(visit.tab.locator("html")).to_have_attribute("data-theme", theme)
    violations = await visit.tab.evaluate(
        """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
          .map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(' | ')}`)"""
    )
    assert violations == []


@pytest.mark.parametrize("language", ["en", "ko"])
@pytest.mark.parametrize("name", SCENES)
async def test_page_fits_320_pixels_at_any_language(visit: Visit, name: str, language: str) -> None:
    await visit.tab.set_viewport_size({"width": 320, "height": 640})
    try:
        scene = scenes(time.time() * 1000, language)[name]
        await visit.show(name, **msgspec.structs.asdict(scene))
        await expect(visit.tab.locator("html")).to_have_attribute("lang", language)
        overflow = await visit.tab.evaluate(
            "() => document.documentElement.scrollWidth - innerWidth"
        )
        unfilled = await visit.tab.locator("body").inner_text()
    finally:
        await visit.tab.set_viewport_size({"width": 1280, "height": 800})
    assert overflow <= 0
    assert "{" not in unfilled


async def test_language_and_theme_are_asked_of_the_program(visit: Visit) -> None:
    await visit.show("start")
    await visit.tab.select_option("select.language", "ko")
    asked = await visit.asked(bridge.ChangeSetting)
    assert asked == bridge.ChangeSetting(name="language", value="ko")
    await visit.tab.click('[aria-label="Appearance: as the system"]')
    asked = await visit.asked(bridge.ChangeSetting)
    assert asked == bridge.ChangeSetting(name="theme", value="light")


async def test_about_opens_over_the_page_and_escape_closes_it(visit: Visit) -> None:
    await visit.show("start")
    about = visit.tab.get_by_role("button", name="About this program")
    await about.click()
    await expect(visit.tab.get_by_role("dialog")).to_contain_text("0.1.0")
    await visit.press("Escape")
    await expect(visit.tab.get_by_role("dialog")).to_have_count(0)
    await expect(about).to_be_focused()


AXE_RUN = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations
  .map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(' | ')}`)"""


@pytest.mark.parametrize("page", ["start", "waiting"])
async def test_connection_is_set_up_in_a_dialog_by_keyboard(visit: Visit, page: str) -> None:
    await visit.show(page)
    await visit.tab.get_by_role("button", name="Connection", exact=True).focus()
    await visit.press("Enter")
    dialog = visit.tab.get_by_role("dialog")
    await dialog.get_by_role("switch").focus()
    await visit.press("Space")
    asked = await visit.asked(bridge.ChangeSetting)
    assert asked == bridge.ChangeSetting(name="upnp", value=False)
    port = dialog.get_by_label("Forwarded port")
    for typed, value in (("51515", 51515), ("", 0)):
        await port.fill(typed)
        await visit.press("Tab")
        asked = await visit.asked(bridge.ChangeSetting)
        assert asked == bridge.ChangeSetting(name="forwarded-port", value=value)
    await dialog.get_by_label("80", exact=True).focus()
    await visit.press("Space")
    asked = await visit.asked(bridge.ChangeSetting)
    assert asked == bridge.ChangeSetting(name="relay-ports", value="443,3000,51515")
    await dialog.get_by_label("Proxy", exact=True).fill(" socks5://kim@proxy.corp ")
    await dialog.get_by_label("Proxy password").fill("secret")
    await visit.press("Enter")
    asked_for = await visit.asked(bridge.UseProxy)
    assert asked_for == bridge.UseProxy(address="socks5://kim@proxy.corp", password="secret")
    await dialog.locator("summary").click()
    await expect(dialog.get_by_role("listitem")).to_have_count(4)
    assert await visit.tab.evaluate(AXE_RUN) == []
    await visit.press("Escape")
    await expect(dialog).to_have_count(0)


@pytest.mark.parametrize("typed", ["65536", "-1", "5.5", "port"])
async def test_what_is_no_port_is_said_beside_the_field_and_not_kept(
    visit: Visit, typed: str
) -> None:
    await visit.show("waiting")
    await visit.tab.get_by_role("button", name="Connection", exact=True).click()
    dialog = visit.tab.get_by_role("dialog")
    await dialog.get_by_label("Forwarded port").fill(typed)
    await visit.press("Tab")
    await expect(dialog.get_by_role("alert")).to_contain_text("1 to 65535")
    await visit.press("Escape")
    assert not any(isinstance(c, bridge.ChangeSetting) for c in visit.stage.program.commands)


async def test_connection_shows_what_was_chosen_and_fits_a_small_screen(visit: Visit) -> None:
    await visit.show(
        "waiting",
        settings={
            "upnp": False,
            "forwarded-port": 51515,
            "relay-ports": "443",
            "proxy": "http://proxy.corp:3128",
        },
    )
    await visit.tab.set_viewport_size({"width": 320, "height": 640})
    try:
        await visit.tab.get_by_role("button", name="Connection", exact=True).click()
        dialog = visit.tab.get_by_role("dialog")
        await expect(dialog.get_by_role("switch")).not_to_be_checked()
        await expect(dialog.get_by_label("Forwarded port")).to_have_value("51515")
        await expect(dialog.get_by_label("443", exact=True)).to_be_checked()
        await expect(dialog.get_by_label("3000", exact=True)).not_to_be_checked()
        proxy = dialog.get_by_label("Proxy", exact=True)
        await expect(proxy).to_have_value("http://proxy.corp:3128")
        overflow = await visit.tab.evaluate(
            "() => document.documentElement.scrollWidth - innerWidth"
        )
        await visit.press("Escape")
    finally:
        await visit.tab.set_viewport_size({"width": 1280, "height": 800})
    assert overflow <= 0


async def test_news_pass_by_in_a_line(visit: Visit) -> None:
    await visit.show("waiting")
    visit.stage.server.tell(Notified(key="call.code.wrong", fields={"n": "2"}))
    await expect(visit.tab.locator(".toasts")).to_contain_text("2 tries left")
    visit.stage.server.tell(Notified(key="call.something-new", fields={"slot": "1"}))
    await expect(visit.tab.locator(".toasts")).to_contain_text("did not come through")


# ---- the check-up


async def test_checkup_is_offered_where_the_server_is_out_of_reach(visit: Visit) -> None:
    unreachable = ProblemView(key="server.unreachable", fields={"host": "h", "port": "443"})
    for name in ("code", "server", "login-unreachable"):
        await visit.show(name, problem=unreachable)
        await visit.tab.get_by_role("button", name="Check the connection").click()
        assert await visit.asked(bridge.GoTo) == bridge.GoTo(page=Page.CHECKUP)
    await visit.show("ended-lost")
    await visit.tab.get_by_role("button", name="Check the connection").click()
    assert await visit.asked(bridge.GoTo) == bridge.GoTo(page=Page.CHECKUP)
    for name in ("code-wrong", "ended"):
        await visit.show(name)
        await expect(visit.tab.get_by_role("button", name="Check the connection")).to_have_count(0)


async def test_checkup_is_found_on_the_start_page_and_about_the_program(visit: Visit) -> None:
    await visit.show("start")
    await visit.tab.get_by_role("button", name="Check the connection").click()
    assert await visit.asked(bridge.GoTo) == bridge.GoTo(page=Page.CHECKUP)
    for name, count in (("waiting", 1), ("consent", 0), ("session", 0), ("joining", 0)):
        await visit.show(name)
        await visit.tab.get_by_role("button", name="About this program").click()
        dialog = visit.tab.get_by_role("dialog")
        await expect(dialog.get_by_role("button", name="Check the connection")).to_have_count(count)
        if count:
            await dialog.get_by_role("button", name="Check the connection").click()
            assert await visit.asked(bridge.GoTo) == bridge.GoTo(page=Page.CHECKUP)
            await expect(dialog).to_have_count(0)
        else:
            await visit.press("Escape")


async def test_checkup_that_runs_shows_how_far_it_is_and_can_be_stopped(visit: Visit) -> None:
    await visit.show("checkup-running")
    status = visit.tab.locator("main").get_by_role("status")
    await expect(status).to_contain_text("Checking")
    await expect(status).to_contain_text("4/12")
    await expect(visit.tab.get_by_role("button", name="Copy diagnostics")).to_have_count(0)
    await visit.tab.get_by_role("button", name="Stop").click()
    assert await visit.asked(bridge.StopCheckup) == bridge.StopCheckup()


async def test_checkup_says_the_first_thing_that_is_wrong_once_and_aloud(visit: Visit) -> None:
    await visit.show("checkup-bad")
    said = "Nothing comes back from help.hanbit.co.kr, port 443."
    await expect(visit.tab.locator("main").get_by_role("status")).to_contain_text(said)
    await expect(visit.tab.get_by_text(said)).to_have_count(1)
    rows = visit.tab.get_by_role("listitem")
    await expect(rows.nth(3)).to_contain_text("Reaching the server's port (TCP)")
    await expect(rows.nth(3)).to_contain_text("Problem")
    await expect(rows.nth(4)).to_contain_text("Not checked")
    await visit.show("checkup-worse")
    await expect(visit.tab.get_by_role("list", name="Checks")).to_contain_text("One open port")


async def test_checkup_is_repeated_at_the_address_that_stands_there(visit: Visit) -> None:
    await visit.show("checkup-bad")
    await visit.tab.get_by_label("Company's address").fill(" desk.hanbit.co.kr ")
    await visit.press("Enter")
    assert await visit.asked(bridge.CheckUp) == bridge.CheckUp(address="desk.hanbit.co.kr")
    await visit.tab.get_by_role("button", name="Back").click()
    assert await visit.asked(bridge.GoTo) == bridge.GoTo(page=Page.CODE)


async def test_diagnostics_are_looked_at_and_copied(visit: Visit) -> None:
    state = await visit.show("checkup-bad")
    assert state.checkup is not None
    await visit.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await expect(visit.tab.locator("pre")).to_be_hidden()
    await visit.tab.get_by_text("See what is copied").click()
    await expect(visit.tab.locator("pre")).to_contain_text("key=hindrance.port-silent")
    await visit.tab.get_by_role("button", name="Copy diagnostics").click()
    await expect(visit.tab.get_by_role("button", name="Copied")).to_be_visible()
    assert await visit.tab.evaluate("navigator.clipboard.readText()") == state.checkup.report


# ---- the customer


@pytest.mark.parametrize(("presses", "page"), [(1, Page.CODE), (2, Page.LOGIN)])
async def test_start_leads_on_by_keyboard(visit: Visit, presses: int, page: Page) -> None:
    await visit.show("start")
    await visit.tab.locator(".top-tools button").last.focus()
    await visit.press(*["Tab"] * presses, "Enter")
    assert await visit.asked(bridge.GoTo) == bridge.GoTo(page=page)


async def test_company_is_asked_for_once(visit: Visit) -> None:
    await visit.show("server")
    await expect(visit.tab.get_by_label("Company's address")).to_be_focused()
    await visit.tab.keyboard.type("help.hanbit.co.kr")
    await visit.press("Enter")
    asked = await visit.asked(bridge.ChooseServer)
    assert asked == bridge.ChooseServer(address="help.hanbit.co.kr")


async def test_link_in_place_of_the_company_needs_no_code(visit: Visit) -> None:
    await visit.show("server")
    await visit.tab.get_by_label("Company's address").fill(LINK)
    await visit.press("Enter")
    assert await visit.asked(bridge.EnterCode) == bridge.EnterCode(code=LINK)


async def test_code_is_typed_without_looking_at_the_boxes(visit: Visit) -> None:
    await visit.show("code")
    await visit.tab.keyboard.type(CODE)
    await expect(visit.tab.get_by_role("button", name="Connect")).to_be_focused()
    await visit.press("Enter")
    assert await visit.asked(bridge.EnterCode) == bridge.EnterCode(code=CODE)


async def test_mistyped_code_is_told_at_once_and_costs_no_try(visit: Visit) -> None:
    await visit.show("code")
    await visit.tab.keyboard.type("417905388")
    await expect(visit.tab.get_by_role("alert")).to_contain_text("mistyped")
    await expect(visit.tab.get_by_role("button", name="Connect")).to_be_disabled()
    await visit.tab.get_by_label("Digit 9").focus()
    await visit.press("7", "Enter")
    assert await visit.asked(bridge.EnterCode) == bridge.EnterCode(code=CODE)
    assert visit.stage.program.commands == []


async def test_digits_can_be_taken_back(visit: Visit) -> None:
    await visit.show("code")
    await visit.tab.keyboard.type("419")
    await visit.press("Backspace")
    await visit.tab.keyboard.type("7905387")
    await visit.press("Enter")
    assert await visit.asked(bridge.EnterCode) == bridge.EnterCode(code=CODE)


@pytest.mark.parametrize("text", ["417 905 387", "417-905-387", "Code: 417905387.", CODE])
async def test_pasted_code_fills_the_boxes(visit: Visit, text: str) -> None:
    await visit.show("code")
    await visit.tab.evaluate("text => navigator.clipboard.writeText(text)", text)
    await visit.tab.get_by_label("Digit 1").focus()
    await visit.press("Control+KeyV")
    await expect(visit.tab.get_by_role("button", name="Connect")).to_be_focused()
    await visit.press("Enter")
    assert await visit.asked(bridge.EnterCode) == bridge.EnterCode(code=CODE)


async def test_pasted_link_goes_straight_on(visit: Visit) -> None:
    await visit.show("code")
    await visit.tab.evaluate("text => navigator.clipboard.writeText(text)", f" {LINK}\n")
    await visit.tab.get_by_label("Digit 1").focus()
    await visit.press("Control+KeyV")
    assert await visit.asked(bridge.EnterCode) == bridge.EnterCode(code=LINK)


async def test_wrong_code_says_so_and_the_boxes_are_empty_again(visit: Visit) -> None:
    state = await visit.show("code")
    await visit.tab.keyboard.type(CODE)
    problem = ProblemView(key="code.wrong", fields={"n": "2"})
    visit.stage.show(msgspec.structs.replace(state, problem=problem))
    await expect(visit.tab.get_by_role("alert")).to_contain_text("2 tries left")
    await expect(visit.tab.get_by_label("Digit 1")).to_be_focused()
    await expect(visit.tab.get_by_label("Digit 9")).to_have_value("")


async def test_calling_can_be_left(visit: Visit) -> None:
    await visit.show("joining")
    await visit.press("Enter")
    assert await visit.asked(bridge.CancelJoining)


@pytest.mark.parametrize("key", ["Enter", "Space", "Escape"])
async def test_refusing_is_what_any_hasty_key_does(visit: Visit, key: str) -> None:
    await visit.show("consent")
    await expect(visit.tab.get_by_role("button", name="Refuse")).to_be_focused()
    await visit.press(key)
    assert await visit.asked(bridge.AnswerConsent) == bridge.AnswerConsent(granted=[])


async def test_allowing_takes_a_moment_of_looking(visit: Visit) -> None:
    until = scenes(time.time() * 1000)["consent"].customer
    assert until is not None
    later = msgspec.structs.replace(until, allow_from_ms=time.time() * 1000 + 60_000)
    state = await visit.show("consent", customer=later)
    allow = visit.tab.get_by_role("button", name="Allow")
    await expect(allow).to_be_disabled()
    visit.stage.show(msgspec.structs.replace(state, customer=until))
    await expect(allow).to_be_enabled()
    await allow.click()
    asked = await visit.asked(bridge.AnswerConsent)
    assert asked == bridge.AnswerConsent(granted=[Grant.VIEW, Grant.CONTROL])


async def test_only_seeing_can_be_allowed(visit: Visit) -> None:
    await visit.show("consent")
    await visit.tab.get_by_role("switch", name="Use mouse and keyboard").press("Space")
    await visit.tab.get_by_role("button", name="Allow").click()
    asked = await visit.asked(bridge.AnswerConsent)
    assert asked == bridge.AnswerConsent(granted=[Grant.VIEW])


async def test_nobody_controls_what_they_do_not_see(visit: Visit) -> None:
    await visit.show("consent")
    see = visit.tab.get_by_role("switch", name="See the screen")
    control = visit.tab.get_by_role("switch", name="Use mouse and keyboard")
    await see.press("Space")
    await expect(control).not_to_be_checked()
    await expect(visit.tab.get_by_role("button", name="Allow")).to_be_disabled()
    await control.press("Space")
    await expect(see).to_be_checked()


async def test_customer_takes_control_back_and_ends(visit: Visit) -> None:
    await visit.show("session")
    await visit.tab.get_by_role("switch", name="Use mouse and keyboard").press("Space")
    asked = await visit.asked(bridge.ChangeGrants)
    assert asked == bridge.ChangeGrants(granted=[Grant.VIEW])
    await visit.tab.get_by_role("button", name="End now").click()
    assert await visit.asked(bridge.EndSession) == bridge.EndSession(session=0)


async def test_chat_sends_on_enter_but_not_while_an_ime_composes(visit: Visit) -> None:
    await visit.show("session")
    box = visit.tab.get_by_label("Write a message")
    await box.click()
    cdp = await visit.tab.context.new_cdp_session(visit.tab)
    where = {"selectionStart": 1, "selectionEnd": 1}
    await cdp.send("Input.imeSetComposition", {"text": "한", **where})
    await visit.tab.evaluate(
        """() => document.activeElement.dispatchEvent(new KeyboardEvent('keydown',
            { key: 'Enter', code: 'Enter', isComposing: true, bubbles: true, cancelable: true }))"""
    )
    await cdp.send("Input.insertText", {"text": "한"})
    await visit.press("Shift+Enter")
    await visit.tab.keyboard.type("ok")
    await visit.press("Enter")
    assert await visit.asked(bridge.Say) == bridge.Say(session=0, text="한\nok")
    assert visit.stage.program.commands == []
    await expect(box).to_have_value("")


async def test_chat_links_are_links_and_nothing_else_is(visit: Visit) -> None:
    await visit.show("session")
    text = "see https://a.example/x?y=1. <b>bold</b> javascript:alert(1)"
    line = ChatSaid(session=0, number=1, mine=False, who="", text=text, at_ms=1.0)
    visit.stage.server.tell(line)
    log = visit.tab.get_by_role("log")
    await expect(log).to_contain_text(text)
    await expect(log).to_contain_text("Kim Minji")
    assert await log.locator("a").evaluate_all("all => all.map((a) => a.href)") == [
        "https://a.example/x?y=1"
    ]


async def test_record_opens_and_one_can_start_again(visit: Visit) -> None:
    await visit.show("ended")
    await visit.tab.get_by_role("button", name="Open the record").click()
    assert await visit.asked(bridge.OpenRecord)
    await visit.tab.get_by_role("button", name="Start again").click()
    assert await visit.asked(bridge.GoTo) == bridge.GoTo(page=Page.START)


# ---- the counselor


async def test_counselor_logs_in_by_keyboard(visit: Visit) -> None:
    await visit.show("login")
    await visit.tab.get_by_label("Company's address").focus()
    await visit.press("Tab")
    await visit.tab.keyboard.type("minji")
    await visit.press("Tab")
    await visit.tab.keyboard.type("secret word")
    await visit.press("Tab", "Space", "Enter")
    assert await visit.asked(bridge.LogIn) == bridge.LogIn(
        address="help.hanbit.co.kr", login="minji", password="secret word", remember=True
    )


@pytest.mark.parametrize(
    ("scene", "field"), [("login-wrong", "Password"), ("login-unreachable", "Company's address")]
)
async def test_what_is_wrong_stands_at_its_field(visit: Visit, scene: str, field: str) -> None:
    await visit.show(scene)
    box = visit.tab.get_by_label(field)
    assert await box.get_attribute("aria-invalid") == "true"
    described = await box.get_attribute("aria-describedby")
    await expect(visit.tab.locator(f"#{described}")).to_have_text(
        "Login name or password is wrong. Please try again."
        if scene == "login-wrong"
        else "Cannot reach the main server (help.hanbit.co.kr, port 443). "
        "Please check the internet connection and the firewall."
    )


async def test_code_and_link_are_copied(visit: Visit) -> None:
    await visit.show("waiting")
    first = visit.tab.get_by_role("article", name="Slot 1")
    await first.get_by_role("button", name="Copy code").click()
    await expect(first.get_by_role("button", name="Copied")).to_be_visible()
    assert await visit.tab.evaluate("navigator.clipboard.readText()") == "417 905 387"
    await first.get_by_role("button", name="Copy link").click()
    await expect(first.get_by_role("button", name="Copied")).to_have_count(2)
    assert await visit.tab.evaluate("navigator.clipboard.readText()") == LINK


async def test_qr_code_opens_large(visit: Visit) -> None:
    await visit.show("waiting")
    await visit.tab.get_by_role("article", name="Slot 1").get_by_role("button", name="QR").click()
    picture = visit.tab.get_by_role("dialog").get_by_role("img")
    await expect(picture).to_be_visible()
    assert await picture.evaluate("(image) => image.complete && image.naturalWidth > 0")
    await visit.press("Escape")


async def test_slots_are_added_renewed_and_removed(visit: Visit) -> None:
    await visit.show("waiting")
    second = visit.tab.get_by_role("article", name="Slot 2")
    await second.get_by_role("button", name="New code").click()
    assert await visit.asked(bridge.RenewSlot) == bridge.RenewSlot(slot=2)
    await second.get_by_role("button", name="Remove slot").click()
    assert await visit.asked(bridge.RemoveSlot) == bridge.RemoveSlot(slot=2)
    await visit.tab.get_by_role("button", name="Add a slot").click()
    assert await visit.asked(bridge.AddSlot)


async def test_sound_and_logout_are_asked_of_the_program(visit: Visit) -> None:
    await visit.show("waiting")
    await visit.tab.get_by_role("button", name="Sound when a customer calls: on").click()
    asked = await visit.asked(bridge.ChangeSetting)
    assert asked == bridge.ChangeSetting(name="sound", value=False)
    await visit.tab.get_by_role("button", name="Log out").click()
    assert await visit.asked(bridge.LogOut)


@pytest.mark.parametrize(
    ("path", "why", "said"),
    [
        ("relay-udp", "both-varying", "both networks hide their addresses"),
        ("relay-ws", "ours-blocked", "UDP is blocked"),
        ("punched", "", None),
        ("upnp", "trying", None),  # the reason of a moment ago
    ],
)
async def test_status_line_says_why_a_path_is_relayed(
    visit: Visit, path: str, why: str, said: str | None
) -> None:
    shown = scenes(time.time() * 1000)["viewer"].counselor
    assert shown is not None
    first = msgspec.structs.replace(shown.sessions[0], path=path, path_why=why)
    counselor = msgspec.structs.replace(shown, sessions=[first, *shown.sessions[1:]])
    await visit.show("viewer", counselor=counselor)
    line = visit.tab.locator(".statusline .why")
    if said is None:
        await expect(line).to_have_count(0)
    else:
        await expect(line).to_contain_text(said)


async def test_viewer_asks_locks_and_ends(visit: Visit) -> None:
    state = await visit.show("viewer")
    tool = visit.tab.locator(".toolbar").get_by_role("button", name="View only")
    await tool.click()
    assert await visit.asked(bridge.SetViewOnly) == bridge.SetViewOnly(session=1, on=True)
    assert state.counselor is not None
    seeing = msgspec.structs.replace(state.counselor.sessions[0], granted=[Grant.VIEW])
    counselor = msgspec.structs.replace(state.counselor, sessions=[seeing])
    visit.stage.show(msgspec.structs.replace(state, counselor=counselor))
    await visit.tab.get_by_role("button", name="Ask for control").click()
    asked = await visit.asked(bridge.AskForGrants)
    assert asked == bridge.AskForGrants(session=1, grants=[Grant.VIEW, Grant.CONTROL])
    await visit.tab.get_by_role("button", name="End session").click()
    assert await visit.asked(bridge.EndSession) == bridge.EndSession(session=1)


async def test_full_screen_is_the_windows_in_our_window(visit: Visit) -> None:
    await visit.show("viewer", window=True)
    await visit.press("F11")
    assert await visit.asked(bridge.FullScreen) == bridge.FullScreen(on=True)
    await visit.press("Control+Alt+Pause")
    assert await visit.asked(bridge.FullScreen) == bridge.FullScreen(on=False)


async def test_unread_lines_are_counted_until_the_chat_opens(visit: Visit) -> None:
    await visit.show("viewer")
    for number in (1, 2):
        visit.stage.server.tell(
            ChatSaid(session=1, number=number, mine=False, who="Park", text="hello", at_ms=1.0)
        )
    await expect(visit.tab.locator(".badge")).to_have_text("2")
    await visit.press("Control+Alt+KeyC")
    await expect(visit.tab.locator(".badge")).to_have_count(0)
    await visit.tab.get_by_label("Write a message").fill("hi")
    await visit.press("Enter")
    assert await visit.asked(bridge.Say) == bridge.Say(session=1, text="hi")


async def test_tab_that_lost_the_program_says_so(browser: Browser) -> None:
    async with Stage() as stage:
        context = await browser.new_context()
        tab = await context.new_page()
        await tab.goto(stage.server.new_address())
        await tab.wait_for_selector("h1")
        await stage.server.stop()
        await expect(tab.get_by_role("alert").first).to_contain_text("lost the program")
        await context.close()


async def test_address_opened_twice_says_so(browser: Browser) -> None:
    async with Stage() as stage:
        address = stage.server.new_address()
        for expected in ("What would you like to do?", "used already"):
            context = await browser.new_context(locale="en-US")
            tab = await context.new_page()
            await tab.goto(address)
            await expect(tab.locator("body")).to_contain_text(expected)
            await context.close()
