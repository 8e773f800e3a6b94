//! No secret leaves the process: not to the API, not to a file, not in a log, not in a `Debug`.
//!
//! Secrets that can be found again are planted in every slot of a few hundred exchanges, which go
//! through the adapters and the client over real sockets; then all that came out is searched. The
//! same search finds them where redaction is off, so it can fail.

#![allow(unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

#[path = "secrets/apps.rs"]
mod apps;
#[path = "secrets/canary.rs"]
mod canary;
#[path = "secrets/cuts.rs"]
mod cuts;
#[path = "secrets/logs.rs"]
mod logs;
#[path = "secrets/odd.rs"]
mod odd;
#[path = "secrets/plan.rs"]
mod plan;
#[path = "secrets/random.rs"]
mod random;
#[path = "secrets/shown.rs"]
mod shown;
#[path = "support/wiretap.rs"]
mod wiretap;

use canary::Cage;
use plan::Case;
use runscope::client::ClientOptions;
use runscope::{Client, Config, Context, Message, Recorder, RedactionRules, Request, Response};
use std::sync::Arc;
use std::time::Duration;
use support::api::FakeApi;
use wiretap::Wiretap;

const TOKEN: &str = "own-t0ken-zq7xj4ofk8vw2mtheconfig";
const PATIENCE: Duration = Duration::from_secs(60);

/// How the exchanges are sent.
type Front = fn(&Recorder, &Arc<Vec<Case>>);

#[test]
fn no_secret_leaves_an_axum_app() {
    let (cage, cases) = plan::plan();
    let wire = to_the_api(apps::axum, cases, RedactionRules::new());
    cage.assert_absent("what axum's layer sent", &wire);
    cage.assert_absent("the log", &logs::written());
}

#[test]
fn no_secret_leaves_an_actix_app() {
    let (cage, cases) = plan::plan();
    let wire = to_the_api(apps::actix, cases, RedactionRules::new());
    cage.assert_absent("what the actix middleware sent", &wire);
    cage.assert_absent("the log", &logs::written());
}

#[test]
fn the_same_search_finds_the_secrets_where_redaction_is_off() {
    for front in [apps::axum as Front, apps::actix] {
        let (cage, cases) = plan::plan();
        let wire = to_the_api(front, cases, RedactionRules::new().enabled(false));
        assert_found(&cage, &wire);
        cage.assert_absent("the log", &logs::written());
    }
}

#[test]
fn no_secret_is_written_to_a_file() {
    logs::keep();
    let path = std::env::temp_dir().join(format!("runscope-secrets-{}.ndjson", std::process::id()));
    for (rules, clean) in [
        (RedactionRules::new(), true),
        (RedactionRules::new().enabled(false), false),
    ] {
        let (cage, cases) = plan::plan();
        let config = config(rules).ndjson_file(&path).build().unwrap();
        let (recorder, guard) = Recorder::start(config).unwrap();
        let count = cases.len() as u64;
        apps::axum(&recorder, &Arc::new(cases));
        guard.shutdown_blocking(PATIENCE).unwrap();
        assert_eq!(recorder.stats().delivered, count);
        let written = std::fs::read(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        if clean {
            cage.assert_absent("the file", &written);
        } else {
            assert_found(&cage, &written);
        }
    }
}

#[test]
fn no_secret_leaves_a_client() {
    for (rules, clean) in [
        (RedactionRules::new(), true),
        (RedactionRules::new().enabled(false), false),
    ] {
        logs::keep();
        let (mut cage, cases) = plan::plan();
        let messages = messages(&mut cage, &cases);
        let api = FakeApi::accepting();
        let wire = Wiretap::before(&api.url());
        let mut options = ClientOptions::new(wire.url().parse().unwrap(), TOKEN, "k3y");
        options.redaction = rules;
        let client = Client::new(&options).unwrap();
        let receipt = block_on(client.create_messages(&messages)).unwrap();
        assert_eq!(receipt.items.len(), messages.len());
        let sent = without_authorization(&wire.sent());
        if clean {
            cage.assert_absent("what the client sent", &sent);
            cage.assert_absent("the receipt", format!("{receipt:?}").as_bytes());
        } else {
            assert_found(&cage, &sent);
        }
        cage.assert_absent("the log", &logs::written());
    }
}

/// The cases as messages that an app makes itself, with what only such a message can hold.
fn messages(cage: &mut Cage, cases: &[Case]) -> Vec<Message> {
    let mut messages: Vec<_> = cases.iter().map(|case| message(cage, case)).collect();
    let request = Request::new("POST", "https://h.example/")
        .form_field("password", cage.text("form field by name"))
        .form_field("card", cage.card("form field that is a card"))
        .form_field(
            "next",
            format!("/?token={}", cage.text("form field with a query")),
        );
    let response = Response::new(302).header("location", format!("/#id_token={}", cage.text("id")));
    let mut reason = Response::new(401);
    reason.reason = Some(format!("Bearer {}", cage.text("reason phrase")));
    let mut read_back = Request::new("GET", "https://h.example/");
    read_back.path = Some(format!("/a;sid={}", cage.text("path of its own")));
    read_back.host = Some(format!("u:{}@h", cage.text("host of its own")));
    read_back
        .params
        .push("token", cage.text("parameter of its own"));
    messages.push(Message::new().request(request).response(response));
    messages.push(Message::new().request(read_back).response(reason));
    messages
}

fn message(cage: &mut Cage, case: &Case) -> Message {
    let number = cage.canaries.len();
    let userinfo = cage.text(&format!("userinfo of message {number}"));
    let url = format!("https://user:{userinfo}@h.example{}", case.target);
    let mut request = Request::new(case.method, url);
    let mut response = Response::new(200);
    for (name, value) in &case.request.headers {
        request = request.header(name, value);
    }
    for (name, value) in &case.response.headers {
        response = response.header(name, value);
    }
    if !case.request.body.is_empty() {
        request = request.body(&case.request.body);
    }
    if !case.response.body.is_empty() {
        response = response.body(&case.response.body);
    }
    let mut context = Context::default();
    if let Some((consumer, name, value)) = &case.said {
        context.consumer = Some(consumer.clone());
        context.tags.insert(name.clone(), value.clone());
        context.error = Some(format!(
            "refused: password={}",
            cage.text(&format!("error {number}"))
        ));
    }
    Message::new()
        .request(request)
        .response(response)
        .context(context)
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

/// Sends the cases by way of `front`, and gives back every byte that came to the API, but for the
/// one header in which the token belongs.
fn to_the_api(front: Front, cases: Vec<Case>, rules: RedactionRules) -> Vec<u8> {
    logs::keep();
    let api = FakeApi::accepting();
    let wire = Wiretap::before(&api.url());
    let config = config(rules).api_endpoint(wire.url());
    let (recorder, guard) = Recorder::start(config.build().unwrap()).unwrap();
    let cases = Arc::new(cases);
    front(&recorder, &cases);
    api.wait_for_messages(cases.len());
    guard.shutdown_blocking(PATIENCE).unwrap();
    without_authorization(&wire.sent())
}

fn config(rules: RedactionRules) -> runscope::ConfigBuilder {
    Config::builder()
        .access_token(TOKEN)
        .bucket_key("k3y")
        .log_body(true)
        .body_content_types(["*/*"])
        .max_body_bytes(plan::CAP)
        .max_coalescing_delay(Duration::from_millis(20))
        .redaction(rules)
}

fn without_authorization(wire: &[u8]) -> Vec<u8> {
    let header = format!("authorization: Bearer {TOKEN}\r\n");
    let text = String::from_utf8_lossy(wire);
    assert!(text.contains(&header), "the token is sent where it belongs");
    text.replace(&header, "").into_bytes()
}

/// What even a recorder without redaction does not show, and why.
const NEVER_SHOWN: [(&str, &str); 6] = [
    ("at the cut", "the cap falls into the secret or before it"),
    (
        "at the end of a long",
        "the field's own limit falls into the secret",
    ),
    (
        "as [\"br\"]",
        "the coding is not known here, so the body is left out",
    ),
    (
        "gzip as [\"deflate\"]",
        "the label is wrong, so the body is masked",
    ),
    (
        "as [\"\"]",
        "what is compressed and does not say so is left out",
    ),
    ("gzip twice", "codings upon each other are left out"),
];

#[track_caller]
fn assert_found(cage: &Cage, bytes: &[u8]) {
    let found = cage.found_in(bytes);
    let missing: Vec<_> = cage
        .canaries
        .iter()
        .map(|canary| canary.slot.as_str())
        .filter(|slot| !found.contains(slot))
        .filter(|slot| !NEVER_SHOWN.iter().any(|(part, _)| slot.contains(part)))
        .collect();
    assert!(missing.is_empty(), "not found: {missing:#?}");
}
