//! When a callback may dial.
