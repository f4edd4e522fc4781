//! Answers of commands and of questions.

use crate::app::App;
use crate::http::headers::{IDEMPOTENCY_REPLAYED, TIDINGS_LOG, TIDINGS_POSITION};
use crate::problem::{Code, Problem};
use axum::body::Body;
use axum::response::Response;
use domain::ids::Position;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;

/// What a command answers, over HTTP and over the feed.
#[derive(Debug)]
pub struct Answer {
    /// 200, 201 or 204.
    pub status: StatusCode,
    /// The body, as JSON.
    pub body: Option<Box<RawValue>>,
    /// The command's last event, or the head that it decided on.
    pub position: Position,
    /// Whether it answers a repeat.
    pub replayed: bool,
    /// The entity tag of what was changed.
    pub etag: Option<HeaderValue>,
}

impl Answer {
    /// An answer with a body.
    ///
    /// # Errors
    /// When the body cannot be JSON, which does not happen.
    pub fn json(status: StatusCode, body: &impl Serialize, done: &commands::execute::Done) -> Result<Self, Problem> {
        let body = serde_json::value::to_raw_value(body).map_err(|fault| Problem::internal(&fault))?;
        Ok(Self { body: Some(body), status, ..Self::empty(done) })
    }

    /// 204.
    pub fn empty(done: &commands::execute::Done) -> Self {
        let (position, replayed) = (done.position, done.replayed);
        Self { status: StatusCode::NO_CONTENT, body: None, position, replayed, etag: None }
    }

    /// The answer over HTTP.
    pub fn into_response(self, app: &App) -> Response {
        let body = self.body.map_or_else(String::new, |body| String::from(Box::<str>::from(body)));
        let mut response = respond(self.status, body);
        place(&mut response, app, self.position);
        if self.replayed {
            response.headers_mut().insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        }
        if let Some(etag) = self.etag {
            response.headers_mut().insert(ETAG, etag);
        }
        response
    }
}

/// What a question answers: JSON, and the position that the projection had reached.
///
/// # Errors
/// When the body cannot be JSON, which does not happen.
pub fn found(app: &App, position: Position, body: &impl Serialize) -> Result<Response, Problem> {
    let body = serde_json::to_string(body).map_err(|fault| Problem::internal(&fault))?;
    let mut response = respond(StatusCode::OK, body);
    place(&mut response, app, position);
    Ok(response)
}

/// What a question answers when there is nothing, or nothing that the caller may know of, at that position.
pub fn missing(position: Position) -> Problem {
    Problem::new(Code::NotFound).at(position)
}

/// As [`found`], with an entity tag.
///
/// # Errors
/// When the body cannot be JSON, which does not happen.
pub fn found_tagged(
    app: &App,
    position: Position,
    etag: HeaderValue,
    body: &impl Serialize,
) -> Result<Response, Problem> {
    let mut response = found(app, position, body)?;
    response.headers_mut().insert(ETAG, etag);
    Ok(response)
}

fn respond(status: StatusCode, body: String) -> Response {
    let has_body = !body.is_empty();
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    if has_body {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

/// Says where in which log an answer stands.
pub fn place(response: &mut Response, app: &App, position: Position) {
    place_in(response, &app.log_header, position);
}

/// Says where in the log of this id an answer stands.
pub fn place_in(response: &mut Response, log: &HeaderValue, position: Position) {
    let headers = response.headers_mut();
    headers.insert(TIDINGS_POSITION, HeaderValue::from(position.0));
    headers.insert(TIDINGS_LOG, log.clone());
}

/// Sets a header whose value is text of our own making.
pub fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
