"""The ledger's credit is that of `rules.credit`, to the bit (X-1, X-2, X-3, N-4)."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from eth_abi.abi import encode

from energy_trading.bindings.contract import explain
from energy_trading.bindings.energy_ledger import EnergyLedger, Outside
from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.chain import artifacts
from energy_trading.chain.compile import TEST_CONTRACTS, compile_profile
from energy_trading.chain.connect import RevertData
from energy_trading.errors import BadInput
from energy_trading.rules import credit
from energy_trading.rules.credit import E9, MAX_DATE, Standing
from energy_trading.types import (
    ZERO_ADDRESS,
    AccountAttestation,
    AccountView,
    CreditParameters,
    LedgerParameters,
    Outcome,
    to_abi,
)
from tests.differential.revm import pyrevm

DEPLOYMENTS, HISTORIES, STEPS = 200, 50, 4
NOW = 1_614_556_800
MAX_BAN = 3650 * 86_400

# A private key generator (PKG) that confirms every attestation (ERC-1271): it returns the magic value.
_YES = bytes.fromhex("631626ba7e60e01b5f5260205ff3")
_CREATE_YES = b"\x6d" + _YES + bytes.fromhex("5f52600e6012f3")

_OUTPUT = re.compile(r"output: 0x([0-9a-f]*)")
LEDGER = artifacts.load("EnergyLedger")
RANGES = {
    "k1_e9": (10**6, 10 * E9),
    "k2_e9": (10**6, 10 * E9),
    "t1_e9": (10**6, 10 * E9),
    "t2_e9": (10**6, 10 * E9),
    "z0": (1, 2**32 - 1),
    "profit_e9": (1, E9 - 1),
    "window": (1, 10),
    "z_unit": (1, 2**64 - 1),
    "floor_e9": (10**6, 10**12),
    "ceiling_e9": (10**6, 10**12),
    "withdrawal_e9": (0, E9),
    "grace_defaults": (0, 100),
    "ban_unit": (60, MAX_BAN),
    "max_ban": (60, MAX_BAN),
    "open_base": (1, 2**64 - 1),
    "open_per_credit": (0, 2**64 - 1),
}


def selector(artifact: artifacts.Artifact, function: str) -> bytes:
    """Return the selector of the function of this name."""
    (found,) = (s for name, s in artifact.method_identifiers.items() if name.partition("(")[0] == function)
    return bytes.fromhex(found)


def words(*values: int) -> bytes:
    """Encode static arguments."""
    return b"".join(value.to_bytes(32, "big") for value in values)


def address(number: int) -> str:
    return f"0x{number:040x}"


class Revm:
    """A ledger on revm whose market is an account of the test; for values, not for gas.

    Args:
        constants: of the credit model.
    """

    MARKET = 0x1000
    _SETTLE = selector(LEDGER, "settle")
    _ACCOUNT_OF = selector(LEDGER, "accountOf")
    _OPEN = selector(LEDGER, "openAccount")
    _OPEN_LIMIT = selector(LEDGER, "openLimit")

    def __init__(self, constants: CreditParameters) -> None:
        self._revm = pyrevm()
        self._evm = self._revm.EVM(spec_id="SHANGHAI")
        self.at(NOW)
        pkg = self._evm.deploy(address(1), _CREATE_YES)
        parameters = LedgerParameters(
            ZERO_ADDRESS,
            1,
            address(1),
            pkg,
            address(2),
            [address(self.MARKET)],
            86_400,
            constants,
        )
        code = LEDGER.bytecode + encode(EnergyLedger.constructor_types, [to_abi(parameters)])
        try:
            self._ledger = self._evm.deploy(address(1), code)
        except RuntimeError as error:
            raise explain(RevertData(bytes.fromhex(_OUTPUT.findall(str(error))[0]))) from None

    def at(self, time: int) -> None:
        """Let the next calls happen at this unix time."""
        self._evm.set_block_env(self._revm.BlockEnv(timestamp=time))

    def open(self, account: int) -> None:
        """Open an account."""
        attestation = AccountAttestation(address(account), 3, b"\xce" * 32, b"", MAX_DATE)
        types = ["(address,uint256,bytes32,bytes,uint256)", "bytes", "bytes"]
        self._call(account, self._OPEN + encode(types, [to_abi(attestation), b"", b""]))

    def settle(
        self, outcome: Outcome, seller: int, buyer: int, value: int, agreed_at: int = MAX_DATE
    ) -> None:
        """Report an outcome that moves no money."""
        self._call(self.MARKET, self._SETTLE + words(seller, 0, 0, buyer, 0, outcome, value, agreed_at, 0))

    def standing(self, account: int) -> Standing:
        """Read what the ledger remembers of an account."""
        raw = self._call(1, self._ACCOUNT_OF + words(account))
        view = AccountView.from_abi([int.from_bytes(raw[i : i + 32], "big") for i in range(0, len(raw), 32)])
        return Standing(
            view.seller_credit_e9,
            view.buyer_credit_e9,
            view.sales,
            view.purchases,
            view.defaults,
            view.banned_until,
            view.steps,
            view.last_step_at,
        )

    def open_limit(self, credit_e9: int) -> int:
        """Ask the ledger for the limit of a credit."""
        return int.from_bytes(self._call(1, self._OPEN_LIMIT + words(credit_e9)), "big")

    def _call(self, sender: int, data: bytes) -> bytes:
        return bytes(self._evm.message_call(address(sender), self._ledger, data))


@dataclass
class Pair:
    """The two accounts of a history, as the rules keep them."""

    seller: Standing
    buyer: Standing

    def settle(
        self,
        outcome: Outcome,
        value: int,
        now: int,
        constants: CreditParameters,
        agreed_at: int | None = None,
    ) -> None:
        """Record an outcome by the rules."""
        z = credit.z_of(value, constants)
        if outcome == Outcome.DELIVERED:
            self.seller = credit.sold(self.seller, z, constants)
            self.buyer = credit.bought(self.buyer, z, constants)
        elif outcome == Outcome.SELLER_DEFAULT:
            self.seller = credit.seller_default(self.seller, z, now, constants, agreed_at)
        elif outcome == Outcome.BUYER_DEFAULT:
            self.buyer = credit.buyer_default(self.buyer, z, now, constants, agreed_at)
        elif outcome == Outcome.WITHDRAWN:
            self.seller = credit.withdrawn(self.seller, constants)


def between(rng: random.Random, low: int, high: int) -> int:
    """Draw the least, the most, or something of any size in between."""
    where = rng.randrange(6)
    if where == 0:
        return low
    if where == 1:
        return high
    return min(high, max(low, rng.getrandbits(rng.randint(1, high.bit_length()))))


def draw_constants(rng: random.Random) -> CreditParameters:
    """Draw constants within their ranges, often at an edge."""
    drawn = {name: between(rng, low, high) for name, (low, high) in RANGES.items()}
    if rng.random() < 0.5:  # as deployed, but for a few
        few = rng.sample(sorted(RANGES), 4)
        drawn = vars(DEFAULT_CREDIT) | {name: drawn[name] for name in few}
    drawn["k2_e9"] = max(drawn["k1_e9"], drawn["k2_e9"])
    drawn["t2_e9"] = max(drawn["t1_e9"], drawn["t2_e9"])
    drawn["ceiling_e9"] = max(drawn["floor_e9"], drawn["ceiling_e9"])
    drawn["max_ban"] = max(drawn["ban_unit"], drawn["max_ban"])
    return CreditParameters(**drawn)


def draw_value(rng: random.Random, constants: CreditParameters) -> int:
    """Draw a value whose z is 0, 255, beyond, or in between."""
    unit = constants.z_unit
    return rng.choice(
        (
            0,
            unit - 1,
            unit,
            255 * unit,
            256 * unit - 1,
            256 * unit,
            2**256 - 1,
            unit * rng.randrange(256),
            rng.randrange(256 * unit),
        )
    )


def test_credit_is_that_of_the_rules_over_random_histories() -> None:
    """Standings of ledger and rules agree after every step of 10,000 histories (X-1, X-2, X-3, N-4)."""
    rng = random.Random(20_240_131)
    reached: Counter[str] = Counter()
    for _ in range(DEPLOYMENTS):
        constants = draw_constants(rng)
        ledger = Revm(constants)
        for i in range(HISTORIES):
            seller, buyer = 0x10000 + 2 * i, 0x10001 + 2 * i
            now = between(rng, NOW, MAX_DATE - 1000)
            ledger.at(NOW)
            ledger.open(seller)
            ledger.open(buyer)
            pair = Pair(credit.new_standing(constants), credit.new_standing(constants))
            steps: list[tuple[Any, ...]] = []
            for _ in range(STEPS):
                now += rng.randrange(200)
                outcome, value = Outcome(rng.randrange(5)), draw_value(rng, constants)
                agreed_at = now - rng.randrange(300)
                steps.append((outcome, value, now, agreed_at))
                ledger.at(now)
                ledger.settle(outcome, seller, buyer, value, agreed_at)
                pair.settle(outcome, value, now, constants, agreed_at)
                got = ledger.standing(seller), ledger.standing(buyer)
                assert got == (pair.seller, pair.buyer), f"{constants} {steps}"
            reached["histories"] += 1
            for standing, its_credit in (
                (pair.seller, pair.seller.seller_credit_e9),
                (pair.buyer, pair.buyer.buyer_credit_e9),
            ):
                reached["floor"] += its_credit == constants.floor_e9 < constants.ceiling_e9
                reached["ceiling"] += its_credit == constants.ceiling_e9 > constants.floor_e9
                reached["between"] += constants.floor_e9 < its_credit < constants.ceiling_e9
                reached["ban"] += 0 < standing.banned_until < MAX_DATE
                reached["ban beyond 2106"] += standing.banned_until == MAX_DATE
                reached["default that does not escalate"] += 0 < standing.steps < standing.defaults
            for name, (low, high) in RANGES.items():
                reached[f"{name} least"] += getattr(constants, name) == low
                reached[f"{name} most"] += getattr(constants, name) == high
    assert reached["histories"] == DEPLOYMENTS * HISTORIES >= 10_000
    edges = {"floor", "ceiling", "between", "ban", "ban beyond 2106", "default that does not escalate"}
    edges |= {f"{name} {edge}" for name in RANGES for edge in ("least", "most")}
    assert not [edge for edge in edges if not reached[edge]], reached


@pytest.mark.parametrize("grace", [0, 2, 100])
def test_default_counts_and_bans_agree_over_seventy_defaults(grace: int) -> None:
    """c(n) doubles up to its bound; bans begin after the grace and reach their ceiling (X-3, N-7)."""
    constants = replace(DEFAULT_CREDIT, grace_defaults=grace)
    ledger = Revm(constants)
    ledger.open(7)
    pair = Pair(credit.new_standing(constants), credit.new_standing(constants))
    bans = []
    for n in range(1, 71):
        outcome = Outcome.SELLER_DEFAULT if n % 2 else Outcome.BUYER_DEFAULT
        ledger.at(NOW + n)
        ledger.settle(outcome, 7, 7, 10 * constants.z_unit)
        if n % 2:
            pair.buyer = pair.seller = credit.seller_default(pair.seller, 10, NOW + n, constants)
        else:
            pair.buyer = pair.seller = credit.buyer_default(pair.buyer, 10, NOW + n, constants)
        assert ledger.standing(7) == pair.seller
        bans.append(pair.seller.banned_until and pair.seller.banned_until - NOW - n)
    year = constants.max_ban
    # credit is at its floor of 1 from the first default on: the ban of the n-th is 2**(n-1) days
    assert bans == [0] * min(grace, 70) + [min(2 ** (n - 1) * 86_400, year) for n in range(grace + 1, 71)]


def test_penalty_factor_stops_at_its_bound() -> None:
    """c(n) is 2**31 from the 32nd default on: with credit 1000 and a short unit every ban shows it (X-1)."""
    rich = replace(DEFAULT_CREDIT, floor_e9=10**12, ceiling_e9=10**12, grace_defaults=0)
    constants = replace(rich, ban_unit=60, max_ban=MAX_BAN)
    ledger = Revm(constants)
    ledger.open(7)
    expected, bans = credit.new_standing(constants), []
    for _ in range(40):
        ledger.settle(Outcome.SELLER_DEFAULT, 7, 7, 0)
        expected = credit.seller_default(expected, 0, NOW, constants)
        assert ledger.standing(7) == expected
        bans.append(expected.banned_until - NOW)
    assert bans == [2 ** min(n - 1, 31) * 60 // 1000 for n in range(1, 41)]


def test_default_count_stays_at_its_maximum() -> None:
    """The 65,536th default leaves the count at 65,535: it never wraps to a clean record (X-3)."""
    constants = DEFAULT_CREDIT
    ledger = Revm(constants)
    ledger.open(7)
    expected = credit.new_standing(constants)
    for _ in range(2**16 + 2):
        ledger.settle(Outcome.BUYER_DEFAULT, 7, 7, 0)
        expected = credit.buyer_default(expected, 0, NOW, constants)
    assert expected.defaults == expected.steps == 2**16 - 1
    assert ledger.standing(7) == expected


def test_open_limit_is_that_of_the_rules() -> None:
    """The limits agree for every credit that an account can have, with constants at their edges (X-2)."""
    rng = random.Random(4)
    for _ in range(200):
        constants = draw_constants(rng)
        ledger = Revm(constants)
        for _ in range(10):
            credit_e9 = between(rng, 0, 10**12)
            assert ledger.open_limit(credit_e9) == credit.open_limit(credit_e9, constants)


@pytest.mark.parametrize("name", sorted(RANGES))
def test_revert_given_constant_out_of_range(name: str) -> None:
    """Ledger and rules refuse the same constants and state what is allowed (X-1, X-2, X-3)."""
    low, high = RANGES[name]
    low = {"k2_e9": E9, "t2_e9": E9, "ceiling_e9": E9, "max_ban": 86_400}.get(name, low)
    for given in {max(low - 1, 0), high + 1} - {low}:
        with pytest.raises(BadInput) as refused:
            credit.check_parameters(replace(DEFAULT_CREDIT, **{name: given}))
        assert str(refused.value) == f"{name} must be between {low} and {high}, not {given}"
        with pytest.raises(Outside) as reverted:
            Revm(replace(DEFAULT_CREDIT, **{name: given}))
        words_of_name = name.removesuffix("_e9").split("_")
        solidity = words_of_name[0] + "".join(w.capitalize() for w in words_of_name[1:])
        solidity += "E9" if name.endswith("_e9") else ""
        assert reverted.value.values == (solidity, given, low, high)


# ---------------------------------------------------------------- unchecked arithmetic


@pytest.fixture(scope="module")
def harness() -> Callable[..., int]:
    """Call a pure function of the model by name."""
    compile_profile(TEST_CONTRACTS)
    artifact = artifacts.load_from(TEST_CONTRACTS.output, "CreditHarness")
    evm = pyrevm().EVM(spec_id="SHANGHAI")
    place = evm.deploy(address(1), artifact.bytecode)
    selectors = {name.partition("(")[0]: bytes.fromhex(s) for name, s in artifact.method_identifiers.items()}

    def call(function: str, *values: int) -> int:
        answer = evm.message_call(address(1), place, selectors[function] + words(*values))
        return int.from_bytes(bytes(answer), "big")

    return call


#: The bounds that CreditModel.sol states for its arguments.
CREDIT, WEIGHT, C, CONSTANT = 2**40 - 1, E9, 2**31, 10 * E9
Z, SUM, Z0 = 2**8 - 1, 2**12 - 1, 2**32 - 1


def test_unchecked_arithmetic_never_wraps(harness: Callable[..., int]) -> None:
    """Within the bounds that CreditModel.sol states, results are those of unbounded integers (X-1)."""
    rng = random.Random(1)
    for _ in range(4_000):
        z, z0, part = between(rng, 0, Z), between(rng, 1, Z0), between(rng, 1, E9 - 1)
        total = max(z, between(rng, 0, SUM))
        r, weight, c = between(rng, 0, CREDIT), between(rng, 0, WEIGHT), between(rng, 1, C)
        a, b = between(rng, 10**6, CONSTANT), between(rng, 10**6, CONSTANT)
        n, unit, longest = between(rng, 1, 2**16 - 1), between(rng, 60, 2**32 - 1), between(rng, 60, MAX_BAN)
        whole = (total - z) * E9 + part * z
        expected = {
            ("weightE9", z, total, z0): z * E9 // (total + z0),
            ("buyerGainE9", z, total, z0, part): part * z // (total + z0),
            ("buyerLossE9", z, total, part): part * z * E9 // whole if whole else 0,
            ("raised", r, weight, a, b): r * (weight + a) // b,
            ("lowered", r, weight, c, a, b): r * a // (c * weight + b),
            ("penaltyFactor", n): 2 ** min(n - 1, 31),
            ("banSeconds", c, r + 1, unit, longest): min(c * unit * E9 // (r + 1), longest),
        }
        assert {call: harness(*call) for call in expected} == expected


def test_window_keeps_and_sums_ten_bytes(harness: Callable[..., int]) -> None:
    """A window is ten bytes, the newest first; its sum over n is that of the newest n (X-1, X-4)."""
    rng = random.Random(2)
    for _ in range(1_000):
        trades = [between(rng, 0, Z) for _ in range(10)]
        packed = 0
        for z in reversed(trades):
            packed = harness("push", packed, z)
        assert credit.window_of(packed) == tuple(trades)
        assert [harness("sumOf", packed, n) for n in range(1, 11)] == [sum(trades[:n]) for n in range(1, 11)]
        newest = between(rng, 0, Z)
        assert credit.window_of(harness("push", packed, newest)) == (newest, *trades[:9])


def test_given_lowest_floor_credit_moves() -> None:
    """From the lowest floor that the ranges allow, the credit of an honest account rises (X-1 erratum)."""
    constants = replace(DEFAULT_CREDIT, floor_e9=10**6)
    ledger = Revm(constants)
    ledger.open(7)
    for _ in range(100):
        ledger.settle(Outcome.DELIVERED, 7, 7, 255 * constants.z_unit)
    assert min(ledger.standing(7).seller_credit_e9, ledger.standing(7).buyer_credit_e9) > 10**7
