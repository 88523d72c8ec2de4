#!/usr/bin/env python3
"""Changes every printed rule, and says whether its proof still goes through.

Each change is one of: a sign, an operand, an operator, a number, a branch, a relation; a factor or term that is
left out; a condition that is left out or asks less. A rule that was changed and is still proved is right all the
same (that is what a proof says), and arithmetic at sample points has to agree. So a run fails if a rule that is
different at some point was proved, and it lists those that are equal and were not: there a proof is too narrow.

    proofs/mutate.py [NAME ...]     all rules and maps, or those named; run.sh must have run before

Needs what run.sh needs, and half an hour on one core for all rules.
"""
import itertools, math, os, pathlib, random, re, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
BUILT = HERE / "built"
TIMEOUT = 20
MAPS_EACH = 25


# ---- terms -------------------------------------------------------------------------------------------------
def read(text):
    """A Coq term as nested lists."""
    tokens = re.findall(r"\(|\)|\[|\]|;|[^\s()\[\];]+", text)
    at = 0

    def one():
        nonlocal at
        token = tokens[at]
        at += 1
        if token == "(":
            items = []
            while tokens[at] != ")":
                items.append(one())
            at += 1
            return items[0] if len(items) == 1 and isinstance(items[0], str) else items
        if token == "[":
            items, current = ["list"], []
            while tokens[at] != "]":
                if tokens[at] == ";":
                    at += 1
                    items.append(current[0] if len(current) == 1 else current)
                    current = []
                else:
                    current.append(one())
            at += 1
            if current:
                items.append(current[0] if len(current) == 1 else current)
            return items
        return token

    return one()


def write(term):
    if isinstance(term, str):
        return f"({term})" if term.startswith("-") else term
    if term and term[0] == "list":
        return "[" + "; ".join(write(item) for item in term[1:]) + "]"
    return "(" + " ".join(write(item) for item in term) + ")"


FIELDS = ["arity", "attributes", "demands", "guards", "value", "partials"]


def rules():
    text = (HERE / "Rules.v").read_text()
    for name, body in re.findall(r"Definition (\w+) : rule := \{\|(.*?)\|\}\.", text, re.S):
        fields = dict(re.findall(r"(\w+) := (.*?)(?:;\n  (?=\w+ :=)|\Z)", body.strip(), re.S))
        yield name, {field: read(fields[field]) for field in FIELDS}


def claims():
    text = (HERE / "Table.v").read_text()
    found = re.findall(r"Pointwise\.(\w+)_holds : (\w+) \(n := (\d+)\) Meaning\.(\w+)", text)
    return {name: (claim, places, meaning) for name, claim, places, meaning in found}


# ---- changes -----------------------------------------------------------------------------------------------
def is_number(term):
    return isinstance(term, list) and term[0] in ("In", "Attr", "Int", "Ratio", "Root", "Un", "Bin", "If")


OTHER_UNARY = {"Sin": "Cos", "Cos": "Sin", "Sinh": "Cosh", "Cosh": "Sinh", "Exp": "Expm1", "Expm1": "Exp",
               "Log": "Log1p", "Log1p": "Log", "Tanh": "Erf", "Erf": "Tanh", "Abs": "Neg", "Sqrt": "Abs",
               "Floor": "Ceil", "Ceil": "Floor", "Round": "Floor"}
OTHER_BINARY = {"Add": "Sub", "Sub": "Add", "Mul": "Div", "Div": "Mul", "Max": "Min", "Min": "Max", "Pow": "Mul"}
OTHER_RELATION = {"Gt": ["Lt", "Ge"], "Lt": ["Gt", "Le"], "Ge": ["Lt"], "Le": ["Gt"], "Eq": ["Ne"], "Ne": ["Eq"]}


def changes_here(term, inputs, attributes):
    """What one node may be changed to."""
    kind = term[0]
    if is_number(term):
        yield "sign", ["Un", "Neg", term]
    if kind == "In":
        for other in range(inputs):
            if str(other) != term[1]:
                yield "operand", ["In", str(other)]
    elif kind == "Attr":
        yield "number", ["Int", "1"]
        for other in range(attributes):
            if str(other) != term[1]:
                yield "operand", ["Attr", str(other)]
    elif kind == "Int":
        yield "number", ["Int", str(int(term[1]) + 1)]
    elif kind in ("Ratio", "Root"):
        for at in range(1, len(term)):
            if at == 2 and kind == "Root":
                continue
            yield "number", term[:at] + [str(int(term[at]) + 1)] + term[at + 1:]
    elif kind == "Un":
        yield "left out", term[2]
        if term[1] in OTHER_UNARY:
            yield "operator", ["Un", OTHER_UNARY[term[1]], term[2]]
    elif kind == "Bin":
        yield "left out", term[2]
        yield "left out", term[3]
        yield "swapped", ["Bin", term[1], term[3], term[2]]
        yield "operator", ["Bin", OTHER_BINARY[term[1]], term[2], term[3]]
    elif kind == "If":
        yield "branch", term[2]
        yield "branch", term[3]
        yield "swapped", ["If", term[1], term[3], term[2]]
    elif kind == "Cmp":
        for other in OTHER_RELATION[term[1]]:
            yield "relation", ["Cmp", other, term[2], term[3]]


def changes(term, inputs, attributes):
    """The term with one node changed, in all ways."""
    if isinstance(term, str):
        return
    yield from changes_here(term, inputs, attributes)
    for at, part in enumerate(term):
        for kind, changed in changes(part, inputs, attributes):
            yield kind, term[:at] + [changed] + term[at + 1:]


def mutants(rule):
    arity, attributes = int(rule["arity"]), len(rule["attributes"]) - 1
    seen = {repr(rule)}

    def fresh(kind, field, term):
        mutant = {**rule, field: term}
        if repr(mutant) not in seen:
            seen.add(repr(mutant))
            yield kind, mutant

    for kind, term in changes(rule["value"], arity, attributes):
        yield from fresh("value: " + kind, "value", term)
    for kind, term in changes(rule["partials"], arity + 1, attributes):
        yield from fresh(kind, "partials", term)
    if arity == 2 and len(rule["partials"]) == 3:
        first, second = rule["partials"][1:]
        yield from fresh("swapped", "partials", ["list", second, first])
    for field in ("guards", "demands"):
        conditions = rule[field][1:]
        for at in range(len(conditions)):
            yield from fresh("condition", field, ["list"] + conditions[:at] + conditions[at + 1:])
    for at, guard in enumerate(rule["guards"][1:], 1):
        weaker = None
        if guard[0] == "Above":
            weaker = ["Above", guard[1], ["Bin", "Sub", guard[2], ["Int", "1"]]]
        elif guard[0] == "Off":
            weaker = ["Off", guard[1], ["Bin", "Sub", guard[2], ["Int", "1"]]]
        elif guard[0] == "OffLattice":
            weaker = ["OffLattice", guard[1], ["Bin", "Add", guard[2], ["Ratio", "1", "3"]]]
        if weaker:
            yield from fresh("condition", "guards", rule["guards"][:at] + [weaker] + rule["guards"][at + 1:])


# ---- arithmetic at points ----------------------------------------------------------------------------------
class NotDefined(Exception):
    pass


UNARY = {"Neg": lambda x: -x, "Abs": abs, "Sqrt": math.sqrt, "Exp": math.exp, "Expm1": math.expm1, "Log": math.log,
         "Log1p": math.log1p, "Sin": math.sin, "Cos": math.cos, "Sinh": math.sinh, "Cosh": math.cosh,
         "Tanh": math.tanh, "Erf": math.erf, "Floor": lambda x: float(math.floor(x)),
         "Ceil": lambda x: float(math.ceil(x)), "Round": lambda x: float(round(x))}


def power(x, y):
    if x <= 0:
        raise NotDefined
    return x ** y


def divide(x, y):
    if y == 0:
        raise NotDefined
    return x / y


BINARY = {"Add": lambda x, y: x + y, "Sub": lambda x, y: x - y, "Mul": lambda x, y: x * y, "Div": divide,
          "Max": max, "Min": min, "Pow": power}
RELATION = {"Gt": lambda x, y: x > y, "Lt": lambda x, y: x < y, "Ge": lambda x, y: x >= y,
            "Le": lambda x, y: x <= y, "Eq": lambda x, y: x == y, "Ne": lambda x, y: x != y}
CONNECT = {"And": lambda x, y: x and y, "Or": lambda x, y: x or y, "Xor": lambda x, y: x != y}


def at(term, a, x):
    if term == "PosInf":
        return math.inf
    if term == "NegInf":
        return -math.inf
    if isinstance(term, str):
        raise NotDefined
    kind = term[0]
    try:
        if kind == "In":
            return x[int(term[1])]
        if kind == "Attr":
            return a[int(term[1])]
        if kind == "Int":
            return float(term[1])
        if kind == "Ratio":
            return divide(float(term[1]), float(term[2]))
        if kind == "Root":
            p, q, r, s, k = map(float, term[1:])
            return p / q * math.sqrt(r / s) * math.sqrt(math.pi) ** k
        if kind == "Un":
            return UNARY[term[1]](at(term[2], a, x))
        if kind == "Bin":
            return BINARY[term[1]](at(term[2], a, x), at(term[3], a, x))
        if kind == "If":
            return at(term[2] if at(term[1], a, x) else term[3], a, x)
        if kind == "Cmp":
            return RELATION[term[1]](at(term[2], a, x), at(term[3], a, x))
        if kind == "Con":
            return CONNECT[term[1]](at(term[2], a, x), at(term[3], a, x))
        if kind == "Not":
            return not at(term[1], a, x)
        if kind == "Known":
            return term[1] == "true"
    except (ValueError, OverflowError, IndexError, ZeroDivisionError):
        raise NotDefined
    raise NotDefined


def holds(condition, a, x):
    kind = condition[0]
    if kind == "Positive":
        return a[int(condition[1])] > 0
    if kind == "Ordered":
        return a[int(condition[1])] <= a[int(condition[2])]
    if kind == "Above":
        return x[int(condition[1])] > at(condition[2], a, x)
    if kind == "Nonzero":
        return x[int(condition[1])] != 0
    if kind == "Off":
        return x[int(condition[1])] != at(condition[2], a, x)
    if kind == "Distinct":
        return x[int(condition[1])] != x[int(condition[2])]
    if kind == "OffLattice":
        off = x[int(condition[1])] - at(condition[2], a, x)
        return abs(off - round(off)) > 1e-12
    raise AssertionError(kind)


POINTS = [-2.75, -1.5, -1.0, -0.5, -0.3, 0.0, 0.25, 0.5, 0.7, 1.0, 1.3, 2.0, 3.25]


def equal(x, y):
    return x == y or abs(x - y) <= 1e-9 * max(1.0, abs(x), abs(y))


def evaluated(term, a, x):
    """The value, or None where it has none or is infinite."""
    try:
        value = at(term, a, x)
    except NotDefined:
        return None
    return value if isinstance(value, float) and math.isfinite(value) else None


def differs(rule, mutant):
    """Whether the mutant says something else than the rule at some point that it speaks of."""
    choices = []
    for attribute in mutant["attributes"][1:]:
        fixed = isinstance(attribute, list)
        choices.append([at(attribute[1], [], [])] if fixed else [-0.7, 0.0, 0.4, 1.0, 1.7, 2.0])
    for a in itertools.product(*choices):
        if not all(holds(demand, a, ()) for demand in mutant["demands"][1:]):
            continue
        lawful = all(holds(demand, a, ()) for demand in rule["demands"][1:])
        for x in itertools.product(POINTS + list(a), repeat=int(rule["arity"])):
            singular = [g for g in mutant["guards"][1:] if g[0] in ("Above", "Nonzero")]
            if not all(holds(guard, a, x) for guard in singular):
                continue
            value = evaluated(rule["value"], a, x)
            changed = evaluated(mutant["value"], a, x)
            if changed is None or value is None or not equal(value, changed):
                return True
            if not all(holds(guard, a, x) for guard in mutant["guards"][1:]):
                continue
            if not lawful or not all(holds(guard, a, x) for guard in rule["guards"][1:]):
                return True
            for one, other in zip(rule["partials"][1:], mutant["partials"][1:]):
                one, other = evaluated(one, a, x + (value,)), evaluated(other, a, x + (value,))
                if one is None or other is None or not equal(one, other):
                    return True
    return False


# ---- proofs ------------------------------------------------------------------------------------------------
HEAD = """From Coq Require Import Reals ZArith List.
From Coquelicot Require Import Coquelicot.
From LGC Require Import Syntax Calculus Tactics Pointwise.
From LGC Require Meaning Rules.
Import ListNotations.
"""


def coq(text):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "Mutants.v"
        path.write_text(text)
        done = subprocess.run(["coqc", "-Q", str(BUILT), "LGC", str(path)], capture_output=True, text=True)
    return done.stdout, done.stderr, done.returncode


def survivors(name, claim, all_mutants):
    """The numbers of the mutants that are proved."""
    claim, places, meaning = claim
    parts = [HEAD]
    for number, (_, mutant) in enumerate(all_mutants):
        fields = ";\n  ".join(f"{field} := {write(mutant[field])}" for field in FIELDS)
        parts.append(
            f"Definition m{number} : rule := ({{| {fields} |}})%Z.\n"
            f"Goal {claim} (n := {places}) Meaning.{meaning} m{number}.\n"
            f"tryif timeout {TIMEOUT} (solve [prove_{name} m{number}]) then idtac \"SURVIVED {number}\" "
            f"else idtac \"CAUGHT {number}\".\nAbort.\n")
    out, err, code = coq("".join(parts))
    found = {int(number): word for word, number in re.findall(r"(SURVIVED|CAUGHT) (\d+)", out)}
    if code or len(found) != len(all_mutants):
        raise SystemExit(f"{name}: Coq says {err[-600:]}")
    return {number for number, word in found.items() if word == "SURVIVED"}


def try_rule(item):
    name, rule, claim = item
    all_mutants = list(mutants(rule))
    proved = survivors(name, claim, all_mutants)
    counts = {"caught": 0, "equal": 0}
    lines = []
    for number, (kind, mutant) in enumerate(all_mutants):
        different, survived = differs(rule, mutant), number in proved
        if different and not survived:
            counts["caught"] += 1
        elif not different and survived:
            counts["equal"] += 1
        else:
            word = "WRONG AND PROVED" if survived else "equal at all points tried, and not proved"
            field = next(f for f in FIELDS if mutant[f] != rule[f])
            lines.append((survived, f"{name}: {word} ({kind}): {field} := {write(mutant[field])}"))
    return name, len(all_mutants), counts, lines


# ---- maps --------------------------------------------------------------------------------------------------
def maps():
    text = (HERE / "Maps.v").read_text()
    for name, body in re.findall(r"Definition (\w+) : map := \{\|(.*?)\|\}\.", text, re.S):
        fields = re.findall(r"(\w+) := (.*?)(?:;\n  (?=\w+ :=)|\Z)", body.strip(), re.S)
        yield name, {field: value for field, value in fields}


GENERATOR = random.Random(11)
SAMPLES = [[GENERATOR.uniform(-2, 2) for _ in range(512)] for _ in range(12)]


def apart(one, other):
    """Whether two polynomials differ at some sample point; truth values come out both ways among these."""
    for x in SAMPLES:
        left, right = evaluated(one, [], x), evaluated(other, [], x)
        if left is None or right is None or not equal(left, right):
            return True
    return False


def try_map(item):
    name, fields = item
    backward = read(fields["backward"])
    generator = random.Random(name)
    inputs = int(fields["cotangents"]) + len(read(fields["forward"])) - 1
    found = list(changes(backward, min(inputs, 64), 0))
    generator.shuffle(found)
    found = found[:MAPS_EACH]
    parts = ["From Coq Require Import ZArith List.\nFrom LGC Require Import Syntax Polynomial.\n"
             "From LGC Require Maps.\nImport ListNotations.\n"]
    for number, (_, term) in enumerate(found):
        parts.append(f"Definition m{number} : map := ({{| active := Maps.{name}.(active); "
                     f"cotangents := Maps.{name}.(cotangents); forward := Maps.{name}.(forward); "
                     f"backward := {write(term)} |}})%Z.\nEval vm_compute in ({number}, check m{number}).\n")
    out, err, code = coq("".join(parts))
    results = dict(re.findall(r"= \((\d+)%?\w*, (true|false)\)", out))
    if code or len(results) != len(found):
        raise SystemExit(f"{name}: Coq says {err[-600:]}")
    counts, lines = {"caught": 0, "equal": 0}, []
    for number, (kind, term) in enumerate(found):
        survived = results[str(number)] == "true"
        pairs = zip(backward[1:], term[1:])
        different = any(apart(one, other) for one, other in pairs if one != other)
        if different != survived:
            counts["equal" if survived else "caught"] += 1
        else:
            word = "WRONG AND CHECKED" if survived else "equal, and not checked"
            lines.append((survived, f"{name}: {word} ({kind}): {write(term)[:400]}"))
    return name, len(found), counts, lines


def main():
    named = set(sys.argv[1:])
    known = claims()
    items = [(name, rule, known[name]) for name, rule in rules() if not named or name in named]
    of_maps = [item for item in maps() if not named or item[0] in named]
    totals, bad = {}, False
    with ThreadPoolExecutor(int(os.environ.get("JOBS", "1"))) as pool:
        for title, work in (("rules", pool.map(try_rule, items)), ("maps", pool.map(try_map, of_maps))):
            total = {"tried": 0, "caught": 0, "equal": 0, "narrow": 0}
            for name, tried, counts, lines in work:
                total["tried"] += tried
                for word in counts:
                    total[word] += counts[word]
                for survived, line in lines:
                    print(line)
                    bad = bad or survived
                    total["narrow"] += not survived
                print(f"{name}: {tried} changed, {counts['caught']} caught, {counts['equal']} equal", flush=True)
            totals[title] = total
    for title, total in totals.items():
        print(f"{title}: {total['tried']} changed; {total['caught']} caught; {total['equal']} equal and proved; "
              f"{total['narrow']} equal and not proved")
    sys.exit(bad)


main()
