"""Shell blocks of the documents, run by bash; their `energy-trading` is answered inside this process."""

from __future__ import annotations

import json
import os
import re
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

from tests.client.cli_runs import cli

_BLOCK = re.compile(r"^```sh[ \t]*\n(?P<code>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
#: Asks this process: starting Python with web3 for every command would take minutes.
_COMMAND = """#!{python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as line, line.makefile("rw") as talk:
    line.connect({address!r})
    mine = {{n: v for n, v in os.environ.items() if n.startswith("ENERGY_TRADING_")}}
    print(json.dumps([sys.argv[1:], mine]), file=talk, flush=True)
    status, out, err = json.loads(talk.readline())
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(status)
"""


class _Answer(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        arguments, variables = json.loads(self.rfile.readline())
        done = cli(*arguments, env=variables)
        self.wfile.write(json.dumps([done.status, done.out, done.err]).encode() + b"\n")


def shell_blocks(text: str) -> str:
    """The blocks that are run, in order: those of ```sh and nothing behind it."""
    return "\n".join(found["code"] for found in _BLOCK.finditer(text))


def shell(script: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script in the current folder; it stops at the first command that fails."""
    with tempfile.TemporaryDirectory() as folder:
        address = f"{folder}/socket"
        command = Path(folder, "energy-trading")
        command.write_text(_COMMAND.format(python=sys.executable, address=address))
        command.chmod(0o700)
        with socketserver.UnixStreamServer(address, _Answer) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            try:
                return subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", script],
                    env={"PATH": f"{folder}:{os.environ['PATH']}", **env},
                    capture_output=True,
                    text=True,
                    check=False,
                    stdin=subprocess.DEVNULL,
                )
            finally:
                server.shutdown()
                thread.join()
