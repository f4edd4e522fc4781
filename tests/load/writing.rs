//! Events written into a log without a server, for what would take long over HTTP.

use anyhow::{Result, ensure};
use api::app::opening::Opened;
use commands::log::{Appended, EventLog, Expected, NewEvent, Unit, Write};
use domain::clock::Time;
use domain::event::Event;
use domain::ids::{AccountId, EventId};
use domain::stream::StreamName;
use uuid::Uuid;

pub async fn append(opened: &Opened, units: Vec<Unit>) -> Result<()> {
    let answers = opened.log.append(units).await?;
    ensure!(answers.iter().all(|answer| matches!(answer, Appended::Committed(_))), "not committed");
    Ok(())
}

/// What somebody did now.
pub fn unit<const N: usize>(actor: AccountId, writes: [(StreamName, Vec<Event>); N]) -> Unit {
    unit_at(None, actor, writes)
}

/// What somebody did then.
pub fn unit_at<const N: usize>(
    occurred_at: Option<Time>,
    actor: AccountId,
    writes: [(StreamName, Vec<Event>); N],
) -> Unit {
    let correlation_id = Uuid::now_v7();
    let new = |event| NewEvent {
        id: EventId::new(Uuid::now_v7()),
        occurred_at,
        actor: Some(actor),
        correlation_id,
        causation_id: None,
        fingerprint: None,
        event,
    };
    let write = |(stream, events): (StreamName, Vec<Event>)| Write {
        stream,
        expected: Expected::Any,
        events: events.into_iter().map(new).collect(),
    };
    Unit { writes: writes.into_iter().map(write).collect(), checks: Vec::new() }
}
