"""The build hook of the package: what setuptools does not know of a compiler that is written in Rust.

The wheel carries the compiler, and `lgc/ops.py`, which is written from the op reference. The compiler is built by cargo
from the repository that this directory is part of, unless the variable LGC_BINARY names one.
"""

import os
import re
import runpy
import shutil
import subprocess
import tempfile
from pathlib import Path

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_py import build_py

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent


def compiler() -> Path:
    """The program that goes into the wheel."""
    named = os.environ.get("LGC_BINARY")
    if named:
        if not os.access(named, os.X_OK):
            raise SystemExit(f"error: LGC_BINARY names `{named}`, which is no program")
        return Path(named).resolve()
    subprocess.run(["cargo", "build", "--release", "--locked", "--bin", "lgc"], cwd=REPOSITORY, check=True)
    return Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")) / "release" / "lgc"


def version() -> str:
    """That of the workspace."""
    manifest = REPOSITORY / "Cargo.toml"
    if not manifest.exists():
        raise SystemExit("error: this package is built within the repository of lgc, whose compiler it carries")
    found = re.search(r'^version = "([^"]+)"', manifest.read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit(f"error: {manifest} tells no version")
    return found[1]


class BuildPackage(build_py):
    """Adds the compiler and the ops; in place for an editable installation."""

    def run(self) -> None:
        super().run()
        package = HERE / "lgc" if self.editable_mode else Path(self.build_lib) / "lgc"
        program = package / "bin" / "lgc"
        program.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(compiler(), program)
        program.chmod(0o755)
        reference = (REPOSITORY / "docs" / "ops.md").read_text(encoding="utf-8")
        write = runpy.run_path(str(HERE / "op_functions.py"))["write"]
        (package / "ops.py").write_text(write(reference), encoding="utf-8")


class PlatformWheel(bdist_wheel):
    """A wheel for any Python 3 on the machine that the compiler runs on."""

    def finalize_options(self) -> None:
        super().finalize_options()
        self.root_is_pure = False

    def get_tag(self) -> tuple[str, str, str]:
        return "py3", "none", super().get_tag()[2]


# What is built goes beside nothing: the compiler is large, and what an earlier build left would go into the wheel.
with tempfile.TemporaryDirectory() as place:
    setup(
        version=version(),
        cmdclass={"build_py": BuildPackage, "bdist_wheel": PlatformWheel},
        options={"build": {"build_base": place}},
    )
