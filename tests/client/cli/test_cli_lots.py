"""`history`, `check-dispute`, `trace`: from a lot on a chain to a file that a judge checks alone."""

from __future__ import annotations

import copy
import json
import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from energy_trading.bindings import SuiteParameters
from energy_trading.bindings.deployment import deploy_recorded
from energy_trading.chain.connect import connect
from energy_trading.crypto.keys import SecretKey
from energy_trading.files.key_file import save_key
from energy_trading.identity import DSO, PKG, Enrolment, Member, Role
from energy_trading.market.lots.dispute_file import dispute_file
from energy_trading.market.lots.lot_owner import LotOwner, exchange
from tests.client.cli_runs import Done, cli
from tests.contracts.energy_lot.tools import PRICE, SLOT, minted
from tests.nodes import anvil
from tests.world import EURO, World, build_world

PASSWORDS = {"ENERGY_TRADING_PKG_PASSWORD": "one", "ENERGY_TRADING_DSO_PASSWORD": "two"}
ALICE, BOB = "Alice Example", "Bob Example"
STRANGER = "0x" + "11" * 20


@dataclass
class Case:
    """A lot of Alice's that Bob bought, both with certificates, and the authorities' files in a folder.

    The files are named as the options are.
    """

    world: World
    alice: Member
    bob: Member
    lot: int
    file: dict[str, Any]
    folder: Path

    def trace(self, account: str, *more: object, **env: str) -> Done:
        options = [
            part
            for name in ("pkg-key", "pkg-state", "dso-key", "dso-state")
            for part in (f"--{name}", self.folder / name)
        ]
        return cli("trace", account, *options, *more, env=PASSWORDS | env)

    def check(self, file: object, *more: object) -> Done:
        return cli("check-dispute", file, "--dso", self.world.dso.address, *more)

    @property
    def parameters(self) -> Path:
        return self.folder / "parameters"


def enrol(pkg: PKG, person: str) -> Member:
    enrolment = Enrolment(person, Role.PROSUMER)
    return enrolment.finish(pkg.issue(enrolment.request, 1, 2**40), pkg.parameters)


def trade(world: World, alice: SecretKey, bob: SecretKey) -> int:
    lot = minted(world, alice)
    owner, buyer = LotOwner(world.suite, alice), LotOwner(world.suite, bob)
    signed = owner.sign_permit(lot, buyer.address, PRICE, world.chain.now() + 3600)
    exchange(world.suite, world.stranger, buyer.sign_acceptance(signed))
    return lot


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("authorities")
    roots = SecretKey.generate(), SecretKey.generate()
    dso = DSO(roots[1])
    pkg = PKG(roots[0], dso.share)
    dso.adopt(pkg.parameters)
    alice, bob = enrol(pkg, ALICE), enrol(pkg, BOB)
    for name, root, password in zip(("pkg", "dso"), roots, PASSWORDS.values(), strict=True):
        save_key(folder / f"{name}-key", root, password, work_factor=2)
    pkg.save(folder / "pkg-state")
    dso.save(folder / "dso-state")
    (folder / "parameters").write_text(json.dumps(pkg.parameters.to_json()))
    world = build_world()
    for member in (alice, bob):
        world.enrol(member.secret_key, funds=EURO)
    lot = trade(world, alice.secret_key, bob.secret_key)
    return Case(world, alice, bob, lot, dispute_file(world.suite, lot), folder)


@pytest.fixture
def case(made: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    """The case, in an empty folder with the dispute file only."""
    # The chain in this process raises the limit for all of it; the commands run without that chain.
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("ENERGY_TRADING_")]:
        monkeypatch.delenv(name)
    Path("dispute.json").write_text(json.dumps(made.file))
    yield made
    sys.setrecursionlimit(limit)


def test_dispute_is_checked_without_chain_or_secret(case: Case) -> None:
    """One command shows a third party both owners and that every signature is right (C-9)."""
    done = case.check("dispute.json")
    assert (done.status, done.err) == (0, "")
    assert [line.split()[:2] for line in done.lines[1:3]] == [
        ["minted", case.alice.account],
        ["exchanged", case.bob.account],
    ]
    contract = case.world.suite.lots.address
    chain_id = case.world.chain.chain_id
    assert done.lines[3:] == [f"every signature is valid for contract {contract} on chain {chain_id}"]
    told = case.check("dispute.json", "--json").json
    assert (told["lot"], told["identities"]) == (str(case.lot), {})
    assert told["owners"][-1] == {
        "lot": str(case.lot),
        "owner": case.bob.account,
        "how": "exchanged",
        "energy_wh": 1_000,
        "slot_start": SLOT,
        "nonce": 1,
        "ended": None,
    }


def test_identity_is_added_and_judged(case: Case) -> None:
    """PKG and DSO add who sold; a judge checks it with the published parameters (C-10)."""
    os.chmod("dispute.json", 0o644)
    done = case.trace(case.alice.account, "--dispute", "dispute.json", "--dso", case.world.dso.address)
    assert (done.status, done.err) == (0, "")
    assert done.out == f"dispute.json proves who {case.alice.account} is; it is only for the judge\n"
    assert stat.S_IMODE(Path("dispute.json").stat().st_mode) == 0o600
    assert [path.name for path in Path().iterdir()] == ["dispute.json"]
    judged = case.check("dispute.json", "--parameters", case.parameters)
    assert judged.lines[-1] == f"{case.alice.account} is «{ALICE}», as PKG and DSO have proved together"
    case.trace(case.bob.account, "--dispute", "dispute.json", "--dso", case.world.dso.address)
    told = case.check("dispute.json", "--parameters", case.parameters, "--json").json
    assert told["identities"] == {case.alice.account: ALICE, case.bob.account: BOB}
    refused = case.check("dispute.json")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == (
        "error: --parameters is missing: the file names persons, so PKG's published parameters are needed\n"
    )


def test_trace_without_a_file_prints_and_writes_nothing(case: Case) -> None:
    """The identity, or with --json the proof of it, goes to the terminal only (C-10)."""
    before = Path("dispute.json").read_bytes()
    done = case.trace(case.bob.account)
    assert (done.status, done.out, done.err) == (0, f"{case.bob.account} is «{BOB}»\n", "")
    assert case.trace(case.bob.account.lower(), "--json").json["identity"] == BOB
    assert [path.name for path in Path().iterdir()] == ["dispute.json"]
    assert Path("dispute.json").read_bytes() == before


def test_passwords_are_asked_for(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without variables in the environment each password comes from the terminal, hidden (C-10)."""
    typed, asked = list(PASSWORDS.values()), []

    def type_hidden(prompt: str, *_: object) -> str:
        asked.append(prompt)
        return typed.pop(0)

    monkeypatch.setattr("getpass.getpass", type_hidden)
    monkeypatch.setattr(sys.modules[__name__], "PASSWORDS", {})
    done = case.trace(case.bob.account)
    assert (done.status, done.out) == (0, f"{case.bob.account} is «{BOB}»\n")
    assert [len(asked), typed] == [2, []]


def change(file: dict[str, Any], at: str, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(file)
    *way, last = at.split(".")
    place: Any = changed
    for key in way:
        place = place[int(key) if isinstance(place, list) else key]
    place[last] = value
    return changed


@pytest.mark.parametrize(
    ("at", "value", "line"),
    [
        ("steps.1.fields.price", "1", "lot {lot}: the signature is not {alice}'s"),
        ("steps.0.fields.energy_wh", "1001", "lot {lot}: the signature is not {dso}'s"),
        ("chainId", 1, "lot {lot}: the signature is not {dso}'s"),
        ("chainId", -1, "a uint256 must be between 0 and 2**256-1, not -1"),
        ("chainId", float("inf"), "dispute file: a field is missing or malformed"),
        ("steps.0.block", float("inf"), "dispute file: a field is missing or malformed"),
        ("steps.0.fields.nonce", "-1", "a uint256 must be between 0 and 2**256-1, not -1"),
        ("format", "x", "the file's format is 'x'; a dispute file's is 'energy-trading/lot-history/1'"),
        ("steps", [], "lot {lot}: the steps do not lead to it"),
        ("identities", [], "'identities' must be a JSON object, not a list"),
        ("identities", {STRANGER: {}}, f"account '{STRANGER}' owned no lot of the file; its owners are "),
        ("identities", {"\x1b[2J": {}}, "account '\\x1b[2J' owned no lot of the file; its owners are "),
    ],
)
def test_false_file_is_one_line(case: Case, at: str, value: Any, line: str) -> None:
    """A file that anybody made is refused in one line that tells why (C-9)."""
    Path("bad.json").write_text(json.dumps(change(case.file, at, value)))
    done = case.check("bad.json", "--parameters", case.parameters)
    expected = line.format(lot=case.lot, alice=case.alice.account, dso=case.world.dso.address)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"error: {expected}")
    assert done.err.count("\n") == 1


def test_identity_of_another_account_or_name_is_refused(case: Case) -> None:
    """A proof counts for its own account, its own name and the published keys only (C-10)."""
    proof = case.trace(case.bob.account, "--json").json
    alice, bob = case.alice.account, case.bob.account
    false_name = proof | {"identity": "Mallory"}
    for proofs, line in (
        ({alice: proof}, f"the account of the tracing proof must be {alice}, not {bob}"),
        ({bob: false_name}, "the identity of the tracing proof must be the sealed one"),
        ({bob: {}}, "tracing proof must have the keys"),
    ):
        Path("bad.json").write_text(json.dumps(case.file | {"identities": proofs}))
        done = case.check("bad.json", "--parameters", case.parameters)
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"error: {line}")
    other = DSO(SecretKey.generate())
    Path("others").write_text(json.dumps(PKG(SecretKey.generate(), other.share).parameters.to_json()))
    Path("good.json").write_text(json.dumps(case.file | {"identities": {bob: proof}}))
    assert case.check("good.json", "--parameters", case.parameters).status == 0
    done = case.check("good.json", "--parameters", "others")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("error: the account of the tracing proof must be 0x")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["history", "x"], "LOT must be between 0 and 2**256-1, decimal or 0x…, not 'x'"),
        (["history", "--", "-1"], "LOT must be between 0 and 2**256-1, decimal or 0x…, not '-1'"),
        (
            ["check-dispute", "dispute.json"],
            "--dso is missing: name the DSO's account on chain, from a source that you trust",
        ),
        (["check-dispute", "dispute.json", "--dso", "x"], "--dso must be an address, not 'x'"),
        (["check-dispute", "dispute.json", "--dso", STRANGER], "lot {lot}: {dso} is not the DSO"),
        (
            ["check-dispute", "no.json", "--dso", STRANGER],
            "FILE: no.json cannot be read (No such file or directory)",
        ),
        (["check-dispute", "deep", "--dso", STRANGER], "FILE deep is JSON nested deeper than 100 levels"),
        (["check-dispute", "bytes", "--dso", STRANGER], "FILE bytes is not JSON (2 characters)"),
    ],
)
def test_wrong_input_is_one_line(case: Case, arguments: list[str], line: str) -> None:
    """The line states what is wrong and what would be right; nothing is written."""
    Path("deep").write_text("[" * 100_000)
    Path("bytes").write_bytes(b"\xff\xfe")
    before = sorted(Path().iterdir())
    done = cli(*arguments)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"error: {line.format(lot=case.lot, dso=case.world.dso.address)}")
    assert done.err.count("\n") == 1
    assert sorted(Path().iterdir()) == before


def test_nobody_is_traced_without_need(case: Case) -> None:
    """A false dispute, or one without the account, opens no pseudonym; files stay as they are (C-10)."""
    dispute = ("--dispute", "dispute.json", "--dso", case.world.dso.address)
    before = Path("dispute.json").read_bytes()
    outsider = case.world.carol.address
    wrong = "ENERGY_TRADING_DSO_PASSWORD"
    for done, line in (
        (case.trace("me"), "ACCOUNT must be an address, not 'me'"),
        (case.trace(outsider, *dispute), f"account '{outsider}' owned no lot of the file; its owners are "),
        (case.trace(outsider), f"this PKG issued no such certificate for {outsider}"),
        (case.trace(case.bob.account, *dispute[:2]), "--dso is missing: name the DSO's account"),
        (
            case.trace(case.bob.account, *dispute[:2], "--dso", STRANGER),
            f"lot {case.lot}: {case.world.dso.address} is not the DSO",
        ),
        (
            case.trace(case.bob.account, *dispute, **{wrong: "three"}),
            f"key file {case.folder / 'dso-key'}: the password does not open it",
        ),
        (
            case.trace(case.bob.account, *dispute, "--pkg-state", case.folder / "dso-state"),
            f"state file {case.folder / 'dso-state'} was not written by this authority",
        ),
        (
            case.trace(case.bob.account, *dispute, "--pkg-state", "no"),
            "--pkg-state: no cannot be read (No such file or directory)",
        ),
        (
            case.trace(case.bob.account, *dispute, "--pkg-key", "no"),
            "--pkg-key: the file no does not exist",
        ),
    ):
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"error: {line}")
        assert done.err.count("\n") == 1
        assert BOB not in done.err
        assert Path("dispute.json").read_bytes() == before
    assert [path.name for path in Path().iterdir()] == ["dispute.json"]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, int, tuple[object, ...]]]:
    """A lot sold on an Anvil: the world there, the lot, and the options that lead to it."""
    with anvil() as url:
        chain = connect(url)
        keys = [SecretKey.from_int(6000 + i) for i in range(6)]
        for key in keys:
            chain.send(key.address, b"", chain.accounts[0], value=5 * 10**18)
        owner, pkg, treasury, alice, bob, other = keys
        record = tmp_path_factory.mktemp("records") / "record.json"
        parameters = SuiteParameters(owner.address, pkg.address, treasury.address)
        suite = deploy_recorded(chain, owner, parameters, record, lambda _: None).open(chain)
        nobody = SecretKey.from_int(1)
        world = World(
            chain, suite, owner, pkg, treasury, alice, bob, nobody, nobody, nobody, other, meters={}
        )
        for key in (alice, bob):
            world.enrol(key, funds=EURO)
        yield world, trade(world, alice, bob), ("--rpc", url, "--deployment", record)


def test_history_from_a_node_convinces_a_third_party(
    node: tuple[World, int, tuple[object, ...]], tmp_path: Path
) -> None:
    """From the log of a real node to the file that needs none; the log's DSO may have changed since (C-9)."""
    world, lot, where = node
    out = tmp_path / "dispute.json"
    done = cli("history", lot, *where, "--out", out)
    assert (done.status, done.err) == (0, "")
    assert [line.split()[:2] for line in done.lines[1:3]] == [
        ["minted", world.alice.address],
        ["exchanged", world.bob.address],
    ]
    assert done.lines[-1] == f"every signature is valid; the proof is in {out}"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    snapshot = world.chain.snapshot()
    world.ledger.transfer_ownership(world.carol.address).send(world.dso)
    told = cli("history", hex(lot), *where, "--json")
    world.chain.revert(snapshot)
    assert [row["owner"] for row in told.json] == [world.alice.address, world.bob.address]
    checked = cli("check-dispute", out, "--dso", world.dso.address, "--json")
    assert checked.json["owners"] == told.json


def test_history_writes_whole_or_not_at_all(
    node: tuple[World, int, tuple[object, ...]], tmp_path: Path
) -> None:
    """An unknown lot, a file that is there, a folder that is not: one line, and nothing is written."""
    world, lot, where = node
    (tmp_path / "there").write_text("mine")
    for number, out, line in (
        (5, tmp_path / "new", "lot 5 is not in the log"),
        (lot, tmp_path / "there", f"{tmp_path / 'there'} exists already and is not overwritten"),
        (lot, tmp_path / "no" / "new", f"--out: {tmp_path / 'no' / 'new'} cannot be written"),
    ):
        done = cli("history", number, *where, "--out", out)
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"error: {line}")
        assert done.err.count("\n") == 1
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("there", "mine")]
    assert world.suite.lots.owner_of(lot) == world.bob.address
