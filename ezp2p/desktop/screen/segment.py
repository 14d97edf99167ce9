"""A piece of System V shared memory, into which an X server writes pixels for us.

The MIT-SHM extension names segments by their System V id, which neither Python's
multiprocessing nor mmap can make: hence the C library by ctypes. The segment is marked for
removal as soon as both sides are attached, so a crash leaves nothing behind.
"""

from __future__ import annotations

import ctypes
import os

import numpy as np
import numpy.typing as npt

from ezp2p.base.errors import Unavailable
from ezp2p.wire.keys import ErrorKey

_IPC_PRIVATE = 0
_IPC_RMID = 0
_OWNER_ONLY = 0o600
_FAILED = ctypes.c_void_p(-1).value


class Segment:
    """`size_bytes` of memory that another process can map by `id`.

    `id_for_server` is what an X server calls it; whoever attaches it there sets that.
    """

    id_for_server = 0

    def __init__(self, size_bytes: int) -> None:
        """Make and map it; raises Unavailable(screen.unavailable) if the system refuses."""
        self._libc = _c_library()
        self.id: int = self._libc.shmget(_IPC_PRIVATE, size_bytes, _OWNER_ONLY)
        if self.id < 0:
            raise _refused("shmget")
        self._address = self._libc.shmat(self.id, None, 0)
        if self._address in (None, _FAILED):
            error = _refused("shmat")
            self.remove_when_unused()
            raise error
        memory = (ctypes.c_ubyte * size_bytes).from_address(self._address)
        self.bytes: npt.NDArray[np.uint8] = np.ctypeslib.as_array(memory)

    def remove_when_unused(self) -> None:
        """Let the system take it back once nobody has it mapped any more."""
        self._libc.shmctl(self.id, _IPC_RMID, None)

    def close(self) -> None:
        """Unmap it; reading `bytes` or a view of it afterwards is a crash."""
        self._libc.shmdt(self._address)


def _c_library() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
    libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
    libc.shmat.restype = ctypes.c_void_p
    libc.shmdt.argtypes = [ctypes.c_void_p]
    libc.shmctl.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
    return libc


def _refused(call: str) -> Unavailable:
    reason = os.strerror(ctypes.get_errno())
    return Unavailable(ErrorKey.SCREEN_UNAVAILABLE, why=f"{call}: {reason}")
