"""The main job from a shell on real nodes: the walk-through of the documents, and what goes wrong."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from energy_trading.bindings import Suite
from energy_trading.bindings.deployment import Record
from energy_trading.chain.connect import Chain, connect
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.files.journal import Journal
from energy_trading.files.key_file import load_key, save_key
from energy_trading.market.trade.offer import Offer, receipt_key
from tests.client.cli_runs import Done, cli
from tests.client.meter.test_meter_telegram import CRC, telegram
from tests.client.shell_runs import shell, shell_blocks
from tests.nodes import anvil, ganache
from tests.softhsm import token_folder

ROOT = Path(__file__).resolve().parents[2]
NODES = {"anvil": anvil, "ganache": ganache}
PASSWORDS = {
    "ENERGY_TRADING_PASSWORD": "household",
    "ENERGY_TRADING_METER_PASSWORD": "meter",
    "ENERGY_TRADING_PKG_PASSWORD": "pkg",
    "ENERGY_TRADING_DSO_PASSWORD": "dso",
}
PRICE = 200_000_000


class Shop:
    """A node on which the walk-through was run, and commands in the folder with its files."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.chain: Chain = connect(url)
        self.told = ""
        self.anvil = self.chain.chain_id == 31337

    def cli(self, command: str, *arguments: object, **env: str) -> Done:
        return cli(*command.split(), *arguments, env={**PASSWORDS, "ENERGY_TRADING_RPC": self.url, **env})

    def done(self, command: str, *arguments: object) -> Any:
        """Run a command that succeeds; its report."""
        done = self.cli(command, *arguments, "--json")
        assert (done.status, done.err) == (0, "")
        return done.json

    def refused(self, command: str, *arguments: object, **env: str) -> str:
        """Run a command that is refused in one line, which is returned."""
        done = self.cli(command, *arguments, **env)
        assert (done.status, done.err.count("\n")) == (1, 1), done
        return done.err.removeprefix("error: ").rstrip()

    @property
    def rich(self) -> str:
        return self.chain.accounts[0]

    def walk_through(self) -> None:
        script = shell_blocks((ROOT / "docs" / "quickstart.md").read_text(encoding="utf-8"))
        done = shell(script, {"NODE": self.rich, "ENERGY_TRADING_RPC": self.url})
        assert (done.returncode, done.stderr) == (0, ""), done
        self.told = done.stdout

    def run_page(self, heading: str) -> None:
        """Run a section of the page of meters."""
        _, _, rest = (ROOT / "docs" / "meters.md").read_text(encoding="utf-8").partition(f"# {heading}\n")
        script = shell_blocks(rest.partition("\n## ")[0].partition("\n### ")[0])
        assert script, heading
        tokens = {"SOFTHSM2_CONF": os.environ.get("SOFTHSM2_CONF", "")}
        done = shell(script, {**tokens, "NODE": self.rich, "ENERGY_TRADING_RPC": self.url})
        assert (done.returncode, done.stderr) == (0, ""), done

    @property
    def suite(self) -> Suite:
        return Record.read(self.folder / "deployments" / f"{self.chain.chain_id}.json").open(self.chain)

    @property
    def bobs_meter(self) -> bytes:
        """The hash of the signer that is registered for Bob."""
        return self.suite.ledger.meter_of(self.address("bob"))

    def address(self, name: str) -> str:
        return self.key(name).address

    def key(self, name: str) -> SecretKey:
        return load_key(Path(f"{name}.key"), "household")

    def money(self, name: str) -> tuple[int, int]:
        """Available and held."""
        rows = {row["account"]: row for row in self.cli("accounts", "--json").json}
        row = rows[self.address(name)]
        return row["available"], row["held"]

    @property
    def start(self) -> int:
        """Of a slot that the meter has not read yet."""
        end: int = json.loads(Path("offer.json").read_text())["terms"]["accept_by"] + 900
        return end + 900

    def offer(self, *more: object) -> str:
        """Let Alice offer 800 Wh for an hour, to be delivered within three; the trade id."""
        terms = ("--energy-wh", 800, "--price", PRICE, "--accept-by", "+1h", "--deliver-by", "+3h")
        trade_id: str = self.done("trade offer", *terms, "--key-file", "alice.key", *more)["trade_id"]
        return trade_id

    def accept(self, offer: str, start: int) -> Any:
        return self.done("trade accept", offer, *self.slot(start), *BOB, *METER)

    def slot(self, start: int) -> tuple[object, ...]:
        return "--from", start, "--to", start + 900

    def read(self, *rows: tuple[int, int]) -> Any:
        """Feed the meter: times and imported Wh."""
        lines = ["time,import_wh,export_wh", *(f"{time},{wh},0" for time, wh in rows)]
        Path("more.csv").write_text("\n".join(lines))
        return self.done("meter record", "more.csv", *METER)

    def set_mining(self, on: bool) -> None:
        rpc: Any = self.chain.web3.provider.make_request
        rpc("evm_setAutomine", [on])
        if on:
            rpc("evm_mine", [])


@contextmanager
def held(path: Path) -> Iterator[None]:
    """A journal that another process of the meter has open."""
    journal = Journal(path)
    yield
    journal.close()


ALICE, BOB = ("--key-file", "alice.key"), ("--key-file", "bob.key")
METER = ("--meter-key", "meter.key", "--journal", "meter.journal")
PKG = ("--pkg-key", "pkg.key", "--pkg-state", "pkg.json")
DSO = ("--dso-key", "dso.key", "--dso-state", "dso.json")
PARAMETERS = ("--parameters", "parameters.json")


@pytest.fixture(scope="module", params=list(NODES))
def walked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A node of each kind after the walk-through; key files cost no second to open."""
    with NODES[request.param]() as url, pytest.MonkeyPatch.context() as patch:
        shop = Shop(url, tmp_path_factory.mktemp("shop"))
        for name in [name for name in os.environ if name.startswith("ENERGY_TRADING_")]:
            patch.delenv(name)
        patch.setattr(save_key, "__defaults__", (2,))
        patch.chdir(shop.folder)
        shop.chain.mine(int(time.time()))
        shop.walk_through()
        yield shop


@pytest.fixture
def shop(walked: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The node after the walk-through, Alice with a coin again, in a copy of the folder; put back."""
    snapshot = walked.chain.snapshot()
    shutil.copytree(walked.folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    alice = load_key(tmp_path / "alice.key", "household")
    walked.done("account deposit", 1_000_000_000, "--for", alice.address, "--unlocked", walked.rich)
    yield walked
    walked.chain.revert(snapshot)


def test_walk_through(walked: Shop) -> None:
    """What the page shows runs: from keys to the money taken out, and who it was (N-7 scenario 1)."""
    assert walked.told.splitlines()[-1] == walked.address("alice")
    (trade,) = walked.cli("trades", "--json").json
    assert (trade["seller"], trade["buyer"]) == (walked.address("alice"), walked.address("bob"))
    assert (trade["energy_wh"], trade["state"], trade["paid"]) == (800, "delivered", PRICE)
    assert (walked.money("alice"), walked.money("bob")) == ((0, 0), (1_000_000_000 - PRICE, 0))
    assert walked.cli("verify").status == 0


def test_files_of_the_walk_through_keep_their_secrets(walked: Shop) -> None:
    """Every file a command made is for its owner only, and no key or disclosure was printed."""
    made = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in walked.folder.iterdir() if path.is_file()
    }
    assert {name for name, mode in made.items() if mode != 0o600} == {"readings.csv"}
    assert {"alice.answer", "bob.key", "offer.json", "receipt.json", "pkg.json", "dso.json"} < made.keys()
    answers = [json.loads((walked.folder / f"{name}.answer").read_text()) for name in ("alice", "bob")]
    secrets = [answer[field][2:] for answer in answers for field in ("contribution", "ephemeral")]
    secrets += [walked.key(name).reveal().hex() for name in ("alice", "bob", "alice.request")]
    assert [secret for secret in secrets if secret in walked.told.lower()] == []


def test_readings_from_files(shop: Shop) -> None:
    """CSV and P1 telegrams; what is known is left out; a bad line or a lower register takes nothing in."""
    save_key(Path("new.key"), SecretKey.generate(), "meter")
    journal = ("--meter-key", "new.key", "--journal", "new.journal")
    Path("p1.txt").write_bytes(telegram(crc=CRC).encode())
    first = shop.done("meter record", "p1.txt", *journal)
    assert (first["recorded"], first["left_out"]) == (1, 0)
    lines = ["time,import_wh,export_wh", "2024-06-01T14:30+02:00,3580245,113000", f"{2**31},9999999,9999999"]
    Path("ok.csv").write_text("\n".join(lines) + "\n")
    kept = Path("new.journal").read_bytes()
    for row, line in (
        ("2024-06-02,1,1", "the time in bad.csv, line 3 must be in unix seconds or in"),
        ("+2h,1,1", "the time in bad.csv, line 3 must be in unix seconds or in"),
        (
            "1800000000,1.5,1",
            "bad.csv, line 3 must have time,import_wh,export_wh in whole Wh, not '1800000000,1.5,1'",
        ),
        (
            f"1800000000,{'9' * 5000},1",
            "bad.csv, line 3 must have time,import_wh,export_wh in whole Wh, not '1800000000,999",
        ),
        (
            "1800000000,1",
            "bad.csv, line 3 must have time,import_wh,export_wh in whole Wh, not '1800000000,1'",
        ),
        ("1800000000,1,9", "1800000000,1,9 cannot follow 1700000000,9999999,9:"),
        ("1700000000,9999999,9", "1700000000,9999999,9 cannot follow "),
    ):
        Path("bad.csv").write_text("\n".join([lines[0], "1700000000,9999999,9", row]))
        assert shop.refused("meter record", "bad.csv", *journal).startswith(line)
        assert Path("new.journal").read_bytes() == kept
    Path("lower.csv").write_text("\n".join([lines[0], "1800000000,1,1"]))
    assert shop.refused("meter record", "lower.csv", *journal).startswith("1800000000,1,1 cannot follow ")
    assert Path("new.journal").read_bytes() == kept
    again = shop.done("meter record", "ok.csv", *journal)
    assert again["last_reading"] == 2**31
    assert shop.done("meter record", "ok.csv", *journal)["recorded"] == 0
    with held(Path("new.journal")):
        busy = shop.refused("meter record", "ok.csv", *journal)
        assert busy == "journal new.journal is in use by another process"


def test_trade_that_expires(shop: Shop) -> None:
    """Nothing arrives: no receipt; after the deadline, not before, anyone ends it (N-7 scenarios 3, 4)."""
    start = shop.start
    taken, left = shop.offer(), shop.offer()
    shop.accept(taken, start)
    receipt = ("meter receipt", taken, *METER, "--out", "late.json")
    late = f"the slot ends at {start + 900}, and the last reading is at "
    assert shop.refused(*receipt).startswith(late)
    shop.read((start, 1000), (start + 900, 1000))
    shop.done(*receipt)  # of nothing; nobody submits it
    assert bytes(32).hex() in Path("late.json").read_text()
    early = shop.refused("trade expire", taken, "--unlocked", shop.rich)
    assert early.startswith("OfferMarket_NotExpired(")
    shop.chain.mine(shop.chain.now() + 3 * 3600)
    ends = shop.done("trade expire", taken, left, "--unlocked", shop.rich)["transactions"]
    assert [(e["event"], e["trade_id"]) for end in ends for e in end["events"] if "trade_id" in e] == [
        ("TradeExpired", taken),
        ("OfferExpired", left),
    ]
    assert shop.money("alice") == (1_000_000_000 - PRICE // 5, 0)
    assert shop.money("bob") == (1_000_000_000 - PRICE, 0)
    assert shop.refused("trade expire", taken, "--unlocked", shop.rich).startswith("OfferMarket_WrongState(")


def test_silent_buyer_and_testimony(shop: Shop) -> None:
    """The seller's meter testifies; without a receipt both have their money back (N-3, N-7)."""
    save_key(Path("export.key"), SecretKey.generate(), "meter")
    signer = load_key(Path("export.key"), "meter").address
    shop.done("dso register-meter", shop.address("alice"), signer, "--unlocked", shop.rich)
    before = shop.money("alice"), shop.money("bob")
    plain, taken, other = shop.offer(), shop.offer("--testimony"), shop.offer("--testimony")
    for trade_id in (plain, taken, other):
        shop.accept(trade_id, shop.start)
    start = shop.chain.now() + 4000
    lines = ["time,import_wh,export_wh", f"{start},0,0", f"{start + 900},0,1900"]
    Path("exports.csv").write_text("\n".join(lines))
    exports = ("--meter-key", "export.key", "--journal", "export.journal")
    assert shop.done("meter record", "exports.csv", *exports)["recorded"] == 2
    assert shop.done("meter record", "exports.csv", *exports)["left_out"] == 2
    slot, named = shop.slot(start), ("--receipt-signer", load_key(Path("meter.key"), "meter").address)
    for trade_id, more, line in (
        (plain, (*slot, *named), "the terms of this offer do not let the seller's meter testify"),
        (taken, (*slot, "--receipt-signer", signer), "--receipt-signer: the acceptance names another meter"),
        (taken, (*slot, "--receipt-signer", "x"), "--receipt-signer must be bytes in hex, not 'x'"),
        (taken, ("--from", 1, "--to", 2, *named), "the slot must lie between "),
        (shop.offer("--testimony"), (*slot, *named), "OFFER: nobody has accepted "),
    ):
        refused = shop.refused("meter testify", trade_id, *more, *exports, "--out", "x.json")
        assert refused.startswith(line)
        assert not Path("x.json").exists()
    for trade_id, name in ((taken, "one.json"), (other, "two.json")):
        shop.done("meter testify", trade_id, *slot, *named, *exports, "--out", name)
    inject = ("meter inject", "--from", start, *exports, "--out")
    assert shop.done(*inject, "lot.json")["energy_wh"] == 300  # what no trade has
    assert shop.done(*inject, "again.json", "--most-wh", 100)["energy_wh"] == 300
    assert Path("again.json").read_text() == Path("lot.json").read_text()
    empty = ("meter inject", "--from", start + 900, *exports, "--out", "x.json")
    assert shop.refused(*empty).startswith(f"the slot ends at {start + 1800}, and the last reading is at ")
    assert shop.done("meter ranges", *exports, "--out", "ranges.json")["ranges"] == 3
    assert shop.done("meter audit", "ranges.json")["faults"] == 0
    forgetful = ("--meter-key", "export.key", "--journal", "second.journal")
    shop.done("meter record", "exports.csv", *forgetful)
    shop.done("meter inject", "--from", start, *forgetful, "--out", "twice.json")
    shop.done("meter ranges", *forgetful, "--out", "more.json")
    fault = shop.refused("meter audit", "ranges.json", "more.json")
    assert fault.startswith(
        f"meter {signer.lower()} signed Wh 0 to 800 of its export register for {taken} and"
    )
    Path("no.json").write_text("{}")
    assert shop.refused("meter audit", "no.json").startswith("FILE: no.json must be ")
    shop.done("account inject", "lot.json", "--out", "request.json", "--key-file", "alice.key")
    shop.done("trade testify", "one.json", "--unlocked", shop.rich)
    again = shop.refused("trade testify", "one.json", "--unlocked", shop.rich)
    assert again.startswith("OfferMarket_TestimonyRefused(")
    many = shop.refused("trade testify", "one.json", "two.json", "--unlocked", shop.rich)
    assert many == f"1 of 2 testimonies were refused: {taken} (NOT_WAITING)"
    shop.chain.mine(shop.chain.now() + 3 * 3600 + 86_400)
    ends = shop.done("trade expire", taken, other, "--unlocked", shop.rich)["transactions"]
    events = [(e["event"], e["trade_id"]) for end in ends for e in end["events"] if "trade_id" in e]
    assert events == [("TestimonyUnanswered", taken), ("TestimonyUnanswered", other)]
    shop.done("trade expire", plain, "--unlocked", shop.rich)
    (_, held), (bobs, _) = shop.money("alice"), shop.money("bob")
    assert (held, bobs) == (before[0][1] + PRICE, before[1][0])  # one offer is still open


def test_signed_offer_is_handed_over(shop: Shop) -> None:
    """A signed offer costs nothing until it is accepted from its file; its buyer alone may (N-1)."""
    height, start = shop.chain.height(), shop.start
    trade_id = shop.offer("--signed", "--buyer", shop.address("bob"), "--out", "signed.json")
    assert (shop.chain.height(), shop.money("alice")) == (height, (1_000_000_000, 0))
    shop.accept("signed.json", start)
    shop.read((start, 1000), (start + 900, 1800))
    shop.done("meter receipt", trade_id, *METER, "--out", "one.json")
    # The meter signs once and then repeats itself.
    shop.done("meter receipt", "signed.json", *METER, "--out", "two.json")
    assert Path("one.json").read_bytes() == Path("two.json").read_bytes()
    shop.done("trade confirm", "one.json", "--unlocked", shop.rich)
    assert shop.money("alice") == (1_000_000_000 + PRICE, 0)
    again = shop.refused("trade confirm", "two.json", "--unlocked", shop.rich)
    assert again.startswith("OfferMarket_ReceiptRefused(")


def test_hidden_energy_that_falls_short(shop: Shop) -> None:
    """The chain sees a commitment; the receipt opens it only because less arrived than agreed (N-5)."""
    start = shop.start
    trade_id = shop.offer("--hidden", "--out", "hidden.json")
    salt = json.loads(Path("hidden.json").read_text())["salt"]
    refused = shop.refused("trade accept", trade_id, *shop.slot(start), *BOB, *METER)
    assert refused == f"OFFER: the quantity of {trade_id} is hidden; give its file instead"
    shop.accept("hidden.json", start)
    shop.read((start, 1000), (start + 900, 1400))
    shop.done("meter receipt", "hidden.json", *METER, "--out", "short.json")
    assert json.loads(Path("short.json").read_text())["opening"] == {"energy_wh": 800, "salt": salt}
    (sent,) = shop.done("trade confirm", "short.json", "--unlocked", shop.rich)["transactions"]
    assert "DeliveredShort" in [event["event"] for event in sent["events"]]
    assert shop.money("bob")[0] == 1_000_000_000 - PRICE - PRICE // 2


def test_many_receipts_and_a_bad_one(shop: Shop) -> None:
    """Receipts go together; a refused one is told, with a bad status, and stops no other (N-3)."""
    start = shop.start
    first, second = shop.offer(), shop.offer()
    for trade_id in (first, second):
        shop.accept(trade_id, start)
    shop.read((start, 1000), (start + 900, 2600))
    for name, trade_id in (("first.json", first), ("second.json", second)):
        shop.done("meter receipt", trade_id, *METER, "--out", name)
    many = ("first.json", "receipt.json", "second.json")
    done = shop.cli("trade confirm", *many, "--unlocked", shop.rich, "--json")
    old = "0x" + Offer.from_json(json.loads(Path("offer.json").read_text())).trade_id.hex()
    assert (done.status, done.err) == (1, f"error: 1 of 3 receipts were refused: {old} (NOT_ACCEPTED)\n")
    (sent,) = done.json["transactions"]
    assert [e["trade_id"] for e in sent["events"] if e["event"] == "DeliveryConfirmed"] == [first, second]
    assert shop.money("alice") == (1_000_000_000 + 2 * PRICE, 0)


def test_receipt_with_high_s(shop: Shop) -> None:
    """A receipt whose s is in the upper half, or that is DER, pays the seller all the same (N-3, N-8)."""
    start = shop.start
    trade_id = shop.offer()
    shop.accept(trade_id, start)
    shop.read((start, 1000), (start + 900, 1800))
    shop.done("meter receipt", trade_id, *METER, "--out", "low.json")
    receipt = json.loads(Path("low.json").read_text())
    r, s = (int(receipt["signature"][i : i + 64], 16) for i in (2, 66))
    receipt["signature"] = "0x" + encode_dss_signature(r, SECP256K1_N - s % 2**255).hex()
    Path("high.json").write_text(json.dumps(receipt))
    shop.done("trade confirm", "high.json", "--unlocked", shop.rich)
    assert shop.money("alice") == (1_000_000_000 + PRICE, 0)


def test_meter_of_openssl(shop: Shop) -> None:
    """What the page of meters shows runs: a P-256 key that only openssl reads pays the seller (N-3)."""
    shop.run_page("A meter made of openssl")
    receipt = json.loads(Path("openssl-receipt.json").read_text())
    signer = bytes.fromhex(receipt["signer"][2:])
    assert (len(signer), receipt_key(signer)) == (84, shop.bobs_meter)
    assert signer[:20].hex() == shop.suite.p256_verifier[2:].lower()
    assert shop.money("alice") == (2_000_000_000 + 100_000_000, 0)
    key = ("--meter-key", "meter.key")
    refused = "the meter's key is one of --meter-key, --meter-pkcs11 and --meter-command"
    assert shop.refused("meter signer") == refused
    assert shop.refused("meter signer", *key, "--meter-pkcs11", "pkcs11:") == refused
    refused = "--meter-command and --meter-public-key need one another"
    assert shop.refused("meter signer", *key, "--meter-public-key", "meter.pub") == refused
    assert shop.refused("meter signer", "--meter-command", "openssl") == refused
    command = ("--meter-public-key", "meter.pub", "--meter-command")
    refused = "--meter-command is not a command line: No closing quotation"
    assert shop.refused("meter signer", *command, "openssl 'a") == refused
    refused = (
        "--meter-public-key: meter.pem is not a public key in PEM or DER, as openssl ec -pubout writes it"
    )
    assert shop.refused("meter signer", "--meter-public-key", "meter.pem", "--meter-command", "x") == refused
    offer = shop.offer()
    shop.done(
        "trade accept", offer, *shop.slot(shop.start), *BOB, "--journal", "o.journal", *command, "false"
    )
    rows = f"time,import_wh,export_wh\n{shop.start},0,0\n{shop.start + 900},800,0"
    Path("o.csv").write_text(rows)
    shop.done("meter record", "o.csv", "--journal", "o.journal", *command, "false")
    kept = Path("o.journal").read_bytes()
    for answer, reason in (
        ("false", "the signer false ended with the status 1"),
        ("true", f"the key of meter {receipt['signer']} did not sign: the answer is no signature of its own"),
    ):
        get = ("meter receipt", offer, "--journal", "o.journal", "--out", "o.json", *command, answer)
        assert shop.refused(*get) == reason
    assert (Path("o.journal").read_bytes(), Path("o.json").exists()) == (kept, False)


def test_meter_in_a_token(shop: Shop, tmp_path: Path) -> None:
    """The same with a key in a PKCS#11 token, which SoftHSM stands for (N-3)."""
    if shutil.which("pkcs11-tool") is None:
        pytest.skip("no OpenSC here: pkcs11-tool is not installed (apt-get install opensc)")
    with token_folder(tmp_path) as driver:
        shop.run_page("A meter in a token")
        token = ("--meter-pkcs11", f"pkcs11:token=home;object=meter?module-path={driver}")
        pin = {"ENERGY_TRADING_METER_PASSWORD": "1234"}
        told = shop.cli("meter signer", *token, "--json", **pin)
        assert receipt_key(bytes.fromhex(told.json["signer"][2:])) == shop.bobs_meter
        offer = shop.offer()
        done = shop.cli(
            "trade accept", offer, *shop.slot(shop.start), *BOB, "--journal", "t.journal", *token, **pin
        )
        assert (done.status, done.err) == (0, "")
        Path("t.csv").write_text(f"time,import_wh,export_wh\n{shop.start},0,0\n{shop.start + 900},800,0")
        assert shop.cli("meter record", "t.csv", "--journal", "t.journal", *token, **pin).status == 0
        made = shop.cli("meter receipt", offer, "--journal", "t.journal", "--out", "t.json", *token, **pin)
        assert (made.status, made.err) == (0, "")
        shop.done("trade confirm", "t.json", "--unlocked", shop.rich)
        assert shop.money("alice") == (1_000_000_000 + PRICE, 0)
        assert shop.refused("meter signer", *token) == "token 'home' refused the PIN (PinIncorrect)"


def test_intents_are_signed_here_and_sent_there(shop: Shop) -> None:
    """Bob and Alice sign files, somebody else submits them, and the meter has signed in time (N-2, N-4)."""
    start = shop.start
    made, other = shop.offer(), shop.offer("--signed", "--out", "signed.json")
    fee = ("--relayer", shop.rich, "--fee", 5)
    until = ("--deadline", "+10m")
    bought = shop.done(
        "intent purchase", made, *shop.slot(start), *until, *fee, *BOB, *METER, "--out", "buy.json"
    )
    assert (bought["kind"], bought["signer"]) == ("purchase", shop.address("bob"))
    shown = shop.done("intent show", "buy.json")
    assert (shown["max_price"], shown["fee"], shown["relayer"]) == (PRICE, 5, shop.rich)
    (sent,) = shop.done("intent send", "buy.json", "--unlocked", shop.rich)["transactions"]
    assert "RelayFeePaid" in [event["event"] for event in sent["events"]]
    shop.read((start, 1000), (start + 900, 1800))
    shop.done("meter receipt", made, *METER, "--out", "new.json")
    shop.done("trade confirm", "new.json", "--unlocked", shop.rich)
    assert shop.money("alice") == (1_000_000_000 + PRICE, 0)
    shop.refused("intent send", "buy.json", "--unlocked", shop.rich)
    shop.done("intent give-up", "signed.json", *until, *ALICE, "--out", "cancel.json")
    shop.done("intent withdraw", 7, "--to", shop.rich, *until, *ALICE, "--out", "out.json")
    shop.done("intent send", "cancel.json", "out.json", "--unlocked", shop.rich)
    assert shop.money("alice") == (1_000_000_000 + PRICE - 7, 0)
    limits = ("--min-wh", 1, "--max-wh", 800, "--max-price-per-mwh", PRICE * 1250)
    slot = ("--slot-start", shop.chain.now(), "--slot-end", "+5h")
    shop.done("intent bid", *limits, *slot, *until, *BOB, *METER, "--out", "bid.json")
    assert shop.done("intent filled", "bid.json", *BOB, *METER)["filled"] is False
    refused = shop.refused("intent send", "bid.json", "--offer", other, "--unlocked", shop.rich)
    assert refused == f"OFFER: the log has no offer {other}; `offers --all` lists those it has"
    filler = shop.offer()
    refused = shop.refused("intent send", "bid.json", "--offer", filler, "--unlocked", shop.rich)
    assert refused.startswith("RelayDesk_NoMeter(")
    shop.done("dso register-meter", shop.address("alice"), "0x" + "a1" * 20, "--unlocked", shop.rich)
    shop.done("intent send", "bid.json", "--offer", filler, "--unlocked", shop.rich)
    assert shop.done("intent filled", "bid.json", *BOB, *METER)["trade_id"] == filler
    changed = json.loads(Path("out.json").read_text())
    Path("out.json").write_text(json.dumps({**changed, "signature": "0x" + "01" * 64}))
    assert "was not signed by" in shop.refused("intent show", "out.json")


def test_give_up(shop: Shop) -> None:
    """The seller alone takes an offer back, at a cost; a signed one at none but gas (N-4)."""
    made = shop.offer()
    shop.offer("--signed", "--out", "signed.json")
    assert shop.refused("trade give-up", made, *BOB).startswith("OfferMarket_NotSeller(")
    shop.done("trade give-up", made, *ALICE)
    assert shop.money("alice") == (1_000_000_000 - PRICE // 20, 0)
    shop.done("trade give-up", "signed.json", *ALICE)
    start = shop.chain.now()
    refused = shop.refused("trade accept", "signed.json", *shop.slot(start), *BOB, *METER)
    assert refused.startswith("OfferMarket_WrongState(")


def test_accepting_twice_pays_once(shop: Shop) -> None:
    """A repeated acceptance sends nothing, with other times it is refused; the meter keeps the trade."""
    start = shop.start
    made = shop.offer()
    shop.accept(made, start)
    height = shop.chain.height()
    assert shop.accept(made, start)["note"] == "accepted before, nothing sent"
    other = shop.refused("trade accept", made, *shop.slot(start + 900), *BOB, *METER)
    assert other == f"trade {made} was allotted before, with other terms"
    assert shop.chain.height() == height
    shop.read((start, 1000), (start + 900, 1800))
    shop.done("meter receipt", made, *METER, "--out", "new.json")


def test_acceptance_that_is_refused(shop: Shop) -> None:
    """Too late, too dear, a strange meter or journal, the seller itself: nothing is half done (N-2)."""
    made, start = shop.offer(), shop.start
    accept = ("trade accept", made, *shop.slot(start))
    facts = Path("meter.journal").read_bytes()
    (offered,) = shop.cli("offers", "--json").json
    due = offered["deliver_by"]
    late = shop.refused("trade accept", made, "--from", start, "--to", due, *BOB, *METER)
    assert late == f"--to must be before the offer's deliver-by, {due}, not {due}"
    assert shop.refused(*accept, *ALICE, *METER).endswith(f"registered for {shop.address('alice')}")
    shop.done("account withdraw", 700_000_000, *BOB)
    poor = shop.refused(*accept, *BOB, *METER)
    assert poor == (
        f"EnergyLedger_Insufficient(account={shop.address('bob')}, asked={PRICE}, available=100000000):"
        " the account does not have that much available"
    )
    save_key(Path("other.key"), SecretKey.generate(), "meter")
    strange = ("--meter-key", "other.key", "--journal")
    assert shop.refused(*accept, *BOB, *strange, "new.journal").endswith(f"for {shop.address('bob')}")
    assert shop.refused(*accept, *BOB, *strange, "meter.journal").startswith(
        "the journal meter.journal is not that of meter 0x"
    )
    assert Path("meter.journal").read_bytes() == facts
    shop.done("account deposit", 700_000_000, "--for", shop.address("bob"), "--unlocked", shop.rich)
    assert shop.refused("meter receipt", made, *METER, "--out", "no.json") == (
        f"OFFER: nobody has accepted {made}; only an accepted offer has a receipt"
    )
    shop.accept(made, start)


def test_transaction_that_may_be_pending(shop: Shop) -> None:
    """A wait that ends is told with what to do; the repeat with that number does nothing twice."""
    if not shop.anvil:
        pytest.skip("Ganache answers only when a transaction is mined")
    made, start = shop.offer(), shop.start
    bob = shop.address("bob")
    number = shop.chain.next_nonce(bob)
    accept = ("trade accept", made, *shop.slot(start), *BOB, *METER)
    shop.set_mining(False)
    told = shop.refused(*accept, "--timeout", 1)
    assert told.endswith(
        f"had no receipt after 1 s; transaction {number} of {bob} may still be mined: repeat the command with"
        f" --sender-nonce {number}, which sends nothing if it was"
    )
    waiting = shop.refused(*accept, "--timeout", 1)
    assert waiting == f"transaction {number} of {bob} is still pending; wait until it is mined"
    shop.set_mining(True)
    shop.chain.next_nonce(bob)
    assert shop.done(*accept)["note"] == "accepted before, nothing sent"
    deposit = ("account deposit", 5, *BOB, "--sender-nonce")
    again = shop.refused(*deposit, number)
    assert again.startswith(
        f"--sender-nonce is {number}, but the next transaction of {bob} has the number {number + 1};"
    )
    shop.done(*deposit, number + 1)
    assert shop.refused(*deposit, number + 1).startswith("--sender-nonce is ")
    assert shop.money("bob") == (1_000_000_000 - 2 * PRICE + 5, 0)


def test_banned_person(shop: Shop) -> None:
    """PKG refuses the person however spelled; the DSO suspends the account, which can withdraw (C-2)."""
    alice = shop.address("alice")
    who = {"ENERGY_TRADING_IDENTITY": "nl-bsn  of ALICE"}
    assert shop.cli("pkg ban", *PKG, **who).status == 0
    assert shop.cli("pkg ban", *PKG, **who).status == 0
    shop.cli("account request", "--request-key", "new.key", "--out", "new.request", **who)
    banned = "this person is banned"
    assert shop.refused("pkg issue", "new.request", "--checked", *PKG, "--out", "new.answer") == banned
    assert shop.refused("pkg attest", "alice.answer", *PKG, "--out", "new.word") == banned
    assert not Path("new.answer").exists()
    assert not Path("new.word").exists()
    shop.done("dso suspend", alice, shop.address("bob"), "--unlocked", shop.rich)
    terms = ("--energy-wh", 800, "--price", PRICE, "--accept-by", "+1h", "--deliver-by", "+2h")
    offer = ("trade offer", *terms, *ALICE, "--out", "new.json")
    refusal = f"EnergyLedger_Suspended(account={alice}): the DSO has suspended the account"
    assert shop.refused(*offer) == refusal
    assert not Path("new.json").exists()
    shop.done("account withdraw", 1, *ALICE)
    shop.done("dso reinstate", alice, "--unlocked", shop.rich)
    lift = ("dso lift-ban", alice, "--unlocked", shop.rich, "--reason")
    assert shop.refused(*lift, "the gateway was down").startswith("EnergyLedger_NotBanned(")
    assert shop.refused(*lift, " ") == "--reason must state why the ban is lifted"
    shop.done(*offer)
    assert Path("new.json").exists()
    reason = ("--reason", "a report", "--certificates", "certificates.json", *PARAMETERS)
    assert shop.done("trace request", "--all", *reason, "--out", "all.request")["without_certificate"] == []
    for who, keys in (("pkg", PKG), ("dso", DSO)):
        book = ("--records", f"{who}.records", "--agreed", "--out", f"{who}.all")
        assert shop.cli("trace half", "all.request", *keys, *book).status == 0
    combine = ("trace combine", "all.request", "--half", "pkg.all", "--half", "dso.all", *PARAMETERS)
    person = shop.cli(*combine, "--person", ENERGY_TRADING_IDENTITY="nl-bsn  of Alice")
    assert person.out == f"{alice}\n"
    everybody = shop.cli(*combine)
    assert f"{alice} is «NL-BSN of alice»" in everybody.lines


def test_meter_is_replaced_and_removed(shop: Shop) -> None:
    """The DSO alone names meters; without one nothing can be bought."""
    bob, made = shop.address("bob"), shop.offer()
    new = SecretKey.generate().address
    by_another = shop.refused("dso register-meter", bob, new, *ALICE)
    assert by_another.startswith("OwnableUnauthorizedAccount(")
    shop.done("dso register-meter", bob, new, "--unlocked", shop.rich)
    accept = ("trade accept", made, *shop.slot(shop.chain.now()), *BOB, *METER)
    assert shop.refused(*accept).endswith(f"is not the meter registered for {bob}")
    shop.done("dso remove-meter", bob, "--unlocked", shop.rich)
    assert shop.refused(*accept).endswith(f"is not the meter registered for {bob}")
    for signer in ("0x12", "x", "0x" + "00" * 20, "0x" + "11" * 84):
        refused = shop.refused("dso register-meter", bob, signer, "--unlocked", shop.rich).lower()
        assert re.match("(the )?signer (must (have|be)|is the zero|names the verifier) ", refused)


def test_attestation_in_the_wrong_order_or_place(shop: Shop) -> None:
    """An account opens once; a void or foreign attestation, and another PKG's key, are refused (C-2)."""
    opened = shop.refused("account open", "alice.consent", "--unlocked", shop.rich)
    assert opened.startswith("EnergyLedger_AlreadyOpen(")
    assert shop.refused("pkg attest", "alice.answer", *PKG, "--out", "alice.attestation").startswith(
        "alice.attestation exists already"
    )
    cli("dso", "setup", "--dso-key", "dso2.key", "--share", "share2", env=PASSWORDS)
    pkg2 = ("--pkg-key", "pkg2.key", "--pkg-state", "pkg2.json")
    set_up = cli("pkg", "setup", *pkg2, "--dso-share", "share2", "--parameters", "p2.json", env=PASSWORDS)
    registrar = Record.read(Path(f"deployments/{shop.chain.chain_id}.json")).parameters.pkg
    assert shop.refused("pkg attest", "alice.answer", *pkg2, "--out", "word") == (
        f"--pkg-key belongs to {set_up.out.strip()}, but the ledger's PKG is {registrar}"
    )
    word = json.loads(Path("alice.consent").read_text())
    Path("forged").write_text(json.dumps(word | {"account": SecretKey.generate().address}))
    assert shop.refused("account open", "forged", "--unlocked", shop.rich).startswith(
        "EnergyLedger_BadAttestation("
    )
    for file, field in (("bob.attestation", "account"), ("roles", "roles")):
        Path("roles").write_text(json.dumps(word | {"roles": 1}))
        consent = ("account consent", file, "--answer", "alice.answer", "--account-key", "alice.key")
        refused = shop.refused(*consent, "--out", "new.consent")
        assert refused == f"the attestation does not have the {field} of the certificate"
        assert not Path("new.consent").exists()
    shop.chain.mine(shop.chain.now() + 3600)
    Path("late").write_text(json.dumps(word))
    assert shop.refused("account open", "late", "--unlocked", shop.rich).startswith(
        "EnergyLedger_AttestationExpired("
    )


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("account withdraw 0 --key-file alice.key", "UNITS must be between 1 and 2**63-1, not 0"),
        ("account withdraw 9_000_000_000 --key-file alice.key", "EnergyLedger_Insufficient("),
        ("account deposit 5 --for Bob --unlocked {rich}", "--for must be an address, not 'Bob'"),
        ("account deposit 5", "there is no sender: give --unlocked or --key-file, or set the variable"),
        ("account deposit 5 --key-file nope.key", "--key-file: the file nope.key does not exist"),
        ("account deposit 5 --unlocked {rich} --chain-id 1", "the node at http://127.0.0.1:"),
        (
            "account deposit 5 --unlocked {rich} --deployment no.json",
            "deployment: no.json cannot be read",
        ),
        ("trade give-up 0x12 --key-file alice.key", "OFFER: 0x12 cannot be read"),
        ("trade give-up receipt.json --key-file alice.key", "offer: a field is missing or malformed: 'salt'"),
        ("trade confirm offer.json --unlocked {rich}", "receipt: a field is missing or malformed: 'opening'"),
        ("trade expire 0x{zero} --unlocked {rich}", "OFFER: the log has no offer 0x{zero};"),
        ("trade offer {terms} +0h +2h --key-file alice.key", "OfferMarket_BadWindow("),
        (
            "trade offer {terms} 2026-01-01 +2h --key-file alice.key",
            "--accept-by must be in unix seconds or in",
        ),
        (
            "trade offer {terms} +2h soon --key-file alice.key",
            "--deliver-by must be in unix seconds or in",
        ),
        (
            "trade offer {terms} +1h +2h --signed --key-file alice.key",
            "--out is missing: the buyer needs the file",
        ),
        (
            "trade offer {terms} +1h +2h --key-file alice.key --out offer.json",
            "offer.json exists already",
        ),
        (
            "trade offer {terms} +1h +2h --key-file alice.key --out no/way",
            "--out: no/way cannot be written",
        ),
        ("trade offer {terms} +1h +2h --unlocked {rich} --out new.json", "EnergyLedger_RoleMissing("),
        (
            "trade offer {terms} +1h +2h --signed --unlocked {rich} --out new.json",
            "the account itself must sign: use --key-file",
        ),
        (
            "meter record offer.json --meter-key meter.key --journal meter.journal",
            "FILE: the first line of offer.json must be",
        ),
        (
            "meter record no.csv --meter-key meter.key --journal meter.journal",
            "FILE: no.csv cannot be read",
        ),
    ],
)
def test_wrong_input(shop: Shop, command: str, line: str) -> None:
    """One line states what is wrong and what would be right; nothing is sent, no file is made or changed."""
    terms = "--energy-wh 800 --price 200_000_000 --accept-by {} --deliver-by {}"
    if "{terms}" in command:
        head, _, tail = command.partition("{terms}")
        accept_by, deliver_by, rest = tail.split(maxsplit=2)
        command = f"{head}{terms.format(accept_by, deliver_by)} {rest}"
    fills = {"rich": shop.rich, "zero": "00" * 32}
    before = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    height = shop.chain.height()
    assert shop.refused(command.format(**fills)).startswith(line.format(**fills))
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before
    assert shop.chain.height() == height


@pytest.mark.parametrize(
    ("command", "file", "place", "value", "line"),
    [
        (
            "trade confirm",
            "receipt.json",
            ("energy",),
            "0x" + "00" * 33,
            "energy field must have 32 bytes, not 33",
        ),
        ("trade confirm", "receipt.json", ("terms", "nonce"), -1, "nonce must be between 0 and 2**256-1"),
        ("trade confirm", "receipt.json", ("terms", "price"), 2**256, "price must be between 0 and 2**256-1"),
        ("trade confirm", "receipt.json", ("buyer",), "Bob", "receipt: a field is missing or malformed: "),
        (
            "trade confirm",
            "receipt.json",
            ("opening",),
            {"energy_wh": 800, "salt": "0x00"},
            "salt must have 32 bytes, not 1",
        ),
        ("trade give-up", "offer.json", ("terms", "nonce"), -1, "nonce must be between 0 and 2**256-1"),
        (
            "trade give-up",
            "offer.json",
            ("terms", "energy"),
            "0x00",
            "energy field must have 32 bytes, not 1",
        ),
        ("account open", "alice.consent", ("roles",), 300, "roles must be between 0 and 3, not 300"),
        (
            "account open",
            "alice.consent",
            ("certificateHash",),
            "0x00",
            "certificateHash must have 32 bytes, not 1",
        ),
        ("account open", "alice.consent", ("account",), 5, "the account must be an address, not 5"),
    ],
)
def test_garbled_file(
    shop: Shop, command: str, file: str, place: tuple[str, ...], value: object, line: str
) -> None:
    """A file with a field that no call can hold is refused before anything is sent, in one line."""
    content = json.loads(Path(file).read_text())
    inner = content
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    Path(file).write_text(json.dumps(content))
    height = shop.chain.height()
    assert line in shop.refused(command, file, "--unlocked", shop.rich)
    assert shop.chain.height() == height
