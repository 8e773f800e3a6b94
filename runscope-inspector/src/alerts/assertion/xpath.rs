//! The part of XPath 1.0 that assertions are written in:
//!
//! | path | what it names |
//! |---|---|
//! | `/order/items/item` | elements, from the top; `*` is any name |
//! | `//item`, `/order//price` | elements at any depth |
//! | `/order/item[2]` | the second of its siblings; `[last()]` |
//! | `//item[@id='7']`, `//item[sku="x"]` | those with an attribute, or a child, of this text |
//! | `/order/@id`, `//item/@*` | an attribute |
//! | `/order/name/text()` | an element's own text |
//! | `count(//item)` | how many there are |
//!
//! A name with a prefix is compared with it, one without is compared with what stands after the
//! prefix. Namespaces are not looked up.

use super::super::mistake::Mistake;
use super::xml::{Child, Tree};

#[derive(Debug, Clone, PartialEq)]
pub(super) struct XPath {
    counts: bool,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
struct Step {
    /// Whether it looks at any depth.
    deep: bool,
    test: Test,
    predicates: Vec<Predicate>,
}

#[derive(Debug, Clone, PartialEq)]
enum Test {
    Element(String),
    Attribute(String),
    Text,
    Itself,
}

#[derive(Debug, Clone, PartialEq)]
enum Predicate {
    Place(usize),
    Last,
    Attribute(String, Option<String>),
    Child(String, Option<String>),
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq)]
enum Node {
    Element(usize),
    Text(String),
}

impl XPath {
    pub(super) fn read(text: &str, place: &str) -> Result<Self, Mistake> {
        let trimmed = text.trim();
        let counted = trimmed
            .strip_prefix("count(")
            .and_then(|inner| inner.strip_suffix(')'));
        let mut parser = Parser {
            all: text,
            rest: counted.unwrap_or(trimmed),
            end: if counted.is_some() { ")" } else { "" },
            place,
        };
        let mut steps = Vec::new();
        // What begins without a slash is taken from the top, where the only child is the root.
        let mut first = true;
        while !parser.rest.is_empty() {
            let deep = parser.eat("//");
            if !deep && !parser.eat("/") && !first {
                return Err(parser.expected("`/`, `//` or `[`"));
            }
            first = false;
            steps.push(parser.step(deep)?);
        }
        if steps.is_empty() {
            return Err(parser.expected("a path such as /order/item[2]/@id or //name"));
        }
        let counts = counted.is_some();
        Ok(Self { counts, steps })
    }

    /// The text of the first that the path leads to, or how many there are.
    pub(super) fn first(&self, tree: &Tree) -> Option<String> {
        let mut nodes = vec![Node::Element(0)];
        for step in &self.steps {
            nodes = step.from(tree, &nodes);
        }
        if self.counts {
            return Some(nodes.len().to_string());
        }
        nodes.into_iter().next().map(|node| match node {
            Node::Element(element) => tree.text(element),
            Node::Text(text) => text,
        })
    }
}

impl Step {
    fn from(&self, tree: &Tree, nodes: &[Node]) -> Vec<Node> {
        let mut elements: Vec<usize> = nodes
            .iter()
            .filter_map(|node| match node {
                Node::Element(element) => Some(*element),
                Node::Text(_) => None,
            })
            .collect();
        if self.deep {
            let mut seen = vec![false; tree.0.len()];
            let mut all = Vec::new();
            for element in elements {
                descend(tree, element, &mut seen, &mut all);
            }
            elements = all;
        }
        elements
            .into_iter()
            .flat_map(|element| self.of(tree, element))
            .collect()
    }

    fn of(&self, tree: &Tree, element: usize) -> Vec<Node> {
        let Some(context) = tree.0.get(element) else {
            return Vec::new();
        };
        let mut nodes: Vec<Node> = match &self.test {
            Test::Itself => vec![Node::Element(element)],
            Test::Text => context
                .children
                .iter()
                .filter_map(|child| match child {
                    Child::Text(text) => Some(Node::Text(text.clone())),
                    Child::Element(_) => None,
                })
                .collect(),
            Test::Attribute(name) => context
                .attributes
                .iter()
                .filter(|(found, _)| is_named(found, name))
                .map(|(_, value)| Node::Text(value.clone()))
                .collect(),
            Test::Element(name) => children(tree, element, name).map(Node::Element).collect(),
        };
        for predicate in &self.predicates {
            let last = nodes.len();
            let mut place = 0_usize;
            nodes.retain(|node| {
                place = place.saturating_add(1);
                predicate.holds(tree, node, place, last)
            });
        }
        nodes
    }
}

impl Predicate {
    fn holds(&self, tree: &Tree, node: &Node, place: usize, last: usize) -> bool {
        let element = match node {
            Node::Element(element) => Some(*element),
            Node::Text(_) => None,
        };
        match self {
            Self::Place(wanted) => place == *wanted,
            Self::Last => place == last,
            Self::Attribute(name, value) => element.is_some_and(|element| {
                let attributes = tree
                    .0
                    .get(element)
                    .map(|element| element.attributes.as_slice());
                attributes.unwrap_or_default().iter().any(|(found, text)| {
                    is_named(found, name) && value.as_ref().is_none_or(|value| value == text)
                })
            }),
            Self::Child(name, value) => element.is_some_and(|element| {
                children(tree, element, name).any(|child| {
                    value
                        .as_ref()
                        .is_none_or(|value| *value == tree.text(child))
                })
            }),
        }
    }
}

fn children<'a>(tree: &'a Tree, element: usize, name: &'a str) -> impl Iterator<Item = usize> + 'a {
    let children = tree
        .0
        .get(element)
        .map(|element| element.children.as_slice());
    children
        .unwrap_or_default()
        .iter()
        .filter_map(move |child| match child {
            Child::Element(inner) => {
                let named = tree
                    .0
                    .get(*inner)
                    .is_some_and(|inner| is_named(&inner.name, name));
                named.then_some(*inner)
            }
            Child::Text(_) => None,
        })
}

/// An element and all below it, each once.
fn descend(tree: &Tree, element: usize, seen: &mut [bool], to: &mut Vec<usize>) {
    match seen.get_mut(element) {
        Some(seen) if !*seen => *seen = true,
        _ => return,
    }
    to.push(element);
    let inner: Vec<usize> = children(tree, element, "*").collect();
    for child in inner {
        descend(tree, child, seen, to);
    }
}

fn is_named(found: &str, name: &str) -> bool {
    name == "*"
        || found == name
        || (!name.contains(':')
            && found
                .rsplit_once(':')
                .is_some_and(|(_, local)| local == name))
}

struct Parser<'a> {
    all: &'a str,
    rest: &'a str,
    /// What comes after the path itself.
    end: &'static str,
    place: &'a str,
}

impl Parser<'_> {
    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expected(&self, expected: &str) -> Mistake {
        let left = self
            .rest
            .chars()
            .count()
            .saturating_add(self.end.chars().count());
        let all = self.all.trim_end().chars().count();
        Mistake::at(self.place, all.saturating_sub(left), expected)
    }

    fn step(&mut self, deep: bool) -> Result<Step, Mistake> {
        let test = if self.eat("text()") {
            Test::Text
        } else if self.eat("@") {
            Test::Attribute(self.name()?)
        } else if self.eat(".") {
            Test::Itself
        } else {
            Test::Element(self.name()?)
        };
        let mut predicates = Vec::new();
        while self.eat("[") {
            predicates.push(self.predicate()?);
            if !self.eat("]") {
                return Err(self.expected("a closing `]`"));
            }
        }
        Ok(Step {
            deep,
            test,
            predicates,
        })
    }

    fn predicate(&mut self) -> Result<Predicate, Mistake> {
        if self.eat("last()") {
            return Ok(Predicate::Last);
        }
        let digits = self.take(|char| char.is_ascii_digit());
        if !digits.is_empty() {
            let place = digits.parse().ok().filter(|place| *place > 0);
            return place
                .map(Predicate::Place)
                .ok_or_else(|| self.expected("a place from 1"));
        }
        let attribute = self.eat("@");
        let name = self.name()?;
        let value = if self.eat("=") {
            Some(self.quoted()?)
        } else {
            None
        };
        Ok(if attribute {
            Predicate::Attribute(name, value)
        } else {
            Predicate::Child(name, value)
        })
    }

    fn quoted(&mut self) -> Result<String, Mistake> {
        for mark in ["'", "\""] {
            if !self.eat(mark) {
                continue;
            }
            return match self.rest.split_once(mark) {
                Some((text, rest)) => {
                    self.rest = rest;
                    Ok(text.to_owned())
                }
                None => Err(self.expected("a closing quote")),
            };
        }
        Err(self.expected("a text in quotes"))
    }

    fn name(&mut self) -> Result<String, Mistake> {
        if self.eat("*") {
            return Ok("*".to_owned());
        }
        let name = self.take(|char| char.is_alphanumeric() || "_-.:".contains(char));
        if name.is_empty() {
            Err(self.expected("a name, `*`, `@name` or `text()`"))
        } else {
            Ok(name)
        }
    }

    fn take(&mut self, is: impl Fn(char) -> bool) -> String {
        let end = self.rest.find(|char| !is(char)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = r#"<?xml version="1.0"?>
<s:order xmlns:s="urn:shop" id="42"><item id="7"><sku>a&amp;b</sku><price>1.50</price></item>
<item id="8"><sku>c</sku><![CDATA[<raw>]]></item><note/></s:order>"#;

    #[test]
    fn paths_lead_to_the_first_text() {
        let tree = Tree::read(ORDER).unwrap();
        for (path, text) in [
            ("/order/@id", Some("42")),
            ("/s:order/@id", Some("42")),
            ("/t:order/@id", None),
            ("order/item/sku", Some("a&b")),
            ("/order/item[2]/sku", Some("c")),
            ("/order/item[last()]/@id", Some("8")),
            ("/order/item[3]", None),
            ("//sku", Some("a&b")),
            ("/order//price/text()", Some("1.50")),
            ("//item[@id='8']/sku", Some("c")),
            ("//item[sku=\"c\"]/@id", Some("8")),
            ("//item[price]/@id", Some("7")),
            ("//item[2]/text()", Some("<raw>")),
            ("/order/*/@*", Some("7")),
            ("/order/note", Some("")),
            ("/order/note/@id", None),
            ("count(//item)", Some("2")),
            ("count(//nothing)", Some("0")),
            ("/item", None),
        ] {
            let found = XPath::read(path, "/property").unwrap().first(&tree);
            assert_eq!(found.as_deref(), text, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused_with_its_place() {
        for (path, position) in [
            ("", 0),
            ("/", 1),
            ("/a/", 3),
            ("/a[0]", 4),
            ("/a[x", 4),
            ("/a[@b=c]", 6),
            ("/a[@b='c]", 7),
            ("/a b", 2),
            ("count(/a b)", 8),
            ("//a[position()>1]", 12),
        ] {
            let mistake = XPath::read(path, "/property").unwrap_err();
            assert_eq!(mistake.position(), Some(position), "{path}");
        }
    }

    #[test]
    fn hostile_documents_have_no_tree() {
        for text in ["", "text", "<a>", "<a></b>", "<a>&unknown;</a>"] {
            assert!(Tree::read(text).is_none(), "{text}");
        }
        assert!(Tree::read(&"<a>".repeat(100_000)).is_none());
        assert!(Tree::read(&format!("<a>{}</a>", "<b/>".repeat(200_000))).is_none());
        let bomb = r#"<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>"#;
        assert!(Tree::read(bomb).is_none());
    }
}
