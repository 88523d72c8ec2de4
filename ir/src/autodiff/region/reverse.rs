//! The cotangent of a loop.

use super::super::or_zeros;
use super::super::rules::{Parts, Site};
use super::{Excerpt, Inner, Merge, made, name_of, positions, reached};
use crate::autodiff::AutodiffError;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::graph::{Graph, NodeId, Value};
use crate::op::{Op, Scan, ScanRole, names_integers};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

/// The derivative of a turn, from the cotangents of what it yields.
struct Turn {
    inner: Inner,
    /// The outputs with a cotangent: the seeds, in the order of the inputs that they are.
    of: Vec<usize>,
    /// The cotangent of each parameter that has one.
    parts: FxHashMap<usize, Value>,
}

impl Turn {
    /// The derivative of a turn, with a cotangent for each carried value that ever has one.
    fn new(
        body: &Graph,
        scan: &Scan,
        cotangents: &[Option<Value>],
        wanted: &dyn Fn(usize) -> bool,
    ) -> Result<Turn, AutodiffError> {
        let is_integer = |at: usize| body.ty(body.outputs()[at].value).dtype.is_integer();
        let mut given = (0..cotangents.len()).filter(|at| cotangents[*at].is_some());
        let integers = names_integers(body) || given.any(is_integer);
        let mut varying: Vec<bool> = (0..body.inputs().len()).map(wanted).collect();
        let reaches = loop {
            let reaches = reached(body, &varying, integers);
            let fresh = |&carry: &usize| reaches[carry] && !varying[carry];
            let grown: Vec<usize> = (0..scan.carries).filter(fresh).collect();
            if grown.is_empty() {
                break reaches;
            }
            grown.into_iter().for_each(|carry| varying[carry] = true);
        };
        let seeded = |(at, cotangent): (usize, &Option<Value>)| {
            let flows = if at < scan.carries {
                varying[at]
            } else {
                reaches[at]
            };
            cotangent.is_some() && flows
        };
        let mut seeded: Vec<bool> = cotangents.iter().enumerate().map(seeded).collect();
        let wrt = positions(&varying);
        loop {
            let of = positions(&seeded);
            let inner = Inner::reverse(body, &of, &wrt)?;
            let parts = wrt.iter().zip(&inner.parts);
            let parts: FxHashMap<usize, Value> = parts
                .filter_map(|(&at, part)| Some((at, (*part)?)))
                .collect();
            let fresh = |&carry: &usize| parts.contains_key(&carry) && !seeded[carry];
            let grown: Vec<usize> = (0..scan.carries).filter(fresh).collect();
            if grown.is_empty() {
                return Ok(Turn { inner, of, parts });
            }
            grown.into_iter().for_each(|carry| seeded[carry] = true);
        }
    }

    /// The values of the first computation that a turn back takes from stacks: those of the `needed`
    /// ones' past that it cannot or should not compute again.
    fn residuals(&self, scan: &Scan, needed: &[Value]) -> Vec<Value> {
        let graph = &self.inner.graph;
        let facts = Facts::of(graph, scan);
        let mut used: FxHashSet<Value> = needed.iter().copied().collect();
        let is_used = |used: &FxHashSet<Value>, node: NodeId| {
            let results = graph.results(node);
            results.iter().any(|value| used.contains(value))
        };
        // First what is read for certain, so that the choice for one value knows of the others.
        for node in graph
            .nodes()
            .rev()
            .filter(|node| facts.backward[node.index()])
        {
            if is_used(&used, node) {
                used.extend(graph.operands(node));
            }
        }
        let mut residuals = Vec::new();
        for node in graph
            .nodes()
            .rev()
            .filter(|node| !facts.backward[node.index()])
        {
            if facts.given[node.index()] || !is_used(&used, node) {
                continue;
            }
            if facts.is_recomputed(graph, node, &used) {
                used.extend(graph.operands(node));
            } else {
                let results = graph.results(node).into_iter().rev();
                residuals.extend(results.filter(|value| used.contains(value)));
            }
        }
        residuals.reverse();
        residuals
    }
}

/// What decides whether a turn back computes a value again.
struct Facts {
    /// Whether a node is a parameter that a turn back has as well: a slice, a closed value, or a
    /// cotangent.
    given: Vec<bool>,
    /// Whether it depends on a cotangent.
    backward: Vec<bool>,
    /// Whether it is the same in every turn.
    fixed: Vec<bool>,
    /// Whether it stands behind a barrier.
    hidden: Vec<bool>,
}

impl Facts {
    fn of(graph: &Graph, scan: &Scan) -> Facts {
        let count = graph.len();
        let mut facts = Facts {
            given: vec![false; count],
            backward: vec![false; count],
            fixed: vec![false; count],
            hidden: vec![false; count],
        };
        let own = scan.body().inputs().len();
        for (position, input) in graph.inputs().iter().enumerate() {
            let at = input.node.index();
            facts.backward[at] = position >= own;
            facts.fixed[at] = position < own && scan.role(position) == ScanRole::Closed;
            facts.given[at] = position >= own || scan.role(position) != ScanRole::Carry;
        }
        for node in graph.nodes() {
            let at = node.index();
            if matches!(graph.op(node), Op::Input(_)) {
                continue;
            }
            let operands = graph.operands(node);
            let some = |of: &[bool]| operands.iter().any(|x| of[x.node.index()]);
            facts.backward[at] = some(&facts.backward);
            facts.hidden[at] = matches!(graph.op(node), Op::Barrier(_)) || some(&facts.hidden);
            facts.fixed[at] = operands.iter().all(|x| facts.fixed[x.node.index()]);
        }
        facts
    }

    fn is_recomputed(&self, graph: &Graph, node: NodeId, used: &FxHashSet<Value>) -> bool {
        let at = node.index();
        if matches!(graph.op(node), Op::Input(_)) {
            return false;
        }
        if self.hidden[at] || self.fixed[at] {
            return true;
        }
        let fresh = |value: &&Value| {
            let operand = value.node.index();
            !used.contains(value) && !self.given[operand] && !self.fixed[operand]
        };
        let operands: FxHashSet<Value> = graph.operands(node).into_iter().collect();
        let more: u64 = operands
            .iter()
            .filter(fresh)
            .map(|x| graph.ty(*x).bytes())
            .sum();
        graph.op(node).is_cheap() && more <= graph.ty(Value { node, result: 0 }).bytes()
    }
}

/// The parameters of a body whose cotangents are sought.
struct Sought {
    /// Those that are carried, in the order of the cotangents that a turn back carries.
    carried: Vec<usize>,
    closed: Vec<usize>,
    slices: Vec<usize>,
}

impl Sought {
    fn of(turn: &Turn, scan: &Scan, wanted: &dyn Fn(usize) -> bool) -> Sought {
        let carried = turn.of.iter().copied();
        let all = |role: ScanRole| -> Vec<usize> {
            let has =
                |at: &usize| scan.role(*at) == role && wanted(*at) && turn.parts.contains_key(at);
            (0..scan.body().inputs().len()).filter(has).collect()
        };
        Sought {
            carried: carried.filter(|&at| at < scan.carries).collect(),
            closed: all(ScanRole::Closed),
            slices: all(ScanRole::Slice),
        }
    }

    /// All of them, in the order in which the loop back yields their cotangents.
    fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        let all = self.carried.iter().chain(&self.closed).chain(&self.slices);
        all.copied()
    }
}

/// The cotangents of the operands of a scan.
pub(in crate::autodiff) fn scan_vjp(
    b: &Builder,
    (node, site): (NodeId, &Site),
    scan: &Scan,
    cotangents: &[Option<Value>],
    wanted: &dyn Fn(usize) -> bool,
) -> Result<(Parts, Option<Merge>), AutodiffError> {
    let mut parts: Parts = SmallVec::from_elem(None, site.operands.len());
    let body = b.with_graph(|graph| scan.body().clone().constants_as_in(graph));
    let turn = Turn::new(&body, scan, cotangents, wanted)?;
    if turn.of.is_empty() {
        return Ok((parts, None));
    }
    let graph = &turn.inner.graph;
    let sought = Sought::of(&turn, scan, wanted);
    let yielded = sought.positions();
    let needed: Vec<Value> = yielded
        .filter_map(|at| turn.parts.get(&at).copied())
        .collect();
    let residuals = turn.residuals(scan, &needed);
    let (kept, augmented) = keep_residuals(b, (node, site), scan, graph, &residuals)?;

    let mut back = Back {
        b,
        site,
        scan,
        turn: &turn,
        sought: &sought,
        used: read_by(graph, &needed, &residuals),
        excerpt: Excerpt::of(graph),
        operands: Vec::new(),
    };
    let sums = back.take_carried(cotangents)?;
    let carries = back.operands.len();
    back.take_stacked(cotangents, &residuals, kept)?;
    let stacked = back.operands.len() - carries;
    back.take_own(ScanRole::Closed)?;
    back.yield_cotangents(&needed, &sums)?;
    let Back {
        excerpt, operands, ..
    } = back;
    let backward = Scan {
        region: made(format!("d_{}", scan.region.name()), &[], excerpt.finish()),
        carries,
        stacked,
        length: scan.length,
        reverse: !scan.reverse,
    };
    let results = b.apply_all(backward, &operands)?;
    for (position, &result) in sought.positions().zip(&results) {
        if wanted(position) {
            parts[position] = Some(result);
        }
    }
    Ok((parts, augmented))
}

/// The loop in the other direction under construction: its turns, and its operands so far.
struct Back<'a> {
    b: &'a Builder,
    /// The loop that is differentiated.
    site: &'a Site,
    scan: &'a Scan,
    turn: &'a Turn,
    sought: &'a Sought,
    /// For each node of a turn, whether a turn back reads it.
    used: Vec<bool>,
    excerpt: Excerpt<'a>,
    operands: Vec<Value>,
}

impl Back<'_> {
    /// The seeds of a turn, with the results whose cotangents they are.
    fn seeds(&self) -> Vec<(Value, usize)> {
        let own = self.scan.body().inputs().len();
        let seeds = self.turn.inner.graph.inputs().iter().skip(own).copied();
        seeds.zip(self.turn.of.iter().copied()).collect()
    }

    /// Takes what is carried: the cotangents of carried values, and a sum for each closed value, which
    /// are returned.
    fn take_carried(&mut self, cotangents: &[Option<Value>]) -> Result<Vec<Value>, AutodiffError> {
        let graph = &self.turn.inner.graph;
        for (seed, position) in self.seeds() {
            if position < self.scan.carries {
                self.excerpt.takes(seed, None)?;
                let result = self.site.results[position];
                let cotangent = or_zeros(self.b, cotangents[position], result)?;
                self.operands.push(cotangent);
            }
        }
        let mut sums = Vec::with_capacity(self.sought.closed.len());
        for &position in &self.sought.closed {
            let input = graph.inputs()[position];
            let name = format!("sum_{}", name_of(graph, input));
            sums.push(self.excerpt.parameter(graph.ty(input), &name)?);
            let zero = self.b.integer_like(self.site.operands[position], 0)?;
            self.operands.push(zero);
        }
        Ok(sums)
    }

    /// Takes slices: of the cotangents of stacked results, of stacked operands, and of what the first
    /// loop has kept.
    fn take_stacked(
        &mut self,
        cotangents: &[Option<Value>],
        residuals: &[Value],
        kept: Vec<Value>,
    ) -> Result<(), AutodiffError> {
        for (seed, position) in self.seeds() {
            if position >= self.scan.carries {
                self.excerpt.takes(seed, None)?;
                self.operands.extend(cotangents[position]);
            }
        }
        self.take_own(ScanRole::Slice)?;
        for residual in residuals {
            self.excerpt.takes(*residual, None)?;
        }
        self.operands.extend(kept);
        Ok(())
    }

    /// Takes the parameters of the first loop in one role that a turn back reads.
    fn take_own(&mut self, role: ScanRole) -> Result<(), AutodiffError> {
        for (position, operand) in self.site.operands.iter().enumerate() {
            let input = self.turn.inner.graph.inputs()[position];
            if self.scan.role(position) == role && self.used[input.node.index()] {
                self.excerpt.takes(input, None)?;
                self.operands.push(*operand);
            }
        }
        Ok(())
    }

    /// Computes the `needed` cotangents, and yields them: those of closed values added to their sums.
    fn yield_cotangents(&mut self, needed: &[Value], sums: &[Value]) -> Result<(), AutodiffError> {
        let graph = &self.turn.inner.graph;
        let copies = self.excerpt.computes(needed)?;
        let known: FxHashMap<Value, Value> = needed.iter().copied().zip(copies).collect();
        let part = |at: usize| {
            let part = self.turn.parts.get(&at)?;
            known.get(part).copied()
        };
        let name = |at: usize| format!("d_{}", name_of(graph, graph.inputs()[at]));
        for &position in &self.sought.carried {
            let value = match part(position) {
                Some(part) => part,
                None => {
                    let ty = graph.ty(graph.inputs()[position]);
                    self.excerpt.builder.full(ty, &Constant::integer(0))?
                }
            };
            self.excerpt.yields(&name(position), value);
        }
        for (&position, &sum) in self.sought.closed.iter().zip(sums) {
            if let Some(part) = part(position) {
                let next = self.excerpt.builder.add(sum, part)?;
                self.excerpt.yields(&name(position), next);
            }
        }
        for &position in &self.sought.slices {
            if let Some(part) = part(position) {
                self.excerpt.yields(&name(position), part);
            }
        }
        Ok(())
    }
}

/// For each node, whether computing `needed` reads it, where `residuals` are there.
fn read_by(graph: &Graph, needed: &[Value], residuals: &[Value]) -> Vec<bool> {
    let there: FxHashSet<Value> = residuals.iter().copied().collect();
    let mut read = vec![false; graph.len()];
    for value in needed.iter().filter(|value| !there.contains(value)) {
        read[value.node.index()] = true;
    }
    for node in graph.nodes().rev() {
        if read[node.index()] {
            for operand in graph.operands(node) {
                if !there.contains(&operand) {
                    read[operand.node.index()] = true;
                }
            }
        }
    }
    read
}

/// The scan that stacks residuals as well, on the operands of the first one.
fn keep_residuals(
    b: &Builder,
    (of, site): (NodeId, &Site),
    scan: &Scan,
    graph: &Graph,
    residuals: &[Value],
) -> Result<(Vec<Value>, Option<Merge>), AutodiffError> {
    if residuals.is_empty() {
        return Ok((Vec::new(), None));
    }
    let mut excerpt = Excerpt::of(graph);
    for input in graph.inputs().iter().take(scan.body().inputs().len()) {
        excerpt.takes(*input, None)?;
    }
    let outputs = graph.outputs().to_vec();
    let values: Vec<Value> = outputs.iter().map(|output| output.value).collect();
    let all = [values.as_slice(), residuals].concat();
    let copies = excerpt.computes(&all)?;
    for (output, copy) in outputs.iter().zip(&copies) {
        excerpt.yields(&output.name, *copy);
    }
    for (residual, copy) in residuals.iter().zip(&copies[outputs.len()..]) {
        excerpt.yields(&format!("{}_kept", name_of(graph, *residual)), *copy);
    }
    let region = made(
        scan.region.name().to_string(),
        scan.region.doc(),
        excerpt.finish(),
    );
    let by = b.node(
        Scan {
            region,
            ..scan.clone()
        },
        &site.operands,
    )?;
    let count = outputs.len() as u16;
    let kept = (count..count + residuals.len() as u16).map(|result| Value { node: by, result });
    let results = (0..count).collect();
    Ok((kept.collect(), Some(Merge { of, by, results })))
}
