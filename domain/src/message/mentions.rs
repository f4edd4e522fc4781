//! Whom a text mentions: `@name` and `@all`, outside of code, addresses of pages and e-mail addresses.

use crate::limits::{MENTION_NAMES_PER_MESSAGE_MAX, USERNAME_MAX_CHARACTERS, USERNAME_MIN_CHARACTERS};

/// The name that stands for everybody. No account has it.
const ALL: &str = "all";
/// Characters of an address before `://`, at most.
const SCHEME_MAX_BYTES: usize = 32;
/// Addresses of pages that are written without `://`.
const OTHER_ADDRESSES: [&str; 2] = ["www.", "mailto:"];

/// Whom a text mentions. Whether anybody has these names, and may be mentioned, is not looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentioned {
    /// User names in lower case, each once, in the order of the text; at most [`MENTION_NAMES_PER_MESSAGE_MAX`], the
    /// others stay plain text.
    pub names: Vec<String>,
    /// Whether `@all` stands in it.
    pub all: bool,
}

impl Mentioned {
    /// Looks for `@` and 3 to 30 letters, digits and underscores that stand for themselves.
    ///
    /// Left out are code between backticks (three or more begin a block, which ends with as many or with the text),
    /// addresses with `://`, `www.` or `mailto:` up to the next space, and names within words, paths and e-mail addresses.
    pub fn of(text: &str) -> Self {
        let mut mentioned = Self::default();
        // Most texts mention nobody, and every message is looked through.
        if !text.contains('@') {
            return mentioned;
        }
        let mut before = None;
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let taken = match first {
                '`' => code_bytes(rest),
                '@' => match name(before, rest) {
                    Some(name) => {
                        mentioned.add(name);
                        1 + name.len()
                    }
                    None => 1,
                },
                _ if begins_address(before, rest) => rest.find(char::is_whitespace).unwrap_or(rest.len()),
                _ => first.len_utf8(),
            };
            let (passed, left) = rest.split_at(taken);
            (before, rest) = (passed.chars().next_back(), left);
        }
        mentioned
    }

    fn add(&mut self, name: &str) {
        let name = name.to_ascii_lowercase();
        if name == ALL {
            self.all = true;
        } else if self.names.len() < MENTION_NAMES_PER_MESSAGE_MAX && !self.names.contains(&name) {
            self.names.push(name);
        }
    }
}

/// The bytes of the code that a text begins with; only the backticks where nothing closes it.
fn code_bytes(text: &str) -> usize {
    let backticks = |text: &str| text.bytes().take_while(|byte| *byte == b'`').count();
    let opening = backticks(text);
    let is_block = opening >= 3;
    let mut at = opening;
    while let Some(next) = text[at..].find('`') {
        at += next;
        let run = backticks(&text[at..]);
        at += run;
        if run == opening || (is_block && run > opening) {
            return at;
        }
    }
    if is_block { text.len() } else { opening }
}

/// The name after the `@` that a text begins with.
fn name(before: Option<char>, text: &str) -> Option<&str> {
    if before.is_some_and(|before| before.is_alphanumeric() || "_-+@/".contains(before)) {
        return None;
    }
    let text = text.strip_prefix('@')?;
    let end = text.find(|c: char| !is_in_name(c)).unwrap_or(text.len());
    let (name, after) = text.split_at(end);
    let goes_on = after.chars().next().is_some_and(|after| after.is_alphanumeric() || after == '@');
    let fits = (USERNAME_MIN_CHARACTERS..=USERNAME_MAX_CHARACTERS).contains(&name.len());
    (fits && !goes_on).then_some(name)
}

fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// Whether a text begins with the address of a page.
fn begins_address(before: Option<char>, text: &str) -> bool {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic()) || before.is_some_and(|c| c.is_ascii_alphanumeric()) {
        return false;
    }
    let is_in_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || b"+.-".contains(byte);
    let scheme = text.bytes().take(SCHEME_MAX_BYTES).take_while(is_in_scheme).count();
    let begins_with = |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    text[scheme..].starts_with("://") || OTHER_ADDRESSES.iter().any(|prefix| begins_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(text: &str) -> Vec<String> {
        Mentioned::of(text).names
    }

    #[test]
    fn names_are_found_once_each_in_lower_case() {
        assert_eq!(names("@Bob, see (@carol_9)! @BOB"), ["bob", "carol_9"]);
        assert_eq!(names("line\n@bob. \u{201e}@carol\u{201c} @dave's"), ["bob", "carol", "dave"]);
        assert_eq!(Mentioned::of("@all, @All"), Mentioned { names: vec![], all: true });
    }

    #[test]
    fn names_have_three_to_thirty_characters() {
        let (longest, too_long) = ("n".repeat(30), "n".repeat(31));
        assert_eq!(names(&format!("@ab @abc @{longest} @{too_long} @ @é @bobé")), ["abc".to_owned(), longest]);
    }

    #[test]
    fn code_mentions_nobody() {
        assert!(names("`@bob` ``a ` @bob`` ```\n@bob\n``` ````\n``` @bob\n````").is_empty());
        assert!(names("```rust\n@bob without an end").is_empty());
        assert_eq!(names("a ` alone, @bob `` and @carol"), ["bob", "carol"]);
        assert_eq!(names("`code` @bob `more`@carol"), ["bob", "carol"]);
    }

    #[test]
    fn addresses_mention_nobody() {
        let addresses = "bob@example.org a.b+c@example.org @bob@example.social https://example.org/@bob?q=@carol \
                         (HTTP://x/@bob www.example.org/@bob mailto:@bob example.org/@bob x-@bob";
        assert!(names(addresses).is_empty());
        assert_eq!(names("https://example.org\n@bob www. @carol"), ["bob", "carol"]);
    }

    #[test]
    fn what_is_over_the_limit_stays_plain_text() {
        let text: String = (0..MENTION_NAMES_PER_MESSAGE_MAX + 9).map(|n| format!("@name{n} ")).collect();
        assert_eq!(names(&text).len(), MENTION_NAMES_PER_MESSAGE_MAX);
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer_within_the_limits(text in "[ab_@`:/. \\né\u{4e2d}w]{0,200}|\\PC{0,200}") {
            let mentioned = Mentioned::of(&text);
            prop_assert!(mentioned.names.len() <= MENTION_NAMES_PER_MESSAGE_MAX);
            let lower = text.to_ascii_lowercase();
            for name in &mentioned.names {
                prop_assert!((3..=30).contains(&name.len()) && name.chars().all(is_in_name));
                let at = format!("@{name}");
                prop_assert!(lower.contains(&at));
            }
        }

        #[test]
        fn a_name_between_spaces_is_found_whatever_words_surround_it(
            before in "[a-zA-Z0-9,.!? é\u{4e2d}@_/:-]{0,40}", name in "[a-zA-Z0-9_]{3,30}", after in "\\PC{0,40}",
        ) {
            prop_assume!(!name.eq_ignore_ascii_case(ALL));
            let found = names(&format!("{before} @{name} {after}"));
            prop_assert!(found.contains(&name.to_ascii_lowercase()));
        }

        #[test]
        fn a_name_in_code_is_never_found(
            before in "[a-z ]{0,20}", name in "[a-z_]{3,30}", ticks in 1_usize..6, after in "[a-z ]{0,20}",
        ) {
            let ticks = "`".repeat(ticks);
            let text = format!("{before}{ticks}x @{name} y{ticks}{after}");
            prop_assert!(names(&text).is_empty());
        }

        #[test]
        fn a_name_in_an_address_is_never_found(
            local in "[a-z0-9._+-]{0,10}[a-z0-9]", path in "[a-z/.]{0,20}", name in "[a-z_]{3,30}",
        ) {
            let text = format!("see ftp://{path}@{name} and {local}@{name}");
            prop_assert!(names(&text).is_empty());
        }
    }
}
