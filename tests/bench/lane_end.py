"""One end of the bulk lane that tests/bench/lane.py measures: it writes a test stream to a file.

    customer  listens, says its terms on one line, writes what comes to the file named
    counselor reads the terms from its input, sends the file named

Each ends with one JSON line: seconds, and CPU seconds of this process.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from ezp2p.link.certificate import make_identity
from ezp2p.link.lane import LaneHost, LaneTerms, LaneTls, call

PIECE_BYTES = 1 << 20


def customer(target: Path) -> None:
    """Listen and write."""
    identity = make_identity()
    host = LaneHost(LaneTls(identity=identity))
    terms = host.terms
    said = (terms.port, terms.callers_pass.hex(), terms.hosts_pass.hex(), identity.der.hex())
    print(json.dumps(said), flush=True)
    lane = host.accept()
    buffer = memoryview(bytearray(PIECE_BYTES))
    with target.open("wb", buffering=0) as file:
        while size := lane.receive_into(buffer):
            file.write(buffer[:size])
    lane.finish()


def counselor(source: Path) -> None:
    """Call and send."""
    port, callers, hosts, der = json.loads(sys.stdin.readline())
    terms = LaneTerms(port, bytes.fromhex(callers), bytes.fromhex(hosts))
    began = time.perf_counter()
    lane = call("127.0.0.1", terms, LaneTls(pinned_der=bytes.fromhex(der)))
    buffer = memoryview(bytearray(PIECE_BYTES))
    with source.open("rb", buffering=0) as file:
        while size := file.readinto(buffer):
            lane.send(buffer[:size])
    lane.finish()
    print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)


if __name__ == "__main__":
    {"customer": customer, "counselor": counselor}[sys.argv[1]](Path(sys.argv[2]))
