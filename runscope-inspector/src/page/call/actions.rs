use crate::exchange::Exchange;
use crate::page::place::Place;
use maud::{Markup, html};
use uuid::Uuid;

/// What can be done with a call.
pub(super) fn actions(place: &Place, exchange: &Exchange, shared: bool, owner: bool) -> Markup {
    let uuid = exchange.uuid;
    let base = place.path(&format!("/c/{uuid}"));
    html! {
        div.actions #actions {
            @if owner {
                a.button.primary #to-retry href="#retry" { "Edit and retry " kbd { "r" } }
            }
            button #copy-line type="button" hidden { span { "Copy as curl" } " " kbd { "c" } }
            a.button href={ (base) "/har" } download { "HAR" }
            a.button #as-json href={ (place.prefix) "/buckets/" (place.bucket.key) "/messages/" (uuid) } { "JSON" }
            @if owner {
                form method="post" action={ (base) "/" (if shared { "unshare" } else { "share" }) } {
                    button #share type="submit" { (if shared { "Stop sharing" } else { "Share" }) }
                }
            }
            @if let Some(original) = original(exchange) {
                a.button #with-original href=(place.linked("/compare", &[("a", &original.to_string()), ("b", &uuid.to_string())])) { "Compare with the original" }
            }
            details.menu.compare-menu {
                summary.button #to-compare { "Compare with…" }
                div.menu-panel {
                    button #remember type="button" hidden { "Remember this call" }
                    a.button #with-remembered href="#" data-compare=(place.path("/compare")) hidden { "Compare with the remembered call" }
                    p.hint #remembered hidden {}
                    form.stack method="get" action=(place.path("/compare")) {
                        input type="hidden" name="b" value=(uuid);
                        label for="other" { "The other call's identifier" }
                        input.mono #other name="a" required autocomplete="off" spellcheck="false" placeholder="00000000-0000-8000-…";
                        button type="submit" { "Compare" }
                    }
                }
            }
        }
    }
}

/// The call that this one repeats.
fn original(exchange: &Exchange) -> Option<Uuid> {
    let context = exchange.message.context.as_ref()?;
    context.tags.get("replay_of")?.parse().ok()
}

/// The link of a shared call.
pub(super) fn share_panel(place: &Place, base: &str, link: Option<&str>) -> Markup {
    html! {
        @if let Some(link) = link {
            section.panel.share #shared role="status" {
                p {
                    "Anyone with this link can read this call, and nothing else: "
                    a #share-link href={ (place.prefix) (path_of(link)) } { (link) }
                }
                button.quiet type="button" data-copy="share-link" hidden { "Copy" }
                form method="post" action={ (base) "/unshare" } { button.quiet.danger type="submit" { "Stop sharing" } }
            }
        }
    }
}

/// The path of our own link below the prefix: the base URL is for others to reach us by.
fn path_of(link: &str) -> &str {
    link.rfind("/s/")
        .and_then(|at| link.get(at..))
        .unwrap_or_default()
}
