"""Random calls in a market that settles in a token: one with permits, and one that breaks the rules."""

from __future__ import annotations

from collections import Counter
from types import MappingProxyType

from tests.contracts.energy_ledger.test_deposit_with_permit import permit
from tests.contracts.energy_ledger.tools import Behaviour
from tests.stateful.auction_calls import AuctionCalls
from tests.stateful.machine import UNIT, amounts, anybody, call, often

mostly_open = [0, 1, 2, 3, 4] * 3 + [5, 6, 7]
REFUSING = (Behaviour.RETURNS_FALSE, Behaviour.REVERTS)


class TokenCalls(AuctionCalls):
    """Everything of `AuctionCalls`, on a ledger of an honest token that knows permits (ERC-2612)."""

    asset = "PermitToken"
    weights = MappingProxyType(AuctionCalls.weights | {"quote": 10, "post": 5, "settle": 10})
    examined = frozenset({"deposit", "deposit_with_permit", "withdraw"})
    must_see = frozenset({"deposit: TransferFromFailed", "deposit_with_permit: TransferFromFailed"})

    def __init__(self) -> None:
        super().__init__()
        token = self.stage.token
        assert token is not None
        self.token = token
        self.behaviour = Behaviour.HONEST
        everybody = [*(person.address for person in self.people), self.world.ledger.address]
        self.owned = Counter({address: token.balance(address) for address in everybody})
        #: what the ledger may draw, in base units
        self.allowed: Counter[str] = Counter()
        for who in range(5):
            self.give(who, 5_000)

    def one_story(self) -> None:
        """And the token's balances are what was moved, no more and no less."""
        super().one_story()
        assert {address: self.token.balance(address) for address in self.owned} == dict(self.owned)

    def end_all(self) -> None:
        if self.behaviour != Behaviour.HONEST:
            self.token.behave(Behaviour.HONEST)
        super().end_all()

    @call(8, asked=False, who=mostly_open, units=[100, 300, 5_000, 5_000])
    def give(self, who, units):
        """Somebody has tokens, and lets the ledger draw exactly these."""
        key = self.people[who]
        self.token.give(key, units)
        self.owned[key.address] += units * UNIT
        self.allowed[key.address] = units * UNIT

    def drawn(self, payer: str, asked: int) -> int | None:
        """What the ledger receives if it asks; None: the token refuses."""
        if self.behaviour in REFUSING or min(self.owned[payer], self.allowed[payer]) < asked:
            return None
        return asked - (self.behaviour == Behaviour.FEE)

    @call(16, who=mostly_open, payer=mostly_open, amount=amounts, odd=[""] * 8 + ["value", "huge"])
    def deposit(self, who, payer, amount, odd):
        """Tokens come in (X-4)."""
        account, sender = self.people[who].address, self.people[payer]
        amount = 2**64 if odd == "huge" else amount
        value = int(odd == "value")
        received = self.drawn(sender.address, amount * UNIT)
        balance = self.owned[self.world.ledger.address] + (received or 0)
        sent, _ = self.step(
            "deposit",
            self.world.ledger.deposit(account, amount, value=value),
            sender,
            lambda now: self.model.deposit_token(account, amount, value, UNIT, received, balance),
        )
        if sent:
            self.move(sender.address, amount * UNIT)

    @call(8, who=mostly_open, amount=amounts, signs=often, in_time=often)
    def deposit_with_permit(self, who, amount, signs, in_time):
        """Tokens come in by a permit; one that is not good leaves the allowance as it was (ERC-2612)."""
        sender, ledger = self.people[who], self.world.ledger
        signed = (self.chain.next_time, 27, b"\x01" * 32, b"\x02" * 32)
        good = signs and in_time and self.asset == "PermitToken"
        if self.asset == "PermitToken":
            deadline = self.chain.next_time - (0 if in_time else 1)
            signer = sender if signs else self.world.pkg
            signed = permit(self.token, sender, amount, deadline, signer, UNIT)
        allowed = self.allowed[sender.address]
        if good:
            self.allowed[sender.address] = amount * UNIT
        received = self.drawn(sender.address, amount * UNIT)
        balance = self.owned[ledger.address] + (received or 0)
        sent, _ = self.step(
            "deposit_with_permit",
            ledger.deposit_with_permit(amount, *signed),
            sender,
            lambda now: self.model.deposit_token(sender.address, amount, 0, UNIT, received, balance),
        )
        if sent:
            self.move(sender.address, amount * UNIT)
        else:
            self.allowed[sender.address] = allowed

    def move(self, payer: str, asked: int) -> None:
        self.owned[payer] -= asked
        self.allowed[payer] -= asked
        self.owned[self.world.ledger.address] += asked

    @call(10, who=mostly_open, to=anybody, amount=amounts, odd=["", "", "", "ledger", "zero"])
    def withdraw(self, who, to, amount, odd):
        """Tokens go out, whatever the account's standing (C-10, N-7)."""
        caller, target = self.people[who], self.target(to, odd)
        sent, _ = self.step(
            "withdraw",
            self.world.ledger.withdraw(target, amount),
            caller,
            lambda now: self.model.withdraw(caller.address, target, amount, self.behaviour not in REFUSING),
        )
        if sent:
            self.owned[self.world.ledger.address] -= amount * UNIT
            self.owned[target] += amount * UNIT - (self.behaviour == Behaviour.FEE)


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
    def behave(self, behaviour):
        """The token changes its ways."""
        self.token.behave(behaviour)
        self.behaviour = behaviour
