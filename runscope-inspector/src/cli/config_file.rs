//! A TOML file whose keys are the long names of flags.

use clap::{Arg, ArgAction, Command, Id};
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// What a flag has where neither the command line nor the environment says anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Default {
    pub(super) id: Id,
    pub(super) values: Vec<String>,
}

/// How near a name must be to one that is known to be worth a question (Jaro similarity).
const NEAR: f64 = 0.75;

/// The settings of a file's text, each checked as its flag would be. An error begins with the line
/// and column.
pub(super) fn defaults(text: &str, command: &Command) -> Result<Vec<Default>, String> {
    let table = DeTable::parse(text).map_err(|error| {
        let span = error.span().unwrap_or_default();
        at(text, &span, error.message())
    })?;
    let entries = table.into_inner().into_iter().map(|(key, value)| {
        let name = key.get_ref();
        let arg = settings(command)
            .find(|arg| arg.get_long() == Some(name))
            .ok_or_else(|| at(text, &key.span(), &unknown(name, command)))?;
        let values = values(arg, name, value.get_ref())
            .and_then(|values| check(arg, &values, command).map(|()| values))
            .map_err(|message| at(text, &value.span(), &message))?;
        Ok(Default {
            id: arg.get_id().clone(),
            values,
        })
    });
    entries.collect()
}

/// The flags that a file can set.
fn settings(command: &Command) -> impl Iterator<Item = &Arg> {
    command
        .get_arguments()
        .filter(|arg| !matches!(arg.get_id().as_str(), "config" | "help" | "version"))
}

fn unknown(name: &str, command: &Command) -> String {
    let known = settings(command).filter_map(Arg::get_long);
    let nearest = known
        .map(|known| (strsim::jaro(name, known), known))
        .max_by(|(left, _), (right, _)| left.total_cmp(right));
    match nearest {
        Some((similarity, known)) if similarity >= NEAR => {
            format!("{name} is no setting; did you mean {known}?")
        }
        _ => format!("{name} is no setting"),
    }
}

fn values(arg: &Arg, name: &str, value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let shape = || format!("{name} is a text, a number, or a list of texts");
    let values = match value {
        DeValue::Boolean(on) if !arg.get_action().takes_values() => vec![on.to_string()],
        _ if !arg.get_action().takes_values() => return Err(format!("{name} is true or false")),
        DeValue::Array(values) => {
            let texts = values.iter().map(|value| text_of(value.get_ref()));
            texts.collect::<Option<_>>().ok_or_else(shape)?
        }
        value => vec![text_of(value).ok_or_else(shape)?],
    };
    if values.len() > 1 && !matches!(arg.get_action(), ArgAction::Append) {
        return Err(format!("{name} has one value"));
    }
    Ok(values)
}

fn text_of(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

/// Asks the flag's own parser.
fn check(arg: &Arg, values: &[String], command: &Command) -> Result<(), String> {
    let Some(long) = arg.get_long().filter(|_| arg.get_action().takes_values()) else {
        return Ok(());
    };
    let flags = values.iter().map(|value| format!("--{long}={value}"));
    let name = command.get_name().to_owned();
    match command
        .clone()
        .try_get_matches_from(std::iter::once(name).chain(flags))
    {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = error.to_string();
            let line = message.lines().next().unwrap_or_default();
            Err(line.trim_start_matches("error: ").to_owned())
        }
    }
}

/// A message with the line and column, both from 1, where a span begins.
fn at(text: &str, span: &Range<usize>, message: &str) -> String {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before
        .chars()
        .rev()
        .take_while(|char| *char != '\n')
        .count()
        + 1;
    format!("{line}:{column}: {message}")
}
