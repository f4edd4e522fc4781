//! `POST /v1/conversations`: two people have a direct conversation, or a group exists.

use crate::app::App;
use crate::auth::caller::Caller;
use crate::http::answer::Answer;
use crate::http::command::Endpoint;
use crate::http::conversation::crowding;
use crate::http::operation::{Method, Route};
use crate::http::path::Path;
use crate::problem::{Code, Problem};
use crate::wire::conversation::{Conversation, Shared};
use commands::command::{Command, Envelope};
use commands::context::Names;
use commands::conversation::create_conversation::{CreateDirect, CreateGroup, direct_conversation_id};
use commands::conversation::within_limit::WithinLimit;
use commands::execute::{Done, Failure};
use domain::conversation::values::{ConversationKind, PrivacyMode};
use domain::event::Event;
use domain::ids::{AccountId, ConversationId};
use domain::limits::{GROUP_MAX_MEMBERS, WAIT_DEFAULT_MILLISECONDS};
use domain::values::{ConversationDescription, ConversationName};
use http::StatusCode;
use projections::projection::MESSAGING;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;
use uuid::Uuid;

/// A direct conversation or a group.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateConversationBody)]
pub struct Body {
    /// `direct` or `group`.
    #[serde(rename = "type")]
    #[schema(example = "group")]
    kind: String,
    /// Direct: with whom.
    #[schema(format = Uuid)]
    participant_id: Option<String>,
    /// Group: its name.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
    /// Group: what it is about.
    #[schema(max_length = 500)]
    description: Option<String>,
    /// Group: its members. The creator is one whether named or not; with them it has 3 to 500.
    #[schema(max_items = 500)]
    member_ids: Option<Vec<String>>,
    /// `searchable` (the default) or `strict_e2e`.
    #[schema(example = "searchable")]
    privacy_mode: Option<String>,
}

/// The route.
pub fn route() -> Route {
    Route::command::<CreateConversation>(Method::Post, "/v1/conversations")
        .summary("Creates a group, or opens the direct conversation with somebody.")
        .answers::<Conversation>(201, "The conversation.")
        .answers::<Conversation>(200, "The direct conversation that the two have already.")
        .refuses(&[Code::PrivacyModeDiffers, Code::MessagingNotAllowed, Code::ConversationLimitReached])
}

/// The command at the edge.
pub struct CreateConversation;

impl Endpoint for CreateConversation {
    const NAME: &'static str = "CreateConversation";
    const PATH: &'static [&'static str] = &[];
    type Body = Body;
    type Command = WithinLimit<Box<dyn Command>>;

    fn command(caller: &Caller, _path: &Path, body: &Body) -> Result<Self::Command, Problem> {
        match ConversationKind::parse(&body.kind) {
            Some(ConversationKind::Direct) => {
                let command = direct(body)?;
                let candidates = vec![caller.account, command.participant];
                Ok(WithinLimit::new(Box::new(command), candidates))
            }
            Some(ConversationKind::Group) => {
                let command = group(body)?;
                let members = command.members.iter().copied().take(GROUP_MAX_MEMBERS);
                let candidates = std::iter::once(caller.account).chain(members).collect();
                Ok(WithinLimit::new(Box::new(command), candidates))
            }
            None => Err(Problem::field("/type", "BAD_FORMAT", "must be direct or group")),
        }
    }

    async fn execute(app: &App, command: Self::Command, envelope: Envelope) -> Result<Done, Failure> {
        crowding::execute(app, command, envelope).await
    }

    async fn respond(app: &App, caller: &Caller, _path: &Path, body: Body, done: &Done) -> Result<Answer, Problem> {
        match fresh(&body, done) {
            Some(conversation) => Answer::json(StatusCode::CREATED, &conversation, done),
            None => Answer::json(StatusCode::OK, &existing(app, caller, &body, done).await?, done),
        }
    }
}

fn direct(body: &Body) -> Result<CreateDirect, Problem> {
    let group_only = [
        ("name", body.name.is_some()),
        ("description", body.description.is_some()),
        ("member_ids", body.member_ids.is_some()),
    ];
    check_absent(&group_only, "is not a field of a direct conversation")?;
    let participant = required(body.participant_id.as_deref(), "/participant_id")?;
    Ok(CreateDirect { participant: account(participant, "/participant_id")?, privacy_mode: privacy_mode(body)? })
}

fn group(body: &Body) -> Result<CreateGroup, Problem> {
    check_absent(&[("participant_id", body.participant_id.is_some())], "is not a field of a group")?;
    let name = required(body.name.as_deref(), "/name")?;
    let name = ConversationName::parse(name).map_err(|invalid| Problem::invalid("/name", invalid))?;
    let description = body.description.as_deref().map(ConversationDescription::parse).transpose();
    let description = description.map_err(|invalid| Problem::invalid("/description", invalid))?;
    let members = required(body.member_ids.as_deref(), "/member_ids")?.iter().enumerate();
    let members = members.map(|(index, id)| account(id, &format!("/member_ids/{index}"))).collect::<Result<_, _>>()?;
    let conversation = ConversationId::new(Uuid::now_v7());
    Ok(CreateGroup { conversation, name, description, members, privacy_mode: privacy_mode(body)? })
}

fn check_absent(fields: &[(&str, bool)], detail: &'static str) -> Result<(), Problem> {
    match fields.iter().find(|(_, is_there)| *is_there) {
        Some((name, _)) => Err(Problem::field(format!("/{name}"), "UNKNOWN_FIELD", detail)),
        None => Ok(()),
    }
}

fn required<T>(value: Option<T>, pointer: &str) -> Result<T, Problem> {
    value.ok_or_else(|| Problem::field(pointer, "REQUIRED", "is missing"))
}

fn account(id: &str, pointer: &str) -> Result<AccountId, Problem> {
    id.parse().map_err(|_| Problem::field(pointer, "BAD_FORMAT", "must be the id of an account"))
}

fn privacy_mode(body: &Body) -> Result<PrivacyMode, Problem> {
    let bad = || Problem::field("/privacy_mode", "BAD_FORMAT", "must be searchable or strict_e2e");
    body.privacy_mode.as_deref().map_or(Ok(PrivacyMode::default()), |mode| PrivacyMode::parse(mode).ok_or_else(bad))
}

/// The conversation as its first events tell.
fn fresh(body: &Body, done: &Done) -> Option<Conversation> {
    let first = done.events.first()?;
    let Event::ConversationCreated(created) = &first.event else { return None };
    let joins = done.events.iter().filter(|event| matches!(event.event, Event::MemberJoined(_)));
    Some(Conversation::fresh(Shared {
        id: created.conversation,
        kind: created.kind,
        name: body.name.clone(),
        description: body.description.clone(),
        privacy_mode: created.privacy_mode,
        member_count: joins.count() as u64,
        created_by: created.created_by,
        created_at: first.occurred_at,
        last_message: None,
        closed_at: None,
    }))
}

/// The direct conversation that was there before.
async fn existing(app: &App, caller: &Caller, body: &Body, done: &Done) -> Result<Conversation, Problem> {
    let participant = account(body.participant_id.as_deref().unwrap_or_default(), "/participant_id")?;
    let names = Names::new(Some(caller.account), &*app.words);
    let id = direct_conversation_id(&names, caller.account, participant);
    let messaging = app.projections.messaging();
    if let Some(view) = messaging.conversation(caller.account, id).await?.value {
        return Ok(Conversation::of(view, app.clock.now()));
    }
    // It was created a moment ago.
    app.projections.wait(MESSAGING, done.position, Duration::from_millis(WAIT_DEFAULT_MILLISECONDS)).await?;
    let view = messaging.conversation(caller.account, id).await?.value;
    view.map(|view| Conversation::of(view, app.clock.now()))
        .ok_or_else(|| Problem::internal(&"a conversation exists in no read model"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body;
    use domain::clock::Time;
    use domain::ids::SessionId;

    const SOMEBODY: &str = "00000000-0000-0000-0000-000000000007";

    fn complaint(json: String) -> Option<(String, String)> {
        let caller = Caller {
            account: AccountId::new(Uuid::from_u128(1)),
            session: SessionId::new(Uuid::from_u128(2)),
            issued_at: Time::default(),
            expires_at: Time::default(),
            credential_revision: 0,
            ring: 0,
        };
        let body = body::parse(json.as_bytes()).unwrap();
        let problem = CreateConversation::command(&caller, &Path::default(), &body).err()?;
        problem.errors().first().map(|error| (error.pointer.clone(), error.code.to_string()))
    }

    #[test]
    fn each_type_has_its_own_fields() {
        let cases = [
            (format!(r#"{{"type":"direct","participant_id":"{SOMEBODY}"}}"#), None),
            (format!(r#"{{"type":"group","name":"a","member_ids":["{SOMEBODY}"]}}"#), None),
            (r#"{"type":"crowd"}"#.into(), Some(("/type", "BAD_FORMAT"))),
            (r#"{"type":"direct"}"#.into(), Some(("/participant_id", "REQUIRED"))),
            (r#"{"type":"direct","participant_id":"x"}"#.into(), Some(("/participant_id", "BAD_FORMAT"))),
            (r#"{"type":"direct","name":"x"}"#.into(), Some(("/name", "UNKNOWN_FIELD"))),
            (r#"{"type":"group","name":""}"#.into(), Some(("/name", "TOO_SHORT"))),
            (r#"{"type":"group","name":"a"}"#.into(), Some(("/member_ids", "REQUIRED"))),
            (r#"{"type":"group","name":"a","member_ids":["x"]}"#.into(), Some(("/member_ids/0", "BAD_FORMAT"))),
            (r#"{"type":"group","participant_id":"x"}"#.into(), Some(("/participant_id", "UNKNOWN_FIELD"))),
            (
                format!(r#"{{"type":"direct","participant_id":"{SOMEBODY}","privacy_mode":"open"}}"#),
                Some(("/privacy_mode", "BAD_FORMAT")),
            ),
        ];
        for (json, expected) in cases {
            let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned()));
            assert_eq!(complaint(json.clone()), expected, "{json}");
        }
    }
}
