//! A page of a list.

use serde::Serialize;
use std::borrow::Cow;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Ref, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// A page of a list.
#[derive(Debug, Serialize)]
pub struct Page<T> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Where the next page starts; null on the last one. Opaque.
    pub next_cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

impl<T> Page<T> {
    /// A page that continues at the cursor, if there is one.
    pub fn new(items: Vec<T>, next_cursor: Option<String>) -> Self {
        Self { items, has_more: next_cursor.is_some(), next_cursor }
    }
}

impl<T: ToSchema> PartialSchema for Page<T> {
    fn schema() -> RefOr<Schema> {
        let items = ArrayBuilder::new().items(Ref::from_schema_name(T::name().into_owned()));
        let cursor = ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .description(Some("Where the next page starts; null on the last one. Opaque."));
        let has_more =
            ObjectBuilder::new().schema_type(Type::Boolean).description(Some("Whether there is a next page."));
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .property("items", items)
            .property("next_cursor", cursor)
            .property("has_more", has_more)
            .required("items")
            .required("next_cursor")
            .required("has_more")
            .into()
    }
}

impl<T: ToSchema> ToSchema for Page<T> {
    fn name() -> Cow<'static, str> {
        format!("PageOf{}", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}
