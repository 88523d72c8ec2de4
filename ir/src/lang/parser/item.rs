//! Items: `struct`, `graph`, `entry`, `dim`, with their parameters, fields and types.

use super::{List, Parsed, Parser, Reported};
use crate::diag::{Code, Diagnostic};
use crate::lang::ast::{
    AttributeParam, DeclaredRange, Dim, DocLine, Entry, Field, Graph, GraphKind, Ident, Item,
    Param, Statement, Struct, Type, Use,
};
use crate::lang::lexer;
use crate::lang::token::{Token, TokenKind};
use crate::span::Span;

const ITEM_HELP: &str = "a file consists of `use`, `graph`, `entry`, `struct` and `dim` items";
const DIMS_HELP: &str = "a declaration names its dims, as in `graph f[B, N](x: f32[B, N])`; a call may \
                         fix them, as in `f[64, 10](x)`";
const TYPE_HELP: &str = "write `name: type`, as in `x: f32[64, 10]` or `p: Mlp`";

pub(super) const BODY_HELP: &str =
    "the statements of a graph stand in braces after its parameters and results";

/// How many lengths an array of arrays has.
const MAX_ARRAYS: usize = 32;

/// An element of the list of parameters.
enum Parameter {
    Tensors(Param),
    Attribute(AttributeParam),
}

/// What a graph says before its body.
struct Header {
    name: Ident,
    dims: Vec<Ident>,
    params: List<Parameter>,
    results: Option<List<Field>>,
}

impl Parser<'_> {
    /// The whole file.
    pub(super) fn file(&mut self) {
        while self.kind() != TokenKind::End && !self.sink.is_full() {
            self.first = self.at;
            match self.item() {
                Ok(item) => self.ast.items.push(item),
                Err(Reported) => self.skip_item(),
            }
        }
    }

    fn item(&mut self) -> Parsed<Item> {
        let docs = self.docs();
        let token = self.token();
        if token.kind == TokenKind::Struct {
            self.structure(docs).map(Item::Struct)
        } else if token.kind == TokenKind::Graph {
            self.graph(docs, GraphKind::Graph).map(Item::Graph)
        } else if token.kind == TokenKind::Entry && self.third_kind() == TokenKind::Equal {
            self.function_entry(docs).map(Item::Entry)
        } else if token.kind == TokenKind::Entry {
            self.graph(docs, GraphKind::Entry).map(Item::Graph)
        } else if token.kind == TokenKind::Dim {
            self.dim(docs).map(Item::Dim)
        } else if token.kind == TokenKind::Use {
            self.stray_docs(&docs)?;
            self.import().map(Item::Use)
        } else {
            self.stray_docs(&docs)?;
            Err(self.expected("an item", ITEM_HELP))
        }
    }

    /// The `///` lines at this place.
    pub(super) fn docs(&mut self) -> Vec<DocLine> {
        self.doc_lines(TokenKind::Doc, "///")
    }

    /// The lines of doc comments of a kind at this place.
    pub(super) fn doc_lines(&mut self, kind: TokenKind, begin: &str) -> Vec<DocLine> {
        let mut docs = Vec::new();
        while let Some(token) = self.eat(kind) {
            let text = self.text(token);
            let text = text.strip_prefix(begin).unwrap_or(text);
            let text = text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned();
            docs.push(DocLine {
                text,
                span: self.span(token),
            });
        }
        docs
    }

    /// Reports doc lines that nothing follows which they could document.
    pub(super) fn stray_docs(&mut self, docs: &[DocLine]) -> Parsed<()> {
        let (Some(first), Some(last)) = (docs.first(), docs.last()) else {
            return Ok(());
        };
        let message = "a doc comment documents nothing here".to_owned();
        let help = "items, fields, parameters and results have doc comments; write `//` elsewhere";
        let span = first.span.to(last.span);
        Err(self.error(Code::StrayDocComment, message, span, "", help))
    }

    fn import(&mut self) -> Parsed<Use> {
        let keyword = self.bump();
        let help =
            "name the file in quotes, as in `use \"layers.graph\"` or `use \"std/layers.graph\"`";
        let token = self.token();
        if token.kind != TokenKind::String {
            return Err(self.expected("the path of a file", help));
        }
        self.bump();
        // What the lexer could not read it has reported.
        let path = lexer::unescape(self.text(token)).map_err(|_| Reported)?;
        let path = Ident::new(path, self.span(token));
        let span = self.span(keyword).to(path.span);
        self.end_of_statement()?;
        Ok(Use { path, span })
    }

    fn dim(&mut self, docs: Vec<DocLine>) -> Parsed<Dim> {
        let keyword = self.bump();
        let name = self.name("the name of a dim")?;
        self.expect(TokenKind::Equal, "a dim has a size, as in `dim B = 64`")?;
        let value = self.expression()?;
        let span = self.span(keyword).to(self.previous());
        self.end_of_statement()?;
        Ok(Dim {
            docs,
            name,
            value,
            span,
        })
    }

    /// `entry backward = vjp(network, wrt = all)`
    fn function_entry(&mut self, docs: Vec<DocLine>) -> Parsed<Entry> {
        let keyword = self.bump();
        let name = self.name("the name of an entry")?;
        let help = "an entry is a function, as in `entry slope = grad(loss, wrt = w)`";
        self.expect(TokenKind::Equal, help)?;
        let function = self.expression()?;
        let span = self.span(keyword).to(self.previous());
        self.end_of_statement()?;
        let after = span.after();
        let graph = Graph {
            docs,
            kind: GraphKind::Entry,
            name,
            dims: Vec::new(),
            params: Vec::new(),
            attributes: Vec::new(),
            params_span: after,
            results: Vec::new(),
            results_span: None,
            body: Vec::new(),
            body_span: after,
            rule: None,
            span,
        };
        Ok(Entry { function, graph })
    }

    fn structure(&mut self, docs: Vec<DocLine>) -> Parsed<Struct> {
        let keyword = self.bump();
        let name = self.name("the name of a struct")?;
        let dims = self.dim_names()?;
        if self.kind() != TokenKind::OpenBrace {
            let help =
                "fields stand in braces, as in `struct Linear[I, O] { w: f32[I, O], b: f32[O] }`";
            return Err(self.expected("`{`", help));
        }
        let fields = self.list("field", |parser| parser.field("the name of a field"))?;
        Ok(Struct {
            docs,
            name,
            dims,
            fields: fields.elements,
            span: self.span(keyword).to(fields.span),
        })
    }

    /// `[I, O]` after the name of a struct or graph, or nothing.
    fn dim_names(&mut self) -> Parsed<Vec<Ident>> {
        if self.kind() != TokenKind::OpenBracket {
            return Ok(Vec::new());
        }
        let names = self.list("dim", |parser| match parser.kind() {
            TokenKind::Name => parser.name("the name of a dim"),
            _ => Err(parser.expected("the name of a dim", DIMS_HELP)),
        })?;
        Ok(names.elements)
    }

    fn field(&mut self, what: &str) -> Parsed<Field> {
        let docs = self.docs();
        if self.kind().is_closing() {
            self.stray_docs(&docs)?;
        }
        let name = self.name(what)?;
        let ty = self.declared_type()?;
        Ok(Field {
            docs,
            span: name.span.to(ty.span),
            name,
            ty,
        })
    }

    fn declared_type(&mut self) -> Parsed<Type> {
        self.expect(TokenKind::Colon, TYPE_HELP)?;
        self.ty()
    }

    /// A type such as `f32[B, 64]`, `Mlp` or `Linear[64, 10][12]`.
    pub(super) fn ty(&mut self) -> Parsed<Type> {
        let name = self.name("a type")?;
        let mut span = name.span;
        let mut dims = None;
        if self.kind() == TokenKind::OpenBracket && !self.at_line_end() {
            let list = self.list("dim", Self::expression)?;
            span = span.to(list.span);
            dims = Some(list.elements);
        }
        let mut lengths = Vec::new();
        while self.kind() == TokenKind::OpenBracket && !self.at_line_end() {
            if lengths.len() >= MAX_ARRAYS {
                let message = format!("arrays are nested more than {MAX_ARRAYS} deep");
                let help = "give a tensor more axes instead";
                let code = Code::TooDeeplyNested;
                return Err(self.error(code, message, self.here(), "one too many", help));
            }
            let list = self.list("length", Self::expression)?;
            span = span.to(list.span);
            match *list.elements {
                [length] => lengths.push(length),
                _ if !list.complete => return Err(Reported),
                _ => {
                    let message = "an array has one length in each pair of brackets".to_owned();
                    let help = "write `Block[12]`, or `Block[3][4]` for an array of arrays";
                    let code = Code::UnexpectedToken;
                    return Err(self.error(code, message, list.span, "", help));
                }
            }
        }
        Ok(Type {
            name,
            dims,
            lengths,
            span,
        })
    }

    fn graph(&mut self, docs: Vec<DocLine>, kind: GraphKind) -> Parsed<Graph> {
        let keyword = self.bump();
        let header = self.header(kind);
        if header.is_err() {
            self.skip_to_body();
        }
        let (body, body_span) = self.statements(BODY_HELP)?;
        let header =
            header.map(|header| self.graph_of(docs, kind, keyword, header, body, body_span));
        if !self.at_rule() {
            return header;
        }
        let mut graph = header?;
        graph.rule = Some(Box::new(self.rule(&graph)?));
        Ok(graph)
    }

    fn graph_of(
        &self,
        docs: Vec<DocLine>,
        kind: GraphKind,
        keyword: Token,
        header: Header,
        body: Vec<Statement>,
        body_span: Span,
    ) -> Graph {
        let Header {
            name,
            dims,
            params,
            results,
        } = header;
        let (mut typed, mut attributes) = (Vec::new(), Vec::new());
        for parameter in params.elements {
            match parameter {
                Parameter::Tensors(param) => typed.push(param),
                Parameter::Attribute(attribute) => attributes.push(attribute),
            }
        }
        Graph {
            docs,
            kind,
            name,
            dims,
            params: typed,
            attributes,
            params_span: params.span,
            results_span: results.as_ref().map(|list| list.span),
            results: results.map_or(Vec::new(), |list| list.elements),
            body,
            body_span,
            rule: None,
            span: self.span(keyword).to(body_span),
        }
    }

    fn header(&mut self, kind: GraphKind) -> Parsed<Header> {
        let what = match kind {
            GraphKind::Graph => "the name of a graph",
            GraphKind::Entry => "the name of an entry",
        };
        let name = self.name(what)?;
        let dims = self.dim_names()?;
        if self.kind() != TokenKind::OpenParen {
            let help = "parameters stand in parentheses, as in `graph f(x: f32[3]) -> (y: f32[3])`";
            return Err(self.expected("`(`", help));
        }
        let mut attribute: Option<Span> = None;
        let params = self.list("parameter", |parser| {
            let parameter = parser.parameter(attribute)?;
            if let Parameter::Attribute(declared) = &parameter {
                attribute = Some(declared.span);
            }
            Ok(parameter)
        })?;
        let results = self.results()?;
        Ok(Header {
            name,
            dims,
            params,
            results,
        })
    }

    fn results(&mut self) -> Parsed<Option<List<Field>>> {
        if self.eat(TokenKind::Arrow).is_none() {
            return Ok(None);
        }
        if self.kind() != TokenKind::OpenParen {
            let help = "results have names and stand in parentheses, as in `-> (y: f32[3])`";
            return Err(self.expected("`(`", help));
        }
        self.list("result", |parser| parser.field("the name of a result"))
            .map(Some)
    }

    /// A parameter, or an attribute: `attribute` is one before it, if any.
    fn parameter(&mut self, attribute: Option<Span>) -> Parsed<Parameter> {
        let docs = self.docs();
        if self.kind().is_closing() {
            self.stray_docs(&docs)?;
        }
        let inout = self.eat(TokenKind::Inout).map(|token| self.span(token));
        let name = self.name("the name of a parameter")?;
        let ends = matches!(self.kind(), TokenKind::Comma | TokenKind::CloseParen);
        if inout.is_none() && (ends || self.kind() == TokenKind::Equal) {
            return self
                .declared_attribute(docs, name)
                .map(Parameter::Attribute);
        }
        let param = self.param(docs, inout, name)?;
        if let Some(attribute) = attribute {
            let message = "a parameter stands after an attribute";
            let diagnostic = Diagnostic::error(Code::PositionalAfterAttribute, message)
                .primary(param.span, "a parameter with a type")
                .secondary(attribute, "the attribute before it")
                .help("parameters come first, as do arguments in calls");
            self.sink.push(diagnostic);
        }
        Ok(Parameter::Tensors(param))
    }

    /// `eps = 1e-5`, after the name.
    fn declared_attribute(&mut self, docs: Vec<DocLine>, name: Ident) -> Parsed<AttributeParam> {
        let default = match self.eat(TokenKind::Equal) {
            Some(_) => Some(self.expression()?),
            None => None,
        };
        let span = name.span.to(self.previous());
        Ok(AttributeParam {
            docs,
            name,
            default,
            span,
        })
    }

    /// A parameter with a type, after its name.
    fn param(&mut self, docs: Vec<DocLine>, inout: Option<Span>, name: Ident) -> Parsed<Param> {
        let ty = self.declared_type()?;
        let range = match self.eat(TokenKind::In) {
            Some(_) => Some(self.range()?),
            None => None,
        };
        if self.kind() == TokenKind::Equal {
            let message = "a tensor has no default".to_owned();
            let help = "a parameter without a type is an attribute, which may have one, as in `eps = 1e-5`";
            return Err(self.error(Code::UnexpectedToken, message, self.here(), "", help));
        }
        Ok(Param {
            docs,
            inout,
            span: inout
                .unwrap_or(name.span)
                .to(range.as_ref().map_or(ty.span, |range| range.span)),
            name,
            ty,
            range,
        })
    }

    /// `[-1, 1]` after `in`.
    fn range(&mut self) -> Parsed<DeclaredRange> {
        let help = "a range has two bounds, as in `x: f32[3] in [-1, 1]` or `in [0, inf]`";
        if self.kind() != TokenKind::OpenBracket {
            return Err(self.expected("`[`", help));
        }
        let bounds = self.list("bound", Self::expression)?;
        let [low, high] = bounds.elements[..] else {
            let message = format!("{} bounds for a range", bounds.elements.len());
            return Err(self.error(Code::UnexpectedToken, message, bounds.span, "", help));
        };
        let span = bounds.span;
        Ok(DeclaredRange { low, high, span })
    }

    /// After an error in a header: the statements are still worth reading, for their errors.
    pub(super) fn skip_to_body(&mut self) {
        self.open.clear();
        while !matches!(self.kind(), TokenKind::OpenBrace | TokenKind::End) && !self.at_item() {
            self.bump();
        }
    }
}
