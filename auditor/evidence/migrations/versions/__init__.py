"""One file a version, each whole in itself: what it once did to a store does not change."""
