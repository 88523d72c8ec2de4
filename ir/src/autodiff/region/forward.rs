//! The tangent of a loop.

use super::super::or_zeros;
use super::super::rules::{Parts, Site};
use super::{Excerpt, Inner, Merge, made, positions};
use crate::autodiff::AutodiffError;
use crate::builder::Builder;
use crate::graph::{NodeId, Value};
use crate::op::{Scan, ScanRole};
use smallvec::SmallVec;

/// The tangents of the results of a scan.
pub(in crate::autodiff) fn scan_jvp(
    b: &Builder,
    (node, site): (NodeId, &Site),
    scan: &Scan,
    given: &[Option<Value>],
) -> Result<(Parts, Option<Merge>), AutodiffError> {
    let absent = (SmallVec::from_elem(None, site.results.len()), None);
    let body = &b.with_graph(|graph| scan.body().clone().constants_as_in(graph));
    let mut active: Vec<bool> = given.iter().map(Option::is_some).collect();
    if !active.contains(&true) {
        return Ok(absent);
    }
    let inner = loop {
        let inner = Inner::forward(body, &positions(&active))?;
        let fresh = |&carry: &usize| inner.parts[carry].is_some() && !active[carry];
        let grown: Vec<usize> = (0..scan.carries).filter(fresh).collect();
        if grown.is_empty() {
            break inner;
        }
        grown.into_iter().for_each(|carry| active[carry] = true);
    };
    let wrt = positions(&active);
    let own = body.inputs().len();
    // The parameters of each kind, then their tangents.
    let mut excerpt = Excerpt::of(&inner.graph);
    let mut operands = Vec::new();
    let mut counts = [0; 3];
    for (kind, role) in [ScanRole::Carry, ScanRole::Slice, ScanRole::Closed]
        .into_iter()
        .enumerate()
    {
        for position in (0..own).filter(|&position| scan.role(position) == role) {
            excerpt.takes(inner.graph.inputs()[position], None)?;
            operands.push(site.operands[position]);
            counts[kind] += 1;
        }
        for (at, &position) in wrt.iter().enumerate() {
            if scan.role(position) == role {
                excerpt.takes(inner.graph.inputs()[own + at], None)?;
                operands.push(or_zeros(b, given[position], site.operands[position])?);
                counts[kind] += 1;
            }
        }
    }
    let outputs = inner.graph.outputs();
    let carried = outputs.len().min(scan.carries);
    let mut results = Vec::with_capacity(outputs.len());
    let mut parts: Parts = SmallVec::from_elem(None, site.results.len());
    let mut places: Vec<(usize, u16)> = Vec::new();
    let mut count = 0;
    for range in [0..carried, carried..outputs.len()] {
        for position in range.clone() {
            let value = excerpt.computes(&[outputs[position].value])?[0];
            excerpt.yields(&outputs[position].name, value);
            results.push(count);
            count += 1;
        }
        for position in range {
            let is_active = match scan.role(position) {
                ScanRole::Carry if position < carried => active[position],
                ScanRole::Carry | ScanRole::Slice | ScanRole::Closed => {
                    inner.parts[position].is_some()
                }
            };
            if !is_active {
                continue;
            }
            let value = match inner.parts[position] {
                Some(part) => excerpt.computes(&[part])?[0],
                None => {
                    let like = excerpt.copied(&[outputs[position].value])?[0];
                    excerpt.builder.integer_like(like, 0)?
                }
            };
            excerpt.yields(&format!("t_{}", outputs[position].name), value);
            places.push((position, count));
            count += 1;
        }
    }
    let name = format!("t_{}", scan.region.name());
    let doubled = Scan {
        region: made(name, &[], excerpt.finish()),
        carries: counts[0],
        stacked: counts[1],
        ..scan.clone()
    };
    let by = b.node(doubled, &operands)?;
    for (position, result) in places {
        parts[position] = Some(Value { node: by, result });
    }
    let of = node;
    Ok((parts, Some(Merge { of, by, results })))
}
