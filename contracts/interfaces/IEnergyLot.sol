// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Injection, LotView} from "../types/Lot.sol";
import {Terms} from "../types/Trade.sol";

/// @notice Constructor arguments of the lots.
/// @param ledger Energy ledger that names this contract as a market; its owner is the DSO.
/// @param market Offer market whose trades lots can fulfil.
/// @param slotSeconds Length of a delivery slot in seconds, one minute to a day.
struct LotParameters {
    address ledger;
    address market;
    uint256 slotSeconds;
}

/// @title Energy lot
/// @notice Injected energy as an ERC-721 token, certified by the DSO; its owner changes by permit and acceptance, paid in
/// the same transaction.
/// @dev A lot's energy never changes: split and merge end lots and make new ones, so that nobody can shrink what another
/// has agreed to buy. An id is used once. Ordinary transfers of ERC-721 are gifts between any two accounts; only
/// {exchange} and {deliver} move money, and only they ask the ledger about the parties.
/// @custom:paper C-4, C-7, C-8, C-9
interface IEnergyLot {
    /// @notice The DSO's certificate became a lot; the fields are what it signed, with its signature.
    /// @param lot Id: the reading's hash.
    /// @param dso Whose signature it is.
    /// @param certificate sign_D.
    event LotMinted(
        uint256 indexed lot,
        address indexed producer,
        address indexed dso,
        uint256 energyWh,
        uint256 slotStart,
        bytes32 meter,
        bytes publicKey,
        bytes32 msgAddr,
        uint256 nonce,
        uint256 deadline,
        bytes certificate
    );
    /// @notice The owner changed against payment; the fields are what both signed, with both signatures.
    /// @param price Units of account, paid to the seller.
    /// @param nonce Of the lot, as the permit has it.
    /// @param deadline Of the permit.
    /// @param msgAddr Where the buyer can be reached (eq 2).
    /// @param permit Permit_B, the seller's signature (eq 8).
    /// @param acceptance sign_A, the buyer's signature.
    event LotExchanged(
        uint256 indexed lot,
        address indexed seller,
        address indexed buyer,
        uint256 price,
        uint256 nonce,
        uint256 deadline,
        bytes32 msgAddr,
        bytes permit,
        bytes acceptance
    );
    /// @notice The owner withdrew every permit it had signed for the lot.
    /// @param nonce That permits must carry from now on.
    event PermitsCancelled(uint256 indexed lot, uint256 nonce);
    /// @notice The energy was consumed.
    event LotRetired(uint256 indexed lot, address indexed owner, uint256 energyWh);
    /// @notice A lot became several of the same owner and slot; the i-th has the id {partId}(lot, i).
    event LotSplit(uint256 indexed lot, address indexed owner, uint256[] energiesWh);
    /// @notice Lots of one owner and slot became one.
    event LotsMerged(uint256 indexed lot, address indexed owner, uint256[] lots);
    /// @notice Lots fulfilled a trade of the offer market.
    event LotsDelivered(
        bytes32 indexed tradeId,
        address indexed seller,
        address indexed buyer,
        uint256[] lots
    );

    /// @notice Void from `deadline` on.
    error EnergyLot_Expired(uint256 given, uint256 deadline);
    /// @notice The signature is not the signer's, or not of this lot, price, nonce, deadline, contract and chain.
    error EnergyLot_BadSignature(address signer);
    /// @notice The reading has been minted already.
    error EnergyLot_ReadingUsed(bytes32 reading);
    /// @notice Energy of a lot is 1 … max Wh.
    error EnergyLot_BadEnergy(uint256 energyWh, uint256 max);
    /// @notice Slots start at a multiple of their length, and energy is certified after their end.
    error EnergyLot_BadSlot(uint256 slotStart, uint256 slotSeconds, uint256 latest);
    /// @notice The account is not open as a producer, or suspended, or banned.
    error EnergyLot_MayNotProduce(address producer);
    /// @notice Only the owner may do this.
    error EnergyLot_NotOwner(uint256 lot, address caller, address owner);
    /// @notice Only the seller of the trade may deliver.
    error EnergyLot_NotSeller(address caller, address seller);
    /// @notice Seller and buyer are the same.
    error EnergyLot_SelfExchange(address account);
    /// @notice The parts do not add up to the lot.
    error EnergyLot_WrongSum(uint256 energyWh, uint256 parts);
    /// @notice A split makes two parts or more, a merger takes two lots or more.
    error EnergyLot_TooFew(uint256 given);
    /// @notice Merged lots are of one slot.
    error EnergyLot_OtherSlot(uint256 lot, uint256 slotStart, uint256 needed);
    /// @notice The lot has changed hands too often; it can still be retired, split or merged.
    error EnergyLot_TooManyChanges(uint256 lot, uint256 max);
    /// @notice These functions take no coin.
    error EnergyLot_NoCoin(uint256 value);

    /// @notice Makes a lot of an injection that the DSO has certified; anyone may bring it.
    /// @dev Emits {LotMinted}. The DSO is the ledger's owner and need not be online. Reverts: {EnergyLot_Expired},
    /// {EnergyLot_BadEnergy}, {EnergyLot_BadSlot}, {EnergyLot_ReadingUsed}, {EnergyLot_MayNotProduce},
    /// {EnergyLot_BadSignature}.
    /// Warning: the meter's signature is checked by the DSO, not here.
    /// @custom:paper C-4
    /// @param injection What the DSO signed.
    /// @param signature sign_D: the DSO's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    /// @return lot The reading's hash.
    function mint(Injection calldata injection, bytes calldata signature) external returns (uint256 lot);

    /// @notice Changes the owner and pays the old one in the same transaction; anyone may bring the signatures.
    /// @dev Emits {LotExchanged}. The permit carries the lot's nonce, so it dies with any change of owner. The
    /// acceptance repeats the permit: nobody is made to pay another price than agreed. Reverts: {EnergyLot_Expired},
    /// {EnergyLot_SelfExchange}, {EnergyLot_BadSignature}, and as {IEnergyLedger.transfer}.
    /// @custom:paper C-7, C-8, C-9
    /// @param lot Id.
    /// @param buyer New owner (pubK_A as an account).
    /// @param price Units of account from the buyer's available funds to the seller's.
    /// @param deadline Unix seconds; valid while block.timestamp < deadline.
    /// @param msgAddr Where the buyer can be reached.
    /// @param permit Owner's signature of ExchangePermit(lot, buyer, price, nonce, deadline).
    /// @param acceptance Buyer's signature of ExchangeAcceptance(permit, msgAddr).
    function exchange(
        uint256 lot,
        address buyer,
        uint256 price,
        uint256 deadline,
        bytes32 msgAddr,
        bytes calldata permit,
        bytes calldata acceptance
    ) external;

    /// @notice Makes every permit signed for the lot so far void, those of ERC-4494 too.
    /// @dev Owner only. Emits {PermitsCancelled}. Reverts: {EnergyLot_NotOwner}, {EnergyLot_TooManyChanges}.
    /// @custom:paper C-7
    function cancelPermits(uint256 lot) external;

    /// @notice Ends a lot whose energy its owner has consumed; for ever.
    /// @dev Owner only. Emits {LotRetired}. Reverts: {EnergyLot_NotOwner}.
    /// @custom:paper C-4
    function retire(uint256 lot) external;

    /// @notice Ends a lot and makes several of it.
    /// @dev Owner only. Emits {LotSplit}. Permits and approvals of the lot end with it. Reverts: {EnergyLot_NotOwner},
    /// {EnergyLot_TooFew}, {EnergyLot_BadEnergy}, {EnergyLot_WrongSum}.
    /// @custom:paper C-4
    /// @param lot Id.
    /// @param energiesWh Two or more energies that add up to the lot's.
    function split(uint256 lot, uint256[] calldata energiesWh) external;

    /// @notice Ends several lots and makes one of them.
    /// @dev Owner only. Emits {LotsMerged}. Reverts: {EnergyLot_TooFew}, {EnergyLot_NotOwner} (also for a lot named
    /// twice), {EnergyLot_OtherSlot}, {EnergyLot_BadEnergy}.
    /// @custom:paper C-4
    /// @param lots Two or more lots of one slot.
    /// @return merged {mergedId} of them.
    function merge(uint256[] calldata lots) external returns (uint256 merged);

    /// @notice Fulfils an accepted trade of the offer market with lots in place of a meter's receipt.
    /// @dev The seller only. Emits {LotsDelivered}; the market settles in the same transaction, in full or short, as for
    /// a receipt over the lots' energy. The buyer must have named {receiptSigner} of itself at acceptance. Reverts:
    /// {EnergyLot_NotSeller}, {EnergyLot_NotOwner}, and as {IOfferMarket.confirmDelivery}: then no lot moves.
    /// Warning: lots beyond the agreed energy are given away; split first. Terms that hide the energy are refused.
    /// @custom:paper N-3, C-8
    /// @param terms The offer.
    /// @param buyer Account that accepted it.
    /// @param lots Lots of the caller.
    function deliver(Terms calldata terms, address buyer, uint256[] calldata lots) external;

    /// @notice ERC-7913: signs for {receiptSigner} that a trade was accepted by its buyer, and, within {deliver} only,
    /// that its energy was received.
    /// @param key The buyer, 20 bytes.
    /// @param hash Digest of the offer market's Acceptance or Receipt.
    /// @param signature abi.encode(tradeId) for an acceptance.
    /// @return Selector of this function, or 0xffffffff.
    function verify(
        bytes calldata key,
        bytes32 hash,
        bytes calldata signature
    ) external view returns (bytes4);

    /// @notice Approves a spender by the owner's signature (ERC-4494), so that ordinary tools work.
    /// @dev Emits {Approval}. Used by a front-runner it does what the owner wanted, and can be sent again until the lot
    /// changes hands. Reverts: {EnergyLot_Expired}, {EnergyLot_BadSignature}.
    /// @param spender Account that may transfer the lot.
    /// @param lot Id.
    /// @param deadline Unix seconds; valid while block.timestamp <= deadline, as ERC-4494 has it.
    /// @param signature Owner's signature of Permit(spender, tokenId, nonce, deadline).
    function permit(
        address spender,
        uint256 lot,
        uint256 deadline,
        bytes calldata signature
    ) external payable;

    /// @notice Nonce that permits of a lot must carry (ERC-4494).
    function nonces(uint256 lot) external view returns (uint256);

    /// @notice EIP-712 domain separator (ERC-4494).
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32);

    /// @notice Everything about a lot.
    function lotOf(uint256 lot) external view returns (LotView memory);

    /// @notice Id of the i-th part of a lot that was split.
    function partId(uint256 lot, uint256 i) external pure returns (uint256);

    /// @notice Id of what lots merge into.
    function mergedId(uint256[] calldata lots) external pure returns (uint256);

    /// @notice ERC-7913 signer that a buyer names at acceptance to be delivered in lots.
    function receiptSigner(address buyer) external view returns (bytes memory);

    /// @notice Constants of the deployment.
    function lotParameters() external view returns (LotParameters memory);
}
