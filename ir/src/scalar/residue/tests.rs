//! The field, the identities of its symbols, and the order that enclosures give it.

use super::*;

/// A random-looking number.
fn x(seed: i64) -> Residue {
    Residue::finite(Element::rational(
        &(RBig::from(7 * seed + 3) / RBig::from(1 << 20) + RBig::from(1)),
    ))
}

fn same(x: &Residue, y: &Residue) -> bool {
    let apart = x.real().is_apart(&y.real());
    x.residue().is_ok() && x.residue() == y.residue() && !apart
}

/// Whether n is prime, by Miller and Rabin's test to bases that leave no doubt below 2⁶⁴
/// (Sorenson & Webster, Mathematics of Computation 2017).
fn is_prime(n: u64) -> bool {
    let (twos, odd) = (
        (n - 1).trailing_zeros(),
        (n - 1) >> (n - 1).trailing_zeros(),
    );
    [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37]
        .iter()
        .all(|&a| {
            let mut power = field::pow(a, odd, n);
            let mut passes = power == 1;
            for _ in 0..twos {
                passes |= power == n - 1;
                power = field::mul(power, power, n);
            }
            passes
        })
}

#[test]
fn the_primes_are_a_chain() {
    assert!(PRIMES.iter().all(|&p| is_prime(p) && p % 4 == 3));
    assert!(PRIMES.windows(2).all(|pair| pair[0] == 2 * pair[1] + 1));
    assert!(!is_prime(PRIMES[0] - 2));
}

#[test]
fn arithmetic_is_that_of_a_field() {
    let (a, b, c) = (x(1), x(2), x(-5));
    assert!(same(&a.add(&b).mul(&c), &a.mul(&c).add(&b.mul(&c))));
    assert!(same(&a.div(&b).mul(&b), &a));
    assert!(same(&a.sub(&a), &a.int(0)));
    assert!(same(&a.ratio(1, 3).mul(&a.int(3)), &a.int(1)));
    assert_eq!(
        a.sub(&a).recip().residue(),
        Err(Undefined("division by zero"))
    );
}

#[test]
fn exponentials_turn_sums_into_products_along_the_chain() {
    let (a, b) = (x(-1), x(2));
    let (mut sum, mut product) = (a.add(&b).exp(), a.exp().mul(&b.exp()));
    for depth in 1..=LEVELS {
        assert_eq!(same(&sum, &product), depth < LEVELS, "{depth}");
        assert!(same(&sum.neg().exp(), &sum.exp().recip()), "{depth}");
        // Inside of another exponential, it matters whether both are the same number there.
        let quarter = a.ratio(1, 4);
        (sum, product) = (sum.mul(&quarter).exp(), product.mul(&quarter).exp());
    }
    assert!(same(&a.int(0).exp(), &a.int(1)));
    assert!(!same(&a.exp(), &b.exp()));
}

#[test]
fn exponentials_undo_logarithms() {
    let (a, b, c) = (x(1), x(2), x(3));
    assert!(same(&a.log().exp(), &a));
    let both = c.add(&a.log()).sub(&b.log()).sub(&b.log());
    assert!(same(&both.exp(), &c.exp().mul(&a).div(&b.square())));
    assert!(same(&a.recip().log(), &a.log().neg()));
    assert!(same(&a.log().mul(&a.int(-1)).exp(), &a.recip()));
    assert!(same(&a.div(&a).log(), &a.int(0)));
    assert!(!same(&a.log(), &b.log()));
    assert!(a.neg().log().residue().is_err());
}

#[test]
fn functions_keep_their_symmetries() {
    let (a, minus) = (x(1), x(1).neg());
    for odd in [Unary::Sin, Unary::Sinh, Unary::Tanh, Unary::Erf] {
        assert!(same(&minus.unary(odd), &a.unary(odd).neg()), "{odd:?}");
        assert!(same(&a.int(0).unary(odd), &a.int(0)), "{odd:?}");
    }
    for even in [Unary::Cos, Unary::Cosh, Unary::Abs] {
        assert!(same(&minus.unary(even), &a.unary(even)), "{even:?}");
    }
    let [sin, cos] = [Unary::Sin, Unary::Cos].map(|f| a.unary(f).square());
    assert!(same(&sin.add(&cos), &a.int(1)));
    let [sinh, cosh] = [Unary::Sinh, Unary::Cosh].map(|f| a.unary(f).square());
    assert!(same(&cosh.sub(&sinh), &a.int(1)));
}

#[test]
fn powers() {
    let (a, b) = (x(1), x(2));
    assert!(same(&a.pow(&a.int(3)), &a.mul(&a).mul(&a)));
    assert!(same(&a.pow(&a.int(-2)), &a.square().recip()));
    let (half, more) = (a.ratio(1, 2), a.ratio(5, 2));
    assert!(same(&a.pow(&more), &a.pow(&half).mul(&a.square())));
    assert!(same(&a.pow(&b.sub(&b.int(1))), &a.pow(&b).div(&a)));
    assert!(!same(&a.pow(&half), &b.pow(&half)));
}

#[test]
fn comparisons_are_those_of_real_numbers() {
    let (a, b) = (x(1), x(2));
    assert_eq!(a.lt(&b), Ok(true));
    assert_eq!(a.exp().gt(&b.exp()), Ok(false));
    assert_eq!(a.equals(&a.clone()), Ok(true));
    assert!(same(&a.max(&b), &b));
    assert_eq!(a.unary(Unary::Floor).to_int(DType::I64).value, Ok(1));
    // Alike to the last bit of a double, but not the same.
    let near = a.add(&a.ratio(1, i64::MAX));
    assert!(near.gt(&a).is_err());
    assert_eq!(near.equals(&a), Ok(false));
}

#[test]
fn infinities_have_limits() {
    let (a, low) = (
        x(1),
        Residue::constant(&(), DType::F32, &Constant::NegInfinity),
    );
    assert!(same(&low.exp(), &a.int(0)));
    assert!(same(&low.max(&a), &a));
    assert_eq!(low.lt(&a), Ok(true));
    assert!(same(&a.div(&low.neg()), &a.int(0)));
    assert!(low.sub(&low).residue().is_err() && low.mul(&a.int(0)).residue().is_err());
    assert_eq!(low.sub(&a).real(), low.real());
}
