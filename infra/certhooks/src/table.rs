use std::fmt::{self, Write};
use std::io::{self, IsTerminal};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};

use crate::display::{clean, short};

/// Space between two columns.
const GAP: usize = 2;
/// Indentation of what goes on below a row.
const INDENT: usize = 4;

/// A column of a table. What matters most stands first.
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// The width where there is room, in characters.
    pub(crate) width: usize,
    /// The width that it may shrink to; 0 where it may be left out.
    pub(crate) least: usize,
}

/// How a row is to be seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Emphasis {
    Plain,
    Good,
    Warning,
    Error,
}

/// Lays rows out for the terminal: columns shrink, and what has no room, such as an id that is to be copied,
/// goes on a line of its own. Without a terminal a row is one line, and nothing is cut for the width.
pub(crate) struct Table {
    widths: Vec<usize>,
    titles: Vec<String>,
    /// The width of the terminal; `None` without one.
    terminal: Option<usize>,
    is_coloured: bool,
}

/// Text that a terminal may take as it is: text from outside was cleaned, and colours are ours.
pub(crate) struct SafeText(String);

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Table {
    /// A table for standard output.
    pub(crate) fn new(columns: &[Column]) -> Self {
        Self::sized(columns, terminal_width(), has_colours())
    }

    fn sized(columns: &[Column], terminal: Option<usize>, is_coloured: bool) -> Self {
        let mut widths: Vec<usize> = columns.iter().map(|column| column.width).collect();
        if let Some(terminal) = terminal {
            // The last columns give way first.
            for (at, column) in columns.iter().enumerate().rev() {
                let excess = total(&widths).saturating_sub(terminal);
                widths[at] -= excess.min(column.width - column.least);
            }
        }
        let titles = columns.iter().map(|column| column.title.to_uppercase()).collect();
        Self { widths, titles, terminal, is_coloured }
    }

    /// The line of titles.
    pub(crate) fn header(&self) -> SafeText {
        let titles: Vec<_> = self.titles.iter().map(String::as_str).collect();
        self.painted(Style::new().bold(), self.line(&titles))
    }

    /// A row, and below it the text that belongs to it, such as an id: behind it where there is room.
    pub(crate) fn row(&self, emphasis: Emphasis, cells: &[&str], below: &str) -> SafeText {
        let line = self.line(cells);
        let below = clean(below);
        let row = match self.terminal {
            _ if below.is_empty() => self.painted(emphasis.style(), line).0,
            None => format!("{line:<width$}  {below}", width = total(&self.widths)),
            Some(terminal) if total(&self.widths) + GAP + below.chars().count() <= terminal => {
                let line = format!("{line:<width$}", width = total(&self.widths));
                format!("{}  {}", self.painted(emphasis.style(), line), self.dimmed(below))
            }
            Some(terminal) => {
                let line = self.painted(emphasis.style(), line);
                format!("{line}\n{}", self.dimmed(wrapped(&below, terminal)))
            }
        };
        SafeText(row)
    }

    /// The cells in their columns, without white space at the end.
    fn line(&self, cells: &[&str]) -> String {
        let mut line = String::new();
        let columns = cells.iter().zip(&self.widths).filter(|(_, width)| **width > 0);
        for (cell, width) in columns {
            let cell = if self.terminal.is_some() { short(cell, *width) } else { clean(cell) };
            let _never_fails = write!(line, "{cell:<width$}{:GAP$}", "");
        }
        line.trim_end().to_owned()
    }

    fn dimmed(&self, text: String) -> SafeText {
        self.painted(Style::new().dimmed(), text)
    }

    fn painted(&self, style: Style, text: String) -> SafeText {
        SafeText(if self.is_coloured { format!("{style}{text}{style:#}") } else { text })
    }
}

impl Emphasis {
    fn style(self) -> Style {
        let colour = |colour: AnsiColor| colour.on_default();
        match self {
            Self::Plain => Style::new(),
            Self::Good => colour(AnsiColor::Green),
            Self::Warning => colour(AnsiColor::Yellow),
            Self::Error => colour(AnsiColor::Red),
        }
    }
}

fn total(widths: &[usize]) -> usize {
    let columns = widths.iter().filter(|width| **width > 0);
    widths.iter().sum::<usize>() + GAP * columns.count().saturating_sub(1)
}

/// Breaks text between words into indented lines. A longer word, such as an id, is not broken, so that it can be
/// copied.
fn wrapped(text: &str, terminal: usize) -> String {
    let room = terminal.saturating_sub(INDENT).max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    let lines: Vec<_> = lines.iter().map(|line| format!("{:INDENT$}{line}", "")).collect();
    lines.join("\n")
}

/// Width of a picture where no terminal has another one.
const PICTURE: usize = 80;

/// A picture of values in text: a bar for each, the largest as wide as the terminal has room for.
pub(crate) fn bars(values: &[(String, f64)]) -> Vec<SafeText> {
    bars_of(values, terminal_width().unwrap_or(PICTURE), has_colours())
}

fn bars_of(values: &[(String, f64)], width: usize, is_coloured: bool) -> Vec<SafeText> {
    let figures: Vec<_> = values
        .iter()
        .map(
            |(_, value)| {
                if value.fract() == 0.0 { format!("{value}") } else { format!("{value:.1}") }
            },
        )
        .collect();
    let label = values.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
    let figure = figures.iter().map(String::len).max().unwrap_or_default();
    let room = width.saturating_sub(label + figure + 2 * GAP).max(1);
    let largest = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let bar = |value: f64| {
        let part = if largest > 0.0 { value / largest * room as f64 } else { 0.0 };
        // What is more than nothing is seen.
        "█".repeat((part as usize).max(usize::from(value > 0.0)))
    };
    let style = Emphasis::Good.style();
    let line = |((name, value), figures): (&(String, f64), &String)| {
        let bar = bar(*value);
        let bar = if is_coloured { format!("{style}{bar}{style:#}") } else { bar };
        let line = format!("{:<label$}{:GAP$}{figures:>figure$}{:GAP$}{bar}", clean(name), "", "");
        SafeText(line.trim_end().to_owned())
    };
    values.iter().zip(&figures).map(line).collect()
}

/// The width of the terminal of standard output; `COLUMNS` comes first, as for other commands.
fn terminal_width() -> Option<usize> {
    let named = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok());
    let of_terminal = || {
        let is_terminal = io::stdout().is_terminal();
        let size = terminal_size::terminal_size().filter(|_| is_terminal)?;
        Some(usize::from(size.0.0))
    };
    named.filter(|width| *width > 0).or_else(of_terminal)
}

/// Whether standard output takes colours. `NO_COLOR`, `CLICOLOR` and `CLICOLOR_FORCE` decide where they are set.
fn has_colours() -> bool {
    AutoStream::choice(&io::stdout()) != ColorChoice::Never
}

#[cfg(test)]
mod tests {
    use super::{Column, Emphasis, Table, bars_of};

    const COLUMNS: [Column; 3] = [
        Column { title: "when", width: 5, least: 5 },
        Column { title: "what", width: 10, least: 6 },
        Column { title: "name", width: 20, least: 8 },
    ];

    fn rows(terminal: Option<usize>, is_coloured: bool) -> String {
        let table = Table::sized(&COLUMNS, terminal, is_coloured);
        let header = table.header();
        let cells = ["12:00", "certificate", "a.very.long.name.example"];
        let row = table.row(Emphasis::Error, &cells, "an-id that is long");
        format!("{header}\n{row}\n{}", table.row(Emphasis::Plain, &["a\u{9b}b", "", ""], ""))
    }

    #[test]
    fn a_table_fits_the_terminal() {
        assert_eq!(
            rows(None, false),
            "WHEN   WHAT        NAME\n\
             12:00  certificate  a.very.long.name.example  an-id that is long\nab"
        );
        assert_eq!(
            rows(Some(60), false),
            "WHEN   WHAT        NAME\n\
             12:00  certifica…  a.very.long.name.ex…  an-id that is long\nab"
        );
        assert_eq!(
            rows(Some(23), false),
            "WHEN   WHAT    NAME\n12:00  certi…  a.very.…\n    an-id that is long\nab"
        );
        assert_eq!(rows(Some(17), false).lines().nth(2), Some("    an-id that is"));
    }

    #[test]
    fn a_picture_is_as_wide_as_the_terminal() {
        let values = [("as is", 2.5), ("47 days", 10.0), ("none", 0.0), ("few", 0.01)];
        let values = values.map(|(name, value)| (name.to_owned(), value));
        let lines = |width, is_coloured| {
            let lines = bars_of(&values, width, is_coloured);
            lines.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let plain =
            ["as is    2.5  ██", "47 days   10  ██████████", "none       0", "few      0.0  █"];
        assert_eq!(lines(24, false), plain);
        assert_eq!(lines(24, true)[0], "as is    2.5  \u{1b}[32m██\u{1b}[0m");
        // There is no room, and each is seen all the same.
        assert_eq!(lines(3, false)[1], "47 days   10  █");
        assert!(bars_of(&[], 80, true).is_empty());
    }

    #[test]
    fn colours_are_the_only_escapes() {
        let coloured = rows(Some(60), true);
        assert!(coloured.contains("\u{1b}[31m12:00") && coloured.ends_with("\nab"), "{coloured}");
        assert!(!coloured.contains('\u{9b}'));
    }
}
