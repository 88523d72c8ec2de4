//! Messages on standard input and output, as the base protocol of language servers frames them.
//!
//! What a client announces is not trusted: memory is taken as bytes come. Editors that count in UTF-16 may
//! send half of a character, which JSON can write (`\ud800`) and texts cannot hold; such a half is read as
//! U+FFFD, the sign for what cannot be shown.

use crate::output;
use lsp_server::{Connection, Message};
use std::io::{self, BufRead, ErrorKind, Read};
use std::thread::{self, JoinHandle};

/// No message has more bytes than this.
const MAX_MESSAGE: u64 = 1 << 28;
/// No line of a message's header has more.
const MAX_LINE: u64 = 1 << 12;

/// So many messages wait to be handled, and so many to be written; then the client waits. Typing sends one after
/// another, of which the last counts: a few must be seen to wait.
const WAITING: usize = 16;

/// The threads that read and write, until the connection is dropped.
pub(super) struct Threads([JoinHandle<io::Result<()>>; 2]);

impl Threads {
    /// Waits for the end.
    ///
    /// # Errors
    /// Why messages could no longer be read or written.
    pub(super) fn join(self) -> io::Result<()> {
        let gone = |_| Err(io::Error::other("a thread of the server has panicked"));
        let ends = self.0.map(|thread| thread.join().unwrap_or_else(gone));
        ends.into_iter().collect()
    }
}

/// A connection over standard input and output.
///
/// # Errors
/// If a thread cannot be started.
pub(super) fn open() -> io::Result<(Connection, Threads)> {
    let (sender, incoming) = crossbeam_channel::bounded(WAITING);
    let (outgoing, receiver) = crossbeam_channel::bounded(WAITING);
    let ours = Connection {
        sender: outgoing,
        receiver: incoming,
    };
    let writer = thread::Builder::new().spawn(move || {
        let mut sink = output::stream();
        let mut messages = receiver.into_iter();
        messages.try_for_each(|message| message.write(&mut sink))
    })?;
    let reader = thread::Builder::new().spawn(move || {
        let mut source = io::stdin().lock();
        while let Some(message) = read(&mut source)? {
            let last = matches!(&message, Message::Notification(it) if it.method == "exit");
            if sender.send(message).is_err() || last {
                break;
            }
        }
        Ok(())
    })?;
    Ok((ours, Threads([reader, writer])))
}

fn malformed(reason: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, reason.into())
}

/// The next message; none at the end.
fn read(source: &mut impl BufRead) -> io::Result<Option<Message>> {
    let Some(size) = read_header(source)? else {
        return Ok(None);
    };
    if size > MAX_MESSAGE {
        let message = format!("a message of {size} bytes; {MAX_MESSAGE} are the most");
        return Err(malformed(message));
    }
    let mut bytes = Vec::new();
    source.take(size).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < size {
        return Err(malformed("the input ends within a message"));
    }
    let text = String::from_utf8(bytes).map_err(|_| malformed("a message that is not UTF-8"))?;
    parse(&text).map(Some)
}

/// The length of the message that follows; none at the end of the input.
fn read_header(source: &mut impl BufRead) -> io::Result<Option<u64>> {
    const LENGTH: &str = "content-length";
    let mut size = None;
    let mut is_first = true;
    loop {
        let mut line = String::new();
        if source.take(MAX_LINE).read_line(&mut line)? == 0 {
            return match is_first {
                true => Ok(None),
                false => Err(malformed("the input ends within a header")),
            };
        }
        is_first = false;
        let Some(line) = line.strip_suffix("\r\n") else {
            return Err(malformed("a header without a line end"));
        };
        if line.is_empty() {
            return size.map(Some).ok_or_else(|| malformed("no Content-Length"));
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(malformed("a header without a colon"));
        };
        if name.eq_ignore_ascii_case(LENGTH) {
            let number = value.trim().parse().ok();
            size = Some(number.ok_or_else(|| malformed("a Content-Length that is no number"))?);
        }
    }
}

fn parse(text: &str) -> io::Result<Message> {
    let parsed = match serde_json::from_str(text) {
        Ok(message) => Ok(message),
        Err(_) => serde_json::from_str(&without_halves(text)),
    };
    parsed.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        malformed(format!("a message that is none, at {line}:{column}"))
    })
}

/// A text of JSON with U+FFFD in place of each escaped half of a character without the other.
fn without_halves(text: &str) -> String {
    let mut whole = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        whole.push_str(before);
        let length = match (half(escape), half(escape.get(6..).unwrap_or_default())) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                whole.push_str("\\ufffd");
                rest = escape.get(6..).unwrap_or_default();
                continue;
            }
            // A backslash and what it escapes.
            _ => 1 + escape.chars().nth(1).map_or(0, char::len_utf8),
        };
        let (kept, after) = escape.split_at(length);
        whole.push_str(kept);
        rest = after;
    }
    whole + rest
}

/// The number that a text begins with as `\u` and four digits.
fn half(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(input: &str) -> String {
        read(&mut input.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn halves_of_characters_are_replaced_and_nothing_else() {
        for (text, whole) in [
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud800""#, r#""\ufffd""#),
            (
                r#""\ude00\ud83d\ud83d\ude00\n""#,
                r#""\ufffd\ufffd\ud83d\ude00\n""#,
            ),
            (r#""\\ud800 \u12""#, r#""\\ud800 \u12""#),
            (r#""\"#, r#""\"#),
            (r#""\é\ud800é""#, r#""\é\ufffdé""#),
        ] {
            assert_eq!(without_halves(text), whole);
        }
    }

    #[test]
    fn what_is_announced_is_not_trusted() {
        let most = format!("Content-Length: {}\r\n\r\n{{", MAX_MESSAGE);
        let long = format!("Content-Length: 1{}\r\n\r\n", " ".repeat(5000));
        let messages = [
            "Content-Length: 100000000000\r\n\r\n",
            "Content-Length: 99999999999999999999\r\n\r\n",
            &most,
            &long,
            "Content-Type: x\r\n\r\n",
            "nothing\r\n\r\n",
            "Content-Length: 4\r\n\r\nnull",
            "Content-Length: 4\r\n",
        ];
        insta::assert_snapshot!(messages.map(failure).join("\n"), @r"
        a message of 100000000000 bytes; 268435456 are the most
        a Content-Length that is no number
        the input ends within a message
        a header without a line end
        no Content-Length
        a header without a colon
        a message that is none, at 0:0
        the input ends within a header
        ");
        assert!(read(&mut &b""[..]).unwrap().is_none());
    }
}
