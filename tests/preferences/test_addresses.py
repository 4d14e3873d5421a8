"""What equals what: canonical e-mail addresses and phone numbers, their keys, and their masks."""

import hmac
import string
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from preferences.addresses import (
    _PLAIN_EMAIL,
    MESSAGES,
    InvalidAddress,
    _canonical_email_carefully,
    address_key,
    canonical,
    canonical_email,
    canonical_phone,
    mask,
    spaced,
)
from preferences.values import Channel

SECRET = b"a secret for tests"


def code_of(function, *arguments):
    with pytest.raises(InvalidAddress) as caught:
        function(*arguments)
    assert str(caught.value) == MESSAGES[caught.value.code]
    return caught.value.code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jan@firma.example", "jan@firma.example"),
        ("  JAN@Firma.EXAMPLE\r\n", "jan@firma.example"),
        ("\u00a0jan@firma.test\u3000", "jan@firma.test"),
        ("j.a.n+news@googlemail.com", "j.a.n+news@googlemail.com"),
        ("O'Rourke!#$%&*/=?^_`{|}~-@a-b.co", "o'rourke!#$%&*/=?^_`{|}~-@a-b.co"),
        ("x" * 64 + "@firma.example", "x" * 64 + "@firma.example"),
        # Other letters before the @ sign: lower case, never transliterated or folded.
        ("Żółć@firma.example", "żółć@firma.example"),
        ("Z\u0307o\u0301ł\u0107@firma.example", "żółć@firma.example"),
        ("STRAßE@firma.example", "straße@firma.example"),
        ("strasse@firma.example", "strasse@firma.example"),
        ("ıbrahim@firma.example", "ıbrahim@firma.example"),
        ("IBRAHIM@firma.example", "ibrahim@firma.example"),
        ("İbrahim@firma.example", "i\u0307brahim@firma.example"),
        ("\ufb01n@firma.example", "\ufb01n@firma.example"),  # The ligature stays: NFC, not NFKC.
        ("用户@firma.example", "用户@firma.example"),
        # One domain in all its spellings.
        ("jan@BÜCHER.example", "jan@xn--bcher-kva.example"),
        ("jan@bücher.example", "jan@xn--bcher-kva.example"),
        ("jan@bu\u0308cher.example", "jan@xn--bcher-kva.example"),
        ("jan@XN--BCHER-KVA.example", "jan@xn--bcher-kva.example"),
        ("jan@bücher。example", "jan@xn--bcher-kva.example"),
        ("jan@ｆｉｒｍａ.example", "jan@firma.example"),
        ("jan@straße.example", "jan@xn--strae-oqa.example"),
        ("jan@strasse.example", "jan@strasse.example"),
        ("jan@łódź.example", "jan@xn--d-uga0v4h.example"),
        # The quoted form is kept as it is.
        ('"Jan Kowalski"@firma.example', '"jan kowalski"@firma.example'),
        ('"jan@home"@firma.example', '"jan@home"@firma.example'),
        ('"<jan>(x)"@firma.example', '"<jan>(x)"@firma.example'),
        ('"jan"@firma.example', '"jan"@firma.example'),
    ],
)
def test_canonical_email(text, expected):
    assert canonical_email(text) == expected
    assert canonical_email(expected) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \t\n", "empty"),
        ("not an address", "no_at"),
        ("jan＠firma.example", "no_at"),
        ("jan\0@firma.example", "control_character"),
        ("jan@firma.example\r\nBcc: x@y.example", "control_character"),
        ('"jan\tk"@firma.example', "control_character"),
        ("jan\u2028@firma.example", "control_character"),
        ("zero\u200bwidth@firma.example", "invisible_character"),
        ("jan@fir\u200dma.example", "invisible_character"),
        ("jan@fir\u00adma.example", "invisible_character"),
        ("\ufeffjan@firma.example", "invisible_character"),
        ("\u202ejan@firma.example", "invisible_character"),
        ("jan\u2066@firma.example", "invisible_character"),
        ("jan\u3164@firma.example", "invisible_character"),
        ("jan\ud800@firma.example", "invisible_character"),
        ("jan\ue000@firma.example", "invisible_character"),
        ("Jan Kowalski <jan.k@poczta.example>", "display_name"),
        ('"Jan Kowalski" <jan.k@poczta.example>', "display_name"),
        ("<jan@firma.example>", "display_name"),
        ("jan(home)@firma.example", "comment"),
        ("jan@firma.example (home)", "comment"),
        ("jan@[192.0.2.1]", "address_literal"),
        ("jan@[IPv6:2001:db8::1]", "address_literal"),
        ("jan@", "domain"),
        ("jan@localhost", "domain"),
        ("jan@firma.example.", "domain"),
        ("jan@bücher.example。", "domain"),
        ("jan@.firma.example", "domain"),
        ("jan@firma..example", "domain"),
        ("jan@-firma.example", "domain"),
        ("jan@firma-.example", "domain"),
        ("jan@ab--cd.example", "domain"),
        ("jan@fir_ma.example", "domain"),
        ("jan@192.0.2.1", "domain"),
        ("jan@" + "x" * 64 + ".example", "domain"),
        ("jan@xn--zzzzzz.example", "domain"),
        ("jan@☕.example", "domain"),
        ("jan@fir ma.example", "domain"),
        ("@firma.example", "local_part"),
        (".jan@firma.example", "local_part"),
        ("jan.@firma.example", "local_part"),
        ("a..b@example.com", "local_part"),
        ("jan kowalski@firma.example", "local_part"),
        ("jan@home@firma.example", "local_part"),
        ("a@firma.example,b@firma.example", "local_part"),
        ("mailto:jan@firma.example", "local_part"),
        ('"@firma.example', "local_part"),
        ('"a"b"@firma.example', "local_part"),
        ("\u0301jan@firma.example", "local_part"),
        ("x" * 65 + "@firma.example", "local_too_long"),
        ("ż" * 33 + "@firma.example", "local_too_long"),  # 66 octets
        ("İ" * 30 + "@firma.example", "local_too_long"),  # 60 octets, 90 in lower case
        ("x" * 64 + "@" + ".".join(["y" * 60] * 3) + ".example", "too_long"),
    ],
)
def test_canonical_email_refuses(text, code):
    assert code_of(canonical_email, text) == code


def test_canonical_email_limits_are_exact():
    longest = "x" * 64 + "@" + ".".join(["y" * 60] * 3) + ".exampl"
    assert len(longest) == 254
    assert canonical_email(longest) == longest
    assert code_of(canonical_email, "x" + longest) == "local_too_long"
    assert code_of(canonical_email, longest + "e") == "too_long"


def carefully(text):
    try:
        return _canonical_email_carefully(text.strip())
    except InvalidAddress:
        return None


def at_most(count, characters):
    return st.text(characters, min_size=0, max_size=count)


ATEXT = string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-"
addresses_of_any_quality = st.builds(
    "{}@{}".format,
    at_most(70, ATEXT + '.. "@('),
    at_most(80, string.ascii_letters + string.digits + "--....xn_"),
)
good_addresses = st.builds(
    "{}@{}".format,
    st.lists(st.text(ATEXT, min_size=1, max_size=20), min_size=1, max_size=4).map(".".join),
    st.lists(
        st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?", fullmatch=True),
        min_size=1,
        max_size=5,
    ).map(".".join),
)


@given(addresses_of_any_quality | good_addresses | st.text(st.characters(max_codepoint=127)))
@example("a@b.1a")
@example("a@xn--a.example")
@example("a@b.example\n")
def test_both_ways_of_reading_agree_on_ascii(text):
    """The careful way takes what the short one takes, and beyond it only quotes and A-labels."""
    careful = carefully(text)
    if _PLAIN_EMAIL.fullmatch(text.strip()):
        assert careful == text.strip().lower()
    elif careful is not None:
        assert '"' in careful or "xn--" in careful


@given(
    st.text()
    | good_addresses
    | st.builds("{}@{}.example".format, st.text(min_size=1), st.text(min_size=1))
)
@example("İ@bücher.example")
@example("ΑΣ@bücher.example")
def test_canonical_email_twice_is_once(text):
    try:
        once = canonical_email(text)
    except InvalidAddress:
        return
    assert canonical_email(once) == once


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("+48 702 766 149", None, "+48702766149"),
        ("\u202a+48 702\u00a0766\u2011149\u202c", None, "+48702766149"),
        ("＋48 702 766 149", None, "+48702766149"),
        ("+٤٨ ٧٠٢ ٧٦٦ ١٤٩", None, "+48702766149"),
        ("0048 702766149", None, "+48702766149"),
        ("0048 702766149", "PL", "+48702766149"),
        ("011 48 702 766 149", "US", "+48702766149"),
        ("702 766 149", "PL", "+48702766149"),
        ("702 766 149", "pl", "+48702766149"),
        ("07700 900123", "GB", "+447700900123"),
        ("+44 (0)7700 900123", None, "+447700900123"),
        ("+447700900123", "PL", "+447700900123"),  # Possible though reserved, so never valid.
        ("+49 1512 3450001", None, "+4915123450001"),
        ("06 1234 5678", "IT", "+390612345678"),  # The Italian leading zero stays.
    ],
)
def test_canonical_phone(text, region, expected):
    assert canonical_phone(text, region) == expected
    assert canonical_phone(expected, None) == expected


@pytest.mark.parametrize(
    ("text", "region", "code"),
    [
        ("", None, "empty"),
        (" \u200e ", None, "empty"),
        ("+48 702\x00766149", None, "control_character"),
        ("n/a", None, "not_a_number"),
        ("1-800-FLOWERS", "US", "not_a_number"),
        ("+48 702 766 149 +48 605 608 796", None, "not_a_number"),
        ("48702766149@c.us", None, "not_a_number"),
        ("--", "PL", "not_a_number"),
        ("07700 900123", None, "no_region"),
        ("07700 900123", "ZZ", "no_region"),
        ("702766149", None, "no_region"),
        ("+48 22 123 45 67 ext. 12", None, "extension"),
        ("+48 22 123 45 67 wew. 12", None, "extension"),
        ("+48 22 123 45 67 x12", None, "extension"),
        ("+48 22 123 45 67;ext=12", None, "extension"),
        ("+48 22 123 45 67 #12", None, "extension"),
        ("+48 12", None, "not_possible"),
        ("+48 1", None, "not_possible"),
        ("12", "PL", "not_possible"),
        ("+999 123 456 789", None, "not_possible"),
        ("+52 1 55 1234 5678", None, "not_possible"),
        ("555 1234", "US", "not_possible"),  # Without its area code it rings only in its own town.
        ("+49 1512 345 000 123 456", None, "too_many_digits"),
        ("+48 702 766 149 702 766 149 702", None, "too_many_digits"),
        ("702 766 149 / 605 608 796", "PL", "too_many_digits"),
    ],
)
def test_canonical_phone_refuses(text, region, code):
    assert code_of(canonical_phone, text, region) == code


@given(
    st.text("0123456789+ ()-", max_size=20), st.sampled_from([None, "PL", "DE", "US", "IT", "AR"])
)
def test_canonical_phone_twice_is_once(text, region):
    try:
        once = canonical_phone(text, region)
    except InvalidAddress:
        return
    assert once.startswith("+")
    assert 1 <= len(once[1:]) <= 15
    assert canonical_phone(once, None) == once


def test_canonical_goes_by_channel():
    assert canonical(Channel.EMAIL, "Jan@Firma.example", "PL") == "jan@firma.example"
    assert canonical(Channel.SMS, "702 766 149", "PL") == "+48702766149"
    assert canonical(Channel.WHATSAPP, "+48 702 766 149") == "+48702766149"


def test_whatsapp_takes_a_business_scoped_user_id_as_it_is():
    assert canonical(Channel.WHATSAPP, " US.13491208655302741918 ") == "US.13491208655302741918"
    assert canonical(Channel.WHATSAPP, "US.ENT.aBc123") == "US.ENT.aBc123"
    assert code_of(canonical, Channel.WHATSAPP, "us.13491208655302741918") == "not_a_number"
    assert code_of(canonical, Channel.WHATSAPP, "US." + "1" * 129) == "not_a_number"
    assert code_of(canonical, Channel.SMS, "US.13491208655302741918") == "not_a_number"


def test_address_key_is_the_keyed_hash_of_channel_and_canonical_form():
    key = address_key(Channel.SMS, "+48702766149", secret=SECRET)
    assert key.digest == hmac.new(SECRET, b"SMS\0+48702766149", sha256).digest()
    assert key.id == int.from_bytes(key.digest[:8]) >> 1


def test_address_key_tells_channels_and_secrets_apart():
    keys = {
        address_key(channel, "+48702766149", secret=secret)
        for channel in (Channel.SMS, Channel.WHATSAPP)
        for secret in (SECRET, b"another")
    }
    assert len({key.id for key in keys}) == len({key.digest for key in keys}) == 4


def test_address_key_moves_its_id_with_each_probe_and_keeps_its_digest():
    keys = [
        address_key(Channel.EMAIL, "jan@firma.example", secret=SECRET, probe=probe)
        for probe in range(256)
    ]
    assert len({key.digest for key in keys}) == 1
    assert len({key.id for key in keys}) == 256


@given(st.text(st.characters(exclude_categories=["Cs"])), st.integers(0, 255))
def test_address_key_ids_fit_a_signed_64_bit_column(text, probe):
    assert 0 < address_key(Channel.EMAIL, text, secret=SECRET, probe=probe).id < 2**63


@pytest.mark.parametrize(
    ("channel", "address", "expected"),
    [
        (Channel.EMAIL, "amara@okafor.example", "a•••@okafor.example"),
        (Channel.EMAIL, "a@okafor.example", "a•••@okafor.example"),
        (Channel.EMAIL, '"x@y"@okafor.example', '"•••@okafor.example'),
        (Channel.EMAIL, "jan@xn--bcher-kva.example", "j•••@bücher.example"),
        (Channel.SMS, "+447700900142", "+44•••••142"),
        (Channel.WHATSAPP, "+48702766149", "+48•••••149"),
        (Channel.WHATSAPP, "US.13491208655302741918", "US.•••••918"),
    ],
)
def test_mask(channel, address, expected):
    assert mask(channel, address) == expected


@pytest.mark.parametrize(
    ("canonical_form", "shown"),
    [
        ("+447700900142", "+44 7700 900142"),
        ("+48605608796", "+48 605 608 796"),
        ("amara@okafor.example", "amara@okafor.example"),
        ("GB.1234567890", "GB.1234567890"),
        ("+999123", "+999123"),
        ("", ""),
    ],
)
def test_staff_read_phone_numbers_in_groups(canonical_form, shown):
    assert spaced(canonical_form) == shown
