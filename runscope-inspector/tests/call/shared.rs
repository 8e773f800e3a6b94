//! Calls that are shared.

use crate::support::{Server, message};
use reqwest::{Method, StatusCode};

#[tokio::test]
async fn a_share_is_read_without_a_token_until_it_is_taken_back() {
    let server = Server::start().await;
    let uuid = &server.post_messages(&message("a", 200)).await[0];
    let base = format!("/b/default/c/{uuid}");
    let share = server
        .request(Method::POST, &format!("{base}/share"))
        .send()
        .await
        .unwrap();
    assert_eq!(share.status(), StatusCode::OK);
    let text = share.text().await.unwrap();
    let at = text.find("href=\"/s/").unwrap() + 6;
    let link = text[at..].split('"').next().unwrap().to_owned();
    let shared = server.bare(Method::GET, &link).send().await.unwrap();
    assert_eq!(shared.status(), StatusCode::OK);
    let shared = shared.text().await.unwrap();
    assert!(shared.contains("a request a") && shared.contains("read-only"));
    for bad in ["/b/default", "id=\"retry\"", "id=\"share\"", uuid] {
        assert!(!shared.contains(bad), "{bad} in {shared}");
    }
    let body = server
        .bare(Method::GET, &format!("{link}/body/response"))
        .send()
        .await
        .unwrap();
    assert_eq!(body.headers()["content-type"], "application/octet-stream");
    assert_eq!(body.text().await.unwrap(), "an answer");
    server
        .request(Method::POST, &format!("{base}/unshare"))
        .send()
        .await
        .unwrap();
    for path in [
        link.clone(),
        format!("{link}/body/response"),
        "/s/guess".to_owned(),
    ] {
        let gone = server.bare(Method::GET, &path).send().await.unwrap();
        assert_eq!(gone.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
