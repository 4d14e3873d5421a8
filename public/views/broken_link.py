"""A link that lost its end on the way."""

from django.http import HttpRequest, HttpResponse

from public.views.visiting import NoSuchLink, public_view


@public_view("GET", "HEAD", "POST")
def broken_link(request: HttpRequest) -> HttpResponse:
    """Answer as any other link that does not work."""
    raise NoSuchLink(request.path[:3])
