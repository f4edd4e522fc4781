//! Slack's export format, as far as the import understands it (Slack help: "How to read Slack data exports").

use domain::clock::Time;
use serde::Deserialize;
use std::collections::BTreeMap;

/// One of `users.json`.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    /// As messages name the person, such as `U0001`.
    pub id: String,
    /// The team, such as `T0001`.
    #[serde(default)]
    pub team_id: String,
    /// The user name.
    pub name: String,
    /// The full name.
    #[serde(default)]
    pub real_name: Option<String>,
    /// What the person says of themselves.
    #[serde(default)]
    pub profile: Profile,
}

/// What a person says of themselves.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Profile {
    /// How they want to be called; may be empty.
    #[serde(default)]
    pub display_name: Option<String>,
    /// The full name.
    #[serde(default)]
    pub real_name: Option<String>,
}

/// One of `channels.json`. Its messages are in the folder with its name.
#[derive(Clone, Debug, Deserialize)]
pub struct Channel {
    /// Such as `C0001`.
    pub id: String,
    /// Its name and its folder's.
    pub name: String,
    /// Seconds since the Unix epoch.
    #[serde(default)]
    pub created: i64,
    /// A user's id.
    #[serde(default)]
    pub creator: String,
    /// Ids of those who were in it when the export was made.
    #[serde(default)]
    pub members: Vec<String>,
    /// What it is about now.
    #[serde(default)]
    pub topic: Text,
    /// What it is for.
    #[serde(default)]
    pub purpose: Text,
}

/// A text in an object of its own.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Text {
    /// The text; empty for none.
    #[serde(default)]
    pub value: String,
}

/// One object of a day file: a message, or something that Slack shows among messages.
#[derive(Clone, Debug, Deserialize)]
pub struct Entry {
    /// None for a plain message.
    #[serde(default)]
    pub subtype: Option<String>,
    /// Who.
    #[serde(default)]
    pub user: Option<String>,
    /// What, in Slack's markup. Taken over as it is.
    #[serde(default)]
    pub text: Option<String>,
    /// When, and the entry's id in its channel.
    pub ts: String,
    /// The first message of the thread that it belongs to; equal to `ts` at that first message.
    #[serde(default)]
    pub thread_ts: Option<String>,
    /// The last edit; `text` is as it was after it.
    #[serde(default)]
    pub edited: Option<Edited>,
    /// Who reacted with what; without times.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
}

/// The last edit of a message.
#[derive(Clone, Debug, Deserialize)]
pub struct Edited {
    /// By whom.
    #[serde(default)]
    pub user: Option<String>,
    /// When.
    pub ts: String,
}

/// Everybody who reacted to a message with the same emoji.
#[derive(Clone, Debug, Deserialize)]
pub struct Reaction {
    /// A short code without colons, such as `+1` or `wave::skin-tone-3`.
    pub name: String,
    /// Ids of those who reacted.
    #[serde(default)]
    pub users: Vec<String>,
}

/// An entry and the file that it stands in.
#[derive(Clone, Debug)]
pub struct Placed {
    /// Such as `general/2018-02-01.json`.
    pub file: String,
    /// What stands there.
    pub entry: Entry,
}

/// Everything that could be read.
#[derive(Clone, Debug, Default)]
pub struct Export {
    /// The people; none when `users.json` could not be read.
    pub users: Option<Vec<User>>,
    /// The channels.
    pub channels: Vec<Channel>,
    /// What was said, by folder, in the order of the files.
    pub entries: BTreeMap<String, Vec<Placed>>,
}

/// Reads a time stamp such as `1517439122.000710`: seconds and at most six digits after the point.
pub fn time(ts: &str) -> Option<Time> {
    let (seconds, fraction) = ts.split_once('.').unwrap_or((ts, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(seconds) || !is_number(fraction) || fraction.len() > 6 {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").parse().ok()?;
    seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros).map(Time::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_stamp_has_microseconds() {
        assert_eq!(time("1517439122.000710"), Some(Time::from_micros(1_517_439_122_000_710)));
        assert_eq!(time("1517439122"), Some(Time::from_micros(1_517_439_122_000_000)));
        assert_eq!(time("1517439122.5"), Some(Time::from_micros(1_517_439_122_500_000)));
    }

    #[test]
    fn anything_else_is_no_time_stamp() {
        for bad in ["", ".", "x", "-1.0", "1.0000001", "1.2.3", "99999999999999999999.0", "9223372036854775807"] {
            assert_eq!(time(bad), None, "{bad}");
        }
    }
}
