"""What people read about a path that is not direct."""

from __future__ import annotations

import pytest

from ezp2p.nat.verdict import TRYING_S, why
from ezp2p.wire.keys import Mapping, PathKind, PathWhy


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (Mapping.STEADY, Mapping.STEADY, PathWhy.FIREWALL),
        (Mapping.UNKNOWN, Mapping.UNKNOWN, PathWhy.FIREWALL),
        (Mapping.VARYING, Mapping.VARYING, PathWhy.BOTH_VARYING),
        (Mapping.VARYING, Mapping.STEADY, PathWhy.OURS_VARYING),
        (Mapping.UNKNOWN, Mapping.VARYING, PathWhy.THEIRS_VARYING),
        (Mapping.SILENT, Mapping.VARYING, PathWhy.OURS_BLOCKED),
        (Mapping.SILENT, Mapping.SILENT, PathWhy.OURS_BLOCKED),
        (Mapping.VARYING, Mapping.SILENT, PathWhy.THEIRS_BLOCKED),
    ],
)
def test_relayed_path_has_a_reason(ours: Mapping, theirs: Mapping, expected: PathWhy) -> None:
    for kind in (PathKind.RELAY_UDP, PathKind.RELAY_WS):
        assert why(kind, ours, theirs, TRYING_S) is expected


def test_nobody_is_told_that_it_does_not_work_while_it_is_tried() -> None:
    given = why(PathKind.RELAY_UDP, Mapping.VARYING, Mapping.VARYING, TRYING_S - 0.1)
    assert given is PathWhy.TRYING


def test_direct_path_needs_no_excuse() -> None:
    for kind in (PathKind.DIRECT_LAN, PathKind.UPNP, PathKind.FORWARDED, PathKind.PUNCHED):
        assert why(kind, Mapping.VARYING, Mapping.SILENT, 100.0) is None
