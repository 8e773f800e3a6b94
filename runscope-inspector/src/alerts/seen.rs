use super::assertion::Tree;
use crate::exchange::{Attributes, Timestamp};
use crate::query::{JsonPath, Side, View, whole_body};
use runscope_core::Message;
use serde_json::Value;
use std::borrow::Cow;
use std::cell::{Cell, OnceCell};

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
    is_asked: Cell<bool>,
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

    /// A body as JSON, as far as a path reaches into it. Who asks first has it read for the path alone;
    /// the second has all of it kept for those that follow.
    pub(super) fn json(&self, side: Side, path: &JsonPath) -> Option<Cow<'_, Value>> {
        let read = self.side(side);
        if !read.is_asked.replace(true) {
            return path.read(self.body(side)?).map(Cow::Owned);
        }
        let whole = || serde_json::from_str(self.body(side)?).ok();
        read.json.get_or_init(whole).as_ref().map(Cow::Borrowed)
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
