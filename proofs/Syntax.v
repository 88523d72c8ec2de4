(* Rules as data, and what they mean.

   `Rules.v` holds terms of these types, printed from the op table. `num_at` gives them their values over the
   real numbers, `ok` says where these are defined: no division by zero, no logarithm or root of what has none,
   no infinity but in a comparison. `sound` is what is to be proved of a rule. *)
From Coq Require Import Reals ZArith List Lra Lia Bool.
From Coquelicot Require Import Coquelicot.
Import ListNotations.
Open Scope R_scope.

Inductive unary := Neg | Abs | Sqrt | Exp | Expm1 | Log | Log1p | Sin | Cos | Sinh | Cosh | Tanh | Erf
  | Floor | Ceil | Round.
Inductive binary := Add | Sub | Mul | Div | Max | Min | Pow.
Inductive relation := Eq | Ne | Lt | Le | Gt | Ge.
Inductive connective := And | Or | Xor.

Inductive num :=
  | In (i : nat)                      (* operand i; the result comes after the operands *)
  | Attr (i : nat)                    (* a number among the attributes *)
  | Int (z : Z) | Ratio (p q : Z)
  | Root (p q r s k : Z)              (* p/q · √(r/s) · √π^k *)
  | PosInf | NegInf | Undefined
  | Un (f : unary) (x : num) | Bin (f : binary) (x y : num)
  | If (m : truth) (x y : num)
with truth :=
  | Cmp (r : relation) (x y : num) | Con (c : connective) (m n : truth) | Not (m : truth) | Known (b : bool).

Inductive guard :=
  | Above (i : nat) (bound : num) | Nonzero (i : nat)
  | Off (i : nat) (kink : num) | Distinct (i j : nat) | OffLattice (i : nat) (at_ : num).
Inductive attribute := Any | Fixed (v : num).
Inductive demand := Positive (i : nat) | Ordered (i j : nat).

Record rule := { arity : nat; attributes : list attribute; demands : list demand; guards : list guard;
  value : num; partials : list num }.

(* ---- functions that the libraries lack ---- *)
Definition floor (x : R) : R := IZR (Int_part x).
Definition ceil (x : R) : R := - floor (- x).
(* To the nearest integer, halves to the even one. *)
Definition round (x : R) : R :=
  let n := Int_part x in
  if Rlt_dec (x - IZR n) (1/2) then IZR n
  else if Rlt_dec (1/2) (x - IZR n) then IZR (n + 1)
  else if Z.even n then IZR n else IZR (n + 1).
Definition erf (x : R) : R := 2 / sqrt PI * RInt (fun t => exp (- (t * t))) 0 x.

(* ---- values ---- *)
Definition unary_at (f : unary) : R -> R := match f with
  | Neg => Ropp | Abs => Rabs | Sqrt => sqrt | Exp => exp | Expm1 => fun x => exp x - 1
  | Log => ln | Log1p => fun x => ln (1 + x) | Sin => sin | Cos => cos | Sinh => sinh | Cosh => cosh
  | Tanh => tanh | Erf => erf | Floor => floor | Ceil => ceil | Round => round end.
Definition binary_at (f : binary) : R -> R -> R := match f with
  | Add => Rplus | Sub => Rminus | Mul => Rmult | Div => Rdiv | Max => Rmax | Min => Rmin
  | Pow => Rpower end.
(* Where a function has the value that `unary_at` or `binary_at` gives it. Powers are given one for positive
   bases only. *)
Definition unary_ok (f : unary) (x : R) : Prop := match f with
  | Sqrt => 0 <= x | Log => 0 < x | Log1p => -1 < x | _ => True end.
Definition binary_ok (f : binary) (x y : R) : Prop := match f with
  | Div => y <> 0 | Pow => 0 < x | _ => True end.

Definition lt_b (x y : R) : bool := if Rlt_dec x y then true else false.
Definition compare_at (r : relation) (x y : R) : bool := match r with
  | Lt => lt_b x y | Gt => lt_b y x | Le => negb (lt_b y x) | Ge => negb (lt_b x y)
  | Eq => negb (lt_b x y) && negb (lt_b y x) | Ne => lt_b x y || lt_b y x end.
Definition connect_at (c : connective) : bool -> bool -> bool :=
  match c with And => andb | Or => orb | Xor => xorb end.

(* Infinities occur in comparisons, as constants, and every real number lies between them. *)
Inductive extent := Below | Here (x : R) | Beyond.
Definition compare_ext (r : relation) (x y : extent) : bool := match x, y with
  | Here x, Here y => compare_at r x y
  | Below, Below | Beyond, Beyond => match r with Eq | Le | Ge => true | _ => false end
  | Below, _ | _, Beyond => match r with Lt | Le | Ne => true | _ => false end
  | Beyond, _ | _, Below => match r with Gt | Ge | Ne => true | _ => false end end.

Section At.
Variables (a x : list R).   (* attributes; operands, with the result after them *)
Fixpoint num_at (e : num) : R := match e with
  | In i => nth i x 0 | Attr i => nth i a 0
  | Int z => IZR z | Ratio p q => IZR p / IZR q
  | Root p q r s k => IZR p / IZR q * sqrt (IZR r / IZR s) * powerRZ (sqrt PI) k
  | PosInf | NegInf | Undefined => 0
  | Un f e => unary_at f (num_at e)
  | Bin f e e' => binary_at f (num_at e) (num_at e')
  | If m e e' => if truth_at m then num_at e else num_at e' end
with truth_at (m : truth) : bool := match m with
  | Cmp r e e' =>
      compare_ext r
        (match e with PosInf => Beyond | NegInf => Below | _ => Here (num_at e) end)
        (match e' with PosInf => Beyond | NegInf => Below | _ => Here (num_at e') end)
  | Con c m n => connect_at c (truth_at m) (truth_at n)
  | Not m => negb (truth_at m) | Known b => b end.

Fixpoint ok (e : num) : Prop := match e with
  | In i => (i < length x)%nat | Attr i => (i < length a)%nat
  | Int _ => True | Ratio _ q => IZR q <> 0
  | Root _ q r s _ => 0 < IZR q /\ 0 < IZR r /\ 0 < IZR s
  | PosInf | NegInf | Undefined => False
  | Un f e => ok e /\ unary_ok f (num_at e)
  | Bin f e e' => ok e /\ ok e' /\ binary_ok f (num_at e) (num_at e')
  | If m e e' => ok_truth m /\ if truth_at m then ok e else ok e' end
with ok_truth (m : truth) : Prop := match m with
  | Cmp _ e e' =>
      (match e with PosInf | NegInf => True | _ => ok e end) /\
      (match e' with PosInf | NegInf => True | _ => ok e' end)
  | Con _ m n => ok_truth m /\ ok_truth n
  | Not m => ok_truth m | Known _ => True end.

(* A guard that only says where an op is differentiable leaves its value defined. *)
Definition guard_at (g : guard) : Prop := match g with
  | Above i b => num_at b < nth i x 0 | Nonzero i => nth i x 0 <> 0
  | Off i k => nth i x 0 <> num_at k | Distinct i j => nth i x 0 <> nth j x 0
  | OffLattice i k => forall n, nth i x 0 - num_at k <> IZR n end.
Definition domain_at (g : guard) : Prop := match g with
  | Above _ _ | Nonzero _ => guard_at g | Off _ _ | Distinct _ _ | OffLattice _ _ => True end.
Definition demand_at (d : demand) : Prop := match d with
  | Positive i => 0 < nth i a 0 | Ordered i j => nth i a 0 <= nth j a 0 end.
End At.

Definition fits (s : attribute) (v : R) : Prop :=
  match s with Any => True | Fixed e => v = num_at [] [] e end.

(* ---- what an op means: a function of its attributes, then of its operands ---- *)
Fixpoint function (n : nat) : Type := match n with O => R | S n => R -> function n end.
Fixpoint apply (n : nat) : function n -> list R -> R := match n with
  | O => fun v _ => v
  | S n => fun f l => apply n (f (hd 0 l)) (tl l) end.

Fixpoint holds (P : list Prop) : Prop := match P with [] => True | p :: P => p /\ holds P end.
Fixpoint all {A B : Type} (P : A -> B -> Prop) (l : list A) (m : list B) : Prop := match l, m with
  | [], [] => True | x :: l, y :: m => P x y /\ all P l m | _, _ => False end.
Fixpoint dot (p d : list R) : R := match p, d with
  | p :: ps, d :: ds => p * d + dot ps ds | _, _ => 0 end.

(* Operands that change with time: through x at the time t, with the velocities d. *)
Definition through (c : list (R -> R)) (t : R) (x d : list R) : Prop :=
  all (fun f v => f t = v) c x /\ all (fun f v => is_derive f t v) c d.

(* What is proved of the rule of a differentiable op. Where the op's conditions on its domain hold, the printed
   value is defined and is what the op means. Where all of them hold, the printed partial derivatives are
   defined, and along all operands that change with time the op changes at the rate that they give: they are
   its derivative. *)
Definition sound {n : nat} (f : function n) (r : rule) : Prop :=
  n = (length (attributes r) + arity r)%nat /\ length (partials r) = arity r /\
  forall a x, all fits (attributes r) a -> length x = arity r ->
    holds (map (demand_at a) (demands r)) ->
    (holds (map (domain_at a x) (guards r)) ->
       ok a x (value r) /\ num_at a x (value r) = apply n f (a ++ x)) /\
    (holds (map (guard_at a x) (guards r)) ->
       let z := x ++ [apply n f (a ++ x)] in
       holds (map (ok a z) (partials r)) /\
       forall c t d, through c t x d ->
         is_derive (fun s => apply n f (a ++ map (fun g => g s) c)) t
           (dot (map (num_at a z) (partials r)) d)).

(* What is proved of a discrete op: it is what it says, and constant around every point where its conditions
   hold. *)
Definition flat {n : nat} (f : function n) (r : rule) : Prop :=
  n = (length (attributes r) + arity r)%nat /\ partials r = [] /\
  forall a x, all fits (attributes r) a -> length x = arity r ->
    (holds (map (domain_at a x) (guards r)) ->
       ok a x (value r) /\ num_at a x (value r) = apply n f (a ++ x)) /\
    (holds (map (guard_at a x) (guards r)) ->
       forall c t d, through c t x d ->
         is_derive (fun s => apply n f (a ++ map (fun g => g s) c)) t 0).
