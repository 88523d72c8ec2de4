//! How the result of a contraction is cut into register tiles.

use crate::lower::fusion::group::TileAxes;
use crate::lower::fusion::plan::Plan;
use lgc_ir::graph::NodeId;

/// How many elements are computed at once, and along which axes of the result.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoopShape {
    pub(in crate::lower) rows: Option<Blocked>,
    pub(in crate::lower) columns: Option<Blocked>,
    /// An axis of which a few neighbours are computed at once, each with vectors of its own, so that what is read along
    /// the vectors serves them all.
    pub(super) several: Option<Blocked>,
    /// Whether the elements along the columns lie apart in memory, and are read there.
    pub(super) is_apart: bool,
}

/// An axis of the result that is cut into blocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocked {
    pub(in crate::lower) axis: usize,
    pub(in crate::lower) extent: u64,
    pub(in crate::lower) block: u32,
    /// What a last, smaller block is rounded up to.
    pub(super) multiple: u32,
}

/// A block size with how many blocks of it there are.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    /// The first block, in blocks of the full size.
    pub(in crate::lower) first: u64,
    pub(in crate::lower) count: u64,
    pub(in crate::lower) size: u32,
    /// How much of the block there is, where it extends beyond the axis.
    pub(in crate::lower) clip: Option<u32>,
}

impl Blocked {
    /// Full blocks, then what is left.
    pub(in crate::lower) fn pieces(self) -> Vec<Piece> {
        let block = u64::from(self.block);
        let full = self.extent / block;
        let rest = (self.extent % block) as u32;
        let mut pieces = Vec::new();
        if full > 0 {
            pieces.push(Piece {
                first: 0,
                count: full,
                size: self.block,
                clip: None,
            });
        }
        if rest > 0 {
            let size = rest.div_ceil(self.multiple) * self.multiple;
            pieces.push(Piece {
                first: full,
                count: 1,
                size,
                clip: (size != rest).then_some(rest),
            });
        }
        pieces
    }

    pub(in crate::lower) fn blocks(self) -> u64 {
        self.extent.div_ceil(u64::from(self.block))
    }

    pub(super) fn is_exact(self) -> bool {
        self.extent.is_multiple_of(u64::from(self.multiple))
    }
}

impl LoopShape {
    /// The shapes to try, the best first.
    pub(super) fn candidates(plan: &Plan<'_>, node: NodeId, tile: TileAxes) -> Vec<LoopShape> {
        let ty = plan.model.ty(node);
        let (target, lanes) = (plan.target, plan.target.lanes(ty.dtype.compute()));
        let scalar = LoopShape {
            rows: None,
            columns: None,
            several: None,
            is_apart: false,
        };
        let block = |axis: Option<usize>, block: u32, multiple: u32| {
            axis.map(|axis| Blocked {
                axis,
                extent: ty.shape.extent(axis),
                block,
                multiple,
            })
        };
        let wide = |b: &Blocked| b.extent >= u64::from(lanes);
        let columns = block(tile.columns, lanes * target.tile_vectors, lanes).filter(wide);
        let rows = block(tile.rows, target.tile_rows, 1).filter(|b| b.extent > 1);
        let across = block(tile.rows, lanes * target.tile_vectors, lanes).filter(wide);
        let long = block(tile.columns, 2 * lanes * target.tile_vectors, lanes).filter(wide);
        // Those that are left over need no lanes of their own.
        let apart = |axis: Option<usize>| {
            let rows = target.costs.rows_apart.max(lanes);
            let columns = block(axis, rows, 1).filter(wide);
            LoopShape {
                columns,
                is_apart: true,
                ..scalar
            }
        };
        let shape = |rows, columns| LoopShape {
            rows,
            columns,
            ..scalar
        };
        // Columns that fill no vector are the rows of a tile whose vectors run along the rows.
        let several = block(tile.columns, target.tile_rows, 1).filter(|b| b.extent > 1);
        let mut shapes = Vec::new();
        if ty.dtype.is_float() {
            match (rows, columns, across) {
                (Some(rows), Some(columns), _) => shapes.push(shape(Some(rows), Some(columns))),
                (None, Some(_), _) => shapes.extend([apart(tile.columns), shape(None, long)]),
                (_, None, Some(across)) => {
                    let across = LoopShape {
                        several,
                        ..shape(None, Some(across))
                    };
                    shapes.extend([apart(tile.rows), across]);
                }
                (_, None, None) => {}
            }
        }
        shapes.push(scalar);
        shapes
    }
}
