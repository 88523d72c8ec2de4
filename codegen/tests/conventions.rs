//! What ops do at ties, kinks and edges, beside what others do there: `docs/differences.md`.
//!
//! `conventions/generate.py` writes what JAX and PyTorch do; compiled code says what lgc does. The page
//! is made of `conventions/page.md` and both, and must be up to date: `UPDATE_DOCS=1 cargo test -p
//! lgc-codegen --test conventions` writes it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use lgc_ir::lang::example;
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;
use support::{Compiled, whole};

fn text(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap().to_owned()
}

/// A number with six significant digits.
fn shown(x: f64) -> String {
    if x.is_nan() {
        return "NaN".to_owned();
    }
    let scientific = format!("{x:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let trim = |digits: &str| match digits.contains('.') {
        true => digits
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_owned(),
        false => digits.to_owned(),
    };
    let exponent: i32 = exponent.parse().unwrap();
    let plain = match exponent {
        _ if x.is_infinite() => format!("{x}").replace("inf", "∞"),
        -4..=5 => trim(&format!("{x:.*}", usize::try_from(5 - exponent).unwrap())),
        _ => format!(
            "{}e{}{:02}",
            trim(digits),
            if exponent < 0 { '-' } else { '+' },
            exponent.abs()
        ),
    };
    plain.replace('-', "−")
}

/// What lgc does.
fn outcome(row: &Value) -> String {
    let graph = text(row, "graph");
    if let Err(message) = example(&graph) {
        let code = message.split(['[', ']']).nth(1).unwrap();
        return format!("an error ({code})");
    }
    let wrt = row["wrt"].as_u64();
    let inputs = row["inputs"].as_array().unwrap().iter();
    let inputs = inputs.map(|tensor| {
        let numbers = tensor.as_array().unwrap().iter();
        numbers
            .map(|x| x.as_str().unwrap().parse().unwrap())
            .collect()
    });
    let mut inputs: Vec<Vec<f64>> = inputs.collect();
    let plain = whole(&graph, false);
    let compiled = Compiled::new(&whole(&graph, wrt.is_some()));
    for ty in &compiled.inputs[inputs.len()..] {
        // The cotangents of a sum; tangents do not matter.
        inputs.push(vec![1.0; ty.elements() as usize]);
    }
    // The cotangents of the float inputs follow the results.
    let floats = |count: usize| {
        compiled.inputs[..count]
            .iter()
            .filter(|ty| ty.dtype.is_float())
    };
    let at = wrt.map_or(0, |wrt| {
        plain.outputs().len() + floats(wrt as usize).count()
    });
    match compiled.try_run(&inputs) {
        Ok(outputs) if outputs[at].is_empty() => "nothing".to_owned(),
        Ok(outputs) => outputs[at]
            .iter()
            .map(|x| shown(*x))
            .collect::<Vec<_>>()
            .join(", "),
        Err(5) => "an error (index out of range)".to_owned(),
        Err(status) => format!("status {status}"),
    }
}

fn page() -> String {
    let rows: Value = serde_json::from_str(include_str!("conventions/rows.json")).unwrap();
    let (versions, rows) = rows.as_array().unwrap().split_first().unwrap();
    let mut page = include_str!("conventions/page.md").to_owned();
    for library in ["jax", "torch"] {
        page = page.replace(
            &format!("{{{library}}}"),
            versions[library].as_str().unwrap(),
        );
    }
    let mut sections: Vec<(String, String)> = Vec::new();
    for row in rows {
        let section = text(row, "section");
        if sections.last().is_none_or(|(name, _)| *name != section) {
            let head = "| | lgc | JAX | PyTorch |\n|---|---|---|---|\n".to_owned();
            sections.push((section, head));
        }
        let (_, table) = sections.last_mut().unwrap();
        let by = row["wrt"]
            .as_u64()
            .map(|wrt| if wrt == 0 { ", by x" } else { ", by y" });
        let what = text(row, "what");
        let by = by.filter(|by| !what.ends_with(by)).unwrap_or("");
        let (ours, jax, torch) = (outcome(row), text(row, "jax"), text(row, "torch"));
        writeln!(table, "| {what}{by} | {ours} | {jax} | {torch} |").unwrap();
    }
    for (section, table) in sections {
        let place = format!("{{{section}}}\n");
        assert!(page.contains(&place), "{section}");
        page = page.replace(&place, &table);
    }
    page
}

#[test]
fn the_page_of_differences_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/differences.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), page);
}

#[test]
fn numbers_are_shown_as_in_c() {
    let numbers = [
        0.0,
        -0.0,
        0.5,
        -1.0,
        123_456.7,
        1e6,
        2_147_483_647.0,
        9.237_06e-14,
        1e-5,
        f64::NEG_INFINITY,
    ];
    let shown: Vec<String> = numbers.into_iter().map(shown).collect();
    let expected = [
        "0",
        "−0",
        "0.5",
        "−1",
        "123457",
        "1e+06",
        "2.14748e+09",
        "9.23706e−14",
        "1e−05",
        "−∞",
    ];
    assert_eq!(shown, expected);
}
