use super::desk::Desk;
use super::preview::SPANS;
use super::rule_fields::{ASSERTION, assertions};
use super::told::{Text, at_field, refused};
use crate::alerts::{Channel, Comparison, Mistake, Severity, Source};
use crate::page::form::Form;
use maud::{Markup, html};

/// The form of a rule, as it was filled in.
#[derive(Debug)]
pub(super) struct RuleForm<'a> {
    pub(super) desk: &'a Desk,
    pub(super) form: &'a Form,
    pub(super) channels: &'a [Channel],
    /// The id of the rule that is changed.
    pub(super) id: Option<&'a str>,
    pub(super) mistake: Option<&'a Mistake>,
    /// Whether a row for one more assertion was asked for.
    pub(super) more: bool,
}

const KINDS: [(&str, &str); 4] = [
    ("every", "every call that matches"),
    ("count", "so many in a window"),
    ("ratio", "a share of the traffic"),
    ("percentile", "a percentile of the time"),
];

const WHEN: [(&str, &str); 2] = [("hold", "all of them hold"), ("fail", "one of them fails")];

const GROUPS: [(&str, &str); 5] = [
    ("", "nothing: one alert in all"),
    ("route", "route"),
    ("host", "host"),
    ("consumer", "consumer"),
    ("header", "a header"),
];

impl RuleForm<'_> {
    pub(super) fn draw(&self) -> Markup {
        let action = match self.id {
            Some(id) => self.desk.path(&format!("/rules/{id}")),
            None => self.desk.path("/rules/new"),
        };
        html! {
            @if let Some(mistake) = self.mistake {
                (refused(mistake, self.target(mistake).as_ref().map(|(id, label)| (id.as_str(), *label))))
            }
            form.rule-form #rule-form method="post" action=(action) {
                // What Enter in a field does: nothing that lasts.
                button.visually-hidden type="submit" name="action" value="preview" tabindex="-1" formnovalidate { "Preview" }
                (self.what())
                (self.assertions())
                (self.when())
                (self.how())
                (self.who())
                div.form-end {
                    div.actions {
                        label.visually-hidden for="span" { "Preview on the" }
                        select #span name="span" {
                            @for (value, label, _) in SPANS {
                                option value=(value) selected[self.chosen("span", "24h") == value] { (label) }
                            }
                        }
                        button #do-preview type="submit" name="action" value="preview" formnovalidate { "Preview" }
                    }
                    div.actions {
                        @if self.id.is_some() {
                            button.danger.quiet #delete-rule type="submit" name="action" value="delete" formnovalidate { "Delete" }
                        }
                        button.primary #save-rule type="submit" name="action" value="save" { "Save" }
                    }
                }
            }
        }
    }

    fn chosen<'f>(&'f self, name: &str, default: &'f str) -> &'f str {
        match self.form.field(name) {
            "" => default,
            value => value,
        }
    }

    /// The mistake, if it is at this place.
    fn at(&self, place: &str) -> Option<&Mistake> {
        self.mistake.filter(|mistake| mistake.field() == place)
    }

    fn text(&self, name: &str, place: &str, label: &str, hint: &str, class: &str) -> Markup {
        Text {
            id: name,
            name,
            label,
            value: self.form.field(name),
            hint,
            class,
            mono: !matches!(name, "name"),
            required: name == "name",
            mistake: self.at(place),
            ..Text::default()
        }
        .draw()
    }

    fn select(&self, name: &str, place: &str, label: &str, options: &[(&str, &str)]) -> Markup {
        let mistake = self.at(place);
        html! {
            div.form-field {
                label for=(name) { (label) }
                select id=(name) name=(name) autofocus[mistake.is_some()] aria-invalid=[mistake.map(|_| "true")]
                    aria-describedby=[mistake.map(|_| format!("{name}-error"))] {
                    @for (value, label) in options {
                        option value=(value) selected[self.form.field(name) == *value] { (label) }
                    }
                }
                (at_field(name, "", mistake))
            }
        }
    }

    fn what(&self) -> Markup {
        let enabled = self.form.field("enabled") == "on";
        let mut buckets = vec![("", "all buckets")];
        buckets.extend(
            self.desk
                .buckets
                .iter()
                .map(|bucket| (bucket.key.as_str(), bucket.name.as_str())),
        );
        html! {
            fieldset.card {
                legend { "What is watched" }
                div.form-row {
                    (self.text("name", "/name", "Name", "", "grow"))
                    @if self.id.is_none() {
                        (self.text("id", "/id", "Id, if it matters", "Its name in the file of rules.", ""))
                    }
                    (self.select("bucket", "/bucket", "Bucket", &buckets))
                }
                (self.text("filter", "/filter", "Filter", "As above the list of calls: status:5xx path:/checkout/*. Empty is every call.", "grow"))
                label.check { input #enabled type="checkbox" name="enabled" value="on" checked[enabled]; "Watch" }
            }
        }
    }

    fn assertions(&self) -> Markup {
        let rows = assertions(self.form);
        let extra = self.more || rows.is_empty();
        let blank = [""; 4];
        let last = rows.len();
        html! {
            fieldset.card #assertions {
                legend { "Assertions" }
                p.hint { "What has to be true of a call that passes the filter, beside that. Without any, every such call matches." }
                ol.assertions {
                    @for (at, row) in rows.iter().chain(extra.then_some(&blank)).enumerate() {
                        li { (self.assertion(at, row, self.more && at == last)) }
                    }
                }
                div.form-row {
                    (self.select("alert_when", "/alert_when", "A call matches when", &WHEN))
                    button #add-assertion type="submit" name="action" value="add-assertion" formnovalidate { "One more assertion" }
                }
            }
        }
    }

    fn assertion(&self, at: usize, row: &[&str; 4], focus: bool) -> Markup {
        let [source, property, comparison, value] = *row;
        let place = |member: &str| self.at(&format!("/assertions/{at}/{member}"));
        let id = |member: &str| format!("{member}-{at}");
        let number = at.saturating_add(1);
        let error = |member: &str, text: &str| at_field(&id(member), text, place(member));
        let invalid = |member: &str| place(member).map(|_| "true");
        let described = |member: &str| place(member).map(|_| format!("{}-error", id(member)));
        let [of, named, compared, with] = ASSERTION;
        html! {
            div.assertion role="group" aria-label={ "Assertion " (number) } {
                select id=(id(of)) name=(of) aria-label="Source" autofocus[focus || place(of).is_some()]
                    aria-invalid=[invalid(of)] aria-describedby=[described(of)] {
                    option value="" { "no assertion" }
                    optgroup label="Runscope's" { (options(&Source::RUNSCOPE, source)) }
                    optgroup label="Beyond" { (options(&Source::BEYOND, source)) }
                }
                input.mono id=(id(named)) type="text" name=(named) value=(property) aria-label="Property"
                    placeholder="header, data.items[0].id, /a/b" autocomplete="off" autocapitalize="off" spellcheck="false"
                    autofocus[place(named).is_some()] aria-invalid=[invalid(named)] aria-describedby=[described(named)];
                select id=(id(compared)) name=(compared) aria-label="Comparison" autofocus[place(compared).is_some()]
                    aria-invalid=[invalid(compared)] aria-describedby=[described(compared)] {
                    (options(&Comparison::ALL, comparison))
                }
                input.mono id=(id(with)) type="text" name=(with) value=(value) aria-label="Value" placeholder="value"
                    autocomplete="off" autocapitalize="off" spellcheck="false"
                    autofocus[place(with).is_some()] aria-invalid=[invalid(with)] aria-describedby=[described(with)];
                @if !source.is_empty() {
                    button.quiet type="submit" name="action" value={ "drop-" (at) } formnovalidate {
                        "Remove" span.visually-hidden { " assertion " (number) }
                    }
                }
            }
            (error(of, "")) (error(named, property)) (error(compared, "")) (error(with, value))
        }
    }

    fn when(&self) -> Markup {
        html! {
            fieldset.card #condition {
                legend { "When it fires" }
                div.form-row {
                    (self.select("kind", "/condition/kind", "On", &KINDS))
                    (self.text("at_least", "/condition/at_least", "At least", "calls", "of-count"))
                    (self.text("share", if self.is("ratio") { "/condition/above" } else { "-" }, "Above", "%", "of-ratio"))
                    (self.text("percentile", "/condition/percentile", "Percentile", "1 to 100", "of-percentile"))
                    (self.text("slower", if self.is("percentile") { "/condition/above" } else { "-" }, "Above", "time, as 500ms or 2s", "of-percentile"))
                    (self.text("window", "/condition/window", "Within", "time, as 5m", "of-window"))
                    (self.text("minimum", "/condition/minimum", "Only from", "calls on in a window", "of-minimum"))
                    (self.text("windows", "/windows", "For windows in a row", "", "of-window"))
                }
                (self.text("of", "/condition/of", "Of the traffic that passes", "A filter; empty is all of the bucket.", "grow of-ratio"))
                div.form-row {
                    (self.select("group", "/group_by", "An alert for each", &GROUPS))
                    (self.text("header", "-", "Header", "such as X-Tenant", "of-header"))
                }
            }
        }
    }

    fn how(&self) -> Markup {
        let severities = Severity::ALL.map(|(_, name)| (name, name));
        html! {
            fieldset.card {
                legend { "How it goes on" }
                div.form-row {
                    (self.select("severity", "/severity", "Severity", &severities))
                    (self.text("resolve_after", "/resolve_after", "Resolved after", "of quiet, as 5m", ""))
                    (self.text("repeat_every", "/repeat_every", "Told again every", "as 4h; empty is never", ""))
                }
            }
        }
    }

    fn who(&self) -> Markup {
        let mistake = self
            .mistake
            .filter(|mistake| mistake.field().starts_with("/channels"));
        html! {
            fieldset.card #channels tabindex="-1" {
                legend { "Who is told" }
                @if self.channels.is_empty() {
                    p.hint {
                        "There is no channel yet, so alerts are seen here only. "
                        a href=(self.desk.path("/channels")) { "Make a channel" } " for Slack, Teams, Discord, PagerDuty, email or a webhook."
                    }
                } @else {
                    div.checks {
                        @for channel in self.channels {
                            label.check {
                                input type="checkbox" name="channel" value=(channel.id) checked[self.form.all("channel").any(|id| id == channel.id)];
                                (channel.name) " " span.muted { (channel.kind()) }
                            }
                        }
                    }
                }
                (at_field("channels", "", mistake))
            }
        }
    }

    fn is(&self, kind: &str) -> bool {
        self.form.field("kind") == kind
    }

    /// The field of a mistake, and what it is called.
    fn target(&self, mistake: &Mistake) -> Option<(String, &'static str)> {
        let place = mistake.field();
        if let Some(rest) = place.strip_prefix("/assertions/") {
            let (at, member) = rest.split_once('/')?;
            let known = ASSERTION.contains(&member);
            return known.then(|| (format!("{member}-{at}"), "the assertions"));
        }
        if place.starts_with("/channels") {
            return Some(("channels".to_owned(), "who is told"));
        }
        let (id, label) = match place {
            "/id" if self.id.is_none() => ("id", "the id"),
            "/name" => ("name", "the name"),
            "/bucket" => ("bucket", "the bucket"),
            "/filter" => ("filter", "the filter"),
            "/alert_when" => ("alert_when", "when a call matches"),
            "/condition/kind" => ("kind", "when it fires"),
            "/condition/at_least" => ("at_least", "how many"),
            "/condition/above" if self.is("ratio") => ("share", "the share"),
            "/condition/above" => ("slower", "the time"),
            "/condition/percentile" => ("percentile", "the percentile"),
            "/condition/window" => ("window", "the window"),
            "/condition/minimum" => ("minimum", "the minimum"),
            "/condition/of" => ("of", "the traffic"),
            "/windows" => ("windows", "the windows in a row"),
            "/group_by" => ("group", "what alerts are told apart by"),
            "/severity" => ("severity", "the severity"),
            "/resolve_after" => ("resolve_after", "when it is resolved"),
            "/repeat_every" => ("repeat_every", "how often it is told again"),
            _ => return None,
        };
        Some((id.to_owned(), label))
    }
}

fn options<T>(words: &[(T, &str)], chosen: &str) -> Markup {
    html! {
        @for (_, word) in words { option value=(word) selected[*word == chosen] { (word.replace('_', " ")) } }
    }
}
