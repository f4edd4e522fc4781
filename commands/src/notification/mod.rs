//! Commands on notifications.

pub mod mark_notifications_read;
