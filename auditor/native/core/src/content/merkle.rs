//! The hash tree of a v2 file, BEP 52: SHA-256 over blocks of 16 KiB, padded with zeros to a power of two, and over
//! pairs up to the root.

use sha2::{Digest, Sha256};

/// A node: of layer 0 the hash of a block, of each layer above the hash of two below.
pub type Node = [u8; 32];

/// The node above two.
#[must_use]
pub fn parent(left: &Node, right: &Node) -> Node {
    Sha256::new().chain_update(left).chain_update(right).finalize().into()
}

/// How many layers a tree over so many nodes has above them.
#[must_use]
pub const fn height(nodes: u64) -> u32 {
    match nodes.checked_next_power_of_two() {
        Some(padded) => padded.trailing_zeros(),
        None => u64::BITS,
    }
}

/// The node of `layer` over nothing but padding.
#[must_use]
pub fn padding(layer: u32) -> Node {
    (0..layer).fold([0; 32], |node, _| parent(&node, &node))
}

/// The root of the next higher tree, `to` layers above the blocks, whose left end is a tree of `from` layers with
/// this root.
#[must_use]
pub fn raise(root: Node, from: u32, to: u32) -> Node {
    let mut right = padding(from.min(to));
    (from..to).fold(root, |node, _| {
        let above = parent(&node, &right);
        right = parent(&right, &right);
        above
    })
}

/// Nodes of one layer, taken from the left on; of those that make whole trees only the roots are kept.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// One root for each bit of `count`, the highest first.
    roots: Vec<Node>,
    count: u32,
}

impl Row {
    /// How many nodes were taken.
    #[must_use]
    pub const fn count(&self) -> u32 {
        self.count
    }

    /// Takes the next node.
    pub fn push(&mut self, mut node: Node) {
        let Some(count) = self.count.checked_add(1) else { return };
        for _ in 0..self.count.trailing_ones() {
            let Some(left) = self.roots.pop() else { break };
            node = parent(&left, &node);
        }
        self.roots.push(node);
        self.count = count;
    }

    /// The root over all nodes, which are of `layer`, and over padding to the next power of two. `None` without
    /// nodes.
    #[must_use]
    pub fn root(&self, layer: u32) -> Option<Node> {
        let mut roots = self.roots.iter().rev();
        let mut right = padding(layer);
        let mut open: Option<Node> = None;
        for bit in 0..height(self.count.into()) {
            let whole = if self.count >> bit & 1 == 1 { roots.next() } else { None };
            open = match (whole, open) {
                (Some(left), Some(open)) => Some(parent(left, &open)),
                (Some(left), None) => Some(parent(left, &right)),
                (None, Some(open)) => Some(parent(&open, &right)),
                (None, None) => None,
            };
            right = parent(&right, &right);
        }
        open.or_else(|| roots.next().copied())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The root, layer by layer, as the BEP describes it.
    fn slowly(mut nodes: Vec<Node>, layer: u32) -> Node {
        nodes.resize(nodes.len().next_power_of_two(), padding(layer));
        while nodes.len() > 1 {
            nodes = nodes.chunks(2).map(|pair| parent(&pair[0], &pair[1])).collect();
        }
        nodes[0]
    }

    #[test]
    fn heights_are_those_of_padded_trees() {
        assert_eq!([0, 1, 2, 3, 4, 5, 512, 513].map(height), [0, 0, 1, 2, 2, 3, 9, 10]);
        assert_eq!(height(u64::MAX), 64);
    }

    #[test]
    fn nothing_has_no_root_and_one_node_is_its_own() {
        assert_eq!(Row::default().root(0), None);
        let mut row = Row::default();
        row.push([7; 32]);
        assert_eq!(row.root(3), Some([7; 32]));
    }

    proptest! {
        #[test]
        fn a_row_has_the_root_of_its_padded_tree(count in 1..70_u8, layer in 0..5_u32, more in 0..4_u32) {
            let nodes: Vec<Node> = (1..=count).map(|byte| [byte; 32]).collect();
            let mut row = Row::default();
            for node in &nodes {
                row.push(*node);
            }
            prop_assert_eq!(row.count(), u32::from(count));
            let root = row.root(layer).unwrap();
            prop_assert_eq!(root, slowly(nodes.clone(), layer));
            let from = layer + height(count.into());
            let mut higher = nodes;
            higher.resize(higher.len().next_power_of_two() << more, padding(layer));
            prop_assert_eq!(raise(root, from, from + more), slowly(higher, layer));
        }
    }
}
