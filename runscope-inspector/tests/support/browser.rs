//! The page as a browser without scripts asks for it.

use super::Server;
use reqwest::{Method, RequestBuilder, Response, StatusCode, redirect};

/// A browser that is signed in and follows no redirects.
pub struct Browser<'a> {
    server: &'a Server,
    client: reqwest::Client,
    pub cookie: String,
}

impl<'a> Browser<'a> {
    pub async fn new(server: &'a Server) -> Self {
        let client = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        let cookie = server.sign_in().await;
        Self {
            server,
            client,
            cookie,
        }
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_from("same-origin", method, path)
    }

    /// A request that a page of another site makes, for one.
    pub fn request_from(&self, site: &str, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.server.address))
            .header("cookie", &self.cookie)
            .header("sec-fetch-site", site)
    }

    pub async fn get(&self, path: &str) -> String {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        page(answer, StatusCode::OK).await
    }

    pub async fn submit(&self, path: &str, fields: &str) -> Response {
        form(self.request(Method::POST, path), fields.to_owned()).await
    }

    /// A form by its fields, which are encoded here.
    pub async fn submit_fields(&self, path: &str, fields: &[(&str, &str)]) -> Response {
        form(self.request(Method::POST, path), encoded(fields)).await
    }
}

/// Sends a form's body.
pub async fn form(request: RequestBuilder, body: String) -> Response {
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body)
        .send()
        .await
        .unwrap()
}

pub fn encoded(fields: &[(&str, &str)]) -> String {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    body.finish()
}

/// Checks what every page carries, and gives its HTML.
pub async fn page(answer: Response, status: StatusCode) -> String {
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let policy = answer.headers()["content-security-policy"]
        .to_str()
        .unwrap();
    for part in [
        "default-src 'none'",
        "script-src 'self';",
        "style-src 'self';",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ] {
        assert!(policy.contains(part), "{part}: {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    let found = answer.status();
    let html = answer.text().await.unwrap();
    assert_eq!(found, status, "{html}");
    assert!(!html.contains("style="), "{html}");
    html
}

pub fn location(answer: &Response) -> &str {
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    answer.headers()["location"].to_str().unwrap()
}

/// The one text between two others.
pub fn between<'h>(html: &'h str, start: &str, end: &str) -> &'h str {
    let (_, rest) = html
        .split_once(start)
        .unwrap_or_else(|| panic!("{start}: {html}"));
    rest.split_once(end).unwrap().0
}
