//! Entries together with their reverse mode, for `lgc emit --stage adjoint` and `lgc run --adjoint`.
//!
//! The adjoint of an entry takes a cotangent for each float result and returns, after the results, the cotangent of
//! each float parameter; so it does for integers that carry cotangents. What an entry updates in place is returned
//! under a name of its own, so that its cotangent can be given too.

use crate::Failure;
use lgc_ir::autodiff::{AutodiffError, Carriers, vjp};
use lgc_ir::diag::{Code, Diagnostic};
use lgc_ir::graph::{Graph, Output};
use lgc_ir::module::{Entry, Param, Signature, Tree};

/// Names that are taken, in one list of parameters or results.
#[derive(Default)]
struct Names(Vec<String>);

impl Names {
    fn fresh(&mut self, wanted: String) -> String {
        let mut name = wanted;
        while self.0.contains(&name) {
            name.push('_');
        }
        self.0.push(name.clone());
        name
    }
}

/// An entry with its reverse mode, called `<name>_vjp`.
///
/// # Errors
/// If an op has no derivative here.
pub(crate) fn adjoint_of(entry: &Entry) -> Result<Entry, Failure> {
    adjoint(entry).map_err(|error| {
        let message = format!("`{}` has no adjoint: {error}", entry.name);
        let span = error.place().unwrap_or(entry.span);
        let diagnostic = Diagnostic::error(Code::NotDifferentiable, message).primary(span, "");
        Failure::new(match error.help() {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        })
    })
}

fn adjoint(entry: &Entry) -> Result<Entry, AutodiffError> {
    let has = Has::of(&entry.graph);
    let positions = has.inputs.iter().enumerate().filter(|(_, has)| **has);
    let wrt: Vec<usize> = positions.map(|(position, _)| position).collect();
    let graph = vjp(&entry.graph, &wrt)?;
    let signature = signature(&entry.signature, &has);
    Ok(Entry {
        name: format!("{}_vjp", entry.name),
        doc: entry.doc.clone(),
        graph: renamed(graph, &signature),
        hypotheses: None,
        signature,
        span: entry.span,
    })
}

/// Which inputs and outputs have a cotangent.
struct Has {
    inputs: Vec<bool>,
    outputs: Vec<bool>,
}

impl Has {
    fn of(graph: &Graph) -> Has {
        let carriers = Carriers::of(graph);
        let inputs = graph.inputs().iter();
        let outputs = graph.outputs().iter();
        Has {
            inputs: inputs.map(|input| carriers.has(graph, *input)).collect(),
            outputs: outputs
                .map(|output| carriers.takes(graph, output.value))
                .collect(),
        }
    }
}

fn signature(original: &Signature, has: &Has) -> Signature {
    let mut taken = Names(original.params.iter().map(|p| p.name.clone()).collect());
    taken
        .0
        .extend(original.results.iter().map(|r| r.name.clone()));
    let updated = original.params.iter().filter(|param| param.inout);
    let next = updated.map(|param| Param {
        name: format!("next_{}", param.name),
        inout: false,
        ..param.clone()
    });
    let next: Vec<Param> = next
        .map(|param| Param {
            name: taken.fresh(param.name.clone()),
            ..param
        })
        .collect();
    let mut results: Vec<Param> = original.results.iter().cloned().chain(next).collect();
    let cotangents: Vec<Param> = derivatives("ct", (&results, &has.outputs), &mut taken);
    let gradients = derivatives("d", (&original.params, &has.inputs), &mut taken);
    results.extend(gradients);
    let params = original.params.iter().map(|param| Param {
        inout: false,
        ..param.clone()
    });
    Signature {
        params: params.chain(cotangents).collect(),
        results,
    }
}

/// One parameter for each that has leaves with a cotangent: of the same type if all have one, else one for each leaf
/// that has.
fn derivatives(prefix: &str, (of, has): (&[Param], &[bool]), taken: &mut Names) -> Vec<Param> {
    let mut derivatives = Vec::new();
    let mut has = has.iter().copied();
    for param in of {
        let leaves = param.tree.leaves(&param.name);
        let mut add = |name: &str, tree: Tree| {
            derivatives.push(Param {
                name: taken.fresh(format!(
                    "{prefix}_{}",
                    name.replace(['.', '['], "_").replace(']', "")
                )),
                doc: Vec::new(),
                inout: false,
                tree,
            });
        };
        let has: Vec<bool> = has.by_ref().take(leaves.len()).collect();
        if !has.contains(&false) {
            add(&param.name, param.tree.clone());
            continue;
        }
        for ((path, ty), has) in leaves.into_iter().zip(has) {
            if has {
                add(&path, Tree::Leaf(ty));
            }
        }
    }
    derivatives
}

/// The graph with inputs and outputs named as the signature names them.
fn renamed(mut graph: Graph, signature: &Signature) -> Graph {
    let paths = |params: &[Param]| -> Vec<String> {
        let leaves = params
            .iter()
            .flat_map(|param| param.tree.leaves(&param.name));
        leaves.map(|(path, _)| path).collect()
    };
    let inputs: Vec<_> = graph.inputs().iter().map(|input| input.node).collect();
    for (node, path) in inputs.into_iter().zip(paths(&signature.params)) {
        graph.set_name(node, &path);
    }
    let values = graph.outputs().iter().map(|output| output.value);
    let outputs = paths(&signature.results).into_iter().zip(values);
    let outputs = outputs
        .map(|(name, value)| Output { name, value })
        .collect();
    graph.set_outputs(outputs);
    graph
}
