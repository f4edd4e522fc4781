//! Kinds, privacy modes and roles of conversations.

use crate::clock::Time;
use crate::limits::RETENTION_MAX_DAYS;
use crate::values::Invalid;
use serde::Serialize;

/// Direct or group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConversationKind {
    /// Between two people; there is only one for each pair.
    Direct,
    /// Of 3 to 500 people when created.
    Group,
}

impl ConversationKind {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            ConversationKind::Direct => "direct",
            ConversationKind::Group => "group",
        }
    }

    /// The reverse of [`ConversationKind::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [ConversationKind::Direct, ConversationKind::Group].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Whether the server can read what is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivacyMode {
    /// Sealed by the server; can be searched and audited.
    #[default]
    Searchable,
    /// Encrypted by the clients; nobody else reads it.
    StrictE2e,
}

impl PrivacyMode {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            PrivacyMode::Searchable => "searchable",
            PrivacyMode::StrictE2e => "strict_e2e",
        }
    }

    /// The reverse of [`PrivacyMode::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [PrivacyMode::Searchable, PrivacyMode::StrictE2e].into_iter().find(|mode| mode.as_str() == text)
    }
}

/// What a member may do. One manages only roles below one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MemberRole {
    /// Talks.
    Member,
    /// Manages members.
    Admin,
    /// Manages everything.
    Owner,
}

impl MemberRole {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            MemberRole::Member => "member",
            MemberRole::Admin => "admin",
            MemberRole::Owner => "owner",
        }
    }

    /// The reverse of [`MemberRole::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [MemberRole::Member, MemberRole::Admin, MemberRole::Owner].into_iter().find(|role| role.as_str() == text)
    }
}

/// For how many days messages are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RetentionDays(u32);

impl RetentionDays {
    /// Accepts 1 to [`RETENTION_MAX_DAYS`].
    pub fn parse(days: u32) -> Result<Self, Invalid> {
        if (1..=RETENTION_MAX_DAYS).contains(&days) {
            return Ok(Self(days));
        }
        Err(Invalid { code: "OUT_OF_RANGE", detail: format!("must be 1 to {RETENTION_MAX_DAYS} days, or null") })
    }

    /// The days.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// Whether a member wants to be left alone by a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mute {
    /// No.
    #[default]
    Off,
    /// Until then. Nothing happens when the time is over: who asks compares.
    Until(Time),
    /// Without an end.
    Always,
}

impl Mute {
    /// Whether it holds at this time.
    pub fn holds(self, now: Time) -> bool {
        match self {
            Mute::Off => false,
            Mute::Until(end) => now < end,
            Mute::Always => true,
        }
    }
}

/// What a member wants to be notified of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// Of everything.
    #[default]
    All,
    /// Of mentions.
    Mentions,
    /// Of nothing.
    None,
}

impl Notify {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Notify::All => "all",
            Notify::Mentions => "mentions",
            Notify::None => "none",
        }
    }

    /// The reverse of [`Notify::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Notify::All, Notify::Mentions, Notify::None].into_iter().find(|notify| notify.as_str() == text)
    }
}

/// How a member keeps a conversation: nobody else knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MembershipSettings {
    /// Whether they want to be left alone.
    pub mute: Mute,
    /// Whether they keep it at the top.
    pub pinned: bool,
    /// Whether they have put it away.
    pub archived: bool,
    /// What they want to be notified of.
    pub notify: Notify,
}
