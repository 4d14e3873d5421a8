"""One view, two answers: the page for a browser, the fragment for an htmx request."""

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers

if TYPE_CHECKING:
    from django_htmx.middleware import HtmxDetails

    class Request(HttpRequest):
        """A request as our views get it, after the middleware."""

        htmx: HtmxDetails

else:
    Request = HttpRequest

# Fragments that are layers: a full page shows the layer open over its content.
LAYERS = ("panel", "dialog")


def page_or_fragment(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    fragments: Iterable[str] | Mapping[str, str] = (),
    *,
    status: int = 200,
) -> HttpResponse:
    """Render the page, or only the fragment an htmx request targets.

    A fragment is a partial of the template ({% partialdef contact_list %}); its name with "_" as
    "-" is the id of the element it is for. A mapping gives another template for a fragment:
    {"events": "contacts/_events.html"}. A request for a target that is not listed gets the page.
    """
    templates = _templates_of(template, fragments)
    target = (request.htmx.target or "").replace("-", "_") if request.htmx else ""
    wants_fragment = target in templates and not request.htmx.history_restore_request
    if wants_fragment:
        response = render(request, templates[target], dict(context), status=status)
    else:
        layer = next((name for name in LAYERS if name in templates), "")
        response = render(request, template, {**context, "open_layer": layer}, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def invalid(
    request: Request,
    template: str,
    context: Mapping[str, Any],
    fragments: Iterable[str] | Mapping[str, str] = (),
) -> HttpResponse:
    """Render a form that was not accepted: as page_or_fragment, with status 422."""
    return page_or_fragment(request, template, context, fragments, status=422)


def trigger[R: HttpResponse](response: R, name: str, payload: Any = None) -> R:
    """Add an event for app.js to the answer, next to those it has already.

    Known names: "toast" {"text", "kind", "undo_url"}, "layer:close" "panel" or "dialog",
    "subscriptions:changed" None.
    """
    events = json.loads(response.headers.get("HX-Trigger", "{}"))
    events[name] = payload
    response["HX-Trigger"] = json.dumps(events)
    return response


def close_layer[R: HttpResponse](response: R, layer: str) -> R:
    """Let app.js close the panel or the dialog after this answer."""
    return trigger(response, "layer:close", layer)


def toast[R: HttpResponse](response: R, text: object, *, undo_url: str = "") -> R:
    """Let app.js confirm something that the page shows already."""
    return trigger(response, "toast", {"text": str(text), "undo_url": undo_url})


def redirect_or_trigger(
    request: Request, url: str, events: Mapping[str, Any] | None = None
) -> HttpResponse:
    """Answer a success: redirect a browser; send an htmx request events and nothing to swap.

    Without events an htmx request is sent to the URL as well.
    """
    if not request.htmx:
        return redirect(url)
    response = HttpResponse(status=204)
    for name, payload in (events or {}).items():
        trigger(response, name, payload)
    if not events:
        response["HX-Redirect"] = url
    return response


def locate(url: str, *, target: str) -> HttpResponse:
    """Let htmx load a page of ours into an element of the page, under its own address."""
    response = HttpResponse(status=204)
    place = {"path": url, "target": target, "source": target, "swap": "outerHTML"}
    response["HX-Location"] = json.dumps(place)
    return response


def _templates_of(template: str, fragments: Iterable[str] | Mapping[str, str]) -> dict[str, str]:
    if isinstance(fragments, Mapping):
        return dict(fragments)
    return {name: f"{template}#{name}" for name in fragments}
