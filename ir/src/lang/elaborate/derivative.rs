//! Function transforms: `grad`, `value_and_grad`, `vjp` and `jvp` of functions for given types.

use super::all::Asked;
use super::call::{Args, Attrs};
use super::function::{Instance, Named};
use super::path::{Chosen, Names, Path};
use super::value::{Function, Val};
use super::{Elaborator, Reported, count};
use crate::autodiff::{self, AutodiffError, Carriers, Derived, Place};
use crate::diag::{Code, Diagnostic};
use crate::graph::Graph;
use crate::module::Tree;
use crate::op::SPECS;
use crate::rewrite::dce_but_conditions;
use crate::span::Span;
use std::borrow::Cow;
use std::rc::Rc;

/// Derivatives nest no deeper than this.
pub(super) const MAX_DERIVATIVES: usize = 8;

/// What a derivative is asked for of a graph.
struct Wanted {
    /// The leaves.
    places: Vec<Place>,
    /// The trees, under the names that they give to results; of all values, a tree without one.
    named: Named,
}

/// Names with a prefix that says which derivative they are.
fn prefixed(prefix: &str, named: Named) -> impl Iterator<Item = (String, Tree)> {
    let prefixed = move |(name, tree): (String, Tree)| match name.as_str() {
        "" => (prefix.to_string(), tree),
        name => (format!("{prefix}_{name}"), tree),
    };
    named.into_iter().map(prefixed)
}

impl Elaborator<'_> {
    /// `grad(f, wrt = …)` and its kin: the function, not yet applied.
    pub(super) fn transform(
        &mut self,
        name: &str,
        args: Args,
        attributes: Attrs,
        span: Span,
    ) -> Result<Val, Reported> {
        let [(callee, callee_span)] = <[(Val, Span); 1]>::try_from(args).map_err(|_| {
            let message = format!("`{name}` takes one function");
            self.report(
                Diagnostic::error(Code::ArgumentCount, message)
                    .primary(span, "")
                    .help(format!(
                        "it yields a function, which is then called: `{name}(f, wrt = x)(x)`"
                    )),
            )
        })?;
        let of = self.function(callee, callee_span)?;
        let (mut wrt, mut ct, mut result) = (None, None, None);
        for (attribute, _) in &attributes {
            match (attribute.name.name.as_str(), name) {
                ("wrt", _) => wrt = Some(self.asked_in(attribute)?),
                ("ct", "vjp") => ct = Some(self.asked_in(attribute)?),
                ("of", "grad" | "value_and_grad") => result = Some(self.name_in(attribute)?),
                (other, _) => {
                    let message = format!("`{name}` has no attribute `{other}`");
                    return Err(self.report(
                        Diagnostic::error(Code::BadAttribute, message)
                            .primary(attribute.span, "")
                            .help("`wrt` names values; for grad and value_and_grad, `of` names a scalar result; for vjp, `ct` names values that take a cotangent besides the results"),
                    ));
                }
            }
        }
        let Some(wrt) = wrt.filter(|wrt| wrt.len() > 0) else {
            let message = format!("`{name}` needs `wrt`: with respect to what");
            return Err(self.report(
                Diagnostic::error(Code::BadAttribute, message)
                    .primary(span, "")
                    .help("name a value, or a list of them: `wrt = x` or `wrt = [x, y]`"),
            ));
        };
        Ok(Val::Function(Rc::new(match name {
            "vjp" => Function::Vjp {
                of,
                wrt,
                ct: ct.unwrap_or(Asked::Paths(Vec::new())),
            },
            "jvp" => Function::Jvp { of, wrt },
            "grad" => Function::Gradient {
                of,
                wrt,
                result,
                with_value: false,
            },
            _ => Function::Gradient {
                of,
                wrt,
                result,
                with_value: true,
            },
        })))
    }

    /// The values that are asked for in what is differentiated, and their names and types.
    fn wanted(
        &mut self,
        (of, inner): (&Function, &Instance),
        graph: &mut Cow<Graph>,
        asked: &Asked,
        span: Span,
    ) -> Result<Wanted, Reported> {
        let mut wanted = Wanted {
            places: Vec::new(),
            named: Vec::new(),
        };
        let paths = match asked {
            Asked::Paths(paths) => paths,
            Asked::All => {
                let (name, _) = self.describe(of);
                let (tree, places) = self.all_of(inner, &name, span)?;
                let named = vec![(String::new(), tree)];
                return Ok(Wanted { places, named });
            }
        };
        for path in paths {
            let Chosen { tree, leaves } = self.follow_path(inner, path)?;
            for ((_, ty), leaf) in tree.leaves("").into_iter().zip(leaves) {
                // What the function does not depend on is a constant that nothing reads.
                let place = match leaf {
                    Some(place) => place,
                    None => Place::of(
                        graph
                            .to_mut()
                            .push_zeros(&ty, span)
                            .map_err(|error| self.type_error(&error, span, &[]))?,
                    ),
                };
                wanted.places.push(place);
            }
            wanted.named.push((path.flat(), tree));
        }
        Ok(wanted)
    }

    fn autodiff_error(&mut self, error: &AutodiffError, span: Span) -> Reported {
        let diagnostic = Diagnostic::error(Code::NotDifferentiable, error.to_string());
        let diagnostic = match error.place() {
            Some(place) => diagnostic
                .primary(place, "")
                .secondary(span, "on the way of this derivative"),
            None => diagnostic.primary(span, ""),
        };
        self.report(match error.help() {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        })
    }

    fn checked(&mut self, graph: &Graph, span: Span) -> Result<(), Reported> {
        if graph.len() > self.options.max_nodes {
            return Err(self.too_many_nodes("the derivative", graph.len(), span));
        }
        Ok(())
    }

    pub(super) fn gradient(
        &mut self,
        (of, inner): (&Function, &Rc<Instance>),
        wrt: &Asked,
        result: Option<&str>,
        with_value: bool,
        span: Span,
    ) -> Result<Instance, Reported> {
        let order = self.next_order(inner, span)?;
        let scalar = self.scalar_result(inner, result, span)?;
        let mut graph = Cow::Borrowed(&inner.graph);
        let wrt = self.wanted((of, inner), &mut graph, wrt, span)?;
        let derived = autodiff::gradient_at(&graph, scalar, &wrt.places);
        let mut derived = derived.map_err(|error| self.autodiff_error(&error, span))?;
        self.checked(&derived.graph, span)?;
        let mut results = if with_value {
            inner.results.clone()
        } else {
            Vec::new()
        };
        if !with_value {
            let gradients = derived.graph.outputs()[inner.graph.outputs().len()..].to_vec();
            derived.graph.set_outputs(gradients);
        }
        results.extend(prefixed("d", wrt.named));
        self.swept(inner, derived, inner.params.clone(), results, order, span)
    }

    /// The instance with dead code removed, which keeps towers of derivatives small, but for what conditions speak of.
    fn swept(
        &mut self,
        of: &Rc<Instance>,
        mut derived: Derived,
        params: Named,
        results: Named,
        order: usize,
        span: Span,
    ) -> Result<Instance, Reported> {
        for node in &derived.passed {
            // Where it is taken is known once it is called.
            if derived.graph.differentiation(*node).is_none() {
                derived.graph.set_differentiation(*node, Span::SYNTHETIC);
            }
        }
        let swept = dce_but_conditions(&derived.graph);
        let (graph, swept) = swept.map_err(|error| self.type_error(&error, span, &[]))?;
        Ok(Instance {
            graph,
            params,
            results,
            order,
            names: Names::Derived {
                of: of.clone(),
                remap: derived.remap.then(&swept),
            },
        })
    }

    /// Remembers what a derivative is taken of, unless that is one itself.
    pub(super) fn note_differentiated(&mut self, of: &Function, inner: &Rc<Instance>) {
        let mut known = self.differentiated.iter();
        if inner.order == 0 && !known.any(|(_, known)| Rc::ptr_eq(known, inner)) {
            let (name, _) = self.describe(of);
            self.differentiated.push((name, inner.clone()));
        }
    }

    /// An error where one more derivative would be too many.
    fn next_order(&mut self, inner: &Instance, span: Span) -> Result<usize, Reported> {
        if inner.order < MAX_DERIVATIVES {
            return Ok(inner.order + 1);
        }
        Err(self.too_many_derivatives(span))
    }

    /// An error at a derivative that is one too many.
    pub(super) fn too_many_derivatives(&mut self, span: Span) -> Reported {
        let message = format!("more than {MAX_DERIVATIVES} derivatives of one another");
        self.report(
            Diagnostic::error(Code::TooManyDerivatives, message)
                .primary(span, "this takes one more")
                .help("each derivative multiplies the size of the graph"),
        )
    }

    /// The output position of the scalar to differentiate.
    fn scalar_result(
        &mut self,
        inner: &Instance,
        result: Option<&str>,
        span: Span,
    ) -> Result<usize, Reported> {
        let is_scalar = |tree: &Tree| match tree {
            Tree::Leaf(ty) => ty.dtype.is_float() && ty.shape.rank() == 0,
            Tree::Struct { .. } | Tree::Array { .. } => false,
        };
        let names: Vec<&str> = inner
            .results
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let candidates: Vec<usize> = match result {
            Some(wanted) => names
                .iter()
                .position(|name| *name == wanted)
                .into_iter()
                .collect(),
            None => (0..names.len())
                .filter(|&i| is_scalar(&inner.results[i].1))
                .collect(),
        };
        let message = match (candidates.as_slice(), result) {
            ([only], _) if is_scalar(&inner.results[*only].1) => {
                let before = &inner.results[..*only];
                return Ok(before.iter().map(|(_, tree)| tree.leaf_count()).sum());
            }
            ([only], _) => {
                let (name, tree) = &inner.results[*only];
                format!(
                    "the result `{name}` of type {tree} is no float scalar, so it has no gradient"
                )
            }
            ([], Some(wanted)) => format!("there is no result `{wanted}`"),
            ([], None) => "no result is a float scalar, so there is no gradient".to_string(),
            (_, _) => "several results are scalars; which one is differentiated?".to_string(),
        };
        Err(self.report(
            Diagnostic::error(Code::NotDifferentiable, message)
                .primary(span, "")
                .help(format!(
                    "the results are {}; choose a scalar with `of = …`, or use `vjp`",
                    names.join(", ")
                )),
        ))
    }

    /// The instance of the differentiated function, and the arguments beyond its parameters.
    pub(super) fn split_arguments(
        &mut self,
        of: &Rc<Function>,
        mut arguments: Vec<Tree>,
        span: Span,
        spans: &[Span],
    ) -> Result<(Rc<Instance>, Vec<Tree>), Reported> {
        let own = self.parameter_count(of, &arguments, span, spans)?;
        if arguments.len() < own {
            let message = format!(
                "the function takes {}, and its derivative takes tangents or cotangents after \
                 them; got {}",
                count(own, "argument"),
                arguments.len()
            );
            return Err(
                self.report(Diagnostic::error(Code::ArgumentCount, message).primary(span, ""))
            );
        }
        let extra = arguments.split_off(own);
        let inner = self.instantiate(of, arguments, span, spans)?;
        Ok((inner, extra))
    }

    /// How many of `arguments` are those of the function, the others being directions in which it is
    /// differentiated.
    fn parameter_count(
        &mut self,
        function: &Rc<Function>,
        arguments: &[Tree],
        span: Span,
        spans: &[Span],
    ) -> Result<usize, Reported> {
        match &**function {
            Function::Graph { index, .. } => Ok(self.graphs[*index].params.len()),
            Function::Op(name) => {
                let spec = SPECS.iter().find(|spec| spec.name == *name);
                Ok(spec.map_or(0, |spec| spec.operands.len()))
            }
            Function::Cond { then, .. } => {
                let rest = arguments.get(1..).unwrap_or(&[]);
                Ok(1 + self.parameter_count(then, rest, span, spans)?)
            }
            Function::AssociativeScan { .. } => Ok(arguments.len()),
            Function::Gradient { of, .. }
            | Function::Checkpoint { of }
            | Function::Scan { of, .. } => self.parameter_count(of, arguments, span, spans),
            Function::Jvp { of, wrt } => {
                Ok(self.parameter_count(of, arguments, span, spans)? + wrt.len())
            }
            Function::Vjp { of, ct, .. } => {
                let own = self.parameter_count(of, arguments, span, spans)?;
                match arguments.get(..own) {
                    Some(_) if *ct == Asked::All => Ok(own + 1),
                    Some(arguments) => {
                        let inner = self.instantiate(of, arguments.to_vec(), span, spans)?;
                        Ok(own + self.cotangent_results(&inner, span)?.len() + ct.len())
                    }
                    None => Ok(own),
                }
            }
        }
    }

    fn compare_extra(
        &mut self,
        what: &str,
        wanted: &[(String, Tree)],
        given: &[Tree],
        span: Span,
    ) -> Result<(), Reported> {
        let fits = wanted.iter().map(|(_, tree)| tree).eq(given);
        if fits {
            return Ok(());
        }
        let wanted_list: Vec<String> = wanted
            .iter()
            .map(|(name, tree)| match name.as_str() {
                "" => format!("every value: {tree}"),
                name => format!("{name}: {tree}"),
            })
            .collect();
        let list = wanted_list.join(", ");
        let got: Vec<String> = given.iter().map(Tree::to_string).collect();
        let got = if got.is_empty() {
            "none are given".to_string()
        } else {
            format!("({}) is given", got.join(", "))
        };
        let code = if wanted.len() == given.len() {
            Code::TypeMismatch
        } else {
            Code::ArgumentCount
        };
        let message = format!("after the function's arguments come its {what} ({list}), but {got}");
        Err(self.report(Diagnostic::error(code, message).primary(span, "")))
    }

    /// The results that take a cotangent. A struct takes one if all its leaves do, and none if no leaf does.
    fn cotangent_results(&mut self, inner: &Instance, span: Span) -> Result<Named, Reported> {
        let carriers = Carriers::of(&inner.graph);
        let outputs = inner.graph.outputs().iter();
        let takes = outputs.map(|output| carriers.takes(&inner.graph, output.value));
        self.results_with(inner, takes.collect(), span)
    }

    /// The results that have a tangent, as [`cotangent_results`](Self::cotangent_results).
    fn tangent_results(&mut self, inner: &Instance, span: Span) -> Result<Named, Reported> {
        let outputs = inner.graph.outputs().iter();
        let floats = outputs.map(|output| inner.graph.ty(output.value).dtype.is_float());
        self.results_with(inner, floats.collect(), span)
    }

    /// The results of which all leaves have derivatives, of which `has` tells for each leaf. An error where some have and
    /// others have not.
    fn results_with(
        &mut self,
        inner: &Instance,
        has: Vec<bool>,
        span: Span,
    ) -> Result<Named, Reported> {
        let (mut with, mut has) = (Vec::new(), has.into_iter());
        for (name, tree) in &inner.results {
            let leaves = tree.leaf_count();
            let count = has.by_ref().take(leaves).filter(|has| *has).count();
            if count == leaves {
                with.push((name.clone(), tree.clone()));
            } else if count > 0 {
                let message = format!(
                    "the result `{name}` of type {tree} has leaves with and without derivatives"
                );
                return Err(self.report(
                    Diagnostic::error(Code::NotDifferentiable, message)
                        .primary(span, "")
                        .help("return those with derivatives apart from the others"),
                ));
            }
        }
        Ok(with)
    }

    /// An error where forward mode is asked for by integers.
    fn check_tangents(&mut self, wrt: &[Path], trees: &Named) -> Result<(), Reported> {
        let leaves = wrt.iter().zip(trees).flat_map(|(path, (_, tree))| {
            let leaves = tree.leaves(&path.to_string()).into_iter();
            leaves.map(move |leaf| (path, leaf))
        });
        let mut integers = leaves.filter(|(_, (_, ty))| !ty.dtype.is_float());
        match integers.next() {
            None => Ok(()),
            Some((path, (leaf, ty))) => {
                let message = format!("`{leaf}` of type {ty} has no tangent");
                Err(self.report(
                    Diagnostic::error(Code::NotDifferentiable, message)
                        .primary(path.span(), "")
                        .help("a `vjp` block that names cotangents of integers says nothing of forward mode: use `vjp`"),
                ))
            }
        }
    }

    /// An error where `ct` names a result, which has a cotangent anyway.
    fn check_cotangents(&mut self, inner: &Instance, paths: &[Path]) -> Result<(), Reported> {
        let names: Vec<&str> = inner
            .results
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let Some(path) = paths
            .iter()
            .find(|path| names.contains(&path.to_string().as_str()))
        else {
            return Ok(());
        };
        let message = format!("`{path}` is a result, which takes a cotangent without being named");
        Err(self.report(
            Diagnostic::error(Code::BadAttribute, message)
                .primary(path.span(), "")
                .help("leave it out: the cotangents of the results come first, then those of `ct`"),
        ))
    }

    /// The results that take a cotangent, where `ct` does besides: none if they are among all values.
    fn given_cotangents(
        &mut self,
        inner: &Instance,
        ct: &Asked,
        span: Span,
    ) -> Result<Named, Reported> {
        match ct {
            Asked::All => Ok(Named::new()),
            Asked::Paths(paths) => {
                self.check_cotangents(inner, paths)?;
                self.cotangent_results(inner, span)
            }
        }
    }

    /// The cotangents that a reverse mode takes.
    pub(super) fn cotangent_types(
        &mut self,
        of: &Function,
        inner: &Instance,
        ct: &Asked,
        span: Span,
    ) -> Result<Named, Reported> {
        let mut cotangents = self.given_cotangents(inner, ct, span)?;
        cotangents.extend(self.asked_types(of, inner, ct, span)?);
        Ok(cotangents)
    }

    /// The names and types of what is asked for.
    pub(super) fn asked_types(
        &mut self,
        of: &Function,
        inner: &Instance,
        asked: &Asked,
        span: Span,
    ) -> Result<Named, Reported> {
        let mut graph = Cow::Borrowed(&inner.graph);
        Ok(self.wanted((of, inner), &mut graph, asked, span)?.named)
    }

    pub(super) fn vjp(
        &mut self,
        (of, inner): (&Function, &Rc<Instance>),
        wrt: &Asked,
        ct: &Asked,
        extra: &[Tree],
        span: Span,
    ) -> Result<Instance, Reported> {
        let order = self.next_order(inner, span)?;
        let mut graph = Cow::Borrowed(&inner.graph);
        let wrt = self.wanted((of, inner), &mut graph, wrt, span)?;
        let seeds = self.wanted((of, inner), &mut graph, ct, span)?;
        let mut cotangents = self.given_cotangents(inner, ct, span)?;
        let carriers = Carriers::of(&inner.graph);
        let outputs = inner.graph.outputs().iter().enumerate();
        let taking = outputs.filter(|(_, output)| carriers.takes(&inner.graph, output.value));
        let taking = taking.map(|(position, _)| position);
        let taking: Vec<usize> = taking.filter(|_| *ct != Asked::All).collect();
        cotangents.extend(seeds.named);
        self.compare_extra("cotangents", &cotangents, extra, span)?;
        let derived = autodiff::vjp_at(&graph, &taking, &wrt.places, &seeds.places);
        let derived = derived.map_err(|error| self.autodiff_error(&error, span))?;
        self.checked(&derived.graph, span)?;
        let mut params = inner.params.clone();
        params.extend(prefixed("ct", cotangents));
        let mut results = inner.results.clone();
        results.extend(prefixed("d", wrt.named));
        self.swept(inner, derived, params, results, order, span)
    }

    pub(super) fn jvp(
        &mut self,
        (of, inner): (&Function, &Rc<Instance>),
        wrt: &Asked,
        extra: &[Tree],
        span: Span,
    ) -> Result<Instance, Reported> {
        let order = self.next_order(inner, span)?;
        let mut graph = Cow::Borrowed(&inner.graph);
        let asked = wrt;
        let wrt = self.wanted((of, inner), &mut graph, asked, span)?;
        if let Asked::Paths(paths) = asked {
            self.check_tangents(paths, &wrt.named)?;
        }
        self.compare_extra("tangents", &wrt.named, extra, span)?;
        let derived = autodiff::jvp_at(&graph, &wrt.places);
        let derived = derived.map_err(|error| self.autodiff_error(&error, span))?;
        self.checked(&derived.graph, span)?;
        let mut params = inner.params.clone();
        params.extend(prefixed("t", wrt.named));
        let mut results = inner.results.clone();
        results.extend(prefixed("t", self.tangent_results(inner, span)?));
        self.swept(inner, derived, params, results, order, span)
    }
}
