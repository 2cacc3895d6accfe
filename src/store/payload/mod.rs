//! A ticket's event as JSON, whole: what it is rebuilt from. `{"v":1,"kind":"dispatched","to":{…}}`; `kind` is the event's
//! key, times are Unix milliseconds, `set_back_ms` stands where the clock had been set back. A later version that writes
//! otherwise counts `v` up and still reads the earlier ones.

mod read;
mod write;

pub(super) use read::read;
pub(super) use write::write;

/// The form that this version writes.
const VERSION: u64 = 1;
