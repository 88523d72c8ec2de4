use super::*;
use crate::kernel::Program;

/// A row that takes half of the stack that kernels may take.
const ROW: &str = "program p {
  workspace 0
  buffer x: f32[32768] input 0
  buffer y: f32[32768] output 0

  kernel k(x: f32[32768] in, y: f32[32768] out) {
    let row: f32[32768] @private {
      for i0 in 0..32768 {
        v0 = load x[i0] : f32
        store row[i0] = v0
      }
      for i1 in 0..32768 {
        v1 = load row[-i1 + 32767] : f32
        store y[i1] = v1
      }
    }
  }

  launch k(x, y)
}
";

/// The guard behind a stack is one page: whoever takes more at once has to touch each.
#[test]
fn every_page_of_the_stack_is_touched() {
    let program: Program = ROW.parse().unwrap();
    let legal = Legal::new(&program, &Target::X86_64_V3);
    let (llvm, _) = Llvm::load(None, Effort::Most).unwrap();
    let assembly = llvm.assembly(&[legal], &[]).unwrap();
    let lines: Vec<&str> = assembly.lines().map(str::trim).collect();
    let page = lines
        .iter()
        .position(|line| line.starts_with("subq\t$4096, %rsp"));
    let page = page.unwrap_or_else(|| panic!("the stack grows by more than a page:\\n{assembly}"));
    assert!(
        lines[page + 1].contains("(%rsp)"),
        "a page is not touched:\\n{assembly}"
    );
    let large = lines
        .iter()
        .any(|line| line.starts_with("subq\t$131072, %rsp"));
    assert!(!large, "{assembly}");
}
