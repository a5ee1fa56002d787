//! Only the test beside it counts.
