//! How many members conversations have: what is ephemeral is told in small ones only. Joins tell it themselves for as long as the
//! revision of a join is small; otherwise read models are asked, and believed for a moment.

use crate::live::ephemeral::{BELIEVED, REMEMBERED, known};
use crate::live::router::Live;
use domain::ids::{ConversationId, Position};
use domain::limits::EPHEMERAL_MAX_MEMBERS;
use lru::LruCache;
use parking_lot::Mutex;
use std::time::Duration;
use tokio::time::Instant;

/// How long to wait until read models know a conversation that the feed knows.
pub(in crate::live) const NEW_CONVERSATION_PATIENCE: Duration = Duration::from_secs(1);
/// The size of a conversation that is not known: above every limit.
pub(in crate::live) const SIZE_UNKNOWN: usize = usize::MAX;

/// The sizes of conversations, as far as they are remembered.
pub(in crate::live) struct Sizes {
    remembered: Mutex<LruCache<ConversationId, Size>>,
    /// Until then nobody waits for the size of a new conversation: the last who did waited in vain.
    hurried_until: Mutex<Option<Instant>>,
}

/// How many members a conversation has.
#[derive(Clone, Copy)]
struct Size {
    /// So many at most, as it was known last; [`SIZE_UNKNOWN`] before.
    at_most: usize,
    /// Whether that is known still.
    is_known: bool,
    /// Believed until then.
    until: Instant,
    /// What is known of before then counts no more.
    since: Position,
    /// Whether it was said to be a small one no more, perhaps, and it is not known yet.
    may_have_grown: bool,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { remembered: Mutex::new(LruCache::new(REMEMBERED)), hurried_until: Mutex::default() }
    }
}

impl Sizes {
    /// Somebody joined a conversation: at this revision, which is as many members at most, and at this position. True if it was a
    /// small one and may be none any more.
    pub(in crate::live) fn joined(&self, conversation: ConversationId, revision: u64, since: Position) -> bool {
        let (mut sizes, now) = (self.remembered.lock(), Instant::now());
        let before = sizes.get(&conversation).copied();
        // Every join is counted here, so one more than before is a limit, too.
        let one_more = before.filter(|size| size.is_known).map_or(SIZE_UNKNOWN, |size| size.at_most.saturating_add(1));
        let at_most = usize::try_from(revision).unwrap_or(SIZE_UNKNOWN).min(one_more);
        if at_most <= EPHEMERAL_MAX_MEMBERS {
            let until = now + BELIEVED;
            sizes.put(conversation, Size { at_most, is_known: true, until, since, may_have_grown: false });
            return false;
        }
        // More than there are, perhaps: to be asked.
        let at_most = before.map_or(SIZE_UNKNOWN, |size| size.at_most);
        let may_have_grown = at_most <= EPHEMERAL_MAX_MEMBERS;
        sizes.put(conversation, Size { at_most, is_known: false, until: now, since, may_have_grown });
        may_have_grown && !before.is_some_and(|size| size.may_have_grown)
    }

    /// What read models said of a conversation as it is since a position. False if somebody joined meanwhile.
    fn learn(&self, conversation: ConversationId, count: Option<usize>, since: Position) -> bool {
        let mut sizes = self.remembered.lock();
        let before = sizes.get(&conversation).copied();
        if before.is_some_and(|size| size.since > since) {
            return false;
        }
        let at_most = count.or(before.map(|size| size.at_most)).unwrap_or(SIZE_UNKNOWN);
        let may_have_grown = count.is_none() && before.is_some_and(|size| size.may_have_grown);
        let until = Instant::now() + BELIEVED;
        sizes.put(conversation, Size { at_most, is_known: count.is_some(), until, since, may_have_grown });
        true
    }
}

impl Live {
    /// Whether ephemeral frames go to the members of a conversation. If that cannot be known, they do not.
    pub(in crate::live) async fn is_small(&self, conversation: ConversationId) -> bool {
        self.has_at_most(conversation, EPHEMERAL_MAX_MEMBERS).await
    }

    /// Whether a conversation is known to have no more members.
    pub(in crate::live) async fn has_at_most(&self, conversation: ConversationId, members: usize) -> bool {
        self.size(conversation).await <= members
    }

    /// How many members a conversation has at most; [`SIZE_UNKNOWN`] while read models do not know it.
    pub(in crate::live) async fn size(&self, conversation: ConversationId) -> usize {
        let (now, sizes) = (Instant::now(), &self.ephemerals.sizes);
        let believed = sizes.remembered.lock().get(&conversation).copied();
        if let Some(size) = believed.filter(|size| size.until > now) {
            return if size.is_known { size.at_most } else { SIZE_UNKNOWN };
        }
        let since = believed.map_or(Position::START, |size| size.since);
        // While read models are late each new conversation would hold up whatever else is to be told.
        let is_hurried = sizes.hurried_until.lock().is_some_and(|until| until > now);
        let patience = if is_hurried { Duration::ZERO } else { NEW_CONVERSATION_PATIENCE };
        let count = known(self.index.member_count(conversation, since, self.position(), patience).await).flatten();
        if count.is_none() && !is_hurried {
            *sizes.hurried_until.lock() = Some(Instant::now() + BELIEVED);
        }
        let is_current = sizes.learn(conversation, count, since);
        count.filter(|_| is_current).unwrap_or(SIZE_UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const LATE: u64 = 10_000;

    /// The mutants that it kills: a late revision makes every size unknown; a second join is news again; what is known of before a
    /// join counts.
    #[tokio::test(start_paused = true)]
    async fn a_small_one_stays_known_until_one_more_may_be_too_many() {
        let (sizes, room) = (Sizes::default(), ConversationId::new(Uuid::from_u128(1)));
        let known = || sizes.remembered.lock().get(&room).map(|size| (size.at_most, size.is_known));
        assert!(!sizes.joined(room, LATE, Position(1)), "nothing was known of it");
        assert!(sizes.learn(room, Some(EPHEMERAL_MAX_MEMBERS - 1), Position(1)));
        assert!(!sizes.joined(room, LATE, Position(2)));
        assert_eq!(known(), Some((EPHEMERAL_MAX_MEMBERS, true)));
        assert!(sizes.joined(room, LATE, Position(3)));
        assert!(!sizes.joined(room, LATE, Position(4)), "it was said already");
        assert!(!sizes.learn(room, Some(EPHEMERAL_MAX_MEMBERS), Position(3)));
        assert_eq!(known(), Some((EPHEMERAL_MAX_MEMBERS, false)));
        assert!(sizes.learn(room, None, Position(4)));
        assert!(!sizes.joined(room, LATE, Position(5)), "it waits still");
        assert!(sizes.learn(room, Some(EPHEMERAL_MAX_MEMBERS + 1), Position(5)));
        assert!(!sizes.joined(room, LATE, Position(6)), "it was a large one");
    }
}
