//! What the targets share: fuzz bytes made into what they fuzz, and the promises that they check.

pub mod captures;
pub mod messages;
pub mod packets;
pub mod promises;
pub mod reader;
pub mod scene;
pub mod standing;

pub use promises::assert_prefixes_are_truncated;
