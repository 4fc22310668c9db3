"""Random calls about people: money in and out, accounts, meters and their one-time keys."""

from __future__ import annotations

from eth_utils.crypto import keccak

from energy_trading.crypto.keys import SecretKey
from energy_trading.types import MAX_UNITS, ZERO_ADDRESS
from tests.stateful.machine import UNIT, Machine, amounts, anybody, call, often


class PeopleCalls(Machine):
    """Accounts, their money and their meters."""

    # ------------------------------------------------------------ money

    @call(who=anybody, payer=anybody, amount=amounts, odd=["", "", "", "value", "huge"])
    def deposit(self, who, payer, amount, odd):
        """Coin comes in (X-4)."""
        account, sender = self.people[who].address, self.people[payer]
        amount = MAX_UNITS + 1 if odd == "huge" else amount
        value = (amount % 10_000) * UNIT + (odd == "value")
        balance = self.assets(self.world.ledger.address) + value
        self.step(
            "deposit",
            self.world.ledger.deposit(account, amount, value=value),
            sender,
            lambda now: self.model.deposit(account, amount, value, UNIT, balance),
        )

    @call(who=anybody, to=anybody, amount=amounts, odd=["", "", "", "ledger", "zero"])
    def withdraw(self, who, to, amount, odd):
        """Coin goes out, whatever the account's standing (C-10, N-7)."""
        caller, target = self.people[who], self.target(to, odd)
        self.step(
            "withdraw",
            self.world.ledger.withdraw(target, amount),
            caller,
            lambda now: self.model.withdraw(caller.address, target, amount),
        )

    def target(self, to: int, odd: str) -> str:
        return {"ledger": self.world.ledger.address, "zero": ZERO_ADDRESS}.get(odd, self.people[to].address)

    # ------------------------------------------------------------ registrar

    @call(who=range(5, 8), roles=[1, 2, 3, 3, 0, 4], genuine=often, late=often)
    def open_account(self, who, roles, genuine, late):
        """PKG's word opens an account once (C-2)."""
        address = self.people[who].address
        signer = self.world.pkg if genuine else self.world.alice
        deadline = self.chain.next_time + (60 if late else 0)
        self.step(
            "open_account",
            self.world.ledger.open_account(
                *self.world.attest(address, roles, signer=signer, deadline=deadline)
            ),
            self.world.stranger,
            lambda now: self.model.open(address, roles, deadline, genuine, self.world.pkg.address, now),
        )

    @call(1, who=[[], [0], [1], [2], [3], [4], [0, 1], [2, 6], [1, 1]], right=often)
    def suspend(self, who, right):
        """The DSO keeps people from new commitments (C-10)."""
        caller = self.world.dso if right else self.world.alice
        self.suspend_all(caller, [self.people[i].address for i in who])

    def suspend_all(self, caller: SecretKey, addresses: list[str]) -> None:
        self.step(
            "suspend",
            self.world.ledger.suspend(addresses),
            caller,
            lambda now: self.model.suspend(caller.address, addresses),
        )

    @call(3, who=[[], [0], [1], [3, 2]], right=often, everybody=(True, False))
    def reinstate(self, who, right, everybody):
        """The DSO lets them commit again (C-10)."""
        caller = self.world.dso if right else self.world.alice
        addresses = [self.people[i].address for i in who]
        if everybody:
            addresses = [key.address for key in self.people if self.model.account(key.address).suspended]
        self.step(
            "reinstate",
            self.world.ledger.reinstate(addresses),
            caller,
            lambda now: self.model.reinstate(caller.address, addresses),
        )

    @call(3, who=anybody, number=range(20), right=often, whole=often)
    def register_meter(self, who, number, right, whole):
        """The DSO names a meter (N-3)."""
        caller = self.world.dso if right else self.world.bob
        meter = self.stage.meters[number]
        address, signer = self.people[who].address, meter.signer if whole else meter.signer[:19]
        self.signers[keccak(meter.signer)] = meter
        self.step(
            "register_meter",
            self.world.ledger.register_meter(address, signer),
            caller,
            lambda now: self.model.register_meter(caller.address, address, signer, keccak(signer)),
        )

    @call(1, who=anybody, right=often)
    def remove_meter(self, who, right):
        """Trades that named it keep it (N-3)."""
        caller = self.world.dso if right else self.world.bob
        address = self.people[who].address
        self.step(
            "remove_meter",
            self.world.ledger.remove_meter(address),
            caller,
            lambda now: self.model.remove_meter(caller.address, address),
        )

    @call(4, shift=[0, 0, 0, 0, 1, -1], right=often, empty=[False] * 6 + [True])
    def publish_key_root(self, shift, right, empty):
        """One-time keys of an epoch are admitted (N-6)."""
        caller = self.world.dso if right else self.world.bob
        epoch, root = self.chain.next_time // 3600 + shift, bytes(32) if empty else self.stage.tree.root
        self.step(
            "publish_key_root",
            self.world.ledger.publish_key_root(epoch, root, b"\xee" * 32),
            caller,
            lambda now: self.model.publish_key_root(caller.address, epoch, root, now),
        )

    @call(1, shift=[0, 1], right=often)
    def revoke_key_root(self, shift, right):
        """And stopped (N-6)."""
        caller = self.world.dso if right else self.world.bob
        epoch = self.chain.next_time // 3600 + shift
        self.step(
            "revoke_key_root",
            self.world.ledger.revoke_key_root(epoch),
            caller,
            lambda now: self.model.revoke_key_root(caller.address, epoch),
        )
