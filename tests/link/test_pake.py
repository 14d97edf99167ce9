"""Two ends of SPAKE2: one key if they hold the same secret and mean the same, else none."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from spake2 import ed25519_basic as group

from ezp2p.base.errors import PeerError
from ezp2p.link.pake import SHARE_BYTES, Agreement, Meeting, Pake, lengthened, warm_up
from ezp2p.link.seal import Opener
from ezp2p.wire.joining import JOINING_VERSION, SEALED, Certificate, SecretKind
from ezp2p.wire.keys import Role

MEETING = Meeting(site="main", slot="417", kind=SecretKind.CODE, secret="90538")
CERTIFICATE = b"a certificate"
VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors" / "joining" / "keys.json").read_text(encoding="utf-8")
)


def agree(customer: Meeting = MEETING, counselor: Meeting = MEETING) -> tuple[Agreement, Agreement]:
    a = Pake(Role.CUSTOMER, customer, os.urandom)
    b = Pake(Role.COUNSELOR, counselor, os.urandom)
    return (
        a.agree(b.share, their_version=JOINING_VERSION),
        b.agree(a.share, their_version=JOINING_VERSION),
    )


def test_same_secret_gives_the_same_keys() -> None:
    customer, counselor = agree()

    assert customer.keys == counselor.keys
    counselor.check(customer.tag(Role.CUSTOMER, CERTIFICATE), Role.CUSTOMER, CERTIFICATE)
    customer.check(counselor.tag(Role.COUNSELOR, CERTIFICATE), Role.COUNSELOR, CERTIFICATE)


def test_every_meeting_gives_other_keys() -> None:
    assert agree()[0].keys != agree()[0].keys


@pytest.mark.parametrize(
    "other",
    [
        replace(MEETING, secret="90539"),
        replace(MEETING, slot="418"),
        replace(MEETING, site="other"),
        replace(MEETING, kind=SecretKind.LINK),
    ],
    ids=["secret", "slot", "site", "kind"],
)
def test_ends_that_mean_different_things_share_no_key(other: Meeting) -> None:
    customer, counselor = agree(counselor=other)

    ours, theirs = customer.keys, counselor.keys
    assert all(getattr(ours, name) != getattr(theirs, name) for name in ours.__slots__)
    with pytest.raises(PeerError, match=r"peer\.untrusted"):
        counselor.check(customer.tag(Role.CUSTOMER, CERTIFICATE), Role.CUSTOMER, CERTIFICATE)


def test_ends_that_heard_different_versions_share_no_key() -> None:
    a = Pake(Role.CUSTOMER, MEETING, os.urandom)
    b = Pake(Role.COUNSELOR, MEETING, os.urandom)

    customer = a.agree(b.share, their_version=JOINING_VERSION + 1)
    counselor = b.agree(a.share, their_version=JOINING_VERSION)

    assert customer.keys != counselor.keys


def test_tag_proves_one_role_and_one_certificate() -> None:
    customer, counselor = agree()
    tag = customer.tag(Role.CUSTOMER, CERTIFICATE)

    for role, certificate in ((Role.COUNSELOR, CERTIFICATE), (Role.CUSTOMER, b"another one")):
        with pytest.raises(PeerError, match=r"peer\.untrusted"):
            counselor.check(tag, role, certificate)


def test_keys_are_not_shown() -> None:
    agreement, _ = agree()

    shown = repr(agreement) + repr(agreement.keys) + repr(MEETING)
    assert agreement.keys.proof.hex() not in shown
    assert MEETING.secret not in shown


# The eight points of small order (every spelling of the neutral element among them) and points
# outside the prime-order group, little-endian y with x's sign on top.
Q = 2**255 - 19
SMALL_ORDER = [
    0,
    1,
    Q - 1,
    Q,
    Q + 1,
    2707385501144840649318225287225658788936804267575313519463743609750303021,
    55188659117513257062467267217118295137698188065244968500265048394206261417,
]


@pytest.mark.parametrize("y", SMALL_ORDER)
@pytest.mark.parametrize("sign", [0, 1])
def test_point_of_small_order_is_refused(y: int, sign: int) -> None:
    end = Pake(Role.CUSTOMER, MEETING, os.urandom)
    point = (y | sign << 255).to_bytes(32, "little")

    with pytest.raises(PeerError, match=r"peer\.protocol"):
        end.agree(b"B" + point, their_version=1)


def test_point_with_a_part_of_small_order_is_refused() -> None:
    other = Pake(Role.COUNSELOR, MEETING, os.urandom)
    proper = group.bytes_to_unknown_group_element(other.share[1:])
    small = group.bytes_to_unknown_group_element((Q - 1).to_bytes(32, "little"))
    mixed = proper.add(small).to_bytes()

    with pytest.raises(PeerError, match=r"peer\.protocol"):
        Pake(Role.CUSTOMER, MEETING, os.urandom).agree(b"B" + mixed, their_version=1)


@pytest.mark.parametrize("length", [0, 1, SHARE_BYTES - 1, SHARE_BYTES + 1])
def test_share_of_another_length_is_refused(length: int) -> None:
    other = Pake(Role.COUNSELOR, MEETING, os.urandom)
    share = (other.share + b"\0")[:length]

    with pytest.raises(PeerError, match=r"peer\.protocol"):
        Pake(Role.CUSTOMER, MEETING, os.urandom).agree(share, their_version=1)


@pytest.mark.parametrize("side", [b"A", b"B", b"S", b"\0"])
def test_our_own_share_sent_back_is_refused(side: bytes) -> None:
    end = Pake(Role.CUSTOMER, MEETING, os.urandom)

    with pytest.raises(PeerError, match=r"peer\.protocol"):
        end.agree(side + end.share[1:], their_version=1)


@settings(max_examples=30, deadline=None)
@given(some.binary(min_size=32, max_size=32))
def test_random_share_gives_no_key_of_ours(point: bytes) -> None:
    end = Pake(Role.CUSTOMER, MEETING, os.urandom)
    honest = Pake(Role.COUNSELOR, MEETING, os.urandom)
    right = honest.agree(end.share, their_version=1)
    try:
        ours = end.agree(b"B" + point, their_version=1)
    except PeerError:
        return
    assert ours.keys != right.keys


def test_lists_of_parts_never_look_the_same() -> None:
    assert lengthened(b"ab", b"c") != lengthened(b"a", b"bc")
    assert lengthened(b"ab") != lengthened(b"ab", b"")


def test_group_loads_in_its_own_thread() -> None:
    thread = warm_up()
    thread.join(timeout=60)

    assert not thread.is_alive()


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: str(vector["story"]))
def test_keys_and_tags_are_the_same_for_ever(vector: dict[str, Any]) -> None:
    """A later version, and the pages' JavaScript, must come to the very same bytes."""
    meeting = Meeting(
        site=vector["site"],
        slot=vector["slot"],
        kind=SecretKind(vector["kind"]),
        secret=vector["secret"],
    )
    certificate = bytes.fromhex(vector["certificate"])

    a = Pake(Role.CUSTOMER, meeting, lambda _: bytes.fromhex(vector["customer_random"]))
    b = Pake(Role.COUNSELOR, meeting, lambda _: bytes.fromhex(vector["counselor_random"]))
    agreement = a.agree(b.share, their_version=1)
    keys = agreement.keys

    assert (a.share.hex(), b.share.hex()) == (vector["customer_share"], vector["counselor_share"])
    assert {name: getattr(keys, name).hex() for name in keys.__slots__} == vector["keys"]
    assert agreement.tag(Role.CUSTOMER, certificate).hex() == vector["customer_tag"]
    assert agreement.tag(Role.COUNSELOR, certificate).hex() == vector["counselor_tag"]
    opened = Opener(keys.seal_customer).open(0, bytes.fromhex(vector["first_box"]))
    assert SEALED.decode(opened) == Certificate(certificate, bytes(32))
