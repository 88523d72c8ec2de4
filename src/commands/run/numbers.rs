//! The scalars of `lgc run --scalar`: how they take up the inputs of a run, and how their values read.

use lgc_ir::constant::Constant;
use lgc_ir::dtype::DType;
use lgc_ir::interpret::{Data, Tensor};
use lgc_ir::laws::Precise;
use lgc_ir::scalar::{Exact, Extended, Logic, PRIMES, Rational, Residue, Scalar, Undefined};
use lgc_ir::shape::Type;
use lgc_runtime::{HostTensor, TensorError};

/// A scalar whose values people read.
pub(super) trait Numbers: Scalar<World = ()> {
    /// Where the values are, as messages say it.
    const WHERE: &'static str;
    /// What to do where an op has no such value.
    const HELP: &'static str;
    /// Whether it is an answer that nothing is known of a value.
    const ANYTHING: bool;

    /// What stands above all values.
    fn heading() -> String {
        String::new()
    }
    /// Why nothing is known of the value, if so.
    fn lost(&self) -> Option<Undefined>;
    /// The value, exactly.
    fn text(&self) -> String;
    /// A float near the value, where values are near floats.
    fn near(&self) -> Option<f64>;
}

impl Numbers for Rational<Exact> {
    const WHERE: &'static str = "among the rational numbers";
    const HELP: &'static str = "`--scalar interval` encloses such values, and `--scalar f64` rounds them; numbers that \
                                are too long stay short modulo a prime, with `--scalar prime`";
    const ANYTHING: bool = false;

    fn lost(&self) -> Option<Undefined> {
        self.0.0.as_ref().err().copied()
    }
    fn text(&self) -> String {
        self.0.to_string()
    }
    fn near(&self) -> Option<f64> {
        match self.0.0.as_ref().ok()? {
            Extended::Finite(value) => Some(Constant::rational(value.clone()).to_f64()),
            Extended::Infinite { negative: true } => Some(f64::NEG_INFINITY),
            Extended::Infinite { negative: false } => Some(f64::INFINITY),
        }
    }
}

impl Numbers for Rational<Residue> {
    const WHERE: &'static str = "modulo the prime";
    const HELP: &'static str = "`--scalar rational` compares and rounds exactly, `--scalar interval` encloses what is \
                                irrational";
    const ANYTHING: bool = false;

    fn heading() -> String {
        format!("modulo {}\n", PRIMES[0])
    }
    fn lost(&self) -> Option<Undefined> {
        // An infinity has no residue, but is known: so is its place on the line.
        let is_placed = !self.0.real().is_anything();
        self.0.residue().err().filter(|_| !is_placed)
    }
    fn text(&self) -> String {
        match self.0.residue() {
            Ok(residue) => residue.to_string(),
            Err(_) => self.0.to_string(),
        }
    }
    fn near(&self) -> Option<f64> {
        None
    }
}

impl Numbers for Precise {
    const WHERE: &'static str = "in intervals";
    const HELP: &'static str =
        "where values are rational, `--scalar rational` says which, or why there is none";
    const ANYTHING: bool = true;

    fn lost(&self) -> Option<Undefined> {
        let is_anything = self.interval().is_anything();
        is_anything.then_some(Undefined("it may be anything, or no number"))
    }
    fn text(&self) -> String {
        let interval = self.interval();
        match interval.is_anything() {
            true => "anything".to_owned(),
            false => format!("[{:?}, {:?}]", interval.low, interval.high),
        }
    }
    fn near(&self) -> Option<f64> {
        let interval = self.interval();
        Some(match interval.low == interval.high {
            true => interval.low,
            false => f64::midpoint(interval.low, interval.high),
        })
    }
}

impl Numbers for f64 {
    const WHERE: &'static str = "in double precision";
    const HELP: &'static str = "another scalar may have one";
    const ANYTHING: bool = false;

    fn lost(&self) -> Option<Undefined> {
        None
    }
    fn text(&self) -> String {
        format!("{self:?}")
    }
    fn near(&self) -> Option<f64> {
        Some(*self)
    }
}

/// A tensor that was given, whose floats are the numbers that they are.
pub(super) fn taken<S: Numbers>(given: &HostTensor, ty: &Type) -> Tensor<S> {
    fn wide<T: Copy + Into<i64>>(elements: Option<&[T]>) -> impl Iterator<Item = i64> {
        elements.unwrap_or_default().iter().map(|x| (*x).into())
    }
    match ty.dtype {
        DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
            let exactly = |x| S::constant(&(), ty.dtype, &Constant::from_f64(x));
            Tensor::numbers(ty.clone(), given.each_number().map(exactly).collect())
        }
        DType::I32 => Tensor::integers(ty.clone(), wide(given.elements::<i32>())),
        DType::I64 => Tensor::integers(ty.clone(), wide(given.elements::<i64>())),
        DType::U32 => Tensor::integers(ty.clone(), wide(given.elements::<u32>())),
        DType::Bool => Tensor::masks(ty.shape.clone(), given.bools().into_iter().flatten()),
    }
}

/// A tensor of double precision, as it is saved: floats as f64 whatever their dtype was, all else as it is.
pub(super) fn saved(tensor: &Tensor<f64>) -> Result<HostTensor, TensorError> {
    let dims: Vec<u64> = tensor.ty.shape.extents().collect();
    let integers = || tensor.as_ints().iter().map(|x| x.value.unwrap_or_default());
    match tensor.ty.dtype {
        DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
            HostTensor::from_slice(&dims, tensor.as_numbers())
        }
        DType::I32 => {
            HostTensor::from_slice(&dims, &integers().map(|x| x as i32).collect::<Vec<_>>())
        }
        DType::I64 => HostTensor::from_slice(&dims, &integers().collect::<Vec<_>>()),
        DType::U32 => {
            HostTensor::from_slice(&dims, &integers().map(|x| x as u32).collect::<Vec<_>>())
        }
        DType::Bool => HostTensor::from_bools(&dims, tensor.as_masks()),
    }
}

/// Why nothing is known of an element, if so.
pub(super) fn lost<S: Numbers>(tensor: &Tensor<S>, element: usize) -> Option<Undefined> {
    match &tensor.data {
        Data::Number(elements) => elements.get(element)?.lost(),
        Data::Int(elements) => elements.get(element)?.value.err(),
        Data::Mask(elements) => elements.get(element)?.decide().err(),
    }
}

/// An element as text.
pub(super) fn text<S: Numbers>(tensor: &Tensor<S>, element: usize) -> String {
    let text = match &tensor.data {
        Data::Number(elements) => elements.get(element).map(S::text),
        Data::Int(elements) => {
            let known = elements.get(element).and_then(|x| x.value.ok());
            known.map(|value| value.to_string())
        }
        Data::Mask(elements) => {
            let known = elements.get(element).and_then(|x| x.decide().ok());
            known.map(|truth| truth.to_string())
        }
    };
    text.unwrap_or_else(|| "undecided".to_owned())
}

/// Floats near the elements of a tensor, where all have one.
pub(super) fn near<S: Numbers>(tensor: &Tensor<S>) -> Option<Vec<f64>> {
    match &tensor.data {
        Data::Number(elements) => elements.iter().map(S::near).collect(),
        Data::Int(elements) => {
            let near = elements.iter().map(|x| x.value.ok().map(|x| x as f64));
            near.collect()
        }
        Data::Mask(elements) => {
            let near = elements
                .iter()
                .map(|x| x.decide().ok().map(|x| f64::from(u8::from(x))));
            near.collect()
        }
    }
}

/// An element of a tensor of this path, as indices name it.
pub(super) fn named(path: &str, ty: &Type, element: usize) -> String {
    if ty.shape.rank() == 0 {
        return format!("`{path}`");
    }
    let indices = ty.shape.unravel(element as u64);
    let indices: Vec<String> = indices.iter().map(ToString::to_string).collect();
    format!("`{path}[{}]`", indices.join(", "))
}
