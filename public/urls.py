"""Public pages. A link works with and without the slash at its end: some programs lose it, and a
redirect would turn their POST into a GET.
"""

from django.urls import path, re_path

from public.views import brand, broken_link, confirm, link_request, preference, unsubscribe

ANY = r"(?P<token>[^/]+)"

urlpatterns = [
    re_path(rf"^u/{ANY}/?$", unsubscribe.unsubscribe, name="unsubscribe"),
    re_path(rf"^u/{ANY}/undo/$", unsubscribe.unsubscribe_undo, name="unsubscribe_undo"),
    re_path(rf"^u/{ANY}/reason/$", unsubscribe.unsubscribe_reason, name="unsubscribe_reason"),
    re_path(r"^p/request/?$", link_request.send_link, name="send_link"),
    re_path(rf"^c/{ANY}/?$", confirm.confirm, name="confirm"),
    re_path(rf"^p/{ANY}/?$", preference.preference_page, name="preference_page"),
    re_path(rf"^p/{ANY}/undo/$", preference.preference_undo, name="preference_undo"),
    re_path(rf"^p/{ANY}/reason/$", preference.preference_reason, name="preference_reason"),
    re_path(rf"^p/{ANY}/history/$", preference.preference_history, name="preference_history"),
    # Whatever else is asked for there, a person follows a broken link: theirs is the public 404.
    re_path(r"^[upc](?:/.*)?$", broken_link.broken_link, name="broken_link"),
    path("brand/<slug:slug>.css", brand.brand_css, name="brand_css"),
    path("brand/<slug:slug>/<slug:key>.png", brand.brand_logo, name="brand_logo"),
]
