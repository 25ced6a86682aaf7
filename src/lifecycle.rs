//! Shutdown: soft on the first signal, hard on the second or when the grace period ends.
