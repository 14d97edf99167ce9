"""The check-up in the program's pages: what a person finds out before she calls for help."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from tests.support.company import Company
from tests.support.program import program
from tests.support.viewer import browser, opened_page


def test_person_checks_the_way_to_the_company_and_copies_what_was_found(
    hanbit: Company, tmp_path: Path
) -> None:
    with (
        program(
            *("window", "--server", hanbit.url, "--ui", "browser", "--upnp", "off"),
            home=tmp_path / "person",
            language="ko",
        ) as person,
        browser() as chromium,
        opened_page(chromium, person.wait_for("ui")["url"]) as page,
    ):
        page.get_by_role("button", name="연결 점검").click()
        copy = page.get_by_role("button", name="진단 정보 복사")
        expect(copy).to_be_visible(timeout=30_000)
        rows = page.get_by_role("listitem")
        expect(rows.filter(has_text="지속 연결 (WebSocket)")).to_contain_text("정상")
        # There is no display: that is what keeps this computer from being helped.
        status = page.locator("main").get_by_role("status")
        expect(status).to_contain_text("화면이 없는 환경입니다")
        page.get_by_text("복사되는 내용 보기").click()
        report = page.locator("pre").inner_text()
        assert f"서버: {hanbit.url}/main" in report
        assert "(line, " in report and str(tmp_path) not in report

        page.get_by_label("업체 주소").fill("127.0.0.1:9")
        page.get_by_role("button", name="다시 점검").click()
        expect(status).to_contain_text("포트 9 접속이 거부되었습니다")
        page.get_by_role("button", name="뒤로").click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
