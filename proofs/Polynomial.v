(* What graphs compute of sums and products, and their reverse mode, over any commutative semiring.

   `Maps.v` holds, for the examples of ops, what the compiler takes them to compute and what its reverse mode
   makes of them, as polynomials in the elements of the operands. `check` compares these as formal polynomials;
   `check_sound` says that then the one is the adjoint of the derivative of the other, whatever the elements
   are; `rate_is_derivative` that over the real numbers this derivative is the one of analysis. *)
From Coq Require Import ZArith List Bool Permutation Ring Ring_theory Lia Reals.
From Coquelicot Require Import Coquelicot.
From LGC Require Import Syntax Calculus.
Import ListNotations.

(* Elements by number: those of the operands first, in order, then those of the cotangents. *)
Record map := { active : list nat; cotangents : nat; forward : list num; backward : list num }.

(* ---- what a term means over a commutative semiring ---- *)
Section Semiring.
Variable R : Type.
Variables (zero one : R) (plus times : R -> R -> R).
Infix "+" := plus. Infix "*" := times.
Variable x : nat -> R.               (* the elements *)
Variable holds : nat -> bool.        (* the truth values *)
Variable d : nat -> R.               (* the tangents of operands *)
Variable moves : nat -> bool.        (* which elements have tangents *)
(* Numbers other than 0 and 1: whatever they stand for. *)
Variable ratio : Z -> Z -> R.
Variable root : Z -> Z -> Z -> Z -> Z -> R.

(* A truth value is printed as an element's being positive. *)
Fixpoint chosen (m : truth) : bool := match m with
  | Cmp Gt (In i) _ => holds i | Not m => negb (chosen m) | Known b => b | _ => true end.
Definition reciprocal (z : Z) : R := if Z.eqb z 1 then one else ratio 1 z.
Definition integer (z : Z) : R := if Z.eqb z 0 then zero else if Z.eqb z 1 then one else ratio z 1.
Fixpoint term (e : num) : R := match e with
  | In i => x i | Int z => integer z | Ratio p q => ratio p q | Root p q r s k => root p q r s k
  | Un Neg e => ratio (-1) 1 * term e
  | Bin Add e e' => term e + term e' | Bin Sub e e' => term e + ratio (-1) 1 * term e'
  | Bin Mul e e' => term e * term e' | Bin Div e (Int n) => reciprocal n * term e
  | If m e e' => if chosen m then term e else term e'
  | _ => zero end.
(* The derivative, by the rules of sums and products. *)
Fixpoint rate (e : num) : R := match e with
  | In i => if moves i then d i else zero
  | Un Neg e => ratio (-1) 1 * rate e
  | Bin Add e e' => rate e + rate e' | Bin Sub e e' => rate e + ratio (-1) 1 * rate e'
  | Bin Mul e e' => rate e * term e' + term e * rate e' | Bin Div e (Int n) => reciprocal n * rate e
  | If m e e' => if chosen m then rate e else rate e'
  | _ => zero end.
Definition total (l : list R) : R := fold_right plus zero l.
End Semiring.

Definition mem (i : nat) (l : list nat) : bool := existsb (Nat.eqb i) l.

(* What is claimed of a map: the sum over results of cotangent times rate is that over operands of tangent times
   what reverse mode computes. *)
Definition adjoint (m : map) : Prop :=
  forall (R : Type) (zero one : R) (plus times : R -> R -> R),
  semi_ring_theory zero one plus times eq ->
  forall x holds d ratio root,
    let term := term R zero one plus times x holds ratio root in
    let rate := rate R zero one plus times x holds d (fun i => mem i (active m)) ratio root in
    total R zero plus
      (List.map (fun p => times (x (cotangents m + fst p)%nat) (rate (snd p)))
         (combine (seq 0 (length (forward m))) (forward m))) =
    total R zero plus
      (List.map (fun p => times (d (fst p)) (term (snd p))) (combine (active m) (backward m))).

(* ---- formal polynomials ---- *)
Inductive symbol :=
  | Element (i : nat) | Tangent (i : nat)
  | Taken (i : nat) (b : bool)              (* 1 where truth value i is b, else 0 *)
  | Number (p q : Z) | Surd (p q r s k : Z).
Definition eq_symbol : forall a b : symbol, {a = b} + {a <> b}.
Proof. decide equality; auto using Nat.eq_dec, Z.eq_dec, bool_dec. Defined.
Notation monomial := (list symbol).
Notation polynomial := (list (list symbol)).

Definition product (p q : polynomial) : polynomial := flat_map (fun m => List.map (app m) q) p.
Definition scaled (s : symbol) (p : polynomial) : polynomial := List.map (cons s) p.
Definition constant (z : Z) : polynomial :=
  if Z.eqb z 0 then [] else if Z.eqb z 1 then [[]] else [[Number z 1]].
Definition both {A B : Type} (f : A -> A -> B) (a b : option A) : option B :=
  match a, b with Some a, Some b => Some (f a b) | _, _ => None end.
(* Where a truth value holds, and where not. *)
Fixpoint indicator (m : truth) : option (polynomial * polynomial) := match m with
  | Cmp Gt (In i) (Int 0) => Some ([[Taken i true]], [[Taken i false]])
  | Not m => option_map (fun p => (snd p, fst p)) (indicator m)
  | Known true => Some ([[]], []) | Known false => Some ([], [[]])
  | _ => None end.
Fixpoint polynomial_of (e : num) : option polynomial := match e with
  | In i => Some [[Element i]] | Int z => Some (constant z) | Ratio p q => Some [[Number p q]]
  | Root p q r s k => Some [[Surd p q r s k]]
  | Un Neg e => option_map (scaled (Number (-1) 1)) (polynomial_of e)
  | Bin Add e e' => both (@app _) (polynomial_of e) (polynomial_of e')
  | Bin Sub e e' => both (fun p q => p ++ scaled (Number (-1) 1) q) (polynomial_of e) (polynomial_of e')
  | Bin Mul e e' => both product (polynomial_of e) (polynomial_of e')
  | Bin Div e (Int (Zpos n)) =>
      option_map (if Z.eqb (Zpos n) 1 then fun p => p else scaled (Number 1 (Zpos n))) (polynomial_of e)
  | If m e e' => match indicator m with
      | Some (t, f) => both (fun p q => product t p ++ product f q) (polynomial_of e) (polynomial_of e')
      | None => None end
  | _ => None end.
Definition derivative_1 (moves : nat -> bool) : monomial -> polynomial := fix go m := match m with
  | [] => []
  | s :: m => match s with Element i => if moves i then [Tangent i :: m] else [] | _ => [] end
      ++ List.map (cons s) (go m) end.
Definition derivative (moves : nat -> bool) (p : polynomial) : polynomial := flat_map (derivative_1 moves) p.

(* ---- a normal form: sorted by a tree, whose order no proof depends on ---- *)
Inductive tree (A : Type) := Leaf | Node (l : tree A) (a : A) (r : tree A).
Arguments Leaf {A}. Arguments Node {A}.
Section Sort.
Context {A : Type} (le : A -> A -> bool).
Fixpoint insert (a : A) (t : tree A) : tree A := match t with
  | Leaf => Node Leaf a Leaf
  | Node l b r => if le a b then Node (insert a l) b r else Node l b (insert a r) end.
Fixpoint flatten (t : tree A) (rest : list A) : list A := match t with
  | Leaf => rest | Node l a r => flatten l (a :: flatten r rest) end.
Definition sort (l : list A) : list A := flatten (fold_right insert Leaf l) [].
Lemma flatten_app t : forall rest, flatten t rest = flatten t [] ++ rest.
Proof.
  induction t as [|l IHl a r IHr]; intros; simpl; auto.
  rewrite IHl, (IHl (a :: flatten r [])), (IHr rest), <- app_assoc. reflexivity.
Qed.
Lemma flatten_insert a t : Permutation (flatten (insert a t) []) (a :: flatten t []).
Proof.
  induction t as [|l IHl b r IHr]; simpl; auto. destruct (le a b); simpl.
  - rewrite (flatten_app l), (flatten_app (insert a l)), IHl. reflexivity.
  - rewrite !(flatten_app l (b :: _)), IHr.
    transitivity (flatten l [] ++ a :: b :: flatten r []).
    + apply Permutation_app_head, perm_swap.
    + symmetry. apply Permutation_middle.
Qed.
Lemma sort_permutation l : Permutation (sort l) l.
Proof.
  induction l; simpl; auto. unfold sort in *. simpl. rewrite flatten_insert. now apply perm_skip.
Qed.
End Sort.
Definition code (s : symbol) : list Z := match s with
  | Element i => [0; Z.of_nat i] | Tangent i => [1; Z.of_nat i]
  | Taken i b => [2; Z.of_nat i; if b then 1 else 0] | Number p q => [3; p; q]
  | Surd p q r s k => [4; p; q; r; s; k] end%Z.
Fixpoint le_code (a b : list Z) : bool := match a, b with
  | [], _ => true | _, [] => false
  | x :: a, y :: b => match Z.compare x y with Datatypes.Lt => true | Datatypes.Gt => false | _ => le_code a b end end.
Definition sort_monomial : monomial -> monomial := sort (fun a b => le_code (code a) (code b)).
Definition normal (p : polynomial) : polynomial :=
  List.map snd (sort (fun a b => le_code (fst a) (fst b))
    (List.map (fun m => let m := sort_monomial m in (flat_map code m, m)) p)).
Definition same (p q : polynomial) : bool :=
  if list_eq_dec (list_eq_dec eq_symbol) (normal p) (normal q) then true else false.

Fixpoint collect (l : list (option polynomial)) : option polynomial := match l with
  | [] => Some [] | o :: l => both (@app _) o (collect l) end.
Definition check (m : map) : bool :=
  match
    collect (List.map (fun p => option_map
      (fun q => scaled (Element (cotangents m + fst p)) (derivative (fun i => mem i (active m)) q))
      (polynomial_of (snd p))) (combine (seq 0 (length (forward m))) (forward m))),
    collect (List.map (fun p => option_map (scaled (Tangent (fst p))) (polynomial_of (snd p)))
      (combine (active m) (backward m)))
  with Some p, Some q => Nat.eqb (length (active m)) (length (backward m)) && same p q | _, _ => false end.

(* ---- the check is sound ---- *)
Section Sound.
Variable R : Type.
Variables (zero one : R) (plus times : R -> R -> R).
Hypothesis semiring : semi_ring_theory zero one plus times (@eq R).
Add Ring semiring : semiring.
Infix "+" := plus. Infix "*" := times.
Variables (x d : nat -> R) (holds moves : nat -> bool) (ratio : Z -> Z -> R) (root : Z -> Z -> Z -> Z -> Z -> R).
Notation term := (term R zero one plus times x holds ratio root).
Notation rate := (rate R zero one plus times x holds d moves ratio root).
Notation total := (total R zero plus).

Definition symbol_at (s : symbol) : R := match s with
  | Element i => x i | Tangent i => d i
  | Taken i b => if Bool.eqb (holds i) b then one else zero
  | Number p q => ratio p q | Surd p q r s k => root p q r s k end.
Definition monomial_at (m : monomial) : R := fold_right (fun s r => symbol_at s * r) one m.
Definition polynomial_at (p : polynomial) : R := total (List.map monomial_at p).

Lemma monomial_nil : monomial_at [] = one.
Proof. reflexivity. Qed.
Lemma monomial_cons s m : monomial_at (s :: m) = symbol_at s * monomial_at m.
Proof. reflexivity. Qed.
Lemma polynomial_nil : polynomial_at [] = zero.
Proof. reflexivity. Qed.
Lemma polynomial_cons m p : polynomial_at (m :: p) = monomial_at m + polynomial_at p.
Proof. reflexivity. Qed.
Ltac value := cbn [app List.map flat_map];
  rewrite ?polynomial_cons, ?polynomial_nil, ?monomial_cons, ?monomial_nil; cbn [symbol_at].
Lemma polynomial_app p q : polynomial_at (p ++ q) = polynomial_at p + polynomial_at q.
Proof. induction p; value; [|rewrite IHp]; ring. Qed.
Lemma monomial_app m n : monomial_at (m ++ n) = monomial_at m * monomial_at n.
Proof. induction m; value; [|rewrite IHm]; ring. Qed.
Lemma polynomial_scaled s p : polynomial_at (scaled s p) = symbol_at s * polynomial_at p.
Proof. unfold scaled. induction p; value; [|rewrite IHp]; ring. Qed.
Lemma polynomial_shifted m q : polynomial_at (List.map (app m) q) = monomial_at m * polynomial_at q.
Proof. induction q; value; [|rewrite IHq, monomial_app]; ring. Qed.
Lemma polynomial_product p q : polynomial_at (product p q) = polynomial_at p * polynomial_at q.
Proof.
  unfold product. induction p; value; [|rewrite polynomial_app, polynomial_shifted, IHp]; ring.
Qed.
Lemma constant_at z : polynomial_at (constant z) = integer R zero one ratio z.
Proof. unfold constant, integer. destruct (Z.eqb z 0), (Z.eqb z 1); value; ring. Qed.
Lemma indicator_at m : forall t f, indicator m = Some (t, f) ->
  polynomial_at t = (if chosen holds m then one else zero) /\
  polynomial_at f = (if chosen holds m then zero else one).
Proof.
  induction m as [r e e'|c m _ n _|m IH|b]; intros t f E; try discriminate.
  - destruct r; try discriminate. destruct e; try discriminate. destruct e'; try discriminate.
    cbn in E. destruct z; try discriminate. injection E as <- <-.
    value. cbn [chosen]. destruct (holds i); cbn [Bool.eqb]; split; ring.
  - cbn in E. destruct (indicator m) as [[t' f']|]; try discriminate. injection E as <- <-.
    destruct (IH t' f' eq_refl) as [A B]. cbn [chosen snd fst].
    destruct (chosen holds m); cbn [negb]; auto.
  - destruct b; injection E as <- <-; value; cbn [chosen]; split; ring.
Qed.

Lemma polynomial_of_at e : forall p, polynomial_of e = Some p -> polynomial_at p = term e.
Proof.
  induction e as [i|i|z|p q|p q r s k| | | |f e IH|f e IHe e' IHe'|m e IHe e' IHe']; intros P E;
    try discriminate; cbn in E.
  - injection E as <-. value. cbn [Polynomial.term]. ring.
  - injection E as <-. apply constant_at.
  - injection E as <-. value. cbn [Polynomial.term]. ring.
  - injection E as <-. value. cbn [Polynomial.term]. ring.
  - destruct f; try discriminate. destruct (polynomial_of e) as [p|]; try discriminate.
    injection E as <-. rewrite polynomial_scaled. cbn. now rewrite (IH p eq_refl).
  - destruct f; try discriminate.
    4: { destruct e' as [| |[|k|]| | | | | | | |]; try discriminate. cbn [polynomial_of] in E.
      destruct k; (destruct (polynomial_of e) as [p|]; try discriminate);
      cbn [option_map] in E; injection E as <-; cbn [Polynomial.term]; unfold reciprocal; cbn [Z.eqb Pos.eqb]; rewrite <- (IHe p eq_refl);
      cbv beta iota; first [now rewrite polynomial_scaled | cbn; ring]. }
    1-3: destruct (polynomial_of e) as [p|], (polynomial_of e') as [q|]; try discriminate; cbn [both] in E; injection E as <-;
      rewrite ?polynomial_product, ?polynomial_app, ?polynomial_scaled;
      cbn; now rewrite (IHe p eq_refl), (IHe' q eq_refl).
  - destruct (indicator m) as [[t f]|] eqn:I; try discriminate.
    destruct (polynomial_of e) as [p|], (polynomial_of e') as [q|]; try discriminate. injection E as <-.
    destruct (indicator_at m t f I) as [A B].
    rewrite polynomial_app, !polynomial_product, A, B, (IHe p eq_refl), (IHe' q eq_refl).
    cbn. destruct (chosen holds m); ring.
Qed.

(* The formal derivative is the rate. *)
Definition symbol_rate (s : symbol) : R := match s with
  | Element i => if moves i then d i else zero | _ => zero end.
Fixpoint monomial_rate (m : monomial) : R := match m with
  | [] => zero | s :: m => symbol_rate s * monomial_at m + symbol_at s * monomial_rate m end.
Definition polynomial_rate (p : polynomial) : R := total (List.map monomial_rate p).
Lemma derivative_1_at m : polynomial_at (derivative_1 moves m) = monomial_rate m.
Proof.
  induction m as [|s m IH]; [reflexivity|]. cbn [derivative_1 monomial_rate]. rewrite polynomial_app.
  fold (scaled s (derivative_1 moves m)). rewrite polynomial_scaled, IH.
  destruct s; cbn [symbol_rate symbol_at]; value; try ring. destruct (moves i); value; ring.
Qed.
Lemma rate_nil : polynomial_rate [] = zero.
Proof. reflexivity. Qed.
Lemma rate_cons m p : polynomial_rate (m :: p) = monomial_rate m + polynomial_rate p.
Proof. reflexivity. Qed.
Lemma monomial_rate_cons s m :
  monomial_rate (s :: m) = symbol_rate s * monomial_at m + symbol_at s * monomial_rate m.
Proof. reflexivity. Qed.
Lemma monomial_rate_nil : monomial_rate [] = zero.
Proof. reflexivity. Qed.
Ltac speed := cbn [app List.map flat_map]; rewrite ?rate_cons, ?rate_nil, ?monomial_rate_cons, ?monomial_rate_nil;
  value; cbn [symbol_rate].
Lemma derivative_at p : polynomial_at (derivative moves p) = polynomial_rate p.
Proof.
  unfold derivative. induction p; speed; [reflexivity|]. now rewrite polynomial_app, derivative_1_at, IHp.
Qed.
Lemma rate_app p q : polynomial_rate (p ++ q) = polynomial_rate p + polynomial_rate q.
Proof. induction p; speed; [|rewrite IHp]; ring. Qed.
Lemma monomial_rate_app m n :
  monomial_rate (m ++ n) = monomial_rate m * monomial_at n + monomial_at m * monomial_rate n.
Proof. induction m; speed; [|rewrite IHm, monomial_app]; ring. Qed.
Lemma rate_scaled s p : polynomial_rate (scaled s p) =
  symbol_rate s * polynomial_at p + symbol_at s * polynomial_rate p.
Proof. unfold scaled. induction p; speed; [|rewrite IHp]; ring. Qed.
Lemma rate_shifted m q : polynomial_rate (List.map (app m) q) =
  monomial_rate m * polynomial_at q + monomial_at m * polynomial_rate q.
Proof. induction q; speed; [|rewrite IHq, monomial_rate_app]; ring. Qed.
Lemma rate_product p q : polynomial_rate (product p q) =
  polynomial_rate p * polynomial_at q + polynomial_at p * polynomial_rate q.
Proof.
  unfold product. induction p; speed; [|rewrite rate_app, rate_shifted, IHp]; speed; ring.
Qed.
Lemma rate_constant z : polynomial_rate (constant z) = zero.
Proof. unfold constant. destruct (Z.eqb z 0), (Z.eqb z 1); speed; ring. Qed.
Lemma rate_indicator m : forall t f, indicator m = Some (t, f) ->
  polynomial_rate t = zero /\ polynomial_rate f = zero.
Proof.
  induction m as [r e e'|c m _ n _|m IH|b]; intros t f E; try discriminate.
  - destruct r; try discriminate. destruct e; try discriminate. destruct e'; try discriminate.
    cbn in E. destruct z; try discriminate. injection E as <- <-. split; speed; ring.
  - cbn in E. destruct (indicator m) as [[t' f']|]; try discriminate. injection E as <- <-.
    destruct (IH t' f' eq_refl). auto.
  - destruct b; injection E as <- <-; split; speed; ring.
Qed.
Lemma rate_of_at e : forall p, polynomial_of e = Some p -> polynomial_rate p = rate e.
Proof.
  induction e as [i|i|z|p q|p q r s k| | | |f e IH|f e IHe e' IHe'|m e IHe e' IHe']; intros P E;
    try discriminate; cbn in E.
  - injection E as <-. speed. cbn [Polynomial.rate]. ring.
  - injection E as <-. apply rate_constant.
  - injection E as <-. speed. cbn [Polynomial.rate]. ring.
  - injection E as <-. speed. cbn [Polynomial.rate]. ring.
  - destruct f; try discriminate. destruct (polynomial_of e) as [p|]; try discriminate.
    injection E as <-. rewrite rate_scaled. cbn. rewrite (IH p eq_refl). ring.
  - destruct f; try discriminate.
    4: { destruct e' as [| |[|k|]| | | | | | | |]; try discriminate. cbn [polynomial_of] in E.
      destruct k; (destruct (polynomial_of e) as [p|]; try discriminate);
      cbn [option_map] in E; injection E as <-; cbn [Polynomial.rate]; unfold reciprocal; cbn [Z.eqb Pos.eqb]; rewrite <- (IHe p eq_refl);
      cbv beta iota; first [rewrite rate_scaled; cbn [symbol_rate symbol_at]; ring | ring]. }
    1-3: destruct (polynomial_of e) as [p|] eqn:F, (polynomial_of e') as [q|] eqn:G;
      try discriminate; cbn [both] in E; injection E as <-;
      rewrite ?rate_product, ?rate_app, ?rate_scaled; cbn;
      rewrite (IHe p eq_refl), (IHe' q eq_refl), ?(polynomial_of_at e p F), ?(polynomial_of_at e' q G); ring.
  - destruct (indicator m) as [[t f]|] eqn:I; try discriminate.
    destruct (polynomial_of e) as [p|], (polynomial_of e') as [q|]; try discriminate. injection E as <-.
    destruct (indicator_at m t f I) as [A B]. destruct (rate_indicator m t f I) as [C D].
    rewrite rate_app, !rate_product, A, B, C, D, (IHe p eq_refl), (IHe' q eq_refl).
    cbn. destruct (chosen holds m); ring.
Qed.

(* The normal form has the value of the polynomial. *)
Lemma monomial_permutation m n : Permutation m n -> monomial_at m = monomial_at n.
Proof. induction 1; rewrite ?monomial_cons; try rewrite IHPermutation; try ring. congruence. Qed.
Lemma total_permutation l m : Permutation l m -> total l = total m.
Proof.
  assert (C : forall a l, total (a :: l) = a + total l) by reflexivity.
  induction 1; rewrite ?C; try rewrite IHPermutation; try ring. congruence.
Qed.
Lemma normal_at p : polynomial_at (normal p) = polynomial_at p.
Proof.
  unfold polynomial_at, normal.
  transitivity (total (List.map (fun m => monomial_at (snd m))
    (List.map (fun m => let m := sort_monomial m in (flat_map code m, m)) p))).
  - rewrite map_map. apply total_permutation. apply Permutation_map, sort_permutation.
  - rewrite map_map. f_equal. apply map_ext. intros m. cbn.
    apply monomial_permutation, sort_permutation.
Qed.
Lemma same_at p q : same p q = true -> polynomial_at p = polynomial_at q.
Proof.
  unfold same. destruct (list_eq_dec _ (normal p) (normal q)) as [E|]; try discriminate. intros _.
  now rewrite <- normal_at, E, normal_at.
Qed.
Lemma collect_at {A : Type} (f : A -> option polynomial) (g : A -> R) :
  (forall a p, f a = Some p -> polynomial_at p = g a) ->
  forall l p, collect (List.map f l) = Some p -> polynomial_at p = total (List.map g l).
Proof.
  intros H l. induction l as [|a l IH]; intros p E; cbn in E.
  - injection E as <-. reflexivity.
  - destruct (f a) as [q|] eqn:F, (collect (List.map f l)) as [r|]; try discriminate. injection E as <-.
    rewrite polynomial_app, (H a q F), (IH r eq_refl). reflexivity.
Qed.
End Sound.

Theorem check_sound m : check m = true -> adjoint m.
Proof.
  unfold check, adjoint. intros C R zero one plus times SR x holds d ratio root. cbv zeta.
  destruct (collect (List.map _ (combine (seq 0 _) _))) as [p|] eqn:P; try discriminate.
  destruct (collect (List.map _ (combine (active m) _))) as [q|] eqn:Q; try discriminate.
  apply andb_true_iff in C. destruct C as [_ C].
  apply (same_at R zero one plus times SR x d holds ratio root) in C.
  erewrite <- (collect_at R zero one plus times SR x d holds ratio root _ _ _ _ p P).
  erewrite <- (collect_at R zero one plus times SR x d holds ratio root _ _ _ _ q Q).
  exact C.
  Unshelve.
  - intros [i e] r E. cbn in *. destruct (polynomial_of e) as [s|] eqn:F; try discriminate.
    injection E as <-. rewrite (polynomial_scaled R zero one plus times SR), (derivative_at R zero one plus times SR).
    cbn. f_equal. now apply (rate_of_at R zero one plus times SR).
  - intros [i e] r E. cbn in *. destruct (polynomial_of e) as [s|] eqn:F; try discriminate.
    injection E as <-. rewrite (polynomial_scaled R zero one plus times SR). cbn. f_equal.
    now apply (polynomial_of_at R zero one plus times SR).
Qed.

(* Over the real numbers, the rate is the derivative along all operands that change with time. *)
Theorem rate_is_derivative (holds moves : nat -> bool) ratio root (c : nat -> R -> R) (t : R) (d : nat -> R) :
  (forall i, is_derive (c i) t (if moves i then d i else 0%R)) ->
  forall e p, polynomial_of e = Some p ->
  is_derive (fun s => term R 0%R 1%R Rplus Rmult (fun i => c i s) holds ratio root e) t
    (rate R 0%R 1%R Rplus Rmult (fun i => c i t) holds d moves ratio root e).
Proof.
  intros C e. induction e as [i|i|z|p q|p q r s k| | | |f e IH|f e IHe e' IHe'|m e IHe e' IHe']; intros P E;
    try discriminate; cbn in E |- *; auto using is_derive_const_R.
  - destruct f; try discriminate. destruct (polynomial_of e) as [p|]; try discriminate.
    eapply is_derive_eq. apply (is_derive_mult_R (fun _ => ratio (-1)%Z 1%Z)); [apply is_derive_const_R | eapply IH; reflexivity].
    cbv beta. ring.
  - destruct f; try discriminate.
    4: { destruct e' as [| |[|k|]| | | | | | | |]; try discriminate. cbn [polynomial_of] in E.
      destruct (polynomial_of e) as [p|]; try discriminate. cbn [option_map] in E.
      eapply is_derive_eq. apply (is_derive_mult_R (fun _ => reciprocal R 1%R ratio (Zpos k))); [apply is_derive_const_R | eapply IHe; reflexivity].
      cbv beta. ring. }
    1-3: destruct (polynomial_of e) as [p|], (polynomial_of e') as [q|]; try discriminate.
    + apply is_derive_plus_R; [eapply IHe | eapply IHe']; reflexivity.
    + apply (is_derive_plus_R _ (fun s => (ratio (-1)%Z 1%Z * _)%R)); [eapply IHe; reflexivity|].
      eapply is_derive_eq. apply (is_derive_mult_R (fun _ => ratio (-1)%Z 1%Z)); [apply is_derive_const_R | eapply IHe'; reflexivity].
      cbv beta. ring.
    + apply is_derive_mult_R; [eapply IHe | eapply IHe']; reflexivity.
  - destruct (indicator m) as [[]|]; try discriminate.
    destruct (polynomial_of e) as [p|], (polynomial_of e') as [q|]; try discriminate.
    destruct (chosen holds m); [eapply IHe | eapply IHe']; reflexivity.
Qed.
