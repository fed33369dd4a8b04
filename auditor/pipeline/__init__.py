"""From what the engine saw to what policy says of it: the one place that wires the stages together."""
