//! Which pages of other origins may use the API from a browser (CORS, as the Fetch standard has it).

use crate::auth::buckets::{RATELIMIT, RATELIMIT_POLICY};
use crate::http::edge::X_REQUEST_ID;
use crate::http::headers::{
    IDEMPOTENCY_KEY, IDEMPOTENCY_REPLAYED, TIDINGS_LOG, TIDINGS_MIN_POSITION, TIDINGS_POSITION, TIDINGS_REASON,
    TIDINGS_WAIT_MS,
};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method};
use std::time::Duration;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser may keep the answer to its question.
const MAX_AGE: Duration = Duration::from_secs(600);

/// The layer for these origins; none when there are none. Credentials are not allowed: a token stands in a header that a page
/// sets itself, and no cookie is ever read.
pub fn layer(origins: &[String]) -> Option<CorsLayer> {
    if origins.is_empty() {
        return None;
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let layer = CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            ACCEPT,
            AUTHORIZATION,
            CONTENT_TYPE,
            IDEMPOTENCY_KEY,
            IF_MATCH,
            TIDINGS_LOG,
            TIDINGS_MIN_POSITION,
            TIDINGS_REASON,
            TIDINGS_WAIT_MS,
            X_REQUEST_ID,
        ])
        .expose_headers([
            ETAG,
            IDEMPOTENCY_REPLAYED,
            RATELIMIT,
            RATELIMIT_POLICY,
            RETRY_AFTER,
            HeaderName::from_static("server-timing"),
            TIDINGS_LOG,
            TIDINGS_POSITION,
            X_REQUEST_ID,
        ])
        .max_age(MAX_AGE);
    Some(layer)
}
