//! Which names are secret, as a pure function of the name.

use super::words::{Words, find};

/// Where a name stands. `key` and `code` are everyday names of JSON fields, and credentials in a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameKind {
    /// A header.
    Header,
    /// A parameter of a URL or of a form.
    Parameter,
    /// A field of a body.
    Field,
}

/// The judgement of a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Class {
    /// Nothing is known: the value is searched for patterns.
    #[default]
    Plain,
    /// The whole value is masked.
    Secret,
    /// A count or a switch beside secrets (`max_tokens`, `is_authenticated`): a short number or a
    /// boolean stays, anything else is masked.
    Measure,
    /// A header whose value is a URL.
    Url,
    /// A header with URLs inside `<>`.
    Link,
    /// A header whose syntax cannot hold a secret.
    Inert,
}

/// Held anywhere in the joined name, across its words.
const STEMS: &[&[u8]] = &[
    b"auth",
    b"token",
    b"secret",
    b"password",
    b"passwd",
    b"passwort",
    b"passphrase",
    b"passcode",
    b"pwd",
    b"credential",
    b"session",
    b"sessid",
    b"cookie",
    b"csrf",
    b"xsrf",
    b"jwt",
    b"bearer",
    b"apikey",
    b"accesskey",
    b"privatekey",
    b"signingkey",
    b"encryptionkey",
    b"masterkey",
    b"sharedkey",
    b"sharedaccess",
    b"accountkey",
    b"subscriptionkey",
    b"licensekey",
    b"clientkey",
    b"appkey",
    b"servicekey",
    b"functionskey",
    b"webhookkey",
    b"sshkey",
    b"userpass",
    b"codeverifier",
];

/// As above, but the value is often a number: these are never taken for a measure.
const NUMERIC_STEMS: &[&[u8]] = &[
    b"cardnumber",
    b"cardno",
    b"cardnum",
    b"ccnum",
    b"creditcard",
    b"debitcard",
    b"socialsecurity",
    b"securitycode",
    b"verificationcode",
    b"recoverycode",
    b"backupcode",
    b"devicecode",
    b"usercode",
    b"pincode",
    b"pinnumber",
];

/// Words that make a short number or a boolean a measure when they come last.
const MEASURES: &[&[u8]] = &[
    b"count",
    b"counts",
    b"total",
    b"length",
    b"len",
    b"limit",
    b"size",
    b"duration",
    b"ttl",
    b"timeout",
    b"age",
    b"in",
    b"at",
    b"time",
    b"expires",
    b"expiry",
    b"expiration",
    b"expired",
    b"enabled",
    b"disabled",
    b"required",
    b"used",
    b"remaining",
    b"valid",
    b"verified",
    b"present",
    b"authenticated",
    b"unauthenticated",
    b"authorized",
    b"unauthorized",
    b"tokens",
    b"sessions",
    b"cookies",
    b"details",
    b"usage",
    b"credentials",
];

/// Words that do the same when they come first.
const QUESTIONS: &[&[u8]] = &[
    b"is",
    b"has",
    b"requires",
    b"require",
    b"needs",
    b"use",
    b"max",
    b"min",
    b"num",
    b"total",
];

/// Names that hold a stem and are known to name no secret.
const HARMLESS: &[&[u8]] = &[b"tokentype", b"accesscontrolallowcredentials"];

/// A name's letters and digits in lower case: the form in which exact names are compared.
pub(super) struct NormalForm(Words);

impl NormalForm {
    pub(super) fn as_slice(&self) -> &[u8] {
        self.0.joined()
    }

    pub(super) fn to_vec(&self) -> Vec<u8> {
        self.as_slice().to_vec()
    }
}

pub(super) fn normal_form(name: &[u8]) -> NormalForm {
    NormalForm(Words::of(name))
}

/// The built-in judgement. A name too long to be taken apart is secret.
pub(super) fn judge(kind: NameKind, name: &[u8]) -> Class {
    let mut words = Words::of(name);
    if words.is_too_long() {
        return Class::Secret;
    }
    let joined = words.joined();
    if HARMLESS.contains(&joined) {
        return Class::Plain;
    }
    if kind == NameKind::Parameter && matches!(joined, b"key" | b"code") {
        return Class::Secret;
    }
    blank_lookalikes(&mut words);
    if holds_numeric_secret(&words) || words.has_word(|word| matches!(word, b"sig" | b"hmac")) {
        return Class::Secret;
    }
    if !holds_secret(&words) {
        Class::Plain
    } else if is_measure(&words) {
        Class::Measure
    } else {
        Class::Secret
    }
}

/// Whether a value under a [`Class::Measure`] name may stay: a boolean, or a number with at most
/// twelve characters, its unit included.
pub(super) fn is_measured(value: &[u8]) -> bool {
    let unit = |byte: &u8| {
        byte.is_ascii_digit() || matches!(byte, b'.' | b's' | b'm' | b'h' | b'd' | b'u' | b'n')
    };
    match value {
        b"" | b"true" | b"false" | b"null" => true,
        [first, ..] => first.is_ascii_digit() && value.len() <= 12 && value.iter().all(unit),
    }
}

/// Words that only look like a secret's name. The stem alone is blanked: `author_token` is secret.
fn blank_lookalikes(words: &mut Words) {
    words.blank(b"author", &[b"iz", b"is"]);
    words.blank(b"secretar", &[]);
    words.blank(b"secretion", &[]);
    words.blank(b"obsession", &[]);
    words.blank(b"possession", &[]);
    words.blank(b"tokeniz", &[]);
    words.blank(b"tokenis", &[]);
}

fn holds_secret(words: &Words) -> bool {
    STEMS.iter().any(|stem| words.holds(stem))
        || words.last() == b"pass"
        || words.has_word(|word| {
            matches!(word, b"sid" | b"signature")
                || word.starts_with(b"sso")
                || find(word, b"saml").is_some()
        })
}

/// One-time codes and card data are short numbers that are easily mistaken for a measure.
fn holds_numeric_secret(words: &Words) -> bool {
    NUMERIC_STEMS.iter().any(|stem| words.holds(stem))
        || words.has_word(|word| {
            matches!(word, b"pin" | b"pan" | b"csc" | b"totp" | b"hotp" | b"cvn")
                || [&b"ssn"[..], b"otp", b"cvc", b"cvv"]
                    .iter()
                    .any(|stem| word.starts_with(stem) || word.ends_with(stem))
        })
        || (matches!(words.last(), b"code" | b"codes")
            && words.has_word(|word| matches!(word, b"mfa" | b"fa" | b"auth" | b"sms" | b"login")))
}

fn is_measure(words: &Words) -> bool {
    MEASURES.contains(&words.last())
        || QUESTIONS.contains(&words.first())
        || words.has_word(|word| word == b"tokens")
}
