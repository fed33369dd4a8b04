"""The promise of invariance: what a capture says does not depend on how its bytes happened to be cut and delivered.

`talks` holds who spoke with whom as data, to be put on the wire in more than one way; `scenarios` draws several at a
time, among ordinary traffic; `seeing` shows them to the engine and keeps of its answer what the promise names.
"""
