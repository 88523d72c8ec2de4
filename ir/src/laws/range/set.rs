//! Ranges with a hole: numbers that are not 0, or not between two others.
//!
//! A set is one range, or two that some number lies between. What ops make of it is what they make of its parts. Of more
//! than one hole the one that holds 0 is kept, which is where quotients and kinks are, else the widest.

use super::{End, Range};
use crate::scalar::{Binary, Comparison, Unary};
use smallvec::{SmallVec, smallvec};

/// One range, or two with a hole between them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::laws) struct Set {
    below: Range,
    above: Option<Range>,
}

impl From<Range> for Set {
    fn from(range: Range) -> Set {
        Set {
            below: range,
            above: None,
        }
    }
}

/// Whether some number lies between a range and the next one.
fn is_hole(below: &Range, above: &Range) -> bool {
    let (from, to) = (below.high, above.low);
    from.at < to.at || (from.at == to.at && from.open && to.open)
}

impl Set {
    pub(in crate::laws) const ANY: Set = Set {
        below: Range::ANY,
        above: None,
    };

    /// The parts, in order.
    pub(in crate::laws) fn parts(&self) -> SmallVec<[Range; 4]> {
        std::iter::once(self.below).chain(self.above).collect()
    }

    /// All that lies in some of these; `None` for none.
    fn of(mut parts: SmallVec<[Range; 4]>) -> Option<Set> {
        parts.sort_by(|x, y| x.low.at.total_cmp(&y.low.at));
        let mut apart: SmallVec<[Range; 4]> = smallvec![];
        for part in parts {
            match apart.last_mut() {
                Some(last) if !is_hole(last, &part) => *last = last.join(&part),
                Some(_) | None => apart.push(part),
            }
        }
        let width = |at: &usize| -> f64 {
            let (from, to) = (apart[*at - 1].high.at, apart[*at].low.at);
            match from <= 0.0 && to >= 0.0 {
                true => f64::INFINITY,
                false => to - from,
            }
        };
        let hole = (1..apart.len()).max_by(|x, y| width(x).total_cmp(&width(y)));
        let joined = |parts: &[Range]| parts.iter().copied().reduce(|x, y| x.join(&y));
        let (below, above) = apart.split_at(hole.unwrap_or(apart.len()));
        Some(Set {
            below: joined(below)?,
            above: joined(above),
        })
    }

    /// The range from the lowest to the highest number here.
    pub(in crate::laws) fn hull(&self) -> Range {
        self.above
            .map_or(self.below, |above| self.below.join(&above))
    }

    /// Whether no number here is `at`.
    pub(in crate::laws) fn excludes(&self, at: f64) -> bool {
        let excludes = |part: &Range| part.excludes(at);
        excludes(&self.below) && self.above.as_ref().is_none_or(excludes)
    }

    /// Whether every number here lies between two neighbours among those that are whole numbers away from `at`.
    pub(in crate::laws) fn is_between_neighbours(&self, at: f64) -> bool {
        self.parts()
            .iter()
            .all(|part| part.is_between_neighbours(at))
    }

    /// Whether no number is in both.
    pub(in crate::laws) fn is_apart(&self, other: &Set) -> bool {
        self.meet(other).is_none()
    }

    /// The one range, if there is no hole, as mostly.
    fn single(&self) -> Option<&Range> {
        match self.above {
            Some(_) => None,
            None => Some(&self.below),
        }
    }

    /// What is in both, unless that is nothing.
    pub(in crate::laws) fn meet(&self, other: &Set) -> Option<Set> {
        if let (Some(x), Some(y)) = (self.single(), other.single()) {
            return x.meet(y).map(Set::from);
        }
        let (mine, others) = (self.parts(), other.parts());
        let pairs = mine.iter().flat_map(|x| others.iter().map(|y| x.meet(y)));
        Set::of(pairs.flatten().collect())
    }

    /// What is in both; this, should a bound that is computed rule all of it out.
    #[must_use]
    pub(in crate::laws) fn within(&self, other: &Set) -> Set {
        self.meet(other).unwrap_or(*self)
    }

    /// All that is in either.
    pub(in crate::laws) fn join(&self, other: &Set) -> Set {
        let parts = self.parts().into_iter().chain(other.parts());
        Set::of(parts.collect()).unwrap_or(Set::ANY)
    }

    fn map(&self, image: impl Fn(&Range) -> Range) -> Set {
        if let Some(range) = self.single() {
            return image(range).into();
        }
        Set::of(self.parts().iter().map(image).collect()).unwrap_or(Set::ANY)
    }

    pub(in crate::laws) fn neg(&self) -> Set {
        self.map(Range::neg)
    }

    pub(in crate::laws) fn square(&self) -> Set {
        self.map(Range::square)
    }

    pub(in crate::laws) fn unary(&self, function: Unary) -> Set {
        self.map(|part| part.unary(function))
    }

    pub(in crate::laws) fn binary(&self, function: Binary, other: &Set) -> Set {
        if let (Some(x), Some(y)) = (self.single(), other.single()) {
            return x.binary(function, y).into();
        }
        let (mine, others) = (self.parts(), other.parts());
        let pairs = mine.iter().flat_map(|x| others.iter().map(move |y| (x, y)));
        let images = pairs.map(|(x, y)| x.binary(function, y));
        Set::of(images.collect()).unwrap_or(Set::ANY)
    }

    /// The part where a relation to some number of a range may hold, unless that is nothing.
    pub(in crate::laws) fn where_holds(
        &self,
        comparison: Comparison,
        bound: &Range,
    ) -> Option<Set> {
        let beyond = |low: End, open: bool| {
            let open = open || low.open;
            Set::from(Range::from(End { open, ..low }))
        };
        let up_to = |bound: &Range, open: bool| beyond(bound.neg().low, open).neg();
        match comparison {
            Comparison::Gt => self.meet(&beyond(bound.low, true)),
            Comparison::Ge => self.meet(&beyond(bound.low, false)),
            Comparison::Lt => self.meet(&up_to(bound, true)),
            Comparison::Le => self.meet(&up_to(bound, false)),
            Comparison::Eq => self.meet(&Set::from(*bound)),
            Comparison::Ne => match bound.only() {
                Some(at) => self.meet(&Set::other_than(at)),
                None => Some(*self),
            },
        }
    }

    /// All numbers but one.
    fn other_than(at: f64) -> Set {
        let above = Range::from(End::open(at));
        Set {
            below: Range::from(End::open(-at)).neg(),
            above: Some(above),
        }
    }

    /// Where x lies if |x| lies here.
    pub(in crate::laws) fn before_abs(&self) -> Set {
        self.join(&self.neg())
    }

    /// Where x lies if x² lies here, unless no square does.
    pub(in crate::laws) fn before_square(&self) -> Option<Set> {
        let squares = self.meet(&Set::from(Range::from(End::closed(0.0))))?;
        Some(squares.unary(Unary::Sqrt).before_abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(low: (f64, bool), high: (f64, bool)) -> Range {
        let [low, high] = [low, high].map(|(at, open)| End { at, open });
        Range { low, high }
    }

    const INFINITE: f64 = f64::INFINITY;

    #[test]
    fn holes_survive_what_keeps_them() {
        let nonzero = Set::other_than(0.0);
        assert!(nonzero.excludes(0.0) && !nonzero.excludes(1.0) && !Set::ANY.excludes(0.0));
        assert!(nonzero.neg().excludes(0.0) && nonzero.square().excludes(0.0));
        assert!(nonzero.unary(Unary::Abs).hull().is_above(0.0));
        assert!(nonzero.binary(Binary::Mul, &nonzero).excludes(0.0));
        let one = Set::from(Range::between(1.0, 1.0));
        assert!(one.binary(Binary::Div, &nonzero).excludes(0.0));
        assert!(nonzero.binary(Binary::Add, &one).excludes(1.0));
        assert!(!nonzero.binary(Binary::Add, &nonzero).excludes(0.0));
        assert!(
            !nonzero
                .join(&Set::from(Range::between(-1.0, 1.0)))
                .excludes(0.0)
        );
        assert!(nonzero.join(&one).excludes(0.0));
    }

    #[test]
    fn the_hole_at_zero_is_kept() {
        let parts = [
            range((-INFINITE, false), (-100.0, false)),
            range((-2.0, false), (-1.0, false)),
            range((1.0, true), (2.0, false)),
            range((3.0, false), (3.0, false)),
        ];
        let set = Set::of(parts.into_iter().collect()).unwrap();
        assert_eq!(set.below, range((-INFINITE, false), (-1.0, false)));
        assert_eq!(set.above, Some(range((1.0, true), (3.0, false))));
        assert_eq!(set.hull(), range((-INFINITE, false), (3.0, false)));
        let touching = [
            range((0.0, false), (1.0, true)),
            range((1.0, true), (2.0, false)),
        ];
        assert!(
            Set::of(touching.into_iter().collect())
                .unwrap()
                .excludes(1.0)
        );
        let meeting = [
            range((0.0, false), (1.0, false)),
            range((1.0, true), (2.0, false)),
        ];
        assert!(
            !Set::of(meeting.into_iter().collect())
                .unwrap()
                .excludes(1.0)
        );
    }

    #[test]
    fn relations_part_sets() {
        let unit = Set::from(Range::between(-1.0, 1.0));
        let zero = Range::between(0.0, 0.0);
        let positive = unit.where_holds(Comparison::Gt, &zero).unwrap();
        assert_eq!(positive.hull(), range((0.0, true), (1.0, false)));
        let negative = unit.where_holds(Comparison::Lt, &zero).unwrap();
        assert_eq!(negative.hull(), range((-1.0, false), (0.0, true)));
        assert!(
            unit.where_holds(Comparison::Ne, &zero)
                .unwrap()
                .excludes(0.0)
        );
        assert_eq!(
            unit.where_holds(Comparison::Gt, &Range::between(1.0, 1.0)),
            None
        );
        assert_eq!(
            unit.where_holds(Comparison::Eq, &Range::between(2.0, 3.0)),
            None
        );
        // Above some number of a range is above its low end.
        let some = unit
            .where_holds(Comparison::Ge, &Range::between(0.5, 3.0))
            .unwrap();
        assert_eq!(some.hull(), Range::between(0.5, 1.0));
        let magnitude = Set::from(Range::from(End::closed(0.5)));
        assert!(magnitude.before_abs().excludes(0.25) && magnitude.before_abs().excludes(-0.25));
        let squared = magnitude.before_square().unwrap();
        assert!(squared.excludes(0.7) && !squared.excludes(0.71) && !squared.excludes(-0.71));
    }
}
