//! Standard output, which carries only what was asked for.

use crate::Failure;
use std::io::{self, Write};

/// Writes a text to standard output, whole.
///
/// # Errors
/// If that fails; a reader that has gone is [`Failure::Closed`].
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}

/// Standard output for messages of a protocol.
pub(crate) fn stream() -> io::Stdout {
    io::stdout()
}

/// Writes a line to standard error. That it cannot be written is no reason to stop.
pub(crate) fn remark(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
