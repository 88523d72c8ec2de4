//! Graph IR of lgc.
