use super::error::ApiError;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Shows the elements of a JSON array one at a time, so that a long array of little costs no more
/// than its text. The visitor's error ends it.
pub(super) fn each_element<'a>(
    array: &'a RawValue,
    visit: impl FnMut(&'a str) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let mut refused = None;
    let read = serde_json::Deserializer::from_str(array.get()).deserialize_seq(Each {
        visit,
        refused: &mut refused,
    });
    match (refused, read) {
        (Some(error), _) => Err(error),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(ApiError::bad_request(format!("not an array: {error}"))),
    }
}

struct Each<'r, F> {
    visit: F,
    refused: &'r mut Option<ApiError>,
}

impl<'a, F: FnMut(&'a str) -> Result<(), ApiError>> Visitor<'a> for Each<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&RawValue>()? {
            if let Err(error) = (self.visit)(element.get()) {
                *self.refused = Some(error);
                return Err(serde::de::Error::custom("refused"));
            }
        }
        Ok(())
    }
}
