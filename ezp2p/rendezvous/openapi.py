"""The OpenAPI document of the REST interface, made from the table of routes itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from aiohttp import web

import ezp2p
from ezp2p.rendezvous.web import Access, Asking, Route
from ezp2p.wire.signalling import ProblemAnswer

PATH = "/api/v1/openapi.json"
_REF = "#/components/schemas/{name}"


class OpenApi:
    """Serves the document about the given routes and itself."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.route = Route(
            method="GET",
            path=PATH,
            handler=self._serve,
            access=Access.ANYONE,
            summary="This document",
        )
        self._body = msgspec.json.encode(document([*routes, self.route]))

    async def _serve(self, _asking: Asking) -> web.StreamResponse:
        return web.Response(body=self._body, content_type="application/json")


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of these routes."""
    listed = list(routes)
    kinds = [kind for route in listed for kind in (route.body, route.answer) if kind is not None]
    schemas, components = msgspec.json.schema_components([*kinds, ProblemAnswer], ref_template=_REF)
    schema_of = dict(zip([*kinds, ProblemAnswer], schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for route in listed:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "ezp2p rendezvous", "version": ezp2p.__version__},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schema_of: dict[Any, Any]) -> dict[str, Any]:
    done: dict[str, Any] = {"description": route.summary}
    if route.answer is not None:
        done["content"] = _json(schema_of[route.answer])
    failed = {"description": "Why not", "content": _json(schema_of[ProblemAnswer])}
    status = "200" if route.answer is not None or route.method == "GET" else "204"
    operation: dict[str, Any] = {
        "summary": route.summary,
        "x-access": route.access.value,
        "responses": {status: done, "default": failed},
    }
    if route.body is not None:
        operation["requestBody"] = {"required": True, "content": _json(schema_of[route.body])}
    if route.access is not Access.ANYONE:
        operation["security"] = [{"bearer": []}]
    return operation


def _json(schema: Any) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}
