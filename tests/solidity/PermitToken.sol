// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "solady/src/tokens/ERC20.sol";

/// @title An honest ERC-20 token with permits (ERC-2612), which anyone may mint
contract PermitToken is ERC20 {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function name() public pure override returns (string memory) {
        return "Permit token";
    }

    function symbol() public pure override returns (string memory) {
        return "PERMIT";
    }
}
