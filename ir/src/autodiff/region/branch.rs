//! The tangent and cotangent of a branch.

use super::super::rules::{Parts, Site};
use super::{Excerpt, Inner, made, name_of};
use crate::autodiff::AutodiffError;
use crate::builder::Builder;
use crate::constant::Constant;
use crate::graph::Value;
use crate::op::{Cond, Region};
use smallvec::SmallVec;
use std::rc::Rc;

/// The tangents of the results of a branch.
pub(in crate::autodiff) fn cond_jvp(
    b: &Builder,
    site: &Site,
    cond: &Cond,
    given: &[Option<Value>],
) -> Result<Parts, AutodiffError> {
    let mut parts: Parts = SmallVec::from_elem(None, site.results.len());
    let wrt: Vec<usize> = (1..given.len()).filter(|&at| given[at].is_some()).collect();
    if wrt.is_empty() {
        return Ok(parts);
    }
    let inner: Vec<usize> = wrt.iter().map(|at| at - 1).collect();
    let branches = [&cond.then, &cond.otherwise];
    let mut derived = Vec::new();
    for region in branches {
        let body = b.with_graph(|graph| region.body().clone().constants_as_in(graph));
        derived.push(Inner::forward(&body, &inner)?);
    }
    let varies = |at: &usize| derived.iter().any(|inner| inner.parts[*at].is_some());
    let varying: Vec<usize> = (0..parts.len()).filter(varies).collect();
    let mut regions = Vec::new();
    for (region, inner) in branches.into_iter().zip(&derived) {
        let like: Vec<Value> = inner.graph.outputs().iter().map(|o| o.value).collect();
        regions.push(selected(region, inner, "t", &varying, &like)?);
    }
    let mut operands = site.operands.to_vec();
    operands.extend(given.iter().copied().flatten());
    let results = apply_branches(b, regions, &operands)?;
    for (at, result) in varying.into_iter().zip(results) {
        parts[at] = Some(result);
    }
    Ok(parts)
}

/// The cotangents of the operands of a branch.
pub(in crate::autodiff) fn cond_vjp(
    b: &Builder,
    site: &Site,
    cond: &Cond,
    cotangents: &[Option<Value>],
    wanted: &dyn Fn(usize) -> bool,
) -> Result<Parts, AutodiffError> {
    let mut parts: Parts = SmallVec::from_elem(None, site.operands.len());
    let of: Vec<usize> = (0..cotangents.len())
        .filter(|&at| cotangents[at].is_some())
        .collect();
    let wrt: Vec<usize> = (1..site.operands.len()).filter(|&at| wanted(at)).collect();
    let inner: Vec<usize> = wrt.iter().map(|at| at - 1).collect();
    let branches = [&cond.then, &cond.otherwise];
    let mut derived = Vec::new();
    for region in branches {
        let body = b.with_graph(|graph| region.body().clone().constants_as_in(graph));
        derived.push(Inner::reverse(&body, &of, &inner)?);
    }
    let varies = |at: &usize| derived.iter().any(|inner| inner.parts[*at].is_some());
    let varying: Vec<usize> = (0..wrt.len()).filter(varies).collect();
    if varying.is_empty() {
        return Ok(parts);
    }
    let mut regions = Vec::new();
    for (region, derived) in branches.into_iter().zip(&derived) {
        let like: Vec<Value> = inner.iter().map(|&at| derived.graph.inputs()[at]).collect();
        regions.push(selected(region, derived, "d", &varying, &like)?);
    }
    let mut operands = site.operands.to_vec();
    operands.extend(cotangents.iter().copied().flatten());
    let results = apply_branches(b, regions, &operands)?;
    for (at, result) in varying.into_iter().zip(results) {
        parts[wrt[at]] = Some(result);
    }
    Ok(parts)
}

/// The region that computes some parts of a derivative; those that are structural zeros are zeros of
/// the types of `like`.
fn selected(
    region: &Region,
    inner: &Inner,
    prefix: &str,
    wanted: &[usize],
    like: &[Value],
) -> Result<Rc<Region>, AutodiffError> {
    let mut excerpt = Excerpt::of(&inner.graph);
    for input in inner.graph.inputs() {
        excerpt.takes(*input, None)?;
    }
    for &at in wanted {
        let value = match inner.parts[at] {
            Some(part) => excerpt.computes(&[part])?[0],
            None => {
                let ty = inner.graph.ty(like[at]);
                let zero = Constant::integer(0);
                excerpt.builder.full(ty, &zero)?
            }
        };
        let name = format!("{prefix}_{}", name_of(&inner.graph, like[at]));
        excerpt.yields(&name, value);
    }
    Ok(made(
        format!("{prefix}_{}", region.name()),
        &[],
        excerpt.finish(),
    ))
}

fn apply_branches(
    b: &Builder,
    regions: Vec<Rc<Region>>,
    operands: &[Value],
) -> Result<Vec<Value>, AutodiffError> {
    let mut regions = regions.into_iter();
    let (Some(then), Some(otherwise)) = (regions.next(), regions.next()) else {
        return Err(AutodiffError::Missing("branch".to_string()));
    };
    Ok(b.apply_all(Cond { then, otherwise }, operands)?.to_vec())
}
