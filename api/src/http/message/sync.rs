//! `POST /v1/messages/sync`: what a client wrote while it was offline, up to 1,000 messages in their order.
//!
//! Each is the command `SendMessage` with its own idempotency key, in the same scope as over HTTP and over the feed: whatever
//! became of an earlier try, it is there once afterwards.

use crate::app::App;
use crate::auth::caller::{self, Caller};
use crate::auth::rates::Limited;
use crate::http::answer::found;
use crate::http::body;
use crate::http::command::{Endpoint, canonical};
use crate::http::headers::check_idempotency_key;
use crate::http::message::send_message::{self, SendMessage};
use crate::http::operation::{Kind, Method, Route};
use crate::http::path::Path;
use crate::http::request::RequestId;
use crate::http::timed::Timed;
use crate::problem::{Code, Document, Problem};
use crate::wire::message::Message;
use axum::extract::{Extension, Request, State};
use axum::response::Response;
use commands::command::{Envelope, Idempotency};
use commands::execute::{Done, Failure, Stages};
use commands::message::send_message as command;
use domain::limits::{SYNC_MAX_BYTES, SYNC_MAX_MESSAGES};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::sync::Arc;
use utoipa::ToSchema;
use uuid::Uuid;

/// Messages in the order in which they were written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SyncMessagesBody)]
pub struct Body {
    /// At most 1,000, and at most 2 MiB with everything around them.
    #[schema(max_items = 1_000)]
    messages: Vec<Item>,
}

/// A message and where it belongs.
#[derive(Deserialize, ToSchema)]
#[schema(as = SyncMessagesItem)]
struct Item {
    /// Where it is sent.
    conversation_id: String,
    /// 1 to 128 visible ASCII characters: the same as in every other try to send it.
    idempotency_key: String,
    /// What it says, as a body of `SendMessage`.
    #[serde(flatten)]
    #[schema(value_type = send_message::Body)]
    message: Map<String, Value>,
}

/// What became of each message, in their order.
#[derive(Serialize, ToSchema)]
pub struct Synced<'a> {
    /// One for each message.
    results: Vec<SyncResult<'a>>,
}

/// What became of a message.
#[derive(Serialize, ToSchema)]
#[schema(as = SyncResult)]
pub struct SyncResult<'a> {
    /// Its key.
    idempotency_key: &'a str,
    /// `accepted`, `duplicate` when it had been sent before, or `rejected`.
    #[schema(example = "accepted")]
    status: &'static str,
    /// The message; none when it was rejected.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Message>)]
    message: Option<Box<RawValue>>,
    /// Why it was rejected: what sending it alone would have been answered with. With a status of 500 or above it is
    /// worth trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<Document<'a>>,
}

/// The route.
pub fn route() -> Route {
    Route::new(Method::Post, "/v1/messages/sync", "SyncMessages", handle)
        .kind(Kind::Command)
        .summary("Sends what was written offline: up to 1,000 messages, in their order, each exactly once.")
        .description(
            "Every message has a key of its own, in one scope with `SendMessage`; a header `Idempotency-Key` is not looked \
             at. Messages of one conversation are taken in the order of the list. What is refused is left out and does not \
             hold up what follows; where the server cannot go on, the rest of that conversation is rejected, too. What is \
             not rejected is durable when the answer comes. Beside the request itself, messages are counted by the rate \
             `sync`: 1,000 at once, 20 a second.",
        )
        .body::<Body>()
        .answers::<Synced<'_>>(200, "What became of each.")
}

async fn handle(
    State(app): State<Arc<App>>,
    Extension(id): Extension<RequestId>,
    request: Request,
) -> Result<Response, Problem> {
    let mut timed = Timed::begin("SyncMessages");
    let (parts, request_body) = request.into_parts();
    let caller = caller::of_request(&app, &parts.extensions, &parts.headers)?;
    let request_body = body::read_up_to(SYNC_MAX_BYTES, &parts.headers, request_body).await?;
    caller::goes_on(&app, &caller)?;
    body::check_media_type(&parts.headers)?;
    let Body { messages } = body::parse(&request_body)?;
    check(&messages)?;
    let count = u32::try_from(messages.len()).unwrap_or(u32::MAX);
    app.rates.take_many(Limited::Sync, caller.account, count, app.clock.now())?;
    timed.has_read();
    let (mut keys, mut outcomes, mut commands) = (Vec::new(), Vec::new(), Vec::new());
    for Item { conversation_id, idempotency_key, message } in messages {
        match Sending::of(&caller, &conversation_id, message) {
            Ok(sending) => {
                commands.push((sending.command.clone(), sending.envelope(&caller, &idempotency_key, id.correlation)?));
                outcomes.push(Ok(sending));
            }
            Err(problem) => outcomes.push(Err(problem)),
        }
        keys.push(idempotency_key);
    }
    let mut done = app.executor.execute_in_order(commands).await.into_iter();
    let (mut told, mut position) = (Vec::with_capacity(outcomes.len()), None);
    let (mut slowest, mut events) = (Stages::default(), 0);
    for outcome in outcomes {
        told.push(match outcome {
            Ok(sending) => match done.next().unwrap_or(Err(Failure::Aborted)) {
                Ok(done) => {
                    position = position.max(Some(done.position));
                    slowest = slower(slowest, done.stages);
                    events += done.events.len();
                    Ok(sending.answer(&app, &caller, &done).await?)
                }
                Err(failure) => Err(Problem::from(failure)),
            },
            Err(problem) => Err(problem),
        });
    }
    let request_id = id.value.to_str().unwrap_or_default();
    let results = keys.iter().zip(&told).map(|(key, told)| SyncResult::of(key, told, request_id)).collect();
    let position = position.unwrap_or_else(|| app.log.head());
    let mut response = found(&app, position, &Synced { results })?;
    timed.tell(&app, id.correlation, &mut response, &slowest, events);
    Ok(response)
}

/// The stages of that message which took longer: all are under way at once, so theirs do not add up.
fn slower(one: Stages, other: Stages) -> Stages {
    let sum = |stages: &Stages| stages.wait + stages.load + stages.decide + stages.append;
    if sum(&other) > sum(&one) { other } else { one }
}

/// What must be so before anything is sent.
fn check(messages: &[Item]) -> Result<(), Problem> {
    if messages.len() > SYNC_MAX_MESSAGES {
        let detail = format!("must have at most {SYNC_MAX_MESSAGES} messages");
        return Err(Problem::field("/messages", "TOO_MANY", detail));
    }
    let bad = messages
        .iter()
        .enumerate()
        .filter_map(|(index, item)| check_idempotency_key(&item.idempotency_key).err().map(|detail| (index, detail)));
    let problem = bad.fold(None::<Problem>, |problem, (index, detail)| {
        let problem = problem.unwrap_or_else(|| Problem::new(Code::ValidationFailed));
        Some(problem.and_field(format!("/messages/{index}/idempotency_key"), "BAD_FORMAT", detail))
    });
    problem.map_or(Ok(()), Err)
}

/// A message that can be sent.
struct Sending {
    path: Path,
    body: send_message::Body,
    command: command::SendMessage,
}

impl Sending {
    fn of(caller: &Caller, conversation: &str, message: Map<String, Value>) -> Result<Self, Problem> {
        let path = Path::with("id", conversation);
        let body: send_message::Body = body::from_value(Value::Object(message))?;
        let command = SendMessage::command(caller, &path, &body)?;
        Ok(Self { path, body, command })
    }

    fn envelope(&self, caller: &Caller, key: &str, correlation: Uuid) -> Result<Envelope, Problem> {
        let idempotency = Idempotency { key: key.to_owned(), body: canonical(&self.path, &self.body)? };
        Ok(Envelope { idempotency: Some(idempotency), ..Envelope::of(caller.account, correlation) })
    }

    /// Whether it had been sent before, and the message.
    async fn answer(self, app: &App, caller: &Caller, done: &Done) -> Result<(bool, Option<Box<RawValue>>), Problem> {
        let answer = SendMessage::respond(app, caller, &self.path, self.body, done).await?;
        Ok((done.replayed, answer.body))
    }
}

impl<'a> SyncResult<'a> {
    fn of(key: &'a str, told: &'a Result<(bool, Option<Box<RawValue>>), Problem>, request_id: &'a str) -> Self {
        let (status, message, problem) = match told {
            Ok((true, message)) => ("duplicate", message.clone(), None),
            Ok((false, message)) => ("accepted", message.clone(), None),
            Err(problem) => ("rejected", None, Some(problem.document(request_id))),
        };
        Self { idempotency_key: key, status, message, problem }
    }
}
