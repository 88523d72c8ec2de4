//! The description as `lgc_abi` encodes it, placed in memory as a linker would, is read back
//! unchanged; damaged ones are refused.

use super::*;
use crate::AlignedBuffer;
use lgc_abi::info::{Image, encode};
use lgc_abi::{DType, Direction, MappedValue, Range, Whereabouts};
use std::mem::offset_of;

/// An image with its relocations applied. The buffers must outlive what is read from them.
struct Placed(Vec<AlignedBuffer>);

impl Placed {
    fn new(image: &Image) -> Self {
        let mut placed: Vec<AlignedBuffer> = Vec::new();
        for object in &image.objects {
            let mut bytes = AlignedBuffer::zeroed(object.bytes.len() as u64).unwrap();
            bytes.bytes_mut().copy_from_slice(&object.bytes);
            for relocation in &object.relocations {
                let target = placed[relocation.target].bytes().as_ptr() as u64;
                let pointer = target + relocation.addend as u64;
                bytes.bytes_mut()[relocation.offset..relocation.offset + 8]
                    .copy_from_slice(&pointer.to_le_bytes());
            }
            placed.push(bytes);
        }
        Self(placed)
    }

    /// Overwrites bytes at an offset into an object.
    fn patch(&mut self, object: usize, offset: usize, value: &[u8]) {
        self.0[object].bytes_mut()[offset..offset + value.len()].copy_from_slice(value);
    }

    fn read(&self) -> Result<Info, InfoError> {
        let root = self.0.last().unwrap().bytes().as_ptr();
        // SAFETY: an `lgc_info` whose tables live as long as `self`; tests that damage it keep
        // its pointers valid or NULL.
        unsafe { read_info(root.cast()) }
    }
}

fn example() -> Info {
    let leaf = |path: &str, dtype, dims: &[u64], direction| Leaf {
        path: path.to_owned(),
        tensor: TensorType::new(dtype, dims.to_vec()).unwrap(),
        direction,
        doc: format!("the tensor {path}"),
        range: Range {
            low: -1.0,
            high: 2.5,
        },
    };
    let entry = |name: &str, leaves| EntryInfo {
        name: name.to_owned(),
        symbol: format!("m_{name}_v3"),
        run_symbol: format!("m_{name}_run_v3"),
        doc: String::new(),
        leaves,
        workspace_bytes: 192,
    };
    Info {
        name: "m".to_owned(),
        doc: "Größe".to_owned(),
        entries: vec![
            entry(
                "step",
                vec![
                    leaf("x", DType::F32, &[3, 4], Direction::In),
                    leaf("p.w", DType::F64, &[7], Direction::InOut),
                    leaf("flag", DType::Bool, &[], Direction::Out),
                ],
            ),
            entry("none", vec![leaf("y", DType::I64, &[0, 2], Direction::Out)]),
        ],
        target: "x86_64-unknown-linux-gnu".to_owned(),
        features: vec!["avx".to_owned(), "fma".to_owned()],
        compiler: "lgc 0.1.0".to_owned(),
        evidence: String::new(),
        conditions: vec![Condition {
            entry: "step".to_owned(),
            place: "m.graph:2:9".to_owned(),
            op: "relu".to_owned(),
            requirement: "x ≠ 0".to_owned(),
            body: "turn".to_owned(),
            derivatives: "m.graph:8:9, m.graph:9:9".to_owned(),
            singular: false,
            refuted: true,
        }],
        map: ValueMap::of(&[MappedValue {
            entry: "step".to_owned(),
            place: "m.graph:2:9".to_owned(),
            name: "y".to_owned(),
            op: "relu".to_owned(),
            ty: "f32[3, 4]".to_owned(),
            whereabouts: Whereabouts::Stored,
        }])
        .unwrap(),
    }
}

#[test]
fn encoded_descriptions_are_read_back() {
    let info = example();
    assert_eq!(Placed::new(&encode(&info)).read(), Ok(info));
    let bare = Info {
        entries: Vec::new(),
        features: Vec::new(),
        conditions: Vec::new(),
        map: ValueMap::default(),
        ..example()
    };
    assert_eq!(Placed::new(&encode(&bare)).read(), Ok(bare));
}

/// Of a library that was compiled before there were conditions, or maps of values, none are known.
#[test]
fn descriptions_without_later_fields_are_read() {
    const ROOT: usize = 6;
    let info = example();
    let mut placed = Placed::new(&encode(&info));
    let size = offset_of!(RawInfo, conditions) as u64;
    placed.patch(ROOT, offset_of!(RawInfo, struct_size), &size.to_le_bytes());
    let earlier = Info {
        conditions: Vec::new(),
        map: ValueMap::default(),
        ..info.clone()
    };
    assert_eq!(placed.read(), Ok(earlier));
    let size = offset_of!(RawInfo, map) as u64;
    placed.patch(ROOT, offset_of!(RawInfo, struct_size), &size.to_le_bytes());
    let map = ValueMap::default();
    assert_eq!(placed.read(), Ok(Info { map, ..info }));
}

#[test]
fn damaged_descriptions_are_refused() {
    const DIMS: usize = 1;
    const TENSORS: usize = 2;
    const ENTRIES: usize = 3;
    const CONDITIONS: usize = 4;
    const ROOT: usize = 6;
    let zero = [0; 8];
    let huge = u64::MAX.to_le_bytes();
    let nan = f64::NAN.to_le_bytes();
    let below = (-2.0_f64).to_le_bytes();
    let cases: &[(usize, usize, &[u8])] = &[
        (ROOT, offset_of!(RawInfo, struct_size), &[16, 0]),
        (ROOT, offset_of!(RawInfo, abi_version), &[1, 0, 0, 0]),
        (ROOT, offset_of!(RawInfo, entry_count), &[0xff; 4]),
        (ROOT, offset_of!(RawInfo, entries), &zero),
        (ROOT, offset_of!(RawInfo, entries), &[1]),
        (ROOT, offset_of!(RawInfo, evidence), &zero),
        (ENTRIES, offset_of!(RawEntry, symbol), &zero),
        (ENTRIES, offset_of!(RawEntry, tensor_count), &huge),
        (ENTRIES, offset_of!(RawEntry, workspace_bytes), &huge),
        (ROOT, offset_of!(RawInfo, conditions), &zero),
        (ROOT, offset_of!(RawInfo, condition_count), &huge),
        (CONDITIONS, offset_of!(RawCondition, requirement), &zero),
        (TENSORS, offset_of!(RawTensor, rank), &[0xff; 4]),
        (TENSORS, offset_of!(RawTensor, dtype), &[9]),
        (TENSORS, offset_of!(RawTensor, direction), &[3]),
        (TENSORS, offset_of!(RawTensor, exclusive), &[1]),
        (TENSORS, offset_of!(RawTensor, bytes), &[1]),
        (TENSORS, offset_of!(RawTensor, doc), &zero),
        (TENSORS, offset_of!(RawTensor, low), &nan),
        (TENSORS, offset_of!(RawTensor, high), &below),
        (DIMS, 0, &[0xff; 8]),
        (DIMS, 8, &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
    ];
    let messages = cases.iter().map(|&(object, offset, value)| {
        let mut placed = Placed::new(&encode(&example()));
        placed.patch(object, offset, value);
        placed.read().unwrap_err().to_string()
    });
    insta::assert_snapshot!(messages.collect::<Vec<_>>().join("\n"));
    // SAFETY: NULL is refused before anything is read.
    let null = unsafe { read_info(std::ptr::null()) };
    assert_eq!(null, Err(InfoError::Null("lgc_info")));
}
