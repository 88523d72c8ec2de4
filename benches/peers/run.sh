#!/usr/bin/env bash
# lgc beside the frameworks it is measured against, in turns, in one table: see README.md.
#
#   benches/peers/run.sh [CASE ...] [--threads 1] [--clock cpu] [--peers torch,jax] …
#
# Makes a virtual environment with pinned wheels (some 4 GB), the references and the roofline of this machine first,
# where they are not there yet: in target/peers, or where PEERS_HOME says. LGC names the compiler; by default it is built.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
home=${PEERS_HOME:-$root/target/peers}
mkdir -p "$home"
home=$(cd "$home" && pwd)
python=${PYTHON:-python3}
if [ ! -e "$home/venv/installed" ]; then
    "$python" -m venv "$home/venv"
    "$home/venv/bin/pip" install -q -r "$here/requirements.txt"
    touch "$home/venv/installed"
fi
if [ -z "${LGC:-}" ]; then
    (cd "$root" && cargo build --release)
    LGC=$root/target/release/lgc
fi
LGC=$(realpath "$LGC")
export LGC PEERS_REF="$home/references" PYTHONPATH="$here" PYTHONDONTWRITEBYTECODE=1
python=$home/venv/bin/python
missing=$("$python" -c 'from peers import reference as r
print(*(w for w in r.WORKLOADS if not (r.REF / f"{w}.npz").exists()))')
[ -z "$missing" ] || "$python" -m peers.reference $missing >&2
[ -e "$home/machine.json" ] || "$python" -m peers.machine "$home/machine.json" >&2
exec "$python" -m peers.compare --machine "$home/machine.json" --out "$home/results.json" "$@"
