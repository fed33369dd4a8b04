//! VLAN tags, IEEE 802.1Q: `PCP:3 DEI:1 VID:12 EtherType:16` after the EtherType that announces the tag.

use std::hash::{Hash, Hasher};

use crate::anomaly::Anomaly;

/// The identifiers of up to two tags, outermost first.
///
/// Identifier 0 is not kept: it marks a frame's priority and names no VLAN, and one end may send it while the
/// other does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Vlans([u16; 2]);

impl Vlans {
    /// Those of an untagged frame.
    pub const NONE: Self = Self([0, 0]);

    /// The identifiers, 1 to 4095.
    pub fn iter(self) -> impl Iterator<Item = u16> {
        self.0.into_iter().filter(|&vid| vid != 0)
    }

    /// Whether the frame was untagged.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Adds the next inner tag, if there is room for it.
    #[must_use]
    pub(super) fn push(&mut self, vid: u16) -> bool {
        if vid == 0 {
            return true;
        }
        match self.0.iter_mut().find(|slot| **slot == 0) {
            Some(slot) => {
                *slot = vid;
                true
            }
            None => false,
        }
    }
}

impl Hash for Vlans {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        // As one number, not as a list.
        let [outer, inner] = self.0.map(u32::from);
        state.write_u32(outer << 16 | inner);
    }
}

impl FromIterator<u16> for Vlans {
    /// Keeps the first two identifiers.
    fn from_iter<I: IntoIterator<Item = u16>>(vids: I) -> Self {
        let mut vlans = Self::default();
        for vid in vids {
            if !vlans.push(vid & 0x0fff) {
                break;
            }
        }
        vlans
    }
}

/// Reads one tag: its VLAN, and the EtherType and bytes behind it.
pub(super) fn parse(bytes: &[u8]) -> Result<(u16, u16, &[u8]), Anomaly> {
    let (&[tci_high, tci_low, type_high, type_low], inner) =
        bytes.split_first_chunk().ok_or(Anomaly::LinkTruncated)?;
    let vid = u16::from_be_bytes([tci_high, tci_low]) & 0x0fff;
    Ok((vid, u16::from_be_bytes([type_high, type_low]), inner))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_gives_its_identifier_without_priority() {
        assert_eq!(parse(&[0xb0, 0x0a, 0x08, 0x00, 0x45]), Ok((10, 0x0800, &[0x45][..])));
    }

    #[test]
    fn a_cut_tag_is_refused() {
        assert_eq!(parse(&[0, 10, 8]), Err(Anomaly::LinkTruncated));
    }

    #[test]
    fn two_tags_are_kept_outermost_first() {
        let vlans: Vlans = [100, 0, 10, 7].into_iter().collect();
        assert_eq!(vlans.iter().collect::<Vec<_>>(), [100, 10]);
    }
}
