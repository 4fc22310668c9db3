"""The smart meter: for what it signs receipts, and for what it never does (N-3, N-5, N-6)."""

import stat
from itertools import count, pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_trading.crypto._signatures import P256_N, verify_signature
from energy_trading.crypto.keys import SECP256K1_N, SecretKey
from energy_trading.errors import BadInput
from energy_trading.files.journal import JournalCorrupt
from energy_trading.meter.key_root import registry_domain
from energy_trading.meter.one_time_keys import KeysUsedUp, OneTimeKeys
from energy_trading.meter.signers import P256Meter, Secp256k1Meter, SignatureRefused
from energy_trading.meter.smart_meter import (
    Allotment,
    Reading,
    ReadingMissing,
    ReadingRefused,
    SlotNotEnded,
    SmartMeter,
    TradeRefused,
)
from energy_trading.types import Acceptance, Domain, Energy, Receipt

MARKET = Domain("OfferMarket", 31_337, "0x" + "0f" * 20)
REGISTRY = registry_domain(31_337, "0x" + "5e" * 20)
SIGNER = Secp256k1Meter(SecretKey.from_int(7))
P256_SIGNER = P256Meter(ec.derive_private_key(5, ec.SECP256R1()), "0x" + "7a" * 20)
SEED, SALT = bytes(range(32)), bytes(range(32, 64))
BUYER = "0x" + "b0" * 20


def trade_id(number: int) -> bytes:
    return keccak(number.to_bytes(4, "big"))


def allotment(number: int, energy_wh: int, slot=(900, 1800), salt: bytes | None = None) -> Allotment:
    return Allotment(trade_id(number), *slot, energy_wh, salt)


def meter_with(*readings: tuple[int, int], journal: Path | None = None, signer=SIGNER) -> SmartMeter:
    meter = SmartMeter(signer, MARKET, journal, OneTimeKeys(SEED, REGISTRY))
    for time, import_wh in readings:
        meter.record(Reading(time, import_wh, 0))
    return meter


def delivered(meter: SmartMeter, number: int) -> int:
    return int.from_bytes(meter.sign_receipt(trade_id(number)).energy, "big")


@pytest.mark.parametrize(
    "signer",
    [SIGNER, P256Meter(ec.derive_private_key(5, ec.SECP256R1()), "0x" + "7a" * 20)],
    ids=["k1", "r1"],
)
def test_receipt_of_the_whole_quantity(signer):
    """N-3: the meter signs trade and quantity for this market and chain."""
    meter = meter_with((900, 1_000), (1800, 1_500), signer=signer)
    meter.allot(allotment(1, 500))
    receipt = meter.sign_receipt(trade_id(1))
    assert (receipt.trade_id, receipt.energy, receipt.signer) == (
        trade_id(1),
        Energy.plain(500),
        signer.signer,
    )
    digest = MARKET.digest(Receipt(trade_id(1), receipt.energy))
    assert verify_signature(signer.signer, digest, receipt.signature)
    elsewhere = Domain("OfferMarket", 1, MARKET.verifying_contract).digest(
        Receipt(trade_id(1), receipt.energy)
    )
    assert not verify_signature(signer.signer, elsewhere, receipt.signature)


class SecureElement:
    """A key in hardware that knows nothing of this market: it writes s in the upper half, and DER."""

    def __init__(self, meter, order: int) -> None:
        self.signer = meter.signer
        self._meter, self._order = meter, order
        self.answer: bytes | None = None

    def sign(self, digest: bytes) -> bytes:
        if self.answer is not None:
            return self.answer
        signature = self._meter.sign(digest)
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big") % 2**255
        return encode_dss_signature(r, self._order - s)


@pytest.mark.parametrize(
    ("software", "order"), [(SIGNER, SECP256K1_N), (P256_SIGNER, P256_N)], ids=["k1", "r1"]
)
def test_secure_element_with_high_s(software, order: int, tmp_path: Path):
    """N-3, N-8: whatever form a signer writes, what is journalled and handed out is what the market takes."""
    element = SecureElement(software, order)
    meter = meter_with((900, 0), (1800, 500), signer=element, journal=tmp_path / "meter")
    meter.allot(allotment(1, 500))
    receipt = meter.sign_receipt(trade_id(1))
    digest = MARKET.digest(Receipt(trade_id(1), receipt.energy))
    assert receipt.signature == software.sign(digest)
    assert verify_signature(software.signer, digest, receipt.signature)
    meter.close()
    again = SmartMeter(element, MARKET, tmp_path / "meter")
    element.answer = b""
    assert again.sign_receipt(trade_id(1)) == receipt


def test_signature_that_does_not_verify_is_not_journalled(tmp_path: Path):
    """N-3, N-8: a wrong key, another digest or noise is refused and not kept; a good signer goes on."""
    path = tmp_path / "meter"
    element = SecureElement(SIGNER, SECP256K1_N)
    meter = meter_with((900, 0), (1800, 500), signer=element, journal=path)
    meter.allot(allotment(1, 500))
    before = path.read_bytes()
    other = Secp256k1Meter(SecretKey.from_int(8)).sign(keccak(b"any"))
    for answer in (
        b"",
        bytes(64),
        bytes(65),
        b"\x30\x06\x02\x01\x01\x02\x01\x01",
        other,
        SIGNER.sign(keccak(b"x")),
    ):
        element.answer = answer
        refused = (
            rf"^the key of meter 0x{SIGNER.signer.hex()} did not sign: the answer is no signature of its"
        )
        with pytest.raises(SignatureRefused, match=refused):
            meter.sign_receipt(trade_id(1))
        assert path.read_bytes() == before
    element.answer = None
    assert delivered(meter, 1) == 500


def test_revert_given_signer_of_no_curve():
    """N-3: a signer that is on neither curve is refused at once, since its receipts could not be checked."""
    element = SecureElement(SIGNER, SECP256K1_N)
    for signer in (bytes(20), b"\x01" * 21, P256_SIGNER.signer[:-1] + b"\0"):
        element.signer = signer
        with pytest.raises(BadInput):
            SmartMeter(element, MARKET)


def test_hidden_quantity_stays_hidden():
    """N-5: delivered in full, a committed quantity is receipted by its commitment; in part, by the Wh."""
    meter = meter_with((900, 0), (1800, 500), (2700, 800))
    meter.allot(allotment(1, 500, salt=SALT))
    meter.allot(allotment(2, 500, slot=(1800, 2700), salt=SALT))
    assert meter.sign_receipt(trade_id(1)).energy == Energy.hidden(500, SALT)
    assert delivered(meter, 2) == 300
    assert SALT.hex() not in repr(allotment(1, 500, salt=SALT))


def test_earlier_acceptance_draws_first():
    """N-3: a slot's import goes to its trades in the order of acceptance, whoever asks first."""
    meter = meter_with((900, 0), (1800, 1_000))
    for number, energy_wh in ((1, 600), (2, 300), (3, 300), (4, 100)):
        meter.allot(allotment(number, energy_wh))
    assert delivered(meter, 3) == 100
    assert (delivered(meter, 1), delivered(meter, 2)) == (600, 300)
    assert delivered(meter, 4) == 0  # a receipt all the same, so that the buyer has its money back at once


def test_one_receipt_for_a_trade():
    """N-3: asked again, the meter repeats the receipt; it draws nothing more and signs nothing else."""
    meter = meter_with((900, 0), (1800, 1_000))
    meter.allot(allotment(1, 400))
    receipt = meter.sign_receipt(trade_id(1))
    meter.record(Reading(2700, 9_000, 0))
    assert meter.sign_receipt(trade_id(1)) == receipt
    meter.allot(allotment(2, 1_000))
    assert delivered(meter, 2) == 600


def test_released_trade_reserves_nothing():
    """N-2: a trade that came to nothing gives its energy back to later ones, and has no receipt any more."""
    meter = meter_with((900, 0), (1800, 1_000))
    meter.allot(allotment(1, 800))
    meter.allot(allotment(2, 800))
    meter.release(trade_id(1))
    assert delivered(meter, 2) == 800
    refused = rf"^trade 0x{trade_id(1).hex()} is released and not allotted$"
    for act in (meter.sign_receipt, meter.release, lambda _: meter.allot(allotment(1, 800))):
        with pytest.raises(TradeRefused, match=refused):
            act(trade_id(1))
    with pytest.raises(TradeRefused, match=r"cannot be released, because its receipt is signed$"):
        meter.release(trade_id(2))


def test_revert_given_slot_not_ended():
    """N-3: no receipt before the register reached the end of the slot."""
    meter = meter_with()
    meter.allot(allotment(1, 500))
    with pytest.raises(SlotNotEnded, match=r"^the slot ends at 1800, and there is no reading yet$"):
        meter.sign_receipt(trade_id(1))
    meter.record(Reading(900, 0, 0))
    meter.record(Reading(1799, 900, 0))
    with pytest.raises(SlotNotEnded, match=r"^the slot ends at 1800, and the last reading is at 1799$"):
        meter.sign_receipt(trade_id(1))


@pytest.mark.parametrize(("times", "missing"), [((901, 1800), 900), ((900, 1801), 1800), ((0, 2700), 900)])
def test_revert_given_reading_missing(times: tuple[int, int], missing: int):
    """N-3: without a reading at both ends of the slot its import is not known, so nothing is signed."""
    meter = meter_with((times[0], 0), (times[1], 900))
    meter.allot(allotment(1, 500))
    with pytest.raises(
        ReadingMissing, match=rf"^there is no reading at {missing}; a slot needs one at each of its ends$"
    ):
        meter.sign_receipt(trade_id(1))


def test_uncertifiable_trade_reserves_nothing():
    """N-3: a trade whose slot lost a reading cannot take energy from the ones behind it."""
    meter = meter_with((900, 0), (1800, 500), (2700, 1_000))
    meter.allot(allotment(1, 500, slot=(1000, 2700)))
    meter.allot(allotment(2, 500, slot=(1800, 2700)))
    assert delivered(meter, 2) == 500


def test_revert_given_register_goes_back():
    """N-3: readings are later and not lower than the last one, in both registers."""
    meter = SmartMeter(SIGNER, MARKET)
    meter.record(Reading(900, 100, 50))
    for reading, reason in (
        (Reading(900, 100, 50), "a reading must be later than the last one at 900, not at 900"),
        (Reading(899, 200, 50), "a reading must be later than the last one at 900, not at 899"),
        (
            Reading(1800, 99, 50),
            "the registers cannot go back to import 99 Wh, export 50 Wh; they were at 100 Wh and 50 Wh",
        ),
        (
            Reading(1800, 100, 49),
            "the registers cannot go back to import 100 Wh, export 49 Wh; they were at 100 Wh and 50 Wh",
        ),
    ):
        with pytest.raises(ReadingRefused) as caught:
            meter.record(reading)
        assert str(caught.value) == reason
    assert meter.last_reading == Reading(900, 100, 50)
    with pytest.raises(ReadingRefused, match=r"^import_wh must be a whole number of 0 or more, not 1.5$"):
        Reading(0, 1.5, 0)  # type: ignore[arg-type]


def test_revert_given_other_terms():
    """N-3: a trade keeps the terms it was first allotted with; repeating them changes nothing."""
    meter = meter_with((900, 0), (1800, 1_000))
    meter.allot(allotment(1, 400))
    meter.allot(allotment(1, 400))
    for other in (allotment(1, 401), allotment(1, 400, (900, 2700)), allotment(1, 400, salt=SALT)):
        with pytest.raises(TradeRefused, match=r"was allotted before, with other terms$"):
            meter.allot(other)
    with pytest.raises(TradeRefused, match=r"is unknown and not allotted$"):
        meter.sign_receipt(trade_id(2))


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ((b"", 0, 1, 1), "the trade id must have 32 bytes, not 0"),
        ((trade_id(1), 900, 900, 1), "the slot must start before it ends, not go from 900 to 900"),
        ((trade_id(1), 0, 1, 0), "the energy must be between 1 and 2**64-1 Wh, not 0 Wh"),
        (
            (trade_id(1), 0, 1, 2**64),
            "the energy must be between 1 and 2**64-1 Wh, not 18446744073709551616 Wh",
        ),
        ((trade_id(1), 0, 1, 1, b"secret"), "the salt must have 32 bytes, not 6"),
    ],
)
def test_revert_given_terms_out_of_range(terms, reason: str):
    """N-5: what is no trade is named, a salt is not repeated."""
    with pytest.raises(BadInput) as caught:
        Allotment(*terms)
    assert str(caught.value) == reason


def test_private_trade_shows_one_time_keys_only():
    """N-6: each private trade is accepted and receipted by a key of its own, never by the registered one."""
    keys = OneTimeKeys(SEED, REGISTRY)
    signers = keys.open_epoch(3, 2)
    meter = SmartMeter(SIGNER, MARKET, None, keys)
    meter.record(Reading(900, 0, 0))
    meter.record(Reading(1800, 1_000, 0))
    for number in (0, 1):
        acceptance = meter.allot_privately(allotment(number, 400), BUYER, epoch=3)
        assert acceptance.signer == signers[number]
        digest = MARKET.digest(Acceptance(trade_id(number), BUYER))
        assert verify_signature(signers[number], digest, acceptance.signature)
        assert meter.allot_privately(allotment(number, 400), BUYER, epoch=3) == acceptance
        receipt = meter.sign_receipt(trade_id(number))
        digest = MARKET.digest(Receipt(trade_id(number), receipt.energy))
        assert receipt.signer == signers[number]
        assert verify_signature(signers[number], digest, receipt.signature)
    with pytest.raises(KeysUsedUp):
        meter.allot_privately(allotment(2, 1), BUYER, epoch=3)
    with pytest.raises(TradeRefused, match=r"was allotted before, with other terms$"):
        meter.allot_privately(allotment(1, 400), "0x" + "b1" * 20, epoch=3)
    with pytest.raises(BadInput, match=r"^this meter has no one-time keys$"):
        SmartMeter(SIGNER, MARKET).allot_privately(allotment(1, 400), BUYER, epoch=3)


def test_restart_signs_nothing_twice(tmp_path: Path):
    """N-3, N-6: after each fact a restarted meter is where it was, receipts and one-time keys included."""
    steps = [
        lambda m: m.record(Reading(900, 0, 0)),
        lambda m: m.allot(allotment(1, 600, salt=SALT)),
        lambda m: m.allot_privately(allotment(2, 600), BUYER, epoch=3),
        lambda m: m.allot(allotment(3, 100)),
        lambda m: m.record(Reading(1800, 1_000, 5)),
        lambda m: m.release(trade_id(3)),
        lambda m: m.sign_receipt(trade_id(1)),
        lambda m: m.sign_receipt(trade_id(2)),
    ]

    def run(restart: bool) -> list[object]:
        folder = tmp_path / str(restart)
        folder.mkdir()

        def start() -> tuple[SmartMeter, OneTimeKeys]:
            keys = OneTimeKeys(SEED, REGISTRY, folder / "keys")
            keys.open_epoch(3, 4)
            return SmartMeter(SIGNER, MARKET, folder / "meter", keys), keys

        meter, keys = start()
        answers = []
        for step in steps:
            answers.append(step(meter))
            if restart:
                meter.close()
                keys.close()
                meter, keys = start()
        answers += [step(meter) for step in steps[-2:]]
        assert meter.last_reading == Reading(1800, 1_000, 5)
        assert stat.S_IMODE((folder / "meter").stat().st_mode) == 0o600
        assert SALT.hex() not in (folder / "meter").read_text()
        return answers

    answers = run(restart=False)
    assert run(restart=True) == answers
    assert answers[-2:] == answers[-4:-2]


def test_revert_given_journal_of_another(tmp_path: Path):
    """N-3: a meter goes on from its own journal only, and from none that contradicts itself."""
    path = tmp_path / "meter"
    meter = meter_with((900, 0), (1800, 100), journal=path)
    meter.allot(allotment(1, 500))
    meter.sign_receipt(trade_id(1))
    meter.close()
    with pytest.raises(BadInput, match=r"is not that of meter 0x[0-9a-f]{40} in this market$"):
        SmartMeter(Secp256k1Meter(SecretKey.from_int(8)), MARKET, path)
    with pytest.raises(BadInput, match=r"in this market$"):
        SmartMeter(SIGNER, Domain("OfferMarket", 1, MARKET.verifying_contract), path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines, lines[-1]]))
    with pytest.raises(JournalCorrupt, match=r"a fact does not fit those before it$"):
        SmartMeter(SIGNER, MARKET, path)


@settings(max_examples=80)
@given(st.data())
def test_no_measured_wh_is_certified_twice(data: st.DataObject):
    """N-3, N-8: over every window of time, its trades' receipts never add up to more than its import."""
    meter = SmartMeter(SIGNER, MARKET)
    numbers = count()
    slots: dict[int, tuple[int, int, int]] = {}
    certified: dict[int, int] = {}
    totals, time = [0], 0
    meter.record(Reading(0, 0, 0))
    while time < 6:
        action = data.draw(st.sampled_from(["read", "allot", "allot", "certify", "release"]))
        if action == "read":
            time += 1
            totals.append(totals[-1] + data.draw(st.integers(0, 9)))
            meter.record(Reading(time, totals[-1], 0))
        elif action == "allot":
            start = data.draw(st.integers(0, 5))
            end = data.draw(st.integers(start + 1, 6))
            number = next(numbers)
            slots[number] = (start, end, data.draw(st.integers(1, 12)))
            meter.allot(allotment(number, slots[number][2], slot=(start, end)))
        elif open_slots := sorted(slots.keys() - certified.keys()):
            number = data.draw(st.sampled_from(open_slots))
            if action == "release":
                meter.release(trade_id(number))
                del slots[number]
            elif slots[number][1] <= time:
                certified[number] = delivered(meter, number)
    for number in certified:
        assert 0 <= certified[number] <= slots[number][2]
    for start in range(7):
        for end in range(start + 1, 7):
            inside = sum(wh for n, wh in certified.items() if start <= slots[n][0] and slots[n][1] <= end)
            assert inside <= totals[end] - totals[start]
    assert all(low <= high for low, high in pairwise(totals))
