"""The graphs that are compiled: those of the repository, the golden cases, and some of drawn shapes."""

import json
import random
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "codegen/tests/golden"
# A case `(x: f64[2], …) -> expression`.
CASE = re.compile(r"\s*(\((?:[^()]|\([^()]*\))*\))\s*->\s*(.*)$", re.S)
# No type has this many elements, so the message says which type there is.
UNKNOWN = "f64[999983]"


def of_repository():
    """Name and path of each graph file; those that do not compile are left out later."""
    listed = subprocess.run(["git", "-C", ROOT, "ls-files", "*.graph"], capture_output=True, text=True)
    for file in listed.stdout.split():
        if "/errors/" not in file and "/standard/" not in file:
            yield re.sub(r"\W", "_", file.removesuffix(".graph")), ROOT / file


def golden():
    """Name and text of each golden case, in the precision that it has and in single precision."""
    for file in sorted(GOLDEN.glob("*.json")):
        content = json.loads(file.read_text())
        for number, case in enumerate(content if isinstance(content, list) else content["cases"]):
            text = case["graph"].replace('"f64/', '"std/')
            yield f"golden_{file.stem}_{number}", case["graph"]
            if "f64" in text:
                yield f"golden_{file.stem}_{number}_f32", text.replace("f64", "f32")


def entry_of(case, compiles):
    """A golden case as a file with an entry, and one for its gradient where it has one. `compiles` tries a text, and
    says what is wrong with it."""
    found = CASE.match(case)
    if not case.lstrip().startswith("(") or not found:
        return case
    operands, expression = found.groups()
    result, text, said = UNKNOWN, "", ""
    for _ in range(3):
        text = f"entry f{operands} -> (r: {result}) {{ r = {expression} }}\n"
        said = compiles(text)
        types = re.search(r"this is (\w+\[[\d, ]*\])$", said, re.M)
        types = types or re.search(r"a value of type (\w+\[[\d, ]*\])", said)
        if not said or not types:
            break
        result = types.group(1)
    floats = re.findall(r"(\w+): (f\d\d\[[\d, ]*\])", operands)
    if said or not floats or not re.match(r"f(32|64)", result):
        return text
    names = ", ".join(re.findall(r"(\w+): ", operands))
    loss = expression if result.endswith("[]") else f"sum({expression})"
    more = f"graph l{operands} -> (l: {result[:3]}[]) {{ l = {loss} }}\n"
    more += f"entry g{operands} -> ({', '.join(f'd{name}: {ty}' for name, ty in floats)}) {{\n"
    more += "".join(f"    d{name} = grad(l, wrt = {name})({names})\n" for name, _ in floats) + "}\n"
    return text + more if not compiles(text + more) else text


def drawn(seed):
    """Graphs of drawn shapes: what is tiled, folded, masked at its end, and made narrower."""
    draw = random.Random(seed)

    def size(most=70):
        return draw.choice([draw.randint(1, most), draw.choice([7, 13, 16, 17, 24, 31, 32, 33, 48, 64])])

    for number in range(14):
        for t in ["f32", "f64"]:
            yield f"product_{number}_{t}", product(t, size(), size(), size(), draw.randint(1, 3))
            yield f"rows_{number}_{t}", rows(t, size(), size(300))
            edge = draw.randint(5, 14)
            yield f"conv_{number}_{t}", conv(t, draw.randint(1, 9), draw.randint(1, 17), edge, draw)
            yield f"attention_{number}_{t}", attention(t, size(40), draw.choice([4, 8, 12, 16, 24]))
        for t in ["f16", "bf16"]:
            yield f"half_{number}_{t}", half(t, size(), size(200))
        yield f"integers_{number}", integers(draw.choice(["i32", "i64"]), size(200))
    for n in [1, 2, 3, 7, 9, 15, 17, 23, 25, 31, 33, 41, 49, 63, 64, 65, 81, 97, 113, 129]:
        yield f"narrow_{n}", narrow(5, n)


def product(t, m, n, k, b):
    return f"""graph h(x: {t}[{m}, {k}], y: {t}[{k}, {n}], c: {t}[{n}]) -> (l: {t}[]) {{ l = sum(square(tanh(x @ y + c))) }}
entry p(x: {t}[{m}, {k}], y: {t}[{k}, {n}]) -> (z: {t}[{m}, {n}]) {{ z = relu(x @ y) }}
entry t(x: {t}[{b}, {m}, {k}], y: {t}[{b}, {n}, {k}]) -> (z: {t}[{b}, {m}, {n}]) {{
    z = gelu(x @ transpose(y, permutation = [0, 2, 1]))
}}
entry g(x: {t}[{m}, {k}], y: {t}[{k}, {n}], c: {t}[{n}]) -> (l: {t}[], dx: {t}[{m}, {k}], dy: {t}[{k}, {n}], dc: {t}[{n}]) {{
    (l, dx, dy, dc) = value_and_grad(h, wrt = [x, y, c])(x, y, c)
}}
"""


def rows(t, m, n):
    x = f"x: {t}[{m}, {n}]"
    return f"""graph f({x}, g: {t}[{n}], b: {t}[{n}], t: {t}[{m}, {n}]) -> (l: {t}[]) {{
    l = sum(layer_norm(softmax(x), g, b) * t)
}}
entry g({x}, g: {t}[{n}], b: {t}[{n}], t: {t}[{m}, {n}]) -> (dx: {t}[{m}, {n}], dg: {t}[{n}], db: {t}[{n}]) {{
    (dx, dg, db) = grad(f, wrt = [x, g, b])(x, g, b, t)
}}
entry s({x}, a: {t}[{n}]) -> (r: {t}[{m}], c: {t}[{n}], y: {t}[]) {{
    r = sum(x, axes = [1])
    c = reduce_max(x, axes = [0])
    y = sum(x * a)
}}
entry p({x}, a: {t}[{m}, {n}]) -> (y: {t}[{m}, {n}], z: {t}[{m}, {n}], r: {t}[{m}, {n}]) {{
    y = cumsum(x, axis = 1)
    z = cumsum(x, axis = 0)
    r = linear_recurrence(a, x, axis = 0)
}}
entry o({x}) -> (y: {t}[{m}, {n}], i: i32[{m}]) {{
    y = sort(x, axis = 1)
    i = argmax(x, axis = 1)
}}
entry e({x}, y: {t}[{m}, {n}]) -> (z: {t}[{m}, {n}], k: i32[{m}, {n}]) {{
    z = select(x < y, exp(x) * sin(y), log(abs(y) + 1) / (x * x + 0.5))
    k = cast(floor(x * 100), dtype = i32) % 7
}}
"""


def conv(t, channels, filters, edge, draw):
    k = draw.choice([1, 2, 3])
    x, w = f"{t}[2, {channels}, {edge}, {edge + 1}]", f"{t}[{filters}, {channels}, {k}, {k}]"
    return f"""graph f(x: {x}, w: {w}) -> (y: {t}[]) {{
    y = sum(square(relu(conv(x, w, padding = 1, stride = {draw.choice([1, 2])}))))
}}
entry g(x: {x}, w: {w}) -> (l: {t}[], dx: {x}, dw: {w}) {{ (l, dx, dw) = value_and_grad(f, wrt = [x, w])(x, w) }}
"""


def attention(t, s, e):
    q = f"{t}[2, {s}, {e}]"
    return f"""graph l(q: {q}, k: {q}, v: {q}) -> (l: {t}[]) {{
    l = sum(square(scaled_dot_product_attention(q, k, v, causal = true)))
}}
entry g(q: {q}, k: {q}, v: {q}) -> (dq: {q}, dk: {q}, dv: {q}) {{ (dq, dk, dv) = grad(l, wrt = [q, k, v])(q, k, v) }}
"""


def half(t, m, n):
    return f"""entry m(x: {t}[{m}, 16], y: {t}[16, {n}]) -> (z: {t}[{m}, {n}]) {{ z = tanh(x @ y) }}
entry s(x: {t}[{m}, {n}]) -> (y: {t}[{m}, {n}], f: f32[{m}, {n}]) {{
    y = softmax(x)
    f = cast(x * x, dtype = f32)
}}
"""


def integers(t, n):
    return f"""entry s(x: {t}[{n}], y: {t}[{n}]) -> (a: {t}[{n}], b: {t}[{n}], c: {t}[]) {{
    a = x * y + x
    b = max(x, y) / (y * y + 1)
    c = sum(x * y)
}}
"""


def narrow(m, n):
    return f"""entry f(x: f32[{m}, {n}], y: f64[{m}, {n}]) -> (a: bool[{m}, {n}], b: bool[{m}, {n}], c: bf16[{m}, {n}], d: f16[{m}, {n}], e: f32[{m}, {n}]) {{
    a = x > 0
    b = y < 0.5
    c = cast(x, dtype = bf16)
    d = cast(x * 3, dtype = f16)
    e = cast(y, dtype = f32)
}}
entry i(x: i64[{m}, {n}], y: f64[{m}, {n}], z: f32[{m}, {n}]) -> (a: i32[{m}, {n}], b: i32[{m}, {n}], c: i64[{m}, {n}], d: bf16[{m}, {n}], e: bool[{m}, {n}]) {{
    a = cast(x + 70000000000, dtype = i32)
    b = cast(y * 1000, dtype = i32)
    c = cast(z * 1000, dtype = i64)
    d = cast(y, dtype = bf16)
    e = cast(x, dtype = bool)
}}
entry m(x: bf16[{m}, 4], y: bf16[4, {n}], u: f16[9, 4], v: f16[4, {n}]) -> (z: bf16[{m}, {n}], w: f16[9, {n}], s: bool[9, {n}]) {{
    z = x @ y
    w = u @ v
    s = (u @ v) > 0
}}
graph h(x: f32[{m}, {n}], w: f32[{n}, {n}]) -> (l: f32[]) {{ l = sum(relu(relu(x @ w) * x)) }}
entry g(x: f32[{m}, {n}], w: f32[{n}, {n}]) -> (dx: f32[{m}, {n}], dw: f32[{n}, {n}]) {{ (dx, dw) = grad(h, wrt = [x, w])(x, w) }}
"""
