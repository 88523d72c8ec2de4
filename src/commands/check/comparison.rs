//! What the comparison of compiled code with enclosures comes to, and how it is told.

use super::compiled::number;
use lgc_ir::interpret::{Data, Tensor};
use lgc_ir::scalar::Interval;
use lgc_ir::shape::Type;
use std::fmt;

/// What the comparison found.
pub(super) enum Comparison {
    /// Every output, and whatever else is stored, lies in its enclosure: in how many samples at how many scales of the
    /// inputs, and how many samples both refuse.
    Inside {
        /// By what was computed before.
        stored: Share,
        /// Of the outputs alone, by the inputs alone.
        outright: Share,
        samples: usize,
        scales: usize,
        refused: usize,
        precision: Precision,
    },
    /// Compiled code and interpreter both refuse all samples, for an index out of range.
    BothRefuse,
    /// No output has an element.
    Empty,
    /// An output is outside, with what was computed and what was allowed.
    Outside(String),
    /// The entry is too large to interpret.
    TooLarge(u64),
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Comparison::Inside {
                stored: Share { all, decided: 0 },
                ..
            } => write!(
                f,
                "skipped: rounding may yield anything, in each of {all} elements"
            ),
            Comparison::Inside {
                stored,
                outright,
                samples,
                scales,
                refused,
                precision,
            } => {
                let plural = |count: usize| if count == 1 { "" } else { "s" };
                if stored == outright {
                    write!(f, "agreed: {stored} elements enclosed")?;
                } else {
                    write!(
                        f,
                        "agreed: {stored} stored elements enclosed by those before them, and {outright} of results \
                         by the inputs alone,"
                    )?;
                }
                write!(f, " in {samples} sample{}", plural(*samples))?;
                if *scales > 1 {
                    write!(f, " at {scales} scales")?;
                }
                f.write_str(" of the inputs, all inside")?;
                if *refused > 0 {
                    write!(f, "; both refuse {refused} sample{} more", plural(*refused))?;
                }
                write!(f, "{precision}")
            }
            Comparison::BothRefuse => {
                write!(
                    f,
                    "skipped: an index is out of range in both, in all samples"
                )
            }
            Comparison::Empty => write!(f, "does not apply: no output has an element"),
            Comparison::Outside(what) => write!(f, "failed: {what}"),
            Comparison::TooLarge(operations) => {
                write!(
                    f,
                    "skipped: {operations} scalar operations are too many without `--effort`"
                )
            }
        }
    }
}

/// How many of some elements enclosures decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) decided: usize,
    pub(super) all: usize,
}

impl Share {
    pub(super) fn add(&mut self, enclosure: &Tensor<Interval>, decided: usize) {
        self.decided += decided;
        self.all += enclosure.ty.elements() as usize;
    }

    pub(super) fn merge(&mut self, other: Share) {
        self.decided += other.decided;
        self.all += other.all;
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.decided, self.all)
    }
}

/// How much enclosures tell, and how far code is from the same graph in double precision, at moderate inputs. Both in
/// parts of the largest magnitude of each output.
#[derive(Clone, Copy, Default)]
pub(super) struct Precision {
    /// The width of the widest enclosure that has ends.
    width: f64,
    /// The largest difference of finite numbers.
    distance: f64,
    /// Whether there is any number that both are known of.
    pub(super) is_known: bool,
}

impl Precision {
    pub(super) fn and(self, other: Precision) -> Precision {
        Precision {
            width: self.width.max(other.width),
            distance: self.distance.max(other.distance),
            is_known: self.is_known || other.is_known,
        }
    }

    /// How wide the enclosures of a value are.
    pub(super) fn width(enclosure: &Tensor<Interval>) -> Precision {
        let Data::Number(enclosures) = &enclosure.data else {
            return Precision::default();
        };
        let known = || enclosures.iter().filter(|x| x.width().is_finite());
        let size = |x: &Interval| x.low.abs().max(x.high.abs());
        let largest = known().map(size).fold(0.0, f64::max);
        let widest = known().map(Interval::width).fold(0.0, f64::max);
        match largest > 0.0 && largest.is_finite() {
            true => Precision {
                width: widest / largest,
                is_known: true,
                ..Precision::default()
            },
            false => Precision::default(),
        }
    }

    /// How far an output is from the same in double precision.
    pub(super) fn distance(double: &Tensor<f64>, bytes: &[u8]) -> Precision {
        let Type { dtype, .. } = double.ty;
        let Data::Number(doubles) = &double.data else {
            return Precision::default();
        };
        let values = bytes.chunks_exact(dtype.size() as usize);
        let values = values.map(|chunk| number(dtype, chunk));
        let pairs = doubles.iter().copied().zip(values);
        let known: Vec<(f64, f64)> = pairs
            .filter(|(x, y)| x.is_finite() && y.is_finite())
            .collect();
        let largest = known
            .iter()
            .fold(0.0, |most: f64, (x, _)| most.max(x.abs()));
        let farthest = known
            .iter()
            .fold(0.0, |most: f64, (x, y)| most.max((x - y).abs()));
        match largest > 0.0 {
            true => Precision {
                distance: farthest / largest,
                is_known: true,
                ..Precision::default()
            },
            false => Precision::default(),
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_known {
            return Ok(());
        }
        let shown = |part: f64| match part {
            0.0 => "0".to_owned(),
            part => format!("{part:.0e}"),
        };
        let (width, distance) = (shown(self.width), shown(self.distance));
        write!(
            f,
            "; at most {width} wide, and code is within {distance} of the graph in f64"
        )
    }
}
