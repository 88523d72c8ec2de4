"""Runs libraries on this processor and, for x86-64-v4, in an emulator, and compares all results: see README.md."""

import argparse
import array
import ast
import base64
import gzip
import hashlib
import io
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import graphs

# What lgc itself needs of the C library.
SHARED = ["ld-linux-x86-64.so.2", "libc.so.6", "libm.so.6", "libgcc_s.so.1"]
# Beyond this an entry takes too long in the emulator; the largest example takes 3 MB.
MOST_BYTES = 6_000_000
SPECIAL = [0.0, -0.0, float("inf"), float("-inf"), float("nan"), 1.0, -1.0, 0.5, 1e-40, -1e-40, 1e-310, 3e38, -3e38, 1e308]
SPECIAL += [2.5, -2.5, 88.0, -104.0, 1e5, -1e7, 3.141592653589793, 1e-8, 127.5, 2.0**31, -(2.0**31), 2.0**63, 65504.0, 6e-8]

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
exec >/dev/ttyS0 2>&1
cd /work
grep -o 'avx512[a-z]*' /proc/cpuinfo | sort -u | tr '\\n' ' '
echo BEGIN
sh run.sh
echo END
poweroff -f
"""

BOCHS = """romimage: file={bios}/BIOS-bochs-latest
vgaromimage: file={bios}/VGABIOS-lgpl/VGABIOS-lgpl-latest.bin
megs: 1024
cpu: model=corei7_skylake_x, ips=100000000, reset_on_triple_fault=0
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata0-master: type=cdrom, path={folder}/boot.iso, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev={folder}/said.txt
display_library: nogui
log: {folder}/bochs.log
clock: sync=none
panic: action=fatal
error: action=ignore
"""

ISOLINUX = """default linux
prompt 0
timeout 1
label linux
 kernel vmlinuz
 append initrd=initrd.gz console=ttyS0 quiet mitigations=off nokaslr noapictimer lpj=1000000 tsc=unstable
"""


def compile_all(lgc, folder, seed):
    """A library of each graph that compiles, by name."""

    def compile_text(text, name):
        path = folder / f"{name}.graph"
        path.write_text(text)
        return compile_file(path, name)

    def compile_file(path, name):
        command = [lgc, "compile", path, "-o", folder / f"{name}.so", "--name", "m", "--backend", "llvm"]
        done = subprocess.run([*command, "--error-format", "short"], capture_output=True, text=True)
        return done.stderr if done.returncode else ""

    def one(job):
        kind, name, content = job
        if kind == "file":
            compile_file(content, name)
        elif kind == "case":
            text = graphs.entry_of(content, lambda text: compile_text(text, name))
            compile_text(text, name)
        elif said := compile_text(content, name):
            sys.exit(f"{name}: {said}")

    jobs = [("file", *it) for it in graphs.of_repository()]
    jobs += [("case", *it) for it in graphs.golden()]
    jobs += [("text", *it) for it in graphs.drawn(seed)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(one, jobs))
    return sorted(path.stem for path in folder.glob("*.so"))


def entries(lgc, library):
    """The entries of a library: name, inputs (path, dtype, extents), bytes of all tensors."""
    told = subprocess.run([lgc, "info", library], capture_output=True, text=True, check=True).stdout
    for part in told.split("\nentry ")[1:]:
        leaves = re.findall(r"^  (in|inout|out)\s+(\S+)\s+(\w+)\[([\d, ]*)\]", part, re.M)
        inputs = [(path, dtype, [int(n) for n in dims.split(",") if n.strip()]) for way, path, dtype, dims in leaves if way != "out"]
        yield part.split()[0], inputs, sum(int(n) for n in re.findall(r"(\d+) bytes", part))


def special(draw, dtype, dims):
    """A tensor as .npy in which some numbers, or all, are special."""
    count = 1
    for extent in dims:
        count *= extent
    share = draw.choice([0.15, 1.0])
    numbers = [draw.choice(SPECIAL) if draw.random() < share else draw.gauss(0, 10) for _ in range(count)]
    if dtype == "f32":
        largest = 3.4028234e38
        numbers = [x if x != x or abs(x) <= largest else float("inf") if x > 0 else float("-inf") for x in numbers]
    header = repr({"descr": {"f32": "<f4", "f64": "<f8"}[dtype], "fortran_order": False, "shape": tuple(dims)})
    header += " " * (-(len(header) + 11) % 64) + "\n"
    data = array.array({"f32": "f", "f64": "d"}[dtype], numbers).tobytes()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def tensors(npz):
    """The tensors of a file as their bit patterns, with all NaNs alike."""
    found = {}
    with zipfile.ZipFile(io.BytesIO(npz)) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            (length,) = struct.unpack_from("<H", content, 8)
            header = ast.literal_eval(content[10 : 10 + length].decode())
            found[name] = [header, settled(header["descr"], content[10 + length :])]
    return found


# Bits of a float whose exponent is all ones, without its sign. `V2` is bf16.
EXPONENTS = {"<f4": ("I", 0x7F800000), "<f8": ("Q", 0x7FF0000000000000), "<f2": ("H", 0x7C00), "V2": ("H", 0x7F80)}


def settled(descr, data):
    kind = EXPONENTS.get(descr if descr in EXPONENTS else descr.lstrip("|"))
    if not kind:
        return data
    code, exponent = kind
    bits = array.array(code, data)
    without_sign = (1 << (8 * bits.itemsize - 1)) - 1
    return [None if x & without_sign > exponent else x for x in bits]


def run_here(lgc, folder, work, seed):
    """Runs each entry on this machine. The file of each run's results, and the script that does the same."""
    draw = random.Random(seed)
    script, expected = [], []
    for library in sorted(work.glob("*.so")):
        for entry, inputs, size in entries(lgc, library):
            if size > MOST_BYTES:
                continue
            floats = [it for it in inputs if it[1] in ("f32", "f64")]
            for kind in ["random"] + ["special"] * bool(floats):
                number = len(expected)
                arguments = ["run", library.name, "--entry", entry, "--random", "11"]
                if kind == "special":
                    given = work / f"{number}.npz"
                    with zipfile.ZipFile(given, "w") as archive:
                        for path, dtype, dims in floats:
                            archive.writestr(f"{path}.npy", special(draw, dtype, dims))
                    arguments.append(given.name)
                out = folder / f"{number}.npz"
                done = subprocess.run([lgc, *arguments, "-o", out], cwd=work, capture_output=True)
                result = out.read_bytes() if done.returncode == 0 else b""
                expected.append((f"{library.stem}.{entry} {kind}", done.returncode, result))
                total = hashlib.sha256(result).hexdigest()[:16]
                script.append(
                    f"rm -f /tmp/o; lgc {' '.join(arguments)} -o /tmp/o >/dev/null 2>/tmp/e; r=$?; "
                    f"s=$(cat /tmp/o 2>/dev/null | sha256sum | cut -c1-16); "
                    f"if [ $r.$s = {done.returncode}.{total} ]; then echo SAME {number}; "
                    f"else echo OTHER {number} $r; gzip -c /tmp/o | base64; echo DONE; fi"
                )
    (work / "run.sh").write_text("\n".join(script) + "\n")
    return expected


def boot(options, folder, root):
    """Runs the machine until it is off. What it said."""
    image = folder / "image"
    image.mkdir()
    pack = "find . | cpio -o -H newc --quiet | gzip -1"
    with open(image / "initrd.gz", "wb") as out:
        subprocess.run(pack, shell=True, cwd=root, stdout=out, check=True)
    shutil.copy(options.kernel, image / "vmlinuz")
    shutil.copy("/usr/lib/ISOLINUX/isolinux.bin", image)
    shutil.copy("/usr/lib/syslinux/modules/bios/ldlinux.c32", image)
    (image / "isolinux.cfg").write_text(ISOLINUX)
    flags = "-quiet -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 -boot-info-table -o"
    subprocess.run(["genisoimage", *flags.split(), folder / "boot.iso", image], check=True)
    (folder / "bochsrc").write_text(BOCHS.format(bios=Path(options.bios).resolve(), folder=folder))
    with open(folder / "bochs.out", "w") as out:
        subprocess.run([options.bochs, "-q", "-f", folder / "bochsrc"], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    said = folder / "said.txt"
    text = said.read_text(errors="replace") if said.exists() else ""
    # Linux says goodbye in the middle of it.
    text = re.sub(r"\[\s*\d+\.\d+\][^\n]*\n?", "", text.replace("\r", ""))
    if "avx512f" not in text or "BEGIN" not in text or "END" not in text:
        sys.exit(f"the machine did not come up, or ended too soon: {folder}/said.txt, bochs.out and bochs.log say more")
    return text


def compare(text, expected):
    """Names of runs that differ in more than which NaN a NaN is, and how many differ in that."""
    same = {int(n) for n in re.findall(r"^SAME (\d+)$", text, re.M)}
    wrong, nans = [], 0
    for number, status, content in re.findall(r"^OTHER (\d+) (\d+)\n(.*?)^DONE$", text, re.M | re.S):
        name, here, result = expected[int(number)]
        same.add(int(number))
        try:
            other = gzip.decompress(base64.b64decode("".join(content.split())))
            is_right = int(status) == here and tensors(other) == tensors(result)
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            name, is_right = f"{name} ({error})", False
        nans += is_right
        if not is_right:
            wrong.append(name)
    wrong += [f"{expected[n][0]} (no answer)" for n in range(len(expected)) if n not in same]
    return wrong, nans


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ["lgc", "bochs", "bios", "kernel"]:
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, default=1, help="of drawn shapes and inputs")
    parser.add_argument("--keep", help="a folder to work in, which stays")
    options = parser.parse_args()
    lgc = Path(options.lgc).resolve()
    folder = Path(options.keep or tempfile.mkdtemp()).resolve()
    root = folder / "root"
    work = root / "work"
    for path in [work, root / "bin", root / "lib64", root / "lib/x86_64-linux-gnu", root / "proc", root / "dev", root / "tmp"]:
        path.mkdir(parents=True)
    start = time.time()
    names = compile_all(lgc, work, options.seed)
    expected = run_here(lgc, folder, work, options.seed)
    for graph in work.glob("*.graph"):
        graph.unlink()
    shutil.copy("/bin/busybox", root / "bin")
    subprocess.run(["strip", "-o", root / "bin/lgc", lgc], check=True)
    for name in SHARED:
        place = root / ("lib64" if name.startswith("ld-") else "lib/x86_64-linux-gnu")
        shutil.copy(Path("/lib/x86_64-linux-gnu") / name, place)
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    print(f"{len(names)} libraries, {len(expected)} runs; {time.time() - start:.0f} s here", flush=True)
    wrong, nans = compare(boot(options, folder, root), expected)
    print(f"{len(expected) - len(wrong)} the same, of which {nans} but for which NaN; {time.time() - start:.0f} s")
    if not options.keep:
        shutil.rmtree(folder)
    sys.exit("\n".join(["these differ:", *wrong]) if wrong else 0)


if __name__ == "__main__":
    main()
