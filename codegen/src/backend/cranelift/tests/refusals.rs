//! What is no thread program is refused, wherever it is.

use crate::backend::cranelift::emit::kernel::emit;
use crate::kernel::Kernel;
use crate::target::Target;

fn kernel(stmts: &str) -> Kernel {
    let text = format!(
        "kernel k(x: f32[8, 8] in, y: f32[8, 8] inout) {{
           lane i0
           {stmts}
         }}"
    );
    text.parse()
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn spans_tiles_and_their_operations_are_refused() {
    let good = "v0 = load x[0, i0] : f32<4>
        store y[0, i0] = v0";
    assert!(emit(&kernel(good), &Target::BITS_128, None).is_ok());
    let columns = "v0 = load x[0, i0] : f32<2> v1 = columns v0 : f32 tile<2, 2>";
    let rows = "v0 = load x[0, i0] : f32<2> v1 = rows v0 : f32 tile<2, 2>";
    let splat = "v0 = const 0 : f32 v1 = splat v0 : f32 tile<2, 2>
        v2 = add v1, v1 : f32 tile<2, 2>";
    let fold = "v0 = const 0 : f32 (v1) = fold i1 < 9 lanes 1 chunk 9 (v2 = v0) { yield v2 }
        merge (v3) (v4) { yield v3 }";
    let carried = "v0 = const 0 : f32 v1 = splat v0 : f32 tile<2, 2>
        (v2) = carry (v3 = v1) for i1 in 0..3 { yield v3 }";
    for (stmts, reason) in [
        ("par i1 < 3 grain 1 { }", "a parallel loop"),
        (fold, "a fold"),
        ("v0 = load x[0, 0:] : f32<4>", "a span"),
        ("v0 = load x[0, 0] clip : f32", "a clipped access"),
        ("v0 = load x[0, 0:] clip : f32<4>", "a clipped access"),
        ("v0 = load x[0:, 0:] : f32 tile<2, 2>", "a tile"),
        (columns, "a tile"),
        (rows, "a tile"),
        (carried, "a tile"),
        (splat, "a tile"),
    ] {
        for stmts in [
            stmts.to_string(),
            format!("for i3 in 0..2 {{ for i2 in 0..2 {{ {stmts} }} }}"),
        ] {
            let refusal = emit(&kernel(&stmts), &Target::BITS_128, None).unwrap_err();
            assert!(refusal.0.starts_with(reason), "{stmts}: {refusal:?}");
        }
    }
}
