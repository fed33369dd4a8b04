//! The engine as a Python module.

use pyo3::prelude::*;

/// The engine of the egress auditor: frames in, facts out.
#[pymodule]
mod auditor_native {
    use super::*;

    /// The number of the contract between this module and `auditor.engine`; both must agree.
    #[pymodule_export]
    const CONTRACT: u32 = 1;
}
