//! The syntax tree of a file.
//!
//! Expressions live in an arena and name each other by [`ExprId`]. An expression can only be built
//! from expressions that exist, so **operands precede their users**: a single loop over the ids of a
//! statement visits every operand before the expression that uses it, and no depth of nesting needs
//! recursion, be it to walk, to print or to drop the tree. Parentheses are not kept, as the tree says
//! what they said; comments and blank lines are kept beside the tree, for the printer.
//!
//! Dims are expressions like others (`f32[B, 2 * H]`), and brackets after a name are one form
//! ([`ExprKind::Index`]) whether they turn out to give dims, a type as an attribute, or elements of
//! an array; which of them is meant is found out in elaboration.

mod block;
mod extents;
mod operator;

pub use block::{Block, Carry, Domain, For, If, names_in, statements_in};
pub use operator::{Associativity, BinaryOp, Precedence, UnaryOp};

use crate::op::Elements;
use crate::span::{FileId, Span};
use rustc_hash::FxHashMap;

/// A parsed file.
#[derive(Clone, Debug)]
pub struct Ast {
    /// The file that was parsed.
    pub file: FileId,
    /// The `//!` lines at its top.
    pub docs: Vec<DocLine>,
    /// What it declares, in the order of the text.
    pub items: Vec<Item>,
    exprs: Vec<Expr>,
    /// Comments and blank lines in the order of the text.
    pub(super) trivia: Vec<Trivia>,
    /// Offsets of the braces that close around values of conditions, which comments may precede.
    closes: FxHashMap<ExprId, u32>,
    /// What calls of `load` have loaded; `None` where that failed.
    loaded: FxHashMap<ExprId, Option<Elements>>,
    /// The files that tensors were loaded from, as paths; empty before [`load`](super::load()).
    pub loaded_from: Vec<String>,
}

impl Ast {
    /// A tree without items.
    pub fn new(file: FileId) -> Ast {
        Ast {
            file,
            docs: Vec::new(),
            items: Vec::new(),
            exprs: Vec::new(),
            trivia: Vec::new(),
            closes: FxHashMap::default(),
            loaded: FxHashMap::default(),
            loaded_from: Vec::new(),
        }
    }

    /// Forgets the comments and blank lines of the text; doc comments stay.
    pub fn drop_comments(&mut self) {
        self.trivia.clear();
    }

    /// Adds an expression whose operands are in this tree already.
    pub fn add(&mut self, kind: ExprKind, span: Span) -> ExprId {
        // Each expression of a text takes at least one byte, and texts are smaller than 4 GiB.
        let id = ExprId(u32::try_from(self.exprs.len()).unwrap_or(u32::MAX));
        self.exprs.push(Expr { kind, span });
        id
    }

    /// The expression.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    /// Where the brace after a value of a condition closes, if the text is known.
    pub(super) fn close_of(&self, value: ExprId) -> Option<u32> {
        self.closes.get(&value).copied()
    }

    pub(super) fn set_close(&mut self, value: ExprId, brace: u32) {
        self.closes.insert(value, brace);
    }

    /// Whether an expression that is called is `load`.
    pub(super) fn is_load(&self, callee: ExprId) -> bool {
        matches!(&self.expr(callee).kind, ExprKind::Name(name) if name == super::load::LOAD)
    }

    /// What a call of `load` has loaded: `None` before [`load`](super::load()), `Some(None)` where that
    /// failed.
    pub(super) fn loaded(&self, call: ExprId) -> Option<Option<&Elements>> {
        self.loaded.get(&call).map(Option::as_ref)
    }

    pub(super) fn set_loaded(&mut self, call: ExprId, elements: Option<Elements>) {
        self.loaded.insert(call, elements);
    }

    /// All expressions, operands before their users.
    pub fn exprs(&self) -> impl Iterator<Item = (ExprId, &Expr)> {
        (0..).map(ExprId).zip(&self.exprs)
    }
}

/// An expression of one [`Ast`]. Ids grow from operands to users.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExprId(u32);

/// A name where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ident {
    /// The name.
    pub name: String,
    /// Where it stands.
    pub span: Span,
}

impl Ident {
    /// The name at a place.
    pub fn new(name: impl Into<String>, span: Span) -> Ident {
        let name = name.into();
        Ident { name, span }
    }
}

/// One line of a `///` or `//!` comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocLine {
    /// The text after the three characters, without the first space and without trailing ones.
    pub text: String,
    /// The whole line from these on.
    pub span: Span,
}

/// A declaration of a file.
#[derive(Clone, Debug)]
pub enum Item {
    /// `use "layers.graph"`
    Use(Use),
    /// `struct Linear[I, O] { … }`
    Struct(Struct),
    /// `graph …` or `entry …`
    Graph(Graph),
    /// `entry backward = vjp(network, wrt = all)`
    Entry(Entry),
    /// `dim B = 64`
    Dim(Dim),
}

impl Item {
    /// The declared name; of a `use`, the path.
    pub fn name(&self) -> &Ident {
        match self {
            Item::Use(item) => &item.path,
            Item::Struct(item) => &item.name,
            Item::Graph(item) => &item.name,
            Item::Entry(item) => &item.graph.name,
            Item::Dim(item) => &item.name,
        }
    }

    /// The whole declaration from its keyword on.
    pub fn span(&self) -> Span {
        match self {
            Item::Use(item) => item.span,
            Item::Struct(item) => item.span,
            Item::Graph(item) => item.span,
            Item::Entry(item) => item.graph.span,
            Item::Dim(item) => item.span,
        }
    }

    /// The `///` lines above it.
    pub fn docs(&self) -> &[DocLine] {
        match self {
            Item::Use(_) => &[],
            Item::Struct(item) => &item.docs,
            Item::Graph(item) => &item.docs,
            Item::Entry(item) => &item.graph.docs,
            Item::Dim(item) => &item.docs,
        }
    }
}

/// `use "layers.graph"`: what another file declares is declared here, too.
#[derive(Clone, Debug)]
pub struct Use {
    /// The path, as it stands between the quotes, escapes replaced.
    pub path: Ident,
    /// From `use` to the path.
    pub span: Span,
}

/// `struct Linear[I, O] { w: f32[I, O], b: f32[O] }`
#[derive(Clone, Debug)]
pub struct Struct {
    /// The `///` lines above it.
    pub docs: Vec<DocLine>,
    /// Its name.
    pub name: Ident,
    /// Names of its dims.
    pub dims: Vec<Ident>,
    /// Its fields.
    pub fields: Vec<Field>,
    /// From `struct` to `}`.
    pub span: Span,
}

/// A field of a struct, or a result of a graph: `y: f32[B, O]`.
#[derive(Clone, Debug)]
pub struct Field {
    /// The `///` lines above it.
    pub docs: Vec<DocLine>,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// From the name to the type.
    pub span: Span,
}

/// Whether a graph is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GraphKind {
    /// `graph`: to be called by others; exported only by a file that has no entry.
    Graph,
    /// `entry`: exported.
    Entry,
}

impl GraphKind {
    /// The keyword.
    pub fn keyword(self) -> &'static str {
        match self {
            GraphKind::Graph => "graph",
            GraphKind::Entry => "entry",
        }
    }
}

/// `graph linear[B, I, O](x: f32[B, I], p: Linear[I, O]) -> (y: f32[B, O]) { y = x @ p.w + p.b }`
#[derive(Clone, Debug)]
pub struct Graph {
    /// The `///` lines above it.
    pub docs: Vec<DocLine>,
    /// Whether it is exported.
    pub kind: GraphKind,
    /// Its name.
    pub name: Ident,
    /// Names of its dims.
    pub dims: Vec<Ident>,
    /// Its parameters.
    pub params: Vec<Param>,
    /// Its attributes, which follow the parameters.
    pub attributes: Vec<AttributeParam>,
    /// The parentheses around the parameters.
    pub params_span: Span,
    /// Its results.
    pub results: Vec<Field>,
    /// The parentheses around the results; `None` if there is no `->`.
    pub results_span: Option<Span>,
    /// Its statements.
    pub body: Vec<Statement>,
    /// The braces with what is between.
    pub body_span: Span,
    /// The derivative that it states, if it states one.
    pub rule: Option<Box<Rule>>,
    /// From the keyword to the `}` of the body.
    pub span: Span,
}

/// `entry backward = vjp(network, wrt = all)`: an entry that is a function.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The function.
    pub function: ExprId,
    /// Name, documentation and place, of an entry without parameters, results and statements.
    pub graph: Graph,
}

/// `vjp(ct_y, _) -> (d_x, d_p) { … }` after a graph: the rule by which it is differentiated in
/// reverse. `_` stands for what has no cotangent, such as integers.
#[derive(Clone, Debug)]
pub struct Rule {
    /// `surrogate` after `vjp`: the rule is meant to differ from the derivative.
    pub surrogate: Option<Span>,
    /// A name for the cotangent of each result.
    pub cotangents: Vec<Ident>,
    /// The parentheses around them.
    pub cotangents_span: Span,
    /// A name for the cotangent of each parameter, which the statements define.
    pub gradients: Vec<Ident>,
    /// The parentheses around them.
    pub gradients_span: Span,
    /// The rule as a graph: from the parameters, results and named cotangents of results to the named
    /// cotangents of parameters.
    pub graph: Graph,
    /// From `vjp` to `}`.
    pub span: Span,
}

/// `[-1, 1]` after `in`: where the elements of a parameter lie.
#[derive(Clone, Debug)]
pub struct DeclaredRange {
    /// The lower bound.
    pub low: ExprId,
    /// The upper bound.
    pub high: ExprId,
    /// The brackets with what is between.
    pub span: Span,
}

/// A parameter of a graph: `x: f32[B, I]`, `x: f32[B, I] in [-1, 1]` or `inout p: Mlp`.
#[derive(Clone, Debug)]
pub struct Param {
    /// The `///` lines above it.
    pub docs: Vec<DocLine>,
    /// Where `inout` stands, if it does.
    pub inout: Option<Span>,
    /// Its name.
    pub name: Ident,
    /// Its type.
    pub ty: Type,
    /// Where its elements lie, if that is declared.
    pub range: Option<DeclaredRange>,
    /// From `inout` or the name to the type.
    pub span: Span,
}

/// A parameter without a type: `eps = 1e-5`, or `heads` without a default. It is known at compile time
/// and passed by name.
#[derive(Clone, Debug)]
pub struct AttributeParam {
    /// The `///` lines above it.
    pub docs: Vec<DocLine>,
    /// Its name.
    pub name: Ident,
    /// Its value where a call gives none.
    pub default: Option<ExprId>,
    /// From the name to the default.
    pub span: Span,
}

/// `dim B = 64`: a size for the whole file, which the command line can set otherwise.
#[derive(Clone, Debug)]
pub struct Dim {
    /// The `///` lines above it.
    pub docs: Vec<DocLine>,
    /// Its name.
    pub name: Ident,
    /// Its value.
    pub value: ExprId,
    /// From `dim` to the value.
    pub span: Span,
}

/// A type: `f32[B, 64]`, `f32[]` or its short form `f32`, `Linear[64, 128]`, `Mlp`, and arrays of
/// these: `Linear[64, 128][12]`, `Mlp[12]`.
#[derive(Clone, Debug)]
pub struct Type {
    /// A dtype or a struct.
    pub name: Ident,
    /// The expressions in the first brackets; `None` without brackets. After a struct that has no
    /// dims they are the length of an array.
    pub dims: Option<Vec<ExprId>>,
    /// The lengths in the brackets after the first ones: an array, outermost length first.
    pub lengths: Vec<ExprId>,
    /// The whole type.
    pub span: Span,
}

/// A statement of a body.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `y = relu(x)`
    Definition(Definition),
    /// `for …`
    For(For),
    /// `if …`
    If(If),
}

impl Statement {
    /// The whole statement.
    pub fn span(&self) -> Span {
        match self {
            Statement::Definition(definition) => definition.span,
            Statement::For(item) => item.span,
            Statement::If(item) => item.span,
        }
    }
}

/// A definition: `y = relu(x)`, `(a, _) = f(x)`, `p.w' = p.w - g`.
#[derive(Clone, Debug)]
pub struct Definition {
    /// What is defined.
    pub pattern: Pattern,
    /// What it is.
    pub value: ExprId,
    /// From the pattern to the value.
    pub span: Span,
}

/// The left side of a definition.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// One target.
    One(Target),
    /// Targets in parentheses, which take a tuple apart.
    Tuple {
        /// The targets, at least one.
        targets: Vec<Target>,
        /// The parentheses with what is between.
        span: Span,
    },
}

impl Pattern {
    /// The targets in order.
    pub fn targets(&self) -> &[Target] {
        match self {
            Pattern::One(target) => std::slice::from_ref(target),
            Pattern::Tuple { targets, .. } => targets,
        }
    }

    /// The whole pattern.
    pub fn span(&self) -> Span {
        match self {
            Pattern::One(Target::Discard(span)) | Pattern::Tuple { span, .. } => *span,
            Pattern::One(Target::Place(place)) => place.span,
        }
    }
}

/// Something that a value is bound to.
#[derive(Clone, Debug)]
pub enum Target {
    /// `_`: the value is not wanted.
    Discard(Span),
    /// A name or a leaf of a struct.
    Place(Place),
}

/// `name`, `path.to.leaf`, `p'`, `p.blocks[3].w'`, each perhaps with a type.
#[derive(Clone, Debug)]
pub struct Place {
    /// The name that the path begins with.
    pub root: Ident,
    /// The fields and elements after it.
    pub path: Vec<Step>,
    /// Where `'` stands, if it does: the next value of an `inout` parameter is defined.
    pub next: Option<Span>,
    /// The type that the value is said to have.
    pub ty: Option<Type>,
    /// From the root to the type.
    pub span: Span,
}

/// A step from a struct or array to a part of it.
#[derive(Clone, Debug)]
pub enum Step {
    /// `.w`
    Field(Ident),
    /// `[3]`
    Index {
        /// Which element, known at compile time.
        index: ExprId,
        /// The brackets.
        span: Span,
    },
}

impl Step {
    /// From the point or bracket on.
    pub fn span(&self) -> Span {
        match self {
            Step::Field(name) => name.span,
            Step::Index { span, .. } => *span,
        }
    }
}

/// An expression where it stands. The span does not include parentheses around it.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// The forms of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A name: a value, a graph, an op, a dim, a dtype or a constant such as `inf`.
    Name(String),
    /// A literal.
    Literal(Literal),
    /// `-x`, `!x`
    Unary {
        /// The operator.
        op: UnaryOp,
        /// Its operand.
        operand: ExprId,
    },
    /// `a + b`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// Where the operator stands.
        op_span: Span,
        /// The left operand.
        left: ExprId,
        /// The right operand.
        right: ExprId,
    },
    /// `p.w`
    Field {
        /// A struct.
        base: ExprId,
        /// The name of its field.
        field: Ident,
    },
    /// `p'`: the next value of an `inout` parameter, or of a part of it.
    Next {
        /// The parameter, or a part of it.
        base: ExprId,
    },
    /// `linear[64, 128]`, `f32[3]`, `p.blocks[3]`: brackets after an expression.
    Index {
        /// What stands before the brackets.
        base: ExprId,
        /// What stands in them.
        indices: Vec<ExprId>,
    },
    /// `p.blocks[2:5]`, `p.blocks[1:]`: a part of an array.
    Slice {
        /// An array.
        base: ExprId,
        /// The first element; the first of all if it is not given.
        start: Option<ExprId>,
        /// The element after the last; the end of the array if it is not given.
        end: Option<ExprId>,
    },
    /// `sum(x, axes = [1])`; the callee may itself be a call: `grad(f, wrt = x)(x)`.
    Call {
        /// What is called.
        callee: ExprId,
        /// The arguments.
        args: Vec<ExprId>,
        /// The named attributes, which follow the arguments.
        attributes: Vec<Attribute>,
    },
    /// `(a, b)`, `(a,)`: never empty.
    Tuple(Vec<ExprId>),
    /// `if causal { a } else { b }`: which of them is known at compile time.
    If {
        /// The conditions in order, with the value where one is the first to hold.
        arms: Vec<(ExprId, ExprId)>,
        /// The value where none holds.
        otherwise: ExprId,
    },
    /// `[1, 2, 3]`: a constant tensor, nested for more than one axis, or a list as an attribute.
    List(Vec<ExprId>),
}

/// `axes = [1]` in a call.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: Ident,
    /// Its value.
    pub value: ExprId,
    /// From the name to the value.
    pub span: Span,
}

/// A literal. It has no dtype of its own but takes that of its context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `true`, `false`
    Bool(bool),
    /// `42`, `0x2a`; a sign is an operator of its own.
    Int {
        /// The value.
        value: u64,
        /// Whether it is written in hexadecimal.
        hexadecimal: bool,
    },
    /// `1.5`, `1e-5`
    Float(FloatLiteral),
    /// `"w.safetensors"`, without quotes, escapes replaced. Line ends and tabs are the only control
    /// characters in it.
    String(String),
}

/// A decimal number as it is written. It is kept as text, since its value is the float of the
/// context's dtype that is nearest to the *decimal*, and rounding by way of f64 can miss that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FloatLiteral {
    text: String,
}

impl FloatLiteral {
    /// The literal with this text, if it is a finite decimal number without sign that has a fraction
    /// or an exponent, and whose nearest f64 is finite: digits, then `.` and digits, then `e` or
    /// `E`, a sign perhaps, and digits.
    pub fn new(text: impl Into<String>) -> Option<FloatLiteral> {
        let text = text.into();
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (text.as_str(), None),
        };
        let fraction = mantissa.split_once('.');
        let (whole, fraction) = fraction.map_or((mantissa, None), |(w, f)| (w, Some(f)));
        let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
        let exponent_digits = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
        let well_formed = digits(whole)
            && fraction.is_none_or(digits)
            && exponent_digits.is_none_or(digits)
            && (fraction.is_some() || exponent.is_some());
        let finite = text.parse::<f64>().is_ok_and(f64::is_finite);
        (well_formed && finite).then_some(FloatLiteral { text })
    }

    /// The text, such as `1e-5`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The nearest f64, always finite.
    pub fn to_f64(&self) -> f64 {
        self.text.parse().unwrap_or(f64::NAN)
    }

    /// The nearest f32; infinite if the number is beyond the largest one.
    pub fn to_f32(&self) -> f32 {
        self.text.parse().unwrap_or(f32::NAN)
    }
}

/// What stands between tokens and is worth keeping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trivia {
    /// Offset of its first byte.
    pub(super) start: u32,
    /// What it is.
    pub(super) kind: TriviaKind,
}

/// The kinds of trivia.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TriviaKind {
    /// A comment.
    Comment {
        /// From `//` on, without trailing spaces.
        text: String,
        /// Whether nothing else stands before it on its line.
        alone: bool,
    },
    /// One or more empty lines.
    BlankLines,
}
