"""What sets a gateway up on a machine: the steps of the container file, run here, and the systemd unit."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from energy_trading.chain.compile import ROOT
from tests.client.cli_runs import cli
from tests.client.package.test_wheel import uv, wheel  # noqa: F401

DEPLOY = ROOT / "deploy"
STEPS = DEPLOY / "gateway-steps.sh"


def step(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", STEPS, *map(str, arguments)],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_installed_gateway_reads_every_source(wheel: Path, tmp_path: Path) -> None:  # noqa: F811
    """The step `install` makes an environment in which the command and each reader work."""
    locked, place = tmp_path / "locked.txt", tmp_path / "gateway"
    uv(
        *("export", "--quiet", "--frozen", "--no-dev", "--all-extras", "--no-emit-project", "--no-hashes"),
        *("--output-file", os.fspath(locked)),
    )
    program = shutil.which("uv") or os.fspath(ROOT / ".tools" / "bin" / "uv")
    done = step(
        "install", place, wheel.parent, PYTHON=sys.executable, UV=program, UV_CONSTRAINT=os.fspath(locked)
    )
    assert done.returncode == 0, done.stderr
    libraries = "import dsmr_parser, sml, serialx, paho.mqtt.client, httpx"
    subprocess.run([place / "bin" / "python", "-c", libraries], check=True)
    config = tmp_path / "home.toml"
    subprocess.run([place / "bin" / "energy-trading", "gateway", "init", "--config", config], check=True)
    assert config.exists()


def test_folders_are_the_owners_alone(tmp_path: Path) -> None:
    """The step `folders` makes them private, whatever the umask; a step that does not exist is refused."""
    assert step("folders", tmp_path / "etc", tmp_path / "state").returncode == 0
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("etc", "state")} == {0o700}
    done = step("dance")
    assert (done.returncode, done.stderr) == (
        2,
        "gateway-steps.sh: the step must be install or folders, not dance\n",
    )


def test_container_file_runs_the_tested_steps() -> None:
    """Every RUN line is made of the steps and of the account that they are for; what it copies exists."""
    text = (DEPLOY / "gateway.Containerfile").read_text()
    runs = [part for line in re.findall("^RUN (.*)$", text, re.M) for part in line.split(" && ")]
    steps = [re.fullmatch(r"sh /steps\.sh (\w+) .*", run) for run in runs]
    assert [found and found[1] for found in steps] == ["install", None, "folders"]
    assert runs[1].startswith("useradd --system ")
    assert (ROOT / "deploy/gateway-steps.sh").is_file()


def test_programs_of_unit_and_image_exist() -> None:
    """systemd and the image start a command that there is, and the unit starts it again after a power cut."""
    unit = (DEPLOY / "gateway.service").read_text()
    (started,) = re.findall("^ExecStart=/opt/gateway/bin/energy-trading (.*)$", unit, re.M)
    assert started == "gateway run --config /etc/gateway/home.toml"
    assert "\nRestart=always\n" in unit
    assert "--config" in cli("gateway", "run", "--help").out
    image = (DEPLOY / "gateway.Containerfile").read_text()
    assert 'ENTRYPOINT ["/opt/gateway/bin/energy-trading", "gateway"]' in image
    assert 'CMD ["run", "--config", "/etc/gateway/home.toml"]' in image
    verify = shutil.which("systemd-analyze")
    if verify is not None:
        # It knows every directive and its values; that /opt/gateway is not here is no fault of the unit.
        done = subprocess.run(
            [verify, "verify", DEPLOY / "gateway.service"], capture_output=True, text=True, check=False
        )
        assert [line for line in done.stderr.splitlines() if "not executable" not in line] == []
