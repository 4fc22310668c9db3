// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice A quantity of energy as terms and receipts state it. A value below 2**64 is plain: the quantity in
/// Wh. Any other value hides the quantity: it is the commitment keccak256(abi.encode(energyWh, salt)) (N-5).
/// @dev The ABI and EIP-712 encoding is that of bytes32.
type Energy is bytes32;

using EnergyLib for Energy global;
using {equal as ==, different as !=} for Energy global;

/// @notice Whether two quantities are stated in the same words: the same Wh, or the same commitment.
function equal(Energy a, Energy b) pure returns (bool) {
    return Energy.unwrap(a) == Energy.unwrap(b);
}

/// @notice Whether two quantities are stated differently.
function different(Energy a, Energy b) pure returns (bool) {
    return Energy.unwrap(a) != Energy.unwrap(b);
}

/// @notice Makes and reads energy.
library EnergyLib {
    /// @dev Plain energy is below this. A hash falls below it with a chance of 2**-192.
    uint256 internal constant PLAIN_LIMIT = 2 ** 64;

    /// @notice States a quantity openly.
    /// @param energyWh Wh; the caller keeps it below {PLAIN_LIMIT}.
    function plain(uint256 energyWh) internal pure returns (Energy) {
        return Energy.wrap(bytes32(energyWh));
    }

    /// @notice Commits to a quantity without showing it.
    /// @param energyWh Wh.
    /// @param salt Random, so that the quantity cannot be found by trying.
    function hidden(uint256 energyWh, bytes32 salt) internal pure returns (Energy) {
        return Energy.wrap(keccak256(abi.encode(energyWh, salt)));
    }

    /// @notice Whether the value is the quantity itself rather than a commitment to it.
    function isPlain(Energy self) internal pure returns (bool) {
        return wh(self) < PLAIN_LIMIT;
    }

    /// @notice The quantity in Wh if the energy is plain; a number of {PLAIN_LIMIT} or more if it is hidden.
    function wh(Energy self) internal pure returns (uint256) {
        return uint256(Energy.unwrap(self));
    }
}
