//! Mistakes, shown where they are.

use crate::alerts::{AlertsError, Mistake};
use maud::{Markup, html};

/// A field of text with its label and with what is wrong with it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Text<'a> {
    pub(super) id: &'a str,
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) value: &'a str,
    pub(super) hint: &'a str,
    pub(super) mono: bool,
    pub(super) password: bool,
    pub(super) required: bool,
    pub(super) class: &'a str,
    pub(super) mistake: Option<&'a Mistake>,
}

impl Text<'_> {
    pub(super) fn draw(&self) -> Markup {
        let described = self.described();
        html! {
            div class={ "form-field " (self.class) } {
                label for=(self.id) { (self.label) }
                input.mono[self.mono] id=(self.id) type=(if self.password { "password" } else { "text" })
                    name=(self.name) value=(self.value) required[self.required]
                    autocomplete=(if self.password { "new-password" } else { "off" })
                    autocapitalize="off" spellcheck="false" autofocus[self.mistake.is_some()]
                    aria-invalid=[self.mistake.map(|_| "true")] aria-describedby=[described];
                @if !self.hint.is_empty() { p.hint id={ (self.id) "-hint" } { (self.hint) } }
                (at_field(self.id, self.value, self.mistake))
            }
        }
    }

    fn described(&self) -> Option<String> {
        let hint = (!self.hint.is_empty()).then(|| format!("{}-hint", self.id));
        let error = self.mistake.map(|_| format!("{}-error", self.id));
        match (hint, error) {
            (Some(hint), Some(error)) => Some(format!("{error} {hint}")),
            (hint, error) => hint.or(error),
        }
    }
}

/// What is wrong with a field, with the text again and a mark where it can't be read.
pub(super) fn at_field(id: &str, text: &str, mistake: Option<&Mistake>) -> Markup {
    let Some(mistake) = mistake else {
        return html! {};
    };
    html! {
        div.field-error id={ (id) "-error" } {
            @if let Some(position) = mistake.position() {
                @let mut rest = text.chars().skip(position);
                @let wrong = rest.next().map_or(" ".to_owned(), String::from);
                pre {
                    (text.chars().take(position).collect::<String>())
                    span.caret { (wrong) } (rest.collect::<String>())
                }
            }
            p.error { (sentences(mistake)) }
        }
    }
}

/// Why it is refused, and the way out: `It is missing. Give the name.`
pub(super) fn sentences(mistake: &Mistake) -> String {
    let reason = crate::page::error::sentence(mistake.reason());
    let fix = mistake.fix();
    let end = if fix.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    let mut fix = fix.chars();
    let first = fix.next().map(char::to_uppercase);
    let first: String = first.into_iter().flatten().collect();
    format!("{reason} {first}{}{end}", fix.as_str())
}

/// What is above a form that was refused: the whole mistake, or the way to its field.
pub(super) fn refused(mistake: &Mistake, field: Option<(&str, &str)>) -> Markup {
    html! {
        div.refused #refused role="alert" {
            @match field {
                Some((id, label)) => p { "It is not saved: there is a mistake in " a href={ "#" (id) } { (label) } "." },
                None => p { "It is not saved. " (sentences(mistake)) }
            }
        }
    }
}

/// Takes a mistake out of an error, to be shown at its field.
pub(super) fn told<T>(done: Result<T, AlertsError>) -> Result<Result<T, Mistake>, AlertsError> {
    match done {
        Ok(done) => Ok(Ok(done)),
        Err(AlertsError::Mistake(mistake)) => Ok(Err(mistake)),
        Err(error) => Err(error),
    }
}
