use maud::{Markup, html};

/// The filter language at a glance.
pub(super) fn syntax() -> Markup {
    html! {
        details.menu.help #syntax {
            summary.button.quiet aria-label="Filter syntax" { "Syntax" }
            div.menu-panel tabindex="0" role="region" aria-label="Filter syntax" {
                table.table.syntax {
                    caption.visually-hidden { "Filter syntax" }
                    thead { tr { th scope="col" { "Filter" } th scope="col" { "Finds" } } }
                    tbody {
                        @for (filters, what) in SYNTAX {
                            tr {
                                td { @for filter in *filters { code { (filter) } " " } }
                                td { (what) }
                            }
                        }
                    }
                }
                p.hint { "Times are UTC. 1 kB is 1,000 bytes. Results are newest first." }
            }
        }
    }
}

/// The keys, shown by `?`.
pub(super) fn keys() -> Markup {
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { "Keys" }
            dl.keys {
                @for (keys, what) in KEYS {
                    div {
                        dt { @for key in *keys { kbd { (key) } " " } }
                        dd { (what) }
                    }
                }
            }
            form method="dialog" { button.primary { "Close" } }
        }
    }
}

const SYNTAX: &[(&[&str], &str)] = &[
    (
        &["declined", "\"card declined\"", "decl*"],
        "words, words in a row, the beginning of a word, anywhere",
    ),
    (
        &["method:POST", "host:*.example", "path:/users/*"],
        "the whole value; also route: consumer: service: outcome:",
    ),
    (
        &[
            "url:checkout",
            "header.accept:json",
            "response.body:declined",
        ],
        "words in the URL, a header, a body",
    ),
    (
        &["body.$.error.code:>=400", "body.$.items[*].sku:A*"],
        "a value inside a JSON body",
    ),
    (
        &["status:404", "status:5xx", "status:400..499"],
        "status codes",
    ),
    (
        &["time:>500ms", "size:>10kb", "request.size:>1mib"],
        "duration, size of a body",
    ),
    (
        &["since:15m", "before:2026-11-22T10:00Z"],
        "time ago, a date, or Unix seconds",
    ),
    (&["tag.region:eu"], "the app's own fields"),
    (&["path:/^\\/v[12]\\//i"], "a regular expression"),
    (&["a b", "a OR b", "-a", "(a OR b) NOT c"], "all, any, none"),
];

const KEYS: &[(&[&str], &str)] = &[
    (&["/"], "to the filter"),
    (&["j", "k", "↓", "↑"], "next and previous call"),
    (&["Home", "End"], "first and last call shown"),
    (&["Enter"], "open the call"),
    (&["Esc"], "leave the list, the filter or a menu"),
    (&["p", "Space"], "pause and resume the live view"),
    (&["n"], "show the new calls"),
    (&["←", "→"], "in the chart: move"),
    (&["Shift ←", "Shift →"], "in the chart: select"),
    (&["Enter", "Backspace"], "in the chart: zoom in, zoom out"),
    (&["?"], "show the keys"),
];
