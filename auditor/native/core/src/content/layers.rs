//! Hashes of v2 files that peers sent each other (BEP 52), kept once they are proven to belong under the file's root.
//!
//! The info dict holds only a root for each file; a file of several pieces needs the layer of its pieces, which
//! peers ask each other for. A message proves its hashes up to the root, or up to a node that an earlier one
//! proved. Such a proof says at what depth under the root a hash stands, but not how deep the tree is: a liar can
//! call one layer another. So trees are kept by root **and** height, and whoever asks knows the height from the
//! file's length.
//!
//! Limits: a message that proves its hashes up to a node only, and comes before the one that proves that node, is
//! lost (`unproven`): that is the case for files of more than 512 pieces whose first message was not captured.

use std::collections::BTreeMap;

use super::Budget;
use super::merkle::{Node, Row, height, parent};
use crate::wire::bt::hashes::Hashes;

/// The highest tree: more than 2^40 blocks make no file.
const MAX_HEIGHT: u32 = 40;
/// What a tree, and a node, cost beside the hash.
const TREE_COST: usize = 256;
const NODE_COST: usize = 80;

/// A tree's root, and how many layers are below it.
type Key = (Node, u32);
/// A node's layer, from that of the blocks on, and its place there.
type Place = (u32, u32);

/// The proven nodes of many trees.
#[derive(Clone, Debug)]
pub struct PieceLayers {
    trees: BTreeMap<Key, Tree>,
    /// By when they last got a node.
    order: BTreeMap<u64, Key>,
    clock: u64,
    budget: Budget,
    unproven: u64,
    /// What came since it was last asked for, where it ever was.
    fresh: Option<BTreeMap<Key, BTreeMap<Place, Node>>>,
}

#[derive(Clone, Debug, Default)]
struct Tree {
    nodes: BTreeMap<Place, Node>,
    touched: u64,
}

impl PieceLayers {
    /// Keeps no more than `cap` bytes. The tree that has had no new node for longest goes first.
    #[must_use]
    pub const fn new(cap: usize) -> Self {
        Self {
            trees: BTreeMap::new(),
            order: BTreeMap::new(),
            clock: 0,
            budget: Budget::new(cap),
            unproven: 0,
            fresh: None,
        }
    }

    /// Takes the hashes of one message; whether they are proven, and so were kept.
    pub fn collect(&mut self, hashes: &Hashes<'_>) -> bool {
        let proven = Chain::climb(hashes).and_then(|chain| {
            let key = self.anchor(hashes.range.pieces_root, &chain)?;
            Some((key, chain))
        });
        let Some((key, chain)) = proven else {
            self.unproven += 1;
            return false;
        };
        self.keep(key, chain.nodes);
        true
    }

    /// The node at `index` of `layer`, of the tree with this root and height.
    #[must_use]
    pub fn node(&self, root: &Node, height: u32, layer: u32, index: u32) -> Option<&Node> {
        self.trees.get(&(*root, height))?.nodes.get(&(layer, index))
    }

    /// What came since the last call: all, the first time. It stays, so that what comes later is proven by it.
    #[must_use]
    pub fn fresh(&mut self) -> Self {
        let fresh = match &mut self.fresh {
            Some(fresh) => std::mem::take(fresh),
            None => self.trees.iter().map(|(key, tree)| (*key, tree.nodes.clone())).collect(),
        };
        self.fresh = Some(BTreeMap::new());
        let mut copy = Self::new(self.budget.cap);
        for (key, nodes) in fresh {
            copy.keep(key, nodes.into_iter().collect());
        }
        copy.unproven = std::mem::take(&mut self.unproven);
        copy.budget.hits = std::mem::take(&mut self.budget.hits);
        copy
    }

    /// Messages whose hashes were not proven.
    #[must_use]
    pub const fn unproven(&self) -> u64 {
        self.unproven
    }

    /// What is held, and how often the cap made a tree go or kept one out.
    #[must_use]
    pub const fn budget(&self) -> &Budget {
        &self.budget
    }

    /// Takes all that another worker's has; whether that is more than it had.
    pub fn merge(&mut self, other: Self) -> bool {
        let mut is_more = false;
        self.unproven += other.unproven;
        self.budget.hits += other.budget.hits;
        for (key, tree) in other.trees {
            is_more |= self.keep(key, tree.nodes.into_iter().collect());
        }
        is_more
    }

    /// The tree under which the top of `chain` is known to stand.
    fn anchor(&self, root: &Node, chain: &Chain) -> Option<Key> {
        let (layer, index) = chain.at;
        if chain.top == *root && index == 0 {
            return Some((*root, layer));
        }
        let trees = self.trees.range((*root, 0)..=(*root, MAX_HEIGHT));
        trees.filter(|(_, tree)| tree.nodes.get(&chain.at) == Some(&chain.top)).map(|(key, _)| *key).next()
    }

    fn keep(&mut self, key: Key, nodes: Vec<(Place, Node)>) -> bool {
        // No more than was received: what is known already costs nothing, but is counted as if it did.
        let most = TREE_COST + nodes.len() * NODE_COST;
        while !self.budget.fits(most)
            && let Some((&oldest, &other)) = self.order.iter().find(|(_, other)| **other != key)
        {
            self.order.remove(&oldest);
            if let Some(tree) = self.trees.remove(&other) {
                self.budget.give(TREE_COST + tree.nodes.len() * NODE_COST);
                self.budget.hits += 1;
            }
        }
        if !self.budget.fits(most) {
            self.budget.hits += 1;
            return false;
        }
        if let Some(fresh) = &mut self.fresh {
            fresh.entry(key).or_default().extend(nodes.iter().copied());
        }
        self.clock += 1;
        let tree = self.trees.entry(key).or_insert_with(|| {
            self.budget.now += TREE_COST;
            Tree::default()
        });
        let before = tree.nodes.len();
        tree.nodes.extend(nodes);
        let more = tree.nodes.len() - before;
        self.budget.now += more * NODE_COST;
        self.order.remove(&tree.touched);
        tree.touched = self.clock;
        self.order.insert(self.clock, key);
        more > 0
    }
}

/// The nodes of one message, with the one at which its proof ends.
struct Chain {
    nodes: Vec<(Place, Node)>,
    top: Node,
    at: Place,
}

impl Chain {
    /// Hashes the way from the base up, as far as the proof goes. `None` for numbers that no tree has.
    fn climb(hashes: &Hashes<'_>) -> Option<Self> {
        let range = hashes.range;
        let padded = range.length.checked_next_power_of_two().filter(|_| range.length > 0)?;
        if range.base_layer > MAX_HEIGHT || !range.index.is_multiple_of(padded) {
            return None;
        }
        range.index.checked_add(padded)?;
        let mut row = Row::default();
        let mut nodes = Vec::with_capacity(hashes.base.len() + 2 * hashes.proof.len());
        for (node, place) in hashes.base.iter().zip(range.index..) {
            row.push(*node);
            nodes.push(((range.base_layer, place), *node));
        }
        let mut top = row.root(range.base_layer)?;
        let (mut layer, mut index) = (range.base_layer + height(range.length.into()), range.index / padded);
        for beside in hashes.proof {
            nodes.push(((layer, index), top));
            nodes.push(((layer, index ^ 1), *beside));
            top = if index.is_multiple_of(2) { parent(&top, beside) } else { parent(beside, &top) };
            (layer, index) = (layer + 1, index / 2);
        }
        (layer <= MAX_HEIGHT).then_some(Self { nodes, top, at: (layer, index) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::merkle::padding;

    /// All layers of a tree over `leaves`, from layer `base` up.
    fn layers(mut leaves: Vec<Node>, base: u32) -> Vec<Vec<Node>> {
        leaves.resize(leaves.len().next_power_of_two(), padding(base));
        let mut all = vec![leaves];
        while all.last().unwrap().len() > 1 {
            let above = all.last().unwrap().chunks(2).map(|pair| parent(&pair[0], &pair[1])).collect();
            all.push(above);
        }
        all
    }

    /// The body of the message that gives `length` hashes from `index` on, with a proof of `proof` layers.
    fn body(tree: &[Vec<Node>], base: u32, index: usize, length: usize, proof: usize) -> Vec<u8> {
        let root = tree.last().unwrap()[0];
        let numbers = [base, index.try_into().unwrap(), length.try_into().unwrap(), 9].map(u32::to_be_bytes);
        let mut body = [&root[..], &numbers.concat(), &tree[0][index..index + length].concat()].concat();
        let mut layer = length.next_power_of_two().trailing_zeros() as usize;
        let mut at = index >> layer;
        for _ in 0..proof {
            body.extend(tree[layer][at ^ 1]);
            (layer, at) = (layer + 1, at / 2);
        }
        body
    }

    fn tree() -> Vec<Vec<Node>> {
        layers((1..=13).map(|byte| [byte; 32]).collect(), 4)
    }

    fn collect(layers: &mut PieceLayers, body: &[u8]) -> bool {
        layers.collect(&Hashes::parse(body).unwrap())
    }

    #[test]
    fn hashes_that_are_proven_are_kept_at_their_place() {
        let (tree, mut layers) = (tree(), PieceLayers::new(1 << 20));
        let root = tree[4][0];
        assert!(collect(&mut layers, &body(&tree, 4, 4, 4, 2)));
        assert_eq!(layers.node(&root, 8, 4, 5), Some(&[6; 32]));
        assert_eq!(layers.node(&root, 8, 4, 8), None);
        assert_eq!(layers.node(&root, 9, 4, 5), None, "a tree of another height");
        assert!(collect(&mut layers, &body(&tree, 4, 0, 16, 0)));
        assert_eq!(layers.node(&root, 8, 4, 12), Some(&[13; 32]));
        assert_eq!(layers.unproven(), 0);
    }

    #[test]
    fn a_layer_cut_short_by_the_files_end_is_padded() {
        let (tree, mut layers) = (tree(), PieceLayers::new(1 << 20));
        assert!(collect(&mut layers, &body(&tree, 4, 0, 13, 0)));
        assert_eq!(layers.node(&tree[4][0], 8, 4, 12), Some(&[13; 32]));
    }

    #[test]
    fn a_proof_may_end_at_a_node_that_was_proven_before() {
        let (tree, mut layers) = (tree(), PieceLayers::new(1 << 20));
        let later = body(&tree, 4, 4, 4, 0);
        assert!(!collect(&mut layers, &later), "nothing is known yet");
        assert!(collect(&mut layers, &body(&tree, 4, 0, 4, 2)));
        assert!(collect(&mut layers, &later));
        assert_eq!(layers.node(&tree[4][0], 8, 4, 7), Some(&[8; 32]));
        assert_eq!(layers.unproven(), 1);
    }

    #[test]
    fn what_does_not_hash_to_the_root_is_not_kept() {
        let tree = tree();
        let whole = body(&tree, 4, 4, 4, 2);
        for at in [0, 39, 48, 100, whole.len() - 1] {
            let mut layers = PieceLayers::new(1 << 20);
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert!(!collect(&mut layers, &changed), "{at}");
            assert_eq!(layers.budget().now, 0);
        }
        for (index, length) in [(2, 4_usize), (0, 0)] {
            let mut changed = whole.clone();
            changed[36..40].copy_from_slice(&u32::to_be_bytes(index));
            changed[40..44].copy_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
            assert!(!collect(&mut PieceLayers::new(1 << 20), &changed));
        }
    }

    #[test]
    fn the_last_place_that_a_number_can_name_is_read_without_harm() {
        let numbers = [0, u32::MAX - 1, 1, 0].map(u32::to_be_bytes).concat();
        for last in [0xfe, 0xff] {
            let mut body = [&[7; 32][..], &numbers, &[7; 32]].concat();
            body[39] = last;
            assert!(!collect(&mut PieceLayers::new(1 << 20), &body), "no root is there");
        }
    }

    #[test]
    fn a_liar_about_the_layer_hides_nothing() {
        let (tree, mut layers) = (tree(), PieceLayers::new(1 << 20));
        let mut lie = body(&tree, 4, 0, 16, 0);
        lie[35] = 3;
        assert!(collect(&mut layers, &lie));
        assert!(collect(&mut layers, &body(&tree, 4, 0, 16, 0)));
        assert_eq!(layers.node(&tree[4][0], 8, 4, 2), Some(&[3; 32]));
    }

    #[test]
    fn under_the_cap_the_tree_without_news_goes_first() {
        let trees: Vec<_> = (1..4_u8).map(|byte| layers(vec![[byte; 32], [9; 32]], 0)).collect();
        let mut layers = PieceLayers::new(2 * (TREE_COST + 2 * NODE_COST));
        for tree in [&trees[0], &trees[1], &trees[0], &trees[2]] {
            assert!(collect(&mut layers, &body(tree, 0, 0, 2, 0)));
        }
        let held = trees.iter().map(|tree| layers.node(&tree[1][0], 1, 0, 1).is_some());
        assert_eq!(held.collect::<Vec<_>>(), [true, false, true]);
        assert_eq!(layers.budget().hits, 1);
        assert!(layers.budget().now <= layers.budget().cap);
    }

    #[test]
    fn merging_gives_what_one_would_have() {
        let tree = tree();
        let bodies = [body(&tree, 4, 0, 4, 2), body(&tree, 4, 12, 4, 2)];
        let (mut left, mut right, mut one) =
            (PieceLayers::new(1 << 20), PieceLayers::new(1 << 20), PieceLayers::new(1 << 20));
        assert!(collect(&mut left, &bodies[0]) && collect(&mut right, &bodies[1]));
        assert!(collect(&mut one, &bodies[0]) && collect(&mut one, &bodies[1]));
        left.merge(right);
        assert_eq!(left.trees.keys().collect::<Vec<_>>(), one.trees.keys().collect::<Vec<_>>());
        assert_eq!(left.trees[&(tree[4][0], 8)].nodes, one.trees[&(tree[4][0], 8)].nodes);
        assert_eq!(left.budget().now, one.budget().now);
    }
}
