//! Binary floating point with a significand of fixed length, which is cut off where it ends.
//!
//! Every operation tells a bound of what it has cut off, 0 where that is nothing. Exponents are those of a
//! [`Ball`](super::Ball), far from the ends of an `i32`.

/// How many words a significand has.
const LIMBS: usize = 12;

/// How many bits a significand has.
pub(super) const BITS: i32 = 64 * LIMBS as i32;

/// ±0.s · 2ᵉ, where the significand s has its first bit set; or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Float {
    negative: bool,
    exponent: i32,
    /// The significand, its last word first.
    limbs: [u64; LIMBS],
}

/// What an operation yields, and a bound of its distance from the exact result.
pub(super) type Cut = (Float, f64);

/// 2ᵉ, or the next larger number there is.
pub(super) fn power_of_two(exponent: i32) -> f64 {
    match exponent {
        ..-1022 => f64::MIN_POSITIVE,
        -1022..=1023 => f64::from_bits(((exponent + 1023) as u64) << 52),
        1024.. => f64::INFINITY,
    }
}

/// The significand moved to the right by some bits, and whether any that are set were lost.
fn shifted(limbs: &[u64; LIMBS], bits: u32) -> ([u64; LIMBS], bool) {
    let (words, bits) = ((bits / 64) as usize, bits % 64);
    let word = |at: usize| limbs.get(at).copied().unwrap_or(0);
    let moved = std::array::from_fn(|at| match bits {
        0 => word(at + words),
        bits => (word(at + words) >> bits) | (word(at + words + 1) << (64 - bits)),
    });
    let lost = limbs.iter().take(words).any(|limb| *limb != 0);
    let rest = bits > 0 && word(words) << (64 - bits) != 0;
    (moved, lost || rest)
}

impl Float {
    pub(super) const ZERO: Float = Float {
        negative: false,
        exponent: 0,
        limbs: [0; LIMBS],
    };

    /// The integer, which may have any number of words.
    pub(super) fn from_words(words: &[u64]) -> Cut {
        Float::cut(false, 64 * words.len() as i32, words)
    }

    /// The float of a significand of any number of words.
    fn cut(negative: bool, exponent: i32, words: &[u64]) -> Cut {
        let used = words.iter().rposition(|word| *word != 0).map(|at| at + 1);
        let Some(used) = used else {
            return (Float::ZERO, 0.0);
        };
        let bits = words[used - 1].leading_zeros();
        // Words from the first one on, moved until the first bit is where it belongs.
        let word = |back: usize| used.checked_sub(back + 1).map_or(0, |at| words[at]);
        let moved = |back: usize| match bits {
            0 => word(back),
            bits => (word(back) << bits) | (word(back + 1) >> (64 - bits)),
        };
        let value = Float {
            negative,
            exponent: exponent - (64 * (words.len() - used) as i32 + bits as i32),
            limbs: std::array::from_fn(|at| moved(LIMBS - 1 - at)),
        };
        let is_lost = (LIMBS..used).any(|back| moved(back) != 0);
        let error = power_of_two(value.exponent - BITS);
        (value, if is_lost { error } else { 0.0 })
    }

    pub(super) fn from_u64(value: u64) -> Float {
        Float::from_words(&[value]).0
    }

    /// A finite number, exactly.
    pub(super) fn from_f64(value: f64) -> Float {
        let bits = value.to_bits();
        let (exponent, fraction) = ((bits >> 52 & 0x7ff) as i32, bits & ((1 << 52) - 1));
        let (significand, exponent) = match exponent {
            0 => (fraction, -1074),
            _ => (fraction | 1 << 52, exponent - 1075),
        };
        let whole = Float::from_u64(significand);
        Float {
            negative: value < 0.0,
            ..whole.scaled(exponent)
        }
    }

    /// The number to within 2⁻⁵² of itself, or a number below the smallest normal one as 0.
    pub(super) fn to_f64(self) -> f64 {
        if self.exponent < -1021 {
            return 0.0;
        }
        let fraction = self.limbs[LIMBS - 1] as f64 * power_of_two(-64);
        let magnitude = fraction * power_of_two(self.exponent);
        if self.negative { -magnitude } else { magnitude }
    }

    /// A bound of |x| from above.
    pub(super) fn most(&self) -> f64 {
        match self.is_zero() {
            true => 0.0,
            false => self.to_f64().abs() * (1.0 + 1e-15) + f64::MIN_POSITIVE,
        }
    }

    /// A bound of |x| from below.
    pub(super) fn least(&self) -> f64 {
        self.to_f64().abs() * (1.0 - 1e-15)
    }

    pub(super) fn is_zero(&self) -> bool {
        self.limbs[LIMBS - 1] == 0
    }

    pub(super) fn is_negative(&self) -> bool {
        self.negative
    }

    /// e, where |x| < 2ᵉ.
    pub(super) fn exponent(&self) -> i32 {
        self.exponent
    }

    pub(super) fn neg(self) -> Float {
        Float {
            negative: !self.negative && !self.is_zero(),
            ..self
        }
    }

    /// x · 2ⁿ.
    pub(super) fn scaled(self, twos: i32) -> Float {
        match self.is_zero() {
            true => self,
            false => Float {
                exponent: self.exponent + twos,
                ..self
            },
        }
    }

    fn is_smaller(&self, other: &Float) -> bool {
        let (x, y) = (self.limbs.iter().rev(), other.limbs.iter().rev());
        let order = self.exponent.cmp(&other.exponent);
        order.then_with(|| x.cmp(y)).is_lt()
    }

    pub(super) fn plus(&self, other: &Float) -> Cut {
        if other.is_zero() {
            return (*self, 0.0);
        }
        if self.is_zero() {
            return (*other, 0.0);
        }
        let (large, small) = match self.is_smaller(other) {
            true => (other, self),
            false => (self, other),
        };
        let distance = (large.exponent - small.exponent).unsigned_abs();
        let error = power_of_two(large.exponent - BITS + 2);
        if distance > BITS.unsigned_abs() {
            return (*large, error);
        }
        let (moved, mut lost) = shifted(&small.limbs, distance);
        let mut limbs = large.limbs;
        let mut exponent = large.exponent;
        let mut carry = false;
        for (limb, other) in limbs.iter_mut().zip(moved) {
            let (first, second) = match large.negative == small.negative {
                true => {
                    let (sum, over) = limb.overflowing_add(other);
                    let (sum, more) = sum.overflowing_add(u64::from(carry));
                    (sum, over | more)
                }
                false => {
                    let (rest, under) = limb.overflowing_sub(other);
                    let (rest, more) = rest.overflowing_sub(u64::from(carry));
                    (rest, under | more)
                }
            };
            (*limb, carry) = (first, second);
        }
        // What is left over of a sum; a difference leaves nothing, since the larger comes first.
        if carry {
            let (half, odd) = shifted(&limbs, 1);
            limbs = half;
            limbs[LIMBS - 1] |= 1 << 63;
            lost |= odd;
            exponent += 1;
        }
        let (sum, _) = Float::cut(large.negative, exponent, &limbs);
        (sum, if lost { error } else { 0.0 })
    }

    pub(super) fn times(&self, other: &Float) -> Cut {
        if self.is_zero() || other.is_zero() {
            return (Float::ZERO, 0.0);
        }
        let mut product = [0u64; 2 * LIMBS];
        for (i, x) in self.limbs.iter().enumerate() {
            if *x == 0 {
                continue;
            }
            let mut carry = 0u64;
            for (j, y) in other.limbs.iter().enumerate() {
                let sum = u128::from(*x) * u128::from(*y)
                    + u128::from(product[i + j])
                    + u128::from(carry);
                product[i + j] = sum as u64;
                carry = (sum >> 64) as u64;
            }
            product[i + LIMBS] = carry;
        }
        let negative = self.negative != other.negative;
        Float::cut(negative, self.exponent + other.exponent, &product)
    }

    /// x / n.
    pub(super) fn over(&self, divisor: u64) -> Cut {
        if self.is_zero() || divisor == 0 {
            return (Float::ZERO, 0.0);
        }
        let mut quotient = [0u64; LIMBS + 1];
        let mut rest = 0u128;
        for at in (0..=LIMBS).rev() {
            let word = at.checked_sub(1).map_or(0, |at| self.limbs[at]);
            let part = rest << 64 | u128::from(word);
            quotient[at] = (part / u128::from(divisor)) as u64;
            rest = part % u128::from(divisor);
        }
        let (value, error) = Float::cut(self.negative, self.exponent, &quotient);
        let missing = match rest == 0 && error == 0.0 {
            true => 0.0,
            false => power_of_two(value.exponent - BITS + 1),
        };
        (value, missing)
    }
}
