//! Constants that a text does not hold itself but loads from a file beside it.

use crate::op::Elements;
use crate::weights;
use indexmap::IndexSet;
use rustc_hash::FxBuildHasher;

/// A constant of more elements than this is kept beside the text.
const MAX_ELEMENTS: u64 = 64;

/// The large constants of a text, each once: `c0`, `c1` … in the order in which the text loads them.
#[derive(Clone, Debug, Default)]
pub struct Detached {
    path: String,
    tensors: IndexSet<Elements, FxBuildHasher>,
}

impl Detached {
    /// None yet, of a text that loads them from `path`.
    pub(super) fn new(path: &str) -> Detached {
        Detached {
            path: path.to_string(),
            tensors: IndexSet::default(),
        }
    }

    /// Keeps a constant if it is large: the arguments of its `load`, which are path, name and hash.
    pub(super) fn take(&mut self, elements: &Elements) -> Option<[String; 3]> {
        if elements.shape.elements() <= MAX_ELEMENTS {
            return None;
        }
        let (index, _) = self.tensors.insert_full(elements.clone());
        Some([self.path.clone(), name(index), weights::hash(elements)])
    }

    /// The constants with their names.
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = (String, &Elements)> {
        let tensors = self.tensors.iter().enumerate();
        tensors.map(|(index, elements)| (name(index), elements))
    }
}

fn name(index: usize) -> String {
    format!("c{index}")
}
