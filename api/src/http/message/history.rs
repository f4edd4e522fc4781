//! `GET /v1/messages/{id}/history`: when a message was sent, edited and deleted; for auditors also by whom, and what it
//! said.

use crate::app::App;
use crate::http::answer::{found, missing};
use crate::http::headers;
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::http::request::RequestId;
use crate::problem::{Code, Problem};
use crate::wire::message::MessageVersion;
use crate::wire::page::Page;
use axum::extract::{Extension, State};
use axum::response::Response;
use commands::command::Envelope;
use commands::message::read_message::ReadMessage;
use domain::account::values::Role;
use domain::event::Event;
use domain::ids::{MessageId, Position};
use domain::message::event::{MessageDeleted, MessageEdited, MessageSent};
use domain::recorded::Recorded;
use domain::words::open_one;
use http::HeaderMap;
use projections::conversation::messaging::views::VersionView;
use projections::projection::MESSAGING;
use std::sync::Arc;
use utoipa::openapi::schema::Type;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/messages/{id}/history", "History", handle)
        .summary("Lists the versions of a message, the first one first: members see that there are and when.")
        .description(
            "An auditor is shown by whom and what it said, too, in `searchable` conversations and with a reason. That is \
             recorded before the answer is sent.",
        )
        .parameter("cursor", Type::String, "Where the page starts: `next_cursor` of the page before.")
        .parameter("limit", Type::Integer, "1 to 100; 50 when it is not sent.")
        .answers::<Page<MessageVersion>>(200, "A page of versions.")
        .refuses(&[Code::NotFound, Code::NotPermitted, Code::ReasonRequired, Code::BadCursor])
}

async fn handle(
    State(app): State<Arc<App>>,
    Extension(request): Extension<RequestId>,
    headers: HeaderMap,
    mut question: Question,
) -> Result<Response, Problem> {
    let id: MessageId = question.path.id("id")?;
    let (cursor, limit) = (question.query.text("cursor"), question.query.limit());
    question.query.done()?;
    let reason = headers::reason(&headers)?;
    let list = format!("history {id}");
    let cursors = question.cursors(&app, &list);
    let from = cursor.map(|cursor| cursors.open(&cursor).map(u64::from_be_bytes)).transpose()?.unwrap_or(0);
    question.wait(&app, MESSAGING).await?;
    let (account, messaging) = (question.caller.account, app.projections.messaging());
    let mut answer = messaging.history(account, id, from, limit).await?;
    // Who is in the conversation and gives no reason asks as a member, whatever their role.
    let may_audit = answer.value.is_none() || reason.is_some();
    let audits = may_audit && app.roles.of(account).await? == Role::Auditor;
    if audits {
        let command = ReadMessage { message: id, role: Role::Auditor, reason };
        app.executor.execute(command, Envelope::of(account, request.correlation)).await?;
        answer = messaging.searchable_history(id, from, limit).await?;
    }
    let page = answer.value.ok_or_else(|| missing(answer.position))?;
    let mut items: Vec<MessageVersion> = page.items.iter().map(MessageVersion::from).collect();
    if audits {
        tell_what(&app, &page.items, &mut items).await?;
    }
    let next = page.next.map(|next| cursors.make(&next.to_be_bytes()));
    found(&app, answer.position, &Page::new(items, next))
}

/// Adds by whom and what, from the log: read models keep no earlier words.
async fn tell_what(app: &App, views: &[VersionView], versions: &mut [MessageVersion]) -> Result<(), Problem> {
    let positions: Vec<Position> = views.iter().map(|view| view.position).collect();
    for recorded in app.log.read_positions(&positions).await? {
        if let Some(version) = versions.iter_mut().find(|version| version.position == recorded.position) {
            tell(app, &recorded, version).await?;
        }
    }
    Ok(())
}

async fn tell(app: &App, recorded: &Recorded, version: &mut MessageVersion) -> Result<(), Problem> {
    if let Event::MessageSent(MessageSent { sender: author, words, .. })
    | Event::MessageEdited(MessageEdited { author, words, .. }) = &recorded.event
    {
        version.account_id = Some(*author);
        version.text = Some(open_one(&*app.words, words).await?.present().map(|words| words.text));
    }
    if let Event::MessageDeleted(MessageDeleted { deleted_by, reason }) = &recorded.event {
        version.account_id = Some(*deleted_by);
        if let Some(reason) = reason {
            version.reason = open_one(&*app.words, reason).await?.present().map(|words| words.reason);
        }
    }
    Ok(())
}
