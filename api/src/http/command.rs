//! What every command has in common at the edge. HTTP and the feed run the same function.

use crate::app::App;
use crate::auth::caller::{self, Caller};
use crate::auth::rates::Limited;
use crate::http::answer::Answer;
use crate::http::headers::{self, IfMatch};
use crate::http::path::Path;
use crate::http::request::RequestId;
use crate::http::timed::Timed;
use crate::http::{body, command};
use crate::problem::{Code, Problem};
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use commands::command::{Command, Envelope, Idempotency};
use commands::execute::{Done, Failure};
use commands::log::Expected;
use domain::account::values::Role;
use domain::source::BoxFuture;
use domain::stream::StreamName;
use domain::values::Reason;
use http::request::Parts;
use http::{Method, header};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::any::TypeId;
use std::future::Future;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;

/// A command at the edge: how it is read from a request, and how its outcome is shown.
pub trait Endpoint: Sized + Send + Sync + 'static {
    /// Its name: the operation's id, and its name on the feed.
    const NAME: &'static str;
    /// What it counts as.
    const LIMITED: Limited = Limited::Command;
    /// Who may want it at all; empty for everybody who is signed in. Whether the role still stands when it is decided,
    /// the command itself knows.
    const ROLES: &'static [Role] = &[];
    /// The parameters of its path, by name.
    const PATH: &'static [&'static str];
    /// Its body. Written back in its own order, it is what a repeat is recognised by.
    type Body: DeserializeOwned + Serialize + Send + Sync + 'static;
    /// What is executed.
    type Command: Command;

    /// Whether the body may be left out; then it is an empty object. It always may be where there is none.
    const BODY_IS_OPTIONAL: bool = false;

    /// Parses.
    ///
    /// # Errors
    /// What is wrong with path or body.
    fn command(caller: &Caller, path: &Path, body: &Self::Body) -> Result<Self::Command, Problem>;

    /// Takes over the reason of the header `Tidings-Reason`, where the command knows one and the body brought none.
    fn reasoned(command: Self::Command, _reason: Reason) -> Self::Command {
        command
    }

    /// Executes.
    ///
    /// # Errors
    /// Why it did not happen.
    fn execute(
        app: &App,
        command: Self::Command,
        envelope: Envelope,
    ) -> impl Future<Output = Result<Done, Failure>> + Send {
        app.executor.execute(command, envelope)
    }

    /// Responds.
    ///
    /// # Errors
    /// When the answer cannot be made. The command has happened.
    fn respond(
        app: &App,
        caller: &Caller,
        path: &Path,
        body: Self::Body,
        done: &Done,
    ) -> impl Future<Output = Result<Answer, Problem>> + Send;

    /// The stream whose revision is the resource's entity tag, where `If-Match` is honoured: the one that it writes.
    fn resource(_caller: &Caller, _path: &Path) -> Option<StreamName> {
        None
    }
}

/// The body of a command that has none.
#[derive(Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoBody {}

/// What surrounds a command at the edge.
#[derive(Debug)]
pub struct Surroundings {
    /// The idempotency key, checked.
    pub idempotency_key: Option<String>,
    /// Shared by everything that the request causes.
    pub correlation: Uuid,
    /// What `If-Match` demands.
    pub if_match: Option<IfMatch>,
    /// The header `Tidings-Reason`.
    pub reason: Option<Reason>,
}

/// The handler of a command.
///
/// # Errors
/// What is wrong with the request, or why it did not happen.
pub async fn handle<E: Endpoint>(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let mut timed = Timed::begin(E::NAME);
    // Before anything is looked at: what cannot be taken has to cost next to nothing.
    if !app.executor.has_room() {
        return Err(Failure::Overloaded.into());
    }
    let (mut parts, request_body) = request.into_parts();
    let caller = caller::of_request(&app, &parts.extensions, &parts.headers)?;
    let path = Path::of(&mut parts).await?;
    check_role::<E>(&app, &caller).await?;
    let surroundings = surroundings(&parts)?;
    let request_body = body::read(&parts.headers, request_body).await?;
    caller::goes_on(&app, &caller)?;
    let parsed: E::Body = if request_body.is_empty() && may_be_left_out::<E>(&parts.method) {
        body::parse(b"{}")?
    } else {
        body::check_media_type(&parts.headers)?;
        body::parse(&request_body)?
    };
    timed.has_read();
    let correlation = surroundings.correlation;
    let (answer, done) = run::<E>(&app, &caller, path, parsed, surroundings).await?;
    let mut response = answer.into_response(&app);
    timed.tell(&app, correlation, &mut response, &done.stages, done.events.len());
    Ok(response)
}

async fn check_role<E: Endpoint>(app: &App, caller: &Caller) -> Result<(), Problem> {
    if !E::ROLES.is_empty() {
        app.roles.require(caller, E::ROLES).await?;
    }
    Ok(())
}

fn may_be_left_out<E: Endpoint>(method: &Method) -> bool {
    method == Method::DELETE || E::BODY_IS_OPTIONAL || TypeId::of::<E::Body>() == TypeId::of::<NoBody>()
}

fn surroundings(parts: &Parts) -> Result<Surroundings, Problem> {
    let correlation = parts.extensions.get::<RequestId>().map_or_else(Uuid::now_v7, |id| id.correlation);
    let is_post = parts.method == Method::POST;
    let idempotency_key = if is_post { headers::idempotency_key(&parts.headers)? } else { None };
    let has_tag = !is_post && parts.headers.contains_key(header::IF_MATCH);
    let if_match = if has_tag { headers::if_match(&parts.headers)? } else { None };
    let reason = headers::reason(&parts.headers)?;
    Ok(Surroundings { idempotency_key, correlation, if_match, reason })
}

/// Runs a command from wherever it came.
///
/// # Errors
/// What is wrong with it, or why it did not happen.
pub async fn run<E: Endpoint>(
    app: &App,
    caller: &Caller,
    path: Path,
    body: E::Body,
    surroundings: Surroundings,
) -> Result<(Answer, Done), Problem> {
    let mut command = E::command(caller, &path, &body)?;
    if let Some(reason) = surroundings.reason {
        command = E::reasoned(command, reason);
    }
    let mut envelope = Envelope::of(caller.account, surroundings.correlation);
    if let Some(key) = surroundings.idempotency_key {
        envelope.idempotency = Some(Idempotency { key, body: canonical(&path, &body)? });
    }
    if let Some(demand) = surroundings.if_match
        && let Some(stream) = E::resource(caller, &path)
    {
        envelope.expected = demanded(app, demand, stream).await?;
    }
    let done = E::execute(app, command, envelope).await?;
    let answer = E::respond(app, caller, &path, body, &done).await?;
    Ok((answer, done))
}

/// What a repeat is recognised by: path and body in their own order, however they were written.
///
/// # Errors
/// When the body cannot be JSON, which does not happen.
pub fn canonical<B: Serialize>(path: &Path, body: &B) -> Result<Bytes, Problem> {
    serde_json::to_vec(&(path, body)).map(Bytes::from).map_err(|fault| Problem::internal(&fault))
}

/// The one revision that is demanded. Of several, the current one counts if it is among them.
async fn demanded(app: &App, demand: IfMatch, stream: StreamName) -> Result<Option<Expected>, Problem> {
    let revision = match demand {
        IfMatch::Any => return Ok(None),
        IfMatch::OneOf(revisions) if revisions.len() == 1 => revisions[0],
        IfMatch::OneOf(revisions) => {
            let current = app.log.revisions(std::slice::from_ref(&stream)).await?;
            let current = current.first().copied().flatten();
            if !revisions.contains(&current) {
                return Err(Problem::new(Code::PreconditionFailed).at(app.log.head()));
            }
            current
        }
    };
    Ok(Some(Expected::at(revision)))
}

/// A command in the table by which the feed finds it.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Runs it: the body is a JSON object with the HTTP body's fields and the path's parameters by name.
    pub run: RunFromFeed,
}

/// See [`Entry::run`]. Takes the idempotency key as the client sent it, and the correlation id.
pub type RunFromFeed = fn(Arc<App>, Caller, &[u8], Option<String>, Uuid) -> BoxFuture<'static, Result<Answer, Problem>>;

impl Entry {
    /// The entry of a command.
    pub const fn of<E: Endpoint>() -> Self {
        Self { name: E::NAME, run: command::run_from_feed::<E> }
    }
}

fn run_from_feed<E: Endpoint>(
    app: Arc<App>,
    caller: Caller,
    body: &[u8],
    idempotency_key: Option<String>,
    correlation: Uuid,
) -> BoxFuture<'static, Result<Answer, Problem>> {
    let arrived = Instant::now();
    let parsed = from_feed::<E>(body, idempotency_key.as_deref());
    let read = arrived.elapsed();
    Box::pin(async move {
        app.rates.take(E::LIMITED, caller.account, app.clock.now())?;
        let (path, body) = parsed?;
        check_role::<E>(&app, &caller).await?;
        let surroundings = Surroundings { idempotency_key, correlation, if_match: None, reason: None };
        let (answer, done) = run::<E>(&app, &caller, path, body, surroundings).await?;
        app.traces.request(correlation, E::NAME, read, (&done.stages, done.events.len()), arrived.elapsed());
        Ok(answer)
    })
}

fn from_feed<E: Endpoint>(body: &[u8], idempotency_key: Option<&str>) -> Result<(Path, E::Body), Problem> {
    if let Some(key) = idempotency_key {
        headers::check_idempotency_key(key)
            .map_err(|detail| Problem::field("/idempotency_key", "BAD_FORMAT", detail))?;
    }
    let mut fields: Map<String, Value> = body::parse(body)?;
    let path = Path::out_of(&mut fields, E::PATH)?;
    Ok((path, body::from_value(Value::Object(fields))?))
}
