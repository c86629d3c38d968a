//! The REST view of the operations.
