"""Sessions: a wallet signs a text (EIP-4361), and gets a token that reads its own data and nothing else."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime
from typing import Final

from eth_utils.crypto import keccak
from sqlalchemy import delete, insert, select

from energy_trading.agent.problems import Problem
from energy_trading.agent.store import Store
from energy_trading.agent.tables import logins, sessions
from energy_trading.chain.connect import Chain
from energy_trading.chain.signers import code_signed
from energy_trading.crypto._signatures import recover_address

#: seconds in which a text can be signed, and that a session lasts
LOGIN_S: Final = 600
SESSION_S: Final = 8 * 3600
_TEXT: Final = (
    "{name} wants you to sign in with your Ethereum account:\n{account}\n\n"
    "Read what belongs to this account. This signature trades nothing.\n\n"
    "URI: {uri}\nVersion: 1\nChain ID: {chain}\nNonce: {nonce}\n"
    "Issued At: {issued}\nExpiration Time: {until}"
)
_PLACES: Final = re.compile(r"Nonce: ([0-9a-f]{32})\nIssued At: (\S+)\nExpiration Time: (\S+)\Z")


class Login:
    """Opens, finds and closes sessions.

    Args:
        store: migrated.
        chain: asks the code of contract accounts.
        name: host by which users know the service; a text for another host is refused.
    """

    def __init__(self, store: Store, chain: Chain, name: str) -> None:
        self._store, self._chain, self._name = store, chain, name

    def text(self, account: str, now: int) -> str:
        """Return the text that an account signs to log in; it works once.

        Args:
            account: EIP-55 address.
            now: unix seconds.
        """
        nonce = secrets.token_hex(16)
        with self._store.writing() as connection:
            connection.execute(delete(logins).where(logins.c.until <= now))
            connection.execute(delete(sessions).where(sessions.c.until <= now))
            connection.execute(insert(logins).values(nonce=nonce, until=now + LOGIN_S))
        return self._write(account, nonce, _iso(now), _iso(now + LOGIN_S))

    def open(self, account: str, text: str, signature: bytes, now: int) -> tuple[str, int]:
        """Open a session for a signed text.

        Args:
            account: who signs in.
            text: as `text` made it.
            signature: of the account's key (EIP-191) or code (ERC-1271).
            now: unix seconds.

        Returns:
            The token, and until when it works, unix seconds.

        Raises:
            Problem: the text is another, was used, is too old, or is not signed by the account.
        """
        found = _PLACES.search(text)
        if found is None or text != self._write(account, *found.groups()):
            raise Problem("not-signed", "the text is not the one that this service made for the account")
        digest = keccak(f"\x19Ethereum Signed Message:\n{len(text.encode())}".encode() + text.encode())
        if len(signature) > 4096 or not (
            recover_address(digest, signature) == account
            or code_signed(self._chain, account, digest, signature)
        ):
            raise Problem("not-signed")
        token = secrets.token_urlsafe(32)
        with self._store.writing() as connection:
            waits = logins.c.nonce == found[1], logins.c.until > now
            if not connection.execute(delete(logins).where(*waits)).rowcount:
                raise Problem("not-signed", "the text was used before, or is too old; ask for a new one")
            row = {"token_hash": keccak(text=token), "account": account, "until": now + SESSION_S}
            connection.execute(insert(sessions).values(**row))
        return token, now + SESSION_S

    def account_of(self, token: str, now: int) -> str:
        """Return whose session a token opens.

        Raises:
            Problem: nobody's.
        """
        with self._store.reading() as connection:
            mine = sessions.c.token_hash == keccak(text=token), sessions.c.until > now
            account: str | None = connection.execute(select(sessions.c.account).where(*mine)).scalar()
        if account is None:
            raise Problem("no-session")
        return account

    def close(self, token: str) -> None:
        """End a session; an unknown one is ended already."""
        with self._store.writing() as connection:
            connection.execute(delete(sessions).where(sessions.c.token_hash == keccak(text=token)))

    def _write(self, account: str, nonce: str, issued: str, until: str) -> str:
        return _TEXT.format(
            name=self._name,
            account=account,
            uri=f"https://{self._name}",
            chain=self._chain.chain_id,
            nonce=nonce,
            issued=issued,
            until=until,
        )


def _iso(time: int) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
