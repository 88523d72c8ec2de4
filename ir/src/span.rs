//! Source files and places in them.
//!
//! A [`Span`] is a range of bytes in one file of a [`SourceMap`]. Tokens, syntax trees, graph nodes
//! and diagnostics all carry spans, so that a message raised in any stage can show the source that
//! caused it. Nodes made by the compiler itself keep the span of what they were derived from; where
//! there is no source at all, the span is [`Span::SYNTHETIC`].

use std::fmt;

/// A file of a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

impl FileId {
    /// The file of values that no source text stands for. No [`SourceMap`] contains it.
    pub const SYNTHETIC: FileId = FileId(u32::MAX);
}

/// A half-open range of bytes `start..end` of one file. Both ends lie on character boundaries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset one past the last byte; equal to `start` for a place between two characters.
    pub end: u32,
}

impl Span {
    /// The span of what no source text stands for.
    pub const SYNTHETIC: Span = Span {
        file: FileId::SYNTHETIC,
        start: 0,
        end: 0,
    };

    /// The bytes `start..end` of `file`.
    pub fn new(file: FileId, start: u32, end: u32) -> Span {
        Span { file, start, end }
    }

    /// Whether no source text stands behind this span.
    pub fn is_synthetic(self) -> bool {
        self.file == FileId::SYNTHETIC
    }

    /// The smallest span that covers both. Of two spans in different files it is `self`, except that
    /// a synthetic `self` gives way to `other`.
    pub fn to(self, other: Span) -> Span {
        if self.is_synthetic() {
            return other;
        }
        if self.file != other.file {
            return self;
        }
        Span {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }

    /// The empty span just after this one.
    pub fn after(self) -> Span {
        Span {
            start: self.end,
            ..self
        }
    }
}

impl Default for Span {
    fn default() -> Span {
        Span::SYNTHETIC
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_synthetic() {
            write!(f, "synthetic")
        } else {
            write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
        }
    }
}

/// A line and a column as people count them: both from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// One source text with its name.
#[derive(Clone, Debug)]
pub struct SourceFile {
    name: String,
    text: String,
    /// Offset of the first byte of each line; the first is 0.
    line_starts: Vec<u32>,
}

impl SourceFile {
    fn new(name: String, text: String) -> SourceFile {
        let after_newlines = text
            .bytes()
            .zip(1u32..)
            .filter(|&(byte, _)| byte == b'\n')
            .map(|(_, next)| next);
        let line_starts = std::iter::once(0).chain(after_newlines).collect();
        SourceFile {
            name,
            text,
            line_starts,
        }
    }

    /// The name under which messages show this file: a path, or `<stdin>`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Line and column of a byte offset; an offset beyond the end counts as the end.
    pub fn location(&self, offset: u32) -> Location {
        let line = self.line_starts.partition_point(|&start| start <= offset);
        let start = line.checked_sub(1).and_then(|i| self.line_starts.get(i));
        let start = start.map_or(0, |&start| start as usize);
        let end = (offset as usize).min(self.text.len());
        let column = self.text.get(start..end).map_or(0, |t| t.chars().count());
        Location {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
        }
    }
}

/// The text is 4 GiB or longer, more than spans can address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: a source file must be smaller than 4 GiB, this one has {bytes} bytes")]
pub struct SourceTooLarge {
    /// Name of the file.
    pub name: String,
    /// Its size.
    pub bytes: usize,
}

/// All source texts of one run.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    /// A map without files.
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Adds a text under the name that messages will show.
    ///
    /// # Errors
    /// [`SourceTooLarge`] for a text of 4 GiB or more.
    pub fn add(
        &mut self,
        name: impl Into<String>,
        text: impl Into<String>,
    ) -> Result<FileId, SourceTooLarge> {
        let (name, text) = (name.into(), text.into());
        let bytes = text.len();
        if u32::try_from(bytes).is_err() {
            return Err(SourceTooLarge { name, bytes });
        }
        // Each file is smaller than 4 GiB, but their number is bounded by memory alone.
        let Ok(id) = u32::try_from(self.files.len()) else {
            return Err(SourceTooLarge { name, bytes });
        };
        self.files.push(SourceFile::new(name, text));
        Ok(FileId(id))
    }

    /// The file, unless it is synthetic or belongs to another map.
    pub fn file(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    /// The position of a file among [`SourceMap::files`], unless it is synthetic or belongs to another map.
    pub fn number(&self, id: FileId) -> Option<u32> {
        self.file(id).map(|_| id.0)
    }

    /// All files, in the order in which they were added.
    pub fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// The text that a span covers; empty for a synthetic span.
    pub fn text(&self, span: Span) -> &str {
        self.file(span.file)
            .and_then(|file| file.text.get(span.start as usize..span.end as usize))
            .unwrap_or("")
    }

    /// Name of the file, and the line and column where the span starts.
    pub fn location(&self, span: Span) -> Option<(&str, Location)> {
        let file = self.file(span.file)?;
        Some((file.name(), file.location(span.start)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_count_characters_from_one() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.graph", "x = 1\n// é\ny").unwrap();
        let at = |offset| {
            let (_, location) = sources
                .location(Span::new(file, offset, offset + 1))
                .unwrap();
            (location.line, location.column)
        };
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(4), (1, 5));
        assert_eq!(at(5), (1, 6), "a newline belongs to the line that it ends");
        assert_eq!(at(6), (2, 1));
        assert_eq!(at(11), (2, 5), "é is one column though it is two bytes");
        assert_eq!(at(12), (3, 1));
        assert_eq!(at(999), (3, 2), "beyond the end is the end");
    }

    #[test]
    fn covering_spans() {
        let mut sources = SourceMap::new();
        let file = sources.add("a", "0123456789").unwrap();
        let (a, b) = (Span::new(file, 1, 3), Span::new(file, 5, 8));
        assert_eq!(sources.text(a.to(b)), "1234567");
        assert_eq!(sources.text(b.to(a)), "1234567");
        assert_eq!(Span::SYNTHETIC.to(a), a);
        assert_eq!(a.to(Span::SYNTHETIC), a);
        assert_eq!(sources.text(Span::SYNTHETIC), "");
        assert_eq!(a.after(), Span::new(file, 3, 3));
    }
}
