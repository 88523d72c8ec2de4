//! Files that an open text uses. Texts are known by their addresses, and so are the files beside them.

use crate::origin::{read_import, read_tensors};
use lgc_ir::lang::Unreadable;

/// What the address of a file begins with.
pub(super) const SCHEME: &str = "file://";

/// Reads the file at an address.
///
/// # Errors
/// Why it cannot be read, as a part of a sentence.
pub(super) fn read(address: &str) -> Result<String, String> {
    read_import(&path(address)?)
}

/// Reads the tensors at an address.
///
/// # Errors
/// Why they cannot be read.
pub(super) fn tensors(address: &str) -> Result<Vec<u8>, Unreadable> {
    read_tensors(&path(address).map_err(Unreadable::Because)?)
}

/// The path of the file at an address. What a text names by an absolute path is no address.
fn path(address: &str) -> Result<String, String> {
    if address.starts_with('/') {
        return Ok(address.to_owned());
    }
    let path = address.strip_prefix(SCHEME);
    let path = path.ok_or("this text is in no folder, so that nothing is beside it")?;
    Ok(decoded(path).ok_or("its address is no path")?)
}

/// A path without escapes: `%20` is a space.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut parts = path.split('%');
    bytes.extend(parts.next()?.bytes());
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend(part.get(2..)?.bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_decoded() {
        assert_eq!(
            decoded("/a%20b/%C3%A9.graph").as_deref(),
            Some("/a b/é.graph")
        );
        for wrong in ["%", "%4", "%zz", "%ff"] {
            assert_eq!(decoded(wrong), None, "{wrong}");
        }
        assert!(read("untitled:1").is_err());
    }
}
