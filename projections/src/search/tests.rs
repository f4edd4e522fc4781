//! The index against logs written by hand and at random: what is found, after restarts, after erasures, after a rebuild.

mod examining;

use super::local::LocalSearch;
use super::port::{Found, Question, Readable, Search, Sort};
use super::query::Typed;
use super::schema::Fields;
use super::terms::terms;
use crate::testing::script::{LOG, Script, account, conversation, everything, time_of};
use crate::testing::words::{OpenWords, seal};
use crate::testing::world::Source;
use domain::account::event::AccountErased;
use domain::event::{Event, EventType};
use domain::ids::{LogId, MessageId, Position};
use domain::keys::event::KeyDestroyed;
use domain::message::event::MessageSent;
use domain::proto::message::v1::{Ciphertext, MessageWords};
use domain::recorded::Recorded;
use domain::source::EventSource;
use domain::stream::StreamName;
use domain::words::{KeyRef, Subject};
use prost::Message;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

const PATIENCE: Duration = Duration::from_secs(20);

/// An index that follows a log.
struct Following {
    search: LocalSearch,
    words: Arc<OpenWords>,
    source: Arc<Source>,
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Following {
    fn begin(root: &Path, events: &[Arc<Recorded>], log: LogId, words: Arc<OpenWords>) -> Self {
        let source = Source::new(events, 7);
        let search = LocalSearch::open(root, log, source.head(), words.clone()).unwrap();
        let (tracker, stop) = (TaskTracker::new(), CancellationToken::new());
        search.run(source.clone(), &Handle::current(), &tracker, stop.clone());
        Self { search, words, source, tracker, stop }
    }

    async fn caught_up(&self) {
        self.search.wait(self.source.head(), PATIENCE).await.unwrap();
    }

    async fn end(self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
        self.search.close().await;
    }

    async fn finds(&self, typed: &str) -> Vec<MessageId> {
        self.caught_up().await;
        let mut found: Vec<MessageId> =
            ask(&self.search, typed, &everywhere()).await.hits.iter().map(|h| h.message).collect();
        found.sort_unstable();
        found
    }
}

fn everywhere() -> Vec<Readable> {
    (0..20).map(|number| Readable { conversation: conversation(number), until_seq: None }).collect()
}

async fn ask(search: &LocalSearch, typed: &str, scope: &[Readable]) -> Found {
    search.find(question(typed, scope)).await.unwrap()
}

fn question(typed: &str, scope: &[Readable]) -> Question {
    Question {
        needles: Typed::parse(typed).needles,
        scope: scope.to_vec(),
        senders: None,
        not_senders: Vec::new(),
        from: None,
        until: None,
        has: Vec::new(),
        sort: Sort::Relevance,
        limit: 10_000,
        after: None,
        now: time_of(1_000),
    }
}

fn message(number: u128, seq: u64) -> MessageId {
    MessageId { conversation: conversation(number), seq }
}

fn erase(script: &mut Script, words: &OpenWords, who: u128) {
    let key = KeyRef { subject: Subject::Account(account(who)), generation: 1 };
    script.record(StreamName::keys(key.subject), KeyDestroyed { key });
    script.record(StreamName::account(account(who)), AccountErased { account: account(who) });
    words.destroy(key.subject);
}

/// The texts that a plain look at the log leaves.
fn texts(events: &[Arc<Recorded>]) -> BTreeMap<MessageId, String> {
    let mut texts = BTreeMap::new();
    let text = |words: &domain::words::Field<MessageWords>| {
        MessageWords::decode(words.sealed().unwrap().bytes.clone()).unwrap().text
    };
    for recorded in events {
        match &recorded.event {
            Event::MessageSent(event) => {
                let conversation = recorded.stream.conversation_id().unwrap();
                texts.insert(MessageId { conversation, seq: recorded.revision + 1 }, text(&event.words));
            }
            Event::MessageEdited(event) => {
                let id = recorded.stream.message_id().unwrap();
                texts.entry(id).and_modify(|kept| *kept = text(&event.words));
            }
            Event::MessagesPurged(event) => {
                let conversation = recorded.stream.conversation_id().unwrap();
                texts.retain(|id, _| id.conversation != conversation || id.seq > event.through_seq);
            }
            Event::MessageDeleted(_) => drop(texts.remove(&recorded.stream.message_id().unwrap())),
            _ => {}
        }
    }
    texts
}

#[tokio::test]
async fn messages_are_found_as_they_stand() {
    let directory = tempfile::tempdir().unwrap();
    let mut script = Script::default();
    script.group(0, &[0, 1]);
    script.sends(0, 0, "red roses", None);
    script.sends(0, 1, "red tulips", None);
    script.edits(0, 1, 0, "blue roses");
    script.reacts(0, 2, 0, "👍");
    let following = Following::begin(directory.path(), &script.events, LOG, Arc::default());
    assert_eq!(following.finds("red").await, [message(0, 2)]);
    assert_eq!(following.finds("roses").await, [message(0, 1)]);
    script.deletes(0, 2, 1);
    following.source.set(&script.events);
    assert!(following.finds("red").await.is_empty());
    let left = [Readable { conversation: conversation(0), until_seq: Some(1) }];
    assert_eq!(ask(&following.search, "roses", &left).await.total, 1);
    let before = [Readable { conversation: conversation(0), until_seq: Some(0) }];
    assert_eq!(ask(&following.search, "roses", &before).await.total, 0);
    assert_eq!(ask(&following.search, "roses", &[]).await.total, 0);
    following.end().await;
}

#[tokio::test]
async fn each_event_has_its_effect_once_however_often_the_process_begins_again() {
    let directory = tempfile::tempdir().unwrap();
    let script = everything(1_200, 4);
    let words: Arc<OpenWords> = Arc::default();
    for end in [300, 301, 650, 1_100, script.events.len()] {
        let events = &script.events[..end];
        let following = Following::begin(directory.path(), events, LOG, words.clone());
        following.caught_up().await;
        let all = texts(events);
        for word in ["edited", "words", "wor*", "hello"] {
            let typed = Typed::parse(word).needles.remove(0);
            let is_in = |text: &str| {
                terms(text).iter().any(|term| {
                    if typed.is_prefix { term.text.starts_with(&typed.terms[0]) } else { term.text == typed.terms[0] }
                })
            };
            let expected: Vec<MessageId> = all.iter().filter(|(_, text)| is_in(text)).map(|(id, _)| *id).collect();
            assert_eq!(following.finds(word).await, expected, "{word} after {end}");
        }
        following.end().await;
    }
}

#[tokio::test]
async fn what_was_erased_is_found_no_more_and_leaves_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let (mut script, words) = (Script::default(), Arc::<OpenWords>::default());
    script.group(0, &[0, 1]);
    script.sends(0, 0, "secret roses", None);
    script.sends(0, 1, "open roses", None);
    let following = Following::begin(directory.path(), &script.events, LOG, words.clone());
    assert_eq!(following.finds("roses").await.len(), 2);
    erase(&mut script, &words, 0);
    script.reacts(0, 1, 1, "👍");
    following.source.set(&script.events);
    assert_eq!(following.finds("roses").await, [message(0, 2)]);
    following.search.purge().await.unwrap();
    assert_eq!(following.search.purge().await.unwrap(), 0, "no segment keeps anything that was deleted");
    assert_eq!(following.search.mentions("secret"), 0, "the word itself is gone");
    assert_eq!(following.search.mentions("open"), 1);
    assert_eq!(following.finds("roses").await, [message(0, 2)]);

    let again = tempfile::tempdir().unwrap();
    let replayed = Following::begin(again.path(), &script.events, LOG, following.words.clone());
    assert_eq!(replayed.finds("roses").await, [message(0, 2)], "as a replay of the erased log");
    assert_eq!(replayed.search.mentions("secret"), 0);
    replayed.end().await;
    following.end().await;
}

/// Whether a term stands in any file of an index: every segment that has a file is one that the index names, and its terms
/// are looked through.
fn stands_in_files(directory: &Path, term: &str) -> bool {
    let index = tantivy::Index::open_in_dir(directory).unwrap();
    let (_, fields) = Fields::make();
    let named: Vec<String> = index.searchable_segment_ids().unwrap().iter().map(|id| id.uuid_string()).collect();
    for entry in std::fs::read_dir(directory).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let is_of_a_segment = !name.starts_with('.') && !name.ends_with(".json");
        let segment = name.split('.').next().unwrap_or_default();
        assert!(!is_of_a_segment || named.iter().any(|id| id == segment), "{name} is of no segment");
    }
    let searcher = index.reader().unwrap().searcher();
    let term = fields.of_text(term);
    searcher.segment_readers().iter().any(|segment| {
        let inverted = segment.inverted_index(term.field()).unwrap();
        inverted.terms().get(term.serialized_value_bytes()).unwrap().is_some()
    })
}

#[tokio::test]
async fn what_was_edited_or_deleted_leaves_the_files_when_that_is_asked_for() {
    for is_rebuilt in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let mut script = Script::default();
        script.group(0, &[0, 1]);
        for text in ["edited soonchanged", "deleted soongone", "both soonboth", "kept forgood"] {
            script.sends(0, 0, text, None);
        }
        let following = Following::begin(directory.path(), &script.events, LOG, Arc::default());
        following.caught_up().await;
        let mut files = directory.path().join("v2_0");
        let gone = ["soonchanged", "soongone", "soonboth"];
        assert!(gone.iter().all(|term| stands_in_files(&files, term)), "so it would be noticed");
        script.edits(0, 1, 0, "edited now");
        script.deletes(0, 2, 0);
        script.edits(0, 3, 0, "both soonover");
        script.deletes(0, 3, 0);
        following.source.set(&script.events);
        following.caught_up().await;
        if is_rebuilt {
            let source: Arc<dyn EventSource> = following.source.clone();
            following.search.rebuild(source, &watch::Sender::default()).await.unwrap();
            files = directory.path().join("v2_1");
        } else {
            following.search.purge().await.unwrap();
        }
        for term in gone.iter().chain(&["soonover"]) {
            assert!(!stands_in_files(&files, term), "{term}");
        }
        assert!(stands_in_files(&files, "forgood") && stands_in_files(&files, "now"));
        following.end().await;
        if is_rebuilt {
            assert!(!directory.path().join("v2_0").exists(), "nothing is left of the old index");
        }
    }
}

#[tokio::test]
async fn what_is_encrypted_is_not_in_the_index() {
    let directory = tempfile::tempdir().unwrap();
    let mut script = Script::default();
    script.group(0, &[0, 1]);
    script.sends(0, 0, "open words", None);
    let stream = StreamName::timeline(conversation(0));
    let ciphertext =
        Ciphertext { scheme: "hiddenscheme".into(), ciphertext: "hiddenword".into(), ..Ciphertext::default() };
    let words =
        MessageWords { text: String::new(), client_ref: Some("hiddenref".into()), ciphertext: Some(ciphertext) };
    let scope = Subject::Conversation(conversation(0));
    let words = seal(&words, &stream, EventType::MessageSent, Some(account(1)), scope);
    script.record(
        stream,
        MessageSent { sender: account(1), reply_to: None, words, mentions: vec![account(0)], period: None },
    );
    script.reacts(0, 2, 0, "👍");
    let following = Following::begin(directory.path(), &script.events, LOG, Arc::default());
    following.caught_up().await;
    for (who, expected) in [(0, 1), (1, 0)] {
        let question = Question { senders: Some(vec![account(who)]), ..question("", &everywhere()) };
        assert_eq!(following.search.find(question).await.unwrap().total, expected, "{who}");
    }
    for term in ["hiddenword", "hiddenscheme", "hiddenref"] {
        assert!(!stands_in_files(&directory.path().join("v2_0"), term), "{term}");
    }
    following.end().await;
}

#[tokio::test]
async fn what_was_purged_is_found_no_more_and_leaves_the_files() {
    let directory = tempfile::tempdir().unwrap();
    let mut script = Script::default();
    script.group(0, &[0, 1]);
    script.group(1, &[0, 1]);
    for text in ["secret roses", "old roses", "open roses"] {
        script.sends(0, 0, text, None);
    }
    script.sends(1, 0, "other roses", None);
    let following = Following::begin(directory.path(), &script.events, LOG, Arc::default());
    assert_eq!(following.finds("roses").await.len(), 4);
    script.edits(0, 2, 0, "old secret roses");
    script.keeps_for(0, Some(1));
    script.purges(0, 0, 2);
    following.source.set(&script.events);
    let left = [message(0, 3), message(1, 1)];
    assert_eq!(following.finds("roses").await, left);
    following.search.purge().await.unwrap();
    assert_eq!(following.search.purge().await.unwrap(), 0, "no segment keeps anything that was purged");
    assert_eq!((following.search.mentions("secret"), following.search.mentions("old")), (0, 0));
    let source: Arc<dyn EventSource> = following.source.clone();
    following.search.rebuild(source, &watch::Sender::default()).await.unwrap();
    assert_eq!(following.finds("roses").await, left, "as a replay of the log");
    assert_eq!((following.search.mentions("secret"), following.search.mentions("old")), (0, 0));
    following.end().await;
}

#[tokio::test]
async fn an_index_is_built_again_beside_the_one_that_is_served() {
    let directory = tempfile::tempdir().unwrap();
    let mut script = Script::default();
    script.group(0, &[0, 1]);
    for number in 0..50 {
        script.sends(0, 0, &format!("rose {number}"), None);
    }
    script.deletes(0, 7, 0);
    let following = Following::begin(directory.path(), &script.events, LOG, Arc::default());
    let before = following.finds("rose").await;
    let source: Arc<dyn EventSource> = following.source.clone();
    let rebuilt = following.search.rebuild(source, &watch::Sender::default()).await.unwrap();
    assert_eq!((rebuilt.position, rebuilt.is_switched), (following.source.head(), true));
    assert_eq!(following.finds("rose").await, before);
    script.sends(0, 1, "rose of the new one", None);
    following.source.set(&script.events);
    assert_eq!(following.finds("rose").await.len(), before.len() + 1);
    let events = script.events.clone();
    following.end().await;
    let again = Following::begin(directory.path(), &events, LOG, Arc::default());
    assert_eq!(again.finds("rose").await.len(), before.len() + 1);
    again.end().await;
    assert!(!directory.path().join("v2_0").exists() && directory.path().join("v2_1").exists());
}

#[tokio::test]
async fn an_index_of_another_log_or_of_more_than_the_log_has_is_begun_anew() {
    let directory = tempfile::tempdir().unwrap();
    let mut script = Script::default();
    script.group(0, &[0, 1]);
    script.sends(0, 0, "one", None);
    script.sends(0, 0, "two", None);
    let following = Following::begin(directory.path(), &script.events, LOG, Arc::default());
    assert_eq!(following.finds("two").await.len(), 1);
    following.end().await;
    let shorter = &script.events[..script.events.len() - 1];
    let following = Following::begin(directory.path(), shorter, LOG, Arc::default());
    assert!(following.finds("two").await.is_empty());
    assert_eq!(following.finds("one").await.len(), 1);
    following.end().await;
    let other = LogId::new(Uuid::from_u128(7));
    let search = LocalSearch::open(directory.path(), other, Position(100), Arc::<OpenWords>::default()).unwrap();
    assert_eq!(search.status().position, Position::START);
    assert_eq!(ask(&search, "one", &everywhere()).await.total, 0);
    search.close().await;
    std::fs::write(directory.path().join("v2_0/meta.json"), "rubbish").unwrap();
    let following = Following::begin(directory.path(), &script.events, LOG, Arc::default());
    assert_eq!(following.finds("two").await.len(), 1, "a damaged one, too");
    following.end().await;
}
