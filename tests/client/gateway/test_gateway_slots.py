"""A gateway in the slot market: a real verifier node over HTTP, and rows that it watches (Z-4, Z-6, Z-7)."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from energy_trading.council._verifier_http import make_app
from energy_trading.council._verifier_http import serving as serving_node
from energy_trading.types import SlotState
from tests.client.council.test_verifier_node import NETS, Neighbourhood, town  # noqa: F401
from tests.client.gateway_kit import Household, order_config
from tests.contracts.slot_market.conftest import _kept  # noqa: F401
from tests.contracts.slot_market.house import SLOT
from tests.nodes import free_port

HOME = 1


def household(town: Neighbourhood, folder: Path, **options: Any) -> Household:  # noqa: F811
    """The gateway of one home of the neighbourhood."""
    house = town.house
    owner = house.owners[HOME]
    world: Any = SimpleNamespace(
        suite=house.suite, chain=house.chain, meters={owner.address: house.meters[HOME]}
    )
    folder = folder / "home"
    folder.mkdir()
    return Household(world, owner, folder, sender=owner, **options)


def test_slot_from_the_meter_to_the_post(town: Neighbourhood, tmp_path: Path) -> None:  # noqa: F811
    """Z-4, Z-7: order and reading reach a node, its word is kept, the cluster posts, the row is right."""
    with ExitStack() as stack:
        urls = []
        for node in town.nodes.values():
            port = free_port()
            stack.enter_context(serving_node(make_app(node), "127.0.0.1", port))
            urls.append(f"http://127.0.0.1:{port}")
        wants = order_config(buy_limit=300_000, sell_limit=1, max_spend=10**12)
        gateway = household(town, tmp_path, wants=wants, verifiers=urls)
        slot = town.begin() + 1
        gateway.see(slot * SLOT - SLOT + 1, 5000)
        for home in NETS:
            if home != HOME:
                town.order(home, slot, home)
        town.deliver()
        town.house.next_slot()
        gateway.see(slot * SLOT, 5100)
        town.house.chain.mine((slot + 1) * SLOT)
        town.steps()
        gateway.see((slot + 1) * SLOT, 5100 - NETS[HOME])
        for home, net in NETS.items():
            if home != HOME:
                town.reading(home, slot, net, home)
        town.deliver()
        town.steps(8)
        assert town.state(slot) == SlotState.POSTED
        gateway.see((slot + 1) * SLOT + 1, 5100 - NETS[HOME])
        account = town.house.owners[HOME].address
        assert gateway.home.records.acks(account, slot).keys() == town.nodes.keys()
        assert gateway.said == []
        gateway.gateway.close()


def test_row_that_nobody_acknowledged_is_disputed(town: Neighbourhood, tmp_path: Path) -> None:  # noqa: F811
    """Z-6: a cluster posts a row of a home that sent it nothing; the home's gateway demands its evidence."""
    gateway = household(town, tmp_path)
    draft = town.house.post(NETS)
    gateway.see(town.house.chain.now(), 5000)
    assert [line.partition(";")[2] for line in gateway.said] == [" the gateway disputed it"]
    assert gateway.said[0].startswith(f"the row of slot {draft.slot} is wrong (demand): no signer has")
    gateway.see(town.house.chain.now() + 1, 5000)
    assert len(gateway.said) == 1
    gateway.gateway.close()
