//! The rules of pointwise and discrete ops, for all values of their attributes.
//!
//! A rule is traced of an op whose attributes have values. To say it of all values, each attribute that is a
//! number is given a mark, a number that no rule writes, and the mark is read back as the attribute's name.
//! Where an op treats a value apart (an exponent that is a small natural number), the rule traced at that
//! value is not the one of the marks: such values are found by trying [`TRIED`] and those of the examples,
//! and their rules are printed beside it.

use super::expression::{Reading, number};
use super::{RulesError, used};
use crate::constant::Constant;
use crate::dtype::DType;
use crate::expr::{Expr, Rule};
use crate::op::{AttrSpec, AttrValue, Attribute, Family, Guard, Op, Real, Spec};
use crate::shape::Type;
use std::fmt::Write as _;
use std::rc::Rc;

/// Values with which attributes are traced that stand for any value, ascending. They are positive, so that
/// all ops take them, and no rule writes them.
const MARKS: [f64; 4] = [
    0.376_953_125,
    0.733_398_437_5,
    1.571_289_062_5,
    2.113_281_25,
];

/// Values at which an op may have another rule.
const TRIED: [f64; 24] = [
    -2.0, -1.5, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0,
    11.0, 12.0, 13.0, 14.0, 15.0, 16.0,
];

/// Values by which it is found which attributes an op refuses.
const REFUSED: [f64; 7] = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0];

/// What is claimed of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    /// Its partial derivatives are those of the op.
    Sound,
    /// The op is constant around every point where its conditions hold.
    Flat,
}

/// A printed rule.
#[derive(Clone, Debug)]
pub(super) struct Printed {
    /// The name of the definition.
    name: String,
    /// The name of what the op means.
    meaning: String,
    /// What is claimed.
    claim: Claim,
    /// How many attributes and operands what it means is a function of.
    places: usize,
    /// The definition.
    pub(super) text: String,
}

impl Printed {
    /// The theorem that is to hold of the rule, as a command that looks it up.
    pub(super) fn theorem(&self) -> String {
        let claim = match self.claim {
            Claim::Sound => "sound",
            Claim::Flat => "flat",
        };
        let (name, meaning, places) = (&self.name, &self.meaning, self.places);
        format!(
            "Check (Pointwise.{name}_holds : {claim} (n := {places}) Meaning.{meaning} Rules.{name})."
        )
    }
}

/// One op with the values of its numbers left open, but for those that are fixed.
struct Open<'a> {
    spec: &'a Spec,
    /// Attributes that are no numbers.
    choices: Vec<(String, AttrValue)>,
    /// The attributes that are numbers, with the value of each, and whether it stands for any.
    numbers: Vec<(&'a AttrSpec, f64, bool)>,
}

impl<'a> Open<'a> {
    /// The op with the choices that `op` makes, and marks for its numbers.
    fn of(spec: &'a Spec, op: &Op) -> Self {
        let is_number = |attribute: &&AttrSpec| attribute.kind == Real::KIND;
        let numbers: Vec<_> = spec
            .attributes
            .iter()
            .filter(is_number)
            .zip(MARKS)
            .map(|(attribute, mark)| (attribute, mark, true))
            .collect();
        let known = |name: &str| numbers.iter().any(|(number, ..)| number.name == name);
        let given = op.attributes().into_iter();
        let choices = given
            .filter(|(name, _)| !known(name))
            .map(|(name, value)| (name.to_string(), value))
            .collect();
        Open {
            spec,
            choices,
            numbers,
        }
    }

    /// The same op with one number fixed.
    fn fixed(&self, at: usize, value: f64) -> Open<'a> {
        let mut numbers = self.numbers.clone();
        if let Some(number) = numbers.get_mut(at) {
            *number = (number.0, value, false);
        }
        Open {
            spec: self.spec,
            choices: self.choices.clone(),
            numbers,
        }
    }

    /// The op with these numbers, if it can be written.
    fn with(&self, values: impl Iterator<Item = f64>) -> Option<Op> {
        let numbers = self.numbers.iter().zip(values);
        let numbers = numbers.map(|((attribute, ..), value)| {
            let value = AttrValue::Number(Constant::from_f64(value));
            (attribute.name.to_string(), value)
        });
        let given: Vec<_> = self.choices.iter().cloned().chain(numbers).collect();
        Op::read(self.spec.name, &given)?.ok()
    }

    fn op(&self) -> Option<Op> {
        self.with(self.numbers.iter().map(|(_, value, _)| *value))
    }

    /// Whether the op takes scalars of `dtype` with these numbers.
    fn takes(&self, values: impl Iterator<Item = f64>, dtype: DType) -> bool {
        let ty = Type::scalar(dtype);
        let operands = vec![&ty; self.spec.operands.len()];
        self.with(values)
            .is_some_and(|op| op.infer_types(&operands).is_ok())
    }

    /// How its constants read.
    fn marks(&self) -> Vec<(Constant, String)> {
        let numbers = self.numbers.iter().enumerate();
        numbers
            .filter(|(_, (_, _, open))| *open)
            .map(|(at, (_, value, _))| (Constant::from_f64(*value), format!("(Attr {at})")))
            .collect()
    }

    /// The name of what it means: of the op, and of the choices.
    fn meaning(&self) -> String {
        let mut name = self.spec.name.to_string();
        for (attribute, choice) in &self.choices {
            // Writing to a String cannot fail.
            let _ = write!(name, "_{attribute}_{choice}");
        }
        name
    }

    /// The name of its rule: with the numbers that are fixed.
    fn name(&self) -> String {
        let mut name = self.meaning();
        for (attribute, value, _) in self.numbers.iter().filter(|(.., open)| !open) {
            let value = format!("{value}").replace('-', "minus_").replace('.', "_");
            let _ = write!(name, "_{}_{value}", attribute.name);
        }
        name
    }

    /// Which values of its numbers it takes, as conditions; an error if no such condition says it.
    fn demands(&self) -> Result<Vec<Demand>, RulesError> {
        let count = self.numbers.len();
        let points: Vec<(Vec<f64>, bool)> = grid(count)
            .into_iter()
            .map(|values| {
                let taken = self.takes(values.iter().copied(), DType::F32);
                (values, taken)
            })
            .collect();
        let positive = (0..count).map(Demand::Positive);
        let pairs = (0..count).flat_map(|low| (0..count).map(move |high| (low, high)));
        let ordered = pairs
            .filter(|(low, high)| low != high)
            .map(|(low, high)| Demand::Ordered(low, high));
        let met = |demand: &Demand| {
            let mut taken = points.iter().filter(|(_, taken)| *taken);
            taken.all(|(values, _)| demand.holds(values))
        };
        let demands: Vec<Demand> = positive.chain(ordered).filter(met).collect();
        let said = |values: &[f64]| demands.iter().all(|demand| demand.holds(values));
        if points.iter().any(|(values, taken)| said(values) != *taken) {
            return Err(RulesError::Attributes(self.spec.name));
        }
        Ok(demands)
    }
}

/// All lists of that many of the numbers [`REFUSED`].
fn grid(count: usize) -> Vec<Vec<f64>> {
    let mut lists = vec![Vec::new()];
    for _ in 0..count {
        let longer = lists.iter().flat_map(|list: &Vec<f64>| {
            REFUSED.iter().map(|value| {
                let mut list = list.clone();
                list.push(*value);
                list
            })
        });
        lists = longer.collect();
    }
    lists
}

/// A condition on the numbers of an op without which it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Demand {
    Positive(usize),
    Ordered(usize, usize),
}

impl Demand {
    fn holds(self, values: &[f64]) -> bool {
        match self {
            Demand::Positive(at) => values[at] > 0.0,
            Demand::Ordered(low, high) => values[low] <= values[high],
        }
    }

    fn term(self) -> String {
        match self {
            Demand::Positive(at) => format!("Positive {at}"),
            Demand::Ordered(low, high) => format!("Ordered {low} {high}"),
        }
    }
}

/// A traced op with its conditions.
struct Traced {
    rule: Rc<Rule>,
    guards: Vec<Guard>,
    claim: Claim,
}

/// The op traced, if it is pointwise or discrete.
fn traced(op: &Op) -> Option<Traced> {
    let guards = op.guards().into_iter().collect();
    let (rule, claim) = match op.family() {
        Family::Pointwise(rule) => (rule, Claim::Sound),
        Family::Discrete(rule) => match rule.expr(rule.value()) {
            // It yields its operand, and is without a derivative because it says so.
            Expr::Input(_) => return None,
            Expr::Constant(_)
            | Expr::Unary(..)
            | Expr::Binary(..)
            | Expr::Compare(..)
            | Expr::Connect(..)
            | Expr::Not(_)
            | Expr::Truth(_)
            | Expr::Select(..)
            | Expr::Undefined(_) => (rule, Claim::Flat),
        },
        Family::Compare(_)
        | Family::Connect(_)
        | Family::Not
        | Family::Select
        | Family::Cast(_)
        | Family::View(_)
        | Family::Fold(_)
        | Family::ArgFold(_)
        | Family::ArgSort(_)
        | Family::Prefix(_)
        | Family::Contract(_)
        | Family::Gather(_)
        | Family::ScatterAdd(_)
        | Family::Leaf(_)
        | Family::Barrier
        | Family::Scan(_)
        | Family::Cond(_)
        | Family::Composite(_) => return None,
    };
    Some(Traced {
        rule,
        guards,
        claim,
    })
}

impl Traced {
    /// Value, partial derivatives and guards as terms.
    fn terms(&self, marks: &[(Constant, String)]) -> Option<[String; 3]> {
        let reading = Reading { marks };
        let partials = self.rule.partials().iter();
        let partials: Vec<String> = partials
            .map(|partial| reading.term(&self.rule, *partial))
            .collect();
        let guards = self.guards.iter().map(|guard| reading.guard(guard));
        let guards: Vec<String> = guards.collect::<Option<_>>()?;
        Some([
            reading.term(&self.rule, self.rule.value()),
            list(&partials),
            list(&guards),
        ])
    }
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.join(";\n    "))
}

/// The printed rules of an op of the table: of each way in which its examples call it, with all values of its
/// numbers, and of the values that it treats apart. None if it is not pointwise, or takes no floats.
pub(super) fn rules(spec: &Spec) -> Result<Vec<Printed>, RulesError> {
    let mut printed: Vec<Printed> = Vec::new();
    for op in used(spec)? {
        let open = Open::of(spec, &op);
        let marks = open.numbers.iter().map(|number| number.1);
        let is_known = printed.iter().any(|known| known.name == open.name());
        if !is_known && open.takes(marks, DType::F32) {
            printed.extend(of_all_values(&open, &op)?);
        }
    }
    Ok(printed)
}

/// The rule with all numbers open, and those of values that are treated apart.
fn of_all_values(open: &Open<'_>, example: &Op) -> Result<Vec<Printed>, RulesError> {
    let Some(general) = open.op().and_then(|op| traced(&op)) else {
        return Ok(Vec::new());
    };
    let demands = open.demands()?;
    let mut printed = vec![print(open, &general, &demands)?];
    for at in 0..open.numbers.len() {
        let given = example
            .attributes()
            .into_iter()
            .filter_map(|(_, value)| match value {
                AttrValue::Number(number) => Some(number.to_f64()),
                AttrValue::Bool(_) | AttrValue::Name(_) | AttrValue::List(_) => None,
            });
        let mut tried: Vec<f64> = TRIED.into_iter().chain(given).collect();
        tried.sort_by(f64::total_cmp);
        tried.dedup();
        for value in tried {
            let apart = open.fixed(at, value);
            let values = apart.numbers.iter().map(|number| number.1);
            if !apart.takes(values, DType::F32) {
                continue;
            }
            let Some(special) = apart.op().and_then(|op| traced(&op)) else {
                continue;
            };
            let mut put = open.marks();
            put[at].1 = number(&Constant::from_f64(value));
            if special.terms(&apart.marks()) != general.terms(&put) {
                printed.push(print(&apart, &special, &demands)?);
            }
        }
    }
    Ok(printed)
}

/// The definition of a rule.
fn print(open: &Open<'_>, traced: &Traced, demands: &[Demand]) -> Result<Printed, RulesError> {
    let Some([value, partials, guards]) = traced.terms(&open.marks()) else {
        return Err(RulesError::Guard(open.spec.name));
    };
    let attributes = open.numbers.iter().map(|(_, value, open)| match open {
        true => "Any".to_string(),
        false => format!("Fixed {}", number(&Constant::from_f64(*value))),
    });
    let attributes: Vec<String> = attributes.collect();
    let demands: Vec<String> = demands.iter().map(|demand| demand.term()).collect();
    let name = open.name();
    let text = format!(
        "Definition {name} : rule := {{|\n  arity := {};\n  attributes := {};\n  demands := {};\n  \
         guards := {guards};\n  value := {value};\n  partials := {partials} |}}.\n",
        traced.rule.arity(),
        list(&attributes),
        list(&demands),
    );
    Ok(Printed {
        meaning: open.meaning(),
        claim: traced.claim,
        places: open.numbers.len() + traced.rule.arity(),
        name,
        text,
    })
}
