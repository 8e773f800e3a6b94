//! Scopes in files and in the environment, and what may be wrong with them.

use super::error::Fault;
use super::value::Value;
use super::{AccessToken, Scope, field::bucket_fault, suggest::nearest};

/// A key of a scope: its name, how it is read, and what to give instead of a wrong value.
type ScopeField = (
    &'static str,
    fn(&mut Scope, &Value) -> Result<(), String>,
    &'static str,
);

const NAME: &str = "give text";
const FLAG: &str = "use true or false";
const ACCOUNT: &str = "give text as Runscope shows it";

const FIELDS: [ScopeField; 8] = [
    ("route", |scope, value| name(&mut scope.route, value), NAME),
    (
        "service",
        |scope, value| name(&mut scope.service, value),
        NAME,
    ),
    (
        "consumer",
        |scope, value| name(&mut scope.consumer, value),
        NAME,
    ),
    (
        "enabled",
        |scope, value| flag(&mut scope.enabled, value),
        FLAG,
    ),
    (
        "access_token",
        |scope, value| token(&mut scope.access_token, value),
        ACCOUNT,
    ),
    (
        "bucket_key",
        |scope, value| name(&mut scope.bucket_key, value),
        ACCOUNT,
    ),
    (
        "log_body",
        |scope, value| flag(&mut scope.log_body, value),
        FLAG,
    ),
    (
        "capture",
        |scope, value| flag(&mut scope.capture, value),
        FLAG,
    ),
];

/// A list of tables, or JSON text of one.
pub(super) fn read(value: &Value) -> Result<Vec<Scope>, Vec<Fault>> {
    let parsed;
    let items = match value {
        Value::List(items) => items,
        Value::Text(text) => {
            // The parser's own words could quote the text, and with it a token.
            parsed = serde_json::from_str(text).unwrap_or(Value::Null);
            match &parsed {
                Value::List(items) => items,
                _ => return Err(vec![Fault::new("is not a JSON list of tables")]),
            }
        }
        _ => return Err(vec![Fault::new(format!("is {}, not a list", value.kind()))]),
    };
    let mut faults = Vec::new();
    let scopes = items
        .iter()
        .enumerate()
        .map(|(index, item)| read_one(index, item, &mut faults));
    let scopes: Vec<Scope> = scopes.collect();
    if faults.is_empty() {
        Ok(scopes)
    } else {
        Err(faults)
    }
}

/// Everything that is wrong with scopes, wherever they come from.
pub(super) fn check(scopes: &[Scope]) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (index, scope) in scopes.iter().enumerate() {
        let mut push = |at: String, what: String, fix: &str| {
            faults.push(Fault::new(what).at(at).fix(fix));
        };
        if scope.triple() == [None; 3] {
            push(
                format!("[{index}]"),
                "names no route, service or consumer".to_owned(),
                "name one, or put its settings into the config itself, which is for all exchanges",
            );
        }
        for (part, name) in ["route", "service", "consumer"]
            .into_iter()
            .zip(scope.triple())
        {
            if name.is_some_and(str::is_empty) {
                push(
                    format!("[{index}].{part}"),
                    "is empty".to_owned(),
                    "name one, or leave it out",
                );
            }
        }
        if let Some(what) = scope.access_token.as_ref().and_then(AccessToken::fault) {
            push(format!("[{index}].access_token"), what, ACCOUNT);
        }
        if let Some(what) = scope.bucket_key.as_deref().and_then(bucket_fault) {
            push(format!("[{index}].bucket_key"), what, ACCOUNT);
        }
        let twin = |other: &Scope| other.enabled && other.triple() == scope.triple();
        let earlier = scopes
            .iter()
            .take(index)
            .position(twin)
            .filter(|_| scope.enabled);
        if let Some(earlier) = earlier {
            push(
                format!("[{index}]"),
                format!("has the same route, service and consumer as scope {earlier}"),
                "keep one of them enabled",
            );
        }
    }
    faults
}

fn read_one(index: usize, value: &Value, faults: &mut Vec<Fault>) -> Scope {
    let mut scope = Scope::new();
    let Value::Table(entries) = value else {
        let what = format!("is {}, not a table", value.kind());
        faults.push(Fault::new(what).at(format!("[{index}]")));
        return scope;
    };
    for (position, (name, value)) in entries.iter().enumerate() {
        let at = format!("[{index}].{name}");
        let Some((_, read, fix)) = FIELDS.iter().find(|(known, ..)| known == name) else {
            let suggestion = nearest(name, FIELDS.iter().map(|(known, ..)| *known));
            faults.push(Fault::unknown(suggestion).at(at));
            continue;
        };
        if entries
            .iter()
            .take(position)
            .any(|(earlier, _)| earlier == name)
        {
            faults.push(Fault::new("is given twice").at(at).fix("keep one of them"));
        } else if *value != Value::Null
            && let Err(what) = read(&mut scope, value)
        {
            faults.push(Fault::new(what).at(at).fix(*fix));
        }
    }
    scope
}

fn name(place: &mut Option<String>, value: &Value) -> Result<(), String> {
    *place = Some(value.text()?.to_owned());
    Ok(())
}

fn token(place: &mut Option<AccessToken>, value: &Value) -> Result<(), String> {
    *place = Some(value.text()?.into());
    Ok(())
}

fn flag(place: &mut bool, value: &Value) -> Result<(), String> {
    *place = value.flag()?;
    Ok(())
}
