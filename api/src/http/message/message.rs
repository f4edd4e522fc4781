//! `GET /v1/messages/{id}`: one message.

use crate::app::App;
use crate::http::answer::{found_tagged, missing};
use crate::http::headers::{self, etag};
use crate::http::operation::{Method, Route};
use crate::http::question::Question;
use crate::http::request::RequestId;
use crate::problem::{Code, Problem};
use crate::wire::message::Message;
use axum::extract::{Extension, State};
use axum::response::Response;
use commands::command::Envelope;
use commands::message::read_message::ReadMessage;
use domain::account::values::Role;
use domain::ids::{MessageId, Position};
use http::HeaderMap;
use projections::conversation::messaging::views::MessageView;
use projections::projection::MESSAGING;
use projections::reader::At;
use std::sync::Arc;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/v1/messages/{id}", "Message", handle)
        .summary("Shows a message.")
        .description(
            "A moderator is shown any message of a `searchable` conversation, with a reason. That is recorded before \
             the answer is sent.",
        )
        .answers::<Message>(200, "The message.")
        .refuses(&[Code::NotFound, Code::NotPermitted, Code::ReasonRequired])
}

async fn handle(
    State(app): State<Arc<App>>,
    Extension(request): Extension<RequestId>,
    headers: HeaderMap,
    mut question: Question,
) -> Result<Response, Problem> {
    let id = question.path.id("id")?;
    question.query.done()?;
    question.wait(&app, MESSAGING).await?;
    let answer = app.projections.messaging().message(question.caller.account, id).await?;
    let (position, view) = match answer.value {
        Some(view) => (answer.position, view),
        None => as_moderator(&app, &question, &headers, &request, id, answer.position).await?,
    };
    let tag = etag(view.revision);
    found_tagged(&app, position, tag, &Message::from(view))
}

/// The message of a conversation that is not the caller's.
async fn as_moderator(
    app: &App,
    question: &Question,
    headers: &HeaderMap,
    request: &RequestId,
    id: MessageId,
    position: Position,
) -> Result<(Position, MessageView), Problem> {
    let account = question.caller.account;
    if app.roles.of(account).await? != Role::Moderator {
        return Err(missing(position));
    }
    let command = ReadMessage { message: id, role: Role::Moderator, reason: headers::reason(headers)? };
    app.executor.execute(command, Envelope::of(account, request.correlation)).await?;
    let At { position, value } = app.projections.messaging().searchable_message(account, id).await?;
    Ok((position, value.ok_or_else(|| missing(position))?))
}
