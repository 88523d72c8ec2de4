//! What passes and emitters refuse.

/// What a kernel has that cannot be compiled, or that a verified kernel does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal(pub(crate) &'static str);

pub(crate) type Result<T> = std::result::Result<T, Refusal>;

/// An extent or a number of iterations, as loops count.
///
/// # Errors
/// If it has more than 63 bits, which none has in a verified kernel.
pub(crate) fn signed(extent: u64) -> Result<i64> {
    i64::try_from(extent).map_err(|_| Refusal("a loop of more than 2^63 iterations"))
}
