//! `lgc compile`: from a graph to files that users link or load.

use crate::args::{Compile, OutputKind};
use crate::driver::{Build, Session, Use};
use crate::stage::Stage;
use crate::{Failure, Origin, naming, output};
use lgc_codegen::link::ObjectFile;
use lgc_codegen::output::{Access, OutputSet};
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
    let (ast, module) = session.load(origin, &arguments.source.dims.defines)?;
    let inputs = session.inputs(&ast);
    for (path, _) in targets.iter().chain(&headers(&targets)) {
        inputs.keep(path)?;
    }
    let build = session.build(module, &name)?;
    let outputs = outputs(&targets, &build, session)?;
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
struct Files<'a> {
    build: &'a Build,
    session: &'a mut Session,
    object: Option<ObjectFile>,
}

impl Files<'_> {
    /// The object, compiled once.
    fn object(&mut self) -> Result<ObjectFile, Failure> {
        let object = match self.object.take() {
            Some(object) => object,
            None => self.session.object(self.build)?,
        };
        Ok(self.object.insert(object).clone())
    }

    /// The content of a file, and what it is for.
    fn content(&mut self, path: &Path, kind: OutputKind) -> Result<(Vec<u8>, Access), Failure> {
        Ok(match kind {
            OutputKind::Shared => {
                let object = self.object()?;
                let library = self
                    .session
                    .shared_library(self.build, object, &soname(path))?;
                (library, Access::Execute)
            }
            OutputKind::Archive => {
                let object = self.object()?;
                (self.session.archive(object)?, Access::Read)
            }
            OutputKind::Object => (self.object()?.bytes, Access::Read),
            OutputKind::Header => (self.build.header()?.into_bytes(), Access::Read),
            OutputKind::Clif => (
                self.session.clif(&self.build.programs)?.into_bytes(),
                Access::Read,
            ),
        })
    }
}

/// The outputs; a library has its header beside it.
fn outputs(
    targets: &[(PathBuf, OutputKind)],
    build: &Build,
    session: &mut Session,
) -> Result<Vec<Output>, Failure> {
    let mut files = Files {
        build,
        session,
        object: None,
    };
    let mut outputs: Vec<Output> = Vec::new();
    for (path, kind) in targets.iter().cloned().chain(headers(targets)) {
        let (bytes, access) = files.content(&path, kind)?;
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
