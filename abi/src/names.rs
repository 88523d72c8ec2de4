//! C identifiers for a library, given by one documented rule or refused with the reason.
//!
//! The rule:
//! - Names are ASCII letters, digits and `_`, and begin with a letter. There are no two `_` in a row,
//!   not in composed names either, which C++ reserves: so names other than those of fields do not end
//!   in `_`.
//! - At file scope each identifier is composed from the library's name: functions `digits_step`,
//!   `digits_step_run`, `digits_step_strerror`, exported as `digits_step_v3` and `digits_step_run_v3`;
//!   `digits_info`, `digits_strerror`, `digits_pool_create`, `digits_pool_destroy`; types `digits_step_args`, `digits_Mlp`,
//!   `digits_Mlp_const` (the flavour whose tensors are only read); macros
//!   `DIGITS_STEP_SIGNATURE`, `DIGITS_STEP_WORKSPACE_BYTES`, `DIGITS_STEP_WORKSPACE`, `DIGITS_H_INCLUDED`. These are
//!   symbols of the binary interface, so they are never altered: if two of them coincide, or one
//!   is taken by the language or the shared types, that is an error which names both.
//! - A field keeps its name, unless the name is a keyword of C or C++, a well-known macro, or an
//!   identifier of this header at file scope; then `_` is appended. If that makes it equal to a
//!   sibling, it is an error.

use crate::layout::STRUCTS;
use crate::words::{RESERVED, SHARED, is_stdint_macro};
use crate::{ABI_VERSION, DType, Direction, Entry, Field, Library, Param, Status, Tree};
use std::collections::BTreeMap;
use thiserror::Error;

/// Why a library cannot be given a C interface.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AbiError {
    /// A name cannot be written in C.
    #[error(
        "{what} has a name that C cannot spell: use ASCII letters, digits and `_`, and begin with a letter"
    )]
    NotAnIdentifier {
        /// What bears the name.
        what: String,
    },
    /// A name has, or gets in a composed one, two underscores in a row, which C++ reserves.
    #[error("{what} has a name with `__` in C, which C++ reserves: rename it")]
    Reserved {
        /// What bears the name.
        what: String,
    },
    /// Two things would have the same identifier at file scope.
    #[error("{second} would be called `{identifier}` in C, as is {first}: rename one of them")]
    Clash {
        /// The identifier.
        identifier: String,
        /// What has it already.
        first: String,
        /// What claims it too.
        second: String,
    },
    /// Two fields of one struct would have the same identifier.
    #[error(
        "{second} of {owner} would be called `{identifier}` in C, as is {first}: rename one of them"
    )]
    FieldClash {
        /// The struct or entry that has the fields.
        owner: String,
        /// The identifier.
        identifier: String,
        /// The field that has it already.
        first: String,
        /// The field that claims it too.
        second: String,
    },
    /// Structs of one name differ in their fields.
    #[error("struct `{name}` occurs with different fields, but is one type in C")]
    StructConflict {
        /// Name of the struct.
        name: String,
    },
    /// A struct has no fields, which C does not allow.
    #[error("struct `{name}` has no fields, which C does not allow")]
    EmptyStruct {
        /// Name of the struct.
        name: String,
    },
    /// An array has no elements, which C does not allow.
    #[error("the array `{name}` of {owner} has no elements, which C does not allow")]
    EmptyArray {
        /// The struct or entry that has the array.
        owner: String,
        /// Name of the field or parameter.
        name: String,
    },
    /// An entry has neither parameters nor results.
    #[error("entry `{name}` has neither parameters nor results")]
    EmptyEntry {
        /// Name of the entry.
        name: String,
    },
}

/// The identifiers that belong to one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntrySymbols {
    /// The header's function that takes the argument struct.
    pub call: String,
    /// The header's function that takes DLTensors.
    pub run: String,
    /// The exported function behind `call`.
    pub call_symbol: String,
    /// The exported function behind `run`.
    pub run_symbol: String,
    /// The header's function that says what a code means.
    pub strerror: String,
    /// Macro: the signature.
    pub signature: String,
    /// Type of the argument struct.
    pub args: String,
    /// Macro: size of the workspace.
    pub workspace_bytes: String,
    /// Macro: declaration of a workspace.
    pub workspace: String,
    /// C identifiers of the parameters, in order.
    pub fields: Vec<String>,
}

/// What a field of a C struct is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FieldType {
    Pointer(DType),
    Struct(String),
    /// An array of pointers or structs, with the lengths of its axes, outermost first.
    Array(Box<FieldType>, Vec<u64>),
}

/// A field of a C struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StructField {
    /// C identifier, once it is known.
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) kind: FieldType,
}

/// A struct of the graph as a C type; its tensors are pointers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StructType {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) fields: Vec<StructField>,
    /// Whether the read-only and the written flavour are used.
    pub(crate) used: [bool; 2],
}

/// A library together with its C identifiers: what the header is rendered from, and what says
/// which symbols to define.
#[derive(Clone, Debug)]
pub struct Interface<'a> {
    pub(crate) library: &'a Library,
    pub(crate) structs: Vec<StructType>,
    entries: Vec<EntrySymbols>,
}

impl<'a> Interface<'a> {
    /// Names everything that the library exports.
    ///
    /// # Errors
    /// All reasons why the library has no C interface, in the order of the description.
    pub fn new(library: &'a Library) -> Result<Self, Vec<AbiError>> {
        let mut naming = Naming::new(library);
        naming.claim_library();
        for entry in &library.entries {
            naming.claim_entry(entry);
            naming.collect_structs(entry);
        }
        naming.claim_structs();
        naming.name_struct_fields();
        let entries = library
            .entries
            .iter()
            .map(|entry| naming.entry_symbols(entry))
            .collect();
        if !naming.errors.is_empty() {
            return Err(naming.errors);
        }
        Ok(Self {
            library,
            structs: naming.structs,
            entries,
        })
    }

    /// The library that is described.
    #[must_use]
    pub fn library(&self) -> &'a Library {
        self.library
    }

    /// The entries with their identifiers, in order.
    pub fn entries(&self) -> impl Iterator<Item = (&'a Entry, &EntrySymbols)> {
        self.library.entries.iter().zip(&self.entries)
    }

    /// Symbol of the function that returns the description.
    #[must_use]
    pub fn info_symbol(&self) -> String {
        info_symbol(&self.library.name)
    }

    /// Symbol of the function that explains a status.
    #[must_use]
    pub fn strerror_symbol(&self) -> String {
        strerror_symbol(&self.library.name)
    }

    /// Symbol of the function that makes a pool of threads.
    #[must_use]
    pub fn pool_create_symbol(&self) -> String {
        pool_create_symbol(&self.library.name)
    }

    /// Symbol of the function that ends a pool of threads.
    #[must_use]
    pub fn pool_destroy_symbol(&self) -> String {
        pool_destroy_symbol(&self.library.name)
    }

    /// Every symbol that the library exports, and the only ones.
    #[must_use]
    pub fn exported_symbols(&self) -> Vec<String> {
        let entries = self.entries.iter();
        entries
            .flat_map(|symbols| [symbols.call_symbol.clone(), symbols.run_symbol.clone()])
            .chain([
                self.info_symbol(),
                self.strerror_symbol(),
                self.pool_create_symbol(),
                self.pool_destroy_symbol(),
            ])
            .collect()
    }

    pub(crate) fn struct_type(&self, name: &str, direction: Direction) -> String {
        struct_identifier(&self.library.name, name, direction.is_written())
    }
}

/// Symbol of the function of a library that returns its `lgc_info`.
#[must_use]
pub fn info_symbol(library: &str) -> String {
    format!("{library}_info")
}

/// Symbol of the function of a library that explains a status.
#[must_use]
pub fn strerror_symbol(library: &str) -> String {
    format!("{library}_strerror")
}

/// Symbol of the function of a library that makes a pool of threads.
#[must_use]
pub fn pool_create_symbol(library: &str) -> String {
    format!("{library}_pool_create")
}

/// Symbol of the function of a library that ends a pool of threads.
#[must_use]
pub fn pool_destroy_symbol(library: &str) -> String {
    format!("{library}_pool_destroy")
}

/// Symbol of an entry's function that takes the argument struct.
#[must_use]
pub(crate) fn call_symbol(library: &str, entry: &str) -> String {
    format!("{library}_{entry}_v{ABI_VERSION}")
}

/// Symbol of an entry's function that takes DLTensors.
#[must_use]
pub(crate) fn run_symbol(library: &str, entry: &str) -> String {
    format!("{library}_{entry}_run_v{ABI_VERSION}")
}

pub(crate) fn guard_macro(library: &str) -> String {
    format!("{}_H_INCLUDED", library.to_ascii_uppercase())
}

fn struct_identifier(library: &str, name: &str, written: bool) -> String {
    let flavour = if written { "" } else { "_const" };
    format!("{library}_{name}{flavour}")
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// The state of naming one library.
struct Naming<'a> {
    library: &'a Library,
    /// Identifiers at file scope, with what bears them.
    claimed: BTreeMap<String, String>,
    structs: Vec<StructType>,
    errors: Vec<AbiError>,
}

impl<'a> Naming<'a> {
    fn new(library: &'a Library) -> Self {
        let language = RESERVED.iter().map(|&word| (word, "a word of C or C++"));
        let structs = STRUCTS.iter().map(|shared| shared.name);
        let statuses = Status::ALL.iter().map(|status| status.c_name());
        let shared = structs.chain(statuses).chain(SHARED.iter().copied());
        let claimed = language
            .chain(shared.map(|name| (name, "a name that all libraries share")))
            .map(|(name, what)| (name.to_owned(), what.to_owned()))
            .collect();
        Self {
            library,
            claimed,
            structs: Vec::new(),
            errors: Vec::new(),
        }
    }

    /// Claims an identifier at file scope; whether it was free.
    fn claim(&mut self, identifier: String, what: String) -> bool {
        match self.claimed.get(&identifier) {
            Some(first) => {
                self.errors.push(AbiError::Clash {
                    first: first.clone(),
                    second: what,
                    identifier,
                });
                false
            }
            None => {
                self.claimed.insert(identifier, what);
                true
            }
        }
    }

    /// Checks a name that others are composed of.
    fn require_identifier(&mut self, name: &str, what: &str) {
        self.require(name, what, name.contains("__") || name.ends_with('_'));
    }

    fn require_field(&mut self, name: &str, what: &str) {
        self.require(name, what, name.contains("__"));
    }

    fn require(&mut self, name: &str, what: &str, is_reserved: bool) {
        let what = format!("{what} `{name}`");
        if !is_identifier(name) {
            self.errors.push(AbiError::NotAnIdentifier { what });
        } else if is_reserved {
            self.errors.push(AbiError::Reserved { what });
        }
    }

    fn claim_library(&mut self) {
        let name = &self.library.name;
        self.require_identifier(name, "library");
        self.claim(guard_macro(name), "the header's include guard".to_owned());
        self.claim(info_symbol(name), "the library's info function".to_owned());
        let strerror = "the library's strerror function".to_owned();
        self.claim(strerror_symbol(name), strerror);
        let create = "the library's function that makes a pool".to_owned();
        self.claim(pool_create_symbol(name), create);
        let destroy = "the library's function that ends a pool".to_owned();
        self.claim(pool_destroy_symbol(name), destroy);
    }

    fn claim_entry(&mut self, entry: &Entry) {
        let name = &entry.name;
        self.require_identifier(name, "entry");
        if entry.params.is_empty() {
            let name = name.clone();
            self.errors.push(AbiError::EmptyEntry { name });
        }
        let symbols = bare_symbols(&self.library.name, name);
        let is_free = self.claim(symbols.call, format!("entry `{name}`"));
        let run = format!("the DLTensor form of entry `{name}`");
        // Where the functions of the header clash, so do those behind them, which needs no saying.
        if self.claim(symbols.run, run) && is_free {
            let exported = format!("the exported function of entry `{name}`");
            self.claim(symbols.call_symbol, exported);
            let exported = format!("the exported DLTensor form of entry `{name}`");
            self.claim(symbols.run_symbol, exported);
        }
        let strerror = format!("the strerror function of entry `{name}`");
        self.claim(symbols.strerror, strerror);
        let signature = format!("the signature of entry `{name}`");
        self.claim(symbols.signature, signature);
        let args = format!("the argument struct of entry `{name}`");
        self.claim(symbols.args, args);
        let size = format!("the workspace size of entry `{name}`");
        self.claim(symbols.workspace_bytes, size);
        let declaration = format!("the workspace declaration of entry `{name}`");
        self.claim(symbols.workspace, declaration);
    }

    /// Adds the structs of an entry, inner ones first, as C needs them declared.
    fn collect_structs(&mut self, entry: &Entry) {
        for param in &entry.params {
            self.check_array(&format!("entry `{}`", entry.name), &param.name, &param.tree);
            for (name, doc, fields) in structs_inner_first(&param.tree) {
                self.add_struct(name, doc, fields, param.direction);
            }
        }
    }

    fn check_array(&mut self, owner: &str, name: &str, tree: &Tree) {
        let (_, lengths) = tree.innermost();
        let error = AbiError::EmptyArray {
            owner: owner.to_owned(),
            name: name.to_owned(),
        };
        if lengths.contains(&0) && !self.errors.contains(&error) {
            self.errors.push(error);
        }
    }

    fn add_struct(&mut self, name: &str, doc: &str, fields: &[Field], direction: Direction) {
        for field in fields {
            self.check_array(&format!("struct `{name}`"), &field.name, &field.tree);
        }
        let fields: Vec<_> = fields
            .iter()
            .map(|field| StructField {
                name: field.name.clone(),
                doc: field.doc.clone(),
                kind: field_type(&field.tree),
            })
            .collect();
        let flavour = usize::from(direction.is_written());
        match self.structs.iter_mut().find(|known| known.name == name) {
            Some(known) => {
                if known.fields != fields {
                    let error = AbiError::StructConflict {
                        name: name.to_owned(),
                    };
                    if !self.errors.contains(&error) {
                        self.errors.push(error);
                    }
                }
                known.used[flavour] = true;
            }
            None => {
                let mut used = [false; 2];
                used[flavour] = true;
                self.structs.push(StructType {
                    name: name.to_owned(),
                    doc: doc.to_owned(),
                    fields,
                    used,
                });
            }
        }
    }

    fn claim_structs(&mut self) {
        for structure in self.structs.clone() {
            let name = &structure.name;
            self.require_identifier(name, "struct");
            if structure.fields.is_empty() {
                let name = name.clone();
                self.errors.push(AbiError::EmptyStruct { name });
            }
            for written in [false, true] {
                if structure.used[usize::from(written)] {
                    let identifier = struct_identifier(&self.library.name, name, written);
                    self.claim(identifier, format!("struct `{name}`"));
                }
            }
        }
    }

    fn name_struct_fields(&mut self) {
        let mut structs = std::mem::take(&mut self.structs);
        for structure in &mut structs {
            let owner = format!("struct `{}`", structure.name);
            let names = structure.fields.iter().map(|field| field.name.as_str());
            let identifiers = self.field_identifiers(&owner, "field", names);
            for (field, identifier) in structure.fields.iter_mut().zip(identifiers) {
                field.name = identifier;
            }
        }
        self.structs = structs;
    }

    fn entry_symbols(&mut self, entry: &Entry) -> EntrySymbols {
        let owner = format!("entry `{}`", entry.name);
        let names = entry.params.iter().map(|param: &Param| param.name.as_str());
        EntrySymbols {
            fields: self.field_identifiers(&owner, "parameter", names),
            ..bare_symbols(&self.library.name, &entry.name)
        }
    }

    fn field_identifiers<'n>(
        &mut self,
        owner: &str,
        kind: &str,
        names: impl Iterator<Item = &'n str>,
    ) -> Vec<String> {
        let mut taken: BTreeMap<String, String> = BTreeMap::new();
        let mut identifiers = Vec::new();
        for name in names {
            self.require_field(name, &format!("a {kind} of {owner},"));
            let suffix = if self.claimed.contains_key(name) || is_stdint_macro(name) {
                "_"
            } else {
                ""
            };
            let identifier = format!("{name}{suffix}");
            if let Some(first) = taken.insert(identifier.clone(), format!("{kind} `{name}`")) {
                self.errors.push(AbiError::FieldClash {
                    owner: owner.to_owned(),
                    identifier: identifier.clone(),
                    first,
                    second: format!("{kind} `{name}`"),
                });
            }
            identifiers.push(identifier);
        }
        identifiers
    }
}

fn bare_symbols(library: &str, entry: &str) -> EntrySymbols {
    let call = format!("{library}_{entry}");
    let upper = call.to_ascii_uppercase();
    EntrySymbols {
        run: format!("{call}_run"),
        call_symbol: call_symbol(library, entry),
        run_symbol: run_symbol(library, entry),
        strerror: format!("{call}_strerror"),
        signature: format!("{upper}_SIGNATURE"),
        args: format!("{call}_args"),
        workspace_bytes: format!("{upper}_WORKSPACE_BYTES"),
        workspace: format!("{upper}_WORKSPACE"),
        fields: Vec::new(),
        call,
    }
}

/// What the field for a tree is in C. Arrays of arrays have all their lengths in one.
pub(crate) fn field_type(tree: &Tree) -> FieldType {
    match tree {
        Tree::Leaf(tensor) => FieldType::Pointer(tensor.dtype()),
        Tree::Struct { name, .. } => FieldType::Struct(name.clone()),
        Tree::Array { .. } => {
            let (element, lengths) = tree.innermost();
            FieldType::Array(Box::new(field_type(element)), lengths)
        }
    }
}

/// The structs of a tree, each after those that it contains.
fn structs_inner_first(tree: &Tree) -> Vec<(&str, &str, &[Field])> {
    let mut outer_first = Vec::new();
    let mut pending = vec![tree];
    while let Some(tree) = pending.pop() {
        match tree {
            Tree::Leaf(_) => {}
            Tree::Array { element, .. } => pending.push(element),
            Tree::Struct { name, doc, fields } => {
                outer_first.push((name.as_str(), doc.as_str(), fields.as_slice()));
                pending.extend(fields.iter().map(|field| &field.tree));
            }
        }
    }
    outer_first.reverse();
    outer_first
}

#[cfg(test)]
mod tests;
