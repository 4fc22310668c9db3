// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {ERC721} from "solady/src/tokens/ERC721.sol";
import {Base64} from "solady/src/utils/Base64.sol";
import {EIP712} from "solady/src/utils/EIP712.sol";
import {EfficientHashLib} from "solady/src/utils/EfficientHashLib.sol";
import {LibString} from "solady/src/utils/LibString.sol";
import {IEnergyLedger} from "./interfaces/IEnergyLedger.sol";
import {IEnergyLot, LotParameters} from "./interfaces/IEnergyLot.sol";
import {IOfferMarket} from "./interfaces/IOfferMarket.sol";
import {MarketDigest} from "./libraries/MarketDigest.sol";
import {Range} from "./libraries/Range.sol";
import {SignerLib} from "./libraries/SignerLib.sol";
import {Roles} from "./types/Account.sol";
import {Energy, EnergyLib} from "./types/Energy.sol";
import {Injection, Lot, LotLib, LotState, LotView} from "./types/Lot.sol";
import {Delivery, Terms, TermsLib} from "./types/Trade.sol";

/// @title Energy lot
/// @notice Specified in {IEnergyLot}.
contract EnergyLot is IEnergyLot, ERC721, EIP712 {
    using TermsLib for Terms;

    bytes32 private constant INJECTION_TYPEHASH = keccak256(
        "Injection(address producer,uint256 energyWh,uint256 slotStart,bytes32 meter,bytes32 reading,"
        "bytes publicKey,bytes32 msgAddr,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant EXCHANGE_PERMIT_TYPEHASH = keccak256(
        "ExchangePermit(uint256 lot,address buyer,uint256 price,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant EXCHANGE_ACCEPTANCE_TYPEHASH = keccak256(
        "ExchangeAcceptance(ExchangePermit permit,bytes32 msgAddr)"
        "ExchangePermit(uint256 lot,address buyer,uint256 price,uint256 nonce,uint256 deadline)"
    );
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "Permit(address spender,uint256 tokenId,uint256 nonce,uint256 deadline)"
    );
    bytes4 private constant ERC4494_ID = 0x5604e225;
    bytes4 private constant INVALID = 0xffffffff;
    bytes32 private constant IDLE = bytes32(uint256(1));

    IEnergyLedger private immutable _LEDGER;
    IOfferMarket private immutable _MARKET;
    uint256 private immutable _SLOT_SECONDS;

    /// @dev Hash of the buyer and the receipt's digest that {deliver} vouches for at this moment. Between
    /// transactions it is {IDLE}, so that it is never zero and costs 5,000 to change.
    bytes32 private _delivering = IDLE;

    /// @notice Deploys without lots.
    /// @dev Reverts: {Range_Outside}.
    /// @param p The parameters, each within the range that {LotParameters} states.
    constructor(LotParameters memory p) {
        _LEDGER = IEnergyLedger(p.ledger);
        _MARKET = IOfferMarket(p.market);
        _SLOT_SECONDS = Range.check("slotSeconds", p.slotSeconds, 1 minutes, 1 days);
    }

    // ---------------------------------------------------------------- mint

    /// @inheritdoc IEnergyLot
    function mint(Injection calldata injection, bytes calldata signature) external returns (uint256 lot) {
        lot = uint256(injection.reading);
        _checkInjection(injection, lot);
        address dso = Ownable(address(_LEDGER)).owner();
        bytes32 digest = _hashTypedData(
            keccak256(
                abi.encode(
                    INJECTION_TYPEHASH,
                    injection.producer,
                    injection.energyWh,
                    injection.slotStart,
                    injection.meter,
                    injection.reading,
                    keccak256(injection.publicKey),
                    injection.msgAddr,
                    injection.nonce,
                    injection.deadline
                )
            )
        );
        _checkSignature(dso, digest, signature);
        _make(injection.producer, lot, LotLib.make(injection.energyWh, injection.slotStart));
        emit LotMinted(
            lot,
            injection.producer,
            dso,
            injection.energyWh,
            injection.slotStart,
            injection.meter,
            injection.publicKey,
            injection.msgAddr,
            injection.nonce,
            injection.deadline,
            signature
        );
    }

    /// @dev Checks everything about an injection but its signature.
    function _checkInjection(Injection calldata injection, uint256 lot) private view {
        if (block.timestamp >= injection.deadline) {
            revert EnergyLot_Expired(block.timestamp, injection.deadline);
        }
        _checkEnergy(injection.energyWh);
        uint256 latest = block.timestamp - _SLOT_SECONDS; // The slot must be over.
        if (latest > LotLib.MAX_SLOT_START) {
            latest = LotLib.MAX_SLOT_START; // A later start would lose its upper bits in {Lot}.
        }
        if (injection.slotStart > latest || injection.slotStart % _SLOT_SECONDS != 0) {
            revert EnergyLot_BadSlot(injection.slotStart, _SLOT_SECONDS, latest);
        }
        _checkUnused(lot);
        if (!_LEDGER.mayCommit(injection.producer, Roles.PRODUCER)) {
            revert EnergyLot_MayNotProduce(injection.producer);
        }
    }

    // ---------------------------------------------------------------- change of owner

    /// @inheritdoc IEnergyLot
    function exchange(
        uint256 lot,
        address buyer,
        uint256 price,
        uint256 deadline,
        bytes32 msgAddr,
        bytes calldata permit_,
        bytes calldata acceptance
    ) external {
        if (block.timestamp >= deadline) {
            revert EnergyLot_Expired(block.timestamp, deadline);
        }
        address seller = ownerOf(lot);
        if (seller == buyer) {
            revert EnergyLot_SelfExchange(buyer);
        }
        uint256 nonce = _lot(lot).nonce();
        bytes32 permitHash = EfficientHashLib.hash(
            uint256(EXCHANGE_PERMIT_TYPEHASH),
            lot,
            uint256(uint160(buyer)),
            price,
            nonce,
            deadline
        );
        _checkSignature(seller, _hashTypedData(permitHash), permit_);
        bytes32 acceptanceHash = EfficientHashLib.hash(EXCHANGE_ACCEPTANCE_TYPEHASH, permitHash, msgAddr);
        _checkSignature(buyer, _hashTypedData(acceptanceHash), acceptance);
        _transfer(seller, buyer, lot);
        emit LotExchanged(lot, seller, buyer, price, nonce, deadline, msgAddr, permit_, acceptance);
        _LEDGER.transfer(buyer, seller, price);
    }

    /// @inheritdoc IEnergyLot
    function cancelPermits(uint256 lot) external {
        _requireOwner(lot);
        _advance(lot);
        emit PermitsCancelled(lot, _lot(lot).nonce());
    }

    /// @inheritdoc IEnergyLot
    function permit(
        address spender,
        uint256 lot,
        uint256 deadline,
        bytes calldata signature
    ) external payable {
        if (block.timestamp > deadline) {
            revert EnergyLot_Expired(block.timestamp, deadline);
        }
        _refuseCoin();
        address owner = ownerOf(lot);
        bytes32 structHash = keccak256(
            abi.encode(PERMIT_TYPEHASH, spender, lot, _lot(lot).nonce(), deadline)
        );
        _checkSignature(owner, _hashTypedData(structHash), signature);
        _approve(owner, spender, lot);
    }

    // ---------------------------------------------------------------- retire, split, merge

    /// @inheritdoc IEnergyLot
    function retire(uint256 lot) external {
        _requireOwner(lot);
        _end(lot, LotState.Retired);
        emit LotRetired(lot, msg.sender, _lot(lot).energyWh());
    }

    /// @inheritdoc IEnergyLot
    function split(uint256 lot, uint256[] calldata energiesWh) external {
        _requireOwner(lot);
        if (energiesWh.length < 2) {
            revert EnergyLot_TooFew(energiesWh.length);
        }
        Lot whole = _lot(lot);
        _end(lot, LotState.Split);
        uint256 sum = 0;
        for (uint256 i = 0; i < energiesWh.length; ++i) {
            _checkEnergy(energiesWh[i]);
            sum += energiesWh[i];
            uint256 part = partId(lot, i);
            _checkUnused(part);
            _make(msg.sender, part, LotLib.make(energiesWh[i], whole.slotStart()));
        }
        if (sum != whole.energyWh()) {
            revert EnergyLot_WrongSum(whole.energyWh(), sum);
        }
        emit LotSplit(lot, msg.sender, energiesWh);
    }

    /// @inheritdoc IEnergyLot
    function merge(uint256[] calldata lots) external returns (uint256 merged) {
        if (lots.length < 2) {
            revert EnergyLot_TooFew(lots.length);
        }
        uint256 slotStart = _lot(lots[0]).slotStart();
        uint256 sum = 0;
        for (uint256 i = 0; i < lots.length; ++i) {
            _requireOwner(lots[i]);
            Lot part = _lot(lots[i]);
            if (part.slotStart() != slotStart) {
                revert EnergyLot_OtherSlot(lots[i], part.slotStart(), slotStart);
            }
            sum += part.energyWh();
            _end(lots[i], LotState.Merged);
        }
        _checkEnergy(sum);
        merged = mergedId(lots);
        _checkUnused(merged);
        _make(msg.sender, merged, LotLib.make(sum, slotStart));
        emit LotsMerged(merged, msg.sender, lots);
    }

    // ---------------------------------------------------------------- deliver

    /// @inheritdoc IEnergyLot
    function deliver(Terms calldata terms, address buyer, uint256[] calldata lots) external {
        if (msg.sender != terms.seller) {
            revert EnergyLot_NotSeller(msg.sender, terms.seller);
        }
        uint256 sum = 0;
        for (uint256 i = 0; i < lots.length; ++i) {
            _requireOwner(lots[i]);
            Lot given = _lot(lots[i]);
            // Its end needs no check: a slot was over before its lot was minted, and the market refuses a
            // receipt from deliverBy on: nobody testifies to a trade that lots fulfil.
            if (given.slotStart() < terms.acceptBy) {
                revert EnergyLot_SlotBeforeTrade(lots[i], given.slotStart(), terms.acceptBy);
            }
            sum += given.energyWh();
            _transfer(msg.sender, buyer, lots[i]);
        }
        bytes32 tradeId = terms.tradeId();
        emit LotsDelivered(tradeId, msg.sender, buyer, lots);
        Energy energy = EnergyLib.plain(sum);
        bytes32 receipt = _marketDigest(MarketDigest.receiptHash(tradeId, energy));
        _delivering = keccak256(abi.encode(buyer, receipt));
        // Safe: the market calls only the ledger, which calls nobody, and {verify} of this contract.
        _MARKET.confirmDelivery(Delivery(terms, buyer, receiptSigner(buyer), energy, ""));
        _delivering = IDLE;
    }

    /// @inheritdoc IEnergyLot
    function verify(
        bytes calldata key,
        bytes32 hash,
        bytes calldata signature
    ) external view returns (bytes4) {
        if (key.length != 20) {
            return INVALID;
        }
        address buyer = address(bytes20(key));
        if (signature.length == 0) {
            return keccak256(abi.encode(buyer, hash)) == _delivering ? this.verify.selector : INVALID;
        }
        bytes32 acceptance = MarketDigest.acceptanceHash(bytes32(signature), buyer);
        return _marketDigest(acceptance) == hash ? this.verify.selector : INVALID;
    }

    /// @dev EIP-712 digest in the offer market's domain.
    function _marketDigest(bytes32 structHash) private view returns (bytes32) {
        return MarketDigest.digest(address(_MARKET), structHash);
    }

    // ---------------------------------------------------------------- the lot's slot

    /// @dev The bits beside the owner.
    function _lot(uint256 lot) private view returns (Lot) {
        return Lot.wrap(_getExtraData(lot));
    }

    /// @dev Mints. The caller has called {_checkUnused}.
    function _make(address owner, uint256 lot, Lot content) private {
        _mintAndSetExtraDataUnchecked(owner, lot, Lot.unwrap(content));
    }

    /// @dev Burns. The content stays without an owner, so that the id is never used again.
    function _end(uint256 lot, LotState end) private {
        _burn(lot);
        _setExtraData(lot, Lot.unwrap(_lot(lot).ended(end)));
    }

    /// @dev Makes every permit signed so far void. Reverts: {EnergyLot_TooManyChanges}.
    function _advance(uint256 lot) private {
        Lot content = _lot(lot);
        if (content.nonce() == LotLib.MAX_NONCE) {
            revert EnergyLot_TooManyChanges(lot, LotLib.MAX_NONCE);
        }
        _setExtraData(lot, Lot.unwrap(content.withNextNonce()));
    }

    /// @dev Every change of owner, by whatever function, advances the nonce. This runs before ERC721's own
    /// checks, which undo it for a lot that does not exist.
    function _beforeTokenTransfer(address from, address to, uint256 lot) internal override {
        _refuseCoin();
        if (from != address(0) && to != address(0)) {
            _advance(lot);
        }
    }

    /// @inheritdoc ERC721
    function approve(address account, uint256 lot) public payable override {
        _refuseCoin();
        super.approve(account, lot);
    }

    /// @dev Solady's functions are payable, which saves a check, but a coin sent along would be lost.
    function _refuseCoin() private view {
        if (msg.value != 0) {
            revert EnergyLot_NoCoin(msg.value);
        }
    }

    /// @dev Reverts {EnergyLot_NotOwner} unless the caller owns the lot.
    function _requireOwner(uint256 lot) private view {
        address owner = _ownerOf(lot);
        if (msg.sender != owner) {
            revert EnergyLot_NotOwner(lot, msg.sender, owner);
        }
    }

    /// @dev Reverts {EnergyLot_IdUsed} if there is or was a lot of this id. The ids of parts and merged lots
    /// need it too: they can be computed beforehand, and the DSO may certify any 32 bytes as a reading.
    function _checkUnused(uint256 lot) private view {
        if (_lot(lot).state() != LotState.None) {
            revert EnergyLot_IdUsed(lot);
        }
    }

    /// @dev Reverts {EnergyLot_BadEnergy} unless a lot can have this energy.
    function _checkEnergy(uint256 energyWh) private pure {
        if (energyWh == 0 || energyWh > LotLib.MAX_ENERGY_WH) {
            revert EnergyLot_BadEnergy(energyWh, LotLib.MAX_ENERGY_WH);
        }
    }

    /// @dev Reverts {EnergyLot_BadSignature} unless the signature is the account's.
    function _checkSignature(address signer, bytes32 digest, bytes calldata signature) private view {
        if (!SignerLib.isAccounts(signer, digest, signature)) {
            revert EnergyLot_BadSignature(signer);
        }
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IEnergyLot
    function lotOf(uint256 lot) external view returns (LotView memory) {
        Lot content = _lot(lot);
        return
            LotView(_ownerOf(lot), content.energyWh(), content.slotStart(), content.nonce(), content.state());
    }

    /// @inheritdoc IEnergyLot
    function nonces(uint256 lot) external view returns (uint256) {
        return _lot(lot).nonce();
    }

    /// @inheritdoc IEnergyLot
    function partId(uint256 lot, uint256 i) public pure returns (uint256) {
        return uint256(keccak256(abi.encode(lot, i)));
    }

    /// @inheritdoc IEnergyLot
    function mergedId(uint256[] calldata lots) public pure returns (uint256) {
        return uint256(keccak256(abi.encode(lots))); // Four words or more, so it is never the hash of a part.
    }

    /// @inheritdoc IEnergyLot
    function receiptSigner(address buyer) public view returns (bytes memory) {
        return abi.encodePacked(address(this), buyer);
    }

    /// @inheritdoc IEnergyLot
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparator();
    }

    /// @inheritdoc IEnergyLot
    function lotParameters() external view returns (LotParameters memory) {
        return LotParameters(address(_LEDGER), address(_MARKET), _SLOT_SECONDS);
    }

    /// @inheritdoc ERC721
    function name() public pure override returns (string memory) {
        return "EnergyLot";
    }

    /// @inheritdoc ERC721
    function symbol() public pure override returns (string memory) {
        return "LOT";
    }

    /// @inheritdoc ERC721
    function tokenURI(uint256 lot) public view override returns (string memory) {
        ownerOf(lot);
        Lot content = _lot(lot);
        // solhint-disable quotes
        string memory energyWh = LibString.toString(content.energyWh());
        string memory json = string.concat(
            '{"name":"',
            energyWh,
            ' Wh","description":"Energy injected into the grid, certified by the DSO","attributes":[',
            '{"trait_type":"energyWh","value":',
            energyWh,
            '},{"display_type":"date","trait_type":"slotStart","value":',
            LibString.toString(content.slotStart()),
            '},{"trait_type":"slotSeconds","value":',
            LibString.toString(_SLOT_SECONDS),
            "}]}"
        );
        // solhint-enable quotes
        return string.concat("data:application/json;base64,", Base64.encode(bytes(json)));
    }

    /// @inheritdoc ERC721
    function supportsInterface(bytes4 interfaceId) public view override returns (bool) {
        return
            interfaceId == ERC4494_ID ||
            interfaceId == type(IERC5267).interfaceId ||
            super.supportsInterface(interfaceId);
    }

    /// @dev EIP-712 domain.
    function _domainNameAndVersion() internal pure override returns (string memory, string memory) {
        return ("EnergyLot", "1");
    }
}
