(* Derivatives that the libraries lack, and the ways in which the proofs of rules use derivatives. *)
From Coq Require Import Reals ZArith List Lra Lia Psatz.
From Coquelicot Require Import Coquelicot.
From LGC Require Import Syntax.
Open Scope R_scope.

Lemma is_derive_eq (f : R -> R) (x l m : R) : is_derive f x l -> l = m -> is_derive f x m.
Proof. now intros ? <-. Qed.
Lemma is_derive_const_R (c x : R) : is_derive (fun _ : R => c) x 0.
Proof. apply (is_derive_const (K := R_AbsRing) (V := R_NormedModule) c x). Qed.
Lemma is_derive_id_R (x : R) : is_derive (fun x : R => x) x 1.
Proof. apply (is_derive_id (K := R_AbsRing) x). Qed.
Lemma is_derive_comp_R (f c : R -> R) (t l d : R) :
  is_derive f (c t) l -> is_derive c t d -> is_derive (fun s => f (c s)) t (l * d).
Proof. intros F C. rewrite Rmult_comm. apply (is_derive_comp f c t l d); auto. Qed.
Lemma is_derive_plus_R (f g : R -> R) (t l m : R) :
  is_derive f t l -> is_derive g t m -> is_derive (fun s => f s + g s) t (l + m).
Proof. intros. apply (is_derive_plus f g t l m); auto. Qed.
Lemma is_derive_minus_R (f g : R -> R) (t l m : R) :
  is_derive f t l -> is_derive g t m -> is_derive (fun s => f s - g s) t (l - m).
Proof. intros. apply (is_derive_minus f g t l m); auto. Qed.
Lemma is_derive_mult_R (f g : R -> R) (t l m : R) :
  is_derive f t l -> is_derive g t m -> is_derive (fun s => f s * g s) t (l * g t + f t * m).
Proof. intros. apply (is_derive_mult f g t l m); auto. intros; apply Rmult_comm. Qed.

(* ---- functions that are put together of pieces ---- *)
Lemma is_derive_below (f g : R -> R) (x c l : R) :
  x < c -> (forall y, y < c -> f y = g y) -> is_derive g x l -> is_derive f x l.
Proof.
  intros L E D. apply (is_derive_ext_loc g); auto.
  apply (filter_imp (fun y => y < c)); [intros; symmetry; auto|].
  exact (open_lt c x L).
Qed.
Lemma is_derive_above (f g : R -> R) (x c l : R) :
  c < x -> (forall y, c < y -> f y = g y) -> is_derive g x l -> is_derive f x l.
Proof.
  intros L E D. apply (is_derive_ext_loc g); auto.
  apply (filter_imp (fun y => c < y)); [intros; symmetry; auto|].
  exact (open_gt c x L).
Qed.
Lemma is_derive_between (f g : R -> R) (x b c l : R) :
  b < x < c -> (forall y, b < y < c -> f y = g y) -> is_derive g x l -> is_derive f x l.
Proof.
  intros [B C] E D. apply (is_derive_ext_loc g); auto.
  apply (filter_imp (fun y => b < y /\ y < c)); [intros; symmetry; auto|].
  apply filter_and; [exact (open_gt b x B) | exact (open_lt c x C)].
Qed.

(* Two curves that are apart stay so for a while. *)
Lemma apart (f g : R -> R) (t l m : R) :
  is_derive f t l -> is_derive g t m -> f t < g t -> locally t (fun s => f s < g s).
Proof.
  intros F G L.
  assert (C : continuous (fun s => g s - f s) t).
  { apply (ex_derive_continuous (V := R_NormedModule)). exists (m - l). now apply is_derive_minus_R. }
  apply (filter_imp (fun s => 0 < g s - f s)); [intros; lra|].
  apply C. exact (open_gt 0 (g t - f t) ltac:(lra)).
Qed.
Lemma is_derive_max (f g : R -> R) (t l m : R) :
  is_derive f t l -> is_derive g t m -> f t <> g t ->
  is_derive (fun s => Rmax (f s) (g s)) t (if Rlt_dec (g t) (f t) then l else m).
Proof.
  intros F G N. destruct (Rlt_dec (g t) (f t)).
  - apply (is_derive_ext_loc f); auto.
    apply (filter_imp (fun s => g s < f s)); [|eapply apart; eauto].
    intros; rewrite Rmax_left; lra.
  - apply (is_derive_ext_loc g); auto.
    apply (filter_imp (fun s => f s < g s)); [|eapply apart; eauto; lra].
    intros; rewrite Rmax_right; lra.
Qed.
Lemma is_derive_min (f g : R -> R) (t l m : R) :
  is_derive f t l -> is_derive g t m -> f t <> g t ->
  is_derive (fun s => Rmin (f s) (g s)) t (if Rlt_dec (f t) (g t) then l else m).
Proof.
  intros F G N. destruct (Rlt_dec (f t) (g t)).
  - apply (is_derive_ext_loc f); auto.
    apply (filter_imp (fun s => f s < g s)); [|eapply apart; eauto].
    intros; rewrite Rmin_left; lra.
  - apply (is_derive_ext_loc g); auto.
    apply (filter_imp (fun s => g s < f s)); [|eapply apart; eauto; lra].
    intros; rewrite Rmin_right; lra.
Qed.
(* A function whose pieces meet smoothly. *)
Lemma is_derive_glued (f g h : R -> R) (x l : R) :
  is_derive g x l -> is_derive h x l -> g x = h x ->
  (forall y, f y = if Rlt_dec x y then g y else h y) -> is_derive f x l.
Proof.
  intros G H E F. apply is_derive_Reals in G. apply is_derive_Reals in H. apply is_derive_Reals.
  intros e P. destruct (G e P) as [d1 D1], (H e P) as [d2 D2].
  assert (M : 0 < Rmin d1 d2) by (apply Rmin_glb_lt; [apply (cond_pos d1) | apply (cond_pos d2)]).
  exists (mkposreal _ M). intros k Nk Lk. cbn in Lk.
  rewrite !F. destruct (Rlt_dec x x); [lra|]. destruct (Rlt_dec x (x + k)).
  - rewrite <- E. apply D1; auto. eapply Rlt_le_trans; [exact Lk | apply Rmin_l].
  - apply D2; auto. eapply Rlt_le_trans; [exact Lk | apply Rmin_r].
Qed.

(* ---- single functions ---- *)
Lemma cosh_pos (x : R) : 0 < cosh x.
Proof. unfold cosh. generalize (exp_pos x) (exp_pos (- x)); lra. Qed.
Lemma cosh_square (x : R) : cosh x * cosh x = 1 + sinh x * sinh x.
Proof.
  unfold cosh, sinh.
  assert (exp x * exp (- x) = 1) by (rewrite <- exp_plus, <- exp_0; f_equal; ring). nra.
Qed.
Lemma is_derive_sinh (x : R) : is_derive sinh x (cosh x).
Proof. unfold sinh, cosh. auto_derive; auto; field. Qed.
Lemma is_derive_cosh (x : R) : is_derive cosh x (sinh x).
Proof. unfold sinh, cosh. auto_derive; auto; field. Qed.
Lemma is_derive_tanh (x : R) : is_derive tanh x (1 - tanh x * tanh x).
Proof.
  assert (H := cosh_pos x). assert (E := cosh_square x).
  replace (1 - tanh x * tanh x) with ((cosh x * cosh x - sinh x * sinh x) / (cosh x) ^ 2)
    by (unfold tanh; field; lra).
  apply (is_derive_div sinh cosh x _ _ (is_derive_sinh x) (is_derive_cosh x)); lra.
Qed.
Lemma is_derive_erf (x : R) : is_derive erf x (2 / sqrt PI * exp (- (x * x))).
Proof.
  unfold erf. apply (is_derive_scal (fun x => RInt (fun t => exp (- (t * t))) 0 x)).
  assert (C : forall t, continuous (fun t => exp (- (t * t))) t).
  { intros t. apply (ex_derive_continuous (V := R_NormedModule)). auto_derive; auto. }
  apply (is_derive_RInt (fun t => exp (- (t * t))) (fun x => RInt (fun t => exp (- (t * t))) 0 x) 0 x); auto.
  apply filter_forall. intros y. apply (RInt_correct (V := R_CompleteNormedModule)).
  apply (ex_RInt_continuous (V := R_CompleteNormedModule)). intros; apply C.
Qed.
Lemma Rpower_less_1 (x y : R) : 0 < x -> Rpower x (y - 1) = Rpower x y / x.
Proof.
  intros P. unfold Rminus. rewrite Rpower_plus, Rpower_Ropp, Rpower_1; auto.
Qed.
Lemma sqrt_PI_pos : 0 < sqrt PI.
Proof. apply sqrt_lt_R0, PI_RGT_0. Qed.
(* ½(1 + tanh u) is the logistic function at 2u. *)
Lemma half_tanh (u : R) : (1 + tanh u) / 2 = / (1 + exp (- (2 * u))).
Proof.
  unfold tanh, sinh, cosh.
  replace (- (2 * u)) with (- u + - u) by ring. rewrite exp_plus.
  rewrite exp_Ropp. assert (P := exp_pos u). generalize dependent (exp u). intros e P.
  assert (Q : 0 < / e) by (apply Rinv_0_lt_compat; lra).
  field. repeat split; try nra. 
Qed.

(* ---- pieces of constants ---- *)
Lemma floor_unique (x : R) (n : Z) : IZR n <= x < IZR n + 1 -> Int_part x = n.
Proof.
  intros H. unfold Int_part. rewrite <- (tech_up x (n + 1)); rewrite ?plus_IZR; try lra. ring.
Qed.
Lemma floor_bounds (x : R) : IZR (Int_part x) <= x < IZR (Int_part x) + 1.
Proof. destruct (base_Int_part x). lra. Qed.
Lemma floor_near (x y : R) :
  IZR (Int_part x) < y < IZR (Int_part x) + 1 -> floor y = floor x.
Proof. intros H. unfold floor. f_equal. apply floor_unique. lra. Qed.
Lemma is_derive_floor (x : R) : (forall n, x <> IZR n) -> is_derive floor x 0.
Proof.
  intros N. assert (B := floor_bounds x). specialize (N (Int_part x)).
  apply (is_derive_between _ (fun _ => floor x) x (IZR (Int_part x)) (IZR (Int_part x) + 1)).
  - lra.
  - intros. now apply floor_near.
  - apply is_derive_const_R.
Qed.
Lemma round_near (y : R) (n : Z) : IZR n - 1/2 < y < IZR n + 1/2 -> round y = IZR n.
Proof.
  intros H. unfold round. destruct (Rlt_dec y (IZR n)).
  - assert (E : Int_part y = (n - 1)%Z) by (apply floor_unique; rewrite minus_IZR; lra).
    rewrite E, minus_IZR. replace (n - 1 + 1)%Z with n by ring.
    destruct (Rlt_dec (y - (IZR n - 1)) (1/2)); [lra|].
    destruct (Rlt_dec (1/2) (y - (IZR n - 1))); lra.
  - assert (E : Int_part y = n) by (apply floor_unique; lra).
    rewrite E. destruct (Rlt_dec (y - IZR n) (1/2)); lra.
Qed.
Lemma is_derive_round (x : R) : (forall n, x - 1/2 <> IZR n) -> is_derive round x 0.
Proof.
  intros N. set (n := Int_part (x + 1/2)). assert (B := floor_bounds (x + 1/2)). fold n in B.
  assert (M := N (n - 1)%Z). rewrite minus_IZR in M.
  apply (is_derive_between _ (fun _ => IZR n) x (IZR n - 1/2) (IZR n + 1/2)).
  - lra.
  - intros. now apply round_near.
  - apply is_derive_const_R.
Qed.
Lemma is_derive_Rabs (x : R) : x <> 0 -> is_derive Rabs x (if Rlt_dec 0 x then 1 else -1).
Proof.
  intros N. destruct (Rlt_dec 0 x).
  - apply (is_derive_above _ (fun y => y) x 0); auto; [intros; apply Rabs_pos_eq; lra|].
    apply is_derive_id_R.
  - apply (is_derive_below _ (fun y => - y) x 0); try lra; [intros; apply Rabs_left; lra|].
    auto_derive; auto; lra.
Qed.

(* ln(1 + e^x), as rules compute it. *)
Lemma softplus_by_abs (x : R) : Rmax x 0 + ln (1 + exp (- Rabs x)) = ln (1 + exp x).
Proof.
  assert (P := exp_pos x). assert (Q := exp_pos (- x)). destruct (Rle_dec 0 x).
  - rewrite Rmax_left, Rabs_pos_eq by lra. rewrite <- (ln_exp x) at 1.
    rewrite <- ln_mult by lra. f_equal. rewrite Rmult_plus_distr_l, Rmult_1_r.
    rewrite <- exp_plus. replace (x + - x) with 0 by ring. rewrite exp_0. ring.
  - rewrite Rmax_right, Rabs_left by lra. rewrite Ropp_involutive. ring.
Qed.
Lemma softplus_pos (x : R) : 0 < ln (1 + exp x).
Proof. rewrite <- ln_1. apply ln_increasing; generalize (exp_pos x); lra. Qed.
Lemma exp_neg (x : R) : exp (- x) = / exp x.
Proof. apply exp_Ropp. Qed.

(* Natural powers. *)
Lemma Int_part_IZR (z : Z) : Int_part (IZR z) = z.
Proof. apply floor_unique. lra. Qed.

(* Constants as rules write them. *)
Lemma sqrt_one : sqrt (1 / 1) = 1.
Proof. replace (1 / 1) with 1 by field. apply sqrt_1. Qed.
Lemma sqrt_half : sqrt (1 / 2) = / sqrt 2.
Proof. replace (1 / 2) with (/ 2) by field. apply sqrt_inv. Qed.
Lemma sqrt_two : sqrt (2 / 1) = sqrt 2.
Proof. f_equal. field. Qed.
Lemma sqrt_two_over_PI : sqrt (2 / PI) = sqrt 2 / sqrt PI.
Proof. apply sqrt_div_alt, PI_RGT_0. Qed.
Lemma sqrt_2_pos : 0 < sqrt 2.
Proof. apply sqrt_lt_R0; lra. Qed.
