//! Numbers that stand for extents: a file without dims of its own is made smaller by other numbers.

use super::{Ast, ExprKind, Item, Literal, Type};

impl Ast {
    /// The integers above a bound that the extents of types are written as, each once, ascending.
    pub fn extents_above(&self, bound: u64) -> Vec<u64> {
        let mut found: Vec<u64> = self.type_extents().filter(|value| *value > bound).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The tree with other numbers where integers are written that are among the first of these pairs.
    #[must_use]
    pub fn with_integers(&self, changes: &[(u64, u64)]) -> Ast {
        let mut changed = self.clone();
        for expr in &mut changed.exprs {
            if let ExprKind::Literal(Literal::Int { value, .. }) = &mut expr.kind
                && let Some((_, new)) = changes.iter().find(|(old, _)| old == value)
            {
                *value = *new;
            }
        }
        changed
    }

    /// The extents of types that are written as numbers.
    fn type_extents(&self) -> impl Iterator<Item = u64> + '_ {
        let types = self.items.iter().flat_map(|item| match item {
            Item::Graph(graph) => {
                let params = graph.params.iter().map(|param| &param.ty);
                let results = graph.results.iter().map(|result| &result.ty);
                params.chain(results).collect::<Vec<&Type>>()
            }
            Item::Struct(item) => item.fields.iter().map(|field| &field.ty).collect(),
            Item::Entry(_) | Item::Dim(_) | Item::Use(_) => Vec::new(),
        });
        let extents = types.flat_map(|ty| ty.dims.iter().flatten());
        extents.filter_map(|id| {
            if let ExprKind::Literal(Literal::Int { value, .. }) = &self.expr(*id).kind {
                Some(*value)
            } else {
                None
            }
        })
    }
}
