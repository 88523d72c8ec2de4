(* Graphs over the real numbers: the sweep yields gradients in the sense of analysis.

   `sound`, which is proved of the printed rule of each pointwise op, makes the op a node that reverse mode is
   sound on; and where the nodes of a graph are differentiable, so is the graph, and the sweep yields the derivative
   of each element of each value. *)
From Coq Require Import Reals List Arith Lia Lra.
From Coquelicot Require Import Coquelicot.
From LGC Require Import Syntax Calculus.
From LGC Require Linear Reverse.
Import ListNotations.
Open Scope R_scope.

Lemma real_semiring : Ring_theory.semi_ring_theory 0 1 Rplus Rmult (@eq R).
Proof. constructor; intros; ring. Qed.
Notation tensor := (Linear.tensor R).
Notation sum := (Linear.sum R 0 Rplus).
Notation inner_product := (Linear.dot R 0 Rplus Rmult).
Notation node := (Reverse.node R).
Notation values := (Reverse.values R).
Notation tangents := (Reverse.tangents R).
Notation sweep := (Reverse.sweep R Rplus).
Notation locally_adjoint := (Reverse.locally_adjoint R 0 Rplus Rmult).
Notation inner := (Reverse.inner R 0 Rplus Rmult).

Section Graph.
Variable sizes : nat -> nat.
Variable t : R.

(* Values c that change with time, and their velocities d at the time t. *)
Definition moving (p : nat) (c : R -> Reverse.env R) (d : Reverse.env R) : Prop :=
  forall i, (i < sizes p)%nat -> is_derive (fun s => c s p i) t (d p i).
(* The tangents of a node are the velocities of its value. *)
Definition differentiable (nd : node) (c : R -> Reverse.env R) : Prop := forall d,
  (forall p, List.In p (Reverse.operands R nd) -> moving p c d) ->
  forall i, (i < Reverse.size R nd)%nat ->
    is_derive (fun s => Reverse.value R nd (map (c s) (Reverse.operands R nd)) i) t
      (Reverse.jvp R nd (map (c t) (Reverse.operands R nd)) (map d (Reverse.operands R nd)) i).
Fixpoint all_differentiable (g : list node) (n : nat) (c : R -> Reverse.env R) : Prop := match g with
  | [] => True
  | nd :: g => differentiable nd c /\ all_differentiable g (S n) (fun s => Reverse.step R nd n (c s)) end.

Theorem graph_derivative : forall g n c d,
  Reverse.sound R 0 Rplus Rmult sizes g n (c t) -> all_differentiable g n c ->
  (forall p, (p < n)%nat -> moving p c d) ->
  forall p, (p < n + length g)%nat -> moving p (fun s => values g n (c s)) (tangents g n (c t) d).
Proof.
  induction g as [|nd g IH]; intros n c d S A D p Hp; cbn in *.
  - apply D. lia.
  - destruct S as (P & Z & _ & S), A as [N A].
    apply (IH (Datatypes.S n) (fun s => Reverse.step R nd n (c s))); auto; [|lia].
    intros q Hq i Hi. unfold Reverse.step, Reverse.set. destruct (Nat.eqb_spec q n) as [->|Ne].
    + apply N; [|now rewrite <- Z]. intros q' Hq'. apply D. now apply P.
    + apply D; [lia | exact Hi].
Qed.

(* Element j of node o: its derivative is the inner product of the velocities of the inputs with what the sweep
   makes of a cotangent that is 1 there. *)
Definition at_element (o j : nat) : Reverse.env R := fun p i => if Nat.eqb p o then if Nat.eqb j i then 1 else 0 else 0.
Theorem gradients : forall g n c d o j,
  Reverse.sound R 0 Rplus Rmult sizes g n (c t) -> all_differentiable g n c ->
  (forall p, (p < n)%nat -> moving p c d) -> (o < n + length g)%nat -> (j < sizes o)%nat ->
  is_derive (fun s => values g n (c s) o j) t (inner sizes n d (sweep g n (c t) (at_element o j))).
Proof.
  intros g n c d o j S A D O J.
  rewrite <- (Reverse.reverse_mode_sound R 0 1 Rplus Rmult real_semiring sizes g n (c t) d _ S).
  eapply is_derive_eq; [now apply (graph_derivative g n c d S A D o O j J)|].
  unfold Reverse.inner, at_element, Linear.dot.
  transitivity (sum (n + length g) (fun p => if Nat.eqb o p then tangents g n (c t) d p j else 0)).
  - rewrite (Linear.sum_delta R 0 1 Rplus Rmult real_semiring _ o (fun p => tangents g n (c t) d p j)).
    now rewrite (proj2 (Nat.ltb_lt _ _) O).
  - apply Linear.sum_ext. intros p Hp. destruct (Nat.eqb_spec o p) as [<-|Ne].
    + rewrite Nat.eqb_refl. transitivity (sum (sizes o) (fun i => if Nat.eqb j i then tangents g n (c t) d o i else 0)).
      * rewrite (Linear.sum_delta R 0 1 Rplus Rmult real_semiring _ j (fun i => tangents g n (c t) d o i)).
        now rewrite (proj2 (Nat.ltb_lt _ _) J).
      * apply Linear.sum_ext. intros i _. destruct (Nat.eqb j i); ring.
    + rewrite (proj2 (Nat.eqb_neq p o)) by auto.
      transitivity (sum (sizes p) (fun _ => 0)); [symmetry; apply (Linear.sum_zero R 0 1 Rplus Rmult real_semiring)|].
      apply Linear.sum_ext. intros. ring.
Qed.
End Graph.

(* ---- pointwise ops as nodes ---- *)
Section Pointwise.
Variables (n : nat) (f : function n) (r : rule) (a : list R).
Definition elements (xs : list tensor) (i : nat) : list R := map (fun x => x i) xs.
Definition with_result (xs : list tensor) (i : nat) : list R :=
  elements xs i ++ [apply n f (a ++ elements xs i)].
Definition pointwise (size : nat) (operands : list nat) : node := {|
  Reverse.size := size; Reverse.operands := operands;
  Reverse.value := fun xs i => apply n f (a ++ elements xs i);
  Reverse.jvp := fun xs ts i => dot (map (num_at a (with_result xs i)) (partials r)) (elements ts i);
  Reverse.vjp := fun xs d => map (fun p i => d i * num_at a (with_result xs i) p) (partials r) |}.

Theorem pointwise_adjoint sizes size operands xs : length (partials r) = length operands ->
  (forall p, List.In p operands -> sizes p = size) -> locally_adjoint sizes (pointwise size operands) xs.
Proof.
  intros L Z ts d T. cbn in *. revert ts L T Z. generalize (partials r). intros ps. revert ps.
  induction operands as [|o operands IH]; intros ps ts L T Z; destruct ps, ts; try discriminate; cbn.
  - transitivity (sum size (fun _ => 0)); [|apply (Linear.sum_zero R 0 1 Rplus Rmult real_semiring)].
    apply Linear.sum_ext. intros. ring.
  - rewrite <- IH by (auto; intros; apply Z; now right). rewrite (Z o) by now left.
    unfold Linear.dot. rewrite <- (Linear.sum_add R 0 1 Rplus Rmult real_semiring).
    apply Linear.sum_ext. intros i _. unfold elements. cbn. ring.
Qed.
Theorem pointwise_differentiable sizes t size operands c : sound f r -> length operands = arity r ->
  all fits (attributes r) a -> holds (map (demand_at a) (demands r)) ->
  (forall p, List.In p operands -> sizes p = size) ->
  (forall i, (i < size)%nat -> holds (map (guard_at a (elements (map (c t) operands) i)) (guards r))) ->
  differentiable sizes t (pointwise size operands) c.
Proof.
  intros (N & P & S) L F M Z G d D i Hi. cbn in *.
  assert (E : length (elements (map (c t) operands) i) = arity r)
    by (unfold elements; rewrite !map_length; exact L).
  destruct (S a (elements (map (c t) operands) i) F E M) as [_ H].
  destruct (H (G i Hi)) as [_ V].
  specialize (V (map (fun p s => c s p i) operands) t (elements (map d operands) i)).
  apply (is_derive_ext (fun s => apply n f (a ++ map (fun g => g s) (map (fun p s => c s p i) operands)))).
  { intros s. unfold elements. now rewrite !map_map. }
  apply V. clear - D Z Hi. split; unfold elements; induction operands as [|o operands IH]; cbn; auto.
  - split; [reflexivity|]. apply IH; intros; [apply Z | apply D]; now right.
  - split; [|apply IH; intros; [apply Z | apply D]; now right].
    apply D; [now left | now rewrite (Z o) by now left].
Qed.
End Pointwise.
