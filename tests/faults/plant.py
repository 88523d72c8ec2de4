#!/usr/bin/env python3
"""Plants faults in a copy of the sources, one switchable build, and says what catches each.

`README.md` beside this file says how to use it; `faults.toml` lists the faults.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SCRATCH = ROOT / "target" / "faults"
TREE = SCRATCH / "tree"
BUILD = SCRATCH / "build"
SWITCH = "LGC_FAULT"
CRATES = {"ir": "ir/", "codegen": "codegen/", "abi": "abi/", "runtime": "runtime/", "lgc": ""}

# What is appended to each crate. Without the variable no fault is on.
SWITCHES = """
/// Faults that are switched on from outside.
pub(crate) mod planted {
    /// Whether the fault of that number is the one that is on.
    #[inline(never)]
    pub(crate) fn fault(number: usize) -> bool {
        static CHOSEN: std::sync::OnceLock<usize> = std::sync::OnceLock::new();
        let chosen = || std::env::var("%s").ok().and_then(|text| text.parse().ok());
        *CHOSEN.get_or_init(|| chosen().unwrap_or(0)) == number
    }
}
""" % SWITCH


class Wrong(Exception):
    """Something that a person has to mend."""


# ------------------------------------------------------------------------------------- the list


def read_faults():
    """The faults of the list, numbered from 1, each with where it goes."""
    listed = tomllib.loads((HERE / "faults.toml").read_text())["fault"]
    texts, seen, wrong = {}, set(), []
    for number, fault in enumerate(listed, 1):
        fault["number"] = number
        if fault["id"] in seen:
            wrong.append(f"{fault['id']}: there are two of that name")
        seen.add(fault["id"])
        file = fault["file"]
        if file not in texts:
            texts[file] = (ROOT / file).read_text()
        try:
            fault["span"] = span(fault, texts[file])
        except Wrong as problem:
            wrong.append(str(problem))
    if wrong:
        raise Wrong("\n".join(wrong))
    for file, text in texts.items():
        planted(text, [fault for fault in listed if fault["file"] == file])
    return listed


def span(fault, text):
    """Where the faulty text goes: `from`, which occurs once in `at`, which occurs once in the file."""
    around = fault.get("at", fault["from"])
    for whole, part, name in [(text, around, fault["file"]), (around, fault["from"], "`at`")]:
        if whole.count(part) != 1:
            raise Wrong(f"{fault['id']}: occurs {whole.count(part)} times in {name}: {part}")
    if fault["from"] == fault["to"]:
        raise Wrong(f"{fault['id']}: nothing is changed")
    start = text.index(around) + around.index(fault["from"])
    return start, start + len(fault["from"])


def planted(text, faults):
    """The text of a file with all its faults, each behind its number."""
    sites = {}
    for fault in faults:
        sites.setdefault(fault["span"], []).append(fault)
    end = len(text)
    for (start, stop), here in sorted(sites.items(), reverse=True):
        if stop > end:
            raise Wrong(f"{here[0]['id']}: overlaps another fault")
        original = text[start:stop]
        branches = "".join(
            f"if crate::planted::fault({fault['number']}) {{ {fault['to']} }} else " for fault in here
        )
        switched = f"{branches}{{ {original} }}"
        if not original.rstrip().endswith((";", "}")):
            switched = f"({switched})"
        text = text[:start] + switched + text[stop:]
        end = start
    return text


# ------------------------------------------------------------------------------------ the build


def copy_sources(faults):
    """Brings the scratch tree up to date; files that stay as they are keep their times."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    names = [name for name in names.split("\0") if name and (ROOT / name).is_file()]
    switched = {f"{folder}src/lib.rs" for folder in CRATES.values()}
    wanted = set(names)
    for name in names:
        content = (ROOT / name).read_bytes()
        here = [fault for fault in faults if fault["file"] == name]
        if here:
            content = planted(content.decode(), here).encode()
        if name in switched:
            content += SWITCHES.encode()
        target = TREE / name
        if not (target.is_file() and target.read_bytes() == content):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            shutil.copymode(ROOT / name, target)
    for path in [path for path in TREE.rglob("*") if path.is_file()]:
        if path.relative_to(TREE).as_posix() not in wanted:
            path.unlink()


def seed():
    """Takes over what is compiled of the dependencies, which are the same."""
    own = re.compile(r"^(lib)?(lgc|fuzz|host)([-_.]|$)")
    for folder in [".fingerprint", "build", "deps"]:
        source, target = ROOT / "target" / "debug" / folder, BUILD / "debug" / folder
        if not source.is_dir() or target.exists():
            continue
        target.mkdir(parents=True)
        for entry in source.iterdir():
            if own.match(entry.name):
                continue
            if entry.is_dir():
                shutil.copytree(entry, target / entry.name, symlinks=True)
            elif entry.suffix in [".rlib", ".rmeta", ".so", ".d"]:
                shutil.copy2(entry, target / entry.name)


def build():
    """Builds all tests once; their executables by `member/target`, with the folder they run in."""
    command = ["cargo", "test", "--workspace", "--lib", "--bins", "--tests", "--no-run"]
    command.append("--message-format=json")
    environment = os.environ | {
        "CARGO_TARGET_DIR": str(BUILD),
        "CARGO_PROFILE_DEV_DEBUG": "0",
    }
    done = subprocess.run(command, cwd=TREE, env=environment, stdout=subprocess.PIPE, text=True)
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    for message in messages:
        # Parentheses around conditions and the like are no concern here.
        if message.get("message", {}).get("level") == "error":
            print(message["message"]["rendered"], file=sys.stderr)
    if done.returncode != 0:
        raise Wrong("the faults do not compile")
    binaries = {}
    for message in messages:
        if message.get("executable") and message["profile"]["test"]:
            folder = pathlib.Path(message["manifest_path"]).parent
            member = folder.relative_to(TREE).as_posix()
            member = "lgc" if member == "." else member
            target = message["target"]
            name = "lib" if "lib" in target["kind"] else target["name"]
            # One test looks for the places of faults, which are not what they were here.
            if "bin" not in target["kind"] and name != "faults":
                binaries[f"{member}/{name}"] = (message["executable"], str(folder))
    (SCRATCH / "binaries.json").write_text(json.dumps(binaries, indent=1))
    return binaries


# ------------------------------------------------------------------------------------- the runs


class Tests:
    """The test binaries of the build, and what they say."""

    def __init__(self, binaries, limit, seed):
        self.binaries, self.limit, self.seed = binaries, limit, seed
        self.sound = {}

    def run(self, tests, number):
        """What fails among some tests with a fault: names of tests, or how the run ended."""
        name, *filters = tests.split()
        if name not in self.binaries:
            raise Wrong(f"there are no tests called {name}")
        executable, folder = self.binaries[name]
        environment = os.environ | {
            SWITCH: str(number),
            "CARGO_MANIFEST_DIR": folder,
            "INSTA_UPDATE": "no",
            "INSTA_WORKSPACE_ROOT": str(TREE),
            # What is drawn is drawn again in the next run, and no fault leaves a case for the next one.
            "PROPTEST_RNG_SEED": str(self.seed),
            "PROPTEST_DISABLE_FAILURE_PERSISTENCE": "1",
            "RUST_BACKTRACE": "0",
        }
        with open(SCRATCH / f"output-{os.getpid()}.txt", "w+", errors="replace") as output:
            process = subprocess.Popen(
                [executable, *filters, "--test-threads=2"],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                process.wait(self.limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                return [f"no end within {self.limit} s"]
            output.seek(0)
            text = output.read()
        if process.returncode == 0:
            if re.search(r"test result: ok\. 0 passed", text):
                raise Wrong(f"no test is called so: {tests}")
            return []
        failed = re.findall(r"^test (\S+) .*?\.\.\. FAILED$", text, re.MULTILINE)
        failed = failed or re.findall(r"^    (\S+)$", text, re.MULTILINE)
        return failed or [f"ended with {process.returncode}"]

    def require_sound(self, tests):
        """An error if tests fail where no fault is on: then their failure says nothing."""
        if tests not in self.sound:
            self.sound[tests] = self.run(tests, 0)
        if self.sound[tests]:
            raise Wrong(f"{tests} fails without a fault: {', '.join(self.sound[tests])}")

    def catcher(self, fault, named_only):
        """The tests that catch a fault: those that are named first, then whatever else there is."""
        named = [tests.strip() for tests in fault["caught_by"].split(";")]
        others = [] if named_only else sorted(self.binaries, key=self.weight)
        for tests in named + others:
            failed = self.run(tests, fault["number"])
            if failed:
                self.require_sound(tests)
                return tests, failed, tests in named
        return None

    @staticmethod
    def weight(name):
        """Libraries' own tests come first, and what runs for minutes comes last."""
        slow = ["lgc/gpt", "lgc/limits", "lgc/growth", "fuzz/targets/replay", "fuzz/targets/growth"]
        return name in slow, not name.endswith("/lib"), name


def report(fault, caught, seconds):
    """One line of the table."""
    if caught is None:
        said = "SURVIVED"
    else:
        tests, failed, expected = caught
        more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
        where = "" if expected else " (not the tests that are named)"
        said = f"{tests.split()[0]}: {failed[0]}{more}{where}"
    print(f"{fault['number']:3}  {fault['id']:44}  {seconds:5.1f} s  {said}", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("ids", nargs="*", help="parts of ids; all faults if there are none")
    parser.add_argument("--from", type=int, default=1, dest="first", metavar="N", help="the first number")
    parser.add_argument("--to", type=int, default=10**6, dest="last", metavar="N", help="the last number")
    parser.add_argument("--list", action="store_true", help="print the faults and plant none")
    parser.add_argument("--check", action="store_true", help="check that each still has its place")
    parser.add_argument("--reuse", action="store_true", help="run the tests of the last build")
    parser.add_argument("--build-only", action="store_true", help="build and run nothing")
    parser.add_argument("--named-only", action="store_true", help="run only the tests that are named")
    parser.add_argument("--limit", type=int, default=600, metavar="S", help="seconds for one run of tests")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="seed of what tests draw")
    return parser.parse_args()


def main():
    options = arguments()
    faults = read_faults()
    chosen = [
        fault
        for fault in faults
        if options.first <= fault["number"] <= options.last
        and (not options.ids or any(part in fault["id"] for part in options.ids))
    ]
    if options.list or options.check:
        for fault in chosen if options.list else []:
            print(f"{fault['number']:3}  {fault['id']:44}  {fault['wrong']}")
        print(f"{len(chosen)} faults, each with its place")
        return 0
    if options.reuse:
        binaries = json.loads((SCRATCH / "binaries.json").read_text())
    else:
        copy_sources(faults)
        seed()
        binaries = build()
    if options.build_only:
        return 0
    tests = Tests(binaries, options.limit, options.seed)
    survivors = []
    for fault in chosen:
        begun = time.monotonic()
        caught = tests.catcher(fault, options.named_only)
        report(fault, caught, time.monotonic() - begun)
        if caught is None:
            survivors.append(fault["id"])
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} faults are caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as wrong:
        sys.exit(f"plant.py: {wrong}")
