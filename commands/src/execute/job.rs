//! A command on its way through a lane.

use super::idempotency::ClaimedKey;
use super::room::Place;
use super::sequence::Link;
use super::{Done, Failure, Stages};
use crate::command::{Command, Envelope};
use domain::stream::StreamName;
use std::time::Instant;
use tokio::sync::oneshot;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// A command, what surrounds it, and who waits for its result.
pub(super) struct Job {
    pub(super) command: Box<dyn Command>,
    pub(super) envelope: Envelope,
    /// The lane it belongs to.
    pub(super) primary: StreamName,
    /// Its idempotency key; others with the same one wait until the job is dropped.
    pub(super) claim: Option<ClaimedKey>,
    /// Its place among commands that must stay in their order, if it has one.
    pub(super) link: Option<Link>,
    /// How often it was overtaken.
    pub(super) attempts: usize,
    /// Its place in the round that it is part of.
    pub(super) turn: usize,
    pub(super) stages: Stages,
    /// When it arrived, then when it was last decided.
    pub(super) since: Instant,
    /// Goes with the answer until it is taken up; there is one while the job is part of a round.
    pub(super) uptake: Option<TaskTrackerToken>,
    reply: oneshot::Sender<Answer>,
    _place: Place,
}

/// What came of a command, on its way to whoever waits.
pub(super) struct Answer {
    result: Result<Done, Failure>,
    _uptake: Option<TaskTrackerToken>,
}

impl Answer {
    pub(super) fn take_up(self) -> Result<Done, Failure> {
        self.result
    }
}

impl Job {
    pub(super) fn new(
        command: Box<dyn Command>,
        envelope: Envelope,
        primary: StreamName,
        claim: Option<ClaimedKey>,
        place: Place,
        arrived: Instant,
    ) -> (Self, oneshot::Receiver<Answer>) {
        let (reply, answer) = oneshot::channel();
        let job = Self {
            command,
            envelope,
            primary,
            claim,
            link: None,
            attempts: 0,
            turn: 0,
            stages: Stages::default(),
            since: arrived,
            uptake: None,
            reply,
            _place: place,
        };
        (job, answer)
    }

    /// The same, at its place among commands that must stay in their order.
    pub(super) fn linked(self, link: Link) -> Self {
        Self { link: Some(link), ..self }
    }

    /// Answers whoever waits.
    pub(super) fn answer(mut self, result: Result<Done, Failure>) {
        self.link.iter_mut().for_each(|link| link.settle(&result));
        let answer = Answer { result, _uptake: self.uptake };
        if self.reply.send(answer).is_err() {
            tracing::debug!(command = self.command.name(), "nobody waited for the result");
        }
    }
}
