//! Vectors and tiles, cut into registers.
//!
//! A vector becomes *pieces* of as many elements as a register holds of 32 bits, whatever its dtype, so that all values
//! of a kernel are cut alike; the last pieces are powers of two, down to a scalar. A tile becomes the pieces of its
//! rows. What is the same in several pieces is computed once. Accesses of a piece go by lanes: a span that starts at j
//! is at j + lane, and `clip` is a relation of the guard, where ranges do not show that it holds.
//!
//! Vectors of which only single elements are used, such as the first factor of `mma`, are loaded as scalars, each next
//! to the splat that it is for, so that both are one instruction. Other statements stay in their order.
//!
//! Kernels without `par`, folds and directives are given, as the passes before leave them. Afterwards there is no tile,
//! span or `clip`, no `mma`, `rows` or `columns`, and no vector longer than a register; [`super::check`] says so.

mod access;
mod apart;

use super::rewrite::{Draft, Renames, Scope};
use crate::backend::refusal::{Refusal, Result};
use crate::kernel::{Access, Carried, Form, Join, Kernel, Op, Region, Stmt, ValueId, ValueType};
use crate::target::Target;
use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::scalar::Comparison;
use rustc_hash::{FxHashMap, FxHashSet};

/// A kernel has at most this many statements afterwards.
const MAX_STATEMENTS: usize = 1 << 16;

const UNDEFINED: Refusal = Refusal("a value is used where it is not defined");

/// The kernel in registers.
///
/// # Errors
/// If it would have more than 2¹⁶ statements.
pub(super) fn cut(kernel: &Kernel, target: &Target) -> Result<Kernel> {
    let (draft, body) = Draft::of(kernel);
    let mut cutter = Cutter {
        draft,
        scope: Scope::of(kernel),
        register: register(target),
        held: FxHashMap::default(),
        splats: FxHashMap::default(),
        apart: apart::used_apart(kernel),
        unchanged: FxHashSet::default(),
        renames: Renames::default(),
        statements: 0,
    };
    cutter.unchanged = apart::unchanged(kernel, &cutter.apart);
    let mut body = cutter.region(body)?;
    body.visit_ids(&mut cutter.renames);
    Ok(cutter.draft.finish(body))
}

/// The most elements of a vector: as many of 32 bits as a register holds.
pub(super) fn register(target: &Target) -> u32 {
    (target.vector_bytes / 4).max(1)
}

/// The pieces of a row: the first element and the number of elements of each.
pub(super) fn pieces_of(columns: u32, register: u32) -> Vec<(u32, u32)> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while at < columns {
        let left = columns - at;
        let width = match left >= register {
            true => register,
            false => 1 << left.ilog2(),
        };
        pieces.push((at, width));
        at += width;
    }
    pieces
}

/// The form of a piece.
pub(super) fn form_of(width: u32) -> Form {
    match width {
        1 => Form::Scalar,
        _ => Form::Vector(width),
    }
}

/// What there is of a vector or tile.
#[derive(Clone)]
enum Held {
    /// Its pieces, row by row.
    Pieces(Vec<ValueId>),
    /// Its elements.
    Elements(Vec<ValueId>),
    /// Where its elements are loaded from, each where it is used.
    Places(Places),
}

/// Elements in memory that does not change.
#[derive(Clone)]
struct Places {
    accesses: Vec<Access>,
    dtype: DType,
    /// Whether the elements are halves that are used as f32.
    as_single: bool,
}

struct Cutter {
    draft: Draft,
    scope: Scope,
    register: u32,
    /// Vectors and tiles by what they were called.
    held: FxHashMap<ValueId, Held>,
    /// The scalars that pieces are splats of.
    splats: FxHashMap<ValueId, ValueId>,
    /// Vectors that are used element by element only.
    apart: FxHashSet<ValueId>,
    /// Loads of what is not stored to while they are in scope.
    unchanged: FxHashSet<ValueId>,
    /// Scalars that are pieces of vectors.
    renames: Renames,
    statements: usize,
}

type Out = Vec<Stmt>;

impl Cutter {
    // ------------------------------------------------------------------------------ statements

    fn region(&mut self, region: Region) -> Result<Region> {
        let mut out = Vec::with_capacity(region.stmts.len());
        for stmt in region.stmts {
            let before = out.len();
            self.stmt(stmt, &mut out)?;
            self.statements += out.len() - before;
            if self.statements > MAX_STATEMENTS {
                return Err(Refusal(
                    "a kernel of more than 65536 statements once its tiles are cut into registers",
                ));
            }
        }
        Ok(Region { stmts: out })
    }

    fn stmt(&mut self, mut stmt: Stmt, out: &mut Out) -> Result<()> {
        self.draft.at(&stmt);
        let mut inner = self.scope.enter(&stmt).into_iter();
        match &mut stmt {
            Stmt::Compute { result, op } => return self.compute(*result, op, out),
            Stmt::Load {
                result,
                access,
                otherwise,
            } => return self.load(*result, access, *otherwise, out),
            Stmt::Store { access, value } => return self.store(access, *value, out),
            Stmt::Par { .. } | Stmt::Fold(_) => {
                return Err(Refusal("loops and folds that are no thread program yet"));
            }
            Stmt::Let { body, .. } => self.inside(body, &mut inner)?,
            Stmt::Tasks { frame, body, .. } => {
                let mut values = Vec::new();
                for value in std::mem::take(&mut frame.values) {
                    values.extend(self.pieces(value)?);
                }
                let mut seen = FxHashSet::default();
                values.retain(|value| seen.insert(*value));
                frame.values = values;
                // What values outside are splats of is not to be seen in tasks.
                let splats = std::mem::take(&mut self.splats);
                self.inside(body, &mut inner)?;
                self.splats = splats;
            }
            Stmt::For { carried, body, .. } => {
                let given = std::mem::take(carried);
                for each in &given {
                    let init = self.pieces(each.init)?;
                    let states = self.fresh_pieces(each.state);
                    let results = self.fresh_pieces(each.result);
                    for ((init, state), result) in init.into_iter().zip(states).zip(results) {
                        let next = each.next;
                        carried.push(Carried {
                            init,
                            state,
                            next,
                            result,
                        });
                    }
                }
                self.inside(body, &mut inner)?;
                let mut all = carried.iter_mut();
                for each in &given {
                    for next in self.pieces(each.next)? {
                        all.next().ok_or(UNDEFINED)?.next = next;
                    }
                }
            }
            Stmt::If {
                then,
                otherwise,
                joins,
                ..
            } => {
                self.inside(then, &mut inner)?;
                self.inside(otherwise, &mut inner)?;
                for join in std::mem::take(joins) {
                    let sides = self.pieces(join.then)?;
                    let sides = sides.into_iter().zip(self.pieces(join.otherwise)?);
                    let results = self.fresh_pieces(join.result);
                    for ((then, otherwise), result) in sides.zip(results) {
                        joins.push(Join {
                            then,
                            otherwise,
                            result,
                        });
                    }
                }
            }
        }
        out.push(stmt);
        Ok(())
    }

    fn inside(
        &mut self,
        region: &mut Region,
        assumed: &mut impl Iterator<Item = lgc_ir::index::Guard>,
    ) -> Result<()> {
        let outer = assumed.next().map(|guard| self.scope.assume(guard));
        *region = self.region(std::mem::take(region))?;
        if let Some(outer) = outer {
            self.scope.assume(outer);
        }
        Ok(())
    }

    // ---------------------------------------------------------------------------------- values

    /// The widths of the pieces of a form, row by row.
    fn widths(&self, form: Form) -> Vec<u32> {
        let (rows, columns) = rows_and_columns(form);
        let row = pieces_of(columns, self.register);
        let widths = (0..rows).flat_map(|_| row.iter().map(|&(_, width)| width));
        widths.collect()
    }

    /// The pieces of a value; a scalar is its own.
    fn pieces(&self, value: ValueId) -> Result<Vec<ValueId>> {
        if self.draft.type_of(value).form == Form::Scalar {
            return Ok(vec![value]);
        }
        match self.held.get(&value) {
            Some(Held::Pieces(pieces)) => Ok(pieces.clone()),
            Some(Held::Elements(_) | Held::Places(_)) => Err(Refusal(
                "a vector that was thought to be used element by element",
            )),
            None => Err(UNDEFINED),
        }
    }

    /// New pieces for a value that a statement defines; a scalar keeps its name.
    fn fresh_pieces(&mut self, value: ValueId) -> Vec<ValueId> {
        let ty = self.draft.type_of(value);
        if ty.form == Form::Scalar {
            return vec![value];
        }
        let widths = self.widths(ty.form).into_iter();
        let fresh = |width| self.draft.value(ty.with_form(form_of(width)));
        let pieces: Vec<ValueId> = widths.map(fresh).collect();
        self.hold(value, pieces.clone());
        pieces
    }

    fn hold(&mut self, value: ValueId, pieces: Vec<ValueId>) {
        self.held.insert(value, Held::Pieces(pieces));
    }

    /// A scalar in each lane of a piece.
    fn splat(&mut self, scalar: ValueId, width: u32, out: &mut Out) -> ValueId {
        if width == 1 {
            return scalar;
        }
        let form = form_of(width);
        let ty = self.draft.type_of(scalar).with_form(form);
        let splat = self.draft.compute(out, ty, Op::Splat(form, scalar));
        self.splats.insert(splat, scalar);
        splat
    }

    /// A scalar in each lane of pieces of those widths: one piece for all of one width.
    fn splats(&mut self, scalar: ValueId, widths: &[u32], out: &mut Out) -> Vec<ValueId> {
        let mut known: FxHashMap<u32, ValueId> = FxHashMap::default();
        let mut splats = Vec::with_capacity(widths.len());
        for &width in widths {
            let splat = match known.get(&width) {
                Some(&splat) => splat,
                None => self.splat(scalar, width, out),
            };
            known.insert(width, splat);
            splats.push(splat);
        }
        splats
    }

    /// An element of a vector.
    fn element(&mut self, value: ValueId, at: u32, out: &mut Out) -> Result<ValueId> {
        let ty = self.draft.type_of(value);
        match self.held.get(&value) {
            Some(Held::Elements(elements)) => elements.get(at as usize).copied().ok_or(UNDEFINED),
            Some(Held::Places(places)) => {
                let access = places.accesses.get(at as usize).ok_or(UNDEFINED)?.clone();
                let (dtype, as_single) = (places.dtype, places.as_single);
                let element = self.load_piece(ValueType::scalar(dtype), access, None, out);
                let single = ValueType::scalar(DType::F32);
                Ok(match as_single {
                    true => self
                        .draft
                        .compute(out, single, Op::Cast(DType::F32, element)),
                    false => element,
                })
            }
            Some(Held::Pieces(pieces)) => {
                let (_, columns) = rows_and_columns(ty.form);
                let row = pieces_of(columns, self.register).into_iter().zip(pieces);
                let mut row =
                    row.filter(|((first, width), _)| (*first..first + width).contains(&at));
                let ((first, width), &piece) = row.next().ok_or(UNDEFINED)?;
                if width == 1 {
                    return Ok(piece);
                }
                if let Some(&scalar) = self.splats.get(&piece) {
                    return Ok(scalar);
                }
                let slice = Op::Slice(Form::Scalar, at - first, piece);
                let ty = ty.with_form(Form::Scalar);
                Ok(self.draft.compute(out, ty, slice))
            }
            None => Err(UNDEFINED),
        }
    }

    // ------------------------------------------------------------------------------ operations

    fn compute(&mut self, result: ValueId, op: &Op, out: &mut Out) -> Result<()> {
        let ty = self.draft.type_of(result);
        let pieces = match *op {
            Op::Slice(form, from, x) => {
                let pieces = self.slice(form, from, x, out)?;
                if let ([piece], Form::Scalar) = (pieces.as_slice(), ty.form) {
                    self.renames.values.insert(result, *piece);
                    return Ok(());
                }
                pieces
            }
            Op::Splat(form, x) => {
                let widths = self.widths(form);
                self.splats(x, &widths, out)
            }
            Op::Ramp(dtype, lanes, ref index) => {
                let mut pieces = Vec::new();
                for (first, width) in pieces_of(lanes, self.register) {
                    let index = self.in_piece(index, first, width);
                    let op = match width {
                        1 => Op::Index(dtype, index),
                        _ => Op::Ramp(dtype, width, index),
                    };
                    let ty = ty.with_form(form_of(width));
                    pieces.push(self.draft.compute(out, ty, op));
                }
                pieces
            }
            Op::Rows(rows, x) => {
                let row = self.pieces(x)?;
                (0..rows).flat_map(|_| row.iter().copied()).collect()
            }
            Op::Columns(columns, x) => {
                let widths = self.widths(Form::Vector(columns));
                let mut pieces = Vec::new();
                for row in 0..self.draft.type_of(x).form.elements() {
                    let element = self.element(x, row, out)?;
                    pieces.extend(self.splats(element, &widths, out));
                }
                pieces
            }
            Op::Mma(acc, a, b) => self.mma(ty, (acc, a, b), out)?,
            Op::Cast(DType::F32, x) if self.apart.contains(&x) => {
                return self.cast_apart(result, x, out);
            }
            Op::Const(..) | Op::Index(..) => {
                out.push(Stmt::Compute {
                    result,
                    op: op.clone(),
                });
                return Ok(());
            }
            Op::Unary(..)
            | Op::Binary(..)
            | Op::Compare(..)
            | Op::Connect(..)
            | Op::Not(_)
            | Op::Select(..)
            | Op::Cast(..)
            | Op::Bitcast(..)
            | Op::Fma(..) => return self.elementwise(result, op, out),
        };
        self.hold(result, pieces);
        Ok(())
    }

    /// Applies an operation to the pieces of its operands; where they are the same, once.
    fn elementwise(&mut self, result: ValueId, op: &Op, out: &mut Out) -> Result<()> {
        let ty = self.draft.type_of(result);
        let mut operands = Vec::new();
        for value in op.operands() {
            operands.push(self.pieces(value)?);
        }
        let mut known: FxHashMap<Op, ValueId> = FxHashMap::default();
        let mut pieces = Vec::new();
        for (at, width) in self.widths(ty.form).into_iter().enumerate() {
            let mut op = op.clone();
            for (operand, pieces) in op.operands_mut().into_iter().zip(&operands) {
                *operand = *pieces.get(at).ok_or(UNDEFINED)?;
            }
            if ty.form == Form::Scalar {
                out.push(Stmt::Compute { result, op });
                return Ok(());
            }
            let piece = match known.get(&op) {
                Some(&piece) => piece,
                None => {
                    let ty = ty.with_form(form_of(width));
                    let piece = self.draft.compute(out, ty, op.clone());
                    known.insert(op, piece);
                    piece
                }
            };
            pieces.push(piece);
        }
        self.hold(result, pieces);
        Ok(())
    }

    /// Row by row, a multiple of the second factor is added to each piece.
    fn mma(
        &mut self,
        ty: ValueType,
        (acc, a, b): (ValueId, ValueId, ValueId),
        out: &mut Out,
    ) -> Result<Vec<ValueId>> {
        let (sums, others) = (self.pieces(acc)?, self.pieces(b)?);
        let mut pieces = Vec::with_capacity(sums.len());
        for (row, sums) in (0..).zip(sums.chunks(others.len().max(1))) {
            let element = self.element(a, row, out)?;
            let mut factor: Option<(Form, ValueId)> = None;
            for (&sum, &other) in sums.iter().zip(&others) {
                let form = self.draft.type_of(sum).form;
                let splat = match factor {
                    Some((known, splat)) if known == form => splat,
                    Some(_) | None => self.splat(element, form.elements(), out),
                };
                factor = Some((form, splat));
                let ty = ty.with_form(form);
                pieces.push(self.draft.compute(out, ty, Op::Fma(splat, other, sum)));
            }
        }
        Ok(pieces)
    }

    /// A cast of halves of which only single elements are used.
    fn cast_apart(&mut self, result: ValueId, x: ValueId, out: &mut Out) -> Result<()> {
        let held = match self.held.get(&x).cloned() {
            Some(Held::Places(places)) => Held::Places(Places {
                as_single: true,
                ..places
            }),
            Some(Held::Elements(elements)) => {
                let single = ValueType::scalar(DType::F32);
                let cast = |x| self.draft.compute(out, single, Op::Cast(DType::F32, x));
                Held::Elements(elements.into_iter().map(cast).collect())
            }
            Some(Held::Pieces(_)) | None => {
                return self.elementwise(result, &Op::Cast(DType::F32, x), out);
            }
        };
        self.held.insert(result, held);
        Ok(())
    }

    /// The pieces of a part of a vector: its own, parts of them, or put together from single elements.
    fn slice(&mut self, form: Form, from: u32, x: ValueId, out: &mut Out) -> Result<Vec<ValueId>> {
        let ty = self.draft.type_of(x);
        let sources: Vec<((u32, u32), ValueId)> = pieces_of(ty.form.elements(), self.register)
            .into_iter()
            .zip(self.pieces(x)?)
            .collect();
        let mut pieces = Vec::new();
        for (first, width) in pieces_of(form.elements(), self.register) {
            let first = from + first;
            let holds = |&&((at, length), _): &&((u32, u32), ValueId)| {
                at <= first && first + width <= at + length
            };
            pieces.push(match sources.iter().find(holds) {
                Some(&((at, length), piece)) if (at, length) == (first, width) => piece,
                Some(&((at, _), piece)) => {
                    let slice = Op::Slice(form_of(width), first - at, piece);
                    self.draft.compute(out, ty.with_form(form_of(width)), slice)
                }
                None => self.gathered(x, (first, width), out)?,
            });
        }
        Ok(pieces)
    }

    /// Elements of several pieces as one, each put into its lane.
    fn gathered(
        &mut self,
        x: ValueId,
        (first, width): (u32, u32),
        out: &mut Out,
    ) -> Result<ValueId> {
        let ty = self.draft.type_of(x).with_form(form_of(width));
        let int = ty.with_dtype(DType::I32);
        let lane = self.draft.lane().to_index();
        let ramp = self
            .draft
            .compute(out, int, Op::Ramp(DType::I32, width, lane));
        let last = self.element(x, first + width - 1, out)?;
        let mut all = self.splat(last, width, out);
        for at in (0..width - 1).rev() {
            let place = Op::Const(DType::I32, Constant::from(i64::from(at)));
            let place = self
                .draft
                .compute(out, ValueType::scalar(DType::I32), place);
            let place = self.splat(place, width, out);
            let here = Op::Compare(Comparison::Eq, ramp, place);
            let here = self.draft.compute(out, ty.with_dtype(DType::Bool), here);
            let element = self.element(x, first + at, out)?;
            let element = self.splat(element, width, out);
            all = self.draft.compute(out, ty, Op::Select(here, element, all));
        }
        Ok(all)
    }
}

fn rows_and_columns(form: Form) -> (u32, u32) {
    match form {
        Form::Scalar => (1, 1),
        Form::Vector(columns) => (1, columns),
        Form::Tile(rows, columns) => (rows, columns),
    }
}
