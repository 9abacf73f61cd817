//! Leases in a shared directory, from several workers.
