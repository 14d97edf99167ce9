"""Where a built program finds the authorities that vouch for servers."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from ezp2p.app.trust import PLACES, VARIABLE, find_authorities


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "bundle.pem"
    path.write_text("authorities")
    return path


@pytest.mark.parametrize("folder", [None, "empty"])
def test_other_system_s_bundle_is_found(tmp_path: Path, bundle: Path, folder: str | None) -> None:
    if folder:
        (tmp_path / folder).mkdir()
        folder = str(tmp_path / folder)
    environ: dict[str, str] = {}
    find_authorities(environ, None, folder, [tmp_path / "none", bundle])
    assert environ == {VARIABLE: str(bundle)}


def test_what_openssl_finds_by_itself_stays(tmp_path: Path, bundle: Path) -> None:
    environ: dict[str, str] = {}
    find_authorities(environ, str(bundle), None, [bundle])
    find_authorities(environ, None, str(tmp_path), [bundle])
    assert environ == {}


@pytest.mark.parametrize("variable", [VARIABLE, "SSL_CERT_DIR"])
def test_what_a_person_has_set_stays(bundle: Path, variable: str) -> None:
    environ = {variable: "/my/own"}
    find_authorities(environ, None, None, [bundle])
    assert environ == {variable: "/my/own"}


def test_nothing_is_set_where_there_is_none(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    find_authorities(environ, None, None, [tmp_path / "none"])
    assert environ == {}


def test_this_system_s_bundle_is_among_the_known_places() -> None:
    environ: dict[str, str] = {}
    find_authorities(environ, None, None, PLACES)
    context = ssl.create_default_context(cafile=environ[VARIABLE])
    assert context.cert_store_stats()["x509_ca"] > 0
