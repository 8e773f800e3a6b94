use crate::exchange::Exchange;
use crate::page::format;
use maud::{Markup, html};
use std::time::Duration;

/// How long the response's head took, and how long its body, as a bar and in words.
pub(super) fn timing(exchange: &Exchange) -> Markup {
    let total = exchange
        .message
        .context
        .as_ref()
        .and_then(|context| context.total_time)
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    let head = exchange.attributes.duration;
    let (Some(head), Some(total)) = (head, total) else {
        return html! {};
    };
    let total = total.max(head);
    if total.is_zero() {
        return html! {};
    }
    let share = head.as_secs_f64() / total.as_secs_f64() * 100.0;
    html! {
        figure.timing #timing {
            svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" {
                rect.timing-body width="100" height="6" {}
                rect.timing-head width=(format!("{:.2}", share.clamp(0.5, 100.0))) height="6" {}
            }
            figcaption {
                span.timing-key.of-head { "Response began after " strong { (format::duration(head)) } }
                span.timing-key.of-body { "Body took " strong { (format::duration(total.saturating_sub(head))) } }
                span { "In all " strong { (format::duration(total)) } }
            }
        }
    }
}
