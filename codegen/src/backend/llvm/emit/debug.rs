//! Lines of sources, as LLVM's debug information: enough for line tables, and no more.
//!
//! Each function is a subprogram of the file of its first line; lines of other files are in a block of it.

use super::Emitter;
use crate::kernel::{Kernel, Region, SourceLine, Stmt};
use lgc_llvm::inkwell::builder::Builder;
use lgc_llvm::inkwell::context::Context;
use lgc_llvm::inkwell::debug_info::{
    AsDIScope, DICompileUnit, DIFile, DIFlagsConstants, DIScope, DWARFEmissionKind,
    DWARFSourceLanguage, DebugInfoBuilder, debug_metadata_version,
};
use lgc_llvm::inkwell::module::{FlagBehavior, Module};
use lgc_llvm::inkwell::values::FunctionValue;
use rustc_hash::FxHashMap;

/// The version of DWARF. Line tables of this one have the names of files in them, not in a section of their own.
const DWARF: u64 = 4;

/// What a module says of lines.
pub(super) struct Debug<'c> {
    builder: DebugInfoBuilder<'c>,
    unit: DICompileUnit<'c>,
    files: FxHashMap<u32, DIFile<'c>>,
}

/// The scopes of a function by file.
pub(super) struct Scopes<'c> {
    own: DIScope<'c>,
    by_file: FxHashMap<u32, DIScope<'c>>,
}

impl<'c> Debug<'c> {
    /// What a module says of the lines of a kernel, if that has some. Files are called what `sources` calls them, and
    /// their numbers if it does not.
    pub(super) fn new(
        context: &'c Context,
        module: &Module<'c>,
        kernel: &Kernel,
        sources: &[String],
    ) -> Option<Self> {
        let lines = kernel.lines.distinct();
        let first = lines.first()?.file;
        let name = |file: u32| {
            let name = sources.get(file as usize);
            name.map_or_else(|| file.to_string(), Clone::clone)
        };
        let flags = [
            ("Debug Info Version", u64::from(debug_metadata_version())),
            ("Dwarf Version", DWARF),
        ];
        for (key, value) in flags {
            let value = context.i32_type().const_int(value, false);
            module.add_basic_value_flag(key, FlagBehavior::Warning, value);
        }
        let (builder, unit) = module.create_debug_info_builder(
            false,
            DWARFSourceLanguage::C,
            &name(first),
            "",
            "lgc",
            true,
            "",
            0,
            "",
            DWARFEmissionKind::LineTablesOnly,
            0,
            false,
            false,
            "",
            "",
        );
        let files = lines.iter().map(|line| line.file);
        let files = files.map(|file| (file, builder.create_file(&name(file), "")));
        Some(Debug {
            files: files.collect(),
            builder,
            unit,
        })
    }

    fn file(&self, number: u32) -> DIFile<'c> {
        let file = self.files.get(&number).copied();
        file.unwrap_or_else(|| self.unit.get_file())
    }

    /// Describes a function that begins with a line.
    pub(super) fn function(
        &self,
        function: FunctionValue<'c>,
        name: &str,
        first: Option<SourceLine>,
    ) -> Scopes<'c> {
        let file = first.map_or_else(|| self.unit.get_file(), |line| self.file(line.file));
        let line = first.map_or(0, |line| line.line);
        let flags = <_ as DIFlagsConstants>::ZERO;
        let ty = self.builder.create_subroutine_type(file, None, &[], flags);
        let subprogram = self.builder.create_function(
            self.unit.as_debug_info_scope(),
            name,
            None,
            file,
            line,
            ty,
            true,
            true,
            line,
            flags,
            true,
        );
        function.set_subprogram(subprogram);
        let own = subprogram.as_debug_info_scope();
        Scopes {
            own,
            by_file: first.map(|line| (line.file, own)).into_iter().collect(),
        }
    }

    /// Lets instructions that are built from now on be of a line.
    pub(super) fn at(
        &self,
        context: &'c Context,
        builder: &Builder<'c>,
        scopes: &mut Scopes<'c>,
        line: SourceLine,
    ) {
        let scope = scopes.by_file.entry(line.file).or_insert_with(|| {
            let file = self.file(line.file);
            let block = self
                .builder
                .create_lexical_block(scopes.own, file, line.line, 0);
            block.as_debug_info_scope()
        });
        let location = self
            .builder
            .create_debug_location(context, line.line, 0, *scope, None);
        builder.set_current_debug_location(location);
    }

    /// Ends what is said.
    pub(super) fn finish(&self) {
        self.builder.finalize();
    }
}

impl<'c> Emitter<'c, '_> {
    /// Lets instructions that are built from now on be of the line of a statement, if it has one.
    pub(super) fn at(&mut self, stmt: &Stmt) {
        if let Some(line) = self.kernel.line_of(stmt) {
            self.at_line(line);
        }
    }

    /// Describes the function, which does what a region does; it begins at the first line of that.
    pub(super) fn describe(&mut self, name: &str, body: &Region) {
        let Some(debug) = self.unit.debug else {
            return;
        };
        let first = first_line(self.kernel, body);
        self.scopes = Some(debug.function(self.function, name, first));
        if let Some(line) = first {
            self.at_line(line);
        }
    }

    fn at_line(&mut self, line: SourceLine) {
        if let (Some(debug), Some(scopes)) = (self.unit.debug, &mut self.scopes) {
            debug.at(self.context, &self.builder, scopes, line);
        }
    }
}

/// The first line of a region.
pub(super) fn first_line(kernel: &Kernel, region: &Region) -> Option<SourceLine> {
    let mut first = None;
    region.visit(&mut |stmt| first = first.or_else(|| kernel.line_of(stmt)));
    first
}
