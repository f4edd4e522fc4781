//! Every limit of the domain, with its unit last in the name. Configuration can lower some, never raise one.

/// Characters of a user name, at least.
pub const USERNAME_MIN_CHARACTERS: usize = 3;
/// Characters of a user name, at most.
pub const USERNAME_MAX_CHARACTERS: usize = 30;
/// Characters of a password, at least.
pub const PASSWORD_MIN_CHARACTERS: usize = 8;
/// Characters of a password, at most.
pub const PASSWORD_MAX_CHARACTERS: usize = 128;
/// Characters of a display name, at most.
pub const DISPLAY_NAME_MAX_CHARACTERS: usize = 100;
/// Characters of what a person says of themselves, at most.
pub const BIO_MAX_CHARACTERS: usize = 500;
/// Characters of a device's name, at most.
pub const DEVICE_NAME_MAX_CHARACTERS: usize = 100;
/// Devices of an account with a published key, at most.
pub const DEVICE_KEYS_PER_ACCOUNT_MAX: usize = 32;
/// Characters of the name of a device key's algorithm, at most.
pub const DEVICE_KEY_ALGORITHM_MAX_CHARACTERS: usize = 32;
/// Bytes of a device's public key, at most: twice the longest that is standardised.
pub const DEVICE_KEY_MAX_BYTES: usize = 4 << 10;
/// Characters of a group's name, at most.
pub const CONVERSATION_NAME_MAX_CHARACTERS: usize = 100;
/// Characters of a group's description, at most.
pub const CONVERSATION_DESCRIPTION_MAX_CHARACTERS: usize = 500;
/// Conversations that an account is a member of at the same time, at most: what a connected account costs the live feed is
/// bounded by them. Judged by a read model, so that requests at the same moment may exceed it by a few; imports do not count.
pub const CONVERSATIONS_PER_ACCOUNT_MAX: usize = 10_000;
/// Members of a group with its creator, at least, when it is created.
pub const GROUP_MIN_MEMBERS: usize = 3;
/// Members of a group, at most.
pub const GROUP_MAX_MEMBERS: usize = 500;
/// Pinned messages of a conversation, at most.
pub const PINS_PER_CONVERSATION_MAX: usize = 50;
/// Days that messages are kept, at most, where they are not kept for as long as their conversation.
pub const RETENTION_MAX_DAYS: u32 = 3_650;
/// Days of messages whose words are under one key, where messages are kept for as long as their conversation: so long, at
/// most, stay the words of before there was a retention under a key together with later ones.
pub const PERIOD_DAYS: u32 = 30;
/// Messages that one purge takes, at most; the next one goes on.
pub const PURGE_MAX_MESSAGES: usize = 10_000;
/// Keys that one purge destroys, at most.
pub const PURGE_MAX_PERIODS: usize = 256;
/// Characters of a message, at most.
pub const MESSAGE_TEXT_MAX_CHARACTERS: usize = 10_000;
/// Characters of a client's own reference to a message, at most.
pub const CLIENT_REF_MAX_CHARACTERS: usize = 64;
/// Bytes of an encrypted message, at most.
pub const CIPHERTEXT_MAX_BYTES: usize = 64 << 10;
/// Bytes of an encrypted message's nonce, at most.
pub const CIPHERTEXT_NONCE_MAX_BYTES: usize = 64;
/// Characters of the name of an encrypted message's scheme, at most.
pub const CIPHERTEXT_SCHEME_MAX_CHARACTERS: usize = 32;
/// Bytes of what an encrypted message brings for its recipients' devices, at most.
pub const CIPHERTEXT_RECIPIENTS_MAX_BYTES: usize = 64 << 10;
/// People mentioned in a message, at most.
pub const MENTIONS_PER_MESSAGE_MAX: usize = 100;
/// Different user names that are looked up in the text of a message, at most; others stay plain text.
pub const MENTION_NAMES_PER_MESSAGE_MAX: usize = 50;
/// Members of a conversation in which `@all` mentions everybody, at most; in a larger one it is plain text.
pub const MENTION_ALL_MAX_MEMBERS: usize = MENTIONS_PER_MESSAGE_MAX;
/// Notifications of one account that are kept, at most: the newest.
pub const NOTIFICATIONS_PER_ACCOUNT_MAX: u64 = 1_000;
/// Seconds after sending in which an author may edit or delete a message.
pub const MESSAGE_EDIT_WINDOW_SECONDS: i64 = 15 * 60;
/// Different emoji on one message, at most.
pub const EMOJI_PER_MESSAGE_MAX: usize = 100;
/// Characters of a story's text, at most.
pub const STORY_TEXT_MAX_CHARACTERS: usize = 10_000;
/// Characters of a story's caption, at most.
pub const STORY_CAPTION_MAX_CHARACTERS: usize = 500;
/// Seconds that a story can be seen, exactly.
pub const STORY_LIFE_SECONDS: i64 = 24 * 60 * 60;
/// Days between the request of an account's erasure and the erasure, when nothing else is configured.
pub const ERASURE_WAIT_DAYS: u32 = 30;
/// Days between the request of an account's erasure and the erasure, at most.
pub const ERASURE_WAIT_MAX_DAYS: u32 = 365;
/// Seconds between an account's end and the destruction of its key: longer than any request that it had begun, so that
/// nothing is sealed under the key afterwards.
pub const ERASURE_SETTLE_SECONDS: i64 = 60;
/// Characters of the reason for what a role allows, at most.
pub const REASON_MAX_CHARACTERS: usize = 512;
/// Stories of one author that a page of the story feed shows, at most; the rest is on the author's shelf.
pub const FEED_STORIES_PER_AUTHOR_MAX: usize = 20;
/// How often a story's privacy is changed, at most: it keeps a story's stream within one page of the log.
pub const PRIVACY_CHANGES_PER_STORY_MAX: u32 = 100;
/// Milliseconds that a device may say somebody looked at a story, at most: a story's life.
pub const STORY_VIEW_MAX_MILLISECONDS: u32 = 24 * 60 * 60 * 1_000;
/// Accounts that one account follows, at most. Bounds the state that every command on a relationship loads, and what a
/// connected feed holds for each account.
pub const FOLLOWS_PER_ACCOUNT_MAX: usize = 5_000;
/// Close friends of one account, at most.
pub const CLOSE_FRIENDS_PER_ACCOUNT_MAX: usize = 100;
/// Accounts that one account blocks, at most.
pub const BLOCKS_PER_ACCOUNT_MAX: usize = 1_000;
/// Accounts whose stories one account leaves out of its story feed, at most.
pub const STORY_MUTES_PER_ACCOUNT_MAX: usize = 1_000;
/// Accounts that one account hides its stories from, at most.
pub const STORY_HIDES_PER_ACCOUNT_MAX: usize = 1_000;
/// Bytes of an idempotency key, at most (visible ASCII).
pub const IDEMPOTENCY_KEY_MAX_BYTES: usize = 128;
/// Seconds for which an idempotency key is remembered.
pub const IDEMPOTENCY_KEY_LIFE_SECONDS: i64 = 48 * 60 * 60;
/// Seconds that an access token lives by default.
pub const ACCESS_TOKEN_LIFE_SECONDS: i64 = 15 * 60;
/// Seconds that an access token lives, at most.
pub const ACCESS_TOKEN_LIFE_MAX_SECONDS: i64 = 24 * 60 * 60;
/// Keys of access tokens at the same time, with the one that signs.
pub const TOKEN_KEYS_MAX: usize = 8;
/// Seconds that a refresh token lives, at most; a session's events are kept as long.
pub const REFRESH_TOKEN_LIFE_MAX_SECONDS: i64 = 30 * 24 * 60 * 60;
/// Bytes of one event's stored payload, at most.
pub const EVENT_MAX_BYTES: usize = 1 << 20;
/// Commands decided as one batch for one stream, at most.
pub const BATCH_MAX_COMMANDS: usize = 256;
/// Bytes of clear words decided as one batch for one stream, at most.
pub const BATCH_MAX_BYTES: usize = 512 << 10;
/// How often a command is decided again after a conflict before it is refused as contended.
pub const CONFLICT_MAX_RETRIES: usize = 5;
/// Messages that a client may bring at once after it was offline, at most.
pub const SYNC_MAX_MESSAGES: usize = 1_000;
/// Bytes of what brings them, at most.
pub const SYNC_MAX_BYTES: usize = 2 << 20;
/// Members whose messages are counted in one answer, at most: who sent most.
pub const ANALYTICS_MAX_MEMBERS: usize = 1_000;
/// Rows of a page, at most.
pub const PAGE_MAX_ROWS: usize = 100;
/// Rows of a page when the client does not say.
pub const PAGE_DEFAULT_ROWS: usize = 50;
/// Milliseconds that a query waits for a position when the client does not say.
pub const WAIT_DEFAULT_MILLISECONDS: u64 = 1_000;
/// Milliseconds that a query waits for a position, at most.
pub const WAIT_MAX_MILLISECONDS: u64 = 5_000;
/// Missed frames that a resume sends, at most; beyond it the client is told to start afresh.
pub const RESUME_MAX_FRAMES: usize = 100_000;
/// Sockets, streams and polls of one account on one node, at most.
pub const FEED_SOCKETS_PER_ACCOUNT_MAX: usize = 100;
/// Bytes that wait for one reader of the feed, at most. A longer frame waits alone.
pub const FEED_QUEUE_MAX_BYTES: usize = 128 << 10;
/// Bytes that may wait for a reader of the feed while ephemeral frames are still taken.
pub const FEED_EPHEMERAL_MAX_BYTES: usize = 32 << 10;
/// Bytes that the system holds back for one socket, at most; it counts them twice.
pub const FEED_SEND_BUFFER_BYTES: usize = 64 << 10;
/// Seconds that a poll of the feed waits, at most: less than a request may take.
pub const FEED_WAIT_MAX_SECONDS: u64 = 25;
/// Seconds in which a ticket to the feed can be used.
pub const TICKET_LIFE_SECONDS: i64 = 30;
/// Tickets to the feed that wait to be used in one process, at most.
pub const TICKETS_MAX: usize = 4_096;
/// Members of a conversation in which typing, presence and receipts are told, at most.
pub const EPHEMERAL_MAX_MEMBERS: usize = 200;
/// Accounts that are told of one change of presence, at most.
pub const PRESENCE_MAX_ACCOUNTS: usize = 1_000;
/// Frames of `typing` of one socket that are passed on at once, at most; then one a second. More are ignored.
pub const TYPING_BURST_FRAMES: u32 = 5;
/// Seconds after which a reader of the feed is cut that takes nothing of what waits for it. With the second before, in
/// which what the system buffers fills up, and with goodbye, that is within ten.
pub const FEED_STUCK_SECONDS: u64 = 5;
/// Seconds in which a reader that takes something must take a queue's worth of bytes, or everything.
pub const FEED_SLOW_SECONDS: u64 = 30;
/// Bytes of a frame that a client sends, at most.
pub const FRAME_IN_MAX_BYTES: usize = 64 << 10;
/// Characters of what is typed into a search.
pub const SEARCH_QUERY_MAX_CHARS: usize = 512;
