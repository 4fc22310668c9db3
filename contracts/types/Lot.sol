// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice The DSO's word that energy was injected (sign_D, C-4), with the producer's contact data.
/// @param producer Account that injected the energy (txAddr) and gets the lot.
/// @param energyWh Energy in Wh, 1 … 2**40 - 1.
/// @param slotStart Start of the delivery slot, unix seconds.
/// @param meter keccak256 of the ERC-7913 signer that signed the reading.
/// @param reading Hash of the reading that the meter signed; it is the lot's id, so it mints once.
/// @param publicKey pubK of the producer, for the handshake (C-5); empty where the account is a contract without one.
/// @param msgAddr Where the producer can be reached (eq 2).
/// @param nonce Serial number of the DSO.
/// @param deadline Unix seconds; mints while block.timestamp < deadline.
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

/// @notice What became of a lot.
enum LotState {
    None, // never minted
    Alive,
    Retired, // consumed
    Split,
    Merged
}

/// @notice A lot as people read it.
/// @param owner Account, zero once the lot is over.
/// @param energyWh Energy in Wh, the same for the whole life of the lot.
/// @param slotStart Start of the delivery slot, unix seconds.
/// @param nonce That permits must carry; counts changes of owner and cancellations.
/// @param state What became of it.
struct LotView {
    address owner;
    uint256 energyWh;
    uint256 slotStart;
    uint256 nonce;
    LotState state;
}

/// @dev Beside the owner in one slot, low bits first: owner 160 | energyWh 40 | slotStart 32 | nonce 22 | fate 2.
/// Never zero once minted, also when the owner is gone: an id is used once.
type Lot is uint96;

using LotLib for Lot global;

/// @notice Reads and changes a lot's 96 bits.
library LotLib {
    uint256 internal constant MAX_ENERGY_WH = type(uint40).max;
    uint256 internal constant MAX_NONCE = (1 << 22) - 1;

    /// @dev Caller has checked 0 < wh <= {MAX_ENERGY_WH} and start < 2**32.
    function make(uint256 wh, uint256 start) internal pure returns (Lot) {
        return Lot.wrap(uint96(wh | (start << 40)));
    }

    function energyWh(Lot self) internal pure returns (uint256) {
        return uint40(Lot.unwrap(self));
    }

    function slotStart(Lot self) internal pure returns (uint256) {
        return uint32(Lot.unwrap(self) >> 40);
    }

    function nonce(Lot self) internal pure returns (uint256) {
        return (Lot.unwrap(self) >> 72) & MAX_NONCE;
    }

    /// @notice State, {LotState.Alive} for any lot that was minted and has not ended.
    function state(Lot self) internal pure returns (LotState) {
        if (Lot.unwrap(self) == 0) {
            return LotState.None;
        }
        return LotState(uint256(Lot.unwrap(self) >> 94) + uint256(LotState.Alive));
    }

    /// @dev Caller has checked nonce < {MAX_NONCE}: no carry into the fate.
    function withNextNonce(Lot self) internal pure returns (Lot) {
        unchecked {
            return Lot.wrap(Lot.unwrap(self) + (1 << 72));
        }
    }

    /// @param end Retired, Split or Merged.
    function ended(Lot self, LotState end) internal pure returns (Lot) {
        return Lot.wrap(Lot.unwrap(self) | (uint96(uint256(end) - uint256(LotState.Alive)) << 94));
    }
}
