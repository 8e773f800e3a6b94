use std::ops::Range;

/// Text with what its pieces are, for a page to colour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Painted {
    text: String,
    spans: Vec<(Range<usize>, Class)>,
}

/// What a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// A key of an object, the name of an element.
    Name,
    /// The name of an attribute.
    Attribute,
    /// A string, the value of an attribute.
    Text,
    Number,
    /// `true`, `false`, `null`.
    Word,
    /// Comments, declarations, brackets.
    Quiet,
}

impl Class {
    /// A short name, for a stylesheet.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Attribute => "attr",
            Self::Text => "text",
            Self::Number => "num",
            Self::Word => "word",
            Self::Quiet => "quiet",
        }
    }
}

impl Painted {
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The whole text in pieces, in order.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = (Option<Class>, &str)> {
        let mut at = 0;
        let spans = self.spans.iter().flat_map(move |(range, class)| {
            let before = at..range.start;
            at = range.end;
            [(None, before), (Some(*class), range.clone())]
        });
        let end = self.spans.last().map_or(0, |(range, _)| range.end);
        spans
            .chain([(None, end..self.text.len())])
            .filter_map(|(class, range)| Some((class, self.text.get(range)?)))
            .filter(|(_, text)| !text.is_empty())
    }

    pub(super) fn push(&mut self, class: Option<Class>, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        if let Some(class) = class {
            self.spans.push((start..self.text.len(), class));
        }
    }

    /// A new line, so deep.
    pub(super) fn line(&mut self, depth: usize) {
        self.text.push('\n');
        for _ in 0..depth {
            self.text.push_str("  ");
        }
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }
}
