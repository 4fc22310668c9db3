"""A committee that keeps an auction's quote key, in rounds over a board."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from energy_trading.bindings.sealed_bid_auction import AuctionSettled, LotAwarded
from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.sealed_quote import SealedQuote, accumulate, open_quote, seal, seed
from energy_trading.crypto.threshold import (
    Complaint,
    Deal,
    Share,
    ShareRefused,
    TooFewDealers,
    TooFewShares,
    complain,
    deal,
)
from energy_trading.errors import BadInput
from energy_trading.files.key_file import WrongPassword
from energy_trading.files.private_file import FileExposed
from energy_trading.files.state_file import StateForged
from energy_trading.files.whole_file import FileExists
from energy_trading.market.auction._board import Board, LocalBoard, group_key, open_key, published
from energy_trading.market.auction.charter import Charter
from energy_trading.market.auction.committee import Committee
from energy_trading.market.auction.key_holder import KeyHolder, NoShare, TooEarly
from energy_trading.market.auction.message import Message, MessageForged
from energy_trading.rules.gsp import decide
from energy_trading.types import AuctionTerms, Quote
from tests.contracts.sealed_bid_auction.house import FEE
from tests.world import World

NAMES = ("north", "east", "south", "west")
CONTRACT, OPENS_AT, CHEAP = "0x" + "c0" * 20, 1_800_000_000, 16


def before() -> int:
    return OPENS_AT - 1


def after() -> int:
    return OPENS_AT


def form(clock: Callable[[], int] = after, threshold: int = 3, **changes: Any) -> Committee:
    return Committee.form(NAMES, threshold, 1, CONTRACT, OPENS_AT, clock, **changes)


def members(kinds: tuple[type[KeyHolder], ...], threshold: int = 2) -> list[KeyHolder]:
    keys = [SecretKey.from_int(500 + i) for i in range(len(kinds))]
    public = tuple(key.public_key for key in keys)
    charter = Charter(1, CONTRACT, OPENS_AT, threshold, NAMES[: len(kinds)], public, salt=bytes(32))
    pairs = zip(kinds, keys, strict=True)
    return [kind(charter, number, key, after) for number, (kind, key) in enumerate(pairs, start=1)]


class WrongToTheLast(KeyHolder):
    """A dealer who gives the last member the box of another polynomial."""

    def deal(self, board: Board) -> None:
        ceremony = self.charter.ceremony
        right, other = deal(ceremony, self.number), deal(ceremony, self.number)
        self._post(board, replace(right, boxes=(*right.boxes[:-1], other.boxes[-1])))


class Liar(KeyHolder):
    """A member who complains about a right share and discloses a forged one."""

    def complain(self, board: Board) -> None:
        for body in published(self.charter, board):
            if isinstance(body, Deal):
                self._post(board, complain(self.charter.ceremony, body, self.number, self._key))

    def disclose(self, board: Board) -> None:
        self._post(board, Share(self.number, SecretKey.generate()))


class LateComplainer(KeyHolder):
    """A member who keeps a justified complaint back until the key is in use."""

    def complain(self, board: Board) -> None:
        pass

    def finish(self, board: Board) -> Any:
        return group_key(self.charter, board)

    def disclose(self, board: Board) -> None:
        super().complain(board)


class Vandal(KeyHolder):
    """A member who posts what is no message, and messages in the names of others."""

    def deal(self, board: Board) -> None:
        super().deal(board)
        ceremony = self.charter.ceremony
        signed = Message.sign(ceremony, deal(ceremony, 1), self._key).to_json()
        board.post(signed)
        board.post({"body": signed["body"], "signature": "0x"})
        for rubbish in ({}, {"body": [], "signature": "0x"}, {"body": {"kind": "bid"}, "signature": "0x"}):
            board.post(rubbish)
        share = {"kind": "share", "member": 1, "value": "0x" + "00" * 32}
        board.post({"body": share, "signature": signed["signature"]})


def test_quote_stays_sealed_until_the_chain_says_so(world: World) -> None:
    """X-5, X-6: until quoting ends by the chain's clock members refuse; then t shares open the quotes."""
    end = world.chain.now() + 600
    committee = Committee.form(NAMES, 3, world.chain.chain_id, CONTRACT, end, world.chain.now)
    place: dict[str, Any] = {
        "chain_id": world.chain.chain_id,
        "contract": CONTRACT,
        "auction_id": bytes(32),
        "bidder": world.buyer.address,
    }
    quote = seal(42, committee.public_key, **place)
    world.chain.mine(end - 1)
    with pytest.raises(TooEarly) as error:
        committee.disclose()
    assert (error.value.now, error.value.opens_at) == (end - 1, end)
    assert str(error.value) == f"shares are disclosed from chain time {end} on; it is {end - 1}"
    assert not [body for body in published(committee.charter, committee.board) if isinstance(body, Share)]
    world.chain.mine(end)
    found = committee.disclose()
    assert found.secret_key.address == committee.address
    assert (found.used, found.forged) == ((1, 2, 3), ())
    assert open_quote(found.secret_key, quote, **place) == 42


def test_committee_opens_an_auction_on_chain(world: World) -> None:
    """X-5 … X-7: the contract opens what Python sealed, ends at its accumulator, awards as the rules do."""
    auction, chain = world.suite.auction, world.chain
    until, lots = chain.now() + 600, (1500, 750)
    committee = Committee.form(NAMES, 3, chain.chain_id, auction.address, until, chain.now)
    terms = AuctionTerms(
        world.seller.address,
        committee.address,
        20,
        300,
        until,
        until + 600,
        until + 1200,
        until + 1800,
        until + 7200,
        1,
        lots,
    )
    auction.post(terms).send(world.seller)
    auction_id = auction.auction_id_of(terms)

    def sealed(amount: int, bidder: SecretKey) -> SealedQuote:
        place = (chain.chain_id, auction.address, auction_id, bidder.address)
        return seal(amount, committee.public_key, *place)

    best = sealed(250, world.alice)
    history = [
        (world.buyer, sealed(100, world.buyer)),
        (world.alice, best),
        (world.bob, best),  # copied
        (world.carol, SealedQuote(bytes(31) + b"\5", bytes(32))),  # off the curve
        (world.bob, sealed(100, world.bob)),
        (world.carol, sealed(301, world.carol)),  # above the ceiling
        (world.carol, sealed(90, world.carol)),
        (world.buyer, sealed(50, world.buyer)),  # does not lower the first
    ]
    steps = [seed(auction_id)]
    for bidder, quote in history:
        cx, body = (int.from_bytes(word, "big") for word in (quote.cx, quote.body))
        auction.quote(auction_id, cx, body, value=FEE).send(bidder)
        steps.append(accumulate(steps[-1], bidder.address, quote))
    assert auction.state_of(auction_id)[1:] == (len(history), steps[-1])

    chain.mine(until)
    key = committee.disclose().secret_key
    opened = [
        (bidder.address, open_quote(key, quote, chain.chain_id, auction.address, auction_id, bidder.address))
        for bidder, quote in history
    ]
    assert [amount for _, amount in opened] == [100, 250, None, None, 100, 301, 90, 50]
    quotes = [
        Quote(bidder.address, int.from_bytes(quote.cx, "big"), int.from_bytes(quote.body, "big"))
        for bidder, quote in history
    ]
    scalar = int.from_bytes(key.reveal(), "big")
    for start, end in ((5, 8), (2, 5), (0, 2)):
        sent = auction.settle(terms, scalar, steps[start], quotes[start:end]).send(world.stranger)
    decision = decide(opened, lots, 20, 300, {bidder for bidder, _ in opened})
    assert [(won.bidder, won.price_per_kwh) for won in decision.awards] == [
        (world.alice.address, 100),
        (world.buyer.address, 100),
    ]
    awarded = [event for event in sent.events if isinstance(event, LotAwarded)]
    assert [(event.winner, event.price) for event in awarded] == [
        (won.bidder, won.price_per_kwh) for won in decision.awards
    ]
    assert sent.event(AuctionSettled).runner_up == decision.runner_up == world.bob.address


def test_silent_members_cannot_block() -> None:
    """X-6 errata: n-t members may be silent; with one more the error says who spoke."""
    committee = form(threshold=3)
    some = Committee(committee.members[1:], committee.board)
    assert some.disclose().secret_key.address == committee.address
    committee = form(threshold=3)
    with pytest.raises(TooFewShares) as error:
        Committee(committee.members[2:], committee.board).disclose()
    assert error.value.given == (3, 4)


def test_one_member_with_a_slow_clock_does_not_block() -> None:
    """X-6: each member asks its own node for the time; t that are there are enough."""
    committee = form(threshold=3)
    committee.members[0]._clock = before
    assert committee.disclose().used == (2, 3, 4)


def test_publisher_may_deal_the_key() -> None:
    """X-6 errata: with a publisher who deals, the committee opens the publisher's own key without them."""
    key = SecretKey.generate()
    committee = form(publisher=key)
    assert committee.address == key.address
    assert committee.disclose().secret_key == key


def test_bad_dealer_is_disqualified_by_its_one_victim() -> None:
    """X-6 errata: one wrong share to one member; its complaint convinces all, the key does without."""
    committee = Committee(members((WrongToTheLast, KeyHolder, KeyHolder)), LocalBoard())
    key = committee.make_key()
    assert (key.dealers, key.disqualified) == ((2, 3), ((1, "a wrong share"),))
    assert {member.commitments for member in committee.members} == {key.commitments}
    assert committee.disclose().secret_key.address == committee.address


def test_liar_does_no_harm_and_is_named() -> None:
    """X-6 errata: unfounded complaints throw nobody out, a forged share is traced to its giver."""
    committee = Committee(members((KeyHolder, Liar, KeyHolder)), LocalBoard())
    assert committee.make_key().dealers == (1, 2, 3)
    found = committee.disclose()
    assert (found.used, found.forged) == ((1, 3), (2,))
    assert found.secret_key.address == committee.address


def test_complaint_kept_back_changes_nothing() -> None:
    """X-6 errata: two members who plan a late complaint cannot take the key away once it is in use."""
    committee = Committee(members((WrongToTheLast, KeyHolder, KeyHolder, LateComplainer)), LocalBoard())
    assert committee.make_key().dealers == (1, 2, 3, 4)
    found = committee.disclose()
    assert group_key(committee.charter, committee.board).dealers == (2, 3, 4)
    assert found.secret_key.address == committee.address


def test_messages_of_others_are_nobody_s() -> None:
    """X-6 errata: malformed, unsigned and wrongly signed messages count as never sent."""
    committee = Committee(members((KeyHolder, Vandal, KeyHolder)), LocalBoard())
    key = committee.make_key()
    assert (key.dealers, key.disqualified) == ((1, 2, 3), ())
    assert len(list(committee.board.read())) == 9
    assert committee.disclose().forged == ()


def test_forged_message_is_named() -> None:
    """X-6 errata: a message counts for its author, its ceremony and its content only."""
    first, second, _ = members((KeyHolder, KeyHolder, KeyHolder))
    ceremony = first.charter.ceremony
    other = replace(first.charter, opens_at=OPENS_AT + 1).ceremony
    body = Share(1, SecretKey.generate())
    good = Message.sign(ceremony, body, first._key)
    good.check(ceremony)
    forged = [
        Message.sign(ceremony, body, second._key),
        Message.sign(other, body, first._key),
        replace(good, body=Share(1, SecretKey.generate())),
    ]
    for message in forged:
        with pytest.raises(MessageForged) as error:
            message.check(ceremony)
        assert error.value.sender == 1
        assert str(error.value) == "a message names 1 as its sender, who did not sign it"


def test_messages_survive_json() -> None:
    """X-6: every kind of message comes back from JSON as it was, and still checks."""
    one, two, _ = members((KeyHolder, KeyHolder, KeyHolder))
    ceremony = one.charter.ceremony
    dealt = deal(ceremony, 1)
    for body in (dealt, complain(ceremony, dealt, 2, two._key), Share(2, SecretKey.generate())):
        message = Message.sign(ceremony, body, one._key if isinstance(body, Deal) else two._key)
        again = Message.from_json(json.loads(json.dumps(message.to_json())))
        assert again == message
        again.check(ceremony)
    charter = Charter.from_json(json.loads(json.dumps(one.charter.to_json())))
    assert charter == one.charter
    assert charter.ceremony.digest == ceremony.digest


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"kind": "bid"}, "the kind of a message must be 'deal', 'complaint' or 'share', not 'bid'"),
        ([], "the kind of a message must be 'deal', 'complaint' or 'share', not None"),
        (
            {"kind": "share", "member": True, "value": "0x" + "01" * 32},
            "member must be an integer, not a bool",
        ),
        (
            {"kind": "share", "member": 1, "value": "0x" + "00" * 32},
            "a secret key must be 32 bytes with a value between 1 and n-1 (32 bytes here)",
        ),
        (
            {"kind": "deal", "dealer": 1, "commitments": {}, "possession": "0x", "boxes": []},
            "commitments must be a JSON list, not dict",
        ),
    ],
)
def test_revert_given_bad_message(body: Any, text: str) -> None:
    """X-6: a malformed message names its fault."""
    with pytest.raises(BadInput) as error:
        Message.from_json({"body": body, "signature": "0x"})
    assert str(error.value) == text


def test_restart_in_the_ceremony_repeats_nothing() -> None:
    """X-6 errata: a member that restarts reads the board and does not deal, nor get thrown out for it."""
    people, board = members((KeyHolder, KeyHolder, KeyHolder)), LocalBoard()
    for member in people:
        member.deal(board)
    again = [KeyHolder(member.charter, member.number, member._key, after) for member in people]
    for member in again:
        member.deal(board)
    assert len(board.read()) == 3
    assert [member.finish(board).dealers for member in again] == [(1, 2, 3)] * 3


def test_restart_after_the_ceremony_loses_nothing(tmp_path: Path) -> None:
    """X-6 errata: the share comes back from an encrypted 0600 file, and with it the time of disclosure."""
    committee = form(threshold=2)
    for member in committee.members[:2]:
        folder = tmp_path / member.name
        folder.mkdir()
        member.save(folder, "pw", CHEAP)
        assert {path.name for path in folder.iterdir()} == {"share.json", "share.state.json"}
        for path in folder.iterdir():
            assert path.stat().st_mode & 0o777 == 0o600
            assert member._share is not None
            assert member._share.value.reveal().hex() not in path.read_text()
    with pytest.raises(FileExists):
        form().members[0].save(tmp_path / "north", "pw", CHEAP)
    early = KeyHolder.load(tmp_path / "north", "pw", committee.members[0]._key, before)
    with pytest.raises(TooEarly):
        early.disclose(LocalBoard())
    again = [KeyHolder.load(tmp_path / m.name, "pw", m._key, after) for m in committee.members[:2]]
    assert Committee(again, LocalBoard()).disclose().secret_key.address == committee.address


def test_revert_given_changed_files(tmp_path: Path) -> None:
    """X-6 errata: a member does not start from files that somebody changed, exposed or swapped."""
    one, two = form(threshold=2).members[:2]
    for member in (one, two):
        (tmp_path / member.name).mkdir()
        member.save(tmp_path / member.name, "pw", CHEAP)
    folder, state = tmp_path / "north", tmp_path / "north" / "share.state.json"
    with pytest.raises(WrongPassword):
        KeyHolder.load(folder, "no", one._key, after)
    with pytest.raises(StateForged):
        KeyHolder.load(folder, "pw", two._key, after)
    text = state.read_text()
    state.write_text(text.replace(str(OPENS_AT), "1"))
    with pytest.raises(StateForged):
        KeyHolder.load(folder, "pw", one._key, after)
    state.write_text(text)
    (folder / "share.json").chmod(0o644)
    with pytest.raises(FileExposed):
        KeyHolder.load(folder, "pw", one._key, after)
    (folder / "share.json").unlink()
    (tmp_path / "east" / "share.json").rename(folder / "share.json")
    with pytest.raises(Exception, match="share of member 1 is not the one that was committed to") as error:
        KeyHolder.load(folder, "pw", one._key, after)
    assert type(error.value).__name__ == "ShareForged"


def test_member_without_a_share_says_so(tmp_path: Path) -> None:
    """X-6 errata: who did not finish the ceremony neither discloses nor saves."""
    member = members((KeyHolder, KeyHolder))[0]
    for attempt in (
        lambda: member.disclose(LocalBoard()),
        lambda: member.save(tmp_path, "pw", CHEAP),
        lambda: member.commitments,
    ):
        with pytest.raises(NoShare) as error:
            attempt()
        assert str(error.value) == "north has no share because it did not finish the key ceremony"
    assert list(tmp_path.iterdir()) == []


def test_no_key_of_too_few_deals() -> None:
    """X-6 errata: fewer than t deals would be a key that t-1 corrupt members may know."""
    people, board = members((KeyHolder, KeyHolder, KeyHolder)), LocalBoard()
    people[0].deal(board)
    with pytest.raises(TooFewDealers) as error:
        group_key(people[0].charter, board)
    assert (error.value.given, error.value.allowed) == ((1,), 2)


def test_secrets_do_not_show() -> None:
    """X-5: neither members nor messages show a share or a key."""
    committee = form(threshold=2)
    found = committee.disclose()
    text = repr((committee.members, published(committee.charter, committee.board), found))
    for member in committee.members:
        assert member._share is not None
        for key in (member._key, member._share.value, found.secret_key):
            assert key.reveal().hex() not in text
    assert repr(committee.members[0]) == "<KeyHolder 1 'north'>"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"contract": "0x1"}, "the contract must be an address, not '0x1'"),
        ({"salt": b""}, "the salt must have 32 bytes, not 0"),
        (
            {"names": ("a", "a", "b")},
            "each key must have a name of its own, but the names are ['a', 'a', 'b']",
        ),
        ({"names": ("a", "b")}, "each key must have a name of its own, but the names are ['a', 'b']"),
        ({"opens_at": -1}, f"opens at must be between 0 and {2**64 - 1}, not -1"),
        ({"opens_at": 2**64}, f"opens at must be between 0 and {2**64 - 1}, not {2**64}"),
        ({"threshold": 4}, "the threshold must be between 1 and 3, not 4"),
    ],
)
def test_revert_given_bad_charter(changes: dict[str, Any], text: str) -> None:
    """X-6: a charter that makes no sense is refused by name."""
    with pytest.raises(BadInput) as error:
        replace(members((KeyHolder, KeyHolder, KeyHolder))[0].charter, **changes)
    assert str(error.value) == text


def test_revert_given_another_key() -> None:
    """X-6: a member has its own key of the charter; an outsider is no member."""
    charter = members((KeyHolder, KeyHolder))[0].charter
    stranger = SecretKey.from_int(9)
    for number, where in ((1, charter), (0, replace(charter, outsider=stranger.public_key))):
        with pytest.raises(BadInput) as error:
            KeyHolder(where, number, stranger, after)
        assert str(error.value) == (
            f"the key of {stranger.address} is not the one in the charter for key holder {number}"
        )


def test_share_refused_without_a_complaint() -> None:
    """X-6 errata: a victim who slept through the round of complaints learns it, the others go on."""
    people, board = members((WrongToTheLast, KeyHolder, KeyHolder)), LocalBoard()
    for member in people:
        member.deal(board)
    for member in people[:2]:
        assert member.finish(board).dealers == (1, 2, 3)
    with pytest.raises(ShareRefused) as error:
        people[2].finish(board)
    assert (error.value.dealer, error.value.member) == (1, 3)
    for member in people[:2]:
        member.disclose(board)
    found = open_key(people[0].commitments, people[0].charter, board)
    assert found.secret_key.public_key == people[0].commitments.public_key
    assert not [body for body in published(people[0].charter, board) if isinstance(body, Complaint)]


def test_page_tells_the_truth() -> None:
    """X-5, X-6: the code of docs/auction-keys.md runs."""
    page = Path(__file__).resolve().parents[4] / "docs" / "auction-keys.md"
    (code,) = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["found"].secret_key.address == names["committee"].address
