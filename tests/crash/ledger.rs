//! What the clients know: a second, simple model of what the system has to answer.

use std::collections::HashMap;

/// What an answer promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Promise {
    /// Where the message stands.
    pub room: String,
    /// Its number there.
    pub seq: u64,
    /// Its event's place in the log.
    pub position: u64,
}

/// Every promise by the text of its message, which is its key too.
#[derive(Default)]
pub struct Ledger {
    promises: HashMap<String, Promise>,
    /// Answers that came to a repeat.
    pub replays: u64,
}

impl Ledger {
    /// Takes a promise down; one that differs from an earlier one for the same text is a broken one.
    ///
    /// # Errors
    /// With both.
    pub fn note(&mut self, text: &str, promise: Promise, is_replay: bool) -> Result<(), String> {
        self.replays += u64::from(is_replay);
        match self.promises.insert(text.to_owned(), promise.clone()) {
            Some(before) if before != promise => Err(format!("{text} was promised as {before:?}, then as {promise:?}")),
            _ => Ok(()),
        }
    }

    /// All of them.
    pub fn promises(&self) -> &HashMap<String, Promise> {
        &self.promises
    }
}
