//! How long loops, sums, products, prefixes and convolutions take: `cargo bench --bench loops [-- NAME…]` runs the cases
//! whose names begin so. With the path of another build of the compiler in the variable `BEFORE`, the
//! libraries of both run in turns, so that both meet the same noise, and the ratio of their medians is
//! told. All runs are on one thread, unless `THREADS` says how many. `WITH` and `BEFORE_WITH` are further options of
//! `lgc compile` for either, so that two back ends of one compiler can be compared:
//! `BEFORE=same BEFORE_WITH='--backend cranelift' WITH='--backend llvm' cargo bench --bench loops`.
//!
//! Times are per step of a sequence, where there are steps.

#![allow(
    clippy::unwrap_used,
    reason = "a measurement stops where something fails"
)]
#![allow(clippy::print_stdout, reason = "a measurement is printed")]

use lgc_runtime::{Library, Session};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// A graph of which the entries are timed.
struct Case {
    name: String,
    source: String,
    /// The steps of a call.
    steps: u32,
}

/// Long short-term memory with a state of `width` numbers, through time.
fn lstm(batch: u32, width: u32) -> Case {
    let steps = if width > 64 { 200 } else { 1000 };
    let operands = "xs: f32[T, B, H], h: f32[B, H], c: f32[B, H], p: Lstm[H, H]";
    let source = format!(
        "use \"std/sequences.graph\"
dim T = {steps}
dim B = {batch}
dim H = {width}
graph loss({operands}) -> (l: f32[]) {{
    (ys, last, memory) = lstm(xs, h, c, p)
    l = sum(ys)
}}
entry forward({operands}) -> (l: f32[]) {{ l = loss(xs, h, c, p) }}
entry gradient({operands}) -> (l: f32[], d: Lstm[H, H]) {{
    (l, d) = value_and_grad(loss, wrt = p)(xs, h, c, p)
}}
"
    );
    Case {
        name: format!("lstm_{batch}_{width}"),
        source,
        steps,
    }
}

fn plain(name: &str, source: &str) -> Case {
    Case {
        name: name.to_string(),
        source: source.to_string(),
        steps: 1,
    }
}

const PREFIX: &str = "
entry row(x: f32[10000000]) -> (y: f32[10000000]) { y = cumsum(x, axis = 0) }
entry rows(x: f32[1000, 10000]) -> (y: f32[1000, 10000]) { y = cumsum(x, axis = 1) }
entry columns(x: f32[10000, 1000]) -> (y: f32[10000, 1000]) { y = cumsum(x, axis = 0) }
entry recurrence(a: f32[1000000], b: f32[1000000]) -> (y: f32[1000000]) {
    y = linear_recurrence(a, b, axis = 0)
}
";

/// A recurrence of many lines, and the loop that says the same.
const RECURRENCE: &str = "
entry op(a: f32[256, 4096], b: f32[256, 4096]) -> (y: f32[256, 4096]) { y = linear_recurrence(a, b, axis = 0) }
graph step(h: f32[4096], a: f32[4096], b: f32[4096]) -> (next: f32[4096], y: f32[4096]) {
    next = a * h + b
    y = next
}
entry loop(a: f32[256, 4096], b: f32[256, 4096]) -> (y: f32[256, 4096]) {
    (last, y) = scan(step, carry = h, over = [a, b])(full(value = 0, shape = [4096]), a, b)
}
";

const SUMS: &str = "
entry rows(x: f32[4096, 1024]) -> (y: f32[4096]) { y = sum(x, axes = [1]) }
entry columns(x: f32[4096, 1024]) -> (y: f32[1024]) { y = sum(x, axes = [0]) }
entry narrow(x: f32[1000000, 2]) -> (y: f32[2]) { y = sum(x, axes = [0]) }
entry short(x: f32[64, 65536]) -> (y: f32[65536]) { y = sum(x, axes = [0]) }
entry batches(x: f32[64, 64, 1024]) -> (y: f32[1024]) { y = sum(x, axes = [0, 1]) }
entry all(x: f32[4096, 1024]) -> (y: f32[]) { y = sum(x) }
entry broadcast(x: f32[4096, 1024], a: f32[1024]) -> (y: f32[]) { y = sum(x * a) }
entry wrapped(x: f32[65536, 64], a: f32[64]) -> (y: f32[]) { y = sum(x * a) }
entry uneven(x: f32[65536, 50], a: f32[50]) -> (y: f32[]) { y = sum(x * a) }
entry loss(x: f32[4096, 1024], b: f32[1024], t: f32[4096, 1024]) -> (y: f32[]) { y = mse(x + b, t) }
entry channels(x: f32[32, 64, 28, 28]) -> (y: f32[64]) { y = sum(x, axes = [0, 2, 3]) }
entry shares(x: f32[4096, 1000]) -> (y: f32[4096, 1000]) { y = softmax(x) }
entry scatter(x: f32[5000, 256], indices: i32[4096], u: f32[4096, 256]) -> (y: f32[5000, 256]) {
    y = scatter_add(x, indices, u)
}
entry few(x: f32[5000, 256], indices: i32[512], u: f32[512, 256]) -> (y: f32[5000, 256]) {
    y = scatter_add(x, indices, u)
}
";

const CHAIN: &str = "
graph f(x: f32[4096, 1024], a: f32[1024], b: f32[1024]) -> (l: f32[]) {
    z = a * x + b
    l = sum(gelu(z) * sigmoid(x))
}
entry value(x: f32[4096, 1024], a: f32[1024], b: f32[1024]) -> (l: f32[]) { l = f(x, a, b) }
entry gradient(x: f32[4096, 1024], a: f32[1024], b: f32[1024]) -> (l: f32[], dx: f32[4096, 1024], da: f32[1024], db: f32[1024]) {
    (l, dx, da, db) = value_and_grad(f, wrt = [x, a, b])(x, a, b)
}
";

const NORM: &str = "
graph f(x: f32[1024, 768], g: f32[768], b: f32[768], t: f32[1024, 768]) -> (l: f32[]) { l = sum(layer_norm(x, g, b) * t) }
entry gradient(x: f32[1024, 768], g: f32[768], b: f32[768], t: f32[1024, 768]) -> (dx: f32[1024, 768], dg: f32[768], db: f32[768]) {
    (dx, dg, db) = grad(f, wrt = [x, g, b])(x, g, b, t)
}
";

const PRODUCTS: &str = "
entry cube(x: f32[512, 512], y: f32[512, 512]) -> (z: f32[512, 512]) { z = x @ y }
entry skinny(x: f32[64, 784], y: f32[784, 512]) -> (z: f32[64, 512]) { z = x @ y }
entry deep(x: f32[64, 8192], y: f32[8192, 64]) -> (z: f32[64, 64]) { z = x @ y }
entry inner(x: f32[1000000], y: f32[1000000]) -> (z: f32[]) { z = x @ y }
entry vector(x: f32[1024, 1024], y: f32[1024]) -> (z: f32[1024]) { z = x @ y }
";

/// The selective scan of Mamba over 256 turns of 4 sequences.
const SCAN: &str = "
dim B = 4
dim L = 256
dim D = 256
dim N = 16
graph turn(h: f32[B, D, N], u: f32[B, D], dt: f32[B, D], b: f32[B, N], c: f32[B, N], a: f32[D, N]) -> (next: f32[B, D, N], y: f32[B, D]) {
    taken = einsum(\"bd,bn->bdn\", dt * u, b)
    next = exp(einsum(\"bd,dn->bdn\", dt, a)) * h + taken
    y = einsum(\"bdn,bn->bd\", next, c)
}
graph f(u: f32[L, B, D], dt: f32[L, B, D], a: f32[D, N], b: f32[L, B, N], c: f32[L, B, N]) -> (y: f32[L, B, D]) {
    start: f32[B, D, N] = 0
    (last, y) = scan(turn, carry = h, over = [u, dt, b, c])(start, u, softplus(dt), b, c, -exp(a))
}
graph l(u: f32[L, B, D], dt: f32[L, B, D], a: f32[D, N], b: f32[L, B, N], c: f32[L, B, N], t: f32[L, B, D]) -> (l: f32[]) {
    l = sum(f(u, dt, a, b, c) * t)
}
entry forward(u: f32[L, B, D], dt: f32[L, B, D], a: f32[D, N], b: f32[L, B, N], c: f32[L, B, N]) -> (y: f32[L, B, D]) {
    y = f(u, dt, a, b, c)
}
entry gradient(u: f32[L, B, D], dt: f32[L, B, D], a: f32[D, N], b: f32[L, B, N], c: f32[L, B, N], t: f32[L, B, D]) -> (du: f32[L, B, D], ddt: f32[L, B, D], da: f32[D, N], db: f32[L, B, N], dc: f32[L, B, N]) {
    (du, ddt, da, db, dc) = grad(l, wrt = [u, dt, a, b, c])(u, dt, a, b, c, t)
}
";

/// Softmax and layer norm, with gradients of all inputs.
const ROWS: &str = "
graph f(x: f32[4096, 1024], g: f32[1024], b: f32[1024], t: f32[4096, 1024]) -> (l: f32[]) {
    l = sum(layer_norm(softmax(x), g, b) * t)
}
entry value(x: f32[4096, 1024], g: f32[1024], b: f32[1024], t: f32[4096, 1024]) -> (l: f32[]) { l = f(x, g, b, t) }
entry gradient(x: f32[4096, 1024], g: f32[1024], b: f32[1024], t: f32[4096, 1024]) -> (l: f32[], dx: f32[4096, 1024], dg: f32[1024], db: f32[1024]) {
    (l, dx, dg, db) = value_and_grad(f, wrt = [x, g, b])(x, g, b, t)
}
";

const ATTENTION: &str = "
graph a(q: f32[8, 8, 256, 64], k: f32[8, 8, 256, 64], v: f32[8, 8, 256, 64]) -> (y: f32[8, 8, 256, 64]) {
    y = scaled_dot_product_attention(q, k, v, causal = true)
}
graph l(q: f32[8, 8, 256, 64], k: f32[8, 8, 256, 64], v: f32[8, 8, 256, 64], t: f32[8, 8, 256, 64]) -> (l: f32[]) {
    l = sum(a(q, k, v) * t)
}
entry value(q: f32[8, 8, 256, 64], k: f32[8, 8, 256, 64], v: f32[8, 8, 256, 64]) -> (y: f32[8, 8, 256, 64]) { y = a(q, k, v) }
entry gradient(q: f32[8, 8, 256, 64], k: f32[8, 8, 256, 64], v: f32[8, 8, 256, 64], t: f32[8, 8, 256, 64]) -> (dq: f32[8, 8, 256, 64], dk: f32[8, 8, 256, 64], dv: f32[8, 8, 256, 64]) {
    (dq, dk, dv) = grad(l, wrt = [q, k, v])(q, k, v, t)
}
";

/// A convolution and its derivatives, each in an entry.
fn convolution(name: &str, image: &str, kernel: &str, attributes: &str) -> Case {
    let mut source = format!(
        "graph image(x: f32{image}, w: f32{kernel}) -> (y: f32[]) {{ y = sum(square(conv(x, w{attributes}))) }}\n\
         entry forward(x: f32{image}, w: f32{kernel}) -> (y: f32[]) {{ y = image(x, w) }}\n"
    );
    for (entry, wrt, ty) in [("d_image", "x", image), ("d_kernel", "w", kernel)] {
        source += &format!(
            "entry {entry}(x: f32{image}, w: f32{kernel}) -> (d: f32{ty}) {{ d = grad(image, wrt = {wrt})(x, w) }}\n"
        );
    }
    plain(name, &source)
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = [(1, 64), (32, 64), (1, 256), (32, 256)]
        .map(|(batch, width)| lstm(batch, width))
        .into();
    for (name, source) in [
        ("prefix", PREFIX),
        ("recurrence", RECURRENCE),
        ("sums", SUMS),
        ("chain", CHAIN),
        ("norm", NORM),
        ("products", PRODUCTS),
        ("rows", ROWS),
        ("attention", ATTENTION),
        ("scan", SCAN),
    ] {
        cases.push(plain(name, source));
    }
    let image = "[4, 32, 56, 56]";
    for (name, kernel, attributes) in [
        ("conv", "[32, 32, 3, 3]", ", padding = 1"),
        ("conv_stride", "[32, 32, 3, 3]", ", padding = 1, stride = 2"),
        (
            "conv_depthwise",
            "[32, 1, 3, 3]",
            ", padding = 1, groups = 32",
        ),
    ] {
        cases.push(convolution(name, image, kernel, attributes));
    }
    cases
}

fn compile((compiler, options): (&Path, &str), case: &Case, folder: &Path) -> Library {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(folder.join("case.graph"), &case.source).unwrap();
    let status = Command::new(compiler)
        .args(["compile", "case.graph"])
        .args(options.split_whitespace())
        .current_dir(folder)
        .env("LGC_CACHE_DIR", "")
        .status();
    assert!(status.unwrap().success(), "{} does not compile", case.name);
    Library::open(&folder.join("case.so")).unwrap()
}

/// A session of an entry on small numbers of both signs.
fn session(library: &Library, entry: &str, threads: u32) -> Session {
    let mut session = library.entry(entry).unwrap().session().unwrap();
    let tensors: Vec<String> = session
        .tensors()
        .map(|(path, _)| path.to_string())
        .collect();
    for path in tensors {
        if let Ok(elements) = session.elements_mut::<f32>(&path) {
            for (at, element) in elements.iter_mut().enumerate() {
                *element = (at as f32 * 1.37).sin() * 0.1;
            }
        }
    }
    if threads > 1 {
        session.set_pool(library.pool(threads).unwrap());
    }
    session
}

/// Microseconds of a call.
fn time(session: &mut Session, calls: u32) -> f64 {
    let start = Instant::now();
    for _ in 0..calls {
        session.run().unwrap();
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(calls)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn measure(case: &Case, before: Option<&Path>, threads: u32) {
    let folder = tempfile::tempdir().unwrap();
    let own = Path::new(env!("CARGO_BIN_EXE_lgc"));
    let same = |path| if path == Path::new("same") { own } else { path };
    let options = |name: &str| std::env::var(name).unwrap_or_default();
    let sides = [
        ("now", Some(own), options("WITH")),
        ("before", before.map(same), options("BEFORE_WITH")),
    ];
    let library = |(side, compiler, options): &(&str, Option<&Path>, String)| {
        Some(compile(
            ((*compiler)?, options),
            case,
            &folder.path().join(side),
        ))
    };
    let libraries: Vec<Library> = sides.iter().filter_map(library).collect();
    // Where its memory lies decides up to a third of the time of a strided copy, and those who ask first get other
    // pages than those who ask last: each side has two sessions, and they ask in mirrored order.
    let sides: Vec<usize> = (0..libraries.len())
        .chain((0..libraries.len()).rev())
        .collect();
    for entry in &libraries[0].info().entries {
        let sessions = sides
            .iter()
            .map(|&side| session(&libraries[side], &entry.name, threads));
        let mut sessions: Vec<Session> = sessions.collect();
        let calls = (20_000.0 / time(&mut sessions[0], 1)).clamp(1.0, 200.0) as u32;
        let mut times = vec![Vec::new(); libraries.len()];
        for _ in 0..15 {
            for (&side, session) in sides.iter().zip(&mut sessions) {
                times[side].push(time(session, calls) / f64::from(case.steps));
            }
        }
        let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
        let name = format!("{}.{}", case.name, entry.name);
        match medians.as_slice() {
            [now, before] => println!(
                "{name:<24} now {now:10.2} µs  before {before:10.2} µs  {:5.2}×",
                before / now
            ),
            all => println!("{name:<24} now {:10.2} µs", all[0]),
        }
    }
}

fn main() {
    let names: Vec<String> = std::env::args()
        .skip(1)
        .filter(|name| !name.starts_with('-'))
        .collect();
    let before = std::env::var_os("BEFORE");
    let threads = std::env::var("THREADS")
        .ok()
        .and_then(|text| text.parse().ok());
    for case in cases() {
        let is_wanted = |name: &String| case.name.starts_with(name.as_str());
        if names.is_empty() || names.iter().any(is_wanted) {
            measure(
                &case,
                before.as_deref().map(Path::new),
                threads.unwrap_or(1),
            );
        }
    }
}
