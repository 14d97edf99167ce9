"""mimeapps.list: which program a person wants for which kind of thing.

    [Default Applications]
    x-scheme-handler/ezp2p=ezp2p.desktop;

Format: freedesktop's MIME Applications Associations 1.0. The file is the person's own: what we
do not understand in it stays as it is, byte for byte.
"""

from __future__ import annotations

_DEFAULTS = "[Default Applications]"
_GROUPS = (_DEFAULTS, "[Added Associations]", "[MIME Cache]")


def programs(text: str, kind: str) -> list[str]:
    """Return the desktop entries that open `kind`, best first; of a mimeinfo.cache as well."""
    found: dict[str, list[str]] = {}
    group = ""
    for line in text.splitlines():
        group = line.strip() if line.startswith("[") else group
        if _names(line, kind):
            found.setdefault(group, _listed(line))
    return [entry for group in _GROUPS for entry in found.get(group, [])]


def with_default(text: str, kind: str, entry: str) -> str:
    """Return the file with `entry` as what opens `kind`; others remain, behind it."""
    lines = without(text, kind, entry).splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    if _DEFAULTS not in (line.strip() for line in lines):
        lines += ["\n", f"{_DEFAULTS}\n"] if lines else [f"{_DEFAULTS}\n"]
    at = next(i for i, line in enumerate(lines) if line.strip() == _DEFAULTS) + 1
    end = next((i for i in range(at, len(lines)) if lines[i].startswith("[")), len(lines))
    others: list[str] = []
    for i in reversed(range(at, end)):
        if _names(lines[i], kind):
            others = _listed(lines.pop(i)) + others
    lines.insert(at, _line(kind, [entry, *others]))
    return "".join(lines)


def without(text: str, kind: str, entry: str) -> str:
    """Return the file without `entry` for `kind`, in whatever group."""
    kept: list[str] = []
    for line in text.splitlines(keepends=True):
        if not _names(line, kind) or entry not in _listed(line):
            kept.append(line)
            continue
        others = [other for other in _listed(line) if other != entry]
        if others:
            kept.append(_line(kind, others))
    return "".join(kept)


def _names(line: str, kind: str) -> bool:
    return line.partition("=")[0].strip() == kind and "=" in line


def _line(kind: str, entries: list[str]) -> str:
    return f"{kind}=" + "".join(f"{entry};" for entry in entries) + "\n"


def _listed(line: str) -> list[str]:
    return [entry.strip() for entry in line.partition("=")[2].split(";") if entry.strip()]
