//! The folds of a row.
//!
//! All folds of a phase are one loop, in the order that [`crate::lower::grouping`] states. Along memory it is a fold in
//! lanes for each line; across memory, where each lane of a vector may be a row of its own, it steps through
//! the elements in order. The position of the best element is a fold of pairs: a challenger wins if it
//! is better, or a NaN against a number, or as good and first.

use crate::kernel::{Access, Form, ValueId};
use crate::lower::analysis::model::{FoldKind, Reduction};
use crate::lower::emit::element::{Elements, KeptElement};
use crate::lower::emit::nest::Nest;
use crate::lower::grouping::{COLUMN, Emits, InPieces, Pieces, axes_of_line, line};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::graph::NodeId;
use lgc_ir::index::Index;
use lgc_ir::op::Monoid;
use lgc_ir::scalar::{Binary, Comparison, Connective};
use lgc_ir::shape::Shape;

/// Steps the states of folds by the element at an index.
type LineStep<'a, 'p> = &'a mut dyn FnMut(&mut Nest<'p>, &Index, &[ValueId]) -> Vec<ValueId>;

impl<'p> Emits<'p> for Nest<'p> {
    fn elements(&mut self) -> &mut Elements<'p> {
        &mut self.elements
    }
}

impl<'p> Nest<'p> {
    /// Makes the values that phases before `phase` kept loadable at a point.
    pub(in crate::lower) fn load_kept(&mut self, at: &[Index], phase: usize) {
        self.elements.kept.clear();
        for node in self.schedule.kept[..phase].iter().flatten() {
            if let Some(kept) = self.kept.get(node) {
                let there = KeptElement {
                    access: Access::new(kept.memory, self.kept_subscripts(kept, at)),
                    coords: self.elements.member_coords(*node, at),
                };
                self.elements.kept.insert(*node, there);
            }
        }
    }

    pub(in crate::lower) fn phase(&mut self, phase: usize, point: &[Index]) {
        let reduction = |&node: &NodeId| Some((node, self.plan.model.reduction(node)?.clone()));
        let folds: Vec<(NodeId, Reduction)> = self.schedule.phases[phase]
            .iter()
            .filter_map(reduction)
            .collect();
        let extents = self.schedule.extents(&self.schedule.folded);
        let results = if extents.contains(&0) {
            folds
                .iter()
                .map(|(node, fold)| self.empty(*node, fold))
                .collect()
        } else {
            self.fold_loops(&folds, phase, point)
        };
        self.elements.kept.clear();
        self.elements
            .results
            .extend(folds.iter().map(|(node, _)| *node).zip(results));
    }

    fn dtype(&self, node: NodeId) -> DType {
        self.plan.model.ty(self.plan.model.operand(node, 0)).dtype
    }

    fn empty(&self, node: NodeId, fold: &Reduction) -> ValueId {
        let dtype = self.plan.model.ty(node).dtype;
        let builder = &self.elements.builder;
        match fold.state {
            FoldKind::Monoid(monoid) => builder.constant(dtype, &monoid.identity(dtype)),
            FoldKind::Arg { .. } => builder.int(dtype, 0),
        }
    }

    /// The dtype in which positions are kept.
    fn position_dtype(&self) -> DType {
        let extents = self.schedule.extents(&self.schedule.folded);
        let narrow = extents.iter().all(|&extent| extent < i32::MAX as u64);
        if narrow { DType::I32 } else { DType::I64 }
    }

    /// The neutral states of a fold.
    fn inits(&self, node: NodeId, fold: &Reduction) -> Vec<ValueId> {
        let (b, dtype) = (&self.elements.builder, self.dtype(node));
        let neutral = |monoid: Monoid| match (monoid, dtype.is_float()) {
            (Monoid::Sum, true) => Constant::NegZero,
            (_, _) => monoid.identity(dtype),
        };
        let scalars = match fold.state {
            FoldKind::Monoid(monoid) => vec![b.constant(dtype, &neutral(monoid))],
            FoldKind::Arg { largest } => {
                let monoid = if largest { Monoid::Max } else { Monoid::Min };
                let places = self.position_dtype();
                let last = places.integer_range().map_or(i64::MAX, |(_, high)| high);
                vec![b.constant(dtype, &neutral(monoid)), b.int(places, last)]
            }
        };
        let form = self.elements.lanes.form();
        scalars.into_iter().map(|x| b.splat(form, x)).collect()
    }

    /// The neutral states of several folds.
    pub(super) fn inits_of(&self, folds: &[(NodeId, Reduction)]) -> Vec<ValueId> {
        let inits = folds
            .iter()
            .flat_map(|(node, fold)| self.inits(*node, fold));
        inits.collect()
    }

    /// The dtypes of the states of a fold.
    pub(super) fn state_dtypes(&self, node: NodeId, fold: &Reduction) -> Vec<DType> {
        let value = self.dtype(node).compute();
        match fold.state {
            FoldKind::Monoid(_) => vec![value],
            FoldKind::Arg { .. } => vec![value, self.position_dtype()],
        }
    }

    /// Joins two states of a fold, the earlier one first.
    fn combined(&self, fold: &Reduction, left: &[ValueId], right: &[ValueId]) -> Vec<ValueId> {
        let b = &self.elements.builder;
        match (fold.state, left, right) {
            (FoldKind::Monoid(monoid), &[left], &[right]) => {
                let function = match monoid {
                    Monoid::Sum => Binary::Add,
                    Monoid::Max => Binary::Max,
                    Monoid::Min => Binary::Min,
                };
                vec![b.binary(function, left, right)]
            }
            (FoldKind::Arg { largest }, &[x, at_x], &[y, at_y]) => {
                let wins = if largest {
                    Comparison::Gt
                } else {
                    Comparison::Lt
                };
                let take = self.wins(wins, (y, at_y), (x, at_x));
                vec![b.select(take, y, x), b.select(take, at_y, at_x)]
            }
            (_, _, _) => {
                b.fail("a fold has an unexpected number of states");
                left.to_vec()
            }
        }
    }

    /// Whether a challenger beats the champion: it is better, or NaN against a number, or as good
    /// and first.
    fn wins(
        &self,
        better: Comparison,
        (y, at_y): (ValueId, ValueId),
        (x, at_x): (ValueId, ValueId),
    ) -> ValueId {
        let b = &self.elements.builder;
        let and = |p, q| b.connect(Connective::And, p, q);
        let or = |p, q| b.connect(Connective::Or, p, q);
        let first = b.compare(Comparison::Lt, at_y, at_x);
        let (ahead, equal) = (b.compare(better, y, x), b.compare(Comparison::Eq, y, x));
        if !b.type_of(x).dtype.is_float() {
            return or(ahead, and(equal, first));
        }
        let nan = |v| b.compare(Comparison::Ne, v, v);
        let (x_nan, y_nan) = (nan(x), nan(y));
        let strictly = or(ahead, and(y_nan, b.not(x_nan)));
        let alike = or(equal, and(x_nan, y_nan));
        or(strictly, and(alike, first))
    }

    fn fold_loops(
        &mut self,
        folds: &[(NodeId, Reduction)],
        phase: usize,
        point: &[Index],
    ) -> Vec<ValueId> {
        let inits = self.inits_of(folds);
        let finals = self.in_order(folds, phase, point, &inits);
        self.folded_results(folds, &finals)
    }

    /// The results of folds from their final states.
    pub(super) fn folded_results(
        &self,
        folds: &[(NodeId, Reduction)],
        finals: &[ValueId],
    ) -> Vec<ValueId> {
        let mut rest = finals.iter();
        let mut results = Vec::with_capacity(folds.len());
        for (node, fold) in folds {
            let value = rest.next().copied();
            let value = match fold.state {
                FoldKind::Monoid(_) => value,
                FoldKind::Arg { .. } => rest.next().copied(),
            };
            let dtype = self.plan.model.ty(*node).dtype;
            let value = value.unwrap_or_else(|| self.elements.builder.int(dtype, 0));
            results.push(self.elements.builder.cast(dtype.compute(), value));
        }
        results
    }

    /// The elements of a row, in the order of [`crate::lower::grouping`]; the final states.
    fn in_order(
        &mut self,
        folds: &[(NodeId, Reduction)],
        phase: usize,
        point: &[Index],
        inits: &[ValueId],
    ) -> Vec<ValueId> {
        let extents = self.schedule.extents(&self.schedule.folded);
        let (apart, limit) = match self.schedule.lies_across() {
            true => (extents.len(), COLUMN),
            false => (extents.len() - axes_of_line(&extents), 1),
        };
        let (apart, line) = extents.split_at(apart);
        let line = Shape::new(line.iter().copied());
        let fold = InPieces {
            extents: apart,
            pieces: Pieces::of(apart, limit),
            start: inits,
            neutral: inits,
            join: &|nest: &mut Nest<'p>, left, right| nest.all_combined(folds, left, right),
            at_once: 1,
            builder: self.elements.builder.clone(),
            life: std::marker::PhantomData,
        };
        fold.emit(self, &mut |nest, outer, states| {
            if line.rank() == 0 {
                let at = nest.completed(point, outer);
                return nest.step(folds, phase, &at, states);
            }
            let sum = nest.line(line.elements(), inits, folds, &mut |nest, flat, states| {
                let inner = nest.elements.unraveled(&line, flat);
                let folded: Vec<Index> = outer.iter().cloned().chain(inner).collect();
                let at = nest.completed(point, &folded);
                nest.step(folds, phase, &at, states)
            });
            match outer.is_empty() {
                true => sum,
                false => nest.all_combined(folds, states, &sum),
            }
        })
    }

    /// The fold of a line, in lanes and chunks.
    fn line(
        &mut self,
        extent: u64,
        inits: &[ValueId],
        folds: &[(NodeId, Reduction)],
        step: LineStep<'_, 'p>,
    ) -> Vec<ValueId> {
        if extent == 1 {
            return step(self, &Index::constant(0), inits);
        }
        let builder = self.elements.builder.clone();
        // Both closures need the nest, one after the other.
        let this = std::cell::RefCell::new(self);
        let (_, results) = builder.fold(
            line(extent),
            inits,
            |index, states| {
                let this = &mut *this.borrow_mut();
                this.elements.enter(&index, extent);
                let next = step(this, &index, states);
                this.elements.leave();
                next
            },
            |left, right| this.borrow().all_combined(folds, left, right),
        );
        results
    }

    pub(super) fn all_combined(
        &self,
        folds: &[(NodeId, Reduction)],
        left: &[ValueId],
        right: &[ValueId],
    ) -> Vec<ValueId> {
        let mut combined = Vec::with_capacity(left.len());
        for (node, fold) in folds {
            let outer = self.elements.builder.at(self.plan.line(*node));
            let states = match fold.state {
                FoldKind::Monoid(_) => 1,
                FoldKind::Arg { .. } => 2,
            };
            let part = combined.len()..(combined.len() + states).min(left.len()).min(right.len());
            let (left, right) = (&left[part.clone()], &right[part]);
            combined.extend(self.combined(fold, left, right));
            self.elements.builder.at(outer);
        }
        combined
    }

    /// One element into the states of all folds of a phase; keeps what is to be kept.
    pub(in crate::lower) fn step(
        &mut self,
        folds: &[(NodeId, Reduction)],
        phase: usize,
        at: &[Index],
        states: &[ValueId],
    ) -> Vec<ValueId> {
        self.load_kept(at, phase);
        let mut elements = Vec::with_capacity(states.len());
        for (node, fold) in folds {
            let outer = self.elements.builder.at(self.plan.line(*node));
            let operand = self.plan.model.operand(*node, 0);
            let value = self.elements.value(operand, at.to_vec());
            let value = full(&self.elements, value);
            elements.push(value);
            if let FoldKind::Arg { .. } = fold.state {
                // The position along the one axis that is folded.
                let axis = fold.axes.first().copied().unwrap_or(usize::MAX);
                let place = self.elements.coordinate(at, axis);
                let builder = &self.elements.builder;
                let place = builder.index_value(self.position_dtype(), &place);
                let place = builder.splat(self.elements.lanes.form(), place);
                elements.push(place);
            }
            self.elements.builder.at(outer);
        }
        for node in self.schedule.kept[phase].clone() {
            self.keep(node, at);
        }
        self.all_combined(folds, states, &elements)
    }

    fn keep(&mut self, node: NodeId, at: &[Index]) {
        let Some(kept) = self.kept.get(&node).cloned() else {
            return;
        };
        let value = self.elements.member_value(node, at);
        let value = full(&self.elements, value);
        let access = Access::new(kept.memory, self.kept_subscripts(&kept, at));
        self.elements.builder.store(access, value);
    }
}

/// A value in every lane.
fn full(elements: &Elements<'_>, value: ValueId) -> ValueId {
    match elements.builder.type_of(value).form {
        Form::Scalar => elements.builder.splat(elements.lanes.form(), value),
        Form::Vector(_) | Form::Tile(..) => value,
    }
}
