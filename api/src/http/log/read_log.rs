//! `GET /v1/log`: the whole log, in either direction, filtered.

use crate::app::App;
use crate::http::answer::found;
use crate::http::log::listing::{self, NDJSON, Step};
use crate::http::log::veil::Veil;
use crate::http::operation::{Access, Method, Route};
use crate::http::query_string::QueryString;
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::log::LogEvent;
use crate::wire::page::Page;
use axum::extract::State;
use axum::response::Response;
use domain::event::EventType;
use domain::ids::Position;
use domain::source::{Direction, Filter};
use http::HeaderMap;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// Filtered reads of one page, at most: a page of a rare filter may be short and still not the last.
const READS_A_PAGE_MAX: usize = 64;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/log", "ReadLog", handle)
        .access(Access::LogReaders)
        .summary("Reads the log: envelopes and clear fields. Words show as `[sealed]`.")
        .description(
            "Analysts see a pseudonym in place of every account, the same everywhere, and cannot ask for streams that \
             are named after one. With `Accept: application/x-ndjson` one event a line is streamed up to the log's \
             end, and `limit` may be any number.",
        )
        .parameter(
            "from",
            Type::String,
            "Begins after this position, or before it when reading backward; `0` is the start. Beyond the head it is of \
             another log, and refused.",
        )
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("types", Type::String, "Types of events, with commas between them.")
        .parameter("stream_prefix", Type::String, "How the stream's name starts.")
        .parameter("direction", Type::String, "`forward` (the default) or `backward`.")
        .answers::<Page<LogEvent>>(200, "A page of events.")
        .answers_as::<LogEvent>(200, NDJSON, "")
        .refuses(&[Code::RoleRequired, Code::BadCursor, Code::LogChanged])
}

/// What is asked for.
#[derive(Clone)]
struct Asked {
    // Exclusive: positions are opaque, so nobody can name the one after the last that they have seen.
    from: Position,
    direction: Direction,
    filter: Filter,
}

async fn handle(State(app): State<Arc<App>>, mut question: Question, headers: HeaderMap) -> Result<Response, Problem> {
    let veil = listing::veil(&app, &question).await?;
    let wants_lines = listing::wants_lines(&headers);
    let cursor = if wants_lines { None } else { question.query.text("cursor") };
    let asked = parse(&mut question.query, &veil, app.log.head());
    if wants_lines {
        let limit = listing::limit_of_lines(&mut question.query);
        question.query.done()?;
        return Ok(lines(app, question, asked?, limit));
    }
    let limit = question.query.limit();
    question.query.done()?;
    page(&app, &question, asked?, cursor.as_deref(), limit, &veil).await
}

/// Whoever comes from beyond the head has read another log.
fn parse(query: &mut QueryString, veil: &Veil, head: Position) -> Result<Asked, Problem> {
    let direction = listing::direction(query);
    let from = query.parsed("from", |text| text.parse().ok(), "must be a position");
    let is_beyond = from.is_some_and(|from| from > head);
    let from = match direction {
        Direction::Forward => from.unwrap_or(Position::START),
        Direction::Backward => from.unwrap_or(Position(u64::MAX)),
    };
    let types = |text: &str| text.split(',').map(EventType::parse).collect::<Option<Vec<_>>>();
    let types = query.parsed("types", types, "must be types of events with commas between them").unwrap_or_default();
    let prefix = query.text("stream_prefix");
    if prefix.as_deref().is_some_and(|prefix| veil.hides(prefix)) {
        query.wrong("stream_prefix", "NOT_AVAILABLE", "must not name an account");
    }
    let asked = Asked { from, direction, filter: Filter { stream_prefixes: prefix.into_iter().collect(), types } };
    if is_beyond { Err(Problem::new(Code::LogChanged)) } else { Ok(asked) }
}

async fn page(
    app: &App,
    question: &Question,
    asked: Asked,
    cursor: Option<&str>,
    limit: usize,
    veil: &Veil,
) -> Result<Response, Problem> {
    let head = app.log.head();
    let Asked { from, direction, filter } = asked;
    let list = format!("log {direction:?} {filter:?}");
    let cursors = question.cursors(app, &list);
    let mut place =
        cursor.map(|cursor| cursors.open(cursor).map(u64::from_be_bytes)).transpose()?.map_or(from, Position);
    let (mut items, mut at_end) = (Vec::with_capacity(limit), false);
    for _ in 0..READS_A_PAGE_MAX {
        let slice = app.log.read_all(place, direction, limit - items.len(), &filter).await?;
        items.extend(slice.events.iter().map(|event| veil.show(event)));
        (place, at_end) = (slice.next, slice.at_end);
        if at_end || items.len() >= limit {
            break;
        }
    }
    let next = (!at_end).then(|| cursors.make(&place.0.to_be_bytes()));
    found(app, head, &Page::new(items, next))
}

fn lines(app: Arc<App>, question: Question, asked: Asked, limit: Option<u64>) -> Response {
    let Asked { from, direction, filter } = asked;
    let (filter, head) = (Arc::new(filter), app.log.head());
    listing::lines(app, question, from, limit, move |app, place, limit| {
        let filter = filter.clone();
        async move {
            let mut slice = app.log.read_all(place, direction, limit, &filter).await?;
            // What is appended meanwhile does not make the listing endless.
            if direction == Direction::Forward {
                slice.events.retain(|event| event.position <= head);
                slice.at_end |= slice.next >= head;
            }
            Ok(Step { events: slice.events, next: (!slice.at_end).then_some(slice.next) })
        }
    })
}
