use super::desk::{Desk, missing};
use super::told::{sentences, told};
use crate::alerts::{Mistake, Rule};
use crate::api::{ApiError, AppState};
use crate::exchange::Timestamp;
use crate::page::PageError;
use crate::page::address::Path;
use crate::page::form::Form;
use crate::page::format;
use axum::extract::State;
use axum::response::Redirect;
use maud::{Markup, html};

/// How long is offered, in minutes.
const LENGTHS: [(&str, i64, &str); 3] = [
    ("15m", 15, "15 minutes"),
    ("1h", 60, "1 hour"),
    ("1d", 1440, "1 day"),
];

/// The moment that a rule is silent until, if it is.
pub(super) fn silent_until(rule: &Rule) -> Option<Timestamp> {
    rule.silence_until.filter(|until| *until > Timestamp::now())
}

/// The menu that silences a rule, and ends it. With the id of an alert, it leads back to that.
pub(super) fn menu(desk: &Desk, rule: &Rule, alert: Option<&str>) -> Markup {
    let silent = silent_until(rule);
    let input = format!("until-{}", rule.id);
    html! {
        details.menu.silence {
            summary.button {
                @if silent.is_some() { "Silenced" } @else { "Silence" }
                span.visually-hidden { ": " (rule.name) }
            }
            form.menu-panel.stack method="post" action=(desk.path(&format!("/rules/{}/silence", rule.id))) {
                @if let Some(alert) = alert { input type="hidden" name="alert" value=(alert); }
                @if let Some(until) = silent {
                    p { "Nobody is told until " (format::moment(until)) "." }
                    button type="submit" name="for" value="end" { "End the silence" }
                }
                p.hint { "Alerts are noted, and nobody is told." }
                div.silence-lengths {
                    @for (value, _, label) in LENGTHS {
                        button type="submit" name="for" value=(value) { (label) }
                    }
                }
                label for=(input) { "Or until, in UTC" }
                div.inline {
                    input id=(input) type="datetime-local" name="until";
                    button type="submit" name="for" value="until" { "Silence" }
                }
            }
        }
    }
}

/// Has a rule tell nobody for a while, or from now on again.
pub(super) async fn silence(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
    form: Form,
) -> Result<Redirect, PageError> {
    let until = until(&form, Timestamp::now())?;
    if state.alerts().rule(&id).is_none() {
        return Err(missing());
    }
    let silenced = state.alerting(move |alerts| told(alerts.silence(&id, until)));
    silenced.await?.map_err(|mistake| refusal(&mistake))?;
    let alert = form.field("alert");
    let is_id = !alert.is_empty() && alert.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Ok(Redirect::to(&if is_id {
        desk.path(&format!("/{alert}"))
    } else {
        desk.path("")
    }))
}

/// A mistake where no field is beside it.
pub(super) fn refusal(mistake: &Mistake) -> ApiError {
    ApiError::bad_request(sentences(mistake).trim_end_matches('.'))
}

fn until(form: &Form, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    let wanted = form.field("for");
    if wanted == "end" {
        return Ok(None);
    }
    if let Some((_, minutes, _)) = LENGTHS.iter().find(|(value, ..)| *value == wanted) {
        let micros = minutes.saturating_mul(60_000_000);
        return Ok(Some(Timestamp::from_micros(
            now.as_micros().saturating_add(micros),
        )));
    }
    let until = format!("{}Z", form.field("until").trim_end_matches('Z'));
    // Browsers leave out seconds that are zero.
    let until = if until.matches(':').count() == 1 {
        until.replace('Z', ":00Z")
    } else {
        until
    };
    match until.parse::<jiff::Timestamp>() {
        Ok(until) if until.as_microsecond() > now.as_micros() => {
            Ok(Some(Timestamp::from_micros(until.as_microsecond())))
        }
        Ok(_) => Err(ApiError::bad_request(
            "this moment is over; choose one that is still to come",
        )),
        Err(_) => Err(ApiError::bad_request(
            "choose a day and a time that the silence ends at",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_has_an_end_that_is_still_to_come() {
        let now = Timestamp::from_micros(1_795_341_600_000_000);
        for (fields, expected) in [
            (&[("for", "15m")][..], Some(Some(1_795_342_500))),
            (&[("for", "1d")], Some(Some(1_795_428_000))),
            (&[("for", "end")], Some(None)),
            (
                &[("for", "until"), ("until", "2026-11-22T10:30")],
                Some(Some(1_795_343_400)),
            ),
            (
                &[("for", "until"), ("until", "2026-11-22T10:30:01")],
                Some(Some(1_795_343_401)),
            ),
            (&[("for", "until"), ("until", "2026-11-22T09:00")], None),
            (&[("for", "until"), ("until", "")], None),
            (&[("for", "ever")], None),
        ] {
            let fields = fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            let found = until(&Form::with(fields.collect()), now).ok();
            let found = found.map(|until| until.map(|until| until.as_micros() / 1_000_000));
            assert_eq!(found, expected);
        }
    }
}
