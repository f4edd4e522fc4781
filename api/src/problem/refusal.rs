//! From what other crates refuse or fail with to the table of codes. Exhaustive: a new refusal asks for its code here.

use crate::problem::{Code, Problem};
use commands::execute::Failure;
use commands::log::LogFault;
use commands::refusal::{Missing, Refusal};
use domain::source::SourceFault;
use domain::words::WordsFault;
use projections::reader::ReadFault;
use projections::search::port::SearchFault;
use projections::wait::Behind;
use std::sync::atomic::{AtomicU64, Ordering};

/// Seconds after which it is worth trying again.
const RETRY_AFTER_SECONDS: u64 = 1;
/// The same where too many commands are pending, at most. Thousands are refused at the same moment; if all came back at the
/// same moment, that would be the next burst.
const OVERLOADED_RETRY_AFTER_MAX_SECONDS: u64 = 4;

/// The same where too many jobs are running, each for seconds at least.
const JOBS_RETRY_AFTER_SECONDS: u64 = 10;

fn again(code: Code) -> Problem {
    Problem::new(code).retry_after(RETRY_AFTER_SECONDS)
}

/// Too many commands are pending: each that is refused is told another time to come back, in turn.
fn overloaded() -> Problem {
    static TURN: AtomicU64 = AtomicU64::new(0);
    let turn = TURN.fetch_add(1, Ordering::Relaxed) % OVERLOADED_RETRY_AFTER_MAX_SECONDS;
    Problem::new(Code::Overloaded).retry_after(RETRY_AFTER_SECONDS + turn)
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NotSignedIn => crate::auth::token::unauthenticated(),
            Refusal::NotFound(missing) => Problem::new(Code::NotFound).detail(match missing {
                Missing::Account => "there is no such account",
                Missing::Conversation => "there is no such conversation",
                Missing::Member => "there is no such member",
                Missing::Message => "there is no such message",
                Missing::Session => "there is no such session",
                Missing::Story => "there is no such story",
            }),
            Refusal::NotPermitted => Problem::new(Code::NotPermitted),
            Refusal::RoleRequired => Problem::new(Code::RoleRequired),
            Refusal::ReasonRequired => Problem::new(Code::ReasonRequired),
            Refusal::LastAdmin => Problem::new(Code::LastAdmin),
            Refusal::Overtaken => Problem::new(Code::PreconditionFailed),
            Refusal::Invalid(fields) => {
                fields.into_iter().fold(Problem::new(Code::ValidationFailed), |problem, field| {
                    problem.and_field(field.pointer, field.code, field.detail)
                })
            }
            Refusal::TooManyJobs => {
                Problem::new(Code::Overloaded).detail("too many jobs are running").retry_after(JOBS_RETRY_AFTER_SECONDS)
            }
            Refusal::ErasureBegun => Problem::new(Code::ErasureBegun),
            Refusal::ErasureNotDue => Problem::new(Code::ErasureNotDue),
            Refusal::DeviceKeyLimitReached => Problem::new(Code::DeviceKeyLimitReached),
            Refusal::UsernameTaken => Problem::new(Code::UsernameTaken),
            Refusal::InvalidCredentials => Problem::new(Code::InvalidCredentials),
            Refusal::WrongPassword => Problem::new(Code::WrongPassword),
            Refusal::InvalidRefreshToken => Problem::new(Code::InvalidRefreshToken),
            Refusal::PrivacyModeDiffers => Problem::new(Code::PrivacyModeDiffers),
            Refusal::DirectMembersFixed => Problem::new(Code::DirectMembersFixed),
            Refusal::GroupFull => Problem::new(Code::GroupFull),
            Refusal::ConversationClosed => Problem::new(Code::ConversationClosed),
            Refusal::GroupOnly => Problem::new(Code::GroupOnly),
            Refusal::PinLimitReached => Problem::new(Code::PinLimitReached),
            Refusal::OwnerMustHandOver => Problem::new(Code::OwnerMustHandOver),
            Refusal::CiphertextRequired => Problem::new(Code::CiphertextRequired),
            Refusal::TextRequired => Problem::new(Code::TextRequired),
            Refusal::EditWindowClosed => Problem::new(Code::EditWindowClosed),
            Refusal::MessageDeleted => Problem::new(Code::MessageDeleted),
            Refusal::MessagesNotDue => Problem::new(Code::MessagesNotDue),
            Refusal::EmojiLimitReached => Problem::new(Code::EmojiLimitReached),
            Refusal::MessagingNotAllowed => Problem::new(Code::MessagingNotAllowed),
            Refusal::ConversationLimitReached => Problem::new(Code::ConversationLimitReached),
            Refusal::BlockLimitReached => Problem::new(Code::BlockLimitReached),
            Refusal::StoryListFull => Problem::new(Code::StoryListFull),
            Refusal::CloseFriendsFull => Problem::new(Code::CloseFriendsFull),
            Refusal::FollowLimitReached => Problem::new(Code::FollowLimitReached),
            Refusal::PrivacyChangeLimitReached => Problem::new(Code::PrivacyChangeLimitReached),
            Refusal::StoryNotDue => Problem::new(Code::StoryNotDue),
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Refused(refusal, position) => Problem::from(refusal).at(position),
            Failure::Contended => again(Code::Contended),
            Failure::KeyReused(position) => Problem::new(Code::IdempotencyKeyReused).at(position),
            Failure::Overloaded => overloaded(),
            Failure::TooLarge => Problem::new(Code::TooLarge).detail("the words are too large for one event"),
            Failure::StreamDeleted => Problem::new(Code::NotFound),
            Failure::Log(fault) => fault.into(),
            Failure::Source(fault) => fault.into(),
            Failure::Words(fault) => fault.into(),
            Failure::Aborted => again(Code::Unavailable),
        }
    }
}

/// A fault with everything that caused it, on one line: `Display` alone never names its source.
fn in_full(fault: &dyn std::error::Error) -> String {
    let mut text = fault.to_string();
    let mut cause = fault.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl From<LogFault> for Problem {
    fn from(fault: LogFault) -> Self {
        match fault {
            LogFault::Full => again(Code::LogFull),
            LogFault::Closed => again(Code::Unavailable),
            LogFault::Failed(_) | LogFault::Keys(_) => {
                tracing::error!(cause = %in_full(&fault), "a command could not be stored");
                again(Code::Unavailable)
            }
        }
    }
}

impl From<SourceFault> for Problem {
    fn from(fault: SourceFault) -> Self {
        match fault {
            SourceFault::Closed => again(Code::Unavailable),
            SourceFault::Unavailable(_) => {
                tracing::error!(cause = %in_full(&fault), "the log could not be read");
                again(Code::Unavailable)
            }
            SourceFault::Damaged(..) | SourceFault::Unknown(..) => Problem::internal(&in_full(&fault)),
        }
    }
}

impl From<WordsFault> for Problem {
    fn from(fault: WordsFault) -> Self {
        match &fault {
            WordsFault::Store(_) => {
                tracing::error!(cause = %in_full(&fault), "words could not be opened");
                again(Code::Unavailable)
            }
            WordsFault::KeyMissing(..) | WordsFault::Damaged(_) => Problem::internal(&in_full(&fault)),
        }
    }
}

impl From<ReadFault> for Problem {
    fn from(fault: ReadFault) -> Self {
        match fault {
            ReadFault::Unbuilt => again(Code::ProjectionBehind).detail("what was asked is still being built"),
            ReadFault::Words(fault) => fault.into(),
            ReadFault::Database(fault) => {
                tracing::error!(cause = %in_full(&fault), "a read model could not be read");
                again(Code::Unavailable)
            }
        }
    }
}

impl From<Behind> for Problem {
    fn from(behind: Behind) -> Self {
        again(Code::ProjectionBehind).detail(format!("the answer would be as of position {}", behind.position))
    }
}

impl From<SearchFault> for Problem {
    fn from(fault: SearchFault) -> Self {
        tracing::error!(cause = %in_full(&fault), "the search index could not be asked");
        again(Code::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_refused_for_overload_are_told_different_times_to_come_back() {
        let told = || {
            let problem = Problem::from(Failure::Overloaded);
            let (name, value) = problem.headers().first().cloned().unwrap();
            assert_eq!(name, http::header::RETRY_AFTER);
            value.to_str().unwrap().parse::<u64>().unwrap()
        };
        let mut seconds: Vec<_> = (0..OVERLOADED_RETRY_AFTER_MAX_SECONDS).map(|_| told()).collect();
        seconds.sort_unstable();
        assert_eq!(seconds, [1, 2, 3, 4]);
    }
}
