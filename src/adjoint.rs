//! Entries together with their reverse mode, for `lgc emit --stage adjoint` and `lgc run --adjoint`.
//!
//! The adjoint of an entry takes a cotangent for each float result and returns, after the results,
//! the cotangent of each float parameter. What an entry updates in place is returned under a name of
//! its own, so that its cotangent can be given too.

use crate::Failure;
use lgc_ir::autodiff::{AutodiffError, vjp};
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
        Failure::new(Diagnostic::error(Code::NotDifferentiable, message).primary(entry.span, ""))
    })
}

fn adjoint(entry: &Entry) -> Result<Entry, AutodiffError> {
    let wrt: Vec<usize> = positions(&entry.signature.params);
    let graph = vjp(&entry.graph, &wrt)?;
    let signature = signature(&entry.signature);
    Ok(Entry {
        name: format!("{}_vjp", entry.name),
        doc: entry.doc.clone(),
        graph: renamed(graph, &signature),
        hypotheses: None,
        signature,
        span: entry.span,
    })
}

/// The positions of the float leaves.
fn positions(params: &[Param]) -> Vec<usize> {
    let leaves = params.iter().flat_map(|param| param.tree.leaves(""));
    leaves
        .enumerate()
        .filter(|(_, (_, ty))| ty.dtype.is_float())
        .map(|(position, _)| position)
        .collect()
}

fn signature(original: &Signature) -> Signature {
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
    let cotangents: Vec<Param> = derivatives("ct", &results, &mut taken);
    let gradients = derivatives("d", &original.params, &mut taken);
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

/// One parameter for each that has float leaves: of the same type if all are, else one for each
/// leaf that is.
fn derivatives(prefix: &str, of: &[Param], taken: &mut Names) -> Vec<Param> {
    let mut derivatives = Vec::new();
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
        if leaves.iter().all(|(_, ty)| ty.dtype.is_float()) {
            add(&param.name, param.tree.clone());
            continue;
        }
        for (path, ty) in leaves {
            if ty.dtype.is_float() {
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
