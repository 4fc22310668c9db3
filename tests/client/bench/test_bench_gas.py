"""The gas benchmark: complete, exact, repeatable, and within its budgets."""

import csv
import importlib.util
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from energy_trading.bench.gas import growth as gas_growth
from energy_trading.bench.gas import parts as gas_parts
from energy_trading.bench.gas import scenarios as gas
from energy_trading.bench.gas.files import document, write_files
from energy_trading.bench.gas.growth import Point
from energy_trading.bench.gas.money import Prices, cents, per_kwh_e9, trades
from energy_trading.bench.gas.parts import PARTS, Paid, PartsDoNotAddUp, watch
from energy_trading.bench.gas.picture import picture
from energy_trading.chain import artifacts
from energy_trading.chain.compile import ROOT, TEST_CONTRACTS, compile_profile
from energy_trading.errors import BadInput
from tests.client.cli_runs import cli
from tests.world import World


@pytest.fixture(scope="module")
def measured() -> dict[str, gas.Scenario]:
    """Every scenario, measured once."""
    return gas.measure()


@pytest.fixture(scope="module")
def growth() -> tuple[Point, ...]:
    """The growth that is committed."""
    rows = json.loads((ROOT / "snapshots" / "growth.json").read_text())
    return tuple(Point(row["series"], row["count"], row["transactions"], row["gas"]) for row in rows)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """scripts/benchmark.py as a module."""
    spec = importlib.util.spec_from_file_location("benchmark", ROOT / "scripts" / "benchmark.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def never_measured(abi: list[dict[str, Any]], identifiers: dict[str, str], seen: set[bytes]) -> list[str]:
    """Names of the state-changing functions that no measured transaction has called."""
    changing = {
        entry["name"]
        for entry in abi
        if entry["type"] == "function" and entry["stateMutability"] in ("nonpayable", "payable")
    }
    called = {sig.split("(")[0] for sig, selector in identifiers.items() if bytes.fromhex(selector) in seen}
    return sorted(changing - called)


CONTRACTS = ["EnergyLedger", "OfferMarket", "RelayDesk", "SealedBidAuction", "EnergyLot"]
CONTRACTS += ["SlotMarket", "SlotDisputes", "VerifierCouncil"]
CONTRACTS += ["PrivateSlotMarket", "PrivateSlotDisputes"]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_function_has_a_scenario(contract: str, measured: dict[str, gas.Scenario]) -> None:
    """What changes state is measured, the markets' calls into the ledger included (architecture, gas)."""
    seen = {call[1] for s in measured.values() for paid in s.paid for call in paid.selectors}
    artifact = artifacts.load(contract)
    assert never_measured(artifact.abi, artifact.method_identifiers, seen) == []
    unknown = {"type": "function", "name": "drain", "stateMutability": "nonpayable"}
    identifiers = {**artifact.method_identifiers, "drain()": keccak(text="drain()")[:4].hex()}
    assert never_measured([*artifact.abi, unknown], identifiers, seen) == ["drain"]


def test_parts_sum_to_the_receipt(measured: dict[str, gas.Scenario]) -> None:
    """Each transaction's parts are its gas, none left out (architecture, gas)."""
    for name, scenario in measured.items():
        for paid in scenario.paid:
            assert set(paid.parts) == set(PARTS), name
            assert sum(paid.parts.values()) == paid.gas, name
            assert all(gas >= 0 for part, gas in paid.parts.items() if part != "refunds"), name


def test_revert_given_parts_that_do_not_add_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A charge that is counted twice is an error, not a wrong table (architecture, gas)."""
    call = world.market.make_offer(world.terms(world.alice))
    monkeypatch.setattr(gas_parts, "_below", lambda computation: iter(()))  # the child's gas counts twice
    with (
        pytest.raises(PartsDoNotAddUp, match=r"^the parts \{.*\} sum to \d+, but the gas is \d+$"),
        watch(),
    ):
        call.send(world.alice)


def test_parts_of_a_known_transaction(world: World) -> None:
    """An offer pays for one new slot, one changed slot and two cold ones, as EIP-2929 and EIP-2200 say."""
    terms = world.terms(world.alice)
    with watch() as seen:
        world.market.make_offer(terms).send(world.alice)
    (paid,) = seen
    assert {part: paid.parts[part] for part in ("intrinsic", "slots", "writes", "calls", "refunds")} == {
        "intrinsic": 21_000,
        "slots": 2 * 2_100,
        "writes": 20_000 + 2_900,
        "calls": 2_600,
        "refunds": 0,
    }
    assert (bytes.fromhex(world.ledger.address[2:]), selector("commit", "EnergyLedger")) in paid.selectors


def selector(name: str, contract: str) -> bytes:
    identifiers = artifacts.load(contract).method_identifiers
    return next(bytes.fromhex(s) for signature, s in identifiers.items() if signature.startswith(name + "("))


def test_watching_changes_nothing(world: World) -> None:
    """The same transaction costs the same unwatched (architecture, gas)."""
    call = world.market.make_offer(world.terms(world.alice))
    kept = world.chain.snapshot()
    with watch() as seen:
        watched = call.send(world.alice)
    world.chain.revert(kept)
    assert call.send(world.alice).gas_used == watched.gas_used == seen[0].gas


def test_runs_repeat(measured: dict[str, gas.Scenario]) -> None:
    """A second run gives the same gas and the same parts, to the unit (architecture, gas)."""
    again: dict[str, gas.Scenario] = {}
    with watch() as seen:
        gas._token_ledger(again, seen)
        bench = gas.Bench(again, seen, fee_bps=100)
        bench.warm_up()
        bench.receipt_with_fee()
    assert set(again) == {"ledger.deposit_for", "ledger.deposit_permit", "offer.confirm_with_fee"}
    assert again == {name: measured[name] for name in again}


def test_budgets_hold(measured: dict[str, gas.Scenario]) -> None:
    """Every scenario with a budget keeps it (architecture, gas)."""
    over = {name for name, target in gas.TARGETS.items() if measured[name].gas > target.at_most}
    assert not over


def test_shares_round_up() -> None:
    """A scenario of many is one of them, rounded up, so that no budget is met by rounding."""
    paid = Paid(101, {}, frozenset(), 7)
    assert gas.Scenario((paid,), 40).gas == 3
    assert (gas.Scenario((paid,)) + gas.Scenario((paid,))).gas == 202


def test_difference_of_two_scenarios() -> None:
    """What forty cost more than two is shared by thirty-eight, parts and all (architecture, gas)."""
    two = gas.Scenario((Paid(100, {"rest": 60, "logs": 40}, frozenset(), 10),))
    forty = gas.Scenario((Paid(481, {"rest": 441, "logs": 40}, frozenset(), 400),))
    more = forty.beyond(two, 38)
    assert (more.gas, more.parts, more.shared(lambda paid: paid.size)) == (11, {"rest": 381, "logs": 0}, 11)


def test_token_is_the_compiled_one() -> None:
    """The token that the package carries is what the compiler makes of the test contract."""
    compile_profile(TEST_CONTRACTS)
    assert gas.token_code() == artifacts.load_from(TEST_CONTRACTS.output, "PermitToken").bytecode


def test_check_tells_what_differs(
    script: ModuleType,
    measured: dict[str, gas.Scenario],
    growth: tuple[Point, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """`--check` passes on what was measured and names each number that is another (style, gas)."""
    snapshot, page, grown = tmp_path / "gas.json", tmp_path / "gas.md", tmp_path / "growth.json"
    monkeypatch.setattr(script, "SNAPSHOT", snapshot)
    monkeypatch.setattr(script, "PAGE", page)
    monkeypatch.setattr(script, "GROWTH", grown)
    monkeypatch.setattr(script, "DOCUMENTS", [page])

    def said() -> list[str]:
        capsys.readouterr()
        assert script.check(measured) == 1
        return capsys.readouterr().err.splitlines()

    assert said() == ["gas.json is missing: run `make gas`"]
    page.write_text(script.page_text(measured, growth, (ROOT / "docs" / "gas.md").read_text()))
    snapshot.write_text(script.snapshot_text(measured))
    grown.write_text(script.growth_text(growth))
    assert script.check(measured) == 0
    document = json.loads(snapshot.read_text())
    now = document["scenarios"]["offer.make"]
    document["scenarios"]["offer.make"] = now - 1
    document["compiler"]["viaIR"] = False
    snapshot.write_text(json.dumps(document))
    assert said()[:2] == ["viaIR: False -> True", f"offer.make: {now - 1} -> {now}"]
    snapshot.write_text(script.snapshot_text(measured))
    page.write_text(page.read_text().replace("21,000", "21,001"))
    assert said()[0] == "gas.md differs"
    page.write_text(script.page_text(measured, growth, page.read_text()))
    true = page.read_text()
    page.write_text(true.replace("**`offer.make`** (", "**`offer.make`** (1"))
    assert said()[0] == "gas.md differs"
    page.write_text(true)
    assert script.check(measured) == 0
    anchor = next(point for point in growth if (point.series, point.count) == ("receipts", 40))
    old = [replace(point, gas=1) if point is anchor else point for point in growth]
    grown.write_text(script.growth_text(old))
    assert said()[0] == f"growth of receipts at 40: 1 -> {anchor.gas}"


@pytest.mark.parametrize(
    ("stale", "true"),
    [
        ("`offer.make` (1,234) and", "`offer.make` ({:,}) and"),
        ("- **`offer.make`** (12 gas)", "- **`offer.make`** ({:,} gas)"),
        ("| `offer.make` | 99,999 | 60,000 |", "| `offer.make` | {:,} | 60,000 |"),
        ("| **`offer.make`** | **99,999** |", "| **`offer.make`** | **{:,}** |"),
    ],
)
def test_figures_in_prose_are_written_anew(
    script: ModuleType, measured: dict[str, gas.Scenario], stale: str, true: str
) -> None:
    """A figure right after a scenario's name is its gas, in every document (style, gas)."""
    assert script.with_figures(measured, stale) == true.format(measured["offer.make"].gas)


@pytest.mark.parametrize("words", ["`offer.make`, 58,592 gas", "`offer.unknown` (1,234)", "`make` (1,234)"])
def test_other_numbers_stay(script: ModuleType, measured: dict[str, gas.Scenario], words: str) -> None:
    """What is no scenario's figure is left alone (style, gas)."""
    assert script.with_figures(measured, words) == words


# ------------------------------------------------------------ money


def test_fee_of_a_rollup() -> None:
    """A rollup takes the gas and, for the data, what Base's specification of Fjord says; worked by hand."""
    prices = Prices(gas_price=10**9, rollup_gas_price=10**6, blob_price=3)
    # 500 bytes: 500 + 1 + 16 = 517; 836,500 · 517 - 42,585,600 = 389,884,900;
    # 16 · 10^9 · 5,227 + 3 · 1,014,213 = 83,632,003,042,639
    assert prices.data_wei(500) == 389_884_900 * 83_632_003_042_639 // 10**12 == 32_606_855_143
    assert prices.data_wei(0) == prices.data_wei(120) == 8_363_200_304  # never less than 100 bytes
    paid = Paid(50_000, {}, frozenset(), 500)
    assert prices.wei(paid, "mainnet") == 5 * 10**13
    assert prices.wei(paid, "rollup") == 5 * 10**10 + 32_606_855_143


def test_blob_price_is_no_less_than_its_reserve() -> None:
    """Unless given, a blob's gas costs the sixteenth of the base fee, rounded up (EIP-7918)."""
    assert [Prices(gas_price=wei).blob_wei for wei in (1, 16, 17, 10**9)] == [1, 1, 2, 62_500_000]
    assert Prices(blob_price=5).blob_wei == 5


def test_cost_rounds_up_and_scales() -> None:
    """Gas times prices, exactly: 150,000 gas at 2 gwei and 3,000 for a coin are 0.9; a third rounds up."""
    prices = Prices(gas_price=2 * 10**9, coin_price_e9=3_000 * 10**9)
    scenario = gas.Scenario((Paid(150_000, {}, frozenset(), 0),))
    assert prices.cost_e9(scenario, "mainnet") == 900_000_000
    assert prices.cost_e9(replace(scenario, share=7), "mainnet") == 128_571_429
    assert per_kwh_e9(900_000_000, 1_500) == 600_000_000
    assert per_kwh_e9(1, 3_000) == 1


def test_trade_costs_all_its_transactions(measured: dict[str, gas.Scenario]) -> None:
    """A trade is paid for from offer to receipt; the auction's is all of its 44 transactions."""
    ways = {way.name: way for way in trades(measured)}
    now = {name: scenario.gas for name, scenario in measured.items()}
    assert {name: way.gas for name, way in ways.items()} == {
        "offer on chain": now["trade.direct"],
        "offer on chain, one-time key": now["offer.make"]
        + now["offer.accept_private"]
        + now["offer.confirm"],
        "offer on chain, receipts by 40": now["offer.make"]
        + now["offer.accept"]
        + now["offer.confirm_batch40"],
        "signed offer": now["trade.signed"],
        "signed offer, receipts by 40": now["offer.accept_signed"] + now["offer.confirm_batch40"],
        "auction of 40 bidders": sum(paid.gas for paid in measured["auction.40_per_bidder"].paid),
    }
    prices = Prices()
    direct = ways["offer on chain"]
    assert direct.size == sum(paid.size for paid in measured["trade.direct"].paid)
    assert direct.cost_e9(prices, "mainnet") == -(-direct.gas * 2_700_000_000 * 4_215 // 10**9)
    steps = measured["trade.direct"].paid
    wei = sum(paid.gas * 2_000_000 + prices.data_wei(paid.size) for paid in steps)
    assert direct.cost_e9(prices, "rollup") == -(-wei * 4_215 // 10**9)


def test_size_is_that_of_the_signed_transaction(world: World) -> None:
    """The bytes a rollup publishes are those the node was given."""
    with watch() as seen:
        sent = world.market.make_offer(world.terms(world.alice)).send(world.alice)
    raw = world.chain.web3.eth.get_transaction(HexBytes(sent.transaction_hash))
    fields = {"chainId", "nonce", "maxPriorityFeePerGas", "maxFeePerGas", "gas", "to", "value", "accessList"}
    unsigned = {name: raw[name] for name in fields} | {"data": raw["input"], "type": 2}
    assert seen[0].size == len(world.alice.to_local_account().sign_transaction(unsigned).raw_transaction)


@pytest.mark.parametrize(
    ("prices", "line"),
    [
        ({"gas_price": 0}, "the gas price must be between 1 and 1000000000000000, not 0"),
        (
            {"rollup_gas_price": -1},
            "the gas price of the rollup must be between 1 and 1000000000000000, not -1",
        ),
        ({"blob_price": 10**15 + 1}, f"the blob price must be between 1 and {10**15}, not {10**15 + 1}"),
        (
            {"coin_price_e9": 10**18 + 1},
            f"the coin price × 1e9 must be between 1 and {10**18}, not {10**18 + 1}",
        ),
        (
            {"currency": "two words"},
            "the currency must have 1 to 8 characters and no space, unlike 'two words'",
        ),
    ],
)
def test_revert_given_prices_beyond_belief(prices: dict[str, Any], line: str) -> None:
    """A price that is zero, negative or absurd is refused, by name."""
    with pytest.raises(BadInput) as caught:
        Prices(**prices)
    assert str(caught.value) == line


def test_cents_have_three_digits() -> None:
    """What is shown keeps three digits that count, however small."""
    shown = [cents(cost) for cost in (12_345_678_901, 1_234_567_890, 123_456_789, 1_234_567, 12_345, 1)]
    assert shown == ["1,235", "123", "12.3", "0.123", "0.00123", "1.0e-07"]


# ------------------------------------------------------------ growth


def test_growth_starts_where_the_scenarios_do(
    measured: dict[str, gas.Scenario], growth: tuple[Point, ...]
) -> None:
    """The committed growth is of these contracts: 40 receipts, bidders, one lot, 2^14 keys cost the same."""
    assert gas_growth.out_of_date(growth, measured) == []
    assert {(point.series, point.count) for point in growth} >= set(gas_growth.ANCHORS)
    assert list(dict.fromkeys(point.series for point in growth)) == list(gas_growth.SERIES)


def test_growth_repeats(growth: tuple[Point, ...]) -> None:
    """Lots and keys measured anew grow as the committed ones, to the unit (architecture, gas)."""
    with watch() as seen:
        bench = gas.Bench({}, seen)
        bench.warm_up()
        again = [*gas_growth._keys(bench), *gas_growth._parts(bench)]
    names = {point.series for point in again}
    assert names == {"keys.accept", "keys.publish", "lot.split", "lot.merge"}
    assert sorted(again, key=str) == sorted((point for point in growth if point.series in names), key=str)


def test_growth_has_the_shape_it_should(growth: tuple[Point, ...]) -> None:
    """One more receipt, part or hash never costs a new transaction; 5,000 quotes take 7 (X-7, X-9, N-6)."""
    series = {name: [point for point in growth if point.series == name] for name in gas_growth.SERIES}
    for name in ("receipts", "auction", "settlement", "lot.split", "lot.merge", "keys.publish"):
        each = [point.each for point in series[name]]
        assert each == sorted(each, reverse=True), name
    hashes = [point.count.bit_length() - 1 for point in series["keys.accept"]]
    assert hashes == list(gas_growth.PROOFS)
    for (less, a), (more, b) in pairwise(zip(hashes, series["keys.accept"], strict=True)):
        assert 600 < (b.gas - a.gas) / (more - less) < 680  # 32 bytes of calldata, 512 gas, and hashing them
    assert [point.count for point in series["receipts"]][::7] == [1, 200]
    largest = series["settlement"][-1]
    assert (largest.count, largest.transactions) == (5_000, 7)
    assert largest.each < 7_000


def test_revert_given_too_few_quotes() -> None:
    """The largest settlement holds more quotes than there are bidders."""
    with pytest.raises(BadInput) as caught:
        gas_growth.measure_growth(many_quotes=60)
    assert str(caught.value) == "the number of quotes must be between 61 and 65535, not 60"


# ------------------------------------------------------------ what is left behind


def test_files_hold_the_measurement(
    measured: dict[str, gas.Scenario], growth: tuple[Point, ...], tmp_path: Path
) -> None:
    """JSON and CSV tell the same, integers throughout; every scenario's parts are its gas."""
    out = tmp_path / "new" / "gas"
    files = write_files(measured, growth, Prices(), out, 5_000)
    assert files == [out / n for n in ("gas.json", "gas.csv", "trades.csv", "growth.csv", "gas.png")]
    told = json.loads((out / "gas.json").read_text(), parse_float=lambda text: pytest.fail(text))
    for name, rows in (("gas", "scenarios"), ("trades", "trades"), ("growth", "growth")):
        with (out / f"{name}.csv").open(newline="") as file:
            read = list(csv.DictReader(file))
        assert read == [{k: "" if v is None else str(v) for k, v in row.items()} for row in told[rows]]
    for row in told["scenarios"]:
        scenario = measured[row["scenario"]]
        everything = sum(row[f"all_{part}"] for part in PARTS)
        assert (row["gas"], row["gas"]) == (scenario.gas, -(-everything // row["share"])), row["scenario"]
    (make,) = (row for row in told["scenarios"] if row["scenario"] == "offer.make")
    assert (make["lower_bound"], make["peer_gas"], make["peer"]) == (
        43_420,
        62_898,
        "Seaport validate (holds nothing)",
    )
    direct = told["trades"][0]
    assert direct["mainnet_cost_per_kwh_e9_at_5000_wh"] == -(-direct["mainnet_cost_e9"] // 5)
    assert told["growth"] == gas_growth.growth_document(growth)
    assert out / "growth.csv" not in write_files(measured, (), Prices(), out)
    assert not (out / "growth.csv").exists()


@pytest.mark.parametrize("grown", [True, False])
def test_picture_is_drawn(measured: dict[str, gas.Scenario], growth: tuple[Point, ...], grown: bool) -> None:
    """A PNG, the same whenever it is drawn; without growth a lower one."""
    points = growth if grown else ()
    drawn = picture(measured, points, Prices())
    assert drawn[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(drawn[i : i + 4], "big") for i in (16, 20))
    assert (width, height) == (1320, 1485 if grown else 1012)
    assert picture(measured, points, Prices()) == drawn


def test_revert_given_unwritable_folder(measured: dict[str, gas.Scenario], tmp_path: Path) -> None:
    """A file where the folder should be is told, and stays as it was."""
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(BadInput) as caught:
        write_files(measured, (), Prices(), tmp_path / "taken")
    assert str(caught.value) == (
        f"the folder {tmp_path / 'taken'} cannot be written (File exists); name one that can"
    )
    assert (tmp_path / "taken").read_text() == "mine"


# ------------------------------------------------------------ the command


def test_command_tells_json(measured: dict[str, gas.Scenario], monkeypatch: pytest.MonkeyPatch) -> None:
    """`--json` prints what gas.json holds, for the prices given, or for the library's."""
    monkeypatch.setattr(gas, "measure", lambda say: measured)  # measured above, to the unit the same
    prices = ["--gas-price", "0.5", "--rollup-gas-price", "0.01", "--blob-price", "3"]
    money = ["--coin-price", "2000.5", "--currency", "EUR", "--energy-kwh", "2.5"]
    done = cli("bench", "gas", "--json", "--no-growth", *prices, *money)
    assert (done.status, done.err) == (0, "")
    wanted = Prices(5 * 10**8, 10**7, 2_000_500_000_000, 3 * 10**9, "EUR")
    assert done.json == document(measured, (), wanted, 2_500)
    assert cli("bench", "gas", "--json", "--no-growth").json == document(measured, (), Prices())


def test_command_never_cuts_a_number(
    measured: dict[str, gas.Scenario], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Narrow terminal or wide, every number is whole, parts as well."""
    monkeypatch.setattr(gas, "measure", lambda say: measured)
    for columns in ("40", "80", "200"):
        done = cli("bench", "gas", "--no-growth", "--parts", env={"COLUMNS": columns})
        assert (done.status, done.err) == (0, "")
        assert "…" not in done.out
        for name, scenario in measured.items():
            (line,) = (line for line in done.lines if f" {name} " in line)
            assert all(f" {part:,} " in line for part in (scenario.gas, *scenario.parts.values())), name


@pytest.mark.parametrize("option", ["--gas-price", "--rollup-gas-price", "--blob-price", "--energy-kwh"])
@pytest.mark.parametrize("text", ["-1", "0", "nan", "inf", "1e999999999", "1e-10", "", "ten", "1000000.001"])
def test_revert_given_bad_number(option: str, text: str) -> None:
    """Negative, zero, no number, too fine, too large: one line that says what is allowed, at once."""
    done = cli("bench", "gas", option, text)
    least, decimals = ("0.001", 3) if option == "--energy-kwh" else ("0.000000001", 9)
    allowed = f"between {least} and 1000000 with at most {decimals} decimals"
    assert (done.status, done.out) == (1, "")
    assert done.err == f"error: {option} must be {allowed}, not {text!r}\n"


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (["--coin-price", "3000"], "--coin-price and --currency belong together: give both or neither"),
        (["--currency", "EUR"], "--coin-price and --currency belong together: give both or neither"),
        (
            ["--currency", "EUR", "--coin-price", "1e10"],
            "--coin-price must be between 0.000000001 and 1000000000 with at most 9 decimals, not '1e10'",
        ),
        (
            ["--currency", "", "--coin-price", "1"],
            "the currency must have 1 to 8 characters and no space, unlike ''",
        ),
        (
            ["--out", "/proc/no"],
            "--out: cannot write into the folder /proc/no (",
        ),
        (
            ["--out", "/proc"],
            "--out: cannot write into the folder /proc (",
        ),
    ],
)
def test_revert_given_bad_option(options: list[str], line: str) -> None:
    """A price without its currency, a folder that nobody can write: told before anything is measured."""
    done = cli("bench", "gas", *options)
    assert (done.status, done.out, len(done.err.splitlines())) == (1, "", 1)
    assert done.err.startswith(f"error: {line}")
