use std::fmt::Write;

use crate::figures::{Figures, What, find};
use crate::side::{OURS, Side};
use crate::stats::significant;

/// Sizes in units of the picture.
const WIDTH: f64 = 760.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 110.0;
const BAR: f64 = 16.0;
const ROW: f64 = 24.0;
const GROUP: f64 = 40.0;
const TOP: f64 = 56.0;

/// A chart of the cold starts with bars on a logarithmic scale, and whiskers from quartile to quartile. It is
/// readable in light and dark mode: the text follows the preference of the page, and the bars have a medium
/// lightness.
pub(crate) fn picture(all: &[Figures], sides: &[Side]) -> String {
    let groups: Vec<(&str, &Figures)> =
        [("full speed", None), ("at the CPU share of 256 MB", Some(256))]
            .into_iter()
            .filter_map(|(title, memory)| Some((title, find(all, What::Cold, memory)?)))
            .collect();
    let scale = Scale::of(&groups, sides);
    let mut body = String::new();
    let mut y = TOP;
    for (title, figures) in &groups {
        text(&mut body, (0.0, y), "start", "group", title);
        y += ROW / 2.0;
        for side in sides {
            bar(&mut body, y, side, figures, &scale);
            y += ROW;
        }
        y += GROUP - ROW / 2.0;
    }
    let height = y - GROUP + ROW;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" \
         aria-label=\"Cold start to the first acknowledged webhook\">\n<style>\n{STYLE}</style>\n\
         <text x=\"0\" y=\"18\" class=\"title\">Start to first acknowledged webhook, TLS included</text>\n\
         <text x=\"0\" y=\"35\">median in ms, whiskers from quartile to quartile, logarithmic; shorter is better</text>\n\
         {body}</svg>\n"
    )
}

const STYLE: &str = "text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.group { font-weight: 600 }
.ours { fill: #2f81f7 } .other { fill: #8b949e }
line { stroke: #24292f; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } line { stroke: #e6edf3 } }
";

/// Maps milliseconds to a position in the picture.
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    fn of(groups: &[(&str, &Figures)], sides: &[Side]) -> Self {
        let summaries = groups
            .iter()
            .flat_map(|(_, figures)| sides.iter().filter_map(|side| figures.summary(side.name)));
        let (mut low, mut high) = (f64::INFINITY, 1.0_f64);
        for summary in summaries {
            low = low.min(summary.lower_quartile);
            high = high.max(summary.upper_quartile);
        }
        // The scale begins at the next lower power of ten, so that the shortest bar is visible.
        Self { low: 10_f64.powf(low.min(high).max(0.1).log10().floor()), high }
    }

    fn x(&self, millis: f64) -> f64 {
        let part = (millis / self.low).log10() / (self.high / self.low).log10().max(1e-9);
        LEFT + part.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
    }
}

fn bar(body: &mut String, y: f64, side: &Side, figures: &Figures, scale: &Scale) {
    let baseline = y + BAR - 4.0;
    text(body, (LEFT - 8.0, baseline), "end", "", &side.title.replace('`', ""));
    let Some(summary) = figures.summary(side.name) else {
        return text(body, (LEFT, baseline), "start", "", "void");
    };
    let (end, middle) = (scale.x(summary.median), y + BAR / 2.0);
    let class = if side.name == OURS { "ours" } else { "other" };
    let (low, high) = (scale.x(summary.lower_quartile), scale.x(summary.upper_quartile));
    // Writing to a string does not fail.
    let _ = writeln!(
        body,
        "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\" class=\"{class}\"/>\n\
         <line x1=\"{low:.1}\" y1=\"{middle:.1}\" x2=\"{high:.1}\" y2=\"{middle:.1}\"/>",
        end - LEFT
    );
    text(body, (high.max(end) + 8.0, baseline), "start", "", &significant(summary.median));
}

fn text(body: &mut String, (x, y): (f64, f64), anchor: &str, class: &str, text: &str) {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    // Writing to a string does not fail.
    let _ = writeln!(
        body,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{text}</text>"
    );
}

#[cfg(test)]
mod tests {
    use crate::figures::{Figures, What};
    use crate::side::{FLOOR, OURS, Side};

    use super::picture;

    #[test]
    fn each_side_has_a_bar_and_a_void_one_has_a_label() {
        let mut figures = Figures::new(What::Cold, None, &[OURS, FLOOR]);
        figures.push(OURS, 12.5);
        figures.mark_void(FLOOR, "why");
        let svg = picture(&[figures], &[Side::ours("a"), Side::floor("b")]);
        assert_eq!(svg.matches("<rect").count(), 1);
        assert!(svg.contains(">12.5<") && svg.contains(">void<"), "{svg}");
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }
}
