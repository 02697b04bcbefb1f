//! `host diff`: what differs between two datasets.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::table::{self, plain};
use crate::cli::target::Target;
use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::picture::short_number;
use crate::stages::difference::{self, Change, Difference, Names};

/// Flags of `diff`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a registered dataset, one of its versions, or a folder that holds a `dataset.json`.
    #[arg(value_name = "NAME[@VERSION]|PATH")]
    a: String,
    /// The same for the dataset it is compared with.
    #[arg(value_name = "NAME[@VERSION]|PATH")]
    b: String,
    /// End with exit code 3 when anything differs.
    #[arg(long)]
    exit_code: bool,
}

/// What differs.
#[derive(Debug, Serialize)]
pub(super) struct Differences {
    a: Compared,
    b: Compared,
    difference: Difference,
    #[serde(skip)]
    demanded: bool,
}

#[derive(Debug, Serialize)]
struct Compared {
    dataset: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Digest>,
    title: String,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Differences> {
    let (a, b) = (Target::find(&args.a, context)?, Target::find(&args.b, context)?);
    let (side_a, side_b) = (a.read(context)?, b.read(context)?);
    let difference = difference::difference((&side_a.0, &side_a.1), (&side_b.0, &side_b.1));
    let compared = |target: Target, title: String| Compared {
        version: target.version().copied(),
        dataset: target.label,
        title,
    };
    Ok(Differences {
        a: compared(a, side_a.0.title),
        b: compared(b, side_b.0.title),
        difference,
        demanded: args.exit_code,
    })
}

impl Report for Differences {
    const SCHEMA: &'static str = "host.diff/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (bold, reset) = (style.bold.render(), style.bold.render_reset());
        for (letter, one) in [("a", &self.a), ("b", &self.b)] {
            let version = one.version.map_or_else(|| "a folder".to_owned(), |version| version.short());
            writeln!(
                out,
                "{bold}{letter}{reset}  {}  {version}  {}",
                plain(&one.dataset),
                plain(&one.title)
            )?;
        }
        let found = &self.difference;
        if found.equal {
            writeln!(out, "\nnothing differs")?;
        }
        if !found.conventions.is_empty() {
            writeln!(out, "\n{bold}Conventions{reset}")?;
            let rows = found.conventions.iter().map(|one| vec![one.key.clone(), json(&one.a), json(&one.b)]);
            table::write(out, style, &["KEY", "A", "B"], rows)?;
        }
        if !found.units.is_empty() {
            writeln!(out, "\n{bold}Units{reset}")?;
            let unit = |unit: &Option<String>| unit.clone().unwrap_or_else(|| "none".to_owned());
            let rows = found
                .units
                .iter()
                .map(|one| vec![one.table.clone(), one.column.clone(), unit(&one.a), unit(&one.b)]);
            table::write(out, style, &["TABLE", "COLUMN", "A", "B"], rows)?;
        }
        render_tables(out, style, found)?;
        render_matrices(out, style, found)?;
        render_models(out, style, found)
    }

    fn verdict(&self) -> Option<Error> {
        let differs = self.demanded && !self.difference.equal;
        differs.then(|| Error::new(Kind::CheckFailed, "the datasets differ"))
    }
}

fn render_tables(out: &mut dyn Write, style: &Style, found: &Difference) -> io::Result<()> {
    let (bold, reset) = (style.bold.render(), style.bold.render_reset());
    for one in &found.tables {
        writeln!(out, "\n{bold}Table `{}`{reset}: {} rows in both", plain(&one.table), one.common)?;
        for (side, names) in [("a", &one.only_in_a), ("b", &one.only_in_b)] {
            if names.count > 0 {
                writeln!(out, "rows only in {side} ({}): {}", names.count, listed(names))?;
            }
        }
        if one.reordered {
            writeln!(out, "the rows of both come in another order")?;
        }
        for (side, columns) in [("a", &one.columns_only_in_a), ("b", &one.columns_only_in_b)] {
            if !columns.is_empty() {
                writeln!(out, "columns only in {side}: {}", plain(&columns.join(", ")))?;
            }
        }
        if one.columns.is_empty() {
            continue;
        }
        let rows = one.columns.iter().map(|column| {
            let (absolute, relative) = (&column.largest_absolute, &column.largest_relative);
            let example = match absolute {
                Some(largest) => format!("{}: {} → {}", largest.row, number(largest.a), number(largest.b)),
                None => format!("{}: {} → {}", column.first.row, column.first.a, column.first.b),
            };
            vec![
                column.column.clone(),
                column.changed.to_string(),
                absolute.as_ref().map_or_else(String::new, changed),
                relative.as_ref().map_or_else(String::new, changed),
                example,
            ]
        });
        table::write(out, style, &["COLUMN", "CHANGED", "MOST", "RELATIVE", "ROW"], rows)?;
    }
    Ok(())
}

fn render_matrices(out: &mut dyn Write, style: &Style, found: &Difference) -> io::Result<()> {
    let (bold, reset) = (style.bold.render(), style.bold.render_reset());
    for one in &found.matrices {
        let (in_a, in_b) = (one.rows_in_a, one.rows_in_b);
        writeln!(
            out,
            "\n{bold}Matrix `{}`{reset}: {in_a} × {in_a} and {in_b} × {in_b}, {} rows in both, {} of {} elements differ",
            plain(&one.matrix),
            one.common,
            one.changed,
            one.common * one.common
        )?;
        let largest = [("most", &one.largest_absolute), ("most, by both errors", &one.largest_relative)];
        for (what, change) in largest {
            if let Some(change) = change {
                let rows = plain(&change.rows.join(" with "));
                let (a, b) = (number(change.a), number(change.b));
                writeln!(out, "{what}: {} ({rows}: {a} → {b})", signed(change.change))?;
            }
        }
    }
    Ok(())
}

fn render_models(out: &mut dyn Write, style: &Style, found: &Difference) -> io::Result<()> {
    if found.models.is_empty() {
        return Ok(());
    }
    let (bold, reset) = (style.bold.render(), style.bold.render_reset());
    writeln!(out, "\n{bold}χ² at the stated models{reset}")?;
    let rows = found.models.iter().map(|one| {
        let side = |compared: &Option<crate::stages::comparison::Comparison>| match compared {
            Some(compared) => format!("{:.4} / {}", compared.chi_squared, compared.degrees_of_freedom),
            None => "cannot be computed".to_owned(),
        };
        let remark = match (one.other_parameters, one.other_predictions) {
            (true, _) => "other parameters",
            (_, true) => "other predictions",
            _ => "",
        };
        let change = one.change.map_or_else(String::new, |change| format!("{change:+.4}").replace('-', "−"));
        vec![one.model.clone(), side(&one.a), side(&one.b), change, remark.to_owned()]
    });
    table::write(out, style, &["MODEL", "A", "B", "CHANGE", ""], rows)
}

fn listed(names: &Names) -> String {
    let more = if names.count > names.first.len() { ", …" } else { "" };
    plain(&names.first.join(", ")) + more
}

fn json(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// All digits: what differs may differ in the last.
fn number(value: f64) -> String {
    format!("{value:?}")
}

fn changed(change: &Change<f64>) -> String {
    change.change.map_or_else(String::new, signed)
}

fn signed(change: f64) -> String {
    let sign = if change > 0.0 { "+" } else { "" };
    sign.to_owned() + &short_number(change)
}
