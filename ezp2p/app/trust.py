"""The authorities that vouch for servers, where this system keeps them.

A built program brings its own OpenSSL, which looks where the builder's system had them; other
systems have them elsewhere, and no server could be trusted there.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from pathlib import Path

VARIABLE = "SSL_CERT_FILE"
# One file with all of them, in PEM.
PLACES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),  # Debian, Ubuntu, Arch
    Path("/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"),  # Fedora, Red Hat
    Path("/etc/pki/tls/certs/ca-bundle.crt"),  # their older ones
    Path("/var/lib/ca-certificates/ca-bundle.pem"),  # openSUSE
    Path("/etc/ssl/cert.pem"),  # Alpine
)


def find_authorities(
    environ: MutableMapping[str, str],
    file: str | None,
    folder: str | None,
    places: Iterable[Path] = PLACES,
) -> None:
    """Point OpenSSL (by `environ`) to the first of `places` if it finds no authorities by itself.

    `file` and `folder` are where it looks, None where there is no such thing, as
    ssl.get_default_verify_paths() says it. What a person has set stays.
    """
    known = file or (folder and any(Path(folder).iterdir()))
    if known or VARIABLE in environ or "SSL_CERT_DIR" in environ:
        return
    found = next((place for place in places if place.is_file()), None)
    if found is not None:
        environ[VARIABLE] = str(found)
