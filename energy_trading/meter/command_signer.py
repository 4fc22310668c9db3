"""A meter whose key is held by another program: the digest goes in, the signature comes out."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from energy_trading.crypto.keys import check_size
from energy_trading.errors import BadInput, TryAgain

#: No form of a signature on either curve is half as long.
_MOST_BYTES: Final = 256
_OWN_VARIABLES: Final = "ENERGY_TRADING_"


class SignerFailed(TryAgain):
    """A meter's hardware or its program did not answer: it is not there, is busy, or took too long."""


class CommandSigner:
    """A meter's key behind a command, such as `openssl pkeyutl -sign -inkey meter.pem`.

    The command is run once for each signature, without a shell. It reads the 32 bytes of the digest from its
    standard input, must sign them as they are (not hash them again), and writes the signature to its standard
    output in bytes: r ‖ s, r ‖ s ‖ v or DER. The key never passes through this process. The command has no
    terminal, so that it cannot ask for a PIN, and does not see the variables of this package, which hold the
    passwords of other keys.

    Args:
        signer: ERC-7913 signer bytes of the key (`signer_of` makes them of a public key).
        command: the program and its arguments.
        timeout: seconds that one signature may take.

    Raises:
        BadInput: there is no command, or the time is not positive.

    Source:
        N-3; ERC-7913.
    """

    def __init__(self, signer: bytes, command: Sequence[str], timeout: float = 10.0) -> None:
        if not command or isinstance(command, str):
            raise BadInput("the command of a meter's signer must be a list: the program and its arguments")
        if timeout <= 0:
            raise BadInput(f"the time for a signature must be more than 0 seconds, not {timeout}")
        self.signer = signer
        self._command = list(command)
        self._timeout = timeout

    def sign(self, digest: bytes) -> bytes:
        """Run the command on a digest.

        Args:
            digest: 32 bytes, already hashed.

        Returns:
            What the command wrote; `sign_checked` decides whether it is a signature.

        Raises:
            SignerFailed: the command cannot be started, fails, takes too long or writes too much.
            BadInput: the digest is not 32 bytes.
        """
        check_size(digest, "the digest")
        name = self._command[0]
        variables = {n: v for n, v in os.environ.items() if not n.startswith(_OWN_VARIABLES)}
        try:
            process = subprocess.Popen(  # noqa: S603 - the command is the meter's owner's
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=variables,
                bufsize=0,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise SignerFailed(f"the signer {name} cannot be started: {error}") from error
        with process:
            try:
                return self._ask(process, digest)
            except BaseException:
                # The whole group, since its other members would keep the pipe open. Safe: the number is not
                # given to another process before this one was waited for.
                if process.returncode is None:
                    os.killpg(process.pid, signal.SIGKILL)
                raise

    def _ask(self, process: subprocess.Popen[bytes], digest: bytes) -> bytes:
        assert process.stdin is not None
        assert process.stdout is not None
        name, end = self._command[0], time.monotonic() + self._timeout
        # A command that does not read its input is judged by what it writes.
        with suppress(BrokenPipeError):
            process.stdin.write(digest)  # Safe: 32 bytes fit into any pipe, so this does not block.
        process.stdin.close()
        answer = b""
        with selectors.DefaultSelector() as ready:
            ready.register(process.stdout, selectors.EVENT_READ)
            while ready.select(max(0.0, end - time.monotonic())):
                piece = process.stdout.read(_MOST_BYTES + 1)
                answer += piece
                if len(answer) > _MOST_BYTES:
                    raise SignerFailed(f"the signer {name} wrote more than {_MOST_BYTES} bytes")
                if not piece:
                    break
            else:
                raise SignerFailed(f"the signer {name} did not answer within {self._timeout:g} seconds")
        try:
            status = process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired as error:
            raise SignerFailed(f"the signer {name} did not end within {self._timeout:g} seconds") from error
        if status != 0:
            raise SignerFailed(f"the signer {name} ended with the status {status}")
        return answer

    def __repr__(self) -> str:
        return f"<CommandSigner of 0x{self.signer.hex()}>"
