//! Families of texts at 1×, 2×, 4× and 8×: the work grows with the text, and not with its square.
//!
//! Work is counted, not timed: every allocation, and every byte that is allocated, on the thread that
//! compiles. What is quadratic allocates a quadratic number of things, or things of a quadratic size, since
//! passes make what they yield; comparisons of names allocate, too.

#![allow(clippy::print_stderr, reason = "figures that `--nocapture` shows")]

use lgc_fuzz_targets::growth::{FAMILIES, Family, compile};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    /// Allocations and their bytes.
    static WORK: Cell<[u64; 2]> = const { Cell::new([0; 2]) };
}

fn note(bytes: usize) {
    // What is allocated while a thread ends does not count.
    let _ = WORK.try_with(|work| {
        let [count, sum] = work.get();
        work.set([count + 1, sum + bytes as u64]);
    });
}

// SAFETY: all calls are handed on as they are.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        // SAFETY: the caller keeps to what the system asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to what the system asks for.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size.saturating_sub(layout.size()));
        // SAFETY: the caller keeps to what the system asks for.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Allocations, their bytes, and the bytes of what is printed; and whether the text compiles.
fn work(text: &str) -> ([u64; 3], bool) {
    WORK.set([0; 2]);
    let compiled = compile(text);
    let [count, bytes] = WORK.get();
    ([count, bytes, compiled.printed as u64], compiled.whole)
}

/// The smallest size: large enough that what is quadratic shows, small enough for a test.
const SIZE: usize = 128;

/// A text of 8 times the size may take so many times the work: 8, and the logarithms of trees and hash
/// tables. The square of 8 is 64.
const MOST: f64 = 12.0;

fn grows_linearly(family: Family) -> Result<(), String> {
    let name = family.name;
    let works = [1, 2, 4, 8].map(|times| work(&(family.text)(times * SIZE)));
    if works.iter().any(|(_, whole)| *whole != family.compiles) {
        return Err(format!("{name}: {works:?}, compiles: {}", family.compiles));
    }
    let works = works.map(|(work, _)| work);
    eprintln!("{name}: {works:?}");
    let (first, last) = (works[0], works[3]);
    for (what, (small, large)) in ["allocations", "bytes", "printed bytes"]
        .iter()
        .zip(first.iter().zip(last))
    {
        // What takes little takes it whatever the size.
        let ratio = large as f64 / (*small).max(1000) as f64;
        if ratio > MOST {
            return Err(format!(
                "{name}: {ratio:.1} times as many {what}: {works:?}"
            ));
        }
    }
    Ok(())
}

#[test]
fn work_grows_with_texts_and_not_with_their_squares() {
    let failures: Vec<String> = FAMILIES
        .into_iter()
        .filter_map(|family| grows_linearly(family).err())
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The measure itself: what is quadratic is found.
#[test]
fn a_quadratic_family_would_be_found() {
    let pairs = |size: usize| {
        let size = size / 16;
        let names: Vec<String> = (0..size).map(|n| format!("x{n}: f32[3]")).collect();
        let terms: Vec<String> = (0..size * size).map(|n| format!("x{}", n % size)).collect();
        format!(
            "entry f({}) -> (y: f32[3]) {{ y = {} }}",
            names.join(", "),
            terms.join(" + ")
        )
    };
    let family = Family {
        name: "pairs",
        text: pairs,
        compiles: true,
    };
    let message = grows_linearly(family).unwrap_err();
    assert!(message.contains("times as many"), "{message}");
}
