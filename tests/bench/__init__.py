"""The benchmark that ships: ``python -m tests.bench`` measures this project beside its peers, on captures it makes."""
