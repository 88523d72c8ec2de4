//! Compiled libraries and threads: the same bits for any number of them, calls at once, models
//! together in one process, unloading.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail the test")]

mod support;

use lgc_abi::DType;
use lgc_runtime::{Entry, HostTensor, Library, Pool, Session};
use support::{Place, digits};

/// Entries large enough for several tasks, each of another kind of loop.
const WIDE: &str = "
/// Tiles, with packed operands and an epilogue; no extent divides well.
entry product(a: f32[203, 190], b: f32[190, 317], c: f32[317]) -> (y: f32[203, 317]) {
    y = relu(a @ b + c)
}
/// One long loop.
entry pointwise(x: f32[100003], k: f32[]) -> (y: f32[100003]) { y = tanh(x * k) + exp(-square(x)) }
/// Chunks of folds with several states each.
entry folds(x: f32[250001]) -> (s: f32[], m: f32[], at: i32[], q: f64[]) {
    s = sum(x)
    m = reduce_max(x)
    at = argmax(x, axis = 0)
    q = sum(square(cast(x, dtype = f64)))
}
/// Chunks of prefixes, with a rest.
entry prefixes(x: f32[300007], z: f32[70003, 3]) -> (s: f32[300007], back: f32[300007], t: f32[70003, 3]) {
    s = cumsum(x)
    back = cumsum(x, reverse = true, exclusive = true)
    t = cumsum(z, axis = 0)
}
/// Chunks of columns.
entry columns(x: f32[60000, 5]) -> (s: f32[5], m: f32[5]) {
    s = sum(exp(x), axes = [0])
    m = reduce_max(x, axes = [0])
}
/// Rows, each in several passes.
entry rows(x: f32[300, 257], g: f32[257], b: f32[257]) -> (y: f32[300, 257], z: f32[300, 257]) {
    y = softmax(x, axis = 1)
    z = layer_norm(x, g, b)
}
graph loss(x: f32[300, 64], p: f32[64, 200], labels: i32[300]) -> (l: f32[]) {
    l = cross_entropy(tanh(x @ p), labels)
}
/// A gradient, in place.
entry step(x: f32[300, 64], labels: i32[300], inout p: f32[64, 200]) -> (l: f32[]) {
    (l, d) = value_and_grad(loss, wrt = p)(x, p, labels)
    p' = p - 0.1 * d
}
/// Several updates of one row.
entry scatter(x: f32[200, 700], at: i32[1800], updates: f32[1800, 700]) -> (y: f32[200, 700]) {
    y = scatter_add(x, at, updates, axis = 0)
}
";

/// A library, compiled from its source.
struct Compiled {
    _place: Place,
    library: Library,
}

impl Compiled {
    fn new(name: &str, source: &str) -> Self {
        let place = Place::with(&format!("{name}.graph"), source);
        place.run(&["compile", &format!("{name}.graph")]).success();
        let library = Library::open(&place.path(&format!("{name}.so"))).unwrap();
        Compiled {
            _place: place,
            library,
        }
    }

    fn wide() -> Self {
        Compiled::new("wide", WIDE)
    }

    fn pool(&self, threads: u32) -> Pool {
        self.library.pool(threads).unwrap().unwrap()
    }

    fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        let entries = self.library.info().entries.iter();
        entries.map(|entry| self.library.entry(&entry.name).unwrap())
    }
}

/// Fills what is read with numbers from a seed: floats around 0, integers from 0 to 9.
fn fill(session: &mut Session, mut seed: u64) {
    let mut next = || {
        seed = seed
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (seed >> 40) as u32
    };
    let leaves = session.entry().leaves().to_vec();
    for leaf in leaves.iter().filter(|leaf| leaf.direction.is_read()) {
        match leaf.tensor.dtype() {
            DType::F32 => {
                let elements = session.elements_mut::<f32>(&leaf.path).unwrap();
                elements.fill_with(|| next() as f32 / (1 << 22) as f32 - 2.0);
            }
            DType::I32 => {
                let elements = session.elements_mut::<i32>(&leaf.path).unwrap();
                elements.fill_with(|| (next() % 10) as i32);
            }
            other @ (DType::Bool
            | DType::I64
            | DType::U32
            | DType::F16
            | DType::Bf16
            | DType::F64) => {
                assert_eq!(other, DType::F32, "the entries here have no such inputs");
            }
        }
    }
}

fn bytes(session: &Session) -> Vec<Vec<u8>> {
    let tensors = session.tensors().map(|(_, tensor)| tensor);
    tensors
        .map(|tensor: &HostTensor| tensor.bytes().to_vec())
        .collect()
}

/// All tensors after a few calls on a pool, or without one.
fn computed(entry: &Entry, seed: u64, pool: Option<&Pool>) -> Vec<Vec<u8>> {
    let mut session = entry.session().unwrap();
    session.set_pool(pool.cloned());
    fill(&mut session, seed);
    for _ in 0..3 {
        session.run().unwrap();
    }
    bytes(&session)
}

#[test]
fn each_kind_of_loop_has_tasks() {
    let place = Place::with("wide.graph", WIDE);
    let code = place
        .run(&["emit", "wide.graph", "--stage", "clif"])
        .success();
    let functions: Vec<&str> = code.lines().filter(|line| line.starts_with("; ")).collect();
    for kind in ["contract", "map", "rows", "prefix", "scatter"] {
        let is_task = |line: &&&str| line.contains(kind) && line.contains(".tasks");
        assert!(
            functions.iter().any(|line| is_task(&line)),
            "{kind}: {functions:?}"
        );
    }
    assert!(
        functions
            .iter()
            .filter(|line| line.contains(".tasks"))
            .count()
            >= 10
    );
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    let wide = Compiled::wide();
    for entry in wide.entries() {
        let serial = computed(&entry, 1, None);
        for threads in [1, 2, 3, 4, 8] {
            let pool = wide.pool(threads);
            let parallel = computed(&entry, 1, Some(&pool));
            assert!(serial == parallel, "{entry:?} on {threads} threads");
        }
    }
}

#[test]
fn chunks_of_large_folds_add_up() {
    let wide = Compiled::wide();
    let mut session = wide.library.entry("columns").unwrap().session().unwrap();
    session.set_pool(Some(wide.pool(2)));
    fill(&mut session, 9);
    session.run().unwrap();
    let x = session.elements::<f32>("x").unwrap();
    for column in 0..5 {
        let column_of = || x.iter().skip(column).step_by(5);
        let sum: f64 = column_of().map(|&x| f64::from(x).exp()).sum();
        let found = f64::from(session.elements::<f32>("s").unwrap()[column]);
        assert!((found / sum - 1.0).abs() < 1e-5, "{found} instead of {sum}");
        let largest = column_of().copied().fold(f32::NEG_INFINITY, f32::max);
        assert_eq!(session.elements::<f32>("m").unwrap()[column], largest);
    }

    let mut session = wide.library.entry("folds").unwrap().session().unwrap();
    session.set_pool(Some(wide.pool(2)));
    fill(&mut session, 9);
    session.run().unwrap();
    let x = session.elements::<f32>("x").unwrap();
    let squares: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let found = session.elements::<f64>("q").unwrap()[0];
    assert!(
        (found / squares - 1.0).abs() < 1e-12,
        "{found} instead of {squares}"
    );
    let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let first = x.iter().position(|&x| x == largest).unwrap();
    assert_eq!(session.elements::<f32>("m").unwrap(), [largest]);
    assert_eq!(session.elements::<i32>("at").unwrap(), [first as i32]);
}

#[test]
fn sixteen_threads_may_call_one_entry_at_once() {
    let wide = Compiled::wide();
    let pool = wide.pool(2);
    for entry in wide.entries() {
        let expected: Vec<_> = (0..4).map(|seed| computed(&entry, seed, None)).collect();
        std::thread::scope(|scope| {
            for caller in 0..16u64 {
                let (entry, expected, pool) = (&entry, &expected, &pool);
                scope.spawn(move || {
                    let seed = caller % 4;
                    // Half of them share a pool, which is busy most of the time.
                    let pool = (caller % 2 == 0).then_some(pool);
                    assert!(computed(entry, seed, pool) == expected[seed as usize]);
                });
            }
        });
    }
}

#[test]
fn models_share_a_process_and_a_pool() {
    let wide = Compiled::wide();
    let source = std::fs::read_to_string(digits("digits.graph")).unwrap();
    let other = Compiled::new("digits", &source.replace("dim B = 64", "dim B = 512"));
    let (entry, step) = (
        wide.library.entry("rows").unwrap(),
        other.library.entry("step").unwrap(),
    );
    let serial = (computed(&entry, 5, None), computed(&step, 6, None));
    for pool in [wide.pool(3), other.pool(3)] {
        let pool = Some(&pool);
        std::thread::scope(|scope| {
            let first = scope.spawn(|| computed(&entry, 5, pool));
            assert!(computed(&step, 6, pool) == serial.1);
            assert!(first.join().unwrap() == serial.0);
        });
    }
}

#[test]
fn libraries_are_unloaded_with_their_threads() {
    let place = Place::with("wide.graph", WIDE);
    place.run(&["compile", "wide.graph"]).success();
    let path = place.path("wide.so");
    let is_loaded = || {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        maps.contains(path.to_str().unwrap())
    };
    let mut first = None;
    for _ in 0..10 {
        let library = Library::open(&path).unwrap();
        let pool = library.pool(4).unwrap().unwrap();
        let entry = library.entry("rows").unwrap();
        let outputs = computed(&entry, 3, Some(&pool));
        assert!(*first.get_or_insert(outputs.clone()) == outputs);
        drop((library, entry));
        assert!(is_loaded(), "the pool keeps its code");
        drop(pool);
        assert!(!is_loaded());
    }
}

#[test]
fn a_library_without_work_for_threads_makes_no_pool() {
    let small = Compiled::new("small", "entry f(x: f32[8]) -> (y: f32[8]) { y = tanh(x) }");
    assert!(small.library.pool(4).unwrap().is_none());
    let wide = Compiled::wide();
    let f = small.library.entry("f").unwrap();
    assert!(computed(&f, 1, Some(&wide.pool(2))) == computed(&f, 1, None));
}
