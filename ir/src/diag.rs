//! Diagnostics: what is wrong with a program, where, and what to do about it.
//!
//! Every stage reports through a [`Diagnostics`] sink. A [`Diagnostic`] has a stable [`Code`], one
//! sentence, labelled spans, notes and help lines; this crate only builds them. How they look is the
//! business of the program (`src/`), except for the one-line form of [`Diagnostic::plain`], which
//! editors and tests read.
//!
//! All codes stand in one table below. A code is never reused for another meaning. Each has a page in
//! `diag/CODE.md`, which `lgc explain` shows; its examples are tested. The first two digits are the
//! stage: `E01` text and syntax, `E02` names, `E03` types and shapes, `E04`
//! differentiation, `E05` limits, `E06` code generation and the C ABI, `E07` files and input data,
//! `E09` faults of the compiler itself.

mod page;

pub use page::{Language, Page, Part, Role, reference};

use crate::span::{SourceMap, Span};
use std::fmt;

macro_rules! codes {
    ($($number:literal $name:ident $title:literal;)*) => {
        /// What kind of problem a diagnostic reports. Its number is stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = concat!($number, ": ", $title, ".")] $name,)*
        }

        impl Code {
            /// Every code, by number.
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            /// The stable number, such as `E0110`.
            pub fn number(self) -> &'static str {
                match self { $(Code::$name => $number,)* }
            }

            /// What the code means, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }

            /// What the code means at length, with a wrong example and its mended form.
            pub fn page(self) -> Page {
                Page::new(match self {
                    $(Code::$name => include_str!(concat!("diag/", $number, ".md")),)*
                })
            }
        }
    };
}

codes! {
    // Text and syntax.
    "E0101" UnexpectedCharacter "a character that has no meaning here";
    "E0102" BadNumber "a number that cannot be read";
    "E0103" UnterminatedString "a string without its closing quote";
    "E0104" BadString "a string with a character or escape that it cannot hold";
    "E0105" StrayDocComment "a doc comment that documents nothing";
    "E0110" UnexpectedToken "something else was expected here";
    "E0111" UnclosedBracket "a bracket that is never closed";
    "E0112" UnopenedBracket "a closing bracket that closes nothing";
    "E0113" ChainedComparison "comparisons cannot be chained";
    "E0114" PositionalAfterAttribute "an argument after a named attribute";
    "E0115" Unsupported "reserved for a later version of the language";
    "E0116" TooDeeplyNested "brackets nested too deeply";
    "E0117" TooManyErrors "too many errors";
    // Names.
    "E0201" UnknownName "a name that is not defined";
    "E0202" DuplicateName "a name declared twice";
    "E0203" Shadowing "a value defined twice";
    "E0204" UnknownType "a type that does not exist";
    "E0205" UnknownField "a field that does not exist";
    "E0206" UnknownFunction "an op or graph that does not exist";
    "E0207" UnknownDim "a dim without a value";
    "E0208" MissingResult "a result that is never defined";
    "E0209" NotInout "a next value of what is not updated in place";
    "E0210" NothingToExport "a file without graphs";
    "E0211" BadImport "a file that cannot be used";
    "E0212" UnknownTensor "a tensor that its file does not have";
    "E0220" AmbiguousName "a name that may mean several values";
    // Types and shapes.
    "E0301" TypeMismatch "a value of the wrong type";
    "E0302" ShapeMismatch "shapes that do not go together";
    "E0303" ArgumentCount "too few or too many arguments";
    "E0304" TupleLength "a tuple of the wrong length";
    "E0305" DimCount "too few or too many dims";
    "E0306" NotADim "something that is no dim";
    "E0307" InexactDim "dims that do not divide";
    "E0308" NegativeDim "a negative dim";
    "E0309" NotAFunction "something that cannot be called";
    "E0310" NotIndexable "brackets after something that takes none";
    "E0311" BadAttribute "an attribute that an op or transform does not take";
    "E0312" UntypedConstant "a constant whose dtype cannot be inferred";
    "E0313" BadLiteral "a constant tensor that is not regular";
    "E0314" ConstantArithmetic "arithmetic of constants without a value";
    "E0315" InoutCall "a call of an entry that updates in place";
    "E0316" IndexOutOfRange "an element that an array does not have";
    "E0317" NotACondition "a condition that is not known at compile time";
    "E0318" BadRange "a declared range without numbers";
    "E0319" BadScan "a loop whose function does not fit it";
    // Differentiation.
    "E0401" NotDifferentiable "a derivative that does not exist";
    "E0402" BadRule "a vjp block that does not fit its graph";
    // Limits.
    "E0501" DimOverflow "a dim beyond 64-bit integers";
    "E0502" TooLarge "a tensor beyond 2^40 bytes in memory";
    "E0503" TooManyNodes "a graph that grows too large";
    "E0504" Recursion "a graph that calls itself";
    "E0505" TooDeepCalls "calls nested too deeply";
    "E0506" RecursiveStruct "a struct that contains itself";
    "E0507" TooManyDerivatives "too many derivatives of one another";
    "E0508" TooManyLeaves "a type of too many tensors";
    "E0509" TooManyTurns "loops that take too many turns";
    "E0510" TensorsTooLarge "a file of tensors beyond 2^31 bytes";
    "E0511" LongName "a name of more than 1024 characters";
    "E0512" TooManyAxes "a tensor of more than 32 axes";
    // Code generation and the C ABI.
    "E0601" NoInterface "names that the C interface cannot have";
    "E0602" NotCompilable "a graph that cannot be compiled";
    "E0603" LinkFailure "objects that cannot be linked";
    // Files and input data.
    "E0701" UnreadableFile "a file that cannot be read";
    "E0702" NotText "a source file that is not text";
    "E0703" UnwritableFile "an output that cannot be written";
    "E0704" BadTensorFile "a file of tensors that cannot be used";
    "E0705" MissingInput "an input without a value";
    "E0706" InputMismatch "an input of the wrong name or type";
    "E0707" UnknownEntry "an entry that does not exist";
    "E0708" BadLibrary "a compiled library that cannot be used";
    "E0709" CallFailure "a call that an entry refused";
    "E0710" UnknownCode "a code that no diagnostic has";
    "E0711" NotCanonical "a graph that is not in canonical form";
    "E0712" BadUsage "a command line that cannot be understood";
    "E0713" BadClient "an editor that does not keep to its protocol";
    "E0714" NotReducible "a command that does not fail on the graph to be reduced";
    "E0715" TensorMismatch "a tensor that is not the one that was meant";
    "E0716" NotInScalar "a value that the chosen numbers do not have";
    // Faults of the compiler itself.
    "E0901" InternalFault "a fault of the compiler";
}

impl Code {
    /// The code with this number; `e0110` and `110` are `E0110` as well.
    pub fn from_number(text: &str) -> Option<Code> {
        let digits = text.strip_prefix(['E', 'e']).unwrap_or(text);
        let number = format!("E{digits:0>4}");
        let mut codes = Code::ALL.iter().copied();
        codes.find(|code| code.number() == number)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.number())
    }
}

/// How bad a diagnostic is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program is accepted, but this is probably not what was meant.
    Warning,
    /// The program is refused.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        })
    }
}

/// A place in the source with a remark on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The place.
    pub span: Span,
    /// The remark; empty if the place speaks for itself.
    pub text: String,
    /// Whether this is where the problem is, rather than something that helps to understand it.
    pub primary: bool,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the program is refused.
    pub severity: Severity,
    /// What kind of problem.
    pub code: Code,
    /// One sentence without a full stop, understandable without the labels.
    pub message: String,
    /// Places; the first primary one is where the problem is. None if no source is concerned.
    pub labels: Vec<Label>,
    /// Facts behind the message.
    pub notes: Vec<String>,
    /// What to do.
    pub help: Vec<String>,
}

impl Diagnostic {
    fn new(severity: Severity, code: Code, message: String) -> Diagnostic {
        Diagnostic {
            severity,
            code,
            message: bounded(message),
            labels: Vec::new(),
            notes: Vec::new(),
            help: Vec::new(),
        }
    }

    /// An error; add a place with [`Diagnostic::primary`].
    pub fn error(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, code, message.into())
    }

    /// A warning; add a place with [`Diagnostic::primary`].
    pub fn warning(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Warning, code, message.into())
    }

    fn label(mut self, span: Span, text: String, primary: bool) -> Diagnostic {
        if !span.is_synthetic() {
            self.labels.push(Label {
                span,
                text: bounded(text),
                primary,
            });
        }
        self
    }

    /// Says where the problem is. A synthetic span adds nothing.
    #[must_use]
    pub fn primary(self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.label(span, text.into(), true)
    }

    /// Points at something that helps to understand the problem. A synthetic span adds nothing.
    #[must_use]
    pub fn secondary(self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.label(span, text.into(), false)
    }

    /// Adds a fact behind the message.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(bounded(text.into()));
        self
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help.push(bounded(text.into()));
        self
    }

    /// Where the problem is: the first primary label, else the first label, if any.
    pub fn span(&self) -> Option<Span> {
        let primary = self.labels.iter().find(|label| label.primary);
        primary.or(self.labels.first()).map(|label| label.span)
    }

    /// The diagnostic as plain lines without the source: `file:line:column: error[E0110]: message`,
    /// then what labels say beyond the message, notes and help, indented by two.
    pub fn plain<'a>(&'a self, sources: &'a SourceMap) -> impl fmt::Display + 'a {
        Plain {
            diagnostic: self,
            sources,
        }
    }
}

/// The most bytes of what a diagnostic says at once.
const MAX_TEXT: usize = 1 << 14;
/// The most bytes of a word in it, such as a name that it quotes.
const MAX_WORD: usize = 512;

/// A text for people, who read no name of a megabyte: long words are shown without their middle, and
/// what is too long altogether without its end.
fn bounded(text: String) -> String {
    let long = |word: &str| word.len() > MAX_WORD;
    if text.len() <= MAX_WORD
        || !text.split(char::is_whitespace).any(long) && text.len() <= MAX_TEXT
    {
        return text;
    }
    let mut shown = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        if shown.len() > MAX_TEXT {
            shown.push('…');
            break;
        }
        if long(word) {
            let head = word.floor_char_boundary(MAX_WORD / 8);
            let tail = word.ceil_char_boundary(word.len() - MAX_WORD / 8);
            match word.get(..head).zip(word.get(tail..)) {
                Some((head, tail)) => shown.push_str(&format!("{head}…{tail}")),
                None => shown.push('…'),
            }
        } else {
            shown.push_str(word);
        }
    }
    shown
}

struct Plain<'a> {
    diagnostic: &'a Diagnostic,
    sources: &'a SourceMap,
}

impl Plain<'_> {
    fn place(&self, f: &mut fmt::Formatter<'_>, span: Option<Span>) -> fmt::Result {
        match span.and_then(|span| self.sources.location(span)) {
            Some((name, at)) => write!(f, "{name}:{}:{}: ", at.line, at.column),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diagnostic = self.diagnostic;
        self.place(f, diagnostic.span())?;
        let Diagnostic { severity, code, .. } = diagnostic;
        writeln!(f, "{severity}[{code}]: {}", diagnostic.message)?;
        let tells_more = |label: &&Label| !diagnostic.message.contains(&label.text);
        for label in diagnostic.labels.iter().filter(tells_more) {
            f.write_str("  ")?;
            self.place(f, Some(label.span))?;
            writeln!(f, "{}", label.text)?;
        }
        for note in &diagnostic.notes {
            writeln!(f, "  note: {note}")?;
        }
        for help in &diagnostic.help {
            writeln!(f, "  help: {help}")?;
        }
        Ok(())
    }
}

/// Collects diagnostics, up to a number of errors.
#[derive(Clone, Debug)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    errors: usize,
    limit: usize,
}

impl Default for Diagnostics {
    fn default() -> Diagnostics {
        Diagnostics::new()
    }
}

impl Diagnostics {
    /// How many errors are kept unless another number is asked for.
    pub const DEFAULT_LIMIT: usize = 20;

    /// An empty sink that keeps [`Diagnostics::DEFAULT_LIMIT`] errors.
    pub fn new() -> Diagnostics {
        Diagnostics::with_limit(Diagnostics::DEFAULT_LIMIT)
    }

    /// An empty sink that keeps `limit` errors. One more is answered by a last diagnostic saying that
    /// there are too many, and from then on nothing is kept.
    pub fn with_limit(limit: usize) -> Diagnostics {
        Diagnostics {
            list: Vec::new(),
            errors: 0,
            limit,
        }
    }

    /// Adds a diagnostic, unless the sink is full.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.is_full() {
            return;
        }
        if diagnostic.severity == Severity::Warning {
            self.list.push(diagnostic);
            return;
        }
        self.errors += 1;
        self.list.push(if self.is_full() {
            let message = format!("stopped after {} errors", self.limit);
            let stop = Diagnostic::error(Code::TooManyErrors, message);
            stop.help("correct the first ones, the others may follow from them")
        } else {
            diagnostic
        });
    }

    /// Whether there were more errors than are kept; work that only finds more may stop.
    pub fn is_full(&self) -> bool {
        self.errors > self.limit
    }

    /// Whether any error was reported.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// All diagnostics, in the order in which they were reported.
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    /// How many diagnostics there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether nothing was reported.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Changes all diagnostics but the first `kept`.
    pub fn amend(&mut self, kept: usize, change: impl Fn(Diagnostic) -> Diagnostic) {
        let later = self.list.split_off(kept.min(self.list.len()));
        self.list.extend(later.into_iter().map(change));
    }

    /// Sorts all diagnostics but the first `kept` by their places; those without one come last.
    pub fn sort_after(&mut self, kept: usize) {
        if let Some(list) = self.list.get_mut(kept..) {
            list.sort_by_key(|diagnostic| (diagnostic.span().is_none(), diagnostic.span()));
        }
    }

    /// All diagnostics, in the order in which they were reported.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.list
    }

    /// Every diagnostic as [`Diagnostic::plain`] shows it.
    pub fn plain(&self, sources: &SourceMap) -> String {
        self.iter().map(|d| d.plain(sources).to_string()).collect()
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, diagnostics: T) {
        for diagnostic in diagnostics {
            self.push(diagnostic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_numbers_are_distinct_sorted_and_well_formed() {
        let numbers: Vec<_> = Code::ALL.iter().map(|code| code.number()).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{numbers:?}");
        for number in numbers {
            let digits = number.strip_prefix('E').unwrap();
            assert!(digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit()));
        }
    }

    #[test]
    fn codes_are_found_by_their_numbers() {
        for code in Code::ALL {
            assert_eq!(Code::from_number(code.number()), Some(*code));
        }
        assert_eq!(Code::from_number("e0110"), Some(Code::UnexpectedToken));
        assert_eq!(Code::from_number("110"), Some(Code::UnexpectedToken));
        for wrong in ["", "E", "E9999", "E01100", "K08", "é"] {
            assert_eq!(Code::from_number(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn plain_form() {
        let mut sources = SourceMap::new();
        let file = sources.add("m.graph", "a\n  b c").unwrap();
        let diagnostic = Diagnostic::error(Code::UnexpectedToken, "expected `=`, found `c`")
            .secondary(Span::new(file, 0, 1), "after this")
            .primary(Span::new(file, 6, 7), "")
            .note("a fact")
            .help("write `=`");
        insta::assert_snapshot!(diagnostic.plain(&sources), @r"
        m.graph:2:5: error[E0110]: expected `=`, found `c`
          m.graph:1:1: after this
          note: a fact
          help: write `=`
        ");
        let nowhere = Diagnostic::warning(Code::UnexpectedToken, "no place")
            .primary(Span::SYNTHETIC, "dropped");
        assert_eq!(
            nowhere.plain(&sources).to_string(),
            "warning[E0110]: no place\n"
        );
    }

    #[test]
    fn long_names_are_not_quoted_whole() {
        let name = "é".repeat(1 << 20);
        let diagnostic = Diagnostic::error(Code::UnknownName, format!("there is no `{name}` here"));
        let diagnostic = diagnostic.note("a ".repeat(1 << 20)).help("as it is");
        let e = |count| "é".repeat(count);
        let expected = format!("there is no `{}…{}` here", e(31), e(31));
        assert_eq!(diagnostic.message, expected);
        assert!(diagnostic.notes[0].len() < MAX_TEXT + 8);
        assert_eq!(diagnostic.help, ["as it is"]);
    }

    #[test]
    fn the_sink_stops_after_its_limit() {
        let mut sink = Diagnostics::with_limit(2);
        for number in 0..5 {
            let message = format!("number {number}");
            sink.push(Diagnostic::error(Code::BadNumber, message));
        }
        assert!(sink.is_full() && sink.has_errors());
        let messages: Vec<_> = sink.iter().map(|d| d.message.as_str()).collect();
        assert_eq!(messages, ["number 0", "number 1", "stopped after 2 errors"]);
    }
}
