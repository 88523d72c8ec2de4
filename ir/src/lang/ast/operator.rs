//! The operators: how they are written and how they bind.

/// The prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    /// `-`
    Neg,
    /// `!`: logical of bool, bitwise of integers.
    Not,
}

impl UnaryOp {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            UnaryOp::Neg => "-",
            UnaryOp::Not => "!",
        }
    }
}

/// How an operator groups with operators of the same precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Associativity {
    /// `a - b - c` is `(a - b) - c`.
    Left,
    /// `a ** b ** c` is `a ** (b ** c)`.
    Right,
    /// `a < b < c` is an error.
    None,
}

/// How tightly an operator binds: the greater, the tighter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Precedence(u8);

impl Precedence {
    /// Of conditions: looser than all operators.
    pub const LOOSEST: Precedence = Precedence(0);
    /// Of the prefix operators: tighter than all infix operators but `**`.
    pub const PREFIX: Precedence = Precedence(10);
    /// Of names, literals, brackets, and of calls and fields: tighter than all operators.
    pub const POSTFIX: Precedence = Precedence(12);
}

macro_rules! binary_ops {
    ($($name:ident $symbol:literal $token:ident $level:literal $associativity:ident;)*) => {
        /// The infix operators.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum BinaryOp {
            $(#[doc = concat!("`", $symbol, "`")] $name,)*
        }

        impl BinaryOp {
            /// Every operator, loosest first.
            pub const ALL: &'static [BinaryOp] = &[$(BinaryOp::$name,)*];

            /// How it is written.
            pub fn symbol(self) -> &'static str {
                match self { $(BinaryOp::$name => $symbol,)* }
            }

            /// How tightly it binds.
            pub fn precedence(self) -> Precedence {
                match self { $(BinaryOp::$name => Precedence($level),)* }
            }

            /// How it groups with operators of its own precedence.
            pub fn associativity(self) -> Associativity {
                match self { $(BinaryOp::$name => Associativity::$associativity,)* }
            }

            /// The operator that a token is.
            pub(in crate::lang) fn of_token(kind: crate::lang::token::TokenKind) -> Option<BinaryOp> {
                $(if kind == crate::lang::token::TokenKind::$token {
                    return Some(BinaryOp::$name);
                })*
                None
            }
        }
    };
}

binary_ops! {
    Or "||" PipePipe 1 Left;
    And "&&" AmpersandAmpersand 2 Left;
    Eq "==" EqualEqual 3 None;
    Ne "!=" BangEqual 3 None;
    Lt "<" Less 3 None;
    Le "<=" LessEqual 3 None;
    Gt ">" Greater 3 None;
    Ge ">=" GreaterEqual 3 None;
    BitOr "|" Pipe 4 Left;
    BitXor "^" Caret 5 Left;
    BitAnd "&" Ampersand 6 Left;
    Shl "<<" LessLess 7 Left;
    Shr ">>" GreaterGreater 7 Left;
    Add "+" Plus 8 Left;
    Sub "-" Minus 8 Left;
    Mul "*" Star 9 Left;
    Div "/" Slash 9 Left;
    Rem "%" Percent 9 Left;
    MatMul "@" At 9 Left;
    Pow "**" StarStar 11 Right;
}
