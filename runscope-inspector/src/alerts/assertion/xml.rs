//! XML as a tree within bounds. Entities that a document declares itself are not known, so none can
//! grow.

use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};

/// Deeper or larger documents have no tree.
const DEEPEST: usize = 256;
const MOST_NODES: usize = 100_000;

/// The elements of a document in its order; the first is the document itself, without a name.
#[derive(Debug)]
pub(in super::super) struct Tree(pub(super) Vec<Element>);

#[derive(Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) children: Vec<Child>,
}

/// A piece of text, or an element by its place in the tree.
#[derive(Debug)]
pub(super) enum Child {
    Text(String),
    Element(usize),
}

impl Tree {
    /// Reads a document; `None` where it is not well-formed, or too large.
    pub(in super::super) fn read(text: &str) -> Option<Self> {
        let mut reader = Reader::from_str(text);
        let mut elements = vec![Element::default()];
        let mut open = vec![0_usize];
        let mut nodes = 0_usize;
        loop {
            nodes = nodes.saturating_add(1);
            if nodes > MOST_NODES || open.len() > DEEPEST {
                return None;
            }
            let parent = *open.last()?;
            match reader.read_event().ok()? {
                Event::Start(start) => open.push(add(&mut elements, parent, &start)?),
                Event::Empty(start) => drop(add(&mut elements, parent, &start)?),
                Event::End(_) => drop(open.pop()),
                Event::Text(text) => {
                    push(
                        &mut elements,
                        parent,
                        &text.xml_content(XmlVersion::Implicit1_0),
                    )?;
                }
                Event::CData(text) => {
                    push(
                        &mut elements,
                        parent,
                        &text.xml_content(XmlVersion::Implicit1_0),
                    )?;
                }
                Event::GeneralRef(name) => {
                    let text = match name.resolve_char_ref().ok()? {
                        Some(char) => char.to_string(),
                        None => predefined(&name)?.to_owned(),
                    };
                    push(&mut elements, parent, &text)?;
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
                Event::Eof => break,
            }
        }
        (open.len() == 1 && elements.len() > 1).then_some(Self(elements))
    }

    /// All text below an element, as XPath has it.
    pub(super) fn text(&self, element: usize) -> String {
        let mut text = String::new();
        self.push_text(element, &mut text);
        text
    }

    fn push_text(&self, element: usize, to: &mut String) {
        let children = self
            .0
            .get(element)
            .map(|element| element.children.as_slice());
        for child in children.unwrap_or_default() {
            match child {
                Child::Text(text) => to.push_str(text),
                Child::Element(inner) => self.push_text(*inner, to),
            }
        }
    }
}

fn add(elements: &mut Vec<Element>, parent: usize, start: &BytesStart<'_>) -> Option<usize> {
    let mut element = Element {
        name: name(start.name().as_ref())?,
        ..Element::default()
    };
    for attribute in start.attributes() {
        let attribute = attribute.ok()?;
        let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?;
        element
            .attributes
            .push((name(attribute.key.as_ref())?, value.into_owned()));
    }
    let place = elements.len();
    elements
        .get_mut(parent)?
        .children
        .push(Child::Element(place));
    elements.push(element);
    Some(place)
}

fn push(elements: &mut [Element], parent: usize, text: &str) -> Option<()> {
    let children = &mut elements.get_mut(parent)?.children;
    if let Some(Child::Text(before)) = children.last_mut() {
        before.push_str(text);
    } else {
        children.push(Child::Text(text.to_owned()));
    }
    Some(())
}

fn name(name: impl AsRef<str>) -> Option<String> {
    Some(name.as_ref().to_owned())
}

fn predefined(name: &str) -> Option<&'static str> {
    Some(match name {
        "lt" => "<",
        "gt" => ">",
        "amp" => "&",
        "quot" => "\"",
        "apos" => "'",
        _ => return None,
    })
}
