//! What the library's own types show of the token and of the traffic, and what it logs.

use crate::canary::Cage;
use crate::support::api::{FakeApi, Reply};
use crate::{PATIENCE, block_on, logs};
use bytes::Bytes;
use runscope::client::ClientOptions;
use runscope::{
    AccessToken, Client, Config, ConfigBuilder, MemorySink, Message, Recorder, RedactionRules,
    Request, RequestHead, ResponseHead, Runscope, RunscopeLayer, Scope,
};
use std::fmt::{Debug, Display};
use std::time::Duration;
use tower::Layer as _;

/// Everything that was shown.
#[derive(Default)]
struct Shown(String);

impl Shown {
    fn debug(&mut self, value: &impl Debug) -> &mut Self {
        self.0.push_str(&format!("{value:?}\n{value:#?}\n"));
        self
    }

    fn display(&mut self, value: &impl Display) -> &mut Self {
        self.0.push_str(&format!("{value}\n{value:#}\n"));
        self
    }

    fn error(&mut self, error: &dyn std::error::Error) {
        self.0
            .push_str(&format!("{error}\n{error:?}\n{error:#?}\n"));
        if let Some(source) = error.source() {
            self.error(source);
        }
    }
}

#[test]
fn no_type_shows_a_secret() {
    logs::keep();
    let mut cage = Cage::default();
    let mut shown = Shown::default();
    let token = cage.text("token");
    let scope = Scope::new()
        .route("/x")
        .access_token(cage.text("token of a scope"))
        .bucket_key("b");
    let builder = Config::builder()
        .access_token(token.clone())
        .bucket_key("k3y")
        .log_body(true)
        .body_content_types(["*/*"])
        .scope(scope.clone())
        .redaction(RedactionRules::new().enabled(false));
    let access_token = AccessToken::from(token);
    shown
        .debug(&access_token)
        .display(&access_token)
        .debug(&scope)
        .debug(&builder);
    let config = builder.sink(MemorySink::new()).build().unwrap();
    shown.debug(&config);
    let options = ClientOptions::from(&config);
    shown.debug(&options).debug(&Client::new(&options).unwrap());

    let (recorder, guard) = Recorder::start(config).unwrap();
    let layer = RunscopeLayer::new(&recorder).service("shop");
    shown
        .debug(&recorder)
        .debug(&guard)
        .debug(&layer)
        .debug(&layer.layer("inner"));
    shown.debug(&Runscope::new(&recorder).service("shop"));

    // Redaction is off here: what these show does not depend on it.
    let target = format!("/?token={}", cage.text("target"));
    let value = cage.text("header");
    let head = RequestHead::new("POST", &target);
    let headers = || [("x-api-key", value.as_bytes())].into_iter();
    let mut exchange = recorder.begin(&head, headers).expect("it is captured");
    let tap = exchange.request_tap().expect("there may be a body");
    tap.frame(&Bytes::from(cage.text("request body")));
    exchange.respond(ResponseHead::new(200), headers);
    exchange.frame(&Bytes::from(cage.text("response body")));
    let handle = exchange.handle();
    handle.set_consumer(&cage.text("consumer"));
    handle.tag("note", cage.text("tag"));
    shown
        .debug(&exchange)
        .debug(&tap)
        .debug(&handle)
        .debug(&recorder.stats());
    exchange.fail(&cage.text("error"), None);
    shown.debug(&exchange);
    drop((exchange, tap, handle));
    guard.shutdown_blocking(PATIENCE).unwrap();
    shown.debug(&recorder);

    assert!(
        shown.0.contains("AccessToken([redacted])"),
        "the token's place is shown"
    );
    cage.assert_absent("a type", shown.0.as_bytes());
    cage.assert_absent("the log", &logs::written());
}

#[test]
fn no_mistake_in_the_settings_shows_the_token() {
    let mut cage = Cage::default();
    let mut shown = Shown::default();
    let mut see = |builder: ConfigBuilder| {
        shown.debug(&builder);
        shown.error(&builder.build().expect_err("a mistake"));
    };
    let base = || Config::builder().access_token("sound").bucket_key("k3y");
    let mut token = |slot: &str| cage.text(slot);
    see(Config::builder()
        .access_token(format!(" {}", token("token with a space")))
        .bucket_key("k"));
    see(Config::builder().access_token(format!("{}\n", token("token with an end of line"))));
    see(Config::builder().access_token(format!("é{}", token("token beyond ASCII"))));
    see(base().api_endpoint(format!("https://{}@h", token("endpoint with a user"))));
    see(base().api_endpoint(format!("https://u:{}@h", token("endpoint with a password"))));
    see(base().api_endpoint(format!(
        "https://h/?access_token={}",
        token("endpoint with a query")
    )));
    see(base().api_endpoint(format!("https://h/#{}", token("endpoint with a fragment"))));
    see(base().api_endpoint(format!(
        "https://u:{}@h:port",
        token("endpoint that is no URL")
    )));
    see(base().api_endpoint(format!("u:{}@h", token("endpoint without a scheme"))));
    let scope = Scope::new().access_token(format!("{} ", token("token of a scope")));
    see(base().scope(scope));

    for vars in [
        vec![("RUNSCOPE_ACCES_TOKEN", token("misspelt variable"))],
        vec![(
            "RUNSCOPE_ACCESS_TOKEN",
            format!("{} x", token("variable with a space")),
        )],
        vec![("RUNSCOPE_TOKEN", token("variable of another name"))],
        vec![(
            "RUNSCOPE_API_ENDPOINT",
            format!("https://{}@h", token("variable with a user")),
        )],
        vec![(
            "RUNSCOPE_SCOPES",
            format!(
                r#"[{{"route":"/x","access_token":"{} "}}]"#,
                token("scopes")
            ),
        )],
        vec![(
            "RUNSCOPE_SCOPES",
            format!(r#"[{{"access_token":"{}""#, token("broken scopes")),
        )],
    ] {
        shown.error(&Config::from_vars(vars).expect_err("a mistake"));
    }
    for json in [
        r#"{"acces_token":"$","bucket_key":"k3y"}"#,
        r#"{"access_token":["$"],"bucket_key":"k3y"}"#,
        r#"{"access_token":{"value":"$"},"bucket_key":"k3y"}"#,
        r#"{"access_token":"$ ","bucket_key":"k3y"}"#,
        r#"{"access_token":"ok","bucket_key":"k3y","api_endpoint":"https://$@h"}"#,
        r#"{"access_token":"ok","bucket_key":"k3y","scopes":[{"route":"/","access_token":["$"]}]}"#,
        r#"{"access_token":"ok","bucket_key":"k3y","scopes":[{"route":"/","token":"$"}]}"#,
        r#"{"name":"runscope","config":{"access_token":"$ ","bucket_key":"k3y"}}"#,
        r#"{"name":"runscope","config":{"token":"$","bucket_key":"k3y"}}"#,
    ] {
        let json = json.replace('$', &token(json));
        shown.error(&serde_json::from_str::<Config>(&json).expect_err("a mistake"));
        if let Err(error) = serde_json::from_str::<ConfigBuilder>(&json) {
            shown.error(&error);
        }
    }
    assert!(shown.0.contains("access_token"), "{}", shown.0);
    cage.assert_absent("an error of the settings", shown.0.as_bytes());
}

/// Servers quote what they got; the quote comes back in errors and in the log.
#[test]
fn a_server_that_quotes_the_token_puts_it_in_no_error_and_no_log() {
    logs::keep();
    let mut cage = Cage::default();
    let token = cage.text("token");
    let message = serde_json::json!({"error": {"status": 403, "message": format!("bad {token}")}});
    let replies = [
        Reply::json(401, message.to_string()),
        Reply::json(403, message.to_string()),
        Reply::json(200, message.to_string()),
        Reply::json(503, message.to_string()),
        Reply::json(400, format!(r#"{{"error":"no such token: {token}"}}"#)),
        Reply::Answer(401, Vec::new(), format!("<p>{token}</p>")),
        Reply::with_header(
            302,
            "location",
            &format!("https://h/{token}/a?access_token={token}"),
        ),
        Reply::with_header(302, "location", &format!("//u:{token}@h/")),
        Reply::with_header(429, "retry-after", &token),
        Reply::Raw(format!("HTTP/1.1 200 {token}\r\n{token}\r\n\r\n").into_bytes()),
    ];
    let mut shown = Shown::default();
    for reply in replies {
        let answer = reply.clone();
        let api = FakeApi::start(move |_| answer.clone());
        let config = Config::builder()
            .access_token(token.clone())
            .bucket_key("k3y")
            .api_endpoint(api.url())
            .max_coalescing_delay(Duration::ZERO)
            .build()
            .unwrap();
        let client = Client::from_config(&config).unwrap();
        let message = Message::new().request(Request::new("GET", "http://h/"));
        match block_on(client.create_messages(&[message])) {
            Ok(receipt) => _ = shown.debug(&receipt),
            Err(error) => shown.error(&error),
        }
        let (recorder, guard) = Recorder::start(config).unwrap();
        let head = RequestHead::new("GET", "/");
        drop(recorder.begin(&head, std::iter::empty));
        // Once for the client, once for the recorder, whose delivery then says what is wrong.
        api.wait_for_posts(2);
        let _ = guard.shutdown_blocking(Duration::from_millis(200));
    }
    cage.assert_absent("an error", shown.0.as_bytes());
    let log = logs::written();
    let text = String::from_utf8_lossy(&log);
    assert!(text.contains("delivery is paused"), "an operator is told");
    cage.assert_absent("the log", &log);
}
