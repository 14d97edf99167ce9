"""Machines at the ends of an emulated line reach each other, as far as the weather lets them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.lab.line import FAR, NEAR, Line, Weather, long_line
from tests.support.network import can_make_networks

pytestmark = pytest.mark.skipif(
    not can_make_networks(), reason="needs root and iproute2 to make networks"
)
ECHO = """
import socket, sys
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end.bind((sys.argv[1], 4242))
print("ready", flush=True)
for _ in range(int(sys.argv[2])):
    data, sender = end.recvfrom(2048)
    end.sendto(data[::-1], sender)
"""
ASK = """
import socket, sys
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
end.bind((sys.argv[1], 0))
end.settimeout(float(sys.argv[4]))
answers = 0
for number in range(int(sys.argv[3])):
    word = f"word {number}".encode()
    end.sendto(word, (sys.argv[2], 4242))
    try:
        answers += end.recv(2048) == word[::-1]
    except TimeoutError:
        pass
print(answers)
"""


def _answers(line: Line, count: int, patience_s: float) -> int:
    python = [sys.executable, "-c"]
    with subprocess.Popen(
        [*line.inside(line.far), *python, ECHO, FAR, str(count)], stdout=subprocess.PIPE, text=True
    ) as echo:
        try:
            assert echo.stdout is not None
            assert echo.stdout.readline() == "ready\n"
            words = [*line.inside(line.near), *python, ASK, NEAR, FAR, str(count), str(patience_s)]
            asked = subprocess.run(words, check=True, capture_output=True, text=True, timeout=60)
        finally:
            echo.kill()
    return int(asked.stdout)


def test_calm_line_carries_everything_both_ways() -> None:
    calm = Weather(delay_ms=5, loss_percent=0, rate_mbit=10, queue_ms=100)
    with long_line(calm) as line:
        assert _answers(line, count=20, patience_s=20.0) == 20


def test_storm_lets_nothing_pass() -> None:
    storm = Weather(delay_ms=5, loss_percent=100, rate_mbit=10, queue_ms=100)
    with long_line(storm) as line:
        assert _answers(line, count=1, patience_s=0.5) == 0
