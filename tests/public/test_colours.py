"""Brand colours: whatever a unit chose, the page can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from preferences.contrast import READABLE_RATIO, WHITE, contrast
from public.colours import CONTROL_RATIO, DARK_CARD, DARK_PAGE, LIGHT_PAGE, brand_of
from tests.factories import UnitFactory


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast(WHITE, WHITE) == 1
    assert contrast("#767676", WHITE) == contrast(WHITE, "#767676") == pytest.approx(4.54, abs=0.01)


@given(st.from_regex(r"#[0-9a-fA-F]{6}", fullmatch=True))
def test_every_colour_becomes_readable(colour):
    brand = brand_of(colour)
    assert contrast(brand.solid, WHITE) >= READABLE_RATIO
    assert contrast(brand.solid_dark, WHITE) >= READABLE_RATIO
    assert contrast(brand.solid_dark, DARK_CARD) >= CONTROL_RATIO
    assert contrast(brand.ink, LIGHT_PAGE) >= READABLE_RATIO
    assert contrast(brand.ink_dark, DARK_PAGE) >= READABLE_RATIO


def test_a_readable_colour_stays_as_it_is():
    assert brand_of("#0f5f75").solid == brand_of("#0f5f75").ink == "#0f5f75"


@pytest.mark.django_db
def test_the_stylesheet_is_of_one_unit(client):
    UnitFactory(slug="stays", brand_colour="#ffff00")
    response = client.get("/brand/stays.css")
    assert response["Content-Type"] == "text/css"
    assert brand_of("#ffff00").solid in response.content.decode()
    assert not response.cookies
    assert client.get("/brand/other.css").status_code == 404
