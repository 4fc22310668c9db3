// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Account slot 0: everything that commitments and a seller's settlements touch. From the low bits:
///
///     0          64         128               168          248      256
///     | available | held     | sellerCreditE9  | sales      | flags  |
///     | 64        | 64       | 40              | 80         | 8      |
///
/// `sales` is a window of {WindowLib}; `flags` holds the bits of {Roles} and {Flags}.
type Purse is uint256;

/// @dev Account slot 1: everything that purchases and defaults touch. From the low bits:
///
///     0               40          120        136           168          208     224   256
///     | buyerCreditE9 | purchases  | defaults | bannedUntil | lastStepAt | steps | unused |
///     | 40            | 80         | 16       | 32          | 40         | 16    | 32     |
///
/// `purchases` is a window of {WindowLib}. `steps` counts the defaults that escalated, `lastStepAt` is the
/// time of the last of them in unix seconds.
type Record is uint256;

using PurseLib for Purse global;
using RecordLib for Record global;

/// @notice What an account may do in the market. The bits can be combined.
library Roles {
    uint256 internal constant PRODUCER = 1;
    uint256 internal constant CONSUMER = 2;
    uint256 internal constant ALL = PRODUCER | CONSUMER;
}

/// @notice The bits of a purse's flags above the {Roles}.
library Flags {
    /// @dev The DSO keeps the account from new commitments.
    uint256 internal constant SUSPENDED = 4;
    /// @dev Set in every account and in the treasury, so that their slots are never zero and cost 5,000 to
    /// change.
    uint256 internal constant KNOWN = 8;
    /// @dev The record has a ban date to look at. The first commitment after that date clears the bit.
    uint256 internal constant BANNED = 16;
}

/// @notice The last ten trades of one kind, 8 bits each, the newest in the lowest bits (Σ|z_i| of eqs 1, 2,
/// 4).
library WindowLib {
    uint256 internal constant LENGTH = 10;
    uint256 internal constant MAX_Z = type(uint8).max;
    uint256 private constant MASK = type(uint80).max;

    /// @notice Puts a trade in front. The eleventh falls out.
    /// @param window The trades so far.
    /// @param z Size of the new trade in the ledger's z units, at most {MAX_Z}.
    /// @return The window with the new trade.
    function push(uint256 window, uint256 z) internal pure returns (uint256) {
        return ((window << 8) | z) & MASK;
    }

    /// @notice Adds up the newest `n` trades.
    /// @param window The trades.
    /// @param n How many of them, 1 … {LENGTH}.
    /// @return total The sum in z units, below 2**12.
    function sum(uint256 window, uint256 n) internal pure returns (uint256 total) {
        unchecked {
            // Safe: there are at most 10 terms below 2**8 each. Even and odd bytes are added in 16-bit lanes.
            // One multiplication then adds the lanes into the lane at bits 64 … 79, whose sum stays below
            // 2**12.
            window &= (1 << (n << 3)) - 1;
            uint256 lanes = (window & 0x00ff00ff00ff00ff00ff) + ((window >> 8) & 0x00ff00ff00ff00ff00ff);
            total = ((lanes * 0x00010001000100010001) >> 64) & 0xffff;
        }
    }
}

/// @notice Reads and changes an account's slot 0. Money is in units of account, credit has the scale 1e9.
/// @dev No field can overflow into its neighbour: the ledger counts at most 2**63 - 1 units in all, and what
/// is available and what is held are parts of them.
library PurseLib {
    /// @dev The most units that the ledger can count, in one account or altogether. The top bit of a 64-bit
    /// word is left to markets that mark amounts with it.
    uint256 internal constant MAX_AMOUNT = type(uint64).max >> 1;
    uint256 private constant AMOUNT_MASK = type(uint64).max;
    uint256 private constant CREDIT_MASK = type(uint40).max;
    uint256 private constant SELLING_MASK = ((1 << 120) - 1) << 128;

    /// @notice Units that can be withdrawn or committed.
    function available(Purse self) internal pure returns (uint256) {
        return Purse.unwrap(self) & AMOUNT_MASK;
    }

    /// @notice Units held as guarantees.
    function held(Purse self) internal pure returns (uint256) {
        return (Purse.unwrap(self) >> 64) & AMOUNT_MASK;
    }

    /// @notice R^s of eq 3.
    function sellerCreditE9(Purse self) internal pure returns (uint256) {
        return (Purse.unwrap(self) >> 128) & CREDIT_MASK;
    }

    /// @notice Sizes of the recent sales, see {WindowLib}.
    function sales(Purse self) internal pure returns (uint256) {
        return (Purse.unwrap(self) >> 168) & type(uint80).max;
    }

    /// @notice The bits of {Roles} and {Flags}.
    function flags(Purse self) internal pure returns (uint256) {
        return Purse.unwrap(self) >> 248;
    }

    /// @notice Adds units to what is available.
    /// @dev The sum stays within {MAX_AMOUNT}: Σ available <= units in the ledger < 2**63.
    function add(Purse self, uint256 amount) internal pure returns (Purse) {
        unchecked {
            return Purse.wrap(Purse.unwrap(self) + amount);
        }
    }

    /// @notice Takes units out of what is available.
    /// @dev The caller has checked amount <= available: no borrow.
    function sub(Purse self, uint256 amount) internal pure returns (Purse) {
        unchecked {
            return Purse.wrap(Purse.unwrap(self) - amount);
        }
    }

    /// @notice Moves units from available to held.
    /// @dev The caller has checked amount <= available.
    function hold(Purse self, uint256 amount) internal pure returns (Purse) {
        unchecked {
            return Purse.wrap(Purse.unwrap(self) - amount + (amount << 64));
        }
    }

    /// @notice Takes units out of what is held without giving them to anyone.
    /// @dev The caller has checked amount <= held.
    function unhold(Purse self, uint256 amount) internal pure returns (Purse) {
        unchecked {
            return Purse.wrap(Purse.unwrap(self) - (amount << 64));
        }
    }

    /// @notice Replaces the seller's credit and its window of sales.
    function withSelling(Purse self, uint256 creditE9, uint256 window) internal pure returns (Purse) {
        return Purse.wrap((Purse.unwrap(self) & ~SELLING_MASK) | (creditE9 << 128) | (window << 168));
    }

    /// @notice Replaces the flags.
    function withFlags(Purse self, uint256 newFlags) internal pure returns (Purse) {
        return Purse.wrap((Purse.unwrap(self) & (type(uint256).max >> 8)) | (newFlags << 248));
    }
}

/// @notice Reads and changes an account's slot 1. Credit has the scale 1e9.
library RecordLib {
    uint256 private constant CREDIT_MASK = type(uint40).max;
    uint256 private constant BUYING_MASK = type(uint120).max;
    uint256 private constant STEP_MASK = uint256(type(uint56).max) << 168;

    /// @notice R^b of eq 6.
    function buyerCreditE9(Record self) internal pure returns (uint256) {
        return Record.unwrap(self) & CREDIT_MASK;
    }

    /// @notice Sizes of the recent purchases, see {WindowLib}.
    function purchases(Record self) internal pure returns (uint256) {
        return (Record.unwrap(self) >> 40) & type(uint80).max;
    }

    /// @notice How many defaults there were, as seller and buyer together; they are never forgotten.
    function defaults(Record self) internal pure returns (uint256) {
        return (Record.unwrap(self) >> 120) & type(uint16).max;
    }

    /// @notice Unix seconds at which the latest ban ends; zero if there never was one, or if it was lifted.
    function bannedUntil(Record self) internal pure returns (uint256) {
        return (Record.unwrap(self) >> 136) & type(uint32).max;
    }

    /// @notice Unix seconds of the last default that escalated; zero if there was none.
    function lastStepAt(Record self) internal pure returns (uint256) {
        return (Record.unwrap(self) >> 168) & type(uint40).max;
    }

    /// @notice How many of the defaults escalated; at most {defaults}.
    function steps(Record self) internal pure returns (uint256) {
        return (Record.unwrap(self) >> 208) & type(uint16).max;
    }

    /// @notice Replaces the buyer's credit and its window of purchases.
    function withBuying(Record self, uint256 creditE9, uint256 window) internal pure returns (Record) {
        return Record.wrap((Record.unwrap(self) & ~BUYING_MASK) | creditE9 | (window << 40));
    }

    /// @notice Counts one more default. The count stops at 65,535; it never wraps.
    function withDefault(Record self) internal pure returns (Record) {
        return defaults(self) == type(uint16).max ? self : Record.wrap(Record.unwrap(self) + (1 << 120));
    }

    /// @notice Counts one more step, taken at `time` in unix seconds. The count stops at 65,535.
    function withStep(Record self, uint256 time) internal pure returns (Record) {
        uint256 next = steps(self);
        if (next != type(uint16).max) {
            ++next;
        }
        // Safe: block.timestamp < 2**40 until the year 36,812.
        return Record.wrap((Record.unwrap(self) & ~STEP_MASK) | (time << 168) | (next << 208));
    }

    /// @notice Replaces the date of the ban, in unix seconds below 2**32.
    function withBan(Record self, uint256 until) internal pure returns (Record) {
        return Record.wrap((Record.unwrap(self) & ~(uint256(type(uint32).max) << 136)) | (until << 136));
    }
}
