use super::row::row;
use super::wanted::{Found, LIMIT, Stream, Wanted};
use crate::page::connect;
use crate::page::format;
use crate::page::place::Place;
use crate::store::Count;
use maud::{Markup, html};

/// The charts' places and the table of calls.
pub(super) fn results(place: &Place, wanted: &Wanted, found: &Found, endpoint: &str) -> Markup {
    let older = wanted.cursor.is_some();
    let live = wanted.stream == Stream::All && !older;
    let q = wanted.q.as_str();
    let after = found.newest.to_string();
    let live_link = place.linked("/live", &[("q", q), ("after", &after)]);
    if !found.any {
        return connect::first_call(place, endpoint, &live_link);
    }
    html! {
        @if wanted.stream == Stream::All {
            section.timeline #timeline aria-label="Over time" data-src=(place.filtered("/timeline", q)) {
                noscript { p.hint { "The charts need JavaScript; the list does not." } }
            }
        }
        div.columns {
            @if wanted.stream == Stream::All {
                aside.facets #facets aria-label="Facets" data-src=(place.filtered("/facets", q)) {}
            }
            section.calls aria-label="Calls"
                data-live=[live.then_some(&live_link)] {
                div.count-line {
                    p #count role="status" { (count(found, wanted)) }
                    @if live {
                        div.live-tools {
                            span #live-state role="status" {}
                            button.quiet #live type="button" aria-pressed="false" hidden { "Pause" }
                        }
                    } @else if older {
                        a.button href=(place.linked("", &[("q", q)])) { "To the newest" }
                    }
                }
                button.primary #new-calls type="button" hidden {}
                table.table #calls {
                    caption.visually-hidden { "Calls, newest first" }
                    thead {
                        tr {
                            th.when scope="col" { "Time" }
                            th.what-method scope="col" { "Method" }
                            th.what-status scope="col" { "Status" }
                            th.what scope="col" { "Host and path" }
                            th.who scope="col" { "Consumer" }
                            th.num.size scope="col" { "Size" }
                            th.num.took scope="col" title="The bar's length is the logarithm, from 1 ms to 10 s" { "Duration" }
                        }
                    }
                    tbody { (rows(place, q, found)) }
                }
                @if found.page.exchanges.is_empty() && !found.page.timed_out {
                    p.empty-note #none { (nothing(wanted)) }
                }
                (more(place, wanted, found))
            }
        }
    }
}

/// The rows of a page.
pub(super) fn rows(place: &Place, q: &str, found: &Found) -> Markup {
    html! {
        @for (at, exchange) in found.page.exchanges.iter().enumerate() {
            (row(place, q, exchange, found.places.get(at).and_then(Option::as_ref)))
        }
    }
}

/// The way to older calls, or on with a search that ran out of time.
pub(super) fn more(place: &Place, wanted: &Wanted, found: &Found) -> Markup {
    let Some(next) = found.page.next else {
        return html! { div.more #more {} };
    };
    let next = next.to_string();
    let fields = [("q", wanted.q.as_str()), ("cursor", &next)];
    html! {
        div.more #more {
            @if found.page.timed_out {
                p role="status" { (looked(found)) }
            }
            a.button #older href=(place.linked("", &fields)) data-rows=(place.linked("/rows", &fields)) {
                @if found.page.timed_out { "Go on looking" } @else { "Older calls" }
            }
        }
    }
}

fn looked(found: &Found) -> Markup {
    html! {
        "Looked through " (format::calls(found.page.examined))
        @if let Some(moment) = found.looked_back_to {
            ", back to " (format::moment(moment))
        }
        ". "
    }
}

fn count(found: &Found, wanted: &Wanted) -> Markup {
    let older = if wanted.cursor.is_some() {
        " from here on"
    } else {
        ""
    };
    html! {
        @match found.page.count {
            Count::Exactly(count) => { strong { (format::calls(count)) } (older) }
            Count::AtLeast(count) if found.page.timed_out => { strong { (format::calls(count)) } " so far" }
            Count::AtLeast(count) => { "More than " strong { (format::calls(count)) } (older) }
        }
        @if wanted.cursor.is_none() && wanted.stream == Stream::All && found.page.exchanges.len() >= LIMIT {
            span.muted { ", newest first" }
        }
    }
}

fn nothing(wanted: &Wanted) -> &'static str {
    match (wanted.stream, wanted.q.is_empty()) {
        (Stream::Shared, true) => {
            "No call is shared. Open a call and choose Share: it then has a link that works without a token."
        }
        (Stream::All, true) => "There are no older calls.",
        (_, false) => "No call matches this filter. What arrives and matches is shown here.",
    }
}
