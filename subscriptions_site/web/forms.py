"""Forms in the markup of the design: label, hint, control, error; and text that hides nothing."""

import re
import unicodedata
from collections.abc import Callable
from html import escape
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.renderers import TemplatesSetting
from django.forms.utils import flatatt
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

# Characters that reorder the text around them, so that it reads as something it is not.
DIRECTION_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")
LINE_ENDS = re.compile(r"\r\n?")

CSS_CLASSES: tuple[tuple[type[forms.Widget], str], ...] = (
    (forms.CheckboxSelectMultiple, ""),
    (forms.RadioSelect, ""),
    (forms.CheckboxInput, ""),
    (forms.Select, "select"),
    (forms.HiddenInput, ""),
    (forms.Textarea, "input"),
    (forms.widgets.Input, "input"),
)


class UiRenderer(TemplatesSetting):
    """Draws {{ form }} and {{ field.as_field_group }} with our templates."""

    form_template_name = "_ui/form.html"
    field_template_name = "_ui/field.html"

    def render(
        self,
        template_name: str,
        context: dict[str, Any],
        request: HttpRequest | None = None,
    ) -> SafeString:
        """Draw one template; drop-downs without one, which takes two templates an option."""
        if template_name == forms.Select.template_name:
            return _draw_select(context["widget"])
        return SafeString(super().render(template_name, context, request))


def _draw_select(widget: dict[str, Any]) -> SafeString:
    """Draw what Django's widgets/select.html draws."""
    parts: list[str] = []
    for group_name, options, _index in widget["optgroups"]:
        if group_name:
            parts.append(f'<optgroup label="{escape(str(group_name))}">')
        parts += [_draw_option(option) for option in options]
        if group_name:
            parts.append("</optgroup>")
    body, attributes = "\n".join(parts), flatatt(widget["attrs"])
    return SafeString(f'<select name="{escape(widget["name"])}"{attributes}>\n{body}\n</select>')


def _draw_option(option: dict[str, Any]) -> str:
    attributes = flatatt(option["attrs"]) if option["attrs"] else ""
    value, label = escape(str(option["value"])), escape(str(option["label"]))
    return f'<option value="{value}"{attributes}>{label}</option>'


def clean_text(value: str) -> str:
    """Return the text without control characters, its line ends as "\\n".

    Raises ValidationError for NUL and for characters that override the direction of text: these
    are never typed by accident, so nothing is guessed about what was meant.
    """
    if "\x00" in value:
        raise ValidationError(_("Remove the null character from this text."), code="null")
    if DIRECTION_OVERRIDES.search(value):
        raise ValidationError(
            _("Remove the hidden characters that change the direction of this text."),
            code="direction_override",
        )
    lines = LINE_ENDS.sub("\n", value)
    return "".join(c for c in lines if c in "\n\t" or unicodedata.category(c) != "Cc")


class UiFormMixin(forms.BaseForm):
    """A form in our markup whose text fields are cleaned of what cannot be seen."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            _style(field.widget)
            is_text = isinstance(field, forms.CharField)
            if is_text and not isinstance(field.widget, forms.PasswordInput):
                is_one_line = not isinstance(field.widget, forms.Textarea)
                clean = _cleaned(field.to_python, is_one_line=is_one_line)
                field.to_python = clean  # type: ignore[method-assign, assignment]


class UiForm(UiFormMixin, forms.Form):
    """The base of our plain forms."""


class UiModelForm(UiFormMixin, forms.ModelForm):
    """The base of our forms for one row."""


def _style(widget: forms.Widget) -> None:
    css_class = next((name for kind, name in CSS_CLASSES if isinstance(widget, kind)), "")
    given = widget.attrs.get("class", "")
    if css_class and css_class not in given.split():
        widget.attrs["class"] = f"{css_class} {given}".strip()


def _cleaned(to_python: Callable[[Any], Any], *, is_one_line: bool) -> Callable[[Any], Any]:
    """Clean what is typed first; one line stays one, also when no browser's field saw to it."""

    def cleaned(value: Any) -> Any:
        if not isinstance(value, str):
            return to_python(value)
        text = clean_text(value)
        return to_python(re.sub(r"[\n\t]", " ", text) if is_one_line else text)

    return cleaned
