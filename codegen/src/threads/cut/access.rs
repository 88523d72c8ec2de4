//! Loads and stores of pieces.

use super::{Cutter, Held, Out, Places, UNDEFINED, form_of, pieces_of, rows_and_columns};
use crate::backend::refusal::{Refusal, Result};
use crate::kernel::{Access, Fault, Form, Op, Stmt, Subscript, ValueId, ValueType};
use crate::threads::rewrite::{extent_of, quotient};
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::index::{Guard, Index};
use rustc_hash::FxHashMap;

/// A piece of a vector or tile.
#[derive(Clone, Copy)]
struct Piece {
    /// Its number among all.
    number: usize,
    row: u32,
    /// The column of its first element.
    first: u32,
    width: u32,
}

/// Whether elements of spans are known to lie inside, by axis and by distance from the start.
type Inside = FxHashMap<(usize, u32), bool>;

impl Cutter {
    /// Makes the loads of a value.
    pub(super) fn load(
        &mut self,
        result: ValueId,
        access: &Access,
        otherwise: Option<ValueId>,
        out: &mut Out,
    ) -> Result<()> {
        let ty = self.draft.type_of(result);
        if ty.form == Form::Scalar {
            let mut access = access.clone();
            access.clip = false;
            out.push(Stmt::Load {
                result,
                access,
                otherwise,
            });
            return Ok(());
        }
        let is_apart = self.apart.contains(&result) && self.is_uniform(access, otherwise);
        let register = if is_apart { 1 } else { self.register };
        let (_, columns) = rows_and_columns(ty.form);
        let pieces = cut_into(ty.form, &pieces_of(columns, register));
        let accesses = self.accesses(access, ty.form, &pieces)?;
        if is_apart && self.unchanged.contains(&result) {
            let places: Option<Vec<Access>> = accesses.iter().cloned().collect();
            let free = |access: &Access| access.is_unconditional() && access.fault.is_none();
            if let Some(accesses) = places.filter(|accesses| accesses.iter().all(free)) {
                let places = Places {
                    accesses,
                    dtype: ty.dtype,
                    as_single: false,
                };
                self.held.insert(result, Held::Places(places));
                return Ok(());
            }
        }
        let mut zero = None;
        let mut loaded = Vec::with_capacity(pieces.len());
        for (piece, access) in pieces.iter().zip(accesses) {
            let fill = match otherwise {
                Some(value) => Some(self.part(value, piece.number)?),
                None => None,
            };
            let ty = ty.with_form(form_of(piece.width));
            loaded.push(match access {
                Some(access) => self.load_piece(ty, access, fill, out),
                None => {
                    let fill = match fill.or(zero) {
                        Some(fill) => fill,
                        None => self.zero(ty.dtype, out),
                    };
                    zero = zero.or(Some(fill).filter(|_| otherwise.is_none()));
                    self.filled(ty, fill, out)
                }
            });
        }
        let held = match is_apart {
            true => Held::Elements(loaded),
            false => Held::Pieces(loaded),
        };
        self.held.insert(result, held);
        Ok(())
    }

    /// Whether the values that an access depends on are the same for all elements.
    fn is_uniform(&self, access: &Access, otherwise: Option<ValueId>) -> bool {
        let mut operands = access.operands().chain(otherwise);
        operands.all(|value| self.draft.type_of(value).form == Form::Scalar)
    }

    /// Loads a piece.
    pub(super) fn load_piece(
        &mut self,
        ty: ValueType,
        access: Access,
        otherwise: Option<ValueId>,
        out: &mut Out,
    ) -> ValueId {
        let result = self.draft.value(ty);
        let otherwise = otherwise.filter(|_| !access.is_unconditional());
        out.push(Stmt::Load {
            result,
            access,
            otherwise,
        });
        result
    }

    fn zero(&mut self, dtype: DType, out: &mut Out) -> ValueId {
        let zero = Op::Const(dtype, Constant::integer(0));
        self.draft.compute(out, ValueType::scalar(dtype), zero)
    }

    /// What a load yields that does not happen.
    fn filled(&mut self, ty: ValueType, fill: ValueId, out: &mut Out) -> ValueId {
        match self.draft.type_of(fill).form {
            Form::Scalar => self.splat(fill, ty.form.elements(), out),
            Form::Vector(_) | Form::Tile(..) => fill,
        }
    }

    /// Makes the stores of a value.
    pub(super) fn store(&mut self, access: &Access, value: ValueId, out: &mut Out) -> Result<()> {
        let form = self.draft.type_of(value).form;
        if form == Form::Scalar {
            let mut access = access.clone();
            access.clip = false;
            out.push(Stmt::Store { access, value });
            return Ok(());
        }
        let (_, columns) = rows_and_columns(form);
        let pieces = cut_into(form, &pieces_of(columns, self.register));
        let accesses = self.accesses(access, form, &pieces)?;
        for (value, access) in self.pieces(value)?.into_iter().zip(accesses) {
            if let Some(access) = access {
                out.push(Stmt::Store { access, value });
            }
        }
        Ok(())
    }

    // ---------------------------------------------------------------------------------- pieces

    /// The access of each piece; `None` where it never happens.
    fn accesses(
        &mut self,
        access: &Access,
        form: Form,
        pieces: &[Piece],
    ) -> Result<Vec<Option<Access>>> {
        let mut inside = Inside::default();
        let accesses = pieces
            .iter()
            .map(|piece| self.access_of(access, form, *piece, &mut inside));
        accesses.collect()
    }

    fn access_of(
        &mut self,
        access: &Access,
        form: Form,
        piece: Piece,
        inside: &mut Inside,
    ) -> Result<Option<Access>> {
        let by_lanes = access.goes_by_lanes(form);
        let mut guard = access
            .guard
            .map(|index| self.in_piece(index, piece.first, piece.width));
        let mut at = Vec::with_capacity(access.at.len());
        let mut number = 0;
        for (axis, subscript) in access.at.iter().enumerate() {
            at.push(match subscript {
                Subscript::At(index) => {
                    Subscript::At(self.in_piece(index, piece.first, piece.width))
                }
                Subscript::Value(value) => Subscript::Value(self.part(*value, piece.number)?),
                Subscript::Span(start) => {
                    number += 1;
                    let is_row = number < form.rank();
                    let (index, last) = match is_row {
                        true => (start.add_constant(piece.row.into()), piece.row),
                        false => (
                            self.along(start, piece.first, piece.width),
                            piece.first + piece.width - 1,
                        ),
                    };
                    if access.clip && !self.is_inside(access, (axis, start), last, inside) {
                        let extent = self.extent(access, axis);
                        let place = match is_row {
                            true => index.clone(),
                            false => whole_or_lanes(start, &index, piece, extent),
                        };
                        guard = guard.and(&Guard::within(place, 0, extent));
                    }
                    Subscript::At(index)
                }
            });
        }
        if access.clip && access.fault.is_some() && piece.number == 0 && !guard.is_always() {
            self.refuse_empty(access, inside)?;
        }
        // Pieces of a span share one position of a fault: the first one notes it.
        let fault = access.fault.as_ref();
        let fault = fault.filter(|_| by_lanes || piece.number == 0);
        let fault = fault.map(|fault| Fault {
            status: fault.status,
            position: self.in_piece(&fault.position, piece.first, piece.width),
        });
        let mask = match access.mask {
            Some(mask) => Some(self.part(mask, piece.number)?),
            None => None,
        };
        self.set_lanes(piece.width);
        let guard = guard.simplify(self.scope.bounds().all());
        Ok((!guard.is_never()).then_some(Access {
            memory: access.memory,
            at,
            guard,
            mask,
            clip: false,
            fault,
        }))
    }

    /// Refuses a clipped access that notes faults, if no element may be left of it: there is no piece to note them.
    fn refuse_empty(&mut self, access: &Access, inside: &mut Inside) -> Result<()> {
        for (axis, subscript) in access.at.iter().enumerate() {
            if let Subscript::Span(start) = subscript
                && !self.is_inside(access, (axis, start), 0, inside)
            {
                return Err(Refusal("a clipped access that notes faults may be empty"));
            }
        }
        Ok(())
    }

    /// Whether the element of a span at a distance from its start is known to lie inside.
    fn is_inside(
        &self,
        access: &Access,
        (axis, start): (usize, &Index),
        distance: u32,
        inside: &mut Inside,
    ) -> bool {
        let extent = self.extent(access, axis);
        let place = start.add_constant(distance.into());
        *inside
            .entry((axis, distance))
            .or_insert_with(|| self.scope.is_below(&place, extent, &access.guard))
    }

    fn extent(&self, access: &Access, axis: usize) -> i64 {
        let memory = self.draft.kernel.memories.get(access.memory.index());
        memory.map_or(0, |memory| extent_of(memory, axis))
    }

    /// The index of each lane of a piece along a span.
    fn along(&mut self, start: &Index, first: u32, width: u32) -> Index {
        let index = start.add_constant(first.into());
        match width {
            1 => index,
            _ => index.add(&self.draft.lane().to_index()),
        }
    }

    /// An index of the lanes of a vector, in those of a piece.
    pub(super) fn in_piece(&mut self, index: &Index, first: u32, width: u32) -> Index {
        let Some(lane) = self.draft.kernel.lane else {
            return index.clone();
        };
        if !index.mentions(lane.0) {
            return index.clone();
        }
        let point = match width {
            1 => Index::constant(first.into()),
            _ => lane.to_index().add_constant(first.into()),
        };
        self.set_lanes(width);
        let index = index.replace(&mut |var| (var == lane.0).then(|| point.clone()));
        index.simplify(self.scope.bounds().all())
    }

    fn set_lanes(&mut self, width: u32) {
        if let Some(lane) = self.draft.kernel.lane {
            self.scope.bounds().set(lane, (0, width.into()));
        }
    }

    /// The piece of that number of a vector; a scalar is the same for all.
    fn part(&self, value: ValueId, number: usize) -> Result<ValueId> {
        let pieces = self.pieces(value)?;
        match self.draft.type_of(value).form {
            Form::Scalar => Ok(value),
            Form::Vector(_) | Form::Tile(..) => pieces.get(number).copied().ok_or(UNDEFINED),
        }
    }
}

/// What must lie below the extent for a lane of a piece to lie inside: the place of the last one, if the end of the axis
/// cuts no piece; else its own.
fn whole_or_lanes(start: &Index, own: &Index, piece: Piece, extent: i64) -> Index {
    let first = start.add_constant(piece.first.into());
    match quotient(
        &first.add_constant(extent.wrapping_neg()),
        piece.width.into(),
    ) {
        Some(_) => first.add_constant(i64::from(piece.width) - 1),
        None => own.clone(),
    }
}

/// All pieces of a form whose rows are cut so.
fn cut_into(form: Form, row: &[(u32, u32)]) -> Vec<Piece> {
    let rows = 0..rows_and_columns(form).0;
    let all = rows.flat_map(|number| row.iter().map(move |&piece| (number, piece)));
    let piece = |(number, (row, (first, width)))| Piece {
        number,
        row,
        first,
        width,
    };
    all.enumerate().map(piece).collect()
}
