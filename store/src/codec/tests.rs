//! Golden files, round trips, and the table in `domain/SEALING.md`.
//!
//! A new event's golden files are written once with `TIDINGS_WRITE_GOLDENS=1 cargo test -p store golden` (read when the
//! tests are compiled) and never change afterwards: what they hold stands in somebody's log.

use super::further_samples::further_samples;
use super::samples::{MARK, Sample, known_secret, sample, sealed, sealed_fields, sealed_sample};
use super::*;
use crate::codec::fields::{Misplaced, Subjects};
use crate::seal::cipher::field_key;
use crate::seal::opening::open_field;
use domain::words::{Field, KeyRef, SealedField, Subject};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const WRITE_GOLDENS: bool = option_env!("TIDINGS_WRITE_GOLDENS").is_some();

fn goldens() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("goldens")
}

fn decoded(sample: &Sample, version: u32, payload: Vec<u8>) -> Result<Event, DecodeFault> {
    decode(&sample.stream, sample.id, sample.event.event_type().as_str(), version, payload.into())
}

fn shown(key: KeyRef) -> String {
    format!("{} generation {}", key.subject, key.generation)
}

/// What a golden file's companion says of it.
fn description(stream: &StreamName, id: EventId, version: u32, event: &Event) -> Value {
    let opened = |field: &SealedField| {
        let author = field.author.map(|key| known_secret(key.subject));
        let key = field_key(author.as_ref(), &known_secret(field.scope.subject));
        hex::encode(open_field(field, &key).unwrap())
    };
    let sealed: Vec<_> = sealed_fields(event, stream)
        .iter()
        .map(|field| {
            json!({
                "field": field.field,
                "author": field.author.map(shown),
                "scope": shown(field.scope),
                "opens_to": opened(field),
            })
        })
        .collect();
    json!({
        "stream": stream, "id": id, "type": event.event_type(), "version": version,
        "event": event, "sealed": sealed,
    })
}

#[test]
fn every_event_is_written_as_its_golden_file_says() {
    let first = EventType::ALL.iter().map(|&event_type| (String::new(), sealed_sample(event_type)));
    let further = further_samples().into_iter().map(|(name, sample)| (format!(".{name}"), sealed(sample)));
    for (name, sample) in first.chain(further) {
        let event_type = sample.event.event_type();
        let version = schema_version(event_type);
        let payload = encode(&sample.event).unwrap();
        let file = goldens().join(format!("{event_type}.v{version}{name}.bin"));
        if WRITE_GOLDENS && !file.exists() {
            let text = serde_json::to_string_pretty(&description(&sample.stream, sample.id, version, &sample.event));
            fs::write(&file, &payload).unwrap();
            fs::write(file.with_extension("json"), text.unwrap() + "\n").unwrap();
        }
        let golden = fs::read(&file).unwrap_or_else(|fault| panic!("{}: {fault}", file.display()));
        assert_eq!(hex::encode(&payload), hex::encode(golden), "{event_type}");
    }
}

#[test]
fn every_golden_file_is_still_read_and_opened() {
    let mut read = 0;
    for entry in fs::read_dir(goldens()).unwrap() {
        let file = entry.unwrap().path();
        if file.extension().is_none_or(|extension| extension != "bin") {
            continue;
        }
        let text = fs::read_to_string(file.with_extension("json")).unwrap();
        let said: Value = serde_json::from_str(&text).unwrap();
        let stream = StreamName::parse(said["stream"].as_str().unwrap()).unwrap();
        let id = said["id"].as_str().unwrap().parse().unwrap();
        let version = u32::try_from(said["version"].as_u64().unwrap()).unwrap();
        let payload = fs::read(&file).unwrap();
        let event = decode(&stream, id, said["type"].as_str().unwrap(), version, payload.into()).unwrap();
        assert_eq!(description(&stream, id, version, &event), said, "{}", file.display());
        read += 1;
    }
    assert!(read >= EventType::ALL.len(), "{read} golden files");
}

#[test]
fn every_event_is_read_back_as_it_was_written() {
    for &event_type in EventType::ALL {
        let sample = sealed_sample(event_type);
        let payload = encode(&sample.event).unwrap();
        let version = schema_version(event_type);
        assert_eq!(decoded(&sample, version, payload), Ok(sample.event.clone()), "{event_type}");
    }
}

#[test]
fn optional_words_may_be_absent() {
    for event_type in [
        EventType::AccountRegistered,
        EventType::ConversationCreated,
        EventType::RoleGranted,
        EventType::SessionOpened,
        EventType::SessionRefreshed,
        EventType::SettingsChanged,
    ] {
        let mut sample = sealed_sample(event_type);
        match &mut sample.event {
            Event::AccountRegistered(event) => event.credential = None,
            Event::ConversationCreated(event) => event.words = None,
            Event::RoleGranted(event) => event.reason = None,
            Event::SessionOpened(event) => event.device = None,
            Event::SessionRefreshed(event) => event.device = None,
            Event::SettingsChanged(event) => event.time_zone = None,
            other => panic!("{other:?}"),
        }
        let payload = encode(&sample.event).unwrap();
        let version = schema_version(event_type);
        assert_eq!(decoded(&sample, version, payload), Ok(sample.event.clone()), "{event_type}");
    }
}

#[test]
fn clear_words_are_never_written() {
    for &event_type in EventType::ALL {
        let clear = sample(event_type);
        let sealed = sealed_sample(event_type);
        let has_words = !sealed_fields(&sealed.event, &sealed.stream).is_empty();
        assert_eq!(encode(&clear.event).is_err(), has_words, "{event_type}");
        let payload = encode(&sealed.event).unwrap();
        assert!(!payload.windows(MARK.len()).any(|window| window == MARK.as_bytes()), "{event_type}");
    }
}

#[test]
fn unknown_types_and_versions_are_told_apart_from_damage() {
    let sample = sealed_sample(EventType::MessageSent);
    let payload = encode(&sample.event).unwrap();
    for version in [0, 2] {
        let event_type = "MessageSent".to_owned();
        assert_eq!(decoded(&sample, version, payload.clone()), Err(DecodeFault::Unknown { event_type, version }));
    }
    let foreign = decode(&sample.stream, sample.id, "MessageFrobbed", 1, payload.clone().into());
    assert_eq!(foreign, Err(DecodeFault::Unknown { event_type: "MessageFrobbed".into(), version: 1 }));
    for length in 0..payload.len() {
        let fault = decoded(&sample, 1, payload[..length].to_vec()).unwrap_err();
        assert!(matches!(fault, DecodeFault::Malformed { event_type: EventType::MessageSent, .. }), "{length}");
    }
}

#[test]
fn an_event_in_a_stream_of_another_kind_is_malformed() {
    let sample = sealed_sample(EventType::MessageSent);
    let payload = encode(&sample.event).unwrap();
    let elsewhere = Sample { stream: StreamName::account(samples::alice()), ..sample };
    let fault = Malformed::Misplaced;
    assert_eq!(
        decoded(&elsewhere, 1, payload),
        Err(DecodeFault::Malformed { event_type: EventType::MessageSent, fault })
    );
}

#[test]
fn words_under_another_key_than_their_periods_are_malformed() {
    for (name, clear) in further_samples() {
        let is_in_period = name == "period";
        let sample = sealed(clear);
        let mut event = sample.event.clone();
        match &mut event {
            Event::MessageSent(e) if is_in_period => e.period = Some(20_455),
            Event::MessageEdited(e) if is_in_period => e.period = Some(0),
            _ => continue,
        }
        let fault = decoded(&sample, 1, encode(&event).unwrap()).unwrap_err();
        let event_type = event.event_type();
        assert_eq!(fault, DecodeFault::Malformed { event_type, fault: Malformed::Generation }, "{event_type}");
    }
}

/// Messages of the protobuf files: for each its fields' names, types and numbers.
fn protobuf_messages() -> BTreeMap<String, Vec<(String, String, u32)>> {
    let mut messages = BTreeMap::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/proto/tidings");
    for feature in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(feature.unwrap().path().join("v1.proto")).unwrap();
        let mut message = None;
        for line in text.lines().map(str::trim).filter(|line| !line.starts_with("//")) {
            if let Some(rest) = line.strip_prefix("message ") {
                let name = rest.trim_end_matches([' ', '{']).to_owned();
                messages.insert(name.clone(), Vec::new());
                message = Some(name);
            } else if line == "}" {
                message = None;
            } else if let (Some(name), Some((left, number))) = (&message, line.split_once(" = ")) {
                let words: Vec<_> = left.split(' ').filter(|word| !["optional", "repeated"].contains(word)).collect();
                let number = number.trim_end_matches(';').parse().unwrap();
                let field = (words[1].to_owned(), words[0].to_owned(), number);
                messages.get_mut(name).unwrap().push(field);
            }
        }
    }
    messages
}

/// Collects which fields the code seals, of which message, under whose keys.
#[derive(Default)]
struct Census(Vec<(u32, String, String)>);

impl EachField for Census {
    type Fault = Misplaced;

    fn field<T: Message>(&mut self, number: u32, keys: Subjects, field: Field<T>) -> Result<Field<T>, Misplaced> {
        let words = std::any::type_name::<T>().rsplit("::").next().unwrap().to_owned();
        let scope = match keys.scope {
            Subject::Account(_) => "account",
            Subject::Conversation(_) => "conversation",
            Subject::Messages(_) => "period",
            Subject::Story(_) => "story",
            Subject::Deployment => "deployment",
        };
        let author = keys.author.map_or("", |_| "author + ");
        self.0.push((number, words, format!("{author}{scope}")));
        Ok(field)
    }
}

fn named(fields: &[(String, String, u32)]) -> String {
    let names: Vec<_> = fields.iter().map(|(name, _, _)| format!("`{name}`")).collect();
    names.join(", ")
}

fn row(event_type: EventType, messages: &BTreeMap<String, Vec<(String, String, u32)>>) -> String {
    // A field that came later stands in a further sample only.
    let further = further_samples().into_iter().map(|(_, sample)| sample);
    let all = std::iter::once(sample(event_type)).chain(further.filter(|s| s.event.event_type() == event_type));
    let (mut stream, mut census) = (StreamName::account(samples::alice()), Census::default());
    for sample in all {
        let mut found = Census::default();
        map_fields(sample.event, &sample.stream, &mut found).unwrap();
        if found.0.len() >= census.0.len() {
            (stream, census) = (sample.stream, found);
        }
    }
    let fields = &messages[event_type.as_str()];
    let (sealed, clear): (Vec<_>, Vec<_>) =
        fields.iter().cloned().partition(|(_, kind, _)| kind == "tidings.sealed.v1.Sealed");
    let numbers: Vec<_> = sealed.iter().map(|(_, _, number)| *number).collect();
    let walked: Vec<_> = census.0.iter().map(|(number, _, _)| *number).collect();
    assert_eq!(numbers, walked, "the code seals other fields of {event_type} than its message has");
    let cells: Vec<_> = sealed
        .iter()
        .zip(&census.0)
        .map(|((name, _, number), (_, words, _))| format!("`{name}` ({number}): {}", named(&messages[words])))
        .collect();
    let mut keys: Vec<_> = census.0.iter().map(|(_, _, keys)| keys.as_str()).collect();
    keys.dedup();
    assert!(keys.len() <= 1, "the table has one cell for the keys of {event_type}");
    let or_none = |text: String| if text.is_empty() { "–".to_owned() } else { text };
    format!(
        "| `{event_type}` | `{}` | {} | {} | {} |",
        stream.category().as_str(),
        or_none(named(&clear)),
        or_none(cells.join("; ")),
        or_none(keys.concat()),
    )
}

#[test]
fn the_table_of_sealed_fields_says_what_the_code_does() {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("../domain/SEALING.md");
    let text = fs::read_to_string(document).unwrap();
    let stands: Vec<_> =
        text.lines().filter(|line| line.starts_with("| `") && line.split(" | ").count() == 5).collect();
    let messages = protobuf_messages();
    let due: Vec<_> = EventType::ALL.iter().map(|event_type| row(*event_type, &messages)).collect();
    assert_eq!(stands, due, "domain/SEALING.md should have these rows:\n{}\n", due.join("\n"));
}
