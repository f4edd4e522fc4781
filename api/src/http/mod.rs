//! HTTP: one file per command and per read model; what they share comes first.

pub mod edge;
pub mod request;
pub mod body;
pub mod path;
pub mod query_string;
pub mod headers;
pub mod cursor;
pub mod answer;
pub mod command;
pub mod question;
pub mod operation;

pub mod account;
pub mod session;
pub mod conversation;
pub mod message;
pub mod story;
pub mod log;

pub mod health;
pub mod metrics;
pub mod docs;
pub mod problems;

pub mod commands_table;
pub mod routes;
