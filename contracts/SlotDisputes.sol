// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISlotDisputes} from "./interfaces/ISlotDisputes.sol";
import {ISlotMarket} from "./interfaces/ISlotMarket.sol";
import {PoolClearing} from "./libraries/PoolClearing.sol";
import {SlotEvidence} from "./libraries/SlotEvidence.sol";
import {
    Ack,
    Evidence,
    Facts,
    Fault,
    Order,
    Posted,
    Reading,
    Result,
    RowProof,
    SlotHash
} from "./types/Slot.sol";

/// @title Disputes of the slot market
/// @notice Specified in {ISlotDisputes}.
contract SlotDisputes is ISlotDisputes {
    /// @inheritdoc ISlotDisputes
    address public immutable MARKET;

    /// @notice Deploys the judge of one market.
    /// @param market The slot market.
    constructor(address market) {
        MARKET = market;
    }

    /// @inheritdoc ISlotDisputes
    function answer(
        Posted calldata posted,
        uint256 home,
        RowProof calldata proof,
        Evidence calldata evidence
    ) external {
        Facts memory facts = _facts(posted, home);
        int256 row = _rowOf(posted.result, home, proof);
        if (row != 0) {
            SlotEvidence.check(MARKET, posted.result, home, row, facts, evidence);
        }
        ISlotMarket(MARKET).settleDemand(posted.result.slot, home, msg.sender);
    }

    /// @inheritdoc ISlotDisputes
    function expire(Posted calldata posted, uint256 home) external {
        _facts(posted, home);
        ISlotMarket(MARKET).voidSlot(posted.result.slot, home, Fault.Unanswered, posted.signers);
    }

    /// @inheritdoc ISlotDisputes
    function misfill(
        Posted calldata posted,
        uint256 home,
        RowProof calldata proof,
        Order calldata order,
        Reading calldata reading,
        Ack calldata ack,
        uint256 member,
        bytes calldata signature
    ) external {
        uint256 slot = posted.result.slot;
        Facts memory facts = _facts(posted, home);
        if (block.timestamp >= facts.windowEnd) {
            revert SlotDisputes_TooLate(block.timestamp, facts.windowEnd);
        }
        int256 row = _rowOf(posted.result, home, proof);
        SlotEvidence.checkMisfill(
            MARKET,
            posted.result,
            posted.signers,
            home,
            row,
            facts,
            order,
            reading,
            ack,
            member,
            signature
        );
        // Who acknowledged something else is at fault; the other signers may not have known.
        address[] calldata guilty = posted.signers[member:member + 1];
        ISlotMarket(MARKET).voidSlot(slot, home, Fault.Misfill, guilty);
    }

    /// @inheritdoc ISlotDisputes
    function overspend(Posted calldata posted, uint256 home, RowProof calldata proof) external {
        uint256 slot = posted.result.slot;
        Facts memory facts = _facts(posted, home);
        int256 row = _rowOf(posted.result, home, proof);
        if (row == 0 || (!facts.frozen && _spent(row, posted.result.price, facts.fee) <= facts.cap)) {
            revert SlotDisputes_Unjustified(slot, home, row);
        }
        ISlotMarket(MARKET).voidSlot(slot, home, Fault.Overspend, posted.signers);
    }

    /// @inheritdoc ISlotDisputes
    function overdraft(Posted calldata posted, uint256 home, RowProof calldata proof) external {
        uint256 slot = posted.result.slot;
        Facts memory facts = _facts(posted, home);
        uint256 frontier = ISlotMarket(MARKET).frontier();
        if (slot != frontier) {
            revert SlotDisputes_WrongSlot(slot, frontier);
        }
        int256 row = _rowOf(posted.result, home, proof);
        if (_spent(row, posted.result.price, facts.fee) <= ISlotMarket(MARKET).homeOf(home).balance) {
            revert SlotDisputes_Unjustified(slot, home, row);
        }
        ISlotMarket(MARKET).voidSlot(slot, home, Fault.Overdraft, posted.signers);
    }

    /// @inheritdoc ISlotDisputes
    function twoReadings(
        uint256 home,
        Reading calldata first,
        Reading calldata second,
        bytes calldata meter,
        bytes calldata firstSignature,
        bytes calldata secondSignature
    ) external {
        uint256 slot = first.slot;
        (address account, bytes32 needed) = ISlotMarket(MARKET).meterAt(home, slot);
        if (first.account != account || second.account != account || second.slot != slot) {
            revert SlotDisputes_WrongEvidence(slot, home);
        }
        if (first.netWh == second.netWh) {
            revert SlotDisputes_SameReading(first.netWh);
        }
        SlotEvidence.checkReading(MARKET, needed, first, meter, firstSignature);
        SlotEvidence.checkReading(MARKET, needed, second, meter, secondSignature);
        ISlotMarket(MARKET).tearMeter(home, slot, needed);
    }

    /// @dev What the dispute goes by, if this is what was posted.
    function _facts(Posted calldata posted, uint256 home) private view returns (Facts memory) {
        bytes32 signers = keccak256(abi.encodePacked(posted.signers));
        bytes32 postedHash = SlotHash.posted(SlotHash.result(posted.result), signers);
        return ISlotMarket(MARKET).factsOf(posted.result.slot, home, postedHash);
    }

    /// @dev The row of a home; zero behind the last row. Reverts: {SlotDisputes_WrongRoot}.
    function _rowOf(Result calldata r, uint256 home, RowProof calldata proof) private pure returns (int256) {
        bytes32 root = keccak256(abi.encodePacked(proof.hashes));
        if (root != r.rows) {
            revert SlotDisputes_WrongRoot(root, r.rows);
        }
        uint256 chunk = (2 * home) / PoolClearing.CHUNK_BYTES;
        if (chunk >= proof.hashes.length) {
            return 0;
        }
        if (keccak256(proof.chunk) != proof.hashes[chunk]) {
            revert SlotDisputes_WrongRoot(keccak256(proof.chunk), proof.hashes[chunk]);
        }
        uint256 offset = (2 * home) % PoolClearing.CHUNK_BYTES;
        if (offset >= proof.chunk.length) {
            return 0;
        }
        return int16(uint16(bytes2(proof.chunk[offset:offset + 2])));
    }

    /// @dev Units that a row costs its home, fee included; zero if it has not bought.
    function _spent(int256 row, uint256 price, uint256 fee) private pure returns (uint256) {
        return row < 0 ? uint256(-row) * price + fee : 0;
    }
}
