//! What both listings of the log share: who may ask, in which form, and how a stream of lines is made.

use crate::app::App;
use crate::auth::caller;
use crate::http::answer::place;
use crate::http::log::veil::Veil;
use crate::http::query_string::QueryString;
use crate::http::question::Question;
use crate::problem::Problem;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use domain::account::values::Role;
use domain::recorded::Recorded;
use domain::source::Direction;
use futures_util::stream;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use std::future::Future;
use std::sync::Arc;

/// One JSON object a line.
pub const NDJSON: &str = "application/x-ndjson";
/// Events that a stream of lines reads at once.
pub const READ_AT_ONCE_EVENTS: usize = 256;

/// How the caller sees the log.
///
/// # Errors
/// [`crate::problem::Code::RoleRequired`] when they are neither analyst nor auditor.
pub async fn veil(app: &App, question: &Question) -> Result<Veil, Problem> {
    let role = app.roles.require(&question.caller, &[Role::Analyst, Role::Auditor]).await?;
    Ok(Veil::of(role, &app.words))
}

/// Whether lines are asked for.
pub fn wants_lines(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).is_some_and(|accept| accept.contains(NDJSON))
}

/// Takes `direction`.
pub fn direction(query: &mut QueryString) -> Direction {
    let parse = |text: &str| match text {
        "forward" => Some(Direction::Forward),
        "backward" => Some(Direction::Backward),
        _ => None,
    };
    query.parsed("direction", parse, "must be forward or backward").unwrap_or(Direction::Forward)
}

/// Takes the `limit` of lines: any number, none for all of them.
pub fn limit_of_lines(query: &mut QueryString) -> Option<u64> {
    let parse = |text: &str| text.parse::<u64>().ok().filter(|limit| *limit > 0);
    query.parsed("limit", parse, "must be a number of at least 1")
}

/// One read of a stream of lines: the events, and where to go on; none at the end.
pub struct Step<P> {
    /// What was read.
    pub events: Vec<Arc<Recorded>>,
    /// Where the next read starts.
    pub next: Option<P>,
}

struct Lines<P> {
    app: Arc<App>,
    question: Question,
    place: Option<P>,
    left: u64,
}

/// Everything from a place on, as lines. Who asks is asked again who they are at every step.
pub fn lines<P, F>(
    app: Arc<App>,
    question: Question,
    from: P,
    limit: Option<u64>,
    read: impl Fn(Arc<App>, P, usize) -> F + Send + Sync + 'static,
) -> Response
where
    P: Send + 'static,
    F: Future<Output = Result<Step<P>, Problem>> + Send,
{
    let head = app.log.head();
    let begin = Lines { app: app.clone(), question, place: Some(from), left: limit.unwrap_or(u64::MAX) };
    let read = Arc::new(read);
    let body = stream::try_unfold(begin, move |mut lines| {
        let read = read.clone();
        async move {
            let Some(place) = lines.place.take().filter(|_| lines.left > 0) else { return Ok(None) };
            let chunk = lines.step(place, &*read).await;
            chunk.map(|chunk| Some((chunk, lines))).map_err(Broken)
        }
    });
    let mut response = Response::new(Body::from_stream(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(NDJSON));
    self::place(&mut response, &app, head);
    response
}

impl<P> Lines<P> {
    async fn step<F>(&mut self, place: P, read: &impl Fn(Arc<App>, P, usize) -> F) -> Result<Bytes, Problem>
    where
        F: Future<Output = Result<Step<P>, Problem>>,
    {
        caller::goes_on(&self.app, &self.question.caller)?;
        self.question.now = self.app.clock.now();
        let veil = veil(&self.app, &self.question).await?;
        let limit = usize::try_from(self.left).unwrap_or(usize::MAX).min(READ_AT_ONCE_EVENTS);
        let Step { events, next } = read(self.app.clone(), place, limit).await?;
        self.place = next;
        self.left = self.left.saturating_sub(events.len() as u64);
        let mut text = Vec::new();
        for event in &events {
            serde_json::to_writer(&mut text, &veil.show(event)).map_err(|fault| Problem::internal(&fault))?;
            text.push(b'\n');
        }
        Ok(text.into())
    }
}

/// A stream of lines that cannot go on: the connection breaks off, so that nobody takes it for the end.
#[derive(Debug, thiserror::Error)]
#[error("the listing broke off")]
struct Broken(Problem);
