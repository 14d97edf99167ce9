"""The files of the pages, read once: paths, bodies and their types.

Only what stands in the table of types is served, under exactly its own path, so there is no
path to climb. The types are ours: an operating system's registry may call .js text/plain, and
a browser would then refuse to run it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MIME_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent."""

    body: bytes
    mime_type: str


def read_assets(web_root: Path, locale_root: Path) -> Mapping[str, Asset]:
    """Return {"/core/bridge.js": Asset, ...}; "/" is index.html. Reads the disk."""
    assets = {
        f"/{path.relative_to(web_root).as_posix()}": asset
        for path in sorted(web_root.rglob("*"))
        if (asset := _read(path)) is not None
    }
    for path in sorted(locale_root.glob("*.json")):
        assets[f"/locale/{path.name}"] = Asset(path.read_bytes(), MIME_TYPES[".json"])
    if "/index.html" in assets:
        assets["/"] = assets["/index.html"]
    return assets


def _read(path: Path) -> Asset | None:
    mime_type = MIME_TYPES.get(path.suffix)
    if mime_type is None or not path.is_file():
        return None
    return Asset(path.read_bytes(), mime_type)
