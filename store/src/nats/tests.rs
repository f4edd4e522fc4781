//! Against a real nats-server, a private child process on a free port. Without one (neither in `PATH` nor in
//! /usr/sbin) these tests say so and pass; the end-to-end suite of the production mode does not.

mod messages;
mod relaying;
mod rig;
mod stubs;
