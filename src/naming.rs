//! The name of a library: the prefix of everything that it exports.

use crate::{Failure, Origin};
use lgc_ir::diag::{Code, Diagnostic};
use std::path::Path;

/// The name that the user gave, or else that of the source file, or else (for standard input) that
/// of the output. Of a file's name the directory and the suffix are left out, and what is neither
/// an ASCII letter nor a digit becomes `_`.
///
/// # Errors
/// If that leaves no name that C can spell.
pub(crate) fn library_name(
    given: Option<&str>,
    origin: &Origin,
    output: Option<&Path>,
) -> Result<String, Failure> {
    if let Some(name) = given {
        // The C interface checks it with all other names.
        return Ok(name.to_owned());
    }
    let Some(path) = origin.path().or(output) else {
        return Ok("model".to_owned());
    };
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name: String = stem.chars().map(letter_or_underscore).collect();
    let begins = name.starts_with(|first: char| first.is_ascii_alphabetic());
    if begins && !name.contains("__") && !name.ends_with('_') {
        return Ok(name);
    }
    let why = match begins {
        false => "which C cannot spell: names of C begin with a letter".to_owned(),
        true => format!("which is `{name}` in C, and C++ reserves such names"),
    };
    let message = format!("the library would be called `{stem}` as its file is, {why}");
    let help = "give it a name with `--name NAME`";
    Err(Failure::new(
        Diagnostic::error(Code::NoInterface, message).help(help),
    ))
}

fn letter_or_underscore(character: char) -> char {
    if character.is_ascii_alphanumeric() {
        character
    } else {
        '_'
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(file: &str) -> Option<String> {
        library_name(None, &Origin::File(file.into()), None).ok()
    }

    #[test]
    fn files_name_their_libraries() {
        assert_eq!(name("a/digits.graph").as_deref(), Some("digits"));
        assert_eq!(name("my-model.v2.graph").as_deref(), Some("my_model_v2"));
        assert_eq!(name("2d.graph"), None);
        for reserved in ["λ.graph", "größe.graph", "net_.graph", "a--b.graph"] {
            assert_eq!(name(reserved), None, "{reserved}");
        }
        let origin = Origin::File("2d.graph".into());
        let given = library_name(Some("plane"), &origin, None);
        assert_eq!(given.ok().as_deref(), Some("plane"));
        let piped = library_name(None, &Origin::Stdin, Some(Path::new("out/net.so")));
        assert_eq!(piped.ok().as_deref(), Some("net"));
    }
}
