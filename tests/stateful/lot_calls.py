"""Random calls about lots: certificates, exchanges, splits, mergers, and trades that lots fulfil."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

from eth_utils.crypto import keccak

from energy_trading.crypto._signatures import compact
from energy_trading.crypto.keys import SecretKey
from energy_trading.types import (
    ZERO_ADDRESS,
    Delivery,
    Energy,
    ExchangeAcceptance,
    ExchangePermit,
    Injection,
    LotState,
    Receipt,
    ReceiptKey,
    TradeState,
)
from tests.contracts.energy_lot.tools import MSG, SLOT_S, sign_injection
from tests.stateful.machine import anybody, call, often, seen
from tests.stateful.trade_calls import TradeCalls, buyers, sellers

LOT_WH = [1, 7, 60, 93, 100, 100, 100, 150]
CUTS = [(1, 99), (50, 50), (93, 7), (40, 30, 30), (0, 100), (100,), ()]
CUTS += [(60, 41), (2**40, 1), (1, 6), (75, 75)]


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
    examined = frozenset({"mint", "exchange", "cancel_permits", "transfer_from", "retire", "split", "merge"})
    examined |= {"accept_for_lots", "deliver"}
    must_see = frozenset({"delivered in lots: all", "delivered in lots: short", "old permit refused"})

    def __init__(self) -> None:
        super().__init__()
        self.lots = self.rules.lots
        self.minted_wh = 0
        #: permits of exchanges with the signatures of both
        self.signed_permits: list[tuple[ExchangePermit, bytes, bytes]] = []

    def one_story(self) -> None:
        """And on every lot; energy is neither made nor lost."""
        super().one_story()
        contract = self.world.suite.lots
        for lot, view in self.lots.lots.items():
            assert contract.lot_of(lot) == view
        there = [lot for lot in self.lots.lots.values() if lot.state in (LotState.ALIVE, LotState.RETIRED)]
        assert sum(lot.energy_wh for lot in there) == self.minted_wh
        for person in self.people:
            assert contract.balance_of(person.address) == self.lots.balance_of(person.address)

    def pick_lots(self, place: int, count: int, owner: str | None = None) -> list[int]:
        """Lots that are alive, of one owner; now and then any."""
        lots = self.lots.lots
        alive = [lot for lot, x in lots.items() if x.state == LotState.ALIVE and owner in (None, x.owner)]
        if (not alive or self.random.random() < 0.1) and lots:
            alive = list(lots)
        first = alive[place % len(alive)] if alive else 1  # no lot has this id
        mates = [lot for lot in alive if lots[lot].owner == lots[first].owner and lot != first]
        return [first, *mates][:count]

    def owner(self, lot: int, right: bool, other: int) -> SecretKey:
        """The lot's owner, or whoever tries."""
        owner = self.lots.lot_of(lot).owner
        found = [person for person in self.people if right and person.address == owner]
        return (found or [self.people[other]])[0]

    def waiting(self) -> list[bytes]:
        """Trades whose buyers wait for lots."""
        signers = {keccak(self.lots.receipt_signer(person.address)) for person in self.people}
        accepted = [(i, self.accepted(i)) for i in self.terms]
        return [i for i, acceptance in accepted if acceptance and acceptance.receipt_key in signers]

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
    def mint(
        self, who: int, energy: int, slot: int | str, signer: bool, late: bool, odd: str, for_trade: bool
    ) -> None:
        """The DSO's certificate becomes a lot, once (C-4)."""
        now = self.chain.next_time
        start = now // SLOT_S * SLOT_S + (slot * SLOT_S if isinstance(slot, int) else -2 * SLOT_S + 1)
        self.nonce += 1
        reading = keccak(self.nonce.to_bytes(32, "big"))
        if odd == "again" and self.lots.lots:
            reading = self.random.choice(list(self.lots.lots)).to_bytes(32, "big")
        deadline = now if late else now + 600
        sellers_waiting = [self.terms[i].seller for i in self.waiting() if for_trade]
        producer = [*sellers_waiting, self.people[who].address][0]
        injection = Injection(producer, energy, start, bytes(32), reading, b"", MSG, self.nonce, deadline)
        certificate = sign_injection(self.world, injection, self.world.dso if signer else self.world.pkg)
        if odd == "other":
            injection = replace(injection, energy_wh=energy + 1)
        sent, _ = self.step("mint", self.world.stranger, "lots.mint", injection, certificate)
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
    def exchange(self, place: int, to: int, price: int, seconds: int, odd: str, old: bool) -> None:
        """A lot against money, on the signatures of both; a change of owner voids them (C-7, C-8)."""
        (lot,) = self.pick_lots(place, 1)
        seller, buyer = self.owner(lot, True, 0), self.people[to]
        if old and self.signed_permits:
            permit, first, second = self.random.choice(self.signed_permits)
        else:
            deadline = self.chain.next_time + seconds
            permit = ExchangePermit(lot, buyer.address, price, self.lots.nonces(lot), deadline)
            messages = {"permit": permit, "acceptance": ExchangeAcceptance(permit, MSG)}
            first, second = (
                compact(
                    (self.world.pkg if odd == name else key).sign_digest(self.lots.domain.digest(message))
                )
                for (name, message), key in zip(messages.items(), (seller, buyer), strict=True)
            )
            self.signed_permits.append((permit, first, second))
        price = permit.price + (odd == "price")
        taker = self.world.carol.address if odd == "buyer" else permit.buyer
        words = permit.lot, taker, price, permit.deadline, MSG, first, second
        sent, _ = self.step("exchange", self.world.stranger, "lots.exchange", *words)
        is_current = permit.nonce == self.lots.nonces(permit.lot)
        seen["old permit refused"] += sent is None and not odd and not is_current

    @call(2, place=range(100), right=often, other=anybody)
    def cancel_permits(self, place: int, right: bool, other: int) -> None:
        """The owner withdraws what it signed (C-7)."""
        (lot,) = self.pick_lots(place, 1)
        self.step("cancel_permits", self.owner(lot, right, other), "lots.cancel_permits", lot)

    @call(4, place=range(100), right=often, other=anybody, to=[*anybody, None], claimed=often)
    def transfer_from(self, place: int, right: bool, other: int, to: int | None, claimed: bool) -> None:
        """A lot is handed over as any ERC-721 token is; permits for it are void (C-7)."""
        (lot,) = self.pick_lots(place, 1)
        caller = self.owner(lot, right, other)
        owner = self.lots.lot_of(lot).owner if claimed else self.people[other].address
        target = ZERO_ADDRESS if to is None else self.people[to].address
        self.step("transfer_from", caller, "lots.transfer_from", owner, target, lot)

    # ------------------------------------------------------------ retire, split, merge

    @call(2, place=range(100), right=often, other=anybody)
    def retire(self, place: int, right: bool, other: int) -> None:
        """Consumed energy is not sold again (C-9)."""
        (lot,) = self.pick_lots(place, 1)
        self.step("retire", self.owner(lot, right, other), "lots.retire", lot)

    @call(8, place=range(100), right=often, other=anybody, cuts=CUTS, fitting=often)
    def split(self, place: int, right: bool, other: int, cuts: tuple[int, ...], fitting: bool) -> None:
        """Parts have the energy of the whole (C-9)."""
        (lot,) = self.pick_lots(place, 1)
        caller, whole = self.owner(lot, right, other), self.lots.lot_of(lot).energy_wh
        if fitting and whole > 2:
            cuts = (1, whole - 2, 1)
        self.step("split", caller, "lots.split", lot, cuts)

    @call(
        8,
        place=range(100),
        right=often,
        other=anybody,
        count=[1, 2, 2, 2, 2, 3, 3, 3],
        twice=[False] * 9 + [True],
    )
    def merge(self, place: int, right: bool, other: int, count: int, twice: bool) -> None:
        """A merged lot has the energy of its parts, which are of one slot (C-9)."""
        lots = self.pick_lots(place, count)
        lots += lots[:1] * twice
        self.step("merge", self.owner(lots[0], right, other), "lots.merge", lots)

    # ------------------------------------------------------------ trades that lots fulfil

    @call(16, place=range(100), who=buyers, genuine=often)
    def accept_for_lots(self, place: int, who: int, genuine: bool) -> None:
        """A buyer names the lots in place of a meter; their signature is the trade's id (N-6, C-8)."""
        trade_id = self.pick(place, TradeState.OFFERED)
        if trade_id is None:
            return
        terms, buyer = self.terms[trade_id], self.people[who]
        signer = self.lots.receipt_signer(buyer.address)
        proof = self.stage.tree.proof(self.stage.signers.index(signer))
        signature = trade_id if genuine else b"\x01" * 32
        key = ReceiptKey(signer, self.chain.next_time // 3600, proof, signature)
        self.step("accept_for_lots", buyer, "market.accept_offer_privately", terms, key)

    def delivery(self, trade_id: bytes, energy: Energy, odd: str) -> Delivery:
        """Where lots must sign the receipt, nobody else can, whatever is shown as their signature (N-8)."""
        delivery = super().delivery(trade_id, energy, odd)
        signer = self.lots.receipt_signer(delivery.buyer)
        accepted = self.accepted(trade_id)
        if accepted is None or accepted.receipt_key != keccak(signer):
            return delivery
        shown = self.random.choice([b"", trade_id, bytes(64)])
        return replace(delivery, signer=signer, signature=shown)

    @call(
        24,
        place=range(100),
        right=often,
        other=anybody,
        count=[1, 1, 2, 3],
        odd=[""] * 9 + ["buyer", "twice"],
    )
    def deliver(self, place: int, right: bool, other: int, count: int, odd: str) -> None:
        """Lots fulfil a trade: the buyer has them and the seller the money (N-3, C-8)."""
        trade_id = self.one_of(place, self.waiting(), self.terms)
        if trade_id is None:
            return
        terms, accepted = self.terms[trade_id], self.accepted(trade_id)
        buyer = accepted.buyer if accepted else self.world.bob.address
        if odd == "buyer":
            buyer = self.people[other].address
        lots = self.pick_lots(place, count, terms.seller)
        lots += lots[:1] * (odd == "twice")
        energy = sum(self.lots.lot_of(lot).energy_wh for lot in lots)
        sent, _ = self.step("deliver", self.author(terms, right, other), "lots.deliver", terms, buyer, lots)
        if sent:
            digest = self.world.suite.market_domain.digest(Receipt(trade_id, Energy.plain(energy)))
            for verifier in (self.world.suite.lots, self.lots):
                signs = verifier.verify(bytes.fromhex(buyer[2:]), digest, b"")
                assert signs == b"\xff" * 4, "lots sign nothing after the delivery"
            whole = energy >= int.from_bytes(terms.energy, "big")
            seen[f"delivered in lots: {'all' if whole else 'short'}"] += 1
