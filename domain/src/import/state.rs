//! What deciding needs to know of an import.

use crate::clock::Time;
use crate::event::Event;

/// The state of `import-<hash>`: the last item that is in the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// Its time and its place among the items of that time; none before the first.
    pub last: Option<(Time, u64)>,
}

impl Import {
    /// Takes over what happened.
    pub fn evolve(&mut self, event: &Event) {
        if let Event::ImportAdvanced(e) = event {
            self.last = Some((e.at, e.step));
        }
    }
}
