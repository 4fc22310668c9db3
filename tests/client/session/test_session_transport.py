"""A negotiation over a transport: within one process, and over a broker that really runs."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from energy_trading.crypto.addresses import message_address
from energy_trading.errors import BadInput
from energy_trading.session import (
    Accept,
    Content,
    InProcess,
    MessageKind,
    MessageRefused,
    Mqtt,
    MqttSupportMissing,
    PriceProposal,
    Responder,
    Session,
    Text,
    Transport,
    TransportFailed,
    read_prefix,
)
from tests.client.session_actors import NOW, SUBJECT, alice, ask, asked, bob
from tests.nodes import free_port, wait_for

PROPOSAL = PriceProposal(SUBJECT.lot_id, 1200, NOW + 600)
#: seconds after which a test gives up what will not come
PATIENCE_S = 600


class Seller:
    """Bob, who accepts what he is offered; one session at a time."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.handshake: Responder | None = None
        self.session: Session | None = None
        self.heard: list[Content] = []
        self.refused = 0
        transport.subscribe(message_address(bob().secret_key), self.take)

    def take(self, payload: bytes) -> None:
        kind, _ = read_prefix(payload)
        if kind == MessageKind.HELLO:
            self.handshake = asked(payload)
            self.transport.publish(self.handshake.reply_to, self.handshake.answer)
        elif kind == MessageKind.FINISH:
            self.session = self.handshake.finish(payload, NOW)
        else:
            try:
                content = self.session.open(payload)
            except MessageRefused:
                self.refused += 1
                return
            self.heard.append(content)
            if isinstance(content, PriceProposal):
                answer = self.session.seal(Accept(content.hash))
                self.transport.publish(self.handshake.reply_to, answer)


def negotiate(buyer: Transport, seller: Transport, until: Callable[[Callable[[], bool]], None]) -> None:
    """Let Alice and Bob agree on a price, with a repeated message on the way."""
    person = Seller(seller)
    inbox: list[bytes] = []
    buyer.subscribe(message_address(alice().secret_key), inbox.append)
    topic = message_address(bob().secret_key)
    initiator = ask()
    buyer.publish(topic, initiator.hello)
    until(lambda: len(inbox) == 1)
    finish, session = initiator.finish(inbox.pop(), NOW)
    buyer.publish(topic, finish)
    proposal = session.seal(PROPOSAL)
    for message in (session.seal(Text("good day")), proposal, proposal):
        buyer.publish(topic, message)
    until(lambda: len(inbox) == 1 and person.refused == 1)
    assert session.open(inbox.pop()) == Accept(PROPOSAL.hash)
    assert person.heard == [Text("good day"), PROPOSAL]
    assert person.session.peer_account == alice().account


def test_negotiation_in_process() -> None:
    """C-3, C-5, C-6: handshake, proposal and consent by msgAddr; a repetition is refused."""
    transport = InProcess()

    def until(done: Callable[[], bool]) -> None:
        transport.deliver()
        assert done()

    negotiate(transport, transport, until)


def test_in_process_delivers_in_order_to_readers_only() -> None:
    """C-3: payloads reach the topic's reader, in order, also those sent meanwhile; others are lost."""
    transport, seen = InProcess(), []

    def echo(payload: bytes) -> None:
        seen.append(payload)
        if payload == b"a":
            transport.publish(b"1" * 32, b"c")

    transport.subscribe(b"1" * 32, echo)
    for topic, payload in ((b"1" * 32, b"a"), (b"2" * 32, b"x"), (b"1" * 32, b"b")):
        transport.publish(topic, payload)
    assert seen == []
    assert transport.deliver() == 3
    assert seen == [b"a", b"b", b"c"]
    assert transport.deliver() == 0


class Broker(NamedTuple):
    port: int
    process: subprocess.Popen[bytes]


@contextmanager
def running(folder: Path, port: int) -> Iterator[Broker]:
    """Run Debian's mosquitto on a port of this machine, without memory of earlier runs."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip("no broker here: mosquitto is not installed (apt-get install mosquitto)")
    settings = folder / "mosquitto.conf"
    settings.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, "-c", settings], stdout=log, stderr=log)
    try:
        wait_for(port, process)
        yield Broker(port, process)
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """Start a broker for the tests of this module."""
    with running(tmp_path_factory.mktemp("mosquitto"), free_port()) as started:
        yield started


def test_negotiation_over_a_broker(broker: Broker) -> None:
    """C-3, C-5, C-6: the same negotiation over MQTT at QoS 1, two clients and a real broker."""
    with Mqtt("127.0.0.1", broker.port, "alice") as buyer, Mqtt("127.0.0.1", broker.port, "bob") as seller:

        def until(done: Callable[[], bool]) -> None:
            while not done():
                buyer.deliver(0.02)
                seller.deliver(0.02)

        negotiate(buyer, seller, until)


def test_broker_keeps_messages_for_a_client_that_is_away(broker: Broker) -> None:
    """C-3: a home that is offline for a while finds its mail when it is back."""
    topic, seen = b"\7" * 32, []
    with Mqtt("127.0.0.1", broker.port, "home") as home:
        home.subscribe(topic, seen.append)
    with Mqtt("127.0.0.1", broker.port, "shop") as shop:
        shop.publish(topic, b"while you were out")
    with Mqtt("127.0.0.1", broker.port, "home") as home:
        home.subscribe(topic, seen.append)
        assert home.deliver(PATIENCE_S) >= 1
    assert seen == [b"while you were out"]


def test_oversized_payload_is_not_kept(broker: Broker) -> None:
    """C-6: what no session would send is dropped before it takes memory; the next payload arrives."""
    topic, seen = b"\x08" * 32, []
    with (
        Mqtt("127.0.0.1", broker.port, "reader") as reader,
        Mqtt("127.0.0.1", broker.port, "writer") as writer,
    ):
        reader.subscribe(topic, seen.append)
        writer.publish(topic, bytes(8193))
        writer.publish(topic, bytes(8192))
        reader.deliver(PATIENCE_S)
    assert seen == [bytes(8192)]


def test_revert_given_topic_that_is_no_message_address(broker: Broker) -> None:
    """C-3: a topic is 32 bytes, so no wildcard can be asked for."""
    with Mqtt("127.0.0.1", broker.port, "odd") as client:
        for use in (lambda: client.publish(b"#", b""), lambda: client.subscribe(b"#", print)):
            with pytest.raises(BadInput) as error:
                use()
            assert str(error.value) == "a topic must be a msgAddr of 32 bytes, not of 1"


def test_revert_given_no_broker() -> None:
    """C-3: a broker that is not there, or not a broker, is a typed error that names it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with pytest.raises(TransportFailed) as error:
            Mqtt("127.0.0.1", port, "x")
        assert str(error.value) == f"the broker 127.0.0.1:{port} cannot be reached"
        taken.listen()
        with pytest.raises(TransportFailed) as error:
            Mqtt("127.0.0.1", port, "x", seconds=0.2)
        assert str(error.value) == f"the broker 127.0.0.1:{port} did not accept the connection in 0.2 s"


def test_revert_given_no_paho(monkeypatch: pytest.MonkeyPatch) -> None:
    """C-3: without the extra, the error names what to install."""
    monkeypatch.setitem(sys.modules, "paho.mqtt.client", None)
    with pytest.raises(MqttSupportMissing) as error:
        Mqtt("127.0.0.1", 1, "x")
    assert str(error.value) == "a broker needs paho-mqtt: pip install energy-trading[mqtt]"


def test_revert_given_broker_that_is_gone_or_silent(broker: Broker) -> None:
    """C-3: what the broker did not confirm is an error, not silence."""
    client = Mqtt("127.0.0.1", broker.port, "left")
    client.close()
    with pytest.raises(TransportFailed) as error:
        client.publish(b"\x09" * 32, b"x")
    assert str(error.value) == "publishing failed, because there is no connection to the broker"
    with Mqtt("127.0.0.1", broker.port, "waiting") as client:
        client._seconds = 0.2  # after the connection, which may take longer
        broker.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(TransportFailed) as error:
                client.publish(b"\x09" * 32, b"x")
            assert str(error.value) == "the broker did not confirm the message in 0.2 s"
            with pytest.raises(TransportFailed) as error:
                client.subscribe(b"\x09" * 32, print)
            assert str(error.value) == "the broker did not confirm the subscription in 0.2 s"
        finally:
            broker.process.send_signal(signal.SIGCONT)


def test_client_connects_again_by_itself(tmp_path: Path) -> None:
    """C-3: after a restart of a broker that forgot everything, the topic is read again by itself."""
    topic, port, seen = b"\x0a" * 32, free_port(), []
    with running(tmp_path, port):
        home = Mqtt("127.0.0.1", port, "home")
        home.subscribe(topic, seen.append)
    with home, running(tmp_path, port), Mqtt("127.0.0.1", port, "shop") as shop:
        while not seen:
            shop.publish(topic, b"still there?")
            home.deliver(0.1)
    assert set(seen) == {b"still there?"}
