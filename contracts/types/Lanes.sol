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
    /// @dev 1 in each lane.
    uint256 private constant ONES = 0x0000000000000001000000000000000100000000000000010000000000000001;
    /// @dev The top bit of each lane.
    uint256 private constant TOPS = 0x8000000000000000800000000000000080000000000000008000000000000000;
    /// @dev The value of a row of zero Wh in each lane while rows are counted from -32,768.
    uint256 private constant ZEROS = 0x0000000000008000000000000000800000000000000080000000000000008000;

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

    /// @notice Pays four rows: what was sold is added at the price, what was bought is taken at the price and
    /// with the fee.
    /// @dev With all balances within {MAX}, price < 2**32 and fee < 2**32, a lane changes by less than 2**48.
    /// The word is the exact sum Σ balance_i · 2**(64 i), modulo 2**256. If every balance stays in its range,
    /// that is the new word. Otherwise the lowest balance outside of it has borrowed from its neighbour or
    /// reached 2**63, and shows its top bit: see {isBroken}.
    /// @param rows Four signed rows of 16 bits, the first one in the highest bits; below 2**64.
    /// @param price Units per Wh.
    /// @param fee Units that each buying home pays.
    /// @return moved The word after the payment; to be used only if it is not {isBroken}.
    /// @return buyers How many of the four homes have bought.
    function pay(
        Lanes self,
        uint256 rows,
        uint256 price,
        uint256 fee
    ) internal pure returns (Lanes moved, uint256 buyers) {
        unchecked {
            // Each row gets a lane: two rows for each half of the word, then one for each quarter.
            uint256 spread = (rows | (rows << 96)) & ((uint256(type(uint32).max) << 128) | type(uint32).max);
            spread = (spread | (spread << 48)) & (ONES * type(uint16).max);
            // Counted from -32,768 a row is a number without a sign, whose top bit says that nothing was
            // bought.
            spread ^= ZEROS;
            uint256 bought = ((spread >> 15) & ONES) ^ ONES;
            moved = Lanes.wrap(Lanes.unwrap(self) + (spread - ZEROS) * price - bought * fee);
            buyers = (bought * ONES) >> 192;
        }
    }

    /// @notice Whether a payment has taken a lane below zero or beyond {MAX}.
    function isBroken(Lanes self) internal pure returns (bool) {
        return Lanes.unwrap(self) & TOPS != 0;
    }
}
