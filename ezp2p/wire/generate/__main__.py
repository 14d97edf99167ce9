"""Write the generated files of a checkout, or check that they are up to date."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ezp2p.wire.generate import javascript, markdown

ROOT = Path(__file__).resolve().parents[3]
OUTPUTS = {
    ROOT / "docs" / "protocol" / "messages.md": markdown.render,
    ROOT / "ezp2p" / "ui" / "web" / "wire" / "messages.js": javascript.render,
}


def main() -> int:
    """Return 0, or 1 when --check finds a file that differs from the declarations."""
    parser = argparse.ArgumentParser(prog="python -m ezp2p.wire.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    check_only = parser.parse_args().check
    differs = False
    for path, render in OUTPUTS.items():
        wanted = render()
        if path.exists() and path.read_text(encoding="utf-8") == wanted:
            continue
        differs = True
        if check_only:
            sys.stderr.write(f"{path.relative_to(ROOT)} is out of date: run `{parser.prog}`\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(wanted, encoding="utf-8", newline="\n")
    return 1 if check_only and differs else 0


if __name__ == "__main__":
    sys.exit(main())
