//! In place of packet sockets where there are none.

use std::io;
use std::time::Duration;

use auditor_core::time::Timestamp;
use auditor_core::wire::link::LinkType;

use super::{LiveError, LiveStatistics, TAG};

pub(super) struct Received {
    pub(super) time: Timestamp,
    pub(super) captured: usize,
    pub(super) wire_len: u32,
    pub(super) tag: Option<[u8; TAG]>,
}

/// Never made.
pub(super) enum Socket {}

impl Socket {
    pub(super) fn open(_interface: &str, _promiscuous: bool) -> Result<Self, LiveError> {
        Err(LiveError::Unsupported)
    }

    pub(super) fn link(&self) -> LinkType {
        match *self {}
    }

    pub(super) fn wait(&self, _timeout: Duration) -> io::Result<bool> {
        match *self {}
    }

    pub(super) fn receive(&self, _room: &mut [u8]) -> io::Result<Option<Received>> {
        match *self {}
    }

    pub(super) fn statistics(&self) -> io::Result<LiveStatistics> {
        match *self {}
    }
}
