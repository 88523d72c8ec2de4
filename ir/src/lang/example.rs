//! Examples of ops as entries.
//!
//! An op's [`Spec`](crate::op::Spec) gives examples in the form `(params) -> expression`. They are
//! documentation, and also the points at which laws are checked and the seeds of random graphs.

use super::{Options, elaborate, parse};
use crate::diag::Diagnostics;
use crate::graph::Output;
use crate::module::{Entry, Param, Tree};
use crate::span::SourceMap;

/// The example as an entry called `example`, with a result for each value of its expression: `result`, or
/// `result0`, `result1`, … where there are several.
///
/// # Errors
/// The text is no example, or does not elaborate; the diagnostics as text.
pub fn example(text: &str) -> Result<Entry, String> {
    let (params, expression) = text
        .split_once(" -> ")
        .ok_or_else(|| format!("`{text}` has no ` -> `"))?;
    let source = format!("entry example{params} {{ result = {expression} }}\n");
    let mut sources = SourceMap::new();
    let file = sources
        .add("example", source.clone())
        .map_err(|error| error.to_string())?;
    let mut diagnostics = Diagnostics::new();
    let ast = parse(file, &source, &mut diagnostics);
    let mut module = elaborate(&ast, &Options::default(), &mut diagnostics);
    if diagnostics.has_errors() {
        return Err(diagnostics.plain(&sources));
    }
    let mut entry = module.entries.pop().ok_or("an example is one entry")?;
    // The statement's value was built last.
    let last = entry
        .graph
        .nodes()
        .next_back()
        .ok_or("an example computes something")?;
    let results = entry.graph.results(last);
    let name = |at: usize| {
        if results.len() == 1 {
            "result".to_string()
        } else {
            format!("result{at}")
        }
    };
    let outputs = results.iter().enumerate();
    let outputs: Vec<Output> = outputs
        .map(|(at, value)| Output {
            name: name(at),
            value: *value,
        })
        .collect();
    for Output { name, value } in &outputs {
        let tree = Tree::Leaf(entry.graph.ty(*value).clone());
        let (name, doc) = (name.clone(), Vec::new());
        entry.signature.results.push(Param {
            name,
            doc,
            inout: false,
            tree,
        });
    }
    entry.graph.set_outputs(outputs);
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::op::SPECS;
    use crate::verify::verify;

    #[test]
    fn every_example_elaborates_and_uses_its_op() {
        for spec in SPECS {
            let wanted = spec.name != "input";
            assert_eq!(
                !spec.examples.is_empty(),
                wanted,
                "examples of `{}`",
                spec.name
            );
            for text in spec.examples {
                let entry = example(text).unwrap_or_else(|error| panic!("{}: {error}", spec.name));
                verify(&entry.graph).unwrap();
                let mut nodes = entry.graph.nodes();
                let found = nodes.any(|node| entry.graph.op(node).spec().name == spec.name);
                assert!(found, "`{text}` does not use `{}`", spec.name);
            }
        }
    }
}
