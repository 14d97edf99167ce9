"""What people read about a path that is not direct."""

from __future__ import annotations

import pytest

from ezp2p.nat.verdict import TRYING_S, why
from ezp2p.wire.keys import PathKind, PathWhy, PortMapping


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (PortMapping.STEADY, PortMapping.STEADY, PathWhy.FIREWALL),
        (PortMapping.UNKNOWN, PortMapping.UNKNOWN, PathWhy.FIREWALL),
        (PortMapping.VARYING, PortMapping.VARYING, PathWhy.BOTH_VARYING),
        (PortMapping.VARYING, PortMapping.STEADY, PathWhy.OURS_VARYING),
        (PortMapping.UNKNOWN, PortMapping.VARYING, PathWhy.THEIRS_VARYING),
        (PortMapping.SILENT, PortMapping.VARYING, PathWhy.OURS_BLOCKED),
        (PortMapping.SILENT, PortMapping.SILENT, PathWhy.OURS_BLOCKED),
        (PortMapping.VARYING, PortMapping.SILENT, PathWhy.THEIRS_BLOCKED),
    ],
)
def test_relayed_path_has_a_reason(
    ours: PortMapping, theirs: PortMapping, expected: PathWhy
) -> None:
    for kind in (PathKind.RELAY_UDP, PathKind.RELAY_WS):
        assert why(kind, ours, theirs, TRYING_S) is expected


def test_nobody_is_told_that_it_does_not_work_while_it_is_tried() -> None:
    given = why(PathKind.RELAY_UDP, PortMapping.VARYING, PortMapping.VARYING, TRYING_S - 0.1)
    assert given is PathWhy.TRYING


def test_direct_path_needs_no_excuse() -> None:
    for kind in (PathKind.DIRECT_LAN, PathKind.UPNP, PathKind.FORWARDED, PathKind.PUNCHED):
        assert why(kind, PortMapping.VARYING, PortMapping.SILENT, 100.0) is None
