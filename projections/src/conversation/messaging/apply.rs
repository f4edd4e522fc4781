//! Applies a batch: everything folded first, then each table in a few statements.

use super::changes::{About, Changes, Created, Edited, Head, Later, Pin, Sent, Version};
use super::members::Members;
use super::retention::Retentions;
use super::tables::{
    CHANGE_CONVERSATIONS, CHANGE_MESSAGES, DELETE_PINS, DELETE_REACTIONS, INSERT_CONVERSATIONS, INSERT_MESSAGES,
    INSERT_NAMES, INSERT_VERSIONS, MOVE_WATERMARKS, PUT_HEADS, PUT_PINS, PUT_REACTIONS, PUT_SETTINGS, TABLES,
};
use crate::database::migrations::{self, Change};
use crate::database::tx::Tx;
use crate::database::value::Value;
use crate::notification::notified::Notified;
use crate::projection::{self, ApplyFault, Projection, Step};
use crate::state_hash::Table;
use domain::clock::Time;
use domain::conversation::values::{MembershipSettings, Mute};
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, Position};
use domain::recorded::Recorded;
use domain::stream::Category;
use std::sync::Arc;

/// The projection.
#[derive(Debug)]
pub struct Messaging;

impl Projection for Messaging {
    const NAME: &'static str = projection::MESSAGING;
    const VERSION: u32 = 6;
    const CHANGES: &'static [Change] = &[
        migrations::MESSAGING,
        migrations::MESSAGE_MENTIONS,
        migrations::GROUPS,
        migrations::MEMBER_PERIODS,
        migrations::THREADS,
        migrations::NOTIFICATIONS,
        migrations::NOTIFICATION_BLOCKS,
        migrations::RETENTION,
    ];
    const TABLES: &'static [Table] = TABLES;

    async fn apply(batch: &[Arc<Recorded>], step: &mut Step<'_>) -> Result<(), ApplyFault> {
        if !batch.iter().any(|recorded| concerns(recorded)) {
            return Ok(());
        }
        let members = Members::gather(batch, step).await?;
        let notified = Notified::of(batch, step).await?;
        let mut changes = Changes::new(members, batch.len());
        for recorded in batch {
            changes.take(recorded)?;
        }
        let last = batch.last().map_or(Position::START, |last| last.position);
        let tx = step.tx().await?;
        let retentions = write(changes, tx, last).await?;
        notified.write(tx).await?;
        Ok(retentions.write(tx).await?)
    }
}

fn concerns(recorded: &Recorded) -> bool {
    match recorded.stream.category() {
        Category::Conversation
        | Category::Membership
        | Category::Message
        | Category::Notifications
        | Category::Read
        | Category::Timeline => true,
        Category::Account => matches!(recorded.event, Event::AccountErased(_)),
        Category::Relationship => matches!(recorded.event, Event::AccountBlocked(_) | Event::AccountUnblocked(_)),
        Category::Access
        | Category::Admins
        | Category::Import
        | Category::Job
        | Category::Keys
        | Category::Session
        | Category::Story
        | Category::Username
        | Category::View => false,
    }
}

/// Writes all but what goes in the end.
async fn write(changes: Changes<'_>, tx: &mut Tx, last: Position) -> Result<Retentions, ApplyFault> {
    let Changes {
        members,
        created,
        mut about,
        names,
        settings,
        pins,
        heads,
        watermarks,
        sent,
        later,
        versions,
        reactions,
        retentions,
        ..
    } = changes;

    let mut new = Vec::with_capacity(created.len() * 9);
    for (id, created) in created {
        new.extend(conversation_row(created, about.remove(&id).unwrap_or_default()));
    }
    INSERT_CONVERSATIONS.execute(tx, new).await?;
    members.write(tx).await?;

    let expected = about.len() as u64;
    let about = about.into_iter().flat_map(|(id, About { members, revision, words, closed_at })| {
        [id.into(), members.into(), revision.into(), words.into(), Value::from(closed_at)]
    });
    let touched = CHANGE_CONVERSATIONS.execute(tx, about.collect()).await?;
    check(touched == expected, last, "its conversation was never created")?;
    let names = names.into_iter().flat_map(|(id, at, words)| [id.into(), at.into(), Value::from(words)]);
    INSERT_NAMES.execute(tx, names.collect()).await?;
    let settings = settings.into_iter().flat_map(|(key, settings)| settings_row(key, settings));
    PUT_SETTINGS.execute(tx, settings.collect()).await?;
    let (stands, gone): (Vec<_>, Vec<_>) = pins.into_iter().partition(|(_, pin)| pin.is_some());
    let gone = gone.into_iter().flat_map(|(id, _)| [id.conversation.into(), Value::from(id.seq)]);
    DELETE_PINS.execute(tx, gone.collect()).await?;
    let stands = stands.into_iter().filter_map(|(id, pin)| Some((id, pin?)));
    let stands = stands.flat_map(|(id, Pin { by, at, position })| {
        [id.conversation.into(), id.seq.into(), by.into(), at.into(), Value::from(position)]
    });
    PUT_PINS.execute(tx, stands.collect()).await?;

    let heads = heads
        .into_iter()
        .flat_map(|(id, Head { seq, position, at })| [id.into(), seq.into(), position.into(), Value::from(at)]);
    PUT_HEADS.execute(tx, heads.collect()).await?;
    let watermarks = watermarks
        .into_iter()
        .flat_map(|((account, conversation), seq)| [account.into(), conversation.into(), Value::from(seq)]);
    MOVE_WATERMARKS.execute(tx, watermarks.collect()).await?;

    INSERT_MESSAGES.execute(tx, sent.into_iter().flat_map(message_row).collect()).await?;
    let expected = later.len() as u64;
    let later = later.into_iter().flat_map(|(id, later)| {
        let Later { edited, deleted_at, revision, replies } = later;
        let (words, mentions, edited_at) = parts(edited);
        [
            id.conversation.into(),
            id.seq.into(),
            Value::Bytes(words),
            Value::Bytes(mentions),
            edited_at.into(),
            deleted_at.into(),
            revision.into(),
            replies.into(),
        ]
    });
    let touched = CHANGE_MESSAGES.execute(tx, later.collect()).await?;
    check(touched == expected, last, "its message was never sent")?;

    let versions = versions.into_iter().flat_map(|Version { id, revision, position, at, is_deletion }| {
        [id.conversation.into(), id.seq.into(), revision.into(), position.into(), at.into(), Value::from(is_deletion)]
    });
    INSERT_VERSIONS.execute(tx, versions.collect()).await?;

    let mut stands = Vec::new();
    let mut gone = Vec::new();
    for ((id, emoji, account), position) in reactions {
        let key = [id.conversation.into(), id.seq.into(), emoji.into(), account.into()];
        match position {
            Some(position) => {
                stands.extend(key);
                stands.push(Value::from(position));
            }
            None => gone.extend(key),
        }
    }
    DELETE_REACTIONS.execute(tx, gone).await?;
    PUT_REACTIONS.execute(tx, stands).await?;
    Ok(retentions)
}

fn check(fits: bool, last: Position, otherwise: &'static str) -> Result<(), ApplyFault> {
    if fits { Ok(()) } else { Err(ApplyFault::Unfit(last, otherwise)) }
}

fn conversation_row(created: Created<'_>, about: About) -> [Value; 9] {
    let Created { event, words, at } = created;
    [
        event.conversation.into(),
        event.kind.as_str().into(),
        event.privacy_mode.as_str().into(),
        about.words.or(words).into(),
        event.created_by.into(),
        at.into(),
        about.members.into(),
        about.revision.into(),
        about.closed_at.into(),
    ]
}

/// Words, mentions and time of an edit.
fn parts(edited: Option<Edited>) -> (Option<Vec<u8>>, Option<Vec<u8>>, Option<Time>) {
    match edited {
        Some(Edited { words, mentions, at }) => (Some(words), mentions, Some(at)),
        None => (None, None, None),
    }
}

fn settings_row((account, conversation): (AccountId, ConversationId), settings: MembershipSettings) -> [Value; 7] {
    let MembershipSettings { mute, pinned, archived, notify } = settings;
    let (muted, until) = match mute {
        Mute::Off => (false, None),
        Mute::Until(end) => (true, Some(end)),
        Mute::Always => (true, None),
    };
    let (account, conversation) = (account.into(), conversation.into());
    [account, conversation, muted.into(), until.into(), pinned.into(), archived.into(), notify.as_str().into()]
}

fn message_row(sent: Sent) -> [Value; 14] {
    let Later { edited, deleted_at, revision, replies } = sent.later;
    let mentions = if edited.is_none() { sent.mentions } else { None };
    let (edited_words, edited_mentions, edited_at) = parts(edited);
    let is_there = deleted_at.is_none();
    [
        sent.id.conversation.into(),
        sent.id.seq.into(),
        sent.position.into(),
        sent.sender.into(),
        sent.reply_to.into(),
        replies.into(),
        sent.at.into(),
        edited_at.into(),
        deleted_at.into(),
        revision.into(),
        Some(sent.words).filter(|_| is_there).into(),
        edited_words.filter(|_| is_there).into(),
        mentions.or(edited_mentions).filter(|_| is_there).into(),
        sent.period.map(u64::from).into(),
    ]
}
