// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IEnergyLedger, Outcome, Settlement} from "./interfaces/IEnergyLedger.sol";
import {IMeterRegistry} from "./interfaces/IMeterRegistry.sol";
import {ISlotHomes} from "./interfaces/ISlotHomes.sol";
import {ISlotMarket} from "./interfaces/ISlotMarket.sol";
import {Range} from "./libraries/Range.sol";
import {Roles} from "./types/Account.sol";
import {Lanes, LanesLib} from "./types/Lanes.sol";
import {HomeView} from "./types/Slot.sol";

/// @title Homes of a slot market
/// @notice Specified in {ISlotHomes}.
abstract contract SlotHomes is ISlotHomes {
    uint256 private constant MAX_HOMES = 4096;
    uint32 internal constant NO_END = type(uint32).max;

    IEnergyLedger internal immutable _LEDGER;
    uint256 internal immutable _SLOT_SECONDS;

    /// @dev slot 0: | frontier 64 | homes 64 | locked in all lanes 128 |
    uint64 internal _frontier;
    uint64 internal _homes;
    uint128 internal _locked;

    /// @dev Where a home's money goes: | account 160 | exitAmount 64 | exitSlot 32 |
    struct Site {
        address account;
        uint64 exitAmount;
        uint32 exitSlot;
    }

    /// @dev What a home may do in which slot: | number + 1 16 | cap 56 | capBefore 56 | capSince 32 |
    /// meterSince 32 | frozenFrom 32 | frozenTo 32 |
    struct Standing {
        uint16 number;
        uint56 cap;
        uint56 capBefore;
        uint32 capSince;
        uint32 meterSince;
        uint32 frozenFrom;
        uint32 frozenTo;
    }

    /// @dev A home's meter now and before `meterSince`; `torn`: it signed two readings for one slot.
    struct MeterRecord {
        bytes32 current;
        bytes32 before;
        bool torn;
    }

    /// @dev Least nonce that counts from `since` on, and the one before.
    struct Revocation {
        uint64 nonce;
        uint64 before;
        uint32 since;
    }

    mapping(uint256 word => Lanes) internal _lanes;
    mapping(uint256 home => Site) internal _site;
    mapping(address account => Standing) internal _standing;
    mapping(address account => MeterRecord) internal _meter;
    mapping(address account => Revocation) internal _revocation;
    /// @inheritdoc ISlotHomes
    mapping(address account => uint256) public owed;

    /// @notice Begins without homes; the frontier is the first slot of a period that is under way.
    /// @dev Reverts: {Range_Outside}.
    /// @param ledger Energy ledger that names the slot market.
    /// @param slotSeconds Length of a slot, one minute to a day.
    constructor(address ledger, uint256 slotSeconds) {
        _LEDGER = IEnergyLedger(ledger);
        _SLOT_SECONDS = Range.check("slotSeconds", slotSeconds, 1 minutes, 1 days);
    }

    // ---------------------------------------------------------------- homes

    /// @inheritdoc ISlotHomes
    function join(uint256 cap) external returns (uint256 home) {
        home = _homes;
        if (_standing[msg.sender].number != 0) {
            revert ISlotMarket.SlotMarket_AlreadyJoined(msg.sender, _standing[msg.sender].number - 1);
        }
        if (home == MAX_HOMES) {
            revert ISlotMarket.SlotMarket_TooManyHomes(home + 1, MAX_HOMES);
        }
        _checkAmount(cap, 0, type(uint56).max);
        if (!_mayCommit(msg.sender)) {
            revert ISlotMarket.SlotMarket_MayNotCommit(msg.sender);
        }
        bytes32 meter = IMeterRegistry(address(_LEDGER)).meterOf(msg.sender);
        if (meter == 0) {
            revert ISlotMarket.SlotMarket_NoMeter(msg.sender);
        }
        _beforeJoin();
        _homes = uint64(home + 1);
        _site[home].account = msg.sender;
        (_standing[msg.sender].number, _standing[msg.sender].cap) = (uint16(home + 1), uint56(cap));
        _meter[msg.sender].current = meter;
        emit ISlotMarket.Joined(home, msg.sender, cap, meter);
    }

    /// @inheritdoc ISlotHomes
    function lock(uint256 amount) external {
        uint256 home = homeNumber(msg.sender);
        // No lane can be full, whoever earns: all of them together stay below 2**63.
        _checkAmount(amount, 1, LanesLib.MAX - _locked);
        _locked += uint128(amount);
        _lanes[home / LanesLib.HOMES] = _lanes[home / LanesLib.HOMES].add(home, amount);
        emit ISlotMarket.Locked(home, amount);
        // slither-disable-next-line unused-return -- no meter is asked for
        _LEDGER.commit(address(0), msg.sender, false, 0, amount);
    }

    /// @inheritdoc ISlotHomes
    function requestExit(uint256 amount) external {
        uint256 home = homeNumber(msg.sender);
        _checkAmount(amount, 0, LanesLib.MAX);
        uint32 slot = _nextSlot() - 1;
        (_site[home].exitAmount, _site[home].exitSlot) = (uint64(amount), slot);
        emit ISlotMarket.ExitRequested(home, amount, slot);
    }

    /// @inheritdoc ISlotHomes
    function withdraw(uint256 home) external {
        address account = _accountOf(home);
        Site storage site = _site[home];
        if (site.exitAmount == 0) {
            revert ISlotMarket.SlotMarket_NoExit(home);
        }
        if (site.exitSlot >= _frontier) {
            revert ISlotMarket.SlotMarket_ExitNotDue(site.exitSlot, _frontier);
        }
        Lanes lanes = _lanes[home / LanesLib.HOMES];
        uint256 balance = lanes.balance(home);
        uint256 amount = site.exitAmount < balance ? site.exitAmount : balance;
        (site.exitAmount, site.exitSlot) = (0, 0);
        _lanes[home / LanesLib.HOMES] = lanes.sub(home, amount);
        _locked -= uint128(amount);
        emit ISlotMarket.Exited(home, amount);
        _pay(account, amount);
    }

    /// @inheritdoc ISlotHomes
    function setCap(uint256 cap) external {
        uint256 home = homeNumber(msg.sender);
        _checkAmount(cap, 0, type(uint56).max);
        Standing storage s = _standing[msg.sender];
        uint32 next = _nextSlot();
        if (s.capSince != next) {
            _checkSettled(s.capSince);
            (s.capBefore, s.capSince) = (s.cap, next);
        }
        s.cap = uint56(cap);
        emit ISlotMarket.CapChanged(home, cap, next);
    }

    /// @inheritdoc ISlotHomes
    function freeze(uint256 home) external {
        address account = _accountOf(home);
        if (_mayCommit(account)) {
            revert ISlotMarket.SlotMarket_MayCommit(account);
        }
        if (_standing[account].frozenTo == NO_END) {
            revert ISlotMarket.SlotMarket_AlreadyFrozen(home);
        }
        _freeze(home, account);
    }

    /// @inheritdoc ISlotHomes
    function unfreeze(uint256 home) external {
        address account = _accountOf(home);
        if (_standing[account].frozenTo != NO_END) {
            revert ISlotMarket.SlotMarket_NotFrozen(home);
        }
        if (_meter[account].torn) {
            revert ISlotMarket.SlotMarket_MeterTorn(home);
        }
        if (!_mayCommit(account)) {
            revert ISlotMarket.SlotMarket_MayNotCommit(account);
        }
        uint32 next = _nextSlot();
        _standing[account].frozenTo = next;
        emit ISlotMarket.Unfrozen(home, next);
    }

    /// @inheritdoc ISlotHomes
    function updateMeter(uint256 home) external {
        address account = _accountOf(home);
        bytes32 meter = IMeterRegistry(address(_LEDGER)).meterOf(account);
        MeterRecord storage m = _meter[account];
        if (meter == m.current) {
            revert ISlotMarket.SlotMarket_SameMeter(account, meter);
        }
        uint32 next = _nextSlot();
        if (_standing[account].meterSince != next) {
            _checkSettled(_standing[account].meterSince);
            _standing[account].meterSince = next;
            m.before = m.current;
        }
        m.current = meter;
        m.torn = false;
        emit ISlotMarket.MeterChanged(home, meter, next);
    }

    /// @inheritdoc ISlotHomes
    function revokeBelow(uint256 nonce) external {
        Revocation storage r = _revocation[msg.sender];
        if (nonce <= r.nonce || nonce > type(uint64).max) {
            revert ISlotMarket.SlotMarket_BadNonce(nonce, uint256(r.nonce) + 1);
        }
        uint32 next = _nextSlot();
        if (r.since != next) {
            _checkSettled(r.since);
            (r.before, r.since) = (r.nonce, next);
        }
        r.nonce = uint64(nonce);
        emit ISlotMarket.OrdersRevoked(msg.sender, nonce, next);
    }

    /// @inheritdoc ISlotHomes
    function collect() external returns (uint256 amount) {
        amount = owed[msg.sender];
        if (amount == 0) {
            revert ISlotMarket.SlotMarket_NothingOwed(msg.sender);
        }
        owed[msg.sender] = 0;
        emit ISlotMarket.Collected(msg.sender, amount);
        _pay(msg.sender, amount);
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc ISlotHomes
    function homeOf(uint256 home) external view returns (HomeView memory) {
        Site storage site = _site[home];
        Standing storage s = _standing[site.account];
        return
            HomeView({
                account: site.account,
                balance: _lanes[home / LanesLib.HOMES].balance(home),
                exitAmount: site.exitAmount,
                exitSlot: site.exitSlot,
                cap: s.cap,
                capBefore: s.capBefore,
                capSince: s.capSince,
                frozenFrom: s.frozenFrom,
                frozenTo: s.frozenTo,
                meter: _meter[site.account].current
            });
    }

    /// @inheritdoc ISlotHomes
    function homeNumber(address account) public view returns (uint256) {
        uint256 number = _standing[account].number;
        if (number == 0) {
            revert ISlotMarket.SlotMarket_NotJoined(account);
        }
        return number - 1;
    }

    /// @inheritdoc ISlotHomes
    function frontier() external view returns (uint256) {
        return _frontier;
    }

    /// @inheritdoc ISlotHomes
    function homes() external view returns (uint256) {
        return _homes;
    }

    /// @inheritdoc ISlotHomes
    function locked() external view returns (uint256) {
        return _locked;
    }

    /// @inheritdoc ISlotHomes
    function meterAt(uint256 home, uint256 slot) public view returns (address account, bytes32 meter) {
        account = _accountOf(home);
        MeterRecord storage m = _meter[account];
        meter = slot < _standing[account].meterSince ? m.before : m.current;
    }

    /// @inheritdoc ISlotHomes
    function minNonce(address account, uint256 slot) public view returns (uint256) {
        Revocation storage r = _revocation[account];
        return slot < r.since ? r.before : r.nonce;
    }

    // ---------------------------------------------------------------- helpers

    /// @dev Called before a home is given its number.
    function _beforeJoin() internal virtual;

    /// @dev Freezes a home from the next slot on. A freeze that has not ended yet goes on.
    function _freeze(uint256 home, address account) internal {
        Standing storage s = _standing[account];
        uint32 next = _nextSlot();
        if (s.frozenTo < next) {
            _checkSettled(s.frozenTo);
            s.frozenFrom = next;
        }
        s.frozenTo = NO_END;
        emit ISlotMarket.Frozen(home, next);
    }

    /// @dev What is owed is collected: nobody is paid inside another's call.
    function _credit(address account, uint256 amount) internal {
        if (amount != 0) {
            owed[account] += amount;
            emit ISlotMarket.Owed(account, amount);
        }
    }

    /// @dev Moves units from the market's care into an account's funds in the ledger.
    function _pay(address account, uint256 amount) internal {
        _LEDGER.settle(Settlement(account, 0, amount, address(0), 0, Outcome.None, 0, 0, 0));
    }

    /// @dev The slot after that of now.
    function _nextSlot() internal view returns (uint32) {
        return uint32(block.timestamp / _SLOT_SECONDS + 1);
    }

    /// @dev Reverts: {ISlotMarket.SlotMarket_ChangePending}.
    /// @param since First slot of an earlier change, about which no dispute may be possible any more.
    function _checkSettled(uint256 since) internal view {
        if (since > _frontier) {
            revert ISlotMarket.SlotMarket_ChangePending(since, _frontier);
        }
    }

    /// @dev Reverts: {ISlotMarket.SlotMarket_BadAmount}.
    function _checkAmount(uint256 amount, uint256 min, uint256 max) internal pure {
        if (amount < min || amount > max) {
            revert ISlotMarket.SlotMarket_BadAmount(amount, min, max);
        }
    }

    /// @dev The account of a home. Reverts: {ISlotMarket.SlotMarket_NoHome}.
    function _accountOf(uint256 home) internal view returns (address account) {
        account = _site[home].account;
        if (account == address(0)) {
            revert ISlotMarket.SlotMarket_NoHome(home, _homes);
        }
    }

    /// @dev Whether the ledger lets an account make new commitments, as a producer or as a consumer.
    function _mayCommit(address account) internal view returns (bool) {
        return _LEDGER.mayCommit(account, Roles.CONSUMER) || _LEDGER.mayCommit(account, Roles.PRODUCER);
    }
}
