"""Logos of business units: only pixels come in, only our own drawing goes out."""

from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image, PngImagePlugin

from accounts.models import Role, SettingChange
from preferences import logos
from preferences.logos import FILE_LIMIT, BadLogo, read_logo, set_logo
from preferences.models import BusinessUnitLogo
from tests.factories import NOW, UnitFactory, UserFactory
from tests.public.scene import Person, stranger

FRAGMENT = {"HX-Request": "true", "HX-Target": "unit-logo"}


def picture(size=(600, 150), form="PNG", mode="RGB", **options):
    out = BytesIO()
    Image.new(mode, size, "#0f5f75").save(out, form, **options)
    return out.getvalue()


def upload(data, name="logo.png", kind="image/png"):
    return {"logo": SimpleUploadedFile(name, data, content_type=kind)}


# --- what comes in --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF"])
def test_pictures_are_drawn_anew_as_a_small_png(form):
    logo = read_logo(picture(form=form))
    drawn = Image.open(BytesIO(logo.png))
    assert (drawn.format, drawn.size) == ("PNG", (logo.width, logo.height)) == ("PNG", (320, 80))


def test_a_small_picture_is_not_blown_up_and_a_tall_one_fits():
    assert (read_logo(picture((40, 20))).width, read_logo(picture((40, 20))).height) == (40, 20)
    assert read_logo(picture((100, 960))).height == 96


def test_nothing_but_pixels_is_kept():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "Ada lives here")
    data = picture(pnginfo=info) + b"<script>alert(1)</script>"
    assert b"Ada lives" in data
    kept = read_logo(data).png
    assert b"Ada lives" not in kept
    assert b"script" not in kept


def test_a_photo_is_turned_the_way_it_was_taken():
    turned = Image.Exif()
    turned[0x0112] = 6
    logo = read_logo(picture((80, 40), "JPEG", exif=turned))
    assert (logo.width, logo.height) == (40, 80)
    assert b"Exif" not in logo.png


def test_what_lets_the_page_through_goes_on_doing_so():
    logo = read_logo(picture((8, 8), mode="RGBA"))
    assert Image.open(BytesIO(logo.png)).mode == "RGB"
    out = BytesIO()
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(out, "PNG")
    assert Image.open(BytesIO(read_logo(out.getvalue()).png)).mode == "RGBA"


def test_many_colours_stay_light():
    noise = Image.effect_noise((320, 96), 90)
    out = BytesIO()
    Image.merge("RGB", (noise, noise.rotate(180), noise.transpose(0))).save(out, "PNG")
    assert len(out.getvalue()) > 60_000
    assert len(read_logo(out.getvalue()).png) < 45_000


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
BOMB = picture((30_000, 30_000), "PNG", "1")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (SVG, "picture"),
        (b"GIF89a", "picture"),
        (b"", "picture"),
        (picture()[:200], "picture"),
        (picture((8, 8), "BMP"), "picture"),
        (picture((8, 8), "PDF"), "picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 500, "picture"),
        (b"x" * (FILE_LIMIT + 1), "size"),
        (picture((2001, 2000)), "pixels"),
        (BOMB, "pixels"),
    ],
)
def test_what_is_no_logo_is_refused(data, reason):
    with pytest.raises(BadLogo) as refused:
        read_logo(data)
    assert refused.value.reason == reason


def test_a_bomb_is_refused_before_it_unfolds(monkeypatch):
    def unfold(*_args):
        raise AssertionError("decoded")

    monkeypatch.setattr(Image.Image, "convert", unfold)
    assert len(BOMB) < FILE_LIMIT
    with pytest.raises(BadLogo, match="pixels"):
        read_logo(BOMB)


# --- in the settings ------------------------------------------------------------------------------------


@pytest.fixture
def unit(db):
    return UnitFactory(name="Larkhill Stays", slug="larkhill")


@pytest.fixture
def client(as_user, administrator):
    return as_user(administrator)


def url_of(unit, name="business_unit_logo"):
    return reverse(name, kwargs={"pk": unit.pk})


def test_a_logo_is_uploaded_replaced_and_removed_and_the_history_says_so(
    client, unit, administrator
):
    assert "No logo" in client.get(reverse("business_unit", kwargs={"pk": unit.pk})).text
    response = client.post(url_of(unit), upload(picture()))
    assert response["Location"] == reverse("business_unit", kwargs={"pk": unit.pk})
    first = client.get(response["Location"]).text
    unit.refresh_from_db()
    assert f"/brand/larkhill/{unit.logo_key}.png" in first
    fragment = client.post(url_of(unit), upload(picture((50, 50))), headers=FRAGMENT)
    assert "<form" not in fragment.text
    assert 'id="unit-logo"' in fragment.text
    assert "Logo saved" in fragment["HX-Trigger"]
    removed = client.post(url_of(unit, "business_unit_logo_remove"), headers=FRAGMENT)
    assert "No logo" in removed.text
    unit.refresh_from_db()
    assert (unit.logo_key, unit.logo_width) == ("", 0)
    assert not BusinessUnitLogo.objects.exists()
    lines = SettingChange.objects.filter(field="logo").order_by("id")
    assert [(line.before[:12], line.after[:12]) for line in lines] == [
        ("", "PNG 320 x 80"),
        ("PNG 320 x 80", "PNG 50 x 50,"),
        ("PNG 50 x 50,", ""),
    ]
    assert lines[0].changed_by == administrator


def test_the_same_picture_again_is_no_change(client, unit):
    for _ in range(2):
        client.post(url_of(unit), upload(picture()))
    client.post(url_of(unit, "business_unit_logo_remove"))
    client.post(url_of(unit, "business_unit_logo_remove"))
    assert SettingChange.objects.filter(field="logo").count() == 2


@pytest.mark.parametrize("headers", [{}, FRAGMENT])
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "This file is empty."),
        (SVG, "This is no PNG, JPEG, WebP or GIF"),
        (b"x" * (FILE_LIMIT + 1), "This file is larger than 200 KB."),
        (picture((2001, 2000)), "more than 4 million pixels"),
    ],
)
def test_what_is_refused_is_said_at_the_field(client, unit, data, words, headers):
    response = client.post(url_of(unit), upload(data), headers=headers)
    assert response.status_code == 422
    assert words in response.text
    assert 'aria-invalid="true"' in response.text
    assert ("<html" in response.text) is not headers
    unit.refresh_from_db()
    assert unit.logo_key == ""


def test_a_logo_is_a_matter_of_the_own_units(as_user, unit):
    limited = as_user(UserFactory(role=Role.ADMINISTRATOR, units=[UnitFactory()]))
    assert limited.post(url_of(unit), upload(picture())).status_code == 404
    assert limited.post(url_of(unit, "business_unit_logo_remove")).status_code == 404


# --- on public pages ------------------------------------------------------------------------------------


def test_the_public_pages_show_it_under_the_name_of_the_unit(db):
    ada = Person()
    page = ada.client.get(ada.preference_path()).text
    assert "<img" not in page
    assert "pub-mono" in page
    unit = set_logo(unit=ada.unit, logo=read_logo(picture()), user=UserFactory(), now=NOW)
    for path in (ada.preference_path(), ada.unsubscribe_path()):
        page = ada.client.get(path).text
        assert f'src="/brand/larkhill/{unit.logo_key}.png" alt="Larkhill Stays"' in page
        assert 'width="320" height="80"' in page
        assert "pub-mono" not in page


def test_it_is_sent_from_our_own_origin_with_nothing_to_run_and_no_cookie(unit):
    logo = read_logo(picture())
    set_logo(unit=unit, logo=logo, user=UserFactory(), now=NOW)
    response = stranger().get(f"/brand/larkhill/{logo.key}.png")
    assert response.content == logo.png
    assert response["Content-Type"] == "image/png"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert response["Cache-Control"] == "public, max-age=86400"
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")
    assert stranger().head(f"/brand/larkhill/{logo.key}.png").status_code == 200


def test_an_old_or_guessed_address_has_no_picture(unit, django_assert_num_queries):
    logo = read_logo(picture())
    set_logo(unit=unit, logo=logo, user=UserFactory(), now=NOW)
    logos.remove_logo(unit=unit, user=UserFactory(), now=NOW)
    for path in (f"/brand/larkhill/{logo.key}.png", "/brand/none/0.png"):
        with django_assert_num_queries(1):
            response = stranger().get(path)
        assert (response.status_code, response.content) == (404, b"")
