//! `GET /v1/conversations/{id}/messages`: a part of a conversation.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::operation::{Method, Route};
use crate::http::query_string::QueryString;
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::message::{Message, Timeline};
use axum::extract::State;
use axum::response::Response;
use domain::ids::parse_seq;
use projections::conversation::messaging::views::Window;
use projections::projection::MESSAGING;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/conversations/{id}/messages", "Timeline", handle)
        .summary("Shows a part of a conversation, ascending: the newest page, or what stands before, after or around.")
        .parameter("before", Type::Integer, "What stands right before this `seq`.")
        .parameter("after", Type::Integer, "What stands right after this `seq`; 0 for the first.")
        .parameter("around", Type::Integer, "What stands around this `seq`, itself included.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<Timeline>(200, "A part of the conversation.")
        .refuses(&[Code::NotFound])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let id = question.path.id("id")?;
    let (window, limit) = (window(&mut question.query), question.query.limit());
    question.query.done()?;
    question.wait(&app, MESSAGING).await?;
    let answer = app.projections.messaging().page(question.caller.account, id, window, limit).await?;
    let page = answer.value.ok_or_else(|| missing(answer.position))?;
    let timeline = Timeline {
        items: page.items.into_iter().map(Message::from).collect(),
        found_oldest: page.found_oldest,
        found_newest: page.found_newest,
    };
    found(&app, answer.position, &timeline)
}

/// Takes at most one of `before`, `after` and `around`.
pub fn window(query: &mut QueryString) -> Window {
    let seq = |text: &str| parse_seq(text).ok();
    let from_start = |text: &str| if text == "0" { Some(0) } else { seq(text) };
    let detail = "must be the seq of a message";
    let windows = [
        ("before", query.parsed("before", seq, detail).map(Window::Before)),
        ("after", query.parsed("after", from_start, detail).map(Window::After)),
        ("around", query.parsed("around", seq, detail).map(Window::Around)),
    ];
    let mut asked = windows.into_iter().filter_map(|(name, window)| window.map(|window| (name, window)));
    let first = asked.next();
    if let Some((name, _)) = asked.next() {
        query.wrong(name, "NOT_AVAILABLE", "only one of before, after and around can be asked for");
    }
    first.map_or(Window::Newest, |(_, window)| window)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> (Window, bool) {
        let mut query = QueryString::of(&format!("/x?{text}").parse().unwrap()).unwrap();
        let window = window(&mut query);
        (window, query.done().is_ok())
    }

    #[test]
    fn one_window_can_be_asked_for() {
        assert_eq!(asked(""), (Window::Newest, true));
        assert_eq!(asked("before=7"), (Window::Before(7), true));
        assert_eq!(asked("after=0"), (Window::After(0), true));
        assert_eq!(asked("around=1"), (Window::Around(1), true));
        for bad in ["before=0", "before=x", "after=-1", "around=0", "before=1&after=2"] {
            assert!(!asked(bad).1, "{bad}");
        }
    }
}
