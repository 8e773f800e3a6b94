use super::error::ApiError;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Shows the elements of a JSON array one at a time, so that a long array of little costs no more
/// than its text. The visitor's error ends it; where the text is no array, the error begins with what is
/// to be said then.
pub(super) fn each_element<'a>(
    array: &'a [u8],
    no_array: &str,
    visit: impl FnMut(&'a str) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let mut refused = None;
    let mut reader = serde_json::Deserializer::from_slice(array);
    let read = (&mut reader).deserialize_seq(Each {
        visit,
        refused: &mut refused,
    });
    let read = read.and_then(|()| reader.end());
    match (refused, read) {
        (Some(error), _) => Err(error),
        (None, Ok(())) => Ok(()),
        (None, Err(error)) => Err(ApiError::bad_request(format!("{no_array}: {error}"))),
    }
}

/// The elements of a JSON array, read at once; `None` where there are too many of them or any is no `T`.
pub(super) fn all_elements<'a, T: Deserialize<'a>>(array: &'a str, most: usize) -> Option<Vec<T>> {
    let mut reader = serde_json::Deserializer::from_str(array);
    let room = most.min(array.len() / SHORT_ELEMENT);
    let elements = (&mut reader).deserialize_seq(All {
        most,
        elements: Vec::with_capacity(room),
    });
    elements.and_then(|all| reader.end().map(|()| all)).ok()
}

/// What a short element has, in bytes.
const SHORT_ELEMENT: usize = 512;

struct All<T> {
    most: usize,
    elements: Vec<T>,
}

impl<'a, T: Deserialize<'a>> Visitor<'a> for All<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut elements: A) -> Result<Vec<T>, A::Error> {
        while let Some(element) = elements.next_element()? {
            if self.elements.len() >= self.most {
                return Err(serde::de::Error::custom("too many"));
            }
            self.elements.push(element);
        }
        Ok(self.elements)
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
