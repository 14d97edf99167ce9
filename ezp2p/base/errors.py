"""Whose fault it was, and which sentence people read about it.

Every error that may reach a person carries a text key (see wire/keys.py) and the values its
sentence needs. The command line turns the class into an exit code, the window into a message.
"""

from __future__ import annotations


class EzError(Exception):
    """Something went wrong that a person should read about.

    `key` names the sentence in locale/*.json; `fields` fills its {placeholders}.
    """

    exit_code = 1

    def __init__(self, key: str, **fields: object) -> None:
        super().__init__(f"{key} {fields}" if fields else str(key))
        self.key = str(key)
        self.fields = fields


class UsageError(EzError):
    """We were asked for something that cannot be: a wrong option, an unreadable address."""

    exit_code = 2


class Refused(EzError):
    """A person said no, or did not answer in time."""

    exit_code = 3


class Unreachable(EzError):
    """The network did not carry us there: no server, no route, a time-out."""

    exit_code = 4


class Unavailable(EzError):
    """This machine cannot do it: no display, no such facility, not permitted."""


class PeerError(EzError):
    """The other side broke the rules: malformed, oversize, out of order, or a failed check."""
