//! Where the cache of a user is, and how large.

use super::Cache;
use std::ffi::OsString;
use std::path::PathBuf;

/// The variable that names the directory; none is used if it is empty.
pub const VARIABLE_OF_PLACE: &str = "LGC_CACHE_DIR";
/// The variable that bounds the size.
pub const VARIABLE_OF_SIZE: &str = "LGC_CACHE_SIZE";
/// How many bytes there may be otherwise.
pub const DEFAULT_BOUND: u64 = 512 << 20;

/// Where answers lie in the directory, which has other things of lgc as well.
const FOLDER: &str = "kernels";

/// What the environment says of the cache.
#[derive(Debug)]
pub enum Place {
    /// It is there.
    At(Cache),
    /// It is not wanted, or there is no home for it.
    None,
    /// The size is no size: it was written like this.
    NoSize(String),
}

impl Place {
    /// What variables say, of which `variable` gives the values.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> Place {
        let bound = match variable(VARIABLE_OF_SIZE) {
            None => DEFAULT_BOUND,
            Some(text) => match text.to_str().and_then(size) {
                Some(bound) => bound,
                None => return Place::NoSize(text.to_string_lossy().into_owned()),
            },
        };
        match directory(variable) {
            Some(directory) if bound > 0 => Place::At(Cache::new(&directory.join(FOLDER), bound)),
            _ => Place::None,
        }
    }
}

fn directory(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    if let Some(named) = variable(VARIABLE_OF_PLACE) {
        return Some(named.into()).filter(|path: &PathBuf| !path.as_os_str().is_empty());
    }
    // As the XDG base directory specification says.
    let absolute = |name: &str| {
        let path = variable(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    let cache = absolute("XDG_CACHE_HOME");
    let cache = cache.or_else(|| Some(absolute("HOME")?.join(".cache")))?;
    Some(cache.join("lgc"))
}

/// A number of bytes, of which `K`, `M` and `G` are 2¹⁰, 2²⁰ and 2³⁰.
fn size(text: &str) -> Option<u64> {
    let units = [("K", 10), ("M", 20), ("G", 30)];
    let unit = units
        .iter()
        .find_map(|&(unit, shift)| Some((text.strip_suffix(unit)?, shift)));
    let (number, shift) = unit.unwrap_or((text, 0));
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}
