//! `GET /v1/log/streams/{stream}`: one stream of the log.

use crate::app::App;
use crate::http::answer::found;
use crate::http::log::listing::{self, NDJSON, Step};
use crate::http::log::veil::Veil;
use crate::http::operation::{Access, Method, Route};
use crate::http::path::not_found;
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::log::LogEvent;
use crate::wire::page::Page;
use axum::extract::State;
use axum::response::Response;
use domain::source::{Direction, StreamSlice};
use domain::stream::StreamName;
use http::HeaderMap;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/log/streams/{stream}", "ReadStream", handle)
        .access(Access::LogReaders)
        .summary("Reads one stream of the log: envelopes and clear fields. Words show as `[sealed]`.")
        .description("As for the whole log. Analysts cannot ask for streams that are named after an account.")
        .parameter("from", Type::String, "The first revision, itself included; the start or the end by default.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("direction", Type::String, "`forward` (the default) or `backward`.")
        .answers::<Page<LogEvent>>(200, "A page of events.")
        .answers_as::<LogEvent>(200, NDJSON, "")
        .refuses(&[Code::RoleRequired, Code::NotFound, Code::BadCursor])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question, headers: HeaderMap) -> Result<Response, Problem> {
    let veil = listing::veil(&app, &question).await?;
    let stream = StreamName::parse(question.path.text("stream")?).map_err(|_| not_found())?;
    if veil.hides(stream.as_str()) {
        return Err(not_found());
    }
    let wants_lines = listing::wants_lines(&headers);
    let cursor = if wants_lines { None } else { question.query.text("cursor") };
    let direction = listing::direction(&mut question.query);
    let from = question.query.parsed("from", |text| text.parse::<u64>().ok(), "must be a revision");
    let from = from.unwrap_or(match direction {
        Direction::Forward => 0,
        Direction::Backward => u64::MAX,
    });
    if wants_lines {
        let limit = listing::limit_of_lines(&mut question.query);
        question.query.done()?;
        return lines(app, question, stream, from, direction, limit).await;
    }
    let limit = question.query.limit();
    question.query.done()?;
    let list = format!("{stream} {direction:?}");
    let cursors = question.cursors(&app, &list);
    let from = cursor.map(|cursor| cursors.open(&cursor).map(u64::from_be_bytes)).transpose()?.unwrap_or(from);
    let head = app.log.head();
    let slice = app.log.read_stream(&stream, from, direction, limit).await?;
    let next = next(&slice, direction, limit).map(|next| cursors.make(&next.to_be_bytes()));
    let items = shown(slice, &veil)?;
    found(&app, head, &Page::new(items, next))
}

fn shown(slice: StreamSlice, veil: &Veil) -> Result<Vec<LogEvent>, Problem> {
    slice.revision.ok_or_else(not_found)?;
    Ok(slice.events.iter().map(|event| veil.show(event)).collect())
}

/// The revision at which the next page starts.
fn next(slice: &StreamSlice, direction: Direction, limit: usize) -> Option<u64> {
    let last = slice.events.last().filter(|_| slice.events.len() >= limit)?.revision;
    match direction {
        Direction::Forward => Some(last + 1).filter(|next| slice.revision.is_some_and(|end| *next <= end)),
        Direction::Backward => last.checked_sub(1),
    }
}

async fn lines(
    app: Arc<App>,
    question: Question,
    stream: StreamName,
    from: u64,
    direction: Direction,
    limit: Option<u64>,
) -> Result<Response, Problem> {
    // A stream that does not exist is told apart before the first line.
    let end = app.log.read_stream(&stream, u64::MAX, Direction::Backward, 1).await?.revision.ok_or_else(not_found)?;
    let stream = Arc::new(stream);
    Ok(listing::lines(app, question, from, limit, move |app, from, limit| {
        let stream = stream.clone();
        async move {
            let mut slice = app.log.read_stream(&stream, from, direction, limit).await?;
            slice.events.retain(|event| event.revision <= end);
            slice.revision = Some(end);
            Ok(Step { next: next(&slice, direction, limit), events: slice.events })
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_page_is_the_last() {
        let slice = StreamSlice { events: Vec::new(), revision: Some(7) };
        assert_eq!(next(&slice, Direction::Forward, 10), None);
        assert_eq!(next(&slice, Direction::Backward, 10), None);
    }
}
