"""python -m ezp2p, and the entry of the packaged program."""

from __future__ import annotations

import sys

from ezp2p.app.main import main

if __name__ == "__main__":
    sys.exit(main())
