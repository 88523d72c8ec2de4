//! Kernel IR and code generation of lgc.
