//! What the index holds of a message: terms to look it up by and numbers to order it by. Nothing is stored as it was.

use super::entry::Entry;
use super::port::Has;
use super::tokenizer;
use domain::ids::{AccountId, ConversationId, MessageId};
use std::ops::Bound;
use tantivy::query::{BooleanQuery, Query, RangeQuery, TermQuery};
use tantivy::schema::{FAST, Field, INDEXED, IndexRecordOption, Schema, SchemaBuilder, TextFieldIndexing, TextOptions};
use tantivy::{TantivyDocument, Term};

/// Counted up when an index of before would answer differently: the new version is built from the log.
pub(super) const VERSION: u32 = 2;

pub(super) const SEQ: &str = "seq";
pub(super) const SENT_AT: &str = "sent_at";
pub(super) const POSITION: &str = "position";
pub(super) const CONVERSATION_HIGH: &str = "conversation_high";
pub(super) const CONVERSATION_LOW: &str = "conversation_low";

/// The fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    /// Conversation and seq: what an edit replaces and a deletion takes out.
    message: Field,
    conversation: Field,
    sender: Field,
    has: Field,
    pub(super) text: Field,
    seq: Field,
    sent_at: Field,
    position: Field,
    conversation_high: Field,
    conversation_low: Field,
}

impl Fields {
    /// The schema and its fields.
    pub(super) fn make() -> (Schema, Self) {
        let mut schema: SchemaBuilder = Schema::builder();
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(tokenizer::NAME)
            .set_fieldnorms(true)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let fields = Self {
            message: schema.add_bytes_field("message", INDEXED),
            conversation: schema.add_bytes_field("conversation", INDEXED),
            sender: schema.add_bytes_field("sender", INDEXED),
            has: schema.add_u64_field("has", INDEXED),
            text: schema.add_text_field("text", TextOptions::default().set_indexing_options(indexing)),
            seq: schema.add_u64_field(SEQ, FAST),
            sent_at: schema.add_i64_field(SENT_AT, FAST),
            position: schema.add_u64_field(POSITION, FAST),
            conversation_high: schema.add_u64_field(CONVERSATION_HIGH, FAST),
            conversation_low: schema.add_u64_field(CONVERSATION_LOW, FAST),
        };
        (schema.build(), fields)
    }

    pub(super) fn of_message(&self, id: MessageId) -> Term {
        let mut key = [0; 24];
        key[..16].copy_from_slice(id.conversation.uuid().as_bytes());
        key[16..].copy_from_slice(&id.seq.to_be_bytes());
        Term::from_field_bytes(self.message, &key)
    }

    pub(super) fn of_conversation(&self, id: ConversationId) -> Term {
        Term::from_field_bytes(self.conversation, id.uuid().as_bytes())
    }

    /// Every message of a conversation up to this one.
    pub(super) fn through(&self, last: MessageId) -> Box<dyn Query> {
        let conversation = TermQuery::new(self.of_conversation(last.conversation), IndexRecordOption::Basic);
        let seqs = RangeQuery::new(Bound::Unbounded, Bound::Included(self.of_seq(last.seq)));
        Box::new(BooleanQuery::intersection(vec![Box::new(conversation), Box::new(seqs)]))
    }

    pub(super) fn of_sender(&self, id: AccountId) -> Term {
        Term::from_field_bytes(self.sender, id.uuid().as_bytes())
    }

    pub(super) fn of_has(&self, has: Has) -> Term {
        Term::from_field_u64(self.has, has.number())
    }

    pub(super) fn of_text(&self, term: &str) -> Term {
        Term::from_field_text(self.text, term)
    }

    pub(super) fn of_seq(&self, seq: u64) -> Term {
        Term::from_field_u64(self.seq, seq)
    }

    pub(super) fn of_sent_at(&self, micros: i64) -> Term {
        Term::from_field_i64(self.sent_at, micros)
    }

    /// A message as it is indexed.
    pub(super) fn document(&self, entry: &Entry) -> TantivyDocument {
        let mut document = TantivyDocument::default();
        document.add_bytes(self.message, self.of_message(entry.id).serialized_value_bytes());
        document.add_bytes(self.conversation, entry.id.conversation.uuid().as_bytes());
        document.add_bytes(self.sender, entry.sender.uuid().as_bytes());
        for has in &entry.has {
            document.add_u64(self.has, has.number());
        }
        document.add_text(self.text, &entry.text);
        document.add_u64(self.seq, entry.id.seq);
        document.add_i64(self.sent_at, entry.sent_at.micros());
        document.add_u64(self.position, entry.position.0);
        let (high, low) = entry.id.conversation.uuid().as_u64_pair();
        document.add_u64(self.conversation_high, high);
        document.add_u64(self.conversation_low, low);
        document
    }
}
