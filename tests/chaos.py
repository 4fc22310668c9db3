"""Seven verifiers on Anvil, over mosquitto and HTTP, of which any two are killed every few seconds.

`make chaos` runs it for five minutes, `CHAOS_SECONDS=60 make chaos` for one. It fails if a slot that had a
quorum was lost, if money was made or lost, or if an exit was not paid once all verifiers are dead. Two of
seven are down at most, and three of a cluster of five sign, so every slot has a quorum.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from energy_trading import HomeLink, MqttHomeLink, connect
from energy_trading.bindings.slot_market import SlotPosted
from energy_trading.errors import TryAgain
from energy_trading.types import SlotState
from tests.nodes import anvil
from tests.slot_town import CHAIN_ID, LOCKED, SlotTown, mosquitto

SLOT, POST, MEMBERS, HOMES = 60, 600, 7, 8
#: seconds of the chain's clock for each second of ours
SPEED = 5


def tick(url: str, stop: threading.Event) -> None:
    """Let the chain's clock run faster than ours."""
    chain = connect(url, CHAIN_ID)
    while not stop.wait(1):
        chain.mine(chain.now() + SPEED)


def run(seconds: int) -> dict[str, object]:
    """Run verifiers and homes for some seconds, and check what must hold at the end."""
    rng = random.Random(13)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = stack.enter_context(mosquitto(folder))
        url = stack.enter_context(anvil("--chain-id", str(CHAIN_ID)))
        times = {
            "slot_seconds": SLOT,
            "turn_seconds": 10,
            "post_seconds": POST,
            "window_seconds": 60,
            "answer_seconds": 60,
        }
        sets = {"cluster_size": 5, "quorum": 3, "verifier_size": 2}
        town = SlotTown(url, folder, MEMBERS, HOMES, broker, times, **sets)
        stack.callback(town.close)
        before = town.total()
        # Every second member is reached over HTTP, the others over the broker.
        ways = {m: f"http://127.0.0.1:{town.ports[m]}" if i % 2 else "" for i, m in enumerate(town.ports)}

        def start(member: str) -> None:
            town.start(member, members=ways, collect_seconds=20, finalise_every=2)

        for member in ways:
            start(member)
        for member in ways:
            town.ready(member)
        stop = threading.Event()
        stack.callback(stop.set)
        accounts = [owner.address for owner in town.owners]
        http = HomeLink([url for url in ways.values() if url], town.records)
        mqtt = MqttHomeLink("127.0.0.1", broker, town.domain, accounts, town.records)
        stack.callback(http.close)
        stack.callback(mqtt.close)
        first = town.now_slot() + 1
        for home in range(HOMES):
            order = town.signed_order(home, first, 96)
            mqtt.order(order)
            http.order(order)
        threading.Thread(target=tick, args=(url, stop), daemon=True).start()

        end, kills, slot = time.time() + seconds, 0, first
        settled: list[int] = []
        down: list[str] = []
        restart_at = 0.0
        while time.time() < end:
            while slot < town.now_slot():
                nets = [rng.choice((-1, 1)) * rng.randrange(50, 900) for _ in range(HOMES - 2)]
                for home, net in enumerate([*nets, 400, -400]):  # both sides are there in every slot
                    reading = town.signed_reading(home, slot, net)
                    mqtt.reading(reading)
                    with suppress(TryAgain):  # all that listen over HTTP are down; the broker has it
                        http.reading(reading)
                settled.append(slot)
                slot += 1
            if not down:
                down = rng.sample(sorted(town.processes), 2)
                for member in down:
                    town.kill(member)
                kills += 2
                restart_at = time.time() + 2
            elif time.time() > restart_at:
                for member in down:
                    start(member)
                for member in down:
                    town.ready(member)
                down = []
            time.sleep(0.5)
        for member in down:
            start(member)
        deadline = (settled[-1] + 1) * SLOT + POST  # of the chain's clock
        while town.chain.now() < deadline and SlotState.NONE in map(town.state, settled):
            time.sleep(0.5)
        stop.set()
        states = {each: town.state(each) for each in settled}
        posted = {event.slot for event in _posts(town)}
        lost = [each for each in settled if each not in posted]
        void = [each for each, state in states.items() if state == SlotState.VOID]

        # All verifiers are dead: whatever is posted is made final by anybody, and all exits are paid.
        town.close()
        last = town.now_slot()
        for owner in town.owners:
            town.suite.slots.request_exit(2**62).send(owner)
        town.go((last + 1) * SLOT + POST + 120)
        _finish(town, last)
        paid = []
        for home in range(HOMES):
            paid.append(town.suite.slots.home_of(home).balance)
            town.suite.slots.withdraw(home).send(town.dso)
        after = town.total()
        result: dict[str, object] = {
            "seconds": seconds,
            "kills": kills,
            "slots": len(settled),
            "posted": len(posted & set(settled)),
            "lost": lost,
            "void": void,
            "units_made_or_lost": after - before,
            "paid_out": sum(paid),
            "locked_after": town.suite.slots.locked(),
        }
        assert not lost, (result, town.logs())
        assert not void, (result, town.logs())
        assert after == before, result
        assert town.suite.slots.locked() == 0, result
        assert sum(paid) <= HOMES * LOCKED
        return result


def _posts(town: SlotTown) -> list[SlotPosted]:
    return [event for event in town.suite.slots.events() if isinstance(event, SlotPosted)]


def _finish(town: SlotTown, last: int) -> None:
    """Make everything final with the command that anybody has."""
    while town.suite.slots.frontier() <= last:
        command = [sys.executable, "-m", "energy_trading", "slots", "finalise", "--rpc", town.url]
        command += ["--deployment", str(town.record)]
        key = (7300).to_bytes(32, "big").hex()
        subprocess.run(
            command, env={**os.environ, "ENERGY_TRADING_KEY": key}, check=True, stdout=subprocess.DEVNULL
        )


if __name__ == "__main__":
    print(json.dumps(run(int(os.environ.get("CHAOS_SECONDS", "300"))), indent=2))
