//! Conversions from and to halves: all of them, and all boundaries between them.

use super::{Bytes, program, tensor};
use crate::backend::cranelift::Jit;
use crate::kernel::{Access, Directive, KernelBuilder, Mode};
use crate::legalize::Legal;
use crate::target::Target;
use lgc_ir::dtype::DType;
use lgc_ir::half::Half;

const BOTH: [(DType, Half); 2] = [(DType::F16, Half::F16), (DType::Bf16, Half::BF16)];

/// Elements as elements of another dtype, by compiled code that takes `width` at a time.
fn converted(from: DType, to: DType, elements: &[u8], width: u32) -> Vec<u8> {
    let count = elements.len() as u64 / from.size();
    let k = KernelBuilder::new("convert");
    let x = k.param("x", tensor(from, &[count]), Mode::In);
    let y = k.param("y", tensor(to, &[count]), Mode::Out);
    let var = k.par(count, 1, |at| {
        let value = k.cast(to, k.load(Access::element(x, [at.clone()])));
        k.store(Access::element(y, [at]), value);
    });
    if width > 1 {
        k.schedule(Directive::Vec(var, width));
    }
    let program = program(k.finish().unwrap());
    let mut bytes = Bytes {
        inputs: vec![elements.to_vec()],
        inouts: Vec::new(),
        outputs: vec![vec![0xa5; (count * to.size()) as usize]],
    };
    assert_eq!(
        bytes.call(&Jit::compile(&Legal::new(&program, &Target::BITS_128)).unwrap()),
        0
    );
    bytes.outputs.remove(0)
}

/// Checks the conversion of numbers to a half, one by one and in registers.
fn check<const N: usize>(
    from: DType,
    to: DType,
    numbers: &[[u8; N]],
    half: impl Fn([u8; N]) -> u16,
) {
    for width in [1, 8] {
        let found = converted(from, to, numbers.as_flattened(), width);
        let (found, []) = found.as_chunks::<2>() else {
            panic!("halves have two bytes");
        };
        assert_eq!(found.len(), numbers.len());
        for (&number, &found) in numbers.iter().zip(found) {
            let (found, expected) = (u16::from_le_bytes(found), half(number));
            assert_eq!(
                found, expected,
                "{from} {number:x?} as {to}, by {width}: {found:#06x}, not {expected:#06x}"
            );
        }
    }
}

/// Each half, and each middle between neighbours, of both signs.
fn landmarks(half: Half) -> impl Iterator<Item = f64> {
    (0..=u16::MAX).flat_map(move |bits| {
        let x = half.decode(bits);
        let next = half.decode(bits.wrapping_add(1));
        let next = if next.is_infinite() {
            half.limit().copysign(x)
        } else {
            next
        };
        [x, 0.5 * (x + next)]
    })
}

#[test]
fn every_half_is_an_f32_and_an_f64() {
    let all: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    for (dtype, half) in BOTH {
        for width in [1, 4, 8] {
            let singles = converted(dtype, DType::F32, &all, width);
            let doubles = converted(dtype, DType::F64, &all, width);
            let (singles, _) = singles.as_chunks::<4>();
            let (doubles, _) = doubles.as_chunks::<8>();
            for ((bits, single), double) in (0..=u16::MAX).zip(singles).zip(doubles) {
                let (single, double) = (f32::from_le_bytes(*single), f64::from_le_bytes(*double));
                let expected = half.decode(bits);
                let same = |x: f64| x.to_bits() == expected.to_bits();
                let nan = expected.is_nan() && single.is_nan() && double.is_nan();
                assert!(
                    nan || (same(f64::from(single)) && same(double)),
                    "{dtype} {bits:#06x}: {single}, {double}, not {expected}"
                );
            }
        }
    }
}

#[test]
fn every_half_survives_a_copy() {
    let all: Vec<[u8; 2]> = (0..=u16::MAX).map(u16::to_le_bytes).collect();
    // With all its bits, as other floats.
    for (dtype, _) in BOTH {
        check(dtype, dtype, &all, u16::from_le_bytes);
    }
    check(DType::F16, DType::Bf16, &all, |x| {
        Half::BF16.encode(Half::F16.decode(u16::from_le_bytes(x)))
    });
    check(DType::Bf16, DType::F16, &all, |x| {
        Half::F16.encode(Half::BF16.decode(u16::from_le_bytes(x)))
    });
}

#[test]
fn f32_rounds_to_halves_at_every_boundary() {
    for (dtype, half) in BOTH {
        let near = landmarks(half).map(|x| x as f32);
        let near = near.flat_map(|x| [x.next_down(), x, x.next_up()]);
        // And bits from everywhere, NaN of all payloads included.
        let anywhere = (0..=u32::MAX).step_by(4093).map(f32::from_bits);
        let numbers: Vec<[u8; 4]> = near.chain(anywhere).map(f32::to_le_bytes).collect();
        check(DType::F32, dtype, &numbers, |x| {
            half.encode(f64::from(f32::from_le_bytes(x)))
        });
    }
}

#[test]
fn f64_rounds_to_halves_once() {
    for (dtype, half) in BOTH {
        let near = landmarks(half).flat_map(|x| [x.next_down(), x, x.next_up()]);
        let extreme = [f64::MAX, f64::MIN_POSITIVE, 5e-324, 1e-50, 1e39, 3.4e38];
        let numbers: Vec<[u8; 8]> = near
            .chain(extreme)
            .flat_map(|x| [x, -x])
            .map(f64::to_le_bytes)
            .collect();
        check(DType::F64, dtype, &numbers, |x| {
            half.encode(f64::from_le_bytes(x))
        });
    }
}

#[test]
fn integers_round_to_halves_once() {
    for (dtype, half) in BOTH {
        let integers: Vec<i64> = landmarks(half)
            .filter(|x| x.abs() >= 1.0)
            .flat_map(|x| {
                [
                    (x as i64).saturating_sub(1),
                    x as i64,
                    (x as i64).saturating_add(1),
                ]
            })
            .chain([
                0,
                i64::MAX,
                i64::MIN,
                (1 << 53) + 1,
                -(1 << 53) - 1,
                (1 << 62) + (1 << 54) + 1,
            ])
            .collect();
        let expected = |x: i64| half.encode(half.round_integer(x));
        let numbers: Vec<[u8; 8]> = integers.iter().map(|x| x.to_le_bytes()).collect();
        check(DType::I64, dtype, &numbers, |x| {
            expected(i64::from_le_bytes(x))
        });
        let numbers: Vec<[u8; 4]> = integers.iter().map(|x| (*x as i32).to_le_bytes()).collect();
        check(DType::I32, dtype, &numbers, |x| {
            expected(i64::from(i32::from_le_bytes(x)))
        });
        check(DType::U32, dtype, &numbers, |x| {
            expected(i64::from(u32::from_le_bytes(x)))
        });
    }
}
