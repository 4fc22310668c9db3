// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @notice How a commitment ended, as the market reports it.
enum Outcome {
    None, // only funds move
    Delivered, // the trade was fulfilled: both credits rise (eqs 3, 6)
    SellerDefault, // nothing or too little was delivered (eqs 2, 3, 7)
    BuyerDefault, // an award was not paid (eqs 4, 6, 7); counts for nothing while the buyer is suspended
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

/// @notice PKG's word that an account belongs to a certified person (C-2).
/// @param account Account to open.
/// @param roles Bit 0 producer, bit 1 consumer.
/// @param certificateHash keccak256 of the ECQV certificate.
/// @param identityCiphertext α of the certificate: the identity, readable by PKG and DSO together only.
/// @param deadline Unix seconds; valid while block.timestamp < deadline.
struct AccountAttestation {
    address account;
    uint256 roles;
    bytes32 certificateHash;
    bytes identityCiphertext;
    uint256 deadline;
}

/// @notice How a market ends a commitment. The market owes the sum: sellerGets + buyerGets + treasuryGets equals
/// `unhold` plus the payment it took with {IEnergyLedger.commit}.
/// @dev This order of the fields gives {IEnergyLedger.settle} a low selector. Selectors are tried from the lowest, 22 gas
/// each, so it saves 570 with each trade.
/// @param seller Account whose guarantee was held.
/// @param unhold Guarantee that is held no longer.
/// @param sellerGets Added to the seller's available funds.
/// @param buyer Account that paid; zero if nobody had.
/// @param buyerGets Added to the buyer's available funds.
/// @param outcome What happened, for the standings.
/// @param value Money value of what was settled, in units; the z of the credit model before scaling.
/// @param treasuryGets Fee and cut guarantee.
struct Settlement {
    address seller;
    uint256 unhold;
    uint256 sellerGets;
    address buyer;
    uint256 buyerGets;
    Outcome outcome;
    uint256 value;
    uint256 treasuryGets;
}

/// @notice Constructor arguments of the ledger, each with its allowed range.
/// @param asset ERC-20 to settle in; zero: the native coin.
/// @param unit Base units of the asset that make one unit of account, 1 … 1e18; all money is counted in units.
/// @param owner DSO: suspends accounts, registers meters, names PKG.
/// @param pkg First PKG key (account or ERC-1271 contract).
/// @param treasury Account that gets fees and cut guarantees.
/// @param markets Contracts that may commit and settle; 1 … 4.
/// @param epochSeconds Length of an epoch of one-time keys, one hour to a year.
/// @param credit The credit model's constants.
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

/// @notice Constants of the credit model (X-1 … X-3). E9: scale 1e9.
/// @param k1E9 k1 of eq 3, 1e6 … 10e9.
/// @param k2E9 k2 of eq 3, 1e6 … 10e9 and at least k1.
/// @param t1E9 t1 of eq 6, 1e6 … 10e9.
/// @param t2E9 t2 of eq 6, 1e6 … 10e9 and at least t1.
/// @param z0 Damping of eqs 1 and 2 in z units, 1 … 2**32 - 1.
/// @param profitE9 L of eqs 4 and 5, 1 … 1e9 - 1.
/// @param window Trades looked back on, n = m = k of eqs 1, 2, 4; 1 … 10.
/// @param zUnit Units of account that make z = 1; at least 1.
/// @param floorE9 Lowest credit and that of a new account, 1e6 … 1e12; a lower one could not grow for rounding.
/// @param ceilingE9 Highest credit, floor … 1e12.
/// @param withdrawalE9 Loss that stands for f(z) when an offer is withdrawn, 0 … 1e9.
/// @param graceDefaults k of N-7: the first k defaults in total bring no ban, 0 … 100.
/// @param banUnit Seconds that eq 7 calls a day, 60 seconds … ten years.
/// @param maxBan Longest ban in seconds, banUnit … ten years.
/// @param openBase Guarantee (units) a seller of lowest credit may have held at once.
/// @param openPerCredit What each whole point of credit above the floor adds to it.
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

/// @notice An account as people read it.
/// @param roles Bit 0 producer, bit 1 consumer.
/// @param open Whether PKG attested it.
/// @param suspended Whether the DSO keeps it from new commitments.
/// @param available Funds that can be withdrawn or committed.
/// @param held Guarantees of open offers and trades.
/// @param sellerCreditE9 R^s of eq 3, scale 1e9.
/// @param buyerCreditE9 R^b of eq 6, scale 1e9.
/// @param defaults Defaults so far, never forgotten.
/// @param bannedUntil Unix seconds; no new commitment before.
/// @param sales z of the recent sales, newest in the lowest 8 bits.
/// @param purchases z of the recent purchases, newest in the lowest 8 bits.
struct AccountView {
    uint256 roles;
    bool open;
    bool suspended;
    uint256 available;
    uint256 held;
    uint256 sellerCreditE9;
    uint256 buyerCreditE9;
    uint256 defaults;
    uint256 bannedUntil;
    uint256 sales;
    uint256 purchases;
}

/// @title Energy ledger
/// @notice Accounts of the market: funds (available, held) and standing (roles, credits, recent trades, defaults, ban).
/// @dev Money is counted in units of account, `UNIT` base units of the asset each, so that funds, credit and window
/// of a seller share one slot. Invariant: (Σ available + Σ held + payments held in open trades) · UNIT = balance of
/// the asset (gifts to the contract aside). Suspension and bans stop new commitments only: what is committed settles, what is available can always be
/// withdrawn by its owner.
/// @custom:paper X-1, X-2, X-3, X-4, N-7, C-2
interface IEnergyLedger {
    /// @notice `account` can trade from now on.
    event AccountOpened(
        address indexed account,
        uint256 roles,
        bytes32 certificateHash,
        bytes identityCiphertext
    );
    /// @notice The DSO keeps `account` from new commitments.
    event AccountSuspended(address indexed account);
    /// @notice The DSO lets `account` commit again.
    event AccountReinstated(address indexed account);
    /// @notice `amount` units came in for `account`.
    event Deposited(address indexed account, address indexed payer, uint256 amount);
    /// @notice `amount` units left `account`.
    event Withdrawn(address indexed account, address indexed to, uint256 amount);
    /// @notice PKG signs with this key from now on.
    event PkgChanged(address indexed oldPkg, address indexed newPkg);
    /// @notice A trade was fulfilled: both credits changed. Packed, low bits first: the seller's old credit E9 40 | its
    /// new one 40 | the buyer's old credit E9 40 | its new one 40 | z 8. The z joins the seller's window of sales and
    /// the buyer's of purchases.
    event DeliveryRecorded(address indexed seller, address indexed buyer, uint256 change);
    /// @notice One credit changed: the buyer's for BuyerDefault, the seller's for SellerDefault and Withdrawn. Packed,
    /// low bits first: cause 8 | old credit E9 40 | new credit E9 40 | z 8. The z joins the window of sales or
    /// purchases, unless the cause is Withdrawn.
    event CreditChanged(address indexed account, uint256 change);
    /// @notice A default was added to the record, for ever.
    /// @param defaults How many there are now.
    /// @param bannedUntil Unix seconds; no new commitment before.
    event DefaultRecorded(address indexed account, Cause cause, uint256 defaults, uint256 bannedUntil);

    /// @notice Only the markets named at deployment may call.
    error EnergyLedger_NotMarket(address caller);
    /// @notice The address cannot be zero.
    error EnergyLedger_ZeroAddress(string name);
    /// @notice The account was opened before.
    error EnergyLedger_AlreadyOpen(address account);
    /// @notice No such account.
    error EnergyLedger_NotOpen(address account);
    /// @notice Roles are 1 (producer), 2 (consumer) or 3 (both).
    error EnergyLedger_BadRoles(uint256 given, uint256 max);
    /// @notice The attestation is void from `deadline` on.
    error EnergyLedger_AttestationExpired(uint256 given, uint256 deadline);
    /// @notice The attestation is not signed by PKG.
    error EnergyLedger_BadAttestation(address account, address pkg);
    /// @notice The DSO suspended the account.
    error EnergyLedger_Suspended(address account);
    /// @notice The account is not suspended.
    error EnergyLedger_NotSuspended(address account);
    /// @notice No new commitment until `until`.
    error EnergyLedger_Banned(address account, uint256 until);
    /// @notice The account's roles do not allow this.
    error EnergyLedger_RoleMissing(address account, uint256 roles, uint256 needed);
    /// @notice More was asked than is available.
    error EnergyLedger_Insufficient(address account, uint256 asked, uint256 available);
    /// @notice More guarantee would be held than the seller's credit allows.
    error EnergyLedger_OverCreditLimit(address account, uint256 held, uint256 limit);
    /// @notice The asset delivered less than asked.
    error EnergyLedger_ReceivedLess(uint256 received, uint256 asked);
    /// @notice The coin sent with the call is not the amount (native asset), or not zero (ERC-20).
    error EnergyLedger_WrongValue(uint256 sent, uint256 needed);
    /// @notice The ledger would hold more than it can count, in units.
    error EnergyLedger_TooMuch(uint256 balance, uint256 max);
    /// @notice The amount cannot be zero.
    error EnergyLedger_ZeroAmount();
    /// @notice The ledger's own address cannot receive.
    error EnergyLedger_BadRecipient(address to);
    /// @notice The asset has no code.
    error EnergyLedger_AssetWithoutCode(address asset);
    /// @notice This ledger settles in the native coin.
    error EnergyLedger_NoPermit();

    /// @notice Opens an account on PKG's word; anyone may bring it.
    /// @dev Emits {AccountOpened}. An attestation works once, since an account opens once. Reverts:
    /// {EnergyLedger_AttestationExpired}, {EnergyLedger_BadRoles}, {EnergyLedger_ZeroAddress}, {EnergyLedger_AlreadyOpen},
    /// {EnergyLedger_BadAttestation}.
    /// @custom:paper C-2, X-4
    /// @param attestation What PKG signed.
    /// @param signature PKG's EIP-712 signature (65 or 64 bytes, or ERC-1271).
    function openAccount(AccountAttestation calldata attestation, bytes calldata signature) external;

    /// @notice Keeps accounts from new commitments, all of a traced person in one call.
    /// @dev Owner only. Emits {AccountSuspended} for each. Reverts: {EnergyLedger_NotOpen}.
    /// Warning: funds stay the account's and can be withdrawn.
    /// @custom:paper C-10
    /// @param accounts Open accounts.
    function suspend(address[] calldata accounts) external;

    /// @notice Takes suspensions back.
    /// @dev Owner only. Emits {AccountReinstated} for each. Reverts: {EnergyLedger_NotSuspended}.
    /// @param accounts Suspended accounts.
    function reinstate(address[] calldata accounts) external;

    /// @notice Names PKG's key.
    /// @dev Owner only. Emits {PkgChanged}. Attestations by the old key are void at once.
    /// @param newPkg Account or ERC-1271 contract.
    function setPkg(address newPkg) external;

    /// @notice Brings `amount` from the caller into an account.
    /// @dev Emits {Deposited}. ERC-20: needs an allowance and no coin; native: needs exactly amount · UNIT coin. Reverts:
    /// {EnergyLedger_NotOpen}, {EnergyLedger_ZeroAmount}, {EnergyLedger_WrongValue}, {EnergyLedger_ReceivedLess},
    /// {EnergyLedger_TooMuch}.
    /// @param account Open account that gets the funds.
    /// @param amount Units of account.
    function deposit(address account, uint256 amount) external payable;

    /// @notice Deposits into the caller's account with an ERC-2612 permit in place of an allowance.
    /// @dev A permit that somebody else has used already does no harm: the allowance counts. Reverts: as {deposit},
    /// and {EnergyLedger_NoPermit} on a native ledger.
    /// @param amount Units of account; the permit is for amount · UNIT.
    /// @param deadline The permit's.
    /// @param v Signature.
    /// @param r Signature.
    /// @param s Signature.
    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Sends available funds of the caller away.
    /// @dev Emits {Withdrawn}. Open to suspended and banned accounts and to the treasury. Reverts:
    /// {EnergyLedger_ZeroAmount}, {EnergyLedger_BadRecipient}, {EnergyLedger_Insufficient}.
    /// @param to Recipient.
    /// @param amount Units of account.
    function withdraw(address to, uint256 amount) external;

    /// @notice Holds a seller's guarantee, takes a buyer's payment into the market's care, or both.
    /// @dev Markets only. A zero address skips its half. Reverts: {EnergyLedger_NotMarket},
    /// {EnergyLedger_RoleMissing}, {EnergyLedger_Suspended}, {EnergyLedger_Banned}, {EnergyLedger_Insufficient},
    /// {EnergyLedger_OverCreditLimit}. Low selector: see {Settlement}.
    /// @custom:paper N-1, N-2, X-3
    /// @param seller Producer whose guarantee is held.
    /// @param buyer Consumer who pays.
    /// @param metered Whether the buyer's registered meter is asked for.
    /// @param guarantee Units moved from the seller's available to held.
    /// @param payment Units taken from the buyer's available.
    /// @return meter The buyer's {IMeterRegistry.meterOf} if asked for, else zero.
    function commit(
        address seller,
        address buyer,
        bool metered,
        uint256 guarantee,
        uint256 payment
    ) external returns (bytes32 meter);

    /// @notice Moves available funds from a buyer to a seller for something that changes hands at once.
    /// @dev Markets only; the market logs it. Records no outcome: nothing was promised. Reverts:
    /// {EnergyLedger_NotMarket}, {EnergyLedger_RoleMissing}, {EnergyLedger_Suspended}, {EnergyLedger_Banned},
    /// {EnergyLedger_Insufficient}.
    /// @custom:paper C-8
    /// @param buyer Consumer who pays.
    /// @param seller Producer who is paid.
    /// @param amount Units of account.
    function transfer(address buyer, address seller, uint256 amount) external;

    /// @notice Ends a commitment: moves the money and records the outcome.
    /// @dev Markets only. Emits {DeliveryRecorded}, or {CreditChanged} for a default or withdrawal, and
    /// {DefaultRecorded} for a default. A default of a buyer who is suspended now is not recorded: it could not pay.
    /// Never reverts for a settlement whose sums the market keeps. Rounding: credits down.
    /// @custom:paper X-1, X-2, X-3, N-7
    /// @param settlement What goes where.
    function settle(Settlement calldata settlement) external;

    /// @notice Everything about an account.
    function accountOf(address account) external view returns (AccountView memory);

    /// @notice Whether an account is open in these roles and neither suspended nor banned now.
    /// @custom:paper X-3
    /// @param account Any address.
    /// @param role Bit 0 producer, bit 1 consumer; both bits: both.
    function mayCommit(address account, uint256 role) external view returns (bool);

    /// @notice Guarantee that a seller of this credit may have held at once; grows with credit.
    /// @custom:paper X-2
    function openLimit(uint256 creditE9) external view returns (uint256);

    /// @notice The constants of the credit model.
    function creditParameters() external view returns (CreditParameters memory);

    /// @notice Whether `market` may commit and settle.
    function isMarket(address market) external view returns (bool);

    /// @notice Settlement asset; zero: the native coin.
    function ASSET() external view returns (address);

    /// @notice Base units of the asset in one unit of account.
    function UNIT() external view returns (uint256);

    /// @notice Account that gets fees and cut guarantees.
    function TREASURY() external view returns (address);

    /// @notice PKG's key.
    function pkg() external view returns (address);
}
