//! The feed: one WebSocket per device carries what its account may see, in log order.
//!
//! One task follows the tail of the log ([`tail`]), folds memberships from it, renders each event once and hands the
//! text to the sockets that may see it ([`router`]). A socket ([`socket`]) joins the tail at a position ([`join`]);
//! what it missed comes from the feed index and the log ([`replay`]).
//!
//! Due later: tickets, long poll, server-sent events, typing, presence and focus. `typing` and `focus` are taken and
//! have no effect yet.

pub mod close;
pub mod data;
pub mod frame;
pub mod op;
pub mod render;

pub mod conversation;

pub mod index;
pub mod join;
pub mod membership;
pub mod outbox;
pub mod replay;
pub mod router;
pub mod tail;

pub mod command;
pub mod feed;
pub mod socket;

#[cfg(test)]
mod tests;
