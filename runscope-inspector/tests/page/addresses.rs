//! Assets, and addresses without a page.

use crate::support::browser::{Browser, page};
use crate::support::{Server, message};
use reqwest::{Method, StatusCode};

#[tokio::test]
async fn assets_are_kept_by_browsers_under_a_path_of_their_content() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    server.post_messages(&message("a", 200)).await;
    let html = browser.get("/b/default").await;
    let paths: Vec<_> = html
        .split(['"'])
        .filter(|part| part.starts_with("/assets/"))
        .collect();
    assert!(paths.len() >= 5, "{paths:?}");
    for path in paths {
        // Style and scripts are not secret, and a browser asks for them without a session at times.
        let answer = server.bare(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let expected = match path.rsplit_once('.').unwrap().1 {
            "css" => "text/css; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("{other}"),
        };
        assert_eq!(answer.headers()["content-type"], expected);
        assert_eq!(
            answer.headers()["cache-control"],
            "public, max-age=31536000, immutable"
        );
        assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
        assert!(!answer.bytes().await.unwrap().is_empty());
    }
    for path in [
        "/assets/0000000000000000/app.css",
        "/assets/x/../../Cargo.toml",
    ] {
        let answer = server.bare(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn an_address_without_a_page_says_so() {
    let server = Server::start().await;
    let browser = Browser::new(&server).await;
    for path in ["/b/nothing", "/b/default/nothing", "/b/default/views/9/x"] {
        let answer = browser.request(Method::GET, path).send().await.unwrap();
        let html = page(answer, StatusCode::NOT_FOUND).await;
        assert!(html.contains("Not Found"), "{html}");
    }
}
