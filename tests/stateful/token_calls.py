"""Random calls in a market that settles in a token: one with permits, and one that breaks the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType

from energy_trading.rules.ledger import Refused
from energy_trading.types import Deposit, TokenPermit
from tests.contracts.energy_ledger.test_deposit_with_permit import permit
from tests.contracts.energy_ledger.tools import Behaviour
from tests.stateful.auction_calls import AuctionCalls
from tests.stateful.machine import UNIT, amounts, anybody, call, often, seen

mostly_open = [0, 1, 2, 3, 4] * 3 + [5, 6, 7]
REFUSING = (Behaviour.RETURNS_FALSE, Behaviour.REVERTS)


class ModelToken:
    """The token as the rules settle in it: who owns what, what the ledger may draw, how it behaves."""

    def __init__(self, ledger: str) -> None:
        self.ledger = ledger
        self.behaviour = Behaviour.HONEST
        #: in base units
        self.owned: Counter[str] = Counter()
        self.allowed: Counter[str] = Counter()
        #: deadline and signature of each permit that the token takes
        self.permits: set[tuple[int, int, bytes, bytes]] = set()

    def balance_of(self, account: str) -> int:
        return self.owned[account]

    def transfer(self, to: str, amount: int) -> bool:
        return self._move(self.ledger, to, amount)

    def transfer_from(self, payer: str, amount: int) -> bool:
        if self.allowed[payer] < amount or not self._move(payer, self.ledger, amount):
            return False
        self.allowed[payer] -= amount
        return True

    def permit(self, owner: str, amount: int, deadline: int, v: int, r: bytes, s: bytes) -> None:
        if (deadline, v, r, s) in self.permits:
            self.allowed[owner] = amount

    @contextmanager
    def undone_if_refused(self) -> Iterator[None]:
        before = Counter(self.owned), Counter(self.allowed)
        try:
            yield
        except Refused:
            self.owned, self.allowed = before
            raise

    def _move(self, payer: str, to: str, amount: int) -> bool:
        if self.behaviour in REFUSING or self.owned[payer] < amount:
            return False
        self.owned[payer] -= amount
        self.owned[to] += amount - (self.behaviour == Behaviour.FEE)
        return True


class TokenCalls(AuctionCalls):
    """Everything of `AuctionCalls`, on a ledger of an honest token that knows permits (ERC-2612)."""

    asset = "PermitToken"
    weights = MappingProxyType(AuctionCalls.weights | {"quote": 10, "post": 5, "settle": 10})
    examined = frozenset({"deposit", "deposit_with_permit", "deposit_for", "withdraw"})
    must_see = frozenset(
        {
            *(f"{verb}: TransferFromFailed" for verb in ("deposit", "deposit_with_permit", "deposit_for")),
            *(f"deposit_for: RelayLib_{name}" for name in ("NotSigned", "OrderExpired")),
            *(f"deposit_for: EnergyLedger_{name}" for name in ("NotOpen", "ZeroAmount")),
            "deposit_for: UnorderedNonces_NonceUsed",
            "tokens of one account paid into another's",
            "order again after it was voided",
        }
    )

    def __init__(self) -> None:
        super().__init__()
        #: nonces that their owner has voided, as a mask
        self.voided: dict[str, int] = {}
        for who in range(5):
            self.give(who, 5_000)

    def model_of_token(self) -> ModelToken:
        assert self.stage.token is not None
        self.token, ledger = self.stage.token, self.world.ledger.address
        self.model = ModelToken(ledger)
        for address in (*(person.address for person in self.people), ledger):
            self.model.owned[address] = self.token.balance(address)
        return self.model

    def one_story(self) -> None:
        """And the token's balances are what was moved, no more and no less."""
        super().one_story()
        assert {address: self.token.balance(address) for address in self.model.owned} == self.model.owned
        for (owner, word), mask in self.rules.ledger.nonces.items():
            assert self.world.ledger.nonce_mask(owner, word) == mask
            assert self.replayed.nonces.get((self.world.ledger.address, owner, word), 0) == mask

    def end_all(self) -> None:
        if self.model.behaviour != Behaviour.HONEST:
            self.token.behave(Behaviour.HONEST)
            self.model.behaviour = Behaviour.HONEST
        super().end_all()

    @call(8, asked=False, who=mostly_open, units=[100, 300, 5_000, 5_000])
    def give(self, who: int, units: int) -> None:
        """Somebody has tokens, and lets the ledger draw exactly these."""
        key = self.people[who]
        self.token.give(key, units)
        self.model.owned[key.address] += units * UNIT
        self.model.allowed[key.address] = units * UNIT

    @call(16, who=mostly_open, payer=mostly_open, amount=amounts, odd=[""] * 8 + ["value", "huge"])
    def deposit(self, who: int, payer: int, amount: int, odd: str) -> None:
        """Tokens come in (X-4)."""
        account, amount = self.people[who].address, 2**64 if odd == "huge" else amount
        value = int(odd == "value")
        self.step("deposit", self.people[payer], "ledger.deposit", account, amount, value=value)

    @call(8, who=mostly_open, amount=amounts, signs=often, in_time=often)
    def deposit_with_permit(self, who: int, amount: int, signs: bool, in_time: bool) -> None:
        """Tokens come in by a permit; one that is not good leaves the allowance as it was (ERC-2612)."""
        sender = self.people[who]
        signed = (self.chain.next_time, 27, b"\x01" * 32, b"\x02" * 32)
        if self.asset == "PermitToken":
            deadline = self.chain.next_time - (0 if in_time else 1)
            signed = permit(self.token, sender, amount, deadline, sender if signs else self.world.pkg, UNIT)
            if signs and in_time:
                self.model.permits.add(signed)
        self.step("deposit_with_permit", sender, "ledger.deposit_with_permit", amount, *signed)

    @call(
        16,
        who=mostly_open,
        to=mostly_open,
        amount=amounts,
        nonce=range(12),
        life=[600] * 9 + [0],
        permits=(True, False),
        odd=[""] * 8 + ["signer", "field"],
    )
    def deposit_for(
        self, who: int, to: int, amount: int, nonce: int, life: int, permits: bool, odd: str
    ) -> None:
        """Tokens come in on their owner's order, with a permit or on the allowance (X-4, N-8)."""
        owner, account = self.people[who], self.people[to].address
        order = Deposit(owner.address, account, amount, nonce, self.chain.next_time + life)
        signer = self.world.stranger if odd == "signer" else owner
        signature = signer.sign_digest(self.world.suite.ledger_domain.digest(order))
        order = replace(order, amount=amount + 1) if odd == "field" else order
        permitted = TokenPermit(0, 0, bytes(32), bytes(32))
        if permits and self.asset == "PermitToken":
            signed = permit(self.token, owner, amount, self.chain.next_time, owner, UNIT)
            self.model.permits.add(signed)
            permitted = TokenPermit(*signed)
        voided = self.voided.get(owner.address, 0) >> nonce & 1
        arguments = order, signature, permitted
        sent, _ = self.step("deposit_for", self.world.stranger, "ledger.deposit_for", *arguments)
        seen["order again after it was voided"] += sent is None and bool(voided)
        if sent:
            assert not voided, "an order that was taken back counts no more"
            seen["tokens of one account paid into another's"] += owner.address != account

    @call(3, asked=False, who=mostly_open, nonces=[1, 2, 4, 0b1010])
    def void_orders(self, who: int, nonces: int) -> None:
        """An owner takes orders back (N-8)."""
        owner = self.people[who]
        self.step("void_nonces", owner, "ledger.void_nonces", 0, nonces)
        self.voided[owner.address] = self.voided.get(owner.address, 0) | nonces

    @call(10, who=mostly_open, to=anybody, amount=amounts, odd=["", "", "", "ledger", "zero"])
    def withdraw(self, who: int, to: int, amount: int, odd: str) -> None:
        """Tokens go out, whatever the account's standing (C-10, N-7)."""
        super().withdraw(who, to, amount, odd)


class HostileTokenCalls(TokenCalls):
    """The same with a token that takes a fee, refuses, or answers nothing (as USDT), and knows no permit."""

    asset = "HostileToken"
    must_see = TokenCalls.must_see | {"deposit: EnergyLedger_ReceivedLess", "withdraw: TransferFailed"}

    @call(
        8,
        asked=False,
        behaviour=[Behaviour.HONEST] * 2
        + [Behaviour.FEE, Behaviour.RETURNS_FALSE, Behaviour.RETURNS_NOTHING, Behaviour.REVERTS],
    )
    def behave(self, behaviour: Behaviour) -> None:
        """The token changes its ways."""
        self.token.behave(behaviour)
        self.model.behaviour = behaviour
