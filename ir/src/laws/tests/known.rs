//! What is shown to hold, each beside a twin that is not: the ranges are a little wider, or the guard does not fit.

use crate::lang::example;
use crate::laws::{Status, conditions};

/// The conditions of an op in an example: whether all of them are shown.
fn is_shown(text: &str, op: &str) -> bool {
    let entry = example(text).unwrap_or_else(|why| panic!("{text}\n{why}"));
    let found = conditions(&entry).unwrap();
    let mut of_op = found
        .iter()
        .filter(|condition| condition.op == op)
        .peekable();
    assert!(of_op.peek().is_some(), "{text}: no condition of {op}");
    of_op.all(|condition| condition.status == Status::Discharged)
}

#[track_caller]
fn check(op: &str, pairs: &[(&str, &str)]) {
    for (shown, open) in pairs {
        assert!(is_shown(shown, op), "{shown}");
        assert!(!is_shown(open, op), "{open}");
    }
}

#[test]
fn terms_of_sums_cancel() {
    check(
        "log",
        &[
            (
                "(x: f32[3] in [-1, 1]) -> log(1.1 + x - 0.5 * x - 0.5 * x * 0.5)",
                "(x: f32[3] in [-1, 1]) -> log(0.2 + x - 0.5 * x - 0.5 * x * 0.5)",
            ),
            (
                "(x: f32[3] in [-1, 1]) -> log(0.6 + x - 0.5 * x)",
                "(x: f32[3] in [-1, 1]) -> log(0.4 + x - 0.5 * x)",
            ),
            // Without any range, what cancels to the last digit.
            (
                "(x: f32[3]) -> log(x - (x - 1))",
                "(x: f32[3]) -> log(x - (x + 1))",
            ),
            (
                "(x: f32[3]) -> log(exp(x) - (exp(x) - 1))",
                "(x: f32[3]) -> log(exp(x) - (exp(2 * x) - 1))",
            ),
            (
                "(x: f32[3] in [1, 2], y: f32[3] in [0, 1]) -> log(x + y - 0.9 * x)",
                "(x: f32[3] in [1, 2], y: f32[3] in [0, 1]) -> log(x + y - 1.1 * x)",
            ),
            // The same element of each, however it got there.
            (
                "(x: f32[3] in [-8, 8], y: f32[2, 3] in [1, 2]) -> log(x + y - x)",
                "(x: f32[3] in [-8, 8], y: f32[3, 2] in [1, 2]) -> log(x + transpose(y, permutation = [1, 0]) - 2 * x)",
            ),
            (
                "(x: f32[2, 2] in [-1, 1]) -> log(transpose(x, permutation = [1, 0]) + 1.5 - transpose(0.5 * x, permutation = [1, 0]))",
                "(x: f32[2, 2] in [-1, 1]) -> log(x + 1.4 - transpose(0.5 * x, permutation = [1, 0]))",
            ),
            (
                "(x: f32[8] in [0, 1]) -> log(sum(x) - sum(0.5 * x) + 0.1)",
                "(x: f32[8] in [0, 1]) -> log(sum(0.5 * x) - sum(x) + 0.1)",
            ),
            (
                "(x: f32[8] in [-1, 1]) -> log(mean(x + 3) - mean(x) - 2)",
                "(x: f32[8] in [-1, 1]) -> log(mean(x + 2) - mean(x) - 2)",
            ),
            (
                "(x: f32[3] in [-1, 1]) -> log(2 - stop_gradient(x) + x)",
                "(x: f32[3] in [-1, 1]) -> log(1 - 2 * stop_gradient(x) + x)",
            ),
            (
                "(x: f32[3]) -> log(1 + (x - cast(cast(x, dtype = f64), dtype = f32)))",
                "(x: f32[3]) -> log(1 + (x - cast(cast(x, dtype = i32), dtype = f32)))",
            ),
        ],
    );
    check(
        "sqrt",
        &[(
            "(x: f32[3]) -> sqrt((1 + x) - x)",
            "(x: f32[3]) -> sqrt((1 + x) - 2 * x)",
        )],
    );
    check(
        "div",
        &[
            (
                "(a: f32[3], x: f32[3] in [-1, 1]) -> a / (2 + x - 0.9 * x)",
                "(a: f32[3], x: f32[3] in [-30, 30]) -> a / (2 + x - 0.9 * x)",
            ),
            (
                "(a: f32[3], x: f32[3] in [-1, 1]) -> a / (1.2 + x - x / 4 - x / 4)",
                "(a: f32[3], x: f32[3] in [-1, 1]) -> a / (0.5 + x - x / 4 - x / 4)",
            ),
        ],
    );
    check(
        "max",
        &[
            (
                "(x: f32[3]) -> max(x, x + 1)",
                "(x: f32[3]) -> max(x, 2 * x + 1)",
            ),
            (
                "(x: f32[3] in [0, 1], y: f32[3]) -> max(x + y, y - 0.5)",
                "(x: f32[3] in [0, 1], y: f32[3]) -> max(x + y, y)",
            ),
        ],
    );
}

/// An end that is computed of exact numbers is exact: what touches 0 is not moved beyond it, nor away from it.
#[test]
fn ends_are_as_exact_as_they_can_be() {
    check(
        "log",
        &[
            (
                "(x: f32[3] in [-1, 1]) -> log(exp(x) * 0.5 - (exp(x) * 0.5 - 1))",
                "(x: f32[3] in [-1, 1]) -> log(1 + x)",
            ),
            (
                "(x: f32[3] in [0.5, 1]) -> log(2 * x - 1 + 1e-12)",
                "(x: f32[3] in [0.5, 1]) -> log(2 * x - 1)",
            ),
        ],
    );
}

#[test]
fn guards_leave_holes() {
    check(
        "div",
        &[
            (
                "(x: f32[3]) -> 1 / select(x == 0, 2, x)",
                "(x: f32[3]) -> 1 / select(x == 1, 2, x)",
            ),
            (
                "(x: f32[3]) -> 1 / select(x != 0, x, 1)",
                "(x: f32[3]) -> 1 / select(x != 0, 1, x)",
            ),
            (
                "(x: f32[3]) -> x / select(abs(x) < 1e-3, 1, x)",
                "(x: f32[3]) -> x / select(abs(x) > 1e-3, 1, x)",
            ),
            (
                "(x: f32[3]) -> x / select(square(x) > 0.25, x, 1)",
                "(x: f32[3]) -> x / select(square(x) >= 0, x, 1)",
            ),
            (
                "(x: f32[3]) -> 1 / max(abs(x), 1e-6)",
                "(x: f32[3]) -> 1 / max(x, -1e-6)",
            ),
            (
                "(x: f32[3]) -> 1 / -select(x == 0, 2, x)",
                "(x: f32[3]) -> 1 / select(-x == 1, 2, x)",
            ),
            (
                "(x: f32[3]) -> 1 / square(select(x == 0, 2, x))",
                "(x: f32[3]) -> 1 / square(select(x == 0, 0, x))",
            ),
            (
                "(x: f32[3], y: f32[3]) -> 1 / (select(x == 0, 2, x) * select(y == 0, 1, y))",
                "(x: f32[3], y: f32[3]) -> 1 / (select(x == 0, 2, x) + select(y == 0, 1, y))",
            ),
            (
                "(x: f32[3]) -> 1 / (select(x == 1, 0, x) - 1)",
                "(x: f32[3]) -> 1 / (select(x == 1, 0, x) - 2)",
            ),
            (
                "(x: f32[3], y: f32[3]) -> 1 / select(x > y, x - y, 1)",
                "(x: f32[3], y: f32[3]) -> 1 / select(x > y, x + y, 1)",
            ),
            (
                "(x: f32[3]) -> 1 / select(x > -1 && x < 1, 2, x)",
                "(x: f32[3]) -> 1 / select(x > 1 || x < -1, 2, x)",
            ),
            (
                "(x: f32[3]) -> 1 / select(!(x == 0), x, 1)",
                "(x: f32[3]) -> 1 / select(!(x == 0), 1, x)",
            ),
            (
                "(x: f32[3], y: f32[2, 3]) -> y / select(broadcast_in_dim(x == 0, shape = [2, 3], axes = [1]), 1, broadcast_in_dim(x, shape = [2, 3], axes = [1]))",
                "(x: f32[3], y: f32[2, 3]) -> y / select(broadcast_in_dim(x == 0, shape = [2, 3], axes = [1]), 1, y)",
            ),
        ],
    );
    check(
        "log",
        &[
            (
                "(x: f32[3]) -> log(select(x > 0, x, 1))",
                "(x: f32[3]) -> log(select(x >= 0, x, 1))",
            ),
            (
                "(x: f32[3]) -> log(select(x > 1, 2 * x - 2, 1))",
                "(x: f32[3]) -> log(select(x > 1, 2 * x - 3, 1))",
            ),
            (
                "(x: f32[3]) -> log(abs(select(x == 0, 1, x)))",
                "(x: f32[3]) -> log(abs(select(x == 1, 2, x)))",
            ),
            (
                "(x: f32[3], y: f32[3] in [1, 2]) -> log(select(x > y, x, 1))",
                "(x: f32[3], y: f32[3] in [-1, 2]) -> log(select(x > y, x, 1))",
            ),
            (
                "(x: f32[3] in [-3, -1]) -> log(select(x > 0, x, 1))",
                "(x: f32[3] in [-3, -1]) -> log(select(x < 0, x, 1))",
            ),
        ],
    );
    check(
        "abs",
        &[(
            "(x: f32[3]) -> abs(select(x == 0, 1, x))",
            "(x: f32[3]) -> abs(select(x == 2, 1, x))",
        )],
    );
}

/// What a choice does not take need not be defined, and counts neither here nor where margins are measured.
#[test]
fn what_is_not_taken_need_not_hold() {
    check(
        "log",
        &[
            (
                "(x: f32[3]) -> select(x > 0, log(x), 0)",
                "(x: f32[3]) -> select(x > 0, 0, log(x))",
            ),
            (
                "(x: f32[3]) -> select(x > 0, 2 * log(x) + 1, x)",
                "(x: f32[3]) -> select(x > 0, 2 * log(x) + 1, log(x))",
            ),
            (
                "(x: f32[3]) -> select(x > 0, select(x > 1, 1, log(x)), x)",
                "(x: f32[3]) -> select(x > -1, select(x > 1, 1, log(x)), x)",
            ),
            (
                "(x: f32[3]) -> select(x >= 1, log(2 * x - 1), 0)",
                "(x: f32[3]) -> select(x >= 0.5, log(2 * x - 1), 0)",
            ),
            // What is summed up first is taken whole.
            (
                "(x: f32[1, 3]) -> select(x > 0, log(x), 0)",
                "(x: f32[1, 3]) -> select(x > 0, sum(log(x), axes = [0], keepdims = true), 0)",
            ),
        ],
    );
    check(
        "div",
        &[
            (
                "(x: f32[3]) -> select(x == 0, 1, sin(x) / x)",
                "(x: f32[3]) -> select(x == 1, 1, sin(x) / x)",
            ),
            (
                "(x: f32[3]) -> select(abs(x) < 1e-3, 1, sin(x) / x)",
                "(x: f32[3]) -> select(abs(x) < 1e-3, sin(x) / x, 1)",
            ),
        ],
    );
    check(
        "max",
        &[(
            "(x: f32[3], y: f32[3]) -> select(x > y, max(x, y), 0)",
            "(x: f32[3], y: f32[3]) -> select(x >= y, max(x, y), 0)",
        )],
    );
}

#[test]
fn elements_that_lie_apart_do_not_tie() {
    const STEPS: &str = "cast(iota(shape = [4], axis = 0), dtype = f32)";
    let steps = |text: &str| text.replace("STEPS", STEPS);
    let ties = |op: &str, pairs: &[(&str, &str)]| {
        for (shown, open) in pairs {
            check(op, &[(&steps(shown), &steps(open))]);
        }
    };
    ties(
        "reduce_max",
        &[
            (
                "(x: f32[4] in [0, 0.9]) -> reduce_max(x + STEPS)",
                "(x: f32[4] in [0, 1]) -> reduce_max(x + STEPS)",
            ),
            (
                "(x: f32[3] in [0, 1], y: f32[1] in [2, 3]) -> reduce_max(concat(x, y, axis = 0))",
                "(x: f32[3] in [0, 1], y: f32[2] in [2, 3]) -> reduce_max(concat(x, y, axis = 0))",
            ),
            (
                "(x: f32[2, 1]) -> reduce_max(x, axes = [1])",
                "(x: f32[2, 2]) -> reduce_max(x, axes = [1])",
            ),
            (
                "(x: f32[4] in [0.5, 1]) -> reduce_max(x * exp(2 * STEPS))",
                "(x: f32[4] in [0.1, 1]) -> reduce_max(x * exp(2 * STEPS))",
            ),
        ],
    );
    ties(
        "reduce_min",
        &[
            (
                "(x: f32[4] in [0, 0.9]) -> reduce_min(STEPS - x)",
                "(x: f32[4] in [0, 1]) -> reduce_min(STEPS - x)",
            ),
            (
                "(x: f32[1] in [0, 1], y: f32[2] in [2, 3]) -> reduce_min(concat(x, y, axis = 0))",
                "(x: f32[1] in [0, 2], y: f32[2] in [2, 3]) -> reduce_min(concat(x, y, axis = 0))",
            ),
        ],
    );
    ties(
        "argsort",
        &[
            (
                "(x: f32[4] in [0, 0.9]) -> sort(x + STEPS)",
                "(x: f32[4] in [0, 1]) -> sort(x + STEPS)",
            ),
            (
                "(x: f32[4] in [0, 0.9]) -> top_k(x + STEPS, k = 2)",
                "(x: f32[4] in [0, 1]) -> top_k(x + STEPS, k = 2)",
            ),
            (
                "(x: f32[1] in [0, 1], y: f32[1] in [2, 3]) -> sort(concat(x, y, axis = 0))",
                "(x: f32[1] in [0, 2], y: f32[1] in [2, 3]) -> sort(concat(x, y, axis = 0))",
            ),
            (
                "(x: f32[2, 1]) -> sort(x)",
                "(x: f32[2, 1]) -> sort(x, axis = 0)",
            ),
        ],
    );
    ties(
        "cummax",
        &[(
            "(x: f32[4] in [0, 0.9]) -> cummax(x - STEPS)",
            "(x: f32[4] in [0, 1]) -> cummax(x - STEPS)",
        )],
    );
    ties(
        "cummin",
        &[(
            "(x: f32[4] in [0, 0.9]) -> cummin(x - STEPS)",
            "(x: f32[4] in [0, 1]) -> cummin(x - STEPS)",
        )],
    );
    ties(
        "argmax",
        &[(
            "(x: f32[4] in [0, 0.9], w: f32[4]) -> gather(w, argmax(x + STEPS))",
            "(x: f32[4] in [0, 1], w: f32[4]) -> gather(w, argmax(x + STEPS))",
        )],
    );
    ties(
        "argmin",
        &[(
            "(x: f32[4] in [0, 0.9], w: f32[4]) -> gather(w, argmin(x + STEPS))",
            "(x: f32[4] in [0, 1], w: f32[4]) -> gather(w, argmin(x + STEPS))",
        )],
    );
    // Windows of positions.
    ties(
        "reduce_max",
        &[(
            "(x: f32[1, 1, 4] in [0, 0.9]) -> max_pool(x + reshape(STEPS, shape = [1, 1, 4]), size = 2)",
            "(x: f32[1, 1, 4] in [0, 1]) -> max_pool(x + reshape(STEPS, shape = [1, 1, 4]), size = 2)",
        )],
    );
    // One element at a time, too: of each condition, not of ties alone.
    ties(
        "log",
        &[(
            "(x: f32[4] in [-0.9, 1]) -> log(x + 1 + STEPS * x * x)",
            "(x: f32[4] in [-1, 1]) -> log(x + 1 + STEPS * x * x)",
        )],
    );
    ties(
        "floor",
        &[(
            "(x: f32[4] in [0.1, 0.9]) -> floor(x + STEPS)",
            "(x: f32[4] in [0, 0.9]) -> floor(x + STEPS)",
        )],
    );
}
