"""The gateway's loop: reads the meter, signs, hands over, and looks after what was handed over."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any, Final

from energy_trading.bindings.contract import ContractRevert
from energy_trading.chain.connect import NodeError, NotEnoughMoney, NotMined, Sender
from energy_trading.crypto.keys import SecretKey
from energy_trading.errors import BadInput, Forged, RuleBroken, TryAgain
from energy_trading.files._json import exact, read_integer, read_json, reading, to_hex
from energy_trading.files.private_file import write_private
from energy_trading.gateway.client import MOST_ITEMS, AgentPost, Answer, NotReached
from energy_trading.gateway.clock import ChainClock
from energy_trading.gateway.config import OrderConfig
from energy_trading.gateway.home import Bought, GatewayHome, order_name, reading_name, receipt_name
from energy_trading.gateway.market import HomeMarket
from energy_trading.gateway.registers import Sample
from energy_trading.gateway.sources import Source
from energy_trading.market.slots.messages import SignedOrder
from energy_trading.market.trade._delivery_json import delivery_to_json
from energy_trading.market.trade.offer import Offer
from energy_trading.types import Order

#: a meter's clock may be so far ahead of the chain's, seconds
_AHEAD: Final = 300
_FIRST_PAUSE: Final = 5
_LONGEST_PAUSE: Final = 300
_LINES: Final = 20
_ASKED_SLOTS: Final = 4
STATUS: Final = "status.json"
INBOX: Final = "inbox"


class Told:
    """Tells the household something, and remembers the last of it for `status`.

    Args:
        say: is called with each sentence.
    """

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self.lines: deque[str] = deque(maxlen=_LINES)

    def __call__(self, text: str) -> None:
        """Tell a sentence."""
        self.lines.append(text)
        self._say(text)


@dataclass
class Receiver:
    """An agent or a verifier node, and when it may be asked again.

    Args:
        client: its API.
        receipts: whether it carries receipts.
    """

    client: AgentPost
    receipts: bool
    not_before: int = 0
    pause: int = field(default=0)

    @property
    def url(self) -> str:
        """Names the receiver where it is remembered what it took."""
        return self.client.url

    def later(self, now: int) -> None:
        """Wait longer and longer, at most five minutes, before it is asked again."""
        self.pause = min(_LONGEST_PAUSE, max(_FIRST_PAUSE, 2 * self.pause))
        self.not_before = now + self.pause


class Gateway:
    """One home's gateway; call `step` for ever.

    Args:
        home: the meter and its journals.
        source: where the meter is read.
        clock: the time.
        receivers: agents and nodes, in the order in which agents are asked to carry receipts.
        open_market: reaches the chain; it is called until it succeeds, so that a gateway that starts without
            its node reads the meter all the same.
        folder: for the status, and with the folder of what the household hands in.
        told: takes a sentence for whatever the household should know.
        order: the standing order that is wanted; None wants none.
        account_key: signs standing orders; None if they are handed in signed.
        sender: pays for receipts that no agent brought on chain; None never sends.
        poll_seconds: pause between two looks at the chain and the inbox.
        carry_seconds: after it a receipt goes to the next agent.
        margin_seconds: a receipt that is so near to its deadline is sent by the gateway itself.

    Source:
        N-3, S-1; Z-4, Z-7.
    """

    def __init__(
        self,
        home: GatewayHome,
        source: Source,
        clock: ChainClock,
        receivers: Sequence[Receiver],
        open_market: Callable[[], HomeMarket],
        folder: Path,
        told: Told,
        *,
        order: OrderConfig | None = None,
        account_key: SecretKey | None = None,
        sender: Sender | None = None,
        poll_seconds: float = 15.0,
        carry_seconds: int = 600,
        margin_seconds: int = 900,
    ) -> None:
        self.home, self._source, self._clock, self._receivers = home, source, clock, receivers
        self._open_market = open_market
        self._folder, self.say = folder, told
        self._order, self._account_key, self._sender = order, account_key, sender
        self._poll_seconds = poll_seconds
        self._carry_seconds, self._margin_seconds = carry_seconds, margin_seconds
        self._market: HomeMarket | None = None
        self._next_look = 0.0
        self._node_away = False
        self._least_nonce = 0
        #: trades that the market has the receipt of, unless the chain takes it back
        self._settled: set[bytes] = set()
        #: when an agent took a receipt, as far as this process knows
        self._carried: dict[tuple[str, str], int] = {}
        self._told: set[str] = set()
        #: node and slot whose acknowledgement is kept
        self._acked: set[tuple[str, int]] = set()
        for name in ("", "done", "refused"):
            (folder / INBOX / name).mkdir(mode=0o700, parents=True, exist_ok=True)

    def step(self, seconds: float) -> None:
        """Do whatever is to be done now.

        Args:
            seconds: how long to wait for the meter.

        Raises:
            OSError, JournalClosed: the disk did not take a fact; start again.
        """
        for sample in self._source.samples(seconds):
            self._take(sample)
        self._sign()
        if self._clock.steady() >= self._next_look:
            self._look()
            self._next_look = self._clock.steady() + self._poll_seconds
        now = self._now()
        if now is None:
            return
        self._renew(now)
        self._post(now)

    def close(self) -> None:
        """Stop reading, end the connections and release the journals."""
        self._source.close()
        for receiver in self._receivers:
            receiver.client.close()
        self.home.close()

    # ------------------------------------------------------------ the meter

    def _take(self, sample: Sample) -> None:
        try:
            limit = self._clock.now() + _AHEAD
        except TryAgain:
            limit = sample.time
        if sample.time > limit:
            self._once("ahead", f"the meter's clock is ahead of the chain's: {sample.time} is after {limit}")
            return
        self._told.discard("ahead")
        self.home.take(sample)

    def _sign(self) -> None:
        try:
            self.home.sign_readings()
            self.home.sign_receipts()
        except (TryAgain, Forged) as error:
            self._once("signer", f"the meter's key did not sign; it is asked again: {error}")
        else:
            self._told.discard("signer")

    # ------------------------------------------------------------ the chain and the household

    def _look(self) -> None:
        self._take_in()  # first, for the household knows better than the log when its energy is to come
        try:
            if self._market is None:
                self._market = self._open_market()
            self._clock.look()
            for offer in self._market.purchases():
                self._allot_bought(offer)
            for trade_id, trade in list(self.home.bought.items()):
                if trade.ended is None:
                    self._look_after(trade_id, trade)
            following = self._clock.now() // self.home.slot_seconds + 1
            self._ask_acks(following - 1)  # before rows are judged by them
            self._market.watch()
            self._least_nonce = self._market.least_nonce(following)
        except NodeError as error:
            if not self._node_away:
                self.say(f"{error}; the meter is read all the same")
            self._node_away = True
        else:
            if self._node_away:
                self.say("the node is back")
            self._node_away = False
        self._write_status()

    def _allot_bought(self, offer: Offer) -> None:
        """Let a trade that the household has not handed in draw on the meter, in as many slots as fit."""
        if offer.trade_id in self.home.bought:
            return
        length = self.home.slot_seconds
        start = -(-offer.terms.accept_by // length) * length
        end = (offer.terms.deliver_by - self._margin_seconds) // length * length
        try:
            self.home.allot(offer, start, end)
        except (BadInput, RuleBroken) as error:
            self.say(f"trade {to_hex(offer.trade_id)} will have no receipt: {error}")

    def _look_after(self, trade_id: bytes, trade: Bought) -> None:
        assert self._market is not None, "it was opened before"
        awaited, deadline = self._market.awaits(trade)
        now = self._clock.now()
        if now >= deadline:
            done = trade_id in self._settled
            self.home.end(trade_id, "the market awaits no receipt" if done else "its deadline has passed")
            if not done and trade.delivery is not None and awaited:
                self.say(f"the receipt of trade {to_hex(trade_id)} did not reach the chain in time")
        elif not awaited:
            self._settled.add(trade_id)
        else:
            # Also where the chain took back what had been settled.
            self._settled.discard(trade_id)
            if trade.delivery is not None and now >= deadline - self._margin_seconds:
                self._send(trade_id, trade)

    def _send(self, trade_id: bytes, trade: Bought) -> None:
        assert self._market is not None, "it was opened before"
        name = to_hex(trade_id)
        if self._sender is None:
            self._once(name, f"no agent has brought the receipt of trade {name} on chain; send it yourself")
            return
        try:
            self._market.confirm(self._sender, trade)
        except (ContractRevert, NotMined, NotEnoughMoney) as error:
            self._once(name, f"the receipt of trade {name} could not be sent: {error}")
        else:
            self._settled.add(trade_id)
            self.say(f"no agent had brought the receipt of trade {name} on chain; the gateway sent it")

    def _take_in(self) -> None:
        """Take in what the household has put into the inbox; each file is moved when it has been read."""
        inbox = self._folder / INBOX
        for path in sorted(inbox.glob("*.json")):
            try:
                what = self._read_in(path)
            except (BadInput, RuleBroken, Forged) as error:
                self.say(f"{path.name} was refused: {error}")
                path.replace(inbox / "refused" / path.name)
            else:
                self.say(f"{path.name}: {what}")
                path.replace(inbox / "done" / path.name)

    def _read_in(self, path: Path) -> str:
        value = read_json("inbox", path)
        if isinstance(value, dict) and "order" in value:
            new = self.home.hold(SignedOrder.from_json(value))
            return "the standing order is held" if new else "the standing order was known"
        with reading(path.name):
            slot = read_integer(value["from"], "from"), read_integer(value["to"], "to")
            offer = Offer.from_json(value["offer"])
        self.home.allot(offer, *slot)
        return f"trade {to_hex(offer.trade_id)} may draw on the meter"

    # ------------------------------------------------------------ standing orders

    def _renew(self, now: int) -> None:
        wanted = self._order
        if wanted is None:
            return
        following = now // self.home.slot_seconds + 1
        held = self.home.order_for(following, self._least_nonce)
        if self._account_key is None:
            soon = self.home.order_for(following + wanted.renew, self._least_nonce)
            if held is None or soon is None:
                slot = following if held is None else following + wanted.renew
                self._once("order", f"there is no standing order for slot {slot}; hand in a signed one")
            else:
                self._told.discard("order")
            return
        first = following
        if held is not None and _limits(held.order) == _limits(wanted):
            first = held.order.last_slot + 1
            if first - following > wanted.renew or self.home.order_for(first, self._least_nonce) is not None:
                return
        order = Order(
            self.home.account,
            first,
            first + wanted.slots - 1,
            *_limits(wanted),
            self.home.next_nonce(following, self._least_nonce),
        )
        self.home.sign_order(self._account_key, order)

    # ------------------------------------------------------------ handing over

    def _post(self, now: int) -> None:
        this_slot = now // self.home.slot_seconds
        orders = [held for held in self.home.orders if held.order.last_slot >= this_slot]
        for receiver in self._receivers:
            if now < receiver.not_before:
                continue
            readings = self.home.readings
            self._post_to(
                receiver,
                "orders",
                {order_name(held): held.to_json() for held in orders},
                now,
            )
            self._post_to(
                receiver,
                "readings",
                {
                    reading_name(slot): receiver.client.reading_json(readings[slot])
                    for slot in sorted(readings)
                },
                now,
            )
        self._post_receipts(now)

    def _ask_acks(self, this_slot: int) -> None:
        """Collect what nodes have acknowledged for the last slots; a wrong row is disputed with it."""
        self._acked = {(url, slot) for url, slot in self._acked if slot >= this_slot - _ASKED_SLOTS}
        slots = range(this_slot - _ASKED_SLOTS, this_slot)
        for receiver, slot in product(self._receivers, slots):
            sent = (reading_name(slot), receiver.url) in self.home.taken
            if not sent or (receiver.url, slot) in self._acked:
                continue
            for ack in receiver.client.acks(slot, self.home.account):
                try:
                    self.home.records.keep_ack(ack)
                except Forged as error:
                    self._once(
                        f"ack {receiver.url}", f"{receiver.url} did not sign what it answered: {error}"
                    )
                else:
                    self._acked.add((receiver.url, slot))

    def _post_receipts(self, now: int) -> None:
        agents = [receiver for receiver in self._receivers if receiver.receipts]
        due: dict[str, dict[str, Any]] = {}
        for trade_id, trade in self.home.bought.items():
            if trade.delivery is None or trade.ended or trade_id in self._settled:
                continue
            if _hidden_short(trade):
                continue  # only the gateway may open it
            name = receipt_name(trade_id)
            for agent in agents:
                if (name, agent.url) in self.home.taken:
                    taken = self._carried.setdefault((name, agent.url), now)
                    if now - taken < self._carry_seconds:
                        break
                elif now >= agent.not_before:
                    due.setdefault(agent.url, {})[name] = delivery_to_json(trade.delivery)
                    break
        for agent in agents:
            self._post_to(agent, "receipts", due.get(agent.url, {}), now)

    def _post_to(self, receiver: Receiver, path: str, items: dict[str, Any], now: int) -> None:
        left = [(name, item) for name, item in items.items() if (name, receiver.url) not in self.home.taken]
        for first in range(0, len(left), MOST_ITEMS):
            if now < receiver.not_before:
                return
            some = left[first : first + MOST_ITEMS]
            try:
                answers = receiver.client.post(path, [item for _, item in some])
            except NotReached as error:
                self._once(receiver.url, f"{error}; it is asked again later")
                receiver.later(now)
                return
            self._told.discard(receiver.url)
            receiver.pause = 0
            self._note(receiver, [name for name, _ in some], answers, now)

    def _note(
        self, receiver: Receiver, names: Iterable[str], answers: Iterable[tuple[Answer, str]], now: int
    ) -> None:
        for name, (answer, why) in zip(names, answers, strict=True):
            if answer is Answer.LATER:
                self._once(f"{receiver.url} {name}", f"{receiver.url} does not take the {name} yet: {why}")
                if now >= receiver.not_before:
                    receiver.later(now)
                continue
            self._carried[name, receiver.url] = now
            if answer is Answer.REFUSED:
                self.say(f"{receiver.url} refused the {name}: {why}")
                self._carried[name, receiver.url] -= self._carry_seconds  # the next one may try at once
            self.home.hand_over(name, receiver.url)

    # ------------------------------------------------------------ telling

    def status(self) -> dict[str, Any]:
        """Return what `energy-trading gateway status` shows."""
        last, now = self.home.last, self._now()
        orders = [held.order.last_slot for held in self.home.orders]
        return {
            "time": now,
            "meter": None if last is None else last.meter,
            "last_reading": None if last is None else last.time,
            "import_mwh": None if last is None else last.import_mwh,
            "export_mwh": None if last is None else last.export_mwh,
            "last_signed_slot": max(self.home.readings, default=None),
            "standing_order_until_slot": max(orders, default=None),
            "trades": {
                to_hex(key): trade.ended or ("receipt signed" if trade.delivery else "measuring")
                for key, trade in self.home.bought.items()
            },
            "waiting": {receiver.url: self._waiting(receiver) for receiver in self._receivers},
            "node": "away" if self._node_away or self._market is None else "there",
            "told": list(self.say.lines),
        }

    def _waiting(self, receiver: Receiver) -> int:
        names = [reading_name(slot) for slot in self.home.readings]
        names += [order_name(held) for held in self.home.orders]
        return sum((name, receiver.url) not in self.home.taken for name in names)

    def _write_status(self) -> None:
        text = json.dumps(exact(self.status()), indent=1)
        write_private(self._folder / STATUS, text.encode(), replace=True)

    def _once(self, topic: str, text: str) -> None:
        if topic not in self._told:
            self._told.add(topic)
            self.say(text)

    def _now(self) -> int | None:
        try:
            return self._clock.now()
        except TryAgain:
            last = self.home.last
            return None if last is None else last.time


def _limits(order: Order | OrderConfig) -> tuple[int, int, int]:
    return order.buy_limit, order.sell_limit, order.max_spend


def _hidden_short(trade: Bought) -> bool:
    assert trade.delivery is not None, "asked of signed ones only"
    return trade.offer.salt is not None and trade.delivery.energy.is_plain
