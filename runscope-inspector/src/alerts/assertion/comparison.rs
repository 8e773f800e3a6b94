use super::source::{Property, Source};

/// How an assertion compares, with Runscope's names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Empty,
    NotEmpty,
    Contains,
    DoesNotContain,
    IsANumber,
    EqualNumber,
    IsLessThan,
    IsLessThanOrEqual,
    IsGreaterThan,
    IsGreaterThanOrEqual,
    HasKey,
    HasValue,
    IsNull,
}

/// What a comparison is given to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Text,
    Number,
}

impl Comparison {
    pub(crate) const ALL: [(Self, &'static str); 15] = [
        (Self::Equal, "equal"),
        (Self::NotEqual, "not_equal"),
        (Self::Empty, "empty"),
        (Self::NotEmpty, "not_empty"),
        (Self::Contains, "contains"),
        (Self::DoesNotContain, "does_not_contain"),
        (Self::IsANumber, "is_a_number"),
        (Self::EqualNumber, "equal_number"),
        (Self::IsLessThan, "is_less_than"),
        (Self::IsLessThanOrEqual, "is_less_than_or_equal"),
        (Self::IsGreaterThan, "is_greater_than"),
        (Self::IsGreaterThanOrEqual, "is_greater_than_or_equal"),
        (Self::HasKey, "has_key"),
        (Self::HasValue, "has_value"),
        (Self::IsNull, "is_null"),
    ];

    pub(crate) fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(comparison, _)| *comparison == self);
        found.map_or("", |(_, name)| name)
    }

    /// Whether it can be made with a source: three of them are for JSON only.
    pub(crate) fn applies_to(self, source: Source) -> bool {
        match self {
            Self::HasKey | Self::HasValue | Self::IsNull => source.property() == Property::JsonPath,
            _ => true,
        }
    }

    pub(super) fn takes(self) -> Takes {
        match self {
            Self::Empty | Self::NotEmpty | Self::IsANumber | Self::IsNull => Takes::Nothing,
            Self::EqualNumber
            | Self::IsLessThan
            | Self::IsLessThanOrEqual
            | Self::IsGreaterThan
            | Self::IsGreaterThanOrEqual => Takes::Number,
            _ => Takes::Text,
        }
    }
}
