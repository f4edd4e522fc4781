//! The gate before a route whose requests are counted.

use crate::app::App;
use crate::auth::caller;
use crate::auth::rates::{Headers, Limited};
use crate::http::operation::Access;
use crate::http::request::Peer;
use crate::problem::Problem;
use axum::extract::Request;
use std::sync::Arc;

/// Counts the requests of one route.
pub struct Gate {
    app: Arc<App>,
    access: Access,
    limited: Limited,
}

impl Gate {
    /// For a route with this access.
    pub fn new(app: Arc<App>, access: Access, limited: Limited) -> Self {
        Self { app, access, limited }
    }

    /// Counts a request: of its account, or of its address where nobody has to be signed in. Gives the headers for its
    /// answer. Who has no valid token is not counted; the route will say so. Whoever has one is found here and not again.
    ///
    /// # Errors
    /// [`crate::problem::Code::RateLimited`] when there were too many.
    pub fn pass(&self, request: &mut Request) -> Result<Option<Headers>, Problem> {
        let Self { app, access, limited } = self;
        let now = app.clock.now();
        match access {
            Access::Open => app.rates.take_of_address(*limited, Peer::address(request.extensions()), now),
            Access::SignedIn | Access::Admins | Access::LogReaders if app.rates.are_on() => {
                match caller::from_headers(app, request.headers()) {
                    Ok(caller) => {
                        request.extensions_mut().insert(caller);
                        app.rates.take(*limited, caller.account, now)
                    }
                    Err(_) => Ok(None),
                }
            }
            Access::SignedIn | Access::Admins | Access::LogReaders => Ok(None),
        }
    }
}
