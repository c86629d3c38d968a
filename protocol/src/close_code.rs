//! Why a socket was closed: every code the server sends, in one table.

macro_rules! close_codes {
    ($($name:ident = $code:literal, $reconnect:expr, $reason:literal;)+) => {
        /// A WebSocket close code (RFC 6455, section 7.4) with its meaning to a client.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum CloseCode { $(#[doc = $reason] $name,)+ }

        impl CloseCode {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            pub const fn code(self) -> u16 {
                match self { $(Self::$name => $code,)+ }
            }

            /// The reason text in the close frame.
            pub const fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason,)+ }
            }

            /// Whether a client may reconnect by itself.
            pub const fn reconnect(self) -> bool {
                match self { $(Self::$name => $reconnect,)+ }
            }

            pub fn from_code(code: u16) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }
    };
}

close_codes! {
    Normal           = 1000, true,  "closed";
    GoingAway        = 1001, true,  "going away";
    Framing          = 1002, false, "frame breaks RFC 6455";
    WrongFrameKind   = 1003, false, "wrong frame kind for the negotiated subprotocol";
    InvalidUtf8      = 1007, false, "text is not UTF-8";
    TooBig           = 1009, false, "message too big";
    Restart          = 1012, true,  "restart, reconnect in your slot";
    Protocol         = 4400, false, "unreadable frame";
    Unauthenticated  = 4401, false, "not signed in";
    NoHeartbeat      = 4408, true,  "no heartbeat";
    Replaced         = 4409, false, "replaced by a newer connection";
    SessionRevoked   = 4410, false, "session revoked";
    TakesNoData      = 4413, true,  "peer takes no data";
    TooManyCommands  = 4429, true,  "too many commands";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_reasons_fit_a_control_frame() {
        for (i, a) in CloseCode::ALL.iter().enumerate() {
            assert!(a.reason().len() <= 123, "{a:?}");
            assert!(CloseCode::ALL[i + 1..].iter().all(|b| a.code() != b.code()), "{a:?}");
            assert_eq!(CloseCode::from_code(a.code()), Some(*a));
        }
    }
}
