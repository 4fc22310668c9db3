#!/bin/sh
# The steps that set a gateway up, for the container file and for a machine without containers.
#   gateway-steps.sh install FOLDER WHEELS      a Python environment of its own with the wheel and its extra
#   gateway-steps.sh folders ETC STATE [OWNER]  private folders for the configuration and the journals
# PYTHON names another Python, UV the program uv in place of pip, UV_CONSTRAINT a file of versions for it.
set -eu
case "$1" in
install)
    "${PYTHON:-python3}" -m venv "$2"
    wheel=$(echo "$3"/*.whl)
    if [ -n "${UV:-}" ]; then
        "$UV" pip install --quiet --python "$2/bin/python" "$wheel[gateway]"
    else
        "$2/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir "$wheel[gateway]"
    fi
    "$2/bin/energy-trading" gateway --help > /dev/null
    ;;
folders)
    mkdir -p "$2" "$3"
    chmod 0700 "$2" "$3"
    if [ $# -gt 3 ]; then chown "$4" "$2" "$3"; fi
    ;;
*)
    echo "gateway-steps.sh: the step must be install or folders, not $1" >&2
    exit 2
    ;;
esac
