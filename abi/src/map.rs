//! The link from graphs to code, as a library carries it: what became of each value.
//!
//! A line of text for each value, whose fields are separated by tabs, compressed as zlib does (RFC 1950): of a
//! network of twelve blocks these are 10,500 lines, 760 kB as text and 36 kB in the library.

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;
use thiserror::Error;

/// What becomes of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// The caller gives it.
    Input,
    /// A kernel leaves it in memory.
    Stored,
    /// Kernels compute it on the way to others.
    WithinKernels,
    /// It is the same as an earlier value, which is named.
    Merged(String),
    /// It is known when the graph is compiled.
    Constant,
    /// Nothing needs it.
    NotNeeded,
}

/// What [`Whereabouts::Merged`] begins with.
const MERGED: &str = "merged with ";

impl fmt::Display for Whereabouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Whereabouts::Input => f.write_str("input"),
            Whereabouts::Stored => f.write_str("stored"),
            Whereabouts::WithinKernels => f.write_str("within kernels"),
            Whereabouts::Merged(with) => write!(f, "{MERGED}{with}"),
            Whereabouts::Constant => f.write_str("constant"),
            Whereabouts::NotNeeded => f.write_str("not needed"),
        }
    }
}

impl FromStr for Whereabouts {
    type Err = BadMap;
    fn from_str(text: &str) -> Result<Whereabouts, BadMap> {
        let all = [
            Whereabouts::Input,
            Whereabouts::Stored,
            Whereabouts::WithinKernels,
            Whereabouts::Constant,
            Whereabouts::NotNeeded,
        ];
        if let Some(whereabouts) = all
            .into_iter()
            .find(|whereabouts| whereabouts.to_string() == text)
        {
            return Ok(whereabouts);
        }
        let merged = text.strip_prefix(MERGED);
        merged
            .map(|with| Whereabouts::Merged(with.to_owned()))
            .ok_or(BadMap)
    }
}

/// A value of an entry's graph, which is an input or a result of an op.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedValue {
    /// The entry, by its name in the graph.
    pub entry: String,
    /// Where the op stands, such as `digits.graph:12:9`; empty where that is not known.
    pub place: String,
    /// The value's name, or a number that stands for it.
    pub name: String,
    /// The op that yields it.
    pub op: String,
    /// Its type, such as `f32[8, 10]`.
    pub ty: String,
    /// What becomes of it.
    pub whereabouts: Whereabouts,
}

/// A map is damaged, or larger than [`ValueMap::MAX_TEXT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("what it says of its values is damaged")]
pub struct BadMap;

/// What became of the values of all entries, compressed. Empty if nothing is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueMap(Vec<u8>);

impl ValueMap {
    /// No map has a longer text: one of 16 million values has about as much.
    pub const MAX_TEXT: u64 = 1 << 30;

    /// The map of these values.
    ///
    /// # Errors
    /// If the text is larger than [`MAX_TEXT`](Self::MAX_TEXT), so that nobody would read it.
    pub fn of(values: &[MappedValue]) -> io::Result<ValueMap> {
        let mut text = ZlibEncoder::new(Vec::new(), Compression::default());
        for value in values {
            text.write_all(line(value).as_bytes())?;
            if text.total_in() > Self::MAX_TEXT {
                return Err(io::ErrorKind::FileTooLarge.into());
            }
        }
        text.finish().map(ValueMap)
    }

    /// The map with this content.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> ValueMap {
        ValueMap(bytes)
    }

    /// The content: text that is compressed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What it says.
    ///
    /// # Errors
    /// If it is damaged, or too large.
    pub fn values(&self) -> Result<Vec<MappedValue>, BadMap> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        let mut text = String::new();
        let mut rest = ZlibDecoder::new(self.0.as_slice()).take(Self::MAX_TEXT + 1);
        let length = rest.read_to_string(&mut text).map_err(|_| BadMap)?;
        if length as u64 > Self::MAX_TEXT {
            return Err(BadMap);
        }
        text.lines().map(read).collect()
    }
}

fn line(value: &MappedValue) -> String {
    let MappedValue {
        entry,
        place,
        name,
        op,
        ty,
        whereabouts,
    } = value;
    let whereabouts = whereabouts.to_string();
    let fields = [entry, place, name, op, ty, &whereabouts].map(|field| plain(field));
    fields.join("\t") + "\n"
}

/// A field without what separates fields and lines, which names of files may have.
fn plain(field: &str) -> String {
    field.replace(char::is_control, " ")
}

fn read(line: &str) -> Result<MappedValue, BadMap> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [entry, place, name, op, ty, whereabouts] = fields[..] else {
        return Err(BadMap);
    };
    Ok(MappedValue {
        entry: entry.to_owned(),
        place: place.to_owned(),
        name: name.to_owned(),
        op: op.to_owned(),
        ty: ty.to_owned(),
        whereabouts: whereabouts.parse()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str, whereabouts: Whereabouts) -> MappedValue {
        MappedValue {
            entry: "step".to_owned(),
            place: "digits.graph:12:9".to_owned(),
            name: name.to_owned(),
            op: "relu".to_owned(),
            ty: "f32[8, 10]".to_owned(),
            whereabouts,
        }
    }

    #[test]
    fn maps_are_read_as_they_were_written() {
        let all = [
            Whereabouts::Input,
            Whereabouts::Stored,
            Whereabouts::WithinKernels,
            Whereabouts::Merged("p.w".to_owned()),
            Whereabouts::Constant,
            Whereabouts::NotNeeded,
        ];
        let values = all.map(|whereabouts| value("h", whereabouts)).to_vec();
        assert_eq!(ValueMap::of(&values).unwrap().values(), Ok(values));
        assert_eq!(ValueMap::default().values(), Ok(Vec::new()));
        assert_eq!(ValueMap::of(&[]).unwrap().values(), Ok(Vec::new()));
    }

    #[test]
    fn names_of_files_do_not_break_lines() {
        let odd = MappedValue {
            place: "a\tb\n.graph:1:1".to_owned(),
            ..value("h", Whereabouts::Stored)
        };
        let read = ValueMap::of(&[odd]).unwrap().values().unwrap();
        assert_eq!(read[0].place, "a b .graph:1:1");
    }

    #[test]
    fn damage_is_an_error() {
        let map = ValueMap::of(&[
            value("h", Whereabouts::Stored),
            value("g", Whereabouts::Input),
        ]);
        let map = map.unwrap();
        let bytes = map.bytes();
        for length in 1..bytes.len() {
            let cut = ValueMap::from_bytes(bytes[..length].to_vec());
            assert_eq!(cut.values(), Err(BadMap), "{length}");
        }
        for at in 0..bytes.len() {
            let mut wrong = bytes.to_vec();
            wrong[at] ^= 0x10;
            // The checksum at the end sees what the lines do not.
            assert_eq!(ValueMap::from_bytes(wrong).values(), Err(BadMap), "{at}");
        }
    }
}
