// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Credit model
/// @notice Xia's credit of sellers and buyers in integers of scale 1e9. Every division rounds down.
/// @dev Errata of the paper: z0 stands in the denominator of eqs 1 and 2, and eq 6 is turned right side up.
/// Bounds used below: credit < 2**40, a gain or loss <= 1e9 < 2**30, c <= 2**31, each constant <= 10e9 <
/// 2**34, z < 2**8, sum < 2**12, z0 < 2**32. No product reaches 2**128, so `unchecked` is safe throughout.
/// @custom:paper X-1, X-2, X-3
library CreditModel {
    uint256 internal constant E9 = 1e9;
    /// @dev c(n) stops doubling at 2**31: by then a ban has long reached its ceiling.
    uint256 internal constant MAX_DOUBLINGS = 31;

    /// @notice s(z) or f(z): the weight of one trade among the recent ones (eqs 1 and 2).
    /// @param z Size of the trade, in the ledger's z units.
    /// @param sum Σ|z_i| of the window, this trade included.
    /// @param z0 Damping constant, at least 1.
    /// @return Weight, scale 1e9, below 1e9.
    function weightE9(uint256 z, uint256 sum, uint256 z0) internal pure returns (uint256) {
        unchecked {
            return (z * E9) / (sum + z0);
        }
    }

    /// @notice q(z) = L·s(z): the growth of a buyer's credit (eq 5).
    /// @param z Size of the trade.
    /// @param sum Σ|z_i| of the window, this trade included.
    /// @param z0 Damping constant, at least 1.
    /// @param lE9 Profit coefficient L in (0, 1), scale 1e9.
    /// @return Growth, scale 1e9, at most L.
    function buyerGainE9(uint256 z, uint256 sum, uint256 z0, uint256 lE9) internal pure returns (uint256) {
        unchecked {
            return (lE9 * z) / (sum + z0);
        }
    }

    /// @notice p(z): the weight of a trade that the buyer did not pay (eq 4).
    /// @param z Size of the trade.
    /// @param sum Σ|z_i| of the window, this trade included.
    /// @param lE9 Profit coefficient L in (0, 1), scale 1e9.
    /// @return Weight, scale 1e9, at most 1e9.
    function buyerLossE9(uint256 z, uint256 sum, uint256 lE9) internal pure returns (uint256) {
        unchecked {
            uint256 loss = lE9 * z;
            uint256 whole = (sum - z) * E9 + loss; // Safe: the sum contains z.
            return whole == 0 ? 0 : (loss * E9) / whole;
        }
    }

    /// @notice R·(gain + a)/b: the credit after a success (eqs 3 and 6 with nothing to punish).
    /// @param creditE9 R, the credit before.
    /// @param gainE9 Gain, at most 1e9.
    /// @param aE9 k1 or t1.
    /// @param bE9 k2 or t2, at least a.
    /// @return The credit afterwards, not clamped; it may be lower than before.
    function raised(
        uint256 creditE9,
        uint256 gainE9,
        uint256 aE9,
        uint256 bE9
    ) internal pure returns (uint256) {
        unchecked {
            return (creditE9 * (gainE9 + aE9)) / bE9;
        }
    }

    /// @notice R·a/(c·loss + b): the credit after a failure (eqs 3 and 6 with nothing to reward).
    /// @param creditE9 R, the credit before.
    /// @param lossE9 Loss, at most 1e9.
    /// @param c Penalty factor.
    /// @param aE9 k1 or t1.
    /// @param bE9 k2 or t2, at least a.
    /// @return The credit afterwards, not clamped; it is never higher than before.
    function lowered(
        uint256 creditE9,
        uint256 lossE9,
        uint256 c,
        uint256 aE9,
        uint256 bE9
    ) internal pure returns (uint256) {
        unchecked {
            return (creditE9 * aE9) / (c * lossE9 + bE9);
        }
    }

    /// @notice c(n) = 2**(n - 1), at most 2**31 (X-1).
    /// @param n All defaults so far, at least 1.
    function penaltyFactor(uint256 n) internal pure returns (uint256) {
        unchecked {
            return 1 << (n > MAX_DOUBLINGS ? MAX_DOUBLINGS : n - 1); // Safe: n >= 1.
        }
    }

    /// @notice The length of a ban: c(n)/R days (eq 7), at most `maxBan`.
    /// @param c Penalty factor.
    /// @param creditE9 Credit after the default, at least 1.
    /// @param unit Seconds that eq 7 calls a day.
    /// @param maxBan Longest ban in seconds.
    /// @return Seconds.
    function banSeconds(
        uint256 c,
        uint256 creditE9,
        uint256 unit,
        uint256 maxBan
    ) internal pure returns (uint256) {
        unchecked {
            uint256 d = (c * unit * E9) / creditE9; // Safe: 2**31 * 2**32 * 2**30 < 2**128.
            return d > maxBan ? maxBan : d;
        }
    }
}
