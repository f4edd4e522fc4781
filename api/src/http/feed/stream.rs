//! The feed as a stream of server-sent events (WHATWG HTML, 9.2).

use crate::app::App;
use crate::auth::caller::Caller;
use crate::auth::lasting::{Over, lasting};
use crate::conduit::Narrow;
use crate::http::feed::events::seen;
use crate::http::feed::resume_point::ResumePoint;
use crate::http::request::Cut;
use crate::live::close::Close;
use crate::live::follower::{Follower, Next};
use crate::live::frame::Reset;
use crate::live::meters::count_end;
use crate::problem::Problem;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use domain::ids::LogId;
use domain::limits::FEED_STUCK_SECONDS;
use futures_util::future::BoxFuture;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Its media type.
pub const EVENT_STREAM: &str = "text/event-stream";
/// How often a comment says that the connection lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long clients wait before they come back.
const RETRY_MILLISECONDS: u64 = 2_000;
/// How often a stream is looked at, whether its reader takes anything.
const LOOK: Duration = Duration::from_secs(1);

/// When something was handed over that was not taken yet.
type Handed = Arc<Mutex<Option<Instant>>>;

struct Stream {
    follower: Follower,
    /// Ends with the caller's session.
    session: BoxFuture<'static, Over>,
    log: LogId,
    /// Whoever comes back, or did not keep up, is told how things stand that are not kept one by one.
    tells_standing: bool,
    head: Option<String>,
    handed: Handed,
    has_place: bool,
}

/// Answers with a stream of everything after a position. With another log, or too far behind, it says so and goes on with
/// what comes.
///
/// # Errors
/// When the index does not answer.
pub async fn open(
    app: Arc<App>,
    caller: Caller,
    after: Option<ResumePoint>,
    is_other_log: bool,
    request: Request,
) -> Result<Response, Problem> {
    let reset = match after {
        _ if is_other_log => Some(Reset::LogChanged),
        Some(ResumePoint { log, position }) => app.live.reset(caller.account, position, log).await?,
        None => None,
    };
    let after = after.filter(|_| reset.is_none()).map(|point| point.position);
    let mut head = format!("retry: {RETRY_MILLISECONDS}\n\n");
    if let Some(reset) = reset {
        let reason = serde_json::to_string(&reset).map_err(|fault| Problem::internal(&fault))?;
        head += &format!("event: reset\ndata: {{\"op\":\"reset\",\"reason\":{reason}}}\n\n");
    }
    let handed = Handed::default();
    if let Some(narrow) = request.extensions().get::<Narrow>() {
        narrow.ask();
    }
    if let Some(cut) = request.extensions().get::<Cut>() {
        app.live.watch(watch(Arc::clone(&app), caller, Arc::downgrade(&handed), cut.clone()));
    }
    let follower =
        Follower::new(&app.live, caller.account, caller.session, after.unwrap_or_else(|| app.live.position()));
    let log = app.log_id;
    let session = Box::pin(async move { lasting(&app, caller).await });
    let tells_standing = after.is_some();
    let stream = Stream { follower, session, log, tells_standing, head: Some(head), handed, has_place: false };
    let chunks = futures_util::stream::unfold(stream, |mut stream| async move {
        *stream.handed.lock() = None;
        let chunk = stream.next().await?;
        *stream.handed.lock() = Some(Instant::now());
        Some((Ok::<_, std::convert::Infallible>(chunk), stream))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    Ok(response)
}

impl Stream {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(head) = self.head.take() {
            return Some(head.into());
        }
        loop {
            let next = tokio::select! {
                next = self.follower.next(Instant::now() + HEARTBEAT) => next,
                over = &mut self.session => {
                    count_end(Some(over.into()));
                    return None;
                }
            };
            let next = match next {
                Ok(next) => next,
                Err(fault) => {
                    tracing::warn!(error = %fault, cause = ?std::error::Error::source(&fault), "a stream ended");
                    return None;
                }
            };
            let mut text = String::new();
            match next {
                Next::Frames(frames) => self.write(&mut text, &frames),
                Next::Standing(frames) if self.tells_standing => self.write(&mut text, &frames),
                Next::Standing(_) => {}
                Next::Nothing => text.push_str(":\n\n"),
                Next::End => return None,
            }
            if let Some(position) = self.follower.caught_up_to.filter(|_| !self.has_place) {
                // From here on there is a place to come back to, even if nothing was missed.
                self.has_place = true;
                self.tells_standing = true;
                text += &format!("id: {}\n\n", ResumePoint { log: Some(self.log), position });
            }
            if !text.is_empty() {
                return Some(text.into());
            }
        }
    }

    /// Only the last frame of an event has an id: whoever comes back before it gets all of the event.
    fn write(&self, text: &mut String, frames: &[Bytes]) {
        for frame in frames {
            let Some(seen) = seen(frame) else { continue };
            if seen.last {
                *text += &format!("id: {}\n", ResumePoint { log: Some(self.log), position: seen.position });
            }
            // JSON has no line breaks of its own.
            *text += &format!("data: {}\n\n", String::from_utf8_lossy(frame));
        }
    }
}

/// Ends the connection of a stream whose reader takes nothing for too long, or not even the end of its session.
async fn watch(app: Arc<App>, caller: Caller, handed: Weak<Mutex<Option<Instant>>>, cut: Cut) {
    tokio::select! {
        () = watch_reader(&handed, &cut) => return,
        _over = lasting(&app, caller) => {}
    }
    sleep(LOOK).await;
    if handed.upgrade().is_some() {
        cut.0.cancel();
    }
}

async fn watch_reader(handed: &Weak<Mutex<Option<Instant>>>, cut: &Cut) {
    while let Some(handed) = handed.upgrade() {
        let since = *handed.lock();
        drop(handed);
        if since.is_some_and(|since| since.elapsed() >= Duration::from_secs(FEED_STUCK_SECONDS)) {
            count_end(Some(Close::TooSlow));
            cut.0.cancel();
            return;
        }
        sleep(LOOK).await;
    }
}
