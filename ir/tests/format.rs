//! The formatter keeps every comment, wherever one may stand, and leaves its own output alone.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use lgc_ir::diag::Diagnostics;
use lgc_ir::lang::{parse, print};
use lgc_ir::span::SourceMap;
use std::path::{Path, PathBuf};

/// The canonical form of a text, if it parses.
fn format(text: &str) -> Option<String> {
    let mut sources = SourceMap::new();
    let file = sources.add("m.graph", text).unwrap();
    let mut diagnostics = Diagnostics::new();
    let ast = parse(file, text, &mut diagnostics);
    (!diagnostics.has_errors()).then(|| print(&ast))
}

/// The comments of a text, sorted; those for documentation included.
fn comments(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text.lines().filter_map(comment).collect();
    found.sort_unstable();
    found
}

/// From `//` on, if that is not in a string.
fn comment(line: &str) -> Option<&str> {
    let (mut quoted, mut escaped) = (false, false);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            b'"' if !escaped => quoted = !quoted,
            b'/' if !quoted && line[at..].starts_with("//") => return Some(line[at..].trim_end()),
            _ => {}
        }
        escaped = quoted && byte == b'\\' && !escaped;
    }
    None
}

/// All graphs in the repository that parse.
fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut pending = ["examples", "tests", "ir/tests", "ir/src"]
        .map(|d| root.join(d))
        .to_vec();
    let mut sources = Vec::new();
    while let Some(path) = pending.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap();
            pending.extend(entries.map(|entry| entry.unwrap().path()));
        } else if path.extension().is_some_and(|suffix| suffix == "graph") {
            let text = std::fs::read_to_string(&path).unwrap();
            sources.push((path, text));
        }
    }
    sources.sort();
    sources.retain(|(_, text)| format(text).is_some());
    sources
}

/// Checks a text that parses.
#[track_caller]
fn check(text: &str) -> bool {
    let Some(formatted) = format(text) else {
        return false;
    };
    assert_eq!(
        comments(text),
        comments(&formatted),
        "{text}\n==>\n{formatted}"
    );
    let again = format(&formatted);
    assert_eq!(again.as_ref(), Some(&formatted), "of the output of\n{text}");
    true
}

/// The places between tokens, or nearly: where a word or a symbol ends.
fn places(text: &str) -> Vec<usize> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.';
    let bytes = text.as_bytes();
    let ends = (1..=bytes.len()).filter(|&at| {
        let (before, after) = (bytes[at - 1], bytes.get(at).copied().unwrap_or(b'\n'));
        text.is_char_boundary(at) && !(is_word(before) && is_word(after))
    });
    std::iter::once(0).chain(ends).collect()
}

#[test]
fn formatting_the_graphs_of_the_repository_keeps_their_comments() {
    let sources = sources();
    assert!(sources.len() > 15, "{}", sources.len());
    for (_, text) in &sources {
        assert!(check(text));
    }
}

const SAMPLE: &str = "\
/// About the struct.
struct Linear[I, O] {
    /// About the field.
    w: f32[I, O],
    b: f32[O],
}

dim B = 2 * (3 + 1)

graph one(x: f32[2]) -> (y: f32[2]) { y = -x ** 2 }

entry step[N](x: f32[B, 64], inout p: Linear[64, 3], s: f32) -> (
    /// About the result.
    l: f32[],
    g: f32[2],
) {
    (l, _) = value_and_grad(loss, wrt = [p, x], of = l)(x, p)
    a: f32[B + 1] = sum(x @ p.w + p.b * [[1, 2.5], [3, 4]], axes = [0], keepdims = true)
    p.w' = (a - (b - c)).w; z = select(a < b && !c, (1,), \"// no comment\")

    // Alone.
    g = x
    h = if a > 1 { x } else if b { -x } else { x * 2 }
}
";

#[test]
fn one_comment_is_kept_at_every_place() {
    let mut kept = 0;
    for place in places(SAMPLE) {
        let (before, after) = SAMPLE.split_at(place);
        for comment in [" // here\n", "\n// here\n", "\n\n// here\n\n", "//\n"] {
            kept += usize::from(check(&format!("{before}{comment}{after}")));
        }
    }
    assert!(kept > 600, "only {kept} places take a comment");
}

#[test]
fn comments_at_all_places_that_take_one_are_kept() {
    // One after another, each where the text still parses.
    let mut text = SAMPLE.to_owned();
    let mut number = 0;
    for place in places(SAMPLE).into_iter().rev() {
        let with = format!("{} // comment {number}\n{}", &text[..place], &text[place..]);
        if format(&with).is_some() {
            text = with;
            number += 1;
        }
    }
    assert!(number > 120, "{number}");
    assert!(check(&text));
}

#[test]
fn comments_stay_with_the_cases_that_they_are_about() {
    let text = "graph f(x: f32[3], c = true) -> (y: f32[3]) {
    y = if c { // yes
        x // as it is
    } else { // no
        -x // the other way
    }
}
";
    let formatted = format(text).unwrap();
    let lines: Vec<&str> = formatted.lines().map(str::trim).collect();
    let place = |wanted: &str| lines.iter().position(|line| line.contains(wanted)).unwrap();
    assert!(place("// as it is") < place("else"), "{formatted}");
    assert!(place("else") <= place("// no"), "{formatted}");
    assert!(check(text));
}

#[test]
fn comments_where_files_begin_and_end_are_kept() {
    for text in [
        "// only",
        "// only\n",
        "\n\n// a\n\n\n// b",
        "dim B = 1 // end",
        "// a\ndim B = 1\n// b\n\n// c",
        "graph f() {\n// in an empty body\n}",
        "graph f(// c\n) {}",
        "struct S { // c\n}",
    ] {
        assert!(check(text), "{text}");
    }
}
