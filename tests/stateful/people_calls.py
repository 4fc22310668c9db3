"""Random calls about people: money in and out, accounts, meters and their one-time keys."""

from __future__ import annotations

from eth_utils.crypto import keccak

from energy_trading.crypto.keys import SecretKey
from energy_trading.types import MAX_UNITS, ZERO_ADDRESS
from tests.stateful.machine import UNIT, Machine, amounts, anybody, call, often


class PeopleCalls(Machine):
    """Accounts, their money and their meters."""

    def owner_or(self, right: bool, other: SecretKey) -> SecretKey:
        """The DSO, or somebody who tries to do what only the DSO may."""
        return self.world.dso if right else other

    # ------------------------------------------------------------ money

    @call(who=anybody, payer=anybody, amount=amounts, odd=["", "", "", "value", "huge"])
    def deposit(self, who: int, payer: int, amount: int, odd: str) -> None:
        """Coin comes in (X-4)."""
        amount = MAX_UNITS + 1 if odd == "huge" else amount
        value = (amount % 10_000) * UNIT + (odd == "value")
        account = self.people[who].address
        self.step("deposit", self.people[payer], "ledger.deposit", account, amount, value=value)

    @call(who=anybody, to=anybody, amount=amounts, odd=["", "", "", "ledger", "zero"])
    def withdraw(self, who: int, to: int, amount: int, odd: str) -> None:
        """Coin goes out, whatever the account's standing (C-10, N-7)."""
        self.step("withdraw", self.people[who], "ledger.withdraw", self.target(to, odd), amount)

    def target(self, to: int, odd: str) -> str:
        ledger: str = self.world.ledger.address
        return {"ledger": ledger, "zero": ZERO_ADDRESS}.get(odd, self.people[to].address)

    # ------------------------------------------------------------ registrar

    @call(who=range(5, 8), roles=[1, 2, 3, 3, 0, 4], genuine=often, late=often)
    def open_account(self, who: int, roles: int, genuine: bool, late: bool) -> None:
        """PKG's attestation opens an account once (C-2)."""
        signer = self.world.pkg if genuine else self.world.alice
        deadline = self.chain.next_time + (60 if late else 0)
        attested = self.world.attest(self.people[who].address, roles, signer=signer, deadline=deadline)
        self.step("open_account", self.world.stranger, "ledger.open_account", *attested)

    @call(1, who=[[], [0], [1], [2], [3], [4], [0, 1], [2, 6], [1, 1]], right=often)
    def suspend(self, who: list[int], right: bool) -> None:
        """The DSO keeps people from new commitments (C-10)."""
        caller = self.owner_or(right, self.world.alice)
        self.suspend_all(caller, [self.people[i].address for i in who])

    def suspend_all(self, caller: SecretKey, addresses: list[str]) -> None:
        self.step("suspend", caller, "ledger.suspend", addresses)

    @call(3, who=[[], [0], [1], [3, 2]], right=often, everybody=(True, False))
    def reinstate(self, who: list[int], right: bool, everybody: bool) -> None:
        """The DSO lets them commit again (C-10)."""
        addresses = [self.people[i].address for i in who]
        if everybody:
            addresses = [x.address for x in self.people if self.rules.ledger.account(x.address).suspended]
        self.step("reinstate", self.owner_or(right, self.world.alice), "ledger.reinstate", addresses)

    @call(3, who=anybody, number=range(20), right=often, whole=often)
    def register_meter(self, who: int, number: int, right: bool, whole: bool) -> None:
        """The DSO names a meter (N-3)."""
        meter = self.stage.meters[number]
        self.signers[keccak(meter.signer)] = meter
        signer = meter.signer if whole else meter.signer[:19]
        caller = self.owner_or(right, self.world.bob)
        self.step("register_meter", caller, "ledger.register_meter", self.people[who].address, signer)

    @call(1, who=anybody, right=often)
    def remove_meter(self, who: int, right: bool) -> None:
        """Trades that named it keep it (N-3)."""
        caller = self.owner_or(right, self.world.bob)
        self.step("remove_meter", caller, "ledger.remove_meter", self.people[who].address)

    @call(4, shift=[0, 0, 0, 0, 1, -1], right=often, empty=[False] * 6 + [True])
    def publish_key_root(self, shift: int, right: bool, empty: bool) -> None:
        """One-time keys of an epoch are admitted (N-6)."""
        epoch, root = self.chain.next_time // 3600 + shift, bytes(32) if empty else self.stage.tree.root
        caller = self.owner_or(right, self.world.bob)
        self.step("publish_key_root", caller, "ledger.publish_key_root", epoch, root, b"\xee" * 32)

    @call(1, shift=[0, 1], right=often)
    def revoke_key_root(self, shift: int, right: bool) -> None:
        """And stopped (N-6)."""
        caller = self.owner_or(right, self.world.bob)
        self.step("revoke_key_root", caller, "ledger.revoke_key_root", self.chain.next_time // 3600 + shift)
