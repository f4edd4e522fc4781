//! Carries a plan out: every item is the same command as in live traffic, under an import's context.
//!
//! Ids are keyed hashes of the source's, so a second run knows everything again. Each conversation's
//! `import-…` stream holds how far it has come, in the same unit as what it imports, so a run that was stopped goes on
//! where it was. Texts are taken over in Slack's own markup.
//!
//! Nobody has unread messages in what was imported: in the end every member's watermark is moved to the last imported
//! message, by the same command that a client's reading uses. It never moves back, so repeating it changes nothing.

use crate::cli::import::people::{Person, PersonIndex, alternative};
use crate::cli::import::plan::{Item, Place, Plan, What};
use crate::cli::import::progress::Progress;
use crate::cli::import::report::{Counts, Notices};
use commands::account::register_account::RegisterAccount;
use commands::command::{Command, Envelope, Import};
use commands::conversation::create_conversation::CreateGroup;
use commands::conversation::join_conversation::JoinConversation;
use commands::conversation::mark_read::MarkRead;
use commands::conversation::remove_member::RemoveMember;
use commands::execute::{Executor, Failure};
use commands::log::EventLog;
use commands::message::add_reaction::AddReaction;
use commands::message::edit_message::EditMessage;
use commands::message::send_message::SendMessage;
use commands::refusal::Refusal;
use domain::account::values::Username;
use domain::clock::Time;
use domain::conversation::values::PrivacyMode;
use domain::event::{Event, EventType};
use domain::ids::{AccountId, ConversationId, Hash16, MessageId};
use domain::recorded::Recorded;
use domain::source::Direction;
use domain::stream::StreamName;
use domain::values::{ConversationDescription, ConversationName, DisplayName, MessageText};
use domain::words::{Purpose, Words};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;

/// Events of a timeline that are read at once.
const TIMELINE_PAGE_EVENTS: usize = 1_000;
/// Names that are tried for one person, at most.
const NAMES_MAX_ATTEMPTS: u32 = 10_000;
/// Watermarks that are moved at once.
const WATERMARKS_AT_ONCE: usize = 64;

/// What an import works with.
#[derive(Clone)]
pub struct Tools {
    /// Carries out commands.
    pub executor: Arc<Executor>,
    /// Tells what is there already.
    pub log: Arc<dyn EventLog>,
    /// Makes ids.
    pub words: Arc<dyn Words>,
    /// Shared by everything that this import causes.
    pub correlation_id: Uuid,
}

/// Carries out the plan. What is refused is reported, and the rest goes on.
///
/// # Errors
/// When the log or the keys store fails: what was imported so far stays, and another run goes on from there.
pub async fn import(
    tools: &Tools,
    plan: &Plan,
    notices: &mut Notices,
    progress: &mut Progress,
) -> anyhow::Result<Counts> {
    let mut run = Run::new(tools, plan, notices);
    run.find_what_is_there().await?;
    run.people(progress).await?;
    for item in &plan.items {
        run.item(item).await?;
        progress.advance(1);
    }
    run.watermarks().await?;
    Ok(run.counts)
}

/// How many steps of progress a plan takes.
pub fn steps(plan: &Plan) -> u64 {
    (plan.people.len() + plan.items.len()) as u64
}

struct Run<'a> {
    tools: &'a Tools,
    plan: &'a Plan,
    notices: &'a mut Notices,
    counts: Counts,
    accounts: Vec<AccountId>,
    rooms: Vec<Room>,
}

/// A conversation while it is filled.
struct Room {
    id: ConversationId,
    import: StreamName,
    /// How far earlier runs have come.
    reached: Option<(Time, u64)>,
    /// The sequence numbers of its messages by their times, which are their ids in the source.
    seqs: HashMap<Time, u64>,
}

impl<'a> Run<'a> {
    fn new(tools: &'a Tools, plan: &'a Plan, notices: &'a mut Notices) -> Self {
        let account = |person: &Person| AccountId::new(hash(tools, "account", &person.team, &person.id).uuid());
        let accounts = plan.people.iter().map(account).collect();
        let rooms = plan.places.iter().map(|place| Room::of(tools, place)).collect();
        Self { tools, plan, notices, counts: plan.found, accounts, rooms }
    }

    /// What earlier runs brought: how far each conversation has come, and where its messages are.
    async fn find_what_is_there(&mut self) -> anyhow::Result<()> {
        for room in &mut self.rooms {
            let newest = self.tools.log.read_stream(&room.import, u64::MAX, Direction::Backward, 1).await?;
            room.reached = newest.events.first().and_then(|recorded| match &recorded.event {
                Event::ImportAdvanced(e) => Some((e.at, e.step)),
                _ => None,
            });
            if room.reached.is_some() {
                room.read_timeline(self.tools.log.as_ref()).await?;
            }
        }
        Ok(())
    }

    async fn people(&mut self, progress: &mut Progress) -> anyhow::Result<()> {
        let streams: Vec<StreamName> = self.accounts.iter().map(|account| StreamName::account(*account)).collect();
        let revisions = self.tools.log.revisions(&streams).await?;
        let plan = self.plan;
        for ((person, account), revision) in plan.people.iter().zip(self.accounts.clone()).zip(revisions) {
            if revision.is_none() {
                self.register(person, account).await?;
            }
            progress.advance(1);
        }
        self.counts.accounts.found = plan.people.len() as u64;
        Ok(())
    }

    /// Registers somebody under the first name that nobody has.
    async fn register(&mut self, person: &Person, account: AccountId) -> anyhow::Result<()> {
        let stream = StreamName::import(hash(self.tools, "account", &person.team, &person.id));
        for attempt in 0..NAMES_MAX_ATTEMPTS {
            let Ok(username) = Username::parse(&alternative(&person.username, attempt)) else { continue };
            let command = RegisterAccount {
                account,
                username,
                display_name: Some(DisplayName::imported(&person.display_name)),
                password_hash: None,
            };
            let import = Import { stream: stream.clone(), at: self.plan.began, step: 0 };
            match self.execute(command, None, Some(import)).await? {
                Ok(_) => {
                    self.counts.accounts.added += 1;
                    return Ok(());
                }
                Err(Refusal::UsernameTaken) => {}
                Err(refusal) => {
                    self.notices.add("users.json", format!("{}: {refusal}", person.id));
                    return Ok(());
                }
            }
        }
        self.notices.add("users.json", format!("{}: no free user name was found", person.id));
        Ok(())
    }

    async fn item(&mut self, item: &Item) -> anyhow::Result<()> {
        let room = &self.rooms[item.place];
        if room.reached.is_some_and(|reached| (item.at, item.step) <= reached) {
            return Ok(());
        }
        let import = Some(Import { stream: room.import.clone(), at: item.at, step: item.step });
        let who = |person: PersonIndex| self.accounts[person];
        let conversation = room.id;
        let message = |at: &Time| room.seqs.get(at).map(|seq| MessageId { conversation, seq: *seq });
        let (command, actor): (Box<dyn Command>, AccountId) = match &item.what {
            What::Create { creator, name, description, members } => {
                let command = CreateGroup {
                    conversation,
                    name: ConversationName::imported(name),
                    description: (!description.is_empty()).then(|| ConversationDescription::imported(description)),
                    members: members.iter().copied().map(who).collect(),
                    privacy_mode: PrivacyMode::Searchable,
                };
                (Box::new(command), who(*creator))
            }
            What::Enter { who: person } | What::Join { who: person } => {
                (Box::new(JoinConversation { conversation }), who(*person))
            }
            What::Leave { who: person } => {
                (Box::new(RemoveMember { conversation, account: who(*person) }), who(*person))
            }
            What::Send { who: person, text, reply_to } => {
                let reply_to = reply_to.and_then(|root| room.seqs.get(&root).copied());
                let content = MessageText::imported(text).into();
                let command = SendMessage {
                    conversation,
                    content,
                    mentions: vec![],
                    reply_to,
                    client_ref: None,
                    all_max_members: 0,
                };
                (Box::new(command), who(*person))
            }
            What::Edit { who: person, message: at, text } => {
                let Some(message) = message(at) else { return Ok(()) };
                let content = MessageText::imported(text).into();
                (Box::new(EditMessage { message, content, mentions: vec![], all_max_members: 0 }), who(*person))
            }
            What::React { who: person, message: at, emoji } => {
                let Some(message) = message(at) else { return Ok(()) };
                (Box::new(AddReaction { message, emoji: emoji.clone() }), who(*person))
            }
        };
        match self.execute(command, Some(actor), import).await? {
            Ok(events) => self.take_over(item, &events),
            Err(refusal) => self.notices.add(&*item.file, format!("{}: {refusal}; it is left out", item.at)),
        }
        Ok(())
    }

    /// Counts what an item added, and remembers where its message is.
    fn take_over(&mut self, item: &Item, events: &[Arc<Recorded>]) {
        let counts = &mut self.counts;
        for recorded in events {
            match recorded.event.event_type() {
                EventType::ConversationCreated => counts.conversations.added += 1,
                EventType::MemberJoined => {
                    counts.joins.added += u64::from(matches!(item.what, What::Join { .. }));
                }
                EventType::MemberLeft => counts.leaves.added += 1,
                EventType::MessageSent => {
                    counts.messages.added += 1;
                    self.rooms[item.place].seqs.insert(item.at, recorded.revision + 1);
                }
                EventType::MessageEdited => counts.edits.added += 1,
                EventType::ReactionAdded => counts.reactions.added += 1,
                _ => {}
            }
        }
    }

    /// Moves every member's watermark to the last imported message.
    async fn watermarks(&mut self) -> anyhow::Result<()> {
        let mut newest = vec![None; self.rooms.len()];
        for item in self.plan.items.iter().filter(|item| matches!(item.what, What::Send { .. })) {
            newest[item.place] = newest[item.place].max(self.rooms[item.place].seqs.get(&item.at).copied());
        }
        let mut moves = Vec::new();
        for ((place, room), newest) in self.plan.places.iter().zip(&self.rooms).zip(newest) {
            let Some(seq) = newest else { continue };
            let of_member = |member: &PersonIndex| (MarkRead { conversation: room.id, seq }, self.accounts[*member]);
            moves.extend(place.members.iter().map(of_member));
        }
        let this = &*self;
        let moved = stream::iter(moves).map(|(command, who)| this.execute(command, Some(who), None));
        // Somebody who left since an earlier run is refused, and needs no watermark.
        moved.buffer_unordered(WATERMARKS_AT_ONCE).try_for_each(|_| async { Ok(()) }).await
    }

    async fn execute(
        &self,
        command: impl Command,
        actor: Option<AccountId>,
        import: Option<Import>,
    ) -> anyhow::Result<Result<Vec<Arc<Recorded>>, Refusal>> {
        let correlation_id = self.tools.correlation_id;
        let envelope = Envelope { actor, correlation_id, import, ..Envelope::default() };
        match self.tools.executor.execute(command, envelope).await {
            Ok(done) => Ok(Ok(done.events)),
            Err(Failure::Refused(refusal, _)) => Ok(Err(refusal)),
            Err(failure) => Err(failure.into()),
        }
    }
}

impl Room {
    fn of(tools: &Tools, place: &Place) -> Self {
        Self {
            id: ConversationId::new(hash(tools, "channel", &place.team, &place.id).uuid()),
            import: StreamName::import(hash(tools, "progress", &place.team, &place.id)),
            reached: None,
            seqs: HashMap::new(),
        }
    }

    async fn read_timeline(&mut self, log: &dyn EventLog) -> anyhow::Result<()> {
        let timeline = StreamName::timeline(self.id);
        let mut from = 0;
        loop {
            let slice = log.read_stream(&timeline, from, Direction::Forward, TIMELINE_PAGE_EVENTS).await?;
            let Some(last) = slice.events.last() else { return Ok(()) };
            from = last.revision + 1;
            self.seqs.extend(slice.events.iter().map(|sent| (sent.occurred_at, sent.revision + 1)));
        }
    }
}

/// A keyed hash of one of the source's things.
fn hash(tools: &Tools, kind: &str, team: &str, id: &str) -> Hash16 {
    tools.words.hash(Purpose::Import, &[b"slack", kind.as_bytes(), team.as_bytes(), id.as_bytes()])
}

#[cfg(test)]
#[path = "slack/tests.rs"]
mod tests;
