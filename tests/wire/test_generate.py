"""The generated files say what the declarations say."""

from __future__ import annotations

import subprocess
import sys


def test_generated_files_are_up_to_date() -> None:
    check = subprocess.run(
        [sys.executable, "-m", "ezp2p.wire.generate", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (check.returncode, check.stderr) == (0, "")
