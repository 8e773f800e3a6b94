use super::super::mistake::Mistake;
use super::super::object::Object;
use super::super::seen::Seen;
use super::comparison::{Comparison, Takes};
use super::found::{Found, Operand};
use super::path;
use super::source::{Property, Source};
use super::xpath::XPath;
use crate::query::{JsonPath, Side, parse_number, whole_body};
use runscope_core::{Fields, Message};
use serde_json::{Value, json};
use std::borrow::Cow;

/// One assertion, checked and ready to be evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Assertion {
    source: Source,
    /// As it was written.
    property: String,
    place: Place,
    comparison: Comparison,
    operand: Operand,
}

#[derive(Debug, Clone, PartialEq)]
enum Place {
    Whole,
    Header(String),
    Json(JsonPath),
    Xml(XPath),
}

impl Assertion {
    /// Reads an assertion as Runscope writes it.
    pub(crate) fn read(value: &Value, place: &str) -> Result<Self, Mistake> {
        let known = ["source", "property", "comparison", "value"];
        let object = Object::of(value, place, &known)?;
        let sources: Vec<_> = Source::all().collect();
        let source = object.one_of("source", &sources, None)?;
        let comparison = object.one_of("comparison", &Comparison::ALL, None)?;
        if !comparison.applies_to(source) {
            return Err(Mistake::new(
                object.place("comparison"),
                format!("`{}` is for JSON only", comparison.name()),
                "compare response_json, or choose another comparison",
            ));
        }
        let property = object.text("property")?.unwrap_or_default();
        Ok(Self {
            source,
            property: property.to_owned(),
            place: property_place(source, property, &object.place("property"))?,
            comparison,
            operand: operand(comparison, &object)?,
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        let mut value =
            json!({ "source": self.source.name(), "comparison": self.comparison.name() });
        if !self.property.is_empty() {
            value["property"] = json!(self.property);
        }
        if self.comparison.takes() != Takes::Nothing {
            value["value"] = json!(self.operand.text);
        }
        value
    }

    /// Whether the attributes of a call alone can answer.
    pub(in super::super) fn is_attribute(&self) -> bool {
        self.source.is_attribute()
    }

    /// Whether it holds of a call.
    pub(in super::super) fn holds(&self, seen: &Seen<'_>) -> bool {
        let (attributes, message) = (seen.attributes(), seen.message());
        let half = match self.source {
            Source::ConnectionOutcome => true,
            Source::RequestMethod
            | Source::RequestUrl
            | Source::RequestHeaders
            | Source::RequestJson
            | Source::RequestXml
            | Source::RequestText
            | Source::RequestSize => message.request.is_some(),
            _ => message.response.is_some(),
        };
        if !half {
            return false;
        }
        let found = match self.source {
            Source::ResponseStatus => attributes.status.as_ref().map(Found::number),
            Source::ResponseTime => attributes
                .duration
                .map(|duration| Found::number(&(duration.as_secs_f64() * 1e3))),
            Source::ResponseSize => attributes.response_size.as_ref().map(Found::number),
            Source::RequestSize => attributes.request_size.as_ref().map(Found::number),
            Source::RequestMethod => attributes.method.as_deref().map(Found::text),
            Source::ConnectionOutcome => attributes.outcome.map(Found::text),
            Source::RequestUrl => message
                .request
                .as_ref()
                .map(|request| Found::text(&request.url)),
            Source::ResponseText => whole_body(message, Side::Response).map(Found::text),
            Source::RequestText => whole_body(message, Side::Request).map(Found::text),
            Source::ResponseHeaders | Source::RequestHeaders => self.header(message),
            Source::ResponseJson => return self.json_holds(seen, Side::Response),
            Source::RequestJson => return self.json_holds(seen, Side::Request),
            Source::ResponseXml => self.xml(seen, Side::Response),
            Source::RequestXml => self.xml(seen, Side::Request),
        };
        self.compares(&found.unwrap_or(Found::Nothing))
    }

    fn compares(&self, found: &Found<'_>) -> bool {
        found.compares(self.comparison, &self.operand)
    }

    /// Several lines of one name are one value (RFC 9110, section 5.2).
    fn header<'a>(&self, message: &'a Message) -> Option<Found<'a>> {
        let Place::Header(name) = &self.place else {
            return None;
        };
        let headers: &Fields = match self.source {
            Source::RequestHeaders => &message.request.as_ref()?.headers,
            _ => &message.response.as_ref()?.headers,
        };
        let values: Vec<&str> = headers.all(name).collect();
        match values.as_slice() {
            [] => None,
            [value] => Some(Found::Text(Cow::Owned((*value).to_owned()))),
            values => Some(Found::Text(Cow::Owned(values.join(", ")))),
        }
    }

    /// Holds where it does for any value at the path.
    fn json_holds(&self, seen: &Seen<'_>, side: Side) -> bool {
        let Place::Json(path) = &self.place else {
            return false;
        };
        let Some(document) = seen.json(side, path) else {
            return self.compares(&Found::Nothing);
        };
        let mut reached = false;
        let holds = path.any(&document, &mut |value| {
            reached = true;
            // The value outlives the document's borrow no longer than this comparison.
            Found::Json(value).compares(self.comparison, &self.operand)
        });
        holds || (!reached && self.compares(&Found::Nothing))
    }

    fn xml(&self, seen: &Seen<'_>, side: Side) -> Option<Found<'static>> {
        let Place::Xml(path) = &self.place else {
            return None;
        };
        let text = path.first(seen.xml(side)?)?;
        Some(Found::Text(Cow::Owned(text)))
    }
}

fn property_place(source: Source, property: &str, place: &str) -> Result<Place, Mistake> {
    match source.property() {
        Property::None if property.is_empty() => Ok(Place::Whole),
        Property::None => Err(Mistake::new(
            place,
            format!("`{}` has no properties", source.name()),
            "leave `property` out",
        )),
        Property::Header if property.is_empty() => Err(Mistake::new(
            place,
            "it is missing",
            "give the name of a header",
        )),
        Property::Header => match axum::http::HeaderName::from_bytes(property.as_bytes()) {
            Ok(name) => Ok(Place::Header(name.as_str().to_owned())),
            Err(_) => Err(Mistake::new(
                place,
                "it is no name of a header",
                "such as Content-Type",
            )),
        },
        Property::JsonPath => path::read(property, place).map(Place::Json),
        Property::XPath => XPath::read(property, place).map(Place::Xml),
    }
}

/// What is compared with. Numbers and truth values count as what they are written like.
fn operand(comparison: Comparison, object: &Object<'_>) -> Result<Operand, Mistake> {
    let place = object.place("value");
    let text = match object.get("value") {
        None => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Some(value.to_string()),
        Some(_) => {
            let fix = "write a text or a number";
            return Err(Mistake::new(place, "it can't be compared with", fix));
        }
    };
    match comparison.takes() {
        Takes::Nothing if text.as_ref().is_some_and(|text| !text.is_empty()) => Err(Mistake::new(
            place,
            format!("`{}` takes no value", comparison.name()),
            "leave `value` out",
        )),
        Takes::Nothing => Ok(Operand {
            text: String::new(),
            number: None,
        }),
        takes => {
            let text = text.ok_or_else(|| object.missing("value"))?;
            let number = parse_number(text.trim());
            if takes == Takes::Number && number.is_none() {
                let reason = format!("`{}` compares numbers", comparison.name());
                return Err(Mistake::new(place, reason, "write a number"));
            }
            Ok(Operand { text, number })
        }
    }
}
