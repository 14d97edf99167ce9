"""The system's keyring: where a login that is to be remembered is kept, and nowhere else.

Windows Credential Manager, macOS Keychain, the Secret Service of a Linux desktop; through the
`keyring` package. Backends that keep secrets in plain files are not used, even if installed.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from functools import cached_property
from typing import Protocol

import keyring.core
from keyring.errors import NoKeyringError, PasswordDeleteError

from ezp2p.base.errors import Unavailable
from ezp2p.wire.keys import ErrorKey

_log = logging.getLogger(__name__)

SERVICE = "ezp2p"


class Backend(Protocol):
    """What we use of a keyring.backend.KeyringBackend."""

    @property
    def priority(self) -> float:
        """Recommended from 1 on; below are those that fail, forget, or write plain files."""
        ...

    def get_password(self, service: str, username: str) -> str | None:
        """Return the secret, if there is one."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep the secret."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Forget the secret; raises PasswordDeleteError if there is none."""
        ...


class SystemKeyring:
    """Secrets of our accounts. Every method may block: the system may ask for a password."""

    def __init__(self, backend: Backend | None = None) -> None:
        """Use `backend`, or the one this system recommends."""
        self._given = backend

    @property
    def is_there(self) -> bool:
        """Whether this system has one that keeps secrets safe; asked once."""
        return self._backend is not None

    def recall(self, account: str) -> str | None:
        """Return what is kept for this account; raises Unavailable(keyring.unavailable)."""
        with _unavailable_if_refused():
            return self._open().get_password(SERVICE, account)

    def remember(self, account: str, secret: str) -> None:
        """Keep it; raises Unavailable(keyring.unavailable)."""
        with _unavailable_if_refused():
            self._open().set_password(SERVICE, account, secret)

    def forget(self, account: str) -> None:
        """Keep it no longer, if it is kept; raises Unavailable(keyring.unavailable)."""
        with _unavailable_if_refused(), contextlib.suppress(PasswordDeleteError):
            self._open().delete_password(SERVICE, account)

    def _open(self) -> Backend:
        if self._backend is None:
            raise NoKeyringError("none on this system")
        return self._backend

    @cached_property
    def _backend(self) -> Backend | None:
        chosen = self._given or _recommended()
        return chosen if chosen is not None and chosen.priority >= 1 else None


def _recommended() -> Backend | None:
    try:
        keyring.core.init_backend(limit=keyring.core.recommended)
        return keyring.core.get_keyring()
    except Exception as error:
        # The border to other people's plug-ins: one that cannot start is as good as none.
        _log.warning("no keyring: %r", error)
        return None


@contextlib.contextmanager
def _unavailable_if_refused() -> Iterator[None]:
    """Turn what backends raise, which each system names otherwise, into our error."""
    try:
        yield
    except Exception as error:
        raise Unavailable(ErrorKey.KEYRING_UNAVAILABLE, why=str(error)) from error
