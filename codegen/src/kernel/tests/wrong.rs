//! Kernels that the verifier rejects.
