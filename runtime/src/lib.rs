//! Loading and calling compiled libraries.
