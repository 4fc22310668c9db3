"""The sale of a lot: after the trading one home sells energy that no neighbour took, and proves all of it."""

from __future__ import annotations

import json
import random
from collections import deque
from dataclasses import dataclass
from typing import Final

from energy_trading.bindings.energy_lot import LotMinted
from energy_trading.identity import Parameters, Role
from energy_trading.market.lots.certification import Certifier, request_certificate
from energy_trading.market.lots.dispute_file import check_dispute, dispute_file
from energy_trading.market.lots.identities import add_identity, check_identities
from energy_trading.market.lots.injection import Contact
from energy_trading.market.lots.lot_owner import LotOwner, exchange
from energy_trading.meter.smart_meter import ReadingMissing, SlotNotEnded
from energy_trading.session import Accept, Initiator, InProcess, PriceProposal, Reject, Responder, Subject
from energy_trading.simulation.neighbourhood import FEED_IN_CT, UNITS_PER_WH_CENT, Home, Neighbourhood
from energy_trading.simulation.people import EURO, clock

#: Seconds for which certificate, proposals and permit hold.
HOLDS_S: Final = 3600
#: A connection of 3 × 25 A at 230 V, W: the DSO certifies no more than it carries.
CONNECTION_W: Final = 17_250
NO_OCCASION: Final = "no occasion today for the sale of a lot"


@dataclass(frozen=True)
class _Occasion:
    """Who sells what to whom."""

    seller: Home
    buyer: Home
    slot_start: int
    energy_wh: int

    @property
    def price(self) -> int:
        """What the seller asks for, units of account."""
        return self.energy_wh * self.seller.ask_ct * UNITS_PER_WH_CENT


def sell_a_lot(there: Neighbourhood, seed: int) -> list[str]:
    """Certify, mint, negotiate in private, exchange against payment; prove the owners and who one of them is.

    Args:
        there: the neighbourhood, with a slot that is over and metered. The DSO (the distribution system
            operator) certifies what a meter fed in and has not signed for anything else.
        seed: of seller, buyer, slot and first bid.

    Returns:
        What happened, in words; or that nothing did, where no home has energy left that another one pays for.

    Raises:
        ContractRevert: the market refused what it should have allowed.
        EnergyTradingError: a proof does not hold; nothing is swallowed.

    Source:
        C-4 … C-10.
    """
    draw = random.Random(seed)  # noqa: S311 - a repeatable simulation, no secret
    found = _occasion(there, draw)
    if found is None:
        return [NO_OCCASION]
    seller, buyer = found.seller, found.buyer
    suite, now = there.suite, there.chain.now()

    domain = suite.lots_domain
    reading = seller.meter.sign_injection(found.slot_start, _slot_seconds(there), domain).reading
    asked = request_certificate(reading, seller.member.secret_key, there.dso.address, domain)
    paper = Certifier(suite, there.dso, _limit_wh(there)).certify(asked, now + HOLDS_S)
    sent = there.note("mint a lot", suite.lots.mint(paper.injection, paper.signature).send(there.agent))
    minted = sent.event(LotMinted)
    story = [
        f"lot: {seller.name} fed in {found.energy_wh} Wh at {clock(found.slot_start)} that nobody took; "
        f"its meter signs the reading, the DSO checks the meter, the key and the "
        "energy and certifies it, and the agent mints a lot"
    ]

    price, messages = _negotiate(there, found, minted, draw)
    story.append(
        f"lot: {buyer.name} and {seller.name} agree on {price / EURO:.4f} € in {messages} messages; "
        f"nobody else can read the bids, and neither of them learns who the other is"
    )

    owner, taker = LotOwner(suite, seller.trader.key), LotOwner(suite, buyer.trader.key)
    signed = owner.sign_permit(minted.lot, taker.address, price, now + HOLDS_S)
    there.note("exchange a lot", exchange(suite, there.agent, taker.sign_acceptance(signed)))
    story.append(
        f"lot: the agent submits permit and acceptance; {buyer.name} owns the lot, {seller.name} is paid"
    )

    identity, steps = _prove(there, found, minted.lot)
    story.append(
        f"lot: the dispute file shows {steps} owners with every signature; PKG (the private key "
        f"generator) and the DSO add who sold, «{identity}»; a judge checks all of it without the chain "
        "or a secret"
    )
    return [f"{clock(there.chain.now())}  {line}" for line in story]


def _limit_wh(there: Neighbourhood) -> int:
    """What a home's connection carries in a slot, Wh."""
    return CONNECTION_W * _slot_seconds(there) // 3600


def _slot_seconds(there: Neighbourhood) -> int:
    return there.suite.lots.lot_parameters().slot_seconds


def _left_wh(home: Home, slot_start: int, slot_end: int) -> int:
    """Return how much of a slot a home's meter can still sign for, Wh; nothing where it has no readings."""
    try:
        return home.meter.free_wh(slot_start, slot_end)
    except (SlotNotEnded, ReadingMissing):
        return 0


def _occasion(there: Neighbourhood, draw: random.Random) -> _Occasion | None:
    now, may_commit = there.chain.now(), there.suite.ledger.may_commit
    slot_s, limit_wh = _slot_seconds(there), _limit_wh(there)
    able = [home for home in there.homes if may_commit(home.trader.address, Role.PROSUMER)]
    left = [
        (home, start, energy_wh)
        for home in able
        for start in home.profile.slot_starts
        if start % slot_s == 0 and start + slot_s <= now
        if 0 < (energy_wh := _left_wh(home, start, start + slot_s)) <= limit_wh
    ]
    draw.shuffle(left)
    for seller, start, energy_wh in left:
        for buyer in able:
            found = _Occasion(seller, buyer, start, energy_wh)
            wants = buyer is not seller and seller.ask_ct <= buyer.limit_ct
            if wants and buyer.trader.account.available >= found.price:
                return found
    return None


def _negotiate(
    there: Neighbourhood, found: _Occasion, minted: LotMinted, draw: random.Random
) -> tuple[int, int]:
    """Let both bargain over an encrypted session (C-5, C-6); return the price and the count of messages."""
    subject = Subject(there.chain.chain_id, there.suite.lots.address, minted.lot)
    issue_key, now = there.pkg.parameters.issue_key, there.chain.now()
    carrier = InProcess()
    to_buyer, to_seller = deque[bytes](), deque[bytes]()
    carrier.subscribe(Contact.of(found.buyer.member.secret_key).msg_addr, to_buyer.append)
    carrier.subscribe(
        minted.msg_addr, to_seller.append
    )  # the log of the lot states where its producer is reached
    messages = 0

    def carry(topic: bytes, message: bytes) -> None:
        nonlocal messages
        carrier.publish(topic, message)
        messages += carrier.deliver()

    asking = Initiator(found.buyer.member, subject, minted.producer, issue_key)
    carry(minted.msg_addr, asking.hello)
    answering = Responder(found.seller.member, subject, issue_key, to_seller.popleft())
    carry(answering.reply_to, answering.answer)
    finish, buyer = asking.finish(to_buyer.popleft(), now)
    carry(minted.msg_addr, finish)
    seller = answering.finish(to_seller.popleft(), now)

    low_ct = draw.randint(min(FEED_IN_CT, found.seller.ask_ct - 1), found.seller.ask_ct - 1)
    bid = PriceProposal(minted.lot, found.energy_wh * low_ct * UNITS_PER_WH_CENT, now + HOLDS_S)
    ask = PriceProposal(minted.lot, found.price, now + HOLDS_S)
    for content in (bid, Reject(bid.hash), ask, Accept(ask.hash)):
        if content is bid or isinstance(content, Accept):
            carry(minted.msg_addr, buyer.seal(content))
            seller.open(to_seller.popleft())
        else:
            carry(answering.reply_to, seller.seal(content))
            buyer.open(to_buyer.popleft())
    return ask.price, messages


def _prove(there: Neighbourhood, found: _Occasion, lot: int) -> tuple[str, int]:
    """Export the history, trace the seller, judge both; return the identity and the count of owners."""
    believed = [there.dso.address]
    account = found.seller.trader.address
    file, parameters = dispute_file(there.suite, lot), there.pkg.parameters
    proof = there.trace(account, f"dispute about lot {lot}")
    file = add_identity(file, check_dispute(file, believed), account, proof, parameters)
    # As a judge does: from the file, the published parameters and the DSO's account.
    handed = json.loads(json.dumps(file))
    published = Parameters.from_json(json.loads(json.dumps(parameters.to_json())))
    owners = check_dispute(handed, believed)
    return check_identities(handed, owners, published)[account], len(owners)
