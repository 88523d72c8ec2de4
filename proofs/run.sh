#!/usr/bin/env bash
# Proves everything again, and says on what it rests. Needs coq 8.16 and libcoq-coquelicot of Debian.
#
# It fails where a proof fails, where an op of the table has no theorem and `open.txt` does not say why, and where
# anything is assumed but the axioms of the real numbers. What it builds is in `built`.
set -euo pipefail
cd "$(dirname "$0")"

if grep -nE '\b(Admitted|admit|give_up|Axiom|Parameter|Conjecture)\b' ./*.v; then
    echo "this is assumed, not proved" >&2
    exit 1
fi
# An op or a map that `open.txt` names is let off, if it is one and has no theorem.
open="$(sed -n 's/^\([a-z0-9_]*\): .*/\1/p' open.txt)"
for op in $open; do
    if ! grep -qE "^\(\* $op: |Maps\.$op " Table.v || grep -q "^Theorem ${op}_holds" Pointwise.v; then
        echo "open.txt names $op, which is no op and no map, or has a theorem" >&2
        exit 1
    fi
done
for op in $(sed -n 's/^(\* \(.*\): open \*)$/\1/p' Table.v); do
    if ! grep -qx "$op" <<<"$open"; then
        echo "$op has a rule of its own and no theorem: prove one, or say why not in open.txt" >&2
        exit 1
    fi
done

mkdir -p built
cp ./*.v built
cd built
# shellcheck disable=SC2086
awk -v open=" $(echo $open) " '
    /^\(\* .*: / { skip = index(open, " " substr($2, 1, length($2) - 1) " ") }
    /Maps\./ { name = $0; sub(/.*check Maps\./, "", name); sub(/ .*/, "", name); if (index(open, " " name " ")) next }
    !skip' ../Table.v >Table.v
# All theorems as one, to ask on what they rest.
{
    grep '^From' Table.v
    echo 'From LGC Require Graph.'
    echo 'Definition all_of_them := (Polynomial.rate_is_derivative, Reverse.dense_gradients'
    echo ', Graph.gradients, Graph.pointwise_adjoint, Graph.pointwise_differentiable'
    sed -n 's/^Check (\{0,1\}\([A-Za-z_.0-9]*[A-Za-z_0-9]\).*$/, \1/p' Table.v | sort -u
    echo ').'
    echo 'Print Assumptions all_of_them.'
} >Assumptions.v
for file in Syntax Calculus Tactics Meaning Rules Pointwise Polynomial Maps Linear Extrema Reverse Graph Table; do
    echo "== $file"
    coqc -w -ambiguous-paths -Q . LGC "$file.v" >"$file.out"
done
echo "== Assumptions"
coqc -w -ambiguous-paths -Q . LGC Assumptions.v >Assumptions.out
grep -oE '^[A-Za-z_.]+' Assumptions.out | grep -vx Axioms | sort -u >axioms
if grep -vxFf ../axioms.txt axioms; then
    echo "is assumed, and is no axiom of the real numbers" >&2
    exit 1
fi
echo "theorems: $(grep -c '^, ' Assumptions.v), and $(grep -c 'Maps\.' Table.v) maps"
echo "ops: $(grep -c ': theorem \*)$' Table.v) with theorems, $(grep -c ': without derivative \*)$' Table.v) without derivative; open are: $(echo $open)"
echo "axioms: $(tr '\n' ' ' <axioms)"
