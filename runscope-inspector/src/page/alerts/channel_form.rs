use super::channels::kind_name;
use super::desk::Desk;
use super::told::{Text, at_field, refused};
use crate::alerts::{Channel, Mistake};
use crate::page::form::Form;
use maud::{Markup, html};
use serde_json::{Map, Value, json};

/// The fields of a kind of channel: their names, labels, and what they hold.
type Field = (&'static str, &'static str, &'static str);

const HOOK: [Field; 1] = [("url", "URL", "The whole of it, as the service gives it.")];
const PAGERDUTY: [Field; 2] = [
    (
        "routing_key",
        "Integration key",
        "Of the Events API v2 of a PagerDuty service.",
    ),
    (
        "url",
        "URL",
        "Only where it is not https://events.pagerduty.com/v2/enqueue.",
    ),
];
const WEBHOOK: [Field; 2] = [
    (
        "url",
        "URL",
        "What takes a POST of JSON, signed as Standard Webhooks are.",
    ),
    (
        "secret",
        "Signing secret",
        "whsec_ and base64; left empty, one is made and shown once.",
    ),
];
const EMAIL: [Field; 5] = [
    ("server", "Server", "HOST or HOST:PORT, by SMTP."),
    ("user", "User", "Where the server asks for one."),
    ("password", "Password", ""),
    ("from", "From", "Runscope <alerts@host.example>"),
    ("to", "To", "One address a line."),
];

/// The form of a channel, as it was filled in.
#[derive(Debug)]
pub(super) struct ChannelForm<'a> {
    pub(super) desk: &'a Desk,
    pub(super) kind: &'a str,
    pub(super) form: &'a Form,
    /// The id of the channel that is changed.
    pub(super) id: Option<&'a str>,
    pub(super) mistake: Option<&'a Mistake>,
}

impl ChannelForm<'_> {
    pub(super) fn draw(&self) -> Markup {
        let path = match self.id {
            Some(id) => self.desk.path(&format!("/channels/{id}")),
            None => self.desk.path("/channels/new"),
        };
        let label = self.mistake.and_then(|mistake| self.label(mistake));
        html! {
            @if let Some(mistake) = self.mistake { (refused(mistake, label)) }
            form.card.channel-form #channel-form method="post" action=(path) {
                input type="hidden" name="kind" value=(self.kind);
                (self.field(("name", "Name", "")))
                @if self.id.is_none() { (self.field(("id", "Id, if it matters", "By which rules in a file name it."))) }
                @for field in fields(self.kind) {
                    @if field.0 == "to" { (self.recipients(*field)) } @else { (self.field(*field)) }
                    @if field.0 == "server" { (self.tls()) }
                }
                div.form-end {
                    button.primary #save-channel type="submit" name="action" value="save" { "Save" }
                    a.button.quiet href=(self.desk.path("/channels")) { "Back" }
                }
            }
        }
    }

    fn at(&self, name: &str) -> Option<&Mistake> {
        self.mistake.filter(|mistake| {
            let place = mistake.field().strip_prefix('/').unwrap_or_default();
            place.split('/').next() == Some(name)
        })
    }

    fn label(&self, mistake: &Mistake) -> Option<(&'static str, &'static str)> {
        let known = [("name", "Name", ""), ("id", "Id", ""), ("tls", "TLS", "")];
        let all = fields(self.kind).iter().chain(&known);
        let place = mistake.field().strip_prefix('/')?;
        let name = place.split('/').next()?;
        let found = all.into_iter().find(|(known, ..)| *known == name)?;
        Some((found.0, found.1))
    }

    fn field(&self, (name, label, hint): Field) -> Markup {
        let secret = is_secret(name);
        let kept = self.id.is_some() && secret;
        Text {
            id: name,
            name,
            label,
            value: if secret { "" } else { self.form.field(name) },
            hint: if kept {
                "It is kept, and not shown. Left empty, it stays."
            } else {
                hint
            },
            mono: name != "name",
            password: secret,
            required: name == "name",
            mistake: self.at(name),
            ..Text::default()
        }
        .draw()
    }

    fn recipients(&self, (name, label, hint): Field) -> Markup {
        let mistake = self.at(name);
        html! {
            div.form-field {
                label for=(name) { (label) }
                textarea.mono id=(name) name=(name) rows="3" spellcheck="false" autofocus[mistake.is_some()]
                    aria-invalid=[mistake.map(|_| "true")]
                    aria-describedby=(if mistake.is_some() { "to-error to-hint" } else { "to-hint" }) { "\n" (self.form.field(name)) }
                p.hint #to-hint { (hint) }
                (at_field(name, "", mistake))
            }
        }
    }

    fn tls(&self) -> Markup {
        html! {
            div.form-field {
                label for="tls" { "TLS" }
                select #tls name="tls" {
                    @for (value, label) in [("starttls", "after the greeting (STARTTLS)"), ("tls", "from the first byte"), ("none", "none")] {
                        option value=(value) selected[self.form.field("tls") == value] { (label) }
                    }
                }
                (at_field("tls", "", self.at("tls")))
            }
        }
    }
}

fn fields(kind: &str) -> &'static [Field] {
    match kind {
        "pagerduty" => &PAGERDUTY,
        "webhook" => &WEBHOOK,
        "email" => &EMAIL,
        _ => &HOOK,
    }
}

fn is_secret(name: &str) -> bool {
    matches!(name, "routing_key" | "secret" | "password")
}

/// The fields of a channel that there is; of what is secret, nothing.
pub(super) fn of_channel(channel: &Channel) -> Form {
    let shown = channel.to_shown();
    let mut form = vec![("name".to_owned(), channel.name.clone())];
    for name in ["url", "server", "tls", "user", "from"] {
        let text = shown[name].as_str().unwrap_or_default();
        form.push((name.to_owned(), text.to_owned()));
    }
    let to = shown["to"].as_array().into_iter().flatten();
    let to: Vec<_> = to.filter_map(Value::as_str).collect();
    form.push(("to".to_owned(), to.join("\n")));
    Form::with(form)
}

/// The channel that a form describes. What is empty is left out.
pub(super) fn to_channel(form: &Form, kind: &str, new: bool) -> Value {
    let mut channel = Map::new();
    channel.insert("kind".to_owned(), json!(kind));
    let names = fields(kind).iter().map(|(name, ..)| *name);
    let always = ["name"].into_iter().chain(new.then_some("id"));
    let tls = (kind == "email").then_some("tls");
    for name in always.chain(tls).chain(names) {
        let text = form.field(name).trim();
        if name == "to" {
            let to: Vec<_> = text
                .lines()
                .map(str::trim)
                .filter(|to| !to.is_empty())
                .collect();
            channel.insert(name.to_owned(), json!(to));
        } else if !text.is_empty() {
            channel.insert(name.to_owned(), json!(text));
        }
    }
    Value::Object(channel)
}

/// What the page of a channel is called.
pub(super) fn heading(kind: &str) -> String {
    format!("New channel: {}", kind_name(kind))
}
