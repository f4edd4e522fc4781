//! The statements that write, and the tables' rows for comparing with a replay.

use crate::database::bulk::Bulk;
use crate::state_hash::{Kind, Table};

pub(super) static FIND_AUTHORS: Bulk = Bulk::new(
    "WITH v (conversation, seq) AS (",
    2,
    ") SELECT t.conversation, t.seq, t.sender FROM v \
     JOIN timeline t ON t.conversation = v.conversation AND t.seq = v.seq",
);

pub(super) static FIND_GROUPS: Bulk = Bulk::new(
    "WITH v (conversation) AS (",
    1,
    ") SELECT c.conversation FROM v JOIN conversations c ON c.conversation = v.conversation AND c.kind = 'group'",
);

pub(super) static FIND_INSIDE: Bulk = Bulk::new(
    "WITH v (account, conversation) AS (",
    2,
    ") SELECT m.account, m.conversation FROM v \
     JOIN memberships m ON m.account = v.account AND m.conversation = v.conversation AND m.left_position IS NULL",
);

pub(super) static FIND_SETTINGS: Bulk = Bulk::new(
    "WITH v (account, conversation) AS (",
    2,
    ") SELECT s.account, s.conversation, s.muted, s.muted_until, s.pinned, s.archived, s.notify FROM v \
     JOIN settings s ON s.account = v.account AND s.conversation = v.conversation",
);

pub(super) static FIND_BLOCKS: Bulk = Bulk::new(
    "WITH v (owner, account) AS (",
    2,
    ") SELECT b.owner, b.account FROM v JOIN blocks b ON b.owner = v.owner AND b.account = v.account",
);

pub(super) static WITHDRAW_OF_MESSAGES: Bulk = Bulk::new(
    "WITH v (conversation, seq) AS (",
    2,
    ") DELETE FROM notifications WHERE (conversation, seq) IN (SELECT v.conversation, v.seq FROM v)",
);

pub(super) static WITHDRAW_OF_REACTIONS: Bulk = Bulk::new(
    "WITH v (conversation, seq, actor, emoji) AS (",
    4,
    ") DELETE FROM notifications WHERE kind = 'reaction' AND (conversation, seq, actor, emoji) \
     IN (SELECT v.conversation, v.seq, v.actor, v.emoji FROM v)",
);

pub(super) static WITHDRAW_OF_MEMBERS: Bulk = Bulk::new(
    "WITH v (account, conversation) AS (",
    2,
    ") DELETE FROM notifications WHERE (account, conversation) IN (SELECT v.account, v.conversation FROM v)",
);

pub(super) static WITHDRAW_OF_ACCOUNTS: Bulk =
    Bulk::new("WITH v (account) AS (", 1, ") DELETE FROM notifications WHERE account IN (SELECT v.account FROM v)");

pub(super) static WITHDRAW_OF_ACTORS: Bulk =
    Bulk::new("WITH v (account) AS (", 1, ") DELETE FROM notifications WHERE actor IN (SELECT v.account FROM v)");

/// From the list of the one who blocks.
pub(super) static WITHDRAW_OF_BLOCKED: Bulk = Bulk::new(
    "WITH v (account, actor) AS (",
    2,
    ") DELETE FROM notifications WHERE (account, actor) IN (SELECT v.account, v.actor FROM v)",
);

pub(super) static BLOCK: Bulk =
    Bulk::new("INSERT INTO blocks (owner, account)", 2, "ON CONFLICT (owner, account) DO NOTHING");

pub(super) static UNBLOCK: Bulk = Bulk::new(
    "WITH v (owner, account) AS (",
    2,
    ") DELETE FROM blocks WHERE (owner, account) IN (SELECT v.owner, v.account FROM v)",
);

pub(super) static FORGET_HEADS: Bulk = Bulk::new(
    "WITH v (account) AS (",
    1,
    ") DELETE FROM notification_heads WHERE account IN (SELECT v.account FROM v)",
);

/// Gives how many there are now.
pub(super) static COUNT: Bulk = Bulk::new(
    "INSERT INTO notification_heads (account, created, read_up_to)",
    3,
    "ON CONFLICT (account) DO UPDATE SET created = notification_heads.created + excluded.created \
     RETURNING account, created",
);

pub(super) static INSERT: Bulk = Bulk::new(
    "INSERT INTO notifications (account, number, position, kind, conversation, seq, actor, emoji, created_at)",
    9,
    "",
);

pub(super) static DROP: Bulk = Bulk::new(
    "WITH v (account, number) AS (",
    2,
    ") DELETE FROM notifications WHERE (account, number) IN (SELECT v.account, v.number FROM v)",
);

/// Never back.
pub(super) static READ: Bulk = Bulk::new(
    "INSERT INTO notification_heads (account, created, read_up_to)",
    3,
    "ON CONFLICT (account) DO UPDATE SET read_up_to = excluded.read_up_to \
     WHERE notification_heads.read_up_to < excluded.read_up_to",
);

pub(crate) const NOTIFICATIONS: Table = Table {
    name: "notifications",
    select: "SELECT account, number, position, kind, conversation, seq, actor, emoji, created_at FROM notifications \
             ORDER BY account, number",
    columns: &[Kind::Uuid, Kind::Int, Kind::Int, Kind::Text, Kind::Uuid, Kind::Int, Kind::Uuid, Kind::Text, Kind::Time],
};

pub(crate) const NOTIFICATION_HEADS: Table = Table {
    name: "notification_heads",
    select: "SELECT account, created, read_up_to FROM notification_heads ORDER BY account",
    columns: &[Kind::Uuid, Kind::Int, Kind::Int],
};

pub(crate) const NOTIFICATION_BLOCKS: Table = Table {
    name: "blocks",
    select: "SELECT owner, account FROM blocks ORDER BY owner, account",
    columns: &[Kind::Uuid, Kind::Uuid],
};
