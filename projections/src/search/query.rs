//! What somebody types into a search field: words, phrases, beginnings of words, what must not be there, operators.
//!
//! | typed | means |
//! |---|---|
//! | `garden fence` | both words |
//! | `"garden fence"` | one after the other |
//! | `gard*` | a word that begins so; the last word of a phrase, too |
//! | `-fence`, `-"garden fence"`, `-has:link` | not with it |
//! | `from:name`, `in:name`, `in:@name`, `in:"two words"`, `before:2024-05-01`, `after:2024-05-01`, `has:link` | operators |
//!
//! A piece that is cut into several terms, as an address is, means these one after the other. Anything else before a
//! colon is no operator but words.

use super::terms::terms;

/// Terms that stand one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    /// As they are looked up; at least one.
    pub terms: Vec<String>,
    /// Whether the last one may go on.
    pub is_prefix: bool,
    /// Whether they must not be there.
    pub is_negated: bool,
}

/// What an operator is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Who wrote it.
    From,
    /// Where it was written.
    In,
    /// Written on an earlier day.
    Before,
    /// Written on a later day.
    After,
    /// What the message has.
    Has,
}

impl Operator {
    fn parse(name: &str) -> Option<Self> {
        Some(match name.to_ascii_lowercase().as_str() {
            "from" => Operator::From,
            "in" => Operator::In,
            "before" => Operator::Before,
            "after" => Operator::After,
            "has" => Operator::Has,
            _ => return None,
        })
    }
}

/// An operator with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restriction {
    /// Which.
    pub operator: Operator,
    /// As it was typed.
    pub value: String,
    /// Whether it must not be so.
    pub is_negated: bool,
}

/// What was typed, parsed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// What must, and must not, stand in the text.
    pub needles: Vec<Needle>,
    /// What else must be so.
    pub restrictions: Vec<Restriction>,
}

impl Typed {
    /// Whether nothing is asked for: then nothing is found.
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty() && self.restrictions.is_empty()
    }

    /// Parses what was typed; every text means something.
    pub fn parse(text: &str) -> Self {
        let mut typed = Self::default();
        let mut rest = text.trim_start();
        while !rest.is_empty() {
            let unsigned =
                rest.strip_prefix('-').filter(|after| !after.is_empty() && !after.starts_with(char::is_whitespace));
            let (is_negated, piece) = (unsigned.is_some(), unsigned.unwrap_or(rest));
            rest = typed.take(piece, is_negated).trim_start();
        }
        typed
    }

    /// Takes one piece from the start of `text`; gives what follows it.
    fn take<'a>(&mut self, text: &'a str, is_negated: bool) -> &'a str {
        if let Some(quoted) = text.strip_prefix('"') {
            let (phrase, rest) = until_quote(quoted);
            self.needle(phrase, is_negated);
            return rest;
        }
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let operator = text[..end].split_once(':').and_then(|(name, _)| Some((Operator::parse(name)?, name.len() + 1)));
        if let Some((operator, length)) = operator {
            let after = &text[length..];
            let (value, rest) = match after.strip_prefix('"') {
                Some(quoted) => until_quote(quoted),
                None => (&text[length..end], &text[end..]),
            };
            if !value.trim().is_empty() {
                self.restrictions.push(Restriction { operator, value: value.trim().to_owned(), is_negated });
            }
            return rest;
        }
        // A quote inside a piece ends it: `say"hello there"`.
        let end = text[..end].find('"').unwrap_or(end);
        self.needle(&text[..end], is_negated);
        &text[end..]
    }

    fn needle(&mut self, text: &str, is_negated: bool) {
        let terms: Vec<String> = terms(text).into_iter().map(|term| term.text).collect();
        if !terms.is_empty() {
            let is_prefix = text.trim_end().ends_with('*');
            self.needles.push(Needle { terms, is_prefix, is_negated });
        }
    }
}

/// Whether two names are the same but for case, accents and what stands between their words.
pub fn is_same_name(one: &str, other: &str) -> bool {
    let cut = |text: &str| terms(text).into_iter().map(|term| term.text).collect::<Vec<_>>();
    cut(one) == cut(other)
}

fn until_quote(text: &str) -> (&str, &str) {
    text.split_once('"').unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needle(terms: &[&str], is_prefix: bool, is_negated: bool) -> Needle {
        Needle { terms: terms.iter().map(|term| (*term).to_owned()).collect(), is_prefix, is_negated }
    }

    #[test]
    fn words_phrases_beginnings_and_what_must_not_be_there() {
        let typed = Typed::parse("Garden  \"the old fence\" -dog gard* -\"two words\" \"old fen*\"");
        let expected = [
            needle(&["garden"], false, false),
            needle(&["the", "old", "fence"], false, false),
            needle(&["dog"], false, true),
            needle(&["gard"], true, false),
            needle(&["two", "words"], false, true),
            needle(&["old", "fen"], true, false),
        ];
        assert_eq!((typed.needles.as_slice(), typed.restrictions.len()), (&expected[..], 0));
    }

    #[test]
    fn operators_have_values_and_may_be_negated() {
        let typed = Typed::parse("FROM:alice in:\"general chat\" -has:link before:2024-01-02 x");
        let said: Vec<_> = typed.restrictions.iter().map(|r| (r.operator, r.value.as_str(), r.is_negated)).collect();
        let expected = [
            (Operator::From, "alice", false),
            (Operator::In, "general chat", false),
            (Operator::Has, "link", true),
            (Operator::Before, "2024-01-02", false),
        ];
        assert_eq!(said, expected);
        assert_eq!(typed.needles, [needle(&["x"], false, false)]);
    }

    #[test]
    fn an_address_is_a_phrase_and_no_operator() {
        let typed = Typed::parse("https://example.org/a");
        assert_eq!(typed.needles, [needle(&["https", "example", "org", "a"], false, false)]);
    }

    #[test]
    fn every_text_means_something() {
        for nothing in ["", "  ", "!!!", "-", "\"\"", "\"", "*", "from:", "- -"] {
            assert!(Typed::parse(nothing).is_empty(), "{nothing}");
        }
        assert_eq!(Typed::parse("\"never closed").needles, [needle(&["never", "closed"], false, false)]);
        assert_eq!(Typed::parse("say\"hello there\"").needles.len(), 2);
    }
}
