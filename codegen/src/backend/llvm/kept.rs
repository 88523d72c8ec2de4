//! Pieces as a cache keeps them, and what decides them.

use super::machine::Effort;
use super::object::Piece;
use crate::backend::lines::LineTable;
use crate::cache::{Key, SOURCES};
use crate::kernel::{Kernel, Name, SourceLine};
use crate::target::Target;
use lgc_llvm::Loaded;
use std::fs;
use std::time::UNIX_EPOCH;

/// Everything that decides the piece of a legal kernel: its text, the target, the effort, this compiler, and LLVM.
/// Names do not; numbers might where the code is made, so that is made of what has been numbered as in the text.
pub(super) fn key(llvm: &Loaded, effort: Effort, target: &Target, kernel: &Kernel) -> Key {
    let [version, file] = llvm_of(llvm);
    Key::of(&[
        env!("CARGO_PKG_VERSION").as_bytes(),
        SOURCES.as_bytes(),
        version.as_bytes(),
        file.as_bytes(),
        format!("{effort:?}").as_bytes(),
        format!("{target:?}").as_bytes(),
        nameless(kernel).to_string().as_bytes(),
    ])
}

/// Its version, and which file it is: toolchains have patches of their own under one version.
pub(super) fn llvm_of(llvm: &Loaded) -> [String; 2] {
    let metadata = fs::metadata(llvm.path()).ok();
    let file = metadata.map(|metadata| {
        let modified = metadata.modified().ok();
        let since = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        (metadata.len(), since)
    });
    let file = format!("{:?} {file:?}", llvm.path());
    [llvm.version().to_string(), file]
}

fn nameless(kernel: &Kernel) -> Kernel {
    let mut kernel = kernel.canonical();
    kernel.name = Name("k".to_owned());
    for (at, memory) in kernel.memories.iter_mut().enumerate() {
        memory.name = Name(format!("m{at}"));
    }
    kernel
}

/// A piece as bytes.
pub(super) fn write(piece: &Piece) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(24 + 12 * piece.calls.len() + piece.bytes.len());
    bytes.extend(piece.align.to_le_bytes());
    bytes.extend((piece.calls.len() as u64).to_le_bytes());
    for (place, addend) in &piece.calls {
        bytes.extend(place.to_le_bytes());
        bytes.extend(addend.to_le_bytes());
    }
    let rows = piece.lines.rows();
    bytes.extend((rows.len() as u64).to_le_bytes());
    for &(place, line) in rows {
        // Lines are counted from 1: 0 is none.
        let [file, number] = line.map_or([0, 0], |line| [line.file, line.line]);
        for number in [place, file, number] {
            bytes.extend(number.to_le_bytes());
        }
    }
    bytes.extend(&piece.bytes);
    bytes
}

/// A piece of bytes, if they are one.
pub(super) fn read(mut bytes: &[u8]) -> Option<Piece> {
    let align = u64::from_le_bytes(take(&mut bytes)?);
    let count = u64::from_le_bytes(take(&mut bytes)?);
    let mut calls = Vec::new();
    for _ in 0..count {
        let place = u32::from_le_bytes(take(&mut bytes)?);
        calls.push((place, i64::from_le_bytes(take(&mut bytes)?)));
    }
    let mut lines = LineTable::default();
    for _ in 0..u64::from_le_bytes(take(&mut bytes)?) {
        let place = u32::from_le_bytes(take(&mut bytes)?);
        let file = u32::from_le_bytes(take(&mut bytes)?);
        let line = u32::from_le_bytes(take(&mut bytes)?);
        lines.push(place, (line > 0).then_some(SourceLine { file, line }));
    }
    let fits = |&(place, _): &(u32, i64)| bytes.len() as u64 >= u64::from(place) + 4;
    (align.is_power_of_two() && calls.iter().all(fits)).then(|| Piece {
        bytes: bytes.to_vec(),
        align,
        calls,
        lines,
    })
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

#[cfg(test)]
mod tests;
