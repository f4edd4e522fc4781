//! `SendMessage`: somebody says something.

use super::{content, mentions};
use crate::command::{Command, Decided, Read};
use crate::context::{Context, Names, States};
use crate::conversation::standing::{may_message, message_reads, not_open};
use crate::refusal::{Missing, Refusal};
use domain::conversation::state::Conversation;
use domain::ids::{AccountId, ConversationId};
use domain::message::event::MessageSent;
use domain::message::period;
use domain::message::values::MessageContent;
use domain::stream::StreamName;
use domain::values::ClientRef;
use domain::words::Field;

/// Sends a message.
#[derive(Clone, Debug)]
pub struct SendMessage {
    /// Where.
    pub conversation: ConversationId,
    /// What.
    pub content: MessageContent,
    /// Whom ciphertext mentions; whom a text does, its words say.
    pub mentions: Vec<AccountId>,
    /// The message that it answers, by its sequence number.
    pub reply_to: Option<u64>,
    /// The client's own reference.
    pub client_ref: Option<ClientRef>,
    /// Members in which `@all` mentions everybody, at most.
    pub all_max_members: usize,
}

impl Command for SendMessage {
    fn name(&self) -> &'static str {
        "SendMessage"
    }

    fn stream(&self, _names: &Names<'_>) -> StreamName {
        StreamName::timeline(self.conversation)
    }

    fn reads(&self, _names: &Names<'_>) -> Vec<Read> {
        vec![Read::Check(StreamName::conversation(self.conversation))]
    }

    fn then_reads(&self, names: &Names<'_>, states: &States) -> Vec<Read> {
        let conversation = states.conversation();
        let mut reads = message_reads(conversation);
        reads.extend(content::reads(names, conversation, &self.content));
        reads
    }

    fn last_reads(&self, names: &Names<'_>, states: &States) -> Vec<Read> {
        mentions::tie_reads(&self.content, &self.mentions, names, states, self.all_max_members)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Decided {
        let sender = context.actor()?;
        let conversation = states.conversation();
        let Conversation::Open { privacy_mode, members, kept, .. } = conversation else {
            return Err(not_open(conversation, context, Missing::Conversation));
        };
        if !context.is_import() && !members.contains_key(&sender) {
            return Err(Refusal::NotFound(Missing::Conversation));
        }
        may_message(sender, states, context)?;
        content::check(&self.content, *privacy_mode, states, sender)?;
        let mentions = mentions::of(&self.content, &self.mentions, states, context, self.all_max_members)?;
        let timeline = states.timeline();
        // The timeline has no gap, so every number up to the last one is a message, but for those that were purged.
        let is_there = |seq: u64| seq > kept.through_seq && seq <= timeline.last_seq;
        // An import is not stopped by what is gone meanwhile.
        let reply_to = self.reply_to.filter(|seq| !context.is_import() || *seq > kept.through_seq);
        if reply_to.is_some_and(|seq| !is_there(seq)) {
            return Err(Refusal::invalid("/reply_to", "NO_SUCH_MESSAGE", "is not a message of this conversation"));
        }
        let period = Some(period::of_next(self.conversation, context.now, *kept, timeline.last_period));
        let words = self.content.to_words(self.client_ref.as_ref().map(|reference| reference.as_str().to_owned()));
        let sent = MessageSent { sender, reply_to, words: Field::Clear(words), mentions, period };
        Ok(vec![(states.primary(), sent.into())])
    }

    fn bytes(&self) -> usize {
        256 + self.content.bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{
        ALICE, BOB, CAROL, DAVE, Happened, ROOM, blocked, closed, conversation, direct, encrypted, given, group,
        kept_for, named, published, purged, registered, said, this_period, unblocked, words,
    };
    use domain::conversation::values::{ConversationKind, MemberRole, PrivacyMode};
    use domain::proto::message::v1::MessageWords;
    use domain::values::MessageText;

    fn send(reply_to: Option<u64>) -> SendMessage {
        let content = MessageText::parse("hi").unwrap().into();
        SendMessage { conversation: ROOM, content, mentions: vec![], reply_to, client_ref: None, all_max_members: 3 }
    }

    #[test]
    fn a_member_says_something() {
        given(group()).by(CAROL).when(send(None)).then([said(CAROL, "hi")]);
    }

    #[test]
    fn the_clients_reference_comes_back_with_the_words() {
        let client_ref = Some(ClientRef::parse("c-1").unwrap());
        let words = Field::Clear(MessageWords { text: "hi".into(), client_ref: Some("c-1".into()), ciphertext: None });
        let sent = MessageSent { sender: CAROL, reply_to: None, words, mentions: vec![], period: this_period() };
        let send = SendMessage { client_ref, ..send(None) };
        given(group()).by(CAROL).when(send).then([(StreamName::timeline(ROOM), sent.into())]);
    }

    #[test]
    fn strangers_do_not_learn_that_the_conversation_exists() {
        given(group()).by(DAVE).when(send(None)).refused(Refusal::NotFound(Missing::Conversation));
        given([]).by(ALICE).when(send(None)).refused(Refusal::NotFound(Missing::Conversation));
    }

    #[test]
    fn nothing_is_said_in_a_closed_conversation() {
        given(closed()).by(CAROL).when(send(None)).refused(Refusal::ConversationClosed);
        given(closed()).by(DAVE).when(send(None)).refused(Refusal::NotFound(Missing::Conversation));
    }

    #[test]
    fn a_reply_answers_a_message_that_exists() {
        let talk = || group().into_iter().chain([said(ALICE, "one")]);
        let sent =
            MessageSent { sender: BOB, reply_to: Some(1), words: words("hi"), mentions: vec![], period: this_period() };
        given(talk()).by(BOB).when(send(Some(1))).then([(StreamName::timeline(ROOM), sent.into())]);
        given(talk()).by(BOB).when(send(Some(2))).invalid(&[("/reply_to", "NO_SUCH_MESSAGE")]);
        given(talk()).by(BOB).when(send(Some(0))).invalid(&[("/reply_to", "NO_SUCH_MESSAGE")]);
    }

    #[test]
    fn nothing_answers_a_message_that_was_purged() {
        let talk = || group().into_iter().chain([said(ALICE, "one"), said(ALICE, "two"), purged(1)]);
        given(talk()).by(BOB).when(send(Some(1))).invalid(&[("/reply_to", "NO_SUCH_MESSAGE")]);
        let sent = |reply_to| {
            let period = this_period();
            let sent = MessageSent { sender: BOB, reply_to, words: words("hi"), mentions: vec![], period };
            (StreamName::timeline(ROOM), domain::event::Event::from(sent))
        };
        given(talk()).by(BOB).when(send(Some(2))).then([sent(Some(2))]);
        // An import goes on without it.
        let progress = domain::import::event::ImportAdvanced { at: crate::scenario::LONG_AGO, step: 2 };
        let import = StreamName::import(domain::ids::Hash16([1; 16]));
        given(talk()).by(BOB).imported(2).when(send(Some(1))).then([sent(None), (import, progress.into())]);
    }

    #[test]
    fn words_are_in_the_period_of_their_time_and_never_in_one_before() {
        let of = |period| MessageSent { sender: BOB, reply_to: None, words: words("hi"), mentions: vec![], period };
        let sent = |period| [(StreamName::timeline(ROOM), of(Some(period)).into())];
        let day = domain::clock::Time::to_utc(crate::scenario::LONG_AGO).timestamp() / (24 * 60 * 60);
        let day = u32::try_from(day).unwrap();
        let daily = || group().into_iter().chain([kept_for(Some(1))]);
        let later = |days: i64| given(daily()).by(BOB).after_seconds(days * 24 * 60 * 60).when(send(None));
        let first = crate::scenario::period_of(later(0));
        assert!(first == day || first == day - 1, "{first} on {day}");
        assert_eq!(crate::scenario::period_of(later(5)), first + 5);
        let after = |period| daily().chain([(StreamName::timeline(ROOM), of(period).into())]);
        given(after(Some(first + 3))).by(BOB).when(send(None)).then(sent(first + 3));
        given(after(None)).by(BOB).when(send(None)).then(sent(first));
        let ended = domain::conversation::event::MessagesPurged { through_seq: 1, count: 1, through_period: first + 3 };
        let ended = after(Some(first + 3)).chain([(StreamName::conversation(ROOM), ended.into())]);
        given(ended).by(BOB).when(send(None)).then(sent(first + 4));
    }

    #[test]
    fn sending_in_a_direct_conversation_rests_on_what_the_two_are_to_each_other() {
        let outcome = given(direct(PrivacyMode::Searchable)).by(ALICE).when(send(None));
        outcome.rests_on(&StreamName::relationship(ALICE));
        outcome.rests_on(&StreamName::relationship(BOB));
        outcome.then([said(ALICE, "hi")]);
    }

    #[test]
    fn a_strictly_encrypted_conversation_takes_no_clear_text() {
        given(direct(PrivacyMode::StrictE2e)).by(ALICE).when(send(None)).refused(Refusal::CiphertextRequired);
    }

    fn strict() -> Vec<Happened> {
        direct(PrivacyMode::StrictE2e)
            .into_iter()
            .chain([registered(ALICE), published(ALICE, 1), registered(BOB), published(BOB, 2)])
            .collect()
    }

    fn send_encrypted(key: u128, mentions: &[AccountId]) -> SendMessage {
        let content = MessageContent::Ciphertext(encrypted(key));
        SendMessage { content, mentions: mentions.to_vec(), ..send(None) }
    }

    #[test]
    fn a_strictly_encrypted_conversation_takes_ciphertext_of_the_senders_devices() {
        let words = Field::Clear(MessageContent::Ciphertext(encrypted(1)).to_words(None));
        let sent = MessageSent { sender: ALICE, reply_to: None, words, mentions: vec![BOB], period: this_period() };
        let strict = || given(strict()).by(ALICE);
        let outcome = strict().when(send_encrypted(1, &[BOB, BOB]));
        outcome.rests_on(&StreamName::account(ALICE));
        outcome.then([(StreamName::timeline(ROOM), sent.into())]);
        for not_hers in [2, 3] {
            strict().when(send_encrypted(not_hers, &[])).invalid(&[("/sender_key_id", "UNKNOWN_KEY")]);
        }
    }

    #[test]
    fn a_removed_or_replaced_key_sends_no_more() {
        use domain::account::event::DeviceKeyRemoved;
        let removed = DeviceKeyRemoved { device: crate::scenario::device(1) };
        let removed = strict().into_iter().chain([(StreamName::account(ALICE), removed.into())]);
        given(removed).by(ALICE).when(send_encrypted(1, &[])).invalid(&[("/sender_key_id", "UNKNOWN_KEY")]);
    }

    #[test]
    fn a_searchable_conversation_takes_no_ciphertext() {
        given(group().into_iter().chain([registered(CAROL), published(CAROL, 3)]))
            .by(CAROL)
            .when(send_encrypted(3, &[]))
            .refused(Refusal::TextRequired);
    }

    #[test]
    fn only_members_are_mentioned() {
        given(strict())
            .by(ALICE)
            .when(send_encrypted(1, &[BOB, CAROL, DAVE]))
            .invalid(&[("/mentions/1", "NOT_A_MEMBER"), ("/mentions/2", "NOT_A_MEMBER")]);
    }

    /// Everybody has a name, Dave is no member.
    fn named_group() -> Vec<Happened> {
        let names = [named(ALICE, "alice"), named(BOB, "bob"), named(CAROL, "carol"), named(DAVE, "dave")];
        group().into_iter().chain(names).collect()
    }

    fn text(text: &str) -> SendMessage {
        SendMessage { content: MessageText::parse(text).unwrap().into(), ..send(None) }
    }

    fn mentioning(sender: AccountId, text: &str, mentions: &[AccountId]) -> [Happened; 1] {
        let sent = MessageSent {
            sender,
            reply_to: None,
            words: words(text),
            mentions: mentions.to_vec(),
            period: this_period(),
        };
        [(StreamName::timeline(ROOM), sent.into())]
    }

    #[test]
    fn names_of_members_in_a_text_mention_them() {
        let said = "@BOB and @alice, not @dave, `@carol` or @nobody_here";
        let outcome = given(named_group()).by(CAROL).when(text(said));
        outcome.then(mentioning(CAROL, said, &[BOB, ALICE]));
    }

    #[test]
    fn an_admin_mentions_everybody_else_at_once() {
        for admin in [ALICE, BOB] {
            let others: Vec<_> = [ALICE, BOB, CAROL].into_iter().filter(|member| *member != admin).collect();
            given(named_group()).by(admin).when(text("@all")).then(mentioning(admin, "@all", &others));
        }
        let said = "@all and @carol";
        given(named_group()).by(ALICE).when(text(said)).then(mentioning(ALICE, said, &[CAROL, BOB]));
    }

    #[test]
    fn at_all_is_plain_text_of_others_and_among_too_many() {
        given(named_group()).by(CAROL).when(text("@all")).then(mentioning(CAROL, "@all", &[]));
        let among_two = SendMessage { all_max_members: 2, ..text("@all") };
        given(named_group()).by(ALICE).when(among_two).then(mentioning(ALICE, "@all", &[]));
    }

    #[test]
    fn between_two_who_are_apart_nothing_is_said_whoever_blocks() {
        for (owner, other) in [(ALICE, BOB), (BOB, ALICE)] {
            let talk = || direct(PrivacyMode::Searchable).into_iter().chain([blocked(owner, other)]);
            given(talk()).by(ALICE).when(send(None)).refused(Refusal::MessagingNotAllowed);
            given(talk()).by(BOB).when(send(None)).refused(Refusal::MessagingNotAllowed);
            given(talk().chain([unblocked(owner, other)])).by(BOB).when(send(None)).then([said(BOB, "hi")]);
            given(talk()).by(DAVE).when(send(None)).refused(Refusal::NotFound(Missing::Conversation));
        }
        given(group().into_iter().chain([blocked(ALICE, CAROL)])).by(CAROL).when(send(None)).then([said(CAROL, "hi")]);
    }

    #[test]
    fn a_mention_of_somebody_who_is_apart_stays_plain() {
        let members = [(ALICE, MemberRole::Owner), (BOB, MemberRole::Member), (CAROL, MemberRole::Member)];
        let room = conversation(ConversationKind::Group, PrivacyMode::StrictE2e, &members);
        let room = room.into_iter().chain([registered(ALICE), published(ALICE, 1), blocked(BOB, ALICE)]);
        let words = Field::Clear(MessageContent::Ciphertext(encrypted(1)).to_words(None));
        let sent = MessageSent { sender: ALICE, reply_to: None, words, mentions: vec![CAROL], period: this_period() };
        let outcome = given(room).by(ALICE).when(send_encrypted(1, &[BOB, CAROL]));
        outcome.rests_on(&StreamName::relationship(BOB));
        outcome.then([(StreamName::timeline(ROOM), sent.into())]);
    }

    #[test]
    fn a_name_of_somebody_who_is_apart_is_plain_text_whoever_blocks() {
        for (owner, other) in [(ALICE, BOB), (BOB, ALICE)] {
            let apart = || named_group().into_iter().chain([blocked(owner, other)]);
            let outcome = given(apart()).by(ALICE).when(text("@bob and @carol"));
            outcome.rests_on(&StreamName::relationship(ALICE));
            outcome.rests_on(&StreamName::relationship(BOB));
            outcome.then(mentioning(ALICE, "@bob and @carol", &[CAROL]));
            given(apart()).by(ALICE).when(text("@all")).then(mentioning(ALICE, "@all", &[CAROL]));
        }
    }

    #[test]
    fn in_an_import_people_outside_may_have_written() {
        let progress = domain::import::event::ImportAdvanced { at: crate::scenario::LONG_AGO, step: 2 };
        let import = StreamName::import(domain::ids::Hash16([1; 16]));
        given(group()).by(DAVE).imported(2).when(send(None)).then([said(DAVE, "hi"), (import, progress.into())]);
    }
}
