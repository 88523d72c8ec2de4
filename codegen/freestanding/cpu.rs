//! Which level of x86-64 the processor has: a part of libraries with code for several.
//!
//! The file is compiled on its own, as freestanding code of which an object is embedded in `lgc`, and again as part of
//! the tests, which ask it about made-up processors. It calls nothing, never panics, and uses nothing that an x86-64
//! processor may lack before it knows that it is there.
//!
//! Leaves and bits are those of Intel's Software Developer's Manual, volume 2A, `CPUID`; levels those of the x86-64
//! psABI, but for LAHF and SAHF, which code for vectors has no use for.

/// What a leaf of `CPUID` says, subleaf 0: EAX, EBX, ECX, EDX.
pub(crate) type Leaf = [u32; 4];

const EAX: usize = 0;
const EBX: usize = 1;
const ECX: usize = 2;

/// Bits of ECX of leaf 1: SSE3, SSSE3, FMA, CMPXCHG16B, SSE4.1, SSE4.2, MOVBE, POPCNT, OSXSAVE, AVX, F16C.
const LEAF_1: u32 = 1
    | 1 << 9
    | 1 << 12
    | 1 << 13
    | 1 << 19
    | 1 << 20
    | 1 << 22
    | 1 << 23
    | 1 << 27
    | 1 << 28
    | 1 << 29;

/// Bits of EBX of leaf 7: BMI1, AVX2, BMI2.
const LEAF_7: u32 = 1 << 3 | 1 << 5 | 1 << 8;

/// The bit of ECX of leaf 0x80000001: LZCNT.
const EXTENDED: u32 = 1 << 5;

/// Bits of EBX of leaf 7 of level v4: AVX-512 F, DQ, CD, BW, VL.
const LEAF_7_V4: u32 = 1 << 16 | 1 << 17 | 1 << 28 | 1 << 30 | 1 << 31;

/// What the system saves: the registers of SSE and AVX.
const SAVED: u32 = 0x6;

/// Those of AVX-512 as well: masks, upper halves, upper sixteen.
const SAVED_V4: u32 = 0xe6;

/// 0 below level v3, 1 for v3, 2 for v4, given what leaves say and what the system saves (which is asked only where
/// the processor has that register).
pub(crate) fn level(leaf: impl Fn(u32) -> Leaf, saved: impl Fn() -> u32) -> i32 {
    let has = |bits: u32, wanted: u32| bits & wanted == wanted;
    if leaf(0)[EAX] < 7 || leaf(0x8000_0000)[EAX] < 0x8000_0001 {
        return 0;
    }
    if !has(leaf(1)[ECX], LEAF_1) || !has(leaf(0x8000_0001)[ECX], EXTENDED) {
        return 0;
    }
    let (saved, features) = (saved(), leaf(7)[EBX]);
    if !has(saved, SAVED) || !has(features, LEAF_7) {
        return 0;
    }
    match has(saved, SAVED_V4) && has(features, LEAF_7_V4) {
        true => 2,
        false => 1,
    }
}

/// The level of this processor, and of its system: 0, 1 or 2.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn lgc_cpu_level() -> i32 {
    let leaf = |number: u32| {
        let found = core::arch::x86_64::__cpuid_count(number, 0);
        [found.eax, found.ebx, found.ecx, found.edx]
    };
    let saved = || {
        let low: u32;
        // SAFETY: the instruction is there, since OSXSAVE was among the bits of leaf 1; it reads register 0, which
        // always exists, and changes EAX and EDX only.
        unsafe {
            core::arch::asm!(
                "xgetbv",
                in("ecx") 0,
                out("eax") low,
                out("edx") _,
                options(nomem, nostack, preserves_flags)
            );
        }
        low
    };
    level(leaf, saved)
}
