//! The statements that write, and the tables' rows for comparing with a replay.

use super::retention::RETENTIONS;
use crate::database::bulk::Bulk;
use crate::notification::tables::{NOTIFICATION_BLOCKS, NOTIFICATION_HEADS, NOTIFICATIONS};
use crate::state_hash::{Kind, Table};

pub(super) static INSERT_CONVERSATIONS: Bulk = Bulk::new(
    "INSERT INTO conversations (conversation, kind, privacy_mode, words, created_by, created_at, member_count, \
     revision, closed_at)",
    9,
    "",
);

pub(super) static CHANGE_CONVERSATIONS: Bulk = Bulk::new(
    "WITH v (conversation, members, revision, words, closed_at) AS (",
    5,
    ") UPDATE conversations SET member_count = conversations.member_count + v.members, revision = v.revision, \
     words = COALESCE(v.words, conversations.words), closed_at = COALESCE(v.closed_at, conversations.closed_at) \
     FROM v WHERE conversations.conversation = v.conversation",
);

pub(super) static INSERT_NAMES: Bulk = Bulk::new("INSERT INTO names (conversation, position, words)", 3, "");

pub(super) static PUT_SETTINGS: Bulk = Bulk::new(
    "INSERT INTO settings (account, conversation, muted, muted_until, pinned, archived, notify)",
    7,
    "ON CONFLICT (account, conversation) DO UPDATE SET muted = excluded.muted, \
     muted_until = excluded.muted_until, pinned = excluded.pinned, archived = excluded.archived, \
     notify = excluded.notify",
);

pub(super) static PUT_PINS: Bulk = Bulk::new(
    "INSERT INTO pins (conversation, seq, pinned_by, pinned_at, position)",
    5,
    "ON CONFLICT (conversation, seq) DO UPDATE SET pinned_by = excluded.pinned_by, \
     pinned_at = excluded.pinned_at, position = excluded.position",
);

pub(super) static DELETE_PINS: Bulk = Bulk::new(
    "WITH v (conversation, seq) AS (",
    2,
    ") DELETE FROM pins WHERE (conversation, seq) IN (SELECT v.conversation, v.seq FROM v)",
);

pub(super) static PUT_HEADS: Bulk = Bulk::new(
    "INSERT INTO heads (conversation, head_seq, activity_position, activity_at)",
    4,
    "ON CONFLICT (conversation) DO UPDATE SET head_seq = excluded.head_seq, \
     activity_position = excluded.activity_position, activity_at = excluded.activity_at",
);

pub(super) static FIND_HEADS: Bulk = Bulk::new(
    "WITH v (conversation) AS (",
    1,
    ") SELECT h.conversation, h.head_seq FROM v JOIN heads h ON h.conversation = v.conversation",
);

pub(super) static FIND_MEMBERSHIPS: Bulk = Bulk::new(
    "WITH v (account, conversation) AS (",
    2,
    ") SELECT m.account, m.conversation, m.role, m.joined_at, m.joined_position, m.left_at, m.left_position, \
     m.left_seq, m.since_position FROM v \
     JOIN memberships m ON m.account = v.account AND m.conversation = v.conversation",
);

pub(super) static PUT_MEMBERSHIPS: Bulk = Bulk::new(
    "INSERT INTO memberships (account, conversation, role, joined_at, joined_position, left_at, left_position, \
     left_seq, since_position)",
    9,
    "ON CONFLICT (account, conversation) DO UPDATE SET role = excluded.role, joined_at = excluded.joined_at, \
     joined_position = excluded.joined_position, left_at = excluded.left_at, \
     left_position = excluded.left_position, left_seq = excluded.left_seq, \
     since_position = excluded.since_position",
);

pub(super) static INSERT_PERIODS: Bulk = Bulk::new(
    "INSERT INTO member_periods (conversation, account, since_position, until_position, role, joined_at, \
     joined_position)",
    7,
    "",
);

/// Never back.
pub(super) static MOVE_WATERMARKS: Bulk = Bulk::new(
    "INSERT INTO watermarks (account, conversation, last_read_seq)",
    3,
    "ON CONFLICT (account, conversation) DO UPDATE SET last_read_seq = excluded.last_read_seq \
     WHERE watermarks.last_read_seq < excluded.last_read_seq",
);

pub(super) static INSERT_MESSAGES: Bulk = Bulk::new(
    "INSERT INTO timeline (conversation, seq, position, sender, reply_to, reply_count, sent_at, edited_at, \
     deleted_at, revision, words, edited_words, mentions, period)",
    14,
    "",
);

/// A deleted message keeps no words.
pub(super) static CHANGE_MESSAGES: Bulk = Bulk::new(
    "WITH v (conversation, seq, edited_words, mentions, edited_at, deleted_at, revision, replies) AS (",
    8,
    ") UPDATE timeline SET \
     words = CASE WHEN v.deleted_at IS NULL THEN timeline.words END, \
     edited_words = CASE WHEN COALESCE(v.deleted_at, timeline.deleted_at) IS NULL \
       THEN COALESCE(v.edited_words, timeline.edited_words) END, \
     mentions = CASE WHEN COALESCE(v.deleted_at, timeline.deleted_at) IS NULL \
       THEN CASE WHEN v.edited_words IS NULL THEN timeline.mentions ELSE v.mentions END END, \
     edited_at = COALESCE(v.edited_at, timeline.edited_at), \
     deleted_at = COALESCE(v.deleted_at, timeline.deleted_at), \
     revision = COALESCE(v.revision, timeline.revision), \
     reply_count = timeline.reply_count + v.replies \
     FROM v WHERE timeline.conversation = v.conversation AND timeline.seq = v.seq",
);

pub(super) static INSERT_VERSIONS: Bulk =
    Bulk::new("INSERT INTO versions (conversation, seq, revision, position, happened_at, is_deletion)", 6, "");

pub(super) static PUT_REACTIONS: Bulk = Bulk::new(
    "INSERT INTO reactions (conversation, seq, emoji, account, position)",
    5,
    "ON CONFLICT (conversation, seq, emoji, account) DO UPDATE SET position = excluded.position",
);

pub(super) static DELETE_REACTIONS: Bulk = Bulk::new(
    "WITH v (conversation, seq, emoji, account) AS (",
    4,
    ") DELETE FROM reactions WHERE (conversation, seq, emoji, account) \
     IN (SELECT v.conversation, v.seq, v.emoji, v.account FROM v)",
);

/// Without the watermarks: they are merged in the log.
pub(super) const TABLES: &[Table] = &[
    Table {
        name: "conversations",
        select: "SELECT conversation, kind, privacy_mode, words, created_by, created_at, member_count, revision, \
                 closed_at FROM conversations ORDER BY conversation",
        columns: &[
            Kind::Uuid,
            Kind::Text,
            Kind::Text,
            Kind::Bytes,
            Kind::Uuid,
            Kind::Time,
            Kind::Int,
            Kind::Int,
            Kind::Time,
        ],
    },
    Table {
        name: "names",
        select: "SELECT conversation, position, words FROM names ORDER BY conversation, position",
        columns: &[Kind::Uuid, Kind::Int, Kind::Bytes],
    },
    Table {
        name: "settings",
        select: "SELECT account, conversation, muted, muted_until, pinned, archived, notify FROM settings \
                 ORDER BY account, conversation",
        columns: &[Kind::Uuid, Kind::Uuid, Kind::Bool, Kind::Time, Kind::Bool, Kind::Bool, Kind::Text],
    },
    Table {
        name: "pins",
        select: "SELECT conversation, seq, pinned_by, pinned_at, position FROM pins ORDER BY conversation, seq",
        columns: &[Kind::Uuid, Kind::Int, Kind::Uuid, Kind::Time, Kind::Int],
    },
    Table {
        name: "heads",
        select: "SELECT conversation, head_seq, activity_position, activity_at FROM heads ORDER BY conversation",
        columns: &[Kind::Uuid, Kind::Int, Kind::Int, Kind::Time],
    },
    Table {
        name: "memberships",
        select: "SELECT account, conversation, role, joined_at, joined_position, left_at, left_position, left_seq, \
                 since_position FROM memberships ORDER BY account, conversation",
        columns: &[
            Kind::Uuid,
            Kind::Uuid,
            Kind::Text,
            Kind::Time,
            Kind::Int,
            Kind::Time,
            Kind::Int,
            Kind::Int,
            Kind::Int,
        ],
    },
    Table {
        name: "member_periods",
        select: "SELECT conversation, account, since_position, until_position, role, joined_at, joined_position \
                 FROM member_periods ORDER BY conversation, account, since_position",
        columns: &[Kind::Uuid, Kind::Uuid, Kind::Int, Kind::Int, Kind::Text, Kind::Time, Kind::Int],
    },
    Table {
        name: "timeline",
        select: "SELECT conversation, seq, position, sender, reply_to, reply_count, sent_at, edited_at, deleted_at, \
                 revision, words, edited_words, mentions, period FROM timeline ORDER BY conversation, seq",
        columns: &[
            Kind::Uuid,
            Kind::Int,
            Kind::Int,
            Kind::Uuid,
            Kind::Int,
            Kind::Int,
            Kind::Time,
            Kind::Time,
            Kind::Time,
            Kind::Int,
            Kind::Bytes,
            Kind::Bytes,
            Kind::Bytes,
            Kind::Int,
        ],
    },
    Table {
        name: "versions",
        select: "SELECT conversation, seq, revision, position, happened_at, is_deletion FROM versions \
                 ORDER BY conversation, seq, revision",
        columns: &[Kind::Uuid, Kind::Int, Kind::Int, Kind::Int, Kind::Time, Kind::Bool],
    },
    Table {
        name: "reactions",
        select: "SELECT conversation, seq, emoji, account, position FROM reactions \
                 ORDER BY conversation, seq, emoji, account",
        columns: &[Kind::Uuid, Kind::Int, Kind::Text, Kind::Uuid, Kind::Int],
    },
    NOTIFICATIONS,
    NOTIFICATION_HEADS,
    NOTIFICATION_BLOCKS,
    RETENTIONS,
];
