//! Terms as the index's library asks for them, so that a text is cut on the thread that writes the index.

use super::terms::{Term, terms};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Its name in the schema.
pub(super) const NAME: &str = "terms";

/// Cuts a text into [`terms`].
#[derive(Clone)]
pub(super) struct Terms;

/// The terms of one text, each one position after the one before.
pub(super) struct Row {
    rest: std::vec::IntoIter<Term>,
    token: Token,
}

impl Tokenizer for Terms {
    type TokenStream<'a> = Row;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Row {
        Row { rest: terms(text).into_iter(), token: Token::default() }
    }
}

impl TokenStream for Row {
    fn advance(&mut self) -> bool {
        let Some(term) = self.rest.next() else { return false };
        // The position before the first is the largest number.
        self.token.position = self.token.position.wrapping_add(1);
        (self.token.offset_from, self.token.offset_to, self.token.text) = (term.from, term.to, term.text);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_stand_one_after_the_other() {
        let mut row = Terms.token_stream("Été, 東京!");
        let mut found = Vec::new();
        row.process(&mut |token| {
            found.push((token.text.clone(), token.position, token.offset_from, token.offset_to));
        });
        let expected = [("ete".to_owned(), 0, 0, 5), ("東".to_owned(), 1, 7, 10), ("京".to_owned(), 2, 10, 13)];
        assert_eq!(found, expected);
        assert!(!row.advance());
    }
}
