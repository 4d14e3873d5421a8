"""Brand colours: whatever a unit chose, the page can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from public.colours import CONTROL, DARK_PAGE, LIGHT_PAGE, TEXT, WHITE, brand_of, contrast
from tests.factories import UnitFactory


def parts(text: str) -> tuple[int, int, int]:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


def test_contrast_is_that_of_wcag():
    assert contrast((0, 0, 0), WHITE) == pytest.approx(21)
    assert contrast(WHITE, WHITE) == 1
    assert contrast((0x76, 0x76, 0x76), WHITE) == pytest.approx(4.54, abs=0.01)


@given(st.from_regex(r"#[0-9a-fA-F]{6}", fullmatch=True))
def test_every_colour_becomes_readable(text):
    brand = brand_of(text)
    assert contrast(parts(brand.solid), WHITE) >= TEXT
    assert contrast(parts(brand.solid_dark), WHITE) >= TEXT
    assert contrast(parts(brand.solid_dark), (0x19, 0x1B, 0x1F)) >= CONTROL
    assert contrast(parts(brand.ink), LIGHT_PAGE) >= TEXT
    assert contrast(parts(brand.ink_dark), DARK_PAGE) >= TEXT


def test_a_readable_colour_stays_as_it_is():
    assert brand_of("#0f5f75").solid == "#0f5f75"
    assert brand_of("#0f5f75").ink == "#0f5f75"


@pytest.mark.django_db
def test_the_stylesheet_is_of_one_unit(client):
    UnitFactory(slug="stays", brand_colour="#ffff00")
    response = client.get("/brand/stays.css")
    assert response["Content-Type"] == "text/css"
    assert brand_of("#ffff00").solid in response.content.decode()
    assert not response.cookies
    assert client.get("/brand/other.css").status_code == 404
