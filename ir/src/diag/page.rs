//! The pages that explain diagnostics.
//!
//! A page is Markdown: prose, then examples in fenced blocks that are marked by their language and
//! role. ` ```graph wrong ` is refused with the page's code and no other, ` ```graph mended ` compiles.
//! Where the command line matters, ` ```graph given ` is a file `model.graph`, and ` ```sh wrong ` and
//! ` ```sh mended ` are commands beside it. The tests of the program run all of them.

use super::Code;
use std::fmt;

/// What an example is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// The graph language: a whole file.
    Graph,
    /// Commands for a shell, line by line.
    Shell,
}

/// What an example shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The file `model.graph` that the commands are about.
    Given,
    /// What is refused.
    Wrong,
    /// What is accepted in its place.
    Mended,
}

impl Role {
    /// The heading over such an example.
    fn heading(self) -> &'static str {
        match self {
            Role::Given => "With `model.graph`:",
            Role::Wrong => "Wrong:",
            Role::Mended => "Mended:",
        }
    }
}

/// A part of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Paragraphs.
    Prose(&'static str),
    /// An example.
    Example {
        /// What it is written in.
        language: Language,
        /// What it shows.
        role: Role,
        /// Its text, each line with its end.
        text: &'static str,
    },
}

/// The page of one code, as it is displayed in a terminal: examples are indented under headings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    source: &'static str,
}

const FENCE: &str = "```";

impl Page {
    pub(super) fn new(source: &'static str) -> Page {
        Page { source }
    }

    /// The page as Markdown.
    pub fn markdown(&self) -> &'static str {
        self.source
    }

    /// The parts in order. A block whose mark is none of the above counts as prose.
    pub fn parts(&self) -> Vec<Part> {
        let mut parts = Vec::new();
        // Fences part prose from blocks: every second piece is a block with its mark.
        for (index, piece) in self.source.split(FENCE).enumerate() {
            let block = (index % 2 == 1).then(|| example(piece)).flatten();
            let prose = piece.trim_matches('\n');
            match block {
                Some(example) => parts.push(example),
                None if prose.is_empty() => {}
                None => parts.push(Part::Prose(prose)),
            }
        }
        parts
    }
}

fn example(block: &'static str) -> Option<Part> {
    let (mark, text) = block.split_once('\n')?;
    let (language, role) = mark.split_once(' ')?;
    let language = match language {
        "graph" => Language::Graph,
        "sh" => Language::Shell,
        _ => return None,
    };
    let role = match role {
        "given" => Role::Given,
        "wrong" => Role::Wrong,
        "mended" => Role::Mended,
        _ => return None,
    };
    Some(Part::Example {
        language,
        role,
        text,
    })
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts().into_iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            match part {
                Part::Prose(prose) => writeln!(f, "{prose}")?,
                Part::Example { role, text, .. } => {
                    writeln!(f, "{}\n", role.heading())?;
                    for line in text.lines() {
                        let indent = if line.is_empty() { "" } else { "    " };
                        writeln!(f, "{indent}{line}")?;
                    }
                }
            }
        }
        Ok(())
    }
}

/// All pages as one Markdown document, by code.
pub fn reference() -> String {
    let mut text = String::from(
        "# Diagnostics\n\n\
         Every message of lgc has a code, which `lgc explain CODE` explains as this page does. It is written \
         by\n`cargo run -p lgc-ir --example diagnostic-reference`.\n",
    );
    for code in Code::ALL {
        text += &format!("\n## {code}: {}\n\n", code.title());
        for (index, part) in code.page().parts().into_iter().enumerate() {
            let space = if index > 0 { "\n" } else { "" };
            text += space;
            match part {
                Part::Prose(prose) => text += &format!("{prose}\n"),
                Part::Example {
                    language,
                    role,
                    text: example,
                } => {
                    let language = match language {
                        Language::Graph => "graph",
                        Language::Shell => "sh",
                    };
                    let heading = role.heading();
                    text += &format!("{heading}\n\n{FENCE}{language}\n{example}{FENCE}\n");
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_consist_of_prose_and_examples() {
        let page =
            Page::new("Why.\n\n```graph wrong\na\n\nb\n```\n\n```sh mended\nls\n```\n\nMore.\n");
        let shown = |role, language, text| Part::Example {
            language,
            role,
            text,
        };
        let expected = [
            Part::Prose("Why."),
            shown(Role::Wrong, Language::Graph, "a\n\nb\n"),
            shown(Role::Mended, Language::Shell, "ls\n"),
            Part::Prose("More."),
        ];
        assert_eq!(page.parts(), expected);
        insta::assert_snapshot!(page, @r"
        Why.

        Wrong:

            a

            b

        Mended:

            ls

        More.
        ");
    }

    #[test]
    fn every_page_begins_with_prose_and_every_block_is_marked() {
        for code in Code::ALL {
            let parts = code.page().parts();
            assert!(matches!(parts.first(), Some(Part::Prose(_))), "{code}");
            let examples = parts.iter().filter(|p| matches!(p, Part::Example { .. }));
            let fences = code.page().markdown().matches(FENCE).count();
            assert_eq!(examples.count() * 2, fences, "{code}");
        }
    }
}
