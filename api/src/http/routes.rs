//! Every route, and the router made of them.

use crate::app::App;
use crate::http::edge::Edge;
use crate::http::operation::Route;
use crate::http::path::not_found;
use crate::http::{
    account, conversation, cors, docs, feed, health, job, log, message, metrics, notification, problems, relationship,
    session, story,
};
use crate::problem::{Code, Problem};
use axum::Router;
use axum::handler::Handler;
use axum::routing::MethodRouter;
use std::sync::Arc;

/// Every route, in the order of the documentation.
pub fn routes() -> Vec<Route> {
    vec![
        account::register_account::route(),
        account::profile::route(),
        account::profile::route_by_username(),
        account::device_keys::route(),
        account::me::route(),
        account::change_profile::route(),
        account::change_password::route(),
        account::settings::route(),
        account::change_settings::route(),
        account::request_erasure::route(),
        account::cancel_erasure::route(),
        account::publish_device_key::route(),
        account::remove_device_key::route(),
        session::open_session::route(),
        session::refresh_session::route(),
        session::sessions::route(),
        session::revoke_session::route_current(),
        session::revoke_session::route(),
        conversation::create_conversation::route(),
        conversation::inbox::route(),
        conversation::conversation::route(),
        conversation::change_conversation::route(),
        conversation::close_conversation::route(),
        conversation::change_membership::route(),
        conversation::retention::route(),
        conversation::change_retention::route(),
        conversation::members::route(),
        conversation::add_member::route(),
        conversation::change_member_role::route(),
        conversation::remove_member::route(),
        conversation::mark_read::route(),
        conversation::pins::route(),
        conversation::pin_message::route(),
        conversation::pin_message::route_back(),
        conversation::metadata::route(),
        conversation::analytics::route(),
        conversation::member_analytics::route(),
        message::send_message::route(),
        message::sync::route(),
        message::timeline::route(),
        message::message::route(),
        message::search::route(),
        message::edit_message::route(),
        message::delete_message::route(),
        message::thread::route(),
        message::history::route(),
        message::reactions::route(),
        message::add_reaction::route(),
        message::remove_reaction::route(),
        notification::notifications::route(),
        notification::count::route(),
        notification::mark_notifications_read::route(),
        relationship::follow_account::route(),
        relationship::follow_account::route_back(),
        relationship::followers::route(),
        relationship::followers::route_following(),
        relationship::close_friends::route(),
        relationship::add_close_friend::route(),
        relationship::add_close_friend::route_back(),
        relationship::block_account::route(),
        relationship::block_account::route_back(),
        relationship::mute_stories::route(),
        relationship::mute_stories::route_back(),
        relationship::hide_stories::route(),
        relationship::hide_stories::route_back(),
        relationship::blocks::route(),
        story::post_story::route(),
        story::feed::route(),
        story::shelf::route(),
        story::story::route(),
        story::view_story::route(),
        story::views::route(),
        story::change_story_privacy::route(),
        story::delete_story::route(),
        feed::socket::route(),
        feed::events::route(),
        feed::ticket::route(),
        log::read_log::route(),
        log::read_stream::route(),
        account::grant_role::route(),
        job::rebuild_projection::route(),
        job::progress::route(),
        account::request_erasure::route_by_admin(),
        health::healthz(),
        health::readyz(),
        metrics::route(),
        docs::openapi(),
        docs::docs(),
        docs::style(),
        problems::route(),
    ]
}

/// The router of everything.
pub fn router(app: Arc<App>) -> Router {
    let mut paths: Vec<(&'static str, MethodRouter<Arc<App>>)> = Vec::new();
    for route in routes() {
        let mounted = route.mount(&app);
        match paths.iter_mut().find(|(path, _)| *path == route.path) {
            Some((_, methods)) => *methods = std::mem::take(methods).merge(mounted),
            None => paths.push((route.path, mounted)),
        }
    }
    let unmatched = Edge::new("other", "unmatched", app.config.server.is_https(), app.log_header.clone(), None);
    let mut router = Router::new();
    for (path, methods) in paths {
        router = router.route(path, methods.fallback(method_not_allowed.layer(unmatched.clone())));
    }
    let cors = cors::layer(&app.config.server.cors_origins);
    let router = router.fallback(nowhere.layer(unmatched)).with_state(app);
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

async fn method_not_allowed() -> Problem {
    Problem::new(Code::MethodNotAllowed)
}

async fn nowhere() -> Problem {
    not_found()
}
