//! Modulo one prime of a chain: arithmetic, and elements that stand for what functions yield.

use std::cmp::Ordering;

/// How many residues a number has.
pub(super) const LEVELS: usize = 4;

/// A chain of primes, each twice the next one and one more (a Cunningham chain of the first kind). The
/// first is next to 2⁶¹; all are 3 modulo 4, so that −1 is no square.
pub const PRIMES: [u64; LEVELS] = [
    2_305_843_009_211_318_399,
    1_152_921_504_605_659_199,
    576_460_752_302_829_599,
    288_230_376_151_414_799,
];

/// x + y of elements.
pub(super) fn add(x: u64, y: u64, p: u64) -> u64 {
    let sum = x + y;
    if sum >= p { sum - p } else { sum }
}

/// −x.
pub(super) fn neg(x: u64, p: u64) -> u64 {
    if x == 0 { 0 } else { p - x }
}

/// x·y. With p = 2ᵏ − c, what stands above k bits counts c times. Since c is small for our primes, two
/// rounds leave little above.
pub(super) fn mul(x: u64, y: u64, p: u64) -> u64 {
    let bits = u64::BITS - p.leading_zeros();
    let (mask, c) = ((1u128 << bits) - 1, u128::from((1 << bits) - p));
    let mut product = u128::from(x) * u128::from(y);
    while product >> bits != 0 {
        product = (product >> bits) * c + (product & mask);
    }
    let product = product as u64;
    if product >= p { product - p } else { product }
}

/// A power, by squares.
pub(super) fn pow(base: u64, mut exponent: u64, p: u64) -> u64 {
    let (mut square, mut power) = (base, 1);
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = mul(power, square, p);
        }
        square = mul(square, square, p);
        exponent >>= 1;
    }
    power
}

/// 1/x for x ≠ 0 (Fermat).
pub(super) fn inverse(x: u64, p: u64) -> u64 {
    pow(x, p - 2, p)
}

/// The symbol `name(x)`: an element of the field that depends on both only, and is not 0.
pub(super) fn keyed(name: &str, x: u64, level: usize) -> u64 {
    let mut state = x;
    for byte in name.bytes().chain([level as u8]) {
        state = mixed(state ^ u64::from(byte));
    }
    1 + state % (PRIMES[level] - 1)
}

/// One step of SplitMix64.
pub(super) fn mixed(state: u64) -> u64 {
    let mut bits = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// A keyed function that is odd and vanishes at 0.
pub(super) fn odd(name: &str, x: u64, level: usize) -> u64 {
    let (p, opposite) = (PRIMES[level], neg(x, PRIMES[level]));
    match x.cmp(&opposite) {
        Ordering::Equal => 0,
        Ordering::Less => keyed(name, x, level),
        Ordering::Greater => neg(keyed(name, opposite, level), p),
    }
}
