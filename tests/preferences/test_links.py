"""Links and header lines: where they lead, how long, and that no name can break a header."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from preferences import links, tokens
from preferences.addresses import canonical
from preferences.models import SubscriptionType
from preferences.values import Channel
from tests.factories import TypeFactory, UnitFactory
from tests.preferences.kernel import DAY, MINUTE, NOW, address

pytestmark = pytest.mark.django_db
EMAIL = "ada@fernmoor.example"
SECOND = timedelta(seconds=1)


@pytest.fixture
def kind():
    unit = UnitFactory(name="Larkhill Stays", slug="larkhill")
    return TypeFactory(name="Last-minute breaks", business_unit=unit)


def made(kind: SubscriptionType):
    return links.links_for(address_id=address(EMAIL), subscription_type=kind, now=NOW)


def token_of(url: str | None) -> str:
    assert url is not None
    return url.rstrip("/").rpartition("/")[2]


def parsed(kind: SubscriptionType):
    """Return the header fields as a mail program reads them."""
    headers = made(kind).headers
    assert headers is not None
    return message_from_bytes(headers.lines().encode("ascii") + b"\r\n", policy=policy.SMTP)


def test_the_links_open_what_they_name(kind):
    made_links = made(kind)
    unit_id = kind.business_unit_id
    single = links.read_unsubscribe(token_of(made_links.unsubscribe))
    assert single == tokens.Unsubscribe(address(EMAIL), unit_id, kind.pk)
    everything = links.read_unsubscribe(token_of(made_links.unsubscribe_all))
    assert everything == tokens.Unsubscribe(address(EMAIL), unit_id)
    page = links.read_preferences(token_of(made_links.preferences))
    assert page == tokens.Preferences(address(EMAIL), unit_id, NOW)


def test_no_url_says_whose_it_is(kind):
    made_links = made(kind)
    text = f"{made_links}{made_links.headers and made_links.headers.lines()}"
    assert "ada" not in text
    assert str(address(EMAIL)) not in text
    assert made_links.preferences.startswith("https://prefs.fernmoor.example/p/")


def test_header_lines_are_those_of_the_rfcs(kind):
    made_links, fields = made(kind), parsed(kind)
    assert fields.keys() == ["List-Unsubscribe", "List-Unsubscribe-Post", "List-ID", "List-Help"]
    assert fields["List-Unsubscribe"] == f"<{made_links.unsubscribe}>"
    assert fields["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert fields["List-Help"] == f"<{made_links.preferences}>"
    assert fields["List-ID"] == (
        f'"Last-minute breaks | Larkhill Stays" <type-{kind.pk}.larkhill.prefs.fernmoor.example>'
    )


def test_a_list_keeps_its_id_when_its_names_change(kind):
    def identifier():
        return str(parsed(kind)["List-ID"]).rpartition("<")[2]

    before = identifier()
    kind.name = kind.business_unit.name = "Another name"
    assert identifier() == before


@pytest.mark.parametrize(
    "name",
    [
        "Offers\r\nBcc: thief@fernmoor.example",
        "Offers\nBcc: thief@fernmoor.example",
        "Offers\x00\x0b\x85\u2028Bcc: thief@fernmoor.example",
        'Offers" <other.list> "',
        "Offers \\",
        "Zażółć gęślą jaźń, i to bardzo długo, aż linia się skończy i zacznie się następna",
        "=?utf-8?q?=0D=0ABcc=3A_thief?=",
        "特価" * 30,
        "x" * 120,
    ],
)
def test_no_name_breaks_a_header(kind, name):
    kind.name = kind.business_unit.name = name
    fields = parsed(kind)
    assert len(fields.keys()) == 4
    assert fields["Bcc"] is None
    assert str(fields["List-ID"]).endswith(f"<type-{kind.pk}.larkhill.prefs.fernmoor.example>")
    assert not fields.defects
    headers = made(kind).headers
    assert headers is not None
    for line in headers.lines().split("\r\n"):
        assert len(line) <= links.LONGEST_LINE
        assert line.isascii()
        assert "\n" not in line


def test_a_name_in_other_letters_is_read_as_it_was_written(kind):
    kind.name, kind.business_unit.name = "Wieści z ogrodu", "Zielona Łąka"
    assert str(parsed(kind)["List-ID"]).startswith("Wieści z ogrodu | Zielona Łąka <")


@pytest.mark.parametrize("fields", [{"is_internal": True}, {"kind": "service"}])
def test_internal_and_service_types_get_no_header_and_no_link_of_their_own(kind, fields):
    for name, value in fields.items():
        setattr(kind, name, value)
    made_links = made(kind)
    assert made_links.headers is None
    assert made_links.unsubscribe is None


def test_a_preference_link_lives_thirty_days(kind, settings):
    link = links.read_preferences(token_of(made(kind).preferences))
    assert link is not None
    assert links.is_alive(link, now=NOW + 30 * DAY)
    assert not links.is_alive(link, now=NOW + 30 * DAY + SECOND)
    settings.PREFERENCE_LINK_DAYS = 1
    assert not links.is_alive(link, now=NOW + 2 * DAY)


def test_a_confirmation_lives_seven_days():
    token = token_of(links.confirm_link(address_id=1, event_id=2, now=NOW))
    link = links.read_confirm(token)
    assert link == tokens.Confirm(1, 2, NOW)
    assert links.is_alive(link, now=NOW + 7 * DAY)
    assert not links.is_alive(link, now=NOW + 7 * DAY + SECOND)


def test_an_undo_lives_a_day():
    token = links.undo_token(address_id=1, event_id=2, now=NOW)
    assert links.read_undo(token, now=NOW + DAY) == tokens.Undo(1, 2, NOW)
    assert links.read_undo(token, now=NOW + DAY + SECOND) is None


def test_revoking_kills_preference_links_and_no_unsubscribe_link(kind):
    old, ours = made(kind), address(EMAIL)
    links.revoke_preference_links(address_id=ours, now=NOW + MINUTE)
    link = links.read_preferences(token_of(old.preferences))
    assert link is not None
    assert not links.is_alive(link, now=NOW + MINUTE)
    assert links.read_unsubscribe(token_of(old.unsubscribe)) is not None
    later = links.preference_link(address_id=ours, unit_id=1, now=NOW + 2 * MINUTE)
    newer = links.read_preferences(token_of(later))
    assert newer is not None
    assert links.is_alive(newer, now=NOW + 2 * MINUTE)
    links.revoke_preference_links(address_id=ours, now=NOW + 3 * MINUTE)
    assert not links.is_alive(newer, now=NOW + 3 * MINUTE)


# --- the command ---


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command("links", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_prints_the_links_of_every_type_of_the_channel(kind):
    TypeFactory(name="Texts", offered_on_email=False, offered_on_sms=True)
    address(EMAIL)
    text = printed(EMAIL)
    assert "Last-minute breaks" in text
    assert "Texts" not in text
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in text
    for line in text.splitlines():
        if line.startswith("  unsubscribe  "):
            assert links.read_unsubscribe(token_of(line)) is not None


def test_the_command_takes_one_type_by_number_or_name_and_phones_have_no_headers(kind):
    texts = TypeFactory(name="Texts", offered_on_email=False, offered_on_sms=True)
    number = canonical(Channel.SMS, "+44 7700 900142")
    address(number, Channel.SMS)
    assert printed(number, "--channel", "SMS").count("unsubscribe all") == 1
    by_name = printed(number, "--channel", "SMS", "--type", "Texts")
    assert f"(type {texts.pk})" in by_name
    assert "List-" not in by_name
    assert f"(type {kind.pk})" in printed(number, "--channel", "SMS", "--type", str(kind.pk))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nobody@fernmoor.example",), "Nobody has this address"),
        (("no address",), "@ sign"),
        ((EMAIL, "--type", "99999"), "no subscription type"),
    ],
)
def test_the_command_says_what_it_did_not_find(kind, arguments, words):
    address(EMAIL)
    with pytest.raises(CommandError, match=words):
        printed(*arguments)


def test_the_command_revokes(kind):
    printed_before = made(kind).preferences
    printed(EMAIL, "--revoke")
    link = links.read_preferences(token_of(printed_before))
    assert link is not None
    assert not links.is_alive(link, now=datetime.now(UTC))
