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
    declared += [f"{python_name(name)}: Optional[Attribute] = None" for name in op.attributes]
    return declared, "".join(f"{operand}, " for operand in passed)


def python_name(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def function(op: Op) -> str:
    declared, operands = parameters(op)
    attributes = "".join(f", {name}={python_name(name)}" for name in op.attributes)
    count = len(op.results)
    result = "Value" if count == 1 else f"tuple[{', '.join(['Value'] * count)}]"
    doc = textwrap.indent(op.doc.replace("\\", "\\\\").replace('"""', "'''"), "    ").strip()
    call = f'call_op("{op.name}", ({operands.rstrip()}), {count}{attributes})'
    body = f"return {call}" if count > 1 else f"(y,) = {call}\n    return y"
    names = f"    Yields {', '.join(op.results)}.\n    " if count > 1 else ""
    return f'def {op.name}({", ".join(declared)}) -> {result}:\n    """{doc}\n{names}"""\n    {body}\n'


def write(reference: str) -> str:
    """The module, from the text of `docs/ops.md`."""
    sections = re.split(r"^### ", reference, flags=re.MULTILINE)[1:]
    ops = [op for op in map(section, sections) if op.results and op.name not in NOT_CALLED]
    listed = "".join(f'    "{name}",\n' for name in sorted(op.name for op in ops))
    return "\n\n".join([f"{HEADER}\n__all__ = [\n{listed}]\n", *map(function, ops)])


if __name__ == "__main__":
    sys.stdout.write(write(Path(sys.argv[1]).read_text(encoding="utf-8")))
