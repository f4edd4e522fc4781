//! Why a socket is closed by us. 3000 to 3499: connect again; 3500 to 3999: do not, as things are.

use crate::auth::lasting::Over;

/// Why a socket is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// The server stops.
    Shutdown,
    /// The key of the access token was withdrawn: a new token can be had.
    TokenWithdrawn,
    /// The client reads too slowly.
    TooSlow,
    /// Something that the feed needs does not answer.
    Unavailable,
    /// Nothing was heard from the client for too long.
    HeartbeatMissed,
    /// The account has too many sockets.
    TooMany,
    /// No valid token, or none in time.
    BadToken,
    /// A frame that is none.
    BadFrame,
    /// The session is over.
    SessionRevoked,
}

impl From<Over> for Close {
    fn from(over: Over) -> Self {
        match over {
            Over::Session => Close::SessionRevoked,
            Over::Token => Close::TokenWithdrawn,
        }
    }
}

impl Close {
    /// The code of the closing frame.
    pub const fn code(self) -> u16 {
        match self {
            Close::Shutdown => 3001,
            Close::TokenWithdrawn => 3002,
            Close::TooSlow => 3008,
            Close::Unavailable => 3011,
            Close::HeartbeatMissed => 3012,
            Close::TooMany => 3013,
            Close::BadToken => 3500,
            Close::BadFrame => 3501,
            Close::SessionRevoked => 3503,
        }
    }

    /// For a person who looks at the traffic.
    pub const fn reason(self) -> &'static str {
        match self {
            Close::Shutdown => "the server stops",
            Close::TokenWithdrawn => "the key of the access token was withdrawn: refresh it",
            Close::TooSlow => "too slow",
            Close::Unavailable => "not available at the moment",
            Close::HeartbeatMissed => "heartbeat missed",
            Close::TooMany => "too many connections of this account",
            Close::BadToken => "no valid token",
            Close::BadFrame => "not a valid frame",
            Close::SessionRevoked => "the session is over",
        }
    }

    /// Whether connecting again makes sense.
    pub const fn reconnect(self) -> bool {
        self.code() < 3500
    }
}
