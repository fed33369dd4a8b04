//! Captures made byte by byte, for tests.

use auditor_core::wire::link::LinkType;

use crate::{CaptureSummary, read_all};

/// A frame as a consumer saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) number: u64,
    pub(crate) time: i64,
    pub(crate) wire_len: u32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) link: LinkType,
}

/// Everything that reading gives.
pub(crate) fn seen(capture: &[u8]) -> (Vec<Seen>, CaptureSummary) {
    let mut frames = Vec::new();
    let summary = read_all(capture, |batch| {
        frames.extend(batch.iter().map(|frame| Seen {
            number: frame.number,
            time: frame.time.0,
            wire_len: frame.wire_len,
            bytes: frame.bytes.to_vec(),
            link: batch.link,
        }));
    });
    (frames, summary)
}

/// Bytes in the making, in one byte order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Maker {
    pub(crate) big_endian: bool,
    pub(crate) bytes: Vec<u8>,
}

impl Maker {
    pub(crate) fn new(big_endian: bool) -> Self {
        Self { big_endian, bytes: Vec::new() }
    }

    pub(crate) fn half(&mut self, number: u16) -> &mut Self {
        self.raw(&if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() })
    }

    pub(crate) fn word(&mut self, number: u32) -> &mut Self {
        self.raw(&if self.big_endian { number.to_be_bytes() } else { number.to_le_bytes() })
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// A pcap file header.
    pub(crate) fn pcap(&mut self, magic: u32, link: u32) -> &mut Self {
        self.word(magic).half(2).half(4).word(0).word(0).word(65_535).word(link)
    }

    /// A pcap record.
    pub(crate) fn record(&mut self, seconds: u32, fraction: u32, wire_len: u32, bytes: &[u8]) -> &mut Self {
        self.word(seconds).word(fraction).word(length(bytes)).word(wire_len).raw(bytes)
    }

    /// A pcapng block.
    pub(crate) fn block(&mut self, kind: u32, body: &[u8]) -> &mut Self {
        let padding = vec![0; body.len().next_multiple_of(4) - body.len()];
        let total = length(body) + length(&padding) + 12;
        self.word(kind).word(total).raw(body).raw(&padding).word(total)
    }

    /// A pcapng section header in this maker's byte order.
    pub(crate) fn section(&mut self) -> &mut Self {
        let mut body = Self::new(self.big_endian);
        body.word(0x1a2b_3c4d).half(1).half(0).raw(&[0xff; 8]);
        self.block(0x0a0d_0d0a, &body.bytes)
    }

    /// A pcapng interface description.
    pub(crate) fn interface(&mut self, link: u16, snap_length: u32, options: &[(u16, &[u8])]) -> &mut Self {
        let mut body = Self::new(self.big_endian);
        body.half(link).half(0).word(snap_length);
        for (code, value) in options {
            body.half(*code).half(value.len().try_into().unwrap()).raw(value);
            body.bytes.resize(body.bytes.len().next_multiple_of(4), 0);
        }
        if !options.is_empty() {
            body.half(0).half(0);
        }
        self.block(1, &body.bytes)
    }

    /// A pcapng enhanced packet; `options` follow the padded bytes as they are.
    pub(crate) fn enhanced(&mut self, interface: u32, ticks: u64, bytes: &[u8], options: &[u8]) -> &mut Self {
        let mut body = Self::new(self.big_endian);
        body.word(interface).ticks(ticks).word(length(bytes)).word(length(bytes)).raw(bytes);
        body.bytes.resize(body.bytes.len().next_multiple_of(4), 0);
        body.raw(options);
        self.block(6, &body.bytes)
    }

    pub(crate) fn ticks(&mut self, ticks: u64) -> &mut Self {
        self.word(u32::try_from(ticks >> 32).unwrap()).word(u32::try_from(ticks & 0xffff_ffff).unwrap())
    }
}

fn length(bytes: &[u8]) -> u32 {
    bytes.len().try_into().unwrap()
}
