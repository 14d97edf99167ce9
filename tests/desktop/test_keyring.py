import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from keyring.errors import KeyringLocked

from ezp2p.base.errors import Unavailable
from ezp2p.desktop.keyring import SERVICE, SystemKeyring
from ezp2p.wire.keys import ErrorKey
from tests.support.keyring import RamKeyring

ACCOUNT = "kim@https://help.example/main"

_ASK = """
from ezp2p.base.errors import Unavailable
from ezp2p.desktop.keyring import SystemKeyring
ring = SystemKeyring()
print(ring.is_there)
try:
    ring.remember("account", "secret")
except Unavailable as error:
    print(error.key)
"""


class LockedKeyring(RamKeyring):
    """Its owner does not unlock it."""

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("dismissed")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise OSError("(5, 'CredWrite', 'Access is denied.')")

    def delete_password(self, service: str, username: str) -> None:
        raise KeyringLocked("dismissed")


class PlainFileKeyring(RamKeyring):
    """What keyrings.alt says of its plain files: not recommended."""

    priority = 0.5


def test_a_secret_is_kept_for_its_account_under_our_name() -> None:
    backend = RamKeyring()
    ring = SystemKeyring(backend)
    assert ring.is_there
    assert ring.recall(ACCOUNT) is None
    ring.remember(ACCOUNT, "token")
    assert ring.recall(ACCOUNT) == "token"
    assert ring.recall("lee@https://help.example/main") is None
    assert backend.kept == {(SERVICE, ACCOUNT): "token"}


def test_a_forgotten_secret_is_gone_and_may_be_forgotten_again() -> None:
    backend = RamKeyring()
    ring = SystemKeyring(backend)
    ring.remember(ACCOUNT, "token")
    ring.forget(ACCOUNT)
    ring.forget(ACCOUNT)
    assert backend.kept == {}


@pytest.mark.parametrize(
    "attempt",
    [
        lambda ring: ring.recall(ACCOUNT),
        lambda ring: ring.remember(ACCOUNT, "token"),
        lambda ring: ring.forget(ACCOUNT),
    ],
)
def test_a_keyring_that_stays_locked_is_reported(attempt: Callable[[SystemKeyring], None]) -> None:
    with pytest.raises(Unavailable) as caught:
        attempt(SystemKeyring(LockedKeyring()))
    assert caught.value.key == ErrorKey.KEYRING_UNAVAILABLE
    assert "token" not in str(caught.value)


def test_plain_files_are_no_keyring() -> None:
    backend = PlainFileKeyring()
    ring = SystemKeyring(backend)
    assert not ring.is_there
    with pytest.raises(Unavailable):
        ring.remember(ACCOUNT, "token")
    assert backend.kept == {}


@pytest.mark.parametrize(
    "backend", ["keyring.backends.fail.Keyring", "keyring.backends.null.Keyring", "no.such.Thing"]
)
def test_a_system_without_keyring_says_so(backend: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", _ASK],
        env={**os.environ, "PYTHON_KEYRING_BACKEND": backend},
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.split() == ["False", ErrorKey.KEYRING_UNAVAILABLE]
