//! Secrets that can be found again, and the search for them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::collections::{BTreeSet, HashSet};
use std::io::Read;

/// What every canary begins and ends with, so that half of one is found as well.
const HEAD: &str = "zq7xj4";
const TAIL: &str = "k8vw2m";

/// How the secrets that are numbers begin: one of digits, and a card.
const NUMBER: &str = "90817263";
const CARD: &str = "40128888";

const STARTS: [&str; 3] = [HEAD, NUMBER, CARD];

/// How many codings upon each other are undone.
const DEPTH: usize = 2;

/// One planted secret.
#[derive(Debug, Clone)]
pub struct Canary {
    /// Where it was planted.
    pub slot: String,
    /// What must not be found: the text, or for a token its telling part.
    pub needle: String,
}

/// All secrets that were planted.
#[derive(Debug, Default)]
pub struct Cage {
    pub canaries: Vec<Canary>,
    first: usize,
}

impl Cage {
    /// An empty cage whose secrets are none of those of `other`.
    pub fn beside(other: &Self) -> Self {
        Self {
            first: other.first + 5000,
            ..Self::default()
        }
    }

    /// A fresh secret of letters and digits.
    pub fn text(&mut self, slot: &str) -> String {
        let text = format!("{HEAD}{:04}{TAIL}", self.next());
        self.keep(slot, &text);
        text
    }

    /// A fresh secret that is a number.
    pub fn number(&mut self, slot: &str) -> String {
        let text = format!("{NUMBER}{:04}", self.next());
        self.keep(slot, &text);
        text
    }

    /// A fresh token: three segments, the last two of which hold the secret.
    pub fn jwt(&mut self, slot: &str) -> String {
        let secret = self.text(slot);
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let payload = part(&format!(r#"{{"sub":"{secret}"}}"#));
        format!(
            "{}.{payload}.{}",
            part(r#"{"alg":"HS256","typ":"JWT"}"#),
            part(&secret)
        )
    }

    /// A fresh number of a payment card.
    pub fn card(&mut self, slot: &str) -> String {
        let number = format!("{CARD}{:04}001", self.next());
        let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
        let digits = number.chars().filter_map(|digit| digit.to_digit(10)).rev();
        let sum: u32 = digits
            .enumerate()
            .map(|(at, digit)| if at % 2 == 0 { doubled(digit) } else { digit })
            .sum();
        let number = format!("{number}{}", (10 - sum % 10) % 10);
        self.keep(slot, &number);
        number
    }

    fn next(&self) -> usize {
        self.first + self.canaries.len()
    }

    fn keep(&mut self, slot: &str, needle: &str) {
        self.canaries.push(Canary {
            slot: slot.to_owned(),
            needle: needle.to_owned(),
        });
    }

    /// The slots whose secret can be found in the bytes, plain or in any coding that is known here.
    pub fn found_in(&self, bytes: &[u8]) -> Vec<&str> {
        let mut found = BTreeSet::new();
        for text in readings(bytes, DEPTH) {
            for start in STARTS {
                for (at, _) in text.match_indices(start) {
                    found.extend(self.canaries.iter().position(|canary| {
                        text.get(at..)
                            .is_some_and(|rest| rest.starts_with(&canary.needle))
                    }));
                }
            }
        }
        found
            .into_iter()
            .map(|at| self.canaries[at].slot.as_str())
            .collect()
    }

    /// Fails the test where a secret, or the beginning or the end of one, can be found.
    #[track_caller]
    pub fn assert_absent(&self, place: &str, bytes: &[u8]) {
        self.assert_absent_at_depth(DEPTH, place, bytes);
    }

    /// The same, with fewer codings upon each other undone.
    #[track_caller]
    pub fn assert_absent_at_depth(&self, depth: usize, place: &str, bytes: &[u8]) {
        for text in readings(bytes, depth) {
            for part in STARTS.into_iter().chain([TAIL]) {
                let Some(at) = text.find(part) else { continue };
                let near = at.saturating_sub(300)..(at + 60).min(text.len());
                let near = String::from_utf8_lossy(&text.as_bytes()[near]).into_owned();
                let slots = self.found_in(bytes);
                panic!("{place} holds the secrets of {slots:#?}, here: {near}");
            }
        }
    }
}

/// The bytes as they are and with the codings undone that can hide a text, in lower case.
fn readings(bytes: &[u8], depth: usize) -> Vec<String> {
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    let mut layer = vec![bytes.to_vec()];
    for _ in 0..=depth {
        layer.retain(|bytes| !bytes.is_empty() && !seen.contains(bytes));
        seen.extend(layer.iter().cloned());
        layer = layer.iter().flat_map(|bytes| undone(bytes)).collect();
    }
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).to_ascii_lowercase();
    seen.into_iter()
        .flat_map(|bytes| {
            let reversed = bytes.iter().rev().copied().collect();
            let joined = bytes
                .iter()
                .copied()
                .filter(|byte| !b"\0 -".contains(byte))
                .collect();
            [text(reversed), text(joined), text(bytes)]
        })
        .collect()
}

/// What the bytes say where they are taken for each of the codings.
fn undone(bytes: &[u8]) -> [Vec<u8>; 4] {
    [
        percent(bytes),
        json_escapes(bytes),
        base64_runs(bytes),
        hex_runs(bytes),
    ]
}

fn percent(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let coded = bytes
            .get(at + 1..at + 3)
            .filter(|_| byte == b'%')
            .and_then(hex);
        at += if coded.is_some() { 3 } else { 1 };
        out.push(coded.unwrap_or(byte));
    }
    out
}

fn json_escapes(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, bytes.get(at + 1)) {
            (b'\\', Some(b'u')) => {
                let low = bytes.get(at + 4..at + 6).and_then(hex);
                out.extend(low);
                at += 6;
            }
            (b'\\', Some(&next)) => {
                out.push(next);
                at += 2;
            }
            _ => {
                out.push(byte);
                at += 1;
            }
        }
    }
    out
}

fn hex(digits: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Every long run of hexadecimal digits, read from its first and from its second digit.
fn hex_runs(bytes: &[u8]) -> Vec<u8> {
    runs(bytes, u8::is_ascii_hexdigit)
        .filter(|run| run.len() >= 12)
        .flat_map(|run| {
            let read = |from: usize| run[from..].chunks_exact(2).filter_map(hex);
            read(0)
                .chain(*b"\n")
                .chain(read(1))
                .chain(*b"\n")
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Every long run of base64 letters, read from each of the four places where a group may begin,
/// and decompressed where it holds something compressed.
fn base64_runs(bytes: &[u8]) -> Vec<u8> {
    let in_run = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let mut out = Vec::new();
    for run in runs(bytes, in_run).filter(|run| run.len() >= 12) {
        let plain: Vec<u8> = run
            .iter()
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                byte => *byte,
            })
            .collect();
        for from in 0..4 {
            let run = &plain[from..];
            let whole = &run[..run.len() - run.len() % 4];
            let rest = STANDARD_NO_PAD
                .decode(run)
                .or_else(|_| STANDARD.decode(whole));
            let decoded = rest.unwrap_or_default();
            out.extend_from_slice(&inflated(&decoded));
            out.extend_from_slice(&decoded);
            out.push(b'\n');
        }
    }
    out
}

/// What the bytes decompress to, as far as they do.
fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let limit = 1 << 20;
    // What came before a mistake or a cut stays in the buffer.
    let _ = match bytes {
        [0x1f, 0x8b, ..] => MultiGzDecoder::new(bytes).take(limit).read_to_end(&mut out),
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => {
            ZlibDecoder::new(bytes).take(limit).read_to_end(&mut out)
        }
        _ if bytes.len() >= 40 => DeflateDecoder::new(bytes).take(limit).read_to_end(&mut out),
        _ => Ok(0),
    };
    out
}

fn runs<'a>(
    bytes: &'a [u8],
    in_run: impl Fn(&u8) -> bool + 'a,
) -> impl Iterator<Item = &'a [u8]> + 'a {
    bytes.split(move |byte| !in_run(byte))
}

#[test]
fn the_search_finds_a_secret_in_every_coding_and_also_half_of_it() {
    let mut cage = Cage::default();
    let secret = cage.text("slot");
    let token = cage.jwt("token");
    let card = cage.card("card");
    let code = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let unicode: String = secret
        .bytes()
        .map(|byte| format!("\\u{byte:04x}"))
        .collect();
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let wide: String = secret.chars().flat_map(|letter| [letter, '\0']).collect();
    for text in [
        secret.clone(),
        secret.to_ascii_uppercase(),
        percent.clone(),
        percent.replace('%', "%25"),
        unicode,
        hex,
        wide,
        code(&secret),
        code(&format!("x{secret}")),
        code(&format!("xx{secret}")),
        code(&code(&secret)),
        secret.chars().rev().collect(),
        token,
        format!("{} {}", &card[..4], &card[4..]),
    ] {
        let found = cage.found_in(format!("before\":\"{text}\" after").as_bytes());
        assert_eq!(found.len(), 1, "{text}");
    }
    for half in [&secret[..8], &secret[8..]] {
        let half = half.to_owned();
        let cage = Cage::default();
        let caught = std::panic::catch_unwind(|| cage.assert_absent("here", half.as_bytes()));
        assert!(caught.is_err());
    }
}
