"""Keys of documents: safe everywhere, one for each id."""

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from pdfbatch.common.output_names import MAX_KEY_BYTES, document_id, output_key

HOSTILE = [
    *("", ".", "..", "...", "../../etc/passwd", "/etc/passwd", "a/b", "a\\b", "..\\x", "a\0b", "a\nb", "~", "-rf", " "),
    *("con", "CON", "nul.txt", "com1", "lpt9.x", "aux", "prn", "a.", "a ", ".hidden", "report", "failures", "=h", "=_"),
    *(
        "%2e%2e",
        "x" * 195,
        "x" * 196,
        "X" * 100,
        "é" * 500,
        "\udc80",
        "C:x",
        "a:b",
        "a*b?",
        "file://x",
        "=2e",
        "\u202e",
    ),
]
ids = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="aA.=-_/\\é", max_size=12),
    st.text(alphabet=st.characters(), min_size=150, max_size=400),
    st.sampled_from(HOSTILE),
)


def test_a_lower_case_uuid_is_its_own_key() -> None:
    assert output_key("88543f8c-32bd-5a9f-93ac-70443bdfb9a9") == "88543f8c-32bd-5a9f-93ac-70443bdfb9a9"


@given(ids)
def test_a_key_holds_safe_signs_only_and_fits_with_its_suffix(identity: str) -> None:
    key = output_key(identity)
    assert re.fullmatch(r"[a-z0-9_=][a-z0-9_.=-]*", key)
    assert not key.endswith(".")
    assert len(key) <= MAX_KEY_BYTES
    assert len(f"{key}.json") <= 200


@given(ids)
def test_a_key_tells_its_id_or_only_its_hash(identity: str) -> None:
    assert document_id(output_key(identity)) == identity or "=h" in output_key(identity)


@given(ids, ids)
def test_two_ids_never_share_a_key(one: str, other: str) -> None:
    assert (output_key(one) == output_key(other)) == (one == other)


def test_hostile_ids_have_keys_that_differ_even_without_case() -> None:
    keys = {output_key(identity).casefold() for identity in HOSTILE}
    assert len(keys) == len(HOSTILE)


def test_ids_that_differ_in_case_or_composition_have_different_keys() -> None:
    composed, decomposed = (unicodedata.normalize(form, "Müller") for form in ("NFC", "NFD"))
    assert len({output_key(name).casefold() for name in (composed, decomposed, composed.upper(), "muller")}) == 4


def test_no_key_is_a_name_that_windows_keeps_for_a_device() -> None:
    devices = ["con", "prn", "aux", "nul", "com1", "com9", "lpt1", "con.tar.gz", "CON"]
    stems = {output_key(name).partition(".")[0] for name in devices}
    assert not stems & {"con", "prn", "aux", "nul", "com1", "com9", "lpt1"}


def test_no_document_overwrites_the_report_of_its_batch() -> None:
    assert f"{output_key('report')}.json" != "report.json"
    assert f"{output_key('failures')}.jsonl" != "failures.jsonl"


def test_long_ids_that_begin_alike_have_different_keys() -> None:
    assert output_key("a" * 300) != output_key("a" * 301)
    assert output_key("a" * 300).startswith("aaaa")


def test_what_is_no_key_has_no_id() -> None:
    assert [document_id(name) for name in ("A", "a b", "=zz", "=41=", ".x", "é", output_key("x" * 300))] == [None] * 7
