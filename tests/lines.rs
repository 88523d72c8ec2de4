//! `-g`: what readers of DWARF make of libraries.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use gimli::{AttributeValue, EndianSlice, LittleEndian, SectionId};
use object::{Object, ObjectSection, ObjectSymbol};
use std::collections::BTreeSet;
use std::path::Path;
use support::{Place, tool};

const GRAPH: &str = "\
use \"std/layers.graph\"
use \"more/parts.graph\"

/// A layer, and what is lost by it.
entry f(x: f32[64, 300], w: f32[300, 40]) -> (y: f32[64, 40], l: f32[]) {
    y = relu(x @ w)
    e = exp(x)
    l = softer(sum(sin(e)))
}
";

const PARTS: &str = "\
graph softer(x: f32[]) -> (y: f32[]) {
    y = tanh(x)
}
";

const BACK_ENDS: &[&str] = &[
    "cranelift",
    #[cfg(feature = "llvm")]
    "llvm",
];

fn place() -> Place {
    let place = Place::with("f.graph", GRAPH);
    std::fs::create_dir(place.path("more")).unwrap();
    place.write("more/parts.graph", PARTS);
    place
}

/// The rows of line tables: an address, a file and a line; and the names of the functions that are described.
type Described = (Vec<(u64, String, u64)>, Vec<String>);

fn described(library: &Path) -> Described {
    let bytes = std::fs::read(library).unwrap();
    let object = object::File::parse(&*bytes).unwrap();
    let section = |id: SectionId| -> Result<_, gimli::Error> {
        let data = object.section_by_name(id.name());
        let data = data.map_or(&[][..], |section| section.data().unwrap());
        Ok(EndianSlice::new(data, LittleEndian))
    };
    let dwarf = gimli::Dwarf::load(section).unwrap();
    let (mut rows, mut functions) = (Vec::new(), Vec::new());
    let mut units = dwarf.units();
    while let Some(header) = units.next().unwrap() {
        let unit = dwarf.unit(header).unwrap();
        let program = unit.line_program.clone().unwrap();
        let mut all = program.rows();
        while let Some((header, row)) = all.next_row().unwrap() {
            let Some(line) = row.line().filter(|_| !row.end_sequence()) else {
                continue;
            };
            let file = row.file(header).unwrap().path_name();
            let file = dwarf.attr_string(&unit, file).unwrap();
            let file = file.to_string_lossy().into_owned();
            rows.push((row.address(), file, line.get()));
        }
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs().unwrap() {
            if entry.tag() == gimli::DW_TAG_subprogram {
                let name: AttributeValue<_> = entry.attr_value(gimli::DW_AT_name).unwrap();
                let name = dwarf.attr_string(&unit, name).unwrap();
                functions.push(name.to_string_lossy().into_owned());
            }
        }
    }
    (rows, functions)
}

#[test]
fn code_comes_from_the_lines_of_all_files() {
    let place = place();
    for back_end in BACK_ENDS {
        for output in ["f.so", "f.o"] {
            let compile = [
                "compile",
                "f.graph",
                "-g",
                "--backend",
                back_end,
                "-o",
                output,
            ];
            place.run(&compile).success();
        }
        let (rows, functions) = described(&place.path("f.so"));
        let lines = rows.iter().map(|(_, file, line)| (file.as_str(), *line));
        let lines: BTreeSet<(&str, u64)> = lines.collect();
        let all = [
            ("f.graph", 6),
            ("f.graph", 7),
            ("f.graph", 8),
            ("more/parts.graph", 2),
        ];
        assert_eq!(lines, all.into_iter().collect(), "{back_end}");

        // Every row is in code, and every function that is described is a symbol of a kernel.
        let bytes = std::fs::read(place.path("f.so")).unwrap();
        let object = object::File::parse(&*bytes).unwrap();
        let text = object.section_by_name(".text").unwrap();
        let code = text.address()..text.address() + text.size();
        assert!(rows.iter().all(|(address, ..)| code.contains(address)));
        let names = object
            .symbols()
            .map(|symbol| symbol.name().unwrap().to_owned());
        let names: BTreeSet<String> = names.collect();
        assert!(!functions.is_empty());
        for function in &functions {
            assert!(names.contains(function), "{function}: {names:?}");
            assert!(function.starts_with("f.kernel"), "{function}");
        }
    }
}

#[test]
fn nothing_is_said_of_lines_unless_it_is_asked_for() {
    let place = place();
    for back_end in BACK_ENDS {
        let compile = |flags: &[&str], output| {
            let rest = ["compile", "f.graph", "--backend", back_end, "-o", output];
            place.run(&[&rest, flags].concat()).success();
            std::fs::read(place.path(output)).unwrap()
        };
        let plain = compile(&[], "plain.o");
        let object = object::File::parse(&*plain).unwrap();
        let mut sections = object.sections();
        assert!(!sections.any(|section| section.name().unwrap().starts_with(".debug")));
        assert_eq!(compile(&["-g"], "a.o"), compile(&["--line-tables"], "b.o"));
    }
}

#[test]
fn stages_show_lines() {
    let place = place();
    let emit = |stage| {
        place
            .run(&["emit", "f.graph", "-g", "--stage", stage])
            .success()
    };
    for stage in ["kernels", "legal", "threads"] {
        let text = emit(stage);
        assert!(text.contains(" : f32 @7\n"), "{stage}: {text}");
        assert!(text.contains(" : f32 @2:2\n"), "{stage}: {text}");
    }
    if cfg!(feature = "llvm") {
        let text = emit("llvm");
        assert!(
            text.contains("!DIFile(filename: \"more/parts.graph\""),
            "{text}"
        );
        assert!(text.contains("!DILocation(line: 6,"), "{text}");
    }
}

#[test]
fn debuggers_find_the_source() {
    let place = place();
    for back_end in BACK_ENDS {
        let compile = ["compile", "f.graph", "-g", "--backend", back_end];
        place.run(&compile).success();
        if let Some(said) = tool("llvm-dwarfdump", &["--verify", "f.so"], &place) {
            assert!(said.contains("No errors."), "{said}");
        }
        let ask = [
            "-batch",
            "-nx",
            "-ex",
            "info line f.graph:7",
            "-ex",
            "list f.graph:7,7",
        ];
        if let Some(said) = tool("gdb", &[&ask[..], &["f.so"]].concat(), &place) {
            assert!(
                said.contains("Line 7 of \"f.graph\" starts at address"),
                "{said}"
            );
            assert!(said.contains("7\t    e = exp(x)"), "{said}");
        }
    }
}
