"""Where a meter is read: a serial device, a TCP port, or an MQTT broker."""

from __future__ import annotations

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Any, Final, Protocol

from energy_trading.errors import BadInput, EnergyTradingError
from energy_trading.files._json import parse_json
from energy_trading.gateway.config import ENERGY_UNITS, TIME_UNITS, RegisterMapping, SourceConfig
from energy_trading.gateway.registers import MWH_PER_WH, Sample
from energy_trading.meter.telegram import TelegramRefused, read_telegram

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

#: more than the longest telegram of any meter
_LONGEST: Final = 32_768
_READ_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 5.0
_MOST_WAITING: Final = 1000
_TELEGRAM_END: Final = re.compile(rb"![0-9A-Fa-f]{4}\r\n")
_IMPORT: Final = "1-0:1.8.0*255"
_EXPORT: Final = "1-0:2.8.0*255"

#: unix seconds, for what brings no time of its own
Now = Callable[[], int]
Say = Callable[[str], None]


class SourceMissing(BadInput):
    """The library that reads this kind of source is not installed."""


class Source(Protocol):
    """Gives what a meter shows. It goes on by itself when a cable or a broker comes back."""

    def samples(self, seconds: float) -> list[Sample]:
        """Return what has arrived since the last call; wait for the first if there is nothing.

        Args:
            seconds: how long to wait.
        """
        ...

    def close(self) -> None:
        """Stop reading."""
        ...


def open_source(config: SourceConfig, name: str, password: str | None, now: Now, say: Say) -> Source:
    """Begin to read a meter.

    Args:
        config: where.
        name: of a meter whose source does not name it.
        password: for a broker.
        now: the time, for sources that bring none.
        say: is called with a sentence when something is wrong, and when it is right again.

    Raises:
        SourceMissing: a library is not installed.
    """
    if config.kind == "mqtt":
        return MqttSource(config, name, password, now, say)
    reader: Reader = P1Reader(say) if config.kind == "p1" else SmlReader(name, now, say)
    url = config.device or f"socket://{config.host}:{config.port}"
    return StreamSource(url, config.baud, reader, say)


class Reader(ABC):
    """Cuts a stream of bytes into telegrams and reads them."""

    def __init__(self, say: Say) -> None:
        self._say, self._wrong = say, False
        self._buffer = b""

    def read(self, data: bytes) -> Iterator[Sample]:
        """Take in bytes; yield the samples that they complete."""
        self._buffer += data
        while (found := self._cut()) is not None:
            try:
                sample = self._sample(found)
            except EnergyTradingError as error:
                # Noise on the line comes in bursts: it is reported once until a telegram is whole again.
                if not self._wrong:
                    self._say(f"a telegram does not count: {error}")
                self._wrong = True
            else:
                self._wrong = False
                if sample is not None:
                    yield sample
        self._buffer = self._buffer[-_LONGEST:]

    def restart(self) -> None:
        """Forget the beginning of a telegram whose end was lost."""
        self._buffer = b""

    @abstractmethod
    def _cut(self) -> Any | None:
        """Take the first telegram off the buffer; None if none is complete."""

    @abstractmethod
    def _sample(self, telegram: Any) -> Sample | None:
        """Read a telegram; None if it has no registers."""


class P1Reader(Reader):
    """Telegrams of the P1 port, DSMR 4 and 5."""

    def _cut(self) -> bytes | None:
        end = _TELEGRAM_END.search(self._buffer)
        if end is None:
            return None
        telegram, self._buffer = self._buffer[: end.end()], self._buffer[end.end() :]
        return telegram[max(0, telegram.rfind(b"/")) :]

    def _sample(self, telegram: bytes) -> Sample:
        read = read_telegram(telegram.decode("ascii", "replace"))
        shown = read.reading
        return Sample(
            shown.time, shown.import_wh * MWH_PER_WH, shown.export_wh * MWH_PER_WH, read.equipment_id
        )


class SmlReader(Reader):
    """Telegrams in the Smart Message Language of German meters, read with pysml.

    They have a serial number, but no calendar: they are stamped when they arrive.
    """

    def __init__(self, name: str, now: Now, say: Say) -> None:
        super().__init__(say)
        self._name, self._now = name, now
        try:
            import sml
        except ImportError as error:
            raise SourceMissing("SML telegrams need pysml: pip install energy-trading[gateway]") from error
        self._find = sml.SmlBase.find_frame

    def _cut(self) -> Any | None:
        try:
            end, frame = self._find(self._buffer)
        except Exception as error:  # pysml raises what its bit reader raises
            self._buffer = b""
            return error
        self._buffer = self._buffer[end:]
        return frame

    def _sample(self, telegram: Any) -> Sample | None:
        if isinstance(telegram, Exception):
            raise TelegramRefused("the SML telegram is malformed") from telegram
        for message in telegram:
            body = message.get("messageBody")
            if isinstance(body, dict) and "valList" in body:
                return self._list(body)
        return None

    def _list(self, body: dict[str, Any]) -> Sample:
        found = {entry.get("objName"): entry for entry in body["valList"]}
        if _IMPORT not in found and _EXPORT not in found:
            raise TelegramRefused(
                f"the SML telegram has neither {_IMPORT} nor {_EXPORT}; enter the meter's PIN"
            )
        shown = {name: _wh(name, found[name]) if name in found else 0 for name in (_IMPORT, _EXPORT)}
        return Sample(self._now(), shown[_IMPORT], shown[_EXPORT], str(body.get("serverId") or self._name))


def _wh(name: str, entry: dict[str, Any]) -> int:
    value, unit = entry.get("value"), entry.get("unit")
    if unit != "Wh" or not isinstance(value, int | float) or value < 0:
        raise TelegramRefused(f"{name} of the SML telegram must be a number of Wh, not {value!r} {unit}")
    # pysml divides by a power of ten; the shortest decimal of its float is the register again.
    return int(Decimal(repr(value)) * MWH_PER_WH)


class StreamSource:
    """A serial device or a TCP port, read in a thread of its own, so that nothing else makes it wait.

    Args:
        url: path of a device, or socket://host:port.
        baud: of a device.
        reader: cuts and reads telegrams.
        say: as in `open_source`.

    Raises:
        SourceMissing: serialx is not installed.
    """

    def __init__(self, url: str, baud: int, reader: Reader, say: Say) -> None:
        try:
            from serialx import serial_for_url
        except ImportError as error:
            raise SourceMissing(
                "a meter's port needs serialx: pip install energy-trading[gateway]"
            ) from error
        self._open = lambda: serial_for_url(url, baudrate=baud, read_timeout=_READ_SECONDS)
        self._url, self._reader, self._say = url, reader, say
        self._waiting: Queue[bytes] = Queue(_MOST_WAITING)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="meter", daemon=True)
        self._thread.start()

    def samples(self, seconds: float) -> list[Sample]:
        """Return what has arrived; see `Source`."""
        found: list[Sample] = []
        with suppress(Empty):
            data = self._waiting.get(timeout=seconds)
            while True:
                if not data:
                    self._reader.restart()
                found += self._reader.read(data)
                data = self._waiting.get_nowait()
        return found

    def close(self) -> None:
        """Stop reading."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        away = False
        while not self._stop.is_set():
            try:
                with self._open() as port:  # type: ignore[no-untyped-call]
                    if away:
                        self._say(f"the meter's port {self._url} is back")
                    away = False
                    while not self._stop.is_set():
                        if data := port.read(4096):
                            self._put(data)
            except (OSError, EOFError, ValueError) as error:
                if not away:
                    self._say(f"the meter's port {self._url} cannot be read: {error}")
                away = True
                self._put(b"")
                self._stop.wait(_AGAIN_SECONDS)

    def _put(self, data: bytes) -> None:
        # If nobody takes them, telegrams are dropped as if the cable had been off.
        with suppress(Full):
            self._waiting.put_nowait(data)


class MqttSource:
    """Topics of a broker, each with a value of the meter.

    Every message of a mapped topic gives a sample, once each register has been seen. What the broker had kept
    (retained) does not count, because nobody knows how old it is. paho connects again by itself.

    Args:
        config: broker and mapping.
        name: of the meter.
        password: for the broker.
        now: the time, where no register is the time.
        say: as in `open_source`.

    Raises:
        SourceMissing: paho-mqtt is not installed.

    Source:
        MQTT 3.1.1.
    """

    def __init__(self, config: SourceConfig, name: str, password: str | None, now: Now, say: Say) -> None:
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise SourceMissing("a broker needs paho-mqtt: pip install energy-trading[gateway]") from error
        self._mapping, self._name, self._now, self._say = config.registers, name, now, say
        self._values: dict[RegisterMapping, int] = {}
        self._wrong: set[str] = set()
        self._away = False
        self._waiting: Queue[tuple[str, bytes, int | None]] = Queue(_MOST_WAITING)
        self._timed = any(entry.register == "time" for entry in config.registers)
        self._client = Client(CallbackAPIVersion.VERSION2, clean_session=True)
        if config.tls:
            self._client.tls_set()
        if config.username:
            self._client.username_pw_set(config.username, password)
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = lambda *_: self._tell_away("the broker cannot be reached")
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.reconnect_delay_set(1, 30)
        self._client.connect_async(config.host, config.port)
        self._client.loop_start()

    def samples(self, seconds: float) -> list[Sample]:
        """Return what has arrived; see `Source`."""
        found: list[Sample] = []
        with suppress(Empty):
            item = self._waiting.get(timeout=seconds)
            while True:
                if (sample := self._sample(*item)) is not None:
                    found.append(sample)
                item = self._waiting.get_nowait()
        return found

    def close(self) -> None:
        """Leave the broker."""
        self._client.disconnect()
        self._client.loop_stop()

    def _sample(self, topic: str, payload: bytes, time: int | None) -> Sample | None:
        for entry in self._mapping:
            if entry.topic != topic:
                continue
            try:
                self._values[entry] = value_of(payload, entry)
                self._wrong.discard(topic)
            except BadInput as error:
                if topic not in self._wrong:
                    self._say(f"a message of {topic} does not count: {error}")
                self._wrong.add(topic)
                return None
        if len(self._values) < len(set(self._mapping)):
            return None
        sums = {"import": 0, "export": 0, "time": 0}
        for entry, value in self._values.items():
            sums[entry.register] += value
        if self._timed:
            time = sums["time"]
        return None if time is None else Sample(time, sums["import"], sums["export"], self._name)

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._tell_away(f"the broker refuses the connection: {reason}")
            return
        for topic in sorted({entry.topic for entry in self._mapping}):
            client.subscribe(topic, 1)
        if self._away:
            self._say("the broker is back")
        self._away = False

    def _on_disconnect(self, _client: Client, _data: Any, _flags: Any, reason: Any, _more: Any) -> None:
        if reason.is_failure:
            self._tell_away(f"the connection to the broker was lost: {reason}")

    def _tell_away(self, text: str) -> None:
        if not self._away:
            self._say(text)
        self._away = True

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if message.retain or len(message.payload) > _LONGEST:
            return
        time = None
        with suppress(EnergyTradingError):  # without a node there is no time yet
            time = self._now()
        with suppress(Full):
            self._waiting.put_nowait((message.topic, bytes(message.payload), time))


def value_of(payload: bytes, entry: RegisterMapping) -> int:
    """Read one value out of a message.

    Args:
        payload: of the message.
        entry: where the value stands, and in which unit.

    Returns:
        Thousandths of a Wh, or unix seconds; rounded down.

    Raises:
        BadInput: the payload is not JSON, has nothing there, or no number of 0 or more.
    """
    text = payload.decode("utf-8", "replace").strip()
    value: Any = text
    if entry.path:
        value = parse_json(text, "the payload", decimals=True)
        value = _inside(value, entry.path.split("."), entry.path)
    try:
        if isinstance(value, bool):
            raise InvalidOperation
        number = Decimal(value) if isinstance(value, str | int | Decimal) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 <= number < 10**15:
        raise BadInput(
            f"{entry.path or 'the payload'} must be a number of 0 or more, not {str(value)[:40]!r}"
        )
    times, by = (TIME_UNITS if entry.register == "time" else ENERGY_UNITS)[entry.unit]
    numerator, denominator = number.as_integer_ratio()
    return numerator * times // (denominator * by)


def _inside(value: Any, keys: Sequence[str], path: str) -> Any:
    for key in keys:
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        else:
            raise BadInput(f"the payload has no {path}")
    return value
