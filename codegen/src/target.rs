//! What the compiler needs to know of a processor.

use lgc_ir::dtype::DType;

/// A processor, as far as the shape of kernels depends on it.
///
/// Vectors and tiles that are written into kernels follow from it; so do directives, which never
/// change results. How sums are grouped does not: lanes and chunks of folds follow from shapes
/// alone, so that results are the same on every target.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Bytes of a vector register.
    pub vector_bytes: u32,
    /// Rows of a register tile of a contraction.
    pub tile_rows: u32,
    /// Vectors in a row of a register tile.
    pub tile_vectors: u32,
    /// Bytes of a row of temporaries that stay in the cache next to the processor.
    pub row_bytes: u64,
    /// What it has for all operands.
    pub operations: Operations,
}

/// Which operations a processor has that some lack: for every operand, with the results that [`lgc_ir::scalar`]
/// defines. What it lacks is written in others by [`crate::legalize`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Operations {
    /// Quotients and remainders of integers, by 0 and of the least one by −1. RISC-V has them; x86-64 stops the
    /// program, and to LLVM they are undefined.
    pub division: bool,
    /// Shifts of integers by amounts that are negative or no less than the width. PTX has them; x86-64 takes the
    /// last bits of the amount, and to LLVM they are undefined.
    pub shifts: bool,
    /// Maxima and minima of 64-bit integers. PTX has them, and x86-64 from AVX-512 on.
    pub extrema_of_i64: bool,
}

impl Operations {
    /// No more than every processor has.
    pub const COMMON: Operations = Operations {
        division: false,
        shifts: false,
        extrema_of_i64: false,
    };
}

impl Target {
    /// Sixteen 128-bit registers, as Cranelift offers on x86-64.
    pub const BITS_128: Target = Target {
        vector_bytes: 16,
        tile_rows: 4,
        tile_vectors: 2,
        row_bytes: 16 << 10,
        operations: Operations::COMMON,
    };

    /// The number of elements in a vector register.
    pub fn lanes(&self, dtype: DType) -> u32 {
        (self.vector_bytes / dtype.size() as u32).max(1)
    }
}

impl Default for Target {
    fn default() -> Self {
        Target::BITS_128
    }
}
