//! Repeated calls of one entry on tensors that stay where they are: a training loop, a
//! controller. Nothing is allocated between calls.

use crate::foreign::{Argument, Pointers, check_leaf};
use crate::{AlignedBuffer, CallError, DType, Element, Entry, HostTensor, Pool};

/// An entry with a tensor for each of its leaves, zero at first, and its workspace.
#[derive(Debug)]
pub struct Session {
    entry: Entry,
    tensors: Vec<HostTensor>,
    workspace: AlignedBuffer,
    pointers: Pointers,
    pool: Option<Pool>,
}

impl Session {
    pub(crate) fn new(entry: Entry) -> Result<Self, CallError> {
        let leaves = entry.leaves().iter();
        let tensors = leaves
            .map(|leaf| HostTensor::zeros(leaf.tensor.clone()))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            workspace: entry.workspace()?,
            pointers: Pointers::default(),
            pool: None,
            tensors,
            entry,
        })
    }

    /// The entry that is called.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// The tensors with their paths, in the order of the argument struct.
    pub fn tensors(&self) -> impl Iterator<Item = (&str, &HostTensor)> {
        let paths = self.entry.leaves().iter().map(|leaf| leaf.path.as_str());
        paths.zip(&self.tensors)
    }

    fn index(&self, path: &str) -> Result<usize, CallError> {
        let mut leaves = self.entry.leaves().iter();
        leaves
            .position(|leaf| leaf.path == path)
            .ok_or_else(|| CallError::Unknown {
                entry: self.entry.info().name.clone(),
                path: path.to_owned(),
            })
    }

    /// The tensor at a path (`p.hidden.w`).
    ///
    /// # Errors
    /// [`CallError::Unknown`].
    pub fn tensor(&self, path: &str) -> Result<&HostTensor, CallError> {
        self.index(path).map(|index| &self.tensors[index])
    }

    /// Replaces the tensor at a path by one of the same type.
    ///
    /// # Errors
    /// [`CallError::Unknown`], [`CallError::Mismatch`].
    pub fn set(&mut self, path: &str, tensor: HostTensor) -> Result<(), CallError> {
        let index = self.index(path)?;
        check_leaf(&self.entry.leaves()[index], &tensor)?;
        self.tensors[index] = tensor;
        Ok(())
    }

    /// The elements of the tensor at a path.
    ///
    /// # Errors
    /// [`CallError::Unknown`], or [`CallError::Element`] if they are of another type.
    pub fn elements<T: Element>(&self, path: &str) -> Result<&[T], CallError> {
        let tensor = self.tensor(path)?;
        let other = || wrong_element(path, tensor.dtype(), T::DTYPE);
        tensor.elements().ok_or_else(other)
    }

    /// The elements of the tensor at a path, for writing in place.
    ///
    /// # Errors
    /// As [`Session::elements`].
    pub fn elements_mut<T: Element>(&mut self, path: &str) -> Result<&mut [T], CallError> {
        let index = self.index(path)?;
        let tensor = &mut self.tensors[index];
        let expected = tensor.dtype();
        let other = || wrong_element(path, expected, T::DTYPE);
        tensor.elements_mut().ok_or_else(other)
    }

    /// Runs calls on the threads of a pool from now on; without one, on the calling thread. Results
    /// have the same bits.
    pub fn set_pool(&mut self, pool: Option<Pool>) {
        self.pool = pool;
    }

    /// Calls the entry: reads `in` and `inout` tensors, writes `inout` and `out` ones.
    ///
    /// # Errors
    /// The status that the entry returns; then `inout` tensors are unchanged.
    pub fn run(&mut self) -> Result<(), CallError> {
        let arguments = self.tensors.iter_mut().map(Argument::Write);
        let place = (&mut self.pointers, &mut self.workspace);
        self.entry.invoke(arguments, place, self.pool.as_ref())
    }

    /// As [`Session::run`], by the form that takes DLTensors, for which descriptions of the
    /// tensors are allocated.
    ///
    /// # Errors
    /// As [`Session::run`], and [`CallError::NoTensorForm`].
    pub fn run_tensors(&mut self) -> Result<(), CallError> {
        let arguments = self.tensors.iter_mut().map(Argument::Write);
        let place = (&mut self.pointers, &mut self.workspace);
        self.entry
            .invoke_tensors(arguments, place, self.pool.as_ref())
    }
}

fn wrong_element(path: &str, expected: DType, found: DType) -> CallError {
    CallError::Element {
        path: path.to_owned(),
        expected,
        found,
    }
}
