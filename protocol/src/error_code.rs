//! Every failure a client can see: its code, HTTP status, whether repeating the same request may
//! help, and the sentence that goes with it. REST and the socket render the same row.

macro_rules! error_codes {
    ($($name:ident $code:literal $status:literal $retryable:literal $sentence:literal;)+) => {
        /// A failure as clients branch on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $(#[doc = $sentence] $name,)+ }

        impl ErrorCode {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            pub const fn http_status(self) -> u16 {
                match self { $(Self::$name => $status,)+ }
            }

            /// Whether the same request may succeed later without a change by its sender.
            pub const fn retryable(self) -> bool {
                match self { $(Self::$name => $retryable,)+ }
            }

            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)+ }
            }

            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$name),)+ _ => None }
            }
        }
    };
}

#[rustfmt::skip]
error_codes! {
    BadRequest            "BAD_REQUEST"             400 false "The request could not be read.";
    ValidationFailed      "VALIDATION_FAILED"       400 false "Some fields break a rule; see details.fields.";
    InvalidCursor         "INVALID_CURSOR"          400 false "The cursor does not belong to this collection and these filters.";
    PasswordPolicy        "PASSWORD_POLICY"         400 false "The password does not meet the policy; see details.";
    CurrentPasswordWrong  "CURRENT_PASSWORD_WRONG"  400 false "The current password is wrong.";
    OneTimeTokenInvalid   "ONE_TIME_TOKEN_INVALID"  400 false "This link is not valid or was already used.";
    OneTimeTokenExpired   "ONE_TIME_TOKEN_EXPIRED"  400 false "This link has expired.";
    SmtpHostBlocked       "SMTP_HOST_BLOCKED"       400 false "This mail server may not be used from here.";
    SmtpPasswordRequired  "SMTP_PASSWORD_REQUIRED"  400 false "With another server or user, the password must be sent again.";
    TemplateInvalid       "TEMPLATE_INVALID"        400 false "The template is not valid; see details.";
    CannotMessageSelf     "CANNOT_MESSAGE_SELF"     400 false "A direct channel needs another person.";
    OpUnknown             "OP_UNKNOWN"              400 false "There is no such operation.";
    HelloRequired         "HELLO_REQUIRED"          400 false "The first command must be hello.";
    AlreadySignedIn       "ALREADY_SIGNED_IN"       409 false "This connection has already said hello.";

    TokenMissing          "TOKEN_MISSING"           401 false "A bearer token is required.";
    TokenInvalid          "TOKEN_INVALID"           401 false "The token is not valid.";
    TokenExpired          "TOKEN_EXPIRED"           401 false "The token has expired.";
    SessionRevoked        "SESSION_REVOKED"         401 false "The session has ended.";
    InvalidCredentials    "INVALID_CREDENTIALS"     401 false "The company, email or password is wrong.";
    RefreshTokenInvalid   "REFRESH_TOKEN_INVALID"   401 false "The refresh token is not valid.";
    RefreshTokenReused    "REFRESH_TOKEN_REUSED"    401 false "The refresh token was used before; the session has been ended.";
    TicketInvalid         "TICKET_INVALID"          401 false "The ticket is not valid or was already used.";

    SeatLimitReached      "SEAT_LIMIT_REACHED"      402 false "All seats of the plan are in use.";
    SubscriptionInactive  "SUBSCRIPTION_INACTIVE"   402 false "The subscription allows reading only.";

    Forbidden             "FORBIDDEN"               403 false "This needs a permission that you do not have.";
    AccountDeactivated    "ACCOUNT_DEACTIVATED"     403 false "This account is deactivated.";
    TenantSuspended       "TENANT_SUSPENDED"        403 false "This company's account is suspended.";
    EmailNotVerified      "EMAIL_NOT_VERIFIED"      403 false "The email address must be verified first.";
    ModuleDisabled        "MODULE_DISABLED"         403 false "This module is switched off.";
    RegistrationClosed    "REGISTRATION_CLOSED"     403 false "Registration is closed on this server.";
    RoleNotAssignable     "ROLE_NOT_ASSIGNABLE"     403 false "You cannot give this role or profile.";
    TargetOutranksCaller  "TARGET_OUTRANKS_CALLER"  403 false "You cannot change somebody of this rank.";
    CannotModifySelf      "CANNOT_MODIFY_SELF"      403 false "This cannot be done to oneself.";
    EmailDomainNotAllowed "EMAIL_DOMAIN_NOT_ALLOWED" 403 false "Addresses of this domain are not allowed here.";
    OriginNotAllowed      "ORIGIN_NOT_ALLOWED"      403 false "This origin is not allowed.";
    ChannelRoleRequired   "CHANNEL_ROLE_REQUIRED"   403 false "This needs another role in the channel.";
    NotMessageAuthor      "NOT_MESSAGE_AUTHOR"      403 false "Only the author may do this.";
    EditWindowClosed      "EDIT_WINDOW_CLOSED"      403 false "The time for editing this message is over.";
    NotCallable           "NOT_CALLABLE"            403 false "This endpoint cannot be called over the socket.";

    NotFound              "NOT_FOUND"               404 false "There is no such object.";
    UserNotFound          "USER_NOT_FOUND"          404 false "There is no such user.";
    EventUnknown          "EVENT_UNKNOWN"           404 false "There is no such event.";
    RouteNotFound         "ROUTE_NOT_FOUND"         404 false "There is no such endpoint.";
    MethodNotAllowed      "METHOD_NOT_ALLOWED"      405 false "The endpoint does not support this method.";
    RequestTimeout        "REQUEST_TIMEOUT"         408 true  "The request took too long to arrive.";

    SlugTaken             "SLUG_TAKEN"              409 false "This short name is taken.";
    EmailTaken            "EMAIL_TAKEN"             409 false "A user with this address exists.";
    NameTaken             "NAME_TAKEN"              409 false "This name is taken.";
    SystemProfile         "SYSTEM_PROFILE"          409 false "The profiles of the system cannot be changed.";
    LastAdmin             "LAST_ADMIN"              409 false "The company needs an active administrator.";
    UserPending           "USER_PENDING"            409 false "This user has not accepted the invitation yet.";
    NotPending            "NOT_PENDING"             409 false "This user has no open invitation.";
    ProfileInUse          "PROFILE_IN_USE"          409 false "People have this profile; see details.userCount.";
    ProfileLimit          "PROFILE_LIMIT"           409 false "The company has reached its limit of profiles.";
    TokenLimit            "TOKEN_LIMIT"             409 false "The company has reached its limit of service tokens.";
    UserInactive          "USER_INACTIVE"           409 false "This user is not active.";
    RecipientInactive     "RECIPIENT_INACTIVE"      409 false "The other person is not active.";
    ChannelLimit          "CHANNEL_LIMIT"           409 false "A member has reached the limit of groups.";
    DeviceLimit           "DEVICE_LIMIT"            409 false "There are too many devices.";
    MemberLimit           "MEMBER_LIMIT"            409 false "The group has reached its limit of members.";
    NotAGroup             "NOT_A_GROUP"             409 false "This is not a group channel.";
    MessageDeleted        "MESSAGE_DELETED"         409 false "The message was deleted.";
    SmtpNotConfigured     "SMTP_NOT_CONFIGURED"     409 false "No mail server has been saved.";
    ConsentRequired       "CONSENT_REQUIRED"        409 false "Tracking needs the confirmed consent of the recipients.";
    UnsubscribeRequired   "UNSUBSCRIBE_REQUIRED"    409 false "The link for unsubscribing must stay visible.";
    IdempotencyInProgress "IDEMPOTENCY_IN_PROGRESS" 409 true  "The first request with this key is still running.";
    PreferenceLocked      "PREFERENCE_LOCKED"       409 false "This notification cannot be switched off.";
    ChannelNotOffered     "CHANNEL_NOT_OFFERED"     409 false "This notification does not go over that channel.";
    PreconditionFailed    "PRECONDITION_FAILED"     412 false "The object has changed since it was read.";
    PayloadTooLarge       "PAYLOAD_TOO_LARGE"       413 false "The request body is too large.";
    UriTooLong            "URI_TOO_LONG"            414 false "The URL is too long.";
    UnsupportedMediaType  "UNSUPPORTED_MEDIA_TYPE"  415 false "The body must be uncompressed application/json in UTF-8.";
    IdempotencyKeyReused  "IDEMPOTENCY_KEY_REUSED"  422 false "This key was used with another request.";
    UpgradeRequired       "UPGRADE_REQUIRED"        426 false "This endpoint speaks WebSocket, version 13.";
    RateLimited           "RATE_LIMITED"            429 true  "Too many requests; see Retry-After.";
    TooManyAttempts       "TOO_MANY_ATTEMPTS"       429 true  "Too many failed attempts; see Retry-After.";
    TooManyConnections    "TOO_MANY_CONNECTIONS"    429 true  "Too many connections; see Retry-After.";
    HeadersTooLarge       "HEADERS_TOO_LARGE"       431 false "The request headers are too large.";

    Internal              "INTERNAL"                500 true  "Something went wrong on the server.";
    Unavailable           "UNAVAILABLE"             503 true  "The service is not available right now.";
    PushNotConfigured     "PUSH_NOT_CONFIGURED"     503 false "No push network is configured.";
    EncryptionNotConfigured "ENCRYPTION_NOT_CONFIGURED" 503 false "The server has no key to keep secrets with.";
    Timeout               "TIMEOUT"                 504 true  "The service did not answer in time.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_upper_snake_and_found_again() {
        for (i, row) in ErrorCode::ALL.iter().enumerate() {
            assert!(row.code().bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{row:?}");
            assert!(
                ErrorCode::ALL[i + 1..].iter().all(|other| other.code() != row.code()),
                "{row:?}"
            );
            assert_eq!(ErrorCode::from_code(row.code()), Some(*row));
            assert!((400..600).contains(&row.http_status()), "{row:?}");
            assert!(row.sentence().ends_with('.'), "{row:?}");
        }
        assert_eq!(ErrorCode::from_code("NO_SUCH_CODE"), None);
    }
}
