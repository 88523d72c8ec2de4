//! What is called like an op but is none: the transforms of functions, `matmul`, `einsum` and `load`.

/// Something that the elaborator itself makes of its arguments.
#[derive(Clone, Copy, Debug)]
pub struct Builtin {
    /// The name.
    pub name: &'static str,
    /// How it is called, as a form.
    pub form: &'static str,
    /// What it yields.
    pub doc: &'static str,
}

/// Names that are called like functions but are no ops.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "grad",
        form: "grad(f, wrt = [a], of = r)(args…)",
        doc: "The gradients of the scalar result `of` by the parameters `wrt`, in their order.",
    },
    Builtin {
        name: "value_and_grad",
        form: "value_and_grad(f, wrt = [a], of = r)(args…)",
        doc: "The results of `f`, then the gradients of the scalar result `of` by the parameters `wrt`.",
    },
    Builtin {
        name: "vjp",
        form: "vjp(f, wrt = [a], ct = [b])(args…, cotangents…)",
        doc: "Reverse mode: the results of `f`, then the cotangents of the values `wrt`. There is a \
              cotangent for each float result, then for each of the values `ct`. `all` stands for every value.",
    },
    Builtin {
        name: "jvp",
        form: "jvp(f, wrt = [a])(args…, tangents…)",
        doc: "Forward mode: the results of `f`, then their tangents. There is a tangent for each of `wrt`.",
    },
    Builtin {
        name: "checkpoint",
        form: "checkpoint(f)(args…)",
        doc: "The results of `f`; what its derivative needs is computed again from the arguments, instead of \
              being kept.",
    },
    Builtin {
        name: "scan",
        form: "scan(f, carry = [h], over = [x])(args…)",
        doc: "A loop: `f` of each slice of the arguments `over` along their leading axis, with the values \
              `carry` passed from turn to turn. The last of these, then the other results of `f`, stacked.",
    },
    Builtin {
        name: "associative_scan",
        form: "associative_scan(f)(x…)",
        doc: "The first slice of `x` along its leading axis, then `f` of the first two, `f` of that and the third, \
              and so on, in as many slices: running sums where `f` adds. `f(a, b)` is associative.",
    },
    Builtin {
        name: "cond",
        form: "cond(f, g)(c, args…)",
        doc: "`f` of the arguments where the bool scalar `c` holds, else `g` of them. Only one of them runs.",
    },
    Builtin {
        name: "map",
        form: "map(f, p)",
        doc: "`f` of each part of a struct or array: of each tensor, or of each struct that `f` takes.",
    },
    Builtin {
        name: "zip",
        form: "zip(f, p, q…)",
        doc: "`f` of the parts of several structs or arrays that are made alike, part by part.",
    },
    Builtin {
        name: "fold",
        form: "fold(f, init, p…)",
        doc: "`f` of what it yielded for the part before and of each part, beginning with `init`: \
              `fold(block, x, p.blocks)`.",
    },
    Builtin {
        name: "matmul",
        form: "matmul(x, y)",
        doc: "The product of matrices, as `x @ y`: the last axis of `x` with the last but one of `y`, and \
              broadcast batch axes.",
    },
    Builtin {
        name: "einsum",
        form: "einsum(\"ij,jk->ik\", x, y)",
        doc: "The sum of products of tensors whose axes are named by letters: of all operands' letters, those \
              that the result does not have are summed over. A letter twice in an operand is its diagonal.",
    },
    Builtin {
        name: "load",
        form: "load(\"w.safetensors\", \"name\", hash = \"…\")",
        doc: "The constant tensor of this name in a file, whose path is relative to this one. With `hash`, only \
              if it is the tensor that was meant.",
    },
];

/// Whether a name is one of these.
pub(super) fn is_builtin(name: &str) -> bool {
    BUILTINS.iter().any(|builtin| builtin.name == name)
}
