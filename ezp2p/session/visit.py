"""A customer's visit: from a code or a link to the end of the session.

connect to the rendezvous -> Join -> joining -> link -> session -> over
                             (the line is closed once the two programs talk,
                              and another opened whenever they lose each other)
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from ezp2p.base.clock import Clock
from ezp2p.base.errors import EzError, PeerError, Refused, Unreachable
from ezp2p.base.texts import Texts
from ezp2p.link.certificate import fingerprint, make_identity
from ezp2p.link.link import PATIENCE_S
from ezp2p.link.lookout import Ways
from ezp2p.link.outbound import DIRECT, Outbound
from ezp2p.link.signalling import Backoff, Signalling
from ezp2p.session.call import Call, Met, RelayAccess
from ezp2p.session.customer import CustomerSession
from ezp2p.session.events import Watcher
from ezp2p.session.joining import CustomerJoining
from ezp2p.session.tools import Desktop, Diary, Names
from ezp2p.session.tries import TriesBook
from ezp2p.session.words import fingerprint_words
from ezp2p.wire.code import AccessCode
from ezp2p.wire.invitation import Invitation, ServerAddress
from ezp2p.wire.joining import SecretKind
from ezp2p.wire.keys import EndReason, ErrorKey, Grant
from ezp2p.wire.messages.session import Hello
from ezp2p.wire.signalling import HangUp, Join, Joined, Pass, Problem, Reunited

log = logging.getLogger(__name__)

NONCE_BYTES = 32
ANSWER_TIMEOUT_S = 20.0
SEEK_DELAY_S = 5.0  # at most between two tries to reach the server while the session is broken
LONGEST_WAIT_S = 3600.0  # a server that asks for more is not worth waiting for


@dataclass(frozen=True, slots=True, repr=False)
class Target:
    """Where to call, and with which secret."""

    server: ServerAddress
    slot: str
    kind: SecretKind
    secret: str


def target_of(what: Invitation | AccessCode, server: ServerAddress | None) -> Target:
    """Return where a link or a code leads; a code needs a server: EzError(server.unknown)."""
    if isinstance(what, Invitation):
        return Target(what.server, what.slot, SecretKind.LINK, what.secret)
    if server is None:
        raise EzError(ErrorKey.SERVER_UNKNOWN)
    return Target(server, what.slot, SecretKind.CODE, what.secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What every visit from this machine shares."""

    desktop: Desktop
    texts: Texts
    clock: Clock
    hello: Hello
    tries: TriesBook
    open_diary: Callable[[], Diary]
    outbound: Outbound = DIRECT
    ways: Callable[[], Ways] = Ways  # asked at each visit
    patience_s: float = PATIENCE_S  # so long a session waits for a counselor out of reach


class Visit:
    """One visit. `session` is there once the programs have met."""

    def __init__(
        self,
        company: Company,
        watcher: Watcher,
        agreed_beforehand: frozenset[Grant] | None = None,
    ) -> None:
        self.session: CustomerSession | None = None
        self._company = company
        self._watcher = watcher
        self._agreed_beforehand = agreed_beforehand

    async def run(self, target: Target) -> EndReason:
        """Live it to its end.

        Raises EzError with the key of what went wrong before there was a session; cancelling
        ends everything, the session with a word to the counselor.
        """
        company = self._company
        line = await Signalling.connect(target.server, outbound=company.outbound)
        try:
            call, names = await self._join(line, target)
            finding = asyncio.create_task(call.find_out())
            try:
                try:
                    met = await self._agree(line, call)
                    session = self._open(met, names)
                except BaseException:
                    await call.abandon()
                    raise
                return await self._live(line, call, met, session)
            finally:
                finding.cancel()
                await asyncio.gather(finding, return_exceptions=True)
        finally:
            await line.close()

    async def _join(self, line: Signalling, target: Target) -> tuple[Call, Names]:
        clock = self._company.clock
        tries = self._company.tries.at(target.server, target.slot, clock.now())
        if not tries.left:
            raise EzError(ErrorKey.CODE_BURNT)
        await line.send(Join(site=target.server.site, slot=target.slot))
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                answer = await line.receive()
        except TimeoutError:
            raise Unreachable(
                ErrorKey.SERVER_UNREACHABLE, host=line.server.host, port=line.server.port
            ) from None
        if isinstance(answer, Problem):
            known = answer.key if answer.key in set(ErrorKey) else ErrorKey.SERVER_PROTOCOL
            raise EzError(
                known,
                seconds=math.ceil(min(answer.wait_s, LONGEST_WAIT_S)),
                site=target.server.site,
                host=line.server.host,
            )
        if not isinstance(answer, Joined):
            raise PeerError(ErrorKey.SERVER_PROTOCOL, host=line.server.host, why="no answer")
        identity = make_identity()
        joining = CustomerJoining(
            secret=target.secret,
            kind=target.kind,
            site=target.server.site,
            slot=target.slot,
            certificate=identity.der,
            nonce=os.urandom(NONCE_BYTES),
            tries=tries,
            random=os.urandom,
        )
        joining.start(clock.now())
        call = Call(
            answer.call,
            joining,
            answer.relays,
            clock,
            identity,
            self._company.patience_s,
            answer.discovery,
            self._company.ways,
            RelayAccess(self._company.outbound, target.server),
        )
        call.settle()
        return call, Names(company=answer.company, counselor=answer.counselor)

    async def _agree(self, line: Signalling, call: Call) -> Met:
        while True:
            await _send_all(line, call)
            if call.failed is not None:
                raise _error_of(call.failed.key, call.failed.tries_left)
            if call.met is not None:
                return call.met
            clock = self._company.clock
            wait_s = 0.0 if call.wake_at is None else call.wake_at - clock.now()
            try:
                async with asyncio.timeout(max(0.0, wait_s)):
                    message = await line.receive()
            except TimeoutError:
                pass
            else:
                if isinstance(message, Pass | HangUp) and message.call == call.call_id:
                    call.take(message)
            # Not only in silence: a server that chatters must not hold us for ever.
            call.wake()

    def _open(self, met: Met, names: Names) -> CustomerSession:
        company = self._company
        agreed = met.agreed
        return CustomerSession(
            link=met.link,
            hello=company.hello,
            names=names,
            words=fingerprint_words(
                fingerprint(agreed.certificate), agreed.session, company.texts.language
            ),
            desktop=company.desktop,
            texts=company.texts,
            diary=company.open_diary(),
            clock=company.clock,
            watcher=self._watcher,
            agreed_beforehand=self._agreed_beforehand,
        )

    async def _live(
        self, line: Signalling, call: Call, met: Met, session: CustomerSession
    ) -> EndReason:
        self.session = session
        outbound = self._company.outbound
        tasks = (
            asyncio.create_task(_introduce(line, call, session)),
            asyncio.create_task(_tell_addresses(line, call, met, session)),
            asyncio.create_task(met.watch_network()),
            asyncio.create_task(call.keep_port_open()),
            asyncio.create_task(_keep_in_reach(met, session, line.server, outbound)),
        )
        try:
            return await session.run()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _introduce(line: Signalling, call: Call, session: CustomerSession) -> None:
    """Carry candidates until the two programs talk; then the rendezvous is not needed."""
    reading = asyncio.create_task(_read(line, call))
    relays = asyncio.create_task(call.use_relays())
    try:
        await session.opened.wait()
        await line.send(call.done())
        await relays
    except EzError as error:
        log.info("the server went away: %s", error)
    finally:
        for task in (reading, relays):
            task.cancel()
        await asyncio.gather(reading, relays, return_exceptions=True)
        await line.close()


async def _read(line: Signalling, call: Call) -> None:
    try:
        while True:
            message = await line.receive()
            if isinstance(message, Pass) and message.call == call.call_id:
                call.take(message)
                await _send_all(line, call)
    except EzError as error:
        # The link may come about all the same: both ends know each other's addresses.
        log.info("the line to the server ended: %s", error)


async def _tell_addresses(line: Signalling, call: Call, met: Met, session: CustomerSession) -> None:
    """Tell the other program whenever we find that we may be reached elsewhere."""
    while True:
        offers = await met.tell_addresses(session)
        if session.opened.is_set():
            continue
        call.offer(offers)
        with suppress(EzError):  # the line's end is noticed by who reads it
            await _send_all(line, call)


async def _keep_in_reach(
    met: Met, session: CustomerSession, server: ServerAddress, outbound: Outbound
) -> None:
    """Look for the counselor by the rendezvous whenever the session is broken."""
    backoff = Backoff(Random(), longest_s=SEEK_DELAY_S)
    while True:
        await session.broken.wait()
        met.reunion.lost()
        try:
            line = await Signalling.connect(server, outbound=outbound)
        except EzError as error:
            log.info("no server to meet at: %s", error)
            await asyncio.sleep(backoff.next_delay_s())
        else:
            backoff.worked()
            await _meet_again(line, met, session)
        if session.mended.is_set():
            met.reunion.found()


async def _meet_again(line: Signalling, met: Met, session: CustomerSession) -> None:
    """Talk to the other program over this line until the session is mended or the line ends."""
    met.reunion.line_opened()
    mending = asyncio.create_task(session.mended.wait())
    talking = asyncio.create_task(_seek(line, met))
    telling = asyncio.create_task(_tell_moves(line, met))
    try:
        await asyncio.wait((mending, talking), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (mending, talking, telling):
            task.cancel()
        await asyncio.gather(mending, talking, telling, return_exceptions=True)
        await line.close()


async def _tell_moves(line: Signalling, met: Met) -> None:
    """Say by the rendezvous, too, that we may be reached elsewhere."""
    with suppress(EzError):  # the line's end is noticed by who reads it
        while True:
            await met.moved.wait()
            met.moved.clear()
            for message in met.reunion.messages_to_send():
                await line.send(message)


async def _seek(line: Signalling, met: Met) -> None:
    try:
        while True:
            for message in met.reunion.messages_to_send():
                await line.send(message)
            await met.follow_reunion()
            heard = await line.receive()
            if isinstance(heard, Problem):
                await asyncio.sleep(min(heard.wait_s, SEEK_DELAY_S))
                return
            if isinstance(heard, Reunited | Pass | HangUp) and met.reunion.concerns(heard):
                met.reunion.take(heard)
    except EzError as error:
        log.info("the line to the server ended: %s", error)


async def _send_all(line: Signalling, call: Call) -> None:
    for message in call.to_send():
        await line.send(message)


def _error_of(key: ErrorKey, tries_left: int) -> EzError:
    kind = Refused if key == ErrorKey.CONSENT_REFUSED else EzError
    return kind(key, n=tries_left)
