use std::fmt::Write as _;

/// A plot of lines.
pub struct Picture<'a> {
    pub title: &'a str,
    pub x: &'a str,
    pub y: &'a str,
    pub lines: Vec<(&'a str, Vec<(f64, f64)>)>,
    /// Whether each step of the x axis is twice the one before.
    pub doubles: bool,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 360.0;
const LEFT: f64 = 80.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 56.0;
const BOTTOM: f64 = 60.0;
const COLOURS: [&str; 3] = ["#c2410c", "#1d4ed8", "#15803d"];

impl Picture<'_> {
    pub fn svg(&self) -> String {
        let points = || self.lines.iter().flat_map(|(_, points)| points);
        let most = |value: fn(&(f64, f64)) -> f64| points().map(value).fold(0.0, f64::max);
        let (widest, highest) = (most(|point| point.0), round_up(most(|point| point.1)));
        let x = |value: f64| {
            let share = match self.doubles {
                true => value.max(1.0).log2() / widest.max(2.0).log2(),
                false => value / widest,
            };
            LEFT + share * (WIDTH - LEFT - RIGHT)
        };
        let y = |value: f64| HEIGHT - BOTTOM - value / highest * (HEIGHT - TOP - BOTTOM);

        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\">\n\
             <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n"
        );
        text(&mut out, WIDTH / 2.0, 20.0, "middle", self.title);
        text(&mut out, WIDTH - RIGHT, HEIGHT - 26.0, "end", self.x);
        text(&mut out, 8.0, TOP - 8.0, "start", self.y);
        for step in 0..=4 {
            let value = highest * f64::from(step) / 4.0;
            let at = y(value);
            let _ = writeln!(
                out,
                "<path d=\"M{LEFT} {at:.1}H{:.1}\" stroke=\"#ddd\"/>",
                WIDTH - RIGHT
            );
            text(&mut out, LEFT - 6.0, at + 4.0, "end", &number(value));
        }
        let marks: Vec<f64> = match self.doubles {
            true => {
                let first = self.lines.first();
                first.map_or_else(Vec::new, |(_, points)| {
                    points.iter().map(|it| it.0).collect()
                })
            }
            false => (0..=4).map(|step| widest * f64::from(step) / 4.0).collect(),
        };
        for mark in marks {
            text(
                &mut out,
                x(mark),
                HEIGHT - BOTTOM + 16.0,
                "middle",
                &number(mark),
            );
        }
        for ((name, points), (at, colour)) in self.lines.iter().zip(COLOURS.iter().enumerate()) {
            let path: Vec<_> = points
                .iter()
                .map(|point| format!("{:.1} {:.1}", x(point.0), y(point.1)))
                .collect();
            let _ = writeln!(
                out,
                "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
                path.join("L")
            );
            for point in points {
                let _ = writeln!(
                    out,
                    "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                    x(point.0),
                    y(point.1)
                );
            }
            let key = LEFT + at as f64 * 180.0;
            let _ = writeln!(
                out,
                "<rect x=\"{key}\" y=\"{:.1}\" width=\"10\" height=\"10\" fill=\"{colour}\"/>",
                HEIGHT - 17.0
            );
            text(&mut out, key + 16.0, HEIGHT - 8.0, "start", name);
        }
        out.push_str("</svg>\n");
        out
    }
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, text: &str) {
    if !text.is_empty() {
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\">{text}</text>"
        );
    }
}

/// The next number that begins with 1, 2, 4 or 8 and goes on with noughts.
fn round_up(value: f64) -> f64 {
    let unit = 10_f64.powf(value.max(1e-9).log10().floor());
    let steps = [1.0, 2.0, 4.0, 8.0, 10.0].map(|step| step * unit);
    steps
        .into_iter()
        .find(|step| *step >= value)
        .unwrap_or(value)
}

fn number(value: f64) -> String {
    match value {
        value if value >= 10_000.0 => format!("{:.0}k", value / 1000.0),
        value if value >= 10.0 || value.fract() == 0.0 => format!("{value:.0}"),
        value => format!("{value:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number() {
        for (value, end) in [(1.0, 1.0), (1.1, 2.0), (37.0, 40.0), (8_100.0, 10_000.0)] {
            assert!((round_up(value) - end).abs() < 1e-6, "{value}");
        }
    }
}
