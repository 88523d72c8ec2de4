//! The 16-bit floats: f16 and bf16.
//!
//! Every value of these dtypes is one of these numbers, wherever it is: each op computes in f32 and rounds
//! its result once. A number becomes a half by rounding once, to the nearest and ties to
//! even (IEEE 754-2019, §4.3.1), from its exact value: what is beyond the largest half by half a
//! unit or more becomes infinite, what is below the normal range keeps fewer bits, and NaN stays NaN.
//! Every half is an f32 and an f64. The methods here are the reference that compiled conversions,
//! which work on bits, are tested against, for all halves and at every boundary between them.

use std::cmp::Ordering;

/// A 16-bit binary floating-point format: one sign bit, then the exponent, then the fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Half {
    /// Bits of the fraction.
    pub fraction: u32,
    /// Exponent of the smallest normal number.
    pub least: i32,
}

/// 2 to the power of `exponent`, which is that of a normal f64.
const fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// The exponent of a normal f64, and −1023 for what is below.
const fn exponent(x: f64) -> i32 {
    ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

impl Half {
    /// IEEE 754 binary16: up to 65504, three decimal digits.
    pub const F16: Half = Half {
        fraction: 10,
        least: -14,
    };
    /// The upper half of binary32: its range, two decimal digits.
    pub const BF16: Half = Half {
        fraction: 7,
        least: -126,
    };

    /// The power of two that is just beyond the range.
    pub const fn limit(self) -> f64 {
        power_of_two(2 - self.least)
    }

    /// The distance between neighbours below the normal range, which is the smallest positive half.
    pub const fn quantum(self) -> f64 {
        power_of_two(self.least - self.fraction as i32)
    }

    /// The largest finite number.
    pub const fn largest(self) -> f64 {
        self.limit() * (1.0 - power_of_two(-(self.fraction as i32) - 1))
    }

    /// The nearest half.
    pub fn round(self, x: f64) -> f64 {
        if !x.is_finite() {
            return x;
        }
        let unit = exponent(x).max(self.least) - self.fraction as i32;
        let rounded = (x * power_of_two(-unit)).round_ties_even() * power_of_two(unit);
        if rounded.abs() < self.limit() {
            rounded
        } else {
            f64::INFINITY.copysign(x)
        }
    }

    /// The half nearest to an exact number of which `x` is the nearest f64, and which compares with
    /// `x` as `exact` says.
    ///
    /// Rounding `x` would round twice, which shows where `x` lies midway between two halves.
    pub fn round_near(self, x: f64, exact: Ordering) -> f64 {
        let (below, above) = (self.round(x.next_down()), self.round(x.next_up()));
        match exact {
            Ordering::Less if below != above => below,
            Ordering::Greater if below != above => above,
            Ordering::Less | Ordering::Equal | Ordering::Greater => self.round(x),
        }
    }

    /// The half nearest to an integer.
    pub fn round_integer(self, value: i64) -> f64 {
        let x = value as f64;
        self.round_near(x, i128::from(value).cmp(&(x as i128)))
    }

    /// The largest half, infinities included, that is not above `x`.
    pub fn below(self, x: f64) -> f64 {
        -self.above(-x)
    }

    /// The smallest half, infinities included, that is not below `x`.
    pub fn above(self, x: f64) -> f64 {
        let nearest = self.round(x);
        if nearest >= x || nearest.is_nan() {
            return nearest;
        }
        // The neighbour away from −∞ has the next bits of the same sign, and 0 lies between signs.
        let bits = self.encode(nearest);
        match bits {
            0x8000 => self.decode(1),
            _ if bits < 0x8000 => self.decode(bits + 1),
            _ => self.decode(bits - 1),
        }
    }

    /// The number that has these bits.
    pub fn decode(self, bits: u16) -> f64 {
        let fraction = bits & ((1 << self.fraction) - 1);
        let field = i32::from((bits & 0x7fff) >> self.fraction);
        let magnitude = if field == 0 {
            f64::from(fraction) * self.quantum()
        } else if field <= 2 - 2 * self.least {
            let significand = f64::from(fraction) + power_of_two(self.fraction as i32);
            significand * power_of_two(field - 1 + self.least - self.fraction as i32)
        } else if fraction == 0 {
            f64::INFINITY
        } else {
            // The payload of a NaN keeps its place behind the point.
            let payload = u64::from(fraction) << (52 - self.fraction);
            f64::from_bits(f64::INFINITY.to_bits() | payload)
        };
        let sign = u64::from(bits >> 15) << 63;
        f64::from_bits(magnitude.to_bits() | sign)
    }

    /// The bits of the nearest half. A NaN keeps the upper bits of its payload and becomes quiet.
    pub fn encode(self, x: f64) -> u16 {
        let rounded = self.round(x);
        let sign = (x.to_bits() >> 63 << 15) as u16;
        let infinity = 0x7fff >> self.fraction << self.fraction;
        let fraction = (rounded.to_bits() >> (52 - self.fraction)) as u16 & !infinity & 0x7fff;
        let magnitude = if rounded.is_nan() {
            infinity | 1 << (self.fraction - 1) | fraction
        } else if rounded.is_infinite() {
            infinity
        } else if exponent(rounded) < self.least {
            (rounded.abs() / self.quantum()) as u16
        } else {
            let field = (exponent(rounded) - self.least + 1) as u16;
            field << self.fraction | fraction
        };
        sign | magnitude
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Half; 2] = [Half::F16, Half::BF16];

    /// The finite halves that are not negative, in increasing order, and their bits.
    fn finite(half: Half) -> impl Iterator<Item = (u16, f64)> {
        (0..0x8000u16)
            .map(move |bits| (bits, half.decode(bits)))
            .filter(|(_, x)| x.is_finite())
    }

    #[test]
    fn every_half_keeps_its_bits() {
        for half in BOTH {
            for bits in 0..=u16::MAX {
                let x = half.decode(bits);
                let quiet = if x.is_nan() {
                    1 << (half.fraction - 1)
                } else {
                    0
                };
                assert_eq!(half.encode(x), bits | quiet, "{half:?} {bits:#06x}");
                assert!(x.is_nan() || f64::from(x as f32) == x);
            }
        }
    }

    #[test]
    fn bf16_is_the_upper_half_of_f32() {
        for bits in 0..=u16::MAX {
            let single = f32::from_bits(u32::from(bits) << 16);
            let x = Half::BF16.decode(bits);
            assert!(x == f64::from(single) || (x.is_nan() && single.is_nan()));
            assert_eq!(x.is_sign_negative(), single.is_sign_negative());
        }
    }

    #[test]
    fn formats_have_their_landmarks() {
        // IEEE 754-2019, table 3.5; "bfloat16 numerics definition", Intel 338302-001US.
        let f16 = Half::F16;
        assert_eq!(
            (f16.largest(), f16.limit(), f16.quantum()),
            (65504.0, 65536.0, 2f64.powi(-24))
        );
        assert_eq!(f16.encode(1.0), 0x3c00);
        assert_eq!(f16.encode(-2.0), 0xc000);
        assert_eq!(f16.encode(1.0 / 3.0), 0x3555);
        assert_eq!(f16.decode(0x03ff), 2f64.powi(-14) * (1023.0 / 1024.0));
        let bf16 = Half::BF16;
        assert_eq!(bf16.largest(), f64::from(f32::from_bits(0x7f7f_0000)));
        assert_eq!(bf16.encode(1.0), 0x3f80);
        assert_eq!(bf16.encode(std::f64::consts::PI), 0x4049);
        assert_eq!(bf16.decode(1), 2f64.powi(-133));
    }

    #[test]
    fn rounding_goes_to_the_nearest_and_ties_to_even() {
        for half in BOTH {
            let halves: Vec<(u16, f64)> = finite(half).collect();
            let largest = halves[halves.len() - 1];
            let beyond = (largest.0 + 1, half.limit());
            for pair in halves.windows(2).chain([[largest, beyond].as_slice()]) {
                let [(low_bits, low), (high_bits, high)] = [pair[0], pair[1]];
                let middle = 0.5 * (low + high);
                let even = if low_bits % 2 == 0 {
                    low_bits
                } else {
                    high_bits
                };
                for sign in [0, 0x8000] {
                    let encode = |x: f64| half.encode(if sign == 0 { x } else { -x });
                    assert_eq!(encode(middle), sign | even);
                    assert_eq!(encode(middle.next_down()), sign | low_bits);
                    assert_eq!(encode(middle.next_up()), sign | high_bits);
                }
                assert_eq!(half.below(middle), low);
                assert_eq!(half.above(-middle), -low);
                let above = if high < half.limit() {
                    high
                } else {
                    f64::INFINITY
                };
                assert_eq!(half.above(middle), above);
                assert_eq!(half.below(-middle), -above);
                assert_eq!(half.round_near(middle, Ordering::Less), low);
                assert_eq!(half.round_near(middle, Ordering::Greater), above);
            }
            assert_eq!(half.above(0.0), 0.0);
            assert_eq!(half.below(f64::NEG_INFINITY), f64::NEG_INFINITY);
            assert!(half.round(f64::NAN).is_nan() && half.below(f64::NAN).is_nan());
        }
    }

    #[test]
    fn integers_round_once() {
        // 2⁶² + 2⁵⁴ lies midway between two of bf16, and one more is no f64.
        let middle = (1i64 << 62) + (1 << 54);
        assert_eq!(Half::BF16.round_integer(middle), 2f64.powi(62));
        assert_eq!(
            Half::BF16.round_integer(middle + 1),
            2f64.powi(62) + 2f64.powi(55)
        );
        assert_eq!(
            Half::BF16.round_integer(-middle - 1),
            -(2f64.powi(62) + 2f64.powi(55))
        );
        assert_eq!(Half::F16.round_integer(65519), 65504.0);
        assert_eq!(Half::F16.round_integer(65520), f64::INFINITY);
    }
}
