//! Every way of running a graph, against the others, on random graphs and their gradients.
//!
//! The reference is the graph interpreter over intervals, which encloses whatever rounding may yield.
//! The kernel program, run by its interpreter in double precision, and the code compiled from it, in
//! the precision of each dtype, must lie inside; integers and truth values must be equal wherever the
//! enclosures decide them.
#![expect(
    clippy::unwrap_used,
    reason = "the helpers of a test fail it by panicking"
)]

use lgc_codegen::backend::cranelift::{CompiledEntry, Jit, RunTasks};
use lgc_codegen::kernel::{
    Arguments, Cells, Directive, Interpreter, Program, Region, Stmt, verify,
};
use lgc_codegen::legalize::Legal;
use lgc_codegen::lower::{Signature, lower};
use lgc_codegen::target::Target;
use lgc_ir::autodiff::gradient;
use lgc_ir::dtype::DType;
use lgc_ir::generate::{CHOICES_PER_STEP, Generator, sample_inputs};
use lgc_ir::graph::Graph;
use lgc_ir::interpret::{Data, Interpretation, Tensor, interpret};
use lgc_ir::rewrite::optimize;
use lgc_ir::scalar::{Interval, Logic};
use proptest::prelude::*;
use std::cell::Cell;

/// How many elements were compared, and how many of them the enclosures said something about.
#[derive(Default)]
struct Tally {
    compared: usize,
    decided: usize,
}

fn compile(graph: &Graph) -> Program {
    let (optimized, _, _) = optimize(graph, true).unwrap();
    let lowering = lower(&optimized, &Signature::pure("f"), &Target::default()).unwrap();
    let errors = verify(&lowering.program);
    assert!(errors.is_ok(), "{errors:?}\n{}", lowering.program);
    lowering.program
}

/// Checks one tensor, as numbers, against its enclosure.
fn check(
    name: &str,
    enclosure: &Tensor<Interval>,
    value: &Tensor<f64>,
    tally: &mut Tally,
) -> Result<(), TestCaseError> {
    match (&enclosure.data, &value.data) {
        (Data::Number(enclosures), Data::Number(values)) => {
            prop_assert_eq!(enclosures.len(), values.len());
            for (e, v) in enclosures.iter().zip(values) {
                tally.compared += 1;
                tally.decided += usize::from(e.width().is_finite());
                prop_assert!(e.contains(*v), "{}: {} is outside {:?}", name, v, e);
            }
        }
        (Data::Int(enclosures), Data::Int(values)) => {
            prop_assert_eq!(enclosures.len(), values.len());
            for (e, v) in enclosures.iter().zip(values) {
                tally.compared += 1;
                tally.decided += usize::from(e.value.is_ok());
                prop_assert!(
                    e.value.is_err() || e.value == v.value,
                    "{}: {:?} {:?}",
                    name,
                    v,
                    e
                );
            }
        }
        (Data::Mask(enclosures), Data::Mask(values)) => {
            prop_assert_eq!(enclosures.len(), values.len());
            for (e, v) in enclosures.iter().zip(values) {
                tally.compared += 1;
                let decided = e.decide();
                tally.decided += usize::from(decided.is_ok());
                prop_assert!(
                    decided.is_err() || decided == Ok(*v),
                    "{}: {} {:?}",
                    name,
                    v,
                    e
                );
            }
        }
        (_, _) => prop_assert!(false, "{}: the dtypes differ", name),
    }
    Ok(())
}

fn compare(
    way: &str,
    graph: &Graph,
    enclosures: &Interpretation<Interval>,
    values: &[Tensor<f64>],
    tally: &mut Tally,
) -> Result<(), TestCaseError> {
    prop_assert_eq!(values.len(), graph.outputs().len());
    for ((output, enclosure), value) in graph.outputs().iter().zip(enclosures.outputs()).zip(values)
    {
        check(&format!("{way}: {}", output.name), enclosure, value, tally)?;
    }
    Ok(())
}

fn run_program(program: &Program, graph: &Graph) -> Vec<Tensor<f64>> {
    let inputs = sample_inputs(graph, |_, x| x);
    let mut arguments = Arguments {
        inputs: inputs.into_iter().map(Cells::from).collect(),
        ..Arguments::default()
    };
    let interpreter = Interpreter::with_order(graph.len() as u64);
    let status = interpreter.run(&(), program, &mut arguments);
    assert_eq!(status.unwrap(), 0);
    let types = graph
        .outputs()
        .iter()
        .map(|output| graph.ty(output.value).clone());
    let tensors = arguments.outputs.into_iter().zip(types);
    tensors
        .map(|(cells, ty)| cells.into_tensor(ty).unwrap())
        .collect()
}

fn to_bytes(tensor: &Tensor<f64>) -> Vec<u8> {
    let single = tensor.ty.dtype == DType::F32;
    match &tensor.data {
        Data::Number(v) if let Some(half) = tensor.ty.dtype.half() => {
            let bits = v.iter().map(|x| half.encode(*x));
            bits.flat_map(u16::to_le_bytes).collect()
        }
        Data::Number(v) if single => v.iter().flat_map(|x| (*x as f32).to_le_bytes()).collect(),
        Data::Number(v) => v.iter().flat_map(|x| x.to_le_bytes()).collect(),
        Data::Int(v) => {
            let size = tensor.ty.dtype.size() as usize;
            v.iter()
                .flat_map(|x| x.value.unwrap().to_le_bytes()[..size].to_vec())
                .collect()
        }
        Data::Mask(v) => v.iter().map(|m| u8::from(*m)).collect(),
    }
}

/// The program with every parallel loop cut into as many tasks as it can be.
fn in_small_tasks(program: &Program) -> Program {
    fn shrink(region: &mut Region) {
        for stmt in &mut region.stmts {
            if let Stmt::Par { grain, .. } = stmt {
                *grain = 1;
            }
            stmt.regions_mut().for_each(shrink);
        }
    }
    let mut program = program.clone();
    for kernel in &mut program.kernels {
        shrink(&mut kernel.body);
        for directive in &mut kernel.schedule {
            let Directive::Vec(_, width) = directive;
            *width = 2;
        }
    }
    program
}

/// Runs tasks in turn, the last one first.
fn backwards(count: u64, task: &(dyn Fn(u64) + Sync)) {
    (0..count).rev().for_each(task);
}

/// Runs tasks on three threads at once.
fn on_threads(count: u64, task: &(dyn Fn(u64) + Sync)) {
    std::thread::scope(|scope| {
        for first in 0..3 {
            scope.spawn(move || (first..count).step_by(3).for_each(task));
        }
    });
}

/// The bytes of all outputs, however tasks are run; how many tasks there were.
fn outputs_of(
    entry: &CompiledEntry,
    graph: &Graph,
    run_tasks: RunTasks<'_>,
) -> (Vec<Vec<u8>>, u64) {
    let count = Cell::new(0);
    let inputs = sample_inputs(graph, |_, x| x);
    let inputs: Vec<Vec<u8>> = inputs.iter().map(to_bytes).collect();
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let types = graph.outputs().iter().map(|output| graph.ty(output.value));
    let mut outputs: Vec<Vec<u8>> = types.map(|ty| vec![0; ty.bytes() as usize]).collect();
    let mut slices: Vec<&mut [u8]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    let run_tasks = |tasks: u64, task: &(dyn Fn(u64) + Sync)| {
        count.set(count.get() + tasks);
        run_tasks(tasks, task);
    };
    let status = entry.call_on(&run_tasks, &inputs, &mut [], &mut slices);
    assert_eq!(status, Ok(0));
    (outputs, count.get())
}

/// Whoever runs tasks, in which order, and how many there are: the bits are the same. Their number.
fn tasks_commute(graph: &Graph) -> u64 {
    let in_turn = |count: u64, task: &(dyn Fn(u64) + Sync)| (0..count).for_each(task);
    let program = compile(graph);
    let (expected, _) = outputs_of(
        &Jit::compile(&Legal::new(&program, &Target::default())).unwrap(),
        graph,
        &in_turn,
    );
    let entry = Jit::compile(&Legal::new(&in_small_tasks(&program), &Target::default())).unwrap();
    let (outputs, count) = outputs_of(&entry, graph, &in_turn);
    assert_eq!(outputs, expected);
    assert_eq!(
        outputs_of(&entry, graph, &backwards),
        (expected.clone(), count)
    );
    assert_eq!(outputs_of(&entry, graph, &on_threads), (expected, count));
    count
}

fn run_compiled(program: &Program, graph: &Graph) -> Vec<Tensor<f64>> {
    let entry = Jit::compile(&Legal::new(program, &Target::default())).unwrap();
    let inputs: Vec<Vec<u8>> = sample_inputs(graph, |_, x| x)
        .iter()
        .map(to_bytes)
        .collect();
    let types: Vec<_> = graph
        .outputs()
        .iter()
        .map(|output| graph.ty(output.value).clone())
        .collect();
    let mut outputs: Vec<Vec<u8>> = types
        .iter()
        .map(|ty| vec![0; ty.bytes() as usize])
        .collect();
    let input_slices: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let mut output_slices: Vec<&mut [u8]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    assert_eq!(
        entry
            .call(&input_slices, &mut [], &mut output_slices)
            .unwrap(),
        0
    );
    let tensor = |(bytes, ty): (&Vec<u8>, lgc_ir::shape::Type)| {
        Cells::<f64>::from_bytes(&(), ty.dtype, bytes)
            .into_tensor(ty)
            .unwrap()
    };
    outputs.iter().zip(types).map(tensor).collect()
}

fn all_ways_agree(graph: &Graph, tally: &mut Tally) -> Result<(), TestCaseError> {
    let enclosures = interpret(graph, &(), &sample_inputs(graph, Interval::point)).unwrap();
    let program = compile(graph);
    compare(
        "kernels",
        graph,
        &enclosures,
        &run_program(&program, graph),
        tally,
    )?;
    compare(
        "compiled",
        graph,
        &enclosures,
        &run_compiled(&program, graph),
        tally,
    )
}

fn with_gradient(graph: &Graph) -> Graph {
    gradient(graph, graph.outputs().len() - 1, &[0, 1, 2]).unwrap()
}

#[test]
fn each_example_of_each_op_and_its_gradient_agree() {
    let generator = Generator::new();
    let mut tally = Tally::default();
    for template in 0..generator.len() as u16 {
        // Every output of the graph is an output of its gradient too.
        let graph = generator.graph(&[template, 0, 1, 2, 3, 0]).unwrap();
        all_ways_agree(&with_gradient(&graph), &mut tally).unwrap();
    }
    let share = tally.decided as f64 / tally.compared as f64;
    assert!(
        share > 0.95,
        "only {share:.3} of the elements were compared with a finite enclosure"
    );
}

#[test]
fn tasks_of_each_example_of_each_op_commute() {
    let generator = Generator::new();
    let mut parallel = 0;
    for template in 0..generator.len() as u16 {
        let graph = generator.graph(&[template, 0, 1, 2, 3, 0]).unwrap();
        parallel += usize::from(tasks_commute(&with_gradient(&graph)) > 0);
    }
    assert!(
        parallel * 2 > generator.len(),
        "only {parallel} graphs have tasks"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn random_graphs_and_their_gradients_agree(
        choices in proptest::collection::vec(any::<u16>(), CHOICES_PER_STEP..14 * CHOICES_PER_STEP)
    ) {
        let graph = Generator::new().graph(&choices).unwrap();
        let mut tally = Tally::default();
        all_ways_agree(&graph, &mut tally)?;
        all_ways_agree(&with_gradient(&graph), &mut tally)?;
        tasks_commute(&with_gradient(&graph));
    }
}
