"""Threshold keys: shares, deals, complaints."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.crypto import _dleq as dleq
from energy_trading.crypto import ecies, threshold
from energy_trading.crypto._curve import GENERATOR, add, multiply, negate
from energy_trading.crypto.keys import SECP256K1_N as N
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.threshold import (
    Ceremony,
    Commitments,
    Complaint,
    Deal,
    DealRefused,
    GroupKey,
    SealedShare,
    Share,
    ShareForged,
    ShareRefused,
    TooFewDealers,
    TooFewShares,
    check_deal,
    combine,
    complain,
    deal,
    is_justified,
    open_share,
    reconstruct,
    share_of,
)
from energy_trading.errors import BadInput

KEYS = [SecretKey.from_int(100 + i) for i in range(1, 8)]
OUTSIDER_KEY = SecretKey.from_int(99)
SECRET = SecretKey.from_int(0x5EC7E7)


def ceremony(t: int, n: int, **changes: object) -> Ceremony:
    fields = {"purpose": bytes(32), "threshold": t, "members": tuple(key.public_key for key in KEYS[:n])}
    return Ceremony(**fields | changes)  # type: ignore[arg-type]


def with_outsider(t: int, n: int) -> Ceremony:
    return ceremony(t, n, outsider=OUTSIDER_KEY.public_key)


def shares(group: GroupKey, deals: list[Deal]) -> list[Share]:
    return [share_of(group, deals, i, KEYS[i - 1]) for i in group.ceremony.numbers]


def joint(t: int, n: int) -> tuple[GroupKey, list[Deal]]:
    public = ceremony(t, n)
    deals = [deal(public, i) for i in public.numbers]
    return combine(public, deals, []), deals


def scalar(key: SecretKey) -> int:
    return int.from_bytes(key.reveal(), "big")


def with_wrong_share(public: Ceremony, honest: Deal, member: int, plain: bytes) -> Deal:
    """The deal with another content in one member's box, and all proofs right."""
    context, ephemeral = threshold._box_context(public, honest.dealer, member), SecretKey.generate()
    box = ecies.encrypt(public.key_of(member), plain, context, ephemeral)
    boxes = list(honest.boxes)
    boxes[member - 1] = SealedShare(box, dleq.prove(ephemeral, GENERATOR, context))
    return replace(honest, boxes=tuple(boxes))


@st.composite
def t_of_n(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(1, 6))
    return draw(st.integers(1, n)), n


@settings(max_examples=12)
@given(t_of_n(), st.integers(1, N - 1), st.randoms(use_true_random=False))
def test_any_t_shares_of_a_dealt_key_bring_it_back(
    size: tuple[int, int], secret: int, rng: random.Random
) -> None:
    """X-6 errata: with a dealer, any t of n members bring back exactly the dealt key."""
    public, key = with_outsider(*size), SecretKey.from_int(secret)
    dealt = deal(public, 0, key)
    group = combine(public, [dealt], [])
    assert group.public_key == key.public_key
    chosen = rng.sample(shares(group, [dealt]), size[0])
    found = reconstruct(group.commitments, chosen)
    assert found.secret_key.reveal() == key.reveal()
    assert (found.used, found.forged) == (tuple(sorted(share.member for share in chosen)), ())


@settings(max_examples=10)
@given(t_of_n(), st.randoms(use_true_random=False))
def test_any_t_shares_of_a_joint_key_bring_it_back(size: tuple[int, int], rng: random.Random) -> None:
    """X-6 errata: without a dealer, any two choices of t of n members bring back one and the same key."""
    group, deals = joint(*size)
    everyone = shares(group, deals)
    for _ in range(2):
        found = reconstruct(group.commitments, rng.sample(everyone, size[0]))
        assert found.secret_key.public_key == group.public_key


@settings(max_examples=10)
@given(st.integers(2, 6), st.integers(1, N - 1))
def test_fewer_than_t_shares_fit_every_secret(t: int, other: int) -> None:
    """X-6 errata: t-1 shares lie on a polynomial for any other secret: they tell nothing of this one."""
    public = with_outsider(t, t)
    dealt = deal(public, 0, SECRET)
    group = combine(public, [dealt], [])
    known = shares(group, [dealt])[: t - 1]
    with pytest.raises(TooFewShares) as error:
        reconstruct(group.commitments, known)
    members = list(range(1, t))
    assert (error.value.given, error.value.forged, error.value.threshold) == (tuple(members), (), t)
    assert str(error.value) == (
        f"right shares of {t} members are needed; those of {members} are right, those of [] are forged"
    )
    # Lagrange through (0, other) and the known shares gives the share that would make `other` the secret.
    places = [0, *members]
    values = [other, *(scalar(share.value) for share in known)]
    missing = 0
    for x, y in zip(places, values, strict=True):
        weight = 1
        for z in places:
            if z != x:
                weight = weight * (t - z) * pow(x - z, -1, N) % N
        missing += y * weight
    assert missing % N != 0
    completed = [*known, Share(t, SecretKey.from_int(missing % N))]
    total = sum(scalar(s.value) * threshold._weight(s.member, [*members, t]) for s in completed)
    assert total % N == other


def test_forged_share_is_named_and_does_no_harm() -> None:
    """X-6 errata: a forged share is set aside, its giver named, and t right ones still bring back the key."""
    group, deals = joint(3, 5)
    given = shares(group, deals)
    given[1] = Share(2, SecretKey.generate())
    found = reconstruct(group.commitments, given)
    assert found.secret_key.public_key == group.public_key
    assert (found.used, found.forged) == ((1, 3, 4), (2,))
    # Another member's right share under one's own number is a forgery too, as is a number of nobody.
    given[2] = Share(3, given[0].value)
    with pytest.raises(TooFewShares) as error:
        reconstruct(group.commitments, [*given[:4], Share(0, given[0].value)])
    assert (error.value.given, error.value.forged) == ((1, 4), (0, 2, 3))


def test_one_share_many_times_counts_once() -> None:
    """X-6 errata: t copies of a share are one share."""
    group, deals = joint(2, 3)
    share = shares(group, deals)[0]
    with pytest.raises(TooFewShares) as error:
        reconstruct(group.commitments, [share] * 5)
    assert error.value.given == (1,)


def test_share_is_checked_against_the_commitments() -> None:
    """X-6 errata: every published share can be checked by everybody."""
    group, deals = joint(2, 3)
    share = shares(group, deals)[2]
    group.commitments.check(share)
    assert group.commitments.image(3) == share.value.public_key
    with pytest.raises(ShareForged) as error:
        group.commitments.check(Share(2, share.value))
    assert error.value.member == 2
    assert str(error.value) == "the share of member 2 is not the one that was committed to"


def test_wrong_share_to_one_member_disqualifies_its_dealer() -> None:
    """X-6 errata: a dealer wrong to one member only is proved wrong to all, and the key does without."""
    public = ceremony(2, 4)
    deals = [deal(public, i) for i in public.numbers]
    deals[2] = with_wrong_share(public, deals[2], 4, SecretKey.generate().reveal())
    check_deal(public, deals[2])
    for member in (1, 2, 3):
        open_share(public, deals[2], member, KEYS[member - 1])
    with pytest.raises(ShareRefused) as error:
        open_share(public, deals[2], 4, KEYS[3])
    assert (error.value.dealer, error.value.member) == (3, 4)
    assert str(error.value) == "dealer 3 gave member 4 a wrong share"

    complaint = complain(public, deals[2], 4, KEYS[3])
    assert is_justified(public, deals[2], complaint)
    group = combine(public, deals, [complaint])
    assert (group.dealers, group.disqualified) == ((1, 2, 4), ((3, "a wrong share"),))
    # All, the disqualified one too, see one key and have right shares of it.
    assert combine(public, reversed(deals), [complaint, complaint]) == group
    everyone = shares(group, deals)
    for pair in (everyone[:2], everyone[2:]):
        assert reconstruct(group.commitments, pair).secret_key.public_key == group.public_key


@pytest.mark.parametrize(
    "plain", [bytes(32), N.to_bytes(32, "big"), b"", bytes(33)], ids=["zero", "n", "empty", "long"]
)
def test_box_without_a_scalar_is_a_wrong_share(plain: bytes) -> None:
    """X-6 errata: whatever else than the right scalar is in a box, the complaint about it is justified."""
    public = ceremony(2, 3)
    bad = with_wrong_share(public, deal(public, 1), 2, plain)
    assert is_justified(public, bad, complain(public, bad, 2, KEYS[1]))


def test_box_that_does_not_open_is_a_wrong_share() -> None:
    """X-6 errata: a box that nobody can open is as bad as a wrong share."""
    public = ceremony(2, 3)
    honest = deal(public, 1)
    sealed = honest.boxes[1]
    torn = replace(sealed, box=sealed.box[:-1] + bytes([sealed.box[-1] ^ 1]))
    bad = replace(honest, boxes=(honest.boxes[0], torn, honest.boxes[2]))
    check_deal(public, bad)
    assert is_justified(public, bad, complain(public, bad, 2, KEYS[1]))


def test_unfounded_complaint_changes_nothing() -> None:
    """X-6 errata: nobody can throw out a dealer who gave right shares."""
    public = ceremony(2, 3)
    deals = [deal(public, i) for i in public.numbers]
    about_right_share = complain(public, deals[0], 2, KEYS[1])
    with_another_point = replace(about_right_share, shared_point=KEYS[0].public_key)
    by_another = replace(about_right_share, accuser=3)
    unproved = complain(public, deals[0], 2, KEYS[2])
    by_nobody = replace(about_right_share, accuser=9)
    about_nobody = replace(about_right_share, dealer=9)
    for complaint in (about_right_share, with_another_point, by_another, unproved):
        assert not is_justified(public, deals[0], complaint)
    complaints = [about_right_share, with_another_point, by_another, unproved, by_nobody, about_nobody]
    assert combine(public, deals, complaints) == combine(public, deals, [])
    with pytest.raises(BadInput) as error:
        is_justified(public, deals[1], about_right_share)
    assert str(error.value) == "the complaint is about dealer 1, not about dealer 2"


def test_complaint_of_another_ceremony_changes_nothing() -> None:
    """X-6 errata: proofs are bound to their ceremony."""
    public, other = ceremony(2, 3), ceremony(2, 3, purpose=b"\1" * 32)
    bad = with_wrong_share(public, deal(public, 1), 2, bytes(32))
    stale = Complaint(
        2, 1, *[getattr(complain(other, bad, 2, KEYS[1]), f) for f in ("shared_point", "proof")]
    )
    assert is_justified(public, bad, complain(public, bad, 2, KEYS[1]))
    assert not is_justified(public, bad, stale)


def test_copied_box_cannot_make_its_member_open_the_original() -> None:
    """X-6 errata: a box made by another dealer lacks the proof of possession; no complaint is needed."""
    public = ceremony(2, 3)
    honest, thief = deal(public, 1), deal(public, 2)
    bad = replace(thief, boxes=(thief.boxes[0], thief.boxes[1], honest.boxes[2]))
    with pytest.raises(DealRefused) as error:
        check_deal(public, bad)
    assert (error.value.dealer, error.value.reason) == (2, "a box for member 3 without proof of possession")


def test_rogue_key_is_refused() -> None:
    """X-6 errata: a dealer who cancels another's part to fix the key cannot prove to know their own."""
    public = ceremony(2, 2)
    honest, rogue = deal(public, 1), deal(public, 2)
    wanted = SecretKey.generate()
    point = add(wanted.public_key, negate(honest.commitments.public_key))
    assert add(point, honest.commitments.public_key) == wanted.public_key
    points = (point, *rogue.commitments.points[1:])
    bad = replace(rogue, commitments=Commitments(points))
    for forged in (bad, replace(bad, possession=honest.possession)):
        with pytest.raises(DealRefused) as error:
            check_deal(public, forged)
        assert str(error.value) == (
            "the deal of dealer 2 does not fit the ceremony: it has a key without proof of possession"
        )


def test_deal_copied_under_another_number_is_refused() -> None:
    """X-6 errata: a deal serves its dealer and its ceremony only."""
    public, other = ceremony(2, 3), ceremony(2, 3, purpose=b"\1" * 32)
    honest = deal(public, 1)
    for where, copied in ((public, replace(honest, dealer=2)), (other, honest)):
        with pytest.raises(DealRefused) as error:
            check_deal(where, copied)
        assert error.value.reason == "a key without proof of possession"


def test_malformed_deal_is_refused() -> None:
    """X-6 errata: a deal of another size, by nobody, or with nothing to open names its fault."""
    public = ceremony(2, 3)
    good = deal(public, 1)
    first, *rest = good.boxes
    minus_first = negate(multiply(pow(2, -1, N), good.commitments.public_key))
    cases = {
        "a dealer that the ceremony does not have": replace(good, dealer=0),
        "a threshold of 1": deal(replace(public, threshold=1), 1),
        "2 boxes": replace(good, boxes=good.boxes[:2]),
        "nothing that member 1 could open": replace(good, boxes=(replace(first, box=b"\2"), *rest)),
        "nothing that member 2 could open": replace(
            good, commitments=Commitments((good.commitments.public_key, minus_first))
        ),
    }
    for reason, bad in cases.items():
        with pytest.raises(DealRefused) as error:
            check_deal(public, bad)
        assert (error.value.dealer, error.value.reason) == (bad.dealer, reason)


def test_dealer_with_two_deals_is_disqualified() -> None:
    """X-6 errata: who deals twice, differently, is out; a repeated message is no second deal."""
    public = ceremony(2, 3)
    deals = [deal(public, i) for i in public.numbers]
    assert combine(public, [*deals, deals[0]], []).dealers == (1, 2, 3)
    group = combine(public, [*deals, deal(public, 1)], [])
    assert (group.dealers, group.disqualified) == ((2, 3), ((1, "two deals"),))


def test_refused_and_missing_dealers_do_not_block() -> None:
    """X-6 errata: the key is made of what is left, as long as t dealers are."""
    public = ceremony(2, 4)
    deals = [deal(public, i) for i in (1, 2, 4)]
    deals[2] = replace(deals[2], possession=deals[0].possession)
    group = combine(public, deals, [])
    assert group.dealers == (1, 2)
    assert group.disqualified == ((4, "a key without proof of possession"),)
    with pytest.raises(TooFewDealers) as error:
        combine(public, deals[1:], [])
    assert (error.value.given, error.value.allowed) == ((2,), 2)
    assert str(error.value) == "2 deals or more must be left after the complaints, not only those of [2]"


def test_bad_outsider_leaves_no_key() -> None:
    """X-6 errata: a dealer alone is not trusted with the shares: one proved complaint and there is no key."""
    public = with_outsider(2, 3)
    bad = with_wrong_share(public, deal(public, 0, SECRET), 3, bytes(32))
    with pytest.raises(TooFewDealers) as error:
        combine(public, [bad], [complain(public, bad, 3, KEYS[2])])
    assert str(error.value) == "1 deals or more must be left after the complaints, not only those of []"


def test_share_without_its_deals_is_refused() -> None:
    """X-6 errata: a member who missed a deal or a complaint gets an error, not a wrong share."""
    public = ceremony(2, 3)
    deals = [deal(public, i) for i in public.numbers]
    deals[1] = with_wrong_share(public, deals[1], 1, SecretKey.generate().reveal())
    group = combine(public, deals, [])
    with pytest.raises(BadInput) as error:
        share_of(group, deals[:2], 3, KEYS[2])
    assert str(error.value) == "the deals of [3] are missing; each of [1, 2, 3] must have one"
    with pytest.raises(ShareRefused) as refused:
        share_of(group, deals, 1, KEYS[0])
    assert (refused.value.dealer, refused.value.member) == (2, 1)
    assert share_of(group, deals, 3, KEYS[2]).member == 3


def test_share_of_other_deals_is_refused() -> None:
    """X-6 errata: a member who is shown another deal than the key was made of learns it at once."""
    public = ceremony(2, 3)
    deals = [deal(public, i) for i in public.numbers]
    group = combine(public, deals, [])
    with pytest.raises(ShareForged) as error:
        share_of(group, [deal(public, 1), *deals[1:]], 2, KEYS[1])
    assert error.value.member == 2


def test_secrets_do_not_show() -> None:
    """X-5: no repr of a share or a key that was brought back shows its scalar."""
    group, deals = joint(2, 2)
    given = shares(group, deals)
    found = reconstruct(group.commitments, given)
    text = repr((given, found, group, deals))
    for key in (*(share.value for share in given), found.secret_key):
        assert key.reveal().hex() not in text
        assert str(scalar(key)) not in text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"purpose": b""}, "the purpose must have 32 bytes, not 0"),
        ({"members": ()}, "there must be between 1 and 255 members, not 0"),
        ({"threshold": 0}, "the threshold must be between 1 and 3, not 0"),
        ({"threshold": 4}, "the threshold must be between 1 and 3, not 4"),
        ({"members": (GENERATOR,) * 3}, "the members and the outsider must all have different keys"),
        ({"outsider": KEYS[0].public_key}, "the members and the outsider must all have different keys"),
        ({"outsider": bytes(33)}, f"a point must be 33 bytes that begin with 02 or 03, not 0x{'00' * 33}"),
    ],
)
def test_revert_given_bad_ceremony(changes: dict[str, object], text: str) -> None:
    """X-6 errata: sizes and keys are checked before anything is dealt."""
    with pytest.raises(BadInput) as error:
        ceremony(2, 3, **changes)
    assert str(error.value) == text


def test_revert_given_bad_number() -> None:
    """X-6 errata: who is not in the ceremony neither deals nor has a share."""
    public = ceremony(2, 3)
    for number in (0, 4):
        with pytest.raises(BadInput) as error:
            deal(public, number)
        assert str(error.value) == f"the dealer must be between 1 and 3, not {number}"
        with pytest.raises(BadInput) as error:
            open_share(public, deal(public, 1), number, KEYS[0])
        assert str(error.value) == f"the member must be between 1 and 3, not {number}"
        with pytest.raises(BadInput) as error:
            public.key_of(number)
        assert str(error.value) == f"the member must be between 1 and 3, not {number}"


def test_revert_given_bad_commitments() -> None:
    """X-6 errata: commitments are points, as many as the threshold, and sums are of one degree."""
    with pytest.raises(BadInput) as error:
        Commitments(())
    assert str(error.value) == "there must be between 1 and 255 commitments, not 0"
    with pytest.raises(BadInput) as error:
        Commitments.sum([Commitments((GENERATOR,)), Commitments((GENERATOR, GENERATOR))])
    assert str(error.value) == "the thresholds must all be equal, not [1, 2]"
    with pytest.raises(BadInput) as error:
        Complaint(1, 2, bytes(33), dleq.prove(SECRET, GENERATOR, b""))
    assert str(error.value) == f"a point must be 33 bytes that begin with 02 or 03, not 0x{'00' * 33}"
