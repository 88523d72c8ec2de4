//! erf: an odd polynomial near 0, and 1 − e^(ln erfc |x|) beyond, where erfc is small enough
//! for its own error not to matter.

use super::double::Arithmetic;
use super::exponential::exp_normal;
use super::machine::Machine;

/// erf x.
#[inline(always)]
pub(super) fn erf<M: Machine>(m: &mut M, x: M::Float) -> M::Float {
    let tables = m.tables();
    let size = m.absolute(x);
    let z = m.mul(size, size);
    let tail = m.polynomial(z, tables.error_function);
    let near = m.fma(size, tail, size);

    let limit = m.float(tables.erf_limit);
    let bounded = m.at_most(size, limit);
    let exponent = m.polynomial(bounded, tables.log_erfc);
    let complement = exp_normal(m, exponent);
    let one = m.float(1.0);
    let far = m.sub(one, complement);

    let is_near = m.below(size, tables.erf_split);
    let result = m.select(is_near, near, far);
    let sign = m.sign(x);
    m.flip_sign(result, sign)
}
