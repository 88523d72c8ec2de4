//! The function that says whether a processor can run compiled code, as machine code.
//!
//! Cranelift has no `cpuid`. The function takes nothing, returns 1 or 0 as an i32, and uses nothing
//! that an x86-64 processor may lack.

/// Bits of ECX of leaf 1: SSE3, SSSE3, FMA, SSE4.1, SSE4.2, POPCNT, OSXSAVE, AVX.
const LEAF_1_ECX: u32 = 1 | 1 << 9 | 1 << 12 | 1 << 19 | 1 << 20 | 1 << 23 | 1 << 27 | 1 << 28;

/// Bits of EBX of leaf 7: BMI1, AVX2.
const LEAF_7_EBX: u8 = 1 << 3 | 1 << 5;

const ECX: [u8; 4] = LEAF_1_ECX.to_le_bytes();

/// The machine code.
#[rustfmt::skip]
pub(crate) const HAS_FEATURES: &[u8] = &[
    0x53,                                        // push rbx
    0x31, 0xc0,                                  // xor  eax, eax
    0x0f, 0xa2,                                  // cpuid                the highest leaf
    0x83, 0xf8, 0x07,                            // cmp  eax, 7
    0x72, 0x3c,                                  // jb   no
    0xb8, 0x01, 0x00, 0x00, 0x00,                // mov  eax, 1
    0x31, 0xc9,                                  // xor  ecx, ecx
    0x0f, 0xa2,                                  // cpuid
    0x81, 0xe1, ECX[0], ECX[1], ECX[2], ECX[3],  // and  ecx, LEAF_1_ECX
    0x81, 0xf9, ECX[0], ECX[1], ECX[2], ECX[3],  // cmp  ecx, LEAF_1_ECX
    0x75, 0x25,                                  // jne  no
    0x31, 0xc9,                                  // xor  ecx, ecx
    0x0f, 0x01, 0xd0,                            // xgetbv               what the system saves
    0x83, 0xe0, 0x06,                            // and  eax, 6          xmm and ymm
    0x83, 0xf8, 0x06,                            // cmp  eax, 6
    0x75, 0x18,                                  // jne  no
    0xb8, 0x07, 0x00, 0x00, 0x00,                // mov  eax, 7
    0x31, 0xc9,                                  // xor  ecx, ecx
    0x0f, 0xa2,                                  // cpuid
    0x83, 0xe3, LEAF_7_EBX,                      // and  ebx, LEAF_7_EBX
    0x83, 0xfb, LEAF_7_EBX,                      // cmp  ebx, LEAF_7_EBX
    0x75, 0x07,                                  // jne  no
    0xb8, 0x01, 0x00, 0x00, 0x00,                // mov  eax, 1
    0x5b,                                        // pop  rbx
    0xc3,                                        // ret
    0x31, 0xc0,                                  // no: xor eax, eax
    0x5b,                                        // pop  rbx
    0xc3,                                        // ret
];
