//! `GET /v1/conversations`: the caller's inbox, newest activity first.

use crate::app::App;
use crate::http::answer::found;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::conversation::Conversation;
use crate::wire::page::Page;
use axum::extract::State;
use axum::response::Response;
use domain::ids::{ConversationId, Position};
use projections::conversation::messaging::views::{InboxCursor, InboxQuery};
use projections::projection::MESSAGING;
use std::sync::Arc;
use utoipa::openapi::schema::Type;
use uuid::Uuid;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/conversations", "Inbox", handle)
        .summary("Lists the caller's conversations, newest activity first.")
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .parameter("left", Type::Boolean, "Conversations that the caller left, too.")
        .parameter("archived", Type::Boolean, "Those that the caller has put away, instead of the others.")
        .parameter("pinned", Type::Boolean, "Only those that the caller keeps at the top.")
        .answers::<Page<Conversation>>(200, "A page of conversations.")
        .refuses(&[Code::BadCursor])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let query = &mut question.query;
    let (cursor, limit) = (query.text("cursor"), query.limit());
    let (left, archived, pinned) = (query.flag("left"), query.flag("archived"), query.flag("pinned"));
    query.done()?;
    let list = format!("inbox left={left} archived={archived} pinned={pinned}");
    let cursors = question.cursors(&app, &list);
    let after = cursor.map(|cursor| cursors.open(&cursor).map(place)).transpose()?;
    question.wait(&app, MESSAGING).await?;
    let query = InboxQuery { left, archived, pinned, after, limit };
    let page = app.projections.messaging().inbox(question.caller.account, &query).await?;
    let (items, next) = (page.value.items, page.value.next);
    let items = items.into_iter().map(|view| Conversation::of(view, question.now)).collect();
    found(&app, page.position, &Page::<Conversation>::new(items, next.map(|next| cursors.make(&bytes(next)))))
}

fn bytes(cursor: InboxCursor) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&cursor.activity.0.to_be_bytes());
    bytes[8..].copy_from_slice(cursor.conversation.uuid().as_bytes());
    bytes
}

fn place(bytes: [u8; 24]) -> InboxCursor {
    let [a, b, c, d, e, f, g, h, id @ ..] = bytes;
    InboxCursor {
        activity: Position(u64::from_be_bytes([a, b, c, d, e, f, g, h])),
        conversation: ConversationId::new(Uuid::from_bytes(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_bytes() {
        let cursor = InboxCursor { activity: Position(77), conversation: ConversationId::new(Uuid::from_u128(9)) };
        assert_eq!(place(bytes(cursor)), cursor);
    }
}
