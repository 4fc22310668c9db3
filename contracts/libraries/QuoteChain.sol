// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Hash chain of an auction's quotes
/// @notice One number of 200 bits stands for all quotes so far and their order.
/// @custom:paper X-5
library QuoteChain {
    uint256 private constant MASK = type(uint200).max;

    /// @notice The chain before the first quote.
    /// @param auctionId The auction.
    /// @return The seed, below 2**200.
    function seed(bytes32 auctionId) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(auctionId))) & MASK;
    }

    /// @notice The chain with one quote more.
    /// @param accumulator The chain before the quote.
    /// @param bidder Account that bids.
    /// @param cx x coordinate of the ephemeral point.
    /// @param body Parity and masked amount.
    /// @return The chain after the quote, below 2**200.
    function extend(
        uint256 accumulator,
        address bidder,
        uint256 cx,
        uint256 body
    ) internal pure returns (uint256) {
        uint256 hash;
        // This is keccak256(abi.encode(accumulator, bidder, cx, body)) without taking memory, which thousands
        // of rounds would pay for. Safe: memory from the free pointer on is scratch space, and `bidder` is
        // clean, since it came through the ABI decoder.
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, accumulator)
            mstore(add(m, 0x20), bidder)
            mstore(add(m, 0x40), cx)
            mstore(add(m, 0x60), body)
            hash := keccak256(m, 0x80)
        }
        return hash & MASK;
    }
}
