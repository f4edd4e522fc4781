//! The feed: one WebSocket per device carries what its account may see, in log order.
//!
//! One task follows the tail of the log ([`tail`]), folds who sees what from it, renders each event once and hands the
//! text to the sockets that may see it ([`router`]). A socket ([`socket`]) joins the tail at a position ([`join`]);
//! what it missed comes from the feed index and the log ([`replay`]).
//! Beside that, who types, who is there and how far others have read is told once and kept nowhere ([`ephemeral`]).

pub mod close;
pub mod data;
pub mod frame;
pub mod op;
pub mod render;
pub mod wire;

pub mod conversation;
pub mod message;
pub mod notification;
pub mod relationship;
pub mod story;

pub mod catch_up;
pub mod circles;
pub mod company;
pub mod ephemeral;
pub mod follower;
pub mod gone;
pub mod index;
pub mod join;
pub mod membership;
pub mod meters;
pub mod outbox;
pub mod pace;
pub mod patience;
pub mod places;
pub mod presence;
pub mod replay;
pub mod router;
pub mod tail;
pub mod tickets;

pub mod command;
pub mod line;
pub mod service;
pub mod sizes;
pub mod socket;

#[cfg(test)]
mod tests;
