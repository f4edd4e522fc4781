//! Logs in which messages have a time.

use super::script::{Script, account, conversation};
use domain::conversation::event::{MessagesPurged, RetentionChanged};
use domain::ids::Position;
use domain::stream::StreamName;

impl Script {
    /// Messages of a conversation are kept for so many days.
    pub(crate) fn keeps_for(&mut self, number: u128, days: Option<u32>) -> Position {
        let changed = RetentionChanged { days, changed_by: account(0), reason: None };
        self.record(StreamName::conversation(conversation(number)), changed)
    }

    /// The messages after `before` and up to this one go.
    pub(crate) fn purges(&mut self, number: u128, before: u64, through_seq: u64) -> Position {
        let purged = MessagesPurged { through_seq, count: through_seq - before, through_period: 0 };
        self.record(StreamName::conversation(conversation(number)), purged)
    }
}
