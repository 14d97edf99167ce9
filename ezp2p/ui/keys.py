"""Who may talk to the program's pages: one-time tokens, and the tabs' secrets they turn into.

    address ...#TOKEN   opened once -> POST /enter {token} -> the tab's secret, kept by the tab

A token stands in an address that people copy and browsers keep in their history, so it is worth
nothing after its first use. A secret never leaves the tab that got it.
"""

from __future__ import annotations

import hmac
import secrets

KEY_BYTES = 32
TOKEN_LIMIT = 16  # addresses given out and not opened yet; the oldest is forgotten
SECRET_LIMIT = 64  # tabs that have entered; the oldest is forgotten


class DoorKeys:
    """Tokens not used yet and secrets in use."""

    def __init__(self) -> None:
        self._tokens: list[str] = []
        self._secrets: list[str] = []

    def new_token(self) -> str:
        """Return a token for one more tab."""
        token = secrets.token_urlsafe(KEY_BYTES)
        self._tokens = [*self._tokens, token][-TOKEN_LIMIT:]
        return token

    def exchange(self, token: str) -> str | None:
        """Return a tab's secret for an unused token, which is used then; None for any other."""
        known = _find(self._tokens, token)
        if known is None:
            return None
        self._tokens.remove(known)
        secret = secrets.token_urlsafe(KEY_BYTES)
        self._secrets = [*self._secrets, secret][-SECRET_LIMIT:]
        return secret

    def fits(self, secret: str) -> bool:
        """Tell whether a tab holds this secret."""
        return _find(self._secrets, secret) is not None


def _find(known: list[str], offered: str) -> str | None:
    """Look `offered` up without telling by the time it takes how close it came."""
    found = None
    for each in known:
        if hmac.compare_digest(each.encode(), offered.encode()):
            found = each
    return found
