//! Loops and branches: graphs that are run within a graph.

use super::tensor::{append, empty_like};
use super::{InterpretError, Keep, MISSING, Machine, NOT_MASKS, Tensor, run};
use crate::graph::Graph;
use crate::op::{Cond, Scan, ScanRole};
use crate::scalar::{Logic, Scalar};
use crate::shape::Type;
use std::rc::Rc;

type Results<S> = Result<Vec<Rc<Tensor<S>>>, InterpretError>;

impl<S: Scalar> Machine<'_, S> {
    fn run_body(
        &self,
        body: &Graph,
        inputs: &[Tensor<S>],
    ) -> Result<Vec<Tensor<S>>, InterpretError> {
        let keep = match self.watch {
            Some(_) => Keep::All,
            None => Keep::Outputs,
        };
        let inner = run(body, self.world, inputs, keep, self.watch, None);
        let inner = inner.map_err(|error| self.outer(error))?;
        if let Some(watch) = self.watch {
            watch(body, &inner);
        }
        Ok(inner.outputs().into_iter().cloned().collect())
    }

    /// Runs the body once for each slice.
    pub(super) fn scan(&self, scan: &Scan, operands: &[Rc<Tensor<S>>]) -> Results<S> {
        let body = scan.body();
        let mut carried: Vec<Tensor<S>> = operands[..scan.carries]
            .iter()
            .map(|operand| (**operand).clone())
            .collect();
        // Slices in the order of turns.
        let mut stacks: Vec<Vec<Tensor<S>>> = vec![Vec::new(); body.outputs().len() - scan.carries];
        for slice in scan.turns() {
            let rest = operands.iter().enumerate().skip(scan.carries);
            let rest = rest.map(|(position, operand)| match scan.role(position) {
                ScanRole::Slice => operand.slice(body.ty(body.inputs()[position]), slice),
                ScanRole::Carry | ScanRole::Closed => (**operand).clone(),
            });
            let inputs: Vec<Tensor<S>> = carried.into_iter().chain(rest).collect();
            carried = self.run_body(body, &inputs)?;
            let yielded = carried.split_off(scan.carries);
            for (stack, slice) in stacks.iter_mut().zip(yielded) {
                stack.push(slice);
            }
        }
        let mut results: Vec<Rc<Tensor<S>>> = carried.into_iter().map(Rc::new).collect();
        let outputs = body.outputs().iter().skip(scan.carries);
        for (mut stack, output) in stacks.into_iter().zip(outputs) {
            if scan.reverse {
                stack.reverse();
            }
            results.push(Rc::new(stacked(scan.stack(body.ty(output.value)), stack)));
        }
        Ok(results)
    }

    /// Runs one of two branches. Where the scalar cannot tell which, there is no value.
    pub(super) fn cond(&self, cond: &Cond, operands: &[Rc<Tensor<S>>]) -> Results<S> {
        let (condition, operands) = operands.split_first().ok_or(MISSING)?;
        let condition = condition.as_masks().first().ok_or(NOT_MASKS)?;
        let inputs: Vec<Tensor<S>> = operands.iter().map(|operand| (**operand).clone()).collect();
        let branch = match condition.decide() {
            Ok(true) => &cond.then,
            Ok(false) => &cond.otherwise,
            Err(reason) => {
                let body = cond.then.body();
                let outputs = body.outputs().iter();
                let unknown = |ty: &Type| Rc::new(Tensor::undefined(self.world, ty, reason));
                return Ok(outputs.map(|o| unknown(body.ty(o.value))).collect());
            }
        };
        let results = self.run_body(branch.body(), &inputs)?;
        Ok(results.into_iter().map(Rc::new).collect())
    }
}

fn stacked<S: Scalar>(ty: Type, slices: Vec<Tensor<S>>) -> Tensor<S> {
    let mut data = empty_like(ty.dtype);
    for slice in slices {
        append(&mut data, slice.data);
    }
    Tensor { ty, data }
}
