"""Workload definitions: fixed shapes, seeded f32 inputs, FLOP and byte counts.

This module depends on numpy only. A workload says *what* is computed:

* ``inputs()``   ordered dict name -> numpy array (f32, or i32 for indices);
* ``const``      names a peer may bake in as constants (inference weights);
* ``wrt``        names whose gradient is an output (empty: forward only);
* ``outputs``    ordered output names: ``loss`` or ``y``, then ``d_<name>``.

The mathematics lives once per framework in ``math_torch.py`` and
``math_jax.py``, as ``FORWARD[name](inputs) -> scalar loss | y``. A
forward-only and a gradient workload may share one function: where the
gradient workload has a cotangent input ``g``, its loss is ``sum(y * g)``.

FLOP convention: multiply and add count 1 each, every transcendental, divide
or compare counts 1. GEMM-like terms are exact; backward of a GEMM is counted
as the products really needed (no gradient of a graph input that is not asked
for). Pointwise terms are approximate and never dominate but in W8, W9, W11.
"""
from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from math import log2, sqrt
from typing import Callable

import numpy as np

Inputs = dict[str, np.ndarray]


@dataclass(frozen=True)
class Workload:
    name: str
    what: str
    forward: str                      # key into a framework's FORWARD table
    make: Callable[["Init"], Inputs]
    flops: float
    wrt: tuple[str, ...] = ()
    const: tuple[str, ...] = ()
    scalar: bool = False              # forward returns the loss itself
    cotangent: str | None = None      # loss = sum(y * inputs[cotangent])
    zero: tuple[str, ...] = ()        # outputs that are 0 in exact arithmetic
    seed: str = ""                    # chosen so that no relu input is within 2.5e-6 of 0,
                                      # where f32 rounding would pick another branch
    tags: frozenset[str] = field(default_factory=frozenset)

    def inputs(self) -> Inputs:
        return self.make(Init(self.forward + self.seed))

    @property
    def grad(self) -> bool:
        return bool(self.wrt)

    @property
    def outputs(self) -> tuple[str, ...]:
        head = "loss" if self.grad else "y"
        return (head, *(f"d_{n}" for n in self.wrt))

    def min_bytes(self, out_bytes: int) -> int:
        """Compulsory traffic: every input read once, every output written once."""
        return sum(a.nbytes for a in self.inputs().values()) + out_bytes


class Init:
    """Seeded input factory; forward and gradient variants share the seed."""

    def __init__(self, key: str):
        self.rng = np.random.default_rng(zlib.crc32(key.encode()))

    def normal(self, *shape: int, scale: float = 1.0, mean: float = 0.0) -> np.ndarray:
        return (mean + scale * self.rng.standard_normal(shape)).astype(np.float32)

    def uniform(self, lo: float, hi: float, *shape: int) -> np.ndarray:
        return self.rng.uniform(lo, hi, shape).astype(np.float32)

    def weight(self, fan_in: int, *shape: int) -> np.ndarray:
        return self.normal(*shape, scale=1.0 / sqrt(fan_in))

    def bias(self, n: int) -> np.ndarray:
        return self.normal(n, scale=0.02)

    def gain(self, n: int) -> np.ndarray:
        return self.normal(n, scale=0.1, mean=1.0)

    def index(self, hi: int, *shape: int) -> np.ndarray:
        return self.rng.integers(0, hi, shape).astype(np.int32)


# --- W1, W2: multi-layer perceptron -----------------------------------------

MLP = (784, 512, 256, 10)
MLP_PARAMS = ("w0", "b0", "w1", "b1", "w2", "b2")


def make_mlp(batch: int, labels: bool) -> Callable[[Init], Inputs]:
    def make(r: Init) -> Inputs:
        d: Inputs = {}
        for i, (m, n) in enumerate(zip(MLP, MLP[1:])):
            d[f"w{i}"] = r.weight(m, m, n)
            d[f"b{i}"] = r.bias(n)
        d["x"] = r.normal(batch, MLP[0])
        if labels:
            d["labels"] = r.index(10, batch)
        return d
    return make


def mlp_flops(batch: int, train: bool) -> float:
    fl = 0.0
    for i, (m, n) in enumerate(zip(MLP, MLP[1:])):
        gemms = (3 if i else 2) if train else 1       # dx of layer 0 not needed
        fl += gemms * 2.0 * batch * m * n + batch * n * (3 if train else 12)
    return fl


# --- W3, W4: post-norm Transformer encoder block ----------------------------

ENC_B, ENC_S, ENC_D, ENC_H, ENC_F = 4, 128, 256, 8, 1024
ENC_PARAMS = ("wq", "bq", "wk", "bk", "wv", "bv", "wo", "bo", "ln1_g", "ln1_b",
              "w1", "b1", "w2", "b2", "ln2_g", "ln2_b")


def make_encoder(cotangent: bool) -> Callable[[Init], Inputs]:
    def make(r: Init) -> Inputs:
        D, F = ENC_D, ENC_F
        d: Inputs = {}
        for n in "qkvo":
            d[f"w{n}"], d[f"b{n}"] = r.weight(D, D, D), r.bias(D)
        d["ln1_g"], d["ln1_b"] = r.gain(D), r.bias(D)
        d["w1"], d["b1"] = r.weight(D, D, F), r.bias(F)
        d["w2"], d["b2"] = r.weight(F, F, D), r.bias(D)
        d["ln2_g"], d["ln2_b"] = r.gain(D), r.bias(D)
        d["x"] = r.normal(ENC_B, ENC_S, D)
        if cotangent:
            d["g"] = r.normal(ENC_B, ENC_S, D)
        return d
    return make


def transformer_layer_flops(b: int, s: int, d: int, h: int, f: int, train: bool) -> float:
    tok = b * s
    gemm = 2.0 * tok * (4 * d * d + 2 * d * f) + 2 * 2.0 * b * s * s * d
    point = tok * (2 * 8 * d + 12 * f + 4 * d) + 5.0 * b * h * s * s
    return gemm * (3 if train else 1) + point * (3 if train else 1)


# --- W5: GPT, pre-norm causal decoder ---------------------------------------

GPT_B, GPT_S, GPT_D, GPT_H, GPT_F, GPT_L, GPT_V = 8, 128, 128, 4, 512, 4, 256
GPT_LAYER = ("ln1_g", "ln1_b", "wqkv", "bqkv", "wo", "bo", "ln2_g", "ln2_b",
             "w1", "b1", "w2", "b2")
GPT_PARAMS = ("tok_emb", "pos_emb",
              *(f"l{i}.{n}" for i in range(GPT_L) for n in GPT_LAYER),
              "lnf_g", "lnf_b", "head")


def make_gpt(r: Init) -> Inputs:
    D, F = GPT_D, GPT_F
    d: Inputs = {"tok_emb": r.normal(GPT_V, D, scale=0.5), "pos_emb": r.normal(GPT_S, D, scale=0.1)}
    for i in range(GPT_L):
        p = f"l{i}."
        d[p + "ln1_g"], d[p + "ln1_b"] = r.gain(D), r.bias(D)
        d[p + "wqkv"], d[p + "bqkv"] = r.weight(D, D, 3 * D), r.bias(3 * D)
        d[p + "wo"], d[p + "bo"] = r.weight(D, D, D), r.bias(D)
        d[p + "ln2_g"], d[p + "ln2_b"] = r.gain(D), r.bias(D)
        d[p + "w1"], d[p + "b1"] = r.weight(D, D, F), r.bias(F)
        d[p + "w2"], d[p + "b2"] = r.weight(F, F, D), r.bias(D)
    d["lnf_g"], d["lnf_b"] = r.gain(D), r.bias(D)
    d["head"] = r.weight(D, D, GPT_V)
    d["tokens"] = r.index(GPT_V, GPT_B, GPT_S)
    d["targets"] = r.index(GPT_V, GPT_B, GPT_S)
    return d


def gpt_flops() -> float:
    """Causal attention is counted in full (as the unmasked product)."""
    layers = GPT_L * transformer_layer_flops(GPT_B, GPT_S, GPT_D, GPT_H, GPT_F, True)
    return layers + 3 * 2.0 * GPT_B * GPT_S * GPT_D * GPT_V


# --- W6: small CNN, NCHW -----------------------------------------------------

CNN_B = 32
CNN_PARAMS = ("c1_w", "c1_b", "bn_g", "bn_b", "c2_w", "c2_b", "c3_w", "c3_b", "fc_w", "fc_b")


def make_cnn(r: Init) -> Inputs:
    d: Inputs = {}
    for i, (ci, co) in enumerate(((3, 32), (32, 64), (64, 128)), 1):
        d[f"c{i}_w"], d[f"c{i}_b"] = r.normal(co, ci, 3, 3, scale=sqrt(2 / (9 * ci))), r.bias(co)
        if i == 1:
            d["bn_g"], d["bn_b"] = r.gain(32), r.bias(32)
    d["fc_w"], d["fc_b"] = r.weight(128, 128, 10), r.bias(10)
    d["x"] = r.normal(CNN_B, 3, 32, 32)
    d["labels"] = r.index(10, CNN_B)
    return d


def cnn_flops() -> float:
    fl, first = 0.0, True
    for ci, co, out in ((3, 32, 32), (32, 64, 16), (64, 128, 8)):
        fl += (2 if first else 3) * 2.0 * CNN_B * co * out * out * ci * 9
        first = False
    return fl + CNN_B * 32 * 32 * 32 * 20.0


# --- W7: LSTM ------------------------------------------------------------------

LSTM_T, LSTM_B, LSTM_I, LSTM_H = 64, 16, 64, 128
LSTM_PARAMS = ("w_ih", "w_hh", "b_ih", "b_hh")


def make_lstm(r: Init) -> Inputs:
    """PyTorch layout: weights [4H, in], gate order i, f, g, o; x is [T, B, I]."""
    H = LSTM_H
    return {"w_ih": r.weight(LSTM_I, 4 * H, LSTM_I), "w_hh": r.weight(H, 4 * H, H),
            "b_ih": r.bias(4 * H), "b_hh": r.bias(4 * H),
            "x": r.normal(LSTM_T, LSTM_B, LSTM_I)}


def lstm_flops() -> float:
    tb = LSTM_T * LSTM_B
    return (2 * 2.0 * tb * LSTM_I * 4 * LSTM_H + 3 * 2.0 * tb * LSTM_H * 4 * LSTM_H
            + 40.0 * tb * LSTM_H)


# --- W8, W9: pointwise chain; softmax + layernorm ------------------------------

ELEM = (4096, 1024)
ROWS = (4096, 512)


def make_elem(cotangent: bool) -> Callable[[Init], Inputs]:
    def make(r: Init) -> Inputs:
        d = {"x": r.normal(*ELEM), "a": r.gain(ELEM[1]), "b": r.normal(ELEM[1], scale=0.1)}
        if cotangent:
            d["g"] = r.normal(*ELEM)
        return d
    return make


def make_rows(cotangent: bool) -> Callable[[Init], Inputs]:
    def make(r: Init) -> Inputs:
        d = {"x": r.normal(*ROWS, scale=2.0), "gamma": r.gain(ROWS[1]), "beta": r.bias(ROWS[1])}
        if cotangent:
            d["g"] = r.normal(*ROWS)
        return d
    return make


# --- W10: plain matrix products --------------------------------------------------

def make_mm(m: int, k: int, n: int) -> Callable[[Init], Inputs]:
    return lambda r: {"a": r.normal(m, k), "b": r.normal(k, n, scale=1 / sqrt(k))}


# --- W11: selective scan (Mamba) ---------------------------------------------------

SCAN_B, SCAN_L, SCAN_D, SCAN_N = 4, 256, 256, 16
SCAN_WRT = ("u", "delta", "a_log", "bm", "cm", "dskip")


def make_scan(cotangent: bool) -> Callable[[Init], Inputs]:
    def make(r: Init) -> Inputs:
        B, L, D, N = SCAN_B, SCAN_L, SCAN_D, SCAN_N
        d = {"u": r.normal(B, L, D), "delta": r.normal(B, L, D, mean=-2.0),
             "a_log": r.uniform(0.0, 2.0, D, N), "bm": r.normal(B, L, N),
             "cm": r.normal(B, L, N), "dskip": r.gain(D)}
        if cotangent:
            d["g"] = r.normal(B, L, D)
        return d
    return make


# --- W12: Fourier neural operator block, 1-d -----------------------------------------

FNO_B, FNO_W, FNO_M, FNO_N = 8, 64, 16, 1024
FNO_WRT = ("x", "wr", "wi", "w", "b")


def make_fno(cotangent: bool) -> Callable[[Init], Inputs]:
    def make(r: Init) -> Inputs:
        W = FNO_W
        d = {"x": r.normal(FNO_B, W, FNO_N), "wr": r.weight(W, W, W, FNO_M),
             "wi": r.weight(W, W, W, FNO_M), "w": r.weight(W, W, W), "b": r.bias(W)}
        if cotangent:
            d["g"] = r.normal(FNO_B, W, FNO_N)
        return d
    return make


def fno_flops(train: bool) -> float:
    fft = 2 * FNO_B * FNO_W * 2.5 * FNO_N * log2(FNO_N)       # one rfft + one irfft
    mix = 8.0 * FNO_B * FNO_W * FNO_W * FNO_M
    skip = 2.0 * FNO_B * FNO_W * FNO_W * FNO_N
    point = 14.0 * FNO_B * FNO_W * FNO_N
    return 2 * fft + 3 * (mix + skip + point) if train else fft + mix + skip + point


# --- the table --------------------------------------------------------------------------

_N8, _N9 = float(np.prod(ELEM)), float(np.prod(ROWS))
_N11 = float(SCAN_B * SCAN_L * SCAN_D * SCAN_N)
_N11D = float(SCAN_B * SCAN_L * SCAN_D)

WORKLOADS: dict[str, Workload] = {w.name: w for w in (
    Workload("w1_mlp_train", "MLP 784-512-256-10 relu, batch 64, CE loss + weight grads",
             "mlp_loss", make_mlp(64, True), mlp_flops(64, True), MLP_PARAMS, scalar=True),
    Workload("w2_mlp_infer", "MLP 784-512-256-10 gelu(tanh), batch 1, constant weights",
             "mlp_infer", make_mlp(1, False), mlp_flops(1, False), const=MLP_PARAMS),
    Workload("w3_encoder_fwd", "post-norm encoder block d256 h8 s128 f1024, batch 4",
             "encoder", make_encoder(False),
             transformer_layer_flops(ENC_B, ENC_S, ENC_D, ENC_H, ENC_F, False), const=ENC_PARAMS),
    Workload("w4_encoder_train", "W3 + grads of sum(y*g) wrt all params and x",
             "encoder", make_encoder(True),
             transformer_layer_flops(ENC_B, ENC_S, ENC_D, ENC_H, ENC_F, True),
             (*ENC_PARAMS, "x"), cotangent="g", zero=("d_bk",)),
    Workload("w5_gpt_train", "GPT 4 layers d128 h4 s128 v256, batch 8, CE loss + grads",
             "gpt", make_gpt, gpt_flops(), GPT_PARAMS, scalar=True),
    Workload("w6_conv_train", "CNN 3x32x32 batch 32, conv-bn-relu x3, CE loss + grads",
             "cnn", make_cnn, cnn_flops(), CNN_PARAMS, scalar=True, zero=("d_c1_b",), seed="69"),
    Workload("w7_lstm_train", "LSTM h128 i64 t64 batch 16, mean(h_T^2) + grads",
             "lstm", make_lstm, lstm_flops(), LSTM_PARAMS, scalar=True, tags=frozenset({"scan"})),
    Workload("w8_elem_fwd", "gelu(x*a+b)*sigmoid(x), x 4096x1024, a,b per column",
             "elem", make_elem(False), 14 * _N8),
    Workload("w8_elem_grad", "W8 + grads of sum(y*g) wrt x, a, b",
             "elem", make_elem(True), 36 * _N8, ("x", "a", "b"), cotangent="g"),
    Workload("w9_smln_fwd", "layernorm(softmax(x)) rows 4096x512",
             "smln", make_rows(False), 12 * _N9),
    Workload("w9_smln_grad", "W9 + vjp wrt x, gamma, beta",
             "smln", make_rows(True), 28 * _N9, ("x", "gamma", "beta"), cotangent="g"),
    Workload("w10_mm_1024", "matmul 1024x1024x1024", "matmul", make_mm(1024, 1024, 1024), 2.0 * 1024**3),
    Workload("w10_mm_skinny", "matmul 64x784x512", "matmul", make_mm(64, 784, 512), 2.0 * 64 * 784 * 512),
    Workload("w11_scan_fwd", "selective scan b4 l256 d256 n16", "scan", make_scan(False),
             7 * _N11 + 5 * _N11D, tags=frozenset({"scan"})),
    Workload("w11_scan_grad", "W11 + grads of sum(y*g) wrt all inputs", "scan", make_scan(True),
             20 * _N11 + 15 * _N11D, SCAN_WRT, cotangent="g", tags=frozenset({"scan"})),
    Workload("w12_fno_fwd", "FNO block w64 m16 n1024 batch 8", "fno", make_fno(False),
             fno_flops(False), tags=frozenset({"fft"})),
    Workload("w12_fno_grad", "W12 + grads of sum(y*g) wrt x and params", "fno", make_fno(True),
             fno_flops(True), FNO_WRT, cotangent="g", tags=frozenset({"fft"})),
)}
