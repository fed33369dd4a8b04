"""A laboratory of real clients in network namespaces, and the maker of the captures in ``samples/``.

:mod:`~tests.lab.topology` lays the network, :mod:`~tests.lab.capture` listens in it, :mod:`~tests.lab.clients` and
:mod:`~tests.lab.office` act in it, :mod:`~tests.lab.truth` writes down what was started there, and
:mod:`~tests.lab.make_samples` puts these together. Everything happens inside namespaces that a run makes for itself and
removes; the addresses are documentation ranges and private ones, and no packet leaves the machine. Root is needed.
"""
