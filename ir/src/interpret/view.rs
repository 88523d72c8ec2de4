//! Views: each result element is read through the view's index map.

use super::{Data, Machine, Outcome, Tensor};
use crate::index::IndexMap;
use crate::op::View;
use crate::scalar::{Int, Scalar};
use crate::shape::Type;
use std::rc::Rc;

impl<S: Scalar> Machine<'_, S> {
    pub(super) fn view(&self, view: &dyn View, x: &[Rc<Tensor<S>>], ty: &Type) -> Outcome<S> {
        let types: Vec<&Type> = x.iter().map(|tensor| &tensor.ty).collect();
        let maps = view.maps(&types, ty);
        let fill = Tensor::<S>::full(self.world, &Type::scalar(ty.dtype), &view.fill());
        let source = |coordinates: &[i64]| source_of(&maps, &types, coordinates);
        let sources = (0..ty.elements()).map(|at| source(&ty.shape.unravel(at)));
        Ok(match &fill.data {
            Data::Number(fill) => {
                let parts: Vec<&[S]> = x.iter().map(|t| t.as_numbers()).collect();
                Data::Number(pick(sources, &parts, &fill[0]))
            }
            Data::Int(fill) => {
                let parts: Vec<&[Int]> = x.iter().map(|t| t.as_ints()).collect();
                Data::Int(pick(sources, &parts, &fill[0]))
            }
            Data::Mask(fill) => {
                let parts: Vec<&[S::Mask]> = x.iter().map(|t| t.as_masks()).collect();
                Data::Mask(pick(sources, &parts, &fill[0]))
            }
        })
    }
}

/// Which operand element stands at a result coordinate of a view.
fn source_of(maps: &[IndexMap], types: &[&Type], coordinates: &[i64]) -> Option<(usize, usize)> {
    maps.iter().enumerate().find_map(|(operand, map)| {
        let place = map.eval(coordinates)?;
        Some((operand, types[operand].shape.ravel(&place)? as usize))
    })
}

fn pick<T: Clone>(
    sources: impl Iterator<Item = Option<(usize, usize)>>,
    parts: &[&[T]],
    fill: &T,
) -> Vec<T> {
    let element = |source: Option<(usize, usize)>| match source {
        Some((operand, at)) => parts[operand][at].clone(),
        None => fill.clone(),
    };
    sources.map(element).collect()
}
