"""Private negotiations between two certified accounts: handshake, ratchet, records and transports."""

from energy_trading.session._as_printed import PrintedHello, hello_as_printed, session_key_as_printed
from energy_trading.session._wire import MessageKind, read_prefix
from energy_trading.session.content import Accept, Content, PriceProposal, Reject, Text, UnknownContent
from energy_trading.session.handshake import HandshakeRefused, Initiator, Responder
from energy_trading.session.mqtt import Mqtt, MqttSupportMissing
from energy_trading.session.ratchet import MessageRefused, MessageRepeated, TooManySkipped
from energy_trading.session.session import Session
from energy_trading.session.session_file import SessionFile, SessionFileRefused, SessionInUse
from energy_trading.session.subject import Subject
from energy_trading.session.transport import Handler, InProcess, Transport, TransportFailed
