(* From `sound` to goals about real numbers, and what solves most of these.

   `mutate.py` runs the same tactics on rules that were changed. *)
From Coq Require Import Reals ZArith List Lra Lia Psatz Bool.
From Coquelicot Require Import Coquelicot.
From LGC Require Import Syntax Calculus.
Import ListNotations.
Open Scope R_scope.

(* An op of one operand is differentiable along curves if it is a differentiable function. *)
Lemma sound_1 n (f : function n) r p :
  n = (length (attributes r) + 1)%nat -> arity r = 1%nat -> partials r = [p] ->
  (forall a x, all fits (attributes r) a -> holds (map (demand_at a) (demands r)) ->
    holds (map (domain_at a [x]) (guards r)) ->
    ok a [x] (value r) /\ num_at a [x] (value r) = apply n f (a ++ [x])) ->
  (forall a x, all fits (attributes r) a -> holds (map (demand_at a) (demands r)) ->
    holds (map (guard_at a [x]) (guards r)) ->
    ok a [x; apply n f (a ++ [x])] p /\
    is_derive (fun s => apply n f (a ++ [s])) x (num_at a [x; apply n f (a ++ [x])] p)) ->
  sound f r.
Proof.
  intros N A P V D. unfold sound. rewrite A, P. split; [auto|]. split; [auto|].
  intros a x F L M. split; [intros G; split | intros G; split].
  - destruct x as [|x [|]]; try discriminate. now apply V.
  - destruct x as [|x [|]]; try discriminate. now apply V.
  - destruct x as [|x [|]]; try discriminate. cbn. split; auto. now apply D.
  - destruct x as [|x [|]]; try discriminate. intros c t d [C T].
    destruct c as [|c [|]], d as [|d [|]]; cbn in C, T; try tauto.
    destruct C as [C _], T as [T _]. cbn [map dot app]. rewrite Rplus_0_r. subst x.
    apply (is_derive_comp_R (fun s => apply n f (a ++ [s])) c); auto. now apply D.
Qed.
(* An op of two operands, along two curves. *)
Lemma sound_2 n (f : function n) r p q :
  n = (length (attributes r) + 2)%nat -> arity r = 2%nat -> partials r = [p; q] ->
  (forall a x y, all fits (attributes r) a -> holds (map (demand_at a) (demands r)) ->
    holds (map (domain_at a [x; y]) (guards r)) ->
    ok a [x; y] (value r) /\ num_at a [x; y] (value r) = apply n f (a ++ [x; y])) ->
  (forall a c e t d g, all fits (attributes r) a -> holds (map (demand_at a) (demands r)) ->
    holds (map (guard_at a [c t; e t]) (guards r)) ->
    is_derive c t d -> is_derive e t g ->
    let z := [c t; e t; apply n f (a ++ [c t; e t])] in
    (ok a z p /\ ok a z q) /\
    is_derive (fun s => apply n f (a ++ [c s; e s])) t (num_at a z p * d + num_at a z q * g)) ->
  sound f r.
Proof.
  intros N A P V D. unfold sound. rewrite A, P. split; [auto|]. split; [auto|].
  intros a x F L M. split; [intros G; split | intros G; split].
  - destruct x as [|x [|y [|]]]; try discriminate. now apply V.
  - destruct x as [|x [|y [|]]]; try discriminate. now apply V.
  - destruct x as [|x [|y [|]]]; try discriminate. cbn [app map holds].
    destruct (D a (fun _ => x) (fun _ => y) 0 0 0) as [[P1 P2] _]; auto using is_derive_const_R.
  - destruct x as [|x [|y [|]]]; try discriminate. intros c t d [C T].
    destruct c as [|c [|e [|]]], d as [|d [|g [|]]]; cbn in C, T; try tauto.
    destruct C as [C [E _]], T as [T [U _]]. cbn [map dot app]. subst x y. rewrite Rplus_0_r.
    now apply D.
Qed.
Lemma flat_1 n (f : function n) r :
  n = (length (attributes r) + 1)%nat -> arity r = 1%nat -> partials r = [] ->
  (forall a x, all fits (attributes r) a -> holds (map (domain_at a [x]) (guards r)) ->
    ok a [x] (value r) /\ num_at a [x] (value r) = apply n f (a ++ [x])) ->
  (forall a x, all fits (attributes r) a -> holds (map (guard_at a [x]) (guards r)) ->
    is_derive (fun s => apply n f (a ++ [s])) x 0) ->
  flat f r.
Proof.
  intros N A P V D. unfold flat. rewrite A. split; [auto|]. split; [auto|].
  intros a x F L. split; [intros G; split | intros G].
  - destruct x as [|x [|]]; try discriminate. now apply V.
  - destruct x as [|x [|]]; try discriminate. now apply V.
  - destruct x as [|x [|]]; try discriminate. intros c t d [C T].
    destruct c as [|c [|]], d as [|d [|]]; cbn in C, T; try tauto.
    destruct C as [C _], T as [T _]. cbn [map app]. subst x.
    eapply is_derive_eq.
    apply (is_derive_comp_R (fun s => apply n f (a ++ [s])) c); eauto. ring.
Qed.

(* Unfolds the syntax of a rule, and leaves what it says of real numbers. *)
Ltac reduce := cbv beta iota zeta delta [arity attributes demands guards value partials
  num_at truth_at ok ok_truth unary_at binary_at unary_ok binary_ok compare_at compare_ext connect_at
  guard_at domain_at demand_at fits apply hd tl holds all map app nth length Nat.add] in *.
Ltac attributes := repeat match goal with
  | a : list R, F : context [?a] |- _ =>
      match type of F with match a with _ => _ end => destruct a; [try contradiction|try contradiction] end
  | H : _ /\ _ |- _ => destruct H
  | H : True |- _ => clear H end.
Ltac unary r := first
  [ eapply sound_1; [reflexivity | reflexivity | reflexivity | |]
  | eapply flat_1; [reflexivity | reflexivity | reflexivity | |] ];
  unfold r; intros; reduce; attributes; subst.
Ltac binary r := eapply sound_2; [reflexivity | reflexivity | reflexivity | |];
  unfold r; intros; reduce; attributes; subst.

(* What is said of positions in lists. *)
Ltac indices := repeat match goal with
  | |- _ /\ _ => split | |- True => exact I | |- (_ < _)%nat => solve [auto with arith | lia] end.
(* Splits on every comparison. *)
Ltac cases := unfold lt_b in *; repeat (match goal with
  | |- context [Rlt_dec ?a ?b] => destruct (Rlt_dec a b) end; cbn [negb andb orb xorb]).
Ltac branches := repeat (progress (indices; cases)).
(* The signs of what occurs. *)
Ltac known P := lazymatch goal with _ : P |- _ => fail | _ => idtac end.
Ltac signs := repeat match goal with
  | |- context [exp ?u] => known (0 < exp u); pose proof (exp_pos u)
  | _ : context [exp ?u] |- _ => known (0 < exp u); pose proof (exp_pos u)
  | |- context [Rabs ?u] => known (0 <= Rabs u); pose proof (Rabs_pos u)
  | |- context [sqrt PI] => known (0 < sqrt PI); pose proof sqrt_PI_pos
  | |- context [sqrt 2] => known (0 < sqrt 2); pose proof sqrt_2_pos
  | |- context [sqrt ?u] => known (0 < sqrt u); assert (0 < sqrt u) by (apply sqrt_lt_R0; nra)
  | |- context [ln (1 + exp ?u)] => known (0 < ln (1 + exp u)); pose proof (softplus_pos u) end.
(* The largest and the smallest are one of both. *)
Ltac extrema := solve [unfold Rmax, Rmin in *; repeat match goal with
  | |- context [Rle_dec ?a ?b] => destruct (Rle_dec a b)
  | _ : context [Rle_dec ?a ?b] |- _ => destruct (Rle_dec a b) end; branches; lra].
Ltac real := branches; try lra; signs; try lra; try nra; try extrema.
(* Equations between fractions whose denominators have a sign. *)
Ltac fraction := branches; try lra; signs; try (field; real); try lra; try nra; try extrema.
(* Constants as they are usually written. *)
Ltac constants := cbn [powerRZ]; change (Pos.to_nat 1) with 1%nat; cbn [pow];
  rewrite ?sqrt_one, ?sqrt_half, ?sqrt_two.
Ltac velocities := repeat (erewrite is_derive_unique by eassumption); cbv beta.
(* A derivative that is computed from the formula. *)
Ltac formula := auto_derive; indices; try solve [eexists; eassumption | real | velocities; fraction].
(* A derivative that is known, up to the way in which it is written. *)
Ltac by_lemma lemma := eapply is_derive_eq; [apply lemma; try solve [eassumption | real] | fraction].
(* A meaning that one formula differentiates. *)
Ltac smooth m r := (unary r || binary r); unfold m; branches; try solve [real | fraction]; formula.
