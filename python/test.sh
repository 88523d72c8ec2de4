#!/bin/sh
# Tests the package as it is installed: python/test.sh [PACKAGE…]
#
# In an environment of its own, with NumPy and with the packages that are named, such as `torch jax safetensors`, whose
# tests are passed over otherwise; PYTHON is another Python than `python3`. LGC_BINARY names the compiler that goes into
# the package; without it cargo builds one.
# Where pip finds no packages, nothing is tested, and that is said.
set -eu
if [ -n "${LGC_BINARY:-}" ]; then export LGC_BINARY="$(realpath "$LGC_BINARY")"; fi
cd "$(dirname "$0")"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1 LGC_CACHE_DIR="$place/cache"

"${PYTHON:-python3}" -m venv "$place/venv"
python="$place/venv/bin/python"
pip() { "$python" -m pip install --quiet --retries 1 --timeout 15 "$@"; }
if ! pip numpy mypy 2>"$place/pip"; then
    echo "skipped: pip cannot install numpy and mypy: $(grep -m 1 ERROR "$place/pip" || tail -n 1 "$place/pip")"
    exit 0
fi
if [ $# -gt 0 ]; then pip "$@"; fi
pip .

cd tests
unset LGC PYTHONPATH
"$python" -W error::ResourceWarning -m unittest

# mypy passes over what is installed: it checks a copy.
cp -r "$("$python" -c 'import lgc; print(lgc.__path__[0])')" "$place/lgc"
cd "$place"
venv/bin/mypy --config-file "$OLDPWD/../pyproject.toml" lgc
