//! `GET /openapi.json` and `GET /docs`: the contract for programs and for people, from inside the binary.

use crate::documentation::{page, style_sheet};
use crate::http::operation::{Access, Kind, Method, Route};
use crate::openapi;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use std::sync::LazyLock;

/// A page loads its style from here and nothing else.
pub const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'";
const CACHED: &str = "public, max-age=300";

static DOCUMENT: LazyLock<String> = LazyLock::new(openapi::text);
static PAGE: LazyLock<String> = LazyLock::new(page);

/// The route of `/openapi.json`.
pub fn openapi() -> Route {
    Route::new(Method::Get, "/openapi.json", "OpenApi", give_document)
        .kind(Kind::Service)
        .access(Access::Open)
        .summary("Gives this document.")
        .answers_text(200, "application/json", "The OpenAPI document.")
}

async fn give_document() -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, CACHED)], DOCUMENT.as_str()).into_response()
}

/// The route of `/docs`.
pub fn docs() -> Route {
    Route::new(Method::Get, "/docs", "Docs", give_page)
        .kind(Kind::Service)
        .access(Access::Open)
        .summary("Shows this document in a readable form.")
        .answers_text(200, "text/html", "The page.")
}

async fn give_page() -> Response {
    html(PAGE.as_str())
}

/// The route of the pages' style.
pub fn style() -> Route {
    Route::new(Method::Get, "/docs/style.css", "DocsStyle", give_style)
        .kind(Kind::Service)
        .access(Access::Open)
        .summary("Gives the style of the readable pages.")
        .answers_text(200, "text/css", "The style.")
}

async fn give_style() -> Response {
    ([(CONTENT_TYPE, "text/css; charset=utf-8"), (CACHE_CONTROL, CACHED)], style_sheet()).into_response()
}

/// A readable page.
pub fn html(page: impl Into<String>) -> Response {
    let headers =
        [(CONTENT_TYPE, "text/html; charset=utf-8"), (CACHE_CONTROL, CACHED), (CONTENT_SECURITY_POLICY, PAGE_POLICY)];
    (headers, page.into()).into_response()
}
