//! Elementary functions of balls.
//!
//! Each is computed of the middle, by a series in ball arithmetic; the radius of the argument then counts as
//! often as the function is steep. Where an argument is too large, or its ball too wide for that, there is none.

use super::float::Float;
use super::{Ball, product, up};
use std::sync::OnceLock;

/// Arguments of exponentials are no larger.
const MAX_ARGUMENT: f64 = 600.0;

/// Balls that are wider are not looked at more closely than intervals are.
const MAX_RADIUS: f64 = 1e-3;

/// What is far behind the last bit of a number next to 1.
const NOTHING: f64 = 1e-236;

/// Σ (±1)ⁿ / ((2n + 1) k^(2n + 1)), the hyperbolic or circular arc tangent of 1/k.
fn arc(k: u64, alternates: bool) -> Option<Ball> {
    let mut power = Ball::small(1).over(k)?;
    let mut sum = power;
    for n in 1.. {
        power = power.over(k * k)?;
        let term = power.over(2 * n + 1)?;
        sum = match alternates && n % 2 == 1 {
            true => sum.sub(&term)?,
            false => sum.add(&term)?,
        };
        // What follows is less than a geometric series.
        if term.most() < NOTHING {
            break;
        }
    }
    sum.with_error(NOTHING)
}

/// ln 2 = 2 artanh ⅓.
fn ln_2() -> Option<Ball> {
    static KNOWN: OnceLock<Option<Ball>> = OnceLock::new();
    *KNOWN.get_or_init(|| arc(3, false)?.scaled(1))
}

/// π/4 = 4 arctan ⅕ − arctan 1/239 (Machin, 1706).
fn quarter_pi() -> Option<Ball> {
    static KNOWN: OnceLock<Option<Ball>> = OnceLock::new();
    *KNOWN.get_or_init(|| arc(5, true)?.scaled(2)?.sub(&arc(239, true)?))
}

impl Ball {
    /// √π.
    pub(super) fn sqrt_pi() -> Option<Ball> {
        static KNOWN: OnceLock<Option<Ball>> = OnceLock::new();
        *KNOWN.get_or_init(|| quarter_pi()?.scaled(2)?.sqrt())
    }

    fn integer(value: i64) -> Ball {
        let magnitude = Ball::small(value.unsigned_abs());
        if value < 0 {
            magnitude.neg()
        } else {
            magnitude
        }
    }

    /// Whether the middle is no larger than that, and the ball narrow.
    fn is_near(&self, limit: f64) -> bool {
        self.middle.most() <= limit && self.radius <= MAX_RADIUS
    }

    /// eˣ.
    pub fn exp(&self) -> Option<Ball> {
        let (power, twos) = self.exp_apart()?;
        power.scaled(twos)
    }

    /// eˣ = 2ᵏ · (e^(r/2³²))^(2³²) with x = k ln 2 + r: the second factor, which is next to 1, and k. A radius, which is
    /// in double precision, ends where numbers of that do: what multiplies a small power by something large brings
    /// them together last.
    fn exp_apart(&self) -> Option<(Ball, i32)> {
        const HALVINGS: i32 = 32;
        /// (2^−33)²³ / 23! is less than [`NOTHING`].
        const TERMS: u64 = 22;
        if !self.is_near(MAX_ARGUMENT) {
            return None;
        }
        let x = self.center();
        let k = (x.middle() / std::f64::consts::LN_2).round();
        let r = x.sub(&ln_2()?.mul(&Ball::point(k)?)?)?.scaled(-HALVINGS)?;
        let mut sum = Ball::small(1);
        for n in (1..=TERMS).rev() {
            sum = Ball::small(1).add(&r.mul(&sum)?.over(n)?)?;
        }
        let mut power = sum.with_error(NOTHING)?;
        for _ in 0..HALVINGS {
            power = power.mul(&power)?;
        }
        let power = power.with_error(product(power.most(), self.radius * 1.001))?;
        Some((power, k as i32))
    }

    /// ln x = y + ln(1 + δ) with δ = x·e^(−y) − 1, for y next to it.
    pub fn log(&self) -> Option<Ball> {
        /// δ²⁰ is less than [`NOTHING`].
        const TERMS: u64 = 20;
        let least = self.least();
        if least <= self.radius || self.middle.is_negative() {
            return None;
        }
        let x = self.center();
        let y = Ball::point(x.middle().ln())?;
        let delta = x.mul(&y.neg().exp()?)?.sub(&Ball::small(1))?;
        if delta.most() > 1e-12 {
            return None;
        }
        let mut sum = Ball::ZERO;
        for n in (1..=TERMS).rev() {
            // 1/n − δ·(1/(n+1) − …)
            sum = Ball::small(1).over(n)?.sub(&delta.mul(&sum)?)?;
        }
        let log = y.add(&delta.mul(&sum)?)?;
        log.with_error(up(NOTHING + self.radius / least))
    }

    /// sin x and cos x, by their series in r with x = k π/2 + r.
    pub fn sin_cos(&self) -> Option<[Ball; 2]> {
        /// 0.8^139 / 139! is less than [`NOTHING`].
        const LAST: u64 = 138;
        if !self.is_near(1e6) {
            return None;
        }
        let x = self.center();
        let half_pi = quarter_pi()?.scaled(1)?;
        let k = (x.middle() / std::f64::consts::FRAC_PI_2).round();
        let r = x.sub(&half_pi.mul(&Ball::point(k)?)?)?;
        let square = r.mul(&r)?;
        // 1 − r²/((n+1)(n+2)) · (1 − …), down to n.
        let series = |first: u64| -> Option<Ball> {
            let mut sum = Ball::small(1);
            for n in (0..LAST / 2).rev().map(|half| 2 * half + first) {
                let term = square.mul(&sum)?.over((n + 1) * (n + 2))?;
                sum = Ball::small(1).sub(&term)?;
            }
            Some(sum)
        };
        let (sin, cos) = (r.mul(&series(1)?)?, series(0)?);
        let (sin, cos) = match (k as i64).rem_euclid(4) {
            0 => (sin, cos),
            1 => (cos, sin.neg()),
            2 => (sin.neg(), cos.neg()),
            _ => (cos.neg(), sin),
        };
        let error = up(NOTHING + self.radius);
        Some([sin.with_error(error)?, cos.with_error(error)?])
    }

    /// sinh x and cosh x.
    pub fn sinh_cosh(&self) -> Option<[Ball; 2]> {
        let (grows, falls) = (self.exp()?, self.neg().exp()?);
        let sinh = grows.sub(&falls)?.scaled(-1)?;
        Some([sinh, grows.add(&falls)?.scaled(-1)?])
    }

    /// tanh x = 1 − 2/(e²ˣ + 1), which is nowhere steeper than 4e^(−2|x|), nor than 1.
    pub fn tanh(&self) -> Option<Ball> {
        /// 2e^(−2·280) is less than [`NOTHING`].
        const LIMIT: f64 = 280.0;
        if self.least() >= LIMIT {
            let one = Ball::integer(if self.middle.is_negative() { -1 } else { 1 });
            return one.with_error(NOTHING);
        }
        if !self.is_near(MAX_ARGUMENT / 2.0) {
            return None;
        }
        let double = self.center().scaled(1)?.exp()?;
        let rest = Ball::small(2).div(&double.add(&Ball::small(1))?)?;
        let slope = (4.0 * (-2.0 * self.least()).exp() * 1.001).min(1.0);
        let tanh = Ball::small(1).sub(&rest)?;
        tanh.with_error(product(slope, self.radius))
    }

    /// erf x = 2x/√π · e^(−x²) · Σ (2x²)ⁿ / (2n + 1)!! (Abramowitz & Stegun, 7.1.6), all terms of which are positive.
    pub fn erf(&self) -> Option<Ball> {
        /// erfc 24 is less than [`NOTHING`].
        const LIMIT: f64 = 24.0;
        if self.radius > MAX_RADIUS {
            return None;
        }
        let x = self.center();
        if x.middle.least() >= LIMIT {
            let one = Ball::integer(if x.middle.is_negative() { -1 } else { 1 });
            return one.with_error(up(NOTHING + self.radius));
        }
        let square = x.mul(&x)?;
        let double = square.scaled(1)?;
        let (mut term, mut sum) = (Ball::small(1), Ball::small(1));
        for n in 1.. {
            term = term.mul(&double)?.over(2 * n + 1)?;
            sum = sum.add(&term)?;
            // From here on terms halve at least.
            let halves = 2.0 * double.most() < (2 * n + 1) as f64;
            if halves && term.most() < NOTHING {
                sum = sum.with_error(up(term.most()))?;
                break;
            }
        }
        let (power, twos) = square.neg().exp_apart()?;
        let scale = x.scaled(1)?.mul(&power)?.div(&Ball::sqrt_pi()?)?;
        let slope = 1.13 * (-self.least() * self.least()).exp();
        let erf = scale.mul(&sum)?.scaled(twos)?;
        erf.with_error(product(slope, self.radius))
    }

    /// xⁿ.
    pub fn powi(&self, exponent: i64) -> Option<Ball> {
        const LARGEST: u64 = 1 << 12;
        let mut rest = exponent.unsigned_abs();
        if rest > LARGEST {
            return None;
        }
        let (mut power, mut square) = (Ball::small(1), *self);
        while rest > 0 {
            if rest & 1 == 1 {
                power = power.mul(&square)?;
            }
            rest >>= 1;
            if rest > 0 {
                square = square.mul(&square)?;
            }
        }
        match exponent < 0 {
            true => Ball::small(1).div(&power),
            false => Some(power),
        }
    }

    /// xʸ, for x > 0 or an integer y.
    pub fn pow(&self, exponent: &Ball) -> Option<Ball> {
        let whole = exponent.middle().round();
        let is_whole = exponent.radius == 0.0 && Float::from_f64(whole) == exponent.middle;
        match is_whole && whole.abs() < 1e6 {
            true => self.powi(whole as i64),
            false => self.log()?.mul(exponent)?.exp(),
        }
    }
}
