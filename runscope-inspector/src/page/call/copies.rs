use crate::copy::{Outgoing, curl, httpie, raw};
use maud::{Markup, html};
use runscope_core::Message;

/// Longer than this, a line is for nobody's clipboard; the download and the archive have the body.
const LONGEST: usize = 1 << 20;

/// The request as something to paste elsewhere; the text is there without a script too.
pub(super) fn copies(message: &Message) -> Markup {
    let outgoing = match Outgoing::of(message) {
        Ok(outgoing) => outgoing,
        Err(error) => {
            return html! {
                details.panel #copy {
                    summary { h2 { "Copy the request" } }
                    p.note { "It can't be copied: " (error) "." }
                }
            };
        }
    };
    let raw = String::from_utf8(raw(&outgoing)).ok();
    html! {
        details.panel #copy {
            summary { h2 { "Copy the request" } }
            (text("curl", "curl", Some(&curl(&outgoing))))
            (text("httpie", "HTTPie", Some(&httpie(&outgoing))))
            (text("raw", "HTTP message", raw.as_deref()))
        }
    }
}

fn text(id: &str, title: &str, content: Option<&str>) -> Markup {
    html! {
        div.copyable {
            div.copyable-head {
                h3 id={ "copy-" (id) "-title" } { (title) }
                @if content.is_some() {
                    button.quiet type="button" data-copy={ "copy-" (id) } aria-describedby={ "copy-" (id) "-title" } hidden { "Copy" }
                }
            }
            @match content {
                Some(content) if content.len() <= LONGEST => {
                    pre.lines id={ "copy-" (id) } tabindex="0" role="region" aria-labelledby={ "copy-" (id) "-title" } { (content) }
                }
                Some(_) => p.note { "The body is too long to be pasted." },
                None => p.note { "The body is no text." },
            }
        }
    }
}
