//! `GET /v1/feed/events`: the feed without a WebSocket, as a long poll or as a stream of server-sent events. The same
//! `event` frames, found in the same way.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::auth::lasting::lasting;
use crate::auth::token::unauthenticated;
use crate::http::answer::found;
use crate::http::feed::socket::caller_of;
use crate::http::feed::stream::{self, EVENT_STREAM};
use crate::http::headers;
use crate::http::operation::{Method, Route};
use crate::http::query_string::QueryString;
use crate::live::follower::{Follower, Next};
use crate::live::frame::Reset;
use crate::live::join::JoinFault;
use crate::problem::{Code, Problem};
use axum::extract::{Request, State};
use axum::response::Response;
use domain::ids::Position;
use domain::limits::FEED_WAIT_MAX_SECONDS;
use http::HeaderMap;
use http::header::ACCEPT;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use utoipa::ToSchema;
use utoipa::openapi::schema::Type;

/// What came since a position.
#[derive(Serialize, ToSchema)]
pub struct Events {
    /// Frames `event` as over the WebSocket, in the log's order.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Box<RawValue>>,
    /// What to send as `after` next.
    #[schema(value_type = String)]
    position: Position,
    /// More is there already.
    has_more: bool,
}

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/feed/events", "FeedEvents", handle)
        .summary("The feed without a WebSocket: a long poll, or with `Accept: text/event-stream` a stream.")
        .description(
            "A poll answers with what came after `after`; if there is nothing, it waits for `wait_s`. A stream goes on \
             without end: each event has its position as `id`, `Last-Event-ID` goes before `after`, comments keep the \
             connection alive, and `event: reset` says that what was missed cannot be sent. A reader that takes \
             nothing for 5 seconds is cut and may come back. Polls and streams count as sockets of the account. On \
             `account.erased`, which comes to everybody, a client forgets every word of that account: its names and what \
             its messages and stories said.",
        )
        .parameter("after", Type::String, "A position; what comes from now on when it is not sent.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent. For polls.")
        .parameter("wait_s", Type::Integer, "0 to 25; 0 when it is not sent. For polls.")
        .parameter("ticket", Type::String, "From `POST /v1/feed/tickets`, for clients that cannot send a header.")
        .answers::<Events>(200, "What came.")
        .answers_as::<String>(200, EVENT_STREAM, "")
        .refuses(&[Code::FeedTooFar, Code::RateLimited])
}

async fn handle(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let mut query = QueryString::of(request.uri())?;
    let ticket = query.text("ticket");
    let after = query.parsed("after", |text| text.parse::<Position>().ok(), "must be a position");
    let limit = query.limit();
    let wait = query.parsed("wait_s", seconds, "must be from 0 to 25").unwrap_or_default();
    query.done()?;
    let Some(caller) = caller_of(&app, &request, ticket)? else {
        return Err(unauthenticated());
    };
    let other_log = headers::min_position(request.headers(), app.log_id, app.log.head()).map(drop);
    if wants_stream(request.headers()) {
        let last = request.headers().get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
        return stream::open(app, caller, last.or(after), other_log.is_err(), request).await;
    }
    other_log?;
    tokio::select! {
        answer = poll(&app, caller, after, limit, Instant::now() + wait) => answer,
        _over = lasting(&app, caller) => Err(unauthenticated().detail("the session is over")),
    }
}

fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().filter(|seconds| *seconds <= FEED_WAIT_MAX_SECONDS).map(Duration::from_secs)
}

fn wants_stream(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|part| part.split(';').next().map(str::trim) == Some(EVENT_STREAM))
}

async fn poll(
    app: &Arc<App>,
    caller: Caller,
    after: Option<Position>,
    limit: usize,
    until: Instant,
) -> Result<Response, Problem> {
    let after = match after {
        Some(after) => match app.live.reset(caller.account, after, None).await? {
            Some(Reset::TooFar) => return Err(Problem::new(Code::FeedTooFar)),
            Some(Reset::LogChanged | Reset::BeyondHead) => return Err(Problem::new(Code::LogChanged)),
            None => after,
        },
        None => app.live.position(),
    };
    let mut follower = Follower::new(&app.live, caller.account, caller.session, after);
    // Of what is kept only as it stands in the end, everything comes after the last event that was missed.
    let (mut events, mut standing) = (Vec::new(), Vec::new());
    while events.len() <= limit && !(follower.caught_up_to.is_some() && !(events.is_empty() && standing.is_empty())) {
        match follower.next(until).await? {
            Next::Frames(texts) => {
                for text in texts {
                    match seen(&text) {
                        Some(seen) if seen.last => events.push((seen.position, text)),
                        Some(seen) if !events.is_empty() || seen.position > after => standing.push(text),
                        Some(_) | None => {}
                    }
                }
            }
            Next::Nothing | Next::End => break,
        }
    }
    let has_more = events.len() > limit || follower.caught_up_to.is_none();
    events.truncate(limit);
    let last = events.last().map(|(position, _)| *position);
    // Whoever caught up has everything up to there, also what was not for them.
    let caught_up = follower.caught_up_to.filter(|_| !has_more);
    let position = last.max(caught_up).unwrap_or(after);
    let standing = standing.into_iter().filter(|_| !has_more);
    let items = events.into_iter().map(|(_, text)| text).chain(standing);
    let items = items.map(|text| RawValue::from_string(String::from_utf8_lossy(&text).into_owned()));
    let items = items.collect::<Result<_, _>>().map_err(|fault| Problem::internal(&fault))?;
    found(app, position, &Events { items, position, has_more })
}

/// What a client keeps of an event's frame.
#[derive(Clone, Copy)]
pub struct Seen {
    /// The event's.
    pub position: Position,
    /// Only such a position is kept.
    pub last: bool,
}

/// What is known of an event's frame; none for other frames.
pub fn seen(text: &[u8]) -> Option<Seen> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        position: Cow<'a, str>,
        last: bool,
    }
    let Envelope { position, last } = serde_json::from_slice(text).ok()?;
    Some(Seen { position: position.parse().ok()?, last })
}

impl From<JoinFault> for Problem {
    fn from(fault: JoinFault) -> Self {
        match fault {
            JoinFault::TooMany => {
                Problem::new(Code::RateLimited).detail("too many open feeds of this account").retry_after(5)
            }
            JoinFault::Index(_) | JoinFault::Render(_) => {
                tracing::error!(error = %fault, cause = ?std::error::Error::source(&fault), "events cannot be shown");
                Problem::new(Code::Unavailable).retry_after(1)
            }
        }
    }
}
