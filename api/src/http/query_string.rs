//! Query parameters: each is named, parsed once, and reported when it is wrong or not known here.

use crate::problem::{Code, FieldError, Problem};
use axum::extract::Query;
use domain::limits::{PAGE_DEFAULT_ROWS, PAGE_MAX_ROWS};
use http::Uri;
use std::borrow::Cow;

/// The parameters of a query. Whoever asks takes what it knows and then calls [`QueryString::done`].
#[derive(Debug, Default)]
pub struct QueryString {
    pairs: Vec<(String, String)>,
    errors: Vec<FieldError>,
}

impl QueryString {
    /// The parameters of an address.
    ///
    /// # Errors
    /// [`Code::ValidationFailed`] when they are not percent-encoded text.
    pub fn of(uri: &Uri) -> Result<Self, Problem> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| Problem::field("", "BAD_FORMAT", "the query string cannot be read"))?
            .0;
        Ok(Self { pairs, errors: Vec::new() })
    }

    /// Remembers that a parameter is wrong.
    pub fn wrong(&mut self, name: &str, code: &'static str, detail: impl Into<Cow<'static, str>>) {
        self.errors.push(FieldError { pointer: format!("/{name}"), code: code.into(), detail: detail.into() });
    }

    /// Takes a parameter's text.
    pub fn text(&mut self, name: &str) -> Option<String> {
        let at = self.pairs.iter().position(|(known, _)| known == name)?;
        let (_, value) = self.pairs.remove(at);
        if self.pairs.iter().any(|(known, _)| known == name) {
            self.pairs.retain(|(known, _)| known != name);
            self.wrong(name, "DUPLICATE_FIELD", "must be given once");
        }
        Some(value)
    }

    /// Takes a parameter and parses it.
    pub fn parsed<T>(&mut self, name: &str, parse: impl FnOnce(&str) -> Option<T>, detail: &'static str) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.wrong(name, "BAD_FORMAT", detail);
        }
        parsed
    }

    /// Takes `limit`: 1 to 100, 50 when it is not given.
    pub fn limit(&mut self) -> usize {
        let Some(text) = self.text("limit") else { return PAGE_DEFAULT_ROWS };
        match text.parse::<usize>() {
            Ok(limit) if (1..=PAGE_MAX_ROWS).contains(&limit) => limit,
            Ok(_) => {
                self.wrong("limit", "OUT_OF_RANGE", format!("must be from 1 to {PAGE_MAX_ROWS}"));
                PAGE_DEFAULT_ROWS
            }
            Err(_) => {
                self.wrong("limit", "BAD_FORMAT", "must be a whole number");
                PAGE_DEFAULT_ROWS
            }
        }
    }

    /// Takes `true` or `false`; false when it is not given.
    pub fn flag(&mut self, name: &str) -> bool {
        let parse = |text: &str| text.parse::<bool>().ok();
        self.parsed(name, parse, "must be true or false").unwrap_or_default()
    }

    /// Everything was taken.
    ///
    /// # Errors
    /// [`Code::ValidationFailed`] with everything that was wrong, and what nobody took.
    pub fn done(&mut self) -> Result<(), Problem> {
        for (name, _) in std::mem::take(&mut self.pairs) {
            self.wrong(&name, "UNKNOWN_FIELD", "is not a parameter here");
        }
        let errors = std::mem::take(&mut self.errors).into_iter();
        let problem = errors.fold(Problem::new(Code::ValidationFailed), |problem, error| {
            problem.and_field(error.pointer, error.code, error.detail)
        });
        if problem.errors().is_empty() { Ok(()) } else { Err(problem) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> QueryString {
        QueryString::of(&format!("/x?{text}").parse().unwrap()).unwrap()
    }

    fn complaints(mut query: QueryString) -> Vec<(String, String)> {
        let problem = query.done().unwrap_err();
        problem.errors().iter().map(|error| (error.pointer.clone(), error.code.to_string())).collect()
    }

    #[test]
    fn a_limit_has_a_default_and_bounds() {
        assert_eq!(query("").limit(), 50);
        assert_eq!(query("limit=100").limit(), 100);
        for (bad, code) in [("0", "OUT_OF_RANGE"), ("101", "OUT_OF_RANGE"), ("-1", "BAD_FORMAT"), ("x", "BAD_FORMAT")] {
            let mut query = query(&format!("limit={bad}"));
            query.limit();
            assert_eq!(complaints(query), [("/limit".to_owned(), code.to_owned())], "{bad}");
        }
    }

    #[test]
    fn unknown_and_repeated_parameters_are_named() {
        let mut query = query("left=true&left=false&extra=1");
        assert!(query.flag("left"));
        let expected = [("/left", "DUPLICATE_FIELD"), ("/extra", "UNKNOWN_FIELD")];
        assert_eq!(complaints(query), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    }

    #[test]
    fn escapes_are_undone() {
        assert_eq!(query("q=a%20b+c%C3%A9").text("q").as_deref(), Some("a b cé"));
    }
}
