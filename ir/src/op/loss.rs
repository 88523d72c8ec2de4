//! Losses: how far predictions are from what they should be, as one number.
//!
//! All are averages: over all elements, or, where there are classes along the last axis, over the other
//! axes. Each is computed so that neither it nor its derivative loses what it is about: no probability
//! is rounded to 0 or 1 before its logarithm is taken.

use super::attribute::Real;
use super::composite::{Built, Cotangents};
use super::family::Composite;
use super::fold::Mean;
use super::macros::op;
use super::spec::{Accepts, OpDef, TypeError, Types, elementwise, positive_attribute, single};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::graph::Value;
use crate::op::{Abs, Clamp, Gather, LogSoftmax, NotEqual, Relu, Scale, Softplus};
use crate::shape::{Shape, Type};
use smallvec::smallvec;

/// The type of the average over all elements of operands of one type; an error where there are none.
fn infer_average(op: &str, operands: &[&Type]) -> Result<Types, TypeError> {
    let ty = elementwise(op, Accepts::Floats, operands)?;
    if ty.elements() == 0 {
        return Err(TypeError::new(format!("`{op}` of no elements: {ty}")).at(0));
    }
    Ok(single(Type::scalar(ty.dtype)))
}

/// The mean of all elements.
fn average(b: &Builder, x: Value) -> Result<Value, TypeError> {
    let mean = Mean {
        axes: None,
        keepdims: false,
    };
    b.apply(mean, &[x])
}

/// The sum of all elements.
fn total(b: &Builder, x: Value) -> Result<Value, TypeError> {
    let all: Vec<usize> = (0..b.shape(x).rank()).collect();
    b.sum(x, &all, false)
}

/// A loss that averages a function of two tensors of one type.
macro_rules! averaged {
    ($($Name:ident = $name:literal),+) => {$(
        impl OpDef for $Name {
            fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
                infer_average($name, operands)
            }
        }
    )+};
}
averaged! { Mae = "mae", Hinge = "hinge", BceWithLogits = "bce_with_logits" }

op! {
    /// Mean squared error: the mean of (x − target)² over all elements.
    Mse = "mse"(x, target)
    examples ["(x: f32[2, 3], target: f32[2, 3]) -> mse(x, target)"]
}
impl OpDef for Mse {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let ty = elementwise("mse", Accepts::Floats, operands)?;
        if ty.elements() == 0 {
            return Err(TypeError::new(format!("`mse` of no elements: {ty}")).at(0));
        }
        Ok(single(Type::scalar(ty.dtype)))
    }
}
impl Composite for Mse {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let difference = b.sub(operands[0], operands[1])?;
        let square = b.mul(difference, difference)?;
        Ok(smallvec![b.apply(
            Mean {
                axes: None,
                keepdims: false
            },
            &[square]
        )?])
    }
}

op! {
    /// Mean absolute error: the mean of |x − target| over all elements. Where x and target are equal
    /// the slope is 0.
    Mae = "mae"(x, target)
    examples ["(x: f32[2, 3], target: f32[2, 3]) -> mae(x, target)"]
}
impl Composite for Mae {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let difference = b.sub(operands[0], operands[1])?;
        Ok(smallvec![average(b, b.apply(Abs {}, &[difference])?)?])
    }
}

op! {
    /// Huber's loss (1964): the mean over all elements of d²/2 where |d| ≤ δ and δ(|d| − δ/2) elsewhere,
    /// with d = x − target. The slope is d, held within ±δ.
    Huber = "huber"(x, target) {
        /// Where the loss becomes linear; must be positive.
        delta: Real = Real(1.0),
    }
    examples [
        "(x: f32[2, 3], target: f32[2, 3]) -> huber(x, target)",
        "(x: f64[7], target: f64[7]) -> huber(x, target, delta = 0.5)",
    ]
}
impl OpDef for Huber {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        positive_attribute("huber", "delta", self.delta)?;
        infer_average("huber", operands)
    }
}
impl Huber {
    /// d, held within ±δ.
    fn held(&self, b: &Builder, difference: Value) -> Result<Value, TypeError> {
        let clamp = Clamp {
            lo: Real(-self.delta.0),
            hi: self.delta,
        };
        b.apply(clamp, &[difference])
    }
}
impl Composite for Huber {
    /// With h = d held within ±δ, both branches are h(d − h/2).
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let difference = b.sub(operands[0], operands[1])?;
        let held = self.held(b, difference)?;
        let half = b.apply(Scale { factor: Real(0.5) }, &[held])?;
        let loss = b.mul(held, b.sub(difference, half)?)?;
        Ok(smallvec![average(b, loss)?])
    }
    fn has_vjp(&self) -> bool {
        true
    }
    /// hδ/n and its negative.
    fn vjp(
        &self,
        b: &Builder,
        operands: &[Value],
        _results: &[Value],
        cotangents: &[Option<Value>],
    ) -> Cotangents {
        let ct = cotangents[0]?;
        Some((|| {
            let held = self.held(b, b.sub(operands[0], operands[1])?)?;
            let shape = b.shape(held);
            let count = Constant::integer(shape.elements().max(1) as i64);
            let share = b.div(ct, b.full(&b.ty(ct), &count)?)?;
            let slope = b.mul(held, b.broadcast_to(share, &shape)?)?;
            Ok(vec![Some(slope), Some(b.neg(slope)?)])
        })())
    }
}

op! {
    /// Hinge loss: the mean of max(0, 1 − target·x) over all elements, for targets −1 and 1. The slope
    /// is 0 at the kink.
    Hinge = "hinge"(x, target)
    examples ["(x: f32[2, 3], target: f32[2, 3]) -> hinge(x, target)"]
}
impl Composite for Hinge {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let agreement = b.mul(operands[0], operands[1])?;
        let lacking = b.sub(b.integer_like(agreement, 1)?, agreement)?;
        Ok(smallvec![average(b, b.apply(Relu {}, &[lacking])?)?])
    }
}

op! {
    /// Binary cross entropy of logits: the mean over all elements of −t ln σ(x) − (1 − t) ln σ(−x), for
    /// targets t from 0 to 1. Computed as t·softplus(−x) + (1 − t)·softplus(x), which is smooth, does not
    /// overflow, and for t of 0 or 1 keeps its accuracy however small it is.
    BceWithLogits = "bce_with_logits"(logits, target)
    examples [
        "(x: f32[2, 3], target: f32[2, 3]) -> bce_with_logits(x, target)",
        "(x: f64[5], y: f64[5]) -> bce_with_logits(x, sigmoid(y))",
    ]
}
impl Composite for BceWithLogits {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [x, target] = [operands[0], operands[1]];
        let against = b.sub(b.integer_like(target, 1)?, target)?;
        let missed = b.mul(target, b.apply(Softplus {}, &[b.neg(x)?])?)?;
        let alarmed = b.mul(against, b.apply(Softplus {}, &[x])?)?;
        Ok(smallvec![average(b, b.add(missed, alarmed)?)?])
    }
}

op! {
    /// Cross entropy of logits along the last axis, averaged over the other axes. Labels are class
    /// indices (an integer tensor of the other axes' shape; one outside the classes is an error,
    /// which compiled code reports) or probabilities (of the logits' type).
    CrossEntropy = "cross_entropy"(logits, labels) {
        /// How much of each label is spread evenly over all classes; at least 0 and at most 1.
        label_smoothing: Real = Real(0.0),
    }
    examples [
        "(logits: f32[2, 3], labels: i32[2]) -> cross_entropy(logits, labels)",
        "(logits: f32[2, 3], labels: f32[2, 3]) -> cross_entropy(logits, labels)",
        "(logits: f64[2, 3], labels: i64[2]) -> cross_entropy(logits, labels, label_smoothing = 0.25)",
        "(logits: f32[2, 1, 3], labels: f32[2, 1, 3]) -> cross_entropy(logits, labels, label_smoothing = 0.1)",
    ]
}
impl OpDef for CrossEntropy {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let [logits, labels] = [operands[0], operands[1]];
        let smoothing = self.label_smoothing.0;
        if !(0.0..=1.0).contains(&smoothing) {
            let message = format!("`cross_entropy` cannot have {smoothing} for `label_smoothing`");
            return Err(TypeError::new(message).help("it is a number from 0 to 1"));
        }
        let batch = check_classes("cross_entropy", "logits", logits)?;
        let by_index = labels.dtype.is_integer() && labels.shape == batch;
        if by_index || labels == logits {
            return Ok(single(Type::scalar(logits.dtype)));
        }
        Err(TypeError::new(format!(
            "`cross_entropy` of logits {logits} with labels {labels}"
        ))
        .at(1)
        .help(format!(
            "labels are class indices i32{batch} or probabilities {logits}"
        )))
    }
}
impl CrossEntropy {
    /// Σ over examples and classes of label·log-probability, the labels as they are given.
    fn agreement(b: &Builder, logs: Value, labels: Value) -> Result<Value, TypeError> {
        if b.ty(labels).dtype.is_integer() {
            picked(b, logs, labels)
        } else {
            total(b, b.mul(labels, logs)?)
        }
    }
    /// The same with labels that are spread evenly over the classes, each as far as it reaches.
    fn indifference(b: &Builder, logs: Value, labels: Value) -> Result<Value, TypeError> {
        let (shape, last) = (b.shape(logs), b.shape(logs).rank() - 1);
        let sums = b.sum(logs, &[last], false)?;
        let classes = Constant::ratio(1, shape.extent(last).max(1) as i64);
        let weighted = if b.ty(labels).dtype.is_integer() {
            sums
        } else {
            b.mul(b.sum(labels, &[last], false)?, sums)?
        };
        let sum = total(b, weighted)?;
        b.mul(sum, b.full(&b.ty(sum), &classes)?)
    }
}
impl Composite for CrossEntropy {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [logits, labels] = [operands[0], operands[1]];
        let last = b.shape(logits).rank() - 1;
        let logs = b.apply(LogSoftmax { axis: last as i64 }, &[logits])?;
        let mut sum = Self::agreement(b, logs, labels)?;
        if self.label_smoothing.0 != 0.0 {
            let part = |share: f64, sum| {
                b.apply(
                    Scale {
                        factor: Real(share),
                    },
                    &[sum],
                )
            };
            let evenly = Self::indifference(b, logs, labels)?;
            sum = b.add(
                part(1.0 - self.label_smoothing.0, sum)?,
                part(self.label_smoothing.0, evenly)?,
            )?;
        }
        Ok(smallvec![per_example(b, sum, logits, -1)?])
    }
}

/// The shape of the axes before the last, which has the classes; an error where there is none, or no
/// element.
fn check_classes(op: &str, name: &str, scores: &Type) -> Result<Shape, TypeError> {
    Accepts::Floats.require(op, 0, scores)?;
    let Some(last) = scores.shape.rank().checked_sub(1) else {
        return Err(TypeError::new(format!("`{op}` needs {name} with a class axis")).at(0));
    };
    if scores.elements() == 0 {
        return Err(TypeError::new(format!("`{op}` of no elements: {scores}")).at(0));
    }
    Ok(scores.shape.without(&[last]))
}

/// sign·sum over the number of examples: all axes of `scores` but the last.
fn per_example(b: &Builder, sum: Value, scores: Value, sign: i64) -> Result<Value, TypeError> {
    let shape = b.shape(scores);
    let count = shape.without(&[shape.rank() - 1]).elements().max(1);
    b.div(
        sum,
        b.full(&b.ty(sum), &Constant::integer(sign * count as i64))?,
    )
}

/// Σ over rows of the element that the row's index picks along the last axis.
fn picked(b: &Builder, table: Value, indices: Value) -> Result<Value, TypeError> {
    let last = b.shape(table).rank() as i64 - 1;
    let rows = Gather {
        axis: last,
        batch: last,
    };
    total(b, b.gather(table, indices, rows)?)
}

op! {
    /// Negative log-likelihood: minus the log-probability of each example's label, averaged over the
    /// examples. Log-probabilities have the classes along the last axis, as `log_softmax` makes them;
    /// labels are class indices (one outside the classes is an error, which compiled code reports).
    Nll = "nll"(log_probabilities, labels)
    examples [
        "(logits: f32[2, 3], labels: i32[2]) -> nll(log_softmax(logits), labels)",
        "(logs: f64[2, 2, 3], labels: i64[2, 2]) -> nll(logs, labels)",
        "(logs: f32[4], labels: i32[]) -> nll(logs, labels)",
    ]
}
impl OpDef for Nll {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let [logs, labels] = [operands[0], operands[1]];
        let batch = check_classes("nll", "log-probabilities", logs)?;
        if !labels.dtype.is_integer() || labels.shape != batch {
            let message = format!("`nll` of log-probabilities {logs} with labels {labels}");
            return Err(TypeError::new(message)
                .at(1)
                .help(format!("labels are class indices i32{batch}")));
        }
        Ok(single(Type::scalar(logs.dtype)))
    }
}
impl Composite for Nll {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let sum = picked(b, operands[0], operands[1])?;
        Ok(smallvec![per_example(b, sum, operands[0], -1)?])
    }
}

op! {
    /// Kullback–Leibler divergence of q from p, Σ p(ln p − ln q) along the last axis, averaged over the
    /// other axes (PyTorch's `batchmean` of two axes). The first operand is ln q, as `log_softmax` makes
    /// it, the second p. Where p is 0 the term is 0 and so is its derivative.
    KlDiv = "kl_div"(log_q, p)
    examples [
        "(x: f32[2, 3], y: f32[2, 3]) -> kl_div(log_softmax(x), softmax(y))",
        "(logs: f64[2, 2, 2], p: f64[2, 2, 2]) -> kl_div(logs, p * p)",
        "(logs: f32[3], p: f32[3]) -> kl_div(logs, relu(p))",
    ]
}
impl OpDef for KlDiv {
    fn infer(&self, operands: &[&Type]) -> Result<Types, TypeError> {
        let ty = elementwise("kl_div", Accepts::Floats, operands)?;
        check_classes("kl_div", "log-probabilities", &ty)?;
        Ok(single(Type::scalar(ty.dtype)))
    }
}
impl Composite for KlDiv {
    fn decompose(&self, b: &Builder, operands: &[Value]) -> Built {
        let [log_q, p] = [operands[0], operands[1]];
        let (zero, one) = (b.integer_like(p, 0)?, b.integer_like(p, 1)?);
        let weighs = b.apply(NotEqual {}, &[p, zero])?;
        let log_p = b.log(b.select(weighs, p, one)?)?;
        // Where p is 0, ln q may be −∞.
        let log_q_there = b.select(weighs, log_q, zero)?;
        let terms = b.mul(p, b.sub(log_p, log_q_there)?)?;
        Ok(smallvec![per_example(b, total(b, terms)?, log_q, 1)?])
    }
}
