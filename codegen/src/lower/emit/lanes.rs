//! Vectors and register tiles of elements.
//!
//! Coordinates of a vector or tile are those of its elements, with the variables [`ROW`] and
//! [`COLUMN`] for the place within it. An access is possible where each of the two moves one
//! coordinate by one step.

use crate::kernel::{Access, Form, MemId, Subscript, ValueId};
use crate::lower::emit::element::Elements;
use lgc_ir::index::{Guard, Index};

/// The variable that stands for the row within a register tile.
pub(super) const ROW: u32 = u32::MAX - 1;
/// The variable that stands for the column within a register tile, or the place in a vector.
pub(in crate::lower) const COLUMN: u32 = u32::MAX - 2;

/// How many elements are computed at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Lanes {
    /// Elements along [`ROW`]; only with columns.
    pub(in crate::lower) rows: Option<u32>,
    /// Elements along [`COLUMN`].
    pub(in crate::lower) columns: Option<u32>,
    /// How many of the columns there are, where the last ones lie beyond the end.
    pub(super) clip: Option<u32>,
}

impl Lanes {
    pub(in crate::lower) fn form(self) -> Form {
        match (self.rows, self.columns) {
            (_, None) => Form::Scalar,
            (None, Some(columns)) => Form::Vector(columns),
            (Some(rows), Some(columns)) => Form::Tile(rows, columns),
        }
    }
}

/// Neighbours along an axis that are computed in vectors of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    /// The first of them.
    pub(in crate::lower) start: u64,
    /// The number of vectors.
    pub(in crate::lower) blocks: u64,
    /// The elements of a vector; 1 for scalars.
    pub(super) width: u32,
}

impl Segment {
    /// An axis in vectors of `widest` elements, then in smaller ones down to `narrowest`, then one by one.
    pub(in crate::lower) fn of(extent: u64, widest: u32, narrowest: u32) -> Vec<Segment> {
        let mut segments = Vec::new();
        let (mut start, mut width) = (0, widest.max(1));
        while start < extent {
            let blocks = (extent - start) / u64::from(width);
            if blocks > 0 {
                segments.push(Segment {
                    start,
                    blocks,
                    width,
                });
                start += blocks * u64::from(width);
            }
            width = if width > narrowest { width / 2 } else { 1 };
        }
        segments
    }

    /// How its elements are computed.
    pub(in crate::lower) fn lanes(&self) -> Lanes {
        Lanes {
            rows: None,
            columns: (self.width > 1).then_some(self.width),
            clip: None,
        }
    }

    /// Where the elements of a vector lie along the axis.
    pub(in crate::lower) fn column(&self, block: &Index) -> Index {
        let base = block.scale(i64::from(self.width));
        let base = base.add_constant(self.start as i64);
        match self.width {
            1 => base,
            _ => base.add(&Index::var(COLUMN)),
        }
    }
}

impl Elements<'_> {
    /// Loads from memory at coordinates that may mention [`ROW`] and [`COLUMN`]; `None` where the
    /// elements do not lie along axes of the memory.
    pub(super) fn load_from(
        &self,
        memory: MemId,
        coords: &[Index],
        guard: &Guard,
        otherwise: Option<ValueId>,
    ) -> Option<ValueId> {
        let (subscripts, form) = self.spans(memory, coords, guard)?;
        let mut access = Access::new(memory, subscripts).when(guard);
        access.clip = self.lanes.clip.is_some() && form != Form::Scalar;
        let value = self.builder.load_form(access, form, otherwise);
        Some(match (self.lanes.form(), form) {
            (Form::Tile(rows, columns), Form::Vector(_)) => {
                if coords.iter().any(|index| index.mentions(ROW)) {
                    self.builder.columns(columns, value)
                } else {
                    self.builder.rows(rows, value)
                }
            }
            (_, _) => value,
        })
    }

    /// Loads one element.
    pub(super) fn load_element(&self, memory: MemId, at: &[Index]) -> ValueId {
        let subscripts = self.subscripts(memory, at, &Guard::always());
        self.builder.load(Access::new(memory, subscripts))
    }

    /// Stores a value at coordinates that may mention [`ROW`] and [`COLUMN`].
    pub(super) fn store_to(&mut self, memory: MemId, coords: &[Index], value: ValueId) {
        let Some((subscripts, form)) = self.spans(memory, coords, &Guard::always()) else {
            self.refuse_lanes();
            return;
        };
        if form != self.lanes.form() || !self.ends_with_memory(memory, &subscripts) {
            self.refuse_lanes();
            return;
        }
        let value = match self.builder.type_of(value).form {
            Form::Scalar => self.builder.splat(form, value),
            Form::Vector(_) | Form::Tile(..) => value,
        };
        let mut access = Access::new(memory, subscripts);
        access.clip = self.lanes.clip.is_some();
        self.builder.store(access, value);
    }

    /// Whether columns that lie beyond the end of their axis also lie beyond the end of the memory's, where
    /// a store stops: they do not if the axis was joined with others, and the next row follows.
    fn ends_with_memory(&self, memory: MemId, subscripts: &[Subscript]) -> bool {
        let Some(count) = self.lanes.clip else {
            return true;
        };
        let last = subscripts
            .iter()
            .zip(self.builder.extents(memory))
            .filter_map(|(subscript, extent)| match subscript {
                Subscript::Span(base) => Some((base, extent)),
                Subscript::At(_) | Subscript::Value(_) => None,
            })
            .next_back();
        last.is_none_or(|(base, extent)| {
            let end = base.add_constant(i64::from(count)).as_constant();
            end == i64::try_from(extent).ok()
        })
    }

    /// Subscripts for coordinates that may mention [`ROW`] and [`COLUMN`], and the form of what lies
    /// there.
    fn spans(
        &self,
        memory: MemId,
        coords: &[Index],
        guard: &Guard,
    ) -> Option<(Vec<Subscript>, Form)> {
        let in_lanes = |index: &Index| index.mentions(ROW) || index.mentions(COLUMN);
        if guard.relations().iter().any(|r| in_lanes(r.index())) {
            return None;
        }
        if !coords.iter().any(in_lanes) {
            return Some((self.subscripts(memory, coords, guard), Form::Scalar));
        }
        let has_picks = coords.iter().any(|index| self.is_picked(index));
        let extents = self.builder.extents(memory);
        let mut found: [Option<usize>; 2] = [None, None];
        let mut subscripts = Vec::with_capacity(coords.len());
        for (position, index) in coords.iter().enumerate() {
            let lane = [ROW, COLUMN].iter().position(|&var| index.mentions(var));
            let Some(which) = lane else {
                subscripts.push(match (has_picks, extents.get(position)) {
                    (true, Some(&extent)) => self.subscript(index, extent, guard),
                    (_, _) => Subscript::At(index.clone()),
                });
                continue;
            };
            let base = index.sub(&Index::var([ROW, COLUMN][which]));
            if in_lanes(&base) || self.is_picked(&base) || found[which].replace(position).is_some()
            {
                return None;
            }
            subscripts.push(Subscript::Span(base));
        }
        let form = match (found, self.lanes.rows, self.lanes.columns) {
            ([None, None], _, _) => Form::Scalar,
            ([None, Some(_)], _, Some(columns)) => Form::Vector(columns),
            ([Some(_), None], Some(rows), _) => Form::Vector(rows),
            ([Some(r), Some(c)], Some(rows), Some(columns)) if r < c => Form::Tile(rows, columns),
            (_, _, _) => return None,
        };
        Some((subscripts, form))
    }
}
