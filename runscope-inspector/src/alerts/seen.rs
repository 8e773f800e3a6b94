use super::assertion::Tree;
use crate::exchange::{Attributes, Timestamp};
use crate::query::{Side, View, whole_body};
use runscope_core::Message;
use serde_json::Value;
use std::cell::OnceCell;

/// The bytes of a body that is read as JSON or XML; a larger one is neither.
const LARGEST: usize = 4 << 20;

/// A call as all rules look at it: what has to be read of its bodies is read once, and only if a rule
/// asks.
#[derive(Debug)]
pub(super) struct Seen<'a> {
    view: View<'a>,
    request: Read,
    response: Read,
}

/// A body as JSON, and as XML; `None` inside where it is not.
#[derive(Debug, Default)]
struct Read {
    json: OnceCell<Option<Value>>,
    xml: OnceCell<Option<Tree>>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(attributes: &'a Attributes, message: &'a Message, now: Timestamp) -> Self {
        Self {
            view: View {
                attributes,
                message,
                now,
            },
            request: Read::default(),
            response: Read::default(),
        }
    }

    pub(super) fn view(&self) -> View<'a> {
        self.view
    }

    pub(super) fn attributes(&self) -> &'a Attributes {
        self.view.attributes
    }

    pub(super) fn message(&self) -> &'a Message {
        self.view.message
    }

    pub(super) fn json(&self, side: Side) -> Option<&Value> {
        let read = || serde_json::from_str(self.body(side)?).ok();
        self.side(side).json.get_or_init(read).as_ref()
    }

    pub(super) fn xml(&self, side: Side) -> Option<&Tree> {
        let read = || Tree::read(self.body(side)?);
        self.side(side).xml.get_or_init(read).as_ref()
    }

    fn body(&self, side: Side) -> Option<&'a str> {
        whole_body(self.message(), side).filter(|body| body.len() <= LARGEST)
    }

    fn side(&self, side: Side) -> &Read {
        match side {
            Side::Request => &self.request,
            Side::Either | Side::Response => &self.response,
        }
    }
}
