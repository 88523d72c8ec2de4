"""The workloads' mathematics in PyTorch. Plain functions of a dict of tensors.

Used by the torch peers, for ONNX and OpenVINO, and in float64 as
the reference. Recurrences are Python loops: inductor's CPU backend rejects
``torch._higher_order_ops.scan`` for both of ours (torch 2.15).
"""
from __future__ import annotations

import torch
import torch.nn.functional as F

from . import workloads as W

FUSED_LSTM = True          # eager: torch.lstm; export and inductor: the cell below
T = torch.Tensor
Ins = dict[str, T]


def wrap_step(step):
    """Replaced by the torch.compile peer, to compile the long scan's body only."""
    return step


def gelu(x: T) -> T:
    return F.gelu(x, approximate="tanh")


def mlp(d: Ins, act) -> T:
    h = act(torch.addmm(d["b0"], d["x"], d["w0"]))
    h = act(torch.addmm(d["b1"], h, d["w1"]))
    return torch.addmm(d["b2"], h, d["w2"])


def mlp_loss(d: Ins) -> T:
    return F.cross_entropy(mlp(d, F.relu), d["labels"].long())


def mlp_infer(d: Ins) -> T:
    return mlp(d, gelu)


def attention(q: T, k: T, v: T, heads: int, causal: bool) -> T:
    b, s, d = q.shape
    q, k, v = (t.reshape(b, s, heads, d // heads).transpose(1, 2) for t in (q, k, v))
    y = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return y.transpose(1, 2).reshape(b, s, d)


def encoder(d: Ins) -> T:
    x = d["x"]
    q, k, v = (x @ d[f"w{n}"] + d[f"b{n}"] for n in "qkv")
    a = attention(q, k, v, W.ENC_H, False) @ d["wo"] + d["bo"]
    x = F.layer_norm(x + a, (W.ENC_D,), d["ln1_g"], d["ln1_b"], 1e-5)
    f = gelu(x @ d["w1"] + d["b1"]) @ d["w2"] + d["b2"]
    return F.layer_norm(x + f, (W.ENC_D,), d["ln2_g"], d["ln2_b"], 1e-5)


def gpt(d: Ins) -> T:
    dim = (W.GPT_D,)
    x = F.embedding(d["tokens"].long(), d["tok_emb"]) + d["pos_emb"]
    for i in range(W.GPT_L):
        p = {n: d[f"l{i}.{n}"] for n in W.GPT_LAYER}
        h = F.layer_norm(x, dim, p["ln1_g"], p["ln1_b"], 1e-5)
        q, k, v = (h @ p["wqkv"] + p["bqkv"]).split(W.GPT_D, dim=-1)
        x = x + attention(q, k, v, W.GPT_H, True) @ p["wo"] + p["bo"]
        h = F.layer_norm(x, dim, p["ln2_g"], p["ln2_b"], 1e-5)
        x = x + gelu(h @ p["w1"] + p["b1"]) @ p["w2"] + p["b2"]
    x = F.layer_norm(x, dim, d["lnf_g"], d["lnf_b"], 1e-5)
    logits = x @ d["head"]
    return F.cross_entropy(logits.view(-1, W.GPT_V), d["targets"].long().view(-1))


def cnn(d: Ins) -> T:
    x = F.conv2d(d["x"], d["c1_w"], d["c1_b"], padding=1)
    x = F.relu(F.batch_norm(x, None, None, d["bn_g"], d["bn_b"], True, 0.1, 1e-5))
    x = F.relu(F.conv2d(x, d["c2_w"], d["c2_b"], stride=2, padding=1))
    x = F.relu(F.conv2d(x, d["c3_w"], d["c3_b"], stride=2, padding=1))
    return F.cross_entropy(x.mean((2, 3)) @ d["fc_w"] + d["fc_b"], d["labels"].long())


def lstm_cell(gates: T, h: T, c: T, w_hh_t: T) -> tuple[T, T]:
    i, f, g, o = (gates + h @ w_hh_t).chunk(4, dim=-1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def lstm(d: Ins) -> T:
    x = d["x"]
    h = x.new_zeros(x.shape[1], W.LSTM_H)
    if FUSED_LSTM:
        h0 = h.unsqueeze(0)
        _, hn, _ = torch.lstm(x, (h0, h0), [d["w_ih"], d["w_hh"], d["b_ih"], d["b_hh"]],
                              True, 1, 0.0, True, False, False)
        return hn.square().mean()
    gates, w_hh_t = x @ d["w_ih"].t() + d["b_ih"] + d["b_hh"], d["w_hh"].t()
    c = h
    for gx in gates.unbind(0):
        h, c = lstm_cell(gx, h, c, w_hh_t)
    return h.square().mean()


def elem(d: Ins) -> T:
    return gelu(d["x"] * d["a"] + d["b"]) * torch.sigmoid(d["x"])


def smln(d: Ins) -> T:
    return F.layer_norm(torch.softmax(d["x"], -1), (W.ROWS[1],), d["gamma"], d["beta"], 1e-5)


def matmul(d: Ins) -> T:
    return d["a"] @ d["b"]


def scan(d: Ins) -> T:
    """h_t = exp(dt A) h_{t-1} + dt B_t u_t ; y_t = <C_t, h_t> + D u_t."""
    u, dt, a = d["u"], F.softplus(d["delta"]), -torch.exp(d["a_log"])
    b, l, dim = u.shape
    h = u.new_zeros(b, dim, a.shape[1])

    def step(h: T, s: tuple[T, ...]) -> tuple[T, T]:
        ut, dtt, bt, ct = s
        h = torch.exp(dtt[..., None] * a) * h + (dtt * ut)[..., None] * bt[:, None, :]
        return h, (h * ct[:, None, :]).sum(-1)

    seq = tuple(t.transpose(0, 1) for t in (u, dt, d["bm"], d["cm"]))
    step, ys = wrap_step(step), []
    for s in zip(*(t.unbind(0) for t in seq)):
        h, y = step(h, s)
        ys.append(y)
    return torch.stack(ys, 1) + d["dskip"] * u


def fno(d: Ins) -> T:
    x = d["x"]
    ft = torch.fft.rfft(x)[..., :W.FNO_M]
    mixed = torch.einsum("bim,iom->bom", ft, torch.complex(d["wr"], d["wi"]))
    pad = F.pad(mixed, (0, W.FNO_N // 2 + 1 - W.FNO_M))
    spec = torch.fft.irfft(pad, n=W.FNO_N)
    return gelu(spec + torch.einsum("bin,io->bon", x, d["w"]) + d["b"][:, None])


FORWARD = {f.__name__: f for f in (mlp_loss, mlp_infer, encoder, gpt, cnn, lstm, elem,
                                   smln, matmul, scan, fno)}


def objective(w: W.Workload):
    """The function whose value is the workload's first output."""
    fwd = FORWARD[w.forward]
    if w.cotangent:
        return lambda d: (fwd(d) * d[w.cotangent]).sum()
    return fwd


def tensors(w: W.Workload, inputs: W.Inputs, dtype=torch.float32) -> Ins:
    out = {}
    for n, a in inputs.items():
        t = torch.from_numpy(a)
        if t.is_floating_point():
            t = t.to(dtype).requires_grad_(n in w.wrt)
        out[n] = t
    return out


def evaluate(w: W.Workload, fn, d: Ins) -> tuple[T, ...]:
    if not w.grad:
        with torch.no_grad():
            return (fn(d),)
    loss = fn(d)
    return (loss, *torch.autograd.grad(loss, [d[n] for n in w.wrt]))
