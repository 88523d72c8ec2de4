//! Elements read and added at run-time indices.

use super::{Data, InterpretError, Machine, NOT_INTS, NOT_NUMBERS, Outcome, Tensor};
use crate::constant::Constant;
use crate::op::Picking;
use crate::scalar::{Int, Logic, Scalar, Undefined};
use crate::shape::{Shape, Type};

impl<S: Scalar> Machine<'_, S> {
    /// For each index, the row it picks; `None` when that is not known.
    fn rows(&self, indices: &Tensor<S>, extent: u64) -> Result<Vec<Option<u64>>, InterpretError> {
        let Data::Int(indices) = &indices.data else {
            return Err(NOT_INTS);
        };
        let row = |(position, index): (usize, &Int)| match index.value {
            Err(_) => Ok(None),
            Ok(index) => match u64::try_from(index).ok().filter(|&row| row < extent) {
                Some(row) => Ok(Some(row)),
                None => Err(InterpretError::IndexOutOfRange {
                    node: self.node,
                    span: self.graph.span(self.node),
                    position: position as u64,
                    index,
                    extent,
                }),
            },
        };
        indices.iter().enumerate().map(row).collect()
    }

    pub(super) fn gather(
        &self,
        p: Picking,
        x: &Tensor<S>,
        indices: &Tensor<S>,
        ty: &Type,
    ) -> Outcome<S> {
        let rows = self.rows(indices, x.ty.shape.extent(p.axis))?;
        let place = |at: u64| {
            let coordinates = ty.shape.unravel(at);
            table_place(p, &coordinates, &x.ty.shape, &indices.ty.shape, &rows)
        };
        let places: Vec<Option<usize>> = (0..ty.elements()).map(place).collect();
        const OPEN: Undefined = Undefined("the index is not known");
        Ok(match &x.data {
            Data::Number(v) => {
                let nothing = || S::constant(self.world, ty.dtype, &Constant::Nan).undefined(OPEN);
                let element = |at: &Option<usize>| at.map_or_else(nothing, |at| v[at].clone());
                Data::Number(places.iter().map(element).collect())
            }
            Data::Int(v) => {
                let element = |at: &Option<usize>| {
                    at.map_or_else(|| Int::unknown(ty.dtype, OPEN), |at| v[at])
                };
                Data::Int(places.iter().map(element).collect())
            }
            Data::Mask(v) => {
                let element = |at: &Option<usize>| {
                    at.map_or_else(|| S::Mask::known(Err(OPEN)), |at| v[at].clone())
                };
                Data::Mask(places.iter().map(element).collect())
            }
        })
    }

    pub(super) fn scatter_add(
        &self,
        p: Picking,
        x: &Tensor<S>,
        indices: &Tensor<S>,
        updates: &Tensor<S>,
    ) -> Outcome<S> {
        let rows = self.rows(indices, x.ty.shape.extent(p.axis))?;
        let plan = Landing::new(
            p,
            [x, indices, updates].map(|tensor| &tensor.ty.shape),
            &rows,
        );
        const OPEN: Undefined = Undefined("the index is not known");
        match (&x.data, &updates.data) {
            (Data::Number(x), Data::Number(u)) => {
                let sum = |(element, landed): (&S, &Landed)| match landed {
                    Landed::Known(sources) if sources.is_empty() => element.clone(),
                    Landed::Known(sources) => {
                        let terms = sources.iter().map(|&at| u[at].clone());
                        let mut all = std::iter::once(element.clone()).chain(terms);
                        S::sum_of(self.world, updates.ty.dtype, &mut all)
                    }
                    Landed::Unknown => element.undefined(OPEN),
                };
                Ok(Data::Number(x.iter().zip(&plan.0).map(sum).collect()))
            }
            (Data::Int(x), Data::Int(u)) => {
                let sum = |(element, landed): (&Int, &Landed)| match landed {
                    Landed::Known(sources) => {
                        sources.iter().fold(*element, |sum, &at| sum.add(&u[at]))
                    }
                    Landed::Unknown => element.undefined(OPEN),
                };
                Ok(Data::Int(x.iter().zip(&plan.0).map(sum).collect()))
            }
            (_, _) => Err(NOT_NUMBERS),
        }
    }
}

/// The updates that land on one element of a scatter.
#[derive(Clone)]
enum Landed {
    /// Their positions, in row-major order.
    Known(Vec<usize>),
    /// One whose index is not known may be among them.
    Unknown,
}

/// The updates that land on each element of a scatter.
struct Landing(Vec<Landed>);

impl Landing {
    fn new(p: Picking, shapes: [&Shape; 3], rows: &[Option<u64>]) -> Self {
        let [table, indices, updates] = shapes;
        let mut landed = vec![Landed::Known(Vec::new()); table.elements() as usize];
        for at in 0..updates.elements() {
            let coordinates = updates.unravel(at);
            match row_of(p, &coordinates, indices, rows) {
                Some(row) => {
                    if let Some(place) = place_in_row(p, &coordinates, table, row)
                        && let Landed::Known(sources) = &mut landed[place]
                    {
                        sources.push(at as usize);
                    }
                }
                None => {
                    for row in 0..table.extent(p.axis) {
                        if let Some(place) = place_in_row(p, &coordinates, table, row) {
                            landed[place] = Landed::Unknown;
                        }
                    }
                }
            }
        }
        Landing(landed)
    }
}

/// Where in the table the picked element at `coordinates` stands; `None` when its row is not known.
fn table_place(
    p: Picking,
    coordinates: &[i64],
    table: &Shape,
    indices: &Shape,
    rows: &[Option<u64>],
) -> Option<usize> {
    place_in_row(
        p,
        coordinates,
        table,
        row_of(p, coordinates, indices, rows)?,
    )
}

/// The row that the picked element at `coordinates` comes from, if it is known.
fn row_of(p: Picking, coordinates: &[i64], indices: &Shape, rows: &[Option<u64>]) -> Option<u64> {
    let at: Vec<i64> = p.index_axes().map(|axis| coordinates[axis]).collect();
    rows[indices.ravel(&at)? as usize]
}

/// The position in the table of the picked element at `coordinates`, were it of that row.
fn place_in_row(p: Picking, coordinates: &[i64], table: &Shape, row: u64) -> Option<usize> {
    let place: Vec<i64> = (0..table.rank())
        .map(|axis| {
            p.table_axis(axis)
                .map_or(row as i64, |axis| coordinates[axis])
        })
        .collect();
    table.ravel(&place).map(|place| place as usize)
}
