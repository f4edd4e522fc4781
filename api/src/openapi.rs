//! The OpenAPI document, made of the routes themselves.
//!
//! `api/openapi.json` is its snapshot. After an intended change of the contract, renew it with
//! `cargo run -- openapi > api/openapi.json`; a test compares the two.

use crate::http::operation::{Access, Documented, Kind, Method, Route, Schemas};
use crate::http::routes::routes;
use crate::problem::{Code, Document, FieldError};
use std::collections::BTreeMap;
use utoipa::PartialSchema;
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ComponentsBuilder, Object, ObjectBuilder, Ref, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Content, HeaderBuilder, InfoBuilder, OpenApi, OpenApiBuilder, PathItem, Paths, RefOr, Required, Response,
    ResponseBuilder,
};

const PROBLEM_MEDIA_TYPE: &str = "application/problem+json";
const BEARER: &str = "bearer";

const DESCRIPTION: &str = "Messaging and stories. Ids, positions and revisions are strings; times are RFC 3339 in UTC \
    with milliseconds. Every problem is a document of RFC 9457 with a stable `code`, explained at `/problems/<CODE>`; \
    where the log was asked first, it names its position (`Tidings-Position`) and the log (`Tidings-Log`).";

/// The document as text, with a newline at its end.
pub fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
    text.push('\n');
    text
}

/// The document.
pub fn document() -> OpenApi {
    let (mut paths, mut schemas) = (Paths::new(), BTreeMap::new());
    collect(&mut schemas, vec![("Problem".into(), Document::schema()), ("FieldError".into(), FieldError::schema())]);
    for route in routes() {
        collect(&mut schemas, route.schemas.clone());
        let item = PathItem::new(http_method(route.method), operation(&route));
        match paths.paths.get_mut(route.path) {
            Some(known) => known.merge_operations(item),
            None => {
                paths.paths.insert(route.path.to_owned(), item);
            }
        }
    }
    let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    let components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .security_scheme(BEARER, SecurityScheme::Http(token))
        .build();
    let info = InfoBuilder::new()
        .title("Tidings")
        .version("1")
        .description(Some(DESCRIPTION.split_whitespace().collect::<Vec<_>>().join(" ")))
        .build();
    OpenApiBuilder::new().info(info).paths(paths).components(Some(components)).build()
}

fn collect(all: &mut BTreeMap<String, RefOr<Schema>>, some: Schemas) {
    for (name, schema) in some {
        all.entry(name).or_insert(schema);
    }
}

const fn http_method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
        Method::Put => HttpMethod::Put,
        Method::Delete => HttpMethod::Delete,
    }
}

fn operation(route: &Route) -> Operation {
    let mut operation =
        OperationBuilder::new().operation_id(Some(route.name)).tag(route.tag).summary(Some(route.summary));
    if !route.description.is_empty() {
        operation = operation.description(Some(route.description.split_whitespace().collect::<Vec<_>>().join(" ")));
    }
    for parameter in parameters(route) {
        operation = operation.parameter(parameter);
    }
    if let Some(body) = &route.body {
        let content = Content::new(Some(body.clone()));
        let required = if route.body_is_optional { Required::False } else { Required::True };
        let body = RequestBodyBuilder::new().required(Some(required)).content("application/json", content);
        operation = operation.request_body(Some(body.build()));
    }
    for answer in &route.answers {
        operation = operation.response(answer.status.to_string(), success(route, answer));
    }
    for (status, codes) in problems(route) {
        if !route.answers.iter().any(|answer| answer.status == status) {
            operation = operation.response(status.to_string(), problem(&codes));
        }
    }
    operation = match route.access {
        Access::Open => operation.security(SecurityRequirement::default()),
        Access::SignedIn | Access::Admins | Access::LogReaders => {
            operation.security(SecurityRequirement::new(BEARER, Vec::<String>::new()))
        }
    };
    operation.build()
}

fn parameters(route: &Route) -> Vec<Parameter> {
    let in_path = route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut all: Vec<Parameter> = in_path
        .map(|name| parameter(name, ParameterIn::Path, Type::String, describe_path(route, name), true))
        .collect();
    for of in &route.parameters {
        all.push(parameter(of.name, ParameterIn::Query, of.kind.clone(), of.description, of.required));
    }
    let mut header = |name, kind, description| all.push(parameter(name, ParameterIn::Header, kind, description, false));
    if route.problems.contains(&Code::ReasonRequired) {
        header("Tidings-Reason", Type::String, "Why, where only a role allows it: 1 to 512 characters of UTF-8.");
    }
    match route.kind {
        Kind::Command if route.method == Method::Post && route.access != Access::Open => {
            header("Idempotency-Key", Type::String, "1 to 128 visible ASCII characters. A repeat changes nothing.");
        }
        Kind::Command if route.problems.contains(&Code::PreconditionFailed) => {
            header("If-Match", Type::String, "The entity tag that it must still have.");
        }
        Kind::Question => {
            header("Tidings-Min-Position", Type::String, "A position that the answer must know of.");
            header("Tidings-Wait-Ms", Type::Integer, "How long to wait for it: 0 to 5000, 1000 when it is not sent.");
            header("Tidings-Log", Type::String, "The log that the position belongs to.");
        }
        Kind::Command | Kind::Service => {}
    }
    all
}

fn parameter(name: &str, place: ParameterIn, kind: Type, description: &str, required: bool) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(if required { Required::True } else { Required::False })
        .description(Some(description))
        .schema(Some(Object::with_type(kind)))
        .build()
}

fn describe_path(route: &Route, name: &str) -> &'static str {
    match (name, route.tag) {
        ("id", "accounts") => "The account's id.",
        ("id", "conversations") => "The conversation's id.",
        ("id", "messages") => "The message's id.",
        ("id", "stories") => "The story's id.",
        ("friend_id", _) => "The account of the close friend.",
        ("account_id", _) => "The member's account.",
        ("device_id", _) => "The device's id: a UUID of the client's choice.",
        ("emoji", _) => "The emoji, percent-encoded.",
        ("stream", _) => "The stream's name.",
        ("code", _) => "The problem's code.",
        _ => "",
    }
}

fn success(route: &Route, answer: &Documented) -> Response {
    let mut response = ResponseBuilder::new().description(answer.description);
    for content in &answer.content {
        response = response.content(content.media_type, Content::new(Some(content.schema.clone())));
    }
    if route.kind != Kind::Service {
        let header = |description| HeaderBuilder::new().schema(Some(string())).description(Some(description)).build();
        response = response
            .header("Tidings-Position", header("Where in the log the answer stands."))
            .header("Tidings-Log", header("Which log that is."));
    }
    if route.limited.is_some() {
        let header = |description| HeaderBuilder::new().schema(Some(string())).description(Some(description)).build();
        response = response
            .header("RateLimit-Policy", header("The rate's name, its burst `q`, and the seconds `w` that refill it."))
            .header("RateLimit", header("The rate's name, what is left `r`, and the seconds `t` until all is back."));
    }
    response.build()
}

fn string() -> Object {
    ObjectBuilder::new().schema_type(Type::String).build()
}

/// The problems of a route by status: those of its own, and those that all of its kind share.
fn problems(route: &Route) -> BTreeMap<u16, Vec<Code>> {
    let mut codes = route.problems.clone();
    if route.access != Access::Open {
        codes.push(Code::Unauthenticated);
    }
    if route.path.contains('{') {
        codes.push(Code::NotFound);
    }
    if route.limited.is_some() {
        codes.push(Code::RateLimited);
    }
    match route.kind {
        Kind::Command => {
            codes.extend([Code::RequestTimeout, Code::TooLarge, Code::ValidationFailed]);
            codes.extend([Code::Contended, Code::Overloaded, Code::LogFull, Code::Unavailable, Code::Internal]);
            if route.body.is_some() {
                codes.extend([Code::MalformedJson, Code::UnsupportedMediaType]);
            }
            if route.access != Access::Open {
                codes.push(Code::BadHeader);
            }
            if route.method == Method::Post && route.access != Access::Open {
                codes.push(Code::IdempotencyKeyReused);
            }
        }
        Kind::Question => {
            codes.extend([Code::BadHeader, Code::LogChanged, Code::ValidationFailed]);
            codes.extend([Code::ProjectionBehind, Code::Unavailable, Code::Internal]);
        }
        Kind::Service => {}
    }
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes {
        let of_status = by_status.entry(code.status()).or_default();
        if !of_status.contains(&code) {
            of_status.push(code);
        }
    }
    by_status
}

fn problem(codes: &[Code]) -> Response {
    let described: Vec<String> = codes.iter().map(|code| format!("`{}`: {}.", code.as_str(), code.title())).collect();
    let schema = RefOr::Ref(Ref::from_schema_name("Problem"));
    ResponseBuilder::new()
        .description(described.join(" "))
        .content(PROBLEM_MEDIA_TYPE, Content::new(Some(schema)))
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_snapshot_is_the_contract() {
        let snapshot = include_str!("../openapi.json");
        let same = snapshot == text();
        assert!(same, "the contract changed; if that is intended: cargo run -- openapi > api/openapi.json");
    }

    #[test]
    fn every_operation_has_one_name_and_one_sentence() {
        let mut names = BTreeSet::new();
        for route in routes() {
            assert!(names.insert(route.name), "{} is there twice", route.name);
            assert!(route.summary.ends_with('.') && !route.answers.is_empty(), "{}", route.name);
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = serde_json::to_value(document()).unwrap();
        let known: BTreeSet<&str> =
            document["components"]["schemas"].as_object().unwrap().keys().map(String::as_str).collect();
        let text = document.to_string();
        for reference in text.split("\"#/components/schemas/").skip(1) {
            let name = reference.split('"').next().unwrap();
            assert!(known.contains(name), "{name} is no shape");
        }
    }

    #[test]
    fn every_command_of_the_feed_is_an_operation() {
        let names: BTreeSet<&str> = routes().iter().map(|route| route.name).collect();
        for entry in crate::http::commands_table::COMMANDS {
            assert!(names.contains(entry.name), "{}", entry.name);
        }
    }
}
