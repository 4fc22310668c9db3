// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Sealed quotes: ElGamal over secp256k1, opened with the `ecrecover` precompile
/// @notice ecrecover(0, v, R.x, k·R.x mod n) is the address of k·R. So a multiplication costs 3,000 gas, and
/// the point itself is never in calldata: the precompile finds it from its x coordinate and parity.
/// @custom:paper X-5, X-6 (eqs 8, 9)
library SealedQuote {
    /// @dev Order of the group (SEC 2 §2.4.1).
    uint256 private constant N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    /// @dev x coordinate of the generator, whose y is even (SEC 2 §2.4.1).
    uint256 private constant G_X = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798;
    uint256 private constant PARITY = 1 << 255;
    /// @dev Highest quote in units of account per kWh.
    uint256 internal constant MAX_PRICE = type(uint64).max;
    /// @dev What garbage opens to: no amount is as large.
    uint256 internal constant GARBAGE = type(uint256).max;

    /// @notice Whether a scalar is the secret of a quote key.
    /// @param k Any number.
    /// @param quoteKey Address of the key.
    function isKey(uint256 k, address quoteKey) internal view returns (bool) {
        // Only k in 1 … n - 1, so that there is one disclosure for each key.
        return k != 0 && k < N && _multiply(k, 27, G_X) == quoteKey;
    }

    /// @notice Opens a quote.
    /// @dev A point off the curve, x = 0 and x >= n make the precompile answer nothing, so the quote is
    /// garbage. A quote copied from another bidder, auction, contract or chain has another mask, so it is
    /// garbage too but for a chance of 2**-191.
    /// @param k Disclosed secret, checked with {isKey}.
    /// @param auctionId Auction that the mask is bound to.
    /// @param bidder Bidder that the mask is bound to.
    /// @param cx x coordinate of the ephemeral point C.
    /// @param body Parity of C in the top bit, then the masked plaintext.
    /// @return amount Units of account per kWh below 2**64, or {GARBAGE}.
    function open(
        uint256 k,
        bytes32 auctionId,
        address bidder,
        uint256 cx,
        uint256 body
    ) internal view returns (uint256 amount) {
        address shared = _multiply(k, 27 + (body >> 255), cx);
        if (shared == address(0)) {
            return GARBAGE;
        }
        uint256 mask;
        // This is keccak256(abi.encode(shared, chainid, this, auctionId, bidder)) without taking memory.
        // Safe: memory from the free pointer on is scratch space, and `bidder` is clean, since it came
        // through the ABI decoder.
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, shared)
            mstore(add(m, 0x20), chainid())
            mstore(add(m, 0x40), address())
            mstore(add(m, 0x60), auctionId)
            mstore(add(m, 0x80), bidder)
            mask := keccak256(m, 0xa0)
        }
        amount = (body ^ mask) & (PARITY - 1);
        if (amount > MAX_PRICE) {
            return GARBAGE;
        }
    }

    /// @dev Address of k times the point with this x coordinate and the parity v - 27; zero if there is none.
    function _multiply(uint256 k, uint256 v, uint256 x) private view returns (address point) {
        uint256 s = mulmod(k, x, N);
        // Safe: memory from the free pointer on is scratch space, and the precompile answers 32 bytes or
        // nothing.
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, 0)
            mstore(add(m, 0x20), v)
            mstore(add(m, 0x40), x)
            mstore(add(m, 0x60), s)
            mstore(0x00, 0)
            pop(staticcall(gas(), 1, m, 0x80, 0x00, 0x20))
            point := mload(0x00)
        }
    }
}
