//! Channels by their forms.

use crate::receiver::Receiver;
use crate::support::Server;
use crate::support::browser::{Browser, location};
use crate::{assert_field_error, get, html, rule, server};
use reqwest::StatusCode;

#[tokio::test]
async fn channels_of_every_kind_are_made_and_their_secrets_are_not_shown_again() {
    let mut receiver = Receiver::start().await;
    let server = server(&receiver).await;
    let browser = Browser::new(&server).await;
    let secret = "s3cr3ts3cr3ts3cr3t";
    let url = format!("https://hooks.example.com/{secret}");
    let kinds: [(&str, &[(&str, &str)]); 6] = [
        ("slack", &[("url", &url)]),
        ("teams", &[("url", &url)]),
        ("discord", &[("url", &url)]),
        ("pagerduty", &[("routing_key", secret), ("url", "")]),
        (
            "email",
            &[
                ("server", "mail.example.com"),
                ("tls", "starttls"),
                ("user", "ada"),
                ("password", secret),
                ("from", "a@host.example"),
                ("to", "b@host.example\r\nC <c@host.example>\r\n"),
            ],
        ),
        ("webhook", &[("url", &url), ("secret", "")]),
    ];
    for (kind, fields) in kinds {
        let form = get(&browser, &format!("/alerts/channels/new?kind={kind}")).await;
        let mut all = vec![("kind", kind), ("name", kind), ("id", kind)];
        all.extend(fields);
        for (name, _) in &all {
            assert!(
                form.contains(&format!("name=\"{name}\"")),
                "{kind} {name}: {form}"
            );
        }
        let made = browser.submit_fields("/alerts/channels/new", &all).await;
        if kind == "webhook" {
            let page = html(made, StatusCode::OK).await;
            assert!(page.contains("whsec_"), "{page}");
        } else {
            assert_eq!(location(&made), format!("/alerts/channels#channel-{kind}"));
        }
        // What comes back unchanged changes nothing.
        let form = get(&browser, &format!("/alerts/channels/{kind}")).await;
        assert!(!form.contains(secret) && !form.contains("whsec_"), "{form}");
        let shown = server.get(&format!("/api/v1/alerts/channels/{kind}")).await["data"].clone();
        let text = |name: &str| shown[name].as_str().unwrap_or_default().to_owned();
        let (url, host, user, from) = (text("url"), text("server"), text("user"), text("from"));
        let to = shown["to"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|to| to.as_str().unwrap());
        let to = to.collect::<Vec<_>>().join("\n");
        let again = [
            ("kind", kind),
            ("name", "Renamed"),
            ("url", url.as_str()),
            ("server", &host),
            ("user", &user),
            ("from", &from),
            ("to", &to),
            ("tls", "starttls"),
        ];
        let changed = browser
            .submit_fields(&format!("/alerts/channels/{kind}"), &again)
            .await;
        assert_eq!(
            location(&changed),
            format!("/alerts/channels#channel-{kind}")
        );
        let after = server.get(&format!("/api/v1/alerts/channels/{kind}")).await["data"].clone();
        assert_eq!(after["name"], "Renamed");
        assert_eq!(after["url"], shown["url"]);
    }
    let list = get(&browser, "/alerts/channels").await;
    assert!(!list.contains(secret) && !list.contains("whsec_"), "{list}");
    assert_eq!(list.matches("Send test").count(), 6);

    let hook = receiver.url();
    let own = [
        ("kind", "slack"),
        ("name", "Own"),
        ("id", "own"),
        ("url", &hook),
    ];
    location(&browser.submit_fields("/alerts/channels/new", &own).await);
    let page = html(
        browser
            .submit_fields("/alerts/channels/own/test", &[])
            .await,
        StatusCode::OK,
    )
    .await;
    receiver.next().await;
    assert!(
        page.contains("Answer: 200") && !page.contains("s3cr3t"),
        "{page}"
    );

    location(
        &browser
            .submit_fields("/alerts/rules/new", &rule(&[("channel", "own")]))
            .await,
    );
    let delete = [("action", "delete")];
    let page = html(
        browser.submit_fields("/alerts/channels/own", &delete).await,
        StatusCode::CONFLICT,
    )
    .await;
    assert!(
        page.contains("It is not removed. The rule `Failures` sends to it."),
        "{page}"
    );
    location(
        &browser
            .submit_fields("/alerts/channels/slack", &delete)
            .await,
    );
    assert!(
        !get(&browser, "/alerts/channels")
            .await
            .contains("channel-slack")
    );
}

#[tokio::test]
async fn a_mistake_in_a_channel_is_shown_at_its_field_without_its_secrets() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    for (fields, field, expected) in [
        (
            &[
                ("kind", "slack"),
                ("name", "A"),
                ("url", "http://10.0.0.1/hook"),
            ][..],
            "url",
            "--alert-host",
        ),
        (&[("kind", "slack"), ("name", "A")], "url", "It is missing."),
        (
            &[
                ("kind", "pagerduty"),
                ("name", "A"),
                ("routing_key", "s3cr3t"),
            ],
            "routing_key",
            "Events API",
        ),
        (
            &[
                ("kind", "email"),
                ("name", "A"),
                ("server", "mail.example.com"),
                ("from", "a@host.example"),
                ("to", "b@host.example\r\nnobody"),
            ],
            "to",
            "no address",
        ),
        (
            &[
                ("kind", "email"),
                ("name", "A"),
                ("server", "mail.example.com:0"),
                ("password", "s3cr3t"),
                ("from", "a@host.example"),
                ("to", "b@host.example"),
            ],
            "server",
            "HOST",
        ),
        (
            &[
                ("kind", "slack"),
                ("name", ""),
                ("url", "https://a.example/"),
            ],
            "name",
            "It is missing.",
        ),
    ] {
        let page = html(
            browser.submit_fields("/alerts/channels/new", fields).await,
            StatusCode::BAD_REQUEST,
        )
        .await;
        assert_field_error(&page, field, expected);
        assert!(!page.contains("s3cr3t"), "{page}");
    }
}
