(* What each op of the table means over the real numbers, said without looking at its rule: this is what a
   reader has to believe. Attributes come first, then operands. *)
From Coq Require Import Reals ZArith.
From LGC Require Import Syntax.
Open Scope R_scope.

Definition add (x y : R) := x + y.
Definition sub (x y : R) := x - y.
Definition subtract_no_nan (x y : R) := x - y.
Definition mul (x y : R) := x * y.
Definition multiply_no_nan (x y : R) := x * y.
Definition div (x y : R) := x / y.
Definition max (x y : R) := Rmax x y.
Definition min (x y : R) := Rmin x y.
Definition neg (x : R) := - x.
Definition abs (x : R) := Rabs x.
Definition square (x : R) := x ^ 2.
Definition scale (factor x : R) := factor * x.
Definition smooth_abs (eps x : R) := R_sqrt.sqrt (x * x + eps).
Definition clamp (lo hi x : R) := Rmin hi (Rmax lo x).
Definition reciprocal (x : R) := / x.
Definition sqrt (x : R) := R_sqrt.sqrt x.
Definition rsqrt (x : R) := / R_sqrt.sqrt x.
(* x^y is e^(y ln x) for x > 0. *)
Definition pow (x y : R) := Rpower x y.
(* Any power of x > 0; at other x the product of n factors x, for an exponent that is a natural number n. *)
Definition power (exponent x : R) :=
  if Rlt_dec 0 x then Rpower x exponent else x ^ Z.to_nat (Int_part exponent).
Definition exp (x : R) := Rtrigo_def.exp x.
Definition expm1 (x : R) := Rtrigo_def.exp x - 1.
Definition log (x : R) := ln x.
Definition log1p (x : R) := ln (1 + x).
Definition sin (x : R) := Rtrigo_def.sin x.
Definition cos (x : R) := Rtrigo_def.cos x.
Definition sinh (x : R) := Rtrigo_def.sinh x.
Definition cosh (x : R) := Rtrigo_def.cosh x.
Definition tanh (x : R) := Rtrigo_def.tanh x.
Definition erf (x : R) := Syntax.erf x.
Definition relu (x : R) := Rmax x 0.
Definition leaky_relu (slope x : R) := if Rlt_dec 0 x then x else slope * x.
Definition elu (alpha x : R) := if Rlt_dec 0 x then x else alpha * (Rtrigo_def.exp x - 1).
Definition sigmoid (x : R) := / (1 + Rtrigo_def.exp (- x)).
Definition softplus (x : R) := ln (1 + Rtrigo_def.exp x).
Definition silu (x : R) := x * sigmoid x.
Definition safe_log (eps x : R) := ln (softplus x + eps).
Definition softsign (x : R) := x / (1 + Rabs x).
(* x Φ(x), and ½ x (1 + tanh (√(2/π) (x + 0.044715 x³))). *)
Definition gelu (x : R) := x * ((1 + Syntax.erf (x / R_sqrt.sqrt 2)) / 2).
Definition gelu_approximate_tanh (x : R) :=
  x / 2 * (1 + Rtrigo_def.tanh (R_sqrt.sqrt (2 / PI) * (x + 44715 / 1000000 * x ^ 3))).
Definition floor (x : R) := Syntax.floor x.
Definition ceil (x : R) := Syntax.ceil x.
Definition round (x : R) := Syntax.round x.
Definition sign (x : R) := if Rlt_dec 0 x then 1 else if Rlt_dec x 0 then -1 else 0.
