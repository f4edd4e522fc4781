//! Policies: whenever this is so, then that is commanded. Their commands may repeat.

pub mod whenever_a_story_is_due_then_expire_it;
pub mod whenever_an_erasure_is_due_then_erase_the_account;
pub mod whenever_messages_are_over_age_then_purge_them;
