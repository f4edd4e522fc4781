//! A route with its documentation: what is routed is what the OpenAPI document says, for both come from here.

use crate::app::App;
use crate::auth::rates::Limited;
use crate::http::command::{Endpoint, NoBody, handle};
use crate::http::edge::Edge;
use crate::http::gate::Gate;
use crate::problem::Code;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};
use std::any::TypeId;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Array, Object, Ref, Schema, Type};

/// Schemas with their names.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without a token.
    Open,
    /// Whoever is signed in.
    SignedIn,
    /// Administrators.
    Admins,
    /// Analysts and auditors.
    LogReaders,
}

/// What kind of operation it is: decides its headers and the problems that it shares with others of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Changes something.
    Command,
    /// Asks a projection.
    Question,
    /// Tells of the server itself.
    Service,
}

/// An HTTP method that a route knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are HTTP's own")]
pub enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Delete => "DELETE",
        }
    }

    const fn filter(self) -> MethodFilter {
        match self {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Put => MethodFilter::PUT,
            Method::Delete => MethodFilter::DELETE,
        }
    }
}

/// A body of an answer.
#[derive(Clone)]
pub struct Content {
    /// Its media type.
    pub media_type: &'static str,
    /// Its shape.
    pub schema: RefOr<Schema>,
}

/// One answer that is no problem.
#[derive(Clone)]
pub struct Documented {
    /// Its status.
    pub status: u16,
    /// What it means.
    pub description: &'static str,
    /// Its bodies.
    pub content: Vec<Content>,
}

/// A parameter of the query.
#[derive(Clone)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it means.
    pub description: &'static str,
    /// Its type.
    pub kind: Type,
    /// Whether it must be sent.
    pub required: bool,
}

type Mount = Box<dyn Fn(Edge) -> MethodRouter<Arc<App>> + Send + Sync>;

/// A route.
pub struct Route {
    /// Its method.
    pub method: Method,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    /// The operation's id: the name of the command or of the read model.
    pub name: &'static str,
    /// The feature that it belongs to.
    pub tag: &'static str,
    /// One sentence.
    pub summary: &'static str,
    /// More sentences.
    pub description: &'static str,
    /// Who may ask.
    pub access: Access,
    /// What kind of operation it is.
    pub kind: Kind,
    /// The parameters of the query.
    pub parameters: Vec<Parameter>,
    /// The shape of the body, if it has one.
    pub body: Option<RefOr<Schema>>,
    /// Whether the body may be left out.
    pub body_is_optional: bool,
    /// What it counts as; none where it is not limited.
    pub limited: Option<Limited>,
    /// Answers that are no problems.
    pub answers: Vec<Documented>,
    /// Problems of its own.
    pub problems: Vec<Code>,
    /// Shapes that it refers to.
    pub schemas: Schemas,
    mount: Mount,
}

impl Route {
    /// A route with any handler.
    pub fn new<H, T>(method: Method, path: &'static str, name: &'static str, handler: H) -> Self
    where
        H: Handler<T, Arc<App>> + Sync,
        T: 'static,
    {
        let mount = move |edge: Edge| on(method.filter(), handler.clone()).layer(edge);
        Self {
            method,
            path,
            name,
            tag: path.trim_start_matches("/v1").split('/').nth(1).unwrap_or_default(),
            summary: "",
            description: "",
            access: Access::SignedIn,
            kind: Kind::Question,
            limited: Some(Limited::Query),
            parameters: Vec::new(),
            body: None,
            body_is_optional: false,
            answers: Vec::new(),
            problems: Vec::new(),
            schemas: Vec::new(),
            mount: Box::new(mount),
        }
    }

    /// A command's route.
    pub fn command<E: Endpoint>(method: Method, path: &'static str) -> Self
    where
        E::Body: ToSchema,
    {
        let route = Self::new(method, path, E::NAME, handle::<E>).kind(Kind::Command).limited(E::LIMITED);
        let route = Self { body_is_optional: E::BODY_IS_OPTIONAL, ..route };
        // A body of a DELETE means nothing to HTTP: what such a command takes beside its path comes over the feed.
        let has_no_body = TypeId::of::<E::Body>() == TypeId::of::<NoBody>() || method == Method::Delete;
        if has_no_body { route } else { route.body::<E::Body>() }
    }

    /// Its layer and handler.
    pub fn mount(&self, app: &Arc<App>) -> MethodRouter<Arc<App>> {
        let gate = self.limited.map(|limited| Gate::new(app.clone(), self.access, limited));
        (self.mount)(Edge::new(
            self.method.as_str(),
            self.path,
            app.config.server.is_https(),
            app.log_header.clone(),
            gate,
        ))
    }

    /// Says in one sentence what it does.
    pub fn summary(mut self, summary: &'static str) -> Self {
        self.summary = summary;
        self
    }

    /// Says more.
    pub fn description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    /// Says who may ask.
    pub fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    /// Says what kind of operation it is, and so what it counts as.
    pub fn kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self.limited = match kind {
            Kind::Command => Some(Limited::Command),
            Kind::Question => Some(Limited::Query),
            Kind::Service => None,
        };
        self
    }

    /// Says what it counts as, when that is not what all of its kind count as.
    pub fn limited(mut self, limited: impl Into<Option<Limited>>) -> Self {
        self.limited = limited.into();
        self
    }

    /// Has a body of this shape.
    pub fn body<T: ToSchema>(mut self) -> Self {
        self.body = Some(self.reference::<T>());
        self
    }

    /// Knows a parameter in its query.
    pub fn parameter(mut self, name: &'static str, kind: Type, description: &'static str) -> Self {
        self.parameters.push(Parameter { name, description, kind, required: false });
        self
    }

    /// Demands a parameter in its query.
    pub fn required_parameter(mut self, name: &'static str, kind: Type, description: &'static str) -> Self {
        self.parameters.push(Parameter { name, description, kind, required: true });
        self
    }

    /// Answers so, with a JSON body.
    pub fn answers<T: ToSchema>(self, status: u16, description: &'static str) -> Self {
        self.answers_as::<T>(status, "application/json", description)
    }

    /// Answers so, with a body of this media type. A second call for the same status adds a form.
    pub fn answers_as<T: ToSchema>(mut self, status: u16, media_type: &'static str, description: &'static str) -> Self {
        let content = Content { media_type, schema: self.reference::<T>() };
        match self.answers.iter_mut().find(|answer| answer.status == status) {
            Some(answer) => answer.content.push(content),
            None => self.answers.push(Documented { status, description, content: vec![content] }),
        }
        self
    }

    /// Answers so, with a JSON list.
    pub fn answers_list_of<T: ToSchema>(mut self, status: u16, description: &'static str) -> Self {
        let items = self.reference::<T>();
        let schema = RefOr::T(Schema::Array(Array::new(items)));
        let content = vec![Content { media_type: "application/json", schema }];
        self.answers.push(Documented { status, description, content });
        self
    }

    /// Answers so, with a text.
    pub fn answers_text(mut self, status: u16, media_type: &'static str, description: &'static str) -> Self {
        let schema = RefOr::T(Schema::Object(Object::with_type(Type::String)));
        self.answers.push(Documented { status, description, content: vec![Content { media_type, schema }] });
        self
    }

    /// Answers so, without a body.
    pub fn answers_empty(mut self, status: u16, description: &'static str) -> Self {
        self.answers.push(Documented { status, description, content: Vec::new() });
        self
    }

    /// Can refuse with these codes, beside those that all of its kind share.
    pub fn refuses(mut self, problems: &[Code]) -> Self {
        self.problems.extend_from_slice(problems);
        self
    }

    fn reference<T: ToSchema>(&mut self) -> RefOr<Schema> {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        RefOr::Ref(Ref::from_schema_name(T::name().into_owned()))
    }
}
