(* Written from the op table by `cargo run -p lgc-ir --example proof-rules`; a test fails when this
   file is out of date. It looks up what is proved of each op; `open.txt` says of which nothing is. *)
From LGC Require Import Syntax Polynomial.
From LGC Require Meaning Rules Maps Pointwise Linear Extrema Reverse.

(* input: without derivative *)

(* full: without derivative *)

(* literal: without derivative *)

(* iota: without derivative *)

(* neg: theorem *)
Check (Pointwise.neg_holds : sound (n := 1) Meaning.neg Rules.neg).

(* abs: theorem *)
Check (Pointwise.abs_holds : sound (n := 1) Meaning.abs Rules.abs).

(* square: theorem *)
Check (Pointwise.square_holds : sound (n := 1) Meaning.square Rules.square).

(* scale: theorem *)
Check (Pointwise.scale_holds : sound (n := 2) Meaning.scale Rules.scale).

(* smooth_abs: theorem *)
Check (Pointwise.smooth_abs_holds : sound (n := 2) Meaning.smooth_abs Rules.smooth_abs).

(* clamp: theorem *)
Check (Pointwise.clamp_holds : sound (n := 3) Meaning.clamp Rules.clamp).

(* reciprocal: theorem *)
Check (Pointwise.reciprocal_holds : sound (n := 1) Meaning.reciprocal Rules.reciprocal).

(* sqrt: theorem *)
Check (Pointwise.sqrt_holds : sound (n := 1) Meaning.sqrt Rules.sqrt).

(* rsqrt: theorem *)
Check (Pointwise.rsqrt_holds : sound (n := 1) Meaning.rsqrt Rules.rsqrt).

(* power: theorem *)
Check (Pointwise.power_holds : sound (n := 2) Meaning.power Rules.power).
Check (Pointwise.power_exponent_0_holds : sound (n := 2) Meaning.power Rules.power_exponent_0).
Check (Pointwise.power_exponent_1_holds : sound (n := 2) Meaning.power Rules.power_exponent_1).
Check (Pointwise.power_exponent_2_holds : sound (n := 2) Meaning.power Rules.power_exponent_2).
Check (Pointwise.power_exponent_3_holds : sound (n := 2) Meaning.power Rules.power_exponent_3).
Check (Pointwise.power_exponent_4_holds : sound (n := 2) Meaning.power Rules.power_exponent_4).
Check (Pointwise.power_exponent_5_holds : sound (n := 2) Meaning.power Rules.power_exponent_5).
Check (Pointwise.power_exponent_6_holds : sound (n := 2) Meaning.power Rules.power_exponent_6).
Check (Pointwise.power_exponent_7_holds : sound (n := 2) Meaning.power Rules.power_exponent_7).
Check (Pointwise.power_exponent_8_holds : sound (n := 2) Meaning.power Rules.power_exponent_8).
Check (Pointwise.power_exponent_9_holds : sound (n := 2) Meaning.power Rules.power_exponent_9).
Check (Pointwise.power_exponent_10_holds : sound (n := 2) Meaning.power Rules.power_exponent_10).
Check (Pointwise.power_exponent_11_holds : sound (n := 2) Meaning.power Rules.power_exponent_11).
Check (Pointwise.power_exponent_12_holds : sound (n := 2) Meaning.power Rules.power_exponent_12).
Check (Pointwise.power_exponent_13_holds : sound (n := 2) Meaning.power Rules.power_exponent_13).
Check (Pointwise.power_exponent_14_holds : sound (n := 2) Meaning.power Rules.power_exponent_14).
Check (Pointwise.power_exponent_15_holds : sound (n := 2) Meaning.power Rules.power_exponent_15).
Check (Pointwise.power_exponent_16_holds : sound (n := 2) Meaning.power Rules.power_exponent_16).

(* add: theorem *)
Check (Pointwise.add_holds : sound (n := 2) Meaning.add Rules.add).

(* sub: theorem *)
Check (Pointwise.sub_holds : sound (n := 2) Meaning.sub Rules.sub).

(* subtract_no_nan: theorem *)
Check (Pointwise.subtract_no_nan_holds : sound (n := 2) Meaning.subtract_no_nan Rules.subtract_no_nan).

(* mul: theorem *)
Check (Pointwise.mul_holds : sound (n := 2) Meaning.mul Rules.mul).

(* multiply_no_nan: theorem *)
Check (Pointwise.multiply_no_nan_holds : sound (n := 2) Meaning.multiply_no_nan Rules.multiply_no_nan).

(* div: theorem *)
Check (Pointwise.div_holds : sound (n := 2) Meaning.div Rules.div).

(* max: theorem *)
Check (Pointwise.max_holds : sound (n := 2) Meaning.max Rules.max).

(* min: theorem *)
Check (Pointwise.min_holds : sound (n := 2) Meaning.min Rules.min).

(* pow: theorem *)
Check (Pointwise.pow_holds : sound (n := 2) Meaning.pow Rules.pow).

(* exp: theorem *)
Check (Pointwise.exp_holds : sound (n := 1) Meaning.exp Rules.exp).

(* expm1: theorem *)
Check (Pointwise.expm1_holds : sound (n := 1) Meaning.expm1 Rules.expm1).

(* log: theorem *)
Check (Pointwise.log_holds : sound (n := 1) Meaning.log Rules.log).

(* log1p: theorem *)
Check (Pointwise.log1p_holds : sound (n := 1) Meaning.log1p Rules.log1p).

(* sin: theorem *)
Check (Pointwise.sin_holds : sound (n := 1) Meaning.sin Rules.sin).

(* cos: theorem *)
Check (Pointwise.cos_holds : sound (n := 1) Meaning.cos Rules.cos).

(* sinh: theorem *)
Check (Pointwise.sinh_holds : sound (n := 1) Meaning.sinh Rules.sinh).

(* cosh: theorem *)
Check (Pointwise.cosh_holds : sound (n := 1) Meaning.cosh Rules.cosh).

(* tanh: theorem *)
Check (Pointwise.tanh_holds : sound (n := 1) Meaning.tanh Rules.tanh).

(* erf: theorem *)
Check (Pointwise.erf_holds : sound (n := 1) Meaning.erf Rules.erf).

(* safe_log: theorem *)
Check (Pointwise.safe_log_holds : sound (n := 2) Meaning.safe_log Rules.safe_log).

(* relu: theorem *)
Check (Pointwise.relu_holds : sound (n := 1) Meaning.relu Rules.relu).

(* leaky_relu: theorem *)
Check (Pointwise.leaky_relu_holds : sound (n := 2) Meaning.leaky_relu Rules.leaky_relu).

(* elu: theorem *)
Check (Pointwise.elu_holds : sound (n := 2) Meaning.elu Rules.elu).
Check (Pointwise.elu_alpha_1_holds : sound (n := 2) Meaning.elu Rules.elu_alpha_1).

(* sigmoid: theorem *)
Check (Pointwise.sigmoid_holds : sound (n := 1) Meaning.sigmoid Rules.sigmoid).

(* softplus: theorem *)
Check (Pointwise.softplus_holds : sound (n := 1) Meaning.softplus Rules.softplus).

(* silu: theorem *)
Check (Pointwise.silu_holds : sound (n := 1) Meaning.silu Rules.silu).

(* gelu: theorem *)
Check (Pointwise.gelu_holds : sound (n := 1) Meaning.gelu Rules.gelu).
Check (Pointwise.gelu_approximate_tanh_holds : sound (n := 1) Meaning.gelu_approximate_tanh Rules.gelu_approximate_tanh).

(* softsign: theorem *)
Check (Pointwise.softsign_holds : sound (n := 1) Meaning.softsign Rules.softsign).

(* floor: theorem *)
Check (Pointwise.floor_holds : flat (n := 1) Meaning.floor Rules.floor).

(* ceil: theorem *)
Check (Pointwise.ceil_holds : flat (n := 1) Meaning.ceil Rules.ceil).

(* round: theorem *)
Check (Pointwise.round_holds : flat (n := 1) Meaning.round Rules.round).

(* sign: theorem *)
Check (Pointwise.sign_holds : flat (n := 1) Meaning.sign Rules.sign).

(* stop_gradient: without derivative *)

(* rem: without derivative *)

(* bit_and: without derivative *)

(* bit_or: without derivative *)

(* bit_xor: without derivative *)

(* shift_left: without derivative *)

(* shift_right: without derivative *)

(* equal: without derivative *)

(* not_equal: without derivative *)

(* less: without derivative *)

(* less_equal: without derivative *)

(* greater: without derivative *)

(* greater_equal: without derivative *)

(* logical_and: without derivative *)

(* logical_or: without derivative *)

(* logical_xor: without derivative *)

(* logical_not: without derivative *)

(* select: theorem *)
Check Linear.select_adjoint.
Check (check_sound Maps.select_0 (eq_refl true <: check Maps.select_0 = true)).

(* cast: theorem *)
Check Linear.identity_adjoint.

(* broadcast_in_dim: theorem *)
Check Linear.scatter_inverse.
Check Linear.views_adjoint.
Check (check_sound Maps.broadcast_in_dim_0 (eq_refl true <: check Maps.broadcast_in_dim_0 = true)).
Check (check_sound Maps.broadcast_in_dim_1 (eq_refl true <: check Maps.broadcast_in_dim_1 = true)).

(* reshape: theorem *)
Check Linear.scatter_inverse.
Check Linear.views_adjoint.
Check (check_sound Maps.reshape_0 (eq_refl true <: check Maps.reshape_0 = true)).

(* transpose: theorem *)
Check Linear.scatter_inverse.
Check Linear.views_adjoint.
Check (check_sound Maps.transpose_0 (eq_refl true <: check Maps.transpose_0 = true)).
Check (check_sound Maps.transpose_1 (eq_refl true <: check Maps.transpose_1 = true)).

(* slice: theorem *)
Check Linear.scatter_inverse.
Check Linear.views_adjoint.
Check (check_sound Maps.slice_0 (eq_refl true <: check Maps.slice_0 = true)).

(* pad: theorem *)
Check Linear.scatter_inverse.
Check Linear.views_adjoint.
Check (check_sound Maps.pad_0 (eq_refl true <: check Maps.pad_0 = true)).
Check (check_sound Maps.pad_1 (eq_refl true <: check Maps.pad_1 = true)).

(* reverse: theorem *)
Check Linear.scatter_inverse.
Check Linear.views_adjoint.
Check (check_sound Maps.reverse_0 (eq_refl true <: check Maps.reverse_0 = true)).

(* concat: theorem *)
Check Linear.scatter_inverse.
Check Linear.views_adjoint.
Check (check_sound Maps.concat_0 (eq_refl true <: check Maps.concat_0 = true)).
Check (check_sound Maps.concat_1 (eq_refl true <: check Maps.concat_1 = true)).

(* window: theorem *)
Check Linear.scatter_inverse.
Check Linear.views_adjoint.
Check (check_sound Maps.window_0 (eq_refl true <: check Maps.window_0 = true)).
Check (check_sound Maps.window_1 (eq_refl true <: check Maps.window_1 = true)).
Check (check_sound Maps.window_2 (eq_refl true <: check Maps.window_2 = true)).
Check (check_sound Maps.window_3 (eq_refl true <: check Maps.window_3 = true)).

(* shear: theorem *)
Check Linear.scatter_inverse.
Check Linear.views_adjoint.
Check (check_sound Maps.shear_0 (eq_refl true <: check Maps.shear_0 = true)).
Check (check_sound Maps.shear_1 (eq_refl true <: check Maps.shear_1 = true)).
Check (check_sound Maps.shear_2 (eq_refl true <: check Maps.shear_2 = true)).

(* sum: theorem *)
Check Linear.scatter_gather_adjoint.
Check (check_sound Maps.sum_0 (eq_refl true <: check Maps.sum_0 = true)).
Check (check_sound Maps.sum_1 (eq_refl true <: check Maps.sum_1 = true)).
Check (check_sound Maps.sum_2 (eq_refl true <: check Maps.sum_2 = true)).

(* reduce_max: theorem *)
Check Extrema.max_derivative.

(* reduce_min: theorem *)
Check Extrema.min_derivative.

(* argmax: without derivative *)

(* argmin: without derivative *)

(* cumsum: theorem *)
Check Linear.prefix_adjoint.
Check (check_sound Maps.cumsum_0 (eq_refl true <: check Maps.cumsum_0 = true)).
Check (check_sound Maps.cumsum_1 (eq_refl true <: check Maps.cumsum_1 = true)).
Check (check_sound Maps.cumsum_2 (eq_refl true <: check Maps.cumsum_2 = true)).

(* cumprod: theorem *)
Check Linear.recurrence_adjoint.
Check (check_sound Maps.cumprod_0 (eq_refl true <: check Maps.cumprod_0 = true)).
Check (check_sound Maps.cumprod_1 (eq_refl true <: check Maps.cumprod_1 = true)).
Check (check_sound Maps.cumprod_2 (eq_refl true <: check Maps.cumprod_2 = true)).

(* cummax: theorem *)
Check Linear.recurrence_adjoint.

(* cummin: theorem *)
Check Linear.recurrence_adjoint.

(* linear_recurrence: theorem *)
Check Linear.recurrence_adjoint.
Check (check_sound Maps.linear_recurrence_0 (eq_refl true <: check Maps.linear_recurrence_0 = true)).
Check (check_sound Maps.linear_recurrence_1 (eq_refl true <: check Maps.linear_recurrence_1 = true)).
Check (check_sound Maps.linear_recurrence_2 (eq_refl true <: check Maps.linear_recurrence_2 = true)).

(* cumlogsumexp: theorem *)
Check Reverse.reverse_mode_sound.

(* argsort: without derivative *)

(* dot_general: theorem *)
Check Linear.einsum_adjoint_l.
Check Linear.einsum_adjoint_r.
Check (check_sound Maps.dot_general_0 (eq_refl true <: check Maps.dot_general_0 = true)).
Check (check_sound Maps.dot_general_1 (eq_refl true <: check Maps.dot_general_1 = true)).
Check (check_sound Maps.dot_general_2 (eq_refl true <: check Maps.dot_general_2 = true)).

(* gather: theorem *)
Check Linear.gather_scatter_adjoint.
Check (check_sound Maps.gather_0 (eq_refl true <: check Maps.gather_0 = true)).
Check (check_sound Maps.gather_2 (eq_refl true <: check Maps.gather_2 = true)).
Check (check_sound Maps.gather_3 (eq_refl true <: check Maps.gather_3 = true)).

(* scatter_add: theorem *)
Check Linear.scatter_add_adjoint.
Check (check_sound Maps.scatter_add_0 (eq_refl true <: check Maps.scatter_add_0 = true)).
Check (check_sound Maps.scatter_add_1 (eq_refl true <: check Maps.scatter_add_1 = true)).
Check (check_sound Maps.scatter_add_2 (eq_refl true <: check Maps.scatter_add_2 = true)).

(* mean: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.mean_0 (eq_refl true <: check Maps.mean_0 = true)).
Check (check_sound Maps.mean_1 (eq_refl true <: check Maps.mean_1 = true)).

(* reduce_prod: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.reduce_prod_0 (eq_refl true <: check Maps.reduce_prod_0 = true)).
Check (check_sound Maps.reduce_prod_1 (eq_refl true <: check Maps.reduce_prod_1 = true)).
Check (check_sound Maps.reduce_prod_2 (eq_refl true <: check Maps.reduce_prod_2 = true)).
Check (check_sound Maps.reduce_prod_3 (eq_refl true <: check Maps.reduce_prod_3 = true)).

(* softmax: open *)

(* masked_softmax: open *)

(* log_softmax: open *)

(* logsumexp: theorem *)
Check Reverse.reverse_mode_sound.

(* one_hot: theorem *)
Check Reverse.reverse_mode_sound.

(* layer_norm: open *)

(* rms_norm: open *)

(* group_norm: open *)

(* instance_norm: open *)

(* batch_norm_training: open *)

(* batch_norm_inference: theorem *)
Check Reverse.reverse_mode_sound.

(* scaled_dot_product_attention: theorem *)
Check Reverse.reverse_mode_sound.

(* rotary_embedding: theorem *)
Check Reverse.reverse_mode_sound.

(* mse: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.mse_0 (eq_refl true <: check Maps.mse_0 = true)).

(* mae: theorem *)
Check Reverse.reverse_mode_sound.

(* huber: open *)

(* hinge: theorem *)
Check Reverse.reverse_mode_sound.

(* bce_with_logits: theorem *)
Check Reverse.reverse_mode_sound.

(* cross_entropy: theorem *)
Check Reverse.reverse_mode_sound.

(* nll: theorem *)
Check Reverse.reverse_mode_sound.

(* kl_div: theorem *)
Check Reverse.reverse_mode_sound.

(* conv: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.conv_0 (eq_refl true <: check Maps.conv_0 = true)).
Check (check_sound Maps.conv_2 (eq_refl true <: check Maps.conv_2 = true)).
Check (check_sound Maps.conv_3 (eq_refl true <: check Maps.conv_3 = true)).
Check (check_sound Maps.conv_6 (eq_refl true <: check Maps.conv_6 = true)).
Check (check_sound Maps.conv_7 (eq_refl true <: check Maps.conv_7 = true)).
Check (check_sound Maps.conv_8 (eq_refl true <: check Maps.conv_8 = true)).

(* conv_transpose: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.conv_transpose_0 (eq_refl true <: check Maps.conv_transpose_0 = true)).
Check (check_sound Maps.conv_transpose_2 (eq_refl true <: check Maps.conv_transpose_2 = true)).
Check (check_sound Maps.conv_transpose_3 (eq_refl true <: check Maps.conv_transpose_3 = true)).

(* max_pool: theorem *)
Check Reverse.reverse_mode_sound.

(* avg_pool: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.avg_pool_0 (eq_refl true <: check Maps.avg_pool_0 = true)).
Check (check_sound Maps.avg_pool_2 (eq_refl true <: check Maps.avg_pool_2 = true)).
Check (check_sound Maps.avg_pool_3 (eq_refl true <: check Maps.avg_pool_3 = true)).
Check (check_sound Maps.avg_pool_4 (eq_refl true <: check Maps.avg_pool_4 = true)).

(* smooth_max_pool: theorem *)
Check Reverse.reverse_mode_sound.

(* sgd: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.sgd_0 (eq_refl true <: check Maps.sgd_0 = true)).

(* momentum: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.momentum_0 (eq_refl true <: check Maps.momentum_0 = true)).

(* adam: theorem *)
Check Reverse.reverse_mode_sound.

(* adamw: theorem *)
Check Reverse.reverse_mode_sound.

(* take_along_axis: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.take_along_axis_0 (eq_refl true <: check Maps.take_along_axis_0 = true)).
Check (check_sound Maps.take_along_axis_1 (eq_refl true <: check Maps.take_along_axis_1 = true)).
Check (check_sound Maps.take_along_axis_2 (eq_refl true <: check Maps.take_along_axis_2 = true)).

(* scatter_elements_add: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.scatter_elements_add_0 (eq_refl true <: check Maps.scatter_elements_add_0 = true)).
Check (check_sound Maps.scatter_elements_add_1 (eq_refl true <: check Maps.scatter_elements_add_1 = true)).

(* gather_nd: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.gather_nd_0 (eq_refl true <: check Maps.gather_nd_0 = true)).
Check (check_sound Maps.gather_nd_1 (eq_refl true <: check Maps.gather_nd_1 = true)).
Check (check_sound Maps.gather_nd_2 (eq_refl true <: check Maps.gather_nd_2 = true)).

(* scatter_nd_add: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.scatter_nd_add_0 (eq_refl true <: check Maps.scatter_nd_add_0 = true)).
Check (check_sound Maps.scatter_nd_add_1 (eq_refl true <: check Maps.scatter_nd_add_1 = true)).

(* dynamic_slice: theorem *)
Check (check_sound Maps.dynamic_slice_0 (eq_refl true <: check Maps.dynamic_slice_0 = true)).
Check (check_sound Maps.dynamic_slice_1 (eq_refl true <: check Maps.dynamic_slice_1 = true)).
Check (check_sound Maps.dynamic_slice_2 (eq_refl true <: check Maps.dynamic_slice_2 = true)).

(* dynamic_update_slice: theorem *)
Check (check_sound Maps.dynamic_update_slice_0 (eq_refl true <: check Maps.dynamic_update_slice_0 = true)).
Check (check_sound Maps.dynamic_update_slice_1 (eq_refl true <: check Maps.dynamic_update_slice_1 = true)).
Check (check_sound Maps.dynamic_update_slice_2 (eq_refl true <: check Maps.dynamic_update_slice_2 = true)).

(* sort: theorem *)
Check Reverse.reverse_mode_sound.

(* top_k: theorem *)
Check Reverse.reverse_mode_sound.

(* threefry2x32: theorem *)
Check Reverse.reverse_mode_sound.

(* rng_fold_in: theorem *)
Check Reverse.reverse_mode_sound.

(* rng_bits: theorem *)
Check Reverse.reverse_mode_sound.

(* rng_uniform: theorem *)
Check Reverse.reverse_mode_sound.

(* rng_normal: theorem *)
Check Reverse.reverse_mode_sound.

(* rng_bernoulli: theorem *)
Check Reverse.reverse_mode_sound.

(* rng_categorical: theorem *)
Check Reverse.reverse_mode_sound.

(* fixed_mask_scale: theorem *)
Check Reverse.reverse_mode_sound.

(* dropout: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.dropout_1 (eq_refl true <: check Maps.dropout_1 = true)).

(* complex_mul: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.complex_mul_0 (eq_refl true <: check Maps.complex_mul_0 = true)).

(* fft: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.fft_0 (eq_refl true <: check Maps.fft_0 = true)).
Check (check_sound Maps.fft_1 (eq_refl true <: check Maps.fft_1 = true)).

(* ifft: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.ifft_0 (eq_refl true <: check Maps.ifft_0 = true)).

(* rfft: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.rfft_1 (eq_refl true <: check Maps.rfft_1 = true)).
Check (check_sound Maps.rfft_3 (eq_refl true <: check Maps.rfft_3 = true)).
Check (check_sound Maps.rfft_4 (eq_refl true <: check Maps.rfft_4 = true)).

(* irfft: theorem *)
Check Reverse.reverse_mode_sound.
Check (check_sound Maps.irfft_1 (eq_refl true <: check Maps.irfft_1 = true)).
Check (check_sound Maps.irfft_3 (eq_refl true <: check Maps.irfft_3 = true)).
Check (check_sound Maps.irfft_4 (eq_refl true <: check Maps.irfft_4 = true)).

(* spectral_conv1d: theorem *)
Check Reverse.reverse_mode_sound.

(* spectral_conv2d: theorem *)
Check Reverse.reverse_mode_sound.

(* barrier: theorem *)
Check Linear.identity_adjoint.
Check (check_sound Maps.barrier_0 (eq_refl true <: check Maps.barrier_0 = true)).

(* call: open *)

(* scan: theorem *)
Check Reverse.scan_sound.
Check (check_sound Maps.scan_0 (eq_refl true <: check Maps.scan_0 = true)).
Check (check_sound Maps.scan_2 (eq_refl true <: check Maps.scan_2 = true)).
Check (check_sound Maps.scan_3 (eq_refl true <: check Maps.scan_3 = true)).
Check (check_sound Maps.scan_4 (eq_refl true <: check Maps.scan_4 = true)).
Check (check_sound Maps.scan_5 (eq_refl true <: check Maps.scan_5 = true)).

(* cond: theorem *)
Check Reverse.cond_sound.
