"""The data folder of a rendezvous: for its owner's eyes only, and for one server at a time.

ezp2p.db      the records (SQLite), unless a database URL points elsewhere
relay.key     the Ed25519 key that signs relay tickets
relay.pub     its public half, for relays that run apart
server.lock   held by the running server
"""

from __future__ import annotations

import hashlib
import hmac
import os
import sqlite3
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from ezp2p.base.errors import EzError, Unavailable, UsageError
from ezp2p.wire.keys import ErrorKey

DATABASE = "ezp2p.db"
RELAY_KEY = "relay.key"
RELAY_PUBLIC_KEY = "relay.pub"
LOCK = "server.lock"


def prepare(data: Path) -> None:
    """Make the folder, readable by its owner only. Raises Unavailable(data.unwritable)."""
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        data.chmod(0o700)
        probe = data / ".probe"
        _create_private(probe, b"")
        probe.unlink()
    except OSError as error:
        raise unwritable(data, error) from None


def unwritable(data: Path, error: OSError | str) -> Unavailable:
    """Return the error that tells which folder cannot be used, and why."""
    why = error if isinstance(error, str) else error.strerror or str(error)
    return Unavailable(ErrorKey.DATA_UNWRITABLE, path=str(data), why=why)


class FolderLock:
    """Held while a server, or a restore, works on the folder; the system drops it at a crash.

    A lock by SQLite works alike on all systems; a file with a process number outlives a crash.
    """

    def __init__(self, data: Path) -> None:
        """Raises Unavailable(data.unwritable) if another server holds it."""
        make_private(data / LOCK)
        try:
            self._connection = sqlite3.connect(data / LOCK, timeout=0, isolation_level=None)
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self._connection.close()
            locked = getattr(error, "sqlite_errorname", "") == "SQLITE_BUSY"
            why = "another server uses this folder" if locked else str(error)
            raise unwritable(data, why) from None

    def release(self) -> None:
        """Let the next one in."""
        self._connection.close()


def relay_key(data: Path) -> Ed25519PrivateKey:
    """Return the key that signs tickets; made at the first start.

    Raises EzError(database.broken) if the file is not such a key.
    """
    path = data / RELAY_KEY
    try:
        pem = path.read_bytes()
    except FileNotFoundError:
        pem = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        try:
            _create_private(path, pem)
        except OSError as error:
            raise unwritable(data, error) from None
    except OSError as error:
        raise unwritable(data, error) from None
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise EzError(ErrorKey.DATABASE_BROKEN, path=str(path), why="not an Ed25519 key")
    return key


def write_public_key(data: Path, key: Ed25519PrivateKey) -> None:
    """Leave the public half beside the key, to be copied to relays."""
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    try:
        _create_private(data / RELAY_PUBLIC_KEY, pem)
    except OSError as error:
        raise unwritable(data, error) from None


def read_public_key(path: Path) -> Ed25519PublicKey:
    """Return the key that a relay knows its rendezvous by. Raises UsageError(usage)."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise UsageError(ErrorKey.USAGE, why=f"--rendezvous-key {path}: {error}") from None
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(ErrorKey.USAGE, why=f"--rendezvous-key {path}: not an Ed25519 key")
    return key


def relay_secret(key: Ed25519PrivateKey) -> bytes:
    """Return the 32 bytes by which our relay knows its own tickets, after a restart too."""
    return hmac.digest(key.private_bytes_raw(), b"ezp2p relay secret", hashlib.sha256)


def make_private(path: Path) -> None:
    """Make an empty file of ours, or close an old one to other users."""
    try:
        path.touch(mode=0o600)
        path.chmod(0o600)
    except OSError as error:
        raise unwritable(path.parent, error) from None


def _create_private(path: Path, content: bytes) -> None:
    """Write a file that nobody else could open even for a moment."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
