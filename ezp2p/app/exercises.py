"""What `ezp2p --selftest` does: each part of the program used once, for real, on this machine.

An exercise returns what it met, in a few technical words ("fast 1280x800"), for whoever reads
the line; it raises whatever went wrong, and Unavailable where there is no display. Nothing is
left behind: files lie in a folder that is deleted afterwards, sockets listen on loopback, the
screen is looked at and not touched.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import secrets
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TextIO

import numpy as np
import simplejpeg
import zstandard

from ezp2p.app.compose import CLOCK, SystemDesktop
from ezp2p.app.part import started
from ezp2p.app.places import LOCALE, WEB
from ezp2p.base.area import Area
from ezp2p.base.errors import EzError
from ezp2p.base.executable import command, is_built
from ezp2p.base.texts import Texts, languages
from ezp2p.desktop.keyring import SystemKeyring
from ezp2p.desktop.notice import NoticeText
from ezp2p.desktop.notice.drawing import ButtonState, draw_strip
from ezp2p.desktop.screen.fake import FakeScreen
from ezp2p.link.certificate import make_identity
from ezp2p.link.events import ChannelMessage, PathChanged
from ezp2p.link.keys import SessionKeys, derive_keys
from ezp2p.link.link import Link
from ezp2p.link.pake import Meeting, Pake
from ezp2p.link.socket import open_socket
from ezp2p.media import Picture
from ezp2p.media.check import check_part
from ezp2p.media.engine import ScreenEngine
from ezp2p.rendezvous.admin import open_admin
from ezp2p.rendezvous.config import RendezvousConfig
from ezp2p.rendezvous.pages import TEXTS
from ezp2p.session.words import fingerprint_words
from ezp2p.store.place import HOME_VARIABLE
from ezp2p.store.settings import Settings
from ezp2p.ui.assets import read_assets
from ezp2p.ui.qr import qr_svg
from ezp2p.ui.window import engine
from ezp2p.wire.channel import Channel
from ezp2p.wire.joining import JOINING_VERSION, CandidateOffer, SecretKind
from ezp2p.wire.keys import EndReason, PathKind, Role
from ezp2p.wire.messages.screen import Jpeg, Lossless, ScreenCodec, ScreenDriver

Exercise = Callable[[Path], str | Awaitable[str]]

LOOPBACK = "127.0.0.1"
TIMEOUT_S = 10.0
# Whatever proxy this machine has: not for loopback.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))

# What is imported late or by name, which a tool that packs the program does not see.
COMMANDS = ("admin", "customer", "demo", "doctor", "operator", "relay", "serve", "window")
LIBRARIES = ("_cffi_backend", "miniupnpc", "sqlalchemy.dialects.sqlite.aiosqlite")
LIBRARIES_HERE = {
    "linux": ("Xlib.ext.xtest", "Xlib.support.unix_connect", "keyring.backends.SecretService"),
    "win32": (
        *("pynput.keyboard._win32", "pynput.mouse._win32", "pynput._util.win32"),
        *("keyring.backends.Windows", "webview.platforms.winforms"),
    ),
    "darwin": (
        *("pynput.keyboard._darwin", "pynput.mouse._darwin", "pynput._util.darwin"),
        *("keyring.backends.macOS", "webview.platforms.cocoa"),
    ),
}


class Wrong(Exception):
    """A part works, but does not do what it should."""


def modules(_folder: Path) -> str:
    """Load what is only loaded when it is needed."""
    names = [f"ezp2p.app.{name}" for name in COMMANDS]
    names += [*LIBRARIES, *LIBRARIES_HERE.get(sys.platform, ())]
    for name in names:
        importlib.import_module(name)
    return str(len(names))


def web_engine(_folder: Path) -> str:
    """Load the window's engine; the single file for Linux has none, and that is right."""
    try:
        return engine()
    except ImportError:
        if is_built() and sys.platform == "linux":
            return "none"
        raise


def texts(_folder: Path) -> str:
    """Read every language of the program and of the server's pages."""
    found = languages(LOCALE)
    if not {"ko", "en"} <= set(found) or languages(TEXTS) != found:
        raise Wrong(f"languages {found} and {languages(TEXTS)}")
    for name in found:
        for place, key in ((LOCALE, "product"), (TEXTS, "page.footer")):
            if Texts(place, name).text(key) == key:
                raise Wrong(f"{name}: no {key}")
    return " ".join(found)


def store(folder: Path) -> str:
    """Remember a setting and read it again."""
    Settings(folder / "settings").put("language", "ko")
    if Settings(folder / "settings").get("language") != "ko":
        raise Wrong("a setting was forgotten")
    return ""


def keyring(_folder: Path) -> str:
    """Look for the system's keyring; there need not be one."""
    return "found" if SystemKeyring().is_there else "none on this system"


def trust(_folder: Path) -> str:
    """Find the authorities by which servers are trusted."""
    count = ssl.create_default_context().cert_store_stats()["x509_ca"]
    paths = ssl.get_default_verify_paths()
    if count == 0 and not (paths.capath and any(Path(paths.capath).iterdir())):
        raise Wrong(f"no certificate authorities in {paths.openssl_cafile}; see SSL_CERT_FILE")
    return str(count)


def processes(_folder: Path) -> str:
    """Start ourselves again, both ways."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        if pool.apply(is_built) != is_built():
            raise Wrong("another program was started")
    said = subprocess.run(
        command("version"), capture_output=True, text=True, encoding="utf-8", check=True
    )
    return said.stdout.strip()


def code(_folder: Path) -> str:
    """Agree on keys by five digits, and on words to compare."""
    meeting = Meeting(site="main", slot="417", kind=SecretKind.CODE, secret="90538")
    customer = Pake(Role.CUSTOMER, meeting, os.urandom)
    counselor = Pake(Role.COUNSELOR, meeting, os.urandom)
    theirs = counselor.agree(customer.share, their_version=JOINING_VERSION)
    ours = customer.agree(counselor.share, their_version=JOINING_VERSION)
    if ours.keys != theirs.keys:
        raise Wrong("two keys for one secret")
    words = [fingerprint_words(bytes(32), bytes(16), language) for language in ("ko", "en")]
    return " ".join(word[0] for word in words)


async def link(_folder: Path) -> str:
    """Send a message over QUIC on loopback, from a customer to a counselor."""
    keys = derive_keys(os.urandom(32), os.urandom(32))
    nonce, session_id = os.urandom(32), os.urandom(16)
    identity = make_identity()

    def end(role: Role, keys: SessionKeys) -> Link:
        return Link(
            role=role,
            keys=keys,
            socket=open_socket(),
            session_id=session_id,
            nonce=nonce,
            clock=CLOCK,
            identity=identity if role is Role.CUSTOMER else None,
            pinned_der=identity.der if role is Role.COUNSELOR else None,
        )

    async with AsyncExitStack() as stack:
        customer, counselor = end(Role.CUSTOMER, keys), end(Role.COUNSELOR, keys)
        stack.push_async_callback(customer.close, EndReason.CUSTOMER_ENDED)
        stack.push_async_callback(counselor.close, EndReason.COUNSELOR_ENDED)
        for one, other in ((customer, counselor), (counselor, customer)):
            kind = PathKind.DIRECT_LAN.value
            one.add_candidates([CandidateOffer(host=LOOPBACK, port=other.port, kind=kind)])
        message = secrets.token_bytes(1000)
        customer.send(Channel.CHAT, message)
        path = ""
        while True:
            for event in await counselor.next_events():
                if isinstance(event, PathChanged):
                    path = event.kind
                if isinstance(event, ChannelMessage):
                    if event.data != message:
                        raise Wrong("another message arrived")
                    return path


def picture(_folder: Path) -> str:
    """Write text and a photo as a viewer gets them, and read both back."""
    screen = FakeScreen(256, 128)
    chance = np.random.default_rng(7)
    letters = chance.integers(0, 2, (128, 128, 1)) * 255
    slope = np.linspace(0, 200, 128)[:, None, None] + np.linspace(0, 55, 128)[None, :, None]
    grain = chance.normal(0, 6, (128, 128, 4))
    screen.paint(0, 0, np.broadcast_to(letters, (128, 128, 4)).astype(np.uint8))
    screen.paint(128, 0, np.clip(slope + grain, 0, 255).astype(np.uint8))
    parts = ScreenEngine(screen, [ScreenCodec.LOSSLESS, ScreenCodec.JPEG]).whole(0.0)
    for part in parts:
        check_part(part, screen.width, screen.height)
        if isinstance(part, Lossless | Jpeg):
            area = Area(part.x, part.y, part.width, part.height)
            shown = screen.grab(area)[..., 2::-1].astype(int)
            if np.abs(_decoded(part) - shown).mean() > (0 if isinstance(part, Lossless) else 8):
                raise Wrong(f"another picture at {area}")
    kinds = {type(part) for part in parts}
    if not {Lossless, Jpeg} <= kinds:
        raise Wrong(f"only {sorted(kind.__name__ for kind in kinds)}")
    return f"{len(parts)} parts"


def _decoded(part: Lossless | Jpeg) -> Picture:
    """Return (height, width, 3), red green blue."""
    if isinstance(part, Jpeg):
        return np.asarray(simplejpeg.decode_jpeg(part.data), np.uint8)
    planes = np.frombuffer(zstandard.decompress(part.data), np.uint8)
    return np.moveaxis(planes.reshape(3, part.height, part.width), 0, 2)


def qr(_folder: Path) -> str:
    """Draw a link as a picture to scan."""
    svg = qr_svg("ezp2p://help.company.kr/main/417#k=0123456789abcdef")
    if not svg.startswith("<svg"):
        raise Wrong("no picture")
    return ""


def notice(_folder: Path) -> str:
    """Draw the strip that tells a customer who is here, without showing it."""
    text = NoticeText(
        title="김민지 상담원이 연결되었습니다",
        details="화면 보기",
        end_button="종료",
        end_hint="End",
    )
    strip = draw_strip(text, ButtonState.RESTING, 1.0, 800)
    return f"{strip.picture.width}x{strip.picture.height}"


def screen(_folder: Path) -> str:
    """Take this machine's screen, every way there is."""
    found = []
    for driver in (ScreenDriver.FAST, ScreenDriver.PORTABLE):
        source = SystemDesktop().open_screen(driver)
        try:
            whole = source.grab(Area(0, 0, source.width, source.height))
            found.append(f"{source.driver} {whole.shape[1]}x{whole.shape[0]}")
        finally:
            source.close()
    return ", ".join(found)


def control(_folder: Path) -> str:
    """Get ready to move the mouse and to press keys, and to hear the end-now key."""
    desktop = SystemDesktop()
    desktop.open_screen(ScreenDriver.AUTO).close()  # says it if there is no display
    desktop.open_input().close()
    desktop.watch_end_key(lambda: None).close()
    return ""


async def records(folder: Path) -> str:
    """Make fresh records of a server, with the tables of today, and an account with a password."""
    async with open_admin(RendezvousConfig(data=folder / "records"), CLOCK) as admin:
        created = await admin.create_site("hanbit", "한빛 지원센터")
        sites = await admin.list_sites()
        if [site.name for site in sites] != ["hanbit"]:
            raise Wrong(f"sites {sites}")
    return created.account.login


def company(folder: Path) -> str:
    """Run a server and a counselor's program as people do; get every page there is."""
    log = folder / "log"
    try:
        with log.open("w", encoding="utf-8") as file:
            return _company(folder, file)
    except EzError as error:
        raise Wrong(f"{error}\n{log.read_text(encoding='utf-8')}") from None


def _company(folder: Path, log: TextIO) -> str:
    place = ("--host", LOOPBACK, "--port", "0", "--data", str(folder / "server"))
    with started(["serve", *place], {}, log) as server:
        listening = server.wait_for("listening")
        for path in ("/main?lang=ko", "/main?lang=en", "/static/page.css", "/readyz"):
            _fetched(listening["url"] + path)
        who = ("--server", listening["url"], "--login", listening["admin_login"])
        environment = {
            HOME_VARIABLE: str(folder / "counselor"),
            "EZP2P_PASSWORD": listening["admin_password"],
        }
        with started(
            ["operator", *who, "--ui", "browser", "--headless"], environment, log
        ) as counselor:
            address = counselor.wait_for("ui")["url"].partition("#")[0].rstrip("/")
            counselor.wait_for("waiting")
            assets = read_assets(WEB, LOCALE)
            for path, asset in assets.items():
                if _fetched(address + path) != asset.body:
                    raise Wrong(f"{path} is another file")
    missing = {"/", "/main.js", "/locale/ko.json", "/vendor/zstddec/zstddec.mjs"} - set(assets)
    if missing:
        raise Wrong(f"no {missing}")
    return f"{len(assets)} files"


def _fetched(url: str) -> bytes:
    with _DIRECT.open(url, timeout=TIMEOUT_S) as answer:
        body: bytes = answer.read()
    if not body:
        raise Wrong(f"{url} is empty")
    return body
