"""A verifier node over an MQTT broker: a topic for all homes, one for each member, one for each home."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import TYPE_CHECKING, Any, Final

from energy_trading.council._verifier_http import MAX_BODY
from energy_trading.errors import EnergyTradingError, TryAgain
from energy_trading.files._json import parse_json
from energy_trading.session.mqtt import MqttSupportMissing
from energy_trading.types import Domain

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

_QOS: Final = 1
_WAITING: Final = 10_000
_SECONDS: Final = 10.0


class MqttLink:
    """A member's or a home's connection to the broker of a slot market.

    The broker keeps what arrives while the client is away. Messages prove themselves, so the broker need not
    be trusted; it can lose and delay, and it sees everything.

    Args:
        host, port: of the broker.
        domain: of the slot market, which names the topics.
        client_id: names this client to the broker; a member's is its account.
        topics: what to read: "homes", "members/0x…", "answers/0x…".
        take: is called with a message in a thread of this object, and returns the answer.

    Raises:
        MqttSupportMissing: the package's `mqtt` extra is not installed.
        TryAgain: the broker cannot be reached.

    Source:
        MQTT 3.1.1, QoS 1.
    """

    def __init__(
        self,
        host: str,
        port: int,
        domain: Domain,
        client_id: str,
        topics: list[str],
        take: Callable[[Any], Any],
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        try:
            from paho.mqtt.client import Client
            from paho.mqtt.enums import CallbackAPIVersion
        except ImportError as error:
            raise MqttSupportMissing("a broker needs paho-mqtt: pip install energy-trading[mqtt]") from error
        self._tree = f"energy-trading/slots/{domain.chain_id}/{domain.verifying_contract}"
        self._topics, self._take, self._say = topics, take, say
        self._waiting: Queue[bytes] = Queue(_WAITING)
        self._ready, self._closed = threading.Event(), threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id, clean_session=False)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        try:
            self._client.connect(host, port)
        except OSError as error:
            raise TryAgain(f"the broker {host}:{port} cannot be reached") from error
        self._client.loop_start()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        if not self._ready.wait(_SECONDS):
            self.close()
            raise TryAgain(f"the broker {host}:{port} did not accept the subscriptions in {_SECONDS:g} s")

    def publish(self, topic: str, message: dict[str, Any]) -> None:
        """Hand a message to the broker, without waiting for it."""
        text = json.dumps(message, separators=(",", ":"))
        self._client.publish(f"{self._tree}/{topic}", text.encode(), _QOS)

    def close(self) -> None:
        """Leave the broker, which goes on keeping what arrives for this client."""
        self._closed.set()
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not reason.is_failure:
            client.subscribe([(f"{self._tree}/{topic}", _QOS) for topic in self._topics])

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        if len(message.payload) <= MAX_BODY:
            # A full queue drops the message like any lost one, so that no stranger can fill the memory.
            with suppress(Full):
                self._waiting.put_nowait(bytes(message.payload))

    def _work(self) -> None:
        while not self._closed.is_set():
            try:
                payload = self._waiting.get(timeout=0.2)
            except Empty:
                continue
            try:
                self._take(parse_json(payload, "the message"))
            except EnergyTradingError as error:
                self._say(f"a message was refused: {error}")


class MqttSender:
    """Sends a node's messages over the broker, and the node's answers to homes."""

    def __init__(self, link: MqttLink, members: list[str]) -> None:
        self._link, self._members = link, members

    def send(self, to: str | None, message: dict[str, Any]) -> None:
        """Publish a message to a member, to all of them, or to a home."""
        if to is not None and to.startswith("home "):
            self._link.publish(f"answers/{to.removeprefix('home ')}", message)
            return
        for member in self._members:
            if to not in (None, member):
                continue
            self._link.publish(f"members/{member}", message)
