// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The DSO's statement that energy was injected (sign_D, C-4), with how to reach the producer. DSO is
/// the distribution system operator.
/// @param producer Account that injected the energy (txAddr) and gets the lot.
/// @param energyWh Energy in Wh, 1 … 2**40 - 1.
/// @param slotStart Start of the delivery slot, unix seconds.
/// @param meter keccak256 of the ERC-7913 signer that signed the reading.
/// @param reading Hash of the reading that the meter signed. It is the lot's id, so it can be minted once.
/// @param publicKey pubK of the producer, for the handshake (C-5); empty where the account is a contract
/// without one.
/// @param msgAddr Where the producer can be reached (eq 2).
/// @param nonce Serial number of the DSO.
/// @param deadline Unix seconds; the lot can be minted while block.timestamp < deadline.
struct Injection {
    address producer;
    uint256 energyWh;
    uint256 slotStart;
    bytes32 meter;
    bytes32 reading;
    bytes publicKey;
    bytes32 msgAddr;
    uint256 nonce;
    uint256 deadline;
}

/// @notice Current state of a lot.
enum LotState {
    None, // never minted
    Alive, // has an owner
    Retired, // consumed
    Split, // ended, and became its parts
    Merged // ended, and became a part of another lot
}

/// @notice Everything about a lot, in a form for people.
/// @param owner Account; zero once the lot has ended.
/// @param energyWh Energy in Wh, the same for the whole life of the lot.
/// @param slotStart Start of the delivery slot, unix seconds.
/// @param nonce Nonce that permits must carry; it counts changes of owner and cancellations.
/// @param state What became of the lot.
struct LotView {
    address owner;
    uint256 energyWh;
    uint256 slotStart;
    uint256 nonce;
    LotState state;
}

/// @dev What is beside the owner in a lot's slot. From the low bits of the slot:
///
///     0       160        200         232     254    256
///     | owner | energyWh | slotStart | nonce | fate |
///     | 160   | 40       | 32        | 22    | 2    |
///
/// It is never zero once the lot was minted, also when the owner is gone, so an id is used once.
type Lot is uint96;

using LotLib for Lot global;

/// @notice Makes, reads and changes a lot's 96 bits.
library LotLib {
    uint256 internal constant MAX_ENERGY_WH = type(uint40).max;
    uint256 internal constant MAX_SLOT_START = type(uint32).max; // In February 2106.
    uint256 internal constant MAX_NONCE = (1 << 22) - 1;

    /// @notice A new lot.
    /// @dev The caller has checked 0 < wh <= {MAX_ENERGY_WH} and start <= {MAX_SLOT_START}.
    /// @param wh Energy in Wh.
    /// @param start Start of the delivery slot, unix seconds.
    function make(uint256 wh, uint256 start) internal pure returns (Lot) {
        return Lot.wrap(uint96(wh | (start << 40)));
    }

    /// @notice Energy in Wh.
    function energyWh(Lot self) internal pure returns (uint256) {
        return uint40(Lot.unwrap(self));
    }

    /// @notice Start of the delivery slot, unix seconds.
    function slotStart(Lot self) internal pure returns (uint256) {
        return uint32(Lot.unwrap(self) >> 40);
    }

    /// @notice How often the lot changed hands or its permits were cancelled.
    function nonce(Lot self) internal pure returns (uint256) {
        return (Lot.unwrap(self) >> 72) & MAX_NONCE;
    }

    /// @notice State: {LotState.Alive} for any lot that was minted and has not ended.
    function state(Lot self) internal pure returns (LotState) {
        if (Lot.unwrap(self) == 0) {
            return LotState.None;
        }
        return LotState(uint256(Lot.unwrap(self) >> 94) + uint256(LotState.Alive));
    }

    /// @notice The lot after one change of owner or cancellation more.
    /// @dev The caller has checked nonce < {MAX_NONCE}: nothing is carried into the fate.
    function withNextNonce(Lot self) internal pure returns (Lot) {
        unchecked {
            return Lot.wrap(Lot.unwrap(self) + (1 << 72));
        }
    }

    /// @notice The lot after its end.
    /// @param end Retired, Split or Merged.
    function ended(Lot self, LotState end) internal pure returns (Lot) {
        return Lot.wrap(Lot.unwrap(self) | (uint96(uint256(end) - uint256(LotState.Alive)) << 94));
    }
}
