//! What is read from outside, given changed samples: the targets of `fuzz/`, without a fuzzer. `FUZZ_RUNS=100000` makes
//! each run longer.

use rand::RngExt;
use rand::rngs::StdRng;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use store::embedded::record::{RecordRef, stub};
use tests::chance::seeded;
use tests::targets;

/// Changes a sample once or several times: bits, bytes, numbers at their edges, cuts, repeats, other samples' parts.
fn changed(samples: &[Vec<u8>], chance: &mut StdRng) -> Vec<u8> {
    let mut bytes = samples[chance.random_range(0..samples.len())].clone();
    for _ in 0..chance.random_range(0..6) {
        let at = chance.random_range(0..=bytes.len());
        match chance.random_range(0..7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << chance.random_range(0..8),
            1 if at < bytes.len() => bytes[at] = chance.random(),
            2 => bytes.truncate(at),
            3 => bytes.insert(at, [0, 1, 0x7f, 0x80, 0xff][chance.random_range(0..5)]),
            4 if at + 4 <= bytes.len() => {
                let edge = [0_u32, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX][chance.random_range(0..5)];
                bytes[at..at + 4].copy_from_slice(&edge.to_le_bytes());
            }
            5 => {
                let other = &samples[chance.random_range(0..samples.len())];
                let from = chance.random_range(0..=other.len());
                let to = chance.random_range(from..=other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                let end = chance.random_range(at..=bytes.len());
                let repeated = bytes[at..end].to_vec();
                bytes.extend(repeated);
            }
        }
        bytes.truncate(1 << 16);
    }
    bytes
}

fn runs(default: usize) -> usize {
    std::env::var("FUZZ_RUNS").ok().map_or(default, |text| text.parse().expect("FUZZ_RUNS is a number"))
}

fn drive(name: &str, samples: &[Vec<u8>], count: usize, check: impl Fn(&[u8])) {
    let (_, mut chance) = seeded(name);
    for _ in 0..runs(count) {
        let bytes = changed(samples, &mut chance);
        let outcome = catch_unwind(AssertUnwindSafe(|| check(&bytes)));
        assert!(outcome.is_ok(), "{name}: failed on {}", hex(&bytes));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The stored payloads of every event, each behind a byte that chooses its type as [`targets::payload`] does.
fn payloads() -> Vec<Vec<u8>> {
    use domain::event::EventType;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../store/goldens");
    let mut found = Vec::new();
    for (choice, event_type) in EventType::ALL.iter().enumerate() {
        let version = store::codec::schema_version(*event_type);
        let golden = std::fs::read(folder.join(format!("{event_type}.v{version}.bin"))).expect("a golden event");
        found.push([vec![choice as u8], golden].concat());
    }
    found
}

#[test]
fn payloads_that_were_changed_are_refused_or_read_the_same_way_twice() {
    drive("payloads", &payloads(), 20_000, targets::payload::check);
}

#[test]
fn records_that_were_changed_are_refused_or_written_the_same_way_again() {
    let mut records = payloads().iter().map(|payload| record(payload)).collect::<Vec<_>>();
    let mut shrunk = Vec::new();
    stub(&mut shrunk, &RecordRef::parse(&records[0]).expect("a record"));
    records.push(shrunk);
    records.iter().for_each(|record| targets::record::check(record));
    drive("records", &records, 50_000, targets::record::check);
}

#[test]
fn envelopes_that_were_changed_are_refused_or_read_the_same_way_twice() {
    drive("envelopes", &envelopes(), 20_000, targets::envelope::check);
}

#[test]
fn any_text_is_a_frame_of_a_client_or_none() {
    let samples = [
        r#"{"op":"identify","token":"a.b.c"}"#,
        r#"{"op":"resume","position":"17","log_id":"01900000-0000-7000-8000-000000000001"}"#,
        r#"{"op":"command","ref":"r1","name":"SendMessage","idempotency_key":"k","body":{"id":"x","text":"hi"}}"#,
        r#"{"op":"typing","conversation_id":"01900000-0000-7000-8000-000000000001"}"#,
        r#"{"op":"focus","visible":true}"#,
        r#"{"op":"heartbeat"}"#,
    ];
    drive("frames", &samples.map(|text| text.as_bytes().to_vec()), 50_000, targets::feed_frame::check);
}

#[test]
fn no_cursor_can_be_made_up() {
    use api::http::cursor::Cursors;
    use commands::log::clear_words::ClearWords;
    use domain::ids::{AccountId, LogId};
    let cursor = |list: &str, id: u128| {
        let id = uuid::Uuid::from_u128(id);
        Cursors { words: &ClearWords, log: LogId::new(id), reader: AccountId::new(id), list }.make(&[7; 8]).into_bytes()
    };
    let samples = [cursor("inbox", 1), cursor("inbox", 2), cursor("stories", 1)];
    drive("cursors", &samples, 50_000, targets::cursor::check);
}

#[test]
fn an_archive_that_was_changed_is_imported_as_far_as_it_can_be_read() {
    let files = [
        r#"[{"id":"U1","name":"ann","profile":{"real_name":"Ann"}},{"id":"U2","name":"admin"}]"#,
        r#"[{"id":"C1","name":"general","created":1577836800,"creator":"U1","members":["U1","U2"],"topic":{"value":"t"}}]"#,
        r#"[{"type":"message","user":"U1","ts":"1577836800.000100","text":"hi <@U2>","reactions":[{"name":"wave","users":["U2"],"count":1}]}]"#,
        r#"[{"type":"message","subtype":"channel_join","user":"U2","ts":"1577923200.000200","text":"joined"},
            {"type":"message","user":"U2","ts":"1577923201.000200","thread_ts":"1577836800.000100","edited":{"user":"U2","ts":"1577923300.0"},"text":"x"}]"#,
    ];
    let joined = files.map(str::as_bytes).join(&0xFF);
    drive("archives", &[joined], 2_000, targets::import::check);
}

fn record(payload: &[u8]) -> Vec<u8> {
    use domain::clock::Time;
    use domain::ids::{AccountId, EventId};
    use store::embedded::record::{Place, RawEvent, encode};
    use uuid::Uuid;
    let mut bytes = Vec::new();
    let place = Place {
        position: 9,
        revision: 2,
        batch: 8,
        recorded_at: Time::from_micros(5),
        last_of_unit: payload[0].is_multiple_of(2),
    };
    let event = RawEvent {
        id: EventId::new(Uuid::from_u128(u128::from(payload[0]) + 1)),
        event_type: "MessageSent".into(),
        schema_version: 1,
        occurred_at: None,
        actor: (payload[0].is_multiple_of(3)).then(|| AccountId::new(Uuid::from_u128(2))),
        correlation_id: Uuid::from_u128(3),
        causation_id: (payload[0].is_multiple_of(5)).then(|| EventId::new(Uuid::from_u128(4))),
        fingerprint: None,
        payload: payload.to_vec().into(),
    };
    encode(&mut bytes, place, "timeline-00000000-0000-0000-0000-000000000001", &event);
    bytes
}

/// Every golden event in an envelope, and those of a newer shape a second time as if they were of their first.
fn envelopes() -> Vec<Vec<u8>> {
    use bytes::Bytes;
    use domain::clock::Time;
    use domain::event::EventType;
    use domain::ids::{AccountId, ConversationId, EventId, Hash16, MessageId, Position, StoryId};
    use domain::recorded::{Fingerprint, Recorded};
    use domain::stream::StreamName;
    use store::codec::{decode, schema_version};
    use store::nats::envelope::encode;
    use uuid::Uuid;
    let id = Uuid::from_u128(1);
    let conversation = ConversationId::new(id);
    let mut found = Vec::new();
    for (payload, event_type) in payloads().iter().zip(EventType::ALL) {
        let streams = [
            StreamName::timeline(conversation),
            StreamName::message(MessageId { conversation, seq: 3 }),
            StreamName::account(AccountId::new(id)),
            StreamName::story(StoryId::new(id)),
        ];
        let version = schema_version(*event_type);
        for stream in streams {
            let payload = Bytes::copy_from_slice(&payload[1..]);
            let Ok(event) = decode(&stream, EventId::new(id), event_type.as_str(), version, payload) else { continue };
            let recorded = Recorded {
                position: Position(7),
                stream,
                revision: 3,
                id: EventId::new(id),
                schema_version: version,
                occurred_at: Time::from_micros(1),
                recorded_at: Time::from_micros(2),
                actor: Some(AccountId::new(id)),
                correlation_id: id,
                causation_id: None,
                fingerprint: Some(Fingerprint { key: Hash16([1; 16]), body: Hash16([2; 16]) }),
                event,
            };
            let bytes = encode(&recorded).expect("a golden event is sealed").to_vec();
            if version > 1 {
                // The last value of a field counts: field 5, the schema version.
                found.push([&bytes[..], &[0x28, 1]].concat());
            }
            found.push(bytes);
        }
    }
    assert!(found.len() >= EventType::ALL.len(), "only {} envelopes", found.len());
    found
}
