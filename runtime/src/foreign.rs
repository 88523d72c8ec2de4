//! The only module that dereferences foreign memory and calls foreign code: libraries and their
//! descriptions here, calls of entries in `call`.
//!
//! What a library says of itself is read defensively: counts and lengths are bounded, pointers
//! are checked for NULL and alignment, texts for UTF-8, and sizes for agreement with shapes. That
//! finds libraries of another version or another compiler. It cannot make a hostile library safe:
//! to load a library is to run its code.

mod call;
mod pool;

pub use call::Entry;
pub(crate) use call::{Argument, Pointers, check_leaf};
pub use pool::Pool;

use lgc_abi::info::direction_from_code;
use lgc_abi::layout::{RawCondition, RawEntry, RawInfo, RawTensor};
use lgc_abi::{
    ABI_VERSION, Condition, EntryInfo, Info, Leaf, Range, TensorType, ValueMap, info_symbol,
    pool_create_symbol, pool_destroy_symbol, strerror_symbol,
};
use pool::{CreateFunction, DestroyFunction};
use std::ffi::{CStr, c_char};
use std::mem::{MaybeUninit, offset_of};
use std::path::Path;
use std::sync::Arc;
use thiserror::Error;

const MAX_TEXT: usize = 1 << 20;
const MAX_ENTRIES: u64 = 1 << 16;
const MAX_CONDITIONS: u64 = 1 << 20;
const MAX_MAP: u64 = 1 << 28;
const MAX_TENSORS: u64 = 1 << 20;
const MAX_RANK: u64 = 1 << 10;

/// Why a library's description of itself cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InfoError {
    /// A pointer is NULL.
    #[error("{0} is NULL")]
    Null(&'static str),
    /// A pointer is not aligned to what it points to.
    #[error("{0} is misaligned")]
    Misaligned(&'static str),
    /// The library was compiled for another version of the interface.
    #[error("the library has ABI version {found}, this program has {ABI_VERSION}")]
    Version {
        /// The library's version.
        found: u32,
    },
    /// The struct is shorter than that of this version.
    #[error("lgc_info has {found} bytes, at least {} are needed", offset_of!(RawInfo, conditions))]
    Size {
        /// The size that the library states.
        found: u64,
    },
    /// A count is larger than any that makes sense.
    #[error("{what} is {found}, more than {limit}")]
    Count {
        /// What is counted.
        what: &'static str,
        /// The count that the library states.
        found: u64,
        /// The largest that is accepted.
        limit: u64,
    },
    /// A text is not UTF-8 or does not end.
    #[error("{0} is not a UTF-8 text of at most {MAX_TEXT} bytes")]
    Text(&'static str),
    /// An entry or tensor contradicts itself.
    #[error("`{name}` has an invalid {what}")]
    Invalid {
        /// The entry or tensor.
        name: String,
        /// What of it.
        what: &'static str,
    },
    /// The library has another name than the symbol under which it was found.
    #[error("the library calls itself `{found}`, not `{expected}`")]
    Name {
        /// The name looked for.
        expected: String,
        /// The name in the description.
        found: String,
    },
}

type InfoFunction = unsafe extern "C" fn() -> *const RawInfo;
type StrerrorFunction = unsafe extern "C" fn(i32) -> *const c_char;
/// A shared library in memory, which stays there as long as anything of it is held.
#[derive(Clone, Debug)]
pub(crate) struct Code(Arc<libloading::Library>);

impl Code {
    /// Loads the file. Its initialisers run.
    pub(crate) fn load(path: &Path) -> Result<Self, libloading::Error> {
        // SAFETY: initialisers of a library that lgc compiled do nothing; that the file is such a
        // library, or at least one that is safe to load, is what the caller of `Library::open`
        // vouches for.
        let library = unsafe { libloading::Library::new(path) }?;
        Ok(Self(Arc::new(library)))
    }

    /// The address of a function with type `F`, which must be a function pointer.
    ///
    /// # Safety
    /// The symbol is a function of this type.
    unsafe fn function<F: Copy>(&self, symbol: &str) -> Result<F, libloading::Error> {
        // SAFETY: the caller vouches for the type; every holder of the pointer holds `self` too.
        unsafe { self.0.get::<F>(symbol) }.map(|function| *function)
    }

    /// The description of the library `name`; the outer error is that the symbol is missing.
    pub(crate) fn info(&self, name: &str) -> Result<Result<Info, InfoError>, libloading::Error> {
        // SAFETY: the ABI gives `<name>_info` this type.
        let function: InfoFunction = unsafe { self.function(&info_symbol(name)) }?;
        // SAFETY: it takes nothing, and returns the address of a constant.
        let raw = unsafe { function() };
        // SAFETY: that constant is an `lgc_info` and lives as long as the library is loaded.
        Ok(unsafe { read_info(raw) }.and_then(|info| {
            if info.name == name {
                Ok(info)
            } else {
                let (expected, found) = (name.to_owned(), info.name);
                Err(InfoError::Name { expected, found })
            }
        }))
    }

    /// What the library `name` says a status means.
    pub(crate) fn strerror(&self, name: &str, status: i32) -> Option<String> {
        // SAFETY: the ABI gives `<name>_strerror` this type.
        let function: StrerrorFunction = unsafe { self.function(&strerror_symbol(name)) }.ok()?;
        // SAFETY: it takes any number, and returns the address of a constant text.
        unsafe { read_text(function(status), "the text of a status") }.ok()
    }

    /// An entry of this library.
    pub(crate) fn entry(&self, info: &EntryInfo) -> Result<Entry, libloading::Error> {
        // SAFETY: the ABI gives the functions of an entry these types.
        let (call, run) = unsafe {
            (
                self.function(&info.symbol)?,
                self.function(&info.run_symbol)?,
            )
        };
        Ok(Entry::new(info.clone(), call, Some(run), self.0.clone()))
    }
}

impl Code {
    /// A pool of the library `name`; `None` if it makes none.
    pub(crate) fn pool(&self, name: &str, threads: u32) -> Result<Option<Pool>, libloading::Error> {
        // SAFETY: the ABI gives these functions these types.
        let (create, destroy): (CreateFunction, DestroyFunction) = unsafe {
            let create = self.function(&pool_create_symbol(name))?;
            (create, self.function(&pool_destroy_symbol(name))?)
        };
        // SAFETY: the function takes any number; the code stays while the pool lives.
        Ok(unsafe { Pool::new(create(threads), destroy, self.0.clone()) })
    }
}

/// Reads a description into owned values.
///
/// # Safety
/// If the pointer is neither NULL nor misaligned, it points to an `lgc_info`, whose first two
/// fields are those of every version, and whose tables are what it says.
pub(crate) unsafe fn read_info(raw: *const RawInfo) -> Result<Info, InfoError> {
    check_pointer(raw, "lgc_info")?;
    // SAFETY: these two fields are there in every version.
    let (size, version) = unsafe { ((*raw).struct_size, (*raw).abi_version) };
    if version != ABI_VERSION {
        return Err(InfoError::Version { found: version });
    }
    if size < offset_of!(RawInfo, conditions) as u64 {
        return Err(InfoError::Size { found: size });
    }
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let mut known = MaybeUninit::<RawInfo>::zeroed();
    // SAFETY: the library's struct is of this version and `size` bytes long, and no more are copied than there is room
    // for. What it lacks of the fields that we know stays zero: NULL pointers and counts of nothing.
    let raw = unsafe {
        let bytes = size.min(size_of::<RawInfo>());
        std::ptr::copy_nonoverlapping(raw.cast::<u8>(), known.as_mut_ptr().cast::<u8>(), bytes);
        known.assume_init()
    };
    let count = u64::from(raw.entry_count);
    // SAFETY: the tables and the texts are what `raw` says.
    let (entries, conditions, map, features) = unsafe {
        (
            read_table(raw.entries, count, MAX_ENTRIES, "lgc_info.entries")?,
            read_table(
                raw.conditions,
                raw.condition_count,
                MAX_CONDITIONS,
                "lgc_info.conditions",
            )?,
            read_table(raw.map, raw.map_bytes, MAX_MAP, "lgc_info.map")?,
            read_text(raw.features, "lgc_info.features")?,
        )
    };
    let features = features.split(',').filter(|name| !name.is_empty());
    // SAFETY: as above.
    unsafe {
        let name = read_text(raw.name, "lgc_info.name")?;
        Ok(Info {
            doc: read_text(raw.doc, "lgc_info.doc")?,
            entries: entries
                .iter()
                .map(|entry| read_entry(&name, entry))
                .collect::<Result<_, _>>()?,
            target: read_text(raw.target, "lgc_info.target")?,
            features: features.map(str::to_owned).collect(),
            compiler: read_text(raw.compiler, "lgc_info.compiler")?,
            evidence: read_text(raw.evidence, "lgc_info.evidence")?,
            conditions: conditions
                .iter()
                .map(|condition| read_condition(condition))
                .collect::<Result<_, _>>()?,
            map: ValueMap::from_bytes(map.to_vec()),
            name,
        })
    }
}

/// # Safety
/// The condition's texts are what it says.
unsafe fn read_condition(raw: &RawCondition) -> Result<Condition, InfoError> {
    // SAFETY: what the caller vouches for.
    unsafe {
        Ok(Condition {
            entry: read_text(raw.entry, "lgc_condition.entry")?,
            place: read_text(raw.place, "lgc_condition.place")?,
            op: read_text(raw.op, "lgc_condition.op")?,
            requirement: read_text(raw.requirement, "lgc_condition.requirement")?,
            body: read_text(raw.body, "lgc_condition.body")?,
            derivatives: read_text(raw.derivatives, "lgc_condition.derivatives")?,
            singular: raw.singular != 0,
            refuted: raw.refuted != 0,
        })
    }
}

/// # Safety
/// The entry's table and texts are what it says.
unsafe fn read_entry(library: &str, raw: &RawEntry) -> Result<EntryInfo, InfoError> {
    // SAFETY: what the caller vouches for.
    let (name, symbols, doc, tensors) = unsafe {
        (
            read_text(raw.name, "lgc_entry.name")?,
            [
                read_text(raw.symbol, "lgc_entry.symbol")?,
                read_text(raw.run_symbol, "lgc_entry.run_symbol")?,
            ],
            read_text(raw.doc, "lgc_entry.doc")?,
            read_table(
                raw.tensors,
                raw.tensor_count,
                MAX_TENSORS,
                "lgc_entry.tensors",
            )?,
        )
    };
    let invalid = |what| InfoError::Invalid {
        name: name.clone(),
        what,
    };
    if symbols != EntryInfo::symbols(library, &name) {
        return Err(invalid("symbol"));
    }
    if raw.workspace_bytes > i64::MAX as u64 {
        return Err(invalid("workspace size"));
    }
    let leaves = tensors
        .iter()
        // SAFETY: what the caller vouches for.
        .map(|tensor| unsafe { read_tensor(tensor) })
        .collect::<Result<_, _>>()?;
    let [symbol, run_symbol] = symbols;
    let entry = EntryInfo {
        symbol,
        run_symbol,
        doc,
        leaves,
        workspace_bytes: raw.workspace_bytes,
        name: name.clone(),
    };
    match entry.signature() == raw.signature {
        true => Ok(entry),
        false => Err(invalid("signature")),
    }
}

/// # Safety
/// The tensor's extents and texts are what it says.
unsafe fn read_tensor(raw: &RawTensor) -> Result<Leaf, InfoError> {
    // SAFETY: what the caller vouches for.
    let (path, doc, dims) = unsafe {
        (
            read_text(raw.name, "lgc_tensor.name")?,
            read_text(raw.doc, "lgc_tensor.doc")?,
            read_table(raw.dims, u64::from(raw.rank), MAX_RANK, "lgc_tensor.dims")?,
        )
    };
    let invalid = |what| InfoError::Invalid {
        name: path.clone(),
        what,
    };
    let dims: Result<Vec<u64>, _> = dims.iter().map(|&dim| u64::try_from(dim)).collect();
    let dims = dims.map_err(|_| invalid("shape"))?;
    let dtype = raw.dtype.dtype().ok_or_else(|| invalid("element type"))?;
    let direction = direction_from_code(raw.direction).ok_or_else(|| invalid("direction"))?;
    let tensor = TensorType::new(dtype, dims).map_err(|_| invalid("shape"))?;
    if tensor.bytes() != raw.bytes {
        return Err(invalid("size"));
    }
    if u32::from(direction.is_written()) != raw.exclusive {
        return Err(invalid("aliasing rule"));
    }
    let range = Range {
        low: raw.low,
        high: raw.high,
    };
    if range.low.is_nan() || range.high.is_nan() || range.low > range.high {
        return Err(invalid("range"));
    }
    Ok(Leaf {
        path,
        tensor,
        direction,
        doc,
        range,
    })
}

fn check_pointer<T>(pointer: *const T, what: &'static str) -> Result<(), InfoError> {
    if pointer.is_null() {
        Err(InfoError::Null(what))
    } else if !pointer.is_aligned() {
        Err(InfoError::Misaligned(what))
    } else {
        Ok(())
    }
}

/// # Safety
/// If `count` is at most `limit`, and the pointer neither NULL nor misaligned, then there are as
/// many values, which live as long as they are used.
unsafe fn read_table<'a, T>(
    pointer: *const T,
    count: u64,
    limit: u64,
    what: &'static str,
) -> Result<&'a [T], InfoError> {
    if count == 0 {
        return Ok(&[]);
    }
    if count > limit {
        let found = count;
        return Err(InfoError::Count { what, found, limit });
    }
    check_pointer(pointer, what)?;
    // SAFETY: what the caller vouches for.
    Ok(unsafe { std::slice::from_raw_parts(pointer, count as usize) })
}

/// # Safety
/// If the pointer is not NULL, it points to bytes of which one is 0, or to `MAX_TEXT` and more.
unsafe fn read_text(pointer: *const c_char, what: &'static str) -> Result<String, InfoError> {
    check_pointer(pointer, what)?;
    let mut length = 0;
    // SAFETY: no byte up to the first that is 0 lies outside the text.
    while length < MAX_TEXT && unsafe { *pointer.add(length) } != 0 {
        length += 1;
    }
    if length == MAX_TEXT {
        return Err(InfoError::Text(what));
    }
    // SAFETY: the loop ended at a byte that is 0.
    let text = unsafe { CStr::from_ptr(pointer) };
    let text = text.to_str().map_err(|_| InfoError::Text(what))?;
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
