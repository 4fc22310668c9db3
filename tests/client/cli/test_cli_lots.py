"""`history`, `check-dispute`, `trace`: from a lot on a chain to a file that a judge checks, and a person."""

from __future__ import annotations

import copy
import io
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
from energy_trading.files._json import to_hex
from energy_trading.files.key_file import load_key, save_key
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

    def options(self, *names: str) -> list[object]:
        return [part for name in names for part in (f"--{name}", self.folder / name)]

    def request(self, *more: object, out: str = "request") -> Done:
        return cli(
            "trace",
            "request",
            *self.options("certificates", "parameters"),
            *("--reason", "court order 7", "--out", out),
            *more,
        )

    def half(self, who: str, *more: object, request: str = "request", **env: str) -> Done:
        key = self.options(f"{who}-key", f"{who}-state")
        book = ("--records", f"{who}.records", "--out", f"{who}.half", "--agreed")
        return cli("trace", "half", request, *key, *book, *more, env=PASSWORDS | env)

    def combine(self, *more: object, request: str = "request", **env: str) -> Done:
        halves = ("--half", "pkg.half", "--half", "dso.half")
        return cli("trace", "combine", request, *self.options("parameters"), *halves, *more, env=env)

    def combine_files(self, *files: str) -> Done:
        halves = [part for file in files for part in ("--half", file)]
        return cli("trace", "combine", "request", *self.options("parameters"), *halves)

    def trace(self, account: str, *more: object) -> Done:
        """Run all four commands, each of which succeeds, for one account."""
        for name in ("request", "pkg.half", "dso.half"):
            Path(name).unlink(missing_ok=True)
        for done in (self.request("--account", account), self.half("pkg"), self.half("dso")):
            assert done.status == 0, done.err
        return self.combine(*more)

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
    (folder / "certificates").write_text(json.dumps([to_hex(c.to_bytes()) for c in pkg.certificates]))
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
        "proven": True,
    }


def test_forged_step_neither_passes_nor_opens_a_person(case: Case) -> None:
    """The attack: a step without a signature is appended, and its owner is to be traced (C-9, C-10)."""
    carol = enrol(PKG.load(load_key(case.folder / "pkg-key", "one"), case.folder / "pkg-state"), "Carol")
    gift = {"from_": case.bob.account, "to": carol.account, "id": str(case.lot)}
    last = case.file["steps"][-1]
    forged = {**last, "event": "Transfer", "block": last["block"] + 1, "fields": gift}
    Path("forged.json").write_text(json.dumps(case.file | {"steps": [*case.file["steps"], forged]}))
    done = case.check("forged.json")
    assert done.status == 1
    assert done.err.startswith("error: what is not proven above rests on steps that bear no signature")
    assert [row["proven"] for row in case.check("forged.json", "--json").json["owners"]] == [
        True,
        True,
        False,
    ]
    # Nor does a true step of another lot at the end cover the false one.
    other = dispute_file(case.world.suite, minted(case.world, case.world.carol))["steps"]
    covered = case.file | {"steps": [*case.file["steps"], forged, *other]}
    Path("covered.json").write_text(json.dumps(covered))
    done = case.check("covered.json")
    assert done.status == 1
    assert done.err.startswith("error: what is not proven above rests on steps that bear no signature")
    Path("certificates").write_text(json.dumps([to_hex(carol.certificate.to_bytes())]))
    asked = case.request(
        "--account", carol.account, "--dispute", "forged.json", "--certificates", "certificates"
    )
    assert asked.status == 0
    for who in ("pkg", "dso"):
        refused = case.half(who, "--dso", case.world.dso.address)
        assert (refused.status, refused.out) == (1, "")
        assert "is in the file only through steps without a signature" in refused.err
        assert not Path(f"{who}.half").exists()
        assert not Path(f"{who}.records").exists()


def test_identity_is_added_and_judged(case: Case) -> None:
    """PKG and DSO add who sold and who bought; a judge checks it with the published parameters (C-10)."""
    dso = ("--dso", case.world.dso.address)
    accounts = ("--account", case.alice.account, "--account", case.bob.account)
    for done in (
        case.request(*accounts, "--dispute", "dispute.json"),
        case.half("pkg", *dso),
        case.half("dso", *dso),
    ):
        assert (done.status, done.err) == (0, "")
    done = case.combine("--out", "proof.json", *dso)
    assert (done.status, done.err) == (0, "")
    assert done.lines == [
        f"{case.alice.account} is «{ALICE}»",
        f"{case.bob.account} is «{BOB}»",
        "proof.json proves it; it is only for the judge",
    ]
    assert stat.S_IMODE(Path("proof.json").stat().st_mode) == 0o600
    judged = case.check("proof.json", "--parameters", case.parameters)
    assert judged.lines[-1] == f"{case.bob.account} is «{BOB}», as PKG and DSO have proved together"
    told = case.check("proof.json", "--parameters", case.parameters, "--json").json
    assert told["identities"] == {case.alice.account: ALICE, case.bob.account: BOB}
    refused = case.check("proof.json")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == (
        "error: --parameters is missing: the file names persons, so PKG's published parameters are needed\n"
    )


def test_each_authority_needs_its_own_key_only(case: Case) -> None:
    """Request, two halves on two machines, combination without a key; both leave a signed record (C-10)."""
    done = case.request("--account", case.bob.account.lower())
    assert done.lines == ["accounts: 1", "without certificate: []", "file: request"]
    for who, name in (("pkg", "PKG"), ("dso", "DSO")):
        done = case.half(who)
        assert (done.status, done.err) == (0, "")
        assert done.out == f"{who}.half is the {name}'s half; {who}.records records it\n"
        for file in (f"{who}.half", f"{who}.records"):
            assert stat.S_IMODE(Path(file).stat().st_mode) == 0o600
            assert BOB not in Path(file).read_text()
    done = case.combine()
    assert (done.status, done.out, done.err) == (0, f"{case.bob.account} is «{BOB}»\n", "")
    assert case.combine("--json").json[case.bob.account]["identity"] == BOB
    for who, name in (("pkg", "PKG"), ("dso", "DSO")):
        (row,) = cli("trace", "records", f"{who}.records", *case.options("parameters"), "--json").json
        assert (row["holder"], row["accounts"], row["reason"]) == (name, [case.bob.account], "court order 7")
    told = json.loads(Path("pkg.records").read_text()) | {"reason": "none of your business"}
    Path("changed").write_text(json.dumps(told))
    refused = cli("trace", "records", "changed", *case.options("parameters"))
    assert refused.err == "error: the half of PKG bears a record that its holder did not sign\n"


def test_half_without_its_record_or_for_another_request_is_refused(case: Case) -> None:
    """Nobody combines what was not recorded for this very request (C-10)."""
    case.trace(case.bob.account)
    for changes, line in (
        ({"reason": "another"}, "the half of PKG bears a record that its holder did not sign"),
        ({"time": 5}, "the half of PKG bears a record that its holder did not sign"),
        ({"accounts": []}, "the half of PKG bears a record that its holder did not sign"),
        ({"holder": "DSO"}, "one half of PKG and one of DSO are needed, not those of ['DSO', 'DSO']"),
        ({"holder": "me"}, "the holder must be PKG or DSO, not 'me'"),
    ):
        half = json.loads(Path("pkg.half").read_text())
        half["record"] |= changes
        Path("bad.half").write_text(json.dumps(half))
        refused = case.combine_files("bad.half", "dso.half")
        assert (refused.status, refused.out) == (1, "")
        assert refused.err == f"error: {line}\n"
    assert case.request("--account", case.bob.account, "--reason", "other", out="other").status == 0
    refused = case.combine(request="other")
    assert refused.err == "error: the half of PKG answers another request\n"


def test_authority_is_asked_whether_it_agrees(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --agreed it sees the reason first; what it does not agree to is neither opened nor recorded."""
    assert case.request("--account", case.bob.account).status == 0
    command = ("trace", "half", "request", *case.options("pkg-key", "pkg-state"))
    book = ("--records", "pkg.records", "--out", "pkg.half")
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    done = cli(*command, *book, env=PASSWORDS)
    assert done.status == 130
    assert "Open 1 account because of «court order 7»?" in done.err
    assert not Path("pkg.half").exists()
    assert not Path("pkg.records").exists()


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
    proof = case.trace(case.bob.account, "--json").json[case.bob.account]
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
    """A false dispute, or one without the account, opens no pseudonym; nothing is written (C-10)."""
    dso = ("--dso", case.world.dso.address)
    outsider = enrol(PKG.load(load_key(case.folder / "pkg-key", "one"), case.folder / "pkg-state"), "Eve")
    certificates = [outsider.certificate, case.bob.certificate]
    Path("certificates").write_text(json.dumps([to_hex(c.to_bytes()) for c in certificates]))
    known = ("--certificates", "certificates")
    for done, line in (
        (case.request(), "either --account or --all is needed"),
        (case.request("--account", "me"), "--account must be an address, not 'me'"),
        (case.request("--account", STRANGER), f"--certificates: {case.folder / 'certificates'} has no"),
        (
            case.request("--account", case.bob.account, "--reason", ""),
            "the reason must have 1 to 500 printable characters",
        ),
        (
            case.request("--account", case.bob.account, "--account", case.bob.account),
            "the request names an account twice",
        ),
    ):
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"error: {line}")
    assert not Path("request").exists()
    case.request("--account", outsider.account, "--dispute", "dispute.json", *known, out="outsider")
    case.request("--account", case.bob.account, "--dispute", "dispute.json", out="bob")
    for done, line in (
        (
            case.half("pkg", *dso, request="outsider"),
            f"account '{outsider.account}' owned no lot of the file; its owners are ",
        ),
        (case.half("pkg", request="bob"), "--dso is missing: name the DSO's account"),
        (
            case.half("pkg", "--dso", STRANGER, request="bob"),
            f"lot {case.lot}: {case.world.dso.address} is not the DSO",
        ),
        (
            case.half("dso", *dso, request="bob", ENERGY_TRADING_DSO_PASSWORD="three"),
            f"key file {case.folder / 'dso-key'}: the password does not open it",
        ),
        (
            case.half("pkg", *dso, "--pkg-state", case.folder / "dso-state", request="bob"),
            f"state file {case.folder / 'dso-state'} was not written by this authority",
        ),
        (
            case.half("pkg", *dso, "--pkg-state", "no", request="bob"),
            "--pkg-state: no cannot be read (No such file or directory)",
        ),
        (case.half("pkg", *dso, "--pkg-key", "no", request="bob"), "--pkg-key: the file no does not exist"),
        (
            case.half("pkg", *dso, *case.options("dso-key", "dso-state"), request="bob"),
            "either --pkg-key and --pkg-state or --dso-key and --dso-state are needed",
        ),
        (case.half("pkg", *dso, "--records", "no/book", request="bob"), "--records: no/book cannot be"),
    ):
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith(f"error: {line}")
        assert done.err.count("\n") == 1
        assert BOB not in done.err
    for who in ("pkg", "dso"):
        assert not Path(f"{who}.half").exists()
        assert not Path(f"{who}.records").exists()


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
    for more in ((), where[:2]):  # without a node, and with one
        checked = cli("check-dispute", out, "--dso", world.dso.address, *more, "--json")
        assert (checked.status, checked.json["owners"]) == (0, told.json)


def test_gift_is_proven_by_a_node_or_by_block_hashes(
    node: tuple[World, int, tuple[object, ...]], tmp_path: Path
) -> None:
    """What bears no signature is believed to a node that the judge trusts, or to receipts (C-9)."""
    world, lot, where = node
    snapshot = world.chain.snapshot()
    world.suite.lots.transfer_from(world.bob.address, world.carol.address, lot).send(world.bob)
    out = tmp_path / "gift.json"
    assert cli("history", lot, *where, "--prove", "--out", out).status == 0
    check = ("check-dispute", out, "--dso", world.dso.address)
    steps = json.loads(out.read_text())["steps"]
    found = [world.chain.block(step["block"]) for step in steps]
    hashes = [part for block in found if block for part in ("--block-hash", "0x" + block[1].hex())]
    for more, status in ((where[:2], 0), (hashes, 0), (hashes[:-2], 1), ((), 1)):
        done = cli(*check, *more)
        assert (done.status, done.err == "") == (status, status == 0)
        assert done.lines[3].split()[:2] == ["transferred", world.carol.address]
    both = cli(*check, *where[:2], *hashes)
    assert both.err == "error: either --rpc or --block-hash is needed, not both\n"
    bad = cli(*check, "--block-hash", "0x12")
    assert bad.err == "error: --block-hash must have 32 bytes, not 1\n"
    alone = cli("history", lot, *where, "--prove")
    assert alone.err == "error: --out is missing: --prove adds proofs to its file\n"
    world.chain.revert(snapshot)
    gone = cli(*check, *where[:2])
    assert (gone.status, gone.out) == (1, "")
    assert gone.err.startswith("error: the node's log has no such Transfer in block ")


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
