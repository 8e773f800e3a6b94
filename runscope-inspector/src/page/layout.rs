use super::alerts::Desk;
use super::place::Place;
use super::{assets, buckets};
use crate::api::root;
use crate::store::Bucket;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// What a page may load and do: nothing inline, nothing from elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page of HTML in the common shell.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    title: &'a str,
    nav: Nav<'a>,
    content: Markup,
    status: StatusCode,
    styles: &'a [&'a str],
    scripts: &'a [&'a str],
}

/// Where in the inspector a page is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Nav<'a> {
    /// Outside of every bucket: signed out, a shared call, an error; with the server's prefix.
    Outside(&'a str),
    /// The list of all buckets, which is the owner's; with the server's prefix.
    Buckets(&'a str),
    /// In a bucket, under one of its tabs.
    Bucket(&'a Place, Tab),
    /// Under Alerts, which are those of every bucket.
    Alerts(&'a Desk),
}

/// The tabs of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    /// The list, one call, two compared.
    Traffic,
    /// Calls grouped by method and route.
    Summary,
    /// Saved views.
    Views,
    /// How to send calls here.
    Connect,
}

impl<'a> Nav<'a> {
    fn prefix(self) -> &'a str {
        match self {
            Self::Outside(prefix) | Self::Buckets(prefix) => prefix,
            Self::Bucket(place, _) => &place.prefix,
            Self::Alerts(desk) => &desk.prefix,
        }
    }

    /// The buckets to choose from, and the one that it is about, if it is about one.
    fn buckets(self) -> (&'a [Bucket], Option<&'a Bucket>) {
        match self {
            Self::Outside(_) | Self::Buckets(_) => (&[], None),
            Self::Bucket(place, _) => (&place.buckets, Some(&place.bucket)),
            // Where there is one only, its tabs stay in reach.
            Self::Alerts(desk) => match desk.buckets.as_slice() {
                [only] => (&desk.buckets, Some(only)),
                many => (many, None),
            },
        }
    }

    fn tab(self) -> Option<Tab> {
        match self {
            Self::Bucket(_, tab) => Some(tab),
            Self::Outside(_) | Self::Buckets(_) | Self::Alerts(_) => None,
        }
    }

    fn is_owners(self) -> bool {
        match self {
            Self::Outside(_) => false,
            Self::Buckets(_) | Self::Alerts(_) => true,
            Self::Bucket(place, _) => place.caller.owns().is_ok(),
        }
    }

    /// How many alerts fire, for who may know.
    fn firing(self) -> Option<u64> {
        match self {
            Self::Outside(_) | Self::Buckets(_) => None,
            Self::Bucket(place, _) => place.firing,
            Self::Alerts(desk) => Some(desk.firing),
        }
    }
}

impl<'a> Page<'a> {
    /// A page with a title of plain text.
    pub(crate) fn new(title: &'a str, nav: Nav<'a>, content: Markup) -> Self {
        Self {
            title,
            nav,
            content,
            status: StatusCode::OK,
            styles: &[],
            scripts: &[],
        }
    }

    /// The status code; 200 unless told.
    pub(crate) fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Style sheets beside the common one, by their names in `assets`.
    pub(crate) fn styles(self, styles: &'a [&'a str]) -> Self {
        Self { styles, ..self }
    }

    /// Modules beside the common one, by their names in `assets`.
    pub(crate) fn scripts(self, scripts: &'a [&'a str]) -> Self {
        Self { scripts, ..self }
    }

    fn document(&self) -> Markup {
        let prefix = self.nav.prefix();
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (self.title) " · Runscope" }
                    link rel="icon" type="image/svg+xml" href=(assets::path(prefix, "icon.svg"));
                    link rel="stylesheet" href=(assets::path(prefix, "app.css"));
                    @for name in self.styles {
                        link rel="stylesheet" href=(assets::path(prefix, name));
                    }
                    // It runs before anything is painted, so that the page does not flash.
                    script src=(assets::path(prefix, "theme.js")) {}
                    script type="module" src=(assets::path(prefix, "app.js")) {}
                    @for name in self.scripts {
                        script type="module" src=(assets::path(prefix, name)) {}
                    }
                }
                body {
                    a.skip href="#main" { "Skip to the content" }
                    (header_of(self.nav))
                    main #main tabindex="-1" { (self.content) }
                }
            }
        }
    }
}

impl IntoResponse for Page<'_> {
    fn into_response(self) -> Response {
        let status = self.status;
        html_response(status, self.document())
    }
}

/// A part of a page, for a script to put in its place.
pub(crate) fn fragment(content: Markup) -> Response {
    html_response(StatusCode::OK, content)
}

fn html_response(status: StatusCode, content: Markup) -> Response {
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/html; charset=utf-8"),
        ),
        (
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        ),
        // With `no-referrer`, a browser would say `Origin: null` for our own forms.
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("same-origin"),
        ),
    ];
    (status, headers, text_of(content)).into_response()
}

/// The text of HTML. Parsers of HTML drop the zero character, also out of the middle of a word, and a
/// captured text is not to be read as another one.
pub(crate) fn text_of(content: Markup) -> String {
    let text = content.into_string();
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    }
}

fn header_of(nav: Nav<'_>) -> Markup {
    let home = match nav {
        Nav::Outside(prefix) | Nav::Buckets(prefix) => root(prefix).to_owned(),
        Nav::Bucket(place, _) => place.path(""),
        Nav::Alerts(desk) => root(&desk.prefix).to_owned(),
    };
    html! {
        header.top {
            a.brand href=(home) aria-label="Runscope inspector" {
                (BRAND)
                span.brand-name { "runscope" }
            }
            @if let Nav::Buckets(prefix) = nav {
                nav.tabs aria-label="Pages" {
                    a href=(buckets::path(prefix)) aria-current="page" { "Buckets" }
                    a href={ (prefix) "/alerts" } { "Alerts" }
                }
            }
            @if matches!(nav, Nav::Bucket(..) | Nav::Alerts(_)) {
                (bucket_chooser(nav))
                (tabs(nav))
            }
            div.top-end {
                button.quiet #theme type="button" hidden {
                    (THEME) span.label { "Theme: auto" }
                }
                @if !matches!(nav, Nav::Outside(_)) {
                    form method="post" action={ (nav.prefix()) "/sign-out" } {
                        button.quiet type="submit" { "Sign out" }
                    }
                }
            }
        }
    }
}

fn tabs(nav: Nav<'_>) -> Markup {
    let (prefix, (_, bucket)) = (nav.prefix(), nav.buckets());
    let current = |this: bool| this.then_some("page");
    html! {
        nav.tabs aria-label="Pages" {
            @if let Some(bucket) = bucket {
                @for (name, rest, this) in [
                    ("Traffic", "", Tab::Traffic),
                    ("Summary", "/summary", Tab::Summary),
                    ("Views", "/views", Tab::Views),
                    ("Connect", "/connect", Tab::Connect),
                ] {
                    a href={ (prefix) "/b/" (bucket.key) (rest) } aria-current=[current(nav.tab() == Some(this))] { (name) }
                }
            }
            @if let Some(firing) = nav.firing() {
                a href={ (prefix) "/alerts" } aria-current=[current(matches!(nav, Nav::Alerts(_)))] {
                    "Alerts"
                    span.firing-count #firing-count data-fresh hidden[firing == 0] {
                        (firing) span.visually-hidden { " firing" }
                    }
                }
            }
        }
    }
}

fn bucket_chooser(nav: Nav<'_>) -> Markup {
    let (all, chosen) = nav.buckets();
    let name = chosen.map_or("All buckets", |bucket| &bucket.name);
    html! {
        details.menu.buckets {
            summary { span.visually-hidden { "Bucket: " } span.menu-value { (name) } }
            ul.menu-list {
                @for bucket in all {
                    @let current = chosen.is_some_and(|chosen| chosen.id == bucket.id);
                    li {
                        a href={ (nav.prefix()) "/b/" (bucket.key) } aria-current=[current.then_some("true")] {
                            (bucket.name) " " code { (bucket.key) }
                        }
                    }
                }
                @if nav.is_owners() {
                    li.menu-end { a #all-buckets href=(buckets::path(nav.prefix())) { "All buckets, and new ones" } }
                }
            }
        }
    }
}

const BRAND: PreEscaped<&str> = PreEscaped(
    r#"<svg class="glyph" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true"><circle cx="10" cy="10" r="8.25" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M2.5 10.5h4l1.8-5 3 9 1.9-4h4.3" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linejoin="round" stroke-linecap="round"/></svg>"#,
);

const THEME: PreEscaped<&str> = PreEscaped(
    r#"<svg class="glyph" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><circle cx="8" cy="8" r="6.25" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="M8 1.75a6.25 6.25 0 0 1 0 12.5z" fill="currentColor"/></svg>"#,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zero_character_is_seen() {
        for (text, expected) in [("a<b", "a&lt;b"), ("<scr\0ipt>", "&lt;scr\u{fffd}ipt&gt;")] {
            assert_eq!(text_of(html! { (text) }), expected);
        }
    }
}
