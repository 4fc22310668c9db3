// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev Account slot 0, all that commitments and a seller's settlements touch:
/// available 64 | held 64 | sellerCreditE9 40 | sales 80 (10 × 8 bits, newest lowest) | flags 8   (low bits first)
type Purse is uint256;

/// @dev Account slot 1, what purchases and defaults touch:
/// buyerCreditE9 40 | purchases 80 (10 × 8 bits, newest lowest) | defaults 16 | bannedUntil 32   (low bits first)
type Record is uint256;

using PurseLib for Purse global;
using RecordLib for Record global;

/// @notice The last ten trades of one kind, 8 bits each (Σ|z_i| of eqs 1, 2, 4).
library WindowLib {
    uint256 internal constant LENGTH = 10;
    uint256 internal constant MAX_Z = type(uint8).max;
    uint256 private constant MASK = type(uint80).max;

    /// @notice Puts a trade in front; the eleventh falls out.
    /// @param z Size, at most {MAX_Z}.
    function push(uint256 window, uint256 z) internal pure returns (uint256) {
        return ((window << 8) | z) & MASK;
    }

    /// @notice Sum of the newest `n` trades.
    function sum(uint256 window, uint256 n) internal pure returns (uint256 total) {
        unchecked {
            // Safe: at most 10 terms below 2**8 each. Even and odd bytes add up in 16-bit lanes; one multiplication
            // adds the lanes into the lane at bits 64 … 79, whose sum stays below 2**12.
            window &= (1 << (n << 3)) - 1;
            uint256 lanes = (window & 0x00ff00ff00ff00ff00ff) + ((window >> 8) & 0x00ff00ff00ff00ff00ff);
            total = ((lanes * 0x00010001000100010001) >> 64) & 0xffff;
        }
    }
}

/// @notice Reads and changes an account's slot 0.
/// @dev No field can overflow into its neighbour: the ledger counts at most 2**64 - 1 units in all, and available
/// and held are parts of them.
library PurseLib {
    uint256 internal constant MAX_AMOUNT = type(uint64).max;
    uint256 private constant CREDIT_MASK = type(uint40).max;
    uint256 private constant SELLING_MASK = ((1 << 120) - 1) << 128;

    function available(Purse self) internal pure returns (uint256) {
        return Purse.unwrap(self) & MAX_AMOUNT;
    }

    function held(Purse self) internal pure returns (uint256) {
        return (Purse.unwrap(self) >> 64) & MAX_AMOUNT;
    }

    function sellerCreditE9(Purse self) internal pure returns (uint256) {
        return (Purse.unwrap(self) >> 128) & CREDIT_MASK;
    }

    /// @notice z of the recent sales, see {WindowLib}.
    function sales(Purse self) internal pure returns (uint256) {
        return (Purse.unwrap(self) >> 168) & type(uint80).max;
    }

    function flags(Purse self) internal pure returns (uint256) {
        return Purse.unwrap(self) >> 248;
    }

    /// @dev The sum stays within {MAX_AMOUNT}: Σ available <= units in the ledger < 2**64.
    function add(Purse self, uint256 amount) internal pure returns (Purse) {
        unchecked {
            return Purse.wrap(Purse.unwrap(self) + amount);
        }
    }

    /// @dev Caller has checked amount <= available: no borrow.
    function sub(Purse self, uint256 amount) internal pure returns (Purse) {
        unchecked {
            return Purse.wrap(Purse.unwrap(self) - amount);
        }
    }

    /// @dev Moves available to held. Caller has checked amount <= available.
    function hold(Purse self, uint256 amount) internal pure returns (Purse) {
        unchecked {
            return Purse.wrap(Purse.unwrap(self) - amount + (amount << 64));
        }
    }

    /// @dev Takes `amount` out of held without giving it to anyone. Caller has checked amount <= held.
    function unhold(Purse self, uint256 amount) internal pure returns (Purse) {
        unchecked {
            return Purse.wrap(Purse.unwrap(self) - (amount << 64));
        }
    }

    function withSelling(Purse self, uint256 creditE9, uint256 window) internal pure returns (Purse) {
        return Purse.wrap((Purse.unwrap(self) & ~SELLING_MASK) | (creditE9 << 128) | (window << 168));
    }

    function withFlags(Purse self, uint256 newFlags) internal pure returns (Purse) {
        return Purse.wrap((Purse.unwrap(self) & (type(uint256).max >> 8)) | (newFlags << 248));
    }
}

/// @notice Reads and changes an account's slot 1.
library RecordLib {
    uint256 private constant CREDIT_MASK = type(uint40).max;
    uint256 private constant BUYING_MASK = type(uint120).max;

    function buyerCreditE9(Record self) internal pure returns (uint256) {
        return Record.unwrap(self) & CREDIT_MASK;
    }

    /// @notice z of the recent purchases, see {WindowLib}.
    function purchases(Record self) internal pure returns (uint256) {
        return (Record.unwrap(self) >> 40) & type(uint80).max;
    }

    function defaults(Record self) internal pure returns (uint256) {
        return (Record.unwrap(self) >> 120) & type(uint16).max;
    }

    function bannedUntil(Record self) internal pure returns (uint256) {
        return (Record.unwrap(self) >> 136) & type(uint32).max;
    }

    function withBuying(Record self, uint256 creditE9, uint256 window) internal pure returns (Record) {
        return Record.wrap((Record.unwrap(self) & ~BUYING_MASK) | creditE9 | (window << 40));
    }

    /// @notice One default more; stays at 65,535, never wraps.
    function withDefault(Record self) internal pure returns (Record) {
        return defaults(self) == type(uint16).max ? self : Record.wrap(Record.unwrap(self) + (1 << 120));
    }

    function withBan(Record self, uint256 until) internal pure returns (Record) {
        return Record.wrap((Record.unwrap(self) & ~(uint256(type(uint32).max) << 136)) | (until << 136));
    }
}
