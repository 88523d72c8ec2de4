//! Structs made of their fields: `Linear(w = a, b = c)`.
//!
//! Fields are given by name, or in the order of their declaration, and all of them. The dims of the
//! struct follow from its fields as those of a graph do from its arguments, or are given in brackets.

use super::attribute::Choice;
use super::body::Body;
use super::call::{Args, Attrs};
use super::value::{Data, Val, told_apart};
use super::{Elaborator, Reported, closest, count};
use crate::diag::{Code, Diagnostic};
use crate::lang::ast;
use crate::module::{Field, Tree};
use crate::span::Span;

/// What is given for each field of a struct, in the order of the fields.
type Fields = Vec<(Val, Span)>;

impl<'a> Elaborator<'a> {
    /// The struct that a name stands for where something is called. Graphs come first.
    pub(super) fn constructed(&self, callee: &Val) -> Option<&'a ast::Struct> {
        let (Val::Name(name) | Val::Instance(name, _)) = callee else {
            return None;
        };
        let template = self.structs.get(name.as_str()).copied();
        template.filter(|_| !self.is_function(name))
    }

    /// A struct made of its fields.
    pub(super) fn construct(
        &mut self,
        body: &Body<'a>,
        template: &'a ast::Struct,
        dims: Option<Vec<u64>>,
        (args, named): (Args, Attrs),
        span: Span,
    ) -> Result<Val, Reported> {
        let fields = self.given_fields(template, args, named, span)?;
        let dims = self.dims_of(template, dims, &fields, span)?;
        let tree = self.structure_of(template, &dims, span)?;
        let Tree::Struct { fields: wanted, .. } = &tree else {
            return Err(Reported);
        };
        let mut leaves = Vec::with_capacity(tree.leaf_count());
        for ((field, declared), (val, at)) in wanted.iter().zip(&template.fields).zip(fields) {
            let data = self.field_value(body, (field, declared), val, at)?;
            leaves.extend(data.leaves);
        }
        Ok(Val::Data(Data { tree, leaves }))
    }

    /// What is given for the fields: by position, then by name.
    fn given_fields(
        &mut self,
        template: &ast::Struct,
        args: Args,
        named: Attrs,
        span: Span,
    ) -> Result<Fields, Reported> {
        let mut given: Vec<Option<(Val, Span)>> = vec![None; template.fields.len()];
        let fault = |message: String, at: Span| {
            Diagnostic::error(Code::ArgumentCount, message)
                .primary(at, "")
                .secondary(template.name.span, "declared here")
        };
        let name = &template.name.name;
        if args.len() > given.len() {
            let fields = count(given.len(), "field");
            let message = format!("`{name}` has {fields}, got {}", args.len());
            return Err(self.report(fault(message, span)));
        }
        for (slot, arg) in given.iter_mut().zip(args) {
            *slot = Some(arg);
        }
        for (attribute, val) in named {
            let names = || template.fields.iter().map(|field| field.name.name.as_str());
            let field = &attribute.name.name;
            let Some(position) = names().position(|known| known == field) else {
                let message = format!("`{name}` has no field `{field}`");
                let diagnostic = Diagnostic::error(Code::UnknownField, message)
                    .primary(attribute.name.span, "")
                    .secondary(template.name.span, "declared here");
                let help = match closest(field, names()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("its fields are {}", names().collect::<Vec<_>>().join(", ")),
                };
                return Err(self.report(diagnostic.help(help)));
            };
            if attribute.is_path() {
                let message = format!("the field `{field}` is given by its position");
                let help =
                    format!("`{field} = …` names values of a function that is differentiated");
                return Err(self.report(fault(message, attribute.span).help(help)));
            }
            if given[position].is_some() {
                let message = format!("the field `{field}` is given twice");
                return Err(self.report(fault(message, attribute.span)));
            }
            given[position] = Some((val, attribute.span));
        }
        let missing = template.fields.iter().zip(&given);
        let missing: Vec<String> = missing
            .filter(|(_, given)| given.is_none())
            .map(|(field, _)| format!("`{}`", field.name.name))
            .collect();
        if !missing.is_empty() {
            let message = format!("`{name}` needs {}", missing.join(", "));
            let help = "a struct is made of all its fields: `Linear(w = a, b = c)`";
            return Err(self.report(fault(message, span).help(help)));
        }
        Ok(given.into_iter().flatten().collect())
    }

    /// The dims of a struct, from brackets or from what its fields are to be.
    fn dims_of(
        &mut self,
        template: &ast::Struct,
        given: Option<Vec<u64>>,
        fields: &Fields,
        span: Span,
    ) -> Result<Vec<i64>, Reported> {
        let name = &template.name.name;
        if let Some(given) = given {
            if given.len() != template.dims.len() {
                let declared = count(template.dims.len(), "dim");
                let message = format!("`{name}` has {declared}, got {}", given.len());
                return Err(self.report(
                    Diagnostic::error(Code::DimCount, message)
                        .primary(span, "")
                        .secondary(template.name.span, "declared here"),
                ));
            }
            let values = given.into_iter();
            return Ok(values
                .map(|dim| i64::try_from(dim).unwrap_or(i64::MAX))
                .collect());
        }
        let mut choice = Choice::default();
        for (field, (val, _)) in template.fields.iter().zip(fields) {
            if let Val::Data(data) = val {
                self.bind_dims(
                    &template.dims,
                    &|_| false,
                    &field.ty,
                    &data.tree,
                    &mut choice,
                );
            }
        }
        let mut dims = Vec::with_capacity(template.dims.len());
        for dim in &template.dims {
            let Some(value) = choice.dims.get(&dim.name) else {
                let message = format!("the dim `{}` of `{name}` cannot be inferred", dim.name);
                let help = format!("give the dims in brackets: `{name}[…](…)`");
                return Err(self.report(
                    Diagnostic::error(Code::UnknownDim, message)
                        .primary(span, "in this struct")
                        .secondary(dim.span, "declared here")
                        .help(help),
                ));
            };
            dims.push(*value);
        }
        Ok(dims)
    }

    /// What is given for a field, which must be of its type; constants take that type.
    fn field_value(
        &mut self,
        body: &Body<'a>,
        (field, declared): (&Field, &ast::Field),
        val: Val,
        at: Span,
    ) -> Result<Data, Reported> {
        let data = match (val, &field.tree) {
            (Val::Data(data), _) => data,
            (Val::Error, _) => return Err(Reported),
            (Val::Name(name), _) => return Err(self.unknown_name(body, &name, at)),
            (
                constant @ (Val::Number(_)
                | Val::Bool(_)
                | Val::List(_)
                | Val::Text(_)
                | Val::Tuple(_)
                | Val::Function(_)
                | Val::Instance(..)),
                Tree::Leaf(ty),
            ) => Data {
                tree: field.tree.clone(),
                leaves: vec![self.constant_of_type(body, &constant, ty, at)?],
            },
            (other, Tree::Struct { .. } | Tree::Array { .. }) => {
                let message = format!("{} where {} is needed", other.describe(), field.tree);
                let diagnostic = Diagnostic::error(Code::TypeMismatch, message);
                return Err(self.report(diagnostic.primary(at, "")));
            }
        };
        if data.tree == field.tree {
            return Ok(data);
        }
        let (name, wanted) = (&field.name, &field.tree);
        let given = told_apart(&data.tree, wanted);
        let message = format!("the field `{name}` is {wanted}, but {given} is given");
        Err(self.report(
            Diagnostic::error(Code::TypeMismatch, message)
                .primary(at, format!("this is {given}"))
                .secondary(declared.span, "declared here"),
        ))
    }

    /// The type of a struct with these dims.
    fn structure_of(
        &mut self,
        template: &ast::Struct,
        dims: &[i64],
        span: Span,
    ) -> Result<Tree, Reported> {
        let tree = self.instance(template, dims, 0)?;
        self.check_leaves(&tree, span)?;
        Ok(tree)
    }
}
