"""What the customer's and the counselor's halves of the program share: the way to the pages."""

from __future__ import annotations

from typing import Any, Protocol

from ezp2p.base.errors import EzError
from ezp2p.wire.bridge import BridgeSays, ProblemView
from ezp2p.wire.channel import Channel


class Stage(Protocol):
    """Where the halves show what happens. Called on the event loop."""

    def changed(self) -> None:
        """Have the pages shown the state anew."""
        ...

    def tell(self, event: BridgeSays) -> None:
        """Tell the pages something that is not part of the state."""
        ...

    def show(self, channel: Channel, session: int, data: bytes) -> None:
        """Hand a channel's message to the viewers."""
        ...


class Memory(Protocol):
    """The person's choices, kept on this machine."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return what was remembered under this name."""
        ...

    def put(self, name: str, value: Any) -> None:
        """Remember; raises Unavailable(data.unwritable)."""
        ...


def typed(address: str) -> str:
    """Return an address as a person would type it."""
    return address.removeprefix("https://").removesuffix("/main")


def problem_of(error: EzError) -> ProblemView:
    """Return an error as a page shows it."""
    fields = {name: str(value) for name, value in error.fields.items()}
    return ProblemView(key=error.key, fields=fields)
