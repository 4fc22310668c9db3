// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Account slot 0, all that a commitment checks, so that it touches one slot:
/// available 88 | held 88 | sellerCreditE9 40 | bannedUntil 32 | flags 8   (low bits first)
type Purse is uint256;

/// @dev Account slot 1, what only a settlement changes:
/// buyerCreditE9 40 | defaults 16 | window 120 (10 × 12 bits, newest lowest)   (low bits first)
type Record is uint256;

using PurseLib for Purse global;
using RecordLib for Record global;

/// @notice Reads and changes an account's slot 0.
/// @dev No field can overflow into its neighbour: the ledger keeps its whole balance at or below 2**88 - 1, and
/// available and held are parts of it.
library PurseLib {
    uint256 internal constant MAX_AMOUNT = type(uint88).max;
    uint256 private constant CREDIT_MASK = type(uint40).max;
    uint256 private constant TIME_MASK = type(uint32).max;

    function available(Purse self) internal pure returns (uint256) {
        return Purse.unwrap(self) & MAX_AMOUNT;
    }

    function held(Purse self) internal pure returns (uint256) {
        return (Purse.unwrap(self) >> 88) & MAX_AMOUNT;
    }

    function sellerCreditE9(Purse self) internal pure returns (uint256) {
        return (Purse.unwrap(self) >> 176) & CREDIT_MASK;
    }

    function bannedUntil(Purse self) internal pure returns (uint256) {
        return (Purse.unwrap(self) >> 216) & TIME_MASK;
    }

    function flags(Purse self) internal pure returns (uint256) {
        return Purse.unwrap(self) >> 248;
    }

    /// @dev Caller has checked that the sum stays within {MAX_AMOUNT}.
    function add(Purse self, uint256 amount) internal pure returns (Purse) {
        unchecked {
            return Purse.wrap(Purse.unwrap(self) + amount); // Safe: Σ available <= ledger balance < 2**88.
        }
    }

    /// @dev Caller has checked amount <= available.
    function sub(Purse self, uint256 amount) internal pure returns (Purse) {
        unchecked {
            return Purse.wrap(Purse.unwrap(self) - amount); // Safe: amount <= available, no borrow.
        }
    }

    /// @dev Caller has checked amount <= available.
    function hold(Purse self, uint256 amount) internal pure returns (Purse) {
        unchecked {
            return Purse.wrap(Purse.unwrap(self) - amount + (amount << 88)); // Safe: as sub and add.
        }
    }

    /// @dev Takes `amount` out of held without giving it to anyone. Caller has checked amount <= held.
    function unhold(Purse self, uint256 amount) internal pure returns (Purse) {
        unchecked {
            return Purse.wrap(Purse.unwrap(self) - (amount << 88)); // Safe: amount <= held, no borrow.
        }
    }

    function withSellerCredit(Purse self, uint256 creditE9) internal pure returns (Purse) {
        return Purse.wrap((Purse.unwrap(self) & ~(CREDIT_MASK << 176)) | (creditE9 << 176));
    }

    function withBan(Purse self, uint256 until) internal pure returns (Purse) {
        return Purse.wrap((Purse.unwrap(self) & ~(TIME_MASK << 216)) | (until << 216));
    }

    function withFlags(Purse self, uint256 newFlags) internal pure returns (Purse) {
        return Purse.wrap((Purse.unwrap(self) & (type(uint256).max >> 8)) | (newFlags << 248));
    }
}

/// @notice Reads and changes an account's slot 1.
library RecordLib {
    uint256 internal constant Z_BITS = 12;
    uint256 internal constant MAX_Z = (1 << Z_BITS) - 1;
    uint256 internal constant MAX_WINDOW = 10;
    uint256 private constant CREDIT_MASK = type(uint40).max;
    uint256 private constant WINDOW_MASK = type(uint120).max;

    function buyerCreditE9(Record self) internal pure returns (uint256) {
        return Record.unwrap(self) & CREDIT_MASK;
    }

    function defaults(Record self) internal pure returns (uint256) {
        return (Record.unwrap(self) >> 40) & type(uint16).max;
    }

    function window(Record self) internal pure returns (uint256) {
        return Record.unwrap(self) >> 56;
    }

    /// @notice Sum of the newest `n` trades of the window (eqs 1, 2, 4: Σ|z_i|).
    function sum(Record self, uint256 n) internal pure returns (uint256 total) {
        uint256 w = window(self);
        unchecked {
            // Safe: n <= 10 terms below 2**12 each.
            for (; n != 0; --n) {
                total += w & MAX_Z;
                w >>= Z_BITS;
            }
        }
    }

    /// @notice Puts a trade at the front of the window; the eleventh falls out.
    function push(Record self, uint256 z) internal pure returns (Record) {
        uint256 w = ((window(self) << Z_BITS) | z) & WINDOW_MASK;
        return Record.wrap((Record.unwrap(self) & type(uint56).max) | (w << 56));
    }

    function withBuyerCredit(Record self, uint256 creditE9) internal pure returns (Record) {
        return Record.wrap((Record.unwrap(self) & ~CREDIT_MASK) | creditE9);
    }

    /// @notice One default more; stays at 65,535, never wraps.
    function withDefault(Record self) internal pure returns (Record) {
        return defaults(self) == type(uint16).max ? self : Record.wrap(Record.unwrap(self) + (1 << 40));
    }
}
