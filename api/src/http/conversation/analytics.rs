//! `GET /v1/conversations/{id}/analytics`: how much is said in a conversation.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::operation::{Method, Route};
use crate::http::query_string::QueryString;
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::conversation::{Analytics, DateRange, DayCount};
use axum::extract::State;
use axum::response::Response;
use chrono::{Days, NaiveDate};
use domain::ids::{ConversationId, Position};
use projections::projection::{MESSAGE_COUNTS, MESSAGING};
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// Days of one question, at most.
const RANGE_MAX_DAYS: i64 = 366;
/// Days before the last one when the client does not say.
const RANGE_DEFAULT_DAYS: u64 = 6;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/conversations/{id}/analytics", "Analytics", handle)
        .summary("Counts messages and active members a day, in UTC.")
        .parameter("from", Type::String, "The first day, such as 2026-01-31; six days before the last by default.")
        .parameter("to", Type::String, "The last day; today by default.")
        .answers::<Analytics>(200, "The counts. Days without messages are left out.")
        .refuses(&[Code::NotFound, Code::NotPermitted])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id: ConversationId = question.path.id("id")?;
    let (from, to) = range(&mut question.query, question.now.to_utc().date_naive());
    question.query.done()?;
    question.wait(&app, MESSAGING).await?;
    question.wait(&app, MESSAGE_COUNTS).await?;
    let seen = member_at(&app, &question, id).await?;
    let counts = app.projections.message_counts().per_day(id, from, to).await?;
    let series = |count: fn(&projections::conversation::message_counts::DayCount) -> u64| {
        counts.value.iter().map(|of| DayCount { day: of.day.to_string(), count: count(of) }).collect()
    };
    let analytics = Analytics {
        messages_per_day: series(|of| of.count),
        active_members: series(|of| of.senders),
        date_range: DateRange { from: from.to_string(), to: to.to_string() },
    };
    found(&app, counts.position.min(seen), &analytics)
}

/// The position at which the caller is a member. Who left would learn from figures what goes on without them.
///
/// # Errors
/// [`Code::NotPermitted`] for who left, [`Code::NotFound`] for who never was in it.
pub async fn member_at(app: &App, question: &Question, id: ConversationId) -> Result<Position, Problem> {
    let seen = app.projections.messaging().conversation(question.caller.account, id).await?;
    match seen.value {
        Some(view) if view.left => Err(Problem::new(Code::NotPermitted).at(seen.position)),
        Some(_) => Ok(seen.position),
        None => Err(missing(seen.position)),
    }
}

/// Takes `from` and `to`.
pub fn range(query: &mut QueryString, today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let day = |text: &str| text.parse::<NaiveDate>().ok();
    let to = query.parsed("to", day, "must be a day such as 2026-01-31").unwrap_or(today);
    let default = to.checked_sub_days(Days::new(RANGE_DEFAULT_DAYS)).unwrap_or(to);
    let from = query.parsed("from", day, "must be a day such as 2026-01-31").unwrap_or(default);
    if from > to {
        query.wrong("from", "OUT_OF_RANGE", "must not be after the last day");
    }
    if (to - from).num_days() >= RANGE_MAX_DAYS {
        query.wrong("from", "OUT_OF_RANGE", format!("must be less than {RANGE_MAX_DAYS} days before the last day"));
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range_of(text: &str) -> (String, String, bool) {
        let mut query = QueryString::of(&format!("/x?{text}").parse().unwrap()).unwrap();
        let (from, to) = range(&mut query, NaiveDate::from_ymd_opt(2026, 3, 10).unwrap());
        (from.to_string(), to.to_string(), query.done().is_ok())
    }

    #[test]
    fn the_default_are_the_last_seven_days() {
        assert_eq!(range_of(""), ("2026-03-04".into(), "2026-03-10".into(), true));
        assert_eq!(range_of("to=2026-01-08"), ("2026-01-02".into(), "2026-01-08".into(), true));
    }

    #[test]
    fn a_range_is_neither_backward_nor_endless() {
        assert!(!range_of("from=2026-03-11").2);
        assert!(!range_of("from=2025-03-09").2);
        assert!(range_of("from=2025-03-10").2);
        assert!(!range_of("from=yesterday").2);
    }
}
