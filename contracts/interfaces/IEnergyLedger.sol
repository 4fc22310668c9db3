// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Deposit, TokenPermit, Withdrawal} from "../types/Relay.sol";

/// @notice How a commitment ended, as the market reports it.
enum Outcome {
    None, // only money moves
    Delivered, // the trade was fulfilled: both credits change by eqs 3 and 6
    SellerDefault, // nothing or too little was delivered (eqs 2, 3, 7)
    BuyerDefault, // an award was not paid (eqs 4, 6, 7); it counts for nothing while the buyer is suspended
    Withdrawn // an open offer was withdrawn before its expiry
}

/// @notice Why a credit changed. {IEnergyLedger.DeliveryRecorded} stands for Sold and Bought at once.
enum Cause {
    None,
    Sold,
    Bought,
    SellerDefault,
    BuyerDefault,
    Withdrawn
}

/// @notice PKG's statement that an account belongs to a certified person (C-2). PKG is the private key
/// generator, the authority that certifies people; DSO below is the distribution system operator.
/// @param account Account to open.
/// @param roles 1 for a producer, 2 for a consumer, 3 for both.
/// @param certificateHash keccak256 of the ECQV certificate.
/// @param identityCiphertext α of the certificate: the identity, which only PKG and DSO together can read.
/// @param deadline Unix seconds; the statement is valid while block.timestamp < deadline.
struct AccountAttestation {
    address account;
    uint256 roles;
    bytes32 certificateHash;
    bytes identityCiphertext;
    uint256 deadline;
}

/// @notice How a market ends a commitment. The market must keep the sum: sellerGets + buyerGets +
/// treasuryGets equals `unhold` plus the payment that it took with {IEnergyLedger.commit}. All amounts are in
/// units of account.
/// @dev This order of the fields gives {IEnergyLedger.settle} a low selector. The dispatcher tries selectors
/// from the lowest, at 22 gas each, so the order saves 570 gas with each trade.
/// @param seller Account whose guarantee was held.
/// @param unhold Part of the guarantee that is no longer held.
/// @param sellerGets What is added to the seller's available funds.
/// @param buyer Account that paid; zero if nobody did.
/// @param buyerGets What is added to the buyer's available funds.
/// @param outcome What happened, for the credits.
/// @param value Money value of what was settled. The ledger scales it to the z of the credit model.
/// @param agreedAt Unix seconds at which the trade was agreed. Only a default looks at it: it escalates if
/// the trade was agreed at or after the last step.
/// @param treasuryGets Fee and lost part of the guarantee.
struct Settlement {
    address seller;
    uint256 unhold;
    uint256 sellerGets;
    address buyer;
    uint256 buyerGets;
    Outcome outcome;
    uint256 value;
    uint256 agreedAt;
    uint256 treasuryGets;
}

/// @notice Constructor arguments of the ledger, each with its allowed range.
/// @param asset ERC-20 token to settle in; zero: the native coin.
/// @param unit Base units of the asset that make one unit of account, 1 … 1e18. All money is counted in units
/// of account.
/// @param owner The DSO: it suspends accounts, registers meters and names PKG's key.
/// @param pkg First key of PKG (an account or an ERC-1271 contract).
/// @param treasury Account that gets fees and lost guarantees.
/// @param markets 1 … 8 contracts that may commit and settle. Those that trade most stand among the first
/// four, which are looked at first.
/// @param epochSeconds Length of an epoch of one-time keys in seconds, one hour to a year.
/// @param credit The constants of the credit model.
struct LedgerParameters {
    address asset;
    uint256 unit;
    address owner;
    address pkg;
    address treasury;
    address[] markets;
    uint256 epochSeconds;
    CreditParameters credit;
}

/// @notice Constants of the credit model (X-1 … X-3). A name that ends in E9 has the scale 1e9.
/// @param k1E9 k1 of eq 3, 1e6 … 10e9.
/// @param k2E9 k2 of eq 3, 1e6 … 10e9 and at least k1.
/// @param t1E9 t1 of eq 6, 1e6 … 10e9.
/// @param t2E9 t2 of eq 6, 1e6 … 10e9 and at least t1.
/// @param z0 Damping of eqs 1 and 2 in z units, 1 … 2**32 - 1.
/// @param profitE9 L of eqs 4 and 5, 1 … 1e9 - 1.
/// @param window How many recent trades count, n = m = k of eqs 1, 2, 4; 1 … 10.
/// @param zUnit Units of account that make z = 1; at least 1.
/// @param floorE9 Lowest credit and that of a new account, 1e6 … 1e12. Rounding would keep a lower one from
/// growing.
/// @param ceilingE9 Highest credit, floor … 1e12.
/// @param withdrawalE9 Loss that stands for f(z) when an offer is withdrawn, 0 … 1e9.
/// @param graceDefaults k of N-7: the first k steps (defaults that escalate) bring no ban, 0 … 100.
/// @param banUnit Seconds that eq 7 calls a day, 60 seconds to ten years.
/// @param maxBan Longest ban in seconds, banUnit to ten years.
/// @param openBase Guarantee in units of account that a seller of the lowest credit may have held at once.
/// @param openPerCredit Units of account that each whole point of credit above the floor adds to openBase.
struct CreditParameters {
    uint256 k1E9;
    uint256 k2E9;
    uint256 t1E9;
    uint256 t2E9;
    uint256 z0;
    uint256 profitE9;
    uint256 window;
    uint256 zUnit;
    uint256 floorE9;
    uint256 ceilingE9;
    uint256 withdrawalE9;
    uint256 graceDefaults;
    uint256 banUnit;
    uint256 maxBan;
    uint256 openBase;
    uint256 openPerCredit;
}

/// @notice Everything about an account, in a form for people. Money is in units of account.
/// @param roles 1 for a producer, 2 for a consumer, 3 for both.
/// @param open Whether PKG has attested the account.
/// @param suspended Whether the DSO keeps the account from new commitments.
/// @param available Funds that can be withdrawn or committed.
/// @param held Guarantees of open offers and trades.
/// @param sellerCreditE9 R^s of eq 3, scale 1e9.
/// @param buyerCreditE9 R^b of eq 6, scale 1e9.
/// @param defaults Number of defaults so far; they are never forgotten.
/// @param steps How many of them escalated: their trades were agreed at or after the step before.
/// @param lastStepAt Unix seconds of the last step; zero if there was none.
/// @param bannedUntil Unix seconds; the account can make no new commitment before. Zero if there was no ban
/// yet, or the DSO lifted the last one.
/// @param sales Sizes z of the ten latest sales, 8 bits each, the newest in the lowest bits.
/// @param purchases Sizes z of the ten latest purchases, 8 bits each, the newest in the lowest bits.
struct AccountView {
    uint256 roles;
    bool open;
    bool suspended;
    uint256 available;
    uint256 held;
    uint256 sellerCreditE9;
    uint256 buyerCreditE9;
    uint256 defaults;
    uint256 steps;
    uint256 lastStepAt;
    uint256 bannedUntil;
    uint256 sales;
    uint256 purchases;
}

/// @title Energy ledger
/// @notice The accounts of the market: their funds (available and held) and their standing (roles, credits,
/// recent trades, defaults, ban).
/// @dev Money is counted in units of account, each of which is `UNIT` base units of the asset, so that a
/// seller's funds, credit and window share one slot. Invariant: (Σ available + Σ held + payments held in open
/// trades) · UNIT equals the ledger's balance of the asset, gifts aside. Suspensions and bans stop new
/// commitments only: what is committed is settled, and the owner of available funds can always withdraw them.
/// @custom:paper X-1, X-2, X-3, X-4, N-7, C-2
interface IEnergyLedger {
    /// @notice An account was opened and can trade from now on.
    /// @param account The account.
    /// @param roles 1 for a producer, 2 for a consumer, 3 for both.
    /// @param certificateHash keccak256 of the ECQV certificate.
    /// @param identityCiphertext α of the certificate.
    event AccountOpened(
        address indexed account,
        uint256 roles,
        bytes32 certificateHash,
        bytes identityCiphertext
    );
    /// @notice The DSO suspended an account: it can make no new commitments.
    /// @param account The account.
    event AccountSuspended(address indexed account);
    /// @notice The DSO reinstated an account: it can commit again.
    /// @param account The account.
    event AccountReinstated(address indexed account);
    /// @notice The DSO lifted a ban: the account can commit again. Its record of defaults stays as it was.
    /// @param account The account.
    /// @param until Unix seconds; when the ban would have ended.
    /// @param reason Why the DSO lifted it.
    event BanLifted(address indexed account, uint256 until, string reason);
    /// @notice Funds came in for an account.
    /// @param account Account that got the funds.
    /// @param payer Who paid them in.
    /// @param amount Units of account.
    event Deposited(address indexed account, address indexed payer, uint256 amount);
    /// @notice Funds left an account.
    /// @param account Account that they were taken from.
    /// @param to Recipient.
    /// @param amount Units of account.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    /// @notice A relayer has its fee for orders that it, or somebody in its place, carried out.
    /// @param relayer Account that has the fee; it need not be open.
    /// @param payer Account that paid it from its available funds; zero: it came out of a market's care, and
    /// the market states who paid.
    /// @param amount Units of account.
    event RelayFeePaid(address indexed relayer, address indexed payer, uint256 amount);
    /// @notice PKG's attestations are signed with a new key from now on.
    /// @param oldPkg The key before; zero at deployment.
    /// @param newPkg The key from now on.
    event PkgChanged(address indexed oldPkg, address indexed newPkg);
    /// @notice A trade was fulfilled, and both credits changed. The trade's z was added to the seller's
    /// window of sales and to the buyer's window of purchases.
    /// @param seller Seller.
    /// @param buyer Buyer.
    /// @param change Packed, from the low bits: the seller's old credit E9 in 40 bits, its new credit E9 in
    /// 40, the buyer's old credit E9 in 40, its new credit E9 in 40, z in 8.
    event DeliveryRecorded(address indexed seller, address indexed buyer, uint256 change);
    /// @notice One credit changed: the buyer's for the cause BuyerDefault, the seller's for SellerDefault and
    /// Withdrawn. The trade's z was added to the window of sales or purchases, unless the cause is Withdrawn.
    /// @param account Account whose credit changed.
    /// @param change Packed, from the low bits: cause in 8 bits, old credit E9 in 40, new credit E9 in 40, z
    /// in 8.
    event CreditChanged(address indexed account, uint256 change);
    /// @notice A default was added to an account's record, where it stays for ever. If its trade was agreed
    /// at or after the last step, it is the next step: the penalty factor doubles, and a ban may follow.
    /// Otherwise `steps`, `lastStepAt` and `bannedUntil` are what they were.
    /// @param account The account.
    /// @param cause SellerDefault or BuyerDefault.
    /// @param defaults How many defaults there are now.
    /// @param steps How many of them escalated.
    /// @param lastStepAt Unix seconds of the last step.
    /// @param bannedUntil Unix seconds; the account can make no new commitment before.
    event DefaultRecorded(
        address indexed account,
        Cause cause,
        uint256 defaults,
        uint256 steps,
        uint256 lastStepAt,
        uint256 bannedUntil
    );

    /// @notice Only the markets named at deployment may call this.
    error EnergyLedger_NotMarket(address caller);
    /// @notice This address must not be zero.
    error EnergyLedger_ZeroAddress(string name);
    /// @notice The account is open already.
    error EnergyLedger_AlreadyOpen(address account);
    /// @notice The treasury gets no roles: it would trade without risk, because what it forfeited would come
    /// back to it.
    error EnergyLedger_IsTreasury(address account);
    /// @notice The account has not agreed to this attestation: it neither submitted nor signed it.
    error EnergyLedger_NoConsent(address account);
    /// @notice The account is not open.
    error EnergyLedger_NotOpen(address account);
    /// @notice Roles must be 1 (producer), 2 (consumer) or 3 (both).
    error EnergyLedger_BadRoles(uint256 given, uint256 max);
    /// @notice The attestation has expired.
    error EnergyLedger_AttestationExpired(uint256 given, uint256 deadline);
    /// @notice The attestation is not signed with PKG's key.
    error EnergyLedger_BadAttestation(address account, address pkg);
    /// @notice The DSO has suspended the account.
    error EnergyLedger_Suspended(address account);
    /// @notice The account is not suspended.
    error EnergyLedger_NotSuspended(address account);
    /// @notice The account is banned and can make no new commitment yet.
    error EnergyLedger_Banned(address account, uint256 until);
    /// @notice The account is not banned, or not any more.
    error EnergyLedger_NotBanned(address account, uint256 until);
    /// @notice A ban is not lifted without a reason.
    error EnergyLedger_NoReason();
    /// @notice The account does not have the role that this needs.
    error EnergyLedger_RoleMissing(address account, uint256 roles, uint256 needed);
    /// @notice The account does not have that much available.
    error EnergyLedger_Insufficient(address account, uint256 asked, uint256 available);
    /// @notice The seller would have more guarantees held than its credit allows.
    error EnergyLedger_OverCreditLimit(address account, uint256 held, uint256 limit);
    /// @notice The asset transferred less than was asked.
    error EnergyLedger_ReceivedLess(uint256 received, uint256 asked);
    /// @notice The coin sent with the call must be the amount on a native ledger, and zero on an ERC-20
    /// ledger.
    error EnergyLedger_WrongValue(uint256 sent, uint256 needed);
    /// @notice The ledger would hold more units than it can count.
    error EnergyLedger_TooMuch(uint256 balance, uint256 max);
    /// @notice The amount must not be zero.
    error EnergyLedger_ZeroAmount();
    /// @notice Funds cannot be sent to the zero address or to the ledger itself.
    error EnergyLedger_BadRecipient(address to);
    /// @notice The asset's address has no code.
    error EnergyLedger_AssetWithoutCode(address asset);
    /// @notice This ledger settles in the native coin, which has no permits.
    error EnergyLedger_NoPermit();

    /// @notice Opens an account from a signed PKG attestation, with the consent of the account. Otherwise
    /// PKG could open anybody's address with roles of its choice, for ever. Anyone may submit both
    /// signatures; an account that submits the attestation itself needs no second one. It works once, because
    /// an account opens once.
    /// @dev Emits {AccountOpened}. Reverts: {EnergyLedger_AttestationExpired}, {EnergyLedger_BadRoles},
    /// {EnergyLedger_ZeroAddress}, {EnergyLedger_IsTreasury}, {EnergyLedger_AlreadyOpen},
    /// {EnergyLedger_BadAttestation}, {EnergyLedger_NoConsent}.
    /// @custom:paper C-2, X-4
    /// @custom:signed AccountAttestation(address account, uint256 roles, bytes32 certificateHash, bytes
    /// identityCiphertext, uint256 deadline)
    /// @param attestation What PKG and the account signed.
    /// @param pkgSignature PKG's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    /// @param accountSignature The account's signature of the same digest (65 or 64 bytes, or ERC-1271). It
    /// is not looked at, and may be empty, if the caller is the account.
    function openAccount(
        AccountAttestation calldata attestation,
        bytes calldata pkgSignature,
        bytes calldata accountSignature
    ) external;

    /// @notice Keeps accounts from new commitments, for instance all accounts of a traced person. Only the
    /// DSO may call it. The funds stay the accounts' own and can be withdrawn.
    /// @dev Emits {AccountSuspended} for each account. Reverts: {EnergyLedger_NotOpen}, and unless the caller
    /// is the owner.
    /// @custom:paper C-10
    /// @param accounts Open accounts.
    function suspend(address[] calldata accounts) external;

    /// @notice Ends suspensions. Only the DSO may call it.
    /// @dev Emits {AccountReinstated} for each account. Reverts: {EnergyLedger_NotSuspended}, and unless the
    /// caller is the owner.
    /// @custom:paper C-10
    /// @param accounts Suspended accounts.
    function reinstate(address[] calldata accounts) external;

    /// @notice Ends an account's ban before its time. Only the DSO may call it. Credits, windows and the
    /// number of defaults stay as they are, so that the next default weighs as much as if the ban had run.
    /// @dev Emits {BanLifted}. Reverts: {EnergyLedger_NoReason}, {EnergyLedger_NotBanned}, and unless the
    /// caller is the owner.
    /// @custom:paper N-7, X-3
    /// @param account Banned account.
    /// @param reason Why, for the log; not empty.
    function liftBan(address account, string calldata reason) external;

    /// @notice Replaces PKG's key. Only the DSO may call it. Attestations signed with the old key are void at
    /// once.
    /// @dev Emits {PkgChanged}. Reverts: {EnergyLedger_ZeroAddress}, and unless the caller is the owner.
    /// @custom:paper C-2
    /// @param newPkg Account or ERC-1271 contract.
    function setPkg(address newPkg) external;

    /// @notice Pays funds of the caller into an account. An ERC-20 ledger needs an allowance and no coin. A
    /// native ledger needs exactly amount · UNIT coin with the call.
    /// @dev Emits {Deposited}. Reverts: {EnergyLedger_NotOpen}, {EnergyLedger_ZeroAmount},
    /// {EnergyLedger_WrongValue}, {EnergyLedger_ReceivedLess}, {EnergyLedger_TooMuch}. Rounding: none.
    /// @param account Open account that gets the funds.
    /// @param amount Units of account.
    function deposit(address account, uint256 amount) external payable;

    /// @notice Deposits into the caller's account with an ERC-2612 permit in place of an allowance. A permit
    /// that somebody else has already used does no harm, because the allowance is there then.
    /// @dev Emits {Deposited}. Reverts: as {deposit}, and {EnergyLedger_NoPermit} on a native ledger.
    /// Rounding: none.
    /// @param amount Units of account; the permit is for amount · UNIT.
    /// @param deadline Unix seconds; the permit's deadline.
    /// @param v Recovery id of the permit's signature.
    /// @param r First half of the permit's signature.
    /// @param s Second half of the permit's signature.
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Sends available funds of the caller to any recipient. Suspended and banned accounts and the
    /// treasury may withdraw too.
    /// @dev Emits {Withdrawn}. Reverts: {EnergyLedger_ZeroAmount}, {EnergyLedger_BadRecipient},
    /// {EnergyLedger_Insufficient}. Rounding: none.
    /// @param to Recipient.
    /// @param amount Units of account.
    function withdraw(address to, uint256 amount) external;

    /// @notice {withdraw} on the account's signed order. Anyone may submit it; the fee goes to the relayer
    /// who is named in it. It works once.
    /// @dev Emits {NoncesUsed}, {Withdrawn} and, with a fee, {RelayFeePaid}. Reverts: as {withdraw},
    /// {RelayLib_OrderExpired}, {RelayLib_BadFee}, {RelayLib_NotSigned}, {SignerLib_VerifierStarved},
    /// {UnorderedNonces_NonceUsed}. Rounding: none.
    /// @custom:paper N-8
    /// @custom:signed Withdrawal(address account, address to, uint256 amount, uint256 nonce, uint256
    /// deadline, address relayer, uint256 fee)
    /// @param order Whose funds, how much, to whom, until when and for which fee.
    /// @param signature The account's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    function withdrawFor(Withdrawal calldata order, bytes calldata signature) external;

    /// @notice {deposit} on the signed order of the tokens' owner. Anyone may submit it. The order binds
    /// whose account gets the funds, so a leftover allowance or a permit that others have seen is of no
    /// use to them.
    /// @dev Emits {NoncesUsed} and {Deposited}. Reverts: as {deposit}, {EnergyLedger_NoPermit} on a native
    /// ledger, {RelayLib_OrderExpired}, {RelayLib_NotSigned}, {SignerLib_VerifierStarved},
    /// {UnorderedNonces_NonceUsed}. Rounding: none.
    /// @custom:paper X-4
    /// @custom:signed Deposit(address owner, address account, uint256 amount, uint256 nonce, uint256
    /// deadline)
    /// @param order Whose tokens, how much, for which account and until when.
    /// @param signature The owner's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    /// @param permit A permit in place of an allowance; as in {depositWithPermit}, one that somebody else has
    /// used does no harm.
    function depositFor(
        Deposit calldata order,
        bytes calldata signature,
        TokenPermit calldata permit
    ) external;

    /// @notice Holds a seller's guarantee, takes a buyer's payment into the market's care, or both. Only
    /// markets may call it. A zero address skips its half.
    /// @dev Low selector: see {Settlement}. Reverts: {EnergyLedger_NotMarket}, {EnergyLedger_RoleMissing},
    /// {EnergyLedger_Suspended}, {EnergyLedger_Banned}, {EnergyLedger_Insufficient},
    /// {EnergyLedger_OverCreditLimit}.
    /// @custom:paper N-1, N-2, X-3
    /// @param seller Producer whose guarantee is held.
    /// @param buyer Consumer who pays.
    /// @param metered Whether the buyer's registered meter is asked for.
    /// @param guarantee Units of account moved from the seller's available funds to its held funds.
    /// @param payment Units of account taken from the buyer's available funds.
    /// @return meter The buyer's {IMeterRegistry.meterOf} if it was asked for, else zero.
    function commit(
        address seller,
        address buyer,
        bool metered,
        uint256 guarantee,
        uint256 payment
    ) external returns (bytes32 meter);

    /// @notice Takes a payment into the market's care that the buyer promised before, such as that of an
    /// award. Only markets may call it. Unlike {commit} it takes the payment of a banned buyer too: a ban
    /// stops new commitments, and refusing what is owed would make one default into two.
    /// @dev Reverts: {EnergyLedger_NotMarket}, {EnergyLedger_RoleMissing}, {EnergyLedger_Suspended},
    /// {EnergyLedger_Insufficient}. A function of its own, because a flag of {commit} would cost every trade
    /// gas.
    /// @custom:paper X-3, X-7
    /// @param buyer Consumer who pays.
    /// @param metered Whether the buyer's registered meter is asked for.
    /// @param payment Units of account taken from the buyer's available funds.
    /// @return meter The buyer's {IMeterRegistry.meterOf} if it was asked for, else zero.
    function payOwed(address buyer, bool metered, uint256 payment) external returns (bytes32 meter);

    /// @notice Moves available funds from a buyer to a seller, for something that changes hands at once. Only
    /// markets may call it. It records no outcome, because nothing was promised.
    /// @dev The market logs it. Reverts: {EnergyLedger_NotMarket}, {EnergyLedger_RoleMissing},
    /// {EnergyLedger_Suspended}, {EnergyLedger_Banned}, {EnergyLedger_Insufficient}.
    /// @custom:paper C-8
    /// @param buyer Consumer who pays.
    /// @param seller Producer who is paid.
    /// @param amount Units of account.
    function transfer(address buyer, address seller, uint256 amount) external;

    /// @notice Pays a relayer for orders that were carried out. Only markets may call it. The relayer
    /// needs no account: it can withdraw what it was paid.
    /// @dev High selector: see {Settlement}. Emits {RelayFeePaid}. A market that passes no payer has taken
    /// the amount with {commit} or {payOwed}, on top of the price. Reverts: {EnergyLedger_NotMarket},
    /// {EnergyLedger_Insufficient}. Rounding: none.
    /// @custom:paper N-8
    /// @param relayer Account that gets the fee.
    /// @param amount Units of account.
    /// @param payer Account that pays from its available funds, whatever its standing; zero: the market has
    /// the fee in its care.
    function payFee(address relayer, uint256 amount, address payer) external;

    /// @notice Ends a commitment: moves the money and records the outcome. Only markets may call it. A
    /// default of a buyer who is suspended at this time is not recorded, because that buyer could not pay.
    /// @dev Emits {DeliveryRecorded}, or {CreditChanged} for a default or withdrawal, and {DefaultRecorded}
    /// for a default. It never reverts for a settlement whose sums the market keeps. Reverts:
    /// {EnergyLedger_NotMarket}. Rounding: credits and z down.
    /// @custom:paper X-1, X-2, X-3, N-7
    /// @param settlement What goes where.
    function settle(Settlement calldata settlement) external;

    /// @notice Everything about an account.
    /// @param account Any address; one that is not open has zeros.
    /// @return What the ledger knows about it.
    function accountOf(address account) external view returns (AccountView memory);

    /// @notice Whether an account has every one of these roles and is neither suspended nor banned now.
    /// @custom:paper X-3
    /// @param account Any address.
    /// @param role 1 for a producer, 2 for a consumer; 3 asks for both. For any other number the answer is
    /// no.
    /// @return Whether it may make a new commitment in all of these roles.
    function mayCommit(address account, uint256 role) external view returns (bool);

    /// @notice Guarantee that a seller of this credit may have held at once. It grows with the credit.
    /// @dev Rounding: down.
    /// @custom:paper X-2
    /// @param creditE9 Seller's credit, scale 1e9, below 2**40 as every account's is.
    /// @return Units of account.
    function openLimit(uint256 creditE9) external view returns (uint256);

    /// @notice The constants of the credit model.
    /// @return As given to the constructor.
    function creditParameters() external view returns (CreditParameters memory);

    /// @notice Whether a contract may commit and settle.
    /// @param market Any address.
    /// @return Whether it was named at deployment.
    function isMarket(address market) external view returns (bool);

    /// @notice The asset that the ledger settles in.
    /// @return ERC-20 token; zero: the native coin.
    function ASSET() external view returns (address);

    /// @notice Base units of the asset in one unit of account.
    /// @return 1 … 1e18.
    function UNIT() external view returns (uint256);

    /// @notice The account that gets fees and lost guarantees.
    /// @return Its address.
    function TREASURY() external view returns (address);

    /// @notice The key that PKG's attestations are signed with.
    /// @return Account or ERC-1271 contract.
    function pkg() external view returns (address);
}
