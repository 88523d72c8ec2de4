//! Regions that run at run time: loops and branches over graphs within a graph.
//!
//! [`Scan`] repeats a body along the leading axis of its stacked operands, and [`Cond`] runs one of two
//! branches. Both call a [`Region`], but unlike a [`Call`](super::Call) they are never expanded: they
//! compile to a loop and to a branch. A region reads nothing of the graph around it. What its body
//! needs from there is an operand of the op, so that derivatives, passes and lowering see every edge.
//!
//! The derivative of a scan is a scan again (`autodiff::scan`), that of a branch a branch.

use super::attribute::{AttrError, AttrValue, Attributes};
use super::region::{Call, Region};
use super::spec::{Described, OpDef, Spec, TypeError, Types};
use crate::dtype::DType;
use crate::graph::Graph;
use crate::op::Op;
use crate::shape::Type;
use smallvec::SmallVec;
use std::rc::Rc;

/// A loop over the leading axis of stacked operands.
///
/// The body takes the carried values, a slice of each stacked operand, and the closed values, in this
/// order; it yields the next carried values, then slices of the stacked results. The operands are the
/// initial carried values, the stacked tensors and the closed values; the results are the last carried
/// values and the stacked results. Without a turn, the carried values are the initial ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scan {
    /// What a turn computes.
    pub region: Rc<Region>,
    /// How many values are carried from turn to turn.
    pub carries: usize,
    /// How many operands are stacked.
    pub stacked: usize,
    /// The number of turns.
    pub length: u64,
    /// Whether turns begin with the last slices.
    pub reverse: bool,
}

/// What a parameter of the body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanRole {
    /// Carried from turn to turn.
    Carry,
    /// A slice of a stacked operand.
    Slice,
    /// The same in every turn.
    Closed,
}

impl Scan {
    /// What a turn computes.
    pub fn body(&self) -> &Graph {
        self.region.body()
    }

    /// What parameter number `position` of the body is.
    pub fn role(&self, position: usize) -> ScanRole {
        if position < self.carries {
            ScanRole::Carry
        } else if position < self.carries + self.stacked {
            ScanRole::Slice
        } else {
            ScanRole::Closed
        }
    }

    /// The slices in the order of turns.
    pub fn turns(&self) -> impl Iterator<Item = u64> + use<> {
        let (length, reverse) = (self.length, self.reverse);
        (0..length).map(move |turn| if reverse { length - 1 - turn } else { turn })
    }

    /// The type of a tensor with a slice of this type for each turn.
    pub fn stack(&self, slice: &Type) -> Type {
        slice.with_shape(slice.shape.stacked(self.length))
    }

    /// The type of the operand for parameter number `position` of the body.
    fn operand_type(&self, position: usize, input: &Type) -> Type {
        match self.role(position) {
            ScanRole::Slice => self.stack(input),
            ScanRole::Carry | ScanRole::Closed => input.clone(),
        }
    }
}

const REGION: AttrError = AttrError::Missing {
    op: "scan",
    name: "region",
    kind: "a graph, called by its name",
};

/// The attributes are graphs, so that the macro cannot write this.
impl Described for Scan {
    const SPEC: Spec = Spec {
        name: "scan",
        operands: &[],
        variadic: true,
        optional: false,
        results: &[],
        attributes: &[],
        doc: "A loop: `(h, ys) = scan(f, carry = h, over = x)(h0, xs, w)` calls `f` once for each slice \
              of `xs` along its leading axis. The parameter `h` of `f` is `h0` in the first turn, and \
              then what `f` yielded for it in the turn before; `x` is the slice; other parameters are \
              the same in every turn. The results are the last carried values, then the other results \
              of `f`, stacked along a new leading axis. It compiles to a loop, however many turns it \
              has; its derivative is a loop in the other direction, whose stacks keep what the first \
              one has computed. `scan(checkpoint(f), …)` keeps only what is carried.\n",
        examples: &[
            "(h: f32[3], xs: f32[4, 3]) -> scan(mul)(h, xs)",
            "(h: f32[2], xs: f32[3, 2]) -> scan(div, reverse = true)(h, xs * xs + 1)",
            "(h: f32[2], xs: f32[2, 3, 2]) -> scan(scan(mul))(h, xs)",
            "(h: f32[2], w: f32[2]) -> scan(add, over = [], length = 3)(h, w)",
            "(h: f32[3], xs: f32[4, 3]) -> scan(checkpoint(mul))(h, xs)",
            "(h: f32[3], xs: f32[0, 3]) -> scan(mul)(h, xs)",
            "(xs: f32[4, 3]) -> scan(tanh, carry = [], over = x)(xs)",
        ],
    };

    fn attributes(&self) -> SmallVec<[(&'static str, AttrValue); 2]> {
        SmallVec::new()
    }

    fn from_attributes(_attributes: &Attributes<'_>) -> Result<Self, AttrError> {
        Err(REGION)
    }
}

impl OpDef for Scan {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let (body, name) = (self.body(), self.region.name());
        let inputs = body.inputs();
        if inputs.len() < self.carries + self.stacked || body.outputs().len() < self.carries {
            let message = format!("`{name}` carries more values than it takes or yields");
            return Err(TypeError::new(message));
        }
        takes(name, operands.len(), inputs.len())?;
        for (position, (input, given)) in inputs.iter().zip(operands).enumerate() {
            let wanted = self.operand_type(position, body.ty(*input));
            if wanted != **given {
                let message = format!("a scan of `{name}` takes {wanted} here, not {given}");
                return Err(TypeError::new(message).at(position));
            }
        }
        let mut types = Types::new();
        for (position, output) in body.outputs().iter().enumerate() {
            let ty = body.ty(output.value);
            if position >= self.carries {
                types.push(self.stack(ty));
                continue;
            }
            let carried = body.ty(inputs[position]);
            if ty != carried {
                let message = format!("`{name}` carries {carried}, but its next value is {ty}");
                return Err(TypeError::new(message).at(position));
            }
            types.push(ty.clone());
        }
        Ok(types)
    }
}

/// One of two graphs, chosen by a truth value.
///
/// The operands are the truth value and what both branches take; both yield values of the same types.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cond {
    /// What is computed where the truth value holds.
    pub then: Rc<Region>,
    /// What is computed where it does not.
    pub otherwise: Rc<Region>,
}

/// The attributes are graphs, so that the macro cannot write this.
impl Described for Cond {
    const SPEC: Spec = Spec {
        name: "cond",
        operands: &["condition"],
        variadic: true,
        optional: false,
        results: &[],
        attributes: &[],
        doc: "A branch: `cond(f, g)(c, x, y)` is `f(x, y)` where the bool scalar `c` holds, else \
              `g(x, y)`. Only the branch that is taken runs. Both take and yield values of the same \
              types. The derivative is a branch again, which computes from the operands what it \
              needs.\n",
        examples: &[
            "(c: bool[], x: f32[3]) -> cond(tanh, sin)(c, x)",
            "(c: bool[], x: f32[3], y: f32[3]) -> cond(mul, add)(c, x, y)",
            "(x: f32[], y: f32[]) -> cond(mul, sub)(x < y, x, y)",
        ],
    };

    fn attributes(&self) -> SmallVec<[(&'static str, AttrValue); 2]> {
        SmallVec::new()
    }

    fn from_attributes(_attributes: &Attributes<'_>) -> Result<Self, AttrError> {
        Err(AttrError::Missing {
            op: Self::SPEC.name,
            name: "region",
            kind: "two graphs, called by their names",
        })
    }
}

impl OpDef for Cond {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let condition = Type::scalar(DType::Bool);
        if let Some(given) = operands.first().filter(|given| ***given != condition) {
            let message = format!("`cond` chooses by {condition}, not {given}");
            return Err(TypeError::new(message)
                .at(0)
                .help("to choose element by element, write `select(c, x, y)`"));
        }
        let given = &operands[1.min(operands.len())..];
        let [yes, no] = [&self.then, &self.otherwise].map(|region| branch(region, given));
        let (yes, no) = (yes?, no?);
        if yes != no {
            let (then, otherwise) = (self.then.name(), self.otherwise.name());
            let message = format!(
                "the branches yield values of different types: `{then}` {}, `{otherwise}` {}",
                listed(&yes),
                listed(&no)
            );
            return Err(TypeError::new(message));
        }
        Ok(yes)
    }
}

fn listed(types: &[Type]) -> String {
    let types: Vec<String> = types.iter().map(Type::to_string).collect();
    format!("({})", types.join(", "))
}

/// The results of a branch on operands of these types.
fn branch(region: &Region, operands: &[&Type]) -> Result<Types, TypeError> {
    let (body, name) = (region.body(), region.name());
    takes(name, operands.len(), body.inputs().len())?;
    for (position, (input, given)) in body.inputs().iter().zip(operands).enumerate() {
        let wanted = body.ty(*input);
        if wanted != *given {
            let message = format!("`{name}` takes {wanted} here, not {given}");
            return Err(TypeError::new(message).at(position + 1));
        }
    }
    let outputs = body.outputs().iter();
    Ok(outputs
        .map(|output| body.ty(output.value).clone())
        .collect())
}

fn takes(name: &str, given: usize, wanted: usize) -> Result<(), TypeError> {
    if given == wanted {
        return Ok(());
    }
    let message = format!("`{name}` takes {wanted} tensors, got {given}");
    Err(TypeError::new(message))
}

impl Op {
    /// The graphs that the op runs or calls.
    pub fn regions(&self) -> SmallVec<[&Rc<Region>; 2]> {
        let mut regions = SmallVec::new();
        if let Op::Call(call) = self {
            regions.push(&call.region);
        } else if let Op::Scan(scan) = self {
            regions.push(&scan.region);
        } else if let Op::Cond(cond) = self {
            regions.push(&cond.then);
            regions.push(&cond.otherwise);
        }
        regions
    }

    /// Whether the op runs graphs at run time, which are not expanded.
    pub fn runs_regions(&self) -> bool {
        matches!(self, Op::Scan(_) | Op::Cond(_))
    }

    /// The same op with other graphs in the places of those that it runs, in their order.
    #[must_use]
    pub fn with_bodies(&self, bodies: &[Graph]) -> Op {
        if !self.runs_regions() {
            return self.clone();
        }
        let regions = self.regions().into_iter().zip(bodies);
        let changed =
            |(region, body): (&Rc<Region>, &Graph)| Rc::new(region.with_body(body.clone()));
        self.with_regions(&regions.map(changed).collect::<Vec<_>>())
    }

    /// The same op with other regions in the places of those that it runs or calls, in their order.
    #[must_use]
    pub(crate) fn with_regions(&self, regions: &[Rc<Region>]) -> Op {
        match (self, regions) {
            (Op::Call(_), [region]) => Op::Call(Call {
                region: region.clone(),
            }),
            (Op::Scan(scan), [region]) => Op::Scan(Scan {
                region: region.clone(),
                ..scan.clone()
            }),
            (Op::Cond(_), [then, otherwise]) => Op::Cond(Cond {
                then: then.clone(),
                otherwise: otherwise.clone(),
            }),
            (_, _) => self.clone(),
        }
    }
}
