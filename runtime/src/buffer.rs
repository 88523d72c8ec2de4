//! Memory aligned as the ABI asks of a workspace, and as vector code likes its tensors.

use bytemuck::{Pod, Zeroable};
use lgc_abi::WORKSPACE_ALIGN;

const BLOCK: usize = WORKSPACE_ALIGN as usize;

/// Bytes that are allocated together, and whose alignment the allocation has.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Block([u8; BLOCK]);

const _: () = assert!(size_of::<Block>() == BLOCK && align_of::<Block>() == BLOCK);

// SAFETY: zero bytes are a valid array of bytes.
unsafe impl Zeroable for Block {}
// SAFETY: an array of bytes that fills its struct: any bytes are valid, and none is padding.
unsafe impl Pod for Block {}

/// Bytes whose address is a multiple of 64. Their address is stable until they are dropped.
#[derive(Clone)]
pub struct AlignedBuffer {
    blocks: Box<[Block]>,
    length: usize,
}

impl AlignedBuffer {
    /// `length` zero bytes, or `None` if there is not that much memory.
    #[must_use]
    pub fn zeroed(length: u64) -> Option<Self> {
        let length = usize::try_from(length).ok()?;
        let blocks = bytemuck::try_zeroed_slice_box(length.div_ceil(BLOCK)).ok()?;
        Some(Self { blocks, length })
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.blocks)[..self.length]
    }

    /// The bytes, for writing.
    #[must_use]
    pub fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.blocks)[..self.length]
    }
}

impl std::fmt::Debug for AlignedBuffer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "AlignedBuffer({} bytes)", self.length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_zeroed() {
        for length in [0, 1, 63, 64, 65, 1000] {
            let mut buffer = AlignedBuffer::zeroed(length).unwrap();
            assert_eq!(buffer.bytes().len() as u64, length);
            assert_eq!(buffer.bytes_mut().as_ptr() as u64 % WORKSPACE_ALIGN, 0);
            assert!(buffer.bytes().iter().all(|&byte| byte == 0));
        }
    }

    #[test]
    fn impossible_sizes_are_refused() {
        assert!(AlignedBuffer::zeroed(u64::MAX).is_none());
        assert!(AlignedBuffer::zeroed(i64::MAX as u64).is_none());
    }
}
