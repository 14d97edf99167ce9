"""Which way out a person chose: on the command line, in the settings, else as the system says."""

from __future__ import annotations

import logging
import urllib.request
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ezp2p.base.errors import Unavailable, UsageError
from ezp2p.desktop.keyring import SystemKeyring
from ezp2p.link.outbound import NO_PROXY, Outbound, Proxy, SystemProxies, parse_proxy
from ezp2p.store.settings import Settings
from ezp2p.ui.front import PORTS_SETTING, PROXY_SETTING

log = logging.getLogger(__name__)


def make_outbound(
    options: Mapping[str, Any], settings: Settings, keyring: SystemKeyring
) -> Outbound:
    """Return how connections leave; may ask the system's keyring for the proxy's password."""
    chosen = options["proxy"] or str(settings.get(PROXY_SETTING) or "")
    proxy = None
    if chosen and chosen != NO_PROXY:
        proxy = _with_password(_parse(chosen, is_given=bool(options["proxy"])), keyring)
    return Outbound(
        insecure_http=options["insecure_http"],
        is_direct=chosen == NO_PROXY,
        proxy=proxy,
        system=SystemProxies(urllib.request.getproxies(), urllib.request.proxy_bypass),
        relay_ports=options["relay_ports"] or _ports(settings.get(PORTS_SETTING)),
    )


def remember_proxy(address: str, settings: Settings) -> Proxy | None:
    """Use this proxy from now on; return it, None for "none" and for the system's (empty).

    Raises UsageError(proxy.malformed) and Unavailable(data.unwritable). Its password is not
    remembered here: that may take a while (see keyring_account).
    """
    address = address.strip()
    proxy = None if address in ("", NO_PROXY) else parse_proxy(address)
    settings.put(PROXY_SETTING, str(proxy) if proxy else address)
    return proxy


def keyring_account(proxy: Proxy) -> str:
    """Return under which name the keyring keeps this proxy's password."""
    return f"proxy {proxy}"


def _parse(text: str, *, is_given: bool) -> Proxy | None:
    try:
        return parse_proxy(text)
    except UsageError as error:
        if is_given:
            raise
        log.warning("the proxy in the settings is of no use: %s", error)
        return None


def _with_password(proxy: Proxy | None, keyring: SystemKeyring) -> Proxy | None:
    if proxy is None or not proxy.login or proxy.password:
        return proxy
    try:
        password = keyring.recall(keyring_account(proxy))
    except Unavailable as error:
        log.warning("no password for the proxy: %s", error)
        return proxy
    return replace(proxy, password=password or "")


def _ports(remembered: object) -> tuple[int, ...]:
    """Return the ports a settings file names; it may have been edited by hand."""
    words = str(remembered or "").split(",")
    ports = (int(word) for word in words if word.strip().isdecimal())
    return tuple(port for port in ports if 0 < port < 0x10000)
