use super::case::Case;
use super::run::Counts;
use super::valgrind::Count;
use crate::apps::{Framework, Variant};
use crate::exchange::Exchange;
use std::fmt::Write as _;

/// A table for each framework: what the bare app takes, and what everything else adds to it.
pub fn markdown(counts: &Counts) -> String {
    let mut out = String::new();
    for framework in Framework::ALL {
        let _ = write!(
            out,
            "| {} | instructions: GET | POST | stream | allocations: GET | POST | stream |\n\
             |---|--:|--:|--:|--:|--:|--:|\n",
            framework.name()
        );
        for variant in framework.variants() {
            let row = Exchange::ALL.map(|exchange| {
                let case = Case {
                    framework,
                    exchange,
                    variant,
                };
                match variant {
                    Variant::Bare => counts.of(case),
                    _ => counts.added(case),
                }
            });
            let sign = if variant == Variant::Bare { "" } else { "+" };
            let cells = |value: fn(Count) -> f64| {
                let cell = |count: Option<Count>| match count {
                    Some(count) => signed(sign, value(count)),
                    None => "–".to_owned(),
                };
                row.map(cell).join(" | ")
            };
            let _ = writeln!(
                out,
                "| {} | {} | {} |",
                variant.title(),
                cells(|count| count.instructions),
                cells(|count| count.allocations)
            );
        }
        out.push('\n');
    }
    out
}

/// Rounded, with a sign where it is an addition, and its thousands apart.
pub fn signed(sign: &str, value: f64) -> String {
    let rounded = value.round();
    let digits = format!("{:.0}", rounded.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    let sign = if rounded < 0.0 { "−" } else { sign };
    format!("{sign}{text}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_and_have_their_thousands_apart() {
        for (value, text) in [
            (0.0, "+0"),
            (3.02, "+3"),
            (999.6, "+1,000"),
            (1_234_567.0, "+1,234,567"),
            (-1200.0, "−1,200"),
        ] {
            assert_eq!(signed("+", value), text);
        }
    }
}
