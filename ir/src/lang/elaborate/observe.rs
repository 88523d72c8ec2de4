//! What elaboration finds out about places of the source, kept for editors.
//!
//! An elaborator that is observed notes what each expression and each name came to, and where each
//! local name was defined. So a form of the language that elaborates is known to editors as well.
//! A graph that is called with several types has several meanings at one place.

use super::value::Val;
use super::{Elaborator, Options, Reported};
use crate::diag::Diagnostics;
use crate::lang::ast::{Ast, GraphKind};
use crate::module::{Module, Tree};
use crate::span::{FileId, Span};
use rustc_hash::FxHashMap;

/// How many meanings of one place are kept: a place in a loop may have one for each turn.
const MAX_MEANINGS: usize = 16;

/// What a place of the source stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A tensor, struct or array of this type.
    Data(Tree),
    /// A number without a dtype: a dim, a literal, or arithmetic of these.
    Number(String),
}

/// What was found out about the places of a source.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    meanings: FxHashMap<Span, Vec<Meaning>>,
    definitions: FxHashMap<Span, Span>,
}

impl Observations {
    /// What the expression or name at exactly this place stands for: one meaning for each choice of
    /// types with which its graph is used, in the order of their elaboration; the first of them, where
    /// they are many.
    pub fn meanings(&self, span: Span) -> &[Meaning] {
        self.meanings.get(&span).map_or(&[], Vec::as_slice)
    }

    /// Where the local name that stands at this place was defined.
    pub fn definition(&self, span: Span) -> Option<Span> {
        self.definitions.get(&span).copied()
    }

    /// The smallest place with a meaning that covers an offset of a file.
    pub fn smallest_around(&self, file: FileId, offset: u32) -> Option<Span> {
        let covers = |span: &&Span| span.file == file && (span.start..=span.end).contains(&offset);
        let around = self.meanings.keys().filter(covers);
        around
            .min_by_key(|span| (span.end - span.start, span.start))
            .copied()
    }
}

/// Elaborates as [`elaborate`](super::elaborate()) does, and tells what it found out on the way.
/// Graphs that no entry uses are elaborated as well if they need no dims, but not reported on.
pub fn observe(
    ast: &Ast,
    options: &Options,
    diagnostics: &mut Diagnostics,
) -> (Module, Observations) {
    let mut observations = Observations::default();
    let mut elaborator = Elaborator::new(ast, options, diagnostics);
    elaborator.observations = Some(&mut observations);
    let module = elaborator.entries();
    (module, observations)
}

impl Elaborator<'_> {
    /// Notes what stands at a place, if anybody wants to know.
    pub(super) fn observe(&mut self, span: Span, val: &Val) {
        let Some(observations) = &mut self.observations else {
            return;
        };
        let meaning = match val {
            Val::Data(data) => Meaning::Data(data.tree.clone()),
            Val::Number(number) => Meaning::Number(super::written(number)),
            _ => return,
        };
        let known = observations.meanings.entry(span).or_default();
        let is_new = known.len() < MAX_MEANINGS && !known.contains(&meaning);
        if !span.is_synthetic() && is_new {
            known.push(meaning);
        }
    }

    /// Notes that the local name at a place was defined at another, if anybody wants to know.
    pub(super) fn observe_use(&mut self, span: Span, definition: Span) {
        if let Some(observations) = &mut self.observations {
            observations.definitions.insert(span, definition);
        }
    }

    /// Elaborates what no entry has used so far, as if it were exported, without reports.
    pub(super) fn observe_unused(&mut self) {
        if self.observations.is_none() {
            return;
        }
        let mut aside = Diagnostics::new();
        std::mem::swap(self.diagnostics, &mut aside);
        for index in 0..self.graphs.len() {
            let graph = self.graphs[index];
            if graph.kind == GraphKind::Graph {
                // What is wrong with it is said where it is used.
                let _: Result<_, Reported> = self.entry(index);
            }
        }
        std::mem::swap(self.diagnostics, &mut aside);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::parse;
    use crate::span::SourceMap;

    const TEXT: &str = "\
struct P { w: f32[3] }
dim N = 2
graph twice[M](x: f32[M]) -> (y: f32[M]) { y = x + x }
graph unused(x: f32[5]) -> (y: f32[5]) { z = -x; y = z }
entry f(a: f32[3], b: f32[N], p: P) -> (c: f32[3], d: f32[2]) {
    c = twice(a) * p.w
    d = twice(b)
}
";

    fn observed(text: &str) -> (FileId, Observations, Diagnostics) {
        let mut sources = SourceMap::new();
        let file = sources.add("m.graph", text).unwrap();
        let mut diagnostics = Diagnostics::new();
        let ast = parse(file, text, &mut diagnostics);
        let (_, observations) = observe(&ast, &Options::default(), &mut diagnostics);
        (file, observations, diagnostics)
    }

    /// The meanings of the smallest place around the first occurrence of `marked`.
    fn meanings(text: &str, marked: &str) -> Vec<String> {
        let (file, observations, _) = observed(text);
        let offset = u32::try_from(text.find(marked).unwrap()).unwrap();
        let place = observations.smallest_around(file, offset).unwrap();
        let show = |meaning: &Meaning| match meaning {
            Meaning::Data(tree) => tree.to_string(),
            Meaning::Number(number) => number.clone(),
        };
        observations.meanings(place).iter().map(show).collect()
    }

    #[test]
    fn places_have_the_types_that_they_were_used_with() {
        assert_eq!(meanings(TEXT, "x + x"), ["f32[3]", "f32[2]"]);
        assert_eq!(meanings(TEXT, "p.w"), ["P"]);
        assert_eq!(meanings(TEXT, "z = -x"), ["f32[5]"], "in an unused graph");
        assert_eq!(meanings(TEXT, "c = twice"), ["f32[3]"]);
    }

    #[test]
    fn local_names_know_their_definitions() {
        let (file, observations, diagnostics) = observed(TEXT);
        assert!(diagnostics.is_empty());
        let place = |text: &str| u32::try_from(TEXT.find(text).unwrap()).unwrap();
        let (used, defined) = (place("y = z") + 4, place("z = -x"));
        let span = |at: u32| Span::new(file, at, at + 1);
        assert_eq!(observations.definition(span(used)), Some(span(defined)));
        assert_eq!(observations.definition(span(defined)), None);
    }

    #[test]
    fn places_in_long_loops_have_few_meanings() {
        let text = "entry f(x: f32[]) -> (y: f32[]) {
    for turn in 0..1000 with h = x { h' = h + turn }
    y = h
}
";
        assert_eq!(meanings(text, "turn }").len(), MAX_MEANINGS);
    }

    #[test]
    fn graphs_for_others_are_no_fault_but_what_is_wrong_in_them_is() {
        let generic = "graph twice[N](x: f32[N], k) -> (y: f32[N]) { y = k * x }\n";
        let (_, _, diagnostics) = observed(generic);
        assert!(diagnostics.is_empty());
        let wrong = "graph f[N](x: f32[N]) -> (y: f32[N]) { y = tahn(x) }\n";
        let (_, _, diagnostics) = observed(&format!("{generic}{wrong}"));
        let codes: Vec<_> = diagnostics
            .iter()
            .map(|diagnostic| diagnostic.code)
            .collect();
        assert_eq!(codes, [crate::diag::Code::UnknownFunction]);
    }
}
