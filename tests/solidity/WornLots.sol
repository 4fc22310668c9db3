// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EnergyLot} from "../../contracts/EnergyLot.sol";
import {LotParameters} from "../../contracts/interfaces/IEnergyLot.sol";

/// @notice Lots that can be made with any content, for tests of a nonce that has reached its end.
contract WornLots is EnergyLot {
    constructor(LotParameters memory p) EnergyLot(p) {}

    /// @notice Mints a lot without any check.
    function make(address owner, uint256 lot, uint96 content) external {
        _mintAndSetExtraDataUnchecked(owner, lot, content);
    }
}
