(* Written from the op table by `cargo run -p lgc-ir --example proof-rules`; a test fails when this
   file is out of date. *)
From Coq Require Import ZArith List.
From LGC Require Import Syntax Polynomial.
Import ListNotations.
Open Scope Z_scope.

(* (c: bool[3], x: f32[3], y: f32[3]) -> select(c, x, y) *)
Definition select_0 : map := {|
  active := [3; 4; 5; 6; 7; 8]%nat;
  cotangents := 9;
  forward := [(If (Cmp Gt (In 0) (Int (0))) (In 3) (In 6));
    (If (Cmp Gt (In 1) (Int (0))) (In 4) (In 7));
    (If (Cmp Gt (In 2) (Int (0))) (In 5) (In 8))];
  backward := [(If (Cmp Gt (In 0) (Int (0))) (In 9) (Int (0)));
    (If (Cmp Gt (In 1) (Int (0))) (In 10) (Int (0)));
    (If (Cmp Gt (In 2) (Int (0))) (In 11) (Int (0)));
    (If (Cmp Gt (In 0) (Int (0))) (Int (0)) (In 9));
    (If (Cmp Gt (In 1) (Int (0))) (Int (0)) (In 10));
    (If (Cmp Gt (In 2) (Int (0))) (Int (0)) (In 11))] |}.

(* (x: f32[3]) -> broadcast_in_dim(x, shape = [2, 3], axes = [1]) *)
Definition broadcast_in_dim_0 : map := {|
  active := [0; 1; 2]%nat;
  cotangents := 3;
  forward := [(In 0);
    (In 1);
    (In 2);
    (In 0);
    (In 1);
    (In 2)];
  backward := [(Bin Add (In 3) (In 6));
    (Bin Add (In 4) (In 7));
    (Bin Add (In 5) (In 8))] |}.

(* (x: f32[2, 1]) -> broadcast_in_dim(x, shape = [2, 3], axes = [0, 1]) *)
Definition broadcast_in_dim_1 : map := {|
  active := [0; 1]%nat;
  cotangents := 2;
  forward := [(In 0);
    (In 0);
    (In 0);
    (In 1);
    (In 1);
    (In 1)];
  backward := [(Bin Add (Bin Add (In 2) (In 3)) (In 4));
    (Bin Add (Bin Add (In 5) (In 6)) (In 7))] |}.

(* (x: f32[2, 6]) -> reshape(x, shape = [3, 4]) *)
Definition reshape_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(In 0);
    (In 1);
    (In 2);
    (In 3);
    (In 4);
    (In 5);
    (In 6);
    (In 7);
    (In 8);
    (In 9);
    (In 10);
    (In 11)];
  backward := [(In 12);
    (In 13);
    (In 14);
    (In 15);
    (In 16);
    (In 17);
    (In 18);
    (In 19);
    (In 20);
    (In 21);
    (In 22);
    (In 23)] |}.

(* (x: f32[2, 3]) -> transpose(x, permutation = [1, 0]) *)
Definition transpose_0 : map := {|
  active := [0; 1; 2; 3; 4; 5]%nat;
  cotangents := 6;
  forward := [(In 0);
    (In 3);
    (In 1);
    (In 4);
    (In 2);
    (In 5)];
  backward := [(In 6);
    (In 8);
    (In 10);
    (In 7);
    (In 9);
    (In 11)] |}.

(* (x: f32[2, 3, 4]) -> transpose(x, permutation = [2, 0, 1]) *)
Definition transpose_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23]%nat;
  cotangents := 24;
  forward := [(In 0);
    (In 4);
    (In 8);
    (In 12);
    (In 16);
    (In 20);
    (In 1);
    (In 5);
    (In 9);
    (In 13);
    (In 17);
    (In 21);
    (In 2);
    (In 6);
    (In 10);
    (In 14);
    (In 18);
    (In 22);
    (In 3);
    (In 7);
    (In 11);
    (In 15);
    (In 19);
    (In 23)];
  backward := [(In 24);
    (In 30);
    (In 36);
    (In 42);
    (In 25);
    (In 31);
    (In 37);
    (In 43);
    (In 26);
    (In 32);
    (In 38);
    (In 44);
    (In 27);
    (In 33);
    (In 39);
    (In 45);
    (In 28);
    (In 34);
    (In 40);
    (In 46);
    (In 29);
    (In 35);
    (In 41);
    (In 47)] |}.

(* (x: f32[4, 5]) -> slice(x, start = [1, 0], limit = [3, 5], step = [1, 2]) *)
Definition slice_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19]%nat;
  cotangents := 20;
  forward := [(In 5);
    (In 7);
    (In 9);
    (In 10);
    (In 12);
    (In 14)];
  backward := [(Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (In 20);
    (Int (0));
    (In 21);
    (Int (0));
    (In 22);
    (In 23);
    (Int (0));
    (In 24);
    (Int (0));
    (In 25);
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0))] |}.

(* (x: f32[2, 3]) -> pad(x, low = [1, 0], high = [0, 2], interior = [0, 1]) *)
Definition pad_0 : map := {|
  active := [0; 1; 2; 3; 4; 5]%nat;
  cotangents := 6;
  forward := [(Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (In 0);
    (Int (0));
    (In 1);
    (Int (0));
    (In 2);
    (Int (0));
    (Int (0));
    (In 3);
    (Int (0));
    (In 4);
    (Int (0));
    (In 5);
    (Int (0));
    (Int (0))];
  backward := [(In 13);
    (In 15);
    (In 17);
    (In 20);
    (In 22);
    (In 24)] |}.

(* (x: f32[4]) -> pad(x, low = [-1], high = [2], value = 0.5) *)
Definition pad_1 : map := {|
  active := [0; 1; 2; 3]%nat;
  cotangents := 4;
  forward := [(In 1);
    (In 2);
    (In 3);
    (Ratio (1) (2));
    (Ratio (1) (2))];
  backward := [(Int (0));
    (In 4);
    (In 5);
    (In 6)] |}.

(* (x: f32[2, 3]) -> reverse(x, axes = [1]) *)
Definition reverse_0 : map := {|
  active := [0; 1; 2; 3; 4; 5]%nat;
  cotangents := 6;
  forward := [(In 2);
    (In 1);
    (In 0);
    (In 5);
    (In 4);
    (In 3)];
  backward := [(In 8);
    (In 7);
    (In 6);
    (In 11);
    (In 10);
    (In 9)] |}.

(* (x: f32[2, 3], y: f32[1, 3]) -> concat(x, y) *)
Definition concat_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8]%nat;
  cotangents := 9;
  forward := [(In 0);
    (In 1);
    (In 2);
    (In 3);
    (In 4);
    (In 5);
    (In 6);
    (In 7);
    (In 8)];
  backward := [(In 9);
    (In 10);
    (In 11);
    (In 12);
    (In 13);
    (In 14);
    (In 15);
    (In 16);
    (In 17)] |}.

(* (x: f32[2, 1], y: f32[2, 3], z: f32[2, 1]) -> concat(x, y, z, axis = 1) *)
Definition concat_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9]%nat;
  cotangents := 10;
  forward := [(In 0);
    (In 2);
    (In 3);
    (In 4);
    (In 8);
    (In 1);
    (In 5);
    (In 6);
    (In 7);
    (In 9)];
  backward := [(In 10);
    (In 15);
    (In 11);
    (In 12);
    (In 13);
    (In 16);
    (In 17);
    (In 18);
    (In 14);
    (In 19)] |}.

(* (x: f32[7]) -> window(x, axes = [0], size = [3]) *)
Definition window_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6]%nat;
  cotangents := 7;
  forward := [(In 0);
    (In 1);
    (In 2);
    (In 1);
    (In 2);
    (In 3);
    (In 2);
    (In 3);
    (In 4);
    (In 3);
    (In 4);
    (In 5);
    (In 4);
    (In 5);
    (In 6)];
  backward := [(Bin Add (Bin Add (In 7) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (In 10) (In 8)) (Int (0)));
    (Bin Add (Bin Add (In 13) (In 11)) (In 9));
    (Bin Add (Bin Add (In 16) (In 14)) (In 12));
    (Bin Add (Bin Add (In 19) (In 17)) (In 15));
    (Bin Add (Bin Add (Int (0)) (In 20)) (In 18));
    (Bin Add (Bin Add (Int (0)) (Int (0))) (In 21))] |}.

(* (x: f32[2, 5, 6]) -> window(x, axes = [1, 2], size = [2, 3], stride = [1, 2], padding = [0, 1, 1, 0]) *)
Definition window_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23; 24; 25; 26; 27; 28; 29; 30; 31; 32; 33; 34; 35; 36; 37; 38; 39; 40; 41; 42; 43; 44; 45; 46; 47; 48; 49; 50; 51; 52; 53; 54; 55; 56; 57; 58; 59]%nat;
  cotangents := 60;
  forward := [(Int (0));
    (In 0);
    (In 1);
    (Int (0));
    (In 6);
    (In 7);
    (In 1);
    (In 2);
    (In 3);
    (In 7);
    (In 8);
    (In 9);
    (In 3);
    (In 4);
    (In 5);
    (In 9);
    (In 10);
    (In 11);
    (Int (0));
    (In 6);
    (In 7);
    (Int (0));
    (In 12);
    (In 13);
    (In 7);
    (In 8);
    (In 9);
    (In 13);
    (In 14);
    (In 15);
    (In 9);
    (In 10);
    (In 11);
    (In 15);
    (In 16);
    (In 17);
    (Int (0));
    (In 12);
    (In 13);
    (Int (0));
    (In 18);
    (In 19);
    (In 13);
    (In 14);
    (In 15);
    (In 19);
    (In 20);
    (In 21);
    (In 15);
    (In 16);
    (In 17);
    (In 21);
    (In 22);
    (In 23);
    (Int (0));
    (In 18);
    (In 19);
    (Int (0));
    (In 24);
    (In 25);
    (In 19);
    (In 20);
    (In 21);
    (In 25);
    (In 26);
    (In 27);
    (In 21);
    (In 22);
    (In 23);
    (In 27);
    (In 28);
    (In 29);
    (Int (0));
    (In 24);
    (In 25);
    (Int (0));
    (Int (0));
    (Int (0));
    (In 25);
    (In 26);
    (In 27);
    (Int (0));
    (Int (0));
    (Int (0));
    (In 27);
    (In 28);
    (In 29);
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (In 30);
    (In 31);
    (Int (0));
    (In 36);
    (In 37);
    (In 31);
    (In 32);
    (In 33);
    (In 37);
    (In 38);
    (In 39);
    (In 33);
    (In 34);
    (In 35);
    (In 39);
    (In 40);
    (In 41);
    (Int (0));
    (In 36);
    (In 37);
    (Int (0));
    (In 42);
    (In 43);
    (In 37);
    (In 38);
    (In 39);
    (In 43);
    (In 44);
    (In 45);
    (In 39);
    (In 40);
    (In 41);
    (In 45);
    (In 46);
    (In 47);
    (Int (0));
    (In 42);
    (In 43);
    (Int (0));
    (In 48);
    (In 49);
    (In 43);
    (In 44);
    (In 45);
    (In 49);
    (In 50);
    (In 51);
    (In 45);
    (In 46);
    (In 47);
    (In 51);
    (In 52);
    (In 53);
    (Int (0));
    (In 48);
    (In 49);
    (Int (0));
    (In 54);
    (In 55);
    (In 49);
    (In 50);
    (In 51);
    (In 55);
    (In 56);
    (In 57);
    (In 51);
    (In 52);
    (In 53);
    (In 57);
    (In 58);
    (In 59);
    (Int (0));
    (In 54);
    (In 55);
    (Int (0));
    (Int (0));
    (Int (0));
    (In 55);
    (In 56);
    (In 57);
    (Int (0));
    (Int (0));
    (Int (0));
    (In 57);
    (In 58);
    (In 59);
    (Int (0));
    (Int (0));
    (Int (0))];
  backward := [(Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 61)) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 66) (Int (0))) (In 62)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 67)) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 72) (Int (0))) (In 68)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 73)) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (In 74)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 79)) (Int (0))) (Int (0))) (In 64)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 84) (Int (0))) (In 80)) (In 69)) (Int (0))) (In 65));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 85)) (Int (0))) (Int (0))) (In 70)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 90) (Int (0))) (In 86)) (In 75)) (Int (0))) (In 71));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 91)) (Int (0))) (Int (0))) (In 76)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (In 92)) (Int (0))) (Int (0))) (In 77));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 97)) (Int (0))) (Int (0))) (In 82)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 102) (Int (0))) (In 98)) (In 87)) (Int (0))) (In 83));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 103)) (Int (0))) (Int (0))) (In 88)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 108) (Int (0))) (In 104)) (In 93)) (Int (0))) (In 89));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 109)) (Int (0))) (Int (0))) (In 94)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (In 110)) (Int (0))) (Int (0))) (In 95));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 115)) (Int (0))) (Int (0))) (In 100)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 120) (Int (0))) (In 116)) (In 105)) (Int (0))) (In 101));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 121)) (Int (0))) (Int (0))) (In 106)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 126) (Int (0))) (In 122)) (In 111)) (Int (0))) (In 107));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 127)) (Int (0))) (Int (0))) (In 112)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (In 128)) (Int (0))) (Int (0))) (In 113));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 133)) (Int (0))) (Int (0))) (In 118)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 138) (Int (0))) (In 134)) (In 123)) (Int (0))) (In 119));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 139)) (Int (0))) (Int (0))) (In 124)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 144) (Int (0))) (In 140)) (In 129)) (Int (0))) (In 125));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 145)) (Int (0))) (Int (0))) (In 130)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (In 146)) (Int (0))) (Int (0))) (In 131));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 151)) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 156) (Int (0))) (In 152)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 157)) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 162) (Int (0))) (In 158)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 163)) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (In 164)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 169)) (Int (0))) (Int (0))) (In 154)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 174) (Int (0))) (In 170)) (In 159)) (Int (0))) (In 155));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 175)) (Int (0))) (Int (0))) (In 160)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 180) (Int (0))) (In 176)) (In 165)) (Int (0))) (In 161));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 181)) (Int (0))) (Int (0))) (In 166)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (In 182)) (Int (0))) (Int (0))) (In 167));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 187)) (Int (0))) (Int (0))) (In 172)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 192) (Int (0))) (In 188)) (In 177)) (Int (0))) (In 173));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 193)) (Int (0))) (Int (0))) (In 178)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 198) (Int (0))) (In 194)) (In 183)) (Int (0))) (In 179));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 199)) (Int (0))) (Int (0))) (In 184)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (In 200)) (Int (0))) (Int (0))) (In 185));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 205)) (Int (0))) (Int (0))) (In 190)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 210) (Int (0))) (In 206)) (In 195)) (Int (0))) (In 191));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 211)) (Int (0))) (Int (0))) (In 196)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 216) (Int (0))) (In 212)) (In 201)) (Int (0))) (In 197));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 217)) (Int (0))) (Int (0))) (In 202)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (In 218)) (Int (0))) (Int (0))) (In 203));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 223)) (Int (0))) (Int (0))) (In 208)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 228) (Int (0))) (In 224)) (In 213)) (Int (0))) (In 209));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 229)) (Int (0))) (Int (0))) (In 214)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 234) (Int (0))) (In 230)) (In 219)) (Int (0))) (In 215));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 235)) (Int (0))) (Int (0))) (In 220)) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (In 236)) (Int (0))) (Int (0))) (In 221))] |}.

(* (x: f64[2, 4]) -> window(x, axes = [-1], size = 2, stride = 3, dilation = 2, padding = 1, value = -1.5) *)
Definition window_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7]%nat;
  cotangents := 8;
  forward := [(Ratio (-3) (2));
    (In 1);
    (In 2);
    (Ratio (-3) (2));
    (Ratio (-3) (2));
    (In 5);
    (In 6);
    (Ratio (-3) (2))];
  backward := [(Bin Add (Int (0)) (Int (0)));
    (Bin Add (Int (0)) (In 9));
    (Bin Add (In 10) (Int (0)));
    (Bin Add (Int (0)) (Int (0)));
    (Bin Add (Int (0)) (Int (0)));
    (Bin Add (Int (0)) (In 13));
    (Bin Add (In 14) (Int (0)));
    (Bin Add (Int (0)) (Int (0)))] |}.

(* (x: f32[2, 2]) -> window(x, axes = [1, 0], size = [3, 1], padding = [2, 0]) *)
Definition window_3 : map := {|
  active := [0; 1; 2; 3]%nat;
  cotangents := 4;
  forward := [(Int (0));
    (Int (0));
    (In 0);
    (Int (0));
    (In 0);
    (In 1);
    (In 0);
    (In 1);
    (Int (0));
    (In 1);
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (In 2);
    (Int (0));
    (In 2);
    (In 3);
    (In 2);
    (In 3);
    (Int (0));
    (In 3);
    (Int (0));
    (Int (0))];
  backward := [(Bin Add (Bin Add (In 10) (In 8)) (In 6));
    (Bin Add (Bin Add (In 13) (In 11)) (In 9));
    (Bin Add (Bin Add (In 22) (In 20)) (In 18));
    (Bin Add (Bin Add (In 25) (In 23)) (In 21))] |}.

(* (x: f32[3, 4]) -> shear(x, axes = [1], along = [0], extent = [5], stride = [1], dilation = [-1], low = [-1], base = [1]) *)
Definition shear_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(In 1);
    (In 2);
    (In 3);
    (Int (0));
    (Int (0));
    (In 4);
    (In 5);
    (In 6);
    (In 7);
    (Int (0));
    (Int (0));
    (In 8);
    (In 9);
    (In 10);
    (In 11)];
  backward := [(Int (0));
    (In 12);
    (In 13);
    (In 14);
    (In 17);
    (In 18);
    (In 19);
    (In 20);
    (In 23);
    (In 24);
    (In 25);
    (In 26)] |}.

(* (x: f32[2, 3, 2]) -> shear(x, axes = [1], along = [2], extent = [6], stride = [1], dilation = [-2], low = [1], base = [2]) *)
Definition shear_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(Int (0));
    (Int (0));
    (In 0);
    (Int (0));
    (Int (0));
    (Int (0));
    (In 2);
    (In 1);
    (Int (0));
    (Int (0));
    (In 4);
    (In 3);
    (Int (0));
    (Int (0));
    (In 6);
    (Int (0));
    (Int (0));
    (Int (0));
    (In 8);
    (In 7);
    (Int (0));
    (Int (0));
    (In 10);
    (In 9)];
  backward := [(In 14);
    (In 19);
    (In 18);
    (In 23);
    (In 22);
    (Int (0));
    (In 26);
    (In 31);
    (In 30);
    (In 35);
    (In 34);
    (Int (0))] |}.

(* (x: f64[5, 4, 2, 3]) -> shear(x, axes = [0, 1], along = [3, 2], extent = [2, 3], stride = [2, 1], dilation = [1, 1], low = [0, 1], base = [1, 3]) *)
Definition shear_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23; 24; 25; 26; 27; 28; 29; 30; 31; 32; 33; 34; 35; 36; 37; 38; 39; 40; 41; 42; 43; 44; 45; 46; 47; 48; 49; 50; 51; 52; 53; 54; 55; 56; 57; 58; 59; 60; 61; 62; 63; 64; 65; 66; 67; 68; 69; 70; 71; 72; 73; 74; 75; 76; 77; 78; 79; 80; 81; 82; 83; 84; 85; 86; 87; 88; 89; 90; 91; 92; 93; 94; 95; 96; 97; 98; 99; 100; 101; 102; 103; 104; 105; 106; 107; 108; 109; 110; 111; 112; 113; 114; 115; 116; 117; 118; 119]%nat;
  cotangents := 120;
  forward := [(Int (0));
    (Int (0));
    (Int (0));
    (In 3);
    (In 28);
    (In 53);
    (In 0);
    (In 25);
    (In 50);
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (In 51);
    (In 76);
    (In 101);
    (In 48);
    (In 73);
    (In 98);
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0))];
  backward := [(In 126);
    (Int (0));
    (Int (0));
    (In 123);
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (In 127);
    (Int (0));
    (Int (0));
    (In 124);
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (In 144);
    (Int (0));
    (In 128);
    (In 141);
    (Int (0));
    (In 125);
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (In 145);
    (Int (0));
    (Int (0));
    (In 142);
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (In 146);
    (Int (0));
    (Int (0));
    (In 143);
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0))] |}.

(* (x: f32[2, 3]) -> sum(x, axes = [1]) *)
Definition sum_0 : map := {|
  active := [0; 1; 2; 3; 4; 5]%nat;
  cotangents := 6;
  forward := [(Bin Add (Bin Add (In 0) (In 1)) (In 2));
    (Bin Add (Bin Add (In 3) (In 4)) (In 5))];
  backward := [(In 6);
    (In 6);
    (In 6);
    (In 7);
    (In 7);
    (In 7)] |}.

(* (x: f32[2, 3]) -> sum(x, axes = [0], keepdims = true) *)
Definition sum_1 : map := {|
  active := [0; 1; 2; 3; 4; 5]%nat;
  cotangents := 6;
  forward := [(Bin Add (In 0) (In 3));
    (Bin Add (In 1) (In 4));
    (Bin Add (In 2) (In 5))];
  backward := [(In 6);
    (In 7);
    (In 8);
    (In 6);
    (In 7);
    (In 8)] |}.

(* (x: bf16[3, 5]) -> sum(x) *)
Definition sum_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14]%nat;
  cotangents := 15;
  forward := [(Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 0) (In 1)) (In 2)) (In 3)) (In 4)) (In 5)) (In 6)) (In 7)) (In 8)) (In 9)) (In 10)) (In 11)) (In 12)) (In 13)) (In 14))];
  backward := [(In 15);
    (In 15);
    (In 15);
    (In 15);
    (In 15);
    (In 15);
    (In 15);
    (In 15);
    (In 15);
    (In 15);
    (In 15);
    (In 15);
    (In 15);
    (In 15);
    (In 15)] |}.

(* (x: f32[2, 5]) -> cumsum(x) *)
Definition cumsum_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9]%nat;
  cotangents := 10;
  forward := [(Bin Add (Int (0)) (In 0));
    (Bin Add (Bin Add (Int (0)) (In 0)) (In 1));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 0)) (In 1)) (In 2));
    (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 0)) (In 1)) (In 2)) (In 3));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 0)) (In 1)) (In 2)) (In 3)) (In 4));
    (Bin Add (Int (0)) (In 5));
    (Bin Add (Bin Add (Int (0)) (In 5)) (In 6));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 5)) (In 6)) (In 7));
    (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 5)) (In 6)) (In 7)) (In 8));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 5)) (In 6)) (In 7)) (In 8)) (In 9))];
  backward := [(Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 14)) (In 13)) (In 12)) (In 11)) (In 10));
    (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 14)) (In 13)) (In 12)) (In 11));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 14)) (In 13)) (In 12));
    (Bin Add (Bin Add (Int (0)) (In 14)) (In 13));
    (Bin Add (Int (0)) (In 14));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 19)) (In 18)) (In 17)) (In 16)) (In 15));
    (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 19)) (In 18)) (In 17)) (In 16));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 19)) (In 18)) (In 17));
    (Bin Add (Bin Add (Int (0)) (In 19)) (In 18));
    (Bin Add (Int (0)) (In 19))] |}.

(* (x: f32[4, 3]) -> cumsum(x, axis = 0, reverse = true) *)
Definition cumsum_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 9)) (In 6)) (In 3)) (In 0));
    (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 10)) (In 7)) (In 4)) (In 1));
    (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 11)) (In 8)) (In 5)) (In 2));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 9)) (In 6)) (In 3));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 10)) (In 7)) (In 4));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 11)) (In 8)) (In 5));
    (Bin Add (Bin Add (Int (0)) (In 9)) (In 6));
    (Bin Add (Bin Add (Int (0)) (In 10)) (In 7));
    (Bin Add (Bin Add (Int (0)) (In 11)) (In 8));
    (Bin Add (Int (0)) (In 9));
    (Bin Add (Int (0)) (In 10));
    (Bin Add (Int (0)) (In 11))];
  backward := [(Bin Add (Int (0)) (In 12));
    (Bin Add (Int (0)) (In 13));
    (Bin Add (Int (0)) (In 14));
    (Bin Add (Bin Add (Int (0)) (In 12)) (In 15));
    (Bin Add (Bin Add (Int (0)) (In 13)) (In 16));
    (Bin Add (Bin Add (Int (0)) (In 14)) (In 17));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 12)) (In 15)) (In 18));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 13)) (In 16)) (In 19));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 14)) (In 17)) (In 20));
    (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 12)) (In 15)) (In 18)) (In 21));
    (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 13)) (In 16)) (In 19)) (In 22));
    (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 14)) (In 17)) (In 20)) (In 23))] |}.

(* (x: f32[5]) -> cumsum(x, exclusive = true) *)
Definition cumsum_2 : map := {|
  active := [0; 1; 2; 3; 4]%nat;
  cotangents := 5;
  forward := [(Int (0));
    (Bin Add (Int (0)) (In 0));
    (Bin Add (Bin Add (Int (0)) (In 0)) (In 1));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 0)) (In 1)) (In 2));
    (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 0)) (In 1)) (In 2)) (In 3))];
  backward := [(Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 9)) (In 8)) (In 7)) (In 6));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 9)) (In 8)) (In 7));
    (Bin Add (Bin Add (Int (0)) (In 9)) (In 8));
    (Bin Add (Int (0)) (In 9));
    (Int (0))] |}.

(* (x: f32[2, 5]) -> cumprod(x) *)
Definition cumprod_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9]%nat;
  cotangents := 10;
  forward := [(Bin Mul (Int (1)) (In 0));
    (Bin Mul (Bin Mul (Int (1)) (In 0)) (In 1));
    (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 0)) (In 1)) (In 2));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 0)) (In 1)) (In 2)) (In 3));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 0)) (In 1)) (In 2)) (In 3)) (In 4));
    (Bin Mul (Int (1)) (In 5));
    (Bin Mul (Bin Mul (Int (1)) (In 5)) (In 6));
    (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 5)) (In 6)) (In 7));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 5)) (In 6)) (In 7)) (In 8));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 5)) (In 6)) (In 7)) (In 8)) (In 9))];
  backward := [(Bin Mul (Int (1)) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 14))) (In 13))) (In 12))) (In 11))) (In 10)));
    (Bin Mul (Bin Mul (Int (1)) (In 0)) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 14))) (In 13))) (In 12))) (In 11)));
    (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 0)) (In 1)) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 14))) (In 13))) (In 12)));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 0)) (In 1)) (In 2)) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 14))) (In 13)));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 0)) (In 1)) (In 2)) (In 3)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 14)));
    (Bin Mul (Int (1)) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 19))) (In 18))) (In 17))) (In 16))) (In 15)));
    (Bin Mul (Bin Mul (Int (1)) (In 5)) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 19))) (In 18))) (In 17))) (In 16)));
    (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 5)) (In 6)) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 19))) (In 18))) (In 17)));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 5)) (In 6)) (In 7)) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 19))) (In 18)));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 5)) (In 6)) (In 7)) (In 8)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 19)))] |}.

(* (x: f32[4, 3]) -> cumprod(x, axis = 0) *)
Definition cumprod_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(Bin Mul (Int (1)) (In 0));
    (Bin Mul (Int (1)) (In 1));
    (Bin Mul (Int (1)) (In 2));
    (Bin Mul (Bin Mul (Int (1)) (In 0)) (In 3));
    (Bin Mul (Bin Mul (Int (1)) (In 1)) (In 4));
    (Bin Mul (Bin Mul (Int (1)) (In 2)) (In 5));
    (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 0)) (In 3)) (In 6));
    (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 1)) (In 4)) (In 7));
    (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 2)) (In 5)) (In 8));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 0)) (In 3)) (In 6)) (In 9));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 1)) (In 4)) (In 7)) (In 10));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 2)) (In 5)) (In 8)) (In 11))];
  backward := [(Bin Mul (Int (1)) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 21))) (In 18))) (In 15))) (In 12)));
    (Bin Mul (Int (1)) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 10) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 22))) (In 19))) (In 16))) (In 13)));
    (Bin Mul (Int (1)) (Bin Add (Bin Mul (In 5) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 11) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 23))) (In 20))) (In 17))) (In 14)));
    (Bin Mul (Bin Mul (Int (1)) (In 0)) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 21))) (In 18))) (In 15)));
    (Bin Mul (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 10) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 22))) (In 19))) (In 16)));
    (Bin Mul (Bin Mul (Int (1)) (In 2)) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 11) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 23))) (In 20))) (In 17)));
    (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 0)) (In 3)) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 21))) (In 18)));
    (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 1)) (In 4)) (Bin Add (Bin Mul (In 10) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 22))) (In 19)));
    (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 2)) (In 5)) (Bin Add (Bin Mul (In 11) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 23))) (In 20)));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 0)) (In 3)) (In 6)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 21)));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 1)) (In 4)) (In 7)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 22)));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 2)) (In 5)) (In 8)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 23)))] |}.

(* (x: f32[5]) -> cumprod(x, exclusive = true, reverse = true) *)
Definition cumprod_2 : map := {|
  active := [0; 1; 2; 3; 4]%nat;
  cotangents := 5;
  forward := [(Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 4)) (In 3)) (In 2)) (In 1));
    (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 4)) (In 3)) (In 2));
    (Bin Mul (Bin Mul (Int (1)) (In 4)) (In 3));
    (Bin Mul (Int (1)) (In 4));
    (Int (1))];
  backward := [(Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 4)) (In 3)) (In 2)) (In 1)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0))));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 4)) (In 3)) (In 2)) (Bin Add (Bin Mul (In 0) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))) (In 5)));
    (Bin Mul (Bin Mul (Bin Mul (Int (1)) (In 4)) (In 3)) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))) (In 5))) (In 6)));
    (Bin Mul (Bin Mul (Int (1)) (In 4)) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))) (In 5))) (In 6))) (In 7)));
    (Bin Mul (Int (1)) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))) (In 5))) (In 6))) (In 7))) (In 8)))] |}.

(* (a: f32[2, 5], b: f32[2, 5]) -> linear_recurrence(a, b) *)
Definition linear_recurrence_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19]%nat;
  cotangents := 20;
  forward := [(Bin Add (Bin Mul (In 0) (Int (0))) (In 10));
    (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 10))) (In 11));
    (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 10))) (In 11))) (In 12));
    (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 10))) (In 11))) (In 12))) (In 13));
    (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 10))) (In 11))) (In 12))) (In 13))) (In 14));
    (Bin Add (Bin Mul (In 5) (Int (0))) (In 15));
    (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 5) (Int (0))) (In 15))) (In 16));
    (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 5) (Int (0))) (In 15))) (In 16))) (In 17));
    (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 5) (Int (0))) (In 15))) (In 16))) (In 17))) (In 18));
    (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 5) (Int (0))) (In 15))) (In 16))) (In 17))) (In 18))) (In 19))];
  backward := [(Bin Mul (Int (0)) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 23))) (In 22))) (In 21))) (In 20)));
    (Bin Mul (Bin Add (Bin Mul (In 0) (Int (0))) (In 10)) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 23))) (In 22))) (In 21)));
    (Bin Mul (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 10))) (In 11)) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 23))) (In 22)));
    (Bin Mul (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 10))) (In 11))) (In 12)) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 23)));
    (Bin Mul (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 10))) (In 11))) (In 12))) (In 13)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24)));
    (Bin Mul (Int (0)) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 29))) (In 28))) (In 27))) (In 26))) (In 25)));
    (Bin Mul (Bin Add (Bin Mul (In 5) (Int (0))) (In 15)) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 29))) (In 28))) (In 27))) (In 26)));
    (Bin Mul (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 5) (Int (0))) (In 15))) (In 16)) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 29))) (In 28))) (In 27)));
    (Bin Mul (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 5) (Int (0))) (In 15))) (In 16))) (In 17)) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 29))) (In 28)));
    (Bin Mul (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 5) (Int (0))) (In 15))) (In 16))) (In 17))) (In 18)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 29)));
    (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 23))) (In 22))) (In 21))) (In 20));
    (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 23))) (In 22))) (In 21));
    (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 23))) (In 22));
    (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 23));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24));
    (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 29))) (In 28))) (In 27))) (In 26))) (In 25));
    (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 29))) (In 28))) (In 27))) (In 26));
    (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 29))) (In 28))) (In 27));
    (Bin Add (Bin Mul (In 9) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 29))) (In 28));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 29))] |}.

(* (a: f32[4, 3], b: f32[4, 3]) -> linear_recurrence(a, b, axis = 0, reverse = true) *)
Definition linear_recurrence_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23]%nat;
  cotangents := 24;
  forward := [(Bin Add (Bin Mul (In 0) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 9) (Int (0))) (In 21))) (In 18))) (In 15))) (In 12));
    (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 10) (Int (0))) (In 22))) (In 19))) (In 16))) (In 13));
    (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 5) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 11) (Int (0))) (In 23))) (In 20))) (In 17))) (In 14));
    (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 9) (Int (0))) (In 21))) (In 18))) (In 15));
    (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 10) (Int (0))) (In 22))) (In 19))) (In 16));
    (Bin Add (Bin Mul (In 5) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 11) (Int (0))) (In 23))) (In 20))) (In 17));
    (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 9) (Int (0))) (In 21))) (In 18));
    (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 10) (Int (0))) (In 22))) (In 19));
    (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 11) (Int (0))) (In 23))) (In 20));
    (Bin Add (Bin Mul (In 9) (Int (0))) (In 21));
    (Bin Add (Bin Mul (In 10) (Int (0))) (In 22));
    (Bin Add (Bin Mul (In 11) (Int (0))) (In 23))];
  backward := [(Bin Mul (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 9) (Int (0))) (In 21))) (In 18))) (In 15)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24)));
    (Bin Mul (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 10) (Int (0))) (In 22))) (In 19))) (In 16)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 25)));
    (Bin Mul (Bin Add (Bin Mul (In 5) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 11) (Int (0))) (In 23))) (In 20))) (In 17)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 26)));
    (Bin Mul (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 9) (Int (0))) (In 21))) (In 18)) (Bin Add (Bin Mul (In 0) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 27)));
    (Bin Mul (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 10) (Int (0))) (In 22))) (In 19)) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 25))) (In 28)));
    (Bin Mul (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 11) (Int (0))) (In 23))) (In 20)) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 26))) (In 29)));
    (Bin Mul (Bin Add (Bin Mul (In 9) (Int (0))) (In 21)) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 0) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 27))) (In 30)));
    (Bin Mul (Bin Add (Bin Mul (In 10) (Int (0))) (In 22)) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 25))) (In 28))) (In 31)));
    (Bin Mul (Bin Add (Bin Mul (In 11) (Int (0))) (In 23)) (Bin Add (Bin Mul (In 5) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 26))) (In 29))) (In 32)));
    (Bin Mul (Int (0)) (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 0) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 27))) (In 30))) (In 33)));
    (Bin Mul (Int (0)) (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 25))) (In 28))) (In 31))) (In 34)));
    (Bin Mul (Int (0)) (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 5) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 26))) (In 29))) (In 32))) (In 35)));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 25));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 26));
    (Bin Add (Bin Mul (In 0) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 27));
    (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 25))) (In 28));
    (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 26))) (In 29));
    (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 0) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 27))) (In 30));
    (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 25))) (In 28))) (In 31));
    (Bin Add (Bin Mul (In 5) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 26))) (In 29))) (In 32));
    (Bin Add (Bin Mul (In 6) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 0) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 24))) (In 27))) (In 30))) (In 33));
    (Bin Add (Bin Mul (In 7) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 25))) (In 28))) (In 31))) (In 34));
    (Bin Add (Bin Mul (In 8) (Bin Add (Bin Mul (In 5) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (Int (0)) (Int (0))) (In 26))) (In 29))) (In 32))) (In 35))] |}.

(* (a: f32[5], b: f32[5]) -> linear_recurrence(a, b, exclusive = true) *)
Definition linear_recurrence_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9]%nat;
  cotangents := 10;
  forward := [(Int (0));
    (Bin Add (Bin Mul (In 0) (Int (0))) (In 5));
    (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 5))) (In 6));
    (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 5))) (In 6))) (In 7));
    (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 5))) (In 6))) (In 7))) (In 8))];
  backward := [(Bin Mul (Int (0)) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))) (In 14))) (In 13))) (In 12))) (In 11)));
    (Bin Mul (Bin Add (Bin Mul (In 0) (Int (0))) (In 5)) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))) (In 14))) (In 13))) (In 12)));
    (Bin Mul (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 5))) (In 6)) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))) (In 14))) (In 13)));
    (Bin Mul (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 5))) (In 6))) (In 7)) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))) (In 14)));
    (Bin Mul (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 0) (Int (0))) (In 5))) (In 6))) (In 7))) (In 8)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0))));
    (Bin Add (Bin Mul (In 1) (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))) (In 14))) (In 13))) (In 12))) (In 11));
    (Bin Add (Bin Mul (In 2) (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))) (In 14))) (In 13))) (In 12));
    (Bin Add (Bin Mul (In 3) (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))) (In 14))) (In 13));
    (Bin Add (Bin Mul (In 4) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))) (In 14));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (Int (0)))] |}.

(* (x: f32[2, 3], y: f32[3, 4]) -> x @ y *)
Definition dot_general_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17]%nat;
  cotangents := 18;
  forward := [(Bin Add (Bin Mul (In 2) (In 14)) (Bin Add (Bin Mul (In 1) (In 10)) (Bin Add (Bin Mul (In 0) (In 6)) (Int (0)))));
    (Bin Add (Bin Mul (In 2) (In 15)) (Bin Add (Bin Mul (In 1) (In 11)) (Bin Add (Bin Mul (In 0) (In 7)) (Int (0)))));
    (Bin Add (Bin Mul (In 2) (In 16)) (Bin Add (Bin Mul (In 1) (In 12)) (Bin Add (Bin Mul (In 0) (In 8)) (Int (0)))));
    (Bin Add (Bin Mul (In 2) (In 17)) (Bin Add (Bin Mul (In 1) (In 13)) (Bin Add (Bin Mul (In 0) (In 9)) (Int (0)))));
    (Bin Add (Bin Mul (In 5) (In 14)) (Bin Add (Bin Mul (In 4) (In 10)) (Bin Add (Bin Mul (In 3) (In 6)) (Int (0)))));
    (Bin Add (Bin Mul (In 5) (In 15)) (Bin Add (Bin Mul (In 4) (In 11)) (Bin Add (Bin Mul (In 3) (In 7)) (Int (0)))));
    (Bin Add (Bin Mul (In 5) (In 16)) (Bin Add (Bin Mul (In 4) (In 12)) (Bin Add (Bin Mul (In 3) (In 8)) (Int (0)))));
    (Bin Add (Bin Mul (In 5) (In 17)) (Bin Add (Bin Mul (In 4) (In 13)) (Bin Add (Bin Mul (In 3) (In 9)) (Int (0)))))];
  backward := [(Bin Add (Bin Mul (In 21) (In 9)) (Bin Add (Bin Mul (In 20) (In 8)) (Bin Add (Bin Mul (In 19) (In 7)) (Bin Add (Bin Mul (In 18) (In 6)) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (In 13)) (Bin Add (Bin Mul (In 20) (In 12)) (Bin Add (Bin Mul (In 19) (In 11)) (Bin Add (Bin Mul (In 18) (In 10)) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (In 17)) (Bin Add (Bin Mul (In 20) (In 16)) (Bin Add (Bin Mul (In 19) (In 15)) (Bin Add (Bin Mul (In 18) (In 14)) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (In 9)) (Bin Add (Bin Mul (In 24) (In 8)) (Bin Add (Bin Mul (In 23) (In 7)) (Bin Add (Bin Mul (In 22) (In 6)) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (In 13)) (Bin Add (Bin Mul (In 24) (In 12)) (Bin Add (Bin Mul (In 23) (In 11)) (Bin Add (Bin Mul (In 22) (In 10)) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (In 17)) (Bin Add (Bin Mul (In 24) (In 16)) (Bin Add (Bin Mul (In 23) (In 15)) (Bin Add (Bin Mul (In 22) (In 14)) (Int (0))))));
    (Bin Add (Bin Mul (In 3) (In 22)) (Bin Add (Bin Mul (In 0) (In 18)) (Int (0))));
    (Bin Add (Bin Mul (In 3) (In 23)) (Bin Add (Bin Mul (In 0) (In 19)) (Int (0))));
    (Bin Add (Bin Mul (In 3) (In 24)) (Bin Add (Bin Mul (In 0) (In 20)) (Int (0))));
    (Bin Add (Bin Mul (In 3) (In 25)) (Bin Add (Bin Mul (In 0) (In 21)) (Int (0))));
    (Bin Add (Bin Mul (In 4) (In 22)) (Bin Add (Bin Mul (In 1) (In 18)) (Int (0))));
    (Bin Add (Bin Mul (In 4) (In 23)) (Bin Add (Bin Mul (In 1) (In 19)) (Int (0))));
    (Bin Add (Bin Mul (In 4) (In 24)) (Bin Add (Bin Mul (In 1) (In 20)) (Int (0))));
    (Bin Add (Bin Mul (In 4) (In 25)) (Bin Add (Bin Mul (In 1) (In 21)) (Int (0))));
    (Bin Add (Bin Mul (In 5) (In 22)) (Bin Add (Bin Mul (In 2) (In 18)) (Int (0))));
    (Bin Add (Bin Mul (In 5) (In 23)) (Bin Add (Bin Mul (In 2) (In 19)) (Int (0))));
    (Bin Add (Bin Mul (In 5) (In 24)) (Bin Add (Bin Mul (In 2) (In 20)) (Int (0))));
    (Bin Add (Bin Mul (In 5) (In 25)) (Bin Add (Bin Mul (In 2) (In 21)) (Int (0))))] |}.

(* (x: bf16[3, 5], y: bf16[5, 2]) -> x @ y *)
Definition dot_general_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23; 24]%nat;
  cotangents := 25;
  forward := [(Bin Add (Bin Mul (In 4) (In 23)) (Bin Add (Bin Mul (In 3) (In 21)) (Bin Add (Bin Mul (In 2) (In 19)) (Bin Add (Bin Mul (In 1) (In 17)) (Bin Add (Bin Mul (In 0) (In 15)) (Int (0)))))));
    (Bin Add (Bin Mul (In 4) (In 24)) (Bin Add (Bin Mul (In 3) (In 22)) (Bin Add (Bin Mul (In 2) (In 20)) (Bin Add (Bin Mul (In 1) (In 18)) (Bin Add (Bin Mul (In 0) (In 16)) (Int (0)))))));
    (Bin Add (Bin Mul (In 9) (In 23)) (Bin Add (Bin Mul (In 8) (In 21)) (Bin Add (Bin Mul (In 7) (In 19)) (Bin Add (Bin Mul (In 6) (In 17)) (Bin Add (Bin Mul (In 5) (In 15)) (Int (0)))))));
    (Bin Add (Bin Mul (In 9) (In 24)) (Bin Add (Bin Mul (In 8) (In 22)) (Bin Add (Bin Mul (In 7) (In 20)) (Bin Add (Bin Mul (In 6) (In 18)) (Bin Add (Bin Mul (In 5) (In 16)) (Int (0)))))));
    (Bin Add (Bin Mul (In 14) (In 23)) (Bin Add (Bin Mul (In 13) (In 21)) (Bin Add (Bin Mul (In 12) (In 19)) (Bin Add (Bin Mul (In 11) (In 17)) (Bin Add (Bin Mul (In 10) (In 15)) (Int (0)))))));
    (Bin Add (Bin Mul (In 14) (In 24)) (Bin Add (Bin Mul (In 13) (In 22)) (Bin Add (Bin Mul (In 12) (In 20)) (Bin Add (Bin Mul (In 11) (In 18)) (Bin Add (Bin Mul (In 10) (In 16)) (Int (0)))))))];
  backward := [(Bin Add (Bin Mul (In 26) (In 16)) (Bin Add (Bin Mul (In 25) (In 15)) (Int (0))));
    (Bin Add (Bin Mul (In 26) (In 18)) (Bin Add (Bin Mul (In 25) (In 17)) (Int (0))));
    (Bin Add (Bin Mul (In 26) (In 20)) (Bin Add (Bin Mul (In 25) (In 19)) (Int (0))));
    (Bin Add (Bin Mul (In 26) (In 22)) (Bin Add (Bin Mul (In 25) (In 21)) (Int (0))));
    (Bin Add (Bin Mul (In 26) (In 24)) (Bin Add (Bin Mul (In 25) (In 23)) (Int (0))));
    (Bin Add (Bin Mul (In 28) (In 16)) (Bin Add (Bin Mul (In 27) (In 15)) (Int (0))));
    (Bin Add (Bin Mul (In 28) (In 18)) (Bin Add (Bin Mul (In 27) (In 17)) (Int (0))));
    (Bin Add (Bin Mul (In 28) (In 20)) (Bin Add (Bin Mul (In 27) (In 19)) (Int (0))));
    (Bin Add (Bin Mul (In 28) (In 22)) (Bin Add (Bin Mul (In 27) (In 21)) (Int (0))));
    (Bin Add (Bin Mul (In 28) (In 24)) (Bin Add (Bin Mul (In 27) (In 23)) (Int (0))));
    (Bin Add (Bin Mul (In 30) (In 16)) (Bin Add (Bin Mul (In 29) (In 15)) (Int (0))));
    (Bin Add (Bin Mul (In 30) (In 18)) (Bin Add (Bin Mul (In 29) (In 17)) (Int (0))));
    (Bin Add (Bin Mul (In 30) (In 20)) (Bin Add (Bin Mul (In 29) (In 19)) (Int (0))));
    (Bin Add (Bin Mul (In 30) (In 22)) (Bin Add (Bin Mul (In 29) (In 21)) (Int (0))));
    (Bin Add (Bin Mul (In 30) (In 24)) (Bin Add (Bin Mul (In 29) (In 23)) (Int (0))));
    (Bin Add (Bin Mul (In 10) (In 29)) (Bin Add (Bin Mul (In 5) (In 27)) (Bin Add (Bin Mul (In 0) (In 25)) (Int (0)))));
    (Bin Add (Bin Mul (In 10) (In 30)) (Bin Add (Bin Mul (In 5) (In 28)) (Bin Add (Bin Mul (In 0) (In 26)) (Int (0)))));
    (Bin Add (Bin Mul (In 11) (In 29)) (Bin Add (Bin Mul (In 6) (In 27)) (Bin Add (Bin Mul (In 1) (In 25)) (Int (0)))));
    (Bin Add (Bin Mul (In 11) (In 30)) (Bin Add (Bin Mul (In 6) (In 28)) (Bin Add (Bin Mul (In 1) (In 26)) (Int (0)))));
    (Bin Add (Bin Mul (In 12) (In 29)) (Bin Add (Bin Mul (In 7) (In 27)) (Bin Add (Bin Mul (In 2) (In 25)) (Int (0)))));
    (Bin Add (Bin Mul (In 12) (In 30)) (Bin Add (Bin Mul (In 7) (In 28)) (Bin Add (Bin Mul (In 2) (In 26)) (Int (0)))));
    (Bin Add (Bin Mul (In 13) (In 29)) (Bin Add (Bin Mul (In 8) (In 27)) (Bin Add (Bin Mul (In 3) (In 25)) (Int (0)))));
    (Bin Add (Bin Mul (In 13) (In 30)) (Bin Add (Bin Mul (In 8) (In 28)) (Bin Add (Bin Mul (In 3) (In 26)) (Int (0)))));
    (Bin Add (Bin Mul (In 14) (In 29)) (Bin Add (Bin Mul (In 9) (In 27)) (Bin Add (Bin Mul (In 4) (In 25)) (Int (0)))));
    (Bin Add (Bin Mul (In 14) (In 30)) (Bin Add (Bin Mul (In 9) (In 28)) (Bin Add (Bin Mul (In 4) (In 26)) (Int (0)))))] |}.

(* (x: f32[2, 2, 3], y: f32[4, 2, 3]) -> dot_general(x, y, x_contract = [2], y_contract = [2], x_batch = [0], y_batch = [1]) *)
Definition dot_general_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23; 24; 25; 26; 27; 28; 29; 30; 31; 32; 33; 34; 35]%nat;
  cotangents := 36;
  forward := [(Bin Add (Bin Mul (In 2) (In 14)) (Bin Add (Bin Mul (In 1) (In 13)) (Bin Add (Bin Mul (In 0) (In 12)) (Int (0)))));
    (Bin Add (Bin Mul (In 2) (In 20)) (Bin Add (Bin Mul (In 1) (In 19)) (Bin Add (Bin Mul (In 0) (In 18)) (Int (0)))));
    (Bin Add (Bin Mul (In 2) (In 26)) (Bin Add (Bin Mul (In 1) (In 25)) (Bin Add (Bin Mul (In 0) (In 24)) (Int (0)))));
    (Bin Add (Bin Mul (In 2) (In 32)) (Bin Add (Bin Mul (In 1) (In 31)) (Bin Add (Bin Mul (In 0) (In 30)) (Int (0)))));
    (Bin Add (Bin Mul (In 5) (In 14)) (Bin Add (Bin Mul (In 4) (In 13)) (Bin Add (Bin Mul (In 3) (In 12)) (Int (0)))));
    (Bin Add (Bin Mul (In 5) (In 20)) (Bin Add (Bin Mul (In 4) (In 19)) (Bin Add (Bin Mul (In 3) (In 18)) (Int (0)))));
    (Bin Add (Bin Mul (In 5) (In 26)) (Bin Add (Bin Mul (In 4) (In 25)) (Bin Add (Bin Mul (In 3) (In 24)) (Int (0)))));
    (Bin Add (Bin Mul (In 5) (In 32)) (Bin Add (Bin Mul (In 4) (In 31)) (Bin Add (Bin Mul (In 3) (In 30)) (Int (0)))));
    (Bin Add (Bin Mul (In 8) (In 17)) (Bin Add (Bin Mul (In 7) (In 16)) (Bin Add (Bin Mul (In 6) (In 15)) (Int (0)))));
    (Bin Add (Bin Mul (In 8) (In 23)) (Bin Add (Bin Mul (In 7) (In 22)) (Bin Add (Bin Mul (In 6) (In 21)) (Int (0)))));
    (Bin Add (Bin Mul (In 8) (In 29)) (Bin Add (Bin Mul (In 7) (In 28)) (Bin Add (Bin Mul (In 6) (In 27)) (Int (0)))));
    (Bin Add (Bin Mul (In 8) (In 35)) (Bin Add (Bin Mul (In 7) (In 34)) (Bin Add (Bin Mul (In 6) (In 33)) (Int (0)))));
    (Bin Add (Bin Mul (In 11) (In 17)) (Bin Add (Bin Mul (In 10) (In 16)) (Bin Add (Bin Mul (In 9) (In 15)) (Int (0)))));
    (Bin Add (Bin Mul (In 11) (In 23)) (Bin Add (Bin Mul (In 10) (In 22)) (Bin Add (Bin Mul (In 9) (In 21)) (Int (0)))));
    (Bin Add (Bin Mul (In 11) (In 29)) (Bin Add (Bin Mul (In 10) (In 28)) (Bin Add (Bin Mul (In 9) (In 27)) (Int (0)))));
    (Bin Add (Bin Mul (In 11) (In 35)) (Bin Add (Bin Mul (In 10) (In 34)) (Bin Add (Bin Mul (In 9) (In 33)) (Int (0)))))];
  backward := [(Bin Add (Bin Mul (In 39) (In 30)) (Bin Add (Bin Mul (In 38) (In 24)) (Bin Add (Bin Mul (In 37) (In 18)) (Bin Add (Bin Mul (In 36) (In 12)) (Int (0))))));
    (Bin Add (Bin Mul (In 39) (In 31)) (Bin Add (Bin Mul (In 38) (In 25)) (Bin Add (Bin Mul (In 37) (In 19)) (Bin Add (Bin Mul (In 36) (In 13)) (Int (0))))));
    (Bin Add (Bin Mul (In 39) (In 32)) (Bin Add (Bin Mul (In 38) (In 26)) (Bin Add (Bin Mul (In 37) (In 20)) (Bin Add (Bin Mul (In 36) (In 14)) (Int (0))))));
    (Bin Add (Bin Mul (In 43) (In 30)) (Bin Add (Bin Mul (In 42) (In 24)) (Bin Add (Bin Mul (In 41) (In 18)) (Bin Add (Bin Mul (In 40) (In 12)) (Int (0))))));
    (Bin Add (Bin Mul (In 43) (In 31)) (Bin Add (Bin Mul (In 42) (In 25)) (Bin Add (Bin Mul (In 41) (In 19)) (Bin Add (Bin Mul (In 40) (In 13)) (Int (0))))));
    (Bin Add (Bin Mul (In 43) (In 32)) (Bin Add (Bin Mul (In 42) (In 26)) (Bin Add (Bin Mul (In 41) (In 20)) (Bin Add (Bin Mul (In 40) (In 14)) (Int (0))))));
    (Bin Add (Bin Mul (In 47) (In 33)) (Bin Add (Bin Mul (In 46) (In 27)) (Bin Add (Bin Mul (In 45) (In 21)) (Bin Add (Bin Mul (In 44) (In 15)) (Int (0))))));
    (Bin Add (Bin Mul (In 47) (In 34)) (Bin Add (Bin Mul (In 46) (In 28)) (Bin Add (Bin Mul (In 45) (In 22)) (Bin Add (Bin Mul (In 44) (In 16)) (Int (0))))));
    (Bin Add (Bin Mul (In 47) (In 35)) (Bin Add (Bin Mul (In 46) (In 29)) (Bin Add (Bin Mul (In 45) (In 23)) (Bin Add (Bin Mul (In 44) (In 17)) (Int (0))))));
    (Bin Add (Bin Mul (In 51) (In 33)) (Bin Add (Bin Mul (In 50) (In 27)) (Bin Add (Bin Mul (In 49) (In 21)) (Bin Add (Bin Mul (In 48) (In 15)) (Int (0))))));
    (Bin Add (Bin Mul (In 51) (In 34)) (Bin Add (Bin Mul (In 50) (In 28)) (Bin Add (Bin Mul (In 49) (In 22)) (Bin Add (Bin Mul (In 48) (In 16)) (Int (0))))));
    (Bin Add (Bin Mul (In 51) (In 35)) (Bin Add (Bin Mul (In 50) (In 29)) (Bin Add (Bin Mul (In 49) (In 23)) (Bin Add (Bin Mul (In 48) (In 17)) (Int (0))))));
    (Bin Add (Bin Mul (In 3) (In 40)) (Bin Add (Bin Mul (In 0) (In 36)) (Int (0))));
    (Bin Add (Bin Mul (In 4) (In 40)) (Bin Add (Bin Mul (In 1) (In 36)) (Int (0))));
    (Bin Add (Bin Mul (In 5) (In 40)) (Bin Add (Bin Mul (In 2) (In 36)) (Int (0))));
    (Bin Add (Bin Mul (In 9) (In 48)) (Bin Add (Bin Mul (In 6) (In 44)) (Int (0))));
    (Bin Add (Bin Mul (In 10) (In 48)) (Bin Add (Bin Mul (In 7) (In 44)) (Int (0))));
    (Bin Add (Bin Mul (In 11) (In 48)) (Bin Add (Bin Mul (In 8) (In 44)) (Int (0))));
    (Bin Add (Bin Mul (In 3) (In 41)) (Bin Add (Bin Mul (In 0) (In 37)) (Int (0))));
    (Bin Add (Bin Mul (In 4) (In 41)) (Bin Add (Bin Mul (In 1) (In 37)) (Int (0))));
    (Bin Add (Bin Mul (In 5) (In 41)) (Bin Add (Bin Mul (In 2) (In 37)) (Int (0))));
    (Bin Add (Bin Mul (In 9) (In 49)) (Bin Add (Bin Mul (In 6) (In 45)) (Int (0))));
    (Bin Add (Bin Mul (In 10) (In 49)) (Bin Add (Bin Mul (In 7) (In 45)) (Int (0))));
    (Bin Add (Bin Mul (In 11) (In 49)) (Bin Add (Bin Mul (In 8) (In 45)) (Int (0))));
    (Bin Add (Bin Mul (In 3) (In 42)) (Bin Add (Bin Mul (In 0) (In 38)) (Int (0))));
    (Bin Add (Bin Mul (In 4) (In 42)) (Bin Add (Bin Mul (In 1) (In 38)) (Int (0))));
    (Bin Add (Bin Mul (In 5) (In 42)) (Bin Add (Bin Mul (In 2) (In 38)) (Int (0))));
    (Bin Add (Bin Mul (In 9) (In 50)) (Bin Add (Bin Mul (In 6) (In 46)) (Int (0))));
    (Bin Add (Bin Mul (In 10) (In 50)) (Bin Add (Bin Mul (In 7) (In 46)) (Int (0))));
    (Bin Add (Bin Mul (In 11) (In 50)) (Bin Add (Bin Mul (In 8) (In 46)) (Int (0))));
    (Bin Add (Bin Mul (In 3) (In 43)) (Bin Add (Bin Mul (In 0) (In 39)) (Int (0))));
    (Bin Add (Bin Mul (In 4) (In 43)) (Bin Add (Bin Mul (In 1) (In 39)) (Int (0))));
    (Bin Add (Bin Mul (In 5) (In 43)) (Bin Add (Bin Mul (In 2) (In 39)) (Int (0))));
    (Bin Add (Bin Mul (In 9) (In 51)) (Bin Add (Bin Mul (In 6) (In 47)) (Int (0))));
    (Bin Add (Bin Mul (In 10) (In 51)) (Bin Add (Bin Mul (In 7) (In 47)) (Int (0))));
    (Bin Add (Bin Mul (In 11) (In 51)) (Bin Add (Bin Mul (In 8) (In 47)) (Int (0))))] |}.

(* (x: f32[4, 2], indices: i32[3]) -> gather(x, indices) *)
Definition gather_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7]%nat;
  cotangents := 8;
  forward := [(In 2);
    (In 3);
    (In 0);
    (In 1);
    (In 2);
    (In 3)];
  backward := [(Bin Add (Int (0)) (In 10));
    (Bin Add (Int (0)) (In 11));
    (Bin Add (Bin Add (Int (0)) (In 8)) (In 12));
    (Bin Add (Bin Add (Int (0)) (In 9)) (In 13));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0))] |}.

(* (x: f32[2, 3], indices: i32[2, 2]) -> gather(x, indices, axis = 1) *)
Definition gather_2 : map := {|
  active := [0; 1; 2; 3; 4; 5]%nat;
  cotangents := 6;
  forward := [(In 1);
    (In 0);
    (In 1);
    (In 1);
    (In 4);
    (In 3);
    (In 4);
    (In 4)];
  backward := [(Bin Add (Int (0)) (In 7));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 6)) (In 8)) (In 9));
    (Int (0));
    (Bin Add (Int (0)) (In 11));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 10)) (In 12)) (In 13));
    (Int (0))] |}.

(* (x: f32[2, 3], indices: i32[2]) -> gather(x, indices, axis = 1, batch = 1) *)
Definition gather_3 : map := {|
  active := [0; 1; 2; 3; 4; 5]%nat;
  cotangents := 6;
  forward := [(In 1);
    (In 3)];
  backward := [(Int (0));
    (Bin Add (Int (0)) (In 6));
    (Int (0));
    (Bin Add (Int (0)) (In 7));
    (Int (0));
    (Int (0))] |}.

(* (x: f32[4, 2], indices: i32[3], updates: f32[3, 2]) -> scatter_add(x, indices, updates) *)
Definition scatter_add_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13]%nat;
  cotangents := 14;
  forward := [(Bin Add (In 0) (In 10));
    (Bin Add (In 1) (In 11));
    (Bin Add (Bin Add (In 2) (In 8)) (In 12));
    (Bin Add (Bin Add (In 3) (In 9)) (In 13));
    (In 4);
    (In 5);
    (In 6);
    (In 7)];
  backward := [(In 14);
    (In 15);
    (In 16);
    (In 17);
    (In 18);
    (In 19);
    (In 20);
    (In 21);
    (In 16);
    (In 17);
    (In 14);
    (In 15);
    (In 16);
    (In 17)] |}.

(* (x: f32[2, 3], indices: i32[2], updates: f32[2]) -> scatter_add(x, indices, updates, axis = 1, batch = 1) *)
Definition scatter_add_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7]%nat;
  cotangents := 8;
  forward := [(In 0);
    (Bin Add (In 1) (In 6));
    (In 2);
    (Bin Add (In 3) (In 7));
    (In 4);
    (In 5)];
  backward := [(In 8);
    (In 9);
    (In 10);
    (In 11);
    (In 12);
    (In 13);
    (In 9);
    (In 11)] |}.

(* (x: f16[3], indices: i32[4], updates: f16[4]) -> scatter_add(x, indices, updates) *)
Definition scatter_add_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6]%nat;
  cotangents := 7;
  forward := [(Bin Add (In 0) (In 4));
    (Bin Add (Bin Add (Bin Add (In 1) (In 3)) (In 5)) (In 6));
    (In 2)];
  backward := [(In 7);
    (In 8);
    (In 9);
    (In 8);
    (In 7);
    (In 8);
    (In 8)] |}.

(* (x: f32[2, 3]) -> mean(x, axes = [1]) *)
Definition mean_0 : map := {|
  active := [0; 1; 2; 3; 4; 5]%nat;
  cotangents := 6;
  forward := [(Bin Div (Bin Add (Bin Add (In 0) (In 1)) (In 2)) (Int (3)));
    (Bin Div (Bin Add (Bin Add (In 3) (In 4)) (In 5)) (Int (3)))];
  backward := [(Bin Mul (In 6) (Ratio (1) (3)));
    (Bin Mul (In 6) (Ratio (1) (3)));
    (Bin Mul (In 6) (Ratio (1) (3)));
    (Bin Mul (In 7) (Ratio (1) (3)));
    (Bin Mul (In 7) (Ratio (1) (3)));
    (Bin Mul (In 7) (Ratio (1) (3)))] |}.

(* (x: f32[2, 3]) -> mean(x) *)
Definition mean_1 : map := {|
  active := [0; 1; 2; 3; 4; 5]%nat;
  cotangents := 6;
  forward := [(Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 0) (In 1)) (In 2)) (In 3)) (In 4)) (In 5)) (Int (6)))];
  backward := [(Bin Mul (In 6) (Ratio (1) (6)));
    (Bin Mul (In 6) (Ratio (1) (6)));
    (Bin Mul (In 6) (Ratio (1) (6)));
    (Bin Mul (In 6) (Ratio (1) (6)));
    (Bin Mul (In 6) (Ratio (1) (6)));
    (Bin Mul (In 6) (Ratio (1) (6)))] |}.

(* (x: f32[2, 3]) -> reduce_prod(x, axes = [1]) *)
Definition reduce_prod_0 : map := {|
  active := [0; 1; 2; 3; 4; 5]%nat;
  cotangents := 6;
  forward := [(Bin Mul (Bin Mul (In 0) (In 2)) (Bin Mul (In 1) (Int (1))));
    (Bin Mul (Bin Mul (In 3) (In 5)) (Bin Mul (In 4) (Int (1))))];
  backward := [(Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 6) (Bin Mul (In 1) (Int (1))))) (In 2)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (In 6) (Bin Mul (In 0) (In 2))) (Int (0))) (Int (1))));
    (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 6) (Bin Mul (In 1) (Int (1))))) (In 0)) (Int (0)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 7) (Bin Mul (In 4) (Int (1))))) (In 5)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (In 7) (Bin Mul (In 3) (In 5))) (Int (0))) (Int (1))));
    (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 7) (Bin Mul (In 4) (Int (1))))) (In 3)) (Int (0)))] |}.

(* (x: f64[2, 5, 2]) -> reduce_prod(x, axes = [0, 1], keepdims = true) *)
Definition reduce_prod_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19]%nat;
  cotangents := 20;
  forward := [(Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 0) (In 10)) (Bin Mul (In 6) (In 16))) (Bin Mul (Bin Mul (In 4) (In 14)) (Int (1)))) (Bin Mul (Bin Mul (Bin Mul (In 2) (In 12)) (Bin Mul (In 8) (In 18))) (Int (1))));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 1) (In 11)) (Bin Mul (In 7) (In 17))) (Bin Mul (Bin Mul (In 5) (In 15)) (Int (1)))) (Bin Mul (Bin Mul (Bin Mul (In 3) (In 13)) (Bin Mul (In 9) (In 19))) (Int (1))))];
  backward := [(Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 20) (Bin Mul (Bin Mul (Bin Mul (In 2) (In 12)) (Bin Mul (In 8) (In 18))) (Int (1))))) (Bin Mul (Bin Mul (In 4) (In 14)) (Int (1))))) (Bin Mul (In 6) (In 16)))) (In 10)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 21) (Bin Mul (Bin Mul (Bin Mul (In 3) (In 13)) (Bin Mul (In 9) (In 19))) (Int (1))))) (Bin Mul (Bin Mul (In 5) (In 15)) (Int (1))))) (Bin Mul (In 7) (In 17)))) (In 11)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (In 20) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 10)) (Bin Mul (In 6) (In 16))) (Bin Mul (Bin Mul (In 4) (In 14)) (Int (1))))) (Int (0))) (Int (1)))) (Bin Mul (In 8) (In 18)))) (In 12)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (In 21) (Bin Mul (Bin Mul (Bin Mul (In 1) (In 11)) (Bin Mul (In 7) (In 17))) (Bin Mul (Bin Mul (In 5) (In 15)) (Int (1))))) (Int (0))) (Int (1)))) (Bin Mul (In 9) (In 19)))) (In 13)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 20) (Bin Mul (Bin Mul (Bin Mul (In 2) (In 12)) (Bin Mul (In 8) (In 18))) (Int (1))))) (Bin Mul (Bin Mul (In 0) (In 10)) (Bin Mul (In 6) (In 16)))) (Int (0))) (Int (1)))) (In 14)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 21) (Bin Mul (Bin Mul (Bin Mul (In 3) (In 13)) (Bin Mul (In 9) (In 19))) (Int (1))))) (Bin Mul (Bin Mul (In 1) (In 11)) (Bin Mul (In 7) (In 17)))) (Int (0))) (Int (1)))) (In 15)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 20) (Bin Mul (Bin Mul (Bin Mul (In 2) (In 12)) (Bin Mul (In 8) (In 18))) (Int (1))))) (Bin Mul (Bin Mul (In 4) (In 14)) (Int (1))))) (Bin Mul (In 0) (In 10))) (Int (0))) (In 16)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 21) (Bin Mul (Bin Mul (Bin Mul (In 3) (In 13)) (Bin Mul (In 9) (In 19))) (Int (1))))) (Bin Mul (Bin Mul (In 5) (In 15)) (Int (1))))) (Bin Mul (In 1) (In 11))) (Int (0))) (In 17)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (In 20) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 10)) (Bin Mul (In 6) (In 16))) (Bin Mul (Bin Mul (In 4) (In 14)) (Int (1))))) (Int (0))) (Int (1)))) (Bin Mul (In 2) (In 12))) (Int (0))) (In 18)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (In 21) (Bin Mul (Bin Mul (Bin Mul (In 1) (In 11)) (Bin Mul (In 7) (In 17))) (Bin Mul (Bin Mul (In 5) (In 15)) (Int (1))))) (Int (0))) (Int (1)))) (Bin Mul (In 3) (In 13))) (Int (0))) (In 19)));
    (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 20) (Bin Mul (Bin Mul (Bin Mul (In 2) (In 12)) (Bin Mul (In 8) (In 18))) (Int (1))))) (Bin Mul (Bin Mul (In 4) (In 14)) (Int (1))))) (Bin Mul (In 6) (In 16)))) (In 0)) (Int (0)));
    (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 21) (Bin Mul (Bin Mul (Bin Mul (In 3) (In 13)) (Bin Mul (In 9) (In 19))) (Int (1))))) (Bin Mul (Bin Mul (In 5) (In 15)) (Int (1))))) (Bin Mul (In 7) (In 17)))) (In 1)) (Int (0)));
    (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (In 20) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 10)) (Bin Mul (In 6) (In 16))) (Bin Mul (Bin Mul (In 4) (In 14)) (Int (1))))) (Int (0))) (Int (1)))) (Bin Mul (In 8) (In 18)))) (In 2)) (Int (0)));
    (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (In 21) (Bin Mul (Bin Mul (Bin Mul (In 1) (In 11)) (Bin Mul (In 7) (In 17))) (Bin Mul (Bin Mul (In 5) (In 15)) (Int (1))))) (Int (0))) (Int (1)))) (Bin Mul (In 9) (In 19)))) (In 3)) (Int (0)));
    (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 20) (Bin Mul (Bin Mul (Bin Mul (In 2) (In 12)) (Bin Mul (In 8) (In 18))) (Int (1))))) (Bin Mul (Bin Mul (In 0) (In 10)) (Bin Mul (In 6) (In 16)))) (Int (0))) (Int (1)))) (In 4)) (Int (0)));
    (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 21) (Bin Mul (Bin Mul (Bin Mul (In 3) (In 13)) (Bin Mul (In 9) (In 19))) (Int (1))))) (Bin Mul (Bin Mul (In 1) (In 11)) (Bin Mul (In 7) (In 17)))) (Int (0))) (Int (1)))) (In 5)) (Int (0)));
    (Bin Add (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 20) (Bin Mul (Bin Mul (Bin Mul (In 2) (In 12)) (Bin Mul (In 8) (In 18))) (Int (1))))) (Bin Mul (Bin Mul (In 4) (In 14)) (Int (1))))) (Bin Mul (In 0) (In 10))) (Int (0))) (In 6)) (Int (0)));
    (Bin Add (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 21) (Bin Mul (Bin Mul (Bin Mul (In 3) (In 13)) (Bin Mul (In 9) (In 19))) (Int (1))))) (Bin Mul (Bin Mul (In 5) (In 15)) (Int (1))))) (Bin Mul (In 1) (In 11))) (Int (0))) (In 7)) (Int (0)));
    (Bin Add (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (In 20) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 10)) (Bin Mul (In 6) (In 16))) (Bin Mul (Bin Mul (In 4) (In 14)) (Int (1))))) (Int (0))) (Int (1)))) (Bin Mul (In 2) (In 12))) (Int (0))) (In 8)) (Int (0)));
    (Bin Add (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (In 21) (Bin Mul (Bin Mul (Bin Mul (In 1) (In 11)) (Bin Mul (In 7) (In 17))) (Bin Mul (Bin Mul (In 5) (In 15)) (Int (1))))) (Int (0))) (Int (1)))) (Bin Mul (In 3) (In 13))) (Int (0))) (In 9)) (Int (0)))] |}.

(* (x: f32[7]) -> reduce_prod(x) *)
Definition reduce_prod_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6]%nat;
  cotangents := 7;
  forward := [(Bin Mul (Bin Mul (Bin Mul (In 0) (In 4)) (Bin Mul (In 2) (In 6))) (Bin Mul (Bin Mul (In 1) (In 5)) (Bin Mul (In 3) (Int (1)))))];
  backward := [(Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 7) (Bin Mul (Bin Mul (In 1) (In 5)) (Bin Mul (In 3) (Int (1)))))) (Bin Mul (In 2) (In 6)))) (In 4)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (In 7) (Bin Mul (Bin Mul (In 0) (In 4)) (Bin Mul (In 2) (In 6)))) (Int (0))) (Bin Mul (In 3) (Int (1))))) (In 5)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 7) (Bin Mul (Bin Mul (In 1) (In 5)) (Bin Mul (In 3) (Int (1)))))) (Bin Mul (In 0) (In 4))) (Int (0))) (In 6)));
    (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (Bin Add (Bin Mul (In 7) (Bin Mul (Bin Mul (In 0) (In 4)) (Bin Mul (In 2) (In 6)))) (Int (0))) (Bin Mul (In 1) (In 5))) (Int (0))) (Int (1))));
    (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 7) (Bin Mul (Bin Mul (In 1) (In 5)) (Bin Mul (In 3) (Int (1)))))) (Bin Mul (In 2) (In 6)))) (In 0)) (Int (0)));
    (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (Bin Add (Bin Mul (In 7) (Bin Mul (Bin Mul (In 0) (In 4)) (Bin Mul (In 2) (In 6)))) (Int (0))) (Bin Mul (In 3) (Int (1))))) (In 1)) (Int (0)));
    (Bin Add (Bin Mul (Bin Add (Bin Mul (Bin Add (Int (0)) (Bin Mul (In 7) (Bin Mul (Bin Mul (In 1) (In 5)) (Bin Mul (In 3) (Int (1)))))) (Bin Mul (In 0) (In 4))) (Int (0))) (In 2)) (Int (0)))] |}.

(* (x: f32[2, 0]) -> reduce_prod(x, axes = [1]) *)
Definition reduce_prod_3 : map := {|
  active := []%nat;
  cotangents := 0;
  forward := [(Int (1));
    (Int (1))];
  backward := [] |}.

(* (x: f32[2, 3], target: f32[2, 3]) -> mse(x, target) *)
Definition mse_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (Bin Sub (In 0) (In 6)) (Bin Sub (In 0) (In 6))) (Bin Mul (Bin Sub (In 1) (In 7)) (Bin Sub (In 1) (In 7)))) (Bin Mul (Bin Sub (In 2) (In 8)) (Bin Sub (In 2) (In 8)))) (Bin Mul (Bin Sub (In 3) (In 9)) (Bin Sub (In 3) (In 9)))) (Bin Mul (Bin Sub (In 4) (In 10)) (Bin Sub (In 4) (In 10)))) (Bin Mul (Bin Sub (In 5) (In 11)) (Bin Sub (In 5) (In 11)))) (Int (6)))];
  backward := [(Bin Add (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 0) (In 6))) (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 0) (In 6))));
    (Bin Add (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 1) (In 7))) (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 1) (In 7))));
    (Bin Add (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 2) (In 8))) (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 2) (In 8))));
    (Bin Add (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 3) (In 9))) (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 3) (In 9))));
    (Bin Add (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 4) (In 10))) (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 4) (In 10))));
    (Bin Add (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 5) (In 11))) (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 5) (In 11))));
    (Un Neg (Bin Add (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 0) (In 6))) (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 0) (In 6)))));
    (Un Neg (Bin Add (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 1) (In 7))) (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 1) (In 7)))));
    (Un Neg (Bin Add (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 2) (In 8))) (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 2) (In 8)))));
    (Un Neg (Bin Add (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 3) (In 9))) (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 3) (In 9)))));
    (Un Neg (Bin Add (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 4) (In 10))) (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 4) (In 10)))));
    (Un Neg (Bin Add (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 5) (In 11))) (Bin Mul (Bin Mul (In 12) (Ratio (1) (6))) (Bin Sub (In 5) (In 11)))))] |}.

(* (x: f32[1, 2, 5], w: f32[3, 2, 3]) -> conv(x, w) *)
Definition conv_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23; 24; 25; 26; 27]%nat;
  cotangents := 28;
  forward := [(Bin Add (Bin Mul (In 15) (In 7)) (Bin Add (Bin Mul (In 14) (In 6)) (Bin Add (Bin Mul (In 13) (In 5)) (Bin Add (Bin Mul (In 12) (In 2)) (Bin Add (Bin Mul (In 11) (In 1)) (Bin Add (Bin Mul (In 10) (In 0)) (Int (0))))))));
    (Bin Add (Bin Mul (In 15) (In 8)) (Bin Add (Bin Mul (In 14) (In 7)) (Bin Add (Bin Mul (In 13) (In 6)) (Bin Add (Bin Mul (In 12) (In 3)) (Bin Add (Bin Mul (In 11) (In 2)) (Bin Add (Bin Mul (In 10) (In 1)) (Int (0))))))));
    (Bin Add (Bin Mul (In 15) (In 9)) (Bin Add (Bin Mul (In 14) (In 8)) (Bin Add (Bin Mul (In 13) (In 7)) (Bin Add (Bin Mul (In 12) (In 4)) (Bin Add (Bin Mul (In 11) (In 3)) (Bin Add (Bin Mul (In 10) (In 2)) (Int (0))))))));
    (Bin Add (Bin Mul (In 21) (In 7)) (Bin Add (Bin Mul (In 20) (In 6)) (Bin Add (Bin Mul (In 19) (In 5)) (Bin Add (Bin Mul (In 18) (In 2)) (Bin Add (Bin Mul (In 17) (In 1)) (Bin Add (Bin Mul (In 16) (In 0)) (Int (0))))))));
    (Bin Add (Bin Mul (In 21) (In 8)) (Bin Add (Bin Mul (In 20) (In 7)) (Bin Add (Bin Mul (In 19) (In 6)) (Bin Add (Bin Mul (In 18) (In 3)) (Bin Add (Bin Mul (In 17) (In 2)) (Bin Add (Bin Mul (In 16) (In 1)) (Int (0))))))));
    (Bin Add (Bin Mul (In 21) (In 9)) (Bin Add (Bin Mul (In 20) (In 8)) (Bin Add (Bin Mul (In 19) (In 7)) (Bin Add (Bin Mul (In 18) (In 4)) (Bin Add (Bin Mul (In 17) (In 3)) (Bin Add (Bin Mul (In 16) (In 2)) (Int (0))))))));
    (Bin Add (Bin Mul (In 27) (In 7)) (Bin Add (Bin Mul (In 26) (In 6)) (Bin Add (Bin Mul (In 25) (In 5)) (Bin Add (Bin Mul (In 24) (In 2)) (Bin Add (Bin Mul (In 23) (In 1)) (Bin Add (Bin Mul (In 22) (In 0)) (Int (0))))))));
    (Bin Add (Bin Mul (In 27) (In 8)) (Bin Add (Bin Mul (In 26) (In 7)) (Bin Add (Bin Mul (In 25) (In 6)) (Bin Add (Bin Mul (In 24) (In 3)) (Bin Add (Bin Mul (In 23) (In 2)) (Bin Add (Bin Mul (In 22) (In 1)) (Int (0))))))));
    (Bin Add (Bin Mul (In 27) (In 9)) (Bin Add (Bin Mul (In 26) (In 8)) (Bin Add (Bin Mul (In 25) (In 7)) (Bin Add (Bin Mul (In 24) (In 4)) (Bin Add (Bin Mul (In 23) (In 3)) (Bin Add (Bin Mul (In 22) (In 2)) (Int (0))))))))];
  backward := [(Bin Add (Bin Add (Bin Add (Bin Mul (In 22) (In 34)) (Bin Add (Bin Mul (In 16) (In 31)) (Bin Add (Bin Mul (In 10) (In 28)) (Int (0))))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 22) (In 35)) (Bin Add (Bin Mul (In 16) (In 32)) (Bin Add (Bin Mul (In 10) (In 29)) (Int (0))))) (Bin Add (Bin Mul (In 23) (In 34)) (Bin Add (Bin Mul (In 17) (In 31)) (Bin Add (Bin Mul (In 11) (In 28)) (Int (0)))))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 22) (In 36)) (Bin Add (Bin Mul (In 16) (In 33)) (Bin Add (Bin Mul (In 10) (In 30)) (Int (0))))) (Bin Add (Bin Mul (In 23) (In 35)) (Bin Add (Bin Mul (In 17) (In 32)) (Bin Add (Bin Mul (In 11) (In 29)) (Int (0)))))) (Bin Add (Bin Mul (In 24) (In 34)) (Bin Add (Bin Mul (In 18) (In 31)) (Bin Add (Bin Mul (In 12) (In 28)) (Int (0))))));
    (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 23) (In 36)) (Bin Add (Bin Mul (In 17) (In 33)) (Bin Add (Bin Mul (In 11) (In 30)) (Int (0)))))) (Bin Add (Bin Mul (In 24) (In 35)) (Bin Add (Bin Mul (In 18) (In 32)) (Bin Add (Bin Mul (In 12) (In 29)) (Int (0))))));
    (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 24) (In 36)) (Bin Add (Bin Mul (In 18) (In 33)) (Bin Add (Bin Mul (In 12) (In 30)) (Int (0))))));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 25) (In 34)) (Bin Add (Bin Mul (In 19) (In 31)) (Bin Add (Bin Mul (In 13) (In 28)) (Int (0))))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 25) (In 35)) (Bin Add (Bin Mul (In 19) (In 32)) (Bin Add (Bin Mul (In 13) (In 29)) (Int (0))))) (Bin Add (Bin Mul (In 26) (In 34)) (Bin Add (Bin Mul (In 20) (In 31)) (Bin Add (Bin Mul (In 14) (In 28)) (Int (0)))))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 25) (In 36)) (Bin Add (Bin Mul (In 19) (In 33)) (Bin Add (Bin Mul (In 13) (In 30)) (Int (0))))) (Bin Add (Bin Mul (In 26) (In 35)) (Bin Add (Bin Mul (In 20) (In 32)) (Bin Add (Bin Mul (In 14) (In 29)) (Int (0)))))) (Bin Add (Bin Mul (In 27) (In 34)) (Bin Add (Bin Mul (In 21) (In 31)) (Bin Add (Bin Mul (In 15) (In 28)) (Int (0))))));
    (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 26) (In 36)) (Bin Add (Bin Mul (In 20) (In 33)) (Bin Add (Bin Mul (In 14) (In 30)) (Int (0)))))) (Bin Add (Bin Mul (In 27) (In 35)) (Bin Add (Bin Mul (In 21) (In 32)) (Bin Add (Bin Mul (In 15) (In 29)) (Int (0))))));
    (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 27) (In 36)) (Bin Add (Bin Mul (In 21) (In 33)) (Bin Add (Bin Mul (In 15) (In 30)) (Int (0))))));
    (Bin Add (Bin Mul (In 30) (In 2)) (Bin Add (Bin Mul (In 29) (In 1)) (Bin Add (Bin Mul (In 28) (In 0)) (Int (0)))));
    (Bin Add (Bin Mul (In 30) (In 3)) (Bin Add (Bin Mul (In 29) (In 2)) (Bin Add (Bin Mul (In 28) (In 1)) (Int (0)))));
    (Bin Add (Bin Mul (In 30) (In 4)) (Bin Add (Bin Mul (In 29) (In 3)) (Bin Add (Bin Mul (In 28) (In 2)) (Int (0)))));
    (Bin Add (Bin Mul (In 30) (In 7)) (Bin Add (Bin Mul (In 29) (In 6)) (Bin Add (Bin Mul (In 28) (In 5)) (Int (0)))));
    (Bin Add (Bin Mul (In 30) (In 8)) (Bin Add (Bin Mul (In 29) (In 7)) (Bin Add (Bin Mul (In 28) (In 6)) (Int (0)))));
    (Bin Add (Bin Mul (In 30) (In 9)) (Bin Add (Bin Mul (In 29) (In 8)) (Bin Add (Bin Mul (In 28) (In 7)) (Int (0)))));
    (Bin Add (Bin Mul (In 33) (In 2)) (Bin Add (Bin Mul (In 32) (In 1)) (Bin Add (Bin Mul (In 31) (In 0)) (Int (0)))));
    (Bin Add (Bin Mul (In 33) (In 3)) (Bin Add (Bin Mul (In 32) (In 2)) (Bin Add (Bin Mul (In 31) (In 1)) (Int (0)))));
    (Bin Add (Bin Mul (In 33) (In 4)) (Bin Add (Bin Mul (In 32) (In 3)) (Bin Add (Bin Mul (In 31) (In 2)) (Int (0)))));
    (Bin Add (Bin Mul (In 33) (In 7)) (Bin Add (Bin Mul (In 32) (In 6)) (Bin Add (Bin Mul (In 31) (In 5)) (Int (0)))));
    (Bin Add (Bin Mul (In 33) (In 8)) (Bin Add (Bin Mul (In 32) (In 7)) (Bin Add (Bin Mul (In 31) (In 6)) (Int (0)))));
    (Bin Add (Bin Mul (In 33) (In 9)) (Bin Add (Bin Mul (In 32) (In 8)) (Bin Add (Bin Mul (In 31) (In 7)) (Int (0)))));
    (Bin Add (Bin Mul (In 36) (In 2)) (Bin Add (Bin Mul (In 35) (In 1)) (Bin Add (Bin Mul (In 34) (In 0)) (Int (0)))));
    (Bin Add (Bin Mul (In 36) (In 3)) (Bin Add (Bin Mul (In 35) (In 2)) (Bin Add (Bin Mul (In 34) (In 1)) (Int (0)))));
    (Bin Add (Bin Mul (In 36) (In 4)) (Bin Add (Bin Mul (In 35) (In 3)) (Bin Add (Bin Mul (In 34) (In 2)) (Int (0)))));
    (Bin Add (Bin Mul (In 36) (In 7)) (Bin Add (Bin Mul (In 35) (In 6)) (Bin Add (Bin Mul (In 34) (In 5)) (Int (0)))));
    (Bin Add (Bin Mul (In 36) (In 8)) (Bin Add (Bin Mul (In 35) (In 7)) (Bin Add (Bin Mul (In 34) (In 6)) (Int (0)))));
    (Bin Add (Bin Mul (In 36) (In 9)) (Bin Add (Bin Mul (In 35) (In 8)) (Bin Add (Bin Mul (In 34) (In 7)) (Int (0)))))] |}.

(* (x: f32[1, 2, 4, 5], w: f32[2, 2, 2, 3]) -> conv(x, w, stride = [1, 2], padding = [0, 1, 2, 0], dilation = [2, 1]) *)
Definition conv_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23; 24; 25; 26; 27; 28; 29; 30; 31; 32; 33; 34; 35; 36; 37; 38; 39; 40; 41; 42; 43; 44; 45; 46; 47; 48; 49; 50; 51; 52; 53; 54; 55; 56; 57; 58; 59; 60; 61; 62; 63]%nat;
  cotangents := 64;
  forward := [(Bin Add (Bin Mul (In 51) (In 31)) (Bin Add (Bin Mul (In 50) (In 30)) (Bin Add (Bin Mul (In 49) (Int (0))) (Bin Add (Bin Mul (In 48) (In 21)) (Bin Add (Bin Mul (In 47) (In 20)) (Bin Add (Bin Mul (In 46) (Int (0))) (Bin Add (Bin Mul (In 45) (In 11)) (Bin Add (Bin Mul (In 44) (In 10)) (Bin Add (Bin Mul (In 43) (Int (0))) (Bin Add (Bin Mul (In 42) (In 1)) (Bin Add (Bin Mul (In 41) (In 0)) (Bin Add (Bin Mul (In 40) (Int (0))) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 51) (In 33)) (Bin Add (Bin Mul (In 50) (In 32)) (Bin Add (Bin Mul (In 49) (In 31)) (Bin Add (Bin Mul (In 48) (In 23)) (Bin Add (Bin Mul (In 47) (In 22)) (Bin Add (Bin Mul (In 46) (In 21)) (Bin Add (Bin Mul (In 45) (In 13)) (Bin Add (Bin Mul (In 44) (In 12)) (Bin Add (Bin Mul (In 43) (In 11)) (Bin Add (Bin Mul (In 42) (In 3)) (Bin Add (Bin Mul (In 41) (In 2)) (Bin Add (Bin Mul (In 40) (In 1)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 51) (In 36)) (Bin Add (Bin Mul (In 50) (In 35)) (Bin Add (Bin Mul (In 49) (Int (0))) (Bin Add (Bin Mul (In 48) (In 26)) (Bin Add (Bin Mul (In 47) (In 25)) (Bin Add (Bin Mul (In 46) (Int (0))) (Bin Add (Bin Mul (In 45) (In 16)) (Bin Add (Bin Mul (In 44) (In 15)) (Bin Add (Bin Mul (In 43) (Int (0))) (Bin Add (Bin Mul (In 42) (In 6)) (Bin Add (Bin Mul (In 41) (In 5)) (Bin Add (Bin Mul (In 40) (Int (0))) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 51) (In 38)) (Bin Add (Bin Mul (In 50) (In 37)) (Bin Add (Bin Mul (In 49) (In 36)) (Bin Add (Bin Mul (In 48) (In 28)) (Bin Add (Bin Mul (In 47) (In 27)) (Bin Add (Bin Mul (In 46) (In 26)) (Bin Add (Bin Mul (In 45) (In 18)) (Bin Add (Bin Mul (In 44) (In 17)) (Bin Add (Bin Mul (In 43) (In 16)) (Bin Add (Bin Mul (In 42) (In 8)) (Bin Add (Bin Mul (In 41) (In 7)) (Bin Add (Bin Mul (In 40) (In 6)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 51) (Int (0))) (Bin Add (Bin Mul (In 50) (Int (0))) (Bin Add (Bin Mul (In 49) (Int (0))) (Bin Add (Bin Mul (In 48) (In 31)) (Bin Add (Bin Mul (In 47) (In 30)) (Bin Add (Bin Mul (In 46) (Int (0))) (Bin Add (Bin Mul (In 45) (Int (0))) (Bin Add (Bin Mul (In 44) (Int (0))) (Bin Add (Bin Mul (In 43) (Int (0))) (Bin Add (Bin Mul (In 42) (In 11)) (Bin Add (Bin Mul (In 41) (In 10)) (Bin Add (Bin Mul (In 40) (Int (0))) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 51) (Int (0))) (Bin Add (Bin Mul (In 50) (Int (0))) (Bin Add (Bin Mul (In 49) (Int (0))) (Bin Add (Bin Mul (In 48) (In 33)) (Bin Add (Bin Mul (In 47) (In 32)) (Bin Add (Bin Mul (In 46) (In 31)) (Bin Add (Bin Mul (In 45) (Int (0))) (Bin Add (Bin Mul (In 44) (Int (0))) (Bin Add (Bin Mul (In 43) (Int (0))) (Bin Add (Bin Mul (In 42) (In 13)) (Bin Add (Bin Mul (In 41) (In 12)) (Bin Add (Bin Mul (In 40) (In 11)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 51) (Int (0))) (Bin Add (Bin Mul (In 50) (Int (0))) (Bin Add (Bin Mul (In 49) (Int (0))) (Bin Add (Bin Mul (In 48) (In 36)) (Bin Add (Bin Mul (In 47) (In 35)) (Bin Add (Bin Mul (In 46) (Int (0))) (Bin Add (Bin Mul (In 45) (Int (0))) (Bin Add (Bin Mul (In 44) (Int (0))) (Bin Add (Bin Mul (In 43) (Int (0))) (Bin Add (Bin Mul (In 42) (In 16)) (Bin Add (Bin Mul (In 41) (In 15)) (Bin Add (Bin Mul (In 40) (Int (0))) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 51) (Int (0))) (Bin Add (Bin Mul (In 50) (Int (0))) (Bin Add (Bin Mul (In 49) (Int (0))) (Bin Add (Bin Mul (In 48) (In 38)) (Bin Add (Bin Mul (In 47) (In 37)) (Bin Add (Bin Mul (In 46) (In 36)) (Bin Add (Bin Mul (In 45) (Int (0))) (Bin Add (Bin Mul (In 44) (Int (0))) (Bin Add (Bin Mul (In 43) (Int (0))) (Bin Add (Bin Mul (In 42) (In 18)) (Bin Add (Bin Mul (In 41) (In 17)) (Bin Add (Bin Mul (In 40) (In 16)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 63) (In 31)) (Bin Add (Bin Mul (In 62) (In 30)) (Bin Add (Bin Mul (In 61) (Int (0))) (Bin Add (Bin Mul (In 60) (In 21)) (Bin Add (Bin Mul (In 59) (In 20)) (Bin Add (Bin Mul (In 58) (Int (0))) (Bin Add (Bin Mul (In 57) (In 11)) (Bin Add (Bin Mul (In 56) (In 10)) (Bin Add (Bin Mul (In 55) (Int (0))) (Bin Add (Bin Mul (In 54) (In 1)) (Bin Add (Bin Mul (In 53) (In 0)) (Bin Add (Bin Mul (In 52) (Int (0))) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 63) (In 33)) (Bin Add (Bin Mul (In 62) (In 32)) (Bin Add (Bin Mul (In 61) (In 31)) (Bin Add (Bin Mul (In 60) (In 23)) (Bin Add (Bin Mul (In 59) (In 22)) (Bin Add (Bin Mul (In 58) (In 21)) (Bin Add (Bin Mul (In 57) (In 13)) (Bin Add (Bin Mul (In 56) (In 12)) (Bin Add (Bin Mul (In 55) (In 11)) (Bin Add (Bin Mul (In 54) (In 3)) (Bin Add (Bin Mul (In 53) (In 2)) (Bin Add (Bin Mul (In 52) (In 1)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 63) (In 36)) (Bin Add (Bin Mul (In 62) (In 35)) (Bin Add (Bin Mul (In 61) (Int (0))) (Bin Add (Bin Mul (In 60) (In 26)) (Bin Add (Bin Mul (In 59) (In 25)) (Bin Add (Bin Mul (In 58) (Int (0))) (Bin Add (Bin Mul (In 57) (In 16)) (Bin Add (Bin Mul (In 56) (In 15)) (Bin Add (Bin Mul (In 55) (Int (0))) (Bin Add (Bin Mul (In 54) (In 6)) (Bin Add (Bin Mul (In 53) (In 5)) (Bin Add (Bin Mul (In 52) (Int (0))) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 63) (In 38)) (Bin Add (Bin Mul (In 62) (In 37)) (Bin Add (Bin Mul (In 61) (In 36)) (Bin Add (Bin Mul (In 60) (In 28)) (Bin Add (Bin Mul (In 59) (In 27)) (Bin Add (Bin Mul (In 58) (In 26)) (Bin Add (Bin Mul (In 57) (In 18)) (Bin Add (Bin Mul (In 56) (In 17)) (Bin Add (Bin Mul (In 55) (In 16)) (Bin Add (Bin Mul (In 54) (In 8)) (Bin Add (Bin Mul (In 53) (In 7)) (Bin Add (Bin Mul (In 52) (In 6)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 63) (Int (0))) (Bin Add (Bin Mul (In 62) (Int (0))) (Bin Add (Bin Mul (In 61) (Int (0))) (Bin Add (Bin Mul (In 60) (In 31)) (Bin Add (Bin Mul (In 59) (In 30)) (Bin Add (Bin Mul (In 58) (Int (0))) (Bin Add (Bin Mul (In 57) (Int (0))) (Bin Add (Bin Mul (In 56) (Int (0))) (Bin Add (Bin Mul (In 55) (Int (0))) (Bin Add (Bin Mul (In 54) (In 11)) (Bin Add (Bin Mul (In 53) (In 10)) (Bin Add (Bin Mul (In 52) (Int (0))) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 63) (Int (0))) (Bin Add (Bin Mul (In 62) (Int (0))) (Bin Add (Bin Mul (In 61) (Int (0))) (Bin Add (Bin Mul (In 60) (In 33)) (Bin Add (Bin Mul (In 59) (In 32)) (Bin Add (Bin Mul (In 58) (In 31)) (Bin Add (Bin Mul (In 57) (Int (0))) (Bin Add (Bin Mul (In 56) (Int (0))) (Bin Add (Bin Mul (In 55) (Int (0))) (Bin Add (Bin Mul (In 54) (In 13)) (Bin Add (Bin Mul (In 53) (In 12)) (Bin Add (Bin Mul (In 52) (In 11)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 63) (Int (0))) (Bin Add (Bin Mul (In 62) (Int (0))) (Bin Add (Bin Mul (In 61) (Int (0))) (Bin Add (Bin Mul (In 60) (In 36)) (Bin Add (Bin Mul (In 59) (In 35)) (Bin Add (Bin Mul (In 58) (Int (0))) (Bin Add (Bin Mul (In 57) (Int (0))) (Bin Add (Bin Mul (In 56) (Int (0))) (Bin Add (Bin Mul (In 55) (Int (0))) (Bin Add (Bin Mul (In 54) (In 16)) (Bin Add (Bin Mul (In 53) (In 15)) (Bin Add (Bin Mul (In 52) (Int (0))) (Int (0))))))))))))));
    (Bin Add (Bin Mul (In 63) (Int (0))) (Bin Add (Bin Mul (In 62) (Int (0))) (Bin Add (Bin Mul (In 61) (Int (0))) (Bin Add (Bin Mul (In 60) (In 38)) (Bin Add (Bin Mul (In 59) (In 37)) (Bin Add (Bin Mul (In 58) (In 36)) (Bin Add (Bin Mul (In 57) (Int (0))) (Bin Add (Bin Mul (In 56) (Int (0))) (Bin Add (Bin Mul (In 55) (Int (0))) (Bin Add (Bin Mul (In 54) (In 18)) (Bin Add (Bin Mul (In 53) (In 17)) (Bin Add (Bin Mul (In 52) (In 16)) (Int (0))))))))))))))];
  backward := [(Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 53) (In 72)) (Bin Add (Bin Mul (In 41) (In 64)) (Int (0))))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 52) (In 73)) (Bin Add (Bin Mul (In 40) (In 65)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 54) (In 72)) (Bin Add (Bin Mul (In 42) (In 64)) (Int (0))))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 53) (In 73)) (Bin Add (Bin Mul (In 41) (In 65)) (Int (0))))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 54) (In 73)) (Bin Add (Bin Mul (In 42) (In 65)) (Int (0))))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 53) (In 74)) (Bin Add (Bin Mul (In 41) (In 66)) (Int (0))))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 52) (In 75)) (Bin Add (Bin Mul (In 40) (In 67)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 54) (In 74)) (Bin Add (Bin Mul (In 42) (In 66)) (Int (0))))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 53) (In 75)) (Bin Add (Bin Mul (In 41) (In 67)) (Int (0))))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 54) (In 75)) (Bin Add (Bin Mul (In 42) (In 67)) (Int (0))))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 53) (In 76)) (Bin Add (Bin Mul (In 41) (In 68)) (Int (0))))) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 56) (In 72)) (Bin Add (Bin Mul (In 44) (In 64)) (Int (0))))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 52) (In 77)) (Bin Add (Bin Mul (In 40) (In 69)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 54) (In 76)) (Bin Add (Bin Mul (In 42) (In 68)) (Int (0))))) (Bin Add (Bin Mul (In 55) (In 73)) (Bin Add (Bin Mul (In 43) (In 65)) (Int (0))))) (Int (0))) (Bin Add (Bin Mul (In 57) (In 72)) (Bin Add (Bin Mul (In 45) (In 64)) (Int (0)))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 53) (In 77)) (Bin Add (Bin Mul (In 41) (In 69)) (Int (0))))) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 56) (In 73)) (Bin Add (Bin Mul (In 44) (In 65)) (Int (0))))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 54) (In 77)) (Bin Add (Bin Mul (In 42) (In 69)) (Int (0))))) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 57) (In 73)) (Bin Add (Bin Mul (In 45) (In 65)) (Int (0)))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 53) (In 78)) (Bin Add (Bin Mul (In 41) (In 70)) (Int (0))))) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 56) (In 74)) (Bin Add (Bin Mul (In 44) (In 66)) (Int (0))))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 52) (In 79)) (Bin Add (Bin Mul (In 40) (In 71)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 54) (In 78)) (Bin Add (Bin Mul (In 42) (In 70)) (Int (0))))) (Bin Add (Bin Mul (In 55) (In 75)) (Bin Add (Bin Mul (In 43) (In 67)) (Int (0))))) (Int (0))) (Bin Add (Bin Mul (In 57) (In 74)) (Bin Add (Bin Mul (In 45) (In 66)) (Int (0)))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 53) (In 79)) (Bin Add (Bin Mul (In 41) (In 71)) (Int (0))))) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 56) (In 75)) (Bin Add (Bin Mul (In 44) (In 67)) (Int (0))))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 54) (In 79)) (Bin Add (Bin Mul (In 42) (In 71)) (Int (0))))) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 57) (In 75)) (Bin Add (Bin Mul (In 45) (In 67)) (Int (0)))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 59) (In 72)) (Bin Add (Bin Mul (In 47) (In 64)) (Int (0))))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 58) (In 73)) (Bin Add (Bin Mul (In 46) (In 65)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 60) (In 72)) (Bin Add (Bin Mul (In 48) (In 64)) (Int (0))))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 59) (In 73)) (Bin Add (Bin Mul (In 47) (In 65)) (Int (0))))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 60) (In 73)) (Bin Add (Bin Mul (In 48) (In 65)) (Int (0))))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 59) (In 74)) (Bin Add (Bin Mul (In 47) (In 66)) (Int (0))))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 58) (In 75)) (Bin Add (Bin Mul (In 46) (In 67)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 60) (In 74)) (Bin Add (Bin Mul (In 48) (In 66)) (Int (0))))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 59) (In 75)) (Bin Add (Bin Mul (In 47) (In 67)) (Int (0))))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 60) (In 75)) (Bin Add (Bin Mul (In 48) (In 67)) (Int (0))))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 59) (In 76)) (Bin Add (Bin Mul (In 47) (In 68)) (Int (0))))) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 62) (In 72)) (Bin Add (Bin Mul (In 50) (In 64)) (Int (0))))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 58) (In 77)) (Bin Add (Bin Mul (In 46) (In 69)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 60) (In 76)) (Bin Add (Bin Mul (In 48) (In 68)) (Int (0))))) (Bin Add (Bin Mul (In 61) (In 73)) (Bin Add (Bin Mul (In 49) (In 65)) (Int (0))))) (Int (0))) (Bin Add (Bin Mul (In 63) (In 72)) (Bin Add (Bin Mul (In 51) (In 64)) (Int (0)))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 59) (In 77)) (Bin Add (Bin Mul (In 47) (In 69)) (Int (0))))) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 62) (In 73)) (Bin Add (Bin Mul (In 50) (In 65)) (Int (0))))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 60) (In 77)) (Bin Add (Bin Mul (In 48) (In 69)) (Int (0))))) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 63) (In 73)) (Bin Add (Bin Mul (In 51) (In 65)) (Int (0)))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 59) (In 78)) (Bin Add (Bin Mul (In 47) (In 70)) (Int (0))))) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 62) (In 74)) (Bin Add (Bin Mul (In 50) (In 66)) (Int (0))))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 58) (In 79)) (Bin Add (Bin Mul (In 46) (In 71)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 60) (In 78)) (Bin Add (Bin Mul (In 48) (In 70)) (Int (0))))) (Bin Add (Bin Mul (In 61) (In 75)) (Bin Add (Bin Mul (In 49) (In 67)) (Int (0))))) (Int (0))) (Bin Add (Bin Mul (In 63) (In 74)) (Bin Add (Bin Mul (In 51) (In 66)) (Int (0)))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 59) (In 79)) (Bin Add (Bin Mul (In 47) (In 71)) (Int (0))))) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 62) (In 75)) (Bin Add (Bin Mul (In 50) (In 67)) (Int (0))))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 60) (In 79)) (Bin Add (Bin Mul (In 48) (In 71)) (Int (0))))) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 63) (In 75)) (Bin Add (Bin Mul (In 51) (In 67)) (Int (0)))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Mul (In 71) (In 16)) (Bin Add (Bin Mul (In 70) (Int (0))) (Bin Add (Bin Mul (In 69) (In 11)) (Bin Add (Bin Mul (In 68) (Int (0))) (Bin Add (Bin Mul (In 67) (In 6)) (Bin Add (Bin Mul (In 66) (Int (0))) (Bin Add (Bin Mul (In 65) (In 1)) (Bin Add (Bin Mul (In 64) (Int (0))) (Int (0))))))))));
    (Bin Add (Bin Mul (In 71) (In 17)) (Bin Add (Bin Mul (In 70) (In 15)) (Bin Add (Bin Mul (In 69) (In 12)) (Bin Add (Bin Mul (In 68) (In 10)) (Bin Add (Bin Mul (In 67) (In 7)) (Bin Add (Bin Mul (In 66) (In 5)) (Bin Add (Bin Mul (In 65) (In 2)) (Bin Add (Bin Mul (In 64) (In 0)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 71) (In 18)) (Bin Add (Bin Mul (In 70) (In 16)) (Bin Add (Bin Mul (In 69) (In 13)) (Bin Add (Bin Mul (In 68) (In 11)) (Bin Add (Bin Mul (In 67) (In 8)) (Bin Add (Bin Mul (In 66) (In 6)) (Bin Add (Bin Mul (In 65) (In 3)) (Bin Add (Bin Mul (In 64) (In 1)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 71) (Int (0))) (Bin Add (Bin Mul (In 70) (Int (0))) (Bin Add (Bin Mul (In 69) (Int (0))) (Bin Add (Bin Mul (In 68) (Int (0))) (Bin Add (Bin Mul (In 67) (In 16)) (Bin Add (Bin Mul (In 66) (Int (0))) (Bin Add (Bin Mul (In 65) (In 11)) (Bin Add (Bin Mul (In 64) (Int (0))) (Int (0))))))))));
    (Bin Add (Bin Mul (In 71) (Int (0))) (Bin Add (Bin Mul (In 70) (Int (0))) (Bin Add (Bin Mul (In 69) (Int (0))) (Bin Add (Bin Mul (In 68) (Int (0))) (Bin Add (Bin Mul (In 67) (In 17)) (Bin Add (Bin Mul (In 66) (In 15)) (Bin Add (Bin Mul (In 65) (In 12)) (Bin Add (Bin Mul (In 64) (In 10)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 71) (Int (0))) (Bin Add (Bin Mul (In 70) (Int (0))) (Bin Add (Bin Mul (In 69) (Int (0))) (Bin Add (Bin Mul (In 68) (Int (0))) (Bin Add (Bin Mul (In 67) (In 18)) (Bin Add (Bin Mul (In 66) (In 16)) (Bin Add (Bin Mul (In 65) (In 13)) (Bin Add (Bin Mul (In 64) (In 11)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 71) (In 36)) (Bin Add (Bin Mul (In 70) (Int (0))) (Bin Add (Bin Mul (In 69) (In 31)) (Bin Add (Bin Mul (In 68) (Int (0))) (Bin Add (Bin Mul (In 67) (In 26)) (Bin Add (Bin Mul (In 66) (Int (0))) (Bin Add (Bin Mul (In 65) (In 21)) (Bin Add (Bin Mul (In 64) (Int (0))) (Int (0))))))))));
    (Bin Add (Bin Mul (In 71) (In 37)) (Bin Add (Bin Mul (In 70) (In 35)) (Bin Add (Bin Mul (In 69) (In 32)) (Bin Add (Bin Mul (In 68) (In 30)) (Bin Add (Bin Mul (In 67) (In 27)) (Bin Add (Bin Mul (In 66) (In 25)) (Bin Add (Bin Mul (In 65) (In 22)) (Bin Add (Bin Mul (In 64) (In 20)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 71) (In 38)) (Bin Add (Bin Mul (In 70) (In 36)) (Bin Add (Bin Mul (In 69) (In 33)) (Bin Add (Bin Mul (In 68) (In 31)) (Bin Add (Bin Mul (In 67) (In 28)) (Bin Add (Bin Mul (In 66) (In 26)) (Bin Add (Bin Mul (In 65) (In 23)) (Bin Add (Bin Mul (In 64) (In 21)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 71) (Int (0))) (Bin Add (Bin Mul (In 70) (Int (0))) (Bin Add (Bin Mul (In 69) (Int (0))) (Bin Add (Bin Mul (In 68) (Int (0))) (Bin Add (Bin Mul (In 67) (In 36)) (Bin Add (Bin Mul (In 66) (Int (0))) (Bin Add (Bin Mul (In 65) (In 31)) (Bin Add (Bin Mul (In 64) (Int (0))) (Int (0))))))))));
    (Bin Add (Bin Mul (In 71) (Int (0))) (Bin Add (Bin Mul (In 70) (Int (0))) (Bin Add (Bin Mul (In 69) (Int (0))) (Bin Add (Bin Mul (In 68) (Int (0))) (Bin Add (Bin Mul (In 67) (In 37)) (Bin Add (Bin Mul (In 66) (In 35)) (Bin Add (Bin Mul (In 65) (In 32)) (Bin Add (Bin Mul (In 64) (In 30)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 71) (Int (0))) (Bin Add (Bin Mul (In 70) (Int (0))) (Bin Add (Bin Mul (In 69) (Int (0))) (Bin Add (Bin Mul (In 68) (Int (0))) (Bin Add (Bin Mul (In 67) (In 38)) (Bin Add (Bin Mul (In 66) (In 36)) (Bin Add (Bin Mul (In 65) (In 33)) (Bin Add (Bin Mul (In 64) (In 31)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 79) (In 16)) (Bin Add (Bin Mul (In 78) (Int (0))) (Bin Add (Bin Mul (In 77) (In 11)) (Bin Add (Bin Mul (In 76) (Int (0))) (Bin Add (Bin Mul (In 75) (In 6)) (Bin Add (Bin Mul (In 74) (Int (0))) (Bin Add (Bin Mul (In 73) (In 1)) (Bin Add (Bin Mul (In 72) (Int (0))) (Int (0))))))))));
    (Bin Add (Bin Mul (In 79) (In 17)) (Bin Add (Bin Mul (In 78) (In 15)) (Bin Add (Bin Mul (In 77) (In 12)) (Bin Add (Bin Mul (In 76) (In 10)) (Bin Add (Bin Mul (In 75) (In 7)) (Bin Add (Bin Mul (In 74) (In 5)) (Bin Add (Bin Mul (In 73) (In 2)) (Bin Add (Bin Mul (In 72) (In 0)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 79) (In 18)) (Bin Add (Bin Mul (In 78) (In 16)) (Bin Add (Bin Mul (In 77) (In 13)) (Bin Add (Bin Mul (In 76) (In 11)) (Bin Add (Bin Mul (In 75) (In 8)) (Bin Add (Bin Mul (In 74) (In 6)) (Bin Add (Bin Mul (In 73) (In 3)) (Bin Add (Bin Mul (In 72) (In 1)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 79) (Int (0))) (Bin Add (Bin Mul (In 78) (Int (0))) (Bin Add (Bin Mul (In 77) (Int (0))) (Bin Add (Bin Mul (In 76) (Int (0))) (Bin Add (Bin Mul (In 75) (In 16)) (Bin Add (Bin Mul (In 74) (Int (0))) (Bin Add (Bin Mul (In 73) (In 11)) (Bin Add (Bin Mul (In 72) (Int (0))) (Int (0))))))))));
    (Bin Add (Bin Mul (In 79) (Int (0))) (Bin Add (Bin Mul (In 78) (Int (0))) (Bin Add (Bin Mul (In 77) (Int (0))) (Bin Add (Bin Mul (In 76) (Int (0))) (Bin Add (Bin Mul (In 75) (In 17)) (Bin Add (Bin Mul (In 74) (In 15)) (Bin Add (Bin Mul (In 73) (In 12)) (Bin Add (Bin Mul (In 72) (In 10)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 79) (Int (0))) (Bin Add (Bin Mul (In 78) (Int (0))) (Bin Add (Bin Mul (In 77) (Int (0))) (Bin Add (Bin Mul (In 76) (Int (0))) (Bin Add (Bin Mul (In 75) (In 18)) (Bin Add (Bin Mul (In 74) (In 16)) (Bin Add (Bin Mul (In 73) (In 13)) (Bin Add (Bin Mul (In 72) (In 11)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 79) (In 36)) (Bin Add (Bin Mul (In 78) (Int (0))) (Bin Add (Bin Mul (In 77) (In 31)) (Bin Add (Bin Mul (In 76) (Int (0))) (Bin Add (Bin Mul (In 75) (In 26)) (Bin Add (Bin Mul (In 74) (Int (0))) (Bin Add (Bin Mul (In 73) (In 21)) (Bin Add (Bin Mul (In 72) (Int (0))) (Int (0))))))))));
    (Bin Add (Bin Mul (In 79) (In 37)) (Bin Add (Bin Mul (In 78) (In 35)) (Bin Add (Bin Mul (In 77) (In 32)) (Bin Add (Bin Mul (In 76) (In 30)) (Bin Add (Bin Mul (In 75) (In 27)) (Bin Add (Bin Mul (In 74) (In 25)) (Bin Add (Bin Mul (In 73) (In 22)) (Bin Add (Bin Mul (In 72) (In 20)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 79) (In 38)) (Bin Add (Bin Mul (In 78) (In 36)) (Bin Add (Bin Mul (In 77) (In 33)) (Bin Add (Bin Mul (In 76) (In 31)) (Bin Add (Bin Mul (In 75) (In 28)) (Bin Add (Bin Mul (In 74) (In 26)) (Bin Add (Bin Mul (In 73) (In 23)) (Bin Add (Bin Mul (In 72) (In 21)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 79) (Int (0))) (Bin Add (Bin Mul (In 78) (Int (0))) (Bin Add (Bin Mul (In 77) (Int (0))) (Bin Add (Bin Mul (In 76) (Int (0))) (Bin Add (Bin Mul (In 75) (In 36)) (Bin Add (Bin Mul (In 74) (Int (0))) (Bin Add (Bin Mul (In 73) (In 31)) (Bin Add (Bin Mul (In 72) (Int (0))) (Int (0))))))))));
    (Bin Add (Bin Mul (In 79) (Int (0))) (Bin Add (Bin Mul (In 78) (Int (0))) (Bin Add (Bin Mul (In 77) (Int (0))) (Bin Add (Bin Mul (In 76) (Int (0))) (Bin Add (Bin Mul (In 75) (In 37)) (Bin Add (Bin Mul (In 74) (In 35)) (Bin Add (Bin Mul (In 73) (In 32)) (Bin Add (Bin Mul (In 72) (In 30)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 79) (Int (0))) (Bin Add (Bin Mul (In 78) (Int (0))) (Bin Add (Bin Mul (In 77) (Int (0))) (Bin Add (Bin Mul (In 76) (Int (0))) (Bin Add (Bin Mul (In 75) (In 38)) (Bin Add (Bin Mul (In 74) (In 36)) (Bin Add (Bin Mul (In 73) (In 33)) (Bin Add (Bin Mul (In 72) (In 31)) (Int (0))))))))))] |}.

(* (x: f64[1, 4, 3, 3], w: f64[2, 2, 2, 2]) -> conv(x, w, groups = 2) *)
Definition conv_3 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23; 24; 25; 26; 27; 28; 29; 30; 31; 32; 33; 34; 35; 36; 37; 38; 39; 40; 41; 42; 43; 44; 45; 46; 47; 48; 49; 50; 51]%nat;
  cotangents := 52;
  forward := [(Bin Add (Bin Mul (In 43) (In 13)) (Bin Add (Bin Mul (In 42) (In 12)) (Bin Add (Bin Mul (In 41) (In 10)) (Bin Add (Bin Mul (In 40) (In 9)) (Bin Add (Bin Mul (In 39) (In 4)) (Bin Add (Bin Mul (In 38) (In 3)) (Bin Add (Bin Mul (In 37) (In 1)) (Bin Add (Bin Mul (In 36) (In 0)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 43) (In 14)) (Bin Add (Bin Mul (In 42) (In 13)) (Bin Add (Bin Mul (In 41) (In 11)) (Bin Add (Bin Mul (In 40) (In 10)) (Bin Add (Bin Mul (In 39) (In 5)) (Bin Add (Bin Mul (In 38) (In 4)) (Bin Add (Bin Mul (In 37) (In 2)) (Bin Add (Bin Mul (In 36) (In 1)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 43) (In 16)) (Bin Add (Bin Mul (In 42) (In 15)) (Bin Add (Bin Mul (In 41) (In 13)) (Bin Add (Bin Mul (In 40) (In 12)) (Bin Add (Bin Mul (In 39) (In 7)) (Bin Add (Bin Mul (In 38) (In 6)) (Bin Add (Bin Mul (In 37) (In 4)) (Bin Add (Bin Mul (In 36) (In 3)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 43) (In 17)) (Bin Add (Bin Mul (In 42) (In 16)) (Bin Add (Bin Mul (In 41) (In 14)) (Bin Add (Bin Mul (In 40) (In 13)) (Bin Add (Bin Mul (In 39) (In 8)) (Bin Add (Bin Mul (In 38) (In 7)) (Bin Add (Bin Mul (In 37) (In 5)) (Bin Add (Bin Mul (In 36) (In 4)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 51) (In 31)) (Bin Add (Bin Mul (In 50) (In 30)) (Bin Add (Bin Mul (In 49) (In 28)) (Bin Add (Bin Mul (In 48) (In 27)) (Bin Add (Bin Mul (In 47) (In 22)) (Bin Add (Bin Mul (In 46) (In 21)) (Bin Add (Bin Mul (In 45) (In 19)) (Bin Add (Bin Mul (In 44) (In 18)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 51) (In 32)) (Bin Add (Bin Mul (In 50) (In 31)) (Bin Add (Bin Mul (In 49) (In 29)) (Bin Add (Bin Mul (In 48) (In 28)) (Bin Add (Bin Mul (In 47) (In 23)) (Bin Add (Bin Mul (In 46) (In 22)) (Bin Add (Bin Mul (In 45) (In 20)) (Bin Add (Bin Mul (In 44) (In 19)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 51) (In 34)) (Bin Add (Bin Mul (In 50) (In 33)) (Bin Add (Bin Mul (In 49) (In 31)) (Bin Add (Bin Mul (In 48) (In 30)) (Bin Add (Bin Mul (In 47) (In 25)) (Bin Add (Bin Mul (In 46) (In 24)) (Bin Add (Bin Mul (In 45) (In 22)) (Bin Add (Bin Mul (In 44) (In 21)) (Int (0))))))))));
    (Bin Add (Bin Mul (In 51) (In 35)) (Bin Add (Bin Mul (In 50) (In 34)) (Bin Add (Bin Mul (In 49) (In 32)) (Bin Add (Bin Mul (In 48) (In 31)) (Bin Add (Bin Mul (In 47) (In 26)) (Bin Add (Bin Mul (In 46) (In 25)) (Bin Add (Bin Mul (In 45) (In 23)) (Bin Add (Bin Mul (In 44) (In 22)) (Int (0))))))))))];
  backward := [(Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 36) (In 52)) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 36) (In 53)) (Int (0))) (Bin Add (Bin Mul (In 37) (In 52)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 37) (In 53)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 36) (In 54)) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 38) (In 52)) (Int (0)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 36) (In 55)) (Int (0))) (Bin Add (Bin Mul (In 37) (In 54)) (Int (0)))) (Bin Add (Bin Mul (In 38) (In 53)) (Int (0)))) (Bin Add (Bin Mul (In 39) (In 52)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 37) (In 55)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 39) (In 53)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 38) (In 54)) (Int (0)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 38) (In 55)) (Int (0)))) (Bin Add (Bin Mul (In 39) (In 54)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 39) (In 55)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 40) (In 52)) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 40) (In 53)) (Int (0))) (Bin Add (Bin Mul (In 41) (In 52)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 41) (In 53)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 40) (In 54)) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 42) (In 52)) (Int (0)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 40) (In 55)) (Int (0))) (Bin Add (Bin Mul (In 41) (In 54)) (Int (0)))) (Bin Add (Bin Mul (In 42) (In 53)) (Int (0)))) (Bin Add (Bin Mul (In 43) (In 52)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 41) (In 55)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 43) (In 53)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 42) (In 54)) (Int (0)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 42) (In 55)) (Int (0)))) (Bin Add (Bin Mul (In 43) (In 54)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 43) (In 55)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 44) (In 56)) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 44) (In 57)) (Int (0))) (Bin Add (Bin Mul (In 45) (In 56)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 45) (In 57)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 44) (In 58)) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 46) (In 56)) (Int (0)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 44) (In 59)) (Int (0))) (Bin Add (Bin Mul (In 45) (In 58)) (Int (0)))) (Bin Add (Bin Mul (In 46) (In 57)) (Int (0)))) (Bin Add (Bin Mul (In 47) (In 56)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 45) (In 59)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 47) (In 57)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 46) (In 58)) (Int (0)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 46) (In 59)) (Int (0)))) (Bin Add (Bin Mul (In 47) (In 58)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 47) (In 59)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 48) (In 56)) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 48) (In 57)) (Int (0))) (Bin Add (Bin Mul (In 49) (In 56)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 49) (In 57)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 48) (In 58)) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 50) (In 56)) (Int (0)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 48) (In 59)) (Int (0))) (Bin Add (Bin Mul (In 49) (In 58)) (Int (0)))) (Bin Add (Bin Mul (In 50) (In 57)) (Int (0)))) (Bin Add (Bin Mul (In 51) (In 56)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 49) (In 59)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 51) (In 57)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 50) (In 58)) (Int (0)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Add (Bin Mul (In 50) (In 59)) (Int (0)))) (Bin Add (Bin Mul (In 51) (In 58)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Add (Bin Mul (In 51) (In 59)) (Int (0))));
    (Bin Add (Bin Mul (In 55) (In 4)) (Bin Add (Bin Mul (In 54) (In 3)) (Bin Add (Bin Mul (In 53) (In 1)) (Bin Add (Bin Mul (In 52) (In 0)) (Int (0))))));
    (Bin Add (Bin Mul (In 55) (In 5)) (Bin Add (Bin Mul (In 54) (In 4)) (Bin Add (Bin Mul (In 53) (In 2)) (Bin Add (Bin Mul (In 52) (In 1)) (Int (0))))));
    (Bin Add (Bin Mul (In 55) (In 7)) (Bin Add (Bin Mul (In 54) (In 6)) (Bin Add (Bin Mul (In 53) (In 4)) (Bin Add (Bin Mul (In 52) (In 3)) (Int (0))))));
    (Bin Add (Bin Mul (In 55) (In 8)) (Bin Add (Bin Mul (In 54) (In 7)) (Bin Add (Bin Mul (In 53) (In 5)) (Bin Add (Bin Mul (In 52) (In 4)) (Int (0))))));
    (Bin Add (Bin Mul (In 55) (In 13)) (Bin Add (Bin Mul (In 54) (In 12)) (Bin Add (Bin Mul (In 53) (In 10)) (Bin Add (Bin Mul (In 52) (In 9)) (Int (0))))));
    (Bin Add (Bin Mul (In 55) (In 14)) (Bin Add (Bin Mul (In 54) (In 13)) (Bin Add (Bin Mul (In 53) (In 11)) (Bin Add (Bin Mul (In 52) (In 10)) (Int (0))))));
    (Bin Add (Bin Mul (In 55) (In 16)) (Bin Add (Bin Mul (In 54) (In 15)) (Bin Add (Bin Mul (In 53) (In 13)) (Bin Add (Bin Mul (In 52) (In 12)) (Int (0))))));
    (Bin Add (Bin Mul (In 55) (In 17)) (Bin Add (Bin Mul (In 54) (In 16)) (Bin Add (Bin Mul (In 53) (In 14)) (Bin Add (Bin Mul (In 52) (In 13)) (Int (0))))));
    (Bin Add (Bin Mul (In 59) (In 22)) (Bin Add (Bin Mul (In 58) (In 21)) (Bin Add (Bin Mul (In 57) (In 19)) (Bin Add (Bin Mul (In 56) (In 18)) (Int (0))))));
    (Bin Add (Bin Mul (In 59) (In 23)) (Bin Add (Bin Mul (In 58) (In 22)) (Bin Add (Bin Mul (In 57) (In 20)) (Bin Add (Bin Mul (In 56) (In 19)) (Int (0))))));
    (Bin Add (Bin Mul (In 59) (In 25)) (Bin Add (Bin Mul (In 58) (In 24)) (Bin Add (Bin Mul (In 57) (In 22)) (Bin Add (Bin Mul (In 56) (In 21)) (Int (0))))));
    (Bin Add (Bin Mul (In 59) (In 26)) (Bin Add (Bin Mul (In 58) (In 25)) (Bin Add (Bin Mul (In 57) (In 23)) (Bin Add (Bin Mul (In 56) (In 22)) (Int (0))))));
    (Bin Add (Bin Mul (In 59) (In 31)) (Bin Add (Bin Mul (In 58) (In 30)) (Bin Add (Bin Mul (In 57) (In 28)) (Bin Add (Bin Mul (In 56) (In 27)) (Int (0))))));
    (Bin Add (Bin Mul (In 59) (In 32)) (Bin Add (Bin Mul (In 58) (In 31)) (Bin Add (Bin Mul (In 57) (In 29)) (Bin Add (Bin Mul (In 56) (In 28)) (Int (0))))));
    (Bin Add (Bin Mul (In 59) (In 34)) (Bin Add (Bin Mul (In 58) (In 33)) (Bin Add (Bin Mul (In 57) (In 31)) (Bin Add (Bin Mul (In 56) (In 30)) (Int (0))))));
    (Bin Add (Bin Mul (In 59) (In 35)) (Bin Add (Bin Mul (In 58) (In 34)) (Bin Add (Bin Mul (In 57) (In 32)) (Bin Add (Bin Mul (In 56) (In 31)) (Int (0))))))] |}.

(* (x: f32[1, 1, 9], w: f32[2, 1, 2]) -> conv(x, w, stride = 3) *)
Definition conv_6 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12]%nat;
  cotangents := 13;
  forward := [(Bin Add (Bin Mul (In 10) (In 1)) (Bin Add (Bin Mul (In 9) (In 0)) (Int (0))));
    (Bin Add (Bin Mul (In 10) (In 4)) (Bin Add (Bin Mul (In 9) (In 3)) (Int (0))));
    (Bin Add (Bin Mul (In 10) (In 7)) (Bin Add (Bin Mul (In 9) (In 6)) (Int (0))));
    (Bin Add (Bin Mul (In 12) (In 1)) (Bin Add (Bin Mul (In 11) (In 0)) (Int (0))));
    (Bin Add (Bin Mul (In 12) (In 4)) (Bin Add (Bin Mul (In 11) (In 3)) (Int (0))));
    (Bin Add (Bin Mul (In 12) (In 7)) (Bin Add (Bin Mul (In 11) (In 6)) (Int (0))))];
  backward := [(Bin Add (Bin Add (Bin Mul (In 11) (In 16)) (Bin Add (Bin Mul (In 9) (In 13)) (Int (0)))) (Int (0)));
    (Bin Add (Int (0)) (Bin Add (Bin Mul (In 12) (In 16)) (Bin Add (Bin Mul (In 10) (In 13)) (Int (0)))));
    (Bin Add (Int (0)) (Int (0)));
    (Bin Add (Bin Add (Bin Mul (In 11) (In 17)) (Bin Add (Bin Mul (In 9) (In 14)) (Int (0)))) (Int (0)));
    (Bin Add (Int (0)) (Bin Add (Bin Mul (In 12) (In 17)) (Bin Add (Bin Mul (In 10) (In 14)) (Int (0)))));
    (Bin Add (Int (0)) (Int (0)));
    (Bin Add (Bin Add (Bin Mul (In 11) (In 18)) (Bin Add (Bin Mul (In 9) (In 15)) (Int (0)))) (Int (0)));
    (Bin Add (Int (0)) (Bin Add (Bin Mul (In 12) (In 18)) (Bin Add (Bin Mul (In 10) (In 15)) (Int (0)))));
    (Bin Add (Int (0)) (Int (0)));
    (Bin Add (Bin Mul (In 15) (In 6)) (Bin Add (Bin Mul (In 14) (In 3)) (Bin Add (Bin Mul (In 13) (In 0)) (Int (0)))));
    (Bin Add (Bin Mul (In 15) (In 7)) (Bin Add (Bin Mul (In 14) (In 4)) (Bin Add (Bin Mul (In 13) (In 1)) (Int (0)))));
    (Bin Add (Bin Mul (In 18) (In 6)) (Bin Add (Bin Mul (In 17) (In 3)) (Bin Add (Bin Mul (In 16) (In 0)) (Int (0)))));
    (Bin Add (Bin Mul (In 18) (In 7)) (Bin Add (Bin Mul (In 17) (In 4)) (Bin Add (Bin Mul (In 16) (In 1)) (Int (0)))))] |}.

(* (x: f32[2, 3, 2, 2], w: f32[4, 3, 1, 1]) -> conv(x, w) *)
Definition conv_7 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23; 24; 25; 26; 27; 28; 29; 30; 31; 32; 33; 34; 35]%nat;
  cotangents := 36;
  forward := [(Bin Add (Bin Mul (In 26) (In 8)) (Bin Add (Bin Mul (In 25) (In 4)) (Bin Add (Bin Mul (In 24) (In 0)) (Int (0)))));
    (Bin Add (Bin Mul (In 26) (In 9)) (Bin Add (Bin Mul (In 25) (In 5)) (Bin Add (Bin Mul (In 24) (In 1)) (Int (0)))));
    (Bin Add (Bin Mul (In 26) (In 10)) (Bin Add (Bin Mul (In 25) (In 6)) (Bin Add (Bin Mul (In 24) (In 2)) (Int (0)))));
    (Bin Add (Bin Mul (In 26) (In 11)) (Bin Add (Bin Mul (In 25) (In 7)) (Bin Add (Bin Mul (In 24) (In 3)) (Int (0)))));
    (Bin Add (Bin Mul (In 29) (In 8)) (Bin Add (Bin Mul (In 28) (In 4)) (Bin Add (Bin Mul (In 27) (In 0)) (Int (0)))));
    (Bin Add (Bin Mul (In 29) (In 9)) (Bin Add (Bin Mul (In 28) (In 5)) (Bin Add (Bin Mul (In 27) (In 1)) (Int (0)))));
    (Bin Add (Bin Mul (In 29) (In 10)) (Bin Add (Bin Mul (In 28) (In 6)) (Bin Add (Bin Mul (In 27) (In 2)) (Int (0)))));
    (Bin Add (Bin Mul (In 29) (In 11)) (Bin Add (Bin Mul (In 28) (In 7)) (Bin Add (Bin Mul (In 27) (In 3)) (Int (0)))));
    (Bin Add (Bin Mul (In 32) (In 8)) (Bin Add (Bin Mul (In 31) (In 4)) (Bin Add (Bin Mul (In 30) (In 0)) (Int (0)))));
    (Bin Add (Bin Mul (In 32) (In 9)) (Bin Add (Bin Mul (In 31) (In 5)) (Bin Add (Bin Mul (In 30) (In 1)) (Int (0)))));
    (Bin Add (Bin Mul (In 32) (In 10)) (Bin Add (Bin Mul (In 31) (In 6)) (Bin Add (Bin Mul (In 30) (In 2)) (Int (0)))));
    (Bin Add (Bin Mul (In 32) (In 11)) (Bin Add (Bin Mul (In 31) (In 7)) (Bin Add (Bin Mul (In 30) (In 3)) (Int (0)))));
    (Bin Add (Bin Mul (In 35) (In 8)) (Bin Add (Bin Mul (In 34) (In 4)) (Bin Add (Bin Mul (In 33) (In 0)) (Int (0)))));
    (Bin Add (Bin Mul (In 35) (In 9)) (Bin Add (Bin Mul (In 34) (In 5)) (Bin Add (Bin Mul (In 33) (In 1)) (Int (0)))));
    (Bin Add (Bin Mul (In 35) (In 10)) (Bin Add (Bin Mul (In 34) (In 6)) (Bin Add (Bin Mul (In 33) (In 2)) (Int (0)))));
    (Bin Add (Bin Mul (In 35) (In 11)) (Bin Add (Bin Mul (In 34) (In 7)) (Bin Add (Bin Mul (In 33) (In 3)) (Int (0)))));
    (Bin Add (Bin Mul (In 26) (In 20)) (Bin Add (Bin Mul (In 25) (In 16)) (Bin Add (Bin Mul (In 24) (In 12)) (Int (0)))));
    (Bin Add (Bin Mul (In 26) (In 21)) (Bin Add (Bin Mul (In 25) (In 17)) (Bin Add (Bin Mul (In 24) (In 13)) (Int (0)))));
    (Bin Add (Bin Mul (In 26) (In 22)) (Bin Add (Bin Mul (In 25) (In 18)) (Bin Add (Bin Mul (In 24) (In 14)) (Int (0)))));
    (Bin Add (Bin Mul (In 26) (In 23)) (Bin Add (Bin Mul (In 25) (In 19)) (Bin Add (Bin Mul (In 24) (In 15)) (Int (0)))));
    (Bin Add (Bin Mul (In 29) (In 20)) (Bin Add (Bin Mul (In 28) (In 16)) (Bin Add (Bin Mul (In 27) (In 12)) (Int (0)))));
    (Bin Add (Bin Mul (In 29) (In 21)) (Bin Add (Bin Mul (In 28) (In 17)) (Bin Add (Bin Mul (In 27) (In 13)) (Int (0)))));
    (Bin Add (Bin Mul (In 29) (In 22)) (Bin Add (Bin Mul (In 28) (In 18)) (Bin Add (Bin Mul (In 27) (In 14)) (Int (0)))));
    (Bin Add (Bin Mul (In 29) (In 23)) (Bin Add (Bin Mul (In 28) (In 19)) (Bin Add (Bin Mul (In 27) (In 15)) (Int (0)))));
    (Bin Add (Bin Mul (In 32) (In 20)) (Bin Add (Bin Mul (In 31) (In 16)) (Bin Add (Bin Mul (In 30) (In 12)) (Int (0)))));
    (Bin Add (Bin Mul (In 32) (In 21)) (Bin Add (Bin Mul (In 31) (In 17)) (Bin Add (Bin Mul (In 30) (In 13)) (Int (0)))));
    (Bin Add (Bin Mul (In 32) (In 22)) (Bin Add (Bin Mul (In 31) (In 18)) (Bin Add (Bin Mul (In 30) (In 14)) (Int (0)))));
    (Bin Add (Bin Mul (In 32) (In 23)) (Bin Add (Bin Mul (In 31) (In 19)) (Bin Add (Bin Mul (In 30) (In 15)) (Int (0)))));
    (Bin Add (Bin Mul (In 35) (In 20)) (Bin Add (Bin Mul (In 34) (In 16)) (Bin Add (Bin Mul (In 33) (In 12)) (Int (0)))));
    (Bin Add (Bin Mul (In 35) (In 21)) (Bin Add (Bin Mul (In 34) (In 17)) (Bin Add (Bin Mul (In 33) (In 13)) (Int (0)))));
    (Bin Add (Bin Mul (In 35) (In 22)) (Bin Add (Bin Mul (In 34) (In 18)) (Bin Add (Bin Mul (In 33) (In 14)) (Int (0)))));
    (Bin Add (Bin Mul (In 35) (In 23)) (Bin Add (Bin Mul (In 34) (In 19)) (Bin Add (Bin Mul (In 33) (In 15)) (Int (0)))))];
  backward := [(Bin Add (Bin Mul (In 33) (In 48)) (Bin Add (Bin Mul (In 30) (In 44)) (Bin Add (Bin Mul (In 27) (In 40)) (Bin Add (Bin Mul (In 24) (In 36)) (Int (0))))));
    (Bin Add (Bin Mul (In 33) (In 49)) (Bin Add (Bin Mul (In 30) (In 45)) (Bin Add (Bin Mul (In 27) (In 41)) (Bin Add (Bin Mul (In 24) (In 37)) (Int (0))))));
    (Bin Add (Bin Mul (In 33) (In 50)) (Bin Add (Bin Mul (In 30) (In 46)) (Bin Add (Bin Mul (In 27) (In 42)) (Bin Add (Bin Mul (In 24) (In 38)) (Int (0))))));
    (Bin Add (Bin Mul (In 33) (In 51)) (Bin Add (Bin Mul (In 30) (In 47)) (Bin Add (Bin Mul (In 27) (In 43)) (Bin Add (Bin Mul (In 24) (In 39)) (Int (0))))));
    (Bin Add (Bin Mul (In 34) (In 48)) (Bin Add (Bin Mul (In 31) (In 44)) (Bin Add (Bin Mul (In 28) (In 40)) (Bin Add (Bin Mul (In 25) (In 36)) (Int (0))))));
    (Bin Add (Bin Mul (In 34) (In 49)) (Bin Add (Bin Mul (In 31) (In 45)) (Bin Add (Bin Mul (In 28) (In 41)) (Bin Add (Bin Mul (In 25) (In 37)) (Int (0))))));
    (Bin Add (Bin Mul (In 34) (In 50)) (Bin Add (Bin Mul (In 31) (In 46)) (Bin Add (Bin Mul (In 28) (In 42)) (Bin Add (Bin Mul (In 25) (In 38)) (Int (0))))));
    (Bin Add (Bin Mul (In 34) (In 51)) (Bin Add (Bin Mul (In 31) (In 47)) (Bin Add (Bin Mul (In 28) (In 43)) (Bin Add (Bin Mul (In 25) (In 39)) (Int (0))))));
    (Bin Add (Bin Mul (In 35) (In 48)) (Bin Add (Bin Mul (In 32) (In 44)) (Bin Add (Bin Mul (In 29) (In 40)) (Bin Add (Bin Mul (In 26) (In 36)) (Int (0))))));
    (Bin Add (Bin Mul (In 35) (In 49)) (Bin Add (Bin Mul (In 32) (In 45)) (Bin Add (Bin Mul (In 29) (In 41)) (Bin Add (Bin Mul (In 26) (In 37)) (Int (0))))));
    (Bin Add (Bin Mul (In 35) (In 50)) (Bin Add (Bin Mul (In 32) (In 46)) (Bin Add (Bin Mul (In 29) (In 42)) (Bin Add (Bin Mul (In 26) (In 38)) (Int (0))))));
    (Bin Add (Bin Mul (In 35) (In 51)) (Bin Add (Bin Mul (In 32) (In 47)) (Bin Add (Bin Mul (In 29) (In 43)) (Bin Add (Bin Mul (In 26) (In 39)) (Int (0))))));
    (Bin Add (Bin Mul (In 33) (In 64)) (Bin Add (Bin Mul (In 30) (In 60)) (Bin Add (Bin Mul (In 27) (In 56)) (Bin Add (Bin Mul (In 24) (In 52)) (Int (0))))));
    (Bin Add (Bin Mul (In 33) (In 65)) (Bin Add (Bin Mul (In 30) (In 61)) (Bin Add (Bin Mul (In 27) (In 57)) (Bin Add (Bin Mul (In 24) (In 53)) (Int (0))))));
    (Bin Add (Bin Mul (In 33) (In 66)) (Bin Add (Bin Mul (In 30) (In 62)) (Bin Add (Bin Mul (In 27) (In 58)) (Bin Add (Bin Mul (In 24) (In 54)) (Int (0))))));
    (Bin Add (Bin Mul (In 33) (In 67)) (Bin Add (Bin Mul (In 30) (In 63)) (Bin Add (Bin Mul (In 27) (In 59)) (Bin Add (Bin Mul (In 24) (In 55)) (Int (0))))));
    (Bin Add (Bin Mul (In 34) (In 64)) (Bin Add (Bin Mul (In 31) (In 60)) (Bin Add (Bin Mul (In 28) (In 56)) (Bin Add (Bin Mul (In 25) (In 52)) (Int (0))))));
    (Bin Add (Bin Mul (In 34) (In 65)) (Bin Add (Bin Mul (In 31) (In 61)) (Bin Add (Bin Mul (In 28) (In 57)) (Bin Add (Bin Mul (In 25) (In 53)) (Int (0))))));
    (Bin Add (Bin Mul (In 34) (In 66)) (Bin Add (Bin Mul (In 31) (In 62)) (Bin Add (Bin Mul (In 28) (In 58)) (Bin Add (Bin Mul (In 25) (In 54)) (Int (0))))));
    (Bin Add (Bin Mul (In 34) (In 67)) (Bin Add (Bin Mul (In 31) (In 63)) (Bin Add (Bin Mul (In 28) (In 59)) (Bin Add (Bin Mul (In 25) (In 55)) (Int (0))))));
    (Bin Add (Bin Mul (In 35) (In 64)) (Bin Add (Bin Mul (In 32) (In 60)) (Bin Add (Bin Mul (In 29) (In 56)) (Bin Add (Bin Mul (In 26) (In 52)) (Int (0))))));
    (Bin Add (Bin Mul (In 35) (In 65)) (Bin Add (Bin Mul (In 32) (In 61)) (Bin Add (Bin Mul (In 29) (In 57)) (Bin Add (Bin Mul (In 26) (In 53)) (Int (0))))));
    (Bin Add (Bin Mul (In 35) (In 66)) (Bin Add (Bin Mul (In 32) (In 62)) (Bin Add (Bin Mul (In 29) (In 58)) (Bin Add (Bin Mul (In 26) (In 54)) (Int (0))))));
    (Bin Add (Bin Mul (In 35) (In 67)) (Bin Add (Bin Mul (In 32) (In 63)) (Bin Add (Bin Mul (In 29) (In 59)) (Bin Add (Bin Mul (In 26) (In 55)) (Int (0))))));
    (Bin Add (Bin Add (Bin Mul (In 39) (In 3)) (Bin Add (Bin Mul (In 38) (In 2)) (Bin Add (Bin Mul (In 37) (In 1)) (Bin Add (Bin Mul (In 36) (In 0)) (Int (0)))))) (Bin Add (Bin Mul (In 55) (In 15)) (Bin Add (Bin Mul (In 54) (In 14)) (Bin Add (Bin Mul (In 53) (In 13)) (Bin Add (Bin Mul (In 52) (In 12)) (Int (0)))))));
    (Bin Add (Bin Add (Bin Mul (In 39) (In 7)) (Bin Add (Bin Mul (In 38) (In 6)) (Bin Add (Bin Mul (In 37) (In 5)) (Bin Add (Bin Mul (In 36) (In 4)) (Int (0)))))) (Bin Add (Bin Mul (In 55) (In 19)) (Bin Add (Bin Mul (In 54) (In 18)) (Bin Add (Bin Mul (In 53) (In 17)) (Bin Add (Bin Mul (In 52) (In 16)) (Int (0)))))));
    (Bin Add (Bin Add (Bin Mul (In 39) (In 11)) (Bin Add (Bin Mul (In 38) (In 10)) (Bin Add (Bin Mul (In 37) (In 9)) (Bin Add (Bin Mul (In 36) (In 8)) (Int (0)))))) (Bin Add (Bin Mul (In 55) (In 23)) (Bin Add (Bin Mul (In 54) (In 22)) (Bin Add (Bin Mul (In 53) (In 21)) (Bin Add (Bin Mul (In 52) (In 20)) (Int (0)))))));
    (Bin Add (Bin Add (Bin Mul (In 43) (In 3)) (Bin Add (Bin Mul (In 42) (In 2)) (Bin Add (Bin Mul (In 41) (In 1)) (Bin Add (Bin Mul (In 40) (In 0)) (Int (0)))))) (Bin Add (Bin Mul (In 59) (In 15)) (Bin Add (Bin Mul (In 58) (In 14)) (Bin Add (Bin Mul (In 57) (In 13)) (Bin Add (Bin Mul (In 56) (In 12)) (Int (0)))))));
    (Bin Add (Bin Add (Bin Mul (In 43) (In 7)) (Bin Add (Bin Mul (In 42) (In 6)) (Bin Add (Bin Mul (In 41) (In 5)) (Bin Add (Bin Mul (In 40) (In 4)) (Int (0)))))) (Bin Add (Bin Mul (In 59) (In 19)) (Bin Add (Bin Mul (In 58) (In 18)) (Bin Add (Bin Mul (In 57) (In 17)) (Bin Add (Bin Mul (In 56) (In 16)) (Int (0)))))));
    (Bin Add (Bin Add (Bin Mul (In 43) (In 11)) (Bin Add (Bin Mul (In 42) (In 10)) (Bin Add (Bin Mul (In 41) (In 9)) (Bin Add (Bin Mul (In 40) (In 8)) (Int (0)))))) (Bin Add (Bin Mul (In 59) (In 23)) (Bin Add (Bin Mul (In 58) (In 22)) (Bin Add (Bin Mul (In 57) (In 21)) (Bin Add (Bin Mul (In 56) (In 20)) (Int (0)))))));
    (Bin Add (Bin Add (Bin Mul (In 47) (In 3)) (Bin Add (Bin Mul (In 46) (In 2)) (Bin Add (Bin Mul (In 45) (In 1)) (Bin Add (Bin Mul (In 44) (In 0)) (Int (0)))))) (Bin Add (Bin Mul (In 63) (In 15)) (Bin Add (Bin Mul (In 62) (In 14)) (Bin Add (Bin Mul (In 61) (In 13)) (Bin Add (Bin Mul (In 60) (In 12)) (Int (0)))))));
    (Bin Add (Bin Add (Bin Mul (In 47) (In 7)) (Bin Add (Bin Mul (In 46) (In 6)) (Bin Add (Bin Mul (In 45) (In 5)) (Bin Add (Bin Mul (In 44) (In 4)) (Int (0)))))) (Bin Add (Bin Mul (In 63) (In 19)) (Bin Add (Bin Mul (In 62) (In 18)) (Bin Add (Bin Mul (In 61) (In 17)) (Bin Add (Bin Mul (In 60) (In 16)) (Int (0)))))));
    (Bin Add (Bin Add (Bin Mul (In 47) (In 11)) (Bin Add (Bin Mul (In 46) (In 10)) (Bin Add (Bin Mul (In 45) (In 9)) (Bin Add (Bin Mul (In 44) (In 8)) (Int (0)))))) (Bin Add (Bin Mul (In 63) (In 23)) (Bin Add (Bin Mul (In 62) (In 22)) (Bin Add (Bin Mul (In 61) (In 21)) (Bin Add (Bin Mul (In 60) (In 20)) (Int (0)))))));
    (Bin Add (Bin Add (Bin Mul (In 51) (In 3)) (Bin Add (Bin Mul (In 50) (In 2)) (Bin Add (Bin Mul (In 49) (In 1)) (Bin Add (Bin Mul (In 48) (In 0)) (Int (0)))))) (Bin Add (Bin Mul (In 67) (In 15)) (Bin Add (Bin Mul (In 66) (In 14)) (Bin Add (Bin Mul (In 65) (In 13)) (Bin Add (Bin Mul (In 64) (In 12)) (Int (0)))))));
    (Bin Add (Bin Add (Bin Mul (In 51) (In 7)) (Bin Add (Bin Mul (In 50) (In 6)) (Bin Add (Bin Mul (In 49) (In 5)) (Bin Add (Bin Mul (In 48) (In 4)) (Int (0)))))) (Bin Add (Bin Mul (In 67) (In 19)) (Bin Add (Bin Mul (In 66) (In 18)) (Bin Add (Bin Mul (In 65) (In 17)) (Bin Add (Bin Mul (In 64) (In 16)) (Int (0)))))));
    (Bin Add (Bin Add (Bin Mul (In 51) (In 11)) (Bin Add (Bin Mul (In 50) (In 10)) (Bin Add (Bin Mul (In 49) (In 9)) (Bin Add (Bin Mul (In 48) (In 8)) (Int (0)))))) (Bin Add (Bin Mul (In 67) (In 23)) (Bin Add (Bin Mul (In 66) (In 22)) (Bin Add (Bin Mul (In 65) (In 21)) (Bin Add (Bin Mul (In 64) (In 20)) (Int (0)))))))] |}.

(* (x: f32[1, 0, 3], w: f32[2, 0, 2]) -> conv(x, w) *)
Definition conv_8 : map := {|
  active := []%nat;
  cotangents := 0;
  forward := [(Int (0));
    (Int (0));
    (Int (0));
    (Int (0))];
  backward := [] |}.

(* (x: f32[1, 2, 4], w: f32[2, 3, 3]) -> conv_transpose(x, w) *)
Definition conv_transpose_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23; 24; 25]%nat;
  cotangents := 26;
  forward := [(Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Bin Add (Bin Mul (In 17) (In 4)) (Bin Add (Bin Mul (In 10) (Int (0))) (Bin Add (Bin Mul (In 9) (Int (0))) (Bin Add (Bin Mul (In 8) (In 0)) (Int (0))))))));
    (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (In 4)) (Bin Add (Bin Mul (In 17) (In 5)) (Bin Add (Bin Mul (In 10) (Int (0))) (Bin Add (Bin Mul (In 9) (In 0)) (Bin Add (Bin Mul (In 8) (In 1)) (Int (0))))))));
    (Bin Add (Bin Mul (In 19) (In 4)) (Bin Add (Bin Mul (In 18) (In 5)) (Bin Add (Bin Mul (In 17) (In 6)) (Bin Add (Bin Mul (In 10) (In 0)) (Bin Add (Bin Mul (In 9) (In 1)) (Bin Add (Bin Mul (In 8) (In 2)) (Int (0))))))));
    (Bin Add (Bin Mul (In 19) (In 5)) (Bin Add (Bin Mul (In 18) (In 6)) (Bin Add (Bin Mul (In 17) (In 7)) (Bin Add (Bin Mul (In 10) (In 1)) (Bin Add (Bin Mul (In 9) (In 2)) (Bin Add (Bin Mul (In 8) (In 3)) (Int (0))))))));
    (Bin Add (Bin Mul (In 19) (In 6)) (Bin Add (Bin Mul (In 18) (In 7)) (Bin Add (Bin Mul (In 17) (Int (0))) (Bin Add (Bin Mul (In 10) (In 2)) (Bin Add (Bin Mul (In 9) (In 3)) (Bin Add (Bin Mul (In 8) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 19) (In 7)) (Bin Add (Bin Mul (In 18) (Int (0))) (Bin Add (Bin Mul (In 17) (Int (0))) (Bin Add (Bin Mul (In 10) (In 3)) (Bin Add (Bin Mul (In 9) (Int (0))) (Bin Add (Bin Mul (In 8) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 22) (Int (0))) (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (In 4)) (Bin Add (Bin Mul (In 13) (Int (0))) (Bin Add (Bin Mul (In 12) (Int (0))) (Bin Add (Bin Mul (In 11) (In 0)) (Int (0))))))));
    (Bin Add (Bin Mul (In 22) (Int (0))) (Bin Add (Bin Mul (In 21) (In 4)) (Bin Add (Bin Mul (In 20) (In 5)) (Bin Add (Bin Mul (In 13) (Int (0))) (Bin Add (Bin Mul (In 12) (In 0)) (Bin Add (Bin Mul (In 11) (In 1)) (Int (0))))))));
    (Bin Add (Bin Mul (In 22) (In 4)) (Bin Add (Bin Mul (In 21) (In 5)) (Bin Add (Bin Mul (In 20) (In 6)) (Bin Add (Bin Mul (In 13) (In 0)) (Bin Add (Bin Mul (In 12) (In 1)) (Bin Add (Bin Mul (In 11) (In 2)) (Int (0))))))));
    (Bin Add (Bin Mul (In 22) (In 5)) (Bin Add (Bin Mul (In 21) (In 6)) (Bin Add (Bin Mul (In 20) (In 7)) (Bin Add (Bin Mul (In 13) (In 1)) (Bin Add (Bin Mul (In 12) (In 2)) (Bin Add (Bin Mul (In 11) (In 3)) (Int (0))))))));
    (Bin Add (Bin Mul (In 22) (In 6)) (Bin Add (Bin Mul (In 21) (In 7)) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 13) (In 2)) (Bin Add (Bin Mul (In 12) (In 3)) (Bin Add (Bin Mul (In 11) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 22) (In 7)) (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 13) (In 3)) (Bin Add (Bin Mul (In 12) (Int (0))) (Bin Add (Bin Mul (In 11) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (In 4)) (Bin Add (Bin Mul (In 16) (Int (0))) (Bin Add (Bin Mul (In 15) (Int (0))) (Bin Add (Bin Mul (In 14) (In 0)) (Int (0))))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (In 4)) (Bin Add (Bin Mul (In 23) (In 5)) (Bin Add (Bin Mul (In 16) (Int (0))) (Bin Add (Bin Mul (In 15) (In 0)) (Bin Add (Bin Mul (In 14) (In 1)) (Int (0))))))));
    (Bin Add (Bin Mul (In 25) (In 4)) (Bin Add (Bin Mul (In 24) (In 5)) (Bin Add (Bin Mul (In 23) (In 6)) (Bin Add (Bin Mul (In 16) (In 0)) (Bin Add (Bin Mul (In 15) (In 1)) (Bin Add (Bin Mul (In 14) (In 2)) (Int (0))))))));
    (Bin Add (Bin Mul (In 25) (In 5)) (Bin Add (Bin Mul (In 24) (In 6)) (Bin Add (Bin Mul (In 23) (In 7)) (Bin Add (Bin Mul (In 16) (In 1)) (Bin Add (Bin Mul (In 15) (In 2)) (Bin Add (Bin Mul (In 14) (In 3)) (Int (0))))))));
    (Bin Add (Bin Mul (In 25) (In 6)) (Bin Add (Bin Mul (In 24) (In 7)) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 16) (In 2)) (Bin Add (Bin Mul (In 15) (In 3)) (Bin Add (Bin Mul (In 14) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 25) (In 7)) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 16) (In 3)) (Bin Add (Bin Mul (In 15) (Int (0))) (Bin Add (Bin Mul (In 14) (Int (0))) (Int (0))))))))];
  backward := [(Bin Add (Bin Add (Bin Add (Bin Mul (In 14) (In 38)) (Bin Add (Bin Mul (In 11) (In 32)) (Bin Add (Bin Mul (In 8) (In 26)) (Int (0))))) (Bin Add (Bin Mul (In 15) (In 39)) (Bin Add (Bin Mul (In 12) (In 33)) (Bin Add (Bin Mul (In 9) (In 27)) (Int (0)))))) (Bin Add (Bin Mul (In 16) (In 40)) (Bin Add (Bin Mul (In 13) (In 34)) (Bin Add (Bin Mul (In 10) (In 28)) (Int (0))))));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 14) (In 39)) (Bin Add (Bin Mul (In 11) (In 33)) (Bin Add (Bin Mul (In 8) (In 27)) (Int (0))))) (Bin Add (Bin Mul (In 15) (In 40)) (Bin Add (Bin Mul (In 12) (In 34)) (Bin Add (Bin Mul (In 9) (In 28)) (Int (0)))))) (Bin Add (Bin Mul (In 16) (In 41)) (Bin Add (Bin Mul (In 13) (In 35)) (Bin Add (Bin Mul (In 10) (In 29)) (Int (0))))));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 14) (In 40)) (Bin Add (Bin Mul (In 11) (In 34)) (Bin Add (Bin Mul (In 8) (In 28)) (Int (0))))) (Bin Add (Bin Mul (In 15) (In 41)) (Bin Add (Bin Mul (In 12) (In 35)) (Bin Add (Bin Mul (In 9) (In 29)) (Int (0)))))) (Bin Add (Bin Mul (In 16) (In 42)) (Bin Add (Bin Mul (In 13) (In 36)) (Bin Add (Bin Mul (In 10) (In 30)) (Int (0))))));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 14) (In 41)) (Bin Add (Bin Mul (In 11) (In 35)) (Bin Add (Bin Mul (In 8) (In 29)) (Int (0))))) (Bin Add (Bin Mul (In 15) (In 42)) (Bin Add (Bin Mul (In 12) (In 36)) (Bin Add (Bin Mul (In 9) (In 30)) (Int (0)))))) (Bin Add (Bin Mul (In 16) (In 43)) (Bin Add (Bin Mul (In 13) (In 37)) (Bin Add (Bin Mul (In 10) (In 31)) (Int (0))))));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 23) (In 38)) (Bin Add (Bin Mul (In 20) (In 32)) (Bin Add (Bin Mul (In 17) (In 26)) (Int (0))))) (Bin Add (Bin Mul (In 24) (In 39)) (Bin Add (Bin Mul (In 21) (In 33)) (Bin Add (Bin Mul (In 18) (In 27)) (Int (0)))))) (Bin Add (Bin Mul (In 25) (In 40)) (Bin Add (Bin Mul (In 22) (In 34)) (Bin Add (Bin Mul (In 19) (In 28)) (Int (0))))));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 23) (In 39)) (Bin Add (Bin Mul (In 20) (In 33)) (Bin Add (Bin Mul (In 17) (In 27)) (Int (0))))) (Bin Add (Bin Mul (In 24) (In 40)) (Bin Add (Bin Mul (In 21) (In 34)) (Bin Add (Bin Mul (In 18) (In 28)) (Int (0)))))) (Bin Add (Bin Mul (In 25) (In 41)) (Bin Add (Bin Mul (In 22) (In 35)) (Bin Add (Bin Mul (In 19) (In 29)) (Int (0))))));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 23) (In 40)) (Bin Add (Bin Mul (In 20) (In 34)) (Bin Add (Bin Mul (In 17) (In 28)) (Int (0))))) (Bin Add (Bin Mul (In 24) (In 41)) (Bin Add (Bin Mul (In 21) (In 35)) (Bin Add (Bin Mul (In 18) (In 29)) (Int (0)))))) (Bin Add (Bin Mul (In 25) (In 42)) (Bin Add (Bin Mul (In 22) (In 36)) (Bin Add (Bin Mul (In 19) (In 30)) (Int (0))))));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 23) (In 41)) (Bin Add (Bin Mul (In 20) (In 35)) (Bin Add (Bin Mul (In 17) (In 29)) (Int (0))))) (Bin Add (Bin Mul (In 24) (In 42)) (Bin Add (Bin Mul (In 21) (In 36)) (Bin Add (Bin Mul (In 18) (In 30)) (Int (0)))))) (Bin Add (Bin Mul (In 25) (In 43)) (Bin Add (Bin Mul (In 22) (In 37)) (Bin Add (Bin Mul (In 19) (In 31)) (Int (0))))));
    (Bin Add (Bin Mul (In 31) (Int (0))) (Bin Add (Bin Mul (In 30) (Int (0))) (Bin Add (Bin Mul (In 29) (In 3)) (Bin Add (Bin Mul (In 28) (In 2)) (Bin Add (Bin Mul (In 27) (In 1)) (Bin Add (Bin Mul (In 26) (In 0)) (Int (0))))))));
    (Bin Add (Bin Mul (In 31) (Int (0))) (Bin Add (Bin Mul (In 30) (In 3)) (Bin Add (Bin Mul (In 29) (In 2)) (Bin Add (Bin Mul (In 28) (In 1)) (Bin Add (Bin Mul (In 27) (In 0)) (Bin Add (Bin Mul (In 26) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 31) (In 3)) (Bin Add (Bin Mul (In 30) (In 2)) (Bin Add (Bin Mul (In 29) (In 1)) (Bin Add (Bin Mul (In 28) (In 0)) (Bin Add (Bin Mul (In 27) (Int (0))) (Bin Add (Bin Mul (In 26) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 37) (Int (0))) (Bin Add (Bin Mul (In 36) (Int (0))) (Bin Add (Bin Mul (In 35) (In 3)) (Bin Add (Bin Mul (In 34) (In 2)) (Bin Add (Bin Mul (In 33) (In 1)) (Bin Add (Bin Mul (In 32) (In 0)) (Int (0))))))));
    (Bin Add (Bin Mul (In 37) (Int (0))) (Bin Add (Bin Mul (In 36) (In 3)) (Bin Add (Bin Mul (In 35) (In 2)) (Bin Add (Bin Mul (In 34) (In 1)) (Bin Add (Bin Mul (In 33) (In 0)) (Bin Add (Bin Mul (In 32) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 37) (In 3)) (Bin Add (Bin Mul (In 36) (In 2)) (Bin Add (Bin Mul (In 35) (In 1)) (Bin Add (Bin Mul (In 34) (In 0)) (Bin Add (Bin Mul (In 33) (Int (0))) (Bin Add (Bin Mul (In 32) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 43) (Int (0))) (Bin Add (Bin Mul (In 42) (Int (0))) (Bin Add (Bin Mul (In 41) (In 3)) (Bin Add (Bin Mul (In 40) (In 2)) (Bin Add (Bin Mul (In 39) (In 1)) (Bin Add (Bin Mul (In 38) (In 0)) (Int (0))))))));
    (Bin Add (Bin Mul (In 43) (Int (0))) (Bin Add (Bin Mul (In 42) (In 3)) (Bin Add (Bin Mul (In 41) (In 2)) (Bin Add (Bin Mul (In 40) (In 1)) (Bin Add (Bin Mul (In 39) (In 0)) (Bin Add (Bin Mul (In 38) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 43) (In 3)) (Bin Add (Bin Mul (In 42) (In 2)) (Bin Add (Bin Mul (In 41) (In 1)) (Bin Add (Bin Mul (In 40) (In 0)) (Bin Add (Bin Mul (In 39) (Int (0))) (Bin Add (Bin Mul (In 38) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 31) (Int (0))) (Bin Add (Bin Mul (In 30) (Int (0))) (Bin Add (Bin Mul (In 29) (In 7)) (Bin Add (Bin Mul (In 28) (In 6)) (Bin Add (Bin Mul (In 27) (In 5)) (Bin Add (Bin Mul (In 26) (In 4)) (Int (0))))))));
    (Bin Add (Bin Mul (In 31) (Int (0))) (Bin Add (Bin Mul (In 30) (In 7)) (Bin Add (Bin Mul (In 29) (In 6)) (Bin Add (Bin Mul (In 28) (In 5)) (Bin Add (Bin Mul (In 27) (In 4)) (Bin Add (Bin Mul (In 26) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 31) (In 7)) (Bin Add (Bin Mul (In 30) (In 6)) (Bin Add (Bin Mul (In 29) (In 5)) (Bin Add (Bin Mul (In 28) (In 4)) (Bin Add (Bin Mul (In 27) (Int (0))) (Bin Add (Bin Mul (In 26) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 37) (Int (0))) (Bin Add (Bin Mul (In 36) (Int (0))) (Bin Add (Bin Mul (In 35) (In 7)) (Bin Add (Bin Mul (In 34) (In 6)) (Bin Add (Bin Mul (In 33) (In 5)) (Bin Add (Bin Mul (In 32) (In 4)) (Int (0))))))));
    (Bin Add (Bin Mul (In 37) (Int (0))) (Bin Add (Bin Mul (In 36) (In 7)) (Bin Add (Bin Mul (In 35) (In 6)) (Bin Add (Bin Mul (In 34) (In 5)) (Bin Add (Bin Mul (In 33) (In 4)) (Bin Add (Bin Mul (In 32) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 37) (In 7)) (Bin Add (Bin Mul (In 36) (In 6)) (Bin Add (Bin Mul (In 35) (In 5)) (Bin Add (Bin Mul (In 34) (In 4)) (Bin Add (Bin Mul (In 33) (Int (0))) (Bin Add (Bin Mul (In 32) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 43) (Int (0))) (Bin Add (Bin Mul (In 42) (Int (0))) (Bin Add (Bin Mul (In 41) (In 7)) (Bin Add (Bin Mul (In 40) (In 6)) (Bin Add (Bin Mul (In 39) (In 5)) (Bin Add (Bin Mul (In 38) (In 4)) (Int (0))))))));
    (Bin Add (Bin Mul (In 43) (Int (0))) (Bin Add (Bin Mul (In 42) (In 7)) (Bin Add (Bin Mul (In 41) (In 6)) (Bin Add (Bin Mul (In 40) (In 5)) (Bin Add (Bin Mul (In 39) (In 4)) (Bin Add (Bin Mul (In 38) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 43) (In 7)) (Bin Add (Bin Mul (In 42) (In 6)) (Bin Add (Bin Mul (In 41) (In 5)) (Bin Add (Bin Mul (In 40) (In 4)) (Bin Add (Bin Mul (In 39) (Int (0))) (Bin Add (Bin Mul (In 38) (Int (0))) (Int (0))))))))] |}.

(* (x: f32[1, 2, 3, 3], w: f32[2, 1, 2, 2]) -> conv_transpose(x, w, stride = [3, 1], padding = [0, 1, 1, 0], dilation = [1, 2], groups = 2) *)
Definition conv_transpose_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23; 24; 25]%nat;
  cotangents := 26;
  forward := [(Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (In 1)) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (In 0)) (Bin Add (Bin Mul (In 18) (In 2)) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (In 1)) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (In 2)) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (In 1)) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (In 0)) (Bin Add (Bin Mul (In 20) (In 2)) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (In 1)) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (In 2)) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (In 4)) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (In 3)) (Bin Add (Bin Mul (In 18) (In 5)) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (In 4)) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (In 5)) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (In 4)) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (In 3)) (Bin Add (Bin Mul (In 20) (In 5)) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (In 4)) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (In 5)) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (In 7)) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (In 6)) (Bin Add (Bin Mul (In 18) (In 8)) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (In 7)) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (Int (0))) (Bin Add (Bin Mul (In 19) (In 8)) (Bin Add (Bin Mul (In 18) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (In 10)) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (In 9)) (Bin Add (Bin Mul (In 22) (In 11)) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (In 10)) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (In 11)) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (In 10)) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (In 9)) (Bin Add (Bin Mul (In 24) (In 11)) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (In 10)) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (In 11)) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (In 13)) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (In 12)) (Bin Add (Bin Mul (In 22) (In 14)) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (In 13)) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (In 14)) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (In 13)) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (In 12)) (Bin Add (Bin Mul (In 24) (In 14)) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (In 13)) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (In 14)) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (In 16)) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (In 15)) (Bin Add (Bin Mul (In 22) (In 17)) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (In 16)) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (In 17)) (Bin Add (Bin Mul (In 22) (Int (0))) (Int (0))))))];
  backward := [(Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 19) (In 27)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 21) (In 31)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 18) (In 26)) (Int (0))) (Bin Add (Bin Mul (In 19) (In 28)) (Int (0)))) (Bin Add (Bin Mul (In 20) (In 30)) (Int (0)))) (Bin Add (Bin Mul (In 21) (In 32)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 18) (In 27)) (Int (0))) (Bin Add (Bin Mul (In 19) (In 29)) (Int (0)))) (Bin Add (Bin Mul (In 20) (In 31)) (Int (0)))) (Bin Add (Bin Mul (In 21) (In 33)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 19) (In 39)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 21) (In 43)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 18) (In 38)) (Int (0))) (Bin Add (Bin Mul (In 19) (In 40)) (Int (0)))) (Bin Add (Bin Mul (In 20) (In 42)) (Int (0)))) (Bin Add (Bin Mul (In 21) (In 44)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 18) (In 39)) (Int (0))) (Bin Add (Bin Mul (In 19) (In 41)) (Int (0)))) (Bin Add (Bin Mul (In 20) (In 43)) (Int (0)))) (Bin Add (Bin Mul (In 21) (In 45)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 19) (In 51)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 18) (In 50)) (Int (0))) (Bin Add (Bin Mul (In 19) (In 52)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 18) (In 51)) (Int (0))) (Bin Add (Bin Mul (In 19) (In 53)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 23) (In 55)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 25) (In 59)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 22) (In 54)) (Int (0))) (Bin Add (Bin Mul (In 23) (In 56)) (Int (0)))) (Bin Add (Bin Mul (In 24) (In 58)) (Int (0)))) (Bin Add (Bin Mul (In 25) (In 60)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 22) (In 55)) (Int (0))) (Bin Add (Bin Mul (In 23) (In 57)) (Int (0)))) (Bin Add (Bin Mul (In 24) (In 59)) (Int (0)))) (Bin Add (Bin Mul (In 25) (In 61)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 23) (In 67)) (Int (0)))) (Int (0))) (Bin Add (Bin Mul (In 25) (In 71)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 22) (In 66)) (Int (0))) (Bin Add (Bin Mul (In 23) (In 68)) (Int (0)))) (Bin Add (Bin Mul (In 24) (In 70)) (Int (0)))) (Bin Add (Bin Mul (In 25) (In 72)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 22) (In 67)) (Int (0))) (Bin Add (Bin Mul (In 23) (In 69)) (Int (0)))) (Bin Add (Bin Mul (In 24) (In 71)) (Int (0)))) (Bin Add (Bin Mul (In 25) (In 73)) (Int (0))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Add (Bin Mul (In 23) (In 79)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 22) (In 78)) (Int (0))) (Bin Add (Bin Mul (In 23) (In 80)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 22) (In 79)) (Int (0))) (Bin Add (Bin Mul (In 23) (In 81)) (Int (0)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Mul (In 53) (Int (0))) (Bin Add (Bin Mul (In 52) (Int (0))) (Bin Add (Bin Mul (In 51) (In 8)) (Bin Add (Bin Mul (In 50) (In 7)) (Bin Add (Bin Mul (In 49) (Int (0))) (Bin Add (Bin Mul (In 48) (Int (0))) (Bin Add (Bin Mul (In 47) (Int (0))) (Bin Add (Bin Mul (In 46) (Int (0))) (Bin Add (Bin Mul (In 45) (Int (0))) (Bin Add (Bin Mul (In 44) (Int (0))) (Bin Add (Bin Mul (In 43) (Int (0))) (Bin Add (Bin Mul (In 42) (Int (0))) (Bin Add (Bin Mul (In 41) (Int (0))) (Bin Add (Bin Mul (In 40) (Int (0))) (Bin Add (Bin Mul (In 39) (In 5)) (Bin Add (Bin Mul (In 38) (In 4)) (Bin Add (Bin Mul (In 37) (Int (0))) (Bin Add (Bin Mul (In 36) (Int (0))) (Bin Add (Bin Mul (In 35) (Int (0))) (Bin Add (Bin Mul (In 34) (Int (0))) (Bin Add (Bin Mul (In 33) (Int (0))) (Bin Add (Bin Mul (In 32) (Int (0))) (Bin Add (Bin Mul (In 31) (Int (0))) (Bin Add (Bin Mul (In 30) (Int (0))) (Bin Add (Bin Mul (In 29) (Int (0))) (Bin Add (Bin Mul (In 28) (Int (0))) (Bin Add (Bin Mul (In 27) (In 2)) (Bin Add (Bin Mul (In 26) (In 1)) (Int (0))))))))))))))))))))))))))))));
    (Bin Add (Bin Mul (In 53) (In 8)) (Bin Add (Bin Mul (In 52) (In 7)) (Bin Add (Bin Mul (In 51) (In 6)) (Bin Add (Bin Mul (In 50) (Int (0))) (Bin Add (Bin Mul (In 49) (Int (0))) (Bin Add (Bin Mul (In 48) (Int (0))) (Bin Add (Bin Mul (In 47) (Int (0))) (Bin Add (Bin Mul (In 46) (Int (0))) (Bin Add (Bin Mul (In 45) (Int (0))) (Bin Add (Bin Mul (In 44) (Int (0))) (Bin Add (Bin Mul (In 43) (Int (0))) (Bin Add (Bin Mul (In 42) (Int (0))) (Bin Add (Bin Mul (In 41) (In 5)) (Bin Add (Bin Mul (In 40) (In 4)) (Bin Add (Bin Mul (In 39) (In 3)) (Bin Add (Bin Mul (In 38) (Int (0))) (Bin Add (Bin Mul (In 37) (Int (0))) (Bin Add (Bin Mul (In 36) (Int (0))) (Bin Add (Bin Mul (In 35) (Int (0))) (Bin Add (Bin Mul (In 34) (Int (0))) (Bin Add (Bin Mul (In 33) (Int (0))) (Bin Add (Bin Mul (In 32) (Int (0))) (Bin Add (Bin Mul (In 31) (Int (0))) (Bin Add (Bin Mul (In 30) (Int (0))) (Bin Add (Bin Mul (In 29) (In 2)) (Bin Add (Bin Mul (In 28) (In 1)) (Bin Add (Bin Mul (In 27) (In 0)) (Bin Add (Bin Mul (In 26) (Int (0))) (Int (0))))))))))))))))))))))))))))));
    (Bin Add (Bin Mul (In 53) (Int (0))) (Bin Add (Bin Mul (In 52) (Int (0))) (Bin Add (Bin Mul (In 51) (Int (0))) (Bin Add (Bin Mul (In 50) (Int (0))) (Bin Add (Bin Mul (In 49) (Int (0))) (Bin Add (Bin Mul (In 48) (Int (0))) (Bin Add (Bin Mul (In 47) (Int (0))) (Bin Add (Bin Mul (In 46) (Int (0))) (Bin Add (Bin Mul (In 45) (Int (0))) (Bin Add (Bin Mul (In 44) (Int (0))) (Bin Add (Bin Mul (In 43) (In 5)) (Bin Add (Bin Mul (In 42) (In 4)) (Bin Add (Bin Mul (In 41) (Int (0))) (Bin Add (Bin Mul (In 40) (Int (0))) (Bin Add (Bin Mul (In 39) (Int (0))) (Bin Add (Bin Mul (In 38) (Int (0))) (Bin Add (Bin Mul (In 37) (Int (0))) (Bin Add (Bin Mul (In 36) (Int (0))) (Bin Add (Bin Mul (In 35) (Int (0))) (Bin Add (Bin Mul (In 34) (Int (0))) (Bin Add (Bin Mul (In 33) (Int (0))) (Bin Add (Bin Mul (In 32) (Int (0))) (Bin Add (Bin Mul (In 31) (In 2)) (Bin Add (Bin Mul (In 30) (In 1)) (Bin Add (Bin Mul (In 29) (Int (0))) (Bin Add (Bin Mul (In 28) (Int (0))) (Bin Add (Bin Mul (In 27) (Int (0))) (Bin Add (Bin Mul (In 26) (Int (0))) (Int (0))))))))))))))))))))))))))))));
    (Bin Add (Bin Mul (In 53) (Int (0))) (Bin Add (Bin Mul (In 52) (Int (0))) (Bin Add (Bin Mul (In 51) (Int (0))) (Bin Add (Bin Mul (In 50) (Int (0))) (Bin Add (Bin Mul (In 49) (Int (0))) (Bin Add (Bin Mul (In 48) (Int (0))) (Bin Add (Bin Mul (In 47) (Int (0))) (Bin Add (Bin Mul (In 46) (Int (0))) (Bin Add (Bin Mul (In 45) (In 5)) (Bin Add (Bin Mul (In 44) (In 4)) (Bin Add (Bin Mul (In 43) (In 3)) (Bin Add (Bin Mul (In 42) (Int (0))) (Bin Add (Bin Mul (In 41) (Int (0))) (Bin Add (Bin Mul (In 40) (Int (0))) (Bin Add (Bin Mul (In 39) (Int (0))) (Bin Add (Bin Mul (In 38) (Int (0))) (Bin Add (Bin Mul (In 37) (Int (0))) (Bin Add (Bin Mul (In 36) (Int (0))) (Bin Add (Bin Mul (In 35) (Int (0))) (Bin Add (Bin Mul (In 34) (Int (0))) (Bin Add (Bin Mul (In 33) (In 2)) (Bin Add (Bin Mul (In 32) (In 1)) (Bin Add (Bin Mul (In 31) (In 0)) (Bin Add (Bin Mul (In 30) (Int (0))) (Bin Add (Bin Mul (In 29) (Int (0))) (Bin Add (Bin Mul (In 28) (Int (0))) (Bin Add (Bin Mul (In 27) (Int (0))) (Bin Add (Bin Mul (In 26) (Int (0))) (Int (0))))))))))))))))))))))))))))));
    (Bin Add (Bin Mul (In 81) (Int (0))) (Bin Add (Bin Mul (In 80) (Int (0))) (Bin Add (Bin Mul (In 79) (In 17)) (Bin Add (Bin Mul (In 78) (In 16)) (Bin Add (Bin Mul (In 77) (Int (0))) (Bin Add (Bin Mul (In 76) (Int (0))) (Bin Add (Bin Mul (In 75) (Int (0))) (Bin Add (Bin Mul (In 74) (Int (0))) (Bin Add (Bin Mul (In 73) (Int (0))) (Bin Add (Bin Mul (In 72) (Int (0))) (Bin Add (Bin Mul (In 71) (Int (0))) (Bin Add (Bin Mul (In 70) (Int (0))) (Bin Add (Bin Mul (In 69) (Int (0))) (Bin Add (Bin Mul (In 68) (Int (0))) (Bin Add (Bin Mul (In 67) (In 14)) (Bin Add (Bin Mul (In 66) (In 13)) (Bin Add (Bin Mul (In 65) (Int (0))) (Bin Add (Bin Mul (In 64) (Int (0))) (Bin Add (Bin Mul (In 63) (Int (0))) (Bin Add (Bin Mul (In 62) (Int (0))) (Bin Add (Bin Mul (In 61) (Int (0))) (Bin Add (Bin Mul (In 60) (Int (0))) (Bin Add (Bin Mul (In 59) (Int (0))) (Bin Add (Bin Mul (In 58) (Int (0))) (Bin Add (Bin Mul (In 57) (Int (0))) (Bin Add (Bin Mul (In 56) (Int (0))) (Bin Add (Bin Mul (In 55) (In 11)) (Bin Add (Bin Mul (In 54) (In 10)) (Int (0))))))))))))))))))))))))))))));
    (Bin Add (Bin Mul (In 81) (In 17)) (Bin Add (Bin Mul (In 80) (In 16)) (Bin Add (Bin Mul (In 79) (In 15)) (Bin Add (Bin Mul (In 78) (Int (0))) (Bin Add (Bin Mul (In 77) (Int (0))) (Bin Add (Bin Mul (In 76) (Int (0))) (Bin Add (Bin Mul (In 75) (Int (0))) (Bin Add (Bin Mul (In 74) (Int (0))) (Bin Add (Bin Mul (In 73) (Int (0))) (Bin Add (Bin Mul (In 72) (Int (0))) (Bin Add (Bin Mul (In 71) (Int (0))) (Bin Add (Bin Mul (In 70) (Int (0))) (Bin Add (Bin Mul (In 69) (In 14)) (Bin Add (Bin Mul (In 68) (In 13)) (Bin Add (Bin Mul (In 67) (In 12)) (Bin Add (Bin Mul (In 66) (Int (0))) (Bin Add (Bin Mul (In 65) (Int (0))) (Bin Add (Bin Mul (In 64) (Int (0))) (Bin Add (Bin Mul (In 63) (Int (0))) (Bin Add (Bin Mul (In 62) (Int (0))) (Bin Add (Bin Mul (In 61) (Int (0))) (Bin Add (Bin Mul (In 60) (Int (0))) (Bin Add (Bin Mul (In 59) (Int (0))) (Bin Add (Bin Mul (In 58) (Int (0))) (Bin Add (Bin Mul (In 57) (In 11)) (Bin Add (Bin Mul (In 56) (In 10)) (Bin Add (Bin Mul (In 55) (In 9)) (Bin Add (Bin Mul (In 54) (Int (0))) (Int (0))))))))))))))))))))))))))))));
    (Bin Add (Bin Mul (In 81) (Int (0))) (Bin Add (Bin Mul (In 80) (Int (0))) (Bin Add (Bin Mul (In 79) (Int (0))) (Bin Add (Bin Mul (In 78) (Int (0))) (Bin Add (Bin Mul (In 77) (Int (0))) (Bin Add (Bin Mul (In 76) (Int (0))) (Bin Add (Bin Mul (In 75) (Int (0))) (Bin Add (Bin Mul (In 74) (Int (0))) (Bin Add (Bin Mul (In 73) (Int (0))) (Bin Add (Bin Mul (In 72) (Int (0))) (Bin Add (Bin Mul (In 71) (In 14)) (Bin Add (Bin Mul (In 70) (In 13)) (Bin Add (Bin Mul (In 69) (Int (0))) (Bin Add (Bin Mul (In 68) (Int (0))) (Bin Add (Bin Mul (In 67) (Int (0))) (Bin Add (Bin Mul (In 66) (Int (0))) (Bin Add (Bin Mul (In 65) (Int (0))) (Bin Add (Bin Mul (In 64) (Int (0))) (Bin Add (Bin Mul (In 63) (Int (0))) (Bin Add (Bin Mul (In 62) (Int (0))) (Bin Add (Bin Mul (In 61) (Int (0))) (Bin Add (Bin Mul (In 60) (Int (0))) (Bin Add (Bin Mul (In 59) (In 11)) (Bin Add (Bin Mul (In 58) (In 10)) (Bin Add (Bin Mul (In 57) (Int (0))) (Bin Add (Bin Mul (In 56) (Int (0))) (Bin Add (Bin Mul (In 55) (Int (0))) (Bin Add (Bin Mul (In 54) (Int (0))) (Int (0))))))))))))))))))))))))))))));
    (Bin Add (Bin Mul (In 81) (Int (0))) (Bin Add (Bin Mul (In 80) (Int (0))) (Bin Add (Bin Mul (In 79) (Int (0))) (Bin Add (Bin Mul (In 78) (Int (0))) (Bin Add (Bin Mul (In 77) (Int (0))) (Bin Add (Bin Mul (In 76) (Int (0))) (Bin Add (Bin Mul (In 75) (Int (0))) (Bin Add (Bin Mul (In 74) (Int (0))) (Bin Add (Bin Mul (In 73) (In 14)) (Bin Add (Bin Mul (In 72) (In 13)) (Bin Add (Bin Mul (In 71) (In 12)) (Bin Add (Bin Mul (In 70) (Int (0))) (Bin Add (Bin Mul (In 69) (Int (0))) (Bin Add (Bin Mul (In 68) (Int (0))) (Bin Add (Bin Mul (In 67) (Int (0))) (Bin Add (Bin Mul (In 66) (Int (0))) (Bin Add (Bin Mul (In 65) (Int (0))) (Bin Add (Bin Mul (In 64) (Int (0))) (Bin Add (Bin Mul (In 63) (Int (0))) (Bin Add (Bin Mul (In 62) (Int (0))) (Bin Add (Bin Mul (In 61) (In 11)) (Bin Add (Bin Mul (In 60) (In 10)) (Bin Add (Bin Mul (In 59) (In 9)) (Bin Add (Bin Mul (In 58) (Int (0))) (Bin Add (Bin Mul (In 57) (Int (0))) (Bin Add (Bin Mul (In 56) (Int (0))) (Bin Add (Bin Mul (In 55) (Int (0))) (Bin Add (Bin Mul (In 54) (Int (0))) (Int (0))))))))))))))))))))))))))))))] |}.

(* (x: f64[1, 4, 3], w: f64[4, 1, 2]) -> conv_transpose(x, w, stride = 2, groups = 2) *)
Definition conv_transpose_3 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19]%nat;
  cotangents := 20;
  forward := [(Bin Add (Bin Mul (In 15) (Int (0))) (Bin Add (Bin Mul (In 14) (In 3)) (Bin Add (Bin Mul (In 13) (Int (0))) (Bin Add (Bin Mul (In 12) (In 0)) (Int (0))))));
    (Bin Add (Bin Mul (In 15) (In 3)) (Bin Add (Bin Mul (In 14) (Int (0))) (Bin Add (Bin Mul (In 13) (In 0)) (Bin Add (Bin Mul (In 12) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 15) (Int (0))) (Bin Add (Bin Mul (In 14) (In 4)) (Bin Add (Bin Mul (In 13) (Int (0))) (Bin Add (Bin Mul (In 12) (In 1)) (Int (0))))));
    (Bin Add (Bin Mul (In 15) (In 4)) (Bin Add (Bin Mul (In 14) (Int (0))) (Bin Add (Bin Mul (In 13) (In 1)) (Bin Add (Bin Mul (In 12) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 15) (Int (0))) (Bin Add (Bin Mul (In 14) (In 5)) (Bin Add (Bin Mul (In 13) (Int (0))) (Bin Add (Bin Mul (In 12) (In 2)) (Int (0))))));
    (Bin Add (Bin Mul (In 15) (In 5)) (Bin Add (Bin Mul (In 14) (Int (0))) (Bin Add (Bin Mul (In 13) (In 2)) (Bin Add (Bin Mul (In 12) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (In 9)) (Bin Add (Bin Mul (In 17) (Int (0))) (Bin Add (Bin Mul (In 16) (In 6)) (Int (0))))));
    (Bin Add (Bin Mul (In 19) (In 9)) (Bin Add (Bin Mul (In 18) (Int (0))) (Bin Add (Bin Mul (In 17) (In 6)) (Bin Add (Bin Mul (In 16) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (In 10)) (Bin Add (Bin Mul (In 17) (Int (0))) (Bin Add (Bin Mul (In 16) (In 7)) (Int (0))))));
    (Bin Add (Bin Mul (In 19) (In 10)) (Bin Add (Bin Mul (In 18) (Int (0))) (Bin Add (Bin Mul (In 17) (In 7)) (Bin Add (Bin Mul (In 16) (Int (0))) (Int (0))))));
    (Bin Add (Bin Mul (In 19) (Int (0))) (Bin Add (Bin Mul (In 18) (In 11)) (Bin Add (Bin Mul (In 17) (Int (0))) (Bin Add (Bin Mul (In 16) (In 8)) (Int (0))))));
    (Bin Add (Bin Mul (In 19) (In 11)) (Bin Add (Bin Mul (In 18) (Int (0))) (Bin Add (Bin Mul (In 17) (In 8)) (Bin Add (Bin Mul (In 16) (Int (0))) (Int (0))))))];
  backward := [(Bin Add (Bin Add (Bin Mul (In 12) (In 20)) (Int (0))) (Bin Add (Bin Mul (In 13) (In 21)) (Int (0))));
    (Bin Add (Bin Add (Bin Mul (In 12) (In 22)) (Int (0))) (Bin Add (Bin Mul (In 13) (In 23)) (Int (0))));
    (Bin Add (Bin Add (Bin Mul (In 12) (In 24)) (Int (0))) (Bin Add (Bin Mul (In 13) (In 25)) (Int (0))));
    (Bin Add (Bin Add (Bin Mul (In 14) (In 20)) (Int (0))) (Bin Add (Bin Mul (In 15) (In 21)) (Int (0))));
    (Bin Add (Bin Add (Bin Mul (In 14) (In 22)) (Int (0))) (Bin Add (Bin Mul (In 15) (In 23)) (Int (0))));
    (Bin Add (Bin Add (Bin Mul (In 14) (In 24)) (Int (0))) (Bin Add (Bin Mul (In 15) (In 25)) (Int (0))));
    (Bin Add (Bin Add (Bin Mul (In 16) (In 26)) (Int (0))) (Bin Add (Bin Mul (In 17) (In 27)) (Int (0))));
    (Bin Add (Bin Add (Bin Mul (In 16) (In 28)) (Int (0))) (Bin Add (Bin Mul (In 17) (In 29)) (Int (0))));
    (Bin Add (Bin Add (Bin Mul (In 16) (In 30)) (Int (0))) (Bin Add (Bin Mul (In 17) (In 31)) (Int (0))));
    (Bin Add (Bin Add (Bin Mul (In 18) (In 26)) (Int (0))) (Bin Add (Bin Mul (In 19) (In 27)) (Int (0))));
    (Bin Add (Bin Add (Bin Mul (In 18) (In 28)) (Int (0))) (Bin Add (Bin Mul (In 19) (In 29)) (Int (0))));
    (Bin Add (Bin Add (Bin Mul (In 18) (In 30)) (Int (0))) (Bin Add (Bin Mul (In 19) (In 31)) (Int (0))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (In 2)) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (In 1)) (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (In 0)) (Int (0))))))));
    (Bin Add (Bin Mul (In 25) (In 2)) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (In 1)) (Bin Add (Bin Mul (In 22) (Int (0))) (Bin Add (Bin Mul (In 21) (In 0)) (Bin Add (Bin Mul (In 20) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 25) (Int (0))) (Bin Add (Bin Mul (In 24) (In 5)) (Bin Add (Bin Mul (In 23) (Int (0))) (Bin Add (Bin Mul (In 22) (In 4)) (Bin Add (Bin Mul (In 21) (Int (0))) (Bin Add (Bin Mul (In 20) (In 3)) (Int (0))))))));
    (Bin Add (Bin Mul (In 25) (In 5)) (Bin Add (Bin Mul (In 24) (Int (0))) (Bin Add (Bin Mul (In 23) (In 4)) (Bin Add (Bin Mul (In 22) (Int (0))) (Bin Add (Bin Mul (In 21) (In 3)) (Bin Add (Bin Mul (In 20) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 31) (Int (0))) (Bin Add (Bin Mul (In 30) (In 8)) (Bin Add (Bin Mul (In 29) (Int (0))) (Bin Add (Bin Mul (In 28) (In 7)) (Bin Add (Bin Mul (In 27) (Int (0))) (Bin Add (Bin Mul (In 26) (In 6)) (Int (0))))))));
    (Bin Add (Bin Mul (In 31) (In 8)) (Bin Add (Bin Mul (In 30) (Int (0))) (Bin Add (Bin Mul (In 29) (In 7)) (Bin Add (Bin Mul (In 28) (Int (0))) (Bin Add (Bin Mul (In 27) (In 6)) (Bin Add (Bin Mul (In 26) (Int (0))) (Int (0))))))));
    (Bin Add (Bin Mul (In 31) (Int (0))) (Bin Add (Bin Mul (In 30) (In 11)) (Bin Add (Bin Mul (In 29) (Int (0))) (Bin Add (Bin Mul (In 28) (In 10)) (Bin Add (Bin Mul (In 27) (Int (0))) (Bin Add (Bin Mul (In 26) (In 9)) (Int (0))))))));
    (Bin Add (Bin Mul (In 31) (In 11)) (Bin Add (Bin Mul (In 30) (Int (0))) (Bin Add (Bin Mul (In 29) (In 10)) (Bin Add (Bin Mul (In 28) (Int (0))) (Bin Add (Bin Mul (In 27) (In 9)) (Bin Add (Bin Mul (In 26) (Int (0))) (Int (0))))))))] |}.

(* (x: f32[1, 2, 7]) -> avg_pool(x, size = 3, stride = 2) *)
Definition avg_pool_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13]%nat;
  cotangents := 14;
  forward := [(Bin Div (Bin Add (Bin Add (In 0) (In 1)) (In 2)) (Int (3)));
    (Bin Div (Bin Add (Bin Add (In 2) (In 3)) (In 4)) (Int (3)));
    (Bin Div (Bin Add (Bin Add (In 4) (In 5)) (In 6)) (Int (3)));
    (Bin Div (Bin Add (Bin Add (In 7) (In 8)) (In 9)) (Int (3)));
    (Bin Div (Bin Add (Bin Add (In 9) (In 10)) (In 11)) (Int (3)));
    (Bin Div (Bin Add (Bin Add (In 11) (In 12)) (In 13)) (Int (3)))];
  backward := [(Bin Add (Bin Add (Bin Mul (In 14) (Ratio (1) (3))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Int (0)) (Bin Mul (In 14) (Ratio (1) (3)))) (Int (0)));
    (Bin Add (Bin Add (Bin Mul (In 15) (Ratio (1) (3))) (Int (0))) (Bin Mul (In 14) (Ratio (1) (3))));
    (Bin Add (Bin Add (Int (0)) (Bin Mul (In 15) (Ratio (1) (3)))) (Int (0)));
    (Bin Add (Bin Add (Bin Mul (In 16) (Ratio (1) (3))) (Int (0))) (Bin Mul (In 15) (Ratio (1) (3))));
    (Bin Add (Bin Add (Int (0)) (Bin Mul (In 16) (Ratio (1) (3)))) (Int (0)));
    (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Mul (In 16) (Ratio (1) (3))));
    (Bin Add (Bin Add (Bin Mul (In 17) (Ratio (1) (3))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Int (0)) (Bin Mul (In 17) (Ratio (1) (3)))) (Int (0)));
    (Bin Add (Bin Add (Bin Mul (In 18) (Ratio (1) (3))) (Int (0))) (Bin Mul (In 17) (Ratio (1) (3))));
    (Bin Add (Bin Add (Int (0)) (Bin Mul (In 18) (Ratio (1) (3)))) (Int (0)));
    (Bin Add (Bin Add (Bin Mul (In 19) (Ratio (1) (3))) (Int (0))) (Bin Mul (In 18) (Ratio (1) (3))));
    (Bin Add (Bin Add (Int (0)) (Bin Mul (In 19) (Ratio (1) (3)))) (Int (0)));
    (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Mul (In 19) (Ratio (1) (3))))] |}.

(* (x: f32[2, 1, 4, 5]) -> avg_pool(x, count_include_pad = true, size = [2, 3], stride = [2, 1], padding = 1) *)
Definition avg_pool_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23; 24; 25; 26; 27; 28; 29; 30; 31; 32; 33; 34; 35; 36; 37; 38; 39]%nat;
  cotangents := 40;
  forward := [(Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (In 0)) (In 1)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (In 0)) (In 1)) (In 2)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (In 1)) (In 2)) (In 3)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (In 2)) (In 3)) (In 4)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (In 3)) (In 4)) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 5)) (In 6)) (Int (0))) (In 10)) (In 11)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 5) (In 6)) (In 7)) (In 10)) (In 11)) (In 12)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 6) (In 7)) (In 8)) (In 11)) (In 12)) (In 13)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 7) (In 8)) (In 9)) (In 12)) (In 13)) (In 14)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 8) (In 9)) (Int (0))) (In 13)) (In 14)) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 15)) (In 16)) (Int (0))) (Int (0))) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 15) (In 16)) (In 17)) (Int (0))) (Int (0))) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 16) (In 17)) (In 18)) (Int (0))) (Int (0))) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 17) (In 18)) (In 19)) (Int (0))) (Int (0))) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 18) (In 19)) (Int (0))) (Int (0))) (Int (0))) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (In 20)) (In 21)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (In 20)) (In 21)) (In 22)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (In 21)) (In 22)) (In 23)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (In 22)) (In 23)) (In 24)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (In 23)) (In 24)) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 25)) (In 26)) (Int (0))) (In 30)) (In 31)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 25) (In 26)) (In 27)) (In 30)) (In 31)) (In 32)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 26) (In 27)) (In 28)) (In 31)) (In 32)) (In 33)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 27) (In 28)) (In 29)) (In 32)) (In 33)) (In 34)) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 28) (In 29)) (Int (0))) (In 33)) (In 34)) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (In 35)) (In 36)) (Int (0))) (Int (0))) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 35) (In 36)) (In 37)) (Int (0))) (Int (0))) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 36) (In 37)) (In 38)) (Int (0))) (Int (0))) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 37) (In 38)) (In 39)) (Int (0))) (Int (0))) (Int (0))) (Int (6)));
    (Bin Div (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (In 38) (In 39)) (Int (0))) (Int (0))) (Int (0))) (Int (0))) (Int (6)))];
  backward := [(Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 41) (Ratio (1) (6)))) (Bin Mul (In 40) (Ratio (1) (6)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 42) (Ratio (1) (6)))) (Bin Mul (In 41) (Ratio (1) (6)))) (Bin Mul (In 40) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 43) (Ratio (1) (6)))) (Bin Mul (In 42) (Ratio (1) (6)))) (Bin Mul (In 41) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 44) (Ratio (1) (6)))) (Bin Mul (In 43) (Ratio (1) (6)))) (Bin Mul (In 42) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (Bin Mul (In 44) (Ratio (1) (6)))) (Bin Mul (In 43) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 46) (Ratio (1) (6))) (Bin Mul (In 45) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 47) (Ratio (1) (6))) (Bin Mul (In 46) (Ratio (1) (6)))) (Bin Mul (In 45) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 48) (Ratio (1) (6))) (Bin Mul (In 47) (Ratio (1) (6)))) (Bin Mul (In 46) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 49) (Ratio (1) (6))) (Bin Mul (In 48) (Ratio (1) (6)))) (Bin Mul (In 47) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Mul (In 49) (Ratio (1) (6)))) (Bin Mul (In 48) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 46) (Ratio (1) (6)))) (Bin Mul (In 45) (Ratio (1) (6)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 47) (Ratio (1) (6)))) (Bin Mul (In 46) (Ratio (1) (6)))) (Bin Mul (In 45) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 48) (Ratio (1) (6)))) (Bin Mul (In 47) (Ratio (1) (6)))) (Bin Mul (In 46) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 49) (Ratio (1) (6)))) (Bin Mul (In 48) (Ratio (1) (6)))) (Bin Mul (In 47) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (Bin Mul (In 49) (Ratio (1) (6)))) (Bin Mul (In 48) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 51) (Ratio (1) (6))) (Bin Mul (In 50) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 52) (Ratio (1) (6))) (Bin Mul (In 51) (Ratio (1) (6)))) (Bin Mul (In 50) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 53) (Ratio (1) (6))) (Bin Mul (In 52) (Ratio (1) (6)))) (Bin Mul (In 51) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 54) (Ratio (1) (6))) (Bin Mul (In 53) (Ratio (1) (6)))) (Bin Mul (In 52) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Mul (In 54) (Ratio (1) (6)))) (Bin Mul (In 53) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 56) (Ratio (1) (6)))) (Bin Mul (In 55) (Ratio (1) (6)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 57) (Ratio (1) (6)))) (Bin Mul (In 56) (Ratio (1) (6)))) (Bin Mul (In 55) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 58) (Ratio (1) (6)))) (Bin Mul (In 57) (Ratio (1) (6)))) (Bin Mul (In 56) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 59) (Ratio (1) (6)))) (Bin Mul (In 58) (Ratio (1) (6)))) (Bin Mul (In 57) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (Bin Mul (In 59) (Ratio (1) (6)))) (Bin Mul (In 58) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 61) (Ratio (1) (6))) (Bin Mul (In 60) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 62) (Ratio (1) (6))) (Bin Mul (In 61) (Ratio (1) (6)))) (Bin Mul (In 60) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 63) (Ratio (1) (6))) (Bin Mul (In 62) (Ratio (1) (6)))) (Bin Mul (In 61) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 64) (Ratio (1) (6))) (Bin Mul (In 63) (Ratio (1) (6)))) (Bin Mul (In 62) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Mul (In 64) (Ratio (1) (6)))) (Bin Mul (In 63) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 61) (Ratio (1) (6)))) (Bin Mul (In 60) (Ratio (1) (6)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 62) (Ratio (1) (6)))) (Bin Mul (In 61) (Ratio (1) (6)))) (Bin Mul (In 60) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 63) (Ratio (1) (6)))) (Bin Mul (In 62) (Ratio (1) (6)))) (Bin Mul (In 61) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 64) (Ratio (1) (6)))) (Bin Mul (In 63) (Ratio (1) (6)))) (Bin Mul (In 62) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0))) (Bin Mul (In 64) (Ratio (1) (6)))) (Bin Mul (In 63) (Ratio (1) (6))));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 66) (Ratio (1) (6))) (Bin Mul (In 65) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 67) (Ratio (1) (6))) (Bin Mul (In 66) (Ratio (1) (6)))) (Bin Mul (In 65) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 68) (Ratio (1) (6))) (Bin Mul (In 67) (Ratio (1) (6)))) (Bin Mul (In 66) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Bin Mul (In 69) (Ratio (1) (6))) (Bin Mul (In 68) (Ratio (1) (6)))) (Bin Mul (In 67) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Mul (In 69) (Ratio (1) (6)))) (Bin Mul (In 68) (Ratio (1) (6)))) (Int (0))) (Int (0))) (Int (0)))] |}.

(* (x: f64[1, 1, 5, 6]) -> avg_pool(x, size = 2, stride = 3, dilation = [2, 3]) *)
Definition avg_pool_3 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23; 24; 25; 26; 27; 28; 29]%nat;
  cotangents := 30;
  forward := [(Bin Div (Bin Add (Bin Add (Bin Add (In 0) (In 3)) (In 12)) (In 15)) (Int (4)))];
  backward := [(Bin Add (Bin Add (Bin Add (Bin Mul (In 30) (Ratio (1) (4))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Mul (In 30) (Ratio (1) (4)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Mul (In 30) (Ratio (1) (4)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 30) (Ratio (1) (4))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Int (0)))] |}.

(* (x: f32[1, 1, 2, 3, 2]) -> avg_pool(x, size = [1, 2, 2]) *)
Definition avg_pool_4 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(Bin Div (Bin Add (Bin Add (Bin Add (In 0) (In 1)) (In 2)) (In 3)) (Int (4)));
    (Bin Div (Bin Add (Bin Add (Bin Add (In 2) (In 3)) (In 4)) (In 5)) (Int (4)));
    (Bin Div (Bin Add (Bin Add (Bin Add (In 6) (In 7)) (In 8)) (In 9)) (Int (4)));
    (Bin Div (Bin Add (Bin Add (Bin Add (In 8) (In 9)) (In 10)) (In 11)) (Int (4)))];
  backward := [(Bin Add (Bin Add (Bin Add (Bin Mul (In 12) (Ratio (1) (4))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Mul (In 12) (Ratio (1) (4)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 13) (Ratio (1) (4))) (Int (0))) (Bin Mul (In 12) (Ratio (1) (4)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Mul (In 13) (Ratio (1) (4)))) (Int (0))) (Bin Mul (In 12) (Ratio (1) (4))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Mul (In 13) (Ratio (1) (4)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 13) (Ratio (1) (4))));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 14) (Ratio (1) (4))) (Int (0))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Mul (In 14) (Ratio (1) (4)))) (Int (0))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Bin Mul (In 15) (Ratio (1) (4))) (Int (0))) (Bin Mul (In 14) (Ratio (1) (4)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Bin Mul (In 15) (Ratio (1) (4)))) (Int (0))) (Bin Mul (In 14) (Ratio (1) (4))));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Bin Mul (In 15) (Ratio (1) (4)))) (Int (0)));
    (Bin Add (Bin Add (Bin Add (Int (0)) (Int (0))) (Int (0))) (Bin Mul (In 15) (Ratio (1) (4))))] |}.

(* (p: f32[3], g: f32[3], rate: f32[]) -> sgd(p, g, rate) *)
Definition sgd_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6]%nat;
  cotangents := 7;
  forward := [(Bin Sub (In 0) (Bin Mul (In 6) (In 3)));
    (Bin Sub (In 1) (Bin Mul (In 6) (In 4)));
    (Bin Sub (In 2) (Bin Mul (In 6) (In 5)))];
  backward := [(In 7);
    (In 8);
    (In 9);
    (Bin Mul (Un Neg (In 7)) (In 6));
    (Bin Mul (Un Neg (In 8)) (In 6));
    (Bin Mul (Un Neg (In 9)) (In 6));
    (Bin Add (Bin Add (Bin Mul (Un Neg (In 7)) (In 3)) (Bin Mul (Un Neg (In 8)) (In 4))) (Bin Mul (Un Neg (In 9)) (In 5)))] |}.

(* (p: f32[3], v: f32[3], g: f32[3], rate: f32[], mu: f32[]) -> momentum(p, v, g, rate, mu) *)
Definition momentum_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10]%nat;
  cotangents := 11;
  forward := [(Bin Sub (In 0) (Bin Mul (In 9) (Bin Add (Bin Mul (In 10) (In 3)) (In 6))));
    (Bin Sub (In 1) (Bin Mul (In 9) (Bin Add (Bin Mul (In 10) (In 4)) (In 7))));
    (Bin Sub (In 2) (Bin Mul (In 9) (Bin Add (Bin Mul (In 10) (In 5)) (In 8))));
    (Bin Add (Bin Mul (In 10) (In 3)) (In 6));
    (Bin Add (Bin Mul (In 10) (In 4)) (In 7));
    (Bin Add (Bin Mul (In 10) (In 5)) (In 8))];
  backward := [(In 11);
    (In 12);
    (In 13);
    (Bin Mul (Bin Add (In 14) (Bin Mul (Un Neg (In 11)) (In 9))) (In 10));
    (Bin Mul (Bin Add (In 15) (Bin Mul (Un Neg (In 12)) (In 9))) (In 10));
    (Bin Mul (Bin Add (In 16) (Bin Mul (Un Neg (In 13)) (In 9))) (In 10));
    (Bin Add (In 14) (Bin Mul (Un Neg (In 11)) (In 9)));
    (Bin Add (In 15) (Bin Mul (Un Neg (In 12)) (In 9)));
    (Bin Add (In 16) (Bin Mul (Un Neg (In 13)) (In 9)));
    (Bin Add (Bin Add (Bin Mul (Un Neg (In 11)) (Bin Add (Bin Mul (In 10) (In 3)) (In 6))) (Bin Mul (Un Neg (In 12)) (Bin Add (Bin Mul (In 10) (In 4)) (In 7)))) (Bin Mul (Un Neg (In 13)) (Bin Add (Bin Mul (In 10) (In 5)) (In 8))));
    (Bin Add (Bin Add (Bin Mul (Bin Add (In 14) (Bin Mul (Un Neg (In 11)) (In 9))) (In 3)) (Bin Mul (Bin Add (In 15) (Bin Mul (Un Neg (In 12)) (In 9))) (In 4))) (Bin Mul (Bin Add (In 16) (Bin Mul (Un Neg (In 13)) (In 9))) (In 5)))] |}.

(* (x: f32[2, 3], indices: i32[2, 4]) -> take_along_axis(x, indices) *)
Definition take_along_axis_0 : map := {|
  active := [0; 1; 2; 3; 4; 5]%nat;
  cotangents := 6;
  forward := [(In 1);
    (In 0);
    (In 1);
    (In 1);
    (In 3);
    (In 4);
    (In 4);
    (In 3)];
  backward := [(Bin Add (Int (0)) (In 7));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 6)) (In 8)) (In 9));
    (Int (0));
    (Bin Add (Bin Add (Int (0)) (In 10)) (In 13));
    (Bin Add (Bin Add (Int (0)) (In 11)) (In 12));
    (Int (0))] |}.

(* (x: f32[3, 2], indices: i32[1, 2]) -> take_along_axis(x, indices, axis = 0) *)
Definition take_along_axis_1 : map := {|
  active := [0; 1; 2; 3; 4; 5]%nat;
  cotangents := 6;
  forward := [(In 2);
    (In 1)];
  backward := [(Int (0));
    (Bin Add (Int (0)) (In 7));
    (Bin Add (Int (0)) (In 6));
    (Int (0));
    (Int (0));
    (Int (0))] |}.

(* (x: f32[4], indices: i64[3]) -> take_along_axis(x, indices) *)
Definition take_along_axis_2 : map := {|
  active := [0; 1; 2; 3]%nat;
  cotangents := 4;
  forward := [(In 1);
    (In 0);
    (In 1)];
  backward := [(Bin Add (Int (0)) (In 5));
    (Bin Add (Bin Add (Int (0)) (In 4)) (In 6));
    (Int (0));
    (Int (0))] |}.

(* (x: f32[2, 3], indices: i32[2, 4], updates: f32[2, 4]) -> scatter_elements_add(x, indices, updates) *)
Definition scatter_elements_add_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13]%nat;
  cotangents := 14;
  forward := [(Bin Add (In 0) (In 7));
    (Bin Add (Bin Add (Bin Add (In 1) (In 6)) (In 8)) (In 9));
    (In 2);
    (Bin Add (Bin Add (In 3) (In 10)) (In 13));
    (Bin Add (Bin Add (In 4) (In 11)) (In 12));
    (In 5)];
  backward := [(In 14);
    (In 15);
    (In 16);
    (In 17);
    (In 18);
    (In 19);
    (In 15);
    (In 14);
    (In 15);
    (In 15);
    (In 17);
    (In 18);
    (In 18);
    (In 17)] |}.

(* (x: f32[3, 2], indices: i32[2, 2], updates: f32[2, 2]) -> scatter_elements_add(x, indices, updates, axis = 0) *)
Definition scatter_elements_add_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9]%nat;
  cotangents := 10;
  forward := [(In 0);
    (Bin Add (In 1) (In 7));
    (Bin Add (Bin Add (In 2) (In 6)) (In 8));
    (Bin Add (In 3) (In 9));
    (In 4);
    (In 5)];
  backward := [(In 10);
    (In 11);
    (In 12);
    (In 13);
    (In 14);
    (In 15);
    (In 12);
    (In 11);
    (In 12);
    (In 13)] |}.

(* (x: f32[3, 4], indices: i32[5, 2]) -> gather_nd(x, indices) *)
Definition gather_nd_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(In 4);
    (In 5);
    (In 1);
    (In 4);
    (In 5)];
  backward := [(Int (0));
    (Bin Add (Int (0)) (In 14));
    (Int (0));
    (Int (0));
    (Bin Add (Bin Add (Int (0)) (In 12)) (In 15));
    (Bin Add (Bin Add (Int (0)) (In 13)) (In 16));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0))] |}.

(* (x: f32[3, 2, 2], indices: i32[2, 2]) -> gather_nd(x, indices) *)
Definition gather_nd_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(In 4);
    (In 5);
    (In 6);
    (In 7)];
  backward := [(Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Bin Add (Int (0)) (In 12));
    (Bin Add (Int (0)) (In 13));
    (Bin Add (Int (0)) (In 14));
    (Bin Add (Int (0)) (In 15));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0))] |}.

(* (x: f32[2, 3, 2], indices: i32[2, 4, 1]) -> gather_nd(x, indices, batch = 1) *)
Definition gather_nd_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(In 2);
    (In 3);
    (In 0);
    (In 1);
    (In 2);
    (In 3);
    (In 2);
    (In 3);
    (In 6);
    (In 7);
    (In 8);
    (In 9);
    (In 8);
    (In 9);
    (In 6);
    (In 7)];
  backward := [(Bin Add (Int (0)) (In 14));
    (Bin Add (Int (0)) (In 15));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 12)) (In 16)) (In 18));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 13)) (In 17)) (In 19));
    (Int (0));
    (Int (0));
    (Bin Add (Bin Add (Int (0)) (In 20)) (In 26));
    (Bin Add (Bin Add (Int (0)) (In 21)) (In 27));
    (Bin Add (Bin Add (Int (0)) (In 22)) (In 24));
    (Bin Add (Bin Add (Int (0)) (In 23)) (In 25));
    (Int (0));
    (Int (0))] |}.

(* (x: f32[3, 4], indices: i32[5, 2], updates: f32[5]) -> scatter_nd_add(x, indices, updates) *)
Definition scatter_nd_add_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16]%nat;
  cotangents := 17;
  forward := [(In 0);
    (Bin Add (In 1) (In 14));
    (In 2);
    (In 3);
    (Bin Add (Bin Add (In 4) (In 12)) (In 15));
    (Bin Add (Bin Add (In 5) (In 13)) (In 16));
    (In 6);
    (In 7);
    (In 8);
    (In 9);
    (In 10);
    (In 11)];
  backward := [(In 17);
    (In 18);
    (In 19);
    (In 20);
    (In 21);
    (In 22);
    (In 23);
    (In 24);
    (In 25);
    (In 26);
    (In 27);
    (In 28);
    (In 21);
    (In 22);
    (In 18);
    (In 21);
    (In 22)] |}.

(* (x: f32[2, 3, 2], indices: i32[2, 2, 1], updates: f32[2, 2, 2]) -> scatter_nd_add(x, indices, updates, batch = 1) *)
Definition scatter_nd_add_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19]%nat;
  cotangents := 20;
  forward := [(Bin Add (In 0) (In 14));
    (Bin Add (In 1) (In 15));
    (Bin Add (In 2) (In 12));
    (Bin Add (In 3) (In 13));
    (In 4);
    (In 5);
    (In 6);
    (In 7);
    (Bin Add (Bin Add (In 8) (In 16)) (In 18));
    (Bin Add (Bin Add (In 9) (In 17)) (In 19));
    (In 10);
    (In 11)];
  backward := [(In 20);
    (In 21);
    (In 22);
    (In 23);
    (In 24);
    (In 25);
    (In 26);
    (In 27);
    (In 28);
    (In 29);
    (In 30);
    (In 31);
    (In 22);
    (In 23);
    (In 20);
    (In 21);
    (In 28);
    (In 29);
    (In 28);
    (In 29)] |}.

(* (x: f32[5], i: i32[]) -> dynamic_slice(x, i, sizes = [3]) *)
Definition dynamic_slice_0 : map := {|
  active := [0; 1; 2; 3; 4]%nat;
  cotangents := 5;
  forward := [(In 1);
    (In 2);
    (In 3)];
  backward := [(Int (0));
    (In 5);
    (In 6);
    (In 7);
    (Int (0))] |}.

(* (x: f32[4, 3], i: i32[], j: i32[]) -> dynamic_slice(x, i, j, sizes = [2, 3]) *)
Definition dynamic_slice_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(In 3);
    (In 4);
    (In 5);
    (In 6);
    (In 7);
    (In 8)];
  backward := [(Int (0));
    (Int (0));
    (Int (0));
    (In 12);
    (In 13);
    (In 14);
    (In 15);
    (In 16);
    (In 17);
    (Int (0));
    (Int (0));
    (Int (0))] |}.

(* (x: f32[3, 4, 2], i: i32[], j: i64[], k: i32[]) -> dynamic_slice(x, i, j, k, sizes = [2, 1, 1]) *)
Definition dynamic_slice_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23]%nat;
  cotangents := 24;
  forward := [(In 11);
    (In 19)];
  backward := [(Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (In 24);
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0));
    (In 25);
    (Int (0));
    (Int (0));
    (Int (0));
    (Int (0))] |}.

(* (x: f32[5], update: f32[2], i: i32[]) -> dynamic_update_slice(x, update, i) *)
Definition dynamic_update_slice_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6]%nat;
  cotangents := 7;
  forward := [(In 0);
    (In 5);
    (In 6);
    (In 3);
    (In 4)];
  backward := [(In 7);
    (Int (0));
    (Int (0));
    (In 10);
    (In 11);
    (In 8);
    (In 9)] |}.

(* (x: f32[3, 4], update: f32[2, 2], i: i32[], j: i32[]) -> dynamic_update_slice(x, update, i, j) *)
Definition dynamic_update_slice_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15]%nat;
  cotangents := 16;
  forward := [(In 0);
    (In 1);
    (In 2);
    (In 3);
    (In 4);
    (In 12);
    (In 13);
    (In 7);
    (In 8);
    (In 14);
    (In 15);
    (In 11)];
  backward := [(In 16);
    (In 17);
    (In 18);
    (In 19);
    (In 20);
    (Int (0));
    (Int (0));
    (In 23);
    (In 24);
    (Int (0));
    (Int (0));
    (In 27);
    (In 21);
    (In 22);
    (In 25);
    (In 26)] |}.

(* (x: f32[3, 2], update: f32[1, 2], i: i64[], j: i32[]) -> dynamic_update_slice(x, update, i, j) *)
Definition dynamic_update_slice_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7]%nat;
  cotangents := 8;
  forward := [(In 0);
    (In 1);
    (In 6);
    (In 7);
    (In 4);
    (In 5)];
  backward := [(In 8);
    (In 9);
    (Int (0));
    (Int (0));
    (In 12);
    (In 13);
    (In 10);
    (In 11)] |}.

(* (x: f32[4], key: i32[]) -> dropout(x, key, stream = 1, keep = 0.9, training = false) *)
Definition dropout_1 : map := {|
  active := [0; 1; 2; 3]%nat;
  cotangents := 4;
  forward := [(In 0);
    (In 1);
    (In 2);
    (In 3)];
  backward := [(In 4);
    (In 5);
    (In 6);
    (In 7)] |}.

(* (x: f32[3, 2], y: f32[3, 2]) -> complex_mul(x, y) *)
Definition complex_mul_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(Bin Add (Bin Mul (In 0) (In 6)) (Bin Mul (Bin Mul (In 1) (Int (-1))) (In 7)));
    (Bin Add (Bin Mul (In 1) (In 6)) (Bin Mul (Bin Mul (In 0) (Int (1))) (In 7)));
    (Bin Add (Bin Mul (In 2) (In 8)) (Bin Mul (Bin Mul (In 3) (Int (-1))) (In 9)));
    (Bin Add (Bin Mul (In 3) (In 8)) (Bin Mul (Bin Mul (In 2) (Int (1))) (In 9)));
    (Bin Add (Bin Mul (In 4) (In 10)) (Bin Mul (Bin Mul (In 5) (Int (-1))) (In 11)));
    (Bin Add (Bin Mul (In 5) (In 10)) (Bin Mul (Bin Mul (In 4) (Int (1))) (In 11)))];
  backward := [(Bin Add (Bin Mul (In 12) (In 6)) (Bin Mul (Bin Mul (In 13) (In 7)) (Int (1))));
    (Bin Add (Bin Mul (In 13) (In 6)) (Bin Mul (Bin Mul (In 12) (In 7)) (Int (-1))));
    (Bin Add (Bin Mul (In 14) (In 8)) (Bin Mul (Bin Mul (In 15) (In 9)) (Int (1))));
    (Bin Add (Bin Mul (In 15) (In 8)) (Bin Mul (Bin Mul (In 14) (In 9)) (Int (-1))));
    (Bin Add (Bin Mul (In 16) (In 10)) (Bin Mul (Bin Mul (In 17) (In 11)) (Int (1))));
    (Bin Add (Bin Mul (In 17) (In 10)) (Bin Mul (Bin Mul (In 16) (In 11)) (Int (-1))));
    (Bin Add (Int (0)) (Bin Add (Bin Mul (In 12) (In 0)) (Bin Mul (In 13) (In 1))));
    (Bin Add (Bin Add (Bin Mul (In 12) (Bin Mul (In 1) (Int (-1)))) (Bin Mul (In 13) (Bin Mul (In 0) (Int (1))))) (Int (0)));
    (Bin Add (Int (0)) (Bin Add (Bin Mul (In 14) (In 2)) (Bin Mul (In 15) (In 3))));
    (Bin Add (Bin Add (Bin Mul (In 14) (Bin Mul (In 3) (Int (-1)))) (Bin Mul (In 15) (Bin Mul (In 2) (Int (1))))) (Int (0)));
    (Bin Add (Int (0)) (Bin Add (Bin Mul (In 16) (In 4)) (Bin Mul (In 17) (In 5))));
    (Bin Add (Bin Add (Bin Mul (In 16) (Bin Mul (In 5) (Int (-1)))) (Bin Mul (In 17) (Bin Mul (In 4) (Int (1))))) (Int (0)))] |}.

(* (x: f32[6, 2]) -> fft(x) *)
Definition fft_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(Bin Add (Bin Mul (Int (0)) (In 11)) (Bin Add (Bin Mul (Int (0)) (In 9)) (Bin Add (Bin Mul (Int (0)) (In 7)) (Bin Add (Bin Mul (Int (0)) (In 5)) (Bin Add (Bin Mul (Int (0)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Int (1)) (In 10)) (Bin Add (Bin Mul (Int (1)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 6)) (Bin Add (Bin Mul (Int (1)) (In 4)) (Bin Add (Bin Mul (Int (1)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 11)) (Bin Add (Bin Mul (Int (1)) (In 9)) (Bin Add (Bin Mul (Int (1)) (In 7)) (Bin Add (Bin Mul (Int (1)) (In 5)) (Bin Add (Bin Mul (Int (1)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Int (0)) (In 10)) (Bin Add (Bin Mul (Int (0)) (In 8)) (Bin Add (Bin Mul (Int (0)) (In 6)) (Bin Add (Bin Mul (Int (0)) (In 4)) (Bin Add (Bin Mul (Int (0)) (In 2)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 11)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 9)) (Bin Add (Bin Mul (Int (0)) (In 7)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 5)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Ratio (1) (2)) (In 10)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 8)) (Bin Add (Bin Mul (Int (-1)) (In 6)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 4)) (Bin Add (Bin Mul (Ratio (1) (2)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (1) (2)) (In 11)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 9)) (Bin Add (Bin Mul (Int (-1)) (In 7)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 5)) (Bin Add (Bin Mul (Ratio (1) (2)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 10)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 8)) (Bin Add (Bin Mul (Int (0)) (In 6)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 11)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 9)) (Bin Add (Bin Mul (Int (0)) (In 7)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 5)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 10)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 6)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 4)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (-1) (2)) (In 11)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 9)) (Bin Add (Bin Mul (Int (1)) (In 7)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 5)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 10)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 8)) (Bin Add (Bin Mul (Int (0)) (In 6)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 11)) (Bin Add (Bin Mul (Int (0)) (In 9)) (Bin Add (Bin Mul (Int (0)) (In 7)) (Bin Add (Bin Mul (Int (0)) (In 5)) (Bin Add (Bin Mul (Int (0)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Int (-1)) (In 10)) (Bin Add (Bin Mul (Int (1)) (In 8)) (Bin Add (Bin Mul (Int (-1)) (In 6)) (Bin Add (Bin Mul (Int (1)) (In 4)) (Bin Add (Bin Mul (Int (-1)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 11)) (Bin Add (Bin Mul (Int (1)) (In 9)) (Bin Add (Bin Mul (Int (-1)) (In 7)) (Bin Add (Bin Mul (Int (1)) (In 5)) (Bin Add (Bin Mul (Int (-1)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Int (0)) (In 10)) (Bin Add (Bin Mul (Int (0)) (In 8)) (Bin Add (Bin Mul (Int (0)) (In 6)) (Bin Add (Bin Mul (Int (0)) (In 4)) (Bin Add (Bin Mul (Int (0)) (In 2)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 11)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 9)) (Bin Add (Bin Mul (Int (0)) (In 7)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 5)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 10)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 6)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 4)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (-1) (2)) (In 11)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 9)) (Bin Add (Bin Mul (Int (1)) (In 7)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 5)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 10)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 8)) (Bin Add (Bin Mul (Int (0)) (In 6)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 11)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 9)) (Bin Add (Bin Mul (Int (0)) (In 7)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 5)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Ratio (1) (2)) (In 10)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 8)) (Bin Add (Bin Mul (Int (-1)) (In 6)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 4)) (Bin Add (Bin Mul (Ratio (1) (2)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (1) (2)) (In 11)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 9)) (Bin Add (Bin Mul (Int (-1)) (In 7)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 5)) (Bin Add (Bin Mul (Ratio (1) (2)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 10)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 8)) (Bin Add (Bin Mul (Int (0)) (In 6)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0))))))))))))))];
  backward := [(Bin Add (Bin Mul (Int (0)) (In 23)) (Bin Add (Bin Mul (Int (0)) (In 21)) (Bin Add (Bin Mul (Int (0)) (In 19)) (Bin Add (Bin Mul (Int (0)) (In 17)) (Bin Add (Bin Mul (Int (0)) (In 15)) (Bin Add (Bin Mul (Int (0)) (In 13)) (Bin Add (Bin Mul (Int (1)) (In 22)) (Bin Add (Bin Mul (Int (1)) (In 20)) (Bin Add (Bin Mul (Int (1)) (In 18)) (Bin Add (Bin Mul (Int (1)) (In 16)) (Bin Add (Bin Mul (Int (1)) (In 14)) (Bin Add (Bin Mul (Int (1)) (In 12)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 23)) (Bin Add (Bin Mul (Int (1)) (In 21)) (Bin Add (Bin Mul (Int (1)) (In 19)) (Bin Add (Bin Mul (Int (1)) (In 17)) (Bin Add (Bin Mul (Int (1)) (In 15)) (Bin Add (Bin Mul (Int (1)) (In 13)) (Bin Add (Bin Mul (Int (0)) (In 22)) (Bin Add (Bin Mul (Int (0)) (In 20)) (Bin Add (Bin Mul (Int (0)) (In 18)) (Bin Add (Bin Mul (Int (0)) (In 16)) (Bin Add (Bin Mul (Int (0)) (In 14)) (Bin Add (Bin Mul (Int (0)) (In 12)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 23)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 21)) (Bin Add (Bin Mul (Int (0)) (In 19)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 17)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 15)) (Bin Add (Bin Mul (Int (0)) (In 13)) (Bin Add (Bin Mul (Ratio (1) (2)) (In 22)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 20)) (Bin Add (Bin Mul (Int (-1)) (In 18)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 16)) (Bin Add (Bin Mul (Ratio (1) (2)) (In 14)) (Bin Add (Bin Mul (Int (1)) (In 12)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (1) (2)) (In 23)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 21)) (Bin Add (Bin Mul (Int (-1)) (In 19)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 17)) (Bin Add (Bin Mul (Ratio (1) (2)) (In 15)) (Bin Add (Bin Mul (Int (1)) (In 13)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 22)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 20)) (Bin Add (Bin Mul (Int (0)) (In 18)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 16)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 14)) (Bin Add (Bin Mul (Int (0)) (In 12)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 23)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 21)) (Bin Add (Bin Mul (Int (0)) (In 19)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 17)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 15)) (Bin Add (Bin Mul (Int (0)) (In 13)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 22)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 20)) (Bin Add (Bin Mul (Int (1)) (In 18)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 16)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 14)) (Bin Add (Bin Mul (Int (1)) (In 12)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (-1) (2)) (In 23)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 21)) (Bin Add (Bin Mul (Int (1)) (In 19)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 17)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 15)) (Bin Add (Bin Mul (Int (1)) (In 13)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 22)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 20)) (Bin Add (Bin Mul (Int (0)) (In 18)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 16)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 14)) (Bin Add (Bin Mul (Int (0)) (In 12)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 23)) (Bin Add (Bin Mul (Int (0)) (In 21)) (Bin Add (Bin Mul (Int (0)) (In 19)) (Bin Add (Bin Mul (Int (0)) (In 17)) (Bin Add (Bin Mul (Int (0)) (In 15)) (Bin Add (Bin Mul (Int (0)) (In 13)) (Bin Add (Bin Mul (Int (-1)) (In 22)) (Bin Add (Bin Mul (Int (1)) (In 20)) (Bin Add (Bin Mul (Int (-1)) (In 18)) (Bin Add (Bin Mul (Int (1)) (In 16)) (Bin Add (Bin Mul (Int (-1)) (In 14)) (Bin Add (Bin Mul (Int (1)) (In 12)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 23)) (Bin Add (Bin Mul (Int (1)) (In 21)) (Bin Add (Bin Mul (Int (-1)) (In 19)) (Bin Add (Bin Mul (Int (1)) (In 17)) (Bin Add (Bin Mul (Int (-1)) (In 15)) (Bin Add (Bin Mul (Int (1)) (In 13)) (Bin Add (Bin Mul (Int (0)) (In 22)) (Bin Add (Bin Mul (Int (0)) (In 20)) (Bin Add (Bin Mul (Int (0)) (In 18)) (Bin Add (Bin Mul (Int (0)) (In 16)) (Bin Add (Bin Mul (Int (0)) (In 14)) (Bin Add (Bin Mul (Int (0)) (In 12)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 23)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 21)) (Bin Add (Bin Mul (Int (0)) (In 19)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 17)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 15)) (Bin Add (Bin Mul (Int (0)) (In 13)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 22)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 20)) (Bin Add (Bin Mul (Int (1)) (In 18)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 16)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 14)) (Bin Add (Bin Mul (Int (1)) (In 12)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (-1) (2)) (In 23)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 21)) (Bin Add (Bin Mul (Int (1)) (In 19)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 17)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 15)) (Bin Add (Bin Mul (Int (1)) (In 13)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 22)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 20)) (Bin Add (Bin Mul (Int (0)) (In 18)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 16)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 14)) (Bin Add (Bin Mul (Int (0)) (In 12)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 23)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 21)) (Bin Add (Bin Mul (Int (0)) (In 19)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 17)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 15)) (Bin Add (Bin Mul (Int (0)) (In 13)) (Bin Add (Bin Mul (Ratio (1) (2)) (In 22)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 20)) (Bin Add (Bin Mul (Int (-1)) (In 18)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 16)) (Bin Add (Bin Mul (Ratio (1) (2)) (In 14)) (Bin Add (Bin Mul (Int (1)) (In 12)) (Int (0))))))))))))));
    (Bin Add (Bin Mul (Ratio (1) (2)) (In 23)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 21)) (Bin Add (Bin Mul (Int (-1)) (In 19)) (Bin Add (Bin Mul (Ratio (-1) (2)) (In 17)) (Bin Add (Bin Mul (Ratio (1) (2)) (In 15)) (Bin Add (Bin Mul (Int (1)) (In 13)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 22)) (Bin Add (Bin Mul (Ratio (14529495) (16777216)) (In 20)) (Bin Add (Bin Mul (Int (0)) (In 18)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 16)) (Bin Add (Bin Mul (Ratio (-14529495) (16777216)) (In 14)) (Bin Add (Bin Mul (Int (0)) (In 12)) (Int (0))))))))))))))] |}.

(* (x: f32[4, 3, 2]) -> fft(x, axis = 0) *)
Definition fft_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14; 15; 16; 17; 18; 19; 20; 21; 22; 23]%nat;
  cotangents := 24;
  forward := [(Bin Add (Bin Mul (Int (0)) (In 19)) (Bin Add (Bin Mul (Int (0)) (In 13)) (Bin Add (Bin Mul (Int (0)) (In 7)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Int (1)) (In 18)) (Bin Add (Bin Mul (Int (1)) (In 12)) (Bin Add (Bin Mul (Int (1)) (In 6)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 19)) (Bin Add (Bin Mul (Int (1)) (In 13)) (Bin Add (Bin Mul (Int (1)) (In 7)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Int (0)) (In 18)) (Bin Add (Bin Mul (Int (0)) (In 12)) (Bin Add (Bin Mul (Int (0)) (In 6)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 21)) (Bin Add (Bin Mul (Int (0)) (In 15)) (Bin Add (Bin Mul (Int (0)) (In 9)) (Bin Add (Bin Mul (Int (0)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 20)) (Bin Add (Bin Mul (Int (1)) (In 14)) (Bin Add (Bin Mul (Int (1)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 2)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 21)) (Bin Add (Bin Mul (Int (1)) (In 15)) (Bin Add (Bin Mul (Int (1)) (In 9)) (Bin Add (Bin Mul (Int (1)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 20)) (Bin Add (Bin Mul (Int (0)) (In 14)) (Bin Add (Bin Mul (Int (0)) (In 8)) (Bin Add (Bin Mul (Int (0)) (In 2)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 23)) (Bin Add (Bin Mul (Int (0)) (In 17)) (Bin Add (Bin Mul (Int (0)) (In 11)) (Bin Add (Bin Mul (Int (0)) (In 5)) (Bin Add (Bin Mul (Int (1)) (In 22)) (Bin Add (Bin Mul (Int (1)) (In 16)) (Bin Add (Bin Mul (Int (1)) (In 10)) (Bin Add (Bin Mul (Int (1)) (In 4)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 23)) (Bin Add (Bin Mul (Int (1)) (In 17)) (Bin Add (Bin Mul (Int (1)) (In 11)) (Bin Add (Bin Mul (Int (1)) (In 5)) (Bin Add (Bin Mul (Int (0)) (In 22)) (Bin Add (Bin Mul (Int (0)) (In 16)) (Bin Add (Bin Mul (Int (0)) (In 10)) (Bin Add (Bin Mul (Int (0)) (In 4)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 19)) (Bin Add (Bin Mul (Int (0)) (In 13)) (Bin Add (Bin Mul (Int (1)) (In 7)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Int (0)) (In 18)) (Bin Add (Bin Mul (Int (-1)) (In 12)) (Bin Add (Bin Mul (Int (0)) (In 6)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 19)) (Bin Add (Bin Mul (Int (-1)) (In 13)) (Bin Add (Bin Mul (Int (0)) (In 7)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Int (1)) (In 18)) (Bin Add (Bin Mul (Int (0)) (In 12)) (Bin Add (Bin Mul (Int (-1)) (In 6)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 21)) (Bin Add (Bin Mul (Int (0)) (In 15)) (Bin Add (Bin Mul (Int (1)) (In 9)) (Bin Add (Bin Mul (Int (0)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 20)) (Bin Add (Bin Mul (Int (-1)) (In 14)) (Bin Add (Bin Mul (Int (0)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 2)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 21)) (Bin Add (Bin Mul (Int (-1)) (In 15)) (Bin Add (Bin Mul (Int (0)) (In 9)) (Bin Add (Bin Mul (Int (1)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 20)) (Bin Add (Bin Mul (Int (0)) (In 14)) (Bin Add (Bin Mul (Int (-1)) (In 8)) (Bin Add (Bin Mul (Int (0)) (In 2)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 23)) (Bin Add (Bin Mul (Int (0)) (In 17)) (Bin Add (Bin Mul (Int (1)) (In 11)) (Bin Add (Bin Mul (Int (0)) (In 5)) (Bin Add (Bin Mul (Int (0)) (In 22)) (Bin Add (Bin Mul (Int (-1)) (In 16)) (Bin Add (Bin Mul (Int (0)) (In 10)) (Bin Add (Bin Mul (Int (1)) (In 4)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 23)) (Bin Add (Bin Mul (Int (-1)) (In 17)) (Bin Add (Bin Mul (Int (0)) (In 11)) (Bin Add (Bin Mul (Int (1)) (In 5)) (Bin Add (Bin Mul (Int (1)) (In 22)) (Bin Add (Bin Mul (Int (0)) (In 16)) (Bin Add (Bin Mul (Int (-1)) (In 10)) (Bin Add (Bin Mul (Int (0)) (In 4)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 19)) (Bin Add (Bin Mul (Int (0)) (In 13)) (Bin Add (Bin Mul (Int (0)) (In 7)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Int (-1)) (In 18)) (Bin Add (Bin Mul (Int (1)) (In 12)) (Bin Add (Bin Mul (Int (-1)) (In 6)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 19)) (Bin Add (Bin Mul (Int (1)) (In 13)) (Bin Add (Bin Mul (Int (-1)) (In 7)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Int (0)) (In 18)) (Bin Add (Bin Mul (Int (0)) (In 12)) (Bin Add (Bin Mul (Int (0)) (In 6)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 21)) (Bin Add (Bin Mul (Int (0)) (In 15)) (Bin Add (Bin Mul (Int (0)) (In 9)) (Bin Add (Bin Mul (Int (0)) (In 3)) (Bin Add (Bin Mul (Int (-1)) (In 20)) (Bin Add (Bin Mul (Int (1)) (In 14)) (Bin Add (Bin Mul (Int (-1)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 2)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 21)) (Bin Add (Bin Mul (Int (1)) (In 15)) (Bin Add (Bin Mul (Int (-1)) (In 9)) (Bin Add (Bin Mul (Int (1)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 20)) (Bin Add (Bin Mul (Int (0)) (In 14)) (Bin Add (Bin Mul (Int (0)) (In 8)) (Bin Add (Bin Mul (Int (0)) (In 2)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 23)) (Bin Add (Bin Mul (Int (0)) (In 17)) (Bin Add (Bin Mul (Int (0)) (In 11)) (Bin Add (Bin Mul (Int (0)) (In 5)) (Bin Add (Bin Mul (Int (-1)) (In 22)) (Bin Add (Bin Mul (Int (1)) (In 16)) (Bin Add (Bin Mul (Int (-1)) (In 10)) (Bin Add (Bin Mul (Int (1)) (In 4)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 23)) (Bin Add (Bin Mul (Int (1)) (In 17)) (Bin Add (Bin Mul (Int (-1)) (In 11)) (Bin Add (Bin Mul (Int (1)) (In 5)) (Bin Add (Bin Mul (Int (0)) (In 22)) (Bin Add (Bin Mul (Int (0)) (In 16)) (Bin Add (Bin Mul (Int (0)) (In 10)) (Bin Add (Bin Mul (Int (0)) (In 4)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 19)) (Bin Add (Bin Mul (Int (0)) (In 13)) (Bin Add (Bin Mul (Int (-1)) (In 7)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Int (0)) (In 18)) (Bin Add (Bin Mul (Int (-1)) (In 12)) (Bin Add (Bin Mul (Int (0)) (In 6)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 19)) (Bin Add (Bin Mul (Int (-1)) (In 13)) (Bin Add (Bin Mul (Int (0)) (In 7)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Int (-1)) (In 18)) (Bin Add (Bin Mul (Int (0)) (In 12)) (Bin Add (Bin Mul (Int (1)) (In 6)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 21)) (Bin Add (Bin Mul (Int (0)) (In 15)) (Bin Add (Bin Mul (Int (-1)) (In 9)) (Bin Add (Bin Mul (Int (0)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 20)) (Bin Add (Bin Mul (Int (-1)) (In 14)) (Bin Add (Bin Mul (Int (0)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 2)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 21)) (Bin Add (Bin Mul (Int (-1)) (In 15)) (Bin Add (Bin Mul (Int (0)) (In 9)) (Bin Add (Bin Mul (Int (1)) (In 3)) (Bin Add (Bin Mul (Int (-1)) (In 20)) (Bin Add (Bin Mul (Int (0)) (In 14)) (Bin Add (Bin Mul (Int (1)) (In 8)) (Bin Add (Bin Mul (Int (0)) (In 2)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 23)) (Bin Add (Bin Mul (Int (0)) (In 17)) (Bin Add (Bin Mul (Int (-1)) (In 11)) (Bin Add (Bin Mul (Int (0)) (In 5)) (Bin Add (Bin Mul (Int (0)) (In 22)) (Bin Add (Bin Mul (Int (-1)) (In 16)) (Bin Add (Bin Mul (Int (0)) (In 10)) (Bin Add (Bin Mul (Int (1)) (In 4)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 23)) (Bin Add (Bin Mul (Int (-1)) (In 17)) (Bin Add (Bin Mul (Int (0)) (In 11)) (Bin Add (Bin Mul (Int (1)) (In 5)) (Bin Add (Bin Mul (Int (-1)) (In 22)) (Bin Add (Bin Mul (Int (0)) (In 16)) (Bin Add (Bin Mul (Int (1)) (In 10)) (Bin Add (Bin Mul (Int (0)) (In 4)) (Int (0))))))))))];
  backward := [(Bin Add (Bin Mul (Int (0)) (In 43)) (Bin Add (Bin Mul (Int (0)) (In 37)) (Bin Add (Bin Mul (Int (0)) (In 31)) (Bin Add (Bin Mul (Int (0)) (In 25)) (Bin Add (Bin Mul (Int (1)) (In 42)) (Bin Add (Bin Mul (Int (1)) (In 36)) (Bin Add (Bin Mul (Int (1)) (In 30)) (Bin Add (Bin Mul (Int (1)) (In 24)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 43)) (Bin Add (Bin Mul (Int (1)) (In 37)) (Bin Add (Bin Mul (Int (1)) (In 31)) (Bin Add (Bin Mul (Int (1)) (In 25)) (Bin Add (Bin Mul (Int (0)) (In 42)) (Bin Add (Bin Mul (Int (0)) (In 36)) (Bin Add (Bin Mul (Int (0)) (In 30)) (Bin Add (Bin Mul (Int (0)) (In 24)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 45)) (Bin Add (Bin Mul (Int (0)) (In 39)) (Bin Add (Bin Mul (Int (0)) (In 33)) (Bin Add (Bin Mul (Int (0)) (In 27)) (Bin Add (Bin Mul (Int (1)) (In 44)) (Bin Add (Bin Mul (Int (1)) (In 38)) (Bin Add (Bin Mul (Int (1)) (In 32)) (Bin Add (Bin Mul (Int (1)) (In 26)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 45)) (Bin Add (Bin Mul (Int (1)) (In 39)) (Bin Add (Bin Mul (Int (1)) (In 33)) (Bin Add (Bin Mul (Int (1)) (In 27)) (Bin Add (Bin Mul (Int (0)) (In 44)) (Bin Add (Bin Mul (Int (0)) (In 38)) (Bin Add (Bin Mul (Int (0)) (In 32)) (Bin Add (Bin Mul (Int (0)) (In 26)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 47)) (Bin Add (Bin Mul (Int (0)) (In 41)) (Bin Add (Bin Mul (Int (0)) (In 35)) (Bin Add (Bin Mul (Int (0)) (In 29)) (Bin Add (Bin Mul (Int (1)) (In 46)) (Bin Add (Bin Mul (Int (1)) (In 40)) (Bin Add (Bin Mul (Int (1)) (In 34)) (Bin Add (Bin Mul (Int (1)) (In 28)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 47)) (Bin Add (Bin Mul (Int (1)) (In 41)) (Bin Add (Bin Mul (Int (1)) (In 35)) (Bin Add (Bin Mul (Int (1)) (In 29)) (Bin Add (Bin Mul (Int (0)) (In 46)) (Bin Add (Bin Mul (Int (0)) (In 40)) (Bin Add (Bin Mul (Int (0)) (In 34)) (Bin Add (Bin Mul (Int (0)) (In 28)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 43)) (Bin Add (Bin Mul (Int (0)) (In 37)) (Bin Add (Bin Mul (Int (-1)) (In 31)) (Bin Add (Bin Mul (Int (0)) (In 25)) (Bin Add (Bin Mul (Int (0)) (In 42)) (Bin Add (Bin Mul (Int (-1)) (In 36)) (Bin Add (Bin Mul (Int (0)) (In 30)) (Bin Add (Bin Mul (Int (1)) (In 24)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 43)) (Bin Add (Bin Mul (Int (-1)) (In 37)) (Bin Add (Bin Mul (Int (0)) (In 31)) (Bin Add (Bin Mul (Int (1)) (In 25)) (Bin Add (Bin Mul (Int (-1)) (In 42)) (Bin Add (Bin Mul (Int (0)) (In 36)) (Bin Add (Bin Mul (Int (1)) (In 30)) (Bin Add (Bin Mul (Int (0)) (In 24)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 45)) (Bin Add (Bin Mul (Int (0)) (In 39)) (Bin Add (Bin Mul (Int (-1)) (In 33)) (Bin Add (Bin Mul (Int (0)) (In 27)) (Bin Add (Bin Mul (Int (0)) (In 44)) (Bin Add (Bin Mul (Int (-1)) (In 38)) (Bin Add (Bin Mul (Int (0)) (In 32)) (Bin Add (Bin Mul (Int (1)) (In 26)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 45)) (Bin Add (Bin Mul (Int (-1)) (In 39)) (Bin Add (Bin Mul (Int (0)) (In 33)) (Bin Add (Bin Mul (Int (1)) (In 27)) (Bin Add (Bin Mul (Int (-1)) (In 44)) (Bin Add (Bin Mul (Int (0)) (In 38)) (Bin Add (Bin Mul (Int (1)) (In 32)) (Bin Add (Bin Mul (Int (0)) (In 26)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (1)) (In 47)) (Bin Add (Bin Mul (Int (0)) (In 41)) (Bin Add (Bin Mul (Int (-1)) (In 35)) (Bin Add (Bin Mul (Int (0)) (In 29)) (Bin Add (Bin Mul (Int (0)) (In 46)) (Bin Add (Bin Mul (Int (-1)) (In 40)) (Bin Add (Bin Mul (Int (0)) (In 34)) (Bin Add (Bin Mul (Int (1)) (In 28)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 47)) (Bin Add (Bin Mul (Int (-1)) (In 41)) (Bin Add (Bin Mul (Int (0)) (In 35)) (Bin Add (Bin Mul (Int (1)) (In 29)) (Bin Add (Bin Mul (Int (-1)) (In 46)) (Bin Add (Bin Mul (Int (0)) (In 40)) (Bin Add (Bin Mul (Int (1)) (In 34)) (Bin Add (Bin Mul (Int (0)) (In 28)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 43)) (Bin Add (Bin Mul (Int (0)) (In 37)) (Bin Add (Bin Mul (Int (0)) (In 31)) (Bin Add (Bin Mul (Int (0)) (In 25)) (Bin Add (Bin Mul (Int (-1)) (In 42)) (Bin Add (Bin Mul (Int (1)) (In 36)) (Bin Add (Bin Mul (Int (-1)) (In 30)) (Bin Add (Bin Mul (Int (1)) (In 24)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 43)) (Bin Add (Bin Mul (Int (1)) (In 37)) (Bin Add (Bin Mul (Int (-1)) (In 31)) (Bin Add (Bin Mul (Int (1)) (In 25)) (Bin Add (Bin Mul (Int (0)) (In 42)) (Bin Add (Bin Mul (Int (0)) (In 36)) (Bin Add (Bin Mul (Int (0)) (In 30)) (Bin Add (Bin Mul (Int (0)) (In 24)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 45)) (Bin Add (Bin Mul (Int (0)) (In 39)) (Bin Add (Bin Mul (Int (0)) (In 33)) (Bin Add (Bin Mul (Int (0)) (In 27)) (Bin Add (Bin Mul (Int (-1)) (In 44)) (Bin Add (Bin Mul (Int (1)) (In 38)) (Bin Add (Bin Mul (Int (-1)) (In 32)) (Bin Add (Bin Mul (Int (1)) (In 26)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 45)) (Bin Add (Bin Mul (Int (1)) (In 39)) (Bin Add (Bin Mul (Int (-1)) (In 33)) (Bin Add (Bin Mul (Int (1)) (In 27)) (Bin Add (Bin Mul (Int (0)) (In 44)) (Bin Add (Bin Mul (Int (0)) (In 38)) (Bin Add (Bin Mul (Int (0)) (In 32)) (Bin Add (Bin Mul (Int (0)) (In 26)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 47)) (Bin Add (Bin Mul (Int (0)) (In 41)) (Bin Add (Bin Mul (Int (0)) (In 35)) (Bin Add (Bin Mul (Int (0)) (In 29)) (Bin Add (Bin Mul (Int (-1)) (In 46)) (Bin Add (Bin Mul (Int (1)) (In 40)) (Bin Add (Bin Mul (Int (-1)) (In 34)) (Bin Add (Bin Mul (Int (1)) (In 28)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 47)) (Bin Add (Bin Mul (Int (1)) (In 41)) (Bin Add (Bin Mul (Int (-1)) (In 35)) (Bin Add (Bin Mul (Int (1)) (In 29)) (Bin Add (Bin Mul (Int (0)) (In 46)) (Bin Add (Bin Mul (Int (0)) (In 40)) (Bin Add (Bin Mul (Int (0)) (In 34)) (Bin Add (Bin Mul (Int (0)) (In 28)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 43)) (Bin Add (Bin Mul (Int (0)) (In 37)) (Bin Add (Bin Mul (Int (1)) (In 31)) (Bin Add (Bin Mul (Int (0)) (In 25)) (Bin Add (Bin Mul (Int (0)) (In 42)) (Bin Add (Bin Mul (Int (-1)) (In 36)) (Bin Add (Bin Mul (Int (0)) (In 30)) (Bin Add (Bin Mul (Int (1)) (In 24)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 43)) (Bin Add (Bin Mul (Int (-1)) (In 37)) (Bin Add (Bin Mul (Int (0)) (In 31)) (Bin Add (Bin Mul (Int (1)) (In 25)) (Bin Add (Bin Mul (Int (1)) (In 42)) (Bin Add (Bin Mul (Int (0)) (In 36)) (Bin Add (Bin Mul (Int (-1)) (In 30)) (Bin Add (Bin Mul (Int (0)) (In 24)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 45)) (Bin Add (Bin Mul (Int (0)) (In 39)) (Bin Add (Bin Mul (Int (1)) (In 33)) (Bin Add (Bin Mul (Int (0)) (In 27)) (Bin Add (Bin Mul (Int (0)) (In 44)) (Bin Add (Bin Mul (Int (-1)) (In 38)) (Bin Add (Bin Mul (Int (0)) (In 32)) (Bin Add (Bin Mul (Int (1)) (In 26)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 45)) (Bin Add (Bin Mul (Int (-1)) (In 39)) (Bin Add (Bin Mul (Int (0)) (In 33)) (Bin Add (Bin Mul (Int (1)) (In 27)) (Bin Add (Bin Mul (Int (1)) (In 44)) (Bin Add (Bin Mul (Int (0)) (In 38)) (Bin Add (Bin Mul (Int (-1)) (In 32)) (Bin Add (Bin Mul (Int (0)) (In 26)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (-1)) (In 47)) (Bin Add (Bin Mul (Int (0)) (In 41)) (Bin Add (Bin Mul (Int (1)) (In 35)) (Bin Add (Bin Mul (Int (0)) (In 29)) (Bin Add (Bin Mul (Int (0)) (In 46)) (Bin Add (Bin Mul (Int (-1)) (In 40)) (Bin Add (Bin Mul (Int (0)) (In 34)) (Bin Add (Bin Mul (Int (1)) (In 28)) (Int (0))))))))));
    (Bin Add (Bin Mul (Int (0)) (In 47)) (Bin Add (Bin Mul (Int (-1)) (In 41)) (Bin Add (Bin Mul (Int (0)) (In 35)) (Bin Add (Bin Mul (Int (1)) (In 29)) (Bin Add (Bin Mul (Int (1)) (In 46)) (Bin Add (Bin Mul (Int (0)) (In 40)) (Bin Add (Bin Mul (Int (-1)) (In 34)) (Bin Add (Bin Mul (Int (0)) (In 28)) (Int (0))))))))))] |}.

(* (x: f32[5, 2]) -> ifft(x) *)
Definition ifft_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9]%nat;
  cotangents := 10;
  forward := [(Bin Div (Bin Add (Bin Mul (Int (0)) (In 9)) (Bin Add (Bin Mul (Int (0)) (In 7)) (Bin Add (Bin Mul (Int (0)) (In 5)) (Bin Add (Bin Mul (Int (0)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Int (1)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 6)) (Bin Add (Bin Mul (Int (1)) (In 4)) (Bin Add (Bin Mul (Int (1)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Int (1)) (In 9)) (Bin Add (Bin Mul (Int (1)) (In 7)) (Bin Add (Bin Mul (Int (1)) (In 5)) (Bin Add (Bin Mul (Int (1)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Int (0)) (In 8)) (Bin Add (Bin Mul (Int (0)) (In 6)) (Bin Add (Bin Mul (Int (0)) (In 4)) (Bin Add (Bin Mul (Int (0)) (In 2)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 9)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 7)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 5)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 8)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 6)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 9)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 7)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 5)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 8)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 6)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 4)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 9)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 7)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 5)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 8)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 6)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 9)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 7)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 5)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 8)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 6)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 2)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 9)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 7)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 5)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 8)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 6)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 9)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 7)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 5)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 8)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 6)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 2)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 9)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 7)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 5)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 3)) (Bin Add (Bin Mul (Int (0)) (In 1)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 8)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 6)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 9)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 7)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 5)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 8)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 6)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 4)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0)))))))))))) (Int (5)))];
  backward := [(Bin Add (Bin Mul (Int (0)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 17) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 11) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 12) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 10) (Ratio (1) (5)))) (Int (0))))))))))));
    (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 17) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 11) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 12) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 10) (Ratio (1) (5)))) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 17) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 11) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 12) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 10) (Ratio (1) (5)))) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 17) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 11) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 12) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 10) (Ratio (1) (5)))) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 17) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 11) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 12) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 10) (Ratio (1) (5)))) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 17) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 11) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 12) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 10) (Ratio (1) (5)))) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 17) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 11) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 12) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 10) (Ratio (1) (5)))) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 17) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 11) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 12) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 10) (Ratio (1) (5)))) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 17) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 11) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 12) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 10) (Ratio (1) (5)))) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 17) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 11) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 12) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 10) (Ratio (1) (5)))) (Int (0))))))))))))] |}.

(* (x: f32[2, 5]) -> rfft(x) *)
Definition rfft_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9]%nat;
  cotangents := 10;
  forward := [(Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (1)) (In 4)) (Bin Add (Bin Mul (Int (1)) (In 3)) (Bin Add (Bin Mul (Int (1)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 1)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))))));
    (Int (0));
    (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Int (0))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Int (0))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 3)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 2)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 1)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Int (0))) (Bin Add (Bin Mul (Int (1)) (Int (0))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 3)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 2)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 1)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Int (0))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 3)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 2)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 1)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Int (0))) (Bin Add (Bin Mul (Int (1)) (Int (0))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 4)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 3)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 2)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 1)) (Bin Add (Bin Mul (Int (0)) (In 0)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (1)) (In 9)) (Bin Add (Bin Mul (Int (1)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 7)) (Bin Add (Bin Mul (Int (1)) (In 6)) (Bin Add (Bin Mul (Int (1)) (In 5)) (Int (0))))))))))));
    (Int (0));
    (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Int (0))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Int (0))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 9)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 8)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 7)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 6)) (Bin Add (Bin Mul (Int (1)) (In 5)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Int (0))) (Bin Add (Bin Mul (Int (1)) (Int (0))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 9)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 8)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 7)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 6)) (Bin Add (Bin Mul (Int (0)) (In 5)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Int (0))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 9)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 8)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 7)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 6)) (Bin Add (Bin Mul (Int (1)) (In 5)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Int (0))) (Bin Add (Bin Mul (Int (1)) (Int (0))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 9)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 8)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 7)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 6)) (Bin Add (Bin Mul (Int (0)) (In 5)) (Int (0))))))))))))];
  backward := [(Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (In 15)) (Bin Add (Bin Mul (Int (0)) (In 13)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (1)) (In 14)) (Bin Add (Bin Mul (Int (1)) (In 12)) (Bin Add (Bin Mul (Int (1)) (In 10)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 15)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 13)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 14)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 12)) (Bin Add (Bin Mul (Int (1)) (In 10)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 15)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 13)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 14)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 12)) (Bin Add (Bin Mul (Int (1)) (In 10)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 15)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 13)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 14)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 12)) (Bin Add (Bin Mul (Int (1)) (In 10)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 15)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 13)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 14)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 12)) (Bin Add (Bin Mul (Int (1)) (In 10)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (In 21)) (Bin Add (Bin Mul (Int (0)) (In 19)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (1)) (In 20)) (Bin Add (Bin Mul (Int (1)) (In 18)) (Bin Add (Bin Mul (Int (1)) (In 16)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 21)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 19)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 20)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 18)) (Bin Add (Bin Mul (Int (1)) (In 16)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 21)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 19)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 20)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 18)) (Bin Add (Bin Mul (Int (1)) (In 16)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 21)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 19)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 20)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 18)) (Bin Add (Bin Mul (Int (1)) (In 16)) (Int (0))))))))))));
    (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 21)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 19)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 20)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 18)) (Bin Add (Bin Mul (Int (1)) (In 16)) (Int (0))))))))))))] |}.

(* (x: f32[1]) -> rfft(x) *)
Definition rfft_3 : map := {|
  active := [0]%nat;
  cotangents := 1;
  forward := [(In 0);
    (Int (0))];
  backward := [(In 1)] |}.

(* (x: f32[2]) -> rfft(x) *)
Definition rfft_4 : map := {|
  active := [0; 1]%nat;
  cotangents := 2;
  forward := [(Bin Add (Bin Div (Bin Add (In 0) (Bin Mul (In 0) (Int (1)))) (Int (2))) (Bin Add (Bin Mul (Bin Div (Bin Sub (In 0) (Bin Mul (In 0) (Int (1)))) (Int (2))) (Int (0))) (Bin Mul (Bin Div (Bin Sub (In 1) (Bin Mul (In 1) (Int (-1)))) (Int (2))) (Int (1)))));
    (Bin Add (Bin Div (Bin Add (In 1) (Bin Mul (In 1) (Int (-1)))) (Int (2))) (Bin Add (Bin Mul (Bin Div (Bin Sub (In 1) (Bin Mul (In 1) (Int (-1)))) (Int (2))) (Int (0))) (Bin Mul (Bin Div (Bin Sub (In 0) (Bin Mul (In 0) (Int (1)))) (Int (2))) (Int (-1)))));
    (Bin Add (Bin Div (Bin Add (In 0) (Bin Mul (In 0) (Int (1)))) (Int (2))) (Bin Add (Bin Mul (Bin Div (Bin Sub (In 0) (Bin Mul (In 0) (Int (1)))) (Int (2))) (Int (0))) (Bin Mul (Bin Div (Bin Sub (In 1) (Bin Mul (In 1) (Int (-1)))) (Int (2))) (Int (-1)))));
    (Bin Add (Bin Div (Bin Add (In 1) (Bin Mul (In 1) (Int (-1)))) (Int (2))) (Bin Add (Bin Mul (Bin Div (Bin Sub (In 1) (Bin Mul (In 1) (Int (-1)))) (Int (2))) (Int (0))) (Bin Mul (Bin Div (Bin Sub (In 0) (Bin Mul (In 0) (Int (1)))) (Int (2))) (Int (1)))))];
  backward := [(Bin Add (Bin Add (Bin Add (Bin Mul (Bin Add (Bin Mul (In 2) (Int (0))) (Bin Mul (In 3) (Int (-1)))) (Ratio (1) (2))) (Bin Mul (In 2) (Ratio (1) (2)))) (Bin Mul (Bin Add (Un Neg (Bin Mul (Bin Add (Bin Mul (In 4) (Int (0))) (Bin Mul (In 5) (Int (1)))) (Ratio (1) (2)))) (Bin Mul (In 4) (Ratio (1) (2)))) (Int (1)))) (Bin Add (Bin Add (Bin Mul (Bin Add (Bin Mul (In 4) (Int (0))) (Bin Mul (In 5) (Int (1)))) (Ratio (1) (2))) (Bin Mul (In 4) (Ratio (1) (2)))) (Bin Mul (Bin Add (Un Neg (Bin Mul (Bin Add (Bin Mul (In 2) (Int (0))) (Bin Mul (In 3) (Int (-1)))) (Ratio (1) (2)))) (Bin Mul (In 2) (Ratio (1) (2)))) (Int (1)))));
    (Bin Add (Bin Add (Bin Add (Bin Mul (Bin Add (Bin Mul (In 3) (Int (0))) (Bin Mul (In 2) (Int (1)))) (Ratio (1) (2))) (Bin Mul (In 3) (Ratio (1) (2)))) (Bin Mul (Bin Add (Un Neg (Bin Mul (Bin Add (Bin Mul (In 5) (Int (0))) (Bin Mul (In 4) (Int (-1)))) (Ratio (1) (2)))) (Bin Mul (In 5) (Ratio (1) (2)))) (Int (-1)))) (Bin Add (Bin Add (Bin Mul (Bin Add (Bin Mul (In 5) (Int (0))) (Bin Mul (In 4) (Int (-1)))) (Ratio (1) (2))) (Bin Mul (In 5) (Ratio (1) (2)))) (Bin Mul (Bin Add (Un Neg (Bin Mul (Bin Add (Bin Mul (In 3) (Int (0))) (Bin Mul (In 2) (Int (1)))) (Ratio (1) (2)))) (Bin Mul (In 3) (Ratio (1) (2)))) (Int (-1)))))] |}.

(* (x: f32[2, 3, 2]) -> irfft(x, n = 5) *)
Definition irfft_1 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11]%nat;
  cotangents := 12;
  forward := [(Bin Div (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 3) (Int (-1)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 5) (Int (-1)))) (Bin Add (Bin Mul (Int (0)) (In 5)) (Bin Add (Bin Mul (Int (0)) (In 3)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 2) (Int (1)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 4) (Int (1)))) (Bin Add (Bin Mul (Int (1)) (In 4)) (Bin Add (Bin Mul (Int (1)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 3) (Int (-1)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 5) (Int (-1)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 5)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 3)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 2) (Int (1)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 4) (Int (1)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 3) (Int (-1)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 5) (Int (-1)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 5)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 3)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 2) (Int (1)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 4) (Int (1)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 3) (Int (-1)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 5) (Int (-1)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 5)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 3)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 2) (Int (1)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 4) (Int (1)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 3) (Int (-1)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 5) (Int (-1)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 5)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 3)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 2) (Int (1)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 4) (Int (1)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 4)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 2)) (Bin Add (Bin Mul (Int (1)) (In 0)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 9) (Int (-1)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 11) (Int (-1)))) (Bin Add (Bin Mul (Int (0)) (In 11)) (Bin Add (Bin Mul (Int (0)) (In 9)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 8) (Int (1)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 10) (Int (1)))) (Bin Add (Bin Mul (Int (1)) (In 10)) (Bin Add (Bin Mul (Int (1)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 6)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 9) (Int (-1)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 11) (Int (-1)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 11)) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 9)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 8) (Int (1)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 10) (Int (1)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 10)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 6)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 9) (Int (-1)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 11) (Int (-1)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 11)) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (In 9)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 8) (Int (1)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 10) (Int (1)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 10)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 6)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 9) (Int (-1)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 11) (Int (-1)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (In 11)) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 9)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 8) (Int (1)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 10) (Int (1)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 10)) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 6)) (Int (0)))))))))))) (Int (5)));
    (Bin Div (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 9) (Int (-1)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 11) (Int (-1)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (In 11)) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (In 9)) (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 8) (Int (1)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 10) (Int (1)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (In 10)) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (In 8)) (Bin Add (Bin Mul (Int (1)) (In 6)) (Int (0)))))))))))) (Int (5)))];
  backward := [(Bin Add (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 12) (Ratio (1) (5)))) (Int (0)))))))))))) (Int (0)));
    (Int (0));
    (Bin Add (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 12) (Ratio (1) (5)))) (Int (0)))))))))))) (Bin Mul (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 12) (Ratio (1) (5)))) (Int (0)))))))))))) (Int (1))));
    (Bin Add (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 12) (Ratio (1) (5)))) (Int (0)))))))))))) (Bin Mul (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 12) (Ratio (1) (5)))) (Int (0)))))))))))) (Int (-1))));
    (Bin Add (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 12) (Ratio (1) (5)))) (Int (0)))))))))))) (Bin Mul (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 12) (Ratio (1) (5)))) (Int (0)))))))))))) (Int (1))));
    (Bin Add (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 12) (Ratio (1) (5)))) (Int (0)))))))))))) (Bin Mul (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 16) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 15) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 14) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 13) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 12) (Ratio (1) (5)))) (Int (0)))))))))))) (Int (-1))));
    (Bin Add (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 21) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 20) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 17) (Ratio (1) (5)))) (Int (0)))))))))))) (Int (0)));
    (Int (0));
    (Bin Add (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 21) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 20) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 17) (Ratio (1) (5)))) (Int (0)))))))))))) (Bin Mul (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 21) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 20) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 17) (Ratio (1) (5)))) (Int (0)))))))))))) (Int (1))));
    (Bin Add (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 21) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 20) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 17) (Ratio (1) (5)))) (Int (0)))))))))))) (Bin Mul (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 21) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 20) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 17) (Ratio (1) (5)))) (Int (0)))))))))))) (Int (-1))));
    (Bin Add (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 21) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 20) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 17) (Ratio (1) (5)))) (Int (0)))))))))))) (Bin Mul (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 21) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 20) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (In 17) (Ratio (1) (5)))) (Int (0)))))))))))) (Int (1))));
    (Bin Add (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 21) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 20) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 17) (Ratio (1) (5)))) (Int (0)))))))))))) (Bin Mul (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (5184445) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-13573053) (16777216)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (1)) (Bin Mul (Int (0)) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-1232675) (2097152)) (Bin Mul (In 21) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (15956081) (16777216)) (Bin Mul (In 20) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (-15956081) (16777216)) (Bin Mul (In 19) (Ratio (1) (5)))) (Bin Add (Bin Mul (Ratio (1232675) (2097152)) (Bin Mul (In 18) (Ratio (1) (5)))) (Bin Add (Bin Mul (Int (0)) (Bin Mul (In 17) (Ratio (1) (5)))) (Int (0)))))))))))) (Int (-1))))] |}.

(* (x: f32[1, 2]) -> irfft(x, n = 1) *)
Definition irfft_3 : map := {|
  active := [0; 1]%nat;
  cotangents := 2;
  forward := [(Bin Div (In 0) (Int (1)))];
  backward := [(In 2);
    (Int (0))] |}.

(* (x: f32[2, 2]) -> irfft(x, n = 2) *)
Definition irfft_4 : map := {|
  active := [0; 1; 2; 3]%nat;
  cotangents := 4;
  forward := [(Bin Div (Bin Add (Bin Div (Bin Add (In 0) (Bin Mul (In 2) (Int (1)))) (Int (2))) (Bin Add (Bin Mul (Bin Div (Bin Sub (In 0) (Bin Mul (In 2) (Int (1)))) (Int (2))) (Int (0))) (Bin Mul (Bin Div (Bin Sub (Int (0)) (Bin Mul (Int (0)) (Int (-1)))) (Int (2))) (Int (-1))))) (Int (1)));
    (Bin Div (Bin Add (Bin Div (Bin Add (Int (0)) (Bin Mul (Int (0)) (Int (-1)))) (Int (2))) (Bin Add (Bin Mul (Bin Div (Bin Sub (Int (0)) (Bin Mul (Int (0)) (Int (-1)))) (Int (2))) (Int (0))) (Bin Mul (Bin Div (Bin Sub (In 0) (Bin Mul (In 2) (Int (1)))) (Int (2))) (Int (1))))) (Int (1)))];
  backward := [(Bin Add (Bin Add (Bin Mul (Bin Add (Bin Mul (In 4) (Int (0))) (Bin Mul (In 5) (Int (1)))) (Ratio (1) (2))) (Bin Mul (In 4) (Ratio (1) (2)))) (Bin Mul (Bin Add (Un Neg (Bin Mul (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Mul (Int (0)) (Int (-1)))) (Ratio (1) (2)))) (Bin Mul (Int (0)) (Ratio (1) (2)))) (Int (1))));
    (Int (0));
    (Bin Add (Bin Add (Bin Mul (Bin Add (Bin Mul (Int (0)) (Int (0))) (Bin Mul (Int (0)) (Int (-1)))) (Ratio (1) (2))) (Bin Mul (Int (0)) (Ratio (1) (2)))) (Bin Mul (Bin Add (Un Neg (Bin Mul (Bin Add (Bin Mul (In 4) (Int (0))) (Bin Mul (In 5) (Int (1)))) (Ratio (1) (2)))) (Bin Mul (In 4) (Ratio (1) (2)))) (Int (1))));
    (Int (0))] |}.

(* (x: f32[4]) -> barrier(x) * x *)
Definition barrier_0 : map := {|
  active := [0; 1; 2; 3]%nat;
  cotangents := 4;
  forward := [(Bin Mul (In 0) (In 0));
    (Bin Mul (In 1) (In 1));
    (Bin Mul (In 2) (In 2));
    (Bin Mul (In 3) (In 3))];
  backward := [(Bin Add (Bin Mul (In 4) (In 0)) (Bin Mul (In 4) (In 0)));
    (Bin Add (Bin Mul (In 5) (In 1)) (Bin Mul (In 5) (In 1)));
    (Bin Add (Bin Mul (In 6) (In 2)) (Bin Mul (In 6) (In 2)));
    (Bin Add (Bin Mul (In 7) (In 3)) (Bin Mul (In 7) (In 3)))] |}.

(* (h: f32[3], xs: f32[4, 3]) -> scan(mul)(h, xs) *)
Definition scan_0 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14]%nat;
  cotangents := 15;
  forward := [(Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 0) (In 3)) (In 6)) (In 9)) (In 12));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 1) (In 4)) (In 7)) (In 10)) (In 13));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 2) (In 5)) (In 8)) (In 11)) (In 14))];
  backward := [(Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 15) (In 12)) (In 9)) (In 6)) (In 3));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 16) (In 13)) (In 10)) (In 7)) (In 4));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 17) (In 14)) (In 11)) (In 8)) (In 5));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 15) (In 12)) (In 9)) (In 6)) (In 0));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 16) (In 13)) (In 10)) (In 7)) (In 1));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 17) (In 14)) (In 11)) (In 8)) (In 2));
    (Bin Mul (Bin Mul (Bin Mul (In 15) (In 12)) (In 9)) (Bin Mul (In 0) (In 3)));
    (Bin Mul (Bin Mul (Bin Mul (In 16) (In 13)) (In 10)) (Bin Mul (In 1) (In 4)));
    (Bin Mul (Bin Mul (Bin Mul (In 17) (In 14)) (In 11)) (Bin Mul (In 2) (In 5)));
    (Bin Mul (Bin Mul (In 15) (In 12)) (Bin Mul (Bin Mul (In 0) (In 3)) (In 6)));
    (Bin Mul (Bin Mul (In 16) (In 13)) (Bin Mul (Bin Mul (In 1) (In 4)) (In 7)));
    (Bin Mul (Bin Mul (In 17) (In 14)) (Bin Mul (Bin Mul (In 2) (In 5)) (In 8)));
    (Bin Mul (In 15) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 3)) (In 6)) (In 9)));
    (Bin Mul (In 16) (Bin Mul (Bin Mul (Bin Mul (In 1) (In 4)) (In 7)) (In 10)));
    (Bin Mul (In 17) (Bin Mul (Bin Mul (Bin Mul (In 2) (In 5)) (In 8)) (In 11)))] |}.

(* (h: f32[2], xs: f32[2, 3, 2]) -> scan(scan(mul))(h, xs) *)
Definition scan_2 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13]%nat;
  cotangents := 14;
  forward := [(Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 0) (In 2)) (In 4)) (In 6)) (In 8)) (In 10)) (In 12));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 1) (In 3)) (In 5)) (In 7)) (In 9)) (In 11)) (In 13))];
  backward := [(Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 14) (In 12)) (In 10)) (In 8)) (In 6)) (In 4)) (In 2));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 15) (In 13)) (In 11)) (In 9)) (In 7)) (In 5)) (In 3));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 14) (In 12)) (In 10)) (In 8)) (In 6)) (In 4)) (In 0));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 15) (In 13)) (In 11)) (In 9)) (In 7)) (In 5)) (In 1));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 14) (In 12)) (In 10)) (In 8)) (In 6)) (Bin Mul (In 0) (In 2)));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 15) (In 13)) (In 11)) (In 9)) (In 7)) (Bin Mul (In 1) (In 3)));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 14) (In 12)) (In 10)) (In 8)) (Bin Mul (Bin Mul (In 0) (In 2)) (In 4)));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 15) (In 13)) (In 11)) (In 9)) (Bin Mul (Bin Mul (In 1) (In 3)) (In 5)));
    (Bin Mul (Bin Mul (Bin Mul (In 14) (In 12)) (In 10)) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 2)) (In 4)) (In 6)));
    (Bin Mul (Bin Mul (Bin Mul (In 15) (In 13)) (In 11)) (Bin Mul (Bin Mul (Bin Mul (In 1) (In 3)) (In 5)) (In 7)));
    (Bin Mul (Bin Mul (In 14) (In 12)) (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 0) (In 2)) (In 4)) (In 6)) (In 8)));
    (Bin Mul (Bin Mul (In 15) (In 13)) (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 1) (In 3)) (In 5)) (In 7)) (In 9)));
    (Bin Mul (In 14) (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 0) (In 2)) (In 4)) (In 6)) (In 8)) (In 10)));
    (Bin Mul (In 15) (Bin Mul (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 1) (In 3)) (In 5)) (In 7)) (In 9)) (In 11)))] |}.

(* (h: f32[2], w: f32[2]) -> scan(add, over = [], length = 3)(h, w) *)
Definition scan_3 : map := {|
  active := [0; 1; 2; 3]%nat;
  cotangents := 4;
  forward := [(Bin Add (Bin Add (Bin Add (In 0) (In 2)) (In 2)) (In 2));
    (Bin Add (Bin Add (Bin Add (In 1) (In 3)) (In 3)) (In 3))];
  backward := [(In 4);
    (In 5);
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 4)) (In 4)) (In 4));
    (Bin Add (Bin Add (Bin Add (Int (0)) (In 5)) (In 5)) (In 5))] |}.

(* (h: f32[3], xs: f32[4, 3]) -> scan(checkpoint(mul))(h, xs) *)
Definition scan_4 : map := {|
  active := [0; 1; 2; 3; 4; 5; 6; 7; 8; 9; 10; 11; 12; 13; 14]%nat;
  cotangents := 15;
  forward := [(Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 0) (In 3)) (In 6)) (In 9)) (In 12));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 1) (In 4)) (In 7)) (In 10)) (In 13));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 2) (In 5)) (In 8)) (In 11)) (In 14))];
  backward := [(Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 15) (In 12)) (In 9)) (In 6)) (In 3));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 16) (In 13)) (In 10)) (In 7)) (In 4));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 17) (In 14)) (In 11)) (In 8)) (In 5));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 15) (In 12)) (In 9)) (In 6)) (In 0));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 16) (In 13)) (In 10)) (In 7)) (In 1));
    (Bin Mul (Bin Mul (Bin Mul (Bin Mul (In 17) (In 14)) (In 11)) (In 8)) (In 2));
    (Bin Mul (Bin Mul (Bin Mul (In 15) (In 12)) (In 9)) (Bin Mul (In 0) (In 3)));
    (Bin Mul (Bin Mul (Bin Mul (In 16) (In 13)) (In 10)) (Bin Mul (In 1) (In 4)));
    (Bin Mul (Bin Mul (Bin Mul (In 17) (In 14)) (In 11)) (Bin Mul (In 2) (In 5)));
    (Bin Mul (Bin Mul (In 15) (In 12)) (Bin Mul (Bin Mul (In 0) (In 3)) (In 6)));
    (Bin Mul (Bin Mul (In 16) (In 13)) (Bin Mul (Bin Mul (In 1) (In 4)) (In 7)));
    (Bin Mul (Bin Mul (In 17) (In 14)) (Bin Mul (Bin Mul (In 2) (In 5)) (In 8)));
    (Bin Mul (In 15) (Bin Mul (Bin Mul (Bin Mul (In 0) (In 3)) (In 6)) (In 9)));
    (Bin Mul (In 16) (Bin Mul (Bin Mul (Bin Mul (In 1) (In 4)) (In 7)) (In 10)));
    (Bin Mul (In 17) (Bin Mul (Bin Mul (Bin Mul (In 2) (In 5)) (In 8)) (In 11)))] |}.

(* (h: f32[3], xs: f32[0, 3]) -> scan(mul)(h, xs) *)
Definition scan_5 : map := {|
  active := [0; 1; 2]%nat;
  cotangents := 3;
  forward := [(In 0);
    (In 1);
    (In 2)];
  backward := [(In 3);
    (In 4);
    (In 5)] |}.
