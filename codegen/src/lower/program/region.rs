//! Loops and branches.
//!
//! The body of a loop, and each branch, is lowered to a program of its own, whose buffers then become
//! buffers of the program around it, and whose steps become the steps inside a loop or a choice:
//!
//! * carried values are updated in place, as next values of an entry are, in the buffers of the results;
//! * a slice is the part of a stacked buffer at the turn's place; closed values are whole buffers;
//! * the workspace of the inner program is a block of the outer one's, which every turn uses again.
//!
//! Nothing is unrolled or allocated, and kernels are launched as elsewhere.

use crate::kernel::{Arg, BufferId, KernelId, Program, Role, Step, VarId};
use crate::lower::analysis::model::Kind;
use crate::lower::program::assemble::{Assembly, Block, UNPLACED};
use crate::lower::{LowerError, Lowering, Signature, lower_with_lines};
use lgc_ir::graph::{Fate, Graph, NodeId, Remap, Value};
use lgc_ir::index::Index;
use lgc_ir::op::{Barrier, Cond, Op, Region, Scan, ScanRole, TypeError};

/// The graph with a barrier for each result of a loop or branch, which all readers read.
pub(in crate::lower) fn parts(graph: &Graph) -> Result<(Graph, Remap), TypeError> {
    let mut nodes = graph.nodes();
    if !nodes.any(|node| graph.op(node).runs_regions()) {
        return Ok((graph.clone(), Remap::identity(graph)));
    }
    let mut new = Graph::like(graph);
    let mut remap = Remap::default();
    for node in graph.nodes() {
        let operands = graph.operands(node);
        let operands: Vec<Value> = operands.iter().filter_map(|v| remap.value(*v)).collect();
        let copy = new.copy_node(graph, node, &operands)?;
        let mut fates = Vec::new();
        for result in graph.results(node) {
            let value = Value {
                node: copy,
                ..result
            };
            if !graph.op(node).runs_regions() {
                fates.push(Fate::Kept(value));
                continue;
            }
            let node = new.push(Barrier {}, &[value], graph.span(node))?;
            fates.push(Fate::Kept(Value { node, result: 0 }));
        }
        remap.record(fates);
    }
    for output in graph.outputs() {
        if let Some(value) = remap.value(output.value) {
            new.add_output(output.name.clone(), value);
        }
    }
    Ok((new, remap))
}

const NOT_IN_MEMORY: &str = "an operand of a loop or branch is not in memory";

impl Assembly<'_> {
    /// The steps of a loop or branch.
    pub(super) fn add_region(&mut self, node: NodeId) -> Result<(), LowerError> {
        let op = self.plan.model.graph.op(node).clone();
        if let Op::Scan(scan) = &op {
            self.add_loop(node, scan)
        } else if let Op::Cond(cond) = &op {
            self.add_branch(node, cond)
        } else {
            Err(LowerError::Internal(
                "a region is neither loop nor branch".into(),
            ))
        }
    }

    /// The buffers of the operands.
    fn operand_buffers(&self, node: NodeId) -> Result<Vec<BufferId>, LowerError> {
        let missing = || LowerError::Internal(NOT_IN_MEMORY.into());
        let operands = self.plan.model.graph.operands(node);
        let buffer = |value: &Value| self.plan.buffer(value.node).ok_or_else(missing);
        operands.iter().map(buffer).collect()
    }

    /// The buffers of the results. Those that nothing reads are written all the same.
    fn result_buffers(&mut self, node: NodeId) -> Vec<BufferId> {
        let model = self.plan.model;
        let mut buffers: Vec<Option<BufferId>> = vec![None; model.graph.results(node).len()];
        for user in model.graph.users(node) {
            let operands = model.graph.operands(user);
            if let (Kind::Part, Some(value)) = (model.kind(user), operands.first()) {
                let known = &mut buffers[usize::from(value.result)];
                *known = known.or(self.plan.buffer(user));
            }
        }
        let results = model.graph.results(node).into_iter().zip(buffers);
        let types: Vec<_> = results
            .map(|(value, buffer)| (model.graph.ty(value).clone(), buffer))
            .collect();
        let unread = |(ty, buffer): (_, Option<BufferId>)| match buffer {
            Some(buffer) => buffer,
            None => {
                let name = format!("unread{}", self.plan.buffers.len());
                self.add_buffer(name, ty, Role::Workspace(UNPLACED))
            }
        };
        types.into_iter().map(unread).collect()
    }

    fn add_loop(&mut self, node: NodeId, scan: &Scan) -> Result<(), LowerError> {
        let operands = self.operand_buffers(node)?;
        let results = self.result_buffers(node);
        for (&from, &to) in operands.iter().zip(&results).take(scan.carries) {
            self.copy(from, to);
        }
        if scan.length == 0 {
            return Ok(());
        }
        let outputs = scan.body().outputs().len();
        let next = (0..outputs).map(|at| (at < scan.carries).then_some(at));
        let signature = Signature {
            name: scan.region.name().to_string(),
            next: next.collect(),
        };
        let Lowering { program, .. } =
            lower_with_lines(scan.body(), &signature, self.plan.target, self.plan.lines)?;
        let var = VarId(self.vars);
        self.vars += 1;
        let turn = Index::var(var.0);
        let at = if scan.reverse {
            Index::constant(scan.length as i64 - 1).sub(&turn)
        } else {
            turn
        };
        let slice = |buffer: BufferId| Arg {
            buffer,
            at: vec![at.clone()],
        };
        let inputs = (scan.carries..operands.len()).map(|position| match scan.role(position) {
            ScanRole::Slice => slice(operands[position]),
            ScanRole::Carry | ScanRole::Closed => Arg::whole(operands[position]),
        });
        let tensors = Tensors {
            inputs: inputs.collect(),
            inouts: results
                .iter()
                .take(scan.carries)
                .copied()
                .map(Arg::whole)
                .collect(),
            outputs: results
                .iter()
                .skip(scan.carries)
                .copied()
                .map(slice)
                .collect(),
        };
        let body = self.splice(program, &tensors)?;
        let count = scan.length;
        self.steps.push(Step::Loop { var, count, body });
        Ok(())
    }

    fn add_branch(&mut self, node: NodeId, cond: &Cond) -> Result<(), LowerError> {
        let operands = self.operand_buffers(node)?;
        let Some((&condition, operands)) = operands.split_first() else {
            return Err(LowerError::Internal(NOT_IN_MEMORY.into()));
        };
        let tensors = Tensors {
            inputs: operands.iter().copied().map(Arg::whole).collect(),
            inouts: Vec::new(),
            outputs: self
                .result_buffers(node)
                .into_iter()
                .map(Arg::whole)
                .collect(),
        };
        let mut branch = |region: &Region| {
            let signature = Signature::pure(region.name());
            let Lowering { program, .. } =
                lower_with_lines(region.body(), &signature, self.plan.target, self.plan.lines)?;
            self.splice(program, &tensors)
        };
        let (then, otherwise) = (branch(&cond.then)?, branch(&cond.otherwise)?);
        let condition = Arg::whole(condition);
        self.steps.push(Step::If {
            condition,
            then,
            otherwise,
        });
        Ok(())
    }

    /// Makes a program part of this one; its steps.
    fn splice(&mut self, inner: Program, tensors: &Tensors) -> Result<Vec<Step>, LowerError> {
        let missing = || LowerError::Internal("a body has more tensors than its region".into());
        let mut block = Block {
            bytes: inner.workspace,
            buffers: Vec::new(),
        };
        let mut places = Vec::with_capacity(inner.buffers.len());
        for buffer in inner.buffers {
            let given = |list: &[Arg], number: u32| {
                let arg = list.get(number as usize);
                arg.cloned().ok_or_else(missing)
            };
            places.push(match buffer.role {
                Role::Input(number) => given(&tensors.inputs, number)?,
                Role::Inout(number) => given(&tensors.inouts, number)?,
                Role::Output(number) => given(&tensors.outputs, number)?,
                Role::Workspace(offset) => {
                    let role = Role::Workspace(UNPLACED);
                    let id = self.add_buffer(buffer.name.0, buffer.ty, role);
                    block.buffers.push((id, offset));
                    Arg::whole(id)
                }
                constant @ Role::Constant(_) => {
                    Arg::whole(self.add_buffer(buffer.name.0, buffer.ty, constant))
                }
            });
        }
        self.blocks.push(block);
        let kernels = inner.kernels.into_iter();
        let mut splice = Splice {
            kernels: kernels.map(|kernel| self.kernel(kernel)).collect(),
            places,
            first_var: self.vars,
            vars: self.vars,
        };
        let steps = splice.steps(&inner.steps).ok_or_else(missing)?;
        self.vars = splice.vars;
        Ok(steps)
    }
}

/// What the tensors of a body are in the program around it, by number.
struct Tensors {
    inputs: Vec<Arg>,
    inouts: Vec<Arg>,
    outputs: Vec<Arg>,
}

/// How the steps of an inner program become steps of the outer one.
struct Splice {
    /// By the number in the inner program.
    kernels: Vec<KernelId>,
    /// By the number of the buffer in the inner program.
    places: Vec<Arg>,
    /// The outer number of the first loop variable.
    first_var: u32,
    /// The number of loop variables so far.
    vars: u32,
}

impl Splice {
    fn steps(&mut self, steps: &[Step]) -> Option<Vec<Step>> {
        steps.iter().map(|step| self.step(step)).collect()
    }

    /// Steps nest as deep as regions, which the elaborator bounds.
    fn step(&mut self, step: &Step) -> Option<Step> {
        Some(match step {
            Step::Launch { kernel, args } => Step::Launch {
                kernel: *self.kernels.get(kernel.index())?,
                args: args
                    .iter()
                    .map(|arg| self.arg(arg))
                    .collect::<Option<_>>()?,
            },
            Step::Loop { var, count, body } => {
                let var = VarId(self.first_var + var.0);
                self.vars = self.vars.max(var.0 + 1);
                let (count, body) = (*count, self.steps(body)?);
                Step::Loop { var, count, body }
            }
            Step::If {
                condition,
                then,
                otherwise,
            } => Step::If {
                condition: self.arg(condition)?,
                then: self.steps(then)?,
                otherwise: self.steps(otherwise)?,
            },
            Step::Check { status, code } => Step::Check {
                status: self.arg(status)?,
                code: *code,
            },
            Step::Copy { from, to } => Step::Copy {
                from: self.arg(from)?,
                to: self.arg(to)?,
            },
        })
    }

    fn arg(&self, arg: &Arg) -> Option<Arg> {
        let mut place = self.places.get(arg.buffer.index())?.clone();
        let first = self.first_var;
        for index in &arg.at {
            let renamed = index.replace(&mut |var| Some(Index::var(first + var)));
            place.at.push(renamed);
        }
        Some(place)
    }
}
