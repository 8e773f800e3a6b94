//! The table of judgements by name.

use super::super::names::{Class, NameKind, judge};
use Class::{Measure, Plain, Secret};

/// Names that are judged alike wherever they stand. A comment gives the reason where the name alone
/// does not.
const EVERYWHERE: &[(&str, Class)] = &[
    ("authorization", Secret),
    ("Authorization", Secret),
    ("AUTHORIZATION", Secret),
    ("authorisation", Secret),
    ("proxy-authorization", Secret),
    ("cookie", Secret),
    ("Cookies", Measure), // a list of them has strings, which are masked
    ("set-cookie", Secret),
    ("x-api-key", Secret),
    ("XApiKey", Secret),
    ("apiKey", Secret),
    ("API_KEY", Secret),
    ("api.key", Secret),
    ("api key", Secret),
    ("apikey", Secret),
    ("X-Auth", Secret),
    ("oauth2", Secret),
    ("auth_code", Secret),
    ("token", Secret),
    ("tOkEn", Secret),
    ("accessToken", Secret),
    ("access_token", Secret),
    ("refresh_token", Secret),
    ("id_token", Secret),
    ("X-Vault-Token", Secret),
    ("client_secret", Secret),
    ("secret", Secret),
    ("SecretKey", Secret),
    ("password", Secret),
    ("PassWord", Secret),
    ("pAsSwOrD", Secret),
    ("new_password1", Secret),
    ("user[password]", Secret),
    ("user.password.confirmation", Secret),
    ("passwd", Secret),
    ("pwd", Secret),
    ("db_pass", Secret),
    ("passphrase", Secret),
    ("access-key", Secret),
    ("privateKey", Secret),
    ("PRIVATE_KEY_PEM", Secret),
    ("session", Secret),
    ("sessionid", Secret),
    ("PHPSESSID", Secret),
    ("JSESSIONID", Secret),
    ("ASP.NET_SessionId", Secret),
    ("connect.sid", Secret),
    ("sid", Secret),
    ("csrfmiddlewaretoken", Secret),
    ("x-csrf", Secret),
    ("X-XSRF-TOKEN", Secret),
    ("jwt", Secret),
    ("bearer", Secret),
    ("sso", Secret),
    ("ssoId", Secret),
    ("SAMLResponse", Secret),
    ("credential", Secret),
    ("aws_credentials_file", Secret),
    ("ssn", Secret),
    ("userSSN", Secret),
    ("social_security_number", Secret),
    ("cardNumber", Secret),
    ("card_number", Secret),
    ("cc_number", Secret),
    ("creditCard", Secret),
    ("pan", Secret),
    ("cvv", Secret),
    ("cvv2", Secret),
    ("CVC", Secret),
    ("csc", Secret),
    ("otp", Secret), // short-lived, but valid while a message is on its way
    ("totp", Secret),
    ("pin", Secret), // a card's more often than a map's
    ("pinCode", Secret),
    ("mfa_code", Secret),
    ("2fa_code", Secret),
    ("X-Amz-Signature", Secret),
    ("X-Amz-Credential", Secret),
    ("X-Amz-Security-Token", Secret),
    ("AWSAccessKeyId", Secret),
    ("Signature", Secret),
    ("sig", Secret),
    ("X-Goog-Signature", Secret),
    ("X-Goog-Credential", Secret),
    ("X-Shopify-Hmac-Sha256", Secret),
    ("code_verifier", Secret),
    ("device_code", Secret),
    ("www-authenticate", Secret), // an NTLM or Negotiate challenge carries a token
    ("authority_token", Secret),
    ("author_password", Secret),
    ("authOrder", Secret),      // auth + order, whatever it looks like
    ("token_endpoint", Secret), // harmless, but it holds `token`
    // Counts and switches: a short number or a boolean stays.
    ("sessions_count", Measure),
    ("token_count", Measure),
    ("max_tokens", Measure),
    ("prompt_tokens", Measure),
    ("completion_tokens", Measure),
    ("completion_tokens_details", Measure),
    ("tokens_used", Measure),
    ("x-ratelimit-remaining-tokens", Measure),
    ("session_timeout", Measure),
    ("password_length", Measure),
    ("is_authenticated", Measure),
    ("authenticated", Measure),
    ("hasPassword", Measure),
    // Names that only look alike.
    ("accept", Plain),
    ("author", Plain),
    ("authors", Plain),
    ("coauthor", Plain),
    ("authority", Plain),
    (":authority", Plain),
    ("secretary", Plain),
    ("tokenizer", Plain),
    ("token_type", Plain), // names the scheme
    ("passenger", Plain),
    ("compass", Plain),
    ("pass_rate", Plain),
    ("obsession", Plain),
    ("cross-origin-opener-policy", Plain), // c-ro-sso-rigin
    ("processor", Plain),
    ("lesson", Plain),
    ("class_name", Plain), // cla-ss_n-ame
    ("business_number", Plain),
    ("shipping", Plain),
    ("opinion", Plain),
    ("company", Plain),
    ("side", Plain),
    ("design", Plain),
    ("signal", Plain),
    ("public_key", Plain),
    ("primary_key", Plain),
    ("idempotency-key", Plain),
    ("sec-websocket-key", Plain), // a nonce
    ("code_challenge", Plain),    // a hash, made to be seen
    ("state", Plain),
    ("access-control-allow-credentials", Plain),
    ("user-agent", Plain),
    ("postcode", Plain),
    ("", Plain),
    ("--", Plain),
    ("ｐａｓｓ", Plain), // full-width letters are not read
];

#[test]
fn every_name_has_its_deliberate_judgement() {
    for (name, expected) in EVERYWHERE {
        for kind in [NameKind::Header, NameKind::Parameter, NameKind::Field] {
            assert_eq!(
                judge(kind, name.as_bytes()),
                *expected,
                "{name} as {kind:?}"
            );
        }
    }
}

#[test]
fn key_and_code_are_credentials_in_parameters_only() {
    for name in ["key", "code", "Code"] {
        assert_eq!(
            judge(NameKind::Parameter, name.as_bytes()),
            Secret,
            "{name}"
        );
        assert_eq!(judge(NameKind::Field, name.as_bytes()), Plain, "{name}");
        assert_eq!(judge(NameKind::Header, name.as_bytes()), Plain, "{name}");
    }
}

#[test]
fn a_name_too_long_to_be_read_is_secret() {
    assert_eq!(judge(NameKind::Field, &[b'a'; 256]), Plain);
    assert_eq!(judge(NameKind::Field, &[b'a'; 257]), Secret);
}

#[test]
fn any_bytes_can_be_judged() {
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..20_000 {
        let name: Vec<u8> = (0..random.usize(..40)).map(|_| random.u8(..)).collect();
        judge(NameKind::Field, &name);
    }
}
