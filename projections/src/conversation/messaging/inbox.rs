//! The inbox and single conversations.

use super::parts::{Counts, MessagePart, counts, message_columns};
use super::views::{ConversationView, GroupNames, InboxCursor, InboxPage, InboxQuery};
use crate::database::row::{Columns, DatabaseFault, Row};
use crate::database::tx::Tx;
use crate::reader::{Access, Opened, Opening, ReadFault, Slot};
use domain::conversation::values::{ConversationKind, MemberRole, MembershipSettings, Mute, Notify, PrivacyMode};
use domain::ids::{AccountId, ConversationId, Position};
use domain::proto::conversation::v1::ConversationWords;
use domain::words::WordsFault;

/// Memberships of `$1`, each with its conversation and the last message that the member may read. Who left sees the
/// conversation as it was then: its activity is their leave, its members are those who stayed then, its name that of then.
macro_rules! conversations {
    ($which:literal, $limit:literal) => {
        concat!(
            "WITH page AS (SELECT m.conversation AS conversation, m.role AS role, m.left_at AS left_at, \
               m.left_position AS left_position, COALESCE(m.left_seq, h.head_seq) AS visible_seq, \
               COALESCE(w.last_read_seq, 0) AS last_read_seq, h.activity_at AS activity_at, \
               COALESCE(m.left_position, h.activity_position) AS activity_position, \
               COALESCE(s.muted, FALSE) AS muted, s.muted_until AS muted_until, \
               COALESCE(s.pinned, FALSE) AS pinned, COALESCE(s.archived, FALSE) AS archived, \
               COALESCE(s.notify, 'all') AS notify \
               FROM memberships m JOIN heads h ON h.conversation = m.conversation \
               LEFT JOIN settings s ON s.account = m.account AND s.conversation = m.conversation \
               LEFT JOIN watermarks w ON w.account = m.account AND w.conversation = m.conversation \
               WHERE m.account = $1 ",
            $which,
            " ORDER BY COALESCE(m.left_position, h.activity_position) DESC, m.conversation DESC ",
            $limit,
            ") SELECT c.conversation, c.kind, c.privacy_mode, \
               CASE WHEN p.left_position IS NULL THEN c.words ELSE (SELECT n.words FROM names n \
                 WHERE n.conversation = c.conversation AND n.position < p.left_position \
                 ORDER BY n.position DESC LIMIT 1) END, \
               c.created_by, c.created_at, p.activity_at, \
               CASE WHEN p.left_position IS NULL THEN c.member_count ELSE (SELECT COUNT(*) FROM memberships o \
                 WHERE o.conversation = c.conversation AND o.since_position < p.left_position \
                 AND (o.left_position IS NULL OR o.left_position > p.left_position)) \
                 + (SELECT COUNT(*) FROM member_periods o WHERE o.conversation = c.conversation \
                 AND o.since_position < p.left_position AND o.until_position > p.left_position) END, \
               p.role, p.left_at, p.visible_seq, p.last_read_seq, p.activity_position, \
               p.muted, p.muted_until, p.pinned, p.archived, p.notify, c.revision, \
               CASE WHEN p.left_position IS NULL THEN c.closed_at END, COALESCE(r.purged_seq, 0), ",
            "CASE WHEN t.seq IS NULL THEN CAST(0 AS BIGINT) ELSE CAST(1 AS BIGINT) END, ",
            message_columns!(),
            " FROM page p JOIN conversations c ON c.conversation = p.conversation \
               LEFT JOIN timeline t ON t.conversation = p.conversation AND t.seq = p.visible_seq \
               LEFT JOIN retentions r ON r.conversation = p.conversation \
               ORDER BY p.activity_position DESC, p.conversation DESC"
        )
    };
}

const ONE: &str = conversations!("AND m.conversation = $2", "");
const PAGE: &str = conversations!(
    "AND ($2 OR m.left_position IS NULL) AND (COALESCE(m.left_position, h.activity_position) < $3 \
     OR (COALESCE(m.left_position, h.activity_position) = $3 AND m.conversation < $4)) \
     AND COALESCE(s.archived, FALSE) = $6 AND (COALESCE(s.pinned, FALSE) OR NOT $7)",
    "LIMIT $5"
);

/// A page of `viewer`'s inbox.
pub(super) async fn page(
    access: &Access,
    mut tx: Tx,
    viewer: AccountId,
    query: &InboxQuery,
) -> Result<InboxPage, ReadFault> {
    let start =
        InboxCursor { activity: Position(i64::MAX as u64), conversation: ConversationId::new(uuid::Uuid::max()) };
    let after = query.after.unwrap_or(start);
    let values = [
        viewer.into(),
        query.left.into(),
        after.activity.into(),
        after.conversation.into(),
        (query.limit as u64 + 1).into(),
        query.archived.into(),
        query.pinned.into(),
    ];
    let mut rows = tx.fetch_all(PAGE, values).await?;
    let has_more = rows.len() > query.limit;
    rows.truncate(query.limit);
    let (items, cursors) = views(access, tx, viewer, &rows).await?;
    Ok(InboxPage { items, next: cursors.last().copied().filter(|_| has_more) })
}

/// One conversation as `viewer` sees it; none if they never were in it.
pub(super) async fn one(
    access: &Access,
    mut tx: Tx,
    viewer: AccountId,
    conversation: ConversationId,
) -> Result<Option<ConversationView>, ReadFault> {
    let rows = tx.fetch_all(ONE, [viewer.into(), conversation.into()]).await?;
    Ok(views(access, tx, viewer, &rows).await?.0.pop())
}

async fn views(
    access: &Access,
    mut tx: Tx,
    viewer: AccountId,
    rows: &[Row],
) -> Result<(Vec<ConversationView>, Vec<InboxCursor>), ReadFault> {
    let mut opening = Opening::default();
    let parts = rows.iter().map(|row| Part::read(row, &mut opening)).collect::<Result<Vec<_>, _>>()?;
    let newest: Vec<_> = parts.iter().filter_map(|part| Some(part.last_message.as_ref()?.id())).collect();
    let mut counts = counts(&mut tx, viewer, &newest).await?;
    tx.commit().await?;
    let opened = opening.open(&*access.words).await?;
    let cursors = parts.iter().map(|part| part.cursor).collect();
    let views = parts.into_iter().map(|part| part.view(&opened, &mut counts)).collect::<Result<_, _>>()?;
    Ok((views, cursors))
}

/// How a member keeps a conversation, from its five columns.
pub(crate) fn settings(columns: &mut Columns<'_>) -> Result<MembershipSettings, DatabaseFault> {
    let (muted, until) = (columns.take::<bool>()?, columns.maybe_time()?);
    let mute = match (muted, until) {
        (false, _) => Mute::Off,
        (true, Some(end)) => Mute::Until(end),
        (true, None) => Mute::Always,
    };
    let (pinned, archived) = (columns.take()?, columns.take()?);
    Ok(MembershipSettings { mute, pinned, archived, notify: columns.parsed(Notify::parse)? })
}

/// A conversation whose words are not open yet.
struct Part {
    view: ConversationView,
    words: Option<Slot>,
    last_message: Option<MessagePart>,
    cursor: InboxCursor,
}

impl Part {
    fn read(row: &Row, opening: &mut Opening) -> Result<Self, DatabaseFault> {
        let mut columns = row.columns();
        let id = columns.conversation()?;
        let kind = columns.parsed(ConversationKind::parse)?;
        let privacy_mode = columns.parsed(PrivacyMode::parse)?;
        let words = columns.maybe_sealed()?.map(|field| opening.add(field));
        let (created_by, created_at, activity_at) = (columns.account()?, columns.time()?, columns.time()?);
        let member_count = columns.number()?;
        let (role, left_at) = (columns.parsed(MemberRole::parse)?, columns.maybe_time()?);
        let (visible_seq, last_read_seq) = (columns.number()?, columns.number()?);
        let cursor = InboxCursor { activity: columns.position()?, conversation: id };
        let settings = settings(&mut columns)?;
        let (revision, closed_at) = (columns.number()?, columns.maybe_time()?);
        // What is gone counts as read.
        let last_read_seq = last_read_seq.max(columns.number()?);
        let has_message = columns.number()? == 1;
        let last_message = has_message.then(|| MessagePart::read(&mut columns, opening)).transpose()?;
        let view = ConversationView {
            id,
            kind,
            privacy_mode,
            names: None,
            member_count,
            created_by,
            created_at,
            last_message: None,
            head_seq: visible_seq,
            last_activity: left_at.unwrap_or(activity_at),
            unread_count: visible_seq.saturating_sub(last_read_seq),
            last_read_seq,
            role,
            left: left_at.is_some(),
            settings,
            closed_at,
            revision,
        };
        Ok(Self { view, words, last_message, cursor })
    }

    fn view(self, opened: &Opened, counts: &mut Counts) -> Result<ConversationView, WordsFault> {
        let names = self.words.map(|slot| opened.words::<ConversationWords>(slot)).transpose()?;
        let names =
            names.map(|names| names.map(|words| GroupNames { name: words.name, description: words.description }));
        let last_message = match self.last_message {
            Some(part) => {
                let reactions = counts.remove(&part.id()).unwrap_or_default();
                Some(part.view(opened, reactions)?)
            }
            None => None,
        };
        Ok(ConversationView { names, last_message, ..self.view })
    }
}
