//! Notifications.

pub mod count;
pub mod mark_notifications_read;
pub mod notifications;
