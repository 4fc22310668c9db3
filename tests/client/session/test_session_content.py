"""Records, their one encoding and their padding."""

from __future__ import annotations

import json
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.errors import BadInput
from energy_trading.session import Accept, Content, PriceProposal, Reject, Text, UnknownContent
from energy_trading.session.content import BUCKETS, MAX_CONTENT, decode, encode, pad, unpad
from energy_trading.types import MAX_UNITS
from tests.client.session_actors import talk

U64 = 2**64 - 1
CONTENTS = st.one_of(
    st.builds(PriceProposal, st.integers(0, 2**256 - 1), st.integers(1, MAX_UNITS), st.integers(1, U64)),
    st.builds(Accept, st.binary(min_size=32, max_size=32)),
    st.builds(Reject, st.binary(min_size=32, max_size=32)),
    st.builds(Text, st.text(max_size=300)),
)


@settings(max_examples=150)
@given(CONTENTS)
def test_encoding_is_one_to_one(content: Content) -> None:
    """C-6: what is written is read, as the same record; padding takes nothing away."""
    data = encode(content)
    assert decode(data) == content
    assert type(decode(data)) is type(content)
    assert unpad(pad(data)) == data
    assert len(pad(data)) in BUCKETS


def test_encoding_is_the_documented_one() -> None:
    """C-6: sorted keys, no spaces, UTF-8; a proposal's hash is SHA-256 of these bytes."""
    proposal = PriceProposal(7, 1200, 1_780_000_600)
    data = b'{"lot":7,"price":1200,"type":"PriceProposal","validUntil":1780000600}'
    assert encode(proposal) == data
    assert proposal.hash == sha256(data).digest()
    assert encode(Accept(bytes(32))) == b'{"proposal":"0x' + b"00" * 32 + b'","type":"Accept"}'
    assert encode(Text("ü")) == '{"text":"ü","type":"Text"}'.encode()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"x", "content is not JSON (1 characters)"),
        (b"\xff\xfe", "content is not JSON (2 characters)"),
        (b"[]", "a record must be a JSON object, not a JSON list"),
        (b" " * 4095, "a record must have at most 4094 bytes, not 4095"),
        (
            b'{"text":"a", "type":"Text"}',
            "a Text must be encoded with sorted keys and without spaces",
        ),
        (
            b'{"type":"Text","text":"a"}',
            "a Text must be encoded with sorted keys and without spaces",
        ),
        (
            b'{"text":"b","text":"a","type":"Text"}',
            "a Text must be encoded with sorted keys and without spaces",
        ),
        (b'{"text":7,"type":"Text"}', "the text must be a string, not a JSON int"),
        (b'{"text":"\\ud800","type":"Text"}', "the text has a lone surrogate, which UTF-8 cannot encode"),
        (b'{"type":"Text"}', "text must have the keys ['text'], not []"),
        (b'{"proposal":"0x00","type":"Accept"}', "the hash of a proposal must have 32 bytes, not 1"),
        (
            b'{"lot":7,"price":true,"type":"PriceProposal","validUntil":9}',
            "price must be an integer, not a bool",
        ),
        (
            b'{"lot":7,"price":1.5,"type":"PriceProposal","validUntil":9}',
            "price must be an integer, not a float",
        ),
        (
            b'{"lot":7,"price":0,"type":"PriceProposal","validUntil":9}',
            f"price must be between 1 and {MAX_UNITS}, not 0",
        ),
        (
            b'{"lot":-1,"price":1,"type":"PriceProposal","validUntil":9}',
            "lot must be between 0 and 2**256-1, not -1",
        ),
        (
            b'{"lot":1,"price":1,"type":"PriceProposal","validUntil":18446744073709551616}',
            f"validUntil must be between 1 and {U64}, not {2**64}",
        ),
    ],
)
def test_revert_given_another_encoding(data: bytes, text: str) -> None:
    """C-6: what `encode` never writes is refused, and the error does not repeat it."""
    with pytest.raises(BadInput) as error:
        decode(data)
    assert str(error.value) == text


def test_revert_given_deep_nesting() -> None:
    """C-6: brackets without end do not break the reader's stack."""
    with pytest.raises(BadInput) as error:
        decode(b"[" * 4000)
    assert str(error.value) == "content is JSON nested deeper than 100 levels"


@pytest.mark.parametrize("kind", [b'"Permit"', b'"_Reply"', b"null", b"[]", b'"text"'])
def test_revert_given_unknown_type(kind: bytes) -> None:
    """C-6: a record of a later version is a typed error."""
    with pytest.raises(UnknownContent) as error:
        decode(b'{"text":"a","type":' + kind + b"}")
    assert str(error.value) == "the type of a record must be one of Accept, PriceProposal, Reject, Text"


@settings(max_examples=150)
@given(
    st.one_of(
        st.binary(max_size=80), st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists)
    )
)
def test_nothing_else_than_bad_input_comes_of_junk(junk: object) -> None:
    """C-6: an authenticated peer can send any bytes, and gets no other error out of us."""
    data = junk if isinstance(junk, bytes) else json.dumps({"type": "Text", "text": junk}).encode()
    try:
        content = decode(data)
    except BadInput:
        return
    assert encode(content) == data


def test_lengths_tell_the_bucket_only() -> None:
    """C-6: all short records have one size on the wire."""
    one, _ = talk()
    proposal = PriceProposal(7, MAX_UNITS, U64)
    short = (proposal, Accept(proposal.hash), Reject(proposal.hash), Text(""), Text("x" * 200))
    sizes = {len(one.seal(content)) for content in short}
    assert sizes == {18 + 68 + BUCKETS[0]}
    assert len(one.seal(Text("x" * 300))) == 18 + 68 + BUCKETS[1]
    assert len(one.seal(Text("x" * 4000))) == 18 + 68 + BUCKETS[2]


def test_revert_given_too_long() -> None:
    """C-6: size is limited in the record, in its encoding and in the padding."""
    with pytest.raises(BadInput) as error:
        Text("ü" * 2001)
    assert str(error.value) == "the text must have at most 4000 bytes of UTF-8, not 4002"
    with pytest.raises(BadInput) as error:
        encode(Text('"' * 3000))
    assert str(error.value) == "a record must have at most 4094 bytes, not 6025"
    with pytest.raises(BadInput) as error:
        pad(bytes(MAX_CONTENT + 1))
    assert str(error.value) == "a record must have at most 4094 bytes, not 4095"


@pytest.mark.parametrize(
    "padded",
    [
        b"",
        bytes(255),
        bytes(255) + b"\1",
        b"\0\1a" + bytes(252),
        b"\0\1a".ljust(1024, b"\0"),
        b"\xff\xff".ljust(4096, b"\0"),
        b"\1\0".ljust(256, b"a"),
    ],
)
def test_revert_given_another_padding(padded: bytes) -> None:
    """C-6: padding has one form: smallest bucket, zeros."""
    with pytest.raises(BadInput) as error:
        unpad(padded)
    assert str(error.value) == (
        "a padded record must have the smallest size of (256, 1024, 4096) that fits and end in zeros"
    )
