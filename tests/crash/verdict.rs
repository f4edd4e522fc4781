//! Whether every promise was kept.

use super::ledger::Ledger;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use tests::feed::number;
use tests::person::Person;
use tests::process::shell;
use tests::room::Room;

/// Compares what the clients were promised with what a reader sees now.
///
/// # Errors
/// With the first promise that was broken.
pub async fn timelines(ledger: &Ledger, reader: &Person, rooms: &[Room]) -> Result<(), String> {
    let mut seen: HashMap<String, (String, u64)> = HashMap::new();
    for room in rooms {
        for (index, message) in reader.timeline(room).await.iter().enumerate() {
            let seq = message["seq"].as_u64().unwrap_or_default();
            if seq != index as u64 + 1 {
                return Err(format!("a gap: {} has {seq} as its number {}", room.id, index + 1));
            }
            let text = message["text"].as_str().unwrap_or_default().to_owned();
            if let Some(before) = seen.insert(text.clone(), (room.id.clone(), seq)) {
                return Err(format!("{text} is there twice: {before:?} and {:?}", (&room.id, seq)));
            }
        }
    }
    for (text, promise) in ledger.promises() {
        match seen.get(text) {
            None => return Err(format!("{text} was acknowledged as {promise:?} and is lost")),
            Some((room, seq)) if (room, *seq) != (&promise.room, promise.seq) => {
                return Err(format!("{text} was acknowledged as {promise:?} and stands in {room} as {seq}"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Compares the promises with the stored log, read by the shell while nothing runs.
///
/// # Errors
/// With the first gap or broken promise.
pub async fn log(ledger: &Ledger, data: &Path, environment: &[(&str, &str)]) -> Result<u64, String> {
    let output = shell(data, &["log", "read", "--format", "ndjson"], "", environment).await;
    if !output.status.success() {
        return Err(format!("log read failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut next = 1;
    let mut revisions: BTreeMap<String, u64> = BTreeMap::new();
    let mut sent: HashMap<(String, u64), u64> = HashMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let event: Value = serde_json::from_str(line).map_err(|fault| format!("{fault}: {line}"))?;
        let (position, revision) = (number(&event["position"]), number(&event["revision"]));
        let stream = event["stream"].as_str().unwrap_or_default().to_owned();
        if position != next {
            return Err(format!("position {position} follows {}", next - 1));
        }
        next += 1;
        let expected = revisions.entry(stream.clone()).or_default();
        // Of a read watermark only the newest event is kept.
        if !stream.starts_with("read-") && revision != *expected {
            return Err(format!("revision {revision} of {stream} stands where {expected} is due"));
        }
        *expected = revision + 1;
        if let Some(room) = stream.strip_prefix("timeline-") {
            sent.insert((room.to_owned(), revision + 1), position);
        }
    }
    for (text, promise) in ledger.promises() {
        let position = sent.get(&(promise.room.clone(), promise.seq));
        if position != Some(&promise.position) {
            return Err(format!("{text} was acknowledged as {promise:?}, and the log has {position:?}"));
        }
    }
    Ok(next - 1)
}
