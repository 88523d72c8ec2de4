//! The kernels and programs that the other tests use.

use crate::kernel::{
    Access, Condition, Directive, FoldShape, ForRange, Form, Kernel, KernelBuilder, Mode, Program,
    Space, Subscript,
};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::{Guard, Index};
use lgc_ir::scalar::{Binary, Comparison, Connective, Unary};
use lgc_ir::shape::{Shape, Type};

pub(super) fn f32s(dims: &[u64]) -> Type {
    Type::new(DType::F32, Shape::new(dims.iter().copied()))
}

/// y = x · sigmoid(x), the body run through the abstract scalar.
pub(super) fn silu() -> Kernel {
    use crate::kernel::BodyScalar;
    use lgc_ir::scalar::Scalar;
    let k = KernelBuilder::new("silu");
    let x = k.param("x", f32s(&[6, 4]), Mode::In);
    let y = k.param("y", f32s(&[6, 4]), Mode::Out);
    k.par(6, 2, |row| {
        let lane = k.for_each(ForRange::upto(4), |column| {
            let at = [row.clone(), column];
            let value = BodyScalar::new(&k, k.load(Access::element(x, at.clone())));
            let same = BodyScalar::new(&k, k.load(Access::element(x, at.clone())));
            let result = value.mul(&same.sigmoid());
            k.store(Access::element(y, at), result.value());
        });
        k.schedule(Directive::Vec(lane, 4));
    });
    k.finish().unwrap()
}

/// Softmax of each row: max fold, exponentials stored by the sum's fold, one division.
pub(super) fn softmax(rows: u64, columns: u64, lanes: u32) -> Kernel {
    let k = KernelBuilder::new("softmax");
    let x = k.param("x", f32s(&[rows, columns]), Mode::In);
    let y = k.param("y", f32s(&[rows, columns]), Mode::Out);
    k.par(rows, 4, |row| {
        let at = |column: Index| [row.clone(), column];
        let lowest = k.constant(DType::F32, &Constant::NegInfinity);
        let (_, max) = k.fold(
            FoldShape::lanes(columns, lanes),
            &[lowest],
            |column, state| {
                let loaded = k.load(Access::element(x, at(column)));
                vec![k.binary(Binary::Max, state[0], loaded)]
            },
            |a, b| vec![k.binary(Binary::Max, a[0], b[0])],
        );
        let zero = k.constant(DType::F32, &Constant::NegZero);
        let shape = FoldShape {
            extent: columns,
            lanes,
            chunk: columns.div_ceil(2).next_multiple_of(lanes.into()),
        };
        let (_, sum) = k.fold(
            shape,
            &[zero],
            |column, state| {
                let loaded = k.load(Access::element(x, at(column.clone())));
                let e = k.unary(Unary::Exp, k.binary(Binary::Sub, loaded, max[0]));
                k.store(Access::element(y, at(column)), e);
                vec![k.binary(Binary::Add, state[0], e)]
            },
            |a, b| vec![k.binary(Binary::Add, a[0], b[0])],
        );
        let scale = k.binary(Binary::Div, k.int(DType::F32, 1), sum[0]);
        k.for_each(ForRange::upto(columns), |column| {
            let e = k.load(Access::element(y, at(column.clone())));
            k.store(
                Access::element(y, at(column)),
                k.binary(Binary::Mul, e, scale),
            );
        });
    });
    k.finish().unwrap()
}

/// y = gelu-free GEMM with bias: B packed in panels of 8 columns, tiles of 4×8, K in blocks.
pub(super) fn gemm(m: u64, n: u64, depth: u64, block: u64) -> Kernel {
    let k = KernelBuilder::new("gemm_bias");
    let x = k.param("x", f32s(&[m, depth]), Mode::In);
    let w = k.param("w", f32s(&[depth, n]), Mode::In);
    let b = k.param("b", f32s(&[n]), Mode::In);
    let y = k.param("y", f32s(&[m, n]), Mode::Out);
    let blocks = ForRange::span(0, depth as i64, block as i64);
    k.for_each(blocks, |k0| {
        let panel = f32s(&[n.div_ceil(8), block, 8]);
        k.local("panel", panel, Space::Shared, |panel| {
            k.par(n.div_ceil(8), 1, |j| {
                k.for_each(ForRange::upto(block), |step| {
                    k.for_each(ForRange::upto(8), |lane| {
                        let from = [k0.add(&step), j.scale(8).add(&lane)];
                        let inside = Guard::within(from[0].clone(), 0, depth as i64)
                            .and(&Guard::within(from[1].clone(), 0, n as i64));
                        let element = k.load(Access::element(w, from).when(&inside));
                        k.store(
                            Access::element(panel, [j.clone(), step.clone(), lane]),
                            element,
                        );
                    });
                });
            });
            k.par(m.div_ceil(4), 1, |i| {
                k.for_each(ForRange::upto(n.div_ceil(8)), |j| {
                    let tile = Access::new(
                        y,
                        vec![Subscript::Span(i.scale(4)), Subscript::Span(j.scale(8))],
                    )
                    .clipped();
                    let form = Form::Tile(4, 8);
                    let first = Condition::Guard(Guard::within(k0.clone(), 0, 1));
                    let start = k.branch(
                        first,
                        || vec![k.splat(form, k.int(DType::F32, 0))],
                        || vec![k.load_form(tile.clone(), form, None)],
                    );
                    let (_, sum) = k.carry(ForRange::upto(block), &start, |step, acc| {
                        let from = vec![Subscript::Span(i.scale(4)), Subscript::At(k0.add(&step))];
                        let inside = Guard::within(k0.add(&step), 0, depth as i64);
                        let column = Access::new(x, from).clipped().when(&inside);
                        let column = k.load_form(column, Form::Vector(4), None);
                        let row = vec![
                            Subscript::At(j.clone()),
                            Subscript::At(step),
                            Subscript::Span(Index::constant(0)),
                        ];
                        let row = k.load_form(Access::new(panel, row), Form::Vector(8), None);
                        vec![k.mma(acc[0], column, row)]
                    });
                    let last = k0.add_constant(block as i64);
                    let last = Guard::within(last, depth as i64, (depth + block) as i64);
                    let result = k.branch(
                        Condition::Guard(last),
                        || {
                            let bias = Access::new(b, vec![Subscript::Span(j.scale(8))]);
                            let bias = k.load_form(bias.clipped(), Form::Vector(8), None);
                            vec![k.binary(Binary::Add, sum[0], k.rows(4, bias))]
                        },
                        || sum.clone(),
                    );
                    k.store(tile, result[0]);
                });
            });
        });
    });
    k.finish().unwrap()
}

/// The position and value of the largest element of each row; the first one wins ties.
pub(super) fn argmax(rows: u64, columns: u64, lanes: u32, chunk: u64) -> Kernel {
    let k = KernelBuilder::new("argmax");
    let x = k.param("x", f32s(&[rows, columns]), Mode::In);
    let y = k.param("y", Type::new(DType::I32, Shape::new([rows])), Mode::Out);
    let top = k.param("top", f32s(&[rows]), Mode::Out);
    let better = |a: &[crate::kernel::ValueId], b: &[crate::kernel::ValueId]| {
        let above = k.compare(Comparison::Gt, b[0], a[0]);
        let equal = k.compare(Comparison::Eq, b[0], a[0]);
        let before = k.compare(Comparison::Lt, b[1], a[1]);
        let tie = k.connect(Connective::And, equal, before);
        let take = k.connect(Connective::Or, above, tie);
        vec![k.select(take, b[0], a[0]), k.select(take, b[1], a[1])]
    };
    k.par(rows, 1, |row| {
        let lowest = k.constant(DType::F32, &Constant::NegInfinity);
        let nowhere = k.int(DType::I32, i64::from(i32::MAX));
        let shape = FoldShape {
            extent: columns,
            lanes,
            chunk: chunk.min(columns.max(1)),
        };
        let (_, best) = k.fold(
            shape,
            &[lowest, nowhere],
            |column, state| {
                let value = k.load(Access::element(x, [row.clone(), column.clone()]));
                better(state, &[value, k.index_value(DType::I32, &column)])
            },
            better,
        );
        k.store(Access::element(y, [row.clone()]), best[1]);
        k.store(Access::element(top, [row]), best[0]);
    });
    k.finish().unwrap()
}

/// Rows of a table by run-time indices, checked.
pub(super) const GATHER: &str = "program gather {
  workspace 64
  buffer table: f32[3, 2] input 0
  buffer index: i32[4] input 1
  buffer rows: f32[4, 2] output 0
  buffer status: i64[] workspace 0

  kernel reset(s: i64[] out) {
    v0 = const 9223372036854775807 : i64
    store s[] = v0
  }

  kernel gather(table: f32[3, 2] in, index: i32[4] in, rows: f32[4, 2] out, s: i64[] inout) {
    par i0 < 4 grain 1 {
      v0 = load index[i0] : i32
      for i1 in 0..2 {
        v1 = load table[v0, i1] guard s at i0 : f32
        store rows[i0, i1] = v1
      }
    }
  }

  launch reset(status)
  launch gather(table, index, rows, status)
  check status code 3
}
";

/// A recurrence h' = a·h + x[t] over a stack, backwards in time, ping-ponging its carry.
pub(super) const SCAN: &str = "program scan {
  workspace 192
  buffer x: f32[3, 2] input 0
  buffer again: bool[] input 1
  buffer a: f32[2] constant 0x0000803f0000003f
  buffer h: f32[2] inout 0
  buffer hs: f32[3, 2] output 0
  buffer carry: f32[2, 2] workspace 64
  buffer scratch: f32[2] workspace 128

  kernel step(a: f32[2] in, x: f32[2] in, h: f32[2] in, next: f32[2] out, t: f32[2] scratch) {
    schedule vec i0 2
    for i0 in 0..2 {
      v0 = load a[i0] : f32
      v1 = load h[i0] : f32
      v2 = load x[-i0 + 1] : f32
      v3 = fma v0, v1, v2 : f32
      store next[i0] = v3
      store t[i0] = v3
    }
  }

  copy h -> carry[0]
  loop i0 < 3 {
    launch step(a, x[-i0 + 2], carry[(i0 mod 2)], carry[((i0 + 1) mod 2)], scratch)
    copy carry[((i0 + 1) mod 2)] -> hs[-i0 + 2]
  }
  if again {
    copy carry[1] -> h
  } else {
    copy hs[0] -> h
  }
}
";

pub(super) fn gather() -> Program {
    GATHER.parse().unwrap()
}

/// Reversed rows plus their index where it is odd, in tasks of two rows, by lanes; and how many of the first `n`
/// numbers come before one.
pub(super) fn threads() -> Kernel {
    let text = "kernel reversed(x: f32[5, 7] in, n: i64[] in, y: f32[5, 7] out, t: i64[] out) {
        lane i9
        v9 = const 0 : i64
        v10 = load n[] : i64
        (v11) = carry (v12 = v9) for i8 in 0..100 until v10 { v13 = const 1 : i64 v14 = add v12, v13 : i64 yield v14 }
        store t[] = v11
        v20 = const 10 : f32
        tasks i0 < 3 with (x, y; v20; ) {
          for i1 in 2*i0..2*i0 + 2 below 5 {
            v0 = load x[i1, 6 - i9] if 0 <= i9 < 7 : f32<8>
            v1 = ramp i9 : i64<8>
            v2 = cast v1 : f32<8>
            v3 = ramp (i9 mod 2) : i64<8>
            v4 = cast v3 : bool<8>
            v5 = add v0, v2 : f32<8>
            store y[i1, i9] = v0 if 0 <= i9 < 7
            store y[i1, i9] = v5 if 0 <= i9 < 7 where v4
            v6 = slice v5 from 3 : f32
            v7 = slice v5 from 0 : f32<2>
            v8 = splat v20 : f32<2>
            v30 = mul v7, v8 : f32<2>
            store y[i1, 2*i9] = v30
            store y[i1, 4] = v6
          }
        }
    }";
    text.parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}
