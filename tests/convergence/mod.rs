//! For every command: an old snapshot plus the frames of the feed is the same as a fresh snapshot.

mod acts;
mod snapshots;
