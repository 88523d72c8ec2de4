//! Which files a graph may name.
//!
//! A graph may come from a stranger. What it uses and loads lies below the directory of the main file, or
//! below one that the command line allows: so no message quotes what stands in another file, and nothing
//! of it gets into a library. Symbolic links are followed first, and only regular files are opened: others
//! may never begin, or never end.

use crate::origin::{self, Origin};
use lgc_ir::lang::Unreadable;
use lgc_runtime::Mapped;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file of tensors is no larger: code addresses its constants with 31 bits.
const TENSOR_LIMIT: u64 = 1 << 31;

/// Why a file is not opened, as a part of a sentence.
const BEYOND: &str =
    "it is not below the directory of the main file, nor below one of `--allow-path`";

/// The directories below which a graph may name files.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach(Vec<PathBuf>);

impl Reach {
    /// The directory of the main file, which is known by this path, and the others.
    pub(crate) fn of(main: &str, allowed: &[PathBuf]) -> Self {
        let folder = match Path::new(main).parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            Some(_) | None => Path::new("."),
        };
        let folders = std::iter::once(folder).chain(allowed.iter().map(PathBuf::as_path));
        Self(folders.filter_map(|it| fs::canonicalize(it).ok()).collect())
    }

    /// Whether a graph may name the file at a path.
    ///
    /// # Errors
    /// Why not, as a part of a sentence.
    pub(crate) fn check(&self, path: &str) -> Result<(), String> {
        let real = real(Path::new(path));
        let below = |real: &PathBuf| self.0.iter().any(|folder| real.starts_with(folder));
        if real.is_some_and(|real| below(&real)) {
            return Ok(());
        }
        Err(BEYOND.to_owned())
    }

    /// Reads a file that a source uses.
    ///
    /// # Errors
    /// Why it cannot be read, as a part of a sentence.
    pub(crate) fn read_import(&self, path: &str) -> Result<String, String> {
        self.check(path)?;
        origin::regular(Path::new(path)).map_err(|error| origin::explain(&error).0)?;
        let origin = Origin::File(path.into());
        origin.read().map_err(|failure| {
            let message = failure.first_message();
            let reason = message.strip_prefix(&format!("cannot read `{origin}`: "));
            reason.unwrap_or(&message).to_owned()
        })
    }

    /// Maps a file that a source loads tensors from.
    ///
    /// # Errors
    /// If it cannot be read, or is too large.
    pub(crate) fn read_tensors(&self, path: &str) -> Result<Box<dyn AsRef<[u8]>>, Unreadable> {
        self.check(path).map_err(Unreadable::Because)?;
        let because = |error: io::Error| Unreadable::Because(origin::explain(&error).0);
        // Opening a pipe waits for a writer.
        origin::regular(Path::new(path)).map_err(because)?;
        let file = Mapped::open(Path::new(path), TENSOR_LIMIT).map_err(because)?;
        let file = file.ok_or(Unreadable::TooLarge(TENSOR_LIMIT))?;
        Ok(Box::new(file))
    }
}

/// Where a path leads: through symbolic links as far as it exists, and from there on as it stands.
fn real(path: &Path) -> Option<PathBuf> {
    let mut known = std::path::absolute(path).ok()?;
    let mut rest = Vec::new();
    loop {
        if let Ok(real) = fs::canonicalize(&known) {
            let rest = rest.iter().rev();
            return Some(rest.fold(real, |path, name| path.join(name)));
        }
        rest.push(known.file_name()?.to_owned());
        known.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_lies_below_is_within_reach_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let at = |path: &str| place.path().join(path).display().to_string();
        fs::create_dir_all(at("main/deep")).unwrap();
        fs::create_dir_all(at("main-other")).unwrap();
        for file in ["main/m.graph", "main/deep/l.graph", "main-other/o.graph"] {
            fs::write(at(file), "").unwrap();
        }
        symlink(at("main-other"), at("main/link")).unwrap();
        let reach = Reach::of(&at("main/m.graph"), &[]);
        for path in ["main/x", "main/deep/l.graph", "main/new/x"] {
            assert_eq!(reach.check(&at(path)), Ok(()), "{path}");
        }
        let beyond = [
            "main-other/o.graph",
            "main/link/o.graph",
            "main/link/new",
            "main/../main-other/o.graph",
            "main/nothing/../../main-other/o.graph",
            "x",
        ];
        for path in beyond {
            assert!(reach.check(&at(path)).is_err(), "{path}");
        }
        let wider = Reach::of(&at("main/m.graph"), &[at("main-other").into()]);
        assert_eq!(wider.check(&at("main/link/o.graph")), Ok(()));
        assert!(wider.check(&at("x")).is_err());
    }

    /// Any path whatever: what may be named leads to a place below.
    #[test]
    fn no_path_leads_out() {
        let place = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(place.path()).unwrap();
        let main = root.join("main");
        fs::create_dir_all(main.join("a/b")).unwrap();
        fs::create_dir(root.join("out")).unwrap();
        fs::write(main.join("a/f"), "").unwrap();
        for (target, link) in [
            ("../../out", "a/out"),
            ("/", "a/all"),
            ("b", "a/same"),
            (".", "dot"),
        ] {
            symlink(target, main.join(link)).unwrap();
        }
        let reach = Reach::of(&main.join("m.graph").display().to_string(), &[]);
        let parts = [
            "..", ".", "a", "b", "f", "out", "all", "same", "dot", "new", "", "main",
        ];
        let mut random = crate::random::Random::new(1);
        let (mut inside, mut outside) = (0, 0);
        for _ in 0..5000 {
            let count = 1 + random.below(6);
            let path = (0..count).fold(main.display().to_string(), |path, _| {
                let part = parts[random.below(parts.len() as u64) as usize];
                path + "/" + part
            });
            let leads = fs::canonicalize(&path);
            match reach.check(&path) {
                Ok(()) => {
                    inside += 1;
                    assert!(
                        leads.is_err() || leads.unwrap().starts_with(&main),
                        "{path}"
                    );
                }
                Err(_) => {
                    outside += 1;
                    assert!(
                        leads.is_err() || !leads.unwrap().starts_with(&main),
                        "{path}"
                    );
                }
            }
        }
        assert!(inside > 500 && outside > 500, "{inside} {outside}");
    }
}
