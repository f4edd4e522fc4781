//! What a socket needs of the rest of the server.

use crate::app::App;
use crate::auth::caller::{Caller, from_token};
use crate::auth::lasting::{Over, lasting};
use crate::live::command::carry_out;
use crate::live::op::CommandOp;
use crate::live::router::Live;
use crate::live::wire::Wire;
use futures_util::future::BoxFuture;
use std::sync::Arc;

/// The server, as a socket sees it.
pub trait Service: Send + Sync + 'static {
    /// The feed.
    fn live(&self) -> &Arc<Live>;

    /// Whose token this is; none when it is not valid or its session is over.
    fn caller(&self, token: &str) -> Option<Caller>;

    /// Ends when the caller's session or token is over.
    fn lasting(self: Arc<Self>, caller: Caller) -> BoxFuture<'static, Over>;

    /// Carries a command out and gives the frame that answers it.
    fn carry_out(self: Arc<Self>, caller: Caller, command: CommandOp) -> BoxFuture<'static, Wire>;
}

impl Service for App {
    fn live(&self) -> &Arc<Live> {
        &self.live
    }

    fn caller(&self, token: &str) -> Option<Caller> {
        from_token(self, token).ok()
    }

    fn lasting(self: Arc<Self>, caller: Caller) -> BoxFuture<'static, Over> {
        Box::pin(async move { lasting(&self, caller).await })
    }

    fn carry_out(self: Arc<Self>, caller: Caller, command: CommandOp) -> BoxFuture<'static, Wire> {
        Box::pin(carry_out(self, caller, command))
    }
}
