//! Small kernels through single passes: their text, and that they compute the same.

use super::{
    NotThreads, cut, edges, is_thread_program, outline, periods, repeat, unfold, vectorise,
};
use crate::kernel::{Cells, Kernel, interpret_kernel, verify_kernel};
use crate::target::{Costs, Target};
use insta::assert_snapshot;
use lgc_ir::dtype::DType;

/// Products of a 6×10 and a 10×n matrix by tiles of 4×8.
fn product(n: u64) -> Kernel {
    let text = format!(
        "kernel product(x: f32[6, 10] in, w: f32[10, {n}] in, y: f32[6, {n}] out) {{
           for i0 in 0..2 {{
             for i1 in 0..{} {{
               v0 = const 0 : f32
               v1 = splat v0 : f32 tile<4, 8>
               (v2) = carry (v3 = v1) for i2 in 0..10 {{
                 v4 = load x[4*i0:, i2] clip : f32<4>
                 v5 = load w[i2, 8*i1:] clip : f32<8>
                 v6 = mma v3, v4, v5 : f32 tile<4, 8>
                 yield v6
               }}
               store y[4*i0:, 8*i1:] = v2 clip
             }}
           }}
         }}",
        n.div_ceil(8)
    );
    parsed(&text)
}

fn parsed(text: &str) -> Kernel {
    let kernel: Kernel = text
        .parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(verify_kernel(&kernel), Ok(()), "{text}");
    kernel
}

/// What all memory holds after a kernel, which is first filled with wild numbers.
fn outcome(kernel: &Kernel) -> Vec<Vec<u32>> {
    let cells = |count: u64| {
        let wild = |at: u64| ((at * 2_654_435_761) % 1000) as f32 / 137.0 - 3.5;
        Cells::numbers(DType::F32, (0..count).map(wild))
    };
    let mut args: Vec<Cells<f32>> = kernel
        .params()
        .map(|(_, memory, _)| cells(memory.ty.elements()))
        .collect();
    interpret_kernel(&(), kernel, &mut args).unwrap_or_else(|error| panic!("{error}\n{kernel}"));
    let bits = |cells: &Cells<f32>| {
        let numbers = cells.as_numbers().unwrap_or_default();
        numbers.iter().map(|x| x.to_bits()).collect()
    };
    args.iter().map(bits).collect()
}

/// The kernel after some passes, each of which must keep what it computes.
fn passed(kernel: &Kernel, passes: &[super::Pass], target: &Target) -> Kernel {
    let mut kernel = kernel.clone();
    for pass in passes {
        let result = pass(&kernel, target).unwrap_or_else(|refusal| panic!("{refusal:?}"));
        assert_eq!(verify_kernel(&result), Ok(()), "{result}");
        assert_eq!(outcome(&result), outcome(&kernel), "{kernel}\n{result}");
        kernel = result;
    }
    kernel
}

/// A transposition in a nest of parallel loops, the innermost of which goes in blocks of `grain`.
fn nest([a, b, c]: [u64; 3], grain: u64) -> Kernel {
    parsed(&format!(
        "kernel nest(x: f32[{c}, {b}, {a}] in, y: f32[{a}, {b}, {c}] out) {{
           par i0 < {a} grain 1 {{
             par i1 < {b} grain 1 {{
               par i2 < {c} grain {grain} {{
                 v0 = load x[i2, i1, i0] : f32
                 store y[i0, i1, i2] = v0
               }}
             }}
           }}
         }}"
    ))
}

/// The points of a nest are the digits of the number of a task: each point is in one task.
#[test]
fn tasks_of_nests_are_all_points() {
    for extents in [
        [2, 3, 5],
        [1, 4, 7],
        [4, 1, 6],
        [3, 5, 1],
        [2, 2, 64],
        [70, 2, 3],
    ] {
        for grain in [1, 2, 3, 64] {
            let kernel = nest(extents, grain);
            passed(&kernel, &[outline::outline], &Target::BITS_128);
        }
    }
    assert_snapshot!(passed(
        &nest([2, 3, 5], 2),
        &[outline::outline],
        &Target::BITS_128
    ));
}

/// Sums of the rows of a matrix in lanes and chunks.
fn sums(rows: u64, extent: u64, lanes: u32, chunk: u64) -> Kernel {
    parsed(&format!(
        "kernel sums(x: f32[{rows}, {extent}] in, y: f32[{rows}] out) {{
           for i0 in 0..{rows} {{
             v0 = const -0 : f32
             (v1) = fold i1 < {extent} lanes {lanes} chunk {chunk} (v2 = v0) {{
               v3 = load x[i0, i1] : f32
               v4 = add v2, v3 : f32
               yield v4
             }} merge (v5) (v6) {{
               v7 = add v5, v6 : f32
               yield v7
             }}
             store y[i0] = v1
           }}
         }}"
    ))
}

/// Whatever is left over of lanes and chunks, the order is that of the fold: these sums round.
#[test]
fn folds_keep_their_order() {
    for target in [Target::BITS_128, Target::X86_64_V3, Target::X86_64_V4] {
        let handed_out = Target {
            costs: Costs {
                fold_task: 1,
                fold_tasks: 2,
                ..target.costs.clone()
            },
            ..target.clone()
        };
        for target in [target, handed_out] {
            for (extent, lanes, chunk) in [
                (1, 1, 1),
                (9, 1, 2),
                (40, 4, 40),
                (41, 8, 8),
                (63, 4, 12),
                (100, 16, 32),
                (130, 32, 32),
                (77, 128, 77),
            ] {
                let kernel = sums(2, extent, lanes, chunk);
                passed(&kernel, &[unfold::unfold], &target);
            }
        }
    }
    assert_snapshot!(passed(
        &sums(1, 22, 4, 8),
        &[unfold::unfold],
        &Target::BITS_128
    ));
}

/// Loops that start anywhere, of any length, with and without masks.
#[test]
fn vectors_take_all_points_once() {
    for target in [Target::BITS_128, Target::X86_64_V3, Target::X86_64_V4] {
        for (low, high) in [
            (0, 16),
            (0, 3),
            (5, 5),
            (5, 6),
            (3, 30),
            (8, 31),
            (0, 37),
            (0, 40),
        ] {
            for width in [2, 8, 32] {
                let kernel = backwards((low, high), width);
                passed(&kernel, &[vectorise::vectorise, cut::cut], &target);
            }
        }
    }
}

/// Differences of rows and the same backwards, in vectors of `width`.
fn backwards((low, high): (u64, u64), width: u32) -> Kernel {
    parsed(&format!(
        "kernel copy(x: f32[40] in, y: f32[40] inout) {{
           schedule vec i0 {width}
           for i0 in {low}..{high} {{
             v0 = load x[39 - i0] : f32
             v1 = load x[(i0 mod 7)] : f32
             v2 = sub v0, v1 : f32
             store y[i0] = v2
           }}
         }}"
    ))
}

/// What whole vectors leave over goes in registers and half ones, or in the registers that it needs, with masks.
#[test]
fn rests_fill_registers() {
    let text = |target| passed(&backwards((0, 31), 16), &[vectorise::vectorise], target);
    assert_snapshot!("rest", text(&Target::BITS_128));
    assert_snapshot!("masked_rest", text(&Target::X86_64_V3));
    // One of 3 points in 16 lanes is a vector of 4.
    let short = passed(
        &backwards((0, 3), 16),
        &[vectorise::vectorise],
        &Target::X86_64_V4,
    );
    assert!(short.to_string().contains("f32<4>"), "{short}");
}

/// A row beside the elements of a matrix that is gone through in row-major order.
fn beside(extent: u64, row: &str, place: &str) -> Kernel {
    parsed(&format!(
        "kernel beside(x: f32[{extent}] in, a: f32[{row}] in, y: f32[{extent}] out) {{
           schedule vec i0 16
           for i0 in 0..{extent} {{
             v0 = load x[i0] : f32
             v1 = load a[{place}] : f32
             v2 = mul v0, v1 : f32
             store y[i0] = v2
           }}
         }}"
    ))
}

const STRAIGHT: [super::Pass; 3] = [vectorise::vectorise, periods::periods, cut::cut];

/// Rows of any length, with and without masks: those that are shorter than a register too.
#[test]
fn rows_are_continued() {
    for target in [Target::BITS_128, Target::X86_64_V3, Target::X86_64_V4] {
        for period in [2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 50, 64, 127] {
            let kernel = beside(403, &period.to_string(), &format!("(i0 mod {period})"));
            let straight = passed(&kernel, &STRAIGHT, &target);
            let text = straight.to_string();
            // What fills a register, or several, is adjacent as it is.
            let is_adjacent = period % (target.vector_bytes / 4) == 0;
            assert_eq!(text.contains("let a_continued"), !is_adjacent, "{text}");
            assert!(!text.contains("if 0 <= ("), "{text}");
        }
    }
    let kernel = beside(403, "13", "(i0 mod 13)");
    assert_snapshot!(passed(&kernel, &STRAIGHT[..2], &Target::X86_64_V3));
}

/// From any place on, along any axis, in any direction.
#[test]
fn lines_of_parameters_are_rows() {
    for (row, place) in [
        ("7", "((i0 + 5) mod 7)"),
        ("9", "-((i0 + 5) mod 7) + 8"),
        ("7, 3", "((i0 + 2) mod 7), 1"),
        ("20", "3*(i0 mod 6) + 2"),
        ("2, 11", "1, (i0 mod 10) + 1"),
    ] {
        let kernel = beside(70, row, place);
        for target in [Target::BITS_128, Target::X86_64_V4] {
            let text = passed(&kernel, &STRAIGHT, &target).to_string();
            assert!(text.contains("let a_continued"), "{text}");
        }
    }
}

#[test]
fn long_rows_are_decided_on_for_each_vector() {
    for target in [Target::BITS_128, Target::X86_64_V3] {
        let target = Target {
            costs: Costs {
                max_continued: 8,
                ..target.costs.clone()
            },
            ..target
        };
        let rows = [(7, false), (50, false), (129, true), (131, true)];
        // From some place on, a vector begins right behind the last place from which it does not start again.
        for ((period, is_long), start) in
            rows.iter().flat_map(|&row| (0..5).map(move |at| (row, at)))
        {
            let place = format!("((i0 + {start}) mod {period})");
            let kernel = beside(403, &period.to_string(), &place);
            let text = passed(&kernel, &STRAIGHT, &target).to_string();
            assert_eq!(text.contains(") = if 0 <= ("), is_long, "{text}");
            assert_eq!(text.contains("let a_continued"), period == 7, "{text}");
        }
    }
    // So is one that begins elsewhere each time.
    let kernel = parsed(
        "kernel beside(x: f32[3, 300] in, a: f32[3, 131] in, y: f32[3, 300] out) {
           schedule vec i1 16
           for i0 in 0..3 {
             for i1 in 0..300 {
               v0 = load x[i0, i1] : f32
               v1 = load a[i0, (i1 mod 131)] : f32
               v2 = mul v0, v1 : f32
               store y[i0, i1] = v2
             }
           }
         }",
    );
    let text = passed(&kernel, &STRAIGHT, &Target::BITS_128).to_string();
    assert!(
        text.contains(") = if 0 <= (") && !text.contains("continued"),
        "{text}"
    );
}

/// Guards, masks and other values hold for the same lanes as before.
#[test]
fn conditions_of_rows_stay() {
    let kernel = parsed(
        "kernel beside(x: f32[200] in, a: f32[11] in, y: f32[200] inout) {
           schedule vec i0 16
           for i0 in 0..200 {
             v0 = load x[i0] : f32
             v1 = const 0 : f32
             v2 = lt v0, v1 : bool
             v3 = load a[((i0 + 3) mod 11)] if 5 <= i0 < 170 where v2 else v0 : f32
             v4 = load a[(i0 mod 11)] if 3 <= (i0 mod 11) < 9 : f32
             v5 = sub v3, v4 : f32
             store y[i0] = v5
           }
         }",
    );
    for target in [Target::BITS_128, Target::X86_64_V3, Target::X86_64_V4] {
        let text = passed(&kernel, &STRAIGHT, &target).to_string();
        assert_eq!(text.matches("let a_continued").count(), 1, "{text}");
    }
}

/// Each task has rows of its own, and so has what is around it.
#[test]
fn tasks_continue_their_own_rows() {
    let kernel = parsed(
        "kernel beside(x: f32[6, 100] in, a: f32[11] in, y: f32[6, 100] inout) {
           lane i0
           for i1 in 0..96 step 16 {
             v0 = load a[((i0 + i1) mod 11)] : f32<16>
             store y[0, i0 + i1] = v0
           }
           tasks i2 < 5 with (x, a, y; ; ) {
             for i3 in 0..96 step 16 {
               v1 = load a[((i0 + i3) mod 11)] : f32<16>
               v2 = load x[i2, i0 + i3] : f32<16>
               v3 = mul v1, v2 : f32<16>
               store y[i2 + 1, i0 + i3] = v3
             }
           }
         }",
    );
    let kernel = passed(&kernel, &STRAIGHT[1..], &Target::BITS_128);
    let text = kernel.to_string();
    assert_eq!(text.matches("let a_continued").count(), 2, "{text}");
}

/// The copy of a row is of the line that reads it, whatever comes after that.
#[test]
fn rows_are_copied_for_the_line_that_reads_them() {
    let text = beside(403, "13", "(i0 mod 13)").to_string();
    let text = text.replace("mod 13)] : f32", "mod 13)] : f32 @5");
    let kernel = parsed(&text.replace("mul v0, v1 : f32", "mul v0, v1 : f32 @7"));
    let text = passed(&kernel, &STRAIGHT, &Target::X86_64_V3).to_string();
    let reads: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("load a"))
        .collect();
    assert!(reads.len() > 7, "{text}");
    assert!(reads.iter().all(|line| line.ends_with(" @5")), "{text}");
}

#[test]
fn what_stays_as_it_is_beside_rows() {
    let body = |statements: &str| {
        parsed(&format!(
            "kernel k(a: f32[40] in, b: f32[40] inout, y: f32[200] inout) {{
               lane i0
               for i1 in 0..192 step 16 {{
                 {statements}
                 store y[i0 + i1] = v0
               }}
             }}"
        ))
    };
    for statements in [
        // Memory that may change.
        "v0 = load b[((i0 + i1) mod 11)] : f32<16>",
        // Lanes that do not follow one another.
        "v0 = load a[((2*i0 + i1) mod 11)] : f32<16>",
        "v0 = load a[((i0 + i1) floordiv 11)] : f32<16>",
        "v0 = load a[((i0 + i1) mod 11) + i0] : f32<16>",
        // A line of which only a guard says that it lies inside.
        "v0 = load a[((i0 + i1) mod 50)] if 0 <= ((i0 + i1) mod 50) < 40 : f32<16>",
    ] {
        let kernel = body(statements);
        let same = passed(&kernel, &[periods::periods], &Target::BITS_128);
        assert_eq!(same, kernel.canonical());
    }
    // A row of which less is read than would be copied.
    let kernel = parsed(
        "kernel k(a: f32[40] in, y: f32[16] out) {
           lane i0
           v0 = load a[((i0 + 5) mod 11)] : f32<16>
           store y[i0] = v0
         }",
    );
    let same = passed(&kernel, &[periods::periods], &Target::BITS_128);
    assert_eq!(same, kernel.canonical());
    // Run-time subscripts, and the faults that they note.
    let kernel = parsed(
        "kernel k(a: f32[40] in, c: i64[200] in, s: i64[] inout, y: f32[200] inout) {
           lane i0
           for i1 in 0..192 step 16 {
             v0 = load c[i0 + i1] : i64<16>
             v1 = load a[v0] guard s at ((i0 + i1) mod 11) : f32<16>
             store y[i0 + i1] = v1
           }
         }",
    );
    let same = periods::periods(&kernel, &Target::BITS_128);
    assert_eq!(same.as_ref().map(Kernel::canonical), Ok(kernel.canonical()));
}

#[test]
fn tiles_inside_have_a_loop_of_their_own() {
    let kernel = passed(&product(20), &[edges::edges], &Target::BITS_128);
    assert_snapshot!(kernel);
    // Columns lie inside in any case: only rows are asked for.
    let kernel = passed(&product(16), &[edges::edges], &Target::BITS_128);
    let text = kernel.to_string();
    assert!(text.contains("if 0 <= i0 < 1 {"), "{text}");
    assert_eq!(text.matches("clip").count(), 2, "{text}");
}

#[test]
fn edges_are_no_matter_where_all_or_no_tiles_lie_inside() {
    let inside = product(16).to_string().replace("f32[6, ", "f32[8, ");
    let inside = passed(&parsed(&inside), &[edges::edges], &Target::BITS_128);
    let text = inside.to_string();
    assert!(!text.contains("clip") && !text.contains("if"), "{text}");
    let kernel = product(5);
    let never = passed(&kernel, &[edges::edges], &Target::BITS_128);
    assert_eq!(never, kernel);
    // A span that moves with the loop is no matter of its tiles.
    let moving = kernel.to_string().replace("x[4*i0:, i2]", "x[i2:, 0]");
    let moving = parsed(&moving);
    let text = passed(&moving, &[edges::edges], &Target::BITS_128).to_string();
    assert!(text.contains("load x[i2:, 0] clip"), "{text}");
}

#[test]
fn bodies_are_repeated_in_whole_rounds() {
    let passes: [super::Pass; 2] = [edges::edges, repeat::repeat];
    let kernel = passed(&product(20), &passes, &Target::BITS_128);
    assert_snapshot!(kernel);
    for tile_repetitions in [1, 2, 3, 5, 10, 11] {
        let target = Target {
            costs: Costs {
                tile_repetitions,
                ..Costs::BITS_128
            },
            ..Target::BITS_128
        };
        let edges = passed(&product(16), &passes[..1], &target);
        let kernel = passed(&edges, &passes[1..], &target);
        let products = kernel.to_string().matches("mma").count() as u32;
        let more = match tile_repetitions {
            1 | 11 => 0,
            2 | 5 | 10 => tile_repetitions - 1,
            _ => tile_repetitions,
        };
        assert_eq!(products, 2 + more, "{kernel}");
    }
}

#[test]
fn loops_across_rows_are_repeated_over_squares() {
    let across = |n: u32, place: &str| {
        parsed(&format!(
            "kernel across(x: f32[7, {n}] in, w: f32[{n}] in, y: f32[7] out) {{
               v0 = const 0 : f32
               v1 = splat v0 : f32<7>
               (v2) = carry (v3 = v1) for i0 in 0..{n} {{
                 v4 = load x[{place}] : f32<7>
                 v5 = load w[i0] : f32
                 v6 = splat v5 : f32<7>
                 v7 = fma v4, v6, v3 : f32<7>
                 yield v7
               }}
               store y[0:] = v2
             }}"
        ))
    };
    for target in [Target::BITS_128, Target::X86_64_V3] {
        let lanes = target.lanes(DType::F32);
        for (n, place, products) in [
            (lanes, "0:, i0", lanes),
            (2 * lanes + 3, "0:, i0", lanes + 1),
            (lanes - 1, "0:, i0", 1),
            // No column after the other.
            (2 * lanes, "0:, 0", 1),
        ] {
            let kernel = across(n, place);
            let repeated = passed(&kernel, &[repeat::repeat], &target);
            let found = repeated.to_string().matches("fma").count() as u32;
            assert_eq!(found, products, "{repeated}");
        }
    }
}

#[test]
fn tiles_become_the_pieces_of_their_rows() {
    let passes: [super::Pass; 3] = [edges::edges, repeat::repeat, cut::cut];
    let target = Target {
        costs: Costs {
            tile_repetitions: 1,
            ..Costs::BITS_128
        },
        ..Target::BITS_128
    };
    let kernel = passed(&product(20), &passes, &target);
    assert_eq!(is_thread_program(&kernel, &target), Ok(()));
    assert_snapshot!(kernel);
}

/// Accesses by lanes and along spans, masks, `else` values, run-time subscripts, slices, joins and frames.
fn vectors(n: u32) -> Kernel {
    let half = n.div_ceil(2);
    parsed(&format!(
        "kernel vectors(x: f32[9] in, w: f32[3, 40] in, y: f32[3, 40] inout, z: f32[40] inout) {{
           lane i0
           v0 = ramp 2*i0 + 1 : i32<{n}>
           v1 = const 5 : i32
           v2 = splat v1 : i32<{n}>
           v3 = lt v0, v2 : bool<{n}>
           v4 = load w[1, (i0 mod 3)] if 0 <= i0 < 6 where v3 : f32<{n}>
           v5 = load w[v0, i0] where v3 else v4 : f32<{n}>
           v6 = const 7 : f32
           v7 = load x[4:] clip else v6 : f32<{n}>
           (v8) = carry (v9 = v5) for i1 in 0..3 {{
             (v10) = if 1 <= i1 < 2 {{
               v11 = mul v9, v7 : f32<{n}>
               yield v11
             }} else {{
               yield v7
             }}
             v12 = add v10, v9 : f32<{n}>
             yield v12
           }}
           v13 = splat v6 : f32<{n}>
           tasks i2 < 3 with (y; v8, v13; ) {{
             v14 = sub v8, v13 : f32<{n}>
             store y[i2, 3:] = v14
             v15 = const 2 : f32
             v16 = splat v15 : f32<{n}>
             v17 = mul v16, v13 : f32<{n}>
             store y[i2, -i0 + 39] = v17 if 0 <= i0 < 5
           }}
           v18 = slice v8 from {from} : f32<{half}>
           store z[0:] = v18
           v19 = slice v8 from {last} : f32
           store z[38] = v19
           store z[i0 + 3] = v7 if 0 <= i0 < {real} where v3
         }}",
        from = n - half,
        last = n - 1,
        real = n.div_ceil(3),
    ))
}

#[test]
fn vectors_become_pieces() {
    let target = Target::BITS_128;
    let kernel = passed(&vectors(7), &[cut::cut], &target);
    assert_snapshot!(kernel);
    for n in [2, 3, 4, 5, 8, 11, 16, 31, 33] {
        for vector_bytes in [4, 8, 16, 32, 64] {
            let target = Target {
                vector_bytes,
                ..Target::BITS_128
            };
            let kernel = passed(&vectors(n), &[cut::cut], &target);
            assert_eq!(is_thread_program(&kernel, &target), Ok(()), "{kernel}");
        }
    }
}

#[test]
fn short_vectors_by_lanes_stay_as_they_are() {
    let text = "kernel k(x: f32[40] in, y: f32[40] out) {
      lane i0
      for i1 in 0..40 step 8 {
        v0 = load x[i0 + i1] : f32<8>
        v1 = exp v0 : f32<8>
        store y[i0 + i1] = v1
      }
    }";
    let target = Target {
        vector_bytes: 32,
        ..Target::BITS_128
    };
    let kernel = parsed(text);
    assert_eq!(passed(&kernel, &[cut::cut], &target), kernel.canonical());
}

#[test]
fn single_elements_are_loaded_where_they_are_used() {
    // Not past a store, and not where a condition is left.
    let kernel = parsed(
        "kernel k(x: f32[40] in, s: f32[4] inout, y: f32[4, 4] inout) {
           v0 = load x[2:] : f32<4>
           v1 = load s[0:] : f32<4>
           v2 = load x[38:] clip : f32<4>
           v3 = load x[8:] : f32<4>
           store s[0:] = v3
           v4 = columns v0 : f32 tile<4, 4>
           v5 = mma v4, v1, v3 : f32 tile<4, 4>
           v6 = mma v5, v2, v3 : f32 tile<4, 4>
           store y[0:, 0:] = v6
         }",
    );
    assert_snapshot!(passed(&kernel, &[cut::cut], &Target::BITS_128));
}

#[test]
fn kernels_that_grow_too_much_are_refused() {
    let wide: String = (1..80)
        .map(|at| format!("v{at} = add v{}, v0 : f32 tile<32, 32>\n", at - 1))
        .collect();
    let text = format!(
        "kernel k(x: f32[32, 32] in, y: f32[32, 32] out) {{
           v0 = load x[0:, 0:] : f32 tile<32, 32>
           {wide}
           store y[0:, 0:] = v79
         }}"
    );
    let kernel = parsed(&text);
    passed(&kernel, &[cut::cut], &Target::BITS_128);
    let scalars = Target {
        vector_bytes: 4,
        ..Target::BITS_128
    };
    let refusal = cut::cut(&kernel, &scalars).unwrap_err();
    assert!(refusal.0.contains("65536 statements"), "{refusal:?}");
}

#[test]
fn what_is_no_thread_program() {
    let body = |stmts: &str| {
        parsed(&format!(
            "kernel k(x: f32[8, 8] in, y: f32[8, 8] inout) {{
               lane i0
               {stmts}
             }}"
        ))
    };
    let found = |kernel: &Kernel| is_thread_program(kernel, &Target::BITS_128);
    let good = "v0 = load x[0, i0] : f32<4>
        store y[0, i0] = v0";
    assert_eq!(found(&body(good)), Ok(()));
    let columns = "v0 = load x[0, i0] : f32<2> v1 = columns v0 : f32 tile<2, 2>";
    let rows = "v0 = load x[0, i0] : f32<2> v1 = rows v0 : f32 tile<2, 2>";
    let mma = "v0 = load x[0, i0] : f32<2> v1 = const 0 : f32 v2 = splat v1 : f32 tile<2, 2>
        v3 = mma v2, v0, v0 : f32 tile<2, 2>";
    let fold = "v0 = const 0 : f32 (v1) = fold i1 < 9 lanes 1 chunk 9 (v2 = v0) { yield v2 }
        merge (v3) (v4) { yield v3 }";
    let cases = [
        ("par i1 < 3 grain 1 { }", NotThreads::Par),
        (fold, NotThreads::Fold),
        ("v0 = load x[0, 0:] : f32<4>", NotThreads::Span),
        ("v0 = load x[0, 0] clip : f32", NotThreads::Clip),
        (
            "v0 = load x[0:, 0:] clip : f32 tile<2, 2>",
            NotThreads::Span,
        ),
        ("v0 = load x[0, i0] : f32<8>", NotThreads::Vector(8, 4)),
        (columns, NotThreads::Op("columns")),
        (rows, NotThreads::Op("rows")),
        (mma, NotThreads::Tile),
    ];
    for (text, fault) in cases {
        // It is found inside of other statements too.
        assert_eq!(found(&body(text)), Err(fault), "{text}");
        let inside = format!("for i3 in 0..2 {{ for i2 in 0..2 {{ {text} }} }}");
        assert_eq!(found(&body(&inside)), Err(fault), "{text}");
    }
    let mut scheduled = body("for i1 in 0..8 { v0 = load x[0, i1] : f32 store y[0, i1] = v0 }");
    scheduled
        .schedule
        .push(crate::kernel::Directive::Vec(crate::kernel::VarId(1), 4));
    assert!(matches!(found(&scheduled), Err(NotThreads::Directive(_))));
}
