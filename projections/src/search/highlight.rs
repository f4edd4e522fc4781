//! Where in a text that was found the words stand that were asked for.

use super::query::Needle;
use super::terms::{Term, terms};

/// A part of a text, in characters (Unicode code points) from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Highlight {
    /// Its first character.
    pub from: usize,
    /// The character after its last one.
    pub to: usize,
}

/// Parts that are marked, at most.
const HIGHLIGHTS_MAX: usize = 50;

/// The parts of `text` that match, in their order, none over another.
pub fn highlights(text: &str, needles: &[Needle]) -> Vec<Highlight> {
    let found = terms(text);
    let mut parts: Vec<(usize, usize)> = Vec::new();
    for needle in needles.iter().filter(|needle| !needle.is_negated) {
        let windows = found.windows(needle.terms.len().max(1)).filter(|window| is_match(window, needle));
        parts.extend(windows.filter_map(|window| Some((window.first()?.from, window.last()?.to))).take(HIGHLIGHTS_MAX));
    }
    parts.sort_unstable();
    let mut joined: Vec<(usize, usize)> = Vec::new();
    for (from, to) in parts {
        match joined.last_mut() {
            Some(last) if from < last.1 => last.1 = to.max(last.1),
            _ => joined.push((from, to)),
        }
    }
    joined.truncate(HIGHLIGHTS_MAX);
    in_characters(text, &joined)
}

fn is_match(window: &[Term], needle: &Needle) -> bool {
    let last = window.len().saturating_sub(1);
    window.iter().zip(&needle.terms).enumerate().all(|(at, (term, wanted))| {
        if at == last && needle.is_prefix { term.text.starts_with(wanted.as_str()) } else { term.text == *wanted }
    })
}

/// Bytes to characters; the parts are in their order.
fn in_characters(text: &str, parts: &[(usize, usize)]) -> Vec<Highlight> {
    let (mut byte, mut character) = (0, 0);
    let mut place = |to: usize| {
        character += text[byte..to].chars().count();
        byte = to;
        character
    };
    parts.iter().map(|(from, to)| Highlight { from: place(*from), to: place(*to) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::query::Typed;

    fn marked(text: &str, query: &str) -> Vec<String> {
        let parts = highlights(text, &Typed::parse(query).needles);
        parts.iter().map(|part| text.chars().skip(part.from).take(part.to - part.from).collect()).collect()
    }

    #[test]
    fn what_was_asked_for_is_marked_as_it_was_written() {
        assert_eq!(marked("Der Gärtner im Garten", "gar* im"), ["Gärtner", "im", "Garten"]);
        assert_eq!(marked("old fence, old house", "\"old house\" -fence"), ["old house"]);
        assert_eq!(marked("明日は東京へ", "東京"), ["東京"]);
        assert_eq!(marked("see https://example.org/a now", "example.org"), ["example.org"]);
        assert_eq!(marked("nice 👍🏽 one", "👍"), ["👍"]);
    }

    #[test]
    fn parts_do_not_lie_over_each_other() {
        assert_eq!(marked("a b c", "\"a b\" \"b c\""), ["a b c"]);
        assert_eq!(highlights(&"x ".repeat(200), &Typed::parse("x").needles).len(), HIGHLIGHTS_MAX);
    }
}
