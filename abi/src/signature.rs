//! From the signature that the front end gives an entry to its description for the C side.

use crate::{Direction, Entry, Field, Param, Range, TensorType, TooLarge, Tree, checks};
use lgc_ir::graph::Graph;
use lgc_ir::module;
use lgc_ir::shape::Type;

impl TryFrom<&Type> for TensorType {
    type Error = TooLarge;

    fn try_from(ty: &Type) -> Result<Self, TooLarge> {
        Self::new(ty.dtype, ty.shape.extents().collect())
    }
}

impl Entry {
    /// Describes an entry of a module: its parameters, then its results. Its program needs
    /// `program_bytes` of workspace.
    ///
    /// # Errors
    /// If a tensor is larger than the address space.
    pub fn of_module(entry: &module::Entry, program_bytes: u64) -> Result<Self, TooLarge> {
        let signature = &entry.signature;
        let mut first = 0;
        let params = signature.params.iter().map(|param| {
            let range = declared_range(&entry.graph, first);
            first += param.tree.leaf_count();
            let direction = if param.inout {
                Direction::InOut
            } else {
                Direction::In
            };
            describe(param, direction, range)
        });
        let results = signature.results.iter();
        let results = results.map(|result| describe(result, Direction::Out, Range::ALL));
        let mut described = Self {
            name: entry.name.clone(),
            params: params.chain(results).collect::<Result<_, _>>()?,
            workspace_bytes: 0,
            doc: entry.doc.join("\n"),
        };
        let tensors = described.leaves().len();
        described.workspace_bytes = checks::workspace_bytes(program_bytes, tensors);
        Ok(described)
    }
}

/// Where the elements of an input, by its position, are declared to lie.
fn declared_range(graph: &Graph, position: usize) -> Range {
    let input = graph.inputs().get(position);
    let range = input.and_then(|input| graph.range(input.node));
    range.map_or(Range::ALL, |(low, high)| Range { low, high })
}

/// A parameter or result. A range is declared for a parameter that is one tensor.
fn describe(param: &module::Param, direction: Direction, range: Range) -> Result<Param, TooLarge> {
    Ok(Param {
        name: param.name.clone(),
        tree: Tree::try_from(&param.tree)?,
        direction,
        doc: param.doc.join("\n"),
        range,
    })
}

impl TryFrom<&module::Tree> for Tree {
    type Error = TooLarge;

    /// Recursion is bounded by the front end, which limits how deep structs nest.
    fn try_from(tree: &module::Tree) -> Result<Self, TooLarge> {
        match tree {
            module::Tree::Leaf(ty) => ty.try_into().map(Self::Leaf),
            module::Tree::Struct {
                name, doc, fields, ..
            } => Ok(Self::Struct {
                name: name.clone(),
                doc: doc.join("\n"),
                fields: fields
                    .iter()
                    .map(describe_field)
                    .collect::<Result<_, _>>()?,
            }),
            module::Tree::Array { element, length } => Ok(Self::Array {
                element: Box::new(Self::try_from(element.as_ref())?),
                length: *length,
            }),
        }
    }
}

fn describe_field(field: &module::Field) -> Result<Field, TooLarge> {
    Ok(Field {
        name: field.name.clone(),
        doc: field.doc.join("\n"),
        tree: Tree::try_from(&field.tree)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DType;
    use lgc_ir::shape::Shape;

    #[test]
    fn signatures_become_descriptions() {
        let leaf = |dtype, dims: &[u64]| {
            module::Tree::Leaf(Type::new(dtype, Shape::new(dims.iter().copied())))
        };
        let param = |name: &str, inout, tree| module::Param {
            name: name.to_owned(),
            doc: vec!["first".to_owned(), "second".to_owned()],
            inout,
            tree,
        };
        let linear = module::Tree::Struct {
            name: "Linear".to_owned(),
            doc: Vec::new(),
            dims: vec![4],
            fields: vec![module::Field {
                name: "w".to_owned(),
                doc: vec!["weights".to_owned()],
                tree: leaf(DType::F64, &[4]),
            }],
        };
        let entry = module::Entry {
            name: "step".to_owned(),
            doc: Vec::new(),
            signature: module::Signature {
                params: vec![
                    param("x", false, leaf(DType::I32, &[2, 3])),
                    param("p", true, linear),
                ],
                results: vec![param("ok", false, leaf(DType::Bool, &[]))],
            },
            graph: Default::default(),
            hypotheses: None,
            span: Default::default(),
        };
        let described = Entry::of_module(&entry, 64).unwrap();
        let leaves = described.leaves();
        let listed = leaves
            .iter()
            .map(|leaf| format!("{} {} {}", leaf.direction.name(), leaf.path, leaf.tensor));
        assert_eq!(
            listed.collect::<Vec<_>>(),
            ["in x i32[2, 3]", "inout p.w f64[4]", "out ok bool[]"]
        );
        assert_eq!(described.params[0].doc, "first\nsecond");
    }
}
