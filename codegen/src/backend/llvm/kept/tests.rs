use super::super::Llvm;
use super::*;
use crate::cache::Cache;
use crate::level::Level;
use std::fs;
use std::path::PathBuf;

const SQUARES: &str = "kernel squares(x: f32[8] in, y: f32[8] out) {
  for i0 in 0..8 {
    v0 = load x[i0] : f32
    v1 = mul v0, v0 : f32
    store y[i0] = v1
  }
}
";

fn kernel(text: &str) -> Kernel {
    text.parse().unwrap()
}

fn llvm(effort: Effort) -> Llvm {
    Llvm::new(lgc_llvm::load(None).unwrap(), effort)
}

/// A cache for as long as the process, and the folder that goes with it.
fn cache() -> (tempfile::TempDir, &'static Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Box::leak(Box::new(Cache::new(folder.path(), 1 << 20)));
    (folder, cache)
}

fn files(cache: &Cache) -> Vec<PathBuf> {
    let in_folder = |path: PathBuf| fs::read_dir(path).unwrap().map(|file| file.unwrap().path());
    let folders = in_folder(cache.folder().to_owned());
    let mut files: Vec<PathBuf> = folders.flat_map(in_folder).collect();
    files.sort();
    files
}

/// A table of that many lines, of two files, with a part that comes from none in between.
fn lines(count: u32) -> LineTable {
    let mut table = LineTable::default();
    for at in 0..count {
        let line = SourceLine {
            file: at % 2,
            line: at + 1,
        };
        table.push(3 * at, (at != 1).then_some(line));
    }
    table
}

#[test]
fn pieces_are_read_as_they_were_written() {
    for calls in [vec![], vec![(0, -4), (96, i64::MIN), (7, 0)]] {
        let piece = Piece {
            bytes: (0..100).collect(),
            align: 64,
            lines: lines(calls.len() as u32),
            calls,
        };
        let bytes = write(&piece);
        assert_eq!(read(&bytes), Some(piece));
        // Code that ends too early for a call, or a list of calls that does.
        assert_eq!(read(&bytes[..12]), None);
    }
    let calls = vec![(97, 0)];
    let bytes = vec![0; 100];
    let [short, odd] = [(16, calls), (24, Vec::new())].map(|(align, calls)| Piece {
        bytes: bytes.clone(),
        align,
        calls,
        lines: LineTable::default(),
    });
    assert_eq!(read(&write(&short)), None);
    assert_eq!(read(&write(&odd)), None);
    assert_eq!(read(&[[0xff; 16], [0; 16]].concat()), None);
    // A table of lines that does not end.
    let endless = [1, 0, u64::MAX];
    let endless: Vec<u8> = endless.iter().flat_map(|word| word.to_le_bytes()).collect();
    assert_eq!(read(&endless), None);
}

#[test]
fn whatever_decides_the_code_is_in_the_key() {
    let loaded = lgc_llvm::load(None).unwrap();
    let key =
        |effort, level, text: &str| key(loaded, effort, &Target::of_level(level), &kernel(text));
    let usual = key(Effort::Most, Level::V3, SQUARES);
    // Names and numbers are not.
    let renamed = SQUARES.replace("squares", "other").replace("x", "z");
    let renumbered = SQUARES.replace("v1", "v7").replace("i0", "i3");
    for same in [renamed, renumbered] {
        assert!(same != SQUARES);
        assert_eq!(key(Effort::Most, Level::V3, &same), usual);
    }
    let text = |from, to| SQUARES.replace(from, to);
    let others = [
        key(Effort::Usual, Level::V3, SQUARES),
        key(Effort::Most, Level::V4, SQUARES),
        key(Effort::Most, Level::V3, &text("mul", "add")),
        key(Effort::Most, Level::V3, &text("0..8", "0..7")),
        key(Effort::Most, Level::V3, &text("f32[8] in", "f32[9] in")),
        key(Effort::Most, Level::V3, &text("f32", "f64")),
        key(Effort::Most, Level::V3, &text(" : f32\n", " : f32 @3\n")),
    ];
    for other in others {
        assert_ne!(other, usual);
    }
}

#[test]
fn numbers_of_values_do_not_change_the_code() {
    let renumbered = SQUARES.replace("v1", "v7").replace("i0", "i3");
    let [first, second] = [SQUARES, &renumbered].map(|text| {
        let kernel = kernel(text);
        llvm(Effort::Most)
            .compile(&[(&kernel, &Target::X86_64_V3)])
            .unwrap()
    });
    assert_eq!(first, second);
}

/// Each byte flipped, each length, and another's file: what comes out is what LLVM makes.
#[test]
fn damage_is_never_taken_for_code() {
    let (_folder, cache) = cache();
    let (one, other) = (kernel(SQUARES), kernel(&SQUARES.replace("mul", "add")));
    let plain = llvm(Effort::None);
    let expected = plain.compile(&[(&one, &Target::X86_64_V3)]).unwrap();
    let kept = plain.with_cache(Some(cache));
    let check = |damaged: u64| {
        assert_eq!(
            kept.compile(&[(&one, &Target::X86_64_V3)]).unwrap(),
            expected
        );
        let report = cache.report();
        assert_eq!((report.damaged, report.fault), (damaged, None));
    };
    check(0);
    let path = files(cache).pop().unwrap();
    kept.compile(&[(&other, &Target::X86_64_V3)]).unwrap();
    let theirs = files(cache).into_iter().find(|file| *file != path).unwrap();
    let whole = fs::read(&path).unwrap();
    let mut wrong: Vec<Vec<u8>> = (0..whole.len()).map(|end| whole[..end].to_vec()).collect();
    wrong.extend((0..whole.len()).map(|at| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        bytes
    }));
    wrong.push(fs::read(&theirs).unwrap());
    for (count, bytes) in wrong.iter().enumerate() {
        fs::write(&path, bytes).unwrap();
        check(count as u64 + 1);
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
    let found = cache.report().found;
    check(wrong.len() as u64);
    assert_eq!(cache.report().found, found + 1);
}
