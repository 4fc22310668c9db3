"""Random calls about people: money in and out, accounts, meters and their one-time keys."""

from __future__ import annotations

from dataclasses import replace

from eth_utils.crypto import keccak

from energy_trading.crypto.keys import SecretKey
from energy_trading.types import MAX_UNITS, ZERO_ADDRESS
from tests.stateful.machine import UNIT, Machine, amounts, anybody, call, often, seen


class PeopleCalls(Machine):
    """Accounts, their money and their meters."""

    def owner_or(self, right: bool, other: SecretKey) -> SecretKey:
        """The DSO, or somebody who tries to do what only the DSO may."""
        return self.world.dso if right else other

    def banned(self) -> list[SecretKey]:
        """Those who are banned now, by the rules."""
        now, accounts = self.chain.next_time, self.rules.ledger
        return [key for key in self.people if now < accounts.account(key.address).standing.banned_until]

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

    @call(
        3,
        who=range(5, 8),
        roles=[1, 2, 3, 3, 0, 4],
        genuine=often,
        late=often,
        consent=["", "", "", "itself", "nobody", "other", "elsewhere"],
    )
    def open_account(self, who: int, roles: int, genuine: bool, late: bool, consent: str) -> None:
        """PKG's attestation and the account's consent open an account once; never the treasury (C-2)."""
        person, world = self.people[who], self.world
        signer = world.pkg if genuine else world.alice
        deadline = self.chain.next_time + (60 if late else 0)
        statement, word, own = world.attest(person, roles, signer=signer, deadline=deadline)
        digest = replace(world.suite.ledger_domain, chain_id=1).digest(statement)
        own = {
            "itself": b"",
            "nobody": b"",
            "other": world.attest(person, roles, deadline=deadline, consent=world.alice)[2],
            "elsewhere": person.sign_digest(digest),
        }.get(consent, own)
        caller = person if consent == "itself" else world.bob
        sent, _ = self.step("open_account", caller, "ledger.open_account", statement, word, own)
        assert not sent or consent in ("", "itself"), "no account opens without its consent"
        seen["account opened by itself"] += sent is not None and consent == "itself"
        seen["account opened with its signature"] += sent is not None and consent == ""

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

    @call(1, who=anybody, right=often, reason=["the gateway was down", "the council decided", ""])
    def lift_ban(self, who: int, right: bool, reason: str) -> None:
        """The DSO ends a ban before its time, with a reason; the defaults stay on record (N-7)."""
        banned = self.banned()
        person = banned[who % len(banned)] if banned else self.people[who]
        before = self.world.account(person)
        caller = self.owner_or(right, person)
        sent, _ = self.step("lift_ban", caller, "ledger.lift_ban", person.address, reason)
        expected = replace(before, banned_until=0) if sent else before
        assert self.world.account(person) == expected, "only the date of the ban changes"

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
