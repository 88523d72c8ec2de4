(* Reverse mode as a sweep over a graph, over any commutative semiring.

   If the rule of each op is the adjoint of its derivative, and operands stand before their users, then the
   backward sweep is the adjoint of the derivative of the whole graph, and on its way it passes by the
   cotangents of all intermediate values. Composite ops, which are graphs of other ops, are sound by this, too. *)
From Coq Require Import Ring Ring_theory Arith Lia List Bool.
From LGC Require Import Linear.
Import ListNotations.

Section Sweep.
Variable R : Type.
Variables (zero one : R) (plus times : R -> R -> R).
Hypothesis semiring : semi_ring_theory zero one plus times (@eq R).
Add Ring semiring : semiring.
Infix "+" := plus. Infix "*" := times.
Notation sum := (sum R zero plus). Notation dot := (dot R zero plus times). Notation tensor := (tensor R).

(* An op with its operands: its size, and at given operands its value, the result's tangent from those of the
   operands, and the operands' cotangents from that of the result. *)
Record node := { size : nat; operands : list nat; value : list tensor -> tensor;
  jvp : list tensor -> list tensor -> tensor; vjp : list tensor -> tensor -> list tensor }.
Definition env := nat -> tensor.
Definition set (e : env) (n : nat) (v : tensor) : env := fun i => if Nat.eqb i n then v else e i.
Definition add (a b : tensor) : tensor := fun i => a i + b i.
Definition step (nd : node) (n : nat) (e : env) : env := set e n (value nd (map e (operands nd))).

(* The nodes of a graph are numbered from n on. Values; tangents; cotangents, the last node first. *)
Fixpoint values (g : list node) (n : nat) (e : env) : env := match g with
  | [] => e | nd :: g => values g (S n) (step nd n e) end.
Fixpoint tangents (g : list node) (n : nat) (e t : env) : env := match g with
  | [] => t
  | nd :: g => let xs := map e (operands nd) in
      tangents g (S n) (step nd n e) (set t n (jvp nd xs (map t (operands nd)))) end.
Fixpoint accumulate (s : env) (ps : list nat) (cs : list tensor) : env := match ps, cs with
  | p :: ps, c :: cs => accumulate (set s p (add (s p) c)) ps cs | _, _ => s end.
Fixpoint sweep (g : list node) (n : nat) (e s : env) : env := match g with
  | [] => s
  | nd :: g => let s := sweep g (S n) (step nd n e) s in
      accumulate s (operands nd) (vjp nd (map e (operands nd)) (s n)) end.

Fixpoint dots (sizes : nat -> nat) (ps : list nat) (ts cs : list tensor) : R := match ps, ts, cs with
  | p :: ps, t :: ts, c :: cs => dot (sizes p) t c + dots sizes ps ts cs | _, _, _ => zero end.
Definition locally_adjoint (sizes : nat -> nat) (nd : node) (xs : list tensor) : Prop :=
  forall ts d, length ts = length (operands nd) ->
    dot (size nd) (jvp nd xs ts) d = dots sizes (operands nd) ts (vjp nd xs d).
(* Operands before users, sizes that fit, and rules that are adjoint where they are applied. *)
Fixpoint sound (sizes : nat -> nat) (g : list node) (n : nat) (e : env) : Prop := match g with
  | [] => True
  | nd :: g => (forall p, In p (operands nd) -> p < n) /\ sizes n = size nd /\
      locally_adjoint sizes nd (map e (operands nd)) /\ sound sizes g (S n) (step nd n e) end.
Definition inner (sizes : nat -> nat) n (t s : env) := sum n (fun i => dot (sizes i) (t i) (s i)).

Lemma set_same e n v : set e n v n = v.
Proof. unfold set; now rewrite Nat.eqb_refl. Qed.
Lemma set_other e n v i : i <> n -> set e n v i = e i.
Proof. unfold set; intros. now rewrite (proj2 (Nat.eqb_neq _ _)). Qed.
Lemma sum_at n f p c : p < n -> sum n (fun i => if Nat.eqb p i then f i + c else f i) = sum n f + c.
Proof.
  intros H. transitivity (sum n (fun i => f i + (if Nat.eqb p i then c else zero))).
  - apply sum_ext; intros i _. destruct (Nat.eqb p i); ring.
  - rewrite (sum_add R zero one plus times semiring),
      (sum_delta R zero one plus times semiring n p (fun _ => c)).
    destruct (Nat.ltb_spec p n); [reflexivity | lia].
Qed.
Lemma accumulate_inner sizes n t ps : forall s cs, (forall p, In p ps -> p < n) ->
  inner sizes n t (accumulate s ps cs) = inner sizes n t s + dots sizes ps (map t ps) cs.
Proof.
  induction ps as [|p ps IH]; intros s cs H; simpl; [ring|]. destruct cs as [|c cs]; [ring|].
  rewrite IH by (intros; apply H; now right).
  assert (E : inner sizes n t (set s p (add (s p) c)) = inner sizes n t s + dot (sizes p) (t p) c).
  { unfold inner. rewrite <- (sum_at n _ p) by (apply H; now left). apply sum_ext; intros i _.
    destruct (Nat.eqb_spec p i) as [->|Ne].
    - rewrite set_same. apply (dot_add R zero one plus times semiring).
    - now rewrite set_other by auto. }
  rewrite E. ring.
Qed.
Lemma accumulate_above s ps : forall cs i n,
  (forall p, In p ps -> p < n) -> n <= i -> accumulate s ps cs i = s i.
Proof.
  revert s. induction ps as [|p ps IH]; intros s cs i n H Hi; simpl; auto. destruct cs; auto.
  rewrite (IH _ _ _ n); auto; [|intros; apply H; now right].
  apply set_other. assert (p < n) by (apply H; now left). lia.
Qed.

(* For any seeds s on any nodes: ⟨tangents of all nodes, s⟩ = ⟨tangents of the inputs, what the sweep makes of s⟩. *)
Theorem reverse_mode_sound sizes : forall g n e t s, sound sizes g n e ->
  inner sizes (n + length g)%nat (tangents g n e t) s = inner sizes n t (sweep g n e s).
Proof.
  induction g as [|nd g IH]; intros n e t s W; simpl.
  - now rewrite Nat.add_0_r.
  - destruct W as (P & D & L & W). replace (n + S (length g))%nat with (S n + length g)%nat by lia.
    rewrite IH by exact W. set (s' := sweep g (S n) _ s). unfold inner at 1; simpl. rewrite set_same, D.
    rewrite L by (now rewrite map_length). rewrite accumulate_inner by auto. f_equal.
    apply sum_ext; intros i Hi. rewrite set_other by lia. reflexivity.
Qed.
(* What the sweep has at an intermediate node is what it has there in the rest of the graph, whose input that
   node is: the cotangent of that value. *)
Theorem dense_gradients sizes : forall g1 g2 n e s, sound sizes (g1 ++ g2) n e ->
  forall i, (n + length g1 <= i)%nat ->
  sweep (g1 ++ g2) n e s i = sweep g2 (n + length g1)%nat (values g1 n e) s i.
Proof.
  induction g1 as [|nd g1 IH]; intros g2 n e s W i Hi; simpl in *.
  - now rewrite Nat.add_0_r.
  - destruct W as (P & _ & _ & W). rewrite (accumulate_above _ _ _ _ n) by (auto; lia).
    rewrite IH by (auto; lia). now replace (n + S (length g1))%nat with (S n + length g1)%nat by lia.
Qed.
End Sweep.

(* ---- loops and branches ---- *)
Section Regions.
Variable R : Type.
Variables (zero one : R) (plus times : R -> R -> R).
Hypothesis semiring : semi_ring_theory zero one plus times (@eq R).
Add Ring semiring : semiring.
Infix "+" := plus.
(* Carries, what each turn reads and yields, and what all turns share, with their inner products. *)
Variables Carry Read Yield Shared : Type.
Variables (on_carry : Carry -> Carry -> R) (on_read : Read -> Read -> R) (on_yield : Yield -> Yield -> R)
  (on_shared : Shared -> Shared -> R).
Variables (none : Shared) (more : Shared -> Shared -> Shared).
Hypothesis on_none : forall w, on_shared w none = zero.
Hypothesis on_more : forall w a b, on_shared w (more a b) = on_shared w a + on_shared w b.
(* Turn i, differentiated where it is run. *)
Variable jvp : nat -> Carry -> Read -> Shared -> Carry * Yield.
Variable vjp : nat -> Carry -> Yield -> Carry * Read * Shared.
Definition turn_adjoint (i : nat) : Prop := forall s x w c e,
  on_carry (fst (jvp i s x w)) c + on_yield (snd (jvp i s x w)) e =
  on_carry s (fst (fst (vjp i c e))) + on_read x (snd (fst (vjp i c e))) + on_shared w (snd (vjp i c e)).

Variables (x : nat -> Read) (w : Shared) (e : nat -> Yield) (c : Carry).
(* n turns from turn i on: the last carry, and the inner product of what is yielded with its cotangents. *)
Fixpoint last (i n : nat) (s : Carry) : Carry := match n with
  | O => s | S n => last (S i) n (fst (jvp i s (x i) w)) end.
Fixpoint yielded (i n : nat) (s : Carry) : R := match n with
  | O => zero | S n => on_yield (snd (jvp i s (x i) w)) (e i) + yielded (S i) n (fst (jvp i s (x i) w)) end.
(* The reversed loop: the cotangents of the first carry and, added up, of what is shared. *)
Fixpoint back (i n : nat) : Carry * Shared := match n with
  | O => (c, none)
  | S n => let (c, a) := back (S i) n in (fst (fst (vjp i c (e i))), more a (snd (vjp i c (e i)))) end.
Fixpoint reads (i n : nat) : R := match n with
  | O => zero
  | S n => on_read (x i) (snd (fst (vjp i (fst (back (S i) n)) (e i)))) + reads (S i) n end.
Theorem scan_sound n : forall i s, (forall k, i <= k < (i + n)%nat -> turn_adjoint k) ->
  on_carry (last i n s) c + yielded i n s = on_carry s (fst (back i n)) + reads i n + on_shared w (snd (back i n)).
Proof.
  induction n as [|n IH]; intros i s A; cbn [last yielded back reads fst snd].
  - rewrite on_none. ring.
  - specialize (IH (S i) (fst (jvp i s (x i) w))).
    assert (T := A i ltac:(lia) s (x i) w (fst (back (S i) n)) (e i)).
    destruct (back (S i) n) as [c' a] eqn:B. cbn [fst snd] in *. rewrite on_more.
    transitivity (on_yield (snd (jvp i s (x i) w)) (e i) +
      (on_carry (last (S i) n (fst (jvp i s (x i) w))) c + yielded (S i) n (fst (jvp i s (x i) w)))); [ring|].
    rewrite IH by (intros; apply A; lia).
    transitivity ((on_carry (fst (jvp i s (x i) w)) c' + on_yield (snd (jvp i s (x i) w)) (e i)) +
      reads (S i) n + on_shared w a); [ring|].
    rewrite T. ring.
Qed.
(* A branch is differentiated where it is taken, and the other is not. *)
Theorem cond_sound (taken : bool) (f g : Carry -> Yield) (f' g' : Yield -> Carry) :
  (taken = true -> forall s d, on_yield (f s) d = on_carry s (f' d)) ->
  (taken = false -> forall s d, on_yield (g s) d = on_carry s (g' d)) ->
  forall s d, on_yield (if taken then f s else g s) d = on_carry s (if taken then f' d else g' d).
Proof. intros F G s d. destruct taken; auto. Qed.
End Regions.
