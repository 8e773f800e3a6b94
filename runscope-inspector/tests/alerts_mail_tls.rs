//! Mail over STARTTLS: of the program, as which certificates it trusts is told by its environment.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub
)]

#[path = "../../runscope-core/tests/support/certificates.rs"]
mod certificates;
#[path = "support/program.rs"]
mod program;
#[path = "support/receiver.rs"]
mod receiver;

use certificates::Authority;
use mail_parser::MessageParser;
use program::{Program, inspector};
use receiver::MailServer;
use reqwest::Client;
use serde_json::{Value, json};

/// Has the program try a channel to a mail server of this machine, and gives what it says of that.
async fn send(program: &Program, server: &MailServer) -> Value {
    let post = async |path: &str, body: &Value| -> Value {
        let request = Client::new().post(program.url(path)).json(body);
        let request = request.bearer_auth(&program.token);
        request.send().await.unwrap().json().await.unwrap()
    };
    let channel = json!({
        "name": "Mail", "kind": "email", "server": format!("localhost:{}", server.address.port()),
        "tls": "starttls", "user": "inspector", "password": "hunter2-hunter2",
        "from": "inspector@shop.example", "to": ["ops@shop.example"],
    });
    let channel = post("/api/v1/alerts/channels", &channel).await;
    let id = channel["data"]["id"].as_str().unwrap();
    let path = format!("/api/v1/alerts/channels/{id}/test");
    post(&path, &json!({})).await["data"].take()
}

#[tokio::test]
async fn mail_goes_over_starttls_to_the_server_that_is_named_and_no_other() {
    let (ours, strange) = (Authority::new("mail"), Authority::new("strange-mail"));
    let directory = tempfile::tempdir().unwrap();
    let mut command = inspector(directory.path());
    command
        .args(["--alert-host", "localhost"])
        .env("SSL_CERT_FILE", ours.file())
        .env_remove("SSL_CERT_DIR");
    let program = Program::start(command);

    let mut server = MailServer::encrypted(ours.server("localhost", 2999)).await;
    let trial = send(&program, &server).await;
    assert_eq!(trial["sent"], true, "{trial}");
    let mail = server.next().await;
    assert!(mail.encrypted);
    let user = ("inspector".to_owned(), "hunter2-hunter2".to_owned());
    assert_eq!(mail.user, Some(user));
    assert_eq!(mail.to, ["ops@shop.example"]);
    let message = MessageParser::default().parse(&mail.data).unwrap();
    assert!(message.subject().unwrap().starts_with("[TEST]"));

    for (name, mut server) in [
        (
            "another name",
            MailServer::encrypted(ours.server("mail.example", 2999)).await,
        ),
        (
            "another authority",
            MailServer::encrypted(strange.server("localhost", 2999)).await,
        ),
        (
            "an old certificate",
            MailServer::encrypted(ours.server("localhost", 2001)).await,
        ),
        ("no TLS", MailServer::start().await),
    ] {
        let trial = send(&program, &server).await;
        assert_eq!(trial["sent"], false, "{name}: {trial}");
        assert!(server.is_empty(), "{name}");
    }
}
