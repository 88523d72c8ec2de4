//! Each fault of `tests/faults/faults.toml` still has its place: otherwise planting it would say nothing.
//!
//! `tests/faults/plant.py` plants the faults, by hand, and says what catches each.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "helpers of tests fail the test"
)]

use std::collections::HashSet;
use std::path::Path;

/// A fault as the list has it.
#[derive(Default)]
struct Fault {
    fields: Vec<(String, String)>,
}

impl Fault {
    fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let (_, text) = fields.find(|(own, _)| own == name)?;
        Some(text)
    }

    fn needed(&self, name: &str) -> &str {
        let id = self.field("id").unwrap_or("a fault");
        self.field(name)
            .unwrap_or_else(|| panic!("{id} has no `{name}`"))
    }
}

/// The part of TOML that the list is written in: tables named `fault` of texts in single quotes.
fn read(list: &str) -> Vec<Fault> {
    let mut faults: Vec<Fault> = Vec::new();
    let mut rest = list;
    while let Some((line, after)) = rest.split_once('\n') {
        rest = after;
        if line == "[[fault]]" {
            faults.push(Fault::default());
        } else if let Some((name, value)) = line.split_once(" = ") {
            let text = match value.strip_prefix("'''") {
                // The text begins on the next line, and ends with three quotes.
                Some(first) => {
                    assert_eq!(first, "", "{line}");
                    let (text, after) = rest.split_once("'''").unwrap();
                    rest = after.strip_prefix('\n').unwrap();
                    text
                }
                None => {
                    let inner = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\''));
                    inner.unwrap_or_else(|| panic!("{line}"))
                }
            };
            let fields = &mut faults.last_mut().unwrap().fields;
            fields.push((name.to_owned(), text.to_owned()));
        } else {
            assert!(line.is_empty() || line.starts_with('#'), "{line}");
        }
    }
    faults
}

#[test]
fn each_fault_has_its_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = std::fs::read_to_string(root.join("tests/faults/faults.toml")).unwrap();
    let faults = read(&list);
    assert!(faults.len() >= 60, "{}", faults.len());
    let mut ids = HashSet::new();
    for fault in &faults {
        let id = fault.needed("id");
        assert!(ids.insert(id), "there are two of {id}");
        let text = std::fs::read_to_string(root.join(fault.needed("file"))).unwrap();
        let (from, to) = (fault.needed("from"), fault.needed("to"));
        let around = fault.field("at").unwrap_or(from);
        assert_eq!(text.matches(around).count(), 1, "{id}: {around}");
        assert_eq!(around.matches(from).count(), 1, "{id}: {from}");
        assert_ne!(from, to, "{id}");
        assert!(!fault.needed("wrong").is_empty(), "{id}");
        assert!(!fault.needed("caught_by").is_empty(), "{id}");
    }
}
