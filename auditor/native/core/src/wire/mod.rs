//! Bytes to borrowed views. Nothing here keeps state, allocates by a peer's numbers, or can panic.
//!
//! A view is made by `parse`, which answers with the view and the bytes after it, or says why not: `Truncated`
//! while the bytes may still become one, `Mismatch` as soon as they cannot. Holding a view proves the check.

pub mod bt;
