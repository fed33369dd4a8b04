//! Asks the processor for memory before it is read.
//!
//! A flow is rarely in the cache, and a packet that waits for it waits as long as it takes to decode ten. The hint has no
//! effect but time. It is a crate of its own because no safe function gives it, and `auditor-core` is free of `unsafe`.
#![no_std]

/// Bytes of a cache line.
#[cfg(target_arch = "x86_64")]
const LINE: usize = 64;

/// Asks for all of `value`. Does nothing on processors for which Rust has no such hint yet.
#[inline]
pub fn prefetch<T>(value: &T) {
    #[cfg(target_arch = "x86_64")]
    for at in (0..size_of::<T>()).step_by(LINE) {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let line = core::ptr::from_ref(value).cast::<i8>().wrapping_add(at);
        // SAFETY: the program sees nothing of a prefetch, and none faults, whatever the address.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(line) };
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = value;
}
