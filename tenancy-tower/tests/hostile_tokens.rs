//! Tokens built by hand, each wrong in one respect; all of them signed as well as their forger could.

#![cfg(feature = "aws-lc-rs")]

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::sign;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};
use tenancy_core::testing::ManualClock;
use tenancy_tower::authenticate::{TokenError, VerifyToken};
use tenancy_tower::jwt::{PublicKey, TokenKey, TokenVerifier};

const NOW: u64 = 1_700_000_000;
const TENANT: &str = "018f2f4e-0000-7000-8000-00000000000a";

fn key(seed: u8) -> TokenKey {
    TokenKey::from_seed([seed; 32]).unwrap()
}

fn verifier() -> TokenVerifier {
    let keys = [key(1), key(2)].map(|key| key.public().clone());
    TokenVerifier::new(keys, "issuer", "api", Arc::new(ManualClock::at(NOW)))
}

fn verify(token: &str) -> Result<String, TokenError> {
    verifier().verify(token).map(|claims| claims.tenant_id.to_string())
}

fn header() -> Value {
    json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key(1).public().kid()})
}

fn claims() -> Value {
    json!({
        "sub": "018f2f4e-0000-7000-8000-000000000001",
        "tenant_id": TENANT, "tenant_name": "Acme", "plan": "starter", "role": "admin", "permissions": [],
        "iat": NOW, "exp": NOW + 3600, "iss": "issuer", "aud": "api", "jti": "j", "ver": 0,
    })
}

fn part(json: &str) -> String {
    URL_SAFE_NO_PAD.encode(json)
}

/// The genuine signature of any header and claims, under the key of this seed.
fn signed(seed: u8, header: &str, claims: &str) -> String {
    key(seed); // installs the cryptography
    let der = [b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".as_slice(), &[seed; 32]];
    let message = format!("{}.{}", part(header), part(claims));
    let signing = EncodingKey::from_ed_der(&der.concat());
    let signature = sign(message.as_bytes(), &signing, Algorithm::EdDSA).unwrap();
    format!("{message}.{signature}")
}

fn with_header(name: &str, value: &Value) -> String {
    let mut changed = header();
    changed[name] = value.clone();
    signed(1, &changed.to_string(), &claims().to_string())
}

fn with_claim(name: &str, value: &Value) -> String {
    let mut changed = claims();
    changed[name] = value.clone();
    signed(1, &header().to_string(), &changed.to_string())
}

fn without(of: &Value, name: &str) -> String {
    let mut less = of.clone();
    less.as_object_mut().unwrap().remove(name);
    less.to_string()
}

/// A token whose claims contain `more` as it stands, which JSON values cannot hold.
fn with_text(name: &str, more: &str) -> String {
    let claims = without(&claims(), name);
    signed(1, &header().to_string(), &format!("{},{more}}}", &claims[..claims.len() - 1]))
}

#[test]
fn a_good_token_passes_under_either_key() {
    assert_eq!(verify(&signed(1, &header().to_string(), &claims().to_string())).unwrap(), TENANT);
    let second = json!({"alg": "EdDSA", "typ": "at+jwt", "kid": key(2).public().kid()});
    assert_eq!(verify(&signed(2, &second.to_string(), &claims().to_string())).unwrap(), TENANT);
}

#[test]
fn the_header_does_not_choose_the_algorithm() {
    let public = "iojj3XQJ8ZX9UtstPLpdcspnCb8dlBIb83SIAbQPb1w";
    assert_eq!(PublicKey::from_base64(public).unwrap().kid(), key(1).public().kid());
    let public = URL_SAFE_NO_PAD.decode(public).unwrap();
    for alg in ["none", "None", "nOnE", "NONE", "HS256", "HS512", "RS256", "ES256", "eddsa", "EdDSA ", ""] {
        let mut changed = header();
        changed["alg"] = json!(alg);
        let message = format!("{}.{}", part(&changed.to_string()), part(&claims().to_string()));
        let hmac = sign(message.as_bytes(), &EncodingKey::from_secret(&public), Algorithm::HS256).unwrap();
        for signature in ["", "AA", &hmac] {
            let token = format!("{message}.{signature}");
            assert_eq!(verify(&token), Err(TokenError::Malformed), "alg {alg:?}");
        }
        // Even with our own signature under it.
        assert_eq!(verify(&with_header("alg", &json!(alg))), Err(TokenError::Malformed), "alg {alg:?}");
    }
    let unsigned = format!("{}.{}.", part(&header().to_string()), part(&claims().to_string()));
    assert_eq!(verify(&unsigned), Err(TokenError::Signature));
}

#[test]
fn a_key_is_found_by_its_id_in_memory_or_not_at_all() {
    let stranger = key(3);
    for kid in ["", "x", "../../dev/null", "' OR 1=1 --", stranger.public().kid()] {
        assert_eq!(verify(&with_header("kid", &json!(kid))), Err(TokenError::UnknownKey), "kid {kid:?}");
    }
    for kid in [json!(null), json!(1), json!("a\u{0}"), json!([key(1).public().kid()])] {
        assert_eq!(verify(&with_header("kid", &kid)), Err(TokenError::Malformed), "kid {kid}");
    }
    let missing = signed(1, &without(&header(), "kid"), &claims().to_string());
    assert_eq!(verify(&missing), Err(TokenError::Malformed));
    // A stranger's signature under our id, and ours of one key under the other's id.
    for seed in [2, 3] {
        let forged = signed(seed, &header().to_string(), &claims().to_string());
        assert_eq!(verify(&forged), Err(TokenError::Signature));
    }
}

#[test]
fn a_header_that_would_have_us_fetch_or_skip_something_is_not_ours() {
    for (name, value) in [
        ("jku", json!("https://evil.example/keys")),
        ("jwk", json!({"kty": "OKP", "crv": "Ed25519", "x": "AA"})),
        ("x5u", json!("https://evil.example/cert")),
        ("x5c", json!(["AA"])),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("typ", json!("JWT")),
        ("typ", json!("rt+jwt")),
        ("typ", json!(null)),
    ] {
        assert_eq!(verify(&with_header(name, &value)), Err(TokenError::Malformed), "{name}: {value}");
    }
    let twice = header().to_string().replacen('{', r#"{"alg":"EdDSA","#, 1);
    assert_eq!(verify(&signed(1, &twice, &claims().to_string())), Err(TokenError::Malformed));
}

#[test]
fn a_token_is_for_us_from_us() {
    for (name, value, error) in [
        ("aud", json!("other"), TokenError::Audience),
        ("aud", json!(""), TokenError::Audience),
        ("aud", json!(["api"]), TokenError::Malformed),
        ("aud", json!(null), TokenError::Malformed),
        ("iss", json!("https://other.example"), TokenError::Audience),
        ("iss", json!("Issuer"), TokenError::Audience),
        ("iss", json!(["issuer"]), TokenError::Malformed),
        ("jti", json!(""), TokenError::Malformed),
    ] {
        assert_eq!(verify(&with_claim(name, &value)), Err(error), "{name}: {value}");
    }
    for name in ["aud", "iss", "jti", "sub", "role", "exp", "iat"] {
        let token = signed(1, &header().to_string(), &without(&claims(), name));
        assert_eq!(verify(&token), Err(TokenError::Malformed), "without {name}");
    }
}

#[test]
fn times_are_whole_seconds_and_lie_around_now() {
    for name in ["exp", "iat", "nbf"] {
        for text in
            ["\"1700003600\"", "1700003600.0", "1700003600.5", "1.7e9", "-1", "1e400", "null", "true", "[]"]
        {
            let token = with_text(name, &format!("\"{name}\":{text}"));
            assert_eq!(verify(&token), Err(TokenError::Malformed), "{name}: {text}");
        }
    }
    for (name, value, result) in [
        ("exp", NOW, Err(TokenError::Expired)),
        ("exp", NOW + 1, Ok(())),
        ("exp", NOW - 1, Err(TokenError::Expired)),
        ("exp", NOW + 86_400, Ok(())),
        ("exp", NOW + 86_401, Err(TokenError::Expired)),
        ("exp", u64::MAX, Err(TokenError::Expired)),
        ("exp", 0, Err(TokenError::Expired)),
        ("iat", NOW + 5, Ok(())),
        ("iat", NOW + 6, Err(TokenError::NotYet)),
        ("iat", 0, Err(TokenError::Expired)),
        ("nbf", NOW + 5, Ok(())),
        ("nbf", NOW + 6, Err(TokenError::NotYet)),
        ("nbf", u64::MAX, Err(TokenError::NotYet)),
        ("nbf", 0, Ok(())),
    ] {
        assert_eq!(verify(&with_claim(name, &json!(value))).map(|_| ()), result, "{name}: {value}");
    }
}

#[test]
fn a_token_names_exactly_one_tenant() {
    let other = "018f2f4e-0000-7000-8000-00000000000b";
    for value in [json!([TENANT]), json!(1), json!(""), json!("acme"), json!(uuid::Uuid::nil()), json!(null)]
    {
        let verdict = verify(&with_claim("tenant_id", &value));
        let missing = if value.is_null() { TokenError::MissingTenant } else { TokenError::Malformed };
        assert_eq!(verdict, Err(missing), "tenant_id {value}");
    }
    let upper = with_claim("tenant_id", &json!(TENANT.to_uppercase()));
    assert_eq!(verify(&upper).unwrap(), TENANT, "upper case is the same id");
    for more in ["tenant_id", "organization_id"] {
        for id in [TENANT, other] {
            let token = with_text("none", &format!(r#""{more}":"{id}""#));
            assert_eq!(verify(&token), Err(TokenError::Malformed), "a second {more} {id}");
        }
    }
    for name in ["sub", "exp", "role", "nbf"] {
        let twice = format!(r#""nbf":0,"{name}":{}"#, claims().get(name).unwrap_or(&json!(0)));
        assert_eq!(verify(&with_text("none", &twice)), Err(TokenError::Malformed), "{name} twice");
    }
    let none = signed(1, &header().to_string(), &without(&claims(), "tenant_id"));
    assert_eq!(verify(&none), Err(TokenError::MissingTenant));
    let older = with_text("tenant_id", &format!(r#""organization_id":"{TENANT}""#));
    assert_eq!(verify(&older).unwrap(), TENANT);
}

#[test]
fn what_is_no_token_is_refused_before_it_is_read() {
    let good = signed(1, &header().to_string(), &claims().to_string());
    let huge = with_claim("tenant_name", &json!("x".repeat(9_000)));
    let kid = with_header("kid", &json!("k".repeat(1 << 20)));
    let deep = "[".repeat(4_000);
    for token in [
        "",
        ".",
        "..",
        "...",
        "a.b.c",
        "é.é.é",
        &huge,
        &kid,
        &format!("{good}."),
        &format!(".{good}"),
        &format!("{good}.{good}"),
        &good.replacen('.', "", 1),
        &format!("{}.{}.AA", part(&deep), part("{}")),
        &signed(1, "[]", "{}"),
        &signed(1, "null", "null"),
    ] {
        assert!(matches!(verify(token), Err(TokenError::Malformed | TokenError::Signature)), "{token:.40}");
    }
    assert_eq!(verify(&signed(1, &header().to_string(), &deep)), Err(TokenError::Malformed));
    for padded in [format!("{good}="), format!("{good} "), format!(" {good}"), good.replace('.', "=.")] {
        assert!(verify(&padded).is_err());
    }
}

#[test]
fn every_bit_of_a_token_counts() {
    let good = signed(1, &header().to_string(), &claims().to_string());
    for at in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        assert!(verify(&changed).is_err(), "character {at}");
    }
}
