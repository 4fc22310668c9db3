// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Purse, Record, WindowLib} from "../types/Account.sol";
import {CreditModel} from "./CreditModel.sol";

/// @title Credit book
/// @notice What the outcome of a trade changes in an account: credit, window of recent trades, defaults and
/// ban. {EnergyLedger} is the door: it knows who may call, and it loads, stores and logs what these functions
/// compute.
/// @dev The constants are those of {CreditParameters}, under the same names. They are handed over one by one
/// because the ledger keeps each as an immutable: a struct in memory would cost 200 gas with each trade. Only
/// a credit that rises is compared with the ceiling: a failure never raises one ({CreditModel.lowered}).
/// @custom:paper X-1, X-2, X-3, N-7
library CreditBook {
    using WindowLib for uint256;

    /// @notice The size of a trade.
    /// @dev Rounding: down, so that a trade too small for one z unit earns nothing.
    /// @param value Money value of the trade in units of account.
    /// @param zUnit Units of account that make z = 1.
    /// @return z Size, at most {WindowLib.MAX_Z}.
    function zDown(uint256 value, uint256 zUnit) internal pure returns (uint256 z) {
        z = value / zUnit;
        if (z > WindowLib.MAX_Z) {
            z = WindowLib.MAX_Z;
        }
    }

    /// @notice A delivery, on the seller's side: eq 3 with f = 0.
    /// @param purse The seller's slot 0 before.
    /// @param z Size of the trade.
    /// @return The seller's slot 0 afterwards.
    /// @return creditE9 The seller's new credit.
    function sold(
        Purse purse,
        uint256 z,
        uint256 window,
        uint256 z0,
        uint256 k1E9,
        uint256 k2E9,
        uint256 floorE9,
        uint256 ceilingE9
    ) internal pure returns (Purse, uint256 creditE9) {
        uint256 sales = purse.sales().push(z);
        uint256 gain = CreditModel.weightE9(z, sales.sum(window), z0);
        creditE9 = _clamp(CreditModel.raised(purse.sellerCreditE9(), gain, k1E9, k2E9), floorE9, ceilingE9);
        return (purse.withSelling(creditE9, sales), creditE9);
    }

    /// @notice A delivery, on the buyer's side: eq 6 with p = 0, and the growth of eq 5.
    /// @param record The buyer's slot 1 before.
    /// @param z Size of the trade.
    /// @return The buyer's slot 1 afterwards.
    /// @return creditE9 The buyer's new credit.
    function bought(
        Record record,
        uint256 z,
        uint256 window,
        uint256 z0,
        uint256 profitE9,
        uint256 t1E9,
        uint256 t2E9,
        uint256 floorE9,
        uint256 ceilingE9
    ) internal pure returns (Record, uint256 creditE9) {
        uint256 purchases = record.purchases().push(z);
        uint256 gain = CreditModel.buyerGainE9(z, purchases.sum(window), z0, profitE9);
        creditE9 = _clamp(CreditModel.raised(record.buyerCreditE9(), gain, t1E9, t2E9), floorE9, ceilingE9);
        return (record.withBuying(creditE9, purchases), creditE9);
    }

    /// @notice An offer that its seller withdrew: eq 3 with a fixed loss. It weighs the same whatever the
    /// size of the offer, and it is neither a trade nor a default.
    /// @param purse The seller's slot 0 before.
    /// @param lossE9 Loss that stands for f(z), scale 1e9.
    /// @return The seller's slot 0 afterwards.
    /// @return creditE9 The seller's new credit.
    function withdrew(
        Purse purse,
        uint256 lossE9,
        uint256 k1E9,
        uint256 k2E9,
        uint256 floorE9
    ) internal pure returns (Purse, uint256 creditE9) {
        creditE9 = _atLeast(CreditModel.lowered(purse.sellerCreditE9(), lossE9, 1, k1E9, k2E9), floorE9);
        return (purse.withSelling(creditE9, purse.sales()), creditE9);
    }

    /// @notice Counts a default, whoever's it is. It escalates, which is called a step, only if its trade was
    /// agreed at or after the last step: what an account agreed before says nothing about how it behaves
    /// since.
    /// @param record The account's slot 1 before.
    /// @param agreedAt Unix seconds at which the trade was agreed.
    /// @return The account's slot 1 with the default.
    /// @return c Penalty factor of eqs 3, 6 and 7, which doubles with each step.
    /// @return escalates Whether the default is a step.
    function defaulted(
        Record record,
        uint256 agreedAt
    ) internal view returns (Record, uint256 c, bool escalates) {
        record = record.withDefault();
        escalates = agreedAt >= record.lastStepAt();
        if (escalates) {
            record = record.withStep(block.timestamp);
        }
        // Safe: the first default is a step, because `lastStepAt` is zero, so there is at least one.
        return (record, CreditModel.penaltyFactor(record.steps()), escalates);
    }

    /// @notice A seller's default: eq 3 with s = 0.
    /// @param purse The seller's slot 0 before.
    /// @param z Size of the trade.
    /// @param c Penalty factor.
    /// @return The seller's slot 0 afterwards.
    /// @return creditE9 The seller's new credit.
    function notDelivered(
        Purse purse,
        uint256 z,
        uint256 c,
        uint256 window,
        uint256 z0,
        uint256 k1E9,
        uint256 k2E9,
        uint256 floorE9
    ) internal pure returns (Purse, uint256 creditE9) {
        uint256 sales = purse.sales().push(z);
        uint256 loss = CreditModel.weightE9(z, sales.sum(window), z0);
        creditE9 = _atLeast(CreditModel.lowered(purse.sellerCreditE9(), loss, c, k1E9, k2E9), floorE9);
        return (purse.withSelling(creditE9, sales), creditE9);
    }

    /// @notice A buyer's default: eq 6 with q = 0.
    /// @param record The buyer's slot 1 before, with the default counted.
    /// @param z Size of the trade.
    /// @param c Penalty factor.
    /// @return The buyer's slot 1 afterwards.
    /// @return creditE9 The buyer's new credit.
    function notPaid(
        Record record,
        uint256 z,
        uint256 c,
        uint256 window,
        uint256 profitE9,
        uint256 t1E9,
        uint256 t2E9,
        uint256 floorE9
    ) internal pure returns (Record, uint256 creditE9) {
        uint256 purchases = record.purchases().push(z);
        uint256 loss = CreditModel.buyerLossE9(z, purchases.sum(window), profitE9);
        creditE9 = _atLeast(CreditModel.lowered(record.buyerCreditE9(), loss, c, t1E9, t2E9), floorE9);
        return (record.withBuying(creditE9, purchases), creditE9);
    }

    /// @notice The ban of eq 7 for a default that is a step. The first `graceDefaults` steps bring none, and
    /// a ban never shortens an earlier one.
    /// @param record The account's slot 1 with the step counted.
    /// @param c Penalty factor.
    /// @param creditE9 Credit after the default.
    /// @return The account's slot 1 with the date of the ban.
    function banned(
        Record record,
        uint256 c,
        uint256 creditE9,
        uint256 graceDefaults,
        uint256 banUnit,
        uint256 maxBan
    ) internal view returns (Record) {
        if (record.steps() <= graceDefaults) {
            return record;
        }
        uint256 until = block.timestamp + CreditModel.banSeconds(c, creditE9, banUnit, maxBan);
        if (until > type(uint32).max) {
            until = type(uint32).max; // in the year 2106
        }
        return until > record.bannedUntil() ? record.withBan(until) : record;
    }

    function _clamp(uint256 creditE9, uint256 floorE9, uint256 ceilingE9) private pure returns (uint256) {
        if (creditE9 < floorE9) {
            return floorE9;
        }
        return creditE9 > ceilingE9 ? ceilingE9 : creditE9;
    }

    function _atLeast(uint256 creditE9, uint256 floorE9) private pure returns (uint256) {
        return creditE9 < floorE9 ? floorE9 : creditE9;
    }
}
