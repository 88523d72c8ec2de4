"""Writes the golden files: `python generate.py`, in an environment with `requirements.txt`.

With arguments, draws anew: `python generate.py --fuzz COUNT --seed SEED FILE` writes COUNT cases with random
shapes, attributes and inputs to FILE, for `LGC_GOLDEN=FILE cargo test -p lgc-codegen --test golden`.
"""

import argparse
import json
import sys
from pathlib import Path

import jax

# Each adds its part to the table.
import library
import network
import sequences
import windows
from cases import record
from table import CASES

HERE = Path(__file__).parent


def write(path, cases, seed=0, single=False):
    recorded = []
    for at, case in enumerate(cases):
        if at % 100 == 0:
            # Each shape is compiled anew, and kept.
            jax.clear_caches()
        try:
            recorded.append(record(case, seed, single))
        except Exception as error:
            raise SystemExit(f"{case.graph}: {type(error).__name__}: {error}") from error
    text = ",\n".join(json.dumps(entry, allow_nan=False) for entry in recorded)
    path.write_text(f"[\n{text}\n]\n")
    print(f"{path.name}: {len(recorded)} cases", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fuzz", type=int, metavar="COUNT")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("file", nargs="?", type=Path)
    arguments = parser.parse_args()
    if arguments.fuzz is not None:
        from fuzz import draw

        if arguments.file is None:
            parser.error("where are the cases to be written?")
        write(arguments.file, draw(arguments.fuzz, arguments.seed), arguments.seed, single=True)
        return
    for name, cases in CASES.items():
        write(HERE / f"{name}.json", cases)


if __name__ == "__main__":
    main()
