(* The largest and the smallest of several numbers that change with time. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From LGC Require Import Calculus.
Open Scope R_scope.

Fixpoint largest (x : nat -> R) (n : nat) : R := match n with
  | O => x 0%nat | S n => Rmax (largest x n) (x (S n)) end.
Fixpoint smallest (x : nat -> R) (n : nat) : R := match n with
  | O => x 0%nat | S n => Rmin (smallest x n) (x (S n)) end.

(* The winner stays ahead of the others for a while. *)
Lemma ahead (c d : nat -> R -> R) (f g : nat -> R) (t : R) n :
  (forall i, (i <= n)%nat -> is_derive (c i) t (f i) /\ is_derive (d i) t (g i) /\ c i t < d i t \/
    forall s, c i s = d i s) ->
  locally t (fun s => forall i, (i <= n)%nat -> c i s <= d i s).
Proof.
  induction n; intros H.
  - destruct (H 0%nat ltac:(lia)) as [[C [D L]] | E].
    + apply (filter_imp (fun s => c 0%nat s < d 0%nat s)); [|eapply apart; eauto].
      intros s P i Hi. replace i with 0%nat by lia. lra.
    + apply filter_forall. intros s i Hi. replace i with 0%nat by lia. rewrite E. lra.
  - assert (A : locally t (fun s => forall i, (i <= n)%nat -> c i s <= d i s)) by (apply IHn; auto).
    assert (B : locally t (fun s => c (S n) s <= d (S n) s)).
    { destruct (H (S n) ltac:(lia)) as [[C [D L]] | E].
      - apply (filter_imp (fun s => c (S n) s < d (S n) s)); [intros; lra | eapply apart; eauto].
      - apply filter_forall. intros s. rewrite E. lra. }
    apply (filter_imp (fun s => (forall i, (i <= n)%nat -> c i s <= d i s) /\ c (S n) s <= d (S n) s));
      [|now apply filter_and].
    intros s [P Q] i Hi. destruct (Nat.eq_dec i (S n)) as [->|]; [exact Q | apply P; lia].
Qed.
Lemma largest_is (x : nat -> R) n k : (k <= n)%nat -> (forall i, (i <= n)%nat -> x i <= x k) ->
  largest x n = x k.
Proof.
  assert (B : forall n m, (forall i, (i <= n)%nat -> x i <= m) -> largest x n <= m).
  { induction n0; cbn; intros m H; [apply H; lia|]. apply Rmax_lub; [apply IHn0; auto | apply H; lia]. }
  assert (A : forall n k, (k <= n)%nat -> x k <= largest x n).
  { induction n0; cbn; intros j H; [replace j with 0%nat by lia; lra|].
    destruct (Nat.eq_dec j (S n0)) as [->|]; [apply Rmax_r|].
    eapply Rle_trans; [apply IHn0; lia | apply Rmax_l]. }
  intros K H. apply Rle_antisym; [apply B; auto | apply A; auto].
Qed.
Lemma smallest_is (x : nat -> R) n k : (k <= n)%nat -> (forall i, (i <= n)%nat -> x k <= x i) ->
  smallest x n = x k.
Proof.
  assert (B : forall n m, (forall i, (i <= n)%nat -> m <= x i) -> m <= smallest x n).
  { induction n0; cbn; intros m H; [apply H; lia|]. apply Rmin_glb; [apply IHn0; auto | apply H; lia]. }
  assert (A : forall n k, (k <= n)%nat -> smallest x n <= x k).
  { induction n0; cbn; intros j H; [replace j with 0%nat by lia; lra|].
    destruct (Nat.eq_dec j (S n0)) as [->|]; [apply Rmin_r|].
    eapply Rle_trans; [apply Rmin_l | apply IHn0; lia]. }
  intros K H. apply Rle_antisym; [apply A; auto | apply B; auto].
Qed.

(* Where one element wins alone, the tangent is its own, and so it takes the whole cotangent. *)
Theorem max_derivative (c : nat -> R -> R) (d : nat -> R) (t : R) n k : (k <= n)%nat ->
  (forall i, (i <= n)%nat -> is_derive (c i) t (d i)) ->
  (forall i, (i <= n)%nat -> i <> k -> c i t < c k t) ->
  is_derive (fun s => largest (fun i => c i s) n) t (d k).
Proof.
  intros K D W. apply (is_derive_ext_loc (c k)); [|now apply D].
  apply (filter_imp (fun s => forall i, (i <= n)%nat -> c i s <= c k s)).
  - intros s H. symmetry. now apply (largest_is (fun i => c i s) n k).
  - apply (ahead c (fun _ => c k) d (fun _ => d k)). intros i Hi.
    destruct (Nat.eq_dec i k) as [->|N]; [now right | left; auto].
Qed.
Theorem min_derivative (c : nat -> R -> R) (d : nat -> R) (t : R) n k : (k <= n)%nat ->
  (forall i, (i <= n)%nat -> is_derive (c i) t (d i)) ->
  (forall i, (i <= n)%nat -> i <> k -> c k t < c i t) ->
  is_derive (fun s => smallest (fun i => c i s) n) t (d k).
Proof.
  intros K D W. apply (is_derive_ext_loc (c k)); [|now apply D].
  apply (filter_imp (fun s => forall i, (i <= n)%nat -> c k s <= c i s)).
  - intros s H. symmetry. now apply (smallest_is (fun i => c i s) n k).
  - apply (ahead (fun _ => c k) c (fun _ => d k) d). intros i Hi.
    destruct (Nat.eq_dec i k) as [->|N]; [now right | left; auto].
Qed.
