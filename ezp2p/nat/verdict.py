"""Why the path in use is not a better one: what people read beside "relayed".

| our network | theirs  | why the relay                                                     |
|-------------|---------|-------------------------------------------------------------------|
| silent      |         | our network lets no UDP through                                   |
|             | silent  | theirs does not                                                   |
| varying     | varying | each connection gets another port on both sides: none can be told |
| varying     |         | ours does so, and theirs lets nobody in whom it does not know     |
|             | varying | the other way round                                               |
| otherwise   |         | a firewall is between us                                          |
"""

from __future__ import annotations

from ezp2p.nat.route import RELAYED_KINDS
from ezp2p.wire.keys import PathKind, PathWhy, PortMapping

# A direct path that comes at all comes within this; until then nobody is told that it does not.
TRYING_S = 5.0


def why(kind: PathKind, ours: PortMapping, theirs: PortMapping, tried_s: float) -> PathWhy | None:
    """Return why there is no better path than one of this kind; None for a direct one."""
    if kind not in RELAYED_KINDS:
        return None
    if tried_s < TRYING_S:
        return PathWhy.TRYING
    if PortMapping.SILENT in (ours, theirs):
        return PathWhy.OURS_BLOCKED if ours is PortMapping.SILENT else PathWhy.THEIRS_BLOCKED
    varying = (ours is PortMapping.VARYING, theirs is PortMapping.VARYING)
    if all(varying):
        return PathWhy.BOTH_VARYING
    if any(varying):
        return PathWhy.OURS_VARYING if varying[0] else PathWhy.THEIRS_VARYING
    return PathWhy.FIREWALL
