"""`python -m lgc` is the command line: the compiler takes the place of Python."""

import os
import sys

from ._compiler import CompilerError, executable


def main() -> None:
    """Runs the compiler with the arguments of the command line."""
    try:
        program = executable()
        os.execv(program, [program, *sys.argv[1:]])
    except (CompilerError, OSError) as error:
        sys.exit(f"error: {error}")


main()
