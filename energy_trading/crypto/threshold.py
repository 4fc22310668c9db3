"""A key that any t of n members can reconstruct and fewer cannot, made by one dealer or by all members."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from eth_utils.crypto import keccak

from energy_trading.crypto import _dleq as dleq
from energy_trading.crypto import ecies
from energy_trading.crypto._curve import GENERATOR, add, check_point, multiply
from energy_trading.crypto.keys import SECP256K1_N, SecretKey, check_size
from energy_trading.errors import BadInput, Forged, RuleBroken

MAX_MEMBERS: Final = 255
#: number of a dealer who is no member
OUTSIDER: Final = 0


class ShareForged(Forged):
    """A share is not the one that the dealer committed to.

    Args:
        member: whose share it is said to be.
    """

    def __init__(self, member: int) -> None:
        super().__init__(f"the share of member {member} is not the one that was committed to")
        self.member = member


class ShareRefused(Forged):
    """The box that a dealer made for a member holds no right share, so the member should complain.

    Args:
        dealer: who made it.
        member: for whom.
    """

    def __init__(self, dealer: int, member: int) -> None:
        super().__init__(f"dealer {dealer} gave member {member} a wrong share")
        self.dealer = dealer
        self.member = member


class DealRefused(Forged):
    """A deal is wrong, and everybody can see it.

    Args:
        dealer: who made it.
        reason: what the deal has that is wrong.
    """

    def __init__(self, dealer: int, reason: str) -> None:
        super().__init__(f"the deal of dealer {dealer} does not fit the ceremony: it has {reason}")
        self.dealer = dealer
        self.reason = reason


class TooFewDealers(RuleBroken):
    """After the complaints so few deals are left that their dealers together could know the key.

    Args:
        given: dealers left.
        allowed: dealers needed.
    """

    def __init__(self, given: Sequence[int], allowed: int) -> None:
        super().__init__(
            f"{allowed} deals or more must be left after the complaints, not only those of {list(given)}"
        )
        self.given = tuple(given)
        self.allowed = allowed


class TooFewShares(RuleBroken):
    """There are not enough right shares to reconstruct the key.

    Args:
        given: members whose shares are right.
        forged: members whose shares are not.
        threshold: shares needed.
    """

    def __init__(self, given: Sequence[int], forged: Sequence[int], threshold: int) -> None:
        super().__init__(
            f"right shares of {threshold} members are needed; those of {list(given)} are right, "
            f"those of {list(forged)} are forged"
        )
        self.given = tuple(given)
        self.forged = tuple(forged)
        self.threshold = threshold


@dataclass(frozen=True)
class Share:
    """A member's point on the secret polynomial.

    Args:
        member: where, 1 … 255.
        value: f(member), hidden in the repr.

    Source:
        Shamir, CACM 22 (1979); the errata of X-6 ask for t of n.
    """

    member: int
    value: SecretKey


@dataclass(frozen=True)
class Commitments:
    """What everybody knows of a secret polynomial f of degree t-1, which is each coefficient times G.

    Args:
        points: t points, one for each coefficient, the constant first, 33 bytes each.

    Raises:
        BadInput: there is none, there are more than there can be members, or one is not a point.

    Source:
        Feldman, FOCS '87.
    """

    points: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 0 < len(self.points) <= MAX_MEMBERS:
            raise BadInput(f"there must be between 1 and {MAX_MEMBERS} commitments, not {len(self.points)}")
        for point in self.points:
            check_point(point)

    @property
    def public_key(self) -> bytes:
        """f(0)·G, 33 bytes."""
        return self.points[0]

    @property
    def threshold(self) -> int:
        """How many shares reconstruct f(0)."""
        return len(self.points)

    def image(self, member: int) -> bytes:
        """Return f(member)·G, 33 bytes.

        Raises:
            BadInput: the member's number is out of range, or the image is at infinity.
        """
        _check_member(member, MAX_MEMBERS)
        total = self.points[-1]
        for point in reversed(self.points[:-1]):
            total = add(multiply(member, total), point)
        return total

    def check(self, share: Share) -> None:
        """Check a share with public data.

        Raises:
            BadInput: the member's number is out of range.
            ShareForged: the share is not the one that was dealt.
        """
        if share.value.public_key != self.image(share.member):
            raise ShareForged(share.member)

    @classmethod
    def sum(cls, parts: Sequence[Commitments]) -> Commitments:
        """Return the commitments of the sum of polynomials of one degree.

        Raises:
            BadInput: there is none, the degrees differ, or coefficients cancel.
        """
        if len({part.threshold for part in parts}) != 1:
            raise BadInput(f"the thresholds must all be equal, not {[part.threshold for part in parts]}")
        return cls(tuple(add(*column) for column in zip(*(part.points for part in parts), strict=True)))


@dataclass(frozen=True)
class Ceremony:
    """What everybody agrees on before a key is made.

    Args:
        purpose: 32 bytes that no other ceremony has. Every proof and every box is bound to it.
        threshold: t, 1 … number of members.
        members: their public keys, 33 bytes each, in the order of their numbers 1 … n.
        outsider: the public key of somebody who deals alone; None if the members deal together.

    Raises:
        BadInput: a value is out of range, or a key is not a point or occurs twice.

    Source:
        Errata of X-6.
    """

    purpose: bytes
    threshold: int
    members: tuple[bytes, ...]
    outsider: bytes | None = None

    def __post_init__(self) -> None:
        check_size(self.purpose, "the purpose")
        if not 0 < len(self.members) <= MAX_MEMBERS:
            raise BadInput(f"there must be between 1 and {MAX_MEMBERS} members, not {len(self.members)}")
        if not 0 < self.threshold <= len(self.members):
            raise BadInput(f"the threshold must be between 1 and {len(self.members)}, not {self.threshold}")
        keys = [*self.members, *filter(None, [self.outsider])]
        for key in keys:
            check_point(key)
        if len(set(keys)) != len(keys):
            raise BadInput("the members and the outsider must all have different keys")

    @property
    def numbers(self) -> range:
        """The members' numbers, 1 … n."""
        return range(1, len(self.members) + 1)

    @property
    def dealers(self) -> range:
        """Who deals: the outsider alone, or all members."""
        return range(OUTSIDER, 1) if self.outsider is not None else self.numbers

    @property
    def dealers_needed(self) -> int:
        """Fewest deals that make a key. With t of them, t-1 corrupt members do not know every part of it."""
        return 1 if self.outsider is not None else self.threshold

    def key_of(self, number: int) -> bytes:
        """Return the public key of a member, or of the outsider for 0.

        Raises:
            BadInput: nobody in the ceremony has that number.
        """
        if number == OUTSIDER and self.outsider is not None:
            return self.outsider
        _check_member(number, len(self.members))
        return self.members[number - 1]

    @cached_property
    def digest(self) -> bytes:
        """32 bytes that stand for the whole ceremony."""
        parts = [
            self.purpose,
            bytes([self.threshold, len(self.members)]),
            *self.members,
            self.outsider or b"",
        ]
        return keccak(b"energy-trading/ceremony/1" + b"".join(parts))


@dataclass(frozen=True)
class SealedShare:
    """A share in a box for its member, published with the rest of the deal.

    The proof stops a dealer from copying another's box: the complaint about the copy would open the original.

    Args:
        box: `ecies` box.
        possession: proof that the dealer made the box's ephemeral key.
    """

    box: bytes
    possession: dleq.DleqProof


@dataclass(frozen=True)
class Deal:
    """What a dealer publishes: one part of the key, or the whole key if the dealer is an outsider.

    Args:
        dealer: who.
        commitments: of the dealer's polynomial.
        possession: proof that the dealer knows f(0), so that nobody can choose it to cancel the others'.
        boxes: a share for each member, in the order of their numbers.

    Source:
        Pedersen, EUROCRYPT '91 (every member is a dealer); Feldman, FOCS '87 (one deal).
    """

    dealer: int
    commitments: Commitments
    possession: dleq.DleqProof
    boxes: tuple[SealedShare, ...]


@dataclass(frozen=True)
class Complaint:
    """A member's proof that a dealer's box for them holds no right share. It opens that box for everybody.

    Args:
        accuser: the member.
        dealer: who made the box.
        shared_point: the box's Diffie–Hellman point, 33 bytes.
        proof: proof that the point is the accuser's key times the box's ephemeral point.

    Raises:
        BadInput: the shared point is not a point of the curve.
    """

    accuser: int
    dealer: int
    shared_point: bytes
    proof: dleq.DleqProof

    def __post_init__(self) -> None:
        check_point(self.shared_point)


@dataclass(frozen=True)
class GroupKey:
    """A finished key, all of it public.

    Args:
        ceremony: it was made in.
        dealers: whose deals are part of it.
        disqualified: dealers whose deals are no part of it, and why.
        commitments: of the sum of the polynomials.
    """

    ceremony: Ceremony
    dealers: tuple[int, ...]
    disqualified: tuple[tuple[int, str], ...]
    commitments: Commitments

    @property
    def public_key(self) -> bytes:
        """K, 33 bytes."""
        return self.commitments.public_key


@dataclass(frozen=True)
class Reconstruction:
    """A reconstructed key.

    Args:
        secret_key: k, hidden in the repr.
        used: members whose shares made it.
        forged: members who gave a forged share.
    """

    secret_key: SecretKey
    used: tuple[int, ...]
    forged: tuple[int, ...]


def deal(ceremony: Ceremony, dealer: int, secret_key: SecretKey | None = None) -> Deal:
    """Share a secret among the members.

    Args:
        ceremony: what was agreed on.
        dealer: the caller's number.
        secret_key: f(0). None draws one that nobody will know afterwards.

    Raises:
        BadInput: the ceremony has no such dealer.

    Source:
        Feldman, FOCS '87; Pedersen, EUROCRYPT '91 §3.
    """
    if dealer not in ceremony.dealers:
        first, last = ceremony.dealers.start, ceremony.dealers.stop - 1
        raise BadInput(f"the dealer must be between {first} and {last}, not {dealer}")
    polynomial = [secret_key or SecretKey.generate()]
    polynomial += [SecretKey.generate() for _ in range(ceremony.threshold - 1)]
    possession = dleq.prove(polynomial[0], GENERATOR, _deal_context(ceremony, dealer))
    boxes = []
    for member in ceremony.numbers:
        ephemeral, context = SecretKey.generate(), _box_context(ceremony, dealer, member)
        share = _evaluate(polynomial, member).to_bytes(32, "big")
        box = ecies.encrypt(ceremony.key_of(member), share, context, ephemeral)
        boxes.append(SealedShare(box, dleq.prove(ephemeral, GENERATOR, context)))
    points = tuple(coefficient.public_key for coefficient in polynomial)
    return Deal(dealer, Commitments(points), possession, tuple(boxes))


def check_deal(ceremony: Ceremony, deal: Deal) -> None:
    """Check everything about a deal that the public can see.

    Raises:
        DealRefused: the deal does not fit this ceremony. The error names the dealer and what is wrong.

    Source:
        Proofs of possession against rogue keys: Ristenpart and Yilek, EUROCRYPT '07.
    """
    dealer = deal.dealer
    if dealer not in ceremony.dealers:
        raise DealRefused(dealer, "a dealer that the ceremony does not have")
    if deal.commitments.threshold != ceremony.threshold:
        raise DealRefused(dealer, f"a threshold of {deal.commitments.threshold}")
    if len(deal.boxes) != len(ceremony.members):
        raise DealRefused(dealer, f"{len(deal.boxes)} boxes")
    key = deal.commitments.public_key
    if not dleq.verify(deal.possession, key, GENERATOR, key, _deal_context(ceremony, dealer)):
        raise DealRefused(dealer, "a key without proof of possession")
    for member, sealed in enumerate(deal.boxes, start=1):
        try:
            deal.commitments.image(member)
            point = ecies.ephemeral_point(sealed.box)
        except BadInput as error:
            raise DealRefused(dealer, f"nothing that member {member} could open") from error
        context = _box_context(ceremony, dealer, member)
        if not dleq.verify(sealed.possession, point, GENERATOR, point, context):
            raise DealRefused(dealer, f"a box for member {member} without proof of possession")


def open_share(ceremony: Ceremony, deal: Deal, member: int, member_key: SecretKey) -> Share:
    """Open a member's own box.

    Args:
        ceremony: what was agreed on.
        deal: that passed `check_deal`.
        member: the caller's number.
        member_key: the caller's key.

    Raises:
        ShareRefused: there is no right share in the box; answer with `complain`.
    """
    return _open_box(ceremony, deal, member, member_key.multiply(_ephemeral_point(deal, member)))


def complain(ceremony: Ceremony, deal: Deal, accuser: int, accuser_key: SecretKey) -> Complaint:
    """Open a bad box for all to see, after `open_share` refused it. A right share would be given away.

    Args:
        ceremony: what was agreed on.
        deal: that passed `check_deal`.
        accuser: the caller's number.
        accuser_key: the caller's key.

    Source:
        Chaum and Pedersen, CRYPTO '92 §3.2, in place of the dealer's answer in Pedersen's protocol.
    """
    point = _ephemeral_point(deal, accuser)
    proof = dleq.prove(accuser_key, point, _complaint_context(ceremony, deal.dealer, accuser))
    return Complaint(accuser, deal.dealer, accuser_key.multiply(point), proof)


def is_justified(ceremony: Ceremony, deal: Deal, complaint: Complaint) -> bool:
    """Return whether a complaint proves its dealer wrong. Everybody gets the same answer.

    Args:
        ceremony: what was agreed on.
        deal: of the accused dealer, that passed `check_deal`.
        complaint: about it.

    Raises:
        BadInput: the complaint is about another deal, or its author is not in the ceremony.
    """
    if complaint.dealer != deal.dealer:
        raise BadInput(f"the complaint is about dealer {complaint.dealer}, not about dealer {deal.dealer}")
    accuser = complaint.accuser
    public_key = ceremony.key_of(accuser)
    point, shared = _ephemeral_point(deal, accuser), complaint.shared_point
    context = _complaint_context(ceremony, deal.dealer, accuser)
    if not dleq.verify(complaint.proof, public_key, point, shared, context):
        return False
    try:
        _open_box(ceremony, deal, accuser, shared)
    except ShareRefused:
        return True
    return False


def combine(ceremony: Ceremony, deals: Iterable[Deal], complaints: Iterable[Complaint]) -> GroupKey:
    """Make the key from all deals that nobody proved wrong.

    Everybody who calls it with the same deals and complaints, in any order, gets the same key. The caller
    must make sure that each deal and each complaint comes from whom it names.

    Args:
        ceremony: what was agreed on.
        deals: all deals published in time. A dealer with two different ones is disqualified.
        complaints: all complaints published in time. Unfounded ones change nothing.

    Raises:
        TooFewDealers: fewer than `Ceremony.dealers_needed` are left.
        BadInput: coefficients of the remaining deals cancel, so one person must have made them.

    Source:
        Pedersen, EUROCRYPT '91 §3.
    """
    qualified: dict[int, Deal] = {}
    disqualified: dict[int, str] = {}
    for each in deals:
        try:
            check_deal(ceremony, each)
        except DealRefused as refused:
            disqualified.setdefault(refused.dealer, refused.reason)
            continue
        if qualified.setdefault(each.dealer, each) != each:
            disqualified[each.dealer] = "two deals"
    for complaint in complaints:
        accused = qualified.get(complaint.dealer)
        if accused and complaint.accuser in ceremony.numbers and is_justified(ceremony, accused, complaint):
            disqualified.setdefault(complaint.dealer, "a wrong share")
    left = sorted(qualified.keys() - disqualified.keys())
    if len(left) < ceremony.dealers_needed:
        raise TooFewDealers(left, ceremony.dealers_needed)
    commitments = Commitments.sum([qualified[dealer].commitments for dealer in left])
    return GroupKey(ceremony, tuple(left), tuple(sorted(disqualified.items())), commitments)


def share_of(group: GroupKey, deals: Iterable[Deal], member: int, member_key: SecretKey) -> Share:
    """Return a member's share of the finished key, which is the sum of the shares from its dealers.

    Args:
        group: from `combine`.
        deals: as given to `combine`.
        member: the caller's number.
        member_key: the caller's key.

    Raises:
        ShareRefused: one of the dealers gave a wrong share, and the member did not complain in time.
        ShareForged: a deal is not the one that the key was made from.
        BadInput: a deal is missing.
    """
    parts = {each.dealer: each for each in deals if each.dealer in group.dealers}
    if missing := sorted(set(group.dealers) - parts.keys()):
        raise BadInput(f"the deals of {missing} are missing; each of {list(group.dealers)} must have one")
    total = sum(
        _scalar(open_share(group.ceremony, each, member, member_key).value) for each in parts.values()
    )
    share = Share(member, SecretKey.from_int(total % SECP256K1_N))
    group.commitments.check(share)
    return share


def reconstruct(commitments: Commitments, shares: Iterable[Share]) -> Reconstruction:
    """Reconstruct the key from published shares. Forged ones are set aside and their givers named.

    Args:
        commitments: of the key.
        shares: in any order. More than t, or the same one twice, do no harm.

    Raises:
        TooFewShares: fewer than t shares are right.

    Source:
        Shamir, CACM 22 (1979): Lagrange interpolation at 0.
    """
    right: dict[int, Share] = {}
    forged: set[int] = set()
    for share in shares:
        try:
            commitments.check(share)
            right[share.member] = share
        except (ShareForged, BadInput):
            forged.add(share.member)
    used = sorted(right)[: commitments.threshold]
    if len(used) < commitments.threshold:
        raise TooFewShares(used, sorted(forged), commitments.threshold)
    total = sum(_scalar(right[member].value) * _weight(member, used) for member in used)
    secret_key = SecretKey.from_int(total % SECP256K1_N)
    return Reconstruction(secret_key, tuple(used), tuple(sorted(forged)))


def _evaluate(polynomial: Sequence[SecretKey], place: int) -> int:
    total = 0
    for coefficient in reversed(polynomial):
        total = (total * place + _scalar(coefficient)) % SECP256K1_N
    return total


def _weight(member: int, used: Sequence[int]) -> int:
    above, below = 1, 1
    for other in used:
        if other != member:
            above = above * other % SECP256K1_N
            below = below * (other - member) % SECP256K1_N
    return above * pow(below, -1, SECP256K1_N) % SECP256K1_N


def _open_box(ceremony: Ceremony, deal: Deal, member: int, shared_point: bytes) -> Share:
    context = _box_context(ceremony, deal.dealer, member)
    try:
        plain = ecies.decrypt_with_shared_point(shared_point, deal.boxes[member - 1].box, context)
        share = Share(member, SecretKey(plain))
        deal.commitments.check(share)
    except (ecies.DecryptionFailed, BadInput, ShareForged) as error:
        raise ShareRefused(deal.dealer, member) from error
    return share


def _ephemeral_point(deal: Deal, member: int) -> bytes:
    _check_member(member, len(deal.boxes))
    return ecies.ephemeral_point(deal.boxes[member - 1].box)


def _scalar(key: SecretKey) -> int:
    return int.from_bytes(key.reveal(), "big")


def _check_member(member: int, most: int) -> None:
    if not 0 < member <= most:
        raise BadInput(f"the member must be between 1 and {most}, not {member}")


def _deal_context(ceremony: Ceremony, dealer: int) -> bytes:
    return b"energy-trading/deal/1/" + ceremony.digest + bytes([dealer])


def _box_context(ceremony: Ceremony, dealer: int, member: int) -> bytes:
    return b"energy-trading/deal box/1/" + ceremony.digest + bytes([dealer, member])


def _complaint_context(ceremony: Ceremony, dealer: int, accuser: int) -> bytes:
    return b"energy-trading/complaint/1/" + ceremony.digest + bytes([dealer, accuser])
