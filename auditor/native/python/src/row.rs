//! Records that are made by the ten thousand, as tuples: they take half the time and a third of the room of
//! dictionaries. `auditor_native.pyi` says which value stands where.

use pyo3::IntoPyObject;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyDict, PyString, PyTuple};

/// Makes a tuple of values of any types, in their order.
macro_rules! row {
    ($py:expr, $($value:expr),+ $(,)?) => {
        pyo3::types::PyTuple::new($py, [$(pyo3::IntoPyObjectExt::into_bound_py_any($value, $py)?),+])
    };
}
pub(crate) use row;

/// One of few words: each the same object every time, which Python compares and finds fast.
pub(crate) struct Word(pub(crate) &'static str);

impl<'py> IntoPyObject<'py> for Word {
    type Target = PyString;
    type Output = Bound<'py, PyString>;
    type Error = std::convert::Infallible;

    fn into_pyobject(self, py: Python<'py>) -> Result<Self::Output, Self::Error> {
        Ok(PyString::intern(py, self.0))
    }
}

/// Makes a dictionary of counts by name.
pub(crate) fn counts(
    py: Python<'_>,
    counts: impl IntoIterator<Item = (&'static str, u64)>,
) -> PyResult<Bound<'_, PyDict>> {
    counts.into_iter().map(|(name, count)| (Word(name), count)).into_py_dict(py)
}

/// Several of a kind, as a tuple: what is made of them keeps it as it is.
pub(crate) struct Several<T>(pub(crate) Vec<T>);

impl<T> FromIterator<T> for Several<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        Self(items.into_iter().collect())
    }
}

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for Several<T> {
    type Target = PyTuple;
    type Output = Bound<'py, PyTuple>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        PyTuple::new(py, self.0)
    }
}
