//! The command that decides: does it fail on a text as it failed on the original?

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::NamedTempFile;

/// What the command did on a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It ended, in this way.
    Ended(ExitStatus),
    /// It went on for longer than it may, and was killed.
    TimedOut,
}

/// Runs a command on one text after another.
pub(crate) struct Oracle {
    /// The command; where it names the original, it gets the candidate instead.
    command: Vec<OsString>,
    original: OsString,
    /// Beside the original, since what a graph uses is found relative to it.
    candidate: NamedTempFile,
    timeout: Duration,
    /// What the command did on the original.
    wanted: Option<Verdict>,
    runs: usize,
    limit: usize,
}

impl Oracle {
    /// An oracle that asks this command at most `limit` times, and has not asked yet.
    ///
    /// # Errors
    /// If no file can be created beside the original.
    pub(crate) fn new(
        command: Vec<OsString>,
        original: &Path,
        timeout: Duration,
        limit: usize,
    ) -> io::Result<Self> {
        let folder = original
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let candidate = tempfile::Builder::new()
            .prefix("reduce_")
            .suffix(".graph")
            .tempfile_in(folder.unwrap_or(Path::new(".")))?;
        Ok(Self {
            command,
            original: original.as_os_str().to_owned(),
            candidate,
            timeout,
            wanted: None,
            runs: 0,
            limit,
        })
    }

    /// Whether the command names the original at all.
    pub(crate) fn names_the_original(&self) -> bool {
        self.command.contains(&self.original)
    }

    /// How often the command was run.
    pub(crate) fn runs(&self) -> usize {
        self.runs
    }

    /// Whether the command was run as often as it may.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.runs >= self.limit
    }

    /// Runs the command on the original text; what it does is what it has to go on doing.
    ///
    /// # Errors
    /// If the command cannot be started.
    pub(crate) fn begin(&mut self, text: &str) -> io::Result<Verdict> {
        let verdict = self.ask(text)?;
        self.wanted = Some(verdict);
        Ok(verdict)
    }

    /// Whether the command does on a text what it did on the original. When it was run as often as it
    /// may, it does not.
    pub(crate) fn fails_alike(&mut self, text: &str) -> bool {
        if self.is_exhausted() {
            return false;
        }
        self.ask(text).ok() == self.wanted && self.wanted.is_some()
    }

    fn ask(&mut self, text: &str) -> io::Result<Verdict> {
        self.runs += 1;
        std::fs::write(self.candidate.path(), text)?;
        let candidate = self.candidate.path().as_os_str();
        let mut words = self.command.iter().map(|word| -> &OsStr {
            if *word == self.original {
                candidate
            } else {
                word
            }
        });
        let program = words.next().unwrap_or_default();
        let child = Command::new(program)
            .args(words)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        wait(child, self.timeout)
    }
}

/// Waits for a process, but no longer than that.
fn wait(mut child: Child, timeout: Duration) -> io::Result<Verdict> {
    let (start, mut pause) = (Instant::now(), Duration::from_micros(200));
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Verdict::Ended(status));
        }
        if start.elapsed() > timeout {
            child.kill()?;
            child.wait()?;
            return Ok(Verdict::TimedOut);
        }
        thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oracle(script: &str, limit: usize) -> Oracle {
        let folder = tempfile::tempdir().unwrap().keep();
        let path = folder.join("m.graph");
        let words = ["sh", "-c", script, "sh"].map(OsString::from).into_iter();
        let command = words.chain([path.clone().into_os_string()]).collect();
        Oracle::new(command, &path, Duration::from_millis(200), limit).unwrap()
    }

    #[test]
    fn a_text_fails_alike_with_the_same_status() {
        let mut oracle = oracle(
            "grep -q a \"$1\" && exit 3; grep -q b \"$1\" && exit 4; exit 0",
            9,
        );
        assert!(oracle.names_the_original());
        let Verdict::Ended(status) = oracle.begin("a").unwrap() else {
            panic!("it ends");
        };
        assert_eq!(status.code(), Some(3));
        assert!(oracle.fails_alike("ca") && !oracle.fails_alike("b") && !oracle.fails_alike(""));
        assert_eq!(oracle.runs(), 4);
    }

    #[test]
    fn runs_are_bounded_in_number_and_time() {
        let mut oracle = oracle("exit 1", 2);
        oracle.begin("").unwrap();
        assert!(oracle.fails_alike("x") && oracle.is_exhausted());
        assert!(!oracle.fails_alike("y"));
        let mut endless = self::oracle("exec sleep 60", 2);
        assert_eq!(endless.begin("").unwrap(), Verdict::TimedOut);
    }
}
