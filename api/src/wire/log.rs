//! Events of the log as analysts, auditors and the shell see them.

use domain::clock::Time;
use domain::ids::{EventId, Position};
use domain::recorded::Recorded;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// An event of the log.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LogEvent {
    /// Its place in the log.
    #[schema(value_type = String)]
    pub position: Position,
    /// Its stream.
    pub stream: String,
    /// Its place in the stream, from 0.
    pub revision: String,
    /// Its id.
    #[schema(value_type = Uuid)]
    pub id: EventId,
    /// What happened, such as `MessageSent`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The version of its payload's stored shape.
    pub schema_version: u32,
    /// What people see.
    #[schema(value_type = String, format = DateTime)]
    pub occurred_at: Time,
    /// The writer's clock.
    #[schema(value_type = String, format = DateTime)]
    pub recorded_at: Time,
    /// Who caused it; null for the system itself. A pseudonym for analysts.
    pub actor: Option<Uuid>,
    /// Shared by everything that one request caused.
    pub correlation_id: Uuid,
    /// The event that made a policy cause this one.
    #[schema(value_type = Option<Uuid>)]
    pub causation_id: Option<EventId>,
    /// The clear fields; words show as `[sealed]`.
    pub payload: Value,
}

impl LogEvent {
    /// The event with everything that is clear in it.
    pub fn plain(event: &Recorded) -> Self {
        Self {
            position: event.position,
            stream: event.stream.as_str().to_owned(),
            revision: event.revision.to_string(),
            id: event.id,
            kind: event.event.event_type().as_str(),
            schema_version: event.schema_version,
            occurred_at: event.occurred_at,
            recorded_at: event.recorded_at,
            actor: event.actor.map(|actor| actor.uuid()),
            correlation_id: event.correlation_id,
            causation_id: event.causation_id,
            payload: serde_json::to_value(&event.event).unwrap_or(Value::Null),
        }
    }
}
