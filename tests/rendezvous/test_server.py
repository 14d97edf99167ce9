"""Starting and closing the whole server, and every way in which it cannot start."""

from __future__ import annotations

import socket
import sqlite3
import ssl
from pathlib import Path

import aiohttp
import pytest

from ezp2p.base.errors import EzError
from ezp2p.rendezvous.config import Opening, RendezvousConfig
from ezp2p.rendezvous.server import Rendezvous
from ezp2p.wire.keys import ErrorKey
from tests.rendezvous.certificate import self_signed
from tests.support.rendezvous import running_rendezvous


def config(data: Path, **options: object) -> RendezvousConfig:
    return RendezvousConfig(data=data, host="127.0.0.1", port=0, **options)  # type: ignore[arg-type]


async def refusal(wanted: RendezvousConfig) -> EzError:
    server = Rendezvous(wanted)
    with pytest.raises(EzError) as refused:
        await server.start()
    return refused.value


async def test_admin_password_is_told_once_and_works_ever_after(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path) as first:
        password = first.admin_password
        assert (await first.login()).role == "admin"
    async with running_rendezvous(tmp_path) as second:
        assert second.started.admin_password is None
        asked = {"site": "main", "login": "admin", "password": password}
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{second.url}/api/v1/login", json=asked) as answer,
        ):
            assert answer.status == 200


async def test_database_holds_neither_password_nor_token(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path) as server:
        token = (await server.login()).token
        password = server.admin_password
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"$argon2id$v=19$m=19456,t=2,p=1$" in stored
    assert token.encode() not in stored
    assert password.encode() not in stored


async def test_data_folder_is_its_owners_alone(tmp_path: Path) -> None:
    data = tmp_path / "data"
    async with running_rendezvous(data):
        assert data.stat().st_mode & 0o777 == 0o700
        modes = {path.name: path.stat().st_mode & 0o777 for path in data.iterdir()}
    files = {"ezp2p.db", "ezp2p.db-wal", "relay.key", "relay.pub", "server.lock"}
    assert files <= modes.keys()
    assert set(modes.values()) == {0o600}


async def test_relay_key_survives_a_restart(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path):
        before = (tmp_path / "relay.key").read_bytes()
    async with running_rendezvous(tmp_path):
        assert (tmp_path / "relay.key").read_bytes() == before


async def test_udp_port_has_the_number_of_the_tcp_port_unless_told_otherwise() -> None:
    async with running_rendezvous() as server:
        assert server.started.udp_port == server.port
    async with running_rendezvous(udp_port=0) as server:
        assert server.started.udp_port != server.port


async def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = await refusal(RendezvousConfig(data=tmp_path, host="127.0.0.1", port=port))
    assert (refused.key, refused.fields["port"]) == (ErrorKey.PORT_TAKEN, port)


async def test_taken_udp_port_is_named(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        refused = await refusal(config(tmp_path, udp_port=port))
    assert (refused.key, refused.fields["port"]) == (ErrorKey.PORT_TAKEN, port)


async def test_second_server_on_the_same_folder_refuses_and_the_first_goes_on(
    tmp_path: Path,
) -> None:
    async with running_rendezvous(tmp_path) as first:
        refused = await refusal(config(tmp_path))
        assert refused.key == ErrorKey.DATA_UNWRITABLE
        assert "another server" in str(refused.fields["why"])
        await first.login()


async def test_folder_is_free_again_after_close_and_after_a_failed_start(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        await refusal(RendezvousConfig(data=tmp_path, host="127.0.0.1", port=port))
    async with running_rendezvous(tmp_path):
        pass
    async with running_rendezvous(tmp_path):
        pass


async def test_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_text("something else")
    refused = await refusal(config(path))
    assert (refused.key, refused.fields["path"]) == (ErrorKey.DATA_UNWRITABLE, str(path))
    assert path.read_text() == "something else"


async def test_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ezp2p.db"
    path.write_bytes(b"not a database" * 1000)
    refused = await refusal(config(tmp_path))
    assert refused.key == ErrorKey.DATABASE_BROKEN
    assert "not a database" in str(refused.fields["why"])
    assert path.read_bytes() == b"not a database" * 1000


async def test_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path):
        pass
    with sqlite3.connect(tmp_path / "ezp2p.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    refused = await refusal(config(tmp_path))
    assert refused.key == ErrorKey.DATABASE_BROKEN
    assert "later version" in str(refused.fields["why"])


async def test_database_url_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    refused = await refusal(config(tmp_path, database_url="oracle9://user:hunter2@host/x"))
    assert refused.key == ErrorKey.DATABASE_BROKEN
    assert "hunter2" not in str(refused)


async def test_relay_key_that_is_no_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "relay.key").write_text("-----BEGIN NONSENSE-----")
    refused = await refusal(config(tmp_path))
    assert refused.key == ErrorKey.DATABASE_BROKEN
    assert refused.fields["path"] == str(tmp_path / "relay.key")


async def test_missing_or_broken_certificate_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "cert.pem"
    for content in (None, "nonsense"):
        if content:
            broken.write_text(content)
        refused = await refusal(config(tmp_path / "data", tls_cert=broken))
        assert refused.key == ErrorKey.SERVER_CERTIFICATE
        assert refused.fields["path"] == str(broken)


async def test_public_url_stands_in_links_instead_of_the_listening_address() -> None:
    async with running_rendezvous(public_url="https://help.company.kr/") as server:
        assert server.started.url == "https://help.company.kr"


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://help.company.kr", ErrorKey.SERVER_INSECURE),
        ("https://x/path", ErrorKey.LINK_MALFORMED),
        ("ftp://x", ErrorKey.LINK_MALFORMED),
        ("x y", ErrorKey.LINK_MALFORMED),
    ],
)
async def test_public_url_that_no_link_can_carry_is_refused(
    tmp_path: Path, url: str, key: str
) -> None:
    assert (await refusal(config(tmp_path, public_url=url))).key == key


async def test_server_serves_https_by_its_own_certificate(tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path)
    async with running_rendezvous(tls_cert=cert, tls_key=key) as server:
        assert server.started.url == server.url == f"https://127.0.0.1:{server.port}"
        context = ssl.create_default_context(cafile=str(cert))
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{server.url}/healthz", ssl=context) as answer,
        ):
            assert await answer.json() == {"status": "ok"}
            assert "Strict-Transport-Security" in answer.headers


async def test_server_serves_on_every_port_it_was_told_to_open(tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path)
    more = (Opening("127.0.0.1", 0, True), Opening("127.0.0.1", 0, False))
    async with running_rendezvous(tls_cert=cert, tls_key=key, listen=more) as server:
        ports = server.started.ports
        assert [port.tls for port in ports] == [True, True, False]
        assert ports[0].port == server.port
        context = ssl.create_default_context(cafile=str(cert))
        for port in ports:
            url = f"http{'s' if port.tls else ''}://127.0.0.1:{port.port}/healthz"
            async with aiohttp.ClientSession() as http, http.get(url, ssl=context) as answer:
                assert await answer.json() == {"status": "ok"}


async def test_plain_port_beside_tls_takes_no_password_and_sends_people_to_tls(
    tmp_path: Path,
) -> None:
    cert, key = self_signed(tmp_path)
    async with (
        running_rendezvous(
            tls_cert=cert,
            tls_key=key,
            listen=(Opening("127.0.0.1", 0, False),),
            trusted_proxies=("127.0.0.1",),
        ) as server,
        aiohttp.ClientSession(headers={"X-Forwarded-Proto": "http"}) as http,
    ):
        plain = f"http://127.0.0.1:{server.started.ports[1].port}"
        asked = {"site": "main", "login": "admin", "password": server.admin_password}
        async with http.post(f"{plain}/api/v1/login", json=asked) as answer:
            assert (await answer.json())["key"] == ErrorKey.SERVER_INSECURE
        async with http.get(f"{plain}/main?lang=ko", allow_redirects=False) as answer:
            assert answer.status == 308
            assert answer.headers["Location"] == f"{server.started.url}/main?lang=ko"


async def test_taken_port_among_several_is_named_and_the_others_are_free_again(
    tmp_path: Path,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = await refusal(config(tmp_path, listen=(Opening("127.0.0.1", port, False),)))
    assert (refused.key, refused.fields["port"]) == (ErrorKey.PORT_TAKEN, port)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="the kernel has no IPv6")
async def test_every_address_means_both_families() -> None:
    async with running_rendezvous(host="") as server, aiohttp.ClientSession() as http:
        for host in ("127.0.0.1", "[::1]"):
            async with http.get(f"http://{host}:{server.port}/healthz") as answer:
                assert answer.status == 200


async def test_ready_means_that_the_records_can_be_read(tmp_path: Path) -> None:
    async with running_rendezvous(tmp_path) as server, aiohttp.ClientSession() as http:

        async def status(path: str) -> int:
            async with http.get(server.url + path) as answer:
                return answer.status

        assert (await status("/healthz"), await status("/readyz")) == (200, 200)
        with sqlite3.connect(tmp_path / "ezp2p.db") as connection:
            connection.execute("ALTER TABLE site RENAME TO gone")
        connection.close()
        assert (await status("/healthz"), await status("/readyz")) == (200, 503)
        assert await status("/main") == 503
