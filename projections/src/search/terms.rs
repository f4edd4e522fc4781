//! Terms: how a text is cut into what is looked up. The same for messages and for what is asked.
//!
//! - A run of letters and digits is one term, without case and accents: `Straße` is `strasse`, `Ångström` is `angstrom`.
//! - Scripts that are written without spaces (Chinese, Japanese, Korean, Thai, …) give one term a character, so that any
//!   part of a sentence is a row of neighbouring terms.
//! - An emoji is a term; its skin tone and presentation are not. One that is joined from several is a row of them.
//! - Everything else parts terms. An address is the row of its parts, so it is found whole and by its host.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{compose, is_combining_mark};

/// Characters of one term; a longer run is a row of terms.
const TERM_MAX_CHARS: usize = 100;

/// A term, and where it stands in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// As it is looked up.
    pub(crate) text: String,
    /// Its first byte.
    pub(crate) from: usize,
    /// The byte after its last one.
    pub(crate) to: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Belongs to the term around it.
    Part,
    /// A term by itself.
    Alone,
    /// As if it were not there.
    Ignored,
    /// Parts terms.
    Break,
}

/// The terms of a text, in their order.
pub(crate) fn terms(text: &str) -> Vec<Term> {
    let mut found = Vec::new();
    let mut open: Option<(Term, usize)> = None;
    let mut chars = text.char_indices().peekable();
    while let Some((from, mut c)) = chars.next() {
        let mut to = from + c.len_utf8();
        // What was typed as a letter and a mark is the letter with the mark.
        while let Some(joined) =
            chars.peek().filter(|(_, next)| !next.is_ascii()).and_then(|(_, next)| compose(c, *next))
        {
            c = joined;
            to += chars.next().map_or(0, |(_, next)| next.len_utf8());
        }
        match kind(c) {
            Kind::Part => {
                let (term, length) = open.get_or_insert_with(|| (Term { text: String::new(), from, to }, 0));
                fold(c, &mut term.text);
                (term.to, *length) = (to, *length + 1);
                if *length >= TERM_MAX_CHARS {
                    close(&mut open, &mut found);
                }
            }
            Kind::Alone => {
                close(&mut open, &mut found);
                let mut text = String::new();
                text.extend(std::iter::once(c).nfkc());
                found.push(Term { text, from, to });
            }
            Kind::Ignored => {}
            Kind::Break => close(&mut open, &mut found),
        }
    }
    close(&mut open, &mut found);
    found
}

fn close(open: &mut Option<(Term, usize)>, found: &mut Vec<Term>) {
    found.extend(open.take().map(|(term, _)| term).filter(|term| !term.text.is_empty()));
}

fn kind(c: char) -> Kind {
    if c.is_ascii() {
        return if c.is_ascii_alphanumeric() { Kind::Part } else { Kind::Break };
    }
    match u32::from(c) {
        // Joiners, variation selectors, the keycap, skin tones, tags.
        0x200c | 0x200d | 0x20e3 | 0xfe00..=0xfe0f | 0x1f3fb..=0x1f3ff | 0xe_0020..=0xe_007f => Kind::Ignored,
        0x30fb | 0xff65 => Kind::Break,
        code if is_unspaced(code) || is_emoji(code) => Kind::Alone,
        _ if c.is_alphanumeric() || is_combining_mark(c) => Kind::Part,
        _ => Kind::Break,
    }
}

/// Scripts that are written without spaces, or whose words are looked for by their parts.
const fn is_unspaced(code: u32) -> bool {
    matches!(code,
        // Thai, Lao, Myanmar, Hangul letters, Khmer.
        0x0e00..=0x0eff | 0x1000..=0x109f | 0x1100..=0x11ff | 0x1780..=0x17ff
        // Radicals, iteration marks, kana, bopomofo, Hangul letters.
        | 0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3041..=0x30ff | 0x3105..=0x318e | 0x31a0..=0x31ff
        // Ideographs, Hangul syllables, compatibility ideographs, half-width kana and Hangul, the planes beyond.
        | 0x3400..=0x4dbf | 0x4e00..=0x9fff | 0xa960..=0xa97f | 0xac00..=0xd7ff | 0xf900..=0xfaff
        | 0xff66..=0xffdc | 0x2_0000..=0x3_ffff)
}

const fn is_emoji(code: u32) -> bool {
    matches!(code,
        0x00a9 | 0x00ae | 0x203c | 0x2049 | 0x2122 | 0x2139 | 0x2190..=0x21ff | 0x2300..=0x23ff | 0x24c2
        | 0x25a0..=0x27bf | 0x2900..=0x297f | 0x2b00..=0x2bff | 0x3030 | 0x303d | 0x3297 | 0x3299
        | 0x1_f000..=0x1_faff)
}

/// Without case and accents.
fn fold(c: char, into: &mut String) {
    if c.is_ascii() {
        into.push(c.to_ascii_lowercase());
        return;
    }
    for part in std::iter::once(c).nfkd() {
        if ('\u{300}'..='\u{36f}').contains(&part) || !(part.is_alphanumeric() || is_combining_mark(part)) {
            continue;
        }
        for lower in part.to_lowercase() {
            match lower {
                'ß' => into.push_str("ss"),
                'æ' => into.push_str("ae"),
                'œ' => into.push_str("oe"),
                'þ' => into.push_str("th"),
                'ø' => into.push('o'),
                'đ' | 'ð' => into.push('d'),
                'ł' => into.push('l'),
                'ħ' => into.push('h'),
                'ı' => into.push('i'),
                'ς' => into.push('σ'),
                '\u{300}'..='\u{36f}' => {}
                other => into.push(other),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<String> {
        terms(text).into_iter().map(|term| term.text).collect()
    }

    #[test]
    fn case_and_accents_do_not_matter() {
        assert_eq!(cut("Ångström, STRASSE straße Øl"), ["angstrom", "strasse", "strasse", "ol"]);
        assert_eq!(cut("cafe\u{301} CAFÉ ＣＡＦＥ"), ["cafe", "cafe", "cafe"]);
        assert_eq!(cut("İstanbul ΣΊΣΥΦΟΣ Ёлка"), ["istanbul", "σισυφοσ", "елка"]);
    }

    #[test]
    fn scripts_without_spaces_are_cut_by_character() {
        assert_eq!(cut("東京タワーへ"), ["東", "京", "タ", "ワ", "ー", "へ"]);
        assert_eq!(cut("ﾀﾜｰ"), ["タ", "ワ", "ー"]);
        assert_eq!(cut("か\u{3099}"), ["が"]);
        assert_eq!(cut("go東京2020"), ["go", "東", "京", "2020"]);
        assert_eq!(cut("한국어"), ["한", "국", "어"]);
    }

    #[test]
    fn emoji_are_terms_without_their_tone() {
        assert_eq!(cut("ok👍🏽!"), ["ok", "👍"]);
        assert_eq!(cut("❤️"), ["❤"]);
        assert_eq!(cut("👨‍👩‍👧"), ["👨", "👩", "👧"]);
    }

    #[test]
    fn addresses_are_rows_of_terms() {
        let expected = ["https", "www", "example", "org", "a", "b", "x", "1"];
        assert_eq!(cut("https://www.example.org/a_b?x=1"), expected);
    }

    #[test]
    fn a_long_run_is_a_row_of_terms() {
        assert_eq!(cut(&"a".repeat(250)).iter().map(String::len).collect::<Vec<_>>(), [100, 100, 50]);
    }

    #[test]
    fn terms_know_where_they_stand() {
        let text = "é, 京!";
        let places: Vec<&str> = terms(text).iter().map(|term| &text[term.from..term.to]).collect();
        assert_eq!(places, ["é", "京"]);
        let text = "e\u{301}t!";
        assert_eq!(terms(text), [Term { text: "et".into(), from: 0, to: 4 }]);
    }
}
