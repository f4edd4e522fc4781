//! Shows how far long work has come: a bar on a terminal, a line every tenth elsewhere. On standard error.

use crate::admin::protocol::Step;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write, stderr};
use tokio::sync::mpsc;

/// How far the work has come.
pub struct Progress {
    bar: ProgressBar,
    total: u64,
    done: u64,
    /// Tenths that a line was written for; none on a terminal.
    told: Option<u64>,
    what: String,
    tell: Option<mpsc::Sender<Step>>,
}

impl Progress {
    /// Of `total` steps of work called `what`.
    pub fn new(what: impl Into<String>, total: u64) -> Self {
        let what = what.into();
        let is_terminal = stderr().is_terminal();
        let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what.clone());
        Self { bar, total, done: 0, told: (!is_terminal).then_some(0), what, tell: None }
    }

    /// Shows nothing anywhere.
    pub fn silent() -> Self {
        Self { bar: ProgressBar::hidden(), total: 0, done: 0, told: None, what: String::new(), tell: None }
    }

    /// Shows nothing here; tells whoever waits there, at every hundredth.
    pub fn telling(what: &str, total: u64, tell: mpsc::Sender<Step>) -> Self {
        Self { total, what: what.to_owned(), tell: Some(tell), ..Self::silent() }
    }

    /// So many steps are done.
    pub fn reach(&mut self, done: u64) {
        self.advance(done.saturating_sub(self.done));
    }

    /// `steps` more are done.
    pub fn advance(&mut self, steps: u64) {
        self.done += steps;
        self.bar.inc(steps);
        if let Some(tell) = &self.tell
            && (self.done == self.total || self.done % (self.total / 100).max(1) < steps)
        {
            // Only the newest counts: one that finds no room is followed by another.
            drop(tell.try_send(Step { what: self.what.clone(), done: self.done, total: self.total }));
        }
        let tenths = (self.done * 10).checked_div(self.total).unwrap_or(10);
        if self.told.is_some_and(|told| tenths > told) {
            self.told = Some(tenths);
            // Progress that cannot be shown stops nothing.
            writeln!(stderr(), "{}: {} of {}", self.what, self.done, self.total).ok();
        }
    }

    /// The work is over: the bar goes away.
    pub fn finish(self) {
        self.bar.finish_and_clear();
    }
}
