use super::*;
use std::fs::{self, File};
use std::time::{Duration, SystemTime};

fn key(first: u8, rest: u8) -> Key {
    let mut bytes = [rest; 32];
    bytes[0] = first;
    Key(bytes)
}

fn found(cache: &Cache, key: Key) -> Option<Vec<u8>> {
    cache.find(key, |bytes| Some(bytes.to_vec()))
}

fn new(bound: u64) -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(&folder.path().join("a/b"), bound);
    (folder, cache)
}

fn age(path: &Path, seconds: u64) {
    let then = SystemTime::now() - Duration::from_secs(seconds);
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(then).unwrap();
}

#[test]
fn answers_are_found_again() {
    let (_folder, cache) = new(1 << 20);
    let key = Key::of(&[b"a", b"bc"]);
    assert_ne!(key, Key::of(&[b"ab", b"c"]));
    assert_eq!(found(&cache, key), None);
    for answer in [&b"first"[..], b"", b"second"] {
        cache.keep(key, answer);
        assert_eq!(found(&cache, key).unwrap(), answer);
    }
    let usage = cache.usage().unwrap();
    assert_eq!(usage.answers, 1);
    let report = cache.report();
    assert_eq!((report.found, report.kept, report.damaged), (3, 3, 0));
    assert_eq!(cache.clear().unwrap(), usage);
    assert_eq!(cache.usage().unwrap(), Usage::default());
    assert!(!cache.folder().exists());
    assert_eq!(cache.clear().unwrap(), Cleared::default());
}

#[test]
fn what_is_not_what_was_kept_is_removed() {
    let (_folder, cache) = new(1 << 20);
    let (one, other) = (key(1, 1), key(2, 2));
    let path = cache.path_of(one);
    cache.keep(one, b"an answer");
    cache.keep(other, b"another");
    let whole = fs::read(&path).unwrap();
    let mut wrong: Vec<Vec<u8>> = (0..whole.len()).map(|end| whole[..end].to_vec()).collect();
    for at in 0..whole.len() {
        for bit in 0..8 {
            let mut bytes = whole.clone();
            bytes[at] ^= 1 << bit;
            wrong.push(bytes);
        }
    }
    wrong.push([&whole[..], b"\0"].concat());
    wrong.push(fs::read(cache.path_of(other)).unwrap());
    for (count, bytes) in wrong.iter().enumerate() {
        fs::write(&path, bytes).unwrap();
        assert_eq!(found(&cache, one), None, "{bytes:?}");
        assert!(!path.exists());
        assert_eq!(cache.report().damaged, count as u64 + 1);
    }
    cache.keep(one, b"an answer");
    assert_eq!(fs::read(&path).unwrap(), whole);
    // So is what the reader refuses, and what is no file.
    assert_eq!(cache.find(one, |_| None::<()>), None);
    assert!(!path.exists());
    std::os::unix::fs::symlink(cache.path_of(other), &path).unwrap();
    assert_eq!(found(&cache, one), None);
    assert!(!path.exists());
    assert!(found(&cache, other).is_some());
}

#[test]
fn a_directory_in_the_place_of_an_answer_is_a_fault() {
    let (_folder, cache) = new(1 << 20);
    fs::create_dir_all(cache.path_of(key(1, 1))).unwrap();
    assert_eq!(found(&cache, key(1, 1)), None);
    cache.keep(key(1, 1), b"x");
    assert!(cache.report().fault.is_some());
}

#[test]
fn what_cannot_be_kept_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    for (place, reason) in [(file.as_path(), "ot a directory"), (Path::new("/proc"), "")] {
        let cache = Cache::new(&place.join("lgc"), 1 << 20);
        for first in [0, 1] {
            cache.keep(key(first, 1), b"x");
            assert_eq!(found(&cache, key(first, 1)), None);
        }
        let report = cache.report();
        assert_eq!((report.kept, report.damaged), (0, 0));
        let fault = report.fault.unwrap();
        assert!(
            fault.contains(reason) && !fault.contains(".lgc-"),
            "{fault}"
        );
    }
    assert_eq!(fs::read(&file).unwrap(), b"");
}

/// Sixteen answers of one folder, of which one looks for room.
fn fill(cache: &Cache) -> Vec<Key> {
    let keys: Vec<Key> = (0..16).rev().map(|first| key(first, 7)).collect();
    for key in &keys {
        cache.keep(*key, &[0; 920]);
    }
    keys
}

#[test]
fn what_was_not_used_for_longest_goes() {
    let (_folder, old) = new(1 << 20);
    let keys = fill(&old);
    // Each file has 1000 bytes.
    assert_eq!(old.usage().unwrap().bytes, 16_000);
    for (at, key) in keys.iter().enumerate() {
        age(&old.path_of(*key), 1000 - at as u64);
    }
    // The share of the folder is 12,000: 9,000 are left, the one that is new and the eldest, which is used, among them.
    let cache = Cache::new(old.folder(), 12_000 * room::FOLDERS);
    assert!(found(&cache, keys[0]).is_some());
    cache.keep(key(0, 8), &[0; 920]);
    let left = keys.iter().map(|key| cache.path_of(*key).exists());
    let left: Vec<bool> = left.collect();
    let expected: Vec<bool> = (0..16).map(|at| at == 0 || at >= 9).collect();
    assert_eq!(left, expected);
    assert_eq!(cache.usage().unwrap().bytes, 9_000);
}

#[test]
fn a_run_never_loses_what_it_made() {
    let (_folder, cache) = new(1);
    for key in fill(&cache) {
        assert!(found(&cache, key).is_some());
    }
}

#[test]
fn what_killed_processes_left_goes_and_what_is_of_others_stays() {
    let (_folder, cache) = new(1 << 20);
    cache.keep(key(1, 1), b"x");
    let folder = cache.folder_of(key(0, 0));
    let names = [".lgc-old.part", ".lgc-new.part", "notes.txt", "ab.kept"];
    for name in names {
        fs::write(folder.join(name), [0; 5000]).unwrap();
    }
    for old in [".lgc-old.part", "notes.txt", "ab.kept"] {
        age(&folder.join(old), 7200);
    }
    cache.keep(key(0, 2), b"x");
    let there = || names.map(|name| folder.join(name).exists());
    assert_eq!(there(), [false, true, true, true]);
    assert_eq!(cache.clear().unwrap().answers, 2);
    assert_eq!(there(), [false, false, true, true]);
    assert!(cache.folder().exists());
}

#[test]
fn threads_keep_and_find_side_by_side() {
    let (_folder, cache) = new(1 << 14);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for first in 0..=255 {
                    let key = key(first, 3);
                    let answer = vec![first; 100];
                    assert!(found(&cache, key).is_none_or(|found| found == answer));
                    cache.keep(key, &answer);
                }
            });
        }
    });
    let report = cache.report();
    assert_eq!((report.damaged, report.fault), (0, None));
    assert_eq!(cache.usage().unwrap().answers, 256);
}

#[test]
fn the_place_is_that_of_the_environment() {
    let place = |variables: &[(&str, &str)]| {
        let of = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.into())
        };
        match Place::of(of) {
            Place::At(cache) => format!("{} {}", cache.folder().display(), cache.bound() >> 10),
            Place::None => "none".to_owned(),
            Place::NoSize(text) => format!("no size: {text}"),
        }
    };
    let cases = [
        (&[][..], "none"),
        (&[("HOME", "/h")], "/h/.cache/lgc/kernels 524288"),
        (&[("HOME", "h")], "none"),
        (
            &[("HOME", "/h"), ("XDG_CACHE_HOME", "/c")],
            "/c/lgc/kernels 524288",
        ),
        (
            &[("HOME", "/h"), ("XDG_CACHE_HOME", "c")],
            "/h/.cache/lgc/kernels 524288",
        ),
        (
            &[("HOME", "/h"), ("LGC_CACHE_DIR", "d")],
            "d/kernels 524288",
        ),
        (&[("HOME", "/h"), ("LGC_CACHE_DIR", "")], "none"),
        (&[("HOME", "/h"), ("LGC_CACHE_SIZE", "0")], "none"),
        (
            &[("HOME", "/h"), ("LGC_CACHE_SIZE", "2048")],
            "/h/.cache/lgc/kernels 2",
        ),
        (
            &[("HOME", "/h"), ("LGC_CACHE_SIZE", "3K")],
            "/h/.cache/lgc/kernels 3",
        ),
        (
            &[("HOME", "/h"), ("LGC_CACHE_SIZE", "1G")],
            "/h/.cache/lgc/kernels 1048576",
        ),
        (&[("LGC_CACHE_SIZE", "")], "no size: "),
        (&[("LGC_CACHE_SIZE", "-1")], "no size: -1"),
        (
            &[("LGC_CACHE_SIZE", "99999999999999999M")],
            "no size: 99999999999999999M",
        ),
    ];
    for (variables, expected) in cases {
        assert_eq!(place(variables), expected, "{variables:?}");
    }
}
