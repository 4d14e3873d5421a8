"""What axe finds wrong on a page: once in each colour scheme and width, without loading it again."""

from playwright.sync_api import Page

OPTIONS = {"resultTypes": ["violations"]}
GRAVE = {"serious", "critical"}
WIDTHS = (1280, 390)
HEIGHT = 900
SETTLED = """() => document.getAnimations()
    .filter(each => each instanceof CSSTransition).forEach(each => each.finish())"""


def violations(page: Page, options: dict | None = None) -> list[str]:
    """Return every finding of any weight on the page as it is now."""
    return [line for _, line in _findings(page, options)]


def grave_violations(page: Page) -> list[str]:
    """Return the serious and critical findings, light and dark, wide and narrow.

    Colours are looked at in every scheme, the rest once for each width: it does not follow colours.
    """
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.evaluate(SETTLED)  # colours glide, be it for a hundredth of a millisecond
            only = {"runOnly": ["color-contrast"]} if scheme == "dark" else {}
            found += [
                f"{width} {scheme}: {line}"
                for impact, line in _findings(page, {**OPTIONS, **only})
                if impact in GRAVE
            ]
    return found


def overflow(page: Page, width: int) -> int:
    """Return by how many pixels the page runs over a window of this width."""
    page.set_viewport_size({"width": width, "height": HEIGHT})
    return max(0, page.evaluate("document.documentElement.scrollWidth") - width)


def open_everything(page: Page) -> None:
    """Open every disclosure that can stand open beside the others."""
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")


def _findings(page: Page, options: dict | None) -> list[tuple[str, str]]:
    if page.evaluate("typeof axe === 'undefined'"):
        from axe_playwright_python.base import AXE_SCRIPT

        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("options => axe.run(options)", options or OPTIONS)["violations"]
    return [
        (each["impact"], f"{each['id']}: {node['html']}")
        for each in found
        for node in each["nodes"]
    ]
