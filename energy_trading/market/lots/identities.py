"""The identities in a dispute file: proofs of who is behind its accounts, added and checked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from energy_trading.errors import BadInput
from energy_trading.identity import Parameters, TracingProof
from energy_trading.market.lots.dispute_file import Holding

#: field of the file that names persons; a file that has it is for the judge only
IDENTITIES: Final = "identities"


def add_identity(
    file: dict[str, Any],
    owners: Iterable[Holding],
    account: str,
    proof: TracingProof,
    parameters: Parameters,
) -> dict[str, Any]:
    """Return a dispute file with the proof of who is behind one of its accounts.

    Args:
        file: the object of `dispute_file`.
        owners: what `check_dispute` found in it.
        account: EIP-55 address.
        proof: made by the private key generator (PKG) and the distribution system operator (DSO) together.
        parameters: the published set.

    Raises:
        BadInput: no lot of the file is proven to have been the account's, or a proof that is already there is
            malformed.
        EnergyTradingError: a proof does not hold; see `TracingProof.verify`.

    Source:
        C-9, C-10.
    """
    added = file | {IDENTITIES: _proofs(file) | {account: proof.to_json()}}
    check_identities(added, owners, parameters)
    return added


def check_identities(
    file: dict[str, Any], owners: Iterable[Holding], parameters: Parameters
) -> dict[str, str]:
    """Check, as a judge, who is behind the accounts of a dispute file; this needs no secret and no chain.

    Args:
        file: the object of `dispute_file` or `add_identity`, from anyone.
        owners: what `check_dispute` found in it.
        parameters: the published set, from a source that the judge trusts.

    Returns:
        Identity by account; empty if the file names nobody.

    Raises:
        BadInput: a proof is malformed, or is about an account that is not proven to have owned a lot of the
            file.
        EnergyTradingError: a proof does not hold; see `TracingProof.verify`.

    Source:
        C-9, C-10.
    """
    proofs = _proofs(file)
    known = list(owners)
    for account in proofs:
        check_part(known, account)
    return {
        account: TracingProof.from_json(proof).verify(parameters, account)
        for account, proof in proofs.items()
    }


def check_part(owners: Iterable[Holding], account: str) -> None:
    """Check that an account has a part in a dispute: for it, nobody else's pseudonym is to be opened.

    A part is one that signatures or a witness prove (`Holding.proven`): anybody can write a stranger into a
    step that bears no signature.

    Raises:
        BadInput: the account has none.
    """
    known = list(owners)
    parts = sorted({held.owner for held in known if held.proven})
    if account in parts:
        return
    if account in {held.owner for held in known}:
        raise BadInput(
            f"account {account!r} is in the file only through steps without a signature, which prove "
            "nothing: have the chain vouch for them"
        )
    raise BadInput(f"account {account!r} owned no lot of the file; its owners are {', '.join(parts)}")


def _proofs(file: dict[str, Any]) -> dict[str, Any]:
    proofs = file.get(IDENTITIES, {})
    if not isinstance(proofs, dict):
        raise BadInput(f"{IDENTITIES!r} must be a JSON object, not a {type(proofs).__name__}")
    return proofs
