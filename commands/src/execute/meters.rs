//! What the executor measures. Handles are looked up once a command name: a lookup costs more than a record.

use super::Stages;
use metrics::{Counter, Histogram, counter, histogram};
use parking_lot::RwLock;
use rustc_hash::FxHashMap;
use std::sync::{Arc, OnceLock};

#[derive(Default)]
pub(super) struct Meters {
    commands: RwLock<FxHashMap<&'static str, Arc<CommandMeters>>>,
    batch_size: OnceLock<Histogram>,
}

struct CommandMeters {
    wait: Histogram,
    load: Histogram,
    decide: Histogram,
    append: Histogram,
    conflicts: Counter,
}

impl CommandMeters {
    fn new(command: &'static str) -> Self {
        let stage = |stage: &'static str| histogram!("command_stage_seconds", "command" => command, "stage" => stage);
        Self {
            wait: stage("wait"),
            load: stage("load"),
            decide: stage("decide"),
            append: stage("append"),
            conflicts: counter!("command_conflicts_total", "command" => command),
        }
    }
}

impl Meters {
    fn of(&self, command: &'static str) -> Arc<CommandMeters> {
        if let Some(meters) = self.commands.read().get(command) {
            return Arc::clone(meters);
        }
        let mut commands = self.commands.write();
        Arc::clone(commands.entry(command).or_insert_with(|| Arc::new(CommandMeters::new(command))))
    }

    /// A command that was answered.
    pub(super) fn answered(&self, command: &'static str, stages: &Stages) {
        let meters = self.of(command);
        meters.wait.record(stages.wait);
        meters.load.record(stages.load);
        meters.decide.record(stages.decide);
        meters.append.record(stages.append);
    }

    /// A command that was overtaken.
    pub(super) fn overtaken(&self, command: &'static str) {
        self.of(command).conflicts.increment(1);
    }

    /// Units appended as one batch.
    pub(super) fn batch(&self, units: usize) {
        let histogram = self.batch_size.get_or_init(|| histogram!("command_batch_size"));
        histogram.record(u32::try_from(units).unwrap_or(u32::MAX));
    }
}
