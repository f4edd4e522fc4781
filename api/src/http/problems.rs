//! `GET /problems/{code}`: what a problem's code means and what to do.

use crate::documentation::problem_page;
use crate::http::docs::html;
use crate::http::operation::{Access, Kind, Method, Route};
use crate::http::path::not_found;
use crate::problem::{Code, Problem};
use axum::extract::{RawPathParams, rejection::RawPathParamsRejection};
use axum::response::Response;

/// The route.
pub fn route() -> Route {
    Route::new(Method::Get, "/problems/{code}", "ProblemPage", handle)
        .kind(Kind::Service)
        .access(Access::Open)
        .summary("Explains the code of a problem.")
        .answers_text(200, "text/html", "The page.")
        .refuses(&[Code::NotFound])
}

async fn handle(path: Result<RawPathParams, RawPathParamsRejection>) -> Result<Response, Problem> {
    let path = path.map_err(|_| not_found())?;
    let code = path.iter().next().and_then(|(_, code)| Code::parse(code)).ok_or_else(not_found)?;
    Ok(html(problem_page(code)))
}
