// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev The balances of four homes in one word, 64 bits each. The first home has the highest lane, as the
/// first row of a slot has the highest bits:
///
///     0        64       128      192      256
///     | home 3 | home 2 | home 1 | home 0 |
///
/// The top bit of each lane is zero in storage. A lane that was moved out of its range shows it.
type Lanes is uint256;

using LanesLib for Lanes global;

/// @notice Moves four balances at once.
library LanesLib {
    /// @dev Homes in a word.
    uint256 internal constant HOMES = 4;
    /// @dev The most units in a lane.
    uint256 internal constant MAX = type(uint64).max >> 1;
    /// @dev The top bit of each lane.
    uint256 private constant TOPS = 0x8000000000000000800000000000000080000000000000008000000000000000;

    /// @notice Bits to the right of a home's lane.
    /// @param home Number of the home.
    function shiftOf(uint256 home) internal pure returns (uint256) {
        unchecked {
            return (HOMES - 1 - (home % HOMES)) << 6; // Safe: at most 192.
        }
    }

    /// @notice Units of one home.
    /// @param home Number of the home.
    function balance(Lanes self, uint256 home) internal pure returns (uint256) {
        return (Lanes.unwrap(self) >> shiftOf(home)) & type(uint64).max;
    }

    /// @notice Adds units to one home.
    /// @dev The caller has checked that the sum stays within {MAX}.
    function add(Lanes self, uint256 home, uint256 amount) internal pure returns (Lanes) {
        unchecked {
            return Lanes.wrap(Lanes.unwrap(self) + (amount << shiftOf(home)));
        }
    }

    /// @notice Takes units from one home.
    /// @dev The caller has checked amount <= balance: no borrow.
    function sub(Lanes self, uint256 home, uint256 amount) internal pure returns (Lanes) {
        unchecked {
            return Lanes.wrap(Lanes.unwrap(self) - (amount << shiftOf(home)));
        }
    }

    /// @notice Pays rows: what was sold is added at the price, what was bought is taken at the price and with
    /// the fee.
    /// @dev With all balances within {MAX}, price < 2**32 and fee < 2**32, a lane changes by less than 2**48.
    /// A word is the exact sum Σ balance_i · 2**(64 i), modulo 2**256. If every balance stays in its range,
    /// that is the new word. Otherwise the lowest balance outside of it has borrowed from its neighbour or
    /// reached 2**63, and shows its top bit: see {isBroken}. A broken word is not to be stored.
    /// @param self Words in memory, which change; at least as many as the rows need.
    /// @param rows Signed rows of 16 bits in words of 16, the first one in the highest bits: four for each
    /// word.
    /// @param price Units per Wh.
    /// @param fee Units that each buying home pays.
    /// @return buyers How many homes have bought.
    /// @return broken Whether a payment has taken a lane below zero or beyond {MAX}.
    function payRows(
        Lanes[] memory self,
        bytes calldata rows,
        uint256 price,
        uint256 fee
    ) internal pure returns (uint256 buyers, bool broken) {
        // Read without its sign, a negative row is 2**16 too large.
        uint256 unit = (price << 16) + fee;
        uint256 seen = 0;
        // Safe: the caller has as many words as the rows need. At most 4,096 homes count in four lanes.
        assembly ("memory-safe") {
            // Pays the four rows at the right of `rows_` out of the word at `place`.
            function pay(place, rows_, price_, unit_) -> bought, moved {
                // Each row gets a lane: two rows for each half of the word, then one for each quarter.
                let four := and(
                    or(rows_, shl(96, rows_)),
                    0x000000000000000000000000ffffffff000000000000000000000000ffffffff
                )
                four := and(
                    or(four, shl(48, four)),
                    0x000000000000ffff000000000000ffff000000000000ffff000000000000ffff
                )
                bought := and(
                    shr(15, four),
                    0x0000000000000001000000000000000100000000000000010000000000000001
                )
                moved := sub(add(mload(place), mul(four, price_)), mul(bought, unit_))
                mstore(place, moved)
            }
            let place := add(self, 32)
            let end := add(rows.offset, rows.length)
            for {
                let from := rows.offset
            } lt(from, end) {
                from := add(from, 32)
            } {
                let sixteen := calldataload(from)
                let bought, moved := pay(place, shr(192, sixteen), price, unit)
                buyers := add(buyers, bought)
                seen := or(seen, moved)
                bought, moved := pay(add(place, 32), and(shr(128, sixteen), 0xffffffffffffffff), price, unit)
                buyers := add(buyers, bought)
                seen := or(seen, moved)
                bought, moved := pay(add(place, 64), and(shr(64, sixteen), 0xffffffffffffffff), price, unit)
                buyers := add(buyers, bought)
                seen := or(seen, moved)
                bought, moved := pay(add(place, 96), and(sixteen, 0xffffffffffffffff), price, unit)
                buyers := add(buyers, bought)
                seen := or(seen, moved)
                place := add(place, 128)
            }
            buyers := shr(
                192,
                mul(buyers, 0x0000000000000001000000000000000100000000000000010000000000000001)
            )
        }
        broken = seen & TOPS != 0;
    }

    /// @notice Whether a payment has taken a lane below zero or beyond {MAX}.
    function isBroken(Lanes self) internal pure returns (bool) {
        return Lanes.unwrap(self) & TOPS != 0;
    }
}
