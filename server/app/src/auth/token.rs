//! Access tokens: JSON Web Tokens (RFC 7519, RFC 9068) signed with Ed25519 (RFC 8037).
//!
//! A token names a session and says nothing about what its holder may do.

mod keys;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use tidewire_protocol::{
    ErrorCode, Timestamp,
    id::{SessionId, TenantId, UserId},
    model::accounts::PublicKey,
};
use uuid::Uuid;

use super::key::{derive, sha256};
use crate::{Result, config::Secret};

pub(crate) use keys::rotate;
pub use keys::{Rotation, TokenKeys, refresh};

/// How long an access token is good for, unless something else is asked for.
pub const LIFETIME_SECONDS: i64 = 900;

const AUDIENCE: &str = "core-platform";
const LEEWAY_SECONDS: i64 = 30;
const TOKEN_BYTES_MAX: usize = 4 * 1024;

/// Whom a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Holder {
    pub tenant_id: TenantId,
    pub user_id: UserId,
    pub session_id: SessionId,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: UserId,
    tid: TenantId,
    sid: SessionId,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
}

/// One key pair of an installation.
struct TokenKey {
    issuer: String,
    header: Header,
    /// The encoded header that all our tokens start with.
    header_segment: String,
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    /// The public key as it is published.
    public: PublicKey,
}

impl TokenKey {
    /// The pair of a generation, which follows from the installation's secret.
    fn derive(secret: &Secret, issuer: &str, generation: i64) -> Self {
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed(secret, generation))
            .expect("any 32 bytes are an Ed25519 seed");
        let private = pair.to_pkcs8v1().expect("a key pair has an encoding");
        let public = pair.public_key().as_ref();
        let x = URL_SAFE_NO_PAD.encode(public);
        let kid = thumbprint(&x);
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(kid.clone());
        let header_json = serde_json::to_vec(&header).expect("a header has text keys");
        Self {
            issuer: issuer.to_owned(),
            header_segment: URL_SAFE_NO_PAD.encode(header_json),
            header,
            signing: EncodingKey::from_ed_der(private.as_ref()),
            verifying: DecodingKey::from_ed_der(public),
            validation: validation(issuer),
            public: PublicKey {
                kty: "OKP".to_owned(),
                crv: "Ed25519".to_owned(),
                usage: "sig".to_owned(),
                alg: "EdDSA".to_owned(),
                kid,
                x,
            },
        }
    }

    /// A token that is good from `now` on for `lifetime_seconds`.
    fn issue(
        &self,
        holder: Holder,
        id: Uuid,
        now: Timestamp,
        lifetime_seconds: i64,
    ) -> Result<String> {
        let seconds = now.ms().div_euclid(1_000);
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: holder.user_id,
            tid: holder.tenant_id,
            sid: holder.session_id,
            iat: seconds,
            nbf: seconds,
            exp: seconds + lifetime_seconds,
            jti: id.to_string(),
        };
        let token = jsonwebtoken::encode(&self.header, &claims, &self.signing);
        Ok(token.map_err(|_| ErrorCode::Internal)?)
    }

    /// Whom a token with this key's header stands for; `TOKEN_EXPIRED` when it once was good, else
    /// `TOKEN_INVALID`.
    fn verify(&self, token: &str, now: Timestamp) -> Result<Holder> {
        let decoded = jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.validation);
        let claims = decoded.map_err(|_| ErrorCode::TokenInvalid)?.claims;
        let seconds = now.ms().div_euclid(1_000);
        if claims.exp + LEEWAY_SECONDS <= seconds {
            return Err(ErrorCode::TokenExpired.into());
        }
        if claims.nbf - LEEWAY_SECONDS > seconds {
            return Err(ErrorCode::TokenInvalid.into());
        }
        Ok(Holder { tenant_id: claims.tid, user_id: claims.sub, session_id: claims.sid })
    }
}

/// The seed of a generation's key pair.
fn seed(secret: &Secret, generation: i64) -> [u8; 32] {
    match generation {
        0 => derive(secret, "access-token"),
        later => derive(secret, &format!("access-token:{later}")),
    }
}

/// When a token that was verified ends, in seconds.
pub fn expiry(token: &str) -> Option<i64> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    serde_json::from_slice::<Claims>(&claims).ok().map(|claims| claims.exp)
}

/// Times are compared by [`TokenKey::verify`], under the server's own clock.
fn validation(issuer: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.validate_exp = false;
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[issuer]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "nbf", "exp"]);
    validation
}

/// The key's name: its JWK thumbprint (RFC 7638).
fn thumbprint(x: &str) -> String {
    let canonical = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(sha256(canonical.as_bytes()))
}

#[cfg(test)]
mod tests;
