//! Streams inside streams: what a reader hands back once its own protocol has given way to another.

use super::Stamp;
use crate::flow::key::End;

/// The most bytes that wait of one flow until somebody takes them.
pub const MOST: usize = 64 << 10;

/// What the outer protocol turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapper {
    /// A tunnel to somewhere else: anything may follow.
    Tunnel,
    /// WebSocket frames (RFC 6455).
    WebSocket,
}

/// A run of an inner stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Bytes.
    Bytes(Box<[u8]>),
    /// So many bytes that were not captured.
    Missing(u64),
}

/// A run of an inner stream, in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inner {
    /// What it is wrapped in.
    pub wrapper: Wrapper,
    /// The end that sent it.
    pub end: End,
    /// What it is.
    pub content: Content,
    /// When, and in which frame.
    pub stamp: Stamp,
}

impl Content {
    /// What keeping it costs.
    #[must_use]
    pub fn size(&self) -> usize {
        /// Beside its bytes.
        const OVERHEAD: usize = 64;
        OVERHEAD + if let Self::Bytes(bytes) = self { bytes.len() } else { 0 }
    }
}
