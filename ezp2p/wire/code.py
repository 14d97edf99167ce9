"""The access code a counselor reads aloud: 9 digits, 417 905 382.

    417      905 38       2
    slot     secret       check
    public   never sent   Damm digit, checked on the typing machine, never sent

The slot finds the counselor, the secret proves (by SPAKE2) that both people hold the same code,
the check digit catches every single wrong digit and every swap of two neighbours before a try
is spent.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from ezp2p.base.errors import UsageError
from ezp2p.wire.keys import ErrorKey

SLOT_DIGITS = 3
SECRET_DIGITS = 5
CODE_DIGITS = SLOT_DIGITS + SECRET_DIGITS + 1

# Damm's quasigroup of order 10 (H. M. Damm, Total anti-symmetrische Quasigruppen, 2004).
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)


@dataclass(frozen=True, slots=True)
class AccessCode:
    """A slot's public number (3 digits) and the secret (5 digits) that belongs to it."""

    slot: str
    secret: str

    def __str__(self) -> str:
        digits = self.slot + self.secret
        digits += str(damm(digits))
        return " ".join(digits[i : i + 3] for i in range(0, CODE_DIGITS, 3))


def parse_code(text: str) -> AccessCode:
    """Read a code as a person types it: blanks, dots and dashes between digits do not matter.

    Raises UsageError(code.mistyped) if it is not 9 digits or the check digit does not fit.
    """
    digits = re.sub(r"[\s.\-]", "", text)
    if not re.fullmatch(r"[0-9]{%d}" % CODE_DIGITS, digits) or damm(digits) != 0:
        raise UsageError(ErrorKey.CODE_MISTYPED)
    return AccessCode(digits[:SLOT_DIGITS], digits[SLOT_DIGITS:-1])


def new_secret() -> str:
    """Return 5 digits nobody can guess."""
    return f"{secrets.randbelow(10**SECRET_DIGITS):0{SECRET_DIGITS}d}"


def damm(digits: str) -> int:
    """Return the Damm check digit of `digits`; 0 means that `digits` ends with its own."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim
