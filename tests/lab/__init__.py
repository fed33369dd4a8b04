"""A laboratory of real clients in network namespaces: maker of ``samples/``, and measure of accuracy.

:mod:`~tests.lab.topology` lays the network, :mod:`~tests.lab.capture` listens in it, :mod:`~tests.lab.clients` and
:mod:`~tests.lab.office` act in it, :mod:`~tests.lab.truth` writes down what was started there, and
:mod:`~tests.lab.make_samples` puts these together.

For accuracy, :mod:`~tests.lab.matrix` says which runs there are, :mod:`~tests.lab.runs` carries one out and
:mod:`~tests.lab.negatives` makes what is not BitTorrent, each with its :mod:`~tests.lab.labels`;
:mod:`~tests.lab.accuracy` joins them with what an audit finds.

Everything happens inside namespaces that a run makes for itself and removes; the addresses are documentation ranges and
private ones, and no packet leaves the machine. Root is needed.
"""
