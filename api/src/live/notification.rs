//! Notifications in the feed: whom an event notifies, and the frame that tells them. It comes before the frame of the event
//! itself, which is the last: who was sent the one and not the other resumes before both.

use crate::live::circles::Circles;
use crate::live::frame::{Frame, raw};
use crate::live::wire::Wire;
use crate::wire::notification::Notification;
use commands::log::EventLog;
use domain::conversation::values::{ConversationKind, MembershipSettings};
use domain::event::Event;
use domain::ids::{AccountId, ConversationId, MessageId, Position};
use domain::notification::values::{Cause, NotificationKind};
use domain::recorded::Recorded;
use domain::source::{Direction, SourceFault};
use domain::stream::StreamName;
use std::collections::HashMap;
use std::sync::Arc;

/// Events of a member's settings that are looked through at once for those that held before an event.
const SETTINGS_PAGE_EVENTS: usize = 8;

/// Some accounts that an event notifies of the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Of what.
    pub kind: NotificationKind,
    /// Whom, if they are members of the conversation at that moment.
    pub accounts: Vec<AccountId>,
}

/// Whom events notify, by their position. Most notify nobody.
pub type Notices = HashMap<Position, Vec<Notice>>;

/// Looks up whom events notify, in the log alone: who wrote what is answered or reacted to, how members keep the
/// conversation at that moment, and who blocks whom. With `only`, of that account alone.
///
/// # Errors
/// When the log does not answer.
pub async fn notices(
    source: &dyn EventLog,
    events: &[Arc<Recorded>],
    circles: &mut Circles,
    only: Option<AccountId>,
) -> Result<Notices, SourceFault> {
    let mut notices = Notices::new();
    let mut groups: HashMap<ConversationId, bool> = HashMap::new();
    for event in events {
        let Some(cause) = Cause::of(event) else { continue };
        let author = match cause.authored {
            Some(id) => author_of(source, id).await?,
            None => None,
        };
        let is_group = match (&event.event, groups.get(&cause.conversation)) {
            (Event::MemberJoined(_), Some(known)) => *known,
            (Event::MemberJoined(_), None) => {
                let is_group = is_group(source, cause.conversation).await?;
                groups.insert(cause.conversation, is_group);
                is_group
            }
            _ => false,
        };
        let mut candidates = cause.candidates(&event.event, author, is_group);
        candidates.retain(|(account, _)| only.is_none_or(|only| only == *account));
        let wanted = wanted(source, event, &cause, candidates, circles).await?;
        if !wanted.is_empty() {
            notices.insert(event.position, wanted);
        }
    }
    Ok(notices)
}

/// Those who want it, by its kind.
async fn wanted(
    source: &dyn EventLog,
    event: &Recorded,
    cause: &Cause<'_>,
    candidates: Vec<(AccountId, NotificationKind)>,
    circles: &mut Circles,
) -> Result<Vec<Notice>, SourceFault> {
    let mut wanted: Vec<Notice> = Vec::new();
    if candidates.is_empty() {
        return Ok(wanted);
    }
    let streams: Vec<StreamName> =
        candidates.iter().map(|(account, _)| StreamName::membership(cause.conversation, *account)).collect();
    // Most never set anything: one look tells.
    let revisions = source.revisions(&streams).await?;
    for (((account, kind), stream), revision) in candidates.into_iter().zip(streams).zip(revisions) {
        let settings = match revision {
            Some(_) => settings_before(source, &stream, event.position).await?,
            None => MembershipSettings::default(),
        };
        if !kind.is_wanted(settings, event.occurred_at) {
            continue;
        }
        if kind.asks_for_blocks() && circles.are_apart_before(source, (account, cause.actor), event.position).await? {
            continue;
        }
        match wanted.iter_mut().find(|notice| notice.kind == kind) {
            Some(notice) => notice.accounts.push(account),
            None => wanted.push(Notice { kind, accounts: vec![account] }),
        }
    }
    Ok(wanted)
}

async fn author_of(source: &dyn EventLog, id: MessageId) -> Result<Option<AccountId>, SourceFault> {
    let Some(revision) = id.seq.checked_sub(1) else { return Ok(None) };
    let timeline = StreamName::timeline(id.conversation);
    let slice = source.read_stream(&timeline, revision, Direction::Forward, 1).await?;
    let sent = slice.events.first().filter(|sent| sent.revision == revision);
    Ok(sent.and_then(|sent| match &sent.event {
        Event::MessageSent(e) => Some(e.sender),
        _ => None,
    }))
}

async fn is_group(source: &dyn EventLog, id: ConversationId) -> Result<bool, SourceFault> {
    let slice = source.read_stream(&StreamName::conversation(id), 0, Direction::Forward, 1).await?;
    let created = slice.events.first().map(|first| &first.event);
    Ok(matches!(created, Some(Event::ConversationCreated(e)) if e.kind == ConversationKind::Group))
}

/// How a member kept the conversation before a position.
async fn settings_before(
    source: &dyn EventLog,
    stream: &StreamName,
    position: Position,
) -> Result<MembershipSettings, SourceFault> {
    let mut from = u64::MAX;
    loop {
        let slice = source.read_stream(stream, from, Direction::Backward, SETTINGS_PAGE_EVENTS).await?;
        for event in &slice.events {
            if let Event::MembershipChanged(e) = &event.event
                && event.position < position
            {
                return Ok(e.settings);
            }
        }
        match slice.events.last().and_then(|oldest| oldest.revision.checked_sub(1)) {
            Some(before) => from = before,
            None => return Ok(MembershipSettings::default()),
        }
    }
}

/// The frame of a notification, the same for everybody whom it tells.
pub fn frame(event: &Recorded, kind: NotificationKind) -> Option<Wire> {
    let data = raw(&Notification::of(event, kind)?);
    Some(Frame::Event { position: event.position, last: false, kind: "notification.created", data }.wire())
}

/// Everything up to here was sent to somebody who was sent the notification and not yet the event.
pub fn before(event: &Recorded) -> Position {
    Position(event.position.0.saturating_sub(1))
}
