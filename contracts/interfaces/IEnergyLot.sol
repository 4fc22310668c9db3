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
/// @notice Injected energy as an ERC-721 token, certified by the DSO (distribution system operator). Its
/// owner changes by permit and acceptance, and is paid in the same transaction.
/// @dev A lot's energy never changes: split and merge end lots and make new ones, so that nobody can shrink
/// what another has agreed to buy. An id is used once. Ordinary transfers of ERC-721 are gifts between any
/// two accounts; only {exchange} and {deliver} move money, and only they ask the ledger about the parties.
/// @custom:paper C-4, C-7, C-8, C-9
interface IEnergyLot {
    /// @notice The DSO's certificate became a lot. The fields are what it signed, with its signature.
    /// @param lot Id: the reading's hash.
    /// @param producer Account that got the lot.
    /// @param dso Account whose signature it is.
    /// @param energyWh Energy in Wh.
    /// @param slotStart Start of the delivery slot, unix seconds.
    /// @param meter keccak256 of the ERC-7913 signer that signed the reading.
    /// @param publicKey The producer's public key, or empty.
    /// @param msgAddr Where the producer can be reached.
    /// @param nonce Serial number of the DSO.
    /// @param deadline Unix seconds; the certificate could be used before.
    /// @param certificate sign_D, the DSO's signature.
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
    /// @notice The owner changed against payment. The fields are what both signed, with both signatures.
    /// @param lot Id.
    /// @param seller Owner before.
    /// @param buyer Owner from now on.
    /// @param price Units of account, paid to the seller.
    /// @param nonce Nonce of the lot in the permit.
    /// @param deadline Unix seconds; the permit could be used before.
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
    /// @notice The owner withdrew every permit that it had signed for the lot.
    /// @param lot Id.
    /// @param nonce Nonce that permits must carry from now on.
    event PermitsCancelled(uint256 indexed lot, uint256 nonce);
    /// @notice The energy was consumed.
    /// @param lot Id of the lot that ended.
    /// @param owner Account that consumed it.
    /// @param energyWh Energy in Wh.
    event LotRetired(uint256 indexed lot, address indexed owner, uint256 energyWh);
    /// @notice A lot became several of the same owner and slot. The i-th has the id {partId}(lot, i).
    /// @param lot Id of the lot that ended.
    /// @param owner Owner of it and its parts.
    /// @param energiesWh Energies of the parts in Wh.
    event LotSplit(uint256 indexed lot, address indexed owner, uint256[] energiesWh);
    /// @notice Lots of one owner and slot became one.
    /// @param lot Id of the new lot.
    /// @param owner Owner of all of them.
    /// @param lots Ids of the lots that ended.
    event LotsMerged(uint256 indexed lot, address indexed owner, uint256[] lots);
    /// @notice Lots fulfilled a trade of the offer market.
    /// @param tradeId Hash of the trade's terms.
    /// @param seller Owner before.
    /// @param buyer Owner from now on.
    /// @param lots Ids of the lots.
    event LotsDelivered(
        bytes32 indexed tradeId,
        address indexed seller,
        address indexed buyer,
        uint256[] lots
    );

    /// @notice The deadline has passed.
    error EnergyLot_Expired(uint256 given, uint256 deadline);
    /// @notice The signature is not the signer's, or it is for another lot, price, nonce, deadline, contract
    /// or chain.
    error EnergyLot_BadSignature(address signer);
    /// @notice There is or was a lot of this id already: the reading was minted, or the part or the merged
    /// lot would take the place of another.
    error EnergyLot_IdUsed(uint256 lot);
    /// @notice The energy of a lot must be between 1 Wh and the maximum.
    error EnergyLot_BadEnergy(uint256 energyWh, uint256 max);
    /// @notice A slot must start at a multiple of its length, and it must be over before its energy is
    /// minted. The latest start that a lot can hold is 2**32 - 1, in 2106.
    error EnergyLot_BadSlot(uint256 slotStart, uint256 slotSeconds, uint256 latest);
    /// @notice The account is not open as a producer, or it is suspended or banned.
    error EnergyLot_MayNotProduce(address producer);
    /// @notice Only the owner of the lot may do this.
    error EnergyLot_NotOwner(uint256 lot, address caller, address owner);
    /// @notice Only the seller of the trade may deliver.
    error EnergyLot_NotSeller(address caller, address seller);
    /// @notice The lot's slot must lie in the trade's time, from acceptBy to deliverBy.
    error EnergyLot_SlotBeforeTrade(uint256 lot, uint256 slotStart, uint256 acceptBy);
    /// @notice Seller and buyer must be two accounts.
    error EnergyLot_SelfExchange(address account);
    /// @notice The parts do not add up to the lot.
    error EnergyLot_WrongSum(uint256 energyWh, uint256 parts);
    /// @notice A split must make two parts or more, and a merger must take two lots or more.
    error EnergyLot_TooFew(uint256 given);
    /// @notice Merged lots must be of one slot.
    error EnergyLot_OtherSlot(uint256 lot, uint256 slotStart, uint256 needed);
    /// @notice The lot has changed hands too often; it can still be retired, split or merged.
    error EnergyLot_TooManyChanges(uint256 lot, uint256 max);
    /// @notice This function takes no coin.
    error EnergyLot_NoCoin(uint256 value);

    /// @notice Makes a lot of an injection that the DSO has certified. Anyone may submit the certificate, and
    /// the DSO need not be online. The DSO checks the meter's signature before it certifies; this contract
    /// does not.
    /// @dev The DSO is the ledger's owner. Emits {LotMinted}. Reverts: {EnergyLot_Expired},
    /// {EnergyLot_BadEnergy}, {EnergyLot_BadSlot}, {EnergyLot_IdUsed}, {EnergyLot_MayNotProduce},
    /// {EnergyLot_BadSignature}. The reading is the EIP-712 struct hash of what the meter signs:
    /// InjectionReading(bytes meter,uint256 slotStart,uint256 energyWh)
    /// @custom:paper C-4
    /// @custom:signed Injection(address producer, uint256 energyWh, uint256 slotStart, bytes32 meter, bytes32
    /// reading, bytes publicKey, bytes32 msgAddr, uint256 nonce, uint256 deadline)
    /// @param injection What the DSO signed.
    /// @param signature sign_D: the DSO's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    /// @return lot Id: the reading's hash.
    function mint(Injection calldata injection, bytes calldata signature) external returns (uint256 lot);

    /// @notice Changes the owner and pays the old one in the same transaction. Anyone may submit the two
    /// signatures. The permit carries the lot's nonce, so it becomes void with any change of owner. The
    /// acceptance repeats the permit, so nobody can be made to pay another price than agreed.
    /// @dev Emits {LotExchanged}. Reverts: {EnergyLot_Expired}, {EnergyLot_SelfExchange},
    /// {EnergyLot_BadSignature}, and as {IEnergyLedger.transfer}. Rounding: none.
    /// @custom:paper C-7, C-8, C-9
    /// @custom:signed ExchangeAcceptance(ExchangePermit permit, bytes32 msgAddr)ExchangePermit(uint256 lot,
    /// address buyer, uint256 price, uint256 nonce, uint256 deadline)
    /// @param lot Id.
    /// @param buyer New owner (pubK_A as an account).
    /// @param price Units of account from the buyer's available funds to the seller's.
    /// @param deadline Unix seconds; valid while block.timestamp < deadline.
    /// @param msgAddr Where the buyer can be reached.
    /// @param permit The owner's EIP-712 signature of the ExchangePermit.
    /// @param acceptance The buyer's EIP-712 signature of the ExchangeAcceptance.
    function exchange(
        uint256 lot,
        address buyer,
        uint256 price,
        uint256 deadline,
        bytes32 msgAddr,
        bytes calldata permit,
        bytes calldata acceptance
    ) external;

    /// @notice Makes every permit that was signed for the lot void, those of ERC-4494 too. Only the owner may
    /// call it.
    /// @dev Emits {PermitsCancelled}. Reverts: {EnergyLot_NotOwner}, {EnergyLot_TooManyChanges}.
    /// @custom:paper C-7
    /// @param lot Id.
    function cancelPermits(uint256 lot) external;

    /// @notice Ends a lot whose energy its owner has consumed, for ever. Only the owner may call it.
    /// @dev Emits {LotRetired}. Reverts: {EnergyLot_NotOwner}.
    /// @custom:paper C-4
    /// @param lot Id.
    function retire(uint256 lot) external;

    /// @notice Ends a lot and makes several of it. Permits and approvals of the lot end with it. Only the
    /// owner may call it.
    /// @dev Emits {LotSplit}. Reverts: {EnergyLot_NotOwner}, {EnergyLot_TooFew}, {EnergyLot_BadEnergy},
    /// {EnergyLot_IdUsed}, {EnergyLot_WrongSum}.
    /// @custom:paper C-4
    /// @param lot Id.
    /// @param energiesWh Two or more energies in Wh that add up to the lot's.
    function split(uint256 lot, uint256[] calldata energiesWh) external;

    /// @notice Ends several lots and makes one of them. Only the owner of all of them may call it.
    /// @dev Emits {LotsMerged}. Reverts: {EnergyLot_TooFew}, {EnergyLot_NotOwner} (also for a lot named
    /// twice), {EnergyLot_OtherSlot}, {EnergyLot_BadEnergy}, {EnergyLot_IdUsed}.
    /// @custom:paper C-4
    /// @param lots Ids of two or more lots of one slot, each named once.
    /// @return merged Id of the new lot, {mergedId} of the others.
    function merge(uint256[] calldata lots) external returns (uint256 merged);

    /// @notice Fulfils an accepted trade of the offer market with lots in place of a meter's receipt. Only
    /// the seller of the trade may call it. The market settles in the same transaction, in full or short, as
    /// for a receipt over the lots' energy. The buyer must have named its {receiptSigner} at acceptance. The
    /// slot of each lot must lie in the trade's time: it starts at acceptBy or later and ends before
    /// deliverBy, since it is over when the lot is minted. Energy of an earlier slot is sold by {exchange}.
    /// Lots beyond the agreed energy are given away, so split them first. Terms that hide the energy are
    /// refused.
    /// @dev Emits {LotsDelivered}. Reverts: {EnergyLot_NotSeller}, {EnergyLot_NotOwner},
    /// {EnergyLot_SlotBeforeTrade}, and as {IOfferMarket.confirmDelivery}; then no lot moves.
    /// @custom:paper N-3, C-8
    /// @param terms The offer.
    /// @param buyer Account that accepted it.
    /// @param lots Ids of lots of the caller.
    function deliver(Terms calldata terms, address buyer, uint256[] calldata lots) external;

    /// @notice Signs as {receiptSigner} (ERC-7913): at any time that a trade was accepted by its buyer, and
    /// only during {deliver} that its energy was received.
    /// @custom:paper N-3, C-8
    /// @param key The buyer, 20 bytes.
    /// @param hash Digest of the offer market's Acceptance or Receipt.
    /// @param signature abi.encode(tradeId) for an acceptance, empty for a receipt.
    /// @return Selector of this function if it signs, else 0xffffffff.
    function verify(
        bytes calldata key,
        bytes32 hash,
        bytes calldata signature
    ) external view returns (bytes4);

    /// @notice Approves a spender by the owner's signature (ERC-4494), so that ordinary tools work. Anyone
    /// may submit the signature, and it can be submitted again until the lot changes hands.
    /// @dev Emits {Approval}. Submitted by a front-runner it does what the owner wanted. Reverts:
    /// {EnergyLot_Expired}, {EnergyLot_BadSignature}, {EnergyLot_NoCoin}.
    /// @custom:signed Permit(address spender, uint256 tokenId, uint256 nonce, uint256 deadline)
    /// @param spender Account that may transfer the lot.
    /// @param lot Id.
    /// @param deadline Unix seconds; valid while block.timestamp <= deadline, as ERC-4494 has it.
    /// @param signature The owner's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    function permit(
        address spender,
        uint256 lot,
        uint256 deadline,
        bytes calldata signature
    ) external payable;

    /// @notice Nonce that permits of a lot must carry (ERC-4494).
    /// @param lot Id.
    /// @return Changes of owner and cancellations so far.
    function nonces(uint256 lot) external view returns (uint256);

    /// @notice EIP-712 domain separator (ERC-4494).
    /// @return The separator for this contract and chain.
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32);

    /// @notice Everything about a lot.
    /// @param lot Id.
    /// @return What is known about it; the state of an unknown lot is {LotState.None}.
    function lotOf(uint256 lot) external view returns (LotView memory);

    /// @notice Id of a part of a lot that was split.
    /// @param lot Id of the lot.
    /// @param i Place of the part, from 0.
    /// @return Id of the part.
    function partId(uint256 lot, uint256 i) external pure returns (uint256);

    /// @notice Id of the lot that lots merge into.
    /// @param lots Ids of the lots, in the order of {merge}.
    /// @return Id of the new lot.
    function mergedId(uint256[] calldata lots) external pure returns (uint256);

    /// @notice ERC-7913 signer that a buyer names at acceptance to be delivered in lots.
    /// @param buyer Account that accepts an offer.
    /// @return This contract's address followed by the buyer's.
    function receiptSigner(address buyer) external view returns (bytes memory);

    /// @notice The parameters of the lots.
    /// @return As given to the constructor.
    function lotParameters() external view returns (LotParameters memory);
}
