"""One design with its people: what is ordered, filled, delivered and paid in each slot."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from energy_trading.bindings.suite import DEFAULT_CREDIT
from energy_trading.errors import InternalFault
from energy_trading.rules import credit
from energy_trading.rules.settlement import is_beyond_tolerance, short_delivery, withdrawal_cut_down
from energy_trading.simulation._tables import Tables, quoted
from energy_trading.simulation.designs.design import Design
from energy_trading.simulation.designs.tariffs import GridOnly
from energy_trading.simulation.orders import Fills, Integers, Orders, SlotView, ration
from energy_trading.simulation.people import EURO
from energy_trading.simulation.scenario.disturbances import (
    CapturedClusters,
    Cheaters,
    DeadVerifiers,
    Disturbance,
    LastLook,
    LateAcceptances,
    LateReadings,
    Merchant,
    SilentMeters,
    Withdrawals,
)
from energy_trading.simulation.scenario.scenario import Scenario
from energy_trading.simulation.settlements import SettledSlot, Settlement
from energy_trading.simulation.strategies.strategy import HomesView, Strategy
from energy_trading.types import BPS, ZERO_ADDRESS, MarketParameters

_Flags = NDArray[np.bool_]
LOSSES: Final = ("withheld", "faults", "design", "limits", "last_look", "undelivered")


@dataclass(frozen=True, eq=False)
class Town:
    """The people of a scenario: the same in each design.

    Args:
        scenario: which they are of.
        names: of the homes.
        quoted: names as CSV has them.
        groups: a strategy, and the numbers of the homes that have it.
        faults: a disturbance, and the homes that it concerns.
    """

    scenario: Scenario
    names: list[str]
    quoted: NDArray[np.object_]
    groups: tuple[tuple[Strategy, Integers], ...]
    faults: tuple[tuple[Disturbance, _Flags], ...]


@dataclass(frozen=True, eq=False)
class Energy:
    """A day of all homes, Wh: rows are homes, columns slots. Prices are in units per Wh.

    Args:
        load_wh: used.
        pv_wh: produced.
        stored_wh: put into stores, less what was taken out.
        net_wh: fed in less drawn.
        expected_wh: the forecast of it.
        retail: of the supplier in each slot, as this design has it.
        feed_in: likewise.
        grid_only: what each home would pay at the scenario's tariffs without any neighbour, units.
    """

    load_wh: Integers
    pv_wh: Integers
    stored_wh: Integers
    net_wh: Integers
    expected_wh: Integers
    retail: Integers
    feed_in: Integers
    grid_only: Integers


@dataclass(eq=False)
class _Cleared:
    """A stage of a slot before delivery."""

    stage: Design
    slot: SlotView
    wanted: Orders
    orders: Orders
    fills: Fills
    open_rows: Integers
    state: NDArray[np.object_]
    withdrawn: Integers
    withdrawn_cut: Integers
    reserved: Integers


class Books:
    """A design with the people of a scenario, slot after slot.

    Args:
        name: of the design.
        stages: of it.
        town: the people.
        settlement: executes what is decided.
        tables: receive every order, fill, row and payment.
    """

    def __init__(
        self, name: str, stages: Sequence[Design], town: Town, settlement: Settlement, tables: Tables
    ) -> None:
        self.name, self.stages, self._town, self._settlement = name, stages, town, settlement
        self._tables = tables
        #: the name as CSV has it
        self.label = quoted([name])[0]
        scenario, homes = town.scenario, len(town.names)
        market = scenario.market
        self._rules = MarketParameters(
            ZERO_ADDRESS,
            market.guarantee_bps,
            market.fee_bps,
            market.cancel_bps,
            market.penalty_bps,
            market.tolerance_bps,
            86_400,
            86_400,
            ZERO_ADDRESS,
        )
        self._credit = replace(
            DEFAULT_CREDIT,
            z0=scenario.credit.z0,
            z_unit=scenario.credit.z_unit,
            window=scenario.credit.window,
            grace_defaults=scenario.credit.grace_defaults,
            ban_unit=scenario.credit.ban_unit,
        )
        self.standing = [credit.new_standing(self._credit)] * homes
        self._groups = copy.deepcopy(town.groups)
        for i, (strategy, numbers) in enumerate(self._groups):
            strategy.begin(numbers.size, np.random.default_rng([scenario.seed, 11, i]))
        self.opening = scenario.market.funds_eur * EURO
        settlement.begin(town.names, self.opening)
        self.funds = np.full(homes, self.opening, np.int64)
        self._reserved = np.zeros(homes, np.int64)
        self.treasury = self.orders = self.trades = self.possible_wh = self.matched_wh = 0
        self.surplus_wh = self.deficit_wh = self.import_wh = self.export_wh = self.load_wh = self.pv_wh = 0
        self.lost_wh = dict.fromkeys(LOSSES, 0)
        kinds = ("sold", "bought", "market_fees", "cuts", "grid_fees", "retail", "feed_in", "grid_only")
        #: sums of what each home was paid or paid, units, by kind
        self.sums = {kind: np.zeros(homes, np.int64) for kind in kinds}
        place = np.arange(homes)
        self._feeder = place // scenario.grid.homes_per_feeder
        self._transformer = self._feeder // scenario.grid.feeders_per_transformer
        levels = 0 if not self._feeder[-1] else 1 if not self._transformer[-1] else 2
        self._dearest_grid_fee = scenario.grid.fees[levels]

    def view(self, slot: int, start: int, step_s: int, retail: int, feed_in: int) -> SlotView:
        """Return what everybody knows of a slot."""
        fee_bps = self._rules.fee_bps
        return SlotView(
            slot,
            start,
            step_s,
            retail,
            feed_in,
            floor=-(-feed_in * BPS // (BPS - fee_bps)),
            ceiling=max(0, retail - self._dearest_grid_fee),
            random=self._random(12, slot),
        )

    def _random(self, *what: int) -> np.random.Generator:
        return np.random.default_rng([self._town.scenario.seed, *what])

    # ------------------------------------------------------------ a day

    def day(self, number: int, starts: list[int], step_s: int, energy: Energy) -> None:
        """Trade a day.

        Raises:
            InternalFault: the settlement holds other money than the books.
        """
        views = [
            self.view(start // step_s, start, step_s, int(energy.retail[i]), int(energy.feed_in[i]))
            for i, start in enumerate(starts)
        ]
        self._day_start = starts[0]
        contracted = np.zeros_like(energy.net_wh)
        ahead: dict[int, list[tuple[int, _Cleared]]] = {i: [] for i in range(len(starts))}
        for place, stage in enumerate(self.stages):
            if stage.closes == "day ahead":
                for i, view in enumerate(views):
                    left = _same_side(energy.expected_wh[:, i], contracted[:, i])
                    cleared = self._clear(place, stage, view, left)
                    contracted[:, i] += cleared.fills.rows(left.size)
                    ahead[i].append((place, cleared))
        rows = np.zeros_like(energy.net_wh)
        for i, view in enumerate(views):
            rows[:, i] = self._slot(view, energy.net_wh[:, i], energy.expected_wh[:, i], ahead[i])
        self._bill(starts, energy, rows)
        homes, treasury = self._settlement.balances()
        if treasury != self.treasury or not np.array_equal(homes, self.funds):
            raise InternalFault(
                f"the venue of {self.name} holds other money than the books after day {number + 1};"
                " please report this scenario and its seed"
            )

    def _slot(
        self, view: SlotView, net: Integers, expected: Integers, ahead: list[tuple[int, _Cleared]]
    ) -> Integers:
        """Trade a slot; return what each home sold (above 0) or bought, delivered, Wh."""
        homes = net.size
        agreed = np.zeros(homes, np.int64)
        for _, cleared in ahead:
            agreed += cleared.fills.rows(homes)
        before = list(ahead)
        for place, stage in enumerate(self.stages):
            if stage.closes == "before the slot":
                cleared = self._clear(place, stage, view, _same_side(expected, agreed))
                agreed += cleared.fills.rows(homes)
                before.append((place, cleared))
        stages, left, rows = [], net.copy(), np.zeros(homes, np.int64)
        looked = np.zeros(homes, np.int64)
        for place, cleared in before:
            done, kept = self._deliver(place, cleared, left)
            stages.append(cleared)
            rows, left, looked = rows + done, left - done, looked + kept
        for place, stage in enumerate(self.stages):
            if stage.closes == "after metering":
                cleared = self._clear(place, stage, view, left)
                done, kept = self._deliver(place, cleared, left)
                stages.append(cleared)
                rows, left, looked = rows + done, left - done, looked + kept
        self._account_for(view, net, stages, looked, rows)
        return rows

    # ------------------------------------------------------------ orders and fills

    def _clear(self, place: int, stage: Design, view: SlotView, expected: Integers) -> _Cleared:
        homes = expected.size
        energy, limit = np.zeros(homes, np.int64), np.zeros(homes, np.int64)
        free = np.maximum(self.funds - self._reserved, 0)
        views = []
        for i, (strategy, numbers) in enumerate(self._groups):
            metered = stage.closes == "after metering"
            draw = self._random(13, view.slot, place, i)
            seen = HomesView(view, expected[numbers], free[numbers], metered, draw)
            energy[numbers], limit[numbers] = strategy.orders(seen)
            views.append(seen)
        if stage.closes != "after metering":
            prudent = self._town.scenario.people.prudent_percent
            expected = np.where(expected > 0, expected * prudent // 100, expected)
        # Nobody orders more than it has, nor the other side.
        energy = np.where(energy * np.sign(expected) > 0, energy, 0)
        energy = np.sign(energy) * np.minimum(abs(energy), abs(expected))
        limit = limit.clip(0)
        if stage.guaranteed:
            # A guarantee for the dearest price must be there.
            most = free * BPS // (max(1, view.retail) * self._rules.guarantee_bps)
            energy = np.minimum(energy, most)
        wanted = Orders(energy, limit, free)
        state = np.where(energy != 0, "open", "none").astype(object)
        energy = self._frauds(stage, view, energy)
        orders = Orders(energy, limit, free)
        orders, withdrawn, cuts = self._stop(stage, view, place, orders, state)
        if self._without_result(stage, view):
            state[state == "open"] = "void"
            orders = orders.without(np.ones(homes, bool))
        fills = Fills.pairs([])
        open_rows = np.zeros(homes, np.int64)
        if not isinstance(stage, GridOnly):
            fills = stage.clear(orders, replace(view, random=self._random(14, view.slot, place)))
            fills.check(orders, self.name)
            free_limits = np.where(orders.energy_wh > 0, min(view.floor, view.ceiling), view.ceiling)
            free_limits = np.where(orders.energy_wh != 0, free_limits, orders.limit)
            best = Orders(orders.energy_wh, free_limits, orders.max_spend)
            open_rows = stage.clear(best, replace(view, random=self._random(14, view.slot, place))).rows(
                homes
            )
        rows = fills.rows(homes)
        ordered = np.where(state == "open", orders.energy_wh, 0)
        for (strategy, numbers), seen in zip(self._groups, views, strict=True):
            strategy.learn(seen, ordered[numbers], rows[numbers])
        open_orders = state == "open"
        state[open_orders & (rows == orders.energy_wh)] = "filled"
        state[open_orders & (rows != 0) & (rows != orders.energy_wh)] = "part"
        state[open_orders & (rows == 0)] = "unfilled"
        fills = self._refuse_late(stage, view, place, fills)
        value = abs(fills.energy_wh) * fills.price
        reserved = np.zeros(homes, np.int64)
        if stage.guaranteed:
            held = np.where(fills.energy_wh > 0, -(-value * self._rules.guarantee_bps // BPS), value)
            np.add.at(reserved, fills.home, held)
            self._reserved += reserved
        return _Cleared(stage, view, wanted, orders, fills, open_rows, state, withdrawn, cuts, reserved)

    def _having(self, kind: type[Disturbance]) -> list[tuple[int, Any, _Flags]]:
        return [
            (i, fault, homes) for i, (fault, homes) in enumerate(self._town.faults) if type(fault) is kind
        ]

    def _struck(self, kind: type[Disturbance], view: SlotView, place: int = 0) -> _Flags:
        """Return whom a disturbance with a rate strikes in a slot."""
        struck = np.zeros(len(self._town.names), bool)
        for i, fault, homes in self._having(kind):
            draw = self._random(20 + i, view.slot, place).integers(0, 100, homes.size)
            struck |= homes & (draw < fault.rate_percent)
        return struck

    def _cheats(self, view: SlotView) -> _Flags:
        """Return which sellers deliver nothing in a slot."""
        cheats = np.zeros(len(self._town.names), bool)
        for _, fault, homes in self._having(Cheaters):
            if fault.role == "seller":
                cheats |= homes
        for _, fault, homes in self._having(Merchant):
            threshold = int(fault.cheats_from_credit * credit.E9)
            for home in np.flatnonzero(homes).tolist():
                cheats[home] |= self.standing[home].seller_credit_e9 >= threshold
        return cheats

    def _frauds(self, stage: Design, view: SlotView, energy: Integers) -> Integers:
        """Let merchants who cheat sell more than they have."""
        if stage.guaranteed:
            for _, fault, homes in self._having(Merchant):
                cheats = homes & self._cheats(view) & (energy > 0)
                energy = np.where(cheats, energy * fault.fraud_percent // 100, energy)
        return energy

    def _stop(
        self, stage: Design, view: SlotView, place: int, orders: Orders, state: NDArray[np.object_]
    ) -> tuple[Orders, Integers, Integers]:
        """Take out the orders that do not reach the market; return what withdrawals cost."""
        stopped: list[tuple[str, _Flags]] = [("banned", np.zeros(state.size, bool))]
        if isinstance(stage, GridOnly):
            return orders, np.zeros(0, np.int64), np.zeros(0, np.int64)
        if stage.guaranteed:
            banned = [each.banned_until > view.start for each in self.standing]
            stopped.append(("banned", np.array(banned)))
        if stage.closes == "after metering":
            stopped.append(("silent", self._struck(SilentMeters, view)))
            stopped.append(("late", self._struck(LateReadings, view)))
            stopped.append(("declined", self._cheats(view) & (orders.energy_wh > 0)))
        for _, fault, homes in self._having(Cheaters):
            if fault.role == "buyer":
                stopped.append(("declined", homes & (orders.energy_wh < 0)))
        withdrawn = np.zeros(0, np.int64)
        if stage.guaranteed:
            gives_up = self._struck(Withdrawals, view, place) & (orders.energy_wh > 0) & (state == "open")
            gives_up &= ~np.logical_or.reduce([each for _, each in stopped])
            withdrawn = np.flatnonzero(gives_up)
            stopped.append(("withdrawn", gives_up))
        for name, homes in stopped:
            state[homes & (state == "open")] = name
        prices = orders.limit[withdrawn] * orders.energy_wh[withdrawn]
        cuts = [withdrawal_cut_down(price, self._rules) for price in prices.tolist()]
        out = (state != "open") & (state != "none")
        return orders.without(out), withdrawn, np.array(cuts, np.int64)

    def _without_result(self, stage: Design, view: SlotView) -> bool:
        """Return whether the verifiers of a slot fail: silent ones, or a captured cluster in dispute."""
        if stage.closes != "after metering" or isinstance(stage, GridOnly):
            return False
        for kind in (DeadVerifiers, CapturedClusters):
            for i, fault, _ in self._having(kind):
                bad = fault.members * fault.rate_percent // 100
                drawn = int(
                    self._random(40 + i, view.slot).hypergeometric(bad, fault.members - bad, fault.cluster)
                )
                fails = (
                    drawn > fault.cluster - fault.quorum if kind is DeadVerifiers else drawn >= fault.quorum
                )
                if fails:
                    return True
        return False

    def _refuse_late(self, stage: Design, view: SlotView, place: int, fills: Fills) -> Fills:
        """Take out what was accepted too late; nobody has paid anything."""
        if not stage.guaranteed or not self._having(LateAcceptances):
            return fills
        late = self._struck(LateAcceptances, view, place)
        return _without(fills, late[fills.home] & (fills.energy_wh < 0), view.slot)

    # ------------------------------------------------------------ delivery and money

    def _deliver(self, place: int, cleared: _Cleared, left: Integers) -> tuple[Integers, Integers]:
        """Deliver and pay the fills of a stage; return the rows delivered, and those not dropped."""
        stage, view, homes = cleared.stage, cleared.slot, left.size
        self._reserved -= cleared.reserved
        fills = self._last_look(cleared, left)
        kept = fills.rows(homes)
        self._write_orders(place, cleared, kept)
        cheats = self._cheats(view) if stage.guaranteed else np.zeros(homes, bool)
        silent = self._struck(SilentMeters, view) if stage.guaranteed else np.zeros(homes, bool)
        surplus = np.where(cheats, 0, left.clip(0))
        deficit = np.where(silent, 0, (-left).clip(0))
        delivered, able = _delivered(fills, surplus, deficit, view.slot)
        cut, testified = np.zeros((2, delivered.size), np.int64)
        amount = abs(delivered) * fills.price
        sold = fills.energy_wh > 0
        fee = np.where(sold, amount * self._rules.fee_bps // BPS, 0)
        if stage.guaranteed:
            self._judge(cleared, fills, delivered, able, amount, cut, testified)
        self._pay(place, cleared, fills, delivered, amount, fee, cut)
        self._settlement.settle(
            SettledSlot(
                self.name,
                stage,
                view,
                cleared.orders,
                fills,
                left,
                delivered,
                amount,
                fee,
                cut,
                testified,
                cleared.withdrawn,
                cleared.withdrawn_cut,
            )
        )
        rows = np.zeros(homes, np.int64)
        np.add.at(rows, fills.home, delivered)
        return rows, kept

    def _last_look(self, cleared: _Cleared, left: Integers) -> Fills:
        """Let homes with the last look drop what raises their bill, once their meter is read."""
        lookers = [homes for _, _, homes in self._having(LastLook)]
        if not lookers:
            return cleared.fills
        fills, view = cleared.fills, cleared.slot
        rows = fills.rows(left.size)
        money = np.zeros(left.size, np.int64)
        np.add.at(money, fills.home, fills.energy_wh * fills.price)

        def bill(net: Integers) -> Integers:
            owed: Integers = view.retail * (-net).clip(0) - view.feed_in * net.clip(0)
            return owed

        # What was sold and not delivered is bought at retail, as a position is settled.
        worse = bill(left - rows) - money > bill(left)
        drops = np.logical_or.reduce(lookers) & worse & (rows != 0)
        return _without(fills, drops[fills.home], view.slot) if drops.any() else fills

    def _judge(
        self,
        cleared: _Cleared,
        fills: Fills,
        delivered: Integers,
        able: Integers,
        amount: Integers,
        cut: Integers,
        testified: Integers,
    ) -> None:
        """Cut guarantees of sellers who were short, and move the credit of both sides, as the market does.

        A seller whose meter fed in what was agreed, up to the tolerance, lets it testify: it loses nothing,
        whatever the buyer drew (N-3). Where that disagrees with the receipt beyond the tolerance, nobody's
        credit moves; a default moves the seller's alone.
        """
        constants, rules, view = self._credit, self._rules, cleared.slot
        agreed_at = (self._day_start if cleared.stage.closes == "day ahead" else view.start) + 1
        homes, energies, prices = fills.home.tolist(), fills.energy_wh.tolist(), fills.price.tolist()
        flows, ables, amounts = delivered.tolist(), able.tolist(), amount.tolist()
        moves = True
        for i, (home, energy, price) in enumerate(zip(homes, energies, prices, strict=True)):
            z = credit.z_of(amounts[i], constants)
            if energy < 0:
                # The two fills of a pair stand side by side, the seller's first; a pool has no such partner.
                if amounts[i] and (moves or fills.pair[i] < 0):
                    self.standing[home] = credit.bought(self.standing[home], z, constants)
                continue
            moves, is_default = True, False
            if flows[i] < energy:
                short = short_delivery(price * energy, flows[i], energy, rules)
                moves = not short.is_default
                if not is_beyond_tolerance(ables[i], energy, rules):
                    testified[i] = ables[i]
                else:
                    cut[i], is_default = short.cut, short.is_default
            if is_default:
                z, end = credit.z_of(price * energy, constants), view.start + view.step_s
                standing = self.standing[home]
                self.standing[home] = credit.seller_default(standing, z, end, constants, agreed_at)
            elif moves and amounts[i]:
                self.standing[home] = credit.sold(self.standing[home], z, constants)

    def _pay(
        self,
        place: int,
        cleared: _Cleared,
        fills: Fills,
        delivered: Integers,
        amount: Integers,
        fee: Integers,
        cut: Integers,
    ) -> None:
        view, sold = cleared.slot, fills.energy_wh > 0
        grid = self._grid_fees(fills, delivered)
        np.add.at(self.funds, fills.home, np.where(sold, amount - fee - cut, -amount))
        np.subtract.at(self.funds, cleared.withdrawn, cleared.withdrawn_cut)
        self.treasury += int(fee.sum() + cut.sum() + cleared.withdrawn_cut.sum())
        for kind, values in (
            ("sold", np.where(sold, amount, 0)),
            ("bought", np.where(sold, 0, amount)),
            ("market_fees", fee),
            ("cuts", cut),
            ("grid_fees", grid),
        ):
            np.add.at(self.sums[kind], fills.home, values)
        np.add.at(self.sums["cuts"], cleared.withdrawn, cleared.withdrawn_cut)
        self.trades += int((~sold).sum())
        names, start, count = self._town.quoted, view.start, fills.home.size
        stage_name = f"{place + 1}"
        side = np.where(sold, "sell", "buy").tolist()
        trade = [str(each) if each >= 0 else "" for each in fills.pair.tolist()]
        own = names[fills.home].tolist()
        self._tables.add(
            "fills",
            count,
            self.label,
            stage_name,
            start,
            trade,
            own,
            side,
            abs(fills.energy_wh),
            abs(delivered),
            fills.price,
            amount,
            fee,
            grid,
            cut,
        )
        payees = np.array(["market"] * count, dtype=object)
        paired = fills.pair >= 0
        payees[paired & ~sold] = names[fills.home[paired & sold]]
        buys, sells = ~sold & (amount > 0), sold & ~paired & (amount > 0)
        add = self._add_payments
        add(start, names[fills.home[buys]], payees[buys], "energy", -delivered[buys], amount[buys])
        add(start, "market", names[fills.home[sells]], "energy", delivered[sells], amount[sells])
        for kind, payee, values in (
            ("market_fee", "treasury", fee),
            ("guarantee_cut", "treasury", cut),
            ("grid_fee", "dso", grid),
        ):
            some = values > 0
            add(start, names[fills.home[some]], payee, kind, abs(delivered[some]), values[some])
        gone = cleared.withdrawn
        add(start, names[gone], "treasury", "withdrawal_cut", np.zeros_like(gone), cleared.withdrawn_cut)

    def _add_payments(
        self, start: Any, payer: Any, payee: Any, kind: str, energy: Any, units: Integers
    ) -> None:
        def column(value: Any) -> Any:
            return value.tolist() if isinstance(value, np.ndarray) and value.dtype == object else value

        self._tables.add(
            "payments", units.size, self.label, start, column(payer), column(payee), kind, energy, units
        )

    def _grid_fees(self, fills: Fills, delivered: Integers) -> Integers:
        """Return the grid fee of each buyer's fill: of its trade, or as if the nearest supply came first."""
        fees = self._town.scenario.grid.fees
        result = np.zeros(delivered.size, np.int64)
        if not any(fees) or not delivered.size:
            return result
        sold = fills.energy_wh > 0
        if (fills.pair >= 0).all():
            # The two fills of a pair stand side by side, the seller's first.
            seller, buyer = fills.home[sold], fills.home[~sold]
            near = (self._feeder[seller] == self._feeder[buyer]).astype(int)
            near += self._transformer[seller] == self._transformer[buyer]
            result[~sold] = -delivered[~sold] * np.array(fees[::-1], np.int64)[near]
            return result
        supply = np.where(sold, delivered, 0)
        demand = np.where(sold, 0, -delivered)
        for fee, area in zip(
            fees, (self._feeder, self._transformer, np.zeros_like(self._feeder)), strict=True
        ):
            for number in np.unique(area[fills.home]).tolist():
                inside = area[fills.home] == number
                s, d = np.where(inside, supply, 0), np.where(inside, demand, 0)
                matched = min(int(s.sum()), int(d.sum()))
                taken = ration(d, matched, 0)
                supply, demand = supply - ration(s, matched, 0), demand - taken
                result += taken * fee
        return result

    def _bill(self, starts: list[int], energy: Energy, rows: Integers) -> None:
        """Let the supplier bill what neighbours did not deliver or take."""
        residual = energy.net_wh - rows
        drawn, fed_in = (-residual).clip(0), residual.clip(0)
        retail, feed_in = drawn * energy.retail, fed_in * energy.feed_in
        self.sums["retail"] += retail.sum(axis=1)
        self.sums["feed_in"] += feed_in.sum(axis=1)
        self.sums["grid_only"] += energy.grid_only
        self.import_wh += int(drawn.sum())
        self.export_wh += int(fed_in.sum())
        self.load_wh += int(energy.load_wh.sum())
        self.pv_wh += int(energy.pv_wh.sum())
        homes = len(self._town.names)
        names = np.repeat(self._town.quoted, len(starts))
        times = np.tile(np.array(starts, np.int64), homes)
        flat = [
            each.ravel()
            for each in (
                energy.load_wh,
                energy.pv_wh,
                energy.stored_wh,
                energy.net_wh,
                rows.clip(0),
                (-rows).clip(0),
                drawn,
                fed_in,
                retail,
                feed_in,
            )
        ]
        self._tables.add("rows", times.size, self.label, times, names.tolist(), *flat)
        for kind, amounts, energies in (("retail", retail, drawn), ("feed_in", feed_in, fed_in)):
            some = np.flatnonzero(amounts.ravel())
            who = names[some]
            payer, payee = (who, "supplier") if kind == "retail" else ("supplier", who)
            self._add_payments(times[some], payer, payee, kind, energies.ravel()[some], amounts.ravel()[some])

    # ------------------------------------------------------------ what is left on the table

    def _account_for(
        self, view: SlotView, net: Integers, stages: list[_Cleared], looked: Integers, rows: Integers
    ) -> None:
        """Say for each Wh of the local match that was not made, why."""

        def match(energy: Integers) -> int:
            within = np.minimum(abs(energy), abs(net)) * (energy * np.sign(net) > 0)
            return min(int(within[net > 0].sum()), int(within[net < 0].sum()))

        zero = np.zeros(net.size, np.int64)
        possible = match(net)
        wanted = match(sum((each.wanted.energy_wh for each in stages), zero))
        ordered = match(sum((each.orders.energy_wh for each in stages), zero))
        best = match(sum((each.open_rows for each in stages), zero))
        agreed = match(sum((each.fills.rows(net.size) for each in stages), zero))
        kept = match(looked)
        matched = int(rows.clip(0).sum())
        steps = (possible, wanted, ordered, best, agreed, kept, matched)
        losses = [before - after for before, after in pairwise(steps)]
        for name, lost in zip(LOSSES, losses, strict=True):
            self.lost_wh[name] += lost
        self.possible_wh += possible
        self.matched_wh += matched
        surplus, deficit = int(net.clip(0).sum()), int((-net).clip(0).sum())
        self.surplus_wh += surplus
        self.deficit_wh += deficit
        numbers = (view.retail, view.feed_in, surplus, deficit, possible, matched, *losses)
        self._tables.add("slots", 1, self.label, view.start, *numbers)

    def _write_orders(self, place: int, cleared: _Cleared, kept: Integers) -> None:
        if isinstance(cleared.stage, GridOnly):
            return  # the supplier needs no orders
        wanted, orders, state = cleared.wanted, cleared.orders, cleared.state
        there = np.flatnonzero(wanted.energy_wh)
        self.orders += there.size
        # What was filled and did not stand: accepted too late, or dropped at the last look, by either side.
        state[(kept == 0) & np.isin(state, ("filled", "part"))] = "dropped"
        state[(kept != orders.energy_wh) & (state == "filled")] = "part"
        ordered = np.where(orders.energy_wh != 0, orders.energy_wh, wanted.energy_wh)[there]
        self._tables.add(
            "orders",
            there.size,
            self.label,
            f"{place + 1}",
            cleared.slot.start,
            self._town.quoted[there].tolist(),
            np.where(ordered > 0, "sell", "buy").tolist(),
            abs(ordered),
            orders.limit[there],
            orders.max_spend[there],
            abs(kept[there]),
            state[there].tolist(),
        )


def _same_side(expected: Integers, contracted: Integers) -> Integers:
    """Return what is left of an expected surplus or deficit after contracts, never beyond 0."""
    left = expected - contracted
    return np.where(left * np.sign(expected) > 0, left, 0)


def _without(fills: Fills, gone: _Flags, turn: int) -> Fills:
    """Return fills without some; the other side of a pool shrinks in proportion, that of a pair goes too."""
    pairs = np.isin(fills.pair, fills.pair[gone & (fills.pair >= 0)]) & (fills.pair >= 0)
    keep = ~(gone | pairs)
    home, energy, price, pair = (
        each[keep] for each in (fills.home, fills.energy_wh, fills.price, fills.pair)
    )
    sold, bought = energy.clip(0), (-energy).clip(0)
    both = min(int(sold.sum()), int(bought.sum()))
    energy = ration(sold, both, turn) - ration(bought, both, turn)
    return Fills(home, energy, price, pair)


def _delivered(fills: Fills, surplus: Integers, deficit: Integers, turn: int) -> tuple[Integers, Integers]:
    """Return what is delivered of each fill, with its sign, and what its seller could have delivered."""
    sold = fills.energy_wh > 0
    able = np.zeros(fills.home.size, np.int64)
    if not fills.home.size:
        return able, able
    if (fills.pair < 0).all():
        able = np.where(sold, np.minimum(fills.energy_wh, surplus[fills.home]), 0)
        drawn = np.where(sold, 0, np.minimum(-fills.energy_wh, deficit[fills.home]))
        both = min(int(able.sum()), int(drawn.sum()))
        return ration(able, both, turn) - ration(drawn, both, turn), able
    delivered = np.zeros(fills.home.size, np.int64)
    can, needs = surplus.tolist(), deficit.tolist()
    promised = surplus.tolist()
    homes, energies = fills.home.tolist(), fills.energy_wh.tolist()
    # The two fills of a pair stand side by side, the seller's first.
    for i in range(0, len(homes), 2):
        seller, buyer, energy = homes[i], homes[i + 1], energies[i]
        able[i] = part = min(energy, promised[seller])
        promised[seller] -= part
        flow = min(part, can[seller], needs[buyer])
        can[seller] -= flow
        needs[buyer] -= flow
        delivered[i], delivered[i + 1] = flow, -flow
    return delivered, able
