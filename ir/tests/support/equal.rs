//! Entries that must be equal, value by value, over exact numbers: rationals, or residues modulo a prime
//! where rationals would grow too long.
//!
//! Functions that are not rational (eˣ, √x, erf) are symbols there: one value for each argument, nearly
//! free of relations. So what is equal is equal because of the rules of derivatives and of algebra,
//! whatever these functions are.

use crate::support::{module, round_trip};
use dashu::rational::RBig;
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::generate::sample_inputs;
use lgc_ir::graph::Graph;
use lgc_ir::interpret::{Data, Tensor, interpret};
use lgc_ir::laws::{Agreement, Number, Points};
use lgc_ir::module::Module;
use lgc_ir::rewrite::{contract_sums, decompose_deeply, distribute_loops, passes};
use lgc_ir::verify::verify;

/// Different fractions for the inputs of a graph: small ones, so that products stay short, or with 60
/// random bits where residues are to be random.
fn sample<N: Number>(graph: &Graph) -> Vec<Tensor<N>> {
    sample_inputs(graph, |_, x| {
        let short = RBig::from((x * 4.0).round() as i64 * 2 + 1) / RBig::from(8);
        let bits = x.to_bits().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 4;
        let fine = RBig::from(bits) / RBig::from(1u128 << 90);
        let value = match N::POINTS {
            Points::Fine => short + fine,
            Points::Short | Points::OffIntegers | Points::Small => short,
        };
        N::constant(&(), DType::F64, &Constant::rational(value))
    })
}

/// What a graph yields.
fn results<N: Number>(graph: &Graph, inputs: &[Tensor<N>]) -> Vec<Tensor<N>> {
    let run = interpret(graph, &(), inputs).unwrap();
    run.outputs().into_iter().cloned().collect()
}

/// Checks that the entries of a text are equal, also after the passes and those of lowering.
#[track_caller]
pub(crate) fn assert_equal_entries<N: Number>(text: &str) -> Module {
    assert_equal_entries_at::<N>(text, &sample)
}

/// The same at given inputs.
#[track_caller]
pub(crate) fn assert_equal_entries_at<N: Number>(
    text: &str,
    inputs: &dyn Fn(&Graph) -> Vec<Tensor<N>>,
) -> Module {
    let module = module(text);
    round_trip(&module);
    let what = first_difference::<N>(&module, inputs);
    assert_eq!(what, None);
    module
}

/// Checks that the entries of a text are not all equal.
#[allow(dead_code, reason = "only some files state what must differ")]
#[track_caller]
pub(crate) fn assert_different_entries<N: Number>(text: &str) {
    let what = first_difference::<N>(&module(text), &sample);
    let differs = what.as_ref().is_some_and(|what| what.contains(" ≠ "));
    assert!(differs, "{what:?}");
}

/// What distinguishes an entry, or what the passes make of it, from the first one.
fn first_difference<N: Number>(
    module: &Module,
    inputs: &dyn Fn(&Graph) -> Vec<Tensor<N>>,
) -> Option<String> {
    let graphs = module.entries.iter().flat_map(|entry| {
        verify(&entry.graph).unwrap();
        let simpler = simplified(&entry.graph);
        verify(&simpler).unwrap();
        let lowered = lowered(&simpler);
        verify(&lowered).unwrap();
        let graphs = [entry.graph.clone(), simpler, lowered];
        graphs.map(|graph| (&entry.name, graph))
    });
    let mut graphs = graphs.map(|(name, graph)| (name, results(&graph, &inputs(&graph))));
    let (_, first) = graphs.next()?;
    graphs.find_map(|(name, other)| {
        difference(&first, &other).map(|what| format!("`{name}`: {what}"))
    })
}

/// The graph after two rounds of all passes that do not round.
fn simplified(graph: &Graph) -> Graph {
    let all = || passes().filter(|(name, _)| *name != "fold-constants");
    let both = all().chain(all());
    both.fold(graph.clone(), |graph, (_, pass)| pass(&graph).unwrap().0)
}

/// The graph after the passes of lowering that reorder sums.
fn lowered(graph: &Graph) -> Graph {
    let (graph, _) = decompose_deeply(graph).unwrap();
    let (graph, _) = contract_sums(&graph).unwrap();
    distribute_loops(&graph).unwrap().0
}

/// What distinguishes two lists of results, if anything does. What is not known is equal to nothing, and
/// zeros alone show nothing.
fn difference<N: Number>(x: &[Tensor<N>], y: &[Tensor<N>]) -> Option<String> {
    if x.len() != y.len() {
        return Some(format!("{} results, not {}", y.len(), x.len()));
    }
    let (mut zeros, mut nonzero) = (false, false);
    for (position, (x, y)) in x.iter().zip(y).enumerate() {
        let different = match (&x.data, &y.data) {
            (Data::Number(x), Data::Number(y)) if x.len() == y.len() => {
                zeros |= x.iter().any(N::vanishes);
                nonzero |= x.iter().any(|x| !x.vanishes());
                let pair = x.iter().zip(y).find(|(x, y)| !agree(*x, *y));
                pair.map(|(x, y)| format!("{x} ≠ {y}"))
            }
            (Data::Int(x), Data::Int(y)) => (x != y).then(|| format!("{x:?} ≠ {y:?}")),
            (_, _) => Some(format!("{x:?} ≠ {y:?}")),
        };
        if let Some(different) = different {
            return Some(format!("result {position}: {different}"));
        }
    }
    (zeros && !nonzero).then(|| "every result is zero".to_string())
}

fn agree<N: Number>(x: &N, y: &N) -> bool {
    matches!(x.agreement(y), Agreement::Equal | Agreement::Congruent)
}
