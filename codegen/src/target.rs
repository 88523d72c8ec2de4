//! What lowering needs to know of a processor.

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
    /// Whether a vector can be loaded and stored in some of its lanes only.
    pub has_masks: bool,
    /// Rows of a register tile of a contraction.
    pub tile_rows: u32,
    /// Vectors in a row of a register tile.
    pub tile_vectors: u32,
    /// Bytes of a row of temporaries that stay in the cache next to the processor.
    pub row_bytes: u64,
    /// How often the body of a loop over the tiles of a contraction is repeated; 1 leaves it alone.
    pub tile_repetitions: u32,
}

impl Target {
    /// Sixteen 128-bit registers, as Cranelift offers on x86-64.
    pub const BITS_128: Target = Target {
        vector_bytes: 16,
        has_masks: false,
        tile_rows: 4,
        tile_vectors: 2,
        row_bytes: 16 << 10,
        tile_repetitions: 4,
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
