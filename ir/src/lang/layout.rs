//! Line breaking for the printer.
//!
//! The printer describes a text as a sequence of [`Piece`]s in nested groups. A group is written on one
//! line if it fits; otherwise its breaks become line ends: all of them, but for those marked as
//! filling, which only break where the next stretch would not fit. Widths are summed up beforehand, so
//! layout takes linear time however deeply groups are nested.

use std::borrow::Cow;

/// Longest line, in characters, unless there is no place to break.
pub(super) const MAX_WIDTH: usize = 100;
const INDENT: usize = 4;

/// A part of a text to be laid out.
pub(super) enum Piece<'a> {
    /// Written as it is.
    Text(Cow<'a, str>),
    /// Written as it is, though no line is broken for its sake.
    Comment(&'a str),
    /// Begins a group.
    Open,
    /// Ends the innermost group.
    Close,
    /// Lines that begin after this are indented one step more.
    Indent,
    /// Ends the innermost indentation.
    Dedent,
    /// What is given if the group fits on a line, otherwise a line end.
    Break(&'static str),
    /// A space, or a line end if the group is broken and what follows does not fit.
    Fill,
    /// Written only if the group is broken.
    IfBroken(&'static str),
    /// A line end, which breaks all groups around it.
    Hard,
}

impl Piece<'_> {
    fn flat_width(&self) -> usize {
        match self {
            Piece::Text(text) => text.chars().count(),
            Piece::Break(flat) => flat.len(),
            Piece::Fill => 1,
            Piece::Comment(_)
            | Piece::Open
            | Piece::Close
            | Piece::Indent
            | Piece::Dedent
            | Piece::IfBroken(_)
            | Piece::Hard => 0,
        }
    }

    fn may_break(&self) -> bool {
        matches!(self, Piece::Break(_) | Piece::Fill | Piece::Hard)
    }
}

/// Lays the pieces out. Lines end with `\n`, without spaces before it.
pub(super) fn layout(pieces: &[Piece<'_>]) -> String {
    let mut writer = Writer {
        out: String::new(),
        column: 0,
        indent: 0,
        line_indent: 0,
        line_begins: true,
    };
    let widths = Widths::new(pieces);
    // Whether each group around this place is broken; outside of all groups, lines break freely.
    let mut broken = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let in_broken = broken.last().copied().unwrap_or(true);
        match piece {
            Piece::Text(text) => writer.text(text),
            Piece::Comment(text) => writer.text(text),
            Piece::Open => broken.push(in_broken && !widths.fits(index, writer.column())),
            Piece::Close => {
                broken.pop();
            }
            Piece::Indent => writer.indent += 1,
            Piece::Dedent => writer.dedent(),
            Piece::Break(flat) if !in_broken => writer.text(flat),
            Piece::Fill if !in_broken || widths.begins_well(index, writer.column()) => {
                writer.text(" ")
            }
            Piece::Break(_) | Piece::Fill | Piece::Hard => writer.line_end(),
            Piece::IfBroken(text) if in_broken => writer.text(text),
            Piece::IfBroken(_) => {}
        }
    }
    writer.out
}

struct Writer {
    out: String,
    column: usize,
    indent: usize,
    /// Indentation of this line: set when it began, though lessened before its first text.
    line_indent: usize,
    line_begins: bool,
}

impl Writer {
    fn column(&self) -> usize {
        if self.line_begins {
            self.line_indent * INDENT
        } else {
            self.column
        }
    }

    fn text(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        if self.line_begins {
            self.column = self.line_indent * INDENT;
            self.out.extend(std::iter::repeat_n(' ', self.column));
            self.line_begins = false;
        }
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn line_end(&mut self) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
        self.line_begins = true;
        self.line_indent = self.indent;
    }

    fn dedent(&mut self) {
        self.indent = self.indent.saturating_sub(1);
        if self.line_begins {
            self.line_indent = self.line_indent.min(self.indent);
        }
    }
}

fn at(list: &[usize], index: usize) -> usize {
    list.get(index).copied().unwrap_or(0)
}

/// What lies ahead of each piece.
struct Widths {
    /// Width of all pieces before this one on one line.
    before: Vec<usize>,
    /// Line ends that must be, before this piece.
    hard_before: Vec<usize>,
    /// For an opening, its closing; for a filling break, the next break of its group or its closing.
    stretch: Vec<usize>,
    /// The next piece, this one or after it, that may end a line.
    next_break: Vec<usize>,
}

impl Widths {
    fn new(pieces: &[Piece<'_>]) -> Widths {
        let hard = pieces.iter().map(|piece| matches!(piece, Piece::Hard));
        Widths {
            before: running_sums(pieces.iter().map(Piece::flat_width)),
            hard_before: running_sums(hard.map(usize::from)),
            stretch: stretches(pieces),
            next_break: next_breaks(pieces),
        }
    }

    /// Whether the stretch that begins at a piece, and what clings to its end, fits from `column` on.
    fn fits(&self, index: usize, column: usize) -> bool {
        let end = at(&self.stretch, index);
        let cling = at(&self.next_break, end);
        let width = at(&self.before, cling).saturating_sub(at(&self.before, index));
        at(&self.hard_before, end) == at(&self.hard_before, index) && column + width <= MAX_WIDTH
    }

    /// Whether a stretch fits, or must be broken anyway and fits as far as to its first break.
    fn begins_well(&self, index: usize, column: usize) -> bool {
        let end = at(&self.stretch, index);
        if at(&self.hard_before, end) == at(&self.hard_before, index) {
            return self.fits(index, column);
        }
        let first_break = at(&self.next_break, index + 1);
        let width = at(&self.before, first_break).saturating_sub(at(&self.before, index));
        column + width <= MAX_WIDTH
    }
}

/// The sum of the values before each place, and of all.
fn running_sums(values: impl Iterator<Item = usize>) -> Vec<usize> {
    let running = values.scan(0, |sum, value| {
        *sum += value;
        Some(*sum)
    });
    std::iter::once(0).chain(running).collect()
}

fn stretches(pieces: &[Piece<'_>]) -> Vec<usize> {
    let mut stretch = vec![pieces.len(); pieces.len()];
    let mut set = |from: Option<usize>, to: usize| {
        if let Some(entry) = from.and_then(|index| stretch.get_mut(index)) {
            *entry = to;
        }
    };
    // For each group around a place: its opening, and the last filling break in it.
    let mut groups: Vec<(usize, Option<usize>)> = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        if matches!(piece, Piece::Open) {
            groups.push((index, None));
        } else if matches!(piece, Piece::Close) {
            if let Some((opening, last)) = groups.pop() {
                set(Some(opening), index);
                set(last, index);
            }
        } else if piece.may_break()
            && let Some((_, last)) = groups.last_mut()
        {
            set(last.take(), index);
            *last = matches!(piece, Piece::Fill).then_some(index);
        }
    }
    stretch
}

fn next_breaks(pieces: &[Piece<'_>]) -> Vec<usize> {
    let mut next = vec![pieces.len(); pieces.len() + 1];
    let mut last = pieces.len();
    for ((index, piece), entry) in pieces.iter().enumerate().zip(&mut next).rev() {
        if piece.may_break() {
            last = index;
        }
        *entry = last;
    }
    next
}
