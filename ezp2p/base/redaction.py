"""What must not be read by others, blacked out in text that leaves the program.

redact     for the diary of this machine: access codes, secrets of links, tokens, passwords
anonymize  for text a person sends to somebody: also who she is and where: logins, mail addresses,
           names in paths of home folders, the end of network addresses
"""

from __future__ import annotations

import ipaddress
import re

_SECRETS = (
    (re.compile(r"\b\d{3}[ -]?\d{3}[ -]?\d{3}\b"), "[code]"),
    (re.compile(r"#k=[\w-]+"), "#k=[secret]"),
    (re.compile(r"(?i)(bearer|token|password)([=: ]+)\S+"), r"\1\2[secret]"),
)
_PERSONAL = (
    (re.compile(r"([?&#][pk])=[\w-]+"), r"\1=[secret]"),
    (re.compile(r"://[^/@\s]*@"), "://[login]@"),
    (re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+"), "[mail]"),
    (re.compile(r"(?i)(/home/|/users/|[a-z]:\\users\\)[^/\\:;,\"'\n]+"), r"\1[user]"),
    # What chance made: tokens, pins, digests. Words are not so long, or have one kind of letters.
    (re.compile(r"\b(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[A-Za-z0-9_-]{22,}"), "[secret]"),
    (re.compile(r"\b[0-9a-fA-F]{32,}\b"), "[secret]"),
)
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)")
_IPV6 = re.compile(
    r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?![\w:])"
)


def redact(text: str) -> str:
    """Return `text` with everything that looks like a secret replaced."""
    for pattern, mask in _SECRETS:
        text = pattern.sub(mask, text)
    return text


def anonymize(text: str) -> str:
    """Return `text` without secrets, and without what tells who or where its writer is."""
    text = redact(text)
    for pattern, mask in _PERSONAL:
        text = pattern.sub(mask, text)
    for pattern in (_IPV6, _IPV4):
        text = pattern.sub(lambda found: _network(found[0]), text)
    return text


def _network(text: str) -> str:
    """Return an address without its end: the last byte of IPv4, all but 48 bits of IPv6."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text  # a time, a version
    if address.is_loopback or address.is_unspecified:
        return text
    if isinstance(address, ipaddress.IPv4Address):
        return text.rpartition(".")[0] + ".x"
    return ":".join(part.lstrip("0") or "0" for part in address.exploded.split(":")[:3]) + ":x"
