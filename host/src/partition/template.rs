//! Text with places for the month: `glbx-mdp3-{first_day}-{last_day}.ohlcv-1s.dbn.zst`.

use std::fmt;

use super::Month;

/// What may stand between braces, alone or after `previous.` or `next.`.
const FIELDS: [&str; 5] = ["partition", "year", "month", "first_day", "last_day"];

/// A text with places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Plain(String),
    Place { neighbour: Neighbour, field: &'static str },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Neighbour {
    Previous,
    Own,
    Next,
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// In words, with the places there are.
    pub fn new(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((plain, after)) = rest.split_once('{') {
            let (name, after) =
                after.split_once('}').ok_or_else(|| format!("`{{` without `}}` in `{text}`"))?;
            parts.push(Part::Plain(plain.to_owned()));
            parts.push(Part::place(name)?);
            rest = after;
        }
        parts.push(Part::Plain(rest.to_owned()));
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The text of a month; nothing when it needs a neighbour that there is not.
    #[must_use]
    pub fn text_of(&self, month: Month) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Plain(plain) => text.push_str(plain),
                Part::Place { neighbour, field } => {
                    let month = match neighbour {
                        Neighbour::Previous => month.previous()?,
                        Neighbour::Own => month,
                        Neighbour::Next => month.next()?,
                    };
                    text.push_str(&value(month, field));
                }
            }
        }
        Some(text)
    }

    /// Whether two months never give the same text.
    pub(super) fn tells_months_apart(&self) -> bool {
        let has = |wanted: &str| {
            self.parts.iter().any(|part| matches!(part, Part::Place { field, .. } if *field == wanted))
        };
        ["partition", "first_day", "last_day"].into_iter().any(has) || (has("year") && has("month"))
    }
}

impl Part {
    fn place(name: &str) -> Result<Self, String> {
        let (neighbour, field) = match name.split_once('.') {
            Some(("previous", field)) => (Neighbour::Previous, field),
            Some(("next", field)) => (Neighbour::Next, field),
            _ => (Neighbour::Own, name),
        };
        let known = FIELDS.into_iter().find(|known| *known == field);
        known.map(|field| Self::Place { neighbour, field }).ok_or_else(|| {
            let places = FIELDS.map(|field| format!("`{{{field}}}`")).join(", ");
            format!("`{{{name}}}` is no place for a month; there are {places}, each also after `previous.` or `next.`")
        })
    }
}

fn value(month: Month, field: &str) -> String {
    let (date, form) = match field {
        "year" => (month.first_day(), "%Y"),
        "month" => (month.first_day(), "%m"),
        "first_day" => (month.first_day(), "%Y%m%d"),
        "last_day" => (month.last_day(), "%Y%m%d"),
        _ => (month.first_day(), "%Y-%m"),
    };
    date.strftime(form).to_string()
}

impl fmt::Display for Template {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(template: &str, month: &str) -> Option<String> {
        Template::new(template).unwrap().text_of(month.parse().unwrap())
    }

    #[test]
    fn every_place_is_filled() {
        assert_eq!(
            expanded("glbx-mdp3-{first_day}-{last_day}.ohlcv-1s.dbn.zst", "2024-02").unwrap(),
            "glbx-mdp3-20240201-20240229.ohlcv-1s.dbn.zst"
        );
        assert_eq!(expanded("{year}/{month}/{partition}", "2025-09").unwrap(), "2025/09/2025-09");
        assert_eq!(expanded("{previous.partition} {next.first_day}", "2025-01").unwrap(), "2024-12 20250201");
        assert_eq!(expanded("plain", "2025-01").unwrap(), "plain");
        assert_eq!(expanded("{next.partition}", "9999-12"), None);
    }

    #[test]
    fn what_is_no_place_is_named() {
        for (template, expected) in [
            ("{day}", "`{day}` is no place for a month; there are `{partition}`"),
            ("{last.month}", "`{last.month}` is no place"),
            ("a{year", "`{` without `}` in `a{year`"),
        ] {
            let error = Template::new(template).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
