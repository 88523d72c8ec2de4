//! Masked stores of which one lane is known to remain become stores of that lane.
//!
//! LLVM 22 does the same on its way to AVX-512, and gets it wrong for what was made narrower just before: it stores the
//! element as wide as it was, over what lies behind it (issue 179489 of `llvm/llvm-project`, mended in its pull request
//! 179853). So nothing of the kind is left to it. Whether a mask is known is known after the passes, which is when this
//! runs.

use super::machine::MachineError;
use lgc_llvm::inkwell::builder::{Builder, BuilderError};
use lgc_llvm::inkwell::context::ContextRef;
use lgc_llvm::inkwell::module::Module;
use lgc_llvm::inkwell::values::{
    BasicValueEnum, CallSiteValue, InstructionValue, PointerValue, VectorValue,
};
use std::fmt;

/// Rewrites the masked stores of a module.
pub(super) fn store_single_lanes(module: &Module<'_>) -> Result<(), MachineError> {
    let context = module.get_context();
    let builder = context.create_builder();
    let blocks = module.get_functions().flat_map(|f| f.get_basic_blocks());
    let instructions: Vec<InstructionValue<'_>> = blocks
        .flat_map(|block| block.get_instructions())
        .filter(|&instruction| is_masked_store(instruction))
        .collect();
    for instruction in instructions {
        let Some((value, address, mask)) = operands(instruction) else {
            return Err(strange("its operands are others"));
        };
        let lanes = lgc_llvm::known_lanes(mask).unwrap_or_default();
        let mut lanes = (0..).zip(lanes).filter(|(_, holds)| *holds);
        let (Some((lane, _)), None) = (lanes.next(), lanes.next()) else {
            continue;
        };
        builder.position_before(&instruction);
        store_lane((context, &builder), (value, lane), address)?;
        instruction.erase_from_basic_block();
    }
    Ok(())
}

fn is_masked_store(instruction: InstructionValue<'_>) -> bool {
    let call = CallSiteValue::try_from(instruction).ok();
    let called = call.and_then(CallSiteValue::get_called_fn_value);
    called.is_some_and(|function| {
        let name = function.get_name().to_bytes();
        name.starts_with(b"llvm.masked.store.")
    })
}

/// What is stored, where, and in which lanes.
fn operands<'c>(
    store: InstructionValue<'c>,
) -> Option<(VectorValue<'c>, PointerValue<'c>, VectorValue<'c>)> {
    let operand = |at| store.get_operand(at)?.value();
    match (operand(0)?, operand(1)?, operand(2)?) {
        (
            BasicValueEnum::VectorValue(value),
            BasicValueEnum::PointerValue(address),
            BasicValueEnum::VectorValue(mask),
        ) => Some((value, address, mask)),
        _ => None,
    }
}

/// Stores a lane where it lies in memory, aligned as its element is.
fn store_lane<'c>(
    (context, builder): (ContextRef<'c>, &Builder<'c>),
    (value, lane): (VectorValue<'c>, u64),
    address: PointerValue<'c>,
) -> Result<(), MachineError> {
    let ty = value.get_type().get_element_type();
    let bits = if ty.is_float_type() {
        ty.into_float_type().get_bit_width()
    } else if ty.is_int_type() {
        ty.into_int_type().get_bit_width()
    } else {
        return Err(strange(ty));
    };
    if bits == 0 || bits % 8 != 0 {
        return Err(strange(bits));
    }
    let bytes = bits / 8;
    let long = context.i64_type();
    let built = || -> Result<InstructionValue<'c>, BuilderError> {
        let element = builder.build_extract_element(value, long.const_int(lane, false), "")?;
        let offset = long.const_int(lane * u64::from(bytes), false);
        let address = lgc_llvm::byte_offset(builder, address, offset)?;
        builder.build_store(address, element)
    };
    let store = built().map_err(strange)?;
    store.set_alignment(bytes).map_err(strange)
}

fn strange(what: impl fmt::Display) -> MachineError {
    MachineError::Passes(format!(
        "of a masked store, a lane could not be stored: {what}"
    ))
}

#[cfg(test)]
mod tests;
