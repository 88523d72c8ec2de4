(* A theorem for every rule of the table: what is printed is the derivative of what the op means.

   A proof is one tactic, which takes the rule: `mutate.py` runs it on rules that were changed. *)
From Coq Require Import Reals ZArith List Lra Lia Psatz Bool.
From Coquelicot Require Import Coquelicot.
From LGC Require Import Syntax Calculus Tactics.
From LGC Require Meaning Rules.
Import ListNotations.
Open Scope R_scope.

(* ---- arithmetic ---- *)
Ltac prove_add r := smooth Meaning.add r.
Theorem add_holds : sound (n := 2) Meaning.add Rules.add.
Proof. prove_add Rules.add. Qed.

Ltac prove_sub r := smooth Meaning.sub r.
Theorem sub_holds : sound (n := 2) Meaning.sub Rules.sub.
Proof. prove_sub Rules.sub. Qed.

Ltac prove_subtract_no_nan r := smooth Meaning.subtract_no_nan r.
Theorem subtract_no_nan_holds : sound (n := 2) Meaning.subtract_no_nan Rules.subtract_no_nan.
Proof. prove_subtract_no_nan Rules.subtract_no_nan. Qed.

Ltac prove_mul r := smooth Meaning.mul r.
Theorem mul_holds : sound (n := 2) Meaning.mul Rules.mul.
Proof. prove_mul Rules.mul. Qed.

Ltac prove_multiply_no_nan r := smooth Meaning.multiply_no_nan r.
Theorem multiply_no_nan_holds : sound (n := 2) Meaning.multiply_no_nan Rules.multiply_no_nan.
Proof. prove_multiply_no_nan Rules.multiply_no_nan. Qed.

Ltac prove_div r := smooth Meaning.div r.
Theorem div_holds : sound (n := 2) Meaning.div Rules.div.
Proof. prove_div Rules.div. Qed.

Ltac prove_neg r := smooth Meaning.neg r.
Theorem neg_holds : sound (n := 1) Meaning.neg Rules.neg.
Proof. prove_neg Rules.neg. Qed.

Ltac prove_square r := smooth Meaning.square r.
Theorem square_holds : sound (n := 1) Meaning.square Rules.square.
Proof. prove_square Rules.square. Qed.

Ltac prove_scale r := smooth Meaning.scale r.
Theorem scale_holds : sound (n := 2) Meaning.scale Rules.scale.
Proof. prove_scale Rules.scale. Qed.

Ltac prove_reciprocal r := smooth Meaning.reciprocal r.
Theorem reciprocal_holds : sound (n := 1) Meaning.reciprocal Rules.reciprocal.
Proof. prove_reciprocal Rules.reciprocal. Qed.

Ltac prove_sqrt r := smooth Meaning.sqrt r.
Theorem sqrt_holds : sound (n := 1) Meaning.sqrt Rules.sqrt.
Proof. prove_sqrt Rules.sqrt. Qed.

Ltac prove_rsqrt r := smooth Meaning.rsqrt r.
Theorem rsqrt_holds : sound (n := 1) Meaning.rsqrt Rules.rsqrt.
Proof. prove_rsqrt Rules.rsqrt. Qed.

Ltac prove_smooth_abs r := smooth Meaning.smooth_abs r.
Theorem smooth_abs_holds : sound (n := 2) Meaning.smooth_abs Rules.smooth_abs.
Proof. prove_smooth_abs Rules.smooth_abs. Qed.

Ltac prove_abs r := unary r; unfold Meaning.abs; indices; try solve [real | fraction];
  by_lemma is_derive_Rabs.
Theorem abs_holds : sound (n := 1) Meaning.abs Rules.abs.
Proof. prove_abs Rules.abs. Qed.

Ltac prove_max r := binary r; unfold Meaning.max; indices; try solve [real | fraction]; by_lemma is_derive_max.
Theorem max_holds : sound (n := 2) Meaning.max Rules.max.
Proof. prove_max Rules.max. Qed.

Ltac prove_min r := binary r; unfold Meaning.min; indices; try solve [real | fraction]; by_lemma is_derive_min.
Theorem min_holds : sound (n := 2) Meaning.min Rules.min.
Proof. prove_min Rules.min. Qed.

(* Constant below and above, and the identity between. *)
Lemma is_derive_clamp (lo hi x : R) : lo <= hi -> x <> lo -> x <> hi ->
  is_derive (Meaning.clamp lo hi) x (if Rlt_dec lo x then if Rlt_dec x hi then 1 else 0 else 0).
Proof.
  intros O L H. unfold Meaning.clamp. destruct (Rlt_dec lo x); [destruct (Rlt_dec x hi)|].
  - apply (is_derive_between _ (fun y => y) x lo hi); auto using is_derive_id_R.
    intros. rewrite Rmax_right, Rmin_right; lra.
  - apply (is_derive_above _ (fun _ => hi) x hi); [lra | | apply is_derive_const_R].
    intros. rewrite Rmax_right, Rmin_left; lra.
  - apply (is_derive_below _ (fun _ => lo) x lo); [lra | | apply is_derive_const_R].
    intros. rewrite Rmax_left, Rmin_right; lra.
Qed.
Ltac prove_clamp r := unary r; indices;
  try solve [real | unfold Meaning.clamp, Rmin, Rmax; repeat destruct (Rle_dec _ _); lra];
  by_lemma is_derive_clamp.
Theorem clamp_holds : sound (n := 3) Meaning.clamp Rules.clamp.
Proof. prove_clamp Rules.clamp. Qed.

(* ---- powers ---- *)
Lemma is_derive_pow (c e : R -> R) (t d g : R) : 0 < c t -> is_derive c t d -> is_derive e t g ->
  is_derive (fun s => Rpower (c s) (e s)) t
    (e t * (Rpower (c t) (e t) / c t) * d + Rpower (c t) (e t) * ln (c t) * g).
Proof.
  intros P C E. unfold Rpower. auto_derive.
  - repeat split; try (eexists; eassumption); auto.
  - velocities. field. lra.
Qed.
Ltac vanishing := try match goal with A : ~ ?u < 0, B : ~ 0 < ?u |- _ =>
  replace u with 0 by lra end.
Ltac prove_pow r := binary r; unfold Meaning.pow; indices; try solve [real];
  eapply is_derive_eq; [apply is_derive_pow; [real | eassumption | eassumption] |
    branches; rewrite ?Rpower_less_1 by real; vanishing; fraction].
Theorem pow_holds : sound (n := 2) Meaning.pow Rules.pow.
Proof. prove_pow Rules.pow. Qed.

Lemma power_pos (a x : R) : 0 < x -> Meaning.power a x = Rpower x a.
Proof. intros P. unfold Meaning.power. destruct (Rlt_dec 0 x); lra. Qed.
Lemma is_derive_power (a x : R) : 0 < x -> is_derive (Meaning.power a) x (a * Rpower x (a - 1)).
Proof.
  intros P. apply (is_derive_above _ (fun y => Rpower y a) x 0); auto using power_pos.
  eapply is_derive_eq. apply (is_derive_pow (fun y => y) (fun _ => a)); auto using is_derive_id_R, is_derive_const_R.
  cbv beta. rewrite Rpower_less_1 by auto. field. lra.
Qed.
Ltac prove_power r := unary r; branches; try solve [real];
  [ rewrite ?power_pos by real; fraction
  | eapply is_derive_eq; [apply is_derive_power; real | fraction] ].
Theorem power_holds : sound (n := 2) Meaning.power Rules.power.
Proof. prove_power Rules.power. Qed.

Lemma power_natural (z : Z) (x : R) : (0 <= z)%Z -> Meaning.power (IZR z) x = x ^ Z.to_nat z.
Proof.
  intros P. unfold Meaning.power. destruct (Rlt_dec 0 x); rewrite ?Int_part_IZR; auto.
  rewrite <- (Z2Nat.id z) at 1 by auto. rewrite <- INR_IZR_INZ. now apply Rpower_pow.
Qed.
Ltac exponents := rewrite ?power_natural by lia; repeat match goal with
  | |- context [Z.to_nat ?z] => let n := eval vm_compute in (Z.to_nat z) in change (Z.to_nat z) with n end.
Ltac natural r := unary r; indices; try solve [real | exponents; ring];
  eapply is_derive_ext; [intros; symmetry; apply power_natural; lia |];
  exponents; auto_derive; [auto | cbn [pred INR]; ring].
Ltac prove_power_exponent_0 r := natural r.
Theorem power_exponent_0_holds : sound (n := 2) Meaning.power Rules.power_exponent_0.
Proof. prove_power_exponent_0 Rules.power_exponent_0. Qed.
Ltac prove_power_exponent_1 r := natural r.
Theorem power_exponent_1_holds : sound (n := 2) Meaning.power Rules.power_exponent_1.
Proof. prove_power_exponent_1 Rules.power_exponent_1. Qed.
Ltac prove_power_exponent_2 r := natural r.
Theorem power_exponent_2_holds : sound (n := 2) Meaning.power Rules.power_exponent_2.
Proof. prove_power_exponent_2 Rules.power_exponent_2. Qed.
Ltac prove_power_exponent_3 r := natural r.
Theorem power_exponent_3_holds : sound (n := 2) Meaning.power Rules.power_exponent_3.
Proof. prove_power_exponent_3 Rules.power_exponent_3. Qed.
Ltac prove_power_exponent_4 r := natural r.
Theorem power_exponent_4_holds : sound (n := 2) Meaning.power Rules.power_exponent_4.
Proof. prove_power_exponent_4 Rules.power_exponent_4. Qed.
Ltac prove_power_exponent_5 r := natural r.
Theorem power_exponent_5_holds : sound (n := 2) Meaning.power Rules.power_exponent_5.
Proof. prove_power_exponent_5 Rules.power_exponent_5. Qed.
Ltac prove_power_exponent_6 r := natural r.
Theorem power_exponent_6_holds : sound (n := 2) Meaning.power Rules.power_exponent_6.
Proof. prove_power_exponent_6 Rules.power_exponent_6. Qed.
Ltac prove_power_exponent_7 r := natural r.
Theorem power_exponent_7_holds : sound (n := 2) Meaning.power Rules.power_exponent_7.
Proof. prove_power_exponent_7 Rules.power_exponent_7. Qed.
Ltac prove_power_exponent_8 r := natural r.
Theorem power_exponent_8_holds : sound (n := 2) Meaning.power Rules.power_exponent_8.
Proof. prove_power_exponent_8 Rules.power_exponent_8. Qed.
Ltac prove_power_exponent_9 r := natural r.
Theorem power_exponent_9_holds : sound (n := 2) Meaning.power Rules.power_exponent_9.
Proof. prove_power_exponent_9 Rules.power_exponent_9. Qed.
Ltac prove_power_exponent_10 r := natural r.
Theorem power_exponent_10_holds : sound (n := 2) Meaning.power Rules.power_exponent_10.
Proof. prove_power_exponent_10 Rules.power_exponent_10. Qed.
Ltac prove_power_exponent_11 r := natural r.
Theorem power_exponent_11_holds : sound (n := 2) Meaning.power Rules.power_exponent_11.
Proof. prove_power_exponent_11 Rules.power_exponent_11. Qed.
Ltac prove_power_exponent_12 r := natural r.
Theorem power_exponent_12_holds : sound (n := 2) Meaning.power Rules.power_exponent_12.
Proof. prove_power_exponent_12 Rules.power_exponent_12. Qed.
Ltac prove_power_exponent_13 r := natural r.
Theorem power_exponent_13_holds : sound (n := 2) Meaning.power Rules.power_exponent_13.
Proof. prove_power_exponent_13 Rules.power_exponent_13. Qed.
Ltac prove_power_exponent_14 r := natural r.
Theorem power_exponent_14_holds : sound (n := 2) Meaning.power Rules.power_exponent_14.
Proof. prove_power_exponent_14 Rules.power_exponent_14. Qed.
Ltac prove_power_exponent_15 r := natural r.
Theorem power_exponent_15_holds : sound (n := 2) Meaning.power Rules.power_exponent_15.
Proof. prove_power_exponent_15 Rules.power_exponent_15. Qed.
Ltac prove_power_exponent_16 r := natural r.
Theorem power_exponent_16_holds : sound (n := 2) Meaning.power Rules.power_exponent_16.
Proof. prove_power_exponent_16 Rules.power_exponent_16. Qed.

(* ---- exponentials, logarithms, trigonometric and hyperbolic functions ---- *)
Ltac prove_exp r := smooth Meaning.exp r.
Theorem exp_holds : sound (n := 1) Meaning.exp Rules.exp.
Proof. prove_exp Rules.exp. Qed.

Ltac prove_expm1 r := smooth Meaning.expm1 r.
Theorem expm1_holds : sound (n := 1) Meaning.expm1 Rules.expm1.
Proof. prove_expm1 Rules.expm1. Qed.

Ltac prove_log r := smooth Meaning.log r.
Theorem log_holds : sound (n := 1) Meaning.log Rules.log.
Proof. prove_log Rules.log. Qed.

Ltac prove_log1p r := smooth Meaning.log1p r.
Theorem log1p_holds : sound (n := 1) Meaning.log1p Rules.log1p.
Proof. prove_log1p Rules.log1p. Qed.

Ltac prove_sin r := smooth Meaning.sin r.
Theorem sin_holds : sound (n := 1) Meaning.sin Rules.sin.
Proof. prove_sin Rules.sin. Qed.

Ltac prove_cos r := smooth Meaning.cos r.
Theorem cos_holds : sound (n := 1) Meaning.cos Rules.cos.
Proof. prove_cos Rules.cos. Qed.

Ltac prove_sinh r := unary r; unfold Meaning.sinh; indices; try solve [real | fraction]; by_lemma is_derive_sinh.
Theorem sinh_holds : sound (n := 1) Meaning.sinh Rules.sinh.
Proof. prove_sinh Rules.sinh. Qed.

Ltac prove_cosh r := unary r; unfold Meaning.cosh; indices; try solve [real | fraction]; by_lemma is_derive_cosh.
Theorem cosh_holds : sound (n := 1) Meaning.cosh Rules.cosh.
Proof. prove_cosh Rules.cosh. Qed.

Ltac prove_tanh r := unary r; unfold Meaning.tanh; indices; try solve [real | fraction]; by_lemma is_derive_tanh.
Theorem tanh_holds : sound (n := 1) Meaning.tanh Rules.tanh.
Proof. prove_tanh Rules.tanh. Qed.

Ltac prove_erf r := unary r; unfold Meaning.erf; constants; indices; try solve [real | fraction];
  by_lemma is_derive_erf.
Theorem erf_holds : sound (n := 1) Meaning.erf Rules.erf.
Proof. prove_erf Rules.erf. Qed.

(* ---- activations ---- *)
Ltac prove_relu r := unary r; unfold Meaning.relu; indices; try solve [real | fraction];
  eapply is_derive_eq; [apply (is_derive_max (fun s => s) (fun _ => 0));
    [apply is_derive_id_R | apply is_derive_const_R | real] | fraction].
Theorem relu_holds : sound (n := 1) Meaning.relu Rules.relu.
Proof. prove_relu Rules.relu. Qed.

(* A function of two pieces, away from where they meet. *)
Lemma is_derive_pieces (f g h : R -> R) (x l m : R) :
  (forall y, f y = if Rlt_dec 0 y then g y else h y) -> x <> 0 -> is_derive g x l -> is_derive h x m ->
  is_derive f x (if Rlt_dec 0 x then l else m).
Proof.
  intros F N G H. destruct (Rlt_dec 0 x).
  - apply (is_derive_above _ g x 0); auto. intros y P. rewrite F. destruct (Rlt_dec 0 y); lra.
  - apply (is_derive_below _ h x 0); auto; [lra|]. intros y P. rewrite F. destruct (Rlt_dec 0 y); lra.
Qed.
Ltac pieces g h := eapply is_derive_eq;
  [apply (is_derive_pieces _ g h); [reflexivity | real | auto_derive; auto; reflexivity ..] | fraction].
Ltac prove_leaky_relu r := unary r; unfold Meaning.leaky_relu; indices; try solve [real | fraction];
  match goal with s : R |- is_derive _ ?x _ => tryif constr_eq s x then fail else
    pieces (fun y : R => y) (fun y : R => s * y) end.
Theorem leaky_relu_holds : sound (n := 2) Meaning.leaky_relu Rules.leaky_relu.
Proof. prove_leaky_relu Rules.leaky_relu. Qed.

Ltac prove_elu r := unary r; unfold Meaning.elu; indices; try solve [real | fraction];
  match goal with s : R |- is_derive _ ?x _ => tryif constr_eq s x then fail else
    pieces (fun y : R => y) (fun y : R => s * (exp y - 1)) end.
Theorem elu_holds : sound (n := 2) Meaning.elu Rules.elu.
Proof. prove_elu Rules.elu. Qed.

(* With α = 1 the pieces meet smoothly. *)
Lemma is_derive_elu_1 (x : R) : is_derive (Meaning.elu 1) x (if Rlt_dec 0 x then 1 else exp x).
Proof.
  unfold Meaning.elu. destruct (Req_dec x 0) as [-> | N].
  - destruct (Rlt_dec 0 0); [lra|]. rewrite exp_0.
    apply (is_derive_glued _ (fun y => y) (fun y => exp y - 1)).
    + apply is_derive_id_R.
    + auto_derive; auto. rewrite exp_0. ring.
    + rewrite exp_0. ring.
    + intros y. destruct (Rlt_dec 0 y); lra.
  - eapply is_derive_eq. apply (is_derive_pieces _ (fun y => y) (fun y => 1 * (exp y - 1))); auto.
    + apply is_derive_id_R.
    + auto_derive; auto.
    + destruct (Rlt_dec 0 x); lra.
Qed.
Ltac prove_elu_alpha_1 r := unary r; indices; try solve [real | unfold Meaning.elu; fraction];
  by_lemma is_derive_elu_1.
Theorem elu_alpha_1_holds : sound (n := 2) Meaning.elu Rules.elu_alpha_1.
Proof. prove_elu_alpha_1 Rules.elu_alpha_1. Qed.

Ltac prove_sigmoid r := smooth Meaning.sigmoid r.
Theorem sigmoid_holds : sound (n := 1) Meaning.sigmoid Rules.sigmoid.
Proof. prove_sigmoid Rules.sigmoid. Qed.

Ltac prove_silu r := unary r; unfold Meaning.silu, Meaning.sigmoid; branches; try solve [real | fraction]; formula.
Theorem silu_holds : sound (n := 1) Meaning.silu Rules.silu.
Proof. prove_silu Rules.silu. Qed.

Lemma is_derive_softplus (x : R) : is_derive Meaning.softplus x (/ (1 + exp (- x))).
Proof.
  unfold Meaning.softplus. assert (P := exp_pos x). auto_derive; [lra|].
  rewrite exp_neg. field. lra.
Qed.
Ltac prove_softplus r := unary r; rewrite ?softplus_by_abs; indices;
  try solve [real | unfold Meaning.softplus; fraction]; by_lemma is_derive_softplus.
Theorem softplus_holds : sound (n := 1) Meaning.softplus Rules.softplus.
Proof. prove_softplus Rules.softplus. Qed.

Lemma is_derive_safe_log (e x : R) : 0 < e ->
  is_derive (Meaning.safe_log e) x (/ (1 + exp (- x)) / (ln (1 + exp x) + e)).
Proof.
  intros E. assert (P := softplus_pos x). unfold Meaning.safe_log.
  eapply is_derive_eq. apply (is_derive_comp_R ln (fun y => Meaning.softplus y + e)).
  - auto_derive; [|reflexivity]. unfold Meaning.softplus. lra.
  - eapply is_derive_eq. apply is_derive_plus_R. apply is_derive_softplus. apply is_derive_const_R. reflexivity.
  - unfold Meaning.softplus. fraction.
Qed.
Ltac prove_safe_log r := unary r; rewrite ?softplus_by_abs; indices;
  try solve [real | unfold Meaning.safe_log, Meaning.softplus; fraction]; by_lemma is_derive_safe_log.
Theorem safe_log_holds : sound (n := 2) Meaning.safe_log Rules.safe_log.
Proof. prove_safe_log Rules.safe_log. Qed.

Lemma is_derive_softsign (x : R) : is_derive Meaning.softsign x (/ (1 + Rabs x) * / (1 + Rabs x)).
Proof.
  unfold Meaning.softsign. destruct (Rtotal_order x 0) as [N | [-> | P]].
  - apply (is_derive_below _ (fun y => y / (1 - y)) x 0); auto.
    + intros y L. rewrite Rabs_left by auto. reflexivity.
    + rewrite Rabs_left by auto. auto_derive; [lra | field; lra].
  - apply (is_derive_glued _ (fun y => y / (1 + y)) (fun y => y / (1 - y))).
    + rewrite Rabs_R0. auto_derive; [lra | field].
    + rewrite Rabs_R0. auto_derive; [lra | field].
    + field.
    + intros y. destruct (Rlt_dec 0 y); [rewrite Rabs_pos_eq by lra; reflexivity|].
      replace (1 + Rabs y) with (1 - y); [reflexivity|].
      unfold Rabs. destruct (Rcase_abs y); lra.
  - apply (is_derive_above _ (fun y => y / (1 + y)) x 0); auto.
    + intros y L. rewrite Rabs_pos_eq by lra. reflexivity.
    + rewrite Rabs_pos_eq by lra. auto_derive; [lra | field; lra].
Qed.
Ltac prove_softsign r := unary r; indices; try solve [real | unfold Meaning.softsign; fraction];
  by_lemma is_derive_softsign.
Theorem softsign_holds : sound (n := 1) Meaning.softsign Rules.softsign.
Proof. prove_softsign Rules.softsign. Qed.

(* x Φ(x): Φ(x) + x φ(x). *)
Lemma is_derive_gelu (x : R) : is_derive Meaning.gelu x
  ((1 + erf (x / sqrt 2)) / 2 + x * (/ (sqrt 2 * sqrt PI) * exp (- (x / sqrt 2 * (x / sqrt 2))))).
Proof.
  assert (P := sqrt_PI_pos). assert (T := sqrt_2_pos).
  unfold Meaning.gelu. eapply is_derive_eq.
  apply (is_derive_mult_R (fun y => y) (fun y => (1 + erf (y / sqrt 2)) / 2)); [apply is_derive_id_R|].
  apply (is_derive_comp_R (fun u => (1 + erf u) / 2) (fun y => y / sqrt 2)).
  - apply (is_derive_comp_R (fun v => (1 + v) / 2) erf); [|apply is_derive_erf].
    auto_derive; auto.
  - auto_derive; [lra | reflexivity].
  - field. lra.
Qed.
(* The argument of erf is x/√2, however it is written. *)
Ltac scaled x := repeat match goal with |- context [erf ?u] =>
  tryif constr_eq u (x / sqrt 2) then fail else
  replace u with (x / sqrt 2) by (assert (T := sqrt_2_pos); field; lra) end.
Ltac prove_gelu r := unary r; constants; match goal with x : R |- _ => indices; scaled x;
  try solve [real | unfold Meaning.gelu; fraction]; by_lemma is_derive_gelu end.
Theorem gelu_holds : sound (n := 1) Meaning.gelu Rules.gelu.
Proof. prove_gelu Rules.gelu. Qed.

(* As a logistic function. *)
Lemma gelu_tanh_logistic (x : R) : Meaning.gelu_approximate_tanh x =
  x * / (1 + exp (- (2 * (sqrt 2 / sqrt PI * (x + 44715 / 1000000 * x ^ 3))))).
Proof.
  unfold Meaning.gelu_approximate_tanh. rewrite <- half_tanh, sqrt_two_over_PI. field.
Qed.
(* Exponentials of what is equal are written alike. *)
Ltac alike := repeat match goal with |- context [exp ?u] => match goal with |- context [exp ?v] =>
  tryif constr_eq u v then fail else replace (exp v) with (exp u) by (f_equal; field; real) end end.
Ltac prove_gelu_approximate_tanh r := unary r; constants; rewrite ?gelu_tanh_logistic; indices;
  try solve [real | alike; fraction];
  eapply is_derive_ext; [intros; symmetry; apply gelu_tanh_logistic |];
  auto_derive; [indices; real | cbn [pred INR]; alike; fraction].
Theorem gelu_approximate_tanh_holds : sound (n := 1) Meaning.gelu_approximate_tanh Rules.gelu_approximate_tanh.
Proof. prove_gelu_approximate_tanh Rules.gelu_approximate_tanh. Qed.

(* ---- functions that are constant but for jumps ---- *)
Lemma is_derive_ceil (x : R) : (forall n, x <> IZR n) -> is_derive ceil x 0.
Proof.
  intros N. unfold ceil. eapply is_derive_eq.
  apply (is_derive_comp_R (fun v => - v) (fun y => floor (- y))).
  - auto_derive; auto.
  - apply (is_derive_comp_R floor (fun y => - y)).
    + apply is_derive_floor. intros n E. apply (N (- n)%Z). rewrite opp_IZR. lra.
    + auto_derive; auto.
  - ring.
Qed.
Lemma is_derive_sign (x : R) : x <> 0 -> is_derive Meaning.sign x 0.
Proof.
  intros N. unfold Meaning.sign. destruct (Rlt_dec 0 x).
  - apply (is_derive_above _ (fun _ => 1) x 0); auto using is_derive_const_R.
    intros y P. destruct (Rlt_dec 0 y); lra.
  - apply (is_derive_below _ (fun _ => -1) x 0); [lra | | apply is_derive_const_R].
    intros y P. destruct (Rlt_dec 0 y), (Rlt_dec y 0); lra.
Qed.
(* Where there is no jump, as the guard says it. *)
Ltac off_lattice := let n := fresh "n" in let E := fresh "E" in
  intros n E; match goal with N : forall n : Z, _ <> IZR n |- _ => apply (N n); lra end.
Ltac prove_floor r := unary r; indices; try solve [real | reflexivity]; apply is_derive_floor; off_lattice.
Theorem floor_holds : flat (n := 1) Meaning.floor Rules.floor.
Proof. prove_floor Rules.floor. Qed.
Ltac prove_ceil r := unary r; indices; try solve [real | reflexivity]; apply is_derive_ceil; off_lattice.
Theorem ceil_holds : flat (n := 1) Meaning.ceil Rules.ceil.
Proof. prove_ceil Rules.ceil. Qed.
Ltac prove_round r := unary r; indices; try solve [real | reflexivity]; apply is_derive_round; off_lattice.
Theorem round_holds : flat (n := 1) Meaning.round Rules.round.
Proof. prove_round Rules.round. Qed.
Ltac prove_sign r := unary r; indices; try solve [unfold Meaning.sign; real]; apply is_derive_sign; real.
Theorem sign_holds : flat (n := 1) Meaning.sign Rules.sign.
Proof. prove_sign Rules.sign. Qed.
