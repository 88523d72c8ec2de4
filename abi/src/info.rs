//! The constant that `<name>_info()` returns: the description with trees flattened to leaves
//! ([`Info`]), laid out as the structs of [`crate::layout`] in relocatable form ([`encode`]).

use crate::layout::{RawCondition, RawEntry, RawInfo, RawTensor};
use crate::names::{call_symbol, run_symbol};
use crate::{
    ABI_VERSION, Condition, Direction, DlDataType, Entry, Leaf, Library, Status,
    UNKNOWN_STATUS_TEXT, ValueMap,
};
use std::collections::BTreeMap;
use std::mem::offset_of;

/// What a compiled library tells about itself: its description with parameters flattened.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// Prefix of every exported symbol.
    pub name: String,
    /// What it is, in the author's words; may be empty.
    pub doc: String,
    /// Exported functions.
    pub entries: Vec<EntryInfo>,
    /// Target triple.
    pub target: String,
    /// Instruction set extensions that the CPU must have.
    pub features: Vec<String>,
    /// Name and version of the compiler.
    pub compiler: String,
    /// What was checked about this compilation, and how.
    pub evidence: String,
    /// What its entries rely on.
    pub conditions: Vec<Condition>,
    /// What became of the values of its graphs.
    pub map: ValueMap,
}

/// An entry of a compiled library.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryInfo {
    /// Name in the graph.
    pub name: String,
    /// Symbol of the function that takes the argument struct.
    pub symbol: String,
    /// Symbol of the function that takes DLTensors.
    pub run_symbol: String,
    /// What it does, in the author's words; may be empty.
    pub doc: String,
    /// Its tensors, in the order of the fields of its argument struct.
    pub leaves: Vec<Leaf>,
    /// Bytes of workspace that a call needs.
    pub workspace_bytes: u64,
}

impl From<&Library> for Info {
    fn from(library: &Library) -> Self {
        let entries = library.entries.iter();
        Self {
            name: library.name.clone(),
            doc: library.doc.clone(),
            entries: entries
                .map(|entry| EntryInfo::new(&library.name, entry))
                .collect(),
            target: library.target.clone(),
            features: library.features.clone(),
            compiler: library.compiler.clone(),
            evidence: library.evidence.clone(),
            conditions: library.conditions.clone(),
            map: library.map.clone(),
        }
    }
}

impl EntryInfo {
    /// Flattens an entry of the library of this name.
    #[must_use]
    pub fn new(library: &str, entry: &Entry) -> Self {
        let [symbol, run_symbol] = Self::symbols(library, &entry.name);
        Self {
            name: entry.name.clone(),
            symbol,
            run_symbol,
            doc: entry.doc.clone(),
            leaves: entry.leaves(),
            workspace_bytes: entry.workspace_bytes,
        }
    }

    /// The symbols of the functions of an entry: of that which takes the argument struct, and of that which
    /// takes DLTensors.
    #[must_use]
    pub fn symbols(library: &str, entry: &str) -> [String; 2] {
        [call_symbol(library, entry), run_symbol(library, entry)]
    }

    /// What a caller must know of the entry so that memory is used as both mean it, as a number: the FNV-1a
    /// hash (64 bits, http://www.isthe.com/chongo/tech/comp/fnv) of a text with a line for the entry's name, one
    /// for the bytes of its workspace, and one for each tensor.
    ///
    /// ```text
    /// step
    /// 70000
    /// in x f32[64, 64]
    /// inout p.hidden.w f32[64, 128]
    /// ```
    #[must_use]
    pub fn signature(&self) -> u64 {
        let mut text = format!("{}\n{}\n", self.name, self.workspace_bytes);
        for leaf in &self.leaves {
            let (direction, path, tensor) = (leaf.direction.name(), &leaf.path, &leaf.tensor);
            text.push_str(&format!("{direction} {path} {tensor}\n"));
        }
        let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        text.as_bytes().iter().fold(FNV_BASIS, step)
    }
}

/// The constants of FNV-1a for 64 bits.
const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// The number of a direction in `lgc_tensor.direction`.
#[must_use]
pub const fn direction_code(direction: Direction) -> u32 {
    match direction {
        Direction::In => 0,
        Direction::InOut => 1,
        Direction::Out => 2,
    }
}

/// The direction with this number, if there is one.
#[must_use]
pub fn direction_from_code(code: u32) -> Option<Direction> {
    [Direction::In, Direction::InOut, Direction::Out]
        .into_iter()
        .find(|&direction| direction_code(direction) == code)
}

/// Constant data for an object file: bytes, with pointers that are to be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataObject {
    /// Name for a local symbol, unique within its [`Image`].
    pub label: &'static str,
    /// The content; zero where pointers go.
    pub bytes: Vec<u8>,
    /// Alignment in bytes, a power of two.
    pub align: u64,
    /// Pointers within the content.
    pub relocations: Vec<Relocation>,
}

/// A 64-bit pointer into a [`DataObject`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// Where it stands in the bytes.
    pub offset: usize,
    /// Index in [`Image::objects`] of the object that it points into.
    pub target: usize,
    /// Offset of the pointee there.
    pub addend: usize,
}

/// Objects that point at each other: read-only after relocation, private to the library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The objects; a relocation points only to an object before its own.
    pub objects: Vec<DataObject>,
    /// Index of the object that code refers to.
    pub root: usize,
}

/// NUL-terminated texts, each stored once.
#[derive(Default)]
struct Texts {
    bytes: Vec<u8>,
    offsets: BTreeMap<String, usize>,
}

impl Texts {
    /// Offset of the text. A NUL within it would end it early, and is left out.
    fn intern(&mut self, text: &str) -> usize {
        let text = text.replace('\0', "");
        let end = self.bytes.len();
        match self.offsets.get(&text) {
            Some(&offset) => offset,
            None => {
                self.bytes.extend_from_slice(text.as_bytes());
                self.bytes.push(0);
                self.offsets.insert(text, end);
                end
            }
        }
    }
}

/// An array of structs under construction.
struct Records {
    bytes: Vec<u8>,
    size: usize,
    relocations: Vec<Relocation>,
}

impl Records {
    fn new(size: usize) -> Self {
        let (bytes, relocations) = (Vec::new(), Vec::new());
        Self {
            bytes,
            size,
            relocations,
        }
    }

    /// Appends a zeroed struct; the setters below write to it.
    fn push(&mut self) {
        self.bytes.resize(self.bytes.len() + self.size, 0);
    }

    fn base(&self) -> usize {
        self.bytes.len() - self.size
    }

    fn set(&mut self, offset: usize, value: &[u8]) {
        let start = self.base() + offset;
        self.bytes[start..start + value.len()].copy_from_slice(value);
    }

    fn point(&mut self, offset: usize, target: usize, addend: usize) {
        let offset = self.base() + offset;
        self.relocations.push(Relocation {
            offset,
            target,
            addend,
        });
    }

    fn finish(self, label: &'static str) -> DataObject {
        DataObject {
            relocations: self.relocations,
            ..plain(label, self.bytes, 8)
        }
    }
}

/// An object without pointers. It is never empty, since symbols of empty objects may coincide
/// with others or lie outside every section.
fn plain(label: &'static str, mut bytes: Vec<u8>, align: u64) -> DataObject {
    if bytes.is_empty() {
        bytes.resize(8, 0);
    }
    DataObject {
        label,
        bytes,
        align,
        relocations: Vec::new(),
    }
}

const TEXTS: usize = 0;
const DIMS: usize = 1;
const TENSORS: usize = 2;
const ENTRIES: usize = 3;
const CONDITIONS: usize = 4;
const MAP: usize = 5;
const INFO: usize = 6;

/// Lays out the constant of type `lgc_info` that `<name>_info()` returns the address of.
#[must_use]
pub fn encode(info: &Info) -> Image {
    let mut texts = Texts::default();
    let mut dims = Vec::new();
    let mut tensors = Records::new(size_of::<RawTensor>());
    let mut entries = Records::new(size_of::<RawEntry>());
    for entry in &info.entries {
        let first_tensor = tensors.bytes.len();
        for leaf in &entry.leaves {
            encode_tensor(leaf, &mut texts, &mut dims, &mut tensors);
        }
        encode_entry(entry, first_tensor, &mut texts, &mut entries);
    }
    let mut conditions = Records::new(size_of::<RawCondition>());
    for condition in &info.conditions {
        encode_condition(condition, &mut texts, &mut conditions);
    }
    let root = encode_info(info, &mut texts);
    let objects = vec![
        plain("info_texts", texts.bytes, 1),
        plain("info_dims", dims, 8),
        tensors.finish("info_tensors"),
        entries.finish("info_entries"),
        conditions.finish("info_conditions"),
        plain("info_map", info.map.bytes().to_vec(), 1),
        root.finish("info"),
    ];
    Image {
        objects,
        root: INFO,
    }
}

fn encode_tensor(leaf: &Leaf, texts: &mut Texts, dims: &mut Vec<u8>, tensors: &mut Records) {
    let dtype = DlDataType::from(leaf.tensor.dtype());
    let rank = leaf.tensor.dims().len() as u32;
    let direction = direction_code(leaf.direction);
    let exclusive = u32::from(leaf.direction.is_written());
    let dtype_offset = offset_of!(RawTensor, dtype);
    tensors.push();
    tensors.point(offset_of!(RawTensor, name), TEXTS, texts.intern(&leaf.path));
    tensors.point(offset_of!(RawTensor, doc), TEXTS, texts.intern(&leaf.doc));
    tensors.point(offset_of!(RawTensor, dims), DIMS, dims.len());
    tensors.set(
        offset_of!(RawTensor, bytes),
        &leaf.tensor.bytes().to_le_bytes(),
    );
    tensors.set(offset_of!(RawTensor, rank), &rank.to_le_bytes());
    tensors.set(dtype_offset, &[dtype.code, dtype.bits]);
    tensors.set(dtype_offset + 2, &dtype.lanes.to_le_bytes());
    tensors.set(offset_of!(RawTensor, direction), &direction.to_le_bytes());
    tensors.set(offset_of!(RawTensor, exclusive), &exclusive.to_le_bytes());
    tensors.set(offset_of!(RawTensor, low), &leaf.range.low.to_le_bytes());
    tensors.set(offset_of!(RawTensor, high), &leaf.range.high.to_le_bytes());
    dims.extend(leaf.tensor.dims().iter().flat_map(|dim| dim.to_le_bytes()));
}

fn encode_entry(entry: &EntryInfo, first_tensor: usize, texts: &mut Texts, entries: &mut Records) {
    let count = entry.leaves.len() as u64;
    entries.push();
    for (offset, text) in [
        (offset_of!(RawEntry, name), &entry.name),
        (offset_of!(RawEntry, symbol), &entry.symbol),
        (offset_of!(RawEntry, run_symbol), &entry.run_symbol),
        (offset_of!(RawEntry, doc), &entry.doc),
    ] {
        entries.point(offset, TEXTS, texts.intern(text));
    }
    entries.point(offset_of!(RawEntry, tensors), TENSORS, first_tensor);
    entries.set(offset_of!(RawEntry, tensor_count), &count.to_le_bytes());
    entries.set(
        offset_of!(RawEntry, workspace_bytes),
        &entry.workspace_bytes.to_le_bytes(),
    );
    entries.set(
        offset_of!(RawEntry, signature),
        &entry.signature().to_le_bytes(),
    );
}

fn encode_condition(condition: &Condition, texts: &mut Texts, conditions: &mut Records) {
    conditions.push();
    for (offset, text) in [
        (offset_of!(RawCondition, entry), &condition.entry),
        (offset_of!(RawCondition, place), &condition.place),
        (offset_of!(RawCondition, op), &condition.op),
        (
            offset_of!(RawCondition, requirement),
            &condition.requirement,
        ),
        (offset_of!(RawCondition, body), &condition.body),
        (
            offset_of!(RawCondition, derivatives),
            &condition.derivatives,
        ),
    ] {
        conditions.point(offset, TEXTS, texts.intern(text));
    }
    for (offset, truth) in [
        (offset_of!(RawCondition, singular), condition.singular),
        (offset_of!(RawCondition, refuted), condition.refuted),
    ] {
        conditions.set(offset, &u32::from(truth).to_le_bytes());
    }
}

fn encode_info(info: &Info, texts: &mut Texts) -> Records {
    let mut root = Records::new(size_of::<RawInfo>());
    root.push();
    let size = size_of::<RawInfo>() as u64;
    let count = info.entries.len() as u32;
    root.set(offset_of!(RawInfo, struct_size), &size.to_le_bytes());
    root.set(offset_of!(RawInfo, abi_version), &ABI_VERSION.to_le_bytes());
    root.set(offset_of!(RawInfo, entry_count), &count.to_le_bytes());
    root.point(offset_of!(RawInfo, entries), ENTRIES, 0);
    let conditions = info.conditions.len() as u64;
    root.point(offset_of!(RawInfo, conditions), CONDITIONS, 0);
    root.set(
        offset_of!(RawInfo, condition_count),
        &conditions.to_le_bytes(),
    );
    root.point(offset_of!(RawInfo, map), MAP, 0);
    let bytes = info.map.bytes().len() as u64;
    root.set(offset_of!(RawInfo, map_bytes), &bytes.to_le_bytes());
    let features = info.features.join(",");
    for (offset, text) in [
        (offset_of!(RawInfo, name), &info.name),
        (offset_of!(RawInfo, doc), &info.doc),
        (offset_of!(RawInfo, target), &info.target),
        (offset_of!(RawInfo, features), &features),
        (offset_of!(RawInfo, compiler), &info.compiler),
        (offset_of!(RawInfo, evidence), &info.evidence),
    ] {
        root.point(offset, TEXTS, texts.intern(text));
    }
    root
}

/// Lays out the table that `<name>_strerror` reads: a pointer to the text of each status, then
/// one to the text for numbers that are none. The function returns
/// `table[min((uint32_t)status, Status::ALL.len())]`.
#[must_use]
pub fn encode_status_texts() -> Image {
    let mut texts = Texts::default();
    let mut table = Records::new(size_of::<u64>());
    let known = Status::ALL.iter().map(|status| status.text());
    for text in known.chain([UNKNOWN_STATUS_TEXT]) {
        table.push();
        table.point(0, 0, texts.intern(text));
    }
    let texts = plain("status_texts", texts.bytes, 1);
    Image {
        objects: vec![texts, table.finish("status_table")],
        root: 1,
    }
}
