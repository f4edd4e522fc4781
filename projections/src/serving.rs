//! The copy of a projection that this process serves: queries ask it and the writer moves it on, until another is live.

use crate::copies::CopyId;
use crate::database::Database;
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard, watch};

/// An open copy.
#[derive(Clone, Debug)]
pub(crate) struct OpenCopy {
    pub(crate) id: CopyId,
    pub(crate) database: Database,
    /// False while its rows answer nothing: they are of another log, or are still to be built.
    pub(crate) is_readable: bool,
}

/// The copy that is served, which changes at a switch. Whoever has taken the old one finishes with it.
#[derive(Debug)]
pub(crate) struct Serving {
    copy: watch::Sender<Arc<OpenCopy>>,
    gate: Mutex<()>,
}

impl Serving {
    pub(crate) fn new(copy: OpenCopy) -> Arc<Self> {
        Arc::new(Self { copy: watch::Sender::new(Arc::new(copy)), gate: Mutex::new(()) })
    }

    /// The copy as of now.
    pub(crate) fn now(&self) -> Arc<OpenCopy> {
        self.copy.borrow().clone()
    }

    /// Whether this is still the copy that is served.
    pub(crate) fn is(&self, copy: &Arc<OpenCopy>) -> bool {
        Arc::ptr_eq(&self.copy.borrow(), copy)
    }

    /// Serves another copy; gives the one before.
    pub(crate) fn replace(&self, copy: OpenCopy) -> Arc<OpenCopy> {
        self.copy.send_replace(Arc::new(copy))
    }

    /// While this is held no batch is applied and no other copy is served. Queries go on.
    pub(crate) async fn hold(&self) -> MutexGuard<'_, ()> {
        self.gate.lock().await
    }
}
