//! Instructions that `inkwell` calls unsafe to build, or does not build, and a question that it does not ask.

use inkwell::builder::{Builder, BuilderError};
use inkwell::values::{AsValueRef, BasicValueEnum, IntValue, PointerValue, VectorValue};

/// The address so many bytes after another. The bytes are a number of any sign.
///
/// Without a promise that the address stays inside what the other one points to: whatever the number is, only an
/// access at the address can be wrong.
pub fn byte_offset<'c>(
    builder: &Builder<'c>,
    base: PointerValue<'c>,
    bytes: IntValue<'c>,
) -> Result<PointerValue<'c>, BuilderError> {
    let byte = bytes.get_type().get_context().i8_type();
    // SAFETY: `inkwell` asks that the indices fit the type that is pointed to. Bytes have no inside: one index of any
    // integer type is right, and an instruction without `inbounds` is defined for each value of it.
    unsafe { builder.build_gep(byte, base, &[bytes], "") }
}

/// A value that is the same wherever it is used, though nothing may have been stored where it was loaded from.
pub fn freeze<'c>(
    builder: &Builder<'c>,
    value: BasicValueEnum<'c>,
) -> Result<BasicValueEnum<'c>, BuilderError> {
    if builder.get_insert_block().is_none() {
        return Err(BuilderError::UnsetPosition);
    }
    // SAFETY: the builder stands in a block, as was just seen, and both it and the value are alive and of one context,
    // which the lifetime `'c` stands for; the name is a string that ends. What comes back is an instruction of the
    // type of the value.
    unsafe {
        let frozen = llvm_sys::core::LLVMBuildFreeze(
            builder.as_mut_ptr(),
            value.as_value_ref(),
            c"".as_ptr(),
        );
        Ok(BasicValueEnum::new(frozen))
    }
}

/// Which lanes of a constant mask are certainly true; nothing of one that is computed.
pub fn known_lanes(mask: VectorValue<'_>) -> Option<Vec<bool>> {
    if !mask.is_const() || !mask.get_type().get_element_type().is_int_type() {
        return None;
    }
    let lane = |at: u32| {
        // SAFETY: the mask is alive and a constant of integers, as was just seen. An element of it is null if the
        // constant is an expression that has none, and else a constant integer, or one that is undefined.
        let element = unsafe {
            let element = llvm_sys::core::LLVMGetAggregateElement(mask.as_value_ref(), at);
            (!element.is_null()).then(|| IntValue::new(element))
        };
        Some(element?.get_zero_extended_constant() == Some(1))
    };
    (0..mask.get_type().get_size()).map(lane).collect()
}
