"""Writes `lgc/ops.py`: a Python function for each op, from the op reference, which is written from the op table.

    python3 op_functions.py ../docs/ops.md > lgc/ops.py

The build of the package does so, so that there is no second table of ops.
"""

import keyword
import re
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

HEADER = '''"""The ops, as functions of values that are traced. Written from the op reference by `op_functions.py`."""

from __future__ import annotations

from typing import Optional

from ._trace import Attribute, Operand, Value, call_op
'''

# What is in the table, and is written in another way than as a call: `literal` as a list, regions by their functions.
NOT_CALLED = {"input", "literal"}


class Op(NamedTuple):
    """An op as the reference shows it."""

    name: str
    results: list[str]
    operands: list[str]
    attributes: list[str]
    doc: str


def section(text: str) -> Op:
    """An op from its section: the first block is its form, and prose is up to the next block."""
    form, prose = re.split(r"^```(?:text)?\n", text, flags=re.MULTILINE)[1:3]
    match = re.match(r"(.*) = (\w+)\((.*)\)", form)
    if match is None:
        raise ValueError(f"this is no form of an op: {form}")
    results, name, parameters = match.groups()
    listed = [parameter for parameter in parameters.split(", ") if parameter]
    attributes = [parameter.split(" = ")[0] for parameter in listed if " = " in parameter]
    operands = [parameter for parameter in listed if " = " not in parameter]
    return Op(name, [name for name in results.strip("()").split(", ") if name], operands, attributes, prose.strip())


def parameters(op: Op) -> tuple[list[str], str]:
    """The parameters of the function, and the tuple of operands that it passes on."""
    declared, passed = [], []
    for operand in op.operands:
        if operand == "…":
            # What is listed before is the first of any number of operands.
            declared.append("*more: Operand")
            passed.append("*more")
        elif operand.startswith("["):
            name = operand.strip("[]")
            declared.append(f"{name}: Optional[Operand] = None")
            passed.append(f"*(() if {name} is None else ({name},))")
        else:
            declared.append(f"{operand}: Operand")
            passed.append(operand)
    # Operands have no names in the language, so that attributes may be called as they are.
    if op.operands and op.operands[-1] != "…":
        declared.append("/")
    if op.attributes and op.operands[-1:] != ["…"]:
        declared.append("*")
    for name in op.attributes:
        is_required = re.search(rf"^- `{name}` \(.*; required\)", op.doc, re.MULTILINE)
        declared.append(f"{python_name(name)}: Attribute" + ("" if is_required else " = None"))
    return declared, "".join(f"{operand}, " for operand in passed)


def python_name(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def function(op: Op) -> str:
    declared, operands = parameters(op)
    attributes = "".join(f", {name}={python_name(name)}" for name in op.attributes)
    names = [f"result{index}" for index in range(len(op.results))]
    yields = "Value" if len(names) == 1 else f"tuple[{', '.join(['Value'] * len(names))}]"
    doc = op.doc.replace("\\", "\\\\").replace('"""', "'''")
    doc += f"\n\nYields {', '.join(op.results)}." if len(names) > 1 else ""
    doc = textwrap.indent(doc, "    ").strip() + ("\n    " if "\n" in doc else "")
    call = f'call_op("{op.name}", ({operands.rstrip()}), {len(names)}{attributes})'
    return (
        f"def {op.name}({', '.join(declared)}) -> {yields}:\n"
        f'    """{doc}"""\n'
        f"    {', '.join(names)}{',' * (len(names) == 1)} = {call}\n"
        f"    return {', '.join(names)}\n"
    )


def write(reference: str) -> str:
    """The module, from the text of `docs/ops.md`."""
    sections = re.split(r"^### ", reference, flags=re.MULTILINE)[1:]
    ops = [op for op in map(section, sections) if op.results and op.name not in NOT_CALLED]
    operands = "".join(f'    "{op.name}": {tuple(op.operands)},\n' for op in ops)
    results = {op.name: len(op.results) for op in ops if len(op.results) > 1}
    tables = (
        f"# What each op is applied to, and how many results have those that have several.\n"
        f"OPERANDS: dict[str, tuple[str, ...]] = {{\n{operands}}}\nRESULTS: dict[str, int] = {results}\n"
    )
    return "\n\n".join([HEADER, tables, *map(function, ops)])


if __name__ == "__main__":
    sys.stdout.write(write(Path(sys.argv[1]).read_text(encoding="utf-8")))
