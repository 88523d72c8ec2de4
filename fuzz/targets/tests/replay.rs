//! Every target on its committed corpus, and on a bounded number of mutations of it.
//!
//! The mutations depend on a seed and on nothing else. `LGC_FUZZ_RUNS` is how many there are for each
//! target, `LGC_FUZZ_SEED` chooses others. An input that fails is in the message and in the file that
//! the message names; it belongs into the corpus, beside the mended code.

#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::print_stderr, reason = "figures that `--nocapture` shows")]

use lgc_fuzz_targets::{TARGETS, Target};
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// No input may take longer than this, in a test build on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);
/// No input grows beyond this.
const MAX_BYTES: usize = 4096;

/// A setting of the environment.
fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(default, |value| value.parse().unwrap())
}

/// Numbers that depend on a seed alone: SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % (bound.max(1) as u64)).unwrap()
    }

    fn choose<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// A range of a text that begins anywhere and is mostly short.
    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let most = if self.below(4) == 0 { length } else { 24 };
        let size = self.below(most + 1).min(length - start);
        start..start + size
    }
}

fn corpus(name: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../corpus")
        .join(name);
    let files = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut files: Vec<PathBuf> = files.collect();
    files.sort();
    files
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .collect()
}

/// The words of the corpus, which mutations of text put together anew.
fn words(corpus: &[(PathBuf, Vec<u8>)]) -> Vec<Vec<u8>> {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut words: Vec<Vec<u8>> = corpus
        .iter()
        .flat_map(|(_, bytes)| bytes.chunk_by(|a, b| is_word(a) == is_word(b)))
        .filter(|word| word.len() <= 24)
        .map(<[u8]>::to_vec)
        .collect();
    let extreme = [
        "0",
        "1",
        "-1",
        "255",
        "256",
        "4294967296",
        "18446744073709551615",
        "1e999",
        "\0",
    ];
    words.extend(extreme.map(|word| word.as_bytes().to_vec()));
    words.sort();
    words.dedup();
    words
}

/// Changes an input in one place or a few.
fn mutate(
    input: &mut Vec<u8>,
    random: &mut Random,
    corpus: &[(PathBuf, Vec<u8>)],
    words: &[Vec<u8>],
) {
    for _ in 0..1 + random.below(4) {
        let range = random.range(input.len());
        match random.below(7) {
            0 => {
                input.drain(range);
            }
            1 => {
                let copy = input[range].to_vec();
                let at = random.below(input.len() + 1);
                input.splice(at..at, copy);
            }
            2 => {
                let word = random.choose(words).clone();
                input.splice(range.start..range.start, word);
            }
            3 => {
                let word = random.choose(words).clone();
                input.splice(range, word);
            }
            4 => {
                let other = &random.choose(corpus).1;
                let piece = other[random.range(other.len())].to_vec();
                input.splice(range, piece);
            }
            5 if !input.is_empty() => {
                let at = random.below(input.len());
                input[at] ^= 1 << random.below(8);
            }
            _ => {
                let byte = u8::try_from(random.below(256)).unwrap();
                input.splice(range.start..range.start, [byte]);
            }
        }
    }
    input.truncate(MAX_BYTES);
}

/// Runs a target on an input, which is in a file meanwhile, in case the process ends.
fn run((name, target): Target, input: &[u8], from: &str) {
    let trace = std::env::temp_dir().join(format!("lgc-fuzz-{name}-{}", std::process::id()));
    fs::write(&trace, input).unwrap();
    let start = Instant::now();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| target(input)));
    let shown = || {
        format!(
            "{name}, {from}, in {}: {:?}",
            trace.display(),
            String::from_utf8_lossy(input)
        )
    };
    assert!(outcome.is_ok(), "{}", shown());
    assert!(start.elapsed() < LIMIT, "too slow: {}", shown());
    fs::remove_file(trace).unwrap();
}

fn replay(position: usize, runs: u64) {
    let target = TARGETS[position];
    let corpus = corpus(target.0);
    assert!(!corpus.is_empty());
    for (path, input) in &corpus {
        run(target, input, &path.display().to_string());
    }
    let words = words(&corpus);
    let seed = setting("LGC_FUZZ_SEED", 1);
    let runs = setting("LGC_FUZZ_RUNS", runs);
    let start = Instant::now();
    for number in 0..runs {
        let mut random = Random((seed << 40) + number);
        let mut input = random.choose(&corpus).1.clone();
        mutate(&mut input, &mut random, &corpus, &words);
        run(target, &input, &format!("seed {seed}, run {number}"));
    }
    eprintln!(
        "{}: {} of the corpus, {runs} mutations, {:.1?}",
        target.0,
        corpus.len(),
        start.elapsed()
    );
}

#[test]
fn text() {
    replay(0, 3000);
}

#[test]
fn elaborate() {
    replay(1, 1500);
}

#[test]
fn lower() {
    replay(2, 400);
}

#[test]
fn kernel() {
    replay(3, 3000);
}

#[test]
fn npy() {
    replay(4, 10_000);
}

#[test]
fn npz() {
    replay(5, 5000);
}

#[test]
fn safetensors() {
    replay(6, 10_000);
}

#[test]
fn every_target_has_a_program_for_libfuzzer_and_a_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    for (name, _) in TARGETS {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
        let program = fs::read_to_string(root.join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(
            program.contains(&format!("lgc_fuzz_targets::{name}(data)")),
            "{name}"
        );
        assert!(
            corpus(name)
                .iter()
                .all(|(_, input)| input.len() <= MAX_BYTES),
            "{name}"
        );
    }
}
