use serde_json::{Value, json};

use super::*;

const NOW: Timestamp = Timestamp::from_ms(1_738_311_330_000);
const ISSUER: &str = "https://tide.example";

const fn secret() -> Secret {
    Secret([1; 32])
}

fn keys() -> TokenKeys {
    TokenKeys::new(secret(), ISSUER.to_owned())
}

fn key() -> TokenKey {
    TokenKey::derive(&secret(), ISSUER, 0)
}

fn holder() -> Holder {
    Holder {
        tenant_id: Uuid::from_u128(1).into(),
        user_id: Uuid::from_u128(2).into(),
        session_id: Uuid::from_u128(3).into(),
    }
}

fn issued() -> String {
    keys().issue(holder(), Uuid::from_u128(4), NOW, LIFETIME_SECONDS).unwrap()
}

fn refused(token: &str) -> ErrorCode {
    keys().verify(token, NOW).unwrap_err().code()
}

/// Signs any header and claims with our own key.
fn forged(header: &Value, claims: &Value) -> String {
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed(&secret(), 0)).unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let message = format!("{}.{}", part(header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes()));
    format!("{message}.{signature}")
}

fn header() -> Value {
    serde_json::to_value(key().header).unwrap()
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "aud": "core-platform", "sub": holder().user_id,
        "tid": holder().tenant_id, "sid": holder().session_id, "iat": NOW.ms() / 1_000,
        "nbf": NOW.ms() / 1_000, "exp": NOW.ms() / 1_000 + 900, "jti": "x",
    })
}

/// As the server's own header is spelled, so that only the claims differ.
fn with_claims(claims: &Value) -> String {
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed(&secret(), 0)).unwrap();
    let message =
        format!("{}.{}", key().header_segment, URL_SAFE_NO_PAD.encode(claims.to_string()));
    format!("{message}.{}", URL_SAFE_NO_PAD.encode(pair.sign(message.as_bytes())))
}

#[test]
fn a_token_tells_whom_it_stands_for_until_it_ends() {
    let token = issued();
    assert_eq!(keys().verify(&token, NOW).unwrap(), holder());
    assert_eq!(keys().verify(&token, NOW.plus_ms(929_000)).unwrap(), holder());
    let late = keys().verify(&token, NOW.plus_ms(930_000)).unwrap_err();
    assert_eq!(late.code(), ErrorCode::TokenExpired);
    assert_eq!(keys().verify(&token, NOW.plus_ms(-30_000)).unwrap(), holder());
    let early = keys().verify(&token, NOW.plus_ms(-31_000)).unwrap_err();
    assert_eq!(early.code(), ErrorCode::TokenInvalid);
    assert_eq!(keys().verify(&with_claims(&claims()), NOW).unwrap(), holder());
}

#[test]
fn any_other_header_is_refused_even_when_signed_with_our_key() {
    for (field, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("typ", json!("JWT")),
        ("typ", Value::Null),
        ("kid", json!("other")),
        ("jku", json!("https://evil.example/keys")),
        ("x5u", json!("https://evil.example/cert")),
        ("jwk", json!({"kty": "OKP"})),
        ("crit", json!(["exp"])),
    ] {
        let mut header = header();
        header[field] = value.clone();
        assert_eq!(
            refused(&forged(&header, &claims())),
            ErrorCode::TokenInvalid,
            "{field} {value}"
        );
    }
}

#[test]
fn each_claim_is_required_and_aud_and_iss_are_ours() {
    for field in ["iss", "aud", "sub", "tid", "sid", "iat", "nbf", "exp", "jti"] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(field);
        assert_eq!(refused(&with_claims(&claims)), ErrorCode::TokenInvalid, "without {field}");
    }
    for (field, value) in [
        ("aud", json!("other")),
        ("iss", json!("https://other.example")),
        ("sub", json!("x")),
        ("exp", json!("tomorrow")),
    ] {
        let mut claims = claims();
        claims[field] = value;
        assert_eq!(refused(&with_claims(&claims)), ErrorCode::TokenInvalid, "{field}");
    }
}

#[test]
fn altered_foreign_and_oversized_tokens_are_refused() {
    let token = issued();
    let (unsigned, signature) = token.rsplit_once('.').unwrap();
    let (header, payload) = unsigned.split_once('.').unwrap();
    let other = TokenKey::derive(&Secret([2; 32]), ISSUER, 0)
        .issue(holder(), Uuid::nil(), NOW, 900)
        .unwrap();
    let mut padded = claims();
    padded["padding"] = "x".repeat(4_096).into();
    for bad in [
        "",
        ".",
        "..",
        unsigned,
        &format!("{unsigned}."),
        &format!("{header}.{}.{signature}", payload.to_lowercase()),
        &format!("{token}."),
        &format!("{token}A"),
        &other,
        &with_claims(&padded),
    ] {
        assert_eq!(refused(bad), ErrorCode::TokenInvalid, "{bad}");
    }
}

#[test]
fn the_published_key_verifies_our_tokens() {
    let jwks = json!(keys().published(NOW));
    let jwk: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwks["keys"][0].clone()).unwrap();
    assert_eq!(jwk.common.key_id, key().header.kid);
    let published = DecodingKey::from_jwk(&jwk).unwrap();
    let validation = validation(ISSUER);
    assert!(jsonwebtoken::decode::<Claims>(issued(), &published, &validation).is_ok());
    assert!(!jwks.to_string().contains("\"d\""));
}
