//! Files that an open text uses. Texts are known by their addresses, and so are the files beside them.
//! A file that is open in the editor is what stands there, saved or not.

use crate::reach::Reach;
use lgc_codegen::output::{Access, write_whole};
use lgc_ir::lang::{Unreadable, standard};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// What the address of a file begins with.
const SCHEME: &str = "file://";

/// The texts that are open, by the paths of their files.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenTexts {
    texts: BTreeMap<String, String>,
    /// The directories below which any text may name files, beside its own.
    allowed: Vec<PathBuf>,
}

impl OpenTexts {
    /// No texts; those to come may name files below these directories and their own.
    pub(super) fn below(allowed: Vec<PathBuf>) -> Self {
        let texts = BTreeMap::new();
        Self { texts, allowed }
    }

    /// Opens a text, or replaces it. What is no file is beside nothing, so that nothing uses it.
    pub(super) fn set(&mut self, address: &str, text: &str) {
        if let Ok(path) = path(address) {
            self.texts.insert(path, text.to_owned());
        }
    }

    /// Closes a text.
    pub(super) fn remove(&mut self, address: &str) {
        if let Ok(path) = path(address) {
            self.texts.remove(&path);
        }
    }
}

/// Reads what a text uses, and keeps account of it.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    open: &'a OpenTexts,
    /// The paths of all files that were asked for, whether they could be read or not.
    pub(super) paths: BTreeSet<String>,
    reach: Reach,
}

impl<'a> Reader<'a> {
    /// For the text at an address. One in no folder is beside nothing.
    pub(super) fn new(open: &'a OpenTexts, address: &str) -> Self {
        let reach = path(address).map(|path| Reach::of(&path, &open.allowed));
        Self {
            open,
            paths: BTreeSet::new(),
            reach: reach.unwrap_or_default(),
        }
    }

    /// Reads the file at an address.
    ///
    /// # Errors
    /// Why it cannot be read, as a part of a sentence.
    pub(super) fn read(&mut self, address: &str) -> Result<String, String> {
        let path = path(address)?;
        self.reach.check(&path)?;
        self.paths.insert(path.clone());
        match self.open.texts.get(&path) {
            Some(text) => Ok(text.clone()),
            None => self.reach.read_import(&path),
        }
    }

    /// Finds the tensors at an address.
    ///
    /// # Errors
    /// Why they cannot be read.
    pub(super) fn tensors(&self, address: &str) -> Result<Box<dyn AsRef<[u8]>>, Unreadable> {
        let path = path(address).map_err(Unreadable::Because)?;
        self.reach.read_tensors(&path)
    }
}

/// The path of the file at an address. What a text names by an absolute path is no address.
pub(super) fn path(address: &str) -> Result<String, String> {
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

/// The address of a file: its path with escapes for all but what stands for itself everywhere.
fn encoded(path: &Path) -> Option<String> {
    let mut address = SCHEME.to_owned();
    for byte in path.to_str()?.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => address.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => address.push(char::from(byte)),
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    Some(address)
}

/// The address at which an editor finds a source: a file that is used, or a copy of a file of the
/// standard library, which is written for that purpose. None if that cannot be written.
pub(super) fn address_of(name: &str) -> Option<String> {
    if name.starts_with(SCHEME) {
        return encoded(Path::new(&path(name).ok()?));
    }
    if name.starts_with('/') {
        return encoded(Path::new(name));
    }
    standard::text(name)?;
    let folder = cache(std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME"))?;
    let folder = folder.join("lgc").join(env!("CARGO_PKG_VERSION"));
    for (name, text) in standard::FILES {
        let file = folder.join(name);
        if std::fs::read(&file).is_ok_and(|bytes| bytes == text.as_bytes()) {
            continue;
        }
        std::fs::create_dir_all(file.parent()?).ok()?;
        write_whole(&file, text.as_bytes(), Access::Read).ok()?;
    }
    encoded(&folder.join(name))
}

/// Where files are kept that can be made again: as the XDG base directory specification says.
fn cache(cache: Option<OsString>, home: Option<OsString>) -> Option<PathBuf> {
    let cache = cache.map(PathBuf::from).filter(|path| path.is_absolute());
    let in_home = || Some(PathBuf::from(home?).join(".cache"));
    cache.or_else(in_home).filter(|path| path.is_absolute())
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
        assert!(
            Reader::new(&OpenTexts::default(), "untitled:2")
                .read("untitled:1")
                .is_err()
        );
    }

    #[test]
    fn paths_are_encoded() {
        let address = encoded(Path::new("/a b/é~1.graph"));
        assert_eq!(address.as_deref(), Some("file:///a%20b/%C3%A9~1.graph"));
        // A name in a text is not escaped, though the address of the text is.
        let mixed = address_of("file:///a%20b/c d.graph");
        assert_eq!(mixed.as_deref(), Some("file:///a%20b/c%20d.graph"));
    }

    #[test]
    fn the_cache_is_where_users_want_it() {
        let at = |cache_home: Option<&str>, home: Option<&str>| {
            cache(cache_home.map(Into::into), home.map(Into::into))
        };
        assert_eq!(at(Some("/c"), Some("/h")), Some("/c".into()));
        for unset in [None, Some(""), Some("relative")] {
            assert_eq!(at(unset, Some("/h")), Some("/h/.cache".into()));
            assert_eq!(at(unset, None), None);
        }
    }
}
