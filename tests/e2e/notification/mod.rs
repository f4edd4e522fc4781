//! Notifications.

mod mark_notifications_read;
mod notifications;
