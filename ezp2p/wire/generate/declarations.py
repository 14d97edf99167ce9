"""The declarations of wire/ as a plan that both generators walk: channels, messages, enums."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from enum import Enum
from types import ModuleType
from typing import Any

import msgspec.inspect as declared

from ezp2p.wire import channel as channel_module
from ezp2p.wire import joining, keys, reunion, signalling
from ezp2p.wire.channel import FRAME_LIMIT, Channel
from ezp2p.wire.codecs import MESSAGES

Union = tuple[declared.StructType, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Messages that travel together: those of a channel, or one conversation's."""

    name: str  # "Screen"
    union: str  # "ScreenMessage"
    module: ModuleType
    messages: Union
    limit_bytes: int
    channel: Channel | None = None


def channels() -> list[Group]:
    """Return one group per channel of the link, by number."""
    return [_channel_group(channel) for channel in sorted(MESSAGES)]


def conversations() -> list[Group]:
    """Return the messages that travel before there is a link."""
    return [
        Group(name, union, module, members(getattr(module, union)), limit)
        for name, union, module, limit in (
            ("Joining", "JoiningMessage", joining, joining.JOINING.limit_bytes),
            ("Sealed in joining", "SealedMessage", joining, joining.SEALED.limit_bytes),
            ("Reunion", "ReunionMessage", reunion, reunion.REUNION.limit_bytes),
            (
                "Counselor to rendezvous",
                "CounselorSays",
                signalling,
                signalling.COUNSELOR_LIMIT,
            ),
            ("Customer to rendezvous", "CustomerSays", signalling, signalling.ANONYMOUS_LIMIT),
            ("Rendezvous to both", "RendezvousSays", signalling, signalling.COUNSELOR_LIMIT),
        )
    ]


def members(annotation: Any) -> Union:
    """Return the Structs of a union, or the one Struct that stands alone."""
    kind = declared.type_info(annotation)
    kinds = kind.types if isinstance(kind, declared.UnionType) else (kind,)
    return tuple(kind for kind in kinds if isinstance(kind, declared.StructType))


def nested(messages: Union) -> list[Union]:
    """Return every Struct or union of Structs inside fields of `messages`, innermost first."""
    found: list[Union] = []
    for field in (field for message in messages for field in message.fields):
        inner = structs_of(field.type)
        found += [union for union in [*nested(inner), inner] if union and union not in found]
    return found


def structs_of(kind: declared.Type) -> Union:
    """Return the Structs a field holds: alone, in a union, or in a list of either."""
    if isinstance(kind, declared.ListType):
        return structs_of(kind.item_type)
    if isinstance(kind, declared.UnionType):
        return tuple(kind for kind in kind.types if isinstance(kind, declared.StructType))
    return (kind,) if isinstance(kind, declared.StructType) else ()


def union_name(module: ModuleType, messages: Union) -> str:
    """Return what `module` calls this union; a Struct alone goes by its own name."""
    if len(messages) == 1:
        return messages[0].cls.__name__
    wanted = {message.cls for message in messages}
    for name, value in vars(module).items():
        if set(getattr(value, "__args__", ())) == wanted:
            return name
    raise LookupError(f"{module.__name__} has no name for the union of {sorted(map(str, wanted))}")


def enums() -> list[type[Enum]]:
    """Return every enumeration that crosses a border, channels and keys.py first."""
    found: dict[str, type[Enum]] = {}
    for module in (channel_module, keys, *(group.module for group in channels())):
        for name, value in vars(module).items():
            if _is_own_enum(value, module):
                found[name] = value
    return list(found.values())


def docstring(thing: object) -> str:
    """Return the docstring as one paragraph per blank line, without indentation."""
    return inspect.cleandoc(getattr(thing, "__doc__", None) or "")


def _channel_group(channel: Channel) -> Group:
    messages = members(MESSAGES[channel])
    module = inspect.getmodule(messages[0].cls)
    assert module is not None  # every declaration stands in a file
    name = channel.name.capitalize()
    return Group(name, f"{name}Message", module, messages, FRAME_LIMIT[channel], channel)


def _is_own_enum(value: object, module: ModuleType) -> bool:
    return (
        isinstance(value, type) and issubclass(value, Enum) and value.__module__ == module.__name__
    )
