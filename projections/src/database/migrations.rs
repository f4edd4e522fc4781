//! The tables of each projection: one small migration for each change, in two dialects, compiled in.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// One change of the tables.
#[derive(Clone, Copy, Debug)]
pub struct Change {
    number: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! changes {
    ($($(#[$doc:meta])* $constant:ident = $number:literal, $name:literal;)*) => {$(
        $(#[$doc])*
        pub const $constant: Change = Change {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        };
    )*};
}

changes! {
    /// How far a projection has come; in every database.
    CHECKPOINT = 1, "0001_checkpoint";
    /// Accounts.
    ACCOUNTS = 2, "0002_accounts";
    /// Conversations, memberships, timeline, reactions.
    MESSAGING = 3, "0003_messaging";
    /// Stories.
    STORIES = 4, "0004_stories";
    /// When stories are due.
    STORY_EXPIRY = 5, "0005_story_expiry";
    /// What feeds resume from.
    FEED_INDEX = 6, "0006_feed_index";
    /// Messages a day.
    MESSAGE_COUNTS = 7, "0007_message_counts";
    /// Settings of accounts, and their revisions.
    ACCOUNT_SETTINGS = 8, "0008_account_settings";
    /// Keys of devices.
    DEVICE_KEYS = 9, "0009_device_keys";
    /// Whom messages mention.
    MESSAGE_MENTIONS = 10, "0010_message_mentions";
    /// Names over time, settings of members, pins, the end of conversations; after [`MESSAGING`].
    GROUPS = 11, "0011_groups";
    /// Profiles that were changed, and open sessions.
    SESSIONS = 12, "0012_sessions";
    /// When accounts are erased.
    ACCOUNT_ERASURE = 13, "0013_account_erasure";
    /// Who was a member with which role until when; after [`MESSAGING`].
    MEMBER_PERIODS = 14, "0014_member_periods";
    /// Views of stories, follows, close friends.
    STORY_CIRCLES = 20, "0020_story_circles";
    /// Whose feeds a story comes to.
    STORY_AUDIENCE = 21, "0021_story_audience";
    /// Whose stories were seen.
    VIEWS_OF_AUTHORS = 22, "0022_views_of_authors";
    /// Blocks, and whose stories are not wanted or not shown; after [`STORY_CIRCLES`].
    KEPT_AWAY = 23, "0023_kept_away";
    /// Earlier versions of messages, and replies by what they answer; after [`MESSAGING`].
    THREADS = 30, "0030_threads";
    /// Counts by the hour, and views for analysts; after [`MESSAGE_COUNTS`].
    ANALYTICS = 31, "0031_analytics";
    /// Notifications; after [`MESSAGING`].
    NOTIFICATIONS = 40, "0040_notifications";
    /// Blocks, for whom an event notifies; after [`NOTIFICATIONS`].
    NOTIFICATION_BLOCKS = 42, "0042_notification_blocks";
    /// For how long messages are kept, and which are gone; after [`THREADS`] and [`NOTIFICATIONS`].
    RETENTION = 43, "0043_retention";
    /// Which copies of projections there are; in a database of its own.
    COPIES = 100, "0100_copies";
}

/// Which dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// The given changes, ready to run.
pub(crate) fn migrator<'a>(changes: impl IntoIterator<Item = &'a Change>, dialect: Dialect) -> Migrator {
    let all = changes.into_iter().map(|change| {
        let sql = match dialect {
            Dialect::Sqlite => change.sqlite,
            Dialect::Postgres => change.postgres,
        };
        Migration::new(change.number, change.name.into(), MigrationType::Simple, sql.into_sql_str(), false)
    });
    Migrator::with_migrations(all.collect())
}
