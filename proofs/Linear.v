(* The ops that move, add and multiply elements, over any commutative semiring and for all shapes.

   Tensors are flat: a function from positions to elements, and a size. What an op does to shapes is a map of
   positions, so that one theorem speaks of all views, and of all contractions. No axiom is used. *)
From Coq Require Import Ring Ring_theory Arith Lia List Bool.
Import ListNotations.

Section Semiring.
Variable R : Type.
Variables (zero one : R) (plus times : R -> R -> R).
Hypothesis semiring : semi_ring_theory zero one plus times (@eq R).
Add Ring semiring : semiring.
Infix "+" := plus. Infix "*" := times.

(* ---- sums ---- *)
Fixpoint sum (n : nat) (f : nat -> R) : R := match n with O => zero | S n => sum n f + f n end.
Lemma sum_ext n f g : (forall i, i < n -> f i = g i) -> sum n f = sum n g.
Proof. induction n; simpl; intros H; auto. rewrite IHn, H; auto. Qed.
Lemma sum_zero n : sum n (fun _ => zero) = zero.
Proof. induction n; simpl; auto. rewrite IHn; ring. Qed.
Lemma sum_add n f g : sum n (fun i => f i + g i) = sum n f + sum n g.
Proof. induction n; simpl; try ring. rewrite IHn; ring. Qed.
Lemma sum_mul n c f : sum n (fun i => c * f i) = c * sum n f.
Proof. induction n; simpl; try ring. rewrite IHn; ring. Qed.
Lemma sum_swap n m (f : nat -> nat -> R) :
  sum n (fun i => sum m (f i)) = sum m (fun j => sum n (fun i => f i j)).
Proof. induction n; simpl; [now rewrite sum_zero | rewrite IHn, <- sum_add; auto]. Qed.
Lemma sum_delta n j f : sum n (fun i => if Nat.eqb j i then f i else zero) = if j <? n then f j else zero.
Proof.
  induction n; cbn [sum]; auto. rewrite IHn.
  destruct (Nat.eqb_spec j n), (Nat.ltb_spec j n), (Nat.ltb_spec j (S n)); subst; try lia; ring.
Qed.

Definition tensor := nat -> R.
Definition dot n (f g : tensor) := sum n (fun i => f i * g i).
Lemma dot_comm n f g : dot n f g = dot n g f.
Proof. apply sum_ext; intros; ring. Qed.
Lemma dot_add n f g h : dot n f (fun i => g i + h i) = dot n f g + dot n f h.
Proof. unfold dot. rewrite <- sum_add. apply sum_ext; intros; ring. Qed.
Lemma dot_ext n f g f' g' :
  (forall i, i < n -> f i = f' i) -> (forall i, i < n -> g i = g' i) -> dot n f g = dot n f' g'.
Proof. intros E F. apply sum_ext; intros; rewrite E, F; auto. Qed.
Lemma dot_zero n f : dot n f (fun _ => zero) = zero.
Proof. transitivity (sum n (fun _ => zero)); [apply sum_ext; intros; ring | apply sum_zero]. Qed.

(* ---- views, gather and scatter: each element of the result is one of the operand, or 0 ---- *)
Definition picked (x : tensor) (p : option nat) := match p with Some j => x j | None => zero end.
Definition gather (p : nat -> option nat) (x : tensor) : tensor := fun i => picked x (p i).
Definition hits (p : option nat) (j : nat) := match p with Some i => Nat.eqb i j | None => false end.
(* Each element goes where p says, and those that meet are added. *)
Definition scatter n (p : nat -> option nat) (d : tensor) : tensor :=
  fun j => sum n (fun i => if hits (p i) j then d i else zero).
Definition within n m (p : nat -> option nat) := forall i j, i < n -> p i = Some j -> j < m.

Lemma sum_hits m p f : (forall j, p = Some j -> j < m) ->
  sum m (fun j => if hits p j then f j else zero) = picked f p.
Proof.
  intros H. destruct p as [k|]; simpl; [|now rewrite sum_zero].
  rewrite sum_delta. now rewrite (proj2 (Nat.ltb_lt _ _) (H k eq_refl)).
Qed.
Theorem gather_scatter_adjoint n m p x d : within n m p ->
  dot n (gather p x) d = dot m x (scatter n p d).
Proof.
  intros B. unfold dot, scatter, gather.
  transitivity (sum n (fun i => sum m (fun j => if hits (p i) j then x j * d i else zero))).
  - apply sum_ext; intros i Hi.
    rewrite (sum_hits m (p i) (fun j => x j * d i)) by (intros j Hj; eapply B; eauto).
    destruct (p i); simpl; ring.
  - rewrite sum_swap. apply sum_ext; intros j _. rewrite <- sum_mul.
    apply sum_ext; intros i _. destruct (hits (p i) j); ring.
Qed.
(* Sums along axes: each element of the operand goes to the one of the result that it is added to. *)
Theorem scatter_gather_adjoint n m p x d : within n m p ->
  dot m (scatter n p x) d = dot n x (gather p d).
Proof. intros. rewrite dot_comm, <- gather_scatter_adjoint, dot_comm; auto. Qed.
(* A table with updates added: the table's cotangent is the result's, the updates' is picked from it. *)
Theorem scatter_add_adjoint n m p x u d : within n m p ->
  dot m (fun j => x j + scatter n p u j) d = dot m x d + dot n u (gather p d).
Proof.
  intros B. rewrite <- (scatter_gather_adjoint n m p u d B), !(dot_comm m _ d).
  apply dot_add.
Qed.
(* Where p can be undone by q, what scatters by p picks by q: permutations, reshapes, slices and pads. *)
Theorem scatter_inverse n m p q d : within m n q ->
  (forall i j, i < n -> j < m -> (p i = Some j <-> q j = Some i)) ->
  forall j, j < m -> scatter n p d j = gather q d j.
Proof.
  intros B H j Hj. unfold scatter, gather.
  rewrite <- (sum_hits n (q j) d) by (intros i Hi; eapply B; eauto).
  apply sum_ext; intros i Hi. specialize (H i j Hi Hj).
  assert (E : hits (p i) j = hits (q j) i); [|now rewrite E].
  destruct (hits (p i) j) eqn:E1, (hits (q j) i) eqn:E2; auto.
  - destruct (p i); simpl in *; try discriminate. apply Nat.eqb_eq in E1; subst.
    rewrite (proj1 H eq_refl) in E2; simpl in E2. rewrite Nat.eqb_refl in E2; discriminate.
  - destruct (q j); simpl in *; try discriminate. apply Nat.eqb_eq in E2; subst.
    rewrite (proj2 H eq_refl) in E1; simpl in E1. rewrite Nat.eqb_refl in E1; discriminate.
Qed.
(* A view of many operands, such as a concatenation: to each goes what was taken of it. *)
Definition views (ops : list (nat * (nat -> option nat) * tensor)) : tensor :=
  fun i => fold_right (fun o s => gather (snd (fst o)) (snd o) i + s) zero ops.
Theorem views_adjoint n ops d :
  (forall o, In o ops -> within n (fst (fst o)) (snd (fst o))) ->
  dot n (views ops) d =
  fold_right (fun o s => dot (fst (fst o)) (snd o) (scatter n (snd (fst o)) d) + s) zero ops.
Proof.
  induction ops as [|o ops IH]; intros B; cbn [fold_right].
  - rewrite dot_comm. apply dot_zero.
  - rewrite <- IH by (intros; apply B; now right).
    rewrite <- gather_scatter_adjoint by (apply B; now left).
    rewrite !(dot_comm n _ d). apply dot_add.
Qed.
(* What keeps elements, such as a conversion between floats. *)
Theorem identity_adjoint n x d : dot n (fun i => x i) d = dot n x (fun i => d i).
Proof. reflexivity. Qed.
(* A choice of each element between two tensors: each gets the cotangent where it was chosen. *)
Theorem select_adjoint n (c : nat -> bool) x y d :
  dot n (fun i => if c i then x i else y i) d =
  dot n x (fun i => if c i then d i else zero) + dot n y (fun i => if c i then zero else d i).
Proof.
  unfold dot. rewrite <- sum_add. apply sum_ext; intros i _. destruct (c i); ring.
Qed.

(* ---- contractions: element o of the result is the sum of A[a k]·B[b k] over the k that go to o ---- *)
Definition einsum N (a b o : nat -> option nat) (A B : tensor) : tensor :=
  fun j => sum N (fun k => if hits (o k) j then picked A (a k) * picked B (b k) else zero).
Lemma einsum_trilinear N m a b o A B C : within N m o ->
  dot m (einsum N a b o A B) C = sum N (fun k => picked A (a k) * picked B (b k) * picked C (o k)).
Proof.
  intros H. unfold einsum. set (d := fun k => picked A (a k) * picked B (b k)).
  change (dot m (scatter N o d) C = sum N (fun k => d k * picked C (o k))).
  rewrite (scatter_gather_adjoint N m o d C H). reflexivity.
Qed.
Theorem einsum_adjoint_l N ma mo a b o A B C : within N ma a -> within N mo o ->
  dot mo (einsum N a b o A B) C = dot ma A (einsum N o b a C B).
Proof. intros. rewrite (dot_comm ma), !einsum_trilinear by auto. apply sum_ext; intros; ring. Qed.
Theorem einsum_adjoint_r N mb mo a b o A B C : within N mb b -> within N mo o ->
  dot mo (einsum N a b o A B) C = dot mb B (einsum N a o b A C).
Proof. intros. rewrite (dot_comm mb), !einsum_trilinear by auto. apply sum_ext; intros; ring. Qed.

(* ---- prefix scans ---- *)
(* y(i+1) = f(i)·y(i) + g(i), from 0: a sum is the recurrence with f = 1. *)
Fixpoint recurrence (f g : tensor) (n : nat) : R := match n with
  | O => zero | S n => f n * recurrence f g n + g n end.
(* The same from the other end: s(i) = d(i) + f(i+1)·s(i+1) for i < n, where k places are left. *)
Fixpoint reversed (f d : tensor) (i k : nat) : R := match k with
  | O => zero | S k => d i + f (S i) * reversed f d (S i) k end.
(* The tangents of a recurrence are the recurrence of weighted tangents, and its cotangents run the other way. *)
Theorem recurrence_adjoint (f g d : tensor) : forall n,
  sum n (fun i => recurrence f g (S i) * d i) = sum n (fun i => g i * reversed f d i (n - i)%nat).
Proof.
  (* One more place adds d(n)·y(n+1) on both sides. *)
  assert (E : forall n i, i <= n -> reversed f d i (S n - i)%nat =
    reversed f d i (n - i)%nat + reversed f (fun j => if Nat.eqb j n then d n else zero) i (S n - i)%nat).
  { intros n. assert (G : forall k i, (i + k = n)%nat -> reversed f d i (S k) = reversed f d i k +
      reversed f (fun j => if Nat.eqb j n then d n else zero) i (S k)).
    { induction k; intros i Hi.
      - cbn [reversed]. replace i with n by lia. rewrite Nat.eqb_refl. ring.
      - cbn [reversed] in *. rewrite (IHk (S i)) by lia. cbn [reversed].
        destruct (Nat.eqb_spec i n); [lia | ring]. }
    intros i Hi. replace (S n - i)%nat with (S (n - i)) by lia. apply G. lia. }
  assert (L : forall n, sum (S n) (fun i => g i * reversed f (fun j => if Nat.eqb j n then d n else zero) i (S n - i)%nat)
    = recurrence f g (S n) * d n).
  { intros n. assert (G : forall m, m <= n ->
      sum (S m) (fun i => g i * reversed f (fun j => if Nat.eqb j n then d n else zero) i (S n - i)%nat) =
      recurrence f g (S m) * reversed f (fun j => if Nat.eqb j n then d n else zero) m (S n - m)%nat).
    { induction m; intros Hm.
      - cbn [sum recurrence]. ring.
      - cbn [sum] in *. rewrite IHm by lia. cbn [recurrence].
        replace (S n - m)%nat with (S (S n - S m)) by lia. cbn [reversed].
        destruct (Nat.eqb_spec m n); [lia | ring]. }
    rewrite (G n) by lia. replace (S n - n)%nat with 1 by lia. cbn [reversed].
    rewrite Nat.eqb_refl. ring. }
  induction n; [reflexivity|]. cbn [sum] in L |- *. rewrite IHn.
  rewrite <- L.
  rewrite (sum_ext n (fun i => g i * reversed f d i (S n - i)%nat)
    (fun i => g i * reversed f d i (n - i)%nat +
      g i * reversed f (fun j => if Nat.eqb j n then d n else zero) i (S n - i)%nat)).
  - rewrite sum_add, E by lia. replace (n - n)%nat with 0 by lia. cbn [reversed]. ring.
  - intros i Hi. rewrite E by lia. ring.
Qed.
(* Sums up to each place: the cotangents are sums from each place on. *)
Corollary prefix_adjoint (x d : tensor) n :
  sum n (fun i => recurrence (fun _ => one) x (S i) * d i) =
  sum n (fun i => x i * reversed (fun _ => one) d i (n - i)%nat).
Proof. apply recurrence_adjoint. Qed.
End Semiring.
