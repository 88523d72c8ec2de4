"""The part of the table that has the graphs of the standard library: cells, sequences, layers, training."""

import math

import jax
import jax.numpy as jnp
import torch
import torch.nn.functional as F
from jax import lax
from torch.func import functional_call
from torch.nn.attention import SDPBackend, sdpa_kernel

from cases import Case, between, normal, positive, single
from table import family


def entry(file, takes, yields, body, f, g=None, smooth=True, definitions="", **draw):
    """An entry that uses a file of the library; types without a dtype are of double precision."""
    typed = lambda names: ", ".join(part if part[-1] != "]" or "f64" in part or "i32" in part else part.replace("[", "f64[") for part in names)
    head = f"entry case({typed(takes)}) -> ({typed(yields)}) {{ {body} }}"
    return Case(f'use "f64/{file}.graph"\n{definitions}{head}', f, g, draw, smooth)


# Of saturated gates, the derivative has an absolute error of a unit in the last place of 1.
weak = lambda rng, shape: single(0.5 * normal(rng, shape))

T, B, I, H = 4, 2, 3, 2
STEP, STATE, XS, YS = f"[{B}, {I}]", f"[{B}, {H}]", f"[{T}, {B}, {I}]", f"[{T}, {B}, {H}]"


def gates(*names):
    """The parameters of gates: an input matrix, a state matrix and a bias each."""
    return [f"{part}{name}: {shape}" for name in names for part, shape in (("w", f"[{I}, {H}]"), ("u", f"[{H}, {H}]"), ("b", f"[{H}]"))]


def gate(name):
    return f"Gate(input = w{name}, state = u{name}, bias = b{name})"


GRU = f"Gru(reset = {gate('r')}, update = {gate('z')}, candidate = {gate('c')})"
GRU_AFTER = f"GruAfter(gates = {GRU}, state_bias = s)"
LSTM = f"Lstm(input = {gate('i')}, forget = {gate('f')}, output = {gate('o')}, candidate = {gate('c')})"


def threes(parameters):
    return [parameters[at : at + 3] for at in range(0, len(parameters), 3)]


def rnn_cell(x, h, w, u, b):
    return jnp.tanh(x @ w + h @ u + b)


def gru_cell(x, h, *parameters):
    r, z, c = threes(parameters)
    linear = lambda h, p: x @ p[0] + h @ p[1] + p[2]
    reset, update = jax.nn.sigmoid(linear(h, r)), jax.nn.sigmoid(linear(h, z))
    return update * h + (1 - update) * jnp.tanh(linear(reset * h, c))


def sequence(cell, reverse=False):
    """A cell over time, with its states as a tuple; the output is the first of them."""

    def f(xs, h, *parameters):
        def turn(h, x):
            h = cell(x, h, *parameters)
            return h, h

        last, ys = lax.scan(turn, h, xs, reverse=reverse)
        return ys, last

    return f


def stacked(parameters):
    """The weights of PyTorch's layer of a cell, of which each gate has two biases."""
    parts = threes(parameters)
    inputs, states = (torch.cat([part[at].T for part in parts]) for at in (0, 1))
    bias = torch.cat([part[2] for part in parts])
    return inputs, states, bias, torch.zeros_like(bias)


def torch_sequence(layer, backwards=False):
    """PyTorch's layer, as sequences of the library have their operands."""

    def f(xs, h, *parameters):
        names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
        # A bias of the candidate's state comes last.
        weights = list(stacked(parameters[: len(parameters) // 3 * 3]))
        if len(parameters) % 3:
            weights[3] = torch.cat([torch.zeros(2 * H), parameters[-1]])
        xs = xs.flip(0) if backwards else xs
        ys, last = functional_call(layer, dict(zip(names, weights)), (xs, h[None]))
        return ys.flip(0) if backwards else ys, last[0]

    return f


def torch_lstm(xs, h, memory, *parameters):
    i, f, o, c = threes(parameters)
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    weights = dict(zip(names, stacked(i + f + c + o)))
    ys, (last, kept) = functional_call(torch.nn.LSTM(I, H), weights, (xs, (h[None], memory[None])))
    return ys, last[0], kept[0]


def selective_scan(x, delta, a, b, c, skip, h):
    """Gu & Dao (2023), equation 2, with the discretisation of their code."""

    def turn(h, slices):
        x, step, b, c = slices
        h = jnp.exp(step[:, None] * a) * h + (step * x)[:, None] * b
        return h, h @ c

    last, y = lax.scan(turn, h, (x, jax.nn.softplus(delta), b, c))
    return y + skip * x, last


def recurrent(file, takes, yields, body, f, g=None):
    names = [part.split(":")[0] for part in takes]
    return entry(file, takes, yields, body, f, g, **dict.fromkeys(names, weak))


def over_time(name, states, parameters, value, f, g, reverse=False):
    lasts = [f"last{at}: {STATE}" for at in range(len(states))]
    made = ", ".join(["ys"] + [last.split(":")[0] for last in lasts])
    given = ", ".join(state.split(":")[0] for state in states)
    call = f"({made}) = {name}(xs, {given}, {value}{', reverse = true' if reverse else ''})"
    return recurrent("sequences", [f"xs: {XS}", *states, *parameters], [f"ys: {YS}", *lasts], call, f, g)


torch_rnn, torch_gru = torch.nn.RNN(I, H), torch.nn.GRU(I, H)
once = lambda f: lambda x, *rest: f(x[None], *rest)[1]

family(
    "recurrent",
    [
        recurrent(
            "cells",
            [f"x: {STEP}", f"h: {STATE}", *gates("a")],
            [f"next: {STATE}"],
            f"next = rnn_cell(x, h, {gate('a')})",
            rnn_cell,
            once(torch_sequence(torch_rnn)),
        ),
        recurrent(
            "cells",
            [f"x: {STEP}", f"h: {STATE}", *gates("r", "z", "c")],
            [f"next: {STATE}"],
            f"next = gru_cell(x, h, {GRU})",
            gru_cell,
        ),
        recurrent(
            "cells",
            [f"x: {STEP}", f"h: {STATE}", *gates("r", "z", "c"), f"s: [{H}]"],
            [f"next: {STATE}"],
            f"next = gru_cell_after(x, h, {GRU_AFTER})",
            None,
            once(torch_sequence(torch_gru)),
        ),
        over_time("rnn", [f"h: {STATE}"], gates("a"), gate("a"), sequence(rnn_cell), torch_sequence(torch_rnn)),
        over_time(
            "rnn", [f"h: {STATE}"], gates("a"), gate("a"), sequence(rnn_cell, True), torch_sequence(torch_rnn, True), True
        ),
        over_time("gru", [f"h: {STATE}"], gates("r", "z", "c"), GRU, sequence(gru_cell), None),
        over_time(
            "gru_after",
            [f"h: {STATE}"],
            [*gates("r", "z", "c"), f"s: [{H}]"],
            GRU_AFTER,
            None,
            torch_sequence(torch_gru),
        ),
        over_time(
            "gru_after",
            [f"h: {STATE}"],
            [*gates("r", "z", "c"), f"s: [{H}]"],
            GRU_AFTER,
            None,
            torch_sequence(torch_gru, True),
            True,
        ),
        over_time(
            "lstm", [f"h: {STATE}", f"memory: {STATE}"], gates("i", "f", "o", "c"), LSTM, None, torch_lstm
        ),
        entry(
            "sequences",
            ["x: [5, 3]", "delta: [5, 3]", "a: [3, 2]", "b: [5, 2]", "c: [5, 2]", "skip: [3]", "h: [3, 2]"],
            ["y: [5, 3]", "last: [3, 2]"],
            "(y, last) = selective_scan(x, delta, -exp(a), b, c, skip, h)",
            lambda x, delta, a, *rest: selective_scan(x, delta, -jnp.exp(a), *rest),
        ),
    ],
)


def linear(name):
    # Softmax takes no notice of a bias of the keys: its derivative would be 0 but for rounding.
    return f"Linear(w = w{name}, b = {'stop_gradient(bk)' if name == 'k' else 'b' + name})"


def attention_parameters(d, e):
    """Of queries, keys and values of `d` features in heads of `e` together, and of what goes out."""
    shapes = {"q": (d, e), "k": (d, e), "v": (d, e), "o": (e, d)}
    return [part for name, (i, o) in shapes.items() for part in (f"w{name}: [{i}, {o}]", f"b{name}: [{o}]")]


ATTENTION = f"(query = {linear('q')}, key = {linear('k')}, value = {linear('v')}, out = {linear('o')})"


def torch_multi_head(heads, causal=False, shared=False):
    """PyTorch's own layer; of self-attention, where the operand is one."""

    def f(x, *rest):
        y, parameters = (x, rest) if shared else (rest[0], rest[1:])
        wq, bq, wk, bk, wv, bv, wo, bo = parameters
        mask = torch.ones(x.shape[1], y.shape[1]).tril().logical_not() if causal else None
        layer = torch.nn.MultiheadAttention(x.shape[2], heads, batch_first=True)
        weights = {
            "in_proj_weight": torch.cat([wq.T, wk.T, wv.T]),
            "in_proj_bias": torch.cat([bq, bk.detach(), bv]),
            "out_proj.weight": wo.T,
            "out_proj.bias": bo,
        }
        with sdpa_kernel(SDPBackend.MATH):
            return functional_call(layer, weights, (x, y, y), {"attn_mask": mask, "need_weights": False})[0]

    return f


def grouped(heads, shared, width, causal=False):
    """With heads that share keys and values, written out."""

    def f(x, y, wq, bq, wk, bk, wv, bv, wo, bo):
        bk = lax.stop_gradient(bk)
        split = lambda z, count: jnp.swapaxes(z.reshape(*z.shape[:2], count, width), 1, 2)
        q = split(x @ wq + bq, heads)
        k, v = (jnp.repeat(split(y @ w + b, shared), heads // shared, 1) for w, b in ((wk, bk), (wv, bv)))
        scores = jnp.einsum("bhnd,bhmd->bhnm", q, k) / math.sqrt(width)
        if causal:
            scores = jnp.where(jnp.tril(jnp.ones(scores.shape[-2:], bool)), scores, -jnp.inf)
        mixed = jnp.einsum("bhnm,bhmd->bhnd", jax.nn.softmax(scores), v)
        return jnp.swapaxes(mixed, 1, 2).reshape(*x.shape[:2], -1) @ wo + bo

    return f


def multi_head(heads, shared, width, f, g=None, causal=False):
    parameters = [
        f"wq: [4, {heads * width}]",
        f"bq: [{heads * width}]",
        f"wk: [4, {shared * width}]",
        f"bk: [{shared * width}]",
        f"wv: [4, {shared * width}]",
        f"bv: [{shared * width}]",
        f"wo: [{heads * width}, 4]",
        "bo: [4]",
    ]
    typed = f"MultiHeadAttention[4, {heads}, {shared}, {width}]"
    attributes = ", causal = true" if causal else ""
    return entry(
        "layers",
        ["x: [2, 3, 4]", "y: [2, 3, 4]", *parameters],
        ["z: [2, 3, 4]"],
        f"z = multi_head_attention(x, y, {typed}{ATTENTION}{attributes})",
        f,
        g,
    )


def self_attention(causal=False):
    attributes = ", causal = true" if causal else ""
    return entry(
        "layers",
        ["x: [2, 3, 4]", *attention_parameters(4, 4)],
        ["y: [2, 3, 4]"],
        f"y = attention(x, Attention[4, 2]{ATTENTION}{attributes})",
        None,
        torch_multi_head(2, causal, shared=True),
    )


def batch_norm_2d(x, gamma, beta, mean, variance):
    now, spread = x.mean((0, 2, 3)), x.var((0, 2, 3))
    by_channel = lambda parameter: parameter[:, None, None]
    y = (x - by_channel(now)) * lax.rsqrt(by_channel(spread) + 1e-5) * by_channel(gamma) + by_channel(beta)
    return y, 0.75 * mean + 0.25 * now, 0.75 * variance + 0.25 * spread


def mlp(x, w1, b1, w2, b2, w3, b3):
    return jnp.tanh(jnp.tanh(x @ w1 + b1) @ w2 + b2) @ w3 + b3


family(
    "layers",
    [
        self_attention(),
        self_attention(causal=True),
        multi_head(2, 2, 2, grouped(2, 2, 2), torch_multi_head(2)),
        multi_head(2, 2, 2, grouped(2, 2, 2, True), torch_multi_head(2, True), causal=True),
        multi_head(4, 2, 1, grouped(4, 2, 1)),
        entry(
            "layers",
            ["x: [2, 3]", "w1: [3, 4]", "b1: [4]", "w2: [4, 4]", "b2: [4]", "w3: [4, 2]", "b3: [2]"],
            ["y: [2, 2]"],
            "y = mlp(x, Mlp[3, 4, 2, 1](first = Linear(w = w1, b = b1), hidden = [Linear(w = w2, b = b2)], "
            "last = Linear(w = w3, b = b3)), activation = tanh)",
            mlp,
            lambda x, a, b, c, d, e, f: F.linear(F.linear(F.linear(x, a.T, b).tanh(), c.T, d).tanh(), e.T, f),
        ),
        entry(
            "layers",
            ["x: [2, 3, 4]", "g: [4]", "b: [4]"],
            ["y: [2, 3, 4]"],
            "y = sequence_normalize(x, LayerNorm(gamma = g, beta = b))",
            None,
            lambda x, g, b: F.layer_norm(x, (4,), g, b),
        ),
        entry(
            "layers",
            ["x: [2, 2, 4, 5]", "w: [3, 2, 2, 3]", "b: [3]"],
            ["y: [2, 3, 3, 3]"],
            "y = conv2d(x, Conv2d(w = w, b = b))",
            lambda x, w, b: lax.conv(x, w, (1, 1), "VALID") + b[:, None, None],
            F.conv2d,
        ),
        entry(
            "layers",
            ["x: [3, 2, 2, 2]", "g: [2]", "b: [2]", "m: [2]", "v: [2]"],
            ["y: [3, 2, 2, 2]", "mean: [2]", "variance: [2]"],
            "(y, next) = batch_norm_2d(x, LayerNorm(gamma = g, beta = b), Statistics(mean = m, variance = v), "
            "momentum = 0.25); mean = next.mean; variance = next.variance",
            batch_norm_2d,
            v=positive,
        ),
    ],
)


def steps(name, state, scalars="", attributes=""):
    """A graph that takes a step of an optimiser, for a loop over gradients."""
    lasts = ", ".join(f"next_{part}" for part in state)
    kept = ", ".join(state)
    typed = lambda prefix: ", ".join(f"{prefix}{part}: f64[3]" for part in state)
    counter, more = (", t: f64[]", ", next_t: f64[]") if scalars else ("", "")
    rest = ", ".join(state[1:])
    given = f"p, d, {rest}, t, rate" if scalars else f"p, d, {rest}, rate" if rest else "p, d, rate"
    counted = "; next_t = t + 1" if scalars else ""
    made = f"({lasts})" if len(state) > 1 else lasts
    definition = (
        f"graph turn({typed('')}{counter}, d: f64[3], rate: f64[]) -> ({typed('next_')}{more}) "
        f"{{ {made} = {name}({given}{attributes}){counted} }}\n"
    )
    carried, ends = (f"{kept}, t", f"{lasts}, last_t") if scalars else (kept, lasts)
    begin = "t: f64[] = 1; " if scalars else ""
    ends = f"({ends})" if "," in ends else ends
    body = f"{begin}{ends} = scan(turn, carry = [{carried}], over = d)({carried}, ds, rate)"
    return definition, body


def descent(name, state, f, attributes="", counted=False, smooth=True, g=None):
    """Five steps along given gradients, with moments that begin at zero."""
    definition, body = steps(name, state, counted, attributes)
    zero = "".join(f"{part}: f64[3] = 0; " for part in state[1:])
    yields = [f"next_{part}: [3]" for part in state]
    return entry(
        "optimisers",
        ["p: [3]", "ds: [5, 3]", "rate: f64[]"],
        yields,
        zero + body,
        f,
        g,
        smooth,
        definition,
        rate=between(0.01, 0.1),
    )


def descended(step, count):
    """The steps in JAX: of the parameters, moments and the number of the step."""

    def f(p, ds, rate):
        state = (p, *(jnp.zeros_like(p) for _ in range(count)))
        for t, d in enumerate(ds, 1):
            state = step(*state, d, rate, t)
        return state

    return f


def torch_descent(optimizer, moments, **options):
    """The steps by PyTorch's own optimiser."""

    def f(p, ds, rate):
        p = torch.nn.Parameter(p.clone())
        made = optimizer([p], lr=float(rate), **options)
        for d in ds:
            p.grad = d.clone()
            made.step()
        return p.detach(), *(made.state[p][moment] for moment in moments)

    return f


def momentum(p, v, d, rate, t):
    v = 0.9 * v + d
    return p - rate * v, v


def adam(decay=0.0, eps=1e-8):
    def step(p, m, v, d, rate, t):
        m, v = 0.9 * m + 0.1 * d, 0.999 * v + 0.001 * d * d
        direction = m / (1 - 0.9**t) / (jnp.sqrt(v / (1 - 0.999**t)) + eps)
        return (1 - rate * decay) * p - rate * direction, m, v

    return step


def clip(d, e, limit):
    norm = jnp.sqrt((d**2).sum() + (e**2).sum())
    scale = jnp.where(norm > limit, limit / norm, 1.0)
    return d * scale, e * scale, norm


CLIPPED = "struct Two { d: f64[3], e: f64[2, 2] }\n"


def clipping(low, high):
    return entry(
        "optimisers",
        ["d: [3]", "e: [2, 2]", "limit: f64[]"],
        ["a: [3]", "b: [2, 2]", "norm: f64[]"],
        "(c, norm) = clip_by_global_norm(Two(d = d, e = e), limit); a = c.d; b = c.e",
        clip,
        definitions=CLIPPED,
        limit=between(low, high),
    )


def schedule(call, f, g=None, t=between(0.5, 9.5)):
    return entry(
        "optimisers",
        ["t: f64[]", "rate: f64[]", "steps: f64[]"],
        ["now: f64[]"],
        f"now = {call}",
        f,
        g,
        g is None,
        t=t,
        rate=between(0.01, 0.1),
        steps=lambda r, s: r.integers(10, 20, s).astype(float),
    )


def torch_schedule(make):
    """The rate that a schedule of PyTorch's has come to after t steps."""

    def f(t, rate, steps):
        made = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=float(rate))
        scheduler = make(made, int(steps))
        for _ in range(int(t)):
            made.step()
            scheduler.step()
        return torch.tensor(made.param_groups[0]["lr"])

    return f


SCHEDULERS = torch.optim.lr_scheduler
whole_steps = lambda r, s: r.integers(1, 10, s).astype(float)


def cosine(t, rate, steps, last=0.1):
    return rate * (last + (1 - last) * (1 + jnp.cos(math.pi * jnp.clip(t / steps, 0, 1))) / 2)


family(
    "training",
    [
        descent("sgd_step", ["p"], descended(lambda p, d, rate, t: (p - rate * d,), 0)),
        descent("sgd_step", ["p"], None, smooth=False, g=torch_descent(torch.optim.SGD, [])),
        descent("momentum_step", ["p", "velocity"], descended(momentum, 1)),
        descent(
            "momentum_step",
            ["p", "velocity"],
            None,
            smooth=False,
            g=torch_descent(torch.optim.SGD, ["momentum_buffer"], momentum=0.9),
        ),
        # Without more to divide by, the first step has a slope that is 0 but for rounding.
        descent("adam_step", ["p", "m", "v"], descended(adam(eps=0.25), 2), ", eps = 0.25", True),
        descent(
            "adam_step",
            ["p", "m", "v"],
            None,
            counted=True,
            smooth=False,
            g=torch_descent(torch.optim.Adam, ["exp_avg", "exp_avg_sq"]),
        ),
        descent("adamw_step", ["p", "m", "v"], descended(adam(0.25, 0.25), 2), ", eps = 0.25, decay = 0.25", True),
        descent(
            "adamw_step",
            ["p", "m", "v"],
            None,
            ", decay = 0.25",
            True,
            False,
            torch_descent(torch.optim.AdamW, ["exp_avg", "exp_avg_sq"], weight_decay=0.25),
        ),
        # Below the limit, and above it.
        clipping(20, 30),
        clipping(0.5, 1),
        schedule("cosine_schedule(t, rate, steps, last = 0.1)", cosine),
        schedule(
            "cosine_schedule(t, rate, steps)",
            None,
            torch_schedule(lambda made, steps: SCHEDULERS.CosineAnnealingLR(made, steps)),
            whole_steps,
        ),
        schedule("warmup_linear(t, rate, steps)", lambda t, rate, steps: rate * jnp.minimum(t / steps, 1)),
        schedule(
            "exponential_schedule(t, rate, steps)",
            None,
            torch_schedule(lambda made, steps: SCHEDULERS.ExponentialLR(made, 0.5 ** (1 / steps))),
            whole_steps,
        ),
        schedule("exponential_schedule(t, rate, steps, factor = 0.25)", lambda t, rate, steps: rate * 0.25 ** (t / steps)),
    ],
)
