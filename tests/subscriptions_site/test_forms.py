from html.parser import HTMLParser

import pytest
from django import forms
from django.forms.renderers import DjangoTemplates

from subscriptions_site.web.forms import UiForm


class ExampleForm(UiForm):
    name = forms.CharField(help_text="As on the passport")
    note = forms.CharField(required=False, widget=forms.Textarea)
    unit = forms.ChoiceField(choices=[("a", "A"), ("b", "B")])
    agree = forms.BooleanField(required=False)
    way = forms.ChoiceField(choices=[("x", "X"), ("y", "Y")], widget=forms.RadioSelect)


def test_field_has_label_hint_and_error_tied_to_the_control():
    form = ExampleForm({"name": "", "unit": "a"})
    html = form["name"].as_field_group()
    assert '<label class="field__label" for="id_name">' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert 'class="input"' in html


def test_optional_is_said_and_required_is_not():
    form = ExampleForm()
    assert "(optional)" in form["note"].as_field_group()
    assert "(optional)" not in form["name"].as_field_group()


def test_form_begins_with_a_summary_that_links_to_the_fields():
    html = str(ExampleForm({"name": "", "unit": "z"}))
    assert "Nothing has changed. Correct 3 things" in html
    assert 'href="#id_name"' in html
    assert html.index("error-summary") < html.index("field__label")


def test_every_kind_of_control_is_drawn():
    html = str(ExampleForm())
    assert 'class="select"' in html
    assert '<label class="check"><input type="checkbox"' in html
    assert "<fieldset" in html
    assert "error-summary" not in html


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("An\x07na\x1b", "Anna"), ("a\r\nb\rc", "a\nb\nc"), ("tab\there", "tab\there")],
)
def test_control_characters_are_dropped(typed, kept):
    form = ExampleForm({"name": "Anna", "note": typed, "unit": "a", "way": "x"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["note"] == kept


@pytest.mark.parametrize("typed", ["nul\x00", "over\u202eride", "isolate\u2067"])
def test_what_hides_in_text_is_refused(typed):
    form = ExampleForm({"name": typed, "unit": "a", "way": "x"})
    assert list(form.errors) == ["name"]


def test_a_field_of_one_line_keeps_one_line():
    form = ExampleForm({"name": "Anna\r\nBcc: all@x.example\tb", "unit": "a", "way": "x"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["name"] == "Anna Bcc: all@x.example b"


def test_a_password_is_taken_as_it_is():
    class SecretForm(UiForm):
        secret = forms.CharField(strip=False, widget=forms.PasswordInput)

    form = SecretForm({"secret": "a\tb\x07\u202e "})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["secret"] == "a\tb\x07\u202e "


class Tags(HTMLParser):
    """Collects tags, attributes in any order, and words."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self.found.append(tag)

    def handle_data(self, data):
        if data.strip():
            self.found.append(data.strip())


@pytest.mark.parametrize("chosen", ["", "b", "2", '"><script>'])
def test_a_drop_down_is_drawn_as_django_draws_it(chosen):
    select = forms.Select(
        attrs={"required": True, "disabled": False, "data-x": '"<&'},
        choices=[
            ("", "All <b>"),
            ("Grupa & co", [("a", "A"), ("b", "B")]),
            (2, "Two"),
            ('"><script>', "x"),
        ],
    )
    ours = select.render("unit", chosen, renderer=UiForm().renderer)
    theirs = select.render("unit", chosen, renderer=DjangoTemplates())
    assert Tags(ours).found == Tags(theirs).found
    assert "<script>" not in ours
