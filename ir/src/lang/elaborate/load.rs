//! Loaded tensors: constants that were read from files before.

use super::body::Body;
use super::value::{Data, Val};
use super::{Elaborator, Reported};
use crate::diag::{Code, Diagnostic};
use crate::lang::ast::ExprId;
use crate::module::Tree;
use crate::op::{Full, Literal};
use crate::shape::Type;
use crate::span::Span;

impl<'a> Elaborator<'a> {
    /// The value of a call of `load`.
    pub(super) fn loaded(
        &mut self,
        body: &Body<'a>,
        call: ExprId,
        span: Span,
    ) -> Result<Val, Reported> {
        let Some(found) = self.ast.loaded(call) else {
            let message = "this tensor was not loaded: no files are read here";
            let diagnostic = Diagnostic::error(Code::UnreadableFile, message);
            return Err(self.report(diagnostic.primary(span, "")));
        };
        // What could not be loaded was reported then.
        let elements = found.cloned().ok_or(Reported)?;
        let ty = Type::new(elements.dtype, elements.shape.clone());
        body.builder.set_span(span);
        let scalar = elements.constants().next().filter(|_| ty.shape.rank() == 0);
        let made = match scalar {
            Some(value) => body.builder.apply(Full::stored(&ty, &value), &[]),
            None => body.builder.apply(Literal { elements }, &[]),
        };
        let leaf = made.map_err(|error| self.type_error(&error, span, &[]))?;
        Ok(Val::Data(Data {
            tree: Tree::Leaf(ty),
            leaves: vec![leaf],
        }))
    }
}
