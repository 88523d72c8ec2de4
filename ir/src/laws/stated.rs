//! Rules that graphs state themselves, against the derivatives of their bodies.
//!
//! A rule and the derived VJP are run at the same random points of the body's domain, with the same
//! cotangents. Rules within the body count as what they stand for, so that each is judged by
//! what the primitive ops compute. Only where a body calls a graph whose rule is not the derivative, a rule
//! around it may also be what follows from that one.
//!
//! What a rule says of integers has nothing beside it, since they have no derivative: only what it says of floats
//! is compared, with cotangents of integer results that are 0.

use super::derivatives::{Derivatives, float_outputs};
use super::domain::Domain;
use super::graph::{Options, too_many, work};
use super::number::Number;
use super::outcome::{Outcome, Tally};
use super::point::{Point, Random};
use super::rules::{Effort, LawError, directions, nothing_to_differentiate, outputs};
use super::settle::{Check, Digits, settle};
use crate::autodiff::{self, AutodiffError};
use crate::builder::Builder;
use crate::constant::Constant;
use crate::graph::Graph;
use crate::module::Module;
use crate::op::{Input, Pullback, Region, Stated, TypeError};
use crate::rewrite::{decompose, without_surrogates};
use crate::span::Span;
use std::fmt;
use std::rc::Rc;

/// What became of the rule of one graph.
#[derive(Clone, Debug, PartialEq)]
pub struct StatedRule {
    /// The graph that states it.
    pub graph: String,
    /// Whether it is the derivative of the body, as far as it speaks of floats.
    pub outcome: Outcome,
    /// Whether it speaks of integers as well.
    pub integers: bool,
}

impl fmt::Display for StatedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.outcome)?;
        match self.integers && !self.outcome.is_skipped() {
            true => {
                f.write_str(", for floats; stated for integers, with nothing to compare that with")
            }
            false => Ok(()),
        }
    }
}

/// Compares each rule that a module uses with the derivative of its graph's body.
///
/// # Errors
/// A derivative cannot be built, which is a bug of lgc.
pub fn check_rules(module: &Module, options: &Options) -> Result<Vec<StatedRule>, LawError> {
    let check = |region: &Rc<Region>| {
        Ok(StatedRule {
            graph: region.name().to_string(),
            outcome: check_rule(region, options)?,
            integers: region.states_integers(),
        })
    };
    module.rules.iter().map(check).collect()
}

/// A rule beside the derived VJP; both take and yield the same.
struct Pair {
    stated: Derivatives,
    derived: Graph,
    /// Names of the inputs, then of the cotangents.
    inputs: Vec<String>,
    /// Names of the cotangents that are compared.
    gradients: Vec<String>,
}

impl Pair {
    /// The rule beside the derivative of what the primitive ops compute, or, where that is another, of what graphs
    /// with surrogate rules say: the second one only if there are any.
    fn all(region: &Rc<Region>) -> Result<Vec<Pair>, LawError> {
        let body = region.body().clone().with_exact_constants();
        let (plain, replaced) = without_surrogates(&body)?;
        // What it calls counts as what it stands for, which has a forward mode.
        let shown = match replaced.is_empty() {
            true => region.clone(),
            false => Rc::new(region.with_body(plain.clone())),
        };
        let stated = Derivatives::of(&Region::called(&shown, Span::SYNTHETIC)?)?;
        let (primitive, _) = decompose(&plain, &|_| false)?;
        let mut pairs = vec![Pair::of(region, stated.clone(), &primitive)?];
        if !replaced.is_empty() {
            match Pair::of(region, stated, &body) {
                // Cotangents of integers meet an op that has none, so that nothing follows.
                Err(LawError::Autodiff(AutodiffError::Integers { .. })) => {}
                pair => pairs.push(pair?),
            }
        }
        Ok(pairs)
    }

    fn of(region: &Region, stated: Derivatives, body: &Graph) -> Result<Pair, LawError> {
        let derived = autodiff::pullback(body, &float_outputs(body), &stated.wrt)?;
        let name = |value: &crate::graph::Value| {
            let name = stated.vjp.name(value.node);
            name.unwrap_or("an input").to_string()
        };
        let rule = region.rule().map(|rule| rule.outputs().to_vec());
        let gradients = rule.unwrap_or_default().into_iter();
        Ok(Pair {
            derived,
            inputs: stated.vjp.inputs().iter().map(name).collect(),
            gradients: gradients.map(|output| output.name).collect(),
            stated,
        })
    }

    /// The point and the cotangents, by name.
    fn place(&self, point: &Point) -> String {
        let tensors = point.describe_each();
        let named = self.inputs.iter().zip(tensors);
        let named: Vec<String> = named.map(|(name, x)| format!("{name} = {x}")).collect();
        named.join(", ")
    }
}

/// The rule of a region, against the derivative of its body.
struct RuleCheck<'a> {
    region: &'a Region,
    pair: Pair,
}

impl Check for RuleCheck<'_> {
    fn derivatives(&self) -> &Derivatives {
        &self.pair.stated
    }

    fn over<N: Number>(&self, effort: Effort) -> Result<Outcome, LawError> {
        let RuleCheck { region, pair } = self;
        let mut random = Random(effort.seed);
        let mut domain = Domain::of(&pair.stated.graph)?;
        let mut tally = Tally::default();
        for _ in 0..effort.points {
            let point = match domain.draw::<N>(&mut random) {
                Ok(point) => point,
                Err(why) => {
                    tally.skip(why);
                    continue;
                }
            };
            let (_, cotangents) = directions::<N>(&pair.stated, &mut random);
            let point = point.with(&cotangents);
            let inputs = point.tensors();
            let stated = outputs::<N>(&pair.stated.vjp, &inputs)?;
            let derived = outputs::<N>(&pair.derived, &inputs)?;
            let results = pair.stated.graph.outputs().len();
            let pairs = stated.iter().zip(&derived).skip(results);
            let mut at_point = Tally::default();
            for (name, (stated, derived)) in pair.gradients.iter().zip(pairs) {
                let elements = stated.as_numbers().iter().zip(derived.as_numbers());
                for (element, (stated, derived)) in elements.enumerate() {
                    at_point.compare(stated, derived, || {
                        let (graph, place) = (region.name(), pair.place(&point));
                        format!(
                            "element {element} of `{name}` in the rule of `{graph}`, against the \
                             derivative of its body, at {place}"
                        )
                    });
                }
            }
            tally.merge(at_point);
        }
        Ok(tally.outcome())
    }
}

fn check_rule(region: &Rc<Region>, options: &Options) -> Result<Outcome, LawError> {
    if region.is_surrogate() {
        return Ok(Outcome::Vacuous(
            "a surrogate, which is meant to differ from the derivative",
        ));
    }
    let Some(region) = &of_floats(region)? else {
        return Ok(Outcome::Vacuous(
            "stated for integers, with nothing to compare it with",
        ));
    };
    let mut outcome = None;
    for pair in Pair::all(region)? {
        let found = check_pair(RuleCheck { region, pair }, options)?;
        let holds = !found.is_failure();
        // What the primitive ops say is what a failure is told of.
        outcome = match outcome {
            Some(first) if !holds => Some(first),
            Some(_) | None => Some(found),
        };
        if holds {
            break;
        }
    }
    Ok(outcome.unwrap_or(Outcome::Vacuous("no rule")))
}

/// The region with a rule that speaks of floats only; none if it speaks of integers only.
fn of_floats(region: &Rc<Region>) -> Result<Option<Rc<Region>>, TypeError> {
    let (Some(rule), true) = (region.rule(), region.states_integers()) else {
        return Ok(Some(region.clone()));
    };
    let body = region.body();
    let builder = Builder::new(Graph::like(rule), Span::SYNTHETIC);
    let own = body.inputs().len() + body.outputs().len();
    let mut arguments = Vec::with_capacity(rule.inputs().len());
    for (position, input) in rule.inputs().iter().enumerate() {
        let ty = rule.ty(*input);
        arguments.push(if position < own || ty.dtype.is_float() {
            let (dtype, shape) = (ty.dtype, ty.shape.clone());
            let argument = builder.apply(Input { dtype, shape }, &[])?;
            let name = rule.name(input.node).unwrap_or_default();
            builder.edit(|graph| graph.set_name(argument.node, name));
            argument
        } else {
            builder.full(ty, &Constant::integer(0))?
        });
    }
    let values = builder.inline(rule, &arguments)?;
    let mut graph = builder.finish();
    for (output, value) in rule.outputs().iter().zip(values) {
        if graph.ty(value).dtype.is_float() {
            graph.add_output(&output.name, value);
        }
    }
    let speaks = !graph.outputs().is_empty() && !float_outputs(body).is_empty();
    let stated = Stated::of_floats(graph, body);
    let (name, doc) = (region.name(), region.doc().to_vec());
    let region = Region::new(name, doc, body.clone(), Pullback::Rule(stated))?;
    Ok(speaks.then(|| Rc::new(region)))
}

fn check_pair(check: RuleCheck<'_>, options: &Options) -> Result<Outcome, LawError> {
    let pair = &check.pair;
    if let Some(why) = nothing_to_differentiate(&pair.stated) {
        return Ok(Outcome::Vacuous(why));
    }
    let work = work(&pair.stated.vjp)?.saturating_add(work(&pair.derived)?);
    if work > options.work {
        return Ok(Outcome::Skipped(too_many(work).into()));
    }
    let exact = work <= options.exact_work;
    settle(&check, work, exact, options, &Digits::default())
}
