//! Tensors on the command line: inputs from files, numbers and random draws; results as a summary.

use crate::origin::{regular, unreadable};
use crate::random::Random;
use crate::{Failure, driver};
use lgc_abi::{DType, Leaf, Range, TensorType};
use lgc_ir::diag::{Code, Diagnostic};
use lgc_runtime::npy::{self, NpyError};
use lgc_runtime::npz::{self, NpzError};
use lgc_runtime::{HostTensor, TensorError};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::Path;

/// Values for the inputs of an entry, by path.
#[derive(Debug, Default)]
pub(crate) struct Given(BTreeMap<String, HostTensor>);

impl Given {
    /// Reads the inputs of a command line. Paths of leaves that are only written may occur in
    /// archives, and are left out: so the output of one run can be the input of the next.
    ///
    /// # Errors
    /// If a file cannot be read, or something does not fit the leaves.
    pub(crate) fn read(arguments: &[String], leaves: &[Leaf]) -> Result<Self, Failure> {
        let mut given = Self::default();
        for argument in arguments {
            match argument.split_once('=') {
                Some((path, value)) => {
                    let leaf = find(path, leaves)?;
                    given.add(path, leaf, read_value(value, leaf)?)?;
                }
                None => given.read_archive(Path::new(argument), leaves)?,
            }
        }
        Ok(given)
    }

    fn read_archive(&mut self, file: &Path, leaves: &[Leaf]) -> Result<(), Failure> {
        regular(file).map_err(|error| unreadable(&file.display(), &error))?;
        let most = |path: &str| {
            let leaf = leaves.iter().find(|leaf| leaf.path == path);
            leaf.map(|leaf| leaf.tensor.bytes())
        };
        let refused = |error| bad_archive(file, leaves, error);
        let arrays = npz::load_within(file, &most).map_err(refused)?;
        for (path, tensor) in arrays {
            let leaf = leaves.iter().find(|leaf| leaf.path == path);
            if leaf.is_some_and(|leaf| !leaf.direction.is_read()) {
                continue;
            }
            self.add(&path, find(&path, leaves)?, tensor)?;
        }
        Ok(())
    }

    fn add(&mut self, path: &str, leaf: &Leaf, tensor: HostTensor) -> Result<(), Failure> {
        if *tensor.tensor_type() != leaf.tensor {
            let found = tensor.tensor_type();
            let message = format!("input `{path}` is {}, but {found} is given", leaf.tensor);
            let help = "give an array of that type, or change the graph's dims with `--define`";
            return Err(Failure::new(
                Diagnostic::error(Code::InputMismatch, message).help(help),
            ));
        }
        if self.0.insert(path.to_owned(), tensor).is_some() {
            let message = format!("input `{path}` is given twice");
            return Err(Failure::message(Code::InputMismatch, message));
        }
        Ok(())
    }

    /// A tensor for each leaf, in order: what was given, zeros where the entry only writes, and
    /// random values (if there is a seed) for the rest. The entry needs a workspace of so many bytes
    /// beside them.
    ///
    /// # Errors
    /// If inputs are missing, or memory does not suffice.
    pub(crate) fn complete(
        mut self,
        leaves: &[Leaf],
        workspace: u64,
        seed: Option<u64>,
    ) -> Result<Vec<HostTensor>, Failure> {
        let missing: Vec<&Leaf> = leaves
            .iter()
            .filter(|leaf| leaf.direction.is_read() && !self.0.contains_key(&leaf.path))
            .collect();
        if seed.is_none() && !missing.is_empty() {
            return Err(missing_inputs(&missing));
        }
        let bytes = leaves.iter().map(|leaf| leaf.tensor.bytes());
        check_memory(bytes.fold(workspace, u64::saturating_add)).map_err(no_memory)?;
        let mut random = Random::new(seed.unwrap_or_default());
        let tensors = leaves.iter().map(|leaf| match self.0.remove(&leaf.path) {
            Some(tensor) => Ok(tensor),
            None if leaf.direction.is_read() => draw(&leaf.tensor, leaf.range, &mut random),
            None => HostTensor::zeros(leaf.tensor.clone()),
        });
        tensors.collect::<Result<_, _>>().map_err(no_memory)
    }
}

fn no_memory(error: TensorError) -> Failure {
    Failure::message(Code::InputMismatch, error.to_string())
}

/// An error if this machine has less memory than that: systems promise more, and end who uses it.
fn check_memory(bytes: u64) -> Result<(), TensorError> {
    match memory() {
        Some(all) if bytes > all => Err(TensorError::OutOfMemory(bytes)),
        Some(_) | None => Ok(()),
    }
}

/// The bytes of memory and swap space of this machine, if the system tells.
fn memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let kilobytes = |name: &str| -> Option<u64> {
        let mut lines = text.lines();
        let rest = lines.find_map(|line| line.strip_prefix(name))?;
        rest.split_whitespace().next()?.parse().ok()
    };
    let all = kilobytes("MemTotal:")? + kilobytes("SwapTotal:").unwrap_or(0);
    Some(all.saturating_mul(1024))
}

fn missing_inputs(missing: &[&Leaf]) -> Failure {
    let listed: Vec<String> = missing
        .iter()
        .map(|leaf| format!("`{}` ({})", leaf.path, leaf.tensor))
        .collect();
    let (plural, first) = match missing {
        [leaf] => ("", &leaf.path),
        leaves => ("s", &leaves[0].path),
    };
    let message = format!("no value for the input{plural} {}", listed.join(", "));
    let help = format!(
        "give `{first}={first}.npy`, an .npz file with arrays of these names, or `--random SEED`"
    );
    Failure::new(Diagnostic::error(Code::MissingInput, message).help(help))
}

/// The leaf that is read at this path.
fn find<'a>(path: &str, leaves: &'a [Leaf]) -> Result<&'a Leaf, Failure> {
    let mut inputs = leaves.iter().filter(|leaf| leaf.direction.is_read());
    let found = inputs.find(|leaf| leaf.path == path);
    found.ok_or_else(|| unknown(path, leaves))
}

/// The failure to find a leaf that is read.
fn unknown(path: &str, leaves: &[Leaf]) -> Failure {
    let inputs = leaves.iter().filter(|leaf| leaf.direction.is_read());
    let known: Vec<&str> = inputs.map(|leaf| leaf.path.as_str()).collect();
    let diagnostic = Diagnostic::error(
        Code::InputMismatch,
        format!("the entry has no input `{path}`"),
    );
    Failure::new(diagnostic.help(driver::suggestion(path, &known)))
}

/// A file, or a number for a scalar.
fn read_value(value: &str, leaf: &Leaf) -> Result<HostTensor, Failure> {
    let file = Path::new(value);
    if file.extension().is_some_and(|suffix| suffix == "npy") {
        check_size(file, leaf)?;
        return npy::load(file).map_err(|error| {
            if let NpyError::Io(error) = &error {
                return unreadable(&file.display(), error);
            }
            let message = format!("`{}` {error}", file.display());
            let help = "the file is damaged or no array; write it again, as with `numpy.save`";
            Failure::new(Diagnostic::error(Code::BadTensorFile, message).help(help))
        });
    }
    let scalar = (leaf.tensor.dims().is_empty())
        .then(|| parse_scalar(value, leaf.tensor.dtype()))
        .flatten();
    scalar.ok_or_else(|| {
        let message = format!(
            "`{value}` is neither a .npy file nor a number of type {}, which input `{}` is",
            leaf.tensor, leaf.path
        );
        let help = format!("write `{}=FILE.npy`", leaf.path);
        Failure::new(Diagnostic::error(Code::InputMismatch, message).help(help))
    })
}

/// An error unless a file is a regular one, and not larger than that of a tensor as of this leaf.
fn check_size(file: &Path, leaf: &Leaf) -> Result<(), Failure> {
    let size = regular(file).and_then(|()| file.metadata());
    let size = size
        .map_err(|error| unreadable(&file.display(), &error))?
        .len();
    if size <= leaf.tensor.bytes().saturating_add(npy::MAX_OVERHEAD) {
        return Ok(());
    }
    let message = format!(
        "input `{}` is {}, of {} bytes, but `{}` has {size}",
        leaf.path,
        leaf.tensor,
        leaf.tensor.bytes(),
        file.display()
    );
    let help = "give an array of that type, or change the graph's dims with `--define`";
    Err(Failure::new(
        Diagnostic::error(Code::InputMismatch, message).help(help),
    ))
}

fn parse_scalar(text: &str, dtype: DType) -> Option<HostTensor> {
    match dtype {
        DType::Bool => HostTensor::from_bools(&[], &[text.parse().ok()?]).ok(),
        DType::I32 => HostTensor::scalar(text.parse::<i32>().ok()?).ok(),
        DType::I64 => HostTensor::scalar(text.parse::<i64>().ok()?).ok(),
        DType::U32 => HostTensor::scalar(text.parse::<u32>().ok()?).ok(),
        DType::F16 | DType::Bf16 => {
            let ty = TensorType::new(dtype, Vec::new()).ok()?;
            HostTensor::from_numbers(ty, &[text.parse().ok()?]).ok()
        }
        DType::F32 => HostTensor::scalar(text.parse::<f32>().ok()?).ok(),
        DType::F64 => HostTensor::scalar(text.parse::<f64>().ok()?).ok(),
    }
}

fn bad_archive(file: &Path, leaves: &[Leaf], error: NpzError) -> Failure {
    if let NpzError::Unknown(path) = &error {
        return unknown(path, leaves);
    }
    if let NpzError::Io(error) = &error {
        return unreadable(&file.display(), error);
    }
    let message = format!("`{}` {error}", file.display());
    let diagnostic = Diagnostic::error(Code::BadTensorFile, message);
    let help = "inputs are .npz files, or `PATH=FILE.npy`, or `PATH=NUMBER`";
    Failure::new(diagnostic.help(help))
}

/// Floats of the standard normal distribution; integers and truth values 0 or 1, which are in
/// range as indices of any axis with two positions. Where a range is declared, numbers in it.
fn draw(tensor: &TensorType, range: Range, random: &mut Random) -> Result<HostTensor, TensorError> {
    let Range { low, high } = range;
    let real = |random: &mut Random| match (low.is_finite(), high.is_finite()) {
        // The difference of the bounds may be beyond all numbers.
        (true, true) => {
            let part = random.uniform();
            low * (1.0 - part) + high * part
        }
        (true, false) => low + random.normal().abs(),
        (false, true) => high - random.normal().abs(),
        (false, false) => random.normal(),
    };
    match tensor.dtype() {
        DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => {
            let dtype = tensor.dtype();
            HostTensor::from_each(tensor.clone(), || nearest(dtype, real(random), range))
        }
        DType::Bool | DType::I32 | DType::I64 | DType::U32 => {
            let size = tensor.dtype().size() as usize;
            let mut result = HostTensor::zeros(tensor.clone())?;
            for element in result.bytes_mut().chunks_exact_mut(size) {
                // The lowest byte comes first on every target that lgc knows.
                let integer = integer(tensor.dtype(), range, random).to_le_bytes();
                element.copy_from_slice(&integer[..size]);
            }
            Ok(result)
        }
    }
}

/// The float of a range that is nearest to a number in it.
fn nearest(dtype: DType, number: f64, Range { low, high }: Range) -> f64 {
    let (near, down, up) = match (dtype, dtype.half()) {
        (_, Some(half)) => (half.round(number), half.below(high), half.above(low)),
        (DType::F32, None) => {
            let near = number as f32;
            let neighbours = [near.next_down(), near.next_up()].map(f64::from);
            (f64::from(near), neighbours[0], neighbours[1])
        }
        (_, None) => return number,
    };
    if near > high {
        down
    } else if near < low {
        up
    } else {
        near
    }
}

/// 0 or 1, or where there is a range, an integer in it; of an unbounded one, near its bound.
fn integer(dtype: DType, range: Range, random: &mut Random) -> i64 {
    let Range { low, high } = range;
    let (first, last) = match dtype {
        DType::I32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        DType::U32 => (0, i64::from(u32::MAX)),
        DType::I64 | DType::F16 | DType::Bf16 | DType::F32 | DType::F64 => (i64::MIN, i64::MAX),
        DType::Bool => (0, 1),
    };
    let (low, high) = match (low.is_finite(), high.is_finite()) {
        (false, false) => (0, 1),
        (true, false) => (low.ceil() as i64, (low.ceil() as i64).saturating_add(1)),
        (false, true) => (
            (high.floor() as i64).saturating_sub(1).min(0),
            high.floor() as i64,
        ),
        (true, true) => (low.ceil() as i64, high.floor() as i64),
    };
    let (low, high) = (low.clamp(first, last), high.clamp(first, last));
    let beyond_low = high.wrapping_sub(low) as u64;
    low.wrapping_add(random.below(beyond_low.saturating_add(1)) as i64)
}

/// One line on a tensor: its path, its type, and its elements if they are few, else their range
/// and mean.
pub(crate) fn summary(path: &str, tensor: &HostTensor) -> String {
    const FEW: usize = 8;
    let elements = texts(tensor, FEW);
    let shown = if tensor.tensor_type().elements() <= FEW as u64 {
        elements.join(", ")
    } else {
        let spread = spread(tensor.each_number());
        format!("{} … ({spread})", elements.join(", "))
    };
    format!("{path}: {} = {shown}\n", tensor.tensor_type())
}

/// The least number, the mean and the greatest, and how many are none.
pub(crate) fn spread(numbers: impl Iterator<Item = f64>) -> String {
    let (mut low, mut high, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
    let (mut nan, mut count) = (0u64, 0u64);
    for value in numbers {
        (low, high) = (low.min(value), high.max(value));
        sum += value;
        nan += u64::from(value.is_nan());
        count += 1;
    }
    let mean = sum / count as f64;
    // Seven digits or so tell enough.
    let [low, mean, high] = [low, mean, high].map(|value| value as f32);
    let nans = if nan == 0 {
        String::new()
    } else {
        format!(", {nan} NaN")
    };
    format!("min {low:?}, mean {mean:?}, max {high:?}{nans}")
}

/// The first elements as text, exactly.
fn texts(tensor: &HostTensor, count: usize) -> Vec<String> {
    // The debug form of floats has an exponent where that is shorter.
    fn first<T: Debug>(elements: Option<&[T]>, count: usize) -> Vec<String> {
        let elements = elements.unwrap_or_default().iter();
        elements
            .take(count)
            .map(|value| format!("{value:?}"))
            .collect()
    }
    match tensor.dtype() {
        // A half has few digits: those of the f32 that it is tell it from its neighbours.
        DType::F16 | DType::Bf16 => {
            let numbers = tensor.each_number().take(count);
            let numbers: Vec<f32> = numbers.map(|x| x as f32).collect();
            first(Some(&numbers), count)
        }
        DType::F32 => first(tensor.elements::<f32>(), count),
        DType::F64 => first(tensor.elements::<f64>(), count),
        DType::I32 => first(tensor.elements::<i32>(), count),
        DType::I64 => first(tensor.elements::<i64>(), count),
        DType::U32 => first(tensor.elements::<u32>(), count),
        DType::Bool => tensor
            .bools()
            .into_iter()
            .flatten()
            .take(count)
            .map(|value| value.to_string())
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The least and greatest of what is drawn from a range.
    fn drawn(dtype: DType, low: f64, high: f64) -> (f64, f64) {
        let tensor = TensorType::new(dtype, vec![1000]).unwrap();
        let drawn = draw(&tensor, Range { low, high }, &mut Random::new(7)).unwrap();
        let numbers = drawn.numbers();
        let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        (least, numbers.into_iter().fold(f64::NEG_INFINITY, f64::max))
    }

    #[test]
    fn what_is_drawn_lies_in_its_range() {
        let (first, last) = (f64::from(i32::MIN), f64::from(i32::MAX));
        for (dtype, low, high) in [
            (DType::I32, first, last),
            (DType::I32, last, f64::INFINITY),
            (DType::I32, f64::NEG_INFINITY, first),
            (DType::U32, f64::NEG_INFINITY, 0.0),
            (DType::U32, 0.0, f64::from(u32::MAX)),
            (
                DType::I64,
                -9_223_372_036_854_775_808.0,
                9_007_199_254_740_992.0,
            ),
            (DType::Bool, 1.0, 1.0),
            (DType::F32, 0.1, 0.1000001),
            (DType::F32, f64::from(f32::MIN), f64::from(f32::MAX)),
            (DType::F64, f64::MIN, f64::MAX),
            (DType::F16, 0.1, 0.1001),
            (DType::F16, -65504.0, 65504.0),
            (DType::Bf16, 0.1, 0.101),
            (DType::Bf16, -1e30, f64::INFINITY),
        ] {
            let (least, greatest) = drawn(dtype, low, high);
            assert!(
                low <= least && greatest <= high,
                "{dtype}: {least} {greatest}"
            );
            assert!(least.is_finite() && greatest.is_finite(), "{dtype}");
        }
        let (least, greatest) = drawn(DType::I32, first, last);
        assert!(
            least < first / 2.0 && greatest > last / 2.0,
            "all of the range is drawn from"
        );
    }
}
