//! `lgc compile`: from a graph to files that users link or load.

use crate::args::{Compile, OutputKind};
use crate::driver::{Build, Compiled, Session, Use};
use crate::stage::Stage;
use crate::{Failure, Origin, naming, output};
use lgc_abi::Library;
use lgc_codegen::link::ObjectFile;
use lgc_codegen::output::{Access, OutputSet};
use lgc_ir::module::Module;
use std::path::{Path, PathBuf};

/// A file that is to be written.
struct Output {
    path: PathBuf,
    bytes: Vec<u8>,
    access: Access,
}

/// Compiles, and writes all outputs or none.
pub(crate) fn run(arguments: &Compile, session: &mut Session) -> Result<(), Failure> {
    let origin = &arguments.source.file;
    let targets = targets(arguments);
    let first = targets.first().map(|(path, _)| path.as_path());
    let name = naming::library_name(arguments.name.as_deref(), origin, first)?;
    session.make_code(&arguments.code, Use::Anywhere)?;
    session.keep_lines(arguments.lines.line_tables);
    let (ast, mut module) = session.load(origin, &arguments.source.dims.defines)?;
    if arguments.monitor {
        module = session.monitor(module)?;
    }
    let inputs = session.inputs(&ast);
    for (path, _) in targets.iter().chain(&headers(&targets)) {
        inputs.keep(path)?;
    }
    let outputs = outputs(&targets, (module, &name), session)?;
    session.time(Stage::Write, || {
        let mut set = OutputSet::default();
        for Output {
            path,
            bytes,
            access,
        } in &outputs
        {
            set.stage(path, bytes, *access)?;
        }
        set.commit()
    })?;
    let has_code = targets.iter().any(|(_, kind)| kind.is_code());
    if has_code {
        output::print(&format!("kernels by {}\n", session.machine().describe()))?;
    }
    Ok(())
}

/// What was asked for; if nothing was, a shared library in the current directory.
fn targets(arguments: &Compile) -> Vec<(PathBuf, OutputKind)> {
    if !arguments.outputs.is_empty() {
        return arguments.outputs.clone();
    }
    let stem = match &arguments.source.file {
        Origin::File(path) => path.file_stem().map(PathBuf::from),
        Origin::Stdin => None,
    };
    let mut path = stem
        .unwrap_or_else(|| PathBuf::from("model"))
        .into_os_string();
    path.push(".so");
    vec![(path.into(), OutputKind::Shared)]
}

/// The headers that libraries have beside them, where they were not asked for.
fn headers(targets: &[(PathBuf, OutputKind)]) -> Vec<(PathBuf, OutputKind)> {
    let mut headers = Vec::new();
    for (path, kind) in targets {
        let header = (path.with_extension("h"), OutputKind::Header);
        if kind.is_code() && !targets.contains(&header) && !headers.contains(&header) {
            headers.push(header);
        }
    }
    headers
}

/// What the outputs of one compilation are made from.
enum Made {
    /// The object, which may have been made before.
    Whole(Compiled),
    /// The kernels, and their object as soon as it is wanted.
    Kernels(Build, Option<ObjectFile>),
}

impl Made {
    /// As much as is needed of a module, which has a name: for a header alone no code is made, and text needs kernels.
    fn of(
        (module, name): (Module, &str),
        targets: &[(PathBuf, OutputKind)],
        session: &mut Session,
    ) -> Result<Self, Failure> {
        let has_code = targets.iter().any(|(_, kind)| kind.is_code());
        let has_text = targets.iter().any(|(_, kind)| *kind == OutputKind::Clif);
        if has_code && !has_text {
            return Ok(Made::Whole(session.compile(module, name)?));
        }
        Ok(Made::Kernels(session.build(module, name)?, None))
    }

    fn library(&self) -> &Library {
        match self {
            Made::Whole(compiled) => &compiled.library,
            Made::Kernels(build, _) => &build.library,
        }
    }

    fn header(&self) -> Result<String, Failure> {
        match self {
            Made::Whole(compiled) => compiled.header(),
            Made::Kernels(build, _) => build.header(),
        }
    }

    /// The object, compiled once.
    fn object(&mut self, session: &mut Session) -> Result<ObjectFile, Failure> {
        match self {
            Made::Whole(compiled) => Ok(compiled.object.clone()),
            Made::Kernels(_, Some(object)) => Ok(object.clone()),
            Made::Kernels(build, object) => Ok(object.insert(session.object(build)?).clone()),
        }
    }

    /// The content of a file, and what it is for.
    fn content(
        &mut self,
        (path, kind): (&Path, OutputKind),
        session: &mut Session,
    ) -> Result<(Vec<u8>, Access), Failure> {
        Ok(match kind {
            OutputKind::Shared => {
                let object = self.object(session)?;
                let library = session.shared_library(self.library(), object, &soname(path))?;
                (library, Access::Execute)
            }
            OutputKind::Archive => {
                let object = self.object(session)?;
                (session.archive(object)?, Access::Read)
            }
            OutputKind::Object => (self.object(session)?.bytes, Access::Read),
            OutputKind::Header => (self.header()?.into_bytes(), Access::Read),
            OutputKind::Clif => {
                let Made::Kernels(build, _) = self else {
                    return Err(Failure::internal("text of kernels that were not made"));
                };
                (session.clif(&build.programs)?.into_bytes(), Access::Read)
            }
        })
    }
}

/// The outputs; a library has its header beside it.
fn outputs(
    targets: &[(PathBuf, OutputKind)],
    module: (Module, &str),
    session: &mut Session,
) -> Result<Vec<Output>, Failure> {
    let mut made = Made::of(module, targets, session)?;
    let mut outputs: Vec<Output> = Vec::new();
    for (path, kind) in targets.iter().cloned().chain(headers(targets)) {
        let (bytes, access) = made.content((&path, kind), session)?;
        outputs.push(Output {
            path,
            bytes,
            access,
        });
    }
    Ok(outputs)
}

/// The name by which the loader knows a shared library: that of its file.
fn soname(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}
