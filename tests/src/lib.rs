//! How tests use Tidings: a World that runs it, and Persons who act only through its API.

pub mod chance;
pub mod clock;
pub mod collector;
pub mod databases;
pub mod feed;
pub mod held_projection;
pub mod http;
pub mod matchers;
pub mod modes;
pub mod operations;
pub mod person;
pub mod postgres;
pub mod process;
pub mod reducer;
pub mod remains;
pub mod replay;
pub mod reply;
pub mod room;
pub mod targets;
pub mod wait;
pub mod world;
