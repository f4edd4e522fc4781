//! How tests use Tidings: a World that runs it, and Persons who act only through its API.

pub mod clock;
pub mod wait;
pub mod reply;
pub mod http;
pub mod databases;
pub mod world;
pub mod modes;
pub mod person;
pub mod room;
pub mod feed;
pub mod reducer;
pub mod matchers;
pub mod operations;
pub mod process;
pub mod chance;
