//! An open log without threads: its writer and its helpers do a step when they are told to, and, as the seed has it, while
//! another one of them waits for the disk.

use super::super::simulated::set_meanwhile;
use crate::embedded::ahead;
use crate::embedded::engine::Log;
use crate::embedded::keeper;
use crate::embedded::reclaim::{ReclaimFault, Reclaimed};
use crate::embedded::sealer;
use crate::embedded::tests::chance::Chance;
use crate::embedded::writer::Writer;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// The engine's four threads, as steps.
pub struct Crew {
    writer: RefCell<Option<Writer>>,
    ahead: Arc<ahead::Worker>,
    sealer: Arc<sealer::Worker>,
    keeper: Arc<keeper::Worker>,
    ahead_works: Cell<bool>,
    sealer_works: Cell<bool>,
    keeper_works: Cell<bool>,
    chance: RefCell<Chance>,
    /// At least as many bytes as the records of what waits for the writer.
    pub queued_bytes: Cell<u64>,
}

/// An open log.
pub struct Running {
    pub log: Log,
    pub crew: Rc<Crew>,
}

impl Running {
    pub fn new(log: Log, writer: Writer, seed: u64) -> Self {
        let crew = Rc::new(Crew {
            ahead: writer.commit.ahead.worker(),
            sealer: writer.commit.sealer.worker(),
            keeper: writer.commit.keeper.worker(),
            writer: RefCell::new(Some(writer)),
            ahead_works: Cell::new(false),
            sealer_works: Cell::new(false),
            keeper_works: Cell::new(false),
            chance: RefCell::new(Chance::new(seed)),
            queued_bytes: Cell::new(0),
        });
        let meanwhile = Rc::clone(&crew);
        set_meanwhile(Some(Rc::new(move |is_rename| meanwhile.meanwhile(is_rename))));
        Self { log, crew }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        set_meanwhile(None);
        drop(self.crew.writer.borrow_mut().take());
    }
}

impl Crew {
    /// The writer works off what waits.
    pub fn write(&self) {
        let writer = self.writer.borrow_mut().take();
        if let Some(writer) = writer {
            let back = writer.step();
            *self.writer.borrow_mut() = back;
            self.queued_bytes.set(0);
        }
    }

    /// The zeroing does its next piece.
    pub fn zero(&self) {
        if !self.ahead_works.replace(true) {
            self.ahead.step();
            self.ahead_works.set(false);
        }
    }

    /// The sealing does its next segment.
    pub fn seal(&self) {
        if !self.sealer_works.replace(true) {
            self.sealer.step();
            self.sealer_works.set(false);
        }
    }

    /// The keeper builds its next filter.
    pub fn keep(&self) {
        if !self.keeper_works.replace(true) {
            self.keeper.step();
            self.keeper_works.set(false);
        }
    }

    /// The keeper gives back what nobody reads any more.
    pub fn reclaim(&self, everything: bool) -> Result<Reclaimed, ReclaimFault> {
        if self.keeper_works.replace(true) {
            return Err(ReclaimFault::Stopped);
        }
        let reclaimed = self.keeper.reclaim(everything, |_| !self.chance.borrow_mut().one_in(50));
        self.keeper_works.set(false);
        reclaimed
    }

    /// One of the others goes on while one waits for the disk.
    fn meanwhile(&self, is_rename: bool) {
        let who = {
            let mut chance = self.chance.borrow_mut();
            if chance.one_in(6) { chance.below(4) } else { return }
        };
        match who {
            0 => self.zero(),
            1 => self.seal(),
            2 => self.keep(),
            // The keeper holds the closed segments' files while it renames one, and the writer may ask for one.
            _ if is_rename && self.keeper_works.get() => {}
            _ if self.writer_need_not_wait() => self.write(),
            _ => {}
        }
    }

    /// Whether the writer could work off what waits without waiting for one of the others, who may be waiting below it on
    /// this very stack.
    fn writer_need_not_wait(&self) -> bool {
        let Ok(writer) = self.writer.try_borrow() else { return false };
        writer.as_ref().is_some_and(|writer| {
            let commit = &writer.commit;
            let end = commit.end + self.queued_bytes.get();
            end <= commit.capacity && end <= self.ahead.zeroed_bytes()
        })
    }
}
