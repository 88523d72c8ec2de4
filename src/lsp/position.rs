//! Places as the protocol counts them: lines from 0, and in a line UTF-16 units or, if the client can,
//! bytes.

use lgc_ir::span::{SourceMap, Span};
use lsp_types::{Position, PositionEncodingKind, Range};

/// What the columns of a client count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// UTF-16 units, which every client can count.
    Utf16,
}

impl Encoding {
    /// The best that a client offers.
    pub(super) fn choose(offered: Option<&[PositionEncodingKind]>) -> Self {
        let utf8 = offered.is_some_and(|kinds| kinds.contains(&PositionEncodingKind::UTF8));
        if utf8 { Self::Utf8 } else { Self::Utf16 }
    }

    /// The name in the protocol.
    pub(super) fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    fn width(self, character: char) -> usize {
        match self {
            Self::Utf8 => character.len_utf8(),
            Self::Utf16 => character.len_utf16(),
        }
    }

    /// The place of a byte offset; beyond the end is the end.
    pub(super) fn position(self, text: &str, offset: usize) -> Position {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.bytes().filter(|&byte| byte == b'\n').count();
        let line_before = before.get(line_start..).unwrap_or_default();
        let column = line_before.chars().map(|c| self.width(c)).sum();
        Position::new(number(line), number(column))
    }

    /// The byte offset of a place. A column beyond its line is the line's end; a line beyond the text is
    /// the text's end.
    pub(super) fn offset(self, text: &str, position: Position) -> usize {
        let mut start = 0;
        for _ in 0..position.line {
            match text.get(start..).and_then(|rest| rest.find('\n')) {
                Some(newline) => start += newline + 1,
                None => return text.len(),
            }
        }
        let line = text.get(start..).unwrap_or_default();
        let mut remaining = position.character as usize;
        for (at, character) in line.char_indices() {
            let width = self.width(character);
            if character == '\n' || remaining < width {
                return start + at;
            }
            remaining -= width;
        }
        text.len()
    }

    /// The range of a span in its file.
    pub(super) fn range(self, sources: &SourceMap, span: Span) -> Range {
        let text = sources.file(span.file).map_or("", |file| file.text());
        let place = |offset: u32| self.position(text, offset as usize);
        Range::new(place(span.start), place(span.end))
    }
}

/// Sources are smaller than 4 GiB.
fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_positions_are_inverse() {
        let text = "a\n  é𝕏b\n\nlast";
        for encoding in [Encoding::Utf8, Encoding::Utf16] {
            for (offset, _) in text.char_indices() {
                let position = encoding.position(text, offset);
                assert_eq!(encoding.offset(text, position), offset, "{position:?}");
            }
        }
        let at_b = text.find('b').unwrap();
        assert_eq!(Encoding::Utf8.position(text, at_b), Position::new(1, 8));
        assert_eq!(Encoding::Utf16.position(text, at_b), Position::new(1, 5));
    }

    #[test]
    fn places_beyond_the_text_are_clamped() {
        let text = "ab\ncd";
        let offset = |line, column| Encoding::Utf16.offset(text, Position::new(line, column));
        assert_eq!((offset(0, 99), offset(1, 99), offset(9, 0)), (2, 5, 5));
        // The middle of a surrogate pair is the place before it.
        assert_eq!(Encoding::Utf16.offset("𝕏", Position::new(0, 1)), 0);
    }
}
