//! The one layer around every route: request id, rates, security headers, time limit, panics, problems, metrics.
//!
//! One layer instead of seven: each boxed layer costs on the path of every message.

use crate::http::answer::place_in;
use crate::http::gate::Gate;
use crate::http::request::{RequestId, request_id};
use crate::problem::{Code, Problem};
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::header::{STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, StatusCode};
use metrics::{Counter, Histogram};
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tower::{Layer, Service};

/// How long a request may take until its answer begins.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The header with the request's id.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The layer of one route.
#[derive(Clone)]
pub struct Edge(Arc<Route>);

struct Route {
    method: &'static str,
    template: &'static str,
    is_https: bool,
    log: HeaderValue,
    gate: Option<Gate>,
    seconds: Histogram,
    // The usual answers, so that no label is looked up on the hot path.
    ok: OnceLock<Counter>,
    created: OnceLock<Counter>,
    no_content: OnceLock<Counter>,
}

impl Edge {
    /// For one method of one route, named by its template: the real path never becomes a label. `log` is the id of the
    /// log that problems are decided on.
    pub fn new(
        method: &'static str,
        template: &'static str,
        is_https: bool,
        log: HeaderValue,
        gate: Option<Gate>,
    ) -> Self {
        let seconds = metrics::histogram!("http_request_seconds", "method" => method, "route" => template);
        Self(Arc::new(Route {
            method,
            template,
            is_https,
            log,
            gate,
            seconds,
            ok: OnceLock::new(),
            created: OnceLock::new(),
            no_content: OnceLock::new(),
        }))
    }
}

impl Route {
    fn count(&self, status: StatusCode, since: Instant) {
        self.seconds.record(since.elapsed().as_secs_f64());
        let usual = match status {
            StatusCode::OK => &self.ok,
            StatusCode::CREATED => &self.created,
            StatusCode::NO_CONTENT => &self.no_content,
            _ => return self.counter(status).increment(1),
        };
        usual.get_or_init(|| self.counter(status)).increment(1);
    }

    fn counter(&self, status: StatusCode) -> Counter {
        let (method, route, status) = (self.method, self.template, status.as_str().to_owned());
        metrics::counter!("http_requests_total", "method" => method, "route" => route, "status" => status)
    }

    fn complete(&self, mut response: Response, id: RequestId) -> Response {
        if let Some(problem) = response.extensions_mut().remove::<Problem>() {
            render(&problem, &id, &self.log, &mut response);
        }
        let headers = response.headers_mut();
        headers.insert(X_REQUEST_ID, id.value);
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        headers
            .entry(CONTENT_SECURITY_POLICY)
            .or_insert(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
        if self.is_https {
            headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
        }
        response
    }
}

fn render(problem: &Problem, id: &RequestId, log: &HeaderValue, response: &mut Response) {
    if let Some(position) = problem.position() {
        place_in(response, log, position);
    }
    for (name, value) in problem.headers() {
        response.headers_mut().insert(name.clone(), value.clone());
    }
    let document = problem.document(id.value.to_str().unwrap_or_default());
    let body = serde_json::to_vec(&document).unwrap_or_default();
    response.headers_mut().remove(http::header::CONTENT_LENGTH);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    *response.body_mut() = Body::from(body);
}

impl<S> Layer<S> for Edge {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService { route: self.0.clone(), inner }
    }
}

/// A route inside its layer.
#[derive(Clone)]
pub struct EdgeService<S> {
    route: Arc<Route>,
    inner: S,
}

impl<S> Service<Request> for EdgeService<S>
where
    S: Service<Request, Error = Infallible> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let since = Instant::now();
        let id = request_id(request.headers());
        request.extensions_mut().insert(id.clone());
        let route = self.route.clone();
        let rate = match route.gate.as_ref().map_or(Ok(None), |gate| gate.pass(&mut request)) {
            Ok(rate) => rate,
            Err(limited) => {
                return Box::pin(async move {
                    let response = route.complete(limited.into_response(), id);
                    route.count(response.status(), since);
                    Ok(response)
                });
            }
        };
        let answer = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        Box::pin(async move {
            let response = match tokio::time::timeout(TIME_LIMIT, answer).await {
                Ok(Ok(Ok(response))) => response.into_response(),
                Ok(Ok(Err(never))) => match never {},
                Ok(Err(_panic)) => panicked(&route, &id),
                Err(_elapsed) => {
                    Problem::new(Code::Unavailable).detail("the answer took too long").retry_after(5).into_response()
                }
            };
            let mut response = route.complete(response, id);
            response.headers_mut().extend(rate.into_iter().flatten());
            route.count(response.status(), since);
            Ok(response)
        })
    }
}

/// What it panicked with went to standard error already; it is not repeated, for it may hold anything.
fn panicked(route: &Route, id: &RequestId) -> Response {
    tracing::error!(route = route.template, request_id = ?id.value, "a handler panicked");
    Problem::new(Code::Internal).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use domain::ids::Position;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    const LOG: HeaderValue = HeaderValue::from_static("log-1");

    async fn ask(router: axum::Router, request: Request) -> (Response<()>, serde_json::Value) {
        let (parts, body) = router.oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (Response::from_parts(parts, ()), serde_json::from_slice(&body).unwrap_or_default())
    }

    fn request(id: &str) -> Request {
        Request::builder().uri("/x").header("x-request-id", id).body(Body::empty()).unwrap()
    }

    #[tokio::test]
    async fn a_problem_is_rendered_with_the_id_of_its_request() {
        async fn refuse() -> Problem {
            Problem::new(Code::GroupFull).retry_after(3).at(Position(41))
        }
        let router = axum::Router::new().route("/x", get(refuse).layer(Edge::new("GET", "/x", true, LOG, None)));
        let (response, body) = ask(router, request("r-7")).await;
        assert_eq!(response.status(), StatusCode::CONFLICT);
        assert_eq!((body["code"].as_str(), body["request_id"].as_str()), (Some("GROUP_FULL"), Some("r-7")));
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "application/problem+json");
        assert_eq!((header("x-request-id"), header("retry-after")), ("r-7".into(), "3".into()));
        assert_eq!((header("tidings-position"), header("tidings-log")), ("41".into(), "log-1".into()));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(response.headers().contains_key("strict-transport-security"));
    }

    #[tokio::test]
    async fn a_panic_becomes_a_problem_and_says_nothing_of_its_cause() {
        async fn fail() -> &'static str {
            panic!("secret")
        }
        let router = axum::Router::new().route("/x", get(fail).layer(Edge::new("GET", "/x", false, LOG, None)));
        let (response, body) = ask(router, request("a b")).await;
        assert_eq!((response.status().as_u16(), body["code"].as_str()), (500, Some("INTERNAL")));
        assert!(!body.to_string().contains("secret"));
        assert!(!response.headers().contains_key("strict-transport-security"));
    }
}
