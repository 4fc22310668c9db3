"""A meter read for real: a serial line, a TCP port, a broker; noise, cuts and what comes back (N-3)."""

from __future__ import annotations

import os
import shutil
import socket
import struct
import subprocess
import tty
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.publish import multiple

from energy_trading.errors import BadInput
from energy_trading.gateway.clock import TimeUnknown
from energy_trading.gateway.config import RegisterMapping, SourceConfig
from energy_trading.gateway.registers import Sample
from energy_trading.gateway.sources import P1Reader, SmlReader, Source, open_source, value_of
from tests.client.meter.test_meter_telegram import telegram
from tests.nodes import free_port, wait_for

SHOWN = Sample(1_717_244_100, 3_580_245_000, 113_000_000, "E0047000001234")
NOW = 1_700_000_000


def config(kind: str, **changes: Any) -> SourceConfig:
    plain = {"device": "", "baud": 115_200, "host": "", "port": 0, "tls": False, "username": ""}
    return SourceConfig(kind, **{**plain, "registers": (), **changes})


def collect(source: Source, count: int) -> list[Sample]:
    """Wait until the source has given so many samples."""
    found: list[Sample] = []
    while len(found) < count:
        found += source.samples(0.2)
    return found


# ---------------------------------------------------------------- P1


def test_telegrams_are_cut_out_of_noise():
    """N-3: half a telegram at first, noise, a wrong CRC, then good ones in odd pieces: only those count."""
    said: list[str] = []
    reader = P1Reader(said.append)
    good = telegram().encode()
    stream = good[300:] + b"\0\xff/" + telegram(crc="0000").encode() + good + b"/junk" + good
    found = [sample for at in range(0, len(stream), 77) for sample in reader.read(stream[at : at + 77])]
    assert found == [SHOWN, SHOWN]
    assert said == [
        "a telegram does not count: the telegram must be whole, from '/' to '!' and four hexadecimal digits"
    ]


def test_endless_noise_takes_no_memory():
    """N-3: a line that never ends a telegram is not kept."""
    reader = P1Reader(print)
    for _ in range(100):
        assert list(reader.read(bytes(4096))) == []
    assert len(reader._buffer) <= 32_768
    assert list(reader.read(telegram().encode())) == [SHOWN]


def test_p1_over_a_serial_line():
    """N-3: a device file, here the other end of a pseudo terminal."""
    port, device = os.openpty()
    tty.setraw(port)
    said: list[str] = []
    name = os.ttyname(device)
    with closing(open_source(config("p1", device=name), "", None, lambda: NOW, said.append)) as source:
        # The line is raw once the source has opened it; what came before may be lost like any telegram.
        found: list[Sample] = []
        while not found:
            os.write(port, telegram().encode())
            found = source.samples(0.2)
        assert found[0] == SHOWN
        os.close(port)
        os.close(device)
        while not said:
            source.samples(0.2)
        assert said[0].startswith(f"the meter's port {name} cannot be read: ")


def test_p1_over_tcp_comes_back(monkeypatch: pytest.MonkeyPatch):
    """N-3: the converter restarts in the middle of a telegram; the gateway reads on by itself."""
    monkeypatch.setattr("energy_trading.gateway.sources._AGAIN_SECONDS", 0.01)
    said: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        there = config("p1", host="127.0.0.1", port=port)
        with closing(open_source(there, "", None, lambda: NOW, said.append)) as source:
            first, _ = server.accept()
            with first:
                first.sendall(telegram().encode() + telegram().encode()[:200])
                assert collect(source, 1) == [SHOWN]
            second, _ = server.accept()
            with second:
                second.sendall(telegram().encode())
                assert collect(source, 1) == [SHOWN]
        assert f"the meter's port socket://127.0.0.1:{port} is back" in said


# ---------------------------------------------------------------- SML


def sml_crc(data: bytes) -> int:
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x8408 if register & 1 else 0)
    register ^= 0xFFFF
    return (register & 0xFF) << 8 | register >> 8


def octets(data: bytes) -> bytes:
    return bytes([len(data) + 1]) + data


def unsigned(value: int, size: int = 4) -> bytes:
    return bytes([0x60 + size + 1]) + value.to_bytes(size, "big")


def row(*items: bytes) -> bytes:
    return bytes([0x70 + len(items)]) + b"".join(items)


SKIPPED = b"\x01"


def sml_message(number: int, tag: int, body: bytes) -> bytes:
    head = bytes([0x76]) + octets(bytes([number])) + unsigned(0, 1) + unsigned(0, 1)
    head += row(unsigned(tag, 2), body)
    return head + b"\x63" + sml_crc(head).to_bytes(2, "big") + b"\x00"


def entry(obis: bytes, value: bytes, unit: int = 30, scaler: int = -1) -> bytes:
    return row(
        octets(obis),
        SKIPPED,
        SKIPPED,
        unsigned(unit, 1),
        b"\x52" + struct.pack("b", scaler),
        value,
        SKIPPED,
    )


def sml(*entries: bytes, server: bytes = b"\x0a\x01EMH\x00\x00\x12\x34\x56") -> bytes:
    """A telegram as BSI TR-03109-1 has it, made here from the published structure."""
    opened = row(SKIPPED, SKIPPED, octets(b"\x01"), octets(server), SKIPPED, SKIPPED)
    listed = row(SKIPPED, octets(server), SKIPPED, SKIPPED, row(*entries), SKIPPED, SKIPPED)
    data = sml_message(1, 0x101, opened) + sml_message(2, 0x701, listed)
    data += sml_message(3, 0x201, row(SKIPPED))
    padding = -len(data) % 4
    frame = b"\x1b\x1b\x1b\x1b\x01\x01\x01\x01" + data + bytes(padding) + b"\x1b\x1b\x1b\x1b\x1a"
    frame += bytes([padding])
    return frame + sml_crc(frame).to_bytes(2, "big")


IMPORTED = entry(b"\x01\x00\x01\x08\x00\xff", unsigned(123_456_789, 8))
EXPORTED = entry(b"\x01\x00\x02\x08\x00\xff", unsigned(7, 5))


def test_sml_telegram_is_read():
    """N-3: tenths of a Wh, to the last digit; the serial number; stamped when it came."""
    said: list[str] = []
    reader = SmlReader("cellar", lambda: NOW, said.append)
    stream = sml(IMPORTED, EXPORTED)[40:] + sml(IMPORTED, EXPORTED)
    found = [sample for at in range(0, len(stream), 31) for sample in reader.read(stream[at : at + 31])]
    assert found == [Sample(NOW, 12_345_678_900, 700, "1 EMH00 0119 3046")]
    assert said == []


@pytest.mark.parametrize(
    ("entries", "error"),
    [
        (
            [entry(b"\x01\x00\x10\x07\x00\xff", unsigned(5), unit=27)],
            "the SML telegram has neither 1-0:1.8.0*255 nor 1-0:2.8.0*255; enter the meter's PIN",
        ),
        (
            [entry(b"\x01\x00\x01\x08\x00\xff", unsigned(5), unit=27)],
            "1-0:1.8.0*255 of the SML telegram must be a number of Wh, not 0.5 W",
        ),
    ],
)
def test_revert_given_sml_without_registers(entries: list[bytes], error: str):
    """N-3: a meter that is still locked shows a power only; that is told."""
    said: list[str] = []
    assert list(SmlReader("cellar", lambda: NOW, said.append).read(sml(*entries))) == []
    assert said == [f"a telegram does not count: {error}"]


def test_sml_with_a_wrong_checksum_does_not_count():
    """N-3: a flipped bit is found by the frame's CRC, and the next telegram counts."""
    bad = bytearray(sml(IMPORTED, EXPORTED))
    bad[90] ^= 1
    reader = SmlReader("cellar", lambda: NOW, print)
    assert [sample.import_mwh for sample in reader.read(bytes(bad) + sml(IMPORTED))] == [12_345_678_900]


# ---------------------------------------------------------------- MQTT


@contextmanager
def mosquitto(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("no broker here: mosquitto is not installed (apt-get install mosquitto)")
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, "-c", settings], stdout=log, stderr=log)
    try:
        wait_for(port, process)
        yield process
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    with mosquitto(tmp_path, port):
        yield port


TASMOTA = (
    RegisterMapping("tele/meter/SENSOR", "ENERGY.Total", "import", "kWh"),
    RegisterMapping("solar/out", "", "export", "Wh"),
)


def publish(port: int, *messages: tuple[str, str], retain: bool = False) -> None:
    items = [{"topic": topic, "payload": payload, "qos": 1, "retain": retain} for topic, payload in messages]
    multiple(items, "127.0.0.1", port)


def subscribed(source: Source, port: int, topic: str = "solar/out") -> list[Sample]:
    """Publish until the source hears it; return what it heard."""
    found: list[Sample] = []
    while not found:
        publish(port, ("tele/meter/SENSOR", '{"ENERGY": {"Total": 1}}'), (topic, "1"))
        found = source.samples(0.2)
    return found


def test_mqtt_topics_are_mapped(broker: int):
    """N-3: a JSON path in kWh and a plain number in Wh make a sample; other topics and old values do not."""
    said: list[str] = []
    publish(broker, ("solar/out", "999"), retain=True)
    there = config("mqtt", host="127.0.0.1", port=broker, registers=TASMOTA)
    with closing(open_source(there, "cellar", None, lambda: NOW, said.append)) as source:
        assert {sample.export_mwh for sample in subscribed(source, broker)} == {1000}
        publish(
            broker,
            ("tele/meter/OTHER", '{"ENERGY": {"Total": 7}}'),
            ("tele/meter/SENSOR", '{"ENERGY": {"Total": 3245.1234567}, "Time": "x"}'),
            ("solar/out", "twelve"),
            ("solar/out", "1200.5"),
        )
        last = Sample(NOW, 3_245_123_456, 1_200_500, "cellar")
        while collect(source, 1)[-1] != last:
            pass
    assert said == [
        "a message of solar/out does not count: the payload must be a number of 0 or more, not 'twelve'"
    ]


def test_broker_that_starts_late_and_restarts(tmp_path: Path):
    """N-3: a gateway that is up before its broker, or stays while it restarts, hears the meter again."""
    said: list[str] = []
    port = free_port()
    there = config("mqtt", host="127.0.0.1", port=port, registers=TASMOTA)
    with closing(open_source(there, "cellar", None, lambda: NOW, said.append)) as source:
        while not said:
            source.samples(0.2)
        for _ in range(2):
            with mosquitto(tmp_path, port):
                assert subscribed(source, port)[-1].meter == "cellar"
    assert said[:3] == [
        "the broker cannot be reached",
        "the broker is back",
        "the connection to the broker was lost: Unspecified error",
    ]


def test_time_from_the_payload(broker: int):
    """N-3: where the meter's own time is mapped it counts, and no node is needed for it."""

    def unknown() -> int:
        raise TimeUnknown("no node")

    registers = (
        RegisterMapping("m", "wh.0", "import", "Wh"),
        RegisterMapping("m", "wh.1", "import", "Wh"),
        RegisterMapping("m", "at", "time", "ms"),
    )
    there = config("mqtt", host="127.0.0.1", port=broker, registers=registers)
    with closing(open_source(there, "cellar", None, unknown, print)) as source:
        found: list[Sample] = []
        while not found:
            publish(broker, ("m", '{"at": 1700000000999, "wh": [5, "6.25"]}'))
            found = source.samples(0.2)
    assert found[0] == Sample(NOW, 11_250, 0, "cellar")


@pytest.mark.parametrize(
    ("payload", "path", "unit", "value"),
    [
        (b"12.5", "", "Wh", 12_500),
        (b' "12.5" ', "a", "Wh", None),
        (b'{"a": [0, {"b": "1e3"}]}', "a.1.b", "Wh", 1_000_000),
        (b'{"a": 0.1}', "a", "kWh", 100_000),
        (b'{"a": 3600}', "a", "J", 1_000),
        (b"100", "", "Wmin", 1_666),
        (b"0.0009", "", "MWh", 900_000),
        (b'{"a": true}', "a", "Wh", None),
        (b'{"a": null}', "a", "Wh", None),
        (b'{"a": -1}', "a", "Wh", None),
        (b'{"a": NaN}', "a", "Wh", None),
        (b"1e99999999", "", "Wh", None),
        (b"[" * 100_000, "a", "Wh", None),
        (b"\xff", "", "Wh", None),
    ],
)
def test_value_of_a_payload(payload: bytes, path: str, unit: str, value: int | None):
    """N-3: units to the thousandth of a Wh, without floats; everything else is refused."""
    entry = RegisterMapping("t", path, "import", unit)
    if value is None:
        with pytest.raises(BadInput):
            value_of(payload, entry)
    else:
        assert value_of(payload, entry) == value


def test_sources_need_their_libraries(monkeypatch: pytest.MonkeyPatch):
    """Without the extra there is one sentence that says how to get it."""
    import sys

    needed: list[tuple[str, SourceConfig, str]] = [
        ("serialx", config("p1", device="/dev/null"), "a meter's port needs serialx"),
        ("sml", config("sml", device="/dev/null"), "SML telegrams need pysml"),
        ("paho.mqtt.client", config("mqtt", host="x", registers=TASMOTA), "a broker needs paho-mqtt"),
    ]
    said: Callable[[str], None] = print
    for library, where, text in needed:
        with monkeypatch.context() as patch:
            patch.setitem(sys.modules, library, None)
            with pytest.raises(BadInput) as error:
                open_source(where, "cellar", None, lambda: NOW, said)
            assert str(error.value) == f"{text}: pip install energy-trading[gateway]"
