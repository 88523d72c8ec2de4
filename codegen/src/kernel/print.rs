//! The text form of programs and kernels.
//!
//! Kernels are printed in their [canonical](Kernel::canonical) numbering, and names are made legal
//! and unique, so that printing what was parsed from a printed text gives that text again. The
//! grammar stands at the head of the parser.

use super::{
    Access, Arg, Buffer, Condition, Directive, Fold, ForRange, Kernel, MemId, Memory, Op, Place,
    Program, Region, Role, Step, Stmt, Subscript, ValueId, VarId,
};
use lgc_ir::constant::Constant;
use rustc_hash::FxHashSet;
use std::fmt::{self, Write};

/// Joins the text of items by `, `.
fn list<T>(items: impl IntoIterator<Item = T>, text: impl Fn(T) -> String) -> String {
    items.into_iter().map(text).collect::<Vec<_>>().join(", ")
}

fn value(value: ValueId) -> String {
    format!("v{}", value.0)
}

fn values(ids: impl IntoIterator<Item = ValueId>) -> String {
    list(ids, value)
}

fn var(var: VarId) -> String {
    format!("i{}", var.0)
}

/// Names made legal and distinct.
pub(super) fn unique_names<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut taken: FxHashSet<String> = FxHashSet::default();
    names
        .map(|name| {
            let legal = legal_name(name);
            let mut unique = legal.clone();
            let mut number = 1;
            while !taken.insert(unique.clone()) {
                unique = format!("{legal}_{number}");
                number += 1;
            }
            unique
        })
        .collect()
}

fn legal_name(name: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '\'');
    let mut text: String = name
        .chars()
        .map(|c| if legal(c) { c } else { '_' })
        .collect();
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        text.insert(0, '_');
    }
    text
}

/// Exact text of a constant: an integer, `p/q`, `0.1f` (the stored double nearest to 0.1), with
/// `*sqrt(r)` and `*pi^(k/2)`, or `inf`, `-inf`, `nan`, `-0`.
pub(super) fn constant(constant: &Constant) -> String {
    match constant {
        Constant::Real {
            factor,
            radicand,
            half_powers_of_pi,
        } => {
            let mut text = rational(factor);
            if !radicand.is_one() {
                text += &format!("*sqrt({})", rational(radicand));
            }
            if *half_powers_of_pi != 0 {
                text += &format!("*pi^({half_powers_of_pi}/2)");
            }
            text
        }
        Constant::Infinity => "inf".into(),
        Constant::NegInfinity => "-inf".into(),
        Constant::Nan => "nan".into(),
        Constant::NegZero => "-0".into(),
    }
}

fn rational(value: &dashu::rational::RBig) -> String {
    let exact = value.to_string();
    let rounded = Constant::rational(value.clone()).to_f64();
    // Stored floats have long fractions; their shortest decimal is easier to read.
    let is_long = exact.len() > 12 && !value.is_int();
    if is_long && Constant::from_f64(rounded) == Constant::rational(value.clone()) {
        format!("{rounded:?}f")
    } else {
        exact
    }
}

/// An operation without its type.
fn operation(op: &Op) -> String {
    let name = op.name();
    match op {
        Op::Const(_, c) => format!("{name} {}", constant(c)),
        Op::Index(_, index) | Op::Ramp(_, _, index) => format!("{name} {index}"),
        Op::Slice(_, from, x) => format!("{name} {} from {from}", value(*x)),
        Op::Unary(..)
        | Op::Binary(..)
        | Op::Compare(..)
        | Op::Connect(..)
        | Op::Not(_)
        | Op::Select(..)
        | Op::Cast(..)
        | Op::Bitcast(..)
        | Op::Fma(..)
        | Op::Splat(..)
        | Op::Rows(..)
        | Op::Columns(..)
        | Op::Mma(..) => format!("{name} {}", values(op.operands())),
    }
}

struct Printer<'a> {
    out: String,
    indent: usize,
    kernel: &'a Kernel,
    memories: Vec<String>,
}

impl<'a> Printer<'a> {
    fn new(kernel: &'a Kernel, indent: usize) -> Self {
        Printer {
            out: String::new(),
            indent,
            kernel,
            memories: unique_names(kernel.memories.iter().map(|m| m.name.0.as_str())),
        }
    }

    fn line(&mut self, text: impl fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.out, "{:indent$}{text}", "", indent = self.indent * 2);
    }

    fn block(&mut self, header: impl fmt::Display, body: impl FnOnce(&mut Self)) {
        self.line(format_args!("{header} {{"));
        self.indented(body);
        self.line("}");
    }

    fn indented(&mut self, body: impl FnOnce(&mut Self)) {
        self.indent += 1;
        body(self);
        self.indent -= 1;
    }

    fn memory(&self, memory: MemId) -> &str {
        self.memories
            .get(memory.index())
            .map_or("?", String::as_str)
    }

    fn region(&mut self, region: &Region, yields: &[ValueId]) {
        for stmt in &region.stmts {
            self.stmt(stmt);
        }
        if !yields.is_empty() {
            self.line(format_args!("yield {}", values(yields.iter().copied())));
        }
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match stmt {
            Stmt::Par {
                var: point,
                extent,
                grain,
                body,
            } => self.block(
                format_args!("par {} < {extent} grain {grain}", var(*point)),
                |printer| printer.region(body, &[]),
            ),
            Stmt::Tasks {
                var: number,
                count,
                frame,
                body,
            } => {
                let memories = list(&frame.memories, |&m| self.memory(m).to_string());
                let vars = list(&frame.vars, |&v| var(v));
                let values = values(frame.values.iter().copied());
                let number = var(*number);
                self.block(
                    format_args!("tasks {number} < {count} with ({memories}; {values}; {vars})"),
                    |printer| printer.region(body, &[]),
                );
            }
            Stmt::For {
                var: point,
                range,
                carried,
                body,
            } => {
                let mut header = loop_header(*point, range);
                if !carried.is_empty() {
                    let results = values(carried.iter().map(|c| c.result));
                    let states = list(carried, |c| {
                        format!("{} = {}", value(c.state), value(c.init))
                    });
                    header = format!("({results}) = carry ({states}) {header}");
                }
                let next: Vec<ValueId> = carried.iter().map(|c| c.next).collect();
                self.block(header, |printer| printer.region(body, &next));
            }
            Stmt::Fold(fold) => self.fold(fold),
            Stmt::If { .. } => self.branch(stmt),
            Stmt::Let { memory, body } => {
                let header = self.local(*memory);
                self.block(header, |printer| printer.region(body, &[]));
            }
            Stmt::Compute { result, op } => {
                self.line(format_args!(
                    "{} = {} : {}",
                    value(*result),
                    operation(op),
                    self.type_and_line(*result),
                ));
            }
            Stmt::Load {
                result,
                access,
                otherwise,
            } => {
                let otherwise = otherwise.map_or(String::new(), |v| format!(" else {}", value(v)));
                let line = format!(
                    "{} = load {}{}{otherwise} : {}",
                    value(*result),
                    self.place(access),
                    self.conditions(access),
                    self.type_and_line(*result),
                );
                self.line(line);
            }
            Stmt::Store {
                access,
                value: stored,
            } => {
                let line = format!(
                    "store {} = {}{}",
                    self.place(access),
                    value(*stored),
                    self.conditions(access),
                );
                self.line(line);
            }
        }
    }

    fn type_and_line(&self, value: ValueId) -> String {
        let ty = self.kernel.type_of(value);
        match self.kernel.lines.of(value) {
            Some(line) => format!("{ty} {line}"),
            None => ty.to_string(),
        }
    }

    fn local(&self, memory: MemId) -> String {
        let name = self.memory(memory);
        match self.kernel.memories.get(memory.index()) {
            Some(Memory {
                ty,
                place: Place::Local(space),
                ..
            }) => format!("let {name}: {ty} @{}", space.name()),
            Some(Memory { ty, .. }) => format!("let {name}: {ty} @?"),
            None => format!("let {name}: ?"),
        }
    }

    fn place(&self, access: &Access) -> String {
        let subscripts = list(&access.at, |subscript| match subscript {
            Subscript::At(index) => index.to_string(),
            Subscript::Span(index) => format!("{index}:"),
            Subscript::Value(v) => value(*v),
        });
        format!("{}[{subscripts}]", self.memory(access.memory))
    }

    /// What stands behind the place and the value of an access.
    fn conditions(&self, access: &Access) -> String {
        let mut text = String::new();
        if !access.guard.is_always() {
            text += &format!(" if {}", access.guard);
        }
        if let Some(mask) = access.mask {
            text += &format!(" where {}", value(mask));
        }
        if access.clip {
            text += " clip";
        }
        if let Some(fault) = &access.fault {
            text += &format!(" guard {} at {}", self.memory(fault.status), fault.position);
        }
        text
    }

    fn directive(&self, directive: &Directive) -> String {
        let Directive::Vec(at, lanes) = directive;
        format!("vec {} {lanes}", var(*at))
    }

    fn fold(&mut self, fold: &Fold) {
        let states = &fold.states;
        let component = |pick: fn(&super::FoldState) -> ValueId| -> Vec<ValueId> {
            states.iter().map(pick).collect()
        };
        let header = format!(
            "({}) = fold {} < {} lanes {} chunk {} ({})",
            values(component(|s| s.result)),
            var(fold.var),
            fold.extent,
            fold.lanes,
            fold.chunk,
            list(states, |s| format!(
                "{} = {}",
                value(s.state),
                value(s.init)
            )),
        );
        self.line(format_args!("{header} {{"));
        self.indented(|printer| printer.region(&fold.body, &component(|s| s.next)));
        let (left, right) = (component(|s| s.left), component(|s| s.right));
        self.block(
            format_args!("}} merge ({}) ({})", values(left), values(right)),
            |printer| printer.region(&fold.merge, &component(|s| s.merged)),
        );
    }

    fn branch(&mut self, stmt: &Stmt) {
        let Stmt::If {
            condition,
            then,
            otherwise,
            joins,
        } = stmt
        else {
            return;
        };
        let condition = match condition {
            Condition::Guard(guard) => guard.to_string(),
            Condition::Mask(mask) => value(*mask),
        };
        let results = match joins.is_empty() {
            true => String::new(),
            false => format!("({}) = ", values(joins.iter().map(|j| j.result))),
        };
        let yields = |pick: fn(&super::Join) -> ValueId| -> Vec<ValueId> {
            joins.iter().map(pick).collect()
        };
        self.line(format_args!("{results}if {condition} {{"));
        self.indented(|printer| printer.region(then, &yields(|j| j.then)));
        if !otherwise.stmts.is_empty() || !joins.is_empty() {
            self.line("} else {");
            self.indented(|printer| printer.region(otherwise, &yields(|j| j.otherwise)));
        }
        self.line("}");
    }
}

fn loop_header(point: VarId, range: &ForRange) -> String {
    let mut header = format!("for {} in {}..{}", var(point), range.low, range.high);
    if range.step != 1 {
        header += &format!(" step {}", range.step);
    }
    if let Some(below) = range.below {
        header += &format!(" below {below}");
    }
    if let Some(until) = range.until {
        header += &format!(" until {}", value(until));
    }
    header
}

/// The text of a kernel under the given name.
fn kernel_text(kernel: &Kernel, name: &str, indent: usize) -> String {
    let kernel = kernel.canonical();
    let mut printer = Printer::new(&kernel, indent);
    let params = list(kernel.params(), |(id, memory, mode)| {
        format!("{}: {} {}", printer.memory(id), memory.ty, mode.name())
    });
    printer.block(format_args!("kernel {name}({params})"), |printer| {
        if let Some(lane) = kernel.lane {
            printer.line(format_args!("lane {}", var(lane)));
        }
        for directive in &kernel.schedule {
            let text = printer.directive(directive);
            printer.line(format_args!("schedule {text}"));
        }
        printer.region(&kernel.body, &[]);
    });
    printer.out
}

impl fmt::Display for Kernel {
    /// The text form of the canonical kernel.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&kernel_text(self, &legal_name(&self.name.0), 0))
    }
}

/// Prints the steps of a program.
struct StepPrinter {
    buffers: Vec<String>,
    kernels: Vec<String>,
}

impl StepPrinter {
    fn arg(&self, arg: &Arg) -> String {
        let name = self
            .buffers
            .get(arg.buffer.index())
            .map_or("?", String::as_str);
        match arg.at.is_empty() {
            true => name.to_string(),
            false => format!("{name}[{}]", list(&arg.at, ToString::to_string)),
        }
    }

    fn steps(&self, f: &mut fmt::Formatter<'_>, steps: &[Step], indent: usize) -> fmt::Result {
        steps.iter().try_for_each(|step| self.step(f, step, indent))
    }

    fn step(&self, f: &mut fmt::Formatter<'_>, step: &Step, indent: usize) -> fmt::Result {
        let pad = "  ".repeat(indent);
        match step {
            Step::Launch { kernel, args } => {
                let name = self.kernels.get(kernel.index()).map_or("?", String::as_str);
                writeln!(f, "{pad}launch {name}({})", list(args, |arg| self.arg(arg)))
            }
            Step::Loop {
                var: point,
                count,
                body,
            } => {
                writeln!(f, "{pad}loop {} < {count} {{", var(*point))?;
                self.steps(f, body, indent + 1)?;
                writeln!(f, "{pad}}}")
            }
            Step::If {
                condition,
                then,
                otherwise,
            } => {
                writeln!(f, "{pad}if {} {{", self.arg(condition))?;
                self.steps(f, then, indent + 1)?;
                if !otherwise.is_empty() {
                    writeln!(f, "{pad}}} else {{")?;
                    self.steps(f, otherwise, indent + 1)?;
                }
                writeln!(f, "{pad}}}")
            }
            Step::Check { status, code } => {
                writeln!(f, "{pad}check {} code {code}", self.arg(status))
            }
            Step::Copy { from, to } => {
                writeln!(f, "{pad}copy {} -> {}", self.arg(from), self.arg(to))
            }
        }
    }
}

fn role(buffer: &Buffer) -> String {
    match &buffer.role {
        Role::Input(number) => format!("input {number}"),
        Role::Output(number) => format!("output {number}"),
        Role::Inout(number) => format!("inout {number}"),
        Role::Workspace(offset) => format!("workspace {offset}"),
        Role::Constant(bytes) => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("constant 0x{digits}")
        }
    }
}

impl fmt::Display for Program {
    /// The text form of the program, kernels in canonical numbering.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |names: &mut dyn Iterator<Item = &super::Name>| {
            unique_names(names.map(|name| name.0.as_str()))
        };
        let printer = StepPrinter {
            buffers: names(&mut self.buffers.iter().map(|buffer| &buffer.name)),
            kernels: names(&mut self.kernels.iter().map(|kernel| &kernel.name)),
        };
        writeln!(f, "program {} {{", legal_name(&self.name.0))?;
        writeln!(f, "  workspace {}", self.workspace)?;
        for (buffer, name) in self.buffers.iter().zip(&printer.buffers) {
            writeln!(f, "  buffer {name}: {} {}", buffer.ty, role(buffer))?;
        }
        for (kernel, name) in self.kernels.iter().zip(&printer.kernels) {
            write!(f, "\n{}", kernel_text(kernel, name, 1))?;
        }
        if !self.steps.is_empty() {
            writeln!(f)?;
        }
        printer.steps(f, &self.steps, 1)?;
        writeln!(f, "}}")
    }
}
