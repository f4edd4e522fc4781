//! HTTP: one file per command and per read model; what they share comes first.

pub mod answer;
pub mod body;
pub mod command;
pub mod cursor;
pub mod edge;
pub mod gate;
pub mod headers;
pub mod operation;
pub mod path;
pub mod query_string;
pub mod question;
pub mod request;
pub mod timed;

pub mod account;
pub mod conversation;
pub mod cors;
pub mod job;
pub mod log;
pub mod message;
pub mod notification;
pub mod relationship;
pub mod session;
pub mod story;

pub mod docs;
pub mod feed;
pub mod health;
pub mod metrics;
pub mod problems;

pub mod commands_table;
pub mod routes;
