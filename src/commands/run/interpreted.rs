//! `lgc run --scalar`: an entry over exact numbers, enclosures or double precision.
//!
//! The reference interpreter says what the graph means over each of them. Constants of the graph are what their
//! dtypes hold, as in its code; what ops stand for, and the derivative that `--adjoint` asks for, bring in exact
//! ones. All else is exact, halves included, but over f64, which rounds each op, and halves to halves.

use super::loss::{self, Loss};
use super::numbers::{Numbers, lost, named, near, saved, taken, text};
use super::{chosen, inputs};
use crate::args::{Run, ScalarName};
use crate::driver::Session;
use crate::stage::Stage;
use crate::tensors::spread;
use crate::{Failure, output};
use lgc_abi::{Direction, EntryInfo, Leaf};
use lgc_codegen::output::{Access, write_whole};
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::graph::Graph;
use lgc_ir::interpret::{InterpretError, Interpretation, Tensor, interpret};
use lgc_ir::laws::Precise;
use lgc_ir::module::Entry;
use lgc_ir::rewrite::decompose_deeply;
use lgc_ir::scalar::{Exact, Rational, Residue};
use lgc_runtime::npz;
use std::path::Path;

/// So many elements are shown of a tensor that is not shown whole.
const FEW: usize = 8;

/// Interprets an entry of a graph, and prints what it writes, or saves it.
pub(super) fn run(
    arguments: &Run,
    scalar: ScalarName,
    session: &mut Session,
) -> Result<(), Failure> {
    if let (Some(path), true) = (&arguments.output, scalar != ScalarName::F64) {
        return Err(unsaved(path));
    }
    let (_, module) = session.load(&arguments.file, &arguments.dims.defines)?;
    let module = chosen(
        module,
        (arguments.entry.as_deref(), arguments.adjoint),
        true,
    )?;
    let [entry] = module.entries.as_slice() else {
        return Err(Failure::internal("an entry was lost"));
    };
    match scalar {
        ScalarName::Rational => print_over::<Rational<Exact>>(entry, arguments, session),
        ScalarName::Prime => print_over::<Rational<Residue>>(entry, arguments, session),
        ScalarName::Interval => print_over::<Precise>(entry, arguments, session),
        ScalarName::F64 => match &arguments.output {
            None => print_over::<f64>(entry, arguments, session),
            Some(path) => save(entry, path, arguments, session),
        },
    }
}

fn unsaved(path: &Path) -> Failure {
    let message = format!(
        "`{}` cannot hold these numbers: arrays are of floats, integers and truth values",
        path.display()
    );
    let help = "leave out `-o` to print them, or save those of `--scalar f64`";
    Failure::new(Diagnostic::error(Code::BadUsage, message).help(help))
}

/// What an entry computed.
struct Values<S: Numbers> {
    leaves: Vec<Leaf>,
    inputs: Vec<Tensor<S>>,
    values: Interpretation<S>,
}

impl<S: Numbers> Values<S> {
    fn of(entry: &Entry, arguments: &Run, session: &mut Session) -> Result<Self, Failure> {
        let described = lgc_abi::Entry::of_module(entry, footprint::<S>(&entry.graph));
        let info = EntryInfo::new("", &described.map_err(Failure::internal)?);
        let tensors = inputs(arguments, &info.leaves, info.workspace_bytes, session)?;
        let given = info.leaves.iter().zip(&tensors);
        let given = given.filter(|(leaf, _)| leaf.direction.is_read());
        let wanted = entry.graph.inputs().iter();
        let inputs = given.zip(wanted);
        let inputs: Vec<Tensor<S>> = inputs
            .map(|((_, tensor), input)| taken(tensor, entry.graph.ty(*input)))
            .collect();
        let run = || interpret(&entry.graph, &(), &inputs);
        let values = session.time(Stage::Run, run);
        let values = values.map_err(|error| refused(entry, &error))?;
        let values = Self {
            leaves: info.leaves,
            inputs,
            values,
        };
        match values.lost(entry)? {
            Some(found) if S::ANYTHING => session.report(Failure::new(found)),
            Some(found) => return Err(Failure::new(found)),
            None => {}
        }
        Ok(values)
    }

    /// What is written, in the order of the leaves, with the position among the outputs of the graph.
    fn written(&self) -> Vec<(&Leaf, usize, &Tensor<S>)> {
        let outputs = self.values.outputs();
        let is = |direction| move |leaf: &&Leaf| leaf.direction == direction;
        let count = self.leaves.iter().filter(is(Direction::Out)).count();
        let (mut results, mut updated) = (0..count, count..outputs.len());
        let written = self.leaves.iter().filter_map(|leaf| {
            let position = match leaf.direction {
                Direction::In => None,
                Direction::InOut => updated.next(),
                Direction::Out => results.next(),
            }?;
            Some((leaf, position, *outputs.get(position)?))
        });
        written.collect()
    }

    /// Says at which op the first value is lost, if any is.
    fn lost(&self, entry: &Entry) -> Result<Option<Diagnostic>, Failure> {
        for (leaf, output, tensor) in self.written() {
            let Some(element) = loss::first_lost(tensor, None) else {
                continue;
            };
            let found = loss::find(&entry.graph, &self.inputs, (output, element));
            let found = found.map_err(|error| refused(entry, &error))?;
            let why = lost(tensor, element).map_or("", |why| why.0);
            let element = named(&leaf.path, &tensor.ty, element);
            return Ok(Some(complaint::<S>(&element, why, found)));
        }
        Ok(None)
    }
}

/// What is wrong where an element is lost.
fn complaint<S: Numbers>(element: &str, why: &str, loss: Option<Loss>) -> Diagnostic {
    let Some(loss) = loss else {
        let message = format!("{element} has no value {}: {why}", S::WHERE);
        return Diagnostic::error(Code::NotInScalar, message).help(S::HELP);
    };
    let (what, why) = (&loss.what, loss.why.0);
    let diagnostic = match S::ANYTHING {
        true => {
            let message = format!("nothing is known of {what} here: {why}");
            Diagnostic::warning(Code::NotInScalar, message)
        }
        false => {
            let message = format!("{what} has no value {} here: {why}", S::WHERE);
            Diagnostic::error(Code::NotInScalar, message)
        }
    };
    let diagnostic = diagnostic.primary(loss.span, format!("{element} depends on it"));
    let diagnostic = match loss.operands.as_slice() {
        [] => diagnostic,
        [operand] => diagnostic.note(format!("its operand is {operand}")),
        [others @ .., last] => {
            let others = others.join(", ");
            diagnostic.note(format!("its operands are {others} and {last}"))
        }
    };
    diagnostic.help(S::HELP)
}

/// Why a graph has no value.
fn refused(entry: &Entry, error: &InterpretError) -> Failure {
    match error {
        InterpretError::IndexOutOfRange { span, .. } => {
            let message = format!("entry `{}`: an index is out of range: {error}", entry.name);
            Failure::new(Diagnostic::error(Code::CallFailure, message).primary(*span, ""))
        }
        InterpretError::Input { .. } | InterpretError::Type(_) | InterpretError::Unverified(_) => {
            Failure::internal(error)
        }
    }
}

fn print_over<S: Numbers>(
    entry: &Entry,
    arguments: &Run,
    session: &mut Session,
) -> Result<(), Failure> {
    let values = Values::<S>::of(entry, arguments, session)?;
    let lines = values.written().into_iter();
    let lines = lines.map(|(leaf, _, tensor)| line(leaf, tensor, arguments.elements));
    output::print(&(S::heading() + &lines.collect::<String>()))
}

/// One line on a tensor: its path, its type, and its elements if there are at most so many, else the first ones.
fn line<S: Numbers>(leaf: &Leaf, tensor: &Tensor<S>, most: u64) -> String {
    let count = tensor.ty.elements();
    let is_whole = count <= most;
    let shown = if is_whole {
        count as usize
    } else {
        FEW.min(most as usize)
    };
    let texts = (0..shown).map(|element| text(tensor, element));
    let texts = texts.collect::<Vec<String>>().join(", ");
    let rest = match is_whole {
        true => String::new(),
        false => match near(tensor) {
            Some(near) => format!(" … ({})", spread(near.into_iter())),
            None => format!(" … ({count} elements)"),
        },
    };
    format!("{}: {} = {texts}{rest}\n", leaf.path, leaf.tensor)
}

fn save(entry: &Entry, path: &Path, arguments: &Run, session: &mut Session) -> Result<(), Failure> {
    let values = Values::<f64>::of(entry, arguments, session)?;
    let tensors = values.written().into_iter();
    let tensors = tensors.map(|(leaf, _, tensor)| Ok((leaf.path.as_str(), saved(tensor)?)));
    let tensors: Result<Vec<_>, lgc_runtime::TensorError> = tensors.collect();
    let tensors = tensors.map_err(Failure::internal)?;
    let archive = npz::encode(tensors.iter().map(|(path, tensor)| (*path, tensor)));
    let archive = archive.map_err(Failure::internal)?;
    session.time(Stage::Write, || {
        Ok(write_whole(path, &archive, Access::Read)?)
    })
}

/// The bytes of the values that the interpreter holds at once, without what lies outside of them.
fn footprint<S: Numbers>(graph: &Graph) -> u64 {
    let flat = decompose_deeply(graph).map(|(flat, _)| flat);
    let elements = most_elements(flat.as_ref().unwrap_or(graph));
    elements.saturating_mul(size_of::<S>() as u64)
}

/// The most elements that are alive at once, in bodies as well.
fn most_elements(graph: &Graph) -> u64 {
    let elements = |node| {
        let results = graph.results(node).into_iter();
        results.fold(0, |sum: u64, value| {
            sum.saturating_add(graph.ty(value).elements())
        })
    };
    let mut uses = graph.use_counts();
    let (mut alive, mut most) = (0u64, 0);
    for node in graph.nodes() {
        let within = loss::bodies(graph.op(node)).map(most_elements).max();
        alive = alive.saturating_add(elements(node));
        most = most.max(alive.saturating_add(within.unwrap_or(0)));
        for operand in graph.operands(node) {
            let left = &mut uses[operand.node.index()];
            *left = left.saturating_sub(1);
            if *left == 0 {
                alive = alive.saturating_sub(elements(operand.node));
            }
        }
    }
    most
}
