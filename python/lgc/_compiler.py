"""Runs the compiler: finds it, hands it graphs, and turns its messages into exceptions.

`lgc compile` writes a library into a directory of its own, which lives as long as the module that is loaded from it.
"""

from __future__ import annotations

import json
import operator
import os
import shutil
import subprocess
import tempfile
import warnings
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Protocol, Union, runtime_checkable

from ._library import Error, Module, load


@dataclass(frozen=True)
class Span:
    """A place in a source. Lines and columns count from 1, columns in characters; offsets are bytes from 0."""

    file: str
    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int
    primary: bool
    label: str


@dataclass(frozen=True)
class Diagnostic:
    """A message of the compiler. `lgc explain CODE` says more about its code."""

    severity: str
    code: str
    message: str
    file: Optional[str]
    spans: tuple[Span, ...]
    notes: tuple[str, ...]
    help: tuple[str, ...]

    @property
    def span(self) -> Optional[Span]:
        """Where the problem is, if it is in a source."""
        primary = (span for span in self.spans if span.primary)
        return next(primary, self.spans[0] if self.spans else None)

    def render(self, text: Optional[str] = None) -> str:
        """The message with the lines that it is about: those of `text` in the place of standard input."""
        lines = [f"{self.severity}[{self.code}]: {self.message}"]
        for span in self.spans:
            lines.append(f"  {span.file}:{span.line}:{span.column}")
            lines += _excerpt(span, text)
        lines += [f"  note: {note}" for note in self.notes]
        lines += [f"  help: {help}" for help in self.help]
        return "\n".join(lines)


class CompileError(Error):
    """A graph does not compile. `diagnostics` has all that the compiler says; the other attributes speak of the first
    error: its `code`, the `span` where it is, and `help`."""

    def __init__(self, diagnostics: Sequence[Diagnostic], text: Optional[str] = None) -> None:
        self.diagnostics = tuple(diagnostics)
        first = next((d for d in self.diagnostics if d.severity == "error"), self.diagnostics[0])
        super().__init__("\n".join(diagnostic.render(text) for diagnostic in self.diagnostics), first.code)
        self.message, self.span, self.help = first.message, first.span, "\n".join(first.help)

    def __reduce__(self) -> Any:
        return _restore, (type(self), self.args, vars(self))


def _restore(kind: type[CompileError], args: tuple[Any, ...], state: dict[str, Any]) -> CompileError:
    """An error that was pickled, as those of other processes are."""
    error = kind.__new__(kind, *args)
    vars(error).update(state)
    return error


class CompileWarning(UserWarning):
    """The compiler warns of something in a graph that it has compiled."""


class CompilerError(Error):
    """The compiler cannot be run, or fails by itself."""


@runtime_checkable
class Source(Protocol):
    """What can be compiled though it is no file and no text: a graph that was built in Python."""

    @property
    def text(self) -> str: ...


def _excerpt(span: Span, text: Optional[str]) -> list[str]:
    """The first line of a span, marked, with its label."""
    try:
        source = text if span.file == "<stdin>" else Path(span.file).read_text(encoding="utf-8")
        line = (source or "").splitlines()[span.line - 1]
    except (OSError, ValueError, IndexError):
        return [f"    {span.label}"] if span.label else []
    end = span.end_column if span.end_line == span.line else len(line) + 1
    mark = ("^" if span.primary else "-") * max(end - span.column, 1)
    return [f"    {line}", f"    {' ' * (span.column - 1)}{mark} {span.label}".rstrip()]


def executable() -> str:
    """The compiler: the one that `LGC` names, else that of this package, else `lgc` on the path."""
    named = os.environ.get("LGC")
    if named:
        found = shutil.which(named)
        if found is None:
            help = "let it name the program `lgc`, or leave it out"
            raise CompilerError(f"LGC names `{named}`, which is no program", "NO_COMPILER", help)
        return found
    bundled = Path(__file__).parent / "bin" / "lgc"
    found = str(bundled) if os.access(bundled, os.X_OK) else shutil.which("lgc")
    if found is None:
        help = "install a wheel of this package, or let the variable LGC name the program `lgc`"
        raise CompilerError("there is no compiler: this package carries none, and none is on PATH", "NO_COMPILER", help)
    return found


def run(arguments: Iterable[str], text: Optional[str] = None) -> str:
    """What a command of the compiler prints. `text` is its standard input; warnings of the compiler are warned of."""
    command = [executable(), "--error-format", "json", *arguments]
    try:
        done = subprocess.run(command, input=text or "", capture_output=True, encoding="utf-8", check=False)
    except OSError as error:
        raise CompilerError(f"`{command[0]}` cannot be run: {error}", "NO_COMPILER") from error
    except UnicodeEncodeError as error:
        raise CompilerError(f"the text of the graph is not Unicode: {error}", "NO_TEXT") from error
    diagnostics, other = _messages(done.stderr)
    if done.returncode == 0:
        for diagnostic in diagnostics:
            warnings.warn(diagnostic.render(text), CompileWarning, stacklevel=3)
        return done.stdout
    if any(diagnostic.severity == "error" for diagnostic in diagnostics):
        raise CompileError(diagnostics, text)
    end = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
    raise CompilerError(f"`{' '.join(command)}` ended with {end}: {other or done.stdout}", "COMPILER_FAILED")


def _messages(stderr: str) -> tuple[list[Diagnostic], str]:
    """The diagnostics among the lines of standard error, and the other lines."""
    diagnostics, other = [], []
    for line in stderr.splitlines():
        try:
            diagnostics.append(_diagnostic(json.loads(line)))
        except (ValueError, TypeError, KeyError):
            other.append(line)
    return diagnostics, "\n".join(other)


def _diagnostic(message: Mapping[str, Any]) -> Diagnostic:
    """Members that later versions add are passed over."""
    spans = tuple(Span(**{name: span[name] for name in Span.__dataclass_fields__}) for span in message["spans"])
    texts = (message["severity"], message["code"], message["message"], message["file"])
    return Diagnostic(*texts, spans, tuple(message["notes"]), tuple(message["help"]))


def compile(
    source: Union[str, os.PathLike[str], Source],
    /,
    *,
    name: Optional[str] = None,
    threads: int = 0,
    backend: Optional[str] = None,
    cpu: Optional[str] = None,
    opt_level: Optional[int] = None,
    monitor: bool = False,
    allow_path: Sequence[Union[str, os.PathLike[str]]] = (),
    dims: Optional[Mapping[str, int]] = None,
    **more_dims: int,
) -> Module:
    """Compiles a graph and loads the library.

    `source` is the path of a file, or the text of a graph, which has braces or several lines; a text uses other files
    from the current directory. Keywords set dims: `compile("digits.graph", B=128)`; `dims` sets those that are called
    as an option is. `name` is what the symbols of the library begin with, `threads` is that of `load`, and the other
    options are those of `lgc compile`.
    """
    text, path = _text_of(source)
    directory = tempfile.mkdtemp(prefix="lgc-")
    library = os.path.join(directory, "library.so")
    arguments = ["compile", "--output", library] + ["--monitor"] * monitor
    name = name or ("model" if text is not None else None)
    for option, value in {"name": name, "backend": backend, "cpu": cpu, "opt-level": opt_level}.items():
        arguments += [f"--{option}={value}"] * (value is not None)
    arguments += [f"--allow-path={os.fspath(allowed)}" for allowed in allow_path]
    arguments += _definitions({**(dims or {}), **more_dims})
    try:
        run([*arguments, "--", path], text)
        module = load(library, threads=threads)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise
    # The files go with the module, which may still be saved; entries need no more than what is loaded.
    weakref.finalize(module, shutil.rmtree, directory, ignore_errors=True)
    return module


def _definitions(dims: Mapping[str, int]) -> list[str]:
    """The arguments that set dims."""
    for dim, extent in dims.items():
        if operator.index(extent) < 0:
            raise ValueError(f"the dim {dim} cannot be {extent}: an extent is a natural number")
    return [f"--define={dim}={operator.index(extent)}" for dim, extent in dims.items()]


def _text_of(source: Union[str, os.PathLike[str], Source]) -> tuple[Optional[str], str]:
    """The text of a graph, or None, and what the command line calls it."""
    if isinstance(source, os.PathLike):
        return None, os.fspath(source)
    if isinstance(source, str):
        return (source, "-") if "\n" in source or "{" in source else (None, source)
    return source.text, "-"
