"""A list, a panel and a dialog as small as they can be, to try the frame with."""

from django.http import HttpResponse
from django.template import Context, Engine, RequestContext
from django.urls import path

from subscriptions_site.urls import handler403, handler404, handler500, urlpatterns
from subscriptions_site.web.htmx import close_layer, toast

__all__ = ["handler403", "handler404", "handler500", "urlpatterns"]

PAGE = """{% extends "base.html" %}{% block content %}<h1>List</h1>
<a id="open" href="/t/panel/" hx-get="/t/panel/" hx-target="#panel" hx-push-url="true">Open</a>
<table><tbody>{% for n in "123" %}<tr>
<td><input class="tick" type="checkbox" name="ids" value="{{ n }}"
aria-label="Select {{ n }}"></td>
<th scope="row"><a href="/t/panel/">Row {{ n }}</a></th></tr>{% endfor %}</tbody></table>
<input class="tick" type="checkbox" data-select-all="ids" aria-label="Select all">
<p data-when-selected hidden><b data-selection-count>0</b> selected</p>{% endblock %}
{% block panel %}{% if open_layer %}{{ panel|safe }}{% endif %}{% endblock %}"""

PANEL = """<h2 id="panel-h" tabindex="-1">Panel</h2><a data-close href="/t/list/">Close</a>
<a id="ask" href="/t/dialog/" hx-get="/t/dialog/" hx-target="#dialog">Ask</a>
<a href="/t/panel/?tab=2" hx-get="/t/panel/?tab=2" hx-target="#panel" hx-push-url="true">Tab</a>
<form method="post" action="/t/panel/" hx-post="/t/panel/" hx-target="#panel">%s
<input id="word" name="word" aria-label="Word"><button type="submit">Save</button></form>"""

DIALOG = """<h2 id="dlg-h" tabindex="-1">Question</h2><button type="button" data-close>Cancel</button>
<form method="post" hx-post="/t/dialog/" hx-target="#panel"><button type="submit">Yes</button></form>"""

ERRORS = '<div class="error-summary" role="alert" tabindex="-1">Type a word</div>'


def render(request, *, panel=""):
    engine = Engine.get_default()
    context = RequestContext(request, {"open_layer": "panel" if panel else "", "panel": panel})
    return HttpResponse(engine.from_string(PAGE).render(context))


def listing(request):
    return render(request)


def panel(request):
    if request.method == "POST":
        word = request.POST["word"]
        if word == "boom":
            return HttpResponse(status=500)
        if word:
            return toast(close_layer(HttpResponse(status=204), "panel"), "Saved")
        return HttpResponse(PANEL % ERRORS, status=422)
    return HttpResponse(PANEL % "") if request.htmx else render(request, panel=PANEL % "")


def dialog(request):
    if request.method == "POST":
        return close_layer(HttpResponse((PANEL % "").replace(">Panel<", ">Changed<")), "dialog")
    return HttpResponse(Engine.get_default().from_string(DIALOG).render(Context()))


urlpatterns = [
    path("t/list/", listing),
    path("t/panel/", panel),
    path("t/dialog/", dialog),
    *urlpatterns,
]
