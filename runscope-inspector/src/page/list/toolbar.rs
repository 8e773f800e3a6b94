use super::help;
use super::wanted::{Stream, Wanted, errors};
use crate::page::filter;
use crate::page::place::Place;
use crate::query::{Expr, ParseError, parse};
use maud::{Markup, PreEscaped, html};
use url::form_urlencoded;

/// The filter with what is wrong with it, and the views to choose from.
pub(super) fn toolbar(place: &Place, wanted: &Wanted, error: Option<&ParseError>) -> Markup {
    html! {
        section.toolbar aria-label="Filter" {
            form #filter role="search" method="get" action=(place.path("")) {
                div.field {
                    (MAGNIFIER)
                    label.visually-hidden for="q" { "Filter calls" }
                    input #q type="text" name="q" value=(wanted.q) autocomplete="off" autocapitalize="off"
                        autocorrect="off" spellcheck="false" enterkeyhint="search"
                        placeholder="Search everything, or status:5xx  path:/checkout*  time:>500ms"
                        aria-describedby="filter-note" aria-invalid=[error.map(|_| "true")];
                    @if wanted.stream == Stream::Shared {
                        input type="hidden" name="stream" value="shared";
                    }
                    kbd.slash aria-hidden="true" { "/" }
                }
                button.primary type="submit" { "Search" }
            }
            div #filter-note {
                @if let Some(error) = error {
                    (mistake(&wanted.q, error))
                }
            }
            div.streams-row {
                (streams(place, wanted))
                button.quiet #keys-open type="button" hidden { "Keys" }
                (help::syntax())
            }
        }
    }
}

/// The filter again with a caret under the character that is wrong, and what was expected there.
fn mistake(q: &str, error: &ParseError) -> Markup {
    let before: String = q.chars().take(error.position()).collect();
    let rest: String = q.chars().skip(error.position()).collect();
    let mut rest = rest.chars();
    let wrong = rest.next().map_or(" ".to_owned(), String::from);
    html! {
        div.mistake role="alert" {
            pre { (before) span.caret { (wrong) } (rest.as_str()) }
            p.error {
                "At character " (error.position().saturating_add(1)) ": expected " (error.expected()) "."
            }
        }
    }
}

fn streams(place: &Place, wanted: &Wanted) -> Markup {
    let errors = errors();
    let shared = wanted.stream == Stream::Shared;
    let current = |this: bool| this.then_some("page");
    let plain = !shared && !place.views.iter().any(|view| view.filter == wanted.q);
    html! {
        nav.streams #streams aria-label="Views" {
            a href=(place.path("")) aria-current=[current(plain && wanted.q.is_empty())] { "All" }
            a href=(place.filtered("", &errors)) aria-current=[current(plain && wanted.q == errors)] { "Errors" }
            a href=(place.linked("", &[("stream", "shared")])) aria-current=[current(shared)] { "Shared" }
            @for view in &place.views {
                a.saved href=(place.filtered("", &view.filter))
                    aria-current=[current(!shared && view.filter == wanted.q)] title=(view.filter) { (view.name) }
            }
            @if plain && !wanted.q.is_empty() && wanted.q != errors {
                details.menu.save {
                    summary.button.quiet { "+ Save view" }
                    form.menu-panel.stack method="post" action=(place.path("/views")) {
                        input type="hidden" name="filter" value=(wanted.q);
                        label for="view-name" { "Name of the view" }
                        input #view-name type="text" name="name" required maxlength="100" autocomplete="off";
                        button.primary type="submit" { "Save" }
                    }
                }
            }
            @if let Some(link) = new_rule(place, wanted) {
                a.new-rule #new-rule href=(link) title="Be told when such calls arrive" { "+ Alert" }
            }
        }
    }
}

/// Where a rule of the filter is made. Calls that are just arriving are within no bounds of time.
fn new_rule(place: &Place, wanted: &Wanted) -> Option<String> {
    place.firing?;
    let filter = filter::without_time(&parse(&wanted.q).ok()?);
    if filter == Expr::All || wanted.stream == Stream::Shared {
        return None;
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("filter", &filter.to_string());
    query.append_pair("bucket", &place.bucket.key);
    Some(format!(
        "{}/alerts/rules/new?{}",
        place.prefix,
        query.finish()
    ))
}

const MAGNIFIER: PreEscaped<&str> = PreEscaped(
    r#"<svg class="glyph" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><circle cx="7" cy="7" r="4.75" fill="none" stroke="currentColor" stroke-width="1.5"/><path d="m10.6 10.6 3.4 3.4" stroke="currentColor" stroke-width="1.5" stroke-linecap="round"/></svg>"#,
);
