// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {CreditModel} from "../../contracts/libraries/CreditModel.sol";
import {Stage} from "./Stage.sol";

/// @notice The rest of the credit arithmetic, which is too hard for the prover: random inputs over the whole
/// range that CreditModel.sol states, against checked arithmetic.
/// @custom:paper X-1, X-2, X-3, X-11
contract CreditTest is Stage {
    uint256 private constant MAX_CREDIT = 1e12;

    /// @notice The growth of a buyer's credit is its formula, and at most L.
    function testFuzz_buyerGain(uint8 z, uint256 others, uint32 z0, uint256 l) external pure {
        uint256 sum = z + _bound(others, 0, 9 * 255);
        l = _bound(l, 1, E9 - 1);
        VM.assume(z0 != 0);
        uint256 gain = CreditModel.buyerGainE9(z, sum, z0, l);
        assert(gain == (l * z) / (sum + z0));
        assert(gain <= l);
    }

    /// @notice The weight of a trade not paid is its formula, and at most 1.
    function testFuzz_buyerLoss(uint8 z, uint256 others, uint256 l) external pure {
        uint256 sum = z + _bound(others, 0, 9 * 255);
        l = _bound(l, 1, E9 - 1);
        uint256 loss = CreditModel.buyerLossE9(z, sum, l);
        assert(loss == (sum == 0 ? 0 : (l * z * E9) / ((sum - z) * E9 + l * z)));
        assert(loss <= E9);
    }

    /// @notice A success multiplies by (gain + a)/b, exactly.
    function testFuzz_raised(uint256 credit, uint256 gain, uint256 a, uint256 b) external pure {
        (credit, gain) = (_bound(credit, 1e6, MAX_CREDIT), _bound(gain, 0, E9));
        (a, b) = _constants(a, b);
        assert(CreditModel.raised(credit, gain, a, b) == (credit * (gain + a)) / b);
    }

    /// @notice A failure multiplies by a/(c·loss + b), exactly, and never raises.
    function testFuzz_lowered(
        uint256 credit,
        uint256 loss,
        uint256 defaults,
        uint256 a,
        uint256 b
    ) external pure {
        (credit, loss) = (_bound(credit, 1e6, MAX_CREDIT), _bound(loss, 0, E9));
        (a, b) = _constants(a, b);
        uint256 c = CreditModel.penaltyFactor(_bound(defaults, 1, type(uint16).max));
        uint256 lowered = CreditModel.lowered(credit, loss, c, a, b);
        assert(lowered == (credit * a) / (c * loss + b));
        assert(lowered <= credit);
    }

    /// @notice A ban is c/R days and never longer than the longest.
    function testFuzz_ban(uint256 defaults, uint256 credit, uint256 unit, uint256 maxBan) external pure {
        credit = _bound(credit, 1e6, MAX_CREDIT);
        unit = _bound(unit, 60, 3650 days);
        maxBan = _bound(maxBan, unit, 3650 days);
        uint256 c = CreditModel.penaltyFactor(_bound(defaults, 1, type(uint16).max));
        uint256 ban = CreditModel.banSeconds(c, credit, unit, maxBan);
        uint256 uncapped = (c * unit * E9) / credit;
        assert(ban == (uncapped < maxBan ? uncapped : maxBan));
    }

    function _constants(uint256 a, uint256 b) private pure returns (uint256, uint256) {
        a = _bound(a, 1e6, 10 * E9);
        return (a, _bound(b, a, 10 * E9));
    }
}
