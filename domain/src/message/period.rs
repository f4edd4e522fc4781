//! Periods: the words of the messages of one time are sealed under one key, so that they can be erased with it.
//!
//! A period is named by the day (since 1970-01-01, UTC) on which it began, and that is the generation of its key. It is a day
//! long where messages are kept for so many days, and [`PERIOD_DAYS`] otherwise. Where in the day it begins, and on which
//! day, differs from conversation to conversation: not all of them make a new key at the same moment.

use crate::clock::Time;
use crate::conversation::state::Kept;
use crate::ids::ConversationId;
use crate::limits::PERIOD_DAYS;

const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// The period of the next message of a conversation: that of its time, but never before that of the newest message, and
/// never one that a purge has ended. So periods never go down along a timeline.
pub fn of_next(conversation: ConversationId, at: Time, kept: Kept, last_period: u32) -> u32 {
    let ended = if kept.through_period > 0 { kept.through_period.saturating_add(1) } else { 0 };
    begun_on(conversation, at, kept.days.is_some()).max(last_period).max(ended)
}

/// The day on which the period of this moment began; at least 1, the first generation of a key.
fn begun_on(conversation: ConversationId, at: Time, is_daily: bool) -> u32 {
    let (high, low) = conversation.uuid().as_u64_pair();
    let mixed = high.wrapping_mul(31) ^ low;
    let shift = i64::try_from(mixed % DAY_MICROS.unsigned_abs()).unwrap_or_default();
    let day = (at.micros() - shift).div_euclid(DAY_MICROS);
    let turn = i64::try_from(mixed % u64::from(PERIOD_DAYS)).unwrap_or_default();
    let since = if is_daily { 0 } else { (day - turn).rem_euclid(i64::from(PERIOD_DAYS)) };
    u32::try_from((day - since).max(1)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    const FOREVER: Kept = Kept { days: None, through_seq: 0, through_period: 0 };
    const A_WEEK: Kept = Kept { days: Some(7), ..FOREVER };

    fn room(number: u128) -> ConversationId {
        ConversationId::new(Uuid::from_u128(number))
    }

    fn day(day: i64) -> Time {
        Time::from_micros(day * DAY_MICROS)
    }

    #[test]
    fn a_period_is_a_day_where_messages_have_a_time_and_thirty_otherwise() {
        for number in 0..200 {
            let number = (number << 64) | (number * 977_777_777_777);
            let of = |kept| (20_000..20_300).map(|at| of_next(room(number), day(at), kept, 0)).collect::<BTreeSet<_>>();
            assert_eq!(of(A_WEEK).len(), 300);
            assert!((10..=11).contains(&of(FOREVER).len()), "{:?}", of(FOREVER));
        }
    }

    #[test]
    fn conversations_do_not_begin_their_periods_together() {
        let begun = |number: u128| of_next(room(number * 0x9E37_79B9_7F4A_7C15_F39C_0605), day(20_000), FOREVER, 0);
        let begins: BTreeSet<u32> = (1..300).map(begun).collect();
        assert!(begins.len() > 20, "{begins:?}");
    }

    #[test]
    fn a_period_that_a_purge_ended_is_never_used_again() {
        let ended = Kept { days: Some(1), through_seq: 9, through_period: 30_000 };
        assert_eq!(of_next(room(1), day(20_000), ended, 0), 30_001);
        assert_eq!(of_next(room(1), day(20_000), A_WEEK, 30_000), 30_000);
        assert_eq!(of_next(room(1), Time::from_micros(i64::MIN / 2), A_WEEK, 0), 1);
    }

    proptest! {
        #[test]
        fn it_contains_its_moment_and_never_goes_down(
            number: u128, micros in 0_i64..4_000_000_000_000_000, more in 0_i64..4_000_000_000_000_000, daily: bool,
        ) {
            let kept = if daily { A_WEEK } else { FOREVER };
            let length = if daily { 1 } else { i64::from(PERIOD_DAYS) };
            let begun = of_next(room(number), Time::from_micros(micros), kept, 0);
            let today = micros.div_euclid(DAY_MICROS);
            prop_assert!(begun == 1 || (today - length..=today).contains(&i64::from(begun)));
            prop_assert!(of_next(room(number), Time::from_micros(micros + more), kept, 0) >= begun);
        }
    }
}
