(* Written from the op table by `cargo run -p lgc-ir --example proof-rules`; a test fails when this
   file is out of date. *)
From Coq Require Import ZArith List.
From LGC Require Import Syntax.
Import ListNotations.
Open Scope Z_scope.

Definition neg : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Un Neg (In 0));
  partials := [(Int (-1))] |}.

Definition abs : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [Off 0 (Int (0))];
  value := (Un Abs (In 0));
  partials := [(If (Cmp Gt (In 0) (Int (0))) (Int (1)) (If (Cmp Lt (In 0) (Int (0))) (Int (-1)) (Int (0))))] |}.

Definition square : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Bin Mul (In 0) (In 0));
  partials := [(Bin Mul (Int (2)) (In 0))] |}.

Definition scale : rule := {|
  arity := 1;
  attributes := [Any];
  demands := [];
  guards := [];
  value := (Bin Mul (Attr 0) (In 0));
  partials := [(Attr 0)] |}.

Definition smooth_abs : rule := {|
  arity := 1;
  attributes := [Any];
  demands := [Positive 0];
  guards := [];
  value := (Bin Mul (If (Cmp Lt (Bin Add (Bin Mul (In 0) (In 0)) (Attr 0)) PosInf) (Int (1)) (Un Abs (In 0))) (Un Sqrt (If (Cmp Lt (Bin Add (Bin Mul (In 0) (In 0)) (Attr 0)) PosInf) (Bin Add (Bin Mul (In 0) (In 0)) (Attr 0)) (Bin Add (Int (1)) (Bin Mul (Attr 0) (Bin Mul (Bin Div (Int (1)) (In 0)) (Bin Div (Int (1)) (In 0))))))));
  partials := [(If (Cmp Eq (In 1) PosInf) (If (Cmp Gt (In 0) (Int (0))) (Int (1)) (Int (-1))) (Bin Div (In 0) (In 1)))] |}.

Definition clamp : rule := {|
  arity := 1;
  attributes := [Any;
    Any];
  demands := [Ordered 0 1];
  guards := [Off 0 (Attr 0);
    Off 0 (Attr 1)];
  value := (Bin Min (Bin Max (In 0) (Attr 0)) (Attr 1));
  partials := [(If (Cmp Gt (In 0) (Attr 0)) (If (Cmp Lt (In 0) (Attr 1)) (Int (1)) (Int (0))) (Int (0)))] |}.

Definition reciprocal : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [Nonzero 0];
  value := (Bin Div (Int (1)) (In 0));
  partials := [(Un Neg (Bin Mul (In 1) (In 1)))] |}.

Definition sqrt : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [Above 0 (Int (0))];
  value := (Un Sqrt (In 0));
  partials := [(Bin Div (Ratio (1) (2)) (In 1))] |}.

Definition rsqrt : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [Above 0 (Int (0))];
  value := (Bin Div (Int (1)) (Un Sqrt (In 0)));
  partials := [(Bin Mul (Ratio (-1) (2)) (Bin Mul (In 1) (Bin Mul (In 1) (In 1))))] |}.

Definition power : rule := {|
  arity := 1;
  attributes := [Any];
  demands := [];
  guards := [Above 0 (Int (0))];
  value := (Bin Pow (In 0) (Attr 0));
  partials := [(Bin Mul (Attr 0) (Bin Pow (In 0) (Bin Sub (Attr 0) (Int (1)))))] |}.

Definition power_exponent_0 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (0))];
  demands := [];
  guards := [];
  value := (Int (1));
  partials := [(Int (0))] |}.

Definition power_exponent_1 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (1))];
  demands := [];
  guards := [];
  value := (In 0);
  partials := [(Bin Mul (Int (1)) (Int (1)))] |}.

Definition power_exponent_2 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (2))];
  demands := [];
  guards := [];
  value := (Bin Mul (In 0) (In 0));
  partials := [(Bin Mul (Int (2)) (In 0))] |}.

Definition power_exponent_3 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (3))];
  demands := [];
  guards := [];
  value := (Bin Mul (In 0) (Bin Mul (In 0) (In 0)));
  partials := [(Bin Mul (Int (3)) (Bin Mul (In 0) (In 0)))] |}.

Definition power_exponent_4 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (4))];
  demands := [];
  guards := [];
  value := (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)));
  partials := [(Bin Mul (Int (4)) (Bin Mul (In 0) (Bin Mul (In 0) (In 0))))] |}.

Definition power_exponent_5 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (5))];
  demands := [];
  guards := [];
  value := (Bin Mul (In 0) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))));
  partials := [(Bin Mul (Int (5)) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))))] |}.

Definition power_exponent_6 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (6))];
  demands := [];
  guards := [];
  value := (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))));
  partials := [(Bin Mul (Int (6)) (Bin Mul (In 0) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))))] |}.

Definition power_exponent_7 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (7))];
  demands := [];
  guards := [];
  value := (Bin Mul (Bin Mul (In 0) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))));
  partials := [(Bin Mul (Int (7)) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))))] |}.

Definition power_exponent_8 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (8))];
  demands := [];
  guards := [];
  value := (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))));
  partials := [(Bin Mul (Int (8)) (Bin Mul (Bin Mul (In 0) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))))] |}.

Definition power_exponent_9 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (9))];
  demands := [];
  guards := [];
  value := (Bin Mul (In 0) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))));
  partials := [(Bin Mul (Int (9)) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))))] |}.

Definition power_exponent_10 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (10))];
  demands := [];
  guards := [];
  value := (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))));
  partials := [(Bin Mul (Int (10)) (Bin Mul (In 0) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))))))] |}.

Definition power_exponent_11 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (11))];
  demands := [];
  guards := [];
  value := (Bin Mul (Bin Mul (In 0) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))));
  partials := [(Bin Mul (Int (11)) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))))))] |}.

Definition power_exponent_12 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (12))];
  demands := [];
  guards := [];
  value := (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))));
  partials := [(Bin Mul (Int (12)) (Bin Mul (Bin Mul (In 0) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))))))] |}.

Definition power_exponent_13 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (13))];
  demands := [];
  guards := [];
  value := (Bin Mul (Bin Mul (In 0) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))));
  partials := [(Bin Mul (Int (13)) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))))))] |}.

Definition power_exponent_14 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (14))];
  demands := [];
  guards := [];
  value := (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))));
  partials := [(Bin Mul (Int (14)) (Bin Mul (Bin Mul (In 0) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))))))] |}.

Definition power_exponent_15 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (15))];
  demands := [];
  guards := [];
  value := (Bin Mul (Bin Mul (Bin Mul (In 0) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))));
  partials := [(Bin Mul (Int (15)) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))))))] |}.

Definition power_exponent_16 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (16))];
  demands := [];
  guards := [];
  value := (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))));
  partials := [(Bin Mul (Int (16)) (Bin Mul (Bin Mul (Bin Mul (In 0) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0)))) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))) (Bin Mul (Bin Mul (In 0) (In 0)) (Bin Mul (In 0) (In 0))))))] |}.

Definition add : rule := {|
  arity := 2;
  attributes := [];
  demands := [];
  guards := [];
  value := (Bin Add (In 0) (In 1));
  partials := [(Int (1));
    (Int (1))] |}.

Definition sub : rule := {|
  arity := 2;
  attributes := [];
  demands := [];
  guards := [];
  value := (Bin Sub (In 0) (In 1));
  partials := [(Int (1));
    (Int (-1))] |}.

Definition subtract_no_nan : rule := {|
  arity := 2;
  attributes := [];
  demands := [];
  guards := [];
  value := (If (Con And (Cmp Eq (In 0) (In 1)) (Not (Con And (Cmp Lt (In 1) PosInf) (Cmp Gt (In 1) NegInf)))) (Int (0)) (Bin Sub (In 0) (In 1)));
  partials := [(Int (1));
    (Int (-1))] |}.

Definition mul : rule := {|
  arity := 2;
  attributes := [];
  demands := [];
  guards := [];
  value := (Bin Mul (In 0) (In 1));
  partials := [(In 1);
    (In 0)] |}.

Definition multiply_no_nan : rule := {|
  arity := 2;
  attributes := [];
  demands := [];
  guards := [];
  value := (Bin Mul (If (Cmp Eq (In 1) (Int (0))) (If (Cmp Lt (In 0) PosInf) (If (Cmp Gt (In 0) NegInf) (In 0) (Int (0))) (Int (0))) (In 0)) (If (Cmp Eq (In 0) (Int (0))) (If (Cmp Lt (In 1) PosInf) (If (Cmp Gt (In 1) NegInf) (In 1) (Int (0))) (Int (0))) (In 1)));
  partials := [(If (Cmp Eq (In 0) (Int (0))) (If (Cmp Lt (In 1) PosInf) (If (Cmp Gt (In 1) NegInf) (In 1) (Int (0))) (Int (0))) (In 1));
    (If (Cmp Eq (In 1) (Int (0))) (If (Cmp Lt (In 0) PosInf) (If (Cmp Gt (In 0) NegInf) (In 0) (Int (0))) (Int (0))) (In 0))] |}.

Definition div : rule := {|
  arity := 2;
  attributes := [];
  demands := [];
  guards := [Nonzero 1];
  value := (Bin Div (In 0) (In 1));
  partials := [(Bin Div (Int (1)) (In 1));
    (Un Neg (Bin Div (In 2) (In 1)))] |}.

Definition max : rule := {|
  arity := 2;
  attributes := [];
  demands := [];
  guards := [Distinct 0 1];
  value := (Bin Max (In 0) (In 1));
  partials := [(If (Cmp Eq (In 0) (In 1)) (Ratio (1) (2)) (If (Cmp Gt (In 0) (In 1)) (Int (1)) (Int (0))));
    (If (Cmp Eq (In 0) (In 1)) (Ratio (1) (2)) (If (Cmp Gt (In 1) (In 0)) (Int (1)) (Int (0))))] |}.

Definition min : rule := {|
  arity := 2;
  attributes := [];
  demands := [];
  guards := [Distinct 0 1];
  value := (Bin Min (In 0) (In 1));
  partials := [(If (Cmp Eq (In 0) (In 1)) (Ratio (1) (2)) (If (Cmp Lt (In 0) (In 1)) (Int (1)) (Int (0))));
    (If (Cmp Eq (In 0) (In 1)) (Ratio (1) (2)) (If (Cmp Lt (In 1) (In 0)) (Int (1)) (Int (0))))] |}.

Definition pow : rule := {|
  arity := 2;
  attributes := [];
  demands := [];
  guards := [Above 0 (Int (0))];
  value := (Bin Pow (In 0) (In 1));
  partials := [(If (Cmp Eq (In 1) (Int (0))) (Int (0)) (Bin Mul (In 1) (Bin Pow (In 0) (Bin Sub (In 1) (Int (1))))));
    (If (Cmp Gt (In 0) (Int (0))) (Bin Mul (In 2) (Un Log (If (Cmp Gt (In 0) (Int (0))) (In 0) (Int (1))))) (Int (0)))] |}.

Definition exp : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Un Exp (In 0));
  partials := [(In 1)] |}.

Definition expm1 : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Un Expm1 (In 0));
  partials := [(Un Exp (In 0))] |}.

Definition log : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [Above 0 (Int (0))];
  value := (Un Log (In 0));
  partials := [(Bin Div (Int (1)) (In 0))] |}.

Definition log1p : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [Above 0 (Int (-1))];
  value := (Un Log1p (In 0));
  partials := [(Bin Div (Int (1)) (Bin Add (Int (1)) (In 0)))] |}.

Definition sin : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Un Sin (In 0));
  partials := [(Un Cos (In 0))] |}.

Definition cos : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Un Cos (In 0));
  partials := [(Un Neg (Un Sin (In 0)))] |}.

Definition sinh : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Un Sinh (In 0));
  partials := [(Un Cosh (In 0))] |}.

Definition cosh : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Un Cosh (In 0));
  partials := [(Un Sinh (In 0))] |}.

Definition tanh : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Un Tanh (In 0));
  partials := [(Bin Sub (Int (1)) (Bin Mul (In 1) (In 1)))] |}.

Definition erf : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Un Erf (In 0));
  partials := [(Bin Mul (Root (2) (1) (1) (1) (-1)) (Un Exp (Un Neg (Bin Mul (In 0) (In 0)))))] |}.

Definition safe_log : rule := {|
  arity := 1;
  attributes := [Any];
  demands := [Positive 0];
  guards := [];
  value := (Un Log (Bin Add (Bin Add (Bin Max (In 0) (Int (0))) (Un Log1p (Un Exp (Un Neg (Un Abs (In 0)))))) (Attr 0)));
  partials := [(Bin Div (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Exp (Un Neg (In 0))))) (Bin Add (Bin Add (Bin Max (In 0) (Int (0))) (Un Log1p (Un Exp (Un Neg (Un Abs (In 0)))))) (Attr 0)))] |}.

Definition relu : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [Off 0 (Int (0))];
  value := (Bin Max (In 0) (Int (0)));
  partials := [(If (Cmp Gt (In 0) (Int (0))) (Int (1)) (Int (0)))] |}.

Definition leaky_relu : rule := {|
  arity := 1;
  attributes := [Any];
  demands := [];
  guards := [Off 0 (Int (0))];
  value := (If (Cmp Gt (In 0) (Int (0))) (In 0) (Bin Mul (Attr 0) (In 0)));
  partials := [(If (Cmp Gt (In 0) (Int (0))) (Int (1)) (Attr 0))] |}.

Definition elu : rule := {|
  arity := 1;
  attributes := [Any];
  demands := [];
  guards := [Off 0 (Int (0))];
  value := (If (Cmp Gt (In 0) (Int (0))) (In 0) (Bin Mul (Attr 0) (Un Expm1 (In 0))));
  partials := [(If (Cmp Gt (In 0) (Int (0))) (Int (1)) (Bin Mul (Attr 0) (Un Exp (In 0))))] |}.

Definition elu_alpha_1 : rule := {|
  arity := 1;
  attributes := [Fixed (Int (1))];
  demands := [];
  guards := [];
  value := (If (Cmp Gt (In 0) (Int (0))) (In 0) (Bin Mul (Int (1)) (Un Expm1 (In 0))));
  partials := [(If (Cmp Gt (In 0) (Int (0))) (Int (1)) (Bin Mul (Int (1)) (Un Exp (In 0))))] |}.

Definition sigmoid : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Exp (Un Neg (In 0)))));
  partials := [(Bin Mul (In 1) (Bin Sub (Int (1)) (In 1)))] |}.

Definition softplus : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Bin Add (Bin Max (In 0) (Int (0))) (Un Log1p (Un Exp (Un Neg (Un Abs (In 0))))));
  partials := [(Bin Div (Int (1)) (Bin Add (Int (1)) (Un Exp (Un Neg (In 0)))))] |}.

Definition silu : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Bin Mul (In 0) (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Exp (Un Neg (In 0))))));
  partials := [(Bin Add (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Exp (Un Neg (In 0))))) (Bin Mul (In 1) (Bin Sub (Int (1)) (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Exp (Un Neg (In 0))))))))] |}.

Definition gelu : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Bin Mul (In 0) (Bin Mul (Ratio (1) (2)) (Bin Add (Int (1)) (Un Erf (Bin Mul (Root (1) (1) (1) (2) (0)) (In 0))))));
  partials := [(Bin Add (Bin Mul (Ratio (1) (2)) (Bin Add (Int (1)) (Un Erf (Bin Mul (Root (1) (1) (1) (2) (0)) (In 0))))) (Bin Mul (In 0) (Bin Mul (Bin Mul (Ratio (1) (2)) (Bin Mul (Root (2) (1) (1) (1) (-1)) (Un Exp (Un Neg (Bin Mul (Bin Mul (Root (1) (1) (1) (2) (0)) (In 0)) (Bin Mul (Root (1) (1) (1) (2) (0)) (In 0))))))) (Root (1) (1) (1) (2) (0)))))] |}.

Definition gelu_approximate_tanh : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Bin Mul (In 0) (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Exp (Un Neg (Bin Mul (Root (2) (1) (2) (1) (-1)) (Bin Mul (In 0) (Bin Add (Int (1)) (Bin Mul (Ratio (8943) (200000)) (Bin Mul (In 0) (In 0)))))))))));
  partials := [(Bin Add (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Exp (Un Neg (Bin Mul (Root (2) (1) (2) (1) (-1)) (Bin Mul (In 0) (Bin Add (Int (1)) (Bin Mul (Ratio (8943) (200000)) (Bin Mul (In 0) (In 0)))))))))) (Bin Mul (Root (2) (1) (2) (1) (-1)) (Bin Add (Bin Mul (In 0) (Bin Mul (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Exp (Un Neg (Bin Mul (Root (2) (1) (2) (1) (-1)) (Bin Mul (In 0) (Bin Add (Int (1)) (Bin Mul (Ratio (8943) (200000)) (Bin Mul (In 0) (In 0)))))))))) (Bin Sub (Int (1)) (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Exp (Un Neg (Bin Mul (Root (2) (1) (2) (1) (-1)) (Bin Mul (In 0) (Bin Add (Int (1)) (Bin Mul (Ratio (8943) (200000)) (Bin Mul (In 0) (In 0))))))))))))) (Bin Mul (Ratio (26829) (200000)) (Bin Mul (In 0) (Bin Mul (In 0) (Bin Mul (In 0) (Bin Mul (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Exp (Un Neg (Bin Mul (Root (2) (1) (2) (1) (-1)) (Bin Mul (In 0) (Bin Add (Int (1)) (Bin Mul (Ratio (8943) (200000)) (Bin Mul (In 0) (In 0)))))))))) (Bin Sub (Int (1)) (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Exp (Un Neg (Bin Mul (Root (2) (1) (2) (1) (-1)) (Bin Mul (In 0) (Bin Add (Int (1)) (Bin Mul (Ratio (8943) (200000)) (Bin Mul (In 0) (In 0)))))))))))))))))))] |}.

Definition softsign : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [];
  value := (Bin Div (In 0) (Bin Add (Int (1)) (Un Abs (In 0))));
  partials := [(Bin Mul (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Abs (In 0)))) (Bin Div (Int (1)) (Bin Add (Int (1)) (Un Abs (In 0)))))] |}.

Definition floor : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [OffLattice 0 (Int (0))];
  value := (Un Floor (In 0));
  partials := [] |}.

Definition ceil : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [OffLattice 0 (Int (0))];
  value := (Un Ceil (In 0));
  partials := [] |}.

Definition round : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [OffLattice 0 (Ratio (1) (2))];
  value := (Un Round (In 0));
  partials := [] |}.

Definition sign : rule := {|
  arity := 1;
  attributes := [];
  demands := [];
  guards := [Off 0 (Int (0))];
  value := (If (Cmp Gt (In 0) (Int (0))) (Int (1)) (If (Cmp Lt (In 0) (Int (0))) (Int (-1)) (In 0)));
  partials := [] |}.
