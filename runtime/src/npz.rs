//! NumPy's `.npz` files: zip archives of `.npy` files, one for each named array.
//!
//! What is written is the same for the same tensors: entries in the order given, stored, dated
//! 1980. What is read may be stored or deflated, and is bounded by what the archive's own length
//! can hold.

use crate::HostTensor;
use crate::npy::{self, NpyError};
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;
use thiserror::Error;
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipArchive, ZipWriter};

/// Deflate shrinks nothing further than this.
const MAX_DEFLATE_RATIO: u64 = 1032;

/// Why an archive cannot be read or written.
#[derive(Debug, Error)]
pub enum NpzError {
    /// Reading failed.
    #[error("cannot be read: {0}")]
    Io(#[from] io::Error),
    /// The file is no zip archive, or a damaged one.
    #[error("is not a valid .npz archive: {0}")]
    Zip(#[from] ZipError),
    /// An array in the archive cannot be read.
    #[error("array `{name}` {source}")]
    Array {
        /// Name of the array.
        name: String,
        /// What is wrong with it.
        source: NpyError,
    },
    /// An entry is larger than its compressed form can hold.
    #[error("array `{name}` claims {claimed} bytes, more than its compressed form can hold")]
    Inflated {
        /// Name of the array.
        name: String,
        /// The size in the archive's directory.
        claimed: u64,
    },
    /// An entry is larger than what is wanted of it.
    #[error("array `{name}` has {claimed} bytes, of which at most {most} can be of use")]
    Unwanted {
        /// Name of the array.
        name: String,
        /// The size in the archive's directory.
        claimed: u64,
        /// The most that was to be read.
        most: u64,
    },
    /// Nothing of that name is wanted.
    #[error("has an array `{0}`, which nobody asked for")]
    Unknown(String),
    /// Two arrays have one name.
    #[error("array `{0}` occurs twice")]
    Duplicate(String),
}

/// Reads all arrays of a file, in its order, with their names.
///
/// # Errors
/// As [`read`], or if the file cannot be opened.
pub fn load(path: &Path) -> Result<Vec<(String, HostTensor)>, NpzError> {
    load_within(path, &|_| Some(u64::MAX))
}

/// The same, where the array of each name may have at most so many bytes of elements, and may not be there where
/// there is no such number.
///
/// # Errors
/// As [`load`], and [`NpzError::Unwanted`] and [`NpzError::Unknown`] before anything of such an array is read.
pub fn load_within(
    path: &Path,
    most: &dyn Fn(&str) -> Option<u64>,
) -> Result<Vec<(String, HostTensor)>, NpzError> {
    read_within(BufReader::new(File::open(path)?), most)
}

/// Reads all arrays of an archive, in its order, with their names (the entries' names less
/// `.npy`).
///
/// # Errors
/// [`NpzError`], whatever the bytes are.
pub fn read(source: impl Read + Seek) -> Result<Vec<(String, HostTensor)>, NpzError> {
    read_within(source, &|_| Some(u64::MAX))
}

/// The same, with bounds as of [`load_within`].
fn read_within(
    mut source: impl Read + Seek,
    most: &dyn Fn(&str) -> Option<u64>,
) -> Result<Vec<(String, HostTensor)>, NpzError> {
    let length = source.seek(SeekFrom::End(0))?;
    source.rewind()?;
    let mut archive = ZipArchive::new(source)?;
    let mut names = HashSet::new();
    let mut arrays = Vec::new();
    for index in 0..archive.len() {
        let (name, tensor) = read_array(&mut archive, index, length, most)?;
        if !names.insert(name.clone()) {
            return Err(NpzError::Duplicate(name));
        }
        arrays.push((name, tensor));
    }
    Ok(arrays)
}

fn read_array(
    archive: &mut ZipArchive<impl Read + Seek>,
    index: usize,
    archive_length: u64,
    most: &dyn Fn(&str) -> Option<u64>,
) -> Result<(String, HostTensor), NpzError> {
    let mut file = archive.by_index(index)?;
    let entry = file.name()?.into_owned();
    let name = entry.strip_suffix(".npy").unwrap_or(&entry).to_owned();
    let packed = file.compressed_size().min(archive_length);
    let claimed = file.size();
    if claimed > packed.saturating_mul(MAX_DEFLATE_RATIO).saturating_add(64) {
        return Err(NpzError::Inflated { name, claimed });
    }
    let Some(most) = most(&name) else {
        return Err(NpzError::Unknown(name));
    };
    if claimed > most.saturating_add(npy::MAX_OVERHEAD) {
        return Err(NpzError::Unwanted {
            name,
            claimed,
            most,
        });
    }
    match read_whole(&mut file, claimed) {
        Ok(tensor) => Ok((name, tensor)),
        Err(source) => Err(NpzError::Array { name, source }),
    }
}

/// Reads an array, and to the end of the entry, where its checksum is compared.
fn read_whole(file: &mut impl Read, claimed: u64) -> Result<HostTensor, NpyError> {
    let tensor = npy::read(file, claimed)?;
    let beyond = io::copy(&mut file.take(1), &mut io::sink())?;
    if beyond != 0 {
        let found = tensor.tensor_type().bytes() + beyond;
        let tensor = tensor.tensor_type().clone();
        return Err(NpyError::Length { tensor, found });
    }
    Ok(tensor)
}

/// The bytes of an archive of named arrays, in this order.
///
/// # Errors
/// If two names are equal, or the archive exceeds what the format can hold.
pub fn encode<'a>(
    arrays: impl IntoIterator<Item = (&'a str, &'a HostTensor)>,
) -> Result<Vec<u8>, NpzError> {
    let mut names = HashSet::new();
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, tensor) in arrays {
        if !names.insert(name) {
            return Err(NpzError::Duplicate(name.to_owned()));
        }
        let header = npy::header_of(tensor.tensor_type());
        let size = (header.len() + tensor.bytes().len()) as u64;
        archive.start_file(format!("{name}.npy"), options(size))?;
        archive.write_all(&header)?;
        archive.write_all(tensor.bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

fn options(size: u64) -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .large_file(size >= u64::from(u32::MAX))
}

#[cfg(test)]
mod tests;
