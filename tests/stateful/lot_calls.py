"""Random calls about lots: certificates, exchanges, splits, mergers, and trades that lots fulfil."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from eth_utils.crypto import keccak

from energy_trading.crypto.keys import SecretKey
from energy_trading.crypto.signatures import compact
from energy_trading.rules.lot import Lots, SignedPermit
from energy_trading.rules.trade import Accepted, CheckedReceipt, NamedKey
from energy_trading.types import (
    ZERO_ADDRESS,
    Delivery,
    Energy,
    ExchangeAcceptance,
    ExchangePermit,
    Injection,
    LotState,
    LotView,
    Receipt,
    ReceiptKey,
    TradeState,
)
from tests.contracts.energy_lot.tools import MSG, SLOT_S, sign_injection
from tests.stateful.machine import anybody, call, often, seen
from tests.stateful.trade_calls import TradeCalls, buyers, sellers

LOT_WH = [1, 7, 60, 93, 100, 100, 100, 150]
CUTS = [
    (1, 99),
    (50, 50),
    (93, 7),
    (40, 30, 30),
    (0, 100),
    (100,),
    (),
    (60, 41),
    (2**40, 1),
    (1, 6),
    (75, 75),
]


class LotCalls(TradeCalls):
    """Trades, and lots that change hands or fulfil them."""

    weights = MappingProxyType(
        {
            "make_offer": 12,
            "accept_offer": 3,
            "accept_signed": 2,
            "cancel_signed": 1,
            "confirm_delivery": 3,
            "confirm_deliveries": 1,
            "confirm_hidden_short": 1,
            "publish_key_root": 8,
            "travel": 3,
        }
    )
    examined = frozenset(
        {
            *("mint", "exchange", "cancel_permits", "transfer_from", "retire", "split", "merge"),
            *("accept_for_lots", "deliver"),
        }
    )
    must_see = frozenset({"delivered in lots: all", "delivered in lots: short", "old permit refused"})

    def __init__(self) -> None:
        super().__init__()
        self.lots = self.world.suite.lots
        slot_seconds = self.lots.lot_parameters().slot_seconds
        self.lot_model = Lots(self.trading, self.lots.address, slot_seconds)
        self.minted_wh = 0
        #: permits and acceptances of exchanges: what was said, and both signatures
        self.said: list[tuple[SignedPermit, bytes, SignedPermit, bytes]] = []

    def one_story(self) -> None:
        """And on every lot; energy is neither made nor lost."""
        super().one_story()
        for lot, model in self.lot_model.lots.items():
            told = self.lots.lot_of(lot)
            assert told == LotView(
                model.owner, model.energy_wh, model.slot_start, model.nonce, LotState(model.state)
            )
        there = [x for x in self.lot_model.lots.values() if x.state in (LotState.ALIVE, LotState.RETIRED)]
        assert sum(lot.energy_wh for lot in there) == self.minted_wh
        for person in self.people:
            owned = [lot for lot in there if lot.owner == person.address]
            assert self.lots.balance_of(person.address) == len(owned)

    def pick_lots(self, place: int, count: int, owner: str | None = None) -> list[int]:
        """Lots that are alive, of one owner; now and then any."""
        lots = self.lot_model.lots
        alive = [lot for lot, x in lots.items() if x.state == LotState.ALIVE and owner in (None, x.owner)]
        if (not alive or self.random.random() < 0.1) and lots:
            alive = list(lots)
        first = alive[place % len(alive)] if alive else 1  # no lot has this id
        mates = [lot for lot in alive if lots[lot].owner == lots[first].owner and lot != first]
        return [first, *mates][:count]

    def owner(self, lot: int, right: bool, other: int) -> SecretKey:
        """The lot's owner, or whoever tries."""
        owner = self.lot_model.lot(lot).owner
        found = [person for person in self.people if right and person.address == owner]
        return (found or [self.people[other]])[0]

    def waiting(self) -> list[bytes]:
        """Trades whose buyers wait for lots."""
        signers = {keccak(self.lots.receipt_signer(person.address)) for person in self.people}
        states = self.trading.trades.items()
        return [i for i, x in states if isinstance(x, Accepted) and x.receipt_key in signers]

    # ------------------------------------------------------------ certificates

    @call(
        16,
        who=sellers,
        energy=[*LOT_WH * 3, 0, 2**40],
        slot=[-2, -2, -2, -3] * 4 + [-1, 0, "odd"],
        signer=often,
        late=[False] * 12 + [True],
        odd=[""] * 9 + ["again", "other"],
        for_trade=(True, False),
    )
    def mint(self, who, energy, slot, signer, late, odd, for_trade):
        """The DSO's word becomes a lot, once (C-4)."""
        now = self.chain.next_time
        start = now // SLOT_S * SLOT_S + (slot * SLOT_S if slot != "odd" else -2 * SLOT_S + 1)
        self.nonce += 1
        reading = keccak(self.nonce.to_bytes(32, "big"))
        if odd == "again" and self.lot_model.lots:
            reading = self.random.choice(list(self.lot_model.lots)).to_bytes(32, "big")
        deadline = now if late else now + 600
        sellers_waiting = [self.terms[i].seller for i in self.waiting() if for_trade]
        producer = [*sellers_waiting, self.people[who].address][0]
        injection = Injection(producer, energy, start, bytes(32), reading, b"", MSG, self.nonce, deadline)
        certificate = sign_injection(self.world, injection, self.world.dso if signer else self.world.pkg)
        if odd == "other":
            injection = replace(injection, energy_wh=energy + 1)
        lot = int.from_bytes(reading, "big")
        sent, _ = self.step(
            "mint",
            self.lots.mint(injection, certificate),
            self.world.stranger,
            lambda now: self.lot_model.mint(
                lot,
                injection.producer,
                injection.energy_wh,
                start,
                deadline,
                signer and odd != "other",
                now,
            ),
        )
        if sent:
            self.minted_wh += energy

    # ------------------------------------------------------------ change of owner

    @call(
        14,
        place=range(100),
        to=buyers,
        price=[0, 1, 5, 60, 100, 5_000],
        seconds=[600] * 8 + [0],
        odd=[""] * 12 + ["permit", "acceptance", "price", "buyer"],
        old=[False, False, True],
    )
    def exchange(self, place, to, price, seconds, odd, old):
        """A lot against money, on both signatures, which are void once the owner changed (C-7, C-8)."""
        (lot,) = self.pick_lots(place, 1)
        seller, buyer = self.owner(lot, True, 0), self.people[to]
        if old and self.said:
            permit, first, acceptance, second = self.random.choice(self.said)
        else:
            said = SignedPermit(
                seller.address,
                lot,
                buyer.address,
                price,
                self.lot_model.lot(lot).nonce,
                self.chain.next_time + seconds,
            )
            content = said.lot, said.buyer, said.price, said.nonce, said.deadline
            words = ExchangePermit(*content)
            signers = (
                self.world.pkg if odd == "permit" else seller,
                self.world.pkg if odd == "acceptance" else buyer,
            )
            domain = self.world.suite.lots_domain
            first = compact(signers[0].sign_digest(domain.digest(words)))
            second = compact(signers[1].sign_digest(domain.digest(ExchangeAcceptance(words, MSG))))
            permit, acceptance = (replace(said, signer=key.address) for key in signers)
            self.said.append((permit, first, acceptance, second))
        price = permit.price + (odd == "price")
        taker = self.world.carol.address if odd == "buyer" else permit.buyer
        sent, _ = self.step(
            "exchange",
            self.lots.exchange(permit.lot, taker, price, permit.deadline, MSG, first, second),
            self.world.stranger,
            lambda now: self.lot_model.exchange(
                permit.lot, taker, price, permit.deadline, permit, acceptance, now
            ),
        )
        is_current = permit.nonce == self.lot_model.lot(permit.lot).nonce
        seen["old permit refused"] += sent is None and not odd and not is_current

    @call(2, place=range(100), right=often, other=anybody)
    def cancel_permits(self, place, right, other):
        """The owner takes back what it signed (C-7)."""
        (lot,) = self.pick_lots(place, 1)
        caller = self.owner(lot, right, other)
        self.step(
            "cancel_permits",
            self.lots.cancel_permits(lot),
            caller,
            lambda now: self.lot_model.cancel_permits(caller.address, lot),
        )

    @call(4, place=range(100), right=often, other=anybody, to=[*anybody, None], claimed=often)
    def transfer_from(self, place, right, other, to, claimed):
        """A lot is handed over as any ERC-721 token; permits for it are void (C-7)."""
        (lot,) = self.pick_lots(place, 1)
        caller = self.owner(lot, right, other)
        owner = self.lot_model.lot(lot).owner if claimed else self.people[other].address
        target = ZERO_ADDRESS if to is None else self.people[to].address
        self.step(
            "transfer_from",
            self.lots.transfer_from(owner, target, lot),
            caller,
            lambda now: self.lot_model.transfer(caller.address, owner, target, lot),
        )

    # ------------------------------------------------------------ retire, split, merge

    @call(2, place=range(100), right=often, other=anybody)
    def retire(self, place, right, other):
        """Consumed energy is not sold again (C-9)."""
        (lot,) = self.pick_lots(place, 1)
        caller = self.owner(lot, right, other)
        self.step(
            "retire", self.lots.retire(lot), caller, lambda now: self.lot_model.retire(caller.address, lot)
        )

    @call(8, place=range(100), right=often, other=anybody, cuts=CUTS, fitting=often)
    def split(self, place, right, other, cuts, fitting):
        """Parts have the energy of the whole (C-9)."""
        (lot,) = self.pick_lots(place, 1)
        caller, whole = self.owner(lot, right, other), self.lot_model.lot(lot).energy_wh
        if fitting and whole > 2:
            cuts = (1, whole - 2, 1)
        self.step(
            "split",
            self.lots.split(lot, cuts),
            caller,
            lambda now: self.lot_model.split(caller.address, lot, cuts),
        )

    @call(
        8,
        place=range(100),
        right=often,
        other=anybody,
        count=[1, 2, 2, 2, 2, 3, 3, 3],
        twice=[False] * 9 + [True],
    )
    def merge(self, place, right, other, count, twice):
        """A merged lot has the energy of its parts, which are of one slot (C-9)."""
        lots = self.pick_lots(place, count)
        lots += lots[:1] * twice
        caller = self.owner(lots[0], right, other)
        self.step(
            "merge", self.lots.merge(lots), caller, lambda now: self.lot_model.merge(caller.address, lots)
        )

    # ------------------------------------------------------------ trades that lots fulfil

    def named_lots(self, trade_id: bytes, buyer: str, signs_for: bytes) -> tuple[ReceiptKey, NamedKey]:
        """What lots sign with for a buyer, as a one-time key: its signature is the trade's id."""
        signer, tree = self.lots.receipt_signer(buyer), self.stage.tree
        place = next(i for i, leaf in enumerate(self.stage.signers) if leaf == signer)
        epoch = self.chain.next_time // 3600
        wire = ReceiptKey(signer, epoch, tree.proof(place), signs_for)
        return wire, NamedKey(signer, keccak(signer), epoch, tree.root, signs_for == trade_id)

    @call(16, place=range(100), who=buyers, genuine=often)
    def accept_for_lots(self, place, who, genuine):
        """A buyer who wants lots in place of a meter's receipt (N-6, C-8)."""
        trade_id = self.pick(place, TradeState.OFFERED)
        if trade_id is None:
            return
        terms, buyer = self.terms[trade_id], self.people[who]
        wire, named = self.named_lots(trade_id, buyer.address, trade_id if genuine else b"\x01" * 32)
        self.step(
            "accept_for_lots",
            self.world.market.accept_offer_privately(terms, wire),
            buyer,
            lambda now: self.trading.accept(buyer.address, trade_id, terms, now, named),
        )

    def delivery(self, trade_id: bytes, energy: bytes, odd: str) -> tuple[Delivery, CheckedReceipt]:
        """Where lots must sign the receipt, nobody else can, whatever is shown as their signature (N-8)."""
        wire, receipt = super().delivery(trade_id, energy, odd)
        signer = self.lots.receipt_signer(wire.buyer)
        state = self.trading.trades.get(trade_id)
        if not isinstance(state, Accepted) or state.receipt_key != keccak(signer):
            return wire, receipt
        shown = self.random.choice([b"", trade_id, bytes(64)])
        wire = replace(wire, signer=signer, signature=shown)
        return wire, CheckedReceipt(state, energy, signed=False)

    @call(
        24,
        place=range(100),
        right=often,
        other=anybody,
        count=[1, 1, 2, 3],
        odd=[""] * 9 + ["buyer", "twice"],
    )
    def deliver(self, place, right, other, count, odd):
        """Lots fulfil a trade: the buyer has them and the seller the money (N-3, C-8)."""
        trade_id = self.one_of(place, self.waiting(), self.terms)
        if trade_id is None:
            return
        terms, state = self.terms[trade_id], self.trading.trades.get(trade_id)
        buyer = state.buyer if isinstance(state, Accepted) else self.world.bob.address
        if odd == "buyer":
            buyer = self.people[other].address
        caller = self.author(terms, right, other)
        lots = self.pick_lots(place, count, terms.seller)
        lots += lots[:1] * (odd == "twice")
        energy = sum(self.lot_model.lot(lot).energy_wh for lot in lots)
        sent, _ = self.step(
            "deliver",
            self.lots.deliver(terms, buyer, lots),
            caller,
            lambda now: self.lot_model.deliver(caller.address, trade_id, terms, buyer, lots, now),
        )
        if sent:
            digest = self.world.suite.market_domain.digest(Receipt(trade_id, Energy.plain(energy)))
            signs = self.lots.verify(bytes.fromhex(buyer[2:]), digest, b"")
            assert signs == b"\xff" * 4, "lots sign nothing after the delivery"
            whole = energy >= int.from_bytes(terms.energy, "big")
            seen[f"delivered in lots: {'all' if whole else 'short'}"] += 1
