//! Compiled libraries and the safe call of their entries.

use crate::foreign::{Argument, Code, Entry, InfoError, Pointers};
use crate::{HostTensor, Pool, Session, TensorError};
use lgc_abi::{DType, Direction, Info, Leaf, Status, TensorType, info_symbol, pool_create_symbol};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a library cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The dynamic linker refuses the file.
    #[error("{} cannot be loaded: {source}", path.display())]
    Load {
        /// The file.
        path: PathBuf,
        /// What the dynamic linker says.
        source: libloading::Error,
    },
    /// The file's name yields no name of a library.
    #[error("{} does not say which library it holds: its file name is no identifier", .0.display())]
    Unnamed(PathBuf),
    /// A function is missing.
    #[error("{} has no function `{symbol}`; is it a library `{library}` that lgc compiled?", path.display())]
    Symbol {
        /// The file.
        path: PathBuf,
        /// Name of the library that was looked for.
        library: String,
        /// The symbol.
        symbol: String,
    },
    /// The library describes itself in a way that cannot be right.
    #[error("{} describes itself wrongly: {source}", path.display())]
    Info {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: InfoError,
    },
    /// There is no such entry.
    #[error("library `{library}` has no entry `{entry}`; it has {}", list(known))]
    Entry {
        /// Name of the library.
        library: String,
        /// The entry that was asked for.
        entry: String,
        /// The entries that there are.
        known: Vec<String>,
    },
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CallError {
    /// The number of tensors is not that of the parameters.
    #[error("entry `{entry}` takes {expected} {kind} tensors, not {found}")]
    Count {
        /// The entry.
        entry: String,
        /// Which of its tensors: `in`, `inout`, or all.
        kind: &'static str,
        /// How many it takes.
        expected: usize,
        /// How many were given.
        found: usize,
    },
    /// A tensor that is written was lent for reading only.
    #[error("`{path}` is written, but its tensor may only be read")]
    ReadOnly {
        /// Path of the parameter.
        path: String,
    },
    /// The elements of a tensor were taken for another type.
    #[error("the elements of `{path}` are {expected}, not {found}")]
    Element {
        /// Path of the tensor.
        path: String,
        /// The type of its elements.
        expected: DType,
        /// The type that was asked for.
        found: DType,
    },
    /// A tensor has another type or shape than the parameter.
    #[error("`{path}` is {expected}, not {found}")]
    Mismatch {
        /// Path of the parameter.
        path: String,
        /// What the entry takes.
        expected: TensorType,
        /// What was given.
        found: TensorType,
    },
    /// There is no such tensor.
    #[error("entry `{entry}` has no tensor `{path}`")]
    Unknown {
        /// The entry.
        entry: String,
        /// The path that was asked for.
        path: String,
    },
    /// There is not enough memory for results or workspace.
    #[error(transparent)]
    Memory(#[from] TensorError),
    /// The entry has no form that takes DLTensors: it is code in memory, not a library.
    #[error("entry `{0}` has no DLTensor form")]
    NoTensorForm(String),
    /// The entry refused the call. `inout` tensors are unchanged.
    #[error("entry `{entry}`{}: {status}", at(path.as_deref()))]
    Failed {
        /// The entry.
        entry: String,
        /// The tensor that is at fault, where there is one.
        path: Option<String>,
        /// What it returned.
        status: Status,
    },
    /// The entry returned a number that is no status.
    #[error("entry `{entry}` returned {code}, which is no known status")]
    UnknownStatus {
        /// The entry.
        entry: String,
        /// What it returned.
        code: i32,
    },
}

fn at(path: Option<&str>) -> String {
    path.map(|path| format!(", `{path}`")).unwrap_or_default()
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

/// A compiled library, loaded. It stays in memory as long as one of its entries is held.
#[derive(Debug)]
pub struct Library {
    path: PathBuf,
    code: Code,
    info: Info,
}

impl Library {
    /// Loads a library whose name is the file's, less a leading `lib` and the suffix, as `lgc
    /// compile` names it.
    ///
    /// To load a library is to trust it: its code runs with all rights of this process.
    ///
    /// # Errors
    /// [`OpenError`]; a file that is no library, or describes itself wrongly, is refused.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let names = names_of(path)?;
        let (path, code) = load(path)?;
        let mut missing = OpenError::Unnamed(path.clone());
        for name in names {
            match open_as(&path, &code, &name) {
                Err(error @ OpenError::Symbol { .. }) => missing = error,
                other => return other,
            }
        }
        Err(missing)
    }

    /// Loads a library by its name, which its file may differ from.
    ///
    /// # Errors
    /// As [`Library::open`].
    pub fn open_named(path: &Path, name: &str) -> Result<Self, OpenError> {
        let (path, code) = load(path)?;
        open_as(&path, &code, name)
    }

    /// What the library tells about itself.
    #[must_use]
    pub fn info(&self) -> &Info {
        &self.info
    }

    /// The file that it was loaded from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The entry of this name.
    ///
    /// # Errors
    /// If there is none, or its functions are missing.
    pub fn entry(&self, name: &str) -> Result<Entry, OpenError> {
        let entries = &self.info.entries;
        let library = &self.info.name;
        let Some(info) = entries.iter().find(|entry| entry.name == name) else {
            return Err(OpenError::Entry {
                library: library.clone(),
                entry: name.to_owned(),
                known: entries.iter().map(|entry| entry.name.clone()).collect(),
            });
        };
        let entry = self.code.entry(info);
        entry.map_err(|_| OpenError::Symbol {
            path: self.path.clone(),
            library: library.clone(),
            symbol: info.symbol.clone(),
        })
    }

    /// A pool of that many threads, the caller's included, for entries of any library; 0 stands for
    /// as many as there are processors. `None` if no entry of this library has work for threads, or
    /// the system has no memory for them.
    ///
    /// # Errors
    /// If the library lacks the functions that make and end pools.
    pub fn pool(&self, threads: u32) -> Result<Option<Pool>, OpenError> {
        let library = &self.info.name;
        let pool = self.code.pool(library, threads);
        pool.map_err(|_| OpenError::Symbol {
            path: self.path.clone(),
            library: library.clone(),
            symbol: pool_create_symbol(library),
        })
    }

    /// What the library itself says a status means; `None` if it does not export the function.
    #[must_use]
    pub fn strerror(&self, code: i32) -> Option<String> {
        self.code.strerror(&self.info.name, code)
    }
}

/// The names that the library in a file may have, by the file's name.
fn names_of(path: &Path) -> Result<Vec<String>, OpenError> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let stem = stem.filter(|stem| {
        !stem.is_empty()
            && stem
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || character == '_')
    });
    let Some(stem) = stem else {
        return Err(OpenError::Unnamed(path.to_owned()));
    };
    let bare = stem.strip_prefix("lib").filter(|bare| !bare.is_empty());
    Ok([Some(stem), bare]
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect())
}

/// Loads a file by its absolute path: the dynamic linker searches elsewhere for a bare name.
fn load(path: &Path) -> Result<(PathBuf, Code), OpenError> {
    let absolute = path.canonicalize().map_err(|source| OpenError::Io {
        path: path.to_owned(),
        source,
    })?;
    let code = Code::load(&absolute).map_err(|source| OpenError::Load {
        path: path.to_owned(),
        source,
    })?;
    Ok((path.to_owned(), code))
}

fn open_as(path: &Path, code: &Code, name: &str) -> Result<Library, OpenError> {
    let path = path.to_owned();
    match code.info(name) {
        Ok(Ok(info)) => Ok(Library {
            path,
            code: code.clone(),
            info,
        }),
        Ok(Err(source)) => Err(OpenError::Info { path, source }),
        Err(_) => Err(OpenError::Symbol {
            path,
            library: name.to_owned(),
            symbol: info_symbol(name),
        }),
    }
}

impl Entry {
    /// Its tensors, in the order of the argument struct.
    #[must_use]
    pub fn leaves(&self) -> &[Leaf] {
        &self.info().leaves
    }

    /// A session: tensors for every parameter and result, kept from call to call.
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn session(&self) -> Result<Session, CallError> {
        Session::new(self.clone())
    }

    /// Calls the entry with the `in` leaves to read and the `inout` leaves to update in place,
    /// each in the order of [`Entry::leaves`]. Returns the `out` leaves in that order.
    ///
    /// # Errors
    /// If tensors do not fit the parameters, memory does not suffice, or the entry refuses. Then
    /// the tensors are unchanged.
    pub fn call(
        &self,
        read: &[&HostTensor],
        updated: &mut [&mut HostTensor],
    ) -> Result<Vec<HostTensor>, CallError> {
        self.check_count(Direction::In, read.len())?;
        self.check_count(Direction::InOut, updated.len())?;
        let mut results = self.results()?;
        let mut read = read.iter();
        let (mut updated, mut written) = (updated.iter_mut(), results.iter_mut());
        let arguments = self
            .leaves()
            .iter()
            .filter_map(|leaf| match leaf.direction {
                Direction::In => read.next().map(|tensor| Argument::Read(tensor)),
                Direction::InOut => updated.next().map(|tensor| Argument::Write(tensor)),
                Direction::Out => written.next().map(Argument::Write),
            });
        let place = (&mut Pointers::default(), &mut self.workspace()?);
        self.invoke(arguments, place, None)?;
        Ok(results)
    }

    fn check_count(&self, direction: Direction, found: usize) -> Result<(), CallError> {
        let leaves = self.leaves().iter();
        let expected = leaves.filter(|leaf| leaf.direction == direction).count();
        if expected == found {
            return Ok(());
        }
        Err(CallError::Count {
            entry: self.info().name.clone(),
            kind: direction.name(),
            expected,
            found,
        })
    }

    fn results(&self) -> Result<Vec<HostTensor>, TensorError> {
        self.leaves()
            .iter()
            .filter(|leaf| !leaf.direction.is_read())
            .map(|leaf| HostTensor::zeros(leaf.tensor.clone()))
            .collect()
    }
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Entry({})", self.info().symbol)
    }
}
