"""Deploying once: interrupted at any point, disturbed, repeated; and a record that tells the truth."""

import json
import stat
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from energy_trading.bindings.deployment import (
    NotAsRecorded,
    Record,
    deploy_recorded,
    parameters_from,
    verify,
)
from energy_trading.bindings.energy_ledger import Outside
from energy_trading.bindings.suite import PARTS, NonceTaken, SuiteParameters, deploy, plan
from energy_trading.chain import artifacts
from energy_trading.chain.connect import Chain
from energy_trading.chain.in_process import in_process
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, EnergyTradingError
from energy_trading.types import Pricing
from tests.world import GENESIS

DEPLOYER, OTHER, OWNER, PKG, TREASURY = (SecretKey.from_int(3000 + i) for i in range(5))
PARAMETERS = SuiteParameters(OWNER.address, PKG.address, TREASURY.address)
NAMES = [part.name for part in PARTS]


class Interrupted(EnergyTradingError):
    """The run ended here."""


def new_chain() -> Chain:
    return in_process(accounts=[DEPLOYER, OTHER, OWNER], genesis_time=GENESIS)


@pytest.fixture
def chain() -> Chain:
    """A chain on which the deployer has sent something before."""
    chain = new_chain()
    chain.send(OTHER.address, b"", DEPLOYER)
    return chain


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the record goes."""
    return tmp_path / "deployments" / "record.json"


def stop_after(count: int) -> Any:
    """Listen to a deployment and end it after so many contracts."""
    made: list[str] = []

    def say(line: str) -> None:
        made.append(line)
        if len(made) == count:
            raise Interrupted(line)

    return say


def unfinished(chain: Chain, path: Path, count: int) -> Record:
    """Deploy some of the contracts only; the record of what is planned."""
    with pytest.raises(Interrupted):
        deploy_recorded(chain, DEPLOYER, PARAMETERS, path, stop_after(count))
    assert not path.exists()
    return Record.read(path.with_name(path.name + ".part"))


def test_record_says_what_is_on_the_chain(chain: Chain, path: Path) -> None:
    """Addresses, arguments, code hashes, block, parameters and compiler are in the file; all verified."""
    lines: list[str] = []
    record = deploy_recorded(chain, DEPLOYER, PARAMETERS, path, lines.append)
    assert Record.read(path) == record
    assert (record.chain_id, record.deployer, record.first_nonce) == (chain.chain_id, DEPLOYER.address, 1)
    assert record.from_block == 1
    assert record.parameters == PARAMETERS == record.open(chain).parameters()
    assert record.compiler == artifacts.build()
    assert list(record.contracts) == NAMES
    assert [line.split(" at ")[0] for line in lines[: len(PARTS)]] == NAMES
    assert verify(chain, record)[-1].endswith(" parameters are as recorded")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert [file.name for file in path.parent.iterdir()] == ["record.json"]


def test_second_deployment_sends_nothing(chain: Chain, path: Path) -> None:
    """A finished deployment is verified and left alone, whoever asks."""
    first = deploy_recorded(chain, DEPLOYER, PARAMETERS, path)
    height, lines = chain.height(), list[str]()
    assert deploy_recorded(chain, OTHER, PARAMETERS, path, lines.append) == first
    assert lines[-1] == f"already deployed, nothing sent: {path}"
    assert chain.height() == height


@pytest.mark.parametrize("count", range(1, len(PARTS) + 1))
def test_interrupted_deployment_goes_on(chain: Chain, path: Path, count: int) -> None:
    """A run that ended after any contract is finished by the next; no contract is deployed twice."""
    planned = unfinished(chain, path, count)
    lines: list[str] = []
    record = deploy_recorded(chain, DEPLOYER, PARAMETERS, path, lines.append)
    assert lines[0] == f"resuming {path}.part"
    assert sum(line.endswith("(already there)") for line in lines) == count
    assert {n: c.address for n, c in record.contracts.items()} == {
        n: c.address for n, c in planned.contracts.items()
    }
    assert chain.next_nonce(DEPLOYER.address) == 1 + len(PARTS)
    assert not path.with_name("record.json.part").exists()


def test_another_transaction_in_between_is_told_and_answered(chain: Chain, path: Path) -> None:
    """The ledger names addresses that can no longer be had, so the deployment starts anew, and says so."""
    planned = unfinished(chain, path, 1)
    chain.send(OTHER.address, b"", DEPLOYER)
    lines: list[str] = []
    record = deploy_recorded(chain, DEPLOYER, PARAMETERS, path, lines.append)
    assert lines[2] == (
        f"nonce 2 went to another transaction of {DEPLOYER.address} and not to the creation of"
        " OfferMarket; the deployment has to start again: starting anew"
    )
    assert record.first_nonce == 3
    assert set(record.contracts.values()).isdisjoint(planned.contracts.values())
    assert verify(chain, Record.read(path))


def test_revert_given_transactions_in_between_each_time(chain: Chain, path: Path) -> None:
    """A deployer that keeps sending other things is told to stop after three attempts."""

    def disturb(line: str) -> None:
        if line.startswith("EnergyLedger"):
            chain.send(OTHER.address, b"", DEPLOYER)

    with pytest.raises(NonceTaken) as caught:
        deploy_recorded(chain, DEPLOYER, PARAMETERS, path, disturb)
    assert (caught.value.deployer, caught.value.creation.name) == (DEPLOYER.address, "OfferMarket")
    assert caught.value.creation.nonce == 1 + 2 * 2 + 1
    assert not path.exists()


def test_chain_that_is_gone_is_deployed_to_anew(path: Path) -> None:
    """A record whose contracts are nowhere is that of a test chain that was thrown away."""
    first = deploy_recorded(new_chain(), DEPLOYER, PARAMETERS, path)
    chain, lines = new_chain(), list[str]()
    chain.send(OTHER.address, b"", DEPLOYER)
    record = deploy_recorded(chain, DEPLOYER, PARAMETERS, path, lines.append)
    assert lines[0] == f"no contract of {path} is on the chain, starting anew"
    assert record.contracts != first.contracts
    assert Record.read(path) == record


def test_revert_given_other_parameters(chain: Chain, path: Path) -> None:
    """Neither a finished nor an unfinished deployment takes other parameters; the field is named."""
    other = replace(PARAMETERS, fee_bps=25)
    text = "fee_bps is 25, but must be 0 as in {}; to deploy anew, use --restart"
    unfinished(chain, path, 2)
    with pytest.raises(BadInput) as caught:
        deploy_recorded(chain, DEPLOYER, other, path)
    assert str(caught.value) == text.format(f"{path}.part")
    deploy_recorded(chain, DEPLOYER, PARAMETERS, path)
    with pytest.raises(BadInput) as caught:
        deploy_recorded(chain, DEPLOYER, other, path)
    assert str(caught.value) == text.format(path)


def test_revert_given_another_deployer_of_the_rest(chain: Chain, path: Path) -> None:
    """Addresses depend on the deployer: another cannot go on."""
    unfinished(chain, path, 2)
    with pytest.raises(BadInput) as caught:
        deploy_recorded(chain, OTHER, PARAMETERS, path)
    assert str(caught.value) == (
        f"the deployer is {OTHER.address}, but must be {DEPLOYER.address} as in {path}.part;"
        " to deploy anew, use --restart"
    )


def test_revert_given_another_compilation_of_the_rest(chain: Chain, path: Path) -> None:
    """Half of one build and half of another are no suite."""
    planned = unfinished(chain, path, 2)
    stale = replace(planned.contracts["OfferMarket"], creation_hash="0x" + "00" * 32)
    replace(planned, contracts={**planned.contracts, "OfferMarket": stale}).write(Path(f"{path}.part"))
    with pytest.raises(BadInput) as caught:
        deploy_recorded(chain, DEPLOYER, PARAMETERS, path)
    assert str(caught.value) == (
        f"the compiled OfferMarket must be the same as in {path}.part; to deploy anew, use --restart"
    )


def test_restart_deploys_anew_and_goes_on_too(chain: Chain, path: Path) -> None:
    """A restart replaces the record when it is finished, not before; an interrupted one goes on."""
    first = deploy_recorded(chain, DEPLOYER, PARAMETERS, path)
    other = replace(PARAMETERS, fee_bps=25)
    with pytest.raises(Interrupted):
        deploy_recorded(chain, DEPLOYER, other, path, stop_after(2), restart=True)
    assert Record.read(path) == first
    assert verify(chain, first)
    second = deploy_recorded(chain, DEPLOYER, other, path, restart=True)
    assert Record.read(path) == second
    assert (second.first_nonce, second.parameters) == (1 + len(PARTS), other)
    assert chain.next_nonce(DEPLOYER.address) == 1 + 2 * len(PARTS)


def test_revert_given_parameter_out_of_range(chain: Chain, path: Path) -> None:
    """Every constructor is asked first: a bad value of the last contract costs nothing, the record stays."""
    first = deploy_recorded(chain, DEPLOYER, PARAMETERS, path)
    with pytest.raises(Outside) as caught:
        deploy_recorded(chain, DEPLOYER, replace(PARAMETERS, bidders_bps=10_001), path, restart=True)
    assert caught.value.values == ("biddersBps", 10_001, 0, 10_000)
    assert chain.next_nonce(DEPLOYER.address) == 1 + len(PARTS)
    assert Record.read(path) == first
    lines: list[str] = []
    assert deploy_recorded(chain, DEPLOYER, PARAMETERS, path, lines.append) == first
    assert lines[-1] == f"already deployed, nothing sent: {path}"


def test_revert_given_nonce_that_is_not_reached(chain: Chain) -> None:
    """A plan that begins in the future is refused before anything is sent."""
    with pytest.raises(NonceTaken):
        deploy(chain, DEPLOYER, PARAMETERS, first_nonce=2)
    assert chain.next_nonce(DEPLOYER.address) == 1


def test_verify_tells_a_new_owner(chain: Chain, path: Path) -> None:
    """Owner and PKG may change; that is told, not refused."""
    record = deploy_recorded(chain, DEPLOYER, PARAMETERS, path)
    suite = record.open(chain)
    suite.ledger.set_pkg(OTHER.address).send(OWNER)
    lines = verify(chain, record)
    assert f"pkg is now {OTHER.address} (it was {PKG.address} at deployment)" in lines


def changed(record: Record, name: str, **fields: Any) -> Record:
    return replace(record, contracts={**record.contracts, name: replace(record.contracts[name], **fields)})


def test_verify_finds_what_differs(chain: Chain, path: Path) -> None:
    """Missing code, another contract, other code, another parameter: each is named."""
    record = deploy_recorded(chain, DEPLOYER, PARAMETERS, path)
    market, verifier = record.contracts["OfferMarket"], record.contracts["P256Verifier"]
    origin = "address and arguments do not follow from deployer, nonce and parameters"
    foreign = "the code is not what this package's compiler made"
    nobody = "0x" + "11" * 20
    ledger = record.contracts["EnergyLedger"]
    zero = "0x" + "00" * 32
    cases = [
        (
            changed(record, "OfferMarket", address=nobody),
            (f"OfferMarket: there is no contract at {nobody}",),
        ),
        (
            changed(record, "OfferMarket", address=ledger.address),
            (
                f"OfferMarket: the hash of the code is {ledger.code_hash}, not {market.code_hash}",
                f"OfferMarket: {foreign}",
                f"OfferMarket: {origin}",
            ),
        ),
        (
            changed(record, "P256Verifier", code_hash=zero),
            (f"P256Verifier: the hash of the code is {verifier.code_hash}, not {zero}",),
        ),
        (replace(record, parameters=replace(PARAMETERS, fee_bps=25)), (f"OfferMarket: {origin}",)),
    ]
    for wrong, expected in cases:
        with pytest.raises(NotAsRecorded) as caught:
            verify(chain, wrong)
        assert caught.value.wrong == expected


def test_verify_asks_the_contracts(chain: Chain, path: Path) -> None:
    """A record that is coherent in itself and lies about a parameter is found out by the contract's word."""
    record = deploy_recorded(chain, DEPLOYER, PARAMETERS, path)
    lie = replace(record, parameters=replace(PARAMETERS, fee_bps=25))
    for creation in plan(DEPLOYER.address, 1, lie.parameters):
        lie = changed(lie, creation.name, arguments="0x" + creation.arguments.hex())
    with pytest.raises(NotAsRecorded) as caught:
        verify(chain, lie)
    assert caught.value.wrong == ("fee_bps is 0 on the chain, not 25",)


def test_revert_given_record_that_cannot_be_opened(chain: Chain, path: Path) -> None:
    """A record of another chain or half a deployment is refused by verify and by every reader."""
    part = unfinished(chain, path, 2)
    with pytest.raises(BadInput) as caught:
        verify(chain, part)
    text = "the deployment is not finished: run deploy again to finish it"
    assert str(caught.value) == text
    elsewhere = replace(deploy_recorded(chain, DEPLOYER, PARAMETERS, path), chain_id=5)
    for use in (elsewhere.open, lambda c: verify(c, elsewhere)):
        with pytest.raises(BadInput) as caught:
            use(chain)
        assert str(caught.value) == f"the deployment is on chain 5, not on chain {chain.chain_id}"
    elsewhere.write(path)
    with pytest.raises(BadInput) as caught:
        deploy_recorded(chain, DEPLOYER, PARAMETERS, path)
    assert str(caught.value) == f"the deployment in {path} is on chain 5, not on chain {chain.chain_id}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "deployment: {} cannot be read (No such file or directory)"),
        ("{", "deployment {} is not JSON (1 characters)"),
        ("[" * 100_000, "deployment {} is JSON nested deeper than 100 levels"),
        ("{}", "deployment {}: a field is missing or malformed: 'format'"),
        ("[]", "deployment {}: a field is missing or malformed: list indices"),
        ('{"format": 2}', "deployment {} must have format 1, not 2"),
        ('{"format": 1}', "deployment {}: a field is missing or malformed: 'chain_id'"),
    ],
)
def test_revert_given_no_record(tmp_path: Path, text: str | None, why: str) -> None:
    """A missing or foreign file is named, with what is wrong in it."""
    file = tmp_path / "record.json"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadInput) as caught:
        Record.read(file)
    assert str(caught.value).startswith(why.format(file))


def test_revert_given_folder_that_cannot_be_made(chain: Chain, tmp_path: Path) -> None:
    """The record is written first: where it cannot be, nothing is sent."""
    (tmp_path / "file").touch()
    with pytest.raises(BadInput) as caught:
        deploy_recorded(chain, DEPLOYER, PARAMETERS, tmp_path / "file" / "record.json")
    assert str(caught.value).startswith(f"deployment: {tmp_path}/file/record.json cannot be written")
    assert chain.next_nonce(DEPLOYER.address) == 1


ADDRESSES = {"owner": OWNER.address, "pkg": PKG.address, "treasury": TREASURY.address}


def test_parameters_go_through_json() -> None:
    """What is written is read; what is left out has its default, and addresses get their checksums."""
    assert parameters_from(json.loads(json.dumps(asdict(PARAMETERS)))) == PARAMETERS
    lower = {name: address.lower() for name, address in ADDRESSES.items()}
    changed = parameters_from({**lower, "fee_bps": 7, "credit": {"window": 8}})
    assert changed == replace(PARAMETERS, fee_bps=7, credit=replace(PARAMETERS.credit, window=8))


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([], "the parameters must be an object of fields, not []"),
        ({}, "the parameter owner is missing; it must be an address"),
        (
            {**ADDRESSES, "fee": 1},
            "there is no parameter fee; the parameters are owner, pkg, treasury, asset, unit",
        ),
        ({**ADDRESSES, "fee_bps": "1"}, "fee_bps must be an integer of 0 or more, not '1'"),
        ({**ADDRESSES, "fee_bps": 1.0}, "fee_bps must be an integer of 0 or more, not 1.0"),
        ({**ADDRESSES, "fee_bps": True}, "fee_bps must be an integer of 0 or more, not True"),
        ({**ADDRESSES, "fee_bps": -1}, "fee_bps must be an integer of 0 or more, not -1"),
        ({**ADDRESSES, "unit": 2**256}, f"unit must be an integer of 0 or more, not {2**256}"),
        ({**ADDRESSES, "owner": "0x12"}, "owner must be an address, not '0x12'"),
        ({**ADDRESSES, "owner": 3}, "owner must be an address, not 3"),
        ({**ADDRESSES, "credit": 3}, "credit must be an object of fields, not 3"),
        (
            {**ADDRESSES, "credit": {"k": 3}},
            "there is no parameter credit.k; the parameters are k1_e9, k2_e9",
        ),
        ({**ADDRESSES, "credit": {"z0": None}}, "credit.z0 must be an integer of 0 or more, not None"),
    ],
)
def test_revert_given_bad_parameters(value: Any, why: str) -> None:
    """The error names the field, what it was and what it must be."""
    with pytest.raises(BadInput) as caught:
        parameters_from(value)
    assert str(caught.value).startswith(why)


def test_groups_of_parameters_are_read(chain: Chain, path: Path) -> None:
    """The slot market and its council have their constants in groups; the owner founds if nobody is named."""
    plain = {"owner": OWNER.address, "pkg": PKG.address, "treasury": TREASURY.address}
    assert parameters_from(plain).council.founder == OWNER.address
    given = {**plain, "slots": {"pricing": 1, "ring": 8}, "council": {"founder": OTHER.address, "quorum": 3}}
    parameters = parameters_from(given)
    assert (parameters.slots.pricing, parameters.slots.ring) == (Pricing.SUPPLY_DEMAND_RATIO, 8)
    assert (parameters.council.founder, parameters.council.quorum) == (OTHER.address, 3)
    record = deploy_recorded(chain, DEPLOYER, parameters, path)
    assert Record.read(path) == record
    assert record.open(chain).parameters() == parameters


@pytest.mark.parametrize(
    ("group", "text"),
    [
        (
            {"slots": {"pricing": 2}},
            "slots.pricing must be one of 0 (MID_RATE), 1 (SUPPLY_DEMAND_RATIO), not 2",
        ),
        ({"slots": {"turns": 2}}, "there is no parameter slots.turns"),
        ({"council": {"founder": "me"}}, "council.founder must be an address, not 'me'"),
        ({"council": 7}, "council must be an object of fields, not 7"),
        ({"council": {"unbonding": 45_780}}, "council.unbonding must exceed 45780 seconds"),
    ],
)
def test_revert_given_wrong_group(group: dict[str, Any], text: str) -> None:
    """A wrong field of a group is refused by name, before anything is sent."""
    plain = {"owner": OWNER.address, "pkg": PKG.address, "treasury": TREASURY.address}
    with pytest.raises(BadInput) as caught:
        parameters_from(plain | group)
    assert str(caught.value).startswith(text)
