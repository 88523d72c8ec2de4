//! The macros in which ops are written and listed.

/// Defines an op's struct, with its [`Spec`](crate::op::Spec) and typed attributes.
///
/// ```text
/// op! {
///     /// x where it is positive, else slope·x.
///     LeakyRelu = "leaky_relu"(x) {
///         /// The slope for negative x.
///         slope: Real = Real(0.01),
///     }
///     examples ["(x: f32[4]) -> leaky_relu(x, slope = 0.2)"]
/// }
/// ```
/// A trailing `...` after the operands makes the last one repeatable, `|` before it one that may be
/// left out; `-> (a, b)` names several
/// results.
macro_rules! op {
    (
        $(#[doc = $doc:literal])+
        $Name:ident = $name:literal ( $($operand:ident),* $(; $variadic:ident ...)? $(| $optional:ident)? )
        $(-> ( $($result:ident),+ ))?
        $({ $( $(#[doc = $attr_doc:literal])+ $attr:ident : $ty:ty $(= $default:expr)? ),+ $(,)? })?
        examples [ $($example:expr),* $(,)? ]
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $Name {
            $($( $(#[doc = $attr_doc])+ pub $attr: $ty, )+)?
        }

        impl $crate::op::Described for $Name {
            const SPEC: $crate::op::Spec = $crate::op::Spec {
                name: $name,
                operands: &[$(stringify!($operand),)* $(stringify!($variadic),)? $(stringify!($optional),)?],
                variadic: false $(|| !stringify!($variadic).is_empty())?,
                optional: false $(|| !stringify!($optional).is_empty())?,
                results: $crate::op::macros::op!(@results $(($($result),+))?),
                attributes: &[$($(
                    $crate::op::AttrSpec {
                        name: stringify!($attr),
                        kind: <$ty as $crate::op::Attribute>::KIND,
                        required: $crate::op::macros::op!(@required $($default)?),
                        default: $crate::op::macros::op!(@shown $ty $(, $default)?),
                        doc: concat!($($attr_doc),+),
                    },
                )+)?],
                doc: concat!($($doc, "\n"),+),
                examples: &[$($example),*],
            };

            fn attributes(
                &self,
            ) -> smallvec::SmallVec<[(&'static str, $crate::op::AttrValue); 2]> {
                #[allow(unused_mut, reason = "an op without attributes pushes none")]
                let mut attributes = smallvec::SmallVec::new();
                $($(
                    let default: Option<$ty> = $crate::op::macros::op!(@default $ty $(, $default)?);
                    if default.as_ref() != Some(&self.$attr) {
                        let value = $crate::op::Attribute::write(&self.$attr);
                        attributes.push((stringify!($attr), value));
                    }
                )+)?
                attributes
            }

            fn from_attributes(
                _attributes: &$crate::op::Attributes<'_>,
            ) -> Result<Self, $crate::op::AttrError> {
                Ok($Name {
                    $($( $attr: _attributes.get(
                        stringify!($attr),
                        $crate::op::macros::op!(@default $ty $(, $default)?),
                    )?, )+)?
                })
            }
        }
    };
    (@results) => { &["y"] };
    (@results ($($result:ident),+)) => { &[$(stringify!($result)),+] };
    (@required) => { true };
    (@required $default:expr) => { false };
    (@shown $ty:ty) => { None };
    (@shown $ty:ty, $default:expr) => { Some(|| <$ty as $crate::op::Attribute>::write(&$default)) };
    (@default $ty:ty) => { None };
    (@default $ty:ty, $default:expr) => { Some($default) };
}

/// Gathers the ops into the closed enum [`Op`](crate::op::Op) and dispatches to them. It holds no
/// semantics: each op is in one line of one family.
macro_rules! op_table {
    ($( $family:ident : $($Name:ident),+ ; )+) => {
        /// Every op of the graph IR.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum Op { $($( #[doc = concat!("See [`", stringify!($Name), "`].")] $Name($Name), )+)+ }

        /// What every op states about itself, in the order of the table.
        pub const SPECS: &[Spec] = &[$($( <$Name as Described>::SPEC, )+)+];

        $($( impl From<$Name> for Op { fn from(op: $Name) -> Op { Op::$Name(op) } } )+)+

        impl Op {
            /// What the op states about itself.
            pub fn spec(&self) -> Spec {
                match self { $($( Op::$Name(_) => <$Name as Described>::SPEC, )+)+ }
            }

            /// The attributes that differ from their defaults.
            pub fn attributes(&self) -> smallvec::SmallVec<[(&'static str, AttrValue); 2]> {
                match self { $($( Op::$Name(op) => op.attributes(), )+)+ }
            }

            /// The op called `name` with the attributes `given`; `None` when there is no such op.
            pub fn read(name: &str, given: &[(String, AttrValue)]) -> Option<Result<Op, AttrError>> {
                $($(
                    if name == <$Name as Described>::SPEC.name {
                        let spec = <$Name as Described>::SPEC;
                        return Some(
                            Attributes::new(spec.name, spec.attributes, given)
                                .and_then(|attributes| $Name::from_attributes(&attributes))
                                .map(Op::$Name),
                        );
                    }
                )+)+
                None
            }

            pub(crate) fn infer_types(&self, operands: &[&Type]) -> Result<Types, TypeError> {
                match self { $($( Op::$Name(op) => op.infer(operands), )+)+ }
            }

            /// The op with its attributes in canonical form, given its operands' types.
            #[must_use]
            pub fn canonical(self, operands: &[&Type]) -> Op {
                match self { $($( Op::$Name(op) => Op::$Name(op.canonical(operands)), )+)+ }
            }

            /// The conditions under which the op is defined and differentiable.
            pub fn guards(&self) -> smallvec::SmallVec<[Guard; 1]> {
                match self { $($( Op::$Name(op) => op.guards(), )+)+ }
            }

            /// The op as a member of its family, which is all that derivatives, interpreters and
            /// lowering know of it.
            pub fn family(&self) -> Family<'_> {
                match self { $($( Op::$Name(op) => families::$family(op), )+)+ }
            }
        }
    };
}

pub(crate) use {op, op_table};
