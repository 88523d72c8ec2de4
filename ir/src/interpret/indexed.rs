//! Elements read and added at run-time indices.

use super::{Data, InterpretError, MISSING, Machine, NOT_INTS, NOT_NUMBERS, Outcome, Tensor};
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
        if rows.iter().any(Option::is_none) {
            return Err(InterpretError::Unverified(
                "an index of a scatter is not known",
            ));
        }
        // The updates of each element, in row-major order, after the element itself.
        let mut sources: Vec<Vec<usize>> = vec![Vec::new(); x.len()];
        for at in 0..updates.ty.elements() {
            let coordinates = updates.ty.shape.unravel(at);
            let place = table_place(p, &coordinates, &x.ty.shape, &indices.ty.shape, &rows)
                .ok_or(MISSING)?;
            sources[place].push(at as usize);
        }
        match (&x.data, &updates.data) {
            (Data::Number(x), Data::Number(u)) => {
                let sum = |(element, sources): (&S, &Vec<usize>)| {
                    if sources.is_empty() {
                        return element.clone();
                    }
                    let terms = sources.iter().map(|&at| u[at].clone());
                    let mut all = std::iter::once(element.clone()).chain(terms);
                    S::sum_of(self.world, updates.ty.dtype, &mut all)
                };
                Ok(Data::Number(x.iter().zip(&sources).map(sum).collect()))
            }
            (Data::Int(x), Data::Int(u)) => {
                let sum = |(element, sources): (&Int, &Vec<usize>)| {
                    sources.iter().fold(*element, |sum, &at| sum.add(&u[at]))
                };
                Ok(Data::Int(x.iter().zip(&sources).map(sum).collect()))
            }
            (_, _) => Err(NOT_NUMBERS),
        }
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
    let at: Vec<i64> = p.index_axes().map(|axis| coordinates[axis]).collect();
    let row = rows[indices.ravel(&at)? as usize]?;
    let place: Vec<i64> = (0..table.rank())
        .map(|axis| {
            p.table_axis(axis)
                .map_or(row as i64, |axis| coordinates[axis])
        })
        .collect();
    table.ravel(&place).map(|place| place as usize)
}
