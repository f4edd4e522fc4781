//! `GET /v1/feed/events`: the feed without a WebSocket, as a long poll or as a stream of server-sent events. The same
//! `event` frames, found in the same way.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::auth::lasting::lasting;
use crate::auth::token::unauthenticated;
use crate::http::answer::found;
use crate::http::feed::resume_point::{ResumePoint, last_event_id};
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
use bytes::Bytes;
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
             without end: each event has its log and position as `id`, `Last-Event-ID` goes before `after`, comments \
             keep the connection alive, and `event: reset` says that what was missed cannot be sent. A notification \
             comes before the event that it tells of, is not counted by `limit`, and has no `id` of its own: whoever \
             comes back gets both. A reader that takes nothing for 5 seconds is cut and may come back. Polls and \
             streams count as sockets of the account. On \
             `account.erased`, which comes to everybody, a client forgets every word of that account: its names and what \
             its messages and stories said.",
        )
        .parameter(
            "after",
            Type::String,
            "A position, or `<log>:<position>` as streams give it; what comes from now on when it is not sent.",
        )
        .parameter("limit", Type::Integer, "Events: 1 to 100; 50 when it is not sent. For polls.")
        .parameter("wait_s", Type::Integer, "0 to 25; 0 when it is not sent. For polls.")
        .parameter("ticket", Type::String, "From `POST /v1/feed/tickets`, for clients that cannot send a header.")
        .answers::<Events>(200, "What came.")
        .answers_as::<String>(200, EVENT_STREAM, "")
        .refuses(&[Code::FeedTooFar, Code::RateLimited])
}

async fn handle(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let mut query = QueryString::of(request.uri())?;
    let ticket = query.text("ticket");
    let after = query.parsed("after", |text| text.parse::<ResumePoint>().ok(), "must be a position");
    let limit = query.limit();
    let wait = query.parsed("wait_s", seconds, "must be from 0 to 25").unwrap_or_default();
    query.done()?;
    let Some(caller) = caller_of(&app, &request, ticket)? else {
        return Err(unauthenticated());
    };
    let known = headers::min_position(request.headers(), app.log_id, app.log.head());
    if wants_stream(request.headers()) {
        let is_other_log = match known {
            Ok(_) => false,
            Err(problem) if problem.code() == Code::LogChanged => true,
            Err(problem) => return Err(problem),
        };
        let after = last_event_id(request.headers())?.or(after);
        return stream::open(app, caller, after, is_other_log, request).await;
    }
    known?;
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
    after: Option<ResumePoint>,
    limit: usize,
    until: Instant,
) -> Result<Response, Problem> {
    let after = match after {
        Some(ResumePoint { log, position }) => match app.live.reset(caller.account, position, log).await? {
            Some(Reset::TooFar) => return Err(Problem::new(Code::FeedTooFar)),
            Some(Reset::LogChanged | Reset::BeyondHead) => return Err(Problem::new(Code::LogChanged)),
            None => position,
        },
        None => app.live.position(),
    };
    let mut follower = Follower::new(&app.live, caller.account, caller.session, after);
    let mut came = Came::default();
    while came.events <= limit && !(follower.caught_up_to.is_some() && came.is_something()) {
        match follower.next(until).await? {
            Next::Frames(texts) => came.add(texts),
            Next::Standing(texts) => came.stand(texts, after),
            Next::Nothing | Next::End => break,
        }
    }
    let has_more = came.events > limit || follower.caught_up_to.is_none();
    let (texts, last) = came.cut(limit, has_more);
    // Whoever caught up has everything up to there, also what was not for them.
    let caught_up = follower.caught_up_to.filter(|_| !has_more);
    let position = last.max(caught_up).unwrap_or(after);
    let items = texts.into_iter().map(|text| RawValue::from_string(String::from_utf8_lossy(&text).into_owned()));
    let items = items.collect::<Result<_, _>>().map_err(|fault| Problem::internal(&fault))?;
    found(app, position, &Events { items, position, has_more })
}

/// What came for a poll.
#[derive(Default)]
struct Came {
    frames: Vec<(Seen, Bytes)>,
    /// Events whose last frame is among them.
    events: usize,
    /// What comes after the last event that was missed.
    standing: Vec<Bytes>,
}

impl Came {
    fn add(&mut self, texts: Vec<Bytes>) {
        let frames = texts.into_iter().filter_map(|text| Some((seen(&text)?, text)));
        for (seen, text) in frames {
            self.events += usize::from(seen.last);
            self.frames.push((seen, text));
        }
    }

    /// Whoever missed nothing is told only what is newer than they know.
    fn stand(&mut self, texts: Vec<Bytes>, after: Position) {
        let missed_something = !self.frames.is_empty();
        let is_news = |text: &Bytes| missed_something || seen(text).is_some_and(|seen| seen.position > after);
        self.standing.extend(texts.into_iter().filter(is_news));
    }

    fn is_something(&self) -> bool {
        self.events > 0 || !self.standing.is_empty()
    }

    /// So many events at most, none without its last frame, and the position of the last.
    fn cut(self, limit: usize, has_more: bool) -> (Vec<Bytes>, Option<Position>) {
        let ends = self.frames.iter().enumerate().filter(|(_, (seen, _))| seen.last);
        let last = ends.take(limit).last().map(|(at, (seen, _))| (at + 1, seen.position));
        let (len, position) = last.unzip();
        let texts = self.frames.into_iter().take(len.unwrap_or_default()).map(|(_, text)| text);
        let standing = self.standing.into_iter().filter(|_| !has_more);
        (texts.chain(standing).collect(), position)
    }
}

/// What is known of an event's frame.
#[derive(Clone, Copy)]
pub struct Seen {
    /// The event's.
    pub position: Position,
    /// Whether the event makes no more frames: only such a position is kept.
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
