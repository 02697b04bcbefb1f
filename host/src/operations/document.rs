//! A report for people: a heading, facts, tables, remarks; as Markdown or as a page.

use std::fmt::Write;

use askama::Template;

use crate::error::{Error, Kind, Result};

/// A report for people.
#[derive(Debug, Clone, PartialEq, Template)]
#[template(path = "operations.html")]
pub struct Document {
    /// What it is about.
    pub title: String,
    /// Single facts.
    pub facts: Vec<(&'static str, String)>,
    /// Tables.
    pub tables: Vec<DocumentTable>,
    /// What a reader must know to understand the numbers.
    pub notes: Vec<String>,
}

/// A table of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentTable {
    /// What it shows.
    pub title: &'static str,
    /// Headings.
    pub columns: Vec<&'static str>,
    /// Cells.
    pub rows: Vec<Vec<String>>,
}

impl Document {
    /// As Markdown, which also reads well as it is.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut text = format!("# {}\n", escaped(&self.title));
        if !self.facts.is_empty() {
            text.push('\n');
        }
        for (name, value) in &self.facts {
            // Writing into a string cannot fail.
            let _ = writeln!(text, "- {name}: {}", escaped(value));
        }
        for table in self.tables.iter().filter(|table| !table.rows.is_empty()) {
            let _ = writeln!(text, "\n## {}\n\n| {} |", table.title, table.columns.join(" | "));
            let _ = writeln!(text, "|{}", " --- |".repeat(table.columns.len()));
            for row in &table.rows {
                let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
                let _ = writeln!(text, "| {} |", cells.join(" | "));
            }
        }
        text.push('\n');
        for note in &self.notes {
            let _ = writeln!(text, "*{}*\n", escaped(note));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
        text
    }

    /// As a page that needs no other file.
    ///
    /// # Errors
    /// Never in practice: memory takes every write.
    pub fn html(&self) -> Result<String> {
        self.render().map_err(|error| {
            Error::new(Kind::Internal, "cannot write the page of a report").cause(error.to_string())
        })
    }
}

/// Text in which nothing is Markdown, HTML or moves the cursor.
fn escaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '|' | '*' | '<' | '>' | '`' | '[' | ']' | '\\' => plain.extend(['\\', letter]),
            letter if letter.is_control() => plain.push(' '),
            letter => plain.push(letter),
        }
    }
    plain
}
