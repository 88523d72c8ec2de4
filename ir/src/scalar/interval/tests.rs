//! Enclosures hold what they should, at the edges of the range too.

use super::*;
use proptest::prelude::*;

#[test]
fn sums_of_products_of_edge_cases() {
    let point = |x: f64| Interval::point(DType::F64, x);
    let dot =
        |x: Interval, y: Interval| Interval::dot_of(&(), DType::F64, &mut [(x, y)].into_iter());
    assert_eq!(dot(point(0.0), point(3.0)), point(0.0));
    assert!(dot(point(0.0), point(f64::INFINITY)).is_anything());
    assert!(dot(Interval::anything(DType::F64), point(0.0)).is_anything());
    assert!(dot(point(1e200), point(1e200)).is_anything());
    // An underflow is no exact zero.
    let tiny = dot(point(1e-200), point(1e-200));
    assert!(tiny.low < 0.0 && tiny.high > 0.0);
}

proptest! {
    #[test]
    fn single_precision_results_are_enclosed(x in -20f32..20.0, y in -20f32..20.0) {
        let (ix, iy) = (
            Interval::point(DType::F32, x as f64),
            Interval::point(DType::F32, y as f64),
        );
        for &function in Unary::ALL {
            let enclosure = ix.unary(function);
            let computed = x.unary(function);
            prop_assert!(enclosure.contains(computed as f64) , "{function:?}({x}) = {computed} not in {enclosure:?}");
        }
        for &function in Binary::ALL {
            let enclosure = ix.binary(function, &iy);
            let computed = x.binary(function, &y);
            prop_assert!(enclosure.contains(computed as f64), "{function:?}({x}, {y}) = {computed} not in {enclosure:?}");
        }
    }

    #[test]
    fn sums_of_products_are_enclosed(pairs in prop::collection::vec((-20f32..20.0, -20f32..20.0, 0f64..1e-3), 0..40)) {
        let wide = |x: f32, width: f64| Interval { low: f64::from(x) - width, high: f64::from(x) + width, dtype: DType::F32 };
        let intervals: Vec<_> = pairs.iter().map(|&(x, y, width)| (wide(x, width), wide(y, 0.0))).collect();
        let dot = Interval::dot_of(&(), DType::F32, &mut intervals.iter().copied());
        let fused = pairs.iter().fold(0f32, |sum, (x, y, _)| x.mul_add(*y, sum));
        let apart = pairs.iter().rev().fold(0f32, |sum, (x, y, _)| sum + x * y);
        prop_assert!(dot.contains(f64::from(fused)) && dot.contains(f64::from(apart)));
        // No tighter than the ends of the products, and not much wider than the sum of them.
        let total = Interval::total(DType::F32, intervals.iter().map(|(x, y)| x.mul(y)));
        prop_assert!(dot.width() <= total.width() * 1.5 + 1e-30, "{dot:?} {total:?}");
        let exact: f64 = pairs.iter().map(|(x, y, width)| f64::from(*x) * f64::from(*y) + width * f64::from(y.abs())).sum();
        prop_assert!(dot.contains(exact));
    }

    #[test]
    fn compositions_stay_enclosed(x in -3f32..3.0, y in -3f32..3.0) {
        fn body<S: Scalar>(x: &S, y: &S) -> S {
            let z = x.mul(y).add(&x.exp()).sub(&y.unary(Unary::Sin));
            S::select(&z.gt(&x.int(0)), &z.log1p(), &z.square()).sigmoid()
        }
        let enclosure = body(&Interval::point(DType::F32, x as f64), &Interval::point(DType::F32, y as f64));
        prop_assert!(enclosure.contains(body(&x, &y) as f64));
        prop_assert!(enclosure.contains(body(&(x as f64), &(y as f64))));
    }
}
