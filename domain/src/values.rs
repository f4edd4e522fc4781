//! Texts that people bring, each of which exists only if it parsed.

use std::fmt;

/// Why a text is not a value. `code` is stable and stands in problem documents.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Invalid {
    /// `TOO_SHORT`, `TOO_LONG`, `OUT_OF_RANGE`, `BAD_FORMAT` or `RESERVED`.
    pub code: &'static str,
    /// A sentence for a person.
    pub detail: String,
}

impl Invalid {
    /// A text that has not the asked form.
    pub fn format(detail: impl Into<String>) -> Self {
        Self { code: "BAD_FORMAT", detail: detail.into() }
    }
}

/// Checks the number of characters (Unicode scalar values) of a text.
pub fn check_length(text: &str, min: usize, max: usize) -> Result<(), Invalid> {
    let characters = text.chars().count();
    if characters < min {
        return Err(Invalid { code: "TOO_SHORT", detail: format!("must have at least {min} characters") });
    }
    if characters > max {
        return Err(Invalid { code: "TOO_LONG", detail: format!("must have at most {max} characters") });
    }
    Ok(())
}

/// Checks the number of bytes of something that is never looked into.
pub fn check_bytes(bytes: &[u8], min: usize, max: usize) -> Result<(), Invalid> {
    if bytes.len() < min {
        return Err(Invalid { code: "TOO_SHORT", detail: format!("must have at least {min} bytes") });
    }
    if bytes.len() > max {
        return Err(Invalid { code: "TOO_LONG", detail: format!("must have at most {max} bytes") });
    }
    Ok(())
}

/// A text of one line or many within limits. It may hold any character but NUL, which no database keeps.
pub fn check_text(text: &str, min: usize, max: usize) -> Result<(), Invalid> {
    check_length(text, min, max)?;
    if text.contains('\0') {
        return Err(Invalid::format("must not contain the character NUL"));
    }
    Ok(())
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $min:expr, $max:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Accepts a text within the limits.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                check_text(text, $min, $max)?;
                Ok(Self(text.to_owned()))
            }

            /// A text that an import brings: limits on size and emptiness are lifted.
            pub fn imported(text: &str) -> Self {
                Self(text.replace('\0', ""))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Words are never shown by accident.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} bytes)"), self.0.len())
            }
        }
    )*};
}

use crate::limits::{
    BIO_MAX_CHARACTERS, CIPHERTEXT_SCHEME_MAX_CHARACTERS, CLIENT_REF_MAX_CHARACTERS,
    CONVERSATION_DESCRIPTION_MAX_CHARACTERS, CONVERSATION_NAME_MAX_CHARACTERS, DEVICE_KEY_ALGORITHM_MAX_CHARACTERS,
    DEVICE_NAME_MAX_CHARACTERS, DISPLAY_NAME_MAX_CHARACTERS, MESSAGE_TEXT_MAX_CHARACTERS, PASSWORD_MAX_CHARACTERS,
    PASSWORD_MIN_CHARACTERS, REASON_MAX_CHARACTERS, STORY_CAPTION_MAX_CHARACTERS, STORY_TEXT_MAX_CHARACTERS,
};

texts! {
    /// What a person says of themselves.
    Bio: 1, BIO_MAX_CHARACTERS;
    /// What a client encrypts messages with.
    CiphertextScheme: 1, CIPHERTEXT_SCHEME_MAX_CHARACTERS;
    /// A client's own reference to a message.
    ClientRef: 1, CLIENT_REF_MAX_CHARACTERS;
    /// What a group is about.
    ConversationDescription: 0, CONVERSATION_DESCRIPTION_MAX_CHARACTERS;
    /// A group's name.
    ConversationName: 1, CONVERSATION_NAME_MAX_CHARACTERS;
    /// What kind of key a device has.
    DeviceKeyAlgorithm: 1, DEVICE_KEY_ALGORITHM_MAX_CHARACTERS;
    /// What a device calls itself.
    DeviceName: 1, DEVICE_NAME_MAX_CHARACTERS;
    /// How a person wants to be called.
    DisplayName: 1, DISPLAY_NAME_MAX_CHARACTERS;
    /// The text of a message.
    MessageText: 1, MESSAGE_TEXT_MAX_CHARACTERS;
    /// A password in clear, on its way to being hashed.
    Password: PASSWORD_MIN_CHARACTERS, PASSWORD_MAX_CHARACTERS;
    /// Why somebody did what their role allows.
    Reason: 1, REASON_MAX_CHARACTERS;
    /// What stands beside a story.
    StoryCaption: 0, STORY_CAPTION_MAX_CHARACTERS;
    /// The text of a story.
    StoryText: 1, STORY_TEXT_MAX_CHARACTERS;
}

/// One Unicode emoji in its fully qualified form, or a short code `:name:`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Emoji(String);

impl Emoji {
    /// Accepts one emoji of Unicode's list or `:[a-z0-9_+-]{1,30}:`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let code = text.strip_prefix(':').and_then(|rest| rest.strip_suffix(':'));
        let is_short_code = code.is_some_and(|code| {
            (1..=30).contains(&code.len())
                && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_+-".contains(&b))
        });
        if is_short_code {
            return Ok(Self(text.to_owned()));
        }
        emojis::get(text)
            .map(|emoji| Self(emoji.as_str().to_owned()))
            .ok_or_else(|| Invalid::format("must be one Unicode emoji or a short code such as :parrot:"))
    }

    /// The emoji that a short code without colons is known by (GitHub's names).
    pub fn from_short_code(code: &str) -> Option<Self> {
        emojis::get_by_shortcode(code).map(|emoji| Self(emoji.as_str().to_owned()))
    }

    /// As stored and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_emoji_is_one_emoji_or_a_short_code() {
        for good in ["👍", "❤️", "👨‍👩‍👧", "👍🏽", ":parrot:", ":+1:"] {
            assert!(Emoji::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "👍👍", ":Parrot:", "::", ":a b:", "👍 "] {
            assert!(Emoji::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_text_counts_characters_not_bytes() {
        assert!(MessageText::parse(&"é".repeat(MESSAGE_TEXT_MAX_CHARACTERS)).is_ok());
        assert!(MessageText::parse(&"é".repeat(MESSAGE_TEXT_MAX_CHARACTERS + 1)).is_err());
        assert!(MessageText::parse("").is_err());
        assert!(MessageText::parse("a\0b").is_err());
    }
}
