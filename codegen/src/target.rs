//! What the compiler needs to know of a processor.

use crate::level::Level;
use lgc_ir::dtype::DType;

/// A processor, as far as the shape of kernels depends on it.
///
/// Vectors and tiles that are written into kernels follow from it; so do directives, which never
/// change results. How sums are grouped does not: lanes and chunks of folds follow from shapes
/// alone, so that results are the same on every target, whatever the costs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// What instructions there are.
    pub level: Level,
    /// Bytes of a vector register that kernels use.
    pub vector_bytes: u32,
    /// Whether a vector can be loaded and stored in some of its lanes only.
    pub has_masks: bool,
    /// Rows of a register tile of a contraction.
    pub tile_rows: u32,
    /// Vectors in a row of a register tile.
    pub tile_vectors: u32,
    /// Bytes of a row of temporaries that stay in the cache next to the processor.
    pub row_bytes: u64,
    /// Bytes that local buffers of a kernel take, at most, from the stack of the thread that calls: that much is
    /// promised to callers.
    pub stack_bytes: u64,
    /// What it has for all operands.
    pub operations: Operations,
    /// From where on what pays.
    pub costs: Costs,
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

/// Where one way to compute something gets cheaper than another, and how much takes how long. None of these changes a
/// bit of a result. No count is 0, and lanes are powers of two.
///
/// Each says what it was measured by, most of them with `codegen/examples/costs.rs`. Times are of one thread on x86-64.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Costs {
    // ------------------------------------------------------------------------- operations, in simple ones
    /// An elementary function, which is many instructions. Not measured: expansions have 15 to 30.
    pub function: u32,
    /// A division or square root, for its latency. Not measured.
    pub division: u32,
    /// A step along a line of a scan, which waits for the one before. Not measured: the latency of an addition.
    pub scan_step: u64,
    /// The placing of one element in one pass of a sort. Not measured.
    pub sort_place: u64,

    // ------------------------------------------------------------------------------------------- tasks
    /// About how many simple operations make a task that is worth handing to another thread: some
    /// microseconds, where handing tasks out takes about one.
    pub task_work: u64,
    /// About how many simple operations make loops that are worth handing out at all: some tens of
    /// microseconds. Of what two threads gain on less, waking the other and waiting for it takes too much.
    pub shared_work: u64,
    /// A loop has at most this many tasks. Not measured: some for each of many threads.
    pub max_tasks: u64,
    /// A loop with fewer tasks is split along the loop directly inside too. Not measured.
    pub enough_tasks: u64,
    /// A task of a fold takes at least this many elements: some microseconds. Not measured by itself.
    pub fold_task: u64,
    /// A fold with fewer tasks is not worth handing out. Not measured.
    pub fold_tasks: u64,

    // -------------------------------------------------------------------------------------- registers
    /// Vectorised loops keep at most this many elements of each value in registers. Not measured.
    pub max_width: u32,
    /// Loops with at most this many statements keep [`Costs::short_body_vectors`] of each value, so that independent
    /// chains overlap; longer ones [`Costs::long_body_vectors`], since registers run out. A tanh of 50,000 elements
    /// takes 49 µs as a short one, 60 as a long one.
    pub short_body: usize,
    /// Vectors of each value in loops with short bodies: x·y + x of 50,000 elements takes 9.0 µs so, with 1 9.4, with
    /// 8 8.9.
    pub short_body_vectors: u32,
    /// Vectors of each value in loops with long bodies. Of 12 operations on 50,000 elements 1, 2 and 4 take 52 µs alike.
    pub long_body_vectors: u32,
    /// Loops of fewer bytes of each value stay scalar. Not measured: the shortest registers.
    pub least_vector_bytes: u32,
    /// Folds with at most this many statements keep all lanes of their values in registers: maxima and sums then need
    /// not wait for themselves (rows of softmax: 2.06 → 1.60 ms with 32 lanes in place of 16).
    pub short_fold: usize,
    /// Longer ones take so many lanes at a time: with 32, an exponential in 128-bit registers takes 1.35 times as
    /// long.
    pub long_fold_lanes: u32,
    /// How often the body of a loop over the tiles of a contraction is repeated: products of 96×96 take 47 µs so and
    /// with 8, with 1 54, with 2 73.
    pub tile_repetitions: u32,

    // ------------------------------------------------------------------------------------------ caches
    /// Bytes of a cache line.
    pub line_bytes: u64,
    /// Rows of so many elements are continued, if more than that is read of them: products of a row of 129 and the
    /// rows of [25000, 129] are added in 1.4 ms so, in 2.3 where it is decided for each register whether the row starts
    /// again; with 250 in 1.5 instead of 2.5. Longer ones are not measured: sums cut these apart, so that they do not
    /// start again.
    pub max_continued: i64,

    // ------------------------------------------------------------------------------------ contractions
    /// As many scalars are computed at once, at most, as registers hold beside what they are computed from: products of
    /// [3, 20000] and [20000, 3] take 47 µs so, with 4 118, one by one 231.
    pub scalars: u64,
    /// So many chains of multiply-adds do not wait for themselves: of fewer scalars, several pieces of each are
    /// computed at once. A product of two vectors of 10⁶ takes 0.54 ms so, piece by piece 1.29.
    pub chains: u64,
    /// An operand is read often if it is read for so many blocks of the other one: packing it then pays. Products of
    /// columns of 1024×256 take 5.3 ms packed, 11.7 where they are.
    pub often: u64,
    /// An operand whose elements lie apart is read so instead of packed if each serves at most so many results, which
    /// registers hold. A matrix of 1024×1024 by a vector takes 0.19 ms so, packed 2.0, in 128-bit registers 0.25 and 0.92.
    pub readings_apart: u64,
    /// How many rows of a matrix are read side by side where elements of vectors lie apart, if a vector has no more
    /// lanes: as many as there are lines in a set of the nearest cache, which rows of 4096 bytes share. A
    /// matrix of 960×1024 by a vector takes 0.20 ms so, with 16 0.25, with 32 0.28.
    pub rows_apart: u32,
    /// A last axis as long as this fills vectors well enough, whatever the others are. Not measured.
    pub long_axis: u64,

    // ------------------------------------------------------------------------------- folds of columns
    /// About how many columns are computed side by side: a quarter of the nearest cache in f32. 1000 rows of 4000 take
    /// 1.0 ms so, with 512 1.2, with 64 1.5, all at once 0.8.
    pub panel_columns: u64,
    /// How many rows are taken at once into what was loaded of the partial results: the same take 1.1 ms so and with
    /// 16, with 4 1.3, with 2 1.6, one by one 2.2.
    pub rows_at_once: u64,
    /// Of fewer columns, several pieces go at once: each addition waits for the one before, and a row of
    /// them is not enough to do meanwhile. Two columns of 10⁶ rows take 0.46 ms so, piece by piece 1.09.
    pub few_columns: u64,
    /// How many pieces of few columns go at once: two columns of 10⁵ rows take 40 µs so, with 2 56, with 8 54.
    pub pieces_of_few: u64,
    /// Of so few vectors of columns, the states stay in registers: the same take 46 µs without.
    pub few_column_vectors: u64,

    // ------------------------------------------------------------------------------- scans and scatters
    /// So many lines of a scan are tasks enough: each is gone through once, while it lies in the nearest cache.
    /// 1000 lines of 10,000 elements take 9.9 ms so, in phases 13.8.
    pub many_lines: u64,
    /// How many blocks of a line are gone through at once where lines are no vectors, so that they need not
    /// wait for each other's results: prefix sums of [4, 50000] take 138 µs so, with 4 133, with 2 158, with 16 191,
    /// with 1 275.
    pub blocks_at_once: u64,
    /// How many vectors of lines are gone through at once, for the same reason: 64 lines of 1000 take 21 µs so and with
    /// 2, with 1 22, with 8 32.
    pub line_vectors: u32,
    /// About how many bytes of a row of states lie side by side in a panel: a page of each row comes at once, and
    /// several rows of states stay in the nearest cache. A recurrence of [2000, 1024] takes 3.2 ms so, with 2048
    /// bytes 7.3, with 16384 3.4, in vectors by themselves 13.6.
    pub panel_bytes: u64,
    /// How many steps along the lines of a panel are taken at once: a recurrence of [256, 4096] takes 0.51 ms so, with 2
    /// 0.59, with 1 1.09, with 8, which read too many streams of memory, 0.95.
    pub panel_steps: u64,
    /// So few vectors of long products go by themselves, since they have many states: of 64 lines in 0.13 ms
    /// instead of 0.16.
    pub few_line_vectors: u64,
    /// How many vectors of a row of a scatter are updated at once: an index is then read once for all of them. 4000
    /// updates of rows of 256 take 1.3 ms so, with 4 1.6, with 1 2.5.
    pub scatter_vectors: u32,

    // ------------------------------------------------------------------------------------------ fusion
    /// The most simple operations of a value that several readers repeat. Not measured.
    pub light_work: u32,
    /// The most loads of it. Not measured.
    pub light_loads: u32,
    /// The most simple operations of a value that moves to its only reader. Not measured.
    pub movable_work: u32,
    /// The most loads of it. Not measured.
    pub movable_loads: u32,
    /// The most operations of an expression of inputs that is repeated by its readers. Not measured.
    pub max_floating: u32,
    /// From this cost on a value is worth a buffer rather than many repetitions: less than a function. A softmax of
    /// [100, 1000] takes 0.16 ms so, with everything repeated 0.22.
    pub heavy: u32,
}

impl Costs {
    /// Of one core of an x86-64 processor with 128-bit registers.
    pub const BITS_128: Costs = Costs {
        function: 16,
        division: 5,
        scan_step: 4,
        sort_place: 16,
        task_work: 1 << 17,
        shared_work: 1 << 20,
        max_tasks: 256,
        enough_tasks: 64,
        fold_task: 1 << 15,
        fold_tasks: 4,
        max_width: 64,
        short_body: 8,
        short_body_vectors: 4,
        long_body_vectors: 2,
        least_vector_bytes: 16,
        short_fold: 4,
        long_fold_lanes: 16,
        tile_repetitions: 4,
        line_bytes: 64,
        max_continued: 256,
        scalars: 12,
        chains: 8,
        often: 8,
        readings_apart: 6,
        rows_apart: 8,
        long_axis: 8,
        panel_columns: 2048,
        rows_at_once: 8,
        few_columns: 32,
        pieces_of_few: 4,
        few_column_vectors: 2,
        many_lines: 8,
        blocks_at_once: 8,
        line_vectors: 4,
        panel_bytes: 4096,
        panel_steps: 4,
        few_line_vectors: 4,
        scatter_vectors: 16,
        light_work: 6,
        light_loads: 2,
        movable_work: 64,
        movable_loads: 6,
        max_floating: 8,
        heavy: 12,
    };
}

impl Target {
    /// Sixteen 128-bit registers, as Cranelift offers on x86-64.
    pub const BITS_128: Target = Target {
        level: Level::V3,
        vector_bytes: 16,
        has_masks: false,
        tile_rows: 4,
        tile_vectors: 2,
        row_bytes: 16 << 10,
        stack_bytes: 256 << 10,
        operations: Operations::COMMON,
        costs: Costs::BITS_128,
    };

    /// Sixteen 256-bit registers, as LLVM offers at level v3.
    pub const X86_64_V3: Target = Target {
        vector_bytes: 32,
        has_masks: true,
        tile_rows: 6,
        tile_vectors: 2,
        costs: Costs {
            tile_repetitions: 1,
            ..Costs::BITS_128
        },
        ..Target::BITS_128
    };

    /// Thirty-two 512-bit registers, as LLVM offers at level v4.
    pub const X86_64_V4: Target = Target {
        level: Level::V4,
        vector_bytes: 64,
        tile_rows: 8,
        tile_vectors: 3,
        ..Target::X86_64_V3
    };

    /// What LLVM makes code for at a level.
    pub fn of_level(level: Level) -> Target {
        match level {
            Level::V3 => Target::X86_64_V3,
            Level::V4 => Target::X86_64_V4,
        }
    }

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
