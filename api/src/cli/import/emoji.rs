//! Slack's names of emoji.

use domain::values::Emoji;

/// What a name means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// An emoji of Unicode.
    Known(Emoji),
    /// A team's own: kept as a short code.
    ShortCode(Emoji),
    /// It cannot even be a short code.
    Nothing,
}

/// The emoji that Slack calls `name` (without colons). Slack's names are GitHub's, or Unicode's with underscores
/// (`thinking_face`); a skin tone follows as `::skin-tone-2` (light) to `::skin-tone-6` (dark).
pub fn meaning(name: &str) -> Meaning {
    let (base, tone) = name.split_once("::").map_or((name, None), |(base, tone)| (base, Some(tone)));
    let known = Emoji::from_short_code(base).or_else(|| by_unicode_name(base));
    match (known, tone.map(tone_of)) {
        (Some(emoji), None) => Meaning::Known(emoji),
        (Some(emoji), Some(Some(tone))) => Meaning::Known(with_tone(&emoji, tone).unwrap_or(emoji)),
        (Some(_), Some(None)) | (None, _) => {
            Emoji::parse(&format!(":{name}:")).map_or(Meaning::Nothing, Meaning::ShortCode)
        }
    }
}

fn by_unicode_name(name: &str) -> Option<Emoji> {
    let is_it = |emoji: &&emojis::Emoji| {
        emoji.name().len() == name.len()
            && emoji
                .name()
                .bytes()
                .zip(name.bytes())
                .all(|(a, b)| a.to_ascii_lowercase() == b || (a, b) == (b' ', b'_'))
    };
    emojis::iter().find(is_it).and_then(|emoji| Emoji::parse(emoji.as_str()).ok())
}

fn tone_of(name: &str) -> Option<emojis::SkinTone> {
    Some(match name {
        "skin-tone-2" => emojis::SkinTone::Light,
        "skin-tone-3" => emojis::SkinTone::MediumLight,
        "skin-tone-4" => emojis::SkinTone::Medium,
        "skin-tone-5" => emojis::SkinTone::MediumDark,
        "skin-tone-6" => emojis::SkinTone::Dark,
        _ => return None,
    })
}

fn with_tone(emoji: &Emoji, tone: emojis::SkinTone) -> Option<Emoji> {
    let toned = emojis::get(emoji.as_str())?.with_skin_tone(tone)?;
    Emoji::parse(toned.as_str()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(name: &str) -> String {
        match meaning(name) {
            Meaning::Known(emoji) => emoji.as_str().to_owned(),
            other => panic!("{name} is {other:?}"),
        }
    }

    #[test]
    fn names_of_github_and_of_unicode_are_known() {
        assert_eq!(["+1", "tada", "heart", "thinking_face"].map(known), ["👍", "🎉", "❤️", "🤔"]);
    }

    #[test]
    fn a_skin_tone_is_part_of_the_emoji() {
        assert_eq!(known("+1::skin-tone-6"), "👍🏿");
        assert_eq!(known("tada::skin-tone-2"), "🎉", "it has no tones");
    }

    #[test]
    fn a_teams_own_name_stays_a_short_code() {
        assert_eq!(meaning("parrot-party"), Meaning::ShortCode(Emoji::parse(":parrot-party:").unwrap()));
        for bad in ["", "Parrot", "a b", "party::twice"] {
            assert_eq!(meaning(bad), Meaning::Nothing, "{bad}");
        }
    }
}
