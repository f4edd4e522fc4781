//! `PurgeMessages`: the oldest messages of a conversation are gone, and their words with the keys of their periods.

use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::message::target;
use crate::refusal::{Missing, Refusal};
use domain::clock::Time;
use domain::conversation::event::MessagesPurged;
use domain::conversation::state::Kept;
use domain::event::Event;
use domain::ids::{ConversationId, MessageId};
use domain::keys::event::KeyDestroyed;
use domain::limits::PURGE_MAX_MESSAGES;
use domain::stream::StreamName;
use domain::words::{KeyRef, Subject};

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Purges messages that are over the time that their conversation keeps them. The keys store follows the events.
#[derive(Clone, Debug)]
pub struct PurgeMessages {
    /// Of which conversation.
    pub conversation: ConversationId,
    /// Up to this message.
    pub through_seq: u64,
    /// The periods of these messages, as a read model knows them; those are destroyed that no other message is in.
    pub periods: Vec<u32>,
}

impl PurgeMessages {
    fn boundary(&self) -> MessageId {
        MessageId { conversation: self.conversation, seq: self.through_seq }
    }

    /// The message after the last that goes; there may be none.
    fn next(&self) -> MessageId {
        MessageId { conversation: self.conversation, seq: self.through_seq.saturating_add(1) }
    }

    /// The last period that no message is in any more and none will be in: that of the last message that goes, unless the
    /// one after it is in the same.
    fn ended(&self, kept: Kept, last: Option<u32>, states: &States) -> u32 {
        let last = last.unwrap_or_default();
        let goes_on =
            target::find(self.next(), states).is_some_and(|next| next.sent.period.unwrap_or_default() <= last);
        let ended = if goes_on { last.saturating_sub(1) } else { last };
        ended.max(kept.through_period)
    }
}

/// Whether a message of this time is over the days that messages are kept.
pub fn is_over(sent_at: Time, days: u32, now: Time) -> bool {
    now >= sent_at.plus_seconds(i64::from(days) * DAY_SECONDS)
}

impl Command for PurgeMessages {
    fn name(&self) -> &'static str {
        "PurgeMessages"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::conversation(self.conversation)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        let keys = StreamName::keys(Subject::Messages(self.conversation));
        vec![Read::Write(keys), target::event(self.boundary()), target::event(self.next())]
    }

    fn then_reads(&self, _names: &Names<'_>, states: &States) -> Vec<Read> {
        // That there is a next message is a fact; that there is none is not: then nobody sends one at the same moment, which
        // would be in a period whose key goes.
        let is_last = target::find(self.next(), states).is_none();
        is_last.then(|| Read::Check(StreamName::timeline(self.conversation))).into_iter().collect()
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let conversation = states.conversation();
        if !conversation.exists() {
            return Err(Refusal::NotFound(Missing::Conversation));
        }
        let kept = conversation.kept();
        if self.through_seq <= kept.through_seq {
            return Ok(vec![]);
        }
        let boundary = target::find(self.boundary(), states).ok_or(Refusal::NotFound(Missing::Message))?;
        let count = self.through_seq - kept.through_seq;
        let is_due = kept.days.is_some_and(|days| is_over(boundary.sent_at, days, context.now));
        if !is_due || count > PURGE_MAX_MESSAGES as u64 {
            return Err(Refusal::MessagesNotDue);
        }
        let through_period = self.ended(kept, boundary.sent.period, states);
        let purged = MessagesPurged { through_seq: self.through_seq, count, through_period };
        let subject = Subject::Messages(self.conversation);
        let mut periods: Vec<u32> = self.periods.iter().copied().filter(|it| *it <= through_period).collect();
        periods.retain(|period| *period > kept.through_period);
        periods.sort_unstable();
        periods.dedup();
        let destroyed = periods.into_iter().map(|generation| KeyDestroyed { key: KeyRef { subject, generation } });
        let keys = destroyed.map(|destroyed| (StreamName::keys(subject), Event::from(destroyed)));
        Ok(std::iter::once((states.primary(), purged.into())).chain(keys).collect())
    }

    fn bytes(&self) -> usize {
        256 * (1 + self.periods.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{ALICE, BOB, Happened, ROOM, closed, direct, given, group, kept_for, words};
    use domain::conversation::values::PrivacyMode;
    use domain::message::event::MessageSent;

    fn purge(through_seq: u64, periods: &[u32]) -> PurgeMessages {
        PurgeMessages { conversation: ROOM, through_seq, periods: periods.to_vec() }
    }

    fn sent(period: Option<u32>) -> Happened {
        let sent = MessageSent { sender: ALICE, reply_to: None, words: words("hi"), mentions: vec![], period };
        (StreamName::timeline(ROOM), sent.into())
    }

    fn gone(through_seq: u64, count: u64, through_period: u32) -> Happened {
        (StreamName::conversation(ROOM), MessagesPurged { through_seq, count, through_period }.into())
    }

    fn destroyed(generation: u32) -> Happened {
        let subject = Subject::Messages(ROOM);
        (StreamName::keys(subject), KeyDestroyed { key: KeyRef { subject, generation } }.into())
    }

    /// Messages of these periods in a group that keeps them for a day.
    fn talk(periods: &[u32]) -> Vec<Happened> {
        let sent = periods.iter().map(|period| sent((*period > 0).then_some(*period)));
        group().into_iter().chain([kept_for(Some(1))]).chain(sent).collect()
    }

    fn a_day_after(happened: impl IntoIterator<Item = Happened>) -> crate::scenario::Scenario {
        given(happened).after_seconds(DAY_SECONDS)
    }

    #[test]
    fn the_oldest_messages_go_with_the_keys_that_nothing_else_is_under() {
        let outcome = a_day_after(talk(&[5, 6, 6, 7])).when(purge(3, &[5, 6]));
        outcome.then([gone(3, 3, 6), destroyed(5), destroyed(6)]);
        a_day_after(talk(&[5, 6, 6, 7])).when(purge(2, &[5, 6])).then([gone(2, 2, 5), destroyed(5)]);
    }

    #[test]
    fn the_last_message_takes_its_period_along_unless_another_is_sent() {
        let outcome = a_day_after(talk(&[5, 6])).when(purge(2, &[6, 5, 6]));
        outcome.rests_on(&StreamName::timeline(ROOM));
        outcome.then([gone(2, 2, 6), destroyed(5), destroyed(6)]);
    }

    #[test]
    fn what_a_purge_left_goes_with_the_next_one() {
        let once = || talk(&[5, 6, 6, 7]).into_iter().chain([gone(2, 2, 5), destroyed(5)]);
        // A read model that is behind names what is gone already.
        a_day_after(once()).when(purge(3, &[5, 6])).then([gone(3, 1, 6), destroyed(6)]);
        a_day_after(once()).when(purge(2, &[5, 6])).then_it_is_already_so();
    }

    #[test]
    fn words_of_before_there_were_periods_have_no_key_to_go_with() {
        a_day_after(talk(&[0, 0, 6])).when(purge(2, &[])).then([gone(2, 2, 0)]);
        a_day_after(talk(&[0, 0])).when(purge(2, &[])).then([gone(2, 2, 0)]);
        a_day_after(talk(&[0, 6])).when(purge(2, &[6])).then([gone(2, 2, 6), destroyed(6)]);
    }

    #[test]
    fn nothing_goes_before_its_time_or_without_a_time() {
        given(talk(&[5])).after_seconds(DAY_SECONDS - 1).when(purge(1, &[5])).refused(Refusal::MessagesNotDue);
        let for_ever = || talk(&[5]).into_iter().chain([kept_for(None)]);
        a_day_after(for_ever()).when(purge(1, &[5])).refused(Refusal::MessagesNotDue);
        a_day_after(talk(&[5])).when(purge(2, &[5])).refused(Refusal::NotFound(Missing::Message));
        a_day_after([]).when(purge(1, &[5])).refused(Refusal::NotFound(Missing::Conversation));
    }

    #[test]
    fn a_purge_takes_so_many_messages_at_most() {
        let many = vec![5; PURGE_MAX_MESSAGES + 1];
        let outcome = a_day_after(talk(&many)).when(purge(PURGE_MAX_MESSAGES as u64 + 1, &[5]));
        outcome.refused(Refusal::MessagesNotDue);
    }

    #[test]
    fn messages_of_closed_and_direct_conversations_go_too() {
        let kept = [kept_for(Some(1)), sent(Some(5))];
        for room in [closed(), direct(PrivacyMode::StrictE2e)] {
            let talk = room.into_iter().chain(kept.clone());
            a_day_after(talk).when(purge(1, &[5])).then([gone(1, 1, 5), destroyed(5)]);
        }
    }

    #[test]
    fn a_policy_needs_no_actor_and_an_actor_changes_nothing() {
        a_day_after(talk(&[5, 6])).by(BOB).when(purge(1, &[5])).then([gone(1, 1, 5), destroyed(5)]);
    }
}
