//! Tokens: the words of the language, each with how it is written and what messages call it.

/// A piece of source text. The file is known from the context; offsets are in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Whether a line ends between the previous token and this one.
    pub on_new_line: bool,
    /// Offset of its first byte.
    pub start: u32,
    /// Offset one past its last byte.
    pub end: u32,
}

macro_rules! tokens {
    (
        variable { $($variable:ident $called:literal $doc:literal;)* }
        keywords { $($keyword:ident $word:literal $meaning:literal;)* }
        symbols { $($symbol:ident $text:literal;)* }
    ) => {
        /// The kinds of tokens.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum TokenKind {
            $(#[doc = $doc] $variable,)*
            $(#[doc = concat!("`", $word, "`: ", $meaning, ".")] $keyword,)*
            $(#[doc = concat!("`", $text, "`.")] $symbol,)*
        }

        impl TokenKind {
            /// All reserved words with what they are for.
            pub const KEYWORDS: &'static [(&'static str, TokenKind, &'static str)] =
                &[$(($word, TokenKind::$keyword, $meaning),)*];

            /// What messages call a token of this kind, quoted if it is written in one way only.
            pub fn description(self) -> &'static str {
                match self {
                    $(TokenKind::$variable => $called,)*
                    $(TokenKind::$keyword => concat!("`", $word, "`"),)*
                    $(TokenKind::$symbol => concat!("`", $text, "`"),)*
                }
            }

            /// The reserved word that a name is, if it is one.
            pub fn keyword(name: &str) -> Option<TokenKind> {
                match name {
                    $($word => Some(TokenKind::$keyword),)*
                    _ => None,
                }
            }
        }
    };
}

tokens! {
    variable {
        Name "a name" "A name: a letter or `_`, then letters, digits and `_`.";
        Int "an integer" "An integer, decimal or hexadecimal, digits perhaps parted by `_`.";
        Float "a number" "A number with a fraction or an exponent.";
        String "a string" "A string in double quotes, on one line.";
        Doc "a doc comment" "A line that begins with `///`.";
        FileDoc "a doc comment of the file" "A line that begins with `//!`, at the top of a file.";
        Unknown "an unknown character" "Text without a meaning, reported when it was read.";
        End "the end of the file" "The end of the text.";
    }
    keywords {
        Graph "graph" "a function of tensors";
        Entry "entry" "an exported graph";
        Struct "struct" "a named tuple of tensors";
        Dim "dim" "a named size";
        Inout "inout" "a parameter that is updated in place";
        True "true" "the truth value";
        False "false" "the truth value";
        If "if" "a condition known at compile time";
        Else "else" "what is meant where a condition does not hold";
        For "for" "a loop unrolled at compile time";
        In "in" "what a loop runs over";
        With "with" "what a loop carries from turn to turn";
        While "while" "reserved for loops that end by a condition at run time";
        Use "use" "what another file declares";
    }
    symbols {
        OpenParen "(";
        CloseParen ")";
        OpenBracket "[";
        CloseBracket "]";
        OpenBrace "{";
        CloseBrace "}";
        Comma ",";
        Colon ":";
        Semicolon ";";
        DotDot "..";
        Dot ".";
        Prime "'";
        Arrow "->";
        Equal "=";
        EqualEqual "==";
        BangEqual "!=";
        Less "<";
        LessEqual "<=";
        Greater ">";
        GreaterEqual ">=";
        Plus "+";
        Minus "-";
        Star "*";
        StarStar "**";
        Slash "/";
        Percent "%";
        At "@";
        Bang "!";
        Pipe "|";
        PipePipe "||";
        Caret "^";
        Ampersand "&";
        AmpersandAmpersand "&&";
        LessLess "<<";
        GreaterGreater ">>";
    }
}

impl TokenKind {
    /// Whether this word and the next token begin an item of a file. Since items begin with reserved
    /// words, readers find their way again here after an error.
    pub fn begins_item(self, next: TokenKind) -> bool {
        let named = matches!(next, TokenKind::Name | TokenKind::String);
        named
            && matches!(
                self,
                TokenKind::Graph
                    | TokenKind::Entry
                    | TokenKind::Struct
                    | TokenKind::Dim
                    | TokenKind::Use
            )
    }

    /// The closing bracket that belongs to this opening one.
    pub fn closing(self) -> Option<TokenKind> {
        if self == TokenKind::OpenParen {
            Some(TokenKind::CloseParen)
        } else if self == TokenKind::OpenBracket {
            Some(TokenKind::CloseBracket)
        } else if self == TokenKind::OpenBrace {
            Some(TokenKind::CloseBrace)
        } else {
            None
        }
    }

    /// Whether this is a closing bracket.
    pub fn is_closing(self) -> bool {
        matches!(
            self,
            TokenKind::CloseParen | TokenKind::CloseBracket | TokenKind::CloseBrace
        )
    }
}
