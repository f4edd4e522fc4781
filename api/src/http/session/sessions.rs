//! `GET /v1/sessions`: where the caller is signed in.

use crate::app::App;
use crate::http::answer::found;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::problem::{Code, Problem};
use crate::wire::account::OpenSession;
use crate::wire::page::Page;
use axum::extract::State;
use axum::response::Response;
use domain::clock::Time;
use domain::ids::SessionId;
use domain::words::Content;
use projections::projection::ACCOUNTS;
use projections::session::sessions::SessionCursor;
use std::sync::Arc;
use utoipa::openapi::schema::Type;
use uuid::Uuid;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/sessions", "Sessions", handle)
        .summary("Lists the caller's open sessions, newest first.")
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<Page<OpenSession>>(200, "A page of sessions.")
        .refuses(&[Code::BadCursor])
}

async fn handle(State(app): State<Arc<App>>, mut question: Question) -> Result<Response, Problem> {
    let (cursor, limit) = (question.query.text("cursor"), question.query.limit());
    question.query.done()?;
    let cursors = question.cursors(&app, "sessions");
    let after = cursor.map(|cursor| cursors.open(&cursor).map(place)).transpose()?;
    question.wait(&app, ACCOUNTS).await?;
    let (caller, now) = (question.caller, question.now);
    let page = app.projections.accounts().sessions(caller.account, now, after, limit).await?;
    let (sessions, has_more) = page.value;
    let last = sessions.last().filter(|_| has_more);
    let next = last.map(|last| cursors.make(&bytes(SessionCursor { opened_at: last.opened_at, session: last.id })));
    let items = sessions.into_iter().map(|session| OpenSession {
        id: session.id,
        device_name: session.device_name.and_then(Content::present),
        opened_at: session.opened_at,
        refreshed_at: session.refreshed_at,
        expires_at: session.expires_at,
        current: session.id == caller.session,
    });
    found(&app, page.position, &Page::new(items.collect(), next))
}

fn bytes(cursor: SessionCursor) -> [u8; 24] {
    let mut bytes = [0; 24];
    bytes[..8].copy_from_slice(&cursor.opened_at.micros().to_be_bytes());
    bytes[8..].copy_from_slice(cursor.session.uuid().as_bytes());
    bytes
}

fn place(bytes: [u8; 24]) -> SessionCursor {
    let [a, b, c, d, e, f, g, h, id @ ..] = bytes;
    SessionCursor {
        opened_at: Time::from_micros(i64::from_be_bytes([a, b, c, d, e, f, g, h])),
        session: SessionId::new(Uuid::from_bytes(id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_bytes() {
        let cursor = SessionCursor { opened_at: Time::from_micros(77), session: SessionId::new(Uuid::from_u128(9)) };
        assert_eq!(place(bytes(cursor)), cursor);
    }
}
