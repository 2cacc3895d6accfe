//! How often a question is put again before somebody else must go on. Shared with the callback.

/// How often the same question was met with silence, and how often with something not understood.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Tries {
    pub silent: u8,
    pub unclear: u8,
}

/// Why a question has to be put again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failing {
    Silent,
    Unclear,
}

/// The third failing of one kind, or the fifth of both, ends the asking.
const FAILINGS_MAX: u8 = 3;
const FAILINGS_BOTH_MAX: u8 = 5;

impl Tries {
    /// Counts one more; true when asking again makes no more sense.
    pub const fn count(&mut self, failing: Failing) -> bool {
        let counter = match failing {
            Failing::Silent => &mut self.silent,
            Failing::Unclear => &mut self.unclear,
        };
        *counter += 1;
        *counter >= FAILINGS_MAX || self.silent + self.unclear >= FAILINGS_BOTH_MAX
    }
}
