//! Why a command must not happen. The one table of codes is at the edge and matches this exhaustively.

/// Why a command must not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The command needs somebody who wants it.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// It does not exist, or the actor may not know that it does.
    #[error("there is no such {}", .0.as_str())]
    NotFound(Missing),
    /// The actor knows it and may not do this.
    #[error("the actor may not do this")]
    NotPermitted,
    /// The actor's role does not allow it.
    #[error("the actor's role does not allow it")]
    RoleRequired,
    /// Their role allows it to the actor only with a reason.
    #[error("a reason is needed")]
    ReasonRequired,
    /// Nobody would be an administrator any more.
    #[error("nobody else is an administrator")]
    LastAdmin,
    /// The stream that the command writes is not as the actor saw it.
    #[error("it was changed since the actor saw it")]
    Overtaken,
    /// Values that parsed but cannot be meant; at least one.
    #[error("a value cannot be meant")]
    Invalid(Vec<InvalidField>),
    /// As many jobs run as may at the same time.
    #[error("too many jobs are running: try again when one has ended")]
    TooManyJobs,

    /// The account's erasure has begun.
    #[error("the account's erasure has begun")]
    ErasureBegun,
    /// The account is not to be erased yet, or not at all.
    #[error("the erasure is not due")]
    ErasureNotDue,
    /// The account has as many devices with a key as an account can have.
    #[error("the account has too many devices with a key")]
    DeviceKeyLimitReached,
    /// Somebody has the user name.
    #[error("the user name is taken")]
    UsernameTaken,
    /// User name and password do not belong together.
    #[error("user name and password do not belong together")]
    InvalidCredentials,
    /// The password that was given is not the account's.
    #[error("the password is another one")]
    WrongPassword,
    /// The refresh token is none that works.
    #[error("the refresh token does not work")]
    InvalidRefreshToken,

    /// The two have a direct conversation, in the other privacy mode.
    #[error("the direct conversation exists in another privacy mode")]
    PrivacyModeDiffers,
    /// A direct conversation has its two members for ever.
    #[error("the members of a direct conversation do not change")]
    DirectMembersFixed,
    /// The group has as many members as a group can have.
    #[error("the group is full")]
    GroupFull,
    /// The conversation was closed: it is only read.
    #[error("the conversation is closed")]
    ConversationClosed,
    /// Direct conversations have no name, no owner and no end.
    #[error("only groups can do this")]
    GroupOnly,
    /// The conversation has as many pins as a conversation can have.
    #[error("the conversation has too many pins")]
    PinLimitReached,
    /// The last owner cannot leave others behind without one.
    #[error("the last owner must hand over first")]
    OwnerMustHandOver,

    /// The conversation takes only what its clients encrypted.
    #[error("the conversation takes ciphertext only")]
    CiphertextRequired,
    /// The conversation takes texts, no ciphertext.
    #[error("the conversation takes texts only")]
    TextRequired,
    /// The author's time for changing the message is over.
    #[error("the time for changing the message is over")]
    EditWindowClosed,
    /// The message was deleted.
    #[error("the message was deleted")]
    MessageDeleted,
    /// The messages are not to be purged yet, or not at all.
    #[error("the messages are not over their time")]
    MessagesNotDue,
    /// The message has as many different emoji as a message can have.
    #[error("the message has too many different emoji")]
    EmojiLimitReached,

    /// One of the two blocks the other; which of them is not told.
    #[error("the two do not message each other")]
    MessagingNotAllowed,
    /// Somebody who would come in is in as many conversations as one can be.
    #[error("somebody is in too many conversations")]
    ConversationLimitReached,
    /// The actor blocks as many accounts as one can block.
    #[error("the actor blocks too many accounts")]
    BlockLimitReached,
    /// The actor keeps as many stories out, or hides its own from as many, as one can.
    #[error("the list of accounts is full")]
    StoryListFull,
    /// The list of close friends has as many as it can have.
    #[error("the list of close friends is full")]
    CloseFriendsFull,
    /// The actor follows as many accounts as one can follow.
    #[error("the actor follows too many accounts")]
    FollowLimitReached,

    /// The story's privacy was changed as often as it can be.
    #[error("the story's privacy was changed too often")]
    PrivacyChangeLimitReached,
    /// The story's 24 hours are not over.
    #[error("the story is not due")]
    StoryNotDue,
}

/// What does not exist, as far as the actor may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missing {
    /// An account.
    Account,
    /// A conversation.
    Conversation,
    /// A member of a conversation.
    Member,
    /// A message.
    Message,
    /// A session.
    Session,
    /// A story.
    Story,
}

impl Missing {
    /// The word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Missing::Account => "account",
            Missing::Conversation => "conversation",
            Missing::Member => "member",
            Missing::Message => "message",
            Missing::Session => "session",
            Missing::Story => "story",
        }
    }
}

/// One value of a command that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidField {
    /// A JSON pointer into the body, such as `/member_ids/3`.
    pub pointer: String,
    /// What is wrong, for programs: `UNKNOWN_ACCOUNT`, `ONESELF`, `TOO_FEW`, `TOO_MANY`, `NO_SUCH_MESSAGE`,
    /// `NOT_AVAILABLE`, `NOT_A_MEMBER`, `UNKNOWN_KEY`, `REQUIRED`, `OUT_OF_RANGE`, `WITHOUT_MUTE`.
    pub code: &'static str,
    /// What is wrong, for people.
    pub detail: &'static str,
}

impl Refusal {
    /// One value that cannot be meant.
    pub fn invalid(pointer: impl Into<String>, code: &'static str, detail: &'static str) -> Self {
        Refusal::Invalid(vec![InvalidField { pointer: pointer.into(), code, detail }])
    }
}
