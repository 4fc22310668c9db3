"""The command line on real nodes: deploy, verify, read, interrupt, run out of money, lose the node."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from energy_trading.bindings.deployment import Record, deploy_recorded
from energy_trading.bindings.suite import PARTS, SuiteParameters
from energy_trading.chain.connect import Chain, connect
from energy_trading.crypto.addresses import message_address
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import EnergyTradingError
from energy_trading.files.key_file import save_key
from energy_trading.market.log.positions import SlotRule
from energy_trading.market.lots.lot_owner import LotOwner
from energy_trading.market.trade.offer import Offer
from energy_trading.types import Energy
from tests.client.cli_runs import Done, cli
from tests.contracts.energy_lot.tools import MSG, SLOT, SLOT_S, exchange, minted, sign_reading
from tests.contracts.sealed_bid_auction.house import START, House
from tests.nodes import anvil, free_port, ganache
from tests.world import EURO, World

DEPLOYER, OWNER, PKG, TREASURY, ALICE, BOB, OTHER = (SecretKey.from_int(4000 + i) for i in range(7))
PRICE = EURO // 5
NODES = {"anvil": anvil, "ganache": ganache}
CHAIN_ID = {"anvil": 31337, "ganache": 1337}
WHO = ("--owner", OWNER.address, "--pkg", PKG.address, "--treasury", TREASURY.address)
#: the command, which after each line that it prints waits until its standard input has a line or ends
HALTING = """
import sys
from energy_trading.cli import main
from energy_trading.cli.output import console
show = console.print
def show_and_wait(*what, **how):
    show(*what, **how)
    sys.stdout.flush()
    sys.stdin.readline()
console.print = show_and_wait
main()
"""
AS_DEPLOYER = {"ENERGY_TRADING_KEY": "0x" + DEPLOYER.reveal().hex()}


class Node:
    """A node and the folder where its deployment is recorded."""

    def __init__(self, name: str, url: str, folder: Path) -> None:
        self.name, self.url = name, url
        self.chain: Chain = connect(url)
        self.record = folder / f"{self.chain.chain_id}.json"

    def cli(self, command: str, *arguments: object, **env: str) -> Done:
        return cli(command, *arguments, "--rpc", self.url, "--deployment", self.record, env=env)

    def deploy(self, *arguments: object) -> Done:
        return self.cli("deploy", *WHO, *arguments, **AS_DEPLOYER)

    def run_deploy(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(**self._process(*arguments), check=False)

    def start_deploy(self) -> subprocess.Popen[str]:
        """Deploy in a process of its own; it has made its first contract and waits for its standard input."""
        process = subprocess.Popen(**self._process(program=("-c", HALTING)), stdin=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("EnergyLedger at ")
        return process

    def _process(
        self, *arguments: object, program: tuple[str, str] = ("-m", "energy_trading")
    ) -> dict[str, Any]:
        command = [sys.executable, *program, "deploy", *WHO, *arguments]
        command += ["--rpc", self.url, "--deployment", str(self.record)]
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return {"args": command, "env": {**os.environ, **AS_DEPLOYER}, **streams}

    def fund(self, *keys: SecretKey, coins: int = 5) -> None:
        for key in keys:
            self.chain.send(key.address, b"", self.chain.accounts[0], value=coins * 10**18)


@pytest.fixture(scope="module", params=list(NODES))
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """A node of each kind, with accounts that have coins."""
    with NODES[request.param]() as url:
        node = Node(request.param, url, tmp_path_factory.mktemp("records"))
        node.fund(DEPLOYER, OWNER, PKG, ALICE, BOB, OTHER)
        yield node


@pytest.fixture
def node(started: Node, tmp_path: Path) -> Iterator[Node]:
    """The node as it was started, put back after the test."""
    snapshot = started.chain.snapshot()
    started.record = tmp_path / "record.json"
    yield started
    started.chain.revert(snapshot)


def world_of(node: Node) -> World:
    """The recorded suite with two prosumers, seller and buyer."""
    suite = Record.read(node.record).open(node.chain)
    nobody = SecretKey.from_int(1)
    world = World(
        node.chain, suite, OWNER, PKG, TREASURY, ALICE, BOB, nobody, nobody, nobody, OTHER, meters={}
    )
    for key in (ALICE, BOB):
        world.enrol(key, funds=EURO)
    return world


def test_deploy_trade_and_read(node: Node) -> None:
    """Deployed and verified by command, traded on by the bindings, read back by command (N-7 scenario 1)."""
    done = node.deploy("--chain-id", CHAIN_ID[node.name], "--set", "fee_bps=100")
    assert (done.status, done.err) == (0, "")
    number = CHAIN_ID[node.name]
    assert done.lines[-1] == f"{len(PARTS)} contracts on chain {number}, recorded in {node.record}"
    verified = node.cli("verify")
    assert verified.lines[-1] == f"chain {number} agrees with {node.record}"
    assert node.cli("verify", "--json").json["right"] == verified.lines[:-1]

    world = world_of(node)
    height = node.chain.height()
    open_terms, terms, given_up = (world.make(ALICE, price=PRICE) for _ in range(3))
    world.market.give_up(given_up).send(ALICE)
    listed = node.cli("offers", "--json").json
    assert [o["trade_id"] for o in listed] == ["0x" + world.trade_id(t).hex() for t in (open_terms, terms)]
    assert (listed[0]["seller"], listed[0]["energy_wh"], listed[0]["price"]) == (ALICE.address, 1000, PRICE)
    world.market.accept_offer(terms).send(BOB)
    (accepted,) = node.cli("trades", "--json", "--state", "accepted").json
    assert (accepted["buyer"], accepted["paid"]) == (BOB.address, None)
    world.deliver(terms, BOB)

    (trade,) = node.cli("trades", "--json").json
    assert (trade["state"], trade["paid"], trade["cut"]) == ("delivered", PRICE, 0)
    assert [o["state"] for o in node.cli("offers", "--all", "--json").json] == [
        "open",
        "delivered",
        "withdrawn",
    ]
    assert node.cli("offers", "--account", BOB.address, "--json").json == []
    assert len(node.cli("trades", "--account", BOB.address).lines) == 2
    house = House.open(world, lots_wh=(500,))
    house.bid((BOB, START))
    (auction,) = node.cli("auctions", "--open", "--account", ALICE.address, "--json").json
    assert (auction["auction_id"], auction["quotes"]) == ("0x" + house.auction_id.hex(), 1)
    assert (auction["lots_wh"], auction["state"]) == ([500], "quoting")
    assert node.cli("auctions", "--account", BOB.address, "--state", "quoting", "--json").json == [auction]
    assert node.cli("auctions", "--account", OTHER.address).lines == ["nothing found"]
    assert node.cli("auctions", "--state", "settled").lines == ["nothing found"]
    rows = {row["account"]: row for row in node.cli("accounts", "--json").json}
    assert list(rows) == [ALICE.address, BOB.address]
    cut = PRICE * 5 // 100  # 5 % of the guarantee of the offer that was given up
    assert rows[ALICE.address]["available"] + rows[ALICE.address]["held"] == (EURO + PRICE * 99 // 100 - cut)
    assert (rows[BOB.address]["available"], rows[BOB.address]["role"]) == (EURO - PRICE, "prosumer")
    assert node.cli("accounts", "--role", "producer", "--json").json == []
    assert node.cli("accounts", "--banned", "--json").json == []

    told = node.cli("standing", ALICE.address).lines
    assert told[0] == f"account        {ALICE.address}"
    assert [line.split("  ")[1].split(":")[0] for line in told[-2:]] == ["withdrew an offer", "sold, z = 200"]
    causes = [change["cause"] for change in node.cli("standing", ALICE.address, "--json").json["changes"]]
    assert causes == ["withdrawn", "sold"]

    watched = node.cli("watch", "--from-block", height + 1, "--for", 0, "--json")
    events = [json.loads(line) for line in watched.lines]
    assert [e["event"] for e in events if "Offer" in e["event"] or "Delivery" in e["event"]] == [
        *["OfferMade"] * 3,
        "OfferWithdrawn",
        "OfferAccepted",
        "DeliveryConfirmed",
        "DeliveryRecorded",
    ]
    assert events[0]["trade_id"] == "0x" + world.trade_id(open_terms).hex()


@pytest.mark.parametrize("command", ["accounts", "offers", "trades", "auctions", "lots", "contacts", "watch"])
def test_market_that_cannot_be_read_is_one_line(node: Node, command: str, tmp_path: Path) -> None:
    """No record, one of another chain or an unfinished one, a node that is another or is not there."""
    missing = node.cli(command)
    record = Record.of(
        node.chain, DEPLOYER.address, SuiteParameters(OWNER.address, PKG.address, TREASURY.address)
    )
    record.write(node.record)
    unfinished = node.cli(command)
    nobody = f"http://127.0.0.1:{free_port()}"
    replace(record, chain_id=5).write(node.record)
    answers = {
        missing: f"deployment: {node.record} cannot be read (No such file or directory)",
        unfinished: "the deployment is not finished: run deploy again to finish it",
        node.cli(command): f"the deployment is on chain 5, not on chain {CHAIN_ID[node.name]}",
        node.cli(
            command, "--chain-id", 5
        ): f"the node at {node.url} serves chain {CHAIN_ID[node.name]}, not chain 5",
        cli(command, "--rpc", nobody): f"no node answers at {nobody}",
    }
    for done, line in answers.items():
        assert done == Done(1, "", f"error: {line}\n")


def test_market_without_a_trade_is_empty(node: Node) -> None:
    """A table without rows is a line that says so, JSON an empty list; neither is an error."""
    node.deploy()
    for command in ("accounts", "offers", "trades", "auctions", "lots", "contacts"):
        assert node.cli(command) == Done(0, "nothing found\n", "")
        assert node.cli(command, "--json") == Done(0, "[]\n", "")


def test_lots_are_listed(node: Node) -> None:
    """Who holds which energy, since when and how; each filter leaves what it names (C-4, C-8)."""
    node.deploy()
    world = world_of(node)
    kept, sold = minted(world, ALICE, 400), minted(world, ALICE, 600, SLOT - SLOT_S)
    exchange(world, sold, ALICE, BOB, signed={"price": 5}, price=5).send(OTHER)
    bob = LotOwner(world.suite, BOB)
    left, right = bob.split(sold, [150, 450])
    bob.retire(right)
    found = node.cli("lots", "--json").json
    assert [(lot["lot"], lot["owner"], lot["how"], lot["state"]) for lot in found] == [
        (str(kept), ALICE.address, "minted", "held"),
        (str(sold), BOB.address, "exchanged", "split"),
        (str(left), BOB.address, "split", "held"),
        (str(right), BOB.address, "split", "retired"),
    ]
    assert {tuple(lot["producers"]) for lot in found} == {(ALICE.address,)}

    def listed(*options: object) -> list[int]:
        return [int(lot["lot"]) for lot in node.cli("lots", "--json", *options).json]

    assert listed("--account", ALICE.address) == [kept, sold, left, right]
    assert listed("--account", BOB.address, "--state", "held") == [left]
    assert listed("--how", "exchanged") == [sold]
    assert listed("--since", SLOT) == [kept]
    assert listed("--until", SLOT) == [sold, left, right]
    assert listed("--since", "2021-02-28T23:15:00Z", "--until", "2021-03-01T00:30+01:00") == [
        sold,
        left,
        right,
    ]
    header, row = node.cli("lots", "--state", "retired").lines
    assert (
        header.split() == "owner producers energy_wh slot_start how state msg_addr lot".split()  # noqa: SIM905 - as printed
    )
    reached = "0x" + MSG.hex()
    assert row.split() == [
        *(BOB.address, ALICE.address, "450", "2021-02-28", "23:15:00Z", "split", "retired"),
        *(reached, str(right)),
    ]
    assert {lot["owner"]: lot["msg_addr"] for lot in found} == {
        ALICE.address: "0x" + message_address(ALICE).hex(),
        BOB.address: reached,
    }
    by_account = {each["account"]: each for each in node.cli("contacts", "--json").json}
    assert by_account[ALICE.address]["public_key"] == "0x" + ALICE.public_key.hex()
    assert by_account[ALICE.address]["lot"] == str(sold)
    assert (by_account[BOB.address]["public_key"], by_account[BOB.address]["msg_addr"]) == ("0x", reached)
    (_, one) = node.cli("contacts", "--account", BOB.address).lines
    assert one.split() == [BOB.address, "0x", reached, str(sold)]
    assert node.cli("lots", "--account", OTHER.address).lines == ["nothing found"]
    events = [json.loads(line) for line in node.cli("watch", "--from-block", 0, "--for", 0, "--json").lines]
    assert [e["lot"] for e in events if e["event"] == "LotRetired"] == [str(right)]


def test_injection_from_reading_to_lot(node: Node, tmp_path: Path) -> None:
    """Producer, DSO and anyone, each with files; a second reading or too much energy is refused (C-4)."""
    node.deploy()
    world = world_of(node)
    here = ("--rpc", node.url, "--deployment", node.record)

    def run(group: str, command: str, *arguments: object, key: SecretKey) -> Done:
        raw = "0x" + key.reveal().hex()
        return cli(group, command, *arguments, *here, env={"ENERGY_TRADING_KEY": raw})

    def asked(energy_wh: int) -> Path:
        domain = world.suite.lots_domain
        reading = sign_reading(SLOT, energy_wh, world.meters[ALICE.address], domain)
        signed, request = tmp_path / f"{energy_wh}.reading", tmp_path / f"{energy_wh}.request"
        signed.write_text(json.dumps(reading.to_json()))
        done = run("account", "inject", signed, "--out", request, key=ALICE)
        assert (done.status, done.err) == (0, "")
        return request

    def certified(energy_wh: int, key: SecretKey = OWNER) -> Done:
        paper = ("--limit-wh", 4312, "--journal", tmp_path / "journal", "--out", tmp_path / "certificate")
        return run("dso", "certify", asked(energy_wh), *paper, key=key)

    for energy_wh, key, line in (
        (4313, OWNER, "the energy of a slot must be between 1 and 4312 Wh, not 4313"),
        (700, ALICE, f"the key is that of {ALICE.address}; the ledger's owner is {OWNER.address}"),
    ):
        assert certified(energy_wh, key) == Done(1, "", f"error: {line}\n")
        for file in tmp_path.glob("*.request"):
            file.unlink()
    assert certified(700).status == 0
    paper = (tmp_path / "certificate").rename(tmp_path / "first")
    refused = certified(701)
    assert (refused.status, refused.err.startswith("error: another reading of meter")) == (1, True)
    done = run("account", "mint", paper, "--json", key=OTHER)
    assert (done.status, done.err) == (0, "")
    assert world.suite.lots.owner_of(int(done.json["lot"])) == ALICE.address
    assert node.cli("lots", "--json").json[0]["public_key"] == "0x" + ALICE.public_key.hex()
    for command in (
        ("account", "inject"),
        ("dso", "certify", "--limit-wh", 1, "--journal", "j"),
        ("account", "mint"),
    ):
        (tmp_path / "bad").write_text('{"meter": "0x"}')
        out = () if command[1] == "mint" else ("--out", tmp_path / "never")
        done = run(*command[:2], tmp_path / "bad", *command[2:], *out, key=OWNER)
        assert (done.status, done.out, done.err.count("\n")) == (1, "", 1)
        assert "must have the keys" in done.err


def test_positions_are_listed(node: Node, tmp_path: Path) -> None:
    """A Wh sold as an offer and as a lot is bought back at retail; a missing reading is reported."""
    node.deploy()
    world = world_of(node)
    salt, price = b"\x05" * 32, 200  # units of account per kWh and for 1000 Wh
    terms = world.accepted(ALICE, BOB, energy=Energy.hidden(1000, salt), price=price)
    world.deliver(terms, BOB, terms.energy)
    slot = SlotRule(SLOT_S).of_trade(terms.accept_by, terms.deliver_by)
    readings, offers = tmp_path / "readings.csv", tmp_path / "offers.json"
    rows = [f"{ALICE.address},{slot},0,1000", f"{BOB.address},{slot},1000,0"]
    readings.write_text("\n".join(["account,slot_start,import_wh,export_wh", *rows]) + "\n")
    offers.write_text(json.dumps([Offer(terms, 1000, salt).to_json()]))
    supplier = ("--readings", readings, "--retail", 300, "--feed-in", 80)

    def listed(*options: object) -> list[tuple[object, ...]]:
        fields = ("account", "slot_start", "sold_wh", "bought_wh", "position_wh", "owed", "hidden")
        done = node.cli("positions", *supplier, "--json", *options)
        assert (done.status, done.err) == (0, "")
        return [tuple(row[name] for name in fields) for row in done.json]

    a, b = ALICE.address, BOB.address
    hidden = sorted([(a, slot, 0, 0, -1000, -80, 1), (b, slot, 0, 0, 1000, 300, 1)])
    assert listed() == hidden
    opened = sorted([(a, slot, 1000, 0, 0, 0, 0), (b, slot, 0, 1000, 0, 0, 0)])
    assert listed("--offers", offers) == opened

    lot = minted(world, ALICE, 400)  # in a slot in which Alice fed in nothing, as far as the DSO measured
    exchange(world, lot, ALICE, BOB, signed={"price": 5}, price=5).send(OTHER)
    done = node.cli("positions", *supplier, "--json")
    assert (done.status, done.err) == (
        1,
        f"error: --readings must have a reading of {min(a, b)} for the slot {SLOT}, in which it traded;"
        " without a reading a position has no amount, and 2 have none\n",
    )
    assert [row["owed"] for row in done.json[:2]] == [None, None]
    assert listed("--offers", offers, "--from", SLOT + SLOT_S) == opened
    assert listed("--offers", offers, "--account", b, "--from", slot, "--to", slot + 1) == [
        (b, slot, 0, 1000, 0, 0, 0)
    ]
    both = [f"{who},{SLOT},0,0" for who in (a, b)]
    readings.write_text(readings.read_text() + "\n".join(both) + "\n")
    assert listed("--to", SLOT + 1) == sorted(
        [(a, SLOT, 400, 0, 400, 120, 0), (b, SLOT, 0, 400, -400, -32, 0)]
    )
    header, *lines = node.cli("positions", *supplier, "--account", a).lines
    assert header.split() == [
        *("account", "slot_start", "sold_wh", "bought_wh", "import_wh", "export_wh", "position_wh", "owed"),
        "hidden",
    ]
    assert lines[0].split() == [
        *(a, "2021-02-28", "23:30:00Z", "400", "0", "0", "0", "400", "120", "0"),
    ]
    refused = node.cli("positions", *supplier, "--slot-seconds", 300)
    assert (refused.status, refused.out, refused.err) == (
        1,
        "",
        "error: a slot must be a multiple of the lots' slot of 900 s, which 300 s is not\n",
    )


def test_second_deploy_is_a_no_op(node: Node) -> None:
    """Deploying again verifies and sends nothing; other parameters are refused by name."""
    node.deploy()
    height, record = node.chain.height(), node.record.read_bytes()
    done = node.deploy()
    assert (done.status, done.lines[-1]) == (0, f"already deployed, nothing sent: {node.record}")
    refused = node.deploy("--set", "credit.window=9")
    assert (refused.status, refused.out) == (1, "")
    assert refused.err == (
        f"error: credit.window is 9, but must be 10 as in {node.record}; to deploy anew, use --restart\n"
    )
    assert (node.chain.height(), node.record.read_bytes()) == (height, record)


def test_wrong_chain_id_sends_nothing(node: Node) -> None:
    """A node of another chain is refused before anything is signed."""
    height = node.chain.height()
    done = node.deploy("--chain-id", 1)
    assert (done.status, done.out) == (1, "")
    assert done.err == f"error: the node at {node.url} serves chain {CHAIN_ID[node.name]}, not chain 1\n"
    assert node.chain.height() == height
    assert not node.record.exists()


def test_unlocked_account_and_key_file_deploy(node: Node, tmp_path: Path) -> None:
    """The sender may be an account of the node, or a key file with its password from the environment."""
    unlocked = node.cli("deploy", *WHO, "--unlocked", node.chain.accounts[1])
    assert unlocked.status == 0, unlocked.err
    assert Record.read(node.record).deployer == node.chain.accounts[1]
    save_key(tmp_path / "key.json", OTHER, "a password", work_factor=2)
    by_file = ("--key-file", tmp_path / "key.json", "--restart")
    done = node.cli("deploy", *WHO, *by_file, ENERGY_TRADING_PASSWORD="a password")
    assert done.status == 0, done.err
    assert Record.read(node.record).deployer == OTHER.address
    assert node.cli("verify").status == 0
    unknown = "0x" + "11" * 20
    done = node.cli("deploy", *WHO, "--unlocked", unknown, "--restart")
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert done.err.startswith("error: ")


def test_config_file_gives_parameters(node: Node, tmp_path: Path) -> None:
    """A JSON file holds any of the fields; options win over it; the contracts hold what was asked for."""
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps(
            {"owner": ALICE.address, "fee_bps": 50, "penalty_bps": 900, "credit": {"window": 8, "z0": 100}}
        )
    )
    done = node.deploy("--config", config, "--set", "fee_bps=75")
    assert done.status == 0, done.err
    parameters = Record.read(node.record).open(node.chain).parameters()
    assert (parameters.owner, parameters.fee_bps, parameters.penalty_bps) == (OWNER.address, 75, 900)
    assert (parameters.credit.window, parameters.credit.z0) == (8, 100)


def test_parameter_out_of_range_sends_nothing(node: Node) -> None:
    """The constructor's refusal names field, value and range, and costs nothing."""
    nonce = node.chain.next_nonce(DEPLOYER.address)
    done = node.deploy("--set", "bidders_bps=10001")
    assert done.err == (
        "error: Range_Outside(name=biddersBps, given=10001, min=0, max=10000):"
        " a constructor argument is outside its range\n"
    )
    assert node.chain.next_nonce(DEPLOYER.address) == nonce


def ledger_only(node: Node) -> None:
    """A deployment that ended after its first contract."""
    parameters = SuiteParameters(OWNER.address, PKG.address, TREASURY.address)

    def stop(line: str) -> None:
        raise EnergyTradingError(line)

    with pytest.raises(EnergyTradingError, match="EnergyLedger at "):
        deploy_recorded(node.chain, DEPLOYER, parameters, node.record, stop)
    assert not node.record.exists()


def test_deployer_without_money_can_go_on(node: Node) -> None:
    """Money that runs out half way is told with the balance; with more of it the same command goes on."""
    ledger_only(node)
    method = {"anvil": "anvil_setBalance", "ganache": "evm_setAccountBalance"}[node.name]
    rpc: Callable[..., Any] = node.chain.web3.provider.make_request
    rpc(method, [DEPLOYER.address, hex(123)])
    done = node.deploy()
    assert done.status == 1
    assert [line.split(" at ")[0] for line in done.lines[1:]] == ["EnergyLedger"]
    assert done.err.startswith(
        f"error: account {DEPLOYER.address} has 123 wei, which does not pay for 0 wei and the gas ("
    )
    assert done.err.count("\n") == 1
    rpc(method, [DEPLOYER.address, hex(10**19)])
    again = node.deploy()
    assert again.status == 0, again.err
    assert again.lines[1].endswith("(already there)")
    assert node.cli("verify").status == 0


def test_another_transaction_in_between_starts_anew(node: Node) -> None:
    """After another transaction of the deployer the addresses cannot be had any more: said, begun anew."""
    ledger_only(node)
    node.chain.send(OTHER.address, b"", DEPLOYER)
    done = node.deploy()
    assert done.status == 0, done.err
    assert any("another transaction of" in line and "starting anew" in line for line in done.lines)
    assert node.cli("verify").status == 0


def test_killed_deployment_goes_on(node: Node) -> None:
    """A process killed after its first contract leaves what the next one needs to finish."""
    nonce = node.chain.next_nonce(DEPLOYER.address)
    process = node.start_deploy()
    process.kill()
    process.communicate()
    assert not node.record.exists()
    assert Path(f"{node.record}.lock").exists()  # a file, of no process any more
    done = node.deploy()
    assert done.status == 0, done.err
    assert list(node.record.parent.iterdir()) == [node.record]
    assert done.lines[0] == f"resuming {node.record}.part"
    assert done.lines[1].endswith("(already there)")
    assert node.chain.next_nonce(DEPLOYER.address) == nonce + len(PARTS)
    assert node.cli("verify").status == 0


def test_second_deployment_at_once_is_refused(node: Node) -> None:
    """Of two processes that deploy into one record one ends at once, the other finishes."""
    part, lock = Path(f"{node.record}.part"), Path(f"{node.record}.lock")
    nonce = node.chain.next_nonce(DEPLOYER.address)
    process = node.start_deploy()
    planned = part.read_bytes()
    refused = node.run_deploy("--restart")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == (f"error: another deployment is at work on {node.record}\n")
    assert (part.read_bytes(), lock.exists()) == (planned, True)
    _, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    assert node.chain.next_nonce(DEPLOYER.address) == nonce + len(PARTS)
    assert node.cli("verify").status == 0
    assert list(node.record.parent.iterdir()) == [node.record]


def test_transaction_that_is_not_mined_is_waited_for(tmp_path: Path) -> None:
    """A run gives up waiting; the transaction is mined later; the next run finds it and goes on."""
    with anvil() as url:
        node = Node("anvil", url, tmp_path)
        node.fund(DEPLOYER)
        rpc: Callable[..., Any] = node.chain.web3.provider.make_request
        rpc("evm_setAutomine", [False])
        done = node.deploy("--timeout", 1)
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith("error: transaction 0x")
        assert done.err.endswith(" had no receipt after 1 s\n")
        waiting = node.deploy("--timeout", 1)
        assert waiting.err == (
            f"error: transaction 0 of {DEPLOYER.address} is still pending; wait until it is mined\n"
        )
        rpc("evm_setAutomine", [True])
        rpc("evm_mine", [])
        done = node.deploy()
        assert done.status == 0, done.err
        assert done.lines[1].endswith("(already there)")
        assert node.chain.next_nonce(DEPLOYER.address) == len(PARTS)


def test_node_that_goes_away_is_one_line(tmp_path: Path) -> None:
    """A node that ends between two contracts is told in one line; what was planned stays on disk."""
    with anvil() as url:
        node = Node("anvil", url, tmp_path)
        node.fund(DEPLOYER)
        node.chain.web3.provider.make_request("evm_setAutomine", [False])  # type: ignore[arg-type]
        answers: list[Done] = []
        deploying = threading.Thread(target=lambda: answers.append(node.deploy()))
        deploying.start()
        part = Path(f"{node.record}.part")
        while deploying.is_alive() and not part.exists():
            time.sleep(0.01)
    deploying.join()
    (done,) = answers
    assert (done.status, done.err) == (1, f"error: no node answers at {url}\n")
    assert Record.read(part).deployer == DEPLOYER.address
