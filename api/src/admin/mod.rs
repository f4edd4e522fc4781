//! What the shell does, alone or through the running server's `DATA/admin.sock`.
//!
//! The socket can be opened by the server's owner alone. One connection is one command: the client sends one line of JSON,
//! at most 1 MiB, with the command's arguments as the shell got them, the directory that it was called in, and what stood
//! on its standard input where the command reads it:
//!
//! `{"arguments":["account","role","eve","auditor"],"directory":"…","input":""}`
//!
//! The server answers lines of JSON and closes: any number of `{"progress":{"what":…,"done":…,"total":…}}`, then
//! `{"done":{"value":…,"words":…}}` or `{"failed":"…"}`.

pub mod client;
pub mod protocol;
pub mod server;
pub mod task;
