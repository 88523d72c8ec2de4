//! Libraries as all stages make them of a module, or as they were made before of the same sources.
//!
//! What a library becomes depends on nothing but what was read, the options, and the compilers ([`Session::question`]).
//! So where code is kept, the whole object is as well, and the second compilation goes from graphs to the linker at
//! once: of the GPT example, lowering alone takes longer than all that is left.

use super::codegen::describe;
use super::{Session, codegen};
use crate::stage::Stage;
use crate::{COMPILER, Failure};
use lgc_abi::Library;
use lgc_codegen::cache::{Cache, Key, SOURCES};
use lgc_codegen::link::ObjectFile;
use lgc_ir::module::Module;

/// The driver's part in what a library becomes; [`SOURCES`] are all others.
const DRIVER: [&str; 5] = [
    include_str!("codegen.rs"),
    include_str!("compiled.rs"),
    include_str!("lines.rs"),
    include_str!("machine.rs"),
    include_str!("../node_map.rs"),
];

/// A library as an object, with what it says about itself.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What the library will say about itself.
    pub library: Library,
    /// Its code and data.
    pub object: ObjectFile,
}

impl Compiled {
    /// The C header.
    ///
    /// # Errors
    /// If a name cannot be written in C.
    pub fn header(&self) -> Result<String, Failure> {
        codegen::header(&self.library)
    }
}

impl Session {
    /// Compiles a module to the library of this name, or takes it from the cache.
    ///
    /// # Errors
    /// As [`Session::build`] and [`Session::object`].
    pub fn compile(&mut self, module: Module, name: &str) -> Result<Compiled, Failure> {
        let question = self.question(name);
        if let Some((cache, key)) = question {
            let found = self.time(Stage::Generate, || cache.find(key, read));
            if let Some(Answer { workspaces, object }) = found
                && workspaces.len() == module.entries.len()
            {
                let library = describe(&module, &workspaces, name, self.machine())?;
                return Ok(Compiled { library, object });
            }
        }
        let build = self.build(module, name)?;
        let object = self.object(&build)?;
        let (workspaces, library) = (build.workspaces(), build.library);
        if let Some((cache, key)) = question {
            let answer = write(&workspaces, &object);
            self.time(Stage::Generate, || cache.keep(key, &answer));
        }
        Ok(Compiled { library, object })
    }

    /// Everything that decides what a library of this name becomes, and where to look for it; unless stages are to be
    /// seen at work.
    fn question(&self, name: &str) -> Option<(&'static Cache, Key)> {
        if self.verify || self.stop_after.is_some() {
            return None;
        }
        let machine = self.machine();
        let cache = machine.cache()?;
        let options = [
            name.to_owned(),
            format!("{:?}", machine.targets),
            format!("{:?}", self.defines),
            format!("{:?}", self.told_sources()),
            format!("{:?}", self.monitors),
        ];
        let backend = machine.backend.identity();
        let compilers = [COMPILER, SOURCES, &backend].into_iter().chain(DRIVER);
        let files = self.sources.files();
        let texts = files.flat_map(|file| [file.name(), file.text()]);
        let options = options.iter().map(String::as_str);
        let parts = compilers.chain(options).chain(texts).map(str::as_bytes);
        // Of what has no hash, nothing is known.
        let tensors: Option<Vec<&Key>> = self.tensors.iter().map(Option::as_ref).collect();
        let tensors = tensors?.into_iter().map(Key::as_bytes);
        let parts: Vec<&[u8]> = parts.chain(tensors).collect();
        Some((cache, Key::of(&parts)))
    }
}

/// What is kept of a library. The rest follows from its graphs.
struct Answer {
    /// Those of [`super::Build::workspaces`].
    workspaces: Vec<u64>,
    object: ObjectFile,
}

/// The number of entries, the length of the name, the workspaces, the name, and the object.
fn write(workspaces: &[u64], object: &ObjectFile) -> Vec<u8> {
    let mut bytes = Vec::new();
    let lengths = [workspaces.len() as u64, object.name.len() as u64];
    for number in lengths.iter().chain(workspaces) {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(object.name.as_bytes());
    bytes.extend(&object.bytes);
    bytes
}

fn read(mut bytes: &[u8]) -> Option<Answer> {
    let number = |bytes: &mut &[u8]| {
        let (first, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(u64::from_le_bytes(*first))
    };
    let entries = number(&mut bytes)?;
    let length = usize::try_from(number(&mut bytes)?).ok()?;
    let workspaces = (0..entries).map(|_| number(&mut bytes));
    let workspaces = workspaces.collect::<Option<_>>()?;
    let (name, object) = bytes.split_at_checked(length)?;
    Some(Answer {
        workspaces,
        object: ObjectFile {
            name: String::from_utf8(name.to_vec()).ok()?,
            bytes: object.to_vec(),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_they_were_written_and_not_when_cut_short() {
        let object = ObjectFile {
            name: "m.o".to_owned(),
            bytes: vec![1, 2, 3],
        };
        let bytes = write(&[64, 0], &object);
        let answer = read(&bytes).unwrap();
        assert_eq!(answer.workspaces, [64, 0]);
        assert_eq!(answer.object, object);
        for length in 0..bytes.len() - object.bytes.len() {
            assert!(read(&bytes[..length]).is_none(), "{length}");
        }
    }
}
