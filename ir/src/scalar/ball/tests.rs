//! Balls hold what they should: exactly for arithmetic, by known digits and identities for functions.

use super::*;
use crate::scalar::{Scalar, Unary};
use proptest::prelude::*;

/// The middle as a rational number, exactly, from above and below by halving.
fn exact(x: &Ball) -> RBig {
    let mut rest = *x;
    let mut sum = RBig::ZERO;
    while !rest.middle.is_zero() {
        let part = rest.middle.to_f64();
        sum += RBig::try_from(part).unwrap();
        rest = rest.sub(&Ball::point(part).unwrap()).unwrap();
    }
    sum
}

fn magnitude(x: RBig) -> RBig {
    if x < RBig::ZERO { -x } else { x }
}

fn holds(x: &Ball, value: &RBig) -> bool {
    magnitude(exact(x) - value) <= RBig::try_from(x.radius()).unwrap()
}

/// Whether two balls have a number in common, and are narrow.
fn alike(x: &Ball, y: &Ball) -> bool {
    let size = x.most().max(1.0);
    x.order(y).is_none_or(Ordering::is_eq) && x.radius() + y.radius() < 1e-200 * size
}

fn decimal(text: &str) -> RBig {
    let (whole, fraction) = text.split_once('.').unwrap();
    let digits: UBig = format!("{whole}{fraction}").parse().unwrap();
    RBig::from(digits) / RBig::from(UBig::from(10u8).pow(fraction.len()))
}

fn ball(x: f64) -> Ball {
    Ball::point(x).unwrap()
}

fn third(x: f64) -> Ball {
    ball(x).div(&ball(3.0)).unwrap()
}

#[test]
fn known_digits() {
    let pi = Ball::sqrt_pi()
        .map(|root| root.mul(&root).unwrap())
        .unwrap();
    let known = [
        (
            pi,
            "3.1415926535897932384626433832795028841971693993751058209749445923078164062862089986280348253421170679",
        ),
        (
            ball(1.0).exp().unwrap(),
            "2.7182818284590452353602874713526624977572470936999595749669676277240766303535475945713821785251664274",
        ),
        (
            ball(2.0).log().unwrap(),
            "0.6931471805599453094172321214581765680755001343602552541206800094933936219696947156058633269964186875",
        ),
        (
            ball(2.0).sqrt().unwrap(),
            "1.4142135623730950488016887242096980785696718753769480731766797379907324784621070388503875343276415727",
        ),
        (
            ball(1.0).erf().unwrap(),
            "0.8427007929497148693412206350826092592960669979663029084599378978347172540960108412619833253481448884",
        ),
        (
            ball(1.0).sin_cos().unwrap()[0],
            "0.8414709848078965066525023216302989996225630607983710656727517099919104043912396689486397435430526958",
        ),
        (
            ball(1.0).tanh().unwrap(),
            "0.7615941559557648881194582826047935904127685972579365515968105001219532445766384834589475216736767144",
        ),
    ];
    for (x, digits) in known {
        let off = magnitude(exact(&x) - decimal(digits));
        let last = RBig::ONE / RBig::from(UBig::from(10u8).pow(99));
        assert!(off < last && x.radius() < 1e-200, "{digits}: {x:?}");
    }
}

#[test]
fn edges_of_domains_and_ranges_have_no_ball() {
    assert!(ball(1.0).div(&Ball::ZERO).is_none());
    assert!(
        ball(-1.0).sqrt().is_none() && ball(-1.0).log().is_none() && Ball::ZERO.log().is_none()
    );
    let wide = ball(1.0).with_error(2.0).unwrap();
    assert!(wide.log().is_none() && wide.sqrt().is_none() && ball(1.0).div(&wide).is_none());
    assert!(wide.abs().is_none() && wide.order(&Ball::ZERO).is_none());
    assert!(ball(1e200).mul(&ball(1e200)).is_none() && ball(1e4).exp().is_none());
    assert!(Ball::point(f64::INFINITY).is_none() && Ball::point(f64::NAN).is_none());
    let tiny = ball(1e-200).mul(&ball(1e-200)).unwrap();
    assert!(!tiny.is_zero() && tiny.order(&Ball::ZERO).is_none());
    assert!(ball(0.0).sqrt().unwrap().is_zero());
}

#[test]
fn what_is_exact_has_no_radius() {
    let six = ball(2.0).mul(&ball(3.0)).unwrap();
    assert_eq!(six.order(&ball(6.0)), Some(Ordering::Equal));
    assert_eq!(
        six.div(&ball(2.0)).unwrap().order(&ball(3.0)),
        Some(Ordering::Equal)
    );
    assert_eq!(ball(9.0).sqrt().map(|x| x.middle()), Some(3.0));
    assert_eq!(
        ball(-1.5).powi(3).unwrap().order(&ball(-3.375)),
        Some(Ordering::Equal)
    );
    // What hides behind two hundred digits is not lost.
    let near = ball(1.0).add(&ball(1.0).scaled(-760).unwrap()).unwrap();
    assert_eq!(near.order(&ball(1.0)), Some(Ordering::Greater));
    assert!(near.radius() == 0.0);
    assert_eq!(near.sub(&ball(1.0)).unwrap().middle(), (-760f64).exp2());
}

proptest! {
    #[test]
    fn arithmetic_encloses_the_rational_result(
        a in -1e6f64..1e6, b in -1e6f64..1e6, c in 1e-6f64..1e6, scale in -300i32..300,
    ) {
        let exactly = |x: f64| RBig::try_from(x).unwrap();
        let (x, y) = (third(a), third(b).div(&ball(c)).unwrap().scaled(scale / 3).unwrap());
        let (p, q) = (exact(&x), exact(&y));
        let three = RBig::from(3);
        prop_assert!(holds(&x, &(exactly(a) / &three)));
        for (computed, value) in [
            (x.add(&y), &p + &q),
            (x.sub(&y), &p - &q),
            (x.mul(&y), &p * &q),
            (x.over(12345), &p / RBig::from(12345)),
        ] {
            prop_assert!(holds(&computed.unwrap(), &value), "{x:?} {y:?} {computed:?}");
        }
        if let Some(quotient) = x.div(&y) {
            prop_assert!(holds(&quotient, &(p / q)));
            prop_assert!(quotient.radius() <= 1e-90 * quotient.most());
        }
        let rational = RBig::try_from(a).unwrap() / RBig::try_from(c).unwrap();
        prop_assert!(holds(&Ball::rational(&rational).unwrap(), &rational));
    }

    #[test]
    fn functions_agree_with_those_of_doubles(a in -20f64..20.0, radius in 0f64..1e-4) {
        let x = third(a).with_error(radius).unwrap();
        for &function in Unary::ALL {
            let wide = x.interval().unary(function);
            let of_ball = match function {
                Unary::Sqrt => x.sqrt(),
                Unary::Exp => x.exp(),
                Unary::Log => x.log(),
                Unary::Sin => x.sin_cos().map(|[sin, _]| sin),
                Unary::Cos => x.sin_cos().map(|[_, cos]| cos),
                Unary::Sinh => x.sinh_cosh().map(|[sinh, _]| sinh),
                Unary::Cosh => x.sinh_cosh().map(|[_, cosh]| cosh),
                Unary::Tanh => x.tanh(),
                Unary::Erf => x.erf(),
                Unary::Abs => x.abs(),
                Unary::Neg => Some(x.neg()),
                Unary::Expm1 | Unary::Log1p | Unary::Floor | Unary::Ceil | Unary::Round => None,
            };
            let Some(y) = of_ball else { continue };
            // Every number of the ball goes into the ball of the function.
            for at in [-1.0, -0.5, 0.0, 0.5, 1.0] {
                let inside = x.center().add(&ball(at * radius)).unwrap();
                let there = inside.interval().unary(function);
                prop_assert!(!y.interval().is_apart(&there), "{function:?} of {x:?}: {y:?}");
            }
            prop_assert!(!y.interval().is_apart(&wide));
            prop_assert!(y.radius() <= 3.0 * (wide.width() + radius) + 1e-15, "{function:?} of {x:?}: {y:?}");
        }
    }

    #[test]
    fn identities_hold_to_two_hundred_digits(a in -9f64..9.0, b in -9f64..9.0) {
        let (x, y) = (third(a), third(b));
        let product = x.exp().unwrap().mul(&y.exp().unwrap()).unwrap();
        prop_assert!(alike(&product, &x.add(&y).unwrap().exp().unwrap()));
        prop_assert!(alike(&x.exp().unwrap().log().unwrap(), &x));
        let [sin, cos] = x.sin_cos().unwrap();
        let one = sin.mul(&sin).unwrap().add(&cos.mul(&cos).unwrap()).unwrap();
        prop_assert!(alike(&one, &ball(1.0)));
        let double = x.scaled(1).unwrap().sin_cos().unwrap()[0];
        prop_assert!(alike(&double, &sin.mul(&cos).unwrap().scaled(1).unwrap()));
        let [sinh, cosh] = x.sinh_cosh().unwrap();
        prop_assert!(alike(&x.tanh().unwrap(), &sinh.div(&cosh).unwrap()));
        prop_assert!(alike(&x.neg().erf().unwrap(), &x.erf().unwrap().neg()));
        if a > 0.0 {
            let root = x.sqrt().unwrap();
            prop_assert!(alike(&root.mul(&root).unwrap(), &x));
            prop_assert!(alike(&x.pow(&ball(0.5)).unwrap(), &root));
            prop_assert!(alike(&x.powi(-3).unwrap(), &ball(1.0).div(&x.mul(&x).unwrap().mul(&x).unwrap()).unwrap()));
        }
    }
}

/// A radius is a double, and the tails of erf and tanh are products of what is near 0 and what is huge.
#[test]
fn tails_keep_their_digits() {
    for x in 1..40 {
        let x = f64::from(x) * 0.75;
        let erf = ball(x).erf().unwrap();
        assert!(
            erf.radius() < 1e-215,
            "erf {x} is known to {}",
            erf.radius()
        );
        let other = ball(-x).erf().unwrap().neg();
        assert!(alike(&erf, &other), "{x}");
    }
    // erfc 20 = 5.395865611607900928934999…·10^−176 (DLMF 7.12.1).
    let rest = ball(1.0).sub(&ball(20.0).erf().unwrap()).unwrap();
    assert!((rest.middle() / 5.395_865_611_607_9e-176 - 1.0).abs() < 1e-13);
    for x in [100.0, 279.0, 281.0, 1e9] {
        let tanh = ball(-x).tanh().unwrap();
        assert!(
            tanh.radius() < 1e-220,
            "tanh {x} is known to {}",
            tanh.radius()
        );
        assert!(alike(&tanh, &ball(-1.0)) || x < 200.0, "{x}");
    }
}

proptest! {
    /// Numbers in two balls: the larger one, and each of the two.
    #[test]
    fn what_is_not_told_apart_keeps_its_digits(
        a in -4f64..4.0, off in -1e-9f64..1e-9, radii in [0f64..1e-8, 0f64..1e-8], at in [-1f64..1.0, -1f64..1.0],
    ) {
        let (x, y) = (third(a), third(a + off));
        let wide = [x.with_error(radii[0]).unwrap(), y.with_error(radii[1]).unwrap()];
        let inside = |ball: &Ball, at: f64| exact(ball) + RBig::try_from(ball.radius() * at * 0.999).unwrap();
        let [p, q] = [inside(&wide[0], at[0]), inside(&wide[1], at[1])];
        let larger = if p > q { p.clone() } else { q.clone() };
        let max = wide[0].max(&wide[1]);
        prop_assert!(holds(&max, &larger));
        prop_assert!(max.radius() <= 1.001 * radii[0].max(radii[1]) + 1e-200);
        let both = wide[0].around_both(&wide[1]).unwrap();
        prop_assert!(holds(&both, &p) && holds(&both, &q));
        let narrow = x.around_both(&x).unwrap();
        prop_assert!(narrow.radius() < 1e-200);
    }
}
