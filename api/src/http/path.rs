//! Parameters in paths. What cannot be an id leads nowhere: 404.

use crate::problem::{Code, Problem};
use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;
use serde::Serialize;
use serde_json::{Map, Value};
use std::str::FromStr;

/// The parameters of a path, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Path(Vec<(String, String)>);

impl Path {
    /// The parameters of a request's path.
    ///
    /// # Errors
    /// [`Code::NotFound`] when one is not UTF-8.
    pub async fn of(parts: &mut Parts) -> Result<Self, Problem> {
        let params = RawPathParams::from_request_parts(parts, &()).await.map_err(|_| not_found())?;
        Ok(Self(params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }

    /// A path with one parameter.
    pub fn with(name: &str, value: &str) -> Self {
        Self(vec![(name.to_owned(), value.to_owned())])
    }

    /// Takes the named parameters out of the body of a command on the feed.
    ///
    /// # Errors
    /// [`Code::ValidationFailed`] when one is missing or no text.
    pub fn out_of(body: &mut Map<String, Value>, names: &[&str]) -> Result<Self, Problem> {
        let mut params = Vec::with_capacity(names.len());
        for name in names {
            match body.remove(*name) {
                Some(Value::String(value)) => params.push(((*name).to_owned(), value)),
                Some(_) => return Err(Problem::field(format!("/{name}"), "WRONG_TYPE", "must be a string")),
                None => return Err(Problem::field(format!("/{name}"), "REQUIRED", "is missing")),
            }
        }
        Ok(Self(params))
    }

    /// The text of a parameter.
    ///
    /// # Errors
    /// [`Code::NotFound`] when there is none.
    pub fn text(&self, name: &str) -> Result<&str, Problem> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).ok_or_else(not_found)
    }

    /// A parameter as an id.
    ///
    /// # Errors
    /// [`Code::NotFound`] when it cannot be one.
    pub fn id<T: FromStr>(&self, name: &str) -> Result<T, Problem> {
        self.text(name)?.parse().map_err(|_| not_found())
    }
}

/// The answer for everything that is not there.
pub fn not_found() -> Problem {
    Problem::new(Code::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::ConversationId;

    #[test]
    fn parameters_are_taken_out_of_a_body() {
        let Value::Object(mut body) = serde_json::json!({"id": "x", "text": "hi"}) else { unreachable!() };
        let path = Path::out_of(&mut body, &["id"]).unwrap();
        assert_eq!((path.text("id").unwrap(), body.len()), ("x", 1));
        assert_eq!(path.id::<ConversationId>("id").unwrap_err().code(), Code::NotFound);
        assert_eq!(Path::out_of(&mut body, &["id"]).unwrap_err().errors()[0].pointer, "/id");
    }
}
