// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ECDSA} from "solady/src/utils/ECDSA.sol";
import {ISlotDisputes} from "../interfaces/ISlotDisputes.sol";
import {Ack, Evidence, Facts, Order, Reading, Result, SlotHash} from "../types/Slot.sol";
import {PoolClearing} from "./PoolClearing.sol";
import {SignerLib} from "./SignerLib.sol";

/// @title Evidence about a row
/// @notice Judges a home's row by its order, its reading and what a member has acknowledged, for both forms
/// of the slot market.
/// @dev What is signed is signed for the domain of the market.
/// @custom:paper Z-4, Z-7
library SlotEvidence {
    uint256 private constant MAX_SPAN = 96;

    /// @notice Checks that order and reading are the home's own, counted in the slot, and lead to the row.
    /// @dev Reverts: {ISlotDisputes.SlotDisputes_WrongEvidence}, {ISlotDisputes.SlotDisputes_BadOrder},
    /// {ISlotDisputes.SlotDisputes_BadSignature}, {ISlotDisputes.SlotDisputes_WrongMeter},
    /// {ISlotDisputes.SlotDisputes_RowDoesNotFit}.
    /// @param market The slot market.
    /// @param r The slot's result.
    /// @param home Number of the home.
    /// @param row The home's row, Wh.
    /// @param facts What was true for the slot.
    /// @param e Order and reading.
    function check(
        address market,
        Result calldata r,
        uint256 home,
        int256 row,
        Facts memory facts,
        Evidence calldata e
    ) internal view {
        Order calldata o = e.order;
        _checkAbout(r.slot, home, facts.account, o, e.reading);
        if (o.nonce < facts.minNonce || o.lastSlot < o.firstSlot || o.lastSlot - o.firstSlot >= MAX_SPAN) {
            revert ISlotDisputes.SlotDisputes_BadOrder(o.nonce, facts.minNonce);
        }
        // Safe: no home has the account zero, which a bad signature leads to.
        bytes32 digest = SlotHash.digest(market, SlotHash.order(o));
        if (ECDSA.tryRecoverCalldata(digest, e.orderSignature) != facts.account) {
            revert ISlotDisputes.SlotDisputes_BadSignature(abi.encodePacked(facts.account));
        }
        checkReading(market, facts.meter, e.reading, e.meter, e.readingSignature);
        uint256 budget = _min(o.maxSpend, facts.cap);
        if (!PoolClearing.fits(row, o, e.reading.netWh, budget, false, r, facts.fee)) {
            revert ISlotDisputes.SlotDisputes_RowDoesNotFit(row);
        }
    }

    /// @notice Checks a reading's signature.
    /// @dev Reverts: {ISlotDisputes.SlotDisputes_WrongMeter}, {ISlotDisputes.SlotDisputes_BadSignature}.
    /// @param market The slot market.
    /// @param needed keccak256 of the signer that the home had in the slot.
    /// @param reading The reading.
    /// @param meter ERC-7913 signer.
    /// @param signature Its signature of the reading.
    function checkReading(
        address market,
        bytes32 needed,
        Reading calldata reading,
        bytes calldata meter,
        bytes calldata signature
    ) internal view {
        bytes32 given = keccak256(meter);
        if (given != needed) {
            revert ISlotDisputes.SlotDisputes_WrongMeter(given, needed);
        }
        if (!SignerLib.isValid(meter, SlotHash.digest(market, SlotHash.reading(reading)), signature)) {
            revert ISlotDisputes.SlotDisputes_BadSignature(meter);
        }
    }

    /// @notice Checks that a signer of the result has acknowledged something that leads to another row.
    /// @dev Reverts: {ISlotDisputes.SlotDisputes_WrongEvidence}, {ISlotDisputes.SlotDisputes_NotSigner},
    /// {ISlotDisputes.SlotDisputes_BadSignature}, {ISlotDisputes.SlotDisputes_Unjustified}.
    /// @param market The slot market.
    /// @param r The slot's result.
    /// @param signers Who signed it.
    /// @param home Number of the home.
    /// @param row The home's row, Wh.
    /// @param facts What was true for the slot.
    /// @param order The acknowledged order.
    /// @param reading The acknowledged reading.
    /// @param ack What the member signed.
    /// @param member The member's place among the signers.
    /// @param signature The member's signature, 65 or 64 bytes.
    function checkMisfill(
        address market,
        Result calldata r,
        address[] calldata signers,
        uint256 home,
        int256 row,
        Facts memory facts,
        Order calldata order,
        Reading calldata reading,
        Ack calldata ack,
        uint256 member,
        bytes calldata signature
    ) internal view {
        _checkAbout(r.slot, home, facts.account, order, reading);
        if (
            ack.slot != r.slot ||
            ack.account != facts.account ||
            ack.order != SlotHash.order(order) ||
            ack.reading != SlotHash.reading(reading)
        ) {
            revert ISlotDisputes.SlotDisputes_WrongEvidence(r.slot, home);
        }
        if (member >= signers.length) {
            revert ISlotDisputes.SlotDisputes_NotSigner(member, signers.length);
        }
        bytes32 digest = SlotHash.digest(market, SlotHash.ack(ack));
        if (ECDSA.tryRecoverCalldata(digest, signature) != signers[member]) {
            revert ISlotDisputes.SlotDisputes_BadSignature(abi.encodePacked(signers[member]));
        }
        uint256 budget = _min(_min(ack.budget, order.maxSpend), facts.cap);
        bool right = row == 0;
        if (!facts.frozen) {
            right = PoolClearing.fits(row, order, reading.netWh, budget, true, r, facts.fee);
        }
        if (right) {
            revert ISlotDisputes.SlotDisputes_Unjustified(r.slot, home, row);
        }
    }

    /// @dev Reverts: {ISlotDisputes.SlotDisputes_WrongEvidence}.
    function _checkAbout(
        uint256 slot,
        uint256 home,
        address account,
        Order calldata o,
        Reading calldata reading
    ) private pure {
        if (o.account != account || reading.account != account || reading.slot != slot) {
            revert ISlotDisputes.SlotDisputes_WrongEvidence(slot, home);
        }
    }

    /// @dev The smaller of two numbers.
    function _min(uint256 a, uint256 b) private pure returns (uint256) {
        return a < b ? a : b;
    }
}
