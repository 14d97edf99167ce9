"""The pages people see in a browser: a company's access page, an invitation, nothing here.

Plain HTML from the server in the reader's language; it works without JavaScript as far as it
can. What stands behind `#` of an invitation never reaches us: the page's script reads it, hides
it and hands it to the program. Links carry our public URL, whatever Host a request names.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ezp2p.base.errors import EzError
from ezp2p.base.texts import FALLBACK, Texts, languages
from ezp2p.rendezvous.sites import Site, Sites
from ezp2p.rendezvous.switchboard import Switchboard
from ezp2p.rendezvous.web import Access, Asking, Handler, Route
from ezp2p.wire.keys import ErrorKey

_HERE = Path(__file__).parent
TEXTS = _HERE / "texts"
_STATIC = {
    "page.css": "text/css",
    "invitation.js": "text/javascript",
    "copy.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_CACHE = "public, max-age=3600"
_LONGEST_HEADER = 200


class Pages:
    """Draws the pages, and the routes that lead to them."""

    def __init__(self, sites: Sites, switchboard: Switchboard, public_url: str) -> None:
        self._sites = sites
        self._switchboard = switchboard
        self._public_url = public_url
        self._texts = {name: Texts(TEXTS, name) for name in languages(TEXTS)}
        self._static = {name: (_HERE / "static" / name).read_bytes() for name in _STATIC}
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[Route]:
        """Return the table; the pages of sites come last, they match nearly everything."""
        return [
            _page("/", self._first, "The one site's page, or the list of sites"),
            _page("/static/{name}", self._file, "Style, scripts and icon of the pages"),
            _page("/{site}", self._site, "A company's access page"),
            _page("/{site}/{slot:[0-9]{3}}", self._invitation, "Where an invitation link lands"),
        ]

    def error(self, request: web.Request, status: int) -> web.Response:
        """Return the page for an address where there is nothing, or for a mistake of ours."""
        kind = "404" if status == 404 else "500" if status >= 500 else "400"
        return self._draw(request, "error.html", status, kind=kind)

    async def _first(self, asking: Asking) -> web.StreamResponse:
        sites = await self._sites.all()
        if len(sites) == 1:
            raise web.HTTPFound(f"/{sites[0].name}")
        return self._draw(asking.request, "sites.html", sites=sites)

    async def _site(self, asking: Asking) -> web.StreamResponse:
        site = await self._find(asking)
        return self._draw(
            asking.request,
            "site.html",
            site=site,
            waiting=self._switchboard.waiting(site.name),
            page=f"{self._public_url}/{site.name}",
            program=self._program(site.name),
        )

    async def _invitation(self, asking: Asking) -> web.StreamResponse:
        site = await self._find(asking)
        slot = asking.request.match_info["slot"]
        return self._draw(
            asking.request,
            "invitation.html",
            site=site,
            page=f"{self._public_url}/{site.name}/{slot}",
            program=self._program(f"{site.name}/{slot}"),
        )

    async def _file(self, asking: Asking) -> web.StreamResponse:
        name = asking.request.match_info["name"]
        if name not in self._static:
            raise web.HTTPNotFound
        return web.Response(
            body=self._static[name],
            content_type=_STATIC[name],
            charset="utf-8",
            headers={hdrs.CACHE_CONTROL: _CACHE},
        )

    async def _find(self, asking: Asking) -> Site:
        site = await self._sites.find(asking.request.match_info["site"])
        if site is None:
            raise EzError(ErrorKey.SITE_UNKNOWN)
        return site

    def _program(self, path: str) -> str:
        """Return the link that the system hands to the program instead of the browser."""
        return f"ezp2p://{urlsplit(self._public_url).netloc}/{path}"

    def _draw(
        self, request: web.Request, template: str, status: int = 200, **values: object
    ) -> web.Response:
        language = choose_language(
            request.query.get("lang", ""),
            request.headers.get(hdrs.ACCEPT_LANGUAGE, ""),
            sorted(self._texts),
        )
        texts = self._texts[language]
        html = self._templates.get_template(template).render(
            t=lambda key, **fields: texts.text(key, fields), language=language, **values
        )
        response = web.Response(text=html, status=status, content_type="text/html")
        response.headers[hdrs.CONTENT_LANGUAGE] = language
        response.headers[hdrs.VARY] = hdrs.ACCEPT_LANGUAGE
        return response


def choose_language(asked: str, accepted: str, available: list[str]) -> str:
    """Return the language of a page: the one clicked on, else the browser's best, else English.

    `accepted` is an Accept-Language header (RFC 9110, 12.5.4), hostile or not.
    """
    if asked in available:
        return asked
    best, language = 0.0, FALLBACK
    for part in accepted[:_LONGEST_HEADER].split(","):
        tag, _, weight = part.strip().partition(";q=")
        name = tag.strip().lower().partition("-")[0]
        known = weight.replace(".", "", 1).isdecimal()
        quality = float(weight) if known else 0.0 if weight else 1.0
        if name in available and quality > best:
            best, language = quality, name
    return language


def _page(path: str, handler: Handler, summary: str) -> Route:
    return Route(
        method="GET",
        path=path,
        handler=handler,
        access=Access.ANYONE,
        summary=summary,
        for_people=True,
    )
